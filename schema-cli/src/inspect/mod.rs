//! What a database holds, as text for people and programs: a script of SQL, a diagram, a Rust module.
//!
//! Each form is a pure function of a [`Catalog`], so that a program that has one (from
//! [`Catalog::read`](schema_runtime::Catalog::read), or from a snapshot) needs no command line. The order is the catalog's own
//! wherever it does not matter, and never depends on hashes.
//!
//! The tables of this library's own, `migration_history` and `migration_state`, are part of no form: they are made by
//! whoever uses what is printed here.

mod mermaid;
mod rust;
mod sql;

pub use mermaid::mermaid;
pub use rust::{LeftOut, RustModel, RustOptions, rust};
pub use sql::sql;

use schema_runtime::Catalog;
use schema_sql::{eq_name, fold, tokenize};

/// Whether the name belongs to this library, whose tables come and go by themselves.
fn is_ours(name: &str) -> bool {
    ["migration_history", "migration_state"].iter().any(|own| eq_name(own, name))
        || fold(name).starts_with("__schema_")
}

/// `catalog` without what is this library's own.
fn without_ours(catalog: &Catalog) -> Catalog {
    let mut catalog = catalog.clone();
    catalog.tables.retain(|table| !is_ours(&table.name));
    catalog.triggers.retain(|trigger| !is_ours(&trigger.table));
    catalog.opaque.retain(|object| !is_ours(&object.table));
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
