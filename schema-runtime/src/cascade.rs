//! Rows that would go with a table without being named: `DROP TABLE` deletes the rows of a table first, with the actions of foreign keys.
//!
//! Reads the file, and writes nothing.

use rusqlite::{Connection, OptionalExtension};
use schema_sql::{Token, quote_ident, significant};

/// Why this statement would delete or empty rows that it does not name; `None` for any that does not.
///
/// SQLite: <https://www.sqlite.org/foreignkeys.html>, section 5: an implicit `DELETE FROM` comes before.
pub(crate) fn cascade(conn: &Connection, sql: &str) -> rusqlite::Result<Option<String>> {
    let Some(parent) = dropped_table(sql) else { return Ok(None) };
    let hidden = "SELECT 1 FROM temp.sqlite_schema WHERE type = 'table' AND name = ?1 COLLATE NOCASE";
    let there = "SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = ?1 COLLATE NOCASE";
    let is = |sql: &str| conn.query_row(sql, [&parent], |_| Ok(())).optional().map(|row| row.is_some());
    if is(hidden)? || !is(there)? {
        return Ok(None);
    }
    for key in keys_to(conn, &parent)? {
        let is_set: Vec<String> =
            key.columns.iter().map(|name| format!("{} NOTNULL", quote_ident(name))).collect();
        let sql = format!(
            "SELECT count(*) FROM main.{} WHERE {} AND EXISTS (SELECT 1 FROM main.{})",
            quote_ident(&key.table),
            is_set.join(" AND "),
            quote_ident(&parent)
        );
        let rows: i64 = conn.query_row(&sql, [], |row| row.get(0))?;
        if rows > 0 {
            return Ok(Some(format!(
                "{rows} rows of `{}` refer to `{parent}`, and ON DELETE {} would reach them when it is dropped",
                key.table, key.action
            )));
        }
    }
    Ok(None)
}

/// A foreign key of another table that acts when rows of its parent go.
struct Key {
    table: String,
    columns: Vec<String>,
    action: String,
}

fn keys_to(conn: &Connection, parent: &str) -> rusqlite::Result<Vec<Key>> {
    let sql = "SELECT child.name, key.id, key.\"from\", key.on_delete
        FROM main.sqlite_schema AS child, pragma_foreign_key_list(child.name, 'main') AS key
        WHERE child.type = 'table' AND key.\"table\" = ?1 COLLATE NOCASE AND child.name <> ?1 COLLATE NOCASE
          AND key.on_delete IN ('CASCADE', 'SET NULL', 'SET DEFAULT')
        ORDER BY child.name, key.id, key.seq";
    let mut statement = conn.prepare(sql)?;
    let mut rows = statement.query([parent])?;
    let mut keys: Vec<(i64, Key)> = Vec::new();
    while let Some(row) = rows.next()? {
        let (table, id, column): (String, i64, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        match keys.last_mut().filter(|(last, key)| *last == id && key.table == table) {
            Some((_, key)) => key.columns.push(column),
            None => keys.push((id, Key { table, columns: vec![column], action: row.get(3)? })),
        }
    }
    Ok(keys.into_iter().map(|(_, key)| key).collect())
}

/// The table of `DROP TABLE …` in the main database.
fn dropped_table(sql: &str) -> Option<String> {
    let tokens = significant(sql).ok()?;
    let mut tokens = tokens.iter().peekable();
    let mut word = |word: &str| tokens.next_if(|token| token.is_word(word)).is_some();
    if !word("DROP") || !word("TABLE") {
        return None;
    }
    if word("IF") {
        word("EXISTS");
    }
    let names: Vec<String> = tokens.filter(|token| !token.is_op(".")).filter_map(Token::ident).collect();
    match names.as_slice() {
        [name] => Some(name.clone()),
        [schema, name] if schema.eq_ignore_ascii_case("main") => Some(name.clone()),
        _ => None,
    }
}
