//! One start with numbered migrations: those that come before the automatic change, that change, those that come after; in one transaction
//! and one batch of the history.
//!
//! A new file has two ways. Where all migrations run on it from the first to the last, they do, and the model's change follows. Else the
//! model's catalog is made first, as for files that had it when the migrations were written; each migration of which the model holds
//! everything already is recorded as contained, and the others run.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use crate::apply::Applied;
use crate::backup::BackupInfo;
use crate::catalog::{self, Catalog, TableInfo};
use crate::connection::{self, Deadline};
use crate::contained::contained;
use crate::diff::{Change, diff};
use crate::error::{Error, ErrorKind, Result};
use crate::found::{self, Found};
use crate::migration::{Body, Direction, Migration, Migrations};
use crate::migrator::Source;
use crate::numbered::{self, Due, Wish, all_run};
use crate::prepare::{Prepared, key_of, prepare};
use crate::record::millis;
use crate::rehearse;
use crate::report::{Event, MigrationRun, Outcome, Report};
use crate::revision::{Kind, Status};
use crate::run::{Before, Pending, Run};
use crate::snapshot::{Owners, Snapshot, State, key, keys};

/// What the migrations of a run have done so far.
#[derive(Default)]
pub(crate) struct Done {
    pub(crate) runs: Vec<MigrationRun>,
    /// Keys of what they made, each with the version that did.
    made: BTreeMap<String, String>,
    /// On a file that was new.
    pub(crate) on_nothing: bool,
}

impl Done {
    /// Takes over what the migrations of earlier runs have made.
    pub(crate) fn has_made(&mut self, owners: &Owners) {
        for (key, state) in owners.iter() {
            if let State::Migration { version } = state {
                self.made.insert(key.to_owned(), version.clone());
            }
        }
    }

    /// Says in a snapshot whose what the migrations made is, where it is no model's.
    pub(crate) fn own(&self, snapshot: &mut Snapshot) {
        for key in keys(&snapshot.catalog) {
            let nobodys = matches!(snapshot.owners.get(&key), None | Some(State::Foreign));
            if let Some(version) = self.made.get(&key).filter(|_| nobodys) {
                snapshot.owners.set(key, State::Migration { version: version.clone() });
            }
        }
    }
}

/// One batch at work.
struct Batch<'b> {
    deadline: &'b Deadline<'b>,
    /// What was saved before all of it.
    backup: Option<&'b BackupInfo>,
    /// Whether none of the model's tables was there.
    is_new: bool,
    /// Keys of what other models of the file manage.
    others: Owners,
    /// What is there now.
    live: Catalog,
    /// What the newest row says of it; on a new file there is nothing.
    recorded: Snapshot,
    /// The automatic change, and the catalog that it reached.
    modelled: Option<(Prepared, Catalog)>,
}

impl Batch<'_> {
    /// What came after the automatic change must leave the model's objects as they were made.
    fn refuse_other_model(&self) -> Result<()> {
        let Some((prepared, reached)) = &self.modelled else { return Ok(()) };
        let owners = &prepared.target.owners;
        refuse(&diff(reached, &self.live, &|_| false), &|key| owners.is_managed(key), other_model)
    }
}

impl Run<'_> {
    /// What is due of the program's migrations. What people should know of it is among the warnings of the run.
    pub(crate) fn due<'m>(&mut self, conn: &Connection, set: &'m Migrations) -> Result<Due<'m>> {
        if set.list.is_empty() {
            return Ok(Due::default());
        }
        let rows = if self.history.exists(conn)? { self.history.all(conn)? } else { Vec::new() };
        let options = self.options;
        let up_to = options.up_to.as_deref().and_then(|version| set.find(version));
        let wish = Wish {
            out_of_order: options.out_of_order,
            reapply: options.reapply,
            up_to: up_to.map(|last| last.number),
        };
        let mut due = numbered::due(&rows, set, self.migrator.source.name(), &wish)?;
        self.left = !due.left.is_empty();
        if let Some(migration) = due.holds_model().filter(|_| !self.is_without_model()) {
            self.waits = true;
            due.warnings.push(format!("the model waits for migration {}", migration.title()));
            // What comes after the model's change does not come before it.
            let waiting =
                due.after.iter().map(|after| format!("migration {} waits for the model", after.title()));
            due.warnings.extend(waiting);
            due.left.append(&mut due.after);
        }
        due.warnings.retain(|warning| !self.warnings.contains(warning));
        self.warnings.append(&mut due.warnings);
        match &self.options.expected {
            Some(expected) if !due.is_empty() => Err(expected.without_migrations(&due.titles())),
            _ => Ok(due),
        }
    }

    /// Whether there are migrations and no model beside them, or one that waits for migrations which this run leaves out.
    pub(crate) fn is_without_model(&self) -> bool {
        let none = match &self.migrator.source {
            Source::Model(model) => model.is_nothing(),
            Source::Schema(_) => false,
        };
        self.waits || (none && !self.options.migrations.list.is_empty())
    }

    /// Everything under the lock, where migrations are due. On an error the caller rolls back.
    pub(crate) fn batch(&mut self, deadline: &Deadline<'_>, path: &Path, due: &Due<'_>) -> Result<Report> {
        let conn = deadline.conn();
        let found = self.found(conn)?;
        if found.newer.is_some() {
            let prepared = prepare(conn, self.migrator, found, true)?;
            connection::rollback(conn)?;
            return self.newer(&prepared);
        }
        connection::prove_writable(conn).map_err(|error| match error.kind() {
            ErrorKind::ReadOnly => Pending::Migrations(due).read_only(conn),
            _ => error,
        })?;
        self.migrator.emit(&Event::Planned { plan: due.titles(), steps: due.all().count() });
        let (backup, no_backup) = self.back_up(conn, path, &found, &Before::migrations(due))?;
        deadline.extend(self.began.elapsed());
        self.writing = true;
        self.history.ensure(conn)?;
        self.done.on_nothing = found.live.is_empty();
        let mut nothing = Catalog::default();
        if found.last.is_none() && !found.live.is_empty() && found.head == 0 {
            self.baseline(conn, &found.live, 1)?;
            nothing.clone_from(&found.live);
        }
        self.batch = Some(self.history.head(conn)?.map_or(0, |(id, _)| id) + 1);
        let recorded = found.left().cloned();
        let recorded = recorded.unwrap_or_else(|| Snapshot::of_others(self.migrator.source.name(), nothing));
        let is_new = self.done.on_nothing || holds_only_others(&found);
        let alone = match is_new && !self.is_without_model() {
            true => all_run(conn, &due.before, self.options.environment.as_deref(), deadline)?,
            false => Ok(()),
        };
        let model_first = alone.is_err();
        let modelled = found.last.as_ref().map(|(_, last)| (found.live.clone(), last.owners.clone()));
        let mut batch = Batch {
            deadline,
            backup: backup.as_ref(),
            is_new,
            others: found.others.clone(),
            live: found.live.clone(),
            recorded,
            modelled: None,
        };
        if !model_first {
            for migration in &due.before {
                self.migrate(&mut batch, migration)?;
            }
        }
        let mut report = if self.is_without_model() {
            Report::new(Outcome::Migrated, self.migrator.source.name(), &self.version)
        } else {
            // What migrations have made of the rows since is not in it.
            let of_this_state = backup.as_ref().filter(|_| due.before.is_empty());
            self.automatic(&mut batch, path, found, of_this_state)?
        };
        let mut applied: Vec<String> = self.done.runs.iter().map(MigrationRun::title).collect();
        let before_model = self.done.runs.len();
        applied.append(&mut report.applied);
        for migration in due.before.iter().filter(|_| model_first).chain(&due.after) {
            self.migrate(&mut batch, migration).map_err(|error| match &alone {
                Ok(()) => error,
                Err(first) => {
                    error.cause(format!("before the model's change: {}", first.causes().join("; ")))
                }
            })?;
        }
        batch.refuse_other_model()?;
        self.warn_of_changes(modelled, &batch.live);
        let id = self.history.head(conn)?.map_or(0, |(id, _)| id);
        self.finish(deadline, report.revision.unwrap_or(id))?;
        if self.done.on_nothing {
            report.outcome = Outcome::Created;
        }
        applied.extend(self.done.runs.iter().skip(before_model).map(MigrationRun::title));
        report.applied = applied;
        report.migrations = std::mem::take(&mut self.done.runs);
        report.revision = report.revision.or(Some(id));
        (report.backup, report.no_backup) = (backup, no_backup);
        report.phases = self.phases;
        report.duration = self.began.elapsed();
        Ok(report)
    }

    /// Says what the migrations make of what the model manages, where nobody compares it with the model.
    fn warn_of_changes(&mut self, modelled: Option<(Catalog, Owners)>, live: &Catalog) {
        let Some((start, owners)) = modelled.filter(|_| self.is_without_model()) else { return };
        let changes = diff(&start, live, &|_| false);
        let ours = |change: &&Change| key_of(change).is_some_and(|key| owners.is_managed(&key));
        self.warnings.extend(changes.iter().filter(ours).map(|change| {
            format!("the migrations did this to the model's: {change}; a program whose model still has it makes it again, without its values")
        }));
    }

    /// The automatic change between them, recorded but not committed.
    fn automatic(
        &mut self,
        batch: &mut Batch<'_>,
        path: &Path,
        found: Found,
        backup: Option<&BackupInfo>,
    ) -> Result<Report> {
        let conn = batch.deadline.conn();
        let head = self.history.head(conn)?.map_or(0, |(id, _)| id);
        let live = batch.live.clone();
        let touched = diff(&found.live, &live, &|_| false);
        let prepared = prepare(conn, self.migrator, Found { live, head, ..found }, true)?;
        refuse_made_again(&touched, &prepared)?;
        self.took(&prepared);
        self.refuse_too_much(path, &prepared.plan)?;
        let applied = match prepared.plan.is_empty() {
            true => Applied { reached: prepared.found.live.clone(), ..Applied::default() },
            false => self.apply(batch.deadline, &prepared)?,
        };
        let (revision, recorded) = self.append(conn, &prepared, &applied, backup)?;
        let report = self.applied(&prepared, &applied, revision);
        batch.live.clone_from(&applied.reached);
        batch.recorded = recorded;
        batch.modelled = Some((prepared, applied.reached));
        Ok(report)
    }

    /// Runs a migration once more, behind its way back: `left` is what was there before that, `recorded` what the newest row says is there.
    pub(crate) fn again(
        &mut self,
        deadline: &Deadline<'_>,
        migration: &Migration,
        (left, live): (&Catalog, Catalog),
        (recorded, backup): (Snapshot, Option<&BackupInfo>),
    ) -> Result<()> {
        let others = Owners::default();
        let mut batch = Batch { deadline, backup, is_new: false, others, live, recorded, modelled: None };
        self.migrate(&mut batch, migration)?;
        let owners = &batch.recorded.owners;
        refuse(&diff(left, &batch.live, &|_| false), &|key| owners.is_managed(key), other_model)
    }

    /// Runs one migration and records it. One of which everything is there, since the model came first, is only recorded.
    fn migrate(&mut self, batch: &mut Batch<'_>, migration: &Migration) -> Result<()> {
        let conn = batch.deadline.conn();
        let own = found::own_tables(self.migrator);
        let (version, name) = (migration.digits.clone(), migration.name.clone());
        let scratch = || found::scratch(conn, self.migrator);
        // On a new file what comes behind the model may be what the model has learnt since.
        let held =
            batch.is_new && batch.modelled.is_some() && contained(migration, &batch.live, &own, &scratch)?;
        let mut took = Duration::ZERO;
        if !held {
            self.migrator.emit(&Event::Migration {
                version: version.clone(),
                name: name.clone(),
                back: false,
            });
            let (title, environment) = (migration.title(), self.options.environment.as_deref());
            let seal = self.history.seal(conn).ok();
            let orphans = numbered::deferrable(conn, &migration.up, &batch.live)?;
            took = numbered::run(conn, &title, &migration.up, environment, batch.deadline)?;
            let after = catalog::read(conn, "main", &own)?;
            if let Some(orphans) = orphans {
                numbered::refuse_orphans(conn, &title, &after, &orphans)?;
            }
            self.history.refuse_changed(conn, seal.as_deref(), &title)?;
            let theirs = diff(&batch.live, &after, &|_| false);
            refuse(&theirs, &|key| batch.others.is_managed(key), || {
                numbered::failed(&title)
                    .cause("it changes objects of another model of this database")
                    .help("make this change in the other model, and in its migrations")
            })?;
            let there = keys(&batch.live);
            let made = keys(&after).into_iter().filter(|key| !there.contains(key));
            self.done.made.extend(made.map(|key| (key, version.clone())));
            let before = std::mem::replace(&mut batch.live, after);
            batch.recorded.start = Some(before).filter(|before| *before != batch.recorded.catalog);
            batch.recorded.catalog.clone_from(&batch.live);
            self.done.own(&mut batch.recorded);
        }
        let mut revision = self.revision(conn, Kind::Numbered, &name, self.batch.unwrap_or_default())?;
        revision.version.clone_from(&version);
        revision.fingerprint = Some(migration.checksum.clone());
        revision.duration_ms = millis(took);
        revision.backup = batch.backup.map(BackupInfo::recorded);
        if let Some(Direction { body: Body::Sql(down), .. }) = &migration.down {
            revision.rollback_sql = Some(down.to_string());
        }
        if held {
            revision.status = Status::Skipped;
            revision.reason = Some("the model holds all that it makes".to_owned());
        } else {
            revision.snapshot = Some(batch.recorded.to_json()?);
        }
        self.history.append(conn, &revision)?;
        self.done.runs.push(MigrationRun {
            version,
            name,
            description: migration.description.clone(),
            contained: held,
            ms: revision.duration_ms,
        });
        Ok(())
    }

    /// What the automatic change will be when the migrations before it have run: tried on a scratch copy with a row of each table. `None`
    /// without a model.
    pub(crate) fn outlook(
        &mut self,
        conn: &Connection,
        found: Found,
        due: &Due<'_>,
    ) -> Result<Option<Prepared>> {
        if self.is_without_model() {
            return Ok(None);
        }
        if due.before.is_empty() {
            return self.prepare(conn, found, true).map(Some);
        }
        let samples = rehearse::samples(conn, &found.live)?;
        let mut scratch = rehearse::replayed(&|| found::scratch(conn, self.migrator), &found.live, &samples)?;
        let deadline =
            Deadline::install(&mut scratch, self.options.time_limit, Some(self.options.cancel.clone()));
        let copy = deadline.conn();
        connection::begin_immediate(copy, Duration::ZERO, None)?;
        for migration in &due.before {
            let environment = self.options.environment.as_deref();
            if let Err(error) = numbered::run(copy, &migration.title(), &migration.up, environment, &deadline)
            {
                self.warnings.push(format!(
                    "the plan is made without the migrations, since {} fails on a copy with one row a table: {}",
                    migration.title(),
                    error.causes().first().map_or("", String::as_str)
                ));
                return self.prepare(conn, found, true).map(Some);
            }
        }
        let live: Catalog = catalog::read(copy, "main", &found::own_tables(self.migrator))?;
        self.prepare(copy, Found { live, ..found }, true).map(Some)
    }
}

/// Whether the file is another model's, and holds nothing that this one has or had under another name.
fn holds_only_others(found: &Found) -> bool {
    let ours = |name: &String| found.live.table(name).is_some();
    let is_ours = |table: &TableInfo| {
        ours(&table.name) || found.model.table_hints(&table.name).renamed_from.iter().any(ours)
    };
    found.head > 0 && found.last.is_none() && !found.model.catalog.tables.iter().any(is_ours)
}

/// What the migrations have made of the model's objects must be what the model has: nobody is to make it again, without its values.
fn refuse_made_again(touched: &[Change], prepared: &Prepared) -> Result<()> {
    let Prepared { target, found, .. } = prepared;
    let last = found.last.as_ref().map(|(_, last)| last);
    let model = keys(&found.model.catalog);
    let mut ours = Vec::new();
    for change in touched {
        let Some(before) = key_of(change) else { continue };
        let now = match change {
            Change::DropColumn { table, column } | Change::AlterColumn { table, column, .. } => {
                let table = target.renames.new_table(table);
                key::column(table, target.renames.new_column(table, column))
            }
            change if before == key::table(change.table()) => {
                key::table(target.renames.new_table(change.table()))
            }
            _ => before.clone(),
        };
        // Where the model begins with this start, it is what has values.
        let begins =
            matches!(change, Change::DropTable { .. } | Change::DropColumn { .. }) && model.contains(&now);
        if begins || last.is_some_and(|last| last.owners.is_managed(&before)) {
            ours.push(now);
        }
    }
    let back = diff(&target.catalog, &target.live, &|_| false);
    refuse(&back, &|key| ours.iter().any(|ours| ours == key), other_model)
}

/// Refuses changes to objects that are `ours`, by the error of `refused`.
fn refuse(changes: &[Change], ours: &dyn Fn(&str) -> bool, refused: impl FnOnce() -> Error) -> Result<()> {
    let mut changes = changes.iter().filter(|change| key_of(change).is_some_and(|key| ours(&key))).peekable();
    if changes.peek().is_none() {
        return Ok(());
    }
    Err(changes.fold(refused(), |error, change| error.cause(format!("against the model: {change}"))))
}

fn other_model() -> Error {
    Error::new(
        ErrorKind::Migration,
        "the migrations leave objects of the model other than the model has them",
    )
    .help("change the model too, or take that out of the migration")
}
