//! One change of a large table, as it is measured beside programs of other languages: eight columns, one index, about 100 bytes a row.

use std::path::Path;
use std::time::{Duration, Instant};

use schema_runtime::rusqlite::{Connection, backup::Backup};
use schema_runtime::{BackupPolicy, Migrator, Model, ModelOptions};

use crate::Result;
use crate::common::wipe;

/// The cases that other programs have too.
pub const CHANGES: [&str; 3] = ["add column", "set NOT NULL", "change type"];
/// What is measured of memory: the changes, a CHECK, an index, and a backup with its verification.
pub const ALL: [&str; 6] =
    ["add column", "set NOT NULL", "change type", "add CHECK", "create index", "backup"];

const COLUMNS: &str = "id INTEGER PRIMARY KEY NOT NULL, name TEXT NOT NULL, email TEXT, age INTEGER, score REAL, \
     payload BLOB, created_at INTEGER NOT NULL, parent_id INTEGER";
const INDEX: &str = "CREATE INDEX idx_t_name ON t (name);";
const PRAGMAS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;";

/// The schema before a case (the empty one) and after it.
fn schema(case: &str) -> String {
    let change = |from: &str, to: &str| format!("CREATE TABLE t ({}); {INDEX}", COLUMNS.replace(from, to));
    match case {
        "add column" => change("parent_id INTEGER", "parent_id INTEGER, extra INTEGER NOT NULL DEFAULT 0"),
        "set NOT NULL" => change("age INTEGER", "age INTEGER NOT NULL"),
        "change type" => change("age INTEGER", "age TEXT"),
        "add CHECK" => change("parent_id INTEGER", "parent_id INTEGER, CONSTRAINT old CHECK (age >= 0)"),
        "create index" => change("", "") + " CREATE INDEX idx_t_email ON t (email);",
        _ => change("", ""),
    }
}

fn migrator(case: &str) -> Result<Migrator> {
    let version = if case.is_empty() { "1" } else { "2" };
    let text = format!("-- schema: version({version})\n{}", schema(case));
    let model = Model::from_sql(&text, "model.sql", "main", &ModelOptions::new())?;
    Ok(Migrator::for_model(model).backup(BackupPolicy::Never).no_time_limit().allow("L103"))
}

/// A database of `rows` rows, with its history, in WAL mode and closed.
pub fn make(path: &Path, rows: u64) -> Result<()> {
    wipe(path);
    let conn = Connection::open(path)?;
    conn.execute_batch(PRAGMAS)?;
    conn.execute_batch(&format!(
        "BEGIN; CREATE TABLE t ({COLUMNS});
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {rows})
         INSERT INTO t SELECT i, printf('user%016x', i * 7046029254386353131), 'm' || (i * 7919 % 1000003) || '@example.org',
             i % 90, i * 0.25, randomblob(32), 1700000000 + i, i / 2 FROM n;
         {INDEX} COMMIT;"
    ))?;
    drop(conn);
    migrator("")?.run(path)?;
    Ok(())
}

/// The engine, from an open file to after its connection is closed. A backup goes to `backups` and is removed.
pub fn engine(path: &Path, case: &str, backups: &Path) -> Result<Duration> {
    let migrator = migrator(case)?.backup_dir(backups);
    let began = Instant::now();
    if case == "backup" {
        migrator.back_up(path)?;
    } else {
        migrator.run(path)?;
    }
    let took = began.elapsed();
    let _ = std::fs::remove_dir_all(backups);
    Ok(took)
}

/// The raw form, likewise: what SQLite has for it, or its documentation. SQLite: <https://www.sqlite.org/lang_altertable.html>.
pub fn raw(path: &Path, case: &str, backups: &Path) -> Result<Duration> {
    let conn = Connection::open(path)?;
    conn.execute_batch(PRAGMAS)?;
    let began = Instant::now();
    match case {
        "open" => drop(conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))?),
        "add column" => conn.execute_batch("ALTER TABLE t ADD COLUMN extra INTEGER NOT NULL DEFAULT 0")?,
        "set NOT NULL" => conn.execute_batch("ALTER TABLE t ALTER COLUMN age SET NOT NULL")?,
        "set NOT NULL by copying" => rebuild(&conn, "set NOT NULL")?,
        "change type" => rebuild(&conn, case)?,
        "add CHECK" => conn.execute_batch("ALTER TABLE t ADD CONSTRAINT old CHECK (age >= 0)")?,
        "create index" => conn.execute_batch("CREATE INDEX idx_t_email ON t (email)")?,
        "backup" => {
            std::fs::create_dir_all(backups)?;
            let mut copy = Connection::open(backups.join("copy.db"))?;
            Backup::new(&conn, &mut copy)?.step(-1)?;
            drop(copy);
            let took = began.elapsed();
            std::fs::remove_dir_all(backups)?;
            return Ok(took);
        }
        other => return Err(format!("unknown case {other}").into()),
    }
    drop(conn);
    Ok(began.elapsed())
}

fn rebuild(conn: &Connection, case: &str) -> Result<()> {
    let table = schema(case).replace("TABLE t (", "TABLE new_t (").replace(INDEX, "");
    Ok(conn.execute_batch(&format!(
        "PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE; {table} INSERT INTO new_t SELECT * FROM t; DROP TABLE t;
         ALTER TABLE new_t RENAME TO t; {INDEX} PRAGMA foreign_key_check(t); COMMIT;"
    ))?)
}

/// A copy of `from` at `to`, without the files beside either, and synced.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    wipe(to);
    std::fs::copy(from, to)?;
    Ok(std::fs::File::open(to)?.sync_all()?)
}
