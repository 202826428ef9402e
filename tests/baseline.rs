//! Baselines: a schema that is there is taken for the model's own.

use schema_runtime::{BackupPolicy, ErrorKind, Migrator, Model, Outcome, RemovalPolicy};

use crate::support::model::model;
use crate::support::place::Place;

const LIVE: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT); CREATE TABLE u (c TEXT);
    INSERT INTO t VALUES (1, 'x', 'y'); INSERT INTO u VALUES ('z')";
const LESS: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)";

fn nothing() -> Migrator {
    Migrator::for_model(Model::empty("main"))
}

#[test]
fn what_a_later_model_lacks_counts_as_removed_after_a_baseline_and_is_foreign_without() {
    let without = Place::by_hand(LIVE);
    without.run_with(LESS, |migrator| migrator.removed(RemovalPolicy::Drop));
    assert_eq!(without.query("SELECT b FROM t"), "'y'");

    let place = Place::by_hand(LIVE);
    let report = nothing().baseline(place.path()).expect("a baseline");
    assert_eq!((report.outcome, report.version.as_str()), (Outcome::Adopted, "0"));
    assert_eq!(report.notes, ["6 objects are owned by the model `main` from now on"]);
    assert_eq!(
        place.query("SELECT kind, status, fingerprint FROM migration_history"),
        "'baseline'|'completed'|NULL"
    );
    place.refused_with(LESS, ErrorKind::Refused, |migrator| migrator.removed(RemovalPolicy::Refuse));
    let report = place.run(LESS);
    assert_eq!(report.retired, ["column \"t\".\"b\"", "column \"u\".\"c\"", "table \"u\""]);
    assert_eq!(place.query("SELECT b FROM t"), "'y'");

    let place = Place::by_hand(LIVE);
    nothing().baseline(place.path()).expect("a baseline");
    place.run_with(LESS, |migrator| migrator.removed(RemovalPolicy::Drop));
    assert_eq!(place.query("SELECT name FROM pragma_table_info('t')"), "'id'\n'a'");
    assert_eq!(place.query("SELECT count(*) FROM sqlite_schema WHERE name = 'u'"), "0");
}

#[test]
fn a_baseline_takes_what_somebody_did_by_hand_into_the_model() {
    let place = Place::with_model(LESS);
    place.sql("ALTER TABLE t ADD COLUMN b TEXT; CREATE INDEX i ON t (b)");
    Migrator::new(model(LESS)).baseline(place.path()).expect("a baseline");
    assert_eq!(
        place.query("SELECT version, kind FROM migration_history ORDER BY id DESC LIMIT 1"),
        "'1.0.0'|'baseline'"
    );
    let report = place.run(LESS);
    assert_eq!(report.outcome, Outcome::Migrated);
    assert_eq!(report.applied, ["drop index i on t"]);
    assert_eq!(report.retired, ["column \"t\".\"b\""]);
}

#[test]
fn what_another_model_manages_stays_its_own() {
    let place = Place::with_model("--: model audit\nCREATE TABLE log (x TEXT)");
    place.sql("CREATE TABLE t (a TEXT)");
    let report = nothing().baseline(place.path()).expect("a baseline");
    assert_eq!(report.foreign, ["column \"log\".\"x\"", "table \"log\""]);
    place.run_with("--: version 2.0.0\nCREATE TABLE other (a TEXT)", |migrator| {
        migrator.removed(RemovalPolicy::Drop)
    });
    assert_eq!(place.query("SELECT name FROM sqlite_schema WHERE name IN ('log', 't')"), "'log'");
}

#[test]
fn a_baseline_that_is_held_against_a_model_is_recorded_only_where_nothing_differs() {
    let place = Place::by_hand(LIVE);
    let migrator = Migrator::new(model(LESS)).backup(BackupPolicy::Never);
    let report = place.unchanged_by(|| migrator.baseline_as_model(place.path()).expect("a report"));
    assert_eq!(report.outcome, Outcome::PlannedOnly);
    let changes: Vec<String> = report.plan.changes().map(ToString::to_string).collect();
    assert_eq!(changes, ["drop column t.b", "drop table u"]);
    place.sql("ALTER TABLE t DROP COLUMN b; DROP TABLE u");
    assert_eq!(migrator.baseline_as_model(place.path()).expect("a report").outcome, Outcome::Adopted);
    assert_eq!(migrator.run(place.path()).expect("a run").outcome, Outcome::UpToDate);
}

#[test]
fn there_is_no_baseline_of_a_file_that_is_not_there() {
    let place = Place::new();
    let error = place.unchanged_by(|| nothing().baseline(place.path()).expect_err("refused"));
    assert_eq!(error.kind(), ErrorKind::Open);
}
