//! The command `schema`, and the same for a program's own binary.

pub mod inspect;
