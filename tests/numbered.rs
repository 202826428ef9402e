//! Numbered migrations, by themselves and beside a model: order, history, conflicts, and what stops them.

use std::fs;

use schema_runtime::{
    Back, Error, ErrorKind, Migration, MigrationContext, MigrationResult, Migrations, Migrator, Model,
    Outcome, Report, State,
};

use crate::support::folder::Folder;
use crate::support::model::model;
use crate::support::place::{Place, contains};

impl Folder {
    fn remove(&self, name: &str) {
        fs::remove_file(self.path().join(name)).expect("gone");
    }

    fn beside(&self, sql: &str) -> Migrator {
        Migrator::new(model(sql)).migrations(self.set())
    }

    fn refused(&self, migrator: &Migrator, kind: ErrorKind, parts: &[&str]) -> Error {
        let error = self.place.unchanged_by(|| migrator.run(self.place.path()).expect_err("refused"));
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.help_line().is_some() && error.state_line().is_some(), "{error}");
        contains(&error.to_string(), parts);
        error
    }

    fn history(&self) -> String {
        self.place.query("SELECT version, name, kind, status, batch FROM migration_history")
    }
}

const FIRST: (&str, &str) = (
    "001_first.sql",
    "-- The first table.\nCREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT NOT NULL);",
);
const ROWS: (&str, &str) =
    ("002_rows.sql", "INSERT INTO person (name) VALUES ('Ada Lovelace'), ('Alan Turing');");

#[test]
fn files_run_in_their_order_once_and_the_history_has_them() {
    let folder = Folder::new(&[
        ROWS,
        FIRST,
        ("README.md", "no migration"),
        ("010_later.sql", "CREATE INDEX by_name ON person (name)"),
    ]);
    let migrator = folder.alone().environment("qa");
    let report = folder.run(&migrator);
    assert_eq!(report.outcome, Outcome::Created);
    assert_eq!(report.applied, ["migration 001 first", "migration 002 rows", "migration 010 later"]);
    assert_eq!(report.migrations[0].description.as_deref(), Some("The first table."));
    assert_eq!(folder.place.query("SELECT * FROM person"), "1|'Ada Lovelace'\n2|'Alan Turing'");
    assert_eq!(
        folder.history(),
        "'001'|'first'|'numbered'|'completed'|1\n'002'|'rows'|'numbered'|'completed'|1\n'010'|'later'|'numbered'|'completed'|1"
    );
    assert_eq!(folder.place.query("SELECT DISTINCT environment FROM migration_history"), "'qa'");
    let what_for = "SELECT reason FROM migration_history ORDER BY id LIMIT 2";
    assert_eq!(folder.place.query(what_for), "'The first table.'\nNULL");
    assert_eq!(folder.run(&migrator).outcome, Outcome::UpToDate);
    assert!(migrator.status(folder.place.path()).expect("a status").is_up_to_date());

    folder.write("011_more.sql", "INSERT INTO person (name) VALUES ('Grace Hopper')");
    let status = folder.alone().status(folder.place.path()).expect("a status");
    assert_eq!(status.migrations, ["011 more"]);
    assert!(!status.is_up_to_date());
    let dry = folder.place.unchanged_by(|| folder.run(&folder.alone().dry_run(true)));
    assert_eq!((dry.outcome, dry.pending), (Outcome::PlannedOnly, vec!["011 more".to_owned()]));
    let checking = folder.alone().auto_migrate(false);
    folder.refused(&checking, ErrorKind::Pending, &["pending: migration 011 more"]);
    let report = folder.run(&folder.alone());
    assert_eq!((report.outcome, report.applied), (Outcome::Migrated, vec!["migration 011 more".to_owned()]));
    assert!(report.backup.is_some());
    assert!(folder.alone().status(folder.place.path()).expect("a status").tampered.is_empty());
}

#[test]
fn they_run_before_or_after_the_change_of_the_model_in_one_batch() {
    let one = "--: version 1.0.0\nCREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT NOT NULL)";
    let two = "--: version 2.0.0\nCREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT NOT NULL, first TEXT, CHECK (name <> ''))";
    let folder = Folder::new(&[]);
    folder.run(&folder.beside(one));
    folder.place.sql("INSERT INTO person (name) VALUES ('Ada Lovelace'), ('')");
    // Without the first the rule refuses a row; the second needs the new column.
    folder.write("001_mend.sql", "UPDATE person SET name = 'nobody' WHERE name = ''");
    folder.write(
        "002_split.sql",
        "-- schema: after\nUPDATE person SET first = substr(name, 1, instr(name || ' ', ' ') - 1)",
    );
    let dry = folder.place.unchanged_by(|| folder.run(&folder.beside(two).dry_run(true)));
    assert_eq!(dry.pending, ["001 mend", "002 split"]);
    assert_eq!(dry.plan.changes().count(), 2);
    let report = folder.run(&folder.beside(two));
    assert_eq!(report.applied.first().map(String::as_str), Some("migration 001 mend"));
    assert_eq!(
        folder.place.query("SELECT name, first FROM person"),
        "'Ada Lovelace'|'Ada'\n'nobody'|'nobody'"
    );
    assert_eq!(
        folder.place.query("SELECT version, kind, batch - 2 FROM migration_history WHERE id > 1"),
        "'001'|'numbered'|0\n'2.0.0'|'automatic'|0\n'002'|'numbered'|0"
    );
    assert_eq!(folder.run(&folder.beside(two)).outcome, Outcome::UpToDate);
}

#[test]
fn a_failure_anywhere_takes_everything_back_and_says_where() {
    let folder = Folder::new(&[
        FIRST,
        (
            "002_bad.sql",
            "INSERT INTO person (name) VALUES ('x');\n\nINSERT INTO persons (name)\nVALUES ('y');\n",
        ),
    ]);
    let error = folder.alone().run(folder.place.path()).expect_err("no such table");
    assert_eq!(error.kind(), ErrorKind::Migration, "{error}");
    contains(
        &error.to_string(),
        &[
            "migration 002 bad failed",
            "statement 2 of 2: no such table: persons",
            "002_bad.sql:3:13",
            "INSERT INTO persons",
            "^^^^^^^",
            "transaction rolled back",
        ],
    );
    assert_eq!(folder.place.query("SELECT count(*) FROM sqlite_schema WHERE name = 'person'"), "0");

    for (text, parts) in [
        (
            "CREATE TABLE child (p INT REFERENCES person (id)); INSERT INTO child VALUES (99)",
            &["FOREIGN KEY constraint failed"][..],
        ),
        (
            "PRAGMA defer_foreign_keys = ON; CREATE TABLE child (p INT REFERENCES person (id)); INSERT INTO child VALUES (99)",
            &["row 1 of `child` refers to a `person`"],
        ),
        ("INSERT INTO person VALUES (1, 'a'), (1, 'b')", &["UNIQUE constraint failed: person.id"]),
    ] {
        let folder = Folder::new(&[FIRST]);
        folder.run(&folder.alone());
        folder.write("002_bad.sql", text);
        let before = folder.place.query("SELECT * FROM sqlite_schema");
        let error = folder.alone().run(folder.place.path()).expect_err(text);
        assert_eq!(error.kind(), ErrorKind::Migration, "{error}");
        contains(&error.to_string(), parts);
        assert_eq!(folder.place.query("SELECT * FROM sqlite_schema"), before);
    }
}

#[test]
fn foreign_keys_act_while_a_migration_runs_and_not_while_a_table_is_rebuilt() {
    let tables = |n: &str| {
        format!(
            "CREATE TABLE p (id INTEGER PRIMARY KEY, n {n}); CREATE TABLE c (id INTEGER PRIMARY KEY, p INT REFERENCES p (id) ON DELETE CASCADE)"
        )
    };
    let folder = Folder::new(&[]);
    folder.run(&folder.beside(&format!("--: version 1.0.0\n{}", tables("TEXT"))));
    folder.place.sql("INSERT INTO p VALUES (1, '1'), (2, '2'); INSERT INTO c VALUES (1, 1), (2, 2)");
    folder.write("001_less.sql", "DELETE FROM p WHERE id = 1");
    folder.write("002_less.sql", "-- schema: after\nDELETE FROM p WHERE id = 2; INSERT INTO p VALUES (3, 3); INSERT INTO c VALUES (3, 3)");
    folder.run(&folder.beside(&format!("--: version 2.0.0\n{}", tables("INT"))));
    assert_eq!(folder.place.query("SELECT p.id, n, c.id FROM p, c"), "3|3|3");
}

#[test]
fn history_and_files_that_disagree_are_refused_with_each_disagreement() {
    let folder = Folder::new(&[FIRST, ROWS, ("003_third.sql", "CREATE TABLE third (a)")]);
    folder.run(&folder.alone());
    // Blanks and line ends are no change.
    folder.write(FIRST.0, &FIRST.1.replace('\n', "  \r\n"));
    assert_eq!(folder.run(&folder.alone()).outcome, Outcome::UpToDate);

    folder.write(FIRST.0, &FIRST.1.replace("NOT NULL", ""));
    folder.refused(
        &folder.alone(),
        ErrorKind::Conflict,
        &["001 first was changed after it was applied", "from version control"],
    );
    let status = folder.alone().status(folder.place.path()).expect("a status");
    assert_eq!(status.drift.len(), 1, "{status}");
    folder.write(FIRST.0, FIRST.1);

    folder.remove(ROWS.0);
    folder.refused(&folder.alone(), ErrorKind::Conflict, &["002 rows was applied, and is gone"]);
    folder.write("002_renamed.sql", ROWS.1);
    folder.refused(
        &folder.alone(),
        ErrorKind::Conflict,
        &["002 was applied as rows, and is called renamed now"],
    );
    folder.remove("002_renamed.sql");
    folder.write(ROWS.0, ROWS.1);

    // What only a newer program has is no conflict.
    folder.remove("003_third.sql");
    let report = folder.run(&folder.alone());
    assert_eq!(report.outcome, Outcome::UpToDate);
    contains(&report.warnings.concat(), &["003 third, which this program does not know"]);
}

#[test]
fn a_number_that_comes_too_late_needs_a_word() {
    let folder = Folder::new(&[FIRST, ("005_fifth.sql", "CREATE TABLE fifth (a)")]);
    folder.run(&folder.alone());
    folder.write("003_hotfix.sql", "CREATE INDEX by_name ON person (name)");
    folder.refused(&folder.alone(), ErrorKind::Conflict, &["003 hotfix comes after 005", "--out-of-order"]);
    let report = folder.run(&folder.alone().out_of_order());
    assert_eq!(report.applied, ["migration 003 hotfix"]);
    contains(&report.warnings.concat(), &["it runs out of order"]);
    assert_eq!(folder.run(&folder.alone()).outcome, Outcome::UpToDate);
}

#[test]
fn folders_that_cannot_be_put_in_order_are_refused() {
    for (files, parts) in [
        (
            &[FIRST, ("001_other.sql", "SELECT 1")][..],
            &["have the same number", "001_first.sql", "001_other.sql"][..],
        ),
        (&[("01_a.sql", "SELECT 1")], &["`01_a.sql`: its name does not begin with a number of three digits"]),
        (&[FIRST, ("002_b.down.sql", "SELECT 1")], &["leads back, and nothing leads there"]),
        (&[("001_a.sql", "  -- nothing\n")], &["it has no statement", "001_a.sql:1:1"]),
        (&[("001_a.sql", "SELECT 1;\nCOMMIT;")], &["`COMMIT` in a migration", "001_a.sql:2:1"]),
        (&[("001_a.sql", "ATTACH 'x' AS y")], &["`ATTACH` in a migration"]),
        (
            &[("001_a.sql", "PRAGMA foreign_keys = OFF")],
            &["`PRAGMA foreign_keys` in a migration", "defer_foreign_keys"],
        ),
    ] {
        let folder = Folder::new(files);
        let error = Migrations::from_folder(folder.path()).expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::Migration, "{error}");
        assert!(error.help_line().is_some() && error.state_line().is_some(), "{error}");
        contains(&error.to_string(), parts);
    }
    let folder = Folder::new(&[]);
    fs::write(folder.path().join("001_a.sql"), b"SELECT '\xff'").expect("a file");
    let error = Migrations::from_folder(folder.path()).expect_err("no UTF-8");
    contains(&error.to_string(), &["it is no UTF-8 from byte 8 on"]);
    let error = Migrations::from_folder(folder.path().join("none")).expect_err("no folder");
    contains(&error.to_string(), &["cannot read `", "none`", "correct the path"]);
}

type Down = fn(&MigrationContext<'_>) -> MigrationResult;

#[test]
fn functions_see_the_database_and_the_environment() {
    let place = Place::new();
    let split = Migration::code(
        2,
        "split names",
        |context| {
            assert_eq!(context.environment(), Some("prod"));
            assert!(context.has_table("Person")? && !context.has_table("nobody")?);
            assert!(context.has_column("person", "NAME")? && !context.has_column("person", "first")?);
            context
                .connection()
                .execute_batch("ALTER TABLE person ADD COLUMN first TEXT; UPDATE person SET first = 'A'")?;
            Ok(())
        },
        None::<Down>,
    );
    let first = Migration::sql(1, "first", "CREATE TABLE person (name); INSERT INTO person VALUES ('x')")
        .expect("a migration");
    let with = |second: Migration| {
        let set = Migrations::new([second, first.clone()]).expect("a set");
        Migrator::for_model(Model::empty("main")).migrations(set).environment("prod")
    };
    assert_eq!(split.checksum(), split.clone().tag("").checksum());
    let report = with(split.clone()).run(place.path()).expect("a run");
    assert_eq!(report.applied, ["migration 001 first", "migration 002 split names"]);
    assert_eq!(place.query("SELECT * FROM person"), "'x'|'A'");
    assert_eq!(with(split.clone()).run(place.path()).expect("a run").outcome, Outcome::UpToDate);
    let error = with(split.tag("second")).run(place.path()).expect_err("changed");
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");

    let third =
        |up: fn(&MigrationContext<'_>) -> MigrationResult| Migration::code(3, "third", up, None::<Down>);
    for (up, part) in [
        (
            third(|context| {
                context.connection().execute_batch("DELETE FROM person")?;
                Err("not today".into())
            }),
            "not today",
        ),
        (
            third(|context| {
                context.connection().execute_batch("DELETE FROM person")?;
                panic!("on the way")
            }),
            "panicked: on the way",
        ),
        (
            third(|context| {
                context.connection().execute_batch("DELETE FROM person; COMMIT")?;
                Ok(())
            }),
            "it has ended the transaction",
        ),
        (
            third(|context| {
                context.connection().execute("DELETE FROM nobody", [])?;
                Ok(())
            }),
            "no such table: nobody",
        ),
    ] {
        let place = Place::new();
        with(Migration::sql(2, "second", "SELECT 1").expect("a migration")).run(place.path()).expect("a run");
        let set = [first.clone(), Migration::sql(2, "second", "SELECT 1").expect("a migration"), up];
        let migrator =
            Migrator::for_model(Model::empty("main")).migrations(Migrations::new(set).expect("a set"));
        let error = migrator.run(place.path()).expect_err(part);
        assert_eq!(error.kind(), ErrorKind::Migration, "{error}");
        contains(&error.to_string(), &["migration 003 third failed", part]);
        if !part.contains("ended") {
            assert_eq!(place.query("SELECT count(*) FROM person"), "1", "{part}");
        }
    }
}

#[test]
fn on_a_new_file_what_the_model_holds_already_is_contained() {
    // They were written for files that had the model's tables: alone on a new file they cannot run.
    let folder = Folder::new(&[
        ("001_index.sql", "CREATE INDEX by_name ON person (name)"),
        ("002_settings.sql", "CREATE TABLE settings (k TEXT PRIMARY KEY, v TEXT)"),
        ("003_defaults.sql", "INSERT INTO settings VALUES ('color', 'red')"),
        ("004_extra.sql", "CREATE TABLE extra (x)"),
    ]);
    let sql = "--: version 1.0.0\nCREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT); CREATE INDEX by_name ON person (name);
        CREATE TABLE settings (k TEXT PRIMARY KEY, v TEXT)";
    let report = folder.run(&folder.beside(sql));
    let told: Vec<_> = report.migrations.iter().map(|run| (run.version.as_str(), run.contained)).collect();
    assert_eq!(told, [("001", true), ("002", true), ("003", false), ("004", false)]);
    assert_eq!(folder.place.query("SELECT * FROM settings"), "'color'|'red'");
    assert_eq!(folder.place.query("SELECT count(*) FROM extra"), "0");
    assert_eq!(folder.run(&folder.beside(sql)).outcome, Outcome::UpToDate);
    assert_eq!(
        folder.place.query("SELECT version, reason FROM migration_history WHERE reason NOTNULL"),
        "'001'|'the model holds all that it makes'\n'002'|'the model holds all that it makes'"
    );

    // Where all of them run from the first on, they do, and the model's change is what is left.
    let folder = Folder::new(&[FIRST, ROWS]);
    let report = folder.run(&folder.beside(
        "--: version 1.0.0\nCREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT NOT NULL, n INT)",
    ));
    assert_eq!(report.outcome, Outcome::Created);
    assert_eq!(report.applied, ["migration 001 first", "migration 002 rows", "add column person.n"]);
    assert_eq!(folder.place.query("SELECT count(*) FROM person"), "2");
    assert_eq!(
        folder.place.query("SELECT kind FROM migration_history"),
        "'numbered'\n'numbered'\n'automatic'"
    );
}

#[test]
fn what_the_model_does_not_have_and_what_it_has_otherwise() {
    let sql = "--: version 1.0.0\nCREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT)";
    let folder = Folder::new(&[]);
    folder.run(&folder.beside(sql));
    // Its own objects are nobody's but the migration's, under every policy.
    folder.write("001_own.sql", "CREATE TABLE audit (x); CREATE INDEX by_name ON person (name); CREATE VIEW names AS SELECT name FROM person");
    let two = "--: version 2.0.0\nCREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT, n INT)";
    folder.run(&folder.beside(two).removed(schema_runtime::RemovalPolicy::Drop));
    assert_eq!(
        folder.run(&folder.beside(two).removed(schema_runtime::RemovalPolicy::Drop)).outcome,
        Outcome::UpToDate
    );
    assert_eq!(
        folder.place.query(
            "SELECT name FROM sqlite_schema WHERE name IN ('audit', 'by_name', 'names') ORDER BY name"
        ),
        "'audit'\n'by_name'\n'names'"
    );
    let history = folder.alone().history(folder.place.path()).expect("a history");
    let last = history.iter().rev().find_map(|row| row.snapshot.as_deref()).expect("a snapshot");
    let owners = schema_runtime::Snapshot::from_json(last).expect("a snapshot").owners;
    let of_migrations: Vec<&str> = owners
        .iter()
        .filter(|(_, state)| matches!(state, State::Migration { version } if version == "001"))
        .map(|(key, _)| key)
        .collect();
    assert_eq!(
        of_migrations,
        ["column \"audit\".\"x\"", "index \"by_name\"", "table \"audit\"", "view \"names\""]
    );

    // What changes the model's objects to something else stops the run, before or after.
    for when in ["before", "after"] {
        folder.write("002_other.sql", &format!("-- schema: {when}\nALTER TABLE person DROP COLUMN n"));
        let before = folder.place.query("SELECT name, sql FROM sqlite_schema");
        let error = folder.beside(two).run(folder.place.path()).expect_err("another model");
        assert!(matches!(error.kind(), ErrorKind::Migration | ErrorKind::Drift), "{error}");
        contains(&error.to_string(), &["person"]);
        assert_eq!(folder.place.query("SELECT name, sql FROM sqlite_schema"), before, "{when}");
    }
    // With the model it is fine.
    let three = "--: version 3.0.0\nCREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT)";
    folder.write("002_other.sql", "ALTER TABLE person DROP COLUMN n");
    let report = folder.run(&folder.beside(three).removed(schema_runtime::RemovalPolicy::Drop));
    assert_eq!(report.applied, ["migration 002 other"]);
    assert_eq!(folder.run(&folder.beside(three)).outcome, Outcome::UpToDate);
}

#[test]
fn what_a_restore_has_taken_back_does_not_run_again_by_itself() {
    let folder = Folder::new(&[FIRST]);
    folder.run(&folder.alone());
    let backup = folder.alone().back_up(folder.place.path()).expect("a backup").path;
    folder.write(ROWS.0, ROWS.1);
    folder.run(&folder.alone());
    assert_eq!(folder.place.query("SELECT count(*) FROM person"), "2");
    folder.alone().restore(folder.place.path(), &backup).expect("a restore");
    assert_eq!(folder.place.query("SELECT count(*) FROM person"), "0");
    folder.refused(
        &folder.alone(),
        ErrorKind::RolledBack,
        &["migration 002 rows was rolled back", ".reapply()"],
    );
    let status = folder.alone().status(folder.place.path()).expect("a status");
    assert_eq!(status.refusal.map(|refusal| refusal.kind), Some(ErrorKind::RolledBack));
    let report = folder.run(&folder.alone().reapply());
    assert_eq!(report.applied, ["migration 002 rows"]);
    assert_eq!(folder.run(&folder.alone()).outcome, Outcome::UpToDate);
    assert!(folder.alone().status(folder.place.path()).expect("a status").tampered.is_empty());
}

#[test]
fn connections_of_every_kind_run_them_with_a_backup() {
    for (mode, hook) in [
        ("DELETE", "locking_mode = EXCLUSIVE"),
        ("WAL", "locking_mode = EXCLUSIVE"),
        ("WAL", "foreign_keys = ON"),
        ("DELETE", "query_only = ON"),
    ] {
        let folder = Folder::new(&[FIRST]);
        folder.place.sql(&format!("PRAGMA journal_mode = {mode}; CREATE TABLE other (x)"));
        let set_up = |migrator: Migrator| {
            migrator.connection(move |conn| conn.execute_batch(&format!("PRAGMA {hook}")))
        };
        folder.run(&set_up(folder.alone()));
        folder.write(ROWS.0, ROWS.1);
        let report = folder.run(&set_up(folder.alone()));
        assert_eq!(report.applied, ["migration 002 rows"], "{mode} {hook}");
        let copy = rusqlite::Connection::open(report.backup.expect("a backup").path).expect("the backup");
        let rows: i64 = copy.query_row("SELECT count(*) FROM person", [], |row| row.get(0)).expect("rows");
        assert_eq!(
            (rows, folder.place.query("SELECT count(*) FROM person").as_str()),
            (0, "2"),
            "{mode} {hook}"
        );
    }
}

#[test]
fn two_starts_at_once_run_each_of_them_once() {
    for mode in ["DELETE", "WAL"] {
        let folder = Folder::new(&[FIRST, ROWS]);
        folder.place.sql(&format!("PRAGMA journal_mode = {mode}; CREATE TABLE other (x)"));
        let runs: Vec<Report> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..4).map(|_| scope.spawn(|| folder.run(&folder.alone()))).collect();
            starts.into_iter().map(|start| start.join().expect("a start")).collect()
        });
        let migrated = runs.iter().filter(|report| !report.migrations.is_empty()).count();
        assert_eq!(
            (migrated, folder.place.query("SELECT count(*) FROM person").as_str()),
            (1, "2"),
            "{mode}"
        );
    }
}

#[test]
fn the_automatic_change_goes_back_to_what_the_migrations_before_it_left() {
    let folder = Folder::new(&[FIRST]);
    let model = |version: &str, rest: &str| {
        format!(
            "--: version {version}\nCREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT NOT NULL{rest})"
        )
    };
    folder.run(&folder.beside(&model("1.0.0", ", n INT")));
    let columns = || folder.place.query("SELECT group_concat(name) FROM pragma_table_info('person')");
    assert_eq!(columns(), "'id,name,n'");
    let back = Back::Last(1);
    folder.alone().rollback(folder.place.path(), &back).unwrap_or_else(|err| panic!("{err}"));
    assert_eq!(columns(), "'id,name'");

    folder.write("002_more.sql", "ALTER TABLE person ADD COLUMN extra TEXT");
    folder.run(&folder.beside(&model("2.0.0", ", m INT")));
    folder.place.sql("INSERT INTO person (name, extra) VALUES ('x', 'y')");
    folder.alone().rollback(folder.place.path(), &back).unwrap_or_else(|err| panic!("{err}"));
    assert_eq!(folder.place.query("SELECT * FROM person"), "1|'x'|'y'");
    let error = folder.alone().rollback(folder.place.path(), &back).expect_err("numbered");
    contains(&error.to_string(), &["cannot go back over migration 002 more"]);
}

#[test]
fn a_folder_is_compiled_into_the_program() {
    let place = Place::new();
    let set = schema_runtime::migrations!("migrations").expect("they were checked");
    assert_eq!(set.iter().map(Migration::version).collect::<Vec<_>>(), ["001", "003"]);
    let report = Migrator::for_model(Model::empty("main")).migrations(set).run(place.path()).expect("a run");
    assert_eq!(report.migrations[0].description.as_deref(), Some("Who there is."));
    assert_eq!(place.query("SELECT * FROM person"), "1|'ada'");
    assert_eq!(
        place.query("SELECT rollback_sql FROM migration_history WHERE version = '001'"),
        "'DROP TABLE person;\n'"
    );
    // The same files, read from their folder, are the same migrations.
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let set = Migrations::from_folder(folder).expect("the same");
    let report = Migrator::for_model(Model::empty("main")).migrations(set).run(place.path()).expect("a run");
    assert_eq!(report.outcome, Outcome::UpToDate);
}

#[test]
fn a_file_that_cannot_be_written_says_which_migrations_are_due() {
    let sql = "--: version 1.0.0\nCREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT NOT NULL)";
    for beside in [true, false] {
        let folder = Folder::new(&[FIRST]);
        let migrator = || if beside { folder.beside(sql) } else { folder.alone() };
        folder.run(&migrator());
        let open = || {
            let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
            rusqlite::Connection::open_with_flags(folder.place.path(), flags).expect("opens")
        };
        assert_eq!(migrator().run_on(&mut open()).expect("nothing is due").outcome, Outcome::UpToDate);
        folder.write(ROWS.0, ROWS.1);
        let error =
            folder.place.unchanged_by(|| migrator().run_on(&mut open()).expect_err("it cannot be written"));
        assert_eq!(error.kind(), ErrorKind::ReadOnly, "{error}");
        contains(
            &error.to_string(),
            &["cannot be written and migrations are due", "pending: migration 002 rows", "help: "],
        );
    }
}

#[test]
fn a_start_with_nothing_due_waits_for_nobody() {
    let folder = Folder::new(&[FIRST]);
    folder.run(&folder.alone());
    let writer = folder.place.open();
    writer.execute_batch("BEGIN IMMEDIATE").expect("the lock");
    let report = folder.run(&folder.alone().lock_wait(std::time::Duration::ZERO));
    assert_eq!((report.outcome, report.revision), (Outcome::UpToDate, Some(1)));
}

#[test]
fn a_saved_plan_and_migrations_that_are_due_exclude_each_other() {
    let sql = "--: version 1.0.0\nCREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT NOT NULL, age INT)";
    let folder = Folder::new(&[FIRST]);
    folder.run(&folder.alone());
    let plan = folder.beside(sql).plan_file(folder.place.path()).expect("nothing is due");
    folder.write(ROWS.0, ROWS.1);
    let with = Migrator::for_plan(plan).migrations(folder.set());
    folder.refused(&with, ErrorKind::Stale, &["due: 002 rows", "apply the migrations first"]);
    let error = folder.beside(sql).plan_file(folder.place.path()).expect_err("002 is due");
    assert_eq!(error.kind(), ErrorKind::PlanFile, "{error}");
    contains(&error.to_string(), &["it holds no numbered migrations", "due: 002 rows", "help: "]);
}

#[test]
fn rows_that_had_no_parent_before_are_not_the_fault_of_a_migration() {
    let folder =
        Folder::new(&[FIRST, ("002_child.sql", "CREATE TABLE child (p INT REFERENCES person (id))")]);
    folder.run(&folder.alone());
    folder.place.sql("PRAGMA foreign_keys = OFF; INSERT INTO child VALUES (7)");
    let code = |number, sql: &'static str| {
        Migration::code(
            number,
            "code",
            move |context: &MigrationContext<'_>| {
                context.connection().execute_batch(sql)?;
                Ok(())
            },
            None::<fn(&MigrationContext<'_>) -> MigrationResult>,
        )
    };
    let set = |more: Vec<Migration>| {
        Migrator::for_model(Model::empty("main"))
            .migrations(Migrations::new(folder.set().iter().cloned().chain(more)).expect("in order"))
    };
    let fine = code(3, "INSERT INTO person VALUES (1, 'Ada')");
    let bad = code(4, "PRAGMA defer_foreign_keys = ON; INSERT INTO child VALUES (8)");
    assert_eq!(folder.run(&set(vec![fine.clone()])).applied, ["migration 003 code"]);
    let error = set(vec![fine, bad]).run(folder.place.path()).expect_err("a row without a parent");
    contains(&error.to_string(), &["migration 004 code failed", "row 2 of `child` refers to a `person`"]);
    assert_eq!(folder.place.query("SELECT p FROM child"), "7");
}

#[test]
fn each_row_of_a_batch_has_the_backup_that_was_made_before_it() {
    let one = "--: version 1.0.0\nCREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT NOT NULL)";
    let two = "--: version 2.0.0\nCREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT NOT NULL, age INT)";
    // That of the whole is not of the state before the model's change, where a migration came first.
    for (text, has) in
        [("UPDATE person SET name = 'Ada'", 0), ("-- schema: after\nUPDATE person SET age = 1", 1)]
    {
        let folder = Folder::new(&[]);
        folder.run(&folder.beside(one));
        folder.write("001_rows.sql", text);
        let report = folder.run(&folder.beside(two));
        let path = report.backup.expect("a backup").path;
        assert_eq!(
            folder.place.query(&format!(
                "SELECT kind, coalesce(backup = '{}', 0) FROM migration_history WHERE id > 1 ORDER BY kind",
                path.display()
            )),
            format!("'automatic'|{has}\n'numbered'|1")
        );
    }
}

#[test]
fn what_people_should_know_of_a_batch_is_said() {
    let one = "--: version 1.0.0\nCREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p INT REFERENCES p (id))";
    let two = "--: version 2.0.0\nCREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p TEXT REFERENCES p (id))";
    let folder = Folder::new(&[]);
    folder.run(&folder.beside(one));
    folder.place.sql("PRAGMA foreign_keys = OFF; INSERT INTO c VALUES (7)");
    folder.write("001_row.sql", "INSERT INTO p VALUES (1)");
    folder.write("002_row.sql", "INSERT INTO p VALUES (2)");
    let report = folder.run(&folder.beside(two));
    contains(
        &report.warnings.concat(),
        &["1 rows refer to a parent that does not exist; they did so before"],
    );
    // An older program, and a model with which the file agrees.
    folder.remove("002_row.sql");
    let report = folder.run(&folder.beside(two));
    assert_eq!(report.outcome, Outcome::UpToDate);
    assert_eq!(report.warnings.len(), 1, "{:?}", report.warnings);
    contains(&report.warnings[0], &["002 row, which this program does not know"]);
}

#[test]
fn a_run_goes_as_far_as_it_is_told_and_the_next_one_does_the_rest() {
    let folder = Folder::new(&[
        FIRST,
        ROWS,
        ("003_born.sql", "UPDATE person SET name = upper(name);"),
        ("004_later.sql", "-- schema: after\nCREATE INDEX by_born ON person (born);"),
    ]);
    let with_born = "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT NOT NULL, born INTEGER)";
    let report = folder.run(&folder.beside(with_born).up_to("2"));
    assert_eq!(report.applied, ["migration 001 first", "migration 002 rows"]);
    contains(&report.warnings.join("\n"), &["the model waits for migration 003 born"]);
    assert_eq!(folder.place.query("SELECT * FROM person"), "1|'Ada Lovelace'\n2|'Alan Turing'");
    // What is left is not forgotten, nor is it an error to be there already.
    let again = folder.run(&folder.beside(with_born).up_to("002"));
    assert_eq!((again.outcome, again.applied.len()), (Outcome::UpToDate, 0));
    let report = folder.run(&folder.beside(with_born).up_to("003"));
    assert_eq!(report.applied, ["migration 003 born", "add column person.born"]);
    let report = folder.run(&folder.beside(with_born));
    assert_eq!(report.applied, ["migration 004 later"]);
    assert_eq!(folder.run(&folder.beside(with_born)).outcome, Outcome::UpToDate);
    folder.refused(
        &folder.beside(with_born).up_to("005"),
        ErrorKind::Migration,
        &["there is no migration 005 to go up to", "there are: 001 first, 002 rows, 003 born, 004 later"],
    );
}

#[test]
fn one_that_no_transaction_holds_runs_between_two() {
    let folder = Folder::new(&[
        FIRST,
        (
            "002_whole.sql",
            "-- Smaller.\n-- schema: no-transaction\nVACUUM;\nBEGIN;\nINSERT INTO person (name) VALUES ('Ada');\nCOMMIT;",
        ),
        ("003_rows.sql", "UPDATE person SET name = 'Ada Lovelace';"),
        ("004_mode.sql", "-- schema: after\n-- schema: no-transaction\nPRAGMA journal_mode = WAL;"),
        ("005_born.sql", "-- schema: after\nUPDATE person SET born = 1815;"),
    ]);
    let with_born = "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT NOT NULL, born INTEGER)";
    let report = folder.run(&folder.beside(with_born));
    assert_eq!(report.outcome, Outcome::Created);
    assert_eq!(
        report.applied,
        [
            "migration 001 first",
            "migration 002 whole",
            "migration 003 rows",
            "add column person.born",
            "migration 004 mode",
            "migration 005 born"
        ]
    );
    assert_eq!(report.migrations.len(), 5);
    assert_eq!(folder.place.query("SELECT * FROM person; "), "1|'Ada Lovelace'|1815");
    assert_eq!(folder.place.query("PRAGMA journal_mode"), "'wal'");
    assert_eq!(
        folder.history(),
        "'001'|'first'|'numbered'|'completed'|1\n'002'|'whole'|'numbered'|'completed'|2\n'003'|'rows'|'numbered'|'completed'|3\n\
         '1.0.0'|'add column person.born'|'automatic'|'completed'|3\n'004'|'mode'|'numbered'|'completed'|5\n'005'|'born'|'numbered'|'completed'|6"
    );
    assert!(folder.beside(with_born).status(folder.place.path()).expect("a status").tampered.is_empty());
    assert_eq!(folder.run(&folder.beside(with_born)).outcome, Outcome::UpToDate);
}

#[test]
fn one_outside_of_a_transaction_that_fails_stops_every_start_until_it_is_said_what_it_left() {
    let folder = Folder::new(&[
        FIRST,
        (
            "002_half.sql",
            "-- schema: no-transaction\nINSERT INTO person (name) VALUES ('Ada');\nINSERT INTO nobody VALUES (1);",
        ),
        ROWS_LATER,
    ]);
    let error = folder.alone().run(folder.place.path()).expect_err("fails");
    assert_eq!(error.kind(), ErrorKind::Migration, "{error}");
    contains(
        &error.to_string(),
        &[
            "migration 002 half failed",
            "no such table: nobody",
            "state: this is there and stays: migration 001 first, what migration 002 half has done until then",
            "schema resolve --applied 002",
        ],
    );
    assert_eq!(folder.place.query("SELECT name FROM person"), "'Ada'");
    let status = "SELECT version, status, error FROM migration_history";
    assert_eq!(
        folder.place.query(status),
        "'001'|'completed'|NULL\n'002'|'running'|'migration 002 half failed'"
    );
    let error = folder.refused(
        &folder.alone(),
        ErrorKind::Conflict,
        &["002 half was begun on", "failed (migration 002 half failed)", "a part of it may be there"],
    );
    contains(&error.to_string(), &["--undone 002"]);
    // What is below it must not be taken from under it.
    let path = folder.place.path();
    let error =
        folder.place.unchanged_by(|| folder.alone().rollback(path, &Back::Last(1)).expect_err("refused"));
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    // One whose program died is waited for and then told too.
    folder.place.sql("UPDATE migration_history SET error = NULL WHERE version = '002'");
    folder.refused(
        &folder.alone().lock_wait(std::time::Duration::ZERO),
        ErrorKind::Conflict,
        &["002 half was begun on", "has not ended"],
    );
}

const ROWS_LATER: (&str, &str) = ("003_later.sql", "DELETE FROM person;");

#[test]
fn a_function_may_run_outside_of_a_transaction_and_must_leave_none() {
    fn up(context: &MigrationContext<'_>) -> MigrationResult {
        assert!(context.connection().is_autocommit());
        context.connection().execute_batch("CREATE TABLE a (id); VACUUM; BEGIN; INSERT INTO a VALUES (1)")?;
        Ok(())
    }
    let none = None::<fn(&MigrationContext<'_>) -> MigrationResult>;
    let set = Migrations::new([Migration::code(1, "a", up, none).no_transaction()]).expect("a set");
    let folder = Folder::new(&[]);
    let program = Migrator::for_model(Model::empty("main")).migrations(set);
    let error = program.run(folder.place.path()).expect_err("left open");
    contains(
        &error.to_string(),
        &["migration 001 a failed", "it has left a transaction open, which was rolled back"],
    );
    assert_eq!(folder.place.query("SELECT count(*) FROM a"), "0");
    for (text, what) in [
        ("-- schema: no-transaction\nATTACH 'x' AS y;", "`ATTACH` in a migration"),
        ("-- schema: no-transaction\nPRAGMA journal_mode = OFF;", "`PRAGMA journal_mode` in a migration"),
        ("-- schema: no-transaction\nPRAGMA foreign_keys = OFF;", "`PRAGMA foreign_keys` in a migration"),
        ("VACUUM;", "`VACUUM` in a migration"),
    ] {
        contains(&Migration::sql(1, "x", text).expect_err("refused").to_string(), &[what]);
    }
    let down = "-- schema: no-transaction\nVACUUM;";
    let error = Migration::sql(1, "x", "SELECT 1").expect("fine").with_down(down).expect_err("refused");
    contains(&error.to_string(), &["`001_x.down.sql` says `no-transaction`"]);
}
