//! A program of tasks: the start runs on a thread where it may block, and a signal to shut down ends it.

use std::error::Error;
use std::path::Path;

use schema_runtime::rusqlite::Connection;
use schema_runtime::{Cancel, ErrorKind, Migrator, Outcome, Report, Schema, Table, schema};
use tokio::sync::watch;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[derive(Table)]
#[table(name = "visits", index(columns(at)))]
struct Visit {
    #[column(primary_key)]
    id: i64,
    at: String,
    #[column(default = "")]
    page: String,
}

const SCHEMA: Schema = schema! { version: "2.0.0", tables: [Visit] };

/// Migrates, unless `shutdown` comes first: then the file is as before.
async fn migrate(path: &Path, mut shutdown: watch::Receiver<bool>) -> Result<Report> {
    let cancel = Cancel::new();
    let migrator = Migrator::new(&SCHEMA).cancel(cancel.clone()).observer(|event| println!("{event}"));
    let path = path.to_owned();
    let mut run = tokio::task::spawn_blocking(move || migrator.run(path));
    let result = tokio::select! {
        result = &mut run => result?,
        // A thread cannot be aborted as a task can: the handle stops it, and its end is waited for.
        Ok(_) = shutdown.wait_for(|shut| *shut) => {
            cancel.cancel();
            run.await?
        }
    };
    Ok(result?)
}

/// A query where it may block.
async fn pages(path: &Path) -> Result<String> {
    let path = path.to_owned();
    let query = move || {
        let conn = Connection::open(path)?;
        conn.query_row("SELECT group_concat(at || page, ' ') FROM visits", [], |row| row.get(0))
    };
    Ok(tokio::task::spawn_blocking(query).await??)
}

#[tokio::main]
async fn main() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("visits.db");

    // The file as the program has made it until now, by SQL of its own.
    let mut other = Connection::open(&path)?;
    other.execute_batch(
        "CREATE TABLE visits (id INTEGER PRIMARY KEY, at TEXT NOT NULL);
         INSERT INTO visits (at) VALUES ('monday'), ('tuesday');",
    )?;

    // Another program writes, the start waits for it, and a signal comes. In a server this task waits for `tokio::signal::ctrl_c`.
    let (signal, shutdown) = watch::channel(false);
    let transaction = other.transaction()?;
    transaction.execute("INSERT INTO visits (at) VALUES ('never')", [])?;
    let start = migrate(&path, shutdown.clone());
    let (result, _) = tokio::join!(start, async { signal.send(true) });
    let error = result.expect_err("stopped");
    let kind = error.downcast_ref::<schema_runtime::Error>().map(schema_runtime::Error::kind);
    assert_eq!(kind, Some(ErrorKind::Cancelled));
    transaction.rollback()?;

    // It starts again.
    let (_signal, shutdown) = watch::channel(false);
    let report = migrate(&path, shutdown.clone()).await?;
    assert_eq!(report.outcome, Outcome::Migrated);
    assert_eq!(pages(&path).await?, "monday tuesday");
    other.execute("UPDATE visits SET page = '/' WHERE at = 'monday'", [])?;
    assert_eq!(pages(&path).await?, "monday/ tuesday");

    let report = migrate(&path, shutdown).await?;
    assert_eq!(report.outcome, Outcome::UpToDate);
    Ok(())
}
