//! Values in a rebuild that come from elsewhere: subqueries in `backfill` and `convert`, over the table itself and over others.

use rusqlite::Connection;
use schema_runtime::{HazardCode, Migrator};

use crate::support::case::{Act::*, Case, Expect, check_rows, run};
use crate::support::model::model;

#[test]
fn subqueries_read_the_rows_as_they_are() {
    run(&[
        Case {
            name: "a backfill that asks the rebuilt table itself sees its old rows",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, n INTEGER)"),
                Sql("INSERT INTO t VALUES (1, 'x', 5), (2, 'y', 7)"),
            ],
            after: "--: backfill t.top (SELECT max(n) FROM t)
--: backfill t.below (SELECT count(*) FROM t AS o WHERE o.n < t.n)
CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE, n INTEGER, top INTEGER NOT NULL, below INTEGER)",
            expect: Expect::Plan(
                "1. rebuild table t: add column t.top; add column t.below; add UNIQUE (a) to t (rebuild)",
                &[HazardCode::Tightened, HazardCode::Rewrite],
            ),
            rows: &[("SELECT * FROM t", "1|'x'|5|7|0\n2|'y'|7|7|1")],
            ..Case::DEFAULT
        },
        Case {
            name: "a backfill that asks a renamed table by its new names",
            before: &[
                Model(
                    "CREATE TABLE p (id INTEGER PRIMARY KEY, a TEXT);
                     CREATE TABLE t (id INTEGER PRIMARY KEY, p INTEGER, n TEXT)",
                ),
                Sql("INSERT INTO p VALUES (1, 'one'); INSERT INTO t VALUES (5, 1, 'n')"),
            ],
            after: "--: renamed_from q p
--: renamed_from q.name a
--: renamed_from u t
--: renamed_from u.q p
--: backfill u.name (SELECT name FROM q WHERE q.id = u.q)
--: backfill u.same (SELECT count(*) FROM u AS o WHERE o.q = u.q)
CREATE TABLE q (id INTEGER PRIMARY KEY, name TEXT);
                CREATE TABLE u (id INTEGER PRIMARY KEY, q INTEGER, n TEXT UNIQUE, name TEXT NOT NULL, same INTEGER NOT NULL)",
            expect: Expect::Plan(
                "1. rename table p to q; rename table t to u (catalog)\n2. rename column q.a to name (catalog)\n\
                 3. rename column u.p to q (catalog)\n\
                 4. rebuild table u: add column u.name; add column u.same; add UNIQUE (n) to u (rebuild)",
                &[
                    HazardCode::Rename,
                    HazardCode::Rename,
                    HazardCode::Rename,
                    HazardCode::Rename,
                    HazardCode::Tightened,
                    HazardCode::Rewrite,
                ],
            ),
            rows: &[("SELECT * FROM u", "5|1|'n'|'one'|1")],
            ..Case::DEFAULT
        },
        Case {
            name: "a conversion that asks the table itself",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)"),
                Sql("INSERT INTO t VALUES (1, 'x'), (2, 'y')"),
            ],
            after: "--: convert t.a (SELECT count(*) FROM t AS o WHERE o.a <= t.a)
CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)",
            expect: Expect::Plan(
                "1. alter type of t.a: TEXT -> INTEGER (rebuild)",
                &[HazardCode::ConvertValues, HazardCode::Rewrite],
            ),
            rows: &[("SELECT * FROM t", "1|1\n2|2")],
            changed: &["t.a"],
            lost: &["t.a"],
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn a_connection_with_foreign_keys_on_keeps_them_on_and_no_child_changes() {
    let mut conn = Connection::open_in_memory().expect("memory");
    conn.execute_batch(
        "PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON;
         CREATE TABLE p (id INTEGER PRIMARY KEY, a TEXT);
         CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER NOT NULL REFERENCES p (id) ON DELETE CASCADE);
         INSERT INTO p VALUES (1, 'x'); INSERT INTO c VALUES (5, 1)",
    )
    .expect("rows");
    let wanted = model(
        "CREATE TABLE p (id INTEGER PRIMARY KEY, a TEXT UNIQUE);
         CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER NOT NULL UNIQUE REFERENCES p (id) ON DELETE CASCADE)",
    );
    Migrator::new(wanted).run_on(&mut conn).unwrap_or_else(|err| panic!("{err}"));
    check_rows(
        &conn,
        &[
            ("SELECT * FROM c", "5|1"),
            ("PRAGMA foreign_keys", "1"),
            ("PRAGMA legacy_alter_table", "0"),
            ("PRAGMA writable_schema", "0"),
            ("PRAGMA recursive_triggers", "1"),
        ],
    );
    conn.execute_batch("DELETE FROM p").expect("a delete");
    check_rows(&conn, &[("SELECT count(*) FROM c", "0")]);
}

#[test]
fn a_table_that_keeps_no_column_keeps_the_number_of_its_rows() {
    const BEFORE: &str = "CREATE TABLE t (a TEXT PRIMARY KEY) WITHOUT ROWID";
    const AFTER: &str = "--: dropped t.a\nCREATE TABLE t (b TEXT DEFAULT 'new')";
    run(&[
        Case {
            name: "three rows stay three",
            before: &[Model(BEFORE), Sql("INSERT INTO t VALUES ('x'), ('y'), ('z')")],
            after: AFTER,
            expect: Expect::Plan(
                "1. rebuild table t: alter row format of t: WITHOUT ROWID -> rowid; alter primary key of t: PRIMARY KEY (a) -> none; add column t.b; drop column t.a (rebuild)",
                &[HazardCode::DropColumn, HazardCode::Rewrite],
            ),
            rows: &[("SELECT b FROM t", "'new'\n'new'\n'new'")],
            lost: &["t.a"],
            ..Case::DEFAULT
        },
        Case {
            name: "no row stays no row",
            before: &[Model(BEFORE)],
            after: AFTER,
            expect: Expect::Plan(
                "1. rebuild table t: alter row format of t: WITHOUT ROWID -> rowid; alter primary key of t: PRIMARY KEY (a) -> none; add column t.b; drop column t.a (rebuild)",
                &[HazardCode::DropColumn],
            ),
            rows: &[("SELECT count(*) FROM t", "0")],
            ..Case::DEFAULT
        },
    ]);
}
