//! What one call at start-up promises besides the change itself: no needless work, no traces, and a connection left as it was.

use std::fs;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use schema_runtime::{Cancel, ErrorKind, Event, Migrator, Outcome, Report, Status};

use crate::support::case::query_text;
use crate::support::model::model;
use crate::support::place::{Place, contains};

const OLD: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)";
const NEW: &str =
    "--: version 1.1.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b TEXT); CREATE INDEX i ON t (b)";

fn with_rows() -> Place {
    let place = Place::with_model(OLD);
    place.sql("INSERT INTO t VALUES (1, '5'), (2, NULL)");
    place
}

#[test]
fn a_second_run_writes_nothing_and_takes_no_lock() {
    for mode in ["DELETE", "WAL"] {
        let place = Place::new();
        place.sql(&format!("PRAGMA journal_mode = {mode}"));
        place.run(OLD);
        place.unchanged_by(|| assert_eq!(place.run(OLD).outcome, Outcome::UpToDate));
        let writer = place.open();
        writer.execute_batch("BEGIN IMMEDIATE").expect("a lock");
        let migrator = Migrator::new(model(OLD)).lock_wait(Duration::ZERO);
        assert_eq!(
            migrator.run(place.path()).expect("no lock is needed").outcome,
            Outcome::UpToDate,
            "{mode}"
        );
    }
}

#[test]
fn a_run_on_a_connection_that_may_only_read_is_up_to_date() {
    let place = with_rows();
    let mut conn = place.open();
    conn.execute_batch("PRAGMA query_only = ON").expect("a pragma");
    place.unchanged_by(|| {
        assert_eq!(Migrator::new(model(OLD)).run_on(&mut conn).expect("a run").outcome, Outcome::UpToDate);
    });
}

#[test]
fn what_somebody_did_to_the_schema_is_noticed() {
    let place = with_rows();
    place.sql("DROP TABLE t");
    let report = place.run(OLD);
    assert_eq!(report.outcome, Outcome::Repaired);
    place.sql("VACUUM");
    assert_eq!(place.run(OLD).outcome, Outcome::UpToDate);
    place.unchanged_by(|| place.run(OLD));
    place.sql("CREATE TABLE w (x)");
    let report = place.run(OLD);
    assert_eq!((report.outcome, report.foreign.len()), (Outcome::UpToDate, 2));
    place.unchanged_by(|| place.run(OLD));
}

#[test]
fn another_policy_looks_again() {
    let place = with_rows();
    let report = place.run_with(OLD, |migrator| migrator.removed(schema_runtime::RemovalPolicy::Drop));
    assert_eq!(report.outcome, Outcome::UpToDate);
    assert_eq!(place.query("SELECT count(*) FROM migration_history"), "1");
}

#[test]
fn status_and_a_dry_run_never_make_a_file() {
    let place = Place::new();
    let migrator = Migrator::new(model(OLD));
    let status = migrator.status(place.path()).expect("a status");
    assert!(!status.exists && !status.is_up_to_date() && status.pending.steps.len() == 1, "{status}");
    let report = migrator.clone().dry_run(true).run(place.path()).expect("a dry run");
    assert_eq!((report.outcome, report.steps.len()), (Outcome::PlannedOnly, 1));
    assert!(place.names().is_empty(), "{:?}", place.names());
    let error = migrator.status(place.folder().join("missing/app.db"));
    assert!(error.is_ok_and(|status| !status.exists));
    assert!(place.names().is_empty());
}

#[test]
fn status_and_a_dry_run_touch_nothing() {
    for mode in ["DELETE", "WAL"] {
        let place = with_rows();
        place.sql(&format!("PRAGMA journal_mode = {mode}"));
        place.unchanged_by(|| {
            let migrator = Migrator::new(model(NEW));
            let status = migrator.status(place.path()).expect("a status");
            assert_eq!(status.pending.changes().count(), 3, "{status}");
            assert_eq!(status.last.as_ref().map(|last| last.version.as_str()), Some("1.0.0"));
            let report = migrator.clone().dry_run(true).run(place.path()).expect("a dry run");
            assert_eq!(report.plan, status.pending);
            assert!(report.applied.is_empty() && report.backup.is_none() && !report.changed());
        });
        let conn = place.open();
        let status = Migrator::new(model(NEW)).status_on(&conn).expect("a status");
        assert_eq!(status.pending.changes().count(), 3);
    }
}

#[test]
fn status_tells_what_a_run_would_refuse() {
    let place = with_rows();
    place.sql("DROP TABLE t; CREATE TABLE t (id INTEGER PRIMARY KEY, a BLOB)");
    let status = place.unchanged_by(|| Migrator::new(model(OLD)).status(place.path()).expect("a status"));
    contains(&status.drift.join("\n"), &["type of `t`.`a` is BLOB but was left as TEXT"]);
    assert!(!status.is_up_to_date() && status.pending.is_empty());
    contains(&status.to_string(), &["a start-up would be refused", "last revision: 1"]);
    let refusal = status.refusal.clone().expect("refused");
    assert_eq!((refusal.kind, &refusal.causes), (ErrorKind::Drift, &status.drift));
    let json = serde_json::to_value(&status).expect("JSON");
    assert_eq!(json["refusal"]["kind"], "drift");
    assert_eq!(serde_json::from_value::<Status>(json).expect("a status"), status);
    assert_eq!(status.tampered, Vec::<String>::new());
    place.sql("UPDATE migration_history SET name = 'another'");
    let status = Migrator::new(model(OLD)).status(place.path()).expect("a status");
    assert_eq!(status.tampered.len(), 1, "{status}");
    contains(&status.tampered[0], &["row 1 of the history (1.0.0)"]);
    let place = with_rows();
    place.sql("ALTER TABLE t DROP COLUMN a");
    let status = Migrator::new(model(OLD)).status(place.path()).expect("a status");
    assert_eq!(status.repaired, ["column `t`.`a` was dropped by hand"]);
    assert!(status.notes.contains(&status.repaired[0]) && status.drift.is_empty(), "{status}");
    let place = with_rows();
    let narrow = model("--: version 2\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL)");
    let status = Migrator::new(narrow).status(place.path()).expect("a status");
    contains(&status.refused.expect("refused"), &["`t`", "rowid"]);
}

#[test]
fn a_report_reads_well_for_people_and_machines() {
    let place = with_rows();
    let report = Migrator::new(model(NEW)).run(place.path()).expect("a run");
    assert_eq!(
        (report.outcome, report.from_version.as_deref(), report.version.as_str()),
        (Outcome::Migrated, Some("1.0.0"), "1.1.0")
    );
    assert_eq!(
        report.applied,
        ["alter type of t.a: TEXT -> INTEGER", "add column t.b", "create index i on t"]
    );
    assert_eq!(report.steps.len(), report.plan.steps.len());
    let text = report.to_string();
    contains(&text, &["backup created: ", "  create index i on t (", "migrated: 2 steps in "]);
    assert!(report.duration >= report.phases.backup && report.phases.backup > Duration::ZERO);
    let json = serde_json::to_value(&report).expect("JSON");
    assert_eq!(json["outcome"], "migrated");
    assert_eq!(json["steps"][0]["method"], "rebuild");
    let back: Report = serde_json::from_value(json).expect("a report");
    assert_eq!(back.plan, report.plan);
    let again = Migrator::new(model(NEW)).run(place.path()).expect("a run").to_string();
    assert!(again.starts_with("schema is up to date (") && again.ends_with(" ms)"), "{again}");
}

fn watched(model_sql: &str) -> (Migrator, Arc<Mutex<Vec<Event>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    let migrator = Migrator::new(model(model_sql))
        .observer(move |event| sink.lock().expect("events").push(event.clone()));
    (migrator, seen)
}

fn kinds(events: &Arc<Mutex<Vec<Event>>>) -> String {
    let mut kinds: Vec<&str> = events
        .lock()
        .expect("events")
        .iter()
        .map(|event| match event {
            Event::Checking { .. } => "checking",
            Event::Planned { .. } => "planned",
            Event::BackingUp { .. } => "backing up",
            Event::BackedUp { .. } => "backed up",
            Event::Step { .. } => "step",
            Event::Done { .. } => "done",
            Event::Failed { .. } => "failed",
            _ => "other",
        })
        .collect();
    kinds.dedup();
    kinds.join(", ")
}

#[test]
fn the_observer_sees_every_stage_in_order() {
    let place = with_rows();
    let (migrator, events) = watched(NEW);
    migrator.run(place.path()).expect("a run");
    assert_eq!(kinds(&events), "checking, planned, backing up, backed up, step, done");
    let all = events.lock().expect("events").clone();
    let lines: Vec<String> = all.iter().map(ToString::to_string).collect();
    contains(
        &lines.join("\n"),
        &[
            "checking database schema: ",
            "2 steps to take:",
            "step 1 of 2: ",
            "step 2 of 2: create index i on t",
        ],
    );
    let (migrator, events) = watched(NEW);
    migrator.run(place.path()).expect("a run");
    assert_eq!(kinds(&events), "checking, done");
    let (migrator, events) =
        watched("--: version 9\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT CHECK (nope(a)))");
    migrator.run(place.path()).expect_err("refused");
    assert_eq!(kinds(&events), "checking, failed");
    let (migrator, events) = watched(OLD);
    migrator.run(place.folder().join("missing/app.db")).expect_err("refused");
    assert!(kinds(&events).ends_with("failed"));
}

#[test]
fn a_run_is_cancelled_before_and_at_every_event() {
    let cancel = Cancel::new();
    cancel.cancel();
    let place = with_rows();
    let error = place
        .unchanged_by(|| Migrator::new(model(NEW)).cancel(cancel).run(place.path()).expect_err("cancelled"));
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    contains(&error.to_string(), &["cancelled", "state: "]);
    for stop in ["checking", "planned", "backing up", "step"] {
        let place = with_rows();
        let before = place.query("SELECT * FROM t; ");
        let schema = place.query("SELECT name, sql FROM sqlite_schema ORDER BY 1");
        let cancel = Cancel::new();
        let handle = cancel.clone();
        let migrator = Migrator::new(model(NEW)).cancel(cancel).observer(move |event| {
            let text = serde_json::to_string(event).unwrap_or_default().replace('_', " ");
            if text.contains(&format!("\"event\":\"{stop}\"")) {
                handle.cancel();
            }
        });
        let error = migrator.run(place.path()).expect_err(stop);
        assert_eq!(error.kind(), ErrorKind::Cancelled, "{stop}: {error}");
        contains(&error.to_string(), &["state: "]);
        assert_eq!(place.query("SELECT * FROM t"), before);
        assert_eq!(place.query("SELECT name, sql FROM sqlite_schema ORDER BY 1"), schema, "{stop}");
        assert_eq!(Migrator::new(model(NEW)).run(place.path()).expect("a run").outcome, Outcome::Migrated);
    }
}

#[test]
fn a_time_limit_of_nothing_changes_nothing() {
    let place = with_rows();
    place.sql("WITH RECURSIVE n(i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM n LIMIT 5000) INSERT INTO t SELECT i, i FROM n");
    for sql in [NEW, "--: version 1.1.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)"] {
        let schema = place.query("SELECT name, sql FROM sqlite_schema ORDER BY 1");
        let error =
            Migrator::new(model(sql)).time_limit(Duration::ZERO).run(place.path()).expect_err("no time");
        assert_eq!(error.kind(), ErrorKind::TimeLimit, "{error}");
        contains(&error.to_string(), &["limit", "state: ", "help: "]);
        assert_eq!(place.query("SELECT name, sql FROM sqlite_schema ORDER BY 1"), schema);
    }
    let report = Migrator::new(model(NEW)).no_time_limit().run(place.path()).expect("a run");
    assert_eq!(report.outcome, Outcome::Migrated);
}

#[test]
fn a_rehearsal_is_stopped_as_well_and_a_dry_run_has_no_limit() {
    let place = Place::new();
    let migrator = || Migrator::new(model(NEW)).time_limit(Duration::ZERO);
    let error = migrator().run(place.path()).expect_err("no time");
    assert_eq!(error.kind(), ErrorKind::TimeLimit, "{error}");
    contains(&error.to_string(), &["the rehearsal of the plan", "state: nothing was changed", "help: "]);
    let cancel = Cancel::new();
    cancel.cancel();
    let error = Migrator::new(model(NEW)).cancel(cancel).run(place.path()).expect_err("cancelled");
    assert_eq!(error.kind(), ErrorKind::Cancelled, "{error}");
    let planned = migrator().dry_run(true).run(place.path()).expect("a dry run");
    assert_eq!(planned.outcome, Outcome::PlannedOnly);
    assert!(!place.path().exists(), "nothing has made the file");
}

#[test]
fn a_plan_that_would_take_longer_than_the_limit_is_refused_before_it_begins() {
    let place = with_rows();
    place.sql("WITH RECURSIVE n(i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM n LIMIT 200000) INSERT INTO t SELECT i, i FROM n");
    let migrator = Migrator::new(model(NEW)).time_limit(Duration::from_millis(1));
    let error = place.unchanged_by(|| migrator.run(place.path()).expect_err("too long"));
    assert_eq!(error.kind(), ErrorKind::TimeLimit, "{error}");
}

#[test]
fn a_consent_to_a_hazard_that_does_not_exist_is_refused() {
    let place = with_rows();
    for text in ["L999", "", "L103 = ", "anything", "L103=t.a=x"] {
        let error = Migrator::new(model(NEW)).allow(text).run(place.path());
        if text.starts_with("L103") {
            continue;
        }
        let error = error.expect_err(text);
        assert_eq!(error.kind(), ErrorKind::Refused, "{text}");
        contains(&error.to_string(), &["names no hazard", "L103"]);
    }
}

#[test]
fn a_consent_lets_a_lossy_conversion_pass() {
    let place = Place::with_model(OLD);
    place.sql("INSERT INTO t VALUES (1, '5'), (2, 'five')");
    place.refused(NEW, ErrorKind::Data);
    place.refused_with(NEW, ErrorKind::Data, |migrator| migrator.allow("L103=t.other"));
    let report = place.run_with(NEW, |migrator| migrator.allow("L103=t.a"));
    assert_eq!(report.outcome, Outcome::Migrated);
    assert_eq!(place.query("SELECT id, a FROM t ORDER BY id"), "1|5\n2|'five'");
}

#[test]
fn a_connection_in_use_is_refused() {
    let place = with_rows();
    let mut conn = place.open();
    conn.execute_batch("BEGIN").expect("a transaction");
    let error = Migrator::new(model(NEW)).run_on(&mut conn).expect_err("in use");
    assert_eq!(error.kind(), ErrorKind::Connection);
    contains(&error.to_string(), &["a transaction is open", "state: "]);
    assert!(!conn.is_autocommit(), "the transaction is the caller's");
    conn.execute_batch("COMMIT").expect("the end");
    for mode in ["MEMORY", "OFF"] {
        let _: String =
            conn.query_row(&format!("PRAGMA journal_mode = {mode}"), [], |row| row.get(0)).expect("a mode");
        let error = Migrator::new(model(NEW)).run_on(&mut conn).expect_err("unsafe");
        assert_eq!(error.kind(), ErrorKind::Connection);
        contains(&error.to_string(), &[mode, "crash"]);
        let found: String = conn.query_row("PRAGMA journal_mode", [], |row| row.get(0)).expect("a mode");
        assert_eq!(found, mode.to_lowercase());
    }
}

fn settings(conn: &Connection) -> String {
    let pragmas = [
        "foreign_keys",
        "legacy_alter_table",
        "writable_schema",
        "ignore_check_constraints",
        "query_only",
        "trusted_schema",
        "synchronous",
        "busy_timeout",
        "journal_mode",
        "user_version",
        "application_id",
        "recursive_triggers",
        "cache_size",
    ];
    let mut lines: Vec<String> = pragmas
        .iter()
        .map(|name| format!("{name} {}", query_text(conn, &format!("PRAGMA {name}"))))
        .collect();
    for option in [DbConfig::SQLITE_DBCONFIG_DEFENSIVE, DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER] {
        lines.push(format!("{:?}", conn.db_config(option).ok()));
    }
    lines.join("\n")
}

#[test]
fn a_connection_keeps_its_settings_on_every_path() {
    let models = [
        ("done", NEW),
        ("up to date", OLD),
        ("rows in the way", "--: version 3\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL)"),
        ("missing", "--: version 3\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT CHECK (nope(a)))"),
        (
            "conflict",
            "--: version 3\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE TABLE v (x TEXT)",
        ),
    ];
    let odd = "PRAGMA foreign_keys = ON; PRAGMA legacy_alter_table = ON; PRAGMA ignore_check_constraints = ON;
               PRAGMA synchronous = OFF; PRAGMA busy_timeout = 77; PRAGMA recursive_triggers = ON; PRAGMA trusted_schema = OFF";
    let plain = "PRAGMA foreign_keys = OFF; PRAGMA synchronous = EXTRA; PRAGMA busy_timeout = 0";
    for (name, sql) in models {
        for setup in [odd, plain] {
            let place = with_rows();
            place.sql("CREATE VIEW v AS SELECT 1; PRAGMA user_version = 42; PRAGMA application_id = 77");
            let mut conn = place.open();
            conn.execute_batch(setup).expect("settings");
            conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, setup == odd).expect("defensive");
            let before = settings(&conn);
            let result = Migrator::new(model(sql)).run_on(&mut conn);
            assert_eq!(result.is_ok(), matches!(name, "done" | "up to date"), "{name}");
            assert_eq!(settings(&conn), before, "{name}");
            assert!(conn.is_autocommit() && !conn.is_busy());
        }
    }
}

#[test]
fn a_panic_of_the_observer_leaves_the_connection_and_the_file_as_they_were() {
    let place = with_rows();
    let mut conn = place.open();
    let before = settings(&conn);
    let schema = place.query("SELECT name, sql FROM sqlite_schema ORDER BY 1");
    let migrator = Migrator::new(model(NEW)).observer(|event| {
        assert!(!matches!(event, Event::Step { number: 2, .. }), "the observer panics");
    });
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| migrator.run_on(&mut conn)));
    assert!(result.is_err());
    assert_eq!(settings(&conn), before);
    assert!(conn.is_autocommit());
    assert_eq!(place.query("SELECT name, sql FROM sqlite_schema ORDER BY 1"), schema);
    assert_eq!(Migrator::new(model(NEW)).run_on(&mut conn).expect("a run").outcome, Outcome::Migrated);
}

#[test]
fn memory_databases_work_without_backup() {
    let mut conn = Connection::open_in_memory().expect("memory");
    let report = Migrator::new(model(OLD)).run_on(&mut conn).expect("a run");
    assert_eq!(report.outcome, Outcome::Created);
    contains(report.no_backup.as_deref().unwrap_or(""), &["in memory"]);
    conn.execute_batch("INSERT INTO t VALUES (1, '5')").expect("a row");
    let report = Migrator::new(model(NEW)).run_on(&mut conn).expect("a run");
    assert_eq!(report.outcome, Outcome::Migrated);
    assert_eq!(query_text(&conn, "SELECT * FROM t"), "1|5|NULL");
    assert_eq!(Migrator::new(model(NEW)).run_on(&mut conn).expect("a run").outcome, Outcome::UpToDate);
    assert!(fs::metadata(":memory:").is_err());
}

#[test]
fn a_status_can_be_sent_since_it_leaves_what_is_as_long_as_the_schema_in_the_history() {
    let place = Place::with_model(OLD);
    let migrator = Migrator::new(model(NEW));
    migrator.run(place.path()).expect("a run");
    let last = migrator.status(place.path()).expect("a status").last.expect("a revision");
    assert_eq!((last.plan, last.undo, last.snapshot), (None, None, None));
    let history = migrator.history(place.path()).expect("the history");
    let row = history.last().expect("a revision");
    assert!(row.id == last.id && row.plan.is_some() && row.undo.is_some() && row.snapshot.is_some());
}

#[test]
fn migrators_and_errors_go_between_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<Migrator>();
    shared::<Report>();
    shared::<Status>();
    shared::<Event>();
    shared::<Cancel>();
    // What boxes, and crates for errors, take.
    fn error<T: std::error::Error + Send + Sync + 'static>() {}
    error::<schema_runtime::Error>();
}

#[test]
fn a_text_that_was_edited_without_another_schema_version_is_seen_by_the_complete_check() {
    let place = with_rows();
    let complete = || Migrator::new(model(OLD)).complete_check();
    // The first one notes the texts, the second finds them equal.
    complete().run(place.path()).expect("a run");
    place
        .unchanged_by(|| assert_eq!(complete().run(place.path()).expect("a run").outcome, Outcome::UpToDate));
    place.sql(
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL)' WHERE name = 't'",
    );
    assert_eq!(place.run(OLD).outcome, Outcome::UpToDate, "one look at the schema version cannot tell");
    let drift = || complete().run(place.path()).expect_err("drift");
    let error = place.unchanged_by(drift);
    assert_eq!(error.kind(), ErrorKind::Drift);
    contains(&error.to_string(), &["a"]);
}

#[test]
fn an_object_that_came_or_went_without_another_schema_version_is_seen_by_the_complete_check() {
    const WITH_VIEW: &str =
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);\nCREATE VIEW last AS SELECT a FROM t";
    let place = Place::with_model(WITH_VIEW);
    let complete = || Migrator::new(model(WITH_VIEW)).complete_check().run(place.path());
    let noted = |text: &str| {
        place.query(&format!("SELECT instr(texts, CAST('{text}' AS BLOB)) > 0 FROM migration_state"))
    };
    complete().expect("a run that notes the texts");
    assert_eq!((noted("VIEW last"), noted("VIEW more")), ("1".to_owned(), "0".to_owned()));
    place.sql(
        "PRAGMA writable_schema = ON; INSERT INTO sqlite_schema VALUES ('view', 'more', 'more', 0, 'CREATE VIEW more AS SELECT 1')",
    );
    assert_eq!(complete().expect("somebody else's view").outcome, Outcome::UpToDate);
    assert_eq!((noted("VIEW last"), noted("VIEW more")), ("1".to_owned(), "1".to_owned()));
    place.unchanged_by(|| complete().expect("as noted"));
    // Its texts are the first of those that were noted.
    place.sql("PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'more'");
    complete().expect("without it");
    assert_eq!(noted("VIEW more"), "0");
    place.sql("PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'last'");
    let report = complete().expect("a view is made anew");
    assert_eq!((report.outcome, report.applied), (Outcome::Repaired, vec!["create view last".to_owned()]));
}
