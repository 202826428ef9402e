//! Names, types and expressions.

use schema_sql::{eq_name, fold, is_reserved, quoted_texts};

use super::Fault;
use crate::catalog::{Affinity, ColumnInfo, TableInfo, affinity, name_sql};
use crate::descriptor::{ColumnDescriptor, Schema, SqlType};
use crate::plan::HazardCode;

/// A column whose declared type does not keep what its Rust type writes: the table, the column, and why.
pub(super) struct Mistyped {
    table: &'static str,
    column: &'static str,
    text: String,
}

pub(super) fn of_table(table: &TableInfo, typed: &[Mistyped], found: &mut Vec<Fault>) {
    let name = &table.name;
    if let Some(why) = taken(name) {
        found.push(Fault::of_table(HazardCode::ReservedName, name, why));
    }
    for column in &table.columns {
        let own = || vec![column.name.clone()];
        if let Some(why) = taken(&column.name) {
            found.push(Fault::of_columns(HazardCode::ReservedName, name, own(), why));
        }
        let is = |it: &&Mistyped| eq_name(it.table, name) && eq_name(it.column, &column.name);
        let why = typed.iter().find(is).map(|it| it.text.clone());
        if let Some(why) = why.or_else(|| surprise(table, column)) {
            found.push(Fault::of_columns(HazardCode::Affinity, name, own(), why));
        }
        if let Some(generated) = &column.generated {
            for text in texts(&generated.expr, table) {
                found.push(Fault::of_columns(HazardCode::UnknownColumn, name, own(), text));
            }
        }
    }
    for text in table.checks.iter().flat_map(|check| texts(&check.expr, table)) {
        found.push(Fault::of_table(HazardCode::UnknownColumn, name, text));
    }
    for index in &table.indexes {
        let terms = index.terms.iter().filter(|term| term.is_expr).map(|term| &term.term);
        for text in terms.chain(&index.filter).flat_map(|expr| texts(expr, table)) {
            found.push(Fault::of_index(HazardCode::UnknownColumn, name, &index.name, text));
        }
    }
}

/// Why a name has to be quoted wherever it stands.
fn taken(name: &str) -> Option<String> {
    let values = ["CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP"];
    if is_reserved(name) {
        Some(format!("{name} is a word of SQL, and a name only in quotes"))
    } else if values.iter().any(|value| value.eq_ignore_ascii_case(name)) {
        Some(format!("{name} without quotes is the time, and not the column"))
    } else {
        None
    }
}

/// What is said of each double-quoted word in `expr` that is a text, since it is no column.
fn texts(expr: &str, table: &TableInfo) -> Vec<String> {
    let known = |name: &str| {
        table.column(name).is_some() || ["rowid", "oid", "_rowid_"].iter().any(|it| eq_name(it, name))
    };
    let said = |word: &String| {
        format!(
            "\"{}\" in `{expr}` is no column of {}, so that SQLite takes it for a text",
            word.replace('"', "\"\""),
            name_sql(&table.name)
        )
    };
    quoted_texts(expr, &known).iter().map(said).collect()
}

/// What the name of a type promises and its affinity does not keep.
///
/// SQLite: <https://www.sqlite.org/datatype3.html>, section 3.1.
fn surprise(table: &TableInfo, column: &ColumnInfo) -> Option<String> {
    let type_name = column.type_name.as_str();
    if table.strict || type_name.is_empty() {
        return None;
    }
    match affinity(type_name, false) {
        Affinity::Integer if !words(type_name).any(|word| is_integer(&word)) => Some(format!(
            "{type_name} has INTEGER affinity, since INT is in it: what looks like a number is stored as one"
        )),
        Affinity::Numeric if !words(type_name).any(|word| is_numeric(&word)) => Some(format!(
            "{type_name} has NUMERIC affinity: a text that looks like a number is stored as one, '007' as 7"
        )),
        _ => None,
    }
}

fn words(type_name: &str) -> impl Iterator<Item = String> {
    // What stands in parentheses is a length, or the list of an ENUM.
    let plain = type_name.split('(').next().unwrap_or_default();
    plain.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).map(fold)
}

/// `int`, `integer`, `bigint`, `uint8`, `int4` and so on.
fn is_integer(word: &str) -> bool {
    let word = word.trim_end_matches(|c: char| c.is_ascii_digit());
    let Some(front) = word.strip_suffix("integer").or_else(|| word.strip_suffix("int")) else { return false };
    [
        "", "u", "tiny", "small", "medium", "big", "long", "short", "utiny", "usmall", "ubig", "huge",
        "uhuge", "var",
    ]
    .contains(&front)
}

/// What people know as numbers, as times, or as bytes, which no affinity changes.
fn is_numeric(word: &str) -> bool {
    const KNOWN: [&str; 25] = [
        "numeric",
        "decimal",
        "dec",
        "number",
        "fixed",
        "money",
        "smallmoney",
        "currency",
        "bool",
        "boolean",
        "bit",
        "date",
        "datetime",
        "datetime2",
        "time",
        "timetz",
        "timestamp",
        "timestamptz",
        "year",
        "binary",
        "varbinary",
        "bytea",
        "serial",
        "long",
        "short",
    ];
    KNOWN.contains(&word)
}

/// The columns of a program whose `type = "…"` changes what their Rust type writes.
pub(super) fn mistyped(schema: &Schema) -> Vec<Mistyped> {
    let mut found = Vec::new();
    for table in schema.tables.iter().filter(|table| !table.strict && !table.external) {
        for column in table.columns {
            if let Some(text) = changes(column) {
                found.push(Mistyped { table: table.name, column: column.name, text });
            }
        }
    }
    found
}

fn changes(column: &ColumnDescriptor) -> Option<String> {
    let type_name = column.type_name?;
    let affinity = affinity(type_name, false);
    let times = ["date", "datetime", "datetime2", "time", "timetz", "timestamp", "timestamptz"];
    let (stored, becomes) = match (column.sql_type, affinity) {
        // No time looks like a number.
        (SqlType::Text, _) if words(type_name).any(|word| times.contains(&word.as_str())) => return None,
        (SqlType::Text, Affinity::Integer | Affinity::Real | Affinity::Numeric) => {
            ("a text", "is stored as a number where it looks like one, '007' as 7")
        }
        (SqlType::Integer | SqlType::Real, Affinity::Text) => ("a number", "is stored as a text"),
        (SqlType::Integer, Affinity::Real) => ("an integer", "is stored as a float"),
        _ => return None,
    };
    let kind = match affinity {
        Affinity::Integer => "INTEGER",
        Affinity::Real => "REAL",
        Affinity::Text => "TEXT",
        _ => "NUMERIC",
    };
    Some(format!("{type_name} has {kind} affinity: {stored}, which the field writes, {becomes}"))
}
