//! A file of SQL as a target: what it says, what is wrong with it, and what becomes of a database.

mod corpus;
mod directives;
mod files;
mod plans;
mod statements;

use schema_runtime::{ErrorKind, Model, ModelOptions};

/// The model that this text describes.
fn target(sql: &str) -> Model {
    Model::from_sql(sql, "schema.sql", "main", &ModelOptions::new())
        .unwrap_or_else(|err| panic!("{sql}\n{err}"))
}

/// Rows of what is told, the text, and the whole error.
fn refused(rows: &[(&str, &str, &str)]) {
    let mut failures = String::new();
    for (name, sql, expected) in rows {
        match Model::from_sql(sql, "schema.sql", "main", &ModelOptions::new()) {
            Ok(_) => failures.push_str(&format!("--- {name}\nit is accepted\n")),
            Err(error) => {
                let missing = expected.ends_with("`Migrator::connection(|conn| …)`");
                let kind = if missing { ErrorKind::Missing } else { ErrorKind::Model };
                assert_eq!(error.kind(), kind, "{name}");
                if error.to_string() != *expected {
                    failures.push_str(&format!("--- {name}\n{error}\n"));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{failures}");
}
