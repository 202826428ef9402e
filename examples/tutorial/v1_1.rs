//! Release 1.1: lists, days, priorities.

use std::path::Path;

use schema_runtime::{Migrator, Report, Result, Schema, Table, schema};

#[derive(Table)]
#[table(index(columns(done, priority)))]
struct Task {
    #[column(primary_key)]
    id: i64,
    title: String,
    #[column(default = false)]
    done: bool,
    #[column(default = "inbox")]
    list: String,
    #[column(default = 5)]
    priority: i64,
    due: Option<String>,
}

const SCHEMA: Schema = schema! { version: "1.1", tables: [Task] };

pub fn start(path: &Path) -> Result<Report> {
    Migrator::new(&SCHEMA).run(path)
}

pub const ADD: &str = "INSERT INTO task (title) VALUES (?1)";
pub const LIST: &str = "SELECT list || ': ' || title FROM task WHERE NOT done ORDER BY priority, id";
