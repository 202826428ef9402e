//! A task server's database that follows its model: three versions of one program start after each other on one file.
//!
//! `v1`, `v2` and `v3` are the same module of the same program at three times: compare them to see what a developer
//! changed. Nobody wrote a migration.
//!
//! `cargo run --example task_orchestrator [PATH]`: without a path in a temporary folder. Exits with 1 if a row is lost.

mod proof;
#[cfg(test)]
mod releases;
mod seed;
mod store;
mod v1;
mod v2;
mod v3;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use schema_runtime::rusqlite::{Connection, params};
use schema_runtime::{ErrorKind, Event, FailurePolicy, Migrator, Outcome, Report, Schema};
use serde_json::json;

use crate::proof::Contents;

/// Every table of one version.
macro_rules! contents {
    ($version:ident, $conn:expr) => {
        Contents::default()
            .with::<$version::Task>($conn)?
            .with::<$version::Subtask>($conn)?
            .with::<$version::Dependency>($conn)?
            .with::<$version::Artifact>($conn)?
            .with::<$version::Activity>($conn)?
    };
}

fn main() -> ExitCode {
    let result = match std::env::args_os().nth(1) {
        Some(path) => run(Path::new(&path)),
        None => {
            tempfile::tempdir().map_err(Into::into).and_then(|folder| run(&folder.path().join("tasks.db")))
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(path: &Path) -> Result<(), Box<dyn Error>> {
    if path.exists() {
        return Err(format!("{} exists; this example starts with a new file", path.display()).into());
    }

    println!("version 1 starts for the first time");
    start(&v1::SCHEMA, path)?;
    let mut conn = open(path)?;
    seed::fill(&mut conn)?;
    let before = contents!(v1, &conn);
    let colors = colors(&conn)?;
    drop(conn);
    println!("{} rows inserted", before.count());

    println!("\nversion 1 restarts");
    start(&v1::SCHEMA, path)?;

    println!("\nversion 2 starts");
    start(&v2::SCHEMA, path)?;
    let conn = open(path)?;
    let after = contents!(v2, &conn);
    println!("{} rows are as they should be", after.prove(&as_version_2(before))?);
    block_a_task(&conn)?;
    let before = contents!(v2, &conn);
    drop(conn);

    println!("\nversion 3 starts");
    let report = start(&v3::SCHEMA, path)?;
    for note in &report.notes {
        println!("note: {note}");
    }
    let mut conn = open(path)?;
    let after = contents!(v3, &conn);
    println!("{} rows are as they should be", after.prove(&as_version_3(before))?);
    if self::colors(&conn)? != colors {
        return Err("the values of the retired column are not what they were".into());
    }
    search(&mut conn)?;
    drop(conn);

    println!("\nversion 3 restarts");
    start(&v3::SCHEMA, path)?;

    println!("\nversion 1 starts by mistake");
    match start(&v1::SCHEMA, path) {
        Err(error) if error.kind() == ErrorKind::NewerDatabase => println!("{error}"),
        Err(error) => return Err(error.into()),
        Ok(report) => return Err(format!("version 1 should have been refused: {report}").into()),
    }

    println!("\nsomebody changes an index by hand, and version 3 starts with the policy to go on as it is");
    open(path)?.execute_batch(
        "DROP INDEX idx_artifacts_task_id; CREATE INDEX idx_artifacts_task_id ON artifacts (task_id DESC)",
    )?;
    let report = Migrator::new(&v3::SCHEMA).on_failure(FailurePolicy::Continue).observer(tell).run(path)?;
    if report.outcome != Outcome::Degraded {
        return Err(format!("a change by hand should have been refused: {report}").into());
    }

    let conn = open(path)?;
    let rows = contents!(v3, &conn).prove(&after)?;
    println!("\nall {rows} rows are still there");
    Ok(())
}

/// What a program does before it opens its database: this is all of it.
fn start(schema: &'static Schema, path: &Path) -> schema_runtime::Result<Report> {
    Migrator::new(schema).observer(tell).run(path)
}

/// Logs, progress bars and notifications attach here.
fn tell(event: &Event) {
    match event {
        Event::Planned { .. } | Event::BackingUp { .. } => {}
        // The caller prints it.
        Event::Failed { .. } => {}
        Event::Step { .. } => println!("  {event}"),
        _ => println!("{event}"),
    }
}

fn open(path: &Path) -> Result<Connection, Box<dyn Error>> {
    let conn = Connection::open(path)?;
    conn.pragma_update(None, "foreign_keys", true)?;
    Ok(conn)
}

/// What version 2 should make of the rows of version 1.
fn as_version_2(rows: Contents) -> Contents {
    rows.expect("tasks", |task| {
        let created = task.remove("created").unwrap_or_default();
        task.insert("created_at".to_owned(), created);
        task.insert("schema_version".to_owned(), json!("1.0.0"));
    })
    .expect("subtasks", |subtask| {
        subtask.insert("schema_version".to_owned(), json!("1.0.0"));
    })
}

/// What version 3 should make of the rows of version 2.
fn as_version_3(rows: Contents) -> Contents {
    rows.expect("tasks", |task| {
        task.remove("color");
        task.remove("ticket");
        if task["assignee"].is_null() {
            task["assignee"] = json!("nobody");
        }
        let minutes = task["estimate"].as_str().and_then(|text| text.strip_suffix('m')?.parse::<u32>().ok());
        task["estimate"] = json!(minutes);
    })
}

/// Writes what version 1 could not: its CHECK did not know `blocked`.
fn block_a_task(conn: &Connection) -> Result<(), Box<dyn Error>> {
    conn.execute("UPDATE tasks SET status = ?1 WHERE id = 7", [v2::Status::Blocked])?;
    let task = store::all::<v2::Task>(conn)?.into_iter().find(|task| task.status == v2::Status::Blocked);
    match task {
        Some(task) => println!("task {} is blocked", task.slug),
        None => return Err("no task is blocked".into()),
    }
    Ok(())
}

/// Finds what was there before the index, and what its triggers added.
fn search(conn: &mut Connection) -> Result<(), Box<dyn Error>> {
    let transaction = conn.transaction()?;
    let mut task = store::all::<v3::Task>(&transaction)?.pop().ok_or("there is no task")?;
    (task.id, task.slug, task.title) = (10_001, "search".to_owned(), "Review the search".to_owned());
    store::insert(&transaction, &[task])?;
    let found = |words: &str| -> Result<i64, Box<dyn Error>> {
        let sql = "SELECT count(*) FROM tasks
            WHERE id IN (SELECT rowid FROM task_search WHERE task_search MATCH ?1)";
        Ok(transaction.query_row(sql, params![words], |row| row.get(0))?)
    };
    let (old, new) = (found("review")?, found("review search")?);
    println!("{old} tasks are about reviews, {new} about searches");
    if (old, new) != (121, 1) {
        return Err("the search found something else than it should".into());
    }
    transaction.rollback()?;
    Ok(())
}

/// The values of a column that version 3 no longer declares.
fn colors(conn: &Connection) -> Result<Vec<Option<String>>, Box<dyn Error>> {
    let mut statement = conn.prepare("SELECT color FROM tasks ORDER BY id")?;
    let colors = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(colors)
}

#[cfg(test)]
mod tests {
    mod v1 {
        schema_runtime::lints!(super::super::v1::SCHEMA, deny: warnings);
    }
    mod v2 {
        schema_runtime::lints!(super::super::v2::SCHEMA, deny: warnings);
    }
    mod v3 {
        schema_runtime::lints!(super::super::v3::SCHEMA, deny: warnings);
    }
}
