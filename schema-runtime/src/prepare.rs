//! Everything between reading and writing: what was found is merged, planned, held against the rows, and rehearsed.
//!
//! Reads the live database and writes only to scratch ones. A start-up does this under the lock; a dry run and `status`
//! without it.

use std::borrow::Cow;
use std::rc::Rc;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use schema_sql::{eq_name, fold};
use sha2::{Digest, Sha256};

use crate::broken;
use crate::catalog::{Catalog, Faults, TableInfo};
use crate::connection;
use crate::diff::{Change, diff};
use crate::error::{Error, ErrorKind, Result};
use crate::found::{Found, own_tables, scratch, told_of_others};
use crate::history::{History, refuse_edited};
use crate::migrator::Migrator;
use crate::model::Model;
use crate::plan::{Facts, HazardCode, Method, Pace, Plan, PlanKey, Request, TableFacts, WAYS, plan};
use crate::preflight::{Unready, count_rows, facts, preflight};
use crate::rehearse::{self, Stage, UndoProof, Verdict};
use crate::rename::Renames;
use crate::report::show;
use crate::revision::hex;
use crate::snapshot::{ConvertRecord, Owners, RenameRecord, SNAPSHOT_FORMAT, Snapshot, State, key};
use crate::target::{Note, NoteKind, RemovalPolicy, Sides, Target, merge};
use crate::version::version_cmp;

/// So many revisions tell the pace: a machine that is replaced is soon forgotten.
const TIMED: usize = 20;

/// What a run is going to do.
pub(crate) struct Prepared {
    pub(crate) found: Rc<Found>,
    pub(crate) target: Target,
    pub(crate) plan: Plan,
    pub(crate) undo: Option<Plan>,
    pub(crate) notes: Vec<Note>,
    pub(crate) times: Times,
}

/// How long the stages took.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Times {
    pub(crate) plan: Duration,
    pub(crate) preflight: Duration,
    pub(crate) rehearse: Duration,
}

/// SHA-256 of the names and texts of all objects.
pub(crate) fn catalog_hash(catalog: &Catalog) -> String {
    let mut hash = Sha256::new();
    // No name and no text that SQLite takes has a NUL in it.
    let mut add = |name: &str, sql: &str| [name, "\0", sql, "\0"].iter().for_each(|part| hash.update(part));
    for table in &catalog.tables {
        add(&table.name, &table.sql);
        table.indexes.iter().for_each(|index| add(&index.name, &index.sql));
    }
    catalog.virtual_tables.iter().for_each(|table| add(&table.name, &table.sql));
    catalog.views.iter().for_each(|view| add(&view.name, &view.sql));
    catalog.triggers.iter().for_each(|trigger| add(&trigger.name, &trigger.sql));
    catalog.opaque.iter().for_each(|object| add(&object.name, &object.sql));
    hex(&hash.finalize())
}

/// A table that another model of the file manages is no former one of this model, whatever its name.
fn refuse_foreign_renames(renames: &Renames, others: &Owners) -> Result<()> {
    let theirs = |name: &str| others.is_managed(&key::table(name));
    let Some(rename) = renames.list.iter().find(|rename| rename.table.is_none() && theirs(&rename.from))
    else {
        return Ok(());
    };
    let (from, to) = (&rename.from, &rename.to);
    Err(Error::new(ErrorKind::Conflict, format!("table `{from}` cannot be renamed to `{to}`"))
        .cause(format!("`{from}` is managed by another model of this database"))
        .state("nothing was changed")
        .help("take `renamed_from` off, or remove the table from the other model first"))
}

/// What the last revision says decides whose each object is; one that somebody has edited decides nothing.
fn refuse_edited_owners(found: &Found) -> Result<()> {
    let Some((last, _)) = found.last.as_ref().filter(|_| found.edited) else { return Ok(()) };
    refuse_edited(last, "which objects are the model's").map_err(|error| {
        error.state("nothing was changed").help(
            "find out who did it; restore the row or a backup, or record the schema of now as the model's own by a baseline",
        )
    })
}

/// Merges, plans, checks the rows and rehearses. Without `data` no row is read, and nothing is held against rows.
pub(crate) fn prepare(conn: &Connection, migrator: &Migrator, found: Found, data: bool) -> Result<Prepared> {
    let began = Instant::now();
    let found = Rc::new(found);
    refuse_edited_owners(&found)?;
    let maker = Maker { conn, migrator, found: &found, own: own_tables(migrator) };
    let (target, broken) = maker.target()?;
    let exact = |table: &str| found.model.table_hints(table).exact_order;
    let mut times = Times { plan: began.elapsed(), ..Times::default() };
    let changes = diff(&target.live, &target.catalog, &exact);
    let key = PlanKey { catalog: catalog_hash(&found.live), head: found.head };
    let mut prepared = Prepared {
        plan: Plan::empty(&found.model.name, &found.model.version, key.clone()),
        undo: None,
        notes: target.notes.clone(),
        times,
        target,
        found: Rc::clone(&found),
    };
    if changes.is_empty() && prepared.target.renames.is_empty() {
        return Ok(prepared);
    }
    if prepared.found.newer.is_some() {
        // Only to say what differs: an older program never migrates.
        let facts = Facts { sqlite: connection::sqlite_version(), ..Facts::default() };
        prepared.plan = plan(&maker.request(&prepared.target, &facts, key, &[]));
        return Ok(prepared);
    }
    let broken = match broken {
        Some(broken) => broken,
        None => broken::find(&|| scratch(conn, migrator), &found.live)?,
    };
    let mut facts = maker.facts(&prepared.target, &changes)?;
    facts.broken = broken;
    facts.pace = maker.pace()?;
    maker.refuse_hidden(&changes)?;
    times = maker.prove(&mut prepared, &facts, key, data)?;
    times.plan += began.elapsed().saturating_sub(times.preflight + times.rehearse);
    prepared.times = times;
    Ok(prepared)
}

struct Maker<'a> {
    conn: &'a Connection,
    migrator: &'a Migrator,
    found: &'a Found,
    own: Vec<String>,
}

impl Maker<'_> {
    fn scratch(&self) -> Result<Connection> {
        scratch(self.conn, self.migrator)
    }

    /// The target; and what is broken in the live catalog, where that had to be found out.
    fn target(&self) -> Result<(Target, Option<Faults>)> {
        let found = self.found;
        let snapshot = found.last.as_ref().map(|(_, snapshot)| snapshot);
        // An older program compares the file with its own model alone: what the newer one did is none of its business.
        let snapshot = snapshot.filter(|_| found.newer.is_none());
        let renames = match found.newer {
            Some(_) => Renames::default(),
            None => Renames::resolve(&found.live, snapshot.map(Rc::as_ref), &found.model)?,
        };
        refuse_foreign_renames(&renames, &found.others)?;
        let mut broken = None;
        let mut live = Rc::clone(&found.live);
        let mut last = snapshot.map(Rc::clone);
        if !renames.is_empty() {
            let faults = broken::find(&|| self.scratch(), &found.live)?;
            self.refuse_lost_triggers(&renames, &faults)?;
            live = Rc::new(rehearse::renamed(&|| self.scratch(), &found.live, &renames, &faults, &self.own)?);
            if let Some(snapshot) = &mut last {
                let old = renames.applicable(&snapshot.catalog);
                let faults = broken::find(&|| self.scratch(), &snapshot.catalog)?;
                let catalog =
                    rehearse::renamed(&|| self.scratch(), &snapshot.catalog, &old, &faults, &self.own)?;
                *snapshot = Rc::new(snapshot.renamed(catalog));
            }
            broken = Some(faults);
        }
        let sides = Sides { live, last, model: &found.model, renames, others: found.others.clone() };
        let merged = merge(sides, self.migrator.options.policies);
        let mut target = merged.map_err(|error| match error.kind() {
            ErrorKind::Drift => {
                let history = History::named(self.migrator.options.history_table.as_str());
                told_of_others(error, self.conn, &history, found)
            }
            _ => error,
        })?;
        // What migrations have made since the model's last row is said in theirs.
        let made = found.numbered.iter().flat_map(|numbered| numbered.owners.iter());
        for (key, state) in made.filter(|(_, state)| matches!(state, State::Migration { .. })) {
            if matches!(target.owners.get(key), Some(State::Foreign)) {
                target.owners.set(key.to_owned(), state.clone());
            }
        }
        Ok((target, broken))
    }

    /// SQLite cannot rewrite a trigger that does not work; on a table that is renamed it would be left without one.
    fn refuse_lost_triggers(&self, renames: &Renames, broken: &Faults) -> Result<()> {
        let mut error = Error::new(
            ErrorKind::Dependent,
            "a trigger that does not work cannot follow its table to a new name",
        );
        let renamed = |name: &str| {
            renames.list.iter().any(|rename| rename.table.is_none() && eq_name(&rename.from, name))
        };
        for trigger in self.found.live.triggers.iter().filter(|trigger| renamed(&trigger.table)) {
            let reason = broken
                .trigger(&trigger.name)
                .filter(|_| self.found.model.catalog.trigger(&trigger.name).is_none());
            if let Some(reason) = reason {
                error = error.cause(format!("trigger `{}` on `{}`: {reason}", trigger.name, trigger.table));
            }
        }
        if error.causes().is_empty() {
            return Ok(());
        }
        Err(error.state("nothing was changed").help("mend or drop the trigger, then start again"))
    }

    /// Tables that change are sized; of others only whether they have rows is asked.
    fn facts(&self, target: &Target, changes: &[Change]) -> Result<Facts> {
        let renamed = target.renames.list.iter().map(|rename| rename.table.as_ref().unwrap_or(&rename.to));
        let names: Vec<&str> = changes.iter().map(Change::table).chain(renamed.map(String::as_str)).collect();
        let changed = |live: &str| names.iter().any(|name| eq_name(target.renames.old_table(name), live));
        let mut facts = facts(self.conn, &self.found.live, &changed)?;
        if self.migrator.options.written {
            (facts.written, facts.defensive) = (true, true);
            facts.tables.values_mut().for_each(|table| table.rows = table.rows.max(1));
        }
        Ok(facts)
    }

    /// The pace by the newest revisions, of whatever model: read only where something is to be done.
    fn pace(&self) -> Result<Pace> {
        if self.found.head == 0 {
            return Ok(Pace::default());
        }
        let history = History::named(self.migrator.options.history_table.clone());
        let timed = history.timed(self.conn, TIMED)?;
        Ok(Pace::learnt(timed.iter().map(|(plan, took)| (plan.as_str(), *took))))
    }

    /// The plan; made again after counting the rows of the tables that it reads, writes or drops.
    fn plan(&self, target: &Target, facts: &mut Facts, key: &PlanKey, rebuild: &[String]) -> Result<Plan> {
        loop {
            let plan = plan(&self.request(target, facts, key.clone(), rebuild));
            let uncounted: Vec<&TableInfo> = read_tables(&plan, target)
                .iter()
                .filter_map(|name| self.found.live.table(target.renames.old_table(name)))
                .filter(|table| facts.of(&table.name).about)
                .collect();
            if uncounted.is_empty() {
                return Ok(plan);
            }
            for table in uncounted {
                count_rows(self.conn, table, facts)?;
                if let Some(found) = facts.tables.get_mut(&fold(&table.name)).filter(|_| facts.written) {
                    found.rows = found.rows.max(1);
                }
            }
        }
    }

    fn request<'r>(
        &'r self,
        target: &'r Target,
        facts: &'r Facts,
        key: PlanKey,
        refuted: &'r [String],
    ) -> Request<'r> {
        Request {
            live: &target.live,
            target: &target.catalog,
            renames: &target.renames,
            model: &self.found.model,
            facts,
            key,
            refuted,
            undo: false,
        }
    }

    /// The model's own SQL names tables without `main.`: where a temporary one has such a name, it would be read instead.
    fn refuse_hidden(&self, changes: &[Change]) -> Result<()> {
        let hiding = connection::hiding_tables(self.conn)?;
        if hiding.is_empty() {
            return Ok(());
        }
        let model = &self.found.model;
        let changed = |table: &str| changes.iter().any(|change| eq_name(change.table(), table));
        for (table, hints) in model.tables.iter().filter(|(table, _)| changed(table)) {
            for (column, hints) in &hints.columns {
                for sql in hints.backfill.iter().chain(&hints.convert) {
                    let used = schema_sql::idents(sql).unwrap_or_default();
                    let Some(name) = hiding.iter().find(|name| used.iter().any(|used| eq_name(used, name)))
                    else {
                        continue;
                    };
                    return Err(Error::new(
                        ErrorKind::Connection,
                        format!(
                            "the SQL that fills `{table}`.`{column}` would read another table than it names"
                        ),
                    )
                    .cause(format!("a temporary `{name}` of this connection hides the table of that name"))
                    .state("nothing was changed")
                    .help(format!(
                        "drop the temporary `{name}` before the run and create it again afterwards"
                    )));
                }
            }
        }
        Ok(())
    }

    /// Plans until the rehearsal agrees: a table whose way it refutes goes the next one, at last by a rebuild.
    fn prove(&self, prepared: &mut Prepared, facts: &Facts, key: PlanKey, data: bool) -> Result<Times> {
        let mut times = Times::default();
        let mut refuted: Vec<String> = Vec::new();
        let mut facts = facts.clone();
        let scratch = || self.scratch();
        let exact = |table: &str| self.found.model.table_hints(table).exact_order;
        let proving = Instant::now();
        let go_on = || self.may_go_on(proving);
        let samples = |part: &Catalog| if data { rehearse::samples(self.conn, part) } else { Ok(Vec::new()) };
        let mut unready: Vec<Unready> = Vec::new();
        loop {
            let target = &prepared.target;
            let plan = match data {
                true => self.plan(target, &mut facts, &key, &refuted)?,
                false => plan(&self.request(target, &facts, key.clone(), &refuted)),
            };
            self.refuse_loss(&plan)?;
            let began = Instant::now();
            if data {
                // A plan that the rehearsal refuted was checked already, but for the table that goes another way now.
                let only = refuted.last().map(String::as_str);
                unready.extend(preflight(self.conn, &plan, only, &self.migrator.options.consents)?);
            }
            times.preflight += began.elapsed();
            let began = Instant::now();
            let stage = Stage {
                scratch: &scratch,
                own: &self.own,
                start: &self.found.live,
                target: &target.catalog,
                known: &[&self.found.live, &self.found.model.catalog],
                samples: &samples,
                broken: &facts.broken,
                exact: &exact,
                go_on: &go_on,
            };
            let verdict =
                rehearse::rehearse(&stage, &plan, &|reached| self.undo(target, reached, &facts, &[]))?;
            times.rehearse += began.elapsed();
            match verdict {
                Verdict::Unregistered => facts.unregistered = true,
                Verdict::Refuted(table)
                    if refuted.iter().filter(|name| eq_name(name, &table)).count() < WAYS - 1 =>
                {
                    refuted.push(table)
                }
                Verdict::Refuted(table) => {
                    return Err(Error::new(
                        ErrorKind::Rehearsal,
                        format!("neither ALTER nor a rebuild of table `{table}` leads to the model"),
                    )
                    .state("nothing was changed")
                    .help(
                        "please report this with the schema and the model; the database can be used as it is",
                    ));
                }
                Verdict::Proved { .. } if !unready.is_empty() => {
                    return Err(unready.swap_remove(0).refusal());
                }
                Verdict::Proved { undo, proof } => {
                    prepared.undo =
                        self.settle_undo(&stage, &plan, (undo, proof), &mut prepared.notes, &facts, target)?;
                    prepared.plan = plan;
                    return Ok(times);
                }
            }
        }
    }

    /// Whether the run, which has been proving since `began`, may go on.
    ///
    /// # Errors
    /// `Cancelled`, or `TimeLimit` where the proof alone takes longer than the whole change may; a dry run has no limit.
    fn may_go_on(&self, began: Instant) -> Result<()> {
        let options = &self.migrator.options;
        let stopped = |kind, what: &str| Error::new(kind, what).state("nothing was changed");
        if options.cancel.is_cancelled() {
            return Err(stopped(ErrorKind::Cancelled, "the run was cancelled").help("start again to migrate"));
        }
        match options.time_limit.filter(|limit| !options.dry_run && began.elapsed() > *limit) {
            None => Ok(()),
            Some(limit) => Err(stopped(ErrorKind::TimeLimit, "the time limit has passed")
                .cause(format!("the rehearsal of the plan took longer than {}", show(limit)))
                .help("raise it with `.time_limit(…)`, or run the migration by hand at a quiet time")),
        }
    }

    /// The undo that the rehearsal has proved; where the native one does not do, one that rebuilds every table.
    fn settle_undo(
        &self,
        stage: &Stage<'_>,
        plan: &Plan,
        (undo, proof): (Plan, UndoProof),
        notes: &mut Vec<Note>,
        facts: &Facts,
        target: &Target,
    ) -> Result<Option<Plan>> {
        let mut fault = match accepted(undo, proof) {
            Ok(undo) => return Ok(Some(undo)),
            Err(fault) => fault,
        };
        let all: Vec<String> = self.found.live.tables.iter().map(|table| table.name.clone()).collect();
        let facts = Facts { unregistered: true, ..facts.clone() };
        let twice = [all.clone(), all.clone()].concat();
        for refuted in [&[][..], &all, &twice] {
            let undo = |reached: &Catalog| self.undo(target, reached, &facts, refuted);
            if let Verdict::Proved { undo, proof } = rehearse::rehearse(stage, plan, &undo)? {
                match accepted(undo, proof) {
                    Ok(undo) => return Ok(Some(undo)),
                    Err(again) => fault = again,
                }
            }
        }
        let text =
            format!("this change cannot be undone step by step, only by restoring the backup: {fault}");
        notes.push(Note { kind: NoteKind::Warning, text });
        Ok(None)
    }

    /// The way back from `reached`, which is the target but for the order of columns.
    fn undo(&self, target: &Target, reached: &Catalog, facts: &Facts, refuted: &[String]) -> Result<Plan> {
        let back = target.renames.undoing(reached);
        let catalog = if back.is_empty() {
            Cow::Borrowed(reached)
        } else {
            let faults = broken::find(&|| self.scratch(), reached)?;
            Cow::Owned(rehearse::renamed(&|| self.scratch(), reached, &back, &faults, &self.own)?)
        };
        // By the names that the tables have when the undo begins.
        let mut after = Facts {
            sqlite: facts.sqlite,
            broken: facts.broken.clone(),
            unregistered: facts.unregistered,
            defensive: facts.defensive,
            written: facts.written,
            pace: facts.pace,
            ..Facts::default()
        };
        for table in &reached.tables {
            let facts: TableFacts = facts.of(target.renames.old_table(&table.name));
            // A table that is empty now may not be when it is undone.
            after.tables.insert(fold(&table.name), TableFacts { rows: facts.rows.max(1), ..facts });
        }
        let model = Model {
            name: self.found.model.name.clone(),
            version: self.found.model.version.clone(),
            ..Model::default()
        };
        Ok(plan(&Request {
            live: &catalog,
            target: &self.found.live,
            renames: &back,
            model: &model,
            facts: &after,
            key: PlanKey { catalog: catalog_hash(reached), head: 0 },
            refuted,
            undo: true,
        }))
    }

    /// A virtual table that loses content on the way needs consent; tables and columns had theirs from the policy.
    fn refuse_loss(&self, plan: &Plan) -> Result<()> {
        if self.migrator.options.policies.removal == RemovalPolicy::Drop {
            return Ok(());
        }
        let altered = plan.steps.iter().filter(|step| {
            step.changes.iter().any(|change| matches!(change, Change::AlterVirtualTable { .. }))
        });
        for hazard in altered.flat_map(|step| &step.hazards) {
            let loss = matches!(hazard.code, HazardCode::DropColumn | HazardCode::DropVirtualTable);
            let consents = &self.migrator.options.consents;
            if loss && !consents.iter().any(|consent| consent.covers(hazard.code, &hazard.object)) {
                return Err(Error::new(
                    ErrorKind::Refused,
                    format!("the change deletes data of `{}`", hazard.object),
                )
                .cause(hazard.to_string())
                .state("nothing was changed")
                .help(format!(
                    "consent with `.allow(\"{}={}\")`",
                    hazard.code.code(),
                    hazard.object
                )));
            }
        }
        Ok(())
    }
}

/// The tables whose rows a plan reads, writes or drops, by their new names; of a full-text index the table that it indexes.
fn read_tables(plan: &Plan, target: &Target) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for step in &plan.steps {
        let dropped = step.changes.iter().filter(|change| matches!(change, Change::DropTable { .. }));
        names.extend(dropped.map(|change| change.table().to_owned()));
        if step.method != Method::Catalog {
            names.push(step.object.clone());
            let index = target.catalog.virtual_table(&step.object);
            names.extend(index.and_then(|index| index.content()));
        }
    }
    names
}

/// The undo as its rehearsal proved it, or why it does not lead back.
pub(crate) fn accepted(undo: Plan, proof: UndoProof) -> std::result::Result<Plan, String> {
    match proof {
        UndoProof::Proved => Ok(undo),
        UndoProof::NeedsBackup => Ok(Plan { needs_backup: true, ..undo }),
        UndoProof::Refuted(fault) => Err(fault),
    }
}

impl Prepared {
    /// Whether the history's last row of the model says all that this one would. What migrations have made since is said in their rows.
    pub(crate) fn is_known(&self, snapshot: &Snapshot) -> bool {
        let owners = |snapshot: &Snapshot| {
            let said = snapshot.owners.iter().filter(|(_, state)| !matches!(state, State::Migration { .. }));
            said.map(|(key, state)| (key.to_owned(), state.clone())).collect::<Vec<_>>()
        };
        self.found.last.as_ref().is_some_and(|(_, last)| {
            version_cmp(&last.version, &snapshot.version).is_eq()
                && last.fingerprint == snapshot.fingerprint
                && owners(last) == owners(snapshot)
                && last.renames == snapshot.renames
        })
    }

    /// The snapshot of `catalog` as this model leaves it.
    pub(crate) fn snapshot(&self, catalog: Catalog) -> Snapshot {
        let model = &self.found.model;
        let mut renames = Vec::new();
        let mut converts = Vec::new();
        for table in &model.catalog.tables {
            let hints = model.table_hints(&table.name);
            for from in &hints.renamed_from {
                renames.push(RenameRecord { table: table.name.clone(), column: None, from: from.clone() });
            }
            for column in &table.columns {
                let of_column = hints.column(&column.name);
                if let Some(convert) = of_column.convert.as_ref().or(of_column.converted.as_ref()) {
                    let (table, column) = (table.name.clone(), column.name.clone());
                    converts.push(ConvertRecord { table, column, convert: convert.clone() });
                }
                for from in &of_column.renamed_from {
                    renames.push(RenameRecord {
                        table: table.name.clone(),
                        column: Some(column.name.clone()),
                        from: from.clone(),
                    });
                }
            }
        }
        Snapshot {
            format: SNAPSHOT_FORMAT,
            model: model.name.clone(),
            version: model.version.clone(),
            fingerprint: model.fingerprint.clone(),
            catalog,
            owners: self.target.owners.clone(),
            renames,
            converts,
            start: None,
        }
    }
}

/// The key of the object that the change takes something from; `None` for what only adds.
pub(crate) fn key_of(change: &Change) -> Option<String> {
    Some(match change {
        Change::DropTable { table }
        | Change::AlterTable { table, .. }
        | Change::DropConstraint { table, .. }
        | Change::AlterConstraint { table, .. } => key::table(table),
        Change::RenameTable { from, .. } => key::table(from),
        Change::DropColumn { table, column } | Change::AlterColumn { table, column, .. } => {
            key::column(table, column)
        }
        Change::RenameColumn { table, from, .. } => key::column(table, from),
        Change::DropIndex { index, .. } => key::index(index),
        Change::DropView { view } => key::view(view),
        Change::DropTrigger { trigger, .. } => key::trigger(trigger),
        Change::DropVirtualTable { table } | Change::AlterVirtualTable { table, .. } => {
            key::virtual_table(table)
        }
        _ => return None,
    })
}
