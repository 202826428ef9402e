//! Version 3 of the model: every task has an assignee, estimates are minutes, artifacts belong to a task that exists, `color` and
//! `ticket` are gone, and tasks can be searched.

use schema_runtime::{ColumnType, Schema, Table, schema};
use serde::{Deserialize, Serialize};

/// Where a task stands. The column gets a CHECK that lists the variants.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ColumnType)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Pending,
    Running,
    Blocked,
    Done,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Table)]
#[table(name = "tasks", check("priority BETWEEN 0 AND 9"), index(columns(status, priority desc)))]
// `color` is kept with its values until somebody agrees that it may go; `ticket` may.
#[table(dropped("ticket"))]
pub struct Task {
    #[column(primary_key)]
    pub id: i64,
    #[column(unique)]
    pub slug: String,
    pub title: String,
    #[column(default = Status::Pending)]
    pub status: Status,
    #[column(default = 5)]
    pub priority: u8,
    /// Minutes.
    #[column(default = 0, convert = "CAST(rtrim(estimate, 'm') AS INTEGER)")]
    pub estimate: u32,
    #[column(backfill = "'nobody'")]
    pub assignee: String,
    #[column(renamed_from = "created")]
    pub created_at: String,
    #[column(default = "1.0.0")]
    pub schema_version: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Table)]
#[table(name = "subtasks", unique(task_id, position))]
pub struct Subtask {
    #[column(primary_key)]
    pub id: i64,
    #[column(references(Task::ID, on_delete = "cascade"))]
    pub task_id: i64,
    pub position: u32,
    pub title: String,
    #[column(default = false)]
    pub done: bool,
    #[column(default = "1.0.0")]
    pub schema_version: String,
}

/// `task_id` cannot start before `needs_id` is done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Table)]
#[table(name = "dependencies", primary_key(task_id, needs_id), without_rowid)]
pub struct Dependency {
    #[column(references(Task::ID, on_delete = "cascade"))]
    pub task_id: i64,
    #[column(references(Task::ID, on_delete = "cascade"), index)]
    pub needs_id: i64,
}

/// What is known of an artifact besides its bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Meta {
    pub mime: String,
    pub tags: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Table)]
#[table(name = "artifacts", index(columns(task_id)))]
pub struct Artifact {
    #[column(primary_key)]
    pub id: i64,
    #[column(references(Task::ID, on_delete = "cascade"))]
    pub task_id: i64,
    pub name: String,
    #[serde(with = "schema_runtime::json")]
    #[column(json)]
    pub meta: Meta,
    pub content: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Table)]
#[table(name = "activity", index(columns(task_id, at desc)))]
pub struct Activity {
    // What was logged and deleted shall not be mistaken for something else.
    #[column(primary_key, autoincrement, allow = "L512")]
    pub id: i64,
    pub task_id: Option<i64>,
    pub at: String,
    pub message: String,
}

/// A full-text index over the titles, which holds no text of its own; three triggers keep it true.
///
/// SQLite: <https://www.sqlite.org/fts5.html>, section 4.4.3.
const SEARCH: &str =
    "CREATE VIRTUAL TABLE task_search USING fts5(title, content='tasks', content_rowid='id')";

const SEARCH_INSERT: &str = "CREATE TRIGGER task_search_insert AFTER INSERT ON tasks BEGIN
    INSERT INTO task_search (rowid, title) VALUES (new.id, new.title);
END";

const SEARCH_DELETE: &str = "CREATE TRIGGER task_search_delete AFTER DELETE ON tasks BEGIN
    INSERT INTO task_search (task_search, rowid, title) VALUES ('delete', old.id, old.title);
END";

const SEARCH_UPDATE: &str = "CREATE TRIGGER task_search_update AFTER UPDATE OF id, title ON tasks BEGIN
    INSERT INTO task_search (task_search, rowid, title) VALUES ('delete', old.id, old.title);
    INSERT INTO task_search (rowid, title) VALUES (new.id, new.title);
END";

pub const SCHEMA: Schema = schema! {
    version: "3.0.0",
    tables: [Task, Subtask, Dependency, Artifact, Activity],
    allow: ["L513"],
    virtual_tables: [SEARCH],
    triggers: [SEARCH_INSERT, SEARCH_DELETE, SEARCH_UPDATE],
};
