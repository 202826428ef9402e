//! The catalog as a diagram of entities and their relations.

use schema_runtime::{Catalog, ColumnInfo, ForeignKeyInfo, TableInfo};
use schema_sql::eq_name;

use super::{one_line, without_ours};

/// `catalog` as a mermaid `erDiagram`: a table is an entity, a column an attribute, a foreign key a relation.
///
/// ```text
/// erDiagram
///     "task" {
///         INTEGER id PK
///         TEXT slug UK "not null"
///         INTEGER project_id FK
///     }
///     "project" |o..o{ "task" : "project_id"
/// ```
///
/// The parent's end is `||` where every column of the key is `NOT NULL` and `|o` where not; the child's end is `o|` where
/// the key's columns are unique and `o{` where not; the line is drawn through (`--`) where they are part of the child's primary
/// key. A name or type that mermaid could not read is written with `_` for each such character, and stands beside it in full.
/// Views and virtual tables, whose columns a catalog does not hold, are comments.
///
/// Mermaid: <https://mermaid.js.org/syntax/entityRelationshipDiagram.html>; its grammar is
/// `packages/mermaid/src/diagrams/er/parser/erDiagram.jison`.
pub fn mermaid(catalog: &Catalog) -> String {
    let catalog = without_ours(catalog);
    let mut lines = vec!["erDiagram".to_owned()];
    for table in &catalog.tables {
        lines.push(format!("    {} {{", entity(&table.name)));
        lines.extend(table.columns.iter().map(|column| format!("        {}", attribute(table, column))));
        lines.push("    }".to_owned());
    }
    for table in &catalog.tables {
        lines.extend(table.foreign_keys.iter().map(|key| format!("    {}", relation(table, key))));
    }
    for table in &catalog.virtual_tables {
        lines.push(format!("    %% virtual table {} using {}", plain(&table.name), plain(&table.module)));
    }
    lines.extend(catalog.views.iter().map(|view| format!("    %% view {}", plain(&view.name))));
    for object in &catalog.opaque {
        let (kind, name) = (plain(&object.kind), plain(&object.name));
        lines.push(format!("    %% {kind} {name} could not be read: {}", plain(&object.reason)));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// Text that can stand in quotes and in a comment.
fn plain(text: &str) -> String {
    let readable = |char: char| match char {
        '"' => '\'',
        '%' | '\\' => '_',
        _ if char.is_control() || char.is_whitespace() => ' ',
        _ => char,
    };
    text.chars().map(readable).collect()
}

/// Always in quotes: outside of them `end`, `one` and `style` are words of mermaid's. It takes any line with `direction TB` for
/// a setting, even inside of quotes.
fn entity(name: &str) -> String {
    let name = plain(name);
    let name = if name.to_lowercase().contains("direction ") { name.replace(' ', "_") } else { name };
    if name.is_empty() { "\"_\"".to_owned() } else { format!("\"{name}\"") }
}

/// One word of an attribute: mermaid takes letters, digits, `_` and, behind the first, parentheses and brackets.
fn word(text: &str) -> String {
    let mut word: String = text
        .chars()
        .enumerate()
        .map(|(at, char)| match char {
            'A'..='Z' | 'a'..='z' | '_' => char,
            '0'..='9' | '(' | ')' | '[' | ']' if at > 0 => char,
            '\u{C0}'.. if char.is_alphanumeric() => char,
            _ => '_',
        })
        .collect();
    // A word that begins with one of these is read as a key's mark, unless a letter, a digit or `_` follows.
    let mark = word.get(..2).is_some_and(|head| ["PK", "FK", "UK"].iter().any(|mark| eq_name(mark, head)));
    let follows = word.get(2..).and_then(|rest| rest.chars().next());
    if mark && !follows.is_some_and(|char| char.is_ascii_alphanumeric() || char == '_') {
        word.insert(2, '_');
    }
    if word.is_empty() { "_".to_owned() } else { word }
}

/// `TEXT slug UK "not null"`
fn attribute(table: &TableInfo, column: &ColumnInfo) -> String {
    let type_name = if column.type_name.is_empty() { "any" } else { &column.type_name };
    let (kind, name) = (word(type_name), word(&column.name));
    let mut keys = Vec::new();
    if table.in_primary_key(&column.name) {
        keys.push("PK");
    }
    if table.foreign_keys.iter().any(|key| key.columns.iter().any(|name| eq_name(name, &column.name))) {
        keys.push("FK");
    }
    if is_unique(table, std::slice::from_ref(&column.name), false) {
        keys.push("UK");
    }
    let mut remarks = Vec::new();
    if name != column.name {
        remarks.push(column.name.clone());
    }
    if kind != type_name {
        remarks.push(type_name.to_owned());
    }
    if column.not_null.is_some() && !table.in_primary_key(&column.name) {
        remarks.push("not null".to_owned());
    }
    if column.generated.is_some() {
        remarks.push("generated".to_owned());
    }
    let mut line = format!("{kind} {name}");
    if !keys.is_empty() {
        line.push_str(&format!(" {}", keys.join(", ")));
    }
    if !remarks.is_empty() {
        line.push_str(&format!(" \"{}\"", plain(&remarks.join(", "))));
    }
    line
}

/// `"project" |o..o{ "task" : "project_id"`
fn relation(table: &TableInfo, key: &ForeignKeyInfo) -> String {
    let never_null = key.columns.iter().all(|name| {
        table.is_rowid_alias(name) || table.column(name).is_some_and(|column| column.not_null.is_some())
    });
    let parent = if never_null { "||" } else { "|o" };
    let child = if is_unique(table, &key.columns, true) { "o|" } else { "o{" };
    let line = if key.columns.iter().all(|name| table.in_primary_key(name)) { "--" } else { ".." };
    let columns = one_line(&plain(&key.columns.join(", ")));
    format!("{} {parent}{line}{child} {} : \"{columns}\"", entity(&key.table), entity(&table.name))
}

/// Whether no two rows share the values of `columns`; by the primary key too, where `key` is set.
fn is_unique(table: &TableInfo, columns: &[String], key: bool) -> bool {
    let holds = |name: &str| columns.iter().any(|column| eq_name(column, name));
    let by_key = table.primary_key.iter().filter(|_| key).map(|key| &key.terms);
    let by_constraint = by_key.chain(table.uniques.iter().map(|unique| &unique.terms));
    let mut indexes = table.indexes.iter().filter(|index| index.unique && index.filter.is_none());
    by_constraint.into_iter().any(|terms| terms.iter().all(|term| holds(&term.column)))
        || indexes.any(|index| index.terms.iter().all(|term| !term.is_expr && holds(&term.term)))
}

#[cfg(test)]
mod tests {
    use schema_runtime::rusqlite::Connection;

    use super::*;

    fn lines(sql: &str) -> Vec<String> {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(sql).unwrap();
        let text = mermaid(&Catalog::read(&conn).unwrap());
        text.lines().map(|line| line.trim().to_owned()).collect()
    }

    #[test]
    fn a_relation_s_ends_are_those_of_its_columns() {
        let parent = "CREATE TABLE p(id INTEGER PRIMARY KEY, a, b, UNIQUE(a, b));";
        for (child, relation) in [
            ("CREATE TABLE c(x REFERENCES p)", "|o..o{"),
            ("CREATE TABLE c(x NOT NULL REFERENCES p)", "||..o{"),
            ("CREATE TABLE c(x UNIQUE REFERENCES p)", "|o..o|"),
            ("CREATE TABLE c(x INTEGER PRIMARY KEY REFERENCES p)", "||--o|"),
            ("CREATE TABLE c(x NOT NULL REFERENCES p, y, PRIMARY KEY(x, y))", "||--o{"),
            ("CREATE TABLE c(x REFERENCES p); CREATE UNIQUE INDEX i ON c(x)", "|o..o|"),
            ("CREATE TABLE c(x REFERENCES p); CREATE UNIQUE INDEX i ON c(x) WHERE x > 0", "|o..o{"),
            ("CREATE TABLE c(x REFERENCES p, y); CREATE UNIQUE INDEX i ON c(x, y)", "|o..o{"),
        ] {
            let wanted = format!("\"p\" {relation} \"c\" : \"x\"");
            assert!(lines(&format!("{parent}{child}")).contains(&wanted), "{child}");
        }
        let both = "CREATE TABLE c(x, y NOT NULL, FOREIGN KEY(x, y) REFERENCES p(a, b))";
        assert!(lines(&format!("{parent}{both}")).contains(&"\"p\" |o..o{ \"c\" : \"x, y\"".to_owned()));
    }

    #[test]
    fn words_that_mermaid_would_misread_are_written_another_way() {
        let text = lines(
            "CREATE TABLE \"a \"\"b\"\" %\\\" (pk INT, \"FK(1)\" TEXT, \"uk_\" \"my type\", \"1\" INT, \"\" INT);
             CREATE TABLE \"direction TB\" (a);",
        );
        assert_eq!(
            text,
            [
                "erDiagram",
                "\"a 'b' __\" {",
                "INT pk_ \"pk\"",
                "TEXT FK_(1) \"FK(1)\"",
                "my_type uk_ \"my type\"",
                "INT _ \"1\"",
                "INT _ \"\"",
                "}",
                "\"direction_TB\" {",
                "any a",
                "}",
            ]
        );
    }
}
