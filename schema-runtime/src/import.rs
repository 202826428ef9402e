//! Folders of other tools, copied into files that are named as ours.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use schema_sql::migration::script;

use crate::error::{Error, ErrorKind, Result};
use crate::migration::{Migrations, files_of, text_of};

/// What was copied, and what was not.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Imported {
    /// Each file there, and the one that it is here.
    pub files: Vec<(PathBuf, PathBuf)>,
    /// Ways back that have no statement.
    pub left_out: Vec<PathBuf>,
}

/// A file of another tool, and what it is called here.
struct Mapped {
    from: PathBuf,
    name: String,
    text: String,
}

impl Migrations {
    /// Copies the migrations of another tool in the folder `from` to `to`, which is made where it is not there, under names as
    /// [`from_folder`](Self::from_folder) reads them. `from` stays as it is.
    ///
    /// | there | here |
    /// | --- | --- |
    /// | refinery `V1__name.sql`, `U1__name.sql` | `001_name.sql` |
    /// | sqlx `20240101090000_name.sql`, `….up.sql`, `….down.sql` | `20240101090000_name.sql`, `….down.sql` |
    /// | diesel `2024-01-01-090000_name/up.sql`, `down.sql` | `20240101090000_name.sql`, `….down.sql` |
    /// | rusqlite_migration `01-name/up.sql`, `down.sql` | `001_name.sql`, `….down.sql` |
    ///
    /// Other files are passed over, but for SQL and Rust that could be a migration. Ways back without a statement are left out.
    ///
    /// # Errors
    /// `Migration` if a name has no place here, if two get the same number, if a text is none that a migration may have, or if `to` has a
    /// SQL file already; no file is made then.
    pub fn import(from: impl AsRef<Path>, to: impl AsRef<Path>) -> Result<Imported> {
        let (from, to) = (from.as_ref(), to.as_ref());
        let Folder { mapped, left_out, .. } = Folder::read(from)?;
        if to.exists() {
            if let Some((name, _)) = files_of(to)?.into_iter().find(|(name, _)| name.ends_with(".sql")) {
                return Err(refused(from, format!("`{}` has the file `{name}` already", to.display()))
                    .help("import into a folder that has no migrations"));
            }
        }
        fs::create_dir_all(to).map_err(|err| unwritten(to, err))?;
        let mut files: Vec<(PathBuf, PathBuf)> = Vec::new();
        for file in mapped {
            let path = to.join(&file.name);
            if let Err(error) = write(&path, &file.text) {
                // What this call has made goes with it.
                for (_, made) in &files {
                    let _ = fs::remove_file(made);
                }
                return Err(error);
            }
            files.push((file.from, path));
        }
        Ok(Imported { files, left_out: left_out.into_iter().map(|file| file.from).collect() })
    }

    /// The migrations of another tool in `folder`, or of ours, as [`import`](Self::import) would copy them; no file is made.
    ///
    /// # Errors
    /// As [`import`](Self::import) as far as reading goes.
    pub fn from_tool(folder: impl AsRef<Path>) -> Result<Migrations> {
        let folder = folder.as_ref();
        let read = Folder::read(folder).map_err(|error| {
            let what = format!("cannot read the migrations of `{}`", folder.display());
            error.context(what).restate("no database was touched")
        })?;
        Ok(read.migrations)
    }
}

/// A folder of another tool, read.
struct Folder {
    mapped: Vec<Mapped>,
    left_out: Vec<Mapped>,
    migrations: Migrations,
}

impl Folder {
    fn read(from: &Path) -> Result<Folder> {
        let mut mapped = Vec::new();
        for (name, path) in files_of(from)? {
            mapped.extend(map(&name, &path)?);
        }
        let is_empty = |file: &Mapped| file.name.ends_with(".down.sql") && has_no_statement(&file.text);
        let (left_out, mapped): (Vec<Mapped>, Vec<Mapped>) = mapped.into_iter().partition(is_empty);
        if mapped.is_empty() {
            return Err(refused(from, "it has no migration".to_owned()).help("correct the path"));
        }
        refuse_same_names(from, &mapped)?;
        let texts: Vec<(&str, String, String)> = mapped
            .iter()
            .map(|file| (file.name.as_str(), file.text.clone(), file.from.display().to_string()))
            .collect();
        let migrations = Migrations::of_files(&texts)?;
        Ok(Folder { mapped, left_out, migrations })
    }
}

/// One entry of the folder: a file, or a folder with `up.sql` and `down.sql`.
fn map(name: &str, path: &Path) -> Result<Vec<Mapped>> {
    let unknown = |why: &str| {
        refused(path, why.to_owned()).help(
            "name it as its tool does: `V1__name.sql`, `20240101090000_name.sql` or `2024-01-01-090000_name/up.sql`; take away what is no migration",
        )
    };
    let mapped = |stem: String, down: bool, from: PathBuf| -> Result<Mapped> {
        let text = text_of(&from)?;
        Ok(Mapped { name: format!("{stem}{}.sql", if down { ".down" } else { "" }), text, from })
    };
    if name.starts_with('.') {
        return Ok(Vec::new());
    }
    if path.is_dir() {
        let (up, down) = (path.join("up.sql"), path.join("down.sql"));
        if !up.is_file() {
            return Err(unknown("the folder has no `up.sql`"));
        }
        let stem =
            stem_of_folder(name).ok_or_else(|| unknown("the folder's name does not begin with a number"))?;
        let mut files = vec![mapped(stem.clone(), false, up)?];
        if down.is_file() {
            files.push(mapped(stem, true, down)?);
        }
        return Ok(files);
    }
    if let Some(stem) = name.strip_suffix(".rs") {
        return match stem_of_refinery(stem) {
            Some(_) => Err(unknown("it is in Rust: write it as a function, `Migration::code`")),
            None => Ok(Vec::new()),
        };
    }
    let Some(stem) = name.strip_suffix(".sql") else { return Ok(Vec::new()) };
    let (stem, down) = match (stem.strip_suffix(".up"), stem.strip_suffix(".down")) {
        (Some(stem), _) => (stem, false),
        (_, Some(stem)) => (stem, true),
        _ => (stem, false),
    };
    let ours = stem_of_refinery(stem)
        .or_else(|| stem.split_once('_').and_then(|(digits, rest)| ours(digits, rest)))
        .ok_or_else(|| unknown("its name does not begin with a number"))?;
    Ok(vec![mapped(ours, down, path.to_owned())?])
}

/// `V1__create_person` is `001_create_person`.
fn stem_of_refinery(stem: &str) -> Option<String> {
    let (digits, name) = stem.strip_prefix(['V', 'U', 'v', 'u'])?.split_once("__")?;
    ours(digits, name)
}

/// `2024-01-01-090000_name` is `20240101090000_name`, and `01-name` is `001_name`.
fn stem_of_folder(name: &str) -> Option<String> {
    let dated = name.split_once('_').and_then(|(digits, rest)| ours(&digits.replace('-', ""), rest));
    dated.or_else(|| name.split_once('-').and_then(|(digits, rest)| ours(digits, rest)))
}

fn ours(digits: &str, name: &str) -> Option<String> {
    let number: u64 =
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()?;
    let name: String =
        name.chars().map(|c| if c.is_alphanumeric() || matches!(c, '_' | '-') { c } else { '_' }).collect();
    let name = name.trim_matches('_');
    (!name.is_empty()).then(|| format!("{number:03}_{name}"))
}

fn has_no_statement(text: &str) -> bool {
    script(text).is_err_and(|error| error.what == "it has no statement")
}

/// Before the names of ours are looked at, which nobody has given: two files that become one.
fn refuse_same_names(from: &Path, mapped: &[Mapped]) -> Result<()> {
    let mut by_number: BTreeMap<(&str, bool), &Mapped> = BTreeMap::new();
    for file in mapped {
        let digits = file.name.split('_').next().unwrap_or_default();
        if let Some(other) = by_number.insert((digits, file.name.ends_with(".down.sql")), file) {
            return Err(refused(
                from,
                format!("`{}` and `{}` have the same number", other.from.display(), file.from.display()),
            )
            .help("give one of them another number; where both are applied, only that tool can"));
        }
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<()> {
    let made = OpenOptions::new().write(true).create_new(true).open(path);
    made.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|err| unwritten(path, err))
}

fn refused(path: &Path, cause: String) -> Error {
    Error::new(ErrorKind::Migration, format!("cannot import `{}`", path.display()))
        .cause(cause)
        .state("no file was made")
}

fn unwritten(path: &Path, err: std::io::Error) -> Error {
    Error::new(ErrorKind::Migration, format!("cannot write `{}`", path.display()))
        .source(err)
        .state("no file was made")
        .help("correct the path, or the permissions")
}
