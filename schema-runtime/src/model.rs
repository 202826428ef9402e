//! What a target wants, whatever it came from: a catalog, and what a catalog cannot say.
//!
//! A model is made of const descriptors (`wanted`), of a SQL text (`sql_model`), of another database, or of a snapshot. Renames,
//! backfills and consents are kept beside the catalog.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use schema_sql::{eq_name, fold};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::allow::Allow;
use crate::catalog::{self, Catalog, Replay};
use crate::connection::{self, Hook, OpenMode};
use crate::error::{Error, ErrorKind, Result};
use crate::history::History;
use crate::revision::hex;
use crate::snapshot::Snapshot;

/// What a database shall hold, made from something else than a program's structs: see
/// [`Migrator::for_model`](crate::Migrator::for_model).
///
/// Such a model is explicit: another spelling of a type, another name of a constraint or another conflict clause is a change,
/// while a [`Schema`](crate::Schema) leaves what it does not say as the file has it.
///
/// A model without a version ([`version`](Self::version) is empty) is neither older nor newer than what the history has: a
/// run takes the version that was recorded last, or `0`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
    /// The model's name.
    pub(crate) name: String,
    /// Its version, dotted numbers; empty where it has none.
    pub(crate) version: String,
    /// 32 hex digits.
    pub(crate) fingerprint: String,
    /// What the database should hold of it, without external tables.
    pub(crate) catalog: Catalog,
    /// What its tables say beside their shape, by folded name.
    pub(crate) tables: BTreeMap<String, TableHints>,
    /// Tables that may be dropped with their data.
    pub(crate) dropped: Vec<String>,
    /// Tables that belong to another model.
    pub(crate) external: Vec<String>,
    /// Whether what it does not say is meant: see the type.
    pub(crate) explicit: bool,
    /// The lints that it allows: they change nothing about a database, and are no part of what makes a model another one.
    #[serde(skip)]
    pub(crate) allow: Vec<Allow>,
}

/// What a table says beside its shape.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct TableHints {
    /// Earlier names, newest first.
    pub(crate) renamed_from: Vec<String>,
    /// Columns that may be dropped with their data.
    pub(crate) dropped: Vec<String>,
    /// Another order of the columns is a change.
    pub(crate) exact_order: bool,
    /// By folded name.
    pub(crate) columns: BTreeMap<String, ColumnHints>,
}

impl TableHints {
    /// Whether the table, or a column of it, was called otherwise before.
    pub(crate) fn renames(&self) -> bool {
        !self.renamed_from.is_empty() || self.columns.values().any(|column| !column.renamed_from.is_empty())
    }
}

/// What a column says beside its shape.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ColumnHints {
    /// Earlier names, newest first.
    pub(crate) renamed_from: Vec<String>,
    /// SQL that fills existing rows.
    pub(crate) backfill: Option<String>,
    /// SQL that turns the old value into the new type.
    pub(crate) convert: Option<String>,
    /// A `convert` that the history has as made.
    pub(crate) converted: Option<String>,
    /// The spelling of the type counts.
    pub(crate) exact_type: bool,
}

static NO_TABLE_HINTS: TableHints = TableHints {
    renamed_from: Vec::new(),
    dropped: Vec::new(),
    exact_order: false,
    columns: BTreeMap::new(),
};
static NO_COLUMN_HINTS: ColumnHints = ColumnHints {
    renamed_from: Vec::new(),
    backfill: None,
    convert: None,
    converted: None,
    exact_type: false,
};

impl TableHints {
    /// What the column of this name says; nothing for a column that the model does not know.
    pub(crate) fn column(&self, name: &str) -> &ColumnHints {
        self.columns.get(&fold(name)).unwrap_or(&NO_COLUMN_HINTS)
    }
}

/// How a model is read that needs a database for it.
#[derive(Clone)]
pub struct ModelOptions {
    pub(crate) hook: Option<Hook>,
    pub(crate) history_table: String,
    pub(crate) lock_wait: Duration,
}

impl Default for ModelOptions {
    fn default() -> Self {
        ModelOptions {
            hook: None,
            history_table: "migration_history".to_owned(),
            lock_wait: Duration::from_secs(5),
        }
    }
}

impl fmt::Debug for ModelOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModelOptions").field("history_table", &self.history_table).finish_non_exhaustive()
    }
}

impl ModelOptions {
    /// No hook, the history in `migration_history`, 5 s for a lock.
    pub fn new() -> Self {
        ModelOptions::default()
    }

    /// As [`Migrator::connection`](crate::Migrator::connection).
    pub fn connection(
        mut self,
        hook: impl Fn(&Connection) -> rusqlite::Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.hook = Some(Arc::new(hook));
        self
    }

    /// The name of the history, whose tables are no part of any model; `migration_history` by default.
    pub fn history_table(mut self, name: impl Into<String>) -> Self {
        self.history_table = name.into();
        self
    }

    /// How long to wait for another connection's lock; 5 s by default.
    pub fn lock_wait(mut self, wait: Duration) -> Self {
        self.lock_wait = wait;
        self
    }
}

impl Model {
    /// Whether it allows the finding of a lint on these columns, or on the index, of a table.
    pub(crate) fn allows(&self, code: &str, table: &str, columns: &[String], index: Option<&str>) -> bool {
        self.allow.iter().any(|allow| allow.covers(code, table, columns, index))
    }

    /// What the table of this name says; nothing for a table that the model does not know.
    pub(crate) fn table_hints(&self, name: &str) -> &TableHints {
        self.tables.get(&fold(name)).unwrap_or(&NO_TABLE_HINTS)
    }

    /// What the database at `path` holds, without the history's own tables; nothing is written to it.
    ///
    /// # Errors
    /// As [`Migrator::status`](crate::Migrator::status) as far as reading goes; `Open` if there is no such file, `Opaque` if an object cannot be
    /// read with certainty, `Missing` if one needs a function, collation or module that the hook does not register.
    pub fn from_database(path: impl AsRef<Path>, name: &str, options: &ModelOptions) -> Result<Model> {
        let path = path.as_ref();
        let conn = connection::open(path, OpenMode::ReadOnly, options.hook.as_ref(), options.lock_wait)?;
        let own = History::named(options.history_table.as_str()).own_tables();
        let origin = path.display().to_string();
        let catalog = catalog::read(&conn, "main", &own)?;
        let scratch = connection::scratch(Some(&conn), options.hook.as_ref())?;
        drop(conn);
        prove(&catalog, &scratch, &origin)?;
        Ok(Model::explicit(name, "", catalog))
    }

    /// What a snapshot in JSON holds: one that `schema inspect --json` printed, or the `snapshot` of a [`Revision`](crate::Revision). It brings
    /// its renames along; `name` replaces its model's.
    ///
    /// # Errors
    /// `Model` if the text is no snapshot, is of a newer format, or contradicts itself; `Missing` if an object needs a function, collation or
    /// module that the hook does not register.
    pub fn from_snapshot(
        json: &str,
        origin: &str,
        name: Option<&str>,
        options: &ModelOptions,
    ) -> Result<Model> {
        let snapshot = Snapshot::from_json(json).map_err(|error| {
            // Its own advice is for a snapshot in the history.
            let causes = error.causes().to_vec();
            let error = Error::new(ErrorKind::Model, format!("`{origin}` is no snapshot that can be read"));
            causes.into_iter().fold(error, Error::cause).state("no database was touched").help(
                "make one with `schema inspect --json`, by the same version of the program or an older one",
            )
        })?;
        prove(&snapshot.catalog, &connection::scratch(None, options.hook.as_ref())?, origin)?;
        let name = name.unwrap_or(&snapshot.model);
        let mut model = Model::explicit(name, "", snapshot.catalog);
        for record in &snapshot.renames {
            let hints = model.tables.entry(fold(&record.table)).or_default();
            match &record.column {
                None => hints.renamed_from.push(record.from.clone()),
                Some(column) => {
                    let hints = hints.columns.entry(fold(column)).or_default();
                    hints.renamed_from.push(record.from.clone());
                }
            }
        }
        model.seal();
        Ok(model)
    }

    /// A model of nothing at all.
    pub fn empty(name: &str) -> Model {
        Model::explicit(name, "", Catalog::default())
    }

    /// Whether it says nothing: numbered migrations beside it are all there is.
    pub(crate) fn is_nothing(&self) -> bool {
        self.catalog.is_empty() && self.dropped.is_empty() && self.external.is_empty()
    }

    /// A model of exactly this catalog.
    pub(crate) fn explicit(name: &str, version: &str, catalog: Catalog) -> Model {
        let mut model = Model {
            name: name.to_owned(),
            version: version.to_owned(),
            catalog,
            explicit: true,
            ..Model::default()
        };
        model.seal();
        model
    }

    /// Computes the fingerprint anew, after whatever was changed.
    pub(crate) fn seal(&mut self) {
        self.fingerprint.clear();
        // A struct of strings, lists and maps by string has a JSON form always.
        let json = serde_json::to_vec(self).unwrap_or_default();
        self.fingerprint = hex(&Sha256::digest(&json)).chars().take(32).collect();
    }

    /// Says that the table `to` was called `from` before.
    ///
    /// # Errors
    /// `Model` if the model has no table `to`, or still has one called `from`.
    pub fn rename_table(&mut self, from: &str, to: &str) -> Result<()> {
        self.wanted_table(to)?;
        if self.catalog.table(from).is_some() && !eq_name(from, to) {
            return Err(no_rename(
                &format!("table `{from}`"),
                to,
                "the model still has a table of this name",
            ));
        }
        self.tables.entry(fold(to)).or_default().renamed_from.insert(0, from.to_owned());
        self.seal();
        Ok(())
    }

    /// Says that the column `to` of `table` was called `from` before.
    ///
    /// # Errors
    /// `Model` if the model has no such table or column, or still has a column called `from`.
    pub fn rename_column(&mut self, table: &str, from: &str, to: &str) -> Result<()> {
        let info = self.wanted_table(table)?;
        let what = format!("column `{table}`.`{from}`");
        if info.column(to).is_none() {
            return Err(no_rename(&what, to, "the model has no column of the new name"));
        }
        if info.column(from).is_some() && !eq_name(from, to) {
            return Err(no_rename(&what, to, "the model still has a column of the old name"));
        }
        let hints = self.tables.entry(fold(table)).or_default();
        hints.columns.entry(fold(to)).or_default().renamed_from.insert(0, from.to_owned());
        self.seal();
        Ok(())
    }

    fn wanted_table(&self, name: &str) -> Result<&catalog::TableInfo> {
        self.catalog.table(name).ok_or_else(|| {
            Error::new(ErrorKind::Model, format!("the model has no table `{name}`"))
                .state("no database was touched")
                .help("write `table.old=new` for a column, `old=new` for a table")
        })
    }

    /// The model's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its version, dotted numbers; empty where it has none.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What the database shall hold of it.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }
}

fn no_rename(what: &str, to: &str, cause: &str) -> Error {
    Error::new(ErrorKind::Model, format!("{what} cannot become `{to}`"))
        .cause(cause)
        .state("no database was touched")
        .help("correct the names of the rename")
}

/// Makes the catalog in a scratch database and reads it back: what cannot be made, or reads otherwise, is no target.
pub(crate) fn prove(catalog: &Catalog, scratch: &Connection, origin: &str) -> Result<()> {
    let unfit = |kind, cause: String| {
        Err(Error::new(kind, format!("`{origin}` cannot be a target"))
            .cause(cause)
            .state("no database was touched"))
    };
    if let Some(object) = catalog.opaque.first() {
        let cause =
            format!("{} `{}` cannot be read with certainty: {}", object.kind, object.name, object.reason);
        return unfit(ErrorKind::Opaque, cause);
    }
    let Replay { bare } = catalog::replay(scratch, catalog, &mut |_| Ok(()))?;
    if let Some(name) = bare.first() {
        let cause = format!("`{name}` needs a function, collation or module that is not registered");
        return unfit(ErrorKind::Missing, cause);
    }
    if catalog::read(scratch, "main", &[])? != *catalog {
        return unfit(ErrorKind::Model, "its SQL texts and what is said beside them differ".to_owned());
    }
    Ok(())
}
