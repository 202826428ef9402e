//! Numbered migrations: what functions do to the transaction, what a new file holds already, and what must not be lost on the way.

use std::slice::from_ref;

use schema_runtime::{
    Back, ErrorKind, Migration, MigrationContext, MigrationResult, Migrations, Migrator, Model, Outcome,
    Report,
};

use crate::support::model::model;
use crate::support::place::{Place, contains};

const NO_DOWN: Option<fn(&MigrationContext<'_>) -> MigrationResult> = None;

fn sql(number: u64, text: &str) -> Migration {
    Migration::sql(number, "sql", text).unwrap_or_else(|err| panic!("{err}"))
}

/// A function that runs this SQL, whatever it is.
fn code(number: u64, text: &'static str) -> Migration {
    let up = move |context: &MigrationContext<'_>| -> MigrationResult {
        context.connection().execute_batch(text)?;
        Ok(())
    };
    Migration::code(number, "code", up, NO_DOWN)
}

fn alone(list: &[Migration]) -> Migrator {
    Migrator::for_model(Model::empty("main")).migrations(Migrations::new(list.to_vec()).expect("a set"))
}

fn beside(sql: &str, list: &[Migration]) -> Migrator {
    Migrator::new(model(sql)).migrations(Migrations::new(list.to_vec()).expect("a set"))
}

fn run(place: &Place, migrator: &Migrator) -> Report {
    migrator.run(place.path()).unwrap_or_else(|err| panic!("{err}"))
}

fn history(place: &Place) -> String {
    place.query("SELECT version, kind, status FROM migration_history ORDER BY id")
}

#[test]
fn a_function_that_ends_the_transaction_ends_the_run_and_nobody_says_that_the_file_is_unchanged() {
    let first = sql(1, "CREATE TABLE t (x); INSERT INTO t VALUES (1)");
    let then = sql(3, "SELECT * FROM nowhere");
    for (text, rows) in [
        ("DELETE FROM t; COMMIT", "0"),
        ("DELETE FROM t; COMMIT; BEGIN", "0"),
        ("ROLLBACK; BEGIN", "1"),
        ("ROLLBACK; DELETE FROM t", "0"),
    ] {
        let place = Place::new();
        run(&place, &alone(from_ref(&first)));
        let error = alone(&[first.clone(), code(2, text), then.clone()]).run(place.path()).expect_err(text);
        assert_eq!(error.kind(), ErrorKind::Migration, "{error}");
        contains(
            &error.to_string(),
            &["migration 002 code failed", "it has ended the transaction", "may be in the file"],
        );
        assert_eq!(place.query("SELECT count(*) FROM t"), rows, "{text}");
        assert_eq!(
            place.query("SELECT count(*) FROM migration_history WHERE status = 'completed'"),
            "1",
            "{text}"
        );
    }
}

#[test]
fn a_function_that_goes_on_after_sqlite_has_taken_the_transaction_back_is_told_of() {
    let first = sql(1, "CREATE TABLE t (x UNIQUE); INSERT INTO t VALUES (1), (2)");
    let place = Place::new();
    run(&place, &alone(from_ref(&first)));
    let up = |context: &MigrationContext<'_>| -> MigrationResult {
        let _ = context.connection().execute("INSERT OR ROLLBACK INTO t VALUES (1)", []);
        context.connection().execute("DELETE FROM t", [])?;
        Err("not today".into())
    };
    let migrator = alone(&[first, Migration::code(2, "goes on", up, NO_DOWN)]);
    let error = migrator.run(place.path()).expect_err("it went on");
    contains(&error.to_string(), &["not today", "what the function did afterwards is"]);
    assert_eq!(place.query("SELECT count(*) FROM t"), "0");
}

#[test]
fn a_savepoint_that_a_function_leaves_open_is_no_place_for_a_later_one_to_go_back_to() {
    let place = Place::new();
    let list = [code(1, "SAVEPOINT a; CREATE TABLE one (x)"), sql(2, "CREATE TABLE two (x)")];
    let error =
        alone(&[&list[..], &[code(3, "ROLLBACK TO a")]].concat()).run(place.path()).expect_err("gone");
    contains(&error.to_string(), &["no such savepoint: a"]);
    run(&place, &alone(&list));
    assert_eq!(history(&place), "'001'|'numbered'|'completed'\n'002'|'numbered'|'completed'");
    assert_eq!(place.query("SELECT count(*) FROM one, two"), "0");
}

#[test]
fn foreign_keys_that_one_migration_puts_off_are_not_put_off_for_the_next() {
    let tables = "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p INT REFERENCES p (id)); PRAGMA defer_foreign_keys = ON";
    let bad = sql(2, "INSERT INTO c VALUES (7)");
    for list in [
        vec![sql(1, tables), bad.clone()],
        // This one would forget what was put off.
        vec![sql(1, tables), bad, sql(3, "PRAGMA defer_foreign_keys = OFF")],
    ] {
        let place = Place::new();
        let error = alone(&list).run(place.path()).expect_err("a row without a parent");
        contains(&error.to_string(), &["migration 002 sql failed", "FOREIGN KEY constraint failed"]);
        assert_eq!(place.query("SELECT count(*) FROM sqlite_schema"), "0");
    }
}

#[test]
fn what_a_function_sets_on_the_connection_does_not_reach_the_next_migration() {
    let place = Place::new();
    let first = sql(1, "CREATE TABLE t (x CHECK (x > 0))");
    run(&place, &alone(from_ref(&first)));
    for text in ["PRAGMA ignore_check_constraints = ON", "PRAGMA writable_schema = ON"] {
        let list = [first.clone(), code(2, text), sql(3, "INSERT INTO t VALUES (0)")];
        let error = alone(&list).run(place.path()).expect_err("a row that breaks the rule");
        contains(&error.to_string(), &["migration 003 sql failed", "CHECK constraint failed"]);
    }
    run(&place, &alone(&[first, code(2, "PRAGMA query_only = ON"), sql(3, "INSERT INTO t VALUES (1)")]));
    assert_eq!(place.query("SELECT x FROM t"), "1");
}

#[test]
fn a_parameter_that_nobody_gives_a_value_is_refused() {
    for (text, name) in [("UPDATE t SET x = :x", ":x"), ("DELETE FROM t WHERE x <> ?1", "?1")] {
        let error = Migration::sql(2, "sql", text).expect_err("a parameter");
        assert_eq!(error.kind(), ErrorKind::Migration, "{error}");
        contains(&error.to_string(), &[&format!("the parameter `{name}`"), "it would be NULL"]);
    }
    sql(2, "INSERT INTO t VALUES (':x', '10:30', \"a?\")");
}

#[test]
fn a_file_whose_ending_is_written_otherwise_is_not_passed_over() {
    let folder = Place::new();
    std::fs::write(folder.folder().join("001_first.SQL"), "SELECT 1").expect("a file");
    let error = Migrations::from_folder(folder.folder()).expect_err("an ending");
    contains(&error.to_string(), &["`001_first.SQL`: its name ends with `.SQL`; write `.sql`"]);
}

const SETTINGS: &str = "--: version 1.0.0\nCREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT);
    CREATE TABLE settings (k TEXT, v TEXT, w TEXT, CHECK (w <> '')); CREATE INDEX by_v ON settings (v); CREATE INDEX by_w ON settings (w)";

#[test]
fn a_new_file_holds_what_later_migrations_and_the_model_have_added_to() {
    // Alone on a new file the last cannot run, since the model makes `person`.
    let row = sql(9, "INSERT INTO person (name) VALUES ('Ada')");
    for list in [
        vec![
            sql(1, "CREATE TABLE settings (k TEXT, v TEXT, w TEXT)"),
            sql(2, "CREATE INDEX by_v ON settings (v)"),
        ],
        vec![
            sql(1, "CREATE TABLE settings (k TEXT, v TEXT); CREATE INDEX by_v ON settings (v)"),
            sql(2, "ALTER TABLE settings ADD COLUMN w TEXT"),
        ],
        vec![sql(1, "ALTER TABLE settings ADD v TEXT; CREATE INDEX by_v ON settings (v)")],
        vec![sql(1, "CREATE TABLE IF NOT EXISTS settings (k TEXT)")],
    ] {
        let place = Place::new();
        let migrator = beside(SETTINGS, &[&list[..], from_ref(&row)].concat());
        let report = run(&place, &migrator);
        let (last, held) = report.migrations.split_last().expect("the row");
        assert!(held.iter().all(|run| run.contained) && !last.contained, "{:?}", report.migrations);
        assert_eq!(place.query("SELECT name FROM person"), "'Ada'");
        assert_eq!(run(&place, &migrator).outcome, Outcome::UpToDate);
    }
}

#[test]
fn a_new_file_does_not_hold_what_is_otherwise_or_has_rows() {
    let row = sql(1, "INSERT INTO person (name) VALUES ('Ada')");
    for (text, part) in [
        ("CREATE TABLE settings (k TEXT, v BLOB)", "table settings already exists"),
        ("CREATE TABLE settings (k TEXT, x TEXT)", "table settings already exists"),
        ("CREATE UNIQUE INDEX by_v ON settings (v)", "index by_v already exists"),
        // It would have copied a row.
        (
            "CREATE TABLE settings AS SELECT name AS k, name AS v, name AS w FROM person",
            "table settings already exists",
        ),
    ] {
        let place = Place::new();
        let error = beside(SETTINGS, &[row.clone(), sql(2, text)]).run(place.path()).expect_err(text);
        contains(&error.to_string(), &["migration 002 sql failed", part]);
    }
}

#[test]
fn a_new_file_on_which_they_run_in_neither_order_says_both_reasons() {
    let list = [sql(1, "CREATE TABLE settings (k INT)"), sql(2, "SELECT * FROM nowhere")];
    let place = Place::new();
    let error = beside(SETTINGS, &list).run(place.path()).expect_err("in neither order");
    contains(
        &error.to_string(),
        &[
            "table settings already exists",
            "before the model's change: statement 1 of 1: no such table: nowhere",
        ],
    );
}

#[test]
fn a_file_that_the_model_has_under_a_former_name_is_not_new() {
    let place = Place::new();
    run(
        &place,
        &beside("--: model other\n--: version 1.0.0\nCREATE TABLE its (id INTEGER PRIMARY KEY)", &[]),
    );
    place
        .sql("CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO person VALUES (1, 'Ada')");
    let human = "--: version 1.0.0\n--: renamed_from human person\nCREATE TABLE human (id INTEGER PRIMARY KEY, name TEXT)";
    // It would run on what the model makes of the table.
    let error = beside(human, &[sql(1, "DELETE FROM human")]).run(place.path()).expect_err("too early");
    contains(&error.to_string(), &["no such table: human"]);
    run(&place, &beside(human, &[sql(1, "UPDATE person SET name = 'Grace'")]));
    assert_eq!(place.query("SELECT name FROM human"), "'Grace'");
}

#[test]
fn what_comes_after_the_model_is_contained_in_a_new_file_too() {
    let list = [sql(1, "-- schema: after\nCREATE INDEX by_v ON settings (v)")];
    let place = Place::new();
    let report = run(&place, &beside(SETTINGS, &list));
    assert!(report.migrations[0].contained);
    assert_eq!(run(&place, &beside(SETTINGS, &list)).outcome, Outcome::UpToDate);
}

#[test]
fn a_file_of_another_model_is_new_to_this_one() {
    let place = Place::new();
    run(
        &place,
        &beside("--: model other\n--: version 1.0.0\nCREATE TABLE its (id INTEGER PRIMARY KEY)", &[]),
    );
    place.sql("INSERT INTO its VALUES (1)");
    let list =
        [sql(1, "CREATE INDEX by_v ON settings (v)"), sql(2, "INSERT INTO person (name) VALUES ('Ada')")];
    let report = run(&place, &beside(SETTINGS, &list));
    assert_eq!(report.migrations.iter().map(|run| run.contained).collect::<Vec<_>>(), [true, false]);
    assert_eq!(place.query("SELECT its.id, name FROM its, person"), "1|'Ada'");
    assert_eq!(run(&place, &beside(SETTINGS, &list)).outcome, Outcome::UpToDate);
}

#[test]
fn the_model_and_what_comes_after_it_are_one_batch() {
    let place = Place::new();
    let list = [sql(1, "-- schema: after\nCREATE TABLE more (x)")];
    run(&place, &beside(SETTINGS, &list));
    assert_eq!(
        place.query("SELECT kind, batch FROM migration_history ORDER BY id"),
        "'automatic'|1\n'numbered'|1"
    );
}

#[test]
fn a_table_that_is_dropped_takes_no_rows_of_others_along_unsaid() {
    let tables = |action: &str| {
        format!(
            "CREATE TABLE p (id INTEGER PRIMARY KEY, n TEXT); INSERT INTO p VALUES (1, 'a');
             CREATE TABLE c (p INT REFERENCES P (id) ON DELETE {action}); INSERT INTO c VALUES (1)"
        )
    };
    // What people write who know that a rebuild needs foreign keys off, and are told to put them off.
    let rebuild = "PRAGMA defer_foreign_keys = ON; CREATE TABLE p2 (id INTEGER PRIMARY KEY, n TEXT NOT NULL); INSERT INTO p2 SELECT * FROM p;
        DROP TABLE IF EXISTS main.\"p\"; ALTER TABLE p2 RENAME TO p";
    for action in ["CASCADE", "SET NULL"] {
        let place = Place::new();
        let first = sql(1, &tables(action));
        run(&place, &alone(from_ref(&first)));
        let second = sql(2, rebuild);
        run(&place, &alone(&[first.clone(), second.clone()]));
        assert_eq!(place.query("SELECT p, n FROM c JOIN p ON p = id"), "1|'a'");
        // Who says it gets it.
        run(&place, &alone(&[first, second, sql(3, "DELETE FROM p; DROP TABLE p")]));
        assert_eq!(place.query("SELECT count(*) FROM c"), if action == "CASCADE" { "0" } else { "1" });
    }
    let place = Place::new();
    let temp = "CREATE TEMP TABLE t (x); DROP TABLE temp.t; CREATE TABLE q (x); DROP TABLE q; DROP TABLE IF EXISTS none";
    run(&place, &alone(&[sql(1, &tables("NO ACTION")), sql(2, temp), sql(3, "DROP TABLE c; DROP TABLE p")]));
}

#[test]
fn a_migration_leaves_the_history_alone() {
    let first = sql(1, "CREATE TABLE t (x)");
    for text in [
        "DELETE FROM migration_history",
        "DROP TABLE migration_history",
        "DROP TABLE migration_state",
        "UPDATE migration_history SET checksum = 'x'",
        "UPDATE migration_history SET status = 'skipped'",
        "INSERT INTO migration_history (version, name, applied_at, checksum) VALUES ('002', 'b', 'now', 'x')",
        "ALTER TABLE migration_history ADD COLUMN z",
        "ALTER TABLE migration_history RENAME TO other",
        "CREATE TRIGGER more AFTER INSERT ON migration_history BEGIN DELETE FROM t; END",
        "CREATE TEMP TRIGGER more AFTER INSERT ON main.migration_history BEGIN DELETE FROM t; END",
    ] {
        let place = Place::new();
        run(&place, &alone(from_ref(&first)));
        let before = place.query("SELECT * FROM migration_history");
        let error = alone(&[first.clone(), sql(2, text)]).run(place.path()).expect_err(text);
        assert_eq!(error.kind(), ErrorKind::Migration, "{error}");
        contains(
            &error.to_string(),
            &["migration 002 sql failed", "changed the history, `migration_history`"],
        );
        assert_eq!(place.query("SELECT * FROM migration_history WHERE status <> 'failed'"), before, "{text}");
    }
}

#[test]
fn a_way_back_leaves_the_history_and_the_rows_of_others_alone() {
    let first = sql(
        1,
        "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p INT REFERENCES p (id) ON DELETE CASCADE); INSERT INTO p VALUES (1); INSERT INTO c VALUES (1)",
    );
    for (down, part) in [
        (
            "DROP TABLE q; DELETE FROM migration_history WHERE id = 1",
            "changed the history, `migration_history`",
        ),
        (
            "DROP TABLE q; CREATE TABLE p2 AS SELECT * FROM p; DROP TABLE p",
            "row 1 of `c` refers to a `p` that does not exist",
        ),
    ] {
        let place = Place::new();
        let second = sql(2, "CREATE TABLE q (x)").with_down(down).expect("a way back");
        run(&place, &alone(&[first.clone(), second.clone()]));
        let migrator = alone(&[first.clone(), second]).allow("L101").allow("L501=002");
        let error = migrator.rollback(place.path(), &Back::Last(1)).expect_err(down);
        contains(&error.to_string(), &["migration 002 sql failed", part]);
        assert_eq!(place.query("SELECT p FROM c"), "1");
        assert_eq!(
            place.query("SELECT count(*) FROM migration_history WHERE status = 'completed'"),
            "2",
            "{down}"
        );
    }
}

#[test]
fn what_a_migration_drops_of_the_model_is_not_made_again_without_its_values() {
    let model = |version: &str, table: &str, hints: &str| {
        format!("--: version {version}\n{hints}\nCREATE TABLE {table} (id INTEGER PRIMARY KEY, note TEXT)")
    };
    let drop = sql(1, "ALTER TABLE person DROP COLUMN note");
    // A file that the model has not seen yet.
    let place = Place::by_hand(
        "CREATE TABLE person (id INTEGER PRIMARY KEY, note TEXT); INSERT INTO person VALUES (1, 'n')",
    );
    let error =
        beside(&model("1.0.0", "person", ""), from_ref(&drop)).run(place.path()).expect_err("dropped");
    contains(&error.to_string(), &["other than the model has them", "drop column person.note"]);
    assert_eq!(place.query("SELECT note FROM person"), "'n'");
    // A table that the same start renames.
    run(&place, &beside(&model("1.0.0", "person", ""), &[]));
    let renamed = model("2.0.0", "human", "--: renamed_from human person");
    let error = beside(&renamed, &[drop]).run(place.path()).expect_err("dropped");
    contains(&error.to_string(), &["other than the model has them", "drop column human.note"]);
    assert_eq!(place.query("SELECT note FROM person"), "'n'");
    let kept = sql(1, "UPDATE person SET note = 'kept'");
    run(&place, &beside(&renamed, &[kept]));
    assert_eq!(place.query("SELECT note FROM human"), "'kept'");
}

#[test]
fn a_migration_leaves_the_objects_of_other_models_alone() {
    let place = Place::new();
    let other = "--: model other\n--: version 1.0.0\nCREATE TABLE its (id INTEGER PRIMARY KEY, v TEXT)";
    run(&place, &beside(other, &[]));
    place.sql("INSERT INTO its VALUES (1, 'x')");
    for text in [
        "ALTER TABLE its DROP COLUMN v",
        "ALTER TABLE its RENAME TO ours",
        "ALTER TABLE its ADD COLUMN w TEXT",
        "CREATE UNIQUE INDEX one ON its (v)",
        "-- schema: after\nDROP TABLE its",
    ] {
        let error = beside(SETTINGS, &[sql(1, text)]).run(place.path()).expect_err(text);
        contains(&error.to_string(), &["migration 001 sql failed", "objects of another model", "its"]);
        assert_eq!(place.query("SELECT * FROM its"), "1|'x'");
    }
    run(
        &place,
        &beside(SETTINGS, &[sql(1, "CREATE INDEX by_its ON its (v); INSERT INTO its VALUES (2, 'y')")]),
    );
    assert_eq!(run(&place, &beside(other, &[])).outcome, Outcome::UpToDate);
}

#[test]
fn the_same_migration_does_not_run_once_more_for_a_model_of_another_name() {
    let list = [sql(1, "CREATE TABLE IF NOT EXISTS t (x); INSERT INTO t VALUES (1)")];
    let place = Place::new();
    run(&place, &alone(&list));
    let named = |list: &[Migration]| {
        beside("--: model app\n--: version 1.0.0\nCREATE TABLE u (id INTEGER PRIMARY KEY)", list)
    };
    let error = named(&list).run(place.path()).expect_err("twice");
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    contains(&error.to_string(), &["001 sql was applied for model `main`, and is due for model `app`"]);
    assert_eq!(place.query("SELECT count(*) FROM t"), "1");
    // Another one of this number is this model's own.
    run(&place, &named(&[sql(1, "INSERT INTO t VALUES (2)")]));
    // Nor is a function of the same name known to be the same.
    let place = Place::new();
    run(&place, &alone(&[code(1, "CREATE TABLE t (x)")]));
    run(&place, &named(&[code(1, "CREATE TABLE v (x)")]));
}

#[test]
fn an_older_program_is_not_told_of_migrations_that_it_would_not_run() {
    let model = |version: &str, rest: &str| {
        format!("--: version {version}\nCREATE TABLE person (id INTEGER PRIMARY KEY{rest})")
    };
    let place = Place::new();
    run(&place, &beside(&model("2.0.0", ", name TEXT"), &[]));
    let older = beside(&model("1.0.0", ""), &[sql(1, "DELETE FROM person")]);
    assert_eq!(run(&place, &older).outcome, Outcome::NewerDatabase);
    assert_eq!(run(&place, &older.clone().auto_migrate(false)).outcome, Outcome::NewerDatabase);
    assert_eq!(run(&place, &older.clone().dry_run(true)).pending, [""; 0]);
    let status = older.status(place.path()).expect("a status");
    assert!(status.migrations.is_empty() && status.newer.is_some() && status.refused.is_none(), "{status}");
}

#[test]
fn a_batch_in_which_the_model_changes_nothing_has_no_row_of_it() {
    let place = Place::new();
    run(&place, &beside(SETTINGS, &[]));
    run(&place, &beside(SETTINGS, &[sql(1, "INSERT INTO person VALUES (1, 'Ada')")]));
    assert_eq!(
        place.query("SELECT kind, name FROM migration_history WHERE id > 1 ORDER BY id"),
        "'numbered'|'sql'"
    );
}

#[test]
fn migrations_without_the_model_beside_them_say_what_they_change_of_it() {
    let place = Place::new();
    run(&place, &beside(SETTINGS, &[]));
    let report = run(&place, &alone(&[sql(1, "ALTER TABLE person DROP COLUMN name; CREATE TABLE more (x)")]));
    assert_eq!(report.warnings.len(), 1, "{:?}", report.warnings);
    contains(&report.warnings[0], &["drop column person.name", "without its values"]);
    assert!(
        run(
            &place,
            &alone(&[
                sql(1, "ALTER TABLE person DROP COLUMN name; CREATE TABLE more (x)"),
                sql(2, "DROP TABLE more")
            ])
        )
        .warnings
        .is_empty()
    );
}

#[test]
fn what_a_migration_makes_after_the_model_or_before_it_knows_the_file_is_its_own() {
    let after = [sql(1, "-- schema: after\nCREATE TABLE audit (x)")];
    let place = Place::new();
    run(&place, &beside(SETTINGS, &after));
    let alone_first = Place::new();
    run(&alone_first, &alone(&after));
    run(&alone_first, &beside(SETTINGS, &after));
    for place in [place, alone_first] {
        let status = beside(SETTINGS, &after).status(place.path()).expect("a status");
        assert_eq!((status.foreign.len(), status.is_up_to_date()), (0, true), "{status}");
        // It is in the model's next row.
        run(
            &place,
            &beside(&SETTINGS.replace("1.0.0", "1.1.0").replace("name TEXT", "name TEXT, n INT"), &after),
        );
        let sql = "SELECT snapshot FROM migration_history WHERE kind = 'automatic' ORDER BY id DESC LIMIT 1";
        contains(&place.query(sql), &["\"table \\\"audit\\\"\":{\"migration\":{\"version\":\"001\"}}"]);
    }
}

#[test]
fn what_comes_after_the_model_waits_where_the_model_waits() {
    let place = Place::new();
    run(&place, &beside(SETTINGS, &[]));
    let list = [
        sql(1, "INSERT INTO person VALUES (1, 'Ada')"),
        sql(2, "-- schema: after\nCREATE TABLE copy AS SELECT * FROM person"),
        sql(3, "UPDATE person SET name = 'Grace'"),
    ];
    let later = SETTINGS.replace("1.0.0", "2.0.0").replace("name TEXT", "name TEXT, n INT DEFAULT 7");
    let report = run(&place, &beside(&later, &list).up_to("002"));
    assert_eq!(report.applied, ["migration 001 sql"]);
    contains(
        &report.warnings.join("\n"),
        &["the model waits for migration 003 sql", "migration 002 sql waits for the model"],
    );
    run(&place, &beside(&later, &list));
    assert_eq!(place.query("SELECT * FROM copy"), "1|'Grace'|7");
}
