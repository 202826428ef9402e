//! Virtual tables: full-text indexes made, filled and made anew; R-trees; modules that nobody registered.

use rusqlite::Connection;
use schema_runtime::{ErrorKind, HazardCode, Migrator, Outcome};

use crate::support::case::{Act::*, Case, Expect, check_rows, run};
use crate::support::model::model;

#[test]
fn full_text_indexes_over_a_table() {
    run(&[
        Case {
            name: "a full-text index that is created over rows is filled, and its triggers keep it",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)"),
                Sql("INSERT INTO t VALUES (5, 'five apples'), (9, 'nine pears')"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);
                CREATE VIRTUAL TABLE f USING fts5(a, content = 't', content_rowid = 'id');
                CREATE TRIGGER t_ai AFTER INSERT ON t BEGIN INSERT INTO f (rowid, a) VALUES (new.id, new.a); END;",
            expect: Expect::Plan(
                "1. create virtual table f (scan)\n2. create trigger t_ai on t (catalog)",
                &[],
            ),
            rows: &[
                ("SELECT rowid FROM f WHERE f MATCH 'apples'", "5"),
                ("SELECT count(*) FROM f('nine OR five')", "2"),
            ],
            ..Case::DEFAULT
        },
        Case {
            name: "a full-text index that changed is made anew and rebuilt",
            before: &[
                Model(
                    "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT);
                     CREATE VIRTUAL TABLE f USING fts5(a, content = 't', content_rowid = 'id');
                     CREATE TRIGGER t_ai AFTER INSERT ON t BEGIN INSERT INTO f (rowid, a) VALUES (new.id, new.a); END;",
                ),
                Sql("INSERT INTO t VALUES (5, 'five apples', 'red'), (9, 'nine pears', 'green')"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT);
                CREATE VIRTUAL TABLE f USING fts5(a, b, content = 't', content_rowid = 'id', tokenize = 'porter');
                CREATE TRIGGER t_ai AFTER INSERT ON t BEGIN INSERT INTO f (rowid, a, b) VALUES (new.id, new.a, new.b); END;",
            expect: Expect::Plan(
                "1. drop trigger t_ai on t (catalog)\n2. alter virtual table f (scan)\n3. create trigger t_ai on t (catalog)",
                &[],
            ),
            rows: &[("SELECT rowid FROM f WHERE f MATCH 'green AND pear'", "9")],
            undone: &[("SELECT rowid FROM f WHERE f MATCH 'apples'", "5")],
            ..Case::DEFAULT
        },
        Case {
            name: "a full-text index goes under every policy, since it holds nothing of its own",
            before: &[
                Model(
                    "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);
                     CREATE VIRTUAL TABLE f USING fts5(a, content = 't', content_rowid = 'id');
                     CREATE TRIGGER t_ai AFTER INSERT ON t BEGIN INSERT INTO f (rowid, a) VALUES (new.id, new.a); END;",
                ),
                Sql("INSERT INTO t VALUES (5, 'five apples')"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);",
            expect: Expect::Plan(
                "1. drop trigger t_ai on t (catalog)\n2. drop virtual table f (catalog)",
                &[],
            ),
            rows: &[("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'f%'", "0")],
            undone: &[("SELECT rowid FROM f WHERE f MATCH 'apples'", "5")],
            ..Case::DEFAULT
        },
        Case {
            name: "the column that a full-text index reads is renamed with it",
            before: &[
                Model(
                    "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);
                     CREATE VIRTUAL TABLE f USING fts5(a, content = 't', content_rowid = 'id');
                     CREATE TRIGGER t_ai AFTER INSERT ON t BEGIN INSERT INTO f (rowid, a) VALUES (new.id, new.a); END;",
                ),
                Sql("INSERT INTO t VALUES (5, 'five apples')"),
            ],
            after: "--: renamed_from t.b a
CREATE TABLE t (id INTEGER PRIMARY KEY, b TEXT);
                CREATE VIRTUAL TABLE f USING fts5(b, content = 't', content_rowid = 'id');
                CREATE TRIGGER t_ai AFTER INSERT ON t BEGIN INSERT INTO f (rowid, b) VALUES (new.id, new.b); END;",
            expect: Expect::Plan(
                "1. drop trigger t_ai on t (catalog)\n2. rename column t.a to b (catalog)\n3. alter virtual table f (scan)\n\
                 4. create trigger t_ai on t (catalog)",
                &[HazardCode::Rename],
            ),
            rows: &[("SELECT rowid, b FROM f WHERE f MATCH 'apples'", "5|'five apples'")],
            ..Case::DEFAULT
        },
        Case {
            name: "the table that a full-text index reads is renamed under it",
            before: &[
                Model(
                    "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);
                     CREATE VIRTUAL TABLE f USING fts5(a, content = 't', content_rowid = 'id');",
                ),
                Sql("INSERT INTO t VALUES (5, 'five apples'); INSERT INTO f (f) VALUES ('rebuild')"),
            ],
            after: "--: renamed_from u t
CREATE TABLE u (id INTEGER PRIMARY KEY, a TEXT);
                CREATE VIRTUAL TABLE f USING fts5(a, content = 'u', content_rowid = 'id');",
            expect: Expect::Plan(
                "1. rename table t to u (catalog)\n2. alter virtual table f (scan)",
                &[HazardCode::Rename],
            ),
            rows: &[("SELECT rowid, a FROM f WHERE f MATCH 'apples'", "5|'five apples'")],
            ..Case::DEFAULT
        },
        Case {
            name: "somebody else's full-text index over a column that is renamed is named",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)"),
                Sql(
                    "CREATE VIRTUAL TABLE f USING fts5(a, content = 't', content_rowid = 'id');
                     INSERT INTO t VALUES (5, 'five apples'); INSERT INTO f (f) VALUES ('rebuild')",
                ),
            ],
            after: "--: renamed_from t.b a
CREATE TABLE t (id INTEGER PRIMARY KEY, b TEXT)",
            expect: Expect::Error(ErrorKind::Dependent, &["virtual table `f` would not work: no such column: T.a"]),
            ..Case::DEFAULT
        },
        Case {
            name: "values that are converted reach the full-text index over them",
            before: &[
                Model(
                    "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER);
                     CREATE VIRTUAL TABLE f USING fts5(a, content = 't', content_rowid = 'id');",
                ),
                Sql("INSERT INTO t VALUES (5, 7); INSERT INTO f (f) VALUES ('rebuild')"),
            ],
            after: "--: convert t.a 'number ' || a
CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);
                CREATE VIRTUAL TABLE f USING fts5(a, content = 't', content_rowid = 'id');",
            expect: Expect::Plan(
                "1. alter type of t.a: INTEGER -> TEXT (rebuild)\n2. fill f anew (scan)",
                &[HazardCode::ConvertValues, HazardCode::Rewrite],
            ),
            rows: &[("SELECT rowid FROM f WHERE f MATCH 'number'", "5")],
            changed: &["t.a"],
            lost: &["t.a"],
            ..Case::DEFAULT
        },
        Case {
            name: "somebody else's full-text index over a table that is dropped is named",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE TABLE u (a TEXT)"),
                Sql("CREATE VIRTUAL TABLE f USING fts5(a, content = 't', content_rowid = 'id')"),
            ],
            after: "--: dropped t
CREATE TABLE u (a TEXT)",
            expect: Expect::Error(ErrorKind::Dependent, &["virtual table `f` would not work: no such table: main.t"]),
            ..Case::DEFAULT
        },
        Case {
            name: "a vocabulary goes and comes with the full-text index that it reads",
            before: &[
                Model(
                    "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE VIRTUAL TABLE f USING fts5(a, content = 't', content_rowid = 'id');
                     CREATE VIRTUAL TABLE words USING fts5vocab(f, row);",
                ),
                Sql("INSERT INTO t VALUES (5, 'five five apples'); INSERT INTO f (f) VALUES ('rebuild')"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE VIRTUAL TABLE f USING fts5(a, content = 't', content_rowid = 'id', prefix = '2');
                CREATE VIRTUAL TABLE words USING fts5vocab(f, row);",
            expect: Expect::Plan("1. alter virtual table f (scan)", &[]),
            rows: &[("SELECT term, cnt FROM words", "'apples'|1\n'five'|2")],
            ..Case::DEFAULT
        },
        Case {
            name: "a full-text index of the older kind is made anew and rebuilt",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE VIRTUAL TABLE f USING fts4(content=\"t\", a)"),
                Sql("INSERT INTO t VALUES (5, 'five apples'); INSERT INTO f (f) VALUES ('rebuild')"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT); CREATE VIRTUAL TABLE f USING fts4(content=\"t\", a, b)",
            expect: Expect::Plan("1. add column t.b (catalog)\n2. alter virtual table f (scan)", &[]),
            rows: &[("SELECT docid FROM f WHERE f MATCH 'apples'", "5")],
            ..Case::DEFAULT
        },
        Case {
            name: "a full-text table of the older kind keeps its own content",
            before: &[
                Model("CREATE VIRTUAL TABLE f USING fts4(a, tokenize=simple)"),
                Sql("INSERT INTO f (docid, a) VALUES (5, 'five apples')"),
            ],
            after: "CREATE VIRTUAL TABLE f USING fts4(a, b, tokenize=porter)",
            expect: Expect::Plan("1. alter virtual table f (rebuild)", &[]),
            rows: &[("SELECT docid, a, b FROM f WHERE f MATCH 'apple'", "5|'five apples'|NULL")],
            ..Case::DEFAULT
        },
        Case {
            name: "a column of a full-text table keeps its values when it is no longer indexed",
            before: &[
                Model("CREATE VIRTUAL TABLE f USING fts5(a, b, tokenize = 'unicode61 remove_diacritics 0')"),
                Sql("INSERT INTO f (rowid, a, b) VALUES (5, 'five apples', 'red')"),
            ],
            after: "CREATE VIRTUAL TABLE f USING fts5(a, \"b\" UNINDEXED, tokenize = 'unicode61')",
            expect: Expect::Plan("1. alter virtual table f (rebuild)", &[]),
            rows: &[("SELECT rowid, a, b FROM f", "5|'five apples'|'red'"), ("SELECT count(*) FROM f('red')", "0")],
            ..Case::DEFAULT
        },
        Case {
            name: "somebody else's full-text index that does not work is no obstacle",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)"),
                Sql("CREATE VIRTUAL TABLE f USING fts5(nothing, content = 't', content_rowid = 'id'); INSERT INTO t VALUES (5, 'five')"),
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE)",
            expect: Expect::Plan("1. add UNIQUE (a) to t (rebuild)", &[HazardCode::Tightened, HazardCode::Rewrite]),
            rows: &[("SELECT * FROM t", "5|'five'")],
            ..Case::DEFAULT
        },
        Case {
            name: "a full-text index over a view follows the values of the table below",
            before: &[
                Model(
                    "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE VIEW v AS SELECT id, a AS words FROM t;
                     CREATE VIRTUAL TABLE f USING fts5(words, content = 'v', content_rowid = 'id');",
                ),
                Sql("INSERT INTO t VALUES (5, NULL); INSERT INTO f (f) VALUES ('rebuild')"),
            ],
            after: "--: backfill t.a 'apples'
CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL); CREATE VIEW v AS SELECT id, a AS words FROM t;
                CREATE VIRTUAL TABLE f USING fts5(words, content = 'v', content_rowid = 'id');",
            expect: Expect::Plan(
                "1. alter nullability of t.a: NULL -> NOT NULL (update)\n2. fill f anew (scan)",
                &[HazardCode::Tightened, HazardCode::Update],
            ),
            rows: &[("SELECT rowid FROM f WHERE f MATCH 'apples'", "5")],
            changed: &["t.a"],
            lost: &["t.a"],
            ..Case::DEFAULT
        },
        Case {
            name: "a full-text index over a view that comes with it is filled",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)"),
                Sql("INSERT INTO t VALUES (5, 'five', 'apples')"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT);
                CREATE VIEW v AS SELECT id, a || ' ' || b AS words FROM t;
                CREATE VIRTUAL TABLE f USING fts5(words, content = 'v', content_rowid = 'id');",
            expect: Expect::Plan("1. create view v (catalog)\n2. create virtual table f (scan)", &[]),
            rows: &[("SELECT rowid FROM f WHERE f MATCH 'apples'", "5")],
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn virtual_tables_with_content_of_their_own() {
    run(&[
        Case {
            name: "a full-text table with content of its own gains a column and keeps its rows",
            before: &[
                Model("CREATE VIRTUAL TABLE f USING fts5(a)"),
                Sql("INSERT INTO f (rowid, a) VALUES (5, 'five apples'), (9, 'nine')"),
            ],
            after: "CREATE VIRTUAL TABLE f USING fts5(a, b, prefix = '2 3')",
            expect: Expect::Plan("1. alter virtual table f (rebuild)", &[]),
            rows: &[
                ("SELECT rowid, a, b FROM f", "5|'five apples'|NULL\n9|'nine'|NULL"),
                ("SELECT rowid FROM f WHERE f MATCH 'app*'", "5"),
                ("SELECT count(*) FROM sqlite_schema WHERE name LIKE '%schema_old%'", "0"),
            ],
            undone: &[("SELECT rowid, a FROM f WHERE f MATCH 'apples'", "5|'five apples'")],
            ..Case::DEFAULT
        },
        Case {
            name: "triggers that feed a full-text table follow it when it is made anew",
            before: &[
                Model(
                    "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE VIRTUAL TABLE f USING fts5(a);
                     CREATE TRIGGER t_ai AFTER INSERT ON t BEGIN INSERT INTO f (rowid, a) VALUES (new.id, new.a); END;",
                ),
                Sql("INSERT INTO t VALUES (5, 'five apples')"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE VIRTUAL TABLE f USING fts5(a, prefix = '2');
                CREATE TRIGGER t_ai AFTER INSERT ON t BEGIN INSERT INTO f (rowid, a) VALUES (new.id, new.a); END;",
            expect: Expect::Plan("1. alter virtual table f (rebuild)", &[]),
            rows: &[
                ("SELECT rowid, a FROM f", "5|'five apples'"),
                (
                    "SELECT sql FROM sqlite_schema WHERE name = 't_ai'",
                    "'CREATE TRIGGER t_ai AFTER INSERT ON t BEGIN INSERT INTO f (rowid, a) VALUES (new.id, new.a); END'",
                ),
            ],
            ..Case::DEFAULT
        },
        Case {
            name: "a full-text table over another table takes its content over as its own",
            before: &[
                Model(
                    "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);
                     CREATE VIRTUAL TABLE f USING fts5(a, content = 't', content_rowid = 'id');",
                ),
                Sql("INSERT INTO t VALUES (5, 'five apples'); INSERT INTO f (f) VALUES ('rebuild')"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE VIRTUAL TABLE f USING fts5(a);",
            expect: Expect::Plan("1. alter virtual table f (rebuild)", &[]),
            rows: &[("SELECT rowid, a FROM f WHERE f MATCH 'apples'", "5|'five apples'")],
            ..Case::DEFAULT
        },
        Case {
            name: "a column of a full-text table is not dropped without consent",
            before: &[
                Model("CREATE VIRTUAL TABLE f USING fts5(a, b)"),
                Sql("INSERT INTO f (rowid, a, b) VALUES (5, 'five', 'x')"),
            ],
            after: "CREATE VIRTUAL TABLE f USING fts5(a)",
            expect: Expect::Error(
                ErrorKind::Refused,
                &["the change deletes data of `f.b`", ".allow(\"L102=f.b\")"],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "a column of a full-text table is dropped with consent",
            before: &[
                Model("CREATE VIRTUAL TABLE f USING fts5(a, b)"),
                Sql("INSERT INTO f (rowid, a, b) VALUES (5, 'five', 'x')"),
            ],
            after: "CREATE VIRTUAL TABLE f USING fts5(a)",
            with: |migrator| migrator.allow("L102=f.b"),
            expect: Expect::Plan("1. alter virtual table f (rebuild)", &[HazardCode::DropColumn]),
            rows: &[("SELECT rowid, a FROM f WHERE f MATCH 'five'", "5|'five'")],
            ..Case::DEFAULT
        },
        Case {
            name: "a contentless full-text table is not made anew without consent",
            before: &[
                Model("CREATE VIRTUAL TABLE f USING fts5(a, content = '')"),
                Sql("INSERT INTO f (rowid, a) VALUES (5, 'five')"),
            ],
            after: "CREATE VIRTUAL TABLE f USING fts5(a, content = '', prefix = '2')",
            expect: Expect::Error(
                ErrorKind::Refused,
                &["its content cannot be read back and is lost", ".allow(\"L104=f\")"],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "a full-text table that turns to another table's content loses its own only with consent",
            before: &[
                Model(
                    "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE VIRTUAL TABLE f USING fts5(a)",
                ),
                Sql("INSERT INTO f (rowid, a) VALUES (5, 'five'); INSERT INTO t VALUES (1, 'one')"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);
                CREATE VIRTUAL TABLE f USING fts5(a, content = 't', content_rowid = 'id')",
            expect: Expect::Error(ErrorKind::Refused, &["deletes data of `f`", ".allow(\"L104=f\")"]),
            ..Case::DEFAULT
        },
        Case {
            name: "a full-text table with content is kept, retired, when the model no longer has it",
            before: &[
                Model("CREATE TABLE t (a TEXT); CREATE VIRTUAL TABLE f USING fts5(a)"),
                Sql("INSERT INTO f (rowid, a) VALUES (5, 'five')"),
            ],
            after: "CREATE TABLE t (a TEXT)",
            rows: &[("SELECT rowid, a FROM f", "5|'five'")],
            ..Case::DEFAULT
        },
        Case {
            name: "a full-text table with content is dropped where the model says so",
            before: &[
                Model("CREATE TABLE t (a TEXT); CREATE VIRTUAL TABLE f USING fts5(a)"),
                Sql("INSERT INTO f (rowid, a) VALUES (5, 'five')"),
            ],
            after: "--: dropped f
CREATE TABLE t (a TEXT)",
            expect: Expect::Plan("1. drop virtual table f (catalog)", &[HazardCode::DropVirtualTable]),
            rows: &[("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'f%'", "0")],
            ..Case::DEFAULT
        },
        Case {
            name: "an R-tree gains an auxiliary column and keeps its boxes",
            before: &[
                Model("CREATE VIRTUAL TABLE r USING rtree(id, x0, x1, y0, y1)"),
                Sql("INSERT INTO r VALUES (5, 1, 2, 3, 4), (9, 5, 6, 7, 8)"),
            ],
            after: "CREATE VIRTUAL TABLE r USING rtree(id, x0, x1, y0, y1, +note TEXT)",
            expect: Expect::Plan("1. alter virtual table r (rebuild)", &[]),
            rows: &[("SELECT id, x0, y1, note FROM r ORDER BY id", "5|1.0|4.0|NULL\n9|5.0|8.0|NULL")],
            ..Case::DEFAULT
        },
        Case {
            name: "an auxiliary column of an R-tree keeps its values",
            before: &[
                Model("CREATE VIRTUAL TABLE r USING rtree(id, x0, x1, +note TEXT)"),
                Sql("INSERT INTO r VALUES (5, 1, 2, 'n')"),
            ],
            after: "CREATE VIRTUAL TABLE r USING rtree(id, x0, x1, +note TEXT, +more TEXT)",
            expect: Expect::Plan("1. alter virtual table r (rebuild)", &[]),
            rows: &[("SELECT id, x0, x1, note, more FROM r", "5|1.0|2.0|'n'|NULL")],
            ..Case::DEFAULT
        },
        Case {
            name: "an R-tree that somebody else made does not hinder a rebuild or a rename",
            before: &[
                Model("CREATE TABLE t (a TEXT)"),
                Sql(
                    "CREATE VIRTUAL TABLE r USING rtree(id, x0, x1); INSERT INTO r VALUES (5, 1, 2); INSERT INTO t VALUES ('x')",
                ),
                Model("CREATE TABLE t (a TEXT)"),
            ],
            after: "--: renamed_from u t
CREATE TABLE u (a TEXT UNIQUE)",
            expect: Expect::Plan(
                "1. rename table t to u (catalog)\n2. add UNIQUE (a) to u (rebuild)",
                &[HazardCode::Rename, HazardCode::Tightened, HazardCode::Rewrite],
            ),
            rows: &[("SELECT * FROM r", "5|1.0|2.0")],
            ..Case::DEFAULT
        },
    ]);
}

/// A virtual table whose module this SQLite does not have.
const UNKNOWN: &str = "PRAGMA writable_schema = ON;
    INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql)
        VALUES ('table', 'geo', 'geo', 0, 'CREATE VIRTUAL TABLE geo USING nobody_has_this(a, b)');
    PRAGMA writable_schema = RESET; INSERT INTO t VALUES ('x', 'y')";

#[test]
fn tables_beside_an_unknown_module_migrate() {
    let changes = [
        "CREATE TABLE t (a TEXT, b TEXT, c TEXT)",
        "CREATE TABLE t (a TEXT UNIQUE, b TEXT)",
        "--: dropped t.b\nCREATE TABLE t (a TEXT)",
        "--: renamed_from t.d a\nCREATE TABLE t (d TEXT, b TEXT)",
        "--: renamed_from u t\nCREATE TABLE u (a TEXT, b TEXT)",
        "CREATE TABLE t (a TEXT, b TEXT); CREATE INDEX i ON t (a); CREATE VIEW v AS SELECT a FROM t",
    ];
    for change in changes {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("case.db");
        Migrator::new(model("CREATE TABLE t (a TEXT, b TEXT)"))
            .run(&path)
            .unwrap_or_else(|err| panic!("{err}"));
        Connection::open(&path).expect("opens").execute_batch(UNKNOWN).expect("an unknown module");
        let report = Migrator::new(model(change)).run(&path).unwrap_or_else(|err| panic!("{change}\n{err}"));
        assert_eq!(report.outcome, Outcome::Migrated);
        let again = Migrator::new(model(change)).run(&path).unwrap_or_else(|err| panic!("{change}\n{err}"));
        assert_eq!(again.outcome, Outcome::UpToDate, "{change}");
        let conn = Connection::open(&path).expect("opens");
        check_rows(
            &conn,
            &[(
                "SELECT sql FROM sqlite_schema WHERE name = 'geo'",
                "'CREATE VIRTUAL TABLE geo USING nobody_has_this(a, b)'",
            )],
        );
    }
}

#[test]
fn a_model_that_wants_an_unknown_module_is_told_how_to_register_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("case.db");
    let wanted = model("CREATE TABLE t (a TEXT); CREATE VIRTUAL TABLE geo USING nobody_has_this(a, b)");
    let error = Migrator::new(wanted).run(&path).expect_err("no such module");
    let text = error.to_string();
    assert_eq!(error.kind(), ErrorKind::Missing, "{text}");
    assert!(
        text.contains("no such module: nobody_has_this") && text.contains("Migrator::connection"),
        "{text}"
    );
    assert!(!path.exists(), "a file was left");
}
