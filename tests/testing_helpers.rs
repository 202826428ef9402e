//! The helpers for tests of programs: that each passes where it should, and fails with a text that says what to do.

use std::fs;

use schema_runtime::{Error, ErrorKind, Migration, Migrations, Migrator, testing};

use crate::support::model::model;
use crate::support::place::{Place, contains};

const ONE: &str = "--: version 1.0.0
    CREATE TABLE task (id INTEGER PRIMARY KEY, title TEXT NOT NULL, notes TEXT)";
const TWO: &str = "--: version 1.0.0
    CREATE TABLE task (id INTEGER PRIMARY KEY, title TEXT NOT NULL, notes TEXT NOT NULL, done INTEGER)";

fn program(sql: &str) -> Migrator {
    Migrator::new(model(sql))
}

fn refused(result: schema_runtime::Result<()>, kind: ErrorKind, parts: &[&str]) -> Error {
    let error = result.expect_err("something is wrong");
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.help_line().is_some(), "{error}");
    contains(&error.to_string(), parts);
    error
}

#[test]
fn a_database_that_is_not_as_the_model_has_it_fails() {
    let place = Place::new();
    let check = |migrator: &Migrator| testing::check_drift(migrator, place.path());
    refused(check(&program(ONE)), ErrorKind::Drift, &["does not exist"]);
    program(ONE).run(place.path()).expect("made");
    check(&program(ONE)).expect("as it was made");
    testing::assert_no_drift(program(ONE), place.path());
    let error = place.unchanged_by(|| check(&program(TWO)).expect_err("pending"));
    contains(&error.to_string(), &["is not as the model has it", "pending: add column task.done"]);
    let due = Migrations::new([Migration::sql(1, "rows", "DELETE FROM task").expect("SQL")]).expect("a set");
    refused(check(&program(ONE).migrations(due)), ErrorKind::Drift, &["pending: migration 001 rows"]);
    place.sql("ALTER TABLE task DROP COLUMN notes; CREATE INDEX mine ON task (title)");
    let error = refused(check(&program(ONE)), ErrorKind::Drift, &["task.notes"]);
    // What somebody has made beside the model is no drift.
    assert!(!error.to_string().contains("mine"), "{error}");
    let panic = std::panic::catch_unwind(|| testing::assert_no_drift(program(ONE), place.path()));
    let said = panic.expect_err("drift").downcast::<String>().expect("a text");
    contains(&said, &["is not as the model has it"]);
}

#[test]
fn a_changed_model_fails_until_it_is_accepted() {
    let folder = tempfile::tempdir().expect("a folder");
    let schema = folder.path().join("schema");
    let check = |sql: &str| testing::check_snapshot(&program(sql), &schema);
    let accept = |sql: &str| testing::accept_snapshot(&program(sql), &schema);
    let error = refused(
        check(ONE),
        ErrorKind::Model,
        &["there is no snapshot", "1.0.0.json", "UPDATE_SCHEMA=1 cargo test"],
    );
    assert!(error.causes().is_empty() && !schema.exists(), "{error}");
    accept(ONE).expect("written");
    check(ONE).expect("as it was accepted");
    testing::assert_snapshot(program(ONE), &schema);
    let written = fs::read(schema.join("1.0.0.json")).expect("a file");
    accept(ONE).expect("nothing to write");
    refused(
        check(TWO),
        ErrorKind::Model,
        &[
            "the model is not what `",
            "caused by: alter nullability of task.notes: NULL -> NOT NULL",
            "caused by: add column task.done",
            "a start on that version would do this:",
            "L403 task.notes",
            "done INTEGER",
            "if 1.0.0 is released, raise the version of the model",
        ],
    );
    assert_eq!(fs::read(schema.join("1.0.0.json")).expect("a file"), written);
    // A new version has a file of its own, and the text says what it changes.
    let next = TWO.replace("1.0.0", "1.1.0");
    refused(
        check(&next),
        ErrorKind::Model,
        &["there is no snapshot", "the newest is `", "add column task.done"],
    );
    accept(&next).expect("written");
    check(&next).expect("as it was accepted");
    assert_eq!(fs::read(schema.join("1.0.0.json")).expect("a file"), written);
    refused(
        check(ONE),
        ErrorKind::Model,
        &["the model is of version 1.0.0, and `", "has a snapshot of 1.1.0"],
    );
    refused(accept(ONE), ErrorKind::Model, &["a released version is never changed"]);
    accept(TWO).expect_err("no older one either");
}

#[test]
fn a_snapshot_that_was_edited_or_merged_is_told_apart() {
    let folder = tempfile::tempdir().expect("a folder");
    let check = || testing::check_snapshot(&program(ONE), folder.path());
    testing::accept_snapshot(&program(ONE), folder.path()).expect("written");
    let path = folder.path().join("1.0.0.json");
    let text = fs::read_to_string(&path).expect("a file");
    let edited = |text: String| fs::write(&path, text).expect("written");
    edited(text.replace("\"title\"", "\"headline\""));
    refused(
        check(),
        ErrorKind::Model,
        &["is not as it was written", "edited by hand, or a merge has joined"],
    );
    edited(format!("<<<<<<< HEAD\n{text}=======\n{text}>>>>>>> other\n"));
    refused(
        check(),
        ErrorKind::Model,
        &["has the marks of a merge", "two branches have both changed this version"],
    );
    edited(text.replace("\"format\": 1", "\"format\": 99"));
    refused(check(), ErrorKind::Model, &["is of another format", "update the library"]);
    edited("{".to_owned());
    refused(check(), ErrorKind::Model, &["is no snapshot"]);
    // Blanks are no edit, as a formatter makes them.
    let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    edited(value.to_string());
    check().expect("the same");
    edited("{".to_owned());
    testing::accept_snapshot(&program(ONE), folder.path()).expect("written anew");
    assert_eq!(fs::read_to_string(&path).expect("a file"), text);
    refused(
        testing::check_snapshot(&program("CREATE TABLE t (a)"), folder.path().join("none")),
        ErrorKind::Model,
        &["there is no snapshot"],
    );
}
