//! Statistics of the query planner through a rebuild, and start-ups of large schemas that have nothing to do.

use std::fmt::Write as _;

use rusqlite::Connection;
use schema_runtime::{HazardCode, Migrator, Outcome};

use crate::support::case::{Act::*, Case, Expect, run};
use crate::support::model::model;

const ROWS: &str = "INSERT INTO t SELECT value, 'a' || (value % 7), 'b' || value FROM json_each('[1,2,3,4,5,6,7,8,9,10,11,12,13,14]');
    ANALYZE";

#[test]
fn statistics_survive_a_rebuild() {
    run(&[
        Case {
            name: "statistics of a rebuilt table are kept",
            before: &[
                Model(
                    "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT); CREATE INDEX t_a ON t (a); CREATE INDEX t_b ON t (b)",
                ),
                Sql(ROWS),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL, b TEXT, CHECK (b <> 'z'), UNIQUE (id, b)); CREATE INDEX t_a ON t (a); CREATE INDEX t_b ON t (b)",
            expect: Expect::Plan(
                "1. rebuild table t: alter nullability of t.a: NULL -> NOT NULL; add UNIQUE (id, b) to t; add CHECK (b <> 'z') to t (rebuild)",
                &[HazardCode::Tightened, HazardCode::Tightened, HazardCode::Tightened, HazardCode::Rewrite],
            ),
            rows: &[
                (
                    "SELECT tbl, idx, stat FROM sqlite_stat1 WHERE tbl = 't' ORDER BY idx",
                    "'t'|'t_a'|'14 2'\n't'|'t_b'|'14 1'",
                ),
                ("SELECT count(*) > 0 FROM sqlite_stat4 WHERE tbl = 't' AND idx = 't_a'", "1"),
                ("SELECT count(*) FROM sqlite_stat1 WHERE tbl LIKE '%schema%'", "0"),
            ],
            undone: &[(
                "SELECT tbl, idx, stat FROM sqlite_stat1 WHERE tbl = 't' ORDER BY idx",
                "'t'|'t_a'|'14 2'\n't'|'t_b'|'14 1'",
            )],
            ..Case::DEFAULT
        },
        Case {
            name: "statistics follow a table that is renamed and rebuilt",
            before: &[
                Model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT); CREATE INDEX t_a ON t (a)"),
                Sql(ROWS),
            ],
            after: "--: renamed_from u t
CREATE TABLE u (id INTEGER PRIMARY KEY, a TEXT, b TEXT UNIQUE); CREATE INDEX t_a ON u (a)",
            expect: Expect::Plan(
                "1. rename table t to u (catalog)\n2. add UNIQUE (b) to u (rebuild)",
                &[HazardCode::Rename, HazardCode::Tightened, HazardCode::Rewrite],
            ),
            rows: &[("SELECT tbl, idx, stat FROM sqlite_stat1 WHERE tbl IN ('t', 'u')", "'u'|'t_a'|'14 2'")],
            ..Case::DEFAULT
        },
        Case {
            name: "statistics of an index that goes, go with it",
            before: &[
                Model(
                    "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT); CREATE INDEX t_a ON t (a); CREATE INDEX t_b ON t (b)",
                ),
                Sql(ROWS),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT); CREATE INDEX t_a ON t (a)",
            expect: Expect::Plan("1. drop index t_b on t (catalog)", &[]),
            rows: &[("SELECT tbl, idx, stat FROM sqlite_stat1 WHERE tbl = 't'", "'t'|'t_a'|'14 2'")],
            ..Case::DEFAULT
        },
    ]);
}

/// The bound is wide: what it would catch is a start-up that reads every table, or does so quadratically, in an
/// unoptimised build on a busy machine.
#[test]
fn a_thousand_tables_with_nothing_to_do() {
    let mut sql = String::new();
    for number in 0..1_000 {
        writeln!(sql, "CREATE TABLE t{number} (id INTEGER PRIMARY KEY, a TEXT NOT NULL); CREATE INDEX i{number} ON t{number} (a);")
            .expect("a string");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("case.db");
    let wanted = model(Box::leak(sql.into_boxed_str()));
    let first = Migrator::new(wanted).no_time_limit().run(&path).unwrap_or_else(|err| panic!("{err}"));
    assert_eq!(first.outcome, Outcome::Created);
    let second = Migrator::new(wanted).run(&path).unwrap_or_else(|err| panic!("{err}"));
    assert_eq!(second.outcome, Outcome::UpToDate);
    assert!(second.plan.is_empty() && second.revision == first.revision, "{second}");
    let before = std::fs::read(&path).expect("the file");
    let third = Migrator::new(wanted).run(&path).unwrap_or_else(|err| panic!("{err}"));
    assert_eq!(third.outcome, Outcome::UpToDate);
    assert!(std::fs::read(&path).expect("the file") == before, "a run with nothing to do wrote");
    assert_eq!(
        Connection::open(&path)
            .expect("opens")
            .query_row("SELECT count(*) FROM t999", [], |row| row.get::<_, i64>(0)),
        Ok(0)
    );
}
