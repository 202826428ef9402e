//! A release as its snapshot has it, and databases of it: with invented rows, or with those of a fixture.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use schema_sql::{CreateKind, create_kind, eq_name, fold, split_statements};

use super::dice::Dice;
use super::file::{File, Numbered};
use super::fill::fill;
use super::virtual_tables;
use crate::backup::{BackupPolicy, Retention};
use crate::catalog::{self, Catalog};
use crate::connection::{self, Cancel, OpenMode, SqliteResult};
use crate::diff::{Change, diff};
use crate::error::{Error, ErrorKind, Result};
use crate::folder::unread;
use crate::found;
use crate::migration::{Migration, Migrations};
use crate::migrator::{FailurePolicy, Migrator, Options, Source};
use crate::model::{Model, ModelOptions};
use crate::version::version_cmp;

/// Rows of each table, where they are invented.
const ROWS: u64 = 24;

/// A release that has a snapshot.
pub(super) struct Release {
    pub(super) version: String,
    pub(super) model: Arc<Model>,
    migrations: Arc<Migrations>,
}

/// The program as tests run it: by its own model, policies, consents, migrations and hook, without a time limit, an observer and a
/// place for its files, and with backups, from which a rollback takes values.
pub(super) fn program(migrator: &Migrator) -> Migrator {
    let options = Options {
        backup: BackupPolicy::Always,
        backup_dir: None,
        retention: Retention::default(),
        auto_migrate: true,
        base_dir: None,
        database: None,
        time_limit: None,
        cancel: Cancel::new(),
        dry_run: false,
        on_failure: FailurePolicy::Abort,
        observer: None,
        expected: None,
        up_to: None,
        ..migrator.options.clone()
    };
    Migrator { source: migrator.source.clone(), options }
}

impl Release {
    /// Reads the snapshot of `version` in `folder`.
    ///
    /// # Errors
    /// `Model` where it is not as it was written, or not of this version of the library; `Migration` where the program no longer has what the
    /// release had; `Io` where it cannot be read.
    pub(super) fn read(program: &Migrator, folder: &Path, version: &str) -> Result<Release> {
        let path = folder.join(format!("{version}.json"));
        let file = File::read(&path)?;
        let mut options = ModelOptions::new().history_table(program.options.history_table.as_str());
        options.hook.clone_from(&program.options.hook);
        let origin = path.display().to_string();
        let text = file.snapshot.to_string();
        let mut model = Model::from_snapshot(&text, &origin, None, &options)?;
        if !eq_name(&model.name, program.source.name()) {
            return Err(Error::new(ErrorKind::Model, format!("`{origin}` is of model `{}`", model.name))
                .cause(format!("the program's is `{}`", program.source.name()))
                .help("give each model a folder of its own"));
        }
        if let Some(attributes) = file.attributes()? {
            model.tables = attributes.tables;
            model.dropped = attributes.dropped;
            model.external = attributes.external;
            model.explicit = attributes.explicit;
        }
        file.version().clone_into(&mut model.version);
        if let Some(fingerprint) = file.snapshot.get("fingerprint").and_then(|text| text.as_str()) {
            fingerprint.clone_into(&mut model.fingerprint);
        }
        let migrations = of_release(&program.options.migrations, &file.migrations()?)
            .map_err(|error| error.context(format!("cannot make a database of version {version}")))?;
        Ok(Release { version: version.to_owned(), model: Arc::new(model), migrations: Arc::new(migrations) })
    }

    /// The program of the release, as far as the program of today knows it.
    pub(super) fn program(&self, today: &Migrator) -> Migrator {
        let options = Options { migrations: Arc::clone(&self.migrations), ..today.options.clone() };
        Migrator { source: Source::Model(Arc::clone(&self.model)), options }
    }

    /// Makes a database with invented rows at `path`; returns the tables that have fewer than they should.
    pub(super) fn invent(&self, today: &Migrator, path: &Path) -> Result<Vec<String>> {
        self.program(today).run(path)?;
        let conn = open(today, path)?;
        let (catalog, mut dice) = (read(today, &conn)?, Dice::new(1));
        let short = fill(&conn, &catalog, &mut dice, ROWS)?;
        virtual_tables::fill(&conn, &catalog, &mut dice, ROWS)?;
        Ok(short)
    }

    /// Makes a database from a fixture at `path`: a copy of a database, a dump of one, or statements that fill an empty one.
    pub(super) fn prepare(&self, today: &Migrator, fixture: &Path, path: &Path) -> Result<()> {
        if fixture.extension().is_some_and(|end| end == "db") {
            copy(today, fixture, path)?;
        } else {
            let script = fs::read_to_string(fixture).map_err(|err| unread(fixture, err))?;
            // A dump makes its tables itself.
            if !makes_tables(&script) {
                self.program(today).run(path)?;
            }
            let conn = connection::open(path, OpenMode::Create, today.options.hook.as_ref(), WAIT)?;
            conn.execute_batch(&script).at(|| format!("cannot run `{}`", fixture.display())).map_err(
                |error| error.help(format!("mend it, or make it anew with version {}", self.version)),
            )?;
        }
        self.refuse_other(today, fixture, path)?;
        self.program(today).run(path)?;
        Ok(())
    }

    /// Refuses a fixture that is not what the snapshot has.
    fn refuse_other(&self, today: &Migrator, fixture: &Path, path: &Path) -> Result<()> {
        let error = Error::new(
            ErrorKind::Model,
            format!("`{}` is not a database of version {}", fixture.display(), self.version),
        );
        let causes = match recorded(today, path)? {
            Some(version) if version_cmp(&version, &self.version).is_gt() => {
                vec![format!("its history ends with version {version}")]
            }
            Some(_) => self.pending(today, path)?,
            None => self.differences(today, path)?,
        };
        if causes.is_empty() {
            return Ok(());
        }
        Err(causes.into_iter().fold(error, Error::cause).help(
            "give it the name of its version, or make it with that version of the program: the snapshot is what was released",
        ))
    }

    /// What the program of the release would do to a database that it has made.
    fn pending(&self, today: &Migrator, path: &Path) -> Result<Vec<String>> {
        let status = self.program(today).status(path)?;
        let by_hand = status.drift.iter().map(|text| format!("changed by hand: {text}"));
        let pending = status.pending.changes().map(|change| format!("it needs: {change}"));
        let due = status.migrations.iter().map(|title| format!("it needs: migration {title}"));
        let mut causes: Vec<String> = by_hand.chain(pending).chain(due).collect();
        if let (Some(refusal), true) = (&status.refusal, causes.is_empty()) {
            causes.push(refusal.what.clone());
            causes.extend(refusal.causes.iter().cloned());
        }
        Ok(causes)
    }

    /// How a database without history differs. What migrations have made is in no snapshot.
    fn differences(&self, today: &Migrator, path: &Path) -> Result<Vec<String>> {
        let found = read(today, &open(today, path)?)?;
        let made = |change: &Change| {
            !self.migrations.list.is_empty()
                && matches!(
                    change,
                    Change::DropTable { .. }
                        | Change::DropIndex { .. }
                        | Change::DropView { .. }
                        | Change::DropTrigger { .. }
                        | Change::DropVirtualTable { .. }
                )
        };
        let changes = diff(&found, &self.model.catalog, &|_| false);
        Ok(changes
            .iter()
            .filter(|change| !made(change))
            .map(|change| format!("it needs: {change}"))
            .collect())
    }
}

/// Nobody else has these files.
const WAIT: Duration = Duration::from_secs(5);

/// Opens a database of ours, with what the program registers.
pub(super) fn open(program: &Migrator, path: &Path) -> Result<Connection> {
    connection::open(path, OpenMode::ReadWrite, program.options.hook.as_ref(), WAIT)
}

/// What it holds without the history.
pub(super) fn read(program: &Migrator, conn: &Connection) -> Result<Catalog> {
    catalog::read(conn, "main", &found::own_tables(program))
}

/// The version that the history has last of this model.
fn recorded(program: &Migrator, path: &Path) -> Result<Option<String>> {
    let rows = program.history(path)?;
    let name = program.source.name();
    let mut own = rows.into_iter().rev().filter(|row| row.model == name && row.is_change());
    Ok(own.next().map(|row| row.version))
}

/// Through SQLite, which sees what lies in a log beside the file.
fn copy(program: &Migrator, from: &Path, to: &Path) -> Result<()> {
    let what = || format!("cannot copy `{}`", from.display());
    let source = connection::open(from, OpenMode::ReadOnly, program.options.hook.as_ref(), WAIT)?;
    let mut made = connection::open(to, OpenMode::Create, program.options.hook.as_ref(), WAIT)?;
    let backup = rusqlite::backup::Backup::new(&source, &mut made).at(what)?;
    backup.run_to_completion(1_000, Duration::ZERO, None).at(what)
}

fn makes_tables(script: &str) -> bool {
    let statements = split_statements(script).unwrap_or_default();
    statements.iter().any(|statement| {
        matches!(create_kind(statement.text), Some(CreateKind::Table | CreateKind::VirtualTable))
    })
}

/// The migrations of today that the release had, or that stand for some that it had.
fn of_release(today: &Migrations, had: &[Numbered]) -> Result<Migrations> {
    let number = |one: &Numbered| one.version.parse::<u64>().ok();
    let numbers: Vec<u64> = had.iter().filter_map(number).collect();
    let stands = |migration: &&Migration| {
        migration.replaces.iter().any(|way| {
            way.iter().all(|(first, last)| (*first..=*last).all(|number| numbers.contains(&number)))
        })
    };
    let mut list: Vec<Migration> = today.iter().filter(stands).cloned().collect();
    let covered: Vec<(u64, u64)> = list.iter().flat_map(|baseline| baseline.replaces.concat()).collect();
    for one in had {
        let number = number(one).unwrap_or_default();
        let is_covered = covered.iter().any(|(first, last)| (*first..=*last).contains(&number));
        match today.iter().find(|migration| migration.number == number) {
            Some(found) if fold(&found.checksum) == fold(&one.checksum) => {
                if list.iter().all(|listed| listed.number != number) {
                    list.push(found.clone());
                }
            }
            _ if is_covered => {}
            Some(_) => {
                return Err(Error::new(
                    ErrorKind::Migration,
                    format!("{} is no longer what it was", one.title()),
                )
                .cause("it was released: databases that have it run nothing of what has changed")
                .help("take its text back, and write what shall change as a new migration"));
            }
            None => {
                return Err(Error::new(
                    ErrorKind::Migration,
                    format!("there is no {} any more", one.title()),
                )
                .cause("the release had it, and nothing stands for it")
                .help("put it back, or end the support of the release by taking its snapshot away"));
            }
        }
    }
    Migrations::new(list)
}

/// The fixtures of a version.
pub(super) fn fixtures(folder: Option<&Path>, version: &str) -> Vec<PathBuf> {
    let named = |end: &str| folder.map(|folder| folder.join(format!("{version}.{end}")));
    ["db", "sql"].into_iter().filter_map(named).filter(|path| path.exists()).collect()
}
