//! One run, stage by stage: fast path, lock, preparation, backup, apply, record, commit.

mod by_hand;
mod copy;
mod look;
mod refuse;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use schema_sql::{CreateKind, create_kind};

use crate::apply::{Applied, Job, apply};
use crate::backup::BackupInfo;
use crate::batch::Done;
use crate::connection::{self, Deadline, OpenMode, Settings, SqliteResult};
use crate::error::{ErrorKind, Result};
use crate::found::{self, Found};
use crate::history::History;
use crate::migrator::{Migrator, Options, stated};
use crate::plan::Plan;
use crate::prepare::{Prepared, prepare};
use crate::report::{Event, Outcome, Phases, Report, StepReport};
use crate::revision::Kind;
use crate::snapshot::State;
use crate::target::NoteKind;

pub(crate) use by_hand::refuse_edited_row;
pub(crate) use copy::{About, Before};
use refuse::interrupted;
pub(crate) use refuse::{Pending, disturbed, newer_error, too_little_space};

pub(crate) struct Run<'a> {
    pub(crate) migrator: &'a Migrator,
    pub(crate) options: &'a Options,
    pub(crate) history: History,
    /// The model's version; of a model without one, the one that was recorded last, as soon as the history was read.
    pub(crate) version: String,
    pub(crate) began: Instant,
    pub(crate) phases: Phases,
    /// Whether steps have begun to write: from here on a failure is recorded.
    pub(crate) writing: bool,
    /// As what a failure is recorded.
    pub(crate) kind: Kind,
    pub(crate) warnings: Vec<String>,
    /// What was prepared for a file that did not exist yet.
    pub(crate) first: Option<Prepared>,
    /// A backup that had to be made before the lock.
    pub(crate) early_backup: Option<BackupInfo>,
    /// What numbered migrations have done.
    pub(crate) done: Done,
    /// Whether migrations are left out, since the run goes only as far as one of them.
    pub(crate) left: bool,
    /// Whether the model waits for one of these.
    pub(crate) waits: bool,
    /// Whether another round follows: of what was due only the first part is done.
    pub(crate) more: bool,
    /// What earlier rounds have committed, in words.
    pub(crate) committed: Vec<String>,
    /// The number that all rows of a round have, where migrations run.
    pub(crate) batch: Option<i64>,
}

/// How often it is looked whether another process is done.
const LOOK: Duration = Duration::from_millis(20);

impl<'a> Run<'a> {
    pub(crate) fn new(migrator: &'a Migrator) -> Self {
        Run {
            migrator,
            options: &migrator.options,
            history: History::named(migrator.options.history_table.clone()),
            version: migrator.source.version().to_owned(),
            began: Instant::now(),
            phases: Phases::default(),
            writing: false,
            kind: Kind::Automatic,
            warnings: Vec::new(),
            first: None,
            early_backup: None,
            done: Done::default(),
            left: false,
            waits: false,
            more: false,
            committed: Vec::new(),
            batch: None,
        }
    }

    pub(crate) fn on_path(migrator: &'a Migrator, path: &Path) -> Result<Report> {
        let mut run = Run::new(migrator);
        let hook = run.options.hook.as_ref();
        if run.options.dry_run {
            let mut conn = match run.open_reading(path)? {
                Some(conn) => conn,
                None => connection::scratch(None, hook)?,
            };
            return run.on(&mut conn, Some(path));
        }
        if path.symlink_metadata().is_err_and(|err| err.kind() == std::io::ErrorKind::NotFound) {
            run.try_on_nothing()?;
            if let Some(first) = run.first.as_ref().filter(|_| !run.options.auto_migrate) {
                return Err(Pending::Steps(&first.plan).uncreated(path));
            }
        }
        let mode = if run.options.auto_migrate { OpenMode::Create } else { OpenMode::ReadOnly };
        let mut conn = connection::open(path, mode, hook, run.options.lock_wait)?;
        run.on(&mut conn, Some(path))
    }

    /// A file that is to be created is prepared for before it exists: what is wrong with the model then leaves nothing behind.
    /// To remove a file after a failure could take it from another process that has opened it since.
    fn try_on_nothing(&mut self) -> Result<()> {
        if self.is_without_model() {
            return Ok(());
        }
        let empty = connection::scratch(None, self.options.hook.as_ref())?;
        let found = self.found(&empty)?;
        self.first = Some(self.prepare(&empty, found, true)?);
        Ok(())
    }

    pub(crate) fn on_connection(migrator: &'a Migrator, conn: &mut Connection) -> Result<Report> {
        Run::new(migrator).on(conn, None)
    }

    /// A connection that reads only; `None` where there is no file.
    pub(crate) fn open_reading(&self, path: &Path) -> Result<Option<Connection>> {
        if path.symlink_metadata().is_err_and(|err| err.kind() == std::io::ErrorKind::NotFound) {
            return Ok(None);
        }
        connection::open(path, OpenMode::ReadOnly, self.options.hook.as_ref(), self.options.lock_wait)
            .map(Some)
    }

    fn on(mut self, conn: &mut Connection, path: Option<&Path>) -> Result<Report> {
        connection::refuse_if_in_use(conn)?;
        let named = |conn: &Connection| match path {
            Some(path) => path.to_owned(),
            None => connection::database_path(conn).unwrap_or_else(|| PathBuf::from(":memory:")),
        };
        if self.migrator.is_heard() {
            self.migrator.emit(&Event::Checking { database: named(conn).display().to_string() });
        }
        if !self.options.dry_run {
            // Where nothing has changed, this is all that a start costs.
            if let Some(stamp) = self.fast_path(conn)? {
                return Ok(self.up_to_date(stamp.revision));
            }
        }
        let path = &named(conn);
        let mut report = self.start(conn, path)?;
        report.warnings.append(&mut self.warnings);
        if report.backup.is_some() {
            self.prune_after(conn, path, &mut report);
        }
        Ok(report)
    }

    fn start(&mut self, conn: &mut Connection, path: &Path) -> Result<Report> {
        if self.options.dry_run {
            return self.would_run(conn);
        }
        if !self.options.auto_migrate {
            return self.only_check(conn);
        }
        let limit = self.options.time_limit;
        let deadline = Deadline::install(conn, limit, Some(self.options.cancel.clone()));
        let settings = Settings::enter(deadline.conn())?;
        let result = self.rounds(&deadline, path);
        drop(settings);
        result
    }

    /// One transaction; more where a migration runs outside of any.
    fn rounds(&mut self, deadline: &Deadline<'_>, path: &Path) -> Result<Report> {
        let mut told: Option<Report> = None;
        loop {
            self.more = false;
            deadline.resume();
            let report = self.round(deadline, path).map_err(|error| match self.committed.join(", ") {
                none if none.is_empty() => error,
                there => error.restate(format!("this is there and stays: {there}; nothing else was changed")),
            })?;
            let report = match told.take() {
                None => report,
                Some(first) => report.behind(first),
            };
            if !self.more {
                return Ok(report);
            }
            told = Some(report);
        }
    }

    fn round(&mut self, deadline: &Deadline<'_>, path: &Path) -> Result<Report> {
        let conn = deadline.conn();
        let version = stated(self.back_up_early(conn, path))?;
        let waiting = Instant::now();
        match self.lock(conn) {
            Err(error) if error.kind() == ErrorKind::ReadOnly => return self.on_read_only(conn),
            result => result?,
        }
        deadline.extend(waiting.elapsed());
        let result = match version {
            None => self.locked(deadline, path),
            Some(before) => data_version(conn).and_then(|now| match now == before {
                true => self.locked(deadline, path),
                false => Err(disturbed()),
            }),
        };
        deadline.release();
        result.map_err(|error| {
            let error = match deadline.interrupted() {
                Some(kind) => interrupted(error, kind),
                None => error,
            };
            self.failed(conn, error)
        })
    }

    /// Takes the lock, and waits as long for a migration that another process runs outside of a transaction.
    fn lock(&self, conn: &Connection) -> Result<()> {
        let (wait, cancel) = (self.options.lock_wait, &self.options.cancel);
        let waiting = Instant::now();
        loop {
            connection::begin_immediate(conn, wait, Some(cancel))?;
            let waits = waiting.elapsed() < wait && !cancel.is_cancelled();
            if !waits || !self.history.is_running(conn, self.migrator.source.name())? {
                return Ok(());
            }
            connection::rollback(conn)?;
            std::thread::sleep(LOOK);
        }
    }

    /// Reads the three sides.
    pub(crate) fn found(&mut self, conn: &Connection) -> Result<Found> {
        let found = found::read(conn, self.migrator, &self.history)?;
        self.version.clone_from(&found.model.version);
        self.refuse_rolled_back(conn, &found)?;
        if let Some(numbered) = &found.numbered {
            self.done.has_made(&numbered.owners);
        }
        self.phases.check = self.began.elapsed();
        Ok(found)
    }

    /// Merges, plans and proves what follows from what was found.
    pub(crate) fn prepare(&mut self, conn: &Connection, found: Found, data: bool) -> Result<Prepared> {
        let Some(expected) = &self.options.expected else { return prepare(conn, self.migrator, found, data) };
        let other = expected.other_database(&found.live, found.head);
        let prepared = prepare(conn, self.migrator, found, data);
        if let Some(error) = other {
            let reached = prepared.is_ok_and(|prepared| prepared.plan.is_empty());
            return Err(if reached {
                error.cause("nothing is pending any more: its target is reached")
            } else {
                error
            });
        }
        let prepared = prepared?;
        expected.refuse_other(&prepared.plan)?;
        Ok(prepared)
    }

    /// Everything under the lock. On an error the caller rolls back.
    fn locked(&mut self, deadline: &Deadline<'_>, path: &Path) -> Result<Report> {
        let conn = deadline.conn();
        // Another process may have done it all while we waited.
        if let Some(stamp) = self.fast_path(conn)? {
            connection::rollback(conn)?;
            return Ok(self.up_to_date(stamp.revision));
        }
        connection::refuse_cut_file(conn)?;
        let migrations = Arc::clone(&self.options.migrations);
        let due = self.due(conn, &migrations)?;
        if !due.is_empty() {
            return self.batch(deadline, path, &due);
        }
        if self.is_without_model() {
            connection::rollback(conn)?;
            return self.at_head(conn);
        }
        let prepared = match self.first.take() {
            Some(prepared) if is_empty(conn)? => prepared,
            _ => {
                let found = self.found(conn)?;
                self.prepare(conn, found, true)?
            }
        };
        self.took(&prepared);
        if prepared.found.newer.is_some() {
            connection::rollback(conn)?;
            return self.newer(&prepared);
        }
        if prepared.plan.is_empty() {
            return self.nothing_to_do(deadline, &prepared);
        }
        self.done.refuse_made_again(&prepared)?;
        self.history.prove_writable(conn).map_err(|error| match error.kind() {
            ErrorKind::ReadOnly => Pending::Steps(&prepared.plan).read_only(conn),
            _ => error,
        })?;
        let mut statements = prepared.plan.steps.iter().flat_map(|step| &step.sql);
        if statements.any(|sql| create_kind(sql) == Some(CreateKind::Table)) {
            connection::prove_creating(conn)?;
        }
        self.migrator
            .emit(&Event::Planned { plan: prepared.plan.to_string(), steps: prepared.plan.steps.len() });
        self.refuse_too_much(path, &prepared.plan)?;
        let before = Before::steps(&prepared.plan);
        let (backup, no_backup) = self.back_up(conn, path, &prepared.found, &before)?;
        deadline.extend(self.began.elapsed());
        self.writing = true;
        let applied = self.apply(deadline, &prepared)?;
        let revision = self.record(deadline, &prepared, &applied, backup.as_ref())?;
        let mut report = self.applied(&prepared, &applied, revision);
        (report.backup, report.no_backup) = (backup, no_backup);
        Ok(report)
    }

    /// Says how long the proofs took.
    pub(crate) fn took(&mut self, prepared: &Prepared) {
        self.phases.plan = prepared.times.plan;
        self.phases.preflight = prepared.times.preflight;
        self.phases.rehearse = prepared.times.rehearse;
    }

    /// What is said of a change that was made and recorded.
    pub(crate) fn applied(&self, prepared: &Prepared, applied: &Applied, revision: i64) -> Report {
        let mut report = self.report(self.outcome(prepared), prepared);
        report.revision = Some(revision);
        report.time_steps(&applied.steps);
        if applied.old_violations > 0 {
            report.warnings.push(format!(
                "{} rows refer to a parent that does not exist; they did so before",
                applied.old_violations
            ));
        }
        report
    }

    fn outcome(&self, prepared: &Prepared) -> Outcome {
        let repaired = prepared.notes.iter().any(|note| note.kind == NoteKind::Repaired);
        if prepared.found.live.is_empty() && prepared.found.last.is_none() {
            Outcome::Created
        } else if repaired {
            Outcome::Repaired
        } else {
            Outcome::Migrated
        }
    }

    pub(crate) fn apply(&mut self, deadline: &Deadline<'_>, prepared: &Prepared) -> Result<Applied> {
        let own = found::own_tables(self.migrator);
        let of = prepared.plan.steps.len();
        let migrator = self.migrator;
        let exact = |table: &str| prepared.found.model.table_hints(table).exact_order;
        let mut job = Job {
            plan: &prepared.plan,
            start: &prepared.found.live,
            target: &prepared.target.catalog,
            known: &[&prepared.found.live, &prepared.found.model.catalog],
            renames: &prepared.target.renames,
            own: &own,
            exact: &exact,
            integrity: self.options.integrity,
            deadline,
            on_step: &mut |number, step| {
                migrator.emit(&Event::of_step(number, of, step));
            },
            fill: None,
            filled: &|_| false,
        };
        let applied = apply(deadline.conn(), &mut job).map_err(|err| {
            let name = connection::name_of(deadline.conn());
            let hiding = connection::hiding_table(deadline.conn()).filter(|_| err.kind() == ErrorKind::Apply);
            let err = match hiding {
                None => err,
                Some(table) => err
                    .of_kind(ErrorKind::Connection)
                    .cause(format!("a temporary `{table}` of this connection hides the table of that name"))
                    .help("drop it before the run, or migrate through a connection of its own"),
            };
            err.context(format!("cannot apply the plan to {name}"))
        })?;
        self.phases.apply = applied.apply;
        self.phases.verify = applied.verify;
        Ok(applied)
    }

    /// The catalog is as wanted. What the history knows may still have to be brought up to date.
    fn nothing_to_do(&mut self, deadline: &Deadline<'_>, prepared: &Prepared) -> Result<Report> {
        let conn = deadline.conn();
        let found = &prepared.found;
        let snapshot = prepared.snapshot((*found.live).clone());
        let known = prepared.is_known(&snapshot);
        let written = self.note_state(deadline, prepared, snapshot, known);
        let revision = match written {
            Ok(revision) => revision,
            // Where nothing can be written the full check runs at each start.
            Err(error) if error.kind() == ErrorKind::ReadOnly => {
                connection::rollback(conn)?;
                None
            }
            Err(error) => return Err(error),
        };
        let outcome = if found.last.is_none() && found.live.is_empty() {
            Outcome::Created
        } else if found.last.is_none() {
            Outcome::Adopted
        } else {
            Outcome::UpToDate
        };
        let mut report = self.report(outcome, prepared);
        report.revision = revision;
        Ok(report)
    }

    fn up_to_date(&mut self, revision: i64) -> Report {
        self.phases.check = self.began.elapsed();
        let mut report = Report::new(Outcome::UpToDate, self.migrator.source.name(), &self.version);
        report.revision = Some(revision);
        report.phases = self.phases;
        report.duration = self.began.elapsed();
        report
    }

    /// Without a model, where no migration is due.
    fn at_head(&mut self, conn: &Connection) -> Result<Report> {
        let id = self.history.head(conn)?.map_or(0, |(id, _)| id);
        Ok(self.up_to_date(id))
    }

    pub(crate) fn report(&self, outcome: Outcome, prepared: &Prepared) -> Report {
        let model = &prepared.found.model;
        let mut report = Report::new(outcome, &model.name, &model.version);
        report.from_version = prepared.found.last.as_ref().map(|(revision, _)| revision.version.clone());
        report.steps = prepared.plan.steps.iter().map(StepReport::of).collect();
        if outcome != Outcome::PlannedOnly {
            report.applied = prepared.plan.changes().map(ToString::to_string).collect();
        }
        report.plan = prepared.plan.clone();
        for note in &prepared.notes {
            match note.kind {
                NoteKind::Warning => report.warnings.push(note.text.clone()),
                _ => report.notes.push(note.text.clone()),
            }
        }
        for (key, state) in prepared.target.owners.iter() {
            match state {
                State::Retired { .. } => report.retired.push(key.to_owned()),
                State::Foreign => report.foreign.push(key.to_owned()),
                _ => {}
            }
        }
        report.phases = self.phases;
        report.duration = self.began.elapsed();
        report
    }
}

/// Whether the database holds nothing at all, as a new file.
pub(crate) fn is_empty(conn: &Connection) -> Result<bool> {
    conn.query_row("SELECT NOT EXISTS (SELECT 1 FROM main.sqlite_schema)", [], |row| row.get(0))
        .at(|| format!("cannot read {}", connection::name_of(conn)))
}

/// Changes when another connection has committed.
pub(crate) fn data_version(conn: &Connection) -> Result<i64> {
    conn.query_row("PRAGMA main.data_version", [], |row| row.get(0))
        .at(|| "cannot read the data version".to_owned())
}

/// What a revision without steps is called.
pub(crate) const NO_CHANGE: &str = "no change to the schema";

/// The changes in one line, for the history: the first three, and how many more.
pub(crate) fn summary(plan: &Plan) -> String {
    if plan.is_empty() {
        return NO_CHANGE.to_owned();
    }
    let changes: Vec<String> = plan.changes().take(3).map(ToString::to_string).collect();
    let more = plan.changes().count().saturating_sub(3);
    let mut text = changes.join("; ");
    if more > 0 {
        text.push_str(&format!("; and {more} more"));
    }
    text
}
