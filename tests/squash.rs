//! One baseline from many migrations, and databases that have all, none or some of them.

use schema_runtime::{
    BackupPolicy, Baseline, Error, ErrorKind, Migrations, Migrator, Model, ModelOptions, Outcome,
};

use crate::corpus::shared;
use crate::support::memory;
use crate::support::place::{Place, contains};

const FILES: [(&str, &str); 4] = [
    ("001_person.sql", "-- People.\nCREATE TABLE person (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL)"),
    ("003_rename.sql", "ALTER TABLE person RENAME COLUMN name TO full_name"),
    (
        "004_pets.sql",
        "CREATE TABLE pet (person_id INTEGER NOT NULL REFERENCES person (id), name TEXT);
         CREATE INDEX by_name ON pet (name);
         CREATE VIEW owners AS SELECT full_name FROM person;
         CREATE TRIGGER renamed AFTER INSERT ON pet BEGIN UPDATE person SET full_name = full_name || '!'; END",
    ),
    ("007_later.sql", "ALTER TABLE pet ADD COLUMN kind TEXT"),
];

fn set(files: &[(&str, &str)]) -> Migrations {
    Migrations::from_files(files).unwrap_or_else(|err| panic!("{err}"))
}

fn squash(files: &[(&str, &str)], upto: Option<&str>, with_data: bool) -> Result<Baseline, Error> {
    set(files).squash(upto, with_data, &ModelOptions::new())
}

fn alone(files: &[(&str, &str)]) -> Migrator {
    Migrator::for_model(Model::empty("main")).migrations(set(files)).backup(BackupPolicy::Never)
}

fn run(place: &Place, files: &[(&str, &str)]) -> Vec<String> {
    let report = alone(files).run(place.path()).unwrap_or_else(|err| panic!("{err}"));
    if report.outcome == Outcome::UpToDate {
        return Vec::new();
    }
    report.applied
}

#[test]
fn a_new_database_runs_the_baseline_and_one_that_has_all_counts_it_as_applied() {
    let baseline = squash(&FILES, Some("004"), false).expect("a baseline");
    assert_eq!(baseline.replaces, ["001", "003", "004"]);
    assert_eq!(baseline.number.as_deref(), Some("005"));
    assert!(baseline.text.contains("\n-- schema: replaces 001, 003-004\n"), "{}", baseline.text);
    let file = ("005_baseline.sql", baseline.text.as_str());
    let without = [file, FILES[3]];
    let with = [FILES[0], FILES[1], FILES[2], file, FILES[3]];

    let old = Place::new();
    assert_eq!(run(&old, &FILES[..3]).len(), 3);
    for files in [&with[..], &without] {
        let status = alone(files).status(old.path()).expect("a status");
        assert_eq!(status.migrations, ["007 later"], "{status}");
    }
    assert_eq!(run(&old, &without), ["migration 007 later"]);
    for files in [&with[..], &without] {
        assert!(run(&old, files).is_empty());
    }

    for files in [&with[..], &without] {
        let new = Place::new();
        assert_eq!(run(&new, files), ["migration 005 baseline", "migration 007 later"]);
        assert!(run(&new, &with).is_empty() && run(&new, &without).is_empty());
        let schema = "SELECT type, name, tbl_name FROM sqlite_schema ORDER BY name";
        assert_eq!(new.query(schema), old.query(schema));
    }
}

#[test]
fn a_database_that_has_some_is_refused_without_their_files_and_runs_the_rest_with_them() {
    let baseline = squash(&FILES, Some("004"), false).expect("a baseline");
    let file = ("005_baseline.sql", baseline.text.as_str());
    let place = Place::new();
    run(&place, &FILES[..2]);
    let error = place.unchanged_by(|| alone(&[file, FILES[3]]).run(place.path()).expect_err("refused"));
    assert_eq!(error.kind(), ErrorKind::Conflict);
    contains(
        &error.to_string(),
        &[
            "005 baseline stands for migrations of which some are applied, and 004 are not",
            "put the files that it replaces back",
        ],
    );
    let with = [FILES[0], FILES[1], FILES[2], file, FILES[3]];
    assert_eq!(run(&place, &with), ["migration 004 pets", "migration 007 later"]);
    assert!(run(&place, &[file, FILES[3]]).is_empty());
}

#[test]
fn a_baseline_may_take_the_number_of_the_last_that_it_replaces() {
    let files = [FILES[0], FILES[1], FILES[2], ("005_next.sql", "CREATE TABLE more (a)")];
    let baseline = squash(&files, Some("4"), false).expect("a baseline");
    assert_eq!(baseline.number, None);
    let after = [("004_baseline.sql", baseline.text.as_str()), files[3]];
    let (old, new) = (Place::new(), Place::new());
    run(&old, &files);
    assert!(run(&old, &after).is_empty());
    assert_eq!(run(&new, &after), ["migration 004 baseline", "migration 005 next"]);
    assert!(run(&new, &after).is_empty());
}

#[test]
fn a_baseline_of_a_baseline_stands_for_all() {
    let first = squash(&FILES, Some("004"), false).expect("a baseline");
    let files = [("005_baseline.sql", first.text.as_str()), FILES[3]];
    let second = squash(&files, None, false).expect("a baseline");
    assert_eq!(second.replaces, ["001", "003", "004", "005", "007"]);
    let place = Place::new();
    run(&place, &FILES);
    // One that has never run the first baseline counts as well, since it has what that stands for.
    let last = [("008_all.sql", second.text.as_str())];
    assert!(run(&place, &last).is_empty());
    let new = Place::new();
    run(&new, &files);
    assert!(run(&new, &last).is_empty());
    assert!(
        second.text.contains("-- schema: replaces 005, 007\n-- schema: replaces 001, 003-004, 007\n"),
        "{}",
        second.text
    );
    assert_eq!(run(&Place::new(), &last), ["migration 008 all"]);
}

#[test]
fn rows_are_refused_or_taken_along_exactly() {
    let files = [
        FILES[0],
        (
            "002_rows.sql",
            "INSERT INTO person VALUES (1, 'it''s'), (2, 'tab\t' || char(10)), (9, 'gone'); DELETE FROM person WHERE id = 9;
             CREATE TABLE v (a, b BLOB, c AS (a || '!'), PRIMARY KEY (b)) WITHOUT ROWID;
             INSERT INTO v VALUES (0.1, x'00ff'), (9e999, x''), (-3, x'01'), ('a!' || char(0) || 'b''' || char(0), x'02');
             CREATE TABLE plain (a); INSERT INTO plain (rowid, a) VALUES (7, 'seven');
             CREATE VIRTUAL TABLE found USING fts5 (name, content = 'person', content_rowid = 'id');
             INSERT INTO found (found) VALUES ('rebuild');
             PRAGMA user_version = 12",
        ),
    ];
    let error = squash(&files, None, false).expect_err("rows");
    assert_eq!(error.kind(), ErrorKind::Refused);
    contains(&error.to_string(), &["`person` has 2", "`v` has 4", "`plain` has 1", "--with-data"]);
    let baseline = squash(&files, None, true).expect("a baseline");
    assert_eq!(baseline.rows, [("person".to_owned(), 2), ("v".to_owned(), 4), ("plain".to_owned(), 1)]);
    for encoding in ["UTF-8", "UTF-16le"] {
        let (old, new) = (Place::new(), Place::new());
        for place in [&old, &new] {
            place.sql(&format!("PRAGMA encoding = '{encoding}'; CREATE VIEW v AS SELECT 1; DROP VIEW v"));
        }
        run(&old, &files);
        run(&new, &[("003_all.sql", baseline.text.as_str())]);
        for query in [
            "SELECT * FROM person",
            "SELECT *, hex(a) FROM v",
            "SELECT rowid, a FROM plain",
            "SELECT * FROM sqlite_sequence WHERE name = 'person'",
            "SELECT rowid FROM found WHERE found MATCH 'tab'",
            "PRAGMA user_version",
            "PRAGMA encoding",
        ] {
            assert_eq!(new.query(query), old.query(query), "{query}\n{}", baseline.text);
        }
    }
}

#[test]
fn what_cannot_be_one_says_why() {
    let refused = |files: &[(&str, &str)], upto, part: &str| {
        let error = squash(files, upto, true).expect_err(part);
        assert!(error.help_line().is_some() && error.state_line().is_some(), "{error}");
        contains(&error.to_string(), &[part]);
    };
    refused(&FILES, Some("002"), "there is no migration 002");
    refused(&FILES, Some("001"), "there are not two migrations");
    refused(&[FILES[0], ("002_bad.sql", "INSERT INTO nobody VALUES (1)")], None, "at 002 bad");
    let wal = ("002_wal.sql", "-- schema: no-transaction\nPRAGMA journal_mode = WAL");
    refused(
        &[FILES[0], wal],
        None,
        "002 wal sets what a file keeps beside its schema: `PRAGMA journal_mode = WAL`",
    );
    let content = ("002_search.sql", "CREATE VIRTUAL TABLE s USING fts5 (a); INSERT INTO s VALUES ('x')");
    refused(&[FILES[0], content], None, "the virtual table `s` has content of its own");
    let up = |_: &schema_runtime::MigrationContext<'_>| -> schema_runtime::MigrationResult { Ok(()) };
    let code = schema_runtime::Migration::code(2, "split", up, Some(up));
    let list = set(&FILES[..1]).iter().cloned().chain([code]).collect::<Vec<_>>();
    let error = Migrations::new(list)
        .expect("a set")
        .squash(None, true, &ModelOptions::new())
        .expect_err("a function");
    contains(&error.to_string(), &["002 split is a function"]);
}

#[test]
fn the_histories_of_real_programs_become_one_baseline_each() {
    let Some(shared) = shared() else { return };
    let mut count = 0;
    for folder in std::fs::read_dir(shared.join("corpus/histories")).expect("the histories") {
        let folder = folder.expect("an entry").path();
        let mut paths: Vec<_> =
            std::fs::read_dir(&folder).expect("files").map(|entry| entry.expect("a file").path()).collect();
        paths.sort();
        let mut files = Vec::new();
        let conn = memory::empty();
        for (at, path) in paths.iter().enumerate() {
            let sql = std::fs::read_to_string(path).expect("a text");
            let name = format!("{:03}_step.sql", at + 1);
            // What is no migration by itself, such as one with pragmas, ends the list.
            if Migrations::from_files(&[(name.as_str(), sql.as_str())]).is_err()
                || conn.execute_batch(&sql).is_err()
            {
                break;
            }
            files.push((name, sql));
        }
        let files: Vec<(&str, &str)> =
            files.iter().map(|(name, sql)| (name.as_str(), sql.as_str())).collect();
        if files.len() < 2 {
            continue;
        }
        match squash(&files, None, true) {
            Ok(baseline) => {
                assert_eq!(baseline.replaces.len(), files.len());
                count += 1;
            }
            Err(error) => {
                assert!(
                    error.to_string().contains("do not run on an empty database"),
                    "{}: {error}",
                    folder.display()
                );
            }
        }
    }
    assert!(count >= 4, "{count}");
}
