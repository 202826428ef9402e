//! Baselines: a migration that stands for many, and what that means for a database which has some of them.
//!
//! One that has them all counts the baseline as applied, a new one runs it instead of them. One that has a part of them runs the rest as long
//! as their files are there; without them nobody can say what it lacks.

use std::collections::BTreeSet;

use crate::migration::{Migration, Migrations};
use crate::revision::Revision;

/// Numbers as parts from a first to a last one; several lists where a database can have all of a baseline in several ways.
type Ways = Vec<Vec<(u64, u64)>>;

/// What the baselines of a set say for one database.
#[derive(Default)]
pub(crate) struct Replaced {
    /// Numbers of the set that have nothing to do.
    over: BTreeSet<u64>,
    /// Baselines, each with what it stands for: rows of those numbers need no file.
    stands: Vec<(u64, Ways)>,
    /// Baselines that the database cannot take: what is the matter, and what to do.
    pub(crate) gaps: Vec<(String, String)>,
}

impl Replaced {
    /// Looks at the set with what the history has as `applied`.
    pub(crate) fn settle<'r>(set: &Migrations, applied: &dyn Fn(u64) -> Option<&'r Revision>) -> Replaced {
        let mut replaced = Replaced::default();
        for baseline in set.list.iter().filter(|migration| !migration.replaces.is_empty()) {
            replaced.take(baseline, set, applied);
        }
        replaced
    }

    fn take<'r>(
        &mut self,
        baseline: &Migration,
        set: &Migrations,
        applied: &dyn Fn(u64) -> Option<&'r Revision>,
    ) {
        let is_own = |number: u64, row: &Revision| number == baseline.number && row.name == baseline.name;
        let has = |number: u64| applied(number).is_some_and(|row| !is_own(number, row));
        let in_set =
            |number: u64| number != baseline.number && set.list.iter().any(|one| one.number == number);
        self.stands.push((baseline.number, baseline.replaces.clone()));
        let all: BTreeSet<u64> = baseline.replaces.iter().flat_map(|way| numbers(way)).collect();
        let ran = applied(baseline.number).is_some_and(|row| is_own(baseline.number, row));
        if ran || !all.iter().any(|number| has(*number)) {
            self.over.extend(all.into_iter().filter(|number| *number != baseline.number && !has(*number)));
            return;
        }
        let lacking =
            |way: &Vec<(u64, u64)>| numbers(way).filter(|number| !has(*number)).collect::<Vec<u64>>();
        let missing = baseline.replaces.iter().map(lacking).min_by_key(Vec::len).unwrap_or_default();
        if missing.iter().all(|number| in_set(*number)) {
            self.over.insert(baseline.number);
            return;
        }
        let lacks: Vec<String> = missing.iter().take(5).map(|number| format!("{number:03}")).collect();
        let more = if missing.len() > lacks.len() { " and more" } else { "" };
        self.gaps.push((
            format!(
                "{} stands for migrations of which some are applied, and {}{more} are not",
                baseline.title(),
                lacks.join(", ")
            ),
            "put the files that it replaces back from version control and apply them, then take them away again"
                .to_owned(),
        ));
    }

    /// Whether the row is of a migration for which a baseline stands, whose file may be gone.
    pub(crate) fn stands_for(&self, row: &Revision, found: Option<&Migration>) -> bool {
        let Ok(number) = row.version.parse::<u64>() else { return false };
        self.stands.iter().any(|(baseline, ways)| {
            let of_baseline = found.is_some_and(|found| found.number == *baseline && found.name != row.name);
            (found.is_none() || of_baseline) && covers(ways, number)
        })
    }

    /// Whether the migration has nothing to do: a baseline stands for it, or it stands for what is applied.
    pub(crate) fn passes_over(&self, migration: &Migration) -> bool {
        self.over.contains(&migration.number)
    }
}

/// Whether the number is in one of the parts.
pub(crate) fn covers(ways: &[Vec<(u64, u64)>], number: u64) -> bool {
    ways.iter().flatten().any(|(first, last)| (*first..=*last).contains(&number))
}

fn numbers(ranges: &[(u64, u64)]) -> impl Iterator<Item = u64> + '_ {
    ranges.iter().flat_map(|(first, last)| *first..=*last)
}
