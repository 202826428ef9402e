//! The values that a revision took away, brought back from the copy that was made before it.
//!
//! The copy is read through a connection of its own, row by row: a database cannot be attached inside a transaction. Values go over as
//! SQLite holds them, whatever they are.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, Statement, params_from_iter};
use schema_sql::{eq_name, quote_ident};

use crate::catalog::{Affinity, Catalog, ColumnInfo, TableInfo, affinity};
use crate::connection::{Deadline, SqliteResult};
use crate::diff::{Change, ColumnProperty};
use crate::error::{Error, ErrorKind, Result};
use crate::integrity::{IntegrityCheck, fault_of_table};
use crate::plan::{Needs, Plan, rowid_name};
use crate::rehearse::set_needs;
use crate::report::RestoredRows;

/// One thing to bring back.
struct Lost<'c> {
    table: &'c TableInfo,
    column: Option<LostColumn<'c>>,
}

struct LostColumn<'c> {
    info: &'c ColumnInfo,
    /// The type that the column had in between, where it was there and converted.
    was: Option<String>,
}

impl Lost<'_> {
    fn name(&self) -> String {
        match &self.column {
            None => self.table.name.clone(),
            Some(column) => format!("{}.{}", self.table.name, column.info.name),
        }
    }
}

/// What `undo` makes anew without its values, by the names that it has in `target`.
///
/// # Errors
/// `Backup` for a virtual table: its rows can only come back with the whole backup.
fn lost<'c>(undo: &Plan, target: &'c Catalog) -> Result<Vec<Lost<'c>>> {
    let mut list: Vec<Lost<'c>> = Vec::new();
    let mut columns = Vec::new();
    for change in undo.changes() {
        match change {
            Change::CreateTable { table } => {
                list.extend(target.table(table).map(|table| Lost { table, column: None }));
            }
            Change::CreateVirtualTable { table }
                if target.virtual_table(table).is_some_and(|found| !found.is_derived()) =>
            {
                return Err(Error::new(
                    ErrorKind::Backup,
                    format!("the rows of virtual table `{table}` cannot be brought back by themselves"),
                )
                .help("restore the backup as a whole"));
            }
            Change::AddColumn { table, column, .. } => columns.push((table, column, None)),
            Change::AlterColumn { table, column, property: ColumnProperty::Type, from, .. } => {
                columns.push((table, column, Some(from.clone())));
            }
            _ => {}
        }
    }
    for (table, column, was) in columns {
        let Some(table) = target.table(table) else { continue };
        let Some(info) = table.column(column).filter(|info| info.generated.is_none()) else { continue };
        list.push(Lost { table, column: Some(LostColumn { info, was }) });
    }
    Ok(list)
}

/// Fills what `undo` has made anew in `conn` from `backup`, whose catalog is `target`. Triggers do not fire meanwhile.
///
/// # Errors
/// `Data` if the values no longer fit beside the rows of now; others as SQLite reports them.
pub(super) fn bring_back(
    conn: &Connection,
    backup: &Connection,
    undo: &Plan,
    target: &Catalog,
    deadline: &Deadline<'_>,
) -> Result<Vec<RestoredRows>> {
    refuse_temporary_triggers(conn)?;
    set_needs(conn, Needs { triggers_off: true, ..Needs::default() })?;
    let mut filled = Vec::new();
    for lost in lost(undo, target)? {
        deadline.check(|| format!("`{}` was not brought back", lost.name()))?;
        let rows = match &lost.column {
            None => whole_table(conn, backup, lost.table),
            Some(column) => one_column(conn, backup, &lost, column),
        };
        filled.push(rows.map_err(|err| {
            let what = format!("the values of `{}` cannot be brought back", lost.name());
            does_not_fit(deadline.error(err, what))
        })?);
        prove(conn, backup, lost.table)?;
    }
    set_needs(conn, Needs::default())?;
    for table in &target.virtual_tables {
        let fed = |content: String| filled.iter().any(|rows| eq_name(table_of(&rows.object), &content));
        if table.content().is_some_and(fed) {
            let name = quote_ident(&table.name);
            conn.execute_batch(&format!("INSERT INTO main.{name} ({name}) VALUES ('rebuild')"))
                .at(|| format!("cannot make the content of `{}` again", table.name))?;
        }
    }
    Ok(filled)
}

fn table_of(object: &str) -> &str {
    object.split('.').next().unwrap_or(object)
}

/// SQLite goes on to fire temporary triggers when triggers are off.
fn refuse_temporary_triggers(conn: &Connection) -> Result<()> {
    let name: Option<String> = conn
        .query_row("SELECT name FROM temp.sqlite_schema WHERE type = 'trigger' LIMIT 1", [], |row| row.get(0))
        .optional()
        .at(|| "cannot read the connection's temporary triggers".to_owned())?;
    match name {
        None => Ok(()),
        Some(name) => Err(Error::new(
            ErrorKind::Connection,
            format!("temporary trigger `{name}` of this connection would fire while values come back"),
        )
        .help("go back without it: leave it out of the hook of `Migrator::connection`")),
    }
}

fn does_not_fit(error: Error) -> Error {
    if error.kind() != ErrorKind::Sqlite && error.kind() != ErrorKind::Data {
        return error;
    }
    error
        .of_kind(ErrorKind::Data)
        .state("transaction rolled back; the database is unchanged")
        .help("mend or delete the rows of now that stand in the way, or restore the backup as a whole")
}

/// The plain columns, which can be written.
fn plain(table: &TableInfo) -> impl Iterator<Item = &ColumnInfo> {
    table.columns.iter().filter(|column| column.generated.is_none())
}

fn whole_table(conn: &Connection, backup: &Connection, table: &TableInfo) -> rusqlite::Result<RestoredRows> {
    let name = quote_ident(&table.name);
    let alias = table.primary_key.as_ref().is_some_and(|key| key.rowid_alias);
    let rowid = rowid_name(table).filter(|_| !alias).map(str::to_owned);
    let columns: Vec<String> =
        rowid.into_iter().chain(plain(table).map(|column| quote_ident(&column.name))).collect();
    let (list, marks) = (columns.join(", "), vec!["?"; columns.len()].join(", "));
    let mut read = backup.prepare(&format!("SELECT {list} FROM main.{name}"))?;
    let mut write = conn.prepare(&format!("INSERT INTO main.{name} ({list}) VALUES ({marks})"))?;
    let mut rows = read.query([])?;
    let mut restored = 0;
    while let Some(row) = rows.next()? {
        write.execute(params_from_iter(values(row, 0, columns.len())?))?;
        restored += 1;
    }
    if table.autoincrement() {
        follow_sequence(conn, backup, &table.name)?;
    }
    Ok(RestoredRows { object: table.name.clone(), restored, kept: 0, unmatched: 0 })
}

/// The high-water mark of AUTOINCREMENT, which may lie above the highest row.
fn follow_sequence(conn: &Connection, backup: &Connection, table: &str) -> rusqlite::Result<()> {
    let mark: Option<i64> = backup
        .query_row("SELECT seq FROM main.sqlite_sequence WHERE name = ?1", [table], |row| row.get(0))
        .optional()?;
    let Some(mark) = mark else { return Ok(()) };
    let update = "UPDATE main.sqlite_sequence SET seq = max(seq, ?2) WHERE name = ?1";
    if conn.execute(update, rusqlite::params![table, mark])? == 0 {
        conn.execute(
            "INSERT INTO main.sqlite_sequence (name, seq) VALUES (?1, ?2)",
            rusqlite::params![table, mark],
        )?;
    }
    Ok(())
}

/// What tells a row apart then and now: the primary key, unless `column` is part of it; else the rowid.
fn key_of(table: &TableInfo, column: &str) -> Option<Vec<String>> {
    let key = table.primary_key.as_ref().filter(|_| !table.in_primary_key(column));
    match key {
        Some(key) => Some(key.terms.iter().map(|term| quote_ident(&term.column)).collect()),
        None => rowid_name(table).map(|name| vec![name.to_owned()]),
    }
}

fn one_column(
    conn: &Connection,
    backup: &Connection,
    lost: &Lost<'_>,
    column: &LostColumn<'_>,
) -> rusqlite::Result<RestoredRows> {
    let table = lost.table;
    let object = lost.name();
    let name = quote_ident(&table.name);
    let field = quote_ident(&column.info.name);
    let total = |conn: &Connection| {
        conn.query_row(&format!("SELECT count(*) FROM main.{name}"), [], |row| row.get::<_, i64>(0))
            .map(i64::unsigned_abs)
    };
    let (mut restored, mut matched) = (0_u64, 0_u64);
    if let Some(key) = key_of(table, &column.info.name) {
        let mut read = backup.prepare(&format!("SELECT {}, {field} FROM main.{name}", key.join(", ")))?;
        let same: Vec<String> =
            key.iter().enumerate().map(|(at, part)| format!("{part} = ?{}", at + 1)).collect();
        let same = same.join(" AND ");
        let mut find = conn.prepare(&format!("SELECT 1 FROM main.{name} WHERE {same}"))?;
        let value = format!("?{}", key.len() + 1);
        let unchanged = match &column.was {
            None => String::new(),
            // Converted there and back: whatever is something else was written since.
            Some(was) => {
                let there = cast(&value, was, table.strict);
                let back = cast(&there, &column.info.type_name, table.strict);
                format!(" AND {field} IS NOT {value} AND ({field} IS {back} OR {field} IS {there})")
            }
        };
        let mut write =
            conn.prepare(&format!("UPDATE main.{name} SET {field} = {value} WHERE {same}{unchanged}"))?;
        let mut rows = read.query([])?;
        while let Some(row) = rows.next()? {
            if !find.exists(params_from_iter(values(row, 0, key.len())?))? {
                continue;
            }
            matched += 1;
            restored += changed(&mut write, values(row, 0, key.len() + 1)?)?;
        }
    }
    let (then, now) = (total(backup)?, total(conn)?);
    Ok(RestoredRows {
        object,
        restored,
        kept: now.saturating_sub(restored),
        unmatched: then.saturating_sub(matched),
    })
}

fn changed(statement: &mut Statement<'_>, values: Vec<ToSqlOutput<'_>>) -> rusqlite::Result<u64> {
    statement.execute(params_from_iter(values)).map(|changed| changed as u64)
}

/// `value` as a column of this type holds it; a type that keeps everything changes nothing.
fn cast(value: &str, type_name: &str, strict: bool) -> String {
    let word = match affinity(type_name, strict) {
        Affinity::Integer => "INTEGER",
        Affinity::Text => "TEXT",
        Affinity::Real => "REAL",
        Affinity::Numeric => "NUMERIC",
        Affinity::Blob | Affinity::Any => return value.to_owned(),
    };
    format!("CAST({value} AS {word})")
}

/// The values from column `first` on, as they are: also text that is no UTF-8.
fn values<'r>(row: &'r Row<'_>, first: usize, end: usize) -> rusqlite::Result<Vec<ToSqlOutput<'r>>> {
    (first..end).map(|at| row.get_ref(at).map(ToSqlOutput::Borrowed)).collect()
}

/// Holds a table that was filled against its rules, and its references against those of the backup.
fn prove(conn: &Connection, backup: &Connection, table: &TableInfo) -> Result<()> {
    let what = || format!("cannot check table `{}`", table.name);
    if let Some(fault) = fault_of_table(conn, &table.name, IntegrityCheck::Quick).at(what)? {
        return Err(does_not_fit(
            Error::new(ErrorKind::Data, format!("the values of `{}` cannot be brought back", table.name))
                .cause(fault),
        ));
    }
    if table.foreign_keys.is_empty() {
        return Ok(());
    }
    let (then, now) = (orphans(backup, table).at(what)?, orphans(conn, table).at(what)?);
    if now.len() <= then.len() {
        return Ok(());
    }
    let shown: Vec<String> = now.iter().take(5).cloned().collect();
    Err(does_not_fit(
        Error::new(ErrorKind::Data, format!("the values of `{}` cannot be brought back", table.name)).cause(
            format!(
                "{} rows of `{}` would refer to a parent that is there no longer (first rowids: {})",
                now.len(),
                table.name,
                shown.join(", ")
            ),
        ),
    ))
}

fn orphans(conn: &Connection, table: &TableInfo) -> rusqlite::Result<Vec<String>> {
    let sql = format!("PRAGMA main.foreign_key_check({})", quote_ident(&table.name));
    let mut statement = conn.prepare(&sql)?;
    let rows = statement.query_map([], |row| {
        Ok(match row.get_ref(1)? {
            ValueRef::Integer(rowid) => rowid.to_string(),
            _ => "none".to_owned(),
        })
    })?;
    rows.collect()
}
