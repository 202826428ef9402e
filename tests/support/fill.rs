//! Rows for any schema: such as satisfy its constraints and are hard on whoever copies them.

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use schema_runtime::{Catalog, ColumnInfo, TableInfo};
use schema_sql::{TokenKind, eq_name, idents, quote_ident, significant};

use super::carry::affinity;
use super::dice::Dice;
use super::memory;

/// How many rows a table is tried for, for each that it shall have.
const ATTEMPTS: u64 = 24;

/// Fills every table with this many rows; returns the names of those that have fewer.
pub fn fill(conn: &Connection, dice: &mut Dice, count: u64) -> Vec<String> {
    let catalog = memory::catalog(conn);
    // A row at a time: a deferred key is then held against each. A key to nothing would keep every row out.
    let dangles = catalog.tables.iter().flat_map(|table| &table.foreign_keys);
    let dangles = dangles.into_iter().any(|key| catalog.table(&key.table).is_none());
    let enforced = if dangles { "OFF" } else { "ON" };
    conn.execute_batch(&format!("PRAGMA foreign_keys = {enforced}")).expect("a pragma");
    let mut short: Vec<(&TableInfo, u64)> =
        in_order(&catalog).into_iter().map(|table| (table, count)).collect();
    // A trigger may want rows of a table that comes later.
    for round in 0..3 {
        for (table, missing) in &mut short {
            *missing -= Filler::new(conn, &catalog, table).fill(dice, *missing, round * count * ATTEMPTS);
        }
        short.retain(|(_, missing)| *missing > 0);
    }
    short.into_iter().map(|(table, _)| table.name.clone()).collect()
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
}

impl<'a> Filler<'a> {
    fn new(conn: &'a Connection, catalog: &'a Catalog, table: &'a TableInfo) -> Filler<'a> {
        let columns: Vec<&ColumnInfo> =
            table.columns.iter().filter(|column| column.generated.is_none()).collect();
        let literals = columns.iter().map(|column| literals(table, &column.name)).collect();
        Filler { conn, table, catalog, columns, literals }
    }

    /// Makes so many rows, or fewer; `first` is the number of the first attempt.
    fn fill(&self, dice: &mut Dice, count: u64, first: u64) -> u64 {
        let rowid = memory::hidden_rowid(self.table);
        let mut names: Vec<String> = self.columns.iter().map(|column| quote_ident(&column.name)).collect();
        names.extend(rowid.map(str::to_owned));
        let marks = vec!["?"; names.len()].join(", ");
        let sql = format!(
            "INSERT INTO main.{} ({}) VALUES ({marks})",
            quote_ident(&self.table.name),
            names.join(", ")
        );
        let Ok(mut insert) = self.conn.prepare(&sql) else { return 0 };
        let (mut made, mut parents) = (0, self.parents());
        for attempt in 0..count * ATTEMPTS {
            if made == count {
                break;
            }
            // Other tables' triggers may have put rows here already.
            let calm = attempt > count * 3;
            let number = first + attempt;
            let mut values = self.row(dice, number + 1, calm, &parents);
            if rowid.is_some() {
                values.push(Value::Integer(i64::try_from(number * 3 + 5).expect("small")));
            }
            if insert.execute(params_from_iter(values)).is_ok_and(|rows| rows == 1) {
                made += 1;
                if made == 4 {
                    parents = self.parents();
                }
            }
        }
        made
    }

    fn parents(&self) -> Parents {
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
            let rows = statement.query_map([], |row| (0..width).map(|at| row.get::<_, Value>(at)).collect());
            let rows = rows.expect("rows").filter_map(Result::ok).collect();
            parents.push((key.columns.clone(), rows));
        }
        parents
    }

    fn row(&self, dice: &mut Dice, number: u64, calm: bool, parents: &Parents) -> Vec<Value> {
        let mut values: Vec<Value> =
            (0..self.columns.len()).map(|at| self.value(dice, at, number, calm)).collect();
        for (columns, rows) in parents {
            let at = |name: &String| self.columns.iter().position(|column| eq_name(&column.name, name));
            let row = if rows.is_empty() { None } else { Some(&rows[dice.at(rows.len())]) };
            // A key with a NULL in it refers to nothing, whatever its other columns hold.
            let nullable = columns.iter().any(|name| self.nullable(name));
            let row = row.filter(|_| !(nullable && dice.one_in(if calm { 2 } else { 5 })));
            for (place, name) in columns.iter().enumerate() {
                let Some(at) = at(name) else { continue };
                match row {
                    Some(row) => values[at] = row.get(place).cloned().unwrap_or(Value::Null),
                    None if self.nullable(name) => values[at] = Value::Null,
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

    fn value(&self, dice: &mut Dice, at: usize, number: u64, calm: bool) -> Value {
        let (column, literals) = (self.columns[at], &self.literals[at]);
        let n = i64::try_from(number).expect("small");
        if column.not_null.is_none() && !self.table.is_rowid_alias(&column.name) && dice.one_in(6) {
            return Value::Null;
        }
        // Of five calm ones four.
        if !literals.is_empty() && (dice.one_in(4) || (calm && !dice.one_in(4))) {
            let value = &literals[dice.at(literals.len())];
            if !self.table.strict || fits(value, affinity(column, self.table)) {
                return value.clone();
            }
        }
        let kind = affinity(column, self.table);
        let rough = !self.table.strict && !calm && !self.table.in_primary_key(&column.name) && dice.one_in(8);
        match if rough || kind >= 4 { u8::try_from(dice.roll(4)).expect("small") } else { kind } {
            1 => integer(dice, n),
            2 => text(dice, n),
            3 => real(dice, n),
            _ => blob(dice, n),
        }
    }
}

fn fits(value: &Value, affinity: u8) -> bool {
    match value {
        Value::Integer(_) => matches!(affinity, 1 | 3 | 4 | 5),
        Value::Text(_) => matches!(affinity, 2 | 4 | 5),
        Value::Real(_) => matches!(affinity, 3 | 5),
        _ => affinity != 0,
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
        _ => f64::from(i32::try_from(n).expect("small")) + 0.5,
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
                            let long = usize::try_from(number).expect("small");
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
