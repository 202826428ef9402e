//! The workflow that people copy, `docs/ci/github.yml`: its lines are commands of ours, and its jobs end as they should.

use std::fs;
use std::path::Path;

use crate::support::{call, place, said, schema};

/// The `run:` lines of each job, by the job's name.
fn jobs() -> Vec<(String, Vec<String>)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/ci/github.yml");
    let text = fs::read_to_string(path).expect("the workflow");
    let mut jobs: Vec<(String, Vec<String>)> = Vec::new();
    let (_, text) = text.split_once("\njobs:\n").expect("jobs");
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        assert!(indent % 2 == 0 && !line.contains('\t'), "{line:?}");
        if indent == 2 && !line.trim_start().starts_with('#') {
            jobs.push((line.trim().trim_end_matches(':').to_owned(), Vec::new()));
        }
        if let Some(run) = line.trim_start().strip_prefix("- run: ") {
            // Neither a block nor anything else that YAML would read in another way.
            assert!(
                !run.contains(": ") && !run.contains(" #") && !run.starts_with(['|', '>', '"', '\'']),
                "{run}"
            );
            jobs.last_mut().expect("a job").1.push(run.to_owned());
        }
    }
    jobs
}

/// Runs each `schema …` of the job, up to the first that fails the step; its line, its code and what it printed.
fn run(folder: &Path, job: &str) -> Option<(String, Option<i32>, String)> {
    let jobs = jobs();
    let (_, lines) = jobs.iter().find(|(name, _)| name == job).expect("the job");
    let mut ran = 0;
    for line in lines {
        let (command, other) = line.split_once(" || ").unwrap_or((line, ""));
        let Some(arguments) = command.strip_prefix("schema ") else { continue };
        let arguments: Vec<&str> = arguments.split(' ').collect();
        let mut command = call("schema", folder, &arguments);
        let output = said(
            command.env("SCHEMA_DB", if job == "drift" { "app.db" } else { "" }).output().expect("it runs"),
        );
        let passes = output.code == Some(0) || (other == "test $? -eq 2" && output.code == Some(2));
        ran += 1;
        if !passes {
            return Some((line.clone(), output.code, output.stdout));
        }
    }
    assert!(ran > 0, "{job}");
    None
}

#[test]
fn the_jobs_of_the_workflow_pass_and_fail_as_they_should() {
    assert_eq!(
        jobs().iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        ["tests", "migrations", "drift"]
    );

    let place = place();
    fs::rename(place.path().join("steps"), place.path().join("migrations")).expect("a folder");
    assert_eq!(run(place.path(), "migrations"), None);

    fs::write(place.path().join("migrations/004_wipe.sql"), "-- Nobody is left.\nDELETE FROM person;\n")
        .expect("a file");
    let (line, code, printed) = run(place.path(), "migrations").expect("a job that fails");
    assert!(line.starts_with("schema lint ") && code == Some(3), "{line} {code:?}");
    assert!(printed.starts_with("::"), "{printed}");

    fs::copy(place.path().join("v1.sql"), place.path().join("schema.sql")).expect("a copy");
    assert_eq!(schema(place.path(), &["apply", "app.db", "--to", "schema.sql"]).code, Some(0));
    assert_eq!(run(place.path(), "drift"), None);
    fs::copy(place.path().join("v2.sql"), place.path().join("schema.sql")).expect("a copy");
    let (_, code, printed) = run(place.path(), "drift").expect("a job that fails");
    assert_eq!(code, Some(2));
    assert!(printed.starts_with("::error file=schema.sql,title=app.db%3A 2 steps pending::"), "{printed}");
}
