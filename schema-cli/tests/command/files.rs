//! What the command writes and reads besides databases: scripts, plans, snapshots; and what it must not create.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use schema_runtime::rusqlite::Connection;

use crate::support::{place, schema};

/// A table with rows, a trigger that must not fire, and a view, to be rebuilt, filled and renamed.
const RICH: &str = "
    CREATE TABLE user (id INTEGER PRIMARY KEY, name TEXT, score TEXT);
    CREATE TABLE log (line TEXT);
    CREATE TRIGGER watch AFTER UPDATE ON user BEGIN INSERT INTO log VALUES (new.id); END;
    CREATE VIEW names AS SELECT name FROM user;
    INSERT INTO user VALUES (1, 'ada', '1'), (2, NULL, '2');";
const RICHER: &str = "
    CREATE TABLE user (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL CHECK (name <> ''), -- schema: backfill('unknown')
        score INTEGER,
        email TEXT UNIQUE
    );
    CREATE TABLE log (line TEXT);
    CREATE TRIGGER watch AFTER UPDATE ON user BEGIN INSERT INTO log VALUES (new.id); END;
    CREATE VIEW names AS SELECT name, email FROM user;
    CREATE INDEX by_score ON user (score);";

fn rich() -> tempfile::TempDir {
    let place = place();
    Connection::open(place.path().join("app.db")).expect("a database").execute_batch(RICH).expect("rows");
    fs::write(place.path().join("rich.sql"), RICHER).expect("a target");
    place
}

fn rows(path: &Path) -> Vec<String> {
    let conn = Connection::open(path).expect("a database");
    let mut statement = conn
        .prepare("SELECT id || ' ' || name || ' ' || typeof(score) FROM user UNION ALL SELECT line FROM log")
        .expect("a query");
    let rows = statement.query_map([], |row| row.get(0)).expect("rows");
    rows.map(|row| row.expect("a row")).collect()
}

#[test]
fn the_script_leads_to_the_target_and_keeps_the_rows() {
    let place = rich();
    let script = schema(place.path(), &["plan", "app.db", "--to", "rich.sql", "--sql"]);
    assert_eq!(script.code, Some(0), "{}", script.stderr);
    fs::copy(place.path().join("app.db"), place.path().join("copy.db")).expect("a copy");
    // The lines with a dot are for the shell; without triggers, what they say is not needed.
    let bare: String =
        script.stdout.lines().filter(|line| !line.starts_with('.')).flat_map(|line| [line, "\n"]).collect();
    Connection::open(place.path().join("copy.db"))
        .expect("a database")
        .execute_batch(&bare)
        .expect("the script runs");
    let diff = schema(place.path(), &["diff", "copy.db", "rich.sql"]);
    assert_eq!(diff.code, Some(0), "{}", diff.stdout);
    assert_eq!(rows(&place.path().join("copy.db"))[..2], ["1 ada integer", "2 unknown integer"]);

    fs::write(place.path().join("script.sql"), &script.stdout).expect("a script");
    fs::copy(place.path().join("app.db"), place.path().join("shell.db")).expect("a copy");
    let Ok(status) = Command::new("sqlite3")
        .arg(place.path().join("shell.db"))
        .stdin(fs::File::open(place.path().join("script.sql")).expect("a script"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
    else {
        println!("skipped: the sqlite3 shell is not installed");
        return;
    };
    // An older shell may not know the newest ALTER statements; it then stops, and nothing is changed.
    let path = place.path().join("shell.db");
    if status.success() {
        assert_eq!(schema(place.path(), &["diff", "shell.db", "rich.sql"]).code, Some(0));
        assert_eq!(rows(&path), ["1 ada integer", "2 unknown integer"]);
    } else {
        assert_eq!(schema(place.path(), &["diff", "shell.db", "app.db"]).code, Some(0));
    }
}

#[test]
fn a_saved_plan_that_was_edited_or_is_of_another_format_is_refused() {
    let place = rich();
    let saved =
        schema(place.path(), &["plan", "app.db", "--to", "rich.sql", "--out", "plan.json", "--quiet"]);
    assert_eq!(saved.code, Some(0), "{}", saved.stderr);
    let names: Vec<String> = listing(place.path()).into_iter().filter(|name| name.contains("plan")).collect();
    assert_eq!(names, ["plan.json"], "no part of it is left under another name");
    let text = fs::read_to_string(place.path().join("plan.json")).expect("a plan");
    let before = fs::read(place.path().join("app.db")).expect("a database");
    let cases = [
        (
            text.replace("'unknown'", "'nobody'"),
            "caused by: its content is not what was saved: somebody has edited it\n",
        ),
        (
            text.replacen("\"format\": 2", "\"format\": 1", 1),
            "caused by: it is of format 1; this version reads format 2\n",
        ),
        (text[..text.len() / 2].to_owned(), "caused by: it is no plan that was saved\n"),
    ];
    for (edited, cause) in cases {
        assert_ne!(edited, text);
        fs::write(place.path().join("edited.json"), edited).expect("a plan");
        let said = schema(place.path(), &["apply", "app.db", "--plan", "edited.json"]);
        assert_eq!(said.code, Some(1), "{}", said.stderr);
        assert!(said.stderr.starts_with("error: cannot use the saved plan\n"), "{}", said.stderr);
        assert!(said.stderr.contains(cause), "{}", said.stderr);
    }
    assert_eq!(fs::read(place.path().join("app.db")).expect("a database"), before);
    let said = schema(place.path(), &["apply", "app.db", "--plan", "plan.json", "--no-backup"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert_eq!(rows(&place.path().join("app.db")), ["1 ada integer", "2 unknown integer"]);
}

#[test]
fn what_inspect_prints_as_json_or_sql_is_a_target() {
    let place = rich();
    for (flag, name) in [("--json", "live.json"), ("--sql", "live.sql")] {
        let said = schema(place.path(), &["inspect", "app.db", flag]);
        assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""));
        fs::write(place.path().join(name), said.stdout).expect("a file");
        assert_eq!(
            schema(place.path(), &["diff", "app.db", name]).stdout,
            format!("app.db and {name} are the same\n")
        );
        let made = format!("{name}.db");
        assert_eq!(schema(place.path(), &["apply", &made, "--to", name]).code, Some(0));
        assert_eq!(schema(place.path(), &["diff", "app.db", &made]).code, Some(0));
        assert_eq!(schema(place.path(), &["check", "app.db", "--to", name]).code, Some(0));
    }
}

#[test]
fn inspect_takes_what_holds_a_zero_for_a_database_whatever_it_is_called() {
    let place = place();
    fs::write(
        place.path().join("encrypted"),
        b"\x01\xFF\x00 and so on, for more than the bytes of a header".repeat(99),
    )
    .expect("a file");
    let said = schema(place.path(), &["inspect", "encrypted"]);
    assert_eq!((said.code, said.stdout.as_str()), (Some(1), ""));
    assert!(
        said.stderr.starts_with("error: cannot open `encrypted`\ncaused by: file is not a database\n"),
        "{}",
        said.stderr
    );

    fs::write(place.path().join("latin"), b"CREATE TABLE gr\xF6sse (a)").expect("a file");
    let said = schema(place.path(), &["inspect", "latin", "--rust"]);
    assert_eq!(said.code, Some(1));
    assert!(said.stderr.starts_with("error: cannot read `latin`\n"), "{}", said.stderr);
}

#[test]
fn a_verb_that_only_reads_creates_and_writes_nothing() {
    let place = rich();
    fs::copy(place.path().join("app.db"), place.path().join("kept.db")).expect("a copy");
    let before = listing(place.path());
    for db in ["app.db", "none.db"] {
        for arguments in [
            &["plan", db, "--to", "rich.sql"][..],
            &["check", db, "--to", "rich.sql"],
            &["status", db, "--to", "rich.sql"],
            &["status", db],
            &["history", db],
            &["inspect", db],
            &["doctor", db],
            &["diff", db, "rich.sql"],
            &["backup", db, "list"],
            &["backup", db, "verify"],
            &["apply", db, "--to", "rich.sql", "--dry-run"],
        ] {
            let said = schema(place.path(), arguments);
            let backups = arguments[0] == "backup";
            let expected = if db == "none.db" && !backups { Some(1) } else { said.code };
            assert_eq!(said.code, expected, "{arguments:?}: {}", said.stderr);
            assert!(matches!(said.code, Some(0..=2)), "{arguments:?}: {}", said.stderr);
        }
        assert_eq!(listing(place.path()), before, "{db}");
    }
    let bytes = |name: &str| fs::read(place.path().join(name)).expect("a database");
    assert_eq!(bytes("app.db"), bytes("kept.db"));
}

fn listing(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}
