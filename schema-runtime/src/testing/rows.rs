//! What tells the rows of a table from each other.

use crate::catalog::{ColumnInfo, TableInfo};

/// A name of the rowid that is no column.
fn rowid(table: &TableInfo) -> Option<&'static str> {
    if table.without_rowid {
        return None;
    }
    ["rowid", "_rowid_", "oid"].into_iter().find(|name| table.column(name).is_none())
}

/// The same, where no column is another name of the rowid.
pub(super) fn hidden_rowid(table: &TableInfo) -> Option<&'static str> {
    rowid(table).filter(|_| alias(table).is_none())
}

/// The column that is the rowid.
fn alias(table: &TableInfo) -> Option<&ColumnInfo> {
    table.columns.iter().find(|column| table.is_rowid_alias(&column.name))
}
