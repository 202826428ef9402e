//! The file of a released schema: the snapshot that the history of a new database has, what the model says beside it, the numbered migrations
//! of the release, and a seal on all of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::error::{Error, ErrorKind, Result};
use crate::folder::{files, unread};
use crate::migration::Migrations;
use crate::model::{Model, TableHints};
use crate::revision::hex;
use crate::snapshot::SNAPSHOT_FORMAT;
use crate::version::version_cmp;

/// With a value other than `0`, the file of the present version is written.
pub(super) const UPDATE: &str = "UPDATE_SCHEMA";

/// Whether the environment asks for that.
pub(super) fn is_updating() -> bool {
    std::env::var_os(UPDATE).is_some_and(|value| value != "0" && !value.is_empty())
}

/// What a model says that a catalog cannot; nothing is written of what it does not say.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Attributes {
    pub(super) tables: BTreeMap<String, TableHints>,
    pub(super) dropped: Vec<String>,
    pub(super) external: Vec<String>,
    pub(super) explicit: bool,
}

/// A numbered migration that the release has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Numbered {
    pub(super) version: String,
    pub(super) name: String,
    pub(super) checksum: String,
}

impl Numbered {
    pub(super) fn title(&self) -> String {
        format!("migration {} {}", self.version, self.name)
    }
}

/// A file as it was read.
pub(super) struct File {
    /// Without the seal and `after`.
    pub(super) snapshot: Value,
    /// The newest version that had a file when this one began.
    pub(super) after: Option<String>,
}

/// The snapshot with everything else that the file has of a release.
pub(super) fn with_attributes(mut snapshot: Value, model: &Model, migrations: &Migrations) -> Result<Value> {
    let unwritten =
        |err| Error::new(ErrorKind::Model, "cannot write the attributes of the model as JSON").source(err);
    let attributes = Attributes {
        tables: model.tables.clone(),
        dropped: model.dropped.clone(),
        external: model.external.clone(),
        explicit: model.explicit,
    };
    let mut attributes = serde_json::to_value(attributes).map_err(unwritten)?;
    prune(&mut attributes, &says);
    let list: Vec<Numbered> = migrations
        .iter()
        .map(|migration| Numbered {
            version: migration.version().to_owned(),
            name: migration.name().to_owned(),
            checksum: migration.checksum().to_owned(),
        })
        .collect();
    let mut list = serde_json::to_value(list).map_err(unwritten)?;
    prune(&mut list, &says);
    if let Some(fields) = snapshot.as_object_mut() {
        fields.insert("attributes".to_owned(), attributes);
        fields.insert("migrations".to_owned(), list);
        fields.retain(|name, value| !["attributes", "migrations"].contains(&name.as_str()) || says(value));
    }
    Ok(snapshot)
}

/// Keeps of all fields, however deep, those whose value `says` something, so that a reviewer reads what is said.
fn prune(value: &mut Value, says: &dyn Fn(&Value) -> bool) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(|value| prune(value, says));
            fields.retain(|_, value| says(value));
        }
        Value::Array(list) => list.iter_mut().for_each(|value| prune(value, says)),
        _ => {}
    }
}

fn says(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Array(list) => !list.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        _ => true,
    }
}

impl File {
    /// Reads the file; its name is that of its version.
    ///
    /// # Errors
    /// `Model` where it was edited by hand or by a merge, is of a newer format, or of another version than its name says; `Io` where it
    /// cannot be read.
    pub(super) fn read(path: &Path) -> Result<File> {
        File::parse(&fs::read_to_string(path).map_err(|err| unread(path, err))?, path)
    }

    /// The same of a text.
    pub(super) fn parse(text: &str, path: &Path) -> Result<File> {
        let wrong = |what: &str| Error::new(ErrorKind::Model, format!("`{}` {what}", path.display()));
        let again = format!(
            "take the file as the main branch has it, and run `{UPDATE}=1 cargo test` where the model has changed"
        );
        if text.lines().any(|line| line.starts_with("<<<<<<<") || line.starts_with(">>>>>>>")) {
            return Err(wrong("has the marks of a merge")
                .cause("two branches have both changed this version")
                .help(format!("{again}: both changes are in the model, which is merged")));
        }
        let mut found: Value = serde_json::from_str(text)
            .map_err(|err| wrong("is no snapshot").source(err).help(again.clone()))?;
        let format = found.get("format").and_then(Value::as_u64);
        if format.is_none_or(|format| format > u64::from(SNAPSHOT_FORMAT)) {
            return Err(wrong("is of another format than this version of the library knows")
                .help("update the library, or write the file anew with it"));
        }
        let mut take = |name: &str| found.as_object_mut().and_then(|fields| fields.remove(name));
        let seal = take("checksum");
        if seal.as_ref().and_then(Value::as_str) != Some(checksum(&found).as_str()) {
            return Err(wrong("is not as it was written")
                .cause("it was edited by hand, or a merge has joined what two branches made of this version")
                .help(again));
        }
        let mut take = |name: &str| found.as_object_mut().and_then(|fields| fields.remove(name));
        let after = take("after").and_then(|after| after.as_str().map(str::to_owned));
        // Earlier files say null of each thing that a catalog has not.
        if let Some(catalog) = found.get_mut("catalog") {
            prune(catalog, &|value| !value.is_null());
        }
        let file = File { snapshot: found, after };
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        if version_cmp(file.version(), &name).is_ne() {
            return Err(wrong(&format!("is of version {}", file.version()))
                .help("give it the name of its version; the file of a new one is written, not copied"));
        }
        Ok(file)
    }

    pub(super) fn version(&self) -> &str {
        self.snapshot.get("version").and_then(Value::as_str).unwrap_or_default()
    }

    /// What the model of the release says beside its catalog; `None` where the file has nothing of it.
    pub(super) fn attributes(&self) -> Result<Option<Attributes>> {
        self.part("attributes")
    }

    /// The numbered migrations that the release has.
    pub(super) fn migrations(&self) -> Result<Vec<Numbered>> {
        Ok(self.part("migrations")?.unwrap_or_default())
    }

    fn part<T: for<'de> Deserialize<'de>>(&self, name: &str) -> Result<Option<T>> {
        let part = self.snapshot.get(name).cloned().map(serde_json::from_value).transpose();
        part.map_err(|err| {
            Error::new(ErrorKind::Model, format!("cannot read the {name} of version {}", self.version()))
                .source(err)
                .help("update the library, or write the file anew with it")
        })
    }
}

/// The text of a file, sealed.
pub(super) fn sealed(snapshot: &Value, after: Option<&str>) -> String {
    let mut sealed = snapshot.as_object().cloned().unwrap_or_else(Map::new);
    if let Some(after) = after {
        sealed.insert("after".to_owned(), Value::String(after.to_owned()));
    }
    let seal = checksum(&Value::Object(sealed.clone()));
    sealed.insert("checksum".to_owned(), Value::String(seal));
    format!("{:#}\n", Value::Object(sealed))
}

/// SHA-256 of the snapshot without blanks, 64 hexadecimal digits.
fn checksum(snapshot: &Value) -> String {
    hex(&Sha256::digest(snapshot.to_string().as_bytes()))
}

/// The versions that have a file, in their order.
pub(super) fn versions(folder: &Path) -> Result<Vec<String>> {
    let mut versions = stems(folder, "json")?;
    versions.sort_by(|a, b| version_cmp(a, b));
    Ok(versions)
}

/// The names of the files of this kind, without its end, in their order; none where there is no such folder.
pub(super) fn stems(folder: &Path, end: &str) -> Result<Vec<String>> {
    let files = files(folder, end)?;
    let stem = |path: &PathBuf| Some(path.file_stem()?.to_string_lossy().into_owned());
    let mut stems: Vec<String> = files.iter().filter_map(stem).collect();
    stems.sort();
    Ok(stems)
}
