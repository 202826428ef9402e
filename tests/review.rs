//! What a messy database, two models in one file, or another process could turn into lost or altered rows.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rusqlite::Connection;
use schema_runtime::{BackupPolicy, ErrorKind, HazardCode as H, Migrator, RemovalPolicy};

use crate::support::case::{Act::*, Case, Expect, query_text, run};
use crate::support::model::model;
use crate::support::place::Place;

const OTHER: &str = "--: model audit\nCREATE TABLE accounts (id INTEGER PRIMARY KEY, name TEXT)";

#[test]
fn a_rename_never_takes_a_table_that_another_model_manages() {
    let place = Place::with_model("CREATE TABLE t (id INTEGER PRIMARY KEY)");
    place.run(OTHER);
    place.sql("INSERT INTO accounts VALUES (1, 'theirs')");
    let wanted = "--: renamed_from users accounts
        CREATE TABLE t (id INTEGER PRIMARY KEY); CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)";
    place.refused(wanted, ErrorKind::Conflict);
    assert_eq!(place.query("SELECT name FROM accounts"), "'theirs'");
}

#[test]
fn a_table_that_another_model_has_taken_over_is_not_dropped_by_the_one_that_gave_it_up() {
    let place = Place::with_model(
        "CREATE TABLE t (a TEXT); CREATE TABLE accounts (id INTEGER PRIMARY KEY, name TEXT)",
    );
    place.run("--: version 2.0.0\nCREATE TABLE t (a TEXT)");
    place.run(OTHER);
    place.sql("INSERT INTO accounts VALUES (1, 'theirs')");
    place.run("--: version 3.0.0\n--: dropped accounts\nCREATE TABLE t (a TEXT)");
    assert_eq!(place.query("SELECT name FROM accounts"), "'theirs'");
}

#[test]
fn a_virtual_table_that_another_model_has_taken_over_is_not_dropped_by_the_one_that_gave_it_up() {
    let place = Place::with_model("CREATE TABLE t (a TEXT); CREATE VIRTUAL TABLE f USING fts5(a)");
    place.run("--: version 2.0.0\nCREATE TABLE t (a TEXT)");
    place.run("--: model audit\nCREATE VIRTUAL TABLE f USING fts5(a)");
    place.sql("INSERT INTO f VALUES ('theirs')");
    place.run("--: version 3.0.0\n--: dropped f\nCREATE TABLE t (a TEXT)");
    assert_eq!(place.query("SELECT a FROM f"), "'theirs'");
}

#[test]
fn a_trigger_of_another_model_or_table_is_not_replaced() {
    const MINE: &str = "CREATE TABLE t (a TEXT); CREATE TRIGGER noted AFTER INSERT ON t BEGIN SELECT 1; END";
    let place = Place::with_model("CREATE TABLE t (a TEXT)");
    place.run(
        "--: model audit\nCREATE TABLE log (x TEXT); CREATE TABLE logged (x TEXT);
         CREATE TRIGGER noted AFTER INSERT ON log BEGIN INSERT INTO logged VALUES (new.x); END",
    );
    place.refused(MINE, ErrorKind::Conflict);
    let place = Place::with_model("CREATE TABLE t (a TEXT)");
    place.sql("CREATE TABLE log (x TEXT); CREATE TRIGGER noted AFTER INSERT ON log BEGIN SELECT 2; END");
    place.refused(MINE, ErrorKind::Conflict);
}

#[test]
fn a_new_column_does_not_change_what_a_double_quoted_string_means() {
    for object in [
        "CREATE INDEX i ON t (a) WHERE a <> \"draft\"",
        "CREATE INDEX i ON t (a || \"draft\")",
        "CREATE TABLE u (a TEXT); ALTER TABLE t ADD g TEXT AS (a || \"draft\")",
    ] {
        let place = Place::with_model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)");
        place.sql(object);
        place.sql("INSERT INTO t (id, a) VALUES (1, 'x'), (2, 'draft')");
        let wanted = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, draft TEXT)";
        let result = Migrator::new(model(wanted)).run(place.path());
        assert_eq!(place.query("PRAGMA integrity_check"), "'ok'", "{object}");
        let error = result.expect_err(object);
        assert_eq!(error.kind(), ErrorKind::Conflict, "{object}: {error}");
    }
    let place = Place::by_hand(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT CHECK (a <> \"draft\")); INSERT INTO t VALUES (1, 'x')",
    );
    place.refused("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, draft TEXT)", ErrorKind::Conflict);
}

#[test]
fn a_virtual_table_that_is_made_anew_keeps_what_it_holds_or_asks() {
    run(&[Case {
        name: "the auxiliary columns of an R-tree",
        before: &[
            Model("CREATE TABLE t (a TEXT); CREATE VIRTUAL TABLE r USING rtree(id, x0, x1, +label TEXT)"),
            Sql("INSERT INTO r VALUES (1, 0.0, 1.0, 'kept')"),
        ],
        after: "CREATE TABLE t (a TEXT); CREATE VIRTUAL TABLE r USING rtree(id, x0, x1, +label TEXT, +note TEXT)",
        expect: Expect::Plan("1. alter virtual table r (rebuild)", &[]),
        rows: &[("SELECT id, label, note FROM r", "1|'kept'|NULL")],
        ..Case::DEFAULT
    }]);
    let place = Place::with_model("CREATE TABLE t (a TEXT); CREATE VIRTUAL TABLE f USING fts5(a)");
    place.sql("INSERT INTO f VALUES ('only here')");
    let wanted = "CREATE TABLE t (a TEXT); CREATE VIRTUAL TABLE f USING fts5(a, content='t')";
    place.refused(wanted, ErrorKind::Refused);
    assert_eq!(place.query("SELECT a FROM f"), "'only here'");
    place.run_with(wanted, |migrator| migrator.allow("L104=f"));
}

#[test]
fn text_that_is_not_utf_8_is_kept_as_it_is() {
    let place = Place::with_model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)");
    place.sql("INSERT INTO t VALUES (1, CAST(x'63616665E9' AS TEXT))");
    place.run("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT DEFAULT 'x', b TEXT)");
    assert_eq!(place.query("SELECT hex(a), typeof(a) FROM t"), "'63616665E9'|'text'");
}

#[test]
fn names_that_have_changed_places_do_not_do_so_again_when_their_table_is_renamed() {
    run(&[Case {
        name: "swapped, then the table is renamed with the old hints still in the model",
        before: &[
            Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)"),
            Sql("INSERT INTO t VALUES (1, 'was a', 'was b')"),
            Model(
                "--: renamed_from t.a b\n--: renamed_from t.b a\n--: version 2.0.0
                 CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)",
            ),
        ],
        after: "--: renamed_from u t\n--: renamed_from u.a b\n--: renamed_from u.b a\n--: version 3.0.0
            CREATE TABLE u (id INTEGER PRIMARY KEY, a TEXT, b TEXT)",
        expect: Expect::Plan("1. rename table t to u (catalog)", &[H::Rename]),
        rows: &[("SELECT a, b FROM u", "'was b'|'was a'")],
        ..Case::DEFAULT
    }]);
}

#[test]
fn a_rename_onto_a_name_that_is_taken_is_refused_and_loses_nothing() {
    for policy in [RemovalPolicy::Drop, RemovalPolicy::Retain] {
        let place = Place::with_model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)");
        place.sql("INSERT INTO t VALUES (1, 'new', 'old')");
        place.run("--: version 2.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)");
        let wanted =
            "--: version 3.0.0\n--: renamed_from t.b a\nCREATE TABLE t (id INTEGER PRIMARY KEY, b TEXT)";
        place.refused_with(wanted, ErrorKind::Conflict, |migrator| migrator.removed(policy));
        assert_eq!(place.query("SELECT a, b FROM t"), "'new'|'old'");
        let place = Place::with_model("CREATE TABLE a (x TEXT); CREATE TABLE b (x TEXT)");
        place.sql("INSERT INTO a VALUES ('new'); INSERT INTO b VALUES ('old')");
        place.run("--: version 2.0.0\nCREATE TABLE a (x TEXT)");
        let wanted = "--: version 3.0.0\n--: renamed_from b a\nCREATE TABLE b (x TEXT)";
        place.refused_with(wanted, ErrorKind::Conflict, |migrator| migrator.removed(policy));
        assert_eq!(place.query("SELECT x FROM a"), "'new'");
    }
}

#[test]
fn temporary_triggers_of_the_connection_do_not_fire_for_what_a_run_writes() {
    const NOTED: &str =
        "CREATE TEMP TRIGGER noted_u AFTER UPDATE ON t BEGIN INSERT INTO log VALUES ('u' || new.id); END;
        CREATE TEMP TRIGGER noted_i AFTER INSERT ON t BEGIN INSERT INTO log VALUES ('i' || new.id); END;
        CREATE TEMP TRIGGER noted_d AFTER DELETE ON t BEGIN INSERT INTO log VALUES ('d' || old.id); END";
    for (wanted, what) in [
        ("--: backfill t.b 'x'\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)", "backfill"),
        ("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT DEFAULT 'd')", "rebuild"),
        ("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL DEFAULT '')", "not null"),
    ] {
        let place = Place::with_model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)");
        place.sql("CREATE TABLE log (x TEXT); INSERT INTO t VALUES (1, 'a'), (2, 'a')");
        let mut conn = place.open();
        conn.execute_batch(NOTED).expect("triggers");
        Migrator::new(model(wanted)).backup(BackupPolicy::Never).run_on(&mut conn).expect(what);
        assert_eq!(query_text(&conn, "SELECT x FROM log"), "", "{what}");
        conn.execute_batch("UPDATE t SET a = 'z' WHERE id = 1").expect("an update");
        assert_eq!(query_text(&conn, "SELECT x FROM log"), "'u1'", "{what}");
    }
}

#[test]
fn a_file_that_another_process_is_just_creating_is_not_removed() {
    let place = Place::new();
    let path = place.path();
    let holder: Arc<Mutex<Option<Connection>>> = Arc::default();
    let (held, file) = (Arc::clone(&holder), path.clone());
    let migrator = Migrator::new(model("CREATE TABLE t (a TEXT)"))
        .lock_wait(Duration::from_millis(20))
        .connection(move |_| {
            let mut held = held.lock().expect("a lock");
            if held.is_none() {
                let conn = Connection::open(&file)?;
                conn.execute_batch(
                    "BEGIN IMMEDIATE; CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)",
                )?;
                *held = Some(conn);
            }
            Ok(())
        });
    let error = migrator.run(&path).expect_err("locked");
    assert_eq!(error.kind(), ErrorKind::Busy, "{error}");
    holder.lock().expect("a lock").take().expect("a connection").execute_batch("COMMIT").expect("a commit");
    assert_eq!(place.query("SELECT x FROM theirs"), "1");
}

#[test]
fn a_unique_rule_that_is_not_the_models_stays_beside_one_of_the_same_columns() {
    let place = Place::by_hand("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, UNIQUE (a COLLATE NOCASE))");
    place.sql("INSERT INTO t VALUES (1, 'x')");
    let wanted = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE)";
    place.run(wanted);
    place.run("--: version 2.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE, b TEXT)");
    place
        .open()
        .execute_batch("INSERT INTO t (id, a) VALUES (2, 'X')")
        .expect_err("still unique without case");
}

#[test]
fn a_trigger_on_a_view_survives_the_change_of_the_view() {
    const T: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);
        CREATE TRIGGER into_v INSTEAD OF INSERT ON v BEGIN INSERT INTO t (a) VALUES (new.a); END;";
    let place = Place::with_model(&format!("{T} CREATE VIEW v AS SELECT a FROM t"));
    place.run(&format!("{T} CREATE VIEW v AS SELECT a FROM t WHERE a IS NOT NULL"));
    place.sql("INSERT INTO v VALUES ('through')");
    assert_eq!(place.query("SELECT a FROM t"), "'through'");
}

#[test]
fn a_full_text_index_over_a_view_follows_the_values_that_a_run_writes() {
    const V: &str = "CREATE VIEW v AS SELECT id, a FROM t; CREATE VIRTUAL TABLE f USING fts5(a, content='v', content_rowid='id')";
    let place = Place::with_model(&format!("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); {V}"));
    place.sql("INSERT INTO t VALUES (1, 'old'), (2, NULL); INSERT INTO f (f) VALUES ('rebuild')");
    place.run(&format!(
        "--: backfill t.a 'filled'\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL); {V}"
    ));
    assert_eq!(place.query("SELECT rowid FROM f WHERE f MATCH 'filled'"), "2");
}

#[test]
fn a_conversion_is_not_made_twice() {
    let place = Place::with_model("CREATE TABLE t (id INTEGER PRIMARY KEY, price REAL)");
    place.sql("INSERT INTO t VALUES (1, 1.5)");
    place.run("--: convert t.price CAST(price * 100 AS INTEGER)\nCREATE TABLE t (id INTEGER PRIMARY KEY, price INTEGER)");
    assert_eq!(place.query("SELECT price FROM t"), "150");
    place.run(
        "--: version 2.0.0\n--: type t.price\n--: convert t.price CAST(price * 100 AS INTEGER)
         CREATE TABLE t (id INTEGER PRIMARY KEY, price BIGINT)",
    );
    assert_eq!(place.query("SELECT price FROM t"), "150");
}

#[test]
fn an_older_program_does_not_run_where_a_name_of_its_own_means_something_else_now() {
    const V1: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)";
    for newer in [
        "--: version 2.0.0\n--: renamed_from t.c a\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT, c TEXT)",
        "--: version 2.0.0\n--: renamed_from t.a b\n--: renamed_from t.b a\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)",
        "--: version 2.0.0\n--: renamed_from u t\n
         CREATE TABLE u (id INTEGER PRIMARY KEY, a TEXT, b TEXT); CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)",
    ] {
        let place = Place::with_model(V1);
        place.sql("INSERT INTO t VALUES (1, 'was a', 'was b')");
        place.run(newer);
        let error = place.refused(V1, ErrorKind::NewerDatabase);
        assert!(error.to_string().contains("renamed"), "{error}");
    }
}

#[test]
fn an_older_program_runs_where_only_the_spelling_of_a_name_is_new() {
    let place = Place::with_model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)");
    place.run("--: version 2.0.0\n--: renamed_from t.A a\nCREATE TABLE t (id INTEGER PRIMARY KEY, A TEXT)");
    let report = Migrator::new(model("CREATE TABLE t (id INTEGER PRIMARY KEY, A TEXT)")).run(place.path());
    assert_eq!(report.expect("an older program").outcome, schema_runtime::Outcome::NewerDatabase);
}

#[test]
fn a_table_of_somebody_elses_that_looks_like_a_stamp_is_not_replaced() {
    let place = Place::by_hand(
        "CREATE TABLE t (id INTEGER PRIMARY KEY); CREATE TABLE log_state (model TEXT, fingerprint TEXT);
         INSERT INTO log_state VALUES ('theirs', 'f')",
    );
    let wanted = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)";
    place.refused_with(wanted, ErrorKind::History, |migrator| migrator.history_table("log"));
    assert_eq!(place.query("SELECT model FROM log_state"), "'theirs'");
}

#[test]
fn a_backfill_never_reads_a_temporary_table_that_hides_one_of_the_file() {
    let place = Place::with_model(
        "CREATE TABLE t (id INTEGER PRIMARY KEY); CREATE TABLE names (id INTEGER PRIMARY KEY, name TEXT)",
    );
    place.sql("INSERT INTO t VALUES (1); INSERT INTO names VALUES (1, 'from the file')");
    let mut conn = place.open();
    conn.execute_batch("CREATE TEMP TABLE names (id, name); INSERT INTO temp.names VALUES (1, 'temporary')")
        .expect("a table");
    let wanted = "--: backfill t.name (SELECT name FROM names WHERE names.id = t.id)
        CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT); CREATE TABLE names (id INTEGER PRIMARY KEY, name TEXT)";
    let migrator = Migrator::new(model(wanted)).backup(BackupPolicy::Never);
    let error = migrator.run_on(&mut conn).expect_err("a hidden table");
    assert_eq!(error.kind(), ErrorKind::Connection, "{error}");
    assert!(error.to_string().contains("a temporary `names` of this connection hides the table"), "{error}");
    conn.execute_batch("DROP TABLE temp.names").expect("a drop");
    migrator.run_on(&mut conn).expect("a run");
    assert_eq!(query_text(&conn, "SELECT name FROM t"), "'from the file'");
}

#[test]
fn a_file_that_another_process_has_opened_is_not_removed_by_a_run_that_fails() {
    let place = Place::new();
    let path = place.path();
    let holder: Arc<Mutex<Option<Connection>>> = Arc::default();
    let (held, file) = (Arc::clone(&holder), path.clone());
    let migrator =
        Migrator::new(model("CREATE TABLE t (a TEXT CHECK (nope(a) > 0))")).connection(move |_| {
            let mut held = held.lock().expect("a lock");
            if held.is_none() {
                let conn = Connection::open(&file)?;
                conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))?;
                *held = Some(conn);
            }
            Ok(())
        });
    migrator.run(&path).expect_err("a model that SQLite refuses");
    let conn = holder.lock().expect("a lock").take().expect("a connection");
    conn.execute_batch("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)").expect("a commit");
    drop(conn);
    assert_eq!(place.query("SELECT x FROM theirs"), "1");
}
