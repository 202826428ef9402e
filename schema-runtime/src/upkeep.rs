//! The backups of a database beside its runs: made by hand, listed, proved, and deleted when they are old.
//!
//! What files and notes are is known to `backup`; here the history says which of them its revisions need.

use std::path::{Path, PathBuf};
use std::time::Instant;

use rusqlite::Connection;

use crate::backup::{self, BackupFolder, BackupInfo, BackupSource, Job, Known, Need, Pruned, Retention};
use crate::connection::{self, OpenMode};
use crate::error::{Error, ErrorKind, Result};
use crate::migrator::{Migrator, stated};
use crate::plan::Plan;
use crate::report::{Event, Report};
use crate::revision::{Kind, Revision, Status};
use crate::run::{About, Run, is_empty};

impl Migrator {
    /// How long backups are kept; 30 days by default. See [`Retention`] for what is never deleted.
    pub fn retention(mut self, retention: Retention) -> Self {
        self.options.retention = retention;
        self
    }

    /// Backs up the database at `path` now, whatever is pending, as a run does before a change: into the same folder, verified, with a
    /// note. Its reason is that of [`reason`](Self::reason), or `by hand`; its version is what the history has. A [`dry_run`](Self::dry_run) is about runs: this call copies all the same.
    ///
    /// # Errors
    /// `Open` if there is no such file, `Backup` if it is empty or the copy cannot be written, `Cancelled`, and whatever reading the
    /// file may give. No part of a backup is left, and the database was not written to.
    pub fn back_up(&self, path: impl AsRef<Path>) -> Result<BackupInfo> {
        let result = stated(Run::back_up_now(self, &self.at(path.as_ref())));
        match &result {
            Ok(info) => {
                let summary = format!("backup of {} bytes is complete", info.bytes);
                self.emit(&Event::Done { summary });
            }
            Err(error) => self.emit(&Event::Failed { error: error.to_string() }),
        }
        result
    }

    /// The backups of the database at `path`, oldest first: those of [`backup_folder`](Self::backup_folder).
    ///
    /// # Errors
    /// As [`backup_folder`](Self::backup_folder).
    pub fn backups(&self, path: impl AsRef<Path>) -> Result<Vec<BackupInfo>> {
        Ok(self.backup_folder(path)?.backups)
    }

    /// What lies in the backup folder of the database at `path`: its backups, what is left over, and the backups of others. The database
    /// itself is not opened, and need not exist any more. A missing folder holds nothing.
    ///
    /// # Errors
    /// `Backup`, if the folder cannot be read.
    pub fn backup_folder(&self, path: impl AsRef<Path>) -> Result<BackupFolder> {
        let database = resolved(&self.at(path.as_ref()));
        stated(backup::folder_of(&self.folder(&database), &database))
    }

    /// As [`BackupInfo::verify`], with the hook of [`connection`](Self::connection), which registers keys and modules. The answer is the
    /// same backup with the time of this proof.
    ///
    /// # Errors
    /// As [`BackupInfo::verify`].
    pub fn verify_backup(&self, backup: &BackupInfo) -> Result<BackupInfo> {
        stated(backup::verify_and_note(backup, self.options.hook.as_ref()))
    }

    /// Deletes the backups of the database at `path` that pass the limits of [`retention`](Self::retention), and what killed processes
    /// have left of backups, not written to for a day. A run does the same after a change. A [`dry_run`](Self::dry_run) only tells, and takes
    /// no lock.
    ///
    /// The database's write lock is held meanwhile, so that no run is between its backup and its commit; where the database cannot
    /// be written, none can be.
    ///
    /// # Errors
    /// `Open` if there is no database, since only its history tells what is still needed; `Busy`; `History` or others if the history cannot be
    /// read. Nothing was deleted then. A file that cannot be deleted is no error: it is kept, with the reason.
    pub fn prune_backups(&self, path: impl AsRef<Path>) -> Result<Pruned> {
        let mut run = Run::new(self);
        stated(run.prune_path(&self.at(path.as_ref())))
    }

    /// Where the backups of the database of this resolved path lie.
    pub(crate) fn folder(&self, database: &Path) -> PathBuf {
        match &self.options.backup_dir {
            Some(folder) => self.at(folder),
            None => backup::default_folder(database),
        }
    }
}

impl<'a> Run<'a> {
    fn back_up_now(migrator: &'a Migrator, path: &Path) -> Result<BackupInfo> {
        let mut run = Run::new(migrator);
        let options = run.options;
        let conn = connection::open(path, OpenMode::ReadOnly, options.hook.as_ref(), options.lock_wait)?;
        if is_empty(&conn)? {
            return Err(Error::new(ErrorKind::Backup, format!("cannot back up `{}`", path.display()))
                .cause("it is empty")
                .help("check the path"));
        }
        // A history that cannot be read is one more reason to have a backup.
        let last = run.history.latest(&conn, migrator.source.name());
        let about = About {
            version: last.ok().flatten().map(|revision| revision.version),
            history: run.history.identity(&conn).ok().flatten(),
            reason: options.reason.clone().unwrap_or_else(|| "by hand".to_owned()),
        };
        let database = connection::database_path(&conn).unwrap_or_else(|| path.to_owned());
        drop(conn);
        run.copy(&database, BackupSource::File, &about)
    }

    fn prune_path(&mut self, path: &Path) -> Result<Pruned> {
        let options = self.options;
        let mode = if options.dry_run { OpenMode::ReadOnly } else { OpenMode::ReadWrite };
        let conn = connection::open(path, mode, options.hook.as_ref(), options.lock_wait)?;
        let database = connection::database_path(&conn).unwrap_or_else(|| resolved(path));
        self.prune(&conn, &database)
    }

    /// After a change that is committed: what fails here is a warning.
    pub(crate) fn prune_after(&mut self, conn: &Connection, path: &Path, report: &mut Report) {
        let began = Instant::now();
        let database = connection::database_path(conn).unwrap_or_else(|| resolved(path));
        match self.prune(conn, &database) {
            Ok(pruned) => {
                let failed = pruned.kept.iter().filter_map(|kept| match &kept.because {
                    backup::KeptBecause::Failed { error } => {
                        Some(format!("the old backup `{}` cannot be deleted: {error}", kept.path.display()))
                    }
                    _ => None,
                });
                report.warnings.extend(failed);
                report.pruned = pruned.files().cloned().collect();
            }
            Err(error) => {
                let causes = error.causes().join("; ");
                report.warnings.push(format!("old backups were not deleted: {}: {causes}", error.what()));
            }
        }
        if !report.pruned.is_empty() {
            let files = report.pruned.iter().map(|path| path.display().to_string()).collect();
            self.migrator.emit(&Event::Pruned { files });
        }
        report.duration += began.elapsed();
    }

    fn prune(&mut self, conn: &Connection, database: &Path) -> Result<Pruned> {
        let (listed, stray) = backup::listed(&self.migrator.folder(database), database)?;
        let job = Job {
            database,
            listed: &listed,
            stray: &stray,
            retention: &self.options.retention,
            now: backup::present(),
            dry: self.options.dry_run,
        };
        if !job.is_due() {
            return Ok(job.carry_out(None));
        }
        if self.options.dry_run {
            connection::begin_reading(conn)?;
        } else {
            match connection::begin_immediate(conn, self.options.lock_wait, Some(&self.options.cancel)) {
                Err(error) if error.kind() != ErrorKind::ReadOnly => return Err(error),
                _ => {}
            }
        }
        let pruned = self.known(conn, &job).map(|known| job.carry_out(Some(&known)));
        connection::rollback(conn)?;
        pruned
    }

    /// What the history tells of the files of `job`.
    fn known(&self, conn: &Connection, job: &Job<'_>) -> Result<Known> {
        let rows = self.history.all(conn)?;
        let mut models: Vec<String> = rows.iter().map(|row| row.model.clone()).collect();
        models.push(self.migrator.source.name().to_owned());
        models.sort();
        models.dedup();
        let mut needs = Vec::new();
        for model in &models {
            let of_model = rows.iter().rev().filter(|row| row.model == *model);
            collect_needs(of_model, &|file| job.has(file), &mut needs);
        }
        Ok(Known {
            identity: rows.iter().find(|row| row.format > 0).map(|row| row.checksum.clone()),
            files: rows.iter().filter_map(|row| file_name(row.backup.as_deref()?)).collect(),
            models,
            needs,
        })
    }
}

/// Adds what the revisions of one model need, given newest first.
///
/// Firmly: the backup of the newest completed revision that has one, so that the last change can be taken back whenever that is;
/// and that of a step at work. Then the others that would delete or narrow something when they were applied, as long as whatever
/// came after can be undone, too: revisions are undone one after another, so that behind one without a way back, or one whose own
/// backup is gone, nothing can be reached.
fn collect_needs<'r>(
    rows: impl Iterator<Item = &'r Revision>,
    is_there: &dyn Fn(&str) -> bool,
    needs: &mut Vec<Need>,
) {
    let mut has_newest = false;
    let mut chain = true;
    for row in rows {
        let file = row.backup.as_deref().and_then(file_name);
        let add = |firm: bool, needs: &mut Vec<Need>| {
            needs.extend(file.clone().map(|file| Need { file, revision: row.id, firm }));
        };
        match row.status {
            Status::Running => add(true, needs),
            Status::Completed => {
                if file.is_some() && !has_newest {
                    has_newest = true;
                    add(true, needs);
                }
                if !chain {
                    continue;
                }
                chain = match way_back(row) {
                    WayBack::None => false,
                    WayBack::Alone => true,
                    WayBack::WithBackup => {
                        let there = file.as_deref().is_some_and(is_there);
                        if there {
                            add(false, needs);
                        }
                        there
                    }
                };
            }
            _ => {}
        }
    }
}

enum WayBack {
    /// It cannot be undone.
    None,
    /// Its undo needs nothing else, or there is nothing to undo.
    Alone,
    /// Its data comes back from its backup.
    WithBackup,
}

fn way_back(row: &Revision) -> WayBack {
    match row.kind {
        Kind::Baseline => return WayBack::None,
        // They record a way that was gone; what they took back has another status.
        Kind::Rollback | Kind::Restore if !row.is_change() => return WayBack::Alone,
        Kind::Numbered if row.rollback_sql.is_some() => return WayBack::Alone,
        // The program may have a way back.
        Kind::Numbered => return WayBack::WithBackup,
        _ => {}
    }
    // A plan of a format that is not known is taken for one that needs everything.
    let plan = row.plan.as_deref().map(Plan::from_json).transpose();
    if matches!(&plan, Ok(Some(plan)) if plan.is_empty()) {
        return WayBack::Alone;
    }
    let loses = match &plan {
        Ok(plan) => plan.as_ref().is_some_and(Plan::loses),
        Err(_) => true,
    };
    match row.undo.as_deref().map(Plan::from_json) {
        None => WayBack::None,
        Some(Ok(undo)) if !undo.needs_backup && !loses => WayBack::Alone,
        Some(_) => WayBack::WithBackup,
    }
}

/// The name of a backup of which the history has the path: its folder may have been moved since.
fn file_name(path: &str) -> Option<String> {
    Path::new(path).file_name().map(|name| name.to_string_lossy().into_owned())
}

/// `path` with all links resolved; of a file that does not exist at least those of its folder.
pub(crate) fn resolved(path: &Path) -> PathBuf {
    if let Ok(path) = path.canonicalize() {
        return path;
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match (folder.canonicalize(), path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
    }
}
