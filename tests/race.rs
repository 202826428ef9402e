//! Several processes that start at once on one file: one of them migrates, all of them run.
//!
//! `SCHEMA_ROUNDS` is the number of rounds for each journal mode: `SCHEMA_ROUNDS=25 cargo test -p schema-tests --test tests -- race:: --nocapture`.
//! The processes are this test binary again, with one test and an environment variable that tells it what to do.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rusqlite::Connection;
use schema_runtime::Migrator;

use crate::support::model::model;
use crate::support::place::Place;

const FILE: &str = "SCHEMA_TEST_RACE_FILE";
const ROUND: &str = "SCHEMA_TEST_RACE_ROUND";
const PROCESSES: usize = 16;
const WAIT: Duration = Duration::from_secs(60);

fn rounds() -> usize {
    std::env::var("SCHEMA_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(6)
}

/// The model of a round: a column more than in the one before, and in every third the whole table is rebuilt.
fn round_model(round: usize) -> String {
    let columns: String = (1..=round).map(|at| format!(", c{at} TEXT")).collect();
    let kind = ["TEXT", "BLOB", "ANY"][round / 3 % 3];
    format!(
        "--: version 1.{round}.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a {kind}{columns}); CREATE INDEX i ON t (id, a)"
    )
}

/// One of the processes. In an ordinary run of the tests it has nothing to do.
#[test]
fn one_process_of_a_race() {
    let (Ok(file), Ok(round)) = (std::env::var(FILE), std::env::var(ROUND)) else { return };
    let round: usize = round.parse().expect("a number");
    let migrator = Migrator::new(model(&round_model(round))).lock_wait(WAIT).no_time_limit();
    println!("race: ready");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).expect("the start");
    match migrator.run(&file) {
        Ok(report) => {
            let conn = Connection::open(&file).expect("the database opens");
            conn.busy_timeout(WAIT).expect("a timeout");
            conn.execute("INSERT INTO t (a) VALUES (?1)", [format!("{round}")]).expect("a row");
            println!("race: {:?}", report.outcome);
        }
        Err(error) => println!("race: failed {}", error.to_string().replace('\n', " | ")),
    }
}

struct Racer {
    child: Child,
    output: BufReader<std::process::ChildStdout>,
}

impl Racer {
    fn start(place: &Place, round: usize) -> Racer {
        let mut child = Command::new(std::env::current_exe().expect("this binary"))
            .args(["race::one_process_of_a_race", "--exact", "--nocapture", "--test-threads=1"])
            .env(FILE, place.path())
            .env(ROUND, round.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a process");
        let output = BufReader::new(child.stdout.take().expect("its output"));
        let mut racer = Racer { child, output };
        assert_eq!(racer.told(), "ready");
        racer
    }

    /// The next line of the process that is for us; the test harness writes others, and before ours on the same line.
    fn told(&mut self) -> String {
        let mut line = String::new();
        while self.output.read_line(&mut line).expect("its output") > 0 {
            if let Some((_, text)) = line.split_once("race: ") {
                return text.trim_end().to_owned();
            }
            line.clear();
        }
        "ended".to_owned()
    }

    fn go(&mut self) {
        self.child.stdin.as_mut().expect("its input").write_all(b"go\n").expect("the start");
    }

    fn outcome(mut self) -> String {
        let told = self.told();
        std::io::copy(&mut self.output, &mut std::io::sink()).expect("the rest");
        assert!(self.child.wait().expect("the end").success(), "{told}");
        told
    }
}

/// Starts one process for each of `rounds`, all at once, and returns how each ended, sorted.
fn race(place: &Place, rounds: &[usize]) -> Vec<String> {
    let mut racers: Vec<Racer> = rounds.iter().map(|round| Racer::start(place, *round)).collect();
    racers.iter_mut().for_each(Racer::go);
    let mut outcomes: Vec<String> = racers.into_iter().map(Racer::outcome).collect();
    outcomes.sort();
    outcomes
}

#[test]
fn of_sixteen_processes_one_migrates_and_all_run() {
    let rounds = rounds();
    for mode in ["DELETE", "WAL"] {
        let place = Place::new();
        place.sql(&format!("PRAGMA journal_mode = {mode}"));
        for round in 0..rounds {
            let outcomes = race(&place, &[round; PROCESSES]);
            let mut expected = vec!["UpToDate".to_owned(); PROCESSES - 1];
            expected.insert(0, if round == 0 { "Created" } else { "Migrated" }.to_owned());
            assert_eq!(outcomes, expected, "{mode}, round {round}");
        }
        assert_eq!(place.query("SELECT count(*) FROM t"), (PROCESSES * rounds).to_string(), "{mode}");
        assert_eq!(
            place.query("SELECT count(*), min(status), max(status) FROM migration_history"),
            format!("{rounds}|'completed'|'completed'")
        );
        assert_eq!(place.query("PRAGMA integrity_check"), "'ok'");
        let backups = std::fs::read_dir(place.folder().join("backups/migrations")).expect("backups").count();
        assert_eq!(backups, 2 * (rounds - 1), "{mode}: a copy and its note for each change");
    }
}

#[test]
fn an_older_and_a_newer_program_that_start_at_once_both_run() {
    for mode in ["DELETE", "WAL"] {
        let place = Place::new();
        place.sql(&format!("PRAGMA journal_mode = {mode}"));
        place.run(&round_model(0));
        for _ in 0..rounds().div_ceil(2) {
            let outcomes = race(&place, &[1, 2, 1, 2]);
            assert!(outcomes.iter().all(|outcome| !outcome.contains("failed")), "{outcomes:?}");
        }
        assert_eq!(place.query("SELECT count(*) FROM t"), (4 * rounds().div_ceil(2)).to_string());
        assert_eq!(place.query("SELECT count(*) FROM pragma_table_info('t')"), "4");
        assert_eq!(place.query("SELECT version FROM migration_history ORDER BY id DESC LIMIT 1"), "'1.2.0'");
    }
}
