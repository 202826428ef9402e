//! Version 2 of the model: an index and a column more on tasks, a column more on subtasks, a new variant of [`Status`], and
//! `created` is now called `created_at`.

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
    /// As people type it: `90m`.
    #[column(default = "0m")]
    pub estimate: String,
    pub assignee: Option<String>,
    pub color: Option<String>,
    pub ticket: Option<String>,
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

pub const SCHEMA: Schema =
    schema! { version: "2.0.0", tables: [Task, Subtask, Dependency, Artifact, Activity], allow: ["L513"] };
