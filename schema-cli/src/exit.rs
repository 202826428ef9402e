//! How the command ends: the exit code, and the one form that every failure has.

use std::fmt;
use std::ops::Deref;

use schema_runtime::{Error, ErrorKind, Refusal};

/// The exit codes; `docs/command.md` has them for users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done, or nothing to do.
    Done = 0,
    /// Something failed, or the command line is wrong.
    Error = 1,
    /// Differences are pending, and the verb was asked to tell.
    Pending = 2,
    /// Refused by a policy, a hazard, the time limit or the rows; a flag, or other rows, would let it through.
    Refused = 3,
    /// The database, or its history, is not as it was left.
    Drift = 4,
    /// Another connection holds a lock.
    Busy = 5,
}

impl Exit {
    pub(crate) fn code(self) -> u8 {
        self as u8
    }

    pub(crate) fn of(kind: ErrorKind) -> Exit {
        match kind {
            ErrorKind::Busy => Exit::Busy,
            ErrorKind::Drift | ErrorKind::Conflict | ErrorKind::Tampered => Exit::Drift,
            ErrorKind::Refused
            | ErrorKind::Data
            | ErrorKind::Dependent
            | ErrorKind::TimeLimit
            | ErrorKind::NewerDatabase
            | ErrorKind::RolledBack
            | ErrorKind::WrongFile
            | ErrorKind::Stale => Exit::Refused,
            _ => Exit::Error,
        }
    }
}

/// What failed, why, in what state the database is, and what to do; with the exit code.
///
/// It is boxed, since results carry it through every stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure(Box<Parts>);

/// The parts of a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parts {
    pub(crate) exit: Exit,
    /// An [`ErrorKind`] in snake case, or `usage`, `settings` or `output` for what is the command's own.
    pub(crate) kind: String,
    pub(crate) what: String,
    pub(crate) causes: Vec<String>,
    pub(crate) state: Option<String>,
    pub(crate) help: Option<String>,
}

impl Deref for Failure {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// Whatever fails after a run took its lock says itself what it left.
const UNTOUCHED: &str = "nothing was changed";

pub(crate) type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// A wrong command line.
    pub(crate) fn usage(what: impl Into<String>) -> Self {
        Failure::new("usage", what)
    }

    pub(crate) fn new(kind: &str, what: impl Into<String>) -> Self {
        Failure(Box::new(Parts {
            exit: Exit::Error,
            kind: kind.to_owned(),
            what: what.into(),
            causes: Vec::new(),
            state: None,
            help: None,
        }))
    }

    pub(crate) fn exit(mut self, exit: Exit) -> Self {
        self.0.exit = exit;
        self
    }

    pub(crate) fn cause(mut self, cause: impl Into<String>) -> Self {
        self.0.causes.push(cause.into());
        self
    }

    pub(crate) fn state(mut self, state: impl Into<String>) -> Self {
        self.0.state = Some(state.into());
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure(Box::new(Parts {
            exit: Exit::of(error.kind()),
            kind: kind_name(error.kind()),
            what: error.what().to_owned(),
            causes: error.causes().iter().map(|cause| advice_in_flags(cause)).collect(),
            state: Some(error.state_line().unwrap_or(UNTOUCHED).to_owned()),
            help: error.help_line().map(in_flags),
        }))
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Failure(Box::new(Parts {
            exit: Exit::of(refusal.kind),
            kind: kind_name(refusal.kind),
            what: refusal.what,
            causes: refusal.causes,
            state: Some(refusal.state.unwrap_or_else(|| UNTOUCHED.to_owned())),
            help: refusal.help.as_deref().map(in_flags),
        }))
    }
}

fn kind_name(kind: ErrorKind) -> String {
    match serde_json::to_value(kind) {
        Ok(serde_json::Value::String(name)) => name,
        _ => format!("{kind:?}"),
    }
}

/// A cause that points into a SQL text has advice of its own in its last line.
fn advice_in_flags(cause: &str) -> String {
    match cause.rsplit_once("\n  = help: ") {
        Some((before, help)) => format!("{before}\n  = help: {}", in_flags(help)),
        None => cause.to_owned(),
    }
}

/// What the library's advice calls by the names of its methods, by the names of the flags.
fn in_flags(help: &str) -> String {
    const WORDS: &[(&str, &str)] = &[
        ("`.adopt_any()`", "`--adopt-any`"),
        ("`.allow_revert()`", "`--allow-revert`"),
        ("`.drift(DriftPolicy::Repair)`", "`--drift repair`"),
        ("`.time_limit(…)`", "`--time-limit`"),
        ("`Migrator::time_limit`", "`--time-limit`"),
        ("`Migrator::lock_wait`", "`--lock-wait`"),
        ("`Migrator::history_table`", "`--history-table`"),
        ("`Migrator::backup_dir`", "`--backup-dir`"),
        (
            "on every connection with `Migrator::connection(|conn| …)`",
            "in a program's own command (`schema_cli::Command::connection`)",
        ),
        ("`Migrator::connection`", "a program's own command (`schema_cli::Command::connection`)"),
        ("`history_table`", "`--history-table`"),
        ("keep it with another removal policy", "choose another policy with `--removed`"),
        (", or allow L", ", or consent with --allow L"),
        (", or migrate outside of start-up", ""),
        (", or run the migration by hand at a quiet time", ", or migrate at a quiet time"),
    ];
    let mut text = help.to_owned();
    for (method, flag) in WORDS {
        text = text.replace(method, flag);
    }
    // `.allow("L103=t.c")` names the hazard; the flag takes the same words.
    while let Some((before, rest)) = text.split_once("`.allow(\"") {
        let Some((hazard, after)) = rest.split_once("\")`") else { break };
        text = format!("{before}`--allow {hazard}`{after}");
    }
    text
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.what)?;
        for cause in &self.causes {
            write!(f, "\ncaused by: {cause}")?;
        }
        if let Some(state) = &self.state {
            write!(f, "\nstate: {state}")?;
        }
        if let Some(help) = &self.help {
            write!(f, "\nhelp: {help}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_speaks_of_flags() {
        let said = |text| in_flags(text);
        assert_eq!(said("consent with `.allow(\"L103=t.c\")`"), "consent with `--allow L103=t.c`");
        assert_eq!(
            said("raise the limit with `.time_limit(…)`, or run the migration by hand at a quiet time"),
            "raise the limit with `--time-limit`, or migrate at a quiet time"
        );
        assert_eq!(said("a `.allow(\" without an end"), "a `.allow(\" without an end");
    }

    #[test]
    fn every_family_of_kinds_has_its_code() {
        let codes = [
            (ErrorKind::Model, 1),
            (ErrorKind::Cancelled, 1),
            (ErrorKind::Data, 3),
            (ErrorKind::Stale, 3),
            (ErrorKind::Drift, 4),
            (ErrorKind::Busy, 5),
        ];
        for (kind, code) in codes {
            assert_eq!(Exit::of(kind).code(), code, "{kind:?}");
        }
        assert_eq!(kind_name(ErrorKind::NotADatabase), "not_a_database");
    }
}
