//! The rows of a table, read to be compared with those of another database.

use std::collections::BTreeMap;

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use schema_sql::{eq_name, quote_ident, quote_str};

use crate::catalog::{ColumnInfo, TableInfo};
use crate::connection::SqliteResult;
use crate::error::Result;

/// So many differences are named.
const NAMED: usize = 3;

/// A name of the rowid that is no column.
fn rowid(table: &TableInfo) -> Option<&'static str> {
    if table.without_rowid {
        return None;
    }
    ["rowid", "_rowid_", "oid"].into_iter().find(|name| table.column(name).is_none())
}

/// The same, where no column is another name of the rowid.
pub(super) fn hidden_rowid(table: &TableInfo) -> Option<&'static str> {
    rowid(table).filter(|_| alias(table).is_none())
}

/// The column that is the rowid.
fn alias(table: &TableInfo) -> Option<&ColumnInfo> {
    table.columns.iter().find(|column| table.is_rowid_alias(&column.name))
}

/// A column in two databases.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    /// Its name at the start.
    pub(super) old: String,
    /// Its name now.
    pub(super) new: String,
    /// Whether another type may hold its values in another form.
    pub(super) altered: bool,
    /// Whether NULLs of the start may hold something now.
    pub(super) filled: bool,
}

/// A table in two databases, with the columns that both have.
pub(super) struct Pair<'t> {
    pub(super) old: &'t TableInfo,
    pub(super) new: &'t TableInfo,
    pub(super) columns: Vec<Kept>,
    /// Whether a row has its rowid still, where no column is that.
    pub(super) rowids: bool,
}

/// What is not as it was.
#[derive(Debug, Default)]
pub(super) struct Differences {
    /// Rows that are there no longer, or came; and what is another value, by column.
    pub(super) rows: Vec<String>,
    /// By the column's name at the start.
    pub(super) values: Vec<(String, String)>,
}

impl Differences {
    pub(super) fn all(self) -> Vec<String> {
        self.rows.into_iter().chain(self.values.into_iter().map(|(_, text)| text)).collect()
    }
}

impl Pair<'_> {
    /// Compares all rows, each with that of the same key.
    ///
    /// # Errors
    /// As reading.
    pub(super) fn compare(&self, before: &Connection, after: &Connection) -> Result<Differences> {
        let (old_key, new_key) = self.key();
        let sources = [Source::of(before, &self.old.name), Source::of(after, &self.new.name)];
        compare(&self.old.name, sources, [old_key, new_key], &self.columns)
    }

    /// What tells a row from others, at the start and now: the rowid or the key, whichever both have. Nothing where they share neither: rows are
    /// then told apart by their content.
    fn key(&self) -> (Vec<String>, Vec<String>) {
        let (old, new) = (self.old, self.new);
        let one = |old: &str, new: &str| (vec![old.to_owned()], vec![new.to_owned()]);
        // An alias that was a column takes its values; one that is new takes the rowid.
        if let Some(alias) = alias(new) {
            match (self.then(&alias.name), rowid(old)) {
                (Some(kept), _) => return one(&quote_ident(&kept.old), &quote_ident(&kept.new)),
                (None, Some(rowid)) => return one(rowid, &quote_ident(&alias.name)),
                (None, None) => {}
            }
        }
        if let (Some(rowid), Some(other), None, true) = (rowid(old), rowid(new), alias(new), self.rowids) {
            return one(rowid, other);
        }
        let of_new = terms(new).map(|name| self.then(name)).collect::<Option<Vec<&Kept>>>();
        let of_old = terms(old).map(|name| self.now(name)).collect::<Option<Vec<&Kept>>>();
        let kept = [of_new, of_old].into_iter().flatten().find(|kept| !kept.is_empty()).unwrap_or_default();
        kept.iter().map(|kept| (quote_ident(&kept.old), quote_ident(&kept.new))).unzip()
    }

    /// What became of the column that had this name at the start.
    fn now(&self, old: &str) -> Option<&Kept> {
        self.columns.iter().find(|kept| eq_name(&kept.old, old))
    }

    /// What the column was that has this name now.
    fn then(&self, new: &str) -> Option<&Kept> {
        self.columns.iter().find(|kept| eq_name(&kept.new, new))
    }
}

/// Something in a database that has rows.
pub(super) struct Source<'s> {
    conn: &'s Connection,
    schema: &'static str,
    name: &'s str,
}

impl<'s> Source<'s> {
    pub(super) fn of(conn: &'s Connection, name: &'s str) -> Source<'s> {
        Source { conn, schema: "main", name }
    }

    pub(super) fn temporary(conn: &'s Connection, name: &'s str) -> Source<'s> {
        Source { conn, schema: "temp", name }
    }
}

/// Compares the rows of before with those of after, each with that of the same key, which are terms of SQL as `columns` are names.
///
/// # Errors
/// As reading.
pub(super) fn compare(
    name: &str,
    [before, after]: [Source<'_>; 2],
    [old_key, new_key]: [Vec<String>; 2],
    columns: &[Kept],
) -> Result<Differences> {
    let names = |of: fn(&Kept) -> &String| -> Vec<String> {
        columns.iter().map(|column| quote_ident(of(column))).collect()
    };
    let was = read(name, &before, &old_key, &names(|column| &column.old))?;
    let is = read(name, &after, &new_key, &names(|column| &column.new))?;
    let mut found = Differences::default();
    let (count, now) = (total(&was), total(&is));
    // Rows of one key that have no columns beside it are told apart by their number.
    let fewer = |key: &Key, rows: &[Vec<Value>]| {
        is.get(key).is_none_or(|others| columns.is_empty() && others.len() < rows.len())
    };
    let gone: Vec<&Key> = was.iter().filter(|(key, rows)| fewer(key, rows)).map(|(key, _)| key).collect();
    if let Some(first) = gone.first() {
        let of = first_of(&old_key, first);
        found.rows.push(format!("{} of {count} rows of `{name}` are gone ({of})", gone.len()));
    } else if count != now {
        found.rows.push(format!("`{name}` had {count} rows and has {now}"));
    }
    for (at, column) in columns.iter().enumerate() {
        let mut told = Vec::new();
        let mut number = 0;
        for (key, rows) in &was {
            let others = is.get(key).map(Vec::as_slice).unwrap_or_default();
            for (row, other) in rows.iter().zip(others) {
                let (Some(was), Some(is)) = (row.get(at), other.get(at)) else { continue };
                if column.holds(was, is) {
                    continue;
                }
                number += 1;
                if told.len() < NAMED {
                    told.push(format!("{}: {} is now {}", place(&old_key, key), was.show(), is.show()));
                }
            }
        }
        if number > 0 {
            let first = told.join("; ");
            found.values.push((
                column.old.clone(),
                format!("{number} values of `{name}`.`{}` have changed ({first})", column.old),
            ));
        }
    }
    Ok(found)
}

/// The columns of the primary key.
fn terms(table: &TableInfo) -> impl Iterator<Item = &str> {
    table.primary_key.iter().flat_map(|key| &key.terms).map(|term| term.column.as_str())
}

impl Kept {
    /// One whose values stay as they are.
    pub(super) fn same(old: &str, new: &str) -> Kept {
        Kept { old: old.to_owned(), new: new.to_owned(), altered: false, filled: false }
    }

    /// Whether `is` is what `was` may have become.
    fn holds(&self, was: &Value, is: &Value) -> bool {
        was == is || (self.filled && *was == Value::Null) || (self.altered && was.text() == is.text())
    }
}

/// A value as it is stored; a text may be no UTF-8.
#[derive(PartialEq)]
enum Value {
    Null,
    Integer(i64),
    Real(f64),
    Text(Vec<u8>),
    Blob(Vec<u8>),
}

impl Value {
    fn of(value: ValueRef<'_>) -> Value {
        match value {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(number) => Value::Integer(number),
            ValueRef::Real(number) => Value::Real(number),
            ValueRef::Text(text) => Value::Text(text.to_owned()),
            ValueRef::Blob(bytes) => Value::Blob(bytes.to_owned()),
        }
    }

    /// Its text, the same for a number and a text that says it.
    fn text(&self) -> String {
        match self {
            Value::Null => "NULL".to_owned(),
            Value::Integer(number) => number.to_string(),
            Value::Real(number) => number.to_string(),
            Value::Text(text) | Value::Blob(text) => match std::str::from_utf8(text) {
                Ok(text) => match (text.trim().parse::<i64>(), text.trim().parse::<f64>()) {
                    (Ok(number), _) => number.to_string(),
                    (_, Ok(number)) if number.is_finite() => number.to_string(),
                    _ => text.to_owned(),
                },
                Err(_) => self.show(),
            },
        }
    }

    /// As SQL would write it.
    fn show(&self) -> String {
        match self {
            Value::Null => "NULL".to_owned(),
            Value::Integer(number) => number.to_string(),
            Value::Real(number) => format!("{number:?}"),
            Value::Text(text) => quote_str(&String::from_utf8_lossy(text)).replace('\n', "\\n"),
            Value::Blob(bytes) => {
                format!("x'{}'", bytes.iter().map(|byte| format!("{byte:02X}")).collect::<String>())
            }
        }
    }
}

type Key = Vec<String>;
type Rows = BTreeMap<Key, Vec<Vec<Value>>>;

/// The columns of each row by its key; rows that share one are in an order of their own.
fn read(shown: &str, source: &Source<'_>, key: &[String], columns: &[String]) -> Result<Rows> {
    let Source { conn, schema, name } = source;
    let mut terms: Vec<&str> = key.iter().chain(columns).map(String::as_str).collect();
    if terms.is_empty() {
        terms.push("1");
    }
    let sql = format!("SELECT {} FROM {schema}.{} NOT INDEXED", terms.join(", "), quote_ident(name));
    let what = || format!("cannot read the rows of `{shown}`");
    let mut statement = conn.prepare(&sql).at(what)?;
    let mut found = statement.query([]).at(what)?;
    let mut rows = Rows::new();
    while let Some(row) = found.next().at(what)? {
        let value = |at: usize| row.get_ref(at).map(Value::of).at(what);
        let key: Key = (0..key.len()).map(|at| value(at).map(|found| found.text())).collect::<Result<_>>()?;
        let values = (key.len()..key.len() + columns.len()).map(value).collect::<Result<_>>()?;
        rows.entry(key).or_default().push(values);
    }
    for shared in rows.values_mut().filter(|shared| shared.len() > 1) {
        shared.sort_by_cached_key(|row| row.iter().map(Value::text).collect::<Vec<_>>());
    }
    Ok(rows)
}

fn total(rows: &Rows) -> usize {
    rows.values().map(Vec::len).sum()
}

fn place(names: &[String], key: &[String]) -> String {
    match names {
        [] => "a row".to_owned(),
        _ => names
            .iter()
            .zip(key)
            .map(|(name, value)| format!("{} {value}", name.trim_matches('"')))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

fn first_of(names: &[String], key: &[String]) -> String {
    format!("first: {}", place(names, key))
}
