//! What a run refuses to begin, and what has stopped it, in words.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use super::Run;
use crate::backup;
use crate::connection;
use crate::error::{Error, ErrorKind, Result};
use crate::found::Found;
use crate::numbered::Due;
use crate::plan::Plan;
use crate::report::{count, show};
use crate::revision::Kind;
use crate::version::version_cmp;

impl Run<'_> {
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
        let barred = in_part || self.history.past(conn, name)?.was_rolled_back(source.version(), &print);
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

    /// A plan that is estimated to take longer than the limit does not begin, nor one for whose log or journal the disk has no room.
    pub(crate) fn refuse_too_much(&self, path: &Path, plan: &Plan) -> Result<()> {
        let cost = plan.cost();
        let estimate = Duration::from_millis(cost.ms);
        if let Some(limit) = self.options.time_limit.filter(|limit| estimate > *limit) {
            return Err(Error::new(
                ErrorKind::TimeLimit,
                format!("the change is estimated to take {}, the limit is {}", show(estimate), show(limit)),
            )
            .state("nothing was changed")
            .help("raise the limit with `.time_limit(…)`, or run the migration by hand at a quiet time"));
        }
        match too_little_space(path, cost.disk) {
            None => Ok(()),
            Some((folder, free)) => Err(Error::new(
                ErrorKind::DiskFull,
                format!("`{folder}` has too little free space for the change"),
            )
            .cause(format!("the plan needs about {} bytes, {free} are free", cost.disk))
            .state("nothing was changed")
            .help("free disk space, then start again")),
        }
    }
}

/// The folder of `path` and what is free there, bytes, where that is less than is `needed`.
pub(crate) fn too_little_space(path: &Path, needed: u64) -> Option<(String, u64)> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let free = backup::available_space(folder).filter(|free| *free < needed)?;
    Some((folder.display().to_string(), free))
}

/// What a run would do that may not.
pub(crate) enum Pending<'p> {
    Migrations(&'p Due<'p>),
    Steps(&'p Plan),
}

impl Pending<'_> {
    fn tell(&self, error: Error) -> Error {
        let error = match self {
            Pending::Migrations(due) => due.all().fold(error, |error, migration| {
                error.cause(format!("pending: migration {}", migration.title()))
            }),
            Pending::Steps(plan) => plan
                .steps
                .iter()
                .fold(error, |error, step| error.cause(format!("pending: {}", step.summary()))),
        };
        error.state("nothing was changed")
    }

    /// For a start that may only check, and a file that is not there.
    pub(super) fn uncreated(&self, path: &Path) -> Error {
        self.left_undone(Error::new(
            ErrorKind::Pending,
            format!("`{}` does not exist, and this start only checks", path.display()),
        ))
    }

    /// For a start that may only check.
    pub(super) fn unchecked(&self, conn: &Connection) -> Error {
        let name = connection::name_of(conn);
        self.left_undone(match self {
            Pending::Migrations(_) => Error::new(
                ErrorKind::Pending,
                format!("migrations are due in {name}, and this start only checks"),
            ),
            Pending::Steps(plan) => Error::new(
                ErrorKind::Pending,
                format!("{} to take in {name}, and this start only checks", count(plan.steps.len(), "step")),
            ),
        })
    }

    fn left_undone(&self, error: Error) -> Error {
        self.tell(error).help(
            "migrate by hand with `schema apply`, or let a start do it: `.auto_migrate(true)`, `SCHEMA_AUTO_MIGRATE=on`",
        )
    }

    /// For a file that cannot be written.
    pub(crate) fn read_only(&self, conn: &Connection) -> Error {
        let name = connection::name_of(conn);
        let error = match self {
            Pending::Migrations(_) => {
                Error::new(ErrorKind::ReadOnly, format!("{name} cannot be written and migrations are due"))
            }
            Pending::Steps(plan) => Error::new(
                ErrorKind::ReadOnly,
                format!("{name} cannot be written, pending: {}", count(plan.steps.len(), "step")),
            ),
        };
        self.tell(error).help("make the file and its folder writable, then start again")
    }
}

/// The error of a statement that the time limit or a cancellation has stopped, as one of that kind.
pub(super) fn interrupted(error: Error, kind: ErrorKind) -> Error {
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

/// Somebody has committed what a backup made before the lock cannot hold.
pub(crate) fn disturbed() -> Error {
    Error::new(ErrorKind::Busy, "another program wrote to the database between the backup and the lock")
        .help("start again")
}
