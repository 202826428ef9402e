//! While an attribute is typed, the rest of the struct is there.

use schema_runtime::{Schema, Table, schema};

#[derive(Table)]
struct Project {
    #[column(primary_key, uni)]
    id: i64,
}

#[derive(Table)]
#[table(na)]
struct Task {
    #[column(primary_key)]
    id: i64,
    #[column()]
    project_id: i64,
    #[column(references(Project::))]
    other: i64,
    #[column(default = )]
    title: String,
    #[column(check(""))]
    rank: i64,
    #[column]
    note: String,
}

#[derive(Table)]
struct Link {
    #[column(primary_key, references(Task::ID))]
    id: i64,
}

const SCHEMA: Schema = schema! { tables: [Project, Task, Link] };

fn main() {
    println!("{} {} {} {}", Project::ID, Task::TITLE, Task::PROJECT_ID, Task::NOTE);
    println!("{} {}", Task::NAME, SCHEMA.tables.len());
}
