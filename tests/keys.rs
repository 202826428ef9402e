//! Primary keys: which column they are, and what of the rows follows them.

use schema_runtime::ErrorKind::Data;
use schema_runtime::HazardCode::*;

use crate::support::case::{
    Act::{Model, Sql},
    Case, Expect, NEEDS_BACKUP, run,
};

#[test]
fn int_and_integer_keys() {
    const INT: &str = "CREATE TABLE t (id INT PRIMARY KEY, a TEXT)";
    const INTEGER: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)";
    const TO_INTEGER: &str = "1. rebuild table t: alter primary key of t: PRIMARY KEY (id) -> PRIMARY KEY (id), the rowid; \
        alter type of t.id: INT -> INTEGER (rebuild)";
    run(&[
        Case {
            name: "an INT key becomes the rowid, and rowids agree with it",
            before: &[Sql(INT), Sql("INSERT INTO t (rowid, id, a) VALUES (5, 50, 'x'), (9, 90, 'y')")],
            after: INTEGER,
            expect: Expect::Plan(TO_INTEGER, &[Rewrite, RowidsChange]),
            rows: &[
                ("SELECT rowid, id, a FROM t", "50|50|'x'\n90|90|'y'"),
                ("INSERT INTO t (a) VALUES ('n') RETURNING id", "91"),
            ],
            lost: &["t.(rowid)"],
            ..Case::DEFAULT
        },
        Case {
            name: "an INT key of an empty table becomes the rowid",
            before: &[Sql(INT)],
            after: INTEGER,
            expect: Expect::Plan(TO_INTEGER, &[]),
            ..Case::DEFAULT
        },
        Case {
            name: "an INT key with a NULL cannot become the rowid, which would be made up",
            before: &[Sql(INT), Sql("INSERT INTO t VALUES (50, 'x'), (NULL, 'y')")],
            after: INTEGER,
            expect: Expect::Error(
                Data,
                &["rows of `t` have NULL in `id`, which becomes the rowid: 1 (rowid or key: 2)"],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "an INT key with something else than integers cannot become the rowid",
            before: &[Sql(INT), Sql("INSERT INTO t VALUES (50, 'x'), ('y', 'y'), (1.5, 'z')")],
            after: INTEGER,
            expect: Expect::Error(
                Data,
                &[
                    "rows of `t` hold a value in `id` that is no INTEGER",
                    ": 2 (",
                    "help: mend these rows: `id` becomes the rowid",
                ],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "an INTEGER key that becomes another INT key keeps its rowids",
            before: &[Sql(INTEGER), Sql("INSERT INTO t VALUES (50, 'x'), (90, 'y')")],
            after: "CREATE TABLE t (id BIGINT PRIMARY KEY, a TEXT)",
            expect: Expect::Plan(
                "1. rebuild table t: alter primary key of t: PRIMARY KEY (id), the rowid -> PRIMARY KEY (id); \
                 alter type of t.id: INTEGER -> BIGINT (rebuild)",
                &[Rewrite],
            ),
            rows: &[("SELECT rowid, id, a FROM t", "50|50|'x'\n90|90|'y'")],
            ..Case::DEFAULT
        },
        Case {
            name: "INT and INTEGER are no difference off the key",
            before: &[Sql("CREATE TABLE t (id INTEGER PRIMARY KEY, n INT, m INT UNIQUE)")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, m INTEGER UNIQUE)",
            ..Case::DEFAULT
        },
        Case {
            name: "INT and INTEGER are no difference in a key of two columns",
            before: &[Sql("CREATE TABLE t (a INT, b INT, PRIMARY KEY (a, b))")],
            after: "CREATE TABLE t (a INTEGER, b INTEGER, PRIMARY KEY (a, b))",
            ..Case::DEFAULT
        },
        Case {
            name: "a descending rowid key that the file says stays",
            before: &[Sql(
                "CREATE TABLE t (id INTEGER, a TEXT, PRIMARY KEY (id DESC)); INSERT INTO t VALUES (5, 'x')",
            )],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn a_key_changes_its_type() {
    const OLD: &str = "CREATE TABLE p (id INTEGER PRIMARY KEY, a TEXT);
        CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER NOT NULL REFERENCES p (id) ON DELETE CASCADE);
        INSERT INTO p VALUES (5, 'x'), (9, 'y'); INSERT INTO c VALUES (1, 5), (2, 9), (3, 9)";
    run(&[
        Case {
            name: "parent and child become TEXT and still join",
            before: &[Sql(OLD)],
            after: "CREATE TABLE p (id TEXT PRIMARY KEY, a TEXT);
                CREATE TABLE c (id INTEGER PRIMARY KEY, p TEXT NOT NULL REFERENCES p (id) ON DELETE CASCADE)",
            expect: Expect::Plan(
                "1. rebuild table p: alter primary key of p: PRIMARY KEY (id), the rowid -> PRIMARY KEY (id); \
                 alter type of p.id: INTEGER -> TEXT (rebuild)\n\
                 2. alter type of c.p: INTEGER -> TEXT (rebuild)",
                &[ConvertValues, Rewrite, ConvertValues, Rewrite],
            ),
            rows: &[
                ("SELECT rowid, id, typeof(id) FROM p", "5|'5'|'text'\n9|'9'|'text'"),
                ("SELECT c.id, p.a FROM c JOIN p ON p.id = c.p ORDER BY c.id", "1|'x'\n2|'y'\n3|'y'"),
            ],
            changed: &["p", "c.p"],
            ..Case::DEFAULT
        },
        Case {
            name: "a parent alone becomes TEXT and its children still have it",
            before: &[Sql(OLD)],
            after: "CREATE TABLE p (id TEXT PRIMARY KEY, a TEXT);
                CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER NOT NULL REFERENCES p (id) ON DELETE CASCADE)",
            expect: Expect::Plan(
                "1. rebuild table p: alter primary key of p: PRIMARY KEY (id), the rowid -> PRIMARY KEY (id); \
                 alter type of p.id: INTEGER -> TEXT (rebuild)",
                &[ConvertValues, Rewrite],
            ),
            rows: &[("SELECT count(*) FROM c JOIN p ON p.id = c.p", "3"), ("SELECT * FROM c", "1|5\n2|9\n3|9")],
            changed: &["p"],
            ..Case::DEFAULT
        },
        Case {
            name: "a `convert` of the parent alone would leave its children without it",
            before: &[Sql(OLD)],
            after: "--: convert p.id 'p' || id
                CREATE TABLE p (id TEXT PRIMARY KEY, a TEXT);
                CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER NOT NULL REFERENCES p (id) ON DELETE CASCADE)",
            expect: Expect::Error(Data, &["table `c` has 0 rows that refer to a missing parent and would have 3 after the change"]),
            ..Case::DEFAULT
        },
        Case {
            name: "a `convert` of parent and child keeps them together",
            before: &[Sql(OLD)],
            after: "--: convert p.id 'p' || id
                --: convert c.p 'p' || p
                CREATE TABLE p (id TEXT PRIMARY KEY, a TEXT);
                CREATE TABLE c (id INTEGER PRIMARY KEY, p TEXT NOT NULL REFERENCES p (id) ON DELETE CASCADE)",
            expect: Expect::Plan(
                "1. rebuild table p: alter primary key of p: PRIMARY KEY (id), the rowid -> PRIMARY KEY (id); \
                 alter type of p.id: INTEGER -> TEXT (rebuild)\n\
                 2. alter type of c.p: INTEGER -> TEXT (rebuild)",
                &[ConvertValues, Rewrite, ConvertValues, Rewrite],
            ),
            rows: &[("SELECT c.id, c.p, p.a FROM c JOIN p ON p.id = c.p ORDER BY c.id", "1|'p5'|'x'\n2|'p9'|'y'\n3|'p9'|'y'")],
            changed: &["p", "c.p"],
            lost: &[NEEDS_BACKUP],
            ..Case::DEFAULT
        },
        Case {
            name: "a TEXT key whose texts are integers becomes the rowid",
            before: &[Sql("CREATE TABLE t (id TEXT PRIMARY KEY, a TEXT); INSERT INTO t VALUES ('50', 'x'), ('7', 'y')")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
            expect: Expect::Plan(
                "1. rebuild table t: alter primary key of t: PRIMARY KEY (id) -> PRIMARY KEY (id), the rowid; \
                 alter type of t.id: TEXT -> INTEGER (rebuild)",
                &[ConvertValues, Rewrite, RowidsChange],
            ),
            rows: &[("SELECT rowid, id, a FROM t ORDER BY id", "7|7|'y'\n50|50|'x'")],
            changed: &["t.id"],
            lost: &["t.(rowid)"],
            ..Case::DEFAULT
        },
        Case {
            name: "a `convert` that gives NULL for the rowid is refused, which SQLite would make up",
            before: &[Sql("CREATE TABLE t (id TEXT NOT NULL PRIMARY KEY, a TEXT); INSERT INTO t VALUES ('50', 'x'), ('k', 'y')")],
            after: "--: convert t.id CASE id WHEN '50' THEN 50 END
                CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
            expect: Expect::Error(Data, &["rows of `t` have NULL in `id`, which becomes the rowid: 1 (rowid or key: 2)"]),
            ..Case::DEFAULT
        },
        Case {
            name: "a TEXT key with other texts is refused",
            before: &[Sql("CREATE TABLE t (id TEXT PRIMARY KEY, a TEXT); INSERT INTO t VALUES ('50', 'x'), ('k', 'y')")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
            expect: Expect::Error(Data, &["values of `t`.`id` would not survive the change from TEXT to INTEGER: 1 (rowid or key: 2)"]),
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn keys_come_and_go() {
    run(&[
        Case {
            name: "a new INTEGER key takes the rowid that each row has",
            before: &[Sql("CREATE TABLE t (a TEXT); INSERT INTO t (rowid, a) VALUES (5, 'x'), (9, 'y')")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
            expect: Expect::Plan(
                "1. rebuild table t: alter primary key of t: none -> PRIMARY KEY (id); add column t.id (rebuild)",
                &[Rewrite],
            ),
            rows: &[("SELECT id, a FROM t", "5|'x'\n9|'y'")],
            ..Case::DEFAULT
        },
        Case {
            name: "a new INTEGER key with a backfill takes what that gives",
            before: &[Sql("CREATE TABLE t (a TEXT); INSERT INTO t (rowid, a) VALUES (5, 'x'), (9, 'y')")],
            after: "--: backfill t.id rowid * 10
                CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
            expect: Expect::Plan(
                "1. rebuild table t: alter primary key of t: none -> PRIMARY KEY (id); add column t.id (rebuild)",
                &[Rewrite, RowidsChange],
            ),
            rows: &[("SELECT id, a FROM t", "50|'x'\n90|'y'")],
            lost: &["t.(rowid)"],
            ..Case::DEFAULT
        },
        Case {
            name: "a backfill of a new INTEGER key that gives NULL or the same twice is refused",
            before: &[Sql(
                "CREATE TABLE t (a TEXT); INSERT INTO t (rowid, a) VALUES (5, 'x'), (9, 'y'), (10, 'z')",
            )],
            after: "--: backfill t.id nullif(rowid / 5, 2) * 7
                CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
            expect: Expect::Error(
                Data,
                &[
                    "rows of `t` have NULL in `id`, which becomes the rowid: 1 (rowid or key: 10)",
                    "groups of rows of `t` have the same `id`, which becomes unique: 1 (rowid or key: 5)",
                ],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "a key of a column with duplicates is refused",
            before: &[Sql("CREATE TABLE t (a TEXT, b TEXT); INSERT INTO t VALUES ('x', 'p'), ('x', 'q')")],
            after: "CREATE TABLE t (a TEXT PRIMARY KEY, b TEXT)",
            expect: Expect::Error(
                Data,
                &["groups of rows of `t` have the same `a`, which becomes unique: 1 (rowid or key: 1)"],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "a key of a column comes by a rebuild that keeps rowids",
            before: &[Sql(
                "CREATE TABLE t (a TEXT, b TEXT); INSERT INTO t (rowid, a, b) VALUES (5, 'x', 'p'), (9, 'y', 'q')",
            )],
            after: "CREATE TABLE t (a TEXT PRIMARY KEY, b TEXT)",
            expect: Expect::Plan("1. alter primary key of t: none -> PRIMARY KEY (a) (rebuild)", &[Rewrite]),
            rows: &[("SELECT rowid, * FROM t", "5|'x'|'p'\n9|'y'|'q'")],
            ..Case::DEFAULT
        },
        Case {
            name: "a key goes and rowids stay",
            before: &[
                Model("CREATE TABLE t (a TEXT PRIMARY KEY, b TEXT)"),
                Sql("INSERT INTO t (rowid, a, b) VALUES (5, 'x', 'p'), (9, 'y', 'q')"),
            ],
            after: "CREATE TABLE t (a TEXT, b TEXT)",
            expect: Expect::Plan("1. alter primary key of t: PRIMARY KEY (a) -> none (rebuild)", &[Rewrite]),
            rows: &[("SELECT rowid, * FROM t", "5|'x'|'p'\n9|'y'|'q'")],
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn what_a_key_implies() {
    run(&[
        Case {
            name: "NOT NULL said of a key of a WITHOUT ROWID table is no difference when it is unsaid",
            before: &[Sql(
                "CREATE TABLE t (a TEXT NOT NULL PRIMARY KEY, b TEXT) WITHOUT ROWID; INSERT INTO t VALUES ('x', 'p')",
            )],
            after: "CREATE TABLE t (a TEXT PRIMARY KEY, b TEXT) WITHOUT ROWID",
            ..Case::DEFAULT
        },
        Case {
            name: "and when it is said at last",
            before: &[Sql(
                "CREATE TABLE t (a TEXT PRIMARY KEY, b TEXT) WITHOUT ROWID; INSERT INTO t VALUES ('x', 'p')",
            )],
            after: "CREATE TABLE t (a TEXT NOT NULL PRIMARY KEY, b TEXT) WITHOUT ROWID",
            ..Case::DEFAULT
        },
        Case {
            name: "NOT NULL of a key of a STRICT table is no difference",
            before: &[Sql(
                "CREATE TABLE t (a TEXT NOT NULL PRIMARY KEY, b TEXT) STRICT; INSERT INTO t VALUES ('x', 'p')",
            )],
            after: "CREATE TABLE t (a TEXT PRIMARY KEY, b TEXT) STRICT",
            ..Case::DEFAULT
        },
        Case {
            name: "NOT NULL of a rowid key is no difference",
            before: &[Sql(
                "CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, b TEXT); INSERT INTO t VALUES (1, 'p')",
            )],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, b TEXT)",
            ..Case::DEFAULT
        },
        Case {
            name: "NOT NULL of a TEXT key of a rowid table is a difference and goes",
            before: &[Sql(
                "CREATE TABLE t (a TEXT NOT NULL PRIMARY KEY, b TEXT); INSERT INTO t VALUES ('x', 'p')",
            )],
            after: "CREATE TABLE t (a TEXT PRIMARY KEY, b TEXT)",
            expect: Expect::Plan("1. alter nullability of t.a: NOT NULL -> NULL (catalog)", &[]),
            ..Case::DEFAULT
        },
        Case {
            name: "a NULL in a TEXT key that becomes NOT NULL is refused",
            before: &[Sql(
                "CREATE TABLE t (a TEXT PRIMARY KEY, b TEXT); INSERT INTO t VALUES ('x', 'p'), (NULL, 'q')",
            )],
            after: "CREATE TABLE t (a TEXT NOT NULL PRIMARY KEY, b TEXT)",
            expect: Expect::Error(
                Data,
                &["rows of `t` have NULL in `a`, which becomes NOT NULL: 1 (rowid or key: 2)"],
            ),
            ..Case::DEFAULT
        },
    ]);
}
