//! The file itself: its encoding, its line ends, and what cannot be read at all.

use std::fs;
use std::path::Path;

use schema_runtime::{Error, ErrorKind, Model, ModelOptions};

use super::target;

fn read(path: &Path) -> Result<Model, Error> {
    Model::from_sql_file(path, "main", &ModelOptions::new())
}

#[test]
fn byte_order_mark_and_line_ends_mean_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("schema.sql");
    let plain = "CREATE TABLE t (\n  a TEXT, -- schema: renamed_from(b)\n  c TEXT\n);\n";
    let shape = |model: &Model| {
        let catalog = model.catalog();
        catalog.tables.iter().map(|table| table.to_sql()).collect::<Vec<_>>()
    };
    for text in [format!("\u{feff}{plain}"), plain.replace('\n', "\r\n")] {
        fs::write(&path, &text).expect("a file");
        assert_eq!(shape(&read(&path).expect("a model")), shape(&target(plain)), "{text:?}");
    }
    fs::write(&path, "\u{feff}CREATE TABLE t (\r\n  a TEXT,,\r\n  b\r\n);").expect("a file");
    let error = read(&path).expect_err("a syntax error").to_string();
    let place = format!("caused by: {}:2:10\n  |\n2 |   a TEXT,,\n  |          ^\nstate: ", path.display());
    assert!(error.contains(&place), "{error}");
    fs::write(&path, "\u{feff}CREAT TABLE t (a);").expect("a file");
    let error = read(&path).expect_err("a syntax error").to_string();
    assert!(error.contains(":1:1\n  |\n1 | CREAT TABLE t (a);\n  | ^^^^^\n"), "{error}");
}

#[test]
fn a_file_that_cannot_be_read_is_told_by_its_path() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    fs::write(at("latin1.sql"), b"CREATE TABLE t (a DEFAULT '\xe9');").expect("a file");
    fs::write(at("utf16.sql"), b"\xff\xfeC\0").expect("a file");
    rusqlite::Connection::open(at("app.db"))
        .and_then(|conn| conn.execute_batch("CREATE TABLE t (a)"))
        .expect("a database");
    let rows = [
        ("none.sql", ErrorKind::Open, "there is no such file", "correct the path"),
        ("", ErrorKind::Open, "it is a directory", "give the path of a file of SQL"),
        ("latin1.sql", ErrorKind::Model, "it is not UTF-8: byte 27 begins no character", "save it as UTF-8"),
        ("utf16.sql", ErrorKind::Model, "it is not UTF-8: byte 0 begins no character", "save it as UTF-8"),
        (
            "app.db",
            ErrorKind::Model,
            "it is a SQLite database, not a file of SQL",
            "take it for a target with `Model::from_database`",
        ),
    ];
    for (name, kind, cause, help) in rows {
        let error = read(&at(name)).expect_err(name);
        assert_eq!(error.kind(), kind, "{error}");
        assert_eq!(error.what(), format!("cannot read `{}`", at(name).display()));
        assert_eq!(error.causes()[0], cause);
        assert_eq!(error.state_line(), Some("no database was touched"));
        assert_eq!(error.help_line(), Some(help));
    }
    assert!(!at("none.sql").exists());
}

#[test]
fn a_text_without_statements_is_a_model_of_nothing() {
    for text in ["", "\n", "-- nothing yet\n/* really */ ;;"] {
        let model = target(text);
        assert!(model.catalog().is_empty());
        assert_eq!((model.name(), model.version()), ("main", ""));
    }
}
