//! The plan, tried on a scratch copy of what it can reach of the catalog, with one real row from each table, before the file is touched.
//!
//! The rehearsal proves that every statement works, that the result is the target, that every view and trigger that worked
//! still works, that every foreign key has a parent to refer to, and that the undo leads back to the start.

use std::collections::HashSet;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use schema_sql::{eq_name, quote_ident};

use crate::broken;
use crate::catalog::{self, Catalog, Faults, Lookup, TableInfo};
use crate::connection::{SqliteResult, sqlite_error};
use crate::creating::Creating;
use crate::diff::{Change, diff};
use crate::edit::{edit, value};
use crate::error::{Error, ErrorKind, Result};
use crate::integrity::{IntegrityCheck, fault_of_table};
use crate::plan::{Method, Needs, Plan, Step, in_main};
use crate::reach::Part;
use crate::rename::Renames;

/// One real row of a table.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    table: String,
    columns: Vec<String>,
    values: Vec<Value>,
}

/// What a rehearsal works on.
#[derive(Clone, Copy)]
pub(crate) struct Stage<'a> {
    /// Makes an empty scratch database with the user's functions and collations.
    pub(crate) scratch: &'a dyn Fn() -> Result<Connection>,
    /// The names of the history tables.
    pub(crate) own: &'a [String],
    /// The live catalog, before any rename.
    pub(crate) start: &'a Catalog,
    pub(crate) target: &'a Catalog,
    /// What was read, from the file or a scratch database: a table with a text from there is not read once more.
    pub(crate) known: &'a [&'a Catalog],
    /// Real rows of the tables of a catalog.
    pub(crate) samples: &'a dyn Fn(&Catalog) -> Result<Vec<Sample>>,
    /// Views and triggers that do not work in `start`.
    pub(crate) broken: &'a Faults,
    /// Whether the order of a table's columns counts.
    pub(crate) exact: &'a dyn Fn(&str) -> bool,
    /// Asked before each step whether the run may go on: time limit and cancel handle.
    pub(crate) go_on: &'a dyn Fn() -> Result<()>,
}

/// What the rehearsal says.
pub(crate) enum Verdict {
    /// The plan does what it shall; `proof` says whether the undo does as well, and whether it needs a backup's values.
    Proved { undo: Plan, proof: UndoProof },
    /// The steps for this table do not do: plan another way.
    Refuted(String),
    /// Something elsewhere in the file needs a function or collation that is not registered: plan with that in mind.
    Unregistered,
}

/// Whether an undo was proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum UndoProof {
    /// It leads back, rows included.
    Proved,
    /// It leads back to the catalog; values must come from the backup.
    NeedsBackup,
    /// It does not lead back, for this reason.
    Refuted(String),
}

/// Reads one row from each table that has one.
pub(crate) fn samples(conn: &Connection, live: &Catalog) -> Result<Vec<Sample>> {
    let mut samples = Vec::new();
    for table in &live.tables {
        let columns: Vec<String> = table
            .columns
            .iter()
            .filter(|column| column.generated.is_none())
            .map(|column| column.name.clone())
            .collect();
        if columns.is_empty() {
            continue;
        }
        let names: Vec<String> = columns.iter().map(|name| quote_ident(name)).collect();
        let sql = format!("SELECT {} FROM main.{} LIMIT 1", names.join(", "), quote_ident(&table.name));
        let row = conn.prepare(&sql).and_then(|mut statement| {
            let mut rows = statement.query([])?;
            match rows.next()? {
                None => Ok(None),
                Some(row) => (0..columns.len())
                    .map(|at| row.get_ref(at).map(value))
                    .collect::<rusqlite::Result<_>>()
                    .map(Some),
            }
        });
        let row: Option<Vec<Value>> = row.at(|| format!("cannot read table `{}`", table.name))?;
        if let Some(values) = row {
            samples.push(Sample { table: table.name.clone(), columns, values });
        }
    }
    Ok(samples)
}

fn put_samples(scratch: &Connection, samples: &[Sample]) -> Result<()> {
    let pragma = |on: bool| {
        let value = if on { "ON" } else { "OFF" };
        scratch.execute_batch(&format!("PRAGMA ignore_check_constraints = {value}"))
    };
    pragma(true).at(|| "cannot prepare the rehearsal".to_owned())?;
    for sample in samples {
        let names: Vec<String> = sample.columns.iter().map(|name| quote_ident(name)).collect();
        let marks = vec!["?"; names.len()].join(", ");
        let table = quote_ident(&sample.table);
        let sql = format!("INSERT INTO main.{table} ({}) VALUES ({marks})", names.join(", "));
        // A row that the scratch copy refuses (an application function in a generated column, say) proves less, no more.
        let _ = scratch.execute(&sql, params_from_iter(sample.values.iter()));
    }
    pragma(false).at(|| "cannot prepare the rehearsal".to_owned())
}

/// A scratch database with the catalog and the sample rows.
pub(crate) fn replayed(
    stage_scratch: &dyn Fn() -> Result<Connection>,
    catalog: &Catalog,
    samples: &[Sample],
) -> Result<Connection> {
    let scratch = stage_scratch()?;
    catalog::replay(&scratch, catalog, &mut |scratch| put_samples(scratch, samples))?;
    Ok(scratch)
}

/// The catalog as it is after native renames; SQLite itself follows every reference.
///
/// # Errors
/// `Dependent` if SQLite refuses a rename, naming what stands in its way.
pub(crate) fn renamed(
    scratch: &dyn Fn() -> Result<Connection>,
    catalog: &Catalog,
    renames: &Renames,
    broken: &Faults,
    own: &[String],
) -> Result<Catalog> {
    if renames.is_empty() {
        return Ok(catalog.clone());
    }
    // Broken views and triggers are set aside, as the plan does.
    let mut sound = catalog.clone();
    sound.views.retain(|view| broken.object(&view.name).is_none());
    sound.triggers.retain(|trigger| broken.trigger(&trigger.name).is_none());
    let scratch = replayed(scratch, &sound, &[])?;
    for (_, statements) in renames.statements() {
        for sql in statements {
            let mut renamed = scratch.execute_batch(&sql);
            if renamed.as_ref().is_err_and(is_unregistered) {
                set_needs(&scratch, Needs { writable_schema: true, ..Needs::default() })?;
                renamed = scratch.execute_batch(&sql);
                set_needs(&scratch, Needs::default())?;
            }
            renamed.map_err(|err| {
                let is_rowid = reason(&err).contains("rowid alias");
                let error = Error::new(ErrorKind::Dependent, format!("SQLite refuses `{sql}`")).source(err);
                let error = error.state("nothing was changed");
                match is_rowid {
                    true => error.help("SQLite renames no column called rowid, oid or _rowid_: keep the name, or copy the values in a numbered migration"),
                    false => error.help("mend or drop what stands in the way, then start again"),
                }
            })?;
        }
    }
    let mut after = catalog::read(&scratch, "main", own)?;
    after.opaque.clone_from(&catalog.opaque);
    after.views = in_order(&catalog.views, after.views, |view| broken.object(&view.name).is_some());
    after.triggers = in_order(&catalog.triggers, after.triggers, |it| broken.trigger(&it.name).is_some());
    Ok(after)
}

/// Puts what was set aside back in its place.
fn in_order<T: Clone>(all: &[T], sound: Vec<T>, aside: impl Fn(&T) -> bool) -> Vec<T> {
    let mut sound = sound.into_iter();
    all.iter().filter_map(|item| if aside(item) { Some(item.clone()) } else { sound.next() }).collect()
}

pub(crate) fn reason(err: &rusqlite::Error) -> String {
    match err {
        rusqlite::Error::SqliteFailure(_, Some(text)) => text.clone(),
        other => other.to_string(),
    }
}

/// Sets on the connection what a step needs, or with the default takes it back.
pub(crate) fn set_needs(conn: &Connection, needs: Needs) -> Result<()> {
    let legacy = if needs.legacy_alter { "ON" } else { "OFF" };
    let writable = if needs.writable_schema { "ON" } else { "OFF" };
    conn.execute_batch(&format!("PRAGMA legacy_alter_table = {legacy}; PRAGMA writable_schema = {writable}"))
        .and_then(|()| {
            conn.set_db_config(
                rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER,
                !needs.triggers_off,
            )
        })
        .map(|_| ())
        .at(|| "cannot prepare the connection for the step".to_owned())
}

/// Runs every step; gives back the step that SQLite refuses, and why.
fn run<'p>(
    scratch: &Connection,
    plan: &'p Plan,
    go_on: &dyn Fn() -> Result<()>,
) -> Result<Option<(&'p Step, rusqlite::Error)>> {
    let mut creating = Creating::on(scratch);
    let settled =
        |creating: &mut Creating<'_>| creating.settle().at(|| "cannot prepare the rehearsal".to_owned());
    for (at, step) in plan.steps.iter().enumerate() {
        go_on()?;
        set_needs(scratch, step.needs)?;
        if step.only_creates() {
            for sql in &step.sql {
                if let Err(err) = creating.run(sql) {
                    return Ok(Some((step, err)));
                }
            }
            continue;
        }
        settled(&mut creating)?;
        if let Some(edits) = plan.edits_from(at) {
            if let Err(err) = edit(scratch, &edits) {
                // In our own words, or in SQLite's: `malformed database schema (t) - …`.
                let text = reason(&err);
                let named = |step: &&Step| {
                    text.contains(&format!("`{}`", step.object))
                        || text.contains(&format!("({})", step.object))
                };
                let steps = plan.steps.iter().skip(at).take_while(|step| !step.edits.is_empty());
                return Ok(Some((steps.into_iter().find(named).unwrap_or(step), err)));
            }
        }
        for sql in &step.sql {
            let fills = (step.changes.is_empty() || step.changes.iter().any(Change::alters_table))
                && ["INSERT INTO main.", "INSERT OR ABORT INTO main.", "UPDATE main."]
                    .iter()
                    .any(|start| sql.starts_with(start));
            let done = if fills { execute_strictly(scratch, sql) } else { scratch.execute_batch(sql) };
            if let Err(err) = done {
                return Ok(Some((step, err)));
            }
        }
    }
    settled(&mut creating)?;
    set_needs(scratch, Needs::default())?;
    Ok(None)
}

/// Runs a statement that fills rows while a double-quoted word is a name and nothing else: a `backfill` or `convert` that
/// misspells a quoted column would write the word into every row.
///
/// SQLite: <https://www.sqlite.org/quirks.html>, section 8.
fn execute_strictly(scratch: &Connection, sql: &str) -> rusqlite::Result<()> {
    // SQLite takes a name in backticks for nothing else; the option that forbids strings in double quotes is not in every
    // rusqlite of our range.
    let strict = schema_sql::tokenize(sql).map(|tokens| tokens.iter().map(backticked).collect::<String>());
    scratch.execute_batch(strict.as_deref().unwrap_or(sql))
}

fn backticked(token: &schema_sql::Token<'_>) -> String {
    match token.ident() {
        Some(name) if token.text.starts_with('"') => format!("`{}`", name.replace('`', "``")),
        _ => token.text.to_owned(),
    }
}

/// The catalog that `plan` leads to from `start`, without rows; else the step that SQLite refuses, and why.
pub(crate) fn reached_by(
    scratch: &dyn Fn() -> Result<Connection>,
    start: &Catalog,
    plan: &Plan,
    own: &[String],
) -> Result<std::result::Result<Catalog, (String, String)>> {
    let scratch = replayed(scratch, start, &[])?;
    match run(&scratch, plan, &|| Ok(()))? {
        Some((step, err)) => Ok(Err((step.summary(), reason(&err)))),
        None => catalog::read(&scratch, "main", own).map(Ok),
    }
}

/// Tries `plan`, then the undo that `undo` makes of the catalog which is reached: a rebuild may order columns as no ALTER does.
///
/// # Errors
/// `Dependent` if a view or trigger that works would no longer work, or a foreign key would refer to nothing; `Missing` if
/// a function or collation is not registered; `Rehearsal` if the plan fails, or ends elsewhere than at the target.
pub(crate) fn rehearse(
    stage: &Stage<'_>,
    plan: &Plan,
    undo: &dyn Fn(&Catalog) -> Result<Plan>,
) -> Result<Verdict> {
    if stage.start.is_empty() && makes_as_written(plan, stage.target) {
        // That each statement works, and what all lead to, is known: it is how the target was made, on a scratch database too.
        (stage.go_on)()?;
        dependants_work(stage)?;
        return Ok(Verdict::Proved { undo: undo(stage.target)?, proof: UndoProof::Proved });
    }
    let mut scratch = (stage.scratch)()?;
    if let Some(part) = Part::of(plan, stage.start, stage.target, &scratch) {
        let within = Stage { start: &part.start, target: &part.target, ..*stage };
        let reached = match forth(&within, &scratch, plan)? {
            Forth::Reached(reached) => part.whole(&reached, stage.target),
            Forth::Stopped(verdict) => return Ok(verdict),
        };
        dependants_work(stage)?;
        let undo = undo(&reached)?;
        if part.holds(&undo) {
            let proof = rehearse_undo(&within, &scratch, &undo)?;
            return Ok(Verdict::Proved { undo, proof });
        }
        scratch = (stage.scratch)()?;
    }
    let reached = match forth(stage, &scratch, plan)? {
        Forth::Reached(reached) => reached,
        Forth::Stopped(verdict) => return Ok(verdict),
    };
    dependants_work(stage)?;
    let undo = undo(&reached)?;
    let proof = rehearse_undo(stage, &scratch, &undo)?;
    Ok(Verdict::Proved { undo, proof })
}

/// Where the steps led on a scratch copy.
enum Forth {
    /// To the target: the catalog as it is then.
    Reached(Catalog),
    Stopped(Verdict),
}

/// Makes the start on `scratch`, which is empty, and runs the plan.
fn forth(stage: &Stage<'_>, scratch: &Connection, plan: &Plan) -> Result<Forth> {
    let samples = (stage.samples)(stage.start)?;
    catalog::replay(scratch, stage.start, &mut |scratch| put_samples(scratch, &samples))?;
    if let Some((step, err)) = run(scratch, plan, stage.go_on)? {
        return refuted(stage, step, err).map(Forth::Stopped);
    }
    if let Some(table) = edited_badly(scratch, plan) {
        return Ok(Forth::Stopped(Verdict::Refuted(table)));
    }
    let reached = catalog::read_since(scratch, "main", stage.own, stage.known)?;
    match diff(&reached, stage.target, stage.exact).first() {
        None => Ok(Forth::Reached(reached)),
        Some(change) => missed(plan, change).map(Forth::Stopped),
    }
}

/// Whether the plan makes the objects of `target` by their own texts, and does nothing else.
fn makes_as_written(plan: &Plan, target: &Catalog) -> bool {
    let indexes = target.tables.iter().flat_map(|table| &table.indexes);
    let texts: HashSet<String> = (target.tables.iter().map(|table| &table.sql))
        .chain(indexes.map(|index| &index.sql))
        .chain(target.views.iter().map(|view| &view.sql))
        .chain(target.triggers.iter().map(|trigger| &trigger.sql))
        .map(|sql| in_main(sql))
        .collect();
    plan.steps.iter().all(|step| step.only_creates() && step.sql.iter().all(|sql| texts.contains(sql)))
}

/// A table whose rows do not satisfy what an edit has made of its text: SQLite itself looks at them only when asked.
fn edited_badly(scratch: &Connection, plan: &Plan) -> Option<String> {
    for step in plan.steps.iter().filter(|step| !step.edits.is_empty() && step.method != Method::Catalog) {
        // A function or collation that is missing here is the verification's business.
        if let Ok(Some(_)) = fault_of_table(scratch, &step.object, IntegrityCheck::Quick) {
            return Some(step.object.clone());
        }
    }
    None
}

fn is_native(step: &Step) -> bool {
    step.method != Method::Rebuild && step.changes.iter().any(Change::alters_table)
}

/// Whether SQLite refuses a rename or a drop, which make it re-read everything, for want of a function or collation that an
/// index or table somewhere else in the file needs.
fn is_unregistered(err: &rusqlite::Error) -> bool {
    let text = reason(err);
    ["error in index ", "error in table "].iter().any(|start| text.starts_with(start))
        && ["no such collation sequence", "unknown function", "no such function"]
            .iter()
            .any(|why| text.contains(why))
}

fn refuted(stage: &Stage<'_>, step: &Step, err: rusqlite::Error) -> Result<Verdict> {
    if is_unregistered(&err) && !step.needs.writable_schema {
        return Ok(Verdict::Unregistered);
    }
    // What belongs to an edit changes nothing by itself, and works on its table.
    if is_native(step)
        || !step.edits.is_empty()
        || (step.changes.is_empty() && stage.target.table(&step.object).is_some())
    {
        return Ok(Verdict::Refuted(step.object.clone()));
    }
    if step.changes.is_empty() {
        // A full-text index that nobody changed is filled anew.
        return Err(Error::new(ErrorKind::Dependent, "the change would break what depends on it")
            .cause(format!("virtual table `{}` would not work: {}", step.object, reason(&err)))
            .state("nothing was changed")
            .help("change or drop what depends on it, then start again"));
    }
    let error = sqlite_error(err, format!("the plan fails on the scratch copy at `{}`", step.summary()));
    let error = if error.kind() == ErrorKind::Sqlite { error.of_kind(ErrorKind::Rehearsal) } else { error };
    Err(error
        .state("nothing was changed")
        .help("this is the model's SQL as SQLite sees it: mend the model, or what the message names"))
}

fn missed(plan: &Plan, change: &Change) -> Result<Verdict> {
    let native = plan
        .steps
        .iter()
        .find(|step| (is_native(step) || !step.edits.is_empty()) && eq_name(&step.object, change.table()));
    if let Some(step) = native {
        return Ok(Verdict::Refuted(step.object.clone()));
    }
    Err(Error::new(ErrorKind::Rehearsal, "the plan does not lead to the model on the scratch copy")
        .cause(format!("left over: {change}"))
        .state("nothing was changed")
        .help("please report this with the schema and the model; the database can be used as it is"))
}

/// Every view and trigger that worked must work, and every foreign key have its parent.
fn dependants_work(stage: &Stage<'_>) -> Result<()> {
    let after = broken::find(stage.scratch, stage.target)?;
    let mut faults: Vec<String> = Vec::new();
    for (kind, name, reason) in after.iter().filter(|fault| !stage.broken.has(fault)) {
        faults.push(format!("{kind} `{name}` would not work: {reason}"));
    }
    let before = dangling(stage.start);
    for fault in dangling(stage.target) {
        if !before.iter().any(|known| known.text == fault.text) {
            faults.push(fault.text);
        }
    }
    if faults.is_empty() {
        return Ok(());
    }
    let mut error = Error::new(ErrorKind::Dependent, "the change would break what depends on it");
    for fault in faults {
        error = error.cause(fault);
    }
    Err(error
        .state("nothing was changed")
        .help("change or drop what depends on it, in the model where it is the model's, then start again"))
}

/// A foreign key that nothing can satisfy.
pub(crate) struct Dangling {
    pub(crate) table: String,
    /// Its place among the table's foreign keys.
    pub(crate) key: usize,
    /// What it refers to, and what is wrong with that.
    pub(crate) text: String,
}

/// Foreign keys whose parent is missing, lacks a column, or is not unique there: SQLite calls it a foreign key mismatch.
pub(crate) fn dangling(catalog: &Catalog) -> Vec<Dangling> {
    let mut faults = Vec::new();
    let tables = Lookup::of(catalog);
    for table in &catalog.tables {
        for (key, foreign) in table.foreign_keys.iter().enumerate() {
            let mut fault = |text: String| faults.push(Dangling { table: table.name.clone(), key, text });
            let by = foreign.columns.join(", ");
            let Some(parent) = tables.table(&foreign.table) else {
                let other = catalog.opaque.iter().any(|opaque| eq_name(&opaque.name, &foreign.table));
                if !other {
                    fault(format!(
                        "`{}`({by}) refers to table `{}`, which is not there",
                        table.name, foreign.table
                    ));
                }
                continue;
            };
            // The reader writes an implied key out where it fits; one that does not is a mismatch in every write.
            let implied = parent.primary_key.as_ref().map_or(0, |key| key.terms.len());
            if foreign.to.is_empty() && implied != foreign.columns.len() {
                let faulty = format!("`{}`({by}) refers to the primary key of `{}`", table.name, parent.name);
                fault(format!("{faulty}, which has {implied} columns"));
            } else if !foreign.to.is_empty() && !is_key(parent, &foreign.to) {
                let to = foreign.to.join(", ");
                fault(format!(
                    "`{}`({by}) refers to `{}`({to}), which is no unique key",
                    table.name, parent.name
                ));
            }
        }
    }
    faults
}

/// Whether the columns are the table's primary key, or have a unique constraint or a full unique index.
fn is_key(parent: &TableInfo, columns: &[String]) -> bool {
    let same = |names: Vec<&str>| {
        names.len() == columns.len()
            && columns.iter().all(|column| names.iter().any(|name| eq_name(name, column)))
    };
    let of_terms =
        |terms: &[catalog::KeyTermInfo]| same(terms.iter().map(|term| term.column.as_str()).collect());
    parent.primary_key.as_ref().is_some_and(|key| of_terms(&key.terms))
        || parent.uniques.iter().any(|unique| of_terms(&unique.terms))
        || parent.indexes.iter().any(|index| {
            index.unique
                && index.filter.is_none()
                && index.terms.iter().all(|term| !term.is_expr)
                && same(index.terms.iter().map(|term| term.term.as_str()).collect())
        })
}

/// Runs the undo on the changed scratch copy; where rows stand in its way, once more without them.
fn rehearse_undo(stage: &Stage<'_>, scratch: &Connection, undo: &Plan) -> Result<UndoProof> {
    let prepare = |sql: &str| scratch.execute_batch(sql).at(|| "cannot rehearse the undo".to_owned());
    prepare("SAVEPOINT schema_undo")?;
    let mut proof = UndoProof::Proved;
    if run(scratch, undo, stage.go_on)?.is_some() {
        set_needs(scratch, Needs { triggers_off: true, ..Needs::default() })?;
        prepare("ROLLBACK TO schema_undo")?;
        for table in &stage.target.tables {
            prepare(&format!("DELETE FROM main.{}", quote_ident(&table.name)))?;
        }
        if let Some((step, err)) = run(scratch, undo, stage.go_on)? {
            return Ok(UndoProof::Refuted(format!("{}: {}", step.summary(), reason(&err))));
        }
        proof = UndoProof::NeedsBackup;
    }
    let back = catalog::read_since(scratch, "main", stage.own, stage.known)?;
    match diff(&back, stage.start, &|_| true).first() {
        None => Ok(proof),
        Some(change) => Ok(UndoProof::Refuted(format!("left over: {change}"))),
    }
}
