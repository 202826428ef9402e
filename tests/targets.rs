//! Targets that are no program's: another database, or a snapshot; and plans from one to another.

use schema_runtime::{BackupPolicy, ErrorKind, Migrator, Model, ModelOptions, Outcome, RemovalPolicy};

use crate::support::model::model;
use crate::support::place::Place;

/// The model of a database that `sql` made.
fn target(sql: &str) -> Model {
    Model::from_database(Place::by_hand(sql).path(), "main", &ModelOptions::new()).expect("a target")
}

fn migrator(sql: &str) -> Migrator {
    Migrator::for_model(target(sql)).backup(BackupPolicy::Never)
}

fn steps(migrator: &Migrator, place: &Place) -> Vec<String> {
    let report = migrator.clone().dry_run(true).run(place.path()).expect("a plan");
    report.steps.iter().map(|step| step.summary.clone()).collect()
}

#[test]
fn a_database_follows_another_one_with_its_rows() {
    let place =
        Place::by_hand("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t VALUES (7, 'x')");
    let wanted = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INT NOT NULL DEFAULT 3);
        CREATE INDEX t_b ON t (b); CREATE VIEW v AS SELECT a FROM t;
        CREATE TRIGGER g AFTER DELETE ON t BEGIN SELECT 1; END; CREATE VIRTUAL TABLE f USING fts5(a);
        INSERT INTO t VALUES (1, 'not copied', 1)";
    let report = migrator(wanted).run(place.path()).expect("a run");
    assert_eq!((report.outcome, report.version.as_str()), (Outcome::Migrated, "0"));
    assert_eq!(place.query("SELECT * FROM t"), "7|'x'|3");
    assert_eq!(
        place.query("SELECT name FROM sqlite_schema WHERE name IN ('t_b', 'v', 'g', 'f') ORDER BY 1"),
        "'f'\n'g'\n't_b'\n'v'"
    );
    let again = migrator(wanted).run(place.path()).expect("a run");
    assert_eq!(again.outcome, Outcome::UpToDate);
}

#[test]
fn what_a_target_does_not_say_is_meant() {
    const ROWS: &[(&str, &str, &[&str])] = &[
        ("CREATE TABLE t (a INT)", "CREATE TABLE t (a BIGINT)", &["alter type of t.a: INT -> BIGINT"]),
        ("CREATE TABLE t (a varchar(10))", "CREATE TABLE t (a VARCHAR (10))", &[]),
        (
            "CREATE TABLE t (a TEXT NOT NULL ON CONFLICT IGNORE)",
            "CREATE TABLE t (a TEXT NOT NULL)",
            &["alter nullability of t.a: NOT NULL ON CONFLICT IGNORE -> NOT NULL"],
        ),
        (
            "CREATE TABLE t (a TEXT, CONSTRAINT one UNIQUE (a))",
            "CREATE TABLE t (a TEXT UNIQUE)",
            &["alter constraint of t: CONSTRAINT one UNIQUE (a) -> UNIQUE (a)"],
        ),
        (
            "CREATE TABLE t (a TEXT UNIQUE ON CONFLICT REPLACE)",
            "CREATE TABLE t (a TEXT UNIQUE)",
            &["alter constraint of t: UNIQUE (a) ON CONFLICT REPLACE -> UNIQUE (a)"],
        ),
        (
            "CREATE TABLE t (a TEXT PRIMARY KEY DESC) WITHOUT ROWID",
            "CREATE TABLE t (a TEXT PRIMARY KEY) WITHOUT ROWID",
            &["alter primary key of t: PRIMARY KEY (a DESC) -> PRIMARY KEY (a)"],
        ),
    ];
    let mut found = Vec::new();
    for (live, wanted, _) in ROWS {
        let place = Place::by_hand(live);
        found.push((*live, *wanted, steps(&migrator(wanted), &place)));
        // A program's model says nothing of these and leaves them alone; a run brings the target about in one go.
        migrator(wanted).run(place.path()).expect("a run");
        assert_eq!(steps(&migrator(wanted), &place), Vec::<String>::new(), "{live} -> {wanted}");
    }
    let expected: Vec<_> = ROWS
        .iter()
        .map(|(live, wanted, steps)| {
            (*live, *wanted, steps.iter().map(|step| (*step).to_owned()).collect::<Vec<_>>())
        })
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn a_target_without_a_version_goes_there_and_back_and_keeps_the_version_of_the_program() {
    let place = Place::with_model("--: version 1.4.0\nCREATE TABLE t (a TEXT)");
    let (one, two) = ("CREATE TABLE t (a TEXT)", "CREATE TABLE t (a TEXT, b TEXT)");
    let drop = |sql: &str| migrator(sql).removed(RemovalPolicy::Drop);
    assert_eq!(drop(two).run(place.path()).expect("a run").version, "1.4.0");
    assert_eq!(drop(one).run(place.path()).expect("a run").outcome, Outcome::Migrated);
    assert_eq!(drop(two).run(place.path()).expect("a run").outcome, Outcome::Migrated);
    assert_eq!(
        place.query("SELECT version, status FROM migration_history ORDER BY id DESC LIMIT 1"),
        "'1.4.0'|'completed'"
    );
    assert_eq!(place.query("SELECT name FROM pragma_table_info('t') ORDER BY cid"), "'a'\n'b'");
}

#[test]
fn a_rename_is_told_beside_the_target() {
    let place = Place::by_hand(
        "CREATE TABLE old (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO old VALUES (1, 'kept')",
    );
    let mut model = target("CREATE TABLE new (id INTEGER PRIMARY KEY, b TEXT)");
    model.rename_table("old", "new").expect("a rename");
    model.rename_column("new", "a", "b").expect("a rename");
    Migrator::for_model(model.clone()).backup(BackupPolicy::Never).run(place.path()).expect("a run");
    assert_eq!(place.query("SELECT b FROM new"), "'kept'");

    for (result, cause) in [
        (model.rename_table("x", "nothing"), "the model has no table `nothing`"),
        (model.rename_table("new", "new2"), "the model has no table `new2`"),
        (model.rename_column("new", "a", "c"), "the model has no column of the new name"),
        (model.rename_column("new", "id", "b"), "the model still has a column of the old name"),
    ] {
        let error = result.expect_err(cause);
        assert_eq!(error.kind(), ErrorKind::Model);
        assert!(error.to_string().contains(cause), "{error}");
    }
}

#[test]
fn a_snapshot_in_json_is_a_target_and_one_that_contradicts_itself_is_none() {
    let place = Place::with_model(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT CHECK (a <> '')); CREATE INDEX i ON t (a)",
    );
    let history = Migrator::new(model("CREATE TABLE t (a)")).history(place.path()).expect("a history");
    let json = history.last().and_then(|revision| revision.snapshot.clone()).expect("a snapshot");
    let read = |json: &str| Model::from_snapshot(json, "s.json", Some("main"), &ModelOptions::new());
    let new = Place::new();
    Migrator::for_model(read(&json).expect("a model")).run(new.path()).expect("a run");
    let schema = "SELECT sql FROM sqlite_schema WHERE tbl_name = 't' ORDER BY name";
    assert_eq!(new.query(schema), place.query(schema));

    let edited =
        json.replace("\"name\":\"a\",\"type_name\":\"TEXT\"", "\"name\":\"a\",\"type_name\":\"BLOB\"");
    assert_ne!(edited, json);
    for (text, cause) in [
        (edited.as_str(), "its SQL texts and what is said beside them differ"),
        ("{}", "missing field"),
        ("CREATE TABLE t (a)", "expected value"),
    ] {
        let error = read(text).expect_err(cause);
        assert_eq!(error.kind(), ErrorKind::Model, "{error}");
        assert!(error.to_string().contains(cause), "{error}");
    }
}

#[test]
fn what_is_missing_for_a_target_is_said_and_nothing_is_made() {
    let place = Place::new();
    let open = |name: &str| {
        let path = place.folder().join(name);
        place
            .unchanged_by(|| Model::from_database(path, "main", &ModelOptions::new()).expect_err("no target"))
    };
    assert_eq!(open("nothing.db").kind(), ErrorKind::Open);
    std::fs::write(place.folder().join("text.db"), "CREATE TABLE t (a); and so on, and so on")
        .expect("a file");
    assert_eq!(open("text.db").kind(), ErrorKind::NotADatabase);
    let error = Migrator::for_model(target("CREATE TABLE migration_history (a)"))
        .history_table("migration_history")
        .run(place.path());
    // The history of the other database is no part of the target.
    assert_eq!(error.expect("a run").outcome, Outcome::Created);
    let named = Place::by_hand("CREATE TABLE h (a)");
    let model = Model::from_database(named.path(), "main", &ModelOptions::new()).expect("a target");
    let error = Migrator::for_model(model).history_table("h").run(place.path()).expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Model);
}

#[test]
fn two_targets_are_compared_with_renames_and_removals_and_no_database() {
    let from = target("CREATE TABLE a (id INTEGER PRIMARY KEY, x TEXT, gone TEXT); CREATE TABLE b (y)");
    let mut to = target("CREATE TABLE a (id INTEGER PRIMARY KEY, z TEXT, new INT)");
    to.rename_column("a", "x", "z").expect("a rename");
    let plan = Migrator::for_model(to.clone()).diff(&from).expect("a plan");
    let changes: Vec<String> = plan.changes().map(ToString::to_string).collect();
    assert_eq!(
        changes,
        ["rename column a.x to z", "drop column a.gone", "add column a.new", "drop table b"],
        "{plan}"
    );
    assert!(Migrator::for_model(to.clone()).diff(&to).expect("a plan").is_empty());
    let program = model("CREATE TABLE a (id INTEGER PRIMARY KEY, z TEXT, new INTEGER)");
    let options = ModelOptions::new();
    assert_eq!(Migrator::new(program).diff(&to).expect("a plan").to_string(), "nothing to do");
    let of = Model::of(program, &options).expect("a model");
    assert_eq!(Migrator::for_model(to).diff(&of).expect("a plan").changes().count(), 1);
}
