//! A backup's content under a temporary name, proved, to be written to before it is put back.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;

use super::files::{Partial, copy_and_hash};
use super::verify::{differs, quick_check};
use super::{BackupInfo, backup_kind, io_error, refuse_full_disk};
use crate::connection::{Hook, OpenMode, SqliteResult, open};
use crate::sqlite_error::kind_of;
use crate::{Error, ErrorKind, Result};

/// The copy, removed when this is dropped.
pub(crate) struct Working {
    _partial: Partial,
    path: PathBuf,
}

impl Working {
    /// Copies `backup` beside itself, byte by byte, and proves that these bytes are what its note says: what is hashed is what is put back.
    /// The backup itself is not opened by SQLite, which would play a journal that lies beside it.
    ///
    /// # Errors
    /// `Backup` where the bytes are others, or `Corrupt` pages; `DiskFull`, and what opening may give; nothing is left then.
    pub(crate) fn of(backup: &BackupInfo, hook: Option<&Hook>) -> Result<Working> {
        let folder = backup.path.parent().unwrap_or(Path::new(""));
        let mut partial = Partial::default();
        let unread =
            |err: io::Error| io_error(err, format!("cannot read the backup `{}`", backup.path.display()));
        let from = File::open(&backup.path).map_err(unread)?;
        refuse_full_disk(folder, backup.bytes)?;
        let path = partial.create(folder, &backup.source)?;
        let unwritten = |err: io::Error| io_error(err, format!("cannot write `{}`", path.display()));
        let to = OpenOptions::new().write(true).open(&path).map_err(unwritten)?;
        let (sha256, bytes) = copy_and_hash(from, to).map_err(unwritten)?;
        if let Some(error) = differs(backup, &sha256, bytes) {
            return Err(error);
        }
        let working = Working { _partial: partial, path };
        quick_check(&working.open(hook)?)
            .map_err(|error| error.context(format!("cannot use the backup `{}`", backup.path.display())))?;
        Ok(working)
    }

    /// The same content in pages of this size, which makes all of them anew.
    ///
    /// # Errors
    /// As [`of`](Self::of).
    pub(crate) fn in_pages_of(self, size: i64, backup: &BackupInfo, hook: Option<&Hook>) -> Result<Working> {
        let folder = backup.path.parent().unwrap_or(Path::new(""));
        let mut partial = Partial::default();
        refuse_full_disk(folder, backup.bytes)?;
        let path = partial.create(folder, &backup.source)?;
        let into = format!(
            "PRAGMA main.page_size = {size}; VACUUM main INTO {}",
            schema_sql::quote_str(&path.to_string_lossy())
        );
        self.open(hook)?.execute_batch(&into).map_err(|err| {
            let what = format!("cannot write `{}`", path.display());
            Error::new(backup_kind(kind_of(&err)), what).source(err).help(super::FULL)
        })?;
        Ok(Working { _partial: partial, path })
    }

    /// # Errors
    /// What opening may give.
    pub(crate) fn open(&self, hook: Option<&Hook>) -> Result<Connection> {
        let conn = open(&self.path, OpenMode::ReadWrite, hook, Duration::ZERO)?;
        let what = || format!("cannot write `{}`", self.path.display());
        // A hook may have made it WAL, or forbidden to write.
        let plain = "PRAGMA query_only = OFF; PRAGMA foreign_keys = OFF";
        conn.execute_batch(plain).at(what)?;
        let mode: String =
            conn.query_row("PRAGMA main.journal_mode = DELETE", [], |row| row.get(0)).at(what)?;
        if mode != "delete" {
            return Err(
                Error::new(ErrorKind::Backup, what()).cause(format!("it stays in journal mode {mode}"))
            );
        }
        Ok(conn)
    }
}
