//! What a database holds, as text for people and programs: a script of SQL, a diagram, a Rust module.
//!
//! Each form is a function of a [`Catalog`] alone, so that a program that has one (from
//! [`Catalog::read`](schema_runtime::Catalog::read), or by `Model::catalog` from SQL, a snapshot or migrations) needs no command line. The order is the catalog's own
//! wherever it does not matter, and never depends on hashes.
//!
//! The tables of this library's own, `migration_history` and `migration_state`, are part of no form: they are made by
//! whoever uses what is printed here. (They may have other names: those are tables as any other then.)

mod mermaid;
mod rust;
mod sql;

pub use mermaid::mermaid;
pub use rust::{LeftOut, RustModel, RustOptions, rust};
pub use sql::sql;

use schema_runtime::{Catalog, TableInfo};
use schema_sql::{eq_name, fold, tokenize};

/// Whether the table is one of this library's own, by its name and by columns that no other's has together: programs have a
/// `migration_history` of their own, too.
fn is_ours(table: &TableInfo) -> bool {
    let has = |names: &[&str]| names.iter().all(|name| table.column(name).is_some());
    (eq_name(&table.name, "migration_history") && has(&["applied_at", "checksum", "status", "rollback_sql"]))
        || (eq_name(&table.name, "migration_state")
            && has(&["model"])
            && (has(&["stamp"]) || has(&["fingerprint"])))
        || fold(&table.name).starts_with("__schema_")
}

/// `catalog` without what is this library's own.
fn without_ours(catalog: &Catalog) -> Catalog {
    let mut catalog = catalog.clone();
    let (ours, tables): (Vec<_>, Vec<_>) = catalog.tables.into_iter().partition(is_ours);
    catalog.tables = tables;
    let is_left = |owner: &str| !ours.iter().any(|table| eq_name(&table.name, owner));
    catalog.triggers.retain(|trigger| is_left(&trigger.table));
    catalog.opaque.retain(|object| is_left(&object.table));
    catalog
}

/// `sql` on one line: each run of white space outside of quotes is one blank, and comments are gone.
fn one_line(sql: &str) -> String {
    let Ok(tokens) = tokenize(sql) else { return sql.split_whitespace().collect::<Vec<_>>().join(" ") };
    let mut line = String::with_capacity(sql.len());
    for token in tokens {
        match token.kind {
            schema_sql::TokenKind::Space | schema_sql::TokenKind::Comment => {
                if !line.is_empty() && !line.ends_with(' ') {
                    line.push(' ');
                }
            }
            _ => line.push_str(&token.text.replace(['\n', '\r'], " ")),
        }
    }
    line.trim_end().to_owned()
}
