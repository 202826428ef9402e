//! A list of things to do, release after release, as `docs/tutorial.md` tells it.
//!
//! `tutorial RELEASE [TEXT]` is what that release does when it starts: it brings `todo.db` to its model, adds TEXT, and shows the list.

mod v1_0;
mod v1_1;
mod v1_2;
mod v2_0;
mod v2_1;
mod v3_0;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use schema_runtime::rusqlite::Connection;
use schema_runtime::{Report, Result};

/// A release: how it starts, how it adds a task, and how it shows all of them.
struct Release {
    start: fn(&Path) -> Result<Report>,
    add: &'static str,
    list: &'static str,
}

fn release(version: &str) -> Option<Release> {
    let (start, add, list): (fn(&Path) -> Result<Report>, _, _) = match version {
        "1.0" => (v1_0::start, v1_0::ADD, v1_0::LIST),
        "1.1" => (v1_1::start, v1_1::ADD, v1_1::LIST),
        "1.2" => (v1_2::start, v1_2::ADD, v1_2::LIST),
        "2.0" => (v2_0::start, v2_0::ADD, v2_0::LIST),
        "2.1" => (v2_1::start, v2_1::ADD, v2_1::LIST),
        "3.0" => (v3_0::start, v3_0::ADD, v3_0::LIST),
        _ => return None,
    };
    Some(Release { start, add, list })
}

fn run(release: &Release, text: Option<String>) -> std::result::Result<(), Box<dyn Error>> {
    let path = Path::new("todo.db");
    println!("{}", (release.start)(path)?);
    let conn = Connection::open(path)?;
    conn.execute_batch("PRAGMA foreign_keys = ON")?;
    if let Some(text) = text {
        conn.execute(release.add, [text])?;
    }
    let mut statement = conn.prepare(release.list)?;
    for line in statement.query_map([], |row| row.get::<_, String>(0))? {
        println!("- {}", line?);
    }
    Ok(())
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(release) = arguments.next().and_then(|version| release(&version)) else {
        eprintln!("usage: tutorial 1.0|1.1|1.2|2.0|2.1|3.0 [TEXT]");
        return ExitCode::FAILURE;
    };
    match run(&release, arguments.next()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Connection, release};

    const VERSIONS: [&str; 6] = ["1.0", "1.1", "1.2", "2.0", "2.1", "3.0"];

    /// What is in a new database of the one release, after a start of the other.
    fn listed(from: &str, to: &str) -> Vec<String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("todo.db");
        let [old, new] = [from, to].map(|version| release(version).expect("a release"));
        (old.start)(&path).unwrap_or_else(|error| panic!("{from}: {error}"));
        Connection::open(&path).expect("a database").execute(old.add, ["buy milk"]).expect("a task");
        (new.start)(&path).unwrap_or_else(|error| panic!("{from} to {to}: {error}"));
        let conn = Connection::open(&path).expect("a database");
        let mut statement = conn.prepare(new.list).expect("a query");
        statement.query_map([], |row| row.get(0)).expect("rows").collect::<Result<_, _>>().expect("texts")
    }

    #[test]
    fn each_release_goes_on_from_each_before_it() {
        for (at, to) in VERSIONS.iter().enumerate() {
            for from in &VERSIONS[..=at] {
                assert_eq!(listed(from, to), listed(to, to), "{from} to {to}");
            }
        }
    }
}
