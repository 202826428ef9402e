//! Table of contents.

mod catalog;
mod chinook;
mod corpus;
mod derive;
mod derive_ui;
mod first;
mod support;
