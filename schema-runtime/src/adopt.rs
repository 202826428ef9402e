//! A project that comes from another tool: what that tool has applied is recorded as numbered migrations, so that nothing runs again.
//!
//! What the other tool has recorded is read by `tracking`; here it is held against the files of now and against our history. The other
//! tool's table stays as it is.

use std::path::Path;

use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha384};

use crate::connection::{self, Deadline};
use crate::error::{Error, ErrorKind, Result};
use crate::found;
use crate::migration::{Body, Migration, Migrations};
use crate::migrator::{Migrator, stated};
use crate::numbered;
use crate::report::{Event, Outcome, Report, count};
use crate::revision::{Kind, Revision, Status};
use crate::run::{Run, refuse_edited_row};
use crate::snapshot::Snapshot;
use crate::tracking::{self, Entry, Tracked, Tracking};

/// What was taken over from another tool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Adoption {
    /// From which.
    pub from: Tracking,
    /// What was recorded, or of a dry run would be, in the order of the numbers.
    pub recorded: Vec<Adopted>,
    /// What the history had already: `001 first`.
    pub known: Vec<String>,
    /// The run: its outcome is [`Adopted`](Outcome::Adopted), [`UpToDate`](Outcome::UpToDate) where the history had everything, or
    /// [`PlannedOnly`](Outcome::PlannedOnly).
    pub report: Report,
}

/// One migration that another tool had applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Adopted {
    /// Its number as it is written.
    pub version: String,
    /// Its name.
    pub name: String,
    /// When the other tool applied it, where it says: RFC 3339, UTC, with milliseconds.
    pub applied_at: Option<String>,
}

impl Migrator {
    /// Records what another tool has applied to the database at `path` as applied, so that nothing of it runs again: of those of
    /// [`migrations`](Self::migrations) that have the same numbers. `from` says which tool, where more than one has left its tracks.
    ///
    /// Nothing else is changed: the tool's own table stays. The schema of now is recorded as a baseline, so that the next start
    /// with a model knows that nothing of it is the model's yet. The time of each is that of the other tool, the checksum that of its
    /// file of now; the backup policy holds. With [`dry_run`](Self::dry_run) it only tells.
    ///
    /// # Errors
    /// `Migration` where no tracks, or more than one tool's, are found; `Conflict` where something is applied that has no file or another
    /// name, or has failed there, or where our history says otherwise; `Tampered` for an edited row; else as
    /// [`baseline`](Self::baseline). The database is as before.
    pub fn adopt(&self, path: impl AsRef<Path>, from: Option<&Tracking>) -> Result<Adoption> {
        self.check_options()?;
        let path = self.at(path.as_ref());
        match stated(Run::by_hand(self, &path, |run, deadline, database| run.adopt(deadline, database, from)))
        {
            Ok((report, (from, recorded, known))) => {
                self.tell(Ok(report)).map(|report| Adoption { from, recorded, known, report })
            }
            Err(error) => {
                self.emit(&Event::Failed { error: error.to_string() });
                Err(error)
            }
        }
    }

    /// The tools that have left their tracks in the database at `path`, where our history has no row: [`adopt`](Self::adopt) takes them
    /// over. `user_version`, a number that anybody may use, counts where it is no higher than there are
    /// [`migrations`](Self::migrations).
    ///
    /// # Errors
    /// As [`history`](Self::history).
    pub fn trackings(&self, path: impl AsRef<Path>) -> Result<Vec<Tracking>> {
        self.check_options()?;
        let run = Run::new(self);
        let look = |conn: &Connection| -> Result<Vec<Tracking>> {
            if run.history.head(conn)?.is_some() {
                return Ok(Vec::new());
            }
            let found = tracking::names(conn, self.options.migrations.list.len())?;
            Ok(found.into_iter().map(|(tracking, _)| tracking).collect())
        };
        stated(match run.open_reading(&self.at(path.as_ref()))? {
            Some(conn) => look(&conn),
            None => Ok(Vec::new()),
        })
    }
}

type Told = (Tracking, Vec<Adopted>, Vec<String>);

impl Run<'_> {
    fn adopt(
        &mut self,
        deadline: &Deadline<'_>,
        database: &Path,
        from: Option<&Tracking>,
    ) -> Result<(Report, Told)> {
        let conn = deadline.conn();
        let migrations = std::sync::Arc::clone(&self.options.migrations);
        let (tracking, tracked) = the_one(conn, from)?;
        let found = found::read_anew(conn, self.migrator, &self.history)?;
        self.version.clone_from(&found.model.version);
        self.batch = Some(found.head + 1);
        let history = self.history.all(conn)?;
        let recorded = numbered::recorded(&history, self.migrator.source.name());
        let mut report = Report::new(Outcome::UpToDate, self.migrator.source.name(), &self.version);
        let (mut rows, mut told, mut known) = (Vec::new(), Vec::new(), Vec::new());
        for (migration, entry) in matched(&tracking, &tracked, &migrations)? {
            if let Some(row) = recorded.get(&migration.number) {
                agrees(&tracking, row, migration)?;
                known.push(migration.title());
                continue;
            }
            if is_other_text(migration, &entry) {
                report.warnings.push(format!(
                    "{} was changed after {tracking} applied it: its text of now is what is recorded",
                    migration.title()
                ));
            }
            told.push(Adopted {
                version: migration.digits.clone(),
                name: migration.name.clone(),
                applied_at: entry.applied_at.clone(),
            });
            rows.push(self.adopted_row(conn, &tracking, migration, entry)?);
        }
        report.warnings.extend(left_behind(&migrations, &recorded, &rows));
        if rows.is_empty() {
            return Ok((report, (tracking, told, known)));
        }
        report.notes.push(format!("{} of {tracking}, recorded as applied", count(rows.len(), "migration")));
        if self.options.dry_run {
            report.outcome = Outcome::PlannedOnly;
            return Ok((report, (tracking, told, known)));
        }
        if found.left().is_none() && !found.live.is_empty() {
            let snapshot = Snapshot::of_others(self.migrator.source.name(), (*found.live).clone());
            let mut baseline = self.baseline_row(conn, &snapshot, found.head + 1)?;
            baseline.reason = rows.first().and_then(|row| row.reason.clone());
            rows.push(baseline);
        }
        self.append_by_hand(deadline, database, &found, (rows, &[]), &mut report)?;
        report.outcome = Outcome::Adopted;
        Ok((report, (tracking, told, known)))
    }

    fn adopted_row(
        &self,
        conn: &Connection,
        tracking: &Tracking,
        migration: &Migration,
        entry: Entry,
    ) -> Result<Revision> {
        let mut row = self.numbered_row(conn, migration, None)?;
        row.applied_at = entry.applied_at.unwrap_or(row.applied_at);
        row.duration_ms = entry.took_ms;
        let why = self.options.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        row.reason = Some(format!("adopted from {tracking}{why}"));
        Ok(row)
    }

    /// One line, where another tool has left its tracks and we have no row of a migration. Tracks that cannot be read stop nobody.
    pub(crate) fn hint_of_tracking(&self, conn: &Connection) -> Option<String> {
        let found = tracking::names(conn, self.options.migrations.list.len()).ok()?;
        let names: Vec<String> = found
            .iter()
            .map(|(tracking, number)| {
                let number = usize::try_from(*number).unwrap_or(usize::MAX);
                format!("{tracking} ({})", count(number, "migration"))
            })
            .collect();
        (!names.is_empty()).then(|| {
            format!(
                "the migrations of this file are tracked by {}: `schema adopt` records them here, so that none runs again",
                names.join(" and ")
            )
        })
    }
}

/// The tracks to follow: those that the caller means, or the only ones.
fn the_one(conn: &Connection, from: Option<&Tracking>) -> Result<(Tracking, Tracked)> {
    let refused = |what: String| Error::new(ErrorKind::Migration, what).state("nothing was changed");
    let name = connection::name_of(conn);
    if let Some(wanted) = from {
        return match tracking::tracked(conn, wanted)? {
            Some(tracked) => Ok((wanted.clone(), tracked)),
            None => Err(refused(format!("{name} has no migration that {wanted} has recorded")).help(
                "say `--from` with `rusqlite_migration`, `refinery`, `sqlx`, `diesel`, or a table with `version`, `description` and `checksum`",
            )),
        };
    }
    let mut found = tracking::found(conn)?;
    let names: Vec<String> = found.iter().map(|(tracking, _)| tracking.to_string()).collect();
    match (found.pop(), found.is_empty()) {
        (Some(one), true) => Ok(one),
        (Some(_), false) => Err(refused(format!("{} have recorded migrations in {name}", names.join(" and ")))
            .help(format!("say whose are meant: `--from {}`", names.join("` or `--from ")))),
        (None, _) => Err(refused(format!("no other tool has recorded a migration in {name}"))
            .help("looked for are `user_version`, and the tables of refinery, sqlx, diesel and `schema_versions`; name another table with `--from`")),
    }
}

/// Each migration of ours that is applied there, with what is known of that.
fn matched<'m>(
    tracking: &Tracking,
    tracked: &Tracked,
    set: &'m Migrations,
) -> Result<Vec<(&'m Migration, Entry)>> {
    let mut faults = Vec::new();
    let mut list = Vec::new();
    match tracked {
        Tracked::First(number) => {
            let there = set.list.len();
            match usize::try_from(*number).ok().and_then(|number| set.list.get(..number)) {
                Some(first) => list.extend(first.iter().map(|migration| (migration, Entry::default()))),
                None => faults.push(format!(
                    "`user_version` says that the first {number} are applied, and {} there",
                    if there == 1 { "1 is".to_owned() } else { format!("{there} are") }
                )),
            }
        }
        Tracked::Each(entries) => {
            for entry in entries {
                let version = entry.version.escape_debug();
                let called =
                    entry.name.as_deref().map(|name| format!(" {}", name.escape_debug())).unwrap_or_default();
                let found = set.list.iter().find(|migration| migration.number == entry.number);
                if let Some(fault) = &entry.fault {
                    faults.push(format!("{version}{called} did not come to its end there: {fault}"));
                    continue;
                }
                match found {
                    None => faults.push(format!("{version}{called} is applied, and has no file")),
                    Some(found)
                        if entry.name.as_deref().is_some_and(|name| !same_name(name, &found.name)) =>
                    {
                        faults.push(format!(
                            "{version}{called} is applied, and {} is another one",
                            found.title()
                        ));
                    }
                    Some(found)
                        if list
                            .iter()
                            .any(|(other, _): &(&Migration, Entry)| other.number == found.number) =>
                    {
                        faults.push(format!("{version} is there twice"));
                    }
                    Some(found) => list.push((found, entry.clone())),
                }
            }
            list.sort_by_key(|(migration, _)| migration.number);
        }
    }
    if faults.is_empty() {
        return Ok(list);
    }
    let error =
        Error::new(ErrorKind::Conflict, format!("the migrations are not those that {tracking} has applied"));
    let error = faults.into_iter().fold(error, Error::cause);
    Err(error.state("nothing was changed").help(
        "name the folder that has them, made by `schema import` from that of the other tool; mend what failed with that tool first",
    ))
}

/// What our history has of it already must be the same.
fn agrees(tracking: &Tracking, row: &Revision, migration: &Migration) -> Result<()> {
    refuse_edited_row(row)?;
    let same = row.name == migration.name && row.fingerprint.as_deref() == Some(migration.checksum.as_str());
    let stands = matches!(row.status, Status::Completed | Status::Skipped);
    if same && stands {
        return Ok(());
    }
    let what = if stands { "another text or name".to_owned() } else { format!("the status {}", row.status) };
    Err(Error::new(ErrorKind::Conflict, format!("the history contradicts {tracking}"))
        .cause(format!("{} is applied there, and revision {} has {what}", migration.title(), row.id))
        .state("nothing was changed")
        .help(format!(
            "say what holds with `schema resolve`: `--applied {0}`, `--rehash {0}` or `--skip {0}`",
            migration.digits
        )))
}

/// sqlx turns the `_` of a file's name into blanks, and people write their names in one way or another.
fn same_name(one: &str, other: &str) -> bool {
    let letters = |name: &str| {
        name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>()
    };
    letters(one) == letters(other)
}

/// Whether the text is another than the one that was applied, where the other tool tells; line ends apart.
fn is_other_text(migration: &Migration, entry: &Entry) -> bool {
    let (Some(sum), Body::Sql(text)) = (&entry.sha384, &migration.up.body) else { return false };
    let lines = text.replace("\r\n", "\n");
    ![text.to_string(), lines.replace('\n', "\r\n"), lines]
        .iter()
        .any(|text| Sha384::digest(text.as_bytes()).as_slice() == sum.as_slice())
}

/// What is not applied, and lies below what is.
fn left_behind(
    set: &Migrations,
    recorded: &std::collections::BTreeMap<u64, &Revision>,
    rows: &[Revision],
) -> Vec<String> {
    let adopted: Vec<u64> = rows
        .iter()
        .filter(|row| row.kind == Kind::Numbered)
        .filter_map(|row| row.version.parse().ok())
        .collect();
    let newest = adopted.iter().max().copied().unwrap_or(0);
    set.list
        .iter()
        .filter(|one| {
            one.number < newest && !adopted.contains(&one.number) && !recorded.contains_key(&one.number)
        })
        .map(|one| {
            format!("{} is not applied, and below one that is: it runs with `--out-of-order`", one.title())
        })
        .collect()
}
