//! SQL files against databases: what is planned, and what becomes of catalog and rows.

use schema_runtime::{
    BackupPolicy, Catalog, ErrorKind, Migrator, Model, ModelOptions, Outcome, RemovalPolicy,
};

use super::target;
use crate::support::place::Place;

/// A change from one SQL text to another.
struct Row {
    name: &'static str,
    before: &'static str,
    /// What fills the tables that were made.
    rows: &'static str,
    after: &'static str,
    plan: &'static str,
    /// Queries after the run, and their rows.
    found: &'static [(&'static str, &'static str)],
}

fn migrator(sql: &str) -> Migrator {
    Migrator::for_model(target(sql)).backup(BackupPolicy::Never)
}

fn plan_text(plan: &schema_runtime::Plan) -> String {
    let text = plan.to_string();
    text.lines().filter(|line| !line.starts_with("   ")).collect::<Vec<_>>().join("\n")
}

const ROWS: &[Row] = &[
    Row {
        name: "the same text in another layout is no change",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL DEFAULT 'x'); CREATE INDEX i ON t (a);",
        rows: "INSERT INTO t VALUES (1, 'a')",
        after: "create index if not exists main.i on t ( a ) ; -- before its table\n\
                create table if not exists main.\"t\" (\n  id integer primary key,\n  a text not null default 'x' -- why not\n)",
        plan: "nothing to do",
        found: &[("SELECT * FROM t", "1|'a'")],
    },
    Row {
        name: "another spelling of a type is a change",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a VARCHAR(10));",
        rows: "INSERT INTO t VALUES (1, 'a')",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);",
        plan: "1. alter type of t.a: VARCHAR(10) -> TEXT (catalog)",
        found: &[("SELECT type FROM pragma_table_info('t') WHERE name = 'a'", "'TEXT'")],
    },
    Row {
        name: "tables and columns keep their rows under new names",
        before: "CREATE TABLE todo (id INTEGER PRIMARY KEY, name TEXT, size TEXT);",
        rows: "INSERT INTO todo VALUES (1, 'a', '7'), (2, NULL, NULL)",
        after: "-- schema: version(2.0), renamed_from(todo, task)\n\
                CREATE TABLE tasks (\n  id INTEGER PRIMARY KEY,\n\
                  title TEXT NOT NULL, -- schema: renamed_from(name) backfill('un' || 'named')\n\
                  /* schema: convert(CAST(size AS INTEGER) * 60) */\n  size INTEGER\n);",
        plan: "1. rename table todo to tasks (catalog)\n2. rename column tasks.name to title (catalog)\n\
               3. rebuild table tasks: alter nullability of tasks.title: NULL -> NOT NULL; alter type of tasks.size: TEXT -> INTEGER (rebuild)",
        found: &[("SELECT * FROM tasks", "1|'a'|420\n2|'unnamed'|NULL")],
    },
    Row {
        name: "what is not said to be dropped is kept, and what is said goes",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT, c TEXT); CREATE TABLE u (x); CREATE TABLE w (y);",
        rows: "INSERT INTO t VALUES (1, 'a', 'b', 'c'); INSERT INTO u VALUES (2); INSERT INTO w VALUES (3)",
        after: "CREATE TABLE t (\n  id INTEGER PRIMARY KEY\n  -- schema: dropped(a)\n);\n/* schema: dropped(t.b, u) */",
        plan: "1. drop column t.a (update)\n2. drop column t.b (update)\n3. drop table u (catalog)",
        found: &[
            ("SELECT * FROM t", "1|'c'"),
            ("SELECT * FROM w", "3"),
            ("SELECT count(*) FROM sqlite_schema WHERE name = 'u'", "0"),
        ],
    },
    Row {
        name: "the order of columns counts where it is said",
        before: "CREATE TABLE t (b TEXT, a TEXT); CREATE TABLE u (b TEXT, a TEXT);",
        rows: "INSERT INTO t VALUES ('b', 'a'); INSERT INTO u VALUES ('b', 'a')",
        after: "-- schema: exact_order\nCREATE TABLE t (a TEXT, b TEXT); CREATE TABLE u (a TEXT, b TEXT);",
        plan: "1. alter column order of t: b, a -> a, b (rebuild)",
        found: &[("SELECT * FROM t", "'a'|'b'"), ("SELECT * FROM u", "'b'|'a'")],
    },
    Row {
        name: "another model's table is left alone and can be referred to",
        before: "CREATE TABLE p (id INTEGER PRIMARY KEY, more TEXT); CREATE TABLE t (a INTEGER);",
        rows: "INSERT INTO p VALUES (1, 'm'); INSERT INTO t VALUES (1)",
        after: "-- schema: external\nCREATE TABLE p (id INTEGER PRIMARY KEY);\n\
                CREATE TABLE t (a INTEGER, b INTEGER REFERENCES p (id));",
        plan: "1. add column t.b (catalog)",
        found: &[
            ("SELECT * FROM p", "1|'m'"),
            ("SELECT * FROM t", "1|NULL"),
            ("SELECT \"table\" FROM pragma_foreign_key_list('t')", "'p'"),
        ],
    },
    Row {
        name: "objects come in the order in which they need each other, however they stand in the file",
        before: "CREATE TABLE t (a TEXT);",
        rows: "INSERT INTO t VALUES ('x')",
        after: "CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO f VALUES (NEW.a); END;\n\
                CREATE VIEW w AS SELECT * FROM v; CREATE VIEW v AS SELECT a FROM t; CREATE INDEX i ON t (a);\n\
                CREATE VIRTUAL TABLE f USING fts5(a); CREATE TABLE t (a TEXT);",
        plan: "1. create index i on t (scan)\n2. create virtual table f (catalog)\n3. create view w (catalog)\n\
               4. create view v (catalog)\n5. create trigger g on t (catalog)",
        found: &[("SELECT * FROM w", "'x'"), ("SELECT count(*) FROM f", "0")],
    },
];

#[test]
fn a_database_follows_a_file_of_sql_with_its_rows() {
    for row in ROWS {
        let place = Place::new();
        migrator(row.before).run(place.path()).unwrap_or_else(|err| panic!("{}: {err}", row.name));
        place.sql(row.rows);
        let report =
            migrator(row.after).run(place.path()).unwrap_or_else(|err| panic!("{}: {err}", row.name));
        assert_eq!(plan_text(&report.plan), row.plan, "{}", row.name);
        for (query, rows) in row.found {
            assert_eq!(place.query(query), *rows, "{}: {query}", row.name);
        }
        let again = migrator(row.after).run(place.path()).expect("a second run");
        assert_eq!(again.outcome, Outcome::UpToDate, "{}: {}", row.name, again.plan);
        assert_eq!(place.query("PRAGMA integrity_check"), "'ok'");
    }
}

#[test]
fn a_version_that_is_said_is_recorded() {
    let place = Place::new();
    migrator("-- schema: version(1.10)\nCREATE TABLE t (a);").run(place.path()).expect("a run");
    assert_eq!(place.query("SELECT version FROM migration_history"), "'1.10'");
    let older = migrator("-- schema: version(1.9)\nCREATE TABLE t (a); CREATE INDEX i ON t (a);");
    let report = older.run(place.path());
    assert_eq!(report.expect_err("an older model").kind(), ErrorKind::NewerDatabase);
}

#[test]
fn an_empty_file_removes_by_the_policy() {
    let made = || {
        let place = Place::new();
        migrator("CREATE TABLE t (a); CREATE VIEW v AS SELECT a FROM t;").run(place.path()).expect("a run");
        place.sql("INSERT INTO t VALUES (1)");
        place
    };
    let place = made();
    let report = migrator("").run(place.path()).expect("a run");
    assert_eq!(plan_text(&report.plan), "1. drop view v (catalog)");
    assert_eq!(place.query("SELECT * FROM t"), "1");
    let place = made();
    let error = migrator("").removed(RemovalPolicy::Refuse).run(place.path()).expect_err("a refusal");
    assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
    let place = made();
    migrator("").removed(RemovalPolicy::Drop).run(place.path()).expect("a run");
    assert_eq!(place.query("SELECT count(*) FROM sqlite_schema WHERE name IN ('t', 'v')"), "0");
}

/// As the shell's `.schema` prints it: every text of the catalog, shadow tables with `IF NOT EXISTS` and quotes.
fn printed(place: &Place) -> String {
    let conn = place.open();
    let mut statement = conn
        .prepare(
            "SELECT CASE WHEN l.type = 'shadow'
                         THEN 'CREATE TABLE IF NOT EXISTS ' || substr(s.sql, 14) ELSE s.sql END
             FROM sqlite_schema AS s LEFT JOIN pragma_table_list AS l ON l.name = s.name AND l.schema = 'main'
             WHERE s.sql IS NOT NULL ORDER BY s.rowid",
        )
        .expect("a query");
    let texts = statement.query_map([], |row| row.get::<_, String>(0)).expect("rows");
    texts.map(|text| text.expect("a text") + ";\n").collect()
}

#[test]
fn what_the_shell_prints_of_a_database_is_that_database() {
    let place = Place::new();
    migrator(
        "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT UNIQUE);
         CREATE VIRTUAL TABLE docs USING fts5(a, content = 't', content_rowid = 'id');
         CREATE VIRTUAL TABLE old USING fts4(a); CREATE VIRTUAL TABLE box USING rtree(id, x0, x1);
         CREATE TABLE docs_archive (a); CREATE INDEX i ON docs_archive (a) WHERE a > 0;
         CREATE VIEW v AS SELECT a FROM t; CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END;",
    )
    .run(place.path())
    .expect("a run");
    place.sql("INSERT INTO t (a) VALUES ('x'); ANALYZE");
    let text = printed(&place);
    for own in ["sqlite_sequence", "sqlite_stat1", "migration_history", "IF NOT EXISTS 'docs_data'"] {
        assert!(text.contains(own), "{own} is missing in\n{text}");
    }
    let model = target(&text);
    let same = Model::from_database(place.path(), "main", &ModelOptions::new()).expect("a target");
    let shape = |catalog: &Catalog| {
        let mut sql: Vec<String> = catalog.tables.iter().map(|table| table.to_sql()).collect();
        sql.extend(
            catalog.tables.iter().flat_map(|table| table.indexes.iter().map(|index| index.sql.clone())),
        );
        sql.extend(catalog.virtual_tables.iter().map(|table| format!("{} {:?}", table.sql, table.shadows)));
        sql.extend(catalog.views.iter().map(|view| view.sql.clone()));
        sql.extend(catalog.triggers.iter().map(|trigger| trigger.sql.clone()));
        sql.sort();
        sql
    };
    assert_eq!(shape(model.catalog()), shape(same.catalog()));
    let report = Migrator::for_model(model).run(place.path()).expect("a run");
    assert_eq!(plan_text(&report.plan), "nothing to do");
    assert_eq!(place.query("SELECT a FROM t"), "'x'");
}
