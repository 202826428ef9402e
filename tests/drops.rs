//! Columns that go: what goes with them, what stands in the way, and what is said of it.

use schema_runtime::ErrorKind::{Conflict, Dependent};
use schema_runtime::HazardCode::*;
use schema_runtime::RemovalPolicy;

use crate::support::case::{
    Act::{Model, Sql},
    Case, Expect, run,
};

/// What the model declared first, with rows in it.
const AB: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER)";
const ROWS: &str = "INSERT INTO t VALUES (1, 'x', 10), (2, 'y', 20)";
const A: &str = "--: dropped t.b
    CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)";

#[test]
fn a_column_is_dropped() {
    run(&[
        Case {
            name: "a column that the model drops goes by ALTER",
            before: &[Model(AB), Sql(ROWS)],
            after: A,
            expect: Expect::Plan("1. drop column t.b (update)", &[DropColumn, Update]),
            rows: &[("SELECT * FROM t", "1|'x'\n2|'y'")],
            lost: &["t.b"],
            ..Case::DEFAULT
        },
        Case {
            name: "the policy alone is consent enough",
            before: &[Model(AB), Sql(ROWS)],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
            with: |migrator| migrator.removed(RemovalPolicy::Drop),
            expect: Expect::Plan("1. drop column t.b (update)", &[DropColumn, Update]),
            lost: &["t.b"],
            ..Case::DEFAULT
        },
        Case {
            name: "a column that the model never had is foreign and stays, whatever the model says",
            before: &[Sql(AB), Sql(ROWS)],
            after: A,
            ..Case::DEFAULT
        },
        Case {
            name: "a column of an empty table",
            before: &[Model(AB)],
            after: A,
            expect: Expect::Plan("1. drop column t.b (update)", &[DropColumn]),
            ..Case::DEFAULT
        },
        Case {
            name: "a NOT NULL column can be dropped and its undo makes values up",
            before: &[Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER NOT NULL)"), Sql(ROWS)],
            after: A,
            expect: Expect::Plan("1. drop column t.b (update)", &[DropColumn, Update]),
            lost: &["t.b"],
            ..Case::DEFAULT
        },
        Case {
            name: "a UNIQUE column takes a rebuild",
            before: &[Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER UNIQUE)"), Sql(ROWS)],
            after: A,
            expect: Expect::Plan(
                "1. rebuild table t: drop column t.b; drop UNIQUE (b) from t (rebuild)",
                &[DropColumn, Rewrite],
            ),
            lost: &["t.b"],
            ..Case::DEFAULT
        },
        Case {
            name: "a column's own CHECK and REFERENCES go with it",
            before: &[
                Model("CREATE TABLE p (id INTEGER PRIMARY KEY);
                    CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER CHECK (b > 0) REFERENCES p (id))"),
                Sql("INSERT INTO p VALUES (10), (20)"),
                Sql(ROWS),
            ],
            after: "--: dropped t.b
                CREATE TABLE p (id INTEGER PRIMARY KEY);
                CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
            expect: Expect::Plan("1. drop column t.b (update)", &[DropColumn, Update]),
            lost: &["t.b"],
            ..Case::DEFAULT
        },
        Case {
            name: "a CHECK over two columns goes, then one of them",
            before: &[Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER, CHECK (b > id))"), Sql(ROWS)],
            after: A,
            expect: Expect::Plan(
                "1. drop CHECK (b > id) from t (catalog)\n2. drop column t.b (update)",
                &[DropColumn, Update],
            ),
            lost: &["t.b"],
            ..Case::DEFAULT
        },
        Case {
            name: "a named CHECK over two columns is dropped before its column",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER, CONSTRAINT big CHECK (b > id))"),
                Sql(ROWS),
            ],
            after: A,
            expect: Expect::Plan(
                "1. drop CONSTRAINT big CHECK (b > id) from t (catalog)\n2. drop column t.b (update)",
                &[DropColumn, Update],
            ),
            lost: &["t.b"],
            ..Case::DEFAULT
        },
        Case {
            name: "comments around a column do not swallow what follows it",
            before: &[
                Sql("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT /* ) , */, b INTEGER -- note, with a comma
                    , c TEXT DEFAULT ')' -- last
                    )"),
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER, c TEXT DEFAULT ')')"),
                Sql("INSERT INTO t VALUES (1, 'x', 10, 'z')"),
            ],
            after: "--: dropped t.b
                CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, c TEXT DEFAULT ')')",
            expect: Expect::Plan("1. drop column t.b (update)", &[DropColumn, Update]),
            rows: &[("SELECT * FROM t", "1|'x'|'z'")],
            lost: &["t.b"],
            ..Case::DEFAULT
        },
        Case {
            name: "the last column before a comment can go",
            before: &[
                Sql("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER -- note
                    )"),
                Model(AB),
                Sql(ROWS),
            ],
            after: A,
            expect: Expect::Plan("1. drop column t.b (update)", &[DropColumn, Update]),
            rows: &[("SELECT * FROM t", "1|'x'\n2|'y'")],
            lost: &["t.b"],
            ..Case::DEFAULT
        },
        Case {
            name: "a virtual column goes without touching a row",
            before: &[Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER AS (length(a)) VIRTUAL)"), Sql("INSERT INTO t VALUES (1, 'x')")],
            after: A,
            expect: Expect::Plan("1. drop column t.b (catalog)", &[DropColumn]),
            ..Case::DEFAULT
        },
        Case {
            name: "a column that a generated column reads goes only with it",
            before: &[Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER, g INTEGER AS (b + 1) VIRTUAL)"), Sql("INSERT INTO t VALUES (1, 'x', 10)")],
            after: "--: dropped t.b
                --: dropped t.g
                CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
            expect: Expect::Plan("1. drop column t.g (catalog)\n2. drop column t.b (update)", &[DropColumn, DropColumn, Update]),
            lost: &["t.b", "t.g"],
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn a_retired_generated_column_keeps_what_it_reads() {
    run(&[Case {
        name: "a column that a retired generated column reads cannot go",
        before: &[
            Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER, g INTEGER AS (b + 1) VIRTUAL)"),
            Sql("INSERT INTO t VALUES (1, 'x', 10)"),
        ],
        after: A,
        expect: Expect::Error(
            Conflict,
            &[
                "column `t`.`b` is to be dropped, but generated column `g`, which is not the model's, names it",
            ],
        ),
        ..Case::DEFAULT
    }]);
}

#[test]
fn indexes_of_a_dropped_column() {
    run(&[
        Case {
            name: "the model's index over the column goes with it",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER);
                    CREATE INDEX t_b ON t (b); CREATE INDEX t_part ON t (a) WHERE b > 1; CREATE INDEX t_expr ON t (abs(b))"),
                Sql(ROWS),
            ],
            after: A,
            expect: Expect::Plan(
                "1. drop index t_b on t (catalog)\n2. drop index t_part on t (catalog)\n3. drop index t_expr on t (catalog)\n\
                 4. drop column t.b (update)",
                &[DropColumn, Update],
            ),
            rows: &[("SELECT count(*) FROM sqlite_schema WHERE name LIKE 't^_%' ESCAPE '^'", "0")],
            lost: &["t.b"],
            ..Case::DEFAULT
        },
        Case {
            name: "the model's partial index is redefined before its column goes",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER); CREATE INDEX t_part ON t (a) WHERE b > 1"),
                Sql(ROWS),
            ],
            after: "--: dropped t.b
                CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE INDEX t_part ON t (a)",
            expect: Expect::Plan(
                "1. drop index t_part on t (catalog)\n2. drop column t.b (update)\n3. create index t_part on t (scan)",
                &[DropColumn, Update, BuildIndex],
            ),
            lost: &["t.b"],
            ..Case::DEFAULT
        },
        Case {
            name: "somebody else's partial index over the column stands in the way and is named",
            before: &[Model(AB), Sql(ROWS), Sql("CREATE INDEX other ON t (a) WHERE b > 1")],
            after: A,
            expect: Expect::Error(
                Conflict,
                &["column `t`.`b` is to be dropped, but index `other`, which is not the model's, names it"],
            ),
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn triggers_and_views_of_a_dropped_column() {
    run(&[
        Case {
            name: "a trigger on UPDATE OF the column would be dead and is named",
            before: &[
                Model(AB),
                Sql(ROWS),
                Sql("CREATE TRIGGER tr AFTER UPDATE OF b ON t BEGIN SELECT 1; END"),
            ],
            after: A,
            expect: Expect::Error(
                Dependent,
                &["trigger `tr` would not work: UPDATE OF names no column of `t`: b"],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "a trigger whose body reads the column is named",
            before: &[
                Model(AB),
                Sql(ROWS),
                Sql("CREATE TRIGGER tr AFTER UPDATE ON t BEGIN SELECT new.b; END"),
            ],
            after: A,
            expect: Expect::Error(Dependent, &["trigger `tr` would not work: no such column: new.b"]),
            ..Case::DEFAULT
        },
        Case {
            name: "the model's trigger over the column goes with it",
            before: &[
                Model(
                    "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER);
                    CREATE TRIGGER tr AFTER UPDATE OF b ON t BEGIN SELECT 1; END",
                ),
                Sql(ROWS),
            ],
            after: A,
            expect: Expect::Plan(
                "1. drop trigger tr on t (catalog)\n2. drop column t.b (update)",
                &[DropColumn, Update],
            ),
            lost: &["t.b"],
            ..Case::DEFAULT
        },
        Case {
            name: "a view over the column, and a view over that view, are named",
            before: &[
                Model(AB),
                Sql(ROWS),
                Sql("CREATE VIEW v AS SELECT b FROM t; CREATE VIEW w AS SELECT b + 1 FROM v"),
            ],
            after: A,
            expect: Expect::Error(
                Dependent,
                &["view `v` would not work: no such column: b", "view `w` would not work: no such column: b"],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "a view of all columns loses one and works",
            before: &[Model(AB), Sql(ROWS), Sql("CREATE VIEW v AS SELECT * FROM t")],
            after: A,
            expect: Expect::Plan("1. drop column t.b (update)", &[DropColumn, Update]),
            rows: &[("SELECT * FROM v", "1|'x'\n2|'y'")],
            lost: &["t.b"],
            ..Case::DEFAULT
        },
        Case {
            name: "a view that reads the column through a view of all columns is named",
            before: &[
                Model(AB),
                Sql(ROWS),
                Sql("CREATE VIEW v AS SELECT * FROM t; CREATE VIEW w AS SELECT b FROM v"),
            ],
            after: A,
            expect: Expect::Error(Dependent, &["view `w` would not work: no such column: b"]),
            ..Case::DEFAULT
        },
        Case {
            name: "the model's view follows in the same run",
            before: &[
                Model(
                    "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER); CREATE VIEW v AS SELECT a, b FROM t",
                ),
                Sql(ROWS),
            ],
            after: "--: dropped t.b
                CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE VIEW v AS SELECT a FROM t",
            expect: Expect::Plan(
                "1. drop view v (catalog)\n2. drop column t.b (update)\n3. create view v (catalog)",
                &[DropColumn, Update],
            ),
            rows: &[("SELECT * FROM v", "'x'\n'y'")],
            lost: &["t.b"],
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn parents_of_a_dropped_column() {
    const P: &str = "CREATE TABLE p (id INTEGER PRIMARY KEY, k TEXT UNIQUE)";
    run(&[
        Case {
            name: "a column that somebody else's foreign key refers to cannot go",
            before: &[
                Model(P),
                Sql(
                    "CREATE TABLE c (k TEXT REFERENCES p (k)); INSERT INTO p VALUES (1, 'x'); INSERT INTO c VALUES ('x')",
                ),
            ],
            after: "--: dropped p.k
                CREATE TABLE p (id INTEGER PRIMARY KEY)",
            expect: Expect::Error(Dependent, &["`c`(k) refers to `p`(k), which is no unique key"]),
            ..Case::DEFAULT
        },
        Case {
            name: "a parent key with a unique index alone cannot go either",
            before: &[
                Model("CREATE TABLE p (id INTEGER PRIMARY KEY, k TEXT); CREATE UNIQUE INDEX p_k ON p (k)"),
                Sql(
                    "CREATE TABLE c (k TEXT REFERENCES p (k)); INSERT INTO p VALUES (1, 'x'); INSERT INTO c VALUES ('x')",
                ),
            ],
            after: "--: dropped p.k
                CREATE TABLE p (id INTEGER PRIMARY KEY)",
            expect: Expect::Error(Dependent, &["`c`(k) refers to `p`(k), which is no unique key"]),
            ..Case::DEFAULT
        },
        Case {
            name: "a parent key goes when the foreign key goes in the same run",
            before: &[
                Model(
                    "CREATE TABLE p (id INTEGER PRIMARY KEY, k TEXT UNIQUE);
                    CREATE TABLE c (id INTEGER PRIMARY KEY, k TEXT REFERENCES p (k))",
                ),
                Sql("INSERT INTO p VALUES (1, 'x'); INSERT INTO c VALUES (5, NULL)"),
            ],
            after: "--: dropped p.k
                CREATE TABLE p (id INTEGER PRIMARY KEY);
                CREATE TABLE c (id INTEGER PRIMARY KEY, k TEXT)",
            expect: Expect::Plan(
                "1. drop FOREIGN KEY (k) REFERENCES p (k) from c (catalog)\n2. rebuild table p: drop column p.k; drop UNIQUE (k) from p (rebuild)",
                &[DropColumn, Rewrite],
            ),
            rows: &[("SELECT * FROM c", "5|NULL")],
            lost: &["p.k"],
            ..Case::DEFAULT
        },
    ]);
}
