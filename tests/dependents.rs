//! Views and triggers: kept, recreated, named when they stand in the way, whoever made them, temporary ones too.

use rusqlite::Connection;
use schema_runtime::{ErrorKind, HazardCode, Migrator};

use crate::support::case::{Act::*, Case, Expect, check_rows, run};
use crate::support::model::model;

#[test]
fn an_index_and_a_trigger_may_have_one_name() {
    const BEFORE: &str = "CREATE TABLE t (a TEXT, b TEXT); CREATE TABLE log (x TEXT);
CREATE TRIGGER x AFTER INSERT ON t BEGIN INSERT INTO log (x) VALUES (new.a); END";
    const INDEX: &str = "CREATE INDEX x ON t (a); INSERT INTO t VALUES ('b', '1'), ('A', '2')";
    run(&[
        Case {
            name: "the trigger changes, and the index of its name is made again by the rebuild",
            before: &[Model(BEFORE), Sql(INDEX)],
            after: "CREATE TABLE t (a TEXT, b INTEGER); CREATE TABLE log (x TEXT);
CREATE TRIGGER x AFTER INSERT ON t BEGIN INSERT INTO log (x) VALUES (new.b); END",
            expect: Expect::Plan(
                "1. drop trigger x on t (catalog)\n2. alter type of t.b: TEXT -> INTEGER (rebuild)\n3. create trigger x on t (catalog)",
                &[HazardCode::ConvertValues, HazardCode::Rewrite],
            ),
            changed: &["t.b"],
            rows: &[
                ("SELECT a FROM t INDEXED BY x WHERE a > '' ORDER BY a", "'A'\n'b'"),
                ("SELECT b FROM t WHERE a = 'A'", "2"),
            ],
            ..Case::DEFAULT
        },
        Case {
            name: "the trigger changes, and the index of its name follows the collation",
            before: &[Model(BEFORE), Sql(INDEX)],
            after: "CREATE TABLE t (a TEXT COLLATE NOCASE, b TEXT); CREATE TABLE log (x TEXT);
CREATE TRIGGER x AFTER INSERT ON t BEGIN INSERT INTO log (x) VALUES (new.b); END",
            expect: Expect::Plan(
                "1. drop trigger x on t (catalog)\n2. alter collation of t.a: BINARY -> NOCASE (scan)\n3. build the indexes of t anew (scan)\n4. create trigger x on t (catalog)",
                &[HazardCode::Scan, HazardCode::Scan],
            ),
            rows: &[("SELECT a FROM t INDEXED BY x WHERE a = 'a'", "'A'")],
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn what_names_a_column_that_goes() {
    run(&[
        Case {
            name: "somebody else's trigger UPDATE OF a column that goes is named, not silently dead",
            before: &[
                Model("CREATE TABLE t (a TEXT, b TEXT); CREATE TABLE log (x TEXT)"),
                Sql("CREATE TRIGGER tr AFTER UPDATE OF b ON t BEGIN INSERT INTO log (x) VALUES ('b'); END"),
            ],
            after: "--: dropped t.b
CREATE TABLE t (a TEXT); CREATE TABLE log (x TEXT)",
            expect: Expect::Error(
                ErrorKind::Dependent,
                &["trigger `tr` would not work: UPDATE OF names no column of `t`: b"],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "a trigger that is called as a view that was broken before is not taken for that view",
            before: &[
                Model("CREATE TABLE t (a TEXT, b TEXT); CREATE TABLE log (x TEXT)"),
                Sql("CREATE VIEW x AS SELECT gone FROM t;
                     CREATE TRIGGER x AFTER UPDATE OF b ON t BEGIN INSERT INTO log (x) VALUES ('b'); END"),
            ],
            after: "--: dropped t.b
CREATE TABLE t (a TEXT); CREATE TABLE log (x TEXT)",
            expect: Expect::Error(
                ErrorKind::Dependent,
                &["trigger `x` would not work: UPDATE OF names no column of `t`: b"],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "a trigger that is called as the view which it reads is out of the way while that is made anew",
            before: &[
                Model("CREATE TABLE t (a TEXT, b TEXT); CREATE TABLE log (x TEXT); CREATE VIEW v AS SELECT a, b FROM t"),
                Sql("CREATE TRIGGER v AFTER INSERT ON t BEGIN INSERT INTO log (x) SELECT a FROM v; END;
                     INSERT INTO t VALUES ('x', 'y')"),
            ],
            after: "--: dropped t.b
CREATE TABLE t (a TEXT); CREATE TABLE log (x TEXT); CREATE VIEW v AS SELECT a FROM t",
            expect: Expect::Plan(
                "1. set aside v (catalog)\n2. drop view v (catalog)\n3. drop column t.b (update)\n4. create view v (catalog)\n5. put back v (catalog)",
                &[HazardCode::DropColumn, HazardCode::Update],
            ),
            rows: &[("SELECT * FROM v", "'x'"), ("SELECT * FROM log", "'x'")],
            lost: &["t.b"],
            ..Case::DEFAULT
        },
        Case {
            name: "a view over a column that goes is named, and the views on it",
            before: &[
                Model("CREATE TABLE t (a TEXT, b TEXT)"),
                Sql("CREATE VIEW v AS SELECT b FROM t; CREATE VIEW w AS SELECT b FROM v; CREATE VIEW other AS SELECT a FROM t"),
            ],
            after: "--: dropped t.b
CREATE TABLE t (a TEXT)",
            expect: Expect::Error(
                ErrorKind::Dependent,
                &["view `v` would not work: no such column: b", "view `w` would not work"],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "a view of every column works on without the column that goes",
            before: &[
                Model("CREATE TABLE t (a TEXT, b TEXT)"),
                Sql("CREATE VIEW v AS SELECT * FROM t; INSERT INTO t VALUES ('x', 'y')"),
                Model("CREATE TABLE t (a TEXT, b TEXT)"),
            ],
            after: "--: dropped t.b
CREATE TABLE t (a TEXT)",
            expect: Expect::Plan("1. drop column t.b (update)", &[HazardCode::DropColumn, HazardCode::Update]),
            rows: &[("SELECT * FROM v", "'x'")],
            lost: &["t.b"],
            ..Case::DEFAULT
        },
        Case {
            name: "a trigger on another table whose body names the column that goes is named",
            before: &[
                Model("CREATE TABLE t (a TEXT, b TEXT); CREATE TABLE u (x TEXT)"),
                Sql("CREATE TRIGGER tr AFTER INSERT ON u BEGIN UPDATE t SET b = new.x; END"),
            ],
            after: "--: dropped t.b
CREATE TABLE t (a TEXT); CREATE TABLE u (x TEXT)",
            expect: Expect::Error(ErrorKind::Dependent, &["trigger `tr` would not work: no such column: b"]),
            ..Case::DEFAULT
        },
        Case {
            name: "a trigger over a table that is dropped is named",
            before: &[
                Model("CREATE TABLE t (a TEXT); CREATE TABLE u (x TEXT)"),
                Sql("CREATE TRIGGER tr AFTER INSERT ON u BEGIN DELETE FROM t; END"),
            ],
            after: "--: dropped t
CREATE TABLE u (x TEXT)",
            expect: Expect::Error(ErrorKind::Dependent, &["trigger `tr` would not work: no such table: main.t"]),
            ..Case::DEFAULT
        },
        Case {
            name: "the model's own view and trigger change together with the column",
            before: &[
                Model(
                    "CREATE TABLE t (a TEXT, b TEXT); CREATE TABLE log (x TEXT); CREATE VIEW v AS SELECT a, b FROM t;
                     CREATE TRIGGER tr AFTER UPDATE OF b ON t BEGIN INSERT INTO log (x) VALUES (new.b); END;",
                ),
                Sql("INSERT INTO t VALUES ('x', 'y')"),
            ],
            after: "--: dropped t.b
CREATE TABLE t (a TEXT); CREATE TABLE log (x TEXT); CREATE VIEW v AS SELECT a FROM t;
                CREATE TRIGGER tr AFTER UPDATE OF a ON t BEGIN INSERT INTO log (x) VALUES (new.a); END;",
            expect: Expect::Plan(
                "1. drop trigger tr on t (catalog)\n2. drop view v (catalog)\n3. drop column t.b (update)\n\
                 4. create view v (catalog)\n5. create trigger tr on t (catalog)",
                &[HazardCode::DropColumn, HazardCode::Update],
            ),
            rows: &[("SELECT * FROM v", "'x'")],
            lost: &["t.b"],
            ..Case::DEFAULT
        },
        Case {
            name: "views on views are created in the order in which they need each other",
            before: &[Model("CREATE TABLE t (a TEXT)")],
            after: "CREATE TABLE t (a TEXT); CREATE VIEW a1 AS SELECT * FROM b1; CREATE VIEW b1 AS SELECT * FROM t",
            expect: Expect::Plan("1. create view a1 (catalog)\n2. create view b1 (catalog)", &[]),
            ..Case::DEFAULT
        },
        Case {
            name: "an INSTEAD OF trigger goes and comes with its view",
            before: &[
                Model(
                    "CREATE TABLE t (a TEXT); CREATE VIEW v AS SELECT a FROM t;
                     CREATE TRIGGER vi INSTEAD OF INSERT ON v BEGIN INSERT INTO t VALUES (new.a); END;",
                ),
            ],
            after: "CREATE TABLE t (a TEXT, b TEXT); CREATE VIEW v AS SELECT a, b FROM t;
                CREATE TRIGGER vi INSTEAD OF INSERT ON v BEGIN INSERT INTO t (a) VALUES (new.a); END;",
            expect: Expect::Plan(
                "1. drop trigger vi on v (catalog)\n2. drop view v (catalog)\n3. add column t.b (catalog)\n\
                 4. create view v (catalog)\n5. create trigger vi on v (catalog)",
                &[],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "an INSTEAD OF trigger that does not change stays when its view is made anew",
            before: &[
                Model(
                    "CREATE TABLE t (a TEXT); CREATE VIEW v AS SELECT a FROM t;
                     CREATE TRIGGER vi INSTEAD OF INSERT ON v BEGIN INSERT INTO t (a) VALUES (new.a); END;",
                ),
            ],
            after: "CREATE TABLE t (a TEXT, b TEXT); CREATE VIEW v AS SELECT a, b FROM t;
                CREATE TRIGGER vi INSTEAD OF INSERT ON v BEGIN INSERT INTO t (a) VALUES (new.a); END;",
            expect: Expect::Plan(
                "1. drop view v (catalog)\n2. add column t.b (catalog)\n3. create view v (catalog)\n4. put back vi (catalog)",
                &[],
            ),
            rows: &[("SELECT count(*) FROM sqlite_schema WHERE name = 'vi'", "1")],
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn triggers_survive_a_rebuild() {
    run(&[
        Case {
            name: "a trigger with strings, CASE and RAISE is identical and fires",
            before: &[
                Model("CREATE TABLE t (a TEXT, b TEXT); CREATE TABLE log (x TEXT)"),
                Sql(
                    "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW WHEN new.a <> ';end' BEGIN
                         -- a comment; END;
                         SELECT CASE WHEN new.a = 'bad' THEN RAISE(ABORT, 'no ''bad''; end') ELSE 1 END;
                         INSERT INTO log (x) VALUES (CASE new.a WHEN 'x' THEN 'X;' ELSE new.a END);
                     END; INSERT INTO t VALUES ('one', 'two')",
                ),
                Model("CREATE TABLE t (a TEXT, b TEXT); CREATE TABLE log (x TEXT)"),
            ],
            after: "CREATE TABLE t (a TEXT, b TEXT UNIQUE); CREATE TABLE log (x TEXT)",
            expect: Expect::Plan("1. add UNIQUE (b) to t (rebuild)", &[HazardCode::Tightened, HazardCode::Rewrite]),
            rows: &[
                ("SELECT x FROM log", "'one'"),
                ("SELECT sql LIKE '%-- a comment; END;%', tbl_name FROM sqlite_schema WHERE name = 'tr'", "1|'t'"),
            ],
            ..Case::DEFAULT
        },
        Case {
            name: "triggers do not fire while rows are copied, filled or dropped",
            before: &[
                Model("CREATE TABLE t (a TEXT, b TEXT); CREATE TABLE log (x TEXT)"),
                Sql(
                    "INSERT INTO t VALUES ('one', NULL), ('two', 'x');
                     CREATE TRIGGER ti AFTER INSERT ON t BEGIN INSERT INTO log (x) VALUES ('i'); END;
                     CREATE TRIGGER tu AFTER UPDATE ON t BEGIN INSERT INTO log (x) VALUES ('u'); END;
                     CREATE TRIGGER td AFTER DELETE ON t BEGIN INSERT INTO log (x) VALUES ('d'); END;",
                ),
                Model("CREATE TABLE t (a TEXT, b TEXT); CREATE TABLE log (x TEXT)"),
            ],
            after: "--: backfill t.b 'filled'
--: backfill t.c a || '!'
CREATE TABLE t (a TEXT UNIQUE, b TEXT NOT NULL, c TEXT); CREATE TABLE log (x TEXT)",
            expect: Expect::Plan(
                "1. rebuild table t: alter nullability of t.b: NULL -> NOT NULL; add column t.c; add UNIQUE (a) to t (rebuild)",
                &[HazardCode::Tightened, HazardCode::Tightened, HazardCode::Rewrite],
            ),
            rows: &[
                ("SELECT * FROM t", "'one'|'filled'|'one!'\n'two'|'x'|'two!'"),
                ("SELECT count(*) FROM log", "0"),
                ("SELECT count(*) FROM sqlite_schema WHERE type = 'trigger'", "3"),
            ],
            changed: &["t.b"],
            lost: &["t.b"],
            ..Case::DEFAULT
        },
        Case {
            name: "triggers do not fire while a native update fills a column",
            before: &[
                Model("CREATE TABLE t (a TEXT, b TEXT); CREATE TABLE log (x TEXT)"),
                Sql(
                    "INSERT INTO t VALUES ('one', NULL), ('two', 'x');
                     CREATE TRIGGER tu AFTER UPDATE ON t BEGIN INSERT INTO log (x) VALUES ('u'); END;",
                ),
                Model("CREATE TABLE t (a TEXT, b TEXT); CREATE TABLE log (x TEXT)"),
            ],
            after: "--: backfill t.b 'filled'
CREATE TABLE t (a TEXT, b TEXT NOT NULL); CREATE TABLE log (x TEXT)",
            expect: Expect::Plan(
                "1. alter nullability of t.b: NULL -> NOT NULL (update)",
                &[HazardCode::Tightened, HazardCode::Update],
            ),
            rows: &[("SELECT count(*) FROM log", "0"), ("SELECT b FROM t", "'filled'\n'x'")],
            changed: &["t.b"],
            lost: &["t.b"],
            ..Case::DEFAULT
        },
        Case {
            name: "triggers of other tables over a rebuilt one, and views on it, are untouched",
            before: &[
                Model("CREATE TABLE t (a TEXT, b TEXT); CREATE TABLE u (x TEXT)"),
                Sql(
                    "CREATE TRIGGER tr AFTER INSERT ON u BEGIN INSERT INTO t VALUES (new.x, 'by trigger'); END;
                     CREATE VIEW v AS SELECT t.a FROM t JOIN u ON u.x = t.a; INSERT INTO u VALUES ('x')",
                ),
                Model("CREATE TABLE t (a TEXT, b TEXT); CREATE TABLE u (x TEXT)"),
            ],
            after: "CREATE TABLE t (a TEXT UNIQUE, b TEXT); CREATE TABLE u (x TEXT)",
            expect: Expect::Plan("1. add UNIQUE (a) to t (rebuild)", &[HazardCode::Tightened, HazardCode::Rewrite]),
            rows: &[
                ("SELECT * FROM v", "'x'"),
                (
                    "SELECT sql FROM sqlite_schema WHERE name = 'tr'",
                    "'CREATE TRIGGER tr AFTER INSERT ON u BEGIN INSERT INTO t VALUES (new.x, 'by trigger'); END'",
                ),
            ],
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn what_was_broken_before_stands_in_nobodys_way() {
    const BROKEN: &str = "CREATE VIEW bv AS SELECT missing FROM nowhere; CREATE TABLE x (a TEXT);
        CREATE TRIGGER bt AFTER INSERT ON x BEGIN INSERT INTO nowhere VALUES (1); END;
        INSERT INTO t VALUES ('1', '2')";
    run(&[
        Case {
            name: "a broken view and trigger elsewhere do not hinder a rename, and are put back as they are",
            before: &[
                Model("CREATE TABLE t (a TEXT, b TEXT)"),
                Sql(BROKEN),
                Model("CREATE TABLE t (a TEXT, b TEXT)"),
            ],
            after: "--: renamed_from t.d a
CREATE TABLE t (d TEXT, b TEXT)",
            expect: Expect::Plan(
                "1. set aside bt (catalog)\n2. set aside bv (catalog)\n3. rename column t.a to d (catalog)\n\
                 4. put back bv (catalog)\n5. put back bt (catalog)",
                &[HazardCode::Broken, HazardCode::Broken, HazardCode::Rename],
            ),
            rows: &[(
                "SELECT sql FROM sqlite_schema WHERE name IN ('bv', 'bt') ORDER BY name",
                "'CREATE TRIGGER bt AFTER INSERT ON x BEGIN INSERT INTO nowhere VALUES (1); END'\n'CREATE VIEW bv AS SELECT missing FROM nowhere'",
            )],
            ..Case::DEFAULT
        },
        Case {
            name: "they do not hinder a table's rename",
            before: &[
                Model("CREATE TABLE t (a TEXT, b TEXT)"),
                Sql(BROKEN),
                Model("CREATE TABLE t (a TEXT, b TEXT)"),
            ],
            after: "--: renamed_from u t
CREATE TABLE u (a TEXT, b TEXT)",
            expect: Expect::Plan(
                "1. set aside bt (catalog)\n2. set aside bv (catalog)\n3. rename table t to u (catalog)\n\
                 4. put back bv (catalog)\n5. put back bt (catalog)",
                &[HazardCode::Broken, HazardCode::Broken, HazardCode::Rename],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "they do not hinder a drop",
            before: &[
                Model("CREATE TABLE t (a TEXT, b TEXT)"),
                Sql(BROKEN),
                Model("CREATE TABLE t (a TEXT, b TEXT)"),
            ],
            after: "--: dropped t.b
CREATE TABLE t (a TEXT)",
            expect: Expect::Plan(
                "1. set aside bt (catalog)\n2. set aside bv (catalog)\n3. drop column t.b (update)\n\
                 4. put back bv (catalog)\n5. put back bt (catalog)",
                &[HazardCode::Broken, HazardCode::Broken, HazardCode::DropColumn, HazardCode::Update],
            ),
            lost: &["t.b"],
            ..Case::DEFAULT
        },
        Case {
            name: "they do not hinder a rebuild",
            before: &[
                Model("CREATE TABLE t (a TEXT, b TEXT)"),
                Sql(BROKEN),
                Model("CREATE TABLE t (a TEXT, b TEXT)"),
            ],
            after: "CREATE TABLE t (a TEXT UNIQUE, b TEXT)",
            expect: Expect::Plan(
                "1. add UNIQUE (a) to t (rebuild)",
                &[HazardCode::Tightened, HazardCode::Rewrite],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "a broken trigger on the very table that is rebuilt is kept as it is",
            before: &[
                Model("CREATE TABLE t (a TEXT, b TEXT)"),
                Sql("CREATE TRIGGER bt AFTER INSERT ON t BEGIN INSERT INTO nowhere VALUES (new.a); END"),
                Model("CREATE TABLE t (a TEXT, b TEXT)"),
            ],
            after: "CREATE TABLE t (a TEXT UNIQUE, b TEXT)",
            expect: Expect::Plan("1. add UNIQUE (a) to t (rebuild)", &[HazardCode::Tightened]),
            rows: &[("SELECT tbl_name FROM sqlite_schema WHERE name = 'bt'", "'t'")],
            ..Case::DEFAULT
        },
        Case {
            name: "a broken trigger on a renamed table is put back on the table's new name",
            before: &[
                Model("CREATE TABLE t (a TEXT, b TEXT)"),
                Sql("CREATE TRIGGER bt AFTER INSERT ON t BEGIN INSERT INTO nowhere VALUES (new.a); END"),
                Model("CREATE TABLE t (a TEXT, b TEXT)"),
            ],
            after: "--: renamed_from u t
CREATE TABLE u (a TEXT, b TEXT)",
            expect: Expect::Error(ErrorKind::Dependent, &["trigger `bt`", "no such table: main.nowhere"]),
            ..Case::DEFAULT
        },
        Case {
            name: "a view that was broken and works after the change is no obstacle",
            before: &[
                Model("CREATE TABLE t (a TEXT, b TEXT)"),
                Sql("CREATE VIEW v AS SELECT a, later FROM t"),
                Model("CREATE TABLE t (a TEXT, b TEXT)"),
            ],
            after: "--: renamed_from t.later b
CREATE TABLE t (a TEXT, later TEXT)",
            expect: Expect::Plan(
                "1. set aside v (catalog)\n2. rename column t.b to later (catalog)\n3. put back v (catalog)",
                &[HazardCode::Broken, HazardCode::Rename],
            ),
            rows: &[("SELECT count(*) FROM v", "0")],
            ..Case::DEFAULT
        },
    ]);
}

fn temporary(sql: &str) -> Connection {
    let mut conn = Connection::open_in_memory().expect("memory");
    let start = model("CREATE TABLE t (a TEXT, b TEXT); CREATE TABLE u (x TEXT); CREATE TABLE log (x TEXT)");
    Migrator::new(start).run_on(&mut conn).unwrap_or_else(|err| panic!("{err}"));
    conn.execute_batch("INSERT INTO t VALUES ('one', NULL), ('two', 'x')").expect("rows");
    conn.execute_batch(sql).expect("temporary objects");
    conn
}

fn temp_sql(conn: &Connection) -> Vec<String> {
    let mut statement = conn.prepare("SELECT sql FROM temp.sqlite_schema ORDER BY name").expect("a query");
    let rows = statement.query_map([], |row| row.get(0)).expect("rows");
    rows.map(|row| row.expect("text")).collect()
}

const TEMPORARY: &str =
    "CREATE TEMP TRIGGER ti AFTER INSERT ON main.t BEGIN INSERT INTO log (x) VALUES ('i'); END;
    CREATE TEMP TRIGGER tu AFTER UPDATE ON main.t BEGIN INSERT INTO log (x) VALUES ('u'); END;
    CREATE TEMP TRIGGER tx AFTER INSERT ON main.u BEGIN INSERT INTO t (a) VALUES (new.x); END;
    CREATE TEMP VIEW tv AS SELECT a FROM main.t;";

#[test]
fn temporary_triggers_and_views_survive_a_rebuild_and_do_not_fire() {
    let mut conn = temporary(TEMPORARY);
    let before = temp_sql(&conn);
    let wanted = model(
        "--: backfill t.b 'filled'
         CREATE TABLE t (a TEXT UNIQUE, b TEXT NOT NULL); CREATE TABLE u (x TEXT); CREATE TABLE log (x TEXT)",
    );
    Migrator::new(wanted).run_on(&mut conn).unwrap_or_else(|err| panic!("{err}"));
    check_rows(&conn, &[("SELECT * FROM t", "'one'|'filled'\n'two'|'x'"), ("SELECT count(*) FROM log", "0")]);
    assert_eq!(temp_sql(&conn), before);
    conn.execute_batch("INSERT INTO t VALUES ('new', 'b'); INSERT INTO u VALUES ('u')")
        .expect_err("b is NOT NULL");
    conn.execute_batch("UPDATE t SET b = b WHERE a = 'one'").expect("an update");
    check_rows(
        &conn,
        &[("SELECT x FROM log", "'i'\n'u'"), ("SELECT a FROM tv ORDER BY a", "'new'\n'one'\n'two'")],
    );
}

#[test]
fn temporary_triggers_do_not_fire_while_a_native_update_fills_a_column() {
    let mut conn = temporary(TEMPORARY);
    let before = temp_sql(&conn);
    let wanted = model(
        "--: backfill t.b 'filled'
         CREATE TABLE t (a TEXT, b TEXT NOT NULL); CREATE TABLE u (x TEXT); CREATE TABLE log (x TEXT)",
    );
    let report = Migrator::new(wanted).run_on(&mut conn).unwrap_or_else(|err| panic!("{err}"));
    assert_eq!(
        report.plan.to_string().lines().next(),
        Some("1. alter nullability of t.b: NULL -> NOT NULL (update)")
    );
    check_rows(&conn, &[("SELECT * FROM t", "'one'|'filled'\n'two'|'x'"), ("SELECT count(*) FROM log", "0")]);
    assert_eq!(temp_sql(&conn), before);
}

#[test]
fn temporary_triggers_follow_a_rename() {
    let mut conn = temporary(TEMPORARY);
    let wanted = model(
        "--: renamed_from w t
--: renamed_from w.d a
CREATE TABLE w (d TEXT UNIQUE, b TEXT); CREATE TABLE u (x TEXT); CREATE TABLE log (x TEXT)",
    );
    Migrator::new(wanted).run_on(&mut conn).unwrap_or_else(|err| panic!("{err}"));
    conn.execute_batch("INSERT INTO w VALUES ('new', 'b'); INSERT INTO u VALUES ('u')").expect("inserts");
    check_rows(
        &conn,
        &[("SELECT x FROM log", "'i'\n'i'"), ("SELECT * FROM tv ORDER BY 1", "'new'\n'one'\n'two'\n'u'")],
    );
    assert_eq!(temp_sql(&conn).len(), 4);
}

#[test]
fn a_broken_temporary_view_in_the_way_of_a_rename_is_named() {
    let mut conn = temporary("CREATE TEMP VIEW tv AS SELECT missing FROM main.nowhere;");
    let before = temp_sql(&conn);
    let wanted = model(
        "--: renamed_from w t
CREATE TABLE w (a TEXT, b TEXT); CREATE TABLE u (x TEXT); CREATE TABLE log (x TEXT)",
    );
    let error = Migrator::new(wanted).run_on(&mut conn).expect_err("SQLite refuses the rename");
    let text = error.to_string();
    assert_eq!(error.kind(), ErrorKind::Dependent, "{text}");
    assert!(text.contains("error in view tv") && text.contains("\nhelp: "), "{text}");
    check_rows(&conn, &[("SELECT * FROM t", "'one'|NULL\n'two'|'x'")]);
    assert_eq!(temp_sql(&conn), before);
}

#[test]
fn a_temporary_trigger_that_names_a_dropped_column_is_named() {
    let mut conn =
        temporary("CREATE TEMP TRIGGER tx AFTER INSERT ON main.u BEGIN UPDATE t SET b = new.x; END;");
    let wanted = model(
        "--: dropped t.b
CREATE TABLE t (a TEXT); CREATE TABLE u (x TEXT); CREATE TABLE log (x TEXT)",
    );
    let error = Migrator::new(wanted).run_on(&mut conn).expect_err("a trigger names the column");
    let text = error.to_string();
    assert_eq!(error.kind(), ErrorKind::Dependent, "{text}");
    assert!(text.contains("tx") && text.contains("\nhelp: "), "{text}");
    check_rows(&conn, &[("SELECT a, b FROM t", "'one'|NULL\n'two'|'x'")]);
}
