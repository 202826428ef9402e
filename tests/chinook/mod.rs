//! A real database: Chinook is adopted as it is, then evolved version by version, and every value of every row is accounted for.
//!
//! The models are in `versions` and what it names, `proof` compares with an untouched copy. The file is that of the shared folder;
//! without it these tests say so and pass.

mod back;
mod early;
mod late;
mod objects;
mod proof;
mod tables;
mod versions;

use std::path::{Path, PathBuf};

use schema_runtime::rusqlite::Connection;
use schema_runtime::{BackupPolicy, ErrorKind, Migrator, Outcome, Report, Schema};

use crate::corpus::shared;
use crate::support::case::check_rows;
use proof::{Facts, healthy, survives};
use versions::VERSIONS;

/// A folder with an untouched copy of the file and one to work on, or the printed reason for skipping.
struct Copies {
    folder: tempfile::TempDir,
}

impl Copies {
    fn new() -> Option<Copies> {
        let file = shared()?.join("data/chinook.sqlite");
        let folder = tempfile::tempdir().unwrap();
        let copies = Copies { folder };
        let bytes = std::fs::read(&file).unwrap_or_else(|err| panic!("{}: {err}", file.display()));
        std::fs::write(copies.untouched(), bytes).unwrap();
        // Rows were deleted at the end of every table once: their keys must never be given out again.
        let conn = Connection::open(copies.untouched()).unwrap();
        conn.execute_batch("UPDATE sqlite_sequence SET seq = seq + 100; ANALYZE").unwrap();
        drop(conn);
        std::fs::copy(copies.untouched(), copies.work()).unwrap();
        Some(copies)
    }

    fn untouched(&self) -> PathBuf {
        self.folder.path().join("untouched.sqlite")
    }

    fn work(&self) -> PathBuf {
        self.folder.path().join("chinook.sqlite")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A copy of the work as it is now.
    fn copy(&self) -> PathBuf {
        let copy = self.path("copy.sqlite");
        std::fs::copy(self.work(), &copy).unwrap();
        copy
    }
}

/// A start-up without a backup, which only one of these tests is about.
fn migrator(schema: &'static Schema) -> Migrator {
    Migrator::new(schema).backup(BackupPolicy::Never)
}

fn run(migrator: &Migrator, path: &Path) -> Report {
    migrator.run(path).unwrap_or_else(|err| panic!("{migrator:?} on {}:\n{err}", path.display()))
}

fn facts(path: &Path) -> Facts {
    Facts::read(&Connection::open(path).unwrap())
}

#[test]
fn chinook_is_adopted_with_an_empty_plan() {
    let Some(copies) = Copies::new() else { return };
    let before = facts(&copies.work());
    let report = run(&migrator(VERSIONS[0]), &copies.work());
    assert_eq!(report.plan.to_string().trim(), "nothing to do");
    assert_eq!(report.outcome, Outcome::Adopted, "{report}");
    assert_eq!((report.warnings, report.foreign, report.retired), (vec![], vec![], vec![]));
    let after = facts(&copies.work());
    before.assert_equal(&after, &[], "adopted");
    assert_eq!(before.texts, after.texts, "the stored SQL");
    survives(&copies.untouched(), &copies.work(), 1);
    assert_eq!(run(&migrator(VERSIONS[0]), &copies.work()).outcome, Outcome::UpToDate);
}

#[test]
fn every_value_survives_every_version_and_every_undo_leads_back() {
    let Some(copies) = Copies::new() else { return };
    run(&migrator(VERSIONS[0]), &copies.work());
    for (at, schema) in VERSIONS.iter().enumerate().skip(1) {
        let number = at + 1;
        let before = facts(&copies.work());
        let dry = Migrator::new(schema).dry_run(true).run(copies.work()).unwrap();
        let report = run(&Migrator::new(schema), &copies.work());
        println!("version {number}\n{}\n{report}\n", report.plan);
        assert_eq!(
            dry.plan, report.plan,
            "version {number}: the plan that is shown is not the one that runs"
        );
        assert_eq!(report.outcome, Outcome::Migrated, "version {number}");

        let conn = Connection::open(copies.work()).unwrap();
        healthy(&conn);
        conn.close().unwrap();
        let backup = report.backup.unwrap_or_else(|| panic!("version {number}: no backup"));
        before.assert_equal(&facts(&backup.path), &[], &format!("backup before version {number}"));
        survives(&copies.untouched(), &copies.work(), number);
        let after = facts(&copies.work());
        before.assert_sequences_kept(&after, number);
        assert_eq!(
            run(&migrator(schema), &copies.work()).outcome,
            Outcome::UpToDate,
            "version {number} again"
        );

        undo(schema, &copies.copy(), &before, proof::lost_by_undo(number));
        used(&copies.work(), number);
    }
    let conn = Connection::open(copies.work()).unwrap();
    check_rows(&conn, proof::AT_LAST);
}

/// Takes the last version back on `copy`: everything is as `before`, but for the columns in `lost`.
fn undo(schema: &Schema, copy: &Path, before: &Facts, lost: &[&str]) {
    let mut conn = Connection::open(copy).unwrap();
    schema_runtime::testing::undo_last(schema, &mut conn)
        .unwrap_or_else(|err| panic!("undo of version {}:\n{err}", schema.version));
    healthy(&conn);
    before.assert_equal(&Facts::read(&conn), lost, &format!("undo of version {}", schema.version));
}

/// What a program does between two releases; what the version's rules refuse it, they refuse.
fn used(path: &Path, number: usize) {
    let conn = Connection::open(path).unwrap();
    for (_, sql) in proof::USED.iter().filter(|(at, _)| *at == number) {
        conn.execute_batch(sql).unwrap_or_else(|err| panic!("{sql}: {err}"));
    }
    check_rows(&conn, &proof::rows(number));
    conn.execute_batch("PRAGMA foreign_keys = ON").unwrap();
    for (since, until, sql, expected) in proof::TRIED {
        if (*since..*until).contains(&number) {
            conn.execute_batch("BEGIN").unwrap();
            let found = conn.execute_batch(sql).map_or_else(|err| err.to_string(), |()| "done".to_owned());
            conn.execute_batch("ROLLBACK").unwrap();
            assert!(found.contains(expected), "version {number}: {sql}\n{found}");
        }
    }
}

#[test]
fn one_step_to_the_last_version_ends_where_all_steps_do() {
    let Some(copies) = Copies::new() else { return };
    let last = VERSIONS[VERSIONS.len() - 1];
    let mut starts = Vec::new();
    for (at, schema) in VERSIONS.iter().enumerate() {
        run(&migrator(schema), &copies.work());
        let start = copies.path(&format!("from_{}.sqlite", at + 1));
        std::fs::copy(copies.work(), &start).unwrap();
        starts.push((schema, start));
    }
    let end = facts(&copies.work());
    for (schema, start) in starts.iter().take(VERSIONS.len() - 1) {
        let before = facts(start);
        run(&migrator(last), start);
        survives(&copies.untouched(), start, VERSIONS.len());
        end.assert_equal(&facts(start), &["PlaylistTrack.rowid"], &format!("from version {}", schema.version));
        if schema.version == "1.0.0" {
            undo(last, start, &before, proof::LOST_BY_ALL);
        }
    }
}

#[test]
fn all_versions_are_taken_back_one_after_the_other() {
    let Some(copies) = Copies::new() else { return };
    run(&migrator(VERSIONS[0]), &copies.work());
    let first = facts(&copies.work());
    for schema in &VERSIONS[1..] {
        run(&migrator(schema), &copies.work());
    }
    for schema in VERSIONS[1..].iter().rev() {
        let mut conn = Connection::open(copies.work()).unwrap();
        schema_runtime::testing::undo_last(schema, &mut conn)
            .unwrap_or_else(|err| panic!("undo of version {}:\n{err}", schema.version));
        healthy(&conn);
    }
    first.assert_equal(&facts(&copies.work()), proof::LOST_BY_ALL, "all taken back");
}

#[test]
fn a_program_with_its_own_connection_in_wal_mode_sees_every_version() {
    let Some(copies) = Copies::new() else { return };
    let mut conn = Connection::open(copies.work()).unwrap();
    let on = "PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON";
    conn.execute_batch(on).unwrap();
    // It reads an old state throughout, and is not disturbed.
    let reader = Connection::open(copies.work()).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    check_rows(&reader, &[("SELECT count(Milliseconds) FROM Track", "3503")]);
    for (at, schema) in VERSIONS.iter().enumerate() {
        let report = migrator(schema)
            .run_on(&mut conn)
            .unwrap_or_else(|err| panic!("version {}:\n{err}", schema.version));
        let expected = if at == 0 { Outcome::Adopted } else { Outcome::Migrated };
        assert_eq!(report.outcome, expected, "version {}", schema.version);
        healthy(&conn);
        let kept = [
            ("PRAGMA foreign_keys", "1"),
            ("PRAGMA recursive_triggers", "1"),
            ("PRAGMA journal_mode", "'wal'"),
        ];
        check_rows(&conn, &kept);
        survives(&copies.untouched(), &copies.work(), at + 1);
    }
    check_rows(&reader, &[("SELECT count(Milliseconds) FROM Track", "3503")]);
}

#[test]
fn rows_that_break_a_rule_stop_its_version_until_they_are_mended() {
    let Some(copies) = Copies::new() else { return };
    for schema in &VERSIONS[..4] {
        run(&migrator(schema), &copies.work());
    }
    for (at, breaks, texts, mends) in proof::BROKEN {
        let path = copies.path(&format!("broken_{at}.sqlite"));
        std::fs::copy(copies.work(), &path).unwrap();
        for schema in &VERSIONS[4..at - 1] {
            run(&migrator(schema), &path);
        }
        let conn = Connection::open(&path).unwrap();
        conn.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        conn.execute_batch(breaks).unwrap();
        conn.close().unwrap();
        let before = std::fs::read(&path).unwrap();
        let error = match migrator(VERSIONS[at - 1]).run(&path) {
            Ok(report) => panic!("{breaks}: not refused\n{report}"),
            Err(error) => error,
        };
        let text = error.to_string();
        assert_eq!(error.kind(), ErrorKind::Data, "{breaks}\n{text}");
        for expected in *texts {
            assert!(text.contains(expected), "{breaks}: {expected:?} is missing in\n{text}");
        }
        assert!(before == std::fs::read(&path).unwrap(), "{breaks}: the file has changed");
        Connection::open(&path).unwrap().execute_batch(mends).unwrap();
        assert_eq!(run(&migrator(VERSIONS[at - 1]), &path).outcome, Outcome::Migrated, "{mends}");
    }
}
