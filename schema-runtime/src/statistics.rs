//! What the rows of a history say together: how runs went, by model and version, by batch, by who ran them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::revision::{Revision, Status};
use crate::version::version_cmp;

/// How a group of runs went.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Runs {
    /// All rows.
    pub runs: u64,
    /// Those that were applied and stand.
    pub completed: u64,
    /// Those that failed and were rolled back by themselves.
    pub failed: u64,
    /// Those that were applied and taken back later.
    pub rolled_back: u64,
    /// Of those that were tried, how many in a hundred came to their end, taken back later or not; 100 where none was tried.
    pub success_rate: u64,
    /// The mean duration of those that came to their end, milliseconds.
    pub mean_ms: u64,
    /// The longest of them.
    pub longest_ms: u64,
}

impl Runs {
    fn of<'r>(rows: impl IntoIterator<Item = &'r Revision>) -> Runs {
        let mut runs = Runs::default();
        let mut total = 0_u64;
        for row in rows {
            runs.runs += 1;
            match row.status {
                Status::Completed => runs.completed += 1,
                Status::RolledBack => runs.rolled_back += 1,
                Status::Failed => {
                    runs.failed += 1;
                    continue;
                }
                _ => continue,
            }
            let took = u64::try_from(row.duration_ms).unwrap_or(0);
            total = total.saturating_add(took);
            runs.longest_ms = runs.longest_ms.max(took);
        }
        let ended = runs.completed + runs.rolled_back;
        runs.mean_ms = total.checked_div(ended).unwrap_or(0);
        runs.success_rate = (ended * 100).checked_div(ended + runs.failed).unwrap_or(100);
        runs
    }
}

/// The runs that have something in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Group {
    /// What that is: a version, a batch, a program, a person, or the text of an error's first line.
    pub name: String,
    /// The model, where the group is one of a model.
    pub model: Option<String>,
    /// How they went.
    pub runs: Runs,
    /// When the first of them was.
    pub first_at: String,
    /// When the last of them was.
    pub last_at: String,
}

/// A history in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Statistics {
    /// All runs.
    pub all: Runs,
    /// By model and version, in the order of versions.
    pub versions: Vec<Group>,
    /// By batch, oldest first: what was applied together.
    pub batches: Vec<Group>,
    /// By the program with its version that ran them.
    pub programs: Vec<Group>,
    /// By the user who ran them, whatever the process.
    pub people: Vec<Group>,
    /// Failures by the first line of their error.
    pub failures: Vec<Group>,
}

impl Statistics {
    /// Of these rows, as [`Migrator::history`](crate::Migrator::history) gives them.
    pub fn of(rows: &[Revision]) -> Statistics {
        let by = |key: &dyn Fn(&Revision) -> Option<Key>| groups(rows, key);
        let mut versions = by(&|row| Some((Some(row.model.clone()), row.version.clone())));
        versions.sort_by(|a, b| a.model.cmp(&b.model).then_with(|| version_cmp(&a.name, &b.name)));
        let mut batches = by(&|row| Some((None, row.batch.to_string())));
        batches.sort_by_key(|group| group.name.parse::<i64>().unwrap_or(0));
        let person = |row: &Revision| {
            row.actor.as_ref().map(|actor| actor.split(" (pid ").next().unwrap_or(actor).to_owned())
        };
        let failed =
            |row: &Revision| row.error.as_ref().and_then(|error| error.lines().next().map(str::to_owned));
        Statistics {
            all: Runs::of(rows),
            versions,
            batches,
            programs: by(&|row| row.program.clone().map(|program| (None, program))),
            people: by(&|row| person(row).map(|name| (None, name))),
            failures: by(&|row| failed(row).map(|name| (None, name))),
        }
    }
}

type Key = (Option<String>, String);

fn groups(rows: &[Revision], key: &dyn Fn(&Revision) -> Option<Key>) -> Vec<Group> {
    let mut found: BTreeMap<Key, Vec<&Revision>> = BTreeMap::new();
    for row in rows {
        if let Some(key) = key(row) {
            found.entry(key).or_default().push(row);
        }
    }
    let at = |row: Option<&&Revision>| row.map(|row| row.applied_at.clone()).unwrap_or_default();
    found
        .into_iter()
        .map(|((model, name), rows)| Group {
            name,
            model,
            runs: Runs::of(rows.iter().copied()),
            first_at: at(rows.first()),
            last_at: at(rows.last()),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::revision::Kind;

    fn row(version: &str, batch: i64, status: Status, ms: i64) -> Revision {
        let at = format!("2026-01-0{batch}T00:00:00.000Z");
        let mut row = Revision::new("main", Kind::Automatic, version, "add t.a", at);
        (row.batch, row.status, row.duration_ms) = (batch, status, ms);
        row.actor = Some(format!("ada (pid {batch})"));
        row.program = Some(format!("app {version}"));
        if status == Status::Failed {
            row.error = Some("error: rows stand in the way\ncaused by: 1 row".to_owned());
        }
        row
    }

    #[test]
    fn runs_are_counted_by_version_batch_program_person_and_error() {
        let rows = [
            row("1.9", 1, Status::Completed, 10),
            row("1.10", 2, Status::Failed, 900),
            row("1.10", 3, Status::RolledBack, 30),
            row("1.10", 4, Status::Completed, 50),
        ];
        let found = Statistics::of(&rows);
        let all = Runs {
            runs: 4,
            completed: 2,
            failed: 1,
            rolled_back: 1,
            success_rate: 75,
            mean_ms: 30,
            longest_ms: 50,
        };
        assert_eq!(found.all, all);
        let names = |groups: &[Group]| {
            groups.iter().map(|group| (group.name.clone(), group.runs.runs)).collect::<Vec<_>>()
        };
        let pairs = |list: &[(&str, u64)]| {
            list.iter().map(|(name, runs)| ((*name).to_owned(), *runs)).collect::<Vec<_>>()
        };
        assert_eq!(names(&found.versions), pairs(&[("1.9", 1), ("1.10", 3)]));
        assert_eq!(names(&found.batches), pairs(&[("1", 1), ("2", 1), ("3", 1), ("4", 1)]));
        assert_eq!(names(&found.programs), pairs(&[("app 1.10", 3), ("app 1.9", 1)]));
        assert_eq!(names(&found.people), pairs(&[("ada", 4)]));
        assert_eq!(names(&found.failures), pairs(&[("error: rows stand in the way", 1)]));
        let newest = &found.versions[1];
        assert_eq!(
            (newest.first_at.as_str(), newest.last_at.as_str()),
            (rows[1].applied_at.as_str(), rows[3].applied_at.as_str())
        );
        assert_eq!(Statistics::of(&[]).all.success_rate, 100);
    }
}
