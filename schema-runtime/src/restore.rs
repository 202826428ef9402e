//! A whole backup, put back into the live file: through SQLite, so that connections that are open go on.
//!
//! What was recorded since the backup is not forgotten: its rows go into the history of what is put back, marked as rolled back, and a row
//! for the restore behind them. That happens in a working copy, so that one write brings back the data and the truth about it.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use crate::backup::{self, BackupInfo, BackupPolicy, BackupSource, Working};
use crate::catalog;
use crate::connection::{self, Hook, OpenMode, Pause, SqliteResult};
use crate::error::{Error, ErrorKind, Result};
use crate::found;
use crate::history::Shape;
use crate::migrator::{Migrator, stated};
use crate::record::millis;
use crate::report::{Event, Outcome, Report, count};
use crate::revision::{Kind, Revision, Status};
use crate::run::{About, Run, data_version, disturbed, is_empty, too_little_space};
use crate::settings::Settings;
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
    warnings: Vec<String>,
}

/// What its history says.
struct Recorded {
    identity: Option<String>,
    rows: Vec<Revision>,
    warnings: Vec<String>,
}

impl<'a> Run<'a> {
    fn restore(migrator: &'a Migrator, database: &Path, name: &Path) -> Result<Report> {
        let mut run = Run::new(migrator);
        run.kind = Kind::Restore;
        let options = run.options;
        let hook = options.hook.as_ref();
        migrator.emit(&Event::Checking { database: database.display().to_string() });
        let info = run.named(database, name)?;
        let working = Working::of(&info, hook)?;
        run.refuse_format(&working)?;
        refuse_full(database, &info)?;
        if options.dry_run {
            return run.would_restore(database, &info);
        }
        let rescue = |error: Error| rescued(error, database);
        let mut live =
            connection::open(database, OpenMode::Create, hook, options.lock_wait).map_err(rescue)?;
        connection::refuse_if_in_use(&live)?;
        let settings = Settings::enter(&live).map_err(rescue)?;
        let watch = Watch::begin(&live, database, migrator).map_err(rescue)?;
        let present = run.present(&live, &watch, database, &info).map_err(rescue)?;
        let working = match page_size_of(&live, &working, hook)? {
            Some(size) => working.in_pages_of(size, &info, hook)?,
            None => working,
        };
        let (head, mut report) = run.complete(&working, &info, &present)?;
        if options.cancel.is_cancelled() {
            return Err(
                Error::new(ErrorKind::Cancelled, "the run was cancelled").help("start again to restore")
            );
        }
        // They stay for the write; the connection ends with it.
        settings.keep();
        let written = put_back(&working.open(hook)?, &mut live, &watch, options.lock_wait);
        // A lock that was kept goes with the connection.
        drop((live, watch));
        if let Err(error) = written {
            report.warnings.push(run.settled(database, head, error)?);
        }
        match present.saved {
            Ok(info) => report.backup = Some(info),
            Err(why) => report.no_backup = Some(why.to_owned()),
        }
        report.warnings.extend(present.warnings);
        report.phases = run.phases;
        report.duration = run.began.elapsed();
        Ok(report)
    }

    /// A history of a format that this program does not know would lock it out of what it has restored.
    fn refuse_format(&self, working: &Working) -> Result<()> {
        self.history.check_shape(&working.open(self.options.hook.as_ref())?).map(drop)
    }

    /// What a restore would do, by what there is.
    fn would_restore(&self, database: &Path, info: &BackupInfo) -> Result<Report> {
        let mut report = Report::new(Outcome::PlannedOnly, self.migrator.source.name(), "");
        report.version = info.version.clone().unwrap_or_default();
        if let Some(live) = self.open_reading(database).map_err(|error| rescued(error, database))? {
            connection::begin_reading(&live)?;
            let found = self.history_of(&live, info).map_err(|error| rescued(error, database));
            connection::rollback(&live)?;
            report.warnings = found?.warnings;
        }
        report.duration = self.began.elapsed();
        Ok(report)
    }

    /// What has become of a write of which SQLite reported an error: it may have happened all the same. A warning if it has.
    fn settled(&self, database: &Path, head: (i64, String), error: Error) -> Result<String> {
        let seen = self
            .open_reading(database)
            .and_then(|conn| conn.map(|conn| self.history.head(&conn)).transpose());
        match seen {
            Ok(Some(Some(found))) if found == head => {
                Ok(format!("SQLite reported an error, but the backup is in the file: {}", error.what()))
            }
            Ok(_) => Err(error),
            Err(_) => {
                Err(error
                    .state("SQLite may or may not have written the backup, and the file cannot be read now"))
            }
        }
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
        let Recorded { identity, rows, warnings } = self.history_of(live, info)?;
        let no = match self.options.backup {
            _ if is_empty(live)? => Some("the database was empty"),
            BackupPolicy::Never => Some("the backup policy is never"),
            _ => None,
        };
        if let Some(why) = no {
            return Ok(Present { rows, saved: Err(why), warnings });
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
        let saved = self.copy(database, source, &about).map_err(|error| match error.kind() {
            ErrorKind::DiskFull | ErrorKind::Backup => {
                error.rather("free space or mend what it names, or restore without saving the present state: `--no-backup`")
            }
            _ => error,
        })?;
        Ok(Present { rows, saved: Ok(saved), warnings })
    }

    /// What the database says of itself, which must be the one of the backup.
    fn history_of(&self, live: &Connection, info: &BackupInfo) -> Result<Recorded> {
        let mut recorded = Recorded { identity: None, rows: Vec::new(), warnings: Vec::new() };
        if is_empty(live)? {
            return Ok(recorded);
        }
        let read = || -> Result<(Option<String>, Vec<Revision>)> {
            let rows = match self.history.check_shape(live)? {
                Shape::Missing => Vec::new(),
                _ => self.history.all(live)?,
            };
            Ok((self.history.identity(live)?, rows))
        };
        match read() {
            Ok((identity, rows)) => (recorded.identity, recorded.rows) = (identity, rows),
            // Who gives up the present need not be able to read it.
            Err(error)
                if error.kind() == ErrorKind::Corrupt && self.options.backup == BackupPolicy::Never =>
            {
                recorded.warnings.push(format!(
                    "the history of now is damaged, and what it had is gone: {}",
                    error.what()
                ));
                return Ok(recorded);
            }
            Err(error) => return Err(error),
        }
        if info.history.is_some() && info.history != recorded.identity {
            return Err(Error::new(ErrorKind::Backup, format!("cannot restore `{}`", info.path.display()))
                .cause("its note says that it is of another database")
                .help("move the database away and restore again, if this is what you want"));
        }
        Ok(recorded)
    }

    /// Gives the backup the truth about it: what was recorded since, and the restore. The history's last row then, and a report.
    fn complete(
        &self,
        working: &Working,
        info: &BackupInfo,
        present: &Present,
    ) -> Result<((i64, String), Report)> {
        let conn = working.open(self.options.hook.as_ref())?;
        connection::begin_immediate(&conn, Duration::ZERO, None)?;
        let then = self.history.all(&conn)?;
        self.history.ensure(&conn)?;
        self.history.forget_stamps(&conn)?;
        let mut report = Report::new(Outcome::Restored, self.migrator.source.name(), "");
        let same = then
            .iter()
            .zip(&present.rows)
            .take_while(|(then, now)| then.id == now.id && then.checksum == now.checksum);
        let same = same.count();
        let tail = present.rows.get(same..).unwrap_or_default();
        for row in tail {
            let status = match row.status {
                Status::Completed | Status::Skipped | Status::Running => Status::RolledBack,
                other => other,
            };
            if same == then.len() {
                self.history.carry_over(&conn, row, status)?;
            } else {
                // The two have gone ways of their own: what is only in the present one comes behind the other, with new numbers.
                let id = self.history.append(&conn, row)?;
                self.history.set_status(&conn, id, status)?;
            }
        }
        if same < then.len() && !present.rows.is_empty() {
            report.warnings.push(format!(
                "the histories differ from row {} on; what the one of before the restore had comes behind the backup's",
                same + 1
            ));
        }
        let mut models = self.history.models(&conn)?;
        if models.is_empty() {
            models.push(self.migrator.source.name().to_owned());
        }
        let live = catalog::read(&conn, "main", &found::own_tables(self.migrator))?;
        let batch = self.history.head(&conn)?.map_or(0, |(id, _)| id) + 1;
        for model in &models {
            let past = self.history.past(&conn, model)?;
            let row = |id: Option<i64>| id.map_or(Ok(None), |id| self.history.row(&conn, id));
            let numbered = row(past.numbered_above(past.latest().unwrap_or(0)))?;
            let last = row(past.latest())?;
            let read = |row: Option<Revision>| {
                row.and_then(|row| row.snapshot).as_deref().map(Snapshot::from_json).transpose()
            };
            let last = read(last)?.unwrap_or_else(|| Snapshot::of_others(model, live.clone()));
            let owners = read(numbered)?.map(|numbered| numbered.owners);
            let snapshot = Snapshot { owners: owners.unwrap_or(last.owners), ..last };
            let name = format!("restore of {}", file_name(&info.path));
            let mut revision = self.revision(&conn, Kind::Restore, &name, batch)?;
            revision.model.clone_from(model);
            revision.duration_ms = millis(self.began.elapsed());
            revision.version.clone_from(&snapshot.version);
            revision.fingerprint = None;
            revision.snapshot = Some(snapshot.to_json()?);
            revision.backup = present.saved.as_ref().ok().map(BackupInfo::recorded);
            let id = self.history.append(&conn, &revision)?;
            if report.revision.is_none() || model == self.migrator.source.name() {
                report.model.clone_from(model);
                report.version = revision.version;
                report.revision = Some(id);
            }
        }
        let head = self.history.head(&conn)?.unwrap_or_default();
        connection::commit(&conn, Duration::ZERO)?;
        let from = present.rows.iter().rev().find(|row| {
            row.model == report.model && row.status == Status::Completed && row.snapshot.is_some()
        });
        report.from_version = from.map(|row| row.version.clone());
        let undone = tail.iter().filter(|row| row.status == Status::Completed).count();
        if undone > 0 {
            let revisions = count(undone, "revision");
            report.notes.push(format!("{revisions} of after the backup, now marked as rolled back"));
        }
        Ok((head, report))
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
        let counted = is_wal(live)? && !connection::is_exclusive(live)?;
        let mut counter = None;
        if counted {
            let other = connection::open(database, OpenMode::ReadOnly, hook, wait)?;
            let before = data_version(&other)?;
            counter = Some(Watch::Counted { counter: other, before });
        } else {
            live.execute_batch("PRAGMA main.locking_mode = EXCLUSIVE")
                .at(|| format!("cannot lock {}", connection::name_of(live)))?;
        }
        // In exclusive mode the lock stays; else it is only seen whether there is one, and whether it can be written.
        connection::begin_immediate(live, wait, Some(&migrator.options.cancel))?;
        let writable = connection::prove_writable(live);
        connection::rollback(live)?;
        writable?;
        if counter.is_none() {
            begin_exclusive(live, wait)?;
        }
        Ok(counter.unwrap_or(Watch::Locked))
    }

    /// Whether somebody has committed since.
    fn is_disturbed(&self) -> Result<bool> {
        match self {
            Watch::Locked => Ok(false),
            Watch::Counted { counter, before } => Ok(data_version(counter)? != *before),
        }
    }
}

/// Shuts readers out too, who would go on in the old state; in exclusive mode the lock stays.
fn begin_exclusive(live: &Connection, wait: Duration) -> Result<()> {
    live.busy_timeout(wait).and_then(|()| live.execute_batch("BEGIN EXCLUSIVE; COMMIT")).map_err(|err| {
        connection::sqlite_error(err, format!("cannot lock {}", connection::name_of(live)))
            .help("end the other transaction or program, or wait longer with `Migrator::lock_wait`")
    })
}

/// In WAL mode SQLite refuses pages of another size: that of `live`, where the copy has another.
fn page_size_of(live: &Connection, working: &Working, hook: Option<&Hook>) -> Result<Option<i64>> {
    if !is_wal(live)? {
        return Ok(None);
    }
    let size = |conn: &Connection| {
        conn.query_row("PRAGMA main.page_size", [], |row| row.get::<_, i64>(0))
            .at(|| format!("cannot read the page size of {}", connection::name_of(conn)))
    };
    let (ours, theirs) = (size(live)?, size(&working.open(hook)?)?);
    Ok((ours != theirs).then_some(ours))
}

/// What is damaged cannot be written over through SQLite; with no file there, the backup becomes the database.
fn rescued(error: Error, database: &Path) -> Error {
    let damaged = matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::NotADatabase | ErrorKind::History);
    if !damaged {
        return error;
    }
    let name = file_name(database);
    error.rather(format!(
        "move `{name}` away, with `{name}-wal` and `{name}-journal` if they are there, and restore again: the backup becomes the database"
    ))
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

/// The write takes a log of the backup's size, or a journal of the database's, beside what the file grows by.
fn refuse_full(database: &Path, info: &BackupInfo) -> Result<()> {
    let now = database.metadata().map_or(0, |file| file.len());
    let needed = info.bytes.saturating_add(info.bytes.max(now));
    let Some((folder, free)) = too_little_space(database, needed) else { return Ok(()) };
    Err(Error::new(ErrorKind::DiskFull, format!("`{folder}` has too little free space for the restore"))
        .cause(format!("it needs about {needed} bytes, {free} are free"))
        .help("free disk space, then start again"))
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
