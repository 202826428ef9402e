//! What a function of a numbered migration is given: how far it is, and when to end.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use schema_runtime::{
    Cancel, Error, ErrorKind, Event, Migration, MigrationContext, MigrationResult, Migrations, Migrator,
    Model,
};

use crate::support::place::{Place, contains};

type Function = fn(&MigrationContext<'_>) -> MigrationResult;

/// A migrator of one function, number 2, behind a table of 1,000 rows.
fn with(function: Function) -> Migrator {
    let rows = "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1000) INSERT INTO person SELECT i, 'P' FROM n";
    let first = Migration::sql(1, "person", rows).expect("a migration");
    let second = Migration::code(2, "lower", function, None::<Function>);
    Migrator::for_model(Model::empty("main")).migrations(Migrations::new([first, second]).expect("a set"))
}

/// Row by row.
fn lower(context: &MigrationContext<'_>) -> MigrationResult {
    for id in 1..=1000_u32 {
        context.progress(id.into(), 1000)?;
        context.connection().execute("UPDATE person SET name = lower(name) WHERE id = ?1", [id])?;
    }
    Ok(())
}

fn failed(place: &Place, migrator: &Migrator, kind: ErrorKind) -> Error {
    let error = migrator.run(place.path()).expect_err("it fails");
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.help_line().is_some() && error.state_line().is_some(), "{error}");
    assert_eq!(place.query("SELECT count(*) FROM sqlite_schema WHERE name = 'person'"), "0");
    error
}

#[test]
fn observers_hear_how_far_a_function_is_each_hundredth_once() {
    let place = Place::new();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let ears = Arc::clone(&heard);
    let migrator = with(lower).observer(move |event| {
        if let Event::Progress { version, name, done, total } = event {
            assert_eq!((version.as_str(), name.as_str(), *total), ("002", "lower", 1000));
            ears.lock().expect("the ears").push((*done, event.to_string()));
        }
    });
    migrator.run(place.path()).unwrap_or_else(|err| panic!("{err}"));
    let heard = heard.lock().expect("the ears");
    // 1, 10, 20, … 1000.
    assert_eq!(heard.len(), 101);
    assert_eq!(heard[0], (1, "migration 002 lower: 1 of 1000".to_owned()));
    assert_eq!(heard[100].0, 1000);
    assert_eq!(place.query("SELECT count(*) FROM person WHERE name = 'p'"), "1000");
}

#[test]
fn nobody_hears_of_a_migration_that_is_only_tried() {
    let place = Place::new();
    let migrator = with(lower).observer(|event| assert!(!matches!(event, Event::Progress { .. }), "{event}"));
    let report = migrator.dry_run(true).run(place.path()).unwrap_or_else(|err| panic!("{err}"));
    assert_eq!(report.pending, ["001 person", "002 lower"]);
}

#[test]
fn a_function_ends_where_the_run_is_cancelled() {
    let place = Place::new();
    let cancel = Cancel::new();
    let handle = cancel.clone();
    let migrator = with(lower).cancel(cancel).observer(move |event| {
        if matches!(event, Event::Progress { done: 500, .. }) {
            handle.cancel();
        }
    });
    let error = failed(&place, &migrator, ErrorKind::Cancelled);
    contains(
        &error.to_string(),
        &["migration 002 lower was stopped at 500 of 1000", "the run was cancelled", "unchanged"],
    );
}

#[test]
fn a_function_ends_where_the_time_is_over() {
    // It makes no statement that SQLite could interrupt.
    fn endless(context: &MigrationContext<'_>) -> MigrationResult {
        loop {
            context.progress(0, 0)?;
        }
    }
    let place = Place::new();
    let migrator = with(endless).time_limit(Duration::from_millis(50));
    let error = failed(&place, &migrator, ErrorKind::TimeLimit);
    contains(
        &error.to_string(),
        &["migration 002 lower was stopped at 0 of 0", "the time limit of 50 ms has passed", "time_limit"],
    );
}

#[derive(Debug)]
struct Outer(std::num::ParseIntError);

impl fmt::Display for Outer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the price of row 7 cannot be read")
    }
}

impl std::error::Error for Outer {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

#[test]
fn an_error_of_a_function_is_told_with_its_reasons() {
    let place = Place::new();
    let migrator = with(|_| Err(Outer("x".parse::<u8>().expect_err("no number")).into()));
    let error = failed(&place, &migrator, ErrorKind::Migration);
    assert_eq!(
        error.causes(),
        ["the price of row 7 cannot be read", "invalid digit found in string"],
        "{error}"
    );
    let migrator = with(|context| Ok(context.connection().execute_batch("DELETE FROM nobody")?));
    let error = failed(&place, &migrator, ErrorKind::Migration);
    contains(&error.to_string(), &["error: migration 002 lower failed\ncaused by: no such table: nobody"]);
    assert_eq!(error.causes().len(), 1, "{error}");
}
