//! What the model no longer declares: retained, dropped or refused; and what was never the model's.

use schema_runtime::{ErrorKind, HazardCode as H, Outcome, RemovalPolicy};

use crate::support::case::{Act::*, Case, Expect, run};
use crate::support::place::{Place, contains};

const TWO: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT); CREATE TABLE u (x TEXT)";
const TWO_ROWS: &str = "INSERT INTO t VALUES (1, 'a', 'b'), (5, NULL, 'c'); INSERT INTO u VALUES ('x')";
const ONE: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)";

#[test]
fn removed_columns_and_tables_are_retained_by_default() {
    run(&[
        Case {
            name: "a column and a table stay with their values",
            before: &[Model(TWO), Sql(TWO_ROWS)],
            after: ONE,
            outcome: Some(Outcome::UpToDate),
            says: &[
                "note: column `t`.`b` is no longer in the model and is kept",
                "note: table `u` is no longer in the model and is kept",
                "retired: table \"u\"",
                "retired: column \"t\".\"b\"",
            ],
            rows: &[("SELECT * FROM t", "1|'a'|'b'\n5|NULL|'c'"), ("SELECT * FROM u", "'x'")],
            ..Case::DEFAULT
        },
        Case {
            name: "a column that would block inserts loses its NOT NULL",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT NOT NULL)"),
                Sql("INSERT INTO t VALUES (1, 'a', 'b')"),
            ],
            after: ONE,
            expect: Expect::Plan("1. alter nullability of t.b: NOT NULL -> NULL (catalog)", &[]),
            ..Case::DEFAULT
        },
        Case {
            name: "a NOT NULL column with a default blocks nothing and stays as it is",
            before: &[Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT NOT NULL DEFAULT 'd')")],
            after: ONE,
            outcome: Some(Outcome::UpToDate),
            ..Case::DEFAULT
        },
        Case {
            name: "a CHECK and a UNIQUE on a retired column are removed with it",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT DEFAULT '' UNIQUE CHECK (b <> ''))"),
                Sql("INSERT INTO t VALUES (1, 'a', 'b')"),
            ],
            after: ONE,
            expect: Expect::Plan(
                "1. rebuild table t: drop UNIQUE (b) from t; drop CHECK (b <> '') from t (rebuild)",
                &[H::Rewrite],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "a foreign key of a retired column no longer blocks deletes of parents",
            before: &[
                Model("CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (id))"),
                Sql("INSERT INTO p VALUES (1); INSERT INTO t VALUES (1, 1)"),
            ],
            after: "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (id INTEGER PRIMARY KEY)",
            expect: Expect::Plan("1. drop FOREIGN KEY (p) REFERENCES p (id) from t (catalog)", &[]),
            ..Case::DEFAULT
        },
        Case {
            name: "a foreign key of a retired table no longer blocks deletes of parents",
            before: &[
                Model("CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (id INTEGER PRIMARY KEY, p INTEGER NOT NULL REFERENCES p (id))"),
                Sql("INSERT INTO p VALUES (1); INSERT INTO t VALUES (1, 1)"),
            ],
            after: "CREATE TABLE p (id INTEGER PRIMARY KEY)",
            expect: Expect::Plan("1. drop FOREIGN KEY (p) REFERENCES p (id) from t (catalog)", &[]),
            says: &["retired: table \"t\""],
            ..Case::DEFAULT
        },
        Case {
            name: "a column of the primary key cannot be kept without the key",
            before: &[
                Model("CREATE TABLE t (a TEXT, b TEXT, c TEXT, PRIMARY KEY (a, b))"),
                Sql("INSERT INTO t VALUES ('a', 'b', 'c')"),
            ],
            after: "CREATE TABLE t (a TEXT PRIMARY KEY, c TEXT)",
            expect: Expect::Error(
                ErrorKind::Refused,
                &["column `t`.`b` is part of the primary key", "dropped(\"b\")"],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "removed indexes, constraints, views and triggers go under every policy",
            before: &[
                Model(
                    "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE CHECK (a <> '')); CREATE INDEX i ON t (a);
                     CREATE VIEW v AS SELECT a FROM t; CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM t WHERE a = 'z'; END",
                ),
                Sql("INSERT INTO t VALUES (1, 'x')"),
            ],
            after: ONE,
            with: |migrator| migrator.removed(RemovalPolicy::Refuse),
            expect: Expect::Plan(
                "1. drop trigger g on t (catalog)\n2. drop view v (catalog)\n3. drop index i on t (catalog)\n\
                 4. rebuild table t: drop UNIQUE (a) from t; drop CHECK (a <> '') from t (rebuild)",
                &[H::Removal, H::Rewrite],
            ),
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn removed_columns_and_tables_are_dropped_with_consent() {
    run(&[
        Case {
            name: "to all, by policy",
            before: &[Model(TWO), Sql(TWO_ROWS)],
            after: ONE,
            with: |migrator| migrator.removed(RemovalPolicy::Drop),
            expect: Expect::Plan(
                "1. drop column t.b (update)\n2. drop table u (catalog)",
                &[H::DropColumn, H::Update, H::DropTable],
            ),
            lost: &["t.b", "u"],
            ..Case::DEFAULT
        },
        Case {
            name: "to one column",
            before: &[Model(TWO), Sql(TWO_ROWS)],
            after: "--: dropped t.b
                    CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE TABLE u (x TEXT)",
            expect: Expect::Plan("1. drop column t.b (update)", &[H::DropColumn, H::Update]),
            lost: &["t.b"],
            ..Case::DEFAULT
        },
        Case {
            name: "to one table",
            before: &[Model(TWO), Sql(TWO_ROWS)],
            after: "--: dropped u
                    CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)",
            expect: Expect::Plan("1. drop table u (catalog)", &[H::DropTable]),
            lost: &["u"],
            ..Case::DEFAULT
        },
        Case {
            name: "to something that was retired long before",
            before: &[Model(TWO), Sql(TWO_ROWS), Model(ONE)],
            after: "--: dropped u
                    --: dropped t.b
                    CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
            expect: Expect::Plan(
                "1. drop column t.b (update)\n2. drop table u (catalog)",
                &[H::DropColumn, H::Update, H::DropTable],
            ),
            lost: &["t.b", "u"],
            ..Case::DEFAULT
        },
        Case {
            name: "but the policy alone does not drop what was retired before",
            before: &[
                Model(TWO),
                Sql(TWO_ROWS),
                Model("--: dropped x\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)",
            with: |migrator| migrator.removed(RemovalPolicy::Retain),
            says: &["retired: table \"u\""],
            ..Case::DEFAULT
        },
        Case {
            name: "a consent to something that is not the model's drops nothing",
            before: &[
                Model(ONE),
                Sql("CREATE TABLE w (x); INSERT INTO w VALUES (1); ALTER TABLE t ADD f TEXT DEFAULT 'f'"),
            ],
            after: "--: dropped w
                    --: dropped t.f
                    CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
            with: |migrator| migrator.removed(RemovalPolicy::Drop),
            says: &["foreign: table \"w\"", "foreign: column \"t\".\"f\""],
            rows: &[("SELECT x FROM w", "1")],
            ..Case::DEFAULT
        },
        Case {
            name: "and the children's foreign keys go with the parent",
            before: &[
                Model(
                    "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (id))",
                ),
                Sql("INSERT INTO p VALUES (1); INSERT INTO t VALUES (1, NULL)"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, p INTEGER)",
            with: |migrator| migrator.removed(RemovalPolicy::Drop),
            expect: Expect::Plan(
                "1. drop FOREIGN KEY (p) REFERENCES p (id) from t (catalog)\n2. drop table p (catalog)",
                &[H::DropTable],
            ),
            lost: &["p"],
            rows: &[("SELECT * FROM t", "1|NULL")],
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn removed_columns_and_tables_are_refused_by_policy() {
    run(&[Case {
        name: "each is named with the consent that would drop it",
        before: &[Model(TWO), Sql(TWO_ROWS)],
        after: ONE,
        with: |migrator| migrator.removed(RemovalPolicy::Refuse),
        expect: Expect::Error(
            ErrorKind::Refused,
            &[
                "the model no longer declares column `t`.`b`",
                "the model no longer declares table `u`",
                "dropped(\"b\")",
                "dropped: [\"u\"]",
            ],
        ),
        rows: &[("SELECT b FROM t", "'b'\n'c'")],
        ..Case::DEFAULT
    }]);
}

#[test]
fn what_was_retired_comes_back_with_its_values() {
    run(&[
        Case {
            name: "a column and a table",
            before: &[Model(TWO), Sql(TWO_ROWS), Model(ONE)],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT); CREATE TABLE u (x TEXT); CREATE INDEX n ON u (x)",
            expect: Expect::Plan("1. create index n on u (scan)", &[H::BuildIndex]),
            says: &[
                "note: column `t`.`b` comes back with its values",
                "note: table `u` comes back with its values",
            ],
            rows: &[("SELECT b FROM t", "'b'\n'c'"), ("SELECT x FROM u", "'x'")],
            ..Case::DEFAULT
        },
        Case {
            name: "a NOT NULL that was relaxed is checked again",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT NOT NULL)"),
                Sql("INSERT INTO t VALUES (1, 'a', 'b')"),
                Model(ONE),
                Sql("INSERT INTO t (id, a) VALUES (9, 'later')"),
            ],
            after: "--: version 1.1.0
                    CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT NOT NULL)",
            expect: Expect::Error(ErrorKind::Data, &[": 1 (", "9", "t"]),
            ..Case::DEFAULT
        },
        Case {
            name: "a NOT NULL that was relaxed is filled again",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT NOT NULL)"),
                Sql("INSERT INTO t VALUES (1, 'a', 'b')"),
                Model(ONE),
                Sql("INSERT INTO t (id, a) VALUES (9, 'later')"),
            ],
            after: "--: backfill t.b 'was ' || a
                    CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT NOT NULL)",
            expect: Expect::Plan(
                "1. alter nullability of t.b: NULL -> NOT NULL (update)",
                &[H::Tightened, H::Update],
            ),
            changed: &["t.b"],
            lost: &["t.b"],
            says: &["note: column `t`.`b` comes back with its values"],
            rows: &[("SELECT b FROM t", "'b'\n'was later'")],
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn what_is_somebody_elses_is_left_alone_and_listed() {
    run(&[
        Case {
            name: "a table, a column, an index, a view and a trigger",
            before: &[
                Model(ONE),
                Sql(
                    "CREATE TABLE w (x); INSERT INTO w VALUES (1); ALTER TABLE t ADD f TEXT DEFAULT 'f'; CREATE INDEX fi ON t (a);
                     CREATE VIEW fv AS SELECT a FROM t; CREATE TRIGGER fg AFTER INSERT ON t BEGIN DELETE FROM w; END",
                ),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, c TEXT)",
            with: |migrator| migrator.removed(RemovalPolicy::Drop),
            expect: Expect::Plan("1. add column t.c (catalog)", &[]),
            says: &[
                "foreign: table \"w\"",
                "foreign: column \"t\".\"f\"",
                "foreign: index \"fi\"",
                "foreign: view \"fv\"",
                "foreign: trigger \"fg\"",
            ],
            ..Case::DEFAULT
        },
        Case {
            name: "foreign columns, constraints, indexes and triggers survive a rebuild",
            before: &[
                Model(ONE),
                Sql(
                    "CREATE TABLE p (k INTEGER PRIMARY KEY); INSERT INTO p VALUES (1);
                     DROP TABLE t; CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT CHECK (length(a) < 9), f INTEGER DEFAULT 1 REFERENCES p (k), UNIQUE (f, a));
                     CREATE INDEX fi ON t (f) WHERE f > 0; CREATE TABLE log (x);
                     CREATE TRIGGER fg AFTER INSERT ON t BEGIN INSERT INTO log VALUES (new.a); END;
                     INSERT INTO t (id, a) VALUES (4, '4')",
                ),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)",
            expect: Expect::Plan(
                "1. alter type of t.a: TEXT -> INTEGER (rebuild)",
                &[H::ConvertValues, H::Rewrite],
            ),
            changed: &["t.a"],
            says: &["foreign: column \"t\".\"f\"", "foreign: index \"fi\"", "foreign: trigger \"fg\"", "foreign: unique \"t\"", "foreign: check \"t\""],
            rows: &[
                ("SELECT * FROM t", "4|4|1"),
                ("SELECT * FROM log", "'4'"),
                ("SELECT count(*) FROM pragma_index_list('t')", "2"),
                ("SELECT count(*) FROM pragma_foreign_key_list('t')", "1"),
                ("SELECT count(*) FROM sqlite_schema WHERE name = 't' AND sql LIKE '%length%'", "1"),
            ],
            ..Case::DEFAULT
        },
        Case {
            name: "a foreign NOT NULL column in our table is reported",
            before: &[Model(ONE), Sql("DROP TABLE t; CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, f TEXT NOT NULL)")],
            after: ONE,
            says: &["warning: column `t`.`f` is not in the model, is NOT NULL and has no default: inserts of the program will fail"],
            ..Case::DEFAULT
        },
        Case {
            name: "what is gone on both sides is forgotten",
            before: &[Model(TWO), Sql("DROP TABLE u; ALTER TABLE t DROP b")],
            after: ONE,
            with: |migrator| migrator.removed(RemovalPolicy::Refuse),
            outcome: Some(Outcome::UpToDate),
            ..Case::DEFAULT
        },
        Case {
            name: "what was retired and then dropped by hand is forgotten",
            before: &[Model(TWO), Model(ONE), Sql("DROP TABLE u; ALTER TABLE t DROP b")],
            after: "--: version 1.1.0
                    CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT); CREATE TABLE u (x TEXT)",
            expect: Expect::Plan("1. create table u (catalog)\n2. add column t.b (catalog)", &[]),
            outcome: Some(Outcome::Migrated),
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn a_lone_drop_beside_a_lone_add_is_reported_with_what_to_paste() {
    run(&[
        Case {
            name: "of one type",
            before: &[Model(ONE), Sql("INSERT INTO t VALUES (1, 'x')")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, b TEXT)",
            expect: Expect::Plan("1. add column t.b (catalog)", &[]),
            says: &["#[column(renamed_from = \"a\")]"],
            ..Case::DEFAULT
        },
        Case {
            name: "of a table whose columns are the same",
            before: &[Model(TWO), Sql(TWO_ROWS)],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT); CREATE TABLE w (x TEXT)",
            expect: Expect::Plan("1. create table w (catalog)", &[]),
            says: &["#[table(renamed_from = \"u\")]"],
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn inserts_and_deletes_of_parents_go_on_with_what_is_retired() {
    let place = Place::with_model(
        "CREATE TABLE p (id INTEGER PRIMARY KEY);
         CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT NOT NULL, c TEXT DEFAULT '' UNIQUE CHECK (c <> ''), p INTEGER REFERENCES p (id));
         CREATE TABLE u (id INTEGER PRIMARY KEY, p INTEGER NOT NULL REFERENCES p (id))",
    );
    place.sql(
        "INSERT INTO p VALUES (1); INSERT INTO t VALUES (1, 'a', 'b', 'c', 1); INSERT INTO u VALUES (1, 1)",
    );
    place.run("CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)");
    let conn = place.open();
    conn.execute_batch("PRAGMA foreign_keys = ON; INSERT INTO t (a) VALUES ('n'), ('m'); DELETE FROM p")
        .expect("writes");
    assert_eq!(place.query("SELECT * FROM t"), "1|'a'|'b'|'c'|1\n2|'n'|NULL|''|NULL\n3|'m'|NULL|''|NULL");
    assert_eq!(place.query("SELECT * FROM u"), "1|1");
}

#[test]
fn a_foreign_trigger_fires_once_after_a_rebuild_and_not_during_it() {
    let place = Place::with_model(ONE);
    place.sql(
        "CREATE TABLE log (x); CREATE TRIGGER fg AFTER INSERT ON t BEGIN INSERT INTO log VALUES (new.a); END;
         INSERT INTO t VALUES (1, '4')",
    );
    place.run("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)");
    place.sql("INSERT INTO t (a) VALUES (77)");
    assert_eq!(place.query("SELECT * FROM log"), "'4'\n77");
}

#[test]
fn an_undeclared_rename_is_not_hinted_at_where_types_differ() {
    let place = Place::with_model(ONE);
    let report = place.run("CREATE TABLE t (id INTEGER PRIMARY KEY, b INTEGER)");
    assert!(!report.to_string().contains("renamed_from"), "{report}");
}

#[test]
fn a_retired_object_is_reported_at_every_change_with_the_version_that_left_it() {
    let place = Place::with_model(TWO);
    place.run("--: version 1.1.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)");
    let report = place.run("--: version 1.2.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, c TEXT)");
    contains(&report.retired.join("\n"), &["table \"u\"", "column \"t\".\"b\""]);
    let snapshot = place.query("SELECT snapshot FROM migration_history ORDER BY id DESC LIMIT 1");
    contains(&snapshot, &["\"table \\\"u\\\"\":{\"retired\":{\"since\":\"1.1.0\"}}"]);
}

#[test]
fn a_consent_to_drop_what_is_somebody_elses_is_reported_and_not_followed() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("foreign.db");
    let conn = rusqlite::Connection::open(&path).expect("a database");
    conn.execute_batch("CREATE TABLE user (id INTEGER PRIMARY KEY, note TEXT); CREATE TABLE log (x); INSERT INTO log VALUES (1)")
        .expect("tables");
    drop(conn);
    let schema = crate::support::model::model(
        "--: dropped user.note\n--: dropped log\nCREATE TABLE user (id INTEGER PRIMARY KEY)",
    );
    let report = schema_runtime::Migrator::new(schema).run(&path).expect("a run");
    assert_eq!(
        report.warnings,
        [
            "`dropped(\"note\")` has no effect: column `user`.`note` is not this model's, and what is not is never dropped",
            "`dropped: [\"log\"]` has no effect: table `log` is not this model's, and what is not is never dropped",
        ]
    );
    let conn = rusqlite::Connection::open(&path).expect("a database");
    crate::support::case::check_rows(
        &conn,
        &[("SELECT x FROM log", "1"), ("SELECT count(note) FROM user", "0")],
    );
}
