use schema_runtime::{Schema, Table, schema};

#[derive(Table)]
#[table(allow("L101", "L513"), index(columns(b), allow = "L59"))]
struct Task {
    #[column(primary_key, allow = "l512")]
    a: i64,
    b: i64,
}

#[derive(Table)]
struct Twice {
    #[column(allow("L511", "L511"), allow = 511)]
    a: i64,
    #[column(skip, allow = "L511")]
    b: i64,
}

const SCHEMA: Schema = schema! { tables: [Task], allow: ["STRICT"] };

fn main() {}
