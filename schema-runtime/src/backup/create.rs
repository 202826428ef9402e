//! Makes one backup: copies the pages, proves the copy, and gives it its name and its note.

use std::fs::{self, OpenOptions};
use std::io;
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::config::DbConfig;

use super::files::{
    Name, Partial, flush_and_hash, flush_folder, give_mode_and_owner, give_owner, write_note,
};
use super::verify::quick_check;
use super::{BackupInfo, FULL, available_space, default_folder, io_error};
use crate::connection::{Hook, OpenMode, Pause, SqliteResult, now, open};
use crate::sqlite_error::kind_of;
use crate::{Error, ErrorKind, Result};

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
    /// For the note: the checksum of the history's first row.
    pub(crate) history: Option<&'a str>,
    /// For the note: why.
    pub(crate) reason: &'a str,
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
    thread::scope(|scope| {
        let flushing = Flushing::start(scope, &temporary);
        copy(source, &temporary, request, &mut |pages, of| {
            if pages < of {
                flushing.go_on();
            }
            progress(pages, of)
        })?;
        flushing.end()
    })?;
    let (sha256, bytes) = prove(&temporary, &facts, request.hook)?;
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
        history: request.history.map(str::to_owned),
        reason: request.reason.to_owned(),
        pages: facts.pages,
        verified_at: Some(now(source)?),
    };
    write_note(&info, &mut partial)?;
    flush_folder(folder).map_err(|err| io_error(err, format!("cannot flush `{}`", folder.display())))?;
    partial.keep();
    Ok(info)
}

/// Flushes a copy while it is written, so that little is left to flush at its end.
struct Flushing<'scope> {
    written: SyncSender<()>,
    flushed: io::Result<ScopedJoinHandle<'scope, io::Result<()>>>,
}

impl<'scope> Flushing<'scope> {
    /// Without a thread to be had, all is flushed at the end; what is written last is in any case, while the copy is checked.
    fn start<'env>(scope: &'scope thread::Scope<'scope, 'env>, path: &'env Path) -> Self {
        let (written, some) = sync_channel(1);
        let flush = move || {
            let file = OpenOptions::new().write(true).open(path)?;
            some.iter().try_for_each(|()| file.sync_data())
        };
        Flushing { written, flushed: thread::Builder::new().spawn_scoped(scope, flush) }
    }

    /// More is written. A flush that goes on finds it, or the next one.
    fn go_on(&self) {
        let _ = self.written.try_send(());
    }

    /// # Errors
    /// `DiskFull` or `Backup`, where something could not be flushed.
    fn end(self) -> Result<()> {
        drop(self.written);
        let flushed = joined(self.flushed).unwrap_or(Ok(()));
        flushed.map_err(|err| io_error(err, "cannot flush the copy".to_owned()))
    }
}

/// What the thread returned; `None` where there was none to be had.
fn joined<T>(spawned: io::Result<ScopedJoinHandle<'_, T>>) -> Option<T> {
    Some(spawned.ok()?.join().unwrap_or_else(|panic| resume_unwind(panic)))
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
pub(super) fn backup_kind(kind: ErrorKind) -> ErrorKind {
    match kind {
        ErrorKind::Busy
        | ErrorKind::DiskFull
        | ErrorKind::Corrupt
        | ErrorKind::Cancelled
        | ErrorKind::TimeLimit => kind,
        _ => ErrorKind::Backup,
    }
}

/// Checks the copy, and meanwhile flushes and hashes it, as another core can; its hash and number of bytes. Nobody else knows the
/// file yet: that its locks end when one of the two closes it does no harm. A hook may write to what is opened, such as its journal mode: what it
/// leaves is hashed afterwards.
fn prove(path: &Path, facts: &Facts, hook: Option<&Hook>) -> Result<(String, u64)> {
    if hook.is_some() {
        check(path, facts, hook)?;
        return flush_and_hash(path);
    }
    thread::scope(|scope| {
        let hashing = thread::Builder::new().spawn_scoped(scope, || flush_and_hash(path));
        check(path, facts, hook)?;
        joined(hashing).unwrap_or_else(|| flush_and_hash(path))
    })
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
pub(super) fn refuse_full_disk(folder: &Path, bytes: u64) -> Result<()> {
    match available_space(folder) {
        Some(free) if free < bytes => {
            Err(Error::new(ErrorKind::DiskFull, format!("`{}` is too full", folder.display()))
                .cause(format!("the copy needs {bytes} bytes, {free} are free"))
                .help(FULL))
        }
        _ => Ok(()),
    }
}
