//! What a run would do, where it may not: a dry run, a start that only checks, a file that cannot be written, a plan to be saved.

use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;

use super::{Pending, Run, newer_error};
use crate::connection::{self, OpenMode};
use crate::error::{Error, ErrorKind, Result};
use crate::found;
use crate::migration::Migration;
use crate::migrator::Migrator;
use crate::older;
use crate::plan_file::{Made, PlanFile};
use crate::preflight::Consent;
use crate::prepare::Prepared;
use crate::report::{Outcome, Report};

impl<'a> Run<'a> {
    /// A dry run: what is due, and the change that would follow.
    pub(super) fn would_run(&mut self, conn: &Connection) -> Result<Report> {
        let migrations = Arc::clone(&self.options.migrations);
        let mut due = self.due(conn, &migrations)?;
        let found = self.found(conn)?;
        due.only_for(&found.newer);
        let mut report = match self.outlook(conn, found, &due)? {
            None => Report::new(Outcome::PlannedOnly, self.migrator.source.name(), &self.version),
            Some(prepared) => {
                self.took(&prepared);
                self.report(Outcome::PlannedOnly, &prepared)
            }
        };
        report.pending = due.all().map(Migration::title).collect();
        Ok(report)
    }

    /// Without `auto_migrate`.
    pub(super) fn only_check(&mut self, conn: &Connection) -> Result<Report> {
        // One state of the file for all that is read.
        connection::begin_reading(conn)?;
        let result = self.nothing_pending(conn, true, &|pending| pending.unchecked(conn));
        connection::rollback(conn)?;
        result
    }

    /// A file that cannot be written.
    pub(super) fn on_read_only(&mut self, conn: &Connection) -> Result<Report> {
        self.nothing_pending(conn, false, &|pending| pending.read_only(conn))
    }

    /// Nothing pending is fine, anything else is `refused`, and nothing is written.
    fn nothing_pending(
        &mut self,
        conn: &Connection,
        data: bool,
        refused: &dyn Fn(&Pending<'_>) -> Error,
    ) -> Result<Report> {
        let migrations = Arc::clone(&self.options.migrations);
        let due = self.due(conn, &migrations)?;
        // An older program runs none of them.
        if !due.is_empty() && self.found(conn)?.newer.is_none() {
            return Err(refused(&Pending::Migrations(&due)));
        }
        if self.is_without_model() {
            return self.at_head(conn);
        }
        let found = self.found(conn)?;
        let prepared = self.prepare(conn, found, data)?;
        if prepared.found.newer.is_some() {
            return self.newer(&prepared);
        }
        if prepared.plan.is_empty() {
            return Ok(self.report(Outcome::UpToDate, &prepared));
        }
        Err(refused(&Pending::Steps(&prepared.plan)))
    }

    pub(crate) fn plan_file(migrator: &'a Migrator, path: &Path) -> Result<PlanFile> {
        let mut planning = migrator.clone();
        planning.options.dry_run = true;
        let mut run = Run::new(&planning);
        let options = run.options;
        let conn = connection::open(path, OpenMode::ReadOnly, options.hook.as_ref(), options.lock_wait)?;
        connection::refuse_cut_file(&conn)?;
        let migrations = Arc::clone(&options.migrations);
        let due = run.due(&conn, &migrations)?;
        if !due.is_empty() {
            return Err(Error::new(
                ErrorKind::PlanFile,
                "cannot save the plan: it holds no numbered migrations, and some are due",
            )
            .cause(format!("due: {}", due.titles()))
            .state("nothing was changed")
            .help("apply the migrations first, then save the plan of the rest"));
        }
        let found = run.found(&conn)?;
        let prepared = run.prepare(&conn, found, true)?;
        if let Some(newest) = &prepared.found.newer {
            let reasons = older::what_it_lacks(&prepared);
            return Err(newer_error(&run.version, newest, &reasons));
        }
        let made = Made {
            at: connection::now(&conn)?,
            database: path.display().to_string(),
            sqlite: rusqlite::version().to_owned(),
            policies: options.policies,
            consents: options.consents.iter().map(Consent::text).collect(),
            allow_revert: options.allow_revert,
            adopt_any: options.adopt_any,
        };
        let model = found::model(&conn, migrator, &prepared.found.live)?;
        PlanFile::seal(made, (*prepared.found.live).clone(), model, prepared.plan)
    }

    /// A newer version of the program has been here: run as it is where it only added, else refuse.
    pub(crate) fn newer(&mut self, prepared: &Prepared) -> Result<Report> {
        let newest = prepared.found.newer.clone().unwrap_or_default();
        let reasons = older::what_it_lacks(prepared);
        if reasons.is_empty() {
            let mut report = self.report(Outcome::NewerDatabase, prepared);
            report
                .warnings
                .push(format!("the database is of version {newest}; this program runs on it as it is"));
            return Ok(report);
        }
        Err(newer_error(&self.version, &newest, &reasons))
    }
}
