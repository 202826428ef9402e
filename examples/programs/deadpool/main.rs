//! A program of tasks with deadpool's pool of rusqlite connections: the pool is made first, and its first connection migrates.

use std::error::Error;
use std::path::Path;

use deadpool_sqlite::{Config, Pool, Runtime};
use schema_runtime::{Migrator, Outcome, Report, Schema, Table, schema};

#[derive(Table)]
#[table(name = "readings", index(columns(sensor, taken_at)))]
struct Reading {
    #[column(primary_key)]
    id: i64,
    sensor: String,
    #[column(renamed_from = "at")]
    taken_at: String,
    celsius: Option<f64>,
}

const SCHEMA: Schema = schema! { version: "2.0.0", tables: [Reading] };

async fn start(path: &Path) -> Result<(Pool, Report), Box<dyn Error>> {
    let pool = Config::new(path).create_pool(Runtime::Tokio1)?;
    // `interact` calls it on a thread where it may block.
    let report = pool.get().await?.interact(|conn| Migrator::new(&SCHEMA).run_on(conn)).await??;
    Ok((pool, report))
}

async fn record(pool: Pool, sensor: String) -> Result<usize, String> {
    let conn = pool.get().await.map_err(|error| error.to_string())?;
    let insert = "INSERT INTO readings (sensor, taken_at, celsius) VALUES (?1, '2030-01-01', 20.5)";
    let inserted = conn.interact(move |conn| conn.execute(insert, [sensor])).await;
    inserted.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("readings.db");

    // The file as the program has made it until now, by SQL of its own.
    schema_runtime::rusqlite::Connection::open(&path)?.execute_batch(
        "CREATE TABLE readings (id INTEGER PRIMARY KEY, sensor TEXT NOT NULL, at TEXT NOT NULL);
         INSERT INTO readings (sensor, at) VALUES ('attic', '2029-12-31');",
    )?;

    let (pool, report) = start(&path).await?;
    println!("{report}");
    assert_eq!(report.outcome, Outcome::Migrated);
    let tasks: Vec<_> =
        (0..8).map(|number| tokio::spawn(record(pool.clone(), format!("room {number}")))).collect();
    for task in tasks {
        assert_eq!(task.await?, Ok(1));
    }
    let sql = "SELECT count(*), min(taken_at), max(taken_at) FROM readings";
    let rows: (i64, String, String) = pool
        .get()
        .await?
        .interact(move |conn| conn.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))))
        .await??;
    assert_eq!(rows, (9, "2029-12-31".to_owned(), "2030-01-01".to_owned()));
    pool.close();

    let (pool, report) = start(&path).await?;
    println!("{report}");
    assert_eq!(report.outcome, Outcome::UpToDate);
    pool.close();
    Ok(())
}
