//! Numbered, hand-written migrations: SQL files and Rust functions, and the set of them that a program has.
//!
//! Knows texts and folders, and no database. What is pending, and how it runs, is in `numbered`.

use std::error::Error as StdError;
use std::fmt;
use std::fs;
use std::panic::RefUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension};
use schema_sql::migration::{FileName, Script, ScriptError, When, file_name, file_names, script};
use schema_sql::{Snippet, checksum_text};
use sha2::{Digest, Sha256};

use crate::error::{Error, ErrorKind, Result};
use crate::revision::hex;

/// What a function of a migration gives back; any error ends the run, and nothing of it stays.
pub type MigrationResult = std::result::Result<(), Box<dyn StdError + Send + Sync>>;

pub(crate) type Function = dyn Fn(&MigrationContext<'_>) -> MigrationResult + Send + Sync + RefUnwindSafe;

/// One numbered migration: a change that no comparison can know.
#[derive(Clone)]
pub struct Migration {
    pub(crate) digits: String,
    pub(crate) number: u64,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) when: When,
    /// The numbers that it stands for, as parts from a first to a last one, in each way in which a database can have them: it is a baseline.
    pub(crate) replaces: Vec<Vec<(u64, u64)>>,
    pub(crate) up: Direction,
    pub(crate) down: Option<Direction>,
    /// SHA-256 of what identifies it, 64 hexadecimal digits.
    pub(crate) checksum: String,
}

/// One direction of a migration: the way there, or the way back.
#[derive(Clone)]
pub(crate) struct Direction {
    pub(crate) body: Body,
    /// What a message calls its text: the path of the file.
    pub(crate) origin: String,
    /// Whether it runs in the transaction of the run.
    pub(crate) transaction: bool,
}

impl Direction {
    /// A text that was read before.
    pub(crate) fn of_text(text: &str, origin: String) -> Direction {
        Direction { body: Body::Sql(text.into()), origin, transaction: true }
    }

    fn of_code(function: Arc<Function>, origin: String) -> Direction {
        Direction { body: Body::Code(function), origin, transaction: true }
    }
}

/// What a migration does.
#[derive(Clone)]
pub(crate) enum Body {
    Sql(Arc<str>),
    Code(Arc<Function>),
}

/// What a function of a migration works with.
pub struct MigrationContext<'c> {
    pub(crate) conn: &'c Connection,
    pub(crate) environment: Option<&'c str>,
    pub(crate) progress: &'c dyn Fn(u64, u64) -> Result<()>,
}

/// What a run lends to the functions of its migrations.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings<'s> {
    pub(crate) environment: Option<&'s str>,
    /// Hears how much is done, of how much.
    pub(crate) tell: &'s dyn Fn(u64, u64),
}

impl<'s> Surroundings<'s> {
    /// Of a migration that is only tried.
    pub(crate) fn of_trial(environment: Option<&'s str>) -> Self {
        Surroundings { environment, tell: &|_, _| {} }
    }
}

impl MigrationContext<'_> {
    /// The connection, in the transaction of the run: foreign keys are enforced, and nothing may be committed.
    pub fn connection(&self) -> &Connection {
        self.conn
    }

    /// Where the run is: `dev`, `prod` and so on, as [`Migrator::environment`](crate::Migrator::environment) said or `SCHEMA_ENV`.
    pub fn environment(&self) -> Option<&str> {
        self.environment
    }

    /// Tells observers that `done` of `total` rows (or whatever is counted) are done, as an [`Event::Progress`](crate::Event::Progress), and
    /// looks whether the function is to end. It may be called for each row: an observer hears of each hundredth once, and of none while a
    /// migration is only tried.
    ///
    /// ```
    /// use schema_runtime::{MigrationContext, MigrationResult};
    ///
    /// fn lower(context: &MigrationContext<'_>) -> MigrationResult {
    ///     let conn = context.connection();
    ///     let mut rows = conn.prepare("SELECT rowid, name FROM person")?;
    ///     let people: Vec<(i64, String)> =
    ///         rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    ///     for (done, (rowid, name)) in (0..).zip(&people) {
    ///         context.progress(done, people.len() as u64)?;
    ///         conn.execute("UPDATE person SET name = ?2 WHERE rowid = ?1", (rowid, name.to_lowercase()))?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// `TimeLimit` or `Cancelled`; give it back, and the run ends with it.
    pub fn progress(&self, done: u64, total: u64) -> Result<()> {
        (self.progress)(done, total)
    }

    /// Whether there is a table of this name.
    ///
    /// # Errors
    /// SQLite's.
    pub fn has_table(&self, table: &str) -> rusqlite::Result<bool> {
        let sql = "SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = ?1 COLLATE NOCASE";
        self.conn.query_row(sql, [table], |_| Ok(())).optional().map(|found| found.is_some())
    }

    /// Whether the table has this column.
    ///
    /// # Errors
    /// SQLite's.
    pub fn has_column(&self, table: &str, column: &str) -> rusqlite::Result<bool> {
        let sql = "SELECT 1 FROM pragma_table_xinfo(?1, 'main') WHERE name = ?2 COLLATE NOCASE";
        self.conn.query_row(sql, [table, column], |_| Ok(())).optional().map(|found| found.is_some())
    }
}

impl Migration {
    /// A migration in SQL, as a file `034_name.sql` would hold it.
    ///
    /// # Errors
    /// `Migration` if the text cannot be read, or has statements that a migration may not have.
    pub fn sql(number: u64, name: &str, up: &str) -> Result<Migration> {
        let digits = format!("{number:03}");
        let origin = format!("{digits}_{name}.sql");
        Migration::of_text(&digits, number, name, up, origin)
    }

    /// A migration in Rust, with an optional way back. It sees the database, not today's structs: those of later versions are others.
    ///
    /// Its checksum is of number, name and [`tag`](Self::tag) alone: nobody notices that the body of a function has changed.
    ///
    /// ```
    /// use schema_runtime::Migration;
    ///
    /// let split = Migration::code(
    ///     34,
    ///     "split names",
    ///     |context| {
    ///         context.connection().execute("UPDATE person SET first = substr(name, 1, instr(name, ' ') - 1)", [])?;
    ///         Ok(())
    ///     },
    ///     None::<fn(&schema_runtime::MigrationContext<'_>) -> schema_runtime::MigrationResult>,
    /// );
    /// assert_eq!(split.version(), "034");
    /// ```
    pub fn code<Up, Down>(number: u64, name: &str, up: Up, down: Option<Down>) -> Migration
    where
        Up: Fn(&MigrationContext<'_>) -> MigrationResult + Send + Sync + RefUnwindSafe + 'static,
        Down: Fn(&MigrationContext<'_>) -> MigrationResult + Send + Sync + RefUnwindSafe + 'static,
    {
        let digits = format!("{number:03}");
        let migration = Migration {
            number,
            name: name.to_owned(),
            description: None,
            when: When::Before,
            replaces: Vec::new(),
            up: Direction::of_code(Arc::new(up), format!("the function of migration {digits}")),
            down: down.map(|down| {
                Direction::of_code(Arc::new(down), format!("the function back of migration {digits}"))
            }),
            checksum: String::new(),
            digits,
        };
        migration.tag("")
    }

    /// What is to be hashed of a migration in Rust beside number and name: another tag says that the body has changed. That of a
    /// migration in SQL is its text.
    #[must_use]
    pub fn tag(mut self, tag: &str) -> Migration {
        if let Body::Code(_) = self.up.body {
            self.checksum = sha256(format!("{}\n{}\n{tag}", self.number, self.name).as_bytes());
        }
        self
    }

    /// Gives a migration in SQL its way back, as a file `034_name.down.sql` would hold it.
    ///
    /// # Errors
    /// As [`sql`](Self::sql).
    pub fn with_down(mut self, down: &str) -> Result<Migration> {
        let origin = format!("{}_{}.down.sql", self.digits, self.name);
        read_back(down, &origin)?;
        self.down = Some(Direction::of_text(down, origin));
        Ok(self)
    }

    /// Runs it after the automatic change of the same start, instead of before.
    #[must_use]
    pub fn after(mut self) -> Migration {
        self.when = When::After;
        self
    }

    /// Runs it outside of any transaction, as `-- schema: no-transaction` does in a file. What was due before it is committed first; it is
    /// recorded as running, and where it does not end nothing runs until a person has looked at what it left.
    #[must_use]
    pub fn no_transaction(mut self) -> Migration {
        self.up.transaction = false;
        self
    }

    /// What it is for: the first line of comment of its file.
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its number as it is written: `034`.
    pub fn version(&self) -> &str {
        &self.digits
    }

    /// The SQL of the way there; `None` for a function.
    pub fn text(&self) -> Option<&str> {
        match &self.up.body {
            Body::Sql(text) => Some(text),
            Body::Code(_) => None,
        }
    }

    /// SHA-256, 64 hexadecimal digits: of a text without what editors change, of a function as [`code`](Self::code) says.
    pub fn checksum(&self) -> &str {
        &self.checksum
    }

    fn of_text(digits: &str, number: u64, name: &str, up: &str, origin: String) -> Result<Migration> {
        let script = read(up, &origin)?;
        Ok(Migration {
            digits: digits.to_owned(),
            number,
            name: name.to_owned(),
            description: script.description.map(str::to_owned),
            when: script.when,
            replaces: script.replaces,
            up: Direction { transaction: script.transaction, ..Direction::of_text(up, origin) },
            down: None,
            checksum: sha256(&checksum_text(up.as_bytes())),
        })
    }

    /// `034 split_names`.
    pub(crate) fn title(&self) -> String {
        format!("{} {}", self.digits, self.name)
    }
}

impl fmt::Debug for Migration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Migration")
            .field("version", &self.digits)
            .field("name", &self.name)
            .field("when", &self.when)
            .field("down", &self.down.is_some())
            .finish_non_exhaustive()
    }
}

/// Reads the text of a migration called `origin`.
pub(crate) fn read<'t>(text: &'t str, origin: &str) -> Result<Script<'t>> {
    script(text).map_err(|fault: ScriptError| {
        let snippet = Snippet::new(text, fault.at, fault.len);
        let error =
            Error::new(ErrorKind::Migration, format!("cannot read the migration `{origin}`: {}", fault.what))
                .cause(format!("{origin}:{}:{}\n{snippet}", snippet.line(), snippet.column()))
                .state("nothing was changed");
        error.help(fault.help.unwrap_or_else(|| "mend the text".to_owned()))
    })
}

/// The same of a way back.
fn read_back(text: &str, origin: &str) -> Result<()> {
    if read(text, origin)?.transaction {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Migration, format!("`{origin}` says `no-transaction`"))
        .cause("a way back runs in the transaction of the rollback, which ends with all of it or nothing")
        .state("nothing was changed")
        .help("take the directive out, and what needs it"))
}

fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The numbered migrations of a program, in their order.
#[derive(Debug, Clone, Default)]
pub struct Migrations {
    pub(crate) list: Vec<Migration>,
}

impl Migrations {
    /// These migrations, in the order of their numbers.
    ///
    /// # Errors
    /// `Migration` for two of one number.
    pub fn new(list: impl IntoIterator<Item = Migration>) -> Result<Migrations> {
        let mut list: Vec<Migration> = list.into_iter().collect();
        list.sort_by_key(|migration| migration.number);
        for pair in list.windows(2) {
            let [first, second] = pair else { continue };
            if first.number == second.number {
                return Err(wrong_folder(format!(
                    "`{}` and `{}` have the same number",
                    first.up.origin, second.up.origin
                ))
                .help("give the one that nobody has applied yet the next number"));
            }
        }
        Ok(Migrations { list })
    }

    /// The migrations in `folder`: files such as `034_name.sql`, with `034_name.down.sql` where there is a way back. Files that do not end with
    /// `.sql` are passed over.
    ///
    /// # Errors
    /// `Migration` if the folder or a file cannot be read, is misnamed, is no UTF-8, has what a migration may not have, or has a number
    /// twice, or where a way back is alone.
    pub fn from_folder(folder: impl AsRef<Path>) -> Result<Migrations> {
        let folder = folder.as_ref();
        let files = files_of(folder)?;
        // The names first: one that is wrong need not be read.
        named(files.iter().map(|(name, _)| name.as_str()))?;
        let mut texts = Vec::new();
        for (name, path) in files.iter().filter(|(name, _)| name.ends_with(".sql")) {
            texts.push((name.as_str(), text_of(path)?, path.display().to_string()));
        }
        Migrations::of_files(&texts)
    }

    /// The migrations of these files, each its name and its text; what [`migrations!`](crate::migrations) compiles into the program.
    ///
    /// # Errors
    /// As [`from_folder`](Self::from_folder).
    pub fn from_files(files: &[(&str, &str)]) -> Result<Migrations> {
        let files = files.iter().map(|(name, text)| (*name, (*text).to_owned(), (*name).to_owned()));
        Migrations::of_files(&files.collect::<Vec<_>>())
    }

    /// The highest number in `folder`, as it is written, by the names of the files alone: their texts may be unwritten yet.
    ///
    /// # Errors
    /// `Migration` if the folder cannot be read, or a file is misnamed.
    pub fn last_in(folder: impl AsRef<Path>) -> Result<Option<String>> {
        let files = files_of(folder.as_ref())?;
        let files = named(files.iter().map(|(name, _)| name.as_str()))?;
        Ok(files.last().map(|file| file.digits.to_owned()))
    }

    pub(crate) fn of_files(files: &[(&str, String, String)]) -> Result<Migrations> {
        let names = named(files.iter().map(|(name, ..)| *name))?;
        let text_of = |file: &FileName<'_>| {
            let is_it = |name: &str| file_name(name).is_ok_and(|found| found.as_ref() == Some(file));
            files
                .iter()
                .find(|(name, ..)| is_it(name))
                .map(|(_, text, origin)| (text.as_str(), origin.as_str()))
        };
        let mut list: Vec<Migration> = Vec::new();
        for file in &names {
            let Some((text, origin)) = text_of(file) else { continue };
            match list.last_mut().filter(|_| file.down) {
                None => list.push(Migration::of_text(
                    file.digits,
                    file.number,
                    file.name,
                    text,
                    origin.to_owned(),
                )?),
                // They are in the order of their numbers, each way back behind the way there.
                Some(up) => {
                    read_back(text, origin)?;
                    up.down = Some(Direction::of_text(text, origin.to_owned()));
                }
            }
        }
        Migrations::new(list)
    }

    /// The migrations, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &Migration> {
        self.list.iter()
    }

    /// The migration of this number, however it is written: `034` or `34`.
    pub(crate) fn find(&self, version: &str) -> Option<&Migration> {
        let number: u64 = version.parse().ok()?;
        self.list.iter().find(|migration| migration.number == number)
    }

    /// What a stamp has of them: equal where each is the same.
    pub(crate) fn stamp(&self) -> String {
        if self.list.is_empty() {
            return String::new();
        }
        let all: Vec<String> = self
            .list
            .iter()
            .map(|migration| format!("{} {}", migration.title(), migration.checksum))
            .collect();
        sha256(all.join("\n").as_bytes())
    }
}

/// What the file has.
pub(crate) fn text_of(path: &Path) -> Result<String> {
    let bytes = fs::read(path).map_err(|err| unread(path, err))?;
    String::from_utf8(bytes).map_err(|err| {
        Error::new(ErrorKind::Migration, format!("cannot read the migration `{}`", path.display()))
            .cause(format!("it is no UTF-8 from byte {} on", err.utf8_error().valid_up_to()))
            .state("nothing was changed")
            .help("save the file as UTF-8")
    })
}

/// Names and paths, in the order of the names.
pub(crate) fn files_of(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(|err| unread(folder, err))? {
        let path = entry.map_err(|err| unread(folder, err))?.path();
        files.push((path.file_name().unwrap_or_default().to_string_lossy().into_owned(), path));
    }
    files.sort();
    Ok(files)
}

fn unread(path: &Path, err: std::io::Error) -> Error {
    Error::new(ErrorKind::Migration, format!("cannot read `{}`", path.display()))
        .source(err)
        .state("nothing was changed")
        .help("correct the path, or the permissions")
}

fn named<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Vec<FileName<'a>>> {
    file_names(names).map_err(|error| wrong_folder(error.what).help(error.help))
}

fn wrong_folder(cause: String) -> Error {
    Error::new(ErrorKind::Migration, "the migrations cannot be put in order")
        .cause(cause)
        .state("nothing was changed")
}
