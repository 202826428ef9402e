//! What a run would find and do, for health routes, commands and tests.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::plan::{PLAN_FORMAT, Plan, PlanKey};
use crate::revision::Revision;

/// The state of a database against a model; nothing was written to find it out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Status {
    /// The model's name.
    pub model: String,
    /// The version of the model that asked.
    pub version: String,
    /// Whether there is a file.
    pub exists: bool,
    /// What a run would do; empty where nothing is pending, or where it would be refused.
    pub pending: Plan,
    /// Why a run would be refused: the whole error.
    pub refused: Option<String>,
    /// What was changed by hand, where a run would be refused for it.
    pub drift: Vec<String>,
    /// The newest version in the history, where this program is older.
    pub newer: Option<String>,
    /// The last completed revision of the model.
    pub last: Option<Revision>,
    /// Objects that the model no longer declares and that are kept.
    pub retired: Vec<String>,
    /// Objects that are not the model's.
    pub foreign: Vec<String>,
    /// What may trouble the program.
    pub warnings: Vec<String>,
    /// What was found besides.
    pub notes: Vec<String>,
}

impl Status {
    pub(crate) fn new(model: &str, version: &str) -> Status {
        let plan = Plan {
            format: PLAN_FORMAT,
            model: model.to_owned(),
            version: version.to_owned(),
            key: PlanKey::default(),
            steps: Vec::new(),
        };
        Status {
            model: model.to_owned(),
            version: version.to_owned(),
            exists: true,
            pending: plan,
            refused: None,
            drift: Vec::new(),
            newer: None,
            last: None,
            retired: Vec::new(),
            foreign: Vec::new(),
            warnings: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Whether a run would find nothing to do.
    pub fn is_up_to_date(&self) -> bool {
        self.exists && self.pending.is_empty() && self.refused.is_none()
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.refused, &self.newer) {
            (Some(refused), _) => writeln!(f, "a start-up would be refused:\n{refused}")?,
            (None, Some(newer)) => writeln!(
                f,
                "the database is of version {newer}; version {} runs on it as it is",
                self.version
            )?,
            (None, None) if self.is_up_to_date() => writeln!(f, "schema is up to date")?,
            (None, None) => writeln!(f, "{} steps are pending:\n{}", self.pending.steps.len(), self.pending)?,
        }
        match &self.last {
            Some(last) => writeln!(
                f,
                "last revision: {} {} ({}, {})",
                last.id, last.name, last.version, last.applied_at
            )?,
            None => writeln!(f, "no revision recorded")?,
        }
        for (title, list) in [
            ("retired", &self.retired),
            ("foreign", &self.foreign),
            ("warning", &self.warnings),
            ("note", &self.notes),
        ] {
            for item in list {
                writeln!(f, "{title}: {item}")?;
            }
        }
        Ok(())
    }
}
