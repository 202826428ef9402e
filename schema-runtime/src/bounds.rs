//! What numbered migrations may not do to the objects of models: leave those of their own model otherwise than it has them, or change those of
//! another one.
//!
//! Compares catalogs.

use crate::catalog::{Catalog, TableInfo};
use crate::diff::{Change, diff};
use crate::error::{Error, ErrorKind, Result};
use crate::execute;
use crate::found::Found;
use crate::prepare::{Prepared, key_of};
use crate::snapshot::{Owners, key, keys};

/// Whether the file is another model's, and holds nothing that this one has or had under another name.
pub(crate) fn holds_only_others(found: &Found) -> bool {
    let ours = |name: &String| found.live.table(name).is_some();
    let is_ours = |table: &TableInfo| {
        ours(&table.name) || found.model.table_hints(&table.name).renamed_from.iter().any(ours)
    };
    found.head > 0 && found.last.is_none() && !found.model.catalog.tables.iter().any(is_ours)
}

/// What the migrations have made of the model's objects, from `start` to the automatic change, must be what the model has: nobody is to
/// make it again, without its values.
///
/// # Errors
/// `Migration`, with each difference.
pub(crate) fn refuse_made_again(start: &Catalog, prepared: &Prepared) -> Result<()> {
    let Prepared { target, found, .. } = prepared;
    let last = found.last.as_ref().map(|(_, last)| last);
    let model = keys(&found.model.catalog);
    let mut ours = Vec::new();
    for change in diff(start, &found.live, &|_| false) {
        let Some(before) = key_of(&change) else { continue };
        let now = match &change {
            Change::DropColumn { table, column } | Change::AlterColumn { table, column, .. } => {
                let table = target.renames.new_table(table);
                key::column(table, target.renames.new_column(table, column))
            }
            change if before == key::table(change.table()) => {
                key::table(target.renames.new_table(change.table()))
            }
            _ => before.clone(),
        };
        // Where the model begins with this start, it is what has values.
        let begins =
            matches!(change, Change::DropTable { .. } | Change::DropColumn { .. }) && model.contains(&now);
        if begins || last.is_some_and(|last| last.owners.is_managed(&before)) {
            ours.push(now);
        }
    }
    let back = diff(&target.catalog, &target.live, &|_| false);
    let ours = |change: &Change| key_of(change).is_some_and(|key| ours.contains(&key));
    refuse(&back, &ours, other_model)
}

/// What comes after the automatic change, which has reached this catalog, must leave the model's objects as they were made.
///
/// # Errors
/// `Migration`, with each difference.
pub(crate) fn refuse_other_model(reached: &Catalog, live: &Catalog, owners: &Owners) -> Result<()> {
    refuse(&diff(reached, live, &|_| false), &|change| takes_from(change, owners), other_model)
}

/// A migration must leave the objects of other models of the file alone, and add nothing to their tables that their programs' writes would
/// meet. An index that admits every row, and a trigger, are its own.
///
/// # Errors
/// `Migration`, with each difference.
pub(crate) fn refuse_theirs(title: &str, before: &Catalog, after: &Catalog, others: &Owners) -> Result<()> {
    let adds_to = |change: &Change| others.is_managed(&key::table(change.table())) && is_met(change, after);
    let theirs = |change: &Change| takes_from(change, others) || adds_to(change);
    refuse(&diff(before, after, &|_| false), &theirs, || {
        execute::failed(title)
            .cause("it changes objects of another model of this database")
            .help("make this change in the other model, and in its migrations")
    })
}

/// What the migrations make of what the model manages, where nobody compares it with the model.
pub(crate) fn warnings(start: &Catalog, live: &Catalog, owners: &Owners) -> Vec<String> {
    let changes = diff(start, live, &|_| false);
    let warning = |change: &Change| {
        format!(
            "the migrations did this to the model's: {change}; a program whose model still has it makes it again, without its values"
        )
    };
    changes.iter().filter(|change| takes_from(change, owners)).map(warning).collect()
}

/// Whether the change takes something from what `owners` say is managed.
fn takes_from(change: &Change, owners: &Owners) -> bool {
    key_of(change).is_some_and(|key| owners.is_managed(&key))
}

/// Whether what is added to a table changes what an insert into it must say.
fn is_met(change: &Change, after: &Catalog) -> bool {
    match change {
        Change::AddColumn { .. } | Change::AddConstraint { .. } => true,
        Change::CreateIndex { index, .. } => after.index(index).is_some_and(|(_, index)| index.unique),
        _ => false,
    }
}

/// Refuses changes to objects that are `ours`, by the error of `refused`.
fn refuse(changes: &[Change], ours: &dyn Fn(&Change) -> bool, refused: impl FnOnce() -> Error) -> Result<()> {
    let mut changes = changes.iter().filter(|change| ours(change)).peekable();
    if changes.peek().is_none() {
        return Ok(());
    }
    Err(changes.fold(refused(), |error, change| error.cause(format!("against the model: {change}"))))
}

fn other_model() -> Error {
    Error::new(
        ErrorKind::Migration,
        "the migrations leave objects of the model other than the model has them",
    )
    .help("change the model too, or take that out of the migration")
}
