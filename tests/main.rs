//! Table of contents.

mod derive;
mod derive_ui;
