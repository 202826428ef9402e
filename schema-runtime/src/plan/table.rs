//! The native ALTER statements of one table's change, and what each step of it is to know of rows and hazards.

use schema_sql::{TokenKind, eq_name, idents, quote_ident, significant};

use super::aside::Aside;
use super::checks::table_checks;
use super::cost::{Load, of_statements};
use super::edit::EditSteps;
use super::method::{ALTER_NOT_NULL_AND_CHECK, DROP_COLUMN, DROP_FOREIGN_KEY, Way};
use super::rebuild::{Image, dependants, is_unique};
use super::{Facts, Hazard, HazardCode, Method, Needs, Step};
use crate::catalog::{
    Affinity, Catalog, ColumnInfo, TableInfo, Texts, affinity, check_sql, column_sql, foreign_key_sql,
    name_sql, same_generated,
};
use crate::diff::{Change, ColumnProperty, ConstraintKind, TableProperty};

/// One changed table with all that its steps depend on.
pub(super) struct TableChange<'a> {
    pub(super) image: Image<'a>,
    pub(super) live: &'a Catalog,
    pub(super) target: &'a Catalog,
    /// The same end with the columns in the model's order, which a rebuild adopts; native statements keep the order.
    pub(super) ordered: &'a TableInfo,
    pub(super) texts: &'a Texts<'a>,
    pub(super) facts: &'a Facts,
    /// The changes that alter the table's own definition.
    pub(super) changes: Vec<Change>,
    pub(super) kept: Kept<'a>,
}

/// Which indexes and triggers neither change nor are set aside. The two may have one name.
#[derive(Clone, Copy)]
pub(super) struct Kept<'a> {
    /// The changes that are still to be planned.
    pub(super) changes: &'a [Change],
    pub(super) aside: &'a Aside,
}

impl Kept<'_> {
    pub(super) fn index(self, name: &str) -> bool {
        let made =
            |change: &Change| matches!(change, Change::CreateIndex { index, .. } if eq_name(index, name));
        !self.changes.iter().any(made)
    }

    pub(super) fn trigger(self, name: &str) -> bool {
        let made = |change: &Change| matches!(change, Change::CreateTrigger { trigger, .. } if eq_name(trigger, name));
        !self.changes.iter().any(made) && !self.aside.has_trigger(name)
    }
}

impl TableChange<'_> {
    pub(super) fn by_edit(&self, mut edit: EditSteps) -> Way {
        let writes = edit.writes;
        self.describe(&self.image, Some(edit.first()), writes);
        edit.all().for_each(|step| self.warn(step));
        Way::Edit(Box::new(edit))
    }

    pub(super) fn rows(&self) -> super::TableFacts {
        self.facts.of(self.image.renames.old_table(&self.image.to.name))
    }

    pub(super) fn rebuild_ms(&self) -> u64 {
        self.rebuild(&self.image).cost.ms
    }

    pub(super) fn rebuild(&self, image: &Image<'_>) -> Step {
        let after = dependants(self.live, self.target, &self.image.to.name, self.kept);
        image.step(self.changes.clone(), self.rows(), after)
    }

    /// Puts what the rows must satisfy on the first step.
    pub(super) fn describe(&self, image: &Image<'_>, first: Option<&mut Step>, rebuild: bool) {
        if let Some(first) = first.filter(|_| self.rows().rows > 0) {
            first.checks = table_checks(image, self.texts, rebuild);
        }
    }

    /// Puts the hazards that do not depend on the method on a step.
    pub(super) fn warn(&self, step: &mut Step) {
        let table = &self.image.to.name;
        let mut hazards: Vec<Hazard> =
            step.changes.iter().filter_map(|change| self.hazard(table, change)).collect();
        let strictness =
            |change: &Change| matches!(change, Change::AlterTable { property: TableProperty::Strict, .. });
        if step.changes.iter().any(strictness) {
            hazards.extend(self.loosened());
        }
        hazards.append(&mut step.hazards);
        step.hazards = hazards;
    }

    /// A column of type ANY becomes numeric with its table's STRICT gone.
    fn loosened(&self) -> impl Iterator<Item = Hazard> {
        let Image { from, to, .. } = self.image;
        let is_any = |column: &ColumnInfo| column.generated.is_none() && eq_name(&column.type_name, "ANY");
        let stays =
            move |column: &&ColumnInfo| is_any(column) && from.column(&column.name).is_some_and(is_any);
        let goes = from.strict && !to.strict;
        to.columns.iter().filter(move |column| goes && stays(column)).map(|column| {
            let object = format!("{}.{}", name_sql(&to.name), name_sql(&column.name));
            Hazard::new(HazardCode::ConvertValues, object, "texts that look like numbers become numbers")
        })
    }

    fn hazard(&self, table: &str, change: &Change) -> Option<Hazard> {
        let object = |column: &str| format!("{}.{}", name_sql(table), name_sql(column));
        match change {
            Change::DropColumn { column, .. } => {
                Some(Hazard::new(HazardCode::DropColumn, object(column), "the column's values are deleted"))
            }
            Change::AlterColumn { column, property: ColumnProperty::Type, from, to, .. } => {
                let converted =
                    self.image.to.column(column).is_some_and(|column| self.image.changes_type(column));
                converted.then(|| {
                    Hazard::new(
                        HazardCode::ConvertValues,
                        object(column),
                        format!("values go from {from} to {to}"),
                    )
                })
            }
            Change::AlterColumn { column, property: ColumnProperty::Generated, to, .. } => {
                let plain = self.image.from.column(column).is_some_and(|found| found.generated.is_none());
                plain.then(|| {
                    Hazard::new(
                        HazardCode::ConvertValues,
                        object(column),
                        format!("values become what {to} computes"),
                    )
                })
            }
            Change::AlterColumn { column, property: ColumnProperty::NotNull, to, .. } if to != "NULL" => {
                Some(Hazard::new(
                    HazardCode::Tightened,
                    object(column),
                    "inserts of older programs may leave NULL",
                ))
            }
            Change::AddConstraint { constraint, .. } => Some(Hazard::new(
                HazardCode::Tightened,
                name_sql(table),
                format!("rows must now satisfy {constraint}"),
            )),
            _ => None,
        }
    }

    /// Whether a `backfill` reads what the same change writes or computes otherwise. It means the row as it was, which is no
    /// longer there when columns are filled one after the other.
    pub(super) fn fills_in_turn(&self) -> bool {
        let (from, to) = (self.image.from, self.image.to);
        let backfill = |column: &ColumnInfo| self.image.hints.column(&column.name).backfill.clone();
        let tightened =
            |column: &ColumnInfo| self.image.tightens(column) && self.image.filling(column).is_some();
        let added = |column: &ColumnInfo| from.column(&column.name).is_none() && column.generated.is_none();
        let moves = |column: &ColumnInfo| {
            column.generated.is_some()
                && (to.columns.iter().any(tightened)
                    || !from.column(&column.name).is_some_and(|found| {
                        same_generated(self.texts, found.generated.as_ref(), column.generated.as_ref())
                    }))
        };
        let written =
            |column: &&ColumnInfo| tightened(column) || (added(column) && backfill(column).is_some());
        to.columns.iter().filter(written).any(|column| {
            let Some(expr) = backfill(column) else { return false };
            // A subquery over the table meets rows that the same statement has written.
            let asked = self.image.is_asked(&to.name);
            let other = |other: &&ColumnInfo| asked || other.name != column.name;
            let others = to.columns.iter().filter(other);
            others
                .filter(|other| tightened(other) || added(other) || moves(other))
                .any(|other| names(&expr, &other.name))
        })
    }

    /// Native statements for all changes, or `None` where one of them has none.
    pub(super) fn native(&self) -> Option<Vec<Step>> {
        if self.fills_in_turn() {
            return None;
        }
        let added: Vec<&ColumnInfo> = self
            .image
            .to
            .columns
            .iter()
            .filter(|column| self.image.from.column(&column.name).is_none())
            .collect();
        let dropped: Vec<&ColumnInfo> = self
            .image
            .from
            .columns
            .iter()
            .filter(|column| self.image.to.column(&column.name).is_none())
            .collect();
        let mut steps = Vec::new();
        for change in &self.changes {
            match change {
                Change::AddColumn { column, .. } => {
                    let column = self.image.to.column(column)?;
                    steps.push(self.add_column(column, change, &dropped)?);
                }
                Change::DropColumn { column, .. } => {
                    steps.push(self.drop_column(self.image.from.column(column)?, change)?);
                }
                Change::AlterColumn { column, property: ColumnProperty::NotNull, .. } => {
                    steps.push(self.not_null(self.image.to.column(column)?, change, &dropped)?);
                }
                Change::AddConstraint { kind: ConstraintKind::Check, .. } => {
                    if let Some(step) = self.add_check(change, &added)? {
                        steps.push(step);
                    }
                }
                Change::AddConstraint { kind: ConstraintKind::ForeignKey, .. } => {
                    self.inline_foreign_key(change, &added)?;
                }
                Change::DropConstraint {
                    kind: ConstraintKind::Check | ConstraintKind::ForeignKey, ..
                } => {
                    if let Some(step) = self.drop_constraint(change, &dropped)? {
                        steps.push(step);
                    }
                }
                _ => return None,
            }
        }
        // Constraints must be gone before the columns that they name, and columns there before what names them.
        steps.sort_by_key(|step| match step.changes.first() {
            Some(Change::DropConstraint { .. }) => 0,
            Some(Change::DropColumn { .. }) => 1,
            Some(Change::AddColumn { .. }) => 2,
            Some(Change::AlterColumn { .. }) => 3,
            _ => 4,
        });
        Some(steps)
    }

    fn step(&self, change: &Change, sql: Vec<String>, method: Method) -> Step {
        self.step_of(vec![change.clone()], sql, method)
    }

    pub(super) fn step_of(&self, changes: Vec<Change>, sql: Vec<String>, method: Method) -> Step {
        let facts = self.rows();
        let load = Load { facts, table: Some(self.image.to), tables: self.facts.tables.len() as u64 };
        let cost = of_statements(&sql, method, load);
        let name = name_sql(&self.image.to.name);
        let text = facts.shown();
        let hazard = match method {
            _ if facts.rows == 0 => None,
            Method::Scan => Some(Hazard::new(HazardCode::Scan, name, format!("reads {text}"))),
            Method::Update => Some(Hazard::new(HazardCode::Update, name, format!("writes {text}"))),
            _ => None,
        };
        Step {
            changes,
            object: self.image.to.name.clone(),
            sql,
            edits: Vec::new(),
            needs: Needs { triggers_off: method == Method::Update, ..Needs::default() },
            method,
            hazards: hazard.into_iter().collect(),
            checks: Vec::new(),
            cost,
            keeps_rows: true,
            restores: Vec::new(),
        }
    }

    fn alter(&self, action: &str) -> String {
        format!("ALTER TABLE main.{} {action}", quote_ident(&self.image.to.name))
    }

    /// ADD COLUMN, with the backfill as an update. SQLite: <https://www.sqlite.org/lang_altertable.html>, section 5.
    fn add_column(&self, column: &ColumnInfo, change: &Change, dropped: &[&ColumnInfo]) -> Option<Step> {
        let table = self.image.to;
        let name = &column.name;
        let empty = self.rows().rows == 0;
        let stored = column.generated.as_ref().is_some_and(|rule| rule.stored);
        let constant = column.default.as_deref().is_none_or(is_constant);
        let null_default = column.default.as_deref().is_none_or(|text| eq_name(text, "NULL"));
        let keyed = table.in_primary_key(name)
            || table.uniques.iter().any(|unique| unique.terms.iter().any(|term| eq_name(&term.column, name)));
        let taken = ["rowid", "oid", "_rowid_"].iter().any(|rowid| eq_name(rowid, name));
        // In an undo ADD COLUMN would give all rows one default.
        let alike = self.image.fill && column.generated.is_none() && is_unique(table, column);
        if keyed || taken || alike || self.needs_order(column) {
            return None;
        }
        if self.fills_from(column, dropped) {
            return None;
        }
        if !empty
            && (stored
                || !constant
                || (column.not_null.is_some() && null_default && column.generated.is_none()))
        {
            return None;
        }
        // SQLite refuses such a column while foreign keys are enforced. <https://www.sqlite.org/lang_altertable.html>, section 5.
        let refers =
            table.foreign_keys.iter().any(|key| key.columns.iter().any(|column| eq_name(column, name)));
        if self.facts.written && refers && !null_default {
            return None;
        }
        // SQLite before 3.45.3 accepts a default of the wrong type on a STRICT table and leaves a bad table.
        if table.strict && !strict_default(column) {
            return None;
        }
        let mut sql = vec![self.alter(&format!("ADD COLUMN {}", column_sql(table, column)))];
        let backfill = self.image.hints.column(name).backfill.as_deref().filter(|_| !empty);
        if let Some(backfill) = backfill {
            let table = quote_ident(&table.name);
            sql.push(format!("UPDATE main.{table} SET {} = ({backfill})", quote_ident(name)));
        }
        let checked = table.checks.iter().any(|check| names(&check.expr, name));
        let method = match backfill {
            Some(_) => Method::Update,
            None if checked || table.strict || (column.generated.is_some() && column.not_null.is_some()) => {
                Method::Scan
            }
            None => Method::Catalog,
        };
        Some(self.step(change, sql, method))
    }

    /// Whether the backfill reads a column that goes: natively it would be gone by then, and its name in double quotes a
    /// string.
    fn fills_from(&self, column: &ColumnInfo, dropped: &[&ColumnInfo]) -> bool {
        let backfill = self.image.hints.column(&column.name).backfill.as_deref();
        backfill.is_some_and(|backfill| dropped.iter().any(|column| names(backfill, &column.name)))
    }

    /// Whether the column has to stand before one that exists: only a rebuild can do that.
    fn needs_order(&self, column: &ColumnInfo) -> bool {
        let position = self.image.to.columns.iter().position(|other| other.name == column.name);
        let after = self.image.to.columns.iter().skip(position.unwrap_or(0));
        after.into_iter().any(|other| self.image.from.column(&other.name).is_some())
            && self.changes.iter().any(|change| {
                matches!(change, Change::AlterTable { property: crate::diff::TableProperty::ColumnOrder, .. })
            })
    }

    /// DROP COLUMN, where nothing else of the table names the column. Triggers and views are the rehearsal's business.
    fn drop_column(&self, column: &ColumnInfo, change: &Change) -> Option<Step> {
        self.drop_column_of(self.image.from, column, change)
    }

    /// As [`drop_column`](Self::drop_column), from the table as it is by then.
    pub(super) fn drop_column_of(
        &self,
        from: &TableInfo,
        column: &ColumnInfo,
        change: &Change,
    ) -> Option<Step> {
        let name = &column.name;
        let keyed = from.in_primary_key(name)
            || from.uniques.iter().any(|unique| unique.terms.iter().any(|term| eq_name(&term.column, name)));
        let generated = from.columns.iter().any(|other| {
            other.name != *name && other.generated.as_ref().is_some_and(|rule| names(&rule.expr, name))
        });
        if self.facts.sqlite < DROP_COLUMN || keyed || generated || from.columns.len() < 2 {
            return None;
        }
        let is_virtual = column.generated.as_ref().is_some_and(|rule| !rule.stored);
        let method = if is_virtual { Method::Catalog } else { Method::Update };
        let mut step =
            self.step(change, vec![self.alter(&format!("DROP COLUMN {}", quote_ident(name)))], method);
        step.needs.triggers_off = false;
        Some(step)
    }

    fn not_null(&self, column: &ColumnInfo, change: &Change, dropped: &[&ColumnInfo]) -> Option<Step> {
        let from = self.image.from.column(&column.name)?;
        if self.fills_from(column, dropped) {
            return None;
        }
        let clause = |column: &ColumnInfo| column.not_null.as_ref().and_then(|rule| rule.conflict.clone());
        if self.facts.sqlite < ALTER_NOT_NULL_AND_CHECK || clause(from).is_some() || clause(column).is_some()
        {
            return None;
        }
        let name = quote_ident(&column.name);
        let Some(rule) = &column.not_null else {
            return Some(self.step(
                change,
                vec![self.alter(&format!("ALTER COLUMN {name} DROP NOT NULL"))],
                Method::Catalog,
            ));
        };
        if rule.name.is_some() {
            return None;
        }
        let mut sql = Vec::new();
        let filling = self.image.filling(column).filter(|_| self.rows().rows > 0);
        let table = quote_ident(&self.image.to.name);
        if let Some(filling) = &filling {
            sql.push(format!("UPDATE main.{table} SET {name} = ({filling}) WHERE {name} IS NULL"));
        }
        sql.push(self.alter(&format!("ALTER COLUMN {name} SET NOT NULL")));
        Some(self.step(change, sql, if filling.is_some() { Method::Update } else { Method::Scan }))
    }

    /// ADD CHECK; nothing where the constraint comes with a new column.
    #[allow(clippy::option_option, reason = "no native way, no statement of its own, or a step")]
    fn add_check(&self, change: &Change, added: &[&ColumnInfo]) -> Option<Option<Step>> {
        let check = self.constraint(change, &self.image.to.checks, &check_sql)?;
        if added.iter().any(|column| self.is_inline(&check.expr, column)) {
            return Some(None);
        }
        if self.facts.sqlite < ALTER_NOT_NULL_AND_CHECK {
            return None;
        }
        Some(Some(self.step(change, vec![self.alter(&format!("ADD {}", check_sql(check)))], Method::Scan)))
    }

    /// A foreign key can only come with its new column.
    fn inline_foreign_key(&self, change: &Change, added: &[&ColumnInfo]) -> Option<()> {
        let foreign = self.constraint(change, &self.image.to.foreign_keys, &foreign_key_sql)?;
        match foreign.columns.as_slice() {
            [column] if added.iter().any(|added| eq_name(&added.name, column)) => Some(()),
            _ => None,
        }
    }

    #[allow(clippy::option_option, reason = "no native way, no statement of its own, or a step")]
    fn drop_constraint(&self, change: &Change, dropped: &[&ColumnInfo]) -> Option<Option<Step>> {
        let Change::DropConstraint { kind, .. } = change else { return None };
        let (name, version, inline) = match kind {
            ConstraintKind::Check => {
                let check = self.constraint(change, &self.image.from.checks, &check_sql)?;
                let inline = dropped.iter().any(|column| names(&check.expr, &column.name));
                (check.name.as_deref(), ALTER_NOT_NULL_AND_CHECK, inline)
            }
            _ => {
                let foreign = self.constraint(change, &self.image.from.foreign_keys, &foreign_key_sql)?;
                let inline = dropped
                    .iter()
                    .any(|column| foreign.columns.iter().any(|name| eq_name(name, &column.name)));
                (foreign.name.as_deref(), DROP_FOREIGN_KEY, inline)
            }
        };
        // SQLite drops the first constraint of this name.
        let name = name.filter(|name| {
            self.facts.sqlite >= version
                && self.constraint_names().filter(|other| eq_name(other, name)).count() == 1
        });
        let Some(name) = name else {
            // A constraint in the column's own definition goes with it; the rehearsal tells where it is not.
            return inline.then_some(None);
        };
        let sql = self.alter(&format!("DROP CONSTRAINT {}", quote_ident(name)));
        Some(Some(self.step(change, vec![sql], Method::Catalog)))
    }

    fn constraint_names(&self) -> impl Iterator<Item = &str> {
        let from: &TableInfo = self.image.from;
        let checks = from.checks.iter().filter_map(|check| check.name.as_deref());
        let foreign = from.foreign_keys.iter().filter_map(|foreign| foreign.name.as_deref());
        let uniques = from.uniques.iter().filter_map(|unique| unique.name.as_deref());
        let nulls = from.columns.iter().filter_map(|column| column.not_null.as_ref()?.name.as_deref());
        checks.chain(foreign).chain(uniques).chain(nulls)
    }

    /// The constraint that a change speaks of.
    fn constraint<'t, T>(
        &self,
        change: &Change,
        list: &'t [T],
        text: &dyn Fn(&T) -> String,
    ) -> Option<&'t T> {
        let (Change::AddConstraint { constraint, .. } | Change::DropConstraint { constraint, .. }) = change
        else {
            return None;
        };
        list.iter().find(|item| text(item) == *constraint)
    }

    /// Whether `column_sql` prints the check with this column: it names no other.
    fn is_inline(&self, expr: &str, column: &ColumnInfo) -> bool {
        let used = idents(expr).unwrap_or_default();
        let is_used = |column: &ColumnInfo| used.iter().any(|name| eq_name(name, &column.name));
        is_used(column) && self.image.to.columns.iter().filter(|other| is_used(other)).count() == 1
    }
}

pub(super) fn names(expr: &str, column: &str) -> bool {
    idents(expr).unwrap_or_default().iter().any(|name| eq_name(name, column))
}

/// Whether ADD COLUMN takes the default for constant: a literal, signed or not. Everything else goes the long way.
pub(super) fn is_constant(default: &str) -> bool {
    let tokens = significant(default).unwrap_or_default();
    let literal = |kind: &TokenKind| matches!(kind, TokenKind::Number | TokenKind::Str | TokenKind::Blob);
    match tokens.as_slice() {
        [token] if token.kind == TokenKind::Word => {
            !["CURRENT_TIME", "CURRENT_DATE", "CURRENT_TIMESTAMP"].iter().any(|word| token.is_word(word))
        }
        [token] => literal(&token.kind) || token.kind == TokenKind::QuotedId,
        [sign, token] => (sign.is_op("-") || sign.is_op("+")) && token.kind == TokenKind::Number,
        _ => false,
    }
}

/// Whether a constant default has the type that a STRICT column wants.
pub(super) fn strict_default(column: &ColumnInfo) -> bool {
    let Some(default) = column.default.as_deref() else { return true };
    let tokens = significant(default).unwrap_or_default();
    let Some(last) = tokens.last() else { return false };
    match affinity(&column.type_name, true) {
        Affinity::Any => true,
        Affinity::Integer => last.kind == TokenKind::Number && !last.text.contains(['.', 'e', 'E']),
        Affinity::Real => last.kind == TokenKind::Number,
        Affinity::Text => matches!(last.kind, TokenKind::Str),
        Affinity::Blob => last.kind == TokenKind::Blob,
        Affinity::Numeric => false,
    }
}
