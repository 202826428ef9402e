//! What the history remembers of a catalog: every object, and whose it is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::catalog::{Catalog, TableInfo, Texts};
use crate::error::{Error, ErrorKind, Result};

/// The format of the JSON form; raised when a field changes its meaning, or the reader what it finds in a text.
pub(crate) const SNAPSHOT_FORMAT: u32 = 1;

/// Whose an object is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum State {
    /// The model declares it.
    Managed,
    /// The model of an earlier version declared it; it is kept with its data.
    Retired {
        /// The model version that no longer declared it.
        since: String,
    },
    /// Somebody else's.
    Foreign,
    /// Made by the numbered migration of this version.
    Migration {
        /// The migration's number.
        version: String,
    },
}

/// A whole catalog after a revision, with the owner of each object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Snapshot {
    /// The format of this value.
    pub format: u32,
    /// The model's name.
    pub model: String,
    /// The model's version.
    pub version: String,
    /// The model's fingerprint, 32 hexadecimal digits.
    pub fingerprint: String,
    /// The catalog as it was after the revision.
    pub catalog: Catalog,
    /// The state of each object by its key; what is missing is foreign.
    pub owners: Owners,
    /// Renames that the model declared and that were true after the revision, by key; they are never applied again.
    pub renames: Vec<RenameRecord>,
    /// Conversions that the model declared and that were made, or not needed; they are never made again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub converts: Vec<ConvertRecord>,
    /// The catalog before the revision, where somebody had changed it since the last one: what the undo leads back to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Catalog>,
}

/// A declared rename that has been applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RenameRecord {
    /// The table, by its new name.
    pub table: String,
    /// The column by its new name; `None` where the table itself was renamed.
    pub column: Option<String>,
    /// The former name.
    pub from: String,
}

/// A declared conversion that needs no more making.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ConvertRecord {
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
    /// The expression.
    pub convert: String,
}

/// The state of each object of a catalog, by the object's key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Owners(BTreeMap<String, State>);

impl Owners {
    pub(crate) fn set(&mut self, key: String, state: State) {
        self.0.insert(key, state);
    }

    /// The state of the object with this key, `None` where nobody recorded one.
    pub(crate) fn get(&self, key: &str) -> Option<&State> {
        self.0.get(key)
    }

    pub(crate) fn is_managed(&self, key: &str) -> bool {
        matches!(self.0.get(key), Some(State::Managed))
    }

    /// Every key with its state, in the order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &State)> {
        self.0.iter().map(|(key, state)| (key.as_str(), state))
    }
}

/// The keys of objects. Names are folded, so that a key does not depend on spelling.
pub(crate) mod key {
    use schema_sql::quote_ident;

    use crate::catalog::KeyTermInfo;

    fn name(text: &str) -> String {
        let mut name = quote_ident(text);
        name.make_ascii_lowercase();
        name
    }

    fn names<'a>(list: impl IntoIterator<Item = &'a str>) -> String {
        list.into_iter().map(name).collect::<Vec<_>>().join(", ")
    }

    pub(crate) fn table(table: &str) -> String {
        ["table ", &name(table)].concat()
    }

    pub(crate) fn column(table: &str, column: &str) -> String {
        ["column ", &name(table), ".", &name(column)].concat()
    }

    /// Rules over the same columns that compare otherwise are others.
    pub(crate) fn unique(table: &str, terms: &[KeyTermInfo]) -> String {
        let term = |term: &KeyTermInfo| {
            let mut text = name(&term.column);
            if let Some(collation) = &term.collation {
                text.push_str(" COLLATE ");
                text.push_str(&name(collation));
            }
            if term.desc {
                text.push_str(" DESC");
            }
            text
        };
        format!("unique {}({})", name(table), terms.iter().map(term).collect::<Vec<_>>().join(", "))
    }

    pub(crate) fn check(table: &str, normal: &str) -> String {
        format!("check {}({normal})", name(table))
    }

    pub(crate) fn foreign_key<'a>(
        table: &str,
        columns: impl IntoIterator<Item = &'a str>,
        parent: &str,
    ) -> String {
        format!("foreign key {}({}) to {}", name(table), names(columns), name(parent))
    }

    pub(crate) fn index(index: &str) -> String {
        ["index ", &name(index)].concat()
    }

    pub(crate) fn view(view: &str) -> String {
        format!("view {}", name(view))
    }

    pub(crate) fn trigger(trigger: &str) -> String {
        format!("trigger {}", name(trigger))
    }

    pub(crate) fn virtual_table(table: &str) -> String {
        format!("virtual table {}", name(table))
    }
}

/// The keys of a table and of everything in it, in the order of its parts.
pub(crate) fn table_keys(table: &TableInfo) -> Vec<String> {
    let texts = Texts::of((!table.checks.is_empty()).then_some(table));
    let name = table.name.as_str();
    let mut keys = vec![key::table(name)];
    keys.extend(table.columns.iter().map(|column| key::column(name, &column.name)));
    keys.extend(table.uniques.iter().map(|unique| key::unique(name, &unique.terms)));
    keys.extend(table.checks.iter().map(|check| key::check(name, &texts.norm_expr(&check.expr))));
    keys.extend(
        table.foreign_keys.iter().map(|foreign| {
            key::foreign_key(name, foreign.columns.iter().map(String::as_str), &foreign.table)
        }),
    );
    keys.extend(table.indexes.iter().map(|index| key::index(&index.name)));
    keys
}

/// The keys of everything in a catalog, in the order of its parts: two catalogs that differ by renames alone have keys
/// that correspond one by one.
pub(crate) fn keys(catalog: &Catalog) -> Vec<String> {
    let mut keys = Vec::new();
    for table in &catalog.tables {
        keys.extend(table_keys(table));
    }
    keys.extend(catalog.virtual_tables.iter().map(|table| key::virtual_table(&table.name)));
    keys.extend(catalog.views.iter().map(|view| key::view(&view.name)));
    keys.extend(catalog.triggers.iter().map(|trigger| key::trigger(&trigger.name)));
    keys
}

impl Snapshot {
    /// The snapshot as the history stores it.
    pub(crate) fn to_json(&self) -> Result<String> {
        serde_json::to_string(self)
            .map_err(|err| Error::new(ErrorKind::History, "cannot write the snapshot as JSON").source(err))
    }

    /// Reads a stored snapshot.
    ///
    /// # Errors
    /// `History` if the text is no snapshot, or one of a newer format.
    pub fn from_json(text: &str) -> Result<Snapshot> {
        let snapshot: Snapshot = serde_json::from_str(text).map_err(|err| {
            Error::new(ErrorKind::History, "cannot read the snapshot in the history")
                .source(err)
                .help("restore the database from a backup, or point `history_table` at another table")
        })?;
        if snapshot.format > SNAPSHOT_FORMAT {
            return Err(Error::new(
                ErrorKind::History,
                format!(
                    "cannot read a snapshot of format {}: this program knows format {SNAPSHOT_FORMAT}",
                    snapshot.format
                ),
            )
            .help("update the program"));
        }
        Ok(snapshot)
    }

    /// A catalog of which nothing is the model's yet.
    pub(crate) fn of_others(model: &str, catalog: Catalog) -> Snapshot {
        let mut owners = Owners::default();
        for key in keys(&catalog) {
            owners.set(key, State::Foreign);
        }
        Snapshot::baseline(model, catalog, owners)
    }

    /// A catalog that no version of the model has left, with these owners.
    pub(crate) fn baseline(model: &str, catalog: Catalog, owners: Owners) -> Snapshot {
        Snapshot {
            format: SNAPSHOT_FORMAT,
            model: model.to_owned(),
            version: "0".to_owned(),
            fingerprint: String::new(),
            catalog,
            owners,
            renames: Vec::new(),
            converts: Vec::new(),
            start: None,
        }
    }

    /// The same snapshot over `catalog`, which is this one's after renames: owners follow their objects.
    pub(crate) fn renamed(&self, catalog: Catalog) -> Snapshot {
        let mut owners = Owners::default();
        for (old, new) in keys(&self.catalog).iter().zip(keys(&catalog)) {
            if let Some(state) = self.owners.get(old) {
                owners.set(new, state.clone());
            }
        }
        Snapshot { catalog, owners, ..self.clone() }
    }
}
