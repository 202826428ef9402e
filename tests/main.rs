//! Table of contents.

mod bad_input;
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
mod names;
mod rebuilds;
mod removal;
mod renames;
mod start_up;
mod support;
mod three_way;
mod types;
mod versions;
