//! The lints of a model, as a test.

use crate::error::{Error, ErrorKind, Result};
use crate::migrator::Migrator;
use crate::model_lint::ModelLint;

/// Fails where something is to be said of the model that it does not allow in place.
///
/// # Panics
/// With the text of [`check_lints`], where it fails.
#[track_caller]
pub fn assert_lints_clean(model: impl Into<Migrator>) {
    assert_lints_clean_with(&ModelLint::new(), model);
}

/// As [`assert_lints_clean`], with what `lint` allows, and the releases that it knows.
///
/// # Panics
/// With the text of [`check_lints`], where it fails.
#[track_caller]
pub fn assert_lints_clean_with(lint: &ModelLint, model: impl Into<Migrator>) {
    if let Err(error) = check_lints(lint, &model.into()) {
        panic!("{error}");
    }
}

/// As [`assert_lints_clean_with`], with the findings as the causes of an error.
///
/// # Errors
/// `Model` with each finding, the safe way instead, and what allows it; as [`ModelLint::check`] for a model that cannot be looked at.
pub fn check_lints(lint: &ModelLint, migrator: &Migrator) -> Result<()> {
    let findings = lint.check(migrator.clone())?;
    if findings.is_empty() {
        return Ok(());
    }
    let count = match findings.len() {
        1 => "1 thing is".to_owned(),
        many => format!("{many} things are"),
    };
    let error = Error::new(ErrorKind::Model, format!("{count} to be said of the model"));
    let error = findings.iter().fold(error, |error, finding| error.cause(finding.to_string()));
    Err(error.help("change the model, or allow it in place; docs/hazards.md has a section on each code"))
}
