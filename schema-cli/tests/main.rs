//! The command, called as a user calls it.

mod pipes;
mod scenarios;
mod support;
