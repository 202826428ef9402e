//! The automatic change, written as a numbered migration.

use schema_runtime::{Authored, BackupPolicy, ErrorKind, Migration, Migrations, Migrator};

use crate::support::model::model;
use crate::support::place::{Place, contains};

fn migrator(sql: &str) -> Migrator {
    Migrator::new(model(sql)).backup(BackupPolicy::Never)
}

fn author(place: &Place, sql: &str) -> Authored {
    place.unchanged_by(|| migrator(sql).author(place.path()).unwrap_or_else(|err| panic!("{sql}\n{err}")))
}

/// The written change as the first migration, beside the model that it leads to.
fn beside(sql: &str, authored: &Authored) -> Migrator {
    let mut migration = Migration::sql(1, "written", &authored.up).unwrap_or_else(|err| panic!("{err}"));
    if let Some(down) = &authored.down {
        migration = migration.with_down(down).unwrap_or_else(|err| panic!("{err}"));
    }
    migrator(sql).migrations(Migrations::new([migration]).expect("one"))
}

const BEFORE: &str = "--: version 1.0.0
    CREATE TABLE project (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL);
    CREATE TABLE task (id INTEGER PRIMARY KEY, project_id INTEGER NOT NULL REFERENCES project (id) ON DELETE CASCADE, title TEXT);
    CREATE TABLE note (task_id INTEGER NOT NULL REFERENCES task (id) ON DELETE SET NULL, body TEXT);
    CREATE TABLE log (what TEXT);
    CREATE INDEX note_body ON note (body);
    CREATE TRIGGER gone AFTER DELETE ON task BEGIN INSERT INTO log VALUES ('gone ' || old.id); END;
    CREATE TRIGGER noted AFTER INSERT ON note BEGIN INSERT INTO log VALUES ('note ' || new.body); END;";

const ROWS: &str = "INSERT INTO project VALUES (1, 'one'), (2, 'two'), (9, 'nine'); DELETE FROM project WHERE id = 9;
    INSERT INTO task VALUES (1, 1, 'a'), (5, 2, 'b'); INSERT INTO note (rowid, task_id, body) VALUES (3, 1, 'x'), (8, 5, 'y');
    DELETE FROM log";

const ALL: [&str; 5] = [
    "SELECT * FROM project",
    "SELECT * FROM task",
    "SELECT rowid, * FROM note",
    "SELECT * FROM log",
    "SELECT * FROM sqlite_sequence",
];

#[test]
fn a_rebuild_takes_along_the_tables_that_refer_to_it_and_no_row_is_lost() {
    let after = BEFORE.replace("1.0.0", "2.0.0").replace("name TEXT NOT NULL", "name TEXT NOT NULL UNIQUE");
    let place = Place::with_model(BEFORE);
    place.sql(ROWS);
    let before = ALL.map(|query| place.query(query));
    let authored = author(&place, &after);
    assert_eq!(authored.summary, "add UNIQUE (name) to project");
    assert!(
        !authored.up.contains("foreign_keys = OFF") && !authored.up.contains("writable_schema"),
        "{}",
        authored.up
    );
    let report =
        beside(&after, &authored).run(place.path()).unwrap_or_else(|err| panic!("{err}\n{}", authored.up));
    assert!(report.plan.is_empty(), "{report}");
    assert_eq!(ALL.map(|query| place.query(query)), before);
    assert_eq!(place.query("SELECT * FROM pragma_foreign_key_check"), "");
    let fails = place.open().execute("INSERT INTO project (name) VALUES ('one')", []);
    assert!(fails.expect_err("UNIQUE").to_string().contains("UNIQUE constraint failed"));
    // Foreign keys and triggers are what they were.
    place
        .open()
        .execute_batch("PRAGMA foreign_keys = ON; DELETE FROM task WHERE id = 5")
        .expect_err("NOT NULL");
    place.open().execute_batch("PRAGMA foreign_keys = ON; INSERT INTO note VALUES (1, 'z')").expect("a note");
    assert_eq!(place.query("SELECT * FROM log"), "'note z'");
}

#[test]
fn the_way_back_leads_back_and_says_what_it_does_not_bring_back() {
    let after = BEFORE
        .replace("1.0.0", "2.0.0")
        .replace("body TEXT", "body TEXT, at TEXT DEFAULT 'now'")
        .replace(", title TEXT", "");
    let place = Place::with_model(BEFORE);
    place.sql(ROWS);
    let authored = place.unchanged_by(|| {
        let dropping = migrator(&after).removed(schema_runtime::RemovalPolicy::Drop);
        dropping.author(place.path()).unwrap_or_else(|err| panic!("{err}"))
    });
    let down = authored.down.as_ref().expect("a way back");
    assert!(
        down.starts_with("-- Comes back without its values, which only a backup has: task.title.\n"),
        "{down}"
    );
    contains(
        &authored.notes.join("\n"),
        &["does not bring values back, which only a backup has: task.title"],
    );
    let catalog =
        place.query("SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'migration%' ORDER BY name");
    let conn = place.open();
    conn.execute_batch(&format!(
        "PRAGMA foreign_keys = ON; BEGIN; {} COMMIT; BEGIN; {down} COMMIT",
        authored.up
    ))
    .unwrap_or_else(|err| panic!("{err}\n{}\n{down}", authored.up));
    drop(conn);
    let now =
        place.query("SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'migration%' ORDER BY name");
    let plain = |text: &str| text.replace([' ', '"', '\n'], "").replace("main.", "").to_lowercase();
    assert_eq!(plain(&now).len(), plain(&catalog).len(), "{now}\n{catalog}");
    assert_eq!(place.query("SELECT * FROM task"), "1|1|NULL\n5|2|NULL");
}

#[test]
fn rows_that_would_lose_something_stop_the_script_as_they_stop_the_plan() {
    let before = "--: version 1.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)";
    let after = "--: version 2.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)";
    let place = Place::with_model(before);
    place.sql("INSERT INTO t VALUES (1, '12'), (2, NULL)");
    let authored = author(&place, after);
    // Elsewhere there are other rows.
    place.sql("INSERT INTO t VALUES (3, '007')");
    let error = beside(after, &authored).run(place.path()).expect_err("it loses zeros");
    assert_eq!(place.query("SELECT typeof(a) FROM t WHERE a = '007'"), "'text'");
    assert_eq!(error.kind(), ErrorKind::Migration);
    contains(&error.to_string(), &["CHECK constraint failed: t.a: values of", "would not survive"]);
    place.sql("DELETE FROM t WHERE id = 3");
    beside(after, &authored).run(place.path()).unwrap_or_else(|err| panic!("{err}"));
    assert_eq!(place.query("SELECT id, a, typeof(a) FROM t"), "1|12|'integer'\n2|NULL|'null'");
}

#[test]
fn an_empty_table_here_may_have_rows_elsewhere() {
    let before =
        "--: version 1.0.0\nCREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (id INTEGER PRIMARY KEY)";
    // Natively SQLite takes such a column only while the table is empty, or keys are not enforced.
    let after = "--: version 2.0.0\nCREATE TABLE p (id INTEGER PRIMARY KEY);
        CREATE TABLE t (id INTEGER PRIMARY KEY, made TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP, p INTEGER DEFAULT 1 REFERENCES p (id))";
    let place = Place::with_model(before);
    let authored = author(&place, after);
    place.sql("INSERT INTO p VALUES (1); INSERT INTO t VALUES (4), (7)");
    beside(after, &authored).run(place.path()).unwrap_or_else(|err| panic!("{err}\n{}", authored.up));
    assert_eq!(place.query("SELECT id, made IS NOT NULL, p FROM t"), "4|1|1\n7|1|1");
}

#[test]
fn nothing_is_written_for_nothing_and_what_is_due_comes_first() {
    let place = Place::with_model(BEFORE);
    let authored = author(&place, BEFORE);
    assert_eq!((authored.up.as_str(), authored.down), ("", None));
    let due = Migration::sql(1, "more", "CREATE TABLE more (a)").expect("a migration");
    let migrator = migrator(BEFORE).migrations(Migrations::new([due]).expect("one"));
    let error = place.unchanged_by(|| migrator.author(place.path()).expect_err("one is due"));
    assert_eq!(error.kind(), ErrorKind::Pending);
    contains(&error.to_string(), &["due: 001 more"]);
}
