//! Table of contents.

mod catalog;
mod corpus;
mod first;
mod support;
