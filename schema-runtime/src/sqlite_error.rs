//! What SQLite's result codes mean to a caller, and what to do about each: the one mapping to [`ErrorKind`].

use rusqlite::ErrorCode;

use crate::{Error, ErrorKind, Result};

/// Turns results of rusqlite into ours.
pub(crate) trait SqliteResult<T> {
    /// An error becomes one that says `what` could not be done, and where.
    fn at(self, what: impl FnOnce() -> String) -> Result<T>;
}

impl<T> SqliteResult<T> for rusqlite::Result<T> {
    fn at(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|err| sqlite_error(err, what()))
    }
}

/// `err` as an error of ours that says `what` could not be done, with what to do.
pub(crate) fn sqlite_error(err: rusqlite::Error, what: impl Into<String>) -> Error {
    let (kind, help) = judge(&err);
    let error = Error::new(kind, what).source(err);
    if help.is_empty() { error } else { error.help(help) }
}

/// The kind of error that `err` is.
pub(crate) fn kind_of(err: &rusqlite::Error) -> ErrorKind {
    judge(err).0
}

const REGISTER: &str = "register it on every connection with `Migrator::connection(|conn| …)`";

/// Kind and advice. SQLite: <https://www.sqlite.org/rescode.html>.
fn judge(err: &rusqlite::Error) -> (ErrorKind, &'static str) {
    let Some(failure) = err.sqlite_error() else { return judge_text(err) };
    match failure.code {
        ErrorCode::NotADatabase => (
            ErrorKind::NotADatabase,
            "check the path; give the key of an encrypted file in `Migrator::connection`; a file of a newer SQLite \
             needs a newer SQLite to read it",
        ),
        ErrorCode::DatabaseCorrupt => judge_corrupt(err),
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed => (
            ErrorKind::Busy,
            "end the other transaction or program, or wait longer with `Migrator::lock_wait`",
        ),
        ErrorCode::DiskFull => (ErrorKind::DiskFull, "free disk space, or raise `PRAGMA max_page_count`"),
        ErrorCode::SystemIoFailure => {
            (ErrorKind::Io, "look for a failing disk, a quota, or a network file system in the system's log")
        }
        ErrorCode::ReadOnly => (
            ErrorKind::ReadOnly,
            "make file and folder writable for this user, and open the connection for writing",
        ),
        ErrorCode::CannotOpen => (
            ErrorKind::Open,
            "check that the file can be read and its folder be written by this user, and that the disk is not full",
        ),
        ErrorCode::PermissionDenied => (ErrorKind::Open, "check the permissions of the file and its folder"),
        ErrorCode::OperationInterrupted => (ErrorKind::Cancelled, ""),
        ErrorCode::AuthorizationForStatementDenied => (
            ErrorKind::Connection,
            "the connection's authorizer must allow schema changes while a migration runs",
        ),
        ErrorCode::ConstraintViolation if is_vetoed(err) => (
            ErrorKind::Connection,
            "the connection's commit hook must let the transaction of a migration commit",
        ),
        ErrorCode::ConstraintViolation => (ErrorKind::Data, "mend or delete the rows that break the rule"),
        ErrorCode::TypeMismatch => (
            ErrorKind::Data,
            "mend or delete the rows that hold something else than an integer where the rowid is to be",
        ),
        ErrorCode::ApiMisuse => (ErrorKind::Connection, "the connection is closed, or in use by other code"),
        _ => judge_text(err),
    }
}

/// Whether a commit hook has turned the COMMIT into a ROLLBACK.
pub(crate) fn is_vetoed(err: &rusqlite::Error) -> bool {
    err.sqlite_error()
        .is_some_and(|failure| failure.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_COMMITHOOK)
}

/// SQLite has one code for everything that it finds out while it reads SQL; the text tells which.
fn judge_text(err: &rusqlite::Error) -> (ErrorKind, &'static str) {
    if matches!(err, rusqlite::Error::NulError(..) | rusqlite::Error::InvalidPath(..)) {
        return (ErrorKind::Open, "give a path without NUL characters, in the encoding of the system");
    }
    let text = err.to_string();
    if let Some(help) = unregistered(&text) {
        return (ErrorKind::Missing, help);
    }
    if text.starts_with("unsupported file format") {
        return (ErrorKind::NewerSqlite, "link a newer SQLite");
    }
    (ErrorKind::Sqlite, "")
}

/// What to do where a text of SQLite says that a function, collation, module or tokenizer is not registered; `None` for any other.
pub(crate) fn unregistered(text: &str) -> Option<&'static str> {
    let starts = ["no such function", "unknown function", "no such collation", "no such module"];
    // FTS5 names a missing tokenizer behind its own text.
    let is = starts.iter().any(|start| text.starts_with(start)) || text.contains("no such tokenizer");
    is.then_some(REGISTER)
}

fn judge_corrupt(err: &rusqlite::Error) -> (ErrorKind, &'static str) {
    let text = err.to_string();
    if text.contains("unknown function")
        || text.contains("no such module")
        || text.contains("no such collation")
    {
        return (ErrorKind::Missing, REGISTER);
    }
    if text.starts_with("malformed database schema") {
        return (
            ErrorKind::Corrupt,
            "the definition of the object in parentheses was edited by hand, or was written by a newer SQLite: link \
             that one, or mend the text under `PRAGMA writable_schema`",
        );
    }
    (ErrorKind::Corrupt, "restore a backup, or save what is left with `sqlite3 <file> .recover`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(sql: &str) -> (ErrorKind, Option<String>) {
        let conn = rusqlite::Connection::open_in_memory().expect("memory");
        let err = conn.execute_batch(sql).at(|| "cannot run it".to_owned()).expect_err(sql);
        (err.kind(), err.help_line().map(str::to_owned))
    }

    #[test]
    fn what_is_not_registered_is_missing_and_says_where_to_register_it() {
        for sql in [
            "SELECT nope(1)",
            "CREATE TABLE t (a COLLATE nope); CREATE INDEX i ON t (a)",
            "CREATE VIRTUAL TABLE t USING nope(a)",
            "CREATE TABLE t (a, g AS (nope(a)))",
            "CREATE VIRTUAL TABLE t USING fts5(a, tokenize = 'nope')",
        ] {
            let (found, help) = kind(sql);
            assert_eq!(found, ErrorKind::Missing, "{sql}");
            assert!(help.is_some_and(|help| help.contains("Migrator::connection")), "{sql}");
        }
    }

    #[test]
    fn result_codes_become_kinds() {
        let rows = [
            (1, ErrorKind::Sqlite),
            (5, ErrorKind::Busy),
            (6, ErrorKind::Busy),
            (8 | (3 << 8), ErrorKind::ReadOnly),
            (9, ErrorKind::Cancelled),
            (10 | (2 << 8), ErrorKind::Io),
            (11, ErrorKind::Corrupt),
            (13, ErrorKind::DiskFull),
            (14, ErrorKind::Open),
            (19, ErrorKind::Data),
            (26, ErrorKind::NotADatabase),
        ];
        for (code, kind) in rows {
            let err = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
            assert_eq!(kind_of(&err), kind, "{code}");
        }
    }
}
