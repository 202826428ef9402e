//! The front door: one call at start-up, and everything that can be said about how it shall go.
//!
//! Here live the builder and its defaults; what a run does, stage by stage, is in `run`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;

use crate::authored::Authored;
use crate::backup::{BackupPolicy, Retention};
use crate::connection::{self, Cancel, Hook};
use crate::descriptor::Schema;
use crate::error::{Error, ErrorKind, Refusal, Result};
use crate::health::{Health, HealthCheck};
use crate::integrity::IntegrityCheck;
use crate::migration::{Migration, Migrations};
use crate::model::Model;
use crate::plan::Plan;
use crate::plan_file::PlanFile;
use crate::preflight::Consent;
use crate::report::{Event, Outcome, Report};
use crate::revision::{Revision, hex};
use crate::run::{Run, is_empty};
use crate::status::Status;
use crate::target::{DriftPolicy, Policies, RemovalPolicy};

/// Something that is told what a run does: for logs, progress bars and notifications.
pub type Observer = Arc<dyn Fn(&Event) + Send + Sync>;

/// Brings a database to the state that a [`Schema`] describes.
///
/// ```
/// use schema_runtime::{Migrator, Schema, Table, schema};
///
/// #[derive(Table)]
/// struct Note {
///     #[column(primary_key)]
///     id: i64,
///     text: String,
/// }
/// const SCHEMA: Schema = schema! { tables: [Note] };
///
/// let mut conn = schema_runtime::rusqlite::Connection::open_in_memory()?;
/// let report = Migrator::new(&SCHEMA).run_on(&mut conn)?;
/// assert_eq!(report.outcome, schema_runtime::Outcome::Created);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Migrator {
    pub(crate) source: Source,
    pub(crate) options: Options,
}

/// Where the model comes from.
#[derive(Clone)]
pub(crate) enum Source {
    /// A program's descriptors.
    Schema(&'static Schema),
    /// Something that was read, and is whole already.
    Model(Arc<Model>),
}

impl Source {
    pub(crate) fn name(&self) -> &str {
        match self {
            Source::Schema(schema) => schema.name,
            Source::Model(model) => &model.name,
        }
    }

    /// Empty for a model that has none.
    pub(crate) fn version(&self) -> &str {
        match self {
            Source::Schema(schema) => schema.version,
            Source::Model(model) => &model.version,
        }
    }

    /// 32 hexadecimal digits.
    pub(crate) fn fingerprint(&self) -> String {
        match self {
            Source::Schema(schema) => hex(&schema.fingerprint.to_be_bytes()),
            Source::Model(model) => model.fingerprint.clone(),
        }
    }
}

/// What a start-up does where it cannot migrate.
///
/// Whatever the policy, the change was rolled back, the failure is recorded where the work had begun, and the observer is told. A database
/// that cannot be used at all (missing, damaged, another file, too new for the linked SQLite) is an error under each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum FailurePolicy {
    /// The error is returned, and the program should not start: its queries are written for the new schema, and what it would write under the
    /// old one nobody has thought about.
    #[default]
    Abort,
    /// The report has the outcome [`Degraded`](crate::Outcome::Degraded) and the error; the program goes on with the schema of before. For
    /// programs whose queries work under both. A database that a newer program has changed incompatibly is an error all the same.
    Continue,
    /// The same, and [`run_on`](Migrator::run_on) sets `query_only` on the connection; of connections that the program opens itself it must
    /// see to that. Also for a database that a newer program has changed.
    ReadOnly,
}

impl FailurePolicy {
    /// Whether a program may go on after an error of this kind.
    fn goes_on(self, kind: ErrorKind) -> bool {
        match kind {
            _ if self == FailurePolicy::Abort => false,
            ErrorKind::Open
            | ErrorKind::NotADatabase
            | ErrorKind::Corrupt
            | ErrorKind::NewerSqlite
            | ErrorKind::Connection
            | ErrorKind::WrongFile
            | ErrorKind::Environment
            | ErrorKind::Cancelled => false,
            ErrorKind::NewerDatabase | ErrorKind::History => self == FailurePolicy::ReadOnly,
            _ => true,
        }
    }
}

/// What the builder sets.
#[derive(Clone)]
pub(crate) struct Options {
    pub(crate) hook: Option<Hook>,
    pub(crate) backup: BackupPolicy,
    pub(crate) backup_dir: Option<PathBuf>,
    pub(crate) retention: Retention,
    /// Off: a run only checks.
    pub(crate) auto_migrate: bool,
    /// For the history.
    pub(crate) environment: Option<String>,
    /// An absolute path, under which relative ones lie.
    pub(crate) base_dir: Option<PathBuf>,
    /// The path that the environment names.
    pub(crate) database: Option<PathBuf>,
    pub(crate) policies: Policies,
    pub(crate) complete_check: bool,
    pub(crate) integrity: IntegrityCheck,
    pub(crate) consents: Vec<Consent>,
    /// Consents that name no hazard; refused when the run starts, since the builder cannot fail.
    pub(crate) unknown_consents: Vec<String>,
    pub(crate) lock_wait: Duration,
    pub(crate) time_limit: Option<Duration>,
    pub(crate) allow_revert: bool,
    pub(crate) adopt_any: bool,
    /// Whether what was rolled back may be applied again.
    pub(crate) reapply: bool,
    pub(crate) history_table: String,
    pub(crate) cancel: Cancel,
    pub(crate) dry_run: bool,
    pub(crate) on_failure: FailurePolicy,
    pub(crate) reason: Option<String>,
    pub(crate) observer: Option<Observer>,
    /// The one plan that may run.
    pub(crate) expected: Option<Arc<PlanFile>>,
    pub(crate) migrations: Arc<Migrations>,
    /// Whether the plan becomes a written migration.
    pub(crate) written: bool,
    /// Whether a migration may run below one that was applied.
    pub(crate) out_of_order: bool,
    pub(crate) up_to: Option<String>,
}

impl std::fmt::Debug for Migrator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Migrator")
            .field("model", &self.source.name())
            .field("version", &self.source.version())
            .field("policies", &self.options.policies)
            .finish_non_exhaustive()
    }
}

impl From<&'static Schema> for Migrator {
    fn from(schema: &'static Schema) -> Migrator {
        Migrator::new(schema)
    }
}

impl Migrator {
    /// A migrator for `schema` with the defaults: back up always, retain what the model drops, refuse drift, wait 5 s for
    /// the lock, take at most 15 s.
    pub fn new(schema: &'static Schema) -> Self {
        Migrator::of(Source::Schema(schema))
    }

    /// As [`new`](Self::new), for a model that was read from a SQL text, another database or a snapshot.
    pub fn for_model(model: Model) -> Self {
        Migrator::of(Source::Model(Arc::new(model)))
    }

    /// A migrator that applies exactly the saved plan, by the policies and consents that were in force when it was made.
    /// [`run`](Self::run) fails with `Stale` where the database is no longer what the plan was made for, or where another
    /// plan would lead to its target now.
    pub fn for_plan(file: PlanFile) -> Self {
        let mut migrator = Migrator::of(Source::Model(Arc::new(file.model.clone())));
        migrator.options.policies = file.policies;
        migrator.options.allow_revert = file.allow_revert;
        migrator.options.adopt_any = file.adopt_any;
        // Somebody has looked at it.
        migrator.options.reapply = true;
        for consent in &file.consents {
            migrator = migrator.allow(consent);
        }
        migrator.options.expected = Some(Arc::new(file));
        migrator
    }

    pub(crate) fn of(source: Source) -> Self {
        Migrator {
            source,
            options: Options {
                hook: None,
                backup: BackupPolicy::Always,
                backup_dir: None,
                retention: Retention::default(),
                auto_migrate: true,
                environment: None,
                base_dir: None,
                database: None,
                policies: Policies::default(),
                integrity: IntegrityCheck::Quick,
                complete_check: false,
                consents: Vec::new(),
                unknown_consents: Vec::new(),
                lock_wait: Duration::from_secs(5),
                time_limit: Some(Duration::from_secs(15)),
                allow_revert: false,
                adopt_any: false,
                reapply: false,
                history_table: "migration_history".to_owned(),
                cancel: Cancel::new(),
                dry_run: false,
                on_failure: FailurePolicy::Abort,
                reason: None,
                observer: None,
                expected: None,
                migrations: Arc::default(),
                written: false,
                out_of_order: false,
                up_to: None,
            },
        }
    }

    /// Registers functions, collations, modules or a key on every connection that the run opens, scratch ones included.
    ///
    /// The connection that is passed to [`run_on`](Self::run_on) is the caller's: it gets no call.
    pub fn connection(
        mut self,
        hook: impl Fn(&Connection) -> rusqlite::Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.options.hook = Some(Arc::new(hook));
        self
    }

    /// When to back up before a change. An empty or in-memory database is never backed up; the report says so.
    pub fn backup(mut self, policy: BackupPolicy) -> Self {
        self.options.backup = policy;
        self
    }

    /// The folder for backups, instead of `backups/migrations/` beside the database.
    pub fn backup_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.options.backup_dir = Some(folder.into());
        self
    }

    /// What happens to tables and columns that the model no longer declares.
    pub fn removed(mut self, policy: RemovalPolicy) -> Self {
        self.options.policies.removal = policy;
        self
    }

    /// What happens to what was changed by hand.
    pub fn drift(mut self, policy: DriftPolicy) -> Self {
        self.options.policies.drift = policy;
        self
    }

    /// Compares every text of the catalog at each start, where nothing else has changed: what was edited under `writable_schema`, which leaves
    /// SQLite's schema version as it is, is seen at once too. It takes about as long as reading `sqlite_schema`: 0.1 ms for 1,000 tables. Off by
    /// default; every other change by hand is seen in any case.
    pub fn complete_check(mut self) -> Self {
        self.options.complete_check = true;
        self
    }

    /// How thoroughly written tables are checked before the commit.
    pub fn integrity(mut self, check: IntegrityCheck) -> Self {
        self.options.integrity = check;
        self
    }

    /// Consents to a hazard: its code (`"L103"`), everywhere or on one object (`"L103=task.priority"`). A code that does
    /// not exist fails the run.
    pub fn allow(mut self, hazard: impl AsRef<str>) -> Self {
        match Consent::parse(hazard.as_ref()) {
            Some(consent) => self.options.consents.push(consent),
            None => self.options.unknown_consents.push(hazard.as_ref().to_owned()),
        }
        self
    }

    /// How long to wait for another connection's lock; 5 s by default.
    pub fn lock_wait(mut self, wait: Duration) -> Self {
        self.options.lock_wait = wait;
        self
    }

    /// How long the change itself may take; 15 s by default. A plan whose estimate is longer is refused before anything is
    /// touched, one that overruns is interrupted and rolled back. Waiting for the lock and backing up are not counted.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.options.time_limit = Some(limit);
        self
    }

    /// Lifts the time limit.
    pub fn no_time_limit(mut self) -> Self {
        self.options.time_limit = None;
        self
    }

    /// Lets an older model, or one that a later model of the same version replaced, take the database back to itself.
    pub fn allow_revert(mut self) -> Self {
        self.options.allow_revert = true;
        self
    }

    /// Accepts a database without history that holds none of the model's tables, which otherwise is taken for the wrong file.
    pub fn adopt_any(mut self) -> Self {
        self.options.adopt_any = true;
        self
    }

    /// The name of the history table, `migration_history` by default.
    pub fn history_table(mut self, name: impl Into<String>) -> Self {
        self.options.history_table = name.into();
        self
    }

    /// A handle by which another thread can stop the run; the database is then as before.
    pub fn cancel(mut self, cancel: Cancel) -> Self {
        self.options.cancel = cancel;
        self
    }

    /// Only plans: the report holds the same plan, and nothing is touched or created.
    pub fn dry_run(mut self, dry: bool) -> Self {
        self.options.dry_run = dry;
        self
    }

    /// Numbered, hand-written migrations, which run in the same transaction as the automatic change: before it, unless one says otherwise.
    pub fn migrations(mut self, migrations: Migrations) -> Self {
        self.options.migrations = Arc::new(migrations);
        self
    }

    /// Lets a migration run whose number is below that of one that was applied, such as a hotfix that comes back; by default the run is
    /// refused.
    pub fn out_of_order(mut self) -> Self {
        self.options.out_of_order = true;
        self
    }

    /// Runs migrations only as far as this one, such as `034`. Those above it are left for another run, and so is the automatic change
    /// where one of them comes before it.
    pub fn up_to(mut self, version: impl Into<String>) -> Self {
        self.options.up_to = Some(version.into());
        self
    }

    /// What a run does where it cannot migrate; by default it fails.
    pub fn on_failure(mut self, policy: FailurePolicy) -> Self {
        self.options.on_failure = policy;
        self
    }

    /// Why the run is made; recorded in the history.
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.options.reason = Some(reason.into());
        self
    }

    /// Who is told what the run does.
    pub fn observer(mut self, observer: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.options.observer = Some(Arc::new(observer));
        self
    }

    /// Brings the database at `path` to the model: creates, checks, backs up, migrates, verifies, records.
    ///
    /// # Errors
    /// See [`ErrorKind`]: whatever it is, the database is as before, and the error says so. A file that did not exist is
    /// not created for a model that cannot be made.
    pub fn run(&self, path: impl AsRef<Path>) -> Result<Report> {
        self.check_options()?;
        let path = self.at(path.as_ref());
        let result = stated(Run::on_path(self, &path));
        // Of a file that was to be made there is nothing to go on with.
        self.tell(self.weathered(result, || Ok(std::fs::metadata(&path).is_ok_and(|file| file.len() > 0))))
    }

    /// As [`run`](Self::run), on a connection that is open already, and which keeps its settings.
    ///
    /// # Errors
    /// As [`run`](Self::run), and `Connection` if the connection is inside a transaction or has a live statement.
    pub fn run_on(&self, conn: &mut Connection) -> Result<Report> {
        self.check_options()?;
        let result = stated(Run::on_connection(self, conn));
        let result = self.weathered(result, || Ok(!is_empty(conn)?));
        if self.options.on_failure == FailurePolicy::ReadOnly
            && matches!(&result, Ok(report) if report.outcome == Outcome::Degraded)
        {
            connection::forbid_writes(conn)?;
        }
        self.tell(result)
    }

    /// By the policy for failures: a degraded start instead of an error.
    fn weathered(&self, result: Result<Report>, usable: impl FnOnce() -> Result<bool>) -> Result<Report> {
        let Err(error) = result else { return result };
        if self.options.dry_run
            || !self.options.on_failure.goes_on(error.kind())
            || !usable().unwrap_or(false)
        {
            return Err(error);
        }
        let mut report = Report::new(Outcome::Degraded, self.source.name(), self.source.version());
        report.failure = Some(Refusal::of(&error));
        report.warnings.push(error.to_string());
        Ok(report)
    }

    /// What a run would find at `path`, without creating or writing anything.
    ///
    /// Not for every request: it opens the file, makes the model in memory, and reads the catalog and every row of the history. Where something
    /// is pending it also rehearses the plan and holds the rows against it, which reads whole tables. A run that finds nothing to
    /// do reads one row instead; with [`auto_migrate(false)`](Self::auto_migrate) it never changes anything.
    ///
    /// # Errors
    /// As [`run`](Self::run) as far as reading goes. Pending changes, drift and refusals are part of the result instead.
    pub fn status(&self, path: impl AsRef<Path>) -> Result<Status> {
        self.check_options()?;
        stated(Run::status_of_path(self, &self.at(path.as_ref())))
    }

    /// As [`status`](Self::status), on a connection that is open already.
    ///
    /// # Errors
    /// As [`status`](Self::status).
    pub fn status_on(&self, conn: &Connection) -> Result<Status> {
        self.check_options()?;
        stated(Run::status_of(self, conn))
    }

    /// The plan for the database at `path`, to be looked at and applied later: [`for_plan`](Self::for_plan). Rows are held
    /// against it and it is rehearsed, as by [`dry_run`](Self::dry_run); nothing is written.
    ///
    /// # Errors
    /// As [`run`](Self::run) without the writing; `Open` if there is no such file.
    pub fn plan_file(&self, path: impl AsRef<Path>) -> Result<PlanFile> {
        self.check_options()?;
        stated(Run::plan_file(self, &self.at(path.as_ref())))
    }

    /// The automatic change that the database at `path` waits for as the text of a numbered migration, with its way back; proved on scratch
    /// copies under the rules for migrations, and nothing is written. After it is applied nothing is left to plan.
    ///
    /// # Errors
    /// As [`plan_file`](Self::plan_file); `Pending` if numbered migrations are due, which come first; `Migration` if the change cannot be made
    /// while foreign keys are enforced, or by statements that a migration may have.
    pub fn author(&self, path: impl AsRef<Path>) -> Result<Authored> {
        self.check_options()?;
        stated(Run::author(self, &self.at(path.as_ref())))
    }

    /// The plan that leads from the model `from` to this one, what this one lacks being dropped. No database is touched.
    ///
    /// # Errors
    /// `Model` if SQLite refuses one of them; `Conflict` if a rename contradicts `from`.
    pub fn diff(&self, from: &Model) -> Result<Plan> {
        self.check_options()?;
        stated(Run::diff(self, from))
    }

    /// Records the live schema at `path` as this model's own, whatever the model says: what a later model lacks of it then
    /// counts as removed, instead of as somebody else's. Objects that another model manages stay that model's.
    ///
    /// # Errors
    /// As [`run`](Self::run); `Open` if there is no such file, `Opaque` if an object cannot be read with certainty.
    pub fn baseline(&self, path: impl AsRef<Path>) -> Result<Report> {
        self.check_options()?;
        stated(Run::baseline_of(self, &self.at(path.as_ref()), false))
    }

    /// As [`baseline`](Self::baseline), where the live schema is exactly the model's. Otherwise nothing is recorded, the
    /// outcome is [`PlannedOnly`](crate::Outcome::PlannedOnly), and the plan of the report is what would have to change.
    ///
    /// # Errors
    /// As [`baseline`](Self::baseline).
    pub fn baseline_as_model(&self, path: impl AsRef<Path>) -> Result<Report> {
        self.check_options()?;
        stated(Run::baseline_of(self, &self.at(path.as_ref()), true))
    }

    /// Every row of the history at `path`, oldest first, of all models; empty where there is no file or no history.
    ///
    /// # Errors
    /// As [`run`](Self::run) as far as reading goes.
    pub fn history(&self, path: impl AsRef<Path>) -> Result<Vec<Revision>> {
        Run::history_of_path(self, &self.at(path.as_ref()))
    }

    /// How the database at `path` is, from 0 to 100, and what to do about it; nothing is created or written.
    ///
    /// What reads much, SQLite's check of the file above all, ends with the time limit. For a full check, the content of backups or a
    /// look without a model see [`HealthCheck`].
    ///
    /// # Errors
    /// As [`HealthCheck::look_at_file`].
    pub fn health(&self, path: impl AsRef<Path>) -> Result<Health> {
        self.check_options()?;
        stated(HealthCheck::with_model(self).look_at_file(self.at(path.as_ref())))
    }

    /// As [`health`](Self::health), on a connection that is open already.
    ///
    /// # Errors
    /// As [`health`](Self::health).
    pub fn health_on(&self, conn: &Connection) -> Result<Health> {
        self.check_options()?;
        stated(HealthCheck::with_model(self).look_at(conn))
    }

    pub(crate) fn check_options(&self) -> Result<()> {
        let history = self.options.history_table.as_str();
        let reserved = history.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("sqlite_"));
        if history.is_empty() || history.contains('\0') || reserved {
            return Err(Error::new(
                ErrorKind::History,
                format!("`{}` cannot be the name of the history", history.escape_debug()),
            )
            .cause("SQLite refuses a table of this name")
            .state("nothing was changed")
            .help("give another name to `Migrator::history_table`"));
        }
        let set = &self.options.migrations;
        if let Some(version) = self.options.up_to.as_deref().filter(|version| set.find(version).is_none()) {
            let known: Vec<String> = set.list.iter().map(Migration::title).collect();
            return Err(Error::new(
                ErrorKind::Migration,
                format!("there is no migration {version} to go up to"),
            )
            .cause(format!("there are: {}", known.join(", ")))
            .state("nothing was changed")
            .help("give the number of one of them"));
        }
        match self.options.unknown_consents.first() {
            None => Ok(()),
            Some(text) => Err(Error::new(ErrorKind::Refused, format!("`{text}` names no hazard"))
                .state("nothing was changed")
                .help("consent with a code such as `L103`, or `L103=table.column`")),
        }
    }

    pub(crate) fn tell(&self, result: Result<Report>) -> Result<Report> {
        match &result {
            _ if !self.is_heard() => {}
            Ok(report) if report.outcome == Outcome::Degraded => {
                self.emit(&Event::Degraded { error: report.warnings.concat() });
            }
            Ok(report) => self.emit(&Event::Done { summary: report.headline() }),
            Err(error) => self.emit(&Event::Failed { error: error.to_string() }),
        }
        result
    }

    /// What tells how far the function of a migration is.
    pub(crate) fn progress<'m>(&'m self, version: &'m str, name: &'m str) -> impl Fn(u64, u64) + 'm {
        move |done, total| {
            let (version, name) = (version.to_owned(), name.to_owned());
            self.emit(&Event::Progress { version, name, done, total });
        }
    }

    pub(crate) fn emit(&self, event: &Event) {
        #[cfg(feature = "tracing")]
        crate::observe::trace(event);
        if let Some(observer) = &self.options.observer {
            observer(event);
        }
    }

    /// Whether anybody hears of events: where nobody does, a start spares making them.
    pub(crate) fn is_heard(&self) -> bool {
        cfg!(feature = "tracing") || self.options.observer.is_some()
    }
}

/// Whatever fails after the lock was taken says itself what it left; before, nothing is written.
pub(crate) fn stated<T>(result: Result<T>) -> Result<T> {
    result.map_err(|error| {
        let error = error.state("nothing was changed");
        match error.help_line() {
            Some(_) => error,
            None => error.help("look at the file with `schema doctor`, and at whatever else uses it"),
        }
    })
}
