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
mod messages;
mod renames;
mod support;
mod types;
