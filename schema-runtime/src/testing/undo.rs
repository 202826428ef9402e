//! The last revision, taken back on a connection.

use rusqlite::Connection;

use crate::apply::{Job, apply};
use crate::catalog;
use crate::connection::{self, Deadline, Settings};
use crate::descriptor::Schema;
use crate::error::{Error, ErrorKind, Result};
use crate::history::History;
use crate::integrity::IntegrityCheck;
use crate::migration::Migrations;
use crate::revision::Status;
use crate::rollback::Way;

/// Takes the last revision of `schema`'s model back by its stored undo, and proves that the catalog is what it was before.
///
/// For tests: a change that can be undone leads back to the catalog and, where nothing was dropped or converted, to the rows
/// of before. The revision is marked as rolled back.
///
/// # Errors
/// `History` where there is no revision or no undo; `Drift` where the catalog is no longer what the revision left; else as a
/// run. The database is then unchanged.
pub fn undo_last(schema: &Schema, conn: &mut Connection) -> Result<()> {
    undo_last_of(schema.name, History::default().table(), conn)
}

/// As [`undo_last`], for the model of this name, which may have been read from a SQL text, another database or a snapshot, and
/// for a history in this table.
///
/// # Errors
/// As [`undo_last`].
pub fn undo_last_of(model: &str, history_table: &str, conn: &mut Connection) -> Result<()> {
    connection::refuse_if_in_use(conn)?;
    let history = History::named(history_table);
    let own = history.own_tables();
    let deadline = Deadline::install(conn, None, None);
    let conn = deadline.conn();
    let settings = Settings::enter(conn)?;
    connection::begin_immediate(conn, std::time::Duration::from_secs(5), None)?;
    let result = undo(model, &history, &own, &deadline);
    let result = match result {
        Ok(()) => connection::commit(conn, std::time::Duration::from_secs(5)),
        Err(error) => Err(connection::rolled_back(conn, error)),
    };
    drop(settings);
    result
}

fn undo(model: &str, history: &History, own: &[String], deadline: &Deadline<'_>) -> Result<()> {
    let conn = deadline.conn();
    let rows = history.all(conn)?;
    let missing = || Error::new(ErrorKind::History, "cannot undo: no revision is recorded");
    let last = history.latest(conn, model)?.ok_or_else(missing)?;
    let way = Way::of(&rows, &last, &Migrations::default())?;
    let live = catalog::read(conn, "main", own)?;
    way.refuse_drift(&live)?;
    let mut job = Job {
        plan: &way.undo,
        start: &live,
        target: &way.target,
        known: &[],
        renames: &way.renames,
        own,
        exact: &|_| false,
        integrity: IntegrityCheck::Quick,
        deadline,
        on_step: &mut |_, _| {},
        fill: None,
        filled: &|_| false,
    };
    apply(conn, &mut job)?;
    history.set_status(conn, last.id, Status::RolledBack)
}
