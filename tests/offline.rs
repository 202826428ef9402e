//! Scripts from one migration to another, without a database.

use rusqlite::Connection;
use schema_runtime::{Migration, MigrationContext, MigrationResult, Migrations, ModelOptions};

use crate::support::place::contains;

const FILES: [(&str, &str); 5] = [
    ("001_person.sql", "-- People.\nCREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT);"),
    ("001_person.down.sql", "DROP TABLE person"),
    (
        "004_mail.sql",
        "ALTER TABLE person ADD COLUMN mail TEXT -- of work\n; UPDATE person SET mail = 'x' WHERE id = 1",
    ),
    ("004_mail.down.sql", "ALTER TABLE person DROP COLUMN mail;"),
    ("010_index.sql", "CREATE INDEX by_mail ON person (mail)"),
];

fn set(files: &[(&str, &str)]) -> Migrations {
    Migrations::from_files(files).unwrap_or_else(|err| panic!("{err}"))
}

fn columns(conn: &Connection) -> i64 {
    conn.query_row("SELECT count(*) FROM pragma_table_info('person')", [], |row| row.get(0))
        .expect("a number")
}

#[test]
fn a_script_leads_there_and_another_back() {
    let set = set(&FILES);
    let up = set.script(Some("000"), Some("4")).expect("a script");
    assert_eq!((up.versions.as_slice(), up.back), (&["001".to_owned(), "004".to_owned()][..], false));
    assert!(up.sql.starts_with("PRAGMA foreign_keys = ON;\n\nBEGIN IMMEDIATE;\n"), "{}", up.sql);
    contains(&up.sql, &["\n-- 001 person: People.\nCREATE TABLE person", "\n-- 004 mail\n"]);
    let conn = Connection::open_in_memory().expect("a database");
    conn.execute_batch(&up.sql).unwrap_or_else(|err| panic!("{err}\n{}", up.sql));
    assert_eq!((columns(&conn), conn.is_autocommit()), (3, true));
    let back = set.script(Some("004"), Some("001")).expect("a script");
    assert_eq!((back.versions.as_slice(), back.back), (&["004".to_owned()][..], true));
    conn.execute_batch(&back.sql).unwrap_or_else(|err| panic!("{err}\n{}", back.sql));
    assert_eq!(columns(&conn), 2);
    conn.execute_batch(&set.script(Some("001"), Some("0")).expect("a script").sql).expect("gone");
    assert_eq!(columns(&conn), 0);
    assert_eq!(set.script(None, None).expect("a script").versions, ["001", "004", "010"]);
    assert_eq!(set.script(Some("010"), None).expect("a script").sql, "");
}

#[test]
fn what_has_no_way_back_or_is_a_function_is_refused() {
    let files = set(&FILES);
    let error = files.script(Some("010"), Some("001")).expect_err("no way back");
    contains(&error.to_string(), &["010 index has no way back", "nothing was written"]);
    let error = files.script(Some("002"), None).expect_err("no such");
    contains(&error.to_string(), &["there is no migration 002", "000 for an empty database"]);
    let up = |_: &MigrationContext<'_>| -> MigrationResult { Ok(()) };
    let code = Migration::code(11, "split", up, Some(up));
    let all = Migrations::new(files.iter().cloned().chain([code])).expect("a set");
    let error = all.script(Some("010"), None).expect_err("a function");
    contains(&error.to_string(), &["011 split is a function"]);
    assert_eq!(all.script(None, Some("010")).expect("a script").versions.len(), 3);
}

#[test]
fn what_runs_outside_of_a_transaction_does_so_in_the_script() {
    let mut files = FILES.to_vec();
    files.push(("011_smaller.sql", "-- schema: no-transaction\nVACUUM"));
    files.push(("012_last.sql", "CREATE TABLE last (a)"));
    let script = set(&files).script(None, None).expect("a script");
    contains(&script.sql, &["\nCOMMIT;\n\n-- 011 smaller\nVACUUM;\n\nBEGIN IMMEDIATE;\n\n-- 012 last"]);
    let conn = Connection::open_in_memory().expect("a database");
    conn.execute_batch(&script.sql).unwrap_or_else(|err| panic!("{err}\n{}", script.sql));
    assert!(conn.is_autocommit());
    let script = set(&files).script(Some("010"), Some("011")).expect("a script");
    assert_eq!(script.sql, "PRAGMA foreign_keys = ON;\n\n-- 011 smaller\nVACUUM;\n");
}

#[test]
fn a_baseline_runs_on_nothing_and_nowhere_else() {
    let baseline = set(&FILES).squash(Some("004"), false, &ModelOptions::new()).expect("a baseline");
    let all: Vec<(&str, &str)> =
        FILES.iter().copied().chain([("005_base.sql", baseline.text.as_str())]).collect();
    let all = set(&all);
    assert_eq!(all.script(None, None).expect("a script").versions, ["005", "010"]);
    assert_eq!(all.script(None, Some("004")).expect("a script").versions, ["001", "004"]);
    assert_eq!(all.script(Some("001"), None).expect("a script").versions, ["004", "010"]);
}
