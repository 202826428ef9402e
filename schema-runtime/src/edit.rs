//! The in-place edit of stored CREATE texts: what SQLite's own newer forms of ALTER TABLE do inside.
//!
//! Only the text changes, no page of the table. So everything rests on the caller: the rows satisfy what the new text says,
//! and the stored columns stay what and where they are. What can be seen of that cheaply is proved here.
//!
//! SQLite: <https://www.sqlite.org/pragma.html#pragma_writable_schema>, and
//! <https://www.sqlite.org/lang_altertable.html>, section 7.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, ffi, params};
use schema_sql::quote_ident;

use crate::plan::CatalogEdit;

/// Edits, and makes this and every other connection see it. The caller's transaction takes it all back if this fails; the
/// caller's guard resets `writable_schema`.
///
/// # Errors
/// What SQLite says, with the name of the table in the text where a proof fails.
pub(crate) fn edit(conn: &Connection, edits: &[&CatalogEdit]) -> rusqlite::Result<()> {
    let schema = Rows::read(conn)?;
    let before = edits
        .iter()
        .map(|edit| Witness::of(conn, &schema, edit, &edit.name))
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let cookie: i64 = conn.query_row("PRAGMA main.schema_version", [], |row| row.get(0))?;
    conn.execute_batch("PRAGMA writable_schema = ON")?;
    write(conn, &schema, edits)?;
    // Without another cookie other connections go on by the old text, and after a ROLLBACK this one by the new.
    let bumped = cookie.wrapping_add(1) & 0x7fff_ffff;
    conn.execute_batch(&format!("PRAGMA main.schema_version = {bumped}; PRAGMA writable_schema = RESET"))?;
    // Reading makes SQLite parse the texts again.
    let schema = Rows::read(conn)?;
    let now: i64 = conn.query_row("PRAGMA main.schema_version", [], |row| row.get(0))?;
    if now != bumped {
        return Err(fault("the schema version cannot be set on this connection".to_owned()));
    }
    for (edit, before) in edits.iter().zip(before) {
        let name = edit.index.as_ref().unwrap_or(&edit.name);
        if let Some(what) = before.refutes(&Witness::of(conn, &schema, edit, name)?) {
            return Err(fault(format!("`{}` cannot be edited in place: {what}", edit.name)));
        }
    }
    Ok(())
}

/// A statement for each: a connection may take few parameters in one, and a file have many texts.
fn write(conn: &Connection, schema: &Rows, edits: &[&CatalogEdit]) -> rusqlite::Result<()> {
    let sql = "UPDATE main.sqlite_schema SET sql = ?1, name = coalesce(?2, name) WHERE rowid = ?3";
    let mut update = conn.prepare(sql)?;
    for edit in edits {
        let (rowids, kind) =
            if edit.index.is_some() { (&schema.indexes, "index") } else { (&schema.tables, "table") };
        let rowid = rowids.get(&edit.name);
        let rowid = rowid.ok_or_else(|| fault(format!("there is no {kind} `{}`", edit.name)))?;
        if update.execute(params![edit.sql, edit.index, rowid])? != 1 {
            return Err(fault(format!("the text of {kind} `{}` was not changed", edit.name)));
        }
    }
    Ok(())
}

fn fault(text: String) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_ERROR), Some(text))
}

/// Where the texts are, and how many unnamed indexes each table has.
#[derive(Default)]
struct Rows {
    tables: BTreeMap<String, i64>,
    indexes: BTreeMap<String, i64>,
    unnamed: BTreeMap<String, usize>,
    /// Tables WITHOUT ROWID.
    keyed: BTreeSet<String>,
}

impl Rows {
    fn read(conn: &Connection) -> rusqlite::Result<Rows> {
        let mut rows = Rows::default();
        let sql = "SELECT rowid, tbl_name, CASE WHEN type = 'index' AND sql IS NOT NULL THEN name END, type = 'table'
            FROM main.sqlite_schema WHERE type IN ('table', 'index')";
        let mut statement = conn.prepare(sql)?;
        let mut found = statement.query([])?;
        while let Some(row) = found.next()? {
            let (rowid, table, is_table): (i64, String, bool) = (row.get(0)?, row.get(1)?, row.get(3)?);
            if is_table {
                rows.tables.insert(table, rowid);
            } else if let Some(index) = row.get(2)? {
                rows.indexes.insert(index, rowid);
            } else {
                *rows.unnamed.entry(table).or_default() += 1;
            }
        }
        // Once for all tables: with the name of one SQLite would look through all of them too.
        let sql = "SELECT name FROM temp.pragma_table_list WHERE schema = 'main' AND wr";
        let mut statement = conn.prepare(sql)?;
        rows.keyed = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        Ok(rows)
    }
}

/// What must be the same before and after: the oldest row, which may lack columns that were added since, and the columns of
/// each index that SQLite made for a key, which it numbers by the order in the text. Of an index its columns.
struct Witness {
    row: BTreeMap<String, Value>,
    keys: Vec<(String, i64, Option<String>, bool)>,
}

impl Witness {
    /// As the table, or as the index that is called `name` by now, is seen.
    fn of(conn: &Connection, schema: &Rows, edit: &CatalogEdit, name: &str) -> rusqlite::Result<Witness> {
        let mut keys = Vec::new();
        if edit.index.is_some() {
            let sql =
                "SELECT coll, seqno, name, desc FROM temp.pragma_index_xinfo(?1, 'main') ORDER BY seqno";
            let mut statement = conn.prepare(sql)?;
            let found = statement
                .query_map([name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
            return Ok(Witness { row: BTreeMap::new(), keys: found.collect::<rusqlite::Result<_>>()? });
        }
        if schema.unnamed.contains_key(&edit.name) {
            let sql = "SELECT list.name, term.seqno, term.name, term.desc FROM temp.pragma_index_list(?1, 'main') AS list,
                temp.pragma_index_xinfo(list.name, 'main') AS term WHERE list.origin <> 'c' AND term.key ORDER BY 1, 2";
            let mut statement = conn.prepare(sql)?;
            let found = statement
                .query_map([&edit.name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
            keys = found.collect::<rusqlite::Result<_>>()?;
        }
        Ok(Witness { row: first_row(conn, &edit.name, schema.keyed.contains(&edit.name))?, keys })
    }

    fn refutes(&self, after: &Witness) -> Option<String> {
        if self.keys != after.keys {
            return Some("its keys would be others, or numbered in another order".to_owned());
        }
        let differs =
            |(name, value): &(&String, &Value)| after.row.get(*name).is_some_and(|now| now != *value);
        self.row
            .iter()
            .find(|pair| differs(pair))
            .map(|(name, _)| format!("column `{name}` would read otherwise"))
    }
}

/// The value; text that is not valid UTF-8 with replacement characters, which rusqlite would refuse or panic at.
pub(crate) fn value(found: ValueRef<'_>) -> Value {
    match found {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Real(number),
        ValueRef::Text(bytes) => Value::Text(String::from_utf8_lossy(bytes).into_owned()),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    }
}

/// The first row by column, without generated columns; empty where there is none.
fn first_row(conn: &Connection, table: &str, keyed: bool) -> rusqlite::Result<BTreeMap<String, Value>> {
    let sql = "SELECT name, pk > 0 FROM temp.pragma_table_xinfo(?1, 'main') WHERE hidden = 0";
    let found: Vec<(String, bool)> = conn
        .prepare(sql)?
        .query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let list: Vec<String> = found.iter().map(|(name, _)| quote_ident(name)).collect();
    if list.is_empty() {
        return Ok(BTreeMap::new());
    }
    // SQLite may read a WITHOUT ROWID table by any of its indexes, whatever NOT INDEXED says.
    let key: Vec<String> =
        found.iter().filter(|(_, key)| keyed && *key).map(|(name, _)| quote_ident(name)).collect();
    let order = if key.is_empty() { String::new() } else { format!(" ORDER BY {}", key.join(", ")) };
    let sql =
        format!("SELECT {} FROM main.{} NOT INDEXED{order} LIMIT 1", list.join(", "), quote_ident(table));
    let mut statement = conn.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let Some(row) = rows.next()? else { return Ok(BTreeMap::new()) };
    let value = |at: usize| row.get_ref(at).map(value);
    found.into_iter().enumerate().map(|(at, (name, _))| Ok((name, value(at)?))).collect()
}
