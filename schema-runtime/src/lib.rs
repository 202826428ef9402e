//! Update the model, restart.

mod column_type;
mod descriptor;
mod error;

pub use column_type::ColumnType;
pub use descriptor::*;
pub use error::{Error, ErrorKind, Result};
pub use rusqlite;
