//! A folder with one database in it, for tests that look at files, reports and histories rather than at one change.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use schema_runtime::{BackupPolicy, Error, ErrorKind, Migrator, Report};

use super::case::query_text;
use super::model::model;

/// A database `app.db` in a folder of its own, which goes away with this.
pub struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    /// A folder without a database.
    pub fn new() -> Place {
        Place { folder: tempfile::tempdir().expect("a folder") }
    }

    /// A database that this SQL made by hand.
    pub fn by_hand(sql: &str) -> Place {
        let place = Place::new();
        place.sql(sql);
        place
    }

    /// A database that a start-up with this model made.
    pub fn with_model(sql: &str) -> Place {
        let place = Place::new();
        place.run(sql);
        place
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("app.db")
    }

    pub fn open(&self) -> Connection {
        Connection::open(self.path()).expect("the database opens")
    }

    /// Somebody's SQL, by hand, without foreign keys.
    pub fn sql(&self, sql: &str) {
        let conn = self.open();
        conn.execute_batch("PRAGMA foreign_keys = OFF").expect("a pragma");
        conn.execute_batch(sql).unwrap_or_else(|err| panic!("{sql}: {err}"));
    }

    /// The rows of a query, a row a line, columns separated by `|`.
    pub fn query(&self, sql: &str) -> String {
        query_text(&self.open(), sql)
    }

    /// A start-up with this model, without backups.
    pub fn run(&self, sql: &str) -> Report {
        self.run_with(sql, |migrator| migrator)
    }

    pub fn run_with(&self, sql: &str, with: impl FnOnce(Migrator) -> Migrator) -> Report {
        let migrator = with(Migrator::new(model(sql)).backup(BackupPolicy::Never));
        migrator.run(self.path()).unwrap_or_else(|err| panic!("{sql}\n{err}"))
    }

    /// A start-up that must fail, and leave the file, and the folder, as they were.
    pub fn refused(&self, sql: &str, kind: ErrorKind) -> Error {
        self.refused_with(sql, kind, |migrator| migrator)
    }

    pub fn refused_with(&self, sql: &str, kind: ErrorKind, with: impl FnOnce(Migrator) -> Migrator) -> Error {
        let migrator = with(Migrator::new(model(sql)).backup(BackupPolicy::Never));
        self.unchanged_by(|| match migrator.run(self.path()) {
            Ok(report) => panic!("not refused:\n{report}"),
            Err(error) => {
                assert_eq!(error.kind(), kind, "{error}");
                assert!(
                    error.state_line().is_some() && error.help_line().is_some(),
                    "no state or help:\n{error}"
                );
                error
            }
        })
    }

    /// Does `act`, and proves that every file in the folder is as it was before, and none has come.
    pub fn unchanged_by<T>(&self, act: impl FnOnce() -> T) -> T {
        let before = self.files();
        let result = act();
        let after = self.files();
        let names =
            |files: &[(PathBuf, Vec<u8>)]| files.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>();
        assert_eq!(names(&before), names(&after), "files");
        for ((path, before), (_, after)) in before.iter().zip(&after) {
            assert!(before == after, "{} has changed", path.display());
        }
        result
    }

    /// Every file in the folder and below, with its content.
    pub fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        collect(self.folder.path(), &mut found);
        found.sort();
        found
    }

    /// The names of the files in the folder, sorted.
    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder()).expect("the folder");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

fn collect(folder: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, found);
        } else {
            let bytes = fs::read(&path).unwrap_or_default();
            found.push((path, bytes));
        }
    }
}

/// Asserts that each of `parts` is in `text`.
pub fn contains(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is missing in\n{text}");
    }
}
