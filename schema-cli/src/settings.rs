//! What holds for one call of the command: flags beat the environment, the environment beats `schema.toml`.
//!
//! Each source becomes one [`Layer`], the layers are put on top of each other, and [`Settings`] is what is left. A path on the
//! command line is relative to the working folder, one of the environment to `SCHEMA_BASE_DIR`, one of the file to `base_dir` or else
//! to the folder of the file.

mod file;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use schema_runtime::{BackupPolicy, DriftPolicy, Environment, HazardCode, RemovalPolicy};

use self::file::read_file;
use crate::args::{Backup, Keep, Policies};
use crate::exit::{Failure, Result};
use crate::words::{Limit, Number};

/// The settings file that is read where none is named.
pub(crate) const FILE: &str = "schema.toml";

/// What one source says; `None` where it says nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Layer {
    pub(crate) db: Option<PathBuf>,
    pub(crate) to: Option<PathBuf>,
    pub(crate) model: Option<String>,
    pub(crate) rename: Option<Vec<String>>,
    pub(crate) removed: Option<RemovalPolicy>,
    pub(crate) drift: Option<DriftPolicy>,
    pub(crate) allow: Option<Vec<String>>,
    pub(crate) allow_revert: Option<bool>,
    pub(crate) adopt_any: Option<bool>,
    pub(crate) time_limit: Option<Limit>,
    pub(crate) lock_wait: Option<Duration>,
    pub(crate) backup: Option<BackupPolicy>,
    pub(crate) backup_dir: Option<PathBuf>,
    pub(crate) keep_age: Option<Limit>,
    pub(crate) keep_count: Option<Number>,
    pub(crate) keep_size: Option<Number>,
    pub(crate) history_table: Option<String>,
    pub(crate) migrations: Option<PathBuf>,
    pub(crate) out_of_order: Option<bool>,
}

impl Layer {
    /// This layer on top of `below`.
    fn over(self, below: Layer) -> Layer {
        Layer {
            db: self.db.or(below.db),
            to: self.to.or(below.to),
            model: self.model.or(below.model),
            rename: self.rename.or(below.rename),
            removed: self.removed.or(below.removed),
            drift: self.drift.or(below.drift),
            allow: self.allow.or(below.allow),
            allow_revert: self.allow_revert.or(below.allow_revert),
            adopt_any: self.adopt_any.or(below.adopt_any),
            time_limit: self.time_limit.or(below.time_limit),
            lock_wait: self.lock_wait.or(below.lock_wait),
            backup: self.backup.or(below.backup),
            backup_dir: self.backup_dir.or(below.backup_dir),
            keep_age: self.keep_age.or(below.keep_age),
            keep_count: self.keep_count.or(below.keep_count),
            keep_size: self.keep_size.or(below.keep_size),
            history_table: self.history_table.or(below.history_table),
            migrations: self.migrations.or(below.migrations),
            out_of_order: self.out_of_order.or(below.out_of_order),
        }
    }

    pub(crate) fn with_policies(mut self, flags: &Policies) -> Layer {
        self.removed = flags.removed.map(Into::into);
        self.drift = flags.drift.map(Into::into);
        self.allow = Some(flags.allow.clone()).filter(|list| !list.is_empty());
        self.allow_revert = flags.allow_revert.then_some(true);
        self.adopt_any = flags.adopt_any.then_some(true);
        self.time_limit = if flags.no_time_limit { Some(Limit(None)) } else { flags.time_limit };
        self
    }

    pub(crate) fn with_backup(mut self, flags: &Backup) -> Layer {
        self.backup = if flags.no_backup { Some(BackupPolicy::Never) } else { flags.backup.map(Into::into) };
        self.backup_dir.clone_from(&flags.backup_dir);
        self
    }

    pub(crate) fn with_keep(mut self, flags: &Keep) -> Layer {
        self.keep_age = flags.keep_age;
        self.keep_count = flags.keep_count;
        self.keep_size = flags.keep_size;
        self
    }
}

/// What holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Settings {
    pub(crate) layer: Layer,
    /// The name of the environment: `--env`, or `SCHEMA_ENV`.
    pub(crate) environment: Option<String>,
}

/// Where settings come from besides the flags.
pub(crate) struct Sources<'a> {
    /// `--config`.
    pub(crate) config: Option<&'a Path>,
    /// `--env`.
    pub(crate) env: Option<&'a str>,
    /// The value of an environment variable.
    pub(crate) lookup: &'a dyn Fn(&str) -> Option<OsString>,
}

impl Settings {
    /// # Errors
    /// `environment` or `settings` if a variable or the file cannot be read as what it should be; no database was opened then.
    pub(crate) fn read(flags: Layer, sources: &Sources<'_>) -> Result<Settings> {
        let variables = Environment::from_lookup(sources.lookup)?;
        let environment = sources.env.map(str::to_owned).or_else(|| variables.name.clone());
        let from_file = match sources.config {
            Some(path) => read_file(path, environment.as_deref())?,
            None if is_there(Path::new(FILE)) => read_file(Path::new(FILE), environment.as_deref())?,
            None => Layer::default(),
        };
        let layer = flags.over(self::variables(variables)).over(from_file);
        if layer.model.as_deref().is_some_and(|name| name.trim().is_empty()) {
            return Err(Failure::usage("the model's name is empty")
                .state("no database was touched")
                .help("give `--model` a name, or leave it out"));
        }
        let consents = layer.allow.iter().flatten();
        if let Some(text) = consents.into_iter().find(|text| !is_consent(text)) {
            return Err(Failure::usage(format!("`{}` names no hazard", text.escape_debug()))
                .state("no database was touched")
                .help("consent with a code such as `L103`, or `L103=table.column`"));
        }
        Ok(Settings { layer, environment })
    }
}

/// `L103`, or `L103=table.column`.
fn is_consent(text: &str) -> bool {
    let (code, object) = text.split_once('=').unwrap_or((text, "everything"));
    HazardCode::from_code(code.trim()).is_some() && !object.trim().is_empty()
}

/// Whether anything has this name: settings that cannot be read are no settings that are not there.
fn is_there(path: &Path) -> bool {
    !path.symlink_metadata().is_err_and(|err| err.kind() == std::io::ErrorKind::NotFound)
}

/// What the environment says. `SCHEMA_AUTO_MIGRATE` is for start-ups: who calls the command by hand means it.
fn variables(environment: Environment) -> Layer {
    let under = |path: &PathBuf| environment.resolve(path);
    Layer {
        db: environment.database.as_ref().map(under),
        backup_dir: environment.backup_dir.as_ref().map(under),
        backup: environment.backup,
        time_limit: environment.time_limit.map(Limit),
        lock_wait: environment.lock_wait,
        allow_revert: environment.allow_revert,
        ..Layer::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(flags: Layer, variables: &[(&str, &str)], text: &str, env: Option<&str>) -> Result<Settings> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("schema.toml");
        std::fs::write(&path, text).expect("a file");
        let lookup = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value))
        };
        Settings::read(flags, &Sources { config: Some(&path), env, lookup: &lookup })
    }

    #[test]
    fn flags_beat_the_environment_which_beats_the_section_which_beats_the_top_level() {
        let text = "lock_wait = 1\ntime_limit = '1s'\nremoved = 'drop'\nmodel = 'top'\n[env.ci]\nlock_wait = 2\ntime_limit = 2\nremoved = 'refuse'";
        let variables = [("SCHEMA_LOCK_WAIT_MS", "3"), ("SCHEMA_TIME_LIMIT_MS", "3"), ("SCHEMA_ENV", "ci")];
        let flags = Layer { lock_wait: Some(Duration::from_millis(4)), ..Layer::default() };
        let settings = read(flags, &variables, text, None).expect("settings");
        let expected = Layer {
            lock_wait: Some(Duration::from_millis(4)),
            time_limit: Some(Limit(Some(Duration::from_millis(3)))),
            removed: Some(RemovalPolicy::Refuse),
            model: Some("top".to_owned()),
            ..Layer::default()
        };
        assert_eq!((settings.layer, settings.environment.as_deref()), (expected, Some("ci")));
    }

    #[test]
    fn the_flag_env_beats_the_variable() {
        let text = "[env.a]\nmodel = 'a'\n[env.b]\nmodel = 'b'";
        let settings = read(Layer::default(), &[("SCHEMA_ENV", "a")], text, Some("b")).expect("settings");
        assert_eq!(settings.layer.model.as_deref(), Some("b"));
    }

    #[test]
    fn an_empty_variable_counts_as_unset() {
        let variables = [("SCHEMA_DB", ""), ("SCHEMA_BACKUP", ""), ("SCHEMA_ENV", "")];
        let settings = read(Layer::default(), &variables, "", None).expect("settings");
        assert_eq!(settings, Settings::default());
    }

    #[test]
    fn paths_of_the_environment_are_under_the_base_folder() {
        let variables =
            [("SCHEMA_BASE_DIR", "/srv"), ("SCHEMA_DB", "app.db"), ("SCHEMA_BACKUP_DIR", "/backups")];
        let settings = read(Layer::default(), &variables, "", None).expect("settings");
        assert_eq!(settings.layer.db, Some(PathBuf::from("/srv/app.db")));
        assert_eq!(settings.layer.backup_dir, Some(PathBuf::from("/backups")));
    }

    #[test]
    fn a_wrong_variable_is_told() {
        let failure = read(Layer::default(), &[("SCHEMA_BACKUP", "often")], "", None).expect_err("no policy");
        assert_eq!(failure.kind, "environment");
        assert!(failure.causes[0].contains("SCHEMA_BACKUP"), "{failure}");
    }
}
