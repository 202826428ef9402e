//! The catalog as one Rust module: a struct for each table, and the schema of them.

mod comments;
mod defaults;
mod enums;
mod judge;
mod layout;
mod names;
mod records;
mod singular;
mod table;
mod types;

use std::collections::BTreeMap;

use schema_runtime::{Catalog, Faults, TableInfo};
use schema_sql::CreateKind;
use serde::Serialize;

use self::comments::above_tables;
use self::enums::Enums;
use self::judge::{Reason, link, statement_fault, table_fault, trigger_fault};
use self::names::{Names, fields, literal, literal_lines, seen, visible};
use self::records::record_fault;
use self::table::Sketch;
use self::types::{Kinds, Link};
use super::{one_line, without_ours};

/// How the module is written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RustOptions {
    /// The model's name; `main` where none is given.
    pub name: Option<String>,
    /// The model's version, dotted numbers; that of the crate which the module becomes a part of where none is given.
    pub version: Option<String>,
    /// Leaves `CHECK (status IN ('a', 'b'))` a check, and the column a `String`, instead of making an enum.
    pub without_enums: bool,
    /// The scripts that made the database, if there are any, in their order. SQLite does not keep the comment that stands right above a
    /// `CREATE TABLE`; from here it becomes the struct's documentation, as those inside of the statement do.
    pub scripts: Vec<String>,
}

/// A module of Rust, and what it could not say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RustModel {
    /// The module's source, formatted as rustfmt formats it.
    pub text: String,
    /// What the module does not say, in its order. Each is in a comment of the text too.
    pub left_out: Vec<LeftOut>,
}

/// Something of the database that a model does not say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LeftOut {
    /// What it is: ``table `t` ``, or ``table `t`: UNIQUE (a) ON CONFLICT IGNORE``.
    pub object: String,
    /// Why: a clause without a full stop.
    pub reason: String,
    /// Whether the object is no part of the model at all. If not, all of it is there but for what the reason names.
    pub whole: bool,
}

/// `catalog` as a module that compiles as it stands beside a `main` that runs its `SCHEMA`.
///
/// Planned against the database that it was read from, the model changes nothing: types keep their affinity (`type = "…"` is
/// written where the Rust type alone would have another one), and what a model cannot say is left to the database. That is
/// in doc comments and in [`RustModel::left_out`]: conflict clauses, directions and names of keys, `MATCH`, constraints that the
/// derive refuses, views and triggers that do not work, tables in which other tools record their migrations. A new database made
/// from the model lacks it.
///
/// Names follow Rust's customs, `name = "…"` says what they are in the database: types in `UpperCamelCase` of the table's
/// name, in the singular where that is certain; fields in `snake_case`, keywords as `r#type`, and numbers behind what is taken.
/// A column with a check such as `status IN ('a', 'b')` becomes an enum, where it is no part of a foreign key. Comments in the
/// texts become doc comments. `docs/models.md` of the repository shows a module, and has a table of all this.
///
/// ```
/// use schema_cli::inspect::{RustOptions, rust};
/// use schema_runtime::Catalog;
/// use schema_runtime::rusqlite::Connection;
///
/// let conn = Connection::open_in_memory()?;
/// conn.execute_batch("CREATE TABLE tasks (id INTEGER PRIMARY KEY, title TEXT NOT NULL -- as the list shows it\n)")?;
/// let module = rust(&Catalog::read(&conn)?, &RustOptions::default());
/// assert!(module.text.contains(
///     "#[derive(Table)]
/// #[table(name = \"tasks\")]
/// pub struct Task {
///     #[column(primary_key)]
///     pub id: i64,
///     /// as the list shows it
///     pub title: String,
/// }"
/// ));
/// assert!(module.left_out.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn rust(catalog: &Catalog, options: &RustOptions) -> RustModel {
    let catalog = without_ours(catalog);
    let mut module = Module { catalog: &catalog, options, left_out: Vec::new(), comments: Vec::new() };
    let tables = module.tables();
    let mut sketches = module.sketches(&tables);
    for sketch in &mut sketches {
        module.left_out.append(&mut sketch.left_out);
    }
    let schema = module.schema(&sketches);
    module.opaque();
    let Module { left_out, comments, .. } = module;
    let mut blocks = vec![head(&sketches, &left_out)];
    blocks.extend(sketches.iter().map(|sketch| sketch.text.clone()));
    blocks.push(schema);
    blocks.extend(comments);
    RustModel { text: format!("{}\n", blocks.join("\n\n")), left_out }
}

struct Module<'a> {
    catalog: &'a Catalog,
    options: &'a RustOptions,
    left_out: Vec<LeftOut>,
    /// What is not in the model at all, as comments for the end of the module.
    comments: Vec<String>,
}

impl<'a> Module<'a> {
    /// The tables that can be structs.
    fn tables(&mut self) -> Vec<&'a TableInfo> {
        let mut tables = Vec::new();
        for table in &self.catalog.tables {
            match record_fault(table).or_else(|| table_fault(table)) {
                None => tables.push(table),
                Some(reason) => self.leave_out("table", &table.name, reason, &table.to_sql()),
            }
        }
        tables
    }

    fn leave_out(&mut self, kind: &str, name: &str, reason: Reason, sql: &str) {
        let object = format!("{kind} `{}`", one_line(name));
        let mut lines =
            vec![format!("// The {} is not in the model: {}.", seen(&object), seen(&one_line(&reason)))];
        lines.extend(sql.lines().map(|line| format!("//     {}", visible(line)).trim_end().to_owned()));
        self.comments.push(lines.join("\n"));
        self.left_out.push(LeftOut { object, reason, whole: true });
    }

    fn sketches(&mut self, tables: &[&TableInfo]) -> Vec<Sketch> {
        let mut types = Names::default();
        let structs = types.structs(&tables.iter().map(|table| table.name.as_str()).collect::<Vec<_>>());
        let fields: Vec<Vec<String>> = tables
            .iter()
            .map(|table| fields(&table.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>()))
            .collect();
        let mut kinds = Kinds::own(tables);
        let links = united(tables, &mut kinds);
        let ends = links.iter().filter_map(|linked| linked.pairs.as_ref().ok()).flatten();
        let linked = ends.flat_map(|(child, parent)| [*child, *parent]).collect();
        let above = self.options.scripts.iter().flat_map(|script| above_tables(script)).collect();
        let mut context = table::Context {
            tables,
            structs: &structs,
            fields: &fields,
            types: &mut types,
            enums: &mut Enums::default(),
            kinds: &kinds,
            linked: &linked,
            above: &above,
        };
        (0..tables.len())
            .filter_map(|at| {
                let links = links.iter().filter(|link| link.table == at).collect();
                table::sketch(&mut context, at, links, !self.options.without_enums)
            })
            .collect()
    }

    /// `pub const SCHEMA: Schema = schema! { … };`
    fn schema(&mut self, sketches: &[Sketch]) -> String {
        let catalog = self.catalog;
        let mut entries = Vec::new();
        let settings = [("name", &self.options.name), ("version", &self.options.version)];
        for (key, value) in settings {
            entries.extend(value.as_ref().map(|value| format!("    {key}: {},", literal(value))));
        }
        let names: Vec<String> = sketches.iter().map(|sketch| sketch.name.clone()).collect();
        entries.push(list("tables", &names));
        let mut owners: Vec<&str> = sketches.iter().map(|sketch| sketch.table.as_str()).collect();
        let faults = faults(catalog, &owners);
        let fault = |kind, name: &str| faults.get(&(kind, name.to_owned())).cloned();
        let mut views = Vec::new();
        for view in &catalog.views {
            match fault("view", &view.name)
                .or_else(|| statement_fault(&view.sql, &view.name, CreateKind::View))
            {
                None => {
                    owners.push(&view.name);
                    views.push(view.sql.as_str());
                }
                Some(reason) => self.leave_out("view", &view.name, reason, &view.sql),
            }
        }
        let mut virtual_tables = Vec::new();
        for table in &catalog.virtual_tables {
            let stated = || statement_fault(&table.sql, &table.name, CreateKind::VirtualTable);
            match fault("virtual table", &table.name).or_else(stated) {
                None => {
                    owners.push(&table.name);
                    virtual_tables.push(table.sql.as_str());
                }
                Some(reason) => self.leave_out("virtual table", &table.name, reason, &table.sql),
            }
        }
        let mut triggers = Vec::new();
        for trigger in &catalog.triggers {
            match trigger_fault(trigger, &owners).or_else(|| fault("trigger", &trigger.name)) {
                None => triggers.push(trigger.sql.as_str()),
                Some(reason) => self.leave_out("trigger", &trigger.name, reason, &trigger.sql),
            }
        }
        let statements = [("views", views), ("virtual_tables", virtual_tables), ("triggers", triggers)];
        for (key, statements) in statements.into_iter().filter(|(_, statements)| !statements.is_empty()) {
            let lines: Vec<String> =
                statements.iter().map(|sql| format!("        {},\n", literal_lines(sql))).collect();
            entries.push(format!("    {key}: [\n{}    ],", lines.concat()));
        }
        format!("pub const SCHEMA: Schema = schema! {{\n{}\n}};", entries.join("\n"))
    }

    fn opaque(&mut self) {
        for object in &self.catalog.opaque {
            self.leave_out(&object.kind, &object.name, object.reason.clone(), &object.sql);
        }
    }
}

/// Why views, triggers and virtual tables would not work in a database that has of the tables only `owners`, by name. Where that cannot be
/// tried, what is there is taken to work.
fn faults(catalog: &Catalog, owners: &[&str]) -> BTreeMap<(&'static str, String), Reason> {
    let mut modelled = catalog.clone();
    modelled.tables.retain(|table| owners.contains(&table.name.as_str()));
    modelled.opaque.clear();
    let broken = modelled.broken().unwrap_or_default();
    let everywhere = if broken.is_empty() { Faults::default() } else { catalog.broken().unwrap_or_default() };
    let faults = broken.iter().map(|fault| {
        let why = match everywhere.has(&fault) {
            true => "it does not work",
            false => "it does not work without what is left out",
        };
        let (kind, name, reason) = fault;
        ((kind, name.to_owned()), format!("{why}: {reason}"))
    });
    faults.collect()
}

/// A foreign key, by its table's place and its own; its pairs of columns, or why the model cannot have it.
#[derive(Debug)]
pub(super) struct Linked {
    table: usize,
    key: usize,
    pairs: Result<Link, Reason>,
}

/// Every foreign key, after `kinds` gave both of its ends one type.
fn united(tables: &[&TableInfo], kinds: &mut Kinds) -> Vec<Linked> {
    let mut all: Vec<Linked> = Vec::new();
    for (at, table) in tables.iter().enumerate() {
        for (place, key) in table.foreign_keys.iter().enumerate() {
            all.push(Linked { table: at, key: place, pairs: link(tables, at, key) });
        }
    }
    let good: Vec<usize> =
        all.iter().enumerate().filter(|(_, linked)| linked.pairs.is_ok()).map(|(at, _)| at).collect();
    let links: Vec<Link> = all.iter().filter_map(|linked| linked.pairs.as_ref().ok().cloned()).collect();
    for refused in kinds.unite(tables, &links) {
        if let Some(linked) = good.get(refused).and_then(|at| all.get_mut(*at)) {
            let reason = "one of its columns has no declared type, and the other is AUTOINCREMENT: they have no Rust type in common";
            linked.pairs = Err(reason.to_owned());
        }
    }
    all
}

/// `    tables: [A, B],`, or one name a line where that is too long.
fn list(key: &str, names: &[String]) -> String {
    let line = format!("    {key}: [{}],", names.join(", "));
    if line.chars().count() <= 100 {
        return line;
    }
    let lines: Vec<String> = names.iter().map(|name| format!("        {name},\n")).collect();
    format!("    {key}: [\n{}    ],", lines.concat())
}

/// Clippy takes the same column in two lists for the same attribute twice.
const LINTS: [&str; 4] = [
    "clippy::duplicated_attributes",
    "clippy::enum_variant_names",
    "clippy::struct_excessive_bools",
    "clippy::struct_field_names",
];

/// What people write in SQL is no Markdown.
const LINTS_OF_COMMENTS: [&str; 3] =
    ["clippy::doc_lazy_continuation", "clippy::doc_markdown", "rustdoc::bare_urls"];

/// ```text
/// // The names are the database's, and lists may share columns.
/// #![allow(
///     clippy::duplicated_attributes,
/// )]
/// ```
fn allowed(sketches: &[Sketch]) -> String {
    let has_docs = sketches.iter().any(|sketch| sketch.has_docs);
    let said = match has_docs {
        true => "// The names and the comments are the database's, and lists may share columns.",
        false => "// The names are the database's, and lists may share columns.",
    };
    let mut lints = LINTS.to_vec();
    if has_docs {
        lints.extend(LINTS_OF_COMMENTS);
        lints.sort_unstable();
    }
    let lints: Vec<String> = lints.iter().map(|lint| format!("    {lint}")).collect();
    format!("{said}\n#![allow(\n{}\n)]", lints.join(",\n"))
}

fn head(sketches: &[Sketch], left_out: &[LeftOut]) -> String {
    let mut lines = vec!["//! The schema of a database, as it was found.".to_owned()];
    if !left_out.is_empty() {
        lines.push("//!".to_owned());
        lines.push("//! What a model cannot say stands in comments, with its reason. A migration leaves it as it is in the".to_owned());
        lines.push("//! database that this was read from; a new database does not get it.".to_owned());
    }
    lines.push(String::new());
    lines.push(allowed(sketches));
    lines.push(String::new());
    if sketches.iter().any(|sketch| sketch.uses_value) {
        lines.push("use schema_runtime::rusqlite::types::Value;".to_owned());
    }
    let mut names = Vec::new();
    if sketches.iter().any(|sketch| sketch.has_enums) {
        names.push("ColumnType");
    }
    names.push("Schema");
    if !sketches.is_empty() {
        names.push("Table");
    }
    names.push("schema");
    lines.push(format!("use schema_runtime::{{{}}};", names.join(", ")));
    lines.join("\n")
}
