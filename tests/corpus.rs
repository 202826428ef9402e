//! Schemas of real programs: every schema, and every version of every history, reads, prints and is made again.
//!
//! The files are those of the shared folder: `SCHEMA_SHARED`, or `../shared` beside the workspace. Without it these tests say
//! so and pass; with `SCHEMA_SHARED` set, a missing file fails.

use std::path::{Path, PathBuf};

use schema_runtime::rusqlite::Connection;
use schema_runtime::{Catalog, TableInfo};

/// The shared folder, or the printed reason for skipping.
pub(crate) fn shared() -> Option<PathBuf> {
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

/// SQLite's own view of a table: the programs that write to it hold its checks, defaults, collations, keys and conflict
/// clauses. Addresses, root pages and the numbers of automatic indexes depend on the order of the text and are left out.
fn programs(conn: &Connection, table: &TableInfo) -> Vec<String> {
    let name = schema_sql::quote_ident(&table.name);
    let mut statements =
        vec![format!("INSERT INTO main.{name} DEFAULT VALUES"), format!("DELETE FROM main.{name}")];
    for column in table.columns.iter().filter(|column| column.generated.is_none()) {
        let column = schema_sql::quote_ident(&column.name);
        statements.push(format!("UPDATE main.{name} SET {column} = {column} || 'x'"));
        statements.push(format!("SELECT 1 FROM main.{name} WHERE {column} = 'x'"));
    }
    let mut programs = Vec::new();
    for statement in statements {
        let mut steps: Vec<String> = match conn.prepare(&format!("EXPLAIN {statement}")) {
            Ok(mut explain) => explain
                .query_map([], |row| {
                    let opcode: String = row.get("opcode")?;
                    // A blob constant is shown as text that need not be UTF-8.
                    let p4 = row.get_ref("p4")?.as_bytes_or_null().unwrap_or_default();
                    let halt: (i64, i64) =
                        if opcode == "Halt" { (row.get("p1")?, row.get("p2")?) } else { (0, 0) };
                    let p4 = String::from_utf8_lossy(p4.unwrap_or_default());
                    // 275 is a CHECK, whose message names the constraint before it where it has no name of its own. How many
                    // columns of an index are compared depends on how its NOT NULL is said.
                    let p4: String = match (opcode.as_str(), halt.0) {
                        ("Transaction", _) | ("Halt", 275) | ("VBegin" | "VUpdate" | "VOpen", _) => {
                            String::new()
                        }
                        ("Integer" | "Int64" | "Real" | "String8", _) => p4.into_owned(),
                        _ if p4.starts_with("sqlite_autoindex_") => "automatic".to_owned(),
                        _ => p4.chars().filter(|c| !c.is_ascii_digit() && *c != ',').collect(),
                    };
                    Ok(format!("{opcode} {halt:?} {p4}"))
                })
                .unwrap()
                .collect::<Result<_, _>>()
                .unwrap(),
            Err(err) => vec![err.to_string()],
        };
        steps.sort();
        programs.push(format!("{statement}\n{}", steps.join("\n")));
    }
    programs
}

fn assert_same_programs(conn: &Connection, printed: &Connection, catalog: &Catalog, at: &str) {
    for object in catalog
        .virtual_tables
        .iter()
        .map(|table| &table.sql)
        .chain(catalog.views.iter().map(|view| &view.sql))
    {
        printed.execute_batch(object).unwrap();
    }
    for trigger in &catalog.triggers {
        printed.execute_batch(&trigger.sql).unwrap();
    }
    for conn in [conn, printed] {
        conn.execute_batch("PRAGMA foreign_keys = ON").unwrap();
    }
    for table in &catalog.tables {
        for (program, again) in programs(conn, table).iter().zip(programs(printed, table)) {
            assert_eq!(*program, again, "{at}: {}", table.to_sql());
        }
    }
    conn.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
}

/// What must hold of any database; returns the number of its tables.
pub(crate) fn assert_fixpoint(conn: &Connection, at: &str) -> usize {
    let (catalog, printed) = assert_read_again(conn, at);
    assert_same_programs(conn, &printed, &catalog, at);
    catalog.tables.len()
}

/// Reads, prints and replays; returns what was read, and the database that the printed SQL made.
fn assert_read_again(conn: &Connection, at: &str) -> (Catalog, Connection) {
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
    (catalog, printed)
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
            assert_read_again(&conn, &path.display().to_string());
            versions += 1;
        }
        assert_fixpoint(&conn, &folder.display().to_string());
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
