//! What a person records in the history by hand: one call under the usual lock, with the usual backup.

use std::path::Path;
use std::time::Instant;

use super::{Before, Run};
use crate::backup::BackupInfo;
use crate::connection::{self, Deadline, OpenMode, Settings};
use crate::error::Result;
use crate::found::Found;
use crate::history::{Stamp, refuse_edited, schema_cookie};
use crate::migrator::Migrator;
use crate::report::{Event, Report};
use crate::revision::{Revision, Status};

impl<'a> Run<'a> {
    /// Does `work` on the file at `path`: under the lock, or of a dry run in one state of the file that is only read. What `work` has not
    /// committed is rolled back.
    pub(crate) fn by_hand<T>(
        migrator: &'a Migrator,
        path: &Path,
        work: impl FnOnce(&mut Run<'a>, &Deadline<'_>, &Path) -> Result<(Report, T)>,
    ) -> Result<(Report, T)> {
        let mut run = Run::new(migrator);
        let options = run.options;
        let mode = if options.dry_run { OpenMode::ReadOnly } else { OpenMode::ReadWrite };
        let mut conn = connection::open(path, mode, options.hook.as_ref(), options.lock_wait)?;
        connection::refuse_if_in_use(&conn)?;
        migrator.emit(&Event::Checking { database: path.display().to_string() });
        let database = connection::database_path(&conn).unwrap_or_else(|| path.to_owned());
        let deadline = Deadline::install(&mut conn, options.time_limit, Some(options.cancel.clone()));
        let settings = match options.dry_run {
            true => {
                connection::begin_reading(deadline.conn())?;
                None
            }
            false => {
                let settings = Settings::enter(deadline.conn())?;
                let waiting = Instant::now();
                connection::begin_immediate(deadline.conn(), options.lock_wait, Some(&options.cancel))?;
                deadline.extend(waiting.elapsed());
                Some(settings)
            }
        };
        let result =
            connection::refuse_cut_file(deadline.conn()).and_then(|()| work(&mut run, &deadline, &database));
        deadline.release();
        let result = match result {
            Ok(done) => connection::rollback(deadline.conn()).map(|()| done),
            Err(error) => Err(connection::rolled_back(deadline.conn(), error)),
        };
        drop(settings);
        let (mut report, told) = result?;
        report.warnings.append(&mut run.warnings);
        report.phases = run.phases;
        report.duration = run.began.elapsed();
        if report.backup.is_some() {
            run.prune_after(deadline.conn(), &database, &mut report);
        }
        Ok((report, told))
    }

    /// Backs up, writes the rows of one batch, in which the next start then looks at everything, and commits.
    ///
    /// `ended` are rows that have another status from now on.
    pub(crate) fn append_by_hand(
        &mut self,
        deadline: &Deadline<'_>,
        path: &Path,
        found: &Found,
        (rows, ended): (Vec<Revision>, &[(i64, Status)]),
        report: &mut Report,
    ) -> Result<()> {
        let conn = deadline.conn();
        connection::prove_writable(conn)?;
        let reason = rows.first().and_then(|row| row.reason.clone()).unwrap_or_default();
        let (backup, no_backup) = self.back_up(conn, path, found, &Before::record(reason))?;
        deadline.extend(self.began.elapsed());
        self.history.ensure(conn)?;
        for (id, status) in ended {
            self.history.set_status(conn, *id, *status)?;
        }
        for mut row in rows {
            row.backup = backup.as_ref().map(BackupInfo::recorded);
            report.revision = Some(self.history.append(conn, &row)?);
        }
        let id = report.revision.unwrap_or(found.head);
        // The fingerprint of no model: what is due may be other than it was.
        let stamp = Stamp { fingerprint: String::new(), ..self.stamp(schema_cookie(conn)?, id) };
        self.commit_stamped(deadline, &stamp)?;
        (report.backup, report.no_backup) = (backup, no_backup);
        Ok(())
    }
}

/// A row that decides what is due, and that somebody has edited, decides nothing.
pub(crate) fn refuse_edited_row(row: &Revision) -> Result<()> {
    refuse_edited(row, "which migrations are applied").map_err(|error| {
        error
            .state("nothing was changed")
            .help("find out who did it; restore the row, or a backup as a whole")
    })
}
