//! The derives and macros of `schema-runtime`; use them through that crate, which generated code needs anyway.
//!
//! [`Table`](macro@Table) makes a struct a table, [`ColumnType`](macro@ColumnType) a newtype or an enum a type that a column can hold,
//! and [`schema!`] a const schema of tables, views, triggers and virtual tables.
//!
//! ```
//! use schema_runtime::{Migrator, Outcome, Schema, Table, schema};
//!
//! #[derive(Table)]
//! #[table(name = "notes", strict)]
//! struct Note {
//!     #[column(primary_key)]
//!     id: i64,
//!     #[column(default = "")]
//!     text: String,
//! }
//! const SCHEMA: Schema = schema! { version: "1.0.0", tables: [Note] };
//!
//! let mut conn = schema_runtime::rusqlite::Connection::open_in_memory()?;
//! assert_eq!(Migrator::new(&SCHEMA).run_on(&mut conn)?.outcome, Outcome::Created);
//! conn.execute("INSERT INTO notes (text) VALUES ('call back')", [])?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | | |
//! | --- | --- |
//! | [`#[derive(Table)]`](macro@Table) | the attributes of tables and columns |
//! | [`#[derive(ColumnType)]`](macro@ColumnType) | newtypes and enums |
//! | [`schema!`] | what belongs to one schema |
//! | [`migrations!`] | a folder of numbered migrations, compiled into the program |
//! | [`migrates_from_every_release!`] | tests of the releases |
//!
//! The crate has no features.
//!
//! # Inside
//!
//! `attr`, `default` and `ast` parse, `check` judges, `expand`, `values` and `schema` print, `editor` what editors need. All mistakes of one
//! macro call are reported at once, each on the smallest token that shows it; the rest of the item is printed all the same.

mod ast;
mod attr;
mod check;
mod default;
mod editor;
mod embed;
mod errors;
mod expand;
mod releases;
mod schema;
mod values;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Declares a table: one column for each field.
///
/// The column's SQL type is asked of the field's type by the trait `ColumnType`, so aliases, newtypes and enums work;
/// `Option<T>`, and nothing else, makes it nullable. Each field also gets a const of type `Column` in upper case,
/// `Project::ID` for `id`. Structs with lifetimes are fine (write `Task<'_>` in `schema!`, `Task::<'static>::ID` in
/// `references`); type parameters are refused.
///
/// ```
/// use schema_runtime::{ColumnType, Schema, Table, schema};
///
/// #[derive(ColumnType)]
/// enum Status { Pending, Done }
///
/// #[derive(Table)]
/// struct Project {
///     #[column(primary_key)]
///     id: i64,
/// }
///
/// #[derive(Table)]
/// #[table(name = "tasks", strict, index(columns(status, created_at)), check("priority BETWEEN 0 AND 9"))]
/// struct Task {
///     #[column(primary_key)]
///     id: i64,
///     #[column(unique)]
///     slug: String,
///     #[column(default = Status::Pending)]
///     status: Status,
///     #[column(references(Project::ID, on_delete = "cascade"))]
///     project_id: i64,
///     #[column(default = 5)]
///     priority: u8,
///     #[column(renamed_from = "created")]
///     created_at: String,
///     notes: Option<String>,
/// }
///
/// const SCHEMA: Schema = schema! { tables: [Project, Task] };
/// assert_eq!(SCHEMA.tables[1].indexes[0].name, "idx_tasks_status_created_at");
/// ```
///
/// # `#[table(…)]`
///
/// Lists name fields; a column's own name may stand there in quotes.
///
/// | attribute | meaning |
/// | --- | --- |
/// | `name = "tasks"` | the table's name; without it the struct's name in `snake_case` |
/// | `rename_all = "camelCase"` | the case of the columns' names: `lowercase`, `UPPERCASE`, `PascalCase`, `camelCase`, `snake_case`, `SCREAMING_SNAKE_CASE`, `kebab-case`, `SCREAMING-KEBAB-CASE` |
/// | `strict` | a `STRICT` table |
/// | `without_rowid` | a `WITHOUT ROWID` table |
/// | `primary_key(a, b)` | a key of several columns |
/// | `unique(a, b, name = "one")` | a `UNIQUE` constraint |
/// | `index(columns(a desc, b collate "nocase", expr = "lower(x)"), unique, where = "a > 0", name = "by_a")` | an index; without `name` it is `idx_<table>_<columns>`, and one with an expression needs a name |
/// | `check("a > 0", name = "positive")` | a `CHECK` constraint |
/// | `foreign_key(columns(a, b), references(Other, x, y), on_delete = "cascade", on_update = "restrict", deferrable, name = "fk")` | a foreign key of several columns to fields of `Other` |
/// | `renamed_from = "todo"` | a name that the table had; repeat it for more, newest first |
/// | `dropped("colour")` | columns that may be dropped with their data |
/// | `external` | another model owns the table; it is only referred to |
/// | `allow = "L508"`, `allow("L508", "L512")` | lints that find nothing in the table, by the codes of `docs/hazards.md`; also in an `index(…)` |
/// | `column_order = "exact"` | the order of the columns counts; `"any"` is the default |
/// | `crate = "path"` | the path of `schema_runtime`, where it is re-exported |
///
/// # `#[column(…)]`
///
/// | attribute | meaning |
/// | --- | --- |
/// | `name = "createdAt"` | the column's name; without it the field's, in the case of `rename_all` |
/// | `type = "VARCHAR(20)"` | an SQL type name instead of that of the Rust type |
/// | `primary_key` | the primary key |
/// | `autoincrement` | `AUTOINCREMENT`, on an `INTEGER` key |
/// | `unique` | `UNIQUE` |
/// | `index`, `index(unique, where = "a > 0", name = "by_a")` | an index on this column |
/// | `default = 5` | a literal, `NULL`, or the path of a variant or a const: `Status::Pending`, `crate::MAX` |
/// | `default_sql = "CURRENT_TIMESTAMP"` | a default in SQL |
/// | `check("a > 0", name = "positive")`, `check = "a > 0"` | a `CHECK` constraint |
/// | `references(Project::ID, on_delete = "set null", on_update = "cascade", deferrable, name = "fk")` | a foreign key; actions are `no action`, `restrict`, `set null`, `set default`, `cascade` |
/// | `collate = "nocase"` | a collating sequence |
/// | `generated("a + b", stored)` | a generated column; `virtual` is the default |
/// | `renamed_from = "created"` | a name that the column had; repeat it for more, newest first |
/// | `backfill = "lower(name)"` | SQL that fills existing rows when the column is added or made `NOT NULL` |
/// | `convert = "CAST(a AS TEXT)"` | SQL that turns the old value into the new type |
/// | `json` | the value is stored as JSON text, as `Json<T>` is (beside `#[serde(with = "schema_runtime::json")]` where serde reads the row); an `Option` must be written as `Option<…>` |
/// | `skip` | the field is no column |
/// | `allow = "L511"`, `allow("L511", "L512")` | lints that find nothing on the column |
///
/// ```
/// use schema_runtime::{Table, TableDescriptor};
///
/// #[derive(Table)]
/// #[table(without_rowid, primary_key(order, position), rename_all = "camelCase", column_order = "exact")]
/// #[table(index(columns(expr = "lower(label)"), unique, where = "amount > 0", name = "by_label"))]
/// struct Line {
///     order: i64,
///     position: u32,
///     #[column(collate = "nocase", default = "", check("length(label) < 80", name = "short"))]
///     label: String,
///     #[column(default = 1, renamed_from = "count", backfill = "1")]
///     amount: i64,
///     #[column(default_sql = "CURRENT_TIMESTAMP")]
///     created_at: String,
///     #[column(generated("amount * 2", stored))]
///     twice: i64,
///     #[column(json)]
///     tags: Option<Vec<String>>,
///     #[column(skip)]
///     cached: bool,
/// }
///
/// let line: TableDescriptor = Line::DESCRIPTOR;
/// assert_eq!(line.columns[4].name, "createdAt");
/// ```
///
/// # In an editor
/// The words of attributes have documentation of their own, also in parentheses, and rust-analyzer completes them; fields in lists, references and
/// defaults lead to what they name. The const of a field has the first paragraph of the field's documentation. A half-typed attribute is an error of
/// its own: the consts and the impl are there meanwhile.
///
/// # Compile errors
/// Unknown or repeated attributes, names that SQLite takes for the same, reserved names, lists of columns that do not exist, SQL
/// that cannot be read, defaults that do not fit, references to columns of another type or without a key, and renames
/// that clash or form a cycle.
#[proc_macro_derive(Table, attributes(table, column))]
pub fn derive_table(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    let errors = errors::Errors::default();
    let model = ast::Model::read(&input, &errors);
    if let Some(model) = &model {
        check::check(model, &errors);
    }
    match (errors.finish(), &model) {
        (None, Some(model)) => expand::table(model, &input),
        (errors, model) => {
            let stubs = expand::stubs(model.as_ref(), &input);
            quote::quote!(#stubs #errors)
        }
    }
    .into()
}

/// Makes a newtype or a unit enum a type that a column can hold; it also implements rusqlite's `ToSql` and `FromSql`, and
/// does not need serde.
///
/// A newtype is stored as what it holds; `PhantomData` beside it is allowed. It has no `FromSql` where
/// rusqlite cannot read the inner type. As the end of a foreign key a newtype agrees only with itself.
///
/// An enum is stored as text by default: the variant's name in `snake_case`. The column gets a `CHECK` that
/// lists the variants, so a new variant is a change of the schema, found and applied as any other.
///
/// | attribute | on | meaning |
/// | --- | --- | --- |
/// | `text` | enum | stored as text, the default |
/// | `integer` | enum | stored as its discriminant |
/// | `rename_all = "kebab-case"` | enum | the case of the texts, as in `#[table(rename_all)]` |
/// | `rename = "gone"` | variant | this variant's text |
/// | `crate = "path"` | both | the path of `schema_runtime` |
///
/// ```
/// use schema_runtime::{ColumnType, ConstValue};
///
/// #[derive(ColumnType)]
/// struct Email(String);
///
/// #[derive(ColumnType)]
/// #[column_type(text, rename_all = "kebab-case")]
/// enum Status {
///     InProgress,
///     #[column_type(rename = "finished")]
///     Done,
/// }
///
/// #[derive(ColumnType)]
/// #[column_type(integer)]
/// enum Level { Low = 1, High = 10 }
///
/// assert_eq!(Status::VALUES, [ConstValue::Text("in-progress"), ConstValue::Text("finished")]);
/// assert_eq!(Level::VALUES, [ConstValue::Integer(1), ConstValue::Integer(10)]);
/// ```
#[proc_macro_derive(ColumnType, attributes(column_type))]
pub fn derive_column_type(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    values::derive(&input).into()
}

/// Makes a const `Schema` of tables and other objects, checked against each other and fingerprinted at compile time.
///
/// | entry | meaning |
/// | --- | --- |
/// | `tables: [A, B]` | the structs with `#[derive(Table)]`; the one entry that is required |
/// | `name: "main"` | the model's name, where several share a file; `main` by default |
/// | `version: "1.2.0"` | dotted numbers; by default the version of the crate that calls the macro |
/// | `views: ["CREATE VIEW …"]` | views: string literals, or paths of consts |
/// | `triggers: ["CREATE TRIGGER …"]` | triggers |
/// | `virtual_tables: ["CREATE VIRTUAL TABLE …"]` | virtual tables |
/// | `dropped: ["old_table"]` | tables that may be dropped with their data |
/// | `allow: ["L513"]` | lints that find nothing in the whole model |
/// | `crate: path` | the path of `schema_runtime` |
///
/// ```
/// use schema_runtime::{Schema, Table, schema};
///
/// #[derive(Table)]
/// struct Note {
///     #[column(primary_key)]
///     id: i64,
///     body: String,
/// }
///
/// const SEARCH: &str = "CREATE VIRTUAL TABLE search USING fts5(body, content='note', content_rowid='id')";
///
/// pub static SCHEMA: Schema = schema! {
///     name: "notes",
///     version: "1.2.0",
///     tables: [Note],
///     views: ["CREATE VIEW long_note AS SELECT * FROM note WHERE length(body) > 1000"],
///     virtual_tables: [SEARCH],
///     dropped: ["old_note"],
/// };
/// assert_eq!(SCHEMA.version, "1.2.0");
/// ```
///
/// # Compile errors
/// A table that is referred to and not listed, two objects of one name (triggers have names of their own, as in
/// SQLite), a statement of another kind, a reserved name.
#[proc_macro]
pub fn schema(input: TokenStream) -> TokenStream {
    schema::expand(input.into()).into()
}

/// The numbered migrations of a folder beside `Cargo.toml`, compiled into the program: a `Result<Migrations>`.
///
/// ```ignore
/// let migrations = schema_runtime::migrations!("migrations")?;
/// let report = schema_runtime::Migrator::new(&SCHEMA).migrations(migrations).run("app.db")?;
/// ```
///
/// Names, numbers, ways back without a way there, and what may not stand in a migration are mistakes at compile time; the SQL itself SQLite
/// judges when it runs. A file that changes is compiled again; for one that is new cargo must look at the folder, by a `build.rs` of one
/// line:
///
/// ```ignore
/// fn main() { println!("cargo::rerun-if-changed=migrations"); }
/// ```
#[proc_macro]
pub fn migrations(input: TokenStream) -> TokenStream {
    let folder = parse_macro_input!(input as syn::LitStr);
    embed::expand(&folder).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// A test for each released version, `migrates_from_1_2_0` for `schema/1.2.0.json`: from a database of that version, with rows, to the
/// model of today, at once and by every version between, and back. What is held is listed at `schema_runtime::testing::check_release`.
///
/// ```ignore
/// schema_runtime::migrates_from_every_release!(SCHEMA, "schema");
/// schema_runtime::migrates_from_every_release!(migrator(), "schema", fixtures: "tests/fixtures");
/// ```
///
/// The first argument is a model, or an expression of a `Migrator` where there are functions, consents, policies or numbered migrations.
/// The folders are beside `Cargo.toml`; `testing::assert_snapshot` writes the files of the first one. In `fixtures` a version may have databases
/// of its own beside the invented rows: `1.2.0.db`, a copy of one, or `1.2.0.sql`, a dump of one or statements that fill an empty one.
/// `crate: path` is the path of `schema_runtime`.
///
/// A test beside them, `every_release_is_tested`, fails where a version has no file. A file that changes or goes is compiled again; one that is
/// new has its own test after the next compilation, and is tested by `every_release_is_tested` until then. Two models in one program need a module
/// each, since the tests have the same names.
///
/// # Compile errors
/// A folder that cannot be read; one that is not there, or empty, fails `every_release_is_tested` instead, so that the first file can be
/// written. Two versions whose tests would have the same name.
#[proc_macro]
pub fn migrates_from_every_release(input: TokenStream) -> TokenStream {
    let releases = parse_macro_input!(input as releases::Releases);
    releases::expand(&releases).unwrap_or_else(syn::Error::into_compile_error).into()
}
