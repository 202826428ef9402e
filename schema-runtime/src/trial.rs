//! Migrations, tried on a scratch database: each in a transaction of its own, with foreign keys enforced, as it would run.
//!
//! A database of the user's is never opened here.

use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use schema_sql::{TokenKind, eq_name, quote_ident, significant};

use crate::catalog::{self, Affinity, Catalog, ColumnInfo, TableInfo, affinity};
use crate::connection::{self, Deadline, Hook, SqliteResult};
use crate::error::{Error, ErrorKind, Result};
use crate::execute;
use crate::migration::{Direction, Migration, Surroundings};

/// So many rows of a table are taken along from a database.
const SAMPLES: u32 = 50;

/// One scratch database.
pub(crate) struct Trial {
    conn: Connection,
}

impl Trial {
    /// An empty one, with the user's functions and collations.
    pub(crate) fn empty(hook: Option<&Hook>) -> Result<Trial> {
        Ok(Trial { conn: connection::scratch(None, hook)? })
    }

    /// One with this catalog and the first rows of `live`; those whose parent is not among them are left out.
    pub(crate) fn of_database(scratch: Connection, live: &Connection, catalog: &Catalog) -> Result<Trial> {
        let trial = Trial { conn: scratch };
        catalog::replay(&trial.conn, catalog, &mut |scratch| {
            quietly(scratch, || catalog.tables.iter().try_for_each(|table| copy_rows(live, scratch, table)))?;
            drop_orphans(scratch, catalog)
        })?;
        Ok(trial)
    }

    /// One with this catalog and no rows.
    pub(crate) fn of_catalog(hook: Option<&Hook>, catalog: &Catalog) -> Result<Trial> {
        let trial = Trial::empty(hook)?;
        catalog::replay(&trial.conn, catalog, &mut |_| Ok(()))?;
        Ok(trial)
    }

    /// Another one that holds the same.
    pub(crate) fn copy(&self, hook: Option<&Hook>) -> Result<Trial> {
        let what = || "cannot copy the scratch database".to_owned();
        let mut copy = Trial::empty(hook)?;
        let backup = rusqlite::backup::Backup::new(&self.conn, &mut copy.conn).at(what)?;
        backup.run_to_completion(100, Duration::ZERO, None).at(what)?;
        drop(backup);
        Ok(copy)
    }

    pub(crate) fn conn(&self) -> &Connection {
        &self.conn
    }

    /// Runs one way of a migration and commits; outside of a transaction where it asks for that.
    ///
    /// # Errors
    /// `Migration` if it fails; nothing of it stays then, unless it runs outside of a transaction.
    pub(crate) fn run(&mut self, migration: &Migration, way: &Direction) -> Result<()> {
        let deadline = Deadline::install(&mut self.conn, None, None);
        let conn = deadline.conn();
        if !way.transaction {
            return execute::run(conn, &migration.title(), way, Surroundings::of_trial(None), &deadline)
                .map(drop);
        }
        connection::begin_immediate(conn, Duration::ZERO, None)?;
        let live = catalog::read(conn, "main", &[])?;
        let (title, trial) = (migration.title(), Surroundings::of_trial(None));
        let ran = execute::run_held((&title, way), (&live, &[]), trial, &deadline).and_then(|_| {
            connection::commit(conn, Duration::ZERO).map_err(|error| {
                // Only a deferred check of a foreign key says no so late, in a database in memory.
                error.of_kind(ErrorKind::Migration).context(format!("migration {} failed", migration.title()))
            })
        });
        ran.map_err(|error| connection::rolled_back(conn, error))
    }

    /// What it holds.
    pub(crate) fn catalog(&self) -> Result<Catalog> {
        catalog::read(&self.conn, "main", &[])
    }

    /// How many rows a table has.
    pub(crate) fn count(&self, table: &str) -> Result<i64> {
        let sql = format!("SELECT count(*) FROM main.{}", quote_ident(table));
        self.conn.query_row(&sql, [], |row| row.get(0)).at(|| format!("cannot read table `{table}`"))
    }

    /// Puts two made-up rows into each empty table that takes them: one with all NULLs that it may have, one without any.
    pub(crate) fn fill(&self, catalog: &Catalog) -> Result<()> {
        quietly(&self.conn, || {
            // A parent may come after its child.
            for _ in 0..3 {
                for table in &catalog.tables {
                    if self.count(&table.name)? == 0 {
                        made_up(&self.conn, table, false);
                        made_up(&self.conn, table, true);
                    }
                }
            }
            Ok(())
        })?;
        drop_orphans(&self.conn, catalog)
    }
}

/// Without triggers: what is put in is not to have effects.
fn quietly(conn: &Connection, work: impl FnOnce() -> Result<()>) -> Result<()> {
    let triggers = |on: bool| {
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, on)
            .map(drop)
            .at(|| "cannot prepare the scratch database".to_owned())
    };
    triggers(false)?;
    let done = work();
    triggers(true)?;
    done
}

fn plain_columns(table: &TableInfo) -> Vec<&ColumnInfo> {
    table.columns.iter().filter(|column| column.generated.is_none()).collect()
}

fn insert_sql(table: &TableInfo, columns: &[String]) -> String {
    let marks = vec!["?"; columns.len()].join(", ");
    format!("INSERT INTO main.{} ({}) VALUES ({marks})", quote_ident(&table.name), columns.join(", "))
}

fn copy_rows(live: &Connection, scratch: &Connection, table: &TableInfo) -> Result<()> {
    let columns: Vec<String> = plain_columns(table).iter().map(|column| quote_ident(&column.name)).collect();
    if columns.is_empty() {
        return Ok(());
    }
    let what = || format!("cannot read table `{}`", table.name);
    let list = columns.join(", ");
    let sql = format!("SELECT {list} FROM main.{} LIMIT {SAMPLES}", quote_ident(&table.name));
    let insert = insert_sql(table, &columns);
    let mut statement = live.prepare(&sql).at(what)?;
    let mut rows = statement.query([]).at(what)?;
    while let Some(row) = rows.next().at(what)? {
        let values: Vec<Value> =
            (0..columns.len()).map(|at| row.get(at)).collect::<rusqlite::Result<_>>().at(what)?;
        // A row that the scratch copy refuses proves less, no more.
        let _ = scratch.execute(&insert, params_from_iter(values));
    }
    Ok(())
}

/// Deletes rows without a parent until there are none: their parents were not taken along.
fn drop_orphans(conn: &Connection, catalog: &Catalog) -> Result<()> {
    let what = || "cannot prepare the rows of the scratch database".to_owned();
    loop {
        let mut deleted = 0;
        for table in catalog.tables.iter().filter(|table| !table.foreign_keys.is_empty()) {
            let name = quote_ident(&table.name);
            let sql =
                format!("SELECT rowid FROM pragma_foreign_key_check('{}')", table.name.replace('\'', "''"));
            let Ok(mut statement) = conn.prepare(&sql) else { continue };
            let orphans = statement.query_map([], |row| row.get::<_, Option<i64>>(0));
            // A key that names no table or column of now can be checked by nobody.
            let Ok(orphans) = orphans.and_then(Iterator::collect::<rusqlite::Result<Vec<_>>>) else {
                continue;
            };
            for rowid in orphans {
                deleted += match rowid {
                    Some(rowid) => {
                        conn.execute(&format!("DELETE FROM main.{name} WHERE rowid = ?1"), [rowid])
                    }
                    None => conn.execute(&format!("DELETE FROM main.{name}"), []),
                }
                .at(what)?;
            }
        }
        if deleted == 0 {
            return Ok(());
        }
    }
}

/// Tries to put one row in; `full` says whether columns that may be NULL have a value. Whatever SQLite refuses is not put in.
fn made_up(conn: &Connection, table: &TableInfo, full: bool) {
    let mut columns = Vec::new();
    let mut values: Vec<Value> = Vec::new();
    for column in plain_columns(table) {
        let forced = column.not_null.is_some() || table.in_primary_key(&column.name);
        let left_out = table.is_rowid_alias(&column.name) || (!full && (!forced || column.default.is_some()));
        if left_out {
            continue;
        }
        columns.push(quote_ident(&column.name));
        values.push(of_parent(conn, table, column).unwrap_or_else(|| value_for(table, column, full)));
    }
    let sql = match columns.is_empty() {
        true => format!("INSERT INTO main.{} DEFAULT VALUES", quote_ident(&table.name)),
        false => insert_sql(table, &columns),
    };
    let _ = conn.execute(&sql, params_from_iter(values));
}

/// What a row of the parent has, for a column that refers to it.
fn of_parent(conn: &Connection, table: &TableInfo, column: &ColumnInfo) -> Option<Value> {
    for foreign in &table.foreign_keys {
        let Some(at) = foreign.columns.iter().position(|name| eq_name(name, &column.name)) else { continue };
        let to = foreign.to.get(at)?;
        let sql = format!("SELECT {} FROM main.{} LIMIT 1", quote_ident(to), quote_ident(&foreign.table));
        return conn.query_row(&sql, [], |row| row.get(0)).ok();
    }
    None
}

/// A value of the column's type; of one with a CHECK the first literal that the CHECK names.
fn value_for(table: &TableInfo, column: &ColumnInfo, full: bool) -> Value {
    let of_check = table.checks.iter().find_map(|check| literal_beside(&check.expr, &column.name));
    if let Some(value) = of_check {
        return value;
    }
    let number = if full { 2 } else { 1 };
    match affinity(&column.type_name, table.strict) {
        Affinity::Text => Value::Text(if full { "b" } else { "a" }.to_owned()),
        #[allow(clippy::cast_precision_loss, reason = "1 or 2")]
        Affinity::Real => Value::Real(number as f64),
        Affinity::Blob if table.strict => Value::Blob(vec![number as u8]),
        _ => Value::Integer(number),
    }
}

fn literal_beside(expr: &str, column: &str) -> Option<Value> {
    let tokens = significant(expr).ok()?;
    let at = tokens.iter().position(|token| token.ident().is_some_and(|name| eq_name(&name, column)))?;
    tokens.iter().skip(at + 1).find_map(|token| match token.kind {
        TokenKind::Str => Some(Value::Text(token.text.trim_matches('\'').replace("''", "'"))),
        TokenKind::Number => token.text.parse().ok().map(Value::Integer),
        _ => None,
    })
}

/// The error that a trial gives where it should not have failed, with what was tried.
pub(crate) fn unfit(what: impl Into<String>, error: &Error) -> Error {
    let causes = error.causes().iter().cloned();
    causes.fold(Error::new(ErrorKind::Migration, what), Error::cause).state("nothing was written")
}
