//! How a database is, from 0 to 100, and what to do about it. Only reads.
//!
//! `finding` is the table of codes and points, `facts` the report, `watch` the clock; each other file looks for one family of
//! findings: `rows` (H1), `objects` (H2), `past` (H3 and the way back), `copies` (H4), `engine` (H5) and `space` (H6).

mod copies;
mod engine;
mod facts;
mod finding;
mod objects;
mod past;
mod rows;
mod space;
mod watch;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::Connection;

pub use facts::{
    BackupCheck, BackupFacts, EngineFacts, FileFacts, Health, HistoryFacts, ModelFacts, RevisionFacts,
    RollbackFacts, SchemaFacts,
};
pub use finding::{Finding, FindingCode, Severity};

use crate::backup;
use crate::catalog::{self, Catalog};
use crate::connection::{self, Cancel, Hook, OpenMode, SqliteResult};
use crate::error::{Error, ErrorKind, Result};
use crate::history::History;
use crate::integrity::IntegrityCheck;
use crate::migrator::Migrator;
use crate::status::Status;
use watch::Watch;

/// How to look at a database's health, with a model or without one.
///
/// ```
/// use schema_runtime::{FindingCode, Health, HealthCheck};
///
/// let conn = schema_runtime::rusqlite::Connection::open_in_memory()?;
/// conn.execute_batch("CREATE TABLE t (a); CREATE INDEX i ON t (a); CREATE INDEX j ON t (a)")?;
/// let health: Health = HealthCheck::new().look_at(&conn)?;
/// assert_eq!(health.score, 98);
/// assert_eq!(health.findings[0].code, FindingCode::RedundantIndexes);
/// assert_eq!(health.findings[0].details, ["index `j` of `t` is the same as index `i`"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct HealthCheck {
    migrator: Option<Migrator>,
    hook: Option<Hook>,
    backup_dir: Option<PathBuf>,
    history_table: String,
    lock_wait: Duration,
    time_limit: Option<Duration>,
    cancel: Cancel,
    integrity: IntegrityCheck,
    verify_backups: bool,
    machine: Machine,
}

/// What depends on the machine and not on the database.
#[derive(Clone, Copy)]
struct Machine {
    /// `sqlite3_libversion_number()` at run time.
    sqlite: i32,
    free: fn(&Path) -> Option<u64>,
}

impl Default for HealthCheck {
    fn default() -> Self {
        HealthCheck::new()
    }
}

impl std::fmt::Debug for HealthCheck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HealthCheck")
            .field("migrator", &self.migrator)
            .field("integrity", &self.integrity)
            .field("verify_backups", &self.verify_backups)
            .finish_non_exhaustive()
    }
}

impl HealthCheck {
    /// A look at the file alone: quick, for 15 s at most, waiting 5 s for locks.
    pub fn new() -> Self {
        HealthCheck {
            migrator: None,
            hook: None,
            backup_dir: None,
            history_table: crate::history::TABLE.to_owned(),
            lock_wait: Duration::from_secs(5),
            time_limit: Some(Duration::from_secs(15)),
            cancel: Cancel::new(),
            integrity: IntegrityCheck::Quick,
            verify_backups: false,
            machine: Machine { sqlite: connection::sqlite_version(), free: backup::available_space },
        }
    }

    /// A look at the file and at what the migrator would do with it. Hook, backup folder, history, waits and limits are the migrator's.
    pub fn with_model(migrator: &Migrator) -> Self {
        let options = &migrator.options;
        HealthCheck {
            migrator: Some(migrator.clone()),
            hook: options.hook.clone(),
            backup_dir: options.backup_dir.as_ref().map(|folder| migrator.at(folder)),
            history_table: options.history_table.clone(),
            lock_wait: options.lock_wait,
            time_limit: options.time_limit,
            cancel: options.cancel.clone(),
            ..HealthCheck::new()
        }
    }

    /// Registers functions, collations, modules or a key on every connection that is opened, scratch ones included.
    pub fn connection(
        mut self,
        hook: impl Fn(&Connection) -> rusqlite::Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.hook = Some(Arc::new(hook));
        self
    }

    /// The folder of the backups, instead of `backups/migrations/` beside the database.
    pub fn backup_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.backup_dir = Some(folder.into());
        self
    }

    /// The name of the history table, `migration_history` by default.
    pub fn history_table(mut self, name: impl Into<String>) -> Self {
        self.history_table = name.into();
        self
    }

    /// How long to wait for another connection's lock; 5 s by default.
    pub fn lock_wait(mut self, wait: Duration) -> Self {
        self.lock_wait = wait;
        self
    }

    /// How long what reads much may take together; 15 s by default. It covers SQLite's check of the file, foreign keys, the rows that
    /// a pending change is held against, and the content of backups: what was cut short or left out is listed in
    /// [`Health::incomplete`]. SQLite before 3.42 is interrupted only between two tables or indexes, the reading of a backup not at all
    /// once it has begun.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = Some(limit);
        self
    }

    /// Lifts the time limit.
    pub fn no_time_limit(mut self) -> Self {
        self.time_limit = None;
        self
    }

    /// A handle by which another thread can stop the check.
    pub fn cancel(mut self, cancel: Cancel) -> Self {
        self.cancel = cancel;
        self
    }

    /// `PRAGMA quick_check` by default; the full check also looks every row up in every index, about ten times slower.
    pub fn integrity(mut self, check: IntegrityCheck) -> Self {
        self.integrity = check;
        self
    }

    /// Whether each backup is read, hashed and checked; by default its size alone is held against its note.
    pub fn verify_backups(mut self, verify: bool) -> Self {
        self.verify_backups = verify;
        self
    }

    /// Looks at the database at `path`. Nothing is created or written; others may go on using it, though with a rollback journal
    /// their commits wait while the file is read.
    ///
    /// Damage is part of the report, with a score of 0.
    ///
    /// # Errors
    /// `Open` if there is no such file or it cannot be opened; `NotADatabase`, `NewerSqlite`, `Io`; `Busy` if another connection holds
    /// the file for longer than the lock wait; `Cancelled`.
    pub fn look_at_file(&self, path: impl AsRef<Path>) -> Result<Health> {
        self.at_path(path.as_ref()).map_err(|error| error.state("nothing was changed"))
    }

    fn at_path(&self, path: &Path) -> Result<Health> {
        match connection::open(path, OpenMode::ReadOnly, self.hook.as_ref(), self.lock_wait) {
            Ok(conn) => {
                // What the catalog, the pragmas and the history say belongs together.
                let together = conn
                    .unchecked_transaction()
                    .at(|| format!("cannot read {}", connection::name_of(&conn)))?;
                let mut exam = Exam::new(self, &conn, false);
                let catalog = exam.cheap(path)?;
                drop(together);
                exam.long(catalog.as_ref())?;
                Ok(exam.report())
            }
            Err(error) if error.kind() == ErrorKind::Corrupt => {
                let conn = connection::scratch(None, None)?;
                let mut exam = Exam::new(self, &conn, false);
                exam.begin(path)?;
                exam.fault(&error);
                Ok(exam.report())
            }
            Err(error) => Err(error),
        }
    }

    /// As [`look_at_file`](Self::look_at_file), through a connection that is open already, whose own settings are then part of the
    /// report. A statement of it that is still being read may be interrupted when the time limit has passed.
    ///
    /// # Errors
    /// As [`look_at_file`](Self::look_at_file).
    pub fn look_at(&self, conn: &Connection) -> Result<Health> {
        let path = connection::database_path(conn).unwrap_or_else(|| PathBuf::from(":memory:"));
        let mut exam = Exam::new(self, conn, true);
        let looked = exam.cheap(&path).and_then(|catalog| exam.long(catalog.as_ref()));
        looked.map_err(|error| error.state("nothing was changed"))?;
        Ok(exam.report())
    }

    /// The migrator with the settings of this check, where a model was given.
    fn migrator(&self) -> Option<Migrator> {
        let mut migrator = self.migrator.clone()?;
        migrator.options.hook.clone_from(&self.hook);
        migrator.options.history_table.clone_from(&self.history_table);
        migrator.options.lock_wait = self.lock_wait;
        migrator.options.cancel = self.cancel.clone();
        migrator.options.time_limit = self.time_limit;
        Some(migrator)
    }
}

impl Health {
    /// Looks at the database at `path`; the same as [`HealthCheck::look_at_file`].
    ///
    /// # Errors
    /// As [`HealthCheck::look_at_file`].
    pub fn of_file(path: impl AsRef<Path>, check: &HealthCheck) -> Result<Health> {
        check.look_at_file(path)
    }
}

/// One look, and the report as it grows.
struct Exam<'e> {
    check: &'e HealthCheck,
    conn: &'e Connection,
    watch: Watch<'e>,
    history: History,
    /// Whether the connection is the caller's own.
    is_callers: bool,
    health: Health,
    /// Damage, and what SQLite says of a schema that it cannot read.
    damage: Vec<String>,
    malformed: Vec<String>,
    /// Views, triggers and tables that need something which is not registered.
    unregistered: Vec<String>,
}

impl<'e> Exam<'e> {
    fn new(check: &'e HealthCheck, conn: &'e Connection, is_callers: bool) -> Self {
        Exam {
            check,
            conn,
            watch: Watch::start(conn, check.time_limit, check.cancel.clone()),
            history: History::named(check.history_table.as_str()),
            is_callers,
            health: Health::default(),
            damage: Vec::new(),
            malformed: Vec::new(),
            unregistered: Vec::new(),
        }
    }

    fn begin(&mut self, path: &Path) -> Result<()> {
        self.health.database = path.display().to_string();
        // Through a connection whose schema parses for certain.
        self.health.checked_at = connection::now(&connection::scratch(None, None)?)?;
        Ok(())
    }

    /// What costs milliseconds.
    fn cheap(&mut self, path: &Path) -> Result<Option<Catalog>> {
        let conn = self.conn;
        self.begin(path)?;
        let cut = connection::refuse_cut_file(conn);
        self.part("the size of the file", cut)?;
        let engine = engine::facts(self);
        self.part("the settings", engine)?;
        let began = Instant::now();
        let catalog = catalog::read(conn, "main", &self.history.own_tables());
        let Some(catalog) = self.part("the schema", catalog)? else { return Ok(None) };
        self.health.schema.read_us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        engine::look(self, &catalog);
        let objects = objects::look(self, &catalog);
        self.part("views and triggers", objects)?;
        let past = past::look(self, &catalog);
        let past = self.part("the history", past)?;
        let copies = copies::look(self, past.as_ref());
        self.part("the backups", copies)?;
        let space = space::look(self, &catalog);
        self.part("the indexes", space)?;
        Ok(Some(catalog))
    }

    /// What may take as long as the file is large.
    fn long(&mut self, catalog: Option<&Catalog>) -> Result<()> {
        if let Some(catalog) = catalog {
            let keys = rows::look_at_keys(self, catalog);
            self.part("foreign keys", keys)?;
            let model = self.look_at_model();
            self.part("the comparison with the model", model)?;
        }
        let integrity = rows::look_at_pages(self);
        self.part("SQLite's check of the file", integrity)?;
        if !self.damage.is_empty() {
            return Ok(());
        }
        let copies = copies::verify(self);
        self.part("the content of the backups", copies).map(|_| ())
    }

    /// What a run with the model would do.
    fn look_at_model(&mut self) -> Result<()> {
        let Some(migrator) = self.check.migrator() else { return Ok(()) };
        let conn = self.conn;
        let Some(status) = self.bounded("the comparison with the model", || migrator.status_on(conn))? else {
            return Ok(());
        };
        self.judge(&status);
        Ok(())
    }

    fn judge(&mut self, status: &Status) {
        let pending: Vec<String> = status.pending.steps.iter().map(|step| step.summary()).collect();
        match &status.refused {
            // The same change by hand may be the model's too.
            Some(_) if !status.drift.is_empty() && self.has(FindingCode::ChangedByHand) => {}
            Some(refused) => self.find(FindingCode::Refused, vec![refused.clone()]),
            None => self.find(FindingCode::Pending, pending.clone()),
        }
        self.health.model = Some(ModelFacts {
            model: status.model.clone(),
            version: status.version.clone(),
            pending,
            refused: status.refused.clone(),
            newer: status.newer.clone(),
            foreign: status.foreign.clone(),
        });
    }

    /// Adds a finding, where there is something to say.
    fn find(&mut self, code: FindingCode, details: Vec<String>) {
        if !details.is_empty() {
            self.health.findings.push(Finding::new(code, details));
        }
    }

    fn has(&self, code: FindingCode) -> bool {
        self.health.finding(code).is_some()
    }

    /// The result of one part. What damage made fail is a finding, what else a file can do to a reader is told in `incomplete`.
    ///
    /// # Errors
    /// What concerns the file as a whole: locks, the disk, a cancellation.
    fn part<T>(&mut self, what: &str, result: Result<T>) -> Result<Option<T>> {
        let error = match result {
            Ok(done) => return Ok(Some(done)),
            Err(error) => error,
        };
        match error.kind() {
            ErrorKind::Busy
            | ErrorKind::Io
            | ErrorKind::Open
            | ErrorKind::NewerSqlite
            | ErrorKind::Cancelled => return Err(error),
            ErrorKind::Corrupt | ErrorKind::NotADatabase => self.fault(&error),
            _ => self.health.incomplete.push(format!("{what}: {}", said(&error))),
        }
        Ok(None)
    }

    /// Does what may take long; `None`, and a line in `incomplete`, where time was up.
    fn bounded<T>(&mut self, what: &str, work: impl FnOnce() -> Result<T>) -> Result<Option<T>> {
        let done = self.watch.bounded(work)?;
        if done.is_none() {
            let limit = self.check.time_limit.unwrap_or_default().as_millis();
            self.health.incomplete.push(format!("{what}: the time limit of {limit} ms has passed"));
        }
        Ok(done)
    }

    /// Notes an error that says that the file is not as SQLite wrote it.
    fn fault(&mut self, error: &Error) {
        let text = said(error);
        let schema = error.causes().iter().any(|cause| cause.starts_with("malformed database schema"));
        let list = if schema { &mut self.malformed } else { &mut self.damage };
        let reason = error.causes().last().cloned().unwrap_or_default();
        // The same fault makes each part fail; what it was that failed is of no interest then.
        if !list.iter().any(|known| known.ends_with(&reason)) {
            list.push(text);
        }
    }

    fn report(mut self) -> Health {
        let (damage, malformed) = (std::mem::take(&mut self.damage), std::mem::take(&mut self.malformed));
        self.find(FindingCode::Damaged, damage);
        self.find(FindingCode::Malformed, malformed);
        if !self.unregistered.is_empty() {
            let list = self.unregistered.join("; ");
            self.health.incomplete.push(format!("what needs to be registered on the connection: {list}"));
        }
        let mut health = self.health;
        health.findings.sort_by_key(|finding| (std::cmp::Reverse(finding.points), finding.code));
        health.score = finding::score(&health.findings);
        health
    }
}

/// What failed and why, in one line.
fn said(error: &Error) -> String {
    let mut text = error.what().to_owned();
    for cause in error.causes() {
        text.push_str(": ");
        text.push_str(cause);
    }
    text
}

/// A list of names in backticks.
fn names<'a>(list: impl IntoIterator<Item = &'a str>) -> String {
    list.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    //! Findings that a machine shows and not a database: an old SQLite, a full disk.

    use super::*;

    fn only(check: &HealthCheck, sql: &str, code: FindingCode) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.db");
        let conn = Connection::open(&path).expect("a file");
        conn.execute_batch(sql).expect(sql);
        drop(conn);
        let health = check.look_at_file(&path).expect("a report");
        let [finding] = health.findings.as_slice() else { panic!("{health}") };
        assert_eq!((finding.code, finding.points), (code, code.points()), "{health}");
        assert_eq!((health.score, health.incomplete.len()), (100 - code.points(), 0), "{health}");
        assert_eq!(finding.recommendation, code.recommendation());
        finding.details.join("\n")
    }

    #[test]
    fn a_defect_of_the_linked_sqlite_is_found() {
        let mut check = HealthCheck::new();
        check.machine.sqlite = 3_046_001;
        let found = only(&check, "PRAGMA journal_mode = WAL; CREATE TABLE t (a)", FindingCode::KnownDefect);
        assert_eq!(
            found,
            "SQLite 3.46.1: in WAL mode a write and a checkpoint at the same moment can damage the file; mended in 3.51.3"
        );
    }

    #[test]
    fn a_disk_without_room_for_a_backup_is_found() {
        let mut check = HealthCheck::new().backup_dir("/somewhere/else");
        check.machine.free = |_| Some(100);
        let found = only(&check, "CREATE TABLE t (a)", FindingCode::NoRoom);
        assert_eq!(found, "`/somewhere/else` has 100 bytes, the next backup needs 8192");
    }
}
