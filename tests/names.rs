//! Names and texts that are hard to quote, hard to read, or that SQLite itself rewrites.

use schema_runtime::{HazardCode, Migrator, Outcome};

use crate::support::case::{Act::*, Case, Expect, check_rows, run};
use crate::support::model::model;

#[test]
fn hard_names_live_through_every_kind_of_step() {
    run(&[
        Case {
            name: "quotes, brackets, backticks and line ends in names survive a rebuild",
            before: &[
                Model(
                    "CREATE TABLE \"we \"\"ird\" (\"a \"\"b\" INTEGER PRIMARY KEY, [c d] TEXT, `e``f` TEXT, \"g\nh\" TEXT, \"i;--j\" TEXT);
                     CREATE INDEX \"in \"\"dex\" ON \"we \"\"ird\" (`e``f` DESC)",
                ),
                Sql("INSERT INTO \"we \"\"ird\" VALUES (1, 'c', 'e', 'g', 'i')"),
            ],
            after: "CREATE TABLE \"we \"\"ird\" (\"a \"\"b\" INTEGER PRIMARY KEY, [c d] TEXT UNIQUE, `e``f` TEXT, \"g\nh\" TEXT, \"i;--j\" TEXT, \"k'l\" TEXT NOT NULL DEFAULT 'it''s');
                CREATE INDEX \"in \"\"dex\" ON \"we \"\"ird\" (`e``f` DESC)",
            expect: Expect::Plan(
                "1. rebuild table we \"ird: add column we \"ird.k'l; add UNIQUE (\"c d\") to we \"ird (rebuild)",
                &[HazardCode::Tightened, HazardCode::Rewrite],
            ),
            rows: &[("SELECT * FROM \"we \"\"ird\"", "1|'c'|'e'|'g'|'i'|'it's'")],
            ..Case::DEFAULT
        },
        Case {
            name: "keywords are names like any other",
            before: &[
                Model("CREATE TABLE \"table\" (\"select\" INTEGER PRIMARY KEY, \"from\" TEXT, \"index\" TEXT, \"group\" TEXT)"),
                Sql("INSERT INTO \"table\" VALUES (1, 'f', 'i', 'g')"),
            ],
            after: "--: renamed_from order table
--: renamed_from order.where from
CREATE TABLE \"order\" (\"select\" INTEGER PRIMARY KEY, \"where\" TEXT NOT NULL, \"index\" TEXT UNIQUE, \"group\" TEXT, \"unique\" TEXT CHECK (\"unique\" <> ''));
                CREATE INDEX \"values\" ON \"order\" (\"group\")",
            expect: Expect::Plan(
                "1. rename table table to order (catalog)\n2. rename column order.from to where (catalog)\n\
                 3. rebuild table order: alter nullability of order.where: NULL -> NOT NULL; add column order.unique; \
                 add UNIQUE (\"index\") to order; add CHECK (\"unique\" <> '') to order (rebuild)\n\
                 4. create index values on order (scan)",
                &[
                    HazardCode::Rename,
                    HazardCode::Rename,
                    HazardCode::Tightened,
                    HazardCode::Tightened,
                    HazardCode::Tightened,
                    HazardCode::Rewrite,
                    HazardCode::BuildIndex,
                ],
            ),
            rows: &[("SELECT * FROM \"order\"", "1|'f'|'i'|'g'|NULL")],
            ..Case::DEFAULT
        },
        Case {
            name: "emoji and letters of other scripts are names, and case is folded for ASCII alone",
            before: &[
                Model("CREATE TABLE \"\u{1F600}\" (\"Ä\" INTEGER PRIMARY KEY, \"ä\" TEXT, \"名前\" TEXT)"),
                Sql("INSERT INTO \"\u{1F600}\" VALUES (1, 'a', 'n')"),
            ],
            after: "CREATE TABLE \"\u{1F600}\" (\"Ä\" INTEGER PRIMARY KEY, \"ä\" TEXT UNIQUE, \"名前\" TEXT)",
            expect: Expect::Plan(
                "1. add UNIQUE (\"ä\") to \u{1F600} (rebuild)",
                &[HazardCode::Tightened, HazardCode::Rewrite],
            ),
            rows: &[("SELECT * FROM \"\u{1F600}\"", "1|'a'|'n'")],
            ..Case::DEFAULT
        },
        Case {
            name: "names that look like SQL are names",
            before: &[
                Model("CREATE TABLE \"t); DROP TABLE x; --\" (a INTEGER PRIMARY KEY, \"b\"\") FROM x\" TEXT)"),
                Sql("INSERT INTO \"t); DROP TABLE x; --\" VALUES (1, 'x')"),
            ],
            after: "CREATE TABLE \"t); DROP TABLE x; --\" (a INTEGER PRIMARY KEY, \"b\"\") FROM x\" TEXT NOT NULL UNIQUE)",
            expect: Expect::Plan(
                "1. rebuild table t); DROP TABLE x; --: alter nullability of t); DROP TABLE x; --.b\") FROM x: NULL -> NOT NULL; \
                 add UNIQUE (\"b\"\") FROM x\") to t); DROP TABLE x; -- (rebuild)",
                &[HazardCode::Tightened, HazardCode::Tightened, HazardCode::Rewrite],
            ),
            rows: &[("SELECT * FROM \"t); DROP TABLE x; --\"", "1|'x'")],
            ..Case::DEFAULT
        },
        Case {
            name: "a name of two hundred letters is rebuilt",
            before: &[
                Model(
                    "CREATE TABLE taaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (a TEXT)",
                ),
                Sql(
                    "INSERT INTO taaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa VALUES ('x')",
                ),
            ],
            after: "CREATE TABLE taaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (a TEXT UNIQUE)",
            expect: Expect::Plan(
                "1. add UNIQUE (a) to taaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (rebuild)",
                &[HazardCode::Tightened, HazardCode::Rewrite],
            ),
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn a_temporary_table_of_the_same_name_is_never_meant() {
    let mut conn = rusqlite::Connection::open_in_memory().expect("memory");
    conn.execute_batch(
        "CREATE TABLE t (a TEXT); INSERT INTO t VALUES ('main'); CREATE INDEX t_a ON t (a);
         CREATE TABLE u (a TEXT, b TEXT); INSERT INTO u VALUES ('main', 'b'); CREATE VIEW v AS SELECT a FROM main.t;
         CREATE TEMP TABLE t (a TEXT, other TEXT); INSERT INTO temp.t VALUES ('temp', 'x');
         CREATE TEMP TABLE u (z TEXT); CREATE TEMP VIEW w AS SELECT * FROM temp.t;
         CREATE TEMP TRIGGER tt AFTER INSERT ON temp.t BEGIN SELECT 1; END;",
    )
    .expect("the start");
    let wanted = model(
        "--: dropped u.b
         CREATE TABLE t (a TEXT UNIQUE, c TEXT); CREATE INDEX t_a ON t (a, c);
         CREATE TABLE u (a TEXT NOT NULL);",
    );
    let report = Migrator::new(wanted).run_on(&mut conn).unwrap_or_else(|err| panic!("{err}"));
    assert_eq!(report.outcome, Outcome::Migrated);
    check_rows(
        &conn,
        &[
            ("SELECT * FROM main.t", "'main'|NULL"),
            ("SELECT * FROM main.u", "'main'|'b'"),
            ("SELECT * FROM temp.t", "'temp'|'x'"),
            ("SELECT name FROM pragma_table_info('u', 'temp')", "'z'"),
            ("SELECT * FROM w", "'temp'|'x'"),
            ("SELECT name FROM temp.sqlite_schema WHERE type = 'trigger'", "'tt'"),
        ],
    );
    let again = Migrator::new(wanted).run_on(&mut conn).unwrap_or_else(|err| panic!("{err}"));
    assert_eq!(again.outcome, Outcome::UpToDate);
}

#[test]
fn texts_that_sqlite_rewrites_make_no_phantom_plans() {
    run(&[
        Case {
            name: "a double-quoted string in a default and an index stays one when another column is dropped",
            before: &[
                Sql(
                    "CREATE TABLE t (a TEXT DEFAULT \"x\", b TEXT, c TEXT, CHECK (b <> \"no\"));
                     CREATE INDEX t_b ON t (a) WHERE b = \"x\"; INSERT INTO t VALUES ('1', 'x', '3')",
                ),
                Model("CREATE TABLE t (a TEXT DEFAULT 'x', b TEXT, c TEXT, CHECK (b <> 'no')); CREATE INDEX t_b ON t (a) WHERE b = 'x'"),
            ],
            after: "--: dropped t.c
CREATE TABLE t (a TEXT DEFAULT 'x', b TEXT, CHECK (b <> 'no')); CREATE INDEX t_b ON t (a) WHERE b = 'x'",
            expect: Expect::Plan("1. drop column t.c (update)", &[HazardCode::DropColumn, HazardCode::Update]),
            rows: &[("SELECT * FROM t INDEXED BY t_b WHERE b = 'x'", "'1'|'x'")],
            lost: &["t.c"],
            ..Case::DEFAULT
        },
        Case {
            name: "a double-quoted string in somebody else's view and trigger stays one when a column is renamed",
            before: &[
                Model("CREATE TABLE t (a TEXT, b TEXT)"),
                Sql(
                    "CREATE VIEW v AS SELECT a FROM t WHERE a = \"str\";
                     CREATE TRIGGER g AFTER INSERT ON t WHEN new.a = \"str\" BEGIN UPDATE t SET b = \"str\" WHERE a = new.a; END;
                     INSERT INTO t VALUES ('1', '2')",
                ),
                Model("CREATE TABLE t (a TEXT, b TEXT, c TEXT)"),
            ],
            after: "--: renamed_from t.d a
CREATE TABLE t (d TEXT, b TEXT, c TEXT)",
            expect: Expect::Plan("1. rename column t.a to d (catalog)", &[HazardCode::Rename]),
            rows: &[("SELECT name FROM sqlite_schema WHERE type IN ('view', 'trigger') ORDER BY name", "'g'\n'v'")],
            ..Case::DEFAULT
        },
        Case {
            name: "a table made from a query, odd types and odd spacing are read as they are",
            before: &[Sql(
                "CREATE TABLE src (a, b TEXT); INSERT INTO src VALUES (1, 'x');
                 CREATE TABLE ctas AS SELECT a, b, a + 1 AS c FROM src;
                 CREATE TABLE odd (u, n unsigned  big int, v VARCHAR ( 10 ), d DECIMAL(10,5), dp DOUBLE PRECISION, f \"quoted type\");
                 INSERT INTO odd VALUES (1, 2, 'v', 1.5, 2.5, 'f')",
            )],
            after: "CREATE TABLE src (a, b TEXT); CREATE TABLE ctas (a, b TEXT, c);
                CREATE TABLE odd (u, n UNSIGNED BIG INT, v VARCHAR(10), d DECIMAL(10,5), dp DOUBLE PRECISION, f \"quoted type\")",
            ..Case::DEFAULT
        },
        Case {
            name: "such tables are rebuilt with every value as it was",
            before: &[Sql(
                "CREATE TABLE odd (u, n unsigned  big int, v VARCHAR ( 10 ), d DECIMAL(10,5), dp DOUBLE PRECISION);
                 INSERT INTO odd VALUES (1, 2, 'v', 1.5, 2.5), ('one', 'two', x'76', '1.50x', NULL)",
            )],
            after: "CREATE TABLE odd (u UNIQUE, n UNSIGNED BIG INT, v VARCHAR(10), d DECIMAL(10,5), dp DOUBLE PRECISION)",
            expect: Expect::Plan("1. add UNIQUE (u) to odd (rebuild)", &[HazardCode::Tightened, HazardCode::Rewrite]),
            rows: &[("SELECT * FROM odd", "1|2|'v'|1.5|2.5\n'one'|'two'|x'76'|'1.50x'|NULL")],
            ..Case::DEFAULT
        },
    ]);
}
