//! What the splitters say, compared with what SQLite itself makes of the same text.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use schema_sql::{
    Action, Conflict, ConstraintKind, CreateKind, CreateTable, IndexTerm, TriggerEvent, check_expr,
    checksum_text, create_kind, eq_name, fold, idents, line_column, normalise, normalise_default, quote_str,
    replace_name, split_create_index, split_create_table, split_create_trigger, split_create_view,
    split_create_virtual_table, split_statements, tokenize,
};

/// Statements that SQLite accepts and that are easy to misread.
const TABLES: &[&str] = &[
    "CREATE TABLE t(a)",
    "create table if not exists main.\"t\"\"x\"(a, 'b' TEXT, [c d] int, `e``f` BLOB)",
    "CREATE TABLE 'str'('a' 'b' 'c', \"x\" \"y z\", [q] [r s])",
    "CREATE TABLE t(a unsigned  big int, b VARCHAR ( 10 ), c DECIMAL(10 , 5), d DECIMAL( +1, -2 ), e foo bar(0x1F))",
    "CREATE TABLE t(a unsigned /* c */ big, b -- x\n int -- y\n, c double\tprecision\n(1))",
    "CREATE TABLE t(a integer, b Int, c tExt, d \"real\", e [ANY], f 'blob' x, f2 [any] x, f3 'it' text, f4 [x] \u{e9}, g 'it''s', h \"a\"\"b\" c, i \"a\"(1))",
    "CREATE TABLE t(a, b INT GENERATED ALWAYS AS (a+1), c GENERATED ALWAYS AS (a) STORED, d AS (')') VIRTUAL)",
    "CREATE TABLE t(a, b VARCHAR(3) GENERATED ALWAYS AS (a), c generated, d always, e x always, f GENERATED  ALWAYS, g longer than that always)",
    "CREATE TABLE t(a, b x generated /* */ always as (a), c generatedalways as (a), d \"x\" always, e int AS (a) NOT NULL)",
    "CREATE TABLE t(key, desc, action text, match, generated, always, if, replace, temp, begin end, cast by, like glob)",
    "CREATE TABLE replace(left, right key, full desc, natural, cross PRIMARY KEY, current_date, over, filter, window)",
    "CREATE TABLE t(a DEFAULT 5 NOT NULL, b DEFAULT +5, c DEFAULT - 5, d DEFAULT 'x''y', e DEFAULT x'00', f DEFAULT NULL)",
    "CREATE TABLE t(a DEFAULT CURRENT_TIMESTAMP, b DEFAULT \"x\", c DEFAULT word, d DEFAULT TRUE, e DEFAULT [q r])",
    "CREATE TABLE t(a DEFAULT ( 1 + (2) ), b DEFAULT(')'), c DEFAULT ((1)), d DEFAULT (1) CHECK((d)>(0)), e DEFAULT key)",
    "CREATE TABLE t(a DEFAULT 1e5, b DEFAULT 0xFF, c DEFAULT .5, d DEFAULT 1_000, e DEFAULT -'x', f DEFAULT (1 -- )\n))",
    "CREATE TABLE t(a CONSTRAINT n1 DEFAULT 1 CONSTRAINT n2 COLLATE nocase CONSTRAINT n3 NULL CONSTRAINT n4 NOT NULL)",
    "CREATE TABLE t(a CONSTRAINT x, b CONSTRAINT y CONSTRAINT z UNIQUE, CONSTRAINT last)",
    "CREATE TABLE t(a INTEGER PRIMARY KEY AUTOINCREMENT, b UNIQUE ON CONFLICT REPLACE, c NOT NULL ON CONFLICT IGNORE)",
    "CREATE TABLE t(a INTEGER PRIMARY KEY DESC ON CONFLICT ROLLBACK, b CHECK(b) CONSTRAINT k CHECK(b>0), c NULL ON CONFLICT FAIL)",
    "CREATE TABLE t(a INT, b, c, PRIMARY KEY(b DESC, a COLLATE nocase) ON CONFLICT ABORT UNIQUE(c) CHECK(a>b) ON CONFLICT FAIL)",
    "CREATE TABLE t(a INTEGER, PRIMARY KEY(a AUTOINCREMENT), CONSTRAINT u UNIQUE(a, \"a\"))",
    "CREATE TABLE t(a int, b text, PRIMARY KEY(b, 'a')) WITHOUT ROWID, STRICT",
    "CREATE TABLE t(a TEXT, b INT NOT NULL, c ANY, PRIMARY KEY(a, b)) strict , without rowid;",
    "CREATE TABLE t(a INT, b TEXT PRIMARY KEY) STRICT",
    "CREATE TABLE p(a REFERENCES q, b REFERENCES q(x) ON DELETE CASCADE ON UPDATE SET NULL MATCH FULL DEFERRABLE)",
    "CREATE TABLE p(a REFERENCES q(x) NOT DEFERRABLE INITIALLY IMMEDIATE, b REFERENCES q ON DELETE NO ACTION ON INSERT RESTRICT)",
    "CREATE TABLE p(a, b, CONSTRAINT f FOREIGN KEY(a, b) REFERENCES [q r](\"x y\", z) ON UPDATE SET DEFAULT MATCH initially)",
    "CREATE TABLE p(a, b, FOREIGN KEY(a, b) REFERENCES q(x, y) DEFERRABLE INITIALLY DEFERRED FOREIGN KEY(b) REFERENCES p)",
    "CREATE TABLE p(a REFERENCES q CHECK(a) DEFERRABLE INITIALLY DEFERRED NOT NULL, b DEFERRABLE, c NOT DEFERRABLE)",
    "CREATE TABLE t(a CHECK(a IN ('(', \")\", [a])), b DEFAULT '--', c DEFAULT '/*', d /* , */ DEFAULT 1 -- )\n)",
    "CREATE TABLE t(a CHECK(CASE WHEN a THEN 1 ELSE 0 END), b COLLATE \"rtrim\" COLLATE 'binary', c COLLATE nocase)",
    "CREATE TABLE \u{e9}t\u{e9}(\u{1f600} INT, \"a\nb\" TEXT, a\u{feff} INT, \u{feff}b INT, a$1 INT)",
    "CREATE TABLE t(a INT NOT NULL NULL, b DEFAULT 1 DEFAULT 2, c UNIQUE UNIQUE, d PRIMARY KEY UNIQUE)",
    "CREATE TABLE t(\"\" INT, \" \" TEXT, '\"' TEXT)",
    "CREATE TEMP TABLE t(a INT)",
    "CREATE TABLE t(a INT) /* never closed",
    "CREATE TABLE t(a INT) -- comment",
    "CREATE TABLE t(a,b,CHECK(a<b)CHECK(b<9)CONSTRAINT x CONSTRAINT y CHECK(a)UNIQUE(a)UNIQUE(b))",
];

fn memory() -> Connection {
    let conn = Connection::open_in_memory().expect("an in-memory database");
    conn.execute_batch("PRAGMA foreign_keys = OFF").expect("pragma");
    conn
}

fn rows<T>(conn: &Connection, sql: &str, map: impl Fn(&rusqlite::Row<'_>) -> rusqlite::Result<T>) -> Vec<T> {
    let mut statement = conn.prepare(sql).expect(sql);
    let rows = statement.query_map([], |row| map(row)).expect(sql);
    rows.map(|row| row.expect(sql)).collect()
}

/// What `table_xinfo` says of a column: name, type, NOT NULL, default, position in the key, hidden.
type Column = (String, String, bool, Option<String>, i64, i64);

fn columns_of_sqlite(conn: &Connection, table: &str) -> Vec<Column> {
    let sql = format!(
        "SELECT name, type, \"notnull\", dflt_value, pk, hidden FROM pragma_table_xinfo({})",
        quote_str(table)
    );
    rows(conn, &sql, |row| {
        // A type name of quoted and non-ASCII words can lose half a character.
        let kind = String::from_utf8_lossy(row.get_ref(1)?.as_bytes().unwrap_or_default()).into_owned();
        Ok((row.get(0)?, kind, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
    })
}

fn columns_of_split(table: &CreateTable) -> Vec<Column> {
    let mut key: Vec<&IndexTerm> = Vec::new();
    let all = table.columns.iter().flat_map(|column| &column.constraints).chain(&table.constraints);
    for constraint in all {
        if let ConstraintKind::PrimaryKey { columns, .. } = &constraint.kind {
            key.extend(columns);
        }
    }
    let mut names: Vec<String> = Vec::new();
    for term in key {
        let name = fold(term.column.as_deref().expect("a key's column"));
        // SQLite counts a repeated column of a key of a rowid table, but reports its first place.
        names.push(name);
    }
    table
        .columns
        .iter()
        .map(|column| {
            let place = names.iter().position(|name| eq_name(name, &column.name));
            let pk = place.map_or(0, |place| place as i64 + 1);
            let (mut not_null, mut default, mut hidden) = (false, None, 0);
            for constraint in &column.constraints {
                match &constraint.kind {
                    ConstraintKind::NotNull { .. } => not_null = true,
                    ConstraintKind::Default { value } => default = Some(bare(value)),
                    ConstraintKind::Generated { stored, .. } => hidden = if *stored { 3 } else { 2 },
                    _ => {}
                }
            }
            let rowid_key = !table.without_rowid && names.len() == 1 && column.type_name == "INTEGER";
            not_null |= pk > 0 && (table.without_rowid || table.strict && !rowid_key);
            (column.name.clone(), column.type_name.clone(), not_null, default, pk, hidden)
        })
        .collect()
}

/// A default as `table_xinfo` reports it: without its outer parentheses.
fn bare(value: &str) -> String {
    match value.strip_prefix('(').and_then(|value| value.strip_suffix(')')) {
        Some(inside) => inside.trim_matches(|c: char| matches!(c, '\t'..='\r' | ' ')).to_owned(),
        None => value.to_owned(),
    }
}

/// Table, child column, parent column, on update, on delete of each foreign key's columns, sorted.
type Reference = (String, String, Option<String>, String, String);

fn references_of_sqlite(conn: &Connection, table: &str) -> Vec<Reference> {
    let sql = format!(
        "SELECT \"table\", \"from\", \"to\", on_update, on_delete FROM pragma_foreign_key_list({})",
        quote_str(table)
    );
    let mut found: Vec<Reference> =
        rows(conn, &sql, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)));
    found.sort();
    found
}

fn references_of_split(table: &CreateTable) -> Vec<Reference> {
    let mut found = Vec::new();
    for constraint in table.columns.iter().flat_map(|column| &column.constraints).chain(&table.constraints) {
        let ConstraintKind::ForeignKey(key) = &constraint.kind else { continue };
        for (at, from) in key.columns.iter().enumerate() {
            let from =
                table.columns.iter().find(|column| eq_name(&column.name, from)).expect("the child's column");
            found.push((
                key.table.clone(),
                from.name.clone(),
                key.to.get(at).cloned(),
                key.on_update.sql().to_owned(),
                key.on_delete.sql().to_owned(),
            ));
        }
    }
    found.sort();
    found
}

/// Compares every object of `conn` with what the splitters make of its stored text; returns how many there were.
fn compare_all(conn: &Connection) -> usize {
    let objects: Vec<(String, String, String, String)> = rows(
        conn,
        "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
         UNION ALL SELECT type, name, tbl_name, sql FROM sqlite_temp_schema WHERE sql IS NOT NULL",
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
    );
    for (kind, name, table, sql) in &objects {
        let found = create_kind(sql);
        match kind.as_str() {
            "table" if found == Some(CreateKind::VirtualTable) => {
                assert_eq!(&split_create_virtual_table(sql).expect(sql).name, name, "{sql}");
            }
            "table" => {
                assert_eq!(found, Some(CreateKind::Table), "{sql}");
                compare_table(conn, name, sql);
            }
            "index" => {
                assert_eq!(found, Some(CreateKind::Index), "{sql}");
                compare_index(conn, name, table, sql);
            }
            "view" => {
                assert_eq!(found, Some(CreateKind::View), "{sql}");
                assert_eq!(&split_create_view(sql).expect(sql).name, name, "{sql}");
            }
            _ => {
                assert_eq!(found, Some(CreateKind::Trigger), "{sql}");
                let trigger = split_create_trigger(sql).expect(sql);
                assert_eq!((&trigger.name, fold(&trigger.table)), (name, fold(table)), "{sql}");
            }
        }
        normalise(sql, &|_| true).expect(sql);
    }
    objects.len()
}

fn compare_table(conn: &Connection, name: &str, sql: &str) {
    let table = split_create_table(sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
    assert_eq!(table.name, name, "{sql}");
    assert_eq!(columns_of_split(&table), columns_of_sqlite(conn, name), "{sql}");
    assert_eq!(references_of_split(&table), references_of_sqlite(conn, name), "{sql}");
    let flags: Vec<(bool, bool)> =
        rows(conn, &format!("SELECT wr, strict FROM pragma_table_list({})", quote_str(name)), |row| {
            Ok((row.get(0)?, row.get(1)?))
        });
    assert_eq!(flags, [(table.without_rowid, table.strict)], "{sql}");
    assert!(table.columns.iter().all(|column| sql.contains(&column.text)), "{sql}");
}

fn compare_index(conn: &Connection, name: &str, table: &str, sql: &str) {
    let index = split_create_index(sql).expect(sql);
    assert_eq!((index.name.as_str(), fold(&index.table)), (name, fold(table)), "{sql}");
    let terms: Vec<(i64, Option<String>, bool, String)> = rows(
        conn,
        &format!("SELECT cid, name, desc, coll FROM pragma_index_xinfo({}) WHERE key", quote_str(name)),
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
    );
    assert_eq!(terms.len(), index.terms.len(), "{sql}");
    for ((cid, column, desc, collation), term) in terms.iter().zip(&index.terms) {
        if *cid >= 0 {
            let same = term.column.as_deref().zip(column.as_deref()).is_some_and(|(a, b)| eq_name(a, b));
            assert!(same, "{term:?} is not {column:?}: {sql}");
        }
        assert_eq!(*desc, term.desc, "{sql}");
        if let Some(named) = &term.collation {
            assert!(eq_name(named, collation), "{named} is not {collation}: {sql}");
        }
    }
    let flags: Vec<(bool, bool)> = rows(
        conn,
        &format!(
            "SELECT \"unique\", partial FROM pragma_index_list({}) WHERE name = {}",
            quote_str(table),
            quote_str(name)
        ),
        |row| Ok((row.get(0)?, row.get(1)?)),
    );
    assert_eq!(flags, [(index.unique, index.filter.is_some())], "{sql}");
}

#[test]
fn tables_that_sqlite_accepts_are_read_as_sqlite_reads_them() {
    let refused: Vec<String> = TABLES
        .iter()
        .filter_map(|sql| memory().execute_batch(sql).err().map(|error| format!("{sql}: {error}")))
        .collect();
    assert!(refused.is_empty(), "SQLite refuses {refused:#?}");
    for sql in TABLES {
        let conn = memory();
        if let Err(error) = conn.execute_batch(sql) {
            panic!("SQLite refuses {sql}: {error}");
        }
        assert_eq!(compare_all(&conn), 1, "{sql}");
        let split = split_create_table(sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
        let stored: String = rows(
            &conn,
            "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
             UNION ALL SELECT sql FROM sqlite_temp_schema",
            |row| row.get(0),
        )
        .remove(0);
        let again = split_create_table(&stored).expect(&stored);
        assert_eq!(rebased(&split.columns), rebased(&again.columns), "{sql}");
    }
}

/// The columns with offsets from the first of them on: what stands before them is not stored as it was written.
fn rebased(columns: &[schema_sql::ColumnDef]) -> Vec<schema_sql::ColumnDef> {
    let start = columns.first().map_or(0, |column| column.at);
    let mut columns = columns.to_vec();
    for column in &mut columns {
        column.at -= start;
        for constraint in &mut column.constraints {
            constraint.at -= start;
        }
    }
    columns
}

#[test]
fn every_part_of_a_table_stands_where_its_offset_says() {
    for sql in TABLES {
        let split = split_create_table(sql).expect(sql);
        for column in &split.columns {
            assert!(sql[column.at..].starts_with(&column.text), "{sql}: {column:?}");
        }
        for constraint in &split.constraints {
            assert!(sql[constraint.at..].starts_with(&constraint.text), "{sql}: {constraint:?}");
        }
    }
}

/// Indexes, views, triggers and virtual tables over `t(a, b, begin)` that SQLite accepts and that are easy to misread.
const OBJECTS: &[&str] = &[
    "CREATE INDEX i ON t(a)",
    "CREATE UNIQUE INDEX IF NOT EXISTS main.\"i j\" ON 't'('a' DESC, \"b\" COLLATE nocase ASC, [begin])",
    "CREATE INDEX i ON t((a), (b COLLATE rtrim) DESC, a || b COLLATE nocase, lower(b) COLLATE \"nocase\", (a+1))",
    "CREATE INDEX i ON t(a COLLATE nocase COLLATE rtrim, substr(b, 1, 2), 1) WHERE a IN (1, 2) AND b = ')' -- c",
    "CREATE INDEX i ON t(-a COLLATE nocase, CASE WHEN a THEN b ELSE ',' END DESC)",
    "CREATE VIEW v AS SELECT 1",
    "CREATE TEMP VIEW v(x, \"y z\") AS SELECT a, b FROM t -- trailing\n",
    "CREATE VIEW [v]AS WITH c AS (SELECT 1) SELECT * FROM c;",
    "CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT CASE WHEN 1 THEN ';end' END; END",
    "CREATE TRIGGER x UPDATE OF a, \"b\" ON t FOR EACH ROW WHEN begin BEGIN DELETE FROM t WHERE begin; SELECT 1; END;",
    "CREATE TEMP TRIGGER x BEFORE DELETE ON main.t WHEN (old.a > 1) AND begin = begin BEGIN UPDATE t SET a = 1; END",
    "CREATE TRIGGER x INSERT ON t WHEN new.begin BEGIN REPLACE INTO t VALUES (1, 2, 3); END",
    "CREATE VIRTUAL TABLE f USING fts5(a, b UNINDEXED, tokenize = \"x, y\", content='', prefix='1, 2')",
    "CREATE VIRTUAL TABLE IF NOT EXISTS main.r USING rtree(id, (x), y,)",
];

#[test]
fn other_objects_that_sqlite_accepts_are_read_as_sqlite_reads_them() {
    for sql in OBJECTS {
        let conn = memory();
        conn.execute_batch("CREATE TABLE t(a, b TEXT, begin)").expect("the table");
        // A module may refuse its arguments; what counts is that the text was parsed.
        if create_kind(sql) == Some(CreateKind::VirtualTable) {
            split_create_virtual_table(sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
            continue;
        }
        conn.execute_batch(sql).unwrap_or_else(|error| panic!("SQLite refuses {sql}: {error}"));
        assert_eq!(compare_all(&conn), 2, "{sql}");
        let renamed = replace_name(sql, "n \"1").unwrap_or_else(|error| panic!("{error}: {sql}"));
        conn.execute_batch(&renamed).unwrap_or_else(|error| panic!("SQLite refuses {renamed}: {error}"));
        assert_eq!(compare_all(&conn), 3, "{renamed}");
    }
}

#[test]
fn each_part_of_other_objects_is_found() {
    let part = |at: usize| OBJECTS.get(at).copied().unwrap_or_default();
    let index = split_create_index(part(2)).expect("index");
    let terms: Vec<_> = index
        .terms
        .iter()
        .map(|t| (t.expr.as_str(), t.column.as_deref(), t.collation.as_deref(), t.desc))
        .collect();
    assert_eq!(
        terms,
        [
            ("(a)", Some("a"), None, false),
            ("b", Some("b"), Some("rtrim"), true),
            ("a || b COLLATE nocase", None, None, false),
            ("lower(b)", None, Some("nocase"), false),
            ("(a+1)", None, None, false),
        ]
    );
    assert_eq!(
        split_create_index(part(3)).expect("index").filter.as_deref(),
        Some("a IN (1, 2) AND b = ')'")
    );
    let view = split_create_view(part(6)).expect("view");
    assert_eq!((view.temp, view.columns.len(), view.select.as_str()), (true, 2, "SELECT a, b FROM t"));
    let trigger = split_create_trigger(part(9)).expect("trigger");
    assert_eq!(trigger.event, TriggerEvent::Update(vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!((trigger.timing.as_str(), trigger.when.as_deref()), ("BEFORE", Some("begin")));
    assert_eq!(trigger.body, "DELETE FROM t WHERE begin; SELECT 1;");
    let table = split_create_virtual_table(part(12)).expect("virtual table");
    assert_eq!(table.args, ["a", "b UNINDEXED", "tokenize = \"x, y\"", "content=''", "prefix='1, 2'"]);
    assert_eq!(split_create_virtual_table(part(13)).expect("virtual table").args, ["id", "(x)", "y"]);
}

#[test]
fn each_part_of_a_table_is_found() {
    let table = split_create_table(
        "CREATE TABLE t(a INTEGER CONSTRAINT k PRIMARY KEY DESC ON CONFLICT FAIL AUTOINCREMENT,
         b TEXT COLLATE NoCase DEFAULT ( 'x' ) CHECK ( b <> ')' ) REFERENCES p ON DELETE SET DEFAULT NOT NULL DEFERRABLE INITIALLY DEFERRED,
         UNIQUE(a, lower(b) COLLATE rtrim DESC) ON CONFLICT IGNORE, CONSTRAINT bare)",
    )
    .expect("a table");
    let [a, b] = table.columns.as_slice() else { panic!("two columns: {table:?}") };
    let shown = |terms: &[IndexTerm]| -> Vec<String> {
        terms
            .iter()
            .map(|term| format!("{} {:?} {:?} {}", term.expr, term.column, term.collation, term.desc))
            .collect()
    };
    let key = &a.constraints[0];
    assert_eq!(key.name.as_deref(), Some("k"));
    assert_eq!(key.text, "CONSTRAINT k PRIMARY KEY DESC ON CONFLICT FAIL AUTOINCREMENT");
    let ConstraintKind::PrimaryKey { columns, conflict: Some(Conflict::Fail), autoincrement: true } =
        &key.kind
    else {
        panic!("{key:?}")
    };
    assert_eq!(shown(columns), ["a Some(\"a\") None true"]);
    let [collate, default, check, references, not_null] = b.constraints.as_slice() else { panic!("{b:?}") };
    assert_eq!(collate.kind, ConstraintKind::Collate { collation: "NoCase".to_owned() });
    assert_eq!(default.kind, ConstraintKind::Default { value: "( 'x' )".to_owned() });
    assert_eq!(check.kind, ConstraintKind::Check { expr: "b <> ')'".to_owned(), conflict: None });
    assert_eq!(not_null.kind, ConstraintKind::NotNull { conflict: None });
    let ConstraintKind::ForeignKey(key) = &references.kind else { panic!("{references:?}") };
    assert_eq!((key.deferrable, key.initially_deferred), (Some(true), true));
    assert_eq!(
        (key.on_delete, key.to.len(), key.columns.as_slice()),
        (Action::SetDefault, 0, &["b".to_owned()][..])
    );
    assert_eq!(references.text, "REFERENCES p ON DELETE SET DEFAULT DEFERRABLE INITIALLY DEFERRED");
    let [unique] = table.constraints.as_slice() else { panic!("{table:?}") };
    let ConstraintKind::Unique { columns, conflict: Some(Conflict::Ignore) } = &unique.kind else {
        panic!("{unique:?}")
    };
    assert_eq!(shown(columns), ["a Some(\"a\") None false", "lower(b) None Some(\"rtrim\") true"]);
}

#[test]
fn texts_that_are_no_such_statement_are_refused_where_they_go_wrong() {
    for (sql, at) in [
        ("", 0),
        ("CREATE TABLE t AS SELECT 1", 15),
        ("CREATE TABLE t(a", 16),
        ("CREATE TABLE t()", 15),
        ("CREATE TABLE t(select)", 15),
        ("CREATE TABLE t(a,)", 17),
        ("CREATE TABLE t(a CHECK ())", 23),
        ("CREATE TABLE t(a) WITHOUT", 18),
        ("CREATE TABLE t(a, CHECK(a),)", 27),
        ("CREATE TABLE t(a, UNIQUE(a,))", 24),
        ("CREATE TABLE t(a DEFAULT)", 24),
        ("CREATE TABLE t(a); SELECT 1", 19),
        ("CREATE VIEW v AS SELECT 1", 7),
    ] {
        assert_eq!(split_create_table(sql).map_err(|error| error.at), Err(at), "{sql}");
    }
}

/// Numbers that look random and are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % limit.max(1)
    }

    /// `sql` with a few pieces of text removed, doubled, exchanged or put in.
    fn mutate(&mut self, sql: &str, pieces: &[&str]) -> String {
        let mut parts: Vec<String> = match tokenize(sql) {
            Ok(tokens) => tokens.iter().map(|token| token.text.to_owned()).collect(),
            Err(_) => sql.chars().map(String::from).collect(),
        };
        for _ in 0..=self.below(3) {
            let at = self.below(parts.len());
            let piece = pieces.get(self.below(pieces.len())).copied().unwrap_or_default().to_owned();
            match self.below(4) {
                0 if parts.len() > 1 => drop(parts.remove(at)),
                1 => parts.insert(at, piece),
                2 => parts.insert(at, format!(" {piece} ")),
                _ => {
                    let other = self.below(parts.len());
                    parts.swap(at, other);
                }
            }
        }
        parts.concat()
    }
}

const PIECES: &[&str] = &[
    "(",
    ")",
    ",",
    ";",
    "'",
    "\"",
    "[",
    "]",
    "`",
    "--",
    "/*",
    "*/",
    "\n",
    " ",
    ".",
    "-",
    ">",
    "!",
    "=",
    "x'0",
    "1_",
    "0x",
    "e1",
    "\0",
    "\u{b}",
    "\u{feff}",
    "\u{e9}",
    "$",
    "@",
    ":",
    "?",
    "#",
    "\\",
    "CONSTRAINT n",
    "NOT",
    "NULL",
    "DEFAULT",
    "CHECK(a)",
    "PRIMARY KEY",
    "UNIQUE",
    "REFERENCES p",
    "COLLATE nocase",
    "GENERATED ALWAYS",
    "AS (1)",
    "DEFERRABLE",
    "ON CONFLICT FAIL",
    "ON DELETE CASCADE",
    "key",
    "desc",
    "left",
    "'s'",
    "\"q\"",
    "[b]",
    "1",
    "a",
    "CASE",
    "END",
    "BEGIN",
    "WITHOUT ROWID",
    "STRICT",
    "always",
    "generated",
    "(1,2)",
];

/// How many mutated statements the two tests below try; more with `SCHEMA_FUZZ`.
fn rounds(default: usize) -> usize {
    std::env::var("SCHEMA_FUZZ").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(default)
}

#[test]
fn whatever_sqlite_accepts_of_mutated_statements_is_read_as_sqlite_reads_it() {
    let mut numbers = Numbers(7);
    let (mut accepted, rounds) = (0, rounds(4_000));
    for _ in 0..rounds {
        let from = TABLES.iter().chain(OBJECTS).nth(numbers.below(TABLES.len() + OBJECTS.len())).copied();
        let sql = numbers.mutate(from.unwrap_or_default(), PIECES);
        let conn = memory();
        conn.execute_batch("CREATE TABLE t0(a, b TEXT, begin)").expect("the table");
        let sql = sql.replace(" ON t", " ON t0").replace(" 't'", " t0");
        if sql.contains("VIRTUAL") || conn.execute_batch(&sql).is_err() {
            continue;
        }
        accepted += compare_all(&conn) - 1;
    }
    assert!(accepted > rounds / 20, "only {accepted} of {rounds} statements were accepted");
}

#[test]
fn no_text_makes_anything_panic_and_tokens_add_up_to_the_text() {
    let mut numbers = Numbers(11);
    for _ in 0..rounds(20_000) {
        let from = TABLES.iter().chain(OBJECTS).nth(numbers.below(TABLES.len() + OBJECTS.len())).copied();
        let mut sql = numbers.mutate(from.unwrap_or_default(), PIECES);
        let cut = numbers.below(sql.len() * 2);
        if sql.is_char_boundary(cut) {
            sql.truncate(cut);
        }
        if let Ok(tokens) = tokenize(&sql) {
            assert_eq!(tokens.iter().map(|token| token.text).collect::<String>(), sql);
            assert!(tokens.iter().all(|token| sql.get(token.at..token.end()) == Some(token.text)));
            normalise_is_stable(&sql);
        }
        let _ =
            (split_create_table(&sql), split_create_index(&sql), split_create_view(&sql), create_kind(&sql));
        let _ = (split_create_trigger(&sql), split_create_virtual_table(&sql), replace_name(&sql, "\""));
        let _ = (check_expr(&sql), idents(&sql), normalise_default(&sql), checksum_text(sql.as_bytes()));
        for statement in split_statements(&sql).unwrap_or_default() {
            assert_eq!(sql.get(statement.at..statement.at + statement.text.len()), Some(statement.text));
            assert_eq!(line_column(&sql, statement.at), (statement.line, statement.column));
        }
    }
}

/// A normal text is its own normal form.
fn normalise_is_stable(sql: &str) {
    let is_column = |name: &str| !name.starts_with('q');
    let once = normalise(sql, &is_column).expect(sql);
    assert_eq!(normalise(&once, &is_column).as_deref(), Ok(once.as_str()), "{sql}");
}

/// Expressions over `e(a, b, \"order\", key)` with what normalisation touches.
const EXPRESSIONS: &[&str] = &[
    "a == 1 AND \"B\" <> 'x' OR [order] ISNULL",
    "((a)) IN (1, 2) AND NOT \"x\" = `b` COLLATE \"nocase\"",
    "CASE WHEN KEY NOTNULL THEN \"lower\"(b) ELSE X'aB' END = 2E5 + 0X1f",
    "a IS NOT DISTINCT FROM \"y\" AND a ISNULL = 1 || \"e\".\"a\"",
    "(a) + (b) * - \"order\" BETWEEN 1 AND TRUE NOTNULL",
    "EXISTS (SELECT \"key\" FROM \"e\" AS z WHERE \"z\".a = e.a) AND (a, b) = (1, \"q\")",
];

/// The program that SQLite makes of a condition, if it accepts it.
fn program(conn: &Connection, expr: &str) -> Option<Vec<String>> {
    let mut statement = conn.prepare(&format!("EXPLAIN SELECT 1 FROM e WHERE \n{expr}")).ok()?;
    let rows = statement.query_map([], |row| {
        let field = |at| row.get_ref(at).map(|value| format!("{value:?}"));
        // Comments name columns as they are spelt; all else is what is run.
        Ok((0..7).map(field).collect::<rusqlite::Result<Vec<_>>>()?.join(" "))
    });
    rows.ok()?.collect::<rusqlite::Result<Vec<_>>>().ok()
}

#[test]
fn expressions_that_normalise_equally_are_the_same_program_for_sqlite() {
    let conn = memory();
    conn.execute_batch("CREATE TABLE e(a, b TEXT, \"order\", key)").expect("the table");
    let is_column = |name: &str| ["a", "b", "order", "key"].iter().any(|column| eq_name(column, name));
    let pieces = [
        " ",
        "/* */",
        "(",
        ")",
        "a",
        "A",
        "\"a\"",
        "[A]",
        "\"x\"",
        "'x'",
        "\"X\"",
        "ISNULL",
        "IS NULL",
        "NOTNULL",
        "<>",
        "!=",
        "=",
        "==",
        "+ 1",
        "-",
        "AND",
        "NOT",
        "TRUE",
        "\"true\"",
        "order",
        "\"Order\"",
        "`key`",
        "key",
        ",",
        "2",
    ];
    let (mut numbers, mut seen, mut compared) = (Numbers(3), HashMap::new(), 0);
    for _ in 0..rounds(8_000) {
        let from = EXPRESSIONS.get(numbers.below(EXPRESSIONS.len())).copied().unwrap_or_default();
        let expr = numbers.mutate(from, &pieces);
        let (Ok(normal), Some(found)) = (normalise(&expr, &is_column), program(&conn, &expr)) else {
            continue;
        };
        assert_eq!(check_expr(&expr), Ok(()), "{expr}");
        let again = program(&conn, &normal);
        assert!(again.as_ref() == Some(&found), "{expr} | {normal}");
        if let Some((other, program)) = seen.get(&normal) {
            assert!(program == &found, "{expr} | {other}");
            compared += 1;
        }
        seen.insert(normal, (expr, found));
    }
    assert!(compared > 100, "only {compared} pairs were compared");
}

fn corpus() -> Option<PathBuf> {
    let shared = std::env::var_os("SCHEMA_SHARED").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let found = shared.unwrap_or(beside).join("corpus");
    if !found.is_dir() {
        println!("skipped: there is no corpus at {} (SCHEMA_SHARED names its folder)", found.display());
        return None;
    }
    Some(found)
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a readable folder");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

/// Runs the statements of `path`, one by one as they were split, and compares every object there is then.
fn run_script(conn: &Connection, path: &Path) -> usize {
    let script = std::fs::read_to_string(path).expect("a text file");
    for statement in split_statements(&script).unwrap_or_else(|error| panic!("{error}: {}", path.display())) {
        let place = format!("{}:{}:{}", path.display(), statement.line, statement.column);
        if let Err(error) = conn.execute_batch(statement.text) {
            println!("{place}: {error}");
        }
        let one = split_statements(statement.text).expect("text that was read before");
        assert_eq!(one.len(), 1, "{place}");
    }
    compare_all(conn)
}

#[test]
fn every_schema_of_the_corpus_is_read_as_sqlite_reads_it() {
    let Some(corpus) = corpus() else { return };
    for path in sorted(&corpus.join("schemas")) {
        assert!(run_script(&memory(), &path) > 0, "{}", path.display());
    }
}

#[test]
fn every_version_of_every_history_is_read_as_sqlite_reads_it() {
    let Some(corpus) = corpus() else { return };
    for history in sorted(&corpus.join("histories")).into_iter().filter(|path| path.is_dir()) {
        let conn = memory();
        for path in
            sorted(&history).into_iter().filter(|path| path.extension().is_some_and(|ext| ext == "sql"))
        {
            assert!(run_script(&conn, &path) > 0, "{}", path.display());
        }
    }
}
