//! Findings about the model itself, said when a plan brings them into a file: nothing is wrong now, and something gets slow.

use std::collections::HashMap;

use schema_sql::{eq_name, fold};

use super::order::Request;
use super::{Hazard, HazardCode, Step};
use crate::catalog::{ForeignKeyInfo, IndexInfo, Lookup, TableInfo, name_sql};
use crate::diff::Change;
use crate::indexing;

/// Puts each finding on the first step of its table. A plan that goes back says nothing: it brings back what was there; nor is said what
/// the model allows.
pub(super) fn warn(steps: &mut [Step], request: &Request<'_>, live: &Lookup<'_>) {
    if request.undo {
        return;
    }
    // The first step of each table.
    let mut places: HashMap<String, usize> = HashMap::new();
    for (at, step) in steps.iter().enumerate() {
        let tables = step.changes.iter().map(Change::table).chain([step.object.as_str()]);
        tables.for_each(|table| {
            places.entry(fold(table)).or_insert(at);
        });
    }
    for table in &request.target.tables {
        let Some(step) = places.get(&fold(&table.name)).and_then(|at| steps.get_mut(*at)) else { continue };
        let live = live.table(&table.name);
        let references = table.foreign_keys.iter().filter(|key| is_new(key, table, live));
        let references = references.filter(|key| {
            !request.model.allows(HazardCode::UnindexedReference.code(), &table.name, &key.columns, None)
        });
        let references = references.map(|key| {
            let (object, text) = indexing::unindexed(key, table);
            Hazard::new(HazardCode::UnindexedReference, object, text)
        });
        let indexes = table.indexes.iter().filter(|index| {
            live.is_none_or(|live| live.index(&index.name).is_none_or(|found| found.terms != index.terms))
        });
        let indexes = indexes.filter(|index| {
            !request.model.allows(HazardCode::DuplicateIndex.code(), &table.name, &[], Some(&index.name))
        });
        let indexes = indexes.filter_map(|index| duplicate(index, table));
        step.hazards.extend(references.chain(indexes));
    }
}

/// Whether no index helps to find the rows of this key, and it was otherwise before.
fn is_new(key: &ForeignKeyInfo, table: &TableInfo, live: Option<&TableInfo>) -> bool {
    let alike = |found: &&ForeignKeyInfo| {
        found.columns.len() == key.columns.len()
            && found.columns.iter().zip(&key.columns).all(|(a, b)| eq_name(a, b))
            && eq_name(&found.table, &key.table)
    };
    let was = |live: &TableInfo| {
        live.foreign_keys.iter().any(|found| alike(&found) && !indexing::is_indexed(found, live))
    };
    !indexing::is_indexed(key, table) && !live.is_some_and(was)
}

/// Another index or key that begins with all terms of this one, which then finds no row that the other does not.
fn duplicate(index: &IndexInfo, table: &TableInfo) -> Option<Hazard> {
    let other = indexing::repeated(index, table)?;
    Some(Hazard::new(HazardCode::DuplicateIndex, name_sql(&index.name), indexing::repeats(&other)))
}
