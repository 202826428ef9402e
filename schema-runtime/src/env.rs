//! What the environment of the process may say of a run, and what such settings mean.
//!
//! Reading is a function of a lookup, so that a file of settings or a test can stand in for the process. Nothing here is read
//! but by [`Environment::read`] and [`Migrator::from_env`].

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::backup::BackupPolicy;
use crate::descriptor::Schema;
use crate::error::{Error, ErrorKind, Result};
use crate::migrator::Migrator;

/// What variables of the environment say. A variable that is not set, or is empty, says nothing.
///
/// | variable | value | setting |
/// | --- | --- | --- |
/// | `SCHEMA_DB` | a path | [`Migrator::database`] |
/// | `SCHEMA_BASE_DIR` | a path | [`Migrator::base_dir`] |
/// | `SCHEMA_AUTO_MIGRATE` | a switch | [`Migrator::auto_migrate`] |
/// | `SCHEMA_BACKUP` | `always`, `rewrites`, `never`, or a switch: on is always, off is never | [`Migrator::backup`] |
/// | `SCHEMA_BACKUP_DIR` | a path | [`Migrator::backup_dir`] |
/// | `SCHEMA_TIME_LIMIT_MS` | milliseconds; `0` or `none` for no limit | [`Migrator::time_limit`] |
/// | `SCHEMA_LOCK_WAIT_MS` | milliseconds; `0` for not at all | [`Migrator::lock_wait`] |
/// | `SCHEMA_ENV` | a name, such as `production` | [`Migrator::environment`] |
/// | `SCHEMA_ALLOW_REVERT` | a switch | [`Migrator::allow_revert`] |
///
/// A switch is `on`, `true`, `yes` or `1`, or `off`, `false`, `no` or `0`. Capitals and white space around a value do not count,
/// but in paths and names they do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Environment {
    /// `SCHEMA_DB`.
    pub database: Option<PathBuf>,
    /// `SCHEMA_BASE_DIR`.
    pub base_dir: Option<PathBuf>,
    /// `SCHEMA_AUTO_MIGRATE`.
    pub auto_migrate: Option<bool>,
    /// `SCHEMA_BACKUP`.
    pub backup: Option<BackupPolicy>,
    /// `SCHEMA_BACKUP_DIR`.
    pub backup_dir: Option<PathBuf>,
    /// `SCHEMA_TIME_LIMIT_MS`; `Some(None)` says that there is no limit.
    pub time_limit: Option<Option<Duration>>,
    /// `SCHEMA_LOCK_WAIT_MS`.
    pub lock_wait: Option<Duration>,
    /// `SCHEMA_ENV`.
    pub name: Option<String>,
    /// `SCHEMA_ALLOW_REVERT`.
    pub allow_revert: Option<bool>,
}

const SWITCH: &str = "`on`, `true`, `yes`, `1`, `off`, `false`, `no` or `0`";

impl Environment {
    /// Reads the environment of this process.
    ///
    /// # Errors
    /// As [`from_lookup`](Self::from_lookup).
    pub fn read() -> Result<Environment> {
        Environment::from_lookup(|name| std::env::var_os(name))
    }

    /// Reads what `lookup` has under the names of the variables.
    ///
    /// # Errors
    /// `Environment`, with every variable that cannot be read, its value, and what was expected.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<OsString>) -> Result<Environment> {
        let mut reader = Reader { lookup: &lookup, faults: Vec::new() };
        let environment = Environment {
            database: reader.path("SCHEMA_DB"),
            base_dir: reader.path("SCHEMA_BASE_DIR"),
            auto_migrate: reader.read("SCHEMA_AUTO_MIGRATE", SWITCH, switch),
            backup: reader.read("SCHEMA_BACKUP", "`always`, `rewrites` or `never`", backup_policy),
            backup_dir: reader.path("SCHEMA_BACKUP_DIR"),
            time_limit: reader.read("SCHEMA_TIME_LIMIT_MS", "milliseconds, or `none`", time_limit),
            lock_wait: reader.read("SCHEMA_LOCK_WAIT_MS", "milliseconds", milliseconds),
            name: reader.text("SCHEMA_ENV"),
            allow_revert: reader.read("SCHEMA_ALLOW_REVERT", SWITCH, switch),
        };
        let what = match reader.faults.len() {
            0 => return Ok(environment),
            1 => "a variable of the environment cannot be read".to_owned(),
            faults => format!("{faults} variables of the environment cannot be read"),
        };
        let error = reader.faults.into_iter().fold(Error::new(ErrorKind::Environment, what), Error::cause);
        Err(error.state("nothing was changed").help("correct the value, or unset the variable"))
    }

    /// What this says, and where it says nothing what `other` says.
    pub fn or(self, other: Environment) -> Environment {
        Environment {
            database: self.database.or(other.database),
            base_dir: self.base_dir.or(other.base_dir),
            auto_migrate: self.auto_migrate.or(other.auto_migrate),
            backup: self.backup.or(other.backup),
            backup_dir: self.backup_dir.or(other.backup_dir),
            time_limit: self.time_limit.or(other.time_limit),
            lock_wait: self.lock_wait.or(other.lock_wait),
            name: self.name.or(other.name),
            allow_revert: self.allow_revert.or(other.allow_revert),
        }
    }

    /// The path of the database: that of `SCHEMA_DB`, else `default`; a relative one is under `SCHEMA_BASE_DIR`.
    pub fn database(&self, default: impl AsRef<Path>) -> PathBuf {
        self.resolve(self.database.as_deref().unwrap_or(default.as_ref()))
    }

    /// `path` under `SCHEMA_BASE_DIR`; where that is not set, or `path` is absolute, `path` itself.
    pub fn resolve(&self, path: impl AsRef<Path>) -> PathBuf {
        under(self.base_dir.as_deref().map(absolute).as_deref(), path.as_ref())
    }

    /// Gives `migrator` the settings that are here; the others stay.
    pub fn apply(&self, mut migrator: Migrator) -> Migrator {
        if let Some(folder) = &self.base_dir {
            migrator = migrator.base_dir(folder);
        }
        let options = &mut migrator.options;
        if self.database.is_some() {
            options.database.clone_from(&self.database);
        }
        if self.backup_dir.is_some() {
            options.backup_dir.clone_from(&self.backup_dir);
        }
        if self.name.is_some() {
            options.environment.clone_from(&self.name);
        }
        options.auto_migrate = self.auto_migrate.unwrap_or(options.auto_migrate);
        options.backup = self.backup.unwrap_or(options.backup);
        options.time_limit = self.time_limit.unwrap_or(options.time_limit);
        options.lock_wait = self.lock_wait.unwrap_or(options.lock_wait);
        options.allow_revert = self.allow_revert.unwrap_or(options.allow_revert);
        migrator
    }
}

impl Migrator {
    /// As [`new`](Self::new), with what the environment of this process says: see [`Environment`] for the variables. What is
    /// set on the migrator afterwards beats the environment.
    ///
    /// # Errors
    /// `Environment`, with every variable that cannot be read.
    pub fn from_env(schema: &'static Schema) -> Result<Migrator> {
        Ok(Environment::read()?.apply(Migrator::new(schema)))
    }

    /// Whether a run migrates; it does by default. Off, it only checks: it reads what a [`dry_run`](Self::dry_run) reads, writes nothing, creates
    /// no file, and fails with `Pending` where something is to be done.
    pub fn auto_migrate(mut self, migrate: bool) -> Self {
        self.options.auto_migrate = migrate;
        self
    }

    /// Where the program runs, such as `production`; recorded in the history.
    pub fn environment(mut self, name: impl Into<String>) -> Self {
        self.options.environment = Some(name.into());
        self
    }

    /// The folder under which relative paths lie: those of databases and that of [`backup_dir`](Self::backup_dir). By default it is the
    /// current folder of the process; a relative one lies there, too.
    pub fn base_dir(mut self, folder: impl AsRef<Path>) -> Self {
        self.options.base_dir = Some(absolute(folder.as_ref()));
        self
    }

    /// The path of the database that the environment names in `SCHEMA_DB`, else `default`; a relative one is under
    /// [`base_dir`](Self::base_dir). It is what [`run`](Self::run) wants.
    pub fn database(&self, default: impl AsRef<Path>) -> PathBuf {
        self.at(self.options.database.as_deref().unwrap_or(default.as_ref()))
    }

    /// A path as this migrator understands it.
    pub(crate) fn at(&self, path: &Path) -> PathBuf {
        under(self.options.base_dir.as_deref(), path)
    }
}

/// What names no file stays as it is, to be refused under that name.
fn under(base: Option<&Path>, path: &Path) -> PathBuf {
    let names_no_file = path.as_os_str().is_empty() || path.as_os_str() == ":memory:";
    match base {
        Some(base) if !names_no_file => base.join(path),
        _ => path.to_owned(),
    }
}

/// An absolute folder: a path that was put under it stays where it is when it is put under it once more.
fn absolute(folder: &Path) -> PathBuf {
    std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned())
}

/// Reads one variable after the other, and keeps what is wrong with them.
struct Reader<'a> {
    lookup: &'a dyn Fn(&str) -> Option<OsString>,
    faults: Vec<String>,
}

impl Reader<'_> {
    fn value(&self, name: &str) -> Option<OsString> {
        (self.lookup)(name).filter(|value| !value.is_empty())
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        self.value(name).map(PathBuf::from)
    }

    fn text(&mut self, name: &str) -> Option<String> {
        let value = self.value(name)?;
        value.into_string().map_err(|value| self.fault(name, &value, "a text in Unicode")).ok()
    }

    fn read<T>(&mut self, name: &str, expected: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        let value = self.value(name)?;
        let text = value.to_str().map(|text| text.trim().to_ascii_lowercase());
        if text.as_deref() == Some("") {
            return None;
        }
        let found = text.as_deref().and_then(read);
        if found.is_none() {
            self.fault(name, &value, expected);
        }
        found
    }

    fn fault(&mut self, name: &str, value: &OsStr, expected: &str) {
        let value = value.to_string_lossy();
        self.faults.push(format!("`{name}` is `{}`; expected {expected}", value.escape_debug()));
    }
}

fn switch(text: &str) -> Option<bool> {
    match text {
        "on" | "true" | "yes" | "1" => Some(true),
        "off" | "false" | "no" | "0" => Some(false),
        _ => None,
    }
}

fn backup_policy(text: &str) -> Option<BackupPolicy> {
    match text {
        "always" => Some(BackupPolicy::Always),
        "rewrites" => Some(BackupPolicy::Rewrites),
        "never" => Some(BackupPolicy::Never),
        _ => switch(text).map(|on| if on { BackupPolicy::Always } else { BackupPolicy::Never }),
    }
}

fn milliseconds(text: &str) -> Option<Duration> {
    text.parse().ok().map(Duration::from_millis)
}

fn time_limit(text: &str) -> Option<Option<Duration>> {
    match text {
        "none" => Some(None),
        _ => milliseconds(text).map(|limit| Some(limit).filter(|limit| !limit.is_zero())),
    }
}
