//! Findings H3: what the history tells, what was done by hand since, and whether the last change can be taken back.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::Connection;

use super::{Exam, FindingCode, HistoryFacts, RevisionFacts, RollbackFacts, copies, count};
use crate::catalog::Catalog;
use crate::diff::diff;
use crate::error::{Error, Result};
use crate::history::Shape;
use crate::migrator::Source;
use crate::plan::{Method, Plan};
use crate::prepare::key_of;
use crate::revision::{Kind, Revision, Status};
use crate::run::Run;
use crate::snapshot::{Snapshot, State, keys};
use crate::tracking::{self, Tracking};

/// What the rest of the look needs of the history.
#[derive(Default)]
pub(super) struct Past {
    /// The last change wrote rows without a backup.
    pub(super) no_backup: Option<String>,
}

pub(super) fn look(exam: &mut Exam<'_>, catalog: &Catalog) -> Result<Past> {
    let conn = exam.conn;
    let rows = match exam.history.check_shape(conn) {
        Ok(Shape::Missing) => {
            let found = tracking::names(conn, 0).unwrap_or_default();
            let line = |(tracking, number): &(Tracking, u64)| format!("{tracking}: {number}");
            exam.find(FindingCode::TrackedElsewhere, found.iter().map(line).collect());
            return Ok(Past::default());
        }
        Ok(_) => exam.history.all(conn),
        Err(error) => Err(error),
    };
    let rows = match rows {
        Ok(rows) => rows,
        Err(error) => return unreadable(exam, error),
    };
    let mut facts = statistics(&rows);
    facts.table = exam.history.table().to_owned();
    exam.health.schema.stamp_is_current = stamp(exam, &facts.models)?;
    let tampered = exam.history.verify_chain(conn)?;
    let line =
        |row: &crate::history::Tampered| format!("revision {} ({}): {}", row.id, row.version, row.problem);
    exam.find(FindingCode::Tampered, tampered.iter().map(line).collect());
    exam.find(FindingCode::Failed, not_ended(&rows));
    let snapshots = match last_snapshots(&rows) {
        Ok(snapshots) => snapshots,
        Err(error) => {
            exam.health.history = Some(facts);
            return unreadable(exam, error);
        }
    };
    facts.changed_by_hand = by_hand(&rows, &snapshots, catalog);
    facts.retired = retired(&snapshots, catalog);
    exam.find(FindingCode::ChangedByHand, facts.changed_by_hand.clone());
    exam.find(FindingCode::Retired, facts.retired.clone());
    let mut past = Past::default();
    if let Some((revision, plan)) = last_change(&rows) {
        if let (None, Some(step)) = (&revision.backup, plan.steps.iter().find(|step| writes_rows(step))) {
            past.no_backup = Some(format!("revision {}: {}", revision.id, step.summary()));
        }
        let is_newest = newest(&rows, &revision.model).is_some_and(|newest| newest.id == revision.id);
        // What migrations have made since is taken back before it.
        let rollback = rollback(exam, revision, &plan, Some(catalog).filter(|_| is_newest));
        if facts.changed_by_hand.is_empty() {
            let line = |reason: &String| format!("revision {} ({}): {reason}", revision.id, revision.name);
            exam.find(FindingCode::NoWayBack, rollback.reasons.iter().map(line).collect());
        }
        facts.rollback = Some(rollback);
    }
    exam.health.history = Some(facts);
    Ok(past)
}

/// A history of another shape or a newer format says nothing more; what damage does goes up.
fn unreadable(exam: &mut Exam<'_>, error: Error) -> Result<Past> {
    if error.kind() != crate::error::ErrorKind::History {
        return Err(error);
    }
    exam.find(FindingCode::HistoryUnreadable, vec![super::said(&error)]);
    Ok(Past::default())
}

fn statistics(rows: &[Revision]) -> HistoryFacts {
    let of = |status: Status| rows.iter().filter(move |row| row.status == status);
    let (completed, failed) = (count(of(Status::Completed).count()), count(of(Status::Failed).count()));
    let times: Vec<u64> = of(Status::Completed)
        .filter(|row| last_plan(row).is_some_and(|plan| !plan.is_empty()))
        .map(|row| u64::try_from(row.duration_ms).unwrap_or(0))
        .collect();
    let mut models: Vec<String> = rows.iter().map(|row| row.model.clone()).collect();
    models.sort();
    models.dedup();
    HistoryFacts {
        models,
        revisions: count(rows.len()),
        completed,
        failed,
        rolled_back: count(of(Status::RolledBack).count()),
        success_rate: (completed * 100)
            .checked_div(completed + failed)
            .map(|rate| u8::try_from(rate).unwrap_or(100)),
        mean_ms: times.iter().sum::<u64>().checked_div(count(times.len())).unwrap_or(0),
        longest_ms: times.iter().copied().max().unwrap_or(0),
        last: of(Status::Completed).next_back().map(short),
        last_failure: of(Status::Failed).next_back().map(short),
        ..HistoryFacts::default()
    }
}

fn short(row: &Revision) -> RevisionFacts {
    RevisionFacts {
        id: row.id,
        model: row.model.clone(),
        version: row.version.clone(),
        name: row.name.clone(),
        applied_at: row.applied_at.clone(),
        duration_ms: row.duration_ms,
        error: row.error.clone(),
    }
}

/// Models whose newest row is a failure, or is still marked as running.
fn not_ended(rows: &[Revision]) -> Vec<String> {
    let newest: BTreeMap<&str, &Revision> = rows.iter().map(|row| (row.model.as_str(), row)).collect();
    let mut found: Vec<&&Revision> = newest.values().collect();
    found.sort_by_key(|row| row.id);
    found
        .iter()
        .filter_map(|row| match row.status {
            Status::Failed => {
                let error = row.error.as_deref().unwrap_or("no reason was recorded");
                Some(format!("revision {} of {} failed at {}: {error}", row.id, row.version, row.applied_at))
            }
            Status::Running => Some(format!(
                "revision {} of {} is marked as running since {}: it is at work, or its program died",
                row.id, row.version, row.applied_at
            )),
            _ => None,
        })
        .collect()
}

/// Whether the next start-up is one look: with a program's model by its own rule, else by the cookie of every stamp.
fn stamp(exam: &Exam<'_>, models: &[String]) -> Result<Option<bool>> {
    let conn: &Connection = exam.conn;
    if let Some(migrator) =
        exam.check.migrator().filter(|migrator| matches!(migrator.source, Source::Schema(_)))
    {
        return Ok(Some(Run::new(&migrator).fast_path(conn)?.is_some()));
    }
    let mut current = None;
    for model in models {
        if let Some((stamp, cookie)) = exam.history.read_stamp(conn, model)? {
            current = Some(current.unwrap_or(true) && stamp.schema_cookie == cookie);
        }
    }
    Ok(current)
}

/// The last snapshot of each model, in the order of their rows.
fn last_snapshots(rows: &[Revision]) -> Result<Vec<Snapshot>> {
    let mut last: BTreeMap<&str, &Revision> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.status == Status::Completed && row.snapshot.is_some()) {
        last.insert(&row.model, row);
    }
    let mut last: Vec<&Revision> = last.into_values().collect();
    last.sort_by_key(|row| row.id);
    let read = |row: &Revision| row.snapshot.as_deref().map(Snapshot::from_json).transpose();
    let mut snapshots = Vec::new();
    for row in last {
        let Some(mut snapshot) = read(row)? else { continue };
        // The way back, or a restore, says what the model left; what a migration below it has made of that is in its row.
        let below =
            newest(rows, &row.model).filter(|below| below.kind == Kind::Numbered && below.id < row.id);
        if let Some(numbered) = below.map(read).transpose()?.flatten() {
            snapshot.catalog = numbered.catalog;
        }
        snapshots.push(snapshot);
    }
    Ok(snapshots)
}

/// The newest change or numbered migration of a model that stands.
fn newest<'r>(rows: &'r [Revision], model: &str) -> Option<&'r Revision> {
    rows.iter().rfind(|row| {
        row.model == model
            && row.status == Status::Completed
            && (row.is_change() || row.kind == Kind::Numbered)
    })
}

/// Changes to what a model manages since the last row. What was only added is somebody's own.
fn by_hand(rows: &[Revision], snapshots: &[Snapshot], live: &Catalog) -> Vec<String> {
    let Some(last) = snapshots.last() else { return Vec::new() };
    // A run that was undone has left another state than the last snapshot says.
    let newest = rows.iter().rfind(|row| row.snapshot.is_some());
    if newest.is_some_and(|row| row.status == Status::RolledBack) {
        return Vec::new();
    }
    let managed = |key: &str| snapshots.iter().any(|snapshot| snapshot.owners.is_managed(key));
    diff(&last.catalog, live, &|_| false)
        .iter()
        .filter(|change| key_of(change).is_some_and(|key| managed(&key)))
        .map(ToString::to_string)
        .collect()
}

/// What models have retired and the file still has.
fn retired(snapshots: &[Snapshot], live: &Catalog) -> Vec<String> {
    let there = keys(live);
    let mut found = Vec::new();
    for snapshot in snapshots {
        for (key, state) in snapshot.owners.iter() {
            if let (State::Retired { since }, true) = (state, there.iter().any(|name| name == key)) {
                found.push(format!("{key} (not in the model since {since})"));
            }
        }
    }
    found
}

fn last_plan(row: &Revision) -> Option<Plan> {
    Plan::from_json(row.plan.as_deref()?).ok()
}

/// The last completed row that has steps.
fn last_change(rows: &[Revision]) -> Option<(&Revision, Plan)> {
    let completed = rows.iter().rev().filter(|row| {
        row.status == Status::Completed
            && (row.is_change() || !matches!(row.kind, Kind::Rollback | Kind::Restore))
    });
    completed.filter_map(|row| Some((row, last_plan(row).filter(|plan| !plan.is_empty())?))).next()
}

fn writes_rows(step: &crate::plan::Step) -> bool {
    step.method >= Method::Update || step.hazards.iter().any(|hazard| hazard.code.is_loss())
}

/// Whether the undo is stored, its backup is there, and `live`, where it is to be what the revision left, is.
fn rollback(exam: &Exam<'_>, revision: &Revision, plan: &Plan, live: Option<&Catalog>) -> RollbackFacts {
    let mut facts = RollbackFacts { revision: revision.id, ..RollbackFacts::default() };
    match revision.undo.as_deref().map(Plan::from_json) {
        None => facts.reasons.push("no way back was recorded with it".to_owned()),
        Some(Err(error)) => facts.reasons.push(super::said(&error)),
        Some(Ok(undo)) => facts.needs_backup = undo.needs_backup,
    }
    // What was deleted or converted comes back from the backup alone.
    facts.needs_backup |= plan.loses();
    if facts.needs_backup {
        facts.reasons.extend(missing_backup(exam, revision));
    }
    let left = revision.snapshot.as_deref().map(Snapshot::from_json);
    if let (Some(Ok(left)), Some(live)) = (left, live) {
        let changes = diff(&left.catalog, live, &|_| false);
        let changed = changes.iter().filter(|change| key_of(change).is_some()).count();
        if changed > 0 {
            facts.reasons.push(format!("the schema has changed since, in {changed} places"));
        }
    }
    facts.possible = facts.reasons.is_empty();
    facts
}

/// Why the backup that the undo needs is of no use. It may have been moved with its folder.
fn missing_backup(exam: &Exam<'_>, revision: &Revision) -> Option<String> {
    let Some(path) = revision.backup.as_deref() else {
        return Some("it needs a backup for its values, and none was made".to_owned());
    };
    let moved = copies::folder(exam)
        .and_then(|(folder, _)| Some(folder.join(Path::new(path).file_name()?)))
        .is_some_and(|moved| moved.is_file());
    if moved || Path::new(path).is_file() {
        return None;
    }
    Some(format!("it needs the backup `{path}` for its values, which is gone"))
}
