//! Release 1.0: tasks that are done or not.

use std::path::Path;

use schema_runtime::{Migrator, Report, Result, Schema, Table, schema};

#[derive(Table)]
struct Task {
    #[column(primary_key)]
    id: i64,
    title: String,
    #[column(default = false)]
    done: bool,
}

const SCHEMA: Schema = schema! { version: "1.0", tables: [Task] };

pub fn start(path: &Path) -> Result<Report> {
    Migrator::new(&SCHEMA).run(path)
}

pub const ADD: &str = "INSERT INTO task (title) VALUES (?1)";
pub const LIST: &str = "SELECT title FROM task WHERE NOT done ORDER BY id";
