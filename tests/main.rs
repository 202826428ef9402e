//! Table of contents.

mod bad_input;
mod catalog;
mod chinook;
mod columns;
mod constraints;
mod corpus;
mod dependents;
mod derive;
mod derive_ui;
mod drops;
mod example;
mod first;
mod indexes;
mod keys;
mod keys_and_rows;
mod messages;
mod names;
mod random;
mod rebuilds;
mod removal;
mod renames;
mod support;
mod three_way;
mod types;
mod versions;
mod virtual_tables;
