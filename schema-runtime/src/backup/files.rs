//! The files of a backup while it is made: temporary names, final names, mode and owner, and the note.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

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

pub(super) fn hash(mut file: File) -> io::Result<(String, u64)> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    let mut bytes = 0;
    loop {
        let read = match file.read(&mut buffer) {
            Ok(0) => return Ok((hex(&hash.finalize()), bytes)),
            Ok(read) => read,
            Err(err) if err.kind() == io::ErrorKind::Interrupted => continue,
            Err(err) => return Err(err),
        };
        hash.update(buffer.get(..read).unwrap_or_default());
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
    let temporary = with_suffix(&path, ".part");
    let mut write = || -> io::Result<()> {
        let mut text = serde_json::to_vec_pretty(info).map_err(io::Error::other)?;
        text.push(b'\n');
        let mut file = create_file(&temporary)?;
        partial.files.push(temporary.clone());
        file.write_all(&text)?;
        file.sync_all()?;
        drop(file);
        give_mode_and_owner(&temporary, &info.path);
        fs::rename(&temporary, &path)?;
        partial.files.push(path.clone());
        Ok(())
    };
    write().map_err(|err| io_error(err, format!("cannot write `{}`", path.display())))
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
        let mut name = self.database.file_stem().unwrap_or(self.database.as_os_str()).to_owned();
        name.push(format!("_{day}_{time}_{millis:03}.db"));
        self.folder.join(name)
    }
}

/// So many names there are within one second.
const COLLISIONS: u32 = 999;

impl Partial {
    /// A new empty file under a temporary name.
    pub(super) fn create(&mut self, folder: &Path, database: &Path) -> Result<PathBuf> {
        let stem = database.file_stem().unwrap_or(database.as_os_str());
        let mut at = 0;
        loop {
            let mut name = std::ffi::OsString::from(".");
            name.push(stem);
            name.push(format!("_{}_{at}.part", std::process::id()));
            let path = folder.join(name);
            match create_file(&path) {
                Ok(_) => {
                    self.files.push(path.clone());
                    return Ok(path);
                }
                Err(err) if err.kind() == io::ErrorKind::AlreadyExists && at < COLLISIONS => at += 1,
                Err(err) => {
                    return Err(io_error(err, format!("cannot write to the folder `{}`", folder.display())));
                }
            }
        }
    }

    /// Renames `temporary` to the first name that is free, which an empty file holds until then.
    pub(super) fn publish(&mut self, temporary: &Path, name: &Name<'_>) -> Result<PathBuf> {
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
            // What SQLite may have made beside a copy that was cut off.
            for suffix in ["-journal", "-wal", "-shm"] {
                let _ = fs::remove_file(with_suffix(path, suffix));
            }
        }
    }
}
