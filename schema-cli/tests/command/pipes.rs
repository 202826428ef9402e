//! Targets and outputs that are no plain files.

use std::io::Write;
use std::process::Stdio;

use crate::support::{Said, call, place, said};

/// What `schema` says where `text` comes through a pipe.
fn fed(folder: &std::path::Path, arguments: &[&str], text: &str) -> Said {
    let mut command = call("schema", folder, arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the command runs");
    let mut input = child.stdin.take().expect("a pipe");
    // Where the command has heard enough, writing more fails; what it says tells the rest.
    let _ = input.write_all(text.as_bytes());
    drop(input);
    said(child.wait_with_output().expect("the command ends"))
}

#[cfg(target_os = "linux")]
#[test]
fn a_target_that_comes_through_a_pipe_is_read_whole() {
    let place = place();
    let conn = schema_runtime::rusqlite::Connection::open(place.path().join("kept.db")).expect("a file");
    conn.execute_batch("CREATE TABLE a (n TEXT); INSERT INTO a VALUES ('kept'); CREATE TABLE b (n)")
        .expect("rows");
    drop(conn);
    let taken = crate::support::schema(place.path(), &["baseline", "kept.db"]);
    assert_eq!(taken.code, Some(0), "{}", taken.stderr);
    // Of a long text the first part would be lost, of a short one everything.
    for text in [
        "CREATE TABLE a (n TEXT);".to_owned(),
        format!("CREATE TABLE a (n TEXT); {}", "-- more\n".repeat(9_000)),
    ] {
        let arguments = ["diff", "kept.db", "/dev/stdin"];
        let said = fed(place.path(), &arguments, &text);
        assert_eq!(
            (said.code, said.stdout.as_str()),
            (Some(2), "- drop table b\n1 change from kept.db to /dev/stdin\n")
        );
        let arguments = ["apply", "kept.db", "--to", "/dev/stdin", "--removed", "drop"];
        let said = fed(place.path(), &arguments, &text);
        assert_eq!(said.code, Some(0), "{}", said.stderr);
        let conn = schema_runtime::rusqlite::Connection::open(place.path().join("kept.db")).expect("a file");
        let rows = conn.query_row("SELECT n FROM a", [], |row| row.get::<_, String>(0));
        assert_eq!(rows.ok().as_deref(), Some("kept"));
        conn.execute_batch("CREATE TABLE b (n)").expect("a table");
        drop(conn);
        let taken = crate::support::schema(place.path(), &["baseline", "kept.db"]);
        assert_eq!(taken.code, Some(0), "{}", taken.stderr);
    }
    let snapshot = crate::support::schema(place.path(), &["inspect", "kept.db", "--json"]);
    let said = fed(place.path(), &["diff", "kept.db", "/dev/stdin"], &snapshot.stdout);
    assert_eq!(
        (said.code, said.stdout.as_str()),
        (Some(0), "kept.db and /dev/stdin are the same\n"),
        "{}",
        said.stderr
    );
}

#[cfg(target_os = "linux")]
#[test]
fn status_reads_a_target_that_comes_through_a_pipe_once() {
    let place = place();
    let apply = ["apply", "new.db", "--to", "/dev/stdin", "--model", "other"];
    let said = fed(place.path(), &apply, "CREATE TABLE a (n TEXT);");
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let snapshot = crate::support::schema(place.path(), &["inspect", "new.db", "--json", "--model", "other"]);
    // The snapshot names its model; a second reading would find nothing, and ask for the rollbacks of `main`.
    let said = fed(place.path(), &["status", "new.db", "--to", "/dev/stdin"], &snapshot.stdout);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert!(said.stdout.contains("rollback of revision 1 to version 0: drop table a"), "{}", said.stdout);
}
