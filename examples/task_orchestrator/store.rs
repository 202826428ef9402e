//! Structs in, structs out: any table of any version, through `serde_rusqlite`.

use std::error::Error;

use schema_runtime::Table;
use schema_runtime::rusqlite::{Connection, Transaction};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_rusqlite::{from_rows, to_params_named};

/// Inserts every row.
pub fn insert<T: Table + Serialize>(transaction: &Transaction<'_>, rows: &[T]) -> Result<(), Box<dyn Error>> {
    let columns: Vec<&str> = T::DESCRIPTOR.columns.iter().map(|column| column.name).collect();
    let sql = format!("INSERT INTO {} ({}) VALUES (:{})", T::NAME, columns.join(", "), columns.join(", :"));
    let mut statement = transaction.prepare(&sql)?;
    for row in rows {
        statement.execute(to_params_named(row)?.to_slice().as_slice())?;
    }
    Ok(())
}

/// Every row of the table, in the order of its key.
pub fn all<T: Table + DeserializeOwned>(conn: &Connection) -> Result<Vec<T>, Box<dyn Error>> {
    let columns: Vec<&str> = T::DESCRIPTOR.columns.iter().map(|column| column.name).collect();
    let mut statement =
        conn.prepare(&format!("SELECT {} FROM {} ORDER BY 1, 2", columns.join(", "), T::NAME))?;
    let rows = from_rows::<T>(statement.query([])?).collect::<Result<_, _>>()?;
    Ok(rows)
}
