//! Work that may take long, on a connection that is only borrowed: stopped from a second thread when time is up.
//!
//! A progress handler would do as well, but takes the place of the caller's own, which SQLite cannot give back.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::connection::Cancel;
use crate::error::{Error, ErrorKind, Result};

/// How often the second thread looks at the handle.
const LOOK: Duration = Duration::from_millis(10);

/// The clock of one report.
pub(super) struct Watch<'c> {
    conn: &'c Connection,
    /// `None` never comes.
    end: Option<Instant>,
    cancel: Cancel,
}

/// Whether the work is done, for the second thread.
#[derive(Default)]
struct Done {
    is_done: Mutex<bool>,
    changed: Condvar,
}

/// Says that the work is done, also when it panics.
struct Finish<'d>(&'d Done);

impl Drop for Finish<'_> {
    fn drop(&mut self) {
        *self.0.is_done.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.changed.notify_all();
    }
}

impl<'c> Watch<'c> {
    /// Starts the clock.
    pub(super) fn start(conn: &'c Connection, limit: Option<Duration>, cancel: Cancel) -> Self {
        Watch { conn, end: limit.and_then(|limit| Instant::now().checked_add(limit)), cancel }
    }

    pub(super) fn is_over(&self) -> bool {
        is_over(self.end)
    }

    /// Does `work`, whose statements on the connection are interrupted when time is up; `None` if they were, or if it was up
    /// before. The wait for locks is not interrupted.
    ///
    /// # Errors
    /// `Cancelled`, if the handle was used; and those of `work`.
    pub(super) fn bounded<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<Option<T>> {
        let cancelled = || {
            Error::new(ErrorKind::Cancelled, "the health check was stopped")
                .cause("it was cancelled")
                .state("nothing was changed")
        };
        if self.cancel.is_cancelled() {
            return Err(cancelled());
        }
        if self.is_over() {
            return Ok(None);
        }
        let handle = self.conn.get_interrupt_handle();
        let (done, fired) = (Done::default(), AtomicBool::new(false));
        let (end, cancel) = (self.end, &self.cancel);
        let result = std::thread::scope(|scope| {
            let _finish = Finish(&done);
            // Without a second thread the work is done all the same, unbounded.
            let _ = std::thread::Builder::new().spawn_scoped(scope, || {
                let mut is_done = done.is_done.lock().unwrap_or_else(PoisonError::into_inner);
                while !*is_done {
                    if cancel.is_cancelled() || is_over(end) {
                        fired.store(true, Ordering::Relaxed);
                        // Between two statements there is nothing to interrupt: the next look does it.
                        handle.interrupt();
                    }
                    let waited = done.changed.wait_timeout(is_done, LOOK);
                    is_done = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
            });
            work()
        });
        if !fired.load(Ordering::Relaxed) {
            return result.map(Some);
        }
        if self.cancel.is_cancelled() { Err(cancelled()) } else { Ok(None) }
    }
}

fn is_over(end: Option<Instant>) -> bool {
    end.is_some_and(|end| Instant::now() >= end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::SqliteResult;

    const ENDLESS: &str =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";

    fn count(conn: &Connection, sql: &str) -> Result<i64> {
        conn.query_row(sql, [], |row| row.get(0)).at(|| "cannot count".to_owned())
    }

    #[test]
    fn what_would_never_end_is_cut_and_the_connection_goes_on() {
        let conn = Connection::open_in_memory().expect("memory");
        let watch = Watch::start(&conn, Some(Duration::from_millis(30)), Cancel::new());
        assert_eq!(watch.bounded(|| count(&conn, ENDLESS)).expect("no error"), None);
        assert_eq!(watch.bounded(|| count(&conn, "SELECT 1")).expect("no error"), None);
        let watch = Watch::start(&conn, None, Cancel::new());
        assert_eq!(watch.bounded(|| count(&conn, "SELECT 7")).expect("no error"), Some(7));
    }

    #[test]
    fn a_cancellation_is_an_error() {
        let conn = Connection::open_in_memory().expect("memory");
        let cancel = Cancel::new();
        let watch = Watch::start(&conn, None, cancel.clone());
        let result = watch.bounded(|| {
            cancel.cancel();
            count(&conn, ENDLESS)
        });
        assert_eq!(result.expect_err("cancelled").kind(), ErrorKind::Cancelled);
        assert_eq!(watch.bounded(|| Ok(1)).expect_err("cancelled").kind(), ErrorKind::Cancelled);
    }
}
