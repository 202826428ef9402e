//! Where the database of a connection is: in a file, or nowhere.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::types::ValueRef;

/// Whether the main database is in memory, or a temporary file without a name.
pub(crate) fn is_memory(conn: &Connection) -> bool {
    let Some(path) = conn.path() else { return false };
    if path.is_empty() {
        return true;
    }
    // Databases of the `memdb` file system (deserialised or shared ones) have names, but no files.
    !Path::new(path).exists()
        && conn
            .query_row("PRAGMA main.journal_mode", [], |row| row.get::<_, String>(0))
            .is_ok_and(|mode| mode == "memory" || mode == "off")
}

/// The file of the main database with all links resolved; `None` for a database without a file.
pub(crate) fn database_path(conn: &Connection) -> Option<PathBuf> {
    if is_memory(conn) {
        return None;
    }
    let path = match conn.path() {
        Some(path) => PathBuf::from(path),
        None => undecoded_path(conn)?,
    };
    Some(fs::canonicalize(&path).unwrap_or(path))
}

/// A path that is not UTF-8, which rusqlite does not give.
fn undecoded_path(conn: &Connection) -> Option<PathBuf> {
    let mut list = conn.prepare("PRAGMA database_list").ok()?;
    let mut rows = list.query([]).ok()?;
    while let Some(row) = rows.next().ok()? {
        let is_main = matches!(row.get_ref(1), Ok(ValueRef::Text(b"main")));
        if let (true, Ok(ValueRef::Text(bytes))) = (is_main, row.get_ref(2)) {
            return path_from_bytes(bytes);
        }
    }
    None
}

#[cfg(unix)]
fn path_from_bytes(bytes: &[u8]) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    Some(PathBuf::from(std::ffi::OsStr::from_bytes(bytes)))
}

#[cfg(not(unix))]
fn path_from_bytes(bytes: &[u8]) -> Option<PathBuf> {
    std::str::from_utf8(bytes).ok().map(PathBuf::from)
}

/// The file's name in backticks, for messages.
pub(crate) fn name_of(conn: &Connection) -> String {
    match conn.path() {
        Some(path) if !path.is_empty() => format!("`{path}`"),
        _ => "the database".to_owned(),
    }
}

/// `path` with `suffix` put right behind its last character.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn databases_without_a_file_are_told_from_those_with_one() {
        for name in [":memory:", "", "file:shared?mode=memory&cache=shared", "file:/shared?vfs=memdb"] {
            let conn = Connection::open(name).expect(name);
            assert!(is_memory(&conn), "{name}");
            assert_eq!(database_path(&conn), None, "{name}");
        }
    }
}
