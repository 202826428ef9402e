//! The lints of a model, as a test.

use std::io::{IsTerminal, Write};

use crate::error::{Error, ErrorKind, Result};
use crate::lint::LintLevel;
use crate::migrator::Migrator;
use crate::model_lint::{ModelFinding, ModelLint};

/// Shows what is to be said of the model and is not allowed in place: warnings on the standard error, also of a test that passes. Fails where it
/// is an error.
///
/// # Panics
/// With the text of [`check_lints`], where it fails.
#[track_caller]
pub fn assert_lints(model: impl Into<Migrator>) {
    assert_lints_with(&ModelLint::new(), model);
}

/// As [`assert_lints`], with what `lint` allows and denies, and the releases that it knows.
///
/// # Panics
/// With the text of [`check_lints`], where it fails.
#[track_caller]
pub fn assert_lints_with(lint: &ModelLint, model: impl Into<Migrator>) {
    let migrator = model.into();
    match check_lints(lint, &migrator) {
        Ok(warnings) if warnings.is_empty() => {}
        Ok(warnings) => {
            let name = migrator.source.name();
            let terminal = std::io::stderr().is_terminal();
            let yellow = |line: &str| if line.starts_with("warning: ") { 33 } else { 0 };
            let lines = warnings.iter().map(|found| {
                super::coloured(&format!("warning: model `{name}`: {found}"), terminal, yellow) + "\n"
            });
            // Not by a macro, whose output is shown of a test that fails alone.
            let _ = std::io::stderr().write_all(lines.collect::<String>().as_bytes());
        }
        Err(error) => panic!("{error}"),
    }
}

/// The warnings, where nothing is an error.
///
/// # Errors
/// `Model` with each finding, the safe way instead, and what allows it, where one of them is an error; as [`ModelLint::check`] for a model that
/// cannot be looked at.
pub fn check_lints(lint: &ModelLint, migrator: &Migrator) -> Result<Vec<ModelFinding>> {
    let findings = lint.check(migrator.clone())?;
    if findings.iter().all(|finding| finding.level == LintLevel::Warning) {
        return Ok(findings);
    }
    let count = match findings.len() {
        1 => "1 thing is".to_owned(),
        many => format!("{many} things are"),
    };
    let error = Error::new(ErrorKind::Model, format!("{count} to be said of the model"));
    let error = findings.iter().fold(error, |error, finding| error.cause(finding.to_string()));
    Err(error.help("change the model, or allow it in place; docs/hazards.md has a section on each code"))
}
