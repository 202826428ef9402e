//! A backup's content under a temporary name, to be written to before it is put back.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::files::Partial;
use super::{BackupInfo, backup_kind};
use crate::connection::{Hook, OpenMode, SqliteResult, open};
use crate::sqlite_error::kind_of;
use crate::{Error, ErrorKind, Result};

/// The copy, removed when this is dropped.
pub(crate) struct Working {
    _partial: Partial,
    path: PathBuf,
}

impl Working {
    /// Copies `backup` beside itself. With `page_size` the pages of the copy have that size, which makes all of them anew.
    ///
    /// # Errors
    /// `Backup`, `DiskFull`, and what opening may give; nothing is left then.
    pub(crate) fn of(backup: &BackupInfo, page_size: Option<i64>, hook: Option<&Hook>) -> Result<Working> {
        let folder = backup.path.parent().unwrap_or(Path::new(""));
        let mut partial = Partial::default();
        let path = partial.create(folder, &backup.source)?;
        let what = || format!("cannot write `{}`", path.display());
        let failed = |err: rusqlite::Error| Error::new(backup_kind(kind_of(&err)), what()).source(err);
        let from = open(&backup.path, OpenMode::ReadOnly, hook, Duration::ZERO)?;
        match page_size {
            Some(size) => {
                let into = format!(
                    "PRAGMA main.page_size = {size}; PRAGMA query_only = OFF; VACUUM main INTO {}",
                    schema_sql::quote_str(&path.to_string_lossy())
                );
                from.execute_batch(&into).map_err(failed)?;
            }
            None => {
                let mut to = open(&path, OpenMode::ReadWrite, hook, Duration::ZERO)?;
                let copying = Backup::new(&from, &mut to).map_err(failed)?;
                if !matches!(copying.step(-1).map_err(failed)?, StepResult::Done) {
                    return Err(Error::new(ErrorKind::Busy, what()).cause("another program uses the backup"));
                }
            }
        }
        Ok(Working { _partial: partial, path })
    }

    /// # Errors
    /// What opening may give.
    pub(crate) fn open(&self, hook: Option<&Hook>) -> Result<Connection> {
        let conn = open(&self.path, OpenMode::ReadWrite, hook, Duration::ZERO)?;
        let plain = "PRAGMA query_only = OFF; PRAGMA foreign_keys = OFF; PRAGMA main.journal_mode = DELETE";
        conn.execute_batch(plain).at(|| format!("cannot write `{}`", self.path.display()))?;
        Ok(conn)
    }
}
