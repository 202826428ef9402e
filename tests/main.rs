//! Table of contents.

mod corpus;
