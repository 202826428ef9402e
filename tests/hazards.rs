//! `docs/hazards.md` has a section on each hazard, and the hazards that concern a plan as a whole are raised.

use std::collections::BTreeSet;

use schema_runtime::HazardCode;

use crate::support::place::Place;

const PAGE: &str = include_str!("../docs/hazards.md");

#[test]
fn every_hazard_has_a_section_and_every_section_a_hazard() {
    let codes: BTreeSet<&str> = HazardCode::all().map(HazardCode::code).collect();
    let heads: Vec<&str> =
        PAGE.lines().filter_map(|line| line.strip_prefix("## ")?.split(':').next()).collect();
    assert_eq!(heads.iter().copied().collect::<BTreeSet<_>>(), codes);
    assert_eq!(heads.len(), codes.len(), "a code has two sections");
    assert!(heads.is_sorted(), "the sections are in the order of the codes");
    for section in PAGE.split("\n## ").skip(1) {
        let instead = section.split("Instead: ").nth(1).and_then(|rest| rest.split("Allow it").next());
        assert!(section.contains("Allow it"), "{section}");
        assert!(instead.is_some_and(|instead| instead.contains("```")), "no text to paste:\n{section}");
    }
}

#[test]
fn a_code_is_read_as_it_is_written() {
    for code in HazardCode::all() {
        assert_eq!(HazardCode::from_code(code.code()), Some(code));
        assert_eq!(serde_json::to_value(code).expect("JSON"), code.code());
    }
}

fn codes(report: &schema_runtime::Report) -> Vec<HazardCode> {
    report.plan.hazards().map(|hazard| hazard.code).collect()
}

#[test]
fn a_plan_that_keeps_others_waiting_says_so_once() {
    let place = Place::with_model("CREATE TABLE t (a INTEGER, b INTEGER UNIQUE); CREATE TABLE u (a INTEGER)");
    place.sql(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900000) INSERT INTO t SELECT i, i FROM n;
         INSERT INTO u VALUES (1)",
    );
    let after = "CREATE TABLE t (a TEXT, b INTEGER UNIQUE); CREATE TABLE u (a TEXT)";
    let report = place.run_with(after, |migrator| migrator.dry_run(true));
    assert_eq!(
        codes(&report).iter().filter(|code| **code == HazardCode::LongLock).count(),
        1,
        "{}",
        report.plan
    );
    let on = report.plan.hazards().find(|hazard| hazard.code == HazardCode::LongLock);
    assert!(on.is_some_and(|hazard| hazard.object == "t" && hazard.text.contains("cannot write for about ")));
    place.sql("DELETE FROM t WHERE a > 5");
    assert!(!codes(&place.run(after)).contains(&HazardCode::LongLock));
}

#[test]
fn a_view_that_goes_is_a_hazard_and_one_that_changes_is_none() {
    let place = Place::with_model("CREATE TABLE t (a TEXT); CREATE VIEW v AS SELECT a FROM t");
    let changed = place.run("CREATE TABLE t (a TEXT); CREATE VIEW v AS SELECT a AS b FROM t");
    assert_eq!(codes(&changed), []);
    assert_eq!(codes(&place.run("CREATE TABLE t (a TEXT)")), [HazardCode::Removal]);
}

#[test]
fn a_defect_of_the_engine_is_named_where_rows_are_written() {
    for (mode, concerned) in [("DELETE", false), ("WAL", rusqlite::version_number() < 3_051_003)] {
        let place = Place::with_model("CREATE TABLE t (a INTEGER); CREATE TABLE u (a INTEGER)");
        place.sql(&format!(
            "PRAGMA journal_mode = {mode}; INSERT INTO t VALUES (1); INSERT INTO u VALUES (1)"
        ));
        let report = place.run("CREATE TABLE t (a INTEGER, b INTEGER); CREATE TABLE u (a INTEGER)");
        assert!(!codes(&report).contains(&HazardCode::Engine), "{}", report.plan);
        let report = place.run("CREATE TABLE t (a TEXT, b INTEGER); CREATE TABLE u (a TEXT)");
        let found = codes(&report).iter().filter(|code| **code == HazardCode::Engine).count();
        assert_eq!(found, usize::from(concerned), "{mode}\n{}", report.plan);
    }
}

/// The hazards of hygiene, as they are shown.
fn hygiene(report: &schema_runtime::Report) -> Vec<String> {
    let hazards = report.plan.hazards().filter(|hazard| hazard.code.code().starts_with("L5"));
    hazards.map(ToString::to_string).collect()
}

#[test]
fn a_foreign_key_that_no_index_helps_is_told_when_it_comes_and_when_its_index_goes() {
    let parent = "CREATE TABLE p (id INTEGER PRIMARY KEY, x INT, UNIQUE (x, id));";
    let child = |columns: &str| format!("{parent} CREATE TABLE t (id INTEGER PRIMARY KEY, {columns}");
    let told = "L508 t.p: no index begins with it, so that each delete in p reads all of t";
    let index = "CREATE INDEX i ON t (p, id)";
    let place = Place::with_model(&child("p INTEGER)"));
    place.sql("INSERT INTO p VALUES (1, 2); INSERT INTO t VALUES (1, 1)");
    let bare = child("p INTEGER REFERENCES p (id))");
    assert_eq!(hygiene(&place.run(&bare)), [told]);
    assert_eq!(hygiene(&place.run(&child("p INTEGER REFERENCES p (id), b TEXT)"))), [""; 0], "said once");
    let indexed = child(&format!("p INTEGER REFERENCES p (id), b TEXT); {index}"));
    assert_eq!(hygiene(&place.run(&indexed)), [""; 0]);
    let dropped = child("p INTEGER REFERENCES p (id), b TEXT)");
    assert_eq!(hygiene(&place.run(&format!("--: version 2\n{dropped}"))), [told]);
    assert_eq!(hygiene(&Place::new().run(&bare)), [told]);
    for helped in [
        "p INTEGER UNIQUE REFERENCES p (id))",
        "p INTEGER, b TEXT, UNIQUE (p, b), FOREIGN KEY (p) REFERENCES p (id))",
        "p INTEGER, b INTEGER, FOREIGN KEY (b, p) REFERENCES p (x, id)); CREATE INDEX i ON t (p)",
    ] {
        assert_eq!(hygiene(&Place::new().run(&child(helped))), [""; 0], "{helped}");
    }
}

#[test]
fn an_index_that_begins_as_another_does_is_told() {
    let with = |indexes: &str| format!("CREATE TABLE t (a TEXT, b TEXT); {indexes}");
    let told = |indexes: &str| hygiene(&Place::new().run(&with(indexes)));
    let text = |index: &str, other: &str| {
        format!("L509 {index}: {other} begins with the same columns and finds all that it does")
    };
    assert_eq!(told("CREATE INDEX i ON t (a); CREATE INDEX j ON t (a, b)"), [text("i", "j")]);
    assert_eq!(told("CREATE INDEX i ON t (a); CREATE INDEX j ON t (A)"), [text("j", "i")]);
    assert_eq!(told("CREATE UNIQUE INDEX j ON t (a); CREATE INDEX k ON t (a)"), [text("k", "j")]);
    for other in [
        "CREATE INDEX i ON t (a); CREATE INDEX j ON t (b, a)",
        "CREATE INDEX i ON t (a DESC); CREATE INDEX j ON t (a, b)",
        "CREATE INDEX i ON t (a COLLATE NOCASE); CREATE INDEX j ON t (a, b)",
        "CREATE INDEX i ON t (a); CREATE INDEX j ON t (a, b) WHERE b > 'x'",
        "CREATE UNIQUE INDEX i ON t (a); CREATE INDEX j ON t (a, b)",
    ] {
        assert_eq!(told(other), [""; 0], "{other}");
    }
}
