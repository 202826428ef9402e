//! Where history and files disagree, a person says what holds: a row more, with the reason. Nothing of the user's is touched.

use std::path::Path;

use rusqlite::Connection;

use crate::connection::Deadline;
use crate::diff::diff;
use crate::error::{Error, ErrorKind, Result};
use crate::found;
use crate::migration::Migration;
use crate::migrator::{Migrator, stated};
use crate::numbered;
use crate::plan::{Plan, PlanKey};
use crate::prepare::key_of;
use crate::report::{Outcome, Report};
use crate::revision::{Kind, Revision, Status};
use crate::run::{Run, refuse_edited_row};
use crate::snapshot::{Owners, Snapshot, State, keys};

/// What holds, of a numbered migration or of what was changed by hand. A migration is named by its number: `034`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Resolve {
    /// All that it does is there: it counts as applied, and does not run.
    Applied(String),
    /// It shall never run on this database.
    Skip(String),
    /// The text and the name that its file has now are what was applied.
    Rehash(String),
    /// What it did was taken back by hand: it is due again.
    Undone(String),
    /// What was changed by hand in the database is the base from now on, and no drift any more.
    AdoptDrift,
}

impl Migrator {
    /// Records in the history of the database at `path` what holds where it and [`migrations`](Self::migrations), or the database itself,
    /// disagree; with the `reason`, which is needed. A row is added, and of those before it at most the status changes; no statement of a migration runs. The backup policy holds. With [`dry_run`](Self::dry_run) it only tells.
    ///
    /// After [`Undone`](Resolve::Undone) the migration is due like one that was rolled back: `schema apply` runs it, a start with
    /// [`reapply`](Self::reapply) too. After [`AdoptDrift`](Resolve::AdoptDrift) what contradicts the model is still changed by the next
    /// start, and what was applied before cannot be rolled back any more.
    ///
    /// # Errors
    /// `Refused` without a reason; `Migration` where there is no such migration, or the history has it so already, or otherwise than the call supposes;
    /// `History` where nothing was recorded from which anything could have drifted; `Tampered` for an edited row; else as
    /// [`baseline`](Self::baseline). The database is as before.
    pub fn resolve(&self, path: impl AsRef<Path>, resolve: &Resolve, reason: &str) -> Result<Report> {
        self.check_options()?;
        if reason.trim().is_empty() {
            return Err(Error::new(ErrorKind::Refused, "nothing is resolved without a reason")
                .state("nothing was changed")
                .help("say why, for those who read the history: `--reason TEXT`"));
        }
        let path = self.at(path.as_ref());
        let mut migrator = self.clone();
        migrator.options.reason = Some(reason.trim().to_owned());
        let result = Run::by_hand(&migrator, &path, |run, deadline, database| match resolve {
            Resolve::AdoptDrift => run.adopt_drift(deadline, database).map(|report| (report, ())),
            _ => run.resolve(deadline, database, resolve).map(|report| (report, ())),
        });
        self.tell(stated(result).map(|(report, ())| report))
    }
}

impl Run<'_> {
    fn resolve(&mut self, deadline: &Deadline<'_>, database: &Path, resolve: &Resolve) -> Result<Report> {
        let conn = deadline.conn();
        let found = found::read_anew(conn, self.migrator, &self.history)?;
        self.version.clone_from(&found.model.version);
        self.batch = Some(found.head + 1);
        let history = self.history.all(conn)?;
        let recorded = numbered::recorded(&history, self.migrator.source.name());
        let version = resolve.version();
        let last = version.parse().ok().and_then(|number: u64| recorded.get(&number).copied());
        if let Some(last) = last {
            refuse_edited_row(last)?;
        }
        let (row, said) = self.resolved(conn, resolve, last)?;
        let mut report = Report::new(Outcome::Resolved, self.migrator.source.name(), &self.version);
        report.notes.push(said);
        if self.options.dry_run {
            report.outcome = Outcome::PlannedOnly;
            return Ok(report);
        }
        let ended = ended(&history, &row);
        self.append_by_hand(deadline, database, &found, (vec![row], &ended), &mut report)?;
        Ok(report)
    }

    /// The row to add, and what it says.
    fn resolved(
        &self,
        conn: &Connection,
        resolve: &Resolve,
        last: Option<&Revision>,
    ) -> Result<(Revision, String)> {
        let stands = last.filter(|last| matches!(last.status, Status::Completed | Status::Skipped));
        let running = last.is_some_and(|last| last.status == Status::Running);
        let of = |migration: &Migration, status: Status| -> Result<Revision> {
            Ok(Revision { status, ..self.numbered_row(conn, migration, None)? })
        };
        match resolve {
            Resolve::Applied(version) | Resolve::Skip(version) => {
                let migration = self.migration(version)?;
                let title = migration.title();
                if let Some(row) = stands {
                    return Err(unfit(format!("{title} is recorded as {} already", word(row.status)))
                        .cause(format!("revision {} of {}", row.id, row.applied_at))
                        .help(format!(
                            "if its text of now is what was applied, say `--rehash {0}`; if what it did was taken back, `--undone {0}`",
                            migration.digits
                        )));
                }
                if let Resolve::Applied(_) = resolve {
                    return Ok((of(migration, Status::Completed)?, format!("{title} counts as applied")));
                }
                if running {
                    return Err(unfit(format!("{title} was begun, and has not come to its end"))
                        .help("say whether it is there, `--applied`, or was taken back, `--undone`; then it can be skipped"));
                }
                Ok((of(migration, Status::Skipped)?, format!("{title} never runs on this database")))
            }
            Resolve::Rehash(version) => {
                let migration = self.migration(version)?;
                let title = migration.title();
                let Some(row) = stands else {
                    return Err(unfit(format!("{title} is not recorded as applied"))
                        .help(format!("if it is there, say `--applied {}`", migration.digits)));
                };
                if row.name == migration.name && row.fingerprint.as_deref() == Some(migration.checksum()) {
                    return Err(unfit(format!("{title} is recorded with the text and the name of now"))
                        .help("nothing is to be done"));
                }
                let said = format!("{title} was {} as its file is now", word(row.status));
                Ok((of(migration, row.status)?, said))
            }
            Resolve::Undone(version) => {
                let title = |row: &Revision| format!("{} {}", row.version, row.name);
                let Some(row) = last.filter(|row| row.status != Status::RolledBack) else {
                    let title = last.map_or_else(|| version.clone(), title);
                    return Err(unfit(format!(
                        "migration {} is not recorded as applied",
                        title.escape_debug()
                    ))
                    .help("see what is with `schema history`"));
                };
                let mut back =
                    self.revision(conn, Kind::Numbered, &row.name, self.batch.unwrap_or_default())?;
                back.version.clone_from(&row.version);
                back.fingerprint.clone_from(&row.fingerprint);
                back.status = Status::RolledBack;
                Ok((back, format!("{} is due again", title(row))))
            }
            Resolve::AdoptDrift => Err(unfit("drift is of no migration".to_owned())),
        }
    }

    fn migration(&self, version: &str) -> Result<&Migration> {
        let set = &self.options.migrations;
        set.find(version).ok_or_else(|| {
            let known: Vec<String> = set.list.iter().map(Migration::title).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            unfit(format!("there is no migration {}", version.escape_debug()))
                .cause(format!("there are: {known}"))
                .help("give the number of one of them, and the folder that has it")
        })
    }

    fn adopt_drift(&mut self, deadline: &Deadline<'_>, database: &Path) -> Result<Report> {
        let conn = deadline.conn();
        let found = found::read_anew(conn, self.migrator, &self.history)?;
        let name = self.migrator.source.name().to_owned();
        let Some(last) = found.left() else {
            return Err(Error::new(
                ErrorKind::History,
                "nothing is recorded that could have changed by hand",
            )
            .help("record the schema of now as it is with `schema baseline`, or start the program"));
        };
        if let Some((revision, _)) = &found.last {
            refuse_edited_row(revision)?;
            self.version.clone_from(&revision.version);
        }
        found.refuse_opaque()?;
        let mut report = Report::new(Outcome::UpToDate, &name, &self.version);
        let changes = diff(&last.catalog, &found.live, &|_| true);
        if changes.is_empty() {
            report.notes.push("nothing was changed by hand since the last run".to_owned());
            return Ok(report);
        }
        for change in &changes {
            report.notes.push(format!("by hand: {change}"));
            if key_of(change).is_some_and(|key| last.owners.is_managed(&key)) {
                report
                    .warnings
                    .push(format!("{change}: it is the model's, and the next start undoes that where the model says otherwise"));
            }
        }
        if self.options.dry_run {
            report.outcome = Outcome::PlannedOnly;
            return Ok(report);
        }
        let mut owners = Owners::default();
        for key in keys(&found.live) {
            let state = last.owners.get(&key).cloned().unwrap_or(State::Foreign);
            owners.set(key, state);
        }
        let snapshot = Snapshot { catalog: (*found.live).clone(), owners, start: None, ..last.clone() };
        let mut row = self.revision(
            conn,
            Kind::Baseline,
            "what was changed by hand, taken as the base",
            found.head + 1,
        )?;
        // No model left this state.
        row.fingerprint = None;
        row.snapshot = Some(snapshot.to_json()?);
        row.plan = Some(Plan::empty(&name, &row.version, PlanKey::default()).to_json()?);
        report.outcome = Outcome::Resolved;
        self.append_by_hand(deadline, database, &found, (vec![row], &[]), &mut report)?;
        Ok(report)
    }
}

/// The rows of the same number that no longer stand, and what becomes of them.
fn ended(history: &[Revision], row: &Revision) -> Vec<(i64, Status)> {
    let same = |other: &&Revision| {
        let number = |row: &Revision| row.version.parse::<u64>().ok();
        other.model == row.model && other.kind == Kind::Numbered && number(other) == number(row)
    };
    let back = row.status == Status::RolledBack;
    history
        .iter()
        .filter(same)
        .filter_map(|other| match other.status {
            Status::Completed | Status::Skipped | Status::Running if back => {
                Some((other.id, Status::RolledBack))
            }
            Status::Running => Some((other.id, Status::Failed)),
            _ => None,
        })
        .collect()
}

impl Resolve {
    fn version(&self) -> &str {
        match self {
            Resolve::Applied(version)
            | Resolve::Skip(version)
            | Resolve::Rehash(version)
            | Resolve::Undone(version) => version,
            Resolve::AdoptDrift => "",
        }
    }
}

fn word(status: Status) -> &'static str {
    if status == Status::Skipped { "skipped" } else { "applied" }
}

fn unfit(what: String) -> Error {
    Error::new(ErrorKind::Migration, what).state("nothing was changed")
}
