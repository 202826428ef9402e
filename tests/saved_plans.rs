//! Plans that are saved, looked at, and applied later.

use schema_runtime::{BackupPolicy, Error, ErrorKind, Migrator, Outcome, PlanFile, RemovalPolicy, Report};

use crate::support::model::model;
use crate::support::place::Place;

const OLD: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)";
const NEW: &str = "--: version 2.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL DEFAULT 'x'); CREATE INDEX i ON t (a)";

fn migrator() -> Migrator {
    Migrator::new(model(NEW)).removed(RemovalPolicy::Drop)
}

fn saved(place: &Place) -> String {
    let file = place.unchanged_by(|| migrator().plan_file(place.path()).expect("a plan"));
    assert!(!file.plan().is_empty());
    file.to_json().expect("JSON")
}

fn apply(place: &Place, json: &str) -> Result<Report, Error> {
    Migrator::for_plan(PlanFile::from_json(json)?).backup(BackupPolicy::Never).run(place.path())
}

fn refused(place: &Place, json: &str, kind: ErrorKind, cause: &str) {
    let error = place.unchanged_by(|| apply(place, json).expect_err("refused"));
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.to_string().contains(cause), "{error}");
    assert_eq!(error.state_line(), Some("nothing was changed"));
}

#[test]
fn a_saved_plan_is_applied_by_the_policies_it_was_made_with_and_the_program_goes_on_from_there() {
    let place = Place::with_model(OLD);
    place.sql("INSERT INTO t VALUES (1, 'kept', 'dropped')");
    let json = saved(&place);
    place.sql("INSERT INTO t VALUES (2, 'later', NULL)");
    let report = apply(&place, &json).expect("a run");
    assert_eq!((report.outcome, report.version.as_str()), (Outcome::Migrated, "2.0.0"));
    assert_eq!(place.query("SELECT * FROM t"), "1|'kept'\n2|'later'");
    assert_eq!(migrator().run(place.path()).expect("a run").outcome, Outcome::UpToDate);
    refused(&place, &json, ErrorKind::Stale, "nothing is pending any more: its target is reached");
}

#[test]
fn a_saved_plan_fits_nothing_but_what_it_was_made_for() {
    let place = Place::with_model(OLD);
    let json = saved(&place);
    place.sql("CREATE TABLE other (x TEXT)");
    refused(&place, &json, ErrorKind::Stale, "since then: create table other");
    place.sql("DROP TABLE other");
    place.run("--: model audit\n");
    refused(&place, &json, ErrorKind::Stale, "the newest row of the history is 2, it was 1");
    refused(
        &Place::with_model("CREATE TABLE q (z TEXT)"),
        &json,
        ErrorKind::Stale,
        "since then: create table q",
    );
    refused(
        &Place::by_hand("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)"),
        &json,
        ErrorKind::Stale,
        "it was made at",
    );
}

#[test]
fn rows_that_have_come_since_are_held_against_the_plan() {
    let place = Place::with_model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)");
    let wanted = model("--: version 2.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE)");
    let json = Migrator::new(wanted).plan_file(place.path()).and_then(|file| file.to_json()).expect("a plan");
    place.sql("INSERT INTO t VALUES (1, 'same'), (2, 'same')");
    refused(&place, &json, ErrorKind::Data, "same");
}

#[test]
fn a_file_that_was_edited_or_is_of_another_format_is_no_plan() {
    let place = Place::with_model(OLD);
    let json = saved(&place);
    for (text, cause) in [
        (json.replace("\"drop\"", "\"retain\""), "somebody has edited it"),
        (json.replace("CREATE INDEX i ON t (a)", "CREATE INDEX i ON t (b)"), "somebody has edited it"),
        (
            json.replacen("\"format\": 2", "\"format\": 1", 1),
            "it is of format 1; this version reads format 2",
        ),
        (json.replacen("\"format\": 2", "\"format\": 2, \"more\": 1", 1), "unknown field `more`"),
        (json.chars().take(json.len() / 2).collect(), "it is no plan that was saved"),
        ("{}".to_owned(), "missing field `format`"),
        (String::new(), "it is no plan that was saved"),
    ] {
        assert_ne!(text, json);
        refused(&place, &text, ErrorKind::PlanFile, cause);
    }
}

#[test]
fn a_plan_that_would_be_refused_is_not_saved() {
    let place = Place::with_model(OLD);
    let refusing = migrator().removed(RemovalPolicy::Refuse);
    let error = place.unchanged_by(|| refusing.plan_file(place.path()).expect_err("refused"));
    assert_eq!(error.kind(), ErrorKind::Refused);
    let error = Migrator::new(model(NEW)).plan_file(place.folder().join("none.db")).expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Open);
}
