//! Going back over numbered migrations, and what runs outside of a transaction: what must not be lost or said wrongly on the way.

use std::panic::RefUnwindSafe;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use schema_runtime::{
    Back, BackupPolicy, Cancel, Error, ErrorKind, Event, Migration, MigrationContext, MigrationResult,
    Migrations, Migrator, Model, RemovalPolicy, Report,
};

use crate::support::model::model;
use crate::support::place::{Place, contains};

const NO_DOWN: Option<fn(&MigrationContext<'_>) -> MigrationResult> = None;

fn sql(number: u64, text: &str) -> Migration {
    Migration::sql(number, "sql", text).unwrap_or_else(|err| panic!("{err}"))
}

/// A function that runs outside of a transaction.
fn outside(
    number: u64,
    up: impl Fn(&MigrationContext<'_>) -> MigrationResult + Send + Sync + RefUnwindSafe + 'static,
) -> Migration {
    Migration::code(number, "outside", up, NO_DOWN).no_transaction()
}

fn set(list: &[Migration]) -> Migrations {
    Migrations::new(list.to_vec()).unwrap_or_else(|err| panic!("{err}"))
}

/// Those that wait for what is said to be running would wait for nothing in these tests.
fn alone(list: &[Migration]) -> Migrator {
    Migrator::for_model(Model::empty("main")).migrations(set(list)).lock_wait(Duration::ZERO)
}

fn beside(sql: &str, list: &[Migration]) -> Migrator {
    Migrator::new(model(sql)).migrations(set(list)).lock_wait(Duration::ZERO)
}

fn run(place: &Place, migrator: &Migrator) -> Report {
    migrator.run(place.path()).unwrap_or_else(|err| panic!("{err}"))
}

fn history(place: &Place) -> String {
    place.query("SELECT version, kind, status FROM migration_history ORDER BY id")
}

/// An error of what leaves every file as it is.
fn refused(place: &Place, kind: ErrorKind, parts: &[&str], act: impl FnOnce() -> Error) {
    let error = place.unchanged_by(act);
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.state_line().is_some() && error.help_line().is_some(), "{error}");
    contains(&error.to_string(), parts);
}

#[test]
fn a_program_without_migrations_takes_nothing_for_handwork_that_one_has_left_in_the_middle() {
    let one = "CREATE TABLE t (id INTEGER PRIMARY KEY, a)";
    let place = Place::with_model(one);
    place.sql("INSERT INTO t VALUES (1, 2)");
    let half = outside(1, |context| {
        context.connection().execute_batch("ALTER TABLE t RENAME TO away")?;
        Err("no".into())
    });
    beside(one, &[half]).run(place.path()).expect_err("fails");
    let two = "--: version 1.1.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a, b)";
    for program in [one, two] {
        let parts = ["001 outside was begun on", "failed (migration 001 outside failed)", "resolve"];
        refused(&place, ErrorKind::Conflict, &parts, || {
            beside(program, &[]).run(place.path()).expect_err("refused")
        });
    }
    let status = beside(one, &[]).status(place.path()).expect("a status");
    contains(&status.refused.expect("refused"), &["001 outside was begun on"]);
    assert_eq!(place.query("SELECT * FROM away"), "1|2");
}

#[test]
fn what_a_backup_holds_of_a_migration_that_ran_when_it_was_made_has_not_ended() {
    let place = Place::new();
    let path = place.path();
    let half = outside(2, move |context| {
        context.connection().execute_batch("CREATE TABLE half (x)")?;
        alone(&[]).back_up(&path)?;
        context.connection().execute_batch("CREATE TABLE whole (x)")?;
        Ok(())
    });
    let program = alone(&[sql(1, "CREATE TABLE t (x)").with_down("DROP TABLE t").expect("fine"), half]);
    run(&place, &program);
    let backup = program.backups(place.path()).expect("backups").pop().expect("a backup");
    program.restore(place.path(), &backup.path).unwrap_or_else(|err| panic!("{err}"));
    assert_eq!(place.query("SELECT name FROM sqlite_schema WHERE name IN ('half', 'whole')"), "'half'");
    let parts = ["002 outside was begun on", "has not ended", "resolve"];
    for program in [program.clone(), program.clone().reapply()] {
        refused(&place, ErrorKind::Conflict, &parts, || program.run(place.path()).expect_err("refused"));
    }
    refused(&place, ErrorKind::Conflict, &parts, || {
        program.rollback(place.path(), &Back::Last(1)).expect_err("refused")
    });
    // Nor is it said that anything could be rolled back.
    let candidates = program.rollback_candidates(place.path()).expect("candidates");
    assert!(!candidates.is_empty());
    for candidate in candidates {
        contains(&candidate.refused.expect("refused"), &["002 outside was begun on"]);
    }
}

#[test]
fn what_cannot_be_done_again_is_refused_before_it_goes_back_also_by_a_dry_run() {
    let place = Place::new();
    let down = "DROP TABLE u";
    let text = "-- schema: no-transaction\nCREATE TABLE u (x)";
    let program = alone(&[sql(1, text).with_down(down).expect("fine")]);
    run(&place, &program);
    let parts = ["migration 001 sql runs outside of a transaction, and its way back inside of one"];
    for program in [program.clone(), program.dry_run(true)] {
        refused(&place, ErrorKind::History, &parts, || program.redo(place.path()).expect_err("refused"));
    }
    let place = Place::with_model("CREATE TABLE t (x)");
    let parts = ["is no numbered migration that could be done again"];
    for program in [alone(&[]), alone(&[]).dry_run(true)] {
        refused(&place, ErrorKind::History, &parts, || program.redo(place.path()).expect_err("refused"));
    }
}

#[test]
fn what_a_function_outside_of_a_transaction_sets_on_the_connection_does_not_reach_the_next_migration() {
    let place = Place::new();
    let table = sql(1, "CREATE TABLE c (x CHECK (x > 0))");
    let loose = outside(2, |context| {
        context.connection().execute_batch("PRAGMA ignore_check_constraints = ON")?;
        Ok(())
    });
    let rows = sql(3, "INSERT INTO c VALUES (-1)");
    let error = alone(&[table, loose, rows]).run(place.path()).expect_err("a check");
    contains(&error.to_string(), &["migration 003 sql failed", "CHECK constraint failed"]);
    assert_eq!(place.query("SELECT count(*) FROM c"), "0");
}

#[test]
fn a_table_that_a_way_back_renames_and_drops_goes_with_consent_only() {
    let table = |down: &str| alone(&[sql(1, "CREATE TABLE t (x)").with_down(down).expect("fine")]);
    for down in [
        "ALTER TABLE t RENAME TO u; DROP TABLE u",
        "ALTER TABLE main.t RENAME TO u; ALTER TABLE u RENAME TO 'v'; DROP TABLE IF EXISTS main.\"V\"",
    ] {
        let place = Place::new();
        run(&place, &table(down));
        place.sql("INSERT INTO t VALUES (1)");
        refused(&place, ErrorKind::Refused, &["the rollback deletes `t` with 1 rows", "L101=t"], || {
            table(down).rollback(place.path(), &Back::Last(1)).expect_err("refused")
        });
    }
    // One that is only renamed stays, and nobody is asked.
    let place = Place::new();
    let program = table("DROP TABLE IF EXISTS other; ALTER TABLE t RENAME TO u").allow("L501=001");
    run(&place, &program);
    place.sql("INSERT INTO t VALUES (1)");
    program.rollback(place.path(), &Back::Last(1)).unwrap_or_else(|err| panic!("{err}"));
    assert_eq!(place.query("SELECT * FROM u"), "1");
}

#[test]
fn what_the_model_held_goes_back_with_it_in_whatever_round_that_was_found() {
    let place = Place::new();
    let person =
        "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT); CREATE INDEX by_name ON person (name)";
    let list = [
        sql(1, "UPDATE person SET name = 'x'").with_down("SELECT 1").expect("fine"),
        sql(2, "-- schema: no-transaction\nVACUUM").with_down("SELECT 1").expect("fine"),
        sql(3, "CREATE INDEX by_name ON person (name)"),
    ];
    let program = beside(person, &list);
    run(&place, &program);
    assert_eq!(
        history(&place),
        "'1.0.0'|'automatic'|'completed'\n'001'|'numbered'|'completed'\n'002'|'numbered'|'completed'\n'003'|'numbered'|'skipped'"
    );
    program.rollback(place.path(), &Back::Last(3)).unwrap_or_else(|err| panic!("{err}"));
    assert_eq!(
        place.query("SELECT version FROM migration_history WHERE status = 'rolled_back'"),
        "'1.0.0'\n'001'\n'002'\n'003'"
    );
    assert_eq!(run(&place, &program.reapply()).migrations.len(), 3);
}

const THEIRS: &str = "--: model other
    CREATE TABLE theirs (id INTEGER PRIMARY KEY)";

#[test]
fn how_one_outside_of_a_transaction_ended_is_said_also_where_another_model_has_come_meanwhile() {
    for fails in [false, true] {
        let place = Place::new();
        let path = place.path();
        let two = outside(2, move |context| {
            context.connection().execute_batch("CREATE TABLE u (x)")?;
            beside(THEIRS, &[]).run(&path)?;
            if fails { Err("no".into()) } else { Ok(()) }
        });
        let program = alone(&[sql(1, "CREATE TABLE t (x)"), two]);
        let result = program.run(place.path());
        let rows = place.query(
            "SELECT id, version, model, status, snapshot IS NULL, error FROM migration_history WHERE version = '002'",
        );
        if fails {
            assert_eq!(result.expect_err("fails").kind(), ErrorKind::Migration);
            assert_eq!(
                rows,
                "2|'002'|'main'|'failed'|1|NULL\n5|'002'|'main'|'running'|1|'migration 002 outside failed'"
            );
            let parts = ["002 outside was begun on", "failed (migration 002 outside failed)"];
            refused(&place, ErrorKind::Conflict, &parts, || program.run(place.path()).expect_err("refused"));
            continue;
        }
        assert_eq!(result.unwrap_or_else(|err| panic!("{err}")).revision, Some(5));
        assert_eq!(rows, "2|'002'|'main'|'failed'|1|NULL\n5|'002'|'main'|'completed'|0|NULL");
        assert_eq!(
            place.query(
                "SELECT key FROM migration_history AS row, json_each(row.snapshot, '$.owners')
                 WHERE row.id = 5 AND value = '{\"migration\":{\"version\":\"002\"}}' ORDER BY key"
            ),
            "'column \"u\".\"x\"'\n'table \"u\"'"
        );
        run(&place, &program);
        assert!(beside(THEIRS, &[]).status(place.path()).expect("a status").tampered.is_empty());
    }
}

#[test]
fn what_another_model_takes_back_meanwhile_is_not_held_against_a_migration() {
    let place = Place::new();
    let one = sql(1, "CREATE TABLE t (x)");
    run(&place, &alone(std::slice::from_ref(&one)));
    run(&place, &beside(THEIRS, &[]));
    let path = place.path();
    let two = outside(2, move |_| {
        beside(THEIRS, &[]).rollback(&path, &Back::Last(1))?;
        Ok(())
    });
    let program = alone(&[one, two]);
    assert_eq!(run(&place, &program).applied, ["migration 002 outside"]);
    assert_eq!(run(&place, &program).applied.len(), 0);
}

#[test]
fn one_that_a_restore_has_overtaken_is_not_said_to_be_applied_or_to_run() {
    let place = Place::new();
    let one = sql(1, "CREATE TABLE t (x)");
    run(&place, &alone(std::slice::from_ref(&one)));
    let backup = alone(&[]).back_up(place.path()).expect("a backup").path;
    let path = place.path();
    let two = outside(2, move |context| {
        context.connection().execute_batch("CREATE TABLE before (x)")?;
        alone(&[]).restore(&path, &backup)?;
        context.connection().execute_batch("CREATE TABLE behind (x)")?;
        Ok(())
    });
    let program = alone(&[one, two]);
    let error = program.run(place.path()).expect_err("overtaken");
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    contains(
        &error.to_string(),
        &[
            "does not say any more that migration 002 outside runs",
            "what migration 002 outside has done since then",
        ],
    );
    assert_eq!(place.query("SELECT name FROM sqlite_schema WHERE name LIKE 'be%'"), "'behind'");
    assert_eq!(
        history(&place),
        "'001'|'numbered'|'completed'\n'002'|'numbered'|'rolled_back'\n'0'|'restore'|'completed'"
    );
    refused(&place, ErrorKind::RolledBack, &["migration 002 outside was rolled back"], || {
        program.run(place.path()).expect_err("refused")
    });
}

#[test]
fn what_an_earlier_round_has_taken_of_the_model_is_not_made_again_without_its_values() {
    let person = "CREATE TABLE person (id INTEGER PRIMARY KEY, born INT)";
    for list in [
        vec![sql(1, "ALTER TABLE person DROP COLUMN born"), sql(2, "-- schema: no-transaction\nVACUUM")],
        vec![sql(1, "-- schema: no-transaction\nALTER TABLE person DROP COLUMN born")],
    ] {
        let place = Place::with_model(person);
        place.sql("INSERT INTO person VALUES (1, 1815)");
        let error = beside(person, &list).run(place.path()).expect_err("against the model");
        assert_eq!(error.kind(), ErrorKind::Migration, "{error}");
        contains(
            &error.to_string(),
            &[
                "other than the model has them",
                "drop column person.born",
                "this is there and stays: migration 001",
            ],
        );
        assert_eq!(place.query("SELECT * FROM person"), "1");
    }
}

#[test]
fn a_start_that_ended_between_two_rounds_of_a_new_file_goes_on_as_it_began() {
    let person =
        "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT); CREATE INDEX by_name ON person (name)";
    let list = |fails: bool| {
        [
            sql(1, "UPDATE person SET name = 'x'"),
            outside(2, move |_| if fails { Err("no".into()) } else { Ok(()) }),
            sql(3, "CREATE INDEX by_name ON person (name)"),
        ]
    };
    let place = Place::new();
    beside(person, &list(true)).run(place.path()).expect_err("fails");
    // Somebody has seen to it that nothing of it is left.
    place.sql("UPDATE migration_history SET status = 'rolled_back' WHERE version = '002'");
    let report = run(&place, &beside(person, &list(false)).reapply());
    assert_eq!(report.migrations.iter().map(|run| run.contained).collect::<Vec<_>>(), [false, true]);
    assert_eq!(
        place.query("SELECT version, status FROM migration_history WHERE kind = 'numbered' AND status <> 'rolled_back'"),
        "'001'|'completed'\n'002'|'completed'\n'003'|'skipped'"
    );
    assert_eq!(run(&place, &beside(person, &list(false))).migrations.len(), 0);
}

#[test]
fn what_migrations_have_made_of_the_model_is_not_called_handwork_by_the_doctor() {
    let person = "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT)";
    let place = Place::with_model(person);
    let title = sql(1, "ALTER TABLE person RENAME COLUMN name TO title")
        .with_down("ALTER TABLE person RENAME COLUMN title TO name")
        .expect("fine");
    let rows = sql(2, "UPDATE person SET title = 'x'").with_down("SELECT 1").expect("fine");
    let program = alone(&[title, rows]);
    let healthy = |what: &str| {
        let history = program.health(place.path()).expect("a look").history.expect("a history");
        assert_eq!(history.changed_by_hand, Vec::<String>::new(), "{what}");
        assert_eq!(history.rollback.expect("a change").reasons, Vec::<String>::new(), "{what}");
    };
    run(&place, &program);
    healthy("applied");
    let backup = program.back_up(place.path()).expect("a backup").path;
    program.rollback(place.path(), &Back::Last(1)).unwrap_or_else(|err| panic!("{err}"));
    healthy("gone back over rows");
    program.restore(place.path(), &backup).unwrap_or_else(|err| panic!("{err}"));
    healthy("restored");
    program.rollback(place.path(), &Back::Last(2)).unwrap_or_else(|err| panic!("{err}"));
    healthy("gone back over all");
    place.sql("ALTER TABLE person DROP COLUMN name");
    let history = program.health(place.path()).expect("a look").history.expect("a history");
    assert_eq!(history.changed_by_hand, ["drop column person.name"]);
}

#[test]
fn what_a_run_with_a_target_has_left_is_contained_as_it_would_have_been() {
    let person =
        "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT); CREATE INDEX by_name ON person (name)";
    let list = [
        sql(1, "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT)"),
        sql(2, "-- schema: after\nCREATE INDEX by_name ON person (name)"),
    ];
    let place = Place::new();
    run(&place, &beside(person, &list).up_to("1"));
    let report = run(&place, &beside(person, &list));
    assert_eq!(report.migrations.iter().map(|run| run.contained).collect::<Vec<_>>(), [true]);
}

#[test]
fn a_column_that_a_way_back_renames_takes_no_values_along() {
    let table = sql(1, "CREATE TABLE t (a); INSERT INTO t VALUES (1)");
    let with = |down: &str| {
        let renamed = sql(2, "ALTER TABLE t RENAME COLUMN a TO b").with_down(down).expect("fine");
        alone(&[table.clone(), renamed]).backup(BackupPolicy::Never)
    };
    for down in [
        "ALTER TABLE t RENAME COLUMN b TO a",
        "ALTER TABLE t RENAME TO u; ALTER TABLE u RENAME b TO column; ALTER TABLE main.u RENAME \"column\" TO a; ALTER TABLE u RENAME TO t",
    ] {
        let place = Place::new();
        run(&place, &with(down));
        let report = with(down).rollback(place.path(), &Back::Last(1)).unwrap_or_else(|err| panic!("{err}"));
        assert_eq!(report.warnings, Vec::<String>::new(), "{down}");
        assert_eq!(place.query("SELECT a FROM t"), "1");
    }
    for down in [
        "ALTER TABLE t ADD COLUMN a; ALTER TABLE t DROP COLUMN b",
        "ALTER TABLE t RENAME b TO c; ALTER TABLE t ADD COLUMN a; ALTER TABLE t DROP c",
    ] {
        let place = Place::new();
        run(&place, &with(down));
        refused(&place, ErrorKind::Refused, &["deletes `t.b` with 1 values", "L102=t.b"], || {
            with(down).rollback(place.path(), &Back::Last(1)).expect_err("refused")
        });
    }
}

#[test]
fn a_change_behind_a_migration_that_has_no_backup_of_its_own_says_which_one_has_its_values() {
    let place = Place::with_model("CREATE TABLE t (id INTEGER PRIMARY KEY, gone TEXT)");
    place.sql("INSERT INTO t VALUES (1, 'x')");
    let two = "--: version 2.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY)";
    let program = beside(two, &[sql(1, "UPDATE t SET gone = upper(gone)")]).removed(RemovalPolicy::Drop);
    run(&place, &program);
    refused(
        &place,
        ErrorKind::Backup,
        &["cannot bring back what revision 3", "of the same start came first"],
        || program.rollback(place.path(), &Back::Last(1)).expect_err("refused"),
    );
}

#[test]
fn a_migration_with_objects_of_its_own_is_the_newest_revision_beside_a_model_that_stays_as_it_is() {
    let model = "CREATE TABLE t (id INTEGER PRIMARY KEY)";
    let log = |columns: &str| {
        let up = format!("CREATE TABLE log ({columns})");
        [sql(1, &up).with_down("DROP TABLE log").expect("fine")]
    };
    let place = Place::with_model(model);
    run(&place, &beside(model, &log("x")));
    run(&place, &beside(model, &log("x")));
    assert_eq!(history(&place), "'1.0.0'|'automatic'|'completed'\n'001'|'numbered'|'completed'");
    beside(model, &log("x, y")).redo(place.path()).unwrap_or_else(|err| panic!("{err}"));
    let report = beside(model, &log("x, y")).rollback(place.path(), &Back::Last(1));
    assert_eq!(report.unwrap_or_else(|err| panic!("{err}")).applied, ["migration 001 sql"]);
    // The model's next row says whose it is.
    run(&place, &beside(model, &log("x, y")).reapply());
    let two = "--: version 2.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a)";
    run(&place, &beside(two, &log("x, y")).removed(RemovalPolicy::Drop));
    assert_eq!(
        place.query(
            "SELECT value FROM migration_history AS row, json_each(row.snapshot, '$.owners')
             WHERE row.version = '2.0.0' AND key = 'table \"log\"'"
        ),
        "'{\"migration\":{\"version\":\"001\"}}'"
    );
}

#[test]
fn a_number_alone_is_that_of_a_migration_also_where_the_model_has_a_version_that_begins_so() {
    let model = "CREATE TABLE t (id INTEGER PRIMARY KEY)";
    let log = sql(1, "CREATE TABLE log (x)").with_down("DROP TABLE log").expect("fine");
    let index = sql(2, "CREATE INDEX by_x ON log (x)").with_down("DROP INDEX by_x").expect("fine");
    for (to, gone) in [("1", 1), ("001", 1), ("1.0", 2), ("1.0.0", 2)] {
        let place = Place::with_model(model);
        let program = beside(model, &[log.clone(), index.clone()]);
        run(&place, &program);
        let report = program.rollback(place.path(), &Back::ToVersion(to.to_owned()));
        assert_eq!(report.unwrap_or_else(|err| panic!("{to}: {err}")).applied.len(), gone, "{to}");
    }
    // Without a migration of the number it is the model's.
    let place = Place::with_model(model);
    run(&place, &beside("--: version 2.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a)", &[]));
    let report = alone(&[]).rollback(place.path(), &Back::ToVersion("1".to_owned()));
    assert_eq!(report.unwrap_or_else(|err| panic!("{err}")).applied, ["drop column t.a"]);
}

#[test]
fn a_baseline_waits_until_a_migration_has_ended_and_leaves_what_it_has_made_its_own() {
    let model = "CREATE TABLE t (id INTEGER PRIMARY KEY)";
    let place = Place::with_model(model);
    let log = [sql(1, "CREATE TABLE log (x)")];
    run(&place, &alone(&log));
    beside(model, &[]).baseline_as_model(place.path()).unwrap_or_else(|err| panic!("{err}"));
    let two = "--: version 2.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a)";
    run(&place, &beside(two, &log).removed(RemovalPolicy::Drop));
    assert_eq!(place.query("SELECT count(*) FROM log"), "0");
    let half = outside(2, |_| Err("no".into()));
    beside(two, &[log[0].clone(), half]).run(place.path()).expect_err("fails");
    refused(&place, ErrorKind::Conflict, &["002 outside was begun on"], || {
        beside(two, &[]).baseline(place.path()).expect_err("refused")
    });
}

#[test]
fn one_outside_of_a_transaction_that_is_cancelled_before_it_begins_is_not_said_to_run() {
    let place = Place::new();
    let cancel = Cancel::new();
    let seen = cancel.clone();
    let list = [sql(1, "CREATE TABLE t (x)"), sql(2, "-- schema: no-transaction\nCREATE TABLE u (x)")];
    let program = alone(&list).cancel(cancel).observer(move |event| {
        if matches!(event, Event::Migration { version, .. } if version == "002") {
            seen.cancel();
        }
    });
    let error = program.run(place.path()).expect_err("cancelled");
    assert_eq!(error.kind(), ErrorKind::Cancelled, "{error}");
    contains(&error.to_string(), &["this is there and stays: migration 001 sql; nothing else was changed"]);
    assert_eq!(run(&place, &alone(&list)).applied, ["migration 002 sql"]);
}

#[test]
fn one_whose_end_cannot_be_recorded_says_how_it_ended() {
    let place = Place::new();
    let path = place.path();
    let held = Arc::new(Mutex::new(None));
    let holder = Arc::clone(&held);
    let one = outside(1, move |context| {
        context.connection().execute_batch("CREATE TABLE t (x)")?;
        let other = rusqlite::Connection::open(&path)?;
        other.execute_batch("BEGIN IMMEDIATE")?;
        *holder.lock().expect("a lock") = Some(other);
        Ok(())
    });
    let error = alone(&[one]).run(place.path()).expect_err("locked");
    assert_eq!(error.kind(), ErrorKind::Busy, "{error}");
    contains(
        &error.to_string(),
        &[
            "migration 001 outside has run to its end, and that is not recorded",
            "`schema resolve --applied 001`",
        ],
    );
    drop(held.lock().expect("a lock").take());
    assert_eq!(history(&place), "'001'|'numbered'|'running'");
}

#[test]
fn what_somebody_has_made_by_hand_is_not_what_the_model_holds() {
    let model = "CREATE TABLE t (id INTEGER PRIMARY KEY)";
    let place = Place::with_model(model);
    place.sql("ALTER TABLE t ADD COLUMN hot TEXT");
    let error = beside(model, &[sql(1, "ALTER TABLE t ADD COLUMN hot TEXT")]).run(place.path());
    contains(&error.expect_err("there").to_string(), &["migration 001 sql failed", "duplicate column name"]);
}

#[test]
fn a_way_back_that_ends_the_transaction_is_found_out_on_a_copy() {
    let up = |context: &MigrationContext<'_>| -> MigrationResult {
        context.connection().execute_batch("CREATE TABLE t (x)")?;
        Ok(())
    };
    for end in ["COMMIT", "COMMIT; BEGIN"] {
        let down = move |context: &MigrationContext<'_>| -> MigrationResult {
            context.connection().execute_batch("DROP TABLE t")?;
            context.connection().execute_batch(end)?;
            Ok(())
        };
        let place = Place::new();
        let program = alone(&[Migration::code(1, "code", up, Some(down))]);
        run(&place, &program);
        let parts = ["migration 001 code failed", "it has ended the transaction", "tried on a copy"];
        refused(&place, ErrorKind::Migration, &parts, || {
            program.rollback(place.path(), &Back::Last(1)).expect_err("refused")
        });
    }
}
