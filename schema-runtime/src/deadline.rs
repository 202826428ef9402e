//! How long statements may run: a time limit and a cancellation that really interrupt.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};

use crate::sqlite_error::sqlite_error;
use crate::{Error, ErrorKind, Result};

/// A handle by which another thread stops a run; clones share one state.
///
/// A cancelled run rolls back and fails with [`ErrorKind::Cancelled`]. A handle cannot be used again once it was cancelled.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// A handle that is not cancelled.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the runs that hold this handle to stop: at once inside a statement of SQLite, else before the next one.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether [`Cancel::cancel`] was called.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Instructions of SQLite's virtual machine between two looks at the clock: about ten microseconds.
const INSTRUCTIONS: i32 = 1000;

const NEVER: u64 = u64::MAX;
const NOT_FIRED: u8 = 0;
const TIME_LIMIT: u8 = 1;
const CANCELLED: u8 = 2;

struct Shared {
    start: Instant,
    /// Microseconds after `start`, or `NEVER`.
    end: AtomicU64,
    armed: AtomicBool,
    fired: AtomicU8,
    cancel: Option<Cancel>,
}

impl Shared {
    /// Looks at handle and clock, and remembers what it saw first.
    fn is_over(&self) -> bool {
        // While a panic unwinds, guards put the connection back in order.
        if !self.armed.load(Ordering::Relaxed) || std::thread::panicking() {
            return false;
        }
        let cause = if self.cancel.as_ref().is_some_and(Cancel::is_cancelled) {
            CANCELLED
        } else if self.elapsed() >= self.end.load(Ordering::Relaxed) {
            TIME_LIMIT
        } else {
            return false;
        };
        let _ = self.fired.compare_exchange(NOT_FIRED, cause, Ordering::Relaxed, Ordering::Relaxed);
        true
    }

    fn elapsed(&self) -> u64 {
        micros(self.start.elapsed())
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(NEVER)
}

/// A connection whose statements are interrupted when time is up or the run is cancelled, until this is dropped.
///
/// It takes the place of a progress handler that the user had installed, which SQLite cannot give back. Call
/// [`Deadline::release`] before the work that must not be interrupted: commit, rollback, recording a failure, dropping `Settings`.
/// It borrows the connection exclusively, since rusqlite's newer versions want it so; work with [`Deadline::conn`].
pub(crate) struct Deadline<'c> {
    conn: &'c mut Connection,
    shared: Arc<Shared>,
    limit: Option<Duration>,
}

impl<'c> Deadline<'c> {
    /// Starts the clock. Without limit and handle nothing is installed.
    pub(crate) fn install(conn: &'c mut Connection, limit: Option<Duration>, cancel: Option<Cancel>) -> Self {
        let shared = Arc::new(Shared {
            start: Instant::now(),
            end: AtomicU64::new(limit.map_or(NEVER, micros)),
            armed: AtomicBool::new(limit.is_some() || cancel.is_some()),
            fired: AtomicU8::new(NOT_FIRED),
            cancel,
        });
        if shared.armed.load(Ordering::Relaxed) {
            let seen = Arc::clone(&shared);
            let _ = conn.progress_handler(INSTRUCTIONS, Some(move || seen.is_over()));
        }
        Deadline { conn, shared, limit }
    }

    /// The connection.
    pub(crate) fn conn(&self) -> &Connection {
        self.conn
    }

    /// Moves the end by `time`, which was spent on something that does not count: waiting for a lock, the backup.
    pub(crate) fn extend(&self, time: Duration) {
        let end = self.shared.end.load(Ordering::Relaxed);
        self.shared.end.store(end.saturating_add(micros(time)), Ordering::Relaxed);
    }

    /// From now on nothing is interrupted.
    pub(crate) fn release(&self) {
        self.shared.armed.store(false, Ordering::Relaxed);
    }

    /// Ends the release: the time goes on.
    pub(crate) fn resume(&self) {
        let armed = self.limit.is_some() || self.shared.cancel.is_some();
        self.shared.armed.store(armed, Ordering::Relaxed);
    }

    /// `TimeLimit` or `Cancelled`, if a statement was interrupted or a check failed for that reason.
    pub(crate) fn interrupted(&self) -> Option<ErrorKind> {
        match self.shared.fired.load(Ordering::Relaxed) {
            TIME_LIMIT => Some(ErrorKind::TimeLimit),
            CANCELLED => Some(ErrorKind::Cancelled),
            _ => None,
        }
    }

    /// The look between two steps.
    ///
    /// # Errors
    /// `TimeLimit` or `Cancelled`, saying that `what` could not be done.
    pub(crate) fn check(&self, what: impl FnOnce() -> String) -> Result<()> {
        if self.shared.is_over() { Err(self.stopped(what())) } else { Ok(()) }
    }

    /// What `sqlite_error` makes of `err`, but with the reason where it is an interruption of ours.
    pub(crate) fn error(&self, err: rusqlite::Error, what: impl Into<String>) -> Error {
        let interrupted = err.sqlite_error_code() == Some(ErrorCode::OperationInterrupted);
        if interrupted && self.interrupted().is_some() {
            return self.stopped(what.into()).source(err);
        }
        sqlite_error(err, what)
    }

    fn stopped(&self, what: String) -> Error {
        match (self.interrupted(), self.limit) {
            (Some(ErrorKind::TimeLimit), Some(limit)) => Error::new(ErrorKind::TimeLimit, what)
                .cause(format!("the time limit of {} ms has passed", limit.as_millis()))
                .help("raise `Migrator::time_limit`, or migrate outside of start-up"),
            _ => Error::new(ErrorKind::Cancelled, what).cause("the run was cancelled"),
        }
    }
}

impl Drop for Deadline<'_> {
    fn drop(&mut self) {
        let _ = self.conn.progress_handler(0, None::<fn() -> bool>);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDLESS: &str =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";

    fn run(conn: &Connection) -> rusqlite::Result<i64> {
        conn.query_row(ENDLESS, [], |row| row.get(0))
    }

    #[test]
    fn a_statement_is_interrupted_when_the_time_is_over() {
        let mut conn = Connection::open_in_memory().expect("memory");
        let deadline = Deadline::install(&mut conn, Some(Duration::ZERO), None);
        let err = run(deadline.conn()).expect_err("endless");
        assert_eq!(deadline.interrupted(), Some(ErrorKind::TimeLimit));
        assert_eq!(deadline.error(err, "cannot count").kind(), ErrorKind::TimeLimit);
        assert!(deadline.check(|| "x".to_owned()).is_err());
        deadline.extend(Duration::from_secs(3600));
        assert!(deadline.check(|| "x".to_owned()).is_ok());
    }

    #[test]
    fn a_statement_is_interrupted_when_the_run_is_cancelled() {
        let mut conn = Connection::open_in_memory().expect("memory");
        let cancel = Cancel::new();
        let deadline = Deadline::install(&mut conn, Some(Duration::from_secs(3600)), Some(cancel.clone()));
        assert!(deadline.check(|| "x".to_owned()).is_ok());
        cancel.cancel();
        let err = run(deadline.conn()).expect_err("endless");
        assert_eq!(deadline.error(err, "cannot count").kind(), ErrorKind::Cancelled);
        assert_eq!(deadline.check(|| "x".to_owned()).expect_err("cancelled").kind(), ErrorKind::Cancelled);
    }

    #[test]
    fn nothing_is_interrupted_after_the_release_nor_after_the_drop() {
        let long = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 10000) SELECT max(i) FROM n";
        let mut conn = Connection::open_in_memory().expect("memory");
        let deadline = Deadline::install(&mut conn, Some(Duration::ZERO), None);
        assert!(deadline.conn().query_row(long, [], |row| row.get::<_, i64>(0)).is_err());
        deadline.release();
        assert!(deadline.conn().query_row(long, [], |row| row.get::<_, i64>(0)).is_ok());
        drop(deadline);
        drop(Deadline::install(&mut conn, Some(Duration::ZERO), None));
        assert!(conn.query_row(long, [], |row| row.get::<_, i64>(0)).is_ok());
    }
}
