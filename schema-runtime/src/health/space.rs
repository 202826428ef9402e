//! Findings H6: free pages, statistics, indexes that nobody needs or that are missing, and numbers that run out.

use rusqlite::{Connection, OptionalExtension};
use schema_sql::{eq_name, quote_ident};

use super::{Exam, FindingCode};
use crate::catalog::{Catalog, ForeignKeyInfo, IndexInfo, TableInfo, Texts};
use crate::connection::SqliteResult;
use crate::error::{ErrorKind, Result};

/// A table with fewer rows is read in no time, with or without an index.
const LARGE: i64 = 1_000;

/// Fewer free bytes are not worth a VACUUM.
const FREE: u64 = 1 << 20;

/// Fewer numbers than these are near the end.
const LEFT: i64 = 1_000_000_000;

/// Statistics of more rows are not counted again: it would take longer than the rest of the look.
const COUNTED: i64 = 100_000;

pub(super) fn look(exam: &mut Exam<'_>, catalog: &Catalog) -> Result<()> {
    let file = &exam.health.file;
    let free = file.free_pages.saturating_mul(file.page_size);
    if free >= FREE && file.free_pages.saturating_mul(4) >= file.pages {
        let mut line = format!("{} of {} pages are free, {free} bytes", file.free_pages, file.pages);
        if file.auto_vacuum == "incremental" {
            line.push_str("; `PRAGMA incremental_vacuum` gives them back");
        }
        exam.find(FindingCode::FreePages, vec![line]);
    }
    let mut found = Found::default();
    for table in &catalog.tables {
        match look_at_table(exam.conn, table, &mut found) {
            Err(error) if error.kind() == ErrorKind::Missing => {
                exam.unregistered.push(format!("`{}`: {}", table.name, super::said(&error)));
            }
            result => result?,
        }
    }
    let statistics = old_statistics(exam.conn, &found.large)?;
    exam.find(FindingCode::Statistics, statistics);
    exam.find(FindingCode::RedundantIndexes, found.redundant);
    exam.find(FindingCode::KeyWithoutIndex, found.without);
    exam.find(FindingCode::IdsEnd, found.ends);
    Ok(())
}

#[derive(Default)]
struct Found<'t> {
    redundant: Vec<String>,
    without: Vec<String>,
    ends: Vec<String>,
    /// Large tables with indexes.
    large: Vec<&'t TableInfo>,
}

fn look_at_table<'t>(conn: &Connection, table: &'t TableInfo, found: &mut Found<'t>) -> Result<()> {
    found.redundant.extend(redundant_indexes(table));
    found.ends.extend(near_the_end(conn, table)?);
    let indexed = !table.indexes.is_empty() || !table.uniques.is_empty();
    let keys: Vec<&ForeignKeyInfo> =
        table.foreign_keys.iter().filter(|key| !has_index(table, &key.columns)).collect();
    if (!indexed && keys.is_empty()) || !has_rows(conn, table, LARGE)? {
        return Ok(());
    }
    let line = |key: &&ForeignKeyInfo| {
        format!("`{}` ({}) refers to `{}`", table.name, key.columns.join(", "), key.table)
    };
    found.without.extend(keys.iter().map(line));
    if indexed {
        found.large.push(table);
    }
    Ok(())
}

/// Whether the table has at least so many rows; reads no more than those.
fn has_rows(conn: &Connection, table: &TableInfo, rows: i64) -> Result<bool> {
    let sql = format!("SELECT 1 FROM main.{} LIMIT 1 OFFSET ?1", quote_ident(&table.name));
    let found = conn.query_row(&sql, [rows - 1], |_| Ok(())).optional();
    Ok(found.at(|| format!("cannot read `{}`", table.name))?.is_some())
}

/// Large tables with indexes that were never analysed, or had less than a tenth of their rows then.
fn old_statistics(conn: &Connection, large: &[&TableInfo]) -> Result<Vec<String>> {
    let what = || "cannot read the statistics".to_owned();
    let sql = "SELECT count(*) FROM main.sqlite_schema WHERE name = 'sqlite_stat1'";
    let exist = conn.query_row(sql, [], |row| row.get::<_, i64>(0)).at(what)? > 0;
    let mut found = Vec::new();
    for table in large {
        // The first number of each row is how many rows the table had.
        let sql = "SELECT max(CAST(stat AS INTEGER)) FROM main.sqlite_stat1 WHERE tbl = ?1 COLLATE NOCASE";
        let known: Option<i64> =
            if exist { conn.query_row(sql, [&table.name], |row| row.get(0)).at(what)? } else { None };
        match known {
            None => found.push(format!("`{}` was never analysed", table.name)),
            Some(rows) if rows < COUNTED => {
                let limit = rows.saturating_mul(10).max(LARGE);
                if has_rows(conn, table, limit)? {
                    found.push(format!("`{}` had {rows} rows and has {limit} or more", table.name));
                }
            }
            Some(_) => {}
        }
    }
    Ok(found)
}

/// A key or index as the order that it gives.
struct Order<'t> {
    name: String,
    terms: Vec<Term<'t>>,
    unique: bool,
    filter: Option<&'t str>,
}

struct Term<'t> {
    text: &'t str,
    is_expr: bool,
    collation: &'t str,
    desc: bool,
}

/// The collating sequence that counts: the term's own, else the column's.
fn collation<'t>(table: &'t TableInfo, column: &str, own: Option<&'t str>) -> &'t str {
    own.or_else(|| table.column(column)?.collation.as_deref()).unwrap_or("BINARY")
}

fn of_index<'t>(table: &'t TableInfo, index: &'t IndexInfo) -> Order<'t> {
    let term = |term: &'t crate::catalog::IndexTermInfo| Term {
        text: &term.term,
        is_expr: term.is_expr,
        collation: collation(table, &term.term, term.collation.as_deref()),
        desc: term.desc,
    };
    Order {
        name: format!("index `{}`", index.name),
        terms: index.terms.iter().map(term).collect(),
        unique: index.unique,
        filter: index.filter.as_deref(),
    }
}

/// Primary key and UNIQUE constraints, which have an index of their own or are the table's own order.
fn of_constraints(table: &TableInfo) -> Vec<Order<'_>> {
    let key = table.primary_key.iter().map(|key| ("the primary key".to_owned(), &key.terms));
    let uniques = table.uniques.iter().map(|unique| {
        let columns: Vec<&str> = unique.terms.iter().map(|term| term.column.as_str()).collect();
        (format!("UNIQUE ({})", columns.join(", ")), &unique.terms)
    });
    key.chain(uniques)
        .map(|(name, terms)| Order {
            name,
            terms: terms
                .iter()
                .map(|term| Term {
                    text: &term.column,
                    is_expr: false,
                    collation: collation(table, &term.column, term.collation.as_deref()),
                    desc: term.desc,
                })
                .collect(),
            unique: true,
            filter: None,
        })
        .collect()
}

/// Indexes that are the beginning of another index or key, or the same as one. Of two that are the same the later one counts.
fn redundant_indexes(table: &TableInfo) -> Vec<String> {
    let texts = Texts::of([table]);
    let same_term = |a: &Term<'_>, b: &Term<'_>| {
        let same = if a.is_expr { texts.same_expr(a.text, b.text) } else { eq_name(a.text, b.text) };
        same && a.is_expr == b.is_expr && eq_name(a.collation, b.collation) && a.desc == b.desc
    };
    let same_filter = |a: Option<&str>, b: Option<&str>| match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => texts.same_expr(a, b),
        _ => false,
    };
    let keys = of_constraints(table);
    let indexes: Vec<Order<'_>> = table.indexes.iter().map(|index| of_index(table, index)).collect();
    let mut found = Vec::new();
    for (at, index) in indexes.iter().enumerate() {
        let begins = |other: &&Order<'_>| {
            other.terms.len() >= index.terms.len()
                && index.terms.iter().zip(&other.terms).all(|(a, b)| same_term(a, b))
                && same_filter(index.filter, other.filter)
        };
        // A unique index is a rule: only the same rule does what it does.
        let does = |other: &&Order<'_>| {
            begins(other) && (!index.unique || (other.unique && other.terms.len() == index.terms.len()))
        };
        let others = indexes.iter().enumerate().filter(|(place, other)| {
            let equal = other.terms.len() == index.terms.len() && other.unique == index.unique;
            *place != at && (!equal || *place < at)
        });
        let by = keys.iter().chain(others.map(|(_, other)| other)).find(does);
        if let Some(by) = by {
            let how = if by.terms.len() == index.terms.len() { "the same as" } else { "the beginning of" };
            found.push(format!("{} of `{}` is {how} {}", index.name, table.name, by.name));
        }
    }
    found
}

/// Whether an index, or a key, begins with one of the columns.
fn has_index(table: &TableInfo, columns: &[String]) -> bool {
    let indexes = table.indexes.iter().map(|index| of_index(table, index));
    of_constraints(table).into_iter().chain(indexes).any(|order| {
        let first = order.terms.first().filter(|term| !term.is_expr);
        first.is_some_and(|term| columns.iter().any(|column| eq_name(column, term.text)))
    })
}

/// Row numbers that leave little room: SQLite takes free ones at random after the last, and with AUTOINCREMENT refuses.
fn near_the_end(conn: &Connection, table: &TableInfo) -> Result<Option<String>> {
    let rowid = ["rowid", "_rowid_", "oid"].into_iter().find(|name| table.column(name).is_none());
    let Some(rowid) = rowid.filter(|_| !table.without_rowid) else { return Ok(None) };
    let what = || format!("cannot read the last row number of `{}`", table.name);
    let sql = format!("SELECT max({rowid}) FROM main.{}", quote_ident(&table.name));
    let mut last: Option<i64> = conn.query_row(&sql, [], |row| row.get(0)).at(what)?;
    if table.autoincrement() {
        let sql = "SELECT max(seq) FROM main.sqlite_sequence WHERE name = ?1 COLLATE NOCASE";
        last = last.max(conn.query_row(sql, [&table.name], |row| row.get(0)).at(what)?);
    }
    let left = last.map_or(i64::MAX, |last| i64::MAX.saturating_sub(last));
    if left >= LEFT {
        return Ok(None);
    }
    let then = if table.autoincrement() { "then inserts fail" } else { "then numbers are taken at random" };
    Ok(Some(format!("`{}` has {left} numbers left above its largest; {then}", table.name)))
}
