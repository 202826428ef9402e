//! Rows for any schema: such as satisfy its constraints and are hard on whoever copies them.

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, params_from_iter};
use schema_sql::{TokenKind, eq_name, idents, quote_ident, significant};

use super::dice::Dice;
use super::rows::hidden_rowid;
use crate::catalog::{Affinity, Catalog, ColumnInfo, TableInfo, affinity};
use crate::connection::SqliteResult;
use crate::error::Result;

/// How many rows a table is tried for, for each that it shall have.
const ATTEMPTS: u64 = 24;

/// Puts `rows` rows into each table of `catalog`, which is that of `conn` or a part of it, and returns the names of the tables that have
/// fewer: values that a CHECK wants are found by trying.
///
/// The rows are invented: numbers, texts and bytes as `dice` fall, among them NULL where it may be, and what a CHECK compares the column
/// with. Constraints, foreign keys and triggers hold for each, so it is SQLite that says whether a row fits. Foreign keys are on afterwards,
/// or off where the schema has one that refers to no table. The same dice give the same rows.
///
/// ```
/// use schema_runtime::{Catalog, rusqlite::Connection, testing};
///
/// let conn = Connection::open_in_memory()?;
/// conn.execute_batch(
///     "CREATE TABLE list (id INTEGER PRIMARY KEY, state TEXT NOT NULL CHECK (state IN ('open', 'closed')));
///      CREATE TABLE task (list_id INTEGER NOT NULL REFERENCES list (id), title TEXT UNIQUE)",
/// )?;
/// let short = testing::fill(&conn, &Catalog::read(&conn)?, &mut testing::Dice::new(1), 20)?;
/// assert!(short.is_empty());
/// let tasks: i64 = conn.query_row("SELECT count(*) FROM task JOIN list ON list_id = list.id", [], |row| row.get(0))?;
/// assert_eq!(tasks, 20);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// `Busy`, `Io`, `Corrupt` or `Sqlite` where the database cannot be read; what was put in until then stays.
pub fn fill(conn: &Connection, catalog: &Catalog, dice: &mut Dice, rows: u64) -> Result<Vec<String>> {
    fill_tables(conn, catalog, dice, (rows, false))
}

/// As [`fill`], and some values are of another class than their column's, as SQLite allows outside of STRICT tables: texts among numbers, for
/// example. Programs seldom write such, and those who copy rows have to keep them.
///
/// # Errors
/// As [`fill`].
pub fn fill_roughly(conn: &Connection, catalog: &Catalog, dice: &mut Dice, rows: u64) -> Result<Vec<String>> {
    fill_tables(conn, catalog, dice, (rows, true))
}

fn fill_tables(
    conn: &Connection,
    catalog: &Catalog,
    dice: &mut Dice,
    (rows, rough): (u64, bool),
) -> Result<Vec<String>> {
    // A row at a time: a deferred key is then held against each. A key to nothing would keep every row out.
    let mut keys = catalog.tables.iter().flat_map(|table| &table.foreign_keys);
    let dangles = keys.any(|key| catalog.table(&key.table).is_none());
    let enforced = if dangles { "OFF" } else { "ON" };
    conn.execute_batch(&format!("PRAGMA foreign_keys = {enforced}"))
        .at(|| "cannot set `foreign_keys`".to_owned())?;
    let mut short: Vec<(&TableInfo, u64)> =
        in_order(catalog).into_iter().map(|table| (table, rows)).collect();
    // A trigger may want rows of a table that comes later.
    for round in 0..3 {
        for (table, missing) in &mut short {
            let filler = Filler::new(conn, catalog, table, rough);
            *missing -= filler.fill(dice, *missing, round * rows * ATTEMPTS)?;
        }
        short.retain(|(_, missing)| *missing > 0);
    }
    Ok(short.into_iter().map(|(table, _)| table.name.clone()).collect())
}

/// Parents first.
fn in_order(catalog: &Catalog) -> Vec<&TableInfo> {
    fn visit<'a>(
        catalog: &'a Catalog,
        table: &'a TableInfo,
        done: &mut Vec<&'a TableInfo>,
        open: &mut Vec<&'a str>,
    ) {
        if open.contains(&table.name.as_str()) {
            return;
        }
        open.push(&table.name);
        for key in &table.foreign_keys {
            if let Some(parent) = catalog.table(&key.table) {
                visit(catalog, parent, done, open);
            }
        }
        done.push(table);
    }
    let (mut done, mut open) = (Vec::new(), Vec::new());
    for table in &catalog.tables {
        visit(catalog, table, &mut done, &mut open);
    }
    done
}

/// Parents' keys that a row can refer to: for each foreign key its columns, and the rows of the parent's.
type Parents = Vec<(Vec<String>, Vec<Vec<Value>>)>;

struct Filler<'a> {
    conn: &'a Connection,
    table: &'a TableInfo,
    catalog: &'a Catalog,
    columns: Vec<&'a ColumnInfo>,
    /// What its CHECKs compare each of the columns with.
    literals: Vec<Vec<Value>>,
    /// Whether values may be of another class than their column's.
    rough: bool,
}

impl<'a> Filler<'a> {
    fn new(conn: &'a Connection, catalog: &'a Catalog, table: &'a TableInfo, rough: bool) -> Filler<'a> {
        let columns: Vec<&ColumnInfo> =
            table.columns.iter().filter(|column| column.generated.is_none()).collect();
        let literals = columns.iter().map(|column| literals(table, &column.name)).collect();
        Filler { conn, table, catalog, columns, literals, rough }
    }

    /// Makes so many rows, or fewer; `first` is the number of the first attempt.
    fn fill(&self, dice: &mut Dice, count: u64, first: u64) -> Result<u64> {
        let rowid = hidden_rowid(self.table);
        let mut names: Vec<String> = self.columns.iter().map(|column| quote_ident(&column.name)).collect();
        names.extend(rowid.map(str::to_owned));
        let marks = vec!["?"; names.len()].join(", ");
        let sql = format!(
            "INSERT INTO main.{} ({}) VALUES ({marks})",
            quote_ident(&self.table.name),
            names.join(", ")
        );
        let Ok(mut insert) = self.conn.prepare(&sql) else { return Ok(0) };
        let (mut made, mut parents) = (0, self.parents()?);
        for attempt in 0..count * ATTEMPTS {
            if made == count {
                break;
            }
            // Other tables' triggers may have put rows here already.
            let calm = attempt > count * 3;
            let number = first + attempt;
            let mut values = self.row(dice, number + 1, calm, &parents);
            if rowid.is_some() {
                values.push(Value::Integer(signed(number * 3 + 5)));
            }
            if insert.execute(params_from_iter(values)).is_ok_and(|rows| rows == 1) {
                made += 1;
                if made == 4 {
                    parents = self.parents()?;
                }
            }
        }
        Ok(made)
    }

    fn parents(&self) -> Result<Parents> {
        let mut parents = Vec::new();
        for key in &self.table.foreign_keys {
            let Some(parent) = self.catalog.table(&key.table) else { continue };
            let to: Vec<String> = if key.to.is_empty() {
                let terms = parent.primary_key.as_ref().map(|key| key.terms.as_slice()).unwrap_or_default();
                terms.iter().map(|term| quote_ident(&term.column)).collect()
            } else {
                key.to.iter().map(|name| quote_ident(name)).collect()
            };
            let query = format!("SELECT {} FROM main.{} LIMIT 60", to.join(", "), quote_ident(&parent.name));
            let Ok(mut statement) = self.conn.prepare(&query) else { continue };
            let width = to.len();
            // A text that is no UTF-8 is no key that could be written.
            let rows =
                statement.query_map([], |row| (0..width).map(|at| row.get_ref(at).map(owned)).collect());
            let rows = rows.at(|| format!("cannot read `{}`", parent.name))?;
            let keys = rows.filter_map(|row| row.ok().and_then(|row: Vec<_>| row.into_iter().collect()));
            parents.push((key.columns.clone(), keys.collect()));
        }
        Ok(parents)
    }

    fn row(&self, dice: &mut Dice, number: u64, calm: bool, parents: &Parents) -> Vec<Value> {
        let mut values: Vec<Value> = self
            .columns
            .iter()
            .zip(&self.literals)
            .map(|column| self.value(dice, column, number, calm))
            .collect();
        for (columns, rows) in parents {
            let at = |name: &String| self.columns.iter().position(|column| eq_name(&column.name, name));
            let row = if rows.is_empty() { None } else { rows.get(dice.at(rows.len())) };
            // A key with a NULL in it refers to nothing, whatever its other columns hold.
            let nullable = columns.iter().any(|name| self.nullable(name));
            let row = row.filter(|_| !(nullable && dice.one_in(if calm { 2 } else { 5 })));
            for (place, name) in columns.iter().enumerate() {
                let Some(at) = at(name) else { continue };
                let Some(value) = values.get_mut(at) else { continue };
                match row {
                    Some(row) => *value = row.get(place).cloned().unwrap_or(Value::Null),
                    None if self.nullable(name) => *value = Value::Null,
                    None => {}
                }
            }
        }
        values
    }

    fn nullable(&self, name: &str) -> bool {
        self.table.column(name).is_some_and(|column| column.not_null.is_none())
            && !self.table.in_primary_key(name)
    }

    fn value(
        &self,
        dice: &mut Dice,
        (column, literals): (&&ColumnInfo, &Vec<Value>),
        number: u64,
        calm: bool,
    ) -> Value {
        let n = signed(number);
        let kind = affinity(&column.type_name, self.table.strict);
        if column.not_null.is_none() && !self.table.is_rowid_alias(&column.name) && dice.one_in(6) {
            return Value::Null;
        }
        // Of five calm ones four.
        if !literals.is_empty() && (dice.one_in(4) || (calm && !dice.one_in(4))) {
            if let Some(value) = literals.get(dice.at(literals.len())) {
                if !self.table.strict || fits(value, kind) {
                    return value.clone();
                }
            }
        }
        use Affinity as A;
        let rough = self.rough
            && !self.table.strict
            && !calm
            && !self.table.in_primary_key(&column.name)
            && dice.one_in(8);
        let any = [A::Blob, A::Integer, A::Text, A::Real];
        let kinds = match kind {
            _ if rough => any.as_slice(),
            A::Any => any.as_slice(),
            A::Numeric if self.rough => any.as_slice(),
            A::Numeric => &[A::Integer, A::Real],
            _ => &[],
        };
        let kind =
            if kinds.is_empty() { kind } else { kinds.get(dice.at(kinds.len())).copied().unwrap_or(kind) };
        match kind {
            Affinity::Integer => integer(dice, n),
            Affinity::Text => text(dice, n),
            Affinity::Real => real(dice, n),
            _ => blob(dice, n),
        }
    }
}

/// `None` for a text that is no UTF-8.
fn owned(value: ValueRef<'_>) -> Option<Value> {
    Some(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Real(number),
        ValueRef::Text(text) => Value::Text(std::str::from_utf8(text).ok()?.to_owned()),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_owned()),
    })
}

/// Numbers of rows are far below the largest.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn fits(value: &Value, affinity: Affinity) -> bool {
    use Affinity as A;
    match value {
        Value::Integer(_) => matches!(affinity, A::Integer | A::Real | A::Numeric | A::Any),
        Value::Text(_) => matches!(affinity, A::Text | A::Numeric | A::Any),
        Value::Real(_) => matches!(affinity, A::Real | A::Any),
        _ => affinity != A::Blob,
    }
}

fn integer(dice: &mut Dice, n: i64) -> Value {
    Value::Integer(match dice.roll(10) {
        0 => 0,
        1 => 1,
        2 => -3,
        3 => 9_007_199_254_740_993,
        4 => 7,
        _ => n,
    })
}

fn real(dice: &mut Dice, n: i64) -> Value {
    Value::Real(match dice.roll(6) {
        0 => 5.0,
        1 => -0.25,
        2 => 1e300,
        _ => f64::from(i32::try_from(n).unwrap_or(i32::MAX)) + 0.5,
    })
}

fn text(dice: &mut Dice, n: i64) -> Value {
    let fixed = [
        "x",
        "X",
        "12",
        "1e3",
        "",
        " 7",
        "0012",
        "9007199254740993",
        "5.0",
        "{\"a\": [1]}",
        "é'\"\n;--",
        "2024-02-29 12:00:00",
    ];
    Value::Text(if dice.one_in(2) { dice.pick(&fixed).to_owned() } else { format!("k{n}") })
}

fn blob(dice: &mut Dice, n: i64) -> Value {
    Value::Blob(match dice.roll(5) {
        0 => vec![0x31],
        1 => vec![0, 0xff, 0x7c],
        2 => Vec::new(),
        _ => n.to_be_bytes().to_vec(),
    })
}

/// Strings and numbers in the CHECKs that name the column: what they want is often one of them, or as long.
fn literals(table: &TableInfo, column: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let names = |expr: &str| idents(expr).unwrap_or_default().iter().any(|name| eq_name(name, column));
    for check in table.checks.iter().filter(|check| names(&check.expr)) {
        for token in significant(&check.expr).unwrap_or_default() {
            let text = token.text;
            match token.kind {
                TokenKind::Str => {
                    found.push(Value::Text(text.trim_matches('\'').replace("''", "'")));
                }
                TokenKind::Number => {
                    if let Ok(number) = text.parse::<i64>() {
                        found.extend([number - 1, number, number + 1].map(Value::Integer));
                        if check.expr.to_ascii_lowercase().contains("length") && (1..100).contains(&number) {
                            let long = usize::try_from(number).unwrap_or(1);
                            found.push(Value::Text("a".repeat(long)));
                            found.push(Value::Blob(vec![7; long]));
                        }
                    }
                }
                _ => {}
            }
        }
        if check.expr.to_ascii_lowercase().contains("json") {
            found.extend(["{\"a\": 1}", "[1, 2]"].map(|text| Value::Text(text.to_owned())));
        }
    }
    found
}
