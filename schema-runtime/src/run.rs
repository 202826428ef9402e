//! One run, stage by stage: fast path, lock, preparation, backup, apply, record, commit.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::apply::{Applied, Job, apply};
use crate::backup::{self, BackupInfo, BackupPolicy, BackupRequest, BackupSource};
use crate::batch::Done;
use crate::catalog::Catalog;
use crate::connection::{self, Deadline, OpenMode, Settings, SqliteResult};
use crate::error::{Error, ErrorKind, Result};
use crate::found::{self, Found};
use crate::history::History;
use crate::migration::Migration;
use crate::migrator::{Migrator, Options};
use crate::plan::{Method, Plan};
use crate::plan_file::{Made, PlanFile};
use crate::preflight::Consent;
use crate::prepare::{self, Prepared, prepare};
use crate::report::{Event, Outcome, Phases, Report, StepReport, count};
use crate::revision::Kind;
use crate::snapshot::State;
use crate::target::NoteKind;
use crate::version::version_cmp;

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
    /// The automatic change among them, and the catalog that it reached.
    pub(crate) modelled: Option<(Prepared, Catalog)>,
    /// The number of the batch, as soon as a migration has a row.
    pub(crate) batch: Option<i64>,
}

/// What is noted of a backup beside what its files tell.
pub(crate) struct About {
    pub(crate) version: Option<String>,
    pub(crate) history: Option<String>,
    pub(crate) reason: String,
}

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
            modelled: None,
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
            return run.on(&mut conn, path);
        }
        if path.symlink_metadata().is_err_and(|err| err.kind() == std::io::ErrorKind::NotFound) {
            run.try_on_nothing()?;
            if let Some(first) = run.first.as_ref().filter(|_| !run.options.auto_migrate) {
                let what = format!("`{}` does not exist, and this start only checks", path.display());
                return Err(pending(&first.plan, what));
            }
        }
        let mode = if run.options.auto_migrate { OpenMode::Create } else { OpenMode::ReadOnly };
        let mut conn = connection::open(path, mode, hook, run.options.lock_wait)?;
        run.on(&mut conn, path)
    }

    /// A dry run: what is due, and the change that would follow.
    fn would_run(&mut self, conn: &Connection) -> Result<Report> {
        let migrations = Arc::clone(&self.options.migrations);
        let due = self.due(conn, &migrations)?;
        self.warnings.extend(due.warnings.iter().cloned());
        let mut report = if self.is_without_model() {
            Report::new(Outcome::PlannedOnly, self.migrator.source.name(), &self.version)
        } else if due.is_empty() {
            let prepared = self.prepare(conn, true)?;
            self.report(Outcome::PlannedOnly, &prepared)
        } else {
            let found = found::read(conn, self.migrator, &self.history)?;
            self.version.clone_from(&found.model.version);
            self.refuse_rolled_back(conn, &found)?;
            let prepared = self.prepare_after(conn, found, &due)?;
            self.report(Outcome::PlannedOnly, &prepared)
        };
        report.pending = due.all().map(Migration::title).collect();
        report.warnings.append(&mut self.warnings);
        Ok(report)
    }

    /// Without `auto_migrate`: nothing pending is fine, anything else is an error, and nothing is written.
    fn only_check(mut self, conn: &Connection) -> Result<Report> {
        // One state of the file for all that is read.
        connection::begin_reading(conn)?;
        let migrations = Arc::clone(&self.options.migrations);
        let due = self.due(conn, &migrations);
        let prepared = match &due {
            Ok(due) if !due.is_empty() && self.is_without_model() => None,
            _ => Some(self.prepare(conn, true)),
        };
        connection::rollback(conn)?;
        let due = due?;
        if !due.is_empty() {
            let what =
                format!("migrations are due in {}, and this start only checks", connection::name_of(conn));
            let error = due.all().fold(Error::new(ErrorKind::Pending, what), |error, migration| {
                error.cause(format!("pending: migration {}", migration.title()))
            });
            return Err(error.state("nothing was changed").help(
                "migrate by hand with `schema apply`, or let a start do it: `.auto_migrate(true)`, `SCHEMA_AUTO_MIGRATE=on`",
            ));
        }
        let Some(prepared) = prepared else { return Ok(self.up_to_date(0)) };
        let prepared = prepared?;
        if prepared.found.newer.is_some() {
            return self.newer(&prepared);
        }
        if prepared.plan.is_empty() {
            return Ok(self.report(Outcome::UpToDate, &prepared));
        }
        let steps = count(prepared.plan.steps.len(), "step");
        Err(pending(
            &prepared.plan,
            format!("{steps} to take in {}, and this start only checks", connection::name_of(conn)),
        ))
    }

    /// A file that is to be created is prepared for before it exists: what is wrong with the model then leaves nothing behind.
    /// To remove a file after a failure could take it from another process that has opened it since.
    fn try_on_nothing(&mut self) -> Result<()> {
        if self.is_without_model() {
            return Ok(());
        }
        let empty = connection::scratch(None, self.options.hook.as_ref())?;
        self.first = Some(self.prepare(&empty, true)?);
        Ok(())
    }

    pub(crate) fn on_connection(migrator: &'a Migrator, conn: &mut Connection) -> Result<Report> {
        let path = connection::database_path(conn).unwrap_or_else(|| PathBuf::from(":memory:"));
        Run::new(migrator).on(conn, &path)
    }

    /// A connection that reads only; `None` where there is no file.
    pub(crate) fn open_reading(&self, path: &Path) -> Result<Option<Connection>> {
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
            return self.would_run(conn);
        }
        if let Some(stamp) = self.fast_path(conn)? {
            self.phases.check = self.began.elapsed();
            return Ok(self.up_to_date(stamp.revision));
        }
        if !self.options.auto_migrate {
            return self.only_check(conn);
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
            Some(before) if data_version(deadline.conn())? != before => Err(disturbed()),
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
        result.map(|mut report| {
            if report.backup.is_some() {
                self.prune_after(deadline.conn(), path, &mut report);
            }
            report
        })
    }

    /// A file that cannot be written: nothing pending is fine, anything else is not.
    fn on_read_only(mut self, conn: &Connection) -> Result<Report> {
        let prepared = self.prepare(conn, false)?;
        if prepared.found.newer.is_some() {
            return self.newer(&prepared);
        }
        if prepared.plan.is_empty() {
            return Ok(self.report(Outcome::UpToDate, &prepared));
        }
        Err(read_only(conn, &prepared.plan))
    }

    /// Reads the three sides, and merges, plans and proves what follows from them.
    fn prepare(&mut self, conn: &Connection, data: bool) -> Result<Prepared> {
        let found = found::read(conn, self.migrator, &self.history)?;
        self.version.clone_from(&found.model.version);
        self.refuse_rolled_back(conn, &found)?;
        self.phases.check = self.began.elapsed();
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

    /// A start does not make again what somebody has taken back; another model, or a person, may.
    pub(crate) fn refuse_rolled_back(&self, conn: &Connection, found: &Found) -> Result<()> {
        let Some((last, _)) =
            found.last.as_ref().filter(|(last, _)| matches!(last.kind, Kind::Rollback | Kind::Restore))
        else {
            return Ok(());
        };
        let source = &self.migrator.source;
        let (name, print) = (source.name(), source.fingerprint());
        // Steps of this very version, undone alone.
        let is_it = source.version().is_empty() || version_cmp(&last.version, source.version()).is_eq();
        let in_part =
            is_it && last.kind == Kind::Rollback && last.fingerprint.as_deref() == Some(print.as_str());
        let barred = in_part || self.history.was_rolled_back(conn, name, source.version(), &print)?;
        if self.options.reapply || !barred {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::RolledBack,
            format!("version {} of model `{name}` was rolled back", found.model.version),
        )
        .cause(format!("revision {} of {}: {}", last.id, last.applied_at, last.name))
        .state("nothing was changed")
        .help("start the version of before or a newer one; to apply this one again, use `schema apply` or say `.reapply()`"))
    }

    pub(crate) fn plan_file(migrator: &'a Migrator, path: &Path) -> Result<PlanFile> {
        let mut planning = migrator.clone();
        planning.options.dry_run = true;
        let mut run = Run::new(&planning);
        let options = run.options;
        let conn = connection::open(path, OpenMode::ReadOnly, options.hook.as_ref(), options.lock_wait)?;
        connection::refuse_cut_file(&conn)?;
        let prepared = run.prepare(&conn, true)?;
        if let Some(newest) = &prepared.found.newer {
            let reasons = prepare::what_older_lacks(&prepared);
            return Err(newer_error(&run.version, newest, &reasons));
        }
        let made = Made {
            at: connection::now(&conn)?,
            database: path.display().to_string(),
            sqlite: rusqlite::version().to_owned(),
            policies: options.policies,
            consents: options.consents.iter().map(Consent::text).collect(),
            allow_revert: options.allow_revert,
            adopt_any: options.adopt_any,
        };
        let model = found::model(&conn, migrator)?;
        PlanFile::seal(made, prepared.found.live, model, prepared.plan)
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
        let migrations = Arc::clone(&self.options.migrations);
        let due = self.due(conn, &migrations)?;
        self.warnings.extend(due.warnings.iter().cloned());
        if !due.is_empty() {
            return self.batch(deadline, path, &due);
        }
        if self.is_without_model() {
            connection::rollback(conn)?;
            let id = self.history.head(conn)?.map_or(0, |(id, _)| id);
            return Ok(self.up_to_date(id));
        }
        let prepared = match self.first.take() {
            Some(prepared) if is_empty(conn)? => prepared,
            _ => self.prepare(conn, true)?,
        };
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
        report.time_steps(&applied.steps);
        if applied.old_violations > 0 {
            report.warnings.push(format!(
                "{} rows refer to a parent that does not exist; they did so before",
                applied.old_violations
            ));
        }
        Ok(report)
    }

    pub(crate) fn outcome(&self, prepared: &Prepared) -> Outcome {
        let repaired = prepared.notes.iter().any(|note| note.kind == NoteKind::Repaired);
        if prepared.found.live.is_empty() && prepared.found.last.is_none() {
            Outcome::Created
        } else if repaired {
            Outcome::Repaired
        } else {
            Outcome::Migrated
        }
    }

    pub(crate) fn refuse_slow(&self, plan: &Plan) -> Result<()> {
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
        let info = self.copy_before(conn, path, prepared, BackupSource::File)?;
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
        let migrations = Arc::clone(&self.options.migrations);
        let due = self.due(conn, &migrations)?;
        if !due.is_empty() {
            let found = found::read(conn, self.migrator, &self.history)?;
            let version = data_version(conn)?;
            let source = BackupSource::Connection(conn);
            self.early_backup = self.back_up_before(conn, path, &found, &due, source)?.0;
            return Ok(self.early_backup.is_some().then_some(version));
        }
        let prepared = self.prepare(conn, false)?;
        let needed = prepared.found.newer.is_none() && !prepared.plan.is_empty();
        if !needed || self.backup_reason(conn, &prepared).is_err() {
            return Ok(None);
        }
        let version = data_version(conn)?;
        self.early_backup = Some(self.copy_before(conn, path, &prepared, BackupSource::Connection(conn))?);
        Ok(Some(version))
    }

    /// The backup before the change that was prepared.
    fn copy_before(
        &mut self,
        conn: &Connection,
        path: &Path,
        prepared: &Prepared,
        source: BackupSource<'_>,
    ) -> Result<BackupInfo> {
        let database = connection::database_path(conn).unwrap_or_else(|| path.to_path_buf());
        let about = About {
            version: prepared.found.last.as_ref().map(|(revision, _)| revision.version.clone()),
            history: self.history.identity(conn)?,
            reason: summary(&prepared.plan),
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

    pub(crate) fn apply(&mut self, deadline: &Deadline<'_>, prepared: &Prepared) -> Result<Applied> {
        let own = found::own_tables(self.migrator);
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

    /// A newer version of the program has been here: run as it is where it only added, else refuse.
    pub(crate) fn newer(&mut self, prepared: &Prepared) -> Result<Report> {
        let newest = prepared.found.newer.clone().unwrap_or_default();
        let reasons = prepare::what_older_lacks(prepared);
        if reasons.is_empty() {
            let mut report = self.report(Outcome::NewerDatabase, prepared);
            report
                .warnings
                .push(format!("the database is of version {newest}; this program runs on it as it is"));
            return Ok(report);
        }
        Err(newer_error(&self.version, &newest, &reasons))
    }

    fn up_to_date(&self, revision: i64) -> Report {
        let mut report = Report::new(Outcome::UpToDate, self.migrator.source.name(), &self.version);
        report.warnings.clone_from(&self.warnings);
        report.revision = Some(revision);
        report.phases = self.phases;
        report.duration = self.began.elapsed();
        report
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

pub(crate) fn newer_error(ours: &str, newest: &str, reasons: &[String]) -> Error {
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

/// What a run would do that may only check.
fn pending(plan: &Plan, what: String) -> Error {
    let error = plan.steps.iter().fold(Error::new(ErrorKind::Pending, what), |error, step| {
        error.cause(format!("pending: {}", step.summary()))
    });
    error.state("nothing was changed").help(
        "migrate by hand with `schema apply`, or let a start do it: `.auto_migrate(true)`, `SCHEMA_AUTO_MIGRATE=on`",
    )
}

/// The change writes a log or a journal of about the size that the plan says; where the disk cannot take it, nothing begins.
pub(crate) fn refuse_full(path: &Path, plan: &Plan) -> Result<()> {
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

/// Somebody has committed what a backup made before the lock cannot hold.
pub(crate) fn disturbed() -> Error {
    Error::new(ErrorKind::Busy, "another program wrote to the database between the backup and the lock")
        .help("start again")
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

/// The changes in one line, for the history: the first three, and how many more.
pub(crate) fn summary(plan: &Plan) -> String {
    let changes: Vec<String> = plan.changes().take(3).map(ToString::to_string).collect();
    let more = plan.changes().count().saturating_sub(3);
    let mut text = changes.join("; ");
    if more > 0 {
        text.push_str(&format!("; and {more} more"));
    }
    text
}
