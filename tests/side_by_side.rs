//! Programs of two versions, as processes that are started side by side on one file: they never undo each other.
//!
//! The processes are this test binary again, with a model and settings in variables of the environment.

use std::process::{Command, Stdio};

use schema_runtime::Migrator;

use crate::support::model::model;
use crate::support::place::Place;

const FILE: &str = "SCHEMA_TEST_SIDE_FILE";
const MODEL: &str = "SCHEMA_TEST_SIDE_MODEL";
const REVERT: &str = "SCHEMA_TEST_SIDE_REVERT";

/// One start of a program. In an ordinary run of the tests it has nothing to do.
#[test]
fn one_program() {
    let (Ok(file), Ok(sql)) = (std::env::var(FILE), std::env::var(MODEL)) else { return };
    let mut migrator = Migrator::new(model(&sql)).lock_wait(std::time::Duration::from_secs(60));
    if std::env::var_os(REVERT).is_some() {
        migrator = migrator.allow_revert();
    }
    match migrator.run(&file) {
        Ok(report) => println!("side: {:?}", report.outcome),
        Err(error) => println!("side: {:?}", error.kind()),
    }
}

/// Starts a process for each model at once, and says how each ended.
fn starts(place: &Place, models: &[&str], revert: bool) -> Vec<String> {
    let spawn = |sql: &&str| {
        let mut command = Command::new(std::env::current_exe().expect("this binary"));
        command.args(["side_by_side::one_program", "--exact", "--nocapture", "--test-threads=1"]);
        command.env(FILE, place.path()).env(MODEL, sql).stdout(Stdio::piped()).stderr(Stdio::null());
        if revert {
            command.env(REVERT, "1");
        }
        command.spawn().expect("a process")
    };
    let children: Vec<_> = models.iter().map(spawn).collect();
    let told = |child: std::process::Child| {
        let output = child.wait_with_output().expect("the end");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let line = text.lines().find_map(|line| line.split_once("side: ")).map(|(_, word)| word.to_owned());
        line.unwrap_or_else(|| format!("nothing was told: {text}"))
    };
    children.into_iter().map(told).collect()
}

fn columns(place: &Place) -> String {
    place.query("SELECT group_concat(name) FROM pragma_table_info('t')")
}

const ONE: &str = "--: version 1.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)";
const ADDS: &str = "--: version 2.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INT)";
const RULES: &str =
    "--: version 2.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL DEFAULT '' CHECK (a <> 'x'))";

#[test]
fn where_the_newer_only_adds_the_older_runs_and_changes_nothing() {
    for mode in ["DELETE", "WAL"] {
        let place = Place::new();
        place.sql(&format!("PRAGMA journal_mode = {mode}"));
        place.run(ONE);
        for _ in 0..3 {
            for told in starts(&place, &[ONE, ADDS, ONE, ADDS], false) {
                assert!(["UpToDate", "Migrated", "NewerDatabase"].contains(&told.as_str()), "{told}");
            }
        }
        assert_eq!(starts(&place, &[ONE], false), ["NewerDatabase"]);
        assert_eq!(columns(&place), "'id,a,b'");
        assert_eq!(
            place.query("SELECT version, status FROM migration_history"),
            "'1.0.0'|'completed'\n'2.0.0'|'completed'"
        );
    }
}

#[test]
fn where_the_newer_has_rules_that_the_older_does_not_know_the_older_is_refused() {
    let place = Place::with_model(ONE);
    let told = starts(&place, &[RULES, RULES, ONE], false);
    // The older one may have been there first; then it found its own schema.
    assert!(told[2] == "NewerDatabase" || told[2] == "UpToDate", "{told:?}");
    let rules = place.query("SELECT sql FROM sqlite_schema WHERE name = 't'");
    assert!(rules.contains("CHECK"), "{rules}");
    let error = place.refused(ONE, schema_runtime::ErrorKind::NewerDatabase).to_string();
    assert!(error.contains("2.0.0") && error.contains("1.0.0"), "{error}");
    assert_eq!(place.query("SELECT sql FROM sqlite_schema WHERE name = 't'"), rules);
}

#[test]
fn of_two_models_of_one_version_the_later_stands() {
    let other = ADDS.replace("b INT", "c INT").replace("2.0.0", "1.0.0");
    let place = Place::with_model(ONE);
    assert_eq!(starts(&place, &[&other], false), ["Migrated"]);
    for told in starts(&place, &[ONE, &other, ONE], false) {
        assert!(["UpToDate", "NewerDatabase"].contains(&told.as_str()), "{told}");
    }
    assert_eq!(columns(&place), "'id,a,c'");
    assert_eq!(place.query("SELECT count(*) FROM migration_history"), "2");
}

#[test]
fn a_step_back_on_purpose_is_one_revision_and_the_newer_program_is_then_the_stranger() {
    let place = Place::with_model(ONE);
    assert_eq!(starts(&place, &[ADDS], false), ["Migrated"]);
    let told = starts(&place, &[ONE, ONE], true);
    assert!(told.iter().all(|told| told == "UpToDate" || told == "Migrated"), "{told:?}");
    // What the older model does not declare is retired, and kept.
    assert_eq!(columns(&place), "'id,a,b'");
    let after = place.query("SELECT count(*) FROM migration_history");
    assert_eq!(starts(&place, &[ONE], true), ["UpToDate"]);
    assert_eq!(place.query("SELECT count(*) FROM migration_history"), after);
}

#[test]
fn a_version_that_was_rolled_back_is_refused_in_every_process_and_the_older_one_runs() {
    let place = Place::with_model(ONE);
    place.run(ADDS);
    let migrator = Migrator::for_model(schema_runtime::Model::empty("main"));
    migrator.rollback(place.path(), &schema_runtime::Back::Last(1)).expect("a rollback");
    for _ in 0..2 {
        assert_eq!(
            starts(&place, &[ADDS, ONE, ADDS, ONE], false),
            ["RolledBack", "UpToDate", "RolledBack", "UpToDate"]
        );
    }
    assert_eq!(columns(&place), "'id,a'");
}
