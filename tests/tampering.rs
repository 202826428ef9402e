//! A history that somebody has edited: what a run would rely on is held against its checksum first.

use schema_runtime::{BackupPolicy, ErrorKind, Migrator, Outcome, RemovalPolicy};

use crate::support::model::model;
use crate::support::place::Place;

const OLD: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY); CREATE TABLE kept (a TEXT)";
const NEW: &str =
    "--: version 2.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, b TEXT); CREATE TABLE kept (a TEXT)";
/// Makes somebody else's table one of the model's, which a removal would then drop.
const EDIT: &str = "UPDATE migration_history SET snapshot = replace(snapshot, '\"owners\":{', '\"owners\":{\"table \\\"other\\\"\":\"managed\",')";

#[test]
fn a_run_does_not_rely_on_a_row_that_was_edited() {
    let place = Place::with_model(OLD);
    place.sql("CREATE TABLE other (x TEXT); INSERT INTO other VALUES ('theirs')");
    place.sql(EDIT);
    let drop = |migrator: Migrator| migrator.removed(RemovalPolicy::Drop);
    let error = place.refused_with(NEW, ErrorKind::Tampered, drop);
    assert_eq!(error.what(), "row 1 of the history was edited");
    let migrator = drop(Migrator::new(model(NEW)).backup(BackupPolicy::Never));
    assert_eq!(migrator.plan_file(place.path()).expect_err("refused").kind(), ErrorKind::Tampered);
    let status = migrator.status(place.path()).expect("a status");
    assert_eq!(status.tampered.len(), 1);
    assert!(status.refused.is_some_and(|text| text.contains("row 1 of the history was edited")));
    assert_eq!(place.query("SELECT x FROM other"), "'theirs'");
}

#[test]
fn a_baseline_leads_out_of_an_edited_history() {
    let place = Place::with_model(OLD);
    place.sql(EDIT);
    Migrator::new(model(OLD)).baseline(place.path()).expect("a baseline");
    assert_eq!(place.run(NEW).outcome, Outcome::Migrated);
    assert_eq!(place.query("SELECT name FROM pragma_table_info('t')"), "'id'\n'b'");
}

/// A table whose text is as it was recorded is not read anew; but what somebody else has written is no record.
#[test]
fn what_a_table_is_comes_from_the_file_where_its_record_was_edited() {
    let place = Place::with_model(OLD);
    let edit = "UPDATE migration_history SET snapshot = replace(snapshot, '\"type_name\":\"TEXT\"', '\"type_name\":\"BLOB\"')";
    place.sql(edit);
    let recorded =
        "SELECT snapshot ->> '$.catalog.tables[1].columns[0].type_name' FROM migration_history ORDER BY id";
    assert_eq!(place.query(recorded), "'BLOB'");
    Migrator::new(model(OLD)).baseline(place.path()).expect("a baseline");
    assert_eq!(place.query(recorded), "'BLOB'\n'TEXT'");
}

#[test]
fn what_a_table_is_comes_from_the_file_where_nothing_proves_its_record() {
    let place = Place::with_model(OLD);
    place.sql(
        "INSERT INTO kept VALUES ('theirs');
         UPDATE migration_history SET checksum_algorithm = '',
             snapshot = replace(snapshot, '\"columns\":[{\"name\":\"a\",\"type_name\":\"TEXT\"}]', '\"columns\":[]')",
    );
    assert_eq!(
        place.query("SELECT snapshot ->> '$.catalog.tables[1].columns' FROM migration_history"),
        "'[]'"
    );
    // Made anew, with the rows of those columns that it is said to have.
    let report = place.run(&NEW.replace("kept (a TEXT)", "kept (a TEXT PRIMARY KEY) WITHOUT ROWID"));
    assert_eq!(report.outcome, Outcome::Migrated);
    assert_eq!(place.query("SELECT a FROM kept"), "'theirs'");
}

/// What it is called by is stored: another value would make a model that was rolled back, or is older, a new one.
#[test]
fn the_fingerprint_of_a_model_stays() {
    let place = Place::with_model(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL DEFAULT 'x' CHECK (a <> '') UNIQUE, b REFERENCES t)",
    );
    assert_eq!(
        place.query("SELECT fingerprint FROM migration_history"),
        "'5540b15b1d7d97e46463389b44f87116'"
    );
}
