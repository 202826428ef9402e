//! A whole backup, put back into the live file: through SQLite, so that connections that are open go on.
//!
//! What was recorded since the backup is not forgotten: its rows go into the history of what is put back, marked as rolled back, and a row
//! for the restore behind them. That happens in a working copy, so that one write brings back the data and the truth about it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use crate::backup::{self, BackupInfo, BackupPolicy, BackupSource, Working};
use crate::catalog;
use crate::connection::{self, OpenMode, Pause, SqliteResult};
use crate::error::{Error, ErrorKind, Result};
use crate::found;
use crate::migrator::{Migrator, stated};
use crate::report::{Event, Outcome, Report};
use crate::revision::{Kind, Revision, Status};
use crate::run::{About, Run, data_version, disturbed, is_empty};
use crate::snapshot::Snapshot;
use crate::upkeep::resolved;

impl Migrator {
    /// Puts the backup `name`, one of those that [`backups`](Self::backups) lists, back into the database at `path`, whole: rows and
    /// changes since then are gone from it. Its size, hash and content are proved first, and the present state is backed up, unless
    /// the policy is [`BackupPolicy::Never`]. Connections that are open go on, and see what was put back. Nothing of the history is lost: what was
    /// recorded since is there, as rolled back, with a row for the restore. A start-up with a model that came since refuses then, until
    /// [`reapply`](Self::reapply) or another model. A database that is gone is made again.
    ///
    /// # Errors
    /// `Backup` if there is no such backup in the folder, or it is altered or of another database; `Busy` if others hold the database, or wrote
    /// to it in between; `DiskFull`; else what opening and reading may give. The database is as before.
    ///
    /// SQLite: <https://www.sqlite.org/backup.html>.
    pub fn restore(&self, path: impl AsRef<Path>, name: impl AsRef<Path>) -> Result<Report> {
        self.check_options()?;
        let database = resolved(&self.at(path.as_ref()));
        self.tell(stated(Run::restore(self, &database, name.as_ref())))
    }
}

/// What the live file knows that the backup cannot.
struct Present {
    rows: Vec<Revision>,
    saved: std::result::Result<BackupInfo, &'static str>,
}

impl<'a> Run<'a> {
    fn restore(migrator: &'a Migrator, database: &Path, name: &Path) -> Result<Report> {
        let mut run = Run::new(migrator);
        run.kind = Kind::Restore;
        let options = run.options;
        let hook = options.hook.as_ref();
        migrator.emit(&Event::Checking { database: database.display().to_string() });
        let info = run.named(database, name)?;
        backup::verify(&info, hook).map_err(|fault| fault.error)?;
        refuse_full(database, &info)?;
        let mut live = connection::open(database, OpenMode::Create, hook, options.lock_wait)?;
        connection::refuse_if_in_use(&live)?;
        let watch = Watch::begin(&live, database, migrator)?;
        let present = run.present(&live, &watch, database, &info)?;
        let page_size = watch.page_size(&live, &info, migrator)?;
        let (working, mut report) = run.working(&info, page_size, &present)?;
        put_back(&working.open(hook)?, &mut live, &watch, options.lock_wait)?;
        // A lock that was kept goes with the connection.
        drop(live);
        match present.saved {
            Ok(info) => report.backup = Some(info),
            Err(why) => report.no_backup = Some(why.to_owned()),
        }
        report.phases = run.phases;
        report.duration = run.began.elapsed();
        Ok(report)
    }

    /// The backup of this name in the folder; never a file elsewhere.
    fn named(&self, database: &Path, name: &Path) -> Result<BackupInfo> {
        let folder = self.migrator.folder(database);
        let refused = |cause: String| {
            Error::new(ErrorKind::Backup, format!("cannot restore `{}`", name.display()))
                .cause(cause)
                .help("name one that `schema backup DB list` shows, or its folder with `--backup-dir`")
        };
        let inside = match name.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            None => true,
            Some(parent) => match (parent.canonicalize(), folder.canonicalize()) {
                (Ok(parent), Ok(folder)) => parent == folder,
                _ => false,
            },
        };
        let file = name.file_name().filter(|_| inside).ok_or_else(|| {
            refused(format!("it does not lie in the folder of the backups, `{}`", folder.display()))
        })?;
        let found = backup::folder_of(&folder, database)?;
        let is_it = |info: &&BackupInfo| info.path.file_name() == Some(file);
        let Some(info) = found.backups.iter().find(is_it) else {
            let other = found.others.iter().find(is_it);
            return Err(refused(match other {
                Some(other) => format!("it is a backup of `{}`", other.source.display()),
                None => format!("there is no backup of this name in `{}`", folder.display()),
            }));
        };
        if info.path.symlink_metadata().is_ok_and(|file| file.is_symlink()) {
            return Err(refused("it is a link, and may lead out of the folder".to_owned()));
        }
        Ok(info.clone())
    }

    /// Reads the history of now, and saves the state of now.
    fn present(
        &mut self,
        live: &Connection,
        watch: &Watch,
        database: &Path,
        info: &BackupInfo,
    ) -> Result<Present> {
        if is_empty(live)? {
            return Ok(Present { rows: Vec::new(), saved: Err("the database was empty") });
        }
        let identity = self.history.identity(live)?;
        let rows = if self.history.exists(live)? { self.history.all(live)? } else { Vec::new() };
        let other = info.history.as_ref().zip(identity.as_ref()).is_some_and(|(theirs, ours)| theirs != ours);
        if other {
            return Err(Error::new(ErrorKind::Backup, format!("cannot restore `{}`", info.path.display()))
                .cause("its note says that it is of another database")
                .help("move the database away and restore again, if this is what you want"));
        }
        if self.options.backup == BackupPolicy::Never {
            return Ok(Present { rows, saved: Err("the backup policy is never") });
        }
        let about = About {
            version: rows
                .iter()
                .rev()
                .find(|row| row.status == Status::Completed)
                .map(|row| row.version.clone()),
            history: identity,
            reason: format!("before the restore of {}", file_name(&info.path)),
        };
        let source = match watch {
            Watch::Locked => BackupSource::Connection(live),
            Watch::Counted { .. } => BackupSource::File,
        };
        let saved = self.copy(database, source, &about).map_err(|error| {
            error.help("free space or mend what it names, or restore without saving the present state: `--no-backup`")
        })?;
        Ok(Present { rows, saved: Ok(saved) })
    }

    /// The backup with the truth about it.
    fn working(
        &self,
        info: &BackupInfo,
        page_size: Option<i64>,
        present: &Present,
    ) -> Result<(Working, Report)> {
        let hook = self.options.hook.as_ref();
        let working = Working::of(info, page_size, hook)?;
        let conn = working.open(hook)?;
        connection::begin_immediate(&conn, Duration::ZERO, None)?;
        let then = if self.history.exists(&conn)? { self.history.all(&conn)? } else { Vec::new() };
        self.history.ensure(&conn)?;
        self.history.forget_stamps(&conn)?;
        let tail = since(&then, &present.rows);
        let mut report = Report::new(Outcome::Restored, self.migrator.source.name(), "");
        if tail.is_none() {
            report.warnings.push(
                "the history of before the restore is another one than the backup's; the saved copy has it"
                    .to_owned(),
            );
        }
        let tail = tail.unwrap_or_default();
        for row in tail {
            let status = if row.status == Status::Completed { Status::RolledBack } else { row.status };
            self.history.carry_over(&conn, row, status)?;
        }
        let mut models: Vec<&str> = tail.iter().map(|row| row.model.as_str()).collect();
        models.push(self.migrator.source.name());
        models.sort_unstable();
        models.dedup();
        let live = catalog::read(&conn, "main", &found::own_tables(self.migrator))?;
        let batch = self.history.head(&conn)?.map_or(0, |(id, _)| id) + 1;
        for model in models {
            let last = self.history.latest(&conn, model)?;
            let snapshot = match last.and_then(|row| row.snapshot) {
                Some(text) => Snapshot::from_json(&text)?,
                None => Snapshot::of_others(model, live.clone()),
            };
            let name = format!("restore of {}", file_name(&info.path));
            let mut revision = self.revision(&conn, Kind::Restore, &name, batch)?;
            revision.model = model.to_owned();
            revision.version.clone_from(&snapshot.version);
            revision.fingerprint = None;
            revision.snapshot = Some(snapshot.to_json()?);
            revision.backup = present.saved.as_ref().ok().map(|info| info.path.display().to_string());
            let id = self.history.append(&conn, &revision)?;
            if model == self.migrator.source.name() {
                report.version = revision.version;
                report.revision = Some(id);
            }
        }
        connection::commit(&conn, Duration::ZERO)?;
        let from = present.rows.iter().rev().find(|row| {
            row.model == self.migrator.source.name()
                && row.status == Status::Completed
                && row.snapshot.is_some()
        });
        report.from_version = from.map(|row| row.version.clone());
        let undone = tail.iter().filter(|row| row.status == Status::Completed).count();
        report.notes.push(format!("{undone} revisions that came after the backup are marked as rolled back"));
        Ok((working, report))
    }
}

/// How it is seen to that nobody writes between the copy of now and what is put back.
enum Watch {
    /// The connection keeps the file locked from the first look to the last (rollback journal).
    Locked,
    /// In WAL mode others cannot be shut out while they have the file open: their commits are counted, by a connection of its own.
    Counted { counter: Connection, before: i64 },
}

impl Watch {
    fn begin(live: &Connection, database: &Path, migrator: &Migrator) -> Result<Watch> {
        let (hook, wait) = (migrator.options.hook.as_ref(), migrator.options.lock_wait);
        if is_wal(live)? {
            let counter = connection::open(database, OpenMode::ReadOnly, hook, wait)?;
            let before = data_version(&counter)?;
            return Ok(Watch::Counted { counter, before });
        }
        let locked = "PRAGMA main.locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT";
        live.busy_timeout(wait).and_then(|()| live.execute_batch(locked)).map_err(|err| {
            connection::sqlite_error(err, format!("cannot lock {}", connection::name_of(live)))
                .help("end the other transaction or program, or wait longer with `Migrator::lock_wait`")
        })?;
        Ok(Watch::Locked)
    }

    /// In WAL mode SQLite refuses pages of another size.
    fn page_size(&self, live: &Connection, info: &BackupInfo, migrator: &Migrator) -> Result<Option<i64>> {
        let Watch::Counted { .. } = self else { return Ok(None) };
        let size = |conn: &Connection| {
            conn.query_row("PRAGMA main.page_size", [], |row| row.get::<_, i64>(0))
                .at(|| format!("cannot read the page size of {}", connection::name_of(conn)))
        };
        let hook = migrator.options.hook.as_ref();
        let theirs = size(&connection::open(&info.path, OpenMode::ReadOnly, hook, Duration::ZERO)?)?;
        let ours = size(live)?;
        Ok((ours != theirs).then_some(ours))
    }

    /// Whether somebody has committed since.
    fn is_disturbed(&self) -> Result<bool> {
        match self {
            Watch::Locked => Ok(false),
            Watch::Counted { counter, before } => Ok(data_version(counter)? != *before),
        }
    }
}

fn is_wal(conn: &Connection) -> Result<bool> {
    let mode: String = conn
        .query_row("PRAGMA main.journal_mode", [], |row| row.get(0))
        .at(|| "cannot read the journal mode".to_owned())?;
    Ok(mode.eq_ignore_ascii_case("wal"))
}

/// All pages in one transaction of `live`.
fn put_back(from: &Connection, live: &mut Connection, watch: &Watch, wait: Duration) -> Result<()> {
    let what = || "cannot write the backup to the database".to_owned();
    let mut pause = Pause::new(wait);
    let backup = Backup::new(from, live).at(what)?;
    let mut pages = 1;
    loop {
        match backup.step(pages).at(what)? {
            StepResult::Done => return Ok(()),
            // The first page has taken the write lock: what is counted now is all there can be. Dropped, SQLite rolls it back.
            StepResult::More if pages == 1 && watch.is_disturbed()? => {
                return Err(disturbed());
            }
            StepResult::More => pages = -1,
            _ if pause.next() => {}
            _ => {
                return Err(Error::new(ErrorKind::Busy, what())
                    .cause(format!("another connection held a lock for {} ms", wait.as_millis()))
                    .help(
                        "end the other transaction or program, or wait longer with `Migrator::lock_wait`",
                    ));
            }
        }
    }
}

/// The rows that `now` has behind those of `then`; `None` where it is another history.
fn since<'r>(then: &[Revision], now: &'r [Revision]) -> Option<&'r [Revision]> {
    let same = then.len() <= now.len()
        && then.iter().zip(now).all(|(then, now)| then.id == now.id && then.checksum == now.checksum);
    // An empty file has lost its history, and says nothing against the backup's.
    if same || now.is_empty() { Some(now.get(then.len()..).unwrap_or_default()) } else { None }
}

/// The change writes a log or a journal of about the size of the backup, beside the working copy and the saved one.
fn refuse_full(database: &Path, info: &BackupInfo) -> Result<()> {
    let needed = info.bytes.saturating_mul(2);
    let folder = database.parent().map(PathBuf::from).unwrap_or_default();
    let Some(free) = backup::available_space(&folder).filter(|free| *free < needed) else { return Ok(()) };
    Err(Error::new(
        ErrorKind::DiskFull,
        format!("`{}` has too little free space for the restore", folder.display()),
    )
    .cause(format!("it needs about {needed} bytes, {free} are free"))
    .help("free disk space, then start again"))
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
