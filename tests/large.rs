//! As many columns as SQLite takes, and one more.

use schema_runtime::{BackupPolicy, ErrorKind, Migrator, Model, ModelOptions, Outcome};

use crate::support::place::Place;

/// SQLite's default limit. SQLite: <https://www.sqlite.org/limits.html>, item 2.
const COLUMNS: usize = 2_000;

fn table(columns: usize, rule: &str) -> String {
    let columns: Vec<String> = (1..columns).map(|at| format!("c{at} INTEGER DEFAULT {at}")).collect();
    format!("CREATE TABLE t (id INTEGER PRIMARY KEY, {}{rule})", columns.join(", "))
}

fn migrator(sql: &str) -> Result<Migrator, schema_runtime::Error> {
    let model = Model::from_sql(sql, "wide.sql", "main", &ModelOptions::new())?;
    Ok(Migrator::for_model(model).backup(BackupPolicy::Never))
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
