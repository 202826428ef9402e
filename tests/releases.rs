//! From every release to the model of today: that what is sound passes, and that each thing that can be wrong fails with a text that
//! says what to do.

use std::fs;
use std::path::PathBuf;

use rusqlite::Connection;
use schema_runtime::testing::{self, ReleaseReport};
use schema_runtime::{Error, ErrorKind, Migration, Migrations, Migrator, RemovalPolicy};

use crate::support::model::model;
use crate::support::place::contains;

const ONE: &str = "--: version 1.0.0
    CREATE TABLE list (id INTEGER PRIMARY KEY, label TEXT NOT NULL UNIQUE, colour TEXT);
    CREATE TABLE task (id INTEGER PRIMARY KEY, list_id INTEGER NOT NULL REFERENCES list (id) ON DELETE CASCADE,
        title TEXT NOT NULL, estimate TEXT, state TEXT NOT NULL CHECK (state IN ('open', 'done')), old TEXT);
    CREATE TABLE tag (task_id INTEGER NOT NULL REFERENCES task (id), word TEXT NOT NULL, PRIMARY KEY (task_id, word)) WITHOUT ROWID";
const TWO: &str = "--: version 1.1.0
    --: renamed_from list.name label
    --: dropped task.old
    --: backfill list.colour 'none'
    CREATE TABLE list (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, colour TEXT NOT NULL);
    CREATE TABLE task (id INTEGER PRIMARY KEY, list_id INTEGER NOT NULL REFERENCES list (id) ON DELETE CASCADE,
        title TEXT NOT NULL, estimate TEXT, state TEXT NOT NULL CHECK (state IN ('open', 'done', 'late')));
    CREATE TABLE tag (task_id INTEGER NOT NULL REFERENCES task (id), word TEXT NOT NULL, PRIMARY KEY (task_id, word)) WITHOUT ROWID;
    CREATE INDEX task_state ON task (state)";
const THREE: &str = "--: version 2.0.0
    --: renamed_from job task
    --: renamed_from list.name label
    --: backfill list.colour 'none'
    --: dropped job.old
    --: convert job.estimate length(estimate)
    CREATE TABLE list (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, colour TEXT NOT NULL);
    CREATE TABLE job (id INTEGER PRIMARY KEY, list_id INTEGER NOT NULL REFERENCES list (id) ON DELETE CASCADE,
        title TEXT NOT NULL, estimate INTEGER, state TEXT NOT NULL CHECK (state IN ('open', 'done', 'late')), priority INTEGER NOT NULL DEFAULT 5);
    CREATE TABLE tag (task_id INTEGER NOT NULL REFERENCES job (id), word TEXT NOT NULL, PRIMARY KEY (task_id, word)) WITHOUT ROWID;
    CREATE VIEW late AS SELECT id FROM job WHERE state = 'late'";

/// A folder of snapshots, and one of fixtures.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    /// With the snapshots of these models, each accepted when it was the newest.
    pub(crate) fn of(models: &[&str]) -> Folder {
        let folder = Folder(tempfile::tempdir().expect("a folder"));
        fs::create_dir(folder.fixtures()).expect("a folder");
        for sql in models {
            folder.accept(&Migrator::new(model(sql)));
        }
        folder
    }

    pub(crate) fn schema(&self) -> PathBuf {
        self.0.path().join("schema")
    }

    fn fixtures(&self) -> PathBuf {
        self.0.path().join("fixtures")
    }

    fn snapshot(&self, version: &str) -> PathBuf {
        self.schema().join(format!("{version}.json"))
    }

    fn accept(&self, migrator: &Migrator) {
        testing::accept_snapshot(migrator, self.schema()).unwrap_or_else(|err| panic!("{err}"));
    }

    pub(crate) fn fixture(&self, name: &str, text: &str) {
        fs::write(self.fixtures().join(name), text).expect("written");
    }

    pub(crate) fn check(&self, migrator: &Migrator, version: &str) -> schema_runtime::Result<ReleaseReport> {
        testing::check_release(migrator, self.schema(), version, Some(&self.fixtures()))
    }

    pub(crate) fn passes(&self, migrator: &Migrator, version: &str) -> String {
        self.check(migrator, version).unwrap_or_else(|err| panic!("{err}")).to_string()
    }

    pub(crate) fn fails(&self, migrator: &Migrator, version: &str, kind: ErrorKind, parts: &[&str]) -> Error {
        failed(self.check(migrator, version).map(|_| ()), kind, parts)
    }

    fn releases(&self, migrator: &Migrator) -> schema_runtime::Result<Vec<String>> {
        testing::check_releases(migrator, self.schema(), Some(&self.fixtures()))
    }
}

fn failed(result: schema_runtime::Result<()>, kind: ErrorKind, parts: &[&str]) -> Error {
    let error = result.expect_err("something is wrong");
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.help_line().is_some(), "no help:\n{error}");
    contains(&error.to_string(), parts);
    error
}

pub(crate) fn program(sql: &str) -> Migrator {
    Migrator::new(model(sql))
}

/// A program with something in it that spoils the database at the end of a way, once the query gives a number that is not 0.
pub(crate) fn spoiled(sql: &str, way: &'static str, when: &'static str, spoil: &'static str) -> Migrator {
    program(sql).connection(move |conn: &Connection| {
        let file = conn.path().is_some_and(|path| path.ends_with(way));
        let writable: i64 = conn.query_row("PRAGMA query_only", [], |row| row.get(0))?;
        let now = file && writable == 0 && conn.query_row(when, [], |row| row.get(0)).unwrap_or(0) > 0;
        if now { conn.execute_batch(&format!("PRAGMA foreign_keys = OFF; {spoil}")) } else { Ok(()) }
    })
}

/// Once a database of 1.0.0 is one of 1.1.0.
const THERE: &str = "SELECT count(*) FROM pragma_table_info('list') WHERE name = 'name'";
/// Once it is back.
const BACK: &str = "SELECT count(*) FROM migration_history WHERE kind = 'rollback'";

#[test]
fn every_release_migrates_straight_and_step_by_step_and_back() {
    let folder = Folder::of(&[ONE, TWO, THREE]);
    let today = program(THREE);
    let told = folder.passes(&today, "1.0.0");
    contains(
        &told,
        &[
            "1.0.0 migrates: 72 rows, invented",
            "note: column `task`.`old` was dropped by consent",
            "by the `convert` of `job.estimate` in version 2.0.0",
        ],
    );
    contains(&folder.passes(&today, "1.1.0"), &["1.1.0 migrates: 72 rows, invented"]);
    assert_eq!(folder.passes(&today, "2.0.0"), "2.0.0 migrates: 72 rows, invented");
    assert_eq!(folder.releases(&today).expect("no gap"), ["1.0.0", "1.1.0", "2.0.0"]);
    testing::assert_release(today.clone(), folder.schema(), "1.0.0", None);
    testing::assert_releases(today, folder.schema(), None, &["1.0.0"]);
}

#[test]
fn what_a_way_loses_or_breaks_fails() {
    let folder = Folder::of(&[ONE]);
    let gone = "1.0.0 does not migrate straight to 1.1.0";
    let back = "1.0.0 does not come back from straight to 1.1.0";
    for (when, spoil, parts) in [
        (THERE, "DELETE FROM task WHERE id = 7", [gone, "1 of 24 rows of `task` are gone (first: id 7)"]),
        (
            THERE,
            "DELETE FROM tag WHERE rowid_of = 1",
            ["the hook given to `Migrator::connection` failed", "no such column: rowid_of"],
        ),
        (
            THERE,
            "INSERT OR IGNORE INTO list VALUES (7777, 'seven', 'x')",
            [gone, "`list` had 24 rows and has 25"],
        ),
        (
            THERE,
            "UPDATE list SET name = 'new' WHERE id = 7",
            [gone, "1 values of `list`.`label` have changed (id 7: "],
        ),
        (THERE, "DROP INDEX IF EXISTS task_state", [gone, "pending: create index task_state"]),
        (THERE, "DROP TABLE IF EXISTS tag", [gone, "table `tag` is gone"]),
        (BACK, "DELETE FROM tag", [back, "24 of 24 rows of `tag` are gone"]),
        (BACK, "UPDATE task SET old = 'none'", [back, "values of `task`.`old` have changed"]),
        (
            BACK,
            "CREATE INDEX IF NOT EXISTS mine ON task (title)",
            ["the rollback leads to another schema", "it lacks: drop index mine"],
        ),
    ] {
        let error = folder.check(&spoiled(TWO, "straight.db", when, spoil), "1.0.0").expect_err(spoil);
        contains(&error.to_string(), &parts);
        contains(&error.to_string(), &["only databases in a temporary folder were written"]);
        assert!(error.help_line().is_some(), "{error}");
    }
}

#[test]
fn ways_that_lead_to_two_schemas_fail() {
    let folder = Folder::of(&[ONE, TWO]);
    let when = "SELECT count(*) FROM pragma_table_info('job') WHERE name = 'priority'";
    let today = spoiled(THREE, "steps.db", when, "CREATE INDEX IF NOT EXISTS mine ON job (title)");
    folder.fails(
        &today,
        "1.0.0",
        ErrorKind::Verify,
        &[
            "1.0.0 becomes something else step by step to 2.0.0 than straight to 2.0.0",
            "it lacks: drop index mine",
        ],
    );
}

#[test]
fn a_way_that_is_refused_says_so_and_what_to_do() {
    let folder = Folder::of(&[ONE]);
    let refuses = program(TWO).removed(RemovalPolicy::Refuse);
    assert!(folder.check(&refuses, "1.0.0").is_ok(), "`dropped` is a consent");
    let kept = "--: version 1.1.0
        CREATE TABLE list (id INTEGER PRIMARY KEY, label TEXT NOT NULL UNIQUE, colour TEXT)";
    folder.fails(
        &program(kept).removed(RemovalPolicy::Refuse),
        "1.0.0",
        ErrorKind::Refused,
        &["1.0.0 does not migrate straight to 1.1.0", "`task`"],
    );
    // Retained, the other tables are as they were.
    assert_eq!(folder.passes(&program(kept), "1.0.0"), "1.0.0 migrates: 72 rows, invented");
    // A step on the way is refused where the whole way is not.
    let between = "--: version 1.1.0
        --: backfill list.colour 'none'
        CREATE TABLE list (id INTEGER PRIMARY KEY, label TEXT NOT NULL UNIQUE CHECK (label GLOB '[a-c]*'), colour TEXT)";
    let end = "--: version 1.2.0
        CREATE TABLE list (id INTEGER PRIMARY KEY, label TEXT NOT NULL UNIQUE, colour TEXT)";
    folder.accept(&program(between));
    folder.fails(
        &program(end),
        "1.0.0",
        ErrorKind::Data,
        &["1.0.0 does not migrate step by step to 1.2.0: the step to 1.1.0 fails", "break CHECK (label GLOB"],
    );
}

#[test]
fn invented_rows_that_are_refused_ask_for_a_fixture() {
    let folder = Folder::of(&[ONE]);
    let unique =
        program(&ONE.replace("1.0.0", "1.1.0").replace("title TEXT NOT NULL", "title TEXT NOT NULL UNIQUE"));
    folder.fails(
        &unique,
        "1.0.0",
        ErrorKind::Data,
        &[
            "1.0.0 does not migrate straight to 1.1.0",
            "`title`",
            "the rows are invented",
            "1.0.0.sql` or `1.0.0.db`",
        ],
    );
    folder.fixture(
        "1.0.0.sql",
        "INSERT INTO list VALUES (1, 'home', NULL);
         INSERT INTO task VALUES (1, 1, 'sweep', '5m', 'open', NULL), (2, 1, 'paint', NULL, 'done', 'x')",
    );
    contains(
        &folder.passes(&unique, "1.0.0"),
        &["1.0.0 migrates: 3 rows, of `", "1.0.0.sql`", "note: invented rows are refused: "],
    );
    folder.fixture(
        "1.0.0.sql",
        "INSERT INTO list VALUES (1, 'home', NULL);
         INSERT INTO task VALUES (1, 1, 'sweep', '5m', 'open', NULL), (2, 1, 'sweep', NULL, 'done', 'x')",
    );
    folder.fails(&unique, "1.0.0", ErrorKind::Data, &["`title`", "the rows are those of `", "1.0.0.sql`"]);
}

/// A database that a program of this model has made and filled, as a fixture.
fn database(folder: &Folder, sql: &str, name: &str, rows: &str) {
    let path = folder.fixtures().join(name);
    program(sql).run(&path).unwrap_or_else(|err| panic!("{err}"));
    Connection::open(&path).expect("a database").execute_batch(rows).expect("rows");
    let _ = fs::remove_dir_all(folder.fixtures().join("backups"));
}

const ROWS: &str = "INSERT INTO list VALUES (1, 'home', NULL), (2, 'away', 'red');
    INSERT INTO task VALUES (1, 1, 'sweep', '5m', 'open', NULL);";

#[test]
fn a_fixture_is_a_database_or_a_dump_or_rows() {
    let today = program(TWO);
    let folder = Folder::of(&[ONE, TWO]);
    database(&folder, ONE, "1.0.0.db", ROWS);
    contains(&folder.passes(&today, "1.0.0"), &["72 rows, invented; 3 rows, of `", "1.0.0.db`"]);
    // By hand, without a history.
    let tables = ONE.replace("--: version 1.0.0", "");
    let path = folder.fixtures().join("1.0.0.db");
    fs::remove_file(&path).expect("a file");
    let conn = Connection::open(&path).expect("a database");
    conn.execute_batch(&format!("PRAGMA journal_mode = WAL; {tables}; {ROWS}")).expect("tables");
    contains(&folder.passes(&today, "1.0.0"), &["3 rows, of `"]);
    drop(conn);
    fs::remove_file(&path).expect("a file");
    folder.fixture(
        "1.0.0.sql",
        &format!("PRAGMA foreign_keys=OFF; BEGIN TRANSACTION; {tables}; {ROWS} COMMIT;"),
    );
    contains(&folder.passes(&today, "1.0.0"), &["3 rows, of `", "1.0.0.sql`"]);
    folder.fixture("1.0.0.sql", ROWS);
    contains(&folder.passes(&today, "1.0.0"), &["3 rows, of `", "1.0.0.sql`"]);
    assert_eq!(fs::read_dir(folder.fixtures()).expect("a folder").count(), 1, "nothing is left beside it");
}

#[test]
fn a_fixture_that_does_not_match_its_snapshot_is_refused() {
    let today = program(THREE);
    let folder = Folder::of(&[ONE, TWO, THREE]);
    let refused = |version: &str, parts: &[&str]| {
        let error = folder.fails(&today, version, ErrorKind::Model, parts);
        contains(&error.to_string(), &["is not a database of version", "the rows are those of"]);
        for name in ["1.0.0.db", "1.0.0.sql", "1.1.0.db", "1.1.0.sql"] {
            let _ = fs::remove_file(folder.fixtures().join(name));
        }
    };
    database(&folder, TWO, "1.0.0.db", "");
    refused("1.0.0", &["its history ends with version 1.1.0"]);
    database(&folder, ONE, "1.1.0.db", "");
    refused("1.1.0", &["it needs: rename column list.label to name", "it needs: create index task_state"]);
    database(&folder, ONE, "1.0.0.db", "ALTER TABLE task DROP COLUMN estimate");
    refused("1.0.0", &["task.estimate"]);
    folder.fixture("1.0.0.sql", "CREATE TABLE list (id INTEGER PRIMARY KEY, label TEXT NOT NULL)");
    refused("1.0.0", &["it needs: create table task", "it needs: add UNIQUE (label) to list"]);
    folder.fixture("1.0.0.sql", "CREATE TABLE other (a)");
    refused("1.0.0", &["it needs: drop table other", "it needs: create table list"]);
    folder
        .fixture("1.0.0.sql", "INSERT INTO list VALUES (1, 'home', NULL); ALTER TABLE list ADD COLUMN size");
    folder.passes(&today, "1.0.0");
    folder.fixture("1.0.0.sql", "INSERT INTO list (name) VALUES ('home')");
    let parts = ["cannot run `", "1.0.0.sql`", "no column named name", "make it anew with version 1.0.0"];
    folder.fails(&today, "1.0.0", ErrorKind::Sqlite, &parts);
    folder.fixture("1.0.0.sql", "INSERT INTO list VALUES (1, NULL, NULL)");
    folder.fails(
        &today,
        "1.0.0",
        ErrorKind::Data,
        &["cannot run `", "NOT NULL constraint failed: list.label"],
    );
    fs::remove_file(folder.fixtures().join("1.0.0.sql")).expect("a file");
    fs::write(folder.fixtures().join("1.0.0.db"), "no database, whatever its name says".repeat(40))
        .expect("written");
    folder.fails(&today, "1.0.0", ErrorKind::NotADatabase, &["1.0.0.db`"]);
}

#[test]
fn numbered_migrations_run_as_they_ran_and_may_change_values() {
    let tables = "CREATE TABLE note (id INTEGER PRIMARY KEY, body TEXT NOT NULL, size INTEGER)";
    let (one, two) = (format!("--: version 1.0.0\n{tables}"), format!("--: version 1.1.0\n{tables}"));
    let sql = |number: u64, name: &str, text: &str| Migration::sql(number, name, text).expect("SQL");
    let first = || {
        let made = sql(1, "log", "CREATE TABLE log (line TEXT NOT NULL)");
        made.with_down("DROP TABLE log").expect("SQL")
    };
    let sizes = || sql(2, "sizes", "UPDATE note SET size = length(body); INSERT INTO log VALUES ('sized')");
    let with =
        |sql: &str, list: Vec<Migration>| program(sql).migrations(Migrations::new(list).expect("a set"));
    let folder = Folder::of(&[]);
    folder.accept(&with(&one, vec![first()]));
    let text = fs::read_to_string(folder.snapshot("1.0.0")).expect("a snapshot");
    contains(&text, &["\"migrations\": [", "\"name\": \"log\""]);
    let today = with(&two, vec![first(), sizes()]);
    contains(
        &folder.passes(&today, "1.0.0"),
        // The table of the first migration was there, and has rows; the second has run.
        &[
            "1.0.0 migrates: 48 rows, invented",
            "values of `note`.`size` have changed",
            "with migration 002 sizes",
            "`log` had 24 rows and has 25",
            "there is no way back from straight to 1.1.0",
        ],
    );
    let undone = sizes().with_down("DELETE FROM log WHERE line = 'sized'").expect("SQL");
    let told = folder.passes(&with(&two, vec![first(), undone]), "1.0.0");
    contains(
        &told,
        &["after the ways back of migration 002 sizes: ", "values of `note`.`size` have changed"],
    );
    assert!(!told.contains("no way back"), "{told}");
    folder.fails(
        &with(&two, vec![first(), sql(2, "sizes", "INSERT INTO log VALUES (NULL)")]),
        "1.0.0",
        ErrorKind::Migration,
        &["1.0.0 does not migrate straight to 1.1.0", "002"],
    );
    // A released migration stays what it was.
    folder.fails(
        &with(&two, vec![sql(1, "log", "CREATE TABLE log (line TEXT)")]),
        "1.0.0",
        ErrorKind::Migration,
        &["cannot make a database of version 1.0.0", "migration 001 log is no longer what it was"],
    );
    folder.fails(&program(&two), "1.0.0", ErrorKind::Migration, &["there is no migration 001 log any more"]);
    let all = sql(7, "all", "-- schema: replaces 001-001\nCREATE TABLE log (line TEXT NOT NULL)");
    folder.passes(&with(&two, vec![all]), "1.0.0");
    // And it is a change of the release, as the tables are.
    failed(
        testing::check_snapshot(&with(&one, vec![first(), sizes()]), folder.schema()),
        ErrorKind::Model,
        &["the model is not what `", "caused by: add migration 002 sizes", "if 1.0.0 is released"],
    );
}

#[test]
fn a_foreign_key_that_a_way_breaks_fails() {
    let folder = Folder::of(&[ONE]);
    // A migration may change values, so that only the key tells.
    let nothing = Migration::sql(1, "nothing", "UPDATE list SET colour = colour").expect("SQL");
    let spoil = "UPDATE task SET list_id = -99 WHERE id = 7";
    let today =
        spoiled(TWO, "straight.db", THERE, spoil).migrations(Migrations::new([nothing]).expect("a set"));
    folder.fails(
        &today,
        "1.0.0",
        ErrorKind::Verify,
        &[
            "rows refer to rows that are not there",
            "a row of `task` (rowid 7) refers to a missing one of `list`",
        ],
    );
}

#[test]
fn a_snapshot_that_is_not_as_it_was_written_fails_its_release() {
    let folder = Folder::of(&[ONE, TWO]);
    let today = program(TWO);
    let path = folder.snapshot("1.0.0");
    let text = fs::read_to_string(&path).expect("a snapshot");
    for (edited, parts) in [
        (text.replace("'done'", "'gone'"), ["1.0.0.json` is not as it was written", "edited by hand"]),
        (text.replace("\"format\": 1", "\"format\": 99"), ["is of another format", "update the library"]),
        (format!("<<<<<<< a\n{text}"), ["has the marks of a merge", "two branches have both changed"]),
        ("[".to_owned(), ["is no snapshot", "take the file as the main branch has it"]),
        (
            fs::read_to_string(folder.snapshot("1.1.0")).expect("a snapshot"),
            ["1.0.0.json` is of version 1.1.0", "is written, not copied"],
        ),
    ] {
        fs::write(&path, edited).expect("written");
        folder.fails(&today, "1.0.0", ErrorKind::Model, &parts);
        failed(folder.releases(&today).map(|_| ()), ErrorKind::Model, &parts);
    }
    fs::remove_file(&path).expect("a file");
    folder.fails(&today, "1.0.0", ErrorKind::Io, &["cannot read `", "1.0.0.json`"]);
    let other = TWO.replace("--: version", "--: model other\n--: version");
    let parts = ["1.1.0.json` is of model `main`", "the program's is `other`"];
    folder.fails(&program(&other), "1.1.0", ErrorKind::Model, &parts);
}

#[test]
fn a_gap_in_the_versions_fails() {
    let next = THREE.replace("2.0.0", "2.0.1");
    let folder = Folder::of(&[ONE, TWO, THREE, &next]);
    let today = program(&next);
    let all = ["1.0.0", "1.1.0", "2.0.0", "2.0.1"];
    assert_eq!(folder.releases(&today).expect("no gap"), all);
    let refused = |migrator: &Migrator, parts: &[&str]| {
        failed(folder.releases(migrator).map(|_| ()), ErrorKind::Model, parts);
    };
    // One between others.
    let text = fs::read(folder.snapshot("1.1.0")).expect("a file");
    fs::remove_file(folder.snapshot("1.1.0")).expect("a file");
    refused(
        &today,
        &["1.1.0.json` is missing", "2.0.0.json` came after it, and `1.0.0.json` before", "put it back"],
    );
    fs::write(folder.snapshot("1.1.0"), text).expect("written");
    // The oldest ones, whose support has ended.
    fs::remove_file(folder.snapshot("1.0.0")).expect("a file");
    assert_eq!(folder.releases(&today).expect("no gap"), all[1..]);
    // The model's own: needed where it is another than the newest.
    fs::remove_file(folder.snapshot("2.0.1")).expect("a file");
    assert_eq!(folder.releases(&today).expect("the same tables"), all[1..3]);
    let changed = format!("{next}; CREATE INDEX job_title ON job (title)");
    refused(
        &program(&changed),
        &[
            "has no snapshot of version 2.0.1, the model's",
            "the newest is of 2.0.0",
            "create index job_title",
        ],
    );
    refused(&program(TWO), &["has a snapshot of 2.0.0, and the model is of version 1.1.0"]);
    folder.fails(&program(TWO), "2.0.0", ErrorKind::Model, &["raise the version of the model"]);
    fs::copy(folder.snapshot("2.0.0"), folder.snapshot("2.0")).expect("copied");
    refused(&today, &["`2.0.json` and `2.0.0.json`, which are the same version"]);
    fs::remove_file(folder.snapshot("2.0")).expect("a file");
    folder.fixture("3.0.0.sql", "");
    refused(&today, &["3.0.0.sql` is of no release", "has no `3.0.0.json`"]);
    fs::remove_dir_all(folder.fixtures()).expect("a folder");
    refused(&today, &["there is no folder `", "relative to the package"]);
    fs::remove_dir_all(folder.schema()).expect("a folder");
    refused(
        &today,
        &["has no snapshot of any version", "testing::assert_snapshot", "UPDATE_SCHEMA=1 cargo test"],
    );
}

#[test]
fn a_release_that_does_not_migrate_panics_with_the_whole_text() {
    let folder = Folder::of(&[ONE]);
    let said = |act: &dyn Fn()| {
        let act = std::panic::AssertUnwindSafe(act);
        let panic = std::panic::catch_unwind(act).expect_err("something is wrong");
        *panic.downcast::<String>().expect("a text")
    };
    let (schema, older) = (folder.schema(), "--: version 0.9.0\nCREATE TABLE list (id INTEGER PRIMARY KEY)");
    let text = said(&|| testing::assert_release(program(older), &schema, "1.0.0", None));
    contains(&text, &["error: `", "has a snapshot of 1.0.0", "help: "]);
    let text = said(&|| testing::assert_releases(program(older), &schema, None, &["1.0.0"]));
    contains(&text, &["has a snapshot of 1.0.0"]);
    // A file that came after the tests were compiled is not left out.
    let unique = ONE.replace("1.0.0", "1.1.0").replace("title TEXT NOT NULL", "title TEXT NOT NULL UNIQUE");
    folder.accept(&program(&unique));
    let text = said(&|| testing::assert_releases(program(&unique), &schema, None, &["1.1.0"]));
    contains(&text, &["1.0.0 does not migrate straight to 1.1.0"]);
    testing::assert_releases(program(&unique), &schema, None, &["1.0.0", "1.1.0"]);
}

#[test]
fn rows_are_told_apart_whatever_their_key_is_or_becomes() {
    let one = "--: version 1.0.0
        CREATE TABLE bare (word TEXT);
        CREATE TABLE named (name TEXT NOT NULL PRIMARY KEY, size INTEGER);
        CREATE TABLE pair (a INTEGER NOT NULL, b TEXT NOT NULL, c REAL, PRIMARY KEY (a, b)) WITHOUT ROWID;
        CREATE TABLE typed (id INTEGER PRIMARY KEY, n INTEGER, t ANY) STRICT";
    let two = "--: version 2.0.0
        --: renamed_from pair.first a
        CREATE TABLE bare (word TEXT, more TEXT NOT NULL DEFAULT 'none');
        CREATE TABLE named (name TEXT NOT NULL PRIMARY KEY, size TEXT) WITHOUT ROWID;
        CREATE TABLE pair (first INTEGER NOT NULL, b TEXT NOT NULL, c REAL, PRIMARY KEY (b, first));
        CREATE TABLE typed (id INTEGER PRIMARY KEY, n TEXT, t ANY) STRICT";
    let folder = Folder::of(&[one]);
    assert_eq!(folder.passes(&program(two), "1.0.0"), "1.0.0 migrates: 96 rows, invented");
    for (spoil, part) in [
        ("UPDATE bare SET word = 'new' WHERE rowid = 5", "values of `bare`.`word` have changed (rowid 5: "),
        ("UPDATE named SET size = 'new'", "24 values of `named`.`size` have changed (name "),
        ("UPDATE pair SET first = first + 1000 WHERE first < 1000", "rows of `pair` are gone (first: b "),
        ("UPDATE typed SET t = 'new'", "24 values of `typed`.`t` have changed (id "),
    ] {
        let there = "SELECT count(*) FROM pragma_table_info('pair') WHERE name = 'first'";
        let today = spoiled(two, "straight.db", there, spoil);
        let error = folder.check(&today, "1.0.0").expect_err(part);
        contains(&error.to_string(), &[part]);
    }
}

const SEARCH_ONE: &str = "--: version 1.0.0
    CREATE TABLE doc (id INTEGER PRIMARY KEY, title TEXT NOT NULL, old TEXT);
    CREATE TABLE gone (id INTEGER PRIMARY KEY, word TEXT);
    CREATE VIRTUAL TABLE notes USING fts5(head, body);
    CREATE VIRTUAL TABLE places USING rtree(id, x0, x1);
    CREATE VIRTUAL TABLE found USING fts5(title, content='doc', content_rowid='id');
    CREATE TRIGGER doc_new AFTER INSERT ON doc BEGIN INSERT INTO found (rowid, title) VALUES (new.id, new.title); END";
const SEARCH_TWO: &str = "--: version 1.1.0
    CREATE TABLE doc (id INTEGER PRIMARY KEY, title TEXT NOT NULL, kind TEXT);
    CREATE VIRTUAL TABLE notes USING fts5(head, body, tokenize='porter');
    CREATE VIRTUAL TABLE places USING rtree(id, x0, x1);
    CREATE VIRTUAL TABLE found USING fts5(title, content='doc', content_rowid='id');
    CREATE TRIGGER doc_new AFTER INSERT ON doc BEGIN INSERT INTO found (rowid, title) VALUES (new.id, new.title); END";

#[test]
fn what_virtual_tables_and_retired_columns_hold_is_compared() {
    let folder = Folder::of(&[SEARCH_ONE, SEARCH_TWO]);
    let told = folder.passes(&program(SEARCH_TWO), "1.0.0");
    // Of four tables that keep content of their own.
    contains(&told, &["1.0.0 migrates: 96 rows, invented"]);
    let (there, gone) = (
        "SELECT count(*) FROM pragma_table_info('doc') WHERE name = 'kind'",
        "1.0.0 does not migrate straight to 1.1.0",
    );
    let back = "1.0.0 does not come back from straight to 1.1.0";
    for (when, spoil, parts) in [
        (there, "UPDATE doc SET old = 'new'", [gone, "values of `doc`.`old` have changed"]),
        (there, "DELETE FROM gone WHERE id = 7", [gone, "1 of 24 rows of `gone` are gone (first: id 7)"]),
        (
            there,
            "DELETE FROM notes WHERE rowid = 7",
            [gone, "1 of 24 rows of `notes` are gone (first: rowid 7)"],
        ),
        (
            there,
            "UPDATE notes SET body = 'other' WHERE rowid = 7",
            [gone, "1 values of `notes`.`body` have changed"],
        ),
        (there, "UPDATE places SET x1 = 9999 WHERE id = 7", [gone, "1 values of `places`.`x1` have changed"]),
        (
            there,
            "INSERT INTO found (found) VALUES ('delete-all')",
            [gone, "full-text index `found` does not say what its table has"],
        ),
        (BACK, "DELETE FROM notes", [back, "24 of 24 rows of `notes` are gone"]),
        (BACK, "UPDATE doc SET old = NULL WHERE id = 7", [back, "1 values of `doc`.`old` have changed"]),
        (
            BACK,
            "INSERT INTO found (found) VALUES ('delete-all')",
            [back, "full-text index `found` does not say what its table has"],
        ),
    ] {
        let error = folder.check(&spoiled(SEARCH_TWO, "straight.db", when, spoil), "1.0.0").expect_err(spoil);
        contains(&error.to_string(), &parts);
    }
}
