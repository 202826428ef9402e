//! As many columns as SQLite takes, and one more; a thousand tables.

use schema_runtime::{BackupPolicy, ErrorKind, Method, Migrator, Model, ModelOptions, Outcome};

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
