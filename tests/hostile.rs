//! Files and texts that somebody has damaged, by chance or on purpose: an error or a clean result each time, no panic, no hang, and the file
//! as it was wherever there is an error.
//!
//! `SCHEMA_HOSTILE` is the number of mutations of each kind, from the seed `SCHEMA_FIRST` on. Many:
//! `SCHEMA_HOSTILE=100000 cargo test --release -p schema-tests --test tests -- hostile:: --nocapture`.

use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use rusqlite::Connection;
use schema_runtime::testing::Dice;
use schema_runtime::{BackupPolicy, ErrorKind, Migrator, Model, ModelOptions, RemovalPolicy};

use crate::support::model::model;
use crate::support::place::Place;

const OLD: &str = "--: version 1.0.0
    CREATE TABLE person (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL COLLATE NOCASE, born INT CHECK (born > 0));
    CREATE TABLE pet (id INTEGER PRIMARY KEY, owner INTEGER REFERENCES person (id) ON DELETE CASCADE, kind TEXT DEFAULT 'cat', UNIQUE (owner, kind));
    CREATE TABLE tag (word TEXT, pet INT, PRIMARY KEY (word, pet)) WITHOUT ROWID;
    CREATE INDEX by_name ON person (name, born DESC)";
/// A column added, one dropped, a rule tightened, a table rebuilt.
const NEW: &str = "--: version 2.0.0
    CREATE TABLE person (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL COLLATE NOCASE, email TEXT);
    CREATE TABLE pet (id INTEGER PRIMARY KEY, owner INTEGER REFERENCES person (id) ON DELETE SET NULL, kind TEXT NOT NULL DEFAULT 'dog', UNIQUE (owner, kind));
    CREATE TABLE tag (word TEXT, pet INT, note TEXT, PRIMARY KEY (pet, word)) WITHOUT ROWID;
    CREATE INDEX by_name ON person (name)";

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// A small database with rows in every table, and a history.
fn base(page_size: u32) -> Vec<u8> {
    let place = Place::new();
    place.sql(&format!("PRAGMA page_size = {page_size}; CREATE TABLE x (a); DROP TABLE x; VACUUM"));
    place.run(OLD);
    place.sql(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 40)
         INSERT INTO person (name, born) SELECT 'person ' || i, 1900 + i FROM n;
         INSERT INTO pet (owner, kind) SELECT id, 'kind ' || (id % 3) FROM person;
         INSERT INTO tag SELECT 'tag ' || (id % 5), id FROM pet",
    );
    fs::read(place.path()).expect("the database")
}

/// Something else than it was; what, in words.
fn mutate(bytes: &mut Vec<u8>, page_size: usize, dice: &mut Dice) -> &'static str {
    let at = dice.at(bytes.len());
    match dice.roll(8) {
        0 => {
            for _ in 0..=dice.roll(7) {
                let at = dice.at(bytes.len());
                bytes[at] ^= 1 << dice.roll(8);
            }
            "bits"
        }
        1 => {
            // The header and the first page decide most.
            let at = dice.at(page_size.min(bytes.len()));
            bytes[at] = u8::try_from(dice.roll(256)).expect("a byte");
            "a byte of the first page"
        }
        2 => {
            let end = (at + 1 + dice.at(64)).min(bytes.len());
            let byte = [0, 0xff, 0x80, b'"'][dice.at(4)];
            bytes[at..end].fill(byte);
            "a run"
        }
        3 => {
            bytes.truncate(at);
            "cut"
        }
        4 => {
            let pages = bytes.len() / page_size;
            let (a, b) = (dice.at(pages) * page_size, dice.at(pages) * page_size);
            let page = bytes[a..a + page_size].to_vec();
            bytes.copy_within(b..b + page_size, a);
            bytes[b..b + page_size].copy_from_slice(&page);
            "two pages changed places"
        }
        5 => {
            let page = at / page_size * page_size;
            let end = (page + page_size).min(bytes.len());
            bytes[page..end].fill(0);
            "a page of zeros"
        }
        _ => {
            // The texts of the catalog, and the JSON of the history.
            let words: [&[u8]; 6] = [b"CREATE", b"TABLE", b"TEXT", b"format", b"catalog", b"steps"];
            let word = words[dice.at(words.len())];
            let places: Vec<usize> = bytes
                .windows(word.len())
                .enumerate()
                .filter(|(_, part)| *part == word)
                .map(|(at, _)| at)
                .collect();
            if !places.is_empty() {
                let at = places[dice.at(places.len())] + dice.at(word.len() + 20);
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = *dice
                        .pick(&[b"(", b")", b"'", b"\"", b"\0", b"-", b"*", b"\xff", b"{", b"9"])
                        .first()
                        .expect("one");
                }
            }
            "a text"
        }
    }
}

/// Every way in: what reads, and then what writes.
fn attack(place: &Place, bytes: &[u8]) -> Result<String, String> {
    fs::write(place.path(), bytes).expect("a file");
    let migrator = Migrator::new(model(NEW))
        .backup(BackupPolicy::Never)
        .removed(RemovalPolicy::Drop)
        .time_limit(Duration::from_secs(20));
    let path = place.path();
    let _ = migrator.status(&path);
    let _ = migrator.history(&path);
    let _ = migrator.health(&path);
    let _ = migrator.rollback_candidates(&path);
    let _ = Model::from_database(&path, "main", &ModelOptions::new());
    if fs::read(&path).expect("the file") != bytes {
        return Err("what only reads has written".to_owned());
    }
    match migrator.run(&path) {
        Ok(report) => {
            let again = migrator.run(&path);
            // Damage that the change did not touch may be met by the next look.
            Ok(format!(
                "{:?}, again {}",
                report.outcome,
                again.map_or_else(|err| format!("{:?}", err.kind()), |_| "fine".to_owned())
            ))
        }
        Err(error) => {
            if error.state_line().is_none() || error.help_line().is_none() {
                return Err(format!("no state or no help:\n{error}"));
            }
            // A failure in the middle of the work is recorded; all others leave every byte.
            let recorded = [
                ErrorKind::Apply,
                ErrorKind::Verify,
                ErrorKind::TimeLimit,
                ErrorKind::Io,
                ErrorKind::DiskFull,
            ];
            let same = fs::read(&path).expect("the file") == bytes;
            if !same && !recorded.contains(&error.kind()) {
                return Err(format!("the file has changed after:\n{error}"));
            }
            Ok(format!("{:?}", error.kind()))
        }
    }
}

fn quiet<T>(act: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(act)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        format!(
            "a panic: {}",
            text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
        )
    })
}

#[test]
fn a_damaged_file_is_an_error_or_a_clean_result() {
    let (first, most) = (number("SCHEMA_FIRST", 1), number("SCHEMA_HOSTILE", 1_000));
    let bases = [(512, base(512)), (4096, base(4096))];
    let mut ends = BTreeMap::<String, u64>::new();
    let mut faults = Vec::new();
    for seed in first..first + most {
        let mut dice = Dice::new(seed);
        let (page_size, base) = &bases[dice.at(2)];
        let mut bytes = base.clone();
        let mut what = Vec::new();
        for _ in 0..=dice.roll(2) {
            if bytes.len() >= 2 * *page_size {
                what.push(mutate(&mut bytes, *page_size, &mut dice));
            }
        }
        let place = Place::new();
        match quiet(|| attack(&place, &bytes)).and_then(|end| end) {
            Ok(end) => *ends.entry(end).or_default() += 1,
            Err(fault) => faults.push(format!("seed {seed}, {what:?}: {fault}")),
        }
    }
    println!("{ends:?}");
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
    assert!(ends.len() > 5 || most < 200, "the mutations reach little: {ends:?}");
}

#[test]
fn a_catalog_that_was_edited_by_hand_is_an_error_or_a_clean_result() {
    let (first, most) = (number("SCHEMA_FIRST", 1), number("SCHEMA_HOSTILE", 500));
    let base = base(4096);
    let mut ends = BTreeMap::<String, u64>::new();
    let mut faults = Vec::new();
    for seed in first..first + most {
        let mut dice = Dice::new(seed);
        let place = Place::new();
        fs::write(place.path(), &base).expect("a file");
        // Texts that SQLite may or may not read, of every object and column of the catalog.
        let conn = Connection::open(place.path()).expect("the database");
        let column = dice.pick(&["sql", "name", "tbl_name", "type", "rootpage"]).to_owned();
        let value = match dice.roll(4) {
            0 => "NULL".to_owned(),
            1 => format!(
                "'{}'",
                dice.pick(&["", "x", "CREATE TABLE", "CREATE VIEW v AS SELECT 1", "table", "1e9", "-3"])
            ),
            2 => format!("substr({column}, 1, {})", dice.roll(40)),
            _ => format!(
                "replace({column}, '{}', '{}')",
                dice.pick(&["(", ")", "TEXT", "id", ",", "KEY", "person"]),
                dice.pick(&["", "((", "\"", "x y", "-- ", "/*", "pet"])
            ),
        };
        let row = dice.roll(14) + 1;
        let _ = conn.execute_batch(&format!(
            "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET {column} = {value} WHERE rowid = {row}"
        ));
        drop(conn);
        let bytes = fs::read(place.path()).expect("the database");
        match quiet(|| attack(&place, &bytes)).and_then(|end| end) {
            Ok(end) => *ends.entry(end).or_default() += 1,
            Err(fault) => faults.push(format!("seed {seed}, {column} = {value} of row {row}: {fault}")),
        }
    }
    println!("{ends:?}");
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn a_damaged_sql_target_is_an_error_or_a_model() {
    let (first, most) = (number("SCHEMA_FIRST", 1), number("SCHEMA_HOSTILE", 2_000));
    let text = "-- schema: version(2.0)\nCREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT NOT NULL DEFAULT 'it''s', -- schema: renamed_from(nick)\n  born INT CHECK (born > 0 AND name <> \"x\"));\n\
        CREATE UNIQUE INDEX \"by name\" ON person (lower(name), born DESC) WHERE born IS NOT NULL;\n\
        CREATE VIEW old AS SELECT * FROM person WHERE born < 1900;\n\
        CREATE TRIGGER t AFTER INSERT ON person BEGIN UPDATE person SET born = CASE WHEN new.born THEN 1 END; END;\n";
    let odd = [
        "'",
        "\"",
        "`",
        "[",
        "]",
        "(",
        ")",
        ";",
        "--",
        "/*",
        "*/",
        "\0",
        "\u{feff}",
        "é",
        "😀",
        "\r",
        "CREATE",
        "END",
        "x'",
        "0x",
        "1e",
        "?",
        ":a",
        "-- schema: ",
        "dropped(",
        "renamed_from(id)",
    ];
    let mut faults = Vec::new();
    let (mut read, mut refused) = (0, 0);
    for seed in first..first + most {
        let mut dice = Dice::new(seed);
        let mut target: Vec<char> = text.chars().collect();
        for _ in 0..=dice.roll(4) {
            let at = dice.at(target.len());
            match dice.roll(3) {
                0 => drop(target.remove(at)),
                1 => {
                    let part: Vec<char> = dice.pick(&odd).chars().collect();
                    target.splice(at..at, part);
                }
                _ => {
                    let end = (at + dice.at(30)).min(target.len());
                    target.drain(at..end);
                }
            }
        }
        let sql: String = target.into_iter().collect();
        match quiet(|| Model::from_sql(&sql, "target.sql", "main", &ModelOptions::new())) {
            Ok(Ok(_)) => read += 1,
            Ok(Err(error)) if error.to_string().contains("target.sql") => refused += 1,
            Ok(Err(error)) => faults.push(format!("seed {seed}: the file is not named\n{error}\n{sql}")),
            Err(panic) => faults.push(format!("seed {seed}: {panic}\n{sql}")),
        }
    }
    println!("{read} read, {refused} refused");
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
    assert!(read > 0 && refused > 0 || most < 200);
}
