//! What means the same plans nothing, and what means something else always plans: SQL texts against SQL texts.

use schema_runtime::{BackupPolicy, Migrator, Model, ModelOptions, RemovalPolicy};

use crate::support::place::Place;

fn migrator(sql: &str) -> Migrator {
    let model = Model::from_sql(sql, "target.sql", "main", &ModelOptions::new());
    let model = model.unwrap_or_else(|err| panic!("{sql}\n{err}"));
    Migrator::for_model(model).backup(BackupPolicy::Never).removed(RemovalPolicy::Drop)
}

/// What a run would do on a database that `live` made and that is the model's own.
fn changes(live: &str, wanted: &str) -> Vec<String> {
    let place = Place::by_hand(live);
    Migrator::for_model(Model::empty("main")).baseline(place.path()).expect("a baseline");
    let report = migrator(wanted).dry_run(true).run(place.path());
    let report = report.unwrap_or_else(|err| panic!("{live}\n{wanted}\n{err}"));
    let changes: Vec<String> = report.plan.changes().map(ToString::to_string).collect();
    if !changes.is_empty() {
        migrator(wanted).run(place.path()).unwrap_or_else(|err| panic!("{live}\n{wanted}\n{err}"));
        let again = migrator(wanted).dry_run(true).run(place.path()).expect("a second plan");
        assert!(again.plan.is_empty(), "{live}\n{wanted}\nplans twice:\n{}", again.plan);
    }
    changes
}

/// Pairs that differ in writing alone.
const SAME: &[(&str, &str)] = &[
    ("CREATE TABLE t (a INT, b TEXT)", "create  table t\n(\n  a int,\n\tb text\n)"),
    ("CREATE TABLE t (a INT)", "CREATE TABLE t (a INT -- the first\n) -- of all"),
    ("CREATE TABLE t (a INT /* , b */)", "CREATE TABLE IF NOT EXISTS main.t (a INT);"),
    ("CREATE TABLE \"t\" ([a] INT, `b` TEXT)", "CREATE TABLE t (a INT, b TEXT)"),
    ("CREATE TABLE t (a VARCHAR(10))", "CREATE TABLE t (a varchar ( 10 ))"),
    ("CREATE TABLE t (a unsigned  big int)", "CREATE TABLE t (a UNSIGNED BIG INT)"),
    ("CREATE TABLE t (a DEFAULT (5))", "CREATE TABLE t (a DEFAULT 5)"),
    ("CREATE TABLE t (a DEFAULT ((5)))", "CREATE TABLE t (a DEFAULT 5)"),
    ("CREATE TABLE t (a DEFAULT +5)", "CREATE TABLE t (a DEFAULT (+5))"),
    ("CREATE TABLE t (a DEFAULT current_timestamp)", "CREATE TABLE t (a DEFAULT CURRENT_TIMESTAMP)"),
    ("CREATE TABLE t (a DEFAULT x'ab')", "CREATE TABLE t (a DEFAULT X'AB')"),
    ("CREATE TABLE t (a DEFAULT \"x\")", "CREATE TABLE t (a DEFAULT 'x')"),
    ("CREATE TABLE t (a NULL)", "CREATE TABLE t (a)"),
    ("CREATE TABLE t (a COLLATE nocase)", "CREATE TABLE t (a COLLATE NOCASE)"),
    ("CREATE TABLE t (a COLLATE BINARY)", "CREATE TABLE t (a)"),
    ("CREATE TABLE t (a NOT NULL ON CONFLICT ABORT)", "CREATE TABLE t (a NOT NULL)"),
    ("CREATE TABLE t (a UNIQUE ON CONFLICT ABORT)", "CREATE TABLE t (a, UNIQUE (a))"),
    ("CREATE TABLE t (a UNIQUE, b)", "CREATE TABLE t (a, b, UNIQUE (a))"),
    ("CREATE TABLE t (id INTEGER PRIMARY KEY)", "CREATE TABLE t (id INTEGER, PRIMARY KEY (id))"),
    ("CREATE TABLE t (id INTEGER PRIMARY KEY)", "CREATE TABLE t (id INTEGER PRIMARY KEY NOT NULL)"),
    ("CREATE TABLE t (id INTEGER PRIMARY KEY)", "CREATE TABLE t (id INTEGER PRIMARY KEY ASC)"),
    ("CREATE TABLE t (a TEXT PRIMARY KEY)", "CREATE TABLE t (a TEXT, PRIMARY KEY (a))"),
    ("CREATE TABLE t (a CHECK (a > 0))", "CREATE TABLE t (a, CHECK (a > 0))"),
    ("CREATE TABLE t (a CHECK (a > 0))", "CREATE TABLE t (a CHECK (\"A\">0))"),
    ("CREATE TABLE t (a CHECK (a > 0))", "CREATE TABLE t (a CHECK (((a > 0))))"),
    ("CREATE TABLE t (a CHECK (a <> 0))", "CREATE TABLE t (a CHECK (a != 0))"),
    ("CREATE TABLE t (a CHECK (a = 1))", "CREATE TABLE t (a CHECK (a == 1))"),
    ("CREATE TABLE t (a CHECK (a ISNULL))", "CREATE TABLE t (a CHECK (a IS NULL))"),
    ("CREATE TABLE t (a CHECK (a NOTNULL))", "CREATE TABLE t (a CHECK (a NOT NULL))"),
    ("CREATE TABLE t (a CHECK (LENGTH(a) > 1))", "CREATE TABLE t (a CHECK (length(a) > 1))"),
    ("CREATE TABLE t (a, CHECK (a > 0), CHECK (a < 9))", "CREATE TABLE t (a, CHECK (a < 9), CHECK (a > 0))"),
    ("CREATE TABLE t (a, b, UNIQUE (a), UNIQUE (b))", "CREATE TABLE t (a, b, UNIQUE (b), UNIQUE (a))"),
    ("CREATE TABLE t (a, g AS (a + 1))", "CREATE TABLE t (a, g GENERATED ALWAYS AS (a+1) VIRTUAL)"),
    (
        "CREATE TABLE t (a INT PRIMARY KEY) STRICT, WITHOUT ROWID",
        "CREATE TABLE t (a INT PRIMARY KEY) without rowid, strict",
    ),
    (
        "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (a REFERENCES p)",
        "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (a REFERENCES p (id))",
    ),
    (
        "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (a REFERENCES p (id))",
        "CREATE TABLE t (a, FOREIGN KEY (a) REFERENCES p (id) ON DELETE NO ACTION); CREATE TABLE p (id INTEGER PRIMARY KEY)",
    ),
    (
        "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (a REFERENCES p (id) MATCH FULL)",
        "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (a REFERENCES p (id) NOT DEFERRABLE)",
    ),
    ("CREATE TABLE t (a); CREATE INDEX i ON t (a ASC)", "CREATE TABLE t (a); create index I on T (\"a\")"),
    (
        "CREATE TABLE t (a); CREATE INDEX i ON t (lower(a)) WHERE a NOTNULL",
        "CREATE TABLE t (a); CREATE INDEX i ON t (LOWER( a )) WHERE (a NOT NULL)",
    ),
    (
        "CREATE TABLE t (a); CREATE VIEW v AS SELECT a FROM t",
        "CREATE TABLE t (a); CREATE VIEW v AS select [a] from t -- all",
    ),
    (
        "CREATE TABLE t (a); CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END",
        "CREATE TABLE t (a); create trigger g after insert on t begin /* one */ select 1; end",
    ),
    ("CREATE VIRTUAL TABLE f USING fts5(a, b)", "CREATE VIRTUAL TABLE f USING fts5( a,b )"),
    ("CREATE TABLE t (a, b)", "CREATE TABLE t (b, a)"),
];

/// Pairs that mean something else, however little differs.
const OTHER: &[(&str, &str)] = &[
    ("CREATE TABLE t (a INT)", "CREATE TABLE t (A INT)"),
    ("CREATE TABLE t (a INT)", "CREATE TABLE t (a INTEGER)"),
    ("CREATE TABLE t (a TEXT)", "CREATE TABLE t (a)"),
    ("CREATE TABLE t (a DEFAULT 1)", "CREATE TABLE t (a DEFAULT '1')"),
    ("CREATE TABLE t (a DEFAULT 1)", "CREATE TABLE t (a DEFAULT 1.0)"),
    ("CREATE TABLE t (a DEFAULT 'x')", "CREATE TABLE t (a DEFAULT 'X')"),
    ("CREATE TABLE t (a DEFAULT NULL)", "CREATE TABLE t (a DEFAULT 'NULL')"),
    ("CREATE TABLE t (a DEFAULT (CURRENT_TIME))", "CREATE TABLE t (a DEFAULT 'CURRENT_TIME')"),
    ("CREATE TABLE t (a COLLATE NOCASE)", "CREATE TABLE t (a COLLATE RTRIM)"),
    ("CREATE TABLE t (a NOT NULL)", "CREATE TABLE t (a)"),
    ("CREATE TABLE t (a NOT NULL)", "CREATE TABLE t (a NOT NULL ON CONFLICT REPLACE)"),
    ("CREATE TABLE t (a UNIQUE)", "CREATE TABLE t (a); CREATE UNIQUE INDEX i ON t (a)"),
    ("CREATE TABLE t (a, b, UNIQUE (a, b))", "CREATE TABLE t (a, b, UNIQUE (b, a))"),
    ("CREATE TABLE t (a, b, PRIMARY KEY (a, b))", "CREATE TABLE t (a, b, PRIMARY KEY (b, a))"),
    ("CREATE TABLE t (id INTEGER PRIMARY KEY)", "CREATE TABLE t (id INT PRIMARY KEY)"),
    ("CREATE TABLE t (id INTEGER PRIMARY KEY)", "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT)"),
    ("CREATE TABLE t (id INTEGER PRIMARY KEY)", "CREATE TABLE t (id INTEGER UNIQUE)"),
    ("CREATE TABLE t (a CHECK (a > 0))", "CREATE TABLE t (a CHECK (a >= 0))"),
    ("CREATE TABLE t (a CHECK (a IN (1, 2)))", "CREATE TABLE t (a CHECK (a IN (1, 2, 3)))"),
    ("CREATE TABLE t (a CHECK (a = 'x'))", "CREATE TABLE t (a CHECK (a = 'X'))"),
    ("CREATE TABLE t (a CHECK (a > 0))", "CREATE TABLE t (a CONSTRAINT positive CHECK (a > 0))"),
    ("CREATE TABLE t (a, b CHECK (a - b > 1))", "CREATE TABLE t (a, b CHECK (a - (b > 1)))"),
    ("CREATE TABLE t (a, b CHECK (a AND b OR a))", "CREATE TABLE t (a, b CHECK (a AND (b OR a)))"),
    ("CREATE TABLE t (a, g AS (a + 1))", "CREATE TABLE t (a, g AS (a + 1) STORED)"),
    ("CREATE TABLE t (a, g AS (a + 1))", "CREATE TABLE t (a, g AS (a + 2))"),
    ("CREATE TABLE t (a INT PRIMARY KEY)", "CREATE TABLE t (a INT PRIMARY KEY NOT NULL) WITHOUT ROWID"),
    ("CREATE TABLE t (a INT)", "CREATE TABLE t (a INT) STRICT"),
    (
        "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (a REFERENCES p (id))",
        "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (a REFERENCES p (id) ON DELETE CASCADE)",
    ),
    (
        "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (a REFERENCES p (id))",
        "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (a REFERENCES p (id) DEFERRABLE INITIALLY DEFERRED)",
    ),
    (
        "CREATE TABLE t (a, b); CREATE INDEX i ON t (a, b)",
        "CREATE TABLE t (a, b); CREATE INDEX i ON t (b, a)",
    ),
    ("CREATE TABLE t (a); CREATE INDEX i ON t (a)", "CREATE TABLE t (a); CREATE INDEX i ON t (a DESC)"),
    ("CREATE TABLE t (a); CREATE INDEX i ON t (a)", "CREATE TABLE t (a); CREATE UNIQUE INDEX i ON t (a)"),
    (
        "CREATE TABLE t (a); CREATE INDEX i ON t (a)",
        "CREATE TABLE t (a); CREATE INDEX i ON t (a COLLATE NOCASE)",
    ),
    (
        "CREATE TABLE t (a); CREATE INDEX i ON t (a) WHERE a > 1",
        "CREATE TABLE t (a); CREATE INDEX i ON t (a) WHERE a > 2",
    ),
    ("CREATE TABLE t (a); CREATE INDEX i ON t (a)", "CREATE TABLE t (a); CREATE INDEX j ON t (a)"),
    (
        "CREATE TABLE t (a); CREATE VIEW v AS SELECT a FROM t",
        "CREATE TABLE t (a); CREATE VIEW v AS SELECT a AS b FROM t",
    ),
    (
        "CREATE TABLE t (a); CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END",
        "CREATE TABLE t (a); CREATE TRIGGER g BEFORE INSERT ON t BEGIN SELECT 1; END",
    ),
    (
        "CREATE TABLE t (a); CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 'a'; END",
        "CREATE TABLE t (a); CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 'A'; END",
    ),
    ("CREATE VIRTUAL TABLE f USING fts5(a)", "CREATE VIRTUAL TABLE f USING fts5(a, tokenize = 'porter')"),
];

#[test]
fn what_differs_in_writing_alone_plans_nothing() {
    let mut faults = Vec::new();
    for (live, wanted) in SAME {
        for (live, wanted) in [(live, wanted), (wanted, live)] {
            let planned = changes(live, wanted);
            if !planned.is_empty() {
                faults.push(format!("{live}\n  -> {wanted}\n  {planned:?}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn what_means_something_else_plans_once() {
    for (live, wanted) in OTHER {
        for (live, wanted) in [(live, wanted), (wanted, live)] {
            assert!(!changes(live, wanted).is_empty(), "{live}\n  -> {wanted}\n  plans nothing");
        }
    }
}
