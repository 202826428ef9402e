//! A dashboard of test runs whose schema lives in numbered migrations, beside a few derived tables: three databases, three releases.
//!
//! Release 1.0 goes to dev, qa and prod; release 1.1 to dev and qa. Meanwhile prod needs a hotfix, which comes back into 1.1 with a number
//! below what dev and qa have; then prod gets 1.1 too. A migration in Rust makes an index in prod only.
//!
//! `cargo run --example dashboard [FOLDER]`: without a folder in a temporary one. Each start is a process of its own, as in a
//! deployment: `SCHEMA_ENV=qa SCHEMA_DB=qa.db cargo run --example dashboard -- start 1.1.0`.

mod code;
#[cfg(test)]
mod releases;
mod v1_0;
mod v1_1;

use std::error::Error;
use std::path::Path;
use std::process::{Command, ExitCode};

use schema_runtime::rusqlite::Connection;
use schema_runtime::{Environment, Event, Kind, Migrations, Migrator, Schema};

/// A release: its name, the numbers that its folder has, its model, and what was said of it when it was made.
struct Release {
    name: &'static str,
    numbers: &'static [u64],
    schema: &'static Schema,
    /// Its hotfix has a number below what some databases have already.
    out_of_order: bool,
}

const RELEASES: [Release; 5] = [
    Release { name: "1.0.0", numbers: &[30, 31], schema: &v1_0::SCHEMA, out_of_order: false },
    Release { name: "1.0.1", numbers: &[30, 31, 33], schema: &v1_0::SCHEMA, out_of_order: false },
    Release { name: "1.1.0", numbers: &[30, 31, 34, 35, 36, 37], schema: &v1_1::SCHEMA, out_of_order: false },
    Release {
        name: "1.1.1-rc",
        numbers: &[30, 31, 33, 34, 35, 36, 37],
        schema: &v1_1::SCHEMA,
        out_of_order: false,
    },
    Release {
        name: "1.1.1",
        numbers: &[30, 31, 33, 34, 35, 36, 37],
        schema: &v1_1::SCHEMA,
        out_of_order: true,
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments.as_slice() {
        ["start", release] => start(release),
        [folder] => deploy(Path::new(folder)),
        _ => tempfile::tempdir().map_err(Into::into).and_then(|folder| deploy(folder.path())),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// What a release does before it opens its database.
fn start(name: &str) -> Result<(), Box<dyn Error>> {
    let environment = Environment::read()?;
    let release = RELEASES.iter().find(|release| release.name == name).ok_or("there is no such release")?;
    // In a program this is one line: a release has the folder as it is. Here one folder stands for all of them.
    let all = schema_runtime::migrations!("dashboard/migrations")?;
    let its = |number: &str| number.parse().is_ok_and(|number: u64| release.numbers.contains(&number));
    let migrations = all.iter().cloned().chain(code::all()).filter(|migration| its(migration.version()));
    let mut migrator =
        Migrator::from_env(release.schema)?.migrations(Migrations::new(migrations)?).observer(tell);
    if release.out_of_order {
        migrator = migrator.out_of_order();
    }
    println!("{}: release {name} starts", environment.name.as_deref().unwrap_or("nowhere"));
    let report = migrator.run(environment.database("dashboard.db"))?;
    for warning in &report.warnings {
        println!("  warning: {warning}");
    }
    for applied in &report.applied {
        println!("  applied: {applied}");
    }
    println!("  {}", report.headline());
    Ok(())
}

/// The log, while it goes on.
fn tell(event: &Event) {
    match event {
        Event::Checking { .. } | Event::BackedUp { .. } | Event::Progress { .. } => println!("  {event}"),
        // The rest is in the report.
        _ => {}
    }
}

/// The way of the releases through the three environments.
fn deploy(folder: &Path) -> Result<(), Box<dyn Error>> {
    if ["dev", "qa", "prod"].iter().any(|name| folder.join(format!("{name}.db")).exists()) {
        return Err(format!("{} has databases; this example starts with new ones", folder.display()).into());
    }
    for name in ["dev", "qa", "prod"] {
        run(folder, name, "1.0.0", true)?;
        fill(folder, name)?;
    }

    println!("\nthe next release is tried, first in dev, then in qa");
    run(folder, "dev", "1.1.0", true)?;
    run(folder, "qa", "1.1.0", true)?;

    println!("\nmeanwhile prod needs a hotfix: migration 033");
    run(folder, "prod", "1.0.1", true)?;

    println!("\nit comes back, with a number below what dev has");
    run(folder, "dev", "1.1.1-rc", false)?;
    run(folder, "dev", "1.1.1", true)?;
    run(folder, "qa", "1.1.1", true)?;

    println!("\nthe release goes to prod, and everything restarts");
    run(folder, "prod", "1.1.1", true)?;
    for name in ["dev", "qa", "prod"] {
        run(folder, name, "1.1.1", true)?;
    }

    println!("\nwhat was applied where");
    for name in ["dev", "qa", "prod"] {
        let path = folder.join(format!("{name}.db"));
        let history = Migrator::new(&v1_1::SCHEMA).history(&path)?;
        let numbers = history.iter().filter(|row| row.kind == Kind::Numbered).map(|row| row.version.as_str());
        let index = "SELECT count(*) FROM sqlite_schema WHERE name = 'runs_by_time'";
        let indexes: i64 = Connection::open(&path)?.query_row(index, [], |row| row.get(0))?;
        let index = if indexes == 1 { ", with the index by time" } else { "" };
        println!("{name}: {}{index}", numbers.collect::<Vec<_>>().join(" "));
    }
    Ok(())
}

/// Starts a release as its server would: a process with an environment.
fn run(folder: &Path, name: &str, release: &str, well: bool) -> Result<(), Box<dyn Error>> {
    let status = Command::new(std::env::current_exe()?)
        .args(["start", release])
        .env("SCHEMA_ENV", name)
        .env("SCHEMA_DB", folder.join(format!("{name}.db")))
        .status()?;
    match status.success() == well {
        true => Ok(()),
        false => Err(format!("release {release} ended in {name} with {status}").into()),
    }
}

/// A few rows; prod has a run that never ended.
fn fill(folder: &Path, name: &str) -> Result<(), Box<dyn Error>> {
    let conn = Connection::open(folder.join(format!("{name}.db")))?;
    conn.execute_batch(
        "INSERT INTO apps VALUES (1, 'shop', 'git@example.org:shop'), (2, 'blog', 'git@example.org:blog');
        INSERT INTO nodes VALUES (1, 'eu-1.build.example'), (2, 'us-1.build.example');
        INSERT INTO test_runs VALUES (1, 1, 1, 'passed', '2026-01-10'), (2, 1, 2, 'failed', '2026-02-10'),
            (3, 2, 1, 'passed', '2026-02-11');
        INSERT INTO viewers VALUES (1, 'ada'), (2, 'alan');
        INSERT INTO tiles VALUES (1, 1, 1, 'shop'), (2, 1, 2, 'blog'), (3, 2, 1, 'shop');",
    )?;
    if name == "prod" {
        conn.execute("INSERT INTO test_runs VALUES (4, 2, 2, 'running', '2026-01-31')", [])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    mod v1_0 {
        schema_runtime::lints!(super::super::v1_0::SCHEMA, deny: warnings);
    }
    mod v1_1 {
        schema_runtime::lints!(super::super::v1_1::SCHEMA, deny: warnings);
    }
}
