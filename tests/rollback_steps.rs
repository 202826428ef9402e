//! Steps of a revision that are undone while the rest of it stands.

use schema_runtime::{Back, ErrorKind, Migrator, Outcome, RemovalPolicy, Report};

use crate::rollback::{back, counts, started, without_model};
use crate::support::model::model;
use crate::support::place::{Place, contains};

/// Version 1.0.0 of these statements with `rows`, then version 2.0.0 of the others.
fn changed(before: &str, rows: &str, after: &str) -> Place {
    let place = Place::new();
    started(&place, &format!("--: version 1.0.0\n{before}"));
    place.sql(rows);
    let migrator = Migrator::new(model(&two(after))).removed(RemovalPolicy::Drop).allow("L103");
    migrator.run(place.path()).unwrap_or_else(|err| panic!("{after}\n{err}"));
    place
}

fn two(after: &str) -> String {
    format!("--: version 2.0.0\n{after}")
}

/// The number of the step of the way back with this text.
fn step(place: &Place, text: &str) -> usize {
    let report = dry(place, &Back::Last(1));
    let at = report.plan.steps.iter().position(|step| step.summary().contains(text));
    at.unwrap_or_else(|| panic!("no {text} in {}", report.plan)) + 1
}

fn dry(place: &Place, back: &Back) -> Report {
    let migrator = without_model().dry_run(true).allow("L101");
    place.unchanged_by(|| migrator.rollback(place.path(), back).unwrap_or_else(|err| panic!("{err}")))
}

fn steps(place: &Place, texts: &[&str]) -> Back {
    Back::Steps(texts.iter().map(|text| step(place, text)).collect())
}

fn refused(place: &Place, back: &Back, kind: ErrorKind, parts: &[&str]) {
    let error = place.unchanged_by(|| without_model().rollback(place.path(), back).expect_err("refused"));
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.help_line().is_some() && error.state_line().is_some(), "{error}");
    contains(&error.to_string(), parts);
}

const BEFORE: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT); CREATE TABLE u (id INTEGER PRIMARY KEY, n TEXT)";
const AFTER: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, c INT);
     CREATE TABLE u (id INTEGER PRIMARY KEY, n INT); CREATE INDEX by_a ON t (a); CREATE TABLE w (x)";

#[test]
fn one_step_goes_with_its_values_and_the_others_stand() {
    let place = changed(
        BEFORE,
        "INSERT INTO t VALUES (1, 'a', 'b'), (2, 'A', 'B'); INSERT INTO u VALUES (1, '5')",
        AFTER,
    );
    place.sql("UPDATE t SET c = 7; DELETE FROM t WHERE id = 2; INSERT INTO t VALUES (3, 'new', 9); INSERT INTO w VALUES (1)");
    let of_b = steps(&place, &["add column t.b"]);
    let planned = dry(&place, &of_b);
    assert_eq!(planned.outcome, Outcome::PlannedOnly);
    assert!(
        planned
            .plan
            .changes()
            .all(|change| change.to_string().contains("t.b") || change.to_string().contains("column order")),
        "{}",
        planned.plan
    );

    let report = back(&place, &of_b);
    assert_eq!((report.outcome, report.version.as_str()), (Outcome::RolledBack, "2.0.0"));
    assert_eq!(counts(&report), ["t.b: 1 restored, 1 kept as they are, 1 of the backup without a row"]);
    assert_eq!(place.query("SELECT id, a, b, c FROM t"), "1|'a'|'b'|7\n3|'new'|NULL|9");
    assert_eq!(place.query("SELECT typeof(n) FROM u"), "'integer'");
    assert_eq!(place.query("SELECT count(*) FROM w"), "1");
    assert_eq!(place.query("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql NOTNULL"), "'by_a'");
    let history = without_model().history(place.path()).expect("a history");
    let last = history.last().expect("a row");
    assert_eq!((last.kind.as_str(), last.version.as_str()), ("rollback", "2.0.0"));
    contains(&last.name, &["rollback of step", "of revision 2: add column t.b"]);

    // The model of the revision does not make it again by itself; on demand it does.
    let start = |migrator: Migrator| migrator.removed(RemovalPolicy::Drop).run(place.path());
    let error = place.unchanged_by(|| start(Migrator::new(model(&two(AFTER)))).expect_err("rolled back"));
    assert_eq!(error.kind(), ErrorKind::RolledBack, "{error}");
    let again = start(Migrator::new(model(&two(AFTER))).reapply()).expect("applied again");
    assert_eq!(again.applied, ["drop column t.b"]);
    assert_eq!(start(Migrator::new(model(&two(AFTER)))).expect("a start").outcome, Outcome::UpToDate);
}

#[test]
fn what_was_undone_alone_can_be_made_again_and_the_whole_goes_back_over_it() {
    let make = || {
        let place = changed(
            BEFORE,
            "INSERT INTO t VALUES (1, 'a', 'b'); INSERT INTO u VALUES (1, '007x'), (2, '5')",
            AFTER,
        );
        place.sql("UPDATE t SET c = 7");
        let report = back(&place, &steps(&place, &["drop column t.c"]));
        assert_eq!(report.warnings, ["`t.c` went with 1 values that are not NULL; the backup has them"]);
        assert_eq!(place.query("SELECT group_concat(name) FROM pragma_table_info('t')"), "'id,a'");
        place
    };
    // Back over the rollback of the step: it is made again, with its values.
    let place = make();
    let candidates = without_model().rollback_candidates(place.path()).expect("candidates");
    let shown: Vec<_> = candidates
        .iter()
        .map(|one| (one.revision, one.to_version.as_str(), one.refused.as_deref()))
        .collect();
    assert_eq!(shown, [(3, "2.0.0", None), (2, "1.0.0", None), (1, "0", None)]);
    back(&place, &Back::Last(1));
    assert_eq!(place.query("SELECT * FROM t"), "1|'a'|7");
    let start = Migrator::new(model(&two(AFTER))).removed(RemovalPolicy::Drop).run(place.path());
    assert_eq!(start.expect("a start").outcome, Outcome::UpToDate);

    // And over both, to the schema and the values of before.
    let place = make();
    back(&place, &Back::Last(2));
    assert_eq!(place.query("SELECT * FROM t"), "1|'a'|'b'");
    assert_eq!(place.query("SELECT * FROM u"), "1|'007x'\n2|'5'");
    assert_eq!(started(&place, &format!("--: version 1.0.0\n{BEFORE}")).outcome, Outcome::UpToDate);
}

#[test]
fn several_steps_go_together_and_a_table_comes_back_whole() {
    let place = changed(
        "CREATE TABLE gone (id INTEGER PRIMARY KEY, x TEXT); CREATE TABLE t (id INTEGER PRIMARY KEY, n TEXT, s TEXT)",
        "INSERT INTO gone VALUES (1, 'x'); INSERT INTO t VALUES (1, '007', 's'), (2, '8', 'S')",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, n INT, d TEXT DEFAULT 'd'); CREATE VIEW v AS SELECT n FROM t",
    );
    place.sql("UPDATE t SET n = 9 WHERE id = 2");
    // The steps of `t` are one rebuild, or several edits: together they are all that it was.
    let of_t: Vec<usize> = dry(&place, &Back::Last(1))
        .plan
        .steps
        .iter()
        .enumerate()
        .filter(|(_, step)| step.object == "t" && !step.changes.is_empty())
        .map(|(at, _)| at + 1)
        .collect();
    let report = back(&place, &Back::Steps([of_t, vec![step(&place, "create table gone")]].concat()));
    assert_eq!(place.query("SELECT * FROM t"), "1|'007'|'s'\n2|'9'|'S'");
    assert_eq!(place.query("SELECT * FROM gone"), "1|'x'");
    assert_eq!(place.query("SELECT * FROM v"), "'007'\n'9'");
    assert_eq!(report.restored.len(), 3, "{:?}", report.restored);
}

#[test]
fn rows_are_known_by_a_key_that_keeps_its_new_name() {
    let place = changed(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, k TEXT NOT NULL UNIQUE, x TEXT)",
        "INSERT INTO t VALUES (1, 'one', 'x1'), (2, 'two', 'x2')",
        "--: renamed_from t.key k\n--: renamed_from t.number id\nCREATE TABLE t (number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE)",
    );
    place.sql("UPDATE t SET number = number + 10");
    let report = back(&place, &steps(&place, &["add column t.x"]));
    // The primary key: a row whose number has changed is another one.
    assert_eq!(counts(&report), ["t.x: 0 restored, 2 kept as they are, 2 of the backup without a row"]);
    place.sql("UPDATE t SET number = number - 10");
    back(&place, &Back::Last(1));
    let report = back(&place, &steps(&place, &["add column t.x"]));
    assert_eq!(counts(&report), ["t.x: 2 restored, 0 kept as they are, 0 of the backup without a row"]);
    assert_eq!(place.query("SELECT number, key, x FROM t"), "1|'one'|'x1'\n2|'two'|'x2'");
}

#[test]
fn steps_that_speak_of_a_name_of_before_go_with_its_rename() {
    let place = changed(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT)",
        "INSERT INTO t VALUES (1, 'x1'), (2, 'x2')",
        "--: renamed_from u t\nCREATE TABLE u (id INTEGER PRIMARY KEY)",
    );
    refused(
        &place,
        &steps(&place, &["add column t.x"]),
        ErrorKind::Dependent,
        &["does not stand without step", "no such table", "together"],
    );
    let both = steps(&place, &["add column t.x", "rename table u to t"]);
    back(&place, &both);
    assert_eq!(place.query("SELECT id, x FROM t"), "1|'x1'\n2|'x2'");
}

#[test]
fn an_index_or_trigger_of_the_revision_outlives_the_rebuild_of_its_table() {
    let place = changed(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE, b TEXT); CREATE TABLE log (x)",
        "INSERT INTO t VALUES (1, 'a', 'b')",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT); CREATE TABLE log (x); CREATE INDEX by_b ON t (b);
         CREATE TRIGGER note AFTER INSERT ON t BEGIN INSERT INTO log VALUES (new.id); END",
    );
    back(&place, &steps(&place, &["UNIQUE"]));
    place.sql("INSERT INTO t VALUES (2, 'b', 'c')");
    assert_eq!(place.query("SELECT * FROM log"), "2");
    assert_eq!(
        place.query(
            "SELECT name FROM sqlite_schema WHERE type IN ('index', 'trigger') AND sql NOTNULL ORDER BY name"
        ),
        "'by_b'\n'note'"
    );
    assert_eq!(place.query("SELECT count(*) FROM pragma_index_list('t') WHERE origin = 'u'"), "1");
}

#[test]
fn what_the_rest_needs_does_not_go_alone() {
    let place = changed(
        "CREATE TABLE t (id INTEGER PRIMARY KEY)",
        "INSERT INTO t VALUES (1)",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, c INT); CREATE VIEW v AS SELECT c FROM t; CREATE INDEX by_c ON t (c)",
    );
    let of_c = steps(&place, &["drop column t.c"]);
    refused(&place, &of_c, ErrorKind::Dependent, &["the rest of revision 2 does not stand without step"]);
    let all = steps(&place, &["drop column t.c", "drop index by_c", "drop view v"]);
    back(&place, &all);
    assert_eq!(place.query("SELECT name FROM sqlite_schema WHERE name NOT LIKE 'migration%' AND name NOT LIKE '%schema%' AND name NOT LIKE 'sqlite%'"), "'t'");
}

#[test]
fn a_number_that_is_no_step_is_refused_with_those_that_are() {
    let place = changed(BEFORE, "", AFTER);
    for number in [0, 99] {
        refused(
            &place,
            &Back::Steps(vec![number]),
            ErrorKind::History,
            &[&format!("has no step {number}"), "step 1: ", "dry run"],
        );
    }
    let empty = Place::by_hand("CREATE TABLE t (a)");
    without_model().baseline(empty.path()).expect("a baseline");
    refused(&empty, &Back::Steps(vec![1]), ErrorKind::History, &["no revision of model `main` stands"]);
}

#[test]
fn steps_of_a_catalog_that_was_changed_since_are_not_touched() {
    let place = changed(BEFORE, "", AFTER);
    let of_b = steps(&place, &["add column t.b"]);
    place.sql("ALTER TABLE t ADD COLUMN hotfix");
    refused(&place, &of_b, ErrorKind::Drift, &["add column t.hotfix"]);
}
