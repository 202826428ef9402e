//! Histories of real programs, replayed as folders of migrations: step by step, at once, and beside the model that they lead to.
//!
//! The files are those of the shared folder, as in `corpus`. Its texts have no transactions and no `PRAGMA foreign_keys`; tables that are rebuilt
//! as with them are in `numbered_rebuilds`.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use schema_runtime::{BackupPolicy, Migrations, Migrator, Model, Outcome, Report};

use crate::corpus::{empty, shared};
use crate::support::memory;
use crate::support::oracle;
use crate::support::pair::{HISTORY, parse};
use crate::support::place::Place;

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|err| panic!("{}: {err}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

/// One history, and a folder of migrations beside a database.
struct Replay {
    name: String,
    files: Vec<PathBuf>,
    /// What its own runner makes: all files, one after the other.
    fresh: Connection,
    place: Place,
}

impl Replay {
    fn read(folder: &Path) -> Replay {
        let (files, fresh) = (sorted(folder), empty());
        for path in &files {
            let sql = fs::read_to_string(path).expect("a text");
            fresh.execute_batch(&sql).unwrap_or_else(|err| panic!("{}: {err}", path.display()));
        }
        let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
        Replay { name, files, fresh, place: Place::new() }
    }

    /// A new file, and a folder without migrations.
    fn begin(&mut self) {
        self.place = Place::new();
        fs::create_dir(self.folder()).expect("a folder");
    }

    fn folder(&self) -> PathBuf {
        self.place.folder().join("migrations")
    }

    fn add(&self, files: &[PathBuf]) {
        for file in files {
            fs::copy(file, self.folder().join(file.file_name().expect("a name"))).expect("a copy");
        }
    }

    fn migrator(&self, model: Model) -> Migrator {
        let set = Migrations::from_folder(self.folder()).unwrap_or_else(|err| panic!("{}: {err}", self.name));
        Migrator::for_model(model)
            .migrations(set)
            .backup(BackupPolicy::Never)
            .history_table(HISTORY)
            .no_time_limit()
    }

    fn run(&self, migrator: &Migrator) -> Report {
        migrator.run(self.place.path()).unwrap_or_else(|err| panic!("{}: {err}", self.name))
    }

    /// What the history leads to, as a model.
    fn model(&self) -> Model {
        parse(&memory::script(&self.fresh)).unwrap_or_else(|err| panic!("{}: {err}", self.name))
    }

    /// The file is what the history's own runner makes: as our reader has it, for SQLite's programs, and against a model of it.
    fn is_final(&self, how: &str) {
        let found = memory::load(&self.place.path());
        assert!(memory::catalog(&found) == memory::catalog(&self.fresh), "{} {how}", self.name);
        oracle::compare(&found, &self.fresh).unwrap_or_else(|err| panic!("{} {how}: {err}", self.name));
        let report = self.run(&self.migrator(self.model()).dry_run(true));
        assert_eq!((report.plan.steps.len(), report.pending.len()), (0, 0), "{} {how}: {report}", self.name);
        let report = self.run(&self.migrator(Model::empty("main")));
        assert_eq!(report.outcome, Outcome::UpToDate, "{} {how}", self.name);
    }
}

#[test]
fn every_history_runs_as_a_folder_of_migrations_to_its_final_schema() {
    let Some(shared) = shared() else { return };
    let only = std::env::var("SCHEMA_HISTORY").ok();
    let (mut histories, mut migrations) = (0, 0);
    for folder in sorted(&shared.join("corpus/histories")) {
        if only.as_ref().is_some_and(|only| !folder.ends_with(only)) {
            continue;
        }
        let mut replay = Replay::read(&folder);
        let files = replay.files.clone();

        replay.begin();
        for (at, file) in files.iter().enumerate() {
            replay.add(std::slice::from_ref(file));
            let report = replay.run(&replay.migrator(Model::empty("main")));
            assert_eq!(report.migrations.len(), 1, "{} {at}: {report}", replay.name);
        }
        replay.is_final("step by step");

        replay.begin();
        replay.add(&files);
        let report = replay.run(&replay.migrator(Model::empty("main")));
        assert_eq!((report.outcome, report.migrations.len()), (Outcome::Created, files.len()), "{report}");
        replay.is_final("at once");

        replay.begin();
        replay.add(&files);
        let beside = replay.migrator(replay.model());
        let report = replay.run(&beside);
        assert_eq!((report.steps.len(), report.migrations.len()), (0, files.len()), "{report}");
        assert!(report.migrations.iter().all(|run| !run.contained), "{report}");
        assert_eq!(replay.run(&beside).outcome, Outcome::UpToDate, "{}", replay.name);
        replay.is_final("beside its model");

        println!("{}: {} migrations run, 0 skipped", replay.name, files.len());
        (histories, migrations) = (histories + 1, migrations + files.len());
    }
    println!("{histories} histories, {migrations} migrations run, 0 skipped");
    assert!(histories > 0);
}
