use schema_runtime::{Schema, Table, schema};

#[derive(Table)]
#[table(name = "tasks", strict)]
struct Task {
    #[column(primary_key)]
    id: i64,
    title: String,
    #[column(default = 5)]
    priority: u8,
}

const SCHEMA: Schema = schema! { version: "1.0.0", tables: [Task] };

fn main() -> std::process::ExitCode {
    schema_cli::run(&SCHEMA)
}
