//! Where each table and column of a database is after migrations: what became of a name, read off the plans that ran.

use schema_sql::eq_name;

use super::rows::{Kept, Pair};
use super::virtual_tables::VirtualPair;
use crate::catalog::{Catalog, TableInfo, VirtualTableInfo, name_sql};
use crate::diff::{Change, ColumnProperty, TableProperty};
use crate::model::Model;
use crate::plan::{HazardCode, Plan};
use crate::preflight::Consent;
use crate::rollback::renames_of;

/// A table of the start.
struct Table {
    old: String,
    /// Its name now; `None` where it was dropped.
    now: Option<String>,
    columns: Vec<Column>,
}

/// One of its columns that is not computed.
struct Column {
    old: String,
    now: Option<String>,
    altered: bool,
    filled: bool,
    /// Who says that its values may become others.
    free: Option<String>,
}

/// A virtual table of the start.
struct Virtual {
    name: String,
    /// Whether it was dropped, or made anew without what it held.
    gone: bool,
    /// Its columns that were dropped.
    dropped: Vec<String>,
}

/// What a run did to the names.
pub(super) struct Hop<'h> {
    pub(super) plan: &'h Plan,
    pub(super) model: &'h Model,
    pub(super) consents: &'h [Consent],
    /// What there is after it.
    pub(super) left: &'h Catalog,
    /// The numbered migrations that ran beside the plan.
    pub(super) numbered: &'h [String],
}

/// All tables of the start.
pub(super) struct Trail {
    tables: Vec<Table>,
    virtual_tables: Vec<Virtual>,
    /// What went on purpose.
    pub(super) notes: Vec<String>,
    /// What went, and nobody has said so.
    pub(super) lost: Vec<String>,
}

impl Trail {
    pub(super) fn of(start: &Catalog) -> Trail {
        let column = |name: &String| Column {
            old: name.clone(),
            now: Some(name.clone()),
            altered: false,
            filled: false,
            free: None,
        };
        let table = |table: &TableInfo| Table {
            old: table.name.clone(),
            now: Some(table.name.clone()),
            columns: stored(table).map(column).collect(),
        };
        let of_module =
            |table: &VirtualTableInfo| Virtual { name: table.name.clone(), gone: false, dropped: Vec::new() };
        Trail {
            tables: start.tables.iter().map(table).collect(),
            virtual_tables: start.virtual_tables.iter().map(of_module).collect(),
            notes: Vec::new(),
            lost: Vec::new(),
        }
    }

    /// Goes on over a run.
    pub(super) fn follow(&mut self, hop: &Hop<'_>) {
        let renames = renames_of(hop.plan);
        let (notes, lost) = (&mut self.notes, &mut self.lost);
        let mut gone = |what: String, by_plan: bool| match (by_plan, hop.numbered) {
            (true, _) => notes.push(format!("{what} was dropped by consent")),
            (false, []) => lost.push(format!("{what} is gone")),
            (false, numbered) => notes.push(format!("{what} went with {}", numbered.join(", "))),
        };
        for table in &mut self.tables {
            let Some(was) = table.now.take() else { continue };
            let name = renames.new_table(&was).to_owned();
            let is_dropped =
                |change: &Change| matches!(change, Change::DropTable { table } if eq_name(table, &name));
            let dropped = name == was && hop.plan.changes().any(is_dropped);
            let Some(left) = hop.left.table(&name).filter(|_| !dropped) else {
                gone(format!("table `{}`", table.old), dropped);
                continue;
            };
            for column in &mut table.columns {
                let Some(was) = column.now.take() else { continue };
                let new = renames.new_column(&name, &was).to_owned();
                let is_dropped = |change: &Change| matches!(change, Change::DropColumn { table, column } if eq_name(table, &name) && eq_name(column, &new));
                let dropped = new == was && hop.plan.changes().any(is_dropped);
                if dropped || left.column(&new).is_none() {
                    gone(format!("column `{}`.`{}`", table.old, column.old), dropped);
                    continue;
                }
                column.alter(hop, &name, &new);
                column.now = Some(new);
            }
            table.now = Some(name);
        }
        for table in self.virtual_tables.iter_mut().filter(|table| !table.gone) {
            let name = &table.name;
            let is_dropped = |change: &Change| matches!(change, Change::DropVirtualTable { table } if eq_name(table, name));
            let hazards = || hop.plan.steps.iter().flat_map(|step| &step.hazards);
            let emptied = hazards()
                .any(|hazard| hazard.code == HazardCode::DropVirtualTable && hazard.object == name_sql(name));
            let dropped = hop.plan.changes().any(is_dropped);
            if dropped || emptied || hop.left.virtual_table(name).is_none() {
                gone(format!("virtual table `{name}`"), dropped || emptied);
                table.gone = true;
                continue;
            }
            let of_table = |object: &str| {
                let column = object.strip_prefix(&name_sql(name))?.strip_prefix('.')?;
                schema_sql::significant(column).ok()?.first()?.ident()
            };
            let columns = hazards().filter(|hazard| hazard.code == HazardCode::DropColumn);
            for column in columns.filter_map(|hazard| of_table(&hazard.object)) {
                gone(format!("column `{name}`.`{column}`"), true);
                table.dropped.push(column);
            }
        }
    }

    /// Whether a virtual table went with what it held.
    pub(super) fn has_emptied(&self) -> bool {
        self.virtual_tables.iter().any(|table| table.gone)
    }

    /// The virtual tables that both catalogs have.
    pub(super) fn virtual_pairs<'c>(&self, start: &'c Catalog, now: &'c Catalog) -> Vec<VirtualPair<'c>> {
        let pair = |table: &Virtual| {
            let (old, new) = (start.virtual_table(&table.name)?, now.virtual_table(&table.name)?);
            Some(VirtualPair { old, new, dropped: table.dropped.clone() })
        };
        self.virtual_tables.iter().filter(|table| !table.gone).filter_map(pair).collect()
    }

    /// The tables that both catalogs have, with the columns that both have.
    pub(super) fn pairs<'c>(&self, start: &'c Catalog, now: &'c Catalog) -> Vec<Pair<'c>> {
        let pair = |table: &Table| {
            let columns = table.columns.iter().filter_map(|column| {
                let new = column.now.clone()?;
                let (altered, filled) = (column.altered, column.filled);
                Some(Kept { old: column.old.clone(), new, altered, filled })
            });
            let (old, new) = (start.table(&table.old)?, now.table(table.now.as_ref()?)?);
            Some(Pair { old, new, columns: columns.collect(), rowids: true })
        };
        self.tables.iter().filter_map(pair).collect()
    }

    /// The same tables after a way back from `end` to the start, where what was filled stays so.
    pub(super) fn pairs_back<'c>(
        &self,
        start: &'c Catalog,
        end: &Catalog,
        now: &'c Catalog,
    ) -> Vec<Pair<'c>> {
        let pair = |table: &Table| {
            let kept = |column: &Column| Kept {
                old: column.old.clone(),
                new: column.old.clone(),
                altered: false,
                filled: column.filled,
            };
            let (old, new) = (start.table(&table.old)?, now.table(&table.old)?);
            // A table without them, or whose rowid is what was a column, has not kept them.
            let there = table.now.as_ref().and_then(|name| end.table(name));
            let is_key = |column: &Column, end: &TableInfo| {
                column.now.as_ref().is_some_and(|name| end.is_rowid_alias(name))
            };
            let rowids = there.is_none_or(|end| {
                !end.without_rowid && !table.columns.iter().any(|column| is_key(column, end))
            });
            Some(Pair { old, new, columns: table.columns.iter().map(kept).collect(), rowids })
        };
        self.tables.iter().filter_map(pair).collect()
    }

    /// Who says that values of the column, by its names at the start, may become others.
    pub(super) fn free(&self, table: &str, column: &str) -> Option<&str> {
        let table = self.tables.iter().find(|found| found.old == table)?;
        table.columns.iter().find(|found| found.old == column)?.free.as_deref()
    }
}

impl Column {
    fn alter(&mut self, hop: &Hop<'_>, table: &str, name: &str) {
        let hints = hop.model.table_hints(table).column(name);
        let mut altered = false;
        for change in hop.plan.changes().filter(|change| eq_name(change.table(), table)) {
            match change {
                Change::AlterColumn { column, property, .. } if eq_name(column, name) => match property {
                    ColumnProperty::Type | ColumnProperty::Generated => altered = true,
                    ColumnProperty::NotNull => self.filled = true,
                    _ => {}
                },
                Change::AlterTable { property: TableProperty::Strict, .. } => altered = true,
                // Their keys hold no NULL.
                Change::AlterTable {
                    property: TableProperty::PrimaryKey | TableProperty::WithoutRowid,
                    ..
                } => self.filled |= hop.left.table(table).is_some_and(|found| found.in_primary_key(name)),
                _ => {}
            }
        }
        self.filled |= hints.backfill.is_some();
        self.altered |= altered;
        if !altered {
            return;
        }
        let object = format!("{table}.{name}");
        let version = &hop.model.version;
        if hints.convert.is_some() {
            self.free = Some(format!("the `convert` of `{object}` in version {version}"));
        } else if hop.consents.iter().any(|consent| consent.covers(HazardCode::ConvertValues, &object)) {
            self.free = Some(format!("the consent to {}={object}", HazardCode::ConvertValues.code()));
        }
    }
}

fn stored(table: &TableInfo) -> impl Iterator<Item = &String> {
    table.columns.iter().filter(|column| column.generated.is_none()).map(|column| &column.name)
}
