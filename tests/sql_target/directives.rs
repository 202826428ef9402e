//! Mistakes in the directives of a SQL file, which stand in its comments.

/// What is told, the text, and the whole error.
const ROWS: &[(&str, &str, &str)] = &[
    (
        "a misspelt directive",
        r"CREATE TABLE t (
  a TEXT -- schema: renamed_form(b)
);",
        r"error: cannot read `schema.sql`: unknown directive `renamed_form`
caused by: schema.sql:2:21
  |
2 |   a TEXT -- schema: renamed_form(b)
  |                     ^^^^^^^^^^^^
state: no database was touched
help: did you mean `renamed_from`?",
    ),
    (
        "an unknown directive",
        r"-- schema: prefix(x)
CREATE TABLE t (a);",
        r"error: cannot read `schema.sql`: unknown directive `prefix`
caused by: schema.sql:1:12
  |
1 | -- schema: prefix(x)
  |            ^^^^^^
state: no database was touched
help: the directives are `renamed_from`, `backfill`, `convert`, `dropped`, `allow`, `exact_order`, `external`, `version`",
    ),
    (
        "words behind a directive",
        r"-- schema: external because it is another's
CREATE TABLE t (a);",
        r"error: cannot read `schema.sql`: `'` without a closing one
caused by: schema.sql:1:42
  |
1 | -- schema: external because it is another's
  |                                          ^
state: no database was touched",
    ),
    (
        "a type needs no directive",
        r"CREATE TABLE t (
  a TEXT -- schema: exact_type
);",
        r"error: cannot read `schema.sql`: unknown directive `exact_type`
caused by: schema.sql:2:21
  |
2 |   a TEXT -- schema: exact_type
  |                     ^^^^^^^^^^
state: no database was touched
help: take it out: in SQL the spelling of a type counts always",
    ),
    (
        "a directive without its argument",
        r"CREATE TABLE t (
  a TEXT, -- schema: renamed_from
  b TEXT -- schema: backfill()
);",
        r"error: cannot read `schema.sql`: 2 mistakes
caused by: schema.sql:2:22: `renamed_from` without its argument
  |
2 |   a TEXT, -- schema: renamed_from
  |                      ^^^^^^^^^^^^
  = help: write `renamed_from(old)`
caused by: schema.sql:3:21: `backfill` with nothing in its parentheses
  |
3 |   b TEXT -- schema: backfill()
  |                     ^^^^^^^^
  = help: write `backfill(0)`, or another expression that fills existing rows
state: no database was touched",
    ),
    (
        "an argument too many",
        r"-- schema: external(yes)
CREATE TABLE t (a);",
        r"error: cannot read `schema.sql`: `external` takes no argument
caused by: schema.sql:1:12
  |
1 | -- schema: external(yes)
  |            ^^^^^^^^
state: no database was touched",
    ),
    (
        "an argument that is not closed",
        r"CREATE TABLE t (
  a TEXT, -- schema: backfill(max(1, 2)
  b TEXT
);",
        r"error: cannot read `schema.sql`: `(` without its `)` in the same comment
caused by: schema.sql:2:30
  |
2 |   a TEXT, -- schema: backfill(max(1, 2)
  |                              ^
state: no database was touched",
    ),
    (
        "a string in an argument that is not closed",
        r"CREATE TABLE t (
  a TEXT -- schema: backfill('x)
);",
        r"error: cannot read `schema.sql`: `'` without a closing one
caused by: schema.sql:2:30
  |
2 |   a TEXT -- schema: backfill('x)
  |                              ^
state: no database was touched",
    ),
    (
        "no directive at all",
        r"-- schema:
CREATE TABLE t (a);",
        r"error: cannot read `schema.sql`: a comment `schema:` without a directive
caused by: schema.sql:1:1
  |
1 | -- schema:
  | ^^^^^^^^^^
state: no database was touched
help: the directives are `renamed_from`, `backfill`, `convert`, `dropped`, `allow`, `exact_order`, `external`, `version`",
    ),
    (
        "no name",
        r"CREATE TABLE t (
  a TEXT, -- schema: renamed_from(1)
  b TEXT -- schema: renamed_from(x y)
);",
        r"error: cannot read `schema.sql`: 2 mistakes
caused by: schema.sql:2:35: expected a name
  |
2 |   a TEXT, -- schema: renamed_from(1)
  |                                   ^
  = help: write names with commas between them; a name of several words goes in double quotes
caused by: schema.sql:3:34: expected a name
  |
3 |   b TEXT -- schema: renamed_from(x y)
  |                                  ^^^
  = help: write names with commas between them; a name of several words goes in double quotes
state: no database was touched",
    ),
    (
        "a name with a dot where the place says whose it is",
        r"CREATE TABLE t (
  a TEXT -- schema: renamed_from(t.b)
  -- schema: dropped(t.c)
);",
        r"error: cannot read `schema.sql`: 2 mistakes
caused by: schema.sql:2:34: a name with a dot where a name stands alone
  |
2 |   a TEXT -- schema: renamed_from(t.b)
  |                                  ^^^
  = help: write the name alone: the directive stands where it belongs to
caused by: schema.sql:3:22: a name with a dot where a name stands alone
  |
3 |   -- schema: dropped(t.c)
  |                      ^^^
  = help: write the name alone: the directive stands where it belongs to
state: no database was touched",
    ),
    (
        "a version that is no number",
        r"-- schema: version(1.x)
-- schema: version(1..2)
",
        r"error: cannot read `schema.sql`: 2 mistakes
caused by: schema.sql:1:20: a number runs into a name
  |
1 | -- schema: version(1.x)
  |                    ^
caused by: schema.sql:2:20: `1..2` is no version
  |
2 | -- schema: version(1..2)
  |                    ^^^^
  = help: write numbers with dots: `version(1.2.0)`
state: no database was touched",
    ),
    (
        "two versions",
        r"-- schema: version(1.0)
-- schema: version(1.0), version(2.0)
",
        r"error: cannot read `schema.sql`: a second `version` for the model, which says something else
caused by: schema.sql:2:26
  |
2 | -- schema: version(1.0), version(2.0)
  |                          ^^^^^^^
state: no database was touched
help: take one of the two out",
    ),
    (
        "an expression that breaks off",
        r"CREATE TABLE t (
  a TEXT, -- schema: backfill(1 +)
  b TEXT -- schema: convert(a b c)
);",
        r#"error: cannot read `schema.sql`: 2 mistakes
caused by: schema.sql:2:33: `+` without an operand behind it
  |
2 |   a TEXT, -- schema: backfill(1 +)
  |                                 ^
caused by: schema.sql:3:31: near "b": syntax error
  |
3 |   b TEXT -- schema: convert(a b c)
  |                               ^
state: no database was touched"#,
    ),
    (
        "a directive of tables inside of a table",
        r"CREATE TABLE t (
  a TEXT -- schema: external
);",
        r"error: cannot read `schema.sql`: `external` belongs to a table, not to a column
caused by: schema.sql:2:21
  |
2 |   a TEXT -- schema: external
  |                     ^^^^^^^^
state: no database was touched
help: put it on a line of its own before the CREATE TABLE",
    ),
    (
        "a directive of columns before a table",
        r"-- schema: backfill(1)
CREATE TABLE t (a);",
        r"error: cannot read `schema.sql`: `backfill` belongs to a column, and stands at none
caused by: schema.sql:1:12
  |
1 | -- schema: backfill(1)
  |            ^^^^^^^^
state: no database was touched
help: put it behind a column's definition in the same line, or on a line of its own before the column",
    ),
    (
        "a version inside of a table",
        r"CREATE TABLE t (
  a TEXT -- schema: version(1)
);",
        r"error: cannot read `schema.sql`: `version` belongs to the model, not to a table
caused by: schema.sql:2:21
  |
2 |   a TEXT -- schema: version(1)
  |                     ^^^^^^^
state: no database was touched
help: put it outside of the table's parentheses",
    ),
    (
        "before an index stands no table",
        r"CREATE TABLE t (a);
-- schema: renamed_from(u)
CREATE INDEX i ON t (a);",
        r"error: cannot read `schema.sql`: `renamed_from` belongs to no table: the statement that follows makes no table
caused by: schema.sql:2:12
  |
2 | -- schema: renamed_from(u)
  |            ^^^^^^^^^^^^
state: no database was touched
help: put it on a line of its own before a CREATE TABLE",
    ),
    (
        "behind the last statement stands no table",
        r"CREATE TABLE t (a);
-- schema: exact_order
",
        r"error: cannot read `schema.sql`: `exact_order` belongs to no table: no statement follows
caused by: schema.sql:2:12
  |
2 | -- schema: exact_order
  |            ^^^^^^^^^^^
state: no database was touched
help: put it on a line of its own before a CREATE TABLE",
    ),
    (
        "in the line of another statement a directive could mean either",
        r"CREATE TABLE t (a); -- schema: renamed_from(old)
CREATE TABLE u (a);",
        r"error: cannot read `schema.sql`: `renamed_from` belongs to no table: another statement ends in the same line
caused by: schema.sql:1:32
  |
1 | CREATE TABLE t (a); -- schema: renamed_from(old)
  |                                ^^^^^^^^^^^^
state: no database was touched
help: put it on a line of its own before a CREATE TABLE",
    ),
    (
        "behind the parenthesis a directive could mean the table or the column",
        r"CREATE TABLE t ( -- schema: renamed_from(old)
  a TEXT
);",
        r"error: cannot read `schema.sql`: `renamed_from` belongs to no column: it stands neither behind a column nor on a line of its own before one
caused by: schema.sql:1:29
  |
1 | CREATE TABLE t ( -- schema: renamed_from(old)
  |                             ^^^^^^^^^^^^
state: no database was touched
help: put it behind a column's definition in the same line, or on a line of its own before the column",
    ),
    (
        "between two columns of one line a directive could mean either",
        "CREATE TABLE t (a TEXT, /* schema: renamed_from(x) */ b TEXT);",
        r"error: cannot read `schema.sql`: `renamed_from` belongs to no column: it stands between two parts of the table in one line
caused by: schema.sql:1:36
  |
1 | CREATE TABLE t (a TEXT, /* schema: renamed_from(x) */ b TEXT);
  |                                    ^^^^^^^^^^^^
state: no database was touched
help: put it behind a column's definition in the same line, or on a line of its own before the column",
    ),
    (
        "behind a constraint stands no column",
        r"CREATE TABLE t (
  a TEXT,
  UNIQUE (a) -- schema: renamed_from(x)
);",
        r"error: cannot read `schema.sql`: `renamed_from` belongs to no column: it stands behind a constraint of the table
caused by: schema.sql:3:25
  |
3 |   UNIQUE (a) -- schema: renamed_from(x)
  |                         ^^^^^^^^^^^^
state: no database was touched
help: put it behind a column's definition in the same line, or on a line of its own before the column",
    ),
    (
        "before a constraint stands no column",
        r"CREATE TABLE t (
  a TEXT,
  -- schema: renamed_from(x)
  UNIQUE (a)
);",
        r"error: cannot read `schema.sql`: `renamed_from` belongs to no column: what follows in the table is no column
caused by: schema.sql:3:14
  |
3 |   -- schema: renamed_from(x)
  |              ^^^^^^^^^^^^
state: no database was touched
help: put it behind a column's definition in the same line, or on a line of its own before the column",
    ),
    (
        "at the end of a table stands no column",
        r"CREATE TABLE t (
  a TEXT
  -- schema: renamed_from(x)
);",
        r"error: cannot read `schema.sql`: `renamed_from` belongs to no column: no column follows in the table
caused by: schema.sql:3:14
  |
3 |   -- schema: renamed_from(x)
  |              ^^^^^^^^^^^^
state: no database was touched
help: put it behind a column's definition in the same line, or on a line of its own before the column",
    ),
    (
        "a column that is renamed twice over",
        r"CREATE TABLE t (
  a TEXT, -- schema: renamed_from(x) renamed_from(y)
  b TEXT -- schema: backfill(1) backfill(2)
);",
        r"error: cannot read `schema.sql`: 2 mistakes
caused by: schema.sql:2:38: a second `renamed_from` for column `t`.`a`, which says something else
  |
2 |   a TEXT, -- schema: renamed_from(x) renamed_from(y)
  |                                      ^^^^^^^^^^^^
  = help: take one of the two out
caused by: schema.sql:3:33: a second `backfill` for column `t`.`b`, which says something else
  |
3 |   b TEXT -- schema: backfill(1) backfill(2)
  |                                 ^^^^^^^^
  = help: take one of the two out
state: no database was touched",
    ),
    (
        "a column that is renamed from one that is still there",
        r"CREATE TABLE t (
  a TEXT, -- schema: renamed_from(b)
  b TEXT
);",
        r"error: cannot read `schema.sql`: `b` is still a column of `t`
caused by: schema.sql:2:35
  |
2 |   a TEXT, -- schema: renamed_from(b)
  |                                   ^
state: no database was touched
help: take `renamed_from` out, or the column of that name",
    ),
    (
        "a column that is renamed from itself",
        r"CREATE TABLE t (
  a TEXT -- schema: renamed_from(A)
);",
        r"error: cannot read `schema.sql`: `A` is the present name
caused by: schema.sql:2:34
  |
2 |   a TEXT -- schema: renamed_from(A)
  |                                  ^
state: no database was touched
help: take it out: another spelling in capitals and small letters needs no `renamed_from`",
    ),
    (
        "two columns that were the same one",
        r"CREATE TABLE t (
  a TEXT, -- schema: renamed_from(x)
  b TEXT -- schema: renamed_from(X)
);",
        r"error: cannot read `schema.sql`: `X` is said twice to be the earlier name
caused by: schema.sql:3:34
  |
3 |   b TEXT -- schema: renamed_from(X)
  |                                  ^
state: no database was touched
help: only one can have had it: take the other out",
    ),
    (
        "two columns that change names",
        r"CREATE TABLE t (
  a TEXT, -- schema: renamed_from(b)
  b TEXT -- schema: renamed_from(a)
);",
        r"error: cannot read `schema.sql`: 2 mistakes
caused by: schema.sql:2:35: `a` and `b` cannot have changed names with each other at once
  |
2 |   a TEXT, -- schema: renamed_from(b)
  |                                   ^
  = help: rename one of them by a third name first, and apply that
caused by: schema.sql:3:34: `b` and `a` cannot have changed names with each other at once
  |
3 |   b TEXT -- schema: renamed_from(a)
  |                                  ^
  = help: rename one of them by a third name first, and apply that
state: no database was touched",
    ),
    (
        "a column that is renamed and dropped",
        r"CREATE TABLE t (
  a TEXT -- schema: renamed_from(x)
  -- schema: dropped(x)
);",
        r"error: cannot read `schema.sql`: `x` is renamed and dropped
caused by: schema.sql:2:34
  |
2 |   a TEXT -- schema: renamed_from(x)
  |                                  ^
state: no database was touched
help: take one of the two directives out",
    ),
    (
        "a table that is renamed from one that is still there",
        r"-- schema: renamed_from(u)
CREATE TABLE t (a);
CREATE VIEW u AS SELECT 1;",
        r"error: cannot read `schema.sql`: `u` is still in the file
caused by: schema.sql:1:25
  |
1 | -- schema: renamed_from(u)
  |                         ^
state: no database was touched
help: take `renamed_from` out, or the statement that makes what has that name",
    ),
    (
        "a table that is renamed from itself",
        r"-- schema: renamed_from(T)
CREATE TABLE t (a);",
        r"error: cannot read `schema.sql`: `T` is the present name
caused by: schema.sql:1:25
  |
1 | -- schema: renamed_from(T)
  |                         ^
state: no database was touched
help: take it out: another spelling in capitals and small letters needs no `renamed_from`",
    ),
    (
        "two tables that were the same one",
        r"-- schema: renamed_from(x)
CREATE TABLE t (a);
-- schema: renamed_from(x)
CREATE TABLE u (a);",
        r"error: cannot read `schema.sql`: `x` is said twice to be the earlier name
caused by: schema.sql:3:25
  |
3 | -- schema: renamed_from(x)
  |                         ^
state: no database was touched
help: only one can have had it: take the other out",
    ),
    (
        "a table that is renamed and dropped",
        r"-- schema: renamed_from(x)
CREATE TABLE t (a);
-- schema: dropped(x)
",
        r"error: cannot read `schema.sql`: `x` is renamed and dropped
caused by: schema.sql:1:25
  |
1 | -- schema: renamed_from(x)
  |                         ^
state: no database was touched
help: take one of the two directives out",
    ),
    (
        "a dropped column that is still there",
        r"CREATE TABLE t (
  a TEXT,
  -- schema: dropped(b, A)
  c TEXT
);
-- schema: dropped(t.c)",
        r"error: cannot read `schema.sql`: 2 mistakes
caused by: schema.sql:3:25: `A` is still a column of `t`
  |
3 |   -- schema: dropped(b, A)
  |                         ^
  = help: take the column out, or `dropped`
caused by: schema.sql:6:20: `c` is still a column of `t`
  |
6 | -- schema: dropped(t.c)
  |                    ^^^
  = help: take the column out, or `dropped`
state: no database was touched",
    ),
    (
        "a dropped table that is still there",
        r"CREATE TABLE t (a);
-- schema: dropped(x, t)
",
        r"error: cannot read `schema.sql`: `t` is still in the file
caused by: schema.sql:2:23
  |
2 | -- schema: dropped(x, t)
  |                       ^
state: no database was touched
help: take its CREATE statement out, or `dropped`",
    ),
    (
        "a dropped column of a table that is not there",
        r"CREATE TABLE tasks (a);
-- schema: dropped(task.x, nope.y)
",
        r"error: cannot read `schema.sql`: 2 mistakes
caused by: schema.sql:2:20: the file has no table `task`
  |
2 | -- schema: dropped(task.x, nope.y)
  |                    ^^^^^^
  = help: did you mean `tasks`?
caused by: schema.sql:2:28: the file has no table `nope`
  |
2 | -- schema: dropped(task.x, nope.y)
  |                            ^^^^^^
  = help: name a column by the present name of its table; a whole table without a dot
state: no database was touched",
    ),
    (
        "another model's table has no other directives",
        r"-- schema: external
CREATE TABLE t (
  a TEXT -- schema: renamed_from(b)
);",
        r"error: cannot read `schema.sql`: `t` is another model's, and has directives beside `external`
caused by: schema.sql:2:14
  |
2 | CREATE TABLE t (
  |              ^
state: no database was touched
help: take those out: the other model has them",
    ),
    (
        "a generated column is not filled",
        r"CREATE TABLE t (a, b AS (a + 1)); -- no
CREATE TABLE u (
  a,
  b AS (a + 1) -- schema: backfill(1)
);",
        r"error: cannot read `schema.sql`: `backfill` fills no generated column
caused by: schema.sql:4:27
  |
4 |   b AS (a + 1) -- schema: backfill(1)
  |                           ^^^^^^^^
state: no database was touched
help: take it out: SQLite computes the values of a generated column",
    ),
    (
        "SQLite's own tables have no directives",
        r"-- schema: external
CREATE TABLE sqlite_sequence(name,seq);",
        r"error: cannot read `schema.sql`: `external` stands at a table that SQLite makes by itself
caused by: schema.sql:1:12
  |
1 | -- schema: external
  |            ^^^^^^^^
state: no database was touched
help: take it out: the table is none of the model's",
    ),
];

#[test]
fn every_mistake_of_a_directive_is_shown_where_it_stands() {
    super::refused(ROWS);
}
