//! The rows of the decision table, each with what it is to take on which SQLite.

/// One kind of change.
pub struct Row {
    /// The row of the decision table, by its first cell.
    pub change: &'static str,
    pub before: &'static str,
    /// What fills the tables.
    pub rows: &'static str,
    pub after: &'static str,
    /// A line each: what the steps do on the bundled SQLite, on 3.40, and on both through a DEFENSIVE connection.
    pub by: [&'static str; 4],
    /// Columns whose values change, as `table.column`.
    pub changed: &'static [&'static str],
    /// Columns whose values the undo cannot bring back without the backup.
    pub lost: &'static [&'static str],
}

/// All four the same.
const fn always(by: &'static str) -> [&'static str; 4] {
    [by; 4]
}

/// An edit where the connection allows it, whatever the version, else the other.
const fn edit_or(edit: &'static str, other: &'static str) -> [&'static str; 4] {
    [edit, edit, other, other]
}

/// A form of ALTER TABLE that 3.40 lacks: there an edit, and a rebuild on a DEFENSIVE connection.
const fn newer(alter: &'static str, edit: &'static str) -> [&'static str; 4] {
    [alter, edit, alter, "rebuild"]
}

impl Row {
    const DEFAULT: Row = Row {
        change: "",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
        rows: "INSERT INTO t (id, a) VALUES (1, 'x'), (5, 'y'), (9, 'z')",
        after: "",
        by: always(""),
        changed: &[],
        lost: &[],
    };
}

pub const ROWS: &[Row] = &[
    // Names.
    Row {
        change: "table renamed",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, up INTEGER REFERENCES t (id))",
        after: "-- schema: renamed_from(t)\nCREATE TABLE u (id INTEGER PRIMARY KEY, a TEXT, up INTEGER REFERENCES u (id))",
        by: always("alter catalog"),
        ..Row::DEFAULT
    },
    Row {
        change: "column renamed",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY,\n-- schema: renamed_from(a)\nb TEXT)",
        by: always("alter catalog"),
        ..Row::DEFAULT
    },
    // Columns that come.
    Row {
        change: "column added: no default, or a constant one",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER NOT NULL DEFAULT 7)",
        by: always("alter catalog"),
        ..Row::DEFAULT
    },
    Row {
        change: "column added: with a backfill",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT,\n-- schema: backfill(length(a))\nb INTEGER)",
        by: always("alter update"),
        ..Row::DEFAULT
    },
    Row {
        change: "column added: default computed for each row",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)",
        by: edit_or("edit catalog, update update", "rebuild"),
        ..Row::DEFAULT
    },
    Row {
        change: "column added: default computed for each row",
        rows: "",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)",
        by: always("alter catalog"),
        ..Row::DEFAULT
    },
    Row {
        change: "column added: with a CHECK",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER DEFAULT 7 CHECK (b > 0))",
        by: edit_or("edit catalog", "alter scan"),
        ..Row::DEFAULT
    },
    Row {
        change: "column added: with a foreign key",
        before: "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
        rows: "INSERT INTO p VALUES (1); INSERT INTO t VALUES (1, 'x'), (5, 'y')",
        after: "CREATE TABLE p (id INTEGER PRIMARY KEY);
            CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, p INTEGER DEFAULT 1 REFERENCES p (id))",
        by: always("alter catalog"),
        ..Row::DEFAULT
    },
    Row {
        change: "column added: to a STRICT table",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT) STRICT",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER DEFAULT 7) STRICT",
        by: edit_or("edit catalog", "alter scan"),
        ..Row::DEFAULT
    },
    Row {
        change: "column added: VIRTUAL",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER AS (length(a)) VIRTUAL)",
        by: always("alter catalog"),
        ..Row::DEFAULT
    },
    Row {
        change: "column added: VIRTUAL and NOT NULL",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER AS (length(a)) VIRTUAL NOT NULL)",
        by: always("alter scan"),
        ..Row::DEFAULT
    },
    Row {
        change: "column added: STORED, UNIQUE, in the primary key, or called like the rowid",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER AS (length(a)) STORED)",
        by: always("rebuild"),
        ..Row::DEFAULT
    },
    Row {
        change: "column added: STORED, UNIQUE, in the primary key, or called like the rowid",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER UNIQUE)",
        by: always("rebuild"),
        ..Row::DEFAULT
    },
    Row {
        change: "column added: STORED, UNIQUE, in the primary key, or called like the rowid",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, oid INTEGER)",
        by: always("rebuild"),
        ..Row::DEFAULT
    },
    Row {
        change: "column added: STORED, UNIQUE, in the primary key, or called like the rowid",
        before: "CREATE TABLE t (id INTEGER, a TEXT PRIMARY KEY)",
        after: "CREATE TABLE t (id INTEGER, a TEXT, b INTEGER NOT NULL DEFAULT 7, PRIMARY KEY (a, b))",
        by: always("rebuild"),
        ..Row::DEFAULT
    },
    Row {
        change: "columns added or dropped in many tables",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE TABLE u (a TEXT); CREATE TABLE v (a TEXT);
            CREATE TABLE w (a TEXT); CREATE TABLE x (a TEXT)",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER); CREATE TABLE u (a TEXT, b INTEGER);
            CREATE TABLE v (a TEXT, b INTEGER); CREATE TABLE w (a TEXT, b INTEGER); CREATE TABLE x (a TEXT, b INTEGER)",
        by: edit_or(
            "edit catalog, edit catalog, edit catalog, edit catalog, edit catalog",
            "alter catalog, alter catalog, alter catalog, alter catalog, alter catalog",
        ),
        ..Row::DEFAULT
    },
    Row {
        change: "columns added or dropped in many tables",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER); CREATE TABLE u (a TEXT, b INTEGER);
            CREATE TABLE v (a TEXT, b INTEGER); CREATE TABLE w (a TEXT, b INTEGER); CREATE TABLE x (a TEXT, b INTEGER)",
        rows: "INSERT INTO t VALUES (1, 'x', 5), (5, 'y', NULL)",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE TABLE u (a TEXT);
            CREATE TABLE v (a TEXT); CREATE TABLE w (a TEXT); CREATE TABLE x (a TEXT)",
        by: edit_or(
            "edit catalog, edit catalog, edit catalog, edit catalog, edit catalog, update update",
            "alter update, alter update, alter update, alter update, alter update",
        ),
        lost: &["t.b"],
        ..Row::DEFAULT
    },
    // Columns that go.
    Row {
        change: "column dropped",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER DEFAULT 7, c TEXT DEFAULT 'c')",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, c TEXT DEFAULT 'c')",
        by: always("alter update"),
        lost: &["t.b"],
        ..Row::DEFAULT
    },
    Row {
        change: "column dropped: VIRTUAL",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER AS (length(a)) VIRTUAL)",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
        by: always("alter catalog"),
        ..Row::DEFAULT
    },
    Row {
        change: "column dropped: a rule of the table names it",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER DEFAULT 7, CHECK (b > 0 OR a = 'q'))",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
        by: edit_or("edit catalog, alter update", "rebuild"),
        lost: &["t.b"],
        ..Row::DEFAULT
    },
    Row {
        change: "column dropped: in a key or UNIQUE",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER UNIQUE)",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
        by: always("rebuild"),
        lost: &["t.b"],
        ..Row::DEFAULT
    },
    Row {
        change: "column dropped: in a key or UNIQUE",
        before: "CREATE TABLE t (id INT, a TEXT, b INTEGER, PRIMARY KEY (id, b))",
        rows: "INSERT INTO t VALUES (1, 'x', 5), (5, 'y', 5)",
        after: "CREATE TABLE t (id INT, a TEXT, PRIMARY KEY (id))",
        by: always("rebuild"),
        lost: &["t.b"],
        ..Row::DEFAULT
    },
    // Properties of a column.
    Row {
        change: "NOT NULL added",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL)",
        by: newer("alter scan", "edit scan"),
        ..Row::DEFAULT
    },
    Row {
        change: "NOT NULL added: with a value for the NULLs",
        rows: "INSERT INTO t VALUES (1, 'x'), (5, NULL)",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY,\n-- schema: backfill('none')\na TEXT NOT NULL)",
        by: newer("alter update", "update update, edit scan"),
        changed: &["t.a"],
        lost: &["t.a"],
        ..Row::DEFAULT
    },
    Row {
        change: "NOT NULL dropped",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL)",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
        by: newer("alter catalog", "edit catalog"),
        ..Row::DEFAULT
    },
    Row {
        change: "conflict clause of NOT NULL or a key",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL UNIQUE)",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL ON CONFLICT IGNORE UNIQUE ON CONFLICT REPLACE)",
        by: edit_or("edit scan", "rebuild"),
        ..Row::DEFAULT
    },
    Row {
        change: "default",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT DEFAULT 'x')",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT DEFAULT 'y')",
        by: edit_or("update update, edit catalog", "rebuild"),
        ..Row::DEFAULT
    },
    Row {
        change: "type: of the same affinity",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a VARCHAR(9))",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
        by: edit_or("edit catalog", "rebuild"),
        ..Row::DEFAULT
    },
    Row {
        change: "type: of another affinity",
        rows: "INSERT INTO t VALUES (1, '5'), (5, '7')",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)",
        by: always("rebuild"),
        changed: &["t.a"],
        ..Row::DEFAULT
    },
    Row {
        change: "collation",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT COLLATE NOCASE)",
        by: edit_or("edit scan", "rebuild"),
        ..Row::DEFAULT
    },
    Row {
        change: "collation: of a table with indexes",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE); CREATE INDEX i ON t (a)",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT COLLATE NOCASE UNIQUE); CREATE INDEX i ON t (a)",
        by: edit_or("edit scan, reindex scan", "rebuild"),
        ..Row::DEFAULT
    },
    Row {
        change: "collation: in the key of a WITHOUT ROWID table",
        before: "CREATE TABLE t (a TEXT PRIMARY KEY, id INTEGER) WITHOUT ROWID",
        after: "CREATE TABLE t (a TEXT COLLATE NOCASE PRIMARY KEY, id INTEGER) WITHOUT ROWID",
        by: always("rebuild"),
        ..Row::DEFAULT
    },
    Row {
        change: "VIRTUAL: another expression",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER AS (length(a)) VIRTUAL); CREATE INDEX i ON t (b)",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER AS (-length(a)) VIRTUAL); CREATE INDEX i ON t (b)",
        by: edit_or("edit scan, reindex scan", "rebuild"),
        changed: &["t.b"],
        ..Row::DEFAULT
    },
    Row {
        change: "STORED becomes plain",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER AS (length(a)) STORED)",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER)",
        by: edit_or("edit catalog", "rebuild"),
        ..Row::DEFAULT
    },
    Row {
        change: "STORED: from plain, from or to VIRTUAL, another expression",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER AS (length(a)) VIRTUAL)",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER AS (length(a)) STORED)",
        by: always("rebuild"),
        ..Row::DEFAULT
    },
    Row {
        change: "STORED: from plain, from or to VIRTUAL, another expression",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER)",
        rows: "INSERT INTO t VALUES (1, 'x', 1), (5, NULL, NULL)",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER AS (length(a)) STORED)",
        by: always("rebuild"),
        ..Row::DEFAULT
    },
    Row {
        change: "STORED: from plain, from or to VIRTUAL, another expression",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER AS (length(a)) STORED)",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER AS (length(a)) VIRTUAL)",
        by: always("rebuild"),
        ..Row::DEFAULT
    },
    Row {
        change: "STORED: from plain, from or to VIRTUAL, another expression",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER AS (length(a)) STORED)",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER AS (-length(a)) STORED)",
        by: always("rebuild"),
        changed: &["t.b"],
        ..Row::DEFAULT
    },
    // Rules of a table.
    Row {
        change: "CHECK added",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT CHECK (a <> ''))",
        by: newer("alter scan", "edit scan"),
        ..Row::DEFAULT
    },
    Row {
        change: "CHECK dropped: it has a name of its own",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, CONSTRAINT full CHECK (a <> ''))",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
        by: newer("alter catalog", "edit catalog"),
        ..Row::DEFAULT
    },
    Row {
        change: "CHECK dropped: it has none",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT CHECK (a <> ''))",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
        by: edit_or("edit catalog", "rebuild"),
        ..Row::DEFAULT
    },
    Row {
        change: "constraint renamed",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, CONSTRAINT full CHECK (a <> ''))",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, CONSTRAINT filled CHECK (a <> ''))",
        by: edit_or("edit catalog", "rebuild"),
        ..Row::DEFAULT
    },
    Row {
        change: "foreign key added",
        before: "CREATE TABLE p (id TEXT PRIMARY KEY); CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
        rows: "INSERT INTO p VALUES ('x'); INSERT INTO t VALUES (1, 'x'), (5, NULL)",
        after: "CREATE TABLE p (id TEXT PRIMARY KEY); CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT REFERENCES p (id))",
        by: edit_or("edit scan", "rebuild"),
        ..Row::DEFAULT
    },
    Row {
        change: "foreign key dropped: it has a name of its own",
        before: "CREATE TABLE p (id TEXT PRIMARY KEY);
            CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, CONSTRAINT up FOREIGN KEY (a) REFERENCES p (id))",
        rows: "INSERT INTO p VALUES ('x'); INSERT INTO t VALUES (1, 'x'), (5, NULL)",
        after: "CREATE TABLE p (id TEXT PRIMARY KEY); CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
        by: newer("alter catalog", "edit catalog"),
        ..Row::DEFAULT
    },
    Row {
        change: "foreign key: actions, deferrable",
        before: "CREATE TABLE p (id TEXT PRIMARY KEY); CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT REFERENCES p (id))",
        rows: "INSERT INTO p VALUES ('x'); INSERT INTO t VALUES (1, 'x'), (5, NULL)",
        after: "CREATE TABLE p (id TEXT PRIMARY KEY); CREATE TABLE t (id INTEGER PRIMARY KEY,
            a TEXT REFERENCES p (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED)",
        by: edit_or("edit catalog", "rebuild"),
        ..Row::DEFAULT
    },
    Row {
        change: "UNIQUE added or dropped",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE)",
        by: always("rebuild"),
        ..Row::DEFAULT
    },
    Row {
        change: "UNIQUE added or dropped",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE)",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
        by: always("rebuild"),
        ..Row::DEFAULT
    },
    Row {
        change: "primary key, WITHOUT ROWID",
        after: "CREATE TABLE t (id INTEGER, a TEXT PRIMARY KEY)",
        by: always("rebuild"),
        changed: &["t.(rowid)"],
        ..Row::DEFAULT
    },
    Row {
        change: "primary key, WITHOUT ROWID",
        before: "CREATE TABLE t (id INTEGER, a TEXT PRIMARY KEY)",
        after: "CREATE TABLE t (id INTEGER, a TEXT PRIMARY KEY) WITHOUT ROWID",
        by: always("rebuild"),
        lost: &["t.(rowid)"],
        ..Row::DEFAULT
    },
    Row {
        change: "primary key, WITHOUT ROWID",
        before: "CREATE TABLE t (id INTEGER, a TEXT PRIMARY KEY) WITHOUT ROWID",
        after: "CREATE TABLE t (id INTEGER, a TEXT PRIMARY KEY NOT NULL)",
        by: always("rebuild"),
        changed: &["t.(rowid)"],
        ..Row::DEFAULT
    },
    Row {
        change: "primary key, WITHOUT ROWID",
        before: "CREATE TABLE t (id INTEGER, a TEXT PRIMARY KEY)",
        after: "CREATE TABLE t (id INTEGER, a TEXT)",
        by: always("rebuild"),
        ..Row::DEFAULT
    },
    Row {
        change: "AUTOINCREMENT added",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT)",
        by: edit_or("create catalog, edit catalog, delete catalog", "rebuild"),
        ..Row::DEFAULT
    },
    Row {
        change: "AUTOINCREMENT dropped",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT)",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
        by: edit_or("edit catalog, delete catalog", "rebuild"),
        ..Row::DEFAULT
    },
    Row {
        change: "STRICT on",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT) STRICT",
        by: edit_or("edit scan", "rebuild"),
        ..Row::DEFAULT
    },
    Row {
        change: "STRICT off",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT) STRICT",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
        by: edit_or("edit catalog", "rebuild"),
        ..Row::DEFAULT
    },
    Row {
        change: "STRICT off",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a ANY) STRICT",
        rows: "INSERT INTO t VALUES (1, '7'), (5, 7), (9, x'37')",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a BLOB)",
        by: always("rebuild"),
        ..Row::DEFAULT
    },
    Row {
        change: "order of columns",
        before: "CREATE TABLE t (a TEXT, id INTEGER PRIMARY KEY)",
        after: "-- schema: exact_order\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
        by: always("rebuild"),
        ..Row::DEFAULT
    },
    // Beside tables.
    Row {
        change: "index created",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE INDEX i ON t (a)",
        by: always("create scan"),
        ..Row::DEFAULT
    },
    Row {
        change: "index dropped",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE INDEX i ON t (a)",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
        by: always("drop catalog"),
        ..Row::DEFAULT
    },
    Row {
        change: "index renamed, or UNIQUE or no longer",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE INDEX i ON t (a)",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE INDEX j ON t (a)",
        by: edit_or("edit catalog", "drop catalog, create scan"),
        ..Row::DEFAULT
    },
    Row {
        change: "index renamed, or UNIQUE or no longer",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE INDEX i ON t (a)",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE UNIQUE INDEX i ON t (a)",
        by: edit_or("edit scan", "drop catalog, create scan"),
        ..Row::DEFAULT
    },
    Row {
        change: "index renamed, or UNIQUE or no longer",
        before: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE UNIQUE INDEX i ON t (a)",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE INDEX i ON t (a)",
        by: edit_or("edit catalog", "drop catalog, create scan"),
        ..Row::DEFAULT
    },
    Row {
        change: "view, trigger",
        after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE VIEW w AS SELECT a FROM t;
            CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END",
        by: always("create catalog, create catalog"),
        ..Row::DEFAULT
    },
];
