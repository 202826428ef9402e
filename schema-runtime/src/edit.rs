//! The in-place edit of stored CREATE texts: what SQLite's own newer forms of ALTER TABLE do inside.
//!
//! Only the text changes, no page of the table. So everything rests on the caller: the rows satisfy what the new text says,
//! and the stored columns stay what and where they are. What can be seen of that cheaply is proved here.
//!
//! SQLite: <https://www.sqlite.org/pragma.html#pragma_writable_schema>, and
//! <https://www.sqlite.org/lang_altertable.html>, section 7.

use std::collections::{HashMap, HashSet};

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Row, Statement, ffi, params};
use schema_sql::quote_ident;

use crate::plan::CatalogEdit;

/// Edits, and makes this and every other connection see it. The caller's transaction takes it all back if this fails; the
/// caller's guard resets `writable_schema`.
///
/// # Errors
/// What SQLite says, with the name of the table in the text where a proof fails.
pub(crate) fn edit(conn: &Connection, edits: &[&CatalogEdit]) -> rusqlite::Result<()> {
    let mut schema = Rows::read(conn)?;
    let mut before = Vec::new();
    for edit in edits {
        if !schema.tables.get(&edit.name).is_some_and(|(_, text)| only_appends(text, &edit.sql)) {
            before.push((edit, Witness::of(&mut schema, edit, &edit.name)?));
        }
    }
    let cookie: i64 = conn.query_row("PRAGMA main.schema_version", [], |row| row.get(0))?;
    conn.execute_batch("PRAGMA writable_schema = ON")?;
    write(&schema, edits)?;
    // Without another cookie other connections go on by the old text, and after a ROLLBACK this one by the new.
    let bumped = cookie.wrapping_add(1) & 0x7fff_ffff;
    conn.execute_batch(&format!("PRAGMA main.schema_version = {bumped}; PRAGMA writable_schema = RESET"))?;
    // Reading makes SQLite parse the texts again.
    let mut schema = Rows::read(conn)?;
    let now: i64 = conn.query_row("PRAGMA main.schema_version", [], |row| row.get(0))?;
    if now != bumped {
        return Err(fault("the schema version cannot be set on this connection".to_owned()));
    }
    for (edit, before) in before {
        let name = edit.index.as_ref().unwrap_or(&edit.name);
        if let Some(what) = before.refutes(&Witness::of(&mut schema, edit, name)?) {
            return Err(fault(format!("`{}` cannot be edited in place: {what}", edit.name)));
        }
    }
    Ok(())
}

/// Whether the new text of a table is the old one with more behind its last definition, so that what is stored is read by the very same
/// words, and no key gets another number.
fn only_appends(old: &str, new: &str) -> bool {
    let Some(end) = old.rfind(')') else { return false };
    let (kept, options) = old.split_at(end);
    let kept = kept.trim_end();
    new.strip_prefix(kept)
        .and_then(|more| more.strip_suffix(options))
        .is_some_and(|more| more.starts_with(','))
}

/// A statement for each: a connection may take few parameters in one, and a file have many texts.
fn write(schema: &Rows<'_>, edits: &[&CatalogEdit]) -> rusqlite::Result<()> {
    let sql = "UPDATE main.sqlite_schema SET sql = ?1, name = coalesce(?2, name) WHERE rowid = ?3";
    let mut update = schema.conn.prepare(sql)?;
    for edit in edits {
        let (rowid, kind) = match edit.index {
            Some(_) => (schema.indexes.get(&edit.name).copied(), "index"),
            None => (schema.tables.get(&edit.name).map(|(rowid, _)| *rowid), "table"),
        };
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

/// Where the texts are, and what else is asked of the schema as it is at one moment.
struct Rows<'c> {
    conn: &'c Connection,
    /// With their texts.
    tables: HashMap<String, (i64, String)>,
    indexes: HashMap<String, i64>,
    /// Tables with indexes that have no text.
    unnamed: HashSet<String>,
    asked: Option<Asked<'c>>,
}

/// What is asked only where a table has to be proved.
struct Asked<'c> {
    /// Tables WITHOUT ROWID.
    keyed: HashSet<String>,
    /// The columns of a table, and the key columns of its indexes that have no text.
    columns: Statement<'c>,
    keys: Statement<'c>,
}

impl<'c> Asked<'c> {
    fn of(conn: &'c Connection) -> rusqlite::Result<Self> {
        // Once for all tables: with the name of one SQLite would look through all of them too.
        let keyed = "SELECT name FROM temp.pragma_table_list WHERE schema = 'main' AND wr";
        let columns = "SELECT name, pk > 0 FROM temp.pragma_table_xinfo(?1, 'main') WHERE hidden = 0";
        let keys = "SELECT list.name, term.seqno, term.name, term.desc FROM temp.pragma_index_list(?1, 'main') AS list,
            temp.pragma_index_xinfo(list.name, 'main') AS term WHERE list.origin <> 'c' AND term.key ORDER BY 1, 2";
        Ok(Asked {
            keyed: conn.prepare(keyed)?.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?,
            columns: conn.prepare(columns)?,
            keys: conn.prepare(keys)?,
        })
    }
}

impl<'c> Rows<'c> {
    fn read(conn: &'c Connection) -> rusqlite::Result<Self> {
        let mut rows = Rows {
            conn,
            tables: HashMap::new(),
            indexes: HashMap::new(),
            unnamed: HashSet::new(),
            asked: None,
        };
        let sql = "SELECT rowid, tbl_name, CASE WHEN type = 'index' AND sql IS NOT NULL THEN name END, type = 'table',
            CASE WHEN type = 'table' THEN CAST(coalesce(sql, '') AS TEXT) END FROM main.sqlite_schema WHERE type IN ('table', 'index')";
        let mut statement = conn.prepare(sql)?;
        let mut found = statement.query([])?;
        while let Some(row) = found.next()? {
            let (rowid, table, is_table): (i64, String, bool) = (row.get(0)?, row.get(1)?, row.get(3)?);
            if is_table {
                let text = String::from_utf8_lossy(row.get_ref(4)?.as_bytes()?).into_owned();
                rows.tables.insert(table, (rowid, text));
            } else if let Some(index) = row.get(2)? {
                rows.indexes.insert(index, rowid);
            } else {
                rows.unnamed.insert(table);
            }
        }
        Ok(rows)
    }

    fn asked(&mut self) -> rusqlite::Result<&mut Asked<'c>> {
        match &mut self.asked {
            Some(asked) => Ok(asked),
            none => Ok(none.insert(Asked::of(self.conn)?)),
        }
    }

    /// The first row by column, without generated columns; empty where there is none.
    fn first_row(&mut self, table: &str) -> rusqlite::Result<Vec<(String, Value)>> {
        let generates = self.tables.get(table).is_none_or(|(_, text)| may_generate(text));
        let conn = self.conn;
        let asked = self.asked()?;
        let keyed = asked.keyed.contains(table);
        if !keyed && !generates {
            return row_of(conn, &format!("SELECT * FROM main.{} NOT INDEXED LIMIT 1", quote_ident(table)));
        }
        let found: Vec<(String, bool)> = asked
            .columns
            .query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        let list: Vec<String> = found.iter().map(|(name, _)| quote_ident(name)).collect();
        if list.is_empty() {
            return Ok(Vec::new());
        }
        // SQLite may read a WITHOUT ROWID table by any of its indexes, whatever NOT INDEXED says.
        let key: Vec<String> =
            found.iter().filter(|(_, key)| keyed && *key).map(|(name, _)| quote_ident(name)).collect();
        let order = if key.is_empty() { String::new() } else { format!(" ORDER BY {}", key.join(", ")) };
        let (list, table) = (list.join(", "), quote_ident(table));
        row_of(conn, &format!("SELECT {list} FROM main.{table} NOT INDEXED{order} LIMIT 1"))
    }
}

/// Whether the text has the word `AS`, without which no column is generated.
fn may_generate(text: &str) -> bool {
    let bytes = text.as_bytes();
    let in_word = |at: Option<usize>| {
        at.and_then(|at| bytes.get(at)).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    };
    bytes.windows(2).enumerate().any(|(at, pair)| {
        pair.eq_ignore_ascii_case(b"as") && !in_word(at.checked_sub(1)) && !in_word(at.checked_add(2))
    })
}

fn row_of(conn: &Connection, sql: &str) -> rusqlite::Result<Vec<(String, Value)>> {
    let mut statement = conn.prepare(sql)?;
    let name = |at: usize| statement.column_name(at).map(str::to_owned);
    let names: Vec<String> = (0..statement.column_count()).map(name).collect::<rusqlite::Result<_>>()?;
    let mut rows = statement.query([])?;
    let Some(row) = rows.next()? else { return Ok(Vec::new()) };
    names.into_iter().enumerate().map(|(at, name)| Ok((name, value(row.get_ref(at)?)))).collect()
}

/// What must be the same before and after: the oldest row, which may lack columns that were added since, and the columns of
/// each index that SQLite made for a key, which it numbers by the order in the text. Of an index its columns.
struct Witness {
    row: Vec<(String, Value)>,
    keys: Vec<Key>,
}

/// The index or the collating sequence, and place, name and direction of the column.
type Key = (String, i64, Option<String>, bool);

impl Witness {
    /// As the table, or as the index that is called `name` by now, is seen.
    fn of(schema: &mut Rows<'_>, edit: &CatalogEdit, name: &str) -> rusqlite::Result<Witness> {
        let key = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
        if edit.index.is_some() {
            let sql =
                "SELECT coll, seqno, name, desc FROM temp.pragma_index_xinfo(?1, 'main') ORDER BY seqno";
            let mut statement = schema.conn.prepare(sql)?;
            let keys = statement.query_map([name], key)?.collect::<rusqlite::Result<_>>()?;
            return Ok(Witness { row: Vec::new(), keys });
        }
        let unnamed = schema.unnamed.contains(&edit.name);
        let asked = schema.asked()?;
        let keys = match unnamed {
            true => asked.keys.query_map([&edit.name], key)?.collect::<rusqlite::Result<_>>()?,
            false => Vec::new(),
        };
        Ok(Witness { row: schema.first_row(&edit.name)?, keys })
    }

    fn refutes(&self, after: &Witness) -> Option<String> {
        if self.keys != after.keys {
            return Some("its keys would be others, or numbered in another order".to_owned());
        }
        let differs = |(name, value): &&(String, Value)| {
            after.row.iter().any(|(other, now)| other == name && now != value)
        };
        let (name, _) = self.row.iter().find(differs)?;
        Some(format!("column `{name}` would read otherwise"))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_with_more_behind_its_last_definition_is_told_from_every_other() {
        let old = "CREATE TABLE t (\n    a TEXT,\n    b INT\n) STRICT";
        for (new, appends) in [
            ("CREATE TABLE t (\n    a TEXT,\n    b INT,\n    c ANY CHECK (c > 0)\n) STRICT", true),
            ("CREATE TABLE t (\n    a TEXT,\n    b INT, CHECK (a > b)) STRICT", true),
            ("CREATE TABLE t (\n    a TEXT,\n    b INT,\n    c ANY\n)", false),
            ("CREATE TABLE t (\n    a TEXT,\n    b INT DEFAULT 5,\n    c ANY\n) STRICT", false),
            ("CREATE TABLE t (\n    a TEXT,\n    c INT,\n    b INT\n) STRICT", false),
            ("CREATE TABLE t (\n    a TEXT,\n    b INTEGER,\n    c ANY\n) STRICT", false),
            (old, false),
        ] {
            assert_eq!(only_appends(old, new), appends, "{new}");
        }
        assert!(!only_appends("CREATE TABLE t (a) -- )", "CREATE TABLE t (a, b)"));
        assert!(!only_appends("", "CREATE TABLE t (a, b)"));
    }

    #[test]
    fn a_generated_column_has_the_word_that_is_looked_for() {
        for (text, may) in [
            ("CREATE TABLE tasks (last TEXT, basis INT)", false),
            ("CREATE TABLE t (a, b AS(a))", true),
            ("CREATE TABLE t (a, b GENERATED ALWAYS/**/aS/**/(a))", true),
            ("CREATE TABLE t (a, b GENERATED ALWAYS AS", true),
        ] {
            assert_eq!(may_generate(text), may, "{text}");
        }
    }
}
