//! A plan to be looked at now and applied later: with its target and its policies, sealed.
//!
//! Applying it goes the whole way again, under the lock; the seal and the comparison make sure that what runs is what was
//! looked at.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::catalog::Catalog;
use crate::diff::diff;
use crate::error::{Error, ErrorKind, Result};
use crate::model::Model;
use crate::plan::{Plan, Step};
use crate::revision::hex;
use crate::target::Policies;

/// The format of a saved plan's JSON form; raised when a field changes its meaning, or what is written of a value: the checksum is over that.
pub const PLAN_FILE_FORMAT: u32 = 2;

/// A plan with everything that it takes to apply exactly it: [`Migrator::plan_file`](crate::Migrator::plan_file) makes one,
/// [`Migrator::for_plan`](crate::Migrator::for_plan) applies it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanFile {
    pub(crate) format: u32,
    /// SHA-256 of the JSON form with this field empty.
    checksum: String,
    pub(crate) made_at: String,
    /// The path of the database that it was made for, for messages: what counts is the catalog.
    pub(crate) database: String,
    /// The version of SQLite that it was made with.
    pub(crate) sqlite: String,
    pub(crate) policies: Policies,
    /// As [`Migrator::allow`](crate::Migrator::allow) takes them.
    pub(crate) consents: Vec<String>,
    pub(crate) allow_revert: bool,
    pub(crate) adopt_any: bool,
    /// The catalog that it was made for.
    pub(crate) catalog: Catalog,
    pub(crate) model: Model,
    pub(crate) plan: Plan,
}

/// What [`PlanFile::seal`] puts around a plan.
pub(crate) struct Made {
    pub(crate) at: String,
    pub(crate) database: String,
    pub(crate) sqlite: String,
    pub(crate) policies: Policies,
    pub(crate) consents: Vec<String>,
    pub(crate) allow_revert: bool,
    pub(crate) adopt_any: bool,
}

impl PlanFile {
    pub(crate) fn seal(made: Made, catalog: Catalog, model: Model, plan: Plan) -> Result<PlanFile> {
        let mut file = PlanFile {
            format: PLAN_FILE_FORMAT,
            checksum: String::new(),
            made_at: made.at,
            database: made.database,
            sqlite: made.sqlite,
            policies: made.policies,
            consents: made.consents,
            allow_revert: made.allow_revert,
            adopt_any: made.adopt_any,
            catalog,
            model,
            plan,
        };
        file.checksum = file.computed()?;
        Ok(file)
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// When it was made: RFC 3339, UTC.
    pub fn made_at(&self) -> &str {
        &self.made_at
    }

    /// The path of the database that it was made for.
    pub fn database(&self) -> &str {
        &self.database
    }

    fn computed(&self) -> Result<String> {
        let bare = PlanFile { checksum: String::new(), ..self.clone() };
        let json = serde_json::to_vec(&bare)
            .map_err(|err| unreadable("it cannot be written as JSON").source(err))?;
        Ok(hex(&Sha256::digest(&json)))
    }

    /// The saved form, JSON of the format [`PLAN_FILE_FORMAT`], with a line feed at its end.
    ///
    /// # Errors
    /// `PlanFile` if it cannot be written as JSON.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string_pretty(self)
            .map(|text| text + "\n")
            .map_err(|err| unreadable("it cannot be written as JSON").source(err))
    }

    /// Reads what [`to_json`](Self::to_json) wrote.
    ///
    /// # Errors
    /// `PlanFile` if the text is no saved plan, is of another format, or was changed since.
    pub fn from_json(text: &str) -> Result<PlanFile> {
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let no_plan = |err| unreadable("it is no plan that was saved").source(err);
        let Head { format } = serde_json::from_str(text).map_err(no_plan)?;
        if format != PLAN_FILE_FORMAT {
            return Err(unreadable(&format!(
                "it is of format {format}; this version reads format {PLAN_FILE_FORMAT}"
            )));
        }
        let file: PlanFile = serde_json::from_str(text).map_err(no_plan)?;
        if file.computed()? != file.checksum {
            return Err(unreadable("its content is not what was saved: somebody has edited it"));
        }
        Ok(file)
    }

    fn stale(&self, what: &str) -> Error {
        Error::new(ErrorKind::Stale, format!("the saved plan does not fit: {what}"))
            .cause(format!("it was made at {} for `{}`", self.made_at, self.database))
            .state("nothing was changed")
            .help("make the plan again, look at it, and apply that one")
    }

    /// Numbered migrations are due, which no saved plan holds.
    pub(crate) fn without_migrations(&self, titles: &str) -> Error {
        self.stale("numbered migrations are due, and it holds none")
            .cause(format!("due: {titles}"))
            .rather("apply the migrations first, make the plan again, look at it, and apply that one")
    }

    /// What the database and its history have become since the plan was made; `None` where they are as they were.
    pub(crate) fn other_database(&self, live: &Catalog, head: i64) -> Option<Error> {
        if *live != self.catalog {
            let error = self.stale("the database has another schema than the one that it was made for");
            let changes = diff(&self.catalog, live, &|_| false);
            return Some(
                changes
                    .iter()
                    .take(10)
                    .fold(error, |error, change| error.cause(format!("since then: {change}"))),
            );
        }
        let then = self.plan.key.head;
        (head != then).then(|| {
            self.stale("something was run on the database since it was made")
                .cause(format!("the newest row of the history is {head}, it was {then}"))
        })
    }

    /// Whether the plan that follows now is this one.
    ///
    /// # Errors
    /// `Stale`, with the steps that are others.
    pub(crate) fn refuse_other(&self, now: &Plan) -> Result<()> {
        let steps = &self.plan.steps;
        if steps.len() == now.steps.len()
            && steps.iter().zip(&now.steps).all(|(old, new)| same_step(old, new))
        {
            return Ok(());
        }
        let others = now.steps.iter().filter(|step| !steps.iter().any(|old| same_step(old, step)));
        Err(others.fold(self.stale("another plan leads to its target now"), |error, step| {
            error.cause(format!("now: {} ({})", step.summary(), step.method))
        }))
    }
}

fn unreadable(cause: &str) -> Error {
    Error::new(ErrorKind::PlanFile, "cannot use the saved plan")
        .cause(cause)
        .state("nothing was changed")
        .help("make the plan again")
}

/// Cost and hazards follow the number of rows, which may grow while people look at a plan.
fn same_step(old: &Step, new: &Step) -> bool {
    old.changes == new.changes
        && old.sql == new.sql
        && old.edits == new.edits
        && old.needs == new.needs
        && old.method == new.method
}
