//! Table of contents.

mod catalog;
mod columns;
mod corpus;
mod first;
mod support;
