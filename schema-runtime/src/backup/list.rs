//! Which backups there are, by the notes beside them.

use std::fs;
use std::io;
use std::path::Path;

use super::{BackupInfo, io_error};
use crate::Result;

/// The backups in `folder`, oldest first, by their notes. Notes that cannot be read, or whose file is gone, are left out; a missing folder
/// holds none.
///
/// # Errors
/// `Backup`, if the folder cannot be read.
pub(crate) fn list(folder: &Path) -> Result<Vec<BackupInfo>> {
    let cannot = |err| io_error(err, format!("cannot list the backups in `{}`", folder.display()));
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(err) => return Err(cannot(err)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let note = entry.map_err(cannot)?.path();
        if note.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let Ok(text) = fs::read(&note) else { continue };
        let Ok(mut info) = serde_json::from_slice::<BackupInfo>(&text) else { continue };
        // The folder may have been moved since.
        info.path = note.with_extension("db");
        if info.path.is_file() {
            found.push(info);
        }
    }
    found.sort_by(|a, b| (&a.created_at, &a.path).cmp(&(&b.created_at, &b.path)));
    Ok(found)
}
