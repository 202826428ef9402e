//! What may be wrong with numbered migrations and with what is around them: the outcome, and the error in full.
//!
//! A way back that leads elsewhere is in `rollback_numbered`, history and files that disagree in `numbered`.

use std::fs;
use std::path::Path;
use std::time::Duration;

use schema_runtime::{
    Error, ErrorKind, Migration, MigrationContext, MigrationResult, Migrations, Migrator, Model,
};

use crate::support::model::model;
use crate::support::place::{Place, contains};

const FIRST: (&str, &[u8]) =
    ("001_first.sql", b"CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT NOT NULL)");

/// A folder with a database that has the first migration, and with more files.
fn filled(files: &[(&str, &[u8])]) -> Place {
    let place = Place::new();
    fs::create_dir(place.folder().join("migrations")).expect("a folder");
    write(&place, &[FIRST]);
    alone(&place).run(place.path()).unwrap_or_else(|err| panic!("{err}"));
    place.sql("INSERT INTO person VALUES (1, 'Ada')");
    write(&place, files);
    place
}

fn write(place: &Place, files: &[(&str, &[u8])]) {
    for (name, bytes) in files {
        fs::write(place.folder().join("migrations").join(name), bytes).expect("a file");
    }
}

fn read(place: &Place) -> Result<Migrations, Error> {
    Migrations::from_folder(place.folder().join("migrations"))
}

fn alone(place: &Place) -> Migrator {
    Migrator::for_model(Model::empty("main")).migrations(read(place).unwrap_or_else(|err| panic!("{err}")))
}

/// The text of an error, with the folder as `…`.
fn text(error: &Error, folder: &Path) -> String {
    error.to_string().replace(&folder.display().to_string(), "…")
}

/// A folder that cannot be read, and why.
fn unreadable(files: &[(&str, &[u8])], expected: &str) {
    let place = filled(files);
    let error = place.unchanged_by(|| read(&place).expect_err("refused"));
    assert_eq!(error.kind(), ErrorKind::Migration, "{error}");
    assert_eq!(text(&error, place.folder()), expected);
}

#[test]
fn an_error_in_the_middle_of_a_file_takes_the_whole_batch_back() {
    let one = "--: version 1.0.0\nCREATE TABLE task (id INTEGER PRIMARY KEY)";
    let two = "--: version 2.0.0\nCREATE TABLE task (id INTEGER PRIMARY KEY, notes TEXT)";
    let place = filled(&[]);
    let beside = |sql: &str| Migrator::new(model(sql)).migrations(read(&place).expect("a folder"));
    beside(one).run(place.path()).unwrap_or_else(|err| panic!("{err}"));
    write(
        &place,
        &[
            ("002_good.sql", b"INSERT INTO person VALUES (2, 'Alan')"),
            ("003_bad.sql", "-- schema: after\nUPDATE task SET notes = 'é';\n\nINSERT INTO person (id, nam)\n  VALUES (3, 'Grace');\nSELECT 1;".as_bytes()),
        ],
    );
    let all = "SELECT type, name, sql FROM sqlite_schema UNION ALL SELECT id, name, 'person' FROM person";
    let before = place.query(all);
    let rows = place.query("SELECT max(id) FROM migration_history");
    let error = beside(two).run(place.path()).expect_err("no such column");
    assert_eq!(error.kind(), ErrorKind::Migration, "{error}");
    assert_eq!(
        text(&error, place.folder()),
        "error: migration 003 bad failed
caused by: statement 2 of 3: table person has no column named nam
caused by: …/migrations/003_bad.sql:4:25
  |
4 | INSERT INTO person (id, nam)
  |                         ^^^
state: transaction rolled back; `…/app.db` is unchanged
help: mend the file, or the rows that it does not expect"
    );
    assert_eq!(place.query(all), before);
    // One failure is told, and nothing of the batch is recorded as applied.
    let news =
        format!("SELECT status, error LIKE '%003 bad failed%' FROM migration_history WHERE id > {rows}");
    assert_eq!(place.query(&news), "'failed'|1");
    write(&place, &[("003_bad.sql", b"-- schema: after\nUPDATE task SET notes = 'x'")]);
    let report = beside(two).run(place.path()).unwrap_or_else(|err| panic!("{err}"));
    assert_eq!(report.migrations.len(), 2);
}

#[test]
fn a_datatype_mismatch_of_a_file_is_its_failure_and_recorded() {
    for (text, status, help) in [
        ("INSERT INTO person SELECT 2, 'x' LIMIT 'x'", "'failed'", "mend the file, or the rows"),
        ("INSERT INTO person (id, name) VALUES ('x', 'x')", "'failed'", "mend the file, or the rows"),
        (
            "-- schema: no-transaction\nDELETE FROM person WHERE id IN (SELECT 1 LIMIT 'x')",
            "'running'",
            "look at what is there",
        ),
    ] {
        let place = filled(&[("002_mismatch.sql", text.as_bytes())]);
        let error = alone(&place).run(place.path()).expect_err(text);
        assert_eq!(error.kind(), ErrorKind::Migration, "{error}");
        contains(&error.to_string(), &["migration 002 mismatch failed", "datatype mismatch", help]);
        let last = "SELECT status FROM migration_history ORDER BY id DESC LIMIT 1";
        assert_eq!(place.query(last), status, "{text}");
    }
}

#[test]
fn a_file_may_not_end_the_transaction_nor_leave_the_database_nor_set_the_connection() {
    let refused = |line: &str, word: &str, help: &str| {
        let text = format!("CREATE TABLE t (a);\n  {line}");
        unreadable(
            &[("002_it.sql", text.as_bytes())],
            &format!(
                "error: cannot read the migration `…/migrations/002_it.sql`: `{word}` in a migration
caused by: …/migrations/002_it.sql:2:3
  |
2 |   {line}
  |   {}
state: nothing was changed
help: {help}",
                "^".repeat(word.split(' ').next().unwrap_or_default().len())
            ),
        );
    };
    let transaction = "take it out: all pending migrations run in one transaction, which ends with all of them or none; `-- schema: no-transaction` lets one run outside of it";
    refused("COMMIT;", "COMMIT", transaction);
    refused("BEGIN IMMEDIATE;", "BEGIN", transaction);
    refused("ROLLBACK TO a;", "ROLLBACK", transaction);
    refused("ATTACH 'other.db' AS other;", "ATTACH", "take it out: a migration changes one database");
    refused(
        "VACUUM;",
        "VACUUM",
        "SQLite refuses it in a transaction: run it by hand at a quiet time, or say `-- schema: no-transaction` above the first statement",
    );
    refused(
        "PRAGMA foreign_keys = OFF;",
        "PRAGMA foreign_keys",
        "take it out: foreign keys are enforced while a migration runs, but a table that is dropped takes no rows of others with it; `PRAGMA defer_foreign_keys = ON` puts the check off to its end",
    );
    refused(
        "PRAGMA journal_mode = WAL;",
        "PRAGMA journal_mode",
        "take it out: the settings of the connection are the program's: set them in the hook of `Migrator::connection`",
    );
}

#[test]
fn a_file_without_a_statement_is_refused() {
    for (text, line) in [("", ""), ("-- to be written\n", "-- to be written"), (";;\n", ";;")] {
        unreadable(
            &[("002_empty.sql", text.as_bytes())],
            &format!(
                "error: cannot read the migration `…/migrations/002_empty.sql`: it has no statement
caused by: …/migrations/002_empty.sql:1:1
  |
1 | {line}
  | ^
state: nothing was changed
help: write one, or take the file away"
            ),
        );
    }
}

#[test]
fn a_file_that_is_no_utf_8_is_refused() {
    for (bytes, at) in [(&b"SELECT '\xe9'"[..], 8), (b"\xff\xfeS\0E\0L\0", 0), (b"SELECT '\xc3", 8)] {
        unreadable(
            &[("002_latin.sql", bytes)],
            &format!(
                "error: cannot read the migration `…/migrations/002_latin.sql`
caused by: it is no UTF-8 from byte {at} on
state: nothing was changed
help: save the file as UTF-8"
            ),
        );
    }
}

#[test]
fn marks_that_editors_put_before_a_text_mean_nothing() {
    let text = "\u{feff}-- Two more.\nINSERT INTO person VALUES (2, 'Alan');\r\nINSERT INTO person VALUES (3, 'Grace')\u{feff};";
    let place = filled(&[("002_more.sql", text.as_bytes())]);
    let report = alone(&place).run(place.path()).unwrap_or_else(|err| panic!("{err}"));
    assert_eq!(report.migrations[0].description.as_deref(), Some("Two more."));
    assert_eq!(place.query("SELECT count(*) FROM person"), "3");
}

#[test]
fn a_text_with_a_nul_is_refused() {
    let place = filled(&[("002_nul.sql", b"INSERT INTO person VALUES (2, 'Alan');\0 DELETE FROM person;")]);
    let error = place.unchanged_by(|| read(&place).expect_err("refused"));
    contains(&error.to_string(), &["002_nul.sql:1:39", "state: nothing was changed", "help: "]);
}

#[test]
fn a_folder_that_is_none_is_refused() {
    let place = filled(&[]);
    let folder = place.folder();
    let error = Migrations::from_folder(folder.join("none")).expect_err("no folder");
    assert_eq!(
        text(&error, folder),
        "error: cannot read `…/none`
caused by: No such file or directory (os error 2)
state: nothing was changed
help: correct the path, or the permissions"
    );
    let error = Migrations::from_folder(place.path()).expect_err("a file");
    contains(&text(&error, folder), &["error: cannot read `…/app.db`", "Not a directory", "help: "]);
    fs::create_dir(folder.join("migrations/002_folder.sql")).expect("a folder");
    let error = read(&place).expect_err("a folder as a file");
    contains(&text(&error, folder), &["error: cannot read `…/migrations/002_folder.sql`", "help: "]);
}

type Function = fn(&MigrationContext<'_>) -> MigrationResult;

#[test]
fn a_function_that_fails_or_panics_takes_everything_back() {
    fn fails(context: &MigrationContext<'_>) -> MigrationResult {
        context.connection().execute_batch("DELETE FROM person; CREATE TABLE half (a)")?;
        Err("row 7 has no price".into())
    }
    fn panics(context: &MigrationContext<'_>) -> MigrationResult {
        context.connection().execute_batch("DELETE FROM person; CREATE TABLE half (a)")?;
        panic!("row {} has no price", 7)
    }
    for (function, cause, help) in [
        (fails as Function, "row 7 has no price", "mend the function, or the rows that it does not expect"),
        (
            panics,
            "its function panicked: row 7 has no price",
            "mend the function: an error that it gives back says more",
        ),
    ] {
        let place = filled(&[]);
        let code = Migration::code(2, "prices", function, None::<Function>);
        let set = Migrations::new(read(&place).expect("a folder").iter().cloned().chain([code]));
        let migrator = Migrator::for_model(Model::empty("main")).migrations(set.expect("a set"));
        let error = migrator.run(place.path()).expect_err("it fails");
        assert_eq!(error.kind(), ErrorKind::Migration);
        assert_eq!(
            text(&error, place.folder()),
            format!(
                "error: migration 002 prices failed
caused by: {cause}
state: transaction rolled back; `…/app.db` is unchanged
help: {help}"
            )
        );
        assert_eq!(place.query("SELECT * FROM person"), "1|'Ada'");
        assert_eq!(place.query("SELECT count(*) FROM sqlite_schema WHERE name = 'half'"), "0");
        assert_eq!(
            place
                .query("SELECT status, error LIKE '%002 prices failed%' FROM migration_history WHERE id > 1"),
            "'failed'|1"
        );
        // The connection is as it was: the next start does what is due.
        assert_eq!(migrator.run(place.path()).expect_err("again").kind(), ErrorKind::Migration);
    }
}

#[test]
fn a_locked_database_is_waited_for_and_then_told() {
    for (mode, begin) in
        [("DELETE", "BEGIN EXCLUSIVE"), ("DELETE", "BEGIN IMMEDIATE"), ("WAL", "BEGIN IMMEDIATE")]
    {
        let place = filled(&[("002_more.sql", b"INSERT INTO person VALUES (2, 'Alan')")]);
        place.sql(&format!("PRAGMA journal_mode = {mode}"));
        let holder = place.open();
        holder.execute_batch(begin).expect("a lock");
        let migrator = alone(&place).lock_wait(Duration::from_millis(30));
        let error = migrator.run(place.path()).expect_err("locked");
        assert_eq!(error.kind(), ErrorKind::Busy, "{mode} {begin}: {error}");
        contains(
            &text(&error, place.folder()),
            &[
                "`…/app.db`",
                "caused by: another connection held a lock for all of the 30 ms that were waited",
                "state: nothing was changed",
                "help: end the other transaction or program, or wait longer with `Migrator::lock_wait`",
            ],
        );
        holder.execute_batch("ROLLBACK").expect("released");
        drop(holder);
        assert_eq!(place.query("SELECT count(*) FROM person"), "1");
        let report = migrator.run(place.path()).unwrap_or_else(|err| panic!("{err}"));
        assert_eq!(report.applied, ["migration 002 more"]);
    }
}
