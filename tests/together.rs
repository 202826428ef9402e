//! Many things at once, in one plan: what refers to each other, changes names, or goes and comes.

use schema_runtime::HazardCode;

use crate::support::case::{Act, Case, Expect, run};
use crate::support::pair::{Kept, run_kept};

const CASES: &[Kept] = &[
    Kept {
        name: "two tables that refer to each other are both rebuilt",
        before: "CREATE TABLE a (id INTEGER PRIMARY KEY, b REFERENCES b (id) ON DELETE CASCADE);
            CREATE TABLE b (id INTEGER PRIMARY KEY, a REFERENCES a (id) ON DELETE SET NULL)",
        rows: "INSERT INTO a VALUES (1, 2), (2, 1), (3, NULL); INSERT INTO b VALUES (1, 2), (2, 1)",
        after: "CREATE TABLE a (id INTEGER PRIMARY KEY, b INTEGER UNIQUE REFERENCES b (id) ON DELETE CASCADE);
            CREATE TABLE b (id INTEGER PRIMARY KEY, a INTEGER UNIQUE REFERENCES a (id) ON DELETE SET NULL)",
        ends: "rebuild",
        ..Kept::DEFAULT
    },
    Kept {
        name: "two tables come to refer to each other, by keys that both get now",
        before: "CREATE TABLE a (id INTEGER PRIMARY KEY, code TEXT, b TEXT);
            CREATE TABLE b (id INTEGER PRIMARY KEY, code TEXT, a TEXT)",
        rows: "INSERT INTO a VALUES (1, 'x', 'y'), (2, 'z', NULL); INSERT INTO b VALUES (1, 'y', 'x')",
        after: "CREATE TABLE a (id INTEGER PRIMARY KEY, code TEXT UNIQUE, b TEXT REFERENCES b (code));
            CREATE TABLE b (id INTEGER PRIMARY KEY, code TEXT UNIQUE, a TEXT REFERENCES a (code))",
        ends: "rebuild",
        ..Kept::DEFAULT
    },
    Kept {
        name: "two tables that refer to each other go together",
        before: "CREATE TABLE a (id INTEGER PRIMARY KEY, b REFERENCES b (id) ON DELETE RESTRICT);
            CREATE TABLE b (id INTEGER PRIMARY KEY, a REFERENCES a (id) ON DELETE RESTRICT);
            CREATE TABLE c (id INTEGER PRIMARY KEY, t TEXT)",
        rows: "INSERT INTO a VALUES (1, 1); INSERT INTO b VALUES (1, 1); INSERT INTO c VALUES (1, 'stays')",
        after: "CREATE TABLE c (id INTEGER PRIMARY KEY, t TEXT)",
        ends: "catalog",
        ..Kept::DEFAULT
    },
    Kept {
        name: "a table that refers to itself with every action is rebuilt, and no row is touched by them",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, up REFERENCES t (id) ON DELETE CASCADE ON UPDATE SET NULL, x TEXT)",
        rows: "INSERT INTO t VALUES (1, NULL, 'a'), (2, 1, 'b'), (3, 2, 'c'), (4, 4, 'd')",
        after: "CREATE TABLE t (x TEXT, id INTEGER PRIMARY KEY, up INTEGER REFERENCES t (id) ON DELETE CASCADE ON UPDATE SET NULL)",
        ends: "rebuild",
        ..Kept::DEFAULT
    },
    Kept {
        name: "views on views follow a table that loses, gains and renames columns",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b, gone);
            CREATE VIEW v1 AS SELECT id, a AS x, b FROM t;
            CREATE VIEW v2 AS SELECT id, x FROM v1 WHERE b IS NOT NULL;
            CREATE VIEW v3 AS SELECT v2.x, (SELECT count(*) FROM v1) AS n FROM v2",
        rows: "INSERT INTO t VALUES (1, 'p', 2, 'g'), (2, 'q', NULL, 'g')",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY,
                -- schema: renamed_from(a)
                name TEXT, b, fresh TEXT DEFAULT 'f', UNIQUE (b));
            CREATE VIEW v3 AS SELECT v2.x, (SELECT count(*) FROM v1) AS n FROM v2;
            CREATE VIEW v2 AS SELECT id, x, fresh FROM v1 WHERE b IS NOT NULL;
            CREATE VIEW v1 AS SELECT id, name AS x, b, fresh FROM t",
        columns: &[("t", "a", "name")],
        ends: "rebuild",
        ..Kept::DEFAULT
    },
    Kept {
        name: "a view in the midst of others goes, and those on it read something else",
        before: "CREATE TABLE t (a, b);
            CREATE VIEW v1 AS SELECT a FROM t; CREATE VIEW v2 AS SELECT a FROM v1; CREATE VIEW v3 AS SELECT a FROM v2",
        rows: "INSERT INTO t VALUES (1, 2)",
        after: "CREATE TABLE t (a, b); CREATE VIEW v1 AS SELECT a FROM t; CREATE VIEW v3 AS SELECT a FROM v1",
        ends: "catalog",
        ..Kept::DEFAULT
    },
    Kept {
        name: "triggers across tables stay, and none fires, while both tables are rebuilt",
        before: "CREATE TABLE a (id INTEGER PRIMARY KEY, n INT); CREATE TABLE b (id INTEGER PRIMARY KEY, n INT);
            CREATE TABLE log (x);
            CREATE TRIGGER ab AFTER INSERT ON a BEGIN INSERT INTO b (n) VALUES (new.n); INSERT INTO log VALUES ('ab'); END;
            CREATE TRIGGER ba AFTER DELETE ON b BEGIN DELETE FROM a WHERE id = old.id; INSERT INTO log VALUES ('ba;end'); END;
            CREATE TRIGGER au AFTER UPDATE OF n ON a BEGIN UPDATE b SET n = new.n WHERE id = new.id; END",
        rows: "INSERT INTO a VALUES (1, 5), (2, 6); DELETE FROM log",
        after: "CREATE TABLE a (id INTEGER PRIMARY KEY, n TEXT); CREATE TABLE b (n TEXT, id INTEGER PRIMARY KEY);
            CREATE TABLE log (x);
            CREATE TRIGGER ab AFTER INSERT ON a BEGIN INSERT INTO b (n) VALUES (new.n); INSERT INTO log VALUES ('ab'); END;
            CREATE TRIGGER ba AFTER DELETE ON b BEGIN DELETE FROM a WHERE id = old.id; INSERT INTO log VALUES ('ba;end'); END;
            CREATE TRIGGER au AFTER UPDATE OF n ON a BEGIN UPDATE b SET n = new.n WHERE id = new.id; END",
        ends: "rebuild",
        ..Kept::DEFAULT
    },
    Kept {
        name: "columns change names in a chain: each name goes to another value",
        before: "CREATE TABLE t (a, b, c); CREATE INDEX i ON t (a, b); CREATE VIEW v AS SELECT a, b, c FROM t",
        rows: "INSERT INTO t VALUES ('a', 'b', 'c')",
        after: "CREATE TABLE t (
                b, -- schema: renamed_from(a)
                c, -- schema: renamed_from(b)
                d  -- schema: renamed_from(c)
            ); CREATE INDEX i ON t (b, c); CREATE VIEW v AS SELECT b, c, d FROM t",
        columns: &[("t", "a", "b"), ("t", "b", "c"), ("t", "c", "d")],
        ends: "catalog",
        ..Kept::DEFAULT
    },
    Kept {
        name: "tables change names in a chain, with what refers to them",
        before: "CREATE TABLE a (id INTEGER PRIMARY KEY, x); CREATE TABLE b (id INTEGER PRIMARY KEY, a REFERENCES a (id));
            CREATE VIEW v AS SELECT b.id, a.x FROM b JOIN a ON a.id = b.a",
        rows: "INSERT INTO a VALUES (1, 'in a'); INSERT INTO b VALUES (7, 1)",
        after: "
            -- schema: renamed_from(a)
            CREATE TABLE b (id INTEGER PRIMARY KEY, x);
            -- schema: renamed_from(b)
            CREATE TABLE c (id INTEGER PRIMARY KEY, a REFERENCES b (id));
            CREATE VIEW v AS SELECT c.id, b.x FROM c JOIN b ON b.id = c.a",
        tables: &[("a", "b"), ("b", "c")],
        ends: "catalog",
        ..Kept::DEFAULT
    },
    Kept {
        name: "columns that swap names at once are told to go by a third name",
        before: "CREATE TABLE t (a, b)",
        rows: "INSERT INTO t VALUES (1, 2)",
        after: "CREATE TABLE t (
                a, -- schema: renamed_from(b)
                b  -- schema: renamed_from(a)
            )",
        ends: "refused: by a third name",
        ..Kept::DEFAULT
    },
    Kept {
        name: "a rename with a change of type, of the key and of what refers to it",
        before: "CREATE TABLE p (id INTEGER PRIMARY KEY, n INTEGER); CREATE TABLE c (p INTEGER REFERENCES p (id))",
        rows: "INSERT INTO p VALUES (1, 10), (2, NULL); INSERT INTO c VALUES (1), (2), (NULL)",
        after: "CREATE TABLE p (
                code TEXT PRIMARY KEY, -- schema: renamed_from(id)
                amount TEXT            -- schema: renamed_from(n)
            );
            CREATE TABLE c (
                code TEXT REFERENCES p (code) -- schema: renamed_from(p)
            )",
        columns: &[("p", "id", "code"), ("p", "n", "amount"), ("c", "p", "code")],
        ends: "rebuild",
        ..Kept::DEFAULT
    },
    Kept {
        name: "tables that swap names at once are told as well",
        before: "CREATE TABLE a (x); CREATE TABLE b (y)",
        rows: "INSERT INTO a VALUES (1)",
        after: "
            -- schema: renamed_from(b)
            CREATE TABLE a (x);
            -- schema: renamed_from(a)
            CREATE TABLE b (y)",
        ends: "refused: is still in the file",
        ..Kept::DEFAULT
    },
    Kept {
        name: "a table goes and another comes under its name, with other columns, indexes and a trigger of the same names",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a); CREATE INDEX i ON t (a);
            CREATE TRIGGER tr AFTER INSERT ON t BEGIN SELECT new.a; END; CREATE VIEW v AS SELECT a FROM t",
        rows: "INSERT INTO t VALUES (1, 'old')",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, b TEXT NOT NULL DEFAULT ''); CREATE INDEX i ON t (b);
            CREATE TRIGGER tr AFTER INSERT ON t BEGIN SELECT new.b; END; CREATE VIEW v AS SELECT b FROM t",
        ends: "update",
        ..Kept::DEFAULT
    },
    Kept {
        name: "a table cannot leave its name to a new one in the same version, and that is told",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a); CREATE INDEX i ON t (a);
            CREATE TRIGGER tr AFTER INSERT ON t BEGIN SELECT 1; END",
        rows: "INSERT INTO t VALUES (1, 'old')",
        after: "
            -- schema: renamed_from(t)
            CREATE TABLE old_t (id INTEGER PRIMARY KEY, a); CREATE INDEX old_i ON old_t (a);
            CREATE TABLE t (id TEXT PRIMARY KEY, b); CREATE INDEX i ON t (b);
            CREATE TRIGGER tr AFTER INSERT ON t BEGIN SELECT 2; END",
        tables: &[("t", "old_t")],
        ends: "refused: `t` is still in the file",
        ..Kept::DEFAULT
    },
    Kept {
        name: "a view does not become a table, nor a table a view, under one name, and that is told",
        before: "CREATE TABLE t (a); CREATE TABLE x (a); CREATE VIEW y AS SELECT a FROM t",
        rows: "INSERT INTO t VALUES (1); INSERT INTO x VALUES (2)",
        after: "CREATE TABLE t (a); CREATE VIEW x AS SELECT a FROM t; CREATE TABLE y (a)",
        ends: "refused: the database has a view of this name",
        ..Kept::DEFAULT
    },
    Kept {
        name: "indexes, a trigger and a view change under their names while their table is rebuilt and renamed",
        before: "CREATE TABLE t (a TEXT, b); CREATE INDEX i ON t (a); CREATE UNIQUE INDEX u ON t (b) WHERE b > 0;
            CREATE VIEW v AS SELECT a FROM t; CREATE TRIGGER tr AFTER DELETE ON t BEGIN SELECT old.a; END",
        rows: "INSERT INTO t VALUES ('1', 1), ('2', 2), (NULL, -1), (NULL, -1)",
        after: "
            -- schema: renamed_from(t)
            CREATE TABLE s (b, a INTEGER, c TEXT DEFAULT 'c');
            CREATE INDEX i ON s (a DESC, b); CREATE UNIQUE INDEX u ON s (b) WHERE b > 1;
            CREATE VIEW v AS SELECT a, c FROM s; CREATE TRIGGER tr AFTER DELETE ON s BEGIN SELECT old.c; END",
        tables: &[("t", "s")],
        ends: "rebuild",
        ..Kept::DEFAULT
    },
    Kept {
        name: "everything at once",
        before: "CREATE TABLE p (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT COLLATE NOCASE UNIQUE, gone);
            CREATE TABLE c (id INTEGER PRIMARY KEY, p REFERENCES p (id) ON DELETE CASCADE, n INT DEFAULT 1,
                g AS (n + 1) STORED, h AS (g * 2) VIRTUAL);
            CREATE TABLE w (k TEXT, n INT, PRIMARY KEY (k, n)) WITHOUT ROWID;
            CREATE VIRTUAL TABLE f USING fts5 (body);
            CREATE INDEX c_h ON c (h) WHERE n > 0;
            CREATE VIEW v AS SELECT p.name, c.h FROM c JOIN p ON p.id = c.p;
            CREATE TRIGGER tr AFTER UPDATE OF n ON c BEGIN UPDATE p SET name = name WHERE id = new.p; END",
        rows: "INSERT INTO p (name, gone) VALUES ('Ann', 1), ('bob', 2); INSERT INTO c (p, n) VALUES (1, 5), (2, -1), (NULL, NULL);
            INSERT INTO w VALUES ('k', 1), ('k', 2); INSERT INTO f VALUES ('some words')",
        after: "
            -- schema: renamed_from(p)
            CREATE TABLE person (id INTEGER PRIMARY KEY AUTOINCREMENT,
                full_name TEXT COLLATE NOCASE UNIQUE, -- schema: renamed_from(name)
                -- schema: backfill('none')
                mail TEXT NOT NULL CHECK (mail <> ''));
            CREATE TABLE c (id INTEGER PRIMARY KEY, p REFERENCES person (id) ON DELETE SET NULL, n INT DEFAULT 2,
                g AS (n + 1) VIRTUAL, h AS (g * 3) STORED, extra TEXT);
            CREATE TABLE w (n INT, k TEXT, more ANY, PRIMARY KEY (k, n)) STRICT, WITHOUT ROWID;
            CREATE VIRTUAL TABLE f USING fts5 (body);
            CREATE VIRTUAL TABLE r USING rtree (id, x0, x1);
            CREATE INDEX c_h ON c (h DESC) WHERE n > 0;
            CREATE VIEW v AS SELECT person.full_name AS name, c.h FROM c JOIN person ON person.id = c.p;
            CREATE VIEW v2 AS SELECT * FROM v;
            CREATE TRIGGER tr AFTER UPDATE OF n ON c BEGIN UPDATE person SET mail = mail WHERE id = new.p; END",
        tables: &[("p", "person")],
        columns: &[("person", "name", "full_name")],
        backfills: &[("person", "mail", "'none'")],
        ends: "rebuild with edits",
        ..Kept::DEFAULT
    },
];

#[test]
fn many_changes_go_together_in_one_plan() {
    run_kept(CASES);
}

#[test]
fn a_table_with_a_retired_a_foreign_and_a_generated_column_is_rebuilt() {
    run(&[Case {
        name: "the retired and the foreign column keep their values and places",
        before: &[
            Act::Model(
                "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, old TEXT NOT NULL, g INTEGER AS (length(a)) STORED)",
            ),
            Act::Sql("INSERT INTO t (a, old) VALUES ('12', 'kept'), ('345', 'too')"),
            Act::Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, g INTEGER AS (length(a)) STORED)"),
            Act::Sql(
                "ALTER TABLE t ADD COLUMN theirs DEFAULT 'x'; UPDATE t SET theirs = 'y' WHERE id = 2; CREATE INDEX by_theirs ON t (theirs)",
            ),
        ],
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, g INTEGER AS (a + 1) STORED, z INTEGER AS (g * 2) VIRTUAL, UNIQUE (a))",
        expect: Expect::Plan(
            "1. rebuild table t: alter type of t.a: TEXT -> INTEGER; alter generated expression of t.g: AS (length(a)) STORED -> AS (a + 1) STORED; \
             add column t.z; add UNIQUE (a) to t (rebuild)",
            &[HazardCode::ConvertValues, HazardCode::Tightened, HazardCode::Rewrite],
        ),
        changed: &["t.a", "t.g"],
        rows: &[("SELECT id, a, old, g, theirs, z FROM t", "1|12|'kept'|13|'x'|26\n2|345|'too'|346|'y'|692")],
        says: &["retired: column \"t\".\"old\"", "foreign: column \"t\".\"theirs\""],
        ..Case::DEFAULT
    }]);
}
