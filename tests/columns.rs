//! Columns that come: with defaults, without, filled, generated; and nullability in both directions.

use schema_runtime::ErrorKind::{Data, Rehearsal};
use schema_runtime::HazardCode::*;

use crate::support::case::{
    Act::{Model, Sql},
    Case, Expect, run,
};

#[test]
fn an_added_column_keeps_what_old_rows_read() {
    // The rows of an ADD COLUMN are short: they take the value from the schema.
    const SHORT: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);
        INSERT INTO t VALUES (1, 'x'), (2, 'y');
        ALTER TABLE t ADD b INTEGER DEFAULT 7;
        INSERT INTO t VALUES (3, 'z', 8)";
    run(&[
        Case {
            name: "another default leaves the values of rows that read the old one",
            before: &[Sql(SHORT)],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER DEFAULT 99)",
            expect: Expect::Plan(
                "1. write rows of t (update)\n2. alter default of t.b: 7 -> 99 (catalog)",
                &[Update],
            ),
            rows: &[
                ("SELECT id, b FROM t", "1|7\n2|7\n3|8"),
                ("INSERT INTO t (id) VALUES (4) RETURNING b", "99"),
            ],
            ..Case::DEFAULT
        },
        Case {
            name: "another default of an indexed column leaves values and index",
            before: &[Sql(SHORT), Sql("CREATE INDEX t_b ON t (b)")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER DEFAULT 99);
                CREATE INDEX t_b ON t (b)",
            expect: Expect::Plan(
                "1. write rows of t (update)\n2. alter default of t.b: 7 -> 99 (catalog)",
                &[Update],
            ),
            rows: &[
                ("SELECT id FROM t INDEXED BY t_b WHERE b = 7", "1\n2"),
                ("SELECT count(*) FROM t INDEXED BY t_b WHERE b = 99", "0"),
            ],
            ..Case::DEFAULT
        },
        Case {
            name: "a default that goes while NOT NULL comes leaves the values",
            before: &[Sql(SHORT)],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER NOT NULL)",
            expect: Expect::Plan(
                "1. write rows of t (update)\n2. alter nullability of t.b: NULL -> NOT NULL; alter default of t.b: 7 -> none (scan)",
                &[Update, Tightened, Scan],
            ),
            rows: &[
                ("SELECT id, b FROM t", "1|7\n2|7\n3|8"),
                ("INSERT OR IGNORE INTO t (id) VALUES (4) RETURNING id", ""),
            ],
            ..Case::DEFAULT
        },
        Case {
            name: "a default that goes leaves the values, with NULL among them",
            before: &[Sql(SHORT), Sql("UPDATE t SET b = NULL WHERE id = 3")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER)",
            expect: Expect::Plan(
                "1. write rows of t (update)\n2. alter default of t.b: 7 -> none (catalog)",
                &[Update],
            ),
            rows: &[("SELECT id, b FROM t", "1|7\n2|7\n3|NULL")],
            ..Case::DEFAULT
        },
        Case {
            name: "a default of an empty table changes in the catalog alone",
            before: &[Sql("CREATE TABLE t (id INTEGER PRIMARY KEY, b INTEGER DEFAULT 7)")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, b INTEGER DEFAULT 99)",
            expect: Expect::Plan("1. alter default of t.b: 7 -> 99 (catalog)", &[]),
            rows: &[("INSERT INTO t (id) VALUES (4) RETURNING b", "99")],
            ..Case::DEFAULT
        },
        Case {
            name: "a first default changes no row",
            before: &[Sql(
                "CREATE TABLE t (id INTEGER PRIMARY KEY, b INTEGER); INSERT INTO t VALUES (1, NULL), (2, 5)",
            )],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, b INTEGER DEFAULT 99)",
            expect: Expect::Plan(
                "1. write rows of t (update)\n2. alter default of t.b: none -> 99 (catalog)",
                &[Update],
            ),
            rows: &[("SELECT id, b FROM t", "1|NULL\n2|5")],
            ..Case::DEFAULT
        },
        Case {
            name: "a default of the same words is no change",
            before: &[Sql(
                "CREATE TABLE t (id INTEGER PRIMARY KEY, b TEXT DEFAULT  current_timestamp, c TEXT DEFAULT ( lower( 'X' ) ))",
            )],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, b TEXT DEFAULT CURRENT_TIMESTAMP, c TEXT DEFAULT (lower('X')))",
            ..Case::DEFAULT
        },
    ]);
}

const TWO: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t VALUES (1, 'x'), (7, 'y')";
const NONE: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)";

#[test]
fn a_column_is_added() {
    run(&[
        Case {
            name: "a NOT NULL column without a default is refused when the table has rows",
            before: &[Sql(TWO)],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER NOT NULL)",
            expect: Expect::Error(
                Data,
                &[
                    "rows of `t` would have no value for the new NOT NULL column `b`: 2 (first rowids or keys: 1, 7)",
                    "help: give `b` a `default`, or a `backfill` for the rows that are there",
                    "state: nothing was changed",
                ],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "a NOT NULL column without a default is added to an empty table",
            before: &[Sql(NONE)],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER NOT NULL)",
            expect: Expect::Plan("1. add column t.b (catalog)", &[]),
            ..Case::DEFAULT
        },
        Case {
            name: "a NOT NULL column with DEFAULT NULL is refused when the table has rows",
            before: &[Sql(TWO)],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER NOT NULL DEFAULT NULL)",
            expect: Expect::Error(
                Data,
                &["rows of `t` would have no value for the new NOT NULL column `b`", ": 2 ("],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "a NOT NULL column with a backfill is added and filled in place",
            before: &[Sql(TWO)],
            after: "--: backfill t.b id * 10
                CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER NOT NULL)",
            expect: Expect::Plan("1. add column t.b (catalog)\n2. write rows of t (update)", &[Update]),
            rows: &[("SELECT id, b FROM t", "1|10\n7|70")],
            ..Case::DEFAULT
        },
        Case {
            name: "a backfill that gives NULL for a NOT NULL column is refused",
            before: &[Sql(TWO)],
            after: "--: backfill t.b nullif(a, 'y')
                CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT NOT NULL)",
            expect: Expect::Error(
                Data,
                &["rows of `t` have NULL in `b`, which becomes NOT NULL: 1 (rowid or key: 7)"],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "a column with a backfill is filled in place",
            before: &[Sql(TWO)],
            after: "--: backfill t.b upper(a)
                CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)",
            expect: Expect::Plan("1. add column t.b (update)", &[Update]),
            rows: &[("SELECT id, a, b FROM t", "1|'x'|'X'\n7|'y'|'Y'")],
            ..Case::DEFAULT
        },
        Case {
            name: "a backfill reads columns that go with the same change",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, first TEXT, last TEXT)"),
                Sql("INSERT INTO t VALUES (1, 'A', 'B')"),
            ],
            after: "--: backfill t.full \"first\" || ' ' || last
                --: dropped t.first
                --: dropped t.last
                CREATE TABLE t (id INTEGER PRIMARY KEY, full TEXT)",
            expect: Expect::Plan(
                "1. rebuild table t: add column t.full; drop column t.first; drop column t.last (rebuild)",
                &[DropColumn, DropColumn, Rewrite],
            ),
            rows: &[("SELECT full FROM t", "'A B'")],
            lost: &["t"],
            ..Case::DEFAULT
        },
        Case {
            name: "a backfill that quotes the one column that goes does not write its name into the rows",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, first TEXT)"),
                Sql("INSERT INTO t VALUES (1, 'A')"),
            ],
            after: "--: backfill t.full \"first\" || '!'
                --: dropped t.first
                CREATE TABLE t (id INTEGER PRIMARY KEY, full TEXT)",
            expect: Expect::Plan(
                "1. rebuild table t: add column t.full; drop column t.first (rebuild)",
                &[DropColumn, Rewrite],
            ),
            rows: &[("SELECT full FROM t", "'A!'")],
            lost: &["t"],
            ..Case::DEFAULT
        },
        Case {
            name: "a backfill reads a table that is renamed in the same run",
            before: &[
                Sql(TWO),
                Sql(
                    "CREATE TABLE p (id INTEGER PRIMARY KEY, n TEXT); INSERT INTO p VALUES (1, 'one'), (7, 'seven')",
                ),
            ],
            after: "--: renamed_from q p
                --: backfill t.b (SELECT n FROM q WHERE q.id = t.id)
                CREATE TABLE q (id INTEGER PRIMARY KEY, n TEXT);
                CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT NOT NULL)",
            expect: Expect::Plan(
                "1. rename table p to q (catalog)\n2. add column t.b (catalog)\n3. write rows of t (update)",
                &[Rename, Update],
            ),
            rows: &[("SELECT id, b FROM t", "1|'one'\n7|'seven'")],
            ..Case::DEFAULT
        },
        Case {
            name: "a backfill reads a table that is renamed in the same run and finds nothing",
            before: &[
                Sql(TWO),
                Sql("CREATE TABLE p (id INTEGER PRIMARY KEY, n TEXT); INSERT INTO p VALUES (1, 'one')"),
            ],
            after: "--: renamed_from q p
                --: backfill t.b (SELECT n FROM q WHERE q.id = t.id)
                CREATE TABLE q (id INTEGER PRIMARY KEY, n TEXT);
                CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT NOT NULL)",
            expect: Expect::Error(
                Data,
                &["rows of `t` have NULL in `b`, which becomes NOT NULL: 1 (rowid or key: 7)"],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "a backfill reads a column that another table gets in the same run",
            before: &[
                Sql(
                    "CREATE TABLE p (id INTEGER PRIMARY KEY, n TEXT); INSERT INTO p VALUES (1, 'one'), (7, 'seven')",
                ),
                Sql(TWO),
            ],
            after: "--: backfill t.b (SELECT m FROM p WHERE p.id = t.id)
                --: backfill p.m upper(n)
                CREATE TABLE p (id INTEGER PRIMARY KEY, n TEXT, m TEXT);
                CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT NOT NULL)",
            expect: Expect::Plan(
                "1. add column p.m (update)\n2. add column t.b (rebuild)",
                &[Update, Rewrite],
            ),
            rows: &[("SELECT id, b FROM t", "1|'ONE'\n7|'SEVEN'")],
            ..Case::DEFAULT
        },
        Case {
            name: "a backfill that names nothing that exists is refused in SQLite's words",
            before: &[Sql(TWO)],
            after: "--: backfill t.b nowhere + 1
                CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT NOT NULL)",
            expect: Expect::Error(Rehearsal, &["no such column: nowhere", "at `add column t.b`"]),
            ..Case::DEFAULT
        },
        Case {
            name: "a backfill that quotes a name which does not exist does not write the name",
            before: &[Sql(TWO)],
            after: "--: backfill t.b \"nowhere\"
                CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)",
            expect: Expect::Error(Rehearsal, &["no such column: nowhere", "at `add column t.b`"]),
            ..Case::DEFAULT
        },
        Case {
            name: "a backfill fires no trigger",
            before: &[
                Sql(TWO),
                Sql(
                    "CREATE TABLE log (x); CREATE TRIGGER t_u UPDATE ON t BEGIN INSERT INTO log VALUES (1); END",
                ),
            ],
            after: "--: backfill t.b upper(a)
                CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)",
            expect: Expect::Plan("1. add column t.b (update)", &[Update]),
            rows: &[("SELECT count(*) FROM log", "0")],
            ..Case::DEFAULT
        },
        Case {
            name: "a constant default is added without touching a row",
            before: &[Sql(TWO)],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER NOT NULL DEFAULT -5, c TEXT NOT NULL DEFAULT 'it''s')",
            expect: Expect::Plan("1. add column t.b (catalog)\n2. add column t.c (catalog)", &[]),
            rows: &[("SELECT * FROM t", "1|'x'|-5|'it's'\n7|'y'|-5|'it's'")],
            ..Case::DEFAULT
        },
        Case {
            name: "a default that is computed fills old rows in place and stays",
            before: &[Sql(TWO)],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, created TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)",
            expect: Expect::Plan("1. add column t.created (catalog)\n2. write rows of t (update)", &[Update]),
            rows: &[
                ("SELECT id, created GLOB '20??-??-?? ??:??:??' FROM t", "1|1\n7|1"),
                (
                    "SELECT dflt_value FROM pragma_table_info('t') WHERE name = 'created'",
                    "'CURRENT_TIMESTAMP'",
                ),
            ],
            ..Case::DEFAULT
        },
        Case {
            name: "a default that is computed is added to an empty table by ALTER",
            before: &[Sql(NONE)],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER NOT NULL DEFAULT (1 + 1))",
            expect: Expect::Plan("1. add column t.b (catalog)", &[]),
            ..Case::DEFAULT
        },
        Case {
            name: "a column anywhere in the struct is an ADD COLUMN at the end",
            before: &[Sql(TWO)],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, b INTEGER, a TEXT)",
            expect: Expect::Plan("1. add column t.b (catalog)", &[]),
            rows: &[("SELECT * FROM t", "1|'x'|NULL\n7|'y'|NULL")],
            ..Case::DEFAULT
        },
        Case {
            name: "a rebuild that happens anyway adopts the model's order",
            before: &[Sql(TWO)],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, b INTEGER, a TEXT UNIQUE)",
            expect: Expect::Plan(
                "1. rebuild table t: add column t.b; add UNIQUE (a) to t (rebuild)",
                &[Tightened, Rewrite],
            ),
            rows: &[("SELECT * FROM t", "1|NULL|'x'\n7|NULL|'y'")],
            ..Case::DEFAULT
        },
        Case {
            name: "a column that adds a CHECK reads the rows and holds for them",
            before: &[Sql(TWO)],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER DEFAULT 3 CHECK (b > 0))",
            expect: Expect::Plan("1. add column t.b; add CHECK (b > 0) to t (catalog)", &[Tightened]),
            ..Case::DEFAULT
        },
        Case {
            name: "a column whose default breaks its own CHECK is refused when the table has rows",
            before: &[Sql(TWO)],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER DEFAULT 0 CHECK (b > 0))",
            expect: Expect::Error(Data, &["rows of `t` break CHECK (b > 0)", ": 2 ("]),
            ..Case::DEFAULT
        },
        Case {
            name: "a column whose default breaks its CHECK but whose backfill does not is filled behind the edit",
            before: &[Sql(TWO)],
            after: "--: backfill t.b id
                CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER DEFAULT 0 CHECK (b > 0))",
            expect: Expect::Plan(
                "1. add column t.b; add CHECK (b > 0) to t (scan)\n2. write rows of t (update)",
                &[Tightened, Scan, Update],
            ),
            rows: &[("SELECT id, b FROM t", "1|1\n7|7")],
            ..Case::DEFAULT
        },
        Case {
            name: "a backfill that breaks the new column's CHECK is refused",
            before: &[Sql(TWO)],
            after: "--: backfill t.b id - 1
                CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER CHECK (b > 0))",
            expect: Expect::Error(Data, &["rows of `t` break CHECK (b > 0): 1 (rowid or key: 1)"]),
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn a_generated_column_is_added() {
    const AC: &str =
        "CREATE TABLE t (a INTEGER, c INTEGER); INSERT INTO t (rowid, a, c) VALUES (5, 1, 2), (9, 3, NULL)";
    run(&[
        Case {
            name: "a virtual column touches no row, wherever the model has it",
            before: &[Sql(AC)],
            after: "CREATE TABLE t (a INTEGER, g INTEGER AS (a + c) VIRTUAL, c INTEGER)",
            expect: Expect::Plan("1. add column t.g (catalog)", &[]),
            rows: &[("SELECT rowid, a, c, g FROM t", "5|1|2|3\n9|3|NULL|NULL")],
            ..Case::DEFAULT
        },
        Case {
            name: "a stored column is computed by a rebuild that keeps rowids",
            before: &[Sql(AC)],
            after: "CREATE TABLE t (a INTEGER, g INTEGER AS (a + c) STORED, c INTEGER)",
            expect: Expect::Plan("1. add column t.g (rebuild)", &[Rewrite]),
            rows: &[("SELECT rowid, * FROM t", "5|1|3|2\n9|3|NULL|NULL")],
            ..Case::DEFAULT
        },
        Case {
            name: "a stored column is added to an empty table by ALTER",
            before: &[Sql("CREATE TABLE t (a INTEGER, c INTEGER)")],
            after: "CREATE TABLE t (a INTEGER, g INTEGER AS (a + c) STORED, c INTEGER)",
            expect: Expect::Plan("1. add column t.g (catalog)", &[]),
            ..Case::DEFAULT
        },
        Case {
            name: "a virtual NOT NULL column that a row would leave NULL is refused",
            before: &[Sql(AC)],
            after: "CREATE TABLE t (a INTEGER, c INTEGER, g INTEGER NOT NULL AS (a + c) VIRTUAL)",
            expect: Expect::Error(
                Data,
                &["rows of `t` have NULL in `g`, which becomes NOT NULL: 1 (rowid or key: 9)"],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "a virtual NOT NULL column that all rows satisfy is added after a scan",
            before: &[Sql(AC), Sql("UPDATE t SET c = 0 WHERE c IS NULL")],
            after: "CREATE TABLE t (a INTEGER, c INTEGER, g INTEGER NOT NULL AS (a + c) VIRTUAL)",
            expect: Expect::Plan("1. add column t.g (scan)", &[Scan]),
            ..Case::DEFAULT
        },
        Case {
            name: "generated columns that name new columns and each other are checked over the new values",
            before: &[Sql(AC)],
            after: "CREATE TABLE t (a INTEGER, c INTEGER, h INTEGER NOT NULL AS (g * 2) VIRTUAL,
                g INTEGER NOT NULL AS (a + n) VIRTUAL, n INTEGER NOT NULL DEFAULT 1, UNIQUE (g))",
            expect: Expect::Plan(
                "1. rebuild table t: add column t.h; add column t.g; add column t.n; add UNIQUE (g) to t (rebuild)",
                &[Tightened, Rewrite],
            ),
            rows: &[("SELECT rowid, a, c, h, g, n FROM t", "5|1|2|4|2|1\n9|3|NULL|8|4|1")],
            ..Case::DEFAULT
        },
        Case {
            name: "a unique rule over a new generated column is refused for rows that compute the same",
            before: &[Sql(AC)],
            after: "CREATE TABLE t (a INTEGER, c INTEGER, g INTEGER AS (a > 0) VIRTUAL UNIQUE)",
            expect: Expect::Error(
                Data,
                &["groups of rows of `t` have the same `g`, which becomes unique: 1 (rowid or key: 5)"],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "under the exact order a virtual column in the middle touches no row",
            before: &[Sql(AC)],
            after: "--: exact_order t
                CREATE TABLE t (a INTEGER, g INTEGER AS (a + c) VIRTUAL, c INTEGER)",
            expect: Expect::Plan(
                "1. add column t.g; alter column order of t: a, c -> a, g, c (catalog)",
                &[],
            ),
            rows: &[("SELECT rowid, * FROM t", "5|1|3|2\n9|3|NULL|NULL")],
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn nullability_changes() {
    const NULLS: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER);
        INSERT INTO t VALUES (1, 4), (2, NULL), (3, NULL)";
    run(&[
        Case {
            name: "NOT NULL over NULLs is refused with their number and rows",
            before: &[Sql(NULLS)],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER NOT NULL)",
            expect: Expect::Error(
                Data,
                &[
                    "rows of `t` have NULL in `a`, which becomes NOT NULL: 2 (first rowids or keys: 2, 3)",
                    "help: give `a` a `backfill` for these rows, or mend them",
                ],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "NOT NULL without NULLs is one scan",
            before: &[Sql(NULLS), Sql("DELETE FROM t WHERE a IS NULL")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER NOT NULL)",
            expect: Expect::Plan("1. alter nullability of t.a: NULL -> NOT NULL (scan)", &[Tightened, Scan]),
            ..Case::DEFAULT
        },
        Case {
            name: "NOT NULL on an empty table",
            before: &[Sql("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER NOT NULL)",
            expect: Expect::Plan("1. alter nullability of t.a: NULL -> NOT NULL (catalog)", &[Tightened]),
            ..Case::DEFAULT
        },
        Case {
            name: "NOT NULL with a backfill fills the NULLs alone",
            before: &[Sql(NULLS)],
            after: "--: backfill t.a id * 100
                CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER NOT NULL)",
            expect: Expect::Plan(
                "1. alter nullability of t.a: NULL -> NOT NULL (update)",
                &[Tightened, Update],
            ),
            rows: &[("SELECT * FROM t", "1|4\n2|200\n3|300")],
            changed: &["t.a"],
            lost: &["t.a"],
            ..Case::DEFAULT
        },
        Case {
            name: "NOT NULL over NULLs takes the default that the column has",
            before: &[Sql(
                "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER DEFAULT 9); INSERT INTO t VALUES (1, 4), (2, NULL)",
            )],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER NOT NULL DEFAULT 9)",
            expect: Expect::Plan(
                "1. alter nullability of t.a: NULL -> NOT NULL (update)",
                &[Tightened, Update],
            ),
            rows: &[("SELECT * FROM t", "1|4\n2|9")],
            changed: &["t.a"],
            lost: &["t.a"],
            ..Case::DEFAULT
        },
        Case {
            name: "NOT NULL and its default come together and the NULLs are filled",
            before: &[Sql(NULLS)],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER NOT NULL DEFAULT 9)",
            expect: Expect::Plan(
                "1. write rows of t (update)\n2. alter nullability of t.a: NULL -> NOT NULL; alter default of t.a: none -> 9 (scan)",
                &[Update, Tightened, Scan],
            ),
            rows: &[("SELECT * FROM t", "1|4\n2|9\n3|9")],
            changed: &["t.a"],
            lost: &["t.a"],
            ..Case::DEFAULT
        },
        Case {
            name: "a backfill that leaves a NULL is refused",
            before: &[Sql(NULLS)],
            after: "--: backfill t.a nullif(id, 3)
                CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER NOT NULL)",
            expect: Expect::Error(
                Data,
                &["rows of `t` have NULL in `a`, which becomes NOT NULL: 1 (rowid or key: 3)"],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "NOT NULL goes without touching a row",
            before: &[Sql(
                "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER NOT NULL); INSERT INTO t VALUES (1, 4)",
            )],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)",
            expect: Expect::Plan("1. alter nullability of t.a: NOT NULL -> NULL (catalog)", &[]),
            ..Case::DEFAULT
        },
        Case {
            name: "a named NOT NULL goes without touching a row",
            before: &[Sql(
                "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER CONSTRAINT must NOT NULL); INSERT INTO t VALUES (1, 4)",
            )],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)",
            expect: Expect::Plan("1. alter nullability of t.a: NOT NULL -> NULL (catalog)", &[]),
            ..Case::DEFAULT
        },
        Case {
            name: "the conflict clause of a NOT NULL survives another change of the column",
            before: &[Sql(
                "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER NOT NULL ON CONFLICT IGNORE, b INTEGER);
                INSERT INTO t VALUES (1, 4, 5)",
            )],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER NOT NULL, b INTEGER DEFAULT 3)",
            expect: Expect::Plan(
                "1. write rows of t (update)\n2. alter default of t.b: none -> 3 (catalog)",
                &[Update],
            ),
            rows: &[("INSERT INTO t VALUES (2, NULL, 1) RETURNING id", ""), ("SELECT count(*) FROM t", "1")],
            ..Case::DEFAULT
        },
        Case {
            name: "a NOT NULL with a conflict clause goes in the catalog alone",
            before: &[Sql("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER NOT NULL ON CONFLICT IGNORE);
                INSERT INTO t VALUES (1, 4)")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)",
            expect: Expect::Plan(
                "1. alter nullability of t.a: NOT NULL ON CONFLICT IGNORE -> NULL (catalog)",
                &[],
            ),
            rows: &[("INSERT INTO t VALUES (2, NULL) RETURNING id", "2")],
            ..Case::DEFAULT
        },
    ]);
}
