use schema_runtime::{Schema, Table, schema};

#[derive(Table)]
#[table(renamed_from = "project")]
struct Task {
    a: i64,
}

#[derive(Table)]
struct Project {
    a: i64,
}

#[derive(Table)]
#[table(renamed_from = "Project")]
struct Other {
    a: i64,
}

const STILL_THERE: Schema = schema! { tables: [Task, Project] };
const TWICE: Schema = schema! { tables: [Task, Other] };

fn main() {}
