//! The values that a revision took away, brought back from the copy that was made before it.
//!
//! The copy is read through a connection of its own, row by row: a database cannot be attached inside a transaction. Values go over as
//! SQLite holds them, whatever they are. Rules are held when everything is there: a child may come before its parent.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, Statement};
use schema_sql::{eq_name, quote_ident};

use super::asked::Asked;
use super::columns::Filling;
use super::lost::Lost;
use crate::apply::hold_checks;
use crate::catalog::{Catalog, ColumnInfo, TableInfo};
use crate::connection::{Deadline, SqliteResult};
use crate::error::{Error, ErrorKind, Result};
use crate::integrity::{IntegrityCheck, fault_of_table};
use crate::plan::{Needs, rowid_name};
use crate::rehearse::set_needs;
use crate::report::RestoredRows;

/// What came back, and what people should know of it.
#[derive(Default)]
pub(super) struct Filled {
    pub(super) rows: Vec<RestoredRows>,
    pub(super) warnings: Vec<String>,
}

/// Fills what an undo has made anew in `conn`, which holds `target` by now, from `backup`, which does too. Triggers do not fire and
/// CHECK rules do not count meanwhile; then each table is held against all its rules.
///
/// # Errors
/// `Backup` where nothing tells the rows of a table apart; `Data` if the values no longer fit beside the rows of now, or rows of now have
/// no value of before; others as SQLite reports them.
pub(super) fn bring_back(
    conn: &Connection,
    backup: &Connection,
    (lost, target): (&[Lost<'_>], &Catalog),
    asked: &Asked<'_>,
    deadline: &Deadline<'_>,
) -> Result<Filled> {
    refuse_temporary_triggers(conn)?;
    set_needs(conn, Needs { triggers_off: true, ..Needs::default() })?;
    hold_checks(conn, false)?;
    let mut filled = Filled::default();
    for lost in lost {
        let what = || format!("the values of `{}` cannot be brought back", lost.names());
        deadline.check(|| format!("`{}` was not brought back", lost.names()))?;
        let failed = |err| does_not_fit(deadline.error(err, what()));
        let values = Values::of(conn).map_err(failed)?;
        if values.would_alter(backup, lost).map_err(failed)? {
            let version = rusqlite::version();
            return Err(Error::new(ErrorKind::Backup, what())
                .cause(format!(
                    "the backup holds a text that is no UTF-16, which SQLite {version} would alter on the way"
                ))
                .help("restore the backup as a whole, or link SQLite 3.41 or newer"));
        }
        match &lost.columns {
            None => filled.rows.push(whole_table(conn, backup, lost.table, &values).map_err(failed)?),
            Some(columns) => {
                let filling =
                    Filling { conn, backup, lost: columns, then: lost.then, values, failed: &failed };
                filling.fill(asked, &mut filled)?;
            }
        }
    }
    hold_checks(conn, true)?;
    for lost in lost {
        prove(conn, backup, lost)?;
    }
    set_needs(conn, Needs::default())?;
    for table in target.virtual_tables.iter().filter(|_| !lost.is_empty()) {
        // What a view shows may come from any of them.
        let fed = |content: String| {
            target.view(&content).is_some() || lost.iter().any(|lost| eq_name(&lost.table.name, &content))
        };
        if table.content().is_some_and(fed) {
            let name = quote_ident(&table.name);
            conn.execute_batch(&format!("INSERT INTO main.{name} ({name}) VALUES ('rebuild')"))
                .at(|| format!("cannot make the content of `{}` again", table.name))?;
        }
    }
    Ok(filled)
}

/// # Errors
/// `Backup` for a table with rows in `backup` that nothing tells apart.
pub(super) fn refuse_unmatched(backup: &Connection, lost: &[Lost<'_>]) -> Result<()> {
    for lost in lost {
        let Some(columns) = &lost.columns else { continue };
        if columns.matching(&|_| true).is_some() {
            continue;
        }
        let sql = format!("SELECT EXISTS (SELECT 1 FROM main.{})", quote_ident(lost.then));
        let any: bool = backup
            .query_row(&sql, [], |row| row.get(0))
            .at(|| format!("cannot read table `{}` of the backup", lost.then))?;
        if any {
            return Err(columns.cannot_match());
        }
    }
    Ok(())
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
        .help("mend the rows of now that stand in the way, or restore the backup as a whole")
}

/// How values go from one connection to the other.
pub(super) struct Values {
    /// A text is handed over as UTF-8, for which SQLite replaces what is no character: in UTF-16 such a text goes as its bytes.
    as_bytes: bool,
    /// How two bytes are read, where this SQLite takes the bytes of a parameter for UTF-8 whatever the database has: a text that is no
    /// UTF-16 cannot go over.
    only_characters: Option<ReadUnit>,
}

/// A unit of UTF-16 from its bytes.
type ReadUnit = fn([u8; 2]) -> u16;

impl Values {
    fn of(conn: &Connection) -> rusqlite::Result<Values> {
        let encoding: String = conn.query_row("PRAGMA encoding", [], |row| row.get(0))?;
        let (unit, sample): (ReadUnit, &[u8]) = match encoding.as_str() {
            "UTF-16le" => (u16::from_le_bytes, b"a\0"),
            "UTF-16be" => (u16::from_be_bytes, b"\0a"),
            _ => return Ok(Values { as_bytes: false, only_characters: None }),
        };
        // Before 3.41 so; asked, since it is no promise.
        let as_bytes = conn.query_row("SELECT CAST(?1 AS TEXT) = 'a'", [sample], |row| row.get(0))?;
        Ok(Values { as_bytes, only_characters: (!as_bytes).then_some(unit) })
    }

    /// Whether `table` holds a text that cannot go over as it is.
    fn would_alter(&self, backup: &Connection, lost: &Lost<'_>) -> rusqlite::Result<bool> {
        let Some(unit) = self.only_characters else { return Ok(false) };
        let name = quote_ident(lost.then);
        let columns: Vec<&str> = match &lost.columns {
            None => plain(lost.table).map(|column| column.name.as_str()).collect(),
            Some(columns) => columns.all().map(|column| column.then).collect(),
        };
        for column in columns {
            let column = quote_ident(column);
            let sql =
                format!("SELECT CAST({column} AS BLOB) FROM main.{name} WHERE typeof({column}) = 'text'");
            let mut read = backup.prepare(&sql)?;
            let mut rows = read.query([])?;
            while let Some(row) = rows.next()? {
                let bytes = row.get_ref(0)?.as_blob_or_null()?.unwrap_or_default();
                let units = bytes.chunks_exact(2).filter_map(|pair| pair.try_into().ok()).map(unit);
                if bytes.len() % 2 == 1 || char::decode_utf16(units).any(|read| read.is_err()) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// A query for the columns `c0`, `c1`, … of `rows`.
    pub(super) fn query(&self, number: usize, rows: &str) -> String {
        let mut terms: Vec<String> = (0..number).map(|at| format!("c{at}")).collect();
        if self.as_bytes {
            for term in &mut terms {
                *term = format!("CASE typeof({term}) WHEN 'text' THEN CAST({term} AS BLOB) ELSE {term} END");
            }
            terms.extend((0..number).map(|at| format!("typeof(c{at}) = 'text'")));
        }
        format!("SELECT {} FROM {rows}", terms.join(", "))
    }

    /// Column `at` of `number` as a parameter.
    pub(super) fn param(&self, at: usize, number: usize) -> String {
        if self.as_bytes {
            let (value, is_text) = (at + 1, number + at + 1);
            return format!("CASE WHEN ?{is_text} THEN CAST(?{value} AS TEXT) ELSE ?{value} END");
        }
        format!("?{}", at + 1)
    }
}

/// The columns that can be written.
fn plain(table: &TableInfo) -> impl Iterator<Item = &ColumnInfo> {
    table.columns.iter().filter(|column| column.generated.is_none())
}

/// Gives `statement` the values of `row` as parameters of the same places, also text that is no UTF-8.
pub(super) fn bind(statement: &mut Statement<'_>, row: &Row<'_>) -> rusqlite::Result<()> {
    for at in 0..statement.parameter_count() {
        statement.raw_bind_parameter(at + 1, ToSqlOutput::Borrowed(row.get_ref(at)?))?;
    }
    Ok(())
}

fn whole_table(
    conn: &Connection,
    backup: &Connection,
    table: &TableInfo,
    values: &Values,
) -> rusqlite::Result<RestoredRows> {
    let name = quote_ident(&table.name);
    let alias = table.primary_key.as_ref().is_some_and(|key| key.rowid_alias);
    let rowid = rowid_name(table).filter(|_| !alias).map(str::to_owned);
    let columns: Vec<String> =
        rowid.into_iter().chain(plain(table).map(|column| quote_ident(&column.name))).collect();
    let number = columns.len();
    let read: Vec<String> =
        columns.iter().enumerate().map(|(at, column)| format!("{column} AS c{at}")).collect();
    let marks: Vec<String> = (0..number).map(|at| values.param(at, number)).collect();
    let rows = format!("(SELECT {} FROM main.{name})", read.join(", "));
    let mut read = backup.prepare(&values.query(number, &rows))?;
    // A conflict clause of the table would leave rows out, or take others away.
    let mut write = conn.prepare(&format!(
        "INSERT OR ABORT INTO main.{name} ({}) VALUES ({})",
        columns.join(", "),
        marks.join(", ")
    ))?;
    let mut rows = read.query([])?;
    let mut restored = 0;
    while let Some(row) = rows.next()? {
        bind(&mut write, row)?;
        write.raw_execute()?;
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

/// Holds a table that was filled against its rules, and its references against those of the backup.
fn prove(conn: &Connection, backup: &Connection, lost: &Lost<'_>) -> Result<()> {
    let table = lost.table;
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
    let (then, now) = (orphans(backup, lost.then).at(what)?, orphans(conn, &table.name).at(what)?);
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

fn orphans(conn: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    let sql = format!("PRAGMA main.foreign_key_check({})", quote_ident(table));
    let mut statement = conn.prepare(&sql)?;
    let rows = statement.query_map([], |row| {
        Ok(match row.get_ref(1)? {
            ValueRef::Integer(rowid) => rowid.to_string(),
            _ => "none".to_owned(),
        })
    })?;
    rows.collect()
}
