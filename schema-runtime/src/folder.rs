//! The files of a folder by the end of their names.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind, Result};

/// The files of this kind, in no order; none where there is no such folder.
///
/// # Errors
/// `Io` where the folder cannot be read.
pub(crate) fn files(folder: &Path, end: &str) -> Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(err) if err.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(err) => return Err(unread(folder, err)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(|err| unread(folder, err))?.path();
        if path.extension().is_some_and(|found| found == end) {
            files.push(path);
        }
    }
    Ok(files)
}

/// The error of a file or folder that cannot be read.
pub(crate) fn unread(path: &Path, err: std::io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("cannot read `{}`", path.display()))
        .source(err)
        .help("correct the path, or its permissions")
}
