//! Rebuilds: STRICT, column order, cascading children, references in circles, generated columns, conflict clauses.

use schema_runtime::{ErrorKind, HazardCode};

use crate::support::case::{Act::*, Case, Expect, run};

#[test]
fn strict_comes_and_goes() {
    run(&[
        Case {
            name: "a table becomes STRICT where every value fits",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, r REAL, s TEXT, b BLOB)"),
                Sql(
                    "INSERT INTO t VALUES (1, 2, 3.5, 'x', x'00'), (2, NULL, NULL, NULL, NULL), (3, 4, 5, 6, x'')",
                ),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, r REAL, s TEXT, b BLOB) STRICT",
            expect: Expect::Plan(
                "1. alter strictness of t: not STRICT -> STRICT (scan)",
                &[HazardCode::Scan],
            ),
            rows: &[(
                "SELECT typeof(n), typeof(r), typeof(s), typeof(b) FROM t WHERE id = 3",
                "'integer'|'real'|'text'|'blob'",
            )],
            ..Case::DEFAULT
        },
        Case {
            name: "rows that STRICT would not take are counted and named, column by column",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, s TEXT)"),
                Sql("INSERT INTO t VALUES (1, 'x', 'a'), (2, 2.5, 'b'), (3, 3, x'61')"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, s TEXT) STRICT",
            expect: Expect::Error(
                ErrorKind::Data,
                &[
                    "rows of `t` hold a value in `n` that is no INTEGER: 2 (first rowids or keys: 1, 2)",
                    "rows of `t` hold a value in `s` that is no TEXT: 1 (rowid or key: 3)",
                ],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "NULL in a text key of a table that becomes STRICT is refused",
            before: &[
                Model("CREATE TABLE t (a TEXT PRIMARY KEY, b INTEGER)"),
                Sql("INSERT INTO t VALUES ('x', 1), (NULL, 2)"),
            ],
            after: "CREATE TABLE t (a TEXT PRIMARY KEY, b INTEGER) STRICT",
            expect: Expect::Error(ErrorKind::Data, &["rows of `t` have NULL in `a`", ": 1 ("]),
            ..Case::DEFAULT
        },
        Case {
            name: "a text key of a table that becomes STRICT is NOT NULL from then on",
            before: &[
                Model("CREATE TABLE t (a TEXT PRIMARY KEY, b INTEGER)"),
                Sql("INSERT INTO t VALUES ('x', 1)"),
            ],
            after: "CREATE TABLE t (a TEXT PRIMARY KEY, b INTEGER) STRICT",
            expect: Expect::Plan(
                "1. alter strictness of t: not STRICT -> STRICT; alter nullability of t.a: NULL -> NOT NULL (scan)",
                &[HazardCode::Tightened, HazardCode::Scan],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "VARCHAR becomes the TEXT that STRICT knows",
            before: &[Sql(
                "CREATE TABLE t (id INTEGER PRIMARY KEY, s VARCHAR(9), n BIGINT); INSERT INTO t VALUES (1, 'x', 7)",
            )],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, s TEXT, n INTEGER) STRICT",
            expect: Expect::Plan(
                "1. alter strictness of t: not STRICT -> STRICT; alter type of t.s: VARCHAR(9) -> TEXT; alter type of t.n: BIGINT -> INTEGER (scan)",
                &[HazardCode::Scan],
            ),
            rows: &[("SELECT * FROM t", "1|'x'|7")],
            ..Case::DEFAULT
        },
        Case {
            name: "a foreign column of a type that STRICT does not know stands in the way, and is named",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, s TEXT)"),
                Sql("ALTER TABLE t ADD COLUMN theirs VARCHAR(9); INSERT INTO t VALUES (1, 'x', 'y')"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, s TEXT) STRICT",
            expect: Expect::Error(ErrorKind::Conflict, &["`t`.`theirs`", "VARCHAR(9)", "STRICT"]),
            ..Case::DEFAULT
        },
        Case {
            name: "STRICT goes",
            before: &[
                Model("CREATE TABLE t (a TEXT PRIMARY KEY, b INTEGER) STRICT"),
                Sql("INSERT INTO t VALUES ('x', 1)"),
            ],
            after: "CREATE TABLE t (a TEXT PRIMARY KEY, b INTEGER)",
            expect: Expect::Plan(
                "1. alter strictness of t: STRICT -> not STRICT; alter nullability of t.a: NOT NULL -> NULL (catalog)",
                &[],
            ),
            rows: &[("SELECT \"notnull\" FROM pragma_table_info('t') WHERE name = 'a'", "0")],
            ..Case::DEFAULT
        },
        Case {
            name: "values of an ANY column stay as they are when STRICT goes",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a ANY) STRICT"),
                Sql("INSERT INTO t VALUES (1, '12'), (2, 12), (3, 1.5), (4, '1e3'), (5, x'31')"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a ANY)",
            expect: Expect::Plan(
                "1. rebuild table t: alter strictness of t: STRICT -> not STRICT; alter type of t.a: ANY -> no type (rebuild)",
                &[HazardCode::ConvertValues, HazardCode::Rewrite],
            ),
            rows: &[("SELECT a FROM t ORDER BY id", "'12'\n12\n1.5\n'1e3'\nx'31'")],
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn column_order_counts_where_the_model_says_so() {
    run(&[
        Case {
            name: "another order is no difference",
            before: &[
                Model("CREATE TABLE t (a TEXT, b TEXT, c TEXT)"),
                Sql("INSERT INTO t VALUES ('1', '2', '3')"),
            ],
            after: "CREATE TABLE t (c TEXT, a TEXT, b TEXT)",
            ..Case::DEFAULT
        },
        Case {
            name: "another order is a rebuild where order counts",
            before: &[
                Model("CREATE TABLE t (a TEXT, b TEXT, c TEXT)"),
                Sql("INSERT INTO t (rowid, a, b, c) VALUES (7, '1', '2', '3')"),
            ],
            after: "--: exact_order t\nCREATE TABLE t (c TEXT, a TEXT, b TEXT)",
            expect: Expect::Plan(
                "1. alter column order of t: a, b, c -> c, a, b (rebuild)",
                &[HazardCode::Rewrite],
            ),
            rows: &[("SELECT rowid, * FROM t", "7|'3'|'1'|'2'")],
            ..Case::DEFAULT
        },
        Case {
            name: "a column added at the end needs no rebuild where order counts",
            before: &[Model("CREATE TABLE t (a TEXT, b TEXT)"), Sql("INSERT INTO t VALUES ('1', '2')")],
            after: "--: exact_order t\nCREATE TABLE t (a TEXT, b TEXT, c TEXT)",
            expect: Expect::Plan("1. add column t.c (catalog)", &[]),
            rows: &[("SELECT * FROM t", "'1'|'2'|NULL")],
            ..Case::DEFAULT
        },
        Case {
            name: "a column added in the middle is a rebuild where order counts",
            before: &[Model("CREATE TABLE t (a TEXT, b TEXT)"), Sql("INSERT INTO t VALUES ('1', '2')")],
            after: "--: exact_order t\nCREATE TABLE t (a TEXT, c TEXT, b TEXT)",
            expect: Expect::Plan(
                "1. rebuild table t: add column t.c; alter column order of t: a, b -> a, c, b (rebuild)",
                &[HazardCode::Rewrite],
            ),
            rows: &[("SELECT * FROM t", "'1'|NULL|'2'")],
            ..Case::DEFAULT
        },
        Case {
            name: "the model's order is adopted when the table is rebuilt anyway",
            before: &[
                Model("CREATE TABLE t (a TEXT, b TEXT, c TEXT)"),
                Sql("INSERT INTO t VALUES ('1', '2', '3')"),
            ],
            after: "CREATE TABLE t (c TEXT UNIQUE, a TEXT, b TEXT)",
            expect: Expect::Plan(
                "1. add UNIQUE (c) to t (rebuild)",
                &[HazardCode::Tightened, HazardCode::Rewrite],
            ),
            rows: &[("SELECT * FROM t", "'3'|'1'|'2'")],
            ..Case::DEFAULT
        },
        Case {
            name: "foreign columns come last where order counts",
            before: &[
                Sql("CREATE TABLE t (a TEXT, b TEXT, theirs TEXT); INSERT INTO t VALUES ('1', '2', 'x')"),
                Model("CREATE TABLE t (a TEXT, b TEXT)"),
            ],
            after: "--: exact_order t\nCREATE TABLE t (b TEXT, a TEXT)",
            expect: Expect::Plan(
                "1. alter column order of t: a, b, theirs -> b, a, theirs (rebuild)",
                &[HazardCode::Rewrite],
            ),
            rows: &[("SELECT * FROM t", "'2'|'1'|'x'")],
            ..Case::DEFAULT
        },
    ]);
}

const FAMILY: &str = "CREATE TABLE p (id INTEGER PRIMARY KEY, a TEXT);
    CREATE TABLE c1 (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (id) ON DELETE CASCADE);
    CREATE TABLE c2 (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (id) ON DELETE SET NULL);
    CREATE TABLE c3 (id INTEGER PRIMARY KEY, p INTEGER DEFAULT 1 REFERENCES p (id) ON DELETE SET DEFAULT);
    CREATE TABLE c4 (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (id) ON DELETE RESTRICT);
    CREATE TABLE c5 (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (id) DEFERRABLE INITIALLY DEFERRED);";

const FAMILY_ROWS: &str = "INSERT INTO p VALUES (1, 'x'), (2, 'y');
    INSERT INTO c1 VALUES (1, 2); INSERT INTO c2 VALUES (1, 2); INSERT INTO c3 VALUES (1, 2);
    INSERT INTO c4 VALUES (1, 2); INSERT INTO c5 VALUES (1, 2);";

#[test]
fn children_of_a_rebuilt_parent_stay() {
    run(&[
        Case {
            name: "children with every action keep their rows and their references",
            before: &[Model(FAMILY), Sql(FAMILY_ROWS)],
            after: "CREATE TABLE p (id INTEGER PRIMARY KEY, a TEXT UNIQUE);
                CREATE TABLE c1 (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (id) ON DELETE CASCADE);
                CREATE TABLE c2 (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (id) ON DELETE SET NULL);
                CREATE TABLE c3 (id INTEGER PRIMARY KEY, p INTEGER DEFAULT 1 REFERENCES p (id) ON DELETE SET DEFAULT);
                CREATE TABLE c4 (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (id) ON DELETE RESTRICT);
                CREATE TABLE c5 (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (id) DEFERRABLE INITIALLY DEFERRED);",
            expect: Expect::Plan(
                "1. add UNIQUE (a) to p (rebuild)",
                &[HazardCode::Tightened, HazardCode::Rewrite],
            ),
            rows: &[
                (
                    "SELECT p FROM c1 UNION ALL SELECT p FROM c2 UNION ALL SELECT p FROM c3 UNION ALL SELECT p FROM c4 \
                     UNION ALL SELECT p FROM c5",
                    "2\n2\n2\n2\n2",
                ),
                ("SELECT count(*) FROM sqlite_schema WHERE sql LIKE '%\\_\\_schema%' ESCAPE '\\'", "0"),
                ("SELECT DISTINCT \"table\" FROM pragma_foreign_key_list('c1')", "'p'"),
            ],
            ..Case::DEFAULT
        },
        Case {
            name: "a table that refers to itself with CASCADE is rebuilt",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, up INTEGER REFERENCES t (id) ON DELETE CASCADE, a TEXT)"),
                Sql("INSERT INTO t VALUES (1, NULL, 'x'), (2, 1, 'y'), (3, 2, 'z')"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, up INTEGER REFERENCES t (id) ON DELETE CASCADE, a TEXT UNIQUE)",
            expect: Expect::Plan(
                "1. add UNIQUE (a) to t (rebuild)",
                &[HazardCode::Tightened, HazardCode::Rewrite],
            ),
            rows: &[
                ("SELECT * FROM t", "1|NULL|'x'\n2|1|'y'\n3|2|'z'"),
                ("SELECT \"table\", \"to\", on_delete FROM pragma_foreign_key_list('t')", "'t'|'id'|'CASCADE'"),
            ],
            ..Case::DEFAULT
        },
        Case {
            name: "two tables that refer to each other are both rebuilt",
            before: &[
                Model(
                    "CREATE TABLE a (id INTEGER PRIMARY KEY, b INTEGER REFERENCES b (id) ON DELETE CASCADE, x TEXT);
                     CREATE TABLE b (id INTEGER PRIMARY KEY, a INTEGER REFERENCES a (id) ON DELETE CASCADE, x TEXT)",
                ),
                Sql("INSERT INTO a VALUES (1, 2, 'x'); INSERT INTO b VALUES (2, 1, 'y')"),
            ],
            after: "CREATE TABLE a (id INTEGER PRIMARY KEY, b INTEGER REFERENCES b (id) ON DELETE CASCADE, x TEXT UNIQUE);
                CREATE TABLE b (id INTEGER PRIMARY KEY, a INTEGER REFERENCES a (id) ON DELETE CASCADE, x TEXT UNIQUE)",
            expect: Expect::Plan(
                "1. add UNIQUE (x) to a (rebuild)\n2. add UNIQUE (x) to b (rebuild)",
                &[HazardCode::Tightened, HazardCode::Rewrite, HazardCode::Tightened, HazardCode::Rewrite],
            ),
            rows: &[("SELECT a.*, b.* FROM a JOIN b ON a.b = b.id AND b.a = a.id", "1|2|'x'|2|1|'y'")],
            ..Case::DEFAULT
        },
        Case {
            name: "a child keeps its rows where parent and child are renamed and rebuilt at once",
            before: &[
                Model(
                    "CREATE TABLE p (id INTEGER PRIMARY KEY, a TEXT);
                     CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (id) ON DELETE CASCADE)",
                ),
                Sql("INSERT INTO p VALUES (1, 'x'); INSERT INTO c VALUES (1, 1)"),
            ],
            after: "--: renamed_from q p
--: renamed_from q.key id
--: renamed_from d c
CREATE TABLE q (key INTEGER PRIMARY KEY, a TEXT UNIQUE);
                CREATE TABLE d (id INTEGER PRIMARY KEY, p INTEGER NOT NULL REFERENCES q (key) ON DELETE CASCADE)",
            expect: Expect::Plan(
                "1. rename table p to q; rename table c to d (catalog)\n2. rename column q.id to key (catalog)\n\
                 3. add UNIQUE (a) to q (rebuild)\n4. alter nullability of d.p: NULL -> NOT NULL (scan)",
                &[
                    HazardCode::Rename,
                    HazardCode::Rename,
                    HazardCode::Rename,
                    HazardCode::Tightened,
                    HazardCode::Rewrite,
                    HazardCode::Tightened,
                    HazardCode::Scan,
                ],
            ),
            rows: &[("SELECT q.key, d.p FROM q JOIN d ON d.p = q.key", "1|1")],
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn foreign_keys_change() {
    const ROWS: &str = "INSERT INTO p VALUES (1); INSERT INTO c VALUES (7, 1)";
    run(&[
        Case {
            name: "an implied parent key and the same one written out are no difference",
            before: &[Sql(
                "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p);
                 INSERT INTO p VALUES (1); INSERT INTO c VALUES (7, 1)",
            )],
            after: "CREATE TABLE p (id INTEGER PRIMARY KEY);
                CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (id))",
            ..Case::DEFAULT
        },
        Case {
            name: "an action changes",
            before: &[
                Model("CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (id))"),
                Sql(ROWS),
            ],
            after: "CREATE TABLE p (id INTEGER PRIMARY KEY);
                CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (id) ON DELETE CASCADE)",
            expect: Expect::Plan("1. alter constraint of c: FOREIGN KEY (p) REFERENCES p (id) -> FOREIGN KEY (p) REFERENCES p (id) ON DELETE CASCADE (catalog)", &[]),
            rows: &[("SELECT * FROM c", "7|1"), ("SELECT on_delete FROM pragma_foreign_key_list('c')", "'CASCADE'")],
            ..Case::DEFAULT
        },
        Case {
            name: "a foreign key becomes deferrable",
            before: &[
                Model("CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (id))"),
                Sql(ROWS),
            ],
            after: "CREATE TABLE p (id INTEGER PRIMARY KEY);
                CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (id) DEFERRABLE INITIALLY DEFERRED)",
            expect: Expect::Plan("1. alter constraint of c: FOREIGN KEY (p) REFERENCES p (id) -> FOREIGN KEY (p) REFERENCES p (id) DEFERRABLE INITIALLY DEFERRED (catalog)", &[]),
            rows: &[("SELECT * FROM c", "7|1")],
            ..Case::DEFAULT
        },
        Case {
            name: "a foreign key goes",
            before: &[
                Model("CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (id))"),
                Sql(ROWS),
            ],
            after: "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER)",
            expect: Expect::Plan("1. drop FOREIGN KEY (p) REFERENCES p (id) from c (catalog)", &[]),
            rows: &[("SELECT * FROM c", "7|1"), ("SELECT count(*) FROM pragma_foreign_key_list('c')", "0")],
            ..Case::DEFAULT
        },
        Case {
            name: "a new foreign key to a column that is not unique is refused",
            before: &[
                Model("CREATE TABLE p (id INTEGER PRIMARY KEY, x INTEGER); CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER)"),
                Sql("INSERT INTO p VALUES (1, 1); INSERT INTO c VALUES (7, 1)"),
            ],
            after: "CREATE TABLE p (id INTEGER PRIMARY KEY, x INTEGER);
                CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (x))",
            expect: Expect::Error(ErrorKind::Dependent, &["`c`(p) refers to `p`(x), which is no unique key"]),
            ..Case::DEFAULT
        },
        Case {
            name: "a new foreign key to a table without a key is refused",
            before: &[
                Model("CREATE TABLE p (id INTEGER); CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER)"),
                Sql("INSERT INTO p VALUES (1); INSERT INTO c VALUES (7, NULL)"),
            ],
            after: "CREATE TABLE p (id INTEGER); CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p)",
            expect: Expect::Error(ErrorKind::Dependent, &["`c`(p) refers to the primary key of `p`, which has 0 columns"]),
            ..Case::DEFAULT
        },
        Case {
            name: "a new foreign key to a partial unique index is refused",
            before: &[
                Model(
                    "CREATE TABLE p (id INTEGER PRIMARY KEY, x INTEGER); CREATE UNIQUE INDEX p_x ON p (x) WHERE x > 0;
                     CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER)",
                ),
                Sql("INSERT INTO p VALUES (1, 1); INSERT INTO c VALUES (7, 1)"),
            ],
            after: "CREATE TABLE p (id INTEGER PRIMARY KEY, x INTEGER); CREATE UNIQUE INDEX p_x ON p (x) WHERE x > 0;
                CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (x))",
            expect: Expect::Error(ErrorKind::Dependent, &["which is no unique key"]),
            ..Case::DEFAULT
        },
        Case {
            name: "a new foreign key is refused where rows have no parent",
            before: &[
                Model("CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER)"),
                Sql("INSERT INTO p VALUES (1); INSERT INTO c VALUES (5, NULL), (6, 1), (7, 3), (8, 4)"),
            ],
            after: "CREATE TABLE p (id INTEGER PRIMARY KEY);
                CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (id))",
            expect: Expect::Error(
                ErrorKind::Data,
                &["rows of `c` refer by `p` to a `p` that does not exist: 2 (first rowids or keys: 7, 8)"],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "a new foreign key of several columns with a NULL in it refers to nothing and passes",
            before: &[
                Model(
                    "CREATE TABLE p (a INTEGER, b TEXT COLLATE NOCASE, UNIQUE (a, b));
                     CREATE TABLE c (id INTEGER PRIMARY KEY, a TEXT, b TEXT)",
                ),
                Sql("INSERT INTO p VALUES (1, 'x'); INSERT INTO c VALUES (5, NULL, 'q'), (6, '1', 'X')"),
            ],
            after: "CREATE TABLE p (a INTEGER, b TEXT COLLATE NOCASE, UNIQUE (a, b));
                CREATE TABLE c (id INTEGER PRIMARY KEY, a TEXT, b TEXT, FOREIGN KEY (a, b) REFERENCES p (a, b))",
            expect: Expect::Plan("1. add FOREIGN KEY (a, b) REFERENCES p (a, b) to c (scan)", &[HazardCode::Tightened, HazardCode::Scan, HazardCode::UnindexedReference]),
            rows: &[("SELECT * FROM c", "5|NULL|'q'\n6|'1'|'X'")],
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn generated_columns_in_a_rebuild() {
    run(&[
        Case {
            name: "a plain column after a generated one is NULL, not the generated value",
            before: &[
                Model("CREATE TABLE t (a INTEGER, g INTEGER AS (a + 1) VIRTUAL, z TEXT)"),
                Sql("INSERT INTO t (a, z) VALUES (1, 'x'), (5, 'y')"),
            ],
            after: "--: exact_order t\nCREATE TABLE t (a INTEGER, g INTEGER AS (a + 1) VIRTUAL, c TEXT, z TEXT UNIQUE)",
            expect: Expect::Plan(
                "1. rebuild table t: add column t.c; alter column order of t: a, g, z -> a, g, c, z; add UNIQUE (z) to t (rebuild)",
                &[HazardCode::Tightened, HazardCode::Rewrite],
            ),
            rows: &[("SELECT * FROM t", "1|2|NULL|'x'\n5|6|NULL|'y'")],
            ..Case::DEFAULT
        },
        Case {
            name: "STORED becomes VIRTUAL",
            before: &[
                Model("CREATE TABLE t (a INTEGER, g INTEGER AS (a + 1) STORED)"),
                Sql("INSERT INTO t (a) VALUES (1), (5)"),
            ],
            after: "CREATE TABLE t (a INTEGER, g INTEGER AS (a + 1) VIRTUAL)",
            expect: Expect::Plan(
                "1. alter generated expression of t.g: AS (a + 1) STORED -> AS (a + 1) VIRTUAL (rebuild)",
                &[HazardCode::Rewrite],
            ),
            rows: &[("SELECT * FROM t", "1|2\n5|6")],
            ..Case::DEFAULT
        },
        Case {
            name: "VIRTUAL becomes STORED",
            before: &[
                Model("CREATE TABLE t (a INTEGER, g INTEGER AS (a + 1) VIRTUAL); CREATE INDEX t_g ON t (g)"),
                Sql("INSERT INTO t (a) VALUES (1), (5)"),
            ],
            after: "CREATE TABLE t (a INTEGER, g INTEGER AS (a + 1) STORED); CREATE INDEX t_g ON t (g)",
            expect: Expect::Plan(
                "1. alter generated expression of t.g: AS (a + 1) VIRTUAL -> AS (a + 1) STORED (rebuild)",
                &[HazardCode::Rewrite],
            ),
            rows: &[("SELECT * FROM t INDEXED BY t_g WHERE g = 6", "5|6")],
            ..Case::DEFAULT
        },
        Case {
            name: "a generated column becomes plain and keeps the values as computed",
            before: &[
                Model("CREATE TABLE t (a INTEGER, g INTEGER AS (a + 1) STORED)"),
                Sql("INSERT INTO t (a) VALUES (1), (5)"),
            ],
            after: "CREATE TABLE t (a INTEGER, g INTEGER)",
            expect: Expect::Plan(
                "1. alter generated expression of t.g: AS (a + 1) STORED -> plain (catalog)",
                &[],
            ),
            rows: &[("SELECT * FROM t", "1|2\n5|6")],
            ..Case::DEFAULT
        },
        Case {
            name: "a virtual column becomes plain and keeps the values as computed",
            before: &[
                Model("CREATE TABLE t (a INTEGER, g INTEGER AS (a + 1) VIRTUAL)"),
                Sql("INSERT INTO t (a) VALUES (1), (5)"),
            ],
            after: "CREATE TABLE t (a INTEGER, g INTEGER NOT NULL)",
            expect: Expect::Plan(
                "1. rebuild table t: alter nullability of t.g: NULL -> NOT NULL; \
                 alter generated expression of t.g: AS (a + 1) VIRTUAL -> plain (rebuild)",
                &[HazardCode::Tightened, HazardCode::Rewrite],
            ),
            rows: &[("SELECT * FROM t", "1|2\n5|6")],
            ..Case::DEFAULT
        },
        Case {
            name: "a plain column becomes generated where its values agree with the expression",
            before: &[
                Model("CREATE TABLE t (a INTEGER, g INTEGER)"),
                Sql("INSERT INTO t VALUES (1, 2), (5, 6)"),
            ],
            after: "CREATE TABLE t (a INTEGER, g INTEGER AS (a + 1) STORED)",
            expect: Expect::Plan(
                "1. alter generated expression of t.g: plain -> AS (a + 1) STORED (rebuild)",
                &[HazardCode::ConvertValues, HazardCode::Rewrite],
            ),
            rows: &[("SELECT * FROM t", "1|2\n5|6")],
            ..Case::DEFAULT
        },
        Case {
            name: "a plain column whose values differ from the expression is not overwritten unasked",
            before: &[
                Model("CREATE TABLE t (a INTEGER, g INTEGER)"),
                Sql("INSERT INTO t VALUES (1, 2), (5, 99), (6, NULL)"),
            ],
            after: "CREATE TABLE t (a INTEGER, g INTEGER AS (a + 1) STORED)",
            expect: Expect::Error(
                ErrorKind::Data,
                &[
                    "values of `t.g` would be lost, since they differ from a + 1: 2 (first rowids or keys: 2, 3)",
                    "L103=t.g",
                ],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "a plain column with stale values becomes generated with consent, values as computed",
            before: &[
                Model("CREATE TABLE t (a INTEGER, g INTEGER)"),
                Sql("INSERT INTO t VALUES (1, 2), (5, 99)"),
            ],
            after: "CREATE TABLE t (a INTEGER, g INTEGER AS (a + 1) STORED)",
            with: |migrator| migrator.allow("L103=t.g"),
            expect: Expect::Plan(
                "1. alter generated expression of t.g: plain -> AS (a + 1) STORED (rebuild)",
                &[HazardCode::ConvertValues, HazardCode::Rewrite],
            ),
            rows: &[("SELECT * FROM t", "1|2\n5|6")],
            changed: &["t.g"],
            lost: &["t.g"],
            ..Case::DEFAULT
        },
        Case {
            name: "a plain column becomes generated from a column that comes with it",
            before: &[
                Model("CREATE TABLE t (a INTEGER, g INTEGER)"),
                Sql("INSERT INTO t VALUES (1, 3), (5, 4)"),
            ],
            after: "CREATE TABLE t (a INTEGER, b INTEGER NOT NULL DEFAULT 2, g INTEGER NOT NULL AS (h + 1), h INTEGER AS (b))",
            expect: Expect::Error(
                ErrorKind::Data,
                &["values of `t.g` would be lost, since they differ from h + 1: 1 (rowid or key: 2)"],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "an expression changes, in the index over it too",
            before: &[
                Model("CREATE TABLE t (a INTEGER, g INTEGER AS (a + 1) VIRTUAL); CREATE INDEX t_g ON t (g)"),
                Sql("INSERT INTO t (a) VALUES (1), (5)"),
            ],
            after: "CREATE TABLE t (a INTEGER, g INTEGER AS (a * 2) VIRTUAL); CREATE INDEX t_g ON t (g)",
            expect: Expect::Plan(
                "1. alter generated expression of t.g: AS (a + 1) VIRTUAL -> AS (a * 2) VIRTUAL (scan)\n2. build the indexes of t anew (scan)",
                &[HazardCode::Scan, HazardCode::Scan],
            ),
            rows: &[("SELECT * FROM t INDEXED BY t_g WHERE g = 10", "5|10")],
            changed: &["t.g"],
            ..Case::DEFAULT
        },
        Case {
            name: "a generated column that is to be NOT NULL is checked first",
            before: &[
                Model("CREATE TABLE t (a INTEGER, g INTEGER AS (a + 1) VIRTUAL)"),
                Sql("INSERT INTO t (a) VALUES (1), (NULL)"),
            ],
            after: "CREATE TABLE t (a INTEGER, g INTEGER NOT NULL AS (a + 1) VIRTUAL)",
            expect: Expect::Error(
                ErrorKind::Data,
                &["rows of `t` have NULL in `g`", ": 1 (", "rowid or key: 2"],
            ),
            ..Case::DEFAULT
        },
    ]);
}
