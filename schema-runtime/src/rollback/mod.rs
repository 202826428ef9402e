//! Going back: the stored undo of the last revisions, under the same lock, backup and proof as a change.
//!
//! Nothing of the newer model is needed: what to do lies in the history, and where it must lead too. The values of what was dropped or
//! converted come from the backup of the revision (`rows`).

mod asked;
mod columns;
mod lost;
mod rows;
mod steps;
mod way;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use schema_sql::eq_name;
use serde::{Deserialize, Serialize};

use crate::apply::{Applied, Job, apply};
use crate::backup::{self, BackupInfo, BackupPolicy, BackupSource};
use crate::catalog::{self, Catalog};
use crate::connection::{self, Deadline, OpenMode, Settings};
use crate::error::{Error, ErrorKind, Result};
use crate::found;
use crate::history::{Stamp, schema_cookie};
use crate::migrator::{Migrator, stated};
use crate::plan::Plan;
use crate::record::millis;
use crate::report::{Event, Outcome, Report, StepReport};
use crate::revision::{Kind, Revision, Status};
use crate::run::{About, Run};
use crate::snapshot::Snapshot;
use crate::version::version_cmp;
use asked::Asked;
use lost::lost;
use rows::Filled;
pub(crate) use way::{Way, standing};

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

/// A revision that could be rolled back, together with those above it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Candidate {
    /// The row of the history.
    pub revision: i64,
    /// Its version.
    pub version: String,
    /// What it did.
    pub name: String,
    /// When.
    pub applied_at: String,
    /// The version that the model has after the rollback; `0` where nothing was before.
    pub to_version: String,
    /// What the rollback would change, one by one.
    pub changes: Vec<String>,
    /// The backup from which values come back, where some do.
    pub backup: Option<String>,
    /// Why it cannot be rolled back.
    pub refused: Option<String>,
}

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
        self.tell(stated(Run::roll_back(self, &path, back)))
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
    fn roll_back(migrator: &'a Migrator, path: &Path, back: &Back) -> Result<Report> {
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
            let report = run.would_go_back(&conn, &database, back);
            connection::rollback(&conn)?;
            return report;
        }
        let deadline = Deadline::install(&mut conn, options.time_limit, Some(options.cancel.clone()));
        let settings = Settings::enter(deadline.conn())?;
        let waited = std::time::Instant::now();
        connection::begin_immediate(deadline.conn(), options.lock_wait, Some(&options.cancel))?;
        deadline.extend(waited.elapsed());
        let result = run.go_back(&deadline, &database, back);
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

    fn would_go_back(&mut self, conn: &Connection, database: &Path, back: &Back) -> Result<Report> {
        let rows = self.history.all(conn)?;
        let own = found::own_tables(self.migrator);
        let mut live = catalog::read(conn, "main", &own)?;
        let ways = self.ways(conn, &rows, &live, back)?;
        if let Some(way) = ways.first() {
            way.refuse_drift(&live)?;
        }
        let mut warnings = self.deletions(conn, &live, &ways)?;
        if let Some(way) = ways.first() {
            warnings.extend(self.asked().conversions(conn, way)?);
        }
        for way in &ways {
            way.refuse_drift(&live)?;
            if way.needs_backup {
                self.copy_of(conn, database, way)?;
            }
            live = way.target.clone();
        }
        let mut report = self.told(Outcome::PlannedOnly, &ways);
        report.warnings = warnings;
        Ok(report)
    }

    /// Everything under the lock. On an error the caller rolls back.
    fn go_back(&mut self, deadline: &Deadline<'_>, database: &Path, back: &Back) -> Result<Report> {
        let conn = deadline.conn();
        let rows = self.history.all(conn)?;
        connection::refuse_cut_file(conn)?;
        let own = found::own_tables(self.migrator);
        let live = catalog::read(conn, "main", &own)?;
        let ways = self.ways(conn, &rows, &live, back)?;
        let Some(last) = ways.last() else {
            connection::rollback(conn)?;
            return Ok(self.told(Outcome::UpToDate, &ways));
        };
        if let Some(way) = ways.first() {
            way.refuse_drift(&live)?;
        }
        // What is needed from copies is proved before anything is written.
        let copies = ways
            .iter()
            .map(|way| way.needs_backup.then(|| self.copy_of(conn, database, way)).transpose())
            .collect::<Result<Vec<_>>>()?;
        self.deletions(conn, &live, &ways)?;
        if let Some(way) = ways.first() {
            self.asked().conversions(conn, way)?;
        }
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
            if way.alone.is_none() {
                self.history.set_status(conn, way.revision.id, Status::RolledBack)?;
            }
            times.extend(applied.steps);
            self.phases.apply += applied.apply;
            self.phases.verify += applied.verify;
            report.restored.extend(filled.rows);
            report.warnings.extend(filled.warnings);
            reached = applied.reached;
        }
        report.time_steps(&times);
        let before = last.alone.as_ref().map_or(&last.before, |alone| &alone.snapshot).clone();
        let before = Snapshot { catalog: reached, start: None, ..before };
        report.revision =
            Some(self.record_back(deadline, &ways, (&report.plan, before), saved.as_ref().ok())?);
        match saved {
            Ok(info) => report.backup = Some(info),
            Err(why) => report.no_backup = Some(why.to_owned()),
        }
        report.warnings.append(&mut self.warnings);
        report.phases = self.phases;
        report.duration = self.began.elapsed();
        Ok(report)
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
        let standing = standing(rows, model);
        let refused = |what: String| {
            let error = Error::new(ErrorKind::History, what);
            // What stands in the way of going further.
            let above = rows.iter().rev().find(|row| {
                row.model == model && row.status == Status::Completed && row.kind == Kind::Numbered
            });
            let above = above.filter(|above| standing.iter().all(|row| row.id > above.id));
            let error = match above {
                Some(row) => error.cause(format!(
                    "the numbered migration {} {} stands: take back what it did by a migration of its own",
                    row.version, row.name
                )),
                None => error,
            };
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
            Back::ToVersion(version) => {
                let is_it = |row: &&Revision| version_cmp(&row.version, version).is_eq();
                let reached = rows.iter().rev().find(|row| {
                    row.model == model && row.status == Status::Completed && row.snapshot.is_some()
                });
                if reached.as_ref().is_some_and(is_it) {
                    return Ok(Vec::new());
                }
                // The rows above the newest one of that version: also a baseline may have it.
                let floor = rows
                    .iter()
                    .rev()
                    .find(|row| row.model == model && row.status == Status::Completed && is_it(row));
                let above = floor.map(|floor| standing.iter().filter(|row| row.id > floor.id).count());
                match above.filter(|above| *above > 0) {
                    Some(above) => above,
                    None => {
                        return Err(refused(format!(
                            "cannot roll model `{model}` back to version {version}: no revision left it"
                        )));
                    }
                }
            }
        };
        let mut ways =
            standing.iter().take(number).map(|row| Way::of(rows, row)).collect::<Result<Vec<_>>>()?;
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

    /// The copy that holds what the revision took away, verified.
    fn copy_of(&self, conn: &Connection, database: &Path, way: &Way<'_>) -> Result<BackupInfo> {
        let info = self.find_copy(conn, database, way)?;
        backup::verify(&info, self.options.hook.as_ref()).map_err(|fault| {
            fault.error.help("without the backup as it was written these values are gone")
        })?;
        rows::refuse_unmatched(&self.open_copy(&info)?, &lost(way)?)?;
        Ok(info)
    }

    fn open_copy(&self, info: &BackupInfo) -> Result<Connection> {
        connection::open(&info.path, OpenMode::ReadOnly, self.options.hook.as_ref(), Duration::ZERO)
    }

    /// The same by its note alone.
    fn find_copy(&self, conn: &Connection, database: &Path, way: &Way<'_>) -> Result<BackupInfo> {
        let gone = |cause: String| {
            Error::new(
                ErrorKind::Backup,
                format!("cannot bring back what revision {} took away", way.revision.id),
            )
            .cause(cause)
            .help("put the backup back where it was, with its note; without it these values are gone")
        };
        let recorded =
            way.revision.backup.as_deref().ok_or_else(|| gone("no backup was made before it".to_owned()))?;
        let recorded = PathBuf::from(recorded);
        let name = recorded.file_name();
        let mut folders = vec![self.migrator.folder(database)];
        folders.extend(recorded.parent().map(Path::to_path_buf));
        let ours = self.history.identity(conn)?;
        let mut found: Option<BackupInfo> = None;
        for folder in folders {
            let named = BackupInfo::list(&folder)?.into_iter().filter(|info| info.path.file_name() == name);
            // Another database may have left a file of this name in the other folder.
            for info in named {
                if found.is_none() || info.history == ours {
                    found = Some(info);
                }
            }
        }
        let Some(info) = found else {
            return Err(gone(format!("its backup `{}` is not there", recorded.display())));
        };
        if info.history.is_some() && info.history != ours {
            return Err(gone(format!("`{}` is a backup of another database", info.path.display())));
        }
        Ok(info)
    }

    /// A copy of the state that the rollback leaves; else why there is none.
    fn save_present(
        &mut self,
        conn: &Connection,
        database: &Path,
        ways: &[Way<'_>],
    ) -> Result<std::result::Result<BackupInfo, &'static str>> {
        if self.options.backup == BackupPolicy::Never {
            return Ok(Err("the backup policy is never"));
        }
        let about = About {
            version: ways.first().map(|way| way.revision.version.clone()),
            history: self.history.identity(conn)?,
            reason: name_of(ways),
        };
        self.copy(database, BackupSource::File, &about).map(Ok)
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

    fn record_back(
        &mut self,
        deadline: &Deadline<'_>,
        ways: &[Way<'_>],
        (plan, before): (&Plan, Snapshot),
        saved: Option<&BackupInfo>,
    ) -> Result<i64> {
        let conn = deadline.conn();
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
        let id = self.history.append(conn, &revision)?;
        // The fingerprint of no model: the next start looks at everything.
        let stamp =
            Stamp { fingerprint: String::new(), revision: id, ..self.stamp(schema_cookie(conn)?, id) };
        self.commit_stamped(deadline, &stamp)?;
        Ok(id)
    }

    fn told(&self, outcome: Outcome, ways: &[Way<'_>]) -> Report {
        let mut report = Report::new(outcome, self.migrator.source.name(), &self.version);
        report.from_version = ways.first().map(|way| way.revision.version.clone());
        report.plan = whole(ways);
        report.steps = report.plan.steps.iter().map(StepReport::of).collect();
        if outcome == Outcome::RolledBack {
            report.applied = report.plan.changes().map(ToString::to_string).collect();
        }
        report.phases = self.phases;
        report.duration = self.began.elapsed();
        report
    }

    fn candidates(migrator: &'a Migrator, path: &Path) -> Result<Vec<Candidate>> {
        let run = Run::new(migrator);
        let Some(conn) = run.open_reading(path)? else { return Ok(Vec::new()) };
        let database = connection::database_path(&conn).unwrap_or_else(|| path.to_owned());
        let rows = run.history.all(&conn)?;
        let own = found::own_tables(migrator);
        let mut reached = catalog::read(&conn, "main", &own)?;
        let mut refused: Option<String> = None;
        let mut list = Vec::new();
        for row in standing(&rows, migrator.source.name()) {
            let mut candidate = Candidate {
                revision: row.id,
                version: row.version.clone(),
                name: row.name.clone(),
                applied_at: row.applied_at.clone(),
                to_version: String::new(),
                changes: Vec::new(),
                backup: None,
                refused: refused.clone(),
            };
            match Way::of(&rows, row) {
                Err(error) => candidate.refused = Some(said(&error)),
                Ok(way) => {
                    candidate.to_version.clone_from(&way.before.version);
                    candidate.changes = way.undo.changes().map(ToString::to_string).collect();
                    let fits = way.refuse_drift(&reached).and_then(|()| {
                        if way.needs_backup {
                            candidate.backup.clone_from(&row.backup);
                            lost(&way)?;
                            run.find_copy(&conn, &database, &way)?;
                        }
                        Ok(())
                    });
                    if candidate.refused.is_none() {
                        candidate.refused = fits.err().map(|error| said(&error));
                    }
                    reached = way.target;
                }
            }
            if candidate.refused.is_some() && refused.is_none() {
                refused = Some(format!("revision {} above it cannot be rolled back", row.id));
            }
            list.push(candidate);
        }
        Ok(list)
    }
}

/// An error in one line.
fn said(error: &Error) -> String {
    std::iter::once(error.what())
        .chain(error.causes().iter().map(String::as_str))
        .collect::<Vec<_>>()
        .join(": ")
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
