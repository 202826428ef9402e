//! A server of threads with a pool of rusqlite connections: migrated before the pool is opened, and once more while it is open.

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use r2d2_sqlite::SqliteConnectionManager;
use schema_runtime::{ColumnType, ErrorKind, Migrator, Outcome, Report, Schema, Table, schema};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;
type Pool = r2d2::Pool<SqliteConnectionManager>;

#[derive(ColumnType)]
enum State {
    Waiting,
    Done,
}

#[derive(Table)]
#[table(name = "jobs", index(columns(state)))]
struct Job {
    #[column(primary_key)]
    id: i64,
    kind: String,
    #[column(default = State::Waiting)]
    state: State,
}

const SCHEMA: Schema = schema! { version: "2.0.0", tables: [Job] };

fn start(path: &Path) -> Result<(Pool, Report)> {
    let report = Migrator::new(&SCHEMA).run(path)?;
    let manager = SqliteConnectionManager::file(path).with_init(|conn| {
        conn.execute_batch("PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000")
    });
    Ok((r2d2::Pool::builder().max_size(4).build(manager)?, report))
}

/// The next release, which a second process starts while the first still serves.
mod next {
    use super::*;

    #[derive(Table)]
    #[table(name = "jobs", index(columns(state)))]
    struct Job {
        #[column(primary_key)]
        id: i64,
        kind: String,
        #[column(default = State::Waiting)]
        state: State,
        #[column(default = 0)]
        attempts: u32,
    }

    pub const SCHEMA: Schema = schema! { version: "2.1.0", tables: [Job] };
}

fn count(pool: &Pool) -> Result<i64> {
    Ok(pool.get()?.query_row("SELECT count(*) FROM jobs WHERE state = 'waiting'", [], |row| row.get(0))?)
}

fn main() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("jobs.db");

    // The file as the program has made it until now, by SQL of its own.
    r2d2_sqlite::rusqlite::Connection::open(&path)?.execute_batch(
        "CREATE TABLE jobs (id INTEGER PRIMARY KEY, kind TEXT NOT NULL);
         INSERT INTO jobs (kind) VALUES ('mail'), ('report');",
    )?;

    let (pool, report) = start(&path)?;
    println!("{report}");
    assert_eq!(report.outcome, Outcome::Migrated);
    let insert = || pool.get()?.execute("INSERT INTO jobs (kind) VALUES ('mail')", []).map_err(Box::from);
    let inserted: Vec<Result<usize>> = std::thread::scope(|scope| {
        let workers = [(); 4].map(|()| scope.spawn(insert));
        workers.map(|worker| worker.join().expect("no panic")).into()
    });
    assert!(inserted.iter().all(Result::is_ok), "{inserted:?}");
    assert_eq!(count(&pool)?, 6);

    // A connection that writes makes a migration wait, and then fail; nothing has changed.
    let next = Migrator::new(&next::SCHEMA).lock_wait(Duration::from_millis(50));
    let mut writer = pool.get()?;
    let transaction = writer.transaction()?;
    transaction.execute("UPDATE jobs SET state = 'done' WHERE id = 1", [])?;
    let busy = next.run(&path).expect_err("a transaction is open");
    println!("{busy}");
    assert_eq!(busy.kind(), ErrorKind::Busy);
    transaction.commit()?;

    // One that reads does not: it goes on with the rows and the schema of before, until its transaction ends.
    let reading = writer.unchecked_transaction()?;
    let columns = "SELECT count(*) FROM pragma_table_info('jobs')";
    assert_eq!(reading.query_row(columns, [], |row| row.get::<_, i64>(0))?, 3);
    let report = next.run(&path)?;
    println!("{report}");
    assert_eq!(report.outcome, Outcome::Migrated);
    assert_eq!(reading.query_row(columns, [], |row| row.get::<_, i64>(0))?, 3);
    reading.commit()?;
    drop(writer);

    // The pool's connections see the new schema with their next statement, and the older program goes on, since nothing it uses is gone.
    assert_eq!(count(&pool)?, 5);
    pool.get()?.execute("UPDATE jobs SET attempts = attempts + 1", [])?;
    drop(pool);

    let (pool, report) = start(&path)?;
    println!("{report}");
    assert_eq!(report.outcome, Outcome::NewerDatabase);
    assert_eq!(count(&pool)?, 5);
    drop(pool);
    assert_eq!(next.run(&path)?.outcome, Outcome::UpToDate);

    // In memory, for tests: the pool's connections share one database.
    let pool = Pool::new(SqliteConnectionManager::memory())?;
    let mut conn = pool.get()?;
    assert_eq!(Migrator::new(&SCHEMA).run_on(&mut conn)?.outcome, Outcome::Created);
    assert_eq!(count(&pool)?, 0);
    Ok(())
}
