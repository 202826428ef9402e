//! Backups that the settings keep, whatever verb makes the next one; and looks that leave everything as it is.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use schema_runtime::rusqlite::Connection;

use crate::support::{place, schema};

fn database(folder: &Path, sql: &str) -> PathBuf {
    let path = folder.join("kept.db");
    let conn = Connection::open(&path).expect("a file");
    conn.execute_batch(sql).expect("rows");
    path
}

/// The only backup there is, as if it had been made in 2020.
fn aged(folder: &Path) -> PathBuf {
    let folder = folder.join("backups/migrations");
    let note = fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let note =
        note.into_iter().find(|path| path.extension().is_some_and(|end| end == "json")).expect("a note");
    let mut told: serde_json::Value =
        serde_json::from_slice(&fs::read(&note).expect("a note")).expect("JSON");
    told["created_at"] = "2020-03-01T12:00:00.000Z".into();
    let old = folder.join("kept_20200301_120000_000.db");
    fs::write(old.with_extension("json"), told.to_string()).expect("a note");
    fs::rename(note.with_extension("db"), &old).expect("a rename");
    fs::remove_file(note).expect("a note");
    old
}

#[test]
fn a_saved_plan_deletes_no_backup_that_the_settings_keep() {
    for (keep, stays) in [("keep_age = 'none'\n", true), ("", false)] {
        let place = place();
        let folder = place.path();
        database(folder, "CREATE TABLE a (n TEXT)");
        // A backup without a history to go by might be another database's, and stays anyhow.
        for arguments in [&["baseline", "kept.db"][..], &["backup", "kept.db", "create"]] {
            let said = schema(folder, arguments);
            assert_eq!(said.code, Some(0), "{}", said.stderr);
        }
        let old = aged(folder);
        fs::write(folder.join("schema.toml"), keep).expect("settings");
        fs::write(folder.join("more.sql"), "CREATE TABLE a (n TEXT, m TEXT);").expect("a target");
        for arguments in [
            &["plan", "kept.db", "--to", "more.sql", "--out", "plan.json"][..],
            &["apply", "kept.db", "--plan", "plan.json"],
        ] {
            let said = schema(folder, arguments);
            assert_eq!(said.code, Some(0), "{}", said.stderr);
        }
        assert_eq!(old.exists(), stays, "{keep}");
    }
}

fn content(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.append(&mut content(&path));
        } else if !path.to_string_lossy().ends_with("-shm") {
            found.insert(path.clone(), fs::read(&path).expect("a file"));
        }
    }
    found
}

#[test]
fn a_dry_run_of_prune_leaves_the_log_of_a_killed_writer_as_it_was() {
    let place = place();
    let folder = place.path();
    let made = tempfile::tempdir().expect("a folder");
    let live = database(made.path(), "PRAGMA journal_mode = WAL; CREATE TABLE a (n TEXT)");
    let writer = Connection::open(&live).expect("a file");
    writer.execute_batch("INSERT INTO a VALUES ('in the log')").expect("a row");
    for name in ["kept.db", "kept.db-wal"] {
        fs::copy(made.path().join(name), folder.join(name)).expect("a copy");
    }
    for _ in 0..2 {
        let said = schema(folder, &["backup", "kept.db", "create"]);
        assert_eq!(said.code, Some(0), "{}", said.stderr);
    }
    let before = content(folder);
    let said =
        schema(folder, &["backup", "kept.db", "prune", "--dry-run", "--keep-age", "0", "--keep-count", "1"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert!(said.stdout.contains("would delete 1 file"), "{}", said.stdout);
    assert!(content(folder) == before, "{:?}", content(folder).keys());
}

#[test]
fn an_apply_with_nothing_to_do_leaves_the_file_as_it_is() {
    let place = place();
    let folder = place.path();
    for expected in ["schema created", "schema is up to date", "schema is up to date"] {
        let before = fs::read(folder.join("app.db")).ok();
        let said = schema(folder, &["apply", "app.db", "--to", "v1.sql"]);
        assert_eq!(said.code, Some(0), "{}", said.stderr);
        assert!(said.stdout.contains(expected), "{}", said.stdout);
        if expected.ends_with("up to date") {
            assert!(fs::read(folder.join("app.db")).ok() == before, "it was written to");
        }
    }
}

#[cfg(unix)]
#[test]
fn settings_that_cannot_be_read_are_not_passed_over() {
    let place = place();
    let folder = place.path();
    database(folder, "CREATE TABLE a (n TEXT)");
    for make in [
        (|path: &Path| std::os::unix::fs::symlink("gone.toml", path)) as fn(&Path) -> std::io::Result<()>,
        |path| fs::create_dir(path),
    ] {
        let settings = folder.join("schema.toml");
        make(&settings).expect("something of this name");
        let said = schema(folder, &["status", "kept.db"]);
        assert_eq!(said.code, Some(1), "{}", said.stdout);
        assert!(said.stderr.contains("cannot read the settings in `schema.toml`"), "{}", said.stderr);
        fs::remove_file(&settings).or_else(|_| fs::remove_dir(&settings)).expect("it goes");
    }
}

#[test]
fn a_copy_that_somebody_works_on_is_no_backup_any_more() {
    let place = place();
    let folder = place.path();
    database(folder, "CREATE TABLE a (n TEXT); INSERT INTO a VALUES ('one')");
    for arguments in [&["baseline", "kept.db"][..], &["backup", "kept.db", "create"]] {
        let said = schema(folder, arguments);
        assert_eq!(said.code, Some(0), "{}", said.stderr);
    }
    let old = aged(folder);
    let said = schema(folder, &["backup", "kept.db", "create"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let size = fs::metadata(&old).expect("a copy").len();
    let conn = Connection::open(&old).expect("the copy opens");
    conn.execute_batch("UPDATE a SET n = 'two'").expect("a row");
    drop(conn);
    assert_eq!(fs::metadata(&old).expect("a copy").len(), size);
    let written = std::time::SystemTime::now() + std::time::Duration::from_secs(60);
    let file = fs::File::options().write(true).open(&old).expect("the copy opens");
    file.set_modified(written).expect("a time");
    let said = schema(folder, &["backup", "kept.db", "prune"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert!(old.exists(), "{}", said.stdout);
    assert!(said.stdout.contains("it is not what its note says"), "{}", said.stdout);
}
