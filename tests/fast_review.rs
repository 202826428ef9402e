//! What makes large creations and starts fast, and what it must not do to a file: found in a review.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rusqlite::functions::FunctionFlags;
use schema_runtime::{BackupPolicy, Cancel, ErrorKind, Migrator};

use crate::support::model::model;
use crate::support::place::Place;

/// A table with an index that somebody has made, `n` new tables, and an index of this expression.
fn many(n: usize, expr: &str) -> String {
    let mut sql = String::from("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER);\n");
    for at in 0..n {
        writeln!(sql, "CREATE TABLE n{at} (id INTEGER PRIMARY KEY, a TEXT UNIQUE);").expect("a text");
    }
    writeln!(sql, "CREATE INDEX last ON t ({expr});").expect("a text");
    sql
}

#[test]
fn a_run_that_is_cancelled_in_the_middle_of_a_large_creation_leaves_the_file_as_it_was() {
    let place = Place::with_model("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)");
    place.sql("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO t SELECT i, i FROM n");
    let before = place.query("SELECT type, name, rootpage, sql FROM sqlite_schema ORDER BY rowid");
    let cancel = Cancel::new();
    let (stop, calls) = (cancel.clone(), Arc::new(AtomicUsize::new(0)));
    let migrator = Migrator::new(model(&many(100, "stop(a)"))).backup(BackupPolicy::Never).cancel(cancel);
    let migrator = migrator.connection(move |conn| {
        let (stop, calls) = (stop.clone(), Arc::clone(&calls));
        let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
        conn.create_scalar_function("stop", 1, flags, move |context| {
            // The rows are checked first, and then indexed.
            if calls.fetch_add(1, Ordering::Relaxed) == 7500 {
                stop.cancel();
            }
            context.get::<i64>(0)
        })
    });
    let error = migrator.run(place.path()).expect_err("cancelled");
    assert_eq!(error.kind(), ErrorKind::Cancelled, "{error}");
    assert_eq!(place.query("SELECT type, name, rootpage, sql FROM sqlite_schema ORDER BY rowid"), before);
    assert_eq!(place.query("PRAGMA integrity_check"), "'ok'");
    assert_eq!(place.query("SELECT count(*) FROM t"), "5000");
}
