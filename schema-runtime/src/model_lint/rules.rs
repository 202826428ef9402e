//! Keys, unique rules and indexes.

use schema_sql::{eq_name, idents};

use super::Fault;
use crate::catalog::{Affinity, IndexInfo, TableInfo, affinity, name_sql};
use crate::indexing;
use crate::plan::HazardCode;

pub(super) fn of_table(table: &TableInfo, found: &mut Vec<Fault>) {
    for key in table.foreign_keys.iter().filter(|key| !indexing::is_indexed(key, table)) {
        let (_, text) = indexing::unindexed(key, table);
        found.push(Fault::of_columns(HazardCode::UnindexedReference, &table.name, key.columns.clone(), text));
    }
    for index in &table.indexes {
        if let Some(other) = indexing::repeated(index, table) {
            let text = indexing::repeats(&other);
            found.push(Fault::of_index(HazardCode::DuplicateIndex, &table.name, &index.name, text));
        }
    }
    unique_rowid(table, found);
    nullable_keys(table, found);
    let key = table.primary_key.as_ref().filter(|key| key.autoincrement);
    if let Some(key) = key {
        let columns = key.terms.iter().map(|term| term.column.clone()).collect();
        let text =
            "each insert writes to sqlite_sequence too, so that the id of a deleted row is never used again";
        found.push(Fault::of_columns(HazardCode::Autoincrement, &table.name, columns, text));
    }
    if could_be_strict(table) {
        found.push(Fault::of_table(HazardCode::NotStrict, &table.name, ""));
    }
}

/// The rowid is unique already; SQLite makes an index for a `UNIQUE` all the same.
fn unique_rowid(table: &TableInfo, found: &mut Vec<Fault>) {
    for unique in &table.uniques {
        if let [only] = unique.terms.as_slice() {
            if table.is_rowid_alias(&only.column) {
                let text = "UNIQUE has an index of its own, and the primary key is unique without it";
                found.push(Fault::of_columns(
                    HazardCode::DuplicateIndex,
                    &table.name,
                    vec![only.column.clone()],
                    text,
                ));
            }
        }
    }
}

fn nullable_keys(table: &TableInfo, found: &mut Vec<Fault>) {
    let nullable = |name: &str| {
        table.column(name).is_some_and(|column| column.not_null.is_none()) && !table.is_rowid_alias(name)
    };
    let fault = |columns: Vec<String>, what: &str| {
        let text = format!("may be NULL, of which {what} takes any number of rows");
        Fault::of_columns(HazardCode::NullableUnique, &table.name, columns, text)
    };
    let of_terms = |terms: &[crate::catalog::KeyTermInfo]| -> Vec<String> {
        terms.iter().map(|term| term.column.clone()).filter(|column| nullable(column)).collect()
    };
    let key = table.primary_key.as_ref().map(|key| of_terms(&key.terms)).unwrap_or_default();
    if !key.is_empty() {
        found.push(fault(key, "the primary key"));
    }
    for unique in &table.uniques {
        let columns = of_terms(&unique.terms);
        if !columns.is_empty() {
            found.push(fault(columns, "UNIQUE"));
        }
    }
    for index in table.indexes.iter().filter(|index| index.unique) {
        let columns: Vec<String> =
            columns(index).filter(|column| nullable(column)).map(str::to_owned).collect();
        if !columns.is_empty() && !speaks_of(index, &columns) {
            let fault = fault(columns, &format!("the unique index {}", name_sql(&index.name)));
            found.push(Fault { index: Some(index.name.clone()), ..fault });
        }
    }
}

fn columns(index: &IndexInfo) -> impl Iterator<Item = &str> {
    index.terms.iter().filter(|term| !term.is_expr).map(|term| term.term.as_str())
}

/// Whether the condition of a partial index names each of the columns: somebody has thought of their NULLs.
fn speaks_of(index: &IndexInfo, columns: &[String]) -> bool {
    let Some(filter) = &index.filter else { return false };
    let named = idents(filter).unwrap_or_default();
    columns.iter().all(|column| named.iter().any(|name| eq_name(name, column)))
}

/// Whether `STRICT` is all that the table lacks for it: where the types are others, that was a decision.
fn could_be_strict(table: &TableInfo) -> bool {
    const TYPES: [&str; 6] = ["INT", "INTEGER", "REAL", "TEXT", "BLOB", "ANY"];
    !table.strict
        && table.columns.iter().all(|column| {
            // No type at all is what a STRICT table calls ANY.
            let bare = column.type_name.is_empty() && affinity(&column.type_name, false) == Affinity::Blob;
            bare || TYPES.iter().any(|known| eq_name(known, &column.type_name))
        })
}
