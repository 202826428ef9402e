//! What other tools have kept track of in a database: which of their migrations are applied. Only reads.

use std::fmt;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row};
use schema_sql::quote_ident;
use serde::{Deserialize, Serialize};

use crate::connection::{SqliteResult, name_of};
use crate::error::{Error, ErrorKind, Result};

/// Where another tool keeps which migrations are applied.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Tracking {
    /// rusqlite_migration: `PRAGMA user_version` is how many of the first are applied.
    RusqliteMigration,
    /// refinery: the table `refinery_schema_history`.
    Refinery,
    /// sqlx: the table `_sqlx_migrations`.
    Sqlx,
    /// diesel: the table `__diesel_schema_migrations`.
    Diesel,
    /// A runner of one's own: a table of this name with the columns `version`, `description` and `checksum`. `schema_versions`, `schema_version`
    /// and `migrations` are found by themselves.
    Table(String),
}

/// The names under which runners of one's own are looked for.
const TABLES: [&str; 3] = ["schema_versions", "schema_version", "migrations"];

/// The words that a runner of one's own may have for a success.
const SUCCESS: [&str; 11] = [
    "completed",
    "complete",
    "success",
    "succeeded",
    "successful",
    "applied",
    "done",
    "ok",
    "true",
    "yes",
    "1",
];

impl Tracking {
    /// By the name of the tool, such as `refinery`, else of the table.
    pub fn named(name: &str) -> Tracking {
        match name.to_ascii_lowercase().as_str() {
            "rusqlite_migration" | "user_version" => Tracking::RusqliteMigration,
            "refinery" | "refinery_schema_history" => Tracking::Refinery,
            "sqlx" | "_sqlx_migrations" => Tracking::Sqlx,
            "diesel" | "__diesel_schema_migrations" => Tracking::Diesel,
            _ => Tracking::Table(name.to_owned()),
        }
    }

    /// The table, and the columns without which it is another one's.
    fn table(&self) -> Option<(&str, &'static [&'static str])> {
        Some(match self {
            Tracking::RusqliteMigration => return None,
            Tracking::Refinery => ("refinery_schema_history", &["version", "name", "applied_on", "checksum"]),
            Tracking::Sqlx => (
                "_sqlx_migrations",
                &["version", "description", "installed_on", "success", "checksum", "execution_time"],
            ),
            Tracking::Diesel => ("__diesel_schema_migrations", &["version", "run_on"]),
            Tracking::Table(name) => (name.as_str(), &["version", "description", "checksum"]),
        })
    }
}

impl fmt::Display for Tracking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Tracking::RusqliteMigration => "rusqlite_migration",
            Tracking::Refinery => "refinery",
            Tracking::Sqlx => "sqlx",
            Tracking::Diesel => "diesel",
            Tracking::Table(name) => name,
        })
    }
}

/// What is applied, by another tool.
pub(crate) enum Tracked {
    /// So many of the first.
    First(u64),
    /// These.
    Each(Vec<Entry>),
}

impl Tracked {
    pub(crate) fn count(&self) -> u64 {
        match self {
            Tracked::First(count) => *count,
            Tracked::Each(entries) => entries.len() as u64,
        }
    }
}

/// One migration that another tool has applied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    /// As it is written there.
    pub(crate) version: String,
    pub(crate) number: u64,
    /// What its file is called, where the tool says.
    pub(crate) name: Option<String>,
    /// RFC 3339, UTC, with milliseconds.
    pub(crate) applied_at: Option<String>,
    /// SHA-384 of the bytes of its file.
    pub(crate) sha384: Option<Vec<u8>>,
    pub(crate) took_ms: i64,
    /// Why it does not count as applied.
    pub(crate) fault: Option<String>,
}

/// Everything that is found, each with at least one migration that is applied.
///
/// # Errors
/// `Migration` if a table has something else than a number as a version; what reading may give.
pub(crate) fn found(conn: &Connection) -> Result<Vec<(Tracking, Tracked)>> {
    let known = [Tracking::RusqliteMigration, Tracking::Refinery, Tracking::Sqlx, Tracking::Diesel];
    let tables = TABLES.iter().map(|name| Tracking::Table((*name).to_owned()));
    let mut list = Vec::new();
    for tracking in known.into_iter().chain(tables) {
        if let Some(tracked) = tracked(conn, &tracking)? {
            list.push((tracking, tracked));
        }
    }
    Ok(list)
}

/// What is found, by name, and how many migrations each has: no row is understood. `user_version`, which may mean anything, counts up to
/// the number of migrations that there are here.
pub(crate) fn names(conn: &Connection, here: usize) -> Result<Vec<(Tracking, u64)>> {
    let known = [Tracking::Refinery, Tracking::Sqlx, Tracking::Diesel];
    let tables = TABLES.iter().map(|name| Tracking::Table((*name).to_owned()));
    let mut list = Vec::new();
    for tracking in std::iter::once(Tracking::RusqliteMigration).chain(known).chain(tables) {
        let count = match tracking.table() {
            None => Some(version_of_user(conn)?).filter(|count| *count <= here as u64).unwrap_or(0),
            Some((table, wanted)) if has(&columns(conn, table)?, wanted) => {
                let sql = format!("SELECT count(*) FROM main.{}", quote_ident(table));
                let count: i64 = conn.query_row(&sql, [], |row| row.get(0)).at(|| unread(conn, &tracking))?;
                count.unsigned_abs()
            }
            Some(_) => 0,
        };
        if count > 0 {
            list.push((tracking, count));
        }
    }
    Ok(list)
}

/// What this one has; `None` where it is not there, or has nothing.
pub(crate) fn tracked(conn: &Connection, tracking: &Tracking) -> Result<Option<Tracked>> {
    let Some((table, wanted)) = tracking.table() else {
        return Ok(Some(version_of_user(conn)?).filter(|count| *count > 0).map(Tracked::First));
    };
    let columns = columns(conn, table)?;
    if !has(&columns, wanted) {
        return Ok(None);
    }
    let what = || unread(conn, tracking);
    let at = match tracking {
        Tracking::Refinery => Some("applied_on".to_owned()),
        Tracking::Sqlx => Some("installed_on".to_owned()),
        Tracking::Diesel => Some("run_on".to_owned()),
        _ => time_column(conn, table, &columns).at(what)?,
    };
    let time = at.map_or_else(|| "NULL".to_owned(), |column| as_time(&quote_ident(&column)));
    let sql = format!("SELECT *, {time} AS time_of_it FROM main.{} ORDER BY version", quote_ident(table));
    let mut statement = conn.prepare(&sql).at(what)?;
    let mut rows = statement.query([]).at(what)?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next().at(what)? {
        let version = text(row, "version").at(what)?.unwrap_or_default();
        let number = number(tracking, &version).ok_or_else(|| {
            Error::new(ErrorKind::Migration, format!("cannot adopt the migrations of {tracking}"))
                .cause(format!("its version `{}` is no number", version.escape_debug()))
                .state("nothing was changed")
                .help("migrations are numbered here; record the numbers that they have now with `schema resolve --applied`")
        })?;
        entries.push(entry(tracking, row, version, number, &columns).at(what)?);
    }
    Ok(Some(Tracked::Each(entries)).filter(|tracked| tracked.count() > 0))
}

fn unread(conn: &Connection, tracking: &Tracking) -> String {
    format!("cannot read what {tracking} has recorded in {}", name_of(conn))
}

fn version_of_user(conn: &Connection) -> Result<u64> {
    let version: i64 = conn
        .query_row("PRAGMA main.user_version", [], |row| row.get(0))
        .at(|| unread(conn, &Tracking::RusqliteMigration))?;
    Ok(u64::try_from(version).unwrap_or(0))
}

fn columns(conn: &Connection, table: &str) -> Result<Vec<String>> {
    let what = || format!("cannot read the columns of `{table}` of {}", name_of(conn));
    let sql = "SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = ?1 COLLATE NOCASE";
    if conn.query_row(sql, [table], |_| Ok(())).optional().at(what)?.is_none() {
        return Ok(Vec::new());
    }
    let sql = "SELECT lower(name) FROM pragma_table_xinfo(?1, 'main')";
    let mut statement = conn.prepare(sql).at(what)?;
    let names = statement.query_map([table], |row| row.get(0));
    names.and_then(Iterator::collect).at(what)
}

fn has(columns: &[String], wanted: &[&str]) -> bool {
    wanted.iter().all(|name| columns.iter().any(|column| column == name))
}

/// diesel writes its versions without the dashes of its folders, older ones of it with them.
fn number(tracking: &Tracking, version: &str) -> Option<u64> {
    let digits = match tracking {
        Tracking::Diesel => version.replace('-', ""),
        _ => version.to_owned(),
    };
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

fn entry(
    tracking: &Tracking,
    row: &Row<'_>,
    version: String,
    number: u64,
    columns: &[String],
) -> rusqlite::Result<Entry> {
    let mut entry = Entry { version, number, applied_at: text(row, "time_of_it")?, ..Entry::default() };
    match tracking {
        Tracking::Refinery => entry.name = text(row, "name")?,
        Tracking::Sqlx => {
            entry.name = text(row, "description")?;
            entry.sha384 = match row.get_ref("checksum")? {
                ValueRef::Blob(bytes) => Some(bytes.to_vec()),
                _ => None,
            };
            // Nanoseconds; -1 as long as it runs.
            let nanoseconds = row.get::<_, Option<i64>>("execution_time").unwrap_or_default();
            entry.took_ms = (nanoseconds.unwrap_or(0) / 1_000_000).max(0);
            entry.fault = failure(row, "success", is_success)?;
        }
        Tracking::Table(_) => {
            for (column, is_fine) in [
                ("success", is_success as fn(&str) -> bool),
                ("status", is_success),
                ("dirty", |word| matches!(word, "0" | "false" | "no" | "")),
            ] {
                if columns.iter().any(|name| name == column) && entry.fault.is_none() {
                    entry.fault = failure(row, column, is_fine)?;
                }
            }
        }
        _ => {}
    }
    Ok(entry)
}

fn is_success(word: &str) -> bool {
    SUCCESS.contains(&word)
}

/// `its success is 0`, where that is not fine.
fn failure(row: &Row<'_>, column: &str, is_fine: impl Fn(&str) -> bool) -> rusqlite::Result<Option<String>> {
    let word = text(row, column)?.unwrap_or_default();
    Ok((!is_fine(&word.to_ascii_lowercase())).then(|| format!("its `{column}` is {}", word.escape_debug())))
}

/// The column, beside those with a meaning of their own, in which each value is a time.
fn time_column(conn: &Connection, table: &str, columns: &[String]) -> rusqlite::Result<Option<String>> {
    for column in
        columns.iter().filter(|name| !["version", "description", "checksum"].contains(&name.as_str()))
    {
        let name = quote_ident(column);
        let sql = format!(
            "SELECT count({name}) > 0 AND count({name}) = count({}) FROM main.{}",
            as_time(&name),
            quote_ident(table)
        );
        if conn.query_row(&sql, [], |row| row.get(0))? {
            return Ok(Some(column.clone()));
        }
    }
    Ok(None)
}

/// An expression: the time in the column as RFC 3339, or NULL. A text begins with a date; a number is of seconds or milliseconds since 1970, from 2000 on.
fn as_time(column: &str) -> String {
    let date = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*";
    let form = "%Y-%m-%dT%H:%M:%fZ";
    format!(
        "CASE WHEN typeof({column}) = 'text' AND {column} GLOB '{date}' THEN strftime('{form}', {column}) \
         WHEN typeof({column}) = 'integer' AND {column} BETWEEN 946684800 AND 4102444800 THEN strftime('{form}', {column}, 'unixepoch') \
         WHEN typeof({column}) = 'integer' AND {column} BETWEEN 946684800000 AND 4102444800000 \
         THEN strftime('{form}', {column} / 1000.0, 'unixepoch') END"
    )
}

fn text(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<String>> {
    Ok(match row.get_ref(column)? {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
    })
}
