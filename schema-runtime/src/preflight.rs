//! The live rows, held against every rule that the plan is about to tighten, before anything is changed.

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use schema_sql::{eq_name, quote_ident};

use crate::catalog::{Catalog, TableInfo, reason};
use crate::connection::SqliteResult;
use crate::defect::defects;
use crate::error::{Error, ErrorKind, Result};
use crate::plan::{Check, CheckKind, Facts, HazardCode, Plan, TableFacts, rowid_name};
use crate::sqlite_error::kind_of;

/// A consent to a hazard: its code, everywhere or on one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Consent {
    pub(crate) code: HazardCode,
    /// `table` or `table.column`; `None` consents on every object.
    pub(crate) object: Option<String>,
}

impl Consent {
    /// Reads `L103` or `L103=table.column`.
    pub(crate) fn parse(text: &str) -> Option<Consent> {
        let (code, object) = match text.split_once('=') {
            Some((code, object)) => (code, Some(object.trim().to_owned())),
            None => (text, None),
        };
        Some(Consent { code: HazardCode::from_code(code.trim())?, object })
    }

    /// As it was read.
    pub(crate) fn text(&self) -> String {
        match &self.object {
            Some(object) => format!("{}={object}", self.code.code()),
            None => self.code.code().to_owned(),
        }
    }

    pub(crate) fn covers(&self, code: HazardCode, object: &str) -> bool {
        self.code == code && self.object.as_deref().is_none_or(|mine| eq_name(mine, object))
    }
}

/// Whether each table has rows; of those that `sized` names, also about how many and how large they are, read off the ids and the
/// file's size. To count them would read every row of a table whose text alone changes: see [`count_rows`].
pub(crate) fn facts(conn: &Connection, live: &Catalog, sized: &dyn Fn(&str) -> bool) -> Result<Facts> {
    let defensive = conn.db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE).unwrap_or(false);
    let sqlite = crate::connection::sqlite_version();
    let mode: String = conn
        .query_row("PRAGMA main.journal_mode", [], |row| row.get(0))
        .at(|| "cannot read the journal mode".to_owned())?;
    let defects = defects(sqlite, mode.eq_ignore_ascii_case("wal"), false);
    let mut facts = Facts { sqlite, defensive, defects, ..Facts::default() };
    for table in &live.tables {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM main.{})", quote_ident(&table.name));
        let any: bool = conn.query_row(&sql, [], |row| row.get(0)).at(|| cannot_read(table))?;
        let mark = if table.autoincrement() { high_water_mark(conn, &table.name)? } else { 0 };
        let mut found = TableFacts { mark, rows: u64::from(any), bytes: 0, about: any };
        if any && sized(&table.name) {
            let mean = row_bytes(conn, table)?;
            found.rows = rows_at_most(conn, table, mean)?;
            found.bytes = mean.saturating_mul(found.rows);
        }
        facts.tables.insert(schema_sql::fold(&table.name), found);
    }
    Ok(facts)
}

/// Counts the rows of a table that a step reads or writes, which [`facts`] has only bounded.
pub(crate) fn count_rows(conn: &Connection, table: &TableInfo, facts: &mut Facts) -> Result<()> {
    let found = facts.tables.entry(schema_sql::fold(&table.name)).or_default();
    let sql = format!("SELECT count(*) FROM main.{}", quote_ident(&table.name));
    let rows: i64 = conn.query_row(&sql, [], |row| row.get(0)).at(|| cannot_read(table))?;
    found.rows = rows.unsigned_abs();
    found.bytes = if rows > 0 { row_bytes(conn, table)?.saturating_mul(found.rows) } else { 0 };
    found.about = false;
    Ok(())
}

fn cannot_read(table: &TableInfo) -> String {
    format!("cannot read table `{}`", table.name)
}

/// The most rows that a table which is not empty can have: as many as its ids go, and as fit into the file.
fn rows_at_most(conn: &Connection, table: &TableInfo, mean: u64) -> Result<u64> {
    let pragma = |name: &str| -> Result<u64> {
        let number: i64 =
            conn.query_row(&format!("PRAGMA main.{name}"), [], |row| row.get(0)).at(|| cannot_read(table))?;
        Ok(number.unsigned_abs())
    };
    let fit = pragma("page_count")?.saturating_mul(pragma("page_size")?) / mean.max(1);
    let Some(rowid) = rowid_name(table) else { return Ok(fit.max(1)) };
    let name = quote_ident(&table.name);
    // Each of the two alone is one step into the tree.
    let sql =
        format!("SELECT (SELECT max({rowid}) FROM main.{name}), (SELECT min({rowid}) FROM main.{name})");
    let (last, first): (i64, i64) =
        conn.query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?))).at(|| cannot_read(table))?;
    Ok(fit.min(last.abs_diff(first).saturating_add(1)).max(1))
}

/// The largest id that AUTOINCREMENT has given out. SQLite: <https://www.sqlite.org/autoinc.html>.
fn high_water_mark(conn: &Connection, table: &str) -> Result<i64> {
    let sql = "SELECT CAST(coalesce(max(seq), 0) AS INTEGER) FROM main.sqlite_sequence WHERE name = ?1";
    conn.query_row(sql, [table], |row| row.get(0))
        .at(|| format!("cannot read the high-water mark of `{table}`"))
}

/// The mean size of twenty rows, half of them the newest, and at least 8 bytes: it is for an estimate.
fn row_bytes(conn: &Connection, table: &TableInfo) -> Result<u64> {
    // The length of a blob is in the row's head; of a text it has to be counted.
    let columns: Vec<String> = table
        .columns
        .iter()
        .filter(|column| column.generated.is_none())
        .map(|column| {
            let name = quote_ident(&column.name);
            format!(
                "CASE typeof({name}) WHEN 'blob' THEN length({name}) WHEN 'text' THEN length(CAST({name} AS BLOB)) \
                 WHEN 'real' THEN 8 WHEN 'integer' THEN 4 ELSE 0 END"
            )
        })
        .collect();
    if columns.is_empty() {
        return Ok(8);
    }
    let name = quote_ident(&table.name);
    let rows = |order: &str| {
        format!(
            "SELECT * FROM (SELECT {} + 8 AS bytes FROM main.{name} NOT INDEXED{order} LIMIT 10)",
            sum(&columns)
        )
    };
    let newest = rowid_name(table).map(|rowid| rows(&format!(" ORDER BY {rowid} DESC")));
    let both: Vec<String> = std::iter::once(rows("")).chain(newest).collect();
    let sql = format!("SELECT avg(bytes) FROM ({})", both.join(" UNION ALL "));
    let mean: Option<f64> = conn.query_row(&sql, [], |row| row.get(0)).at(|| cannot_read(table))?;
    Ok(mean.unwrap_or(8.0).max(8.0) as u64)
}

/// The terms added up, halves first: SQLite takes an expression of no more than 1,000 levels.
///
/// SQLite: <https://www.sqlite.org/limits.html>, item 4.
fn sum(terms: &[String]) -> String {
    match terms {
        [] => "0".to_owned(),
        [term] => term.clone(),
        _ => {
            let (first, last) = terms.split_at(terms.len() / 2);
            format!("({} + {})", sum(first), sum(last))
        }
    }
}

/// A check that cannot run before the change, since its SQL reads what the same change makes.
#[derive(Debug)]
pub(crate) struct Unready {
    object: String,
    reason: String,
}

impl Unready {
    /// The refusal: SQLite itself would not notice a row at fault.
    pub(crate) fn refusal(&self) -> Error {
        Error::new(
            ErrorKind::Model,
            format!("the rows of `{}` cannot be checked before the change", self.object),
        )
        .cause(self.reason.clone())
        .state("nothing was changed")
        .help("its `convert` or `backfill` reads what the same change makes: do that in a version before")
    }
}

enum Found {
    Nothing,
    /// What is wrong, with the number of rows.
    Rows(String),
    /// The query names something that is not there yet.
    Unready(String),
}

/// Whether SQLite refuses a row that breaks the rule when the step runs.
fn is_enforced(kind: CheckKind) -> bool {
    matches!(
        kind,
        CheckKind::NotNull | CheckKind::Unique | CheckKind::Check | CheckKind::ForeignKey | CheckKind::Strict
    )
}

/// Runs every check of the plan, or those of the table `only`. Returned are checks that could not run and that nothing else
/// stands in for.
///
/// # Errors
/// `Data`, with a cause for each check that found rows: how many, and the first few; nothing is changed.
pub(crate) fn preflight(
    conn: &Connection,
    plan: &Plan,
    only: Option<&str>,
    consents: &[Consent],
) -> Result<Vec<Unready>> {
    let mut faults: Vec<(String, &Check)> = Vec::new();
    let mut unready = Vec::new();
    let steps = plan.steps.iter().filter(|step| only.is_none_or(|table| eq_name(&step.object, table)));
    for check in steps.flat_map(|step| step.checks.iter()) {
        let consented =
            check.code.is_loss() && consents.iter().any(|consent| consent.covers(check.code, &check.object));
        if consented {
            continue;
        }
        match find(conn, check)? {
            Found::Nothing => {}
            Found::Rows(text) => faults.push((text, check)),
            Found::Unready(reason) if !is_enforced(check.kind) => {
                unready.push(Unready { object: check.object.clone(), reason });
            }
            Found::Unready(_) => {}
        }
    }
    let Some((_, first)) = faults.first() else { return Ok(unready) };
    let help = first.help.clone();
    let mut error = Error::new(ErrorKind::Data, "rows of the database stand in the way of the change");
    for (text, _) in &faults {
        error = error.cause(text.clone());
    }
    Err(error.state("nothing was changed").help(help))
}

/// The rows that fail `check`, in words; `None` where there are none, or where what it reads is not there.
pub(crate) fn failing(conn: &Connection, check: &Check) -> Result<Option<String>> {
    Ok(match find(conn, check)? {
        Found::Rows(text) => Some(text),
        Found::Nothing | Found::Unready(_) => None,
    })
}

/// The fault in words, with the number of rows and the first three of them.
fn find(conn: &Connection, check: &Check) -> Result<Found> {
    let what = || format!("cannot check the rows of `{}` ({})", check.object, check.kind);
    let mut statement = match conn.prepare(&check.query) {
        Ok(statement) => statement,
        Err(err) => {
            let text = reason(&err, &check.query);
            if text.starts_with("no such table") || text.starts_with("no such column") {
                return Ok(Found::Unready(text));
            }
            return Err(err).at(what);
        }
    };
    let mut rows = statement.query([]).at(what)?;
    let mut count: u64 = 0;
    let mut samples: Vec<String> = Vec::new();
    loop {
        let row = match rows.next() {
            Ok(Some(row)) => row,
            Ok(None) => break,
            // A function fails at the row's values: that of an index or CHECK would as well.
            Err(err) if kind_of(&err) == ErrorKind::Sqlite => {
                let reason = reason(&err, &check.query);
                return Ok(Found::Rows(format!("SQLite cannot tell which {}: {reason}", check.fault)));
            }
            Err(err) => return Err(err).at(what),
        };
        count += 1;
        if samples.len() < 3 {
            samples.push(match row.get_ref(0).at(what)? {
                ValueRef::Null => "?".to_owned(),
                ValueRef::Integer(rowid) => rowid.to_string(),
                ValueRef::Real(number) => number.to_string(),
                ValueRef::Text(text) => format!("'{}'", String::from_utf8_lossy(text)),
                ValueRef::Blob(bytes) => format!("a blob of {} bytes", bytes.len()),
            });
        }
    }
    if count == 0 {
        return Ok(Found::Nothing);
    }
    let first = if count == 1 { "rowid or key" } else { "first rowids or keys" };
    Ok(Found::Rows(format!("{}: {count} ({first}: {})", check.fault, samples.join(", "))))
}
