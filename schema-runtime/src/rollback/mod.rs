//! Going back: the stored undo of the last revisions, under the same lock, backup and proof as a change.
//!
//! Nothing of the newer model is needed: what to do lies in the history, and where it must lead too. The values of what was dropped or
//! converted come from the backup of the revision (`rows`).

mod asked;
mod candidates;
mod columns;
mod copies;
mod down;
mod lost;
mod rows;
mod steps;
mod way;

use std::path::Path;

use rusqlite::Connection;
use schema_sql::eq_name;

use crate::apply::{Applied, Job, apply};
use crate::backup::{BackupInfo, BackupPolicy};
use crate::catalog::{self, Catalog};
use crate::connection::{self, Deadline, OpenMode, Settings};
use crate::error::{Error, ErrorKind, Result};
use crate::found;
use crate::history::{Stamp, schema_cookie};
use crate::migration::Migration;
use crate::migrator::{Migrator, stated};
use crate::numbered;
use crate::plan::Plan;
use crate::record::millis;
use crate::report::{Event, MigrationRun, Outcome, Report, StepReport};
use crate::revision::{Kind, Revision, Status};
use crate::run::{Run, data_version, disturbed};
use crate::snapshot::Snapshot;
use crate::version::version_cmp;
use asked::Asked;
pub use candidates::Candidate;
use down::Down;
use lost::lost;
use rows::Filled;
pub(crate) use way::{Way, renames_of, standing};

/// How far to go back.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Back {
    /// Over so many of the last revisions.
    Last(usize),
    /// To what this version of the model left.
    ToVersion(String),
    /// Over these steps of the last revision alone, where the rest stands without them: their numbers, from 1, as a
    /// [`dry_run`](Migrator::dry_run) of its rollback shows them.
    Steps(Vec<usize>),
}

/// What can be undone, the copies that it needs, and what people should know of it.
type Proved<'r> = (Vec<Way<'r>>, Vec<Option<BackupInfo>>, Vec<String>);

impl Migrator {
    /// Takes revisions of this model back, the newest first, by the undo that is stored with each: no model is needed, so that an older
    /// program can do it. Values that were dropped or converted come back from the backup of the revision; rows that arrived and
    /// values that changed since are kept, and [`Report::restored`] counts both.
    ///
    /// The present state is backed up first, whatever it is worth, unless the policy is [`BackupPolicy::Never`]; tables and columns that
    /// the revisions added go, with what is in them. All of it is one transaction, which ends with the catalog of before or not at all. It is a
    /// revision of its own. A start-up with the model that was rolled back then refuses, until [`reapply`](Self::reapply) or another
    /// model. With [`dry_run`](Self::dry_run) the report tells what would be done.
    ///
    /// # Errors
    /// `Drift`, with the differences, where the catalog is no longer what the revision left; `History` where there is no way back, or not
    /// so far; `Refused` where a table with rows, or without a backup a column with values, would go and nobody has consented; `Tampered` for an edited row; `Backup` where values are needed and their backup is gone, altered or of another database; `Data` where the
    /// rows of now do not fit; else as [`run`](Self::run). The database is as before.
    pub fn rollback(&self, path: impl AsRef<Path>, back: &Back) -> Result<Report> {
        self.check_options()?;
        let path = self.at(path.as_ref());
        self.tell(stated(Run::roll_back(self, &path, back, false)))
    }

    /// Takes the newest revision back, which must be a numbered migration, and runs that migration again as the program has it now; in one
    /// transaction.
    ///
    /// # Errors
    /// As [`rollback`](Self::rollback) and [`run`](Self::run); `History` where the newest revision is none of a migration that the program has, or
    /// the migration runs outside of a transaction.
    pub fn redo(&self, path: impl AsRef<Path>) -> Result<Report> {
        self.check_options()?;
        let path = self.at(path.as_ref());
        self.tell(stated(Run::roll_back(self, &path, &Back::Last(1), true)))
    }

    /// The revisions of this model that could be rolled back, newest first, with what each would do. Reads only, and of backups only the
    /// notes: a [`dry_run`](Self::dry_run) of [`rollback`](Self::rollback) proves them.
    ///
    /// # Errors
    /// As [`history`](Self::history).
    pub fn rollback_candidates(&self, path: impl AsRef<Path>) -> Result<Vec<Candidate>> {
        self.check_options()?;
        stated(Run::candidates(self, &self.at(path.as_ref())))
    }

    /// Lets the model of a revision that was rolled back be applied again.
    pub fn reapply(mut self) -> Self {
        self.options.reapply = true;
        self
    }
}

impl<'a> Run<'a> {
    fn roll_back(migrator: &'a Migrator, path: &Path, back: &Back, redo: bool) -> Result<Report> {
        let mut run = Run::new(migrator);
        run.kind = Kind::Rollback;
        let options = run.options;
        let mode = if options.dry_run { OpenMode::ReadOnly } else { OpenMode::ReadWrite };
        let mut conn = connection::open(path, mode, options.hook.as_ref(), options.lock_wait)?;
        connection::refuse_if_in_use(&conn)?;
        migrator.emit(&Event::Checking { database: path.display().to_string() });
        let database = connection::database_path(&conn).unwrap_or_else(|| path.to_owned());
        if options.dry_run {
            connection::begin_reading(&conn)?;
            let report = run.would_go_back(&conn, &database, back, redo);
            connection::rollback(&conn)?;
            return report;
        }
        let deadline = Deadline::install(&mut conn, options.time_limit, Some(options.cancel.clone()));
        let settings = Settings::enter(deadline.conn())?;
        let version = run.save_early(&deadline, &database, back, redo)?;
        let waited = std::time::Instant::now();
        connection::begin_immediate(deadline.conn(), options.lock_wait, Some(&options.cancel))?;
        deadline.extend(waited.elapsed());
        let result = match version {
            Some(before) if data_version(deadline.conn())? != before => Err(disturbed()),
            _ => run.go_back(&deadline, &database, back, redo),
        };
        deadline.release();
        let result = result.map_err(|error| run.failed(deadline.conn(), error));
        drop(settings);
        result.map(|mut report| {
            if report.backup.is_some() {
                run.prune_after(deadline.conn(), &database, &mut report);
            }
            report
        })
    }

    fn would_go_back(
        &mut self,
        conn: &Connection,
        database: &Path,
        back: &Back,
        redo: bool,
    ) -> Result<Report> {
        let rows = self.history.all(conn)?;
        let live = catalog::read(conn, "main", &found::own_tables(self.migrator))?;
        let (ways, _, warnings) = self.proved(conn, database, (&rows, &live), (back, redo))?;
        let mut report = self.told(Outcome::PlannedOnly, &ways);
        report.warnings = warnings;
        Ok(report)
    }

    /// Everything under the lock. On an error the caller rolls back.
    fn go_back(
        &mut self,
        deadline: &Deadline<'_>,
        database: &Path,
        back: &Back,
        redo: bool,
    ) -> Result<Report> {
        let conn = deadline.conn();
        let rows = self.history.all(conn)?;
        connection::refuse_cut_file(conn)?;
        let own = found::own_tables(self.migrator);
        let live = catalog::read(conn, "main", &own)?;
        let (ways, copies, _) = self.proved(conn, database, (&rows, &live), (back, redo))?;
        let Some(last) = ways.last() else {
            connection::rollback(conn)?;
            return Ok(self.told(Outcome::UpToDate, &ways));
        };
        let again = redo.then(|| self.to_redo(last)).transpose()?;
        connection::prove_writable(conn)?;
        let mut report = self.told(Outcome::RolledBack, &ways);
        let plan = &report.plan;
        self.refuse_too_much(database, plan)?;
        self.migrator.emit(&Event::Planned { plan: plan.to_string(), steps: plan.steps.len() });
        let saved = self.save_present(conn, database, &ways)?;
        deadline.extend(self.began.elapsed());
        self.writing = true;
        let mut reached = live;
        let mut times = Vec::new();
        for (at, (way, copy)) in ways.iter().zip(&copies).enumerate() {
            way.refuse_drift(&reached)?;
            let so_far = ways.get(..=at).unwrap_or_default();
            report.warnings.extend(self.asked().deletions(conn, so_far, at, &reached)?);
            report.warnings.extend(self.asked().conversions(conn, way)?);
            let (applied, filled) = self.undo(deadline, way, &reached, copy.as_ref(), &own)?;
            self.mark(conn, &rows, way)?;
            report.migrations.extend(way.down.as_ref().map(|down| down.ran(applied.apply)));
            times.extend(applied.steps);
            self.phases.apply += applied.apply;
            self.phases.verify += applied.verify;
            report.restored.extend(filled.rows);
            report.warnings.extend(filled.warnings);
            reached = applied.reached;
        }
        report.time_steps(&times);
        let before = last.snapshot(reached.clone());
        let saved_copy = saved.as_ref().ok();
        // The stamps of an older version are of another form.
        self.history.ensure(conn)?;
        let mut id = self.record_back(conn, &ways, (&report.plan, &before), saved_copy)?;
        if let Some(migration) = again {
            self.batch = Some(id);
            self.again(deadline, migration, (&last.left, reached), (before, saved_copy))?;
            id += 1;
            report.outcome = Outcome::Migrated;
            report.migrations = std::mem::take(&mut self.done.runs);
            report.applied.extend(report.migrations.iter().map(MigrationRun::title));
        }
        report.revision = Some(id);
        // The fingerprint of no model: the next start looks at everything.
        let stamp =
            Stamp { fingerprint: String::new(), revision: id, ..self.stamp(schema_cookie(conn)?, id) };
        self.commit_stamped(deadline, &stamp)?;
        match saved {
            Ok(info) => report.backup = Some(info),
            Err(why) => report.no_backup = Some(why.to_owned()),
        }
        report.warnings.append(&mut self.warnings);
        report.phases = self.phases;
        report.duration = self.began.elapsed();
        Ok(report)
    }

    /// The revisions to undo, newest first, with the copies that they need and what people should know, after everything that can refuse
    /// them before a write.
    fn proved<'r>(
        &mut self,
        conn: &Connection,
        database: &Path,
        (rows, live): (&'r [Revision], &Catalog),
        (back, redo): (&Back, bool),
    ) -> Result<Proved<'r>> {
        let ways = self.ways(conn, rows, live, back)?;
        let (Some(first), Some(last)) = (ways.first(), ways.last()) else {
            return Ok((ways, Vec::new(), Vec::new()));
        };
        if redo {
            self.to_redo(last)?;
        }
        let mut reached = live;
        let mut copies = Vec::new();
        for way in &ways {
            way.refuse_drift(reached)?;
            copies.push(way.needs_backup.then(|| self.copy_of(conn, database, way)).transpose()?);
            reached = &way.target;
        }
        let mut warnings = self.deletions(conn, live, &ways)?;
        warnings.extend(self.asked().conversions(conn, first)?);
        // What only other rows could prove is proved by doing it.
        warnings.extend(self.try_downs(conn, live, &ways, &found::own_tables(self.migrator))?);
        Ok((ways, copies, warnings))
    }

    /// The revisions to undo, newest first.
    fn ways<'r>(
        &mut self,
        conn: &Connection,
        rows: &'r [Revision],
        live: &Catalog,
        back: &Back,
    ) -> Result<Vec<Way<'r>>> {
        let model = self.migrator.source.name();
        numbered::refuse_unfinished(rows, model)?;
        let standing = standing(rows, model);
        let refused = |what: String| {
            let error = Error::new(ErrorKind::History, what);
            let error = standing.iter().take(5).fold(error, |error, row| {
                error.cause(format!("revision {} ({}): {}", row.id, row.version, row.name))
            });
            error.help("see what can be rolled back with `schema status`; restore a backup to go further")
        };
        let number = match back {
            Back::Steps(_) if standing.is_empty() => {
                return Err(refused(format!(
                    "no revision of model `{model}` stands that could be rolled back"
                )));
            }
            Back::Steps(_) => 1,
            Back::Last(number) if *number > standing.len() => {
                let there = standing.len();
                return Err(refused(format!(
                    "cannot roll back {number} revisions of model `{model}`: {there} can be"
                )));
            }
            Back::Last(number) => *number,
            Back::ToVersion(version) => match above(rows, &standing, model, version) {
                Some(number) => number,
                None => {
                    return Err(refused(format!(
                        "cannot roll model `{model}` back to version {version}: no revision left it"
                    )));
                }
            },
        };
        let set = &self.options.migrations;
        let ways = standing.iter().take(number).map(|row| Way::of(rows, row, set));
        let mut ways = ways.collect::<Result<Vec<_>>>()?;
        if let Some(last) = ways.last() {
            self.version.clone_from(&last.before.version);
        }
        let Back::Steps(numbers) = back else { return Ok(ways) };
        if let Some(whole) = ways.pop() {
            whole.refuse_drift(live)?;
            self.version.clone_from(&whole.revision.version);
            ways.push(steps::alone(conn, self.migrator, whole, numbers)?);
        }
        Ok(ways)
    }

    fn asked(&self) -> Asked<'a> {
        Asked { consents: &self.options.consents, saved: self.options.backup != BackupPolicy::Never }
    }

    /// What all of `ways` delete that is there now.
    fn deletions(&self, conn: &Connection, live: &Catalog, ways: &[Way<'_>]) -> Result<Vec<String>> {
        let mut told = Vec::new();
        for at in 1..=ways.len() {
            told.extend(self.asked().deletions(conn, ways.get(..at).unwrap_or_default(), 0, live)?);
        }
        Ok(told)
    }

    /// Undoes one revision and brings its values back, before the result is proved.
    fn undo(
        &self,
        deadline: &Deadline<'_>,
        way: &Way<'_>,
        live: &Catalog,
        copy: Option<&BackupInfo>,
        own: &[String],
    ) -> Result<(Applied, Filled)> {
        let conn = deadline.conn();
        if let Some(down) = &way.down {
            let (version, name) = (down.version.clone(), down.name.clone());
            self.migrator.emit(&Event::Migration { version, name, back: true });
            let tell = self.migrator.progress(&down.version, &down.name);
            let (reached, took) = down.run((live, &way.target), own, (self.options, &tell), deadline)?;
            return Ok((Applied { apply: took, reached, ..Applied::default() }, Filled::default()));
        }
        let copy = copy.map(|info| self.open_copy(info)).transpose()?;
        let lost = if copy.is_some() { lost(way)? } else { Vec::new() };
        let of = way.undo.steps.len();
        let mut filled = Filled::default();
        let mut fill = |conn: &Connection| {
            let Some(copy) = &copy else { return Ok(()) };
            filled = rows::bring_back(conn, copy, (&lost, &way.target), &self.asked(), deadline)?;
            Ok(())
        };
        let filled_later = |table: &str| lost.iter().any(|lost| eq_name(&lost.table.name, table));
        let mut job = Job {
            plan: &way.undo,
            start: live,
            target: &way.target,
            known: &[live],
            renames: &way.renames,
            own,
            exact: &|_| true,
            integrity: self.options.integrity,
            deadline,
            on_step: &mut |number, step| {
                self.migrator.emit(&Event::of_step(number, of, step));
            },
            fill: Some(&mut fill),
            filled: &filled_later,
        };
        let applied = apply(conn, &mut job)
            .map_err(|error| error.context(format!("cannot roll back revision {}", way.revision.id)))?;
        Ok((applied, filled))
    }

    /// Says of what was undone that it is.
    fn mark(&self, conn: &Connection, rows: &[Revision], way: &Way<'_>) -> Result<()> {
        if way.alone.is_some() {
            return Ok(());
        }
        let above = rows.iter().filter(|row| {
            way.revision.kind == Kind::Automatic
                && row.id > way.revision.id
                && row.model == way.revision.model
        });
        let goes_along = above.filter(|row| match row.status {
            // What a model made of a migration goes with the model, also where that was found in a later round.
            Status::Skipped => row.kind == Kind::Numbered && row.reason.as_deref() == Some(numbered::HELD),
            // A note left standing would say that the model is still applied.
            Status::Completed => way::is_note(rows, row),
            _ => false,
        });
        for row in goes_along.chain([way.revision]) {
            self.history.set_status(conn, row.id, Status::RolledBack)?;
        }
        Ok(())
    }

    fn record_back(
        &mut self,
        conn: &Connection,
        ways: &[Way<'_>],
        (plan, before): (&Plan, &Snapshot),
        saved: Option<&BackupInfo>,
    ) -> Result<i64> {
        let head = self.history.head(conn)?.map_or(0, |(id, _)| id);
        let mut revision = self.revision(conn, Kind::Rollback, &name_of(ways), head + 1)?;
        // Steps that were undone alone are a change like any other; the model that they belong to is known by its fingerprint.
        let alone = ways.last().and_then(|way| Some((way, way.alone.as_ref()?)));
        revision.fingerprint = alone.and_then(|(way, _)| way.revision.fingerprint.clone());
        let redo = alone.and_then(|(_, alone)| alone.redo.as_ref());
        revision.undo = redo.map(Plan::to_json).transpose()?;
        revision.rollback_sql = redo.map(Plan::to_sql);
        revision.plan = Some(plan.to_json()?);
        revision.snapshot = Some(before.to_json()?);
        revision.backup = saved.map(BackupInfo::recorded);
        revision.duration_ms = millis(self.phases.apply + self.phases.verify);
        self.history.append(conn, &revision)
    }

    /// The migration that `way` leads back over, as the program has it.
    fn to_redo(&self, way: &Way<'_>) -> Result<&'a Migration> {
        let refused = |what: String| {
            Error::new(ErrorKind::History, what)
                .help("roll it back with `schema rollback`, and start again with `schema apply`")
        };
        let version = &way.revision.version;
        if way.down.is_none() {
            return Err(refused(format!(
                "the newest revision, {} ({version}), is no numbered migration that could be done again",
                way.revision.id
            )));
        }
        let known = self.options.migrations.find(version);
        let known =
            known.ok_or_else(|| refused(format!("the program has no migration {version} to do again")))?;
        if known.up.transaction {
            return Ok(known);
        }
        let title = known.title();
        Err(refused(format!(
            "migration {title} runs outside of a transaction, and its way back inside of one"
        )))
    }

    fn told(&self, outcome: Outcome, ways: &[Way<'_>]) -> Report {
        let mut report = Report::new(outcome, self.migrator.source.name(), &self.version);
        report.from_version = ways.first().map(|way| way.revision.version.clone());
        report.plan = whole(ways);
        report.steps = report.plan.steps.iter().map(StepReport::of).collect();
        if outcome == Outcome::RolledBack {
            report.applied = ways.iter().flat_map(Way::told).collect();
        } else {
            let downs = ways.iter().filter_map(|way| way.down.as_ref());
            report.pending = downs.map(Down::title).collect();
        }
        report.phases = self.phases;
        report.duration = self.began.elapsed();
        report
    }
}

/// How many of the revisions that stand are above what `version` of the model, or the migration of this number, has left.
fn above(rows: &[Revision], standing: &[&Revision], model: &str, version: &str) -> Option<usize> {
    let stands =
        |row: &&Revision| row.model == model && matches!(row.status, Status::Completed | Status::Skipped);
    let mut of_model = rows.iter().rev().filter(stands).filter(|row| row.kind != Kind::Numbered);
    // Also a baseline may have the version. A row that is above it and none of these changes nothing.
    let number: Option<u64> = version.parse().ok();
    let floor = of_model.find(|row| match number {
        // A number alone is that of a migration, where the model does not write its versions so.
        Some(_) => row.version == version,
        None => version_cmp(&row.version, version).is_eq(),
    });
    let is_it = |row: &&Revision| {
        row.kind == Kind::Numbered && number.is_some() && row.version.parse().ok() == number
    };
    let floor = floor.or_else(|| rows.iter().rev().filter(stands).find(is_it));
    let mut of_model = rows.iter().rev().filter(stands).filter(|row| row.kind != Kind::Numbered);
    let floor = floor.or_else(|| of_model.find(|row| version_cmp(&row.version, version).is_eq()))?;
    let over = standing.iter().filter(|row| row.id > floor.id).count();
    // None of them may be out of reach.
    let all = rows.iter().filter(stands).filter(|row| row.id > floor.id);
    let all = all
        .filter(|row| row.status == Status::Completed && (way::leads_on(row) || row.kind == Kind::Baseline))
        .filter(|row| !way::is_note(rows, row));
    (all.count() == over).then_some(over)
}

/// The plans of all, one after another.
fn whole(ways: &[Way<'_>]) -> Plan {
    let mut plans = ways.iter().map(|way| way.undo.clone());
    let first = plans.next().unwrap_or_else(|| Plan::empty("", "", crate::plan::PlanKey::default()));
    plans.fold(first, |mut whole, plan| {
        whole.steps.extend(plan.steps);
        whole.needs_backup |= plan.needs_backup;
        whole
    })
}

/// `rollback of revision 7: add column t.a`.
fn name_of(ways: &[Way<'_>]) -> String {
    match ways {
        [Way { revision, undo, alone: Some(alone), .. }] => {
            let numbers: Vec<String> = alone.numbers.iter().map(usize::to_string).collect();
            let changes: Vec<String> = undo.changes().map(ToString::to_string).collect();
            format!(
                "rollback of step {} of revision {}: {}",
                numbers.join(", "),
                revision.id,
                changes.join("; ")
            )
        }
        [way] => format!("rollback of revision {}: {}", way.revision.id, way.revision.name),
        _ => {
            let ids: Vec<String> = ways.iter().map(|way| way.revision.id.to_string()).collect();
            format!("rollback of revisions {}", ids.join(", "))
        }
    }
}
