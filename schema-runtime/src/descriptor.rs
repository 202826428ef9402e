//! What a program wants: const data that `#[derive(Table)]` and `schema!` emit.
//!
//! Every type here is plain const data behind const builder calls, so a person could write by hand what the macros write,
//! and everything is checked and fingerprinted at compile time. Nothing here knows a database; the
//! catalog that a descriptor asks for is read back from SQLite itself (see `catalog`).

use crate::fingerprint::{part_fingerprint, tables_fingerprint, texts_fingerprint};

/// The storage type of a column, as the type system tells it.
///
/// SQLite: <https://www.sqlite.org/datatype3.html>, section 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SqlType {
    /// Signed integers of up to 64 bits; rendered `INTEGER`.
    Integer,
    /// 64-bit IEEE floats; rendered `REAL`.
    Real,
    /// UTF-8 text; rendered `TEXT`.
    Text,
    /// Bytes; rendered `BLOB`.
    Blob,
    /// A value of any storage class; rendered `ANY`.
    Any,
}

impl SqlType {
    /// The type name as it is written in a `CREATE TABLE` statement.
    pub const fn name(self) -> &'static str {
        match self {
            SqlType::Integer => "INTEGER",
            SqlType::Real => "REAL",
            SqlType::Text => "TEXT",
            SqlType::Blob => "BLOB",
            SqlType::Any => "ANY",
        }
    }
}

/// A constant that a column can hold: a default, or one of the values that an enum allows.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum ConstValue {
    /// SQL `NULL`.
    Null,
    /// An integer; `bool` is 0 or 1.
    Integer(i64),
    /// A finite float.
    Real(f64),
    /// A text literal.
    Text(&'static str),
    /// A blob literal.
    Blob(&'static [u8]),
    /// An SQL expression, rendered in parentheses unless it is a literal or one of the `CURRENT_…` keywords.
    Sql(&'static str),
}

/// What SQLite does to child rows when their parent row is deleted or its key is updated.
///
/// SQLite: <https://www.sqlite.org/foreignkeys.html>, section 4.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReferenceAction {
    /// `NO ACTION`, SQLite's default.
    NoAction,
    /// `RESTRICT`.
    Restrict,
    /// `SET NULL`.
    SetNull,
    /// `SET DEFAULT`.
    SetDefault,
    /// `CASCADE`.
    Cascade,
}

impl ReferenceAction {
    /// The action's keywords, upper case.
    pub const fn sql(self) -> &'static str {
        match self {
            ReferenceAction::NoAction => "NO ACTION",
            ReferenceAction::Restrict => "RESTRICT",
            ReferenceAction::SetNull => "SET NULL",
            ReferenceAction::SetDefault => "SET DEFAULT",
            ReferenceAction::Cascade => "CASCADE",
        }
    }
}

/// Whether the order of a table's columns is part of the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ColumnOrder {
    /// The order is no difference; it is adopted when the table is rebuilt anyway.
    Any,
    /// Another order is a change, made by a rebuild.
    Exact,
}

/// The expression of a generated column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct GeneratedDescriptor {
    /// The SQL expression, without its outer parentheses.
    pub expr: &'static str,
    /// `STORED` instead of `VIRTUAL`.
    pub stored: bool,
}

/// One wanted column.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct ColumnDescriptor {
    /// Its name in the database.
    pub name: &'static str,
    /// Its storage type, asked of [`ColumnType`](crate::ColumnType).
    pub sql_type: SqlType,
    /// An SQL type name that overrides `sql_type`; its spelling is then part of the model.
    pub type_name: Option<&'static str>,
    /// `NOT NULL`.
    pub not_null: bool,
    /// The default, if the column has one.
    pub default: Option<ConstValue>,
    /// The name of a collating sequence.
    pub collation: Option<&'static str>,
    /// The expression of a generated column.
    pub generated: Option<GeneratedDescriptor>,
    /// The values that an enum allows; rendered as a `CHECK`. Empty: any value.
    pub values: &'static [ConstValue],
    /// Names that the column had in earlier models.
    pub renamed_from: &'static [&'static str],
    /// An SQL expression that fills existing rows when the column is added or made `NOT NULL`.
    pub backfill: Option<&'static str>,
    /// An SQL expression that turns the old value into the new type.
    pub convert: Option<&'static str>,
    /// Codes of lints that are allowed here.
    pub allow: &'static [&'static str],
}

impl ColumnDescriptor {
    /// A nullable column of `sql_type`.
    pub const fn new(name: &'static str, sql_type: SqlType) -> Self {
        ColumnDescriptor {
            name,
            sql_type,
            type_name: None,
            not_null: false,
            default: None,
            collation: None,
            generated: None,
            values: &[],
            renamed_from: &[],
            backfill: None,
            convert: None,
            allow: &[],
        }
    }

    /// A column whose type, nullability and allowed values are those of the Rust type `T`.
    pub const fn of<T: crate::ColumnType>(name: &'static str) -> Self {
        ColumnDescriptor { name, ..T::COLUMN }
    }

    /// Overrides the SQL type name.
    pub const fn type_name(mut self, type_name: &'static str) -> Self {
        self.type_name = Some(type_name);
        self
    }

    /// Makes the column `NOT NULL`.
    pub const fn not_null(mut self) -> Self {
        self.not_null = true;
        self
    }

    /// Sets the default.
    pub const fn default(mut self, value: ConstValue) -> Self {
        self.default = Some(value);
        self
    }

    /// Sets the collating sequence.
    pub const fn collate(mut self, collation: &'static str) -> Self {
        self.collation = Some(collation);
        self
    }

    /// Makes the column generated from `expr`.
    pub const fn generated(mut self, expr: &'static str, stored: bool) -> Self {
        self.generated = Some(GeneratedDescriptor { expr, stored });
        self
    }

    /// Limits the column to `values`.
    pub const fn values(mut self, values: &'static [ConstValue]) -> Self {
        self.values = values;
        self
    }

    /// Says which names the column had before, newest first.
    pub const fn renamed_from(mut self, names: &'static [&'static str]) -> Self {
        self.renamed_from = names;
        self
    }

    /// Sets the expression that fills existing rows. It may name the table's columns, by their new names.
    pub const fn backfill(mut self, expr: &'static str) -> Self {
        self.backfill = Some(expr);
        self
    }

    /// Sets the expression that turns the old value into the new type. It may name the table's columns, by their new names.
    pub const fn convert(mut self, expr: &'static str) -> Self {
        self.convert = Some(expr);
        self
    }

    /// Codes of lints that are allowed here: see [`ModelLint`](crate::ModelLint). They are no part of the fingerprint.
    pub const fn allow(mut self, codes: &'static [&'static str]) -> Self {
        self.allow = codes;
        self
    }
}

/// A `PRIMARY KEY`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PrimaryKeyDescriptor {
    /// The key's columns, in order.
    pub columns: &'static [&'static str],
    /// `AUTOINCREMENT`; only on a single `INTEGER` column of a rowid table.
    pub autoincrement: bool,
}

impl PrimaryKeyDescriptor {
    /// A key over `columns`.
    pub const fn new(columns: &'static [&'static str]) -> Self {
        PrimaryKeyDescriptor { columns, autoincrement: false }
    }

    /// Adds `AUTOINCREMENT`.
    pub const fn autoincrement(mut self) -> Self {
        self.autoincrement = true;
        self
    }
}

/// A `UNIQUE` constraint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct UniqueDescriptor {
    /// The constraint's name.
    pub name: Option<&'static str>,
    /// Its columns, in order.
    pub columns: &'static [&'static str],
}

impl UniqueDescriptor {
    /// A constraint over `columns`.
    pub const fn new(columns: &'static [&'static str]) -> Self {
        UniqueDescriptor { name: None, columns }
    }

    /// Names the constraint.
    pub const fn name(mut self, name: &'static str) -> Self {
        self.name = Some(name);
        self
    }
}

/// A `CHECK` constraint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckDescriptor {
    /// The constraint's name.
    pub name: Option<&'static str>,
    /// The SQL expression, without its outer parentheses.
    pub expr: &'static str,
}

impl CheckDescriptor {
    /// A constraint on `expr`.
    pub const fn new(expr: &'static str) -> Self {
        CheckDescriptor { name: None, expr }
    }

    /// Names the constraint.
    pub const fn name(mut self, name: &'static str) -> Self {
        self.name = Some(name);
        self
    }
}

/// A `FOREIGN KEY` constraint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ForeignKeyDescriptor {
    /// The constraint's name.
    pub name: Option<&'static str>,
    /// The child's columns, in order.
    pub columns: &'static [&'static str],
    /// The parent table.
    pub table: &'static str,
    /// The parent's columns, in the order of `columns`.
    pub to: &'static [&'static str],
    /// What happens to child rows when their parent is deleted.
    pub on_delete: ReferenceAction,
    /// What happens to child rows when their parent's key changes.
    pub on_update: ReferenceAction,
    /// `DEFERRABLE INITIALLY DEFERRED`.
    pub deferrable: bool,
}

impl ForeignKeyDescriptor {
    /// A key from `columns` to `to` of `table`, without actions.
    pub const fn new(
        columns: &'static [&'static str],
        table: &'static str,
        to: &'static [&'static str],
    ) -> Self {
        ForeignKeyDescriptor {
            name: None,
            columns,
            table,
            to,
            on_delete: ReferenceAction::NoAction,
            on_update: ReferenceAction::NoAction,
            deferrable: false,
        }
    }

    /// Names the constraint.
    pub const fn name(mut self, name: &'static str) -> Self {
        self.name = Some(name);
        self
    }

    /// Sets the action on delete.
    pub const fn on_delete(mut self, action: ReferenceAction) -> Self {
        self.on_delete = action;
        self
    }

    /// Sets the action on update.
    pub const fn on_update(mut self, action: ReferenceAction) -> Self {
        self.on_update = action;
        self
    }

    /// Checks the key at commit instead of at each statement.
    pub const fn deferrable(mut self) -> Self {
        self.deferrable = true;
        self
    }
}

/// One term of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct IndexTermDescriptor {
    /// A column name, or an SQL expression where `is_expr` is set.
    pub term: &'static str,
    /// Whether `term` is an expression.
    pub is_expr: bool,
    /// A collating sequence other than the column's own.
    pub collation: Option<&'static str>,
    /// Descending order.
    pub desc: bool,
}

impl IndexTermDescriptor {
    /// A term that is a column.
    pub const fn column(name: &'static str) -> Self {
        IndexTermDescriptor { term: name, is_expr: false, collation: None, desc: false }
    }

    /// A term that is an expression.
    pub const fn expr(expr: &'static str) -> Self {
        IndexTermDescriptor { term: expr, is_expr: true, collation: None, desc: false }
    }

    /// Sets the term's collating sequence.
    pub const fn collate(mut self, collation: &'static str) -> Self {
        self.collation = Some(collation);
        self
    }

    /// Makes the term descending.
    pub const fn desc(mut self) -> Self {
        self.desc = true;
        self
    }
}

/// An index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct IndexDescriptor {
    /// The index's name; names of indexes are unique in a database.
    pub name: &'static str,
    /// Its terms, in order.
    pub terms: &'static [IndexTermDescriptor],
    /// A unique index.
    pub unique: bool,
    /// The condition of a partial index.
    pub filter: Option<&'static str>,
    /// Codes of lints that are allowed here.
    pub allow: &'static [&'static str],
}

impl IndexDescriptor {
    /// An index called `name` over `terms`.
    pub const fn new(name: &'static str, terms: &'static [IndexTermDescriptor]) -> Self {
        IndexDescriptor { name, terms, unique: false, filter: None, allow: &[] }
    }

    /// Makes the index unique.
    pub const fn unique(mut self) -> Self {
        self.unique = true;
        self
    }

    /// Makes the index partial.
    pub const fn filter(mut self, expr: &'static str) -> Self {
        self.filter = Some(expr);
        self
    }

    /// Codes of lints that are allowed here: see [`ModelLint`](crate::ModelLint). They are no part of the fingerprint.
    pub const fn allow(mut self, codes: &'static [&'static str]) -> Self {
        self.allow = codes;
        self
    }
}

/// One wanted table.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct TableDescriptor {
    /// Its name in the database.
    pub name: &'static str,
    /// Its columns, in the order of the struct's fields.
    pub columns: &'static [ColumnDescriptor],
    /// Its primary key.
    pub primary_key: Option<PrimaryKeyDescriptor>,
    /// Its `UNIQUE` constraints, column-level ones too.
    pub uniques: &'static [UniqueDescriptor],
    /// Its `CHECK` constraints, column-level ones too; those of enums are in [`ColumnDescriptor::values`].
    pub checks: &'static [CheckDescriptor],
    /// Its foreign keys, column-level ones too.
    pub foreign_keys: &'static [ForeignKeyDescriptor],
    /// Its indexes.
    pub indexes: &'static [IndexDescriptor],
    /// `STRICT`.
    pub strict: bool,
    /// `WITHOUT ROWID`.
    pub without_rowid: bool,
    /// Names that the table had in earlier models.
    pub renamed_from: &'static [&'static str],
    /// Columns that may be dropped with their data.
    pub dropped: &'static [&'static str],
    /// The table belongs to another model or program; it is only referred to.
    pub external: bool,
    /// Whether the order of the columns matters.
    pub column_order: ColumnOrder,
    /// Codes of lints that are allowed here.
    pub allow: &'static [&'static str],
}

impl TableDescriptor {
    /// A table called `name` with `columns` and nothing else.
    pub const fn new(name: &'static str, columns: &'static [ColumnDescriptor]) -> Self {
        TableDescriptor {
            name,
            columns,
            primary_key: None,
            uniques: &[],
            checks: &[],
            foreign_keys: &[],
            indexes: &[],
            strict: false,
            without_rowid: false,
            renamed_from: &[],
            dropped: &[],
            external: false,
            column_order: ColumnOrder::Any,
            allow: &[],
        }
    }

    /// Sets the primary key.
    pub const fn primary_key(mut self, key: PrimaryKeyDescriptor) -> Self {
        self.primary_key = Some(key);
        self
    }

    /// Sets the `UNIQUE` constraints.
    pub const fn uniques(mut self, uniques: &'static [UniqueDescriptor]) -> Self {
        self.uniques = uniques;
        self
    }

    /// Sets the `CHECK` constraints.
    pub const fn checks(mut self, checks: &'static [CheckDescriptor]) -> Self {
        self.checks = checks;
        self
    }

    /// Sets the foreign keys.
    pub const fn foreign_keys(mut self, keys: &'static [ForeignKeyDescriptor]) -> Self {
        self.foreign_keys = keys;
        self
    }

    /// Sets the indexes.
    pub const fn indexes(mut self, indexes: &'static [IndexDescriptor]) -> Self {
        self.indexes = indexes;
        self
    }

    /// Makes the table `STRICT`.
    pub const fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// Makes the table `WITHOUT ROWID`.
    pub const fn without_rowid(mut self) -> Self {
        self.without_rowid = true;
        self
    }

    /// Says which names the table had before, newest first.
    pub const fn renamed_from(mut self, names: &'static [&'static str]) -> Self {
        self.renamed_from = names;
        self
    }

    /// Consents to dropping `columns` with their data.
    pub const fn dropped(mut self, columns: &'static [&'static str]) -> Self {
        self.dropped = columns;
        self
    }

    /// Declares that the table belongs to another model.
    pub const fn external(mut self) -> Self {
        self.external = true;
        self
    }

    /// Sets whether the order of the columns matters.
    pub const fn column_order(mut self, order: ColumnOrder) -> Self {
        self.column_order = order;
        self
    }

    /// Codes of lints that are allowed here: see [`ModelLint`](crate::ModelLint). They are no part of the fingerprint.
    pub const fn allow(mut self, codes: &'static [&'static str]) -> Self {
        self.allow = codes;
        self
    }
}

/// A whole model: what `schema!` makes.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Schema {
    /// The model's name; several models may share a file.
    pub name: &'static str,
    /// The model's version, dotted numbers.
    pub version: &'static str,
    /// Its tables, in the order of declaration.
    pub tables: &'static [&'static TableDescriptor],
    /// Its views, as `CREATE VIEW` statements.
    pub views: &'static [&'static str],
    /// Its triggers, as `CREATE TRIGGER` statements.
    pub triggers: &'static [&'static str],
    /// Its virtual tables, as `CREATE VIRTUAL TABLE` statements.
    pub virtual_tables: &'static [&'static str],
    /// Tables that may be dropped with their data.
    pub dropped: &'static [&'static str],
    /// Codes of lints that are allowed in the whole model.
    pub allow: &'static [&'static str],
    /// FNV-1a (128 bits) over everything above but the version and what is allowed, here and in the tables.
    pub fingerprint: u128,
}

impl Schema {
    /// A model called `name`, at `version`, of `tables`; its fingerprint is computed here.
    ///
    /// `schema!` makes the same and checks it; this is for descriptors that were written by hand.
    pub const fn new(
        name: &'static str,
        version: &'static str,
        tables: &'static [&'static TableDescriptor],
    ) -> Self {
        Schema::assemble(name, version, tables, tables_fingerprint(tables))
    }

    /// As [`Schema::new`], from the fingerprints of the tables, each of which was evaluated by itself.
    #[doc(hidden)]
    pub const fn of_tables(
        name: &'static str,
        version: &'static str,
        tables: &'static [&'static TableDescriptor],
        fingerprints: &[u128],
    ) -> Self {
        Schema::assemble(name, version, tables, part_fingerprint("tables", fingerprints))
    }

    const fn assemble(
        name: &'static str,
        version: &'static str,
        tables: &'static [&'static TableDescriptor],
        fingerprint: u128,
    ) -> Self {
        let empty = texts_fingerprint("views", &[])
            .wrapping_add(texts_fingerprint("triggers", &[]))
            .wrapping_add(texts_fingerprint("virtual_tables", &[]))
            .wrapping_add(texts_fingerprint("dropped", &[]));
        Schema {
            name,
            version,
            tables,
            views: &[],
            triggers: &[],
            virtual_tables: &[],
            dropped: &[],
            allow: &[],
            fingerprint: fingerprint.wrapping_add(texts_fingerprint("name", &[name])).wrapping_add(empty),
        }
    }

    const fn exchange(mut self, part: &str, old: &[&str], new: &[&str]) -> Self {
        self.fingerprint = self
            .fingerprint
            .wrapping_sub(texts_fingerprint(part, old))
            .wrapping_add(texts_fingerprint(part, new));
        self
    }

    /// Sets the views: `CREATE VIEW` statements.
    pub const fn views(self, views: &'static [&'static str]) -> Self {
        let mut schema = self.exchange("views", self.views, views);
        schema.views = views;
        schema
    }

    /// Sets the triggers: `CREATE TRIGGER` statements.
    pub const fn triggers(self, triggers: &'static [&'static str]) -> Self {
        let mut schema = self.exchange("triggers", self.triggers, triggers);
        schema.triggers = triggers;
        schema
    }

    /// Sets the virtual tables: `CREATE VIRTUAL TABLE` statements.
    pub const fn virtual_tables(self, tables: &'static [&'static str]) -> Self {
        let mut schema = self.exchange("virtual_tables", self.virtual_tables, tables);
        schema.virtual_tables = tables;
        schema
    }

    /// Consents to dropping these tables with their data.
    pub const fn dropped(self, tables: &'static [&'static str]) -> Self {
        let mut schema = self.exchange("dropped", self.dropped, tables);
        schema.dropped = tables;
        schema
    }

    /// Codes of lints that are allowed here: see [`ModelLint`](crate::ModelLint). They are no part of the fingerprint.
    pub const fn allow(mut self, codes: &'static [&'static str]) -> Self {
        self.allow = codes;
        self
    }
}
