//! Columns that come back, row by row: which row of now is which of then, what is done with its value, and what is asked for.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Statement};
use schema_sql::quote_ident;

use super::asked::Asked;
use super::lost::{Column, Conversion, Key, LostColumn, LostColumns, Matching, Was};
use super::rows::{Filled, Values, bind};
use crate::catalog::{ColumnInfo, affinity};
use crate::error::{Error, ErrorKind, Result};
use crate::plan::{cast, stored};
use crate::report::RestoredRows;

/// The lost columns of one table, on their way back.
pub(super) struct Filling<'a> {
    pub(super) conn: &'a Connection,
    pub(super) backup: &'a Connection,
    pub(super) lost: &'a LostColumns<'a>,
    /// The table's name in the backup.
    pub(super) then: &'a str,
    pub(super) values: Values,
    pub(super) failed: &'a dyn Fn(rusqlite::Error) -> Error,
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
    pub(super) fn fill(&self, asked: &Asked<'_>, filled: &mut Filled) -> Result<()> {
        let table = &self.lost.table.name;
        let steady = self.steady()?;
        let is_steady = |column: &ColumnInfo| steady.contains(&column.name.as_str());
        // What comes back unchanged from there needs no bringing back; but of a one-way conversion values of since are asked for.
        let wanted = |lost: &&LostColumn<'_>| {
            lost.conversion().is_none_or(|turned| turned.is_one_way() || !is_steady(lost.column.info))
        };
        let columns: Vec<&LostColumn<'_>> = self.lost.list.iter().filter(wanted).collect();
        if columns.is_empty() {
            return Ok(());
        }
        let then = self.count(self.backup, self.then, "*")?;
        let now = self.count(self.conn, table, "*")?;
        let mut held = Vec::new();
        for lost in &columns {
            held.push(self.count(self.conn, table, &quote_ident(&lost.column.info.name))?);
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
        for ((lost, found), held) in columns.iter().zip(&found).zip(held) {
            let object = format!("{table}.{}", lost.column.info.name);
            let warning = match &lost.was {
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

    fn count(&self, conn: &Connection, table: &str, what: &str) -> Result<u64> {
        let sql = format!("SELECT count({what}) FROM main.{}", quote_ident(table));
        let count: rusqlite::Result<i64> = conn.query_row(&sql, [], |row| row.get(0));
        count.map(i64::unsigned_abs).map_err(|err| self.failed(err))
    }

    /// The converted columns of which each value of the backup comes back unchanged by itself.
    fn steady(&self) -> Result<Vec<&str>> {
        let mut steady = Vec::new();
        for (lost, conversion) in self.lost.converted() {
            let rows = self.then(&[quote_ident(lost.column.then)], &[(&lost.column, conversion)]);
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
                steady.push(lost.column.info.name.as_str());
            }
        }
        Ok(steady)
    }

    /// The rows of the backup: `columns` as `c0`, `c1`, …, and behind them, of each conversion, what was stored in between and what the
    /// undo made of that.
    fn then(&self, columns: &[String], conversions: &[(&Column<'_>, &Conversion)]) -> String {
        let mut terms: Vec<String> = Vec::new();
        terms.extend(columns.iter().enumerate().map(|(at, column)| format!("__then.{column} AS c{at}")));
        let (mut there, mut back) = (vec!["*".to_owned()], vec!["*".to_owned()]);
        for (at, (column, conversion)) in conversions.iter().enumerate() {
            let value = format!("__then.{}", quote_ident(column.then));
            let turned = match &conversion.convert {
                None => value,
                Some(convert) => format!("(SELECT ({convert}) FROM {})", self.one_row()),
            };
            let at_there = columns.len() + 2 * at;
            terms.push(format!("{turned} AS e{at}"));
            there.push(format!("{} AS c{at_there}", stored(conversion.affinity, &format!("e{at}"))));
            let strict = self.lost.table.strict;
            let own = affinity(&column.info.type_name, strict);
            let value = format!("c{at_there}");
            // As the undo stores it: STRICT takes nothing that the type does not.
            let value = if strict { cast(own, &value) } else { stored(own, &value) };
            back.push(format!("{value} AS c{}", at_there + 1));
        }
        format!(
            "(SELECT {} FROM (SELECT {} FROM (SELECT {} FROM main.{} AS __then)))",
            back.join(", "),
            there.join(", "),
            terms.join(", "),
            quote_ident(self.then)
        )
    }

    /// One row of then by the names of in between, which a `convert` uses.
    fn one_row(&self) -> String {
        let terms: Vec<String> = self
            .lost
            .all()
            .map(|column| (column.then, column.between.unwrap_or(column.then)))
            .map(|(then, between)| format!("__then.{} AS {}", quote_ident(then), quote_ident(between)))
            .collect();
        format!("(SELECT {}) AS {}", terms.join(", "), quote_ident(self.lost.between))
    }

    /// An id that the undo gave out must not stand where a true one belongs.
    fn make_way(&self, columns: &[&LostColumn<'_>]) -> Result<()> {
        let table = self.lost.table;
        let is_given = |lost: &&&LostColumn<'_>| {
            matches!(lost.was, Was::Absent { made_up: true }) && table.is_rowid_alias(&lost.column.info.name)
        };
        let Some(lost) = columns.iter().find(is_given) else { return Ok(()) };
        let (name, id) = (quote_ident(&table.name), quote_ident(&lost.column.info.name));
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
    /// How many columns the key has, whose values stand first in a row of `read`; a row with a NULL in it is found the other way.
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

/// What is asked and written of one lost column of a row that was found.
struct Term {
    /// What is to be done, and whether it holds a value.
    find: String,
    set: String,
    /// What holds of it in a row that nothing has given another content.
    left: Option<String>,
}

impl Term {
    /// The column was not there in between: `value` is that of then.
    fn absent(lost: &LostColumn<'_>, value: &str) -> Term {
        let name = quote_ident(&lost.column.info.name);
        Term { find: format!("{RESTORE}, {name} IS NOT NULL"), set: format!("{name} = {value}"), left: None }
    }

    /// It held `there` in between, of which the undo makes `back`.
    fn converted(lost: &LostColumn<'_>, value: &str, there: &str, back: &str) -> Term {
        let name = quote_ident(&lost.column.info.name);
        let is = |value: &str| format!("{name} IS {value} COLLATE BINARY");
        let untouched = format!("{} OR {}", is(back), is(there));
        // A NULL that the revision filled is no value that somebody has written.
        let filled =
            if lost.column.fills_null { format!(" WHEN {value} IS NULL THEN 0") } else { String::new() };
        let state = format!(
            "CASE WHEN {} THEN 0 WHEN {untouched} THEN {RESTORE}{filled} WHEN {name} IS NULL THEN 0 ELSE {CHANGED} END",
            same(&name, value)
        );
        Term {
            find: format!("{state}, {name} IS NOT NULL"),
            set: format!("{name} = CASE {state} WHEN {RESTORE} THEN {value} ELSE {name} END"),
            left: Some(format!("({} OR {untouched})", is(value))),
        }
    }
}

impl Rows {
    fn new(filling: &Filling<'_>, matching: &Matching<'_>, columns: &[&LostColumn<'_>]) -> Rows {
        let (lost, values) = (filling.lost, &filling.values);
        let table = quote_ident(&lost.table.name);
        let empty = Vec::new();
        let key: &Key<'_> = matching.key.unwrap_or(&empty);
        let carried: &[_] = if matching.rowid.is_some() { &lost.carried } else { &[] };
        let of_key = key.iter().filter_map(|(column, _)| lost.then(column));
        let mut read: Vec<String> = of_key.map(quote_ident).collect();
        let rowid_at = read.len();
        read.extend(matching.rowid.map(str::to_owned));
        let carried_at = read.len();
        read.extend(carried.iter().map(|column| quote_ident(column.then)));
        let lost_at = read.len();
        read.extend(columns.iter().map(|lost| quote_ident(lost.column.then)));
        // What comes back by itself tells rows apart as well.
        let steady = |lost: &&LostColumn<'_>| {
            matching.rowid.is_some() && !columns.iter().any(|column| std::ptr::eq(*column, *lost))
        };
        let steady: Vec<(&Column<'_>, &Conversion)> = lost
            .list
            .iter()
            .filter(steady)
            .filter_map(|lost| Some((&lost.column, lost.conversion()?)))
            .collect();
        let steady_at = read.len();
        read.extend(steady.iter().map(|(column, _)| quote_ident(column.then)));
        let turned = columns.iter().filter_map(|lost| Some((&lost.column, lost.conversion()?)));
        let conversions: Vec<(&Column<'_>, &Conversion)> = turned.collect();
        let number = read.len() + 2 * conversions.len();
        let param = |at: usize| values.param(at, number);
        let mut converted_at = read.len();
        let mut terms = Vec::new();
        for (at, lost) in columns.iter().enumerate() {
            let value = param(lost_at + at);
            if lost.conversion().is_none() {
                terms.push(Term::absent(lost, &value));
                continue;
            }
            terms.push(Term::converted(lost, &value, &param(converted_at), &param(converted_at + 1)));
            converted_at += 2;
        }
        let list = |of: &dyn Fn(&Term) -> String| terms.iter().map(of).collect::<Vec<_>>().join(", ");
        let statements = |found: String| Statements {
            find: format!("SELECT {} FROM main.{table} WHERE {found}", list(&|term| term.find.clone())),
            // A conflict clause of the table would take other rows away.
            write: format!(
                "UPDATE OR ABORT main.{table} SET {} WHERE {found}",
                list(&|term| term.set.clone())
            ),
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
            for (at, column) in carried.iter().enumerate() {
                found.push(same(&quote_ident(&column.info.name), &param(carried_at + at)));
            }
            for (at, (column, _)) in steady.iter().enumerate() {
                found.push(same(&quote_ident(&column.info.name), &param(steady_at + at)));
            }
            found.extend(terms.iter().filter_map(|term| term.left.clone()));
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
