//! Findings H2: what the schema holds that does not work, or not as it reads.

use rusqlite::Connection;
use schema_sql::{TokenKind, eq_name, significant};

use super::{Exam, FindingCode, count};
use crate::broken::{self, is_unregistered};
use crate::catalog::{Catalog, TableInfo};
use crate::connection::{self, SqliteResult};
use crate::error::Result;

pub(super) fn look(exam: &mut Exam<'_>, catalog: &Catalog) -> Result<()> {
    let conn = exam.conn;
    let facts = &mut exam.health.schema;
    facts.tables = count(catalog.tables.len());
    facts.indexes = catalog.tables.iter().map(|table| count(table.indexes.len())).sum();
    facts.views = count(catalog.views.len());
    facts.triggers = count(catalog.triggers.len());
    facts.virtual_tables = count(catalog.virtual_tables.len());
    facts.bytes = text_bytes(conn)?;
    let opaque =
        catalog.opaque.iter().map(|object| format!("{} `{}`: {}", object.kind, object.name, object.reason));
    exam.find(FindingCode::Opaque, opaque.collect());
    exam.find(FindingCode::QuotedStrings, catalog.tables.iter().flat_map(quoted_strings).collect());
    let scratch = || connection::scratch(Some(conn), exam.check.hook.as_ref());
    let mut broken = Vec::new();
    for (kind, name, reason) in broken::find(&scratch, catalog)?.iter() {
        let line = format!("{kind} `{name}`: {reason}");
        // A program that registers it on its own connections can use the object.
        if is_unregistered(reason) { exam.unregistered.push(line) } else { broken.push(line) }
    }
    exam.find(FindingCode::Broken, broken);
    Ok(())
}

fn text_bytes(conn: &Connection) -> Result<u64> {
    let sql = "SELECT coalesce(sum(length(CAST(sql AS BLOB))), 0) FROM main.sqlite_schema";
    let bytes: i64 =
        conn.query_row(sql, [], |row| row.get(0)).at(|| "cannot read the stored texts".to_owned())?;
    Ok(bytes.unsigned_abs())
}

/// Words in double quotes that name no column, in the expressions of a table, where nothing but its columns can be named. Defaults are
/// left out: no column can be meant there.
///
/// SQLite: <https://www.sqlite.org/quirks.html>, section 8.
fn quoted_strings(table: &TableInfo) -> Vec<String> {
    let checks = table.checks.iter().map(|check| ("a CHECK".to_owned(), check.expr.as_str()));
    let generated = table.columns.iter().filter_map(|column| {
        Some((format!("column `{}`", column.name), column.generated.as_ref()?.expr.as_str()))
    });
    let indexes = table.indexes.iter().flat_map(|index| {
        let terms = index.terms.iter().filter(|term| term.is_expr).map(|term| term.term.as_str());
        terms.chain(index.filter.as_deref()).map(|expr| (format!("index `{}`", index.name), expr))
    });
    let mut found = Vec::new();
    for (place, expr) in checks.chain(generated).chain(indexes) {
        for word in strings_of(expr, table) {
            let line = format!("{place} of `{}`: {word}", table.name);
            if !found.contains(&line) {
                found.push(line);
            }
        }
    }
    found
}

fn strings_of(expr: &str, table: &TableInfo) -> Vec<String> {
    let Ok(tokens) = significant(expr) else { return Vec::new() };
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if token.kind != TokenKind::QuotedId || !token.text.starts_with('"') {
            continue;
        }
        let Some(name) = token.ident() else { continue };
        let before = at.checked_sub(1).and_then(|at| tokens.get(at));
        let after = tokens.get(at + 1);
        // Names of collations, types, functions and tables.
        let other = before
            .is_some_and(|token| token.is_word("COLLATE") || token.is_word("AS") || token.is_op("."))
            || after.is_some_and(|token| token.is_op("(") || token.is_op("."));
        let column = table.column(&name).is_some()
            || ["rowid", "oid", "_rowid_", "true", "false"].iter().any(|word| eq_name(word, &name));
        if !other && !column {
            found.push(token.text.to_owned());
        }
    }
    found
}
