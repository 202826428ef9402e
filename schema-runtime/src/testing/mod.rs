//! What tests of a program need, so that drift and a careless change of the model fail `cargo test` and not a deployment.
//!
//! ```no_run
//! # use schema_runtime::{Schema, Table, schema, testing};
//! # #[derive(Table)]
//! # struct Task { #[column(primary_key)] id: i64 }
//! # const SCHEMA: Schema = schema! { version: "1.2.0", tables: [Task] };
//! #[test]
//! fn the_model_is_what_was_reviewed() {
//!     testing::assert_snapshot(&SCHEMA, "schema");
//! }
//! ```
//!
//! The folder then has one reviewed file a version, `schema/1.2.0.json`; `UPDATE_SCHEMA=1 cargo test` writes that of the present one. Each
//! function takes a model, or a [`Migrator`] where the model needs functions, collations or modules on its connections.
//! [`migrates_from_every_release!`](crate::migrates_from_every_release) makes a test of each file: from that release to the model, and back.

mod dice;
mod file;
mod fill;
mod lints;
mod migrates;
mod place;
mod release;
pub(crate) mod releases;
mod rows;
mod snapshot;
mod trail;
mod undo;
mod virtual_tables;

use std::path::Path;

use crate::error::{Error, ErrorKind, Result};
use crate::migrator::Migrator;

pub use dice::Dice;
pub use fill::{fill, fill_roughly};
pub use lints::{assert_lints, assert_lints_with, check_lints};
pub use migrates::{ReleaseReport, assert_release, check_release};
pub use releases::{assert_releases, check_releases};
pub use snapshot::{accept_snapshot, assert_snapshot, check_snapshot};
pub use undo::{undo_last, undo_last_of};

/// Each line in its colour, where 0 is none, for a terminal; as it is for anything else, and where `NO_COLOR` is set.
fn coloured(text: &str, terminal: bool, colour: fn(&str) -> u8) -> String {
    if !terminal || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) {
        return text.to_owned();
    }
    let lines = text.lines().map(|line| match colour(line) {
        0 => line.to_owned(),
        code => format!("\u{1b}[{code}m{line}\u{1b}[0m"),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Fails where the database is not as the model has it: what a start would change, and what somebody has changed by hand.
///
/// Numbered migrations of the migrator count too. Reads only.
///
/// # Panics
/// With each difference, where there is one; where the file is not there, or is no database of the model.
#[track_caller]
pub fn assert_no_drift(model: impl Into<Migrator>, path: impl AsRef<Path>) {
    if let Err(error) = check_drift(&model.into(), path.as_ref()) {
        panic!("{error}");
    }
}

/// As [`assert_no_drift`], with the differences as an error.
///
/// # Errors
/// `Drift`, with each difference; as [`Migrator::status`] for a file that cannot be read.
pub fn check_drift(migrator: &Migrator, path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    let status = migrator.status(path)?;
    let differs = |what: &str| Error::new(ErrorKind::Drift, format!("`{}` {what}", path.display()));
    if !status.exists {
        return Err(
            differs("does not exist").help("correct the path, or create it with a start of the program")
        );
    }
    let by_hand = status.drift.iter().map(|text| format!("changed by hand: {text}"));
    let pending = status.pending.changes().map(|change| format!("pending: {change}"));
    let due = status.migrations.iter().map(|title| format!("pending: migration {title}"));
    let mut found: Vec<String> = by_hand.chain(pending).chain(due).collect();
    if let (Some(refusal), true) = (&status.refusal, found.is_empty()) {
        found.push(refusal.what.clone());
        found.extend(refusal.causes.iter().cloned());
    }
    if found.is_empty() {
        return Ok(());
    }
    let error = found.into_iter().fold(differs("is not as the model has it"), Error::cause);
    Err(error.help("start the program on it, or `schema apply`; take back by hand what was changed by hand"))
}
