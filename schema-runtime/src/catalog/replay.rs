//! A catalog, made again in an empty scratch database.
//!
//! What `CREATE` refuses there (a function, collation or module that is not registered, text that an older SQLite took) is
//! put in as a bare catalog row, so that reading the scratch database gives the same catalog again.

use rusqlite::{Connection, params};
use schema_sql::quote_ident;

use super::print::{index_sql, name_sql, table_sql};
use super::{Catalog, IndexInfo, IndexTermInfo, TableInfo, VirtualTableInfo};
use crate::creating::Creating;
use crate::error::{Error, ErrorKind, Result};

/// What [`replay`] could not make as it is written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Replay {
    /// The names of the objects that are bare catalog rows: they can be read, but perhaps not used.
    pub(crate) bare: Vec<String>,
}

/// Makes the objects of `catalog` in the main database of `scratch`, which is empty: tables, then what `rows` puts into them,
/// then virtual tables, indexes, views and triggers.
///
/// Foreign keys are switched off on `scratch`, unless it is inside a transaction.
///
/// # Errors
/// Those of `rows`; `Rehearsal` if an object can be made in neither way. `scratch` is then of no further use.
pub(crate) fn replay(
    scratch: &Connection,
    catalog: &Catalog,
    rows: &mut dyn FnMut(&Connection) -> Result<()>,
) -> Result<Replay> {
    let mut stage = Stage { conn: scratch, creating: Creating::on(scratch), replay: Replay::default() };
    scratch.execute_batch("PRAGMA foreign_keys = OFF").map_err(|err| refused("the settings", &err, None))?;
    for table in &catalog.tables {
        let shape = || Ok(table_sql(&shape_of(table)));
        stage.make("table", &table.name, &table.sql, shape)?;
    }
    for table in catalog.opaque.iter().filter(|object| object.kind == "table" && !is_virtual(&object.sql)) {
        let shape = || Ok(format!("CREATE TABLE {} (x)", quote_ident(&table.name)));
        stage.make("table", &table.name, &table.sql, shape)?;
    }
    stage.settle()?;
    rows(scratch)?;
    for table in &catalog.virtual_tables {
        stage.virtual_table(table)?;
    }
    for table in catalog.opaque.iter().filter(|object| object.kind == "table" && is_virtual(&object.sql)) {
        stage.bare_virtual_table(&table.name, &table.sql)?;
    }
    for table in &catalog.tables {
        for index in &table.indexes {
            stage.make("index", &index.name, &index.sql, || {
                Ok(index_sql(&shape_of_index(index, table), &table.name))
            })?;
        }
    }
    stage.opaque("index", catalog)?;
    for view in &catalog.views {
        let shape = || Ok(format!("CREATE VIEW {} AS SELECT 1", quote_ident(&view.name)));
        stage.make("view", &view.name, &view.sql, shape)?;
    }
    stage.opaque("view", catalog)?;
    for trigger in &catalog.triggers {
        let shape = || Ok(trigger_shape(catalog, &trigger.name, &trigger.table));
        stage.make("trigger", &trigger.name, &trigger.sql, shape)?;
    }
    stage.opaque("trigger", catalog)?;
    stage.settle()?;
    Ok(stage.replay)
}

struct Stage<'a> {
    conn: &'a Connection,
    creating: Creating<'a>,
    replay: Replay,
}

impl Stage<'_> {
    /// Runs `sql`; where that is refused, makes an object of the same shape and then writes `sql` into its catalog row.
    fn make(
        &mut self,
        kind: &str,
        name: &str,
        sql: &str,
        shape: impl FnOnce() -> Result<String>,
    ) -> Result<()> {
        let Err(refusal) = self.creating.run(sql) else { return Ok(()) };
        let shape = shape()?;
        self.conn
            .execute_batch(&shape)
            .and_then(|()| {
                self.write_row(
                    "UPDATE sqlite_schema SET sql = ?3 WHERE type = ?1 AND name = ?2",
                    kind,
                    name,
                    sql,
                )
            })
            .map_err(|err| refused(&format!("{kind} {}", name_sql(name)), &err, Some(&refusal)))?;
        self.replay.bare.push(name.to_owned());
        Ok(())
    }

    fn settle(&mut self) -> Result<()> {
        self.creating.settle().map_err(|err| refused("the catalog", &err, None))
    }

    fn virtual_table(&mut self, table: &VirtualTableInfo) -> Result<()> {
        if self.conn.execute_batch(&table.sql).is_ok() {
            return Ok(());
        }
        // The module would have made these. Where it is registered but refuses, they are known as its shadows by name.
        for shadow in &table.shadows {
            let sql = format!("CREATE TABLE {} (x)", quote_ident(shadow));
            self.conn
                .execute_batch(&sql)
                .map_err(|err| refused(&format!("table {}", name_sql(shadow)), &err, None))?;
        }
        self.bare_virtual_table(&table.name, &table.sql)
    }

    fn bare_virtual_table(&mut self, name: &str, sql: &str) -> Result<()> {
        let insert =
            "INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql) VALUES (?1, ?2, ?2, 0, ?3)";
        self.write_row(insert, "table", name, sql)
            .map_err(|err| refused(&format!("virtual table {}", name_sql(name)), &err, None))?;
        self.replay.bare.push(name.to_owned());
        Ok(())
    }

    /// Objects that the reader could not read are still SQL that SQLite once took.
    fn opaque(&mut self, kind: &str, catalog: &Catalog) -> Result<()> {
        for object in catalog.opaque.iter().filter(|object| object.kind == kind) {
            let shape = || {
                let (name, table) = (quote_ident(&object.name), quote_ident(&object.table));
                Ok(match kind {
                    "index" => format!("CREATE INDEX {name} ON {table} (1 + 0)"),
                    "view" => format!("CREATE VIEW {name} AS SELECT 1"),
                    _ => trigger_shape(catalog, &object.name, &object.table),
                })
            };
            self.make(kind, &object.name, &object.sql, shape)?;
        }
        Ok(())
    }

    /// Edits the catalog, then makes this connection read it anew. The cookie changes too: without that, a rollback would
    /// leave this connection with the edited schema.
    fn write_row(&self, sql: &str, kind: &str, name: &str, text: &str) -> rusqlite::Result<()> {
        self.conn.execute_batch("PRAGMA writable_schema = ON")?;
        let written = self.conn.execute(sql, params![kind, name, text]).and_then(|rows| {
            if rows != 1 {
                return Err(rusqlite::Error::StatementChangedRows(rows));
            }
            let cookie: i64 = self.conn.query_row("PRAGMA main.schema_version", [], |row| row.get(0))?;
            self.conn.execute_batch(&format!("PRAGMA main.schema_version = {}", cookie.wrapping_add(1)))
        });
        self.conn.execute_batch("PRAGMA writable_schema = RESET")?;
        written
    }
}

fn is_virtual(sql: &str) -> bool {
    schema_sql::create_kind(sql) == Some(schema_sql::CreateKind::VirtualTable)
}

/// The same columns, keys and b-trees, without anything that needs to be registered.
fn shape_of(table: &TableInfo) -> TableInfo {
    let mut shape = table.clone();
    shape.checks.clear();
    shape.foreign_keys.clear();
    for column in &mut shape.columns {
        column.default = None;
        column.generated = None;
        column.collation = None;
    }
    let keys = shape.primary_key.iter_mut().map(|key| &mut key.terms);
    for term in keys.chain(shape.uniques.iter_mut().map(|unique| &mut unique.terms)).flatten() {
        term.collation = None;
    }
    shape
}

/// An index on a plain column, which any rows satisfy and nothing needs to be registered for: the columns that are named may
/// be computed by a function, or compared by a collation, that is not.
fn shape_of_index(index: &IndexInfo, table: &TableInfo) -> IndexInfo {
    let mut shape = index.clone();
    shape.filter = None;
    shape.unique = false;
    let plain = table.columns.iter().find(|column| column.generated.is_none());
    let column = plain.map_or_else(String::new, |column| column.name.clone());
    for term in &mut shape.terms {
        let collation = Some("BINARY".to_owned());
        *term = IndexTermInfo { term: column.clone(), is_expr: false, collation, desc: false };
    }
    shape
}

fn trigger_shape(catalog: &Catalog, name: &str, table: &str) -> String {
    let on_view = catalog.view(table).is_some()
        || catalog
            .opaque
            .iter()
            .any(|object| object.kind == "view" && schema_sql::eq_name(&object.name, table));
    let timing = if on_view { "INSTEAD OF" } else { "AFTER" };
    format!(
        "CREATE TRIGGER {} {timing} INSERT ON {} BEGIN SELECT 1; END",
        quote_ident(name),
        quote_ident(table)
    )
}

fn refused(what: &str, err: &rusqlite::Error, first: Option<&rusqlite::Error>) -> Error {
    let mut error = Error::new(ErrorKind::Rehearsal, format!("cannot make {what} in the scratch database"));
    for err in first.into_iter().chain([err]) {
        error = error.cause(err.to_string());
    }
    error.state("nothing was changed")
}
