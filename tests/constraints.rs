//! CHECK, UNIQUE, collations and foreign keys: added, dropped, changed, and held against the rows.

use schema_runtime::ErrorKind::{Data, Dependent, Missing};
use schema_runtime::HazardCode::*;

use crate::support::case::{
    Act::{Model, Sql},
    Case, Expect, run,
};

const THREE: &str =
    "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER); INSERT INTO t VALUES (1, 5), (2, -3), (9, NULL)";
const GOOD: &str = "DELETE FROM t WHERE a < 0";

#[test]
fn a_check_comes() {
    run(&[
        Case {
            name: "a CHECK that one row breaks is refused and names the row",
            before: &[Sql(THREE)],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER CHECK (a > 0))",
            expect: Expect::Error(Data, &["rows of `t` break CHECK (a > 0): 1 (rowid or key: 2)"]),
            ..Case::DEFAULT
        },
        Case {
            name: "a CHECK that one row in many breaks is refused and names the row",
            before: &[Sql("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER);
                WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000) INSERT INTO t SELECT i, i FROM n;
                UPDATE t SET a = -1 WHERE id = 43210")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER CHECK (a > 0))",
            expect: Expect::Error(Data, &["rows of `t` break CHECK (a > 0): 1 (rowid or key: 43210)"]),
            ..Case::DEFAULT
        },
        Case {
            name: "a CHECK that all rows satisfy, NULL included, is one scan",
            before: &[Sql(THREE), Sql(GOOD)],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER CHECK (a > 0))",
            expect: Expect::Plan("1. add CHECK (a > 0) to t (scan)", &[Tightened, Scan]),
            rows: &[("INSERT OR IGNORE INTO t VALUES (10, -1) RETURNING id", "")],
            ..Case::DEFAULT
        },
        Case {
            name: "a named CHECK on an empty table",
            before: &[Sql("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, CONSTRAINT positive CHECK (a > 0))",
            expect: Expect::Plan("1. add CONSTRAINT positive CHECK (a > 0) to t (catalog)", &[Tightened]),
            ..Case::DEFAULT
        },
        Case {
            name: "a CHECK with a quoted name, comments and strings",
            before: &[Sql(
                "CREATE TABLE \"o'clock\" (\"a b\" TEXT); INSERT INTO \"o'clock\" VALUES ('x'')')",
            )],
            after: "CREATE TABLE \"o'clock\" (\"a b\" TEXT CHECK (\"a b\" <> ')' /* ) */))",
            expect: Expect::Plan("1. add CHECK (\"a b\" <> ')') to o'clock (scan)", &[Tightened, Scan]),
            ..Case::DEFAULT
        },
        Case {
            name: "a CHECK that names a function nobody registered is a matter of the model",
            before: &[Sql(THREE)],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER CHECK (missing_function(a)))",
            expect: Expect::Error(Missing, &["missing_function"]),
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn a_check_changes_or_goes() {
    const POSITIVE: &str =
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER CHECK(a>0)); INSERT INTO t VALUES (1, 5)";
    run(&[
        Case {
            name: "a CHECK in other words is the same",
            before: &[Sql(POSITIVE)],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, CHECK( \"A\" > 0 /* still */ ))",
            ..Case::DEFAULT
        },
        Case {
            name: "a column's CHECK at table level is the same",
            before: &[Sql(POSITIVE)],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, CHECK (a > 0))",
            ..Case::DEFAULT
        },
        Case {
            name: "an unnamed CHECK of the model goes in the catalog alone",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER CHECK (a > 0))"),
                Sql("INSERT INTO t VALUES (1, 5)"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)",
            expect: Expect::Plan("1. drop CHECK (a > 0) from t (catalog)", &[]),
            rows: &[("INSERT INTO t VALUES (2, -1) RETURNING a", "-1")],
            ..Case::DEFAULT
        },
        Case {
            name: "a CHECK that the model never had stays",
            before: &[Sql(POSITIVE)],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)",
            rows: &[("INSERT OR IGNORE INTO t VALUES (2, -1) RETURNING a", "")],
            ..Case::DEFAULT
        },
        Case {
            name: "a named CHECK goes without touching a row",
            before: &[
                Model(
                    "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, CONSTRAINT positive CHECK (a > 0))",
                ),
                Sql("INSERT INTO t VALUES (1, 5)"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)",
            expect: Expect::Plan("1. drop CONSTRAINT positive CHECK (a > 0) from t (catalog)", &[]),
            ..Case::DEFAULT
        },
        Case {
            name: "a named CHECK that is widened goes and comes without a rewrite",
            before: &[
                Model(
                    "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, CONSTRAINT positive CHECK (a > 0))",
                ),
                Sql("INSERT INTO t VALUES (1, 5)"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, CONSTRAINT positive CHECK (a >= 0))",
            expect: Expect::Plan(
                "1. drop CONSTRAINT positive CHECK (a > 0) from t (catalog)\n\
                 2. add CONSTRAINT positive CHECK (a >= 0) to t (scan)",
                &[Tightened, Scan],
            ),
            rows: &[("INSERT INTO t VALUES (2, 0) RETURNING a", "0")],
            ..Case::DEFAULT
        },
        Case {
            name: "an unnamed CHECK that is widened is proved by a scan",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER CHECK (a > 0))"),
                Sql("INSERT INTO t VALUES (1, 5)"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER CHECK (a >= 0))",
            expect: Expect::Plan(
                "1. add CHECK (a >= 0) to t; drop CHECK (a > 0) from t (scan)",
                &[Tightened, Scan],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "a CHECK that is tightened over a row is refused",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER CHECK (a > 0))"),
                Sql("INSERT INTO t VALUES (1, 5), (2, 500)"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER CHECK (a > 10))",
            expect: Expect::Error(Data, &["rows of `t` break CHECK (a > 10): 1 (rowid or key: 1)"]),
            ..Case::DEFAULT
        },
        Case {
            name: "a CHECK that gets a name touches no row",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, CHECK (a > 0))"),
                Sql("INSERT INTO t VALUES (1, 5)"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, CONSTRAINT positive CHECK (a > 0))",
            expect: Expect::Plan(
                "1. alter constraint of t: CHECK (a > 0) -> CONSTRAINT positive CHECK (a > 0) (catalog)",
                &[],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "rows that broke the CHECK before stop a rebuild with one clear refusal",
            before: &[
                Sql(POSITIVE),
                Sql("PRAGMA ignore_check_constraints = ON; INSERT INTO t VALUES (7, -7)"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER UNIQUE CHECK (a > 0))",
            expect: Expect::Error(Data, &["rows of `t` break CHECK (a>0): 1 (rowid or key: 7)"]),
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn a_unique_rule_comes_or_goes() {
    const DUP: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT);
        INSERT INTO t VALUES (1, 'x', 'p'), (2, 'x', 'q'), (3, NULL, 'q'), (4, NULL, 'q'), (5, 'y', 'q'), (6, 'y', 'q')";
    run(&[
        Case {
            name: "a new UNIQUE column is empty and comes by a rebuild",
            before: &[Sql(DUP)],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT, c TEXT UNIQUE)",
            expect: Expect::Plan(
                "1. rebuild table t: add column t.c; add UNIQUE (c) to t (rebuild)",
                &[Tightened, Rewrite],
            ),
            rows: &[("SELECT count(*), count(c) FROM t", "6|0")],
            ..Case::DEFAULT
        },
        Case {
            name: "a new UNIQUE column with one default for all rows is refused",
            before: &[Sql(DUP)],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT, c TEXT DEFAULT 'c' UNIQUE)",
            expect: Expect::Error(Data, &["groups of rows of `t` have the same `c`, which becomes unique: 1 (rowid or key: 1)"]),
            ..Case::DEFAULT
        },
        Case {
            name: "a new UNIQUE column with a backfill that clashes is refused",
            before: &[Sql(DUP)],
            after: "--: backfill t.c id % 4
                CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT, c INTEGER UNIQUE)",
            expect: Expect::Error(Data, &["groups of rows of `t` have the same `c`, which becomes unique: 2 (first rowids or keys: 1, 2)"]),
            ..Case::DEFAULT
        },
        Case {
            name: "UNIQUE over duplicates is refused with one row of each group",
            before: &[Sql(DUP)],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE, b TEXT)",
            expect: Expect::Error(
                Data,
                &[
                    "groups of rows of `t` have the same `a`, which becomes unique: 2 (first rowids or keys: 1, 5)",
                    "help: delete or mend all but one row of each group",
                ],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "UNIQUE over two columns counts NULLs as distinct",
            before: &[Sql(DUP), Sql("DELETE FROM t WHERE id = 6")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT, UNIQUE (a, b))",
            expect: Expect::Plan("1. add UNIQUE (a, b) to t (rebuild)", &[Tightened, Rewrite]),
            ..Case::DEFAULT
        },
        Case {
            name: "UNIQUE on an empty table",
            before: &[Sql("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE)",
            expect: Expect::Plan("1. add UNIQUE (a) to t (rebuild)", &[Tightened]),
            ..Case::DEFAULT
        },
        Case {
            name: "UNIQUE goes by a rebuild",
            before: &[Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE)"), Sql("INSERT INTO t VALUES (1, 'x')")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
            expect: Expect::Plan("1. drop UNIQUE (a) from t (rebuild)", &[Rewrite]),
            ..Case::DEFAULT
        },
        Case {
            name: "conflict clauses of UNIQUE and of the key survive another change of the table",
            before: &[
                Sql("CREATE TABLE t (id INTEGER PRIMARY KEY ON CONFLICT REPLACE, a TEXT UNIQUE ON CONFLICT IGNORE, b TEXT);
                    INSERT INTO t VALUES (1, 'x', 'b')"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE, b TEXT DEFAULT 'd')",
            expect: Expect::Plan("1. write rows of t (update)\n2. alter default of t.b: none -> 'd' (catalog)", &[Update]),
            rows: &[
                ("INSERT INTO t VALUES (2, 'x', 'c') RETURNING id", ""),
                ("INSERT INTO t VALUES (1, 'z', 'c') RETURNING a", "'z'"),
                ("SELECT * FROM t", "1|'z'|'c'"),
            ],
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn a_collation_changes() {
    run(&[
        Case {
            name: "NOCASE over a UNIQUE column that holds x and X is refused",
            before: &[Sql("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE); INSERT INTO t VALUES (1, 'x'), (2, 'X'), (3, 'y')")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE COLLATE NOCASE)",
            expect: Expect::Error(Data, &["groups of rows of `t` have the same `a`, which becomes unique: 1 (rowid or key: 1)"]),
            ..Case::DEFAULT
        },
        Case {
            name: "NOCASE over a UNIQUE column without a clash builds its index anew",
            before: &[Sql("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE); INSERT INTO t VALUES (1, 'x'), (2, 'Y')")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE COLLATE NOCASE)",
            expect: Expect::Plan("1. alter collation of t.a: BINARY -> NOCASE (scan)\n2. build the indexes of t anew (scan)", &[Scan, Scan]),
            rows: &[("SELECT id FROM t WHERE a = 'y'", "2"), ("INSERT OR IGNORE INTO t VALUES (3, 'X') RETURNING id", "")],
            ..Case::DEFAULT
        },
        Case {
            name: "a collation that goes back",
            before: &[Sql("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT COLLATE NOCASE); INSERT INTO t VALUES (1, 'x')")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
            expect: Expect::Plan("1. alter collation of t.a: NOCASE -> BINARY (scan)", &[Scan]),
            ..Case::DEFAULT
        },
        Case {
            name: "BINARY said is BINARY unsaid",
            before: &[Sql("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT COLLATE binary)")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
            ..Case::DEFAULT
        },
        Case {
            name: "a unique index over the column is proved again",
            before: &[Sql("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE UNIQUE INDEX t_a ON t (a);
                INSERT INTO t VALUES (1, 'x'), (2, 'X')")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT COLLATE NOCASE); CREATE UNIQUE INDEX t_a ON t (a)",
            expect: Expect::Error(Data, &["groups of rows of `t` have the same `a`, which becomes unique: 1 (rowid or key: 1)"]),
            ..Case::DEFAULT
        },
        Case {
            name: "a unique partial index whose condition compares the column is proved again",
            before: &[Sql("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER); CREATE UNIQUE INDEX t_b ON t (b) WHERE a = 'x';
                INSERT INTO t VALUES (1, 'x', 5), (2, 'X', 5)")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT COLLATE NOCASE, b INTEGER);
                CREATE UNIQUE INDEX t_b ON t (b) WHERE a = 'x'",
            expect: Expect::Error(Data, &["groups of rows of `t` have the same `b`, which becomes unique: 1 (rowid or key: 1)"]),
            ..Case::DEFAULT
        },
        Case {
            name: "a unique expression index over the column is proved again",
            before: &[Sql("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE UNIQUE INDEX t_x ON t (a = 'x') WHERE a <> 'q';
                INSERT INTO t VALUES (1, 'x'), (2, 'Y')")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT COLLATE NOCASE); CREATE UNIQUE INDEX t_x ON t (a = 'x') WHERE a <> 'q'",
            expect: Expect::Plan("1. alter collation of t.a: BINARY -> NOCASE (scan)\n2. build the indexes of t anew (scan)", &[Scan, Scan]),
            ..Case::DEFAULT
        },
        Case {
            name: "plain indexes over the column follow: partial, of an expression, with another collation",
            before: &[Sql("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER); INSERT INTO t VALUES (1, 'x', 5), (2, 'X', 6);
                CREATE INDEX t_p ON t (b) WHERE a = 'x'; CREATE INDEX t_e ON t (a = 'x'); CREATE INDEX t_c ON t (a COLLATE RTRIM)")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT COLLATE NOCASE, b INTEGER);
                CREATE INDEX t_p ON t (b) WHERE a = 'x'; CREATE INDEX t_e ON t (a = 'x'); CREATE INDEX t_c ON t (a COLLATE RTRIM)",
            expect: Expect::Plan("1. alter collation of t.a: BINARY -> NOCASE (scan)\n2. build the indexes of t anew (scan)", &[Scan, Scan]),
            rows: &[("SELECT b FROM t INDEXED BY t_p WHERE a = 'x' ORDER BY b", "5\n6")],
            ..Case::DEFAULT
        },
        Case {
            name: "a CHECK over the column is held against the rows again",
            before: &[Sql("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT CHECK (a <> 'x')); INSERT INTO t VALUES (1, 'X'), (2, 'y')")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT COLLATE NOCASE CHECK (a <> 'x'))",
            expect: Expect::Error(Data, &["rows of `t` break CHECK (a <> 'x'): 1 (rowid or key: 1)"]),
            ..Case::DEFAULT
        },
        Case {
            name: "a CHECK over the column that still holds",
            before: &[Sql("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT CHECK (a <> 'x')); INSERT INTO t VALUES (1, 'Z'), (2, 'y')")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT COLLATE NOCASE CHECK (a <> 'x'))",
            expect: Expect::Plan("1. alter collation of t.a: BINARY -> NOCASE (scan)", &[Scan]),
            ..Case::DEFAULT
        },
        Case {
            name: "the key of a WITHOUT ROWID table is rebuilt",
            before: &[Sql("CREATE TABLE t (a TEXT PRIMARY KEY, b TEXT) WITHOUT ROWID; INSERT INTO t VALUES ('x', 'p'), ('Y', 'q')")],
            after: "CREATE TABLE t (a TEXT PRIMARY KEY COLLATE NOCASE, b TEXT) WITHOUT ROWID",
            expect: Expect::Plan("1. alter collation of t.a: BINARY -> NOCASE (rebuild)", &[Rewrite]),
            rows: &[("SELECT b FROM t WHERE a = 'y'", "'q'")],
            ..Case::DEFAULT
        },
        Case {
            name: "the key of a WITHOUT ROWID table that would clash is refused by key",
            before: &[Sql("CREATE TABLE t (a TEXT PRIMARY KEY, b TEXT) WITHOUT ROWID; INSERT INTO t VALUES ('x', 'p'), ('X', 'q')")],
            after: "CREATE TABLE t (a TEXT PRIMARY KEY COLLATE NOCASE, b TEXT) WITHOUT ROWID",
            expect: Expect::Error(Data, &["groups of rows of `t` have the same `a`, which becomes unique: 1 (rowid or key: 'X')"]),
            ..Case::DEFAULT
        },
        Case {
            name: "children of a column whose collation gets narrower are checked",
            before: &[Sql("CREATE TABLE p (id INTEGER PRIMARY KEY, k TEXT UNIQUE COLLATE NOCASE);
                CREATE TABLE c (id INTEGER PRIMARY KEY, k TEXT REFERENCES p (k));
                INSERT INTO p VALUES (1, 'x'); INSERT INTO c VALUES (5, 'X')")],
            after: "CREATE TABLE p (id INTEGER PRIMARY KEY, k TEXT UNIQUE);
                CREATE TABLE c (id INTEGER PRIMARY KEY, k TEXT REFERENCES p (k))",
            expect: Expect::Error(Data, &["table `c` has 0 rows that refer to a missing parent and would have 1 after the change"]),
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn a_foreign_key_comes_or_goes() {
    const P: &str = "CREATE TABLE p (id INTEGER PRIMARY KEY); INSERT INTO p VALUES (1), (2)";
    run(&[
        Case {
            name: "a new column with a reference and a default that has a parent",
            before: &[Sql(P), Sql(THREE)],
            after: "CREATE TABLE p (id INTEGER PRIMARY KEY);
                CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER DEFAULT 1 REFERENCES p (id))",
            expect: Expect::Plan("1. add column t.b (catalog)", &[UnindexedReference]),
            rows: &[("SELECT b FROM t", "1\n1\n1")],
            ..Case::DEFAULT
        },
        Case {
            name: "a new column with a reference and a default without a parent is refused",
            before: &[Sql(P), Sql(THREE)],
            after: "CREATE TABLE p (id INTEGER PRIMARY KEY);
                CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER DEFAULT 7 REFERENCES p (id))",
            expect: Expect::Error(Data, &["rows of `t` refer by `b` to a `p` that does not exist: 3 (first rowids or keys: 1, 2, 9)"]),
            ..Case::DEFAULT
        },
        Case {
            name: "a new column that refers to a table which is created in the same run",
            before: &[Sql(THREE)],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER REFERENCES p (id)); CREATE TABLE p (id INTEGER PRIMARY KEY)",
            expect: Expect::Plan("1. create table p (catalog)\n2. add column t.b (catalog)", &[UnindexedReference]),
            ..Case::DEFAULT
        },
        Case {
            name: "a default that refers into a table which is created in the same run has no parent",
            before: &[Sql(THREE)],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER DEFAULT 1 REFERENCES p (id)); CREATE TABLE p (id INTEGER PRIMARY KEY)",
            expect: Expect::Error(Data, &["rows of `t` refer by `b` to a `p` that does not exist", ": 3 ("]),
            ..Case::DEFAULT
        },
        Case {
            name: "a foreign key over a column with orphans is refused",
            before: &[Sql(P), Sql(THREE)],
            after: "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER REFERENCES p (id))",
            expect: Expect::Error(Data, &["rows of `t` refer by `a` to a `p` that does not exist: 2 (first rowids or keys: 1, 2)"]),
            ..Case::DEFAULT
        },
        Case {
            name: "a foreign key over a column whose parents are there comes after a scan",
            before: &[Sql(P), Sql(THREE), Sql("UPDATE t SET a = 2 WHERE a IS NOT NULL")],
            after: "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER REFERENCES p (id))",
            expect: Expect::Plan("1. add FOREIGN KEY (a) REFERENCES p (id) to t (scan)", &[Tightened, Scan, UnindexedReference]),
            ..Case::DEFAULT
        },
        Case {
            name: "a foreign key to a column that is not unique is refused",
            before: &[Sql("CREATE TABLE p (id INTEGER PRIMARY KEY, x INTEGER); INSERT INTO p VALUES (1, 5)"), Sql(THREE), Sql(GOOD)],
            after: "CREATE TABLE p (id INTEGER PRIMARY KEY, x INTEGER); CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER REFERENCES p (x))",
            expect: Expect::Error(Dependent, &["`t`(a) refers to `p`(x), which is no unique key"]),
            ..Case::DEFAULT
        },
        Case {
            name: "a named foreign key goes without touching a row",
            before: &[Model("CREATE TABLE p (id INTEGER PRIMARY KEY);
                CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, CONSTRAINT of_p FOREIGN KEY (a) REFERENCES p (id))")],
            after: "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)",
            expect: Expect::Plan("1. drop CONSTRAINT of_p FOREIGN KEY (a) REFERENCES p (id) from t (catalog)", &[]),
            ..Case::DEFAULT
        },
        Case {
            name: "an unnamed foreign key goes in the catalog alone",
            before: &[
                Model("CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER REFERENCES p (id))"),
                Sql("INSERT INTO p VALUES (5); INSERT INTO t VALUES (1, 5)"),
            ],
            after: "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)",
            expect: Expect::Plan("1. drop FOREIGN KEY (a) REFERENCES p (id) from t (catalog)", &[]),
            ..Case::DEFAULT
        },
        Case {
            name: "a collation that is not registered is named",
            before: &[Sql(P), Sql(THREE)],
            after: "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b TEXT UNIQUE COLLATE NOSUCH)",
            expect: Expect::Error(Missing, &["NOSUCH"]),
            ..Case::DEFAULT
        },
    ]);
}
