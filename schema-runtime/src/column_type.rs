//! How Rust types are stored: the trait that the derive asks, and its table of types.

use crate::descriptor::{ConstValue, SqlType};

/// A Rust type that a column can hold.
pub trait ColumnType {
    /// The type without its `Option`: what a foreign key must agree with.
    type Base: ?Sized;
    /// How the value is stored.
    const SQL_TYPE: SqlType;
    /// Whether the column may hold NULL; true for `Option<T>` alone.
    const NULLABLE: bool = false;
    /// The values that an enum allows, in the order of its variants. Empty: any value.
    const VALUES: &'static [ConstValue] = &[];
}

impl ColumnType for i64 {
    type Base = i64;
    const SQL_TYPE: SqlType = SqlType::Integer;
}
