//! Proof by crash: the library on a disk that loses power, is full, or fails, at each of its operations.
//!
//! After every one the file is wholly before or wholly after, SQLite finds it in order, the history tells the truth, and the next start
//! finishes the job. `SCHEMA_CRASH_POINTS` is about how many points are tried; the documented number is
//! `SCHEMA_CRASH_POINTS=20000 cargo test --release -p schema-tests --test tests -- crash:: --nocapture`, which prints its counts.

mod vfs;

use std::collections::BTreeMap;

use rusqlite::{Connection, OpenFlags};
use schema_runtime::{BackupPolicy, Migrator, Outcome};

use crate::support::case::query_text;
use crate::support::dice::Dice;
use crate::support::model::model;
use vfs::{Disk, Fault, Unsynced};

const PATH: &str = "/crash.db";

/// What is done to the file.
struct Scenario {
    name: &'static str,
    /// The model of before; none for a new file.
    before: Option<&'static str>,
    after: &'static str,
    /// Whether the change is undone, instead of made.
    undo: bool,
}

const T: &str =
    "--: version 1.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INT); CREATE INDEX i ON t (b)";
const REBUILT: &str = "--: version 2.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a BLOB, b INT, c TEXT NOT NULL DEFAULT 'x', UNIQUE (a, id)); CREATE INDEX i ON t (b)";

const SCENARIOS: &[Scenario] = &[
    Scenario { name: "create", before: None, after: T, undo: false },
    Scenario {
        name: "catalog edit",
        before: Some(T),
        after: "--: version 2.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT DEFAULT 'new', b INT, c INT); CREATE INDEX i ON t (b)",
        undo: false,
    },
    Scenario {
        name: "scan",
        before: Some(T),
        after: "--: version 2.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL CHECK (a <> ''), b INT); CREATE INDEX i ON t (b); CREATE INDEX j ON t (a)",
        undo: false,
    },
    Scenario { name: "rebuild", before: Some(T), after: REBUILT, undo: false },
    Scenario { name: "undo of a rebuild", before: Some(T), after: REBUILT, undo: true },
];

const MODES: [&str; 4] = ["DELETE", "TRUNCATE", "PERSIST", "WAL"];

fn open(mode: &str) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let conn = Connection::open_with_flags_and_vfs(PATH, flags, vfs::NAME)?;
    // A log without shared memory: SQLite keeps its index in its own.
    conn.execute_batch(&format!(
        "PRAGMA page_size = 512; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = {mode}; PRAGMA cache_size = 20"
    ))?;
    Ok(conn)
}

fn migrator(sql: &str) -> Migrator {
    Migrator::new(model(sql)).backup(BackupPolicy::Never).no_time_limit()
}

impl Scenario {
    /// The disk on which the work begins, after a clean shutdown.
    fn start(&self, mode: &str) -> Disk {
        Disk::default().insert();
        if let Some(before) = self.before {
            let mut conn = open(mode).expect("a database");
            migrator(before).run_on(&mut conn).expect("the model of before");
            conn.execute_batch(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 120)
                 INSERT INTO t (a, b) SELECT 'some text in row ' || i, i % 7 FROM n",
            )
            .expect("rows");
            if self.undo {
                migrator(self.after).run_on(&mut conn).expect("the model of after");
            }
        }
        Disk::now().survived(Unsynced::Kept, &mut Dice::new(1))
    }

    fn work(&self, conn: &mut Connection) -> Result<(), String> {
        if self.undo {
            return schema_runtime::testing::undo_last(model(self.after), conn)
                .map_err(|error| error.to_string());
        }
        migrator(self.after).run_on(conn).map(drop).map_err(|error| error.to_string())
    }
}

/// The catalog but for our own tables, and all rows.
fn content(conn: &Connection) -> String {
    let catalog = query_text(
        conn,
        "SELECT type, name, sql FROM sqlite_schema WHERE tbl_name NOT LIKE 'migration%' ORDER BY type, name",
    );
    let rows = if catalog.contains("'t'") {
        query_text(conn, "SELECT *, rowid FROM t ORDER BY rowid")
    } else {
        String::new()
    };
    format!("{catalog}\n{rows}")
}

/// The status of each row of the history, oldest first.
fn history(conn: &Connection) -> String {
    let there = query_text(conn, "SELECT count(*) FROM sqlite_schema WHERE name = 'migration_history'");
    if there == "0" {
        return String::new();
    }
    // Failures may be recorded or not.
    query_text(conn, "SELECT version, status FROM migration_history WHERE status <> 'failed' ORDER BY id")
}

/// Content and history, before and after.
struct Ends {
    before: (String, String),
    after: (String, String),
    operations: u64,
}

fn ends(scenario: &Scenario, mode: &str, start: &Disk) -> Ends {
    start.insert();
    let mut conn = open(mode).expect("a database");
    let before = (content(&conn), history(&conn));
    Disk::arm(None);
    scenario.work(&mut conn).expect("the work without a fault");
    let operations = Disk::operations();
    let after = (content(&conn), history(&conn));
    assert_ne!(before.0, after.0, "{}", scenario.name);
    Ends { before, after, operations }
}

/// Looks at the disk that was found after the fault, and finishes the job.
fn judge(scenario: &Scenario, mode: &str, ends: &Ends) -> Result<&'static str, String> {
    let mut conn = open(mode).map_err(|err| format!("it cannot be opened: {err}"))?;
    let integrity = query_text(&conn, "PRAGMA integrity_check");
    if integrity != "'ok'" {
        return Err(format!("integrity: {integrity}"));
    }
    let found = (content(&conn), history(&conn));
    let end = if found == ends.after {
        "after"
    } else if found == ends.before
        || (found.0 == ends.before.0 && found.1.is_empty() && ends.before.1.is_empty())
    {
        "before"
    } else {
        return Err(format!("neither before nor after:\n{}\n{}", found.0, found.1));
    };
    if end == "before" {
        scenario.work(&mut conn).map_err(|error| format!("the next start fails:\n{error}"))?;
    } else if !scenario.undo {
        let again = migrator(scenario.after)
            .run_on(&mut conn)
            .map_err(|error| format!("the next start fails:\n{error}"))?;
        if again.outcome != Outcome::UpToDate {
            return Err(format!("the next start does more:\n{again}"));
        }
    }
    let done = (content(&conn), history(&conn));
    if done == ends.after {
        Ok(end)
    } else {
        Err(format!("the next start ended elsewhere:\n{}\n{}", done.0, done.1))
    }
}

/// One fault at one operation.
fn attempt(
    scenario: &Scenario,
    mode: &str,
    start: &Disk,
    ends: &Ends,
    fault: (u64, Fault),
    unsynced: Unsynced,
    seed: u64,
) -> Result<&'static str, String> {
    start.insert();
    let mut conn = open(mode).map_err(|err| err.to_string())?;
    Disk::arm(Some(fault));
    let result = scenario.work(&mut conn);
    if fault.1 == Fault::Power {
        let disk = Disk::now();
        drop(conn);
        disk.survived(unsynced, &mut Dice::new(seed)).insert();
    } else {
        Disk::arm(None);
        // The same connection goes on, whatever was said: a fault of a moment is over.
        if let Err(error) = result {
            let found = content(&conn);
            if found != ends.before.0 && found != ends.after.0 {
                return Err(format!("neither before nor after:\n{found}\n{error}"));
            }
        }
        drop(conn);
    }
    judge(scenario, mode, ends)
}

fn points() -> u64 {
    std::env::var("SCHEMA_CRASH_POINTS").ok().and_then(|text| text.parse().ok()).unwrap_or(500)
}

#[test]
fn the_file_is_wholly_before_or_wholly_after_whatever_fails() {
    vfs::register();
    let kinds = [
        (Fault::Power, Unsynced::Lost),
        (Fault::Power, Unsynced::Kept),
        (Fault::Power, Unsynced::Torn),
        (Fault::Full, Unsynced::Kept),
        (Fault::Io, Unsynced::Kept),
    ];
    let each = points() / (SCENARIOS.len() * MODES.len() * kinds.len()) as u64;
    let mut counts = BTreeMap::<String, u64>::new();
    let mut faults = Vec::new();
    for scenario in SCENARIOS {
        for mode in MODES {
            let start = scenario.start(mode);
            let ends = ends(scenario, mode, &start);
            for (fault, unsynced) in kinds {
                let tries = each.max(1);
                for at in 0..tries {
                    // Spread from the first operation to the last; more tries than these throw other dice.
                    let last = ends.operations - 1;
                    let when = if tries > ends.operations || tries == 1 {
                        (last + at) % ends.operations
                    } else {
                        at * last / (tries - 1)
                    };
                    match attempt(scenario, mode, &start, &ends, (when, fault), unsynced, at + 1) {
                        Ok(end) => *counts.entry(format!("{fault:?}: {end}")).or_default() += 1,
                        Err(text) => {
                            faults.push(format!(
                                "{}, {mode}, {fault:?} at {when} of {}, {unsynced:?}: {text}",
                                scenario.name, ends.operations
                            ));
                        }
                    }
                }
            }
        }
    }
    println!("{} crash points: {counts:?}", counts.values().sum::<u64>());
    assert!(
        faults.is_empty(),
        "{} faults\n{}",
        faults.len(),
        faults.iter().take(5).cloned().collect::<Vec<_>>().join("\n\n")
    );
    assert!(counts.len() >= 5, "the faults reach little: {counts:?}");
}

/// The same change by hand with `synchronous = OFF`: it must be seen to fail, or the harness sees nothing.
#[test]
fn the_harness_sees_what_goes_wrong_without_syncs() {
    vfs::register();
    let scenario = &SCENARIOS[3];
    let start = scenario.start("DELETE");
    let raw = "PRAGMA synchronous = OFF; BEGIN; ALTER TABLE t RENAME TO old; CREATE TABLE t (id INTEGER PRIMARY KEY, a BLOB, b INT, c TEXT DEFAULT 'x');
        INSERT INTO t (id, a, b) SELECT id, a, b FROM old; DROP TABLE old; CREATE INDEX i ON t (b); COMMIT";
    start.insert();
    let conn = open("DELETE").expect("a database");
    let before = content(&conn);
    Disk::arm(None);
    conn.execute_batch(raw).expect("the change");
    let (operations, after) = (Disk::operations(), content(&conn));
    drop(conn);
    let mut bad = 0;
    for at in 0..operations {
        start.insert();
        let conn = open("DELETE").expect("a database");
        Disk::arm(Some((at, Fault::Power)));
        let _ = conn.execute_batch(raw);
        let disk = Disk::now();
        drop(conn);
        disk.survived(Unsynced::Torn, &mut Dice::new(at + 1)).insert();
        let sound = open("DELETE").is_ok_and(|conn| {
            let integrity = conn.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0));
            integrity.is_ok_and(|text| text == "ok") && {
                let found = content(&conn);
                found == before || found == after
            }
        });
        bad += u64::from(!sound);
    }
    println!("without syncs: {bad} of {operations} points are bad");
    assert!(bad * 10 > operations, "{bad} of {operations}");
}
