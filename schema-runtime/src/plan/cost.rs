//! What a plan costs before it runs: the time of each statement, check and proof by the rows and bytes that it goes over.
//!
//! Times are those of a machine of the present day whose page cache holds the file; what this machine, disk and program need
//! beside them is learnt from the database's own history ([`Pace`](super::Pace)). The commit is not counted, nor is the backup.
//!
//! | what | nanoseconds a row | a byte | measured on |
//! | --- | --- | --- | --- |
//! | count of rows | 10 | | `SELECT count(*)`, with and without an index |
//! | scan: `SET NOT NULL`, `ADD CHECK`, a query over the rows | 26 | 0.26 | rows of 25, 90 and 560 bytes |
//! | `quick_check` | 50, and 25 for each index | 0.7 | the same, with none to three indexes |
//! | `foreign_key_check`, for each key | 45 | 0.15 | parents of 10 and of a million rows |
//! | query for orphans / duplicates / values of a type | 110 / 260 / 25, and a scan | | checks before `REFERENCES`, `UNIQUE`, `STRICT` |
//! | rows written in place | 420 | 1.5 | a backfill; a third of it where a condition chooses rows |
//! | `DROP COLUMN` | 120 | 3 | the same tables |
//! | rows copied | 160 | 2.6 | rebuilds |
//! | a key kept while rows are written | 350, out of order 900 | | UNIQUE in a rebuild |
//! | index built | 150, and 160 for a text, times log2(rows) / 20, and a scan | | keys of a number, a text, both |
//! | table or index dropped | 5 | 0.35 | |
//! | full-text index filled | 600 | 16 | FTS5 over a short text |
//! | a run, whatever the rows: 0.75 ms, 0.13 ms for each table that changes, 0.012 ms for each of the schema | | | a column into each of 10, 100 and 1,000 tables |
//!
//! They are half as much again as a machine takes that does nothing else: one that is shared takes twice as long and more.
//!
//! Source: `benches`, the program `methods` (SQLite 3.54, WAL and rollback journal, 100,000 and 1,000,000 rows); its README has the
//! command. The same run shows each estimate beside the time that the change took.

use std::collections::HashSet;

use schema_sql::{eq_name, fold};

use super::order::Request;
use super::{Check, CheckKind, Cost, Method, Step, TableFacts, TableProof, proofs};
use crate::catalog::{Affinity, IndexInfo, Lookup, TableInfo, affinity};
use crate::diff::Change;

/// The time that something takes: nanoseconds a row, and picoseconds a byte.
#[derive(Clone, Copy)]
struct Rate {
    row: u64,
    byte: u64,
}

const fn rate(row: u64, byte: u64) -> Rate {
    Rate { row, byte }
}

const COUNT: Rate = rate(10, 0);
const SCAN: Rate = rate(26, 260);
const PAGES: Rate = rate(50, 700);
const PAGES_OF_INDEX: Rate = rate(25, 0);
const REFERENCES: Rate = rate(45, 150);
const ORPHANS: Rate = rate(110, 0);
const DUPLICATES: Rate = rate(260, 0);
const TYPES: Rate = rate(25, 0);
const WRITE: Rate = rate(420, 1_500);
const DROP_COLUMN: Rate = rate(120, 3_000);
const COPY: Rate = rate(160, 2_600);
const KEY_IN_ORDER: Rate = rate(350, 0);
const KEY: Rate = rate(900, 0);
const INDEX: Rate = rate(150, 0);
const INDEX_OF_TEXT: Rate = rate(160, 0);
const DROP: Rate = rate(5, 350);
const DROP_INDEX: Rate = rate(12, 0);
const FULL_TEXT: Rate = rate(600, 16_000);

/// The rehearsal and what else a run of steps takes whatever the rows are, nanoseconds; for each table that a step changes, which
/// the scratch copy holds as well; and for each that is there, which is read and compared.
const RUN: u64 = 750_000;
const RUN_TABLE: u64 = 130_000;
const READ_TABLE: u64 = 12_000;
/// Each ALTER makes SQLite read the whole schema again: nanoseconds for each table in it.
const PARSE_TABLE: u64 = 2_000;

/// Nanoseconds in a millisecond.
const MILLI: u64 = 1_000_000;

impl Rate {
    fn of(self, facts: TableFacts) -> u64 {
        let rows = self.row.saturating_mul(facts.rows);
        rows.saturating_add((self.byte / 100).saturating_mul(facts.bytes) / 10)
    }
}

/// A table as the estimate sees it.
#[derive(Clone, Copy)]
pub(super) struct Load<'a> {
    pub(super) facts: TableFacts,
    /// The table as the step leaves it; `None` for what is no table.
    pub(super) table: Option<&'a TableInfo>,
    /// How many tables there are.
    pub(super) tables: u64,
}

/// What the statements of a step cost, without its checks and proofs.
pub(super) fn of_statements(sql: &[String], method: Method, load: Load<'_>) -> Cost {
    let facts = if method == Method::Catalog { TableFacts::default() } else { load.facts };
    let disk = match method {
        Method::Catalog => 0,
        Method::Scan => {
            (facts.bytes / 4).saturating_mul(sql.iter().filter(|sql| builds_index(sql)).count() as u64)
        }
        Method::Update => facts.bytes,
        Method::Rebuild => facts.bytes.saturating_mul(2),
    };
    Cost { rows: facts.rows, bytes: facts.bytes, ms: nanos(sql, method, load).div_ceil(MILLI), disk }
}

fn nanos(sql: &[String], method: Method, load: Load<'_>) -> u64 {
    sql.iter().map(|sql| statement(sql, method, load)).fold(0, u64::saturating_add)
}

fn builds_index(sql: &str) -> bool {
    sql.starts_with("CREATE INDEX") || sql.starts_with("CREATE UNIQUE INDEX") || sql.starts_with("REINDEX")
}

fn statement(sql: &str, method: Method, load: Load<'_>) -> u64 {
    let facts = load.facts;
    let parse = PARSE_TABLE.saturating_mul(load.tables);
    let mut words = sql.split_ascii_whitespace();
    match (words.next().unwrap_or_default(), words.next().unwrap_or_default()) {
        ("ALTER", _) => parse.saturating_add(match method {
            Method::Scan if sql.contains(" ADD COLUMN ") => PAGES.of(facts),
            Method::Scan => SCAN.of(facts),
            Method::Update if sql.contains(" DROP COLUMN ") => DROP_COLUMN.of(facts),
            _ => 0,
        }),
        ("UPDATE", "main.sqlite_sequence") | ("INSERT", _) if sql.contains(" main.sqlite_sequence ") => 0,
        ("UPDATE", _) => update(sql, load),
        ("INSERT", _) if sql.ends_with("VALUES ('rebuild')") => FULL_TEXT.of(facts),
        ("INSERT", _) => COPY.of(facts).saturating_add(load.table.map_or(0, |table| keys(table, facts))),
        ("CREATE", "INDEX" | "UNIQUE") => {
            let index = load.table.and_then(|table| {
                table.indexes.iter().find(|index| super::order::in_main(&index.sql) == sql)
            });
            build(index, load)
        }
        ("REINDEX", _) => reindex(sql, load),
        ("DROP", "TABLE") => DROP.of(facts),
        ("DROP", "INDEX") => DROP_INDEX.of(facts),
        _ => 0,
    }
}

/// Rows written in place, all of them or those that a condition chooses: nobody has counted these, so a third is taken. An index
/// on what is written is kept up.
fn update(sql: &str, load: Load<'_>) -> u64 {
    let share = if sql.contains(" WHERE ") { 3 } else { 1 };
    let assigned = sql.split_once(" SET ").and_then(|(_, rest)| rest.split_once(" = ")).map(|(name, _)| name);
    let indexes = load.table.iter().flat_map(|table| &table.indexes);
    let kept = indexes.filter(|index| assigned.is_some_and(|name| names(index, name))).count() as u64;
    let written = WRITE.of(load.facts).saturating_add(KEY.of(load.facts).saturating_mul(kept));
    SCAN.of(load.facts).saturating_add(written / share)
}

fn names(index: &IndexInfo, column: &str) -> bool {
    super::table::names(&index.sql, column.trim_matches('"'))
}

/// The keys that are kept while rows are copied: all but the rowid.
fn keys(table: &TableInfo, facts: TableFacts) -> u64 {
    let first = |terms: &[crate::catalog::KeyTermInfo]| {
        let in_order = terms.first().is_some_and(|term| table.is_rowid_alias(&term.column));
        if in_order { KEY_IN_ORDER } else { KEY }
    };
    let primary = table.primary_key.iter().filter(|key| !key.rowid_alias && !table.without_rowid);
    let primary = primary.map(|key| first(&key.terms).of(facts));
    let uniques = table.uniques.iter().map(|unique| first(&unique.terms).of(facts));
    primary.chain(uniques).fold(0, u64::saturating_add)
}

/// The rows are read, their keys sorted and written.
fn build(index: Option<&IndexInfo>, load: Load<'_>) -> u64 {
    let texts = load.table.zip(index).map_or(0, |(table, index)| {
        let text = |column: &str| {
            let column = table.column(column);
            column.is_none_or(|column| affinity(&column.type_name, table.strict) == Affinity::Text)
        };
        index.terms.iter().filter(|term| term.is_expr || text(&term.term)).count() as u64
    });
    let sorted = INDEX.of(load.facts).saturating_add(INDEX_OF_TEXT.of(load.facts).saturating_mul(texts));
    let depth = u64::from(u64::BITS - load.facts.rows.leading_zeros());
    // A condition leaves rows out; how many, nobody has counted.
    let share = if index.is_some_and(|index| index.filter.is_some()) { 3 } else { 1 };
    SCAN.of(load.facts).saturating_add(sorted / 20 * depth / share)
}

/// One index, or all of a table.
fn reindex(sql: &str, load: Load<'_>) -> u64 {
    let Some(table) = load.table else { return 0 };
    let one = table
        .indexes
        .iter()
        .find(|index| sql == format!("REINDEX main.{}", schema_sql::quote_ident(&index.name)));
    match one {
        Some(index) => build(Some(index), load),
        None => {
            let unnamed = table.uniques.len()
                + usize::from(table.primary_key.as_ref().is_some_and(|key| !key.rowid_alias));
            let named = table.indexes.iter().map(|index| build(Some(index), load));
            let unnamed =
                (0..unnamed).map(|_| build(None, load).saturating_add(INDEX_OF_TEXT.of(load.facts)));
            named.chain(unnamed).fold(0, u64::saturating_add)
        }
    }
}

fn check(check: &Check, facts: TableFacts) -> u64 {
    let more = match check.kind {
        CheckKind::Unique => DUPLICATES,
        CheckKind::ForeignKey => ORPHANS,
        CheckKind::Strict | CheckKind::Conversion => TYPES,
        CheckKind::NotNull | CheckKind::Empty | CheckKind::Check => rate(0, 0),
    };
    SCAN.of(facts).saturating_add(more.of(facts))
}

/// Gives every step its cost, with what a run spends beside the statements: the checks before them, the rehearsal, and the proofs
/// afterwards. All of it at the pace that the database's history tells.
pub(super) fn complete(
    steps: &mut [Step],
    request: &Request<'_>,
    (live, target): (&Lookup<'_>, &Lookup<'_>),
) {
    let tables = request.target.tables.len() as u64;
    let of_table = |name: &str| request.facts.of(request.renames.old_table(name));
    let load = |step: &Step| {
        // A full-text index is as large as what it indexes; an index that is dropped belongs to its table.
        let content = request.target.virtual_table(&step.object).and_then(|index| index.content());
        let dropped = step.changes.first().filter(|change| matches!(change, Change::DropIndex { .. }));
        let name = content.as_deref().or(dropped.map(Change::table)).unwrap_or(&step.object);
        let facts = of_table(name);
        Load { facts, table: target.table(&step.object), tables }
    };
    let mut times: Vec<u64> = steps
        .iter()
        .map(|step| {
            // What holds for the text alone asks nothing of the rows: SQLite sees that the condition is the same for all.
            let asked = step.checks.iter().filter(|_| step.method != Method::Catalog);
            let checks = asked.map(|found| check(found, of_table(&step.object)));
            checks.fold(nanos(&step.sql, step.method, load(step)), u64::saturating_add)
        })
        .collect();
    if let Some(first) = times.first_mut() {
        let objects: HashSet<String> = steps.iter().map(|step| fold(&step.object)).collect();
        let tried = RUN_TABLE.saturating_mul(objects.len() as u64);
        *first = first.saturating_add(RUN + READ_TABLE.saturating_mul(tables)).saturating_add(tried);
    }
    let before = |name: &str| live.table(name);
    for proof in proofs(steps, &before, request.target, false) {
        let on = |step: &Step| {
            let changed = || step.changes.iter().any(|change| eq_name(change.table(), &proof.table));
            eq_name(&step.object, &proof.table) || changed()
        };
        let at = steps.iter().rposition(on).unwrap_or(0);
        if let (Some(time), Some(table)) = (times.get_mut(at), target.table(&proof.table)) {
            let before = before(&table.name).map_or(0, |table| table.foreign_keys.len());
            *time = time.saturating_add(proved(&proof, table, before, of_table(&table.name)));
        }
    }
    // Rounded as a whole, or a thousand short steps would last a second.
    let (mut sum, mut rounded) = (0_u64, 0);
    for (step, time) in steps.iter_mut().zip(times) {
        step.cost = of_statements(&step.sql, step.method, load(step));
        sum = sum.saturating_add(request.facts.pace.scale(time));
        let ms = sum.div_ceil(MILLI);
        step.cost.ms = ms - rounded;
        rounded = ms;
    }
}

/// The proofs of one table, which had `before` foreign keys.
fn proved(proof: &TableProof, table: &TableInfo, before: usize, facts: TableFacts) -> u64 {
    let keys = (before + table.foreign_keys.len()) as u64;
    let indexes = (table.indexes.len() + table.uniques.len()) as u64;
    let count = if proof.count { COUNT.of(facts).saturating_mul(2) } else { 0 };
    let references = if proof.references { REFERENCES.of(facts).saturating_mul(keys) } else { 0 };
    let pages = if proof.pages {
        PAGES.of(facts).saturating_add(PAGES_OF_INDEX.of(facts).saturating_mul(indexes))
    } else {
        0
    };
    count.saturating_add(references).saturating_add(pages)
}
