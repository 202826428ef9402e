//! The reviewed form of each released schema: one file a version, which a changed model must not change without a word.

use std::fmt::Write as _;
use std::fs;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::file::{File, Numbered, UPDATE, is_updating, sealed, versions, with_attributes};
use crate::catalog::Catalog;
use crate::connection::{self, SqliteResult};
use crate::error::{Error, ErrorKind, Result};
use crate::folder::unread;
use crate::found;
use crate::migrator::Migrator;
use crate::model::{Model, ModelOptions};
use crate::plan::Plan;
use crate::version::version_cmp;

/// Fails where the model is not what its snapshot in `folder` says, which is a file named by the model's version: `1.2.0.json`. `folder` is
/// relative to the package.
///
/// `UPDATE_SCHEMA=1 cargo test` accepts the model into the file of its version; the files of other versions are never written. Those belong
/// into version control, where a person reads what has changed. Beside the tables a file has what the model says of them, such as a `backfill`,
/// and the numbered migrations of the migrator.
///
/// # Panics
/// With the text of [`check_snapshot`], where it fails.
#[track_caller]
pub fn assert_snapshot(model: impl Into<Migrator>, folder: impl AsRef<Path>) {
    let migrator = model.into();
    let done =
        if is_updating() { accept_snapshot(&migrator, folder) } else { check_snapshot(&migrator, folder) };
    if let Err(error) = done {
        panic!("{}", super::coloured(&error.to_string(), std::io::stderr().is_terminal(), colour));
    }
}

/// As [`assert_snapshot`], with what is wrong as an error: what has changed, the SQL and the hazards of a start on the version of the snapshot,
/// and what to do next.
///
/// # Errors
/// `Model` where the model is not what the file says, there is none, it was edited by hand or by a merge, is of a newer format, or a
/// newer version has one; `Io` where it cannot be read or written.
pub fn check_snapshot(migrator: &Migrator, folder: impl AsRef<Path>) -> Result<()> {
    let made = Made::of(migrator, folder.as_ref())?;
    let path = &made.path;
    let text = match fs::read_to_string(path) {
        Err(err) if err.kind() == std::io::ErrorKind::NotFound => return Err(missing(migrator, &made)),
        text => text.map_err(|err| unread(path, err))?,
    };
    let found = File::parse(&text, path)?;
    if found.snapshot == made.snapshot {
        return Ok(());
    }
    let error = Error::new(ErrorKind::Model, format!("the model is not what `{}` has", path.display()));
    let plan = plan(migrator, &text, path)?;
    let numbered = numbered(&found, &made.file()?)?;
    let error = match (plan.is_empty(), numbered.is_empty()) {
        // Renames, conversions and the like, which a start on this version has no use for.
        (true, true) => error.cause("its tables are the same; its attributes are not"),
        (true, false) => error,
        (false, _) => told(error, &plan),
    };
    let error = numbered.into_iter().fold(error, Error::cause);
    Err(error.help(format!(
        "if {} is released, raise the version of the model; then run `{UPDATE}=1 cargo test`, read what it writes, and commit it",
        made.version
    )))
}

/// Accepts the model into the file of its version, as `UPDATE_SCHEMA=1` does; a file that says the same is left as it is.
///
/// # Errors
/// `Model` where a newer version has a snapshot, or the model has no version; `Io` where the file cannot be read or written.
pub fn accept_snapshot(migrator: &Migrator, folder: impl AsRef<Path>) -> Result<()> {
    let folder = folder.as_ref();
    let made = Made::of(migrator, folder)?;
    let found = match fs::read_to_string(&made.path) {
        Err(err) if err.kind() == std::io::ErrorKind::NotFound => None,
        text => Some(text.map_err(|err| unread(&made.path, err))?),
    };
    let found = found.and_then(|text| File::parse(&text, &made.path).ok());
    if found.is_some_and(|found| found.snapshot == made.snapshot) { Ok(()) } else { write(folder, &made) }
}

/// The model as a snapshot, and where that belongs.
struct Made {
    snapshot: Value,
    version: String,
    path: PathBuf,
    /// The newest version below it that has a file.
    older: Option<String>,
}

impl Made {
    fn of(migrator: &Migrator, folder: &Path) -> Result<Made> {
        let snapshot = made(migrator)?;
        let version = snapshot.get("version").and_then(Value::as_str).unwrap_or_default().to_owned();
        if version.is_empty() || version == "0" {
            return Err(Error::new(
                ErrorKind::Model,
                "the model has no version that a snapshot could be named by",
            )
            .help("give it one: `schema! { version: \"1.0.0\", … }`"));
        }
        let mut versions = versions(folder)?;
        if let Some(newer) = versions.last().filter(|newest| version_cmp(newest, &version).is_gt()) {
            return Err(Error::new(
                ErrorKind::Model,
                format!(
                    "the model is of version {version}, and `{}` has a snapshot of {newer}",
                    folder.display()
                ),
            )
            .help("raise the version of the model above it; a released version is never changed"));
        }
        versions.retain(|older| version_cmp(older, &version).is_lt());
        Ok(Made { snapshot, path: folder.join(format!("{version}.json")), version, older: versions.pop() })
    }

    fn file(&self) -> Result<File> {
        File::parse(&sealed(&self.snapshot, None), &self.path)
    }
}

/// The model as a snapshot: what the history of a new database has of it.
fn made(migrator: &Migrator) -> Result<Value> {
    let mut conn = connection::scratch(None, migrator.options.hook.as_ref())?;
    Migrator::of(migrator.source.clone()).run_on(&mut conn)?;
    let unread = "cannot read the snapshot of the model";
    let sql = "SELECT snapshot FROM migration_history ORDER BY id DESC LIMIT 1";
    let text: String = conn.query_row(sql, [], |row| row.get(0)).at(|| unread.to_owned())?;
    let snapshot =
        serde_json::from_str(&text).map_err(|err| Error::new(ErrorKind::History, unread).source(err))?;
    with_attributes(
        snapshot,
        &found::model(&conn, migrator, &Catalog::default())?,
        &migrator.options.migrations,
    )
}

/// Which numbered migrations are others.
fn numbered(found: &File, made: &File) -> Result<Vec<String>> {
    let (was, is) = (found.migrations()?, made.migrations()?);
    let lacks = |list: &[Numbered], one: &Numbered| list.iter().all(|other| other.version != one.version);
    let added = is.iter().filter(|one| lacks(&was, one)).map(|one| format!("add {}", one.title()));
    let dropped = was.iter().filter(|one| lacks(&is, one)).map(|one| format!("drop {}", one.title()));
    let altered = is.iter().filter(|one| !lacks(&was, one) && !was.contains(one));
    Ok(added.chain(dropped).chain(altered.map(|one| format!("alter {}", one.title()))).collect())
}

/// What a start of the program would do to a database of the snapshot.
fn plan(migrator: &Migrator, text: &str, path: &Path) -> Result<Plan> {
    let mut options = ModelOptions::new();
    options.hook.clone_from(&migrator.options.hook);
    let old = Model::from_snapshot(text, &path.display().to_string(), None, &options)?;
    migrator.diff(&old)
}

/// What has changed in the schema since that version.
pub(super) fn since(migrator: &Migrator, folder: &Path, version: &str) -> Result<Vec<String>> {
    let path = folder.join(format!("{version}.json"));
    let (found, made) = (File::read(&path)?, Made::of(migrator, folder)?);
    let plan = plan(migrator, &found.snapshot.to_string(), &path)?;
    let changes = plan.changes().map(ToString::to_string);
    Ok(changes.chain(numbered(&found, &made.file()?)?).collect())
}

fn told(mut error: Error, plan: &Plan) -> Error {
    for change in plan.changes() {
        error = error.cause(change.to_string());
    }
    error.cause(format!("a start on that version would do this:\n{}", sql_and_hazards(plan)))
}

fn sql_and_hazards(plan: &Plan) -> String {
    let mut text = String::new();
    for (at, step) in plan.steps.iter().enumerate() {
        let _ = writeln!(text, "{}. {} ({})", at + 1, step.summary(), step.method);
        for hazard in &step.hazards {
            let _ = writeln!(text, "   {hazard}");
        }
        for statement in step.statements() {
            let _ = writeln!(text, "       {};", statement.replace('\n', "\n       "));
        }
    }
    text.trim_end().to_owned()
}

fn missing(migrator: &Migrator, made: &Made) -> Error {
    let path = made.path.display();
    let error = Error::new(ErrorKind::Model, format!("there is no snapshot `{path}` of the model"));
    let older = made.older.as_ref().map(|older| made.path.with_file_name(format!("{older}.json")));
    let error = match &older {
        None => error,
        Some(older) => {
            let error = error.cause(format!("the newest is `{}`", older.display()));
            let text = fs::read_to_string(older).map_err(|err| unread(older, err));
            match text.and_then(|text| plan(migrator, &text, older)) {
                Ok(plan) if plan.is_empty() => error.cause("its tables are the same"),
                Ok(plan) => told(error, &plan),
                Err(unreadable) => error.cause(unreadable.what().to_owned()),
            }
        }
    };
    error.help(format!("run `{UPDATE}=1 cargo test`, read what it writes, and commit it"))
}

fn write(folder: &Path, made: &Made) -> Result<()> {
    let unwritten = |err| {
        Error::new(ErrorKind::Io, format!("cannot write `{}`", made.path.display()))
            .source(err)
            .help("correct the folder, or its permissions")
    };
    fs::create_dir_all(folder).map_err(unwritten)?;
    fs::write(&made.path, sealed(&made.snapshot, made.older.as_deref())).map_err(unwritten)
}

/// For a terminal: what comes is green, what goes is red, what changes is yellow.
fn colour(line: &str) -> u8 {
    let change = line.strip_prefix("caused by: ").unwrap_or_default();
    match change.split(' ').next().unwrap_or_default() {
        "add" | "create" => 32,
        "drop" | "remove" => 31,
        "alter" | "rename" | "replace" => 33,
        _ => 0,
    }
}
