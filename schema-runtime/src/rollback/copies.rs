//! The copies of a rollback: those that hold what revisions took away, and the one of the state that it leaves.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::lost::lost;
use super::way::Way;
use super::{Back, name_of, rows, whole};
use crate::backup::{self, BackupInfo, BackupPolicy, BackupSource};
use crate::catalog;
use crate::connection::{self, Deadline, OpenMode};
use crate::error::{Error, ErrorKind, Result};
use crate::found;
use crate::run::{About, Run, data_version};

impl Run<'_> {
    /// The copy that holds what the revision took away, verified.
    pub(super) fn copy_of(&self, conn: &Connection, database: &Path, way: &Way<'_>) -> Result<BackupInfo> {
        let info = self.find_copy(conn, database, way)?;
        backup::verify(&info, self.options.hook.as_ref()).map_err(|fault| {
            fault.error.help("without the backup as it was written these values are gone")
        })?;
        rows::refuse_unmatched(&self.open_copy(&info)?, &lost(way)?)?;
        Ok(info)
    }

    pub(super) fn open_copy(&self, info: &BackupInfo) -> Result<Connection> {
        connection::open(&info.path, OpenMode::ReadOnly, self.options.hook.as_ref(), Duration::ZERO)
    }

    /// The same by its note alone.
    pub(super) fn find_copy(&self, conn: &Connection, database: &Path, way: &Way<'_>) -> Result<BackupInfo> {
        let gone = |cause: String| {
            Error::new(
                ErrorKind::Backup,
                format!("cannot bring back what revision {} took away", way.revision.id),
            )
            .cause(cause)
            .help("put the backup back where it was, with its note; without it these values are gone")
        };
        let Some(recorded) = way.revision.backup.as_deref() else {
            return Err(gone("no backup was made before it".to_owned())
                .rather("restore a backup from before it as a whole; where migrations of the same start came first, theirs is the one"));
        };
        let recorded = PathBuf::from(recorded);
        let name = recorded.file_name();
        let mut folders = vec![self.migrator.folder(database)];
        folders.extend(recorded.parent().map(Path::to_path_buf));
        let ours = self.history.identity(conn)?;
        let mut found: Option<BackupInfo> = None;
        for folder in folders {
            let named = BackupInfo::list(&folder)?.into_iter().filter(|info| info.path.file_name() == name);
            // Another database may have left a file of this name in the other folder.
            for info in named {
                if found.is_none() || info.history == ours {
                    found = Some(info);
                }
            }
        }
        let Some(info) = found else {
            return Err(gone(format!("its backup `{}` is not there", recorded.display())));
        };
        if info.history.is_some() && info.history != ours {
            return Err(gone(format!("`{}` is a backup of another database", info.path.display())));
        }
        Ok(info)
    }

    /// A copy of the state that the rollback leaves; else why there is none.
    pub(super) fn save_present(
        &mut self,
        conn: &Connection,
        database: &Path,
        ways: &[Way<'_>],
    ) -> Result<std::result::Result<BackupInfo, &'static str>> {
        if self.options.backup == BackupPolicy::Never {
            return Ok(Err("the backup policy is never"));
        }
        if let Some(info) = self.early_backup.take() {
            return Ok(Ok(info));
        }
        self.save(conn, database, ways, BackupSource::File).map(Ok)
    }

    /// The same before the lock, where no second connection could read the file under it, with the counter that must not have moved then.
    pub(super) fn save_early(
        &mut self,
        deadline: &Deadline<'_>,
        database: &Path,
        back: &Back,
        redo: bool,
    ) -> Result<Option<i64>> {
        let conn = deadline.conn();
        if self.options.backup == BackupPolicy::Never || !connection::is_exclusive(conn)? {
            return Ok(None);
        }
        let version = data_version(conn)?;
        // What is refused leaves no copy behind.
        let waiting = Instant::now();
        connection::begin_immediate(conn, self.options.lock_wait, Some(&self.options.cancel))?;
        deadline.extend(waiting.elapsed());
        connection::refuse_cut_file(conn)?;
        let rows = self.history.all(conn)?;
        let live = catalog::read(conn, "main", &found::own_tables(self.migrator))?;
        let (ways, ..) = self.proved(conn, database, (&rows, &live), (back, redo))?;
        if !ways.is_empty() {
            connection::prove_writable(conn)?;
            self.refuse_too_much(database, &whole(&ways))?;
        }
        connection::rollback(conn)?;
        if ways.is_empty() {
            return Ok(None);
        }
        self.early_backup = Some(self.save(conn, database, &ways, BackupSource::Connection(conn))?);
        Ok(Some(version))
    }

    fn save(
        &mut self,
        conn: &Connection,
        database: &Path,
        ways: &[Way<'_>],
        source: BackupSource<'_>,
    ) -> Result<BackupInfo> {
        let about = About {
            version: ways.first().map(|way| way.revision.version.clone()),
            history: self.history.identity(conn)?,
            reason: name_of(ways),
        };
        self.copy(database, source, &about)
    }
}
