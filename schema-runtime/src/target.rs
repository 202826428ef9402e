//! What the catalog shall be: the model, what the history says, and what the file holds, merged.
//!
//! Each difference between the three has a known cause, and each cause one answer: alter, adopt, repair, retire, leave
//! alone, or refuse. The result is a whole catalog; how to get there is the business of `diff` and `plan`.

mod columns;
mod objects;

use std::rc::Rc;

use schema_sql::eq_name;
use serde::{Deserialize, Serialize};

use crate::catalog::{self, Catalog, Lookup, TableInfo};
use crate::error::{Error, ErrorKind, Result};
use crate::model::Model;
use crate::rename::Renames;
use crate::snapshot::{Owners, Snapshot, State, key, table_keys};

/// What happens to a table or column that the model no longer declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RemovalPolicy {
    /// It stays with its data, retired, and is reported. What would block inserts, or deletes of parents, is relaxed.
    #[default]
    Retain,
    /// It is dropped with its data.
    Drop,
    /// The run is refused.
    Refuse,
}

/// What happens when the database was changed by hand since the last revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DriftPolicy {
    /// The run is refused, with every difference named.
    #[default]
    Refuse,
    /// The model's state is restored, and the report says so.
    Repair,
}

/// Something that a person should read in the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) kind: NoteKind,
    pub(crate) text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoteKind {
    /// An object that was there before the model declared it.
    Adopted,
    /// An object that somebody changed or dropped by hand.
    Repaired,
    /// Something that somebody had done by hand already.
    Recorded,
    /// Something kept although the model no longer declares it.
    Retired,
    /// Something retired that the model declares again.
    Revived,
    /// Something that may trouble the program.
    Warning,
}

/// What a run aims at.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// The live catalog after the declared renames.
    pub(crate) live: Rc<Catalog>,
    /// The wanted end.
    pub(crate) catalog: Catalog,
    pub(crate) owners: Owners,
    pub(crate) renames: Renames,
    pub(crate) notes: Vec<Note>,
}

/// The sides of a merge, all by the new names.
pub(crate) struct Sides<'a> {
    pub(crate) live: Rc<Catalog>,
    pub(crate) last: Option<Rc<Snapshot>>,
    pub(crate) model: &'a Model,
    pub(crate) renames: Renames,
    /// Keys of objects that other models of the file manage.
    pub(crate) others: Owners,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Policies {
    pub(crate) removal: RemovalPolicy,
    pub(crate) drift: DriftPolicy,
}

/// Three values of one property; `base` is what was applied last, where the model managed it.
struct Three<'v, T: ?Sized> {
    live: &'v T,
    base: Option<&'v T>,
    wanted: &'v T,
}

struct Merge<'a> {
    sides: &'a Sides<'a>,
    live: Lookup<'a>,
    last: Lookup<'a>,
    wanted: Lookup<'a>,
    policies: Policies,
    owners: Owners,
    notes: Vec<Note>,
    drift: Vec<String>,
    conflicts: Vec<String>,
    /// What to do about those conflicts for which that is known.
    ways_out: Vec<String>,
    refused: Vec<(String, String)>,
}

/// Merges the three sides.
///
/// # Errors
/// `Drift` if something was changed by hand and the policy refuses; `Conflict` if all three sides differ, or a wanted
/// name is taken by another kind of object or another model; `Refused` if the removal policy forbids a removal;
/// `Opaque` if a managed object could not be read. Each lists everything it found.
pub(crate) fn merge(sides: Sides<'_>, policies: Policies) -> Result<Target> {
    let mut merge = Merge {
        sides: &sides,
        live: Lookup::of(&sides.live),
        last: sides.last.as_ref().map_or_else(Lookup::default, |last| Lookup::of(&last.catalog)),
        wanted: Lookup::of(&sides.model.catalog),
        policies,
        owners: Owners::default(),
        notes: Vec::new(),
        drift: Vec::new(),
        conflicts: Vec::new(),
        ways_out: Vec::new(),
        refused: Vec::new(),
    };
    merge.refuse_opaque()?;
    merge.refuse_clashes();
    merge.refuse_trigger_clashes();
    let mut catalog = Catalog { opaque: sides.live.opaque.clone(), ..Catalog::default() };
    merge.tables(&mut catalog);
    merge.virtual_tables(&mut catalog);
    merge.views(&mut catalog);
    merge.triggers(&mut catalog);
    merge.hint_lone_renames();
    merge.refuse_problems()?;
    let Merge { owners, mut notes, .. } = merge;
    for text in &sides.renames.unmatched {
        notes.push(Note { kind: NoteKind::Warning, text: text.clone() });
    }
    Ok(Target { live: sides.live, catalog, owners, renames: sides.renames, notes })
}

impl Merge<'_> {
    fn note(&mut self, kind: NoteKind, text: String) {
        self.notes.push(Note { kind, text });
    }

    fn managed_last(&self, key: &str) -> bool {
        self.sides.last.as_ref().is_some_and(|last| last.owners.is_managed(key))
    }

    fn retired_last(&self, key: &str) -> bool {
        let state = self.sides.last.as_ref().and_then(|last| last.owners.get(key));
        matches!(state, Some(State::Retired { .. }))
    }

    /// Records the state of something that stays as it was, whoever owns it.
    fn carry(&mut self, key: String) {
        let state = self.sides.last.as_ref().and_then(|last| last.owners.get(&key)).cloned();
        self.owners.set(key, state.unwrap_or(State::Foreign));
    }

    fn retire(&mut self, key: String) {
        let state = match self.sides.last.as_ref().and_then(|last| last.owners.get(&key)) {
            Some(state @ State::Retired { .. }) => state.clone(),
            _ => State::Retired { since: self.sides.model.version.clone() },
        };
        self.owners.set(key, state);
    }

    /// Whether the wanted value is to be taken; says why, or remembers the problem.
    fn decide<T: ?Sized>(
        &mut self,
        what: &str,
        three: &Three<'_, T>,
        same: &dyn Fn(&T, &T) -> bool,
        show: &dyn Fn(&T) -> String,
    ) -> bool {
        let Three { live, base, wanted } = three;
        if same(live, wanted) {
            if base.is_some_and(|base| !same(base, wanted)) {
                self.note(NoteKind::Recorded, format!("{what} is already {}", show(wanted)));
            }
            return false;
        }
        match base {
            None => {
                let text = format!("{what} was {} before the model declared it {}", show(live), show(wanted));
                self.note(NoteKind::Adopted, text);
            }
            Some(base) if same(live, base) => {}
            Some(base) if same(base, wanted) => {
                if self.policies.drift == DriftPolicy::Refuse {
                    self.drift.push(format!("{what} is {} but was left as {}", show(live), show(base)));
                } else {
                    self.note(NoteKind::Repaired, format!("{what} was changed by hand to {}", show(live)));
                }
            }
            Some(base) => self.conflicts.push(format!(
                "{what} is {} in the database, {} in the history and {} in the model",
                show(live),
                show(base),
                show(wanted)
            )),
        }
        true
    }

    /// A consent to drop what was never the model's is not followed, and not passed over in silence either.
    fn no_effect(&mut self, consent: &str, what: &str) {
        let text = format!(
            "`{consent}` has no effect: {what} is not this model's, and what is not is never dropped"
        );
        self.note(NoteKind::Warning, text);
    }

    /// A wanted object that the file lacks: new, or dropped by hand.
    fn missing(&mut self, what: &str, key: &str) {
        if self.managed_last(key) {
            self.note(NoteKind::Repaired, format!("{what} was dropped by hand"));
        }
    }

    /// A wanted object that the file has: says so where it was there before the model declared it.
    fn present(&mut self, what: &str, key: &str) {
        if self.retired_last(key) {
            self.note(NoteKind::Revived, format!("{what} comes back with its values"));
        } else if self.sides.last.is_some() && !self.managed_last(key) {
            self.note(NoteKind::Adopted, format!("{what} was there before the model declared it"));
        }
    }

    fn refuse_opaque(&self) -> Result<()> {
        let model = self.sides.model;
        let concerned = self.sides.live.opaque.iter().find(|opaque| {
            let hit = |name: &str| eq_name(name, &opaque.name) || eq_name(name, &opaque.table);
            model.catalog.tables.iter().any(|table| {
                hit(&table.name)
                    || table.indexes.iter().any(|index| eq_name(&index.name, &opaque.name))
                    || model.table_hints(&table.name).renamed_from.iter().any(|name| hit(name))
            }) || model.catalog.views.iter().any(|view| eq_name(&view.name, &opaque.name))
                || model.catalog.triggers.iter().any(|trigger| eq_name(&trigger.name, &opaque.name))
        });
        match concerned {
            None => Ok(()),
            Some(opaque) => Err(Error::new(
                ErrorKind::Opaque,
                format!("cannot read {} `{}` with certainty", opaque.kind, opaque.name),
            )
            .cause(opaque.reason.clone())
            .state("nothing was changed")
            .help(format!(
                "drop and create {} `{}` by hand in plain SQL, then start again",
                opaque.kind, opaque.name
            ))),
        }
    }

    /// A wanted name that another kind of object, another table's index, or another model holds.
    fn refuse_clashes(&mut self) {
        let live = &self.sides.live;
        let kind_of = |name: &str| {
            if self.live.table(name).is_some() {
                Some("table")
            } else if live.virtual_table(name).is_some() {
                Some("virtual table")
            } else if live.view(name).is_some() {
                Some("view")
            } else if self.live.index(name).is_some() {
                Some("index")
            } else {
                None
            }
        };
        let wanted = &self.sides.model.catalog;
        let mut names: Vec<(&str, &str)> = Vec::new();
        names.extend(wanted.tables.iter().map(|table| ("table", table.name.as_str())));
        names.extend(wanted.virtual_tables.iter().map(|table| ("virtual table", table.name.as_str())));
        names.extend(wanted.views.iter().map(|view| ("view", view.name.as_str())));
        for table in &wanted.tables {
            names.extend(table.indexes.iter().map(|index| ("index", index.name.as_str())));
        }
        for (kind, name) in names {
            if let Some(taken) = kind_of(name).filter(|taken| *taken != kind) {
                self.conflicts.push(format!(
                    "the model wants a {kind} `{name}`, but the database has a {taken} of this name"
                ));
            }
            let foreign = match kind {
                "table" => key::table(name),
                "virtual table" => key::virtual_table(name),
                "view" => key::view(name),
                _ => key::index(name),
            };
            if self.sides.others.is_managed(&foreign) {
                self.conflicts.push(format!("{kind} `{name}` is managed by another model of this database"));
            }
        }
        for table in &wanted.tables {
            for index in &table.indexes {
                if let Some((holder, _)) = self.live.index(&index.name) {
                    // The model's own moves; one that went along with a table that somebody has renamed does not.
                    let ours = self.managed_last(&key::index(&index.name));
                    let moves = ours
                        && (wanted.table(&holder.name).is_some()
                            || self.managed_last(&key::table(&holder.name)));
                    if !eq_name(&holder.name, &table.name) && !moves {
                        if ours {
                            let drop = format!("DROP INDEX {}", catalog::name_sql(&index.name));
                            // A table that is not there yet gets its indexes when it is made.
                            self.ways_out.push(match self.live.table(&table.name) {
                                Some(_) => format!("`{drop}; {}`", catalog::index_sql(index, &table.name)),
                                None => format!("`{drop}`"),
                            });
                        }
                        self.conflicts.push(format!(
                            "the model wants an index `{}` on `{}`, but the database has it on `{}`",
                            index.name, table.name, holder.name
                        ));
                    }
                }
            }
        }
    }

    /// A wanted trigger's name that another model, or a trigger on something else, holds.
    fn refuse_trigger_clashes(&mut self) {
        let sides = self.sides;
        for trigger in &sides.model.catalog.triggers {
            let name = &trigger.name;
            let trigger_key = key::trigger(name);
            if sides.others.is_managed(&trigger_key) {
                self.conflicts.push(format!("trigger `{name}` is managed by another model of this database"));
                continue;
            }
            let held = sides.live.trigger(name).filter(|live| !eq_name(&live.table, &trigger.table));
            if let Some(held) = held.filter(|_| !self.managed_last(&trigger_key)) {
                self.conflicts.push(format!(
                    "the model wants a trigger `{name}` on `{}`, but the database has it on `{}`",
                    trigger.table, held.table
                ));
            }
        }
    }

    fn tables(&mut self, catalog: &mut Catalog) {
        let sides = self.sides;
        for live in &sides.live.tables {
            match self.wanted.table(&live.name) {
                Some(wanted) => {
                    self.present(&format!("table `{}`", live.name), &key::table(&live.name));
                    let merged = self.table(live, wanted);
                    catalog.tables.push(merged);
                }
                None => {
                    if let Some(kept) = self.unwanted_table(live) {
                        catalog.tables.push(kept);
                    }
                }
            }
        }
        for wanted in &sides.model.catalog.tables {
            if self.live.table(&wanted.name).is_none() {
                self.missing(&format!("table `{}`", wanted.name), &key::table(&wanted.name));
                for key in table_keys(wanted) {
                    self.owners.set(key, State::Managed);
                }
                catalog.tables.push(wanted.clone());
            }
        }
    }

    /// A table that the model does not declare: kept as it is, retired, or dropped (`None`).
    fn unwanted_table(&mut self, live: &TableInfo) -> Option<TableInfo> {
        let table_key = key::table(&live.name);
        if self.sides.others.is_managed(&table_key) {
            // What this model retired another may have taken over: no consent of ours reaches it any more.
            for key in table_keys(live) {
                self.owners.set(key, State::Foreign);
            }
            return Some(live.clone());
        }
        let managed = self.managed_last(&table_key);
        let consented = self.sides.model.dropped.iter().any(|name| eq_name(name, &live.name));
        // One that this model gave up may have become another model's since.
        let theirs = self.sides.others.is_managed(&table_key);
        let ours = managed || (self.retired_last(&table_key) && !theirs);
        if ours && (consented || (managed && self.policies.removal == RemovalPolicy::Drop)) {
            return None;
        }
        if consented && !ours {
            self.no_effect(&format!("dropped: [\"{}\"]", live.name), &format!("table `{}`", live.name));
        }
        if managed && self.policies.removal == RemovalPolicy::Refuse {
            let remedy = format!("dropped: [\"{}\"]", live.name);
            self.refused.push((format!("the model no longer declares table `{}`", live.name), remedy));
        }
        if !managed {
            for key in table_keys(live) {
                self.carry(key);
            }
            return Some(live.clone());
        }
        self.note(NoteKind::Retired, format!("table `{}` is no longer in the model and is kept", live.name));
        let mut kept = live.clone();
        // A foreign key of rows that nobody maintains any more would block deletes of their parents.
        kept.foreign_keys.retain(|foreign| {
            !self.managed_last(&key::foreign_key(
                &live.name,
                foreign.columns.iter().map(String::as_str),
                &foreign.table,
            ))
        });
        // Its managed indexes would only cost: like all removed indexes, they go.
        kept.indexes.retain(|index| !self.managed_last(&key::index(&index.name)));
        if kept.foreign_keys.len() != live.foreign_keys.len() {
            kept.sql = catalog::table_sql(&kept);
        }
        for key in table_keys(&kept) {
            if self.managed_last(&key) { self.retire(key) } else { self.carry(key) }
        }
        Some(kept)
    }

    /// A lone removed column beside a lone new one of the same type may be a rename that nobody declared.
    fn hint_lone_renames(&mut self) {
        let sides = self.sides;
        for wanted in &sides.model.catalog.tables {
            let Some(live) = self.live.table(&wanted.name) else { continue };
            let removed: Vec<_> = live
                .columns
                .iter()
                .filter(|column| wanted.column(&column.name).is_none())
                .filter(|column| self.managed_last(&key::column(&live.name, &column.name)))
                .collect();
            let added: Vec<_> =
                wanted.columns.iter().filter(|column| live.column(&column.name).is_none()).collect();
            if let ([old], [new]) = (removed.as_slice(), added.as_slice()) {
                if catalog::same_type(&old.type_name, &new.type_name, false) {
                    let text = format!(
                        "column `{}`.`{}` went as `{}` came: if it is a rename, declare it with #[column(renamed_from = \"{}\")]",
                        live.name, old.name, new.name, old.name
                    );
                    self.note(NoteKind::Warning, text);
                }
            }
        }
        self.hint_lone_table_rename();
    }

    /// The same for tables, where the columns have the same names.
    fn hint_lone_table_rename(&mut self) {
        let sides = self.sides;
        let wanted = &sides.model.catalog;
        let removed = sides.live.tables.iter().filter(|table| self.wanted.table(&table.name).is_none());
        let removed: Vec<_> = removed.filter(|table| self.managed_last(&key::table(&table.name))).collect();
        let added: Vec<_> =
            wanted.tables.iter().filter(|table| self.live.table(&table.name).is_none()).collect();
        let ([old], [new]) = (removed.as_slice(), added.as_slice()) else { return };
        let alike = old.columns.len() == new.columns.len()
            && old.columns.iter().all(|column| new.column(&column.name).is_some());
        if alike {
            let text = format!(
                "table `{}` went as `{}` came: if it is a rename, declare it with #[table(renamed_from = \"{}\")]",
                old.name, new.name, old.name
            );
            self.note(NoteKind::Warning, text);
        }
    }

    fn refuse_problems(&mut self) -> Result<()> {
        if !self.conflicts.is_empty() {
            let mut error =
                Error::new(ErrorKind::Conflict, "database, history and model contradict each other");
            for text in &self.conflicts {
                error = error.cause(text.clone());
            }
            let error = error.state("nothing was changed");
            return Err(match self.ways_out.join("; ") {
                sql if self.ways_out.len() == self.conflicts.len() => error.help(format!(
                    "give the table its indexes back where it was renamed, in the migration or by hand: {sql}"
                )),
                _ => error
                    .help("make the database or the model agree with one of the others, then start again"),
            });
        }
        if !self.drift.is_empty() {
            let mut error =
                Error::new(ErrorKind::Drift, "the database was changed by hand since the last revision");
            for text in &self.drift {
                error = error.cause(text.clone());
            }
            return Err(error.state("nothing was changed").help(
                "undo the change by hand, take it into the model, or restore the model's state with `.drift(DriftPolicy::Repair)`",
            ));
        }
        if !self.refused.is_empty() {
            let mut error = Error::new(ErrorKind::Refused, "the removal policy refuses to remove data");
            let mut remedies = Vec::new();
            for (text, remedy) in &self.refused {
                error = error.cause(text.clone());
                remedies.push(format!("`{remedy}`"));
            }
            return Err(error.state("nothing was changed").help(format!(
                "consent with {}, or keep it with another removal policy",
                remedies.join(", ")
            )));
        }
        Ok(())
    }
}
