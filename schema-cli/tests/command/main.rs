//! The command, called as a user calls it.

mod kept_backups;
mod pipes;
mod files;
mod json;
mod locks;
mod scenarios;
mod settings;
mod support;
mod terminal;
