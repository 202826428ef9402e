//! Numbered migrations that are due, by what the history has.
//!
//! What is recorded and what is found must agree: a text that changed after it was applied, a file that is gone, a number that comes too
//! late are refused, each with the way to mend it. A migration above all that a program knows is one of a newer program.

use std::collections::BTreeMap;

use schema_sql::migration::When;

use crate::error::{Error, ErrorKind, Result};
use crate::migration::{Body, Migration, Migrations};
use crate::replaced::Replaced;
use crate::revision::{Kind, Revision, Status};

/// Why one is recorded without being run.
pub(crate) const HELD: &str = "the model holds all that it makes";

/// What a start is to run.
#[derive(Default)]
pub(crate) struct Due<'m> {
    pub(crate) before: Vec<&'m Migration>,
    pub(crate) after: Vec<&'m Migration>,
    /// Those that wait, since this start goes only as far as a target.
    pub(crate) left: Vec<&'m Migration>,
    /// What people should know: numbers out of their order, and those that only a newer program has.
    pub(crate) warnings: Vec<String>,
}

/// What the caller wants of the migrations.
pub(crate) struct Wish {
    /// Whether a number below the newest applied one may run.
    pub(crate) out_of_order: bool,
    /// Whether what was rolled back may run again.
    pub(crate) reapply: bool,
    /// The last that shall run.
    pub(crate) up_to: Option<u64>,
}

impl<'m> Due<'m> {
    /// For what the model waits: a migration that comes before it and is left out.
    pub(crate) fn holds_model(&self) -> Option<&'m Migration> {
        self.left.iter().find(|migration| migration.when == When::Before).copied()
    }

    /// Lets nothing be due for a program that is older than the database, which never migrates: where `newer` has a version.
    pub(crate) fn only_for(&mut self, newer: &Option<String>) {
        if newer.is_some() {
            self.before.clear();
            self.after.clear();
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.before.is_empty() && self.after.is_empty()
    }

    /// All, in the order in which they run.
    pub(crate) fn all(&self) -> impl Iterator<Item = &'m Migration> + '_ {
        self.before.iter().chain(&self.after).copied()
    }

    /// `034 split_names, 035 index`.
    pub(crate) fn titles(&self) -> String {
        self.all().map(Migration::title).collect::<Vec<_>>().join(", ")
    }
}

/// What the history has of the numbers of `model`: the newest row of each, which alone counts, but for one that has not ended: what a restore
/// has put behind it does not end it. A failure is no state of it.
pub(crate) fn recorded<'r>(rows: &'r [Revision], model: &str) -> BTreeMap<u64, &'r Revision> {
    let counts = |row: &&Revision| {
        row.model == model
            && row.kind == Kind::Numbered
            && !matches!(row.status, Status::Failed | Status::Other)
    };
    let mut recorded: BTreeMap<u64, &Revision> = BTreeMap::new();
    for row in rows.iter().filter(counts) {
        let Ok(number) = row.version.parse() else { continue };
        let newest = recorded.entry(number).or_insert(row);
        if newest.status != Status::Running {
            *newest = row;
        }
    }
    recorded
}

/// What of `set` is due for `model`, whose history is `rows`.
///
/// # Errors
/// `Conflict` where history and migrations disagree, with each disagreement; `RolledBack` where one was taken back and may not come again
/// by itself.
pub(crate) fn due<'m>(rows: &[Revision], set: &'m Migrations, model: &str, wish: &Wish) -> Result<Due<'m>> {
    let recorded = recorded(rows, model);
    let mut due = Due::default();
    let mut conflicts: Vec<Disagreement> = Vec::new();
    let known = set.list.last().map(|migration| migration.number);
    let replaced =
        Replaced::settle(set, &|number| recorded.get(&number).copied().filter(|row| is_applied(row)));
    conflicts.extend(
        replaced.gaps.iter().map(|(what, help)| Disagreement { what: what.clone(), help: help.clone() }),
    );
    for (number, row) in &recorded {
        let found = set.list.iter().find(|migration| migration.number == *number);
        if replaced.stands_for(row, found) {
            continue;
        }
        match disagreement(row, found) {
            Some(_) if found.is_none() && known.is_none_or(|known| *number > known) => due.warnings.push(format!(
                "the database has the migration {} {}, which this program does not know: it is an older one",
                row.version, row.name
            )),
            other => conflicts.extend(other),
        }
    }
    let newest = recorded.iter().rfind(|(_, row)| is_applied(row)).map(|(number, _)| *number);
    for migration in set.list.iter().filter(|migration| !replaced.passes_over(migration)) {
        if recorded.get(&migration.number).is_some_and(|row| row.status != Status::RolledBack) {
            continue;
        }
        if wish.up_to.is_some_and(|last| migration.number > last) {
            due.left.push(migration);
            continue;
        }
        if let Some(newest) = newest.filter(|newest| migration.number < *newest) {
            let text = format!("{} comes after {newest:03}, which is applied", migration.title());
            if !wish.out_of_order {
                let version = &migration.digits;
                conflicts.push(Disagreement {
                    what: format!("{text}, though its number is lower"),
                    help: format!(
                        "give it the next number, or let it run out of order: `--out-of-order`, `.out_of_order()`; if all of it is there, or it shall never \
                         run here: `schema resolve --applied {version}` or `--skip {version}`, with `--reason TEXT`"
                    ),
                });
                continue;
            }
            due.warnings.push(format!("{text}: it runs out of order"));
        }
        match migration.when {
            When::Before => due.before.push(migration),
            When::After => due.after.push(migration),
        }
    }
    conflicts.extend(due.all().filter_map(|migration| of_another_model(rows, migration, model)));
    refuse_disagreements(conflicts)?;
    // All that is due and has a row has gone back.
    let again = due.all().find(|migration| recorded.contains_key(&migration.number));
    match again.filter(|_| !wish.reapply) {
        None => Ok(due),
        Some(migration) => {
            Err(Error::new(ErrorKind::RolledBack, format!("migration {} was rolled back", migration.title()))
                .state("nothing was changed")
                .help("to apply it again, use `schema apply` or say `.reapply()`"))
        }
    }
}

/// Where history and migrations say different things.
struct Disagreement {
    what: String,
    help: String,
}

/// The same text under the same number and name, applied for another model: it would run twice.
fn of_another_model(rows: &[Revision], migration: &Migration, model: &str) -> Option<Disagreement> {
    // Nobody knows whether two functions are the same.
    let Body::Sql(_) = &migration.up.body else { return None };
    let is_it = |row: &&Revision| {
        row.model != model
            && row.kind == Kind::Numbered
            && is_applied(row)
            && row.name == migration.name
            && row.version.parse() == Ok(migration.number)
            && row.fingerprint.as_deref() == Some(migration.checksum.as_str())
    };
    let row = rows.iter().rfind(is_it)?;
    Some(Disagreement {
        what: format!(
            "{} was applied for model `{}`, and is due for model `{model}`",
            migration.title(),
            row.model
        ),
        help: format!(
            "give the migrations to model `{}`, or the model that name; where both shall have it, give it another name here",
            row.model
        ),
    })
}

fn is_applied(row: &Revision) -> bool {
    matches!(row.status, Status::Completed | Status::Skipped)
}

/// What a recorded number and the migration that has it now disagree about.
fn disagreement(row: &Revision, found: Option<&Migration>) -> Option<Disagreement> {
    let of = |what: String, help: String| Some(Disagreement { what, help });
    let version = &row.version;
    if row.status == Status::Running {
        return Some(unfinished(row));
    }
    if !is_applied(row) {
        return None;
    }
    match found {
        None => of(
            format!("{} {} was applied, and is gone", row.version, row.name),
            format!(
                "put its file back from version control; if what it did was taken back by hand: `schema resolve --undone {version} --reason TEXT`"
            ),
        ),
        Some(found) if found.name != row.name => of(
            format!("{} was applied as {}, and is called {} now", row.version, row.name, found.name),
            format!(
                "give it its name again, and another migration another number; if it is the same one: `schema resolve --rehash {version} --reason TEXT`"
            ),
        ),
        Some(found) if row.fingerprint.as_deref() != Some(found.checksum.as_str()) => of(
            format!("{} was changed after it was applied on {}", found.title(), row.applied_at),
            format!(
                "put its text back from version control, and make the change in a migration of its own; if its text of now is what was applied: \
                 `schema resolve --rehash {version} --reason TEXT`"
            ),
        ),
        Some(_) => None,
    }
}

/// A migration outside of a transaction that is at work, or of which a part may be there.
fn unfinished(row: &Revision) -> Disagreement {
    let (version, name, at) = (&row.version, &row.name, &row.applied_at);
    let how = match &row.error {
        Some(error) => format!("failed ({error})"),
        None => "has not ended".to_owned(),
    };
    Disagreement {
        what: format!(
            "{version} {name} was begun on {at} and {how}: it runs outside of a transaction, so a part of it may be there"
        ),
        help: format!(
            "look at what is there, then say what it is: `schema resolve --applied {version}`, or `--undone {version}` where nothing of it is left; \
             with `--reason TEXT`"
        ),
    }
}

/// Refuses to go on where a migration of `model` has not ended.
///
/// # Errors
/// `Conflict`, naming it.
pub(crate) fn refuse_unfinished(rows: &[Revision], model: &str) -> Result<()> {
    let recorded = recorded(rows, model);
    let running = recorded.into_values().filter(|row| row.status == Status::Running);
    refuse_disagreements(running.map(unfinished).collect())
}

fn refuse_disagreements(conflicts: Vec<Disagreement>) -> Result<()> {
    if conflicts.is_empty() {
        return Ok(());
    }
    let help = conflicts.iter().map(|conflict| conflict.help.as_str()).collect::<Vec<_>>().join("; ");
    let error = Error::new(ErrorKind::Conflict, "the migrations contradict the history")
        .state("nothing was changed")
        .help(help);
    Err(conflicts.into_iter().fold(error, |error, conflict| error.cause(conflict.what)))
}
