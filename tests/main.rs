//! Table of contents.

mod catalog;
mod corpus;
mod derive;
mod derive_ui;
mod first;
mod keys_and_rows;
mod rebuilds;
mod support;
