//! Table of contents.

mod catalog;
mod corpus;
mod derive;
mod derive_ui;
mod first;
mod support;
mod three_way;
