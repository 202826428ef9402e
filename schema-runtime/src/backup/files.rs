//! The files of a backup while it is made: temporary names, final names, mode and owner, and the note.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::list::stem_of;
use super::{BackupInfo, io_error};
use crate::Result;
use crate::connection::with_suffix;
use crate::revision::hex;

#[cfg(unix)]
pub(super) fn give_owner(path: &Path, database: &Path) {
    use std::os::unix::fs::MetadataExt;
    if let Ok(of) = fs::metadata(database) {
        if std::os::unix::fs::chown(path, Some(of.uid()), Some(of.gid())).is_err() {
            let _ = std::os::unix::fs::chown(path, None, Some(of.gid()));
        }
    }
}

#[cfg(not(unix))]
pub(super) fn give_owner(_: &Path, _: &Path) {}

/// Owner first: a change of owner may clear bits of the mode. An owner that cannot be given keeps the mode from widening access
/// to a group that is not the database's.
pub(super) fn give_mode_and_owner(path: &Path, database: &Path) {
    give_owner(path, database);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let (Ok(of), Ok(is)) = (fs::metadata(database), fs::metadata(path)) else { return };
        let kept = if of.gid() == is.gid() { 0o666 } else { 0o606 };
        let _ = fs::set_permissions(path, fs::Permissions::from_mode(of.mode() & kept | 0o400));
    }
}

/// A new file that only this user can open.
pub(super) fn create_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Flushes a finished copy, and reads it once for hash and size. SQLite does not have it open.
pub(super) fn flush_and_hash(path: &Path) -> Result<(String, u64)> {
    let read = || -> io::Result<(String, u64)> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        file.sync_all()?;
        hash(file)
    };
    read().map_err(|err| io_error(err, format!("cannot read `{}` back", path.display())))
}

/// Hash and number of all bytes.
pub(super) fn hash(file: File) -> io::Result<(String, u64)> {
    copy_and_hash(file, io::sink())
}

/// Copies all bytes; their hash and number.
pub(super) fn copy_and_hash(mut from: File, mut to: impl Write) -> io::Result<(String, u64)> {
    let (mut hash, mut buffer, mut bytes) = (Sha256::new(), vec![0; 1 << 20], 0);
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => return Ok((hex(&hash.finalize()), bytes)),
            Ok(read) => read,
            Err(err) if err.kind() == io::ErrorKind::Interrupted => continue,
            Err(err) => return Err(err),
        };
        let part = buffer.get(..read).unwrap_or_default();
        hash.update(part);
        to.write_all(part)?;
        bytes += read as u64;
    }
}

/// Makes renames in the folder last. Only unix can flush a folder.
pub(super) fn flush_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Writes the note beside the backup, as the backup itself was written: a temporary name first.
pub(super) fn write_note(info: &BackupInfo, partial: &mut Partial) -> Result<()> {
    let path = info.path.with_extension("json");
    let mut write = || -> io::Result<()> {
        put_note(&serde_json::to_vec_pretty(info)?, info, partial)?;
        partial.files.push(path.clone());
        Ok(())
    };
    write().map_err(|err| io_error(err, format!("cannot write `{}`", path.display())))
}

/// Says in the note of `info` when it was proved, and changes nothing else of it. A note that is of another copy stays as it is.
pub(super) fn rewrite_note(info: &BackupInfo, verified_at: Option<&str>) -> io::Result<()> {
    let text = fs::read(info.path.with_extension("json"))?;
    let mut note: serde_json::Value = serde_json::from_slice(&text)?;
    let is_its = note.get("sha256").and_then(serde_json::Value::as_str) == Some(info.sha256.as_str());
    let Some(fields) = note.as_object_mut().filter(|_| is_its) else { return Ok(()) };
    fields.insert("verified_at".to_owned(), verified_at.into());
    let mut partial = Partial::default();
    put_note(&serde_json::to_vec_pretty(&note)?, info, &mut partial)?;
    partial.keep();
    Ok(())
}

/// Puts a note in place at once: a reader sees the old one or the new one.
fn put_note(text: &[u8], info: &BackupInfo, partial: &mut Partial) -> io::Result<()> {
    let folder = info.path.parent().unwrap_or(Path::new(""));
    let (mut file, temporary) = partial.create_file(folder, &info.source)?;
    file.write_all(text)?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    drop(file);
    give_mode_and_owner(&temporary, &info.path);
    fs::rename(&temporary, info.path.with_extension("json"))
}

/// The files that a backup has made so far; dropped without [`Partial::keep`] it removes them.
#[derive(Default)]
pub(super) struct Partial {
    files: Vec<PathBuf>,
}

/// The parts of a backup's name.
pub(super) struct Name<'a> {
    pub(super) folder: &'a Path,
    pub(super) database: &'a Path,
    pub(super) at: &'a str,
}

impl Name<'_> {
    /// The path of the backup, with milliseconds that are `later` by so many, within the same second.
    ///
    /// `app_20260101_093000_250.db`
    fn path(&self, later: u32) -> PathBuf {
        let digits: String = self.at.chars().filter(char::is_ascii_digit).collect();
        let (day, rest) = digits.split_at_checked(8).unwrap_or((&digits, ""));
        let (time, millis) = rest.split_at_checked(6).unwrap_or((rest, ""));
        let millis = millis.parse::<u32>().unwrap_or(0).saturating_add(later) % 1000;
        let mut name = stem_of(self.database).to_owned();
        name.push(format!("_{day}_{time}_{millis:03}.db"));
        self.folder.join(name)
    }
}

/// So many names there are within one second.
const COLLISIONS: u32 = 999;

impl Partial {
    /// A new empty file under a temporary name.
    pub(super) fn create(&mut self, folder: &Path, database: &Path) -> Result<PathBuf> {
        let made = self.create_file(folder, database).map(|(_, path)| path);
        made.map_err(|err| io_error(err, format!("cannot write to the folder `{}`", folder.display())))
    }

    /// `.app_4711_0.part`: the stem of the database, the process, and a number.
    fn create_file(&mut self, folder: &Path, database: &Path) -> io::Result<(File, PathBuf)> {
        let mut at = 0;
        loop {
            let mut name = std::ffi::OsString::from(".");
            // Of a path that a note gives the last name alone: the file stays in the folder.
            name.push(Path::new(stem_of(database)).file_name().unwrap_or_default());
            name.push(format!("_{}_{at}.part", std::process::id()));
            let path = folder.join(name);
            match create_file(&path) {
                Ok(file) => {
                    self.files.push(path.clone());
                    return Ok((file, path));
                }
                Err(err) if err.kind() == io::ErrorKind::AlreadyExists && at < COLLISIONS => at += 1,
                Err(err) => return Err(err),
            }
        }
    }

    /// Renames `temporary` to the first name that is free, which an empty file holds until then.
    pub(super) fn publish(&mut self, temporary: &Path, name: &Name<'_>) -> Result<PathBuf> {
        remove_beside(temporary);
        let mut later = 0;
        loop {
            let path = name.path(later);
            let note_is_free = !path.with_extension("json").exists();
            let made = if note_is_free {
                create_file(&path).map(drop)
            } else {
                Err(io::ErrorKind::AlreadyExists.into())
            };
            match made {
                Ok(()) => self.files.push(path.clone()),
                Err(err) if err.kind() == io::ErrorKind::AlreadyExists && later < COLLISIONS => {
                    later += 1;
                    continue;
                }
                Err(err) => return Err(io_error(err, format!("cannot write `{}`", path.display()))),
            }
            return match fs::rename(temporary, &path) {
                Ok(()) => Ok(path),
                Err(err) => Err(io_error(err, format!("cannot rename the copy to `{}`", path.display()))),
            };
        }
    }

    pub(super) fn keep(mut self) {
        self.files.clear();
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        for path in &self.files {
            let _ = fs::remove_file(path);
            remove_beside(path);
        }
    }
}

/// Removes what SQLite may have made beside a copy that was cut off, or could not delete: that it says nothing of.
fn remove_beside(path: &Path) {
    for suffix in ["-journal", "-wal", "-shm"] {
        let _ = fs::remove_file(with_suffix(path, suffix));
    }
}
