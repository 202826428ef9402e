//! What a SQLite database really holds.
//!
//! One reader serves both sides of the diff: the user's file, and a scratch database in which the wanted tables were
//! created, so that SQLite has normalised both. `read` fills these types (`table` for one table or index), `print` turns a
//! table back into SQL, `replay` makes a whole catalog again in an empty database. Texts are kept as SQLite stores them;
//! which differences between texts mean nothing is decided in `compare`.

mod compare;
mod faults;
mod lookup;
mod print;
mod read;
mod replay;
mod table;

pub(crate) use compare::{
    Affinity, Texts, affinity, effective_not_null, same_check, same_collation, same_default,
    same_foreign_key, same_generated, same_index, same_key_terms, same_link, same_name, same_not_null,
    same_primary_key, same_trigger, same_type, same_unique, same_view, same_virtual_table, same_words,
};
pub use faults::Faults;
pub(crate) use lookup::Lookup;
pub(crate) use print::{
    check_sql, column_sql, foreign_key_sql, index_sql, name_sql, primary_key_words, table_sql, unique_sql,
};
pub(crate) use read::{read, read_since};
pub(crate) use replay::{Replay, replay};

use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use crate::error::Result;

/// Why SQLite refused `sql`, without the text itself, which some versions of rusqlite repeat.
pub(crate) fn reason(err: &rusqlite::Error, sql: &str) -> String {
    let text = err.to_string();
    match text.split_once(&format!(" in {sql}")) {
        Some((reason, _)) => reason.to_owned(),
        None => text,
    }
}

/// Everything that a database's catalog holds, in the order in which it was created.
///
/// Left out are what SQLite keeps for itself (`sqlite_…`), shadow tables of virtual tables, and our own two tables.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Catalog {
    /// Ordinary tables.
    pub tables: Vec<TableInfo>,
    /// Virtual tables.
    pub virtual_tables: Vec<VirtualTableInfo>,
    /// Views.
    pub views: Vec<ViewInfo>,
    /// Triggers, on tables and on views.
    pub triggers: Vec<TriggerInfo>,
    /// Objects that could not be read with certainty; they are reported and never touched.
    pub opaque: Vec<OpaqueInfo>,
}

/// An ordinary table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TableInfo {
    /// Its name as stored.
    pub name: String,
    /// Its columns in stored order, generated ones too.
    pub columns: Vec<ColumnInfo>,
    /// Its primary key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub primary_key: Option<PrimaryKeyInfo>,
    /// Its `UNIQUE` constraints, column-level ones too.
    pub uniques: Vec<UniqueInfo>,
    /// Its `CHECK` constraints, column-level ones too.
    pub checks: Vec<CheckInfo>,
    /// Its foreign keys, column-level ones too.
    pub foreign_keys: Vec<ForeignKeyInfo>,
    /// `STRICT`.
    pub strict: bool,
    /// `WITHOUT ROWID`.
    pub without_rowid: bool,
    /// Its indexes that have a text of their own (not those of constraints).
    pub indexes: Vec<IndexInfo>,
    /// The stored `CREATE TABLE` text.
    pub sql: String,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ColumnInfo {
    /// Its name as stored.
    pub name: String,
    /// Its declared type as `table_xinfo` gives it; empty where there is none.
    pub type_name: String,
    /// `NOT NULL`. Always set for key columns of STRICT and WITHOUT ROWID tables, which cannot be NULL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_null: Option<NotNullInfo>,
    /// The default's text, without outer parentheses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// The collating sequence, where one is declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collation: Option<String>,
    /// The expression of a generated column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generated: Option<GeneratedInfo>,
}

/// A `NOT NULL` constraint.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NotNullInfo {
    /// The constraint's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What `ON CONFLICT` says, upper case; none is `ABORT`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conflict: Option<String>,
}

/// How a generated column is computed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GeneratedInfo {
    /// The expression, without its outer parentheses.
    pub expr: String,
    /// `STORED` instead of `VIRTUAL`.
    pub stored: bool,
}

/// One column of a key, with what the key says of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct KeyTermInfo {
    /// The column.
    pub column: String,
    /// A collating sequence other than the column's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collation: Option<String>,
    /// Descending.
    pub desc: bool,
}

/// A `PRIMARY KEY`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PrimaryKeyInfo {
    /// The constraint's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its columns, in key order.
    pub terms: Vec<KeyTermInfo>,
    /// What `ON CONFLICT` says, upper case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conflict: Option<String>,
    /// `AUTOINCREMENT`.
    pub autoincrement: bool,
    /// The single key column is the rowid: declared exactly `INTEGER`, in a rowid table, and not as a column-level
    /// `PRIMARY KEY DESC`. SQLite: <https://www.sqlite.org/lang_createtable.html>, "ROWIDs and the INTEGER PRIMARY KEY".
    pub rowid_alias: bool,
}

/// A `UNIQUE` constraint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UniqueInfo {
    /// The constraint's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its columns, in order.
    pub terms: Vec<KeyTermInfo>,
    /// What `ON CONFLICT` says, upper case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conflict: Option<String>,
}

/// A `CHECK` constraint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CheckInfo {
    /// The constraint's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The expression, without its outer parentheses.
    pub expr: String,
}

/// A foreign key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ForeignKeyInfo {
    /// The constraint's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The child's columns, in order.
    pub columns: Vec<String>,
    /// The parent table, as written.
    pub table: String,
    /// The parent's columns; filled from the parent's primary key where the text leaves them out and the parent is known.
    pub to: Vec<String>,
    /// The action's keywords, upper case; `NO ACTION` where none is written.
    pub on_delete: String,
    /// The action's keywords, upper case.
    pub on_update: String,
    /// `MATCH` name; without effect in SQLite.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub match_name: Option<String>,
    /// `DEFERRABLE INITIALLY DEFERRED`; every other form is immediate.
    pub deferred: bool,
}

/// An index with a text of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct IndexInfo {
    /// Its name.
    pub name: String,
    /// `UNIQUE`.
    pub unique: bool,
    /// Its terms, in order.
    pub terms: Vec<IndexTermInfo>,
    /// The condition of a partial index.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// The stored `CREATE INDEX` text.
    pub sql: String,
}

/// One term of an index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct IndexTermInfo {
    /// The column's name, or the expression's text.
    pub term: String,
    /// Whether the term is an expression.
    pub is_expr: bool,
    /// A collating sequence that the term names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collation: Option<String>,
    /// Descending.
    pub desc: bool,
}

/// A view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ViewInfo {
    /// Its name.
    pub name: String,
    /// The stored `CREATE VIEW` text.
    pub sql: String,
}

/// A trigger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TriggerInfo {
    /// Its name.
    pub name: String,
    /// The table or view it belongs to.
    pub table: String,
    /// The stored `CREATE TRIGGER` text.
    pub sql: String,
}

/// A virtual table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VirtualTableInfo {
    /// Its name.
    pub name: String,
    /// The module's name, as written.
    pub module: String,
    /// The module's arguments, trimmed.
    pub args: Vec<String>,
    /// The stored `CREATE VIRTUAL TABLE` text.
    pub sql: String,
    /// The names of its shadow tables, which SQLite makes and drops with it.
    pub shadows: Vec<String>,
}

/// An object that could not be read with certainty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OpaqueInfo {
    /// `table`, `index`, `view` or `trigger`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The table it belongs to; its own name for a table.
    pub table: String,
    /// The stored text.
    pub sql: String,
    /// Why it could not be read.
    pub reason: String,
}

impl Catalog {
    /// Reads what the main database of `conn` holds. Nothing is written.
    ///
    /// # Errors
    /// `Corrupt` if SQLite finds the schema malformed, and whatever reading can meet.
    pub fn read(conn: &Connection) -> Result<Catalog> {
        read(conn, "main", &[])
    }

    /// Makes every object in the main database of `conn`, which is empty, and returns the names of those that could only be put
    /// in as bare catalog rows, since a function, collation or module that they need is not registered.
    ///
    /// # Errors
    /// `Rehearsal` if an object cannot be made.
    pub fn create_in(&self, conn: &Connection) -> Result<Vec<String>> {
        Ok(replay(conn, self, &mut |_| Ok(()))?.bare)
    }

    /// The table of this name, compared as SQLite compares names.
    pub fn table(&self, name: &str) -> Option<&TableInfo> {
        self.tables.iter().find(|table| schema_sql::eq_name(&table.name, name))
    }

    /// The view of this name.
    pub fn view(&self, name: &str) -> Option<&ViewInfo> {
        self.views.iter().find(|view| schema_sql::eq_name(&view.name, name))
    }

    /// The trigger of this name.
    pub fn trigger(&self, name: &str) -> Option<&TriggerInfo> {
        self.triggers.iter().find(|trigger| schema_sql::eq_name(&trigger.name, name))
    }

    /// The virtual table of this name.
    pub fn virtual_table(&self, name: &str) -> Option<&VirtualTableInfo> {
        self.virtual_tables.iter().find(|table| schema_sql::eq_name(&table.name, name))
    }

    /// The index of this name, with its table.
    pub fn index(&self, name: &str) -> Option<(&TableInfo, &IndexInfo)> {
        self.tables.iter().find_map(|table| table.index(name).map(|index| (table, index)))
    }

    /// Whether the catalog holds nothing at all.
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty() && self.has_no_dependants() && self.opaque.is_empty()
    }

    /// Whether there is no virtual table, view or trigger.
    pub(crate) fn has_no_dependants(&self) -> bool {
        self.virtual_tables.is_empty() && self.views.is_empty() && self.triggers.is_empty()
    }
}

impl TableInfo {
    /// The table as a `CREATE TABLE` statement, one column a line, made from what was read and not from the stored text.
    /// Creating it gives the same table.
    pub fn to_sql(&self) -> String {
        table_sql(self)
    }

    /// The column of this name, compared as SQLite compares names.
    pub fn column(&self, name: &str) -> Option<&ColumnInfo> {
        self.columns.iter().find(|column| schema_sql::eq_name(&column.name, name))
    }

    /// The index of this name.
    pub fn index(&self, name: &str) -> Option<&IndexInfo> {
        self.indexes.iter().find(|index| schema_sql::eq_name(&index.name, name))
    }

    /// Whether the primary key is `AUTOINCREMENT`.
    pub fn autoincrement(&self) -> bool {
        self.primary_key.as_ref().is_some_and(|key| key.autoincrement)
    }

    /// Whether the primary key holds this column.
    pub fn in_primary_key(&self, column: &str) -> bool {
        self.primary_key
            .as_ref()
            .is_some_and(|key| key.terms.iter().any(|term| schema_sql::eq_name(&term.column, column)))
    }
    /// Whether this column is the rowid under another name.
    pub fn is_rowid_alias(&self, column: &str) -> bool {
        self.primary_key.as_ref().is_some_and(|key| key.rowid_alias) && self.in_primary_key(column)
    }
}

impl IndexInfo {
    /// The index as a `CREATE INDEX` statement on `table`.
    pub fn to_sql(&self, table: &str) -> String {
        index_sql(self, table)
    }
}
