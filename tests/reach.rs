//! Tables beside those that a plan names: they are not made on the scratch copy where nothing leads to them, and the outcome is
//! what it is with all of them.

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use schema_runtime::{ErrorKind, HazardCode, Outcome, RemovalPolicy};

use crate::support::case::{Act::*, Case, Expect, run};
use crate::support::place::Place;

#[test]
fn what_a_plan_needs_of_other_tables_is_there() {
    run(&[
        Case {
            name: "autoincrement comes where another table has it already",
            before: &[
                Model("CREATE TABLE s (id INTEGER PRIMARY KEY AUTOINCREMENT); CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)"),
                Sql("INSERT INTO t VALUES (3, 'x'), (7, 'y'); INSERT INTO s VALUES (4)"),
            ],
            after: "CREATE TABLE s (id INTEGER PRIMARY KEY AUTOINCREMENT); CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT)",
            expect: Expect::Plan(
                "1. alter primary key of t: PRIMARY KEY (id) -> PRIMARY KEY (id AUTOINCREMENT) (catalog)\n2. note the highest id of t (catalog)",
                &[],
            ),
            rows: &[("SELECT name, seq FROM sqlite_sequence ORDER BY 1", "'s'|4\n't'|7")],
            ..Case::DEFAULT
        },
        Case {
            name: "a backfill reads a table that does not change",
            before: &[
                Model("CREATE TABLE u (id INTEGER PRIMARY KEY, a TEXT); CREATE TABLE t (id INTEGER PRIMARY KEY); CREATE TABLE w (x)"),
                Sql("INSERT INTO u VALUES (1, 'x'); INSERT INTO t VALUES (1), (2)"),
            ],
            after: "CREATE TABLE u (id INTEGER PRIMARY KEY, a TEXT);
                --: backfill t.a coalesce((SELECT u.a FROM u WHERE u.id = t.id), 'none')
                CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL); CREATE TABLE w (x)",
            expect: Expect::Plan("1. add column t.a (rebuild)", &[HazardCode::Rewrite]),
            rows: &[("SELECT * FROM t", "1|'x'\n2|'none'")],
            ..Case::DEFAULT
        },
        Case {
            name: "a child is dropped, and made again with its parent by the undo",
            before: &[
                Model("CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p);
                    CREATE TABLE w (x)"),
                Sql("INSERT INTO p VALUES (1); INSERT INTO c VALUES (5, 1)"),
            ],
            after: "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE w (x)",
            with: |migrator| migrator.removed(RemovalPolicy::Drop),
            expect: Expect::Plan("1. drop table c (catalog)", &[HazardCode::DropTable]),
            lost: &["c"],
            ..Case::DEFAULT
        },
        Case {
            name: "a parent loses the key that a table beside it refers to",
            before: &[Model("CREATE TABLE p (id INTEGER PRIMARY KEY, a TEXT UNIQUE); CREATE TABLE w (x)"), Sql(
                "CREATE TABLE c (id INTEGER PRIMARY KEY, a TEXT REFERENCES p (a))",
            )],
            after: "CREATE TABLE p (id INTEGER PRIMARY KEY, a TEXT); CREATE TABLE w (x)",
            expect: Expect::Error(ErrorKind::Dependent, &["`c`(a) refers to `p`(a), which is no unique key"]),
            ..Case::DEFAULT
        },
        Case {
            name: "a column goes that a view of another program reads",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT); CREATE TABLE w (x)"),
                Sql("CREATE VIEW v AS SELECT b FROM t"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE TABLE w (x)",
            with: |migrator| migrator.removed(RemovalPolicy::Drop),
            expect: Expect::Error(ErrorKind::Dependent, &["view `v` would not work"]),
            ..Case::DEFAULT
        },
    ]);
}

/// `DROP COLUMN` reads the rules of every table once more, and SQLite refuses it where one of them calls what nobody has registered.
#[test]
fn a_table_beside_it_whose_rule_calls_a_function_of_the_program_is_looked_at() {
    let mine = |conn: &Connection| {
        let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
        conn.create_scalar_function("mine", 1, flags, |context| context.get::<i64>(0))
    };
    let second = "--: version 2\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE TABLE w (x)";
    for registered in [false, true] {
        let place =
            Place::with_model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT); CREATE TABLE w (x)");
        let conn = place.open();
        mine(&conn).expect("a function");
        conn.execute_batch("CREATE TABLE theirs (a, CHECK (mine(a) > 0)); INSERT INTO theirs VALUES (1)")
            .expect("a table");
        drop(conn);
        let report = place.run_with(second, |migrator| {
            let migrator = migrator.removed(RemovalPolicy::Drop);
            if registered { migrator.connection(mine) } else { migrator }
        });
        assert_eq!(report.outcome, Outcome::Migrated);
        assert_eq!(place.query("SELECT name FROM pragma_table_info('t')"), "'id'\n'a'");
        assert_eq!(place.query("SELECT * FROM theirs"), "1");
    }
}
