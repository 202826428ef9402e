//! What virtual tables hold: read like the rows of tables, invented where they keep content of their own, and checked where they are an
//! index of a table's.

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use schema_sql::{eq_name, quote_ident};

use super::dice::Dice;
use crate::catalog::{Catalog, ColumnInfo, TableInfo, VirtualTableInfo};
use crate::connection::SqliteResult;
use crate::error::Result;

/// The catalog with a table in the place of each virtual one that keeps content of its own: its columns, and rowids.
///
/// # Errors
/// As reading.
pub(super) fn as_tables(conn: &Connection, catalog: &Catalog) -> Result<Catalog> {
    let mut tables = catalog.clone();
    for table in keeping(catalog) {
        let columns = columns(conn, table)?.into_iter().map(|name| ColumnInfo {
            name,
            type_name: String::new(),
            not_null: None,
            default: None,
            collation: None,
            generated: None,
        });
        tables.tables.push(TableInfo {
            name: table.name.clone(),
            columns: columns.collect(),
            primary_key: None,
            uniques: Vec::new(),
            checks: Vec::new(),
            foreign_keys: Vec::new(),
            strict: false,
            without_rowid: false,
            indexes: Vec::new(),
            sql: table.sql.clone(),
        });
    }
    Ok(tables)
}

/// Those that are no index of another table's content.
fn keeping(catalog: &Catalog) -> impl Iterator<Item = &VirtualTableInfo> {
    catalog.virtual_tables.iter().filter(|table| !table.is_derived())
}

fn columns(conn: &Connection, table: &VirtualTableInfo) -> Result<Vec<String>> {
    let what = || format!("cannot read the columns of virtual table `{}`", table.name);
    let sql = "SELECT name FROM temp.pragma_table_xinfo(?1, 'main') WHERE hidden = 0 ORDER BY cid";
    let mut statement = conn.prepare(sql).at(what)?;
    let names = statement.query_map([&table.name], |row| row.get(0)).at(what)?;
    names.collect::<rusqlite::Result<_>>().at(what)
}

/// Puts `rows` rows into each full-text index and R-tree that keeps content of its own; returns the virtual tables that took fewer.
///
/// # Errors
/// As reading.
pub(super) fn fill(conn: &Connection, catalog: &Catalog, dice: &mut Dice, rows: u64) -> Result<Vec<String>> {
    let mut short = Vec::new();
    for table in keeping(catalog) {
        let columns = columns(conn, table)?;
        let names: Vec<String> = columns.iter().map(|name| quote_ident(name)).collect();
        let marks = vec!["?"; names.len()].join(", ");
        let name = quote_ident(&table.name);
        let sql = format!("INSERT INTO main.{name} ({}) VALUES ({marks})", names.join(", "));
        let tree = eq_name(&table.module, "rtree") || eq_name(&table.module, "rtree_i32");
        let taken = (0..rows).all(|_| {
            let values: Vec<Value> =
                if tree { box_of(columns.len(), dice) } else { words(columns.len(), dice) };
            conn.execute(&sql, params_from_iter(values)).is_ok()
        });
        if !taken {
            short.push(table.name.clone());
        }
    }
    Ok(short)
}

/// A free id, and the least and the largest of each dimension.
///
/// SQLite: <https://www.sqlite.org/rtree.html>, section 3.
fn box_of(columns: usize, dice: &mut Dice) -> Vec<Value> {
    let mut values = vec![Value::Null];
    while values.len() < columns {
        let least = dice.roll(1000) as i64;
        values.extend([Value::Integer(least), Value::Integer(least + dice.roll(100) as i64)]);
    }
    values.truncate(columns);
    values
}

fn words(columns: usize, dice: &mut Dice) -> Vec<Value> {
    let text = |dice: &mut Dice| {
        let words: Vec<&str> = (0..=dice.roll(6))
            .map(|_| dice.pick(&["quick", "brown", "fox", "Ärger", "2", "don't", "日本", "x"]))
            .collect();
        Value::Text(words.join(" "))
    };
    (0..columns).map(|_| text(dice)).collect()
}

/// The full-text indexes that do not say what their tables have, each with the reason.
///
/// SQLite: <https://www.sqlite.org/fts5.html>, section 6.8; <https://www.sqlite.org/fts3.html>, section 4.3.
pub(super) fn faults(conn: &Connection, catalog: &Catalog) -> Vec<String> {
    let check = |table: &VirtualTableInfo| {
        let name = quote_ident(&table.name);
        let sql = match eq_name(&table.module, "fts5") {
            true => format!("INSERT INTO main.{name} ({name}, rank) VALUES ('integrity-check', 1)"),
            false => format!("INSERT INTO main.{name} ({name}) VALUES ('integrity-check')"),
        };
        let fault = conn.execute_batch(&sql).err()?;
        Some(format!("full-text index `{}` does not say what its table has: {fault}", table.name))
    };
    catalog.virtual_tables.iter().filter(|table| table.is_derived()).filter_map(check).collect()
}
