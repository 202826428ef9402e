//! Histories of real programs: from every version to others, with rows, and back.
//!
//! A version that refers to tables which are not there (renames of upstream left some of `memos` and `pihole_gravity` so) is no target, and
//! counted as that; changes begin from it all the same. Where rows are refused, those at fault are taken out until the change goes on.
//!
//! `SCHEMA_PAIRS` is the number of random pairs of each history, 20 by default; `SCHEMA_HISTORY` is the one history to go
//! through. The files are those of the shared folder, as in `corpus`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Mutex;

use rusqlite::Connection;
use schema_runtime::testing::{Dice, fill_roughly};
use schema_runtime::{Migrator, Model};

use crate::corpus::shared;
use crate::support::carry::Hints;
use crate::support::memory;
use crate::support::oracle::Alike;
use crate::support::pair::{End, HISTORY, Pair, Target, method};

/// Rows in a table.
const ROWS: u64 = 50;

/// Pairs that are tried one after another; the processors share the batches.
const BATCH: usize = 16;

/// A version of a history; what is made of it is made when it is asked for.
struct Version {
    fresh: Connection,
    target: Option<Rc<Target>>,
    filled: Option<Connection>,
}

/// A history, and what came of its pairs.
struct History {
    name: String,
    versions: Vec<Version>,
    outcome: Outcome,
}

#[derive(Default)]
struct Outcome {
    versions: usize,
    counts: BTreeMap<String, u32>,
    failures: Vec<String>,
    /// Tables that the generator of rows could not fill.
    short: Vec<String>,
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|err| panic!("{}: {err}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

impl History {
    fn read(folder: &Path) -> History {
        let conn = memory::empty();
        conn.execute_batch("PRAGMA foreign_keys = OFF").expect("a pragma");
        let mut versions = Vec::new();
        for path in sorted(folder) {
            let sql = std::fs::read_to_string(&path).expect("a text");
            conn.execute_batch(&sql).unwrap_or_else(|err| panic!("{}: {err}", path.display()));
            versions.push(Version { fresh: memory::copy_of(&conn), target: None, filled: None });
        }
        let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
        let outcome = Outcome { versions: versions.len(), ..Outcome::default() };
        History { name, versions, outcome }
    }

    fn count(&mut self, what: &str) {
        *self.outcome.counts.entry(what.to_owned()).or_default() += 1;
    }

    fn target(&mut self, at: usize) -> Rc<Target> {
        let version = &mut self.versions[at];
        let made = || Rc::new(Target::of(memory::copy_of(&version.fresh)));
        Rc::clone(version.target.get_or_insert_with(made))
    }

    /// The version with rows, all of it the model's own.
    fn filled(&mut self, at: usize) -> Connection {
        if self.versions[at].filled.is_none() {
            let conn = memory::copy_of(&self.versions[at].fresh);
            let mut dice = Dice::new(at as u64 + 1);
            let short = fill_roughly(&conn, &memory::catalog(&conn), &mut dice, ROWS);
            for table in short.unwrap_or_else(|err| panic!("{err}")) {
                if !self.outcome.short.contains(&table) {
                    self.outcome.short.push(table);
                }
            }
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("app.db");
            memory::save(&conn, &path);
            drop(conn);
            let model = Model::empty("main");
            Migrator::for_model(model)
                .history_table(HISTORY)
                .baseline(&path)
                .unwrap_or_else(|err| panic!("{}: {err}", self.name));
            self.versions[at].filled = Some(memory::load(&path));
        }
        memory::copy_of(self.versions[at].filled.as_ref().expect("filled"))
    }

    /// One pair; where its rows stand in the way, again without the rows at fault.
    fn try_pair(&mut self, from: usize, to: usize) {
        let (old, new) = (self.target(from), self.target(to));
        if new.model.is_none() {
            self.count("no target");
            return;
        }
        let mut filled = self.filled(from);
        let hints = Hints::default();
        // Each round empties a table at least.
        for round in 0..8 {
            let pair = Pair { filled: &filled, from: &old, to: &new, hints: &hints, consent: round > 0 };
            match pair.run() {
                Ok(End::Nothing) => self.count("nothing to do"),
                Ok(End::Changed { plan, undone, alike }) => {
                    self.count("changed");
                    self.count(&format!("by {}", method(&plan)));
                    self.count(if undone { "undone" } else { "undo refused" });
                    self.count(if alike == Alike::Exactly { "same programs" } else { "same but for order" });
                }
                Ok(End::Rows { tables, .. }) => {
                    self.count("rows refused");
                    empty_tables(&filled, if round > 0 { &tables } else { &[] });
                    continue;
                }
                Ok(End::Refused(error)) => {
                    self.outcome.failures.push(format!(
                        "{} {from} to {to}: refused for {:?}\n{error}",
                        self.name,
                        error.kind()
                    ));
                }
                Err(text) => self
                    .outcome
                    .failures
                    .push(format!("{} {from} to {to} (round {round}): {text}", self.name)),
            }
            filled = memory::empty();
            break;
        }
        drop(filled);
    }
}

impl Outcome {
    fn add(&mut self, other: Outcome) {
        for (what, count) in other.counts {
            *self.counts.entry(what).or_default() += count;
        }
        self.versions = other.versions;
        self.failures.extend(other.failures);
        self.short.extend(other.short);
        self.short.sort();
        self.short.dedup();
    }
}

/// Every step, from the first to the last and back, and random ones.
fn pairs(versions: usize, random: u64) -> Vec<(usize, usize)> {
    let last = versions - 1;
    let mut pairs: Vec<(usize, usize)> = (0..last).map(|from| (from, from + 1)).collect();
    pairs.extend([(0, last), (last, 0)]);
    let mut dice = Dice::new(versions as u64);
    // Of different versions: another one than `from`, each as likely.
    pairs.extend((0..random).map(|_| {
        let (from, other) = (dice.at(versions), dice.at(last));
        (from, if other < from { other } else { other + 1 })
    }));
    pairs
}

/// A folder and some of its pairs.
type Batch = (PathBuf, Vec<(usize, usize)>);

/// All batches, by as many threads as there are processors; the histories in the order of their names.
fn run(batches: Vec<Batch>) -> BTreeMap<String, Outcome> {
    let done = Mutex::new(BTreeMap::<String, Outcome>::new());
    let queue = Mutex::new(batches);
    let work = || loop {
        let Some((folder, pairs)) = queue.lock().expect("the queue").pop() else { break };
        let mut history = History::read(&folder);
        for (from, to) in pairs {
            history.try_pair(from, to);
        }
        done.lock().expect("the results").entry(history.name).or_default().add(history.outcome);
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    done.into_inner().expect("the results")
}

/// Without these tables' rows, and without those that referred to them.
fn empty_tables(conn: &Connection, tables: &[String]) {
    use rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER;
    conn.execute_batch("PRAGMA foreign_keys = OFF").expect("a pragma");
    conn.set_db_config(SQLITE_DBCONFIG_ENABLE_TRIGGER, false).expect("triggers off");
    for table in tables {
        let sql = format!("DELETE FROM main.{}", schema_sql::quote_ident(table));
        conn.execute_batch(&sql).unwrap_or_else(|err| panic!("{sql}: {err}"));
    }
    let orphans = "SELECT DISTINCT \"table\" FROM pragma_foreign_key_check";
    while let Ok(found) = memory::lines(conn, orphans) {
        if found.is_empty() {
            break;
        }
        for table in found {
            let name = schema_sql::quote_ident(table.trim_matches('\''));
            let sql = format!(
                "DELETE FROM main.{name} WHERE rowid IN (SELECT rowid FROM pragma_foreign_key_check({}))",
                schema_sql::quote_str(table.trim_matches('\''))
            );
            if conn.execute_batch(&sql).is_err() {
                conn.execute_batch(&format!("DELETE FROM main.{name}")).expect("a deletion");
            }
        }
    }
    conn.set_db_config(SQLITE_DBCONFIG_ENABLE_TRIGGER, true).expect("triggers on");
}

#[test]
fn every_history_goes_from_every_version_to_others_and_back() {
    let Some(shared) = shared() else { return };
    let random = std::env::var("SCHEMA_PAIRS").ok().and_then(|text| text.parse().ok()).unwrap_or(20);
    let only = std::env::var("SCHEMA_HISTORY").ok();
    let mut batches = Vec::new();
    for folder in sorted(&shared.join("corpus/histories")) {
        if only.as_ref().is_none_or(|only| folder.ends_with(only)) {
            let pairs = pairs(sorted(&folder).len(), random);
            batches.extend(pairs.chunks(BATCH).map(|pairs| (folder.clone(), pairs.to_vec())));
        }
    }
    let (mut failures, mut changed) = (Vec::new(), 0);
    for (name, history) in run(batches) {
        let counts: Vec<String> =
            history.counts.iter().map(|(what, count)| format!("{what} {count}")).collect();
        println!("{name}: {} versions; {}", history.versions, counts.join(", "));
        if !history.short.is_empty() {
            failures.push(format!("{name}: fewer than {ROWS} rows in {}", history.short.join(", ")));
        }
        changed += history.counts.get("changed").copied().unwrap_or(0);
        failures.extend(history.failures);
    }
    let shown: Vec<&str> = failures.iter().take(10).map(String::as_str).collect();
    assert!(failures.is_empty(), "{} failures\n\n{}", failures.len(), shown.join("\n\n"));
    assert!(changed > 0);
}
