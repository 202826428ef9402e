//! What a run writes of itself: the revision in the history, and the stamp that makes the next start short.

use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::apply::Applied;
use crate::backup::BackupInfo;
use crate::catalog::Catalog;
use crate::connection::{self, Deadline};
use crate::error::{Error, ErrorKind, Result};
use crate::history::{Stamp, schema_cookie};
use crate::migrator::Source;
use crate::plan::Plan;
use crate::prepare::Prepared;
use crate::revision::{Kind, Revision, Status as RevisionStatus};
use crate::run::{NO_CHANGE, Run, summary};
use crate::snapshot::Snapshot;
use crate::target::{DriftPolicy, RemovalPolicy};

/// The format of what the engine writes; part of the stamp, so that a newer engine looks again.
const ENGINE_FORMAT: &str = "2";

impl Run<'_> {
    /// The stamp of the last look, where nothing that counts has changed since.
    pub(crate) fn fast_path(&self, conn: &Connection) -> Result<Option<Stamp>> {
        let source = &self.migrator.source;
        if matches!(source, Source::Model(_)) && !self.is_without_model() {
            return Ok(None);
        }
        let same = |stamp: &Stamp, cookie| *stamp == self.stamp(cookie, stamp.revision);
        let found = self.history.same_stamp(conn, source.name(), self.options.complete_check, same)?;
        Ok(found.map(|(stamp, _)| stamp))
    }

    pub(crate) fn stamp(&self, cookie: i64, revision: i64) -> Stamp {
        let source = &self.migrator.source;
        // What is left out is looked for by the next start.
        let migrations =
            if self.left || self.more { "some".to_owned() } else { self.options.migrations.stamp() };
        Stamp {
            model: source.name().to_owned(),
            // Each start makes it: without the machinery of `format!`.
            fingerprint: [
                &source.fingerprint(),
                " ",
                &self.policy(),
                "; migrations ",
                &migrations,
                "; format ",
                ENGINE_FORMAT,
            ]
            .concat(),
            schema_cookie: cookie,
            revision,
        }
    }

    /// What the caller has set and the outcome of a check depends on.
    pub(crate) fn policy(&self) -> String {
        let removal = match self.options.policies.removal {
            RemovalPolicy::Retain => "retain",
            RemovalPolicy::Drop => "drop",
            RemovalPolicy::Refuse => "refuse",
        };
        let drift = match self.options.policies.drift {
            DriftPolicy::Refuse => "refuse",
            DriftPolicy::Repair => "repair",
        };
        ["version ", self.migrator.source.version(), ", removed ", removal, ", drift ", drift].concat()
    }

    /// Writes the revision and the stamp, and commits.
    pub(crate) fn record(
        &mut self,
        deadline: &Deadline<'_>,
        prepared: &Prepared,
        applied: &Applied,
        backup: Option<&BackupInfo>,
    ) -> Result<i64> {
        let began = Instant::now();
        let (id, _) = self.append(deadline.conn(), prepared, applied, backup)?;
        self.finish(deadline, id)?;
        self.phases.record = began.elapsed();
        Ok(id)
    }

    /// What the model leaves with this catalog, and whose that is.
    pub(crate) fn left_by(&self, prepared: &Prepared, reached: &Catalog) -> Snapshot {
        let mut snapshot = prepared.snapshot(reached.clone());
        self.done.own(&mut snapshot);
        snapshot
    }

    /// Writes the revision; gives back what it says is there.
    pub(crate) fn append(
        &self,
        conn: &Connection,
        prepared: &Prepared,
        applied: &Applied,
        backup: Option<&BackupInfo>,
    ) -> Result<(i64, Snapshot)> {
        self.history.ensure(conn)?;
        let batch = self.batch.unwrap_or(prepared.found.head + 1);
        let was_there = !prepared.found.live.is_empty() && !self.done.on_nothing && self.batch.is_none();
        if prepared.found.last.is_none() && was_there {
            self.baseline(conn, &prepared.found.live, batch)?;
        }
        let mut revision = self.revision(conn, Kind::Automatic, &summary(&prepared.plan), batch)?;
        // What the estimate in the plan is about: the two tell the pace of later ones.
        let proved = prepared.times.preflight + prepared.times.rehearse;
        revision.duration_ms = millis(proved + applied.apply + applied.verify);
        revision.plan = Some(prepared.plan.to_json()?);
        revision.undo = prepared.undo.as_ref().map(Plan::to_json).transpose()?;
        revision.rollback_sql = prepared.undo.as_ref().map(Plan::to_sql);
        let mut snapshot = self.left_by(prepared, &applied.reached);
        // What a migration of this batch has left is what is there.
        let found = Some(&prepared.found).filter(|_| self.done.runs.is_empty());
        let left = found.and_then(|found| found.left()).filter(|left| left.catalog != *prepared.found.live);
        snapshot.start = left.map(|_| (*prepared.found.live).clone());
        revision.snapshot = Some(snapshot.to_json()?);
        revision.backup = backup.map(BackupInfo::recorded);
        Ok((self.history.append(conn, &revision)?, snapshot))
    }

    /// Stamps and commits. The cookie is read last, inside the transaction that stamps.
    pub(crate) fn finish(&mut self, deadline: &Deadline<'_>, revision: i64) -> Result<()> {
        let cookie = schema_cookie(deadline.conn())?;
        self.commit_stamped(deadline, &self.stamp(cookie, revision))
    }

    /// Writes this stamp and commits.
    pub(crate) fn commit_stamped(&mut self, deadline: &Deadline<'_>, stamp: &Stamp) -> Result<()> {
        let conn = deadline.conn();
        connection::refuse_ended(conn)?;
        self.history.write_stamp(conn, stamp, self.options.complete_check)?;
        deadline.release();
        match connection::commit(conn, self.options.lock_wait) {
            // SQLite may report an error for a COMMIT that has happened; the stamp of this run tells.
            Err(error)
                if conn.is_autocommit()
                    && self.history.read_stamp(conn, &stamp.model)?.is_some_and(|(now, _)| now == *stamp) =>
            {
                self.warnings.push(format!(
                    "COMMIT reported an error, but the change is in the file: {}",
                    error.what()
                ));
                Ok(())
            }
            result => result,
        }
    }

    pub(crate) fn revision(&self, conn: &Connection, kind: Kind, name: &str, batch: i64) -> Result<Revision> {
        let source = &self.migrator.source;
        let mut revision = Revision::new(source.name(), kind, &self.version, name, connection::now(conn)?);
        revision.batch = batch;
        revision.program = Some(program(source.version()));
        revision.reason.clone_from(&self.options.reason);
        revision.environment.clone_from(&self.options.environment);
        revision.fingerprint = Some(source.fingerprint());
        Ok(revision)
    }

    /// Records what was there before the first run: nothing of it is the model's yet.
    pub(crate) fn baseline(&self, conn: &Connection, live: &Catalog, batch: i64) -> Result<i64> {
        let snapshot = Snapshot::of_others(self.migrator.source.name(), live.clone());
        self.history.append(conn, &self.baseline_row(conn, &snapshot, batch)?)
    }

    /// The row of it, not yet written.
    pub(crate) fn baseline_row(
        &self,
        conn: &Connection,
        snapshot: &Snapshot,
        batch: i64,
    ) -> Result<Revision> {
        let mut revision = self.revision(conn, Kind::Baseline, "the database as it was found", batch)?;
        // The version is that of the state before, which nobody knows: any program may be newer.
        revision.version = "0".to_owned();
        revision.fingerprint = None;
        revision.snapshot = Some(snapshot.to_json()?);
        Ok(revision)
    }

    /// Records a revision without steps where the model's state is new to the history, and stamps.
    pub(crate) fn note_state(
        &mut self,
        deadline: &Deadline<'_>,
        prepared: &Prepared,
        snapshot: Snapshot,
        known: bool,
    ) -> Result<Option<i64>> {
        let conn = deadline.conn();
        let last = prepared.found.last.as_ref().map(|(revision, _)| revision.id);
        if let Some(id) = last.filter(|_| known) {
            // A model that was read from a file has no fast path; what is written already is not written once more.
            let name = self.migrator.source.name();
            let same = |stamp: &Stamp, cookie| *stamp == self.stamp(cookie, id);
            if self.history.same_stamp(conn, name, self.options.complete_check, same)?.is_some() {
                connection::rollback(conn)?;
                return Ok(Some(id));
            }
        }
        self.history.prove_writable(conn)?;
        self.history.ensure(conn)?;
        let id = match last.filter(|_| known) {
            Some(id) => id,
            None => {
                let first = last.is_none();
                let kind = if first { Kind::Baseline } else { Kind::Automatic };
                let name = if first { "the database as it was found" } else { NO_CHANGE };
                let mut revision = self.revision(conn, kind, name, prepared.found.head + 1)?;
                revision.snapshot = Some(snapshot.to_json()?);
                revision.plan = Some(prepared.plan.to_json()?);
                self.history.append(conn, &revision)?
            }
        };
        self.finish(deadline, id)?;
        Ok(Some(id))
    }

    /// Rolls back, and records the failure where there is a history and the work had begun.
    pub(crate) fn failed(&self, conn: &Connection, error: Error) -> Error {
        let error = connection::rolled_back(conn, error);
        let begun = matches!(
            error.kind(),
            ErrorKind::Apply
                | ErrorKind::Migration
                | ErrorKind::Verify
                | ErrorKind::TimeLimit
                | ErrorKind::Cancelled
                | ErrorKind::DiskFull
                | ErrorKind::Io
        );
        if begun && self.writing {
            // The error that the caller sees is the first one, whether or not it could be recorded.
            let _ = self.record_failure(conn, &error);
        }
        error
    }

    pub(crate) fn record_failure(&self, conn: &Connection, error: &Error) -> Result<()> {
        if !self.history.exists(conn)? {
            return Ok(());
        }
        connection::begin_immediate(conn, self.options.lock_wait, None)?;
        let written = (|| {
            let head = self.history.head(conn)?.map_or(0, |(id, _)| id);
            let mut revision = self.revision(conn, self.kind, "failed", head + 1)?;
            revision.status = RevisionStatus::Failed;
            revision.error = Some(error.to_string());
            revision.duration_ms = millis(self.began.elapsed());
            self.history.append(conn, &revision)?;
            connection::commit(conn, self.options.lock_wait)
        })();
        connection::rollback(conn)?;
        written
    }
}

/// The running program and the version of its model.
fn program(version: &str) -> String {
    let name =
        std::env::current_exe().ok().and_then(|path| Some(path.file_stem()?.to_string_lossy().into_owned()));
    format!("{} {version}", name.as_deref().unwrap_or("unknown program")).trim_end().to_owned()
}

pub(crate) fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
