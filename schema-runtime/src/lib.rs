//! Update the model, restart.

mod column_type;
#[allow(dead_code, reason = "the stages above call it")]
mod connection;
#[allow(dead_code, reason = "the stages above call it")]
mod deadline;
mod descriptor;
mod error;
#[allow(dead_code, reason = "the stages above call it")]
mod history;
#[allow(dead_code, reason = "the stages above call it")]
mod revision;
#[allow(dead_code, reason = "the stages above call it")]
mod settings;
#[allow(dead_code, reason = "the stages above call it")]
mod sqlite_error;
#[allow(dead_code, reason = "the stages above call it")]
mod version;

pub use column_type::ColumnType;
pub use deadline::Cancel;
pub use descriptor::*;
pub use error::{Error, ErrorKind, Result};
pub use revision::{Kind, Revision, Status};
pub use rusqlite;
