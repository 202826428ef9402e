//! Mistakes in the statements of a SQL file: each with its line, its column and carets.

/// What is told, the text, and the whole error.
const ROWS: &[(&str, &str, &str)] = &[
    (
        "a syntax error is shown at its token",
        r"-- tasks

CREATE TABEL x (id INTEGER);
",
        r#"error: cannot read `schema.sql`: near "TABEL": syntax error
caused by: schema.sql:3:8
  |
3 | CREATE TABEL x (id INTEGER);
  |        ^^^^^
state: no database was touched"#,
    ),
    (
        "a syntax error is shown at the token that stops the parser, not at the first of its kind",
        r"CREATE TABLE t (
  a INTEGER,
  b TEXT,,
  c TEXT
);",
        r#"error: cannot read `schema.sql`: near ",": syntax error
caused by: schema.sql:3:10
  |
3 |   b TEXT,,
  |          ^
state: no database was touched"#,
    ),
    (
        "a keyword without quotes is no name",
        "CREATE TABLE order (id INTEGER);",
        r#"error: cannot read `schema.sql`: near "order": syntax error
caused by: schema.sql:1:14
  |
1 | CREATE TABLE order (id INTEGER);
  |              ^^^^^
state: no database was touched"#,
    ),
    (
        "a missing semicolon is named at the next statement",
        r"CREATE TABLE a (x)
CREATE TABLE b (y);",
        r#"error: cannot read `schema.sql`: near "CREATE": syntax error
caused by: schema.sql:2:1
  |
2 | CREATE TABLE b (y);
  | ^^^^^^
state: no database was touched
help: end the statement before it with `;`"#,
    ),
    (
        "a trigger without its end is named at the next statement",
        r"CREATE TABLE a (x);
CREATE TRIGGER t AFTER INSERT ON a BEGIN
  DELETE FROM a;
CREATE TABLE b (y);",
        r#"error: cannot read `schema.sql`: near "CREATE": syntax error
caused by: schema.sql:4:1
  |
4 | CREATE TABLE b (y);
  | ^^^^^^
state: no database was touched
help: end the trigger before it with `END;`"#,
    ),
    (
        "an open parenthesis is shown",
        r"CREATE TABLE t (
  a INTEGER CHECK (max(a, 0) > 0
);",
        r"error: cannot read `schema.sql`: `(` without its `)`
caused by: schema.sql:1:16
  |
1 | CREATE TABLE t (
  |                ^
state: no database was touched",
    ),
    (
        "a statement that breaks off is shown at its end",
        "CREATE TABLE t",
        r"error: cannot read `schema.sql`: incomplete input
caused by: schema.sql:1:15
  |
1 | CREATE TABLE t
  |               ^
state: no database was touched",
    ),
    (
        "a string that is not closed is shown at its beginning",
        r"CREATE TABLE t (
  a TEXT DEFAULT 'x
);",
        r"error: cannot read `schema.sql`: `'` without a closing one
caused by: schema.sql:2:18
  |
2 |   a TEXT DEFAULT 'x
  |                  ^
state: no database was touched",
    ),
    (
        "a comment that is not closed would hide the rest",
        r"CREATE TABLE t (a); /* the old ones
CREATE TABLE u (b);",
        r"error: cannot read `schema.sql`: `/*` without a closing `*/`
caused by: schema.sql:1:21
  |
1 | CREATE TABLE t (a); /* the old ones
  |                     ^^
state: no database was touched
help: SQLite would take all that follows for a comment: close it",
    ),
    (
        "a character that SQL does not have",
        r"CREATE TABLE t (a INTEGER \ b);",
        r"error: cannot read `schema.sql`: unexpected character `\\`
caused by: schema.sql:1:27
  |
1 | CREATE TABLE t (a INTEGER \ b);
  |                           ^
state: no database was touched",
    ),
    (
        "carets stand under the token behind tabs and wide characters",
        r"CREATE TABLE t (
	a TEXT DEFAULT '名前',	'名' TEXT NOT NIL
);",
        r#"error: cannot read `schema.sql`: near "NIL": syntax error
caused by: schema.sql:2:36
  |
2 |     a TEXT DEFAULT '名前',    '名' TEXT NOT NIL
  |                                             ^^^
state: no database was touched"#,
    ),
    (
        "a long line is cut around the token",
        "CREATE TABLE t (column_0 INTEGER, column_1 INTEGER, column_2 INTEGER, column_3 INTEGER, column_4 INTEGER, column_5 INTEGER, column_6 INTEGER, column_7 INTEGER, column_8 INTEGER, column_9 INTEGER, column_10 INTEGER, column_11 INTEGER, x TEXT NOT NOLL, column_12 INTEGER, column_13 INTEGER, column_14 INTEGER, column_15 INTEGER, column_16 INTEGER, column_17 INTEGER, column_18 INTEGER, column_19 INTEGER, column_20 INTEGER, column_21 INTEGER, column_22 INTEGER, column_23 INTEGER);",
        r#"error: cannot read `schema.sql`: near "NOLL": syntax error
caused by: schema.sql:1:246
  |
1 | … INTEGER, column_11 INTEGER, x TEXT NOT NOLL, column_12 INTEGER, column_13 INTEGER, column_14 INTEGE…
  |                                          ^^^^
state: no database was touched"#,
    ),
    (
        "rows are no part of a schema",
        r"CREATE TABLE t (a);
INSERT INTO t VALUES (1);",
        r"error: cannot read `schema.sql`: `INSERT` is no CREATE statement
caused by: schema.sql:2:1
  |
2 | INSERT INTO t VALUES (1);
  | ^^^^^^
state: no database was touched
help: rows are no part of a schema: take the statement out (`.schema` prints a database without rows)",
    ),
    (
        "settings are no part of a schema",
        "PRAGMA journal_mode = WAL;",
        r"error: cannot read `schema.sql`: `PRAGMA` is no CREATE statement
caused by: schema.sql:1:1
  |
1 | PRAGMA journal_mode = WAL;
  | ^^^^^^
state: no database was touched
help: settings are no part of a schema: take the statement out",
    ),
    (
        "nothing is dropped by a statement",
        r"DROP TABLE IF EXISTS t;
CREATE TABLE t (a);",
        r"error: cannot read `schema.sql`: `DROP` is no CREATE statement
caused by: schema.sql:1:1
  |
1 | DROP TABLE IF EXISTS t;
  | ^^^^
state: no database was touched
help: leave out what shall be gone; `-- schema: dropped(name)` consents to the loss of a table's rows",
    ),
    (
        "nothing is altered by a statement",
        r"CREATE TABLE t (a);
ALTER TABLE t ADD COLUMN b;",
        r"error: cannot read `schema.sql`: `ALTER` is no CREATE statement
caused by: schema.sql:2:1
  |
2 | ALTER TABLE t ADD COLUMN b;
  | ^^^^^
state: no database was touched
help: write the table as it shall be; `-- schema: renamed_from(old)` at a table or column says what it was",
    ),
    (
        "every statement that is no CREATE is named",
        "BEGIN; CREATE TABLE t (a); ATTACH 'x' AS y; VACUUM; SELECT * FROM t; COMMIT;",
        r"error: cannot read `schema.sql`: 5 mistakes
caused by: schema.sql:1:1: `BEGIN` is no CREATE statement
  |
1 | BEGIN; CREATE TABLE t (a); ATTACH 'x' AS y; VACUUM; SELECT * FROM t; COMMIT;
  | ^^^^^
  = help: take the statement out: a change is made in a transaction of its own
caused by: schema.sql:1:28: `ATTACH` is no CREATE statement
  |
1 | BEGIN; CREATE TABLE t (a); ATTACH 'x' AS y; VACUUM; SELECT * FROM t; COMMIT;
  |                            ^^^^^^
  = help: take the statement out: one database is described at a time
caused by: schema.sql:1:45: `VACUUM` is no CREATE statement
  |
1 | BEGIN; CREATE TABLE t (a); ATTACH 'x' AS y; VACUUM; SELECT * FROM t; COMMIT;
  |                                             ^^^^^^
  = help: take the statement out
caused by: schema.sql:1:53: `SELECT` is no CREATE statement
  |
1 | BEGIN; CREATE TABLE t (a); ATTACH 'x' AS y; VACUUM; SELECT * FROM t; COMMIT;
  |                                                     ^^^^^^
  = help: rows are no part of a schema: take the statement out (`.schema` prints a database without rows)
caused by: schema.sql:1:70: `COMMIT` is no CREATE statement
  |
1 | BEGIN; CREATE TABLE t (a); ATTACH 'x' AS y; VACUUM; SELECT * FROM t; COMMIT;
  |                                                                      ^^^^^^
  = help: take the statement out: a change is made in a transaction of its own
state: no database was touched",
    ),
    (
        "a word that begins no statement",
        "CRAETE TABLE t (a);",
        r#"error: cannot read `schema.sql`: near "CRAETE": syntax error
caused by: schema.sql:1:1
  |
1 | CRAETE TABLE t (a);
  | ^^^^^^
state: no database was touched
help: the file shall hold CREATE statements and comments only"#,
    ),
    (
        "a temporary table is no part of a file",
        "CREATE TEMP TABLE t (a);",
        r"error: cannot read `schema.sql`: a temporary object is no part of a database file
caused by: schema.sql:1:8
  |
1 | CREATE TEMP TABLE t (a);
  |        ^^^^
state: no database was touched
help: take the statement out, or its `TEMP`",
    ),
    (
        "another database is not described",
        r"CREATE TABLE main.t (a);
CREATE INDEX temp.i ON t (a);",
        r"error: cannot read `schema.sql`: `temp` is another database than the one that is described
caused by: schema.sql:2:14
  |
2 | CREATE INDEX temp.i ON t (a);
  |              ^^^^
state: no database was touched
help: take the prefix off; only `main.` may stand before a name",
    ),
    (
        "a table from a query says nothing of its columns",
        r"CREATE TABLE u (a);
CREATE TABLE t AS SELECT * FROM u;",
        r"error: cannot read `schema.sql`: `CREATE TABLE … AS SELECT` does not say what the columns are
caused by: schema.sql:2:16
  |
2 | CREATE TABLE t AS SELECT * FROM u;
  |                ^^
state: no database was touched
help: write the table's columns out",
    ),
    (
        "a second object of a name is refused, IF NOT EXISTS or not",
        r"CREATE TABLE t (a);
CREATE TABLE IF NOT EXISTS T (a, b);",
        r"error: cannot read `schema.sql`: `T` is made a second time
caused by: schema.sql:2:28
  |
2 | CREATE TABLE IF NOT EXISTS T (a, b);
  |                            ^
state: no database was touched
help: take one of the two out; the first is in line 1",
    ),
    (
        "a column twice",
        r"CREATE TABLE t (
  a INTEGER,
  b TEXT,
  A TEXT
);",
        r"error: cannot read `schema.sql`: duplicate column name: A
caused by: schema.sql:4:3
  |
4 |   A TEXT
  |   ^
state: no database was touched",
    ),
    (
        "two primary keys",
        "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, PRIMARY KEY (b));",
        r#"error: cannot read `schema.sql`: table "t" has more than one primary key
caused by: schema.sql:1:48
  |
1 | CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, PRIMARY KEY (b));
  |                                                ^^^^^^^
state: no database was touched"#,
    ),
    (
        "a reserved name",
        r"CREATE TABLE t (a);
CREATE TABLE sqlite_mine (a);",
        r"error: cannot read `schema.sql`: object name reserved for internal use: sqlite_mine
caused by: schema.sql:2:14
  |
2 | CREATE TABLE sqlite_mine (a);
  |              ^^^^^^^^^^^
state: no database was touched",
    ),
    (
        "a table like one of SQLite's, but with other columns",
        "CREATE TABLE sqlite_stat1 (a);",
        r"error: cannot read `schema.sql`: object name reserved for internal use: sqlite_stat1
caused by: schema.sql:1:14
  |
1 | CREATE TABLE sqlite_stat1 (a);
  |              ^^^^^^^^^^^^
state: no database was touched",
    ),
    (
        "a check of a column that is not there",
        r"CREATE TABLE t (
  a INTEGER,
  CHECK (a > nope)
);",
        r"error: cannot read `schema.sql`: no such column: nope
caused by: schema.sql:3:14
  |
3 |   CHECK (a > nope)
  |              ^^^^
state: no database was touched",
    ),
    (
        "a function that nobody registered",
        "CREATE TABLE t (a TEXT CHECK (shout(a) <> 'X'));",
        r"error: cannot read `schema.sql`: no such function: shout
caused by: schema.sql:1:31
  |
1 | CREATE TABLE t (a TEXT CHECK (shout(a) <> 'X'));
  |                               ^^^^^
state: no database was touched
help: register it on every connection with `Migrator::connection(|conn| …)`",
    ),
    (
        "a collation that nobody registered",
        r"CREATE TABLE t (a TEXT);
CREATE INDEX i ON t (a COLLATE backwards);",
        r"error: cannot read `schema.sql`: no such collation sequence: backwards
caused by: schema.sql:2:32
  |
2 | CREATE INDEX i ON t (a COLLATE backwards);
  |                                ^^^^^^^^^
state: no database was touched
help: register it on every connection with `Migrator::connection(|conn| …)`",
    ),
    (
        "a module that nobody registered",
        "CREATE VIRTUAL TABLE t USING nope(a);",
        r"error: cannot read `schema.sql`: no such module: nope
caused by: schema.sql:1:30
  |
1 | CREATE VIRTUAL TABLE t USING nope(a);
  |                              ^^^^
state: no database was touched
help: register it on every connection with `Migrator::connection(|conn| …)`",
    ),
    (
        "a foreign key of a column that is not there",
        "CREATE TABLE t (a, FOREIGN KEY (nope) REFERENCES t (a));",
        r#"error: cannot read `schema.sql`: unknown column "nope" in foreign key definition
caused by: schema.sql:1:33
  |
1 | CREATE TABLE t (a, FOREIGN KEY (nope) REFERENCES t (a));
  |                                 ^^^^
state: no database was touched"#,
    ),
    (
        "AUTOINCREMENT on another type",
        "CREATE TABLE t (id INT PRIMARY KEY AUTOINCREMENT);",
        r"error: cannot read `schema.sql`: AUTOINCREMENT is only allowed on an INTEGER PRIMARY KEY
caused by: schema.sql:1:36
  |
1 | CREATE TABLE t (id INT PRIMARY KEY AUTOINCREMENT);
  |                                    ^^^^^^^^^^^^^
state: no database was touched",
    ),
    (
        "a type that a STRICT table does not have",
        "CREATE TABLE t (id INTEGER, at DATETIME) STRICT;",
        r#"error: cannot read `schema.sql`: unknown datatype for t.at: "DATETIME"
caused by: schema.sql:1:32
  |
1 | CREATE TABLE t (id INTEGER, at DATETIME) STRICT;
  |                                ^^^^^^^^
state: no database was touched"#,
    ),
    (
        "a default that is not constant",
        "CREATE TABLE t (a, b DEFAULT (a + 1));",
        r"error: cannot read `schema.sql`: default value of column [b] is not constant
caused by: schema.sql:1:20
  |
1 | CREATE TABLE t (a, b DEFAULT (a + 1));
  |                    ^
state: no database was touched",
    ),
    (
        "an index of a table that is not there",
        r"CREATE TABLE t (a);
CREATE INDEX i ON nope (a);",
        r"error: cannot read `schema.sql`: no such table: main.nope
caused by: schema.sql:2:19
  |
2 | CREATE INDEX i ON nope (a);
  |                   ^^^^
state: no database was touched",
    ),
    (
        "an index of a column that is not there",
        r"CREATE TABLE t (a);
CREATE UNIQUE INDEX i ON t (a, nope);",
        r"error: cannot read `schema.sql`: no such column: nope
caused by: schema.sql:2:32
  |
2 | CREATE UNIQUE INDEX i ON t (a, nope);
  |                                ^^^^
state: no database was touched",
    ),
    (
        "a trigger of a table that is not there",
        "CREATE TRIGGER g AFTER INSERT ON nope BEGIN SELECT 1; END;",
        r"error: cannot read `schema.sql`: no such table: main.nope
caused by: schema.sql:1:34
  |
1 | CREATE TRIGGER g AFTER INSERT ON nope BEGIN SELECT 1; END;
  |                                  ^^^^
state: no database was touched",
    ),
    (
        "what only suffers from another mistake is not named",
        r"CREATE TABEL t (a);
CREATE INDEX i ON t (a);
CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END;",
        r#"error: cannot read `schema.sql`: near "TABEL": syntax error
caused by: schema.sql:1:8
  |
1 | CREATE TABEL t (a);
  |        ^^^^^
state: no database was touched"#,
    ),
    (
        "a foreign key to a table that is not there",
        r"CREATE TABLE t (
  a INTEGER,
  b INTEGER REFERENCES nope (id)
);",
        r"error: cannot read `schema.sql`: `t`(b) refers to table `nope`, which is not there
caused by: schema.sql:3:24
  |
3 |   b INTEGER REFERENCES nope (id)
  |                        ^^^^
state: no database was touched
help: write the table that it refers to, with those columns as a key; if it is another model's, say `-- schema: external` before its CREATE TABLE",
    ),
    (
        "a foreign key to a column that is no key",
        r"CREATE TABLE p (id INTEGER PRIMARY KEY, a);
CREATE TABLE t (b, c, FOREIGN KEY (b) REFERENCES p (id), FOREIGN KEY (c) REFERENCES p (a));",
        r"error: cannot read `schema.sql`: `t`(c) refers to `p`(a), which is no unique key
caused by: schema.sql:2:85
  |
2 | CREATE TABLE t (b, c, FOREIGN KEY (b) REFERENCES p (id), FOREIGN KEY (c) REFERENCES p (a));
  |                                                                                     ^
state: no database was touched
help: write the table that it refers to, with those columns as a key; if it is another model's, say `-- schema: external` before its CREATE TABLE",
    ),
    (
        "a foreign key of as many columns as the key has not",
        r"CREATE TABLE p (a, b, PRIMARY KEY (a, b));
CREATE TABLE t (c REFERENCES p);",
        r"error: cannot read `schema.sql`: `t`(c) refers to the primary key of `p`, which has 2 columns
caused by: schema.sql:2:30
  |
2 | CREATE TABLE t (c REFERENCES p);
  |                              ^
state: no database was touched
help: write the table that it refers to, with those columns as a key; if it is another model's, say `-- schema: external` before its CREATE TABLE",
    ),
    (
        "a view of a table that is not there, and what reads it",
        r"CREATE VIEW w AS SELECT * FROM v;
CREATE VIEW v AS
  SELECT a.x FROM nope AS a;",
        r"error: cannot read `schema.sql`: no such table: main.nope
caused by: schema.sql:3:19
  |
3 |   SELECT a.x FROM nope AS a;
  |                   ^^^^
state: no database was touched",
    ),
    (
        "a view of a column that is not there",
        r"CREATE TABLE t (a, b);
CREATE VIEW v AS SELECT t.a, t.nope FROM t;",
        r"error: cannot read `schema.sql`: no such column: t.nope
caused by: schema.sql:2:32
  |
2 | CREATE VIEW v AS SELECT t.a, t.nope FROM t;
  |                                ^^^^
state: no database was touched",
    ),
    (
        "a view with fewer names than columns",
        r"CREATE TABLE t (a, b);
CREATE VIEW v (x) AS SELECT a, b FROM t;",
        r"error: cannot read `schema.sql`: expected 1 columns for 'v' but got 2
caused by: schema.sql:2:13
  |
2 | CREATE VIEW v (x) AS SELECT a, b FROM t;
  |             ^
state: no database was touched",
    ),
    (
        "a trigger that writes to a table that is not there",
        r"CREATE TABLE t (a);
CREATE TRIGGER g AFTER INSERT ON t BEGIN
  INSERT INTO log VALUES (NEW.a);
END;",
        r"error: cannot read `schema.sql`: no such table: main.log
caused by: schema.sql:3:15
  |
3 |   INSERT INTO log VALUES (NEW.a);
  |               ^^^
state: no database was touched",
    ),
    (
        "a trigger that reads a column that is not there",
        r"CREATE TABLE t (a);
CREATE TRIGGER g AFTER UPDATE OF a ON t WHEN NEW.b > 0 BEGIN
  SELECT 1;
END;",
        r"error: cannot read `schema.sql`: no such column: NEW.b
caused by: schema.sql:2:50
  |
2 | CREATE TRIGGER g AFTER UPDATE OF a ON t WHEN NEW.b > 0 BEGIN
  |                                                  ^
state: no database was touched",
    ),
    (
        "a trigger of a column that is not there",
        r"CREATE TABLE t (a);
CREATE TRIGGER g AFTER UPDATE OF b ON t BEGIN
  SELECT 1;
END;",
        r"error: cannot read `schema.sql`: UPDATE OF names no column of `t`: b
caused by: schema.sql:2:34
  |
2 | CREATE TRIGGER g AFTER UPDATE OF b ON t BEGIN
  |                                  ^
state: no database was touched",
    ),
    (
        "a table that a virtual table makes otherwise",
        r"CREATE VIRTUAL TABLE d USING fts5(a);
CREATE TABLE d_data (mine);",
        r"error: cannot read `schema.sql`: a virtual table makes `d_data` for itself, of the columns id, block
caused by: schema.sql:2:14
  |
2 | CREATE TABLE d_data (mine);
  |              ^^^^^^
state: no database was touched
help: take the statement out, or give it another name",
    ),
    (
        "a table that would count as a virtual table's",
        r"CREATE VIRTUAL TABLE d USING fts5(a, content='');
CREATE TABLE d_content (mine);",
        r"error: cannot read `schema.sql`: `d_content` would be a part of a virtual table, which makes its parts itself
caused by: schema.sql:2:14
  |
2 | CREATE TABLE d_content (mine);
  |              ^^^^^^^^^
state: no database was touched
help: give it, or its table, another name, or take it out",
    ),
    (
        "mistakes are told all at once, in their order",
        r"PRAGMA x;
CREATE TABLE t (a, a); -- schema: renamd_from(u)
CREATE TABEL u (b);",
        r#"error: cannot read `schema.sql`: 4 mistakes
caused by: schema.sql:1:1: `PRAGMA` is no CREATE statement
  |
1 | PRAGMA x;
  | ^^^^^^
  = help: settings are no part of a schema: take the statement out
caused by: schema.sql:2:20: duplicate column name: a
  |
2 | CREATE TABLE t (a, a); -- schema: renamd_from(u)
  |                    ^
caused by: schema.sql:2:35: unknown directive `renamd_from`
  |
2 | CREATE TABLE t (a, a); -- schema: renamd_from(u)
  |                                   ^^^^^^^^^^^
  = help: did you mean `renamed_from`?
caused by: schema.sql:3:8: near "TABEL": syntax error
  |
3 | CREATE TABEL u (b);
  |        ^^^^^
state: no database was touched"#,
    ),
    (
        "more than ten mistakes are counted",
        r"INSERT INTO t VALUES (0);
INSERT INTO t VALUES (1);
INSERT INTO t VALUES (2);
INSERT INTO t VALUES (3);
INSERT INTO t VALUES (4);
INSERT INTO t VALUES (5);
INSERT INTO t VALUES (6);
INSERT INTO t VALUES (7);
INSERT INTO t VALUES (8);
INSERT INTO t VALUES (9);
INSERT INTO t VALUES (10);
INSERT INTO t VALUES (11);
INSERT INTO t VALUES (12);",
        r"error: cannot read `schema.sql`: 13 mistakes
caused by: schema.sql:1:1: `INSERT` is no CREATE statement
  |
1 | INSERT INTO t VALUES (0);
  | ^^^^^^
  = help: rows are no part of a schema: take the statement out (`.schema` prints a database without rows)
caused by: schema.sql:2:1: `INSERT` is no CREATE statement
  |
2 | INSERT INTO t VALUES (1);
  | ^^^^^^
  = help: rows are no part of a schema: take the statement out (`.schema` prints a database without rows)
caused by: schema.sql:3:1: `INSERT` is no CREATE statement
  |
3 | INSERT INTO t VALUES (2);
  | ^^^^^^
  = help: rows are no part of a schema: take the statement out (`.schema` prints a database without rows)
caused by: schema.sql:4:1: `INSERT` is no CREATE statement
  |
4 | INSERT INTO t VALUES (3);
  | ^^^^^^
  = help: rows are no part of a schema: take the statement out (`.schema` prints a database without rows)
caused by: schema.sql:5:1: `INSERT` is no CREATE statement
  |
5 | INSERT INTO t VALUES (4);
  | ^^^^^^
  = help: rows are no part of a schema: take the statement out (`.schema` prints a database without rows)
caused by: schema.sql:6:1: `INSERT` is no CREATE statement
  |
6 | INSERT INTO t VALUES (5);
  | ^^^^^^
  = help: rows are no part of a schema: take the statement out (`.schema` prints a database without rows)
caused by: schema.sql:7:1: `INSERT` is no CREATE statement
  |
7 | INSERT INTO t VALUES (6);
  | ^^^^^^
  = help: rows are no part of a schema: take the statement out (`.schema` prints a database without rows)
caused by: schema.sql:8:1: `INSERT` is no CREATE statement
  |
8 | INSERT INTO t VALUES (7);
  | ^^^^^^
  = help: rows are no part of a schema: take the statement out (`.schema` prints a database without rows)
caused by: schema.sql:9:1: `INSERT` is no CREATE statement
  |
9 | INSERT INTO t VALUES (8);
  | ^^^^^^
  = help: rows are no part of a schema: take the statement out (`.schema` prints a database without rows)
caused by: schema.sql:10:1: `INSERT` is no CREATE statement
   |
10 | INSERT INTO t VALUES (9);
   | ^^^^^^
  = help: rows are no part of a schema: take the statement out (`.schema` prints a database without rows)
caused by: 3 more, which are not shown
state: no database was touched",
    ),
];

#[test]
fn every_mistake_of_a_statement_is_shown_where_it_stands() {
    super::refused(ROWS);
}
