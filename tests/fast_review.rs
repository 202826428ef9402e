//! What makes large creations and starts fast, and what it must not do to a file: found in a review.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rusqlite::functions::FunctionFlags;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use schema_runtime::{Back, BackupPolicy, Cancel, ErrorKind, Migrator, Outcome};

use crate::rollback::without_model;
use crate::support::model::model;
use crate::support::place::Place;

/// A table with an index that somebody has made, `n` new tables, and an index of this expression.
fn many(n: usize, expr: &str) -> String {
    let mut sql = String::from("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER);\n");
    for at in 0..n {
        writeln!(sql, "CREATE TABLE n{at} (id INTEGER PRIMARY KEY, a TEXT UNIQUE);").expect("a text");
    }
    writeln!(sql, "CREATE INDEX last ON t ({expr});").expect("a text");
    sql
}

#[test]
fn a_run_that_is_cancelled_in_the_middle_of_a_large_creation_leaves_the_file_as_it_was() {
    let place = Place::with_model("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)");
    place.sql("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO t SELECT i, i FROM n");
    let before = place.query("SELECT type, name, rootpage, sql FROM sqlite_schema ORDER BY rowid");
    let cancel = Cancel::new();
    let (stop, calls) = (cancel.clone(), Arc::new(AtomicUsize::new(0)));
    let migrator = Migrator::new(model(&many(100, "stop(a)"))).backup(BackupPolicy::Never).cancel(cancel);
    let migrator = migrator.connection(move |conn| {
        let (stop, calls) = (stop.clone(), Arc::clone(&calls));
        let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
        conn.create_scalar_function("stop", 1, flags, move |context| {
            // The rows are checked first, and then indexed.
            if calls.fetch_add(1, Ordering::Relaxed) == 7500 {
                stop.cancel();
            }
            context.get::<i64>(0)
        })
    });
    let error = migrator.run(place.path()).expect_err("cancelled");
    assert_eq!(error.kind(), ErrorKind::Cancelled, "{error}");
    assert_eq!(place.query("SELECT type, name, rootpage, sql FROM sqlite_schema ORDER BY rowid"), before);
    assert_eq!(place.query("PRAGMA integrity_check"), "'ok'");
    assert_eq!(place.query("SELECT count(*) FROM t"), "5000");
}

const HOW: [(&str, &str, &str); 6] = [
    ("NONE", "UTF-8", "DELETE"),
    ("FULL", "UTF-8", "DELETE"),
    ("INCREMENTAL", "UTF-8", "WAL"),
    ("FULL", "UTF-16le", "WAL"),
    ("NONE", "UTF-16be", "DELETE"),
    ("INCREMENTAL", "UTF-16le", "DELETE"),
];

/// What other programs have in the file.
const OTHERS: &str = "CREATE TABLE gap (x); CREATE TABLE gone (x UNIQUE); CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, x);
    INSERT INTO counted (x) VALUES (1), (2); DROP TABLE gone; CREATE INDEX counted_x ON counted (x);
    CREATE VIRTUAL TABLE words USING fts5 (word, content = 'counted'); CREATE VIRTUAL TABLE plain USING fts5 (word);
    INSERT INTO plain VALUES ('straße'); CREATE VIEW seen AS SELECT name FROM sqlite_schema;
    CREATE TRIGGER heard AFTER INSERT ON counted BEGIN INSERT INTO gap SELECT count(*) FROM sqlite_schema; END;
    CREATE TABLE \"sträng\" (\"ü\" TEXT DEFAULT '€'); ANALYZE;";

#[test]
fn a_large_creation_leaves_everything_else_as_it_is_in_any_kind_of_file() {
    for (vacuum, encoding, journal) in HOW {
        let place = Place::new();
        place.sql(&format!("PRAGMA auto_vacuum = {vacuum}; PRAGMA encoding = '{encoding}'; PRAGMA journal_mode = {journal};{OTHERS}"));
        place.run_with("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)", Migrator::adopt_any);
        place.sql("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO t SELECT i, i FROM n");
        let rows = "SELECT type, name, rootpage > 0, sql FROM sqlite_schema WHERE name NOT LIKE 'n%' AND name NOT LIKE '%\\_n%' ESCAPE '\\' AND name <> 'last' ORDER BY rowid";
        let before = place.query(rows);
        let other = place.open();
        let mut cached = other.prepare("SELECT count(*) FROM seen").expect("a statement");
        let mut count = || cached.query_row([], |row| row.get::<_, i64>(0)).expect("a count");
        let first = count();
        let mut conn = place.open();
        conn.execute_batch("PRAGMA writable_schema = ON; CREATE TEMP TABLE n5 (x); CREATE TEMP TABLE last (x); CREATE TEMP VIEW n6 AS SELECT 1")
            .expect("temporary ones");
        let report = Migrator::new(model(&many(100, "a"))).backup(BackupPolicy::Never).run_on(&mut conn);
        report.unwrap_or_else(|err| panic!("{vacuum} {encoding} {journal}: {err}"));
        assert_eq!(count(), first + 201, "{vacuum} {encoding} {journal}");
        assert_eq!(place.query(rows), before);
        for check in ["PRAGMA integrity_check", "PRAGMA foreign_key_check"] {
            let found = place.query(check);
            assert!(found == "'ok'" || found.is_empty(), "{vacuum} {encoding} {journal}: {found}");
        }
        let on: i64 = conn.query_row("PRAGMA writable_schema", [], |row| row.get(0)).expect("a pragma");
        assert_eq!(on, 1);
        for conn in [&conn, &other, &place.open()] {
            conn.execute_batch("INSERT INTO main.n7 (a) VALUES ('x'); DELETE FROM main.n7; INSERT INTO counted (x) VALUES (9)").expect("use");
            let at: i64 = conn
                .query_row("SELECT count(*) FROM t INDEXED BY last WHERE a = 5", [], |row| row.get(0))
                .expect("use");
            assert_eq!(at, 1);
        }
        drop(cached);
        place.sql("VACUUM");
        assert_eq!(place.query("PRAGMA integrity_check"), "'ok'");
        assert_eq!(place.query("SELECT word FROM plain WHERE plain MATCH 'straße'"), "'straße'");
        let again = place.run(&many(100, "a"));
        assert_eq!(again.outcome, Outcome::UpToDate);
    }
}

#[test]
fn a_large_first_creation_is_rolled_back_with_its_rows() {
    let place = Place::new();
    let mut sql = many(100, "a");
    sql.push_str(
        "CREATE TABLE kid (id INTEGER PRIMARY KEY, n INTEGER REFERENCES n1 (id), m INTEGER REFERENCES kid (id));
         CREATE VIEW v AS SELECT * FROM n1; CREATE VIEW w AS SELECT * FROM v;
         CREATE TRIGGER vi INSTEAD OF INSERT ON w BEGIN INSERT INTO n1 (a) VALUES (new.a); END;
         CREATE TRIGGER ni AFTER DELETE ON n1 BEGIN DELETE FROM n2; END;",
    );
    place.run(&sql);
    place.sql("INSERT INTO w (a) VALUES ('x'); INSERT INTO kid VALUES (1, 1, 1), (2, 1, 1); INSERT INTO n2 VALUES (1, 'y')");
    without_model()
        .allow("L101")
        .backup(BackupPolicy::Never)
        .rollback(place.path(), &Back::Last(1))
        .unwrap_or_else(|err| panic!("{err}"));
    assert_eq!(place.query("SELECT count(*) FROM sqlite_schema WHERE name NOT LIKE 'migration%' AND tbl_name NOT LIKE 'migration%'"), "0");
    assert_eq!(place.query("PRAGMA integrity_check"), "'ok'");
}

const STAMPS: &str = "DROP TABLE migration_state; CREATE TABLE migration_state (model TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, policy TEXT NOT NULL,
    migrations TEXT NOT NULL, format INTEGER NOT NULL, schema_cookie INTEGER NOT NULL, revision INTEGER NOT NULL);
    INSERT INTO migration_state VALUES ('main', 'f', 'p', '', 1, 1, 1), ('other', 'f', 'p', '', 1, 1, 1)";
const ONE: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)";
const TWO: &str = "--: version 2\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)";
const OTHER: &str = "--: model other\nCREATE TABLE u (id INTEGER PRIMARY KEY)";

#[test]
fn stamps_of_an_earlier_version_are_made_anew() {
    let place = Place::with_model(ONE);
    place.run(OTHER);
    place.run(TWO);
    place.sql(STAMPS);
    assert_eq!(place.run(TWO).outcome, Outcome::UpToDate);
    assert_eq!(place.run(OTHER).outcome, Outcome::UpToDate);
    place.unchanged_by(|| place.run(TWO));
    place.run(OTHER);
    place.run(TWO);
    place.unchanged_by(|| (place.run(OTHER), place.run(TWO)));
    place.sql(STAMPS);
    let status = Migrator::new(model(TWO)).status(place.path()).expect("status");
    assert!(status.is_up_to_date(), "{status}");
    without_model()
        .backup(BackupPolicy::Never)
        .rollback(place.path(), &Back::Last(1))
        .unwrap_or_else(|err| panic!("{err}"));
    let place = Place::with_model(ONE);
    let backup = Migrator::new(model(TWO))
        .backup(BackupPolicy::Always)
        .run(place.path())
        .expect("run")
        .backup
        .expect("backup");
    place.sql(STAMPS);
    Migrator::new(model(TWO)).restore(place.path(), &backup.path).unwrap_or_else(|err| panic!("{err}"));
}

#[test]
fn a_stamp_that_holds_something_else_lets_the_complete_check_look() {
    let place = Place::with_model(ONE);
    place.run_with(ONE, Migrator::complete_check);
    place.unchanged_by(|| place.run_with(ONE, Migrator::complete_check));
    place.sql("UPDATE migration_state SET texts = 'a text'");
    assert_eq!(place.run_with(ONE, Migrator::complete_check).outcome, Outcome::UpToDate);
}

#[test]
#[allow(unsafe_code, reason = "a limit of a connection can be set in no other way")]
fn many_texts_are_edited_on_a_connection_that_takes_few_parameters() {
    let place = Place::new();
    let tables = |check: &str| -> String {
        (0..20).map(|at| format!("CREATE TABLE n{at} (id INTEGER PRIMARY KEY, a TEXT{check});\n")).collect()
    };
    place.run(&tables(""));
    let mut conn = place.open();
    // SAFETY: the handle is that of an open connection.
    unsafe { rusqlite::ffi::sqlite3_limit(conn.handle(), rusqlite::ffi::SQLITE_LIMIT_VARIABLE_NUMBER, 25) };
    let report =
        Migrator::new(model(&tables(" CHECK (a <> '')"))).backup(BackupPolicy::Never).run_on(&mut conn);
    println!("{}", report.unwrap_or_else(|err| panic!("{err}")));
}

#[test]
fn a_connection_that_lets_nobody_delete_rows_of_the_catalog_makes_many_tables_too() {
    let place = Place::new();
    let mut conn = place.open();
    let denied = |context: AuthContext<'_>| match context.action {
        AuthAction::Delete { table_name: "sqlite_master" } => Authorization::Deny,
        _ => Authorization::Allow,
    };
    let _ = conn.authorizer(Some(denied));
    let report = Migrator::new(model(&many(100, "a"))).run_on(&mut conn);
    assert_eq!(report.unwrap_or_else(|err| panic!("{err}")).outcome, Outcome::Created);
    let on: i64 = conn.query_row("PRAGMA writable_schema", [], |row| row.get(0)).expect("a pragma");
    assert_eq!(on, 0);
    assert_eq!(place.query("PRAGMA integrity_check"), "'ok'");
}

#[test]
fn a_text_of_half_a_character_of_utf16_stays_what_it_is() {
    let place = Place::by_hand(
        "PRAGMA encoding = 'UTF-16le'; CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER); CREATE VIEW odd AS SELECT 1",
    );
    let text: String = "CREATE VIEW odd AS SELECT '"
        .encode_utf16()
        .chain([0xd800, 0x61, 0x62, 0x27])
        .flat_map(u16::to_le_bytes)
        .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    place.sql(&format!("PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = CAST(x'{text}' AS TEXT) WHERE name = 'odd'"));
    let odd = "SELECT CAST(sql AS BLOB) FROM sqlite_schema WHERE name = 'odd'";
    let before = place.query(odd);
    place.run(&many(100, "a"));
    assert_eq!(place.query(odd), before);
}
