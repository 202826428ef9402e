//! The tables and indexes of a catalog by name: to look through all for each of many names takes time that grows with their square.

use std::collections::HashMap;

use schema_sql::fold;

use super::{Catalog, IndexInfo, TableInfo};

/// By folded names, the first of each.
#[derive(Debug, Default)]
pub(crate) struct Lookup<'c> {
    tables: HashMap<String, &'c TableInfo>,
    indexes: HashMap<String, (&'c TableInfo, &'c IndexInfo)>,
}

impl<'c> Lookup<'c> {
    pub(crate) fn of(catalog: &'c Catalog) -> Self {
        let mut lookup = Lookup::default();
        for table in &catalog.tables {
            lookup.tables.entry(fold(&table.name)).or_insert(table);
            for index in &table.indexes {
                lookup.indexes.entry(fold(&index.name)).or_insert((table, index));
            }
        }
        lookup
    }

    /// As [`Catalog::table`].
    pub(crate) fn table(&self, name: &str) -> Option<&'c TableInfo> {
        self.tables.get(&fold(name)).copied()
    }

    /// As [`Catalog::index`].
    pub(crate) fn index(&self, name: &str) -> Option<(&'c TableInfo, &'c IndexInfo)> {
        self.indexes.get(&fold(name)).copied()
    }
}
