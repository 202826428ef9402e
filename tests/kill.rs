//! Processes that are killed while they migrate, roll back or restore: the file is wholly before or wholly after, and the next one finishes.
//!
//! The processes are this test binary again. Each tells its events; it is killed after a random one of them and a random while.
//! `SCHEMA_KILLS` is the number of kills: `SCHEMA_KILLS=200 cargo test -p schema-tests --test tests -- kill:: --nocapture`.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use schema_runtime::testing::Dice;
use schema_runtime::{Back, Migrator, Model, RemovalPolicy, Report};

use crate::support::model::model;
use crate::support::place::Place;

const FILE: &str = "SCHEMA_TEST_KILL_FILE";
const WORK: &str = "SCHEMA_TEST_KILL_WORK";

const ONE: &str = "--: version 1.0.0
    CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT, c INT);
    CREATE TABLE child (id INTEGER PRIMARY KEY, t INT REFERENCES t (id) ON DELETE CASCADE);
    CREATE INDEX by_a ON t (a)";
/// A column dropped, a rule added, a type changed: steps of every kind.
const TWO: &str = "--: version 2.0.0
    CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL CHECK (a <> ''), c TEXT, d INT DEFAULT 5);
    CREATE TABLE child (id INTEGER PRIMARY KEY, t INT REFERENCES t (id) ON DELETE SET NULL);
    CREATE INDEX by_a ON t (a, c); CREATE INDEX by_t ON child (t)";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    Migrate,
    Rollback,
    Restore,
}

const WORKS: [Work; 3] = [Work::Migrate, Work::Rollback, Work::Restore];

fn do_it(work: Work, migrator: impl Fn(Migrator) -> Migrator, path: &str) -> schema_runtime::Result<Report> {
    let without = || migrator(Migrator::for_model(Model::empty("main")).no_time_limit());
    match work {
        Work::Migrate => {
            migrator(Migrator::new(model(TWO)).removed(RemovalPolicy::Drop).no_time_limit()).run(path)
        }
        Work::Rollback => without().rollback(path, &Back::Last(1)),
        Work::Restore => {
            let oldest = without().backups(path)?.into_iter().next().expect("a backup");
            without().restore(path, oldest.path)
        }
    }
}

/// The process that is killed. In an ordinary run of the tests it has nothing to do.
#[test]
fn one_process_to_kill() {
    let (Ok(file), Ok(work)) = (std::env::var(FILE), std::env::var(WORK)) else { return };
    let work = WORKS.into_iter().find(|known| format!("{known:?}") == work).expect("a work");
    let tell = |migrator: Migrator| {
        migrator.observer(|_| {
            println!("kill: event");
            std::io::stdout().flush().expect("the output");
        })
    };
    do_it(work, tell, &file).unwrap_or_else(|error| panic!("{error}"));
    println!("kill: end");
}

/// Catalog and rows, and what the history says.
fn state(place: &Place) -> (String, String) {
    let content = place.query(
        "SELECT type, name, sql FROM sqlite_schema WHERE tbl_name NOT LIKE 'migration%' ORDER BY 1, 2",
    ) + &place.query("SELECT * FROM t ORDER BY id")
        + &place.query("SELECT * FROM child ORDER BY id");
    (
        content,
        place.query(
            "SELECT kind, version, status FROM migration_history WHERE status <> 'failed' ORDER BY id",
        ),
    )
}

type Files = Vec<(PathBuf, Vec<u8>)>;

fn put(place: &Place, files: &Files) {
    for (path, _) in place.files() {
        fs::remove_file(path).expect("an old file");
    }
    for (path, bytes) in files {
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, bytes).expect("a file");
    }
}

/// Kills one process after so many events, and a while.
fn kill_one(place: &Place, work: Work, events: u64, spin: u64) -> &'static str {
    let mut child = Command::new(std::env::current_exe().expect("this binary"))
        .args(["kill::one_process_to_kill", "--exact", "--nocapture", "--test-threads=1"])
        .env(FILE, place.path())
        .env(WORK, format!("{work:?}"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a process");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let mut seen = 0;
    let mut ended = true;
    for line in lines.by_ref().map_while(Result::ok) {
        if line.contains("kill: end") {
            break;
        }
        seen += u64::from(line.contains("kill: event"));
        if seen > events {
            ended = false;
            break;
        }
    }
    for _ in 0..spin {
        std::hint::spin_loop();
    }
    let _ = child.kill();
    let status = child.wait().expect("the end");
    if ended || status.success() { "ended" } else { "killed" }
}

#[test]
fn a_killed_process_leaves_the_file_before_or_after_and_the_next_one_finishes() {
    let kills: u64 = std::env::var("SCHEMA_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(24);
    let mut counts = BTreeMap::<String, u64>::new();
    for (at, mode) in ["DELETE", "WAL"].into_iter().enumerate() {
        let place = Place::new();
        place.sql(&format!("PRAGMA journal_mode = {mode}"));
        place.run(ONE);
        place.sql(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3000)
             INSERT INTO t SELECT i, 'text ' || i, 'dropped ' || i, i FROM n; INSERT INTO child SELECT id, id FROM t",
        );
        place.sql("PRAGMA wal_checkpoint(TRUNCATE)");
        let one = (place.files(), state(&place));
        let path = place.path().display().to_string();
        do_it(Work::Migrate, |migrator| migrator, &path).expect("the work");
        place.sql("PRAGMA wal_checkpoint(TRUNCATE)");
        let two = (place.files(), state(&place));
        for work in WORKS {
            let (files, before) = if work == Work::Migrate { &one } else { &two };
            put(&place, files);
            do_it(work, |migrator| migrator, &path).expect("the work");
            let after = state(&place);
            assert_ne!(before.0, after.0, "{work:?}");
            if work != Work::Migrate {
                assert_eq!(after.0, one.1.0, "{work:?} leads back");
            }
            let mut dice = Dice::new(100 + at as u64);
            for round in 0..(kills / 6).max(1) {
                put(&place, files);
                let most = if dice.one_in(2) { 3_000_000 } else { 100_000 };
                let (events, spin) = (dice.roll(9), dice.roll(most));
                let how = kill_one(&place, work, events, spin);
                let told = format!("{mode}, {work:?}, round {round}, {events} events and {spin}: {how}");
                assert_eq!(place.query("PRAGMA integrity_check"), "'ok'", "{told}");
                let found = state(&place);
                let end = if found == after {
                    "after"
                } else {
                    assert!(found == *before, "{told}: neither before nor after\n{}", found.1);
                    "before"
                };
                *counts.entry(format!("{work:?} {how} {end}")).or_default() += 1;
                if end == "before" {
                    do_it(work, |migrator| migrator, &path).unwrap_or_else(|error| panic!("{told}\n{error}"));
                    assert!(state(&place) == after, "{told}: the next one ended elsewhere");
                }
            }
        }
    }
    println!("{counts:?}");
    assert!(counts.keys().any(|key| key.contains("killed before")), "{counts:?}");
}
