use schema_runtime::{Schema, Table, schema};

#[derive(Table)]
struct Task {
    a: i64,
}

const UNKNOWN: Schema = schema! { table: [Task], version: "one" };
const TWICE: Schema = schema! { tables: [Task, Task], tables: [], dropped: ["a", "A", "sqlite_x"] };

fn main() {}
