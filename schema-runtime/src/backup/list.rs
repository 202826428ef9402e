//! Which backups there are, whose they are, and what else lies in their folder.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{BackupInfo, clock, io_error, lossy};
use crate::Result;

/// What lies in the backup folder of one database.
///
/// A backup is this database's if its note names it as the `source`, by the path with all links resolved, or if both were moved
/// together: the database has the same name, and the backup lies at the same place relative to it. Where the source
/// is gone and only the name of the file is the same, the backup is listed, since it may be the one that is looked for; but it is
/// never deleted, since it may be another database's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BackupFolder {
    /// The folder.
    #[serde(serialize_with = "lossy")]
    pub folder: PathBuf,
    /// The backups of this database, oldest first.
    pub backups: Vec<BackupInfo>,
    /// What is left over, or is no whole backup, under names of this database; sorted by path.
    pub stray: Vec<Stray>,
    /// The backups of other databases, oldest first.
    pub others: Vec<BackupInfo>,
}

/// A file that is no whole backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Stray {
    /// The file.
    #[serde(serialize_with = "lossy")]
    pub path: PathBuf,
    /// What it is.
    pub kind: StrayKind,
    /// Its size.
    pub bytes: u64,
    /// When it was last written: RFC 3339, UTC, with milliseconds; `None` where the system does not tell.
    pub modified_at: Option<String>,
}

/// What a stray file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StrayKind {
    /// A note that cannot be read.
    UnreadableNote,
    /// A note whose backup is gone.
    NoteWithoutFile,
    /// A backup whose note is gone, or was not written yet.
    FileWithoutNote,
    /// A backup that is being made at this moment, or what a killed process left of one.
    Unfinished,
}

/// Whose a backup is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Belongs {
    /// This database's.
    Surely,
    /// The name is the same, and the database that the note names is gone.
    Perhaps,
    /// Another database's.
    No,
}

/// A whole backup, and whose it is.
pub(crate) struct Listed {
    pub(super) info: BackupInfo,
    pub(super) belongs: Belongs,
}

/// What was read of a folder, before it is sorted by database.
#[derive(Default)]
struct Scan {
    /// The backup, and where its note says that it was written.
    whole: Vec<(BackupInfo, PathBuf)>,
    /// A note whose file is gone, with what it says.
    alone: Vec<(Stray, BackupInfo, PathBuf)>,
    stray: Vec<Stray>,
}

/// A note is a few hundred bytes; whatever is longer than this is none.
const NOTE: u64 = 1 << 20;

/// The backups in `folder`, oldest first, by their notes. Notes that cannot be read, or whose file is gone, are left out; a missing folder
/// holds none.
///
/// # Errors
/// `Backup`, if the folder cannot be read.
pub(crate) fn list(folder: &Path) -> Result<Vec<BackupInfo>> {
    Ok(scan(folder)?.whole.into_iter().map(|(info, _)| info).collect())
}

/// What lies in `folder`, seen from the database of this resolved path. A missing folder holds nothing.
///
/// # Errors
/// `Backup`, if the folder cannot be read.
pub(crate) fn folder_of(folder: &Path, database: &Path) -> Result<BackupFolder> {
    let (listed, stray) = listed(folder, database)?;
    let mut found =
        BackupFolder { folder: folder.to_owned(), backups: Vec::new(), stray, others: Vec::new() };
    for Listed { info, belongs } in listed {
        if belongs == Belongs::No { found.others.push(info) } else { found.backups.push(info) }
    }
    Ok(found)
}

/// All whole backups of `folder`, oldest first, and the stray files of `database`.
///
/// # Errors
/// `Backup`, if the folder cannot be read.
pub(crate) fn listed(folder: &Path, database: &Path) -> Result<(Vec<Listed>, Vec<Stray>)> {
    let scan = scan(folder)?;
    let whole = scan.whole.into_iter().map(|(info, noted)| {
        let belongs = belongs(&info, &noted, database);
        Listed { info, belongs }
    });
    let listed = whole.collect();
    let stem = stem_of(database).as_encoded_bytes();
    let mut stray: Vec<Stray> = scan.stray.into_iter().filter(|stray| has_stem(&stray.path, stem)).collect();
    for (alone, info, noted) in scan.alone {
        if belongs(&info, &noted, database) != Belongs::No {
            stray.push(alone);
        }
    }
    stray.sort_by(|a, b| a.path.cmp(&b.path));
    Ok((listed, stray))
}

fn scan(folder: &Path) -> Result<Scan> {
    let cannot = |err| io_error(err, format!("cannot list the backups in `{}`", folder.display()));
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(Scan::default()),
        Err(err) => return Err(cannot(err)),
    };
    let mut names: BTreeMap<OsString, PathBuf> = BTreeMap::new();
    for entry in entries {
        let entry = entry.map_err(cannot)?;
        names.insert(entry.file_name(), entry.path());
    }
    let mut scan = Scan::default();
    for (name, path) in &names {
        let bytes = name.as_encoded_bytes();
        if part_stem(bytes).is_some() {
            scan.stray.extend(stray(path, StrayKind::Unfinished));
        } else if bytes.ends_with(b".json") {
            scan.note(path);
        } else if stamped(bytes, b".db").is_some() {
            let note = Path::new(name).with_extension("json");
            if !names.contains_key(note.as_os_str()) {
                scan.stray.extend(stray(path, StrayKind::FileWithoutNote));
            }
        }
    }
    scan.whole.sort_by(|(a, _), (b, _)| (&a.created_at, &a.path).cmp(&(&b.created_at, &b.path)));
    Ok(scan)
}

impl Scan {
    fn note(&mut self, note: &Path) {
        let Some(mut info) = read_note(note) else {
            let name = note.file_name().unwrap_or_default().as_encoded_bytes();
            // A JSON file of another name is nobody's business here.
            if stamped(name, b".json").is_some() {
                self.stray.extend(stray(note, StrayKind::UnreadableNote));
            }
            return;
        };
        // The folder may have been moved since.
        let noted = std::mem::replace(&mut info.path, note.with_extension("db"));
        if info.path.is_file() {
            self.whole.push((info, noted));
        } else if let Some(stray) = stray(note, StrayKind::NoteWithoutFile) {
            self.alone.push((stray, info, noted));
        }
    }
}

/// What a note says; `None` if it is none.
fn read_note(path: &Path) -> Option<BackupInfo> {
    if !path.is_file() {
        return None;
    }
    let mut text = Vec::new();
    File::open(path).ok()?.take(NOTE).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

/// `None` for what has gone meanwhile.
fn stray(path: &Path, kind: StrayKind) -> Option<Stray> {
    let found = fs::symlink_metadata(path).ok()?;
    let modified_at = found.modified().ok().and_then(clock::millis).map(clock::text);
    Some(Stray { path: path.to_owned(), kind, bytes: found.len(), modified_at })
}

fn belongs(info: &BackupInfo, noted: &Path, database: &Path) -> Belongs {
    let same = |a: &Path, b: &Path| a.to_string_lossy() == b.to_string_lossy();
    let resolved = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if same(&info.source, database) || same(&resolved(&info.source), &resolved(database)) {
        return Belongs::Surely;
    }
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    if name(&info.source) != name(database) {
        return Belongs::No;
    }
    let then = relative(noted, &info.source);
    if then.is_some() && then == relative(&info.path, database) {
        return Belongs::Surely;
    }
    match fs::symlink_metadata(&info.source) {
        Err(err) if err.kind() == io::ErrorKind::NotFound => Belongs::Perhaps,
        _ => Belongs::No,
    }
}

/// Where a backup lies below the folder of its database.
fn relative(backup: &Path, database: &Path) -> Option<String> {
    let below = backup.strip_prefix(database.parent()?).ok()?;
    Some(below.to_string_lossy().into_owned())
}

/// What the names of a database's backups begin with.
pub(super) fn stem_of(database: &Path) -> &OsStr {
    database.file_stem().unwrap_or(database.as_os_str())
}

fn has_stem(path: &Path, stem: &[u8]) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    let found = part_stem(name)
        .or_else(|| stamped(name, b".db").map(|(stem, _)| stem))
        .or_else(|| stamped(name, b".json").map(|(stem, _)| stem));
    found == Some(stem)
}

/// The stem and the fourteen digits of day and time of a name such as `app_20260101_093000_250.db`.
pub(super) fn stamped<'a>(name: &'a [u8], extension: &[u8]) -> Option<(&'a [u8], String)> {
    let name = name.strip_suffix(extension)?;
    let (stem, stamp) = name.split_at_checked(name.len().checked_sub(20)?)?;
    let shape: Vec<u8> = stamp.iter().map(|byte| if byte.is_ascii_digit() { b'0' } else { *byte }).collect();
    if shape != b"_00000000_000000_000" {
        return None;
    }
    let digits = stamp.iter().filter(|byte| byte.is_ascii_digit()).take(14).map(|byte| char::from(*byte));
    Some((stem, digits.collect()))
}

/// The stem of a temporary name such as `.app_4711_0.part`, or of what SQLite may have left beside it.
fn part_stem(name: &[u8]) -> Option<&[u8]> {
    let name = [&b"-journal"[..], b"-wal", b"-shm"]
        .iter()
        .find_map(|suffix| name.strip_suffix(*suffix))
        .unwrap_or(name);
    let name = name.strip_prefix(b".")?.strip_suffix(b".part")?;
    without_number(without_number(name)?)
}

/// `app_17` without its `_17`.
fn without_number(name: &[u8]) -> Option<&[u8]> {
    let digits = name.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let (rest, _) = name.split_at_checked(name.len().checked_sub(digits)?)?;
    if digits == 0 { None } else { rest.strip_suffix(b"_") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_stem_and_the_time() {
        let of = |name: &str| {
            stamped(name.as_bytes(), b".db")
                .map(|(stem, digits)| (String::from_utf8_lossy(stem).into_owned(), digits))
        };
        let found = |stem: &str, digits: &str| Some((stem.to_owned(), digits.to_owned()));
        assert_eq!(of("app_20260101_093000_250.db"), found("app", "20260101093000"));
        assert_eq!(of("_20260101_093000_250.db"), found("", "20260101093000"));
        assert_eq!(
            of("a_20250101_093000_250_20260101_093000_251.db"),
            found("a_20250101_093000_250", "20260101093000")
        );
        for other in
            ["app.db", "app_20260101_093000_25.db", "app_20260101_093000_250.json", "app-2026.db", ".db"]
        {
            assert_eq!(of(other), None, "{other}");
        }
    }

    #[test]
    fn temporary_names_tell_the_stem() {
        let of =
            |name: &str| part_stem(name.as_bytes()).map(|stem| String::from_utf8_lossy(stem).into_owned());
        assert_eq!(of(".app_4711_0.part").as_deref(), Some("app"));
        assert_eq!(of(".my_app_2_4711_0.part-journal").as_deref(), Some("my_app_2"));
        for other in ["app_4711_0.part", ".app_4711.part", ".app_x_0.part", ".app_4711_0.parts", ".part", ""]
        {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
