//! Pairs of schemas made up by dice over the whole grammar, with rows: from one to the other and back, held to what `pair` proves.
//!
//! `SCHEMA_SEEDS` is the number of pairs, from the seed `SCHEMA_FIRST` on; `SCHEMA_SEED` is the one seed to try. A hundred thousand pairs:
//! `SCHEMA_SEEDS=100000 cargo test --release -p schema-tests random_schemas`.

mod back;
mod grammar;
mod lives;
mod make;
mod shrink;
mod written;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::Connection;
use schema_runtime::testing::{Dice, fill_roughly};
use schema_runtime::{ErrorKind, Migrator};

use crate::support::memory;
use crate::support::oracle::Alike;
use crate::support::pair::{End, HISTORY, Pair, Target, method, parse};
use grammar::Schema;
use make::Maker;

/// A pair and its rows.
#[derive(Clone, Debug)]
pub struct Trial {
    seed: u64,
    from: Schema,
    to: Schema,
    rows: u64,
    consent: bool,
}

/// Why a pair was not tried, or how it ended.
type Ended = Vec<String>;

impl Trial {
    fn new(seed: u64) -> Trial {
        let mut dice = Dice::new(seed);
        let mut maker = Maker::new(&mut dice);
        let from = maker.schema();
        let to = maker.evolve(&from);
        let rows = [0, 1, 2, 5, 9][dice.at(5)];
        Trial { seed, from, to, rows, consent: dice.one_in(3) }
    }

    /// The first schema with rows, some of which lack the columns that came later; and without rows.
    fn filled(&self) -> Option<(Connection, Connection)> {
        let (conn, fresh) = (memory::empty(), memory::empty());
        let [tables, late, rest] = self.from.parts();
        let mut dice = Dice::new(self.seed);
        for (at, part) in [tables, late, rest].into_iter().enumerate() {
            fresh.execute_batch(&part).ok()?;
            conn.execute_batch(&part).ok()?;
            if at != 1 && self.rows > 0 {
                let rows = if at == 0 { self.rows } else { 2 };
                fill_roughly(&conn, &memory::catalog(&conn), &mut dice, rows)
                    .unwrap_or_else(|err| panic!("{err}"));
            }
        }
        for object in &self.from.objects {
            let name = grammar::quoted(&object.name);
            let rows = if object.text.contains("fts5") {
                format!("INSERT INTO {name} VALUES ('one two', 'x'), ('three', NULL)")
            } else if object.text.contains("rtree") {
                format!("INSERT INTO {name} VALUES (1, 0, 5), (7, -2, 3)")
            } else {
                continue;
            };
            conn.execute_batch(&rows).expect("rows of a virtual table");
        }
        Some((conn, fresh))
    }

    /// # Errors
    /// What must not be.
    fn run(&self) -> Result<Ended, String> {
        let ended = |text: &str| Ok(vec![text.to_owned()]);
        let Some((mut conn, fresh)) = self.filled() else { return ended("no schema") };
        let from = Target::of(fresh);
        let Some(model) = from.model.clone() else { return ended("no model") };
        let adopted = Migrator::for_model(model).history_table(HISTORY).run_on(&mut conn);
        let report = adopted.map_err(|error| format!("the adoption of its own schema\n{error}"))?;
        if !report.plan.is_empty() {
            return Err(format!("its own schema is changed\n{report}"));
        }
        let plain = memory::empty();
        if plain.execute_batch(&self.to.sql(None)).is_err() {
            return ended("no schema");
        }
        let mut to = Target::of(plain);
        to.model = parse(&self.to.sql(Some(&self.from))).ok();
        if to.model.is_none() {
            return ended("no target");
        }
        let hints = self.to.hints(&self.from);
        let pair = Pair { filled: &conn, from: &from, to: &to, hints: &hints, consent: self.consent };
        match pair.run()? {
            End::Nothing => ended("nothing to do"),
            End::Rows { .. } => ended("rows refused"),
            End::Refused(error) if matches!(error.kind(), ErrorKind::Model | ErrorKind::Dependent) => {
                Ok(vec![format!("refused for {:?}", error.kind()), "refused".to_owned()])
            }
            End::Refused(error) => Err(format!("refused for {:?}\n{error}", error.kind())),
            End::Changed { plan, undone, alike } => Ok(vec![
                "changed".to_owned(),
                format!("by {}", method(&plan)),
                if undone { "undone" } else { "undo refused" }.to_owned(),
                if alike == Alike::Exactly { "same programs" } else { "same but for order" }.to_owned(),
            ]),
        }
    }

    fn tried(&self) -> Result<Ended, String> {
        caught(|| self.run())
    }

    /// The pair as a case.
    fn case(&self, fault: &str) -> String {
        let [tables, late, rest] = self.from.parts();
        let rows = self.filled().map(|(conn, _)| memory::everything(&conn)).unwrap_or_default();
        let rows: Vec<&str> = rows.lines().take(60).collect();
        format!(
            "--- seed {} with {} rows a table, consent: {}\n{fault}\n--- from\n{tables}{late}{rest}--- to\n{}--- rows\n{}\n",
            self.seed,
            self.rows,
            self.consent,
            self.to.sql(Some(&self.from)),
            rows.join("\n")
        )
    }
}

/// What came of the seeds, and how many there were.
struct Tally {
    total: u64,
    counts: BTreeMap<String, u64>,
}

impl Tally {
    fn of(&self, what: &str) -> u64 {
        self.counts.get(what).copied().unwrap_or(0)
    }
}

/// Tries each seed on all processors; `tried` hears whether a failure is among the first ones, which are enough to work on and may
/// take a while to describe. Fails with those that failed.
fn each_seed(seeds: u64, tried: impl Fn(u64, &dyn Fn() -> bool) -> Result<Ended, String> + Sync) -> Tally {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let (first, last) = match number("SCHEMA_SEED") {
        Some(seed) => (seed, seed),
        None => {
            let first = number("SCHEMA_FIRST").unwrap_or(1);
            (first, first + number("SCHEMA_SEEDS").unwrap_or(seeds) - 1)
        }
    };
    let next = AtomicU64::new(first);
    let counts = Mutex::new(BTreeMap::<String, u64>::new());
    let failures = Mutex::new(Vec::<(u64, String)>::new());
    let few = || failures.lock().expect("the failures").len() < 6;
    let work = || loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed > last {
            break;
        }
        match tried(seed, &few) {
            Ok(what) => {
                let mut counts = counts.lock().expect("the counts");
                for what in what {
                    *counts.entry(what).or_default() += 1;
                }
            }
            Err(case) => failures.lock().expect("the failures").push((seed, case)),
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    let counts = counts.into_inner().expect("the counts");
    let mut failures = failures.into_inner().expect("the failures");
    failures.sort();
    println!("{counts:?}");
    let seeds: Vec<u64> = failures.iter().map(|(seed, _)| *seed).collect();
    let shown: Vec<&str> = failures.iter().take(8).map(|(_, text)| text.as_str()).collect();
    assert!(failures.is_empty(), "{} failed: {seeds:?}\n\n{}", seeds.len(), shown.join("\n\n"));
    Tally { total: last - first + 1, counts }
}

/// Runs it; a panic is a fault.
fn caught(run: impl FnOnce() -> Result<Ended, String>) -> Result<Ended, String> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        Err(format!("a panic: {}", text.unwrap_or_else(|| "no text".to_owned())))
    })
}

#[test]
fn random_schemas_become_each_other_and_go_back() {
    let tally = each_seed(3000, |seed, few| {
        let trial = Trial::new(seed);
        trial.tried().map_err(|fault| if few() { shrink::shrink(&trial, fault) } else { fault })
    });
    // The generator must reach both ends.
    if tally.total >= 200 {
        assert!(
            tally.of("changed") * 3 > tally.total && tally.of("rows refused") * 30 > tally.total,
            "{:?}",
            tally.counts
        );
    }
}
