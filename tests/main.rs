//! Table of contents.

mod catalog;
mod corpus;
mod derive;
mod derive_ui;
mod first;
mod removal;
mod support;
mod three_way;
