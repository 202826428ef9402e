//! One start with numbered migrations: those that come before the automatic change, that change, those that come after; in one transaction
//! and one batch of the history.
//!
//! A new file has two ways. Where all migrations run on it from the first to the last, they do, and the model's change follows. Else the
//! model's catalog is made first, as for files that had it when the migrations were written; each migration of which the model holds
//! everything already is recorded as contained, and the others run.

use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use rusqlite::Connection;

use crate::apply::Applied;
use crate::backup::BackupInfo;
use crate::bounds::{self, holds_only_others};
use crate::catalog::{self, Catalog};
use crate::connection::{self, Deadline};
use crate::contained::contained;
use crate::error::{Error, ErrorKind, Result};
use crate::execute::{self, all_run};
use crate::found::{self, Found};
use crate::migration::{Body, Direction, Migration, Migrations, Surroundings};
use crate::migrator::Source;
use crate::numbered::{self, Due, Wish};
use crate::prepare::{Prepared, prepare};
use crate::record::millis;
use crate::rehearse;
use crate::report::{Event, MigrationRun, Outcome, Report};
use crate::revision::{Kind, Revision, Status};
use crate::run::{Before, Pending, Run};
use crate::snapshot::{Owners, Snapshot, State, keys};

/// What the migrations of a run have done so far.
#[derive(Default)]
pub(crate) struct Done {
    pub(crate) runs: Vec<MigrationRun>,
    /// Keys of what they made, each with the version that did.
    made: BTreeMap<String, String>,
    /// What was there before the first of them.
    start: Option<Rc<Catalog>>,
    /// On a file that was new.
    pub(crate) on_nothing: bool,
    /// Whether nothing of the model was there.
    is_new: bool,
    /// What this very model has left in it, where an earlier start has begun it and did not come to its end.
    goes_on: Option<Catalog>,
    /// Whether the model comes before all of them, and why they cannot come before it; known as soon as one was to run.
    model_first: Option<std::result::Result<(), String>>,
    /// Whether the automatic change is made.
    modelled: bool,
}

/// One part of what a run does.
enum Part<'m> {
    Migration(&'m Migration),
    Model,
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

    /// As [`bounds::refuse_made_again`], with what was there before the first migration of the run, be it in an earlier round.
    pub(crate) fn refuse_made_again(&self, prepared: &Prepared) -> Result<()> {
        self.start.as_ref().map_or(Ok(()), |start| bounds::refuse_made_again(start, prepared))
    }

    /// Says in a snapshot whose what the migrations made is, where it is no model's.
    pub(crate) fn own(&self, snapshot: &mut Snapshot) {
        if self.made.is_empty() {
            return;
        }
        for key in keys(&snapshot.catalog) {
            let nobodys = matches!(snapshot.owners.get(&key), None | Some(State::Foreign));
            if let Some(version) = self.made.get(&key).filter(|_| nobodys) {
                snapshot.owners.set(key, State::Migration { version: version.clone() });
            }
        }
    }
}

/// One batch at work.
pub(crate) struct Batch<'b> {
    pub(crate) deadline: &'b Deadline<'b>,
    /// What was saved before all of it.
    pub(crate) backup: Option<&'b BackupInfo>,
    /// What is there now.
    pub(crate) live: Catalog,
    /// What the newest row says of it; on a new file there is nothing.
    pub(crate) recorded: Snapshot,
    /// Keys of what other models of the file manage.
    pub(crate) others: Owners,
    /// What the automatic change has reached.
    reached: Option<Catalog>,
}

impl Run<'_> {
    /// What is due of the program's migrations. What people should know of it is among the warnings of the run.
    pub(crate) fn due<'m>(&mut self, conn: &Connection, set: &'m Migrations) -> Result<Due<'m>> {
        let model = self.migrator.source.name();
        if set.list.is_empty() {
            // Also a program without migrations would take what one has left in the middle for somebody's work.
            if self.history.has_running(conn, model)? {
                numbered::refuse_unfinished(&self.history.all(conn)?, model)?;
            }
            return Ok(Due::default());
        }
        let rows = self.history.all(conn)?;
        let options = self.options;
        let up_to = options.up_to.as_deref().and_then(|version| set.find(version));
        let wish = Wish {
            out_of_order: options.out_of_order,
            reapply: options.reapply,
            up_to: up_to.map(|last| last.number),
        };
        let mut due = numbered::due(&rows, set, model, &wish)?;
        if numbered::recorded(&rows, model).is_empty() {
            due.warnings.extend(self.hint_of_tracking(conn));
        }
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

    /// Everything under the lock, where migrations are due, up to one that runs outside of a transaction; that one, where it is the first. On
    /// an error the caller rolls back.
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
        let recorded = self.first_row(conn, &found)?;
        let parts = self.parts(deadline, &found, due)?;
        let mut batch = Batch {
            deadline,
            backup: backup.as_ref(),
            live: (*found.live).clone(),
            recorded,
            others: found.others.clone(),
            reached: self.done.modelled.then(|| (*found.live).clone()),
        };
        let modelled = found.last.as_ref().map(|(_, last)| last.owners.clone());
        let mut report = Report::new(Outcome::Migrated, self.migrator.source.name(), &self.version);
        let mut found = Some(found);
        let mut outside = false;
        for (at, part) in parts.iter().enumerate() {
            match (part, found.take_if(|_| matches!(part, Part::Model))) {
                (Part::Migration(migration), _) => {
                    let held = self.holds(&batch, migration)?;
                    if held || migration.up.transaction {
                        self.migrate(&mut batch, migration, held).map_err(|error| self.told_both(error))?;
                    } else if at == 0 {
                        self.more = parts.len() > 1;
                        report.revision = Some(self.outside(&mut batch, migration)?);
                        outside = true;
                    } else {
                        self.more = true;
                        break;
                    }
                    report.applied.push(format!("migration {}", migration.title()));
                    if outside {
                        break;
                    }
                }
                (Part::Model, Some(found)) => {
                    // What migrations have made of the rows since is not in it.
                    let of_this_state = batch.backup.filter(|_| at == 0);
                    let of_model = self.automatic(&mut batch, path, found, of_this_state)?;
                    report = of_model.behind(report);
                }
                (Part::Model, None) => {}
            }
        }
        if let (Some(owners), Some(start)) = (modelled.filter(|_| self.is_without_model()), &self.done.start)
        {
            self.warnings.extend(bounds::warnings(start, &batch.live, &owners));
        }
        self.close(batch, outside, &mut report)?;
        (report.backup, report.no_backup) = (backup, no_backup);
        Ok(report)
    }

    /// The history as it is before the first row of a batch, and what it says is there.
    fn first_row(&mut self, conn: &Connection, found: &Found) -> Result<Snapshot> {
        self.history.ensure(conn)?;
        let mut nothing = Catalog::default();
        if found.last.is_none() && !found.live.is_empty() && found.head == 0 {
            self.baseline(conn, &found.live, 1)?;
            nothing.clone_from(&found.live);
        }
        self.batch = Some(self.history.head(conn)?.map_or(0, |(id, _)| id) + 1);
        let recorded = found.left().cloned();
        Ok(recorded.unwrap_or_else(|| Snapshot::of_others(self.migrator.source.name(), nothing)))
    }

    /// What is to be done, in its order.
    fn parts<'m>(&mut self, deadline: &Deadline<'_>, found: &Found, due: &Due<'m>) -> Result<Vec<Part<'m>>> {
        let environment = self.options.environment.as_deref();
        let model = !self.is_without_model() && !self.done.modelled;
        if self.done.model_first.is_none() {
            self.done.start = Some(found.live.clone());
            self.done.on_nothing = found.live.is_empty();
            self.done.is_new = self.done.on_nothing || holds_only_others(found);
            let alone = match self.done.is_new && model {
                true => all_run(deadline.conn(), &due.before, environment, deadline)?,
                false => Ok(()),
            };
            self.done.model_first = Some(alone.map_err(|error| error.causes().join("; ")));
            if model {
                self.done.goes_on = self.goes_on(deadline.conn(), found)?;
            }
        }
        let model_first = matches!(self.done.model_first, Some(Err(_)));
        let migrations =
            |list: &[&'m Migration]| list.iter().copied().map(Part::Migration).collect::<Vec<_>>();
        let model = model.then_some(Part::Model);
        let (first, second) = if model_first { (model, None) } else { (None, model) };
        let parts = first.into_iter().chain(migrations(&due.before)).chain(second);
        Ok(parts.chain(migrations(&due.after)).collect())
    }

    /// What this model has left, where no other has ever changed the file, and what it found was nothing: a start that ended between two
    /// rounds, or at a target, goes on as it began.
    fn goes_on(&self, conn: &Connection, found: &Found) -> Result<Option<Catalog>> {
        let last = found.last.as_ref().filter(|(last, _)| last.kind == Kind::Automatic);
        let Some((_, left)) = last else { return Ok(None) };
        let print = self.migrator.source.fingerprint();
        let rows = self.history.all(conn)?;
        let mut changes = rows.iter().filter(|row| {
            row.model == found.model.name && row.status != Status::Failed && row.kind != Kind::Numbered
        });
        let same = changes.all(|row| {
            row.kind == Kind::Automatic
                && row.status == Status::Completed
                && row.fingerprint.as_deref() == Some(print.as_str())
        });
        Ok(same.then(|| left.catalog.clone()))
    }

    /// An error of a migration that comes behind the model in a new file, with the reason for which none comes before it.
    fn told_both(&self, error: Error) -> Error {
        match &self.done.model_first {
            Some(Err(first)) => error.cause(format!("before the model's change: {first}")),
            _ => error,
        }
    }

    /// Whether the model, of which nothing was there, holds all that the migration makes, or has learnt it since.
    fn holds(&self, batch: &Batch<'_>, migration: &Migration) -> Result<bool> {
        let conn = batch.deadline.conn();
        let own = found::own_tables(self.migrator);
        let holds =
            |catalog: &Catalog| contained(migration, catalog, &own, &|| found::scratch(conn, self.migrator));
        let by_model = match &self.done.goes_on {
            Some(left) => holds(left)?,
            None => self.done.is_new && batch.reached.is_some(),
        };
        Ok(by_model && holds(&batch.live)?)
    }

    /// Commits a batch, where nothing is in the way.
    fn close(&mut self, batch: Batch<'_>, outside: bool, report: &mut Report) -> Result<()> {
        if let Some(reached) = &batch.reached {
            bounds::refuse_other_model(reached, &batch.live, &batch.recorded.owners)?;
        }
        let conn = batch.deadline.conn();
        // What ran outside of a transaction is committed already.
        if !outside {
            let id = self.history.head(conn)?.map_or(0, |(id, _)| id);
            self.finish(batch.deadline, report.revision.unwrap_or(id))?;
            report.revision = report.revision.or(Some(id));
            self.committed.append(&mut report.applied.clone());
        }
        if self.done.on_nothing {
            report.outcome = Outcome::Created;
        }
        report.migrations = std::mem::take(&mut self.done.runs);
        report.phases = self.phases;
        report.duration = self.began.elapsed();
        Ok(())
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
        let live = Rc::new(batch.live.clone());
        let prepared = prepare(conn, self.migrator, Found { live, head, ..found }, true)?;
        self.done.refuse_made_again(&prepared)?;
        self.took(&prepared);
        self.refuse_too_much(path, &prepared.plan)?;
        let applied = match prepared.plan.is_empty() {
            true => Applied { reached: (*prepared.found.live).clone(), ..Applied::default() },
            false => self.apply(batch.deadline, &prepared)?,
        };
        self.done.modelled = true;
        let known = prepared.plan.is_empty() && prepared.is_known(&self.left_by(&prepared, &applied.reached));
        let report = if known {
            self.report(Outcome::UpToDate, &prepared)
        } else {
            let (revision, recorded) = self.append(conn, &prepared, &applied, backup)?;
            batch.recorded = recorded;
            self.applied(&prepared, &applied, revision)
        };
        batch.live.clone_from(&applied.reached);
        batch.reached = Some(applied.reached);
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
        let others = found::others(deadline.conn(), self.migrator, &self.history)?;
        let mut batch = Batch { deadline, backup, live, recorded, others, reached: None };
        self.migrate(&mut batch, migration, false)?;
        bounds::refuse_other_model(left, &batch.live, &batch.recorded.owners)
    }

    /// Runs one migration and records it. One of which the model `holds` everything is only recorded.
    fn migrate(&mut self, batch: &mut Batch<'_>, migration: &Migration, held: bool) -> Result<()> {
        let conn = batch.deadline.conn();
        let mut revision = self.numbered_row(conn, migration, batch.backup)?;
        if held {
            revision.status = Status::Skipped;
            revision.reason = Some(numbered::HELD.to_owned());
        } else {
            self.tell_migration(migration);
            let own = found::own_tables(self.migrator);
            let (title, tell) =
                (migration.title(), self.migrator.progress(&migration.digits, &migration.name));
            let surroundings = Surroundings { environment: self.options.environment.as_deref(), tell: &tell };
            let seal = self.history.seal(conn)?;
            let (what, there) = ((title.as_str(), &migration.up), (&batch.live, own.as_slice()));
            let (after, took) = execute::run_held(what, there, surroundings, batch.deadline)?;
            self.history.refuse_changed(conn, seal.as_deref(), &title, false)?;
            bounds::refuse_theirs(&title, &batch.live, &after, &batch.others)?;
            self.made(batch, migration, after);
            revision.duration_ms = millis(took);
            revision.snapshot = Some(batch.recorded.to_json()?);
        }
        connection::refuse_ended(conn)?;
        self.history.append(conn, &revision)?;
        self.ran(migration, held, revision.duration_ms);
        Ok(())
    }

    /// Tells the observer that it begins.
    pub(crate) fn tell_migration(&self, migration: &Migration) {
        let (version, name) = (migration.digits.clone(), migration.name.clone());
        self.migrator.emit(&Event::Migration { version, name, back: false });
    }

    /// The row of a migration, as far as it is known before it runs.
    pub(crate) fn numbered_row(
        &self,
        conn: &Connection,
        migration: &Migration,
        backup: Option<&BackupInfo>,
    ) -> Result<Revision> {
        let batch = self.batch.unwrap_or_default();
        let mut revision = self.revision(conn, Kind::Numbered, &migration.name, batch)?;
        revision.version.clone_from(&migration.digits);
        revision.fingerprint = Some(migration.checksum.clone());
        revision.backup = backup.map(BackupInfo::recorded);
        revision.reason = revision.reason.or_else(|| migration.description.clone());
        if let Some(Direction { body: Body::Sql(down), .. }) = &migration.down {
            revision.rollback_sql = Some(down.to_string());
        }
        Ok(revision)
    }

    /// Takes in what the migration has left: `after`.
    pub(crate) fn made(&mut self, batch: &mut Batch<'_>, migration: &Migration, after: Catalog) {
        let there = keys(&batch.live);
        let made =
            keys(&after).into_iter().filter(|key| !there.contains(key) && !batch.others.is_managed(key));
        self.done.made.extend(made.map(|key| (key, migration.digits.clone())));
        let before = std::mem::replace(&mut batch.live, after);
        batch.recorded.start = Some(before).filter(|before| *before != batch.recorded.catalog);
        batch.recorded.catalog.clone_from(&batch.live);
        self.done.own(&mut batch.recorded);
    }

    /// Keeps for the report that it ran.
    pub(crate) fn ran(&mut self, migration: &Migration, contained: bool, ms: i64) {
        self.done.runs.push(MigrationRun {
            version: migration.digits.clone(),
            name: migration.name.clone(),
            description: migration.description.clone(),
            contained,
            ms,
        });
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
        let trial = Surroundings::of_trial(self.options.environment.as_deref());
        for migration in &due.before {
            if !migration.up.transaction {
                connection::commit(copy, Duration::ZERO)?;
            }
            if let Err(error) = execute::run(copy, &migration.title(), &migration.up, trial, &deadline) {
                self.warnings.push(format!(
                    "the plan is made without the migrations, since {} fails on a copy with one row a table: {}",
                    migration.title(),
                    error.causes().first().map_or("", String::as_str)
                ));
                return self.prepare(conn, found, true).map(Some);
            }
            if copy.is_autocommit() {
                connection::begin_immediate(copy, Duration::ZERO, None)?;
            }
        }
        let live: Catalog = catalog::read(copy, "main", &found::own_tables(self.migrator))?;
        self.prepare(copy, Found { live: Rc::new(live), ..found }, true).map(Some)
    }
}
