//! Where the text goes: colours, pipes that close, disks that are full, progress.

use std::process::{Command, Stdio};

use crate::support::{call, place, program, schema};

const ESCAPE: char = '\u{1b}';

#[test]
fn colours_are_for_terminals_and_for_those_who_ask() {
    let place = place();
    let plain = schema(place.path(), &["diff", "v1.sql", "v2.sql"]);
    assert!(!plain.stdout.contains(ESCAPE), "{}", plain.stdout);
    let painted = schema(place.path(), &["diff", "v1.sql", "v2.sql", "--color", "always"]);
    assert!(painted.stdout.contains("\u{1b}[32m+ add column user.email\u{1b}[0m"), "{:?}", painted.stdout);
    let never = schema(place.path(), &["diff", "v1.sql", "v2.sql", "--color", "never"]);
    assert_eq!(never.stdout, plain.stdout);
    let failed = schema(place.path(), &["status", "none.db", "--color", "always"]);
    assert!(failed.stderr.contains("\u{1b}[31merror"), "{:?}", failed.stderr);
    let json = schema(place.path(), &["plan", "none.db", "--json", "--color", "always"]);
    assert!(!json.stdout.contains(ESCAPE), "{:?}", json.stdout);
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_gets_colours_and_a_bar() {
    let place = place();
    if Command::new("script").arg("--version").stdout(Stdio::null()).status().is_err() {
        println!("skipped: `script`, which makes a terminal, is not installed");
        return;
    }
    let run = |line: &str| {
        let line = format!("{} {line}", program("schema").display());
        let mut command = Command::new("script");
        command.args(["-qec", &line, "/dev/null"]).current_dir(place.path()).env("TERM", "xterm");
        command.env_remove("NO_COLOR").env_remove("CI").stdin(Stdio::null());
        let output = command.output().expect("script runs");
        String::from_utf8(output.stdout).expect("text")
    };
    assert!(run("diff v1.sql v2.sql").contains("\u{1b}[32m+ add column user.email"));
    assert!(!run("diff v1.sql v2.sql --color never").contains("\u{1b}[32m"));
    let shown = run("apply app.db --to v1.sql");
    // The line of a log is `step 1 of 2: …` with a line end; a bar draws over itself.
    assert!(!shown.contains("step 1 of 2: create table user\r\n"), "{shown:?}");
    assert!(shown.contains("app.db: schema created: 2 steps in "), "{shown:?}");
}

#[test]
fn progress_is_plain_lines_on_stderr_and_quiet_takes_them_away() {
    let place = place();
    let said = schema(place.path(), &["apply", "app.db", "--to", "v1.sql"]);
    assert_eq!(said.stderr, "step 1 of 2: create table user\nstep 2 of 2: create table task\n");
    assert!(said.stdout.starts_with("no backup: the database was empty\napp.db: schema created: "));
    let said = schema(place.path(), &["apply", "other.db", "--to", "v1.sql", "--quiet"]);
    assert_eq!(said.stderr, "");
}

#[test]
fn a_reader_that_has_heard_enough_is_no_failure() {
    let place = place();
    for arguments in [&["completions", "bash"][..], &["--help"], &["diff", "v1.sql", "v1.sql"]] {
        let mut child = call("schema", place.path(), arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command runs");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it ends");
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]), "{arguments:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_result_that_cannot_be_written_is_an_error() {
    let place = place();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
    let output = call("schema", place.path(), &["diff", "v1.sql", "v1.sql"])
        .stdout(full)
        .output()
        .expect("the command runs");
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8(output.stderr).expect("text");
    assert!(errors.starts_with("error: cannot write the result\ncaused by: "), "{errors}");
}

#[test]
fn completions_and_pages_speak_of_the_program_that_was_called() {
    let place = place();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let said = schema(place.path(), &["completions", shell]);
        assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{shell}");
        assert!(said.stdout.contains("schema") && said.stdout.contains("baseline"), "{shell}");
    }
    let said = schema(place.path(), &["man"]);
    assert!(said.stdout.contains(".TH schema 1"), "{}", said.stdout);
    for verb in
        ["plan", "apply", "check", "diff", "status", "history", "baseline", "inspect", "doctor", "backup"]
    {
        let said = schema(place.path(), &["man", verb]);
        assert_eq!(said.code, Some(0), "{verb}");
        assert!(said.stdout.contains(&format!(".TH schema-{verb} 1")), "{verb}: {}", said.stdout);
        assert!(said.stdout.contains("Example: schema"), "{verb}");
    }
    let own = call("notes", place.path(), &["completions", "bash"]).output().expect("it runs");
    let own = String::from_utf8(own.stdout).expect("text");
    assert!(own.contains("_notes()") && !own.contains("_schema()"), "{own}");
}
