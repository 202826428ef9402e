//! Backups: a verified copy of a database beside it, with a note of what it is.
//!
//! Knows files and SQLite's backup API, and nothing of plans. The live file itself is never opened but through SQLite: closing
//! any other handle to it would drop SQLite's POSIX locks. Only the finished copy is hashed and flushed by us.

mod clock;
mod create;
mod files;
mod list;
mod prune;
mod verify;
mod working;

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize, Serializer};

pub(crate) use clock::now as present;
pub(crate) use create::{BackupRequest, BackupSource, create};
use create::{backup_kind, refuse_full_disk};
use list::list;
pub use list::{BackupFolder, Stray, StrayKind};
pub(crate) use list::{folder_of, listed};
pub(crate) use prune::{Job, Known, Need, lossy_all};
pub use prune::{Kept, KeptBecause, Pruned, Retention};
pub(crate) use verify::{verify, verify_and_note};
pub(crate) use working::Working;

use crate::{Error, ErrorKind, Result};

/// When a backup is made before a change. Empty and in-memory databases never get one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BackupPolicy {
    /// Before every change.
    #[default]
    Always,
    /// Before changes that rewrite or delete rows.
    Rewrites,
    /// Never.
    Never,
}

/// What a backup is; its JSON form lies beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BackupInfo {
    /// The copy.
    #[serde(serialize_with = "lossy")]
    pub path: PathBuf,
    /// The database that was copied.
    #[serde(serialize_with = "lossy")]
    pub source: PathBuf,
    /// When: RFC 3339, UTC, with milliseconds.
    pub created_at: String,
    /// The size of the copy.
    pub bytes: u64,
    /// The SHA-256 of the copy, in hexadecimal.
    pub sha256: String,
    /// The name of the model whose migration it precedes.
    pub model: String,
    /// The version that the database had, if it had one.
    pub version: Option<String>,
    /// The checksum of the first row in the database's history: it tells databases apart that have the same path on different machines,
    /// or had it one after the other. `None` where there was no history yet.
    #[serde(default)]
    pub history: Option<String>,
    /// Why it was made.
    pub reason: String,
    /// The number of database pages.
    pub pages: u64,
    /// When the copy was last proved to be what this note says, in the form of `created_at`. Every backup is proved when it is
    /// made; `None` after a proof that failed.
    #[serde(default)]
    pub verified_at: Option<String>,
}

/// A path that is not Unicode is noted with replacement characters; [`BackupInfo::list`] gives paths by the files that it found.
pub(crate) fn lossy<S: Serializer>(path: &Path, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.to_string_lossy())
}

impl BackupInfo {
    /// Its path for the history: it must hold from whatever folder somebody goes back.
    pub(crate) fn recorded(&self) -> String {
        std::path::absolute(&self.path).unwrap_or_else(|_| self.path.clone()).display().to_string()
    }

    /// Proves that the backup is what its note says: size, hash, and SQLite's own check. The note remembers when
    /// (`verified_at`), where it can be written. Databases that need a key or a module are proved by
    /// [`Migrator::verify_backup`](crate::Migrator::verify_backup).
    ///
    /// # Errors
    /// `Backup`, naming what differs, or what opening it may give.
    pub fn verify(&self) -> Result<()> {
        verify_and_note(self, None).map(drop)
    }

    /// The backups in `folder`, of whatever databases, oldest first, by their notes. Notes that cannot be read, or whose file is gone,
    /// are left out; a missing folder holds none. What else lies there is told by
    /// [`Migrator::backup_folder`](crate::Migrator::backup_folder).
    ///
    /// # Errors
    /// `Backup`, if the folder cannot be read.
    pub fn list(folder: impl AsRef<Path>) -> Result<Vec<BackupInfo>> {
        list(folder.as_ref())
    }
}

/// `backups/migrations/` beside the database.
pub(crate) fn default_folder(database: &Path) -> PathBuf {
    database.parent().unwrap_or(Path::new("")).join("backups").join("migrations")
}

fn io_error(err: io::Error, what: String) -> Error {
    let (kind, help) = match err.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => (ErrorKind::DiskFull, FULL),
        _ => (
            ErrorKind::Backup,
            "check the folder and its permissions, or choose another with `Migrator::backup_dir`",
        ),
    };
    Error::new(kind, what).source(err).help(help)
}

const FULL: &str = "free disk space, or choose another folder with `Migrator::backup_dir`";

/// The bytes that this user may still write to the file system of `folder`, where the system tells.
pub(crate) fn available_space(folder: &Path) -> Option<u64> {
    fs4::available_space(folder).ok()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use rusqlite::Connection;
    use rusqlite::config::DbConfig;

    use super::create::Progress;
    use super::files::{Name, Partial};
    use super::*;
    use crate::connection::Hook;

    const WAIT: Duration = Duration::from_millis(20);

    struct Place {
        folder: tempfile::TempDir,
        conn: Connection,
    }

    impl Place {
        fn new(mode: &str) -> Self {
            let folder = tempfile::tempdir().expect("folder");
            let conn = Connection::open(folder.path().join("app.db")).expect("file");
            conn.execute_batch(&format!(
                "PRAGMA journal_mode = {mode}; CREATE TABLE t (a); CREATE INDEX i ON t (a);
                 WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 30000)
                 INSERT INTO t SELECT i || ' is a row with some text in it, to fill a few pages more' FROM n"
            ))
            .expect("rows");
            Place { folder, conn }
        }

        fn database(&self) -> PathBuf {
            self.folder.path().join("app.db")
        }

        fn backups(&self) -> Vec<PathBuf> {
            let Ok(entries) = fs::read_dir(default_folder(&self.database())) else { return Vec::new() };
            entries.map(|entry| entry.expect("entry").path()).collect()
        }

        fn create(&self, progress: Progress<'_>) -> Result<BackupInfo> {
            let database = self.database();
            create(&request(&database), progress)
        }
    }

    fn request(database: &Path) -> BackupRequest<'_> {
        BackupRequest {
            database,
            source: BackupSource::File,
            folder: None,
            hook: None,
            wait: WAIT,
            model: "main",
            version: Some("1.0.0"),
            history: None,
            reason: "before 2 steps",
        }
    }

    #[test]
    fn a_backup_is_the_state_before_while_the_lock_is_held() {
        for mode in ["DELETE", "WAL"] {
            let place = Place::new(mode);
            place.conn.execute_batch("BEGIN IMMEDIATE; INSERT INTO t VALUES ('later')").expect("lock");
            let mut seen = Vec::new();
            let info = place
                .create(&mut |page, pages| {
                    seen.push((page, pages));
                    true
                })
                .expect("backup");
            assert_eq!(seen.last(), Some(&(info.pages, info.pages)));
            place.conn.execute_batch("COMMIT").expect("the lock is still ours");
            let info = verify_and_note(&info, None).expect("verify");
            let copy = Connection::open(&info.path).expect("open");
            let count = copy.query_row("SELECT count(*) FROM t", [], |row| row.get::<_, i64>(0));
            assert_eq!(count.ok(), Some(30_000), "{mode}");
            let cookie = |conn: &Connection| {
                conn.query_row("PRAGMA schema_version", [], |row| row.get::<_, i64>(0)).ok()
            };
            assert_eq!(cookie(&copy), cookie(&place.conn));
            let journal = copy.query_row("PRAGMA journal_mode", [], |row| row.get::<_, String>(0));
            assert_eq!(journal.ok().as_deref(), Some("delete"));
            drop(copy);
            let folder = default_folder(&place.database());
            assert_eq!(list(&folder).expect("list"), [info]);
            assert_eq!(place.backups().len(), 2, "{mode}");
        }
    }

    #[test]
    fn a_hook_that_makes_every_file_wal_and_defensive_does_not_change_what_is_kept() {
        let folder = tempfile::tempdir().expect("folder");
        let database = folder.path().join("app.db");
        let conn = Connection::open(&database).expect("file");
        conn.execute_batch("PRAGMA page_size = 1024; PRAGMA journal_mode = WAL; CREATE TABLE t (a)")
            .expect("table");
        let hook: Hook = std::sync::Arc::new(|conn| {
            conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
            conn.execute_batch("PRAGMA journal_mode = WAL; PRAGMA query_only = ON")
        });
        let mut request = request(&database);
        request.hook = Some(&hook);
        let info = create(&request, &mut |_, _| true).expect("backup");
        assert_eq!(info.bytes, info.pages * 1024);
        verify_and_note(&info, None).expect("verify");
        assert_eq!(fs::read_dir(default_folder(&database)).expect("folder").count(), 2);
    }

    #[test]
    fn a_cancelled_backup_leaves_nothing() {
        let place = Place::new("WAL");
        let err = place.create(&mut |_, _| false).expect_err("cancelled");
        assert_eq!(err.kind(), ErrorKind::Cancelled);
        assert!(place.backups().is_empty());
    }

    #[test]
    fn a_given_connection_is_the_source_in_exclusive_mode() {
        let place = Place::new("DELETE");
        place
            .conn
            .execute_batch("PRAGMA locking_mode = EXCLUSIVE; INSERT INTO t VALUES (1)")
            .expect("exclusive");
        let database = place.database();
        let err = create(&request(&database), &mut |_, _| true).expect_err("locked");
        assert_eq!(err.kind(), ErrorKind::Busy);
        let mut request = request(&database);
        request.source = BackupSource::Connection(&place.conn);
        let info = create(&request, &mut |_, _| true).expect("backup");
        verify_and_note(&info, None).expect("verify");
    }

    #[test]
    fn backups_of_one_millisecond_get_names_of_their_own() {
        let folder = tempfile::tempdir().expect("folder");
        let database = Path::new("/data/app.db");
        let name = Name { folder: folder.path(), database, at: "2026-01-02T03:04:05.999Z" };
        for wanted in ["app_20260102_030405_999.db", "app_20260102_030405_000.db"] {
            let mut partial = Partial::default();
            let temporary = partial.create(folder.path(), database).expect("temporary");
            let path = partial.publish(&temporary, &name).expect("publish");
            assert_eq!(path.file_name().and_then(|name| name.to_str()), Some(wanted));
            partial.keep();
        }
    }

    #[test]
    fn a_damaged_backup_is_refused() {
        let place = Place::new("DELETE");
        let info = place.create(&mut |_, _| true).expect("backup");
        let mut bytes = fs::read(&info.path).expect("read");
        bytes[5000] ^= 1;
        fs::write(&info.path, bytes).expect("write");
        assert_eq!(verify_and_note(&info, None).expect_err("damaged").kind(), ErrorKind::Backup);
        fs::remove_file(&info.path).expect("remove");
        assert_eq!(verify_and_note(&info, None).expect_err("gone").kind(), ErrorKind::Backup);
        assert!(list(&default_folder(&place.database())).expect("list").is_empty());
    }

    #[test]
    fn a_damaged_database_has_no_backup() {
        let place = Place::new("DELETE");
        let database = place.database();
        drop(place.conn);
        let mut bytes = fs::read(&database).expect("read");
        bytes[4096 * 3..4096 * 5].fill(0xff);
        fs::write(&database, bytes).expect("write");
        let err = create(&request(&database), &mut |_, _| true).expect_err("damaged");
        assert_eq!(err.kind(), ErrorKind::Corrupt, "{err}");
        assert_eq!(fs::read_dir(default_folder(&database)).expect("folder").count(), 0);
    }

    #[test]
    fn rows_that_break_a_rule_and_missing_functions_do_not_stop_a_backup() {
        let place = Place::new("DELETE");
        place
            .conn
            .execute_batch(
                "CREATE TABLE c (a CHECK (a > 0)); PRAGMA ignore_check_constraints = ON; INSERT INTO c VALUES (-1);
                 CREATE TABLE f (a); INSERT INTO f VALUES (1); CREATE VIRTUAL TABLE v USING fts5(a);
                 PRAGMA writable_schema = ON;
                 UPDATE sqlite_schema SET sql = 'CREATE TABLE f (a CHECK (nope(a)))' WHERE name = 'f';
                 UPDATE sqlite_schema SET sql = 'CREATE VIRTUAL TABLE v USING nope(a)' WHERE name = 'v';
                 PRAGMA writable_schema = RESET",
            )
            .expect("setup");
        place.create(&mut |_, _| true).expect("backup");
    }

    #[cfg(unix)]
    #[test]
    fn a_backup_has_the_mode_of_the_database_and_its_folder_is_private() {
        use std::os::unix::fs::PermissionsExt;
        let place = Place::new("DELETE");
        fs::set_permissions(place.database(), fs::Permissions::from_mode(0o640)).expect("mode");
        let info = place.create(&mut |_, _| true).expect("backup");
        let mode = |path: &Path| fs::metadata(path).expect("metadata").permissions().mode() & 0o777;
        assert_eq!(mode(&info.path), 0o640);
        assert_eq!(mode(&info.path.with_extension("json")), 0o640);
        assert_eq!(mode(&default_folder(&place.database())), 0o700);
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let place = Place::new("DELETE");
        fs::write(place.folder.path().join("backups"), "a file").expect("write");
        let err = place.create(&mut |_, _| true).expect_err("no folder");
        assert_eq!(err.kind(), ErrorKind::Backup);
        assert!(err.to_string().contains("backups"), "{err}");
    }
}
