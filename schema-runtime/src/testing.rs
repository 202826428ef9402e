//! What tests of a program's own migrations need.

use rusqlite::Connection;

use crate::apply::{Job, apply};
use crate::catalog::{self, Catalog};
use crate::connection::{self, Deadline, Settings};
use crate::descriptor::Schema;
use crate::diff::{Change, diff};
use crate::error::{Error, ErrorKind, Result};
use crate::history::History;
use crate::integrity::IntegrityCheck;
use crate::plan::Plan;
use crate::rename::{Rename, Renames};
use crate::revision::Status;
use crate::snapshot::Snapshot;

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
    let missing = |what: &str| Error::new(ErrorKind::History, format!("cannot undo: {what}"));
    let last = history.latest(conn, model)?.ok_or_else(|| missing("no revision is recorded"))?;
    let plan = last.undo.as_deref().ok_or_else(|| missing("the last revision has no undo"))?;
    let plan = Plan::from_json(plan)?;
    let left = Snapshot::from_json(last.snapshot.as_deref().unwrap_or_default())?;
    let before = history
        .all(conn)?
        .into_iter()
        .rev()
        .filter(|revision| revision.id < last.id && revision.model == model)
        .filter(|revision| revision.status == Status::Completed)
        .find_map(|revision| revision.snapshot);
    let target = match (left.start.clone(), before) {
        (Some(start), _) => start,
        (None, Some(text)) => Snapshot::from_json(&text)?.catalog,
        (None, None) => Catalog::default(),
    };
    let live = catalog::read(conn, "main", own)?;
    if let Some(change) = diff(&live, &left.catalog, &|_| false).first() {
        return Err(Error::new(ErrorKind::Drift, "the catalog is no longer what the revision left")
            .cause(change.to_string()));
    }
    let renames = renames(&plan);
    let mut job = Job {
        plan: &plan,
        start: &live,
        target: &target,
        renames: &renames,
        own,
        exact: &|_| false,
        integrity: IntegrityCheck::Quick,
        deadline,
        on_step: &mut |_, _| {},
    };
    apply(conn, &mut job)?;
    history.set_status(conn, last.id, Status::RolledBack)
}

fn renames(plan: &Plan) -> Renames {
    let list = plan
        .changes()
        .filter_map(|change| match change {
            Change::RenameTable { from, to } => {
                Some(Rename { table: None, from: from.clone(), to: to.clone() })
            }
            Change::RenameColumn { table, from, to } => {
                Some(Rename { table: Some(table.clone()), from: from.clone(), to: to.clone() })
            }
            _ => None,
        })
        .collect();
    Renames { list, unmatched: Vec::new() }
}
