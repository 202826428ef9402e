//! A folder of migrations beside a database.

use std::fs;
use std::path::PathBuf;

use schema_runtime::{Migrations, Migrator, Model, Report};

use super::place::Place;

/// Each module that has one adds what it does with it.
pub struct Folder {
    /// Where the database is.
    pub place: Place,
}

impl Folder {
    /// With these files, each its name and its text.
    pub fn new(files: &[(&str, &str)]) -> Folder {
        let folder = Folder { place: Place::new() };
        fs::create_dir(folder.path()).expect("a folder");
        for (name, text) in files {
            folder.write(name, text);
        }
        folder
    }

    pub fn path(&self) -> PathBuf {
        self.place.folder().join("migrations")
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).expect("a file");
    }

    pub fn set(&self) -> Migrations {
        Migrations::from_folder(self.path()).unwrap_or_else(|err| panic!("{err}"))
    }

    /// The migrations alone.
    pub fn alone(&self) -> Migrator {
        Migrator::for_model(Model::empty("main")).migrations(self.set())
    }

    pub fn run(&self, migrator: &Migrator) -> Report {
        migrator.run(self.place.path()).unwrap_or_else(|err| panic!("{err}"))
    }
}
