//! The reviewed form of each released schema: one file a version, which a changed model must not change without a word.

use std::fmt::Write as _;
use std::fs;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::error::{Error, ErrorKind, Result};
use crate::migrator::Migrator;
use crate::model::{Model, ModelOptions};
use crate::plan::Plan;
use crate::revision::hex;
use crate::version::version_cmp;

/// With a value other than `0`, the file of the present version is written.
const UPDATE: &str = "UPDATE_SCHEMA";

/// Fails where the model is not what its snapshot in `folder` says, which is a file named by the model's version: `1.2.0.json`. `folder` is
/// relative to the package.
///
/// `UPDATE_SCHEMA=1 cargo test` accepts the model into the file of its version; the files of other versions are never written. Those belong
/// into version control, where a person reads what has changed.
///
/// # Panics
/// With the text of [`check_snapshot`], where it fails.
#[track_caller]
pub fn assert_snapshot(model: impl Into<Migrator>, folder: impl AsRef<Path>) {
    let update = std::env::var_os(UPDATE).is_some_and(|value| value != "0" && !value.is_empty());
    let migrator = model.into();
    let done = if update { accept_snapshot(&migrator, folder) } else { check_snapshot(&migrator, folder) };
    if let Err(error) = done {
        panic!("{}", coloured(&error.to_string(), std::io::stderr().is_terminal()));
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
    let found = read(&text, path)?;
    if found == made.snapshot {
        return Ok(());
    }
    let error = Error::new(ErrorKind::Model, format!("the model is not what `{}` has", path.display()));
    let plan = plan(migrator, &text, path)?;
    let error = if plan.is_empty() {
        // Renames, conversions and the like, which a start on this version has no use for.
        error.cause("its tables are the same; its attributes are not")
    } else {
        told(error, &plan)
    };
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
    let same = found.is_some_and(|text| read(&text, &made.path).is_ok_and(|found| found == made.snapshot));
    if same { Ok(()) } else { write(folder, &made) }
}

/// The model as a snapshot, and where that belongs.
struct Made {
    snapshot: Value,
    version: String,
    path: PathBuf,
    /// The newest version that has a file.
    newest: Option<PathBuf>,
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
        let newest = versions(folder)?.pop();
        if let Some(newer) = newest.as_ref().filter(|newest| version_cmp(newest, &version).is_gt()) {
            return Err(Error::new(
                ErrorKind::Model,
                format!(
                    "the model is of version {version}, and `{}` has a snapshot of {newer}",
                    folder.display()
                ),
            )
            .help("raise the version of the model above it; a released version is never changed"));
        }
        let newest = newest.map(|version| folder.join(format!("{version}.json")));
        Ok(Made { snapshot, path: folder.join(format!("{version}.json")), version, newest })
    }
}

/// The model as a snapshot: what the history of a new database has of it.
fn made(migrator: &Migrator) -> Result<Value> {
    let mut conn = Connection::open_in_memory()
        .map_err(|err| Error::new(ErrorKind::Sqlite, "cannot open a database in memory").source(err))?;
    if let Some(hook) = &migrator.options.hook {
        hook(&conn).map_err(|err| {
            Error::new(ErrorKind::Connection, "the hook of the migrator failed").source(err)
        })?;
    }
    let program = Migrator::of(migrator.source.clone());
    program.run_on(&mut conn)?;
    let sql = "SELECT snapshot FROM migration_history ORDER BY id DESC LIMIT 1";
    let text: String = conn
        .query_row(sql, [], |row| row.get(0))
        .map_err(|err| Error::new(ErrorKind::History, "cannot read the snapshot of the model").source(err))?;
    parsed(&text)
        .map_err(|err| Error::new(ErrorKind::History, "cannot read the snapshot of the model").source(err))
}

fn parsed(text: &str) -> serde_json::Result<Value> {
    serde_json::from_str(text)
}

/// The versions that have a file, in their order.
fn versions(folder: &Path) -> Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(err) if err.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(err) => return Err(unread(folder, err)),
    };
    let mut versions = Vec::new();
    for entry in entries {
        let path = entry.map_err(|err| unread(folder, err))?.path();
        if path.extension().is_some_and(|end| end == "json") {
            versions.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    versions.sort_by(|a, b| version_cmp(a, b));
    Ok(versions)
}

/// What a start of the program would do to a database of the snapshot.
fn plan(migrator: &Migrator, text: &str, path: &Path) -> Result<Plan> {
    let mut options = ModelOptions::new();
    options.hook.clone_from(&migrator.options.hook);
    let old = Model::from_snapshot(text, &path.display().to_string(), None, &options)?;
    migrator.diff(&old)
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
    let error = match &made.newest {
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
    let mut sealed = made.snapshot.clone();
    if let Some(fields) = sealed.as_object_mut() {
        fields.insert("checksum".to_owned(), Value::String(checksum(&made.snapshot)));
    }
    fs::create_dir_all(folder).map_err(unwritten)?;
    fs::write(&made.path, format!("{sealed:#}\n")).map_err(unwritten)
}

/// The snapshot in a file, without its seal.
fn read(text: &str, path: &Path) -> Result<Value> {
    let wrong = |what: &str| Error::new(ErrorKind::Model, format!("`{}` {what}", path.display()));
    let again = format!(
        "take the file as the main branch has it, and run `{UPDATE}=1 cargo test` where the model has changed"
    );
    if text.lines().any(|line| line.starts_with("<<<<<<<") || line.starts_with(">>>>>>>")) {
        return Err(wrong("has the marks of a merge")
            .cause("two branches have both changed this version")
            .help(format!("{again}: both changes are in the model, which is merged")));
    }
    let mut found = parsed(text).map_err(|err| wrong("is no snapshot").source(err).help(again.clone()))?;
    let format = found.get("format").and_then(Value::as_u64);
    if format.is_none_or(|format| format > u64::from(crate::snapshot::SNAPSHOT_FORMAT)) {
        return Err(wrong("is of another format than this version of the library knows")
            .help("update the library, or write the file anew with it"));
    }
    let seal = found.as_object_mut().and_then(|fields| fields.remove("checksum"));
    if seal.as_ref().and_then(Value::as_str) != Some(checksum(&found).as_str()) {
        return Err(wrong("is not as it was written")
            .cause("it was edited by hand, or a merge has joined what two branches made of this version")
            .help(again));
    }
    Ok(found)
}

/// SHA-256 of the snapshot without blanks, 64 hexadecimal digits.
fn checksum(snapshot: &Value) -> String {
    hex(&Sha256::digest(snapshot.to_string().as_bytes()))
}

fn unread(path: &Path, err: std::io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("cannot read `{}`", path.display()))
        .source(err)
        .help("correct the path, or its permissions")
}

/// For a terminal: what comes is green, what goes is red, what changes is yellow.
fn coloured(text: &str, terminal: bool) -> String {
    if !terminal || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) {
        return text.to_owned();
    }
    let colour = |line: &str| {
        let change = line.strip_prefix("caused by: ").unwrap_or_default();
        match change.split(' ').next().unwrap_or_default() {
            "add" | "create" => 32,
            "drop" | "remove" => 31,
            "alter" | "rename" | "replace" => 33,
            _ => 0,
        }
    };
    let lines = text.lines().map(|line| match colour(line) {
        0 => line.to_owned(),
        code => format!("\u{1b}[{code}m{line}\u{1b}[0m"),
    });
    lines.collect::<Vec<_>>().join("\n")
}
