//! The scenario files: commands as a user types them, what is printed, and the exit code.
//!
//! Each `scenarios/NAME.trycmd` runs in a folder of its own with a copy of `scenarios/files`. `TRYCMD=overwrite cargo test -p schema-cli
//! scenarios` writes what is printed now into the files; `[..]` stands for times, paths and process ids, and stays where it fits.

use std::fs;
use std::path::Path;

use crate::support::{cases, copy_all};

#[test]
fn every_scenario_prints_and_exits_as_its_file_says() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let place = tempfile::tempdir().expect("a folder");
    let mut names = Vec::new();
    for entry in fs::read_dir(&source).expect("the scenarios") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "trycmd") {
            continue;
        }
        let name = path.file_name().expect("a name").to_owned();
        let copy = place.path().join(&name);
        fs::copy(&path, &copy).expect("a copy");
        fs::create_dir(copy.with_extension("in")).expect("a folder");
        // With this folder trycmd runs the commands in a copy of the other; what they leave there is shown by commands.
        fs::create_dir(copy.with_extension("out")).expect("a folder");
        copy_all(&source.join("files"), &copy.with_extension("in"));
        names.push(name);
    }
    assert!(names.len() >= 10, "{names:?}");
    let cases = cases();
    cases.case(place.path().join("*.trycmd"));
    cases.run();
    if std::env::var_os("TRYCMD").is_some_and(|mode| mode == "overwrite") {
        for name in names {
            fs::copy(place.path().join(&name), source.join(&name)).expect("a copy");
        }
    }
}
