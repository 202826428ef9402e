//! A whole backup, put back into the live file.

use std::fs;
use std::path::PathBuf;

use rusqlite::Connection;
use schema_runtime::{Back, BackupPolicy, ErrorKind, Migrator, Model, Outcome, Report};

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
