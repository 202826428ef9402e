//! One piece of the engine's work and nothing beside it, for a profiler, or for one that counts instructions.
//!
//! `count prepare|start|complete|plan|create|change|one N FOLDER`: the work is done once, between the files that `prepare` makes.

use std::path::PathBuf;

use schema_benches::common;
use schema_benches::model::{More, migrator};
use schema_runtime::Outcome;
use schema_runtime::rusqlite::Connection;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut list = std::env::args().skip(1);
    let mut next = || list.next().ok_or("usage: count prepare|start|complete|plan|create|change|one N FOLDER");
    let (what, n, folder) = (next()?, next()?.parse()?, PathBuf::from(next()?));
    let path = folder.join(format!("count_{n}.db"));
    match what.as_str() {
        "prepare" => {
            std::fs::create_dir_all(&folder)?;
            common::wipe(&path);
            migrator(n, More::Nowhere).run(&path)?;
        }
        "start" | "complete" => {
            let mut conn = Connection::open(&path)?;
            let mut migrator = migrator(n, More::Nowhere);
            if what == "complete" {
                migrator = migrator.complete_check();
            }
            for _ in 0..1000 {
                assert_eq!(migrator.run_on(&mut conn)?.outcome, Outcome::UpToDate);
            }
        }
        "plan" => {
            let migrator = migrator(n, More::InOne).dry_run(true);
            for _ in 0..10 {
                assert_eq!(migrator.run(&path)?.outcome, Outcome::PlannedOnly);
            }
        }
        "create" => {
            let mut conn = Connection::open_in_memory()?;
            assert_eq!(migrator(n, More::Nowhere).run_on(&mut conn)?.outcome, Outcome::Created);
        }
        "change" | "one" => {
            let more = if what == "one" { More::InOne } else { More::Everywhere };
            let mut conn = Connection::open(&path)?;
            assert_eq!(migrator(n, more).run_on(&mut conn)?.outcome, Outcome::Migrated);
        }
        other => return Err(format!("unknown work {other}").into()),
    }
    Ok(())
}
