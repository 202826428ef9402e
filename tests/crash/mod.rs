//! Proof by crash: whatever happens to the storage while a migration runs, the database is wholly as before or wholly as
//! after, its history tells which, and the next start finishes the job.
//!
//! SQLite works on a file system of ours (`vfs`) over a model of storage (`storage`). At each operation in turn the power
//! goes, with what was not synced lost, kept or torn at random; or the disk is full or fails, once. What is done, and how it
//! is judged, is in `scenario`: the engine's first creation, catalog edit, scan, rebuild and undo, in each journal mode. A
//! change by hand with `synchronous = OFF` shows that the harness sees what it looks for.
//!
//! The normal run takes a sample. The whole, with its counts:
//!
//! ```text
//! SCHEMA_CRASH_POINTS=20000 cargo test --release -p schema-tests --test tests crash:: -- --nocapture
//! ```
//!
//! Backups are left out: they go to files of the operating system.

mod scenario;
mod storage;
mod vfs;

use scenario::{Job, MODES, Mode, Scenario, Seen};
use storage::{FAULTS, Fault};

use crate::support::model::model;

const ONE: &str = "--: version 1.0.0
CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INT);
CREATE TABLE u (id INTEGER PRIMARY KEY, t INT REFERENCES t (id));
CREATE INDEX t_a ON t (a)";
const ROWS: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120)
INSERT INTO t SELECT i, 'text ' || i || ' ' || hex(zeroblob(20)), i * 7 FROM n;
INSERT INTO u SELECT id, id FROM t WHERE id % 2";

/// The model of version 2, in which table `t` has these columns.
fn two(columns: &str) -> String {
    ONE.replace("1.0.0", "2.0.0").replace("id INTEGER PRIMARY KEY, a TEXT, b INT", columns)
}

/// For each scenario of the engine: how many points, all modes and faults together.
fn points() -> u64 {
    let all = std::env::var("SCHEMA_CRASH_POINTS").ok().and_then(|text| text.parse().ok());
    all.unwrap_or(600_u64).div_ceil(6)
}

#[derive(Default)]
struct Counts {
    points: u64,
    before: u64,
    after: u64,
    real: u64,
    bad: Vec<String>,
}

impl Counts {
    /// Strikes `share` times, at every operation where there are enough, else at some, evenly.
    fn strike(
        &mut self,
        what: &str,
        scenario: &Scenario,
        fault: Fault,
        share: u64,
        folder: &std::path::Path,
    ) {
        let operations = scenario.count(fault);
        for number in 0..share {
            let at = if share < operations { number * operations / share } else { number % operations } + 1;
            let real = number % 16 == 3;
            match scenario.strike(fault, at, number, real.then_some(folder)) {
                Ok(Seen::Before) => self.before += 1,
                Ok(Seen::After) => self.after += 1,
                Err(err) => {
                    self.bad.push(format!("{what}: {fault:?} at {at} of {operations}, {number}: {err}"))
                }
            }
            self.points += 1;
            self.real += u64::from(real);
        }
    }
}

/// Every mode and fault; nothing may go wrong.
fn prove(what: &str, models: &[&str], rows: &str, job: Job, methods: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    for (number, mode) in (0..).zip(MODES) {
        let what = format!("{what}, {}{}", mode.journal, if mode.log_kept { " with a log" } else { "" });
        let scenario = Scenario::new(mode, models, rows, job);
        assert_eq!(scenario.methods, methods, "{what}");
        let share = (points() + number) / MODES.len() as u64;
        let mut counts = Counts::default();
        // What passes once is the same each time, but that every second is followed by a start on the same connection.
        let full = (share / 6).min(2 * scenario.count(Fault::Full));
        let error = (share / 2).min(2 * scenario.count(Fault::IoError));
        counts.strike(&what, &scenario, Fault::PowerLoss, share - full - error, folder.path());
        counts.strike(&what, &scenario, Fault::Full, full, folder.path());
        counts.strike(&what, &scenario, Fault::IoError, error, folder.path());
        let operations = FAULTS.map(|fault| scenario.count(fault));
        println!(
            "{what}: {} points ({full} full, {error} errors) over {operations:?} operations, {} before, {} after, {} judged \
             as real files too, {} bad",
            counts.points,
            counts.before,
            counts.after,
            counts.real,
            counts.bad.len()
        );
        assert!(counts.bad.is_empty(), "{} bad, the first: {}", counts.bad.len(), counts.bad[0]);
        assert!(counts.before > 0 && counts.after > 0, "{what}: only one of both was seen");
    }
}

#[test]
fn a_first_creation_is_whole_or_not_there() {
    prove("creation", &[], "", Job::Run(model(ONE)), "Catalog");
}

#[test]
fn a_catalog_edit_is_whole_or_not_there() {
    let cascading = ONE.replace("1.0.0", "2.0.0").replace("t (id))", "t (id) ON DELETE CASCADE)");
    prove("edit", &[ONE], ROWS, Job::Run(model(&cascading)), "Catalog");
}

#[test]
fn an_edit_for_which_rows_are_written_is_whole_or_not_there() {
    let job = Job::Run(model(&two("id INTEGER PRIMARY KEY, a TEXT, b INT DEFAULT 7")));
    prove("rows", &[ONE], ROWS, job, "Update Catalog");
}

#[test]
fn new_rules_are_whole_or_not_there() {
    let job = Job::Run(model(&two(
        "id INTEGER PRIMARY KEY, a TEXT NOT NULL, b INT, CHECK (b >= 7 AND length(a) > 1)",
    )));
    prove("scan", &[ONE], ROWS, job, "Scan");
}

const REBUILT: &str = "id INTEGER PRIMARY KEY, a TEXT, b INT, UNIQUE (a, b)";

#[test]
fn a_rebuild_is_whole_or_not_there() {
    prove("rebuild", &[ONE], ROWS, Job::Run(model(&two(REBUILT))), "Rebuild");
}

/// Where an error is passed over, SQLite has ended the transaction all the same, and nothing may be written behind it.
#[test]
fn an_error_that_is_passed_over_before_a_rebuild_leaves_no_half() {
    let scenario = Scenario::new(MODES[0], &[ONE], ROWS, Job::Run(model(&two(REBUILT))));
    // There the references are counted and the first statements run.
    let all = scenario.count(Fault::IoError);
    for at in all / 4..all * 2 / 5 {
        scenario.strike(Fault::IoError, at, at, None).unwrap_or_else(|err| panic!("at {at} of {all}: {err}"));
    }
}

#[test]
fn an_undo_is_whole_or_not_there() {
    prove("undo", &[ONE, &two(REBUILT)], ROWS, Job::Undo(model(ONE)), "");
}

/// A rebuild, by hand.
const BY_HAND: &str = "PRAGMA foreign_keys = OFF;
BEGIN;
CREATE TABLE n (id INTEGER PRIMARY KEY, a TEXT, b TEXT);
INSERT INTO n SELECT id, a, b FROM t;
DROP TABLE t;
ALTER TABLE n RENAME TO t;
CREATE INDEX t_a ON t (a);
COMMIT";

/// How many of so many power losses do harm.
fn harm(mode: Mode, pragmas: &'static str, points: u64) -> usize {
    let made = format!("{ONE};{ROWS}");
    let scenario = Scenario::new(mode, &[], &made, Job::Sql(pragmas, BY_HAND));
    let folder = tempfile::tempdir().expect("a folder");
    let mut counts = Counts::default();
    counts.strike("by hand", &scenario, Fault::PowerLoss, points, folder.path());
    println!("by hand, {}, {pragmas}: {points} points, {} bad", mode.journal, counts.bad.len());
    counts.bad.len()
}

#[test]
fn what_is_not_synced_is_seen_to_break() {
    for mode in MODES {
        assert_eq!(harm(mode, "PRAGMA synchronous = FULL", 40), 0);
    }
    for mode in &MODES[..3] {
        let bad = harm(*mode, "PRAGMA synchronous = OFF", 100);
        assert!(bad > 10, "{}: {bad} of 100", mode.journal);
    }
}
