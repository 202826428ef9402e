//! What is legal in a `CREATE` statement is read with certainty, printed and made again; what is broken does no harm.

use schema_runtime::rusqlite::Connection;
use schema_runtime::rusqlite::functions::FunctionFlags;
use schema_runtime::{Catalog, ErrorKind, TableInfo};

use crate::corpus::{assert_fixpoint, empty};

/// Each is a whole database. The parent `p` is there for those that refer to it.
const NASTY: &[&str] = &[
    "CREATE TABLE t(id INTEGER PRIMARY KEY DESC, b)",
    "CREATE TABLE t(id INTEGER, PRIMARY KEY(id DESC))",
    "CREATE TABLE t(id INTEGER, PRIMARY KEY(id COLLATE nocase DESC AUTOINCREMENT) ON CONFLICT REPLACE)",
    "CREATE TABLE t(id INTEGER CONSTRAINT pk PRIMARY KEY ASC ON CONFLICT IGNORE AUTOINCREMENT NOT NULL)",
    "CREATE TABLE t(id INT PRIMARY KEY, b \"INTEGER\")",
    "CREATE TABLE t(id INTEGER PRIMARY KEY, b) WITHOUT ROWID",
    "CREATE TABLE t(id INTEGER PRIMARY KEY, k TEXT UNIQUE) STRICT",
    "CREATE TABLE t(a TEXT, b INT, PRIMARY KEY(b, a)) STRICT, WITHOUT ROWID",
    "CREATE TABLE t(a TEXT NOT NULL ON CONFLICT FAIL, b TEXT, PRIMARY KEY(a, b)) WITHOUT ROWID, STRICT",
    "CREATE TABLE t(a TEXT CONSTRAINT nn NOT NULL ON CONFLICT ROLLBACK CONSTRAINT d DEFAULT 'x' CONSTRAINT c COLLATE nocase NULL)",
    "CREATE TABLE t(a, b, PRIMARY KEY(a, a))",
    "CREATE TABLE t(a, b, c, PRIMARY KEY(a, b, a, c)) WITHOUT ROWID",
    "CREATE TABLE t(a UNIQUE, b UNIQUE ON CONFLICT IGNORE, UNIQUE(b, a), UNIQUE(a))",
    "CREATE TABLE t(a, b UNIQUE, c, CONSTRAINT u UNIQUE(a COLLATE nocase DESC) ON CONFLICT FAIL, UNIQUE(c), UNIQUE(a, b))",
    "CREATE TABLE t(a PRIMARY KEY UNIQUE, b, UNIQUE(b) UNIQUE(a) CHECK(a > b) CONSTRAINT bare)",
    "CREATE TABLE t(a TEXT COLLATE nocase, UNIQUE(a COLLATE NOCASE), UNIQUE(a COLLATE binary))",
    "CREATE TABLE t(a CHECK(a > 0) CONSTRAINT c1 CHECK(a < b), b CONSTRAINT c2 CHECK(b <> 3), CHECK(a = 1 -- note )\n))",
    "CREATE TABLE t(a, b, CHECK(b > 0) ON CONFLICT FAIL, CHECK(a > 0), CHECK('a' <> 'b'), CHECK(\"a\" = [b]))",
    "CREATE TABLE t(a, \"in\", CHECK(a IN (1, 2)), CHECK(\"in\" > 1), CHECK((((a)) = (1))))",
    "CREATE TABLE t(a DEFAULT 1, b DEFAULT (1), c DEFAULT -1, d DEFAULT (- 1.5e3), e DEFAULT +5, f DEFAULT ((1) + (2)))",
    "CREATE TABLE t(a DEFAULT 'it''s', b DEFAULT \"x\", c DEFAULT word, d DEFAULT key, e DEFAULT x'0aF0', f DEFAULT 0x10)",
    "CREATE TABLE t(a DEFAULT CURRENT_TIMESTAMP, b DEFAULT (current_date), c DEFAULT TRUE, d DEFAULT NULL, e DEFAULT (NULL))",
    "CREATE TABLE t(a DEFAULT (datetime('now')), b DEFAULT (((1))), c DEFAULT (1) DEFAULT (2), d DEFAULT (- 'x'), e DEFAULT (--c\n 5 /* five */ --\n))",
    "CREATE TABLE t(a, g AS (a + 1), h GENERATED ALWAYS AS (g * 2) STORED, i INT GENERATED ALWAYS AS (a || '''') VIRTUAL NOT NULL)",
    "CREATE TABLE t(a unsigned  big int, b VARCHAR ( 10 ), c DECIMAL(10 , -5), d \"select\", e \"a)b\", f 'str type', g \"x\" \"y\", h int)",
    "CREATE TABLE t(a long /* c */ name, b \"INT GENERATED ALWAYS\", c [odd type](5), d \"say \"\"hi\"\"\", e date  time)",
    "CREATE TABLE t(a REFERENCES p, b REFERENCES p(k) ON DELETE SET NULL ON UPDATE CASCADE MATCH full, c REFERENCES p(k) NOT DEFERRABLE INITIALLY DEFERRED)",
    "CREATE TABLE t(a, b, c REFERENCES missing, FOREIGN KEY(a, b) REFERENCES p2, CONSTRAINT f FOREIGN KEY(b) REFERENCES p(k) DEFERRABLE INITIALLY DEFERRED, FOREIGN KEY(a) REFERENCES t)",
    "CREATE TABLE t(c REFERENCES p ON DELETE RESTRICT ON DELETE SET DEFAULT DEFERRABLE, b REFERENCES p)",
    "CREATE TABLE \"we \"\"ird\"(\"a b\", [c d], `e``f`, \"\", \"new\nline\", \"🦀\", 'str', \"select\" REFERENCES \"or der\"(\"gr oup\"))",
    "CREATE TABLE [order]([group] TEXT UNIQUE, [check] CHECK([check] > 0), [primary] PRIMARY KEY, FOREIGN KEY([group]) REFERENCES [table]([x]))",
    "CREATE TABLE t(rowid, oid, _rowid_)",
    "CREATE TABLE t(a); CREATE INDEX \"od\"\"d\" ON t(a COLLATE nocase DESC, lower(a), a + 1 COLLATE rtrim, (a)) WHERE a > 'x' -- c\n",
    "CREATE TABLE t(a, b); CREATE UNIQUE INDEX i ON t(b) WHERE b = \"x\" AND a IS NOT NULL; CREATE INDEX j ON t('b', \"a\", [a])",
    "CREATE TABLE t AS SELECT 1 AS a, 'x' AS \"b c\", 2.5 AS [d], NULL AS e",
    "CREATE TABLE t(a); CREATE VIEW v AS SELECT nosuch FROM nowhere; CREATE VIEW w(x) AS SELECT a FROM t -- end\n",
    "CREATE TABLE t(a); CREATE TRIGGER r AFTER UPDATE OF nosuch ON t BEGIN INSERT INTO nowhere VALUES(';end'); SELECT CASE WHEN 1 THEN RAISE(IGNORE) END; END",
    "CREATE VIEW v AS SELECT 1 AS a; CREATE TRIGGER r INSTEAD OF INSERT ON v BEGIN SELECT 1; END",
    "CREATE TABLE doc(body); CREATE VIRTUAL TABLE docs USING fts5(body, content='doc', tokenize = 'porter ascii'); CREATE TABLE docs_of_mine(a)",
    "CREATE VIRTUAL TABLE a USING fts5(x); CREATE VIRTUAL TABLE a_b USING fts5(y); CREATE VIRTUAL TABLE r USING rtree(id, x0, x1)",
    "CREATE TABLE pragma_table_xinfo(a); CREATE TABLE pragma_table_list(b); CREATE TABLE pragma_index_list(c UNIQUE)",
    "CREATE TABLE t(a); ALTER TABLE t ADD COLUMN b TEXT DEFAULT 'x' REFERENCES p; ALTER TABLE t RENAME TO u; ALTER TABLE u RENAME a TO \"a a\"",
    "CREATE TABLE t(a INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO t VALUES (9); ANALYZE",
    "create table T(A, a2 text check(length(A)>0 and a2 <> 'A'), Unique(a, A2))",
];

#[test]
fn nasty_statements_are_read_printed_and_made_again() {
    for sql in NASTY {
        let conn = empty();
        conn.execute_batch(
            "CREATE TABLE p(id INTEGER PRIMARY KEY, k UNIQUE); CREATE TABLE p2(x, y, PRIMARY KEY(y, x))",
        )
        .unwrap();
        conn.execute_batch(sql).unwrap_or_else(|err| panic!("{sql}: {err}"));
        assert_fixpoint(&conn, sql);
    }
}

#[test]
fn names_of_every_kind_are_quoted_only_where_they_must_be() {
    let long = "n".repeat(200);
    let keywords = [
        "select",
        "key",
        "Desc",
        "generated",
        "always",
        "if",
        "replace",
        "temp",
        "without",
        "strict",
        "null",
        "true",
    ];
    let odd = [
        "a b", "a\"b", "a'b", "a`b", "a]b", "a;b", "-- c", "/* c", "x\ny", "🦀", "é", "1a", "$a", "a$", "",
        "rowid", &long,
    ];
    for name in keywords.into_iter().chain(odd) {
        let quoted = schema_sql::quote_ident(name);
        let conn = empty();
        let sql = format!(
            "CREATE TABLE {quoted}({quoted} TEXT COLLATE nocase CHECK({quoted} <> 'x') REFERENCES {quoted}({quoted}), other, \
             CONSTRAINT {quoted} UNIQUE({quoted}, other)); \
             CREATE INDEX \"i{}\" ON {quoted}({quoted} DESC) WHERE {quoted} > 1;",
            name.replace('"', "\"\"")
        );
        conn.execute_batch(&sql).unwrap_or_else(|err| panic!("{name}: {err}"));
        assert_fixpoint(&conn, name);
        let catalog = Catalog::read(&conn).unwrap();
        assert_eq!(catalog.tables[0].name, name);
        assert_eq!(catalog.tables[0].columns[0].name, name);
    }
}

#[test]
fn a_printed_table_reads_well() {
    let conn = empty();
    conn.execute_batch(
        "CREATE TABLE project(id INTEGER PRIMARY KEY);
         CREATE TABLE task([id] INTEGER NOT NULL, slug TEXT NOT NULL UNIQUE, \"priority\" INTEGER DEFAULT (5),
             created TEXT DEFAULT (datetime('now')), project_id INTEGER, a, b,
             PRIMARY KEY(id AUTOINCREMENT), CHECK(priority BETWEEN 0 AND 9), CHECK(a < b), UNIQUE(a, b),
             FOREIGN KEY(project_id) REFERENCES project ON DELETE CASCADE)",
    )
    .unwrap();
    let catalog = Catalog::read(&conn).unwrap();
    assert_eq!(
        catalog.table("TASK").map(TableInfo::to_sql).as_deref(),
        Some(
            "CREATE TABLE task (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    slug TEXT NOT NULL UNIQUE,
    priority INTEGER DEFAULT 5 CHECK (priority BETWEEN 0 AND 9),
    created TEXT DEFAULT (datetime('now')),
    project_id INTEGER REFERENCES project (id) ON DELETE CASCADE,
    a,
    b,
    UNIQUE (a, b),
    CHECK (a < b)
)"
        )
    );
}

/// A database that needs a function, a collation and a module which only the connection that made it has.
fn with_foreign_parts() -> (Connection, Vec<String>) {
    let conn = empty();
    conn.create_scalar_function(
        "mine",
        1,
        FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_UTF8,
        |_| Ok(1),
    )
    .unwrap();
    conn.create_collation("mine", |a: &str, b: &str| a.cmp(b)).unwrap();
    conn.execute_batch(
        "CREATE TABLE plain(a, b);
         CREATE TABLE f(a UNIQUE, b CHECK(mine(b)), g AS (mine(a)) STORED, PRIMARY KEY(b, a)) WITHOUT ROWID;
         CREATE TABLE c(a TEXT COLLATE mine PRIMARY KEY, b);
         CREATE UNIQUE INDEX i ON plain(mine(a), b) WHERE mine(b) > 0;
         CREATE INDEX j ON plain(a COLLATE mine);
         CREATE VIEW v AS SELECT mine(a) FROM plain;
         CREATE TRIGGER r AFTER INSERT ON f BEGIN SELECT mine(NEW.a); END;
         PRAGMA writable_schema = ON;
         INSERT INTO sqlite_schema VALUES ('table', 'alien', 'alien', 0, 'CREATE VIRTUAL TABLE alien USING nosuch(a, b)');
         PRAGMA writable_schema = RESET;
         CREATE TABLE alien_data(id INTEGER PRIMARY KEY, block BLOB);",
    )
    .unwrap();
    (conn, ["f", "c", "alien", "i", "j"].map(str::to_owned).to_vec())
}

#[test]
fn missing_functions_collations_and_modules_are_put_in_as_bare_rows() {
    let (made, bare) = with_foreign_parts();
    let catalog = Catalog::read(&made).unwrap();
    assert!(catalog.opaque.is_empty(), "{:#?}", catalog.opaque);
    assert_eq!(catalog.virtual_tables[0].module, "nosuch");

    let scratch = empty();
    assert_eq!(catalog.create_in(&scratch).unwrap(), bare);
    assert_eq!(Catalog::read(&scratch).unwrap(), catalog);
    scratch.execute_batch("ALTER TABLE plain ADD COLUMN c; CREATE TABLE later(a); DROP TABLE later").unwrap();
}

#[test]
fn a_replay_inside_a_transaction_leaves_nothing_when_it_is_rolled_back() {
    let (made, _) = with_foreign_parts();
    let scratch = empty();
    scratch.execute_batch("CREATE TABLE before(a); BEGIN").unwrap();
    Catalog::read(&made).unwrap().create_in(&scratch).unwrap();
    scratch.execute_batch("ROLLBACK").unwrap();
    let catalog = Catalog::read(&scratch).unwrap();
    assert_eq!(catalog.tables.iter().map(|table| table.name.as_str()).collect::<Vec<_>>(), ["before"]);
    assert!(catalog.virtual_tables.is_empty());
}

#[test]
fn a_module_that_refuses_keeps_its_shadow_tables() {
    let conn = empty();
    conn.execute_batch("CREATE VIRTUAL TABLE docs USING fts5(body); PRAGMA writable_schema = ON").unwrap();
    conn.execute_batch(
        "UPDATE sqlite_schema SET sql = 'CREATE VIRTUAL TABLE docs USING fts5(body, tokenize = ''nosuch'')' WHERE name = 'docs';
         PRAGMA writable_schema = RESET",
    )
    .unwrap();
    let catalog = Catalog::read(&conn).unwrap();
    assert_eq!(catalog.virtual_tables[0].shadows.len(), 5);
    assert!(catalog.tables.is_empty());
    let scratch = empty();
    assert_eq!(catalog.create_in(&scratch).unwrap(), ["docs"]);
    assert_eq!(Catalog::read(&scratch).unwrap(), catalog);
}

#[test]
fn a_temporary_table_of_the_same_name_hides_nothing() {
    let conn = empty();
    conn.execute_batch(
        "CREATE TABLE t(a INT UNIQUE, b); CREATE TEMP TABLE t(x); CREATE TEMP VIEW v AS SELECT 1",
    )
    .unwrap();
    let catalog = Catalog::read(&conn).unwrap();
    assert!(catalog.opaque.is_empty());
    assert_eq!(catalog.tables[0].columns.len(), 2);
    assert_eq!((catalog.tables.len(), catalog.views.len()), (1, 0));
}

#[test]
fn texts_that_contradict_the_file_are_opaque_with_a_reason() {
    let conn = empty();
    conn.execute_batch("CREATE TABLE t(a, b); CREATE INDEX i ON t(a); CREATE VIEW v AS SELECT 1").unwrap();
    conn.execute_batch(
        "PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = CAST(x'435245415445205649455720762041532053454C4543542027FF27' AS TEXT) WHERE name = 'v';
         PRAGMA writable_schema = RESET",
    )
    .unwrap();
    let catalog = Catalog::read(&conn).unwrap();
    assert_eq!(catalog.tables.len(), 1);
    assert_eq!(catalog.opaque.len(), 1);
    assert_eq!(catalog.opaque[0].reason, "its name or text is not valid UTF-8");
}

#[test]
fn what_does_not_work_is_named_with_the_reason_and_what_a_program_registers_is_not() {
    let conn = empty();
    conn.execute_batch(
        "CREATE TABLE t(a); CREATE VIEW good AS SELECT a FROM t; CREATE VIEW bad AS SELECT b FROM t;
         CREATE VIEW worse AS SELECT * FROM bad; CREATE VIEW own AS SELECT a_function_of_a_program(a) FROM t;
         CREATE TRIGGER good AFTER INSERT ON t BEGIN DELETE FROM gone; END",
    )
    .unwrap();
    let broken = Catalog::read(&conn).unwrap().broken().unwrap();
    let found: Vec<_> = broken.iter().collect();
    let column = "no such column: b";
    let expected =
        [("view", "bad", column), ("view", "worse", column), ("trigger", "good", "no such table: main.gone")];
    assert_eq!(found, expected);
    assert_eq!((broken.object("good"), broken.trigger("good")), (None, Some("no such table: main.gone")));
    assert!(Catalog::default().broken().unwrap().is_empty());
}

#[test]
fn a_malformed_schema_is_one_clear_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("broken.db");
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch(
        "CREATE TABLE t(a); PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'CREATE TABLE t(a, ,)'",
    )
    .unwrap();
    drop(conn);
    let err = Catalog::read(&Connection::open(&path).unwrap()).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Corrupt);
    assert_eq!(err.what(), "cannot read the catalog of `main`");
    assert!(err.causes()[0].contains("malformed database schema (t)"), "{err}");
}
