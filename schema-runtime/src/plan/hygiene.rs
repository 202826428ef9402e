//! Findings about the model itself, said when a plan brings them into a file: nothing is wrong now, and something gets slow.

use schema_sql::eq_name;

use super::order::Request;
use super::{Hazard, HazardCode, Step};
use crate::catalog::{ForeignKeyInfo, IndexInfo, TableInfo, name_sql};
use crate::indexing;

/// Puts each finding on the first step of its table. A plan that goes back says nothing: it brings back what was there; nor is said what
/// the model allows.
pub(super) fn warn(steps: &mut [Step], request: &Request<'_>) {
    if request.undo {
        return;
    }
    for table in &request.target.tables {
        let live = request.live.table(&table.name);
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
        let hazards: Vec<Hazard> = references.chain(indexes).collect();
        let of_table = |step: &&mut Step| {
            eq_name(&step.object, &table.name)
                || step.changes.iter().any(|change| eq_name(change.table(), &table.name))
        };
        if let Some(step) = steps.iter_mut().find(of_table) {
            step.hazards.extend(hazards);
        }
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
