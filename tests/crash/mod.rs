//! Proof by crash: whatever happens to the storage while a migration runs, the database is wholly as before or wholly as
//! after, its history tells which, and the next start finishes the job.
//!
//! SQLite works on a file system of ours (`vfs`) over a model of storage (`storage`) and of a machine (`shared`). At each
//! operation in turn the power goes, with what was not synced lost, kept or torn at random; or the disk is full or fails, once.
//! What is done, and how it is judged, is in `scenario`: the engine's first creation, catalog edit, scan, rebuild, undo, a batch with
//! numbered migrations, rollback and restore, in each journal mode. Changes by hand with `synchronous = OFF` show that the harness sees what it looks for.
//!
//! A start, a rollback and a restore open the database by its path, as a program does, with backups beside it that are files of
//! the operating system (`folder`). A full disk and an error hit these too (`copies`); the power goes while the database, its
//! journal or its log is written. In the mode with a log somebody else has the database open all the time.
//!
//! The normal run takes a sample. The whole, with its counts, at every operation at least once:
//!
//! ```text
//! SCHEMA_CRASH_POINTS=20000 cargo test --release -p schema-tests --test tests -- crash:: --nocapture
//! ```

mod copies;
mod folder;
mod scenario;
mod shared;
mod storage;
mod vfs;

use scenario::{Job, MODES, Mode, Past, Scenario, Seen};
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

/// Of the engine; each is a test that calls [`prove`].
const SCENARIOS: u64 = 13;

/// For each of them: how many points, all modes and faults together; at least, where every operation is to be hit.
fn points() -> (u64, bool) {
    let all = std::env::var("SCHEMA_CRASH_POINTS").ok().and_then(|text| text.parse().ok());
    (all.unwrap_or(SCENARIOS * 100).div_ceil(SCENARIOS), all.is_some())
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
    /// Strikes `share` times, at every operation where there are enough, else at some, evenly, and more often near the end, where
    /// the commit is.
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
            let at = if share >= operations {
                number % operations + 1
            } else if number % 4 == 3 {
                operations - (number / 4) % operations.min(12)
            } else {
                number * operations / share + 1
            };
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

/// These models, one after another, with the rows behind the first.
fn past<'a>(models: &'a [&'a str]) -> Past<'a> {
    let rows = if models.is_empty() { "" } else { ROWS };
    Past { models, rows, since: "", page_size: None, gone: false }
}

/// Every mode and fault; nothing may go wrong.
fn prove(what: &str, past: &Past<'_>, job: Job, methods: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let (points, every) = points();
    let mut seen = (0, 0);
    for (number, mode) in (0..).zip(MODES) {
        let what = format!("{what}, {}{}", mode.journal, if mode.log_kept { " with a log" } else { "" });
        let scenario = Scenario::new(mode, past, job);
        assert_eq!(scenario.methods, methods, "{what}");
        let share = (points + number) / MODES.len() as u64;
        let least = |fault| if every { scenario.count(fault) } else { 0 };
        let mut counts = Counts::default();
        // What passes once is the same each time, but that every second is followed by a start on the same connection.
        let full = (share / 6).min(2 * scenario.count(Fault::Full)).max(least(Fault::Full));
        let error = (share / 2).min(2 * scenario.count(Fault::IoError)).max(least(Fault::IoError));
        // Three times, since chance says what is lost, kept and torn.
        let power = share.saturating_sub(full + error).max(3 * least(Fault::PowerLoss));
        counts.strike(&what, &scenario, Fault::PowerLoss, power, folder.path());
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
        seen = (seen.0 + counts.before, seen.1 + counts.after);
    }
    assert!(seen.0 > 0 && seen.1 > 0, "{what}: only one of both was seen");
}

#[test]
fn a_first_creation_is_whole_or_not_there() {
    prove("creation", &past(&[]), Job::Run(model(ONE)), "Catalog");
}

#[test]
fn a_creation_of_many_tables_is_whole_or_not_there() {
    let many = (0..70).map(|at| format!(";\nCREATE TABLE n{at} (id INTEGER PRIMARY KEY, a TEXT UNIQUE)"));
    let two =
        format!("{}{}; CREATE INDEX t_b ON t (b)", ONE.replace("1.0.0", "2.0.0"), many.collect::<String>());
    prove("many tables", &past(&[ONE]), Job::Run(model(&two)), "Catalog Scan");
}

#[test]
fn a_catalog_edit_is_whole_or_not_there() {
    let cascading = ONE.replace("1.0.0", "2.0.0").replace("t (id))", "t (id) ON DELETE CASCADE)");
    prove("edit", &past(&[ONE]), Job::Run(model(&cascading)), "Catalog");
}

#[test]
fn an_edit_for_which_rows_are_written_is_whole_or_not_there() {
    let job = Job::Run(model(&two("id INTEGER PRIMARY KEY, a TEXT, b INT DEFAULT 7")));
    prove("rows", &past(&[ONE]), job, "Update Catalog");
}

#[test]
fn new_rules_are_whole_or_not_there() {
    let job = Job::Run(model(&two(
        "id INTEGER PRIMARY KEY, a TEXT NOT NULL, b INT, CHECK (b >= 7 AND length(a) > 1)",
    )));
    prove("scan", &past(&[ONE]), job, "Scan");
}

const REBUILT: &str = "id INTEGER PRIMARY KEY, a TEXT, b INT, UNIQUE (a, b)";

#[test]
fn a_rebuild_is_whole_or_not_there() {
    prove("rebuild", &past(&[ONE]), Job::Run(model(&two(REBUILT))), "Rebuild");
}

#[test]
fn a_start_with_a_backup_is_whole_or_not_there() {
    prove("start", &past(&[ONE]), Job::Start(model(&two(REBUILT))), "Rebuild");
}

#[test]
fn a_batch_of_migrations_and_model_is_whole_or_not_there() {
    prove("batch", &past(&[ONE]), Job::Batch(model(&two(REBUILT))), "Rebuild");
}

/// A read between two migrations may have to write what waits in a small cache: where the disk is full then, the transaction has ended.
#[test]
fn a_full_disk_between_two_migrations_leaves_no_half() {
    let scenario = Scenario::new(MODES[0], &past(&[ONE]), Job::Batch(model(&two(REBUILT))));
    let all = scenario.count(Fault::Full);
    for at in all / 8..all / 4 {
        scenario.strike(Fault::Full, at, at, None).unwrap_or_else(|err| panic!("at {at} of {all}: {err}"));
    }
}

/// SQLite passes over an error of deleting the log that a copy of a database with a log has for a moment.
#[test]
fn a_log_that_could_not_be_deleted_is_not_left_beside_a_backup() {
    let scenario = Scenario::new(MODES[3], &past(&[ONE]), Job::Start(model(&two(REBUILT))));
    let all = scenario.count(Fault::IoError);
    for at in all / 4..all / 3 {
        scenario.strike(Fault::IoError, at, at, None).unwrap_or_else(|err| panic!("at {at} of {all}: {err}"));
    }
}

/// Where an error is passed over, SQLite has ended the transaction all the same, and nothing may be written behind it.
#[test]
fn an_error_that_is_passed_over_before_a_rebuild_leaves_no_half() {
    let scenario = Scenario::new(MODES[0], &past(&[ONE]), Job::Run(model(&two(REBUILT))));
    // There the references are counted and the first statements run.
    let all = scenario.count(Fault::IoError);
    for at in all / 4..all * 2 / 5 {
        scenario.strike(Fault::IoError, at, at, None).unwrap_or_else(|err| panic!("at {at} of {all}: {err}"));
    }
}

#[test]
fn an_undo_is_whole_or_not_there() {
    prove("undo", &past(&[ONE, &two(REBUILT)]), Job::Undo(model(ONE)), "");
}

/// A column less, with its values, one more, and a rule.
const LOSSY: [&str; 2] = [
    ONE,
    "--: version 2.0.0
CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, c INT DEFAULT 5, UNIQUE (a, c));
CREATE TABLE u (id INTEGER PRIMARY KEY, t INT REFERENCES t (id));
CREATE INDEX t_a ON t (a)",
];
/// New, changed and deleted rows.
const SINCE: &str =
    "DELETE FROM u WHERE id < 9; DELETE FROM t WHERE id = 5; UPDATE t SET a = 'new' WHERE id = 7;
INSERT INTO t (a) VALUES ('newer'); INSERT INTO u SELECT id + 1, id FROM t WHERE id > 110 AND id % 2";

#[test]
fn a_rollback_that_brings_values_back_is_whole_or_not_there() {
    let past = Past { since: SINCE, ..past(&LOSSY) };
    prove("rollback", &past, Job::Rollback(model(ONE)), "Rebuild");
}

#[test]
fn a_restore_is_whole_or_not_there() {
    let past = Past { since: SINCE, ..past(&LOSSY) };
    prove("restore", &past, Job::Restore(model(ONE)), "");
}

#[test]
fn a_restore_over_pages_of_another_size_is_whole_or_not_there() {
    let past = Past { since: SINCE, page_size: Some(2048), ..past(&LOSSY) };
    prove("restore of other pages", &past, Job::Restore(model(ONE)), "");
}

#[test]
fn a_restore_of_a_database_that_is_gone_is_whole_or_not_there() {
    let past = Past { since: SINCE, gone: true, ..past(&LOSSY) };
    prove("restore of what is gone", &past, Job::Restore(model(ONE)), "");
}

/// As in a program whose hook says `synchronous = OFF`.
#[test]
fn what_the_program_would_not_sync_is_synced_while_the_library_writes() {
    for mode in &MODES[..3] {
        let mode = Mode { synchronous: "OFF", ..*mode };
        for job in [Job::Run(model(&two(REBUILT))), Job::Rollback(model(ONE)), Job::Restore(model(ONE))] {
            let models = if matches!(job, Job::Run(_)) { vec![ONE] } else { LOSSY.to_vec() };
            assert_eq!(harm(mode, &past(&models), job, 20), 0, "{}", mode.journal);
        }
    }
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
fn harm(mode: Mode, past: &Past<'_>, job: Job, points: u64) -> usize {
    let scenario = Scenario::new(mode, past, job);
    let folder = tempfile::tempdir().expect("a folder");
    let mut counts = Counts::default();
    counts.strike("by hand", &scenario, Fault::PowerLoss, points, folder.path());
    println!("{}, {}: {points} points, {} bad", job.name(), mode.journal, counts.bad.len());
    counts.bad.len()
}

#[test]
fn what_is_not_synced_is_seen_to_break() {
    let made = format!("{ONE};{ROWS}");
    let rebuild = Past { rows: &made, ..past(&[]) };
    let restore = Past { since: SINCE, ..past(&LOSSY) };
    for mode in MODES {
        assert_eq!(harm(mode, &rebuild, Job::Sql("PRAGMA synchronous = FULL", BY_HAND), 40), 0);
        assert_eq!(harm(mode, &restore, Job::PutBack("PRAGMA synchronous = FULL"), 40), 0);
    }
    for mode in &MODES[..3] {
        let bad = harm(*mode, &rebuild, Job::Sql("PRAGMA synchronous = OFF", BY_HAND), 100);
        assert!(bad > 10, "{}: {bad} of 100", mode.journal);
        let bad = harm(*mode, &restore, Job::PutBack("PRAGMA synchronous = OFF"), 100);
        assert!(bad > 10, "{}: {bad} of 100", mode.journal);
    }
}
