//! What the programs of `src/bin` share: schemas and changes that are measured, and how samples become tables and plots.

#[path = "../peers/common.rs"]
pub mod common;

pub mod cases;
pub mod large;
pub mod machine;
pub mod model;
pub mod samples;
pub mod stage;
pub mod svg;

/// Any error: these programs end with it.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;
