//! What a run would find and do, for health routes, commands and tests.

use std::fmt;
use std::path::Path;

use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use crate::connection;
use crate::error::{Error, ErrorKind, Refusal, Result};
use crate::found;
use crate::migration::Migration;
use crate::migrator::Migrator;
use crate::older;
use crate::plan::{Plan, PlanKey};
use crate::report::{Outcome, many};
use crate::revision::{Kind, Revision, Status as RevisionStatus};
use crate::run::{Run, newer_error};
use crate::target::NoteKind;

/// The state of a database against a model; nothing was written to find it out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Status {
    /// The model's name.
    pub model: String,
    /// The version of the model that asked.
    pub version: String,
    /// Whether there is a file.
    pub exists: bool,
    /// What a run would do; empty where nothing is pending, or where it would be refused.
    pub pending: Plan,
    /// The numbered migrations that are due, in the order in which they would run.
    pub migrations: Vec<String>,
    /// Why a run would be refused: the whole error.
    pub refused: Option<String>,
    /// The same, part by part.
    pub refusal: Option<Refusal>,
    /// Rows of the history that are not as they were written, each with what is wrong; also among the warnings.
    pub tampered: Vec<String>,
    /// What was changed by hand, where a run would be refused for it.
    pub drift: Vec<String>,
    /// What was changed or dropped by hand, where a run would put it right; also among the notes.
    pub repaired: Vec<String>,
    /// The newest version in the history, where this program is older.
    pub newer: Option<String>,
    /// The last completed revision of the model, without `plan`, `undo` and `snapshot`, which are as long as the schema:
    /// [`Migrator::history`] has them.
    pub last: Option<Revision>,
    /// The numbered migration that was applied last, without the same.
    pub last_migration: Option<Revision>,
    /// Objects that the model no longer declares and that are kept.
    pub retired: Vec<String>,
    /// Objects that are not the model's.
    pub foreign: Vec<String>,
    /// What may trouble the program.
    pub warnings: Vec<String>,
    /// What was found besides.
    pub notes: Vec<String>,
}

impl Status {
    pub(crate) fn new(model: &str, version: &str) -> Status {
        Status {
            model: model.to_owned(),
            version: version.to_owned(),
            exists: true,
            pending: Plan::empty(model, version, PlanKey::default()),
            migrations: Vec::new(),
            refused: None,
            refusal: None,
            tampered: Vec::new(),
            drift: Vec::new(),
            repaired: Vec::new(),
            newer: None,
            last: None,
            last_migration: None,
            retired: Vec::new(),
            foreign: Vec::new(),
            warnings: Vec::new(),
            notes: Vec::new(),
        }
    }

    fn refuse(&mut self, error: &Error) {
        self.refusal = Some(Refusal::of(error));
        self.refused = Some(error.to_string());
    }

    /// Whether a run would find nothing to do.
    pub fn is_up_to_date(&self) -> bool {
        self.exists && self.pending.is_empty() && self.migrations.is_empty() && self.refused.is_none()
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.refused, &self.newer) {
            (Some(refused), _) => writeln!(f, "a start-up would be refused:\n{refused}")?,
            (None, Some(newer)) => writeln!(
                f,
                "the database is of version {newer}; version {} runs on it as it is",
                self.version
            )?,
            (None, None) if self.is_up_to_date() => writeln!(f, "schema is up to date")?,
            (None, None) if self.pending.is_empty() => {}
            (None, None) => {
                let number = self.pending.steps.len() as u64;
                let pending = many(number, "step is pending", "steps are pending");
                writeln!(f, "{pending}:\n{}", self.pending)?;
            }
        }
        for migration in &self.migrations {
            writeln!(f, "migration {migration} is pending")?;
        }
        match &self.last {
            Some(last) => writeln!(
                f,
                "last revision: {} {} ({}, {})",
                last.id, last.name, last.version, last.applied_at
            )?,
            None => writeln!(f, "no revision recorded")?,
        }
        for (title, list) in [
            ("retired", &self.retired),
            ("foreign", &self.foreign),
            ("warning", &self.warnings),
            ("note", &self.notes),
        ] {
            for item in list {
                writeln!(f, "{title}: {item}")?;
            }
        }
        Ok(())
    }
}

/// A status is polled and sent; what is as long as the schema stays in the history.
fn without_schemas(revision: Revision) -> Revision {
    Revision { plan: None, undo: None, snapshot: None, ..revision }
}

impl<'a> Run<'a> {
    pub(crate) fn status_of_path(migrator: &'a Migrator, path: &Path) -> Result<Status> {
        let run = Run::new(migrator);
        match run.open_reading(path)? {
            Some(conn) => run.status(&conn),
            None => {
                let empty = connection::scratch(None, run.options.hook.as_ref())?;
                let mut status = run.status(&empty)?;
                status.exists = false;
                Ok(status)
            }
        }
    }

    pub(crate) fn status_of(migrator: &'a Migrator, conn: &Connection) -> Result<Status> {
        Run::new(migrator).status(conn)
    }

    fn last_migration(&self, conn: &Connection) -> Result<Option<Revision>> {
        if self.options.migrations.list.is_empty() {
            return Ok(None);
        }
        let model = self.migrator.source.name();
        let is_it = |row: &Revision| {
            row.kind == Kind::Numbered && row.status == RevisionStatus::Completed && row.model == model
        };
        Ok(self.history.all(conn)?.into_iter().rfind(is_it))
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
            Some(conn) => run.history.all(&conn),
            None => Ok(Vec::new()),
        }
    }

    fn status(mut self, conn: &Connection) -> Result<Status> {
        let source = &self.migrator.source;
        let mut status = Status::new(source.name(), source.version());
        let found = match found::read(conn, self.migrator, &self.history) {
            Err(error) if error.kind() == ErrorKind::WrongFile => {
                status.refuse(&error);
                return Ok(status);
            }
            found => found?,
        };
        status.version.clone_from(&found.model.version);
        status.tampered = self.tampered(conn)?;
        status.warnings = status.tampered.clone();
        status.last = found.last.as_ref().map(|(revision, _)| without_schemas(revision.clone()));
        status.newer = found.newer.clone();
        status.last_migration = self.last_migration(conn)?.map(without_schemas);
        let migrations = std::sync::Arc::clone(&self.options.migrations);
        let due = self.due(conn, &migrations);
        let prepared = due.and_then(|mut due| {
            due.only_for(&found.newer);
            status.migrations = due.all().map(Migration::title).collect();
            self.refuse_rolled_back(conn, &found)?;
            self.outlook(conn, found, &due)
        });
        status.warnings.append(&mut self.warnings);
        // Where there are migrations, `due` has said it.
        if migrations.list.is_empty() && !self.history.exists(conn)? {
            status.notes.extend(self.hint_of_tracking(conn));
        }
        let prepared = match prepared {
            Ok(Some(prepared)) => prepared,
            Ok(None) => return Ok(status),
            Err(error) => {
                let kind = error.kind();
                if matches!(kind, ErrorKind::Drift | ErrorKind::Conflict) {
                    status.drift = error.causes().to_vec();
                }
                status.refuse(&error);
                return Ok(status);
            }
        };
        let report = self.report(Outcome::PlannedOnly, &prepared);
        let by_hand = prepared.notes.iter().filter(|note| note.kind == NoteKind::Repaired);
        status.repaired = by_hand.map(|note| note.text.clone()).collect();
        if prepared.found.newer.is_some() {
            let reasons = older::what_it_lacks(&prepared);
            if !reasons.is_empty() {
                let newest = prepared.found.newer.clone().unwrap_or_default();
                status.refuse(&newer_error(&status.version.clone(), &newest, &reasons));
            }
        } else {
            status.pending = report.plan;
        }
        status.warnings.extend(report.warnings);
        status.notes.extend(report.notes);
        status.retired = report.retired;
        status.foreign = report.foreign;
        Ok(status)
    }
}
