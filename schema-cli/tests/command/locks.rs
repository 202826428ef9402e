//! Locks of other programs, and Ctrl-C.

use std::fs;

use schema_runtime::rusqlite::Connection;

use crate::support::{place, schema};

#[test]
fn a_writer_that_keeps_its_lock_makes_the_command_exit_with_5() {
    let place = place();
    assert_eq!(schema(place.path(), &["apply", "app.db", "--to", "v1.sql"]).code, Some(0));
    let before = fs::read(place.path().join("app.db")).expect("a database");
    let other = Connection::open(place.path().join("app.db")).expect("a connection");
    other.execute_batch("BEGIN IMMEDIATE").expect("a lock");
    let said = schema(place.path(), &["apply", "app.db", "--to", "v2.sql", "--lock-wait", "50"]);
    assert_eq!((said.code, said.stdout.as_str()), (Some(5), ""), "{}", said.stderr);
    assert!(said.stderr.starts_with("error: "), "{}", said.stderr);
    assert!(said.stderr.contains("\nstate: nothing was changed\n"), "{}", said.stderr);
    assert!(said.stderr.contains("`--lock-wait`"), "{}", said.stderr);
    let said = schema(place.path(), &["apply", "app.db", "--migrations", "steps", "--lock-wait", "50"]);
    assert_eq!((said.code, said.stdout.as_str()), (Some(5), ""), "{}", said.stderr);
    for part in [
        "\ncaused by: another connection held a lock for all of the 50 ms that were waited\n",
        "\nstate: nothing was changed\n",
        "`--lock-wait`",
    ] {
        assert!(said.stderr.contains(part), "{}", said.stderr);
    }
    // A reader is not in its way.
    assert_eq!(schema(place.path(), &["check", "app.db", "--to", "v1.sql"]).code, Some(0));
    other.execute_batch("ROLLBACK; BEGIN EXCLUSIVE").expect("a lock");
    for arguments in [
        &["status", "app.db", "--to", "v1.sql"][..],
        &["plan", "app.db", "--to", "v1.sql"],
        &["check", "app.db", "--to", "v1.sql"],
        &["pending", "app.db", "--migrations", "steps"],
        &["history", "app.db"],
        &["inspect", "app.db"],
        &["doctor", "app.db"],
        &["baseline", "app.db"],
        &["backup", "app.db", "create"],
        &["diff", "app.db", "v1.sql"],
    ] {
        let said = schema(place.path(), &[arguments, &["--lock-wait", "50", "--json"]].concat());
        assert_eq!(said.code, Some(5), "{arguments:?}: {}", said.stderr);
        let json: serde_json::Value = serde_json::from_str(&said.stdout).expect("JSON");
        assert_eq!((&json["error"]["kind"], &json["exit"]), (&"busy".into(), &5.into()), "{arguments:?}");
    }
    drop(other);
    assert_eq!(fs::read(place.path().join("app.db")).expect("a database"), before);
}

/// The rehearsal has one row of each table and is done at once; the database has enough of them for hours.
#[cfg(unix)]
#[test]
fn ctrl_c_in_the_middle_of_a_step_leaves_the_database_as_it_was() {
    use std::io::{BufRead, BufReader, Read};
    use std::process::{Command, Stdio};

    use crate::support::call;

    let place = place();
    let path = place.path().join("app.db");
    Connection::open(&path)
        .expect("a database")
        .execute_batch(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER);
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
             INSERT INTO t SELECT i, i FROM n;",
        )
        .expect("rows");
    fs::write(
        place.path().join("slow.sql"),
        "CREATE TABLE t (
             id INTEGER PRIMARY KEY,
             a INTEGER,
             b INTEGER -- schema: backfill((SELECT count(*) FROM t x, t y, t z WHERE x.a + y.a + z.a = t.a))
         );",
    )
    .expect("a target");
    let before = fs::read(&path).expect("a database");
    for json in [false, true] {
        let mut arguments = vec!["apply", "app.db", "--to", "slow.sql", "--time-limit", "2m"];
        arguments.extend(json.then_some("--json"));
        let mut child = call("schema", place.path(), &arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command runs");
        let mut errors = BufReader::new(child.stderr.take().expect("stderr"));
        let mut line = String::new();
        while !line.starts_with("step 1 of 1") {
            line.clear();
            assert_ne!(errors.read_line(&mut line).expect("a line"), 0, "it ended before the step");
        }
        let pid = child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().expect("kill runs").success());
        let mut rest = String::new();
        errors.read_to_string(&mut rest).expect("the rest");
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(1), "{rest}");
        assert!(rest.contains("the run was cancelled"), "{rest}");
        assert!(rest.contains("\nstate: "), "{rest}");
        let stdout = String::from_utf8(output.stdout).expect("text");
        if json {
            let json: serde_json::Value = serde_json::from_str(&stdout).expect("JSON");
            assert_eq!(json["error"]["kind"], "cancelled");
        } else {
            assert_eq!(stdout, "");
        }
        assert_eq!(fs::read(&path).expect("a database"), before);
        assert!(!place.path().join("app.db-journal").exists());
    }
}
