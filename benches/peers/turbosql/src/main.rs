//! turbosql: at a start it compares the texts of its migrations with a table. It sets pragmas of its own.
//!
//! It opens its database once in a process, so each sample is a process of its own. Its structs are compiled in: there is a
//! build for each number of tables, `PEER_TABLES`.

#[path = "../../common.rs"]
mod common;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use common::{Sampler, wipe};

#[allow(dead_code)]
mod structs {
    include!(concat!(env!("OUT_DIR"), "/structs.rs"));
}

fn main() {
    if let Some(path) = std::env::var_os("PEER_ONCE") {
        return once(Path::new(&path));
    }
    let sampler = Sampler::from_args("turbosql");
    assert_eq!(sampler.n.to_string(), env!("PEER_TABLES"), "built for another number of tables");
    sampler.sqlite(rusqlite::version());
    let path = sampler.path();
    wipe(&path);
    child(&path);
    if sampler.wants("start") {
        sampler.run("open, start, first query", sampler.samples, || child(&path).1);
    }
    if sampler.wants("create") {
        sampler.run("create", sampler.few(), || {
            wipe(&path);
            child(&path).0
        });
    }
    wipe(&path);
}

/// Opens and asks, and prints after how many nanoseconds each was done.
fn once(path: &Path) {
    turbosql::set_db_path(path).expect("a path");
    let began = Instant::now();
    turbosql::db_path();
    let opened = began.elapsed();
    let rows = turbosql::select!(i64 "count(*) FROM t0000 WHERE rowid = 1").expect("query");
    assert_eq!(rows, 0);
    println!("{} {}", opened.as_nanos(), began.elapsed().as_nanos());
}

fn child(path: &Path) -> (Duration, Duration) {
    let this = std::env::current_exe().expect("this program");
    let output = Command::new(this).env("PEER_ONCE", path).output().expect("a process");
    let text = String::from_utf8(output.stdout).expect("text");
    let found: Vec<u64> = text.split_whitespace().map(|it| it.parse().expect("a number")).collect();
    (Duration::from_nanos(found[0]), Duration::from_nanos(found[1]))
}
