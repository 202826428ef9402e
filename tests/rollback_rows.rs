//! Values that come back: on the right rows, as they were, or not at all.

use schema_runtime::{Back, ErrorKind, Migrator, Report};

use crate::rollback::{back, counts, started, without_model};
use crate::support::model::model;
use crate::support::place::{Place, contains};

/// Version 1.0.0 of these statements with `rows`, then version 2.0.0 of the others.
fn changed(before: &str, rows: &str, after: &str) -> Place {
    let place = Place::new();
    started(&place, &format!("--: version 1.0.0\n{before}"));
    place.sql(rows);
    let two = model(&format!("--: version 2.0.0\n{after}"));
    let migrator = Migrator::new(two).removed(schema_runtime::RemovalPolicy::Drop).allow("L103");
    migrator.run(place.path()).unwrap_or_else(|err| panic!("{after}\n{err}"));
    place
}

fn allowing(place: &Place, consent: &str) -> Report {
    without_model()
        .allow(consent)
        .rollback(place.path(), &Back::Last(1))
        .unwrap_or_else(|err| panic!("{err}"))
}

/// The rollback stops, and every row of `table` is as before.
fn stopped(place: &Place, table: &str, kind: ErrorKind, parts: &[&str]) {
    let rows = || place.query(&format!("SELECT * FROM {table}"));
    let before = rows();
    let error = without_model().rollback(place.path(), &Back::Last(1)).expect_err("refused");
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.help_line().is_some() && error.state_line().is_some(), "{error}");
    contains(&error.to_string(), parts);
    assert_eq!(rows(), before, "{error}");
}

#[test]
fn a_key_that_the_undo_makes_anew_tells_no_rows_apart() {
    let place = changed(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, k TEXT NOT NULL UNIQUE, b TEXT)",
        "INSERT INTO t VALUES (1, 'z', 'bz'), (2, 'a', 'ba')",
        "CREATE TABLE t (k TEXT NOT NULL PRIMARY KEY) WITHOUT ROWID",
    );
    let report = back(&place, &Back::Last(1));
    assert_eq!(place.query("SELECT * FROM t"), "1|'z'|'bz'\n2|'a'|'ba'");
    assert_eq!(
        counts(&report),
        [
            "t.id: 2 restored, 0 kept as they are, 0 of the backup without a row",
            "t.b: 2 restored, 0 kept as they are, 0 of the backup without a row"
        ]
    );
}

#[test]
fn texts_that_became_numbers_when_strict_went_come_back() {
    let place = changed(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a ANY) STRICT",
        "INSERT INTO t VALUES (1, '12'), (2, 12), (3, '1e3'), (4, 'x')",
        "--: type t.a\nCREATE TABLE t (id INTEGER PRIMARY KEY, a ANY)",
    );
    assert_eq!(place.query("SELECT a FROM t"), "12\n12\n1000\n'x'");
    place.sql("UPDATE t SET a = 7 WHERE id = 3; INSERT INTO t VALUES (5, 5)");
    back(&place, &Back::Last(1));
    assert_eq!(place.query("SELECT a FROM t"), "'12'\n12\n7\n'x'\n5");
}

#[test]
fn an_id_that_was_made_up_for_a_row_of_since_is_asked_for() {
    let place = changed(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, k TEXT NOT NULL UNIQUE)",
        "INSERT INTO t VALUES (1, 'z'), (2, 'a')",
        "CREATE TABLE t (k TEXT NOT NULL PRIMARY KEY) WITHOUT ROWID",
    );
    place.sql("INSERT INTO t VALUES ('new')");
    stopped(&place, "t", ErrorKind::Data, &["1 rows of now have no value for `t.id`", "L201=t.id"]);
    let report = allowing(&place, "L201=t.id");
    assert_eq!(report.warnings, ["1 rows that came since hold an invented value in `t.id`"]);
    assert_eq!(place.query("SELECT * FROM t WHERE id > 0"), "1|'z'\n2|'a'");
    assert_eq!(place.query("SELECT k FROM t WHERE id < 0"), "'new'");
}

#[test]
fn where_no_key_is_left_the_values_do_not_come_back_on_any_row() {
    let place = changed(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, k TEXT, b TEXT)",
        "INSERT INTO t VALUES (1, 'z', 'bz'), (2, 'a', 'ba')",
        "CREATE TABLE t (k TEXT NOT NULL PRIMARY KEY) WITHOUT ROWID",
    );
    let parts = ["`t.id, t.b` cannot be brought back", "nobody knows which row is which", "as a whole"];
    stopped(&place, "t", ErrorKind::Backup, &parts);
    let dry = without_model().dry_run(true);
    let error = place.unchanged_by(|| dry.rollback(place.path(), &Back::Last(1)).expect_err("refused"));
    contains(&error.to_string(), &parts);

    // Without rows there is nothing to tell apart.
    let place = changed(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, k TEXT, b TEXT)",
        "",
        "CREATE TABLE t (k TEXT NOT NULL PRIMARY KEY) WITHOUT ROWID",
    );
    back(&place, &Back::Last(1));
    assert_eq!(place.query("SELECT group_concat(name) FROM pragma_table_info('t')"), "'id,k,b'");
}

#[test]
fn a_rowid_that_another_row_has_now_gives_it_nothing() {
    let keyless = || {
        changed(
            "CREATE TABLE t (a TEXT, b TEXT)",
            "INSERT INTO t VALUES ('one', 'b1'), ('two', 'b2'), ('three', 'b3')",
            "CREATE TABLE t (a TEXT)",
        )
    };
    let place = keyless();
    place.sql("DELETE FROM t WHERE a = 'one'; VACUUM");
    let report = back(&place, &Back::Last(1));
    assert_eq!(place.query("SELECT a, b FROM t"), "'two'|NULL\n'three'|NULL");
    contains(&report.warnings.concat(), &["3 rows of `t` were not found again", "`t.b` stay in the backup"]);

    let place = keyless();
    place.sql("DELETE FROM t WHERE a = 'three'; INSERT INTO t VALUES ('another')");
    let report = back(&place, &Back::Last(1));
    assert_eq!(place.query("SELECT a, b FROM t"), "'one'|'b1'\n'two'|'b2'\n'another'|NULL");
    assert_eq!(counts(&report), ["t.b: 2 restored, 1 kept as they are, 1 of the backup without a row"]);
}

#[test]
fn a_dropped_integer_key_comes_back_where_the_rowids_are_the_same() {
    let make = || {
        changed(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
            "INSERT INTO t VALUES (5, 'five'), (9, 'nine')",
            "CREATE TABLE t (a TEXT)",
        )
    };
    let place = make();
    place.sql("INSERT INTO t VALUES ('new')");
    back(&place, &Back::Last(1));
    assert_eq!(place.query("SELECT * FROM t"), "5|'five'\n9|'nine'\n10|'new'");

    let place = make();
    place.sql("VACUUM");
    let report = back(&place, &Back::Last(1));
    contains(&report.warnings.concat(), &["2 rows of `t` were not found again by rowid and content"]);
}

#[test]
fn a_plain_column_that_became_generated_has_its_values_again() {
    let place = changed(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a INT, g INT)",
        "INSERT INTO t VALUES (1, 5, 100), (2, 6, 200)",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a INT, g INT AS (a + 1) STORED)",
    );
    place.sql("INSERT INTO t (id, a) VALUES (3, 7)");
    let report = back(&place, &Back::Last(1));
    assert_eq!(place.query("SELECT * FROM t"), "1|5|100\n2|6|200\n3|7|8");
    assert_eq!(counts(&report), ["t.g: 2 restored, 1 kept as they are, 0 of the backup without a row"]);
}

#[test]
fn values_of_since_that_would_become_computed_are_asked_for() {
    let place = changed(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a INT, g INT AS (a + 1) STORED)",
        "INSERT INTO t VALUES (1, 5)",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a INT, g INT)",
    );
    place.sql("INSERT INTO t VALUES (2, 6, 70)");
    stopped(&place, "t", ErrorKind::Data, &["values of `t.g` would be lost", "L103=t.g"]);
    allowing(&place, "L103=t.g");
    assert_eq!(place.query("SELECT * FROM t"), "1|5|6\n2|6|7");
}

#[test]
fn a_conversion_by_an_expression_is_undone_for_untouched_values_and_asked_for_others() {
    let make = || {
        changed(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, n REAL, other TEXT)",
            "INSERT INTO t VALUES (1, 1.5, 'a'), (2, 20.25, 'b'), (3, NULL, 'c')",
            "--: convert t.n CAST(n * 100 AS INTEGER)\nCREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, other TEXT)",
        )
    };
    let place = make();
    assert_eq!(place.query("SELECT n FROM t"), "150\n2025\nNULL");
    back(&place, &Back::Last(1));
    assert_eq!(place.query("SELECT * FROM t"), "1|1.5|'a'\n2|20.25|'b'\n3|NULL|'c'");
    for (since, left, all) in [
        ("UPDATE t SET n = 300 WHERE id = 1", 1, "1|300.0\n2|20.25\n3|NULL"),
        ("INSERT INTO t VALUES (4, 700, 'd')", 1, "1|1.5\n2|20.25\n3|NULL\n4|700.0"),
        (
            "INSERT INTO t VALUES (4, 700, 'd'), (5, NULL, 'e'); UPDATE t SET n = 1",
            4,
            "1|1.0\n2|1.0\n3|1.0\n4|1.0\n5|1.0",
        ),
    ] {
        let place = make();
        place.sql(since);
        let left = if all.contains("\n5") { 5 } else { left };
        stopped(
            &place,
            "t",
            ErrorKind::Data,
            &[&format!("{left} values of `t.n` were written since"), "L103=t.n"],
        );
        let report = allowing(&place, "L103=t.n");
        assert_eq!(place.query("SELECT id, n FROM t"), all);
        contains(&report.warnings.concat(), &["they stay as they are"]);
    }
    let place = make();
    place.sql("INSERT INTO t VALUES (4, NULL, 'd')");
    back(&place, &Back::Last(1));
    assert_eq!(place.query("SELECT id, n FROM t"), "1|1.5\n2|20.25\n3|NULL\n4|NULL");
}

#[test]
fn a_conversion_reads_renamed_columns_by_their_new_names() {
    let place = changed(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, n REAL, f REAL)",
        "INSERT INTO t VALUES (1, 1.5, 10), (2, 2.5, 100)",
        "--: renamed_from u t\n--: renamed_from u.cents n\n--: renamed_from u.factor f\n--: convert u.cents CAST(cents * factor AS INTEGER)\n\
         CREATE TABLE u (id INTEGER PRIMARY KEY, cents INTEGER, factor REAL)",
    );
    assert_eq!(place.query("SELECT cents FROM u"), "15\n250");
    back(&place, &Back::Last(1));
    assert_eq!(place.query("SELECT * FROM t"), "1|1.5|10.0\n2|2.5|100.0");
}

#[test]
fn values_of_since_that_the_old_type_cannot_hold_are_asked_for() {
    for (before, after, value, becomes) in [
        ("INTEGER", "TEXT", "'007'", "7"),
        ("INTEGER", "REAL", "1.5", "1.5"),
        ("REAL", "INTEGER", "9007199254740993", "9007199254740992.0"),
    ] {
        let table = |of: &str| format!("CREATE TABLE t (id INTEGER PRIMARY KEY, n {of})");
        let place = changed(&table(before), "INSERT INTO t VALUES (1, 5)", &table(after));
        place.sql(&format!("INSERT INTO t VALUES (2, {value})"));
        stopped(
            &place,
            "t",
            ErrorKind::Data,
            &["would not survive the change", "L103=t.n", "rowid or key: 2"],
        );
        let report = allowing(&place, "L103=t.n");
        contains(&report.warnings.concat(), &["would not survive"]);
        assert_eq!(place.query("SELECT n FROM t WHERE id = 2"), becomes, "{before} {after}");
        assert_eq!(place.query("SELECT n = 5 AND typeof(n) = lower(type) FROM t, pragma_table_info('t') AS c WHERE id = 1 AND c.name = 'n'"), "1");
    }
}

#[test]
fn a_column_that_may_not_be_null_is_asked_for_where_rows_came_since() {
    for (column, empty) in [
        ("b TEXT NOT NULL", "''"),
        ("b INT NOT NULL", "0"),
        ("b REAL NOT NULL", "0.0"),
        ("b BLOB NOT NULL", "''"),
    ] {
        let place = changed(
            &format!("CREATE TABLE t (id INTEGER PRIMARY KEY, {column})"),
            "INSERT INTO t VALUES (1, 7), (2, 8)",
            "CREATE TABLE t (id INTEGER PRIMARY KEY)",
        );
        place.sql("INSERT INTO t VALUES (3), (4); DELETE FROM t WHERE id = 1");
        stopped(&place, "t", ErrorKind::Data, &["2 rows of now have no value for `t.b`", "L201=t.b"]);
        let report = allowing(&place, "L201=t.b");
        assert_eq!(report.warnings, ["2 rows that came since hold an invented value in `t.b`"]);
        assert_eq!(place.query("SELECT b + 0 FROM t WHERE id = 2").trim_end_matches(".0"), "8");
        let rest = place.query("SELECT b FROM t WHERE id > 2");
        assert!(rest.lines().all(|line| line == empty || line == "x''" || line == "0"), "{column}: {rest}");
    }
    // A default is what the program of before would have written.
    let place = changed(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, b TEXT NOT NULL DEFAULT 'd')",
        "INSERT INTO t VALUES (1, 'b')",
        "CREATE TABLE t (id INTEGER PRIMARY KEY)",
    );
    place.sql("INSERT INTO t VALUES (2)");
    back(&place, &Back::Last(1));
    assert_eq!(place.query("SELECT * FROM t"), "1|'b'\n2|'d'");
}

#[test]
fn unique_values_change_places_with_what_stood_there_for_them() {
    for column in [
        "code TEXT NOT NULL UNIQUE",
        "code INT NOT NULL UNIQUE",
        "code REAL NOT NULL UNIQUE",
        "code BLOB NOT NULL UNIQUE",
    ] {
        for options in ["", " WITHOUT ROWID"] {
            let place = changed(
                &format!("CREATE TABLE t (id INT NOT NULL PRIMARY KEY, {column}){options}"),
                "INSERT INTO t VALUES (1, 2), (2, 1), (3, 3)",
                &format!("CREATE TABLE t (id INT NOT NULL PRIMARY KEY){options}"),
            );
            back(&place, &Back::Last(1));
            assert_eq!(
                place.query("SELECT id, CAST(code AS INT) FROM t ORDER BY id"),
                "1|2\n2|1\n3|3",
                "{column}{options}"
            );
        }
    }
}

#[test]
fn rows_with_null_in_their_key_are_known_by_rowid_and_content() {
    let place = changed(
        "CREATE TABLE t (k TEXT PRIMARY KEY, a TEXT, b TEXT)",
        "INSERT INTO t VALUES ('x', 'a', 'bx'), (NULL, 'one', 'b1'), (NULL, 'two', 'b2')",
        "CREATE TABLE t (k TEXT PRIMARY KEY, a TEXT)",
    );
    place.sql("UPDATE t SET a = 'changed' WHERE k = 'x'; UPDATE t SET a = 'TWO' WHERE a = 'two'");
    let report = back(&place, &Back::Last(1));
    assert_eq!(place.query("SELECT * FROM t"), "'x'|'changed'|'bx'\nNULL|'one'|'b1'\nNULL|'TWO'|NULL");
    assert_eq!(counts(&report), ["t.b: 2 restored, 1 kept as they are, 1 of the backup without a row"]);
}

#[test]
fn a_converted_key_still_tells_rows_apart_where_it_turned_back_into_itself() {
    let place = changed(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, b TEXT)",
        "INSERT INTO t VALUES (2, 'two'), (1, 'one')",
        "CREATE TABLE t (id TEXT NOT NULL PRIMARY KEY)",
    );
    place.sql("INSERT INTO t VALUES ('3')");
    back(&place, &Back::Last(1));
    assert_eq!(place.query("SELECT * FROM t"), "1|'one'\n2|'two'\n3|NULL");
    let place = changed(
        "CREATE TABLE t (id TEXT NOT NULL PRIMARY KEY, b TEXT) WITHOUT ROWID",
        "INSERT INTO t VALUES ('007', 'seven'), ('1', 'one')",
        "CREATE TABLE t (id INT NOT NULL PRIMARY KEY) WITHOUT ROWID",
    );
    stopped(&place, "t", ErrorKind::Backup, &["nobody knows which row is which"]);
}

#[test]
fn a_table_whose_columns_hide_the_rowid_gives_an_error() {
    let place = changed(
        "CREATE TABLE t (rowid INT, oid INT, _rowid_ INT, b TEXT)",
        "INSERT INTO t VALUES (1, 1, 1, 'b')",
        "CREATE TABLE t (rowid INT, oid INT, _rowid_ INT)",
    );
    stopped(
        &place,
        "t",
        ErrorKind::Backup,
        &["`t.b` cannot be brought back", "restore the backup as a whole"],
    );
}

#[test]
fn text_that_is_no_utf_16_comes_back_bit_by_bit() {
    let place = Place::new();
    place.sql("PRAGMA encoding = 'UTF-16le'; CREATE TABLE x (a); DROP TABLE x");
    started(
        &place,
        "--: version 1.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE TABLE u (a TEXT)",
    );
    place.sql(
        "INSERT INTO t VALUES (1, CAST(x'00d84100' AS TEXT)), (2, 'é'), (3, x'0102'), (4, NULL), (5, 5);
         INSERT INTO u SELECT a FROM t",
    );
    let texts = |table: &str| place.query(&format!("SELECT typeof(a), hex(CAST(a AS BLOB)) FROM {table}"));
    let (t, u) = (texts("t"), texts("u"));
    started(&place, "--: version 2.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY)");
    if rusqlite::version_number() < 3_041_000 {
        // It takes the bytes of a parameter for UTF-8.
        stopped(
            &place,
            "t",
            ErrorKind::Backup,
            &["holds a text that is no UTF-16", "restore the backup as a whole"],
        );
        return;
    }
    back(&place, &Back::Last(1));
    assert_eq!((texts("t"), texts("u")), (t, u));
}

#[test]
fn columns_stand_where_they_stood() {
    let place = changed(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT, c TEXT)",
        "INSERT INTO t VALUES (1, 'a', 'b', 'c')",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, c TEXT)",
    );
    back(&place, &Back::Last(1));
    place.sql("INSERT INTO t VALUES (2, 'A', 'B', 'C')");
    assert_eq!(place.query("SELECT id, a, b, c FROM t"), "1|'a'|'b'|'c'\n2|'A'|'B'|'C'");
}

#[test]
fn tables_that_refer_to_each_other_come_back_together() {
    let place = changed(
        "CREATE TABLE a (id INTEGER PRIMARY KEY, b INT REFERENCES b (id));
         CREATE TABLE b (id INTEGER PRIMARY KEY, a INT REFERENCES a (id));
         CREATE TABLE c (id INTEGER PRIMARY KEY, p INT REFERENCES p (id));
         CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE z (id INTEGER PRIMARY KEY)",
        "INSERT INTO a VALUES (1, NULL); INSERT INTO b VALUES (1, 1); UPDATE a SET b = 1;
         INSERT INTO p VALUES (1); INSERT INTO c VALUES (1, 1)",
        "CREATE TABLE z (id INTEGER PRIMARY KEY)",
    );
    back(&place, &Back::Last(1));
    assert_eq!(place.query("SELECT * FROM a, b, c, p"), "1|1|1|1|1|1|1");
    assert_eq!(place.query("PRAGMA foreign_key_check"), "");
}

#[test]
fn columns_that_refer_to_each_other_come_back_together() {
    let place = changed(
        "CREATE TABLE p (id INTEGER PRIMARY KEY, code TEXT UNIQUE); CREATE TABLE c (id INTEGER PRIMARY KEY, p TEXT REFERENCES p (code))",
        "INSERT INTO p VALUES (1, 'x'); INSERT INTO c VALUES (1, 'x')",
        "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (id INTEGER PRIMARY KEY)",
    );
    back(&place, &Back::Last(1));
    assert_eq!(place.query("SELECT * FROM p, c"), "1|'x'|1|'x'");
    assert_eq!(place.query("PRAGMA foreign_key_check"), "");
}

#[test]
fn rules_over_columns_that_come_back_are_held_when_all_are_there() {
    for (columns, rows) in [
        ("a INT, b INT, CHECK (a IS NULL OR b > a)", "(1, 5, 9), (2, NULL, NULL)"),
        ("a INT CHECK (a IS NOT NULL AND a > 5)", "(1, 6), (2, 7)"),
        (
            "a INT NOT NULL CHECK (a > 5), b TEXT NOT NULL CHECK (length(b) > 1)",
            "(1, 6, 'ab'), (2, 7, 'abc')",
        ),
        ("a INT NOT NULL, b INT NOT NULL, CHECK (a + b = 10)", "(1, 6, 4), (2, 7, 3)"),
    ] {
        let place = changed(
            &format!("CREATE TABLE t (id INTEGER PRIMARY KEY, {columns})"),
            &format!("INSERT INTO t VALUES {rows}"),
            "CREATE TABLE t (id INTEGER PRIMARY KEY)",
        );
        back(&place, &Back::Last(1));
        let found = place.query("SELECT * FROM t").replace('|', ", ").replace('\n', "), (");
        assert_eq!(format!("({found})"), rows, "{columns}");
        assert_eq!(place.query("PRAGMA integrity_check"), "'ok'");
    }
    // A row of since that has no value of before breaks the rule.
    let place = changed(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a INT CHECK (a IS NOT NULL AND a > 5))",
        "INSERT INTO t VALUES (1, 6)",
        "CREATE TABLE t (id INTEGER PRIMARY KEY)",
    );
    place.sql("INSERT INTO t VALUES (2)");
    stopped(&place, "t", ErrorKind::Data, &["CHECK constraint failed in t"]);
}

#[test]
fn conflict_clauses_take_no_row_away() {
    for clause in ["REPLACE", "IGNORE"] {
        let place = changed(
            &format!("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT UNIQUE ON CONFLICT {clause})"),
            "INSERT INTO t VALUES (1, 'a', 'one'), (2, 'b', 'two')",
            "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
        );
        back(&place, &Back::Last(1));
        assert_eq!(place.query("SELECT * FROM t"), "1|'a'|'one'\n2|'b'|'two'");

        let place = changed(
            &format!("CREATE TABLE t (id INTEGER PRIMARY KEY, b TEXT UNIQUE ON CONFLICT {clause})"),
            "INSERT INTO t VALUES (1, '007'), (2, '8')",
            "CREATE TABLE t (id INTEGER PRIMARY KEY, b INT UNIQUE)",
        );
        place.sql("DELETE FROM t WHERE id = 2; INSERT INTO t VALUES (2, 9), (3, 8)");
        back(&place, &Back::Last(1));
        assert_eq!(place.query("SELECT * FROM t"), "1|'007'\n2|'9'\n3|'8'");
    }
}

#[test]
fn a_change_that_was_made_to_an_empty_table_is_undone_for_its_rows() {
    let place = changed(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, n TEXT)",
        "",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, n INT)",
    );
    place.sql("INSERT INTO t VALUES (1, 7)");
    back(&place, &Back::Last(1));
    assert_eq!(place.query("SELECT typeof(n), n FROM t"), "'text'|'7'");
}

#[test]
fn rows_of_a_virtual_table_do_not_come_back_and_everybody_says_so_before() {
    let place = Place::by_hand(
        "CREATE TABLE t (id INTEGER PRIMARY KEY); CREATE VIRTUAL TABLE notes USING fts5(body);
         INSERT INTO notes VALUES ('only here')",
    );
    without_model().baseline(place.path()).expect("a baseline");
    let two = model("--: version 2.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY)");
    let migrator = Migrator::new(two).removed(schema_runtime::RemovalPolicy::Drop).allow("L104");
    migrator.run(place.path()).expect("a run");
    let part = "the rows of virtual table `notes` cannot be brought back";
    for migrator in [without_model(), without_model().dry_run(true)] {
        let error =
            place.unchanged_by(|| migrator.rollback(place.path(), &Back::Last(1)).expect_err("refused"));
        assert_eq!(error.kind(), ErrorKind::Backup, "{error}");
        contains(&error.to_string(), &[part]);
    }
    let candidates = without_model().rollback_candidates(place.path()).expect("candidates");
    contains(candidates[0].refused.as_deref().unwrap_or_default(), &[part]);
}

#[test]
fn actions_of_references_delete_nothing_while_parents_and_children_come_back() {
    let place = changed(
        "CREATE TABLE p (id INTEGER PRIMARY KEY, name TEXT);
         CREATE TABLE c (id INTEGER PRIMARY KEY, p INT NOT NULL REFERENCES p (id) ON DELETE CASCADE ON UPDATE CASCADE, up INT REFERENCES c (id) ON DELETE CASCADE, note TEXT);
         CREATE VIEW v AS SELECT c.id, name, note FROM c JOIN p ON p.id = c.p",
        "INSERT INTO p VALUES (1, 'one'), (2, 'two'); INSERT INTO c VALUES (1, 1, NULL, 'n1'), (2, 2, 1, 'n2'), (3, 2, 2, 'n3')",
        "CREATE TABLE p (id TEXT PRIMARY KEY); CREATE TABLE c (id INTEGER PRIMARY KEY, p TEXT NOT NULL, up INT)",
    );
    place.sql("INSERT INTO p VALUES ('3'); INSERT INTO c VALUES (4, '3', 3); DELETE FROM c WHERE id = 1; UPDATE c SET up = NULL WHERE id = 2");
    back(&place, &Back::Last(1));
    assert_eq!(place.query("SELECT * FROM c"), "2|2|NULL|'n2'\n3|2|2|'n3'\n4|3|3|NULL");
    assert_eq!(place.query("SELECT * FROM p"), "1|'one'\n2|'two'\n3|NULL");
    assert_eq!(place.query("SELECT * FROM v"), "2|'two'|'n2'\n3|'two'|'n3'\n4|NULL|NULL");
    assert_eq!(place.query("PRAGMA foreign_key_check"), "");
}

#[test]
fn a_rebuild_that_moved_columns_is_undone_by_a_rebuild() {
    let moved = [
        (
            "k TEXT, d TEXT, e TEXT",
            "k TEXT AS (length(typeof(id))) STORED, e TEXT, d TEXT",
            "(1, 'k', 'same', 'same'), (2, 'k', 'd2', 'e2')",
        ),
        ("k VARCHAR(9), d TEXT, e TEXT", "k INT, e TEXT, d TEXT", "(1, '7', '', ''), (2, '8', 'd2', 'e2')"),
        (
            "k VARCHAR(9), d TEXT, e TEXT",
            "k INT, e TEXT, d TEXT",
            "(1, '7', 'd1', 'e1'), (2, '8', 'd2', 'e2')",
        ),
    ];
    for (before, after, rows) in moved {
        let place = changed(
            &format!("CREATE TABLE t (id INTEGER PRIMARY KEY, {before}); CREATE INDEX i ON t (d)"),
            &format!("INSERT INTO t VALUES {rows}"),
            &format!("CREATE TABLE t (id INTEGER PRIMARY KEY, {after}); CREATE INDEX i ON t (d)"),
        );
        back(&place, &Back::Last(1));
        let found = place.query("SELECT * FROM t").replace('|', ", ").replace('\n', "), (");
        assert_eq!(format!("({found})"), rows, "{after}");
        assert_eq!(place.query("PRAGMA integrity_check"), "'ok'", "{after}");
    }
}

#[test]
fn a_column_that_comes_back_by_itself_tells_rows_apart_as_well() {
    let make = || {
        changed(
            "CREATE TABLE t (n INT, b TEXT)",
            "INSERT INTO t VALUES (1, 'b1'), (2, 'b2'), (3, 'b3')",
            "CREATE TABLE t (n TEXT)",
        )
    };
    let place = make();
    place.sql("DELETE FROM t WHERE n = '3'; INSERT INTO t VALUES ('99')");
    back(&place, &Back::Last(1));
    assert_eq!(place.query("SELECT * FROM t"), "1|'b1'\n2|'b2'\n99|NULL");
    let place = make();
    place.sql("DELETE FROM t WHERE n = '1'; VACUUM");
    let report = back(&place, &Back::Last(1));
    assert_eq!(place.query("SELECT * FROM t"), "2|NULL\n3|NULL");
    contains(&report.warnings.concat(), &["3 rows of `t` were not found again"]);
}

#[test]
fn a_full_text_index_over_a_view_finds_what_came_back() {
    let place = Place::by_hand(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT); CREATE VIEW v AS SELECT id, a, b FROM t;
         CREATE VIRTUAL TABLE s USING fts5(a, b, content='v', content_rowid='id');
         INSERT INTO t VALUES (1, 'aa', 'bb'); INSERT INTO s (s) VALUES ('rebuild')",
    );
    without_model().baseline(place.path()).expect("a baseline");
    let two = "--: version 2.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE VIEW v AS SELECT id, a FROM t;
        CREATE VIRTUAL TABLE s USING fts5(a, content='v', content_rowid='id')";
    let migrator =
        Migrator::new(model(two)).removed(schema_runtime::RemovalPolicy::Drop).allow("L104").allow("L102");
    migrator.run(place.path()).unwrap_or_else(|err| panic!("{err}"));
    back(&place, &Back::Last(1));
    assert_eq!(place.query("SELECT rowid FROM s WHERE s MATCH 'bb'"), "1");
}

#[test]
fn unique_indexes_over_a_column_that_comes_back_are_built_when_rows_differ_again() {
    for (column, index) in [
        ("n TEXT NOT NULL DEFAULT 'q'", "t (n)"),
        ("n TEXT DEFAULT 'q'", "t (n)"),
        ("n TEXT DEFAULT 'q'", "t (n) WHERE id > 0"),
        ("n TEXT DEFAULT 'q'", "t (a) WHERE n = 'q'"),
        ("n TEXT DEFAULT 'q'", "t (lower(n))"),
    ] {
        let place = changed(
            &format!(
                "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, {column}); CREATE UNIQUE INDEX i ON {index}"
            ),
            "INSERT INTO t VALUES (1, 'x', 'n1'), (2, 'x', 'n2'), (3, 'x', 'n3')",
            "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
        );
        back(&place, &Back::Last(1));
        assert_eq!(place.query("SELECT n FROM t"), "'n1'\n'n2'\n'n3'", "{column} {index}");
        assert_eq!(place.query("PRAGMA integrity_check"), "'ok'");
    }
}

#[test]
fn a_strict_table_takes_its_values_back_though_it_does_not_take_those_of_between() {
    let place = changed(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER) STRICT",
        "INSERT INTO t VALUES (1, 5), (2, 6), (3, NULL)",
        "--: convert t.n 'a' || n\nCREATE TABLE t (id INTEGER PRIMARY KEY, n TEXT) STRICT",
    );
    assert_eq!(place.query("SELECT n FROM t"), "'a5'\n'a6'\nNULL");
    back(&place, &Back::Last(1));
    assert_eq!(place.query("SELECT n FROM t"), "5\n6\nNULL");
}

#[test]
fn rows_that_had_no_parent_before_the_revision_are_no_reason_to_refuse() {
    let place = changed(
        "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (id INTEGER PRIMARY KEY, p INT REFERENCES p (id))",
        "PRAGMA foreign_keys = OFF; INSERT INTO c VALUES (1, 99)",
        "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (id INTEGER PRIMARY KEY)",
    );
    back(&place, &Back::Last(1));
    assert_eq!(place.query("SELECT * FROM c"), "1|99");
}

#[test]
fn nulls_that_a_revision_filled_are_not_taken_for_values_of_since() {
    let place = changed(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, n TEXT)",
        "INSERT INTO t VALUES (1, NULL), (2, '5')",
        "--: convert t.n CAST(n AS INTEGER) + 1\nCREATE TABLE t (id INTEGER PRIMARY KEY, n INT NOT NULL DEFAULT 7)",
    );
    assert_eq!(place.query("SELECT n FROM t"), "7\n6");
    back(&place, &Back::Last(1));
    assert_eq!(place.query("SELECT n FROM t"), "'7'\n'5'");
}
