//! What could be rolled back, as far as it can be told without doing it.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::lost::lost;
use super::way::{Way, standing};
use crate::catalog;
use crate::connection;
use crate::error::{Error, Result};
use crate::found;
use crate::migrator::Migrator;
use crate::numbered;
use crate::run::Run;

/// A revision that could be rolled back, together with those above it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Candidate {
    /// The row of the history.
    pub revision: i64,
    /// Its version.
    pub version: String,
    /// What it did.
    pub name: String,
    /// When.
    pub applied_at: String,
    /// The version that the model has after the rollback; `0` where nothing was before.
    pub to_version: String,
    /// What the rollback would change, one by one.
    pub changes: Vec<String>,
    /// The backup from which values come back, where some do.
    pub backup: Option<String>,
    /// Why it cannot be rolled back.
    pub refused: Option<String>,
}

impl<'a> Run<'a> {
    pub(super) fn candidates(migrator: &'a Migrator, path: &Path) -> Result<Vec<Candidate>> {
        let run = Run::new(migrator);
        let Some(conn) = run.open_reading(path)? else { return Ok(Vec::new()) };
        let database = connection::database_path(&conn).unwrap_or_else(|| path.to_owned());
        let rows = run.history.all(&conn)?;
        let own = found::own_tables(migrator);
        let mut reached = catalog::read(&conn, "main", &own)?;
        let unfinished = numbered::refuse_unfinished(&rows, migrator.source.name());
        let mut refused = unfinished.err().map(|error| said(&error));
        let mut list = Vec::new();
        for row in standing(&rows, migrator.source.name()) {
            let mut candidate = Candidate {
                revision: row.id,
                version: row.version.clone(),
                name: row.name.clone(),
                applied_at: row.applied_at.clone(),
                to_version: String::new(),
                changes: Vec::new(),
                backup: None,
                refused: refused.clone(),
            };
            match Way::of(&rows, row, &migrator.options.migrations) {
                Err(error) => candidate.refused = candidate.refused.or_else(|| Some(said(&error))),
                Ok(way) => {
                    candidate.to_version.clone_from(&way.before.version);
                    candidate.changes = way.told();
                    let fits = way.refuse_drift(&reached).and_then(|()| {
                        if way.needs_backup {
                            candidate.backup.clone_from(&row.backup);
                            lost(&way)?;
                            run.find_copy(&conn, &database, &way)?;
                        }
                        Ok(())
                    });
                    if candidate.refused.is_none() {
                        candidate.refused = fits.err().map(|error| said(&error));
                    }
                    reached = way.target;
                }
            }
            if candidate.refused.is_some() && refused.is_none() {
                refused = Some(format!("revision {} above it cannot be rolled back", row.id));
            }
            list.push(candidate);
        }
        Ok(list)
    }
}

/// An error in one line.
fn said(error: &Error) -> String {
    std::iter::once(error.what())
        .chain(error.causes().iter().map(String::as_str))
        .collect::<Vec<_>>()
        .join(": ")
}
