//! Findings H1: pages, indexes, rows and references.

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use schema_sql::{eq_name, quote_ident};

use super::{Exam, FindingCode, names};
use crate::broken::is_unregistered;
use crate::catalog::{Catalog, ForeignKeyInfo, TableInfo};
use crate::connection::SqliteResult;
use crate::error::{ErrorKind, Result};
use crate::integrity::{is_of_rows, is_refuted};
use crate::report::many;
use crate::sqlite_error::kind_of;

/// So many rows of one foreign key are named.
const NAMED: usize = 5;

/// What SQLite's check says, each line for itself.
#[derive(Default)]
struct Faults {
    pages: Vec<String>,
    indexes: Vec<String>,
    rows: Vec<String>,
    /// Tables that could not be checked for want of something that is not registered.
    unchecked: Vec<String>,
}

impl Faults {
    /// Sorts one row of the check, which may hold several lines. SQLite: `sqlite3Pragma()` in `pragma.c`.
    fn add(&mut self, text: &str) {
        for line in text.lines().filter(|line| !line.starts_with("*** in database ") && *line != "ok") {
            let has = |part: &str| line.contains(part);
            let list = if is_of_rows(line) || line.starts_with("non-unique entry in index ") {
                &mut self.rows
            } else if has(" missing from index ")
                || has(" values differ from index ")
                || line.starts_with("wrong # of entries in index ")
                || has("inverted index")
            {
                &mut self.indexes
            } else {
                &mut self.pages
            };
            list.push(line.to_owned());
        }
    }
}

/// `PRAGMA quick_check` or `integrity_check` of the whole file.
pub(super) fn look_at_pages(exam: &mut Exam<'_>) -> Result<()> {
    let conn = exam.conn;
    let word = exam.check.integrity.pragma();
    let Some(faults) = exam.bounded("SQLite's check of the file", || faults(conn, word))? else {
        return Ok(());
    };
    exam.damage.extend(faults.pages);
    exam.find(FindingCode::IndexFaults, faults.indexes);
    exam.find(FindingCode::RowFaults, counted(&faults.rows));
    exam.unregistered.extend(faults.unchecked);
    Ok(())
}

/// Lines that say the same, as one. SQLite names no row, and ends with the hundredth.
fn counted(lines: &[String]) -> Vec<String> {
    let mut counts: Vec<(&str, u64)> = Vec::new();
    for line in lines {
        match counts.iter_mut().find(|(known, _)| known == line) {
            Some((_, count)) => *count += 1,
            None => counts.push((line, 1)),
        }
    }
    counts
        .iter()
        .map(|(line, count)| if *count == 1 { (*line).to_owned() } else { format!("{line} ({count} times)") })
        .collect()
}

fn faults(conn: &Connection, word: &str) -> Result<Faults> {
    let mut faults = Faults::default();
    match lines(conn, &format!("PRAGMA main.{word}")) {
        Ok(lines) => lines.iter().for_each(|line| faults.add(line)),
        Err(err) if kind_of(&err) == ErrorKind::Missing => by_table(conn, word, &mut faults)?,
        Err(err) => return Err(err).at(|| "SQLite cannot check the file".to_owned()),
    }
    // A line is refuted or not however often it stands there.
    let mut lines = faults.rows.clone();
    lines.sort();
    lines.dedup();
    lines.retain(|line| is_refuted(conn, line).unwrap_or(false));
    faults.rows.retain(|line| !lines.contains(line));
    Ok(faults)
}

/// Table by table, so that one which needs something that is not registered does not hide the others.
fn by_table(conn: &Connection, word: &str, faults: &mut Faults) -> Result<()> {
    let what = || "SQLite cannot check the file".to_owned();
    let sql = "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND rootpage > 0 ORDER BY name";
    for table in lines(conn, sql).at(what)? {
        match lines(conn, &format!("PRAGMA main.{word}({})", quote_ident(&table))) {
            Ok(lines) => lines.iter().for_each(|line| faults.add(line)),
            Err(err) if kind_of(&err) == ErrorKind::Missing => {
                faults.unchecked.push(format!("the check of `{table}`: {err}"));
            }
            Err(err) => return Err(err).at(what),
        }
    }
    Ok(())
}

/// The first column of each row as text.
fn lines(conn: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = conn.prepare(sql)?;
    let mut rows = statement.query([])?;
    let mut lines = Vec::new();
    loop {
        match rows.next() {
            Ok(Some(row)) => lines.push(text(row.get_ref(0)?)),
            // Damage may end the check early; what it said until then says more.
            Err(err) if lines.is_empty() || kind_of(&err) != ErrorKind::Corrupt => return Err(err),
            _ => return Ok(lines),
        }
    }
}

fn text(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Text(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        ValueRef::Integer(number) => number.to_string(),
        _ => String::new(),
    }
}

/// Foreign keys without a parent, and rows without one.
pub(super) fn look_at_keys(exam: &mut Exam<'_>, catalog: &Catalog) -> Result<()> {
    let conn = exam.conn;
    let Some(found) = exam.bounded("foreign keys", || keys(conn, catalog))? else { return Ok(()) };
    exam.find(FindingCode::NoParent, found.lost);
    exam.find(FindingCode::Orphans, found.orphans);
    exam.unregistered.extend(found.unchecked);
    Ok(())
}

/// What is wrong with foreign keys.
#[derive(Default)]
struct Keys {
    lost: Vec<String>,
    orphans: Vec<String>,
    unchecked: Vec<String>,
}

fn keys(conn: &Connection, catalog: &Catalog) -> Result<Keys> {
    let mut keys = Keys::default();
    for table in catalog.tables.iter().filter(|table| !table.foreign_keys.is_empty()) {
        let what = || format!("cannot check the foreign keys of `{}`", table.name);
        let gone = |key: &&ForeignKeyInfo| !is_there(conn, &key.table);
        for key in table.foreign_keys.iter().filter(gone) {
            keys.lost.push(format!("{} refers to `{}`, which is not there", columns(table, key), key.table));
        }
        match violations(conn, table) {
            Ok(found) => {
                let there = |orphans: &&Orphans| is_there(conn, &orphans.parent);
                keys.orphans.extend(found.iter().filter(there).map(|orphans| orphans.line(table)));
            }
            // One such key keeps SQLite from looking at the others of the table.
            Err(err) if err.to_string().contains("foreign key mismatch") => {
                let parents: Vec<&str> = table
                    .foreign_keys
                    .iter()
                    .filter(|key| !gone(key) && !is_key(catalog, key))
                    .map(|key| key.table.as_str())
                    .collect();
                keys.lost.push(format!(
                    "`{}` refers to columns that are no key of {}; its rows could not be checked",
                    table.name,
                    names(parents)
                ));
            }
            Err(err) if is_unregistered(&err.to_string()) => {
                keys.unchecked.push(format!("the foreign keys of `{}`: {err}", table.name));
            }
            Err(err) => return Err(err).at(what),
        }
    }
    Ok(keys)
}

/// A parent may also be a table of ours, or one that is opaque.
fn is_there(conn: &Connection, table: &str) -> bool {
    let sql = "SELECT count(*) FROM main.sqlite_schema WHERE type = 'table' AND name = ?1 COLLATE NOCASE";
    conn.query_row(sql, [table], |row| row.get::<_, i64>(0)).is_ok_and(|found| found > 0)
}

/// Whether the columns are a key of the parent, as far as names go.
fn is_key(catalog: &Catalog, key: &ForeignKeyInfo) -> bool {
    let Some(parent) = catalog.table(&key.table) else { return true };
    let same = |columns: Vec<&str>| {
        columns.len() == key.to.len() && key.to.iter().all(|to| columns.iter().any(|name| eq_name(name, to)))
    };
    let mut keys = parent
        .uniques
        .iter()
        .map(|unique| &unique.terms)
        .chain(parent.primary_key.iter().map(|key| &key.terms))
        .map(|terms| terms.iter().map(|term| term.column.as_str()).collect())
        .chain(
            parent
                .indexes
                .iter()
                .filter(|index| index.unique && index.filter.is_none())
                .map(|index| index.terms.iter().map(|term| term.term.as_str()).collect()),
        );
    keys.any(same)
}

fn columns(table: &TableInfo, key: &ForeignKeyInfo) -> String {
    let columns: Vec<&str> = key.columns.iter().map(String::as_str).collect();
    format!("`{}` ({})", table.name, columns.join(", "))
}

/// Rows of one foreign key that refer to nothing.
struct Orphans {
    id: i64,
    parent: String,
    columns: Vec<String>,
    rows: u64,
    first: Vec<String>,
}

impl Orphans {
    /// `` `post` (user_id) refers to no row of `user`: 3 rows (first rowids: 17, 18, 20) ``
    fn line(&self, table: &TableInfo) -> String {
        let rows = many(self.rows, "row", "rows");
        let first = match self.first.as_slice() {
            [] => String::new(),
            [one] if self.rows == 1 => format!(" (rowid {one})"),
            some => format!(" (first rowids: {})", some.join(", ")),
        };
        let columns = self.columns.join(", ");
        format!("`{}` ({columns}) refers to no row of `{}`: {rows}{first}", table.name, self.parent)
    }
}

fn violations(conn: &Connection, table: &TableInfo) -> rusqlite::Result<Vec<Orphans>> {
    let mut found: Vec<Orphans> = Vec::new();
    let mut statement =
        conn.prepare(&format!("PRAGMA main.foreign_key_check({})", quote_ident(&table.name)))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (parent, id) = (text(row.get_ref(2)?), row.get::<_, i64>(3)?);
        let at = found.iter().position(|orphans| orphans.id == id);
        let orphans = match at.and_then(|at| found.get_mut(at)) {
            Some(orphans) => orphans,
            None => {
                found.push(Orphans { id, parent, columns: Vec::new(), rows: 0, first: Vec::new() });
                let Some(last) = found.last_mut() else { continue };
                last
            }
        };
        orphans.rows += 1;
        // Rows of tables without rowid have no number.
        if orphans.first.len() < NAMED && row.get_ref(1)? != ValueRef::Null {
            orphans.first.push(text(row.get_ref(1)?));
        }
    }
    let sql = "SELECT \"from\" FROM temp.pragma_foreign_key_list(?1, 'main') WHERE id = ?2 ORDER BY seq";
    for orphans in &mut found {
        let mut statement = conn.prepare(sql)?;
        let columns = statement.query_map((&table.name, orphans.id), |row| Ok(text(row.get_ref(0)?)))?;
        orphans.columns = columns.collect::<rusqlite::Result<_>>()?;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_check_are_told_apart() {
        let mut faults = Faults::default();
        for text in [
            "ok",
            "*** in database main ***\nTree 2 page 2: btreeInitPage() returns error code 11\nPage 5: never used",
            "row 3 missing from index i",
            "wrong # of entries in index i",
            "malformed inverted index for FTS5 table main.f",
            "NULL value in t.a",
            "TEXT value in t.n",
            "CHECK constraint failed in t",
            "non-unique entry in index u",
        ] {
            faults.add(text);
        }
        assert_eq!((faults.pages.len(), faults.indexes.len(), faults.rows.len()), (2, 3, 4));
    }
}
