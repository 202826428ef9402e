//! As many columns as SQLite takes, and one more; a thousand tables.

use rusqlite::config::DbConfig;
use schema_runtime::{
    BackupPolicy, Cancel, ErrorKind, Event, Method, Migrator, Model, ModelOptions, Outcome,
};

use crate::support::model::model;
use crate::support::place::Place;

/// SQLite's default limit. SQLite: <https://www.sqlite.org/limits.html>, item 2.
const COLUMNS: usize = 2_000;

fn table(columns: usize, rule: &str) -> String {
    let columns: Vec<String> = (1..columns).map(|at| format!("c{at} INTEGER DEFAULT {at}")).collect();
    format!("CREATE TABLE t (id INTEGER PRIMARY KEY, {}{rule})", columns.join(", "))
}

fn migrator(sql: &str) -> Result<Migrator, schema_runtime::Error> {
    let model = Model::from_sql(sql, "wide.sql", "main", &ModelOptions::new())?;
    Ok(Migrator::for_model(model).backup(BackupPolicy::Never).no_time_limit())
}

#[test]
fn a_table_of_almost_two_thousand_columns_is_made_filled_edited_and_rebuilt() {
    // A row's identity is one more result than it has columns.
    const COLUMNS: usize = super::large::COLUMNS - 1;
    let place = Place::by_hand(&format!("{}; INSERT INTO t (id) VALUES (7)", table(COLUMNS - 1, "")));
    let more = migrator(&table(COLUMNS, ", CHECK (c1 = 1)")).expect("a model");
    assert_eq!(more.run(place.path()).expect("a run").outcome, Outcome::Migrated);
    assert_eq!(place.query("SELECT c1, c1997, c1998 FROM t"), "1|1997|1998");
    let other = table(COLUMNS, ", UNIQUE (c2)").replace("c5 INTEGER DEFAULT 5", "c5 TEXT DEFAULT '5'");
    let report = migrator(&other).expect("a model").run(place.path()).expect("a run");
    assert!(report.plan.to_string().contains("(rebuild)"), "{}", report.plan);
    assert_eq!(place.query("SELECT id, c1, c5, c1998 FROM t"), "7|1|'5'|1998");
    assert!(migrator(&other).expect("a model").status(place.path()).expect("a status").is_up_to_date());
}

#[test]
fn one_column_more_than_sqlite_takes_is_an_error_of_the_target() {
    let error = migrator(&table(COLUMNS + 1, "")).expect_err("too many");
    assert_eq!(error.kind(), ErrorKind::Model);
    assert!(error.to_string().contains("too many columns"), "{error}");
}

#[test]
fn a_kept_column_that_leaves_no_room_for_a_new_one_is_a_clear_error() {
    let place = Place::new();
    migrator(&table(COLUMNS, "")).expect("a model").run(place.path()).expect("a run");
    let renamed = table(COLUMNS, "").replace("c1999 INTEGER", "d INTEGER");
    let error =
        place.unchanged_by(|| migrator(&renamed).expect("a model").run(place.path()).expect_err("too many"));
    assert!(error.to_string().contains("too many columns"), "{error}");
    assert_eq!(error.state_line(), Some("nothing was changed"));
}

#[test]
fn a_column_comes_to_each_of_a_thousand_tables_in_one_edit_and_nothing_is_due_afterwards() {
    let tables = |more: &str| -> String {
        let table = |at: usize| format!("CREATE TABLE t{at} (id INTEGER PRIMARY KEY, a TEXT{more});\n");
        (0..1_000).map(table).collect()
    };
    let place = Place::by_hand(&format!("{}INSERT INTO t7 VALUES (1, 'x')", tables("")));
    let wanted = tables(", b INTEGER NOT NULL DEFAULT 5");
    let more = || migrator(&wanted).expect("a model");
    let report = more().run(place.path()).expect("a run");
    assert_eq!((report.outcome, report.plan.steps.len()), (Outcome::Migrated, 1_000));
    let edits = |at: usize| report.plan.edit_script(at);
    assert!(edits(0).is_some_and(|script| script.matches("UPDATE main.sqlite_schema").count() == 1_000));
    assert!((1..1_000).all(|at| edits(at).is_none()), "SQLite parses the schema again once");
    assert!(report.plan.steps.iter().all(|step| step.method == Method::Catalog && step.sql.is_empty()));
    assert_eq!(place.query("SELECT id, a, b FROM t7"), "1|'x'|5");
    assert_eq!(place.query("PRAGMA integrity_check"), "'ok'");
    place.unchanged_by(|| assert_eq!(more().run(place.path()).expect("a run").outcome, Outcome::UpToDate));
    assert!(more().dry_run(true).run(place.path()).expect("a plan").plan.is_empty());
}

/// Two hundred tables with what SQLite keeps in rows of `sqlite_schema`: indexes of constraints, and by name, a view and a trigger.
fn many() -> String {
    let table = |at: usize| {
        format!(
            "CREATE TABLE t{at} (id INTEGER PRIMARY KEY, a TEXT UNIQUE, p INTEGER REFERENCES t0 (id));\nCREATE INDEX i{at} ON t{at} (p);\n"
        )
    };
    let tables: String = (0..200).map(table).collect();
    format!(
        "{tables}CREATE VIEW v AS SELECT id FROM t150;\nCREATE TRIGGER g AFTER INSERT ON t3 BEGIN DELETE FROM t4; END;"
    )
}

const CATALOG: &str =
    "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE tbl_name NOT GLOB 'migration_*' ORDER BY 1, 2";

#[test]
fn many_tables_are_created_as_sqlite_creates_them_and_are_there_at_once() {
    let (model, plain) = (model(&many()), Place::new());
    let reference = Place::new();
    let conn = plain.open();
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true).expect("defensive");
    // In DEFENSIVE mode nobody may set rows of the catalog aside: SQLite's own way.
    let mut conn = conn;
    assert_eq!(Migrator::new(model).run_on(&mut conn).expect("a run").outcome, Outcome::Created);
    let mut own = reference.open();
    assert_eq!(Migrator::new(model).run_on(&mut own).expect("a run").outcome, Outcome::Created);
    // By the connection that made them, before it reads them again.
    own.execute_batch(
        "INSERT INTO t3 (a) VALUES ('x'); ALTER TABLE t5 ADD COLUMN c; ALTER TABLE t5 DROP COLUMN c",
    )
    .expect("use");
    drop((own, conn));
    assert_eq!(reference.query(CATALOG), plain.query(CATALOG));
    assert_eq!(reference.query("PRAGMA integrity_check"), "'ok'");
    assert_eq!(
        reference.query("SELECT count(*) FROM sqlite_schema"),
        plain.query("SELECT count(*) FROM sqlite_schema")
    );
    reference.run(&many());
    reference.unchanged_by(|| assert_eq!(reference.run(&many()).outcome, Outcome::UpToDate));
}

#[test]
fn where_one_of_many_tables_cannot_be_made_the_file_is_as_before() {
    let place = Place::by_hand("CREATE TABLE mine (a); INSERT INTO mine VALUES (1)");
    let cancel = Cancel::new();
    let handle = cancel.clone();
    // While rows of the catalog are set aside.
    let stops = move |event: &Event| {
        if matches!(event, Event::Step { number: 150, .. }) {
            handle.cancel();
        }
    };
    let migrator =
        Migrator::new(model(&many())).backup(BackupPolicy::Never).adopt_any().cancel(cancel).observer(stops);
    let error = place.unchanged_by(|| migrator.run(place.path()).expect_err("cancelled"));
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    let mut conn = place.open();
    migrator.run_on(&mut conn).expect_err("cancelled");
    // The connection goes on by the old catalog.
    conn.execute_batch("CREATE TABLE t1 (x); INSERT INTO t1 VALUES (1); DROP TABLE t1").expect("use");
    assert_eq!(place.query("SELECT count(*) FROM sqlite_schema WHERE name NOT GLOB '*migration_*'"), "1");
    assert_eq!(place.query("PRAGMA integrity_check"), "'ok'");
}
