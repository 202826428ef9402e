//! `schema.toml`: the keys that it may have, and what is wrong with one that it has.

use std::path::Path;

use clap::ValueEnum;
use toml::{Table, Value};

use super::Layer;
use crate::exit::{Failure, Result};
use crate::words::{self, BackupWhen, Drift, Removed};

/// Every key, sorted.
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
    "keep_age",
    "keep_count",
    "keep_size",
    "lock_wait",
    "migrations",
    "model",
    "out_of_order",
    "removed",
    "rename",
    "time_limit",
    "to",
];

/// Reads the file: the section of `environment` over the top level.
///
/// # Errors
/// `settings`, naming what is wrong and where.
pub(super) fn read_file(path: &Path, environment: Option<&str>) -> Result<Layer> {
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

/// One of the words that the flag of this type takes.
fn word<T: ValueEnum>(text: &str) -> std::result::Result<T, String> {
    T::from_str(text, true).map_err(|_| {
        let words = T::value_variants().iter().filter_map(ValueEnum::to_possible_value);
        let words: Vec<String> = words.map(|value| format!("`{}`", value.get_name())).collect();
        format!("expected one of {}", words.join(", "))
    })
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
        let path = |key: &str| -> Read<Option<std::path::PathBuf>> {
            Ok(self.text(key)?.map(|text| base.join(text)))
        };
        Ok(Layer {
            db: path("db")?,
            to: path("to")?,
            backup_dir: path("backup_dir")?,
            migrations: path("migrations")?,
            out_of_order: self.truth("out_of_order")?,
            model: self.text("model")?,
            history_table: self.text("history_table")?,
            rename: self.list("rename")?,
            allow: self.list("allow")?,
            removed: self.read("removed", word::<Removed>)?.map(Into::into),
            drift: self.read("drift", word::<Drift>)?.map(Into::into),
            backup: self.read("backup", word::<BackupWhen>)?.map(Into::into),
            allow_revert: self.truth("allow_revert")?,
            adopt_any: self.truth("adopt_any")?,
            time_limit: self.read("time_limit", words::limit)?,
            lock_wait: self.read("lock_wait", words::duration)?,
            keep_age: self.read("keep_age", words::age)?,
            keep_count: self.read("keep_count", words::number)?,
            keep_size: self.read("keep_size", words::size)?,
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
    use std::path::PathBuf;

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
                 `allow_revert`, `backup`, `backup_dir`, `base_dir`, `db`, `drift`, `history_table`, `keep_age`, `keep_count`, \
                 `keep_size`, `lock_wait`, `migrations`, `model`, `out_of_order`, `removed`, `rename`, `time_limit`, `to`",
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
    fn the_nearest_key_needs_the_fewest_changes() {
        assert_eq!(distance("removd", "removed"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
