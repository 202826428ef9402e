//! Flags beat the environment, the environment beats `schema.toml`: seen from outside.

use std::fs;

use crate::support::{call, place, said, schema};

#[test]
fn each_source_beats_the_one_below_it() {
    let place = place();
    for (name, target) in [("file.db", "v1.sql"), ("variable.db", "v2.sql"), ("flag.db", "other.sql")] {
        assert_eq!(schema(place.path(), &["apply", name, "--to", target]).code, Some(0));
    }
    fs::write(place.path().join("schema.toml"), "db = 'file.db'\nto = 'v1.sql'\n").expect("settings");
    let check = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = call("schema", place.path(), &[&["check"], arguments].concat());
        command.envs(variables.iter().copied());
        said(command.output().expect("it runs")).stdout
    };
    assert_eq!(check(&[], &[]), "file.db: up to date\n");
    assert_eq!(check(&["--to", "v2.sql"], &[("SCHEMA_DB", "variable.db")]), "variable.db: up to date\n");
    let flag = check(&["flag.db", "--to", "other.sql"], &[("SCHEMA_DB", "variable.db")]);
    assert_eq!(flag, "flag.db: up to date\n");
    let based = [("SCHEMA_DB", "variable.db"), ("SCHEMA_BASE_DIR", place.path().to_str().expect("text"))];
    let shown = place.path().join("variable.db").display().to_string();
    assert_eq!(check(&["--to", "v2.sql"], &based), format!("{shown}: up to date\n"));
}

#[test]
fn a_wrong_variable_is_told_before_anything_is_opened() {
    let place = place();
    let mut command = call("schema", place.path(), &["apply", "app.db", "--to", "v1.sql"]);
    command.env("SCHEMA_BACKUP", "often").env("SCHEMA_LOCK_WAIT_MS", "soon");
    let said = said(command.output().expect("it runs"));
    assert_eq!(said.code, Some(1));
    assert!(
        said.stderr.starts_with("error: 2 variables of the environment cannot be read\n"),
        "{}",
        said.stderr
    );
    assert!(!place.path().join("app.db").exists());
}

#[test]
fn the_environment_says_how_an_apply_is_made() {
    let place = place();
    let mut command = call("schema", place.path(), &["apply", "app.db", "--to", "v1.sql", "--json"]);
    // A switch for start-ups: who calls the command means it.
    command.env("SCHEMA_AUTO_MIGRATE", "off").env("SCHEMA_ENV", "staging");
    assert_eq!(said(command.output().expect("it runs")).code, Some(0));
    let mut command = call("schema", place.path(), &["apply", "app.db", "--to", "v2.sql", "--json"]);
    command.env("SCHEMA_BACKUP", "never").env("SCHEMA_ENV", "staging");
    let json: serde_json::Value =
        serde_json::from_str(&said(command.output().expect("it runs")).stdout).expect("JSON");
    assert_eq!(json["no_backup"], "the backup policy is never");
    let history = schema(place.path(), &["history", "app.db", "--json"]).stdout;
    let history: serde_json::Value = serde_json::from_str(&history).expect("JSON");
    let environments: Vec<_> = history["revisions"]
        .as_array()
        .expect("revisions")
        .iter()
        .map(|revision| revision["environment"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(environments, ["staging", "staging"]);
    let mut command = call("schema", place.path(), &["check", "app.db", "--to", "v2.sql"]);
    command.env("SCHEMA_TIME_LIMIT_MS", "1");
    assert_eq!(
        said(command.output().expect("it runs")).code,
        Some(0),
        "nothing is pending, so nothing takes long"
    );
}
