//! Update the model, restart.

// The stages above are what uses the rest of these.
#[allow(dead_code, unused_imports)]
mod catalog;
mod column_type;
mod descriptor;
mod error;
#[allow(dead_code)]
mod wanted;

pub use catalog::{
    Catalog, CheckInfo, ColumnInfo, ForeignKeyInfo, GeneratedInfo, IndexInfo, IndexTermInfo, KeyTermInfo,
    NotNullInfo, OpaqueInfo, PrimaryKeyInfo, TableInfo, TriggerInfo, UniqueInfo, ViewInfo, VirtualTableInfo,
};
pub use column_type::ColumnType;
pub use descriptor::*;
pub use error::{Error, ErrorKind, Result};
pub use rusqlite;
