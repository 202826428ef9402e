//! The command, called as a user calls it.

mod files;
mod json;
mod locks;
mod scenarios;
mod settings;
mod support;
mod terminal;
