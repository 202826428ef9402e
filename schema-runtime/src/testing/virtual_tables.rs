//! What queries of virtual tables give: their rows, and what a full-text index finds. Compared as tables are, by `rows`.

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use schema_sql::{eq_name, quote_ident};

use super::dice::Dice;
use super::rows::{Differences, Kept, Source, compare};
use crate::catalog::{Catalog, VirtualTableInfo};
use crate::connection::SqliteResult;
use crate::error::Result;

/// A temporary table that shows an index.
const INDEX: &str = "__schema_index";

/// A virtual table in two databases.
pub(super) struct VirtualPair<'t> {
    pub(super) old: &'t VirtualTableInfo,
    pub(super) new: &'t VirtualTableInfo,
    /// The columns of the start that were dropped on the way.
    pub(super) dropped: Vec<String>,
}

impl VirtualPair<'_> {
    /// Why nothing can be compared, where the module is not there or has no rowids.
    pub(super) fn unreadable(&self, before: &Connection) -> Option<String> {
        let read = |names: Vec<String>| {
            let names: Vec<String> = names.iter().map(|name| quote_ident(name)).collect();
            let table = quote_ident(&self.old.name);
            let sql = format!("SELECT rowid, {} FROM main.{table} LIMIT 1", names.join(", "));
            before.prepare(&sql).and_then(|mut statement| statement.exists([])).at(|| "unread".to_owned())
        };
        let error = columns(before, self.old).and_then(read).err()?;
        let causes = error.causes().join(": ");
        Some(format!("what virtual table `{}` gives was not compared: {causes}", self.old.name))
    }

    /// Compares what both give.
    ///
    /// # Errors
    /// As reading.
    pub(super) fn compare(&self, before: &Connection, after: &Connection) -> Result<Differences> {
        let mut found = Differences::default();
        // Without tables of its own it shows what is elsewhere.
        if self.old.shadows.is_empty() {
            return Ok(found);
        }
        // What it gives is what its table has, if it finds the right rows there.
        let is_derived = self.old.is_derived() && self.new.is_derived();
        if is_derived && fault(before, self.old).is_none() {
            found.rows.extend(fault(after, self.new));
            return Ok(found);
        }
        if !is_derived {
            let (was, is) = (columns(before, self.old)?, columns(after, self.new)?);
            let kept: Vec<Kept> = was
                .iter()
                .filter(|name| !self.dropped.iter().any(|dropped| eq_name(dropped, name)))
                .filter_map(|name| Some(Kept::same(name, is.iter().find(|other| eq_name(other, name))?)))
                .collect();
            let key = [vec!["rowid".to_owned()], vec!["rowid".to_owned()]];
            let sources = [Source::of(before, &self.old.name), Source::of(after, &self.new.name)];
            found = compare(&self.old.name, sources, key, &kept)?;
        }
        if same(self.old, self.new) && self.dropped.is_empty() {
            found.rows.extend(self.compare_indexes(before, after)?);
        } else if is_full_text(self.new) {
            found.rows.extend(fault(after, self.new));
        }
        Ok(found)
    }

    /// Each word with each place where it is.
    fn compare_indexes(&self, before: &Connection, after: &Connection) -> Result<Vec<String>> {
        let Some((module, columns)) = vocabulary(self.old) else { return Ok(Vec::new()) };
        for (conn, table) in [(before, self.old), (after, self.new)] {
            let sql = format!(
                "CREATE VIRTUAL TABLE temp.{INDEX} USING {module}(main, {}{})",
                quote_ident(&table.name),
                if module == "fts5vocab" { ", 'instance'" } else { "" }
            );
            conn.execute_batch(&sql).at(|| format!("cannot read the index of `{}`", table.name))?;
        }
        let key = || columns.iter().map(|name| quote_ident(name)).collect();
        let sources = [Source::temporary(before, INDEX), Source::temporary(after, INDEX)];
        let found = compare(&format!("index of {}", self.old.name), sources, [key(), key()], &[]);
        for conn in [before, after] {
            conn.execute_batch(&format!("DROP TABLE temp.{INDEX}"))
                .at(|| "cannot drop a temporary table".to_owned())?;
        }
        Ok(found?.rows)
    }
}

/// The module that shows an index, and what it shows.
///
/// SQLite: <https://www.sqlite.org/fts5.html>, section 8; <https://www.sqlite.org/fts3.html>, section 5.
fn vocabulary(table: &VirtualTableInfo) -> Option<(&'static str, &'static [&'static str])> {
    match table.module.to_ascii_lowercase().as_str() {
        "fts5" => Some(("fts5vocab", &["term", "doc", "col", "offset"])),
        "fts3" | "fts4" => Some(("fts4aux", &["term", "col", "documents", "occurrences"])),
        _ => None,
    }
}

fn is_full_text(table: &VirtualTableInfo) -> bool {
    vocabulary(table).is_some()
}

fn same(old: &VirtualTableInfo, new: &VirtualTableInfo) -> bool {
    eq_name(&old.module, &new.module) && old.args == new.args
}

/// Why a full-text index does not say what its content has, as SQLite checks it.
///
/// SQLite: <https://www.sqlite.org/fts5.html>, section 6.8; <https://www.sqlite.org/fts3.html>, section 4.3.
fn fault(conn: &Connection, table: &VirtualTableInfo) -> Option<String> {
    let name = quote_ident(&table.name);
    let sql = match eq_name(&table.module, "fts5") {
        true => format!("INSERT INTO main.{name} ({name}, rank) VALUES ('integrity-check', 1)"),
        false => format!("INSERT INTO main.{name} ({name}) VALUES ('integrity-check')"),
    };
    let fault = conn.execute_batch(&sql).err()?;
    Some(format!("full-text index `{}` does not say what its table has: {fault}", table.name))
}

/// Its columns that are not hidden.
pub(super) fn columns(conn: &Connection, table: &VirtualTableInfo) -> Result<Vec<String>> {
    let what = || format!("cannot read the columns of `{}`", table.name);
    let sql = "SELECT name FROM pragma_table_xinfo(?1, 'main') WHERE hidden = 0 ORDER BY cid";
    let mut statement = conn.prepare(sql).at(what)?;
    let names = statement.query_map([&table.name], |row| row.get(0)).at(what)?;
    names.collect::<rusqlite::Result<_>>().at(what)
}

/// How many rows those hold that have their own, as far as they can be read.
pub(super) fn count(conn: &Connection, catalog: &Catalog) -> i64 {
    let count = |table: &VirtualTableInfo| {
        let sql = format!("SELECT count(*) FROM main.{}", quote_ident(&table.name));
        conn.query_row(&sql, [], |row| row.get::<_, i64>(0)).unwrap_or_default()
    };
    catalog
        .virtual_tables
        .iter()
        .filter(|table| !table.is_derived() && !table.shadows.is_empty())
        .map(count)
        .sum()
}

/// Puts `rows` invented rows into each full-text table and R-tree that triggers have not filled, and into each index what its table has.
///
/// # Errors
/// As [`fill`](super::fill()).
pub(super) fn fill(conn: &Connection, catalog: &Catalog, dice: &mut Dice, rows: u64) -> Result<()> {
    for table in &catalog.virtual_tables {
        let name = quote_ident(&table.name);
        if table.is_derived() {
            if fault(conn, table).is_some() {
                conn.execute_batch(&format!("INSERT INTO main.{name} ({name}) VALUES ('rebuild')"))
                    .at(|| format!("cannot fill `{}`", table.name))?;
            }
            continue;
        }
        let tree = ["rtree", "rtree_i32"].iter().any(|module| eq_name(module, &table.module));
        let filled = format!("SELECT EXISTS (SELECT 1 FROM main.{name})");
        let filled: bool = conn.query_row(&filled, [], |row| row.get(0)).unwrap_or(true);
        if filled || !(tree || is_full_text(table)) {
            continue;
        }
        let columns = columns(conn, table)?;
        let names: Vec<String> = columns.iter().map(|name| quote_ident(name)).collect();
        let marks = vec!["?"; names.len()].join(", ");
        let sql = match tree {
            true => format!("INSERT INTO main.{name} ({}) VALUES ({marks})", names.join(", ")),
            false => format!("INSERT INTO main.{name} (rowid, {}) VALUES (?, {marks})", names.join(", ")),
        };
        let mut insert = conn.prepare(&sql).at(|| format!("cannot fill `{}`", table.name))?;
        for number in 1..=i64::try_from(rows).unwrap_or(i64::MAX) {
            let values =
                if tree { boxed(dice, number, names.len()) } else { words(dice, number, names.len()) };
            insert.execute(params_from_iter(values)).at(|| format!("cannot fill `{}`", table.name))?;
        }
    }
    Ok(())
}

/// An id, and pairs of ends. What follows those in auxiliary columns is a number too.
fn boxed(dice: &mut Dice, number: i64, width: usize) -> Vec<Value> {
    let mut values = vec![Value::Integer(number + 5)];
    while values.len() < width {
        let low = i64::try_from(dice.roll(1_000)).unwrap_or_default();
        values.push(Value::Integer(low));
        values.push(Value::Integer(low + i64::try_from(dice.roll(50)).unwrap_or_default()));
    }
    values.truncate(width);
    values
}

/// A rowid, and texts of a few words.
fn words(dice: &mut Dice, number: i64, width: usize) -> Vec<Value> {
    let known = ["apple", "pear", "Pears", "plum", "été", "x1"];
    let text = |dice: &mut Dice| {
        let words: Vec<&str> = (0..=dice.roll(4)).map(|_| dice.pick(&known)).collect();
        Value::Text(format!("{} k{number}", words.join(" ")))
    };
    std::iter::once(Value::Integer(number + 5)).chain((0..width).map(|_| text(dice))).collect()
}
