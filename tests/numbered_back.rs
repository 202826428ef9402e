//! Going back over numbered migrations: which way back is taken, in what order, and what it must lead to.

use schema_runtime::{
    Back, Error, ErrorKind, Migration, MigrationContext, MigrationResult, Migrations, Migrator, Model,
    Outcome, Report,
};

use crate::support::folder::Folder;
use crate::support::model::model;
use crate::support::place::contains;

const PERSON: (&str, &str) =
    ("001_person.sql", "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT NOT NULL);");
const PERSON_BACK: (&str, &str) = ("001_person.down.sql", "DROP TABLE person;");
const ROWS: (&str, &str) = ("002_rows.sql", "INSERT INTO person (name) VALUES ('Ada'), ('Alan');");
const ROWS_BACK: (&str, &str) = ("002_rows.down.sql", "DELETE FROM person WHERE name IN ('Ada', 'Alan');");
const INDEX: (&str, &str) = ("003_index.sql", "CREATE INDEX by_name ON person (name);");
const INDEX_BACK: (&str, &str) = ("003_index.down.sql", "DROP INDEX by_name;");

impl Folder {
    fn back(&self, migrator: &Migrator, back: &Back) -> Report {
        migrator.rollback(self.place.path(), back).unwrap_or_else(|err| panic!("{err}"))
    }

    fn keeps_from(&self, migrator: &Migrator, back: &Back, kind: ErrorKind, parts: &[&str]) -> Error {
        let path = self.place.path();
        let error = self.place.unchanged_by(|| migrator.rollback(path, back).expect_err("refused"));
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.help_line().is_some(), "{error}");
        contains(&error.to_string(), parts);
        error
    }

    fn statuses(&self) -> String {
        self.place.query("SELECT version, kind, status FROM migration_history")
    }

    fn catalog(&self) -> String {
        self.place.query(
            "SELECT name FROM sqlite_schema WHERE tbl_name NOT LIKE 'migration!_%' ESCAPE '!' AND sql IS NOT NULL ORDER BY name",
        )
    }
}

/// A program that has neither model nor migrations.
fn nothing_known() -> Migrator {
    Migrator::for_model(Model::empty("main"))
}

#[test]
fn ways_back_run_newest_first_and_an_older_program_has_them_from_the_history() {
    let folder = Folder::new(&[PERSON, PERSON_BACK, ROWS, ROWS_BACK, INDEX, INDEX_BACK]);
    folder.run(&folder.alone());
    let report = folder.back(&nothing_known(), &Back::Last(1));
    assert_eq!(
        (report.outcome, report.applied),
        (Outcome::RolledBack, vec!["migration 003 index".to_owned()])
    );
    assert!(report.backup.is_some());
    assert_eq!(folder.catalog(), "'person'");
    let report = folder.back(&nothing_known().allow("L101"), &Back::Last(2));
    assert_eq!(report.applied, ["migration 002 rows", "migration 001 person"]);
    assert_eq!(folder.catalog(), "");
    assert_eq!(
        folder.statuses(),
        "'001'|'numbered'|'rolled_back'\n'002'|'numbered'|'rolled_back'\n'003'|'numbered'|'rolled_back'\n\
         '0'|'rollback'|'completed'\n'0'|'rollback'|'completed'"
    );
    // They are due again, but not by themselves.
    let error = folder.alone().run(folder.place.path()).expect_err("rolled back");
    assert_eq!(error.kind(), ErrorKind::RolledBack, "{error}");
    let report = folder.run(&folder.alone().reapply());
    assert_eq!(report.migrations.len(), 3);
    assert_eq!(folder.place.query("SELECT * FROM person"), "1|'Ada'\n2|'Alan'");
    let report = folder.back(&folder.alone(), &Back::ToVersion("001".to_owned()));
    assert_eq!(report.applied, ["migration 003 index", "migration 002 rows"]);
    assert_eq!(folder.place.query("SELECT count(*) FROM person"), "0");
    let report = folder.back(&folder.alone(), &Back::ToVersion("1".to_owned()));
    assert_eq!(report.outcome, Outcome::UpToDate);
}

#[test]
fn a_batch_goes_back_row_by_row_through_the_model() {
    let with_born = "--: version 2.0.0
        CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT NOT NULL, born INT)";
    let folder = Folder::new(&[
        PERSON,
        PERSON_BACK,
        (
            "002_after.sql",
            "-- schema: after\nCREATE INDEX by_born ON person (born);\nUPDATE person SET born = 1;",
        ),
        ("002_after.down.sql", "DROP INDEX by_born;"),
    ]);
    let program = Migrator::new(model(with_born)).migrations(folder.set());
    folder.run(&program);
    folder.place.sql("INSERT INTO person VALUES (1, 'Ada', 1815)");
    let report = folder.back(&nothing_known(), &Back::Last(2));
    assert_eq!(report.applied, ["migration 002 after", "drop column person.born"]);
    assert_eq!(folder.place.query("SELECT * FROM person"), "1|'Ada'");
    assert_eq!(
        folder.statuses(),
        "'001'|'numbered'|'completed'\n'2.0.0'|'automatic'|'rolled_back'\n'002'|'numbered'|'rolled_back'\n\
         '0'|'rollback'|'completed'"
    );
    // The model that went back does not come again by itself, nor does the migration.
    for reapply in [false, true] {
        let again = if reapply { program.clone().reapply() } else { program.clone() };
        match again.run(folder.place.path()) {
            Err(error) => assert!(!reapply && error.kind() == ErrorKind::RolledBack, "{error}"),
            Ok(report) => {
                assert!(reapply);
                assert_eq!(report.applied, ["add column person.born", "migration 002 after"]);
            }
        }
    }
    assert_eq!(folder.place.query("SELECT * FROM person"), "1|'Ada'|1");
    let report = folder.back(&nothing_known().allow("L101"), &Back::Last(3));
    assert_eq!(report.applied.len(), 3);
    assert_eq!(folder.catalog(), "");
}

#[test]
fn what_the_model_held_goes_back_with_the_model() {
    let folder = Folder::new(&[
        ("001_none.sql", "UPDATE person SET name = upper(name);"),
        ("002_index.sql", "CREATE INDEX by_name ON person (name);"),
    ]);
    let sql = "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT NOT NULL); CREATE INDEX by_name ON person (name)";
    let program = Migrator::new(model(sql)).migrations(folder.set());
    let report = folder.run(&program);
    assert_eq!(report.migrations.iter().map(|run| run.contained).collect::<Vec<_>>(), [false, true]);
    folder.keeps_from(
        &nothing_known(),
        &Back::Last(1),
        ErrorKind::History,
        &["cannot go back over migration 001 none", "it has no way back", "001_none.down.sql"],
    );
    folder.write("001_none.down.sql", "SELECT 1;");
    let report = folder.back(&folder.alone(), &Back::Last(2));
    assert_eq!(report.applied[0], "migration 001 none");
    assert_eq!(folder.catalog(), "");
    let status = folder.place.query("SELECT version, status FROM migration_history WHERE kind = 'numbered'");
    assert_eq!(status, "'001'|'rolled_back'\n'002'|'rolled_back'");
    let report = folder.run(&program.reapply());
    assert_eq!(report.migrations.len(), 2);
}

#[test]
fn a_way_back_that_leads_elsewhere_is_asked_for() {
    let folder = Folder::new(&[
        PERSON,
        ("002_born.sql", "ALTER TABLE person ADD COLUMN born INT; CREATE INDEX by_born ON person (born);"),
        ("002_born.down.sql", "DROP INDEX by_born;"),
    ]);
    folder.run(&folder.alone());
    let parts = [
        "the way back of migration 002 born does not lead to what was there before it",
        "still to do: drop column person.born",
        "L501=002",
    ];
    folder.keeps_from(&nothing_known(), &Back::Last(1), ErrorKind::Refused, &parts);
    folder.keeps_from(&nothing_known().dry_run(true), &Back::Last(1), ErrorKind::Refused, &parts);
    // The program has a better one by now.
    folder.write("002_born.down.sql", "DROP INDEX by_born; ALTER TABLE person DROP COLUMN born;");
    let report = folder.back(&folder.alone().dry_run(true), &Back::Last(1));
    assert_eq!((report.outcome, report.pending), (Outcome::PlannedOnly, vec!["002 born".to_owned()]));
    assert_eq!(folder.catalog(), "'by_born'\n'person'");
    let report = folder.back(&nothing_known().allow("L501=002"), &Back::Last(1));
    assert_eq!(report.outcome, Outcome::RolledBack);
    assert_eq!(folder.catalog(), "'person'");
}

#[test]
fn a_table_with_rows_goes_with_consent_and_a_renamed_one_goes_nowhere() {
    let folder = Folder::new(&[
        PERSON,
        PERSON_BACK,
        ("002_people.sql", "ALTER TABLE person RENAME TO people;"),
        ("002_people.down.sql", "ALTER TABLE people RENAME TO person;"),
    ]);
    folder.run(&folder.alone());
    folder.place.sql("INSERT INTO people VALUES (1, 'Ada')");
    folder.back(&nothing_known(), &Back::Last(1));
    assert_eq!(folder.place.query("SELECT * FROM person"), "1|'Ada'");
    folder.keeps_from(
        &nothing_known(),
        &Back::Last(1),
        ErrorKind::Refused,
        &["the rollback deletes `person` with 1 rows", "L101=person"],
    );
    let report = folder.back(&nothing_known().allow("L101=person"), &Back::Last(1));
    contains(&report.warnings.join("\n"), &["`person` went with 1 rows; the backup has them"]);
}

#[test]
fn what_stops_a_way_back_leaves_everything_as_it_is() {
    let folder = Folder::new(&[
        PERSON,
        ROWS,
        ("002_rows.down.sql", "DELETE FROM person;\nDELETE FROM nobody;"),
        (
            "003_pet.sql",
            "CREATE TABLE pet (id INTEGER PRIMARY KEY, person REFERENCES person (id) DEFERRABLE INITIALLY DEFERRED);",
        ),
        ("003_pet.down.sql", "DROP TABLE pet;"),
    ]);
    folder.run(&folder.alone());
    folder.place.sql("CREATE INDEX by_hand ON person (name)");
    folder.keeps_from(
        &nothing_known(),
        &Back::Last(1),
        ErrorKind::Drift,
        &["the catalog is no longer what revision 3 left", "by_hand"],
    );
    folder.place.sql("DROP INDEX by_hand");
    // The failure is recorded, and nothing else is.
    let left = || (folder.place.query("SELECT * FROM person"), folder.catalog());
    let before = left();
    let error = nothing_known().rollback(folder.place.path(), &Back::Last(2)).expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Migration, "{error}");
    contains(
        &error.to_string(),
        &["migration 002 rows failed", "no such table: nobody", "002_rows.down.sql:2:13", "is unchanged"],
    );
    assert_eq!(left(), before);
    assert!(folder.statuses().ends_with("'0'|'rollback'|'failed'"));
    // The copy fails as the file would.
    let report = folder.back(&nothing_known().dry_run(true), &Back::Last(2));
    contains(&report.warnings.join("\n"), &["the way back of migration 002 rows fails on a copy"]);
    // A deferred key is held to at the end of the way back, not at the commit.
    folder.write("002_rows.down.sql", "DELETE FROM person;");
    folder.place.sql("INSERT INTO pet VALUES (1, 2)");
    let migrator = folder.alone().allow("L101");
    let report = folder.back(&migrator, &Back::Last(2));
    assert_eq!(report.applied.len(), 2);
}

#[test]
fn functions_lead_back_only_in_the_program_that_has_them() {
    fn up(context: &MigrationContext<'_>) -> MigrationResult {
        context
            .connection()
            .execute_batch("CREATE TABLE note (id INTEGER PRIMARY KEY); INSERT INTO note VALUES (7)")?;
        Ok(())
    }
    fn down(context: &MigrationContext<'_>) -> MigrationResult {
        context.connection().execute_batch("DROP TABLE note")?;
        Ok(())
    }
    let folder = Folder::new(&[]);
    let set = Migrations::new([Migration::code(1, "note", up, Some(down))]).expect("a set");
    let program = nothing_known().migrations(set);
    folder.run(&program);
    folder.keeps_from(&nothing_known(), &Back::Last(1), ErrorKind::History, &["it has no way back"]);
    folder.keeps_from(
        &program,
        &Back::Last(1),
        ErrorKind::Refused,
        &["the rollback deletes `note` with 1 rows"],
    );
    folder.back(&program.clone().allow("L101"), &Back::Last(1));
    assert_eq!(folder.catalog(), "");
}

#[test]
fn an_older_model_sees_what_a_migration_has_left_of_its_objects() {
    let one = "--: version 1.0.0
        CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT)";
    let two = "--: version 2.0.0
        CREATE TABLE person (id INTEGER PRIMARY KEY, title TEXT, born INT)";
    let folder = Folder::new(&[]);
    folder.run(&Migrator::new(model(one)));
    folder.place.sql("INSERT INTO person VALUES (1, 'Ada')");
    folder.write("001_title.sql", "ALTER TABLE person RENAME COLUMN name TO title;");
    folder.write("001_title.down.sql", "ALTER TABLE person RENAME COLUMN title TO name;");
    folder.run(&Migrator::new(model(two)).migrations(folder.set()));
    folder.back(&nothing_known(), &Back::Last(1));
    assert_eq!(folder.place.query("SELECT * FROM person"), "1|'Ada'");
    // The model alone goes back and the migration stands: what the old model misses then is no surprise to be passed over.
    let status = Migrator::new(model(one)).status(folder.place.path()).expect("a status");
    contains(&status.notes.join("\n"), &["column `person`.`name` was dropped by hand"]);
    folder.back(&nothing_known(), &Back::Last(1));
    assert_eq!(
        Migrator::new(model(one)).run(folder.place.path()).expect("as before").outcome,
        Outcome::UpToDate
    );
    assert_eq!(folder.place.query("SELECT id, name FROM person"), "1|'Ada'");
}

#[test]
fn the_newest_is_done_again_as_its_file_is_now() {
    let folder = Folder::new(&[
        PERSON,
        ("002_pet.sql", "CREATE TABLE pet (id INTEGER PRIMARY KEY);"),
        ("002_pet.down.sql", "DROP TABLE pet;"),
    ]);
    folder.run(&folder.alone());
    folder.write("002_pet.sql", "CREATE TABLE pet (id INTEGER PRIMARY KEY, name TEXT);");
    let report = folder.alone().redo(folder.place.path()).unwrap_or_else(|err| panic!("{err}"));
    assert_eq!(report.outcome, Outcome::Migrated);
    assert_eq!(report.applied, ["migration 002 pet", "migration 002 pet"]);
    assert_eq!(folder.place.query("SELECT count(name) FROM pet"), "0");
    assert_eq!(
        folder.statuses(),
        "'001'|'numbered'|'completed'\n'002'|'numbered'|'rolled_back'\n'0'|'rollback'|'completed'\n'002'|'numbered'|'completed'"
    );
    assert_eq!(folder.run(&folder.alone()).outcome, Outcome::UpToDate);
    // One that fails now has not gone back either.
    folder.write("002_pet.sql", "CREATE TABLE pet (id INTEGER PRIMARY KEY);\nCREATE TABLE pet (id);");
    let error = folder.alone().redo(folder.place.path()).expect_err("fails");
    assert_eq!(error.kind(), ErrorKind::Migration, "{error}");
    contains(&error.to_string(), &["migration 002 pet failed", "table pet already exists", "is unchanged"]);
    assert_eq!(folder.place.query("SELECT count(name) FROM pet"), "0");
    folder.write("002_pet.sql", "CREATE TABLE pet (id INTEGER PRIMARY KEY, name TEXT);");
    assert_eq!(folder.run(&folder.alone()).outcome, Outcome::UpToDate);
    // It goes back as it was, and once more.
    folder.back(&nothing_known(), &Back::Last(1));
    assert_eq!(folder.catalog(), "'person'");
}

#[test]
fn what_cannot_be_done_again_is_refused() {
    let folder = Folder::new(&[PERSON]);
    let program =
        Migrator::new(model("CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT NOT NULL, born INT)"));
    folder.run(&program.clone().migrations(folder.set()));
    let refused = |migrator: &Migrator, parts: &[&str]| {
        let path = folder.place.path();
        let error = folder.place.unchanged_by(|| migrator.redo(path).expect_err("refused"));
        assert_eq!(error.kind(), ErrorKind::History, "{error}");
        contains(&error.to_string(), parts);
    };
    refused(&folder.alone(), &["is no numbered migration that could be done again"]);
    folder.back(&nothing_known(), &Back::Last(1));
    refused(&folder.alone(), &["cannot go back over migration 001 person", "it has no way back"]);
    folder.write("001_person.down.sql", "DROP TABLE person;");
    let known = folder.alone();
    refused(&nothing_known(), &["cannot go back over migration 001 person"]);
    // The model's own table is not made otherwise behind its back.
    folder.run(&program.clone().reapply().migrations(folder.set()));
    folder.write("002_more.sql", "-- schema: after\nCREATE INDEX by_born ON person (born);");
    folder.write("002_more.down.sql", "DROP INDEX by_born;");
    folder.run(&program.migrations(folder.set()));
    folder.write("002_more.sql", "-- schema: after\nALTER TABLE person DROP COLUMN born;");
    let error = folder.alone().redo(folder.place.path()).expect_err("of the model");
    contains(&error.to_string(), &["leave objects of the model other than", "drop column person.born"]);
    drop(known);
}
