//! The catalog as a script of `CREATE` statements.

use schema_runtime::{Catalog, OpaqueInfo, TableInfo, ViewInfo};
use schema_sql::{TokenKind, fold, idents, significant, split_statements, tokenize};

use super::{one_line, without_ours};

/// A `CREATE TABLE` on one line is read at a glance up to this many characters.
const GLANCE: usize = 100;

/// `catalog` as a script that makes it again in an empty file: tables with their indexes, virtual tables, views, triggers.
///
/// The texts are those that SQLite stores, with the comments and the layout of whoever wrote them. Only a `CREATE TABLE` that is
/// one line of more than 100 characters and has no comment is laid out anew, one column a line, by
/// [`TableInfo::to_sql`](schema_runtime::TableInfo::to_sql): that keeps the text of every default, expression and type, and loses
/// the names of constraints that do nothing (`CONSTRAINT x NULL`). A view stands behind the views it reads, a
/// shadow table is left to its virtual table. What could not be read with certainty is there as it is stored, under a
/// comment that says why.
///
/// The result ends with a line break; it is empty for an empty catalog.
pub fn sql(catalog: &Catalog) -> String {
    let catalog = without_ours(catalog);
    let mut blocks: Vec<String> = Vec::new();
    let opaque = |kind: &str| -> Vec<String> {
        catalog.opaque.iter().filter(|object| object.kind == kind).map(unread).collect()
    };
    for table in &catalog.tables {
        let mut block = vec![statement(&table_text(table))];
        block.extend(table.indexes.iter().map(|index| statement(&index.sql)));
        blocks.push(block.join("\n"));
    }
    blocks.extend(opaque("table"));
    blocks.extend(opaque("index"));
    blocks.extend(catalog.virtual_tables.iter().map(|table| statement(&table.sql)));
    blocks.extend(in_order_of_dependence(&catalog.views).into_iter().map(|view| statement(&view.sql)));
    blocks.extend(opaque("view"));
    blocks.extend(catalog.triggers.iter().map(|trigger| statement(&trigger.sql)));
    blocks.extend(opaque("trigger"));
    let others = catalog.opaque.iter().filter(|object| !KINDS.contains(&object.kind.as_str()));
    blocks.extend(others.map(unread));
    if blocks.is_empty() { String::new() } else { format!("{}\n", blocks.join("\n\n")) }
}

const KINDS: [&str; 4] = ["table", "index", "view", "trigger"];

fn table_text(table: &TableInfo) -> String {
    let long = !table.sql.contains('\n') && table.sql.chars().count() > GLANCE;
    let bare =
        tokenize(&table.sql).is_ok_and(|tokens| tokens.iter().all(|token| token.kind != TokenKind::Comment));
    if long && bare { table.to_sql() } else { table.sql.clone() }
}

/// `sql` with the semicolon that ends it, even where a comment stands at its end, open or to the end of the line.
fn statement(sql: &str) -> String {
    let ends = |text: &String| {
        split_statements(text).is_ok_and(|statements| statements.len() == 1)
            && significant(text).is_ok_and(|tokens| tokens.last().is_some_and(|token| token.is_op(";")))
    };
    let mut endings = [";", "\n;", " */;"].map(|ending| format!("{sql}{ending}")).into_iter();
    endings.find(ends).unwrap_or_else(|| format!("{sql}\n;"))
}

/// What the reader gave up on: SQL that SQLite took once, or a comment where not even the text is certain.
fn unread(object: &OpaqueInfo) -> String {
    let head = format!("-- {} {}: {}", object.kind, one_line(&object.name), one_line(&object.reason));
    let certain = KINDS.contains(&object.kind.as_str()) && !object.sql.contains(char::REPLACEMENT_CHARACTER);
    let text = if certain {
        statement(&object.sql)
    } else {
        object.sql.lines().map(|line| format!("-- {line}")).collect::<Vec<_>>().join("\n")
    };
    if text.is_empty() { head } else { format!("{head}\n{text}") }
}

/// Each view behind those that its text names, else in the catalog's order. Views that name each other, which SQLite
/// takes and cannot run, stay as they are.
fn in_order_of_dependence(views: &[ViewInfo]) -> Vec<&ViewInfo> {
    let names: Vec<String> = views.iter().map(|view| fold(&view.name)).collect();
    let mut open: Vec<(usize, Vec<usize>)> = views
        .iter()
        .enumerate()
        .map(|(at, view)| {
            let named = idents(&view.sql).unwrap_or_default();
            let reads = |(other, name): &(usize, &String)| *other != at && named.contains(name);
            (at, names.iter().enumerate().filter(reads).map(|(other, _)| other).collect())
        })
        .collect();
    let mut ordered = Vec::with_capacity(views.len());
    while !open.is_empty() {
        let free = |(_, reads): &(usize, Vec<usize>)| {
            !reads.iter().any(|read| open.iter().any(|(at, _)| at == read))
        };
        let next = open.iter().position(free).unwrap_or(0);
        let (at, _) = open.remove(next);
        ordered.extend(views.get(at));
    }
    ordered
}

#[cfg(test)]
mod tests {
    use schema_runtime::rusqlite::Connection;

    use super::*;

    fn read(sql: &str) -> Catalog {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(sql).unwrap();
        Catalog::read(&conn).unwrap()
    }

    #[test]
    fn stored_texts_are_kept_and_each_table_takes_its_indexes_along() {
        let catalog = read(
            "CREATE TABLE b (a INT /* first */, -- c\n b);CREATE VIEW w AS SELECT * FROM v;CREATE TABLE a(x);\
             CREATE VIEW v AS SELECT 1 AS one;CREATE INDEX i ON b(a);CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END;\
             CREATE VIRTUAL TABLE f USING fts5(x, y);\
             CREATE TABLE migration_state(model, fingerprint);",
        );
        assert_eq!(
            sql(&catalog),
            "CREATE TABLE b (a INT /* first */, -- c\n b);\nCREATE INDEX i ON b(a);\n\nCREATE TABLE a(x);\n\n\
             CREATE VIRTUAL TABLE f USING fts5(x, y);\n\nCREATE VIEW v AS SELECT 1 AS one;\n\n\
             CREATE VIEW w AS SELECT * FROM v;\n\nCREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END;\n"
        );
        assert_eq!(sql(&Catalog::default()), "");
    }

    #[test]
    fn a_table_on_one_long_line_is_laid_out_and_one_with_a_comment_is_not() {
        let columns: Vec<String> =
            (0..9).map(|at| format!("column_{at} INT DEFAULT ( 'x'||{at} )")).collect();
        let long = format!("CREATE TABLE t ({})", columns.join(","));
        let text = sql(&read(&long));
        assert!(
            text.starts_with("CREATE TABLE t (\n    column_0 INT DEFAULT ('x'||0),\n    column_1 "),
            "{text}"
        );
        let commented = long.replace("t (", "t (/* mine */");
        assert_eq!(sql(&read(&commented)), format!("{commented};\n"));
    }

    #[test]
    fn a_comment_at_the_end_does_not_swallow_the_semicolon() {
        for (stored, text) in [
            ("CREATE VIEW v AS SELECT 1 -- one", "CREATE VIEW v AS SELECT 1 -- one\n;\n"),
            ("CREATE VIEW v AS SELECT 1 /* one", "CREATE VIEW v AS SELECT 1 /* one */;\n"),
            ("CREATE VIEW v AS SELECT '-- one'", "CREATE VIEW v AS SELECT '-- one';\n"),
        ] {
            let catalog = read(stored);
            assert_eq!(catalog.views[0].sql, stored);
            assert_eq!(sql(&catalog), text);
            assert_eq!(read(&sql(&catalog)).views.len(), 1);
        }
    }

    #[test]
    fn what_could_not_be_read_says_why_and_is_kept() {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(
            "CREATE TABLE t(a); CREATE VIEW v AS SELECT a FROM t; PRAGMA writable_schema = ON;
             UPDATE sqlite_schema SET sql = CAST(sql || x'FF' AS TEXT) WHERE name = 'v';",
        )
        .unwrap();
        let text = sql(&Catalog::read(&conn).unwrap());
        assert_eq!(
            text,
            "CREATE TABLE t(a);\n\n-- view v: its name or text is not valid UTF-8\n-- CREATE VIEW v AS SELECT a FROM t\u{FFFD}\n"
        );
    }

    #[test]
    fn views_that_name_each_other_are_all_there() {
        let text = sql(&read("CREATE VIEW a AS SELECT * FROM b;CREATE VIEW b AS SELECT * FROM a;"));
        assert_eq!(text, "CREATE VIEW a AS SELECT * FROM b;\n\nCREATE VIEW b AS SELECT * FROM a;\n");
    }
}
