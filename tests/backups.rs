//! The copy that is made before a change: when, where, under which name, and what it holds.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use schema_runtime::{Back, BackupInfo, BackupPolicy, Cancel, ErrorKind, Migrator, Outcome, RemovalPolicy};

use crate::support::case::query_text;
use crate::support::model::model;
use crate::support::place::{Place, contains};

const OLD: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)";
const ADD: &str = "--: version 1.1.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)";
const REBUILD: &str = "--: version 1.2.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b TEXT)";

fn with_rows(mode: &str) -> Place {
    let place = Place::new();
    place.sql(&format!("PRAGMA journal_mode = {mode}"));
    place.run(OLD);
    place
        .sql("INSERT INTO t VALUES (1, '5'), (2, NULL); PRAGMA user_version = 42; PRAGMA application_id = 7");
    place
}

fn content(path: &Path) -> String {
    let conn = Connection::open(path).expect("the database opens");
    let queries = [
        "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY 1, 2",
        "SELECT rowid, * FROM t ORDER BY id",
        "SELECT * FROM migration_history ORDER BY id",
        "SELECT * FROM migration_state ORDER BY 1",
        "PRAGMA user_version",
        "PRAGMA application_id",
        "PRAGMA integrity_check",
    ];
    queries.map(|query| query_text(&conn, query)).join("\n---\n")
}

#[test]
fn a_backup_is_exactly_the_state_before_with_a_note_beside_it() {
    for mode in ["DELETE", "WAL", "TRUNCATE", "PERSIST"] {
        let place = with_rows(mode);
        let before = content(&place.path());
        let report = Migrator::new(model(ADD)).run(place.path()).expect("a run");
        let backup = report.backup.expect("a backup");
        assert_eq!(content(&backup.path), before, "{mode}");
        assert_ne!(content(&place.path()), before);
        let folder = place.folder().canonicalize().expect("a path").join("backups/migrations");
        assert_eq!(backup.path.parent(), Some(folder.as_path()));
        let name = backup.path.file_stem().expect("a name").to_string_lossy().into_owned();
        let shape: String = name.chars().map(|char| if char.is_ascii_digit() { '0' } else { char }).collect();
        assert_eq!(shape, "app_00000000_000000_000");
        let note = fs::read_to_string(backup.path.with_extension("json")).expect("a note");
        let told: BackupInfo = serde_json::from_str(&note).expect("JSON");
        assert_eq!(told, backup);
        assert_eq!(
            (told.model.as_str(), told.version.as_deref(), told.reason.as_str()),
            ("main", Some("1.0.0"), "add column t.b")
        );
        assert_eq!(told.bytes, fs::metadata(&told.path).expect("a file").len());
        assert!(told.sha256.len() == 64 && told.source.ends_with("app.db"));
        let files = fs::read_dir(&folder).expect("the folder").count();
        assert_eq!(files, 2, "{mode}: nothing is left beside the copy and its note");
    }
}

#[test]
fn putting_the_backup_in_place_of_the_file_is_the_way_back() {
    let place = with_rows("DELETE");
    let before = content(&place.path());
    let report = Migrator::new(model(REBUILD)).run(place.path()).expect("a run");
    fs::copy(report.backup.expect("a backup").path, place.path()).expect("a copy");
    assert_eq!(content(&place.path()), before);
    assert_eq!(Migrator::new(model(OLD)).run(place.path()).expect("a run").outcome, Outcome::UpToDate);
    assert_eq!(Migrator::new(model(REBUILD)).run(place.path()).expect("a run").outcome, Outcome::Migrated);
}

#[test]
fn the_policy_says_when_and_the_report_says_why_not() {
    let why = |policy: BackupPolicy, sql: &str| {
        let place = with_rows("DELETE");
        let report = Migrator::new(model(sql)).backup(policy).run(place.path()).expect("a run");
        assert_eq!(report.backup.is_some(), report.no_backup.is_none());
        assert_eq!(report.backup.is_some(), place.folder().join("backups").exists());
        let recorded =
            place.query("SELECT backup IS NOT NULL FROM migration_history ORDER BY id DESC LIMIT 1");
        assert_eq!(recorded, if report.backup.is_some() { "1" } else { "0" });
        report.no_backup
    };
    assert_eq!(why(BackupPolicy::Always, ADD), None);
    assert_eq!(why(BackupPolicy::Always, REBUILD), None);
    assert_eq!(why(BackupPolicy::Rewrites, ADD).as_deref(), Some("no step writes rows"));
    assert_eq!(why(BackupPolicy::Rewrites, REBUILD), None);
    assert_eq!(why(BackupPolicy::Never, REBUILD).as_deref(), Some("the backup policy is never"));
    let dropped = "--: version 2\n--: dropped t\nCREATE TABLE u (x TEXT)";
    assert_eq!(why(BackupPolicy::Rewrites, dropped), None, "rows are deleted");
    let empty = Place::new();
    let report = Migrator::new(model(OLD)).run(empty.path()).expect("a run");
    assert_eq!(report.no_backup.as_deref(), Some("the database was empty"));
    let report = Migrator::new(model(OLD)).run(empty.path()).expect("a run");
    assert!(report.backup.is_none() && report.no_backup.is_none(), "nothing was changed");
}

#[test]
fn a_refused_run_makes_no_backup() {
    let place = with_rows("DELETE");
    let narrow = "--: version 2\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL)";
    place.unchanged_by(|| {
        let error = Migrator::new(model(narrow)).run(place.path()).expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::Data);
        let gone = "--: version 2\nCREATE TABLE t (id INTEGER PRIMARY KEY)";
        let migrator = Migrator::new(model(gone)).removed(RemovalPolicy::Refuse);
        assert_eq!(migrator.run(place.path()).expect_err("refused").kind(), ErrorKind::Refused);
    });
}

#[test]
fn backups_go_where_they_are_told_to() {
    let place = with_rows("WAL");
    let elsewhere = tempfile::tempdir().expect("a folder");
    let folder = elsewhere.path().join("deep").join("er");
    let report = Migrator::new(model(ADD)).backup_dir(&folder).run(place.path()).expect("a run");
    assert_eq!(report.backup.expect("a backup").path.parent(), Some(folder.as_path()));
    assert!(!place.folder().join("backups").exists());
}

#[cfg(unix)]
#[test]
fn backups_of_a_linked_database_lie_beside_the_file_itself() {
    let place = with_rows("DELETE");
    let elsewhere = tempfile::tempdir().expect("a folder");
    let link = elsewhere.path().join("link.db");
    std::os::unix::fs::symlink(place.path(), &link).expect("a link");
    let report = Migrator::new(model(ADD)).run(&link).expect("a run");
    let backup = report.backup.expect("a backup");
    assert!(
        backup.path.starts_with(place.folder().canonicalize().expect("a path")),
        "{}",
        backup.path.display()
    );
    assert_eq!(fs::read_dir(elsewhere.path()).expect("a folder").count(), 1);
}

#[test]
fn a_copy_that_fails_in_exclusive_mode_says_in_what_state_the_database_is() {
    let place = Place::with_model("--: version 1.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)");
    let wanted = model("--: version 2.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)");
    Migrator::new(wanted).run(place.path()).expect("a run");
    fs::write(place.folder().join("file"), "").expect("a file");
    let hook = |conn: &Connection| conn.execute_batch("PRAGMA locking_mode = EXCLUSIVE");
    let nowhere =
        |migrator: Migrator| migrator.backup_dir(place.folder().join("file/folder")).connection(hook);
    let more = model("--: version 3.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT, c TEXT)");
    place.unchanged_by(|| {
        for error in [
            nowhere(Migrator::new(more)).run(place.path()).expect_err("a run"),
            nowhere(Migrator::new(wanted)).rollback(place.path(), &Back::Last(1)).expect_err("a rollback"),
        ] {
            assert_eq!(error.kind(), ErrorKind::Backup, "{error}");
            assert!(error.state_line().is_some() && error.help_line().is_some(), "{error}");
        }
    });
}

#[test]
fn a_connection_in_exclusive_mode_is_backed_up_through_itself() {
    for mode in ["DELETE", "WAL"] {
        let place = with_rows(mode);
        let before = content(&place.path());
        let mut conn = place.open();
        conn.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; COMMIT").expect("exclusive");
        let report = Migrator::new(model(REBUILD)).run_on(&mut conn).expect("a run");
        assert_eq!(report.outcome, Outcome::Migrated);
        assert_eq!(content(&report.backup.expect("a backup").path), before, "{mode}");
    }
}

/// A function that cancels the run when it was called `at` times.
fn cancelling(
    cancel: &Cancel,
    at: usize,
) -> impl Fn(&Connection) -> rusqlite::Result<()> + Send + Sync + 'static {
    let cancel = cancel.clone();
    let calls = Arc::new(AtomicUsize::new(0));
    move |conn| {
        let (cancel, calls) = (cancel.clone(), Arc::clone(&calls));
        conn.create_scalar_function("stop", 1, FunctionFlags::SQLITE_UTF8, move |context| {
            if calls.fetch_add(1, Ordering::Relaxed) == at {
                cancel.cancel();
            }
            context.get::<i64>(0)
        })
    }
}

#[test]
fn a_cancellation_inside_a_statement_rolls_everything_back() {
    // While the rows are checked, and while they are filled.
    for (mode, at) in [("DELETE", 2000), ("WAL", 2000), ("DELETE", 7000), ("WAL", 7000)] {
        let place = with_rows(mode);
        place.sql("WITH RECURSIVE n(i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM n LIMIT 5000) INSERT INTO t SELECT i, i FROM n");
        let rows = place.query("SELECT count(*), sum(id), max(a) FROM t");
        let cancel = Cancel::new();
        let filled = "--: version 2\n--: backfill t.n stop(id)\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, n INTEGER NOT NULL)";
        let migrator = Migrator::new(model(filled)).connection(cancelling(&cancel, at)).cancel(cancel);
        let error = migrator.run(place.path()).expect_err("cancelled");
        assert_eq!(error.kind(), ErrorKind::Cancelled, "{error}");
        contains(&error.to_string(), &["cancelled", "state: "]);
        assert_eq!(place.query("SELECT count(*), sum(id), max(a) FROM t"), rows);
        assert_eq!(place.query("SELECT count(*) FROM pragma_table_info('t')"), "2");
        assert_eq!(place.query("PRAGMA integrity_check"), "'ok'");
        let again = Migrator::new(model(filled)).connection(cancelling(&Cancel::new(), 0)).run(place.path());
        assert_eq!(again.expect("a run").outcome, Outcome::Migrated);
        assert_eq!(
            place.query("SELECT count(*), sum(id), max(a), sum(n) FROM t"),
            format!("{rows}|{}", place.query("SELECT sum(id) FROM t"))
        );
    }
}

#[test]
fn a_wal_that_was_not_checkpointed_is_part_of_the_state() {
    let place = with_rows("WAL");
    let other = place.open();
    other
        .execute_batch("PRAGMA wal_autocheckpoint = 0; INSERT INTO t VALUES (77, 'in the log')")
        .expect("a row");
    let report = Migrator::new(model(REBUILD.replace("INTEGER, b", "BLOB, b").as_str()))
        .run(place.path())
        .expect("a run");
    let copy = Connection::open(report.backup.expect("a backup").path).expect("the copy");
    assert_eq!(query_text(&copy, "SELECT a FROM t WHERE id = 77"), "'in the log'");
    assert_eq!(query_text(&other, "SELECT a, b FROM t WHERE id = 77"), "'in the log'|NULL");
    drop(other);
    assert_eq!(place.query("PRAGMA journal_mode"), "'wal'");
}
