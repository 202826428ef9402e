//! The decision table of `plan/method.rs`, row by row: which method each kind of change takes on this SQLite, and that rows,
//! integrity and undo are as they must be whichever it is.
//!
//! What is expected depends on the version at run time: `.ci/system` runs this against the system's SQLite.

mod rows;

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use schema_runtime::{
    BackupPolicy, Catalog, ErrorKind, Migrator, Model, ModelOptions, Plan, RemovalPolicy, Schema,
};

use crate::support::case::{BUNDLED, compare_rows, dump, healthy, query_text, renames};
use crate::support::place::Place;
use rows::{ROWS, Row};

fn migrator(sql: &str, defensive: bool) -> Migrator {
    let model = Model::from_sql(sql, "schema.sql", "main", &ModelOptions::new());
    let model = model.unwrap_or_else(|err| panic!("{sql}\n{err}"));
    let migrator =
        Migrator::for_model(model).backup(BackupPolicy::Never).removed(RemovalPolicy::Drop).allow("L105");
    migrator.connection(move |conn| {
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, defensive).map(|_| ())
    })
}

/// The steps, each as what it does and its method: `alter catalog, update update`; a rebuild is just that.
fn methods(plan: &Plan) -> String {
    let words = plan.steps.iter().map(|step| {
        let verb = |sql: &String| sql.split(' ').next().unwrap_or_default().to_lowercase();
        let first = if step.sql.iter().any(|sql| verb(sql) == "alter") {
            "alter".to_owned()
        } else {
            step.sql.first().map(verb).unwrap_or_default()
        };
        match step.method.to_string().as_str() {
            "rebuild" => "rebuild".to_owned(),
            method if !step.edits.is_empty() => format!("edit {method}"),
            method => format!("{first} {method}"),
        }
    });
    words.collect::<Vec<_>>().join(", ")
}

fn one(row: &Row, defensive: bool) -> Result<(), String> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("app.db");
    let open = || Connection::open(&path).expect("the database opens");
    let run =
        |sql: &str| migrator(sql, defensive).run(&path).unwrap_or_else(|err| panic!("{}: {err}", row.change));
    run(row.before);
    open().execute_batch(row.rows).expect("rows");
    let conn = open();
    let before = Catalog::read(&conn).expect("the catalog reads");
    let rows = dump(&conn, &before);
    drop(conn);

    let plan = run(row.after).plan;

    let conn = open();
    healthy(&conn, 0);
    let after = dump(&conn, &Catalog::read(&conn).expect("the catalog reads"));
    compare_rows(row.changed, &renames(&plan), &rows, &after);
    drop(conn);
    let again = migrator(row.after, defensive).dry_run(true).run(&path).expect("a dry run");
    assert!(again.plan.is_empty(), "{}: {}", row.change, again.plan);

    const NAMED: Schema = Schema::new("main", "1.0.0", &[]);
    let mut conn = open();
    schema_runtime::testing::undo_last(&NAMED, &mut conn)
        .unwrap_or_else(|err| panic!("{}: {err}", row.change));
    healthy(&conn, 0);
    let back = Catalog::read(&conn).expect("the catalog reads");
    compare_rows(row.lost, &[], &rows, &dump(&conn, &back));

    let old = rusqlite::version_number() < BUNDLED;
    let expected = row.by[usize::from(old) + 2 * usize::from(defensive)];
    let found = methods(&plan);
    if found == expected {
        return Ok(());
    }
    let on = if defensive { "DEFENSIVE, " } else { "" };
    Err(format!("{} ({on}SQLite {}): {found}\n    expected: {expected}\n", row.change, rusqlite::version()))
}

#[test]
fn the_decision_table_and_the_rows_here_are_the_same() {
    let table = include_str!("../../schema-runtime/src/plan/method.rs");
    let cells = table.lines().filter_map(|line| line.strip_prefix("//! | ")?.split(" | ").next());
    let said: Vec<&str> = cells.filter(|cell| !["change", "---"].contains(cell)).collect();
    let mut tested: Vec<&str> = ROWS.iter().map(|row| row.change).collect();
    tested.dedup();
    assert_eq!(said, tested);
}

#[test]
fn every_change_takes_the_method_that_the_table_says_and_keeps_the_rows() {
    let mut faults = String::new();
    for row in ROWS {
        for defensive in [false, true] {
            let result = std::panic::catch_unwind(|| one(row, defensive));
            let told = result.unwrap_or_else(|_| Err(format!("{} (defensive: {defensive})\n", row.change)));
            faults.extend(told.err());
        }
    }
    assert!(faults.is_empty(), "{faults}");
}

const FIVE: &str = "CREATE TABLE t1 (id INTEGER PRIMARY KEY, a TEXT, b TEXT, CHECK (a <> 'q'));
    CREATE TABLE t2 (a TEXT, b TEXT, w INTEGER AS (a || b) VIRTUAL); CREATE TABLE t3 (a TEXT UNIQUE, b TEXT);
    CREATE TABLE t4 (a TEXT, c TEXT AS (a || '!') STORED, b TEXT); CREATE INDEX t4_c ON t4 (c);
    CREATE TABLE t5 (a TEXT PRIMARY KEY, b TEXT) WITHOUT ROWID";

#[test]
fn last_columns_of_many_tables_leave_nothing_behind_in_the_rows() {
    let with = FIVE;
    let without = with.replace(", b TEXT", "").replace(", w INTEGER AS (a || b) VIRTUAL", "");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("app.db");
    let run = |sql: &str| migrator(sql, false).run(&path).unwrap_or_else(|err| panic!("{sql}\n{err}"));
    run(with);
    let conn = Connection::open(&path).expect("the database opens");
    for table in 1..=5 {
        let rows = format!("INSERT INTO t{table} (a, b) VALUES ('x', 'old'), ('y', NULL), ('z', 'old')");
        conn.execute_batch(&rows).expect("rows");
    }
    let before: Vec<String> =
        (1..=5).map(|t| query_text(&conn, &format!("SELECT a FROM t{t} ORDER BY a"))).collect();
    drop(conn);
    let plan = run(&without).plan;
    let edits = plan.steps.iter().filter(|step| !step.edits.is_empty()).count();
    assert_eq!(edits, 4, "the WITHOUT ROWID table goes by DROP COLUMN\n{plan}");
    run(with);
    let conn = Connection::open(&path).expect("the database opens");
    for (at, rows) in before.iter().enumerate() {
        assert_eq!(query_text(&conn, &format!("SELECT a FROM t{} ORDER BY a", at + 1)), *rows);
        assert_eq!(query_text(&conn, &format!("SELECT count(b) FROM t{}", at + 1)), "0", "t{}", at + 1);
    }
    healthy(&conn, 0);
}

#[test]
fn statistics_follow_indexes_that_swap_names() {
    let place = Place::with_model(
        "CREATE TABLE t (a TEXT, b TEXT); CREATE INDEX i ON t (a); CREATE INDEX j ON t (b); CREATE INDEX k ON t (a, b)",
    );
    place.sql("INSERT INTO t VALUES ('x', 'p'), ('x', 'q'), ('y', 'r'); ANALYZE");
    assert_eq!(
        place.query("SELECT idx, stat FROM sqlite_stat1 WHERE tbl = 't' ORDER BY idx"),
        "'i'|'3 2'\n'j'|'3 1'\n'k'|'3 2 1'"
    );
    let report = place
        .run("CREATE TABLE t (a TEXT, b TEXT); CREATE INDEX j ON t (a); CREATE INDEX i ON t (b); CREATE INDEX l ON t (a, b)");
    assert_eq!(methods(&report.plan), "edit catalog, edit catalog, edit catalog");
    assert_eq!(
        place.query("SELECT idx, stat FROM sqlite_stat1 WHERE tbl = 't' ORDER BY idx"),
        "'i'|'3 1'\n'j'|'3 2'\n'l'|'3 2 1'"
    );
    assert_eq!(place.query("SELECT b FROM t INDEXED BY i WHERE b > 'p' ORDER BY b"), "'q'\n'r'");
    assert_eq!(place.query("PRAGMA integrity_check"), "'ok'");
}

#[test]
fn an_index_becomes_unique_only_without_duplicates_and_holds_then() {
    let place = Place::with_model("CREATE TABLE t (a TEXT); CREATE INDEX i ON t (a)");
    place.sql("INSERT INTO t VALUES ('x'), ('y'), ('y'), (NULL), (NULL)");
    let after = "CREATE TABLE t (a TEXT); CREATE UNIQUE INDEX i ON t (a)";
    let error = place.refused(after, ErrorKind::Data);
    assert!(
        error.to_string().contains("groups of rows of `t` have the same `a`, which becomes unique: 1 ("),
        "{error}"
    );
    place.sql("DELETE FROM t WHERE rowid = 3");
    let plan = place.run(after).plan;
    assert_eq!(methods(&plan), "edit scan");
    assert!(plan.hazards().any(|hazard| hazard.to_string() == "L302 t: reads 4 rows"), "{plan}");
    assert_eq!(place.query("INSERT OR IGNORE INTO t VALUES ('y') RETURNING a"), "");
    // The undo of a rule that goes must not believe rows that came since.
    place.run("--: version 1.1.0\nCREATE TABLE t (a TEXT); CREATE INDEX i ON t (a)");
    place.sql("INSERT INTO t VALUES ('y')");
    let mut conn = place.open();
    const NAMED: Schema = Schema::new("main", "1.0.0", &[]);
    let error = schema_runtime::testing::undo_last(&NAMED, &mut conn).expect_err("two rows agree");
    assert!(error.to_string().contains("UNIQUE constraint failed: t.a"), "{error}");
}

#[test]
fn a_check_on_a_new_constant_column_counts_the_rows_that_it_would_break() {
    let place = Place::with_model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)");
    place.sql("INSERT INTO t VALUES (1, 'x'), (5, 'y'), (9, 'z'), (12, 'w')");
    let added = |rule: &str| format!("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, {rule})");
    for rule in [
        "b INTEGER DEFAULT 7 CHECK (b < 5)",
        "b TEXT DEFAULT 7 CHECK (typeof(b) = 'integer')",
        "b TEXT COLLATE NOCASE DEFAULT 'X' CHECK (b <> 'x')",
    ] {
        let error = place.refused(&added(rule), ErrorKind::Data).to_string();
        assert!(
            error.contains("rows of `t` break CHECK")
                && error.contains(": 4 (first rowids or keys: 1, 5, 9)"),
            "{error}"
        );
    }
    place.run(&added("b INTEGER DEFAULT 7 CHECK (b > 5 OR t.b IS NULL)"));
    assert_eq!(place.query("SELECT id, b FROM t"), "1|7\n5|7\n9|7\n12|7");
    assert_eq!(place.query("INSERT OR IGNORE INTO t (b) VALUES (3) RETURNING b"), "");
}
