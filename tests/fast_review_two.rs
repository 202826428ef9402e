//! What is left out, taken over or read in another way to be fast, and must not change an outcome; and what the tests of releases say of
//! virtual tables: found in a review.

use rusqlite::Connection;
use schema_runtime::testing::{self, ReleaseReport};
use schema_runtime::{HazardCode, Migrator, Outcome};

use crate::support::model::model;
use crate::support::place::{Place, contains};

#[test]
fn a_rule_of_a_virtual_column_changes_without_a_copy_in_any_encoding() {
    for encoding in ["UTF-8", "UTF-16le", "UTF-16be"] {
        let place = Place::by_hand(&format!("PRAGMA encoding = '{encoding}'; CREATE TABLE other (x)"));
        let table =
            |rule: &str| format!("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER AS ({rule}))");
        place.run_with(&table("a + 1"), Migrator::adopt_any);
        place.sql("INSERT INTO t (a) VALUES (1)");
        let report = place.run(&table("a + 2")).to_string();
        contains(
            &report,
            &["alter generated expression of t.b: AS (a + 1) VIRTUAL -> AS (a + 2) VIRTUAL (scan"],
        );
        assert_eq!(place.query("SELECT * FROM t"), "1|1|3", "{encoding}");
    }
}

/// The test of the first of two releases, by the program of the second.
fn release_of(
    models: &[&str; 2],
    program: impl FnOnce(Migrator) -> Migrator,
) -> schema_runtime::Result<ReleaseReport> {
    let folder = tempfile::tempdir().expect("a folder");
    for sql in models {
        testing::accept_snapshot(&Migrator::new(model(sql)), folder.path()).expect("a snapshot");
    }
    testing::check_release(&program(Migrator::new(model(models[1]))), folder.path(), "1.0.0", None)
}

const COMPUTED: [&str; 2] = [
    "--: version 1.0.0
    CREATE VIRTUAL TABLE notes USING fts5(body); CREATE VIRTUAL TABLE words USING fts5vocab(notes, 'row')",
    "--: version 1.1.0
    CREATE VIRTUAL TABLE notes USING fts5(body, tokenize='trigram'); CREATE VIRTUAL TABLE words USING fts5vocab(notes, 'row')",
];

#[test]
fn what_a_virtual_table_computes_is_no_content_of_a_release() {
    let report = release_of(&COMPUTED, |migrator| migrator).unwrap_or_else(|err| panic!("{err}")).to_string();
    contains(&report, &["1.0.0 migrates: 24 rows, invented"]);
    assert!(!report.contains("words"), "{report}");
}

const KEPT: [&str; 2] = [
    "--: version 1.0.0\nCREATE VIRTUAL TABLE notes USING fts5(body)",
    "--: version 1.1.0\nCREATE VIRTUAL TABLE notes USING fts5(body, tokenize='porter')",
];

#[test]
fn a_consent_that_a_release_does_not_need_hides_no_lost_row() {
    let spoil = |conn: &Connection| {
        let path = conn.path().unwrap_or_default().to_owned();
        let anew = "SELECT count(*) FROM sqlite_schema WHERE sql LIKE '%porter%'";
        let writable: i64 = conn.query_row("PRAGMA query_only", [], |row| row.get(0))?;
        let there = conn.query_row(anew, [], |row| row.get::<_, i64>(0)).unwrap_or(0) > 0;
        if path.ends_with("straight.db") && writable == 0 && there {
            conn.execute_batch("DELETE FROM notes WHERE rowid = 7")?;
        }
        Ok(())
    };
    let program = |migrator: Migrator| migrator.connection(spoil).allow(HazardCode::DropVirtualTable.code());
    let error = release_of(&KEPT, program).expect_err("a row is gone");
    contains(
        &error.to_string(),
        &["1.0.0 does not migrate straight to 1.1.0", "1 of 24 rows of `notes` are gone (first: rowid 7)"],
    );
}

/// A tool that copies tables leaves one without a key, in which no stamp is found at the model's rowid.
#[test]
fn a_copy_of_the_stamps_without_their_key_is_made_anew_and_does_not_grow() {
    let place = Place::with_model("CREATE TABLE t (id INTEGER PRIMARY KEY)");
    place.sql("CREATE TABLE copy AS SELECT * FROM migration_state; DROP TABLE migration_state; ALTER TABLE copy RENAME TO migration_state");
    for _ in 0..3 {
        let report = place.run("CREATE TABLE t (id INTEGER PRIMARY KEY)");
        assert_eq!(report.outcome, Outcome::UpToDate);
    }
    assert_eq!(place.query("SELECT count(*) FROM migration_state"), "1");
}
