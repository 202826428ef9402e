//! What the environment says, what a start may do that only checks, and what of both is recorded.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use schema_runtime::{BackupPolicy, Environment, ErrorKind, Migrator, Outcome, Result};

use crate::support::model::model;
use crate::support::place::{Place, contains};

const OLD: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)";
const NEW: &str = "--: version 1.1.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)";

fn read(variables: &[(&str, &str)]) -> Result<Environment> {
    let map: BTreeMap<&str, &str> = variables.iter().copied().collect();
    Environment::from_lookup(|name| map.get(name).map(OsString::from))
}

fn one(name: &str, value: &str) -> Environment {
    read(&[(name, value)]).unwrap_or_else(|error| panic!("{name}={value}: {error}"))
}

#[test]
fn every_spelling_of_a_value_is_understood() {
    for (value, on) in [
        ("on", true),
        ("TRUE", true),
        ("yes", true),
        (" 1 ", true),
        ("off", false),
        ("False", false),
        ("no", false),
        ("0", false),
    ] {
        assert_eq!(one("SCHEMA_AUTO_MIGRATE", value).auto_migrate, Some(on), "{value}");
        assert_eq!(one("SCHEMA_ALLOW_REVERT", value).allow_revert, Some(on), "{value}");
        let policy = if on { BackupPolicy::Always } else { BackupPolicy::Never };
        assert_eq!(one("SCHEMA_BACKUP", value).backup, Some(policy), "{value}");
    }
    for (value, policy) in [
        ("always", BackupPolicy::Always),
        ("Rewrites", BackupPolicy::Rewrites),
        ("never", BackupPolicy::Never),
    ] {
        assert_eq!(one("SCHEMA_BACKUP", value).backup, Some(policy));
    }
    for (value, limit) in [("0", None), ("none", None), ("None", None), ("1500", Some(1500))] {
        let limit = limit.map(Duration::from_millis);
        assert_eq!(one("SCHEMA_TIME_LIMIT_MS", value).time_limit, Some(limit), "{value}");
    }
    assert_eq!(one("SCHEMA_LOCK_WAIT_MS", "0").lock_wait, Some(Duration::ZERO));
    assert_eq!(one("SCHEMA_LOCK_WAIT_MS", "250").lock_wait, Some(Duration::from_millis(250)));
    assert_eq!(one("SCHEMA_ENV", "production").name.as_deref(), Some("production"));
    assert_eq!(one("SCHEMA_DB", "a b.db ").database, Some(PathBuf::from("a b.db ")));
    assert_eq!(one("SCHEMA_BACKUP_DIR", "/b").backup_dir, Some(PathBuf::from("/b")));
    assert_eq!(one("SCHEMA_BASE_DIR", "/a").base_dir, Some(PathBuf::from("/a")));
}

#[test]
fn what_is_not_set_or_empty_says_nothing() {
    assert_eq!(read(&[]).expect("nothing"), Environment::default());
    let names = [
        "DB",
        "BASE_DIR",
        "AUTO_MIGRATE",
        "BACKUP",
        "BACKUP_DIR",
        "TIME_LIMIT_MS",
        "LOCK_WAIT_MS",
        "ENV",
        "ALLOW_REVERT",
    ];
    let names = names.map(|name| format!("SCHEMA_{name}"));
    let empty: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
    assert_eq!(read(&empty).expect("empty values"), Environment::default());
    assert_eq!(one("SCHEMA_AUTO_MIGRATE", "  "), Environment::default());
}

#[test]
fn all_values_that_cannot_be_read_are_named_at_once() {
    let error = read(&[
        ("SCHEMA_AUTO_MIGRATE", "maybe"),
        ("SCHEMA_BACKUP", "sometimes"),
        ("SCHEMA_TIME_LIMIT_MS", "15s"),
        ("SCHEMA_LOCK_WAIT_MS", "-1"),
        ("SCHEMA_ALLOW_REVERT", "2"),
        ("SCHEMA_ENV", "fine"),
    ])
    .expect_err("wrong values");
    assert_eq!(error.kind(), ErrorKind::Environment);
    assert_eq!(
        error.to_string(),
        "error: 5 variables of the environment cannot be read\n\
         caused by: `SCHEMA_AUTO_MIGRATE` is `maybe`; expected `on`, `true`, `yes`, `1`, `off`, `false`, `no` or `0`\n\
         caused by: `SCHEMA_BACKUP` is `sometimes`; expected `always`, `rewrites` or `never`\n\
         caused by: `SCHEMA_TIME_LIMIT_MS` is `15s`; expected milliseconds, or `none`\n\
         caused by: `SCHEMA_LOCK_WAIT_MS` is `-1`; expected milliseconds\n\
         caused by: `SCHEMA_ALLOW_REVERT` is `2`; expected `on`, `true`, `yes`, `1`, `off`, `false`, `no` or `0`\n\
         state: nothing was changed\n\
         help: correct the value, or unset the variable"
    );
    let error = read(&[("SCHEMA_LOCK_WAIT_MS", "1\n2")]).expect_err("a wrong value");
    contains(&error.to_string(), &["error: a variable of", "`SCHEMA_LOCK_WAIT_MS` is `1\\n2`;"]);
}

#[cfg(unix)]
#[test]
fn bytes_that_are_no_text_are_a_path_but_no_name() {
    use std::os::unix::ffi::OsStringExt;
    let bytes = || OsString::from_vec(b"a\xff.db".to_vec());
    let of = |wanted: &'static str| Environment::from_lookup(move |name| (name == wanted).then(bytes));
    assert_eq!(of("SCHEMA_DB").expect("a path").database, Some(PathBuf::from(bytes())));
    contains(
        &of("SCHEMA_ENV").expect_err("no text").to_string(),
        &["`SCHEMA_ENV` is `a\u{fffd}.db`; expected a text"],
    );
    assert_eq!(of("SCHEMA_BACKUP").expect_err("no text").kind(), ErrorKind::Environment);
}

#[test]
fn what_stands_first_beats_what_stands_behind() {
    let first = read(&[("SCHEMA_ENV", "a"), ("SCHEMA_TIME_LIMIT_MS", "none")]).expect("one");
    let second =
        read(&[("SCHEMA_ENV", "b"), ("SCHEMA_TIME_LIMIT_MS", "5"), ("SCHEMA_BACKUP", "off")]).expect("two");
    let both = read(&[("SCHEMA_ENV", "a"), ("SCHEMA_TIME_LIMIT_MS", "none"), ("SCHEMA_BACKUP", "off")]);
    assert_eq!(first.or(second), both.expect("both"));
}

#[test]
fn relative_paths_lie_under_the_base_and_absolute_ones_stay() {
    let place = Place::new();
    let base = place.folder().to_str().expect("a path");
    let environment =
        read(&[("SCHEMA_BASE_DIR", base), ("SCHEMA_BACKUP_DIR", "kept"), ("SCHEMA_DB", "app.db")]);
    let environment = environment.expect("an environment");
    let migrator = |sql: &str| environment.apply(Migrator::new(model(sql)));
    assert_eq!(environment.database("other.db"), place.path());
    assert_eq!(migrator(OLD).database("other.db"), place.path());
    assert_eq!(environment.resolve("/abs/x.db"), Path::new("/abs/x.db"));
    assert_eq!(environment.resolve(":memory:"), Path::new(":memory:"));
    assert_eq!(one("SCHEMA_BASE_DIR", base).database("other.db"), place.folder().join("other.db"));
    assert_eq!(one("SCHEMA_ENV", "x").database("other.db"), Path::new("other.db"));

    assert_eq!(migrator(OLD).run("app.db").expect("a run").outcome, Outcome::Created);
    assert_eq!(place.names(), ["app.db"]);
    place.sql("INSERT INTO t VALUES (1, 'x')");
    assert!(!migrator(NEW).status("app.db").expect("a status").is_up_to_date());
    // A path that the migrator made is not put under the base once more.
    let report = migrator(NEW).run(migrator(NEW).database("other.db")).expect("a run");
    let backup = report.backup.expect("a backup");
    assert_eq!(backup.path.parent(), Some(place.folder().join("kept").as_path()));
    assert_eq!(migrator(NEW).backups("app.db").expect("a list"), [backup]);
    assert_eq!(migrator(NEW).history("app.db").expect("a history").len(), 2);
    let error = migrator(OLD).run(":memory:").expect_err("no file");
    contains(&error.to_string(), &["cannot open `:memory:`", "the path names no file"]);
    assert_eq!(place.names(), ["app.db", "kept"]);
}

#[test]
fn a_relative_base_is_made_absolute_so_that_a_path_is_put_under_it_once() {
    let environment = one("SCHEMA_BASE_DIR", "data");
    let path = environment.database("app.db");
    assert!(path.is_absolute() && path.ends_with("data/app.db"), "{}", path.display());
    assert_eq!(environment.resolve(&path), path);
    let migrator = environment.apply(Migrator::new(model(OLD)));
    assert_eq!(migrator.database("app.db"), path);
    assert_eq!(migrator.database(&path), path);
}

#[test]
fn what_is_set_after_the_environment_beats_it_and_what_it_does_not_say_stays() {
    let place = Place::with_model(NEW);
    let older = || {
        Migrator::new(model(
            "--: version 1.0.5\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL DEFAULT 'x')",
        ))
    };
    let off = one("SCHEMA_ALLOW_REVERT", "off");
    let refused = off.apply(older().allow_revert()).run(place.path()).expect_err("refused");
    assert_eq!(refused.kind(), ErrorKind::NewerDatabase);
    let off = off.or(one("SCHEMA_AUTO_MIGRATE", "off"));
    let pending = off.apply(older()).allow_revert().run(place.path()).expect_err("a way back, not taken");
    assert_eq!(pending.kind(), ErrorKind::Pending);
    let kept = Environment::default().apply(older().allow_revert().auto_migrate(false));
    assert_eq!(kept.run(place.path()).expect_err("pending").kind(), ErrorKind::Pending);
}

#[test]
fn a_start_that_only_checks_creates_no_file() {
    let place = Place::new();
    let migrator = Migrator::new(model(OLD)).auto_migrate(false);
    let error = place.unchanged_by(|| migrator.run(place.path()).expect_err("pending"));
    assert_eq!(error.kind(), ErrorKind::Pending);
    assert_eq!(
        error.to_string(),
        format!(
            "error: `{}` does not exist, and this start only checks\n\
             caused by: pending: create table t\n\
             state: nothing was changed\n\
             help: migrate by hand with `schema apply`, or let a start do it: `.auto_migrate(true)`, `SCHEMA_AUTO_MIGRATE=on`",
            place.path().display()
        )
    );
    let nothing = Migrator::new(model("--: version 1")).auto_migrate(false);
    let error = place.unchanged_by(|| nothing.run(place.path()).expect_err("pending"));
    assert_eq!(error.kind(), ErrorKind::Pending, "a file is to be made, if an empty one");
    let broken = Migrator::new(model("CREATE TABLE t (a TEXT CHECK (nope(a)))")).auto_migrate(false);
    let error = place.unchanged_by(|| broken.run(place.path()).expect_err("a wrong model"));
    assert_ne!(error.kind(), ErrorKind::Pending, "what is wrong comes before what is pending: {error}");
}

#[test]
fn a_start_that_only_checks_lists_what_is_pending_and_writes_nothing() {
    for mode in ["DELETE", "WAL"] {
        let place = Place::new();
        place.sql(&format!("PRAGMA journal_mode = {mode}"));
        place.run(OLD);
        place.sql("INSERT INTO t VALUES (1, 'x')");
        let checking = |sql: &str| Migrator::new(model(sql)).auto_migrate(false);
        place.unchanged_by(|| {
            let error = checking(NEW).run(place.path()).expect_err("pending");
            assert_eq!(error.kind(), ErrorKind::Pending);
            assert_eq!(error.causes(), ["pending: add column t.b"]);
            contains(error.what(), &["1 step to take in `", "app.db`, and this start only checks"]);
            let report = checking(OLD).run(place.path()).expect("up to date");
            assert_eq!(report.outcome, Outcome::UpToDate);
            // No change to the schema, but the history does not know this version yet.
            let report =
                checking(&format!("--: version 1.0.1\n{OLD}")).run(place.path()).expect("up to date");
            assert_eq!((report.outcome, report.plan.is_empty()), (Outcome::UpToDate, true));
            let narrow = "--: version 2\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT CHECK (a <> 'x'))";
            assert_eq!(checking(narrow).run(place.path()).expect_err("refused").kind(), ErrorKind::Data);
            let report = checking(NEW).dry_run(true).run(place.path()).expect("a plan");
            assert_eq!(report.outcome, Outcome::PlannedOnly);
        });
        let mut conn = place.open();
        let error = checking(NEW).run_on(&mut conn).expect_err("pending");
        assert_eq!(error.kind(), ErrorKind::Pending);
        assert!(conn.is_autocommit());
        drop(conn);
        assert_eq!(place.query("SELECT count(*) FROM migration_history"), "1", "{mode}");
        place.run(NEW);
        let report = place.unchanged_by(|| checking(OLD).run(place.path()).expect("a newer database"));
        assert_eq!(report.outcome, Outcome::NewerDatabase);
    }
}

#[test]
fn a_start_that_only_checks_takes_an_adopted_database_as_it_is() {
    let place = Place::by_hand(OLD);
    let migrator = Migrator::new(model(OLD)).auto_migrate(false);
    let report = place.unchanged_by(|| migrator.run(place.path()).expect("nothing to do"));
    assert_eq!(report.outcome, Outcome::UpToDate);
    assert_eq!(place.query("SELECT count(*) FROM sqlite_schema"), "1");
}

#[test]
fn the_history_says_where_who_and_by_which_program() {
    let place = Place::new();
    place.run(OLD);
    place.run_with(NEW, |migrator| migrator.environment("staging").reason("release 7"));
    assert_eq!(
        place.query("SELECT environment, reason FROM migration_history ORDER BY id"),
        "NULL|NULL\n'staging'|'release 7'"
    );
    let pid = format!("(pid {})", std::process::id());
    let sql = format!("SELECT count(*) FROM migration_history WHERE actor LIKE '% {pid}' AND program <> ''");
    assert_eq!(place.query(&sql), "2");
    let history = Migrator::new(model(NEW)).history(place.path()).expect("a history");
    assert_eq!(history[1].environment.as_deref(), Some("staging"));
}

/// What the next test runs in a process of its own, whose environment it sets.
#[test]
#[ignore = "run by the test below"]
fn child_from_env() {
    let Ok(how) = std::env::var("SCHEMA_TEST_CHILD") else { return };
    let migrator = if how == "new" { Ok(Migrator::new(model(OLD))) } else { Migrator::from_env(model(OLD)) };
    let report = migrator.and_then(|migrator| migrator.run(migrator.database("default.db")));
    match report {
        Ok(report) => println!("outcome: {:?}", report.outcome),
        Err(error) => println!("{error}"),
    }
}

#[test]
fn the_process_environment_is_read_by_from_env_alone() {
    let child = |place: &Place, how: &str, variables: &[(&str, &str)]| {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.args(["environment::child_from_env", "--exact", "--ignored", "--nocapture"]);
        command.env("SCHEMA_TEST_CHILD", how).env("USER", "ada").envs(variables.iter().copied());
        let output = command.current_dir(place.folder()).output().expect("the child runs");
        String::from_utf8(output.stdout).expect("text")
    };
    let who = "SELECT environment, actor LIKE 'ada (pid %)' FROM migration_history";

    let place = Place::new();
    contains(&child(&place, "env", &[("SCHEMA_AUTO_MIGRATE", "off")]), &["`default.db` does not exist"]);
    assert_eq!(place.names(), [""; 0]);
    contains(&child(&place, "env", &[("SCHEMA_DB", "app.db"), ("SCHEMA_ENV", "ci")]), &["outcome: Created"]);
    assert_eq!(place.names(), ["app.db"]);
    assert_eq!(place.query(who), "'ci'|1");

    let place = Place::new();
    let said = [
        ("SCHEMA_DB", "app.db"),
        ("SCHEMA_ENV", "ci"),
        ("SCHEMA_AUTO_MIGRATE", "off"),
        ("SCHEMA_BASE_DIR", "/nowhere"),
    ];
    contains(&child(&place, "new", &said), &["outcome: Created"]);
    assert_eq!(place.names(), ["default.db"], "without `from_env` nothing of it counts");
}
