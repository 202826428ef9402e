//! What a run says: events while it goes on, and a report at its end. Plain data, filled by the front door.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::backup::BackupInfo;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// Nothing was to be done.
    UpToDate,
    /// The database was empty, and now holds the model.
    Created,
    /// The database was changed to the model.
    Migrated,
    /// A database without history already was as the model wants it; it was recorded.
    Adopted,
    /// Changes made by hand were undone.
    Repaired,
    /// A dry run: there is something to do, and nothing was done.
    PlannedOnly,
    /// A newer version of the program has only added to the database; it is run as it is.
    NewerDatabase,
    /// A step back to an earlier model, which was allowed.
    Reverted,
    /// A revision was undone.
    RolledBack,
    /// A backup was put back.
    Restored,
}

/// The parts of a run that are timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Phase {
    /// Comparing stamp or catalogs, and waiting for the lock.
    Check,
    /// Making the plan.
    Plan,
    /// Running the plan and its undo on a scratch copy.
    Rehearse,
    /// Looking at the live rows.
    Preflight,
    /// Copying the file.
    Backup,
    /// Applying the steps.
    Apply,
    /// Proving the result.
    Verify,
    /// Writing history and stamp, and the commit.
    Record,
}

impl Phase {
    /// The phase's name, lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Phase::Check => "check",
            Phase::Plan => "plan",
            Phase::Rehearse => "rehearse",
            Phase::Preflight => "preflight",
            Phase::Backup => "backup",
            Phase::Apply => "apply",
            Phase::Verify => "verify",
            Phase::Record => "record",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How long one phase took.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PhaseTime {
    /// The phase.
    pub phase: Phase,
    /// Milliseconds.
    pub ms: f64,
}

/// One step that was, or in a dry run would be, applied.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct StepReport {
    /// What it does: `add column tasks.priority`.
    pub summary: String,
    /// How it works: `catalog`, `scan` or `rebuild`.
    pub method: String,
    /// Milliseconds; 0 in a dry run.
    pub ms: f64,
}

impl StepReport {
    pub(crate) fn new(summary: impl Into<String>, method: impl Into<String>, ms: f64) -> Self {
        StepReport { summary: summary.into(), method: method.into(), ms }
    }
}

/// What a run found and did, for people (`Display`) and machines (serde).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// How it ended.
    pub outcome: Outcome,
    /// The name of the model.
    pub model: String,
    /// The model's version that was recorded last, before the run.
    pub from_version: Option<String>,
    /// The program's version of the model.
    pub to_version: Option<String>,
    /// The steps, in the order in which they ran.
    pub steps: Vec<StepReport>,
    /// The names of what was applied: revisions and numbered migrations.
    pub applied: Vec<String>,
    /// How long each phase took that the run had, in order.
    pub phases: Vec<PhaseTime>,
    /// Milliseconds of the whole run.
    pub total_ms: f64,
    /// The backup, if one was made.
    pub backup: Option<BackupInfo>,
    /// Why there is no backup, where a change was applied without one.
    pub no_backup: Option<String>,
    /// The number of the revision in the history.
    pub revision: Option<i64>,
    /// What the model no longer has and the database keeps.
    pub retired: Vec<String>,
    /// What somebody else has put into the database.
    pub foreign: Vec<String>,
    /// What a person should look at.
    pub warnings: Vec<String>,
    /// What is worth knowing and needs nothing done.
    pub notes: Vec<String>,
}

impl Report {
    pub(crate) fn new(outcome: Outcome, model: impl Into<String>) -> Self {
        Report {
            outcome,
            model: model.into(),
            from_version: None,
            to_version: None,
            steps: Vec::new(),
            applied: Vec::new(),
            phases: Vec::new(),
            total_ms: 0.0,
            backup: None,
            no_backup: None,
            revision: None,
            retired: Vec::new(),
            foreign: Vec::new(),
            warnings: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Adds to the time of a phase, and to the whole.
    pub(crate) fn add_time(&mut self, phase: Phase, ms: f64) {
        self.total_ms += ms;
        match self.phases.iter_mut().find(|found| found.phase == phase) {
            Some(found) => found.ms += ms,
            None => {
                self.phases.push(PhaseTime { phase, ms });
                self.phases.sort_by_key(|found| found.phase);
            }
        }
    }

    /// Milliseconds that a phase took, 0 if the run did not have it.
    pub fn phase_ms(&self, phase: Phase) -> f64 {
        self.phases.iter().find(|found| found.phase == phase).map_or(0.0, |found| found.ms)
    }

    /// Whether the run changed the database's tables.
    pub fn has_changed(&self) -> bool {
        !matches!(
            self.outcome,
            Outcome::UpToDate | Outcome::Adopted | Outcome::PlannedOnly | Outcome::NewerDatabase
        )
    }

    fn headline(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Backups take as long as the file is large and say so themselves.
        let ms = Ms(self.total_ms - self.phase_ms(Phase::Backup));
        let steps = Steps(self.steps.len());
        match self.outcome {
            Outcome::UpToDate => write!(f, "schema is up to date ({ms})"),
            Outcome::Created => write!(f, "created: {steps} in {ms}"),
            Outcome::Migrated => write!(f, "migrated: {steps} in {ms}"),
            Outcome::Adopted => write!(f, "adopted: the database is as the model wants it ({ms})"),
            Outcome::Repaired => write!(f, "repaired: {steps} in {ms}"),
            Outcome::PlannedOnly => write!(f, "planned: {steps}, nothing was changed ({ms})"),
            Outcome::NewerDatabase => {
                write!(
                    f,
                    "a newer version of the program has migrated the database; it is run as it is ({ms})"
                )
            }
            Outcome::Reverted => write!(f, "reverted: {steps} in {ms}"),
            Outcome::RolledBack => write!(f, "rolled back: {steps} in {ms}"),
            Outcome::Restored => write!(f, "restored in {ms}"),
        }
    }
}

impl fmt::Display for Report {
    /// One line a fact: backup, headline, steps, what is retired or foreign, warnings and notes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(backup) = &self.backup {
            writeln!(f, "backup created: {} ({})", backup.path.display(), Ms(self.phase_ms(Phase::Backup)))?;
        } else if let Some(reason) = &self.no_backup {
            writeln!(f, "no backup: {reason}")?;
        }
        self.headline(f)?;
        for (at, step) in self.steps.iter().enumerate() {
            write!(f, "\n  {}. {} ({}", at + 1, step.summary, step.method)?;
            match self.outcome {
                Outcome::PlannedOnly => write!(f, ")")?,
                _ => write!(f, ", {})", Ms(step.ms))?,
            }
        }
        let lists = [("retired", &self.retired), ("foreign", &self.foreign)];
        for (word, names) in lists.into_iter().filter(|(_, names)| !names.is_empty()) {
            write!(f, "\n{word}: {}", names.join(", "))?;
        }
        for (word, lines) in [("warning", &self.warnings), ("note", &self.notes)] {
            for line in lines {
                write!(f, "\n{word}: {line}")?;
            }
        }
        Ok(())
    }
}

/// Milliseconds with about two digits that matter: `0.03 ms`, `1.5 ms`, `12 ms`, `2.4 s`.
struct Ms(f64);

impl fmt::Display for Ms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.0.max(0.0);
        if ms < 0.995 {
            write!(f, "{ms:.2} ms")
        } else if ms < 9.95 {
            write!(f, "{ms:.1} ms")
        } else if ms < 999.5 {
            write!(f, "{ms:.0} ms")
        } else {
            write!(f, "{:.1} s", ms / 1000.0)
        }
    }
}

struct Steps(usize);

impl fmt::Display for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} step{}", self.0, if self.0 == 1 { "" } else { "s" })
    }
}

/// What happens while a run goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "event")]
#[non_exhaustive]
pub enum Event {
    /// The database is compared with the model.
    #[non_exhaustive]
    Checking {
        /// The file, or `:memory:`.
        database: String,
    },
    /// There is a plan.
    #[non_exhaustive]
    Planned {
        /// The number of its steps.
        steps: usize,
    },
    /// Pages are copied to the backup.
    #[non_exhaustive]
    BackingUp {
        /// Pages that were copied.
        page: u64,
        /// Pages that there are.
        pages: u64,
    },
    /// A step begins.
    #[non_exhaustive]
    Step {
        /// Its number, from 1.
        number: usize,
        /// How many there are.
        of: usize,
        /// What it does.
        summary: String,
    },
    /// The run has ended well.
    #[non_exhaustive]
    Done {
        /// How.
        outcome: Outcome,
    },
    /// The run has failed.
    #[non_exhaustive]
    Failed {
        /// The error's first line.
        what: String,
    },
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Checking { database } => write!(f, "checking database schema: {database}"),
            Event::Planned { steps } => write!(f, "planned: {}", Steps(*steps)),
            Event::BackingUp { page, pages } => write!(f, "backing up: {page} of {pages} pages"),
            Event::Step { number, of, summary } => write!(f, "step {number} of {of}: {summary}"),
            Event::Done { outcome } => f.write_str(match outcome {
                Outcome::UpToDate => "schema is up to date",
                Outcome::Created => "created",
                Outcome::Migrated => "migrated",
                Outcome::Adopted => "adopted",
                Outcome::Repaired => "repaired",
                Outcome::PlannedOnly => "planned, nothing was changed",
                Outcome::NewerDatabase => "the database is newer, run as it is",
                Outcome::Reverted => "reverted",
                Outcome::RolledBack => "rolled back",
                Outcome::Restored => "restored",
            }),
            Event::Failed { what } => write!(f, "failed: {what}"),
        }
    }
}

/// Receives the events of a run, on the thread that runs; logs, progress bars and notifications attach here.
///
/// Closures are observers. One that panics ends the run like any panic: rolled back.
pub trait Observer: Send + Sync {
    /// Called for each event, in order.
    fn event(&self, event: &Event);
}

impl<F: Fn(&Event) + Send + Sync> Observer for F {
    fn event(&self, event: &Event) {
        self(event);
    }
}

/// An observer as a run holds it.
pub(crate) type SharedObserver = Arc<dyn Observer>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_printed_with_the_digits_that_matter() {
        let rows =
            [(-1.0, "0.00 ms"), (0.031, "0.03 ms"), (1.53, "1.5 ms"), (12.4, "12 ms"), (999.6, "1.0 s")];
        for (ms, text) in rows {
            assert_eq!(Ms(ms).to_string(), text);
        }
    }

    #[test]
    fn a_report_is_one_line_a_fact() {
        let mut report = Report::new(Outcome::UpToDate, "main");
        report.add_time(Phase::Check, 0.03);
        assert_eq!(report.to_string(), "schema is up to date (0.03 ms)");
        report.outcome = Outcome::Migrated;
        report.no_backup = Some("the database was empty".to_owned());
        report.add_time(Phase::Apply, 12.0);
        report.add_time(Phase::Backup, 500.0);
        report.add_time(Phase::Check, 0.01);
        report.steps.push(StepReport::new("add column tasks.priority", "catalog", 0.5));
        report.retired.push("tasks.old".to_owned());
        report.warnings.push("look at this".to_owned());
        assert_eq!(
            report.to_string(),
            "no backup: the database was empty\nmigrated: 1 step in 12 ms\n  1. add column tasks.priority (catalog, \
             0.50 ms)\nretired: tasks.old\nwarning: look at this"
        );
        let order: Vec<Phase> = report.phases.iter().map(|time| time.phase).collect();
        assert_eq!(order, [Phase::Check, Phase::Backup, Phase::Apply]);
        let json = serde_json::to_value(&report).expect("json");
        assert_eq!(json["outcome"], "migrated");
        assert_eq!(json["phases"][1]["phase"], "backup");
    }

    #[test]
    fn closures_observe() {
        let seen = std::sync::Mutex::new(Vec::new());
        let closure = |event: &Event| seen.lock().expect("lock").push(event.to_string());
        let observer: &dyn Observer = &closure;
        observer.event(&Event::Checking { database: "app.db".to_owned() });
        observer.event(&Event::BackingUp { page: 1, pages: 2 });
        assert_eq!(
            *seen.lock().expect("lock"),
            ["checking database schema: app.db", "backing up: 1 of 2 pages"]
        );
    }
}
