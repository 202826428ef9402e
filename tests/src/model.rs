//! Every attribute, on types of every kind.

use schema_runtime::{Column, ColumnType, Schema, Table, schema};

/// The largest priority.
pub const MOST: u8 = 9;

/// How far a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ColumnType)]
#[column_type(text, rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Status {
    /// Nobody has begun.
    Pending,
    /// It is done.
    #[column_type(rename = "finished")]
    Done,
}

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ColumnType)]
#[column_type(integer)]
#[non_exhaustive]
pub enum Level {
    /// Little.
    Low = 1,
    /// Much.
    High = 10,
}

/// An address.
#[derive(Debug, Clone, PartialEq, Eq, ColumnType)]
pub struct Email(String);

/// What tasks belong to.
#[derive(Debug, Clone, Table)]
#[table(strict, without_rowid, primary_key(region, number), rename_all = "camelCase", column_order = "exact")]
#[non_exhaustive]
pub struct Project {
    /// Where it is.
    pub region: i64,
    /// Its number there.
    pub number: i64,
    /// What people call it.
    ///
    /// It may be anything.
    pub display_name: String,
}

/// What is to be done.
#[derive(Debug, Clone, Table)]
#[table(name = "tasks", strict, renamed_from = "todo", dropped("colour"))]
#[table(index(columns(status, level desc), where = "level > 1", name = "tasks_by_status"), unique(slug, level))]
#[table(check("priority BETWEEN 0 AND 9", name = "in_range"))]
#[table(foreign_key(columns(region, project), references(Project, region, number), on_delete = "cascade"))]
#[table(index(columns(region, project)))]
#[non_exhaustive]
pub struct Task {
    /// Its number.
    #[column(primary_key)]
    pub id: i64,
    /// A name for addresses.
    #[column(unique, collate = "nocase", name = "short_name", renamed_from = "slug")]
    pub slug: String,
    /// How far it is.
    #[column(default = Status::Pending)]
    pub status: Status,
    /// How much it matters.
    #[column(default = Level::Low)]
    pub level: Level,
    /// From 0 to [`MOST`].
    #[column(default = MOST, index, backfill = "5", convert = "CAST(priority AS INTEGER)")]
    pub priority: u8,
    /// Where its project is.
    pub region: i64,
    /// The number of its project there.
    pub project: i64,
    /// The task of which it is a part.
    #[column(references(Self::ID, on_delete = "set null"), allow = "L508")]
    pub parent: Option<i64>,
    /// Who is to be asked.
    #[column(index(unique, where = "owner IS NOT NULL"))]
    pub owner: Option<Email>,
    /// When it was made.
    #[column(default_sql = "CURRENT_TIMESTAMP", check = "length(made) > 0")]
    pub made: String,
    /// The first letter of its name.
    #[column(generated("substr(short_name, 1, 1)", stored))]
    pub initial: Option<String>,
    /// Words to find it by.
    #[column(json)]
    pub tags: Option<Vec<String>>,
    /// A keyword of Rust.
    pub r#type: i64,
    /// What the program alone knows.
    #[column(skip)]
    pub seen: bool,
}

/// Borrowed from whoever writes it.
#[derive(Debug, Clone, Copy, Table)]
#[table(strict, unique(text))]
#[non_exhaustive]
pub struct Note<'a> {
    /// Its number.
    #[column(primary_key)]
    pub id: i64,
    /// What it says.
    pub text: &'a str,
}

/// Seen by nobody else.
#[derive(Debug, Table)]
#[table(name = "log", strict)]
struct Entry {
    /// Its number.
    #[column(primary_key)]
    id: i64,
    /// What happened.
    text: String,
}

/// The whole of it.
pub const SCHEMA: Schema = schema! {
    name: "denied",
    version: "1.0.0",
    tables: [Project, Task, Note<'_>, Entry],
    views: ["CREATE VIEW open_tasks AS SELECT * FROM tasks WHERE status = 'pending'"],
    dropped: ["old_log"],
};

/// A column, as programs name them.
#[must_use]
pub const fn name_of_tasks() -> Column<Task, str> {
    Task::SLUG
}
