//! A catalog taken for the model's own: recorded as such, or only to say what leads from it to a model.

use std::path::Path;
use std::rc::Rc;

use rusqlite::Connection;

use crate::catalog::{self, Catalog};
use crate::connection::{self, Deadline, OpenMode, Settings};
use crate::error::Result;
use crate::found::{self, Found};
use crate::migrator::Migrator;
use crate::model::{Model, prove};
use crate::numbered;
use crate::plan::{Plan, PlanKey};
use crate::prepare::prepare;
use crate::report::{Outcome, Report};
use crate::revision::{Kind, Revision};
use crate::run::Run;
use crate::snapshot::{Owners, Snapshot, State, keys};
use crate::target::{DriftPolicy, Policies, RemovalPolicy};

/// What was found with every object owned by the model, but those that another one manages or that a migration has made.
fn owned(found: &Found) -> Snapshot {
    let mut owners = Owners::default();
    for key in keys(&found.live) {
        let made = found.left().and_then(|left| left.owners.get(&key));
        let state = match made.filter(|state| matches!(state, State::Migration { .. })) {
            _ if found.others.is_managed(&key) => State::Foreign,
            Some(made) => made.clone(),
            None => State::Managed,
        };
        owners.set(key, state);
    }
    Snapshot::baseline(&found.model.name, (*found.live).clone(), owners)
}

/// The plan from `found.live`, all of it owned, to the model; what the model lacks is dropped by it.
fn differences(conn: &Connection, migrator: &Migrator, mut found: Found) -> Result<Plan> {
    let mut comparing = migrator.clone();
    comparing.options.policies = Policies { removal: RemovalPolicy::Drop, drift: DriftPolicy::Repair };
    let unwritten = Revision::new(&found.model.name, Kind::Baseline, "0", "", String::new());
    found.last = Some((unwritten, Rc::new(owned(&found))));
    found.newer = None;
    Ok(prepare(conn, &comparing, found, false)?.plan)
}

impl<'a> Run<'a> {
    /// From `from` to the migrator's model, in a scratch database.
    pub(crate) fn diff(migrator: &'a Migrator, from: &Model) -> Result<Plan> {
        let scratch = connection::scratch(None, migrator.options.hook.as_ref())?;
        prove(&from.catalog, &scratch, &from.name)?;
        let live = catalog::read(&scratch, "main", &found::own_tables(migrator))?;
        let model = found::model(&scratch, migrator, &Catalog::default())?;
        differences(&scratch, migrator, Found::without_history(live, model))
    }

    /// Records the live schema as the model's. With `check` only where it is what the model says; else the report has the
    /// outcome `PlannedOnly`, and the differences as its plan.
    pub(crate) fn baseline_of(migrator: &'a Migrator, path: &Path, check: bool) -> Result<Report> {
        let mut run = Run::new(migrator);
        let (hook, wait) = (run.options.hook.as_ref(), run.options.lock_wait);
        let mut conn = connection::open(path, OpenMode::ReadWrite, hook, wait)?;
        connection::refuse_if_in_use(&conn)?;
        let deadline = Deadline::install(&mut conn, run.options.time_limit, Some(run.options.cancel.clone()));
        let settings = Settings::enter(deadline.conn())?;
        connection::begin_immediate(deadline.conn(), wait, Some(&run.options.cancel))?;
        let result = run.record_owned(&deadline, check);
        deadline.release();
        let result = result.map_err(|error| connection::rolled_back(deadline.conn(), error));
        if matches!(&result, Ok(report) if report.outcome == Outcome::PlannedOnly) {
            connection::rollback(deadline.conn())?;
        }
        drop(settings);
        result
    }

    fn record_owned(&mut self, deadline: &Deadline<'_>, check: bool) -> Result<Report> {
        let conn = deadline.conn();
        let found = found::read_anew(conn, self.migrator, &self.history)?;
        self.version.clone_from(&found.model.version);
        found.refuse_opaque()?;
        let name = found.model.name.clone();
        if self.history.has_running(conn, &name)? {
            numbered::refuse_unfinished(&self.history.all(conn)?, &name)?;
        }
        let version = found.last.as_ref().map_or("0", |(revision, _)| revision.version.as_str()).to_owned();
        let snapshot = owned(&found);
        let count = snapshot.owners.iter().filter(|(_, state)| **state == State::Managed).count();
        let head = found.head;
        let mut report = Report::new(Outcome::Adopted, &name, &version);
        report.from_version = found.last.as_ref().map(|(revision, _)| revision.version.clone());
        for (key, state) in snapshot.owners.iter() {
            if *state == State::Foreign {
                report.foreign.push(key.to_owned());
            }
        }
        if check {
            let plan = differences(conn, self.migrator, found)?;
            if !plan.is_empty() {
                report.outcome = Outcome::PlannedOnly;
                report.plan = plan;
                return Ok(report);
            }
        }
        connection::prove_writable(conn)?;
        self.history.ensure(conn)?;
        let mut revision =
            self.revision(conn, Kind::Baseline, "the live schema, taken as the model's", head + 1)?;
        revision.version.clone_from(&version);
        // No model left this state: each looks for itself what it would change.
        revision.fingerprint = None;
        revision.snapshot = Some(Snapshot { version, ..snapshot }.to_json()?);
        revision.plan = Some(Plan::empty(&name, &revision.version, PlanKey::default()).to_json()?);
        report.revision = Some(self.history.append(conn, &revision)?);
        report.notes.push(format!("{count} objects are owned by the model `{name}` from now on"));
        deadline.release();
        connection::commit(conn, self.options.lock_wait)?;
        report.duration = self.began.elapsed();
        Ok(report)
    }
}
