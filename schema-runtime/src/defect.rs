//! Defects of SQLite that can harm a database, by version.

/// A defect of SQLite that can harm a database, in the versions from the first to before the second.
struct Defect {
    versions: (i32, i32),
    wal: bool,
    strict: bool,
    text: &'static str,
}

const DEFECTS: &[Defect] = &[
    // SQLite: <https://www.sqlite.org/wal.html>, "The WAL-Reset Bug".
    Defect {
        versions: (3_007_000, 3_051_003),
        wal: true,
        strict: false,
        text: "in WAL mode a write and a checkpoint at the same moment can damage the file; mended in 3.51.3",
    },
    Defect {
        versions: (3_037_000, 3_045_003),
        wal: false,
        strict: true,
        text: "`ADD COLUMN` on a STRICT table takes a default of the wrong type; mended in 3.45.3",
    },
];

/// What is known against this version, for a file in WAL mode, and one with STRICT tables.
pub(crate) fn defects(version: i32, wal: bool, strict: bool) -> Vec<String> {
    let name = format!("{}.{}.{}", version / 1_000_000, version / 1_000 % 1_000, version % 1_000);
    DEFECTS
        .iter()
        .filter(|defect| (!defect.wal || wal) && (!defect.strict || strict))
        .filter(|defect| (defect.versions.0..defect.versions.1).contains(&version))
        .map(|defect| format!("SQLite {name}: {}", defect.text))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_defect_concerns_its_versions_and_its_databases() {
        let found = |version, wal, strict| defects(version, wal, strict).len();
        for version in [3_037_000, 3_046_001, 3_051_002] {
            assert_eq!(found(version, true, false), 1, "{version}");
            assert_eq!(found(version, false, false), 0, "{version}");
        }
        assert_eq!(found(3_051_003, true, true), 0);
        assert_eq!(
            defects(3_040_001, false, true),
            [
                "SQLite 3.40.1: `ADD COLUMN` on a STRICT table takes a default of the wrong type; mended in 3.45.3"
            ]
        );
    }
}
