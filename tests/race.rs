//! Several processes that start at once on one file: one of them migrates, all of them run, but for those of an older program where the
//! newer one did more than add: they are refused. In every second round a quarter of the processes is older.
//!
//! `SCHEMA_ROUNDS` is the number of rounds for each journal mode: `SCHEMA_ROUNDS=25 cargo test -p schema-tests --test tests -- race:: --nocapture`.
//! The processes are this test binary again, with one test and an environment variable that tells it what to do.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use rusqlite::Connection;
use schema_runtime::testing::Dice;
use schema_runtime::{ErrorKind, Migrator};

use crate::support::model::model;
use crate::support::place::Place;

const FILE: &str = "SCHEMA_TEST_RACE_FILE";
const ROUND: &str = "SCHEMA_TEST_RACE_ROUND";
const PROCESSES: usize = 16;
const WAIT: Duration = Duration::from_secs(60);
/// A process that takes so long from the start hangs.
const HANGS: Duration = Duration::from_secs(120);

fn rounds() -> usize {
    std::env::var("SCHEMA_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(6)
}

/// The model of a round: a column more than in the one before, and in every third the whole table is rebuilt.
fn round_model(round: usize) -> String {
    let columns: String = (1..=round).map(|at| format!(", c{at} TEXT")).collect();
    let kind = ["TEXT", "BLOB"][round / 3 % 2];
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
    for _ in 0..line.trim().parse().unwrap_or(0_u64) {
        std::hint::spin_loop();
    }
    let (running, ended) = channel::<()>();
    std::thread::spawn(move || {
        if ended.recv_timeout(HANGS) == Err(RecvTimeoutError::Timeout) {
            println!("race: hangs");
            std::process::exit(1);
        }
    });
    match migrator.run(&file) {
        Ok(report) => {
            let conn = Connection::open(&file).expect("the database opens");
            conn.busy_timeout(WAIT).expect("a timeout");
            conn.execute("INSERT INTO t (a) VALUES (?1)", [format!("{round}")]).expect("a row");
            println!("race: {:?}", report.outcome);
        }
        Err(error) if error.kind() == ErrorKind::NewerDatabase => println!("race: refused"),
        Err(error) => println!("race: failed {}", error.to_string().replace('\n', " | ")),
    }
    drop(running);
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

    /// It begins after so many turns of waiting.
    fn go(&mut self, turns: u64) {
        let input = self.child.stdin.as_mut().expect("its input");
        input.write_all(format!("{turns}\n").as_bytes()).expect("the start");
    }

    fn outcome(mut self) -> String {
        let told = self.told();
        std::io::copy(&mut self.output, &mut std::io::sink()).expect("the rest");
        assert!(self.child.wait().expect("the end").success(), "{told}");
        told
    }
}

/// Starts one process for each of `rounds`, all at once, and returns how each ended. Those that know less than the newest have little
/// to do, and would always be the first: every second of them waits for a moment.
fn race(place: &Place, rounds: &[usize]) -> Vec<String> {
    let newest = rounds.iter().max();
    let mut dice = Dice::new(rounds.iter().sum::<usize>() as u64);
    let mut racers: Vec<Racer> = rounds.iter().map(|round| Racer::start(place, *round)).collect();
    for (racer, round) in racers.iter_mut().zip(rounds) {
        let waits = Some(round) != newest && dice.one_in(2);
        racer.go(if waits { dice.roll(10_000_000) } else { 0 });
    }
    racers.into_iter().map(Racer::outcome).collect()
}

#[test]
fn of_sixteen_processes_one_migrates_and_all_run_but_older_ones_that_could_not() {
    let rounds = rounds();
    for mode in ["DELETE", "WAL"] {
        let place = Place::new();
        place.sql(&format!("PRAGMA journal_mode = {mode}"));
        let mut counts = BTreeMap::<String, usize>::new();
        for round in 0..rounds {
            // Every fourth, and not the first alone.
            let is_older = |at: usize| round % 2 == 1 && at % 4 == round / 2 % 4;
            let models: Vec<usize> = (0..PROCESSES).map(|at| round - usize::from(is_older(at))).collect();
            let outcomes = race(&place, &models);
            let (older, newer): (Vec<_>, Vec<_>) =
                outcomes.into_iter().enumerate().partition(|(at, _)| is_older(*at));
            let mut newer: Vec<String> = newer.into_iter().map(|(_, outcome)| outcome).collect();
            newer.sort();
            let mut expected = vec!["UpToDate".to_owned(); newer.len() - 1];
            expected.insert(0, if round == 0 { "Created" } else { "Migrated" }.to_owned());
            assert_eq!(newer, expected, "{mode}, round {round}");
            // The older one was there first, or came later: then it runs where the newer only added, as a rebuild does not.
            let later = if round % 3 == 0 { "refused" } else { "NewerDatabase" };
            for (_, outcome) in &older {
                assert!(outcome == "UpToDate" || outcome == later, "{mode}, round {round}, older: {outcome}");
            }
            let told = newer.into_iter().chain(older.into_iter().map(|(_, told)| format!("older {told}")));
            told.for_each(|told| *counts.entry(told).or_default() += 1);
        }
        println!("{mode}, {rounds} rounds of {PROCESSES}: {counts:?}");
        let refused = counts.get("older refused").copied().unwrap_or(0);
        let rows = PROCESSES * rounds - refused;
        assert_eq!(place.query("SELECT count(*) FROM t"), rows.to_string(), "{mode}");
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
