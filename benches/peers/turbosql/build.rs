//! The structs of the tables of `common`; it has neither indexes nor foreign keys.

#[path = "../common.rs"]
mod common;

use std::fmt::Write as _;

use common::table;

fn main() {
    println!("cargo:rerun-if-env-changed=PEER_TABLES");
    let tables = std::env::var("PEER_TABLES").unwrap_or_else(|_| "10".to_owned());
    println!("cargo:rustc-env=PEER_TABLES={tables}");
    let mut text = String::new();
    for at in 0..tables.parse().expect("PEER_TABLES is a number") {
        let name = table(at).to_uppercase();
        writeln!(
            text,
            "#[derive(turbosql::Turbosql, Default)]
            pub struct {name} {{
                pub rowid: Option<i64>, pub name: Option<String>, pub email: Option<String>, pub age: Option<i64>,
                pub score: Option<f64>, pub payload: Option<Vec<u8>>, pub created_at: Option<i64>, pub parent_id: Option<i64>,
            }}"
        )
        .expect("a string");
    }
    let folder = std::env::var("OUT_DIR").expect("OUT_DIR");
    std::fs::write(format!("{folder}/structs.rs"), text).expect("structs.rs");
}
