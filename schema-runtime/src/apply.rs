//! The plan, applied to the user's file inside the caller's transaction, and proved there before anybody commits.
//!
//! The only writer of user tables. Begin, commit, the lock and the record belong to the front door.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use schema_sql::{fold, quote_ident};

use crate::broken::firing_statement;
use crate::catalog::{self, Catalog, Lookup, TriggerInfo};
use crate::connection::{self, Deadline, SqliteResult, sqlite_error};
use crate::creating::Creating;
use crate::diff::{Change, diff};
use crate::edit::edit;
use crate::error::{Error, ErrorKind, Result};
use crate::integrity::{IntegrityCheck, fault_of_table, is_of_rows};
use crate::plan::{CatalogEdit, Needs, Plan, Step, TableProof, proofs};
use crate::rehearse::{reason, set_needs};
use crate::rename::Renames;

/// What is applied, and to what it must lead.
pub(crate) struct Job<'a> {
    pub(crate) plan: &'a Plan,
    /// The live catalog, before any rename.
    pub(crate) start: &'a Catalog,
    pub(crate) target: &'a Catalog,
    /// What was read, from the file or a scratch database: a table with a text from there is not read once more.
    pub(crate) known: &'a [&'a Catalog],
    pub(crate) renames: &'a Renames,
    pub(crate) own: &'a [String],
    pub(crate) exact: &'a dyn Fn(&str) -> bool,
    pub(crate) integrity: IntegrityCheck,
    pub(crate) deadline: &'a Deadline<'a>,
    /// Called before each step with its number from 1.
    pub(crate) on_step: &'a mut dyn FnMut(usize, &Step),
    /// Called when all steps are done, before the result is proved.
    pub(crate) fill: Option<Fill<'a>>,
    /// The tables that it fills: until then their rows need not satisfy a CHECK, and it proves them itself.
    pub(crate) filled: &'a dyn Fn(&str) -> bool,
}

/// Writes rows that no step can know.
pub(crate) type Fill<'a> = &'a mut dyn FnMut(&Connection) -> Result<()>;

/// How long a plan took.
#[derive(Debug, Clone, Default)]
pub(crate) struct Applied {
    pub(crate) steps: Vec<Duration>,
    pub(crate) apply: Duration,
    pub(crate) verify: Duration,
    /// The catalog as it is now.
    pub(crate) reached: Catalog,
    /// Foreign-key violations that were there before and still are.
    pub(crate) old_violations: u64,
}

/// Runs every step and verifies the result. The transaction stays open; on an error the caller rolls it back.
///
/// # Errors
/// `Apply` for a statement that fails, `TimeLimit` and `Cancelled` where the run was stopped, `Verify` if the result is not
/// what was planned; others (`DiskFull`, `Io`, …) as SQLite reports them.
pub(crate) fn apply(conn: &Connection, job: &mut Job<'_>) -> Result<Applied> {
    let started = Instant::now();
    let census = Census::take(conn, job)?;
    let faults = temporary_faults(conn, job.start)?;
    let mut applied = Applied::default();
    let of = job.plan.steps.len();
    let mut creating = Creating::on_live(conn);
    for (at, step) in job.plan.steps.iter().enumerate() {
        let began = Instant::now();
        (job.on_step)(at + 1, step);
        job.deadline.check(|| format!("step {} of {of} was not begun", at + 1))?;
        let edits = job.plan.edits_from(at);
        run_step(conn, step, edits.as_deref(), job, &mut creating)
            .map_err(|err| err.context(format!("step {} of {of}, {}, failed", at + 1, step.summary())))?;
        applied.steps.push(began.elapsed());
    }
    settle(&mut creating)?;
    set_needs(conn, Needs::default())?;
    if let Some(fill) = job.fill.as_mut() {
        hold_checks(conn, true)?;
        connection::refuse_ended(conn)?;
        fill(conn)?;
    }
    connection::refuse_ended(conn)?;
    applied.apply = started.elapsed();
    let verifying = Instant::now();
    (applied.reached, applied.old_violations) = verify(conn, job, &census)?;
    for (name, fault) in temporary_faults(conn, job.target)? {
        if !faults.contains_key(&name) {
            return Err(Error::new(ErrorKind::Dependent, "the change would break what depends on it")
                .cause(format!("temporary `{name}` of this connection would not work: {fault}"))
                .help("drop it before the run and create it again afterwards"));
        }
    }
    // Behind this the record is written, which must not be committed alone either.
    connection::refuse_ended(conn)?;
    applied.verify = verifying.elapsed();
    Ok(applied)
}

/// Whether rows must satisfy CHECK rules as they are written.
///
/// SQLite: <https://www.sqlite.org/pragma.html#pragma_ignore_check_constraints>.
pub(crate) fn hold_checks(conn: &Connection, held: bool) -> Result<()> {
    let ignored = if held { "OFF" } else { "ON" };
    conn.execute_batch(&format!("PRAGMA ignore_check_constraints = {ignored}"))
        .at(|| "cannot set whether rows are held to CHECK rules".to_owned())
}

fn settle(creating: &mut Creating<'_>) -> Result<()> {
    creating.settle().at(|| "cannot put the rows of the catalog back".to_owned())
}

fn run_step(
    conn: &Connection,
    step: &Step,
    edits: Option<&[&CatalogEdit]>,
    job: &Job<'_>,
    creating: &mut Creating<'_>,
) -> Result<()> {
    // What is only asked may fail and be passed over: a foreign key that names nothing can be counted by nobody. Where SQLite
    // could not read it has ended the transaction too, and the next statement would then commit alone.
    connection::refuse_ended(conn)?;
    let temporary = temporary_triggers(conn, step)?;
    set_needs(conn, step.needs)?;
    if step.only_creates() {
        for sql in &step.sql {
            creating.run(sql).map_err(|err| statement_error(err, sql, job.deadline))?;
            connection::refuse_ended(conn)?;
        }
        return Ok(());
    }
    settle(creating)?;
    if job.fill.is_some() {
        hold_checks(conn, !(job.filled)(&step.object))?;
    }
    if let Some(edits) = edits {
        edit(conn, edits).map_err(|err| {
            let error = job.deadline.error(err, "the catalog cannot be edited".to_owned());
            if error.kind() == ErrorKind::Sqlite { error.of_kind(ErrorKind::Apply) } else { error }
        })?;
    }
    for sql in &step.sql {
        conn.execute_batch(sql).map_err(|err| statement_error(err, sql, job.deadline))?;
        connection::refuse_ended(conn)?;
    }
    follow_statistics(conn, step, edits.unwrap_or_default())?;
    for (name, sql) in temporary {
        conn.execute_batch(&sql).map_err(|err| {
            sqlite_error(err, format!("temporary trigger `{name}` of this connection cannot be put back"))
                .help("drop it before the run and create it again afterwards")
        })?;
    }
    Ok(())
}

/// The planner's statistics follow a renamed table or index: SQLite leaves them under the old name, where another may find
/// them.
fn follow_statistics(conn: &Connection, step: &Step, edits: &[&CatalogEdit]) -> Result<()> {
    let tables = step.changes.iter().filter_map(|change| match change {
        Change::RenameTable { from, to } => Some((from.as_str(), to.as_str())),
        _ => None,
    });
    follow(conn, "tbl", &tables.collect::<Vec<_>>())?;
    let indexes = edits.iter().filter_map(|edit| Some((edit.name.as_str(), edit.index.as_deref()?)));
    follow(conn, "idx", &indexes.filter(|(from, to)| from != to).collect::<Vec<_>>())
}

/// Renames in one column of the statistics.
fn follow(conn: &Connection, column: &str, renamed: &[(&str, &str)]) -> Result<()> {
    if renamed.is_empty() {
        return Ok(());
    }
    for statistics in ["sqlite_stat1", "sqlite_stat4"] {
        let what = || format!("cannot carry the statistics of `{statistics}` over");
        let there: i64 = conn
            .query_row("SELECT count(*) FROM main.sqlite_schema WHERE name = ?1", [statistics], |row| {
                row.get(0)
            })
            .at(what)?;
        if there == 0 {
            continue;
        }
        let update = format!("UPDATE main.{statistics} SET {column} = ?2 WHERE {column} = ?1");
        // Names may change places: first all to names that nothing has, then to the new ones.
        let spare = |at: usize| format!("__schema_name_{at}");
        for (at, (from, _)) in renamed.iter().enumerate() {
            conn.execute(&update, [*from, spare(at).as_str()]).at(what)?;
        }
        for (at, (_, to)) in renamed.iter().enumerate() {
            conn.execute(&update, [spare(at).as_str(), *to]).at(what)?;
        }
    }
    Ok(())
}

/// Temporary triggers that must be put back after the step. A rebuild takes them away with the old table. Where triggers are
/// off they are dropped: SQLite goes on to fire temporary ones (<https://www.sqlite.org/c3ref/c_dbconfig_defensive.html>,
/// `SQLITE_DBCONFIG_ENABLE_TRIGGER`).
fn temporary_triggers(conn: &Connection, step: &Step) -> Result<Vec<(String, String)>> {
    if !step.needs.legacy_alter && !step.needs.triggers_off {
        return Ok(Vec::new());
    }
    let triggers = temp_triggers(conn, &step.object)?;
    for (name, _) in triggers.iter().filter(|_| step.needs.triggers_off) {
        conn.execute_batch(&format!("DROP TRIGGER temp.{}", quote_ident(name)))
            .at(|| format!("cannot set temporary trigger `{name}` aside"))?;
    }
    Ok(triggers)
}

/// Temporary views and triggers of this connection that do not work, with the reason: the rehearsal does not see them.
fn temporary_faults(conn: &Connection, catalog: &Catalog) -> Result<BTreeMap<String, String>> {
    let what = || "cannot read the connection's temporary views and triggers".to_owned();
    if !connection::has_temporary(conn).at(what)? {
        return Ok(BTreeMap::new());
    }
    let mut statement = conn
        .prepare(
            "SELECT type = 'view', name, tbl_name, sql FROM temp.sqlite_schema WHERE type = 'view' OR (type = 'trigger' \
             AND tbl_name COLLATE NOCASE NOT IN (SELECT name FROM temp.sqlite_schema WHERE type = 'table'))",
        )
        .at(what)?;
    let rows = statement
        .query_map([], |row| {
            let trigger = TriggerInfo { name: row.get(1)?, table: row.get(2)?, sql: row.get(3)? };
            Ok((row.get::<_, bool>(0)?, trigger))
        })
        .at(what)?;
    let mut faults = BTreeMap::new();
    for row in rows {
        let (view, object) = row.at(what)?;
        let firing = if view {
            Ok(Some(format!("SELECT * FROM temp.{}", quote_ident(&object.name))))
        } else {
            firing_statement(conn, catalog, &object)
        };
        let fault = match firing {
            Ok(sql) => sql.and_then(|sql| conn.prepare(&sql).err()).map(|err| reason(&err)),
            Err(fault) => Some(fault),
        };
        faults.extend(fault.map(|fault| (object.name, fault)));
    }
    Ok(faults)
}

fn statement_error(err: rusqlite::Error, sql: &str, deadline: &Deadline<'_>) -> Error {
    // SQLite re-reads every view and trigger after a rename or a drop; those of the file were proved in the rehearsal.
    let named = ["error in view ", "error in trigger "].iter().any(|start| reason(&err).starts_with(start));
    let error = deadline.error(err, format!("SQLite refuses `{}`", shorten(sql)));
    if named {
        let help = "mend it, or drop it before the run and create it again afterwards: it is a temporary one of this connection";
        return error.of_kind(ErrorKind::Dependent).help(help);
    }
    if error.kind() != ErrorKind::Sqlite {
        return error;
    }
    error
        .of_kind(ErrorKind::Apply)
        .help("look at the file with `schema doctor`; if that finds nothing, report this with the plan")
}

fn shorten(sql: &str) -> String {
    let line: Vec<&str> = sql.split_whitespace().collect();
    let line = line.join(" ");
    if line.chars().count() <= 160 { line } else { line.chars().take(159).chain(['…']).collect() }
}

/// Temporary triggers of this connection on a table of `main`: they vanish with the old table of a rebuild.
fn temp_triggers(conn: &Connection, table: &str) -> Result<Vec<(String, String)>> {
    let what = || "cannot read the connection's temporary triggers".to_owned();
    let shadowed: i64 = conn
        .query_row(
            "SELECT count(*) FROM temp.sqlite_schema WHERE type = 'table' AND name = ?1 COLLATE NOCASE",
            [table],
            |row| row.get(0),
        )
        .at(what)?;
    if shadowed > 0 {
        return Ok(Vec::new());
    }
    let mut statement = conn
        .prepare("SELECT name, sql FROM temp.sqlite_schema WHERE type = 'trigger' AND tbl_name = ?1 COLLATE NOCASE")
        .at(what)?;
    let rows = statement
        .query_map([table], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))
        .at(what)?;
    let mut triggers = Vec::new();
    for row in rows {
        let (name, sql) = row.at(what)?;
        let sql = schema_sql::qualify(&sql, "temp").unwrap_or(sql);
        triggers.push((name, sql));
    }
    Ok(triggers)
}

/// What must be the same after the change as before: counts of rows, and of foreign-key violations.
struct Census {
    proofs: Vec<TableProof>,
    /// Rows by new name.
    rows: BTreeMap<String, i64>,
    /// Violations by new name; `None` where SQLite could not tell, or where they are counted for the report alone.
    violations: BTreeMap<String, Option<u64>>,
}

impl Census {
    fn take(conn: &Connection, job: &Job<'_>) -> Result<Census> {
        let full = job.integrity == IntegrityCheck::Full;
        let start = Lookup::of(job.start);
        let before = |table: &str| start.table(job.renames.old_table(table));
        let proofs = proofs(&job.plan.steps, &before, job.target, full);
        let (mut rows, mut found) = (BTreeMap::new(), BTreeMap::new());
        for proof in &proofs {
            let old = job.renames.old_table(&proof.table);
            if proof.count {
                rows.insert(fold(&proof.table), count(conn, old)?);
            }
            if proof.references {
                found.insert(fold(&proof.table), violations(conn, old).ok());
            } else if proof.report && is_small(conn, old)? {
                found.insert(fold(&proof.table), None);
            }
        }
        Ok(Census { proofs, rows, violations: found })
    }
}

fn count(conn: &Connection, table: &str) -> Result<i64> {
    conn.query_row(&format!("SELECT count(*) FROM main.{}", quote_ident(table)), [], |row| row.get(0))
        .at(|| format!("cannot count the rows of `{table}`"))
}

/// Whether looking at every row takes no time that counts.
fn is_small(conn: &Connection, table: &str) -> Result<bool> {
    let sql = format!("SELECT count(*) < 10001 FROM (SELECT 1 FROM main.{} LIMIT 10001)", quote_ident(table));
    conn.query_row(&sql, [], |row| row.get(0)).at(|| format!("cannot count the rows of `{table}`"))
}

fn violations(conn: &Connection, table: &str) -> rusqlite::Result<u64> {
    let mut statement = conn.prepare(&format!("PRAGMA main.foreign_key_check({})", quote_ident(table)))?;
    let mut rows = statement.query([])?;
    let mut count = 0;
    while rows.next()?.is_some() {
        count += 1;
    }
    Ok(count)
}

/// Proves inside the transaction that the file is what was planned.
fn verify(conn: &Connection, job: &Job<'_>, census: &Census) -> Result<(Catalog, u64)> {
    let reached = catalog::read_since(conn, "main", job.own, job.known)?;
    if let Some(change) = diff(&reached, job.target, job.exact).first() {
        return Err(wrong(format!("the catalog is not the target: {change} is left over")));
    }
    for (table, before) in &census.rows {
        let after = count(conn, table)?;
        if after != *before {
            return Err(wrong(format!("table `{table}` had {before} rows and has {after}")));
        }
    }
    let mut old = 0;
    for (table, before) in &census.violations {
        // Who fills a table proves it against the copy, which may have had rows without a parent before a reference was dropped.
        if job.fill.is_some() && (job.filled)(table) {
            continue;
        }
        let after = violations(conn, table);
        match (before, after) {
            (Some(before), Ok(after)) if after > *before => {
                let name = job.target.table(table).map_or(table.as_str(), |table| table.name.as_str());
                return Err(orphans(name, *before, after));
            }
            (Some(_), Err(err)) => {
                return Err(wrong(format!("foreign keys of `{table}` cannot be checked: {err}")));
            }
            (_, Ok(after)) => old += after,
            (None, Err(_)) => {}
        }
    }
    for proof in census.proofs.iter().filter(|proof| proof.pages) {
        check_table(conn, &proof.table, job.integrity)?;
    }
    Ok((reached, old))
}

/// Rows whose parents a changed type, collation or key no longer matches: no query over the old rows can tell.
fn orphans(table: &str, before: u64, after: u64) -> Error {
    Error::new(ErrorKind::Data, "rows of the database stand in the way of the change")
        .cause(format!(
            "table `{table}` has {before} rows that refer to a missing parent and would have {after} after the change"
        ))
        .help(format!("mend or delete the rows of `{table}` whose keys match their parents only as long as nothing changes"))
}

fn wrong(cause: String) -> Error {
    Error::new(ErrorKind::Verify, "the result is not what was planned")
        .cause(cause)
        .help("please report this with the plan; the database can be used as it is")
}

fn check_table(conn: &Connection, table: &str, integrity: IntegrityCheck) -> Result<()> {
    match fault_of_table(conn, table, integrity).at(|| format!("cannot check table `{table}`"))? {
        None => Ok(()),
        // A row that the preflight does not know: one that came past a rule of before, or since the change that an undo takes back.
        Some(fault) if is_of_rows(&fault) => {
            Err(Error::new(ErrorKind::Data, "rows of the database stand in the way of the change")
                .cause(format!("{} of table `{table}` says: {fault}", integrity.pragma()))
                .help(format!("mend or delete the rows of `{table}` that break the rule")))
        }
        Some(fault) => Err(wrong(format!("{} of table `{table}` says: {fault}", integrity.pragma()))),
    }
}
