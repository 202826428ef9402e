//! Columns of types that other crates define, each behind the feature of its crate's name.
//!
//! The type of the column is what rusqlite's `ToSql` writes for it; the feature of rusqlite itself, which has that `ToSql`, is the program's
//! to enable, since its versions differ.

use crate::column_type::{ColumnType, NoConst};
use crate::descriptor::SqlType;

macro_rules! stored {
    ($($ty:ty as $sql_type:ident;)*) => {$(
        impl ColumnType for $ty {
            type Base = $ty;
            type Const = NoConst;
            const SQL_TYPE: SqlType = SqlType::$sql_type;
        }
    )*};
}

// rusqlite writes a null as NULL: a column that has to hold one is an `Option`.
stored! { serde_json::Value as Text; }

#[cfg(feature = "chrono")]
stored! {
    chrono::NaiveDate as Text;
    chrono::NaiveTime as Text;
    chrono::NaiveDateTime as Text;
}

#[cfg(feature = "chrono")]
impl<Zone: chrono::TimeZone + 'static> ColumnType for chrono::DateTime<Zone> {
    type Base = chrono::DateTime<Zone>;
    type Const = NoConst;
    const SQL_TYPE: SqlType = SqlType::Text;
}

#[cfg(feature = "time")]
stored! {
    time::Date as Text;
    time::Time as Text;
    time::PrimitiveDateTime as Text;
    time::OffsetDateTime as Text;
}

#[cfg(feature = "jiff")]
stored! {
    jiff::civil::Date as Text;
    jiff::civil::Time as Text;
    jiff::civil::DateTime as Text;
    jiff::Timestamp as Text;
}

#[cfg(feature = "uuid")]
stored! { uuid::Uuid as Blob; }

// rusqlite has no `ToSql` for it: a program writes `to_string()`, which a REAL column would round.
#[cfg(feature = "rust_decimal")]
stored! { rust_decimal::Decimal as Text; }
