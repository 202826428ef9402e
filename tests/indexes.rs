//! Indexes and unique rules: turned into each other, reordered, renamed, redefined; conflict clauses and constraint names.

use schema_runtime::{ErrorKind, HazardCode};

use crate::support::case::{Act::*, Case, Expect, run};

#[test]
fn a_unique_rule_and_a_unique_index_turn_into_each_other() {
    run(&[
        Case {
            name: "a UNIQUE column becomes a unique index",
            before: &[
                Model("CREATE TABLE t (a TEXT UNIQUE)"),
                Sql("INSERT INTO t VALUES ('x'), ('y'), (NULL)"),
            ],
            after: "CREATE TABLE t (a TEXT); CREATE UNIQUE INDEX t_a ON t (a)",
            expect: Expect::Plan(
                "1. drop UNIQUE (a) from t (rebuild)\n2. create index t_a on t (scan)",
                &[HazardCode::Rewrite, HazardCode::BuildIndex],
            ),
            rows: &[("SELECT name, \"unique\", origin FROM pragma_index_list('t')", "'t_a'|1|'c'")],
            ..Case::DEFAULT
        },
        Case {
            name: "a unique index becomes a UNIQUE column",
            before: &[
                Model("CREATE TABLE t (a TEXT); CREATE UNIQUE INDEX t_a ON t (a)"),
                Sql("INSERT INTO t VALUES ('x'), ('y'), (NULL), (NULL)"),
            ],
            after: "CREATE TABLE t (a TEXT UNIQUE)",
            expect: Expect::Plan(
                "1. drop index t_a on t (catalog)\n2. add UNIQUE (a) to t (rebuild)",
                &[HazardCode::Tightened, HazardCode::Rewrite],
            ),
            rows: &[("SELECT \"unique\", origin FROM pragma_index_list('t')", "1|'u'")],
            ..Case::DEFAULT
        },
        Case {
            name: "UNIQUE becomes a plain index",
            before: &[Model("CREATE TABLE t (a TEXT UNIQUE)"), Sql("INSERT INTO t VALUES ('x')")],
            after: "CREATE TABLE t (a TEXT); CREATE INDEX t_a ON t (a)",
            expect: Expect::Plan(
                "1. drop UNIQUE (a) from t (rebuild)\n2. create index t_a on t (scan)",
                &[HazardCode::Rewrite, HazardCode::BuildIndex],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "unique rules in another order are no difference",
            before: &[
                Model("CREATE TABLE t (a TEXT, b TEXT, UNIQUE (a), UNIQUE (b), UNIQUE (a, b))"),
                Sql("INSERT INTO t VALUES ('x', 'y')"),
            ],
            after: "CREATE TABLE t (a TEXT, b TEXT, UNIQUE (a, b), UNIQUE (b), UNIQUE (a))",
            ..Case::DEFAULT
        },
        Case {
            name: "a unique rule over the same columns in another order is another rule",
            before: &[
                Model("CREATE TABLE t (a TEXT, b TEXT, UNIQUE (a, b))"),
                Sql("INSERT INTO t VALUES ('x', 'y'), ('x', 'z')"),
            ],
            after: "CREATE TABLE t (a TEXT, b TEXT, UNIQUE (b, a))",
            expect: Expect::Plan(
                "1. rebuild table t: add UNIQUE (b, a) to t; drop UNIQUE (a, b) from t (rebuild)",
                &[HazardCode::Tightened, HazardCode::Rewrite],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "a unique index that others refer to by a foreign key cannot go",
            before: &[
                Model(
                    "CREATE TABLE p (a TEXT); CREATE UNIQUE INDEX p_a ON p (a);
                     CREATE TABLE c (a TEXT REFERENCES p (a))",
                ),
                Sql("INSERT INTO p VALUES ('x'); INSERT INTO c VALUES ('x')"),
            ],
            after: "CREATE TABLE p (a TEXT); CREATE TABLE c (a TEXT REFERENCES p (a))",
            expect: Expect::Error(ErrorKind::Dependent, &["`c`(a) refers to `p`(a), which is no unique key"]),
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn indexes_change() {
    run(&[
        Case {
            name: "an index is renamed",
            before: &[
                Model("CREATE TABLE t (a TEXT); CREATE INDEX old ON t (a)"),
                Sql("INSERT INTO t VALUES ('x')"),
            ],
            after: "CREATE TABLE t (a TEXT); CREATE INDEX new ON t (a)",
            expect: Expect::Plan(
                "1. drop index old on t; create index new on t (catalog)",
                &[],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "an index that is written in other letters is the same",
            before: &[Model("CREATE TABLE t (a TEXT, b TEXT); CREATE INDEX t_a ON t (a COLLATE NOCASE, lower(b)) WHERE a IS NOT NULL")],
            after: "CREATE TABLE t (a TEXT, b TEXT); CREATE INDEX T_A ON t ( \"a\" collate nocase ASC, LOWER( b ) ) WHERE [a] is not null",
            ..Case::DEFAULT
        },
        Case {
            name: "the condition of a partial index changes",
            before: &[
                Model("CREATE TABLE t (a INTEGER); CREATE INDEX t_a ON t (a) WHERE a > 1"),
                Sql("INSERT INTO t VALUES (2), (3)"),
            ],
            after: "CREATE TABLE t (a INTEGER); CREATE INDEX t_a ON t (a) WHERE a > 2",
            expect: Expect::Plan(
                "1. drop index t_a on t (catalog)\n2. create index t_a on t (scan)",
                &[HazardCode::BuildIndex],
            ),
            rows: &[("SELECT a FROM t INDEXED BY t_a WHERE a > 2", "3")],
            ..Case::DEFAULT
        },
        Case {
            name: "direction, collation, expression and uniqueness of indexes change",
            before: &[
                Model(
                    "CREATE TABLE t (a TEXT, b TEXT, c TEXT, d TEXT);
                     CREATE INDEX i1 ON t (a); CREATE INDEX i2 ON t (b); CREATE INDEX i3 ON t (lower(c)); CREATE INDEX i4 ON t (d)",
                ),
                Sql("INSERT INTO t VALUES ('x', 'x', 'x', 'x'), ('y', 'y', 'y', 'y')"),
            ],
            after: "CREATE TABLE t (a TEXT, b TEXT, c TEXT, d TEXT);
                CREATE INDEX i1 ON t (a DESC); CREATE INDEX i2 ON t (b COLLATE NOCASE); CREATE INDEX i3 ON t (upper(c));
                CREATE UNIQUE INDEX i4 ON t (d)",
            expect: Expect::Plan(
                "1. drop index i1 on t (catalog)\n2. drop index i2 on t (catalog)\n3. drop index i3 on t (catalog)\n\
                 4. drop index i4 on t; create index i4 on t (scan)\n5. create index i1 on t (scan)\n\
                 6. create index i2 on t (scan)\n7. create index i3 on t (scan)",
                &[HazardCode::Scan, HazardCode::BuildIndex, HazardCode::BuildIndex, HazardCode::BuildIndex],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "an index becomes unique and rows clash",
            before: &[
                Model("CREATE TABLE t (a TEXT); CREATE INDEX t_a ON t (a)"),
                Sql("INSERT INTO t VALUES ('x'), ('x'), ('y'), (NULL), (NULL)"),
            ],
            after: "CREATE TABLE t (a TEXT); CREATE UNIQUE INDEX t_a ON t (a)",
            expect: Expect::Error(ErrorKind::Data, &["groups of rows of `t` have the same `a`", ": 1 ("]),
            ..Case::DEFAULT
        },
        Case {
            name: "a partial unique expression index is checked by its own terms and condition",
            before: &[
                Model("CREATE TABLE t (a TEXT, gone INTEGER)"),
                Sql("INSERT INTO t VALUES ('x', 0), ('X', 1), ('y', 0), ('Y', 0)"),
            ],
            after: "CREATE TABLE t (a TEXT, gone INTEGER); CREATE UNIQUE INDEX t_a ON t (lower(a)) WHERE gone = 0",
            expect: Expect::Error(ErrorKind::Data, &["groups of rows of `t` have the same `lower(a)`", ": 1 (", "rowid or key: 3"]),
            ..Case::DEFAULT
        },
        Case {
            name: "an index over a column that is converted follows the rebuild",
            before: &[
                Model("CREATE TABLE t (a TEXT); CREATE INDEX t_a ON t (a)"),
                Sql("INSERT INTO t VALUES ('7'), ('10')"),
            ],
            after: "CREATE TABLE t (a INTEGER); CREATE INDEX t_a ON t (a)",
            expect: Expect::Plan(
                "1. alter type of t.a: TEXT -> INTEGER (rebuild)",
                &[HazardCode::ConvertValues, HazardCode::Rewrite],
            ),
            rows: &[("SELECT a FROM t INDEXED BY t_a WHERE a > 7", "10")],
            changed: &["t.a"],
            ..Case::DEFAULT
        },
        Case {
            name: "values that clash only after they are converted are found first",
            before: &[
                Model("CREATE TABLE t (a TEXT); CREATE UNIQUE INDEX t_a ON t (a)"),
                Sql("INSERT INTO t VALUES ('7'), (' 7')"),
            ],
            after: "--: convert t.a CAST(a AS INTEGER)\nCREATE TABLE t (a INTEGER); CREATE UNIQUE INDEX t_a ON t (a)",
            expect: Expect::Error(ErrorKind::Data, &["groups of rows of `t` have the same `a`", ": 1 ("]),
            ..Case::DEFAULT
        },
        Case {
            name: "values of a unique index that clash only by their new collation are found first",
            before: &[
                Model("CREATE TABLE t (a TEXT, b TEXT); CREATE UNIQUE INDEX t_a ON t (a) WHERE b IS NOT NULL"),
                Sql("INSERT INTO t VALUES ('x', 'p'), ('X', 'q'), ('y', 'r'), ('Y', NULL)"),
            ],
            after: "CREATE TABLE t (a TEXT COLLATE NOCASE, b TEXT); CREATE UNIQUE INDEX t_a ON t (a) WHERE b IS NOT NULL",
            expect: Expect::Error(ErrorKind::Data, &["groups of rows of `t` have the same `a`", ": 1 (", "rowid or key: 1"]),
            ..Case::DEFAULT
        },
        Case {
            name: "an index moves to another table",
            before: &[Model("CREATE TABLE t (a TEXT); CREATE TABLE u (a TEXT); CREATE INDEX i ON t (a)")],
            after: "CREATE TABLE t (a TEXT); CREATE TABLE u (a TEXT); CREATE INDEX i ON u (a)",
            expect: Expect::Plan("1. drop index i on t (catalog)\n2. create index i on u (catalog)", &[]),
            ..Case::DEFAULT
        },
        Case {
            name: "an index that somebody else made is kept through a rebuild",
            before: &[
                Model("CREATE TABLE t (a TEXT, b TEXT)"),
                Sql("CREATE INDEX theirs ON t (b DESC, lower(a)) WHERE a > 'a'; INSERT INTO t VALUES ('x', 'y')"),
                Model("CREATE TABLE t (a TEXT, b TEXT, c TEXT)"),
            ],
            after: "CREATE TABLE t (a TEXT UNIQUE, b TEXT, c TEXT)",
            expect: Expect::Plan("1. add UNIQUE (a) to t (rebuild)", &[HazardCode::Tightened, HazardCode::Rewrite]),
            rows: &[(
                "SELECT sql FROM sqlite_schema WHERE name = 'theirs'",
                "'CREATE INDEX theirs ON t (b DESC, lower(a)) WHERE a > 'a''",
            )],
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn conflict_clauses_and_names_of_constraints() {
    const TABLE: &str =
        "CREATE TABLE t (id INTEGER PRIMARY KEY ON CONFLICT REPLACE, a TEXT NOT NULL ON CONFLICT IGNORE,
        b TEXT UNIQUE ON CONFLICT REPLACE); INSERT INTO t VALUES (1, 'x', 'y')";
    run(&[
        Case {
            name: "what a model cannot say, ON CONFLICT, is no difference",
            before: &[Sql(TABLE)],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL, b TEXT UNIQUE)",
            ..Case::DEFAULT
        },
        Case {
            name: "conflict clauses survive a rebuild",
            before: &[Sql(TABLE)],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL UNIQUE, b TEXT UNIQUE)",
            expect: Expect::Plan("1. add UNIQUE (a) to t (rebuild)", &[HazardCode::Tightened, HazardCode::Rewrite]),
            rows: &[(
                "SELECT sql LIKE '%PRIMARY KEY ON CONFLICT REPLACE%', sql LIKE '%NOT NULL ON CONFLICT IGNORE%', \
                 sql LIKE '%b TEXT UNIQUE ON CONFLICT REPLACE%' FROM sqlite_schema WHERE name = 't'",
                "1|1|1",
            )],
            ..Case::DEFAULT
        },
        Case {
            name: "names of constraints that the model does not say are kept",
            before: &[Sql(
                "CREATE TABLE t (id INTEGER CONSTRAINT pk PRIMARY KEY, a TEXT CONSTRAINT once UNIQUE CONSTRAINT full CHECK (a <> ''));
                 INSERT INTO t VALUES (1, 'x')",
            )],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE CHECK (a <> ''))",
            ..Case::DEFAULT
        },
        Case {
            name: "a constraint is renamed",
            before: &[
                Model("CREATE TABLE t (a TEXT, CONSTRAINT old CHECK (a <> ''), CONSTRAINT one UNIQUE (a))"),
                Sql("INSERT INTO t VALUES ('x')"),
            ],
            after: "CREATE TABLE t (a TEXT, CONSTRAINT new CHECK (a <> ''), CONSTRAINT only UNIQUE (a))",
            expect: Expect::Plan("1. alter constraint of t: CONSTRAINT one UNIQUE (a) -> CONSTRAINT only UNIQUE (a); alter constraint of t: CONSTRAINT old CHECK (a <> '') -> CONSTRAINT new CHECK (a <> '') (catalog)", &[]),
            ..Case::DEFAULT
        },
    ]);
}
