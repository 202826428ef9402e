//! What a start does where it cannot migrate, and who hears of it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use schema_runtime::{CommandObserver, ErrorKind, Event, FailurePolicy, Migrator, Outcome};

use crate::support::model::model;
use crate::support::place::{Place, contains};

const OLD: &str = "--: version 1.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)";
/// Refused for the NULL in `a`.
const NEW: &str = "--: version 2.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL)";

fn place() -> Place {
    let place = Place::with_model(OLD);
    place.sql("INSERT INTO t VALUES (1, NULL)");
    place
}

fn events(migrator: Migrator) -> (Migrator, Arc<Mutex<Vec<Event>>>) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let list = Arc::clone(&heard);
    (migrator.observer(move |event| list.lock().expect("the events").push(event.clone())), heard)
}

#[test]
fn by_default_the_run_fails() {
    let place = place();
    let (migrator, heard) = events(Migrator::new(model(NEW)));
    let error = place.unchanged_by(|| migrator.run(place.path()).expect_err("refused"));
    assert_eq!(error.kind(), ErrorKind::Data);
    let heard = heard.lock().expect("the events");
    assert!(matches!(heard.last(), Some(Event::Failed { .. })), "{heard:?}");
}

#[test]
fn a_program_may_go_on_with_the_schema_of_before_and_is_told() {
    let place = place();
    let (migrator, heard) = events(Migrator::new(model(NEW)).on_failure(FailurePolicy::Continue));
    let report = place.unchanged_by(|| migrator.run(place.path()).expect("degraded"));
    assert_eq!(report.outcome, Outcome::Degraded);
    assert!(!report.changed());
    let failure = report.failure.as_ref().expect("the error");
    assert_eq!(failure.kind, ErrorKind::Data);
    contains(&report.to_string(), &["NOT migrated", "rows of `t` have NULL in `a`", ": 1 (", "help:"]);
    {
        let heard = heard.lock().expect("the events");
        assert!(matches!(heard.last(), Some(Event::Degraded { .. })), "{heard:?}");
        assert!(!heard.iter().any(|event| matches!(event, Event::Done { .. } | Event::Failed { .. })));
    }
    // It goes on as soon as it can.
    place.sql("UPDATE t SET a = 'x'");
    assert_eq!(migrator.run(place.path()).expect("a run").outcome, Outcome::Migrated);
}

#[test]
fn read_only_forbids_writes_on_the_connection() {
    let place = place();
    let mut conn = place.open();
    let migrator = Migrator::new(model(NEW)).on_failure(FailurePolicy::ReadOnly);
    assert_eq!(migrator.run_on(&mut conn).expect("degraded").outcome, Outcome::Degraded);
    let error = conn.execute("INSERT INTO t VALUES (2, 'x')", []).expect_err("read only");
    contains(&error.to_string(), &["readonly"]);
    assert_eq!(place.query("SELECT count(*) FROM t"), "1");

    let mut conn = place.open();
    let migrator = migrator.on_failure(FailurePolicy::Continue);
    assert_eq!(migrator.run_on(&mut conn).expect("degraded").outcome, Outcome::Degraded);
    assert_eq!(conn.execute("INSERT INTO t VALUES (2, 'x')", []), Ok(1));
}

#[test]
fn what_cannot_be_used_at_all_is_an_error_under_every_policy() {
    for policy in [FailurePolicy::Continue, FailurePolicy::ReadOnly] {
        let migrator = |sql: &str| Migrator::new(model(sql)).on_failure(policy);
        let junk = Place::new();
        std::fs::write(junk.path(), "this is no database, and never was one".repeat(40)).expect("a file");
        let error = migrator(OLD).run(junk.path()).expect_err("no database");
        assert_eq!(error.kind(), ErrorKind::NotADatabase);
        let error = migrator(OLD).run(junk.folder().join("none/app.db")).expect_err("no folder");
        assert_eq!(error.kind(), ErrorKind::Open);
        // A file that was to be made: there is nothing to go on with.
        let fresh = Place::new();
        let wrong = "CREATE TABLE t (a TEXT CHECK (nosuch(a)))";
        let error = migrator(wrong).run(fresh.path()).expect_err("no such function");
        assert!(!fresh.path().exists(), "{error}");
        let other = Place::by_hand("CREATE TABLE somebody (x)");
        assert_eq!(migrator(OLD).run(other.path()).expect_err("another").kind(), ErrorKind::WrongFile);
    }
}

#[test]
fn a_newer_database_can_be_read_and_not_written() {
    let place = Place::with_model(OLD);
    place.run(
        "--: version 3.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT NOT NULL CHECK (b <> ''))",
    );
    let migrator = Migrator::new(model(OLD)).on_failure(FailurePolicy::Continue);
    assert_eq!(migrator.run(place.path()).expect_err("newer").kind(), ErrorKind::NewerDatabase);
    let mut conn = place.open();
    let report = migrator.on_failure(FailurePolicy::ReadOnly).run_on(&mut conn).expect("to be read");
    assert_eq!(report.failure.map(|failure| failure.kind), Some(ErrorKind::NewerDatabase));
    assert!(conn.execute("DELETE FROM t", []).is_err());
}

#[cfg(unix)]
#[test]
fn a_command_gets_each_event_as_a_line_of_json() {
    let place = Place::new();
    let log = place.folder().join("events");
    let write = CommandObserver::new("/bin/sh").arg("-c").arg(format!("cat >> '{}'", log.display()));
    let write = write.time_limit(Duration::from_secs(60)).into_observer();
    let report = Migrator::new(model(OLD)).observer(write).run(place.path()).expect("a run");
    assert_eq!(report.outcome, Outcome::Created);
    let text = std::fs::read_to_string(&log).expect("the events");
    let told: Vec<Event> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|err| panic!("{line}: {err}")))
        .collect();
    assert!(
        matches!(&told[..], [Event::Checking { .. }, Event::Planned { .. }, Event::Done { .. }]),
        "{text}"
    );
}

#[cfg(unix)]
#[test]
fn a_command_that_hangs_or_is_not_there_stops_no_run() {
    for command in [
        CommandObserver::new("/bin/sh").arg("-c").arg("while :; do :; done"),
        CommandObserver::new("/bin/false"),
        CommandObserver::new("/nowhere/at/all"),
    ] {
        let place = Place::new();
        let observer = command.time_limit(Duration::from_millis(20)).into_observer();
        let report = Migrator::new(model(OLD)).observer(observer).run(place.path()).expect("a run");
        assert_eq!(report.outcome, Outcome::Created);
    }
}
