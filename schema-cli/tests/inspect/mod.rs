//! Where the schemas come from that `inspect` is tried on.

use std::fs;
use std::path::{Path, PathBuf};

use schema_runtime::Catalog;
use schema_runtime::rusqlite::Connection;

/// The shared folder, or the printed reason for doing without.
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
    let entries = fs::read_dir(folder).unwrap_or_else(|err| panic!("{}: {err}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// How a database is made.
pub(crate) enum Source {
    Scripts(Vec<String>),
    File(PathBuf),
}

/// The page on models, and the SQL that it shows first.
pub(crate) fn page() -> (String, String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/models.md");
    let page = fs::read_to_string(path).unwrap();
    let (_, rest) = page.split_once("```sql\n").unwrap();
    let sql = rest.split_once("```\n").unwrap().0.to_owned();
    (page, sql)
}

/// As many columns as SQLite takes in one table.
fn wide() -> String {
    let columns: Vec<String> = (1..2000).map(|at| format!("\"Column{at}\" INT")).collect();
    format!("CREATE TABLE wide (id INTEGER PRIMARY KEY, {})", columns.join(", "))
}

/// Our own oddities, the widest table, and the one that is documented; Chinook; every schema of the corpus, and the end of every history. The names can be those of modules.
pub(crate) fn sources() -> Vec<(String, Source)> {
    let oddities = include_str!("oddities.sql").to_owned();
    let mut sources = vec![
        ("oddities".to_owned(), Source::Scripts(vec![oddities])),
        ("wide".to_owned(), Source::Scripts(vec![wide()])),
        ("page".to_owned(), Source::Scripts(vec![page().1])),
    ];
    let Some(shared) = shared() else { return sources };
    let read =
        |path: &Path| fs::read_to_string(path).unwrap_or_else(|err| panic!("{}: {err}", path.display()));
    let stem = |path: &Path| path.file_stem().unwrap().to_string_lossy().into_owned();
    sources.push(("chinook".to_owned(), Source::File(shared.join("data/chinook.sqlite"))));
    for path in sorted(&shared.join("corpus/schemas")) {
        sources.push((stem(&path), Source::Scripts(vec![read(&path)])));
    }
    for folder in sorted(&shared.join("corpus/histories")) {
        let scripts = sorted(&folder).iter().map(|path| read(path)).collect();
        sources.push((format!("end_of_{}", stem(&folder)), Source::Scripts(scripts)));
    }
    sources.sort_by(|(a, _), (b, _)| a.cmp(b));
    sources
}

/// Makes the database in a new file at `path`.
pub(crate) fn make(source: &Source, path: &Path) -> Catalog {
    if let Source::File(from) = source {
        fs::write(path, fs::read(from).unwrap()).unwrap();
    }
    let conn = Connection::open(path).unwrap();
    conn.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF").unwrap();
    if let Source::Scripts(scripts) = source {
        for script in scripts {
            conn.execute_batch(script).unwrap_or_else(|err| panic!("{}: {err}", path.display()));
        }
    }
    Catalog::read(&conn).unwrap()
}
