//! A program that keeps one connection of rusqlite: what it sets on it stays set, and what it registers is there for the model.
//!
//! A start that cannot migrate opens the file to be read only, so that its user still sees the data and can mend it.

use std::error::Error;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use schema_runtime::{FailurePolicy, Migrator, Outcome, Report, Schema, Table, schema};

#[derive(Table)]
#[table(name = "notes", index(columns(expr = "slug(title)"), name = "notes_by_slug"))]
struct Note {
    #[column(primary_key)]
    id: i64,
    title: String,
    #[column(default = false)]
    pinned: bool,
}

const SCHEMA: Schema = schema! { version: "2.0.0", tables: [Note] };

/// The functions that the program's SQL and its model use.
fn register(conn: &Connection) -> rusqlite::Result<()> {
    let flags =
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    conn.create_scalar_function("slug", 1, flags, |context| {
        Ok(context.get::<Option<String>>(0)?.map(|title| title.to_lowercase().replace(' ', "-")))
    })
}

fn open(path: &Path) -> Result<(Connection, Report), Box<dyn Error + Send + Sync>> {
    let mut conn = Connection::open(path)?;
    conn.execute_batch("PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON")?;
    register(&conn)?;
    let report = Migrator::new(&SCHEMA)
        .connection(register) // for the scratch copies
        .on_failure(FailurePolicy::ReadOnly)
        .run_on(&mut conn)?;
    Ok((conn, report))
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("notes.db");

    // The file as the program has made it until now, by SQL of its own.
    Connection::open(&path)?.execute_batch(
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, title TEXT);
         INSERT INTO notes (title) VALUES ('Buy Milk'), (NULL);",
    )?;

    // The model wants a title of every note, and one has none.
    let (conn, report) = open(&path)?;
    println!("{report}");
    assert_eq!(report.outcome, Outcome::Degraded);
    let notes: i64 = conn.query_row("SELECT count(*) FROM notes", [], |row| row.get(0))?;
    assert_eq!(notes, 2);
    let refused = conn.execute("DELETE FROM notes", []).expect_err("it is open to be read only");
    println!("writing: {refused}");
    drop(conn);

    // Its user gives it one.
    Connection::open(&path)?.execute("UPDATE notes SET title = 'Untitled' WHERE title IS NULL", [])?;
    let (conn, report) = open(&path)?;
    println!("{report}");
    assert_eq!(report.outcome, Outcome::Migrated);
    let foreign_keys: bool = conn.query_row("PRAGMA foreign_keys", [], |row| row.get(0))?;
    assert!(foreign_keys);
    conn.execute("INSERT INTO notes (title, pinned) VALUES ('Call Back', TRUE)", [])?;
    let title: String =
        conn.query_row("SELECT title FROM notes WHERE slug(title) = 'call-back' AND pinned", [], |row| {
            row.get(0)
        })?;
    assert_eq!(title, "Call Back");
    drop(conn);

    let (conn, report) = open(&path)?;
    println!("{report}");
    assert_eq!(report.outcome, Outcome::UpToDate);
    let notes: i64 = conn.query_row("SELECT count(*) FROM notes", [], |row| row.get(0))?;
    assert_eq!(notes, 3);
    Ok(())
}
