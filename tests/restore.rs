//! A whole backup, put back into the live file.

use std::fs;
use std::path::PathBuf;

use rusqlite::Connection;
use schema_runtime::{Back, BackupPolicy, Cancel, ErrorKind, Event, Migrator, Model, Outcome, Report};

use crate::support::model::model;
use crate::support::place::{Place, contains};

const ONE: &str = "--: version 1.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)";
const TWO: &str = "--: version 2.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INT)";

fn start(place: &Place, sql: &str) -> Report {
    Migrator::new(model(sql)).run(place.path()).unwrap_or_else(|err| panic!("{sql}\n{err}"))
}

fn without_model() -> Migrator {
    Migrator::for_model(Model::empty("main"))
}

/// A database of version 2 with a row of then and one of now, and the backup of between.
fn migrated(mode: &str) -> (Place, PathBuf) {
    let place = Place::new();
    place.sql(&format!("PRAGMA journal_mode = {mode}"));
    start(&place, ONE);
    place.sql("INSERT INTO t VALUES (1, 'then')");
    let backup = start(&place, TWO).backup.expect("a backup").path;
    place.sql("INSERT INTO t VALUES (2, 'now', 7)");
    (place, backup)
}

#[test]
fn the_state_of_then_comes_back_and_the_history_knows_it() {
    for mode in ["DELETE", "TRUNCATE", "PERSIST", "WAL"] {
        let (place, backup) = migrated(mode);
        let other = place.open();
        let seen = |conn: &Connection| {
            let sql = "SELECT group_concat(id || a) FROM t";
            conn.query_row(sql, [], |row| row.get::<_, String>(0)).expect("rows")
        };
        assert_eq!(seen(&other), "1then,2now");
        let name = backup.file_name().expect("a name");
        let report =
            without_model().restore(place.path(), name).unwrap_or_else(|err| panic!("{mode}\n{err}"));
        assert_eq!((report.outcome, report.version.as_str()), (Outcome::Restored, "1.0.0"));
        assert_eq!(report.from_version.as_deref(), Some("2.0.0"));
        // A connection that was open all the time goes on with it.
        assert_eq!(seen(&other), "1then");
        other.execute("INSERT INTO t VALUES (3, 'later')", []).expect("a write");
        assert_eq!(place.query("PRAGMA integrity_check"), "'ok'");
        let journal = place.query("PRAGMA journal_mode");
        assert_eq!(journal == "'wal'", mode == "WAL", "{journal}");
        assert_eq!(
            place.query("SELECT id, kind, status, version FROM migration_history"),
            "1|'automatic'|'completed'|'1.0.0'\n2|'automatic'|'rolled_back'|'2.0.0'\n3|'restore'|'completed'|'1.0.0'"
        );
        let tampered = Migrator::new(model(ONE)).status(place.path()).expect("a status").tampered;
        assert!(tampered.is_empty(), "{tampered:?}");
        // What was left is saved, and can be put back in its turn.
        let saved = report.backup.expect("a backup").path;
        assert_eq!(seen(&Connection::open(&saved).expect("it")), "1then,2now");

        assert_eq!(start(&place, ONE).outcome, Outcome::UpToDate);
        let error = Migrator::new(model(TWO)).run(place.path()).expect_err("restored");
        assert_eq!(error.kind(), ErrorKind::RolledBack, "{error}");
        without_model().restore(place.path(), &saved).expect("and back");
        assert_eq!(place.query("SELECT * FROM t"), "1|'then'|NULL\n2|'now'|7");
        assert_eq!(start(&place, TWO).outcome, Outcome::UpToDate);
    }
}

#[test]
fn a_page_size_that_changed_since_does_not_matter() {
    for mode in ["DELETE", "WAL"] {
        let (place, backup) = migrated("DELETE");
        place.sql(&format!("PRAGMA page_size = 8192; VACUUM; PRAGMA journal_mode = {mode}"));
        assert_eq!(place.query("PRAGMA page_size"), "8192");
        without_model().restore(place.path(), &backup).unwrap_or_else(|err| panic!("{mode}\n{err}"));
        assert_eq!(place.query("SELECT * FROM t"), "1|'then'");
        assert_eq!(place.query("PRAGMA integrity_check"), "'ok'");
        assert_eq!(start(&place, ONE).outcome, Outcome::UpToDate);
    }
}

#[test]
fn a_database_that_is_gone_is_made_again() {
    let (place, backup) = migrated("DELETE");
    fs::remove_file(place.path()).expect("gone");
    let report =
        without_model().restore(place.path(), backup.file_name().expect("a name")).expect("a restore");
    assert_eq!(report.no_backup.as_deref(), Some("the database was empty"));
    assert_eq!(place.query("SELECT * FROM t"), "1|'then'");
    assert_eq!(start(&place, ONE).outcome, Outcome::UpToDate);
}

#[test]
fn without_saving_the_present_it_is_gone_and_the_report_says_so() {
    let (place, backup) = migrated("WAL");
    let report =
        without_model().backup(BackupPolicy::Never).restore(place.path(), backup).expect("a restore");
    assert_eq!(report.no_backup.as_deref(), Some("the backup policy is never"));
    assert_eq!(place.query("SELECT * FROM t"), "1|'then'");
}

#[test]
fn nothing_but_a_whole_backup_of_this_database_in_its_folder_is_put_back() {
    let (place, backup) = migrated("DELETE");
    let folder = backup.parent().expect("a folder");
    let name = backup.file_name().expect("a name");
    let refused = |what: PathBuf, part: &str| {
        let error = place.unchanged_by(|| without_model().restore(place.path(), &what).expect_err("refused"));
        assert_eq!(error.kind(), ErrorKind::Backup, "{error}");
        assert!(error.help_line().is_some(), "{error}");
        contains(&error.to_string(), &[part, "nothing was changed"]);
    };
    refused("none.db".into(), "there is no backup of this name");
    refused("../../app.db".into(), "does not lie in the folder");
    refused(folder.join("..").join("migrations").join("..").join("x.db"), "does not lie in the folder");
    refused(place.path(), "does not lie in the folder");
    let copy = place.folder().join("elsewhere.db");
    fs::copy(&backup, &copy).expect("a copy");
    refused(copy.clone(), "does not lie in the folder");
    // Altered by one bit.
    let whole = fs::read(&backup).expect("the backup");
    let mut bytes = whole.clone();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&backup, &bytes).expect("altered");
    refused(name.into(), "have the SHA-256");
    fs::write(&backup, &whole[..whole.len() - 4096]).expect("cut");
    refused(name.into(), "have the SHA-256");
    #[cfg(unix)]
    {
        fs::remove_file(&backup).expect("gone");
        fs::write(&copy, &whole).expect("the same bytes elsewhere");
        std::os::unix::fs::symlink(&copy, &backup).expect("a link");
        let error = without_model().restore(place.path(), name).expect_err("a link");
        assert_eq!(error.kind(), ErrorKind::Backup, "{error}");
        contains(&error.to_string(), &["it is a link, and may lead out of the folder"]);
        assert_eq!(place.query("SELECT count(*) FROM t"), "2");
    }
}

#[test]
fn a_database_that_others_hold_is_busy_and_unchanged() {
    for mode in ["DELETE", "WAL"] {
        let (place, backup) = migrated(mode);
        let other = place.open();
        other.execute_batch("BEGIN IMMEDIATE; INSERT INTO t VALUES (9, 'open', NULL)").expect("a lock");
        let impatient = without_model().lock_wait(std::time::Duration::from_millis(30));
        let error = impatient.restore(place.path(), &backup).expect_err("busy");
        assert_eq!(error.kind(), ErrorKind::Busy, "{mode}: {error}");
        other.execute_batch("COMMIT").expect("the other goes on");
        assert_eq!(place.query("SELECT id FROM t"), "1\n2\n9");
        assert_eq!(start(&place, TWO).outcome, Outcome::UpToDate);
        impatient.restore(place.path(), &backup).expect("now it can be");
        assert_eq!(place.query("SELECT id FROM t"), "1");
    }
}

#[test]
fn a_commit_between_the_saved_copy_and_the_lock_is_not_lost() {
    let (place, backup) = migrated("WAL");
    let path = place.path();
    // The observer hears of the saved copy when it is complete: somebody commits right then.
    let migrator = without_model().observer(move |event| {
        if matches!(event, schema_runtime::Event::BackedUp { .. }) {
            let other = Connection::open(&path).expect("the database");
            other.execute("INSERT INTO t VALUES (9, 'in between', NULL)", []).expect("a write");
        }
    });
    let error = migrator.restore(place.path(), &backup).expect_err("disturbed");
    assert_eq!(error.kind(), ErrorKind::Busy, "{error}");
    contains(&error.to_string(), &["another program wrote to the database"]);
    assert_eq!(place.query("SELECT id FROM t"), "1\n2\n9");
    assert_eq!(place.query("PRAGMA integrity_check"), "'ok'");
    without_model().restore(place.path(), &backup).expect("in peace");
}

#[test]
fn what_was_restored_can_be_rolled_back_further() {
    let (place, backup) = migrated("DELETE");
    without_model().restore(place.path(), &backup).expect("a restore");
    let report = without_model().allow("L101").rollback(place.path(), &Back::Last(1)).expect("a rollback");
    assert_eq!(report.version, "0");
    assert_eq!(place.query("SELECT count(*) FROM sqlite_schema WHERE name = 't'"), "0");
}

#[test]
fn the_backup_of_before_the_first_run_has_no_history_and_gets_the_one_of_now() {
    let place =
        Place::by_hand("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t VALUES (1, 'x')");
    let backup = start(&place, TWO).backup.expect("a backup").path;
    without_model().restore(place.path(), &backup).expect("a restore");
    assert_eq!(place.query("SELECT * FROM t"), "1|'x'");
    assert_eq!(
        place.query("SELECT kind, status, version FROM migration_history"),
        "'baseline'|'rolled_back'|'0'\n'automatic'|'rolled_back'|'2.0.0'\n'restore'|'completed'|'0'"
    );
    let error = Migrator::new(model(TWO)).run(place.path()).expect_err("restored");
    assert_eq!(error.kind(), ErrorKind::RolledBack, "{error}");
    let again = Migrator::new(model(TWO)).reapply().run(place.path()).expect("applied again");
    assert_eq!(again.outcome, Outcome::Migrated);
}

#[test]
fn a_dry_run_proves_the_backup_and_touches_nothing() {
    for mode in ["DELETE", "WAL"] {
        let (place, backup) = migrated(mode);
        let dry = without_model().dry_run(true);
        let report = place.unchanged_by(|| dry.restore(place.path(), &backup).expect("a dry run"));
        assert_eq!((report.outcome, report.version.as_str()), (Outcome::PlannedOnly, "1.0.0"));
        let mut bytes = fs::read(&backup).expect("the backup");
        bytes[5000] ^= 1;
        fs::write(&backup, bytes).expect("altered");
        let error = place.unchanged_by(|| dry.restore(place.path(), &backup).expect_err("altered"));
        contains(&error.to_string(), &["have the SHA-256"]);
    }
}

#[test]
fn a_connection_whose_journal_a_crash_would_leave_useless_is_refused() {
    for mode in ["OFF", "MEMORY"] {
        let (place, backup) = migrated("DELETE");
        let unsafe_hook = without_model()
            .connection(move |conn| conn.execute_batch(&format!("PRAGMA journal_mode = {mode}")));
        let error = place.unchanged_by(|| unsafe_hook.restore(place.path(), &backup).expect_err(mode));
        assert_eq!(error.kind(), ErrorKind::Connection, "{error}");
        contains(&error.to_string(), &[&format!("its journal mode is {mode}"), "nothing was changed"]);
    }
}

#[test]
fn what_was_proved_is_what_is_put_back() {
    for mode in ["DELETE", "WAL"] {
        // Altered as soon as the present is saved, which comes behind the proof.
        let (place, backup) = migrated(mode);
        let forged = backup.clone();
        let migrator = without_model().observer(move |event| {
            if matches!(event, Event::BackedUp { .. }) {
                let conn = Connection::open(&forged).expect("the backup");
                conn.execute_batch("UPDATE t SET a = 'forged'").expect("forged");
            }
        });
        migrator.restore(place.path(), &backup).expect("a restore");
        assert_eq!(place.query("SELECT * FROM t"), "1|'then'", "{mode}");
    }
    // A log and a journal that SQLite would play into the backup.
    for suffix in ["-wal", "-journal"] {
        let (place, backup) = migrated("DELETE");
        let other = place.folder().join("other.db");
        fs::copy(&backup, &other).expect("a copy");
        let conn = Connection::open(&other).expect("the copy");
        let mode = if suffix == "-wal" { "WAL" } else { "DELETE" };
        conn.execute_batch(&format!(
            "PRAGMA journal_mode = {mode}; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = 1; BEGIN IMMEDIATE;
             UPDATE t SET a = 'forged'; CREATE TABLE big (x); INSERT INTO big SELECT zeroblob(100000)"
        ))
        .expect("a log");
        if suffix == "-wal" {
            conn.execute_batch("COMMIT").expect("a log");
        }
        let beside = |path: &std::path::Path| {
            let mut name = path.as_os_str().to_owned();
            name.push(suffix);
            PathBuf::from(name)
        };
        fs::copy(beside(&other), beside(&backup)).expect("it lies beside");
        drop(conn);
        let whole = fs::read(&backup).expect("the backup");
        let backups = without_model().backups(place.path()).expect("a list");
        let info = backups.iter().find(|info| info.path == backup).expect("it");
        let error = without_model().verify_backup(info);
        contains(&error.expect_err("not alone").to_string(), &["lies beside it", "move that file away"]);
        without_model().restore(place.path(), &backup).expect("a restore");
        assert_eq!(place.query("SELECT * FROM t"), "1|'then'", "{suffix}");
        assert!(fs::read(&backup).expect("the backup") == whole, "{suffix}");
    }
}

#[test]
fn a_damaged_database_is_told_how_to_come_back() {
    for (what, kind) in [("header", ErrorKind::NotADatabase), ("pages", ErrorKind::Corrupt)] {
        let (place, backup) = migrated("DELETE");
        let mut bytes = fs::read(place.path()).expect("the database");
        match what {
            "header" => bytes[..16].fill(0),
            _ => bytes[100..4096].fill(0xff),
        }
        fs::write(place.path(), &bytes).expect("damaged");
        let error = without_model().restore(place.path(), &backup).expect_err(what);
        assert_eq!(error.kind(), kind, "{error}");
        contains(&error.to_string(), &["help: move `app.db` away", "the backup becomes the database"]);
        fs::rename(place.path(), place.folder().join("damaged.db")).expect("as it says");
        without_model().restore(place.path(), backup.file_name().expect("a name")).expect("a restore");
        assert_eq!(place.query("SELECT * FROM t"), "1|'then'");
    }
}

#[test]
fn a_history_that_this_program_does_not_know_is_left_alone() {
    let newer = "ALTER TABLE migration_history ADD COLUMN novel; UPDATE migration_history SET format = 99";
    let (place, backup) = migrated("DELETE");
    place.sql(newer);
    let error = place.unchanged_by(|| without_model().restore(place.path(), &backup).expect_err("newer"));
    assert_eq!(error.kind(), ErrorKind::History, "{error}");

    // In the backup: neither the database nor, where there is none, a file is touched.
    let place = Place::new();
    start(&place, ONE);
    place.sql(newer);
    let backup = Migrator::new(model(ONE)).back_up(place.path()).expect("a backup").path;
    let error = place.unchanged_by(|| without_model().restore(place.path(), &backup).expect_err("newer"));
    contains(&error.to_string(), &["it is of format 99"]);
    fs::remove_file(place.path()).expect("gone");
    without_model().restore(place.path(), &backup).expect_err("newer");
    assert!(!place.path().exists());
}

#[test]
fn histories_that_have_parted_are_both_kept() {
    let (place, of_one) = migrated("DELETE");
    let of_two = Migrator::new(model(TWO)).back_up(place.path()).expect("a backup").path;
    fs::copy(&of_one, place.path()).expect("by hand");
    let three = TWO.replace("2.0.0", "3.0.0").replace("b INT", "c INT");
    start(&place, &three);
    let report = without_model().restore(place.path(), &of_two).expect("a restore");
    contains(&report.warnings.concat(), &["the histories differ from row 2 on"]);
    assert_eq!(
        place.query("SELECT kind, status, version FROM migration_history"),
        "'automatic'|'completed'|'1.0.0'\n'automatic'|'completed'|'2.0.0'\n'automatic'|'rolled_back'|'3.0.0'\n'restore'|'completed'|'2.0.0'"
    );
    assert!(without_model().status(place.path()).expect("a status").tampered.is_empty());
    assert_eq!(start(&place, TWO).outcome, Outcome::UpToDate);
    let error = Migrator::new(model(&three)).run(place.path()).expect_err("restored away");
    assert_eq!(error.kind(), ErrorKind::RolledBack, "{error}");
}

#[test]
fn connections_that_are_set_otherwise_restore_as_well() {
    for mode in ["DELETE", "WAL"] {
        for hook in [
            "locking_mode = EXCLUSIVE",
            "journal_mode = WAL",
            "query_only = ON",
            "foreign_keys = ON",
            "synchronous = OFF",
        ] {
            for size in [1024, 4096] {
                let place = Place::new();
                place.sql(&format!("PRAGMA page_size = {size}; PRAGMA journal_mode = {mode}"));
                start(&place, ONE);
                place.sql("INSERT INTO t VALUES (1, 'then')");
                let backup = start(&place, TWO).backup.expect("a backup").path;
                place.sql("INSERT INTO t VALUES (2, 'now', 7)");
                let migrator =
                    without_model().connection(move |conn| conn.execute_batch(&format!("PRAGMA {hook}")));
                migrator
                    .restore(place.path(), &backup)
                    .unwrap_or_else(|err| panic!("{mode} {hook} {size}\n{err}"));
                assert_eq!(place.query("SELECT * FROM t"), "1|'then'", "{mode} {hook} {size}");
                assert_eq!(place.query("PRAGMA integrity_check"), "'ok'");
            }
        }
    }
}

#[test]
fn the_models_of_the_database_are_told_and_no_other() {
    let place = Place::new();
    let app = |version: &str, columns: &str| {
        format!("--: model app\n--: version {version}\nCREATE TABLE t ({columns})")
    };
    start(&place, &app("1.0.0", "id INTEGER PRIMARY KEY"));
    let backup = Migrator::new(model(&app("1.0.0", "id INTEGER PRIMARY KEY")))
        .back_up(place.path())
        .expect("a backup");
    start(&place, &app("2.0.0", "id INTEGER PRIMARY KEY, a TEXT"));
    let report = without_model().restore(place.path(), &backup.path).expect("a restore");
    assert_eq!((report.model.as_str(), report.version.as_str()), ("app", "1.0.0"));
    assert_eq!(report.from_version.as_deref(), Some("2.0.0"));
    assert_eq!(place.query("SELECT DISTINCT model FROM migration_history"), "'app'");
    assert_eq!(place.query("SELECT kind FROM migration_history WHERE id = 3"), "'restore'");
}

#[test]
fn a_database_of_something_else_is_not_written_over() {
    let (place, backup) = migrated("DELETE");
    fs::remove_file(place.path()).expect("gone");
    place.sql("CREATE TABLE precious (x); INSERT INTO precious VALUES (1)");
    for policy in [BackupPolicy::Never, BackupPolicy::Always] {
        let migrator = without_model().backup(policy);
        let error = place.unchanged_by(|| migrator.restore(place.path(), &backup).expect_err("another"));
        contains(&error.to_string(), &["it is of another database", "move the database away"]);
    }
}

#[test]
fn a_restore_that_is_cancelled_changes_nothing() {
    for policy in [BackupPolicy::Never, BackupPolicy::Always] {
        let (place, backup) = migrated("WAL");
        let cancel = Cancel::new();
        cancel.cancel();
        let migrator = without_model().backup(policy).cancel(cancel);
        let error = place.unchanged_by(|| migrator.restore(place.path(), &backup).expect_err("cancelled"));
        assert_eq!((error.kind(), error.help_line()), (ErrorKind::Cancelled, Some("start again")), "{error}");
    }
}
