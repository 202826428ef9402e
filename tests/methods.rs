//! The decision table of `plan/method.rs`, row by row: which method each kind of change takes on this SQLite, and that rows,
//! integrity and undo are as they must be whichever it is.
//!
//! What is expected depends on the version at run time: `.ci/system` runs this against the system's SQLite.

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use schema_runtime::{
    BackupPolicy, Catalog, ErrorKind, Migrator, Model, ModelOptions, Plan, RemovalPolicy, Schema,
};

use crate::support::case::{BUNDLED, compare_rows, dump, healthy, query_text, renames};
use crate::support::place::Place;

/// One kind of change.
struct Row {
    /// The row of the decision table, by its first cell.
    change: &'static str,
    before: &'static str,
    /// What fills the tables.
    rows: &'static str,
    after: &'static str,
    /// A line each: what the steps do on the bundled SQLite, on 3.40, and on both through a DEFENSIVE connection.
    by: [&'static str; 4],
    /// Columns whose values change, as `table.column`.
    changed: &'static [&'static str],
    /// Columns whose values the undo cannot bring back without the backup.
    lost: &'static [&'static str],
}

/// All four the same.
const fn always(by: &'static str) -> [&'static str; 4] {
    [by; 4]
}

/// An edit where the connection allows it, whatever the version, else the other.
const fn edit_or(edit: &'static str, other: &'static str) -> [&'static str; 4] {
    [edit, edit, other, other]
}

/// A form of ALTER TABLE that 3.40 lacks: there an edit, and a rebuild on a DEFENSIVE connection.
const fn newer(alter: &'static str, edit: &'static str) -> [&'static str; 4] {
    [alter, edit, alter, "rebuild"]
}

impl Row {
    const DEFAULT: Row = Row {
        change: "",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
        rows: "INSERT INTO t (id, a) VALUES (1, 'x'), (5, 'y'), (9, 'z')",
        after: "",
        by: always(""),
        changed: &[],
        lost: &[],
    };
}

const ROWS: &[Row] = &[
    // Names.
    Row {
        change: "table renamed",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, up INTEGER REFERENCES t (id))",
        after: "-- schema: renamed_from(t)\nCREATE TABLE u (id INTEGER PRIMARY KEY, a TEXT, up INTEGER REFERENCES u (id))",
        by: always("alter catalog"),
        ..Row::DEFAULT
    },
    Row {
        change: "column renamed",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY,\n-- schema: renamed_from(a)\nb TEXT)",
        by: always("alter catalog"),
        ..Row::DEFAULT
    },
    // Columns that come.
    Row {
        change: "column added: no default, or a constant one",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER NOT NULL DEFAULT 7)",
        by: always("alter catalog"),
        ..Row::DEFAULT
    },
    Row {
        change: "column added: with a backfill",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT,\n-- schema: backfill(length(a))\nb INTEGER)",
        by: always("alter update"),
        ..Row::DEFAULT
    },
    Row {
        change: "column added: default computed for each row",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)",
        by: edit_or("edit catalog, update update", "rebuild"),
        ..Row::DEFAULT
    },
    Row {
        change: "column added: with a CHECK",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER DEFAULT 7 CHECK (b > 0))",
        by: edit_or("edit catalog", "alter scan"),
        ..Row::DEFAULT
    },
    Row {
        change: "column added: with a foreign key",
        before: "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
        rows: "INSERT INTO p VALUES (1); INSERT INTO t VALUES (1, 'x'), (5, 'y')",
        after: "CREATE TABLE p (id INTEGER PRIMARY KEY);
            CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, p INTEGER DEFAULT 1 REFERENCES p (id))",
        by: always("alter catalog"),
        ..Row::DEFAULT
    },
    Row {
        change: "column added: to a STRICT table",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT) STRICT",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER DEFAULT 7) STRICT",
        by: edit_or("edit catalog", "alter scan"),
        ..Row::DEFAULT
    },
    Row {
        change: "column added: VIRTUAL",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER AS (length(a)) VIRTUAL)",
        by: always("alter catalog"),
        ..Row::DEFAULT
    },
    Row {
        change: "column added: VIRTUAL and NOT NULL",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER AS (length(a)) VIRTUAL NOT NULL)",
        by: always("alter scan"),
        ..Row::DEFAULT
    },
    Row {
        change: "column added: STORED, UNIQUE, in the primary key, or called like the rowid",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER AS (length(a)) STORED)",
        by: always("rebuild"),
        ..Row::DEFAULT
    },
    Row {
        change: "column added: STORED, UNIQUE, in the primary key, or called like the rowid",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER UNIQUE)",
        by: always("rebuild"),
        ..Row::DEFAULT
    },
    Row {
        change: "column added: STORED, UNIQUE, in the primary key, or called like the rowid",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, oid INTEGER)",
        by: always("rebuild"),
        ..Row::DEFAULT
    },
    Row {
        change: "columns added or dropped in many tables",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE TABLE u (a TEXT); CREATE TABLE v (a TEXT);
            CREATE TABLE w (a TEXT); CREATE TABLE x (a TEXT)",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER); CREATE TABLE u (a TEXT, b INTEGER);
            CREATE TABLE v (a TEXT, b INTEGER); CREATE TABLE w (a TEXT, b INTEGER); CREATE TABLE x (a TEXT, b INTEGER)",
        by: edit_or(
            "edit catalog, edit catalog, edit catalog, edit catalog, edit catalog",
            "alter catalog, alter catalog, alter catalog, alter catalog, alter catalog",
        ),
        ..Row::DEFAULT
    },
    // Columns that go.
    Row {
        change: "column dropped",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER DEFAULT 7, c TEXT DEFAULT 'c')",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, c TEXT DEFAULT 'c')",
        by: always("alter update"),
        lost: &["t.b"],
        ..Row::DEFAULT
    },
    Row {
        change: "column dropped: VIRTUAL",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER AS (length(a)) VIRTUAL)",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
        by: always("alter catalog"),
        ..Row::DEFAULT
    },
    Row {
        change: "column dropped: a rule of the table names it",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER DEFAULT 7, CHECK (b > 0 OR a = 'q'))",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
        by: edit_or("edit catalog, alter update", "rebuild"),
        lost: &["t.b"],
        ..Row::DEFAULT
    },
    Row {
        change: "column dropped: in a key or UNIQUE",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER UNIQUE)",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
        by: always("rebuild"),
        lost: &["t.b"],
        ..Row::DEFAULT
    },
    // Properties of a column.
    Row {
        change: "NOT NULL added",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL)",
        by: newer("alter scan", "edit scan"),
        ..Row::DEFAULT
    },
    Row {
        change: "NOT NULL added: with a value for the NULLs",
        rows: "INSERT INTO t VALUES (1, 'x'), (5, NULL)",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY,\n-- schema: backfill('none')\na TEXT NOT NULL)",
        by: newer("alter update", "update update, edit scan"),
        changed: &["t.a"],
        lost: &["t.a"],
        ..Row::DEFAULT
    },
    Row {
        change: "NOT NULL dropped",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL)",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
        by: newer("alter catalog", "edit catalog"),
        ..Row::DEFAULT
    },
    Row {
        change: "conflict clause of NOT NULL or a key",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL UNIQUE)",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL ON CONFLICT IGNORE UNIQUE ON CONFLICT REPLACE)",
        by: edit_or("edit scan", "rebuild"),
        ..Row::DEFAULT
    },
    Row {
        change: "default",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT DEFAULT 'x')",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT DEFAULT 'y')",
        by: edit_or("update update, edit catalog", "rebuild"),
        ..Row::DEFAULT
    },
    Row {
        change: "type: of the same affinity",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a VARCHAR(9))",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
        by: edit_or("edit catalog", "rebuild"),
        ..Row::DEFAULT
    },
    Row {
        change: "type: of another affinity",
        rows: "INSERT INTO t VALUES (1, '5'), (5, '7')",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)",
        by: always("rebuild"),
        changed: &["t.a"],
        ..Row::DEFAULT
    },
    Row {
        change: "collation",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT COLLATE NOCASE)",
        by: edit_or("edit scan", "rebuild"),
        ..Row::DEFAULT
    },
    Row {
        change: "collation: of a table with indexes",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE); CREATE INDEX i ON t (a)",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT COLLATE NOCASE UNIQUE); CREATE INDEX i ON t (a)",
        by: edit_or("edit scan, reindex scan", "rebuild"),
        ..Row::DEFAULT
    },
    Row {
        change: "collation: in the key of a WITHOUT ROWID table",
        before: "CREATE TABLE t (a TEXT PRIMARY KEY, id INTEGER) WITHOUT ROWID",
        after: "CREATE TABLE t (a TEXT COLLATE NOCASE PRIMARY KEY, id INTEGER) WITHOUT ROWID",
        by: always("rebuild"),
        ..Row::DEFAULT
    },
    Row {
        change: "VIRTUAL: another expression",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER AS (length(a)) VIRTUAL); CREATE INDEX i ON t (b)",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER AS (-length(a)) VIRTUAL); CREATE INDEX i ON t (b)",
        by: edit_or("edit scan, reindex scan", "rebuild"),
        changed: &["t.b"],
        ..Row::DEFAULT
    },
    Row {
        change: "STORED becomes plain",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER AS (length(a)) STORED)",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER)",
        by: edit_or("edit catalog", "rebuild"),
        ..Row::DEFAULT
    },
    Row {
        change: "STORED: from plain, from or to VIRTUAL, another expression",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER AS (length(a)) VIRTUAL)",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER AS (length(a)) STORED)",
        by: always("rebuild"),
        ..Row::DEFAULT
    },
    // Rules of a table.
    Row {
        change: "CHECK added",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT CHECK (a <> ''))",
        by: newer("alter scan", "edit scan"),
        ..Row::DEFAULT
    },
    Row {
        change: "CHECK dropped: it has a name of its own",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, CONSTRAINT full CHECK (a <> ''))",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
        by: newer("alter catalog", "edit catalog"),
        ..Row::DEFAULT
    },
    Row {
        change: "CHECK dropped: it has none",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT CHECK (a <> ''))",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
        by: edit_or("edit catalog", "rebuild"),
        ..Row::DEFAULT
    },
    Row {
        change: "constraint renamed",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, CONSTRAINT full CHECK (a <> ''))",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, CONSTRAINT filled CHECK (a <> ''))",
        by: edit_or("edit catalog", "rebuild"),
        ..Row::DEFAULT
    },
    Row {
        change: "foreign key added",
        before: "CREATE TABLE p (id TEXT PRIMARY KEY); CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
        rows: "INSERT INTO p VALUES ('x'); INSERT INTO t VALUES (1, 'x'), (5, NULL)",
        after: "CREATE TABLE p (id TEXT PRIMARY KEY); CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT REFERENCES p (id))",
        by: edit_or("edit scan", "rebuild"),
        ..Row::DEFAULT
    },
    Row {
        change: "foreign key dropped: it has a name of its own",
        before: "CREATE TABLE p (id TEXT PRIMARY KEY);
            CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, CONSTRAINT up FOREIGN KEY (a) REFERENCES p (id))",
        rows: "INSERT INTO p VALUES ('x'); INSERT INTO t VALUES (1, 'x'), (5, NULL)",
        after: "CREATE TABLE p (id TEXT PRIMARY KEY); CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
        by: newer("alter catalog", "edit catalog"),
        ..Row::DEFAULT
    },
    Row {
        change: "foreign key: actions, deferrable",
        before: "CREATE TABLE p (id TEXT PRIMARY KEY); CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT REFERENCES p (id))",
        rows: "INSERT INTO p VALUES ('x'); INSERT INTO t VALUES (1, 'x'), (5, NULL)",
        after: "CREATE TABLE p (id TEXT PRIMARY KEY); CREATE TABLE t (id INTEGER PRIMARY KEY,
            a TEXT REFERENCES p (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED)",
        by: edit_or("edit catalog", "rebuild"),
        ..Row::DEFAULT
    },
    Row {
        change: "UNIQUE added or dropped",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE)",
        by: always("rebuild"),
        ..Row::DEFAULT
    },
    Row {
        change: "primary key, WITHOUT ROWID",
        after: "CREATE TABLE t (id INTEGER, a TEXT PRIMARY KEY)",
        by: always("rebuild"),
        changed: &["t.(rowid)"],
        ..Row::DEFAULT
    },
    Row {
        change: "primary key, WITHOUT ROWID",
        before: "CREATE TABLE t (id INTEGER, a TEXT PRIMARY KEY)",
        after: "CREATE TABLE t (id INTEGER, a TEXT PRIMARY KEY) WITHOUT ROWID",
        by: always("rebuild"),
        lost: &["t.(rowid)"],
        ..Row::DEFAULT
    },
    Row {
        change: "AUTOINCREMENT added",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT)",
        by: edit_or("create catalog, edit catalog, delete catalog", "rebuild"),
        ..Row::DEFAULT
    },
    Row {
        change: "AUTOINCREMENT dropped",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT)",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
        by: edit_or("edit catalog, delete catalog", "rebuild"),
        ..Row::DEFAULT
    },
    Row {
        change: "STRICT on",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT) STRICT",
        by: edit_or("edit scan", "rebuild"),
        ..Row::DEFAULT
    },
    Row {
        change: "STRICT off",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT) STRICT",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
        by: edit_or("edit catalog", "rebuild"),
        ..Row::DEFAULT
    },
    Row {
        change: "order of columns",
        before: "CREATE TABLE t (a TEXT, id INTEGER PRIMARY KEY)",
        after: "-- schema: exact_order\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
        by: always("rebuild"),
        ..Row::DEFAULT
    },
    // Beside tables.
    Row {
        change: "index created",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE INDEX i ON t (a)",
        by: always("create scan"),
        ..Row::DEFAULT
    },
    Row {
        change: "index dropped",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE INDEX i ON t (a)",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
        by: always("drop catalog"),
        ..Row::DEFAULT
    },
    Row {
        change: "index renamed, or UNIQUE or no longer",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE INDEX i ON t (a)",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE INDEX j ON t (a)",
        by: edit_or("edit catalog", "drop catalog, create scan"),
        ..Row::DEFAULT
    },
    Row {
        change: "index renamed, or UNIQUE or no longer",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE INDEX i ON t (a)",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE UNIQUE INDEX i ON t (a)",
        by: edit_or("edit scan", "drop catalog, create scan"),
        ..Row::DEFAULT
    },
    Row {
        change: "index renamed, or UNIQUE or no longer",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE UNIQUE INDEX i ON t (a)",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE INDEX i ON t (a)",
        by: edit_or("edit catalog", "drop catalog, create scan"),
        ..Row::DEFAULT
    },
    Row {
        change: "view, trigger",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE VIEW w AS SELECT a FROM t;
            CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END",
        by: always("create catalog, create catalog"),
        ..Row::DEFAULT
    },
];

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
    let table = include_str!("../schema-runtime/src/plan/method.rs");
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
    assert!(error.to_string().contains("1 groups of rows of `t` have the same `a`"), "{error}");
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
            error.contains("4 rows of `t` break CHECK") && error.contains("(first rowids or keys: 1, 5, 9)"),
            "{error}"
        );
    }
    place.run(&added("b INTEGER DEFAULT 7 CHECK (b > 5 OR t.b IS NULL)"));
    assert_eq!(place.query("SELECT id, b FROM t"), "1|7\n5|7\n9|7\n12|7");
    assert_eq!(place.query("INSERT OR IGNORE INTO t (b) VALUES (3) RETURNING b"), "");
}
