//! `sql DB SQL`: what somebody does by hand to a database, for the scenarios. The rows of a last `SELECT` are printed.

use schema_runtime::rusqlite::types::Value;
use schema_runtime::rusqlite::{Connection, Result};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, path, script] = arguments.as_slice() else {
        eprintln!("usage: sql DB SQL");
        std::process::exit(1)
    };
    let conn = Connection::open(path)?;
    let (before, select) = match script.rfind("SELECT") {
        Some(at) if !script[at..].contains(';') => script.split_at(at),
        _ => (script.as_str(), ""),
    };
    conn.execute_batch(before)?;
    if select.is_empty() {
        return Ok(());
    }
    let mut statement = conn.prepare(select)?;
    let columns = statement.column_count();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let values = (0..columns).map(|at| {
            Ok(match row.get(at)? {
                Value::Null => "NULL".to_owned(),
                Value::Integer(number) => number.to_string(),
                Value::Real(number) => number.to_string(),
                Value::Text(text) => text,
                Value::Blob(bytes) => format!("{} bytes", bytes.len()),
            })
        });
        println!("{}", values.collect::<Result<Vec<_>>>()?.join("|"));
    }
    Ok(())
}
