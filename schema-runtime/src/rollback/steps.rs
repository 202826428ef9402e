//! Steps of a revision that are undone while the others stand: planned anew from the catalogs, and with a way to make them again.

use std::collections::BTreeMap;

use rusqlite::Connection;
use schema_sql::eq_name;

use super::lost::lost;
use super::way::{Alone, Way, renames_of};
use crate::broken;
use crate::catalog::{Catalog, IndexInfo};
use crate::diff::{Change, TableProperty, diff};
use crate::error::{Error, ErrorKind, Result};
use crate::found::{own_tables, scratch};
use crate::migrator::Migrator;
use crate::model::Model;
use crate::plan::{Facts, Plan, PlanKey, Request, TableFacts, WAYS, plan};
use crate::preflight::facts;
use crate::prepare::{accepted, catalog_hash};
use crate::rehearse::{self, Stage, Verdict};
use crate::rename::Renames;
use crate::snapshot::{Owners, Snapshot, State, keys};

/// The steps with these numbers of the undo of `whole`, from 1, as a way of their own.
///
/// # Errors
/// `History` for a number that there is not; `Dependent` where the rest does not stand without them; else as a run.
pub(super) fn alone<'r>(
    conn: &Connection,
    migrator: &Migrator,
    whole: Way<'r>,
    numbers: &[usize],
) -> Result<Way<'r>> {
    let own = own_tables(migrator);
    let scratch = || scratch(conn, migrator);
    let apart = Apart { whole: &whole, numbers, own: &own, scratch: &scratch };
    let chosen = apart.chosen()?;
    let renames = renames_of(&chosen);
    let broken = broken::find(&scratch, &whole.left)?;
    let renamed = rehearse::renamed(&scratch, &whole.left, &renames, &broken, &own)?;
    let target = apart.target(&chosen, &renamed)?;
    let facts = Facts { broken, ..facts(conn, &whole.left, &|_| true)? };
    let (undo, redo) = apart.plan(&renames, &renamed, &target, facts)?;
    let alone = Alone {
        numbers: numbers.to_vec(),
        redo,
        snapshot: apart.snapshot(&renames, renamed, &target)?,
        then: whole.target.clone(),
        renames: whole.renames.clone(),
    };
    let mut way = Way { undo, target, renames, alone: Some(alone), ..whole };
    let lost = lost(&way)?;
    let needs_backup = way.needs_backup && !lost.is_empty();
    // A conversion that is taken back may be made again.
    let undone: Vec<(String, String)> = lost
        .iter()
        .filter_map(|lost| lost.columns.as_ref())
        .flat_map(|columns| {
            let converted = columns.converted().filter_map(|(lost, _)| lost.column.between);
            converted.map(|column| (columns.between.to_owned(), column.to_owned()))
        })
        .collect();
    if let Some(alone) = &mut way.alone {
        alone.snapshot.converts.retain(|record| {
            let is_it = |(table, column): &(String, String)| {
                eq_name(table, &record.table) && eq_name(column, &record.column)
            };
            !undone.iter().any(is_it)
        });
    }
    way.needs_backup = needs_backup;
    Ok(way)
}

struct Apart<'a, 'r> {
    whole: &'a Way<'r>,
    numbers: &'a [usize],
    own: &'a [String],
    scratch: &'a dyn Fn() -> Result<Connection>,
}

impl Apart<'_, '_> {
    /// The chosen steps, with those between them that change nothing by themselves.
    fn chosen(&self) -> Result<Plan> {
        let undo = &self.whole.undo;
        let is_one = |number: &&usize| {
            let step = number.checked_sub(1).and_then(|at| undo.steps.get(at));
            step.is_some_and(|step| !step.changes.is_empty())
        };
        if let Some(number) = self.numbers.iter().find(|number| !is_one(number)) {
            let error = Error::new(
                ErrorKind::History,
                format!(
                    "the way back over revision {} has no step {number} that changes anything",
                    self.whole.revision.id
                ),
            );
            let steps = undo.steps.iter().enumerate().filter(|(_, step)| !step.changes.is_empty());
            let error = steps
                .fold(error, |error, (at, step)| error.cause(format!("step {}: {}", at + 1, step.summary())));
            return Err(error.help("choose among the steps that a dry run of the rollback shows"));
        }
        let mut chosen = undo.clone();
        let mut number = 0;
        chosen.steps.retain(|step| {
            number += 1;
            step.changes.is_empty() || self.numbers.contains(&number)
        });
        Ok(chosen)
    }

    /// The catalog that the chosen steps leave, and that differs from the present one in nothing else.
    fn target(&self, chosen: &Plan, renamed: &Catalog) -> Result<Catalog> {
        let reached = rehearse::reached_by(self.scratch, &self.whole.left, chosen, self.own)?;
        let mut target = reached.map_err(|(step, reason)| self.cannot_stand(format!("{step}: {reason}")))?;
        let is_chosen = |change: &Change| chosen.changes().any(|chosen| chosen == change);
        // A rebuild makes again what the whole would have kept; what another step would have dropped is put back here.
        for change in diff(renamed, &target, &|_| true) {
            match &change {
                Change::DropIndex { table, index } if !is_chosen(&change) => {
                    let found = renamed.table(table).and_then(|found| found.index(index));
                    put_back(&mut target, table, found);
                }
                Change::DropTrigger { trigger, .. } if !is_chosen(&change) => {
                    target.triggers.extend(renamed.trigger(trigger).cloned());
                }
                _ => {}
            }
        }
        let order = |change: &Change| {
            let moves = matches!(change, Change::AlterTable { property: TableProperty::ColumnOrder, .. });
            moves && chosen.changes().any(|chosen| eq_name(chosen.table(), change.table()))
        };
        let others = diff(renamed, &target, &|_| true);
        let others: Vec<String> = others
            .iter()
            .filter(|change| !is_chosen(change) && !order(change))
            .map(|change| format!("it would {change} too"))
            .collect();
        if others.is_empty() { Ok(target) } else { Err(self.cannot_stand(others.join("; "))) }
    }

    fn cannot_stand(&self, cause: String) -> Error {
        let numbers: Vec<String> = self.numbers.iter().map(usize::to_string).collect();
        Error::new(
            ErrorKind::Dependent,
            format!(
                "the rest of revision {} does not stand without step {}",
                self.whole.revision.id,
                numbers.join(", ")
            ),
        )
        .cause(cause)
        .help("choose the steps that depend on each other together, or roll the whole revision back")
    }

    /// The plan to `target`, proved on a scratch copy, and the one that leads here again.
    fn plan(
        &self,
        renames: &Renames,
        renamed: &Catalog,
        target: &Catalog,
        mut facts: Facts,
    ) -> Result<(Plan, Option<Plan>)> {
        let left = &self.whole.left;
        let again = renames.undoing(target);
        let broken = broken::find(self.scratch, target)?;
        let renamed_again = rehearse::renamed(self.scratch, target, &again, &broken, self.own)?;
        let model = Model {
            name: self.whole.revision.model.clone(),
            version: self.whole.revision.version.clone(),
            ..Model::default()
        };
        let key = |catalog: &Catalog| PlanKey { catalog: catalog_hash(catalog), head: 0 };
        let mut refuted: Vec<String> = Vec::new();
        loop {
            let request = |live, target, renames, facts, key| Request {
                live,
                target,
                renames,
                model: &model,
                facts,
                key,
                refuted: &refuted,
                undo: true,
            };
            let undo = plan(&request(renamed, target, renames, &facts, key(left)));
            // A table that is empty now may not be when it is made again.
            let of = |table: &str| {
                let facts = facts.of(renames.old_table(table));
                (schema_sql::fold(table), TableFacts { rows: facts.rows.max(1), ..facts })
            };
            let tables: BTreeMap<String, TableFacts> =
                target.tables.iter().map(|table| of(&table.name)).collect();
            let after = Facts { tables, ..facts.clone() };
            let stage = Stage {
                scratch: self.scratch,
                own: self.own,
                start: left,
                target,
                known: &[],
                // The rows are held against the rules when their values are back.
                samples: &|_| Ok(Vec::new()),
                broken: &facts.broken,
                exact: &|_| true,
                go_on: &|| Ok(()),
            };
            let redo = |_: &Catalog| Ok(plan(&request(&renamed_again, left, &again, &after, key(target))));
            match rehearse::rehearse(&stage, &undo, &redo)? {
                Verdict::Unregistered if !facts.unregistered => facts.unregistered = true,
                Verdict::Refuted(table)
                    if refuted.iter().filter(|name| eq_name(name, &table)).count() < WAYS - 1 =>
                {
                    refuted.push(table);
                }
                Verdict::Proved { undo: redo, proof } => return Ok((undo, accepted(redo, proof).ok())),
                Verdict::Unregistered | Verdict::Refuted(_) => {
                    return Err(
                        self.cannot_stand("SQLite finds no way to the schema without them".to_owned())
                    );
                }
            }
        }
    }

    /// What is recorded: each object has the owner that it has now, and one that comes back the owner that it had.
    fn snapshot(&self, renames: &Renames, renamed: Catalog, target: &Catalog) -> Result<Snapshot> {
        let left = self.whole.revision.snapshot.as_deref().unwrap_or_default();
        let left = Snapshot::from_json(left)?.renamed(renamed);
        let mut owners = Owners::default();
        for key in keys(target) {
            let owner = left.owners.get(&key).or_else(|| self.whole.before.owners.get(&key));
            let owner = owner.cloned().unwrap_or(State::Foreign);
            owners.set(key, owner);
        }
        let mut snapshot = Snapshot { catalog: target.clone(), owners, start: None, ..left };
        snapshot.renames.retain(|record| {
            !renames.list.iter().any(|undone| match (&undone.table, &record.column) {
                (None, None) => eq_name(&undone.from, &record.table) && eq_name(&undone.to, &record.from),
                (Some(table), Some(column)) => {
                    eq_name(renames.old_table(table), &record.table)
                        && eq_name(&undone.from, column)
                        && eq_name(&undone.to, &record.from)
                }
                _ => false,
            })
        });
        Ok(snapshot)
    }
}

fn put_back(target: &mut Catalog, table: &str, index: Option<&IndexInfo>) {
    let found = target.tables.iter_mut().find(|found| eq_name(&found.name, table));
    if let (Some(found), Some(index)) = (found, index) {
        found.indexes.push(index.clone());
    }
}
