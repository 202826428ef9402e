//! Makes the databases beside this folder anew, each with the library that its name says, from the migrations that lie beside it:
//! `cd tests/adoption/makers && cargo run`.

use std::fs;
use std::path::{Path, PathBuf};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The folder of a library, and its database, which is not there any more.
fn place(name: &str) -> Result<(PathBuf, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
    let database = folder.join("app.db");
    if database.exists() {
        fs::remove_file(&database)?;
    }
    Ok((folder.join("migrations"), database))
}

/// Small, and in one file.
fn vacuumed(database: &Path) -> Result<()> {
    let conn = rusqlite::Connection::open(database)?;
    conn.execute_batch("PRAGMA journal_mode = DELETE; PRAGMA page_size = 1024; VACUUM;")?;
    println!("{}: {} bytes", database.display(), fs::metadata(database)?.len());
    Ok(())
}

fn by_rusqlite_migration() -> Result<()> {
    use rusqlite_migration::{M, Migrations};
    let (folder, database) = place("rusqlite_migration")?;
    let names = ["001_create_person.sql", "002_add_rows.sql", "003_by_name.sql"];
    let texts = names.map(|name| fs::read_to_string(folder.join(name)));
    let texts = texts.into_iter().collect::<std::io::Result<Vec<_>>>()?;
    let migrations = Migrations::new(texts.iter().map(|text| M::up(text)).collect());
    migrations.to_latest(&mut rusqlite::Connection::open(&database)?)?;
    vacuumed(&database)
}

fn by_refinery() -> Result<()> {
    let (folder, database) = place("refinery")?;
    let migrations = refinery::load_sql_migrations(&folder)?;
    refinery::Runner::new(&migrations).run(&mut rusqlite::Connection::open(&database)?)?;
    vacuumed(&database)
}

fn by_sqlx() -> Result<()> {
    use sqlx::Connection;
    let (folder, database) = place("sqlx")?;
    tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&database).create_if_missing(true);
        let mut conn = sqlx::SqliteConnection::connect_with(&options).await?;
        sqlx::migrate::Migrator::new(folder).await?.run(&mut conn).await?;
        conn.close().await?;
        Ok::<(), sqlx::Error>(())
    })?;
    vacuumed(&database)
}

fn by_diesel() -> Result<()> {
    use diesel::Connection;
    use diesel_migrations::{FileBasedMigrations, MigrationHarness};
    let (folder, database) = place("diesel")?;
    let mut conn = diesel::SqliteConnection::establish(&database.to_string_lossy())?;
    conn.run_pending_migrations(FileBasedMigrations::from_path(folder)?)?;
    drop(conn);
    vacuumed(&database)
}

/// As people write it themselves.
fn by_hand() -> Result<()> {
    let (folder, database) = place("hand_rolled")?;
    let conn = rusqlite::Connection::open(&database)?;
    conn.execute_batch(
        "CREATE TABLE schema_versions (version TEXT PRIMARY KEY, description TEXT NOT NULL, checksum TEXT NOT NULL, \
         migrated DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP)",
    )?;
    for name in ["001_create_person.sql", "002_add_rows.sql", "003_by_name.sql"] {
        let text = fs::read_to_string(folder.join(name))?;
        conn.execute_batch(&text)?;
        let version = name.split('_').next().unwrap_or_default();
        conn.execute(
            "INSERT INTO schema_versions (version, description, checksum) VALUES (?1, ?2, ?3)",
            (version, format!("Migration {name}"), format!("{:x}", text.len())),
        )?;
    }
    drop(conn);
    vacuumed(&database)
}

fn main() -> Result<()> {
    by_rusqlite_migration()?;
    by_refinery()?;
    by_sqlx()?;
    by_diesel()?;
    by_hand()
}
