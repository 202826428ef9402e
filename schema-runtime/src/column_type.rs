//! How Rust types are stored: the trait that the derive asks, and its table of types.

use std::borrow::Cow;
use std::marker::PhantomData;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, Value, ValueRef};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::descriptor::{ColumnDescriptor, ConstValue, SqlType};

/// A Rust type that a column can hold.
///
/// `#[derive(Table)]` asks this trait for each field's type, so aliases, newtypes and generic types work. Every type
/// below is written by rusqlite's `ToSql` in the storage class that its column declares.
///
/// | Rust | SQL | notes |
/// | --- | --- | --- |
/// | `i8` `i16` `i32` `i64` `isize` `u8` `u16` `u32` | `INTEGER` | |
/// | `bool` | `INTEGER` | 0 or 1 |
/// | `f32` `f64` | `REAL` | rusqlite writes NaN as NULL |
/// | `String` `Box<str>` `Cow<str>` `&str` | `TEXT` | rusqlite 0.32 reads `String` and `Box<str>` only |
/// | `Vec<u8>` `[u8; N]` `Box<[u8]>` `&[u8]` | `BLOB` | rusqlite 0.32 reads `Vec<u8>` and `[u8; N]` only |
/// | [`Json<T>`](Json) | `TEXT` | through serde |
/// | `serde_json::Value` | `TEXT` | |
/// | `chrono::{NaiveDate, NaiveTime, NaiveDateTime, DateTime<…>}` | `TEXT` | feature `chrono` |
/// | `time::{Date, Time, PrimitiveDateTime, OffsetDateTime}` | `TEXT` | feature `time` |
/// | `jiff::{Timestamp, civil::{Date, Time, DateTime}}` | `TEXT` | feature `jiff` |
/// | `uuid::Uuid` | `BLOB` | feature `uuid` |
/// | `rust_decimal::Decimal` | `TEXT` | feature `rust_decimal`; rusqlite has no `ToSql` for it |
/// | `rusqlite::types::Value` | `ANY` | any storage class but NULL |
/// | `Option<T>` | that of `T` | the column may hold NULL |
///
/// `u64`, `usize`, `i128` and `u128` are left out, since SQLite's integers are signed and have 64 bits: store an `i64`, a text,
/// or a newtype that converts. Newtypes and unit enums get this trait from
/// [`#[derive(ColumnType)]`](derive@crate::ColumnType).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be stored in a column",
    label = "no `ColumnType` for this type",
    note = "put `#[derive(ColumnType)]` on a newtype or a unit enum; mark a field `#[column(json)]` to store a list, a map or a struct as JSON, or `#[column(skip)]` to leave it out",
    note = "a type of another crate goes into a newtype; those of `chrono`, `time`, `jiff`, `uuid` and `rust_decimal` have a feature of `schema-runtime` each",
    note = "SQLite's integers are signed and have 64 bits: store a `u64`, `usize`, `i128` or `u128` as `i64` or as text, or convert it in a newtype of one of these"
)]
pub trait ColumnType {
    /// The type without its `Option`: what both ends of a foreign key must agree on. Texts of every owner
    /// have the base `str`, byte strings `[u8]`, newtypes and enums themselves.
    type Base: ?Sized;
    /// Where the conversion of constant defaults lives; [`NoConst`] for a type that has none.
    type Const;
    /// How the value is stored.
    const SQL_TYPE: SqlType;
    /// Whether the column may hold NULL; true for `Option<T>` alone.
    const NULLABLE: bool = false;
    /// The values that an enum allows, in the order of its variants. Empty: any value.
    const VALUES: &'static [ConstValue] = &[];
    /// Which literals `default = …` accepts.
    const LITERALS: Literals = Literals::of(Self::SQL_TYPE);
    /// A column of this type without a name, which the compiler evaluates once for all columns of the type.
    #[doc(hidden)]
    const COLUMN: ColumnDescriptor = {
        let column = ColumnDescriptor::new("", Self::SQL_TYPE).values(Self::VALUES);
        if Self::NULLABLE { column } else { column.not_null() }
    };
}

/// Which literals a column of some type accepts as its default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Literals {
    /// Integers from the first to the second value.
    Integer(i64, i64),
    /// Floats, and integers that a float holds exactly.
    Real,
    /// `true` and `false`.
    Bool,
    /// Text.
    Text,
    /// Byte strings; the number is the one length that is allowed.
    Blob(Option<usize>),
    /// Any literal.
    Any,
    /// None: the default is a path, for instance to an enum's variant.
    None,
}

impl Literals {
    /// The literals that fit `sql_type`.
    pub const fn of(sql_type: SqlType) -> Self {
        match sql_type {
            SqlType::Integer => Literals::Integer(i64::MIN, i64::MAX),
            SqlType::Real => Literals::Real,
            SqlType::Text => Literals::Text,
            SqlType::Blob => Literals::Blob(None),
            SqlType::Any => Literals::Any,
        }
    }

    /// Whether `value`, written as a literal, is among them; `bool` says that it was `true` or `false`.
    #[doc(hidden)]
    pub const fn accept(self, value: ConstValue, bool: bool) -> bool {
        match (self, value) {
            (Literals::Any, _) => true,
            (Literals::Bool, _) => bool,
            (_, ConstValue::Integer(_)) if bool => false,
            (Literals::Integer(min, max), ConstValue::Integer(value)) => min <= value && value <= max,
            (Literals::Real, ConstValue::Integer(value)) => -(1 << 53) <= value && value <= 1 << 53,
            (Literals::Real, ConstValue::Real(_)) => true,
            (Literals::Text, ConstValue::Text(_)) => true,
            (Literals::Blob(None), ConstValue::Blob(_)) => true,
            (Literals::Blob(Some(length)), ConstValue::Blob(value)) => value.len() == length,
            _ => false,
        }
    }
}

/// The home of the constant conversions of `T`, for [`ColumnType::Const`].
pub struct ConstOf<T: ?Sized>(PhantomData<T>);

/// For [`ColumnType::Const`]: the type has no constant defaults but NULL, literals and `default_sql`.
pub struct NoConst(());

impl NoConst {
    #[doc(hidden)]
    pub const fn __schema_value<T>(_: &T) -> ConstValue {
        panic!("this type has no constant default; write it as SQL with `default_sql = \"…\"`")
    }

    #[doc(hidden)]
    pub const fn __schema_field<T>(value: &T) -> ConstValue {
        NoConst::__schema_value(value)
    }
}

/// One storage class for a list of `Copy` types.
macro_rules! copies {
    ($($ty:ty, $sql_type:ident, $literals:expr, $value:ident => $const_value:expr;)*) => {$(
        impl ColumnType for $ty {
            type Base = $ty;
            type Const = ConstOf<$ty>;
            const SQL_TYPE: SqlType = SqlType::$sql_type;
            const LITERALS: Literals = $literals;
        }

        impl ConstOf<$ty> {
            #[doc(hidden)]
            pub const fn __schema_value($value: &$ty) -> ConstValue {
                $const_value
            }

            #[doc(hidden)]
            pub const fn __schema_field(value: &$ty) -> ConstValue {
                Self::__schema_value(value)
            }
        }
    )*};
}

/// The integers, whose literals have a range.
macro_rules! integers {
    ($($ty:ty)*) => {
        copies! {
            $($ty, Integer, Literals::Integer(<$ty>::MIN as i64, <$ty>::MAX as i64),
              value => ConstValue::Integer(*value as i64);)*
        }
    };
}

integers! { i8 i16 i32 i64 isize u8 u16 u32 }
copies! {
    bool, Integer, Literals::Bool, value => ConstValue::Integer(*value as i64);
    f32, Real, Literals::Real, value => ConstValue::Real(*value as f64);
    f64, Real, Literals::Real, value => ConstValue::Real(*value);
}

/// Text or bytes, whose constants are written through a `&'static` reference; the last part reads a constant owner.
macro_rules! owners {
    ($($ty:ty, $base:ty, $sql_type:ident, $owner:ident => $field:expr;)*) => {$(
        impl ColumnType for $ty {
            type Base = $base;
            type Const = ConstOf<$ty>;
            const SQL_TYPE: SqlType = SqlType::$sql_type;
        }

        impl ConstOf<$ty> {
            #[doc(hidden)]
            pub const fn __schema_value(value: &&'static $base) -> ConstValue {
                ConstValue::$sql_type(*value)
            }

            #[doc(hidden)]
            pub const fn __schema_field($owner: &$ty) -> ConstValue {
                $field
            }
        }
    )*};
}

// A constant `String`, `Vec` or `Box` cannot own anything, since constants cannot allocate: it is empty.
owners! {
    String, str, Text, _owner => ConstValue::Text("");
    Box<str>, str, Text, _owner => ConstValue::Text("");
    Vec<u8>, [u8], Blob, _owner => ConstValue::Blob(&[]);
    Box<[u8]>, [u8], Blob, _owner => ConstValue::Blob(&[]);
    &'static str, str, Text, value => ConstValue::Text(value);
    &'static [u8], [u8], Blob, value => ConstValue::Blob(value);
}

impl ColumnType for Cow<'_, str> {
    type Base = str;
    type Const = ConstOf<Cow<'static, str>>;
    const SQL_TYPE: SqlType = SqlType::Text;
}

impl ConstOf<Cow<'static, str>> {
    #[doc(hidden)]
    pub const fn __schema_value(value: &&'static str) -> ConstValue {
        ConstValue::Text(value)
    }

    // A `&str` would lose that it is `'static`.
    #[allow(clippy::ptr_arg)]
    #[doc(hidden)]
    pub const fn __schema_field(value: &Cow<'static, str>) -> ConstValue {
        match value {
            Cow::Borrowed(value) => ConstValue::Text(value),
            Cow::Owned(_) => ConstValue::Text(""),
        }
    }
}

impl<const N: usize> ColumnType for [u8; N] {
    type Base = [u8];
    type Const = ConstOf<[u8; N]>;
    const SQL_TYPE: SqlType = SqlType::Blob;
    const LITERALS: Literals = Literals::Blob(Some(N));
}

impl<const N: usize> ConstOf<[u8; N]> {
    #[doc(hidden)]
    pub const fn __schema_value(value: &'static [u8; N]) -> ConstValue {
        ConstValue::Blob(value)
    }

    #[doc(hidden)]
    pub const fn __schema_field(value: &'static [u8; N]) -> ConstValue {
        ConstValue::Blob(value)
    }
}

impl ColumnType for Value {
    type Base = Value;
    type Const = NoConst;
    const SQL_TYPE: SqlType = SqlType::Any;
}

impl<T: ColumnType> ColumnType for Option<T> {
    type Base = T::Base;
    type Const = T::Const;
    const SQL_TYPE: SqlType = T::SQL_TYPE;
    const NULLABLE: bool = true;
    const VALUES: &'static [ConstValue] = T::VALUES;
    const LITERALS: Literals = T::LITERALS;
}

/// A value that is stored as JSON text, through serde.
///
/// A field marked `#[column(json)]` has the column of a `Json<T>` while it keeps its own type.
///
/// # Errors
/// Writing fails with rusqlite's `ToSqlConversionFailure` where serde cannot write the value, reading with
/// `FromSqlConversionFailure` where the text is not the JSON of a `T`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Json<T>(pub T);

impl<T> ColumnType for Json<T> {
    type Base = Json<T>;
    type Const = NoConst;
    const SQL_TYPE: SqlType = SqlType::Text;
}

impl<T: Serialize> ToSql for Json<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let text = serde_json::to_string(&self.0)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
        Ok(ToSqlOutput::from(text))
    }
}

impl<T: DeserializeOwned> FromSql for Json<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        serde_json::from_str(value.as_str()?).map(Json).map_err(|error| FromSqlError::Other(Box::new(error)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `ToSql` writes has the storage class of `SQL_TYPE`.
    fn agrees<T: ColumnType + ToSql>(value: T) {
        let conn = rusqlite::Connection::open_in_memory().unwrap();
        let class: String = conn.query_row("SELECT typeof(?1)", [value], |row| row.get(0)).unwrap();
        assert_eq!(class.to_uppercase(), T::SQL_TYPE.name(), "{}", std::any::type_name::<T>());
    }

    #[test]
    fn every_type_is_written_in_the_class_that_its_column_declares() {
        agrees(-1i8);
        agrees(-1i16);
        agrees(-1i32);
        agrees(-1i64);
        agrees(-1isize);
        agrees(1u8);
        agrees(1u16);
        agrees(1u32);
        agrees(true);
        agrees(1.0f32);
        agrees(1.0f64);
        agrees(String::from("a"));
        agrees::<Box<str>>("a".into());
        agrees(Cow::Borrowed("a"));
        agrees("a");
        agrees(vec![1u8]);
        agrees::<Box<[u8]>>(vec![1].into());
        agrees([1u8; 4]);
        agrees::<&'static [u8]>(&[1]);
        agrees(Some(1i64));
        agrees(Json(vec![1, 2]));
    }

    #[test]
    fn json_comes_back_as_it_was_written() {
        let conn = rusqlite::Connection::open_in_memory().unwrap();
        let read: Json<Vec<u8>> =
            conn.query_row("SELECT ?1", [Json(vec![1u8, 2])], |row| row.get(0)).unwrap();
        assert_eq!(read, Json(vec![1, 2]));
        assert!(conn.query_row("SELECT '{'", [], |row| row.get::<_, Json<Vec<u8>>>(0)).is_err());
    }
}
