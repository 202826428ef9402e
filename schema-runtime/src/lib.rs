//! Update the model, restart.

// The derives write `::schema_runtime::…`; this lets the crate's own tests use them.
#[allow(unused_extern_crates)]
extern crate self as schema_runtime;

mod clash;
mod column_type;
mod descriptor;
mod error;
mod fingerprint;
mod table;

pub use column_type::{ColumnType, ConstOf, Json, Literals, NoConst};
pub use descriptor::*;
pub use error::{Error, ErrorKind, Result};
pub use fingerprint::{table_fingerprint, text_fingerprint};
pub use rusqlite;
pub use schema_derive::{ColumnType, Table, schema};
pub use table::{Column, Table};

/// What generated code calls; no part of the public interface.
#[doc(hidden)]
pub mod __private {
    pub use crate::clash::{Clash, Objects, expect_kind, has_key, unknown_value};
    pub use crate::table::{BaseFor, Contains, TableIn, closed, column, same_base};
}
