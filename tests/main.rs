//! Table of contents.

mod catalog;
mod columns;
mod constraints;
mod corpus;
mod derive;
mod derive_ui;
mod drops;
mod first;
mod keys_and_rows;
mod rebuilds;
mod removal;
mod support;
mod three_way;
mod types;
mod versions;
