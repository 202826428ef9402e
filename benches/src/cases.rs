//! What is measured: each change with the shape of its table and, where SQLite or its documentation has one, its raw form.

/// How a table looks before the change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// Three columns, about 25 bytes a row, no index.
    Narrow,
    /// Eight columns, about 100 bytes a row, one index: the shape of the published figures.
    Standard,
    /// The same with three indexes, one of them unique.
    Keyed,
    /// The same with about 600 bytes a row; a fourth of the rows.
    Wide,
}

/// What a goal is set for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// Only the catalog changes: at most 1.5 times the raw form.
    Catalog,
    /// Rows are read: at most 1.2 times.
    Scan,
    /// Rows are copied: at most 1.1 times.
    Rebuild,
    /// Shown without a goal.
    Other,
}

impl Class {
    /// The largest ratio that is well.
    pub fn goal(self) -> Option<f64> {
        match self {
            Class::Catalog => Some(1.5),
            Class::Scan => Some(1.2),
            Class::Rebuild => Some(1.1),
            Class::Other => None,
        }
    }
}

/// A part of a raw form.
#[derive(Clone, Copy, Debug)]
pub enum Raw {
    Sql(&'static str),
    /// The stored text of `t` becomes the one wanted. SQLite: <https://www.sqlite.org/lang_altertable.html>, section 7.
    Edit,
    /// The twelve steps, those that apply. SQLite: the same page, section 8.
    Twelve {
        /// The columns of the new table that are written, and what with.
        columns: &'static str,
        values: &'static str,
    },
}

pub struct Case {
    pub name: &'static str,
    pub shape: Shape,
    pub class: Class,
    /// What is replaced in the schema's text, and by what.
    pub change: &'static [(&'static str, &'static str)],
    /// Empty where nothing raw does the same.
    pub raw: &'static [Raw],
}

impl Shape {
    pub fn schema(self) -> &'static str {
        match self {
            Shape::Narrow => {
                "CREATE TABLE t (\n    id INTEGER PRIMARY KEY,\n    a INTEGER,\n    b TEXT\n);\n"
            }
            Shape::Standard | Shape::Wide => STANDARD,
            Shape::Keyed => KEYED,
        }
    }

    /// Rows for `n` of the standard shape.
    pub fn rows(self, n: u64) -> u64 {
        if self == Shape::Wide { n / 4 } else { n }
    }

    pub fn fill(self, n: u64) -> String {
        let n = self.rows(n);
        let series = format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {n})");
        match self {
            Shape::Narrow => {
                format!("{series} INSERT INTO t SELECT i, i * 7919 % 1000003, 'row ' || i FROM n")
            }
            _ => {
                let note = if self == Shape::Wide { 500 } else { 30 };
                format!(
                    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 10) INSERT INTO p SELECT i, 'k' || i FROM n;
                     {series} INSERT INTO t SELECT i, 'name of ' || i, (i * 7919 % 1000003) || '@example.org', i % 90 + 1,
                         i * 0.25, substr('{}', 1, {note}) , i % 10 + 1, i % 2 FROM n",
                    "lorem ipsum dolor sit amet ".repeat(20)
                )
            }
        }
    }
}

const STANDARD: &str = "CREATE TABLE p (
    id INTEGER PRIMARY KEY,
    k TEXT
);
CREATE TABLE t (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    email TEXT,
    age INTEGER,
    score REAL,
    note TEXT,
    parent INTEGER,
    flag INTEGER DEFAULT 1
);
CREATE INDEX t_email ON t (email);
";

const KEYED: &str = "CREATE TABLE p (
    id INTEGER PRIMARY KEY,
    k TEXT
);
CREATE TABLE t (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    email TEXT,
    age INTEGER,
    score REAL,
    note TEXT,
    parent INTEGER REFERENCES p (id),
    flag INTEGER DEFAULT 1 CHECK (flag IN (0, 1)),
    UNIQUE (id, name)
);
CREATE INDEX t_email ON t (email);
CREATE INDEX t_age ON t (age, score);
";

const ALL: &str = "id, name, email, age, score, note, parent, flag";
const TWELVE: Raw = Raw::Twelve { columns: ALL, values: ALL };
const fn sql(text: &'static str) -> Raw {
    Raw::Sql(text)
}

use Class::{Catalog, Other, Rebuild, Scan};
use Shape::{Keyed, Narrow, Standard, Wide};

const fn case(
    name: &'static str,
    shape: Shape,
    class: Class,
    change: &'static [(&'static str, &'static str)],
    raw: &'static [Raw],
) -> Case {
    Case { name, shape, class, change, raw }
}

const LAST: &str = "flag INTEGER DEFAULT 1";

/// The steps with a raw form, then more steps whose estimate is held against their time.
pub const CASES: &[Case] = &[
    case(
        "add column",
        Standard,
        Catalog,
        &[(LAST, "flag INTEGER DEFAULT 1,\n    extra INTEGER NOT NULL DEFAULT 0")],
        &[sql("ALTER TABLE t ADD COLUMN extra INTEGER NOT NULL DEFAULT 0")],
    ),
    case(
        "add column with CHECK",
        Standard,
        Scan,
        &[(LAST, "flag INTEGER DEFAULT 1,\n    extra INTEGER DEFAULT 0 CHECK (extra >= 0)")],
        &[sql("ALTER TABLE t ADD COLUMN extra INTEGER DEFAULT 0 CHECK (extra >= 0)")],
    ),
    case(
        "set NOT NULL",
        Standard,
        Scan,
        &[("note TEXT", "note TEXT NOT NULL")],
        &[sql("ALTER TABLE t ALTER COLUMN note SET NOT NULL")],
    ),
    case(
        "drop NOT NULL",
        Standard,
        Catalog,
        &[("name TEXT NOT NULL", "name TEXT")],
        &[sql("ALTER TABLE t ALTER COLUMN name DROP NOT NULL")],
    ),
    case(
        "add CHECK",
        Standard,
        Scan,
        &[(LAST, "flag INTEGER DEFAULT 1,\n    CONSTRAINT old CHECK (age < 200)")],
        &[sql("ALTER TABLE t ADD CONSTRAINT old CHECK (age < 200)")],
    ),
    case(
        "change default",
        Standard,
        Other,
        &[("DEFAULT 1", "DEFAULT 2")],
        &[sql("UPDATE t SET flag = flag WHERE flag IS 1"), Raw::Edit],
    ),
    case(
        "add foreign key",
        Standard,
        Scan,
        &[("parent INTEGER", "parent INTEGER REFERENCES p (id)")],
        &[Raw::Edit, sql("PRAGMA foreign_key_check(t)")],
    ),
    case(
        "change collation of an indexed column",
        Standard,
        Other,
        &[("email TEXT", "email TEXT COLLATE NOCASE")],
        &[Raw::Edit, sql("REINDEX t")],
    ),
    case(
        "change collation of a plain column",
        Standard,
        Other,
        &[("note TEXT", "note TEXT COLLATE NOCASE")],
        &[Raw::Edit],
    ),
    case("change type name", Standard, Catalog, &[("age INTEGER", "age BIGINT")], &[Raw::Edit]),
    case(
        "make STRICT",
        Standard,
        Scan,
        &[("DEFAULT 1\n)", "DEFAULT 1\n) STRICT")],
        &[Raw::Edit, sql("PRAGMA quick_check(t)")],
    ),
    case(
        "drop column",
        Standard,
        Other,
        &[("    note TEXT,\n", "")],
        &[sql("ALTER TABLE t DROP COLUMN note")],
    ),
    case(
        "rebuild (a unique key)",
        Standard,
        Rebuild,
        &[(LAST, "flag INTEGER DEFAULT 1,\n    UNIQUE (id, name)")],
        &[TWELVE],
    ),
    case(
        "rebuild (a column in the middle)",
        Standard,
        Rebuild,
        &[("    age INTEGER,", "    extra INTEGER AS (age + 1) STORED,\n    age INTEGER,")],
        &[TWELVE],
    ),
    case(
        "create index",
        Standard,
        Scan,
        &[("t (email);", "t (email);\nCREATE INDEX t_age ON t (age);")],
        &[sql("CREATE INDEX t_age ON t (age)")],
    ),
    case("change affinity", Standard, Rebuild, &[("age INTEGER", "age TEXT")], &[TWELVE]),
    case(
        "drop index",
        Standard,
        Other,
        &[("CREATE INDEX t_email ON t (email);\n", "")],
        &[sql("DROP INDEX t_email")],
    ),
    case(
        "add column, narrow",
        Narrow,
        Catalog,
        &[("b TEXT", "b TEXT,\n    c TEXT")],
        &[sql("ALTER TABLE t ADD COLUMN c TEXT")],
    ),
    case(
        "set NOT NULL, narrow",
        Narrow,
        Scan,
        &[("b TEXT", "b TEXT NOT NULL")],
        &[sql("ALTER TABLE t ALTER COLUMN b SET NOT NULL")],
    ),
    case(
        "set NOT NULL, wide",
        Wide,
        Scan,
        &[("note TEXT", "note TEXT NOT NULL")],
        &[sql("ALTER TABLE t ALTER COLUMN note SET NOT NULL")],
    ),
    case(
        "set NOT NULL, three indexes",
        Keyed,
        Scan,
        &[("note TEXT", "note TEXT NOT NULL")],
        &[sql("ALTER TABLE t ALTER COLUMN note SET NOT NULL")],
    ),
    case(
        "rebuild (affinity), narrow",
        Narrow,
        Rebuild,
        &[("a INTEGER", "a TEXT")],
        &[Raw::Twelve { columns: "id, a, b", values: "id, a, b" }],
    ),
    case("rebuild (affinity), wide", Wide, Rebuild, &[("age INTEGER", "age TEXT")], &[TWELVE]),
    case("rebuild (affinity), three indexes", Keyed, Rebuild, &[("score REAL", "score TEXT")], &[TWELVE]),
    case(
        "create index on text",
        Narrow,
        Scan,
        &[(");\n", ");\nCREATE INDEX t_b ON t (b);\n")],
        &[sql("CREATE INDEX t_b ON t (b)")],
    ),
    case(
        "create unique index",
        Standard,
        Other,
        &[("t (email);", "t (email);\nCREATE UNIQUE INDEX t_name ON t (name);")],
        &[sql("CREATE UNIQUE INDEX t_name ON t (name)")],
    ),
    case(
        "create index, wide",
        Wide,
        Scan,
        &[("t (email);", "t (email);\nCREATE INDEX t_age ON t (age);")],
        &[sql("CREATE INDEX t_age ON t (age)")],
    ),
    case(
        "create partial index",
        Standard,
        Scan,
        &[("t (email);", "t (email);\nCREATE INDEX t_age ON t (age) WHERE age > 80;")],
        &[sql("CREATE INDEX t_age ON t (age) WHERE age > 80")],
    ),
    case(
        "drop column, narrow",
        Narrow,
        Other,
        &[("a INTEGER,\n    ", "")],
        &[sql("ALTER TABLE t DROP COLUMN a")],
    ),
    case(
        "drop column, wide",
        Wide,
        Other,
        &[("    note TEXT,\n", "")],
        &[sql("ALTER TABLE t DROP COLUMN note")],
    ),
    case("change default, wide", Wide, Other, &[("DEFAULT 1", "DEFAULT 2")], &[]),
    case(
        "new column with a backfill",
        Standard,
        Other,
        &[(LAST, "flag INTEGER DEFAULT 1,\n    -- schema: backfill(age * 2)\n    twice INTEGER")],
        &[sql("ALTER TABLE t ADD COLUMN twice INTEGER"), sql("UPDATE t SET twice = (age * 2)")],
    ),
    case(
        "new column with a backfill, wide",
        Wide,
        Other,
        &[(LAST, "flag INTEGER DEFAULT 1,\n    -- schema: backfill(age * 2)\n    twice INTEGER")],
        &[sql("ALTER TABLE t ADD COLUMN twice INTEGER"), sql("UPDATE t SET twice = (age * 2)")],
    ),
    case(
        "new column with a computed default",
        Standard,
        Other,
        &[(LAST, "flag INTEGER DEFAULT 1,\n    at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP")],
        &[],
    ),
    case(
        "add CHECK, wide",
        Wide,
        Scan,
        &[(LAST, "flag INTEGER DEFAULT 1,\n    CONSTRAINT old CHECK (age < 200)")],
        &[sql("ALTER TABLE t ADD CONSTRAINT old CHECK (age < 200)")],
    ),
    case(
        "add foreign key, three indexes",
        Keyed,
        Other,
        &[("age INTEGER,", "age INTEGER REFERENCES t (id),")],
        &[],
    ),
    case("make STRICT, three indexes", Keyed, Other, &[("name)\n)", "name)\n) STRICT")], &[]),
    case("make STRICT, narrow", Narrow, Other, &[("b TEXT\n)", "b TEXT\n) STRICT")], &[]),
    case(
        "change collation, three indexes",
        Keyed,
        Other,
        &[("email TEXT", "email TEXT COLLATE NOCASE")],
        &[],
    ),
    case(
        "WITHOUT ROWID",
        Narrow,
        Rebuild,
        &[("b TEXT\n)", "b TEXT\n) WITHOUT ROWID")],
        &[Raw::Twelve { columns: "id, a, b", values: "id, a, b" }],
    ),
    case(
        "drop a column and change another's affinity",
        Standard,
        Other,
        &[("    note TEXT,\n", ""), ("score REAL", "score TEXT")],
        &[],
    ),
    case(
        "two indexes",
        Standard,
        Other,
        &[("t (email);", "t (email);\nCREATE INDEX t_age ON t (age);\nCREATE INDEX t_name ON t (name);")],
        &[],
    ),
    case("drop a table", Standard, Other, &[("@t", "")], &[sql("DROP TABLE t")]),
    case(
        "rename a column",
        Standard,
        Catalog,
        &[("    age INTEGER", "    -- schema: renamed_from(age)\n    years INTEGER")],
        &[sql("ALTER TABLE t RENAME COLUMN age TO years")],
    ),
    case(
        "rename a table",
        Standard,
        Catalog,
        &[("CREATE TABLE t (", "-- schema: renamed_from(t)\nCREATE TABLE u ("), ("ON t (", "ON u (")],
        &[sql("ALTER TABLE t RENAME TO u")],
    ),
    case(
        "full-text index",
        Narrow,
        Other,
        &[("\n);\n", "\n);\nCREATE VIRTUAL TABLE f USING fts5(b, content = t, content_rowid = id);\n")],
        &[],
    ),
];
