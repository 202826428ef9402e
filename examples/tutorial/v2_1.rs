//! Release 2.1: lists are a table of their own.

use std::path::Path;

use schema_runtime::{Migration, MigrationContext, MigrationResult, Migrations};
use schema_runtime::{Migrator, Report, Result, Schema, Table, schema};

#[derive(Table)]
struct List {
    #[column(primary_key)]
    id: i64,
    #[column(unique)]
    name: String,
}

#[derive(Table)]
#[table(index(columns(done, priority)))]
struct Task {
    #[column(primary_key)]
    id: i64,
    #[column(renamed_from = "title")]
    text: String,
    #[column(default = false)]
    done: bool,
    #[column(references(List::ID), index, backfill = "(SELECT id FROM list WHERE name = 'inbox')")]
    list_id: i64,
    #[column(default = 5, check = "priority BETWEEN 1 AND 9")]
    priority: i64,
    #[column(default = "someday", backfill = "'someday'")]
    due: String,
}

const SCHEMA: Schema = schema! { version: "2.1", tables: [List, Task] };

/// Makes a row of each list that tasks name.
pub fn lists(context: &MigrationContext<'_>) -> MigrationResult {
    let conn = context.connection();
    conn.execute_batch(
        "CREATE TABLE list (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
         INSERT INTO list (name) VALUES ('inbox')",
    )?;
    // Neither a new database has it nor one that comes from 1.0.
    if context.has_column("task", "list")? {
        conn.execute_batch(
            "INSERT INTO list (name) SELECT DISTINCT list FROM task WHERE list <> 'inbox';
             ALTER TABLE task ADD COLUMN list_id INTEGER;
             UPDATE task SET list_id = (SELECT id FROM list WHERE name = task.list)",
        )?;
    }
    Ok(())
}

pub fn migrations() -> Result<Migrations> {
    let back = None::<fn(&MigrationContext<'_>) -> MigrationResult>;
    Migrations::new([Migration::code(1, "lists", lists, back)])
}

pub fn start(path: &Path) -> Result<Report> {
    Migrator::new(&SCHEMA).migrations(migrations()?).run(path)
}

pub const ADD: &str = "INSERT INTO task (text, list_id) SELECT ?1, id FROM list WHERE name = 'inbox'";
pub const LIST: &str = "SELECT name || ': ' || text || ' (' || due || ')' FROM task JOIN list ON list.id = list_id WHERE NOT done ORDER BY priority, task.id";
