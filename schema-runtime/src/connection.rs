//! The connections that we open, and the transaction that a migration runs in.
//!
//! Owns: opening a file with one clear error for everything that can be wrong with it, scratch databases, the write lock,
//! commit and rollback. What a migration changes about a connection is in `settings`, how long a statement may
//! run in `deadline`, and what SQLite's result codes mean in `sqlite_error`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags};

#[allow(unused_imports, reason = "one place to take everything about a connection from")]
pub(crate) use crate::deadline::{Cancel, Deadline};
pub(crate) use crate::location::{database_path, is_memory, name_of, with_suffix};
#[allow(unused_imports, reason = "one place to take everything about a connection from")]
pub(crate) use crate::settings::Settings;
use crate::sqlite_error::is_vetoed;
pub(crate) use crate::sqlite_error::{SqliteResult, sqlite_error};
use crate::{Error, ErrorKind, Result};

/// What the user does to every connection that we open: keys, functions, collations, modules.
pub(crate) type Hook = Arc<dyn Fn(&Connection) -> rusqlite::Result<()> + Send + Sync>;

/// What a connection is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OpenMode {
    /// To look. Never creates a file, and SQL cannot write.
    ReadOnly,
    /// To change a file that exists.
    ReadWrite,
    /// To change a file, which is created where there is none.
    Create,
}

/// Opens the database at `path`, calls `hook`, and reads the file's header, so that a file which is no database fails here.
///
/// The path is a plain one: `file:` starts a name like any other. Locks of others are waited for up to `busy`.
/// `ReadOnly` opens for writing and forbids writes (`query_only`), because a connection that SQLite opens read-only
/// leaves the `-wal` and `-shm` files behind that it had to make. A hot journal is rolled back, as by any reader; a log that was
/// there before is left as it is. What passes `query_only`, a `PRAGMA journal_mode = …` in the hook, is the hook's doing: it could
/// only be made to fail. The schema is not parsed.
///
/// # Errors
/// `Open`, `NotADatabase`, `Corrupt`, `ReadOnly` or `Busy`; with `Create` an empty file may be left.
pub(crate) fn open(path: &Path, mode: OpenMode, hook: Option<&Hook>, busy: Duration) -> Result<Connection> {
    let what = || format!("cannot open `{}`", path.display());
    check_path(path, mode).map_err(|err| err.context(what()))?;
    let had_log =
        mode == OpenMode::ReadOnly && fs::metadata(with_suffix(path, "-wal")).is_ok_and(|log| log.len() > 0);
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if mode == OpenMode::Create {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
    }
    let conn = Connection::open_with_flags(plain(path), flags).at(what)?;
    conn.busy_timeout(busy).at(what)?;
    if had_log {
        conn.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).at(what)?;
    }
    let read_only = || match mode {
        OpenMode::ReadOnly => conn.execute_batch("PRAGMA query_only = ON").at(what),
        _ => Ok(()),
    };
    read_only()?;
    call_hook(&conn, hook).map_err(|err| err.context(what()))?;
    read_only()?;
    match conn.query_row("PRAGMA main.schema_version", [], |row| row.get::<_, i64>(0)) {
        Ok(_) => Ok(conn),
        Err(err) if is_busy_code(&err) => Err(locked(what(), busy).source(err)),
        Err(err) => Err(sqlite_error(err, what())),
    }
}

/// Calls the user's hook.
///
/// # Errors
/// As `sqlite_error` says for what the hook returned.
pub(crate) fn call_hook(conn: &Connection, hook: Option<&Hook>) -> Result<()> {
    match hook {
        Some(hook) => hook(conn).at(|| "the hook given to `Migrator::connection` failed".to_owned()),
        None => Ok(()),
    }
}

/// Refuses by `stat` alone what SQLite would refuse with one text for everything, or would wait for, as a pipe.
fn check_path(path: &Path, mode: OpenMode) -> Result<()> {
    let refused = |cause: &str| Err(Error::new(ErrorKind::Open, cause));
    if path.as_os_str().is_empty() || path.as_os_str() == ":memory:" {
        return refused("the path names no file").map_err(|err| {
            err.help("an in-memory database lives in its connection: open one and call `run_on`")
        });
    }
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => refused("it is a directory")
            .map_err(|err| err.help("give the path of the database file, not of its folder")),
        Ok(found) if !found.is_file() => refused("it is not a regular file"),
        Ok(_) => Ok(()),
        Err(err) if err.kind() == io::ErrorKind::NotFound => check_missing(path, mode),
        Err(err) => Err(Error::new(ErrorKind::Open, "the path cannot be followed")
            .source(err)
            .help("check the path, the links in it, and the permissions of its folders")),
    }
}

/// What can be said of a path where no file is.
fn check_missing(path: &Path, mode: OpenMode) -> Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if !folder.is_dir() {
        return Err(Error::new(ErrorKind::Open, format!("there is no folder `{}`", folder.display()))
            .help("create the folder, or correct the path"));
    }
    if mode == OpenMode::Create {
        return Ok(());
    }
    let cause = match fs::symlink_metadata(path) {
        Ok(_) => "it is a symbolic link to a file that does not exist",
        Err(_) => "there is no such file",
    };
    Err(Error::new(ErrorKind::Open, cause)
        .help("check the path; `run` creates a database, reading one does not"))
}

/// `path` so that SQLite does not take it for a URI, also where SQLite was compiled to look for them.
fn plain(path: &Path) -> PathBuf {
    if path.as_os_str().as_encoded_bytes().starts_with(b"file:") {
        Path::new(".").join(path)
    } else {
        path.to_owned()
    }
}

/// An empty in-memory database to read wanted catalogs from and to rehearse in: foreign keys off, the user's hook
/// applied, and with the encoding and the trust in the schema that `live` has. The rules for double-quoted strings are those
/// that SQLite was compiled with; the oldest rusqlite of the range cannot ask for others, so a program that sets them does so
/// in its hook.
///
/// # Errors
/// `Missing`, `Sqlite` or what the hook returned.
pub(crate) fn scratch(live: Option<&Connection>, hook: Option<&Hook>) -> Result<Connection> {
    let what = || "cannot make a scratch database".to_owned();
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_in_memory_with_flags(flags).at(what)?;
    if let Some(live) = live {
        let encoding: String = live.query_row("PRAGMA main.encoding", [], |row| row.get(0)).at(what)?;
        conn.execute_batch(&format!("PRAGMA encoding = {}", schema_sql::quote_str(&encoding))).at(what)?;
        let trusted: i64 = live.query_row("PRAGMA trusted_schema", [], |row| row.get(0)).unwrap_or(1);
        conn.execute_batch(&format!("PRAGMA trusted_schema = {trusted}")).at(what)?;
    }
    call_hook(&conn, hook).map_err(|err| err.context(what()))?;
    conn.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA query_only = OFF; PRAGMA cache_size = -512")
        .at(what)?;
    Ok(conn)
}

/// Whether the connection keeps its locks, and shuts every other out.
///
/// SQLite: <https://www.sqlite.org/pragma.html#pragma_locking_mode>.
pub(crate) fn is_exclusive(conn: &Connection) -> Result<bool> {
    let mode: String = conn
        .query_row("PRAGMA main.locking_mode", [], |row| row.get(0))
        .at(|| "cannot read the locking mode".to_owned())?;
    Ok(mode.eq_ignore_ascii_case("exclusive"))
}

/// The version of the SQLite that is linked, at run time: 3.40.1 is 3040001.
pub(crate) fn sqlite_version() -> i32 {
    rusqlite::version_number()
}

/// The present time by SQLite's clock: RFC 3339, UTC, with milliseconds.
///
/// # Errors
/// `Sqlite`, if the file system has no clock.
pub(crate) fn now(conn: &Connection) -> Result<String> {
    conn.query_row("SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now')", [], |row| row.get(0))
        .at(|| "cannot read the clock".to_owned())
}

/// Refuses a connection that is inside a transaction, or that has a statement which was stepped and not reset.
///
/// Statements of other connections do not count; those of this one are seen even where they come from C code.
///
/// # Errors
/// `Connection`; nothing was changed.
pub(crate) fn refuse_if_in_use(conn: &Connection) -> Result<()> {
    let (cause, help) = if !conn.is_autocommit() {
        ("a transaction is open on it", "commit or roll back before `run_on`")
    } else if conn.is_busy() {
        (
            "a statement on it has not been read to its end",
            "drop or reset all rows and statements before `run_on`",
        )
    } else {
        return Ok(());
    };
    Err(Error::new(ErrorKind::Connection, "cannot migrate through this connection").cause(cause).help(help))
}

/// Takes the write lock of `main`, waiting up to `wait` for others to give it up.
///
/// The connection's own busy timeout is set aside for that long. A busy handler that the user installed stays (SQLite
/// cannot give it back), and is asked first.
///
/// # Errors
/// `Busy`, with how long was waited; `Cancelled`; and whatever reading the file's header may give. No transaction is open then.
pub(crate) fn begin_immediate(conn: &Connection, wait: Duration, cancel: Option<&Cancel>) -> Result<()> {
    let what = || format!("cannot lock {}", name_of(conn));
    let _timeout = NoTimeout::set(conn).at(what)?;
    let mut pause = Pause::new(wait);
    loop {
        if cancel.is_some_and(Cancel::is_cancelled) {
            return Err(Error::new(ErrorKind::Cancelled, what())
                .cause("the run was cancelled")
                .help("start again"));
        }
        match conn.execute_batch("BEGIN IMMEDIATE") {
            Ok(()) => return Ok(()),
            Err(err) if is_busy_code(&err) => {
                if !pause.next() {
                    return Err(locked(what(), wait).source(err));
                }
            }
            Err(err) => return Err(sqlite_error(err, what())),
        }
    }
}

/// Begins a transaction in which everything that is read is one state of the file.
///
/// # Errors
/// `Sqlite` where a transaction is open already.
pub(crate) fn begin_reading(conn: &Connection) -> Result<()> {
    conn.execute_batch("BEGIN").at(|| format!("cannot read {}", name_of(conn)))
}

/// Commits. Where readers hold the file (rollback-journal mode) it tries again until `wait` is over.
///
/// # Errors
/// `Busy`, `Io`, `DiskFull` and others. The state line is honest: where the transaction was still open it was rolled back, and nothing
/// has changed. Where SQLite had ended it, the change may be in the file all the same (seen in 10 of 980 injected
/// faults): read the history again after every error of this function.
pub(crate) fn commit(conn: &Connection, wait: Duration) -> Result<()> {
    let what = || format!("cannot commit to {}", name_of(conn));
    let _timeout = NoTimeout::set(conn).at(what)?;
    let mut pause = Pause::new(wait);
    loop {
        let Err(err) = conn.execute_batch("COMMIT") else { return Ok(()) };
        let busy = is_busy_code(&err);
        if busy && !conn.is_autocommit() && pause.next() {
            continue;
        }
        if conn.is_autocommit() && !is_vetoed(&err) {
            return Err(sqlite_error(err, what()).state(
                "SQLite ended the transaction while it committed; the change may or may not be in the file",
            ));
        }
        let error = if busy { locked(what(), wait).source(err) } else { sqlite_error(err, what()) };
        return Err(rolled_back(conn, error));
    }
}

/// Lets the connection read only, from here on.
///
/// # Errors
/// Whatever SQLite says.
pub(crate) fn forbid_writes(conn: &Connection) -> Result<()> {
    conn.execute_batch("PRAGMA query_only = ON").at(|| format!("cannot make {} read-only", name_of(conn)))
}

/// Rolls back, unless SQLite has already done so by itself.
///
/// # Errors
/// Whatever SQLite says; the transaction may still be open then.
pub(crate) fn rollback(conn: &Connection) -> Result<()> {
    if conn.is_autocommit() {
        return Ok(());
    }
    conn.execute_batch("ROLLBACK").at(|| format!("cannot roll back {}", name_of(conn)))
}

/// Rolls back because of `error`, which is given back with the state that this left; a rollback that fails is a reason more.
pub(crate) fn rolled_back(conn: &Connection, error: Error) -> Error {
    let ended = rollback(conn);
    if ended.is_ok() {
        forget_schema(conn);
    }
    match ended {
        Ok(()) => error.state(format!("transaction rolled back; {} is unchanged", name_of(conn))),
        Err(second) => error
            .cause(format!("and then: {}", second.what()))
            .state("the transaction is still open; closing the connection rolls it back"),
    }
}

/// Refuses to go on where no transaction is open any more: SQLite rolls the whole transaction back by itself after some errors, an interrupted
/// write and a failed read among them, and what followed would be committed by itself.
///
/// SQLite: <https://www.sqlite.org/lang_transaction.html>, "Response To Errors Within A Transaction".
pub(crate) fn refuse_ended(conn: &Connection) -> Result<()> {
    if !conn.is_autocommit() {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Apply, "SQLite has ended the transaction by itself").help("start again"))
}

/// Makes SQLite read the schema again. An edit of the catalog that was rolled back is still what this connection knows, and its
/// schema version the one that the next change by another connection gives the file: then nothing would tell them apart.
pub(crate) fn forget_schema(conn: &Connection) {
    let _ = conn.execute_batch("PRAGMA writable_schema = RESET");
}

/// Proves that the main database can be written, by a write that is taken back, inside the transaction that is still open.
///
/// `BEGIN IMMEDIATE` succeeds on a read-only file, so without this the first real write would tell.
///
/// # Errors
/// `ReadOnly`, `DiskFull` and others; the transaction may have been rolled back by SQLite. `Apply` where it was before.
pub(crate) fn prove_writable(conn: &Connection) -> Result<()> {
    refuse_ended(conn)?;
    conn.execute_batch(
        "SAVEPOINT schema_probe;
         CREATE TABLE main.migration_write_probe (x);
         ROLLBACK TO schema_probe;
         RELEASE schema_probe",
    )
    .at(|| format!("cannot write to {}", name_of(conn)))
}

/// Proves that the connection's authorizer lets a table be made. It is asked when a statement is prepared, and nothing is written. Whatever
/// else is against this one, such as its name, is not against those of the plan.
///
/// # Errors
/// `Connection` where it does not.
pub(crate) fn prove_creating(conn: &Connection) -> Result<()> {
    match conn.prepare("CREATE TABLE main.migration_write_probe (x)") {
        Err(err) if err.sqlite_error_code() == Some(rusqlite::ErrorCode::AuthorizationForStatementDenied) => {
            Err(err).at(|| format!("cannot make a table in {}", name_of(conn)))
        }
        _ => Ok(()),
    }
}

/// Refuses a file whose last page was cut: SQLite reads what is missing as zeros. Must be called under the write lock.
///
/// # Errors
/// `Corrupt`, with the sizes; what reading the header may give.
pub(crate) fn refuse_cut_file(conn: &Connection) -> Result<()> {
    let what = || format!("cannot use {}", name_of(conn));
    let mode: String = conn.query_row("PRAGMA main.journal_mode", [], |row| row.get(0)).at(what)?;
    // The newest pages of a WAL database may still be in its log alone.
    let Some(path) = database_path(conn).filter(|_| mode != "wal") else { return Ok(()) };
    let number = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0)).at(what);
    let page = number("PRAGMA main.page_size")?.max(1);
    let size = number("PRAGMA main.page_count")?.saturating_mul(page).unsigned_abs();
    match fs::metadata(&path) {
        // An empty file has its first page as soon as it is locked.
        Ok(found) if found.len() < size && found.len() % page.unsigned_abs() != 0 => {
            Err(Error::new(ErrorKind::Corrupt, what())
                .cause(format!("the file was cut: it has {} of its {size} bytes", found.len()))
                .help("restore a backup, or save what is left with `sqlite3 <file> .recover`"))
        }
        _ => Ok(()),
    }
}

/// The first temporary table or view that hides a table of the main database. SQLite then reads indexes of the hidden one as
/// if they were on the other, and refuses most forms of ALTER TABLE.
pub(crate) fn hiding_table(conn: &Connection) -> Option<String> {
    hiding_tables(conn).ok()?.into_iter().next()
}

/// Whether the connection has temporary objects, which few have: whatever else is asked about them takes longer.
///
/// # Errors
/// Whatever SQLite says.
pub(crate) fn has_temporary(conn: &Connection) -> rusqlite::Result<bool> {
    conn.query_row("SELECT EXISTS (SELECT 1 FROM temp.sqlite_schema)", [], |row| row.get(0))
}

/// All temporary tables and views that hide a table of the main database, by name.
pub(crate) fn hiding_tables(conn: &Connection) -> Result<Vec<String>> {
    let sql = "SELECT hides.name FROM temp.sqlite_schema AS hides JOIN main.sqlite_schema AS hidden
               ON hidden.name = hides.name COLLATE NOCASE
               WHERE hides.type IN ('table', 'view') AND hidden.type = 'table' ORDER BY 1";
    let what = || "cannot read the connection's temporary tables".to_owned();
    if !has_temporary(conn).at(what)? {
        return Ok(Vec::new());
    }
    let mut statement = conn.prepare(sql).at(what)?;
    let names = statement.query_map([], |row| row.get(0)).at(what)?;
    names.map(|name| name.at(what)).collect()
}

fn locked(what: String, wait: Duration) -> Error {
    Error::new(ErrorKind::Busy, what)
        .cause(format!(
            "another connection held a lock for all of the {} ms that were waited",
            wait.as_millis()
        ))
        .help("end the other transaction or program, or wait longer with `Migrator::lock_wait`")
}

fn is_busy_code(err: &rusqlite::Error) -> bool {
    matches!(
        err.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed)
    )
}

/// Sets the busy timeout aside while we wait in our own steps, in which a cancellation is seen.
struct NoTimeout<'c> {
    conn: &'c Connection,
    millis: u64,
}

impl<'c> NoTimeout<'c> {
    fn set(conn: &'c Connection) -> rusqlite::Result<Self> {
        let millis: i64 = conn.query_row("PRAGMA busy_timeout", [], |row| row.get(0))?;
        let millis = u64::try_from(millis).unwrap_or(0);
        // Zero also stands for a busy handler of the user's, which setting any timeout would remove.
        if millis > 0 {
            conn.busy_timeout(Duration::ZERO)?;
        }
        Ok(NoTimeout { conn, millis })
    }
}

impl Drop for NoTimeout<'_> {
    fn drop(&mut self) {
        if self.millis > 0 {
            let _ = self.conn.busy_timeout(Duration::from_millis(self.millis));
        }
    }
}

/// Waits in growing steps of up to 50 ms, until a time is over.
pub(crate) struct Pause {
    end: Option<Instant>,
    step: Duration,
}

impl Pause {
    pub(crate) fn new(wait: Duration) -> Self {
        Pause { end: Instant::now().checked_add(wait), step: Duration::from_millis(1) }
    }

    /// Waits once; `false` when the time is over. A time too long to add to the clock never is.
    pub(crate) fn next(&mut self) -> bool {
        let left = match self.end {
            Some(end) => end.saturating_duration_since(Instant::now()),
            None => Duration::MAX,
        };
        if left.is_zero() {
            return false;
        }
        std::thread::sleep(self.step.min(left));
        self.step = (self.step * 2).min(Duration::from_millis(50));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    const SHORT: Duration = Duration::from_millis(20);

    fn failure(path: &Path, mode: OpenMode) -> Error {
        open(path, mode, None, SHORT).expect_err("must fail")
    }

    fn content(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
        let entries = fs::read_dir(folder).expect("folder").map(|entry| entry.expect("entry").path());
        entries
            .filter(|path| path.is_file())
            .map(|path| (path.clone(), fs::read(path).expect("file")))
            .collect()
    }

    fn make(path: &Path, mode: &str) {
        let conn = Connection::open(plain(path)).expect("file");
        conn.execute_batch(&format!(
            "PRAGMA journal_mode = {mode}; CREATE TABLE t (a); INSERT INTO t VALUES (1)"
        ))
        .expect("table");
    }

    #[test]
    fn what_is_wrong_with_a_path_is_said_and_nothing_is_created() {
        let folder = tempfile::tempdir().expect("folder");
        let at = |name: &str| folder.path().join(name);
        for mode in [OpenMode::ReadOnly, OpenMode::ReadWrite] {
            assert!(failure(&at("none.db"), mode).to_string().contains("there is no such file"));
        }
        for mode in [OpenMode::ReadOnly, OpenMode::Create] {
            assert!(failure(&at("none/a.db"), mode).to_string().contains("there is no folder"));
            assert!(failure(folder.path(), mode).to_string().contains("it is a directory"));
            assert_eq!(failure(Path::new(":memory:"), mode).kind(), ErrorKind::Open);
            assert_eq!(failure(Path::new("a\0b"), mode).kind(), ErrorKind::Open);
        }
        assert!(content(folder.path()).is_empty());
    }

    #[test]
    fn what_is_wrong_with_a_file_is_a_kind_and_leaves_it_as_it_was() {
        let folder = tempfile::tempdir().expect("folder");
        let at = |name: &str| folder.path().join(name);
        make(&at("whole.db"), "DELETE");
        let whole = fs::read(at("whole.db")).expect("read");
        fs::write(at("text.db"), "not a database, but a text that is long enough".repeat(100))
            .expect("write");
        fs::write(at("short.db"), &whole[..4096]).expect("write");
        fs::write(at("shorter.db"), &whole[..100]).expect("write");
        let before = content(folder.path());
        assert_eq!(failure(&at("text.db"), OpenMode::Create).kind(), ErrorKind::NotADatabase);
        assert_eq!(failure(&at("short.db"), OpenMode::Create).kind(), ErrorKind::Corrupt);
        assert!(open(&at("shorter.db"), OpenMode::Create, None, SHORT).is_err());
        assert_eq!(content(folder.path()), before);
    }

    #[test]
    fn a_file_format_of_a_newer_sqlite_is_named() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("a.db");
        make(&path, "DELETE");
        let mut bytes = fs::read(&path).expect("read");
        bytes[47] = 5;
        fs::write(&path, bytes).expect("write");
        let conn = open(&path, OpenMode::ReadOnly, None, SHORT).expect("the header alone is fine");
        let err = conn.prepare("SELECT 1 FROM t").map(|_| ()).at(String::new).expect_err("schema");
        assert_eq!(err.kind(), ErrorKind::NewerSqlite);
    }

    #[test]
    fn reading_leaves_files_and_folder_as_they_were() {
        for mode in ["DELETE", "WAL"] {
            let folder = tempfile::tempdir().expect("folder");
            let path = folder.path().join("a.db");
            make(&path, mode);
            let before = content(folder.path());
            let conn = open(&path, OpenMode::ReadOnly, None, SHORT).expect("open");
            assert_eq!(conn.query_row("SELECT a FROM t", [], |row| row.get::<_, i64>(0)).ok(), Some(1));
            let err = conn.execute("INSERT INTO t VALUES (2)", []).expect_err("write");
            assert_eq!(sqlite_error(err, "x").kind(), ErrorKind::ReadOnly);
            drop(conn);
            assert_eq!(content(folder.path()), before, "{mode}");
        }
    }

    #[test]
    fn reading_leaves_the_log_of_a_killed_writer_as_it_was() {
        let folder = tempfile::tempdir().expect("folder");
        let (path, copy) = (folder.path().join("a.db"), tempfile::tempdir().expect("folder"));
        let writer = Connection::open(&path).expect("file");
        writer
            .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (a); INSERT INTO t VALUES (1)")
            .expect("t");
        for name in ["a.db", "a.db-wal"] {
            fs::copy(folder.path().join(name), copy.path().join(name)).expect("copy");
        }
        let before = content(copy.path());
        let conn = open(&copy.path().join("a.db"), OpenMode::ReadOnly, None, SHORT).expect("open");
        assert_eq!(conn.query_row("SELECT a FROM t", [], |row| row.get::<_, i64>(0)).ok(), Some(1));
        drop(conn);
        let mut after = content(copy.path());
        after.retain(|path, _| !path.to_string_lossy().ends_with("-shm"));
        assert_eq!(after, before);
    }

    #[test]
    fn a_name_that_looks_like_a_uri_is_a_name() {
        let plain_name = plain(Path::new("file:a.db?mode=memory"));
        assert_eq!(plain_name, Path::new("./file:a.db?mode=memory"));
        assert_eq!(plain(Path::new("a.db")), Path::new("a.db"));
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_and_their_faults_named() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().expect("folder");
        let at = |name: &str| folder.path().join(name);
        make(&at("real.db"), "DELETE");
        symlink(at("real.db"), at("link.db")).expect("link");
        symlink(at("round.db"), at("round.db")).expect("link");
        symlink(at("gone.db"), at("dangling.db")).expect("link");
        let conn = open(&at("link.db"), OpenMode::ReadWrite, None, SHORT).expect("open");
        assert_eq!(database_path(&conn), fs::canonicalize(at("real.db")).ok());
        assert!(!is_memory(&conn));
        assert_eq!(failure(&at("round.db"), OpenMode::Create).kind(), ErrorKind::Open);
        assert!(failure(&at("dangling.db"), OpenMode::ReadOnly).to_string().contains("symbolic link"));
    }

    #[test]
    fn a_lock_is_waited_for_only_so_long_and_the_timeout_comes_back() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("a.db");
        make(&path, "DELETE");
        let other = open(&path, OpenMode::ReadWrite, None, SHORT).expect("open");
        let conn = open(&path, OpenMode::ReadWrite, None, Duration::from_millis(77)).expect("open");
        begin_immediate(&other, SHORT, None).expect("free");
        let err = begin_immediate(&conn, SHORT, None).expect_err("locked");
        assert_eq!(err.kind(), ErrorKind::Busy);
        assert!(err.to_string().contains("20 ms"), "{err}");
        let cancel = Cancel::new();
        cancel.cancel();
        let err = begin_immediate(&conn, Duration::MAX, Some(&cancel)).expect_err("cancelled");
        assert_eq!(err.kind(), ErrorKind::Cancelled);
        let timeout = conn.query_row("PRAGMA busy_timeout", [], |row| row.get::<_, i64>(0));
        assert_eq!(timeout.ok(), Some(77));
    }

    #[test]
    fn a_commit_that_readers_hold_up_is_rolled_back_and_says_so() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("a.db");
        make(&path, "DELETE");
        let reader = open(&path, OpenMode::ReadOnly, None, SHORT).expect("open");
        let conn = open(&path, OpenMode::ReadWrite, None, SHORT).expect("open");
        begin_immediate(&conn, SHORT, None).expect("lock");
        conn.execute("INSERT INTO t VALUES (2)", []).expect("insert");
        reader.execute_batch("BEGIN; SELECT * FROM t").expect("read");
        let err = commit(&conn, SHORT).expect_err("busy");
        assert_eq!(err.kind(), ErrorKind::Busy);
        assert!(err.state_line().is_some_and(|state| state.contains("unchanged")), "{err}");
        assert!(conn.is_autocommit());
        reader.execute_batch("COMMIT").expect("end");
        begin_immediate(&conn, SHORT, None).expect("lock");
        prove_writable(&conn).expect("writable");
        commit(&conn, SHORT).expect("commit");
        assert_eq!(conn.query_row("SELECT count(*) FROM t", [], |row| row.get::<_, i64>(0)).ok(), Some(1));
    }

    #[test]
    fn a_rollback_keeps_the_first_error() {
        let conn = Connection::open_in_memory().expect("memory");
        conn.execute_batch("BEGIN; ROLLBACK").expect("ended");
        let err = rolled_back(&conn, Error::new(ErrorKind::Apply, "first"));
        assert_eq!((err.kind(), err.what()), (ErrorKind::Apply, "first"));
    }

    #[test]
    fn a_file_that_cannot_be_written_is_found_by_the_probe() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("a.db");
        make(&path, "DELETE");
        let conn = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("open");
        begin_immediate(&conn, SHORT, None).expect("SQLite grants it");
        assert_eq!(prove_writable(&conn).expect_err("read-only").kind(), ErrorKind::ReadOnly);
    }

    #[cfg(unix)]
    #[test]
    fn missing_permissions_are_named() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("folder");
        let at = |name: &str| folder.path().join(name);
        let allow =
            |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("mode");
        make(&at("a.db"), "DELETE");
        make(&at("wal.db"), "WAL");
        allow(&at("a.db"), 0o444);
        if fs::OpenOptions::new().append(true).open(at("a.db")).is_ok() {
            println!("skipped: this user may write everywhere");
            return;
        }
        let conn = open(&at("a.db"), OpenMode::ReadWrite, None, SHORT).expect("it can be read");
        begin_immediate(&conn, SHORT, None).expect("SQLite grants it");
        assert_eq!(prove_writable(&conn).expect_err("read-only").kind(), ErrorKind::ReadOnly);
        drop(conn);
        allow(folder.path(), 0o555);
        assert!(open(&at("a.db"), OpenMode::ReadOnly, None, SHORT).is_ok());
        assert_eq!(failure(&at("new.db"), OpenMode::Create).kind(), ErrorKind::Open);
        let kind = failure(&at("wal.db"), OpenMode::ReadOnly).kind();
        assert!(matches!(kind, ErrorKind::Open | ErrorKind::ReadOnly), "{kind:?}");
        allow(&at("a.db"), 0);
        assert_eq!(failure(&at("a.db"), OpenMode::ReadOnly).kind(), ErrorKind::Open);
        allow(folder.path(), 0);
        assert_eq!(failure(&at("a.db"), OpenMode::Create).kind(), ErrorKind::Open);
        allow(folder.path(), 0o700);
    }

    #[test]
    fn a_connection_in_use_is_refused() {
        let conn = Connection::open_in_memory().expect("memory");
        assert!(refuse_if_in_use(&conn).is_ok());
        {
            let mut statement = conn.prepare("SELECT 1 UNION SELECT 2").expect("prepare");
            let mut rows = statement.query([]).expect("query");
            rows.next().expect("row");
            assert_eq!(refuse_if_in_use(&conn).expect_err("live").kind(), ErrorKind::Connection);
        }
        assert!(refuse_if_in_use(&conn).is_ok());
        conn.execute_batch("BEGIN").expect("begin");
        assert_eq!(refuse_if_in_use(&conn).expect_err("open").kind(), ErrorKind::Connection);
    }

    #[test]
    fn a_scratch_database_is_like_the_live_one() {
        let live = Connection::open_in_memory().expect("memory");
        live.execute_batch("PRAGMA encoding = 'UTF-16le'; CREATE TABLE t (a)").expect("encoding");
        live.execute_batch("PRAGMA trusted_schema = OFF").expect("a pragma");
        let hook: Hook =
            Arc::new(|conn| conn.execute_batch("PRAGMA foreign_keys = ON; CREATE TEMP TABLE hooked (a)"));
        let conn = scratch(Some(&live), Some(&hook)).expect("scratch");
        let text = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, String>(0)).ok();
        assert_eq!(text("PRAGMA encoding").as_deref(), Some("UTF-16le"));
        assert_eq!(conn.query_row("PRAGMA trusted_schema", [], |row| row.get::<_, i64>(0)).ok(), Some(0));
        assert_eq!(conn.query_row("PRAGMA foreign_keys", [], |row| row.get::<_, i64>(0)).ok(), Some(0));
        assert!(conn.prepare("SELECT * FROM hooked").is_ok());
        let now = now(&conn).expect("clock");
        assert!(now.len() == 24 && now.ends_with('Z') && now.contains('T'), "{now}");
    }

    #[test]
    fn a_hook_that_fails_is_named() {
        let hook: Hook = Arc::new(|conn| conn.execute_batch("SELECT nope()"));
        let err = scratch(None, Some(&hook)).expect_err("hook");
        assert!(err.to_string().contains("Migrator::connection"), "{err}");
    }
}
