//! What every program of the comparison shares: the schema, the clock, and how samples are printed.
//!
//! `PROGRAM N SAMPLES FOLDER [CASES]` prints one line a case: who, N, the case, and the samples in nanoseconds, by tabs.
//! A line whose case is `SQLite` has the version of the SQLite that the program runs on.

#![allow(dead_code)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The arguments, and how often a case is measured.
pub struct Sampler {
    pub who: &'static str,
    pub n: usize,
    pub samples: usize,
    folder: PathBuf,
    cases: Option<String>,
}

impl Sampler {
    pub fn from_args(who: &'static str) -> Sampler {
        let mut list = std::env::args().skip(1);
        let mut number = |what: &str| {
            let found = list.next().and_then(|text| text.parse().ok());
            found.unwrap_or_else(|| panic!("usage: N SAMPLES FOLDER [CASES]; {what} is missing"))
        };
        let (n, samples) = (number("N"), number("SAMPLES"));
        let folder = PathBuf::from(list.next().expect("a folder"));
        std::fs::create_dir_all(&folder).expect("the folder");
        Sampler { who, n, samples, folder, cases: list.next() }
    }

    /// Whether the cases of this name are asked for.
    pub fn wants(&self, case: &str) -> bool {
        self.cases.as_ref().is_none_or(|cases| cases.split(',').any(|it| it == case))
    }

    /// The database of this program.
    pub fn path(&self) -> PathBuf {
        self.folder.join(format!("{}_{}.db", self.who, self.n))
    }

    fn print(&self, who: &str, case: &str, samples: &[Duration]) {
        let samples: Vec<String> = samples.iter().map(|it| it.as_nanos().to_string()).collect();
        println!("{who}\t{}\t{case}\t{}", self.n, samples.join(","));
    }

    /// Says which SQLite this program has.
    pub fn sqlite(&self, version: &str) {
        println!("{}\t{}\tSQLite\t{version}", self.who, self.n);
    }

    /// The cases of a peer.
    pub fn measure<P: Peer>(&self, peer: &mut P) {
        let path = self.path();
        let samples = if P::SLOW && self.n >= 1000 { self.samples.min(3) } else { self.samples };
        wipe(&path);
        let made = peer.open(&path, true);
        peer.close(made);
        if self.wants("start") {
            let mut conn = peer.open(&path, false);
            peer.query(&mut conn);
            self.run("start", if P::SLOW { samples } else { samples * 5 }, || time(|| peer.check(&mut conn)));
            peer.close(conn);
            self.run("open, start, first query", samples, || {
                let began = Instant::now();
                let mut conn = peer.open(&path, false);
                peer.query(&mut conn);
                let took = began.elapsed();
                peer.close(conn);
                took
            });
        }
        if self.wants("create") {
            self.run("create", samples.min(self.few()), || {
                wipe(&path);
                let began = Instant::now();
                let conn = peer.open(&path, true);
                let took = began.elapsed();
                peer.close(conn);
                took
            });
        }
        wipe(&path);
    }

    /// One case; a fifth of the samples, at least one and at most ten, warm it first.
    pub fn run(&self, case: &str, samples: usize, mut sample: impl FnMut() -> Duration) {
        for _ in 0..(samples / 5).clamp(1, 10) {
            sample();
        }
        let found: Vec<Duration> = (0..samples).map(|_| sample()).collect();
        self.print(self.who, case, &found);
    }

    /// As often as is bearable: what is created anew each time takes long where there are many tables.
    pub fn few(&self) -> usize {
        self.samples.min(if self.n >= 1000 { 5 } else { 30 })
    }

    /// Raw and not, in turns, so that what disturbs one disturbs the other.
    pub fn pair(
        &self,
        case: &str,
        samples: usize,
        mut raw: impl FnMut() -> Duration,
        mut other: impl FnMut() -> Duration,
    ) {
        let (mut floor, mut found) = (Vec::new(), Vec::new());
        let warm = (samples / 5).clamp(1, 10);
        for turn in 0..warm + samples {
            let (one, two) = (raw(), other());
            if turn >= warm {
                floor.push(one);
                found.push(two);
            }
        }
        self.print("raw", case, &floor);
        self.print(self.who, case, &found);
    }
}

/// A way to bring a database to a schema, and to find at a start that it is there.
pub trait Peer {
    type Conn;

    /// Whether it takes so long, where there are many tables, that few samples must do.
    const SLOW: bool = false;

    /// Opens the database, sets the pragmas (and the WAL, if it is to be created) and brings it up to date.
    fn open(&mut self, path: &Path, create: bool) -> Self::Conn;

    /// What a start does on an open connection when nothing changed.
    fn check(&mut self, conn: &mut Self::Conn);

    /// Runs [`FIRST_QUERY`].
    fn query(&mut self, conn: &mut Self::Conn);

    /// Closes the connection; no clock runs.
    fn close(&mut self, conn: Self::Conn) {
        drop(conn);
    }
}

/// How long it takes.
pub fn time<T>(what: impl FnOnce() -> T) -> Duration {
    let began = Instant::now();
    std::hint::black_box(what());
    began.elapsed()
}

/// Removes a database with its files.
pub fn wipe(path: &Path) {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        let _ = std::fs::remove_file(name);
    }
}

/// The pragmas that every program sets.
pub const PRAGMAS: &str = "PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON";

/// What turns a new database to a write-ahead log.
pub const WAL: &str = "PRAGMA journal_mode = WAL";

/// What every program asks first.
pub const FIRST_QUERY: &str = "SELECT count(*) FROM t0000 WHERE id = 1";

/// The name of table `at`.
pub fn table(at: usize) -> String {
    format!("t{at:04}")
}

/// The statements of table `at`: 8 columns, an index on every second table, a foreign key on every third.
pub fn ddl(at: usize) -> Vec<String> {
    let name = table(at);
    let key = if at % 3 == 2 { format!(" REFERENCES {} (id)", table(at - 1)) } else { String::new() };
    let mut list = vec![format!(
        "CREATE TABLE {name} (id INTEGER PRIMARY KEY NOT NULL, name TEXT NOT NULL, email TEXT, age INTEGER NOT NULL DEFAULT 0, score REAL, payload BLOB, created_at INTEGER NOT NULL, parent_id INTEGER{key})"
    )];
    if at.is_multiple_of(2) {
        list.push(format!("CREATE INDEX idx_{name}_name ON {name} (name)"));
    }
    list
}

/// The same as one text.
pub fn script(at: usize) -> String {
    ddl(at).join(";\n") + ";\n"
}
