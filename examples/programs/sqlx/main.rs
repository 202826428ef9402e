//! A program that queries by sqlx: the file is migrated before sqlx opens its pool, and once more while it is open.

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use schema_runtime::rusqlite::Connection;
use schema_runtime::{ColumnType, Migrator, Outcome, Report, Schema, Table, schema};
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[derive(ColumnType, sqlx::Type, Debug, PartialEq)]
#[sqlx(rename_all = "snake_case")]
enum Plan {
    Free,
    Paid,
}

/// One struct is the table, and the row that sqlx reads.
#[derive(Table, sqlx::FromRow, Debug, PartialEq)]
#[table(name = "accounts")]
struct Account {
    #[column(primary_key)]
    id: i64,
    #[column(unique)]
    email: String,
    #[column(default = Plan::Free)]
    plan: Plan,
}

const SCHEMA: Schema = schema! { version: "2.0.0", tables: [Account] };

async fn start(path: &Path) -> Result<(SqlitePool, Report)> {
    let file = path.to_owned();
    let report = tokio::task::spawn_blocking(move || Migrator::new(&SCHEMA).run(file)).await??;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .busy_timeout(Duration::from_secs(5));
    Ok((SqlitePool::connect_with(options).await?, report))
}

/// The columns by name: sqlx does not see a column that comes while its connection is open.
const ACCOUNTS: &str = "SELECT id, email, plan FROM accounts ORDER BY id";

/// The next release, which a second process starts while the first still serves.
mod next {
    use super::{Plan, Schema, Table, schema};

    #[derive(Table)]
    #[table(name = "accounts")]
    struct Account {
        #[column(primary_key)]
        id: i64,
        #[column(unique)]
        email: String,
        #[column(default = Plan::Free)]
        plan: Plan,
        name: Option<String>,
    }

    pub const SCHEMA: Schema = schema! { version: "2.1.0", tables: [Account] };
}

/// For tests: the database is in memory for as long as the connection is open, and has a name by which sqlx finds it.
async fn in_memory(name: &str) -> Result<(Connection, SqlitePool)> {
    let uri = format!("file:{name}?mode=memory&cache=shared");
    let mut conn = Connection::open(&uri)?;
    Migrator::new(&SCHEMA).run_on(&mut conn)?;
    let options = SqliteConnectOptions::new().filename(&uri);
    Ok((conn, SqlitePoolOptions::new().max_connections(1).connect_with(options).await?))
}

#[tokio::main]
async fn main() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("accounts.db");

    // The file as the program has made it until now, by SQL of its own.
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let pool = SqlitePool::connect_with(options).await?;
    sqlx::query("CREATE TABLE accounts (id INTEGER PRIMARY KEY, email TEXT NOT NULL)").execute(&pool).await?;
    sqlx::query("INSERT INTO accounts (email) VALUES ('ada@example.org')").execute(&pool).await?;
    pool.close().await;

    let (pool, report) = start(&path).await?;
    println!("{report}");
    assert_eq!(report.outcome, Outcome::Migrated);
    sqlx::query("INSERT INTO accounts (email, plan) VALUES (?, ?)")
        .bind("bob@example.org")
        .bind(Plan::Paid)
        .execute(&pool)
        .await?;
    let account = |id, email: &str, plan| Account { id, email: email.to_owned(), plan };
    let expected = [account(1, "ada@example.org", Plan::Free), account(2, "bob@example.org", Plan::Paid)];
    assert_eq!(sqlx::query_as::<_, Account>(ACCOUNTS).fetch_all(&pool).await?, expected);

    let file = path.clone();
    let report = tokio::task::spawn_blocking(move || Migrator::new(&next::SCHEMA).run(file)).await??;
    println!("{report}");
    assert_eq!(report.outcome, Outcome::Migrated);
    assert_eq!(sqlx::query_as::<_, Account>(ACCOUNTS).fetch_all(&pool).await?, expected);
    pool.close().await;
    // The last connection that closes takes the write-ahead log into the file.
    assert!(!folder.path().join("accounts.db-wal").exists());

    let (pool, report) = start(&path).await?;
    println!("{report}");
    assert_eq!(report.outcome, Outcome::NewerDatabase);
    assert_eq!(sqlx::query_as::<_, Account>(ACCOUNTS).fetch_all(&pool).await?, expected);
    pool.close().await;

    let (_conn, pool) = in_memory("a_test").await?;
    assert_eq!(sqlx::query_as::<_, Account>(ACCOUNTS).fetch_all(&pool).await?, []);
    sqlx::query("INSERT INTO accounts (email) VALUES ('ada@example.org')").execute(&pool).await?;
    assert_eq!(sqlx::query_as::<_, Account>(ACCOUNTS).fetch_all(&pool).await?.len(), 1);
    Ok(())
}
