//! Release 1.2: the title is a text.

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
    #[column(default = 5)]
    priority: i64,
    due: Option<String>,
}

const SCHEMA: Schema = schema! { version: "1.2", tables: [Task] };

pub fn start(path: &Path) -> Result<Report> {
    Migrator::new(&SCHEMA).run(path)
}

pub const ADD: &str = "INSERT INTO task (text) VALUES (?1)";
pub const LIST: &str = "SELECT list || ': ' || text FROM task WHERE NOT done ORDER BY priority, id";
