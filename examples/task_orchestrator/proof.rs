//! What is in the tables, so that it can be compared across a migration.

use std::collections::BTreeMap;
use std::error::Error;

use schema_runtime::Table;
use schema_runtime::rusqlite::Connection;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::store;

/// Every row of every table, as its version's structs read it.
#[derive(Clone, Default)]
pub struct Contents {
    tables: BTreeMap<&'static str, Vec<Map<String, Value>>>,
}

impl Contents {
    /// Reads one more table.
    pub fn with<T>(mut self, conn: &Connection) -> Result<Self, Box<dyn Error>>
    where
        T: Table + Serialize + DeserializeOwned,
    {
        let mut rows = Vec::new();
        for row in store::all::<T>(conn)? {
            match serde_json::to_value(row)? {
                Value::Object(fields) => rows.push(fields),
                _ => return Err(format!("a row of `{}` is no struct", T::NAME).into()),
            }
        }
        self.tables.insert(T::NAME, rows);
        Ok(self)
    }

    /// The same rows after `change` of each row of `table`: what a migration should make of them.
    pub fn expect(mut self, table: &str, change: impl Fn(&mut Map<String, Value>)) -> Self {
        self.tables.get_mut(table).into_iter().flatten().for_each(change);
        self
    }

    /// The number of rows.
    pub fn count(&self) -> usize {
        self.tables.values().map(Vec::len).sum()
    }

    /// Compares with what was expected, value by value, and gives the number of rows.
    pub fn prove(&self, expected: &Contents) -> Result<usize, Box<dyn Error>> {
        for (table, expected) in &expected.tables {
            let found = self.tables.get(table).map(Vec::as_slice).unwrap_or_default();
            if found.len() != expected.len() {
                let (found, expected) = (found.len(), expected.len());
                return Err(format!("`{table}` has {found} rows, {expected} were expected").into());
            }
            for (found, expected) in found.iter().zip(expected) {
                if found != expected {
                    let (found, expected) = (serde_json::to_string(found)?, serde_json::to_string(expected)?);
                    return Err(format!("a row of `{table}` is {found}, {expected} was expected").into());
                }
            }
        }
        Ok(self.count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(rows: Value) -> Contents {
        let rows = serde_json::from_value(rows).expect("rows");
        Contents { tables: BTreeMap::from([("tasks", rows)]) }
    }

    #[test]
    fn a_lost_row_and_a_changed_value_are_told() {
        let before = contents(serde_json::json!([{"id": 1, "title": "a"}, {"id": 2, "title": "b"}]));
        assert_eq!(before.prove(&before).expect("equal"), 2);
        let lost = contents(serde_json::json!([{"id": 1, "title": "a"}]));
        let message = lost.prove(&before).expect_err("a row is lost").to_string();
        assert_eq!(message, "`tasks` has 1 rows, 2 were expected");
        let changed = contents(serde_json::json!([{"id": 1, "title": "a"}, {"id": 2, "title": "B"}]));
        let message = changed.prove(&before).expect_err("a value is changed").to_string();
        assert!(message.starts_with(r#"a row of `tasks` is {"id":2,"title":"B"}"#), "{message}");
    }
}
