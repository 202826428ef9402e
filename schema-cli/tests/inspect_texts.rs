//! `inspect` as text: what its forms are for a schema of oddities, in full, and what its SQL makes of schemas of real programs.

mod inspect;

use std::fs;
use std::path::Path;

use schema_cli::inspect::{RustOptions, mermaid, rust, sql};
use schema_runtime::Catalog;
use schema_runtime::rusqlite::Connection;

use inspect::{make, sources};

/// Every source, read.
fn catalogs() -> Vec<(String, Catalog)> {
    let folder = tempfile::tempdir().unwrap();
    let sources = sources();
    let read = |(name, source): (String, inspect::Source)| {
        let catalog = make(&source, &folder.path().join(format!("{name}.db")));
        (name, catalog)
    };
    sources.into_iter().map(read).collect()
}

fn oddities() -> Catalog {
    let conn = Connection::open_in_memory().unwrap();
    conn.execute_batch(include_str!("inspect/oddities.sql")).unwrap();
    Catalog::read(&conn).unwrap()
}

/// Compares with the file of this name; `UPDATE_INSPECT=1` writes it anew.
fn assert_text(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/inspect").join(name);
    if std::env::var_os("UPDATE_INSPECT").is_some() {
        fs::write(&path, text).unwrap();
    }
    assert_eq!(text, fs::read_to_string(&path).unwrap(), "{}", path.display());
}

#[test]
fn the_oddities_are_written_as_the_files_beside_them_say() {
    let catalog = oddities();
    assert_text("oddities.mmd", &mermaid(&catalog));
    let model = rust(&catalog, &RustOptions::default());
    assert_text("oddities.rs", &model.text);
    assert_text("oddities.json", &format!("{}\n", serde_json::to_string_pretty(&model.left_out).unwrap()));
}

/// Without what the layout of a text is, and in an order that does not depend on it.
fn shape(catalog: &Catalog) -> Catalog {
    let mut catalog = catalog.clone();
    for table in &mut catalog.tables {
        table.sql.clear();
    }
    catalog.views.sort_by(|a, b| a.name.cmp(&b.name));
    catalog
}

#[test]
fn the_sql_of_every_schema_makes_the_same_catalog_in_an_empty_file() {
    let mut kept = 0;
    let catalogs = catalogs();
    for (name, catalog) in &catalogs {
        let script = sql(catalog);
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(&script).unwrap_or_else(|err| panic!("{name}: {err}\n{script}"));
        let again = Catalog::read(&conn).unwrap();
        assert_eq!(shape(catalog), shape(&again), "{name}");
        assert_eq!(sql(&again), script, "{name}: what is laid out stays so");
        let same = |(a, b): &(&schema_runtime::TableInfo, &schema_runtime::TableInfo)| a.sql == b.sql;
        kept += catalog.tables.iter().zip(&again.tables).filter(same).count();
    }
    let tables: usize = catalogs.iter().map(|(_, catalog)| catalog.tables.len()).sum();
    println!("{} schemas; {kept} of {tables} tables as their authors wrote them", catalogs.len());
    assert!(kept > 0);
}

#[test]
fn a_view_stands_behind_the_views_that_it_reads() {
    for (name, catalog) in catalogs() {
        // A view that reads one which is not there yet is made all the same, and fails here.
        let script = sql(&catalog);
        let conn = Connection::open_in_memory().unwrap();
        for statement in schema_sql::split_statements(&script).unwrap() {
            let text = statement.text;
            conn.execute_batch(text).unwrap();
        }
        assert_eq!(Catalog::read(&conn).unwrap().views.len(), catalog.views.len(), "{name}");
    }
}
