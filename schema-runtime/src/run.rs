//! One run, stage by stage: fast path, lock, preparation, backup, apply, record, commit.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::apply::{Applied, Job, apply};
use crate::backup::{self, BackupInfo, BackupPolicy, BackupRequest, BackupSource};
use crate::catalog::Catalog;
use crate::connection::{self, Deadline, OpenMode, Settings, SqliteResult};
use crate::error::{Error, ErrorKind, Result};
use crate::history::{History, Stamp, schema_cookie};
use crate::migrator::{Migrator, Options};
use crate::plan::{Method, Plan};
use crate::prepare::{self, Prepared, own_tables, prepare};
use crate::report::{Event, Outcome, Phases, Report, StepReport};
use crate::revision::{Kind, Revision, Status as RevisionStatus};
use crate::snapshot::{Owners, Snapshot, State};
use crate::status::Status;
use crate::target::{DriftPolicy, NoteKind, RemovalPolicy};
use crate::version::version_cmp;

/// The format of what the engine writes; part of the stamp, so that a newer engine looks again.
const ENGINE_FORMAT: i64 = 1;

pub(crate) struct Run<'a> {
    migrator: &'a Migrator,
    options: &'a Options,
    history: History,
    began: Instant,
    phases: Phases,
    /// Whether steps have begun to write: from here on a failure is recorded.
    writing: bool,
    warnings: Vec<String>,
    /// A backup that had to be made before the lock.
    early_backup: Option<BackupInfo>,
}

impl<'a> Run<'a> {
    fn new(migrator: &'a Migrator) -> Self {
        Run {
            migrator,
            options: &migrator.options,
            history: History::named(migrator.options.history_table.clone()),
            began: Instant::now(),
            phases: Phases::default(),
            writing: false,
            warnings: Vec::new(),
            early_backup: None,
        }
    }

    pub(crate) fn on_path(migrator: &'a Migrator, path: &Path) -> Result<Report> {
        let run = Run::new(migrator);
        let hook = run.options.hook.as_ref();
        if run.options.dry_run {
            let Some(conn) = run.open_reading(path)? else {
                let mut empty = connection::scratch(None, hook)?;
                return run.on(&mut empty, path);
            };
            let mut conn = conn;
            return run.on(&mut conn, path);
        }
        let existed = path.symlink_metadata().is_ok();
        let mut conn = connection::open(path, OpenMode::Create, hook, run.options.lock_wait)?;
        let result = run.on(&mut conn, path);
        // Another process that holds the lock of a file of 0 bytes is about to fill it.
        let locked_by_others = result.as_ref().is_err_and(|error| error.kind() == ErrorKind::Busy);
        if result.is_err() && !existed && !locked_by_others {
            drop(conn);
            remove_if_empty(path);
        }
        result
    }

    pub(crate) fn on_connection(migrator: &'a Migrator, conn: &mut Connection) -> Result<Report> {
        let path = connection::database_path(conn).unwrap_or_else(|| PathBuf::from(":memory:"));
        Run::new(migrator).on(conn, &path)
    }

    /// A connection that reads only; `None` where there is no file.
    fn open_reading(&self, path: &Path) -> Result<Option<Connection>> {
        if path.symlink_metadata().is_err_and(|err| err.kind() == std::io::ErrorKind::NotFound) {
            return Ok(None);
        }
        connection::open(path, OpenMode::ReadOnly, self.options.hook.as_ref(), self.options.lock_wait)
            .map(Some)
    }

    fn on(mut self, conn: &mut Connection, path: &Path) -> Result<Report> {
        connection::refuse_if_in_use(conn)?;
        self.migrator.emit(&Event::Checking { database: path.display().to_string() });
        if self.options.dry_run {
            let found = prepare::read(conn, self.migrator, &self.history)?;
            let prepared = prepare(conn, self.migrator, found, true)?;
            return Ok(self.report(Outcome::PlannedOnly, &prepared));
        }
        if let Some(stamp) = self.fast_path(conn)? {
            self.phases.check = self.began.elapsed();
            return Ok(self.up_to_date(stamp.revision));
        }
        let limit = self.options.time_limit;
        let deadline = Deadline::install(conn, limit, Some(self.options.cancel.clone()));
        let settings = Settings::enter(deadline.conn())?;
        let version = self.back_up_early(deadline.conn(), path)?;
        let waiting = Instant::now();
        match connection::begin_immediate(deadline.conn(), self.options.lock_wait, Some(&self.options.cancel))
        {
            Err(error) if error.kind() == ErrorKind::ReadOnly => return self.on_read_only(deadline.conn()),
            result => result?,
        }
        deadline.extend(waiting.elapsed());
        let result = match version {
            Some(before) if data_version(deadline.conn())? != before => Err(Error::new(
                ErrorKind::Busy,
                "another program wrote to the database between the backup and the lock",
            )
            .help("start again")),
            _ => self.locked(&deadline, path),
        };
        deadline.release();
        let result = match result {
            Ok(report) => Ok(report),
            Err(error) => {
                let error = match deadline.interrupted() {
                    Some(kind) => interrupted(error, kind),
                    None => error,
                };
                Err(self.failed(deadline.conn(), error))
            }
        };
        drop(settings);
        result
    }

    /// The stamp of the last look, where nothing that counts has changed since.
    fn fast_path(&self, conn: &Connection) -> Result<Option<Stamp>> {
        let Some(stamp) = self.history.read_stamp(conn, self.migrator.schema.name)? else { return Ok(None) };
        let cookie = schema_cookie(conn)?;
        Ok((stamp == self.stamp(cookie, stamp.revision)).then_some(stamp))
    }

    fn stamp(&self, cookie: i64, revision: i64) -> Stamp {
        let schema = self.migrator.schema;
        Stamp {
            model: schema.name.to_owned(),
            fingerprint: fingerprint(schema),
            policy: self.policy(),
            migrations: String::new(),
            format: ENGINE_FORMAT,
            schema_cookie: cookie,
            revision,
        }
    }

    /// What the caller has set and the outcome of a check depends on.
    fn policy(&self) -> String {
        let removal = match self.options.policies.removal {
            RemovalPolicy::Retain => "retain",
            RemovalPolicy::Drop => "drop",
            RemovalPolicy::Refuse => "refuse",
        };
        let drift = match self.options.policies.drift {
            DriftPolicy::Refuse => "refuse",
            DriftPolicy::Repair => "repair",
        };
        format!("version {}, removed {removal}, drift {drift}", self.migrator.schema.version)
    }

    /// A file that cannot be written: nothing pending is fine, anything else is not.
    fn on_read_only(mut self, conn: &Connection) -> Result<Report> {
        let found = prepare::read(conn, self.migrator, &self.history)?;
        let prepared = prepare(conn, self.migrator, found, false)?;
        self.phases.check = self.began.elapsed();
        if prepared.found.newer.is_some() {
            return self.newer(&prepared);
        }
        if prepared.plan.is_empty() {
            return Ok(self.report(Outcome::UpToDate, &prepared));
        }
        Err(read_only(conn, &prepared.plan))
    }

    /// Everything under the lock. On an error the caller rolls back.
    fn locked(&mut self, deadline: &Deadline<'_>, path: &Path) -> Result<Report> {
        let conn = deadline.conn();
        // Another process may have done it all while we waited.
        if let Some(stamp) = self.fast_path(conn)? {
            connection::rollback(conn)?;
            self.phases.check = self.began.elapsed();
            return Ok(self.up_to_date(stamp.revision));
        }
        connection::refuse_cut_file(conn)?;
        let found = prepare::read(conn, self.migrator, &self.history)?;
        self.phases.check = self.began.elapsed();
        let prepared = prepare(conn, self.migrator, found, true)?;
        self.phases.plan = prepared.times.plan;
        self.phases.preflight = prepared.times.preflight;
        self.phases.rehearse = prepared.times.rehearse;
        if prepared.found.newer.is_some() {
            connection::rollback(conn)?;
            return self.newer(&prepared);
        }
        if prepared.plan.is_empty() {
            return self.nothing_to_do(deadline, &prepared);
        }
        connection::prove_writable(conn).map_err(|error| match error.kind() {
            ErrorKind::ReadOnly => read_only(conn, &prepared.plan),
            _ => error,
        })?;
        self.migrator
            .emit(&Event::Planned { plan: prepared.plan.to_string(), steps: prepared.plan.steps.len() });
        self.refuse_slow(&prepared.plan)?;
        refuse_full(path, &prepared.plan)?;
        let (backup, no_backup) = self.back_up(conn, path, &prepared)?;
        deadline.extend(self.began.elapsed());
        self.writing = true;
        let applied = self.apply(deadline, &prepared)?;
        let revision = self.record(deadline, &prepared, &applied, backup.as_ref())?;
        let outcome = self.outcome(&prepared);
        let mut report = self.report(outcome, &prepared);
        report.revision = Some(revision);
        report.backup = backup;
        report.no_backup = no_backup;
        report.warnings.append(&mut self.warnings);
        for (step, time) in report.steps.iter_mut().zip(&applied.steps) {
            step.ms = time.as_secs_f64() * 1_000.0;
        }
        if applied.old_violations > 0 {
            report.warnings.push(format!(
                "{} rows refer to a parent that does not exist; they did so before",
                applied.old_violations
            ));
        }
        Ok(report)
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

    fn refuse_slow(&self, plan: &Plan) -> Result<()> {
        let estimate = Duration::from_millis(plan.cost().ms);
        let Some(limit) = self.options.time_limit.filter(|limit| estimate > *limit) else { return Ok(()) };
        Err(Error::new(
            ErrorKind::TimeLimit,
            format!(
                "the change is estimated to take {:.1} s, the limit is {:.1} s",
                estimate.as_secs_f64(),
                limit.as_secs_f64()
            ),
        )
        .state("nothing was changed")
        .help("raise the limit with `.time_limit(…)`, or run the migration by hand at a quiet time"))
    }

    /// Whether this run is to be backed up; else why not.
    fn backup_reason(&self, conn: &Connection, prepared: &Prepared) -> std::result::Result<(), &'static str> {
        let writes = prepared.plan.steps.iter().any(|step| {
            step.method >= Method::Update || step.hazards.iter().any(|hazard| hazard.code.is_loss())
        });
        match self.options.backup {
            _ if connection::is_memory(conn) => Err("the database is in memory"),
            _ if prepared.found.live.is_empty() => Err("the database was empty"),
            BackupPolicy::Never => Err("the backup policy is never"),
            BackupPolicy::Rewrites if !writes => Err("no step writes rows"),
            _ => Ok(()),
        }
    }

    fn back_up(
        &mut self,
        conn: &Connection,
        path: &Path,
        prepared: &Prepared,
    ) -> Result<(Option<BackupInfo>, Option<String>)> {
        if let Err(reason) = self.backup_reason(conn, prepared) {
            return Ok((None, Some(reason.to_owned())));
        }
        if let Some(info) = self.early_backup.take() {
            return Ok((Some(info), None));
        }
        let info = self.copy(conn, path, prepared, BackupSource::File)?;
        Ok((Some(info), None))
    }

    /// In exclusive locking mode no second connection can read the file while this one holds the lock; so the copy is made
    /// through this one before, and the counter of foreign commits, which is given back, must be the same under the lock.
    fn back_up_early(&mut self, conn: &Connection, path: &Path) -> Result<Option<i64>> {
        let mode: String = conn
            .query_row("PRAGMA main.locking_mode", [], |row| row.get(0))
            .at(|| "cannot read the locking mode".to_owned())?;
        if !mode.eq_ignore_ascii_case("exclusive") || connection::is_memory(conn) {
            return Ok(None);
        }
        let found = prepare::read(conn, self.migrator, &self.history)?;
        let prepared = prepare(conn, self.migrator, found, false)?;
        let needed = prepared.found.newer.is_none() && !prepared.plan.is_empty();
        if !needed || self.backup_reason(conn, &prepared).is_err() {
            return Ok(None);
        }
        let version = data_version(conn)?;
        self.early_backup = Some(self.copy(conn, path, &prepared, BackupSource::Connection(conn))?);
        Ok(Some(version))
    }

    fn copy(
        &mut self,
        conn: &Connection,
        path: &Path,
        prepared: &Prepared,
        source: BackupSource<'_>,
    ) -> Result<BackupInfo> {
        let began = Instant::now();
        let database = connection::database_path(conn).unwrap_or_else(|| path.to_path_buf());
        let version = prepared.found.last.as_ref().map(|(revision, _)| revision.version.as_str());
        let request = BackupRequest {
            database: &database,
            source,
            folder: self.options.backup_dir.as_deref(),
            hook: self.options.hook.as_ref(),
            wait: self.options.lock_wait,
            model: self.migrator.schema.name,
            version,
            reason: &summary(&prepared.plan),
        };
        let info = backup::create(&request, &mut |page, pages| {
            self.migrator.emit(&Event::BackingUp { page, pages });
            !self.options.cancel.is_cancelled()
        })?;
        self.phases.backup = began.elapsed();
        self.migrator.emit(&Event::BackedUp {
            backup: info.path.display().to_string(),
            ms: millis(self.phases.backup).unsigned_abs(),
        });
        Ok(info)
    }

    fn apply(&mut self, deadline: &Deadline<'_>, prepared: &Prepared) -> Result<Applied> {
        let own = own_tables(self.migrator);
        let of = prepared.plan.steps.len();
        let migrator = self.migrator;
        let exact = |table: &str| prepared.found.model.table_hints(table).exact_order;
        let mut job = Job {
            plan: &prepared.plan,
            start: &prepared.found.live,
            target: &prepared.target.catalog,
            renames: &prepared.target.renames,
            own: &own,
            exact: &exact,
            integrity: self.options.integrity,
            deadline,
            on_step: &mut |number, step| {
                migrator.emit(&Event::Step { number, of, summary: step.summary() });
            },
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

    /// Writes the revision and the stamp, and commits.
    fn record(
        &mut self,
        deadline: &Deadline<'_>,
        prepared: &Prepared,
        applied: &Applied,
        backup: Option<&BackupInfo>,
    ) -> Result<i64> {
        let began = Instant::now();
        let conn = deadline.conn();
        self.history.ensure(conn)?;
        let batch = prepared.found.head + 1;
        if prepared.found.last.is_none() && !prepared.found.live.is_empty() {
            self.baseline(conn, &prepared.found.live, batch)?;
        }
        let mut revision = self.revision(conn, Kind::Automatic, &summary(&prepared.plan), batch)?;
        revision.duration_ms = millis(applied.apply + applied.verify);
        revision.plan = Some(prepared.plan.to_json()?);
        revision.undo = prepared.undo.as_ref().map(Plan::to_json).transpose()?;
        revision.rollback_sql = prepared.undo.as_ref().map(Plan::to_sql);
        let mut snapshot = prepared.snapshot(applied.reached.clone());
        let left = prepared.found.last.as_ref().map(|(_, last)| &last.catalog);
        snapshot.start =
            left.filter(|left| **left != prepared.found.live).map(|_| prepared.found.live.clone());
        revision.snapshot = Some(snapshot.to_json()?);
        revision.backup = backup.map(|info| info.path.display().to_string());
        let id = self.history.append(conn, &revision)?;
        self.finish(deadline, id)?;
        self.phases.record = began.elapsed();
        Ok(id)
    }

    /// Stamps and commits. The cookie is read last, inside the transaction that stamps.
    fn finish(&mut self, deadline: &Deadline<'_>, revision: i64) -> Result<()> {
        let conn = deadline.conn();
        let cookie = schema_cookie(conn)?;
        self.history.write_stamp(conn, &self.stamp(cookie, revision))?;
        deadline.release();
        match connection::commit(conn, self.options.lock_wait) {
            // SQLite may report an error for a COMMIT that has happened; the stamp of this run tells.
            Err(error)
                if conn.is_autocommit()
                    && self.fast_path(conn)?.is_some_and(|stamp| stamp.revision == revision) =>
            {
                self.warnings.push(format!(
                    "COMMIT reported an error, but the change is in the file: {}",
                    error.what()
                ));
                Ok(())
            }
            result => result,
        }
    }

    fn revision(&self, conn: &Connection, kind: Kind, name: &str, batch: i64) -> Result<Revision> {
        let schema = self.migrator.schema;
        let mut revision = Revision::new(schema.name, kind, schema.version, name, connection::now(conn)?);
        revision.batch = batch;
        revision.program = Some(program(schema.version));
        revision.reason.clone_from(&self.options.reason);
        revision.fingerprint = Some(fingerprint(schema));
        Ok(revision)
    }

    /// Records what was there before the first run: nothing of it is the model's yet.
    fn baseline(&self, conn: &Connection, live: &Catalog, batch: i64) -> Result<i64> {
        let schema = self.migrator.schema;
        let mut owners = Owners::default();
        for key in crate::snapshot::keys(live) {
            owners.set(key, State::Foreign);
        }
        let snapshot = Snapshot::baseline(schema.name, live.clone(), owners);
        let mut revision = self.revision(conn, Kind::Baseline, "the database as it was found", batch)?;
        // The version is that of the state before, which nobody knows: any program may be newer.
        revision.version = "0".to_owned();
        revision.fingerprint = None;
        revision.snapshot = Some(snapshot.to_json()?);
        self.history.append(conn, &revision)
    }

    /// The catalog is as wanted. What the history knows may still have to be brought up to date.
    fn nothing_to_do(&mut self, deadline: &Deadline<'_>, prepared: &Prepared) -> Result<Report> {
        let conn = deadline.conn();
        let found = &prepared.found;
        let snapshot = prepared.snapshot(found.live.clone());
        let known = found.last.as_ref().is_some_and(|(_, last)| {
            version_cmp(&last.version, &snapshot.version).is_eq()
                && last.fingerprint == snapshot.fingerprint
                && last.owners == snapshot.owners
                && last.renames == snapshot.renames
        });
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

    /// Records a revision without steps where the model's state is new to the history, and stamps.
    fn note_state(
        &mut self,
        deadline: &Deadline<'_>,
        prepared: &Prepared,
        snapshot: Snapshot,
        known: bool,
    ) -> Result<Option<i64>> {
        let conn = deadline.conn();
        connection::prove_writable(conn)?;
        self.history.ensure(conn)?;
        let last = prepared.found.last.as_ref().map(|(revision, _)| revision.id);
        let id = match last.filter(|_| known) {
            Some(id) => id,
            None => {
                let first = last.is_none();
                let kind = if first { Kind::Baseline } else { Kind::Automatic };
                let name = if first { "the database as it was found" } else { "no change to the schema" };
                let mut revision = self.revision(conn, kind, name, prepared.found.head + 1)?;
                revision.snapshot = Some(snapshot.to_json()?);
                revision.plan = Some(prepared.plan.to_json()?);
                self.history.append(conn, &revision)?
            }
        };
        self.finish(deadline, id)?;
        Ok(Some(id))
    }

    /// A newer version of the program has been here: run as it is where it only added, else refuse.
    fn newer(&mut self, prepared: &Prepared) -> Result<Report> {
        let newest = prepared.found.newer.clone().unwrap_or_default();
        let reasons = prepare::what_older_lacks(prepared);
        if reasons.is_empty() {
            let mut report = self.report(Outcome::NewerDatabase, prepared);
            report
                .warnings
                .push(format!("the database is of version {newest}; this program runs on it as it is"));
            return Ok(report);
        }
        Err(newer_error(self.migrator.schema.version, &newest, &reasons))
    }

    /// Rolls back, and records the failure where there is a history and the work had begun.
    fn failed(&self, conn: &Connection, error: Error) -> Error {
        let error = connection::rolled_back(conn, error);
        let begun = matches!(
            error.kind(),
            ErrorKind::Apply
                | ErrorKind::Verify
                | ErrorKind::TimeLimit
                | ErrorKind::Cancelled
                | ErrorKind::DiskFull
                | ErrorKind::Io
        );
        if begun && self.writing {
            // The error that the caller sees is the first one, whether or not it could be recorded.
            let _ = self.record_failure(conn, &error);
        }
        error
    }

    fn record_failure(&self, conn: &Connection, error: &Error) -> Result<()> {
        if !self.history.exists(conn)? {
            return Ok(());
        }
        connection::begin_immediate(conn, self.options.lock_wait, None)?;
        let written = (|| {
            let head = self.history.head(conn)?.map_or(0, |(id, _)| id);
            let mut revision = self.revision(conn, Kind::Automatic, "failed", head + 1)?;
            revision.status = RevisionStatus::Failed;
            revision.error = Some(error.to_string());
            revision.duration_ms = millis(self.began.elapsed());
            self.history.append(conn, &revision)?;
            connection::commit(conn, self.options.lock_wait)
        })();
        connection::rollback(conn)?;
        written
    }

    fn up_to_date(&self, revision: i64) -> Report {
        let schema = self.migrator.schema;
        let mut report = Report::new(Outcome::UpToDate, schema.name, schema.version);
        report.revision = Some(revision);
        report.phases = self.phases;
        report.duration = self.began.elapsed();
        report
    }

    fn report(&self, outcome: Outcome, prepared: &Prepared) -> Report {
        let schema = self.migrator.schema;
        let mut report = Report::new(outcome, schema.name, schema.version);
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

    pub(crate) fn status_of_path(migrator: &'a Migrator, path: &Path) -> Result<Status> {
        let run = Run::new(migrator);
        match run.open_reading(path)? {
            Some(conn) => run.status(&conn),
            None => {
                let mut status = run.status(&connection::scratch(None, run.options.hook.as_ref())?)?;
                status.exists = false;
                Ok(status)
            }
        }
    }

    pub(crate) fn status_of(migrator: &'a Migrator, conn: &Connection) -> Result<Status> {
        Run::new(migrator).status(conn)
    }

    /// Rows of the history that are not as they were written.
    fn tampered(&self, conn: &Connection) -> Result<Vec<String>> {
        if !self.history.exists(conn)? {
            return Ok(Vec::new());
        }
        let rows = self.history.verify_chain(conn)?;
        Ok(rows
            .iter()
            .map(|row| format!("row {} of the history ({}) {}", row.id, row.version, row.problem))
            .collect())
    }

    pub(crate) fn history_of_path(migrator: &'a Migrator, path: &Path) -> Result<Vec<Revision>> {
        let run = Run::new(migrator);
        match run.open_reading(path)? {
            Some(conn) if run.history.exists(&conn)? => run.history.all(&conn),
            _ => Ok(Vec::new()),
        }
    }

    fn status(&self, conn: &Connection) -> Result<Status> {
        let schema = self.migrator.schema;
        let mut status = Status::new(schema.name, schema.version);
        let found = match prepare::read(conn, self.migrator, &self.history) {
            Err(error) if error.kind() == ErrorKind::WrongFile => {
                status.refused = Some(error.to_string());
                return Ok(status);
            }
            found => found?,
        };
        status.warnings = self.tampered(conn)?;
        status.last = found.last.as_ref().map(|(revision, _)| revision.clone());
        status.newer = found.newer.clone();
        let prepared = match prepare(conn, self.migrator, found, true) {
            Ok(prepared) => prepared,
            Err(error) => {
                let kind = error.kind();
                if matches!(kind, ErrorKind::Drift | ErrorKind::Conflict) {
                    status.drift = error.causes().to_vec();
                }
                status.refused = Some(error.to_string());
                return Ok(status);
            }
        };
        let report = self.report(Outcome::PlannedOnly, &prepared);
        if prepared.found.newer.is_some() {
            let reasons = prepare::what_older_lacks(&prepared);
            if !reasons.is_empty() {
                let newest = prepared.found.newer.clone().unwrap_or_default();
                status.refused = Some(newer_error(schema.version, &newest, &reasons).to_string());
            }
        } else {
            status.pending = report.plan;
        }
        status.warnings.extend(report.warnings);
        status.notes = report.notes;
        status.retired = report.retired;
        status.foreign = report.foreign;
        Ok(status)
    }
}

/// The error of a statement that the time limit or a cancellation has stopped, as one of that kind.
fn interrupted(error: Error, kind: ErrorKind) -> Error {
    let (what, help) = match kind {
        ErrorKind::TimeLimit => (
            "the time limit has passed",
            "raise it with `.time_limit(…)`, or run the migration by hand at a quiet time",
        ),
        _ => ("the run was cancelled", "start again to migrate"),
    };
    // SQLite's own text is "interrupted", which does not tell why.
    let said = error.kind() == kind && !error.causes().iter().any(|cause| cause == "interrupted");
    if said { error } else { error.of_kind(kind).context(what) }.help(help)
}

fn newer_error(ours: &str, newest: &str, reasons: &[String]) -> Error {
    let mut error = Error::new(
        ErrorKind::NewerDatabase,
        format!("the database is of version {newest} and this program of version {ours} cannot use it"),
    );
    if version_cmp(ours, newest).is_eq() {
        error = error.cause("a later model of the same version has replaced this one");
    }
    for reason in reasons {
        error = error.cause(reason.clone());
    }
    error.state("nothing was changed").help(format!(
        "run version {newest} or newer; to go back to {ours} on purpose, say `.allow_revert()`"
    ))
}

fn read_only(conn: &Connection, plan: &Plan) -> Error {
    let mut error = Error::new(
        ErrorKind::ReadOnly,
        format!("{} cannot be written and {} steps are pending", connection::name_of(conn), plan.steps.len()),
    );
    for step in &plan.steps {
        error = error.cause(format!("pending: {}", step.summary()));
    }
    error.state("nothing was changed").help("make the file and its folder writable, then start again")
}

/// The running program and the version of its model.
fn program(version: &str) -> String {
    let name =
        std::env::current_exe().ok().and_then(|path| Some(path.file_stem()?.to_string_lossy().into_owned()));
    format!("{} {version}", name.as_deref().unwrap_or("unknown program"))
}

/// The change writes a log or a journal of about the size that the plan says; where the disk cannot take it, nothing begins.
fn refuse_full(path: &Path, plan: &Plan) -> Result<()> {
    let needed = plan.cost().disk;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Some(free) = backup::available_space(folder).filter(|free| *free < needed) else { return Ok(()) };
    Err(Error::new(
        ErrorKind::DiskFull,
        format!("`{}` has too little free space for the change", folder.display()),
    )
    .cause(format!("the plan needs about {needed} bytes, {free} are free"))
    .state("nothing was changed")
    .help("free disk space, then start again"))
}

/// Changes when another connection has committed.
fn data_version(conn: &Connection) -> Result<i64> {
    conn.query_row("PRAGMA main.data_version", [], |row| row.get(0))
        .at(|| "cannot read the data version".to_owned())
}

fn fingerprint(schema: &crate::descriptor::Schema) -> String {
    format!("{:032x}", schema.fingerprint)
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// The changes in one line, for the history: the first three, and how many more.
fn summary(plan: &Plan) -> String {
    let changes: Vec<String> = plan.changes().take(3).map(ToString::to_string).collect();
    let more = plan.changes().count().saturating_sub(3);
    let mut text = changes.join("; ");
    if more > 0 {
        text.push_str(&format!("; and {more} more"));
    }
    text
}

/// Removes what a failed run has left of a file that it made: SQLite creates one of 0 bytes.
fn remove_if_empty(path: &Path) {
    if path.metadata().is_ok_and(|meta| meta.is_file() && meta.len() == 0) {
        let _ = std::fs::remove_file(path);
    }
}
