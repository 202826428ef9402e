//! Everything that can be wrong with a file, its place, its rows and its names: one clear error, and nothing changed.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, OpenFlags};
use schema_runtime::{BackupPolicy, Error, ErrorKind, Migrator, Outcome};

use crate::support::model::model;
use crate::support::place::{Place, contains};

const OLD: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)";
const NEW: &str = "--: version 1.1.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)";

/// A database of several pages, made by a run.
fn filled() -> Place {
    let place = Place::with_model(OLD);
    place.sql(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 2000)
         INSERT INTO t SELECT i, 'a row with some text in it, number ' || i FROM n",
    );
    place
}

fn bytes(len: usize) -> Vec<u8> {
    let mut state: u32 = 12345;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..len).map(|_| next()).collect()
}

fn error_of(model_sql: &str, path: &Path) -> Error {
    let error = Migrator::new(model(model_sql)).run(path).expect_err("an error");
    assert!(error.state_line().is_some() && error.help_line().is_some(), "no state or help:\n{error}");
    error
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let contents: [(&str, Vec<u8>); 5] = [
        ("a text", b"hello, this is a text and no database\n".repeat(40)),
        ("a short text", b"hello".to_vec()),
        ("two bytes", b"SQ".to_vec()),
        ("what an encrypted file looks like", bytes(16_384)),
        ("a header alone", b"SQLite format 3\0".to_vec()),
    ];
    for (name, content) in contents {
        let place = Place::new();
        fs::write(place.path(), content).expect("a file");
        let error = place.refused(OLD, ErrorKind::NotADatabase);
        contains(&error.to_string(), &["app.db", "check the path"]);
        let status = place.unchanged_by(|| Migrator::new(model(OLD)).status(place.path()));
        assert_eq!(status.expect_err(name).kind(), ErrorKind::NotADatabase, "{name}");
    }
}

#[test]
fn a_truncated_database_is_refused_wherever_it_was_cut() {
    let whole = fs::read(filled().path()).expect("bytes");
    for len in [20, 99, 100, 511, 4096, 5000, 8192, whole.len() / 2, whole.len() - 4096, whole.len() - 1] {
        let place = Place::new();
        fs::write(place.path(), &whole[..len]).expect("a file");
        let error = place.unchanged_by(|| error_of(NEW, &place.path()));
        let kind = error.kind();
        assert!(matches!(kind, ErrorKind::NotADatabase | ErrorKind::Corrupt), "{len}: {error}");
        contains(&error.to_string(), &["app.db"]);
    }
}

#[test]
fn pages_of_rubbish_are_found_before_anything_is_written() {
    let place = filled();
    let mut content = fs::read(place.path()).expect("bytes");
    let from = content.len() - 3 * 4096;
    let rubbish = bytes(2 * 4096);
    content[from..from + rubbish.len()].copy_from_slice(&rubbish);
    fs::write(place.path(), content).expect("a file");
    let before = fs::read(place.path()).expect("bytes");
    let error = error_of(NEW, &place.path());
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    assert!(before == fs::read(place.path()).expect("bytes"));
    assert_eq!(place.files().len(), 1, "{:?}", place.names());
}

#[test]
fn a_file_of_a_newer_sqlite_is_refused() {
    for (at, value, kind) in
        [(19, 3, ErrorKind::NotADatabase), (47, 9, ErrorKind::NewerSqlite), (18, 3, ErrorKind::ReadOnly)]
    {
        let place = filled();
        let mut content = fs::read(place.path()).expect("bytes");
        content[at] = value;
        fs::write(place.path(), content).expect("a file");
        let error = place.refused(NEW, kind);
        contains(&error.to_string(), &["app.db"]);
    }
}

#[test]
fn a_path_that_leads_nowhere_is_refused_and_nothing_is_made() {
    let place = Place::new();
    fs::create_dir(place.folder().join("folder")).expect("a folder");
    let rows = [
        ("missing/app.db", "there is no folder"),
        ("folder", "it is a directory"),
        ("", "the path names no file"),
        (":memory:", "run_on"),
        ("nul\0/app.db", "cannot open"),
    ];
    for (path, text) in rows {
        let path =
            if path.is_empty() || path.starts_with(':') { path.into() } else { place.folder().join(path) };
        let error = place.unchanged_by(|| error_of(OLD, &path));
        assert_eq!(error.kind(), ErrorKind::Open, "{error}");
        contains(&error.to_string(), &[text]);
    }
    assert_eq!(place.names(), ["folder"]);
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_a_link_into_nowhere_is_refused() {
    let place = Place::with_model(OLD);
    let link = place.folder().join("link.db");
    std::os::unix::fs::symlink("app.db", &link).expect("a link");
    let report = Migrator::new(model(NEW)).run(&link).expect("a run");
    assert_eq!(report.outcome, Outcome::Migrated);
    assert_eq!(place.query("SELECT count(*) FROM pragma_table_info('t')"), "3");
    let nowhere = place.folder().join("nowhere.db");
    std::os::unix::fs::symlink("missing/other.db", &nowhere).expect("a link");
    let error = place.unchanged_by(|| error_of(OLD, &nowhere));
    assert_eq!(error.kind(), ErrorKind::Open, "{error}");
}

#[test]
fn a_database_that_cannot_be_written_is_refused_and_names_what_is_pending() {
    let place = filled();
    place.unchanged_by(|| {
        let mut conn = Connection::open_with_flags(place.path(), OpenFlags::SQLITE_OPEN_READ_ONLY)
            .expect("a connection");
        let error = Migrator::new(model(NEW)).run_on(&mut conn).expect_err("read-only");
        assert_eq!(error.kind(), ErrorKind::ReadOnly, "{error}");
        contains(&error.to_string(), &["app.db", "add column t.b", "state: ", "help: "]);
        let report = Migrator::new(model(OLD)).run_on(&mut conn).expect("up to date");
        assert_eq!(report.outcome, Outcome::UpToDate);
    });
}

#[test]
fn a_database_that_cannot_be_written_runs_as_it_is_where_nothing_is_pending() {
    let place = Place::by_hand("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)");
    place.unchanged_by(|| {
        let mut conn = Connection::open_with_flags(place.path(), OpenFlags::SQLITE_OPEN_READ_ONLY)
            .expect("a connection");
        Migrator::new(model(OLD)).run_on(&mut conn).expect("nothing pending");
    });
}

#[cfg(unix)]
#[test]
fn a_read_only_file_and_a_read_only_folder_are_refused() {
    use std::os::unix::fs::PermissionsExt;
    let place = filled();
    let set =
        |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
    set(&place.path(), 0o444);
    if fs::OpenOptions::new().append(true).open(place.path()).is_ok() {
        eprintln!("skipped: this user may write to files of mode 0444");
        return;
    }
    place.refused(NEW, ErrorKind::ReadOnly);
    set(&place.path(), 0o644);
    set(place.folder(), 0o555);
    let before = place.files();
    let error = error_of(NEW, &place.path());
    assert!(matches!(error.kind(), ErrorKind::ReadOnly | ErrorKind::Open | ErrorKind::Backup), "{error}");
    assert!(before == place.files());
    set(place.folder(), 0o755);
}

#[test]
fn a_place_where_no_journal_can_be_made_is_refused() {
    let place = filled();
    let journal = place.folder().join("app.db-journal");
    fs::create_dir(&journal).expect("a folder");
    let before = fs::read(place.path()).expect("bytes");
    let error = error_of(NEW, &place.path());
    assert!(matches!(error.kind(), ErrorKind::Open | ErrorKind::Io | ErrorKind::ReadOnly), "{error}");
    assert!(before == fs::read(place.path()).expect("bytes"));
    fs::remove_dir(&journal).expect("removed");
    assert_eq!(place.run(NEW).outcome, Outcome::Migrated);
}

#[test]
fn a_backup_folder_that_cannot_be_made_is_refused_before_anything_is_changed() {
    let place = filled();
    fs::write(place.folder().join("backups"), "a file").expect("a file");
    let error = place.unchanged_by(|| error_of(NEW, &place.path()));
    assert_eq!(error.kind(), ErrorKind::Backup, "{error}");
    contains(&error.to_string(), &["backups"]);
}

#[test]
fn a_locked_database_is_waited_for_and_then_refused() {
    for (mode, begin) in
        [("DELETE", "BEGIN EXCLUSIVE"), ("DELETE", "BEGIN IMMEDIATE"), ("WAL", "BEGIN IMMEDIATE")]
    {
        let place = filled();
        place.sql(&format!("PRAGMA journal_mode = {mode}"));
        let holder = place.open();
        holder.execute_batch(begin).expect("a lock");
        let migrator = Migrator::new(model(NEW)).lock_wait(Duration::from_millis(30));
        let error = migrator.run(place.path()).expect_err("locked");
        assert_eq!(error.kind(), ErrorKind::Busy, "{mode} {begin}: {error}");
        contains(&error.to_string(), &["app.db", "for all of the 30 ms", "lock_wait", "state: "]);
        holder.execute_batch("ROLLBACK").expect("released");
        drop(holder);
        assert_eq!(place.query("SELECT count(*) FROM pragma_table_info('t')"), "2");
        assert_eq!(place.query("SELECT count(*) FROM migration_history"), "1");
        assert_eq!(migrator.run(place.path()).expect("a run").outcome, Outcome::Migrated);
    }
}

#[test]
fn a_reader_does_not_stop_a_run_but_its_commit_waits() {
    let place = filled();
    let reader = place.open();
    reader.execute_batch("BEGIN; SELECT * FROM t").expect("a reader");
    let migrator = Migrator::new(model(NEW)).lock_wait(Duration::from_millis(30)).backup(BackupPolicy::Never);
    let error = migrator.run(place.path()).expect_err("the commit cannot be");
    assert_eq!(error.kind(), ErrorKind::Busy, "{error}");
    contains(&error.to_string(), &["cannot commit", "rolled back"]);
    reader.execute_batch("COMMIT").expect("the end");
    assert_eq!(place.query("SELECT count(*) FROM pragma_table_info('t')"), "2");
    assert_eq!(migrator.run(place.path()).expect("a run").outcome, Outcome::Migrated);
}

#[test]
fn a_full_disk_is_told_and_everything_is_rolled_back() {
    let place = filled();
    let rebuilt = "--: version 1.1.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a BLOB)";
    for (sql, slack) in [(rebuilt, 0), (rebuilt, 3), (rebuilt, 9), (NEW, 0)] {
        let before = place.query("SELECT count(*), sum(length(a)), max(a) FROM t");
        let mut conn = place.open();
        let pages: i64 = conn.query_row("PRAGMA page_count", [], |row| row.get(0)).expect("pages");
        let full = format!("PRAGMA max_page_count = {}", pages + slack);
        conn.query_row(&full, [], |row| row.get::<_, i64>(0)).expect("a limit");
        let error =
            Migrator::new(model(sql)).backup(BackupPolicy::Never).run_on(&mut conn).expect_err("a full disk");
        assert_eq!(error.kind(), ErrorKind::DiskFull, "{slack}: {error}");
        contains(&error.to_string(), &["state: ", "help: free disk space"]);
        assert!(conn.is_autocommit());
        drop(conn);
        assert_eq!(place.query("SELECT count(*), sum(length(a)), max(a) FROM t"), before);
        assert_eq!(
            place.query("SELECT count(*) FROM sqlite_schema WHERE name LIKE '\\_\\_%' ESCAPE '\\'"),
            "0"
        );
        assert_eq!(place.query("PRAGMA integrity_check"), "'ok'");
    }
    assert_eq!(place.run(rebuilt).outcome, Outcome::Migrated);
}

#[test]
fn broken_views_and_triggers_elsewhere_do_not_stop_a_change() {
    let place = filled();
    place.sql(
        "CREATE TABLE gone (x); CREATE VIEW v AS SELECT x FROM gone; CREATE TABLE w (x);
         CREATE TRIGGER g AFTER INSERT ON w BEGIN INSERT INTO gone VALUES (1); END; DROP TABLE gone",
    );
    let report = place.run(
        "--: version 2\n--: renamed_from t.n a\nCREATE TABLE t (id INTEGER PRIMARY KEY, n TEXT, b TEXT)",
    );
    assert_eq!(report.outcome, Outcome::Migrated);
    assert_eq!(place.query("SELECT name FROM sqlite_schema WHERE name IN ('v', 'g') ORDER BY 1"), "'g'\n'v'");
    assert_eq!(place.query("SELECT count(n) FROM t"), "2000");
}

#[test]
fn a_definition_that_does_not_parse_is_named() {
    let place = filled();
    place.sql(
        "CREATE VIEW broken_view AS SELECT 1; PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = 'CREATE VIEW broken_view AS SELEC 1' WHERE name = 'broken_view'",
    );
    let error = place.refused(NEW, ErrorKind::Corrupt);
    contains(&error.to_string(), &["broken_view"]);
}

#[test]
fn a_virtual_table_of_an_unknown_module_does_not_stop_plain_tables() {
    let place = filled();
    place.sql(
        "PRAGMA writable_schema = ON;
         INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql)
         VALUES ('table', 'vt', 'vt', 0, 'CREATE VIRTUAL TABLE vt USING nope(a)')",
    );
    let report = place.run("--: version 2\nCREATE TABLE t (id INTEGER PRIMARY KEY, a BLOB)");
    assert_eq!(report.outcome, Outcome::Migrated);
    assert_eq!(
        place.query("SELECT sql FROM sqlite_schema WHERE name = 'vt'"),
        "'CREATE VIRTUAL TABLE vt USING nope(a)'"
    );
}

#[test]
fn a_module_function_or_collation_that_the_model_needs_is_named() {
    let rows = [
        ("CREATE VIRTUAL TABLE vt USING nope(a)", "nope"),
        ("CREATE TABLE u (x TEXT COLLATE nope); CREATE INDEX i ON u (x)", "nope"),
        ("CREATE TABLE u (x TEXT, y TEXT AS (nope(x)))", "nope"),
        ("CREATE TABLE u (x TEXT CHECK (nope(x)))", "nope"),
        ("CREATE TABLE u (x TEXT); CREATE INDEX i ON u (nope(x))", "nope"),
    ];
    for (sql, name) in rows {
        let place = filled();
        let text = format!("--: version 2\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); {sql}");
        let error = place.refused(&text, ErrorKind::Missing);
        contains(&error.to_string(), &[name, "Migrator::connection"]);
    }
}

fn shout(conn: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    conn.create_scalar_function("shout", 1, flags, |context| Ok(context.get::<String>(0)?.to_uppercase()))?;
    conn.create_collation("backwards", |a, b| b.cmp(a))
}

#[test]
fn what_only_the_connection_hook_knows_is_needed_and_used_everywhere() {
    let first =
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT COLLATE backwards CHECK (shout(a) <> 'NO'), b TEXT);
                 CREATE INDEX i ON t (shout(a)); CREATE INDEX j ON t (a)";
    let second = "--: version 2\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT COLLATE backwards CHECK (shout(a) <> 'NO'), b INTEGER);
                  CREATE INDEX i ON t (shout(a)); CREATE INDEX j ON t (a)";
    let place = Place::new();
    Migrator::new(model(first)).connection(shout).run(place.path()).expect("a run");
    let conn = place.open();
    shout(&conn).expect("registered");
    conn.execute_batch("INSERT INTO t VALUES (1, 'x', '5'), (2, 'y', NULL)").expect("rows");
    drop(conn);
    let error = place.unchanged_by(|| error_of(second, &place.path()));
    assert_eq!(error.kind(), ErrorKind::Missing, "{error}");
    contains(&error.to_string(), &["Migrator::connection"]);
    let report = Migrator::new(model(second)).connection(shout).run(place.path()).expect("a run");
    assert_eq!(report.outcome, Outcome::Migrated);
    let conn = place.open();
    shout(&conn).expect("registered");
    assert_eq!(crate::support::case::query_text(&conn, "SELECT a, b FROM t ORDER BY a"), "'y'|NULL\n'x'|5");
    assert_eq!(crate::support::case::query_text(&conn, "PRAGMA integrity_check"), "'ok'");
}

#[test]
fn rows_that_break_a_rule_are_counted_and_shown() {
    let rows = [
        ("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL)", "1 "),
        ("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE)", "1 "),
        ("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT CHECK (a <> 'x'))", "2 "),
        ("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT REFERENCES t (id))", "3 "),
        ("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)", "3 "),
        ("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT NOT NULL)", "4 "),
    ];
    for (sql, count) in rows {
        let place = Place::with_model(OLD);
        place.sql("INSERT INTO t VALUES (1, 'x'), (20, 'x'), (30, NULL), (40, 'y')");
        let error = place.refused(&format!("--: version 2\n{sql}"), ErrorKind::Data);
        contains(&error.to_string(), &[count, "`t`", "rowid"]);
        assert_eq!(place.query("SELECT count(*) FROM migration_history"), "1", "{sql}");
    }
}

#[test]
fn a_database_without_history_is_refused_in_the_same_way() {
    let place =
        Place::by_hand("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t VALUES (1, NULL)");
    place.refused("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL)", ErrorKind::Data);
    assert_eq!(place.query("SELECT count(*) FROM sqlite_schema"), "1");
}

#[test]
fn a_refused_run_leaves_a_database_with_a_log_as_it_was() {
    let place = filled();
    place.sql("PRAGMA journal_mode = WAL; INSERT INTO t VALUES (5000, NULL)");
    for (sql, kind) in [
        ("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL)", ErrorKind::Data),
        ("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT CHECK (nope(a)))", ErrorKind::Missing),
        (
            "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE VIEW v AS SELECT nope FROM t",
            ErrorKind::Dependent,
        ),
        (
            "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE TABLE u (x REFERENCES nope (x))",
            ErrorKind::Dependent,
        ),
    ] {
        place.refused(&format!("--: version 2\n{sql}"), kind);
    }
    assert_eq!(place.names(), ["app.db"]);
}

#[test]
fn a_file_that_a_failed_run_made_is_removed_again() {
    let place = Place::new();
    let error = place.refused("CREATE TABLE t (x TEXT CHECK (nope(x)))", ErrorKind::Missing);
    contains(&error.to_string(), &["nope"]);
    assert!(place.names().is_empty(), "{:?}", place.names());
}

#[test]
fn a_hook_that_fails_is_an_error_and_changes_nothing() {
    let place = filled();
    let error = place.unchanged_by(|| {
        let migrator =
            Migrator::new(model(NEW)).connection(|conn| conn.execute_batch("SELECT * FROM nothing"));
        migrator.run(place.path()).expect_err("the hook fails")
    });
    contains(&error.to_string(), &["Migrator::connection", "nothing"]);
}
