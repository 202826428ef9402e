//! Table of contents.

mod catalog;
mod corpus;
