//! What stands around the model's tables: temporary and attached ones of the same names, and others under our own names.

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use schema_runtime::{Back, ErrorKind, Migrator, Model, Outcome};

use crate::support::case::query_text;
use crate::support::model::model;
use crate::support::place::{Place, contains};

const OLD: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE INDEX i ON t (a)";
const NEW: &str =
    "--: version 2\nCREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b TEXT); CREATE INDEX i ON t (a);
                   CREATE INDEX j ON t (b); CREATE VIEW v AS SELECT b FROM t;
                   CREATE TRIGGER g AFTER INSERT ON t BEGIN UPDATE t SET b = 'set' WHERE id = new.id; END";

#[test]
fn temporary_and_attached_tables_of_the_same_names_are_not_touched() {
    let place = Place::with_model(OLD);
    place.sql("INSERT INTO t VALUES (1, '5')");
    let mut conn = place.open();
    conn.execute_batch(
        "ATTACH ':memory:' AS other; CREATE TABLE other.t (o); INSERT INTO other.t VALUES ('other');
         CREATE TABLE other.migration_history (o);
         CREATE TEMP TABLE u (x); INSERT INTO temp.u VALUES ('temp'); CREATE INDEX temp.i ON u (x);
         CREATE TEMP VIEW v AS SELECT 'temp'; CREATE TEMP TABLE migration_history (x); CREATE TEMP TABLE migration_state (x)",
    )
    .expect("surroundings");
    assert_eq!(Migrator::new(model(OLD)).run_on(&mut conn).expect("a run").outcome, Outcome::UpToDate);
    let report = Migrator::new(model(NEW)).run_on(&mut conn).unwrap_or_else(|err| panic!("{err}"));
    assert_eq!(report.outcome, Outcome::Migrated);
    assert_eq!(query_text(&conn, "SELECT * FROM temp.u"), "'temp'");
    assert_eq!(query_text(&conn, "SELECT * FROM other.t"), "'other'");
    assert_eq!(query_text(&conn, "SELECT * FROM main.t"), "1|5|NULL");
    assert_eq!(query_text(&conn, "SELECT count(*) FROM temp.migration_history"), "0");
    assert_eq!(query_text(&conn, "SELECT count(*) FROM main.migration_history"), "2");
    assert_eq!(Migrator::new(model(NEW)).run_on(&mut conn).expect("a run").outcome, Outcome::UpToDate);
    drop(conn);
    assert_eq!(place.run(NEW).outcome, Outcome::UpToDate);
    place.sql("INSERT INTO t (a) VALUES (6)");
    assert_eq!(place.query("SELECT * FROM t ORDER BY id"), "1|5|NULL\n2|6|'set'");
}

#[test]
fn a_temporary_table_that_hides_one_with_an_index_is_named() {
    let place = Place::with_model(OLD);
    place.sql("INSERT INTO t VALUES (1, '5')");
    let mut conn = place.open();
    conn.execute_batch("CREATE TEMP TABLE T (x); INSERT INTO temp.t VALUES ('temp')").expect("surroundings");
    let schema = place.query("SELECT name, sql FROM sqlite_schema ORDER BY 1");
    let error = Migrator::new(model(NEW)).run_on(&mut conn).expect_err("SQLite refuses");
    assert_eq!(error.kind(), ErrorKind::Connection, "{error}");
    contains(&error.to_string(), &["a temporary `T` of this connection hides", "state: ", "help: "]);
    assert_eq!(place.query("SELECT name, sql FROM sqlite_schema ORDER BY 1"), schema);
    conn.execute_batch("DROP TABLE temp.t").expect("dropped");
    assert_eq!(Migrator::new(model(NEW)).run_on(&mut conn).expect("a run").outcome, Outcome::Migrated);
}

#[test]
fn a_connection_whose_writes_give_back_counts_is_used_and_stays_so() {
    let place = Place::with_model(OLD);
    place.sql("INSERT INTO t VALUES (1, '5')");
    let mut conn = place.open();
    conn.execute_batch("PRAGMA count_changes = ON").expect("a pragma");
    assert_eq!(Migrator::new(model(NEW)).run_on(&mut conn).expect("a run").outcome, Outcome::Migrated);
    assert_eq!(query_text(&conn, "PRAGMA count_changes"), "1");
    assert_eq!(query_text(&conn, "SELECT * FROM t"), "1|5|NULL");
}

#[test]
fn a_commit_hook_that_refuses_is_named_and_the_database_is_as_before() {
    let place = Place::with_model(OLD);
    place.sql("INSERT INTO t VALUES (1, '5')");
    let mut conn = place.open();
    // Older versions of rusqlite give back nothing.
    let _ = conn.commit_hook(Some(|| true));
    let schema = place.query("SELECT name, sql FROM sqlite_schema ORDER BY 1");
    let error = Migrator::new(model(NEW)).run_on(&mut conn).expect_err("it is not let commit");
    assert_eq!(error.kind(), ErrorKind::Connection, "{error}");
    contains(&error.to_string(), &["the connection's commit hook", "is unchanged"]);
    assert_eq!(place.query("SELECT name, sql FROM sqlite_schema ORDER BY 1"), schema);
    let _ = conn.commit_hook(None::<fn() -> bool>);
    assert_eq!(Migrator::new(model(NEW)).run_on(&mut conn).expect("a run").outcome, Outcome::Migrated);
}

#[test]
fn temporary_triggers_and_views_on_a_rebuilt_table_go_on() {
    let place = Place::with_model(OLD);
    let mut conn = place.open();
    conn.execute_batch(
        "CREATE TEMP TABLE seen (x); CREATE TEMP TRIGGER tg AFTER INSERT ON main.t BEGIN INSERT INTO seen VALUES (new.a); END;
         CREATE TEMP VIEW tv AS SELECT a FROM main.t; INSERT INTO t VALUES (1, '5')",
    )
    .expect("surroundings");
    Migrator::new(model(NEW)).run_on(&mut conn).unwrap_or_else(|err| panic!("{err}"));
    conn.execute_batch("INSERT INTO t (a) VALUES (7)").expect("a row");
    assert_eq!(query_text(&conn, "SELECT * FROM seen"), "'5'\n7");
    assert_eq!(query_text(&conn, "SELECT * FROM tv ORDER BY 1"), "5\n7");
}

#[test]
fn something_else_under_the_name_of_the_stamps_is_refused() {
    for sql in [
        "CREATE TABLE migration_state (x); INSERT INTO migration_state VALUES (1)",
        "CREATE VIEW migration_state AS SELECT 1",
    ] {
        let place = Place::by_hand(&format!("CREATE TABLE t (id INTEGER PRIMARY KEY); {sql}"));
        place.unchanged_by(|| {
            let error = Migrator::new(model(OLD)).run(place.path()).expect_err("refused");
            assert_eq!(error.kind(), ErrorKind::History, "{error}");
            contains(&error.to_string(), &["migration_state", "history_table", "state: "]);
        });
        let report = place.run_with(OLD, |migrator| migrator.history_table("mine"));
        assert_eq!(report.outcome, Outcome::Migrated);
    }
}

#[test]
fn a_model_that_declares_our_own_tables_is_refused() {
    let place = Place::new();
    for sql in [
        "CREATE TABLE migration_history (x TEXT)",
        "CREATE TABLE Migration_State (x TEXT)",
        "CREATE VIEW migration_state AS SELECT 1",
    ] {
        let error = place.refused(sql, ErrorKind::Model);
        contains(&error.to_string().to_lowercase(), &["migration_"]);
    }
    let error = place.refused_with(OLD, ErrorKind::Model, |migrator| migrator.history_table("T"));
    contains(&error.to_string(), &["the name belongs to the migration history"]);
    assert!(place.names().is_empty());
}

#[test]
fn a_history_by_a_name_that_cannot_be_is_refused() {
    for name in ["sqlite_history", "", "a\0b"] {
        let place = Place::by_hand("CREATE TABLE t (id INTEGER PRIMARY KEY)");
        place.unchanged_by(|| {
            let error = Migrator::new(model(OLD)).history_table(name).run(place.path()).expect_err(name);
            assert_eq!(error.kind(), ErrorKind::History, "{name:?} {error}");
            contains(&error.to_string(), &["history_table", "state: "]);
        });
    }
}

#[test]
fn an_encoding_a_page_size_and_auto_vacuum_stay() {
    for pragma in [
        "encoding = 'UTF-16le'",
        "page_size = 512",
        "page_size = 65536",
        "auto_vacuum = FULL",
        "auto_vacuum = INCREMENTAL",
    ] {
        let place = Place::new();
        place.sql(&format!(
            "PRAGMA {pragma}; CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t VALUES (1, '5')"
        ));
        let name = pragma.split(' ').next().expect("a name");
        let before = place.query(&format!("PRAGMA {name}"));
        let report =
            Migrator::new(model(NEW)).run(place.path()).unwrap_or_else(|err| panic!("{pragma}\n{err}"));
        assert_eq!(report.outcome, Outcome::Migrated, "{pragma}");
        assert_eq!(place.query(&format!("PRAGMA {name}")), before);
        assert_eq!(place.query("SELECT * FROM t"), "1|5|NULL", "{pragma}");
        assert_eq!(place.query("PRAGMA integrity_check"), "'ok'");
        assert_eq!(place.run(NEW).outcome, Outcome::UpToDate);
    }
}

#[test]
fn an_authorizer_that_lets_no_table_be_made_is_met_before_the_backup() {
    let place = Place::with_model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)");
    let files = || place.files().into_iter().map(|(path, _)| path).collect::<Vec<_>>();
    let before = files();
    let mut conn = place.open();
    let denied = |context: AuthContext<'_>| match context.action {
        AuthAction::CreateTable { .. } => Authorization::Deny,
        _ => Authorization::Allow,
    };
    let _ = conn.authorizer(Some(denied));
    for sql in [
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE TABLE u (x TEXT)",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a BLOB)",
    ] {
        let error =
            Migrator::new(model(&format!("--: version 2.0.0\n{sql}"))).run_on(&mut conn).expect_err(sql);
        assert_eq!(error.kind(), ErrorKind::Connection, "{error}");
        contains(&error.to_string(), &["not authorized", "authorizer must allow", "state: "]);
        assert_eq!(files(), before, "{sql}");
    }
    // What makes no table is not asked for one.
    let more = model("--: version 2.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)");
    let report = Migrator::new(more).run_on(&mut conn).unwrap_or_else(|err| panic!("{err}"));
    assert_eq!(report.outcome, Outcome::Migrated);
}

#[test]
fn a_rebuild_moves_no_table_to_a_name_that_is_taken() {
    let taken = [
        "CREATE TABLE __schema_old_t (x TEXT); INSERT INTO __schema_old_t VALUES ('theirs')",
        "CREATE TABLE __SCHEMA_old_t (x TEXT); CREATE VIEW __schema_old_t_ AS SELECT 1",
        "CREATE TABLE u (x TEXT); CREATE INDEX __schema_old_t ON u (x)",
    ];
    for sql in taken {
        let place = Place::with_model("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT)");
        place.sql(&format!("INSERT INTO t VALUES (7, '1'); {sql}"));
        let theirs = "SELECT type, name, sql FROM sqlite_schema WHERE name LIKE '__schema%'";
        let before = place.query(theirs);
        let two =
            model("--: version 2.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a INTEGER)");
        Migrator::new(two).run(place.path()).unwrap_or_else(|err| panic!("{sql}\n{err}"));
        assert_eq!(place.query("SELECT * FROM t"), "7|1", "{sql}");
        assert_eq!(place.query("SELECT seq FROM sqlite_sequence WHERE name = 't'"), "7", "{sql}");
        assert_eq!(place.query(theirs), before);
        Migrator::for_model(Model::empty("main"))
            .rollback(place.path(), &Back::Last(1))
            .unwrap_or_else(|err| panic!("{sql}\n{err}"));
        assert_eq!(place.query("SELECT * FROM t"), "7|'1'", "{sql}");
        assert_eq!(place.query(theirs), before);
    }
}

#[test]
fn names_that_ours_are_like_are_the_user_s() {
    let place = Place::by_hand(
        "CREATE TABLE t (a);
         CREATE TRIGGER migration_history AFTER INSERT ON t BEGIN SELECT 1; END;
         CREATE TRIGGER migration_state AFTER DELETE ON t BEGIN SELECT 1; END",
    );
    place.run("CREATE TABLE t (a)");
    place.sql("CREATE TABLE migration_write_probe (x)");
    let report = place.run("CREATE TABLE t (a); CREATE TABLE more (b)");
    assert_eq!(report.applied, ["create table more"]);
    assert_eq!(place.run("CREATE TABLE t (a); CREATE TABLE more (b)").outcome, Outcome::UpToDate);
    assert_eq!(place.query("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'migration%'"), "5");
}
