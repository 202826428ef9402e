//! Release 2.0: every task has a day, and priorities a range.

use std::path::Path;

use schema_runtime::{Migrator, Report, Result, Schema, Table, schema};

#[derive(Table)]
#[table(index(columns(done, priority)))]
struct Task {
    #[column(primary_key)]
    id: i64,
    #[column(renamed_from = "title")]
    text: String,
    #[column(default = false)]
    done: bool,
    #[column(default = "inbox")]
    list: String,
    #[column(default = 5, check = "priority BETWEEN 1 AND 9")]
    priority: i64,
    #[column(default = "someday", backfill = "'someday'")]
    due: String,
}

const SCHEMA: Schema = schema! { version: "2.0", tables: [Task] };

pub fn start(path: &Path) -> Result<Report> {
    Migrator::new(&SCHEMA).run(path)
}

pub const ADD: &str = "INSERT INTO task (text) VALUES (?1)";
pub const LIST: &str =
    "SELECT list || ': ' || text || ' (' || due || ')' FROM task WHERE NOT done ORDER BY priority, id";
