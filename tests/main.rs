//! Table of contents.

mod catalog;
mod columns;
mod constraints;
mod corpus;
mod derive;
mod derive_ui;
mod drops;
mod first;
mod keys;
mod keys_and_rows;
mod messages;
mod rebuilds;
mod renames;
mod support;
mod types;
