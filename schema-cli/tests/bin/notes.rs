//! A program's own command, for the scenarios: the model of version 1.1.0.

use std::process::ExitCode;

use schema_runtime::{Schema, Table, schema};

#[derive(Table)]
#[table(name = "note")]
struct Note {
    #[column(primary_key)]
    id: i64,
    #[column(backfill = "''")]
    text: String,
    #[column(default = 5)]
    priority: u8,
}

static SCHEMA: Schema = schema! { version: "1.1.0", tables: [Note] };

fn main() -> ExitCode {
    schema_cli::run(&SCHEMA)
}
