//! Findings about the model itself, said when a plan brings them into a file: nothing is wrong now, and something gets slow.

use schema_sql::{eq_name, fold};

use super::order::Request;
use super::{Hazard, HazardCode, Step};
use crate::catalog::{ForeignKeyInfo, IndexInfo, TableInfo, name_sql};

/// Puts each finding on the first step of its table. A plan that goes back says nothing: it brings back what was there.
pub(super) fn warn(steps: &mut [Step], request: &Request<'_>) {
    if request.undo {
        return;
    }
    for table in &request.target.tables {
        let live = request.live.table(&table.name);
        let references = table.foreign_keys.iter().filter(|key| is_new(key, table, live));
        let references = references.map(|key| reference(key, table));
        let indexes = table.indexes.iter().filter(|index| {
            live.is_none_or(|live| live.index(&index.name).is_none_or(|found| found.terms != index.terms))
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
    let was =
        |live: &TableInfo| live.foreign_keys.iter().any(|found| alike(&found) && !is_found(found, live));
    !is_found(key, table) && !live.is_some_and(was)
}

/// Whether an index or a key of the table begins with a column of the foreign key.
fn is_found(key: &ForeignKeyInfo, table: &TableInfo) -> bool {
    let of_key = |column: &str| key.columns.iter().any(|name| eq_name(name, column));
    let indexes = table.indexes.iter().filter_map(|index| index.terms.first());
    let mut indexes = indexes.filter(|term| !term.is_expr).map(|term| term.term.as_str());
    let rules = table.uniques.iter().map(|unique| &unique.terms);
    let rules = rules.chain(table.primary_key.iter().map(|key| &key.terms));
    let mut rules = rules.filter_map(|terms| terms.first()).map(|term| term.column.as_str());
    indexes.any(of_key) || rules.any(of_key)
}

fn reference(key: &ForeignKeyInfo, table: &TableInfo) -> Hazard {
    let (child, parent) = (name_sql(&table.name), name_sql(&key.table));
    let columns: Vec<String> = key.columns.iter().map(|column| name_sql(column)).collect();
    let object = format!("{child}.{}", columns.join(", "));
    let text = format!("no index begins with it, so that each delete in {parent} reads all of {child}");
    Hazard::new(HazardCode::UnindexedReference, object, text)
}

/// Another index that begins with all terms of this one, which then finds no row that the other does not.
fn duplicate(index: &IndexInfo, table: &TableInfo) -> Option<Hazard> {
    if index.unique {
        return None;
    }
    let same = |other: &&IndexInfo| {
        // Of two that are the same, the later one is told.
        let same_length = other.terms.len() == index.terms.len();
        let later = same_length && !other.unique && fold(&other.name) > fold(&index.name);
        !eq_name(&other.name, &index.name)
            && !later
            && other.filter == index.filter
            && other.terms.len() >= index.terms.len()
            && index.terms.iter().zip(&other.terms).all(|(a, b)| {
                eq_name(&a.term, &b.term)
                    && (a.is_expr, a.desc) == (b.is_expr, b.desc)
                    && a.collation.as_deref().map(fold) == b.collation.as_deref().map(fold)
            })
    };
    let other = table.indexes.iter().find(same)?;
    let text = format!("{} begins with the same columns and finds all that it does", name_sql(&other.name));
    Some(Hazard::new(HazardCode::DuplicateIndex, name_sql(&index.name), text))
}
