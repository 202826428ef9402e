//! What a plan is estimated to cost, and what the history of a database teaches about it. No test looks at a clock.

use std::time::Duration;

use schema_runtime::{ErrorKind, Method, Migrator, Outcome, Plan};

use crate::support::model::model;
use crate::support::place::{Place, contains};

const OLD: &str = "CREATE TABLE p (id INTEGER PRIMARY KEY);
    CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER REFERENCES p (id)); CREATE INDEX t_a ON t (a)";

/// A database of the model `OLD` with this many rows in `t`.
fn with_rows(rows: u32) -> Place {
    let place = Place::with_model(OLD);
    place.sql(&format!(
        "INSERT INTO p VALUES (1); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {rows})
         INSERT INTO t SELECT i, 'row ' || i, 1 FROM n"
    ));
    place
}

fn wanted(columns: &str) -> String {
    format!(
        "--: version 2.0.0\nCREATE TABLE p (id INTEGER PRIMARY KEY);
         CREATE TABLE t (id INTEGER PRIMARY KEY, {columns}); CREATE INDEX t_a ON t (a)"
    )
}

fn plan(place: &Place, columns: &str) -> Plan {
    let report = Migrator::new(model(&wanted(columns))).dry_run(true).run(place.path());
    report.unwrap_or_else(|err| panic!("{err}")).plan
}

const ADDED: &str = "a TEXT, b INTEGER REFERENCES p (id), c TEXT";
const SET: &str = "a TEXT NOT NULL, b INTEGER REFERENCES p (id)";
const COPIED: &str = "a TEXT, b INTEGER REFERENCES p (id), UNIQUE (a, b)";

#[test]
fn what_reads_rows_costs_by_the_row_and_what_does_not_costs_nothing_for_them() {
    let (few, many) = (with_rows(10), with_rows(20_000));
    let method = |plan: &Plan| plan.steps.iter().map(|step| step.method).max();
    let added = (plan(&few, ADDED).cost(), plan(&many, ADDED).cost());
    assert_eq!((added.0, added.1.rows, added.1.disk), (added.1, 0, 0));
    let (set, copied) = (plan(&many, SET), plan(&many, COPIED));
    assert_eq!((method(&set), method(&copied)), (Some(Method::Scan), Some(Method::Rebuild)));
    assert_eq!((set.cost().rows, copied.cost().rows), (20_000, 20_000));
    assert!(added.1.ms < set.cost().ms && set.cost().ms < copied.cost().ms, "{set:?}\n{copied:?}");
    assert!(plan(&few, COPIED).cost().ms < copied.cost().ms);
    assert!(copied.cost().disk >= copied.cost().bytes, "{copied:?}");
}

#[test]
fn rows_of_a_table_whose_text_alone_changes_are_bounded_and_not_counted() {
    let place = with_rows(50);
    place.sql("DELETE FROM t WHERE id BETWEEN 11 AND 20");
    assert_eq!(place.run(&wanted(ADDED)).outcome, Outcome::Migrated);
    let undo = place.query("SELECT undo FROM migration_history ORDER BY id DESC LIMIT 1");
    contains(&undo, &["writes up to 50 rows"]);
    // What is read is counted.
    let set = plan(&place, "a TEXT NOT NULL, b INTEGER REFERENCES p (id), c TEXT");
    contains(&set.hazards().map(ToString::to_string).collect::<Vec<_>>().join("\n"), &["reads 40 rows"]);
}

/// Another model's revision, the only one that tells a time: its plan as JSON, and its state.
fn forge(place: &Place, plan: &str, status: &str, took: i64) {
    place.sql(&format!(
        "DELETE FROM migration_history WHERE model = 'other';
         INSERT INTO migration_history (version, name, applied_at, checksum, model, plan, status, duration_ms)
         VALUES ('1', 'made up', '2026-01-01T00:00:00.000Z', '', 'other', '{plan}', '{status}', {took})"
    ));
}

fn estimated(ms: u64) -> String {
    format!("{{\"steps\":[{{\"cost\":{{\"ms\":{ms}}}}}]}}")
}

#[test]
fn the_time_that_past_changes_took_scales_the_estimate() {
    let place = with_rows(20_000);
    let before = plan(&place, COPIED);
    assert!(before.pace.is_one(), "{:?}", before.pace);
    for (estimate, took, pace) in
        [(200, 600, 3_000), (200, 50, 250), (100, 1_000_000, 8_000), (49, 5_000, 1_000)]
    {
        forge(&place, &estimated(estimate), "completed", took);
        let after = plan(&place, COPIED);
        assert_eq!(after.pace.thousandths(), pace);
        let (was, is) = (before.cost().ms * u64::from(pace) / 1_000, after.cost().ms);
        assert!(is.abs_diff(was) <= 1 + u64::from(pace) / 1_000, "{was} {is}");
        assert_eq!(before.to_sql(), after.to_sql(), "only the estimate is another");
        assert_eq!(Plan::from_json(&after.to_json().expect("json")).expect("a plan"), after);
    }
}

#[test]
fn revisions_that_cannot_be_read_teach_nothing_and_stop_nothing() {
    let place = with_rows(10);
    for (plan_text, status) in [("no plan", "completed"), ("{}", "completed"), (&estimated(500), "failed")] {
        forge(&place, plan_text, status, 100_000);
        assert!(plan(&place, COPIED).pace.is_one(), "{plan_text} {status}");
    }
    forge(&place, &estimated(500), "completed", 100_000);
    assert_eq!(plan(&place, COPIED).pace.thousandths(), 8_000);
}

/// A time as messages show it.
fn shown(ms: u64) -> String {
    if ms < 1_000 { format!("{ms} ms") } else { format!("{:.1} s", Duration::from_millis(ms).as_secs_f64()) }
}

#[test]
fn a_plan_that_history_calls_too_slow_is_refused_with_both_figures() {
    let place = with_rows(100_000);
    let estimate = plan(&place, COPIED).cost().ms;
    forge(&place, &estimated(1_000), "completed", 1_000_000);
    let slow = plan(&place, COPIED).cost().ms;
    assert!(slow > estimate * 7, "{slow} {estimate}");
    let migrator = Migrator::new(model(&wanted(COPIED))).time_limit(Duration::from_millis(slow - 1));
    let error = place.unchanged_by(|| migrator.run(place.path()).expect_err("too slow"));
    assert_eq!(error.kind(), ErrorKind::TimeLimit, "{error}");
    let figures =
        format!("the change is estimated to take {}, the limit is {}", shown(slow), shown(slow - 1));
    contains(&error.to_string(), &[&figures, "state: nothing was changed"]);
}

#[test]
fn a_plan_that_takes_longer_than_the_limit_after_all_is_interrupted_and_rolled_back() {
    let place = with_rows(3_000);
    // One row of each table is all that the rehearsal has; here each row asks for 27,000,000,000.
    let slow = "--: version 2.0.0\n--: backfill t.c (SELECT count(*) FROM t x, t y, t z WHERE x.id + y.id + z.id > 0)\n";
    let slow = format!("{slow}{}", wanted(ADDED).replace("--: version 2.0.0\n", ""));
    let everything =
        "SELECT name, sql, (SELECT group_concat(id || a || b) FROM t) FROM sqlite_schema ORDER BY 1";
    let before = place.query(everything);
    let migrator = || Migrator::new(model(&slow)).time_limit(Duration::from_secs(2));
    let estimate = migrator().dry_run(true).run(place.path()).expect("a plan").plan.cost().ms;
    assert!(estimate < 2_000, "the estimate alone would be refused: {estimate}");
    let error = migrator().run(place.path()).expect_err("it takes for ever");
    assert_eq!(error.kind(), ErrorKind::TimeLimit, "{error}");
    contains(&error.to_string(), &["the time limit of 2000 ms has passed", "rolled back", "help: raise "]);
    assert_eq!(place.query(everything), before);
    assert_eq!(place.query("PRAGMA integrity_check"), "'ok'");
    assert_eq!(place.query("SELECT status FROM migration_history ORDER BY id"), "'completed'\n'failed'");
    assert_eq!(place.run(&wanted(ADDED)).outcome, Outcome::Migrated);
}
