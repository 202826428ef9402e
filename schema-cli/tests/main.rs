//! The command, called as a user calls it.

mod scenarios;
mod support;
