//! A migration that runs outside of any transaction: what no transaction allows, or what would hold the lock for too long.
//!
//! Nothing can take it back when it fails or the program dies. So it is recorded as running before it begins, and how it ended afterwards;
//! what is said to be running and has not ended stops every start until a person has said what it is.

use crate::batch::Batch;
use crate::bounds;
use crate::catalog;
use crate::connection;
use crate::error::{Error, ErrorKind, Result};
use crate::execute;
use crate::found;
use crate::migration::{Migration, Surroundings};
use crate::record::millis;
use crate::revision::Status;
use crate::run::Run;

impl Run<'_> {
    /// Records the migration as running, commits, runs it, and records how it ended; gives back the row. The transaction of the caller is
    /// over then, also on an error.
    pub(crate) fn outside(&mut self, batch: &mut Batch<'_>, migration: &Migration) -> Result<i64> {
        let deadline = batch.deadline;
        let conn = deadline.conn();
        self.tell_migration(migration);
        let title = migration.title();
        deadline.check(|| format!("migration {title} was not begun"))?;
        let orphans = execute::deferrable(conn, &migration.up, &batch.live)?;
        let mut revision = self.numbered_row(conn, migration, batch.backup)?;
        revision.status = Status::Running;
        let id = self.history.append(conn, &revision)?;
        let running = self.history.head(conn)?.unwrap_or_default();
        let seal = self.history.seal(conn)?;
        let more = std::mem::replace(&mut self.more, true);
        self.finish(deadline, id)?;
        // From here on its row tells what has failed.
        self.writing = false;
        self.committed.push(format!("what migration {title} has done until then"));
        deadline.resume();
        let tell = self.migrator.progress(&migration.digits, &migration.name);
        let surroundings = Surroundings { environment: self.options.environment.as_deref(), tell: &tell };
        let ran = execute::run(conn, &title, &migration.up, surroundings, deadline);
        deadline.release();
        connection::begin_immediate(conn, self.options.lock_wait, None)
            .map_err(|error| unrecorded(error, migration, ran.as_ref().err()))?;
        let after = catalog::read(conn, "main", &found::own_tables(self.migrator))?;
        // What others have done meanwhile is not its doing.
        let meanwhile = self.history.head(conn)?.is_some_and(|(head, _)| head != id);
        let ran = ran.and_then(|took| {
            self.history.refuse_changed(conn, seal.as_deref(), &title, meanwhile)?;
            if !meanwhile {
                bounds::refuse_theirs(&title, &batch.live, &after, &batch.others)?;
            }
            orphans.map_or(Ok(()), |before| execute::refuse_orphans(conn, &title, &after, &before))?;
            Ok(took)
        });
        if meanwhile {
            batch.others = found::others(conn, self.migrator, &self.history)?;
            revision.reason.get_or_insert_with(|| format!("how what revision {id} says has ended"));
        }
        let result = match ran {
            Ok(took) => {
                self.made(batch, migration, after);
                revision.status = Status::Completed;
                revision.duration_ms = millis(took);
                revision.snapshot = Some(batch.recorded.to_json()?);
                self.ran(migration, false, revision.duration_ms);
                Ok(())
            }
            Err(error) => {
                revision.error = Some(error.what().to_owned());
                Err(error.rather(look(migration)))
            }
        };
        let Some(id) = self.history.conclude(conn, &running, &revision)? else {
            self.committed = vec![format!("what migration {title} has done since then")];
            return Err(overtaken(&title, id, result.err()));
        };
        self.more = more || result.is_err();
        self.finish(deadline, id)?;
        result?;
        self.committed.pop();
        self.committed.push(format!("migration {title}"));
        Ok(id)
    }
}

/// Somebody has restored a backup, or has said what the migration is, while it ran.
fn overtaken(title: &str, id: i64, failed: Option<Error>) -> Error {
    let error = Error::new(
        ErrorKind::Conflict,
        format!("the history does not say any more that migration {title} runs"),
    )
    .cause(format!("row {id} was changed while it ran: by a restore, or by somebody's word"));
    let error = failed.iter().fold(error, |error, failed| {
        failed.causes().iter().fold(error.cause(failed.what()), |error, cause| error.cause(cause.clone()))
    });
    error.help("see what the history says of it with `schema history`, and compare the file with that")
}

/// How it has ended is not in the history, since somebody else holds the lock.
fn unrecorded(error: Error, migration: &Migration, failed: Option<&Error>) -> Error {
    let title = migration.title();
    let (ended, help) = match failed {
        None => (
            format!("migration {title} has run to its end, and that is not recorded"),
            format!("say that it has: `schema resolve --applied {}`", migration.digits),
        ),
        Some(failed) => (format!("{}, and that is not recorded", failed.what()), look(migration)),
    };
    error.cause(ended).rather(help)
}

fn look(migration: &Migration) -> String {
    format!(
        "look at what is there, then say what it is: `schema resolve --applied {0}`, or `--undone {0}` where nothing of it is left",
        migration.digits
    )
}
