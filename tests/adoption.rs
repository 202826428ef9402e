//! Projects that come from another tool: the files of `adoption`, made by those libraries, are taken over, and nothing runs again.

use std::fs;
use std::path::{Path, PathBuf};

use schema_runtime::{
    Adoption, BackupPolicy, Error, ErrorKind, HealthCheck, Migrations, Migrator, Model, ModelOptions,
    Outcome, Tracking,
};

use crate::support::model::model;
use crate::support::place::{Place, contains};

/// A copy of what a library has made, and its migrations under our names.
struct Project {
    place: Place,
}

impl Project {
    fn of(name: &str) -> Project {
        let made = Path::new(env!("CARGO_MANIFEST_DIR")).join("adoption").join(name);
        let project = Project { place: Place::new() };
        fs::copy(made.join("app.db"), project.place.path()).expect("a copy");
        let before = read(&made.join("migrations"));
        let imported = Migrations::import(made.join("migrations"), project.folder())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(read(&made.join("migrations")), before, "{name}");
        assert_eq!(imported.files.len(), fs::read_dir(project.folder()).expect("a folder").count());
        project
    }

    fn folder(&self) -> PathBuf {
        self.place.folder().join("migrations")
    }

    fn migrator(&self) -> Migrator {
        let set = Migrations::from_folder(self.folder()).unwrap_or_else(|error| panic!("{error}"));
        Migrator::for_model(Model::empty("main")).migrations(set)
    }

    fn adopt(&self) -> Adoption {
        self.migrator().adopt(self.place.path(), None).unwrap_or_else(|error| panic!("{error}"))
    }

    fn refused(&self, from: Option<&Tracking>, kind: ErrorKind, parts: &[&str]) -> Error {
        let error =
            self.place.unchanged_by(|| self.migrator().adopt(self.place.path(), from).expect_err("refused"));
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.state_line().is_some() && error.help_line().is_some(), "{error}");
        contains(&error.to_string(), parts);
        error
    }

    /// Everything that the other tool can see.
    fn theirs(&self) -> String {
        let tables = self.place.query(
            "SELECT name FROM sqlite_schema WHERE name LIKE '%schema%' OR name LIKE '%migrations' ORDER BY 1",
        );
        let mut all = self.place.query("PRAGMA user_version");
        for table in tables.lines().map(|name| name.trim_matches('\'')) {
            if !table.starts_with("sqlite_autoindex") {
                all.push_str(&self.place.query(&format!("SELECT * FROM \"{table}\"")));
            }
        }
        all + &self
            .place
            .query("SELECT type, name, sql FROM sqlite_schema WHERE tbl_name NOT IN ('migration_history', 'migration_state') ORDER BY 2")
    }
}

fn read(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut list = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            list.extend(read(&path))
        } else {
            list.push((path.clone(), fs::read(path).expect("a file")))
        }
    }
    list.sort();
    list
}

/// The libraries, and the numbers and times that each has recorded.
const MADE: [(&str, [&str; 3], &str); 5] = [
    ("rusqlite_migration", ["001", "002", "003"], "NULL"),
    ("refinery", ["001", "002", "010"], "SELECT applied_on FROM refinery_schema_history WHERE version = 1"),
    (
        "sqlx",
        ["20240101090000", "20240102090000", "20240103090000"],
        "SELECT installed_on FROM _sqlx_migrations LIMIT 1",
    ),
    (
        "diesel",
        ["20240101090000", "20240102090000", "20240103090000"],
        "SELECT run_on FROM __diesel_schema_migrations LIMIT 1",
    ),
    ("hand_rolled", ["001", "002", "003"], "SELECT migrated FROM schema_versions LIMIT 1"),
];

#[test]
fn what_each_library_has_applied_is_recorded_and_does_not_run_again() {
    for (name, numbers, time) in MADE {
        let project = Project::of(name);
        let place = &project.place;
        let theirs = project.theirs();
        let rows = place.query("SELECT * FROM person");
        let dry = place.unchanged_by(|| {
            project
                .migrator()
                .dry_run(true)
                .adopt(place.path(), None)
                .unwrap_or_else(|error| panic!("{error}"))
        });
        assert_eq!((dry.report.outcome, dry.recorded.len()), (Outcome::PlannedOnly, 3), "{name}");

        let adoption = project.adopt();
        let recorded: Vec<&str> = adoption.recorded.iter().map(|one| one.version.as_str()).collect();
        assert_eq!((adoption.report.outcome, recorded), (Outcome::Adopted, numbers.to_vec()), "{name}");
        assert_eq!(adoption.report.warnings, Vec::<String>::new(), "{name}");
        assert_eq!(dry.recorded, adoption.recorded);
        assert!(adoption.report.backup.is_some(), "{name}");
        let shown = if name == "hand_rolled" { "schema_versions" } else { name };
        assert_eq!(adoption.from, Tracking::named(shown));
        assert_eq!(
            place.query("SELECT DISTINCT reason, kind, status, checksum_algorithm FROM migration_history WHERE fingerprint IS NOT NULL"),
            format!("'adopted from {shown}'|'numbered'|'completed'|'sha256-1'")
        );
        assert_eq!(
            place.query("SELECT group_concat(name) FROM migration_history WHERE kind = 'numbered'"),
            "'create_person,add_rows,by_name'"
        );
        if time != "NULL" {
            let same = format!(
                "SELECT applied_at LIKE '____-__-__T__:__:__.___Z' AND datetime(applied_at) = datetime(({time})) FROM migration_history LIMIT 1"
            );
            assert_eq!(place.query(&same), "1", "{name}");
        }
        assert_eq!((project.theirs(), place.query("SELECT * FROM person")), (theirs, rows), "{name}");

        let status = project.migrator().status(place.path()).expect("a status");
        assert!(status.is_up_to_date() && status.tampered.is_empty(), "{name}: {status}");
        assert_eq!(status.warnings, Vec::<String>::new());
        let again = project.adopt();
        assert_eq!((again.report.outcome, again.known.len()), (Outcome::UpToDate, 3), "{name}");

        // What comes next runs, and that alone.
        fs::write(
            project.folder().join("20990101000000_more.sql"),
            "CREATE TABLE extra (a); INSERT INTO person (name) VALUES ('grace')",
        )
        .expect("a file");
        let report = project.migrator().run(place.path()).expect("a run");
        assert_eq!(report.applied, ["migration 20990101000000 more"], "{name}");
        assert_eq!(place.query("SELECT name FROM person"), "'ada'\n'alan'\n'grace'");
        let health = HealthCheck::new().look_at_file(place.path()).expect("a look");
        assert!(health.findings.iter().all(|finding| finding.code.to_string() == "H602"), "{health}");
    }
}

#[test]
fn a_model_that_stands_beside_takes_the_adopted_state_from_there() {
    let same = "--: version 1.0.0\nCREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT NOT NULL); CREATE INDEX by_name ON person (name)";
    let more = "--: version 1.1.0\nCREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT NOT NULL, age INT); CREATE INDEX by_name ON person (name)";
    for (name, ..) in MADE {
        let project = Project::of(name);
        let beside = |sql: &str| {
            let set = Migrations::from_folder(project.folder()).expect("a folder");
            Migrator::new(model(sql)).migrations(set).backup(BackupPolicy::Never)
        };
        beside(same).adopt(project.place.path(), None).unwrap_or_else(|error| panic!("{name}: {error}"));
        let report = beside(same).run(project.place.path()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(report.applied.is_empty(), "{name}: {report}");
        let report = beside(more).run(project.place.path()).expect("a run");
        assert_eq!(report.applied, ["add column person.age"], "{name}");
        assert_eq!(project.place.query("SELECT name, age FROM person"), "'ada'|NULL\n'alan'|NULL");
        // The way back ends where the other tool has left it.
        beside(more).rollback(project.place.path(), &schema_runtime::Back::Last(1)).expect("the way back");
        assert_eq!(project.place.query("SELECT * FROM person"), "1|'ada'\n2|'alan'");
    }
}

#[test]
fn before_it_is_adopted_each_look_says_so_in_one_line() {
    for (name, ..) in MADE {
        let project = Project::of(name);
        let shown = if name == "hand_rolled" { "schema_versions" } else { name };
        let hint = format!("tracked by {shown} (3 migrations): `schema adopt` records them");
        let status = project.migrator().status(project.place.path()).expect("a status");
        contains(&status.warnings.concat(), &[&hint]);
        let trackings = project.migrator().trackings(project.place.path()).expect("a look");
        assert_eq!(trackings, [Tracking::named(shown)]);
        let health = HealthCheck::new().look_at_file(project.place.path()).expect("a look");
        let found = health.findings.iter().any(|finding| finding.code.to_string() == "H308");
        // A number that anybody may use is no finding.
        assert_eq!(found, name != "rusqlite_migration", "{name}");
        project.adopt();
        let status = project.migrator().status(project.place.path()).expect("a status");
        assert!(status.warnings.is_empty(), "{status}");
    }
    // A program that uses the number for itself has no migrations of another tool.
    let place = Place::by_hand("PRAGMA user_version = 42; CREATE TABLE t (a)");
    let set =
        Migrations::new([schema_runtime::Migration::sql(1, "a", "SELECT 1").expect("SQL")]).expect("a set");
    let migrator = Migrator::for_model(Model::empty("main")).migrations(set);
    assert!(migrator.status(place.path()).expect("a status").warnings.is_empty());
}

#[test]
fn what_does_not_agree_is_refused_and_nothing_is_touched() {
    let project = Project::of("refinery");
    fs::rename(project.folder().join("002_add_rows.sql"), project.folder().join("004_add_rows.sql"))
        .expect("moved");
    fs::rename(project.folder().join("010_by_name.sql"), project.folder().join("010_other.sql"))
        .expect("moved");
    project.refused(
        None,
        ErrorKind::Conflict,
        &["2 add_rows is applied, and has no file", "10 by_name is applied, and 010 other is another one"],
    );

    let project = Project::of("rusqlite_migration");
    fs::remove_file(project.folder().join("003_by_name.sql")).expect("gone");
    project.refused(None, ErrorKind::Conflict, &["the first 3 are applied, and 2 are there"]);

    let project = Project::of("sqlx");
    project.place.sql("UPDATE _sqlx_migrations SET success = 0 WHERE version = 20240102090000");
    project.refused(
        None,
        ErrorKind::Conflict,
        &["20240102090000 add rows did not come to its end there: its `success` is 0"],
    );

    let project = Project::of("hand_rolled");
    project.place.sql("ALTER TABLE schema_versions ADD COLUMN dirty INT DEFAULT 0; UPDATE schema_versions SET dirty = 1 WHERE version = '003'");
    project.refused(None, ErrorKind::Conflict, &["003 did not come to its end there: its `dirty` is 1"]);
    project.place.sql("UPDATE schema_versions SET dirty = 0, version = '1.3' WHERE version = '003'");
    project.refused(None, ErrorKind::Migration, &["its version `1.3` is no number"]);

    let project = Project::of("diesel");
    project.place.sql("DELETE FROM __diesel_schema_migrations");
    project.refused(None, ErrorKind::Migration, &["no other tool has recorded a migration"]);
    project.refused(
        Some(&Tracking::Refinery),
        ErrorKind::Migration,
        &["no migration that refinery has recorded"],
    );
}

#[test]
fn of_two_tools_the_caller_says_which() {
    let project = Project::of("refinery");
    project.place.sql("PRAGMA user_version = 2");
    project.refused(
        None,
        ErrorKind::Migration,
        &[
            "rusqlite_migration and refinery have recorded",
            "`--from rusqlite_migration` or `--from refinery`",
        ],
    );
    let migrator = project.migrator().backup(BackupPolicy::Never);
    let adoption = migrator.adopt(project.place.path(), Some(&Tracking::RusqliteMigration)).expect("these");
    assert_eq!(adoption.recorded.len(), 2);
    let status = project.migrator().status(project.place.path()).expect("a status");
    assert_eq!(status.migrations, ["010 by_name"]);

    // A table of any other name needs to be named.
    let project = Project::of("hand_rolled");
    project.place.sql("ALTER TABLE schema_versions RENAME TO steps");
    project.refused(None, ErrorKind::Migration, &["no other tool has recorded a migration"]);
    let adoption =
        project.migrator().adopt(project.place.path(), Some(&Tracking::named("steps"))).expect("this");
    assert_eq!((adoption.recorded.len(), adoption.from.to_string().as_str()), (3, "steps"));
    // Another's table of a name that is looked for.
    let place = Place::by_hand(
        "CREATE TABLE migrations (bird TEXT, version INT); INSERT INTO migrations VALUES ('stork', 1)",
    );
    assert!(Migrator::for_model(Model::empty("main")).trackings(place.path()).expect("a look").is_empty());
}

#[test]
fn a_history_that_says_otherwise_is_believed() {
    let project = Project::of("sqlx");
    project.adopt();
    project.place.sql("UPDATE migration_history SET status = 'rolled_back' WHERE version = '20240102090000'");
    project.refused(
        None,
        ErrorKind::Conflict,
        &["20240102090000 add_rows is applied there, and revision 2 has the status rolled_back"],
    );
    let path = project.folder().join("20240101090000_create_person.sql");
    fs::write(&path, fs::read_to_string(&path).expect("a file") + "SELECT 1;").expect("a file");
    project.refused(None, ErrorKind::Conflict, &["revision 1 has another text or name"]);
    project.place.sql("UPDATE migration_history SET name = 'x' WHERE id = 1");
    project.refused(None, ErrorKind::Tampered, &["row 1 of the history was edited"]);
}

#[test]
fn what_people_should_know_of_an_adoption_is_said() {
    // The text of a file has changed since: sqlx can tell. Line ends do not count.
    let project = Project::of("sqlx");
    let path = project.folder().join("20240102090000_add_rows.sql");
    fs::write(&path, "INSERT INTO person (name) VALUES ('eve');\n").expect("a file");
    let path = project.folder().join("20240101090000_create_person.sql");
    fs::write(&path, fs::read_to_string(&path).expect("a file").replace('\n', "\r\n")).expect("a file");
    let adoption = project.adopt();
    assert_eq!(
        adoption.report.warnings,
        ["20240102090000 add_rows was changed after sqlx applied it: its text of now is what is recorded"]
    );
    // A gap, which the tool has left.
    let project = Project::of("refinery");
    fs::write(project.folder().join("005_late.sql"), "SELECT 1").expect("a file");
    contains(&project.adopt().report.warnings.concat(), &["005 late is not applied", "`--out-of-order`"]);
    // Numbers of seconds are a time too; others are not.
    let project = Project::of("hand_rolled");
    project.place.sql(
        "CREATE TABLE new (version, description, checksum, ms INT, done INT); INSERT INTO new SELECT version, description, checksum, 17, 1700000000 FROM schema_versions; \
         DROP TABLE schema_versions; ALTER TABLE new RENAME TO schema_versions",
    );
    project.adopt();
    assert_eq!(
        project.place.query("SELECT DISTINCT applied_at FROM migration_history WHERE kind = 'numbered'"),
        "'2023-11-14T22:13:20.000Z'"
    );
}

#[test]
fn folders_that_cannot_be_mapped_are_refused() {
    let refused = |files: &[(&str, &str)], parts: &[&str]| {
        let place = Place::new();
        let from = place.folder().join("old");
        for (name, text) in files {
            let path = from.join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        let to = place.folder().join("new");
        let error = place.unchanged_by(|| Migrations::import(&from, &to).expect_err("refused"));
        assert_eq!(error.kind(), ErrorKind::Migration, "{error}");
        assert!(error.help_line().is_some() && error.state_line().is_some(), "{error}");
        contains(&error.to_string(), parts);
        assert!(!to.exists());
    };
    refused(
        &[("V1__a.sql", "SELECT 1"), ("schema.sql", "SELECT 1")],
        &["schema.sql", "does not begin with a number"],
    );
    refused(&[("V1__a.sql", "SELECT 1"), ("V2__b.rs", "")], &["V2__b.rs", "in Rust"]);
    refused(&[("V1.2__a.sql", "SELECT 1")], &["does not begin with a number"]);
    refused(&[("V1__a.sql", "SELECT 1"), ("V01__b.sql", "SELECT 1")], &["have the same number"]);
    refused(&[("2024-01-01-090000_a/sql.up", "SELECT 1")], &["the folder has no `up.sql`"]);
    refused(
        &[("2024-01-01-090000_a/up.sql", "BEGIN; SELECT 1; COMMIT")],
        &["up.sql:1:1", "`BEGIN` in a migration"],
    );
    refused(&[("1_a.down.sql", "SELECT 1")], &["nothing leads there"]);
    refused(&[("README.md", "")], &["it has no migration"]);

    // What is no migration is passed over, and what is empty.
    let place = Place::new();
    let from = place.folder().join("old");
    for (name, text) in [
        ("01-first/up.sql", "SELECT 1"),
        ("01-first/down.sql", "-- nothing\n"),
        ("2_the second.up.sql", "SELECT 2"),
        ("mod.rs", "x"),
        (".keep", ""),
    ] {
        fs::create_dir_all(from.join(name).parent().expect("a folder")).expect("a folder");
        fs::write(from.join(name), text).expect("a file");
    }
    let to = place.folder().join("new");
    let imported = Migrations::import(&from, &to).unwrap_or_else(|error| panic!("{error}"));
    let names: Vec<_> =
        imported.files.iter().map(|(_, to)| to.file_name().expect("a name").to_owned()).collect();
    assert_eq!(names, ["001_first.sql", "002_the_second.sql"]);
    assert_eq!(imported.left_out, [from.join("01-first/down.sql")]);
    let error = place.unchanged_by(|| Migrations::import(&from, &to).expect_err("there already"));
    contains(&error.to_string(), &["has the file `001_first.sql` already"]);
}

#[test]
fn the_folder_of_another_tool_is_read_as_a_model_where_it_lies() {
    for name in ["diesel", "hand_rolled", "refinery", "rusqlite_migration", "sqlx"] {
        let project = Project::of(name);
        let made = Path::new(env!("CARGO_MANIFEST_DIR")).join("adoption").join(name).join("migrations");
        let before = read(&made);
        let model = |set: Result<Migrations, Error>| {
            set.and_then(|set| Model::from_migrations(&set, "main", &ModelOptions::new()))
                .unwrap_or_else(|error| panic!("{name}: {error}"))
        };
        let there = model(Migrations::from_tool(&made));
        assert_eq!(there, model(Migrations::from_folder(project.folder())), "{name}");
        assert!(there.catalog().table("person").is_some(), "{name}");
        assert_eq!(read(&made), before, "{name}");
    }
}

#[test]
fn migrations_that_do_not_run_on_an_empty_database_are_no_model() {
    let place = Place::new();
    let folder = place.folder().join("old/migrations");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("V1__first.sql"), "CREATE TABLE a (x);").expect("a file");
    fs::write(folder.join("V2__second.sql"), "INSERT INTO b VALUES (1);").expect("a file");
    let set = Migrations::from_tool(&folder).unwrap_or_else(|error| panic!("{error}"));
    let error = Model::from_migrations(&set, "main", &ModelOptions::new()).expect_err("no table");
    contains(
        &error.to_string(),
        &[
            "error: the migrations do not run on an empty database",
            "no such table: b",
            "caused by: at 002 second",
            "state: no database was touched",
        ],
    );
    fs::write(folder.join("more.sql"), "SELECT 1;").expect("a file");
    let error = Migrations::from_tool(&folder).expect_err("no number");
    contains(
        &error.to_string(),
        &[
            "error: cannot read the migrations of `",
            "its name does not begin with a number",
            "state: no database was touched",
        ],
    );
}
