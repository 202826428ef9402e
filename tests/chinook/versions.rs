//! The versions of the model, from the file as it is to the last.

use schema_runtime::{ColumnType, Schema};

use super::back::*;
use super::early::*;
use super::late::*;

/// What employees do: text that the file holds already.
#[derive(ColumnType)]
pub enum JobTitle {
    #[column_type(rename = "General Manager")]
    GeneralManager,
    #[column_type(rename = "Sales Manager")]
    SalesManager,
    #[column_type(rename = "Sales Support Agent")]
    SalesSupportAgent,
    #[column_type(rename = "IT Manager")]
    ItManager,
    #[column_type(rename = "IT Staff")]
    ItStaff,
}

/// How well a customer is served.
#[derive(ColumnType)]
pub enum Tier {
    Standard,
    Gold,
}

/// As [`Tier`], with a variant more.
#[derive(ColumnType)]
pub enum NewTier {
    Standard,
    Gold,
    Platinum,
}

/// A model: its tables, in full, then the objects that are SQL.
macro_rules! version {
    ($(#[$doc:meta])* $version:ident $number:literal [$($table:ident),*] { $($shape:tt)* } { $($objects:tt)* }) => {
        $(#[$doc])*
        #[allow(dead_code, reason = "only the shapes are of interest")]
        pub mod $version {
            use schema_runtime::{Schema, Table, schema};

            use super::*;

            $($shape)*

            pub static SCHEMA: Schema =
                schema! { name: "chinook", version: $number, tables: [$($table),*], $($objects)* };
        }
    };
}

pub(crate) use version;

/// All of them, in order.
pub static VERSIONS: [&Schema; 17] = [
    &v1::SCHEMA,
    &v2::SCHEMA,
    &v3::SCHEMA,
    &v4::SCHEMA,
    &v5::SCHEMA,
    &v6::SCHEMA,
    &v7::SCHEMA,
    &v8::SCHEMA,
    &v9::SCHEMA,
    &v10::SCHEMA,
    &v11::SCHEMA,
    &v12::SCHEMA,
    &v13::SCHEMA,
    &v14::SCHEMA,
    &v15::SCHEMA,
    &v16::SCHEMA,
    &v17::SCHEMA,
];
