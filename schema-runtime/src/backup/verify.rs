//! Proves that a backup is what its note says.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use super::files::{hash, rewrite_note};
use super::{BackupInfo, io_error};
use crate::connection::{Hook, OpenMode, SqliteResult, now, open, with_suffix};
use crate::integrity::is_of_rows;
use crate::sqlite_error::kind_of;
use crate::{Error, ErrorKind, Result};

/// Proves that a backup is what its note says: size, hash, and SQLite's own check. The answer, and the note where it can be
/// written, say when. Where the copy holds something else, or damaged pages, the note says that it is not proved any more; a copy
/// that could not be read or opened leaves the note as it is.
///
/// # Errors
/// `Backup`, naming what differs, or what opening it may give.
pub(crate) fn verify_and_note(info: &BackupInfo, hook: Option<&Hook>) -> Result<BackupInfo> {
    match verify(info, hook) {
        Ok(at) => {
            remember(info, Some(&at));
            Ok(BackupInfo { verified_at: Some(at), ..info.clone() })
        }
        Err(Fault { error, disproved }) => {
            if disproved {
                remember(info, None);
            }
            Err(error)
        }
    }
}

/// Why a backup is not proved.
pub(crate) struct Fault {
    pub(crate) error: Error,
    /// Whether it holds something else or damaged pages; else it could not be read or opened.
    disproved: bool,
}

/// As [`verify_and_note`], and writes nothing; the answer is the time of the proof.
///
/// # Errors
/// As [`verify_and_note`].
pub(crate) fn verify(info: &BackupInfo, hook: Option<&Hook>) -> std::result::Result<String, Fault> {
    let what = || format!("cannot use the backup `{}`", info.path.display());
    let fault = |error: Error, disproved: bool| Fault { error: error.context(what()), disproved };
    let unread = |err: io::Error| fault(io_error(err, "it cannot be read".to_owned()), false);
    let (sha256, bytes) = File::open(&info.path).and_then(hash).map_err(unread)?;
    if let Some(error) = differs(info, &sha256, bytes) {
        return Err(Fault { error, disproved: true });
    }
    refuse_companions(&info.path).map_err(|error| fault(error, false))?;
    let conn = open(&info.path, OpenMode::ReadOnly, hook, Duration::ZERO).map_err(|err| fault(err, false))?;
    quick_check(&conn).map_err(|err| {
        let disproved = err.kind() == ErrorKind::Corrupt;
        fault(err, disproved)
    })?;
    now(&conn).map_err(|error| Fault { error, disproved: false })
}

/// Where the bytes that were read are not those that the note has.
pub(super) fn differs(info: &BackupInfo, sha256: &str, bytes: u64) -> Option<Error> {
    if bytes == info.bytes && sha256.eq_ignore_ascii_case(&info.sha256) {
        return None;
    }
    let what = format!("cannot use the backup `{}`", info.path.display());
    let cause = format!(
        "its {bytes} bytes have the SHA-256 {sha256}; {} bytes with {} were written",
        info.bytes, info.sha256
    );
    Some(Error::new(ErrorKind::Backup, what).cause(cause).help("use another backup"))
}

/// A finished backup has neither journal nor log; SQLite would play what lies there into it.
fn refuse_companions(path: &Path) -> Result<()> {
    for suffix in ["-journal", "-wal"] {
        let beside = with_suffix(path, suffix);
        if beside.metadata().is_ok_and(|file| file.len() > 0) {
            return Err(Error::new(ErrorKind::Backup, "it cannot be opened as it was written")
                .cause(format!(
                    "`{}` lies beside it, and SQLite would play it into the backup",
                    beside.display()
                ))
                .help("move that file away"));
        }
    }
    Ok(())
}

/// Where the note cannot be written, or is another's by now, it stays as it is: the proof itself stands.
fn remember(info: &BackupInfo, verified_at: Option<&str>) {
    let _ = rewrite_note(info, verified_at);
}

/// Structure only: that rows break a CHECK or NOT NULL is how the database is, and no fault of the copy.
pub(super) fn quick_check(conn: &Connection) -> Result<()> {
    let faults = match faults(conn, "PRAGMA main.quick_check") {
        Err(err) if kind_of(&err) == ErrorKind::Missing => faults_by_table(conn),
        other => other,
    };
    let faults = faults.at(|| "the copy cannot be checked".to_owned())?;
    let is_row = |fault: &&String| is_of_rows(fault) || fault.as_str() == "ok";
    match faults.iter().find(|fault| !is_row(fault)) {
        None => Ok(()),
        Some(fault) => Err(Error::new(ErrorKind::Corrupt, "the copy fails `PRAGMA quick_check`")
            .cause(fault.trim())
            .help("check the database itself; restore a backup, or save what is left with `sqlite3 <file> .recover`")),
    }
}

fn faults(conn: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    conn.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
}

/// Table by table, without those that need a function, collation or module that this connection lacks.
fn faults_by_table(conn: &Connection) -> rusqlite::Result<Vec<String>> {
    let sql = "SELECT name FROM main.sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'";
    let mut found = Vec::new();
    for table in faults(conn, sql)? {
        let name = schema_sql::quote_ident(&table);
        match faults(conn, &format!("PRAGMA main.quick_check({name})")) {
            Ok(rows) => found.extend(rows),
            Err(err) if kind_of(&err) == ErrorKind::Missing => {}
            Err(err) => return Err(err),
        }
    }
    Ok(found)
}
