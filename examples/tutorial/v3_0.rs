//! Release 3.0: what nobody reads any more is gone.

use std::path::Path;

use schema_runtime::{Migrator, Report, Result, Schema, Table, schema};

use crate::v2_1::migrations;

#[derive(Table)]
struct List {
    #[column(primary_key)]
    id: i64,
    #[column(unique)]
    name: String,
}

#[derive(Table)]
#[table(index(columns(done, priority)), dropped("list"))]
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

const SCHEMA: Schema = schema! { version: "3.0", tables: [List, Task] };

pub fn start(path: &Path) -> Result<Report> {
    Migrator::new(&SCHEMA).migrations(migrations()?).run(path)
}

pub const ADD: &str = "INSERT INTO task (text, list_id) SELECT ?1, id FROM list WHERE name = 'inbox'";
pub const LIST: &str = "SELECT name || ': ' || text || ' (' || due || ')' FROM task JOIN list ON list.id = list_id WHERE NOT done ORDER BY priority, task.id";
