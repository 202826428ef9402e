//! Update the model, restart.

mod catalog;
mod column_type;
mod descriptor;
mod error;
mod diff;
mod plan;
mod rename;
mod snapshot;
mod target;
mod wanted;

pub use catalog::{
    Catalog, CheckInfo, ColumnInfo, ForeignKeyInfo, GeneratedInfo, IndexInfo, IndexTermInfo, KeyTermInfo,
    NotNullInfo, OpaqueInfo, PrimaryKeyInfo, TableInfo, TriggerInfo, UniqueInfo, ViewInfo, VirtualTableInfo,
};
pub use column_type::ColumnType;
pub use descriptor::*;
pub use error::{Error, ErrorKind, Result};
pub use rusqlite;
