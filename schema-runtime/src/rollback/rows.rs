//! The values that a revision took away, brought back from the copy that was made before it.
//!
//! The copy is read through a connection of its own, row by row: a database cannot be attached inside a transaction. Values go over as
//! SQLite holds them, whatever they are. Rules are held when everything is there: a child may come before its parent.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, Statement};
use schema_sql::{eq_name, quote_ident};

use super::asked::Asked;
use super::lost::{Conversion, Key, Lost, LostColumn, LostColumns, Matching, Was};
use crate::apply::hold_checks;
use crate::catalog::{Catalog, ColumnInfo, TableInfo, affinity};
use crate::connection::{Deadline, SqliteResult};
use crate::error::{Error, ErrorKind, Result};
use crate::integrity::{IntegrityCheck, fault_of_table};
use crate::plan::{Needs, rowid_name, stored};
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
        let name = || match lost {
            Lost::Table(table) => table.name.clone(),
            Lost::Columns(columns) => columns.names(),
        };
        deadline.check(|| format!("`{}` was not brought back", name()))?;
        let failed = |err| {
            does_not_fit(deadline.error(err, format!("the values of `{}` cannot be brought back", name())))
        };
        let values = Values::of(conn).map_err(failed)?;
        if values.would_alter(backup, lost.table()).map_err(failed)? {
            let version = rusqlite::version();
            return Err(Error::new(
                ErrorKind::Backup,
                format!("the values of `{}` cannot be brought back", name()),
            )
            .cause(format!(
                "the backup holds a text that is no UTF-16, which SQLite {version} would alter on the way"
            ))
            .help("restore the backup as a whole, or link SQLite 3.41 or newer"));
        }
        match lost {
            Lost::Table(table) => {
                filled.rows.push(whole_table(conn, backup, table, &values).map_err(failed)?);
            }
            Lost::Columns(columns) => {
                let filling = Filling { conn, backup, lost: columns, values, failed: &failed };
                filling.fill(asked, &mut filled)?;
            }
        }
    }
    hold_checks(conn, true)?;
    for lost in lost {
        prove(conn, backup, lost.table())?;
    }
    set_needs(conn, Needs::default())?;
    for table in &target.virtual_tables {
        let fed = |content: String| lost.iter().any(|lost| eq_name(&lost.table().name, &content));
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
        let Lost::Columns(columns) = lost else { continue };
        if columns.matching(&|_| true).is_some() {
            continue;
        }
        let sql = format!("SELECT EXISTS (SELECT 1 FROM main.{})", quote_ident(&columns.table.name));
        let any: bool = backup
            .query_row(&sql, [], |row| row.get(0))
            .at(|| format!("cannot read table `{}` of the backup", columns.table.name))?;
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
        .state("transaction rolled back; the database is unchanged")
        .help("mend the rows of now that stand in the way, or restore the backup as a whole")
}

/// How values go from one connection to the other.
struct Values {
    /// A text is handed over as UTF-8, for which SQLite replaces what is no character: in UTF-16 such a text goes as its bytes.
    as_bytes: bool,
    /// How two bytes are read, where this SQLite takes the bytes of a parameter for UTF-8 whatever the database has: a text that is no
    /// UTF-16 cannot go over.
    only_characters: Option<fn([u8; 2]) -> u16>,
}

impl Values {
    fn of(conn: &Connection) -> rusqlite::Result<Values> {
        let encoding: String = conn.query_row("PRAGMA encoding", [], |row| row.get(0))?;
        let (unit, sample): (fn([u8; 2]) -> u16, &[u8]) = match encoding.as_str() {
            "UTF-16le" => (u16::from_le_bytes, b"a\0"),
            "UTF-16be" => (u16::from_be_bytes, b"\0a"),
            _ => return Ok(Values { as_bytes: false, only_characters: None }),
        };
        // Before 3.41 so; asked, since it is no promise.
        let as_bytes = conn.query_row("SELECT CAST(?1 AS TEXT) = 'a'", [sample], |row| row.get(0))?;
        Ok(Values { as_bytes, only_characters: (!as_bytes).then_some(unit) })
    }

    /// Whether `table` holds a text that cannot go over as it is.
    fn would_alter(&self, backup: &Connection, table: &TableInfo) -> rusqlite::Result<bool> {
        let Some(unit) = self.only_characters else { return Ok(false) };
        let name = quote_ident(&table.name);
        for column in plain(table) {
            let column = quote_ident(&column.name);
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
    fn query(&self, number: usize, rows: &str) -> String {
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
    fn param(&self, at: usize, number: usize) -> String {
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
fn bind(statement: &mut Statement<'_>, row: &Row<'_>) -> rusqlite::Result<()> {
    for at in 0..statement.parameter_count() {
        statement.raw_bind_parameter(at + 1, rusqlite::types::ToSqlOutput::Borrowed(row.get_ref(at)?))?;
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

/// The lost columns of one table, on their way back.
struct Filling<'a> {
    conn: &'a Connection,
    backup: &'a Connection,
    lost: &'a LostColumns<'a>,
    values: Values,
    failed: &'a dyn Fn(rusqlite::Error) -> Error,
}

/// What was found of one column.
#[derive(Default, Clone)]
struct Found {
    restored: u64,
    /// Values of matched rows that somebody has written since.
    changed: u64,
    /// Matched rows with a value.
    held: u64,
}

impl Filling<'_> {
    fn fill(&self, asked: &Asked<'_>, filled: &mut Filled) -> Result<()> {
        let table = &self.lost.table.name;
        let steady = self.steady()?;
        let is_steady = |column: &ColumnInfo| steady.contains(&column.name.as_str());
        // What comes back unchanged from there needs no bringing back; but of a one-way conversion values of since are asked for.
        let wanted = |column: &&LostColumn<'_>| match &column.was {
            Was::Converted(conversion) => conversion.is_one_way() || !is_steady(column.info),
            _ => true,
        };
        let columns: Vec<&LostColumn<'_>> = self.lost.columns.iter().filter(wanted).collect();
        if columns.is_empty() {
            return Ok(());
        }
        let (then, now) = (self.count(self.backup, "*")?, self.count(self.conn, "*")?);
        let mut held = Vec::new();
        for column in &columns {
            held.push(self.count(self.conn, &quote_ident(&column.info.name))?);
        }
        let mut found = vec![Found::default(); columns.len()];
        let mut matched = 0;
        let matching = self.lost.matching(&is_steady);
        if then > 0 {
            let matching = matching.as_ref().ok_or_else(|| self.lost.cannot_match())?;
            self.make_way(&columns)?;
            let rows = Rows::new(self, matching, &columns);
            matched = rows.bring_back(self, &mut found).map_err(|err| self.failed(err))?;
        }
        let since = now.saturating_sub(matched);
        for ((column, found), held) in columns.iter().zip(&found).zip(held) {
            let object = format!("{table}.{}", column.info.name);
            let warning = match &column.was {
                Was::Absent { made_up: true } => asked.made_up(&object, since)?,
                Was::Converted(conversion) if conversion.is_one_way() => {
                    asked.one_way(&object, found.changed + held.saturating_sub(found.held))?
                }
                _ => None,
            };
            filled.warnings.extend(warning);
            filled.rows.push(RestoredRows {
                object,
                restored: found.restored,
                kept: now.saturating_sub(found.restored),
                unmatched: then.saturating_sub(matched),
            });
        }
        if then > matched && matching.is_some_and(|matching| matching.key.is_none()) {
            let missing = then - matched;
            filled.warnings.push(format!(
                "{missing} rows of `{table}` were not found again by rowid and content, since it has no key: their values of `{}` stay in the \
                 backup of the revision",
                self.lost.names()
            ));
        }
        Ok(())
    }

    fn failed(&self, err: rusqlite::Error) -> Error {
        (self.failed)(err)
    }

    fn count(&self, conn: &Connection, what: &str) -> Result<u64> {
        let sql = format!("SELECT count({what}) FROM main.{}", quote_ident(&self.lost.table.name));
        let count: rusqlite::Result<i64> = conn.query_row(&sql, [], |row| row.get(0));
        count.map(i64::unsigned_abs).map_err(|err| self.failed(err))
    }

    /// The converted columns of which each value of the backup comes back unchanged by itself.
    fn steady(&self) -> Result<Vec<&str>> {
        let mut steady = Vec::new();
        for (column, conversion) in self.lost.converted() {
            let rows = self.then(&[quote_ident(&column.info.name)], &[(column, conversion)]);
            let sql = format!("SELECT EXISTS (SELECT 1 FROM {rows} WHERE NOT {})", same("c0", "c2"));
            let moved: bool = self.backup.query_row(&sql, [], |row| row.get(0)).map_err(|err| {
                let text = "the `convert` of the revision cannot be computed for the rows of its backup";
                Error::new(
                    ErrorKind::Backup,
                    format!("the values of `{}` cannot be brought back", self.lost.names()),
                )
                .cause(text)
                .source(err)
                .help("restore the backup as a whole")
            })?;
            if !moved {
                steady.push(column.info.name.as_str());
            }
        }
        Ok(steady)
    }

    /// The rows of the backup: `columns` as `c0`, `c1`, …, and behind them, of each conversion, what was stored in between and what the
    /// undo made of that.
    fn then(&self, columns: &[String], conversions: &[(&LostColumn<'_>, &Conversion)]) -> String {
        let table = self.lost.table;
        let mut terms: Vec<String> = Vec::new();
        terms.extend(columns.iter().enumerate().map(|(at, column)| format!("__then.{column} AS c{at}")));
        let (mut there, mut back) = (vec!["*".to_owned()], vec!["*".to_owned()]);
        for (at, (column, conversion)) in conversions.iter().enumerate() {
            let value = format!("__then.{}", quote_ident(&column.info.name));
            let turned = match &conversion.convert {
                None => value,
                Some(convert) => format!("(SELECT ({convert}) FROM {})", self.one_row()),
            };
            let at_there = columns.len() + 2 * at;
            terms.push(format!("{turned} AS e{at}"));
            there.push(format!("{} AS c{at_there}", stored(conversion.affinity, &format!("e{at}"))));
            let own = affinity(&column.info.type_name, table.strict);
            back.push(format!("{} AS c{}", stored(own, &format!("c{at_there}")), at_there + 1));
        }
        format!(
            "(SELECT {} FROM (SELECT {} FROM (SELECT {} FROM main.{} AS __then)))",
            back.join(", "),
            there.join(", "),
            terms.join(", "),
            quote_ident(&table.name)
        )
    }

    /// One row of then by the names of in between, which a `convert` uses.
    fn one_row(&self) -> String {
        let carried = self.lost.carried.iter().map(|(column, name)| (column.name.as_str(), name.as_str()));
        let lost = self.lost.columns.iter().map(|column| match &column.was {
            Was::Converted(conversion) => (column.info.name.as_str(), conversion.name.as_str()),
            _ => (column.info.name.as_str(), column.info.name.as_str()),
        });
        let terms: Vec<String> = carried
            .chain(lost)
            .map(|(then, between)| format!("__then.{} AS {}", quote_ident(then), quote_ident(between)))
            .collect();
        format!("(SELECT {}) AS {}", terms.join(", "), quote_ident(self.lost.between))
    }

    /// An id that the undo gave out must not stand where a true one belongs.
    fn make_way(&self, columns: &[&LostColumn<'_>]) -> Result<()> {
        let table = self.lost.table;
        let is_given = |column: &&&LostColumn<'_>| {
            matches!(column.was, Was::Absent { made_up: true }) && table.is_rowid_alias(&column.info.name)
        };
        let Some(column) = columns.iter().find(is_given) else { return Ok(()) };
        let (name, id) = (quote_ident(&table.name), quote_ident(&column.info.name));
        self.conn
            .execute_batch(&format!("UPDATE OR ABORT main.{name} SET {id} = {id} - 4611686018427387904"))
            .map_err(|err| self.failed(err))
    }
}

/// Whether two values are the same in type and bytes.
fn same(a: &str, b: &str) -> String {
    format!("(typeof({a}) = typeof({b}) AND {a} IS {b} COLLATE BINARY)")
}

/// The statements that bring columns back row by row.
struct Rows {
    /// The rows of the backup.
    read: String,
    /// Where the values of a key begin, and how many they are; a row with a NULL in it is found the other way.
    key: Option<(usize, Statements)>,
    rowid: Option<Statements>,
    columns: usize,
}

struct Statements {
    /// Of each column what is to be done ([`RESTORE`] and the others), and whether it holds a value.
    find: String,
    write: String,
}

/// The value of before takes the place of this one.
const RESTORE: i64 = 1;
/// Somebody has written this one since.
const CHANGED: i64 = 2;

impl Rows {
    fn new(filling: &Filling<'_>, matching: &Matching<'_>, columns: &[&LostColumn<'_>]) -> Rows {
        let (lost, values) = (filling.lost, &filling.values);
        let table = quote_ident(&lost.table.name);
        let empty = Vec::new();
        let key: &Key<'_> = matching.key.unwrap_or(&empty);
        let carried: &[_] = if matching.rowid.is_some() { &lost.carried } else { &[] };
        let mut read: Vec<String> = key.iter().map(|(column, _)| quote_ident(&column.name)).collect();
        let rowid_at = read.len();
        read.extend(matching.rowid.map(str::to_owned));
        let carried_at = read.len();
        read.extend(carried.iter().map(|(column, _)| quote_ident(&column.name)));
        let lost_at = read.len();
        read.extend(columns.iter().map(|column| quote_ident(&column.info.name)));
        let conversions: Vec<(&LostColumn<'_>, &Conversion)> = columns
            .iter()
            .filter_map(|column| match &column.was {
                Was::Converted(conversion) => Some((*column, conversion)),
                _ => None,
            })
            .collect();
        let number = read.len() + 2 * conversions.len();
        let param = |at: usize| values.param(at, number);
        let mut converted_at = read.len();
        let (mut finds, mut sets, mut left) = (Vec::new(), Vec::new(), Vec::new());
        for (at, column) in columns.iter().enumerate() {
            let (name, value) = (quote_ident(&column.info.name), param(lost_at + at));
            let Was::Converted(_) = &column.was else {
                finds.push(format!("{RESTORE}, {name} IS NOT NULL"));
                sets.push(format!("{name} = {value}"));
                continue;
            };
            let (there, back) = (param(converted_at), param(converted_at + 1));
            converted_at += 2;
            let is = |value: &str| format!("{name} IS {value} COLLATE BINARY");
            let untouched = format!("{} OR {}", is(&back), is(&there));
            let state = format!(
                "CASE WHEN {} THEN 0 WHEN {untouched} THEN {RESTORE} WHEN {name} IS NULL THEN 0 ELSE {CHANGED} END",
                same(&name, &value)
            );
            left.push(format!("({} OR {untouched})", is(&value)));
            sets.push(format!("{name} = CASE {state} WHEN {RESTORE} THEN {value} ELSE {name} END"));
            finds.push(format!("{state}, {name} IS NOT NULL"));
        }
        let statements = |found: String| Statements {
            find: format!("SELECT {} FROM main.{table} WHERE {found}", finds.join(", ")),
            // A conflict clause of the table would take other rows away.
            write: format!("UPDATE OR ABORT main.{table} SET {} WHERE {found}", sets.join(", ")),
        };
        let by_key: Vec<String> = key
            .iter()
            .enumerate()
            .map(|(at, (column, collation))| {
                let collation =
                    collation.map(|name| format!(" COLLATE {}", quote_ident(name))).unwrap_or_default();
                format!("{} = {}{collation}", quote_ident(&column.name), param(at))
            })
            .collect();
        let by_rowid = matching.rowid.map(|rowid| {
            let mut found = vec![format!("{rowid} = {}", param(rowid_at))];
            for (at, (column, _)) in carried.iter().enumerate() {
                found.push(same(&quote_ident(&column.name), &param(carried_at + at)));
            }
            found.extend(left.iter().cloned());
            found.join(" AND ")
        });
        Rows {
            read: values.query(number, &filling.then(&read, &conversions)),
            key: (!key.is_empty()).then(|| (key.len(), statements(by_key.join(" AND ")))),
            rowid: by_rowid.map(statements),
            columns: columns.len(),
        }
    }

    /// Gives back how many rows were found.
    fn bring_back(&self, filling: &Filling<'_>, found: &mut [Found]) -> rusqlite::Result<u64> {
        let conn = filling.conn;
        let prepare = |statements: &Statements| -> rusqlite::Result<(Statement<'_>, Statement<'_>)> {
            Ok((conn.prepare(&statements.find)?, conn.prepare(&statements.write)?))
        };
        let parts = self.key.as_ref().map_or(0, |(parts, _)| *parts);
        let mut by_key = self.key.as_ref().map(|(_, key)| prepare(key)).transpose()?;
        let mut by_rowid = self.rowid.as_ref().map(prepare).transpose()?;
        let mut read = filling.backup.prepare(&self.read)?;
        let mut rows = read.query([])?;
        let mut matched = 0;
        while let Some(row) = rows.next()? {
            let mut values = (0..parts).map(|at| row.get_ref(at));
            let whole =
                values.try_fold(true, |whole, value| value.map(|value| whole && value != ValueRef::Null))?;
            let statements = if whole { by_key.as_mut().or(by_rowid.as_mut()) } else { by_rowid.as_mut() };
            let Some((find, write)) = statements else { continue };
            bind(find, row)?;
            let mut states = find.raw_query();
            let Some(state) = states.next()? else { continue };
            matched += 1;
            let mut restores = false;
            for (at, found) in found.iter_mut().enumerate().take(self.columns) {
                let (what, held): (i64, bool) = (state.get(2 * at)?, state.get(2 * at + 1)?);
                found.restored += u64::from(what == RESTORE);
                found.changed += u64::from(what == CHANGED);
                found.held += u64::from(held);
                restores |= what == RESTORE;
            }
            drop(states);
            if restores {
                bind(write, row)?;
                write.raw_execute()?;
            }
        }
        Ok(matched)
    }
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
