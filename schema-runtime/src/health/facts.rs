//! The report on a database's health: the score, the findings, and the facts behind them. Plain data, for people and for machines.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::finding::{Finding, FindingCode};
use crate::report::many;

/// How a database is. Nothing was written to find it out.
///
/// As JSON the fields have the names that they have here; a code is its text, such as `"H104"`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Health {
    /// The path of the database, `:memory:` for one without a file.
    pub database: String,
    /// When it was looked at: RFC 3339, UTC, with milliseconds.
    pub checked_at: String,
    /// 100 less the points of the findings, and never below 0; what is in `incomplete` takes nothing off.
    pub score: u8,
    /// What was found, the most points first; empty for a database in good health.
    pub findings: Vec<Finding>,
    /// What was not looked at to its end, and why: the time limit, a function that is not registered.
    pub incomplete: Vec<String>,
    /// The file.
    pub file: FileFacts,
    /// The schema, and what it costs a start-up.
    pub schema: SchemaFacts,
    /// The history; `None` where there is none.
    pub history: Option<HistoryFacts>,
    /// The backups; `None` for a database without a file.
    pub backups: Option<BackupFacts>,
    /// SQLite, and how the connection is set.
    pub engine: EngineFacts,
    /// The database against a model; `None` where no model was given.
    pub model: Option<ModelFacts>,
}

/// The file of a database.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FileFacts {
    /// Its size by its pages, in bytes.
    pub bytes: u64,
    /// The bytes of a page.
    pub page_size: u64,
    /// Its pages.
    pub pages: u64,
    /// Pages that hold nothing.
    pub free_pages: u64,
    /// The size of the write-ahead log, in bytes.
    pub log_bytes: u64,
    /// `none`, `full` or `incremental`: whether free pages are given back.
    pub auto_vacuum: String,
    /// `UTF-8`, `UTF-16le` or `UTF-16be`.
    pub encoding: String,
}

/// What the schema holds, without our own two tables.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SchemaFacts {
    /// Ordinary tables.
    pub tables: u64,
    /// Indexes with a text of their own.
    pub indexes: u64,
    /// Views.
    pub views: u64,
    /// Triggers.
    pub triggers: u64,
    /// Virtual tables.
    pub virtual_tables: u64,
    /// The bytes of all stored texts, ours too: what every connection parses before its first statement.
    pub bytes: u64,
    /// How long it took to read the whole catalog, in microseconds: what a start-up costs whose stamp is not current.
    pub read_us: u64,
    /// Whether the stamp is current, so that the next start-up is over after one look; with a model by its fingerprint and policies,
    /// without one by the schema's cookie alone. `None` where there is no stamp.
    pub stamp_is_current: Option<bool>,
}

/// What the history says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HistoryFacts {
    /// The name of its table.
    pub table: String,
    /// The models that have a row.
    pub models: Vec<String>,
    /// All rows.
    pub revisions: u64,
    /// Rows that completed.
    pub completed: u64,
    /// Rows that failed.
    pub failed: u64,
    /// Rows that were undone later.
    pub rolled_back: u64,
    /// Per cent of completed among completed and failed rows, rounded down; `None` without either.
    pub success_rate: Option<u8>,
    /// The mean time of a completed run with steps, in milliseconds.
    pub mean_ms: u64,
    /// The longest time of a completed run, in milliseconds.
    pub longest_ms: u64,
    /// The last completed row.
    pub last: Option<RevisionFacts>,
    /// The last failed row.
    pub last_failure: Option<RevisionFacts>,
    /// Objects that a model no longer declares and that are kept.
    pub retired: Vec<String>,
    /// What was changed by hand since the last row.
    pub changed_by_hand: Vec<String>,
    /// Whether the last change can be rolled back; `None` where nothing was changed yet.
    pub rollback: Option<RollbackFacts>,
}

/// One row of the history, in short.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RevisionFacts {
    /// The number of the row.
    pub id: i64,
    /// The model.
    pub model: String,
    /// The version.
    pub version: String,
    /// The summary.
    pub name: String,
    /// When: RFC 3339, UTC, with milliseconds.
    pub applied_at: String,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
    /// Why it failed.
    pub error: Option<String>,
}

/// Whether the last change can be rolled back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RollbackFacts {
    /// The row of the history.
    pub revision: i64,
    /// Whether it can.
    pub possible: bool,
    /// Whether values come back from a backup.
    pub needs_backup: bool,
    /// Why it cannot.
    pub reasons: Vec<String>,
}

/// The backups of a database in one folder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BackupFacts {
    /// The folder.
    pub folder: String,
    /// How many there are.
    pub count: u64,
    /// Their size, in bytes.
    pub bytes: u64,
    /// The newest one's path.
    pub newest: Option<String>,
    /// When the newest one was made: RFC 3339, UTC, with milliseconds.
    pub newest_at: Option<String>,
    /// The age of the newest one in seconds.
    pub newest_age_s: Option<i64>,
    /// When its note says that it was proved last.
    pub newest_verified_at: Option<String>,
    /// What the newest one was held against now.
    pub newest_check: Option<BackupCheck>,
    /// The bytes that may still be written to the folder, where the system tells.
    pub free_bytes: Option<u64>,
    /// Whether the next backup has room, where the system tells.
    pub has_room: Option<bool>,
}

/// What a backup was held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BackupCheck {
    /// It has the size that its note says; its content was not read.
    Size,
    /// It has the hash that its note says, and passes SQLite's check.
    Verified,
    /// It is not what its note says.
    Differs,
}

/// SQLite, and how the connection is set that the database was looked at through.
///
/// `synchronous`, `foreign_keys` and every journal mode but WAL belong to a connection and are not in the file. Of a path they are as
/// [`Migrator::connection`](crate::Migrator::connection) sets them, else SQLite's defaults; what another program sets is not seen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EngineFacts {
    /// The version of the SQLite that is linked.
    pub sqlite: String,
    /// `wal`, `delete`, `truncate`, `persist`, `memory` or `off`.
    pub journal_mode: String,
    /// `off`, `normal`, `full` or `extra`.
    pub synchronous: String,
    /// Whether this connection enforces foreign keys.
    pub foreign_keys: bool,
}

/// The database against a model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ModelFacts {
    /// The model's name.
    pub model: String,
    /// Its version.
    pub version: String,
    /// The steps that a run would take.
    pub pending: Vec<String>,
    /// Why a run would be refused: the whole error.
    pub refused: Option<String>,
    /// The newest version in the history, where the model's is older.
    pub newer: Option<String>,
    /// Objects that are not the model's.
    pub foreign: Vec<String>,
}

impl Health {
    /// Whether nothing was found. What could not be looked at stands in `incomplete`.
    pub fn is_healthy(&self) -> bool {
        self.findings.is_empty()
    }

    /// The finding with this code.
    pub fn finding(&self, code: FindingCode) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.code == code)
    }
}

/// A size as people read it: `512 bytes`, `3.4 MB`.
fn size(bytes: u64) -> String {
    let units = [(1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    for (unit, name) in units {
        if bytes >= unit {
            let tenths = bytes / (unit / 10);
            return format!("{}.{} {name}", tenths / 10, tenths % 10);
        }
    }
    format!("{bytes} bytes")
}

/// An age as people read it: `3 days`.
fn age(seconds: i64) -> String {
    let (number, unit) = match seconds {
        86_400.. => (seconds / 86_400, "day"),
        3_600.. => (seconds / 3_600, "hour"),
        60.. => (seconds / 60, "minute"),
        _ => (seconds.max(0), "second"),
    };
    many(number.unsigned_abs(), unit, &format!("{unit}s"))
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = if self.incomplete.is_empty() { "" } else { ", by what could be looked at" };
        writeln!(f, "health of `{}`: {} of 100{part}", self.database, self.score)?;
        for finding in &self.findings {
            writeln!(f, "{finding}")?;
        }
        for part in &self.incomplete {
            writeln!(f, "not finished: {}", part.replace('\n', "\n  "))?;
        }
        let file = &self.file;
        let pages = many(file.pages, "page", "pages");
        write!(f, "file: {}, {pages}, {} free", size(file.bytes), file.free_pages)?;
        if file.log_bytes > 0 {
            write!(f, ", log of {}", size(file.log_bytes))?;
        }
        writeln!(f)?;
        writeln!(f, "{}", self.schema)?;
        if let Some(model) = &self.model {
            writeln!(f, "{model}")?;
        }
        match &self.history {
            Some(history) => writeln!(f, "{history}")?,
            None => writeln!(f, "history: none")?,
        }
        if let Some(backups) = &self.backups {
            writeln!(f, "{backups}")?;
        }
        let engine = &self.engine;
        write!(
            f,
            "engine: SQLite {}, journal {}, synchronous {}, foreign keys {}",
            engine.sqlite,
            engine.journal_mode,
            engine.synchronous,
            if engine.foreign_keys { "on" } else { "off" }
        )
    }
}

impl fmt::Display for SchemaFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            (self.tables, "table", "tables"),
            (self.virtual_tables, "virtual table", "virtual tables"),
            (self.indexes, "index", "indexes"),
            (self.views, "view", "views"),
            (self.triggers, "trigger", "triggers"),
        ];
        let parts: Vec<String> = parts
            .iter()
            .filter(|(count, one, _)| *count > 0 || *one == "table")
            .map(|(count, one, more)| many(*count, one, more))
            .collect();
        write!(f, "schema: {}, {} of text", parts.join(", "), size(self.bytes))?;
        match self.stamp_is_current {
            Some(true) => f.write_str("; the next start-up is one look"),
            Some(false) => f.write_str("; the next start-up reads all of it"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for ModelFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "model: {} {}", self.model, self.version)?;
        match (&self.refused, &self.newer) {
            (Some(_), _) => f.write_str(", refused"),
            (None, Some(newer)) => write!(f, ", on a database of version {newer}"),
            (None, None) => {
                let steps = super::count(self.pending.len());
                write!(f, ", {} pending", many(steps, "step", "steps"))
            }
        }
    }
}

impl fmt::Display for HistoryFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let revisions = many(self.revisions, "revision", "revisions");
        write!(f, "history: {revisions}, {} failed", self.failed)?;
        if let Some(rate) = self.success_rate {
            write!(f, ", {rate} % completed, {} ms on average", self.mean_ms)?;
        }
        if let Some(last) = &self.last {
            write!(f, "; last: {} {} ({}, {})", last.id, last.name, last.version, last.applied_at)?;
        }
        match &self.rollback {
            Some(rollback) if rollback.possible => {
                write!(f, "; revision {} can be rolled back", rollback.revision)
            }
            Some(rollback) => write!(
                f,
                "; revision {} cannot be rolled back: {}",
                rollback.revision,
                rollback.reasons.join("; ")
            ),
            None => Ok(()),
        }
    }
}

impl fmt::Display for BackupFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "backups: {} of {} in `{}`", self.count, size(self.bytes), self.folder)?;
        if let Some(seconds) = self.newest_age_s {
            write!(f, ", the newest {} old", age(seconds))?;
        }
        match self.newest_check {
            Some(BackupCheck::Verified) => f.write_str(" and verified")?,
            Some(BackupCheck::Size) => f.write_str(" and of the right size")?,
            Some(BackupCheck::Differs) => f.write_str(" and not what was written")?,
            None => {}
        }
        match self.free_bytes {
            Some(free) => write!(f, "; {} are free", size(free)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_ages_read_well() {
        assert_eq!([0, 999, 1_000, 3_450_000].map(size), ["0 bytes", "999 bytes", "1.0 kB", "3.4 MB"]);
        assert_eq!(
            [-5, 1, 59, 3_600, 100_000].map(age),
            ["0 seconds", "1 second", "59 seconds", "1 hour", "1 day"]
        );
    }
}
