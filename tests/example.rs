//! The example programs, run as a user runs them, and the README, which must say what they are and print.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::case::query_text;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the workspace")
}

/// Builds an example beside this test, with the same features, so that `cargo test --workspace` has built it already.
fn example(name: &str) -> Command {
    let this = std::env::current_exe().expect("this test");
    let profile = this.ancestors().nth(2).expect("the folder of the profile");
    let folder = profile.file_name().and_then(|name| name.to_str()).expect("a folder");
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--workspace", "--example", name])
        .args(["--profile", if folder == "debug" { "dev" } else { folder }])
        .arg("--target-dir")
        .arg(profile.parent().expect("the target folder"))
        .current_dir(root())
        .status()
        .expect("cargo runs");
    assert!(built.success(), "the example `{name}` is not built");
    Command::new(profile.join("examples").join(format!("{name}{}", std::env::consts::EXE_SUFFIX)))
}

fn stdout(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{errors}", output.status);
    assert_eq!(errors, "");
    String::from_utf8(output.stdout.clone()).expect("text")
}

/// The fenced blocks of the README in this language.
fn blocks(language: &str) -> Vec<String> {
    let readme = fs::read_to_string(root().join("README.md")).expect("the README");
    let fence = format!("```{language}\n");
    let parts = readme.split(&fence).skip(1);
    parts.map(|part| part.split("```").next().unwrap_or_default().to_owned()).collect()
}

/// A line without what differs between two runs: numbers and folders. Steps, which are indented, may be planned otherwise by
/// another SQLite, and are left out.
fn stable(text: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| !line.starts_with("  ") && !line.is_empty());
    lines
        .map(|line| {
            let words = line.split(' ').map(|word| word.rsplit('/').next().unwrap_or_default());
            let line = words.collect::<Vec<_>>().join(" ");
            let mut out = String::new();
            for char in line.chars() {
                match char {
                    '0'..='9' | '.' if out.ends_with('#') => {}
                    '0'..='9' => out.push('#'),
                    other => out.push(other),
                }
            }
            out
        })
        .collect()
}

#[test]
fn a_program_has_the_command_with_its_model() {
    let folder = tempfile::tempdir().expect("a folder");
    let manage = |arguments: &[&str]| {
        let mut command = example("manage");
        command.args(arguments).arg("--quiet").current_dir(folder.path()).env_remove("SCHEMA_ENV");
        let output = command.output().expect("the example runs");
        (output.status.code(), String::from_utf8(output.stdout).expect("text"))
    };
    assert_eq!(manage(&["check", "tasks.db"]), (Some(1), String::new()));
    assert_eq!(manage(&["lint"]), (Some(0), "model `main`: nothing to be said\n".to_owned()));
    let (code, text) = manage(&["apply", "tasks.db"]);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(manage(&["check", "tasks.db"]), (Some(0), "tasks.db: up to date\n".to_owned()));
    let (_, sql) = manage(&["inspect", "tasks.db"]);
    assert_eq!(
        sql,
        "CREATE TABLE tasks (\n    id INTEGER PRIMARY KEY,\n    title TEXT NOT NULL,\n    priority INTEGER NOT NULL DEFAULT 5\n) STRICT;\n"
    );
}

#[test]
fn the_task_orchestrator_keeps_every_row_through_three_versions() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tasks.db");
    let output = example("task_orchestrator").arg(&path).output().expect("the example runs");
    let text = stdout(&output);
    for line in
        ["version 1 restarts", "version 2 starts", "version 3 starts", "all 5699 rows are still there"]
    {
        assert!(text.lines().any(|found| found == line), "{line:?} is missing in\n{text}");
    }
    for start in [
        &format!("checking database schema: {}", path.display()),
        "schema created: ",
        "schema is up to date (",
        "backup created: ",
        "migrated: ",
        "note: column `tasks`.`color` is no longer in the model and is kept",
        "error: the database is of version 3.0.0 ",
    ] {
        assert!(text.lines().any(|found| found.starts_with(start)), "{start:?} is missing in\n{text}");
    }
    assert_eq!(fs::read_dir(folder.path().join("backups/migrations")).expect("backups").count(), 4);

    let again = example("task_orchestrator").arg(&path).output().expect("the example runs");
    assert_eq!(again.status.code(), Some(1), "a file that exists is left alone");
}

#[test]
fn the_dashboard_goes_through_three_environments_with_a_hotfix_of_production() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut dashboard = example("dashboard");
    // What a developer has set is nothing to it.
    for variable in ["SCHEMA_BASE_DIR", "SCHEMA_AUTO_MIGRATE", "SCHEMA_BACKUP", "SCHEMA_BACKUP_DIR"] {
        dashboard.env_remove(variable);
    }
    let output = dashboard.arg(folder.path()).output().expect("the example runs");
    let text = stdout(&output);
    // The whole log, but for times and folders.
    let log = fs::read_to_string(root().join("examples/dashboard/log.txt")).expect("the log");
    assert_eq!(plain(&text, folder.path()), log);
    let docs = fs::read_to_string(root().join("docs/migrations.md")).expect("the page");
    let shown = docs.rsplit("```text\n").next().and_then(|rest| rest.split("```").next()).unwrap_or_default();
    assert!(!shown.is_empty() && log.contains(shown), "docs/migrations.md shows another log:\n{shown}");

    let query = |name: &str, sql: &str| {
        let conn = rusqlite::Connection::open(folder.path().join(format!("{name}.db"))).expect("a database");
        query_text(&conn, sql)
    };
    for name in ["dev", "qa", "prod"] {
        let objects = query(
            name,
            "SELECT name FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'migration%' AND name NOT LIKE 'sqlite%' ORDER BY name",
        );
        let index = if name == "prod" { "'runs_by_time'\n" } else { "" };
        assert_eq!(
            objects,
            format!("'apps'\n'nodes'\n{index}'test_runs'\n'tiles'\n'viewers'\n'watchers'"),
            "{name}"
        );
        assert_eq!(query(name, "SELECT region FROM nodes ORDER BY id"), "'eu'\n'us'");
        assert_eq!(query(name, "SELECT id, region FROM tiles ORDER BY id"), "1|'us'\n2|'eu'\n3|'us'");
        assert_eq!(query(name, "SELECT * FROM watchers"), "1|'blog'\n1|'shop'\n2|'shop'");
        assert_eq!(query(name, "SELECT DISTINCT environment FROM migration_history"), format!("'{name}'"));
        // A migration of SQL can be taken back, a hotfix of data cannot.
        let back = "SELECT version, rollback_sql IS NOT NULL FROM migration_history WHERE version IN ('033', '034') ORDER BY version";
        assert_eq!(query(name, back), "'033'|0\n'034'|1");
        let runs = query(name, "SELECT group_concat(status) FROM (SELECT status FROM test_runs ORDER BY id)");
        assert_eq!(
            runs,
            if name == "prod" { "'passed,failed,passed,aborted'" } else { "'passed,failed,passed'" }
        );
    }
    assert_eq!(
        query("prod", "SELECT group_concat(version, ' ') FROM migration_history WHERE kind = 'numbered'"),
        "'030 031 033 034 035 037 036'"
    );

    let again = example("dashboard").arg(folder.path()).output().expect("the example runs");
    assert_eq!(again.status.code(), Some(1), "databases that exist are left alone");
}

/// A log without what differs between two runs.
fn plain(text: &str, folder: &Path) -> String {
    let text = text.replace(&folder.display().to_string(), "…");
    let line = |line: &str| {
        if let Some((path, _)) = line.split_once("_20") {
            return format!("{path}_….db\n");
        }
        let line = line
            .rsplit_once(" in ")
            .filter(|(_, time)| time.starts_with(|c: char| c.is_ascii_digit()))
            .map_or(line, |it| it.0);
        format!("{}\n", line.split_once(" (").map_or(line, |(line, _)| line))
    };
    text.lines().map(line).collect()
}

#[test]
fn the_readme_shows_what_the_task_orchestrator_prints() {
    let output = example("task_orchestrator").output().expect("the example runs");
    let printed = stable(&stdout(&output));
    let shown = blocks("text").concat();
    let mut rest = printed.iter();
    for line in stable(&shown) {
        assert!(
            rest.any(|found| *found == line),
            "{line:?} of the README is not printed, or not there:\n{printed:#?}"
        );
    }
}

#[test]
fn the_readme_s_program_is_an_example_that_restarts() {
    let program = fs::read_to_string(root().join("examples/start.rs")).expect("the program");
    assert!(blocks("rust").contains(&program), "the README's program differs from `examples/start.rs`");
    let folder = tempfile::tempdir().expect("a folder");
    let mut start = example("start");
    start.current_dir(folder.path());
    let first = stdout(&start.output().expect("the example runs"));
    assert!(first.contains("\nschema created: 4 steps in ") && first.ends_with("\n1 tasks\n"), "{first}");
    let second = stdout(&start.output().expect("the example runs"));
    assert!(second.starts_with("schema is up to date (") && second.ends_with("\n2 tasks\n"), "{second}");
}

#[test]
fn the_readme_s_options_are_those_of_the_crate_s_tested_documentation() {
    let source = fs::read_to_string(root().join("schema-runtime/src/lib.rs")).expect("the crate");
    let documentation: String =
        source.lines().filter_map(|line| line.strip_prefix("//! ")).flat_map(|line| [line, "\n"]).collect();
    for block in blocks("rust,ignore") {
        assert!(documentation.contains(&block), "not in the crate's documentation:\n{block}");
    }
}

#[test]
fn the_readme_is_short_and_has_its_two_commands() {
    let readme = fs::read_to_string(root().join("README.md")).expect("the README");
    assert!(readme.lines().count() < 200);
    let commands: Vec<&str> = readme.lines().filter(|line| line.starts_with("    cargo ")).collect();
    assert_eq!(commands, ["    cargo run --example task_orchestrator", "    cargo test --workspace"]);
    for link in readme.split("](").skip(1).filter_map(|part| part.split(')').next()) {
        let path = link.split('#').next().unwrap_or_default();
        assert!(
            path.is_empty() || path.contains("://") || root().join(path).exists(),
            "the README links to `{path}`, which is not there"
        );
    }
}
