//! Written migrations, looked at before anybody applies them: what their texts say, and what they do on a scratch database.
//!
//! `text` has the rules for single statements, `instead` the advice. Here they are put together with what a trial finds: each migration runs
//! on a database that the ones before it have made, with made-up rows in every table, and goes back again.

mod instead;
mod text;

use std::fmt;

use rusqlite::Connection;
use schema_sql::Snippet;
use schema_sql::migration::Script;
use serde::{Deserialize, Serialize};

use crate::catalog::Catalog;
use crate::connection::Hook;
use crate::diff::diff;
use crate::error::{Error, ErrorKind, Result};
use crate::migration::{Body, Migration, Migrations, read};
use crate::model::{Model, ModelOptions};
use crate::plan::HazardCode;
use crate::replaced::Replaced;
use crate::trial::Trial;
use text::Fault;

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LintLevel {
    /// Cost, compatibility and hygiene: to be known.
    Warning,
    /// Data may be lost, rows may stand in the way, or the way back is wrong.
    Error,
}

/// What was found in a migration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LintFinding {
    /// The path of the file, or what stands for it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The code, of which `docs/hazards.md` has a section.
    pub code: HazardCode,
    /// How much it weighs.
    pub level: LintLevel,
    /// What it is about: `table`, `table.column`, or the migration.
    pub object: String,
    /// What it means here, in one line.
    pub text: String,
    /// The safe way instead.
    pub instead: String,
}

impl fmt::Display for LintFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LintFinding { file, line, column, code, object, text, instead, .. } = self;
        write!(f, "{file}:{line}:{column}: {} {object}: {text}\n    instead: {instead}", code.code())
    }
}

/// Looks at the migrations of a folder, or of a program.
///
/// ```
/// use schema_runtime::{HazardCode, Lint, Migration, Migrations};
///
/// let migrations = Migrations::new([
///     Migration::sql(1, "tasks", "-- The first table.\nCREATE TABLE tasks (id INTEGER PRIMARY KEY, note TEXT)")?,
///     Migration::sql(2, "clear_notes", "-- Nobody reads them.\nUPDATE tasks SET note = NULL")?,
/// ])?;
/// let findings = Lint::new().allow("L505").check(&migrations)?;
/// assert_eq!(findings.len(), 1);
/// assert_eq!((findings[0].code, findings[0].line), (HazardCode::AllRows, 2));
/// # Ok::<(), schema_runtime::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Lint {
    options: ModelOptions,
    /// What the first of them finds.
    start: Catalog,
    allowed: Vec<String>,
}

impl Lint {
    /// Nothing is allowed.
    pub fn new() -> Lint {
        Lint::default()
    }

    /// As [`Migrator::connection`](crate::Migrator::connection), for the scratch databases.
    pub fn connection(
        mut self,
        hook: impl Fn(&Connection) -> rusqlite::Result<()> + Send + Sync + 'static,
    ) -> Lint {
        self.options = self.options.connection(hook);
        self
    }

    /// The schema that the first migration finds, such as what a model beside them has made; nothing by default. It has no rows but made-up ones.
    pub fn start(mut self, model: &Model) -> Lint {
        self.start = model.catalog().clone();
        self
    }

    /// Leaves a code out (`L303`), or the code in one migration (`L303=034`). A file says it for itself with a comment at its head:
    /// `-- schema: allow L303, L505`.
    pub fn allow(mut self, finding: &str) -> Lint {
        self.allowed.push(finding.trim().to_owned());
        self
    }

    /// What is to be said of the migrations, in their order and that of their lines.
    ///
    /// # Errors
    /// `Migration` if a text cannot be read, or an `allow` names no code or no migration; and whatever a scratch database may meet.
    pub fn check(&self, migrations: &Migrations) -> Result<Vec<LintFinding>> {
        for allowed in &self.allowed {
            known(allowed, migrations)?;
        }
        let over = Replaced::settle(migrations, &|_| None);
        let hook = self.options.hook.as_ref();
        let mut stage = Stage {
            with_rows: Some(Trial::of_catalog(hook, &self.start)?),
            bare: Trial::of_catalog(hook, &self.start)?,
            hook,
        };
        let mut findings = Vec::new();
        for migration in &migrations.list {
            let script = match &migration.up.body {
                Body::Sql(text) => Some((&**text, read(text, &migration.up.origin)?)),
                Body::Code(_) => None,
            };
            if let Some((_, script)) = &script {
                for (_, code) in &script.allow {
                    known(code, migrations)
                        .map_err(|error| error.cause(format!("in `{}`", migration.up.origin)))?;
                }
            }
            let (text, script) = script.unwrap_or_default();
            let mut faults = text::of_migration(migration, &script);
            let before = stage.bare.catalog()?;
            faults.extend(text::of_statements(&script, &before));
            if !over.passes_over(migration) {
                stage.try_out(migration, &before, &mut faults)?;
            }
            faults.retain(|fault| !self.allows(migration, &script, fault.code));
            faults.sort_by_key(|fault| (fault.at, fault.code));
            findings.extend(faults.into_iter().map(|fault| finding(migration, text, fault)));
        }
        Ok(findings)
    }

    fn allows(&self, migration: &Migration, script: &Script<'_>, code: HazardCode) -> bool {
        let is = |text: &str| HazardCode::from_code(text) == Some(code);
        script.allow.iter().any(|(_, code)| is(code))
            || self.allowed.iter().any(|allowed| match allowed.split_once('=') {
                Some((code, number)) => is(code) && number.parse() == Ok(migration.number),
                None => is(allowed),
            })
    }
}

/// Refuses an `allow` that can allow nothing.
fn known(allowed: &str, migrations: &Migrations) -> Result<()> {
    let (code, number) =
        allowed.split_once('=').map_or((allowed, None), |(code, number)| (code, Some(number)));
    let cause = if HazardCode::from_code(code).is_none() {
        format!("there is no code {}", code.escape_debug())
    } else if let Some(number) = number.filter(|number| migrations.find(number).is_none()) {
        format!("there is no migration {}", number.escape_debug())
    } else {
        return Ok(());
    };
    Err(Error::new(ErrorKind::Migration, format!("`{}` allows nothing", allowed.escape_debug()))
        .cause(cause)
        .state("nothing was changed")
        .help("allow a code such as `L303`, or `L303=034` for one migration"))
}

fn finding(migration: &Migration, text: &str, fault: Fault) -> LintFinding {
    let at = Snippet::new(text, fault.at, fault.len);
    let error = matches!(fault.code.code().as_bytes().get(1), Some(b'1' | b'2'))
        || fault.code == HazardCode::InexactDown;
    LintFinding {
        file: migration.up.origin.clone(),
        line: at.line(),
        column: at.column(),
        level: if error { LintLevel::Error } else { LintLevel::Warning },
        instead: instead::of(fault.code).to_owned(),
        code: fault.code,
        object: fault.object,
        text: fault.text,
    }
}

/// The databases on which migrations are tried, one after the other.
struct Stage<'h> {
    /// With made-up rows; `None` once a migration has failed on both.
    with_rows: Option<Trial>,
    /// With those rows alone that the migrations insert.
    bare: Trial,
    hook: Option<&'h Hook>,
}

impl Stage<'_> {
    fn try_out(&mut self, migration: &Migration, before: &Catalog, faults: &mut Vec<Fault>) -> Result<()> {
        let Some(mut filled) = self.with_rows.take() else { return Ok(()) };
        filled.fill(before)?;
        let with_rows = filled.run(migration, &migration.up);
        if let Err(error) = self.bare.run(migration, &migration.up) {
            faults.push(Fault::of_file(HazardCode::Untried, migration, why(&error)));
            return Ok(());
        }
        let after = self.bare.catalog()?;
        if let Err(error) = &with_rows {
            faults.push(Fault::of_file(HazardCode::FailsWithRows, migration, why(error)));
            filled = Trial::of_catalog(self.hook, &after)?;
        }
        if let Some(down) = &migration.down {
            let mut back = filled.copy(self.hook)?;
            let wrong = match back.run(migration, down) {
                Err(error) => Some(format!("it fails: {}", why(&error))),
                Ok(()) => {
                    let left = diff(&back.catalog()?, before, &|_| false);
                    left.first().map(|change| format!("the schema of before would need: {change}"))
                }
            };
            faults.extend(wrong.map(|text| Fault::of_file(HazardCode::InexactDown, migration, text)));
        }
        self.with_rows = Some(filled);
        Ok(())
    }
}

/// The first reason, without the place, which is in another file where it is in one at all.
fn why(error: &Error) -> String {
    let first = error.causes().first().map_or_else(|| error.what().to_owned(), Clone::clone);
    first.lines().next().unwrap_or_default().to_owned()
}
