//! A folder for databases that a test makes.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::error::{Error, ErrorKind, Result};
use crate::folder::unread;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A folder of its own under the system's temporary one, which goes away with this.
pub(super) struct Place(PathBuf);

impl Place {
    /// # Errors
    /// `Io` where it cannot be made.
    pub(super) fn new() -> Result<Place> {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        // A process that had this number may have left one.
        let since = std::time::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos();
        let name = format!("schema-{}-{number}-{since}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let mut builder = fs::DirBuilder::new();
        // A fixture may hold what is nobody else's business.
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path).map_err(|err| {
            Error::new(ErrorKind::Io, format!("cannot make the folder `{}`", path.display()))
                .source(err)
                .help("free space there, or set `TMPDIR` to another folder")
        })?;
        Ok(Place(path))
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Copies the database `from`, which nobody has open, to a new one.
    pub(super) fn copy(&self, from: &Path, name: &str) -> Result<PathBuf> {
        let to = self.file(name);
        fs::copy(from, &to).map_err(|err| unread(from, err))?;
        Ok(to)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
