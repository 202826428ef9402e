//! The command, called as a user calls it.

mod book;
mod files;
mod json;
mod kept_backups;
mod locks;
mod pipes;
mod scenarios;
mod settings;
mod support;
mod terminal;
mod workflow;
