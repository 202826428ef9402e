//! The same program a release earlier: the model of version 1.0.0. Its connections are set up by a hook.

use std::process::ExitCode;

use schema_runtime::rusqlite::Connection;
use schema_runtime::{Schema, Table, rusqlite, schema};

#[derive(Table)]
#[table(name = "note")]
struct Note {
    #[column(primary_key)]
    id: i64,
    text: Option<String>,
}

static SCHEMA: Schema = schema! { version: "1.0.0", tables: [Note] };

fn register(conn: &Connection) -> rusqlite::Result<()> {
    conn.pragma_update(None, "temp_store", "memory")
}

fn main() -> ExitCode {
    schema_cli::Command::new(&SCHEMA).connection(register).run()
}
