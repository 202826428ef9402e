//! What a start costs, what creating and changing many tables cost: by the engine, and raw, in turns.
//!
//! One line a case: who, the number of tables, the case, and the samples in nanoseconds, as every program of `peers` prints.

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use schema_benches::Result;
use schema_benches::common::{FIRST_QUERY, PRAGMAS, Sampler, WAL, script, table, time, wipe};
use schema_benches::model::{More, migrator};
use schema_runtime::Outcome;
use schema_runtime::rusqlite::Connection;

fn main() -> Result<()> {
    let sampler = Sampler::from_args("schema");
    sampler.sqlite(schema_runtime::rusqlite::version());
    let (n, path) = (sampler.n, sampler.path());
    let (first, second) = (migrator(n, More::Nowhere), migrator(n, More::Everywhere));
    let up_to_date = |conn: &mut Connection| {
        let report = first.run_on(conn).expect("up to date");
        assert_eq!(report.outcome, Outcome::UpToDate);
    };
    let samples = sampler.samples;
    if sampler.wants("start") {
        wipe(&path);
        first.run_on(&mut wal(&path)?)?;
        let (mut conn, raw) = (open(&path)?, open(&path)?);
        first_query(&conn);
        first_query(&raw);
        sampler.pair("start", samples * 5, || time(|| user_version(&raw)), || time(|| up_to_date(&mut conn)));
        let complete = migrator(n, More::Nowhere).complete_check();
        complete.run_on(&mut conn)?;
        let want = texts(&raw)?;
        let check = |conn: &mut Connection| {
            assert_eq!(complete.run_on(conn).expect("up to date").outcome, Outcome::UpToDate);
        };
        sampler.pair(
            "complete check",
            samples * 5,
            || time(|| compare(&raw, &want)),
            || time(|| check(&mut conn)),
        );
        first.run_on(&mut conn)?;
        drop((conn, raw));
        let raw = || {
            let began = Instant::now();
            let conn = open(&path).expect("open");
            first_query(&conn);
            began.elapsed()
        };
        sampler.pair("open, start, first query", samples, raw, || {
            let began = Instant::now();
            let mut conn = Connection::open(&path).expect("open");
            up_to_date(&mut conn);
            conn.execute_batch(PRAGMAS).expect("pragmas");
            first_query(&conn);
            began.elapsed()
        });
    }
    if sampler.wants("create") {
        let raw = || {
            wipe(&path);
            let began = Instant::now();
            let conn = wal(&path).expect("open");
            conn.execute_batch(&all(n)).expect("create");
            began.elapsed()
        };
        sampler.pair("create", sampler.few(), raw, || {
            wipe(&path);
            let began = Instant::now();
            let mut conn = wal(&path).expect("open");
            first.run_on(&mut conn).expect("create");
            began.elapsed()
        });
    }
    if sampler.wants("add columns") {
        let raw = || {
            wipe(&path);
            let conn = wal(&path).expect("open");
            conn.execute_batch(&all(n)).expect("create");
            first_query(&conn);
            let alter: String =
                (0..n).map(|at| format!("ALTER TABLE {} ADD COLUMN extra INTEGER;", table(at))).collect();
            time(|| {
                conn.execute_batch(&format!("BEGIN IMMEDIATE; {alter} COMMIT")).expect("alter");
                first_query(&conn);
            })
        };
        sampler.pair("add columns", sampler.few(), raw, || {
            wipe(&path);
            let mut conn = wal(&path).expect("open");
            first.run_on(&mut conn).expect("create");
            first_query(&conn);
            time(|| {
                second.run_on(&mut conn).expect("change");
                first_query(&conn);
            })
        });
    }
    if sampler.wants("one") {
        // Planned and rehearsed, and not applied.
        wipe(&path);
        first.run(&path)?;
        let plan = migrator(n, More::InOne).dry_run(true);
        sampler.run("plan and rehearse one change", sampler.few(), || {
            time(|| plan.run(&path).expect("planned"))
        });
    }
    Ok(())
}

fn wal(path: &Path) -> Result<Connection> {
    let conn = open(path)?;
    conn.execute_batch(WAL)?;
    Ok(conn)
}

fn open(path: &Path) -> Result<Connection> {
    let conn = Connection::open(path)?;
    conn.execute_batch(PRAGMAS)?;
    Ok(conn)
}

/// The whole schema in one transaction.
fn all(n: usize) -> String {
    let list: String = (0..n).map(script).collect();
    format!("BEGIN IMMEDIATE; {list} COMMIT")
}

fn user_version(conn: &Connection) {
    black_box(conn.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0)).expect("version"));
}

fn first_query(conn: &Connection) {
    black_box(conn.query_row(FIRST_QUERY, [], |row| row.get::<_, i64>(0)).expect("count"));
}

const TEXTS: &str = "SELECT sql FROM sqlite_schema ORDER BY rowid";

fn texts(conn: &Connection) -> Result<Vec<Option<String>>> {
    let mut statement = conn.prepare(TEXTS)?;
    let found = statement.query_map([], |row| row.get(0))?;
    Ok(found.collect::<std::result::Result<_, _>>()?)
}

/// The raw form of the complete check.
fn compare(conn: &Connection, want: &[Option<String>]) {
    let mut statement = conn.prepare(TEXTS).expect("texts");
    let mut rows = statement.query([]).expect("texts");
    let mut at = 0;
    while let Some(row) = rows.next().expect("row") {
        assert_eq!(row.get_ref(0).expect("text").as_str_or_null().expect("text"), want[at].as_deref());
        at += 1;
    }
    assert_eq!(at, want.len());
}
