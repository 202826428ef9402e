//! Keys, high-water marks and rowids: what identifies a row survives every change of its table.

use schema_runtime::{ErrorKind, HazardCode, RemovalPolicy};

use crate::support::case::{Act::*, Case, Expect, run};

#[test]
fn primary_keys_change() {
    run(&[
        Case {
            name: "a key gains a column",
            before: &[
                Model("CREATE TABLE t (a INTEGER NOT NULL, b TEXT NOT NULL, c TEXT, PRIMARY KEY (a))"),
                Sql("INSERT INTO t VALUES (1, 'x', 'k'), (2, 'x', NULL)"),
            ],
            after: "CREATE TABLE t (a INTEGER NOT NULL, b TEXT NOT NULL, c TEXT, PRIMARY KEY (a, b))",
            expect: Expect::Plan(
                // NULL asked for the next rowid, and no longer does.
                "1. rebuild table t: alter primary key of t: PRIMARY KEY (a) -> PRIMARY KEY (a, b); alter nullability of \
                 t.a: NULL -> NOT NULL (rebuild)",
                &[HazardCode::Tightened, HazardCode::Rewrite],
            ),
            rows: &[
                ("SELECT * FROM t ORDER BY a", "1|'x'|'k'\n2|'x'|NULL"),
                ("SELECT name, pk FROM pragma_table_info('t')", "'a'|1\n'b'|2\n'c'|0"),
            ],
            ..Case::DEFAULT
        },
        Case {
            name: "a key loses a column of which the rest is unique",
            before: &[
                Model("CREATE TABLE t (a TEXT NOT NULL, b TEXT NOT NULL, PRIMARY KEY (a, b))"),
                Sql("INSERT INTO t (rowid, a, b) VALUES (5, 'x', 'k'), (9, 'y', 'k')"),
            ],
            after: "CREATE TABLE t (a TEXT NOT NULL, b TEXT NOT NULL, PRIMARY KEY (a))",
            expect: Expect::Plan(
                "1. alter primary key of t: PRIMARY KEY (a, b) -> PRIMARY KEY (a) (rebuild)",
                &[HazardCode::Rewrite],
            ),
            rows: &[("SELECT rowid, * FROM t ORDER BY a", "5|'x'|'k'\n9|'y'|'k'")],
            undone: &[("SELECT rowid, * FROM t ORDER BY a", "5|'x'|'k'\n9|'y'|'k'")],
            ..Case::DEFAULT
        },
        Case {
            name: "a key that loses a column is refused where the rest has duplicates",
            before: &[
                Model("CREATE TABLE t (a TEXT NOT NULL, b TEXT NOT NULL, PRIMARY KEY (a, b))"),
                Sql("INSERT INTO t VALUES ('x', 'k'), ('x', 'l'), ('y', 'k')"),
            ],
            after: "CREATE TABLE t (a TEXT NOT NULL, b TEXT NOT NULL, PRIMARY KEY (a))",
            expect: Expect::Error(
                ErrorKind::Data,
                &[
                    "groups of rows of `t` have the same `a`, which becomes unique",
                    ": 1 (",
                    "rowid or key: 1",
                ],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "a table loses its key and keeps its rows and rowids",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)"),
                Sql("INSERT INTO t VALUES (5, 'x'), (9, 'y')"),
            ],
            after: "CREATE TABLE t (id INTEGER, a TEXT)",
            expect: Expect::Plan(
                "1. alter primary key of t: PRIMARY KEY (id) -> none (rebuild)",
                &[HazardCode::Rewrite],
            ),
            rows: &[("SELECT rowid, * FROM t ORDER BY id", "5|5|'x'\n9|9|'y'")],
            undone: &[("SELECT rowid, * FROM t ORDER BY id", "5|5|'x'\n9|9|'y'")],
            ..Case::DEFAULT
        },
        Case {
            name: "a table gains a key column, which takes the rowids that the rows have",
            before: &[
                Model("CREATE TABLE t (a TEXT)"),
                Sql("INSERT INTO t (rowid, a) VALUES (5, 'x'), (9, 'y')"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
            expect: Expect::Plan(
                "1. rebuild table t: alter primary key of t: none -> PRIMARY KEY (id); add column t.id (rebuild)",
                &[HazardCode::Rewrite],
            ),
            rows: &[("SELECT id, a FROM t ORDER BY id", "5|'x'\n9|'y'")],
            undone: &[("SELECT rowid, * FROM t ORDER BY rowid", "5|'x'\n9|'y'")],
            ..Case::DEFAULT
        },
        Case {
            name: "another column becomes the rowid, and the plan says that rowids change",
            before: &[
                Model("CREATE TABLE t (a INTEGER PRIMARY KEY, b INTEGER NOT NULL)"),
                Sql("INSERT INTO t VALUES (1, 70), (2, 60)"),
            ],
            after: "CREATE TABLE t (a INTEGER NOT NULL, b INTEGER PRIMARY KEY)",
            expect: Expect::Plan(
                "1. rebuild table t: alter primary key of t: PRIMARY KEY (a) -> PRIMARY KEY (b); alter nullability of t.a: \
                 NULL -> NOT NULL; alter nullability of t.b: NOT NULL -> NULL (rebuild)",
                &[HazardCode::Tightened, HazardCode::Rewrite, HazardCode::RowidsChange],
            ),
            rows: &[("SELECT rowid, a, b FROM t ORDER BY a", "70|1|70\n60|2|60")],
            undone: &[("SELECT rowid, a, b FROM t ORDER BY a", "1|1|70\n2|2|60")],
            ..Case::DEFAULT
        },
        Case {
            name: "a column that is to become the rowid must hold integers that are not NULL",
            before: &[
                Model("CREATE TABLE t (a TEXT, b INTEGER)"),
                Sql("INSERT INTO t VALUES ('x', 7), ('y', NULL)"),
            ],
            after: "CREATE TABLE t (a TEXT, b INTEGER PRIMARY KEY)",
            expect: Expect::Error(ErrorKind::Data, &["rows of `t` have NULL in `b`", ": 1 ("]),
            ..Case::DEFAULT
        },
        Case {
            name: "a default is no value for a rowid: SQLite never takes it",
            before: &[
                Model("CREATE TABLE t (a TEXT, b INTEGER)"),
                Sql("INSERT INTO t VALUES ('x', 7), ('y', NULL)"),
            ],
            after: "CREATE TABLE t (a TEXT, b INTEGER DEFAULT 5 PRIMARY KEY)",
            expect: Expect::Error(ErrorKind::Data, &["rows of `t` have NULL in `b`", ": 1 ("]),
            ..Case::DEFAULT
        },
        Case {
            name: "a column that is to become the rowid must hold integers only",
            before: &[
                Model("CREATE TABLE t (a TEXT, b INTEGER NOT NULL)"),
                Sql("INSERT INTO t VALUES ('x', 7), ('y', 'seven'), ('z', 7.5)"),
            ],
            after: "CREATE TABLE t (a TEXT, b INTEGER PRIMARY KEY)",
            expect: Expect::Error(
                ErrorKind::Data,
                &["rows of `t` hold a value in `b` that is no INTEGER", ": 2 ("],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "a column that is to become the rowid is filled where it has a backfill",
            before: &[
                Model("CREATE TABLE t (a TEXT, b INTEGER)"),
                Sql("INSERT INTO t VALUES ('x', 7), ('y', NULL)"),
            ],
            after: "--: backfill t.b 100 + rowid\nCREATE TABLE t (a TEXT, b INTEGER PRIMARY KEY)",
            expect: Expect::Plan(
                "1. alter primary key of t: none -> PRIMARY KEY (b) (rebuild)",
                &[HazardCode::Rewrite, HazardCode::RowidsChange],
            ),
            rows: &[("SELECT rowid, * FROM t", "7|'x'|7\n102|'y'|102")],
            changed: &["t.b"],
            lost: &["t.b", "t.(rowid)"],
            ..Case::DEFAULT
        },
        Case {
            name: "a retired key column is refused, since nothing could fill it",
            before: &[
                Model("CREATE TABLE t (a TEXT NOT NULL, b TEXT NOT NULL, PRIMARY KEY (a, b))"),
                Sql("INSERT INTO t VALUES ('x', 'k')"),
            ],
            after: "CREATE TABLE t (a TEXT NOT NULL, PRIMARY KEY (a))",
            expect: Expect::Error(
                ErrorKind::Refused,
                &[
                    "column `t`.`b` is part of the primary key and cannot be kept without it",
                    "dropped(\"b\")",
                ],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "a dropped key column goes where the rest of the key is unique",
            before: &[
                Model("CREATE TABLE t (a TEXT NOT NULL, b TEXT NOT NULL, PRIMARY KEY (a, b))"),
                Sql("INSERT INTO t (rowid, a, b) VALUES (5, 'x', 'k')"),
            ],
            after: "--: dropped t.b\nCREATE TABLE t (a TEXT NOT NULL, PRIMARY KEY (a))",
            expect: Expect::Plan(
                "1. rebuild table t: alter primary key of t: PRIMARY KEY (a, b) -> PRIMARY KEY (a); drop column t.b (rebuild)",
                &[HazardCode::DropColumn, HazardCode::Rewrite],
            ),
            rows: &[("SELECT rowid, * FROM t", "5|'x'")],
            lost: &["t.b"],
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn autoincrement_comes_and_goes() {
    const MARK: &str = "SELECT name, seq FROM sqlite_sequence WHERE name = 't'";
    run(&[
        Case {
            name: "autoincrement comes: the mark is the largest id",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)"),
                Sql("INSERT INTO t VALUES (3, 'x'), (7, 'y')"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT)",
            expect: Expect::Plan(
                "1. note the highest id of t (catalog)\n2. alter primary key of t: PRIMARY KEY (id) -> PRIMARY KEY (id AUTOINCREMENT) (catalog)\n3. note the highest id of t (catalog)",
                &[],
            ),
            rows: &[(MARK, "'t'|7")],
            ..Case::DEFAULT
        },
        Case {
            name: "autoincrement goes: the mark goes with it, and comes back with the undo",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT)"),
                Sql("INSERT INTO t VALUES (3, 'x'), (100, 'y'); DELETE FROM t WHERE id = 100"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
            expect: Expect::Plan(
                "1. alter primary key of t: PRIMARY KEY (id AUTOINCREMENT) -> PRIMARY KEY (id) (catalog)\n2. note the highest id of t (catalog)",
                &[],
            ),
            rows: &[(MARK, ""), ("SELECT id FROM t", "3")],
            undone: &[(MARK, "'t'|100")],
            ..Case::DEFAULT
        },
        Case {
            name: "a rebuild keeps a mark above the largest id, and so does its undo",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT)"),
                Sql("INSERT INTO t VALUES (3, 'x'), (100, 'y'); DELETE FROM t WHERE id = 100"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT UNIQUE)",
            expect: Expect::Plan(
                "1. add UNIQUE (a) to t (rebuild)",
                &[HazardCode::Tightened, HazardCode::Rewrite],
            ),
            rows: &[(MARK, "'t'|100")],
            undone: &[(MARK, "'t'|100")],
            ..Case::DEFAULT
        },
        Case {
            name: "a rebuild keeps the mark of a table whose rows are all gone",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT)"),
                Sql("INSERT INTO t VALUES (100, 'y'); DELETE FROM t"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT UNIQUE)",
            expect: Expect::Plan("1. add UNIQUE (a) to t (rebuild)", &[HazardCode::Tightened]),
            rows: &[(MARK, "'t'|100")],
            undone: &[(MARK, "'t'|100")],
            ..Case::DEFAULT
        },
        Case {
            name: "a rename and a rebuild at once carry the mark to the new name",
            before: &[
                Model("CREATE TABLE old (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT)"),
                Sql("INSERT INTO old VALUES (100, 'y'), (2, 'z'); DELETE FROM old WHERE id = 100"),
            ],
            after: "--: renamed_from t old\nCREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT UNIQUE)",
            expect: Expect::Plan(
                "1. rename table old to t (catalog)\n2. add UNIQUE (a) to t (rebuild)",
                &[HazardCode::Rename, HazardCode::Tightened, HazardCode::Rewrite],
            ),
            rows: &[("SELECT name, seq FROM sqlite_sequence WHERE name <> 'migration_history'", "'t'|100")],
            undone: &[(
                "SELECT name, seq FROM sqlite_sequence WHERE name <> 'migration_history'",
                "'old'|100",
            )],
            ..Case::DEFAULT
        },
        Case {
            name: "a mark that was written into a never-used table by hand stays",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT)"),
                Sql("INSERT INTO sqlite_sequence VALUES ('t', 5000)"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT CHECK (a <> ''), b TEXT UNIQUE)",
            expect: Expect::Plan(
                "1. rebuild table t: add column t.b; add UNIQUE (b) to t; add CHECK (a <> '') to t (rebuild)",
                &[HazardCode::Tightened, HazardCode::Tightened],
            ),
            rows: &[(MARK, "'t'|5000")],
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn without_rowid_comes_and_goes() {
    run(&[
        Case {
            name: "a rowid table becomes WITHOUT ROWID",
            before: &[
                Model("CREATE TABLE t (a TEXT NOT NULL PRIMARY KEY, b TEXT); CREATE INDEX t_b ON t (b)"),
                Sql("INSERT INTO t VALUES ('x', '1'), ('y', NULL)"),
            ],
            after: "CREATE TABLE t (a TEXT NOT NULL PRIMARY KEY, b TEXT) WITHOUT ROWID; CREATE INDEX t_b ON t (b)",
            expect: Expect::Plan(
                "1. alter row format of t: rowid -> WITHOUT ROWID (rebuild)",
                &[HazardCode::Rewrite, HazardCode::RowidsChange],
            ),
            rows: &[("SELECT * FROM t INDEXED BY t_b WHERE b = '1'", "'x'|'1'")],
            lost: &["t.(rowid)"],
            ..Case::DEFAULT
        },
        Case {
            name: "a WITHOUT ROWID table becomes a rowid table",
            before: &[
                Model(
                    "CREATE TABLE t (a TEXT NOT NULL, b INTEGER NOT NULL, c TEXT, PRIMARY KEY (b, a)) WITHOUT ROWID",
                ),
                Sql("INSERT INTO t VALUES ('x', 2, 'p'), ('y', 1, 'q')"),
            ],
            after: "CREATE TABLE t (a TEXT NOT NULL, b INTEGER NOT NULL, c TEXT, PRIMARY KEY (b, a))",
            expect: Expect::Plan(
                "1. alter row format of t: WITHOUT ROWID -> rowid (rebuild)",
                &[HazardCode::Rewrite],
            ),
            rows: &[("SELECT * FROM t ORDER BY b", "'y'|1|'q'\n'x'|2|'p'")],
            ..Case::DEFAULT
        },
        Case {
            name: "NULL in the key of a rowid table cannot become WITHOUT ROWID",
            before: &[
                Model("CREATE TABLE t (a TEXT PRIMARY KEY, b TEXT)"),
                Sql("INSERT INTO t VALUES ('x', '1'), (NULL, '2'), (NULL, '3')"),
            ],
            after: "CREATE TABLE t (a TEXT PRIMARY KEY, b TEXT) WITHOUT ROWID",
            expect: Expect::Error(
                ErrorKind::Data,
                &["rows of `t` have NULL in `a`, which becomes NOT NULL: 2 (first rowids or keys: 2, 3)"],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "duplicates in the new key cannot become WITHOUT ROWID",
            before: &[
                Model("CREATE TABLE t (a TEXT NOT NULL, b TEXT)"),
                Sql("INSERT INTO t VALUES ('x', '1'), ('x', '2'), ('y', '3')"),
            ],
            after: "CREATE TABLE t (a TEXT NOT NULL PRIMARY KEY, b TEXT) WITHOUT ROWID",
            expect: Expect::Error(ErrorKind::Data, &["groups of rows of `t` have the same `a`", ": 1 ("]),
            ..Case::DEFAULT
        },
        Case {
            name: "an INTEGER PRIMARY KEY table becomes WITHOUT ROWID, ids as they are",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, b TEXT)"),
                Sql("INSERT INTO t VALUES (5, 'x'), (9, 'y')"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, b TEXT) WITHOUT ROWID",
            expect: Expect::Plan(
                "1. rebuild table t: alter row format of t: rowid -> WITHOUT ROWID; alter primary key of t: \
                 PRIMARY KEY (id), the rowid -> PRIMARY KEY (id); alter nullability of t.id: NULL -> NOT NULL (rebuild)",
                &[HazardCode::Tightened, HazardCode::Rewrite, HazardCode::RowidsChange],
            ),
            rows: &[("SELECT id, b FROM t", "5|'x'\n9|'y'")],
            undone: &[("SELECT rowid, b FROM t", "5|'x'\n9|'y'")],
            ..Case::DEFAULT
        },
        Case {
            name: "a key's collation changes in a WITHOUT ROWID table, and a clash is found first",
            before: &[
                Model("CREATE TABLE t (a TEXT NOT NULL PRIMARY KEY, b TEXT) WITHOUT ROWID"),
                Sql("INSERT INTO t VALUES ('x', '1'), ('X', '2')"),
            ],
            after: "CREATE TABLE t (a TEXT NOT NULL PRIMARY KEY COLLATE NOCASE, b TEXT) WITHOUT ROWID",
            expect: Expect::Error(ErrorKind::Data, &["groups of rows of `t` have the same `a`", ": 1 ("]),
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn rowids_stay() {
    const FTS: &str = "CREATE TABLE t (a TEXT, b TEXT);
        CREATE VIRTUAL TABLE f USING fts5(a, content = 't');
        CREATE TRIGGER t_ai AFTER INSERT ON t BEGIN INSERT INTO f (rowid, a) VALUES (new.rowid, new.a); END;";
    run(&[
        Case {
            name: "rowids of a table without a key stay through a rebuild, and an index over them finds its rows",
            before: &[Model(FTS), Sql("INSERT INTO t (rowid, a, b) VALUES (5, 'five', 'p'), (9, 'nine', 'q')")],
            after: "CREATE TABLE t (a TEXT, b TEXT UNIQUE);
                CREATE VIRTUAL TABLE f USING fts5(a, content = 't');
                CREATE TRIGGER t_ai AFTER INSERT ON t BEGIN INSERT INTO f (rowid, a) VALUES (new.rowid, new.a); END;",
            expect: Expect::Plan(
                "1. add UNIQUE (b) to t (rebuild)\n2. fill f anew (scan)",
                &[HazardCode::Tightened, HazardCode::Rewrite],
            ),
            rows: &[
                ("SELECT rowid, * FROM t", "5|'five'|'p'\n9|'nine'|'q'"),
                ("SELECT rowid, a FROM f WHERE f MATCH 'nine'", "9|'nine'"),
            ],
            undone: &[
                ("SELECT rowid, * FROM t", "5|'five'|'p'\n9|'nine'|'q'"),
                ("SELECT rowid, a FROM f WHERE f MATCH 'five'", "5|'five'"),
            ],
            ..Case::DEFAULT
        },
        Case {
            name: "a column called rowid is added to a table without one",
            before: &[Model("CREATE TABLE t (a TEXT)"), Sql("INSERT INTO t (rowid, a) VALUES (5, 'x'), (9, 'y')")],
            after: "CREATE TABLE t (a TEXT, rowid TEXT)",
            expect: Expect::Plan("1. add column t.rowid (rebuild)", &[HazardCode::Rewrite]),
            rows: &[("SELECT _rowid_, * FROM t", "5|'x'|NULL\n9|'y'|NULL")],
            undone: &[("SELECT rowid, * FROM t", "5|'x'\n9|'y'")],
            ..Case::DEFAULT
        },
        Case {
            name: "a column called rowid is dropped",
            before: &[
                Model("CREATE TABLE t (rowid TEXT, a TEXT)"),
                Sql("INSERT INTO t (_rowid_, rowid, a) VALUES (5, 'r', 'x')"),
            ],
            after: "--: dropped t.rowid\nCREATE TABLE t (a TEXT)",
            expect: Expect::Plan("1. drop column t.rowid (rebuild)", &[HazardCode::DropColumn, HazardCode::Rewrite]),
            rows: &[("SELECT rowid, * FROM t", "5|'x'")],
            lost: &["t.rowid"],
            ..Case::DEFAULT
        },
        Case {
            name: "a table that takes all three names of the rowid is rebuilt",
            before: &[
                Model("CREATE TABLE t (rowid TEXT, oid TEXT, _rowid_ TEXT, a TEXT)"),
                Sql("INSERT INTO t VALUES ('r', 'o', '_', 'x'), ('s', 'p', '-', 'y')"),
            ],
            after: "CREATE TABLE t (rowid TEXT, oid TEXT, _rowid_ TEXT, a TEXT UNIQUE)",
            expect: Expect::Plan(
                "1. add UNIQUE (a) to t (rebuild)",
                &[HazardCode::Tightened, HazardCode::Rewrite],
            ),
            rows: &[("SELECT * FROM t ORDER BY a", "'r'|'o'|'_'|'x'\n's'|'p'|'-'|'y'")],
            ..Case::DEFAULT
        },
        Case {
            name: "one of the three names of the rowid is dropped",
            before: &[
                Model("CREATE TABLE t (rowid TEXT, oid TEXT, _rowid_ TEXT)"),
                Sql("INSERT INTO t VALUES ('r', 'o', '_')"),
            ],
            after: "CREATE TABLE t (rowid TEXT, _rowid_ TEXT)",
            with: |migrator| migrator.removed(RemovalPolicy::Drop),
            expect: Expect::Plan("1. drop column t.oid (rebuild)", &[HazardCode::DropColumn, HazardCode::Rewrite]),
            rows: &[("SELECT rowid, _rowid_ FROM t", "'r'|'_'")],
            lost: &["t.oid"],
            ..Case::DEFAULT
        },
        Case {
            name: "an INTEGER PRIMARY KEY called rowid is the rowid",
            before: &[
                Model("CREATE TABLE t (rowid INTEGER PRIMARY KEY, a TEXT)"),
                Sql("INSERT INTO t VALUES (5, 'x'), (9, 'y')"),
            ],
            after: "CREATE TABLE t (rowid INTEGER PRIMARY KEY, a TEXT UNIQUE)",
            expect: Expect::Plan(
                "1. add UNIQUE (a) to t (rebuild)",
                &[HazardCode::Tightened, HazardCode::Rewrite],
            ),
            rows: &[("SELECT _rowid_, * FROM t", "5|5|'x'\n9|9|'y'")],
            ..Case::DEFAULT
        },
    ]);
}
