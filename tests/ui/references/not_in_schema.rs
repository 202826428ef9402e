use schema_runtime::{Schema, Table, schema};

#[derive(Table)]
struct Project {
    #[column(primary_key)]
    id: i64,
}

#[derive(Table)]
struct Task {
    #[column(references(Project::ID))]
    project_id: i64,
}

const SCHEMA: Schema = schema! { tables: [Task] };

fn main() {}
