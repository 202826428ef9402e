//! Schemas of real programs: every schema, and every version of every history, reads, prints and is made again.
//!
//! The files are those of the shared folder: `SCHEMA_SHARED`, or `../shared` beside the workspace. Without it these tests say
//! so and pass; with `SCHEMA_SHARED` set, a missing file fails.

use std::path::{Path, PathBuf};

use schema_runtime::rusqlite::Connection;
use schema_runtime::{Catalog, TableInfo};

/// The shared folder, or the printed reason for skipping.
fn shared() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("SCHEMA_SHARED") {
        return Some(PathBuf::from(folder));
    }
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    if beside.is_dir() {
        return Some(beside);
    }
    println!("skipped: no shared folder beside the workspace, and SCHEMA_SHARED is not set");
    None
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|err| panic!("{}: {err}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// An empty database with foreign keys off, as a history's own runner has it.
pub(crate) fn empty() -> Connection {
    let conn = Connection::open_in_memory().unwrap();
    conn.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    conn
}

fn without_text(table: &TableInfo) -> TableInfo {
    let mut table = table.clone();
    table.sql.clear();
    for index in &mut table.indexes {
        index.sql.clear();
    }
    table
}

/// What must hold of any database; returns the number of its tables.
pub(crate) fn assert_fixpoint(conn: &Connection, at: &str) -> usize {
    let catalog = Catalog::read(conn).unwrap_or_else(|err| panic!("{at}: {err}"));
    assert!(catalog.opaque.is_empty(), "{at}: {:#?}", catalog.opaque);

    let printed = empty();
    for table in &catalog.tables {
        let sql = table.to_sql();
        printed.execute_batch(&sql).unwrap_or_else(|err| panic!("{at}: {err}\n{sql}"));
        for index in &table.indexes {
            let sql = index.to_sql(&table.name);
            printed.execute_batch(&sql).unwrap_or_else(|err| panic!("{at}: {err}\n{sql}"));
        }
    }
    let again = Catalog::read(&printed).unwrap();
    for (table, again) in catalog.tables.iter().zip(&again.tables) {
        assert_eq!(without_text(table), without_text(again), "{at}: {}\n{}", table.sql, again.sql);
        assert_eq!(table.to_sql(), again.to_sql(), "{at}");
    }
    assert_eq!(catalog.tables.len(), again.tables.len(), "{at}");

    let replayed = empty();
    let bare = catalog.create_in(&replayed).unwrap_or_else(|err| panic!("{at}: {err}"));
    assert_eq!(bare, Vec::<String>::new(), "{at}");
    assert_eq!(Catalog::read(&replayed).unwrap(), catalog, "{at}");
    catalog.tables.len()
}

#[test]
fn every_schema_of_the_corpus_is_a_fixpoint() {
    let Some(shared) = shared() else { return };
    let (mut schemas, mut tables) = (0, 0);
    for path in sorted(&shared.join("corpus/schemas")) {
        let conn = empty();
        let sql = std::fs::read_to_string(&path).unwrap();
        conn.execute_batch(&sql).unwrap_or_else(|err| panic!("{}: {err}", path.display()));
        tables += assert_fixpoint(&conn, &path.display().to_string());
        schemas += 1;
    }
    println!("{schemas} schemas with {tables} tables");
    assert!(tables > 0);
}

#[test]
fn every_version_of_every_history_is_a_fixpoint() {
    let Some(shared) = shared() else { return };
    let (mut histories, mut versions) = (0, 0);
    for folder in sorted(&shared.join("corpus/histories")) {
        let conn = empty();
        for path in sorted(&folder) {
            let sql = std::fs::read_to_string(&path).unwrap();
            conn.execute_batch(&sql).unwrap_or_else(|err| panic!("{}: {err}", path.display()));
            assert_fixpoint(&conn, &path.display().to_string());
            versions += 1;
        }
        histories += 1;
    }
    println!("{histories} histories with {versions} versions");
    assert!(versions > 0);
}

#[test]
fn chinook_is_a_fixpoint() {
    let Some(shared) = shared() else { return };
    // Through a copy in memory: nothing here may touch the file.
    let bytes = std::fs::read(shared.join("data/chinook.sqlite")).unwrap();
    let folder = std::env::temp_dir().join(format!("schema-corpus-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("chinook.sqlite");
    std::fs::write(&path, bytes).unwrap();
    let conn = Connection::open(&path).unwrap();
    let tables = assert_fixpoint(&conn, "chinook");
    drop(conn);
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(tables, 11);
}
