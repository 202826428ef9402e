//! Files and connections of every kind: attached, in memory, shared, linked, encoded, paged, watched; rows that were wrong before;
//! functions and collations that only the program knows.

use std::path::Path;

use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, OpenFlags};
use schema_runtime::{Error, ErrorKind, Migrator, Outcome, Report};

use crate::support::case::{Act::*, Case, Expect, check_rows, query_text, run};
use crate::support::model::model;

const BEFORE: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE INDEX t_a ON t (a);
    INSERT INTO t VALUES (5, 'five'), (9, 'ni\u{fc}n'), (11, x'00ff')";
const ADDED: &str =
    "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT NOT NULL DEFAULT 'x'); CREATE INDEX t_a ON t (a)";
const REBUILT: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE, b TEXT NOT NULL DEFAULT 'x'); CREATE INDEX t_a ON t (a)";
const ROWS: &str = "5|'five'|'x'\n9|'ni\u{fc}n'|'x'\n11|x'00FF'|'x'";

fn migrate(path: &Path, sql: &'static str) -> Report {
    Migrator::new(model(sql)).run(path).unwrap_or_else(|err| panic!("{err}"))
}

fn migrate_on(conn: &mut Connection, sql: &'static str) -> Report {
    Migrator::new(model(sql)).run_on(conn).unwrap_or_else(|err| panic!("{err}"))
}

fn sound(conn: &Connection) {
    check_rows(conn, &[("PRAGMA integrity_check", "'ok'"), ("SELECT id, a, b FROM t ORDER BY id", ROWS)]);
}

#[test]
fn files_of_every_encoding_page_size_journal_and_vacuum_mode_keep_what_they_are() {
    let settings = [
        ("PRAGMA encoding = 'UTF-16le'", "encoding", "'UTF-16le'"),
        ("PRAGMA encoding = 'UTF-16be'", "encoding", "'UTF-16be'"),
        ("PRAGMA auto_vacuum = FULL", "auto_vacuum", "1"),
        ("PRAGMA auto_vacuum = INCREMENTAL", "auto_vacuum", "2"),
        ("PRAGMA page_size = 512", "page_size", "512"),
        ("PRAGMA page_size = 65536", "page_size", "65536"),
        ("PRAGMA journal_mode = WAL", "journal_mode", "'wal'"),
        ("PRAGMA journal_mode = TRUNCATE", "journal_mode", "'delete'"),
        ("PRAGMA user_version = 77", "user_version", "77"),
        ("PRAGMA application_id = 4711", "application_id", "4711"),
    ];
    for (pragma, name, value) in settings {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("case.db");
        let conn = Connection::open(&path).expect("opens");
        conn.execute_batch(pragma).expect("a pragma");
        conn.execute_batch(BEFORE).expect("rows");
        drop(conn);
        assert_eq!(migrate(&path, ADDED).outcome, Outcome::Migrated, "{pragma}");
        let rebuilt = migrate(&path, REBUILT);
        assert_eq!(rebuilt.outcome, Outcome::Migrated, "{pragma}");
        assert_eq!(migrate(&path, REBUILT).outcome, Outcome::UpToDate, "{pragma}");
        let conn = Connection::open(&path).expect("opens");
        sound(&conn);
        assert_eq!(query_text(&conn, &format!("PRAGMA {name}")), value);
        let backup = Connection::open(&rebuilt.backup.expect("a backup").path).expect("the backup opens");
        sound(&backup);
        if name != "journal_mode" {
            assert_eq!(query_text(&backup, &format!("PRAGMA {name}")), value, "the backup of {pragma}");
        }
    }
}

#[test]
fn a_database_in_memory_is_migrated_without_a_backup() {
    let mut conn = Connection::open_in_memory().expect("memory");
    conn.execute_batch(BEFORE).expect("rows");
    let report = migrate_on(&mut conn, ADDED);
    assert_eq!((report.outcome, report.backup.is_none()), (Outcome::Migrated, true));
    assert_eq!(report.no_backup.as_deref(), Some("the database is in memory"));
    migrate_on(&mut conn, REBUILT);
    sound(&conn);
}

#[test]
fn a_database_in_shared_memory_is_migrated_under_another_connection() {
    let uri = "file:casesb_shared?mode=memory&cache=shared";
    let flags =
        OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let other = Connection::open_with_flags(uri, flags).expect("opens");
    other.execute_batch(BEFORE).expect("rows");
    let mut conn = Connection::open_with_flags(uri, flags).expect("opens");
    migrate_on(&mut conn, ADDED);
    migrate_on(&mut conn, REBUILT);
    sound(&other);
    // A statement that reads holds its lock: an error that says so, and nothing done.
    let mut reading = other.prepare("SELECT id FROM t").expect("a query");
    let mut rows = reading.query([]).expect("rows");
    rows.next().expect("a row");
    let wanted = model("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT NOT NULL DEFAULT 'x')");
    let error = Migrator::new(wanted)
        .lock_wait(std::time::Duration::ZERO)
        .run_on(&mut conn)
        .expect_err("another connection reads");
    assert_eq!(error.kind(), ErrorKind::Busy, "{error}");
    drop(rows);
    drop(reading);
    sound(&other);
}

#[test]
fn an_attached_database_with_tables_of_the_same_names_is_not_touched() {
    let folder = tempfile::tempdir().expect("a folder");
    let (main, aux) = (folder.path().join("main.db"), folder.path().join("aux.db"));
    for path in [&main, &aux] {
        Connection::open(path).expect("opens").execute_batch(BEFORE).expect("rows");
    }
    let before = std::fs::read(&aux).expect("the attached file");
    let mut conn = Connection::open(&main).expect("opens");
    conn.execute_batch(&format!("ATTACH '{}' AS aux", aux.display())).expect("attaches");
    conn.execute_batch(
        "CREATE TEMP VIEW both_of_them AS SELECT m.id FROM main.t AS m JOIN aux.t AS x USING (id)",
    )
    .expect("a temporary view");
    migrate_on(&mut conn, ADDED);
    migrate_on(&mut conn, REBUILT);
    sound(&conn);
    check_rows(
        &conn,
        &[
            ("SELECT * FROM aux.t WHERE id = 5", "5|'five'"),
            ("SELECT id FROM both_of_them ORDER BY id", "5\n9\n11"),
            ("SELECT count(*) FROM aux.sqlite_schema", "2"),
        ],
    );
    drop(conn);
    assert!(std::fs::read(&aux).expect("the attached file") == before, "the attached file has changed");
}

#[cfg(unix)]
#[test]
fn a_symlink_is_followed_and_the_backup_lies_beside_the_real_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let real = folder.path().join("real");
    std::fs::create_dir(&real).expect("a folder");
    let (file, link) = (real.join("data.db"), folder.path().join("link.db"));
    Connection::open(&file).expect("opens").execute_batch(BEFORE).expect("rows");
    std::os::unix::fs::symlink(&file, &link).expect("a link");
    let report = migrate(&link, REBUILT);
    assert_eq!(report.outcome, Outcome::Migrated);
    sound(&Connection::open(&file).expect("opens"));
    assert!(link.symlink_metadata().expect("the link").is_symlink());
    let backup = report.backup.expect("a backup").path;
    let beside = real.canonicalize().expect("a path").join("backups");
    assert!(backup.starts_with(&beside), "{} is not below {}", backup.display(), beside.display());
}

#[test]
fn a_read_only_connection_says_what_is_pending() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("case.db");
    Connection::open(&path).expect("opens").execute_batch(BEFORE).expect("rows");
    let before = std::fs::read(&path).expect("the file");
    let mut conn = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("opens");
    let error = Migrator::new(model(ADDED)).run_on(&mut conn).expect_err("read-only");
    let text = error.to_string();
    assert_eq!(error.kind(), ErrorKind::ReadOnly, "{text}");
    assert!(text.contains("pending: add column t.b") && text.contains("\nhelp: "), "{text}");
    drop(conn);
    assert!(std::fs::read(&path).expect("the file") == before, "the file has changed");
    migrate(&path, ADDED);
    let mut conn = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("opens");
    assert_eq!(migrate_on(&mut conn, ADDED).outcome, Outcome::UpToDate);
}

#[test]
fn a_reader_of_a_wal_file_sees_its_snapshot_throughout() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("case.db");
    let writer = Connection::open(&path).expect("opens");
    writer.execute_batch("PRAGMA journal_mode = WAL").expect("a pragma");
    writer.execute_batch(BEFORE).expect("rows");
    let reader = Connection::open(&path).expect("opens");
    reader.execute_batch("BEGIN").expect("begins");
    check_rows(&reader, &[("SELECT count(*) FROM t", "3")]);
    assert_eq!(migrate(&path, ADDED).outcome, Outcome::Migrated);
    assert_eq!(migrate(&path, REBUILT).outcome, Outcome::Migrated);
    check_rows(
        &reader,
        &[
            ("SELECT * FROM t WHERE id = 5", "5|'five'"),
            ("SELECT count(*) FROM sqlite_schema WHERE name = 'migration_history'", "0"),
        ],
    );
    reader.execute_batch("COMMIT").expect("ends");
    sound(&reader);
    sound(&writer);
}

#[test]
fn a_reader_of_a_rollback_journal_file_is_waited_for_and_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("case.db");
    Connection::open(&path).expect("opens").execute_batch(BEFORE).expect("rows");
    let before = std::fs::read(&path).expect("the file");
    let reader = Connection::open(&path).expect("opens");
    reader.execute_batch("BEGIN").expect("begins");
    check_rows(&reader, &[("SELECT count(*) FROM t", "3")]);
    let migrator = Migrator::new(model(REBUILT)).lock_wait(std::time::Duration::from_millis(20));
    let error = migrator.run(&path).expect_err("a reader holds its snapshot");
    let text = error.to_string();
    assert_eq!(error.kind(), ErrorKind::Busy, "{text}");
    assert!(text.contains("\nstate: ") && text.contains("\nhelp: "), "{text}");
    check_rows(&reader, &[("SELECT id, a FROM t WHERE id = 5", "5|'five'")]);
    reader.execute_batch("COMMIT").expect("ends");
    assert!(std::fs::read(&path).expect("the file") == before, "the file has changed");
    assert_eq!(migrate(&path, REBUILT).outcome, Outcome::Migrated);
    sound(&reader);
}

#[test]
fn violations_that_were_there_before_are_not_ours() {
    const START: &str = "CREATE TABLE p (id INTEGER PRIMARY KEY, a TEXT);
        CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (id))";
    const BAD: &str = "INSERT INTO p VALUES (1, 'x'); INSERT INTO c VALUES (5, 1), (6, 77), (7, 78)";
    run(&[
        Case {
            name: "rows without a parent do not hinder a rebuild of the parent",
            before: &[Model(START), Sql(BAD)],
            after: "CREATE TABLE p (id INTEGER PRIMARY KEY, a TEXT, UNIQUE (a));
                CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (id))",
            expect: Expect::Plan(
                "1. add UNIQUE (a) to p (rebuild)",
                &[schema_runtime::HazardCode::Tightened, schema_runtime::HazardCode::Rewrite],
            ),
            rows: &[("SELECT * FROM c", "5|1\n6|77\n7|78")],
            ..Case::DEFAULT
        },
        Case {
            name: "rows without a parent do not hinder a rebuild of the child",
            before: &[Model(START), Sql(BAD)],
            after: "CREATE TABLE p (id INTEGER PRIMARY KEY, a TEXT);
                CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER UNIQUE REFERENCES p (id))",
            expect: Expect::Plan(
                "1. add UNIQUE (p) to c (rebuild)",
                &[schema_runtime::HazardCode::Tightened, schema_runtime::HazardCode::Rewrite],
            ),
            rows: &[("SELECT * FROM c", "5|1\n6|77\n7|78")],
            ..Case::DEFAULT
        },
        Case {
            name: "a foreign key to a table that nobody made does not hinder a change",
            before: &[
                Sql(
                    "CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES nowhere (id), a TEXT); INSERT INTO c VALUES (5, 1, 'x')",
                ),
                Model("CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER, a TEXT)"),
            ],
            after: "CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER, a TEXT UNIQUE)",
            expect: Expect::Plan(
                "1. add UNIQUE (a) to c (rebuild)",
                &[schema_runtime::HazardCode::Tightened, schema_runtime::HazardCode::Rewrite],
            ),
            rows: &[("SELECT * FROM c", "5|1|'x'")],
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn old_violations_are_reported() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("case.db");
    let conn = Connection::open(&path).expect("opens");
    conn.execute_batch(
        "PRAGMA foreign_keys = OFF; CREATE TABLE p (id INTEGER PRIMARY KEY);
         CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (id)); INSERT INTO c VALUES (5, 77), (6, 78)",
    )
    .expect("rows");
    let report = migrate(
        &path,
        "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (id), b TEXT)",
    );
    let warnings = report.warnings.join("\n");
    assert!(
        warnings.contains("2 rows refer to a parent that does not exist; they did so before"),
        "{warnings}"
    );
}

fn with_function(conn: &Connection) -> rusqlite::Result<()> {
    conn.create_scalar_function(
        "slug",
        1,
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC,
        |args| Ok(args.get::<Option<String>>(0)?.map(|text| text.to_lowercase())),
    )?;
    conn.create_collation("BY_LENGTH", |a, b| a.len().cmp(&b.len()).then(a.cmp(b)))
}

/// A table that needs a function and a collation, and one that does not.
fn special(path: &Path) {
    let conn = Connection::open(path).expect("opens");
    with_function(&conn).expect("registers");
    conn.execute_batch(
        "CREATE TABLE s (id INTEGER PRIMARY KEY, a TEXT COLLATE BY_LENGTH, b TEXT, g TEXT AS (slug(b)), CHECK (slug(b) <> ''));
         CREATE INDEX s_a ON s (a); CREATE INDEX s_b ON s (slug(b)); CREATE INDEX s_g ON s (g);
         CREATE VIEW v AS SELECT slug(b) AS x FROM s; CREATE TABLE plain (id INTEGER PRIMARY KEY, a TEXT);
         CREATE TRIGGER st AFTER INSERT ON s BEGIN INSERT INTO plain (a) VALUES (slug(new.b)); END;
         INSERT INTO s (id, a, b) VALUES (1, 'aaa', 'X'), (2, 'b', 'Y'); DELETE FROM plain; INSERT INTO plain VALUES (1, 'p')",
    )
    .expect("rows");
}

const SPECIAL: &str = "CREATE TABLE s (id INTEGER PRIMARY KEY, a TEXT COLLATE BY_LENGTH, b TEXT, g TEXT AS (slug(b)), CHECK (slug(b) <> ''));
    CREATE INDEX s_a ON s (a); CREATE INDEX s_b ON s (slug(b)); CREATE INDEX s_g ON s (g);";

#[test]
fn plain_tables_beside_ones_that_need_an_unknown_function_or_collation_migrate() {
    let changes = [
        "CREATE TABLE plain (id INTEGER PRIMARY KEY, a TEXT, b TEXT)",
        "CREATE TABLE plain (id INTEGER PRIMARY KEY, a TEXT NOT NULL UNIQUE)",
        "CREATE TABLE plain (id INTEGER PRIMARY KEY, a TEXT); CREATE INDEX plain_a ON plain (a); CREATE TABLE fresh (x TEXT)",
        "--: renamed_from simple plain
--: renamed_from simple.z a
CREATE TABLE simple (id INTEGER PRIMARY KEY, z TEXT)",
    ];
    for change in changes {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("case.db");
        special(&path);
        assert_eq!(migrate(&path, change).outcome, Outcome::Migrated);
        assert_eq!(migrate(&path, change).outcome, Outcome::UpToDate);
        let mut conn = Connection::open(&path).expect("opens");
        schema_runtime::testing::undo_last(model(change), &mut conn)
            .unwrap_or_else(|err| panic!("{change}\n{err}"));
        with_function(&conn).expect("registers");
        check_rows(
            &conn,
            &[
                ("PRAGMA integrity_check", "'ok'"),
                ("SELECT a, b, g FROM s ORDER BY a", "'b'|'Y'|'y'\n'aaa'|'X'|'x'"),
                (
                    "SELECT count(*) FROM sqlite_schema WHERE name IN ('s', 's_a', 's_b', 's_g', 'v', 'st')",
                    "6",
                ),
            ],
        );
    }
}

fn refused(path: &Path, sql: &'static str) -> Error {
    let before = std::fs::read(path).unwrap_or_default();
    let error = Migrator::new(model(sql)).run(path).expect_err("something is not registered");
    assert!(std::fs::read(path).unwrap_or_default() == before, "the file has changed");
    error
}

#[test]
fn a_missing_function_or_collation_is_named_with_how_to_register_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("case.db");
    special(&path);
    let wanted: [(&'static str, &str); 4] = [
        ("CREATE TABLE plain (id INTEGER PRIMARY KEY, a TEXT, CHECK (slug(a) <> ''))", "slug"),
        ("CREATE TABLE plain (id INTEGER PRIMARY KEY, a TEXT COLLATE BY_LENGTH UNIQUE)", "BY_LENGTH"),
        ("CREATE TABLE plain (id INTEGER PRIMARY KEY, a TEXT); CREATE INDEX i ON plain (slug(a))", "slug"),
        // A rebuild of the table itself, whose model says nothing of the collation and the function that it has.
        ("CREATE TABLE s (id INTEGER PRIMARY KEY, a TEXT, b TEXT UNIQUE)", "BY_LENGTH"),
    ];
    for (sql, name) in wanted {
        let error = refused(&path, sql);
        let text = error.to_string();
        assert_eq!(error.kind(), ErrorKind::Missing, "{sql}\n{text}");
        assert!(text.contains(name) && text.contains("Migrator::connection"), "{sql}\n{text}");
    }
}

#[test]
fn functions_and_collations_that_are_registered_work_throughout() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("case.db");
    special(&path);
    let migrator = |sql: &'static str| Migrator::new(model(sql)).connection(with_function);
    let adopted = migrator(SPECIAL).run(&path).unwrap_or_else(|err| panic!("{err}"));
    assert_eq!(adopted.outcome, Outcome::Adopted, "{adopted}");
    let changed = "CREATE TABLE s (id INTEGER PRIMARY KEY, a TEXT UNIQUE COLLATE BY_LENGTH, b TEXT, g TEXT AS (slug(b || b)), CHECK (slug(b) <> 'z'));
        CREATE INDEX s_a ON s (a); CREATE INDEX s_b ON s (slug(b) COLLATE BY_LENGTH); CREATE INDEX s_g ON s (g);";
    let report = migrator(changed).run(&path).unwrap_or_else(|err| panic!("{err}"));
    assert_eq!(report.outcome, Outcome::Migrated);
    assert_eq!(migrator(changed).run(&path).unwrap_or_else(|err| panic!("{err}")).outcome, Outcome::UpToDate);
    let conn = Connection::open(&path).expect("opens");
    with_function(&conn).expect("registers");
    check_rows(
        &conn,
        &[
            ("PRAGMA integrity_check", "'ok'"),
            ("SELECT a, b, g FROM s ORDER BY a", "'b'|'Y'|'yy'\n'aaa'|'X'|'xx'"),
        ],
    );
}
