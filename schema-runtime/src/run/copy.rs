//! The backups of a run: whether there is to be one, when it is made, and what is noted of it.

use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use rusqlite::Connection;

use super::{Run, data_version, summary};
use crate::backup::{self, BackupInfo, BackupPolicy, BackupRequest, BackupSource};
use crate::connection;
use crate::error::Result;
use crate::found::Found;
use crate::numbered::Due;
use crate::plan::{Method, Plan};
use crate::report::Event;

/// What is noted of a backup beside what its files tell.
pub(crate) struct About {
    pub(crate) version: Option<String>,
    pub(crate) history: Option<String>,
    pub(crate) reason: String,
}

/// What a backup comes before.
pub(crate) struct Before {
    /// Whether it may write to rows that are there.
    writes: bool,
    reason: String,
}

impl Before {
    pub(crate) fn steps(plan: &Plan) -> Before {
        let writes = plan.steps.iter().any(|step| {
            step.method >= Method::Update || step.hazards.iter().any(|hazard| hazard.code.is_loss())
        });
        Before { writes, reason: summary(plan) }
    }

    /// Of rows of the history alone.
    pub(crate) fn record(reason: String) -> Before {
        Before { writes: false, reason }
    }

    pub(crate) fn migrations(due: &Due<'_>) -> Before {
        Before { writes: true, reason: format!("before the migrations {}", due.titles()) }
    }
}

impl Run<'_> {
    /// Why there is to be no backup.
    fn no_backup(&self, conn: &Connection, found: &Found, before: &Before) -> Option<&'static str> {
        match self.options.backup {
            _ if connection::is_memory(conn) => Some("the database is in memory"),
            _ if found.live.is_empty() => Some("the database was empty"),
            BackupPolicy::Never => Some("the backup policy is never"),
            BackupPolicy::Rewrites if !before.writes => Some("no step writes rows"),
            _ => None,
        }
    }

    /// The backup under the lock, or why there is none.
    pub(crate) fn back_up(
        &mut self,
        conn: &Connection,
        path: &Path,
        found: &Found,
        before: &Before,
    ) -> Result<(Option<BackupInfo>, Option<String>)> {
        if let Some(reason) = self.no_backup(conn, found, before) {
            return Ok((None, Some(reason.to_owned())));
        }
        if let Some(info) = self.early_backup.take() {
            return Ok((Some(info), None));
        }
        let info = self.copy_before(conn, path, found, before, BackupSource::File)?;
        Ok((Some(info), None))
    }

    /// In exclusive locking mode no second connection can read the file while this one holds the lock; so the copy is made
    /// through this one before, and the counter of foreign commits, which is given back, must be the same under the lock.
    pub(super) fn back_up_early(&mut self, conn: &Connection, path: &Path) -> Result<Option<i64>> {
        if !connection::is_exclusive(conn)? || connection::is_memory(conn) {
            return Ok(None);
        }
        let migrations = Arc::clone(&self.options.migrations);
        let due = self.due(conn, &migrations)?;
        if due.is_empty() && self.is_without_model() {
            return Ok(None);
        }
        let found = self.found(conn)?;
        let (found, before) = if due.is_empty() {
            let prepared = self.prepare(conn, found, false)?;
            if prepared.found.newer.is_some() || prepared.plan.is_empty() {
                return Ok(None);
            }
            let before = Before::steps(&prepared.plan);
            (prepared.found, before)
        } else {
            (Rc::new(found), Before::migrations(&due))
        };
        if self.no_backup(conn, &found, &before).is_some() {
            return Ok(None);
        }
        let version = data_version(conn)?;
        let source = BackupSource::Connection(conn);
        self.early_backup = Some(self.copy_before(conn, path, &found, &before, source)?);
        Ok(Some(version))
    }

    fn copy_before(
        &mut self,
        conn: &Connection,
        path: &Path,
        found: &Found,
        before: &Before,
        source: BackupSource<'_>,
    ) -> Result<BackupInfo> {
        let database = connection::database_path(conn).unwrap_or_else(|| path.to_path_buf());
        let about = About {
            version: found.last.as_ref().map(|(revision, _)| revision.version.clone()),
            history: self.history.identity(conn)?,
            reason: before.reason.clone(),
        };
        self.copy(&database, source, &about)
    }

    /// A backup of the file at this resolved path, told to the observer.
    pub(crate) fn copy(
        &mut self,
        database: &Path,
        source: BackupSource<'_>,
        about: &About,
    ) -> Result<BackupInfo> {
        let began = Instant::now();
        let folder = self.options.backup_dir.as_ref().map(|folder| self.migrator.at(folder));
        let request = BackupRequest {
            database,
            source,
            folder: folder.as_deref(),
            hook: self.options.hook.as_ref(),
            wait: self.options.lock_wait,
            model: self.migrator.source.name(),
            version: about.version.as_deref(),
            history: about.history.as_deref(),
            reason: &about.reason,
        };
        let info = backup::create(&request, &mut |page, pages| {
            self.migrator.emit(&Event::BackingUp { page, pages });
            !self.options.cancel.is_cancelled()
        })?;
        self.phases.backup = began.elapsed();
        self.migrator.emit(&Event::BackedUp {
            backup: info.path.display().to_string(),
            ms: u64::try_from(self.phases.backup.as_millis()).unwrap_or(u64::MAX),
        });
        Ok(info)
    }
}
