//! From every release to the model of today: what no field of the model has, and a user has all the same. Columns and tables that are kept, and
//! what virtual tables give.

use schema_runtime::{RemovalPolicy, testing};

use crate::releases::{Folder, program, spoiled};
use crate::support::place::contains;

/// Once a database of 1.0.0 is one of 1.1.0.
const THERE: &str = "SELECT count(*) FROM pragma_table_info('task') WHERE name = 'title'";
/// The same, while it has a column that is kept.
const COLOUR: &str = "SELECT count(*) = 2 FROM pragma_table_info('task') WHERE name IN ('title', 'colour')";
/// Once it is back.
const BACK: &str = "SELECT count(*) FROM migration_history WHERE kind = 'rollback'";
const STRAIGHT: &str = "1.0.0 does not migrate straight to 1.1.0";
const RETURN: &str = "1.0.0 does not come back from straight to 1.1.0";

/// Each row: when, what spoils the database, and what is said of it.
fn each_fails(folder: &Folder, today: &str, rows: &[(&'static str, &'static str, &str)]) {
    for (when, spoil, part) in rows {
        let error = folder.check(&spoiled(today, "straight.db", when, spoil), "1.0.0").expect_err(spoil);
        contains(&error.to_string(), &[if *when == BACK { RETURN } else { STRAIGHT }, part]);
    }
}

#[test]
fn columns_and_tables_that_the_model_has_no_longer_keep_their_values() {
    let one = "--: version 1.0.0
        CREATE TABLE task (id INTEGER PRIMARY KEY, headline TEXT NOT NULL, colour TEXT NOT NULL, size INTEGER CHECK (size <> 5));
        CREATE TABLE note (id INTEGER PRIMARY KEY, body TEXT NOT NULL)";
    let two = "--: version 1.1.0
        --: renamed_from task.title headline
        CREATE TABLE task (id INTEGER PRIMARY KEY, title TEXT NOT NULL)";
    let folder = Folder::of(&[one]);
    assert_eq!(folder.passes(&program(two), "1.0.0"), "1.0.0 migrates: 48 rows, invented");
    let rows = [
        (
            THERE,
            "UPDATE task SET colour = NULL WHERE id = 7",
            "1 values of `task`.`colour` have changed (id 7: ",
        ),
        (THERE, "UPDATE task SET size = 99 WHERE id = 7", "1 values of `task`.`size` have changed (id 7: "),
        (THERE, "DELETE FROM note WHERE id = 7", "1 of 24 rows of `note` are gone (first: id 7)"),
        (THERE, "UPDATE note SET body = 'x' || body WHERE id = 7", "1 values of `note`.`body` have changed"),
        (COLOUR, "ALTER TABLE task DROP COLUMN colour", "column `task`.`colour` is gone"),
        (BACK, "UPDATE task SET colour = 'none'", "values of `task`.`colour` have changed"),
        (BACK, "DELETE FROM note", "24 of 24 rows of `note` are gone"),
    ];
    each_fails(&folder, two, &rows);
}

const TABLE: &str = "CREATE TABLE task (id INTEGER PRIMARY KEY, headline TEXT NOT NULL);";
const NEW: &str = "--: version 1.1.0
    --: renamed_from task.title headline
    CREATE TABLE task (id INTEGER PRIMARY KEY, title TEXT NOT NULL);";

/// A release with these virtual tables, and the model of today with those.
fn releases(virtual_tables: &str, now: &str) -> (Folder, String) {
    let one = format!("--: version 1.0.0\n{TABLE}{virtual_tables}");
    (Folder::of(&[&one]), format!("{NEW}{now}"))
}

#[test]
fn what_virtual_tables_hold_is_held_too() {
    let all = "CREATE VIRTUAL TABLE own USING fts5(title, body, tokenize = 'porter');
        CREATE VIRTUAL TABLE old USING fts4(title, body);
        CREATE VIRTUAL TABLE bare USING fts5(body, content = '');
        CREATE VIRTUAL TABLE area USING rtree(id, x0, x1, y0, y1, +label);
        CREATE VIRTUAL TABLE terms USING fts5vocab(own, 'row');";
    let (folder, two) = releases(all, all);
    assert_eq!(folder.passes(&program(&two), "1.0.0"), "1.0.0 migrates: 120 rows, invented");
    let rows = [
        (THERE, "DELETE FROM own WHERE rowid = 8", "1 of 24 rows of `own` are gone (first: rowid 8)"),
        (
            THERE,
            "UPDATE own SET body = 'other' WHERE rowid = 8",
            "1 values of `own`.`body` have changed (rowid 8: ",
        ),
        (THERE, "DELETE FROM old WHERE docid = 8", "1 of 24 rows of `old` are gone (first: rowid 8)"),
        (
            THERE,
            "INSERT INTO bare (bare, rowid, body) SELECT 'delete', doc, term FROM temp.words",
            "no such table: temp.words",
        ),
        (
            THERE,
            "INSERT INTO bare (bare) VALUES ('delete-all')",
            "rows of `index of bare` are gone (first: term ",
        ),
        (
            THERE,
            "UPDATE area SET x1 = x1 + 1 WHERE id = 9",
            "1 values of `area`.`x1` have changed (rowid 9: ",
        ),
        (THERE, "UPDATE area SET label = 'here' WHERE id = 9", "1 values of `area`.`label` have changed"),
        (THERE, "DELETE FROM area", "24 of 24 rows of `area` are gone"),
        // The rows are there, and no query finds them.
        (
            THERE,
            "DELETE FROM own_data WHERE id > 10; DELETE FROM own_idx",
            "cannot read the rows of `index of own`",
        ),
        (THERE, "DROP TABLE IF EXISTS own", "virtual table `own` is gone"),
        (BACK, "DELETE FROM own WHERE rowid = 8", "1 of 24 rows of `own` are gone"),
        (BACK, "DELETE FROM area", "24 of 24 rows of `area` are gone"),
    ];
    each_fails(&folder, &two, &rows);
}

#[test]
fn an_index_over_a_table_finds_what_it_found() {
    let one = "CREATE VIRTUAL TABLE found USING fts5(headline, content = 'task', content_rowid = 'id');";
    let two = "CREATE VIRTUAL TABLE found USING fts5(title, content = 'task', content_rowid = 'id');
        CREATE TRIGGER filled AFTER INSERT ON task BEGIN INSERT INTO found (rowid, title) VALUES (new.id, new.title); END;";
    let (folder, two) = releases(one, two);
    assert_eq!(folder.passes(&program(&two), "1.0.0"), "1.0.0 migrates: 24 rows, invented");
    let rows = [
        (
            THERE,
            "INSERT INTO found (found) VALUES ('delete-all')",
            "full-text index `found` does not say what its table has: ",
        ),
        (
            BACK,
            "INSERT INTO found (found) VALUES ('delete-all')",
            "full-text index `found` does not say what its table has: ",
        ),
    ];
    each_fails(&folder, &two, &rows);
}

#[test]
fn what_goes_from_virtual_tables_by_consent_is_told() {
    let (folder, two) = releases(
        "CREATE VIRTUAL TABLE own USING fts5(title, body);",
        "CREATE VIRTUAL TABLE own USING fts5(title, tokenize = 'porter');",
    );
    let today = |sql: &str| program(sql).allow("L102");
    contains(
        &folder.passes(&today(&two), "1.0.0"),
        &["1.0.0 migrates: 48 rows, invented", "note: column `own`.`body` was dropped by consent"],
    );
    contains(
        &folder.passes(&program(NEW).removed(RemovalPolicy::Drop), "1.0.0"),
        &[
            "note: virtual table `own` was dropped by consent",
            "note: there is no way back from straight to 1.1.0: the rows of virtual table `own` cannot be brought back",
        ],
    );
    // Kept without consent, it is held as before.
    contains(&folder.passes(&program(NEW), "1.0.0"), &["1.0.0 migrates: 48 rows, invented"]);
    let kept = spoiled(NEW, "straight.db", THERE, "DELETE FROM own WHERE rowid = 8");
    contains(
        &folder.check(&kept, "1.0.0").expect_err("lost").to_string(),
        &["1 of 24 rows of `own` are gone"],
    );
}

#[test]
#[ignore = "run by the test below"]
fn fails_here() {
    testing::assert_releases(program(NEW), "nowhere", None, &[]);
}

#[test]
fn a_release_that_is_missing_is_told_where_it_was_asked_for() {
    let mut command = std::process::Command::new(std::env::current_exe().expect("this binary"));
    let output = command.args(["--ignored", "--exact", "releases_kept::fails_here"]).output().expect("run");
    let said = String::from_utf8_lossy(&output.stdout);
    contains(&said, &["panicked at tests/releases_kept.rs:", "`nowhere` has no snapshot of any version"]);
}

#[test]
fn a_virtual_table_that_cannot_be_read_is_told() {
    // An extension's, which the program that looks has not loaded: only its row in the catalog is there, and its table.
    let vector = "CREATE TABLE vector_chunks (id INTEGER PRIMARY KEY);";
    let (folder, two) = releases(vector, vector);
    let bare = "PRAGMA writable_schema = ON;
        INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql)
            VALUES ('table', 'vector', 'vector', 0, 'CREATE VIRTUAL TABLE vector USING vec0(a)');
        PRAGMA writable_schema = OFF";
    folder.fixture("1.0.0.sql", bare);
    contains(
        &folder.passes(&program(&two), "1.0.0"),
        &["note: what virtual table `vector` gives was not compared: no such module: vec0"],
    );
}
