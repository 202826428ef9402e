//! Update the model, restart.

#[allow(dead_code, unused_imports, reason = "the stages above call it")]
mod catalog;
mod column_type;
#[allow(dead_code, reason = "the stages above call it")]
mod connection;
#[allow(dead_code, reason = "the stages above call it")]
mod deadline;
mod descriptor;
mod error;
#[allow(dead_code, reason = "the stages above call it")]
mod settings;
#[allow(dead_code, reason = "the stages above call it")]
mod sqlite_error;
#[allow(dead_code, reason = "the stages above call it")]
mod wanted;

pub use catalog::{
    Catalog, CheckInfo, ColumnInfo, ForeignKeyInfo, GeneratedInfo, IndexInfo, IndexTermInfo, KeyTermInfo,
    NotNullInfo, OpaqueInfo, PrimaryKeyInfo, TableInfo, TriggerInfo, UniqueInfo, ViewInfo, VirtualTableInfo,
};
pub use column_type::ColumnType;
pub use deadline::Cancel;
pub use descriptor::*;
pub use error::{Error, ErrorKind, Result};
pub use rusqlite;
