//! `inspect` as text: what its forms are for a schema of oddities, in full, and in the documentation, and what its SQL makes of schemas of real programs.

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

#[test]
fn the_page_shows_the_module_of_the_sql_that_it_shows() {
    let (page, sql) = inspect::page();
    let conn = Connection::open_in_memory().unwrap();
    conn.execute_batch(&sql).unwrap();
    let mut options = RustOptions::default();
    options.scripts = vec![sql];
    let text = rust(&Catalog::read(&conn).unwrap(), &options).text;
    let (before, rest) = page.split_once("```rust,ignore\n").unwrap();
    let (shown, behind) = rest.split_once("```\n").unwrap();
    if std::env::var_os("UPDATE_INSPECT").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/models.md");
        fs::write(path, format!("{before}```rust,ignore\n{text}```\n{behind}")).unwrap();
        return;
    }
    assert_eq!(shown, text, "UPDATE_INSPECT=1 writes it anew");
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
        // SQLite makes a view that reads one which is not there yet all the same, and cannot read it.
        let script = sql(&catalog);
        let conn = Connection::open_in_memory().unwrap();
        for statement in schema_sql::split_statements(&script).unwrap() {
            conn.execute_batch(statement.text).unwrap();
            if schema_sql::create_kind(statement.text) == Some(schema_sql::CreateKind::View) {
                let view = schema_sql::split_create_view(statement.text).unwrap().name;
                let select = format!("SELECT * FROM {}", schema_sql::quote_ident(&view));
                let read = conn.prepare(&select);
                // Two of the oddities read a table that nobody has.
                assert!(
                    read.is_ok() || ["broken", "reads_broken"].contains(&view.as_str()),
                    "{name}: {view}: {}",
                    read.unwrap_err()
                );
            }
        }
        assert_eq!(Catalog::read(&conn).unwrap().views.len(), catalog.views.len(), "{name}");
    }
}

/// What a line of a diagram is, by the part of mermaid's grammar that we rely on.
#[derive(Debug, PartialEq)]
enum Line {
    Open,
    Attribute,
    Close,
    Relation,
    Comment,
}

/// A quoted text at the start of `rest`, and what is behind it and one blank.
fn quoted<'a>(rest: &'a str, never: &[char]) -> Option<&'a str> {
    let (text, behind) = rest.strip_prefix('"')?.split_once('"')?;
    let fits = !text.contains(never) && !text.chars().any(char::is_control);
    fits.then(|| behind.strip_prefix(' ').unwrap_or(behind))
}

fn is_word(word: &str) -> bool {
    let letter = |char: char| char.is_ascii_alphabetic() || char == '_' || char >= '\u{C0}';
    let inner = |char: char| letter(char) || char.is_ascii_digit() || "()[]".contains(char);
    word.starts_with(letter)
        && word.chars().all(inner)
        && !["pk", "fk", "uk"].contains(&word.to_lowercase().as_str())
}

fn attribute(line: &str) -> Option<Line> {
    let (kind, rest) = line.split_once(' ')?;
    let (name, mut rest) = rest.split_once(' ').unwrap_or((rest, ""));
    if !(is_word(kind) && is_word(name)) {
        return None;
    }
    if !rest.is_empty() && !rest.starts_with('"') {
        let (keys, behind) = rest.split_once(" \"").unwrap_or((rest, ""));
        if !keys.split(", ").all(|key| ["PK", "FK", "UK"].contains(&key)) {
            return None;
        }
        rest = if behind.is_empty() { "" } else { &rest[keys.len() + 1..] };
    }
    (rest.is_empty() || quoted(rest, &['%']) == Some("")).then_some(Line::Attribute)
}

fn statement(line: &str) -> Option<Line> {
    if line == "}" {
        return Some(Line::Close);
    }
    if let Some(comment) = line.strip_prefix("%% ") {
        return (!comment.contains(['%', '{'])).then_some(Line::Comment);
    }
    let rest = quoted(line, &['%', '\\'])?;
    if rest == "{" {
        return Some(Line::Open);
    }
    let (relation, rest) = rest.split_once(' ')?;
    let (parent, line, child) = (relation.get(..2)?, relation.get(2..4)?, relation.get(4..)?);
    let known =
        ["||", "|o"].contains(&parent) && ["--", ".."].contains(&line) && ["o|", "o{"].contains(&child);
    let role = quoted(rest, &['%', '\\'])?.strip_prefix(": ")?;
    (known && quoted(role, &['%']) == Some("")).then_some(Line::Relation)
}

#[test]
fn the_diagram_of_every_schema_is_one_that_mermaid_reads() {
    for (name, catalog) in catalogs() {
        let text = mermaid(&catalog);
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("erDiagram"), "{name}");
        let mut found: Vec<Line> = Vec::new();
        let mut inside = false;
        for line in lines {
            let line = line.trim_start();
            let kind = if inside && line != "}" { attribute(line) } else { statement(line) };
            let kind = kind.unwrap_or_else(|| panic!("{name}: {line}"));
            inside = if inside { kind != Line::Close } else { kind == Line::Open };
            found.push(kind);
        }
        let count = |kind: Line| found.iter().filter(|found| **found == kind).count();
        let sum = |of: fn(&schema_runtime::TableInfo) -> usize| catalog.tables.iter().map(of).sum::<usize>();
        assert_eq!(count(Line::Open), catalog.tables.len(), "{name}");
        assert_eq!(count(Line::Close), catalog.tables.len(), "{name}");
        assert_eq!(count(Line::Attribute), sum(|table| table.columns.len()), "{name}");
        assert_eq!(count(Line::Relation), sum(|table| table.foreign_keys.len()), "{name}");
        assert_eq!(count(Line::Comment), catalog.views.len() + catalog.virtual_tables.len(), "{name}");
    }
}

#[test]
fn a_module_has_the_name_and_version_that_are_asked_for_and_no_enums_where_they_are_not() {
    let conn = Connection::open_in_memory().unwrap();
    conn.execute_batch("CREATE TABLE t (a TEXT NOT NULL CHECK (a IN ('x', 'y')) DEFAULT 'x')").unwrap();
    let catalog = Catalog::read(&conn).unwrap();
    let mut options = RustOptions::default();
    options.name = Some("mine".to_owned());
    options.version = Some("1.2".to_owned());
    options.without_enums = true;
    let text = rust(&catalog, &options).text;
    assert!(
        text.ends_with(
            "use schema_runtime::{Schema, Table, schema};\n\n#[derive(Table)]\npub struct T {\n    \
             #[column(default = \"x\", check = \"a IN ('x', 'y')\")]\n    pub a: String,\n}\n\n\
             pub const SCHEMA: Schema = schema! {\n    name: \"mine\",\n    version: \"1.2\",\n    tables: [T],\n};\n"
        ),
        "{text}"
    );
}

#[test]
fn an_empty_database_is_an_empty_model() {
    let model = rust(&Catalog::default(), &RustOptions::default());
    assert_eq!(model.left_out, []);
    assert!(model.text.ends_with(
        "use schema_runtime::{Schema, schema};\n\npub const SCHEMA: Schema = schema! {\n    tables: [],\n};\n"
    ));
    assert_eq!(mermaid(&Catalog::default()), "erDiagram\n");
}
