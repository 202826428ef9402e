//! Going back where somebody else has changed the file meanwhile, and a start has taken note of it.

use schema_runtime::{Back, ErrorKind, Migrator, Model, Outcome};

use crate::rollback::{back, started, without_model};
use crate::support::model::model;
use crate::support::place::{Place, contains};

const ONE: &str = "--: version 1.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)";
const TWO: &str = "--: version 2.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)";
const THREE: &str = "--: version 3.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)";

fn refused(place: &Place, parts: &[&str]) {
    let error = place.unchanged_by(|| {
        without_model().rollback(place.path(), &Back::Last(1)).expect_err("something came beside it")
    });
    assert_eq!(error.kind(), ErrorKind::Drift, "{error}");
    contains(&error.to_string(), parts);
}

fn standing(place: &Place) -> String {
    place.query("SELECT id, version, status FROM migration_history WHERE kind = 'automatic' ORDER BY id")
}

/// What was added by hand, and how it is taken away again.
const BY_HAND: [(&str, &str, &str); 3] = [
    ("CREATE TABLE f (x)", "DROP TABLE f", "since then: create table f"),
    ("CREATE INDEX f ON t (a)", "DROP INDEX f", "since then: create index f on t"),
    ("ALTER TABLE t ADD COLUMN f", "ALTER TABLE t DROP COLUMN f", "since then: add column t.f"),
];

#[test]
fn what_a_start_has_noted_is_named_and_is_no_revision_to_go_back_over() {
    for (added, gone, named) in BY_HAND {
        let place = Place::new();
        started(&place, ONE);
        started(&place, TWO);
        place.sql(added);
        assert_eq!(started(&place, TWO).outcome, Outcome::UpToDate);
        refused(&place, &["the catalog is no longer what revision 2 left", named]);
        place.sql(gone);
        back(&place, &Back::Last(1));
        assert_eq!(place.query("SELECT group_concat(name) FROM pragma_table_info('t')"), "'id,a'");
        assert_eq!(
            standing(&place),
            "1|'1.0.0'|'completed'\n2|'2.0.0'|'rolled_back'\n3|'2.0.0'|'rolled_back'"
        );
        let error = Migrator::new(model(TWO)).run(place.path()).expect_err("it was rolled back");
        assert_eq!(error.kind(), ErrorKind::RolledBack, "{error}");
        assert_eq!(started(&place, ONE).outcome, Outcome::UpToDate);
        let gone = Back::ToVersion("1.0.0".to_owned());
        assert_eq!(back(&place, &gone).outcome, Outcome::UpToDate);
    }
}

#[test]
fn what_was_added_and_taken_away_between_starts_leads_nowhere_else() {
    for (added, gone, _) in BY_HAND {
        let place = Place::new();
        started(&place, ONE);
        started(&place, TWO);
        for sql in [added, gone, added, gone] {
            place.sql(sql);
            started(&place, TWO);
        }
        back(&place, &Back::ToVersion("1.0.0".to_owned()));
        assert_eq!(place.query("SELECT group_concat(name) FROM pragma_table_info('t')"), "'id,a'");
    }
}

#[test]
fn a_version_that_changed_nothing_goes_back_and_what_came_beside_it_stays() {
    let place = Place::new();
    started(&place, ONE);
    started(&place, TWO);
    place.sql("CREATE TABLE f (x); INSERT INTO f VALUES (5); CREATE INDEX fi ON t (a)");
    place.sql("ALTER TABLE t ADD COLUMN fc; INSERT INTO t VALUES (1, 'a', 'b', 'c')");
    assert_eq!(started(&place, THREE).outcome, Outcome::UpToDate);
    let there = "SELECT * FROM t; SELECT * FROM f";
    let rows: Vec<String> = there.split("; ").map(|sql| place.query(sql)).collect();
    back(&place, &Back::Last(1));
    // The version of before does not take it for its own.
    let report = started(&place, TWO);
    assert_eq!(report.outcome, Outcome::UpToDate, "{report}");
    let now: Vec<String> = there.split("; ").map(|sql| place.query(sql)).collect();
    assert_eq!(now, rows);
    assert_eq!(place.query("SELECT count(*) FROM sqlite_schema WHERE name = 'fi'"), "1");
    refused(&place, &["the catalog is no longer what revision 2 left", "since then: create table f"]);
}

#[test]
fn a_start_between_those_of_another_model_bars_neither_from_going_back() {
    let place = Place::new();
    let audit = |columns: &str| {
        format!(
            "--: model audit\n--: version 1.0.{}\nCREATE TABLE log (id INTEGER PRIMARY KEY{columns})",
            columns.len()
        )
    };
    let audit_back = || {
        Migrator::for_model(Model::empty("audit"))
            .rollback(place.path(), &Back::Last(1))
            .expect("the newer one");
    };
    started(&place, &audit(""));
    started(&place, ONE);
    started(&place, TWO);
    started(&place, &audit(", n TEXT"));
    assert_eq!(started(&place, TWO).outcome, Outcome::UpToDate);
    refused(&place, &["since then: add column log.n", "roll model `audit` back first"]);
    audit_back();
    back(&place, &Back::Last(1));
    back(&place, &Back::Last(1));
    audit_back();
    assert_eq!(place.query("SELECT count(*) FROM sqlite_schema WHERE name IN ('t', 'log')"), "0");
}
