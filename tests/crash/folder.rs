//! A folder of the real file system, in which backups lie. The database beside them lies on the disk of ours, under the path
//! that it would have in the folder.

use std::fs;
use std::path::{Path, PathBuf};

use schema_runtime::{Migrator, Model};

use super::scenario::Mode;
use super::vfs;

/// Where backups lie below it.
const BACKUPS: &str = "backups/migrations";

/// The folder; it goes away with this.
pub(super) struct Folder {
    folder: tempfile::TempDir,
    /// The backups that were made before, by name; the first is the database of before the last change.
    kept: Vec<(PathBuf, Vec<u8>)>,
}

impl Folder {
    pub(super) fn new() -> Folder {
        // Memory where there is some: that the backups last is not what is looked at.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a folder");
        let folder = Folder { folder, kept: Vec::new() };
        // The library looks whether there is a file before SQLite does.
        fs::write(folder.database(), "").expect("a file");
        folder
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn database(&self) -> PathBuf {
        let folder = self.path().canonicalize().unwrap_or_else(|_| self.path().to_owned());
        folder.join("app.db")
    }

    /// From here on this thread finds the database on its disk.
    pub(super) fn is_ours(&self) {
        vfs::at(&self.database());
    }

    fn backups(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.path().join(BACKUPS)) else { return Vec::new() };
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
        paths.sort();
        paths
    }

    /// What lies there now is what a start finds.
    pub(super) fn keep(&mut self) {
        let name = |path: &PathBuf| PathBuf::from(path.file_name().expect("a name"));
        let read = |path: &PathBuf| (name(path), fs::read(path).expect("a backup"));
        self.kept = self.backups().iter().map(read).collect();
    }

    /// What came since goes.
    pub(super) fn clean(&self) {
        for path in self.backups() {
            if !self.kept.iter().any(|(name, _)| path.ends_with(name)) {
                fs::remove_file(&path).expect("a copy of a run");
            }
        }
    }

    /// What a run has left of a copy that it did not finish.
    pub(super) fn part(&self) -> Option<PathBuf> {
        let is_part =
            |path: &PathBuf| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        self.backups().into_iter().find(is_part)
    }

    /// The same backups in a real folder, and none but them.
    pub(super) fn copy_to(&self, folder: &Path) {
        let backups = folder.join(BACKUPS);
        let _ = fs::remove_dir_all(&backups);
        fs::create_dir_all(&backups).expect("a folder");
        for (name, bytes) in &self.kept {
            fs::write(backups.join(name), bytes).expect("a file");
        }
    }

    /// The file name of the backup.
    pub(super) fn backup(&self) -> &Path {
        let mut names = self.kept.iter().map(|(name, _)| name);
        names.find(|name| name.extension().is_some_and(|kind| kind == "db")).expect("a backup")
    }

    pub(super) fn backup_path(&self) -> PathBuf {
        self.path().join(BACKUPS).join(self.backup())
    }
}

/// As a program would set itself up for the database at this path, in this mode.
pub(super) fn set_up(migrator: Migrator, mode: Mode, database: &Path) -> Migrator {
    let database = database.to_string_lossy().into_owned();
    migrator.no_time_limit().connection(move |conn| match conn.path() {
        Some(path) if path == database => mode.set(conn),
        // Of the copies nothing is asked after a power loss.
        Some(path) if !path.is_empty() => conn.execute_batch("PRAGMA synchronous = OFF"),
        _ => Ok(()),
    })
}

/// A program that knows no model.
pub(super) fn without_model(mode: Mode, database: &Path) -> Migrator {
    set_up(Migrator::for_model(Model::empty("main")), mode, database)
}
