//! Table of contents.

mod catalog;
mod corpus;
mod dependents;
mod derive;
mod derive_ui;
mod first;
mod indexes;
mod keys_and_rows;
mod names;
mod rebuilds;
mod support;
