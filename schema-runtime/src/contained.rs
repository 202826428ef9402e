//! Migrations of which a new file that has the model's catalog holds everything already.
//!
//! Compares catalogs on a scratch database, and neither reads nor writes the file.

use rusqlite::Connection;
use schema_sql::{CreateKind, create_head, eq_name, idents, significant, split_create_table};

use crate::catalog::{self, Catalog, IndexInfo, TableInfo, table_sql};
use crate::diff::{Change, diff};
use crate::error::Result;
use crate::migration::{Body, Migration, read};
use crate::rehearse;

/// Whether `live`, a new file that has the model's catalog, holds already all that the migration makes: in a catalog without it, it makes
/// nothing that is not in this one, and it writes no row. What the model has besides (a later column, an index) does not count.
pub(crate) fn contained(
    migration: &Migration,
    live: &Catalog,
    own: &[String],
    scratch: &dyn Fn() -> Result<Connection>,
) -> Result<bool> {
    let Body::Sql(text) = &migration.up.body else { return Ok(false) };
    let script = read(text, &migration.up.origin)?;
    // The last first: a table takes its indexes along.
    let all = |catalog: &mut Catalog| {
        script.statements.iter().rev().all(|statement| take_away(catalog, statement.text))
    };
    let mut without = live.clone();
    if !all(&mut without) {
        return Ok(false);
    }
    let Ok(copy) = rehearse::replayed(scratch, &without, &[]) else { return Ok(false) };
    if script.statements.iter().any(|statement| copy.execute_batch(statement.text).is_err()) {
        return Ok(false);
    }
    let made = catalog::read(&copy, "main", own)?;
    Ok(all(&mut made.clone()) && diff(&made, live, &|_| false).iter().all(adds))
}

/// Whether the change leaves what was there as it was.
fn adds(change: &Change) -> bool {
    matches!(
        change,
        Change::CreateTable { .. }
            | Change::AddColumn { .. }
            | Change::AddConstraint { .. }
            | Change::CreateIndex { .. }
            | Change::CreateView { .. }
            | Change::CreateTrigger { .. }
            | Change::CreateVirtualTable { .. }
    )
}

/// Takes what the statement makes out of `catalog`, with what cannot be without it; gives back whether it was there.
fn take_away(catalog: &mut Catalog, sql: &str) -> bool {
    if let Some((table, column)) = added_column(sql) {
        let table = catalog.tables.iter_mut().find(|found| eq_name(&found.name, &table));
        return table.is_some_and(|table| take_column(table, &column));
    }
    let Ok(head) = create_head(sql) else { return false };
    let size = |catalog: &Catalog| {
        let indexes: usize = catalog.tables.iter().map(|table| table.indexes.len()).sum();
        catalog.tables.len()
            + indexes
            + catalog.views.len()
            + catalog.triggers.len()
            + catalog.virtual_tables.len()
    };
    let before = size(catalog);
    let other = |name: &str| !eq_name(name, &head.name);
    match head.kind {
        // `CREATE TABLE … AS SELECT` copies rows, and cannot be split.
        CreateKind::Table if split_create_table(sql).is_ok() => {
            catalog.tables.retain(|table| other(&table.name));
            catalog.triggers.retain(|trigger| other(&trigger.table));
        }
        CreateKind::Index => {
            catalog.tables.iter_mut().for_each(|table| table.indexes.retain(|index| other(&index.name)))
        }
        CreateKind::View => {
            catalog.views.retain(|view| other(&view.name));
            catalog.triggers.retain(|trigger| other(&trigger.table));
        }
        CreateKind::Trigger => catalog.triggers.retain(|trigger| other(&trigger.name)),
        CreateKind::VirtualTable => catalog.virtual_tables.retain(|table| other(&table.name)),
        _ => {}
    }
    size(catalog) < before
}

/// Takes a column out of `table`, and the constraints and indexes that name it.
fn take_column(table: &mut TableInfo, column: &str) -> bool {
    let columns = table.columns.len();
    let is_it = |name: &str| eq_name(name, column);
    let without = |sql: &str| !idents(sql).unwrap_or_default().iter().any(|name| is_it(name));
    table.columns.retain(|found| !is_it(&found.name));
    table.uniques.retain(|unique| !unique.terms.iter().any(|term| is_it(&term.column)));
    table.checks.retain(|check| without(&check.expr));
    table.foreign_keys.retain(|key| !key.columns.iter().any(|name| is_it(name)));
    table.indexes.retain(|index: &IndexInfo| without(&index.sql));
    table.sql = table_sql(table);
    table.columns.len() < columns
}

/// Table and column of `ALTER TABLE t ADD COLUMN c …`.
fn added_column(sql: &str) -> Option<(String, String)> {
    let tokens = significant(sql).ok()?;
    if !tokens.first()?.is_word("ALTER") || !tokens.get(1)?.is_word("TABLE") {
        return None;
    }
    let add = tokens.iter().position(|token| token.is_word("ADD"))?;
    let behind = if tokens.get(add + 1)?.is_word("COLUMN") { add + 2 } else { add + 1 };
    Some((tokens.get(add.checked_sub(1)?)?.ident()?, tokens.get(behind)?.ident()?))
}
