//! Backups: a verified copy of a database beside it, with a note of what it is.
//!
//! Knows files and SQLite's backup API, and nothing of plans. The live file itself is never opened but through SQLite: closing
//! any other handle to it would drop SQLite's POSIX locks. Only the finished copy is hashed and flushed by us.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::config::DbConfig;
use serde::{Deserialize, Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::connection::{Hook, OpenMode, Pause, SqliteResult, now, open, with_suffix};
use crate::revision::hex;
use crate::sqlite_error::kind_of;
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
    /// Why it was made.
    pub reason: String,
    /// The number of database pages.
    pub pages: u64,
}

/// A path that is not Unicode is noted with replacement characters; [`list`] gives paths by the files that it found.
fn lossy<S: Serializer>(path: &Path, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.to_string_lossy())
}

/// Where the pages come from.
pub(crate) enum BackupSource<'a> {
    /// The file of the request, through a second connection that is opened for it.
    File,
    /// A connection that has no transaction open: for databases in exclusive locking mode.
    Connection(&'a Connection),
}

/// What to copy, and where to.
pub(crate) struct BackupRequest<'a> {
    /// The resolved path of the database. Names the backup, and lends it mode and owner.
    pub(crate) database: &'a Path,
    /// Where its pages come from.
    pub(crate) source: BackupSource<'a>,
    /// Where backups go; by default [`default_folder`].
    pub(crate) folder: Option<&'a Path>,
    /// The user's hook.
    pub(crate) hook: Option<&'a Hook>,
    /// How long locks of others are waited for.
    pub(crate) wait: Duration,
    /// For the note: the model's name.
    pub(crate) model: &'a str,
    /// For the note: the version that the database has.
    pub(crate) version: Option<&'a str>,
    /// For the note: why.
    pub(crate) reason: &'a str,
}

impl BackupInfo {
    /// Proves that the backup is what its note says: size, hash, and SQLite's own check.
    ///
    /// # Errors
    /// `Backup`, naming what differs, or what opening it may give.
    pub fn verify(&self) -> Result<()> {
        verify(self, None)
    }

    /// The backups in `folder`, oldest first, by their notes. Notes that cannot be read, or whose file is gone, are left out;
    /// a missing folder holds none.
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

/// Pages that are copied between two calls of `progress`.
const STEP: i32 = 2048;

/// Called with the pages that were copied and the pages that there are; `false` stops the backup.
pub(crate) type Progress<'a> = &'a mut dyn FnMut(u64, u64) -> bool;

/// Copies a database to a new file, verified and flushed to the disk, while readers and the holder of the write lock go on.
///
/// The copy is called `<stem>_YYYYMMDD_HHMMSS_mmm.db`, in UTC; no file is ever overwritten. Until it is complete it has a temporary name
/// and mode 0600, then the mode and (where permitted) the owner of the database. It is in rollback-journal mode.
///
/// # Errors
/// `Cancelled`, `Busy`, `DiskFull`, `Corrupt`, `Missing` for what the check needs, else `Backup`. No file is left, and the database was not written to.
///
/// SQLite: <https://www.sqlite.org/backup.html>.
pub(crate) fn create(request: &BackupRequest<'_>, progress: Progress<'_>) -> Result<BackupInfo> {
    let folder = match request.folder {
        Some(folder) => folder.to_owned(),
        None => default_folder(request.database),
    };
    create_in(request, &folder, progress).map_err(|err| {
        err.context(format!("cannot back up `{}`", request.database.display()))
            .state("the database is unchanged; no part of the backup is left")
    })
}

fn create_in(request: &BackupRequest<'_>, folder: &Path, progress: Progress<'_>) -> Result<BackupInfo> {
    make_folder(folder, request.database)?;
    let opened;
    let source = match request.source {
        BackupSource::Connection(conn) => conn,
        BackupSource::File => {
            opened = open(request.database, OpenMode::ReadOnly, request.hook, request.wait)?;
            // One snapshot for all that is read below; it ends with the connection.
            opened.execute_batch("BEGIN").at(cannot_read)?;
            &opened
        }
    };
    let facts = Facts::of(source)?;
    refuse_full_disk(folder, facts.bytes)?;
    let created_at = now(source)?;
    let mut partial = Partial::default();
    let temporary = partial.create(folder, request.database)?;
    copy(source, &temporary, request, progress)?;
    check(&temporary, &facts, request.hook)?;
    let (sha256, bytes) = flush_and_hash(&temporary)?;
    give_mode_and_owner(&temporary, request.database);
    let path = partial.publish(&temporary, &Name { folder, database: request.database, at: &created_at })?;
    let info = BackupInfo {
        path,
        source: request.database.to_owned(),
        created_at,
        bytes,
        sha256,
        model: request.model.to_owned(),
        version: request.version.map(str::to_owned),
        reason: request.reason.to_owned(),
        pages: facts.pages,
    };
    write_note(&info, &mut partial)?;
    flush_folder(folder).map_err(|err| io_error(err, format!("cannot flush `{}`", folder.display())))?;
    partial.keep();
    Ok(info)
}

/// Proves that a backup is what its note says: size, hash, and SQLite's own check.
///
/// # Errors
/// `Backup`, naming what differs, or what opening it may give.
pub(crate) fn verify(info: &BackupInfo, hook: Option<&Hook>) -> Result<()> {
    let what = || format!("cannot use the backup `{}`", info.path.display());
    let cannot = |err: io::Error| io_error(err, "it cannot be read".to_owned()).context(what());
    let (sha256, bytes) = File::open(&info.path).and_then(hash).map_err(cannot)?;
    if bytes != info.bytes || !sha256.eq_ignore_ascii_case(&info.sha256) {
        return Err(Error::new(ErrorKind::Backup, what())
            .cause(format!(
                "its {bytes} bytes have the SHA-256 {sha256}; {} bytes with {} were written",
                info.bytes, info.sha256
            ))
            .help("use another backup"));
    }
    let conn =
        open(&info.path, OpenMode::ReadOnly, hook, Duration::ZERO).map_err(|err| err.context(what()))?;
    quick_check(&conn).map_err(|err| err.context(what()))
}

/// The backups in `folder`, oldest first, by their notes. Notes that cannot be read, or whose file is gone, are left out; a missing folder
/// holds none.
///
/// # Errors
/// `Backup`, if the folder cannot be read.
pub(crate) fn list(folder: &Path) -> Result<Vec<BackupInfo>> {
    let cannot = |err| io_error(err, format!("cannot list the backups in `{}`", folder.display()));
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(err) => return Err(cannot(err)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let note = entry.map_err(cannot)?.path();
        if note.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let Ok(text) = fs::read(&note) else { continue };
        let Ok(mut info) = serde_json::from_slice::<BackupInfo>(&text) else { continue };
        // The folder may have been moved since.
        info.path = note.with_extension("db");
        if info.path.is_file() {
            found.push(info);
        }
    }
    found.sort_by(|a, b| (&a.created_at, &a.path).cmp(&(&b.created_at, &b.path)));
    Ok(found)
}

/// What source and copy must agree in.
#[derive(PartialEq, Eq)]
struct Facts {
    pages: u64,
    cookie: i64,
    bytes: u64,
}

impl Facts {
    fn of(conn: &Connection) -> Result<Self> {
        let number = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0)).at(cannot_read);
        let cookie = number("PRAGMA main.schema_version")?;
        let pages = u64::try_from(number("PRAGMA main.page_count")?).unwrap_or(0);
        let size = u64::try_from(number("PRAGMA main.page_size")?).unwrap_or(0);
        Ok(Facts { pages, cookie, bytes: pages.saturating_mul(size) })
    }
}

fn cannot_read() -> String {
    "its pages cannot be read".to_owned()
}

/// Copies all pages and puts the copy into the state in which it is kept.
fn copy(source: &Connection, to: &Path, request: &BackupRequest<'_>, progress: Progress<'_>) -> Result<()> {
    let what = || format!("cannot write `{}`", to.display());
    let cookie = Facts::of(source)?.cookie;
    let mut copy = open(to, OpenMode::ReadWrite, request.hook, request.wait)?;
    // A hook may have made it WAL or defensive, and the copy needs no journal: it is deleted if anything fails.
    let _ = copy.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, false);
    let journal_off = "PRAGMA query_only = OFF; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF";
    copy.execute_batch(journal_off).at(what)?;
    {
        let backup = Backup::new(source, &mut copy).at(what)?;
        let mut pause = Pause::new(request.wait);
        loop {
            let result = backup.step(STEP).map_err(|err| {
                let kind = backup_kind(kind_of(&err));
                Error::new(kind, what()).source(err).help("free disk space or choose another backup folder")
            })?;
            let state = backup.progress();
            let pages = u64::try_from(state.pagecount).unwrap_or(0);
            let left = u64::try_from(state.remaining).unwrap_or(0);
            match result {
                StepResult::Done => {
                    if !progress(pages, pages) {
                        return Err(cancelled());
                    }
                    break;
                }
                StepResult::More => {
                    if !progress(pages.saturating_sub(left), pages) {
                        return Err(cancelled());
                    }
                    pause = Pause::new(request.wait);
                }
                _ if pause.next() => {
                    if !progress(pages.saturating_sub(left), pages) {
                        return Err(cancelled());
                    }
                }
                _ => {
                    return Err(Error::new(ErrorKind::Busy, cannot_read())
                        .cause(format!("another connection held a lock for {} ms", request.wait.as_millis()))
                        .help(
                            "end the other transaction or program, or wait longer with `Migrator::lock_wait`",
                        ));
                }
            }
        }
    }
    // The pages bring the source's WAL mode along; the backup API gives the copy a cookie of its own.
    let mode: String = copy.query_row("PRAGMA main.journal_mode = DELETE", [], |row| row.get(0)).at(what)?;
    if mode != "delete" {
        return Err(Error::new(ErrorKind::Backup, what()).cause(format!("it stays in journal mode {mode}")));
    }
    copy.execute_batch(&format!("PRAGMA main.schema_version = {cookie}")).at(what)?;
    copy.close().map_err(|(_, err)| err).at(what)
}

fn cancelled() -> Error {
    Error::new(ErrorKind::Cancelled, "the backup was stopped").cause("the run was cancelled")
}

/// Kinds that a caller wants to tell apart stay; everything else about a backup is `Backup`.
fn backup_kind(kind: ErrorKind) -> ErrorKind {
    match kind {
        ErrorKind::Busy
        | ErrorKind::DiskFull
        | ErrorKind::Corrupt
        | ErrorKind::Cancelled
        | ErrorKind::TimeLimit => kind,
        _ => ErrorKind::Backup,
    }
}

fn check(path: &Path, facts: &Facts, hook: Option<&Hook>) -> Result<()> {
    let conn = open(path, OpenMode::ReadOnly, hook, Duration::ZERO)?;
    if Facts::of(&conn)? != *facts {
        return Err(Error::new(ErrorKind::Backup, "the copy differs from the database")
            .cause("number of pages, page size or schema version are not the same")
            .help("end other programs that write to the database, and try again"));
    }
    quick_check(&conn)
}

/// Structure only: that rows break a CHECK or NOT NULL is how the database is, and no fault of the copy.
fn quick_check(conn: &Connection) -> Result<()> {
    let faults = match faults(conn, "PRAGMA main.quick_check") {
        Err(err) if kind_of(&err) == ErrorKind::Missing => faults_by_table(conn),
        other => other,
    };
    let faults = faults.at(|| "the copy cannot be checked".to_owned())?;
    let is_row = |fault: &&String| {
        fault.starts_with("CHECK constraint failed in ")
            || fault.contains(" value in ")
            || fault.as_str() == "ok"
    };
    match faults.iter().find(|fault| !is_row(fault)) {
        None => Ok(()),
        Some(fault) => Err(Error::new(ErrorKind::Corrupt, "the copy fails `PRAGMA quick_check`")
            .cause(fault.trim())
            .help("check the database itself; restore a backup, or save what is left with `sqlite3 <file> .recover`")),
    }
}

fn faults(conn: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    conn.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
}

/// Table by table, without those that need a function, collation or module that this connection lacks.
fn faults_by_table(conn: &Connection) -> rusqlite::Result<Vec<String>> {
    let sql = "SELECT name FROM main.sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'";
    let mut found = Vec::new();
    for table in faults(conn, sql)? {
        let name = schema_sql::quote_ident(&table);
        match faults(conn, &format!("PRAGMA main.quick_check({name})")) {
            Ok(rows) => found.extend(rows),
            Err(err) if kind_of(&err) == ErrorKind::Missing => {}
            Err(err) => return Err(err),
        }
    }
    Ok(found)
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

/// Creates what is missing of the folder, for the owner of the database alone.
fn make_folder(folder: &Path, database: &Path) -> Result<()> {
    let what = || format!("cannot create the folder `{}`", folder.display());
    let missing: Vec<&Path> = folder
        .ancestors()
        .filter(|path| !path.as_os_str().is_empty())
        .take_while(|path| !path.is_dir())
        .collect();
    for path in missing.into_iter().rev() {
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        match builder.create(path) {
            Ok(()) => give_owner(path, database),
            // Another process was faster.
            Err(err) if err.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
            Err(err) => return Err(io_error(err, what())),
        }
    }
    Ok(())
}

/// Where the system does not tell the free space, the copying will.
fn refuse_full_disk(folder: &Path, bytes: u64) -> Result<()> {
    match available_space(folder) {
        Some(free) if free < bytes => {
            Err(Error::new(ErrorKind::DiskFull, format!("`{}` is too full", folder.display()))
                .cause(format!("the copy needs {bytes} bytes, {free} are free"))
                .help(FULL))
        }
        _ => Ok(()),
    }
}

/// The bytes that this user may still write to the file system of `folder`, where the system tells.
pub(crate) fn available_space(folder: &Path) -> Option<u64> {
    fs4::available_space(folder).ok()
}

#[cfg(unix)]
fn give_owner(path: &Path, database: &Path) {
    use std::os::unix::fs::MetadataExt;
    if let Ok(of) = fs::metadata(database) {
        if std::os::unix::fs::chown(path, Some(of.uid()), Some(of.gid())).is_err() {
            let _ = std::os::unix::fs::chown(path, None, Some(of.gid()));
        }
    }
}

#[cfg(not(unix))]
fn give_owner(_: &Path, _: &Path) {}

/// Owner first: a change of owner may clear bits of the mode. An owner that cannot be given keeps the mode from widening access
/// to a group that is not the database's.
fn give_mode_and_owner(path: &Path, database: &Path) {
    give_owner(path, database);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let (Ok(of), Ok(is)) = (fs::metadata(database), fs::metadata(path)) else { return };
        let kept = if of.gid() == is.gid() { 0o666 } else { 0o606 };
        let _ = fs::set_permissions(path, fs::Permissions::from_mode(of.mode() & kept | 0o400));
    }
}

/// A new file that only this user can open.
fn create_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Flushes a finished copy, and reads it once for hash and size. SQLite does not have it open.
fn flush_and_hash(path: &Path) -> Result<(String, u64)> {
    let read = || -> io::Result<(String, u64)> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        file.sync_all()?;
        hash(file)
    };
    read().map_err(|err| io_error(err, format!("cannot read `{}` back", path.display())))
}

fn hash(mut file: File) -> io::Result<(String, u64)> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    let mut bytes = 0;
    loop {
        let read = match file.read(&mut buffer) {
            Ok(0) => return Ok((hex(&hash.finalize()), bytes)),
            Ok(read) => read,
            Err(err) if err.kind() == io::ErrorKind::Interrupted => continue,
            Err(err) => return Err(err),
        };
        hash.update(buffer.get(..read).unwrap_or_default());
        bytes += read as u64;
    }
}

/// Makes renames in the folder last. Only unix can flush a folder.
fn flush_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Writes the note beside the backup, as the backup itself was written: a temporary name first.
fn write_note(info: &BackupInfo, partial: &mut Partial) -> Result<()> {
    let path = info.path.with_extension("json");
    let temporary = with_suffix(&path, ".part");
    let mut write = || -> io::Result<()> {
        let mut text = serde_json::to_vec_pretty(info).map_err(io::Error::other)?;
        text.push(b'\n');
        let mut file = create_file(&temporary)?;
        partial.files.push(temporary.clone());
        file.write_all(&text)?;
        file.sync_all()?;
        drop(file);
        give_mode_and_owner(&temporary, &info.path);
        fs::rename(&temporary, &path)?;
        partial.files.push(path.clone());
        Ok(())
    };
    write().map_err(|err| io_error(err, format!("cannot write `{}`", path.display())))
}

/// The files that a backup has made so far; dropped without [`Partial::keep`] it removes them.
#[derive(Default)]
struct Partial {
    files: Vec<PathBuf>,
}

/// The parts of a backup's name.
struct Name<'a> {
    folder: &'a Path,
    database: &'a Path,
    at: &'a str,
}

impl Name<'_> {
    /// The path of the backup, with milliseconds that are `later` by so many, within the same second.
    ///
    /// `app_20260101_093000_250.db`
    fn path(&self, later: u32) -> PathBuf {
        let digits: String = self.at.chars().filter(char::is_ascii_digit).collect();
        let (day, rest) = digits.split_at_checked(8).unwrap_or((&digits, ""));
        let (time, millis) = rest.split_at_checked(6).unwrap_or((rest, ""));
        let millis = millis.parse::<u32>().unwrap_or(0).saturating_add(later) % 1000;
        let mut name = self.database.file_stem().unwrap_or(self.database.as_os_str()).to_owned();
        name.push(format!("_{day}_{time}_{millis:03}.db"));
        self.folder.join(name)
    }
}

/// So many names there are within one second.
const COLLISIONS: u32 = 999;

impl Partial {
    /// A new empty file under a temporary name.
    fn create(&mut self, folder: &Path, database: &Path) -> Result<PathBuf> {
        let stem = database.file_stem().unwrap_or(database.as_os_str());
        let mut at = 0;
        loop {
            let mut name = std::ffi::OsString::from(".");
            name.push(stem);
            name.push(format!("_{}_{at}.part", std::process::id()));
            let path = folder.join(name);
            match create_file(&path) {
                Ok(_) => {
                    self.files.push(path.clone());
                    return Ok(path);
                }
                Err(err) if err.kind() == io::ErrorKind::AlreadyExists && at < COLLISIONS => at += 1,
                Err(err) => {
                    return Err(io_error(err, format!("cannot write to the folder `{}`", folder.display())));
                }
            }
        }
    }

    /// Renames `temporary` to the first name that is free, which an empty file holds until then.
    fn publish(&mut self, temporary: &Path, name: &Name<'_>) -> Result<PathBuf> {
        let mut later = 0;
        loop {
            let path = name.path(later);
            let note_is_free = !path.with_extension("json").exists();
            let made = if note_is_free {
                create_file(&path).map(drop)
            } else {
                Err(io::ErrorKind::AlreadyExists.into())
            };
            match made {
                Ok(()) => self.files.push(path.clone()),
                Err(err) if err.kind() == io::ErrorKind::AlreadyExists && later < COLLISIONS => {
                    later += 1;
                    continue;
                }
                Err(err) => return Err(io_error(err, format!("cannot write `{}`", path.display()))),
            }
            return match fs::rename(temporary, &path) {
                Ok(()) => Ok(path),
                Err(err) => Err(io_error(err, format!("cannot rename the copy to `{}`", path.display()))),
            };
        }
    }

    fn keep(mut self) {
        self.files.clear();
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        for path in &self.files {
            let _ = fs::remove_file(path);
            // What SQLite may have made beside a copy that was cut off.
            for suffix in ["-journal", "-wal", "-shm"] {
                let _ = fs::remove_file(with_suffix(path, suffix));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            verify(&info, None).expect("verify");
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
        verify(&info, None).expect("verify");
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
        verify(&info, None).expect("verify");
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
        assert_eq!(verify(&info, None).expect_err("damaged").kind(), ErrorKind::Backup);
        fs::remove_file(&info.path).expect("remove");
        assert_eq!(verify(&info, None).expect_err("gone").kind(), ErrorKind::Backup);
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
