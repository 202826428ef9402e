//! A real database: Chinook is adopted as it is, then evolved version by version, and every value of every row is accounted for.
//!
//! `tables` and `versions` hold the models, `proof` compares with an untouched copy. The file is that of the shared folder;
//! without it these tests say so and pass.

mod proof;
mod tables;
mod versions;

use std::path::{Path, PathBuf};

use schema_runtime::rusqlite::Connection;
use schema_runtime::{Migrator, Outcome, Schema};

use crate::corpus::shared;
use crate::support::case::check_rows;
use proof::{Facts, healthy, survives};
use versions::VERSIONS;

/// A folder with an untouched copy of the file and one to work on, or the printed reason for skipping.
struct Copies {
    folder: tempfile::TempDir,
}

impl Copies {
    fn new() -> Option<Copies> {
        let file = shared()?.join("data/chinook.sqlite");
        let folder = tempfile::tempdir().unwrap();
        let copies = Copies { folder };
        let bytes = std::fs::read(&file).unwrap_or_else(|err| panic!("{}: {err}", file.display()));
        std::fs::write(copies.untouched(), bytes).unwrap();
        // Rows were deleted at the end of every table once: their keys must never be given out again.
        let conn = Connection::open(copies.untouched()).unwrap();
        conn.execute_batch("UPDATE sqlite_sequence SET seq = seq + 100").unwrap();
        drop(conn);
        std::fs::copy(copies.untouched(), copies.work()).unwrap();
        Some(copies)
    }

    fn untouched(&self) -> PathBuf {
        self.folder.path().join("untouched.sqlite")
    }

    fn work(&self) -> PathBuf {
        self.folder.path().join("chinook.sqlite")
    }

    /// A copy of the work as it is now.
    fn copy(&self) -> PathBuf {
        let copy = self.folder.path().join("copy.sqlite");
        std::fs::copy(self.work(), &copy).unwrap();
        copy
    }
}

fn run(schema: &'static Schema, path: &Path) -> schema_runtime::Report {
    Migrator::new(schema)
        .run(path)
        .unwrap_or_else(|err| panic!("version {} on {}:\n{err}", schema.version, path.display()))
}

fn facts(path: &Path) -> Facts {
    Facts::read(&Connection::open(path).unwrap())
}

#[test]
fn chinook_is_adopted_with_an_empty_plan() {
    let Some(copies) = Copies::new() else { return };
    let before = facts(&copies.work());
    let report = run(VERSIONS[0], &copies.work());
    assert_eq!(report.plan.to_string().trim(), "nothing to do");
    assert_eq!(report.outcome, Outcome::Adopted, "{report}");
    assert_eq!((report.warnings, report.foreign, report.retired), (vec![], vec![], vec![]));
    let after = facts(&copies.work());
    before.assert_equal(&after, &[], "adopted");
    assert_eq!(before.texts, after.texts, "the stored SQL");
    survives(&copies.untouched(), &copies.work(), 1);
    assert_eq!(run(VERSIONS[0], &copies.work()).outcome, Outcome::UpToDate);
}

#[test]
fn every_value_survives_every_version_and_every_undo_leads_back() {
    let Some(copies) = Copies::new() else { return };
    run(VERSIONS[0], &copies.work());
    for (at, schema) in VERSIONS.iter().enumerate().skip(1) {
        let number = at + 1;
        let before = facts(&copies.work());
        let report = run(schema, &copies.work());
        println!("version {number}\n{}\n{report}\n", report.plan);
        assert_eq!(report.outcome, Outcome::Migrated, "version {number}");

        let conn = Connection::open(copies.work()).unwrap();
        healthy(&conn);
        conn.close().unwrap();
        let backup = report.backup.unwrap_or_else(|| panic!("version {number}: no backup"));
        before.assert_equal(&facts(&backup.path), &[], &format!("backup before version {number}"));
        survives(&copies.untouched(), &copies.work(), number);
        let after = facts(&copies.work());
        before.assert_sequences_kept(&after, number);
        assert_eq!(run(schema, &copies.work()).outcome, Outcome::UpToDate, "version {number} again");

        undo(schema, &copies.copy(), &before, proof::lost_by_undo(number));
        used(&copies.work(), number);
    }
    let conn = Connection::open(copies.work()).unwrap();
    check_rows(&conn, proof::AT_LAST);
}

/// Takes the last version back on `copy`: everything is as `before`, but for the columns in `lost`.
fn undo(schema: &Schema, copy: &Path, before: &Facts, lost: &[&str]) {
    let mut conn = Connection::open(copy).unwrap();
    schema_runtime::testing::undo_last(schema, &mut conn)
        .unwrap_or_else(|err| panic!("undo of version {}:\n{err}", schema.version));
    healthy(&conn);
    before.assert_equal(&Facts::read(&conn), lost, &format!("undo of version {}", schema.version));
}

/// What a program does between two releases.
fn used(path: &Path, number: usize) {
    let conn = Connection::open(path).unwrap();
    for (since, sql) in proof::USED {
        if *since == number {
            conn.execute_batch(sql).unwrap_or_else(|err| panic!("{sql}: {err}"));
        }
    }
    check_rows(&conn, proof::rows(number));
}

#[test]
fn one_step_to_the_last_version_ends_where_all_steps_do() {
    let Some(copies) = Copies::new() else { return };
    let direct = copies.copy();
    for schema in VERSIONS {
        run(schema, &copies.work());
    }
    run(VERSIONS[0], &direct);
    let last = VERSIONS[VERSIONS.len() - 1];
    let report = run(last, &direct);
    println!("{}\n{report}", report.plan);
    survives(&copies.untouched(), &direct, VERSIONS.len());
    facts(&copies.work()).assert_equal(&facts(&direct), &[], "one step");
    undo(last, &direct, &facts(&copies.untouched()), proof::LOST_BY_ALL);
}
