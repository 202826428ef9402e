//! File, history and model: every way in which the three can differ, and what is done about it.

use schema_runtime::{DriftPolicy, ErrorKind, HazardCode as H, Outcome};

use crate::support::case::{Act::*, Case, Expect, run};

const PLAIN: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)";
const ROWS: &str = "INSERT INTO t (id, a) VALUES (1, 'x'), (2, NULL)";

#[test]
fn what_was_there_before_the_model_declared_it_is_adopted() {
    run(&[
        Case {
            name: "a table that somebody made is adopted if equal",
            before: &[Model(PLAIN), Sql("CREATE TABLE u (x TEXT); INSERT INTO u VALUES ('kept')")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE TABLE u (x TEXT)",
            outcome: Some(Outcome::UpToDate),
            says: &["note: table `u` was there before the model declared it"],
            rows: &[("SELECT x FROM u", "'kept'")],
            ..Case::DEFAULT
        },
        Case {
            name: "a table that somebody made is altered if not equal, and that is said",
            before: &[Model(PLAIN), Sql("CREATE TABLE u (x TEXT); INSERT INTO u VALUES ('kept')")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE TABLE u (x TEXT DEFAULT 'd', y TEXT)",
            expect: Expect::Plan(
                "1. write rows of u (update)\n2. alter default of u.x: none -> 'd'; add column u.y (catalog)",
                &[H::Update],
            ),
            says: &[
                "note: table `u` was there before the model declared it",
                "note: default of `u`.`x` was none before the model declared it 'd'",
            ],
            rows: &[("SELECT x, y FROM u", "'kept'|NULL")],
            ..Case::DEFAULT
        },
        Case {
            name: "a column that somebody added is adopted if equal",
            before: &[Model(PLAIN), Sql("ALTER TABLE t ADD b INT; UPDATE t SET b = 7"), Sql(ROWS)],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER)",
            outcome: Some(Outcome::UpToDate),
            says: &["note: column `t`.`b` was there before the model declared it"],
            ..Case::DEFAULT
        },
        Case {
            name: "a column that somebody added is altered if not equal, and that is said",
            before: &[Model(PLAIN), Sql(ROWS), Sql("ALTER TABLE t ADD b TEXT DEFAULT '5'")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER DEFAULT 5)",
            expect: Expect::Plan(
                "1. rebuild table t: alter type of t.b: TEXT -> INTEGER; alter default of t.b: '5' -> 5 (rebuild)",
                &[H::ConvertValues, H::Rewrite],
            ),
            says: &["note: type of `t`.`b` was TEXT before the model declared it INTEGER"],
            rows: &[("SELECT b FROM t", "5\n5")],
            changed: &["t.b"],
            ..Case::DEFAULT
        },
        Case {
            name: "an index that somebody made is adopted if equal",
            before: &[Model(PLAIN), Sql("CREATE INDEX i ON t (a)")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE INDEX i ON t(a)",
            outcome: Some(Outcome::UpToDate),
            says: &["CREATE INDEX i ON t (a) of `t` was there before the model declared it"],
            ..Case::DEFAULT
        },
        Case {
            name: "an index that somebody made is made anew if not equal, and that is said",
            before: &[Model(PLAIN), Sql("CREATE INDEX i ON t (a)")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE INDEX i ON t(a DESC)",
            expect: Expect::Plan("1. drop index i on t (catalog)\n2. create index i on t (catalog)", &[]),
            says: &["before the model declared it"],
            ..Case::DEFAULT
        },
        Case {
            name: "a view that somebody made is adopted if equal",
            before: &[Model(PLAIN), Sql("CREATE VIEW v AS SELECT a FROM t")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE VIEW v AS select a from t",
            outcome: Some(Outcome::UpToDate),
            says: &["note: view `v` was there before the model declared it"],
            ..Case::DEFAULT
        },
        Case {
            name: "a view that somebody made is made anew if not equal, and that is said",
            before: &[Model(PLAIN), Sql("CREATE VIEW v AS SELECT a FROM t")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE VIEW v AS SELECT id FROM t",
            expect: Expect::Plan("1. drop view v (catalog)\n2. create view v (catalog)", &[]),
            says: &["before the model declared it"],
            ..Case::DEFAULT
        },
        Case {
            name: "a trigger that somebody made is adopted if equal",
            before: &[
                Model(PLAIN),
                Sql("CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM t WHERE a = 'z'; END"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);
                    CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM t WHERE a='z'; END",
            outcome: Some(Outcome::UpToDate),
            says: &["note: trigger `g` was there before the model declared it"],
            ..Case::DEFAULT
        },
        Case {
            name: "a trigger that somebody made is made anew if not equal, and that is said",
            before: &[
                Model(PLAIN),
                Sql("CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM t WHERE a = 'z'; END"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);
                    CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM t WHERE a='y'; END",
            expect: Expect::Plan("1. drop trigger g on t (catalog)\n2. create trigger g on t (catalog)", &[]),
            says: &["before the model declared it"],
            ..Case::DEFAULT
        },
        Case {
            name: "a CHECK that somebody added is adopted if equal",
            before: &[
                Model(PLAIN),
                Sql("DROP TABLE t; CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, CHECK (a<>''))"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT CHECK (a <> ''))",
            outcome: Some(Outcome::UpToDate),
            says: &["CHECK (a<>'') of `t` was there before the model declared it"],
            ..Case::DEFAULT
        },
        Case {
            name: "a constraint whose name differs from the model's is altered, and that is said",
            before: &[
                Model(PLAIN),
                Sql("DROP TABLE t; CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, CONSTRAINT k UNIQUE (a))"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, CONSTRAINT l UNIQUE (a))",
            expect: Expect::Plan(
                "1. alter constraint of t: CONSTRAINT k UNIQUE (a) -> CONSTRAINT l UNIQUE (a) (catalog)",
                &[],
            ),
            says: &["before the model declared it"],
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn what_somebody_did_already_is_recorded() {
    run(&[
        Case {
            name: "a type that was changed by hand to what the model wants now",
            before: &[Model(PLAIN), Sql("DROP TABLE t; CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)",
            outcome: Some(Outcome::UpToDate),
            says: &["note: type of `t`.`a` is already INTEGER"],
            ..Case::DEFAULT
        },
        Case {
            name: "an index that was changed by hand to what the model wants now",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE INDEX i ON t (a)"),
                Sql("DROP INDEX i; CREATE UNIQUE INDEX i ON t (a)"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE UNIQUE INDEX i ON t (a)",
            outcome: Some(Outcome::UpToDate),
            says: &["is already"],
            ..Case::DEFAULT
        },
        Case {
            name: "a view that was changed by hand to what the model wants now",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE VIEW v AS SELECT a FROM t"),
                Sql("DROP VIEW v; CREATE VIEW v AS SELECT id FROM t"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE VIEW v AS SELECT id FROM t",
            outcome: Some(Outcome::UpToDate),
            says: &["note: view `v` is already CREATE VIEW v AS SELECT id FROM t"],
            ..Case::DEFAULT
        },
        Case {
            name: "an action that was added by hand to a foreign key",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER REFERENCES t (id))"),
                Sql(
                    "DROP TABLE t; CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER REFERENCES t (id) ON DELETE CASCADE)",
                ),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER REFERENCES t (id) ON DELETE CASCADE)",
            outcome: Some(Outcome::UpToDate),
            says: &["is already"],
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn what_was_dropped_by_hand_is_repaired() {
    run(&[
        Case {
            name: "a table",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE TABLE u (x TEXT)"),
                Sql("DROP TABLE u"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE TABLE u (x TEXT)",
            expect: Expect::Plan("1. create table u (catalog)", &[]),
            outcome: Some(Outcome::Repaired),
            says: &["note: table `u` was dropped by hand"],
            ..Case::DEFAULT
        },
        Case {
            name: "a column",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)"),
                Sql("ALTER TABLE t DROP b"),
                Sql(ROWS),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)",
            expect: Expect::Plan("1. add column t.b (catalog)", &[]),
            outcome: Some(Outcome::Repaired),
            says: &["note: column `t`.`b` was dropped by hand"],
            ..Case::DEFAULT
        },
        Case {
            name: "an index",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE INDEX i ON t (a)"),
                Sql("DROP INDEX i"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE INDEX i ON t (a)",
            expect: Expect::Plan("1. create index i on t (catalog)", &[]),
            outcome: Some(Outcome::Repaired),
            says: &["of `t` was dropped by hand"],
            ..Case::DEFAULT
        },
        Case {
            name: "a view, and a trigger",
            before: &[
                Model(
                    "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE VIEW v AS SELECT a FROM t;
                     CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM t WHERE a = 'z'; END",
                ),
                Sql("DROP TRIGGER g; DROP VIEW v"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE VIEW v AS SELECT a FROM t;
                    CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM t WHERE a = 'z'; END",
            expect: Expect::Plan("1. create view v (catalog)\n2. create trigger g on t (catalog)", &[]),
            outcome: Some(Outcome::Repaired),
            says: &["note: view `v` was dropped by hand", "note: trigger `g` was dropped by hand"],
            ..Case::DEFAULT
        },
        Case {
            name: "a CHECK, a UNIQUE and a foreign key",
            before: &[
                Model(
                    "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE CHECK (a <> ''), b INTEGER REFERENCES t (id))",
                ),
                Sql("DROP TABLE t; CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER)"),
                Sql(ROWS),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE CHECK (a <> ''), b INTEGER REFERENCES t (id))",
            expect: Expect::Plan(
                "1. rebuild table t: add UNIQUE (a) to t; add CHECK (a <> '') to t; add FOREIGN KEY (b) REFERENCES t (id) to t (rebuild)",
                &[H::Tightened, H::Tightened, H::Tightened, H::Rewrite, H::UnindexedReference],
            ),
            outcome: Some(Outcome::Repaired),
            says: &["UNIQUE (a) of `t` was dropped by hand", "CHECK (a <> '') of `t` was dropped by hand"],
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn what_was_changed_by_hand_is_refused_with_every_difference() {
    run(&[
        Case {
            name: "a type, a default and a nullability, all named",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT DEFAULT 'x', c TEXT NOT NULL DEFAULT '')"),
                Sql("DROP TABLE t; CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b TEXT DEFAULT 'y', c TEXT DEFAULT '')"),
                Sql(ROWS),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT DEFAULT 'x', c TEXT NOT NULL DEFAULT '')",
            expect: Expect::Error(
                ErrorKind::Drift,
                &[
                    "type of `t`.`a` is INTEGER but was left as TEXT",
                    "default of `t`.`b` is 'y' but was left as 'x'",
                    "nullability of `t`.`c` is NULL but was left as NOT NULL",
                    "DriftPolicy::Repair",
                ],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "a primary key, a row format and strictness",
            before: &[
                Model("CREATE TABLE t (a TEXT PRIMARY KEY) STRICT"),
                Sql("DROP TABLE t; CREATE TABLE t (a TEXT NOT NULL PRIMARY KEY) WITHOUT ROWID"),
            ],
            after: "CREATE TABLE t (a TEXT PRIMARY KEY) STRICT",
            expect: Expect::Error(
                ErrorKind::Drift,
                &["is not STRICT but was left as STRICT", "is WITHOUT ROWID but was left as a rowid table"],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "an index, a view and a trigger",
            before: &[
                Model(
                    "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE INDEX i ON t (a); CREATE VIEW v AS SELECT a FROM t;
                     CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM t WHERE a = 'z'; END",
                ),
                Sql(
                    "DROP INDEX i; DROP VIEW v; DROP TRIGGER g; CREATE INDEX i ON t (a DESC); CREATE VIEW v AS SELECT id FROM t;
                     CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM t WHERE a = 'y'; END",
                ),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE INDEX i ON t (a); CREATE VIEW v AS SELECT a FROM t;
                    CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM t WHERE a = 'z'; END",
            expect: Expect::Error(ErrorKind::Drift, &["index `i`", "view `v` is", "trigger `g` is"]),
            ..Case::DEFAULT
        },
        Case {
            name: "an action of a foreign key",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER REFERENCES t (id))"),
                Sql("DROP TABLE t; CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER REFERENCES t (id) ON DELETE CASCADE)"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER REFERENCES t (id))",
            expect: Expect::Error(ErrorKind::Drift, &["ON DELETE CASCADE", "but was left as FOREIGN KEY (a) REFERENCES t (id)"]),
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn what_was_changed_by_hand_is_repaired_by_policy() {
    run(&[
        Case {
            name: "a type and a nullability, rows kept",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, c TEXT NOT NULL DEFAULT '')"),
                Sql("DROP TABLE t; CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, c TEXT DEFAULT '')"),
                Sql("INSERT INTO t VALUES (1, 5, 'c')"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, c TEXT NOT NULL DEFAULT '')",
            with: |migrator| migrator.drift(DriftPolicy::Repair),
            expect: Expect::Plan(
                "1. rebuild table t: alter type of t.a: INTEGER -> TEXT; alter nullability of t.c: NULL -> NOT NULL (rebuild)",
                &[H::ConvertValues, H::Tightened, H::Rewrite],
            ),
            changed: &["t.a"],
            outcome: Some(Outcome::Repaired),
            says: &["note: type of `t`.`a` was changed by hand to INTEGER"],
            rows: &[("SELECT * FROM t", "1|'5'|'c'")],
            ..Case::DEFAULT
        },
        Case {
            name: "a view and an index",
            before: &[
                Model(
                    "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE INDEX i ON t (a); CREATE VIEW v AS SELECT a FROM t",
                ),
                Sql(
                    "DROP INDEX i; DROP VIEW v; CREATE INDEX i ON t (a DESC); CREATE VIEW v AS SELECT id FROM t",
                ),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE INDEX i ON t (a); CREATE VIEW v AS SELECT a FROM t",
            with: |migrator| migrator.drift(DriftPolicy::Repair),
            expect: Expect::Plan(
                "1. drop view v (catalog)\n2. drop index i on t (catalog)\n3. create index i on t (catalog)\n4. create view v (catalog)",
                &[],
            ),
            outcome: Some(Outcome::Repaired),
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn three_different_values_are_a_conflict_and_all_are_shown() {
    run(&[
        Case {
            name: "a type, also under the policy that repairs drift",
            before: &[
                Model(PLAIN),
                Sql("DROP TABLE t; CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)"),
                Sql(ROWS),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a BLOB)",
            with: |migrator| migrator.drift(DriftPolicy::Repair),
            expect: Expect::Error(
                ErrorKind::Conflict,
                &["type of `t`.`a` is INTEGER in the database, TEXT in the history and BLOB in the model"],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "a default",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT DEFAULT 'x')"),
                Sql("DROP TABLE t; CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT DEFAULT 'y')"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT DEFAULT 'z')",
            expect: Expect::Error(
                ErrorKind::Conflict,
                &["default of `t`.`a` is 'y' in the database, 'x' in the history and 'z' in the model"],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "a view, an index and a trigger",
            before: &[
                Model(
                    "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE INDEX i ON t (a); CREATE VIEW v AS SELECT a FROM t;
                     CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM t WHERE a = 'z'; END",
                ),
                Sql(
                    "DROP INDEX i; DROP VIEW v; DROP TRIGGER g; CREATE INDEX i ON t (a DESC); CREATE VIEW v AS SELECT id FROM t;
                     CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM t WHERE a = 'y'; END",
                ),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE UNIQUE INDEX i ON t (a); CREATE VIEW v AS SELECT 3 FROM t;
                    CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM t WHERE a = 'x'; END",
            expect: Expect::Error(
                ErrorKind::Conflict,
                &["CREATE UNIQUE INDEX i ON t (a) in the model", "SELECT id FROM t in the database", "a = 'z'; END in the history"],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "a wanted table's name that a view has",
            before: &[Model(PLAIN), Sql("CREATE VIEW u AS SELECT a FROM t")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE TABLE u (x TEXT)",
            expect: Expect::Error(ErrorKind::Conflict, &["the model wants a table `u`, but the database has a view of this name"]),
            ..Case::DEFAULT
        },
        Case {
            name: "a wanted index's name that another table's index has",
            before: &[Model(PLAIN), Sql("CREATE TABLE u (x); CREATE INDEX i ON u (x)")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE INDEX i ON t (a)",
            expect: Expect::Error(ErrorKind::Conflict, &["an index `i` on `t`, but the database has it on `u`"]),
            ..Case::DEFAULT
        },
    ]);
}
