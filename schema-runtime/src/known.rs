//! Tables that a file has by the very text that the model would make: SQLite need not be asked what it means, it was read already.

use std::collections::HashMap;

use schema_sql::fold;

use crate::catalog::{Catalog, TableInfo, ViewInfo, index_sql};
use crate::descriptor::Schema;

/// The live tables by folded name; none where the model has something that must be made beside its tables.
#[derive(Default)]
pub(crate) struct Known<'l> {
    tables: HashMap<String, &'l TableInfo>,
}

impl<'l> Known<'l> {
    /// What of `live` a model may be taken from.
    ///
    /// Triggers and virtual tables are made with the tables that they are on, and a view must be the one that is there.
    pub(crate) fn of(schema: &Schema, live: &'l Catalog) -> Self {
        let same_view = |sql: &&str| live.views.iter().any(|view: &ViewInfo| view.sql == **sql);
        let implied = schema.tables.iter().flat_map(|table| table.foreign_keys).any(|key| key.to.is_empty());
        if implied
            || !schema.triggers.is_empty()
            || !schema.virtual_tables.is_empty()
            || !schema.views.iter().all(same_view)
        {
            return Known::default();
        }
        Known { tables: live.tables.iter().map(|table| (fold(&table.name), table)).collect() }
    }

    /// The table as it was read, with the indexes of `wanted`, where `text` and theirs are what the file has.
    pub(crate) fn table(&self, wanted: &TableInfo, text: &str) -> Option<TableInfo> {
        let live = self.tables.get(&fold(&wanted.name))?;
        if live.sql != text || live.name != wanted.name {
            return None;
        }
        let index =
            |name: &str, sql: &str| live.indexes.iter().find(|index| index.name == name && index.sql == sql);
        let indexes = wanted
            .indexes
            .iter()
            .map(|wanted| index(&wanted.name, &index_sql(wanted, &live.name)).cloned())
            .collect::<Option<Vec<_>>>()?;
        Some(TableInfo { indexes, ..(*live).clone() })
    }
}
