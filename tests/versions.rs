//! Versions of one model, several models in one file, and the history that tells them apart.

use schema_runtime::{Back, Error, ErrorKind, Migrator, Outcome, Resolve};

use crate::support::case::query_text;
use crate::support::model::model;
use crate::support::place::{Place, contains};

const V1: &str = "--: version 1.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)";
const HISTORY: &str = "SELECT id, version, name, kind, status, model FROM migration_history ORDER BY id";

#[test]
fn an_older_program_runs_as_it_is_where_the_newer_one_only_added() {
    let place = Place::with_model(V1);
    place.run(
        "--: version 2.0.0
         CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT, c TEXT NOT NULL DEFAULT 'c'); CREATE TABLE u (x TEXT);
         CREATE INDEX i ON t (a); CREATE VIEW v AS SELECT a FROM t",
    );
    let report = place.unchanged_by(|| place.run(V1));
    assert_eq!(report.outcome, Outcome::NewerDatabase);
    assert_eq!(report.from_version.as_deref(), Some("2.0.0"));
    contains(
        &report.to_string(),
        &["the database is of version 2.0.0", "database is newer and is used as it is"],
    );
    assert!(report.plan.is_empty() && report.steps.is_empty(), "{report}");
    let status = Migrator::new(model(V1)).status(place.path()).expect("a status");
    assert_eq!(status.newer.as_deref(), Some("2.0.0"));
    assert!(status.refused.is_none() && status.is_up_to_date(), "{status}");
}

#[test]
fn rules_over_new_columns_alone_do_not_concern_an_older_program() {
    let place = Place::with_model(V1);
    place.run(
        "--: version 2.0.0
         CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, s TEXT NOT NULL DEFAULT 'open' CHECK (s IN ('open', 'done')), u TEXT UNIQUE,
            p INTEGER REFERENCES t (id), UNIQUE (a, u)); CREATE UNIQUE INDEX i ON t (a, p)",
    );
    assert_eq!(place.run(V1).outcome, Outcome::NewerDatabase);
    place.sql("INSERT INTO t (a) VALUES ('x'), ('x')");
    assert_eq!(place.query("SELECT * FROM t"), "1|'x'|'open'|NULL|NULL\n2|'x'|'open'|NULL|NULL");
}

#[test]
fn an_older_program_is_refused_where_the_newer_one_did_more_than_add() {
    let rows = [
        ("a column is gone", "--: dropped t.a\nCREATE TABLE t (id INTEGER PRIMARY KEY)", "t.a"),
        (
            "a column has another name",
            "--: renamed_from t.b a\nCREATE TABLE t (id INTEGER PRIMARY KEY, b TEXT)",
            "t.a",
        ),
        (
            "a table has another name",
            "--: renamed_from w t\nCREATE TABLE w (id INTEGER PRIMARY KEY, a TEXT)",
            "table t",
        ),
        ("a type is another", "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)", "INTEGER -> TEXT"),
        (
            "a new column must be given",
            "--: backfill t.n 'x'\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, n TEXT NOT NULL)",
            "`n` is NOT NULL",
        ),
        (
            "a column became NOT NULL",
            "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL)",
            "nullability of t.a",
        ),
        ("a CHECK is new", "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT CHECK (a <> 'z'))", "check"),
        ("a UNIQUE is new", "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE)", "UNIQUE"),
        (
            "a unique index is new",
            "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE UNIQUE INDEX i ON t (a)",
            "index \"i\"",
        ),
        (
            "a new column that is always the same must be unique",
            "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT DEFAULT 'b' UNIQUE)",
            "unique",
        ),
        (
            "a CHECK names an old column",
            "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT, CHECK (a <> b))",
            "check",
        ),
        (
            "a foreign key is new",
            "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT REFERENCES t (id))",
            "FOREIGN KEY",
        ),
    ];
    for (name, newer, reason) in rows {
        let place = Place::with_model(V1);
        place.run(&format!("--: version 2.0.0\n{newer}"));
        let error = place.refused(V1, ErrorKind::NewerDatabase);
        let text = error.to_string().to_lowercase();
        contains(&text, &["version 2.0.0", "version 1.0.0", &reason.to_lowercase()]);
        let status = Migrator::new(model(V1)).status(place.path()).expect("a status");
        assert!(status.refused.is_some_and(|text| text.contains("2.0.0")), "{name}");
    }
}

#[test]
fn a_newer_version_goes_on_from_where_the_older_one_was_refused() {
    let place = Place::with_model(V1);
    place.run("--: version 2.0.0\n--: dropped t.a\nCREATE TABLE t (id INTEGER PRIMARY KEY)");
    place.refused(V1, ErrorKind::NewerDatabase);
    let report =
        place.run("--: version 2.0.1\n--: dropped t.a\nCREATE TABLE t (id INTEGER PRIMARY KEY, c TEXT)");
    assert_eq!((report.outcome, report.from_version.as_deref()), (Outcome::Migrated, Some("2.0.0")));
}

#[test]
fn versions_are_compared_as_numbers() {
    let place = Place::with_model("--: version 1.9.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)");
    let report = place.run("--: version 1.10.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)");
    assert_eq!(report.outcome, Outcome::Migrated);
    let report = place.run("--: version 1.9.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)");
    assert_eq!(report.outcome, Outcome::NewerDatabase);
}

#[test]
fn a_model_that_was_replaced_under_the_same_version_is_the_older_one() {
    let place = Place::with_model(V1);
    place.run("--: version 1.0.0\n--: dropped t.a\nCREATE TABLE t (id INTEGER PRIMARY KEY)");
    let error = place.refused(V1, ErrorKind::NewerDatabase);
    contains(&error.to_string(), &["version 1.0.0", "same version", ".allow_revert()"]);
    let report =
        place.run("--: version 1.0.0\n--: dropped t.a\nCREATE TABLE t (id INTEGER PRIMARY KEY, z TEXT)");
    assert_eq!(report.outcome, Outcome::Migrated, "a third model of the version goes on");
}

#[test]
fn a_deliberate_step_back_is_said_or_is_a_higher_version() {
    let newer = "--: version 2.0.0\n--: renamed_from t.b a\nCREATE TABLE t (id INTEGER PRIMARY KEY, b TEXT)";
    let place = Place::with_model(V1);
    place.sql("INSERT INTO t VALUES (1, 'x')");
    place.run(newer);
    let report = place.run_with(V1, Migrator::allow_revert);
    assert_eq!(report.outcome, Outcome::Migrated);
    assert_eq!(place.query("SELECT id, a, b FROM t"), "1|NULL|'x'");
    let report = place.run_with(V1, Migrator::allow_revert);
    assert_eq!(report.outcome, Outcome::UpToDate);

    let place = Place::with_model(V1);
    place.run(newer);
    let report = place.run("--: version 2.1.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)");
    assert_eq!(report.outcome, Outcome::Migrated);
}

#[test]
fn a_mere_new_version_is_recorded_once() {
    let place = Place::with_model(V1);
    let report = place.run("--: version 1.1.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)");
    assert_eq!(report.outcome, Outcome::UpToDate);
    let rows = place.query("SELECT version, kind, status FROM migration_history");
    assert_eq!(rows, "'1.0.0'|'automatic'|'completed'\n'1.1.0'|'automatic'|'completed'");
    place.unchanged_by(|| place.run("--: version 1.1.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)"));
    let report = place.unchanged_by(|| place.run(V1));
    assert_eq!(report.outcome, Outcome::NewerDatabase, "the older version sees the newer one");
}

#[test]
fn two_models_share_a_file_and_a_history() {
    let other = "--: model audit\n--: version 0.1\nCREATE TABLE log (x TEXT)";
    let place = Place::with_model(V1);
    let report = place.run(other);
    assert_eq!((report.outcome, report.model.as_str()), (Outcome::Migrated, "audit"));
    place.sql("INSERT INTO log VALUES ('kept')");
    assert_eq!(place.run(V1).outcome, Outcome::UpToDate);
    assert_eq!(place.run(other).outcome, Outcome::UpToDate);
    let report = place.run("--: version 1.1.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)");
    assert_eq!(report.outcome, Outcome::Migrated);
    assert!(report.foreign.contains(&"table \"log\"".to_owned()), "{:?}", report.foreign);
    assert_eq!(place.run(other).outcome, Outcome::UpToDate);
    assert_eq!(place.query("SELECT x FROM log"), "'kept'");
    assert_eq!(place.query("SELECT count(DISTINCT model) FROM migration_history"), "2");
    assert_eq!(place.query("SELECT model FROM migration_state ORDER BY 1"), "'audit'\n'main'");
}

#[test]
fn two_models_that_both_are_current_write_nothing() {
    let other = "--: model audit\nCREATE TABLE log (x TEXT)";
    let place = Place::with_model(V1);
    place.run(other);
    place.run(V1);
    place.run(other);
    place.unchanged_by(|| {
        place.run(V1);
        place.run(other);
        place.run(V1);
    });
}

#[test]
fn a_table_that_another_model_manages_is_refused() {
    let place = Place::with_model(V1);
    let error = place
        .refused("--: model audit\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)", ErrorKind::Conflict);
    contains(&error.to_string(), &["table `t` is managed by another model"]);
    place.run("--: model audit\nCREATE TABLE log (x TEXT)");
    let error = place.refused(
        "--: version 1.1.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE TABLE log (x TEXT)",
        ErrorKind::Conflict,
    );
    contains(&error.to_string(), &["table `log` is managed by another model"]);
}

#[test]
fn an_external_table_is_referred_to_and_never_touched() {
    let place = Place::with_model(V1);
    let other = "--: model audit\n--: external t
                 CREATE TABLE t (id INTEGER PRIMARY KEY); CREATE TABLE log (x TEXT, t INTEGER REFERENCES t (id))";
    let report = place.run(other);
    assert_eq!(report.plan.to_string().lines().next(), Some("1. create table log (catalog)"));
    assert!(place.query("SELECT sql FROM sqlite_schema WHERE name = 't'").contains("a TEXT"));
    assert_eq!(place.run(other).outcome, Outcome::UpToDate);
    let missing = Place::new();
    let error = missing.refused(other, ErrorKind::Dependent);
    contains(&error.to_string(), &["refers to table `t`, which is not there"]);
}

#[test]
fn a_database_without_history_is_the_baseline_and_is_recorded_first() {
    let place = Place::by_hand(
        "CREATE TABLE t (id INTEGER PRIMARY KEY); CREATE TABLE old (x); INSERT INTO old VALUES (1)",
    );
    let report = place.run(V1);
    assert_eq!(report.outcome, Outcome::Migrated);
    assert_eq!(report.foreign, ["column \"old\".\"x\"", "table \"old\""]);
    assert_eq!(
        place.query(HISTORY),
        "1|'0'|'the database as it was found'|'baseline'|'completed'|'main'\n\
         2|'1.0.0'|'add column t.a'|'automatic'|'completed'|'main'"
    );
    assert_eq!(
        place.query(
            "SELECT snapshot LIKE '%old%', plan IS NULL, undo IS NULL FROM migration_history WHERE id = 1"
        ),
        "1|1|1"
    );
    assert_eq!(place.query("SELECT x FROM old"), "1");
}

#[test]
fn a_database_without_history_that_agrees_is_adopted() {
    let place = Place::by_hand("CREATE TABLE T(Id integer primary key, a text)");
    let report = place.run(V1);
    assert!(report.plan.is_empty() || report.outcome == Outcome::Migrated, "{report}");
    let place = Place::by_hand("CREATE TABLE t(id integer  primary key, \"a\" text)");
    let report = place.run(V1);
    assert_eq!(report.outcome, Outcome::Adopted, "{report}");
    assert_eq!(
        place.query(HISTORY),
        "1|'1.0.0'|'the database as it was found'|'baseline'|'completed'|'main'"
    );
    place.unchanged_by(|| assert_eq!(place.run(V1).outcome, Outcome::UpToDate));
}

#[test]
fn the_wrong_file_is_refused_unless_any_is_adopted() {
    let place = Place::by_hand(
        "CREATE TABLE something (x); CREATE TABLE else_ (y); INSERT INTO something VALUES (1)",
    );
    let error = place.refused(V1, ErrorKind::WrongFile);
    contains(&error.to_string(), &["app.db", "`something`", "`else_`", ".adopt_any()"]);
    let status = Migrator::new(model(V1)).status(place.path()).expect("a status");
    assert!(status.refused.is_some_and(|text| text.contains("adopt_any")));
    let report = place.run_with(V1, Migrator::adopt_any);
    assert_eq!(report.outcome, Outcome::Migrated);
    assert_eq!(place.query("SELECT x FROM something"), "1");
    assert_eq!(place.run(V1).outcome, Outcome::UpToDate);
}

const SEVEN: &str = "CREATE TABLE migration_history (
    id INTEGER PRIMARY KEY AUTOINCREMENT, version TEXT NOT NULL, name TEXT NOT NULL, applied_at TEXT NOT NULL,
    checksum TEXT NOT NULL, status TEXT NOT NULL DEFAULT 'completed', rollback_sql TEXT);
    INSERT INTO migration_history (version, name, applied_at, checksum) VALUES ('001', 'first', '2024-01-01', 'abc'), ('002', 'second', '2024-01-02', 'def');
    CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)";

#[test]
fn a_hand_rolled_history_of_seven_columns_is_extended_and_its_rows_are_kept() {
    let place = Place::by_hand(SEVEN);
    let report = place.run("--: version 1.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)");
    assert_eq!(report.outcome, Outcome::Migrated);
    assert_eq!(
        place.query("SELECT id, version, name, applied_at, checksum, status, rollback_sql IS NULL FROM migration_history WHERE id < 3"),
        "1|'001'|'first'|'2024-01-01'|'abc'|'completed'|1\n2|'002'|'second'|'2024-01-02'|'def'|'completed'|1"
    );
    assert_eq!(
        place.query("SELECT id, version, kind, model FROM migration_history WHERE id > 2"),
        "3|'0'|'baseline'|'main'\n4|'1.0.0'|'automatic'|'main'"
    );
    assert_eq!(place.query("SELECT previous_checksum FROM migration_history WHERE id = 3"), "'def'");
    assert!(!report.foreign.iter().any(|key| key.contains("migration_history")), "{:?}", report.foreign);
    assert_eq!(
        place.run("--: version 1.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)").outcome,
        Outcome::UpToDate
    );
}

#[test]
fn a_hand_rolled_history_is_extended_even_where_the_model_agrees() {
    let place = Place::by_hand(SEVEN);
    assert_eq!(place.run(V1).outcome, Outcome::Adopted);
    assert_eq!(
        place.query("SELECT id, kind, model FROM migration_history"),
        "1|'numbered'|''\n2|'numbered'|''\n3|'baseline'|'main'"
    );
    assert_eq!(place.run(V1).outcome, Outcome::UpToDate);
}

#[test]
fn a_history_of_any_other_shape_is_refused_with_what_differs() {
    let rows = [
        ("CREATE TABLE migration_history (version INTEGER PRIMARY KEY, description TEXT)", "`id` is missing"),
        ("CREATE VIEW migration_history AS SELECT 1 AS id", "it is a view"),
        (
            "CREATE TABLE migration_history (id INTEGER PRIMARY KEY, version TEXT UNIQUE, name TEXT, applied_at TEXT, checksum TEXT, status TEXT, rollback_sql TEXT)",
            "is unique",
        ),
        (
            "CREATE TABLE migration_history (id INTEGER PRIMARY KEY, version TEXT, name TEXT, applied_at TEXT, checksum TEXT, status TEXT, rollback_sql TEXT, author TEXT)",
            "`author` is not known",
        ),
        (
            "CREATE TABLE migration_history (id INTEGER PRIMARY KEY, version REAL, name TEXT, applied_at TEXT, checksum TEXT, status TEXT, rollback_sql TEXT)",
            "would turn text into numbers",
        ),
    ];
    for (history, reason) in rows {
        let place = Place::by_hand(&format!("CREATE TABLE t (id INTEGER PRIMARY KEY); {history}"));
        let error = place.refused(V1, ErrorKind::History);
        contains(&error.to_string(), &["migration_history", reason, "history_table"]);
        let report = place.run_with(V1, |migrator| migrator.history_table("schema_history"));
        assert_eq!(report.outcome, Outcome::Migrated, "{reason}");
        assert_eq!(place.query("SELECT kind FROM schema_history"), "'baseline'\n'automatic'");
        assert_eq!(
            place.query("SELECT count(*) FROM sqlite_schema WHERE name = 'schema_history_state'"),
            "1"
        );
        assert_eq!(
            place.run_with(V1, |migrator| migrator.history_table("schema_history")).outcome,
            Outcome::UpToDate
        );
    }
}

#[test]
fn a_history_of_a_newer_format_is_refused() {
    let place = Place::with_model(V1);
    place.sql("UPDATE migration_history SET format = 99; DELETE FROM migration_state");
    let error = place.refused(V1, ErrorKind::History);
    contains(&error.to_string(), &["format 99", "newer version of `schema-runtime`"]);
}

#[test]
fn a_snapshot_that_cannot_be_read_is_refused() {
    for damage in ["'not json'", "'{}'", "x'ff00'", "7"] {
        let place = Place::with_model(V1);
        place.sql(&format!("UPDATE migration_history SET snapshot = {damage}; DELETE FROM migration_state"));
        place.refused(V1, ErrorKind::History);
    }
}

#[test]
fn a_stamp_that_somebody_spoiled_only_costs_the_full_check() {
    for damage in [
        "DELETE FROM migration_state",
        "UPDATE migration_state SET stamp = 'x'",
        "UPDATE migration_state SET stamp = 7",
        "UPDATE migration_state SET stamp = x'00'",
        "UPDATE migration_state SET stamp = zeroblob(1000000)",
        "UPDATE migration_state SET id = 1",
        "DROP TABLE migration_state",
    ] {
        let place = Place::with_model(V1);
        place.sql(damage);
        assert_eq!(place.run(V1).outcome, Outcome::UpToDate, "{damage}");
        assert_eq!(place.query("SELECT count(*) FROM migration_history"), "1");
        place.unchanged_by(|| place.run(V1));
    }
}

#[test]
fn the_history_tells_everything_about_a_run() {
    let place = Place::with_model(V1);
    place.sql("INSERT INTO t VALUES (1, 'x')");
    let second =
        "--: version 1.1.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT); CREATE INDEX i ON t (b)";
    let report = Migrator::new(model(second)).run(place.path()).expect("a run");
    let conn = place.open();
    assert_eq!(
        query_text(&conn, HISTORY),
        "1|'1.0.0'|'create table t'|'automatic'|'completed'|'main'\n\
         2|'1.1.0'|'add column t.b; create index i on t'|'automatic'|'completed'|'main'"
    );
    let one = |column: &str| -> String {
        let sql = format!("SELECT {column} FROM migration_history WHERE id = 2");
        conn.query_row(&sql, [], |row| row.get(0)).unwrap_or_else(|err| panic!("{column}: {err}"))
    };
    assert_eq!(
        one("previous_checksum"),
        place.query("SELECT checksum FROM migration_history WHERE id = 1").replace('\'', "")
    );
    assert_eq!(
        (one("length(checksum) || checksum_algorithm"), one("batch || ''")),
        ("64sha256-1".to_owned(), "2".to_owned())
    );
    let applied_at = one("applied_at");
    assert!(
        applied_at.len() == 24 && applied_at.ends_with('Z') && &applied_at[10..11] == "T",
        "{applied_at}"
    );
    let plan: schema_runtime::Plan = serde_json::from_str(&one("plan")).expect("a plan");
    assert_eq!(plan, report.plan);
    let undo: schema_runtime::Plan = serde_json::from_str(&one("undo")).expect("an undo");
    contains(&undo.to_string(), &["drop index i on t", "drop column t.b"]);
    contains(&one("rollback_sql"), &["DROP INDEX", "DROP COLUMN"]);
    contains(&one("snapshot"), &["\"column \\\"t\\\".\\\"b\\\"\":\"managed\""]);
    assert_eq!(one("backup"), report.backup.as_ref().expect("a backup").path.display().to_string());
    contains(&one("actor"), &["pid"]);
    assert_eq!(one("fingerprint"), format!("{:032x}", model(second).fingerprint));
    assert_eq!(report.revision, Some(2));
}

#[test]
fn a_failed_run_is_recorded_with_its_error_and_the_next_one_goes_on() {
    let place = Place::with_model(V1);
    place.sql("CREATE TABLE w (x)");
    let newer = "--: version 1.1.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)";
    let cancel = schema_runtime::Cancel::new();
    let seen = cancel.clone();
    let error = Migrator::new(model(newer))
        .backup(schema_runtime::BackupPolicy::Never)
        .cancel(cancel)
        .observer(move |event| {
            if matches!(event, schema_runtime::Event::Step { .. }) {
                seen.cancel();
            }
        })
        .run(place.path())
        .expect_err("cancelled");
    assert_eq!(error.kind(), ErrorKind::Cancelled, "{error}");
    assert_eq!(
        place.query(
            "SELECT status, error LIKE '%cancelled%', snapshot IS NULL FROM migration_history WHERE id = 2"
        ),
        "'failed'|1|1"
    );
    assert_eq!(place.run(newer).outcome, Outcome::Migrated);
    assert_eq!(
        place.query("SELECT id, status FROM migration_history"),
        "1|'completed'\n2|'failed'\n3|'completed'"
    );
}

#[test]
fn a_view_that_is_called_as_the_history_is_never_read_as_one() {
    for status in ["completed", "running"] {
        let place = Place::with_model(V1);
        let recorded = place.query("SELECT count(*) FROM migration_history");
        place.sql("ALTER TABLE migration_history RENAME TO elsewhere");
        place.sql(&format!(
            "CREATE VIEW migration_history AS SELECT id, version, name, applied_at, checksum, '{status}' AS status, rollback_sql, model,
                 'numbered' AS kind, batch, duration_ms, plan, undo, snapshot, fingerprint, backup, error, environment, actor, program,
                 reason, checksum_algorithm, previous_checksum, format FROM elsewhere"
        ));
        assert_eq!(place.query("SELECT count(*) FROM migration_history"), recorded);
        let migrator = || Migrator::new(model(V1)).lock_wait(std::time::Duration::ZERO);
        let path = place.path();
        let is_none = |error: Error| {
            assert_eq!(error.kind(), ErrorKind::History, "{error}");
            contains(
                &error.to_string(),
                &["`migration_history`", "it is a view, not a table", "history_table", "help: "],
            );
        };
        // The stamp is still good: nothing is looked at.
        place.sql("DELETE FROM migration_state");
        place.unchanged_by(|| {
            is_none(migrator().run(&path).expect_err("a run"));
            is_none(migrator().status(&path).expect_err("a status"));
            is_none(migrator().history(&path).expect_err("a history"));
            is_none(migrator().rollback(&path, &Back::Last(1)).expect_err("a rollback"));
            is_none(migrator().rollback_candidates(&path).expect_err("candidates"));
            is_none(migrator().baseline(&path).expect_err("a baseline"));
            is_none(migrator().resolve(&path, &Resolve::AdoptDrift, "a test").expect_err("drift"));
        });
    }
}

#[test]
fn a_view_that_a_rename_of_another_model_has_rewritten_is_not_called_handwork() {
    let place = Place::new();
    place.run("--: model a\n--: version 1.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)");
    let b = |column: &str| {
        format!(
            "--: model b\n--: version 1.0.0\nCREATE TABLE own (x TEXT);
            CREATE VIEW bv AS SELECT {column} FROM t;
            CREATE TRIGGER bt AFTER INSERT ON own BEGIN INSERT INTO t ({column}) VALUES (new.x); END"
        )
    };
    place.run(&b("a"));
    place.run("--: model a\n--: version 2.0.0\n--: renamed_from t.name a\nCREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)");
    let error = place.refused(&b("a"), ErrorKind::Drift);
    contains(
        &error.to_string(),
        &[
            "error: another model of this database has renamed what this one reads",
            "view `bv` is ",
            "trigger `bt` is ",
            "view `bv` was so left by revision 4 of model `a`: rename column t.a to name",
            "help: take the new names into the model",
        ],
    );
    place.run(&b("name").replace("1.0.0", "1.1.0"));
    place.sql("INSERT INTO own VALUES ('x')");
    assert_eq!(place.query("SELECT * FROM bv"), "'x'");
    // What somebody has done is still told as before.
    place.sql("DROP VIEW bv; CREATE VIEW bv AS SELECT name, 1 FROM t");
    let error = place.refused(&b("name").replace("1.0.0", "1.1.0"), ErrorKind::Drift);
    contains(&error.to_string(), &["changed by hand", "undo the change by hand"]);
}

#[test]
fn a_rewritten_view_is_told_with_the_rename_and_not_with_who_came_after_it() {
    let place = Place::new();
    place.run("--: model a\n--: version 1.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)");
    let b = "--: model b\n--: version 1.0.0\nCREATE VIEW bv AS SELECT a FROM t";
    place.run(b);
    place.run("--: model c\n--: version 1.0.0\nCREATE TABLE third (x TEXT)");
    place.run("--: model a\n--: version 2.0.0\n--: renamed_from t.name a\nCREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)");
    place.run("--: model c\n--: version 1.0.0\nCREATE TABLE third (x TEXT)");
    let error = place.refused(b, ErrorKind::Drift).to_string();
    contains(
        &error,
        &[
            "error: another model of this database has renamed what this one reads",
            "of model `a`: rename column",
        ],
    );
    assert!(!error.contains("of model `c`"), "{error}");
}
