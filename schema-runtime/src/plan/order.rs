//! The order of the whole: what is set aside first, renames, drops, tables, then everything that names them.

use std::collections::HashMap;

use schema_sql::{eq_name, fold, quote_ident};

use super::aside::Aside;
use super::checks::{computed_index_check, unique_index_check};
use super::method::Way;
use super::rebuild::Image;
use super::table::{Kept, TableChange};
use super::{
    CatalogEdit, Cost, Facts, Hazard, HazardCode, Method, Needs, Plan, PlanKey, Step, cost, hygiene,
    virtual_tables,
};
use crate::catalog::{Catalog, IndexInfo, Lookup, TableInfo, Texts, name_sql, same_index};
use crate::diff::{Change, ColumnProperty, diff};
use crate::model::Model;
use crate::rename::Renames;

/// So many tables are altered one by one where SQLite can; more of them share one edit of the catalog.
const FEW: usize = 4;

/// A lock that is held so many milliseconds is worth a word: many programs wait no longer for it.
const LONG: u64 = 1_000;

/// What a plan is made from.
pub(crate) struct Request<'a> {
    /// The live catalog after the renames.
    pub(crate) live: &'a Catalog,
    pub(crate) target: &'a Catalog,
    pub(crate) renames: &'a Renames,
    pub(crate) model: &'a Model,
    pub(crate) facts: &'a Facts,
    pub(crate) key: PlanKey,
    /// Tables whose way the rehearsal has refuted, each as often as it has: the next one is taken, at last the rebuild.
    pub(crate) refuted: &'a [String],
    /// The plan goes back: values that a backup will restore are made up.
    pub(crate) undo: bool,
}

/// Makes the plan. An empty one means that catalog and target agree.
pub(crate) fn plan(request: &Request<'_>) -> Plan {
    // A program of before may read and write by position.
    let exact = |table: &str| request.undo || request.model.table_hints(table).exact_order;
    let changes = diff(request.live, request.target, &exact);
    let (live, target) = (Lookup::of(request.live), Lookup::of(request.target));
    let mut planner = Planner {
        request,
        live: &live,
        target: &target,
        steps: Vec::new(),
        aside: Aside::of(request, &changes),
        changes,
        edited_indexes: Vec::new(),
    };
    planner.steps.extend(planner.aside.drops(request.facts));
    planner.drop_dependants();
    planner.renames();
    planner.edit_indexes();
    planner.drop_indexes();
    planner.create_tables();
    planner.alter_tables();
    planner.drop_tables();
    planner.create_indexes();
    planner.virtual_tables();
    planner.create_dependants();
    planner.steps.extend(planner.aside.returns());
    if request.undo {
        for step in &mut planner.steps {
            step.restores =
                step.changes.iter().filter_map(|change| restored(request.target, change)).collect();
        }
    }
    if request.facts.unregistered {
        for step in &mut planner.steps {
            step.needs.writable_schema = step.changes.iter().any(|change| {
                step.needs.legacy_alter
                    || matches!(
                        change,
                        Change::RenameTable { .. } | Change::RenameColumn { .. } | Change::DropColumn { .. }
                    )
            });
        }
    }
    cost::complete(&mut planner.steps, request, (&live, &target));
    warn_of_the_whole(&mut planner.steps, request.facts);
    hygiene::warn(&mut planner.steps, request, &live);
    let empty = Plan::empty(&request.model.name, &request.model.version, request.key.clone());
    Plan { steps: planner.steps, pace: request.facts.pace, ..empty }
}

struct Planner<'a> {
    request: &'a Request<'a>,
    live: &'a Lookup<'a>,
    target: &'a Lookup<'a>,
    changes: Vec<Change>,
    steps: Vec<Step>,
    /// What is out of the way while the others run.
    aside: Aside,
    /// Edits of indexes, which go together with those of tables.
    edited_indexes: Vec<Step>,
}

pub(crate) fn catalog_step(changes: Vec<Change>, object: &str, sql: Vec<String>) -> Step {
    Step {
        changes,
        object: object.to_owned(),
        sql,
        edits: Vec::new(),
        needs: Needs::default(),
        method: Method::Catalog,
        hazards: Vec::new(),
        checks: Vec::new(),
        cost: Cost::default(),
        keeps_rows: false,
        restores: Vec::new(),
    }
}

/// The statement with its object placed in `main`, so that a temporary table of the same name is never meant.
pub(crate) fn in_main(sql: &str) -> String {
    schema_sql::qualify(sql, "main").unwrap_or_else(|_| sql.to_owned())
}

impl Planner<'_> {
    fn take(&mut self, wanted: &dyn Fn(&Change) -> bool) -> Vec<Change> {
        let (taken, left) = self.changes.drain(..).partition(|change| wanted(change));
        self.changes = left;
        taken
    }

    /// Triggers and views that go or change are dropped first: they would stand in the way of everything else. A trigger
    /// goes with a table that is dropped.
    fn drop_dependants(&mut self) {
        let changes =
            self.take(&|change| matches!(change, Change::DropTrigger { .. } | Change::DropView { .. }));
        let rank = |change: &Change| u8::from(matches!(change, Change::DropView { .. }));
        let mut changes = changes;
        changes.sort_by_key(rank);
        for change in changes {
            let (kind, name) = match &change {
                Change::DropTrigger { trigger, .. } => ("TRIGGER", trigger.clone()),
                Change::DropView { view } => ("VIEW", view.clone()),
                _ => continue,
            };
            let sql = format!("DROP {kind} IF EXISTS main.{}", quote_ident(&name));
            let gone = kind == "VIEW" && self.request.target.view(&name).is_none();
            let mut step = catalog_step(vec![change], &name, vec![sql]);
            if gone {
                let text = "older programs may still read the view";
                step.hazards.push(Hazard::new(HazardCode::Removal, name_sql(&name), text));
            }
            self.steps.push(step);
        }
    }

    fn renames(&mut self) {
        for (group, sql) in self.request.renames.statements() {
            let changes: Vec<Change> = group
                .iter()
                .map(|rename| match &rename.table {
                    None => Change::RenameTable { from: rename.from.clone(), to: rename.to.clone() },
                    Some(table) => Change::RenameColumn {
                        table: table.clone(),
                        from: rename.from.clone(),
                        to: rename.to.clone(),
                    },
                })
                .collect();
            let object = group
                .first()
                .and_then(|rename| rename.table.clone())
                .unwrap_or_else(|| group.first().map(|rename| rename.to.clone()).unwrap_or_default());
            let hazards = group
                .iter()
                .map(|rename| {
                    let object = match &rename.table {
                        None => name_sql(&rename.to),
                        Some(table) => format!("{}.{}", name_sql(table), name_sql(&rename.to)),
                    };
                    let text = format!("older programs still use the name {}", name_sql(&rename.from));
                    Hazard::new(HazardCode::Rename, object, text)
                })
                .collect();
            let mut step = catalog_step(changes, &object, sql);
            step.hazards = hazards;
            self.steps.push(step);
        }
    }

    /// An index that goes and one that comes with the same content need no more than another text. On a table that changes
    /// itself they are left to it.
    fn edit_indexes(&mut self) {
        let request = self.request;
        if request.facts.defensive {
            return;
        }
        if !self.changes.iter().any(|change| matches!(change, Change::DropIndex { .. })) {
            return;
        }
        let texts = Texts::new(&[request.live, request.target]);
        let left_alone = |table: &str| {
            !self.changes.iter().any(|change| change.alters_table() && eq_name(change.table(), table))
                && !request.refuted.iter().any(|refuted| eq_name(refuted, table))
        };
        let mut pairs: Vec<(Change, Change)> = Vec::new();
        for gone in &self.changes {
            let Change::DropIndex { table, index } = gone else { continue };
            let Some(from) = request.live.index(index).filter(|_| left_alone(table)) else { continue };
            let comes = self.changes.iter().find(|change| {
                let Change::CreateIndex { table: of, index } = change else { return false };
                let to = request.target.index(index).filter(|_| eq_name(of, table));
                to.is_some_and(|to| self.becomes(&texts, from, to))
                    && !pairs.iter().any(|(_, taken)| taken == *change)
            });
            if let Some(comes) = comes {
                pairs.push((gone.clone(), comes.clone()));
            }
        }
        for (gone, comes) in pairs {
            self.changes.retain(|change| *change != gone && *change != comes);
            let step = self.edit_index(gone, comes);
            self.edited_indexes.extend(step);
        }
    }

    /// Whether the two hold the same rows in the same order, so that the one can take the other's place.
    fn becomes(
        &self,
        texts: &Texts<'_>,
        from: (&TableInfo, &IndexInfo),
        to: (&TableInfo, &IndexInfo),
    ) -> bool {
        let turned = IndexInfo { unique: to.1.unique, ..from.1.clone() };
        let other = from.1.unique != to.1.unique;
        // Only the check before the change holds the rows against a rule that comes in this way, and an undo has none.
        let unproved = self.request.undo && to.1.unique;
        same_index(texts, &turned, to.1) && !(other && (unproved || from.0.without_rowid))
    }

    fn edit_index(&self, gone: Change, comes: Change) -> Option<Step> {
        let (Change::DropIndex { index: from, .. }, Change::CreateIndex { index: to, .. }) = (&gone, &comes)
        else {
            return None;
        };
        let (_, found) = self.request.live.index(from)?;
        let (table, index) = self.request.target.index(to)?;
        let edit =
            CatalogEdit { name: found.name.clone(), sql: index.sql.clone(), index: Some(index.name.clone()) };
        let proved = index.unique && !found.unique;
        let mut step = self.create_index(table, index, comes);
        step.changes.insert(0, gone);
        step.sql.clear();
        step.edits.push(edit);
        step.keeps_rows = true;
        step.hazards.clear();
        if step.method == Method::Scan && proved {
            let facts = self.request.facts.of(self.request.renames.old_table(&table.name));
            let text = format!("reads {}", facts.shown());
            step.hazards.push(Hazard::new(HazardCode::Scan, name_sql(&table.name), text));
        } else {
            step.method = Method::Catalog;
            step.checks.clear();
        }
        Some(step)
    }

    fn drop_indexes(&mut self) {
        for change in self.take(&|change| matches!(change, Change::DropIndex { .. })) {
            let Change::DropIndex { index, .. } = &change else { continue };
            let (sql, index) = (format!("DROP INDEX main.{}", quote_ident(index)), index.clone());
            self.steps.push(catalog_step(vec![change], &index, vec![sql]));
        }
    }

    fn create_tables(&mut self) {
        for change in self.take(&|change| matches!(change, Change::CreateTable { .. })) {
            let Change::CreateTable { table } = &change else { continue };
            let Some(table) = self.target.table(table) else { continue };
            let name = table.name.clone();
            let sql = in_main(&crate::catalog::table_sql(table));
            self.steps.push(catalog_step(vec![change], &name, vec![sql]));
        }
    }

    fn alter_tables(&mut self) {
        // By table, in the order of their first changes.
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut altering: Vec<(String, Vec<Change>)> = Vec::new();
        for change in self.take(&Change::alters_table) {
            let at = *places.entry(fold(change.table())).or_insert(altering.len());
            match altering.get_mut(at) {
                Some((_, changes)) => changes.push(change),
                None => altering.push((change.table().to_owned(), vec![change])),
            }
        }
        let many = altering.len() > FEW;
        let (mut edits, mut others) = (Vec::new(), Vec::new());
        for (name, changes) in altering {
            match self.alter_table(&name, changes, many) {
                Some(Way::Edit(edit)) => edits.push(*edit),
                Some(Way::Steps(steps)) => others.extend(steps),
                None => {}
            }
        }
        let (mut after, mut drops) = (Vec::new(), Vec::new());
        let mut together = std::mem::take(&mut self.edited_indexes);
        for edit in edits {
            self.steps.extend(edit.before);
            together.push(edit.edit);
            after.extend(edit.after);
            drops.extend(edit.drops);
        }
        self.steps.extend(together);
        self.steps.extend(after);
        self.steps.extend(others);
        self.steps.extend(drops);
    }

    fn alter_table(&self, name: &str, changes: Vec<Change>, many: bool) -> Option<Way> {
        let request = self.request;
        let (from, to) = (self.live.table(name)?, self.target.table(name)?);
        let hints = request.model.table_hints(name);
        let kept = Kept { changes: &self.changes, aside: &self.aside };
        let image =
            Image { from, to, hints, renames: request.renames, fill: request.undo, live: request.live };
        let model = request.model.catalog.table(name).filter(|_| !request.undo);
        let ordered = ordered(to, model);
        let texts = Texts::of([from, to]);
        let change = TableChange {
            image,
            ordered: &ordered,
            live: request.live,
            target: request.target,
            texts: &texts,
            facts: request.facts,
            changes,
            kept,
        };
        let refuted = request.refuted.iter().filter(|table| eq_name(table, name)).count();
        Some(change.way(refuted, many))
    }

    fn drop_tables(&mut self) {
        for change in self.take(&|change| matches!(change, Change::DropTable { .. })) {
            let Change::DropTable { table } = &change else { continue };
            let table = table.clone();
            let rows = self.request.facts.of(&table).shown();
            let sql = format!("DROP TABLE main.{}", quote_ident(&table));
            let mut step = catalog_step(vec![change], &table, vec![sql]);
            step.hazards.push(Hazard::new(
                HazardCode::DropTable,
                name_sql(&table),
                format!("the table and its {rows} are deleted"),
            ));
            self.steps.push(step);
        }
    }

    fn create_indexes(&mut self) {
        let mut creates = self.take(&|change| matches!(change, Change::CreateIndex { .. }));
        let unique = |change: &Change| match change {
            Change::CreateIndex { index, .. } => {
                self.target.index(index).is_some_and(|(_, index)| index.unique)
            }
            _ => false,
        };
        creates.sort_by_key(|change| !unique(change));
        for change in creates {
            let Change::CreateIndex { index, .. } = &change else { continue };
            let Some((table, index)) = self.target.index(index) else { continue };
            let step = self.create_index(table, index, change);
            self.steps.push(step);
        }
    }

    fn create_index(&self, table: &TableInfo, index: &IndexInfo, change: Change) -> Step {
        let facts = self.request.facts.of(self.request.renames.old_table(&table.name));
        let mut step = catalog_step(vec![change], &table.name, vec![in_main(&index.sql)]);
        if facts.rows == 0 {
            return step;
        }
        step.method = Method::Scan;
        let text = format!("sorts {} of {}", facts.shown(), name_sql(&table.name));
        step.hazards.push(Hazard::new(HazardCode::BuildIndex, name_sql(&index.name), text));
        let computes = index.filter.is_some() || index.terms.iter().any(|term| term.is_expr);
        let from = self.request.live.table(&table.name).filter(|_| index.unique || computes);
        if let Some(from) = from {
            let hints = self.request.model.table_hints(&table.name);
            let image = Image {
                from,
                to: table,
                hints,
                renames: self.request.renames,
                fill: self.request.undo,
                live: self.request.live,
            };
            if computes {
                step.checks.push(computed_index_check(&image, index));
            }
            if index.unique {
                step.checks.push(unique_index_check(&image, index));
            }
        }
        step
    }

    fn virtual_tables(&mut self) {
        let request = self.request;
        let altered: Vec<String> = self
            .steps
            .iter()
            .filter(|step| {
                step.method >= Method::Update
                    || step.changes.iter().any(|change| {
                        matches!(
                            change,
                            Change::RenameColumn { .. }
                                // What a virtual column shows follows its expression and the collations in it.
                                | Change::AlterColumn {
                                    property: ColumnProperty::Generated | ColumnProperty::Collation,
                                    ..
                                }
                        )
                    })
            })
            .map(|step| step.object.clone())
            .collect();
        let changes = self.take(&|change| {
            matches!(
                change,
                Change::CreateVirtualTable { .. }
                    | Change::DropVirtualTable { .. }
                    | Change::AlterVirtualTable { .. }
            )
        });
        // A full-text index over a view is filled from it: the view comes first.
        let over_view = |table: &crate::catalog::VirtualTableInfo| {
            table.content().is_some_and(|content| request.target.view(&content).is_some())
        };
        if request.target.virtual_tables.iter().any(over_view) {
            self.create_views();
        }
        let mut made: Vec<String> = Vec::new();
        for change in changes {
            let name = change.table().to_owned();
            let (from, to) = (request.live.virtual_table(&name), request.target.virtual_table(&name));
            let step = match (from, to) {
                (None, Some(to)) => virtual_tables::create(change, to),
                (Some(from), Some(to)) => virtual_tables::alter(change, from, to, request.live),
                (Some(from), None) => virtual_tables::drop(change, from),
                (None, None) => continue,
            };
            made.push(name);
            self.steps.push(step);
        }
        // An index over a table whose values were written must be filled again.
        for table in &request.target.virtual_tables {
            let touched = table.content().is_some_and(|content| self.reads_altered(&content, &altered));
            let works = request.facts.broken.object(&table.name).is_none();
            if touched && works && !made.iter().any(|name| eq_name(name, &table.name)) {
                if let Some(sql) = virtual_tables::refill(table) {
                    let mut step = catalog_step(Vec::new(), &table.name, vec![sql]);
                    step.method = Method::Scan;
                    self.steps.push(step);
                }
            }
        }
    }

    /// Whether what is called `content`, a table or a view, shows rows that a step has written.
    fn reads_altered(&self, content: &str, altered: &[String]) -> bool {
        let mut names = vec![content.to_owned()];
        let mut at = 0;
        while let Some(name) = names.get(at).cloned() {
            at += 1;
            if altered.iter().any(|altered| eq_name(altered, &name)) || self.makes_view(&name) {
                return true;
            }
            let Some(view) = self.request.target.view(&name) else { continue };
            for used in schema_sql::idents(&view.sql).unwrap_or_default() {
                if !names.iter().any(|known| eq_name(known, &used)) {
                    names.push(used);
                }
            }
        }
        false
    }

    /// Whether a step so far creates this view.
    fn makes_view(&self, name: &str) -> bool {
        let made = |change: &Change| matches!(change, Change::CreateView { view } if eq_name(view, name));
        self.steps.iter().any(|step| step.changes.iter().any(made))
    }

    fn create_views(&mut self) {
        for change in self.take(&|change| matches!(change, Change::CreateView { .. })) {
            let Change::CreateView { view } = &change else { continue };
            let Some(view) = self.request.target.view(view) else { continue };
            self.steps.push(catalog_step(vec![change], &view.name, vec![in_main(&view.sql)]));
        }
    }

    fn create_dependants(&mut self) {
        self.create_views();
        let creates = self.take(&|change| matches!(change, Change::CreateTrigger { .. }));
        let kept = self.triggers_of_new_views(&creates);
        for change in creates {
            let Change::CreateTrigger { trigger, .. } = &change else { continue };
            let Some(trigger) = self.request.target.trigger(trigger) else { continue };
            self.steps.push(catalog_step(vec![change], &trigger.name, vec![in_main(&trigger.sql)]));
        }
        self.steps.extend(kept);
    }

    /// INSTEAD OF triggers that stay as they are go with their view when it is dropped to be made anew.
    fn triggers_of_new_views(&self, creates: &[Change]) -> Vec<Step> {
        let kept = Kept { changes: creates, aside: &self.aside };
        let triggers = self.request.target.triggers.iter();
        triggers
            .filter(|trigger| self.makes_view(&trigger.table) && kept.trigger(&trigger.name))
            .map(|trigger| catalog_step(Vec::new(), &trigger.name, vec![in_main(&trigger.sql)]))
            .collect()
    }
}

/// What concerns the plan as a whole is said once, on the step that it weighs on most.
fn warn_of_the_whole(steps: &mut [Step], facts: &Facts) {
    let ms: u64 = steps.iter().map(|step| step.cost.ms).sum();
    if let Some(step) = steps.iter_mut().max_by_key(|step| step.cost.ms).filter(|_| ms >= LONG) {
        let text = format!("other programs cannot write for about {:.1} s", ms as f64 / 1_000.0);
        step.hazards.push(Hazard::new(HazardCode::LongLock, name_sql(&step.object), text));
    }
    if let Some(step) = steps.iter_mut().find(|step| step.method >= Method::Update) {
        let object = name_sql(&step.object);
        let defects = facts.defects.iter().map(|text| Hazard::new(HazardCode::Engine, &object, text));
        step.hazards.extend(defects);
    }
}

/// What an undo's change brings back without its values: a dropped table or column, or one that was converted.
fn restored(target: &Catalog, change: &Change) -> Option<String> {
    match change {
        Change::CreateTable { table } => Some(name_sql(table)),
        Change::CreateVirtualTable { table } => {
            target.virtual_table(table).filter(|found| !found.is_derived()).map(|found| name_sql(&found.name))
        }
        Change::AddColumn { table, column, .. }
        | Change::AlterColumn { table, column, property: ColumnProperty::Type, .. } => {
            let found = target.table(table).and_then(|found| found.column(column));
            found
                .filter(|found| found.generated.is_none())
                .map(|found| format!("{}.{}", name_sql(table), name_sql(&found.name)))
        }
        _ => None,
    }
}

/// The table with its columns in the model's order, those that the model does not know last: what a rebuild makes.
fn ordered(to: &TableInfo, model: Option<&TableInfo>) -> TableInfo {
    let mut table = to.clone();
    let position = |name: &str| {
        model
            .and_then(|model| model.columns.iter().position(|wanted| eq_name(&wanted.name, name)))
            .unwrap_or(usize::MAX)
    };
    table.columns.sort_by_key(|column| position(&column.name));
    table
}
