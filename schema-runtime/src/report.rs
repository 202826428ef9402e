//! What a run tells: events while it goes, and a report when it is done. Plain data, for people and for machines.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::backup::{BackupInfo, lossy_all};
use crate::error::Refusal;
use crate::plan::{Method, Plan, PlanKey, Step};

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// Nothing was to be done.
    UpToDate,
    /// The database was empty and has the model's schema now.
    Created,
    /// The model's changes were applied.
    Migrated,
    /// A database without history was found to agree with the model, and was recorded.
    Adopted,
    /// Something that was dropped or changed by hand was put right, with whatever else the model changed.
    Repaired,
    /// Revisions were taken back.
    RolledBack,
    /// A whole backup was put back.
    Restored,
    /// A person has said what holds of a migration, or of what was changed by hand: see [`Migrator::resolve`](crate::Migrator::resolve).
    Resolved,
    /// The run failed and was rolled back, and by [`FailurePolicy`](crate::FailurePolicy) the program goes on with the schema of before.
    Degraded,
    /// A dry run: nothing was touched.
    PlannedOnly,
    /// A newer version of the program has added to the database; this one runs on it as it is.
    NewerDatabase,
}

/// How long each stage took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Phases {
    /// Reading the stamp, or the whole catalog and the history; waiting for the lock included.
    pub check: Duration,
    /// Merging and planning.
    pub plan: Duration,
    /// Holding the rows against new rules.
    pub preflight: Duration,
    /// The rehearsal on the scratch copy.
    pub rehearse: Duration,
    /// Making and checking the backup.
    pub backup: Duration,
    /// The steps.
    pub apply: Duration,
    /// Checking the result.
    pub verify: Duration,
    /// Writing the history, and the commit.
    pub record: Duration,
}

/// One step as it was run, or would be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StepReport {
    /// What it changed.
    pub summary: String,
    /// How.
    pub method: Method,
    /// How long it took, milliseconds; 0 where it was only planned.
    pub ms: f64,
}

impl StepReport {
    pub(crate) fn of(step: &Step) -> StepReport {
        StepReport { summary: step.summary(), method: step.method, ms: 0.0 }
    }
}

/// One numbered migration that ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MigrationRun {
    /// Its number as it is written.
    pub version: String,
    /// Its name.
    pub name: String,
    /// The first line of comment of its file.
    pub description: Option<String>,
    /// Whether it did not have to run: the model holds all that it makes.
    pub contained: bool,
    /// How long it took, milliseconds.
    pub ms: i64,
}

impl MigrationRun {
    /// As it stands in [`Report::applied`].
    pub(crate) fn title(&self) -> String {
        format!("migration {} {}", self.version, self.name)
    }
}

/// What came back into one table or column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RestoredRows {
    /// The table, or `table.column`.
    pub object: String,
    /// Rows that have their values of before again.
    pub restored: u64,
    /// Rows that are as they were left: they arrived, or their values changed, since.
    pub kept: u64,
    /// Rows of the backup that are there no longer, so that nothing could be given back to them.
    pub unmatched: u64,
}

impl fmt::Display for RestoredRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RestoredRows { object, restored, kept, unmatched } = self;
        write!(
            f,
            "{object}: {restored} restored, {kept} kept as they are, {unmatched} of the backup without a row"
        )
    }
}

/// What a run did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Report {
    /// How it ended.
    pub outcome: Outcome,
    /// The model's name.
    pub model: String,
    /// The version of the last revision before the run.
    pub from_version: Option<String>,
    /// The version of the model.
    pub version: String,
    /// The plan; of a dry run what would be done.
    pub plan: Plan,
    /// Its steps, with their times.
    pub steps: Vec<StepReport>,
    /// The changes that were applied, by name.
    pub applied: Vec<String>,
    /// The numbered migrations that ran, or went back, in their order; also among `applied`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub migrations: Vec<MigrationRun>,
    /// Of a dry run: the numbered migrations that would run, or go back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pending: Vec<String>,
    /// How long each stage took.
    pub phases: Phases,
    /// How long all of it took.
    pub duration: Duration,
    /// The backup that was made before the change.
    pub backup: Option<BackupInfo>,
    /// Why no backup was made, where something was changed.
    pub no_backup: Option<String>,
    /// Old backups that were deleted after the change, and what killed processes had left of some.
    #[serde(default, serialize_with = "lossy_all")]
    pub pruned: Vec<PathBuf>,
    /// Of a rollback: what came back from backups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub restored: Vec<RestoredRows>,
    /// Of a degraded start: the whole error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Refusal>,
    /// The id of the history's row that records the run, or that was the last one.
    pub revision: Option<i64>,
    /// What may trouble the program or its data.
    pub warnings: Vec<String>,
    /// What was adopted, repaired, retired or revived.
    pub notes: Vec<String>,
    /// Objects that the model no longer declares and that are kept.
    pub retired: Vec<String>,
    /// Objects that are not the model's.
    pub foreign: Vec<String>,
}

impl Report {
    pub(crate) fn new(outcome: Outcome, model: &str, version: &str) -> Report {
        Report {
            outcome,
            model: model.to_owned(),
            from_version: None,
            version: version.to_owned(),
            plan: Plan::empty(model, version, PlanKey::default()),
            steps: Vec::new(),
            applied: Vec::new(),
            migrations: Vec::new(),
            pending: Vec::new(),
            phases: Phases::default(),
            duration: Duration::ZERO,
            backup: None,
            no_backup: None,
            pruned: Vec::new(),
            restored: Vec::new(),
            failure: None,
            revision: None,
            warnings: Vec::new(),
            notes: Vec::new(),
            retired: Vec::new(),
            foreign: Vec::new(),
        }
    }

    /// Says how long each step took, in their order.
    pub(crate) fn time_steps(&mut self, times: &[Duration]) {
        for (step, time) in self.steps.iter_mut().zip(times) {
            step.ms = time.as_secs_f64() * 1_000.0;
        }
    }

    /// Whether the run changed the schema.
    pub fn changed(&self) -> bool {
        matches!(
            self.outcome,
            Outcome::Created
                | Outcome::Migrated
                | Outcome::Repaired
                | Outcome::RolledBack
                | Outcome::Restored
        )
    }

    /// The same as one report with what `first` tells, which came before it.
    pub(crate) fn behind(mut self, first: Report) -> Report {
        fn join<T>(mut first: Vec<T>, second: &mut Vec<T>) {
            first.append(second);
            *second = first;
        }
        match (first.outcome, self.outcome) {
            (Outcome::Created, _) | (_, Outcome::UpToDate) => self.outcome = first.outcome,
            _ => {}
        }
        self.from_version = first.from_version.or(self.from_version);
        if self.plan.is_empty() {
            self.plan = first.plan;
        }
        self.backup = first.backup.or(self.backup);
        self.no_backup = first.no_backup.or(self.no_backup).filter(|_| self.backup.is_none());
        join(first.steps, &mut self.steps);
        join(first.applied, &mut self.applied);
        join(first.migrations, &mut self.migrations);
        join(first.warnings, &mut self.warnings);
        join(first.notes, &mut self.notes);
        join(first.retired, &mut self.retired);
        join(first.foreign, &mut self.foreign);
        self.revision = self.revision.or(first.revision);
        self
    }

    /// The outcome in one line.
    pub fn headline(&self) -> String {
        // Backups take as long as the file is large and say so themselves.
        let time = show(self.duration.saturating_sub(self.phases.backup));
        let numbered = self.migrations.len() + self.pending.len();
        let steps = match (numbered, self.steps.len()) {
            (0, steps) => count(steps, "step"),
            (numbered, 0) => count(numbered, "migration"),
            (numbered, steps) => format!("{} and {}", count(numbered, "migration"), count(steps, "step")),
        };
        match self.outcome {
            Outcome::UpToDate => format!("schema is up to date ({time})"),
            Outcome::Created => format!("schema created: {steps} in {time}"),
            Outcome::Migrated => format!("migrated: {steps} in {time}"),
            Outcome::Adopted => format!("existing schema adopted ({time})"),
            Outcome::Repaired => format!("repaired: {steps} in {time}"),
            Outcome::RolledBack => format!("rolled back: {steps} in {time}"),
            Outcome::Resolved => format!("resolved ({time})"),
            Outcome::Restored => format!("restored in {time}"),
            Outcome::Degraded => match &self.failure {
                Some(failure) => format!("NOT migrated, and used as it is: {}", failure.what),
                None => "NOT migrated, and used as it is".to_owned(),
            },
            Outcome::PlannedOnly if self.steps.is_empty() && numbered == 0 => {
                "dry run: nothing to do".to_owned()
            }
            Outcome::PlannedOnly => format!("dry run: {steps} would be taken"),
            Outcome::NewerDatabase => format!("database is newer and is used as it is ({time})"),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(backup) = &self.backup {
            writeln!(f, "backup created: {} ({})", backup.path.display(), show(self.phases.backup))?;
        } else if let Some(reason) = &self.no_backup {
            writeln!(f, "no backup: {reason}")?;
        }
        for title in &self.pending {
            writeln!(f, "  migration {title}")?;
        }
        for run in &self.migrations {
            writeln!(f, "  migration {} {} ({} ms)", run.version, run.name, run.ms)?;
        }
        for step in &self.steps {
            if self.outcome == Outcome::PlannedOnly {
                writeln!(f, "  {} ({})", step.summary, step.method)?;
            } else {
                let time = show(Duration::from_secs_f64(step.ms.max(0.0) / 1_000.0));
                writeln!(f, "  {} ({}, {time})", step.summary, step.method)?;
            }
        }
        for rows in &self.restored {
            writeln!(f, "brought back: {rows}")?;
        }
        for path in &self.pruned {
            writeln!(f, "old backup deleted: {}", path.display())?;
        }
        for warning in &self.warnings {
            writeln!(f, "warning: {warning}")?;
        }
        for note in &self.notes {
            writeln!(f, "note: {note}")?;
        }
        f.write_str(&self.headline())
    }
}

/// Something that happens during a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// The run has begun.
    Checking {
        /// The database's path.
        database: String,
    },
    /// There is something to do.
    Planned {
        /// The plan, a line a step.
        plan: String,
        /// The number of its steps.
        steps: usize,
    },
    /// The backup is being made.
    BackingUp {
        /// Pages copied so far.
        page: u64,
        /// Pages of the database.
        pages: u64,
    },
    /// The backup is complete and verified.
    BackedUp {
        /// Its path.
        backup: String,
        /// How long it took, milliseconds.
        ms: u64,
    },
    /// A step begins.
    Step {
        /// Its number, from 1.
        number: usize,
        /// The number of steps.
        of: usize,
        /// What it changes.
        summary: String,
        /// How.
        method: Method,
        /// How long it is estimated to take, milliseconds.
        estimate_ms: u64,
    },
    /// A numbered migration begins.
    Migration {
        /// Its number.
        version: String,
        /// Its name.
        name: String,
        /// Whether it is its way back that begins.
        back: bool,
    },
    /// The function of a numbered migration is at work, and has told how far it is.
    Progress {
        /// The number of the migration.
        version: String,
        /// Its name.
        name: String,
        /// How much is done, in what the function counts.
        done: u64,
        /// How much there is.
        total: u64,
    },
    /// Old backups were deleted.
    Pruned {
        /// Their paths.
        files: Vec<String>,
    },
    /// The run has ended well.
    Done {
        /// The outcome in one line.
        summary: String,
    },
    /// The run has failed, and the program goes on with the schema of before.
    Degraded {
        /// The whole error.
        error: String,
    },
    /// The run has failed; the database is as the error says.
    Failed {
        /// The whole error.
        error: String,
    },
}

impl Event {
    pub(crate) fn of_step(number: usize, of: usize, step: &Step) -> Event {
        let (summary, method, estimate_ms) = (step.summary(), step.method, step.cost.ms);
        Event::Step { number, of, summary, method, estimate_ms }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Checking { database } => write!(f, "checking database schema: {database}"),
            Event::Planned { plan, steps } => write!(f, "{} to take:\n{plan}", count(*steps, "step")),
            Event::BackingUp { page, pages } => write!(f, "backing up: {page} of {pages} pages"),
            Event::BackedUp { backup, ms } => {
                write!(f, "backup created: {backup} ({})", show(Duration::from_millis(*ms)))
            }
            Event::Step { number, of, summary, .. } => write!(f, "step {number} of {of}: {summary}"),
            Event::Migration { version, name, back: false } => write!(f, "migration {version} {name}"),
            Event::Migration { version, name, back: true } => {
                write!(f, "back over migration {version} {name}")
            }
            Event::Progress { version, name, done, total } => {
                write!(f, "migration {version} {name}: {done} of {total}")
            }
            Event::Pruned { files } => write!(f, "old backups deleted: {}", files.join(", ")),
            Event::Done { summary } => f.write_str(summary),
            Event::Degraded { error } => write!(f, "NOT migrated, and used as it is:\n{error}"),
            Event::Failed { error } => f.write_str(error),
        }
    }
}

/// `1 step`, `2 steps`.
pub(crate) fn count(number: usize, what: &str) -> String {
    many(number as u64, what, &format!("{what}s"))
}

/// `1 index`, `2 indexes`.
pub(crate) fn many(count: u64, one: &str, more: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {more}") }
}

/// A duration as people read it: `0.03 ms`, `12 ms`, `1.4 s`.
pub(crate) fn show(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1_000.0;
    if ms < 0.995 {
        format!("{ms:.2} ms")
    } else if ms < 9.95 {
        format!("{ms:.1} ms")
    } else if ms < 999.5 {
        format!("{ms:.0} ms")
    } else {
        format!("{:.1} s", ms / 1_000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        let shown =
            [30_000, 1_520_000, 12_400_000, 1_440_000_000].map(|nanos| show(Duration::from_nanos(nanos)));
        assert_eq!(shown, ["0.03 ms", "1.5 ms", "12 ms", "1.4 s"]);
    }
}
