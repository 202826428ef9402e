//! Tables that a numbered migration rebuilds by hand, or drops: the rows of others that refer to them.

use std::fs;

use rusqlite::config::DbConfig;
use schema_runtime::{
    Error, ErrorKind, Migration, MigrationContext, MigrationResult, Migrations, Migrator, Model,
};

use crate::support::model::model;
use crate::support::place::{Place, contains};

const BEFORE: &str = "CREATE TABLE team (id INTEGER PRIMARY KEY, name, boss INT REFERENCES team (id) ON DELETE CASCADE);
    CREATE TABLE person (id INTEGER PRIMARY KEY, team INT REFERENCES team (id) ON DELETE CASCADE);
    CREATE TABLE note (id INTEGER PRIMARY KEY, team INT REFERENCES team (id) ON DELETE SET NULL);
    CREATE TABLE seat (id INTEGER PRIMARY KEY, team INT REFERENCES team (id) ON DELETE RESTRICT);
    INSERT INTO team VALUES (1, 'a', NULL), (2, 'b', 1);
    INSERT INTO person VALUES (1, 1), (2, 2); INSERT INTO note VALUES (1, 1); INSERT INTO seat VALUES (1, 2);";

/// SQLite's procedure, without the pragma at its begin and end.
const REBUILD: &str = "CREATE TABLE new_team (id INTEGER PRIMARY KEY, name TEXT NOT NULL, boss INT REFERENCES team (id) ON DELETE CASCADE);
    INSERT INTO new_team SELECT id, name, boss FROM team;
    DROP TABLE team;
    ALTER TABLE new_team RENAME TO team;";

const ROWS: &str = "SELECT 'team', id, boss FROM team UNION ALL SELECT 'person', id, team FROM person
    UNION ALL SELECT 'note', id, team FROM note UNION ALL SELECT 'seat', id, team FROM seat";

fn filled() -> Place {
    let place = Place::new();
    fs::create_dir(place.folder().join("migrations")).expect("a folder");
    write(&place, "001_teams", BEFORE);
    run(&place).expect("a run");
    place
}

fn write(place: &Place, name: &str, text: &str) {
    fs::write(place.folder().join(format!("migrations/{name}.sql")), text).expect("a file");
}

fn migrator(place: &Place) -> Migrator {
    let set =
        Migrations::from_folder(place.folder().join("migrations")).unwrap_or_else(|err| panic!("{err}"));
    Migrator::for_model(Model::empty("main")).migrations(set)
}

fn run(place: &Place) -> Result<(), Error> {
    migrator(place).run(place.path()).map(drop)
}

fn refused(place: &Place, parts: &[&str]) {
    let all = "SELECT * FROM sqlite_schema WHERE name NOT LIKE '%migration%'";
    let before = (place.query(all), place.query(ROWS));
    let error = run(place).expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Migration, "{error}");
    contains(&error.to_string(), parts);
    assert_eq!((place.query(all), place.query(ROWS)), before);
}

#[test]
fn a_table_that_is_rebuilt_by_hand_keeps_its_children_whatever_their_actions() {
    let place = filled();
    let rows = place.query(ROWS);
    assert_eq!(rows.lines().count(), 6);
    for (name, text) in [
        ("002_rebuild", REBUILD.to_owned()),
        ("003_rebuild", format!("PRAGMA defer_foreign_keys = ON;\n{REBUILD}")),
        ("004_rebuild", REBUILD.replace("DROP TABLE team", "/* now */ drop table IF EXISTS main.\"team\"")),
    ] {
        write(&place, name, &text);
        run(&place).unwrap_or_else(|err| panic!("{name}: {err}"));
        assert_eq!(place.query(ROWS), rows, "{name}");
        assert_eq!(place.query("PRAGMA foreign_key_check"), "");
    }
    // They are enforced again behind it.
    write(&place, "005_late", &format!("{REBUILD}\nINSERT INTO person VALUES (3, 99)"));
    refused(&place, &["statement 5 of 5: FOREIGN KEY constraint failed"]);
}

#[test]
fn a_function_switches_foreign_keys_off_itself_while_it_drops_a_table() {
    fn rebuild(context: &MigrationContext<'_>) -> MigrationResult {
        context.connection().set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, false)?;
        Ok(context.connection().execute_batch(REBUILD)?)
    }
    fn less(context: &MigrationContext<'_>) -> MigrationResult {
        rebuild(context)?;
        Ok(context.connection().execute_batch("DELETE FROM team WHERE id = 1")?)
    }
    let place = filled();
    let rows = place.query(ROWS);
    let with = |function: fn(&MigrationContext<'_>) -> MigrationResult| {
        let code =
            Migration::code(2, "rebuild", function, None::<fn(&MigrationContext<'_>) -> MigrationResult>);
        let set = Migrations::from_folder(place.folder().join("migrations")).expect("a folder");
        let set = Migrations::new(set.iter().cloned().chain([code])).expect("a set");
        Migrator::for_model(Model::empty("main")).migrations(set).run(place.path())
    };
    let error = with(less).expect_err("rows have lost their parent");
    contains(&error.to_string(), &["migration 002 rebuild failed", "refers to a `team` that does not exist"]);
    assert_eq!(place.query(ROWS), rows);
    with(rebuild).unwrap_or_else(|err| panic!("{err}"));
    assert_eq!(place.query(ROWS), rows);
}

#[test]
fn a_table_that_goes_takes_no_rows_of_others_with_it() {
    let place = filled();
    write(&place, "002_drop", "DROP TABLE team");
    refused(
        &place,
        &[
            "migration 002 drop failed",
            "refers to a `team` that does not exist",
            "help: delete or mend such rows before the table is dropped",
            "then rename the new one",
        ],
    );
    // Who means it says so.
    write(&place, "002_drop", "DELETE FROM seat; DELETE FROM team; DROP TABLE team");
    run(&place).unwrap_or_else(|err| panic!("{err}"));
    assert_eq!(place.query("SELECT (SELECT count(*) FROM person), id, team FROM note"), "0|1|NULL");
}

#[test]
fn a_rebuild_in_the_wrong_order_is_refused() {
    let place = filled();
    // SQLite lets the children's keys follow the old table.
    write(
        &place,
        "002_wrong",
        "ALTER TABLE team RENAME TO old_team;
         CREATE TABLE team (id INTEGER PRIMARY KEY, name TEXT, boss INT);
         INSERT INTO team SELECT * FROM old_team;
         DROP TABLE old_team;",
    );
    refused(
        &place,
        &["refers to a `old_team` that does not exist", "drop the old one, then rename the new one"],
    );
}

#[test]
fn outside_of_a_transaction_a_rebuild_keeps_the_children_too_and_lost_parents_are_told() {
    let place = filled();
    let rows = place.query(ROWS);
    write(&place, "002_rebuild", &format!("-- schema: no-transaction\nBEGIN;\n{REBUILD}\nCOMMIT;"));
    run(&place).unwrap_or_else(|err| panic!("{err}"));
    assert_eq!(place.query(ROWS), rows);
    write(&place, "003_drop", "-- schema: no-transaction\nDROP TABLE team");
    let error = run(&place).expect_err("rows have lost their parent");
    assert_eq!(error.kind(), ErrorKind::Migration, "{error}");
    contains(
        &error.to_string(),
        &["migration 003 drop failed", "refers to a `team` that does not exist", "schema resolve"],
    );
    assert_eq!(place.query("SELECT count(*) FROM person"), "2");
}

#[test]
fn legacy_renames_are_of_one_migration_alone() {
    let place = filled();
    // A view that names what is not there yet stands in the way of a rename, but of a legacy one.
    place.sql("CREATE VIEW broken AS SELECT * FROM team_of_old");
    let rename = "ALTER TABLE team RENAME TO team_of_old";
    write(&place, "002_legacy", &format!("PRAGMA legacy_alter_table = ON; {rename}"));
    write(&place, "003_back", "ALTER TABLE team_of_old RENAME TO team");
    run(&place).unwrap_or_else(|err| panic!("{err}"));
    // The keys followed both times, the view the second time only.
    assert_eq!(
        place.query("SELECT sql FROM sqlite_schema WHERE name = 'broken'"),
        "'CREATE VIEW broken AS SELECT * FROM \"team\"'"
    );
    assert_eq!(place.query("PRAGMA foreign_key_check"), "");
}

#[test]
fn a_rebuild_that_loses_parents_is_refused() {
    let place = filled();
    write(&place, "002_less", &REBUILD.replace("FROM team;", "FROM team WHERE id = 1;"));
    refused(&place, &["row 2 of `person` refers to a `team` that does not exist", "insert the parent"]);
}

#[test]
fn an_index_of_the_model_that_stays_on_the_table_which_was_renamed_away_is_to_be_dropped_there() {
    let place = Place::new();
    fs::create_dir(place.folder().join("migrations")).expect("a folder");
    let of_model = || {
        let sql = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE INDEX i ON t (a)";
        Migrator::new(model(sql))
            .migrations(Migrations::from_folder(place.folder().join("migrations")).expect("a folder"))
    };
    of_model().run(place.path()).unwrap_or_else(|err| panic!("{err}"));
    place.sql("INSERT INTO t VALUES (1, 'one')");
    let anew = "ALTER TABLE t RENAME TO t_old; CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);
                INSERT INTO t SELECT id, a || '!' FROM t_old";
    write(&place, "001_anew", anew);
    let error = of_model().run(place.path()).expect_err("the index is on the old one");
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    contains(
        &error.to_string(),
        &[
            "has it on `t_old`",
            "where it was renamed, in the migration or by hand: `DROP INDEX i; CREATE INDEX i ON t (a)`",
        ],
    );
    write(&place, "001_anew", &format!("{anew}; DROP INDEX i; CREATE INDEX i ON t (a)"));
    let report = of_model().run(place.path()).unwrap_or_else(|err| panic!("{err}"));
    assert_eq!(report.migrations.len(), 1, "{report}");
    assert_eq!(place.query("SELECT a FROM t INDEXED BY i WHERE a > ''"), "'one!'");
    assert_eq!(place.query("SELECT a FROM t_old"), "'one'");
}
