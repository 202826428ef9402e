//! What the random schemas and the histories have found, as small as they could be made.

use crate::support::pair::{Kept, run_kept};

const CASES: &[Kept] = &[
    Kept {
        name: "a text default behind a virtual column is no wrong value because SQLite's check takes it for one",
        before: "CREATE TABLE t (c INT, g AS (length(c)) VIRTUAL, d INTEGER PRIMARY KEY, r INT DEFAULT 'seven')",
        rows: "INSERT INTO t VALUES (0, 1, 'k'), (2, 3, 2)",
        after: "CREATE TABLE t (c INT, g AS (length(c)) VIRTUAL, d INTEGER PRIMARY KEY, r INT COLLATE NOCASE DEFAULT 'seven')",
        ends: "scan with edits",
        ..Kept::DEFAULT
    },
    Kept {
        name: "a generated column that stays has its affinity in the filter of a unique index",
        before: "CREATE TABLE t (a INT, b, g TEXT AS (a) STORED); CREATE UNIQUE INDEX i ON t (b) WHERE g > 5",
        rows: "INSERT INTO t VALUES (40, 1), (41, 1), (7, 1)",
        after: "CREATE TABLE t (a INT, b, g TEXT AS (a) VIRTUAL); CREATE UNIQUE INDEX i ON t (b) WHERE g > 5",
        ends: "rebuild",
        ..Kept::DEFAULT
    },
    Kept {
        name: "a text that a number's column keeps is held against a CHECK as the text that it is",
        before: "CREATE TABLE t (k BLOB, a, CHECK (a IS NOT k OR a IS NULL))",
        rows: "INSERT INTO t VALUES (0, 'k3'), (NULL, NULL)",
        after: "CREATE TABLE t (k BLOB, a INTEGER, CHECK (a IS NOT k OR a IS NULL))",
        consent: true,
        ends: "rebuild",
        ..Kept::DEFAULT
    },
    Kept {
        name: "a column that becomes ANY has no affinity any more in the filter of a unique index",
        before: "CREATE TABLE t (x REAL, b VARCHAR(9)); CREATE UNIQUE INDEX i ON t (x) WHERE b > 5",
        rows: "INSERT INTO t VALUES (1.0, '1e3'), (1.0, 'k11')",
        after: "CREATE TABLE t (x REAL, b ANY) STRICT; CREATE UNIQUE INDEX i ON t (x) WHERE b > 5",
        ends: "rows: the same `x`",
        ..Kept::DEFAULT
    },
    Kept {
        name: "a table that refers to a column of its own which will be computed is not held against what that holds now",
        before: "CREATE TABLE t (n REAL, u PRIMARY KEY, UNIQUE (n))",
        rows: "INSERT INTO t VALUES (1.5, '5.0'), (9.5, 2), (NULL, 4.5)",
        after: "CREATE TABLE t (n REAL AS (upper(u)) STORED, u PRIMARY KEY, UNIQUE (n), FOREIGN KEY (u) REFERENCES t (n))",
        consent: true,
        ends: "rebuild",
        ..Kept::DEFAULT
    },
    Kept {
        name: "a new generated column has its affinity before a CHECK compares it with a number",
        before: "CREATE TABLE t (a)",
        rows: "INSERT INTO t VALUES (5), (x'')",
        after: "CREATE TABLE t (a, g TEXT AS (a) VIRTUAL, CHECK (g IS NOT 5))",
        ends: "rows: rows of `t` break CHECK",
        ..Kept::DEFAULT
    },
    Kept {
        name: "a new generated TEXT column holds a blob as a blob",
        before: "CREATE TABLE t (a)",
        rows: "INSERT INTO t VALUES (5), (x'')",
        after: "CREATE TABLE t (a, g TEXT AS (a) VIRTUAL, CHECK (g <> ''))",
        ends: "scan",
        ..Kept::DEFAULT
    },
    Kept {
        name: "a filled NULL has the column's affinity before a CHECK compares it",
        before: "CREATE TABLE t (a TEXT DEFAULT 5)",
        rows: "INSERT INTO t VALUES (NULL), ('x')",
        after: "CREATE TABLE t (a TEXT NOT NULL DEFAULT 5, CHECK (a IS NOT 5))",
        ends: "rows: rows of `t` break CHECK",
        ..Kept::DEFAULT
    },
    Kept {
        name: "a filled NULL is as it is stored before it is looked for twice",
        before: "CREATE TABLE t (a TEXT DEFAULT 7 UNIQUE)",
        rows: "INSERT INTO t VALUES (NULL), ('7')",
        after: "CREATE TABLE t (a TEXT NOT NULL DEFAULT 7 UNIQUE)",
        ends: "rows: the same `a`",
        ..Kept::DEFAULT
    },
    Kept {
        name: "the default of a new column has its affinity before a CHECK compares it",
        before: "CREATE TABLE t (a)",
        rows: "INSERT INTO t VALUES (1), (2)",
        after: "CREATE TABLE t (a, c TEXT DEFAULT 5 CHECK (c IS NOT 5))",
        ends: "rows: rows of `t` break CHECK",
        ..Kept::DEFAULT
    },
    Kept {
        name: "a blob in a generated TEXT column is held against a CHECK as the blob that it is",
        before: "CREATE TABLE t (a DATETIME, g TEXT AS (a) STORED, b TEXT DEFAULT 7.5, CHECK (g IS NULL OR g <> ''))",
        rows: "INSERT INTO t (a) VALUES (x''), (NULL), ('k')",
        after: "CREATE TABLE t (a DATETIME, g TEXT AS (a) STORED, b TEXT DEFAULT 9, c AS (b) STORED, CHECK (g IS NULL OR g <> ''))",
        ends: "rebuild",
        ..Kept::DEFAULT
    },
    Kept {
        name: "a generated column compares by its own collating sequence before the change too",
        before: "CREATE TABLE t (a TEXT COLLATE NOCASE, g AS (a) VIRTUAL)",
        rows: "INSERT INTO t (a) VALUES ('X')",
        after: "CREATE TABLE t (a TEXT COLLATE NOCASE, g AS (a) VIRTUAL, h TEXT COLLATE NOCASE AS (upper(a)) STORED, CHECK (h <> 'x'))",
        ends: "rows: break CHECK (h <> 'x')",
        ..Kept::DEFAULT
    },
    Kept {
        name: "a generated column compares by no collating sequence of what it is computed from",
        before: "CREATE TABLE t (a TEXT COLLATE NOCASE)",
        rows: "INSERT INTO t (a) VALUES ('X')",
        after: "CREATE TABLE t (a TEXT COLLATE NOCASE, g TEXT AS (a) STORED, CHECK (g <> 'x'))",
        ends: "rebuild",
        ..Kept::DEFAULT
    },
    Kept {
        name: "a constraint in another order and a parent's key that is said are no difference, also together",
        before: "CREATE TABLE p (v BLOB, PRIMARY KEY (v)); CREATE UNIQUE INDEX i ON p (v DESC);
            CREATE TABLE t (d TEXT, e INT, CHECK (e IS NOT d OR e IS NULL), FOREIGN KEY (d) REFERENCES p ON DELETE SET NULL)",
        rows: "INSERT INTO p VALUES ('x'); INSERT INTO t VALUES ('x', 1), (NULL, 2)",
        after: "CREATE TABLE p (v BLOB, PRIMARY KEY (v)); CREATE UNIQUE INDEX i ON p (v DESC);
            CREATE TABLE t (d TEXT, e BIGINT, CHECK (d <> 'z' OR e > 0), CHECK (e IS NOT d OR e IS NULL),
                FOREIGN KEY (d) REFERENCES p ON DELETE SET NULL)",
        ends: "scan with edits",
        ..Kept::DEFAULT
    },
    Kept {
        name: "of two constraints that are alike each is compared with what it was itself",
        before: "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (a INT, CONSTRAINT c CHECK (a <> 5), CHECK (a <> 5),
            FOREIGN KEY (a) REFERENCES p ON DELETE CASCADE, FOREIGN KEY (a) REFERENCES p)",
        rows: "INSERT INTO p VALUES (1); INSERT INTO t VALUES (1), (NULL)",
        after: "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (a INT, CONSTRAINT c CHECK (a <> 5), CONSTRAINT d CHECK (a <> 5),
            FOREIGN KEY (a) REFERENCES p ON DELETE CASCADE, FOREIGN KEY (a) REFERENCES p ON UPDATE CASCADE)",
        ends: "catalog with edits",
        ..Kept::DEFAULT
    },
    Kept {
        name: "a generated column of a STRICT table that gets another type is held against it before",
        before: "CREATE TABLE t (a INT, g ANY AS (a || '!') VIRTUAL) STRICT",
        rows: "INSERT INTO t VALUES (1), (NULL)",
        after: "CREATE TABLE t (a INT, g INT AS (a || '!') VIRTUAL) STRICT",
        ends: "rows: hold a value in `g` that is no INT",
        ..Kept::DEFAULT
    },
    Kept {
        name: "a generated column of text holds a blob as a blob before a CHECK compares it",
        before: "CREATE TABLE t (a, g TEXT AS (a) STORED, b TEXT DEFAULT 7, CHECK (g IS NULL OR g <> ''))",
        rows: "INSERT INTO t (a) VALUES (x''), (NULL)",
        after: "CREATE TABLE t (a, g TEXT AS (a) STORED, b TEXT, CHECK (g IS NULL OR g <> ''))",
        ends: "update with edits",
        ..Kept::DEFAULT
    },
    Kept {
        name: "a generated column has its affinity before a CHECK compares it",
        before: "CREATE TABLE t (a BLOB, g TEXT AS (a) VIRTUAL, CHECK (g IS NOT a OR g IS NULL))",
        rows: "INSERT INTO t (a) VALUES (6), (NULL)",
        after: "CREATE TABLE t (a BLOB, g TEXT COLLATE NOCASE AS (a) VIRTUAL, CHECK (g IS NOT a OR g IS NULL))",
        ends: "scan with edits",
        ..Kept::DEFAULT
    },
    Kept {
        name: "the undo of a rebuild knows the order of columns that it left",
        before: "CREATE TABLE t (x BLOB, e BLOB) STRICT",
        rows: "INSERT INTO t VALUES (x'31', x'00'), (x'31', x'01'), (x'00', x'31')",
        after: "CREATE TABLE t (c INTEGER DEFAULT NULL, x BLOB, e BLOB, CHECK (x IS NOT e OR x IS NULL)) STRICT",
        ends: "rebuild",
        ..Kept::DEFAULT
    },
    Kept {
        name: "a rebuild leaves no row out because a UNIQUE that goes says ON CONFLICT IGNORE, nor does its undo",
        before: "CREATE TABLE t (a TEXT DEFAULT 'x', b TEXT, g AS (length(a)) VIRTUAL, UNIQUE (b, g) ON CONFLICT IGNORE)",
        rows: "INSERT INTO t (a, b) VALUES ('x', 'b'), ('xx', 'b')",
        after: "CREATE TABLE t (b TEXT)",
        ends: "rebuild, undo refused",
        ..Kept::DEFAULT
    },
    Kept {
        name: "rows that keep to a partial index by the affinity of a column do not clash when its NULLs are filled",
        before: "CREATE TABLE t (a TEXT DEFAULT 7, b); CREATE UNIQUE INDEX i ON t ((b IS NULL)) WHERE a > 5",
        rows: "INSERT INTO t VALUES ('k', NULL), ('1e3', NULL)",
        after: "CREATE TABLE t (a TEXT NOT NULL DEFAULT 8, b); CREATE UNIQUE INDEX i ON t ((b IS NULL)) WHERE a > 5",
        ends: "rebuild",
        ..Kept::DEFAULT
    },
    Kept {
        name: "a row whose NULL is filled and then falls under a partial index is still held against the others",
        before: "CREATE TABLE t (a TEXT DEFAULT 7, b); CREATE UNIQUE INDEX i ON t (b) WHERE a > 5",
        rows: "INSERT INTO t VALUES (NULL, 1), ('6', 1)",
        after: "CREATE TABLE t (a TEXT NOT NULL DEFAULT 7, b); CREATE UNIQUE INDEX i ON t (b) WHERE a > 5",
        ends: "rows: the same `b`",
        ..Kept::DEFAULT
    },
    Kept {
        name: "an undo does not commit rows that break the CHECK of a column which it brings back",
        before: "CREATE TABLE t (a, b TEXT NOT NULL DEFAULT '' CHECK (b <> ''))",
        rows: "INSERT INTO t VALUES (1, 'x'), (2, 'y')",
        after: "CREATE TABLE t (a)",
        ends: "update, undo refused",
        ..Kept::DEFAULT
    },
    Kept {
        name: "a column that stands before the key of a WITHOUT ROWID table is not NULL because SQLite 3.40 says so",
        before: "CREATE TABLE t (a TEXT NOT NULL, b INT, PRIMARY KEY (b)) WITHOUT ROWID",
        rows: "INSERT INTO t VALUES ('x', 1), ('y', 2)",
        after: "CREATE TABLE t (a TEXT NOT NULL, b INT, c INT NOT NULL DEFAULT 7, PRIMARY KEY (c, b)) WITHOUT ROWID",
        ends: "rebuild",
        ..Kept::DEFAULT
    },
    Kept {
        name: "a generated expression stands before UNIQUE, or SQLite does not know the index as one over a virtual column",
        before: "CREATE TABLE t (a TEXT)",
        rows: "INSERT INTO t VALUES ('x'), ('y')",
        after: "CREATE TABLE t (a TEXT, g TEXT AS (upper(a)) VIRTUAL, UNIQUE (g))",
        ends: "rebuild",
        ..Kept::DEFAULT
    },
    Kept {
        name: "a table's own name in quotes is no string in its index",
        before: "CREATE TABLE \"group\" (a REAL); CREATE INDEX i ON \"group\" (a COLLATE NOCASE)",
        rows: "INSERT INTO \"group\" VALUES (1.5)",
        after: "CREATE TABLE \"group\" (a REAL, \"group\" BIGINT); CREATE INDEX i ON \"group\" (a COLLATE NOCASE)",
        ends: "catalog",
        ..Kept::DEFAULT
    },
    Kept {
        name: "a string in double quotes in an index that becomes a name is still told",
        before: "CREATE TABLE t (a); CREATE INDEX i ON t (a) WHERE a <> \"b\"",
        rows: "INSERT INTO t VALUES (1)",
        after: "CREATE TABLE t (a, b); CREATE INDEX i ON t (a) WHERE a <> \"b\"",
        ends: "refused: index `i`",
        ..Kept::DEFAULT
    },
    Kept {
        name: "a generated column has its affinity before STRICT looks at it",
        before: "CREATE TABLE t (a INTEGER, g TEXT AS (length(a)) STORED)",
        rows: "INSERT INTO t VALUES (3), (1000)",
        after: "CREATE TABLE t (a INTEGER, g TEXT AS (length(a)) STORED) STRICT",
        ends: "scan with edits",
        ..Kept::DEFAULT
    },
    Kept {
        name: "a unique column that the undo brings back has no default in every row",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a DEFAULT 7, UNIQUE (a) ON CONFLICT REPLACE)",
        rows: "INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY)",
        ends: "rebuild",
        ..Kept::DEFAULT
    },
    Kept {
        name: "the first row of a WITHOUT ROWID table is found by its key",
        before: "CREATE TABLE t (a REAL, b INT, PRIMARY KEY (a)) WITHOUT ROWID; CREATE UNIQUE INDEX i ON t (a DESC, b)",
        rows: "INSERT INTO t VALUES (1.5, 1), (1e300, 2), (5.0, 3)",
        after: "CREATE TABLE t (a REAL, b BIGINT, c TEXT, PRIMARY KEY (a)) WITHOUT ROWID; CREATE UNIQUE INDEX i ON t (a DESC, b)",
        ends: "catalog with edits",
        ..Kept::DEFAULT
    },
    Kept {
        name: "a new key that is called rowid is held against the rows before the change",
        before: "CREATE TABLE t (a)",
        rows: "INSERT INTO t VALUES (1), (2)",
        after: "CREATE TABLE t (a,
                -- schema: backfill('same')
                rowid TEXT,
                PRIMARY KEY (rowid))",
        backfills: &[("t", "rowid", "'same'")],
        ends: "rows: the same `rowid`",
        ..Kept::DEFAULT
    },
    Kept {
        name: "a CHECK is asked what the new numeric column will hold",
        before: "CREATE TABLE t (a TEXT, CHECK (a IS NOT 5))",
        rows: "INSERT INTO t VALUES ('5.0')",
        after: "CREATE TABLE t (a NUMERIC, CHECK (a IS NOT 5))",
        consent: true,
        ends: "rows: break CHECK",
        ..Kept::DEFAULT
    },
    Kept {
        name: "a row that an expression index cannot compute is told before the change",
        before: "CREATE TABLE t (a TEXT)",
        rows: "INSERT INTO t VALUES ('{}'), ('no')",
        after: "CREATE TABLE t (a TEXT); CREATE INDEX i ON t (json_extract(a, '$.b'))",
        ends: "rows: SQLite cannot tell which rows of `t` the index `i` cannot hold: malformed JSON",
        ..Kept::DEFAULT
    },
    Kept {
        name: "a row that a CHECK cannot compute is told before the change",
        before: "CREATE TABLE t (a TEXT)",
        rows: "INSERT INTO t VALUES ('{}'), ('no')",
        after: "CREATE TABLE t (a TEXT, CHECK (json_extract(a, '$.b') IS NULL))",
        ends: "rows: malformed JSON",
        ..Kept::DEFAULT
    },
    Kept {
        name: "a partial index computes its terms for its own rows only",
        before: "CREATE TABLE t (a TEXT)",
        rows: "INSERT INTO t VALUES ('{}'), ('no')",
        after: "CREATE TABLE t (a TEXT); CREATE INDEX i ON t (json_extract(a, '$.b')) WHERE json_valid(a)",
        ends: "scan",
        ..Kept::DEFAULT
    },
    Kept {
        name: "rows that lack an added column keep the default of then, whatever the default of now",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY)",
        rows: "INSERT INTO t VALUES (1), (2); ALTER TABLE t ADD COLUMN a INTEGER NOT NULL DEFAULT 7;
            INSERT INTO t VALUES (3, 8); CREATE INDEX i ON t (a)",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER NOT NULL DEFAULT 99); CREATE INDEX i ON t (a)",
        ends: "update with edits",
        ..Kept::DEFAULT
    },
    Kept {
        name: "an index on an expression compares by BINARY, whatever collation the expression has inside",
        before: "CREATE TABLE t (c TEXT)",
        rows: "INSERT INTO t VALUES ('x'), ('X'), (NULL)",
        after: "CREATE TABLE t (c TEXT); CREATE UNIQUE INDEX i ON t (c || '-' COLLATE NOCASE)",
        ends: "scan",
        ..Kept::DEFAULT
    },
    Kept {
        name: "values that change places as their column becomes a computed one would be lost",
        before: "CREATE TABLE t (a INTEGER PRIMARY KEY, b INT)",
        rows: "INSERT INTO t VALUES (-3, 1), (1, -3), (2, 2)",
        after: "CREATE TABLE t (a INTEGER PRIMARY KEY, b INT AS (upper(a)) VIRTUAL)",
        ends: "rows: values of `t.b` would be lost",
        ..Kept::DEFAULT
    },
];

#[test]
fn what_was_found_by_chance_stays_mended() {
    run_kept(CASES);
}
