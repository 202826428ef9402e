//! The one error type: what failed, why, in what state the database is, and what to do.

use std::error::Error as StdError;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What kind of thing went wrong; match on this.
///
/// Whatever the kind, the transaction was rolled back and the database is as it was before the run, byte for byte where the work had not
/// begun. Two things may be new: a row with the status `failed` in the history, where steps had begun, and the backup. The
/// one exception is a failed COMMIT of which SQLite does not say whether it happened; the `state` line of the error
/// then says so, and the next run finds out.
///
/// | kind | what was found before anything was written | what to do |
/// | --- | --- | --- |
/// | [`Open`](Self::Open) | no folder, a folder instead of a file, no permission | correct the path |
/// | [`NotADatabase`](Self::NotADatabase) | another file, or an encrypted one | correct the path, or give the key in [`Migrator::connection`](crate::Migrator::connection) |
/// | [`Corrupt`](Self::Corrupt) | damaged pages | restore a backup |
/// | [`NewerSqlite`](Self::NewerSqlite) | a format or SQL that the linked SQLite does not know | link a newer one |
/// | [`ReadOnly`](Self::ReadOnly) | changes are pending, and the file cannot be written | make it writable; without changes a read-only file is fine |
/// | [`Busy`](Self::Busy) | a lock, for longer than [`Migrator::lock_wait`](crate::Migrator::lock_wait) | try again, or wait longer |
/// | [`Connection`](Self::Connection) | an open transaction, a live statement, `journal_mode` OFF or MEMORY | set the connection right |
/// | [`Missing`](Self::Missing) | a function, collation or module that nobody registered | register it in [`Migrator::connection`](crate::Migrator::connection) |
/// | [`Model`](Self::Model) | SQL of the model that SQLite refuses, contradicting renames | mend the model |
/// | [`Opaque`](Self::Opaque) | a stored object that cannot be read with certainty | write it anew in plain SQL |
/// | [`WrongFile`](Self::WrongFile) | tables, but none of the model's | correct the path, or say [`Migrator::adopt_any`](crate::Migrator::adopt_any) |
/// | [`NewerDatabase`](Self::NewerDatabase) | changes by a newer program that this one cannot live with | run the newer program, or go back with [`Migrator::allow_revert`](crate::Migrator::allow_revert) |
/// | [`RolledBack`](Self::RolledBack) | a rollback of this very model | run the version of before, or apply again with [`Migrator::reapply`](crate::Migrator::reapply) |
/// | [`History`](Self::History) | a history of another shape or a newer format, or edited rows | update the program, restore a backup, or use [`Migrator::history_table`](crate::Migrator::history_table) |
/// | [`Tampered`](Self::Tampered) | an edited row of the history, on which the run would rely | restore the row or a backup, or record a [`Migrator::baseline`](crate::Migrator::baseline) |
/// | [`Drift`](Self::Drift) | a change by hand | undo it, take it into the model, or repair with [`DriftPolicy::Repair`](crate::DriftPolicy::Repair) |
/// | [`Conflict`](Self::Conflict) | database, history and model all differ | bring two of them together |
/// | [`Refused`](Self::Refused) | data would be deleted without consent | consent, or keep it |
/// | [`Data`](Self::Data) | rows that break a new rule, or would lose something | mend the rows, give a `backfill` or `convert`, or consent |
/// | [`Pending`](Self::Pending) | changes to make, and a run that only checks ([`Migrator::auto_migrate`](crate::Migrator::auto_migrate)) | migrate by hand, or let a run do it |
/// | [`Environment`](Self::Environment) | a variable of the environment that cannot be read | correct or unset it |
/// | [`Dependent`](Self::Dependent) | a view or trigger that would no longer work | change it with the model, or drop it |
/// | [`Migration`](Self::Migration) | a numbered migration that cannot be read, has a number twice, or fails | mend it; nothing of the run stays |
/// | [`Rehearsal`](Self::Rehearsal) | a plan that does not do on the scratch copy what it should | report it; the database can be used as it is |
/// | [`PlanFile`](Self::PlanFile) | a saved plan that cannot be read, is of another format, or was edited | make the plan again |
/// | [`Stale`](Self::Stale) | a saved plan, and a database that is no longer what it was made for | make the plan again, and look at it |
/// | [`Backup`](Self::Backup) | a backup that cannot be written or differs | free the folder, or choose another with [`Migrator::backup_dir`](crate::Migrator::backup_dir) |
///
/// | kind | what may also stop the work half way, rolled back | what to do |
/// | --- | --- | --- |
/// | [`DiskFull`](Self::DiskFull) | the disk, or `max_page_count` | free space |
/// | [`Io`](Self::Io) | a read or write failed | look at the disk |
/// | [`Apply`](Self::Apply) | a step failed | as the reasons say; report it if they say nothing |
/// | [`Verify`](Self::Verify) | the result was not what was planned | report it |
/// | [`TimeLimit`](Self::TimeLimit) | the estimate or the work passed [`Migrator::time_limit`](crate::Migrator::time_limit) | raise the limit, or migrate at a quiet time |
/// | [`Cancelled`](Self::Cancelled) | [`Cancel`](crate::Cancel) was used, or the connection was interrupted | start again |
/// | [`Sqlite`](Self::Sqlite) | anything else that SQLite reports | as the reasons say |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// The file cannot be opened or created: a missing folder, a directory, no permission.
    Open,
    /// The file is no SQLite database, or it is encrypted.
    NotADatabase,
    /// The database is damaged: truncated, or its pages contradict each other.
    Corrupt,
    /// The file needs a newer SQLite than the one that is linked.
    NewerSqlite,
    /// The file or its folder cannot be written.
    ReadOnly,
    /// Another connection held a lock for longer than the lock wait.
    Busy,
    /// The disk or the database's size limit is full.
    DiskFull,
    /// A read or a write failed.
    Io,
    /// The connection cannot be used as it is: inside a transaction, or with an unsafe journal mode.
    Connection,
    /// A function, collation or virtual-table module is not registered on the connection.
    Missing,
    /// The model contradicts itself, or SQLite refuses its SQL.
    Model,
    /// An object of the database could not be read with certainty; it is never guessed at.
    Opaque,
    /// The database holds none of the model's tables and no history: probably the wrong file.
    WrongFile,
    /// A newer version of the program has migrated the database.
    NewerDatabase,
    /// The model was applied and rolled back; a start does not apply it again by itself.
    RolledBack,
    /// The history is not ours, is damaged, or is of a newer format.
    History,
    /// The row of the history that a run relies on was edited.
    Tampered,
    /// The database was changed by hand, and the drift policy refuses.
    Drift,
    /// Model, database and history all differ from each other.
    Conflict,
    /// The removal policy, or a missing consent, refuses the change.
    Refused,
    /// Rows break a new rule, or would lose something in a conversion.
    Data,
    /// Changes are to be made, and the run may only check.
    Pending,
    /// A variable of the environment has a value that cannot be read.
    Environment,
    /// A view or trigger would no longer work after the change.
    Dependent,
    /// A numbered migration cannot be read, or failed.
    Migration,
    /// The plan did not do on the scratch copy what it should do.
    Rehearsal,
    /// A saved plan cannot be read, is of another format, or was edited.
    PlanFile,
    /// A saved plan was made for another state of the database.
    Stale,
    /// The backup could not be made or verified.
    Backup,
    /// A step failed while the plan was applied.
    Apply,
    /// The result was not what was planned.
    Verify,
    /// The time limit was, or would be, passed.
    TimeLimit,
    /// The caller cancelled the run.
    Cancelled,
    /// SQLite reported something that fits no other kind.
    Sqlite,
}

/// What failed, why, in what state the database is, and what to do.
///
/// `Display` gives up to four kinds of line: `error`, `caused by`, `state` and `help`.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    what: String,
    causes: Vec<String>,
    state: Option<String>,
    help: Option<String>,
    source: Option<Box<dyn StdError + Send + Sync + 'static>>,
}

impl Error {
    /// An error of `kind` that says `what` could not be done, and where.
    pub(crate) fn new(kind: ErrorKind, what: impl Into<String>) -> Self {
        Error(Box::new(Inner {
            kind,
            what: what.into(),
            causes: Vec::new(),
            state: None,
            help: None,
            source: None,
        }))
    }

    /// Adds a reason; several are listed in order.
    pub(crate) fn cause(mut self, cause: impl Into<String>) -> Self {
        self.0.causes.push(cause.into());
        self
    }

    /// Says in what state the database is; the innermost statement stands.
    pub(crate) fn state(mut self, state: impl Into<String>) -> Self {
        self.0.state.get_or_insert_with(|| state.into());
        self
    }

    /// Says in what state the database is, whatever was said before.
    pub(crate) fn restate(mut self, state: impl Into<String>) -> Self {
        self.0.state = Some(state.into());
        self
    }

    /// Says what to do; the innermost advice stands.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.0.help.get_or_insert_with(|| help.into());
        self
    }

    /// Says what to do instead of what was said before.
    pub(crate) fn rather(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// Keeps the underlying error, and its text as a reason.
    pub(crate) fn source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.0.causes.push(source.to_string());
        self.0.source = Some(Box::new(source));
        self
    }

    /// Puts `what` above this error, whose own line becomes the first reason.
    pub(crate) fn context(mut self, what: impl Into<String>) -> Self {
        let inner = std::mem::replace(&mut self.0.what, what.into());
        self.0.causes.insert(0, inner);
        self
    }

    /// The same error as another kind.
    pub(crate) fn of_kind(mut self, kind: ErrorKind) -> Self {
        self.0.kind = kind;
        self
    }

    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What could not be done, and where; one line.
    pub fn what(&self) -> &str {
        &self.0.what
    }

    /// The reasons, outermost first.
    pub fn causes(&self) -> &[String] {
        &self.0.causes
    }

    /// In what state the database is, where that is known.
    pub fn state_line(&self) -> Option<&str> {
        self.0.state.as_deref()
    }

    /// What to do, where there is something to do.
    pub fn help_line(&self) -> Option<&str> {
        self.0.help.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.0.what)?;
        for cause in &self.0.causes {
            write!(f, "\ncaused by: {cause}")?;
        }
        if let Some(state) = &self.0.state {
            write!(f, "\nstate: {state}")?;
        }
        if let Some(help) = &self.0.help {
            write!(f, "\nhelp: {help}")?;
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

/// Why a run was, or would be, refused: the parts of its error, as data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Refusal {
    /// The kind of the error.
    pub kind: ErrorKind,
    /// What could not be done, and where.
    pub what: String,
    /// The reasons, outermost first.
    pub causes: Vec<String>,
    /// In what state the database is.
    pub state: Option<String>,
    /// What to do.
    pub help: Option<String>,
}

impl Refusal {
    pub(crate) fn of(error: &Error) -> Refusal {
        Refusal {
            kind: error.kind(),
            what: error.what().to_owned(),
            causes: error.causes().to_vec(),
            state: error.state_line().map(str::to_owned),
            help: error.help_line().map(str::to_owned),
        }
    }
}
