//! Findings H5: the engine, and how file and connection are set.

use std::fs;

use rusqlite::Connection;

use super::{Exam, FindingCode, count};
use crate::catalog::Catalog;
use crate::connection::{self, SqliteResult, with_suffix};
use crate::defect::defects;
use crate::error::Result;
use crate::report::many;

/// Reads file and settings.
pub(super) fn facts(exam: &mut Exam<'_>) -> Result<()> {
    let conn = exam.conn;
    let number = |name: &str| pragma(conn, name).map(|number: i64| number.unsigned_abs());
    let file = &mut exam.health.file;
    file.page_size = number("page_size")?;
    file.pages = number("page_count")?;
    file.free_pages = number("freelist_count")?;
    file.bytes = file.pages.saturating_mul(file.page_size);
    file.auto_vacuum = word(number("auto_vacuum")?, &["none", "full", "incremental"]);
    file.encoding = pragma(conn, "encoding")?;
    if let Some(path) = connection::database_path(conn) {
        file.log_bytes = fs::metadata(with_suffix(&path, "-wal")).map_or(0, |log| log.len());
    }
    let engine = &mut exam.health.engine;
    engine.sqlite = rusqlite::version().to_owned();
    engine.journal_mode = pragma(conn, "journal_mode")?;
    engine.synchronous = word(number("synchronous")?, &["off", "normal", "full", "extra"]);
    let enforced: i64 = conn
        .query_row("PRAGMA foreign_keys", [], |row| row.get(0))
        .at(|| "cannot read `foreign_keys`".to_owned())?;
    engine.foreign_keys = enforced != 0;
    Ok(())
}

fn pragma<T: rusqlite::types::FromSql>(conn: &Connection, name: &str) -> Result<T> {
    conn.query_row(&format!("PRAGMA main.{name}"), [], |row| row.get(0))
        .at(|| format!("cannot read `{name}`"))
}

fn word(number: u64, words: &[&str]) -> String {
    let at = usize::try_from(number).unwrap_or(usize::MAX);
    words.get(at).map_or_else(|| number.to_string(), |word| (*word).to_owned())
}

/// A log below this is ordinary: SQLite's own checkpoint comes at 1,000 pages.
const LARGE_LOG: u64 = 16 << 20;

/// What is wrong with them for a database with this catalog.
pub(super) fn look(exam: &mut Exam<'_>, catalog: &Catalog) {
    let wal = exam.health.engine.journal_mode == "wal";
    let strict = catalog.tables.iter().any(|table| table.strict);
    let defects = defects(exam.check.machine.sqlite, wal, strict);
    exam.find(FindingCode::KnownDefect, defects);
    let keys: u64 = catalog.tables.iter().map(|table| count(table.foreign_keys.len())).sum();
    // What `foreign_keys` says of a connection of ours is not what the program's connections say.
    if exam.is_callers && !exam.health.engine.foreign_keys && keys > 0 {
        exam.find(
            FindingCode::KeysIgnored,
            vec![many(keys, "foreign key is declared", "foreign keys are declared")],
        );
    }
    if connection::is_memory(exam.conn) {
        return;
    }
    if exam.health.engine.synchronous == "off" {
        exam.find(FindingCode::NoSync, vec!["this connection has `synchronous = OFF`".to_owned()]);
    }
    let mode = exam.health.engine.journal_mode.clone();
    if ["off", "memory"].contains(&mode.as_str()) {
        exam.find(FindingCode::UnsafeJournal, vec![format!("this connection has `journal_mode = {mode}`")]);
    }
    let (log, bytes) = (exam.health.file.log_bytes, exam.health.file.bytes);
    if log >= LARGE_LOG && log > bytes {
        exam.find(FindingCode::LargeLog, vec![format!("the log has {log} bytes, the database {bytes}")]);
    }
}
