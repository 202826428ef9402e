//! The command, called as a user calls it.

mod kept_backups;
mod pipes;
mod scenarios;
mod support;
