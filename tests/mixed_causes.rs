//! Several causes of difference at once, in one table and over several models: each is treated by its own rule.

use schema_runtime::{DriftPolicy, ErrorKind, HazardCode as H, Migrator, Outcome, RemovalPolicy};

use crate::support::case::{Act::*, Case, Expect, run};
use crate::support::model::model;
use crate::support::place::{Place, contains};

#[test]
fn each_difference_has_its_own_cause() {
    run(&[
        Case {
            name: "grown, shrunk, adopted, dropped by hand and foreign in one table",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, kept TEXT, lost TEXT, old TEXT)"),
                Sql("INSERT INTO t VALUES (1, 'k', 'l', 'o'); ALTER TABLE t DROP lost; ALTER TABLE t ADD hand TEXT DEFAULT 'h'; ALTER TABLE t ADD other TEXT DEFAULT 'x'"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, kept TEXT, lost TEXT, hand TEXT DEFAULT 'h', fresh TEXT)",
            expect: Expect::Plan("1. add column t.lost (catalog)\n2. add column t.fresh (catalog)", &[]),
            outcome: Some(Outcome::Repaired),
            says: &[
                "note: column `t`.`lost` was dropped by hand",
                "note: column `t`.`hand` was there before the model declared it",
                "note: column `t`.`old` is no longer in the model and is kept",
                "retired: column \"t\".\"old\"",
                "foreign: column \"t\".\"other\"",
            ],
            rows: &[("SELECT id, kept, old, hand, other, lost, fresh FROM t", "1|'k'|'o'|'h'|'x'|NULL|NULL")],
            ..Case::DEFAULT
        },
        Case {
            name: "a rename of a column whose type somebody changed",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)"),
                Sql("DROP TABLE t; CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)"),
            ],
            after: "--: renamed_from t.b a
                    CREATE TABLE t (id INTEGER PRIMARY KEY, b TEXT)",
            expect: Expect::Error(ErrorKind::Drift, &["type of `t`.`b` is INTEGER but was left as TEXT"]),
            ..Case::DEFAULT
        },
        Case {
            name: "a renamed table with somebody's column, index and trigger",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)"),
                Sql(
                    "ALTER TABLE t ADD f TEXT DEFAULT 'f'; CREATE INDEX fi ON t (f); CREATE TABLE log (x);
                     CREATE TRIGGER fg AFTER DELETE ON t BEGIN INSERT INTO log VALUES (old.f); END; INSERT INTO t (a) VALUES ('5')",
                ),
            ],
            after: "--: renamed_from u t
                    CREATE TABLE u (id INTEGER PRIMARY KEY, a INTEGER)",
            expect: Expect::Plan(
                "1. rename table t to u (catalog)\n2. alter type of u.a: TEXT -> INTEGER (rebuild)",
                &[H::Rename, H::ConvertValues, H::Rewrite],
            ),
            changed: &["u.a"],
            says: &["foreign: column \"u\".\"f\"", "foreign: index \"fi\"", "foreign: trigger \"fg\""],
            rows: &[("SELECT * FROM u", "1|5|'f'"), ("DELETE FROM u RETURNING id", "1"), ("SELECT x FROM log", "'f'")],
            ..Case::DEFAULT
        },
        Case {
            name: "a renamed table takes its retired columns along",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)"),
                Sql("INSERT INTO t VALUES (1, 'a', 'b')"),
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)"),
            ],
            after: "--: version 3
                    --: renamed_from u t
                    CREATE TABLE u (id INTEGER PRIMARY KEY, a TEXT, b TEXT)",
            expect: Expect::Plan("1. rename table t to u (catalog)", &[H::Rename]),
            says: &["note: column `u`.`b` comes back with its values"],
            rows: &[("SELECT * FROM u", "1|'a'|'b'")],
            ..Case::DEFAULT
        },
        Case {
            name: "a retired table that somebody renamed is somebody's",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY); CREATE TABLE u (x TEXT)"),
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY)"),
                Sql("ALTER TABLE u RENAME TO w"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY)",
            expect: Expect::Plan("nothing to do", &[]),
            ..Case::DEFAULT
        },
        Case {
            name: "somebody's index over a column that is to be dropped stands in the way",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)"),
                Sql("CREATE INDEX fi ON t (a)"),
            ],
            after: "--: dropped t.a
                    CREATE TABLE t (id INTEGER PRIMARY KEY)",
            expect: Expect::Error(ErrorKind::Conflict, &["column `t`.`a` is to be dropped", "index `fi`", "not the model's"]),
            ..Case::DEFAULT
        },
        Case {
            name: "somebody's child of a table that is to be dropped stands in the way",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY); CREATE TABLE p (id INTEGER PRIMARY KEY)"),
                Sql("CREATE TABLE f (x REFERENCES p (id))"),
            ],
            after: "--: dropped p
                    CREATE TABLE t (id INTEGER PRIMARY KEY)",
            expect: Expect::Error(ErrorKind::Dependent, &["`f`(x) refers to table `p`, which is not there"]),
            ..Case::DEFAULT
        },
        Case {
            name: "a table of ours that was replaced by a view of the same name",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)"),
                Sql("ALTER TABLE t RENAME TO real; CREATE VIEW t AS SELECT * FROM real"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
            expect: Expect::Error(ErrorKind::Conflict, &["wants a table `t`, but the database has a view"]),
            ..Case::DEFAULT
        },
        Case {
            name: "drift and a removal that the policy refuses: the drift comes first",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)"),
                Sql("DROP TABLE t; CREATE TABLE t (id INTEGER PRIMARY KEY, a BLOB, b TEXT)"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
            with: |migrator| migrator.removed(RemovalPolicy::Refuse),
            expect: Expect::Error(ErrorKind::Drift, &["type of `t`.`a`"]),
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn a_column_and_its_rows_survive_going_and_coming_many_times() {
    let place =
        Place::with_model("--: version 1\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL, b TEXT)");
    place.sql("INSERT INTO t VALUES (1, 'first', 'b')");
    for round in 1..5 {
        place.run(&format!("--: version 1.{round}.1\nCREATE TABLE t (id INTEGER PRIMARY KEY, b TEXT)"));
        let report = place.run(&format!(
            "--: version 1.{round}.2\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL, b TEXT)"
        ));
        contains(&report.to_string(), &["note: column `t`.`a` comes back with its values"]);
        assert_eq!(place.query("SELECT id, a, b FROM t"), "1|'first'|'b'");
        assert_eq!(place.query("SELECT \"notnull\" FROM pragma_table_info('t') WHERE name = 'a'"), "1");
    }
}

#[test]
fn drift_is_refused_at_every_start_and_repaired_once() {
    let sql = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT DEFAULT 'x')";
    let place = Place::with_model(sql);
    place.sql("INSERT INTO t VALUES (1, 'one')");
    place.sql("ALTER TABLE t RENAME TO o; CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT DEFAULT 'y'); INSERT INTO t SELECT * FROM o; DROP TABLE o");
    place.refused(sql, ErrorKind::Drift);
    place.refused(sql, ErrorKind::Drift);
    let report = place.run_with(sql, |migrator| migrator.drift(DriftPolicy::Repair));
    assert_eq!(report.outcome, Outcome::Repaired);
    contains(&report.to_string(), &["default of `t`.`a` was changed by hand to 'y'"]);
    assert_eq!(place.run(sql).outcome, Outcome::UpToDate);
    assert_eq!(place.query("SELECT * FROM t"), "1|'one'");
}

#[test]
fn what_one_model_retires_another_may_not_take_but_what_it_drops() {
    let both = "CREATE TABLE t (id INTEGER PRIMARY KEY); CREATE TABLE u (x TEXT)";
    let other = "--: model other\nCREATE TABLE u (x TEXT)";
    let place = Place::with_model(both);
    place.sql("INSERT INTO u VALUES ('kept')");
    place.refused(other, ErrorKind::Conflict);
    place.run("--: version 1.1\nCREATE TABLE t (id INTEGER PRIMARY KEY)");
    let report = place.run(other);
    assert_eq!(report.outcome, Outcome::Adopted, "a retired table is given over with its rows");
    assert_eq!(place.query("SELECT x FROM u"), "'kept'");
    let dropping = "--: version 1.2\n--: dropped u\nCREATE TABLE t (id INTEGER PRIMARY KEY)";
    let report = place.run(dropping);
    assert_eq!(place.query("SELECT x FROM u"), "'kept'", "{report}");
}

#[test]
fn models_do_not_see_each_others_objects_as_drift() {
    let audit = "--: model audit\n--: external t
                 CREATE TABLE t (id INTEGER PRIMARY KEY); CREATE TABLE log (x TEXT);
                 CREATE TRIGGER audit AFTER INSERT ON t BEGIN INSERT INTO log VALUES (new.id); END; CREATE VIEW seen AS SELECT x FROM log";
    let place = Place::with_model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)");
    place.run(audit);
    let report = place
        .run_with("--: version 2\nCREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)", |migrator| {
            migrator.removed(RemovalPolicy::Drop)
        });
    assert_eq!(report.outcome, Outcome::Migrated);
    place.sql("INSERT INTO t (a) VALUES (1)");
    assert_eq!(place.query("SELECT x FROM seen"), "'1'");
    assert_eq!(place.run(audit).outcome, Outcome::UpToDate);
    let error = place.refused(
        "--: version 3\n--: model main\nCREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER); CREATE VIEW seen AS SELECT 1",
        ErrorKind::Conflict,
    );
    contains(&error.to_string(), &["view `seen` is managed by another model"]);
}

#[test]
fn two_names_of_one_history_are_two_histories() {
    let place = Place::new();
    let sql = model("CREATE TABLE t (id INTEGER PRIMARY KEY)");
    Migrator::new(sql).run(place.path()).expect("a run");
    let report = Migrator::new(sql).history_table("second").run(place.path()).expect("a run");
    assert_eq!(report.outcome, Outcome::Adopted);
    assert!(report.foreign.iter().any(|key| key == "table \"migration_history\""), "{:?}", report.foreign);
}
