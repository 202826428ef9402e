//! Edits of the catalog: what they must leave alone, and what has to be read, written or built anew with them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::Connection;
use schema_runtime::ErrorKind::Data;
use schema_runtime::HazardCode::*;
use schema_runtime::{BackupPolicy, Migrator, RemovalPolicy};

use crate::support::case::{
    Act::{Model, Sql},
    Case, Expect, query_text, run,
};
use crate::support::model::model;
use crate::support::place::Place;

/// A default changes while row 1 holds the column and row 2 reads the default from the text.
macro_rules! short_row {
    ($name:literal, $column:literal, $default:literal, $plan:literal) => {
        Case {
            name: $name,
            before: &[Sql(concat!(
                "CREATE TABLE t (id INTEGER PRIMARY KEY, c TEXT); INSERT INTO t VALUES (1, 'x'), (2, 'y');
                 ALTER TABLE t ADD COLUMN ",
                $column,
                " DEFAULT ",
                $default,
                "; UPDATE t SET b = 'whole' WHERE id = 1"
            ))],
            after: concat!(
                "--: type t.b\nCREATE TABLE t (id INTEGER PRIMARY KEY, c TEXT, ",
                $column,
                " DEFAULT 'new')"
            ),
            expect: Expect::Plan(
                concat!(
                    "1. write rows of t (update)\n2. alter default of t.b: ",
                    $plan,
                    " -> 'new' (catalog)"
                ),
                &[Update],
            ),
            ..Case::DEFAULT
        }
    };
}

#[test]
fn rows_that_lack_a_column_go_on_to_read_what_they_read() {
    run(&[
        short_row!("a default in double quotes that is the name of a column", "b TEXT", "\"c\"", "\"c\""),
        short_row!("a default in brackets that is the name of a column", "b TEXT", "[c]", "[c]"),
        short_row!("a bare word that is the name of a column", "b TEXT", "c", "c"),
        short_row!(
            "a cast, which ADD COLUMN takes for constant",
            "b INTEGER",
            "(CAST('5' AS INTEGER))",
            "CAST('5' AS INTEGER)"
        ),
        short_row!("a sign before a sign", "b INTEGER", "(- -5)", "- -5"),
        short_row!("a number in a TEXT column, which is read as it is spelt", "b TEXT", "5.00", "5.00"),
        short_row!("a number with a sign in a TEXT column", "b TEXT", "-7.50", "-7.50"),
        short_row!("a number without a type", "b", "5.00", "5.00"),
        short_row!("a hexadecimal number in a REAL column", "b REAL", "0x10", "0x10"),
        short_row!("a text that becomes a number", "b INTEGER", "' 5.0 '", "' 5.0 '"),
        short_row!("a number that is too large for an integer", "b INTEGER", "9223372036854775808", "9223372036854775808"),
        short_row!("TRUE in a TEXT column", "b TEXT", "TRUE", "TRUE"),
        short_row!("FALSE in a BLOB column", "b BLOB", "FALSE", "FALSE"),
        short_row!("a blob in a TEXT column", "b TEXT", "x'41'", "x'41'"),
        short_row!("an empty name in double quotes", "b TEXT", "\"\"", "\"\""),
        short_row!("infinity", "b REAL", "9e999", "9e999"),
        Case {
            name: "TRUE where a column is called true",
            before: &[Sql("CREATE TABLE t (id INTEGER PRIMARY KEY, \"true\" TEXT); INSERT INTO t VALUES (1, 'x'), (2, 'y');
                ALTER TABLE t ADD COLUMN b INTEGER DEFAULT TRUE; UPDATE t SET b = 5 WHERE id = 1")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, \"true\" TEXT, b INTEGER DEFAULT 7)",
            expect: Expect::Plan(
                "1. write rows of t (update)\n2. alter default of t.b: TRUE -> 7 (catalog)",
                &[Update],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "the first row as well as the others",
            before: &[Sql("CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1), (2);
                ALTER TABLE t ADD COLUMN b INTEGER DEFAULT (CAST('5' AS INTEGER))")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, b INTEGER DEFAULT 6)",
            expect: Expect::Plan(
                "1. write rows of t (update)\n2. alter default of t.b: CAST('5' AS INTEGER) -> 6 (catalog)",
                &[Update],
            ),
            rows: &[("SELECT b FROM t", "5\n5")],
            ..Case::DEFAULT
        },
        Case {
            name: "in a table WITHOUT ROWID, with an index on the column",
            before: &[Sql("CREATE TABLE t (id TEXT PRIMARY KEY) WITHOUT ROWID; INSERT INTO t VALUES ('a'), ('b');
                ALTER TABLE t ADD COLUMN b INTEGER DEFAULT 7; UPDATE t SET b = 1 WHERE id = 'a'; CREATE INDEX i ON t (b)")],
            after: "CREATE TABLE t (id TEXT PRIMARY KEY, b INTEGER DEFAULT 6) WITHOUT ROWID; CREATE INDEX i ON t (b)",
            expect: Expect::Plan(
                "1. write rows of t (update)\n2. alter default of t.b: 7 -> 6 (catalog)",
                &[Update],
            ),
            rows: &[("SELECT id FROM t WHERE b = 7", "'b'")],
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn a_column_that_rows_lack_can_be_dropped_beside_an_edit() {
    run(&[
        Case {
            name: "a column goes, and another gets a rule",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)"),
                Sql("INSERT INTO t VALUES (1, 'x')"),
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER DEFAULT 7)"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT COLLATE NOCASE)",
            with: |migrator| migrator.removed(RemovalPolicy::Drop),
            expect: Expect::Plan(
                "1. alter collation of t.a: BINARY -> NOCASE (scan)\n2. drop column t.b (update)",
                &[Scan, DropColumn, Update],
            ),
            rows: &[("SELECT * FROM t", "1|'x'")],
            ..Case::DEFAULT
        },
        Case {
            name: "the undo takes back a column that came with a default, and an edit",
            before: &[Sql("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t VALUES (1, 'x')")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT COLLATE NOCASE, b INTEGER DEFAULT 7)",
            expect: Expect::Plan(
                "1. alter collation of t.a: BINARY -> NOCASE; add column t.b (scan)",
                &[Scan],
            ),
            rows: &[("SELECT * FROM t", "1|'x'|7")],
            undone: &[("SELECT * FROM t", "1|'x'")],
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn what_was_computed_from_a_column_follows_it() {
    run(&[
        Case {
            name: "an index on a virtual column that gets another type",
            before: &[Sql("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, g TEXT AS (a) VIRTUAL);
                CREATE INDEX i ON t (g); INSERT INTO t VALUES (1, '10'), (2, '9'), (3, 'x')")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, g INTEGER AS (a) VIRTUAL); CREATE INDEX i ON t (g)",
            expect: Expect::Plan("1. alter type of t.g: TEXT -> INTEGER (rebuild)", &[ConvertValues, Rewrite]),
            rows: &[("SELECT id FROM t WHERE g = 9", "2")],
            changed: &["t.g"],
            ..Case::DEFAULT
        },
        Case {
            name: "a virtual column of a STRICT table cannot get a type that its values are not of",
            before: &[Sql("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, g TEXT AS (a) VIRTUAL) STRICT;
                INSERT INTO t VALUES (1, '10'), (2, 'x')")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, g INTEGER AS (a) VIRTUAL) STRICT",
            expect: Expect::Error(Data, &["hold a value in `g` that is no INTEGER"]),
            ..Case::DEFAULT
        },
        Case {
            name: "a STORED column over a virtual one that gets another expression",
            before: &[Sql("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, v INTEGER AS (a + 1) VIRTUAL,
                    s INTEGER AS (v * 2) STORED);
                INSERT INTO t (id, a) VALUES (1, 10), (2, 9)")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, v INTEGER AS (a + 5) VIRTUAL, s INTEGER AS (v * 2) STORED)",
            expect: Expect::Plan(
                "1. alter generated expression of t.v: AS (a + 1) VIRTUAL -> AS (a + 5) VIRTUAL (rebuild)",
                &[Rewrite],
            ),
            rows: &[("SELECT v, s FROM t", "15|30\n14|28")],
            changed: &["t.v", "t.s"],
            ..Case::DEFAULT
        },
        Case {
            name: "a STORED column over one that gets another collation",
            before: &[Sql("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, s INTEGER AS (a = 'x') STORED);
                INSERT INTO t (id, a) VALUES (1, 'X'), (2, 'x')")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT COLLATE NOCASE, s INTEGER AS (a = 'x') STORED)",
            expect: Expect::Plan("1. alter collation of t.a: BINARY -> NOCASE (rebuild)", &[Rewrite]),
            rows: &[("SELECT s FROM t", "1\n1")],
            changed: &["t.s"],
            ..Case::DEFAULT
        },
        Case {
            name: "a full-text index over a virtual column that gets another expression",
            before: &[Sql("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, g TEXT AS (a || 'one') VIRTUAL);
                INSERT INTO t (id, a) VALUES (1, 'x'), (2, 'y');
                CREATE VIRTUAL TABLE f USING fts5(g, content='t', content_rowid='id'); INSERT INTO f (f) VALUES ('rebuild')")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, g TEXT AS (a || 'two') VIRTUAL);
                CREATE VIRTUAL TABLE f USING fts5(g, content='t', content_rowid='id')",
            expect: Expect::Plan(
                "1. alter generated expression of t.g: AS (a || 'one') VIRTUAL -> AS (a || 'two') VIRTUAL (scan)\n\
                 2. fill f anew (scan)",
                &[Scan],
            ),
            rows: &[
                ("SELECT rowid FROM f WHERE f MATCH 'xtwo'", "1"),
                ("SELECT rowid FROM f WHERE f MATCH 'xone'", ""),
            ],
            undone: &[("SELECT rowid FROM f WHERE f MATCH 'xone'", "1")],
            changed: &["t.g"],
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn keys_keep_their_indexes() {
    run(&[
        Case {
            name: "two keys of the same column that differ in their collation alone",
            before: &[Sql("CREATE TABLE t (a TEXT, b INTEGER, UNIQUE (a COLLATE NOCASE), PRIMARY KEY (a));
                INSERT INTO t VALUES ('a', 1), ('B', 2), ('c', 3), ('D', 4)")],
            after: "CREATE TABLE t (a TEXT, b INTEGER DEFAULT 5, PRIMARY KEY (a))",
            expect: Expect::Plan("1. alter default of t.b: none -> 5 (rebuild)", &[Rewrite]),
            rows: &[("SELECT b FROM t WHERE a = 'B'", "2")],
            ..Case::DEFAULT
        },
        Case {
            name: "a key that stands behind a unique constraint of an earlier column",
            before: &[Sql("CREATE TABLE t (b TEXT, a TEXT, c INTEGER, UNIQUE (a), PRIMARY KEY (b));
                INSERT INTO t VALUES ('x', 'y', 1), ('a', 'z', 2)")],
            after: "CREATE TABLE t (b TEXT PRIMARY KEY, a TEXT UNIQUE, c INTEGER DEFAULT 4)",
            expect: Expect::Plan("1. alter default of t.c: none -> 4 (rebuild)", &[Rewrite]),
            rows: &[("SELECT c FROM t WHERE a = 'y'", "1"), ("SELECT c FROM t WHERE b = 'a'", "2")],
            ..Case::DEFAULT
        },
        Case {
            name: "a table that cannot be edited costs no other one a rebuild whose name is part of its own",
            before: &[Sql("CREATE TABLE t (a TEXT, c INTEGER); INSERT INTO t VALUES ('a', 1);
                CREATE TABLE tt (b TEXT, a TEXT, c INTEGER, UNIQUE (a), PRIMARY KEY (b)); INSERT INTO tt VALUES ('x', 'y', 1)")],
            after: "CREATE TABLE t (a TEXT, c INTEGER DEFAULT 4);
                CREATE TABLE tt (b TEXT PRIMARY KEY, a TEXT UNIQUE, c INTEGER DEFAULT 4)",
            expect: Expect::Plan(
                "1. write rows of t (update)\n2. alter default of t.c: none -> 4 (catalog)\n\
                 3. alter default of tt.c: none -> 4 (rebuild)",
                &[Update, Rewrite],
            ),
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn a_backfill_reads_the_row_as_it_was() {
    const NULLS: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER, z TEXT);
        INSERT INTO t VALUES (1, NULL, NULL, ''), (2, NULL, 8, ''), (3, 7, 9, '')";
    run(&[
        Case {
            name: "not what another backfill has written, by an edit",
            before: &[Sql(NULLS)],
            after: "--: backfill t.a 0\n--: backfill t.b coalesce(a, 5)
                CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER NOT NULL, b INTEGER NOT NULL, z TEXT COLLATE NOCASE)",
            expect: Expect::Plan(
                "1. rebuild table t: alter nullability of t.a: NULL -> NOT NULL; alter nullability of t.b: NULL -> NOT NULL; \
                 alter collation of t.z: BINARY -> NOCASE (rebuild)",
                &[Tightened, Tightened, Rewrite],
            ),
            rows: &[("SELECT a, b FROM t", "0|5\n0|8\n7|9")],
            changed: &["t.a", "t.b"],
            lost: &["t.a", "t.b"],
            ..Case::DEFAULT
        },
        Case {
            name: "not what another backfill has written, by ALTER TABLE",
            before: &[Sql(NULLS)],
            after: "--: backfill t.a 0\n--: backfill t.b coalesce(a, 5)
                CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER NOT NULL, b INTEGER NOT NULL, z TEXT)",
            expect: Expect::Plan(
                "1. rebuild table t: alter nullability of t.a: NULL -> NOT NULL; alter nullability of t.b: NULL -> NOT NULL \
                 (rebuild)",
                &[Tightened, Tightened, Rewrite],
            ),
            rows: &[("SELECT a, b FROM t", "0|5\n0|8\n7|9")],
            changed: &["t.a", "t.b"],
            lost: &["t.a", "t.b"],
            ..Case::DEFAULT
        },
        Case {
            name: "not what the same backfill has written into rows before",
            before: &[Sql(NULLS)],
            after: "--: backfill t.a (SELECT count(*) FROM t AS o WHERE o.a IS NULL AND o.id <= t.id)
                CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER NOT NULL, b INTEGER, z TEXT COLLATE NOCASE)",
            expect: Expect::Plan(
                "1. rebuild table t: alter nullability of t.a: NULL -> NOT NULL; alter collation of t.z: BINARY -> NOCASE \
                 (rebuild)",
                &[Tightened, Rewrite],
            ),
            rows: &[("SELECT a FROM t", "1\n2\n7")],
            changed: &["t.a"],
            lost: &["t.a"],
            ..Case::DEFAULT
        },
        Case {
            name: "not what a virtual column is going to compute",
            before: &[Sql("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, v INTEGER AS (a + 1) VIRTUAL);
                INSERT INTO t (id, a) VALUES (1, 1), (2, 2)")],
            after: "--: backfill t.b v
                CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, v INTEGER AS (a + 100) VIRTUAL, b INTEGER)",
            expect: Expect::Plan(
                "1. rebuild table t: alter generated expression of t.v: AS (a + 1) VIRTUAL -> AS (a + 100) VIRTUAL; add column t.b \
                 (rebuild)",
                &[Rewrite],
            ),
            rows: &[("SELECT v, b FROM t", "101|2\n102|3")],
            changed: &["t.v"],
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn rows_satisfy_what_an_edit_says_of_them() {
    run(&[
        Case {
            name: "a new column whose CHECK its own default breaks as it is stored",
            before: &[Sql("CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1), (2)")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, b INTEGER DEFAULT 1.5 CHECK (b = 1))",
            expect: Expect::Error(Data, &["rows of `t` break CHECK (b = 1): 2 (first rowids or keys: 1, 2)"]),
            ..Case::DEFAULT
        },
        Case {
            name: "a CHECK that names no column but the rowid",
            before: &[Sql("CREATE TABLE t (z TEXT); INSERT INTO t VALUES ('a'), ('b')")],
            after: "CREATE TABLE t (z TEXT, n INTEGER, CHECK (rowid <> 2))",
            expect: Expect::Error(Data, &["rows of `t` break CHECK (rowid <> 2): 1 (rowid or key: 2)"]),
            ..Case::DEFAULT
        },
        Case {
            name: "a foreign key on a virtual column that gets another expression",
            before: &[Sql("CREATE TABLE p (k INTEGER PRIMARY KEY); INSERT INTO p VALUES (5);
                CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, g INTEGER AS (a) VIRTUAL REFERENCES p (k));
                INSERT INTO t (id, a) VALUES (1, 5)")],
            after: "CREATE TABLE p (k INTEGER PRIMARY KEY);
                CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, g INTEGER AS (a + 10) VIRTUAL REFERENCES p (k))",
            expect: Expect::Error(Data, &["table `t` has 0 rows that refer to a missing parent and would have 1"]),
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn a_connection_forgets_an_edit_that_was_rolled_back_even_if_another_one_changes_the_schema_at_once() {
    let place = Place::by_hand(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER CHECK (a > 0), b TEXT);
         PRAGMA ignore_check_constraints = ON; INSERT INTO t VALUES (1, -1, 'x')",
    );
    let mut conn = place.open();
    let (path, changed) = (place.path(), Arc::new(AtomicBool::new(false)));
    let by_hook = Arc::clone(&changed);
    // Without this index the connection would insert rows that it lacks.
    let hook = move || {
        if !by_hook.swap(true, Ordering::SeqCst) {
            let other = Connection::open(&path).expect("the database opens");
            other.execute_batch("CREATE INDEX i ON t (a)").expect("an index");
        }
    };
    let _ = conn.rollback_hook(Some(hook));
    let wanted = model(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER CHECK (a > 0), b TEXT COLLATE NOCASE NOT NULL)",
    );
    let migrator = Migrator::new(wanted).backup(BackupPolicy::Never);
    migrator.run_on(&mut conn).expect_err("row 1 breaks the CHECK");
    let _ = conn.rollback_hook(None::<fn()>);
    assert!(changed.load(Ordering::SeqCst), "the edit was rolled back");
    conn.execute_batch("UPDATE t SET a = 4; INSERT INTO t VALUES (2, 5, NULL)").expect("b may be NULL");
    assert_eq!(query_text(&place.open(), "PRAGMA integrity_check"), "'ok'");
}
