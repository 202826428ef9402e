//! Two catalogs compared: what there is against what there shall be, as a list of changes.
//!
//! Purely two-way. What the three sides (file, history, model) make of a difference is decided in `target`, before.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::catalog::{self, Catalog, ColumnInfo, Lookup, NotNullInfo, TableInfo, Texts, same_words};

/// One difference, named by the SQL verb that removes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case")]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are the names that the variant's text speaks of")]
pub enum Change {
    /// A table is created.
    CreateTable { table: String },
    /// A table is dropped with its rows.
    DropTable { table: String },
    /// A table gets another name.
    RenameTable { from: String, to: String },
    /// A column is added.
    AddColumn { table: String, column: String, definition: String },
    /// A column is dropped with its values.
    DropColumn { table: String, column: String },
    /// A column gets another name.
    RenameColumn { table: String, from: String, to: String },
    /// One property of a column changes.
    AlterColumn { table: String, column: String, property: ColumnProperty, from: String, to: String },
    /// One property of a table changes.
    AlterTable { table: String, property: TableProperty, from: String, to: String },
    /// A constraint is added.
    AddConstraint { table: String, kind: ConstraintKind, constraint: String },
    /// A constraint is dropped.
    DropConstraint { table: String, kind: ConstraintKind, constraint: String },
    /// A constraint gets another name, action or conflict clause.
    AlterConstraint { table: String, kind: ConstraintKind, from: String, to: String },
    /// An index is created.
    CreateIndex { table: String, index: String },
    /// An index is dropped.
    DropIndex { table: String, index: String },
    /// A view is created.
    CreateView { view: String },
    /// A view is dropped.
    DropView { view: String },
    /// A trigger is created.
    CreateTrigger { table: String, trigger: String },
    /// A trigger is dropped.
    DropTrigger { table: String, trigger: String },
    /// A virtual table is created.
    CreateVirtualTable { table: String },
    /// A virtual table is dropped with what it holds.
    DropVirtualTable { table: String },
    /// A virtual table gets other arguments.
    AlterVirtualTable { table: String, from: String, to: String },
}

/// A property of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ColumnProperty {
    /// The declared type.
    Type,
    /// `NOT NULL`, with its conflict clause.
    NotNull,
    /// The default.
    Default,
    /// The collating sequence.
    Collation,
    /// The generated expression, or whether it is stored.
    Generated,
}

/// A property of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TableProperty {
    /// The primary key.
    PrimaryKey,
    /// `STRICT`.
    Strict,
    /// `WITHOUT ROWID`.
    WithoutRowid,
    /// The order of the columns.
    ColumnOrder,
}

/// A kind of table constraint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ConstraintKind {
    /// `UNIQUE`.
    Unique,
    /// `CHECK`.
    Check,
    /// `FOREIGN KEY`.
    ForeignKey,
}

impl Change {
    /// The table that the change is about; a view's own name for a view.
    pub fn table(&self) -> &str {
        match self {
            Change::CreateTable { table }
            | Change::DropTable { table }
            | Change::AddColumn { table, .. }
            | Change::DropColumn { table, .. }
            | Change::RenameColumn { table, .. }
            | Change::AlterColumn { table, .. }
            | Change::AlterTable { table, .. }
            | Change::AddConstraint { table, .. }
            | Change::DropConstraint { table, .. }
            | Change::AlterConstraint { table, .. }
            | Change::CreateIndex { table, .. }
            | Change::DropIndex { table, .. }
            | Change::CreateTrigger { table, .. }
            | Change::DropTrigger { table, .. }
            | Change::CreateVirtualTable { table }
            | Change::DropVirtualTable { table }
            | Change::AlterVirtualTable { table, .. } => table,
            Change::RenameTable { to, .. } => to,
            Change::CreateView { view } | Change::DropView { view } => view,
        }
    }

    /// Whether it makes an object and nothing else. A virtual table makes tables of its own.
    pub(crate) fn creates(&self) -> bool {
        matches!(
            self,
            Change::CreateTable { .. }
                | Change::CreateIndex { .. }
                | Change::CreateView { .. }
                | Change::CreateTrigger { .. }
        )
    }

    /// Whether the change is to the table's own definition, so that a rebuild of the table would make it.
    pub(crate) fn alters_table(&self) -> bool {
        matches!(
            self,
            Change::AddColumn { .. }
                | Change::DropColumn { .. }
                | Change::AlterColumn { .. }
                | Change::AlterTable { .. }
                | Change::AddConstraint { .. }
                | Change::DropConstraint { .. }
                | Change::AlterConstraint { .. }
        )
    }
}

impl fmt::Display for ColumnProperty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ColumnProperty::Type => "type",
            ColumnProperty::NotNull => "nullability",
            ColumnProperty::Default => "default",
            ColumnProperty::Collation => "collation",
            ColumnProperty::Generated => "generated expression",
        })
    }
}

impl fmt::Display for TableProperty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TableProperty::PrimaryKey => "primary key",
            TableProperty::Strict => "strictness",
            TableProperty::WithoutRowid => "row format",
            TableProperty::ColumnOrder => "column order",
        })
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::CreateTable { table } => write!(f, "create table {table}"),
            Change::DropTable { table } => write!(f, "drop table {table}"),
            Change::RenameTable { from, to } => write!(f, "rename table {from} to {to}"),
            Change::AddColumn { table, column, .. } => write!(f, "add column {table}.{column}"),
            Change::DropColumn { table, column } => write!(f, "drop column {table}.{column}"),
            Change::RenameColumn { table, from, to } => write!(f, "rename column {table}.{from} to {to}"),
            Change::AlterColumn { table, column, property, from, to } => {
                write!(f, "alter {property} of {table}.{column}: {from} -> {to}")
            }
            Change::AlterTable { table, property, from, to } => {
                write!(f, "alter {property} of {table}: {from} -> {to}")
            }
            Change::AddConstraint { table, constraint, .. } => write!(f, "add {constraint} to {table}"),
            Change::DropConstraint { table, constraint, .. } => write!(f, "drop {constraint} from {table}"),
            Change::AlterConstraint { table, from, to, .. } => {
                write!(f, "alter constraint of {table}: {from} -> {to}")
            }
            Change::CreateIndex { table, index } => write!(f, "create index {index} on {table}"),
            Change::DropIndex { table, index } => write!(f, "drop index {index} on {table}"),
            Change::CreateView { view } => write!(f, "create view {view}"),
            Change::DropView { view } => write!(f, "drop view {view}"),
            Change::CreateTrigger { table, trigger } => write!(f, "create trigger {trigger} on {table}"),
            Change::DropTrigger { table, trigger } => write!(f, "drop trigger {trigger} on {table}"),
            Change::CreateVirtualTable { table } => write!(f, "create virtual table {table}"),
            Change::DropVirtualTable { table } => write!(f, "drop virtual table {table}"),
            Change::AlterVirtualTable { table, .. } => write!(f, "alter virtual table {table}"),
        }
    }
}

/// Compares `from` with `to`. `exact_order` says of which tables the order of columns counts.
///
/// The result is empty exactly when the two mean the same; changes come table by table in the order of `to`, then what
/// only `from` has, then virtual tables, views and triggers.
pub(crate) fn diff(from: &Catalog, to: &Catalog, exact_order: &dyn Fn(&str) -> bool) -> Vec<Change> {
    let (before, after) = (Lookup::of(from), Lookup::of(to));
    let mut changes = Vec::new();
    for table in &to.tables {
        match before.table(&table.name) {
            None => {
                changes.push(Change::CreateTable { table: table.name.clone() });
                changes.extend(table.indexes.iter().map(|index| create_index(table, &index.name)));
            }
            Some(old) if old == table => {}
            Some(old) => {
                Tables { from: old, to: table, texts: &Texts::of([old, table]), changes: &mut changes }
                    .compare(exact_order(&table.name))
            }
        }
    }
    for table in &from.tables {
        if after.table(&table.name).is_none() {
            changes.push(Change::DropTable { table: table.name.clone() });
        }
    }
    if to.has_no_dependants() && from.has_no_dependants() {
        return changes;
    }
    let texts = Texts::new(&[from, to]);
    diff_virtual_tables(from, to, &texts, &mut changes);
    diff_views(from, to, &texts, &mut changes);
    diff_triggers(from, to, &texts, &mut changes);
    changes
}

fn create_index(table: &TableInfo, index: &str) -> Change {
    Change::CreateIndex { table: table.name.clone(), index: index.to_owned() }
}

fn diff_virtual_tables(from: &Catalog, to: &Catalog, texts: &Texts<'_>, changes: &mut Vec<Change>) {
    for table in &to.virtual_tables {
        match from.virtual_table(&table.name) {
            None => changes.push(Change::CreateVirtualTable { table: table.name.clone() }),
            Some(old) if !catalog::same_virtual_table(texts, old, table) => {
                changes.push(Change::AlterVirtualTable {
                    table: table.name.clone(),
                    from: format!("{}({})", old.module, old.args.join(", ")),
                    to: format!("{}({})", table.module, table.args.join(", ")),
                });
            }
            Some(_) => {}
        }
    }
    for table in &from.virtual_tables {
        if to.virtual_table(&table.name).is_none() {
            changes.push(Change::DropVirtualTable { table: table.name.clone() });
        }
    }
}

fn diff_views(from: &Catalog, to: &Catalog, texts: &Texts<'_>, changes: &mut Vec<Change>) {
    for view in &from.views {
        if !to.view(&view.name).is_some_and(|new| catalog::same_view(texts, view, new)) {
            changes.push(Change::DropView { view: view.name.clone() });
        }
    }
    for view in &to.views {
        if !from.view(&view.name).is_some_and(|old| catalog::same_view(texts, old, view)) {
            changes.push(Change::CreateView { view: view.name.clone() });
        }
    }
}

fn diff_triggers(from: &Catalog, to: &Catalog, texts: &Texts<'_>, changes: &mut Vec<Change>) {
    for trigger in &from.triggers {
        if !to.trigger(&trigger.name).is_some_and(|new| catalog::same_trigger(texts, trigger, new)) {
            let (table, trigger) = (trigger.table.clone(), trigger.name.clone());
            changes.push(Change::DropTrigger { table, trigger });
        }
    }
    for trigger in &to.triggers {
        if !from.trigger(&trigger.name).is_some_and(|old| catalog::same_trigger(texts, old, trigger)) {
            let (table, trigger) = (trigger.table.clone(), trigger.name.clone());
            changes.push(Change::CreateTrigger { table, trigger });
        }
    }
}

/// One table on both sides.
struct Tables<'a> {
    from: &'a TableInfo,
    to: &'a TableInfo,
    texts: &'a Texts<'a>,
    changes: &'a mut Vec<Change>,
}

impl Tables<'_> {
    fn compare(&mut self, exact_order: bool) {
        self.options();
        self.columns(exact_order);
        self.uniques();
        self.checks();
        self.foreign_keys();
        self.indexes();
    }

    fn table(&self) -> String {
        self.to.name.clone()
    }

    fn alter(&mut self, property: TableProperty, from: String, to: String) {
        let table = self.table();
        self.changes.push(Change::AlterTable { table, property, from, to });
    }

    fn options(&mut self) {
        let (from, to) = (self.from, self.to);
        if from.strict != to.strict {
            let text = |strict: bool| (if strict { "STRICT" } else { "not STRICT" }).to_owned();
            self.alter(TableProperty::Strict, text(from.strict), text(to.strict));
        }
        if from.without_rowid != to.without_rowid {
            let text = |without: bool| (if without { "WITHOUT ROWID" } else { "rowid" }).to_owned();
            self.alter(TableProperty::WithoutRowid, text(from.without_rowid), text(to.without_rowid));
        }
        let same = match (&from.primary_key, &to.primary_key) {
            (None, None) => true,
            (Some(a), Some(b)) => {
                catalog::same_primary_key(self.texts, a, b)
                    && catalog::same_name(a.name.as_deref(), b.name.as_deref())
            }
            _ => false,
        };
        if !same {
            let text = |table: &TableInfo, other: &TableInfo| {
                catalog::primary_key_words(table.primary_key.as_ref(), other.primary_key.as_ref())
            };
            self.alter(TableProperty::PrimaryKey, text(from, to), text(to, from));
        }
    }

    fn columns(&mut self, exact_order: bool) {
        let (from, to) = (self.from, self.to);
        for column in &to.columns {
            match from.column(&column.name) {
                None => self.changes.push(Change::AddColumn {
                    table: to.name.clone(),
                    column: column.name.clone(),
                    definition: catalog::column_sql(to, column),
                }),
                Some(old) => self.column(old, column),
            }
        }
        for column in &from.columns {
            if to.column(&column.name).is_none() {
                let (table, column) = (self.table(), column.name.clone());
                self.changes.push(Change::DropColumn { table, column });
            }
        }
        if exact_order {
            let order = |table: &TableInfo, other: &TableInfo| {
                let both = table.columns.iter().filter(|column| other.column(&column.name).is_some());
                both.map(|column| schema_sql::fold(&column.name)).collect::<Vec<_>>()
            };
            // A column added at the end is in its place; one added before another column needs the rebuild.
            let kept = from.columns.iter().filter(|column| to.column(&column.name).is_some()).count();
            let prefix = to.columns.iter().take(kept).all(|column| from.column(&column.name).is_some());
            if order(from, to) != order(to, from) || !prefix {
                let text = |table: &TableInfo| {
                    let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
                    names.join(", ")
                };
                self.alter(TableProperty::ColumnOrder, text(from), text(to));
            }
        }
    }

    fn column(&mut self, from: &ColumnInfo, to: &ColumnInfo) {
        let mut alter = |property, a: String, b: String| {
            self.changes.push(Change::AlterColumn {
                table: self.to.name.clone(),
                column: to.name.clone(),
                property,
                from: a,
                to: b,
            });
        };
        if from.name != to.name {
            // Renames are settled before; what is left of a name is its spelling.
            alter(ColumnProperty::Type, from.name.clone(), to.name.clone());
        }
        if !same_words(&from.type_name, &to.type_name) {
            alter(ColumnProperty::Type, or_none(&from.type_name), or_none(&to.type_name));
        }
        let (found, wanted) =
            (catalog::effective_not_null(self.from, from), catalog::effective_not_null(self.to, to));
        if !catalog::same_not_null(self.texts, found, wanted) {
            let text = |rule: Option<&NotNullInfo>| match rule {
                None => "NULL".to_owned(),
                Some(rule) => match &rule.conflict {
                    None => "NOT NULL".to_owned(),
                    Some(conflict) => format!("NOT NULL ON CONFLICT {conflict}"),
                },
            };
            alter(ColumnProperty::NotNull, text(found), text(wanted));
        }
        if !catalog::same_default(self.texts, from.default.as_deref(), to.default.as_deref()) {
            let text = |column: &ColumnInfo| column.default.clone().unwrap_or_else(|| "none".to_owned());
            alter(ColumnProperty::Default, text(from), text(to));
        }
        if !catalog::same_collation(self.texts, from.collation.as_deref(), to.collation.as_deref()) {
            let text = |column: &ColumnInfo| column.collation.clone().unwrap_or_else(|| "BINARY".to_owned());
            alter(ColumnProperty::Collation, text(from), text(to));
        }
        if !catalog::same_generated(self.texts, from.generated.as_ref(), to.generated.as_ref()) {
            let text = |column: &ColumnInfo| match &column.generated {
                None => "plain".to_owned(),
                Some(rule) if rule.stored => format!("AS ({}) STORED", rule.expr),
                Some(rule) => format!("AS ({}) VIRTUAL", rule.expr),
            };
            alter(ColumnProperty::Generated, text(from), text(to));
        }
    }

    fn uniques(&mut self) {
        let (from, to, texts) = (self.from, self.to, self.texts);
        self.constraints(
            ConstraintKind::Unique,
            (&from.uniques, &to.uniques),
            &|a, b| catalog::same_key_terms(texts, &a.terms, &b.terms),
            &|a, b| {
                catalog::same_unique(texts, a, b) && catalog::same_name(a.name.as_deref(), b.name.as_deref())
            },
            &catalog::unique_sql,
        );
    }

    fn checks(&mut self) {
        let (from, to, texts) = (self.from, self.to, self.texts);
        self.constraints(
            ConstraintKind::Check,
            (&from.checks, &to.checks),
            &|a, b| catalog::same_check(texts, a, b),
            &|a, b| catalog::same_name(a.name.as_deref(), b.name.as_deref()),
            &catalog::check_sql,
        );
    }

    fn foreign_keys(&mut self) {
        let (from, to, texts) = (self.from, self.to, self.texts);
        self.constraints(
            ConstraintKind::ForeignKey,
            (&from.foreign_keys, &to.foreign_keys),
            &|a, b| catalog::same_link(a, b),
            &|a, b| {
                catalog::same_foreign_key(texts, a, b)
                    && catalog::same_name(a.name.as_deref(), b.name.as_deref())
            },
            &catalog::foreign_key_sql,
        );
    }

    /// Pairs constraints by `alike`, each at most once; a pair that is not `same` is altered.
    fn constraints<T>(
        &mut self,
        kind: ConstraintKind,
        (from, to): (&[T], &[T]),
        alike: &dyn Fn(&T, &T) -> bool,
        same: &dyn Fn(&T, &T) -> bool,
        text: &dyn Fn(&T) -> String,
    ) {
        let table = self.table();
        let mut left: Vec<&T> = from.iter().collect();
        for wanted in to {
            let best = left
                .iter()
                .position(|found| alike(found, wanted) && same(found, wanted))
                .or_else(|| left.iter().position(|found| alike(found, wanted)));
            match best {
                None => self.changes.push(Change::AddConstraint {
                    table: table.clone(),
                    kind,
                    constraint: text(wanted),
                }),
                Some(at) => {
                    let found = left.remove(at);
                    if !same(found, wanted) {
                        self.changes.push(Change::AlterConstraint {
                            table: table.clone(),
                            kind,
                            from: text(found),
                            to: text(wanted),
                        });
                    }
                }
            }
        }
        for found in left {
            self.changes.push(Change::DropConstraint { table: table.clone(), kind, constraint: text(found) });
        }
    }

    fn indexes(&mut self) {
        let (from, to) = (self.from, self.to);
        for index in &from.indexes {
            if !to.index(&index.name).is_some_and(|new| catalog::same_index(self.texts, index, new)) {
                let table = self.table();
                self.changes.push(Change::DropIndex { table, index: index.name.clone() });
            }
        }
        for index in &to.indexes {
            if !from.index(&index.name).is_some_and(|old| catalog::same_index(self.texts, old, index)) {
                self.changes.push(create_index(to, &index.name));
            }
        }
    }
}

fn or_none(text: &str) -> String {
    if text.is_empty() { "no type".to_owned() } else { text.to_owned() }
}
