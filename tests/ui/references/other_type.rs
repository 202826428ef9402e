use schema_runtime::{ColumnType, Table};

#[derive(Clone, Copy, ColumnType)]
struct ProjectId(i64);

#[derive(Table)]
struct Project {
    #[column(primary_key)]
    id: ProjectId,
    #[column(unique)]
    slug: Box<str>,
}

#[derive(Table)]
struct Task {
    #[column(references(Project::ID))]
    project_id: Option<i64>,
    #[column(references(Project::SLUG))]
    slug: String,
    #[column(references(Project::SLUG))]
    number: i64,
}

fn main() {}
