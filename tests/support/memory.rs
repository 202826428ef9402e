//! Databases in memory, copied as a whole and looked at as a whole.

use std::path::Path;

use rusqlite::Connection;
use rusqlite::backup::Backup;
use rusqlite::types::ValueRef;
use schema_runtime::{Catalog, ColumnInfo, TableInfo};
use schema_sql::quote_ident;

/// An empty database.
pub fn empty() -> Connection {
    Connection::open_in_memory().expect("a database")
}

fn copy(from: &Connection, to: &mut Connection, name: &str) {
    let backup = Backup::new_with_names(from, "main", to, name).expect("a copy");
    backup.step(-1).expect("a copy");
}

/// Another database with the same pages.
pub fn copy_of(conn: &Connection) -> Connection {
    let mut made = empty();
    copy(conn, &mut made, "main");
    made
}

/// Attaches a copy of `other` under the name `name`.
pub fn attach_copy(conn: &mut Connection, other: &Connection, name: &str) {
    conn.execute_batch(&format!("ATTACH ':memory:' AS {name}")).expect("attached");
    copy(other, conn, name);
}

/// Writes a copy to a new file.
pub fn save(conn: &Connection, path: &Path) {
    let mut made = Connection::open(path).expect("a file");
    copy(conn, &mut made, "main");
}

/// A copy of the file, in memory.
pub fn load(path: &Path) -> Connection {
    copy_of(&Connection::open(path).expect("a file"))
}

/// Everything that the catalog holds but what SQLite and the history keep for themselves, as a text of SQL.
pub fn script(conn: &Connection) -> String {
    let sql = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
        AND name NOT LIKE 'history_of_schema%' ORDER BY rowid";
    let mut statement = conn.prepare(sql).expect("the catalog");
    let texts = statement.query_map([], |row| row.get::<_, String>(0)).expect("the catalog");
    texts.map(|text| format!("{};\n", text.expect("a text"))).collect()
}

/// What the catalog holds without the history.
pub fn catalog(conn: &Connection) -> Catalog {
    let mut catalog = Catalog::read(conn).unwrap_or_else(|err| panic!("{err}"));
    catalog.tables.retain(|table| !table.name.starts_with(super::pair::HISTORY));
    catalog
}

/// A name of the rowid that is no column.
pub fn rowid_name(table: &TableInfo) -> Option<&'static str> {
    if table.without_rowid {
        return None;
    }
    ["rowid", "_rowid_", "oid"].into_iter().find(|name| table.column(name).is_none())
}

/// A name of the rowid, where it is no column and no column is another name of it.
pub fn hidden_rowid(table: &TableInfo) -> Option<&'static str> {
    rowid_name(table).filter(|_| alias(table).is_none())
}

/// The column that is the rowid.
pub fn alias(table: &TableInfo) -> Option<&ColumnInfo> {
    table.columns.iter().find(|column| table.is_rowid_alias(&column.name))
}

/// The rows of these terms, a row a line, sorted as texts, each value with its storage class.
pub fn rows(conn: &Connection, schema: &str, table: &str, terms: &[String]) -> Result<Vec<String>, String> {
    let list = if terms.is_empty() { "1".to_owned() } else { terms.join(", ") };
    let query = format!("SELECT {list} FROM {schema}.{} NOT INDEXED", quote_ident(table));
    lines(conn, &query).map(|mut rows| {
        rows.sort();
        rows
    })
}

/// The rows of a query in its order.
pub fn lines(conn: &Connection, query: &str) -> Result<Vec<String>, String> {
    let fault = |err: rusqlite::Error| format!("{query}: {err}");
    let mut statement = conn.prepare(query).map_err(fault)?;
    let width = statement.column_count();
    let mut found = statement.query([]).map_err(fault)?;
    let mut lines = Vec::new();
    while let Some(row) = found.next().map_err(fault)? {
        let cells: Vec<String> = (0..width).map(|at| cell(row.get_ref(at).expect("a value"))).collect();
        lines.push(cells.join("|"));
    }
    Ok(lines)
}

pub fn cell(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => format!("{number:?}"),
        ValueRef::Text(text) => format!("'{}'", String::from_utf8_lossy(text)),
        ValueRef::Blob(bytes) => {
            format!("x'{}'", bytes.iter().map(|byte| format!("{byte:02X}")).collect::<String>())
        }
    }
}

/// Every row of every table and virtual table, generated columns too, in one text.
pub fn everything(conn: &Connection) -> String {
    let catalog = catalog(conn);
    let mut all = String::new();
    for table in &catalog.tables {
        let mut terms: Vec<String> = hidden_rowid(table).map(str::to_owned).into_iter().collect();
        terms.extend(table.columns.iter().map(|column| quote_ident(&column.name)));
        let rows = rows(conn, "main", &table.name, &terms).unwrap_or_else(|err| vec![err]);
        all.push_str(&format!("{}\n{}\n", table.sql, rows.join("\n")));
    }
    for table in &catalog.virtual_tables {
        let rows = rows(conn, "main", &table.name, &["*".to_owned()]).unwrap_or_else(|err| vec![err]);
        all.push_str(&format!("{}\n{}\n", table.sql, rows.join("\n")));
    }
    all
}

/// The schema of `conn` in `made`, or in a new database where `made` lacks what was altered since.
pub fn without_rows(conn: &Connection, made: Connection) -> Connection {
    if script(conn) == script(&made) {
        return made;
    }
    let made = empty();
    made.execute_batch("PRAGMA foreign_keys = OFF").expect("a pragma");
    made.execute_batch(&script(conn)).unwrap_or_else(|err| panic!("{err}\n{}", script(conn)));
    made
}

/// What SQLite's check says. Before 3.41 it looks at the wrong column of a WITHOUT ROWID table whose key does not come first; since then it
/// takes the default for the last column where a virtual one stands before the `INTEGER PRIMARY KEY`. What it says of values is held against
/// the rows, and left out where none holds such a value.
pub fn integrity(conn: &Connection) -> Result<Vec<String>, String> {
    let mut said = lines(conn, "PRAGMA integrity_check")?;
    said.retain(|line| !is_imagined(conn, line.trim_matches('\'')));
    if said.is_empty() {
        said.push("'ok'".to_owned());
    }
    Ok(said)
}

/// Whether the check finds nothing in `conn`, or nothing else than in `before`.
///
/// # Errors
/// What it finds.
pub fn as_sound_as(before: &Connection, conn: &Connection) -> Result<(), String> {
    let found = integrity(conn)?;
    if found == ["'ok'"] || found == integrity(before)? { Ok(()) } else { Err(found.join("\n")) }
}

fn is_imagined(conn: &Connection, line: &str) -> bool {
    let Some((kind, place)) = line.split_once(" value in ") else { return false };
    let classes = match kind {
        "NULL" => "= 'null'",
        // Only a text that looks like a number is wrong in a numeric column.
        "TEXT" => "= 'text' AND {value} = CAST({value} AS NUMERIC)",
        "NUMERIC" => "IN ('integer', 'real')",
        _ => return false,
    };
    // Names may hold dots.
    place.match_indices('.').any(|(dot, _)| {
        let (table, column) = (quote_ident(&place[..dot]), quote_ident(&place[dot + 1..]));
        let value = format!("{table}.{column}");
        let classes = classes.replace("{value}", &value);
        let query = format!("SELECT count(*) FROM main.{table} NOT INDEXED WHERE typeof({value}) {classes}");
        lines(conn, &query).is_ok_and(|found| found == ["0"])
    })
}
