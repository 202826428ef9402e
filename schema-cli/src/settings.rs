//! What holds for one call of the command: flags beat the environment, the environment beats `schema.toml`.
//!
//! Each source becomes one [`Layer`], the layers are put on top of each other, and [`Settings`] is what is left. A path on the
//! command line is relative to the working folder, one of the environment to `SCHEMA_BASE_DIR`, one of the file to `base_dir` or else
//! to the folder of the file.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ValueEnum;
use toml::{Table, Value};

use crate::args::{self, Backup, BackupWhen, Drift, Limit, Policies, Removed};
use crate::exit::{Failure, Result};

/// The settings file that is read where none is named.
pub(crate) const FILE: &str = "schema.toml";

/// Every key of the settings file, sorted.
const KEYS: &[&str] = &[
    "adopt_any",
    "allow",
    "allow_revert",
    "backup",
    "backup_dir",
    "base_dir",
    "db",
    "drift",
    "history_table",
    "lock_wait",
    "model",
    "removed",
    "rename",
    "time_limit",
    "to",
];

/// What one source says; `None` where it says nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Layer {
    pub(crate) db: Option<PathBuf>,
    pub(crate) to: Option<PathBuf>,
    pub(crate) model: Option<String>,
    pub(crate) rename: Option<Vec<String>>,
    pub(crate) removed: Option<Removed>,
    pub(crate) drift: Option<Drift>,
    pub(crate) allow: Option<Vec<String>>,
    pub(crate) allow_revert: Option<bool>,
    pub(crate) adopt_any: Option<bool>,
    pub(crate) time_limit: Option<Limit>,
    pub(crate) lock_wait: Option<Duration>,
    pub(crate) backup: Option<BackupWhen>,
    pub(crate) backup_dir: Option<PathBuf>,
    pub(crate) history_table: Option<String>,
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
            history_table: self.history_table.or(below.history_table),
        }
    }

    pub(crate) fn with_policies(mut self, flags: &Policies) -> Layer {
        self.removed = flags.removed;
        self.drift = flags.drift;
        self.allow = Some(flags.allow.clone()).filter(|list| !list.is_empty());
        self.allow_revert = flags.allow_revert.then_some(true);
        self.adopt_any = flags.adopt_any.then_some(true);
        self.time_limit = if flags.no_time_limit { Some(Limit(None)) } else { flags.time_limit };
        self
    }

    pub(crate) fn with_backup(mut self, flags: &Backup) -> Layer {
        self.backup = if flags.no_backup { Some(BackupWhen::Never) } else { flags.backup };
        self.backup_dir.clone_from(&flags.backup_dir);
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
    /// `settings` if a variable or the file cannot be read as what it should be; nothing was opened then.
    pub(crate) fn read(flags: Layer, sources: &Sources<'_>) -> Result<Settings> {
        let variables = Variables { lookup: sources.lookup };
        let environment = sources.env.map(str::to_owned).or(variables.text("SCHEMA_ENV")?);
        let from_file = match sources.config {
            Some(path) => read_file(path, environment.as_deref())?,
            None if Path::new(FILE).is_file() => read_file(Path::new(FILE), environment.as_deref())?,
            None => Layer::default(),
        };
        Ok(Settings { layer: flags.over(variables.layer()?).over(from_file), environment })
    }
}

/// The environment variables, an empty one counting as unset.
struct Variables<'a> {
    lookup: &'a dyn Fn(&str) -> Option<OsString>,
}

impl Variables<'_> {
    fn raw(&self, name: &str) -> Option<OsString> {
        (self.lookup)(name).filter(|value| !value.is_empty())
    }

    fn text(&self, name: &str) -> Result<Option<String>> {
        let text = |value: OsString| {
            value
                .into_string()
                .map_err(|value| wrong_variable(name, &value.to_string_lossy(), "it is not UTF-8"))
        };
        self.raw(name).map(text).transpose()
    }

    fn read<T>(
        &self,
        name: &str,
        read: impl Fn(&str) -> std::result::Result<T, String>,
    ) -> Result<Option<T>> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        read(&text).map(Some).map_err(|expected| wrong_variable(name, &text, &expected))
    }

    fn layer(&self) -> Result<Layer> {
        let base = self.raw("SCHEMA_BASE_DIR").map(PathBuf::from).unwrap_or_default();
        let path = |name: &str| self.raw(name).map(|value| base.join(value));
        Ok(Layer {
            db: path("SCHEMA_DB"),
            backup_dir: path("SCHEMA_BACKUP_DIR"),
            backup: self.read("SCHEMA_BACKUP", backup_word)?,
            time_limit: self.read("SCHEMA_TIME_LIMIT_MS", args::limit)?,
            lock_wait: self.read("SCHEMA_LOCK_WAIT_MS", args::duration)?,
            allow_revert: self.read("SCHEMA_ALLOW_REVERT", truth)?,
            ..Layer::default()
        })
    }
}

fn wrong_variable(name: &str, value: &str, expected: &str) -> Failure {
    Failure::new("settings", format!("cannot use the environment variable `{name}`"))
        .cause(format!("its value is `{}`: {expected}", value.escape_debug()))
        .state("no database was touched")
        .help("set it right, or unset it")
}

fn truth(text: &str) -> std::result::Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "on" | "yes" => Ok(true),
        "0" | "false" | "off" | "no" => Ok(false),
        _ => Err("expected `on` or `off`".to_owned()),
    }
}

fn backup_word(text: &str) -> std::result::Result<BackupWhen, String> {
    word(text).or_else(|error| match truth(text) {
        Ok(true) => Ok(BackupWhen::Always),
        Ok(false) => Ok(BackupWhen::Never),
        Err(_) => Err(error),
    })
}

/// One of the words that the flag of this type takes.
fn word<T: ValueEnum>(text: &str) -> std::result::Result<T, String> {
    T::from_str(text, true).map_err(|_| {
        let words = T::value_variants().iter().filter_map(ValueEnum::to_possible_value);
        let words: Vec<String> = words.map(|value| format!("`{}`", value.get_name())).collect();
        format!("expected one of {}", words.join(", "))
    })
}

fn read_file(path: &Path, environment: Option<&str>) -> Result<Layer> {
    let shown = path.display();
    let fault = |cause: String| {
        Failure::new("settings", format!("cannot read the settings in `{shown}`"))
            .cause(cause)
            .state("no database was touched")
    };
    let text = std::fs::read_to_string(path).map_err(|err| fault(err.to_string()))?;
    let mut top: Table = text.parse().map_err(|err: toml::de::Error| {
        fault(err.to_string().trim_end().to_owned()).help("correct the file")
    })?;
    let sections = match top.remove("env") {
        None => Table::new(),
        Some(Value::Table(sections)) => sections,
        Some(other) => {
            return Err(fault(format!("`env` is {}, expected sections `[env.NAME]`", kind(&other))));
        }
    };
    let mut layers = Vec::new();
    for (name, section) in &sections {
        let Value::Table(section) = section else {
            return Err(fault(format!("`env.{name}` is {}, expected a section", kind(section))));
        };
        // Sections that are not chosen are read as well: a mistake shows at once, not on the day it is needed.
        let reader = FileReader { table: section, place: format!("[env.{name}]"), folder: path.parent() };
        layers.push((name, reader.layer().map_err(&fault)?));
    }
    let top =
        FileReader { table: &top, place: String::new(), folder: path.parent() }.layer().map_err(&fault)?;
    let Some(environment) = environment.filter(|_| !sections.is_empty()) else { return Ok(top) };
    match layers.iter().position(|(name, _)| *name == environment) {
        Some(at) => Ok(layers.swap_remove(at).1.over(top)),
        None => {
            let names: Vec<String> = sections.keys().map(|name| format!("`{name}`")).collect();
            Err(fault(format!("it has no section `[env.{environment}]`, only {}", names.join(", ")))
                .help("name one of these with `--env` or `SCHEMA_ENV`, or add the section"))
        }
    }
}

/// A table of the file, of which each value is read as what it should be.
struct FileReader<'a> {
    table: &'a Table,
    /// `[env.NAME]`, or nothing at the top level.
    place: String,
    folder: Option<&'a Path>,
}

type Read<T> = std::result::Result<T, String>;

impl FileReader<'_> {
    fn layer(&self) -> Read<Layer> {
        if let Some(key) = self.table.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(format!("{} is no setting; {}", self.named(key), suggestion(key)));
        }
        let folder = self.folder.unwrap_or(Path::new(""));
        let base = self.text("base_dir")?.map_or_else(|| folder.to_path_buf(), |base| folder.join(base));
        let path = |key: &str| -> Read<Option<PathBuf>> { Ok(self.text(key)?.map(|text| base.join(text))) };
        Ok(Layer {
            db: path("db")?,
            to: path("to")?,
            backup_dir: path("backup_dir")?,
            model: self.text("model")?,
            history_table: self.text("history_table")?,
            rename: self.list("rename")?,
            allow: self.list("allow")?,
            removed: self.read("removed", word)?,
            drift: self.read("drift", word)?,
            backup: self.read("backup", word)?,
            allow_revert: self.truth("allow_revert")?,
            adopt_any: self.truth("adopt_any")?,
            time_limit: self.read("time_limit", args::limit)?,
            lock_wait: self.read("lock_wait", args::duration)?,
        })
    }

    fn named(&self, key: &str) -> String {
        if self.place.is_empty() { format!("`{key}`") } else { format!("`{key}` in `{}`", self.place) }
    }

    fn wrong(&self, key: &str, value: &Value, expected: &str) -> String {
        format!("{} is {}: {expected}", self.named(key), kind(value))
    }

    fn text(&self, key: &str) -> Read<Option<String>> {
        match self.table.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(other) => Err(self.wrong(key, other, "expected a text")),
        }
    }

    fn truth(&self, key: &str) -> Read<Option<bool>> {
        match self.table.get(key) {
            None => Ok(None),
            Some(Value::Boolean(truth)) => Ok(Some(*truth)),
            Some(other) => Err(self.wrong(key, other, "expected `true` or `false`")),
        }
    }

    fn list(&self, key: &str) -> Read<Option<Vec<String>>> {
        let Some(value) = self.table.get(key) else { return Ok(None) };
        let wrong = || self.wrong(key, value, "expected a list of texts");
        let items = value.as_array().ok_or_else(wrong)?;
        let texts = items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong));
        texts.collect::<Read<Vec<String>>>().map(Some)
    }

    /// A text, or a number where the reader takes one.
    fn read<T>(&self, key: &str, read: impl Fn(&str) -> Read<T>) -> Read<Option<T>> {
        let Some(value) = self.table.get(key) else { return Ok(None) };
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Integer(number) => number.to_string(),
            _ => String::new(),
        };
        read(&text).map(Some).map_err(|expected| self.wrong(key, value, &expected))
    }
}

/// A value in words, for messages.
fn kind(value: &Value) -> String {
    match value {
        Value::String(text) => format!("`{}`", text.escape_debug()),
        Value::Integer(number) => format!("`{number}`"),
        Value::Float(number) => format!("`{number}`"),
        Value::Boolean(truth) => format!("`{truth}`"),
        Value::Datetime(date) => format!("`{date}`"),
        Value::Array(_) => "a list".to_owned(),
        Value::Table(_) => "a section".to_owned(),
    }
}

fn suggestion(key: &str) -> String {
    let nearest = KEYS.iter().map(|known| (distance(key, known), known)).min();
    match nearest {
        Some((distance, known)) if distance <= 2 + key.len() / 4 => format!("did you mean `{known}`?"),
        _ => format!(
            "the settings are {}",
            KEYS.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
        ),
    }
}

/// How many characters have to be put in, taken out or replaced to make one word of the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (cb, above) in b.iter().zip(row.iter().skip(1)) {
            let cost = (diagonal + usize::from(ca != *cb)).min(above + 1).min(left + 1);
            diagonal = *above;
            left = cost;
            next.push(cost);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str, environment: Option<&str>) -> Result<Layer> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("schema.toml");
        std::fs::write(&path, text).expect("a file");
        let layer = read_file(&path, environment);
        // Paths and messages without the folder of this run.
        let strip = |path: PathBuf| path.strip_prefix(folder.path()).map(Path::to_path_buf).unwrap_or(path);
        layer
            .map(|mut layer| {
                layer.db = layer.db.map(strip);
                layer
            })
            .map_err(|failure| {
                let shown = failure.what.replace(&format!("{}/", folder.path().display()), "");
                failure
                    .causes
                    .iter()
                    .fold(Failure::new(&failure.kind, shown), |failure, cause| failure.cause(cause))
            })
    }

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
            removed: Some(Removed::Refuse),
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
    fn paths_of_the_file_are_beside_it_or_under_its_base_folder() {
        assert_eq!(file("db = 'app.db'", None).expect("a layer").db, Some(PathBuf::from("app.db")));
        let layer = file("db = 'app.db'\nbase_dir = '/srv'", None).expect("a layer");
        assert_eq!(layer.db, Some(PathBuf::from("/srv/app.db")));
    }

    #[test]
    fn every_wrong_file_is_told_what_is_wrong() {
        let cases: &[(&str, Option<&str>, &str)] = &[
            ("removd = 'drop'", None, "`removd` is no setting; did you mean `removed`?"),
            (
                "[env.ci]\nwhatever_else = 1",
                None,
                "`whatever_else` in `[env.ci]` is no setting; the settings are `adopt_any`, `allow`, \
                 `allow_revert`, `backup`, `backup_dir`, `base_dir`, `db`, `drift`, `history_table`, `lock_wait`, \
                 `model`, `removed`, `rename`, `time_limit`, `to`",
            ),
            ("removed = 'dropp'", None, "`removed` is `dropp`: expected one of `retain`, `drop`, `refuse`"),
            ("allow = 'L103'", None, "`allow` is `L103`: expected a list of texts"),
            ("allow = ['L103', 7]", None, "`allow` is a list: expected a list of texts"),
            ("adopt_any = 'yes'", None, "`adopt_any` is `yes`: expected `true` or `false`"),
            ("db = 7", None, "`db` is `7`: expected a text"),
            (
                "time_limit = 'soon'",
                None,
                "`time_limit` is `soon`: expected a time such as `500ms`, `15s`, `2m`, `1h`, or a number of \
                 milliseconds, or `none`",
            ),
            ("env = 1", None, "`env` is `1`, expected sections `[env.NAME]`"),
            ("env.a = 1", None, "`env.a` is `1`, expected a section"),
            ("[env.ci]\n[env.prod]", Some("stage"), "it has no section `[env.stage]`, only `ci`, `prod`"),
        ];
        for (text, environment, cause) in cases {
            let failure = file(text, *environment).expect_err(text);
            assert_eq!(failure.what, "cannot read the settings in `schema.toml`", "{text}");
            assert_eq!(failure.causes, [cause.to_string()], "{text}");
        }
        let failure = file("db = 'a", None).expect_err("no TOML");
        assert!(failure.causes[0].starts_with("TOML parse error at line 1, column 8"), "{failure}");
    }

    #[test]
    fn every_wrong_variable_is_told_what_is_expected() {
        let cases = [
            ("SCHEMA_BACKUP", "often", "its value is `often`: expected one of `always`, `rewrites`, `never`"),
            ("SCHEMA_ALLOW_REVERT", "perhaps", "its value is `perhaps`: expected `on` or `off`"),
            (
                "SCHEMA_LOCK_WAIT_MS",
                "-1",
                "its value is `-1`: expected a time such as `500ms`, `15s`, `2m`, `1h`, or a number of milliseconds",
            ),
        ];
        for (name, value, cause) in cases {
            let failure = read(Layer::default(), &[(name, value)], "", None).expect_err(name);
            assert_eq!(failure.what, format!("cannot use the environment variable `{name}`"));
            assert_eq!(failure.causes, [cause.to_owned()]);
        }
    }

    #[test]
    fn the_nearest_key_needs_the_fewest_changes() {
        assert_eq!(distance("removd", "removed"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
