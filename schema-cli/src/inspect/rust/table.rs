//! One table as a struct, with the enums of its columns.

use std::collections::{BTreeMap, BTreeSet};

use schema_runtime::{CheckInfo, ColumnInfo, ForeignKeyInfo, IndexInfo, KeyTermInfo, TableInfo, UniqueInfo};
use schema_sql::{eq_name, fold, idents};

use super::comments::{documented, of_table};
use super::defaults::default_item;
use super::enums::{Enum, Enums, Variants};
use super::judge::{check_fault, has_quoted_texts, index_fault, is_nullable, unique_fault};
use super::layout::{Item, attributes};
use super::names::{Case, Names, constant, declared, literal};
use super::types::{Kind, Kinds, Link, Place, allowed_texts, type_attribute};
use super::{LeftOut, Linked};
use crate::inspect::one_line;

/// A table as it stands in the module.
pub(super) struct Sketch {
    /// The struct's name.
    pub(super) name: String,
    /// The table's name.
    pub(super) table: String,
    /// Its source: enums first.
    pub(super) text: String,
    pub(super) left_out: Vec<LeftOut>,
    pub(super) has_enums: bool,
    pub(super) uses_value: bool,
    /// Comments of people.
    pub(super) has_docs: bool,
}

/// What tables know of each other; all lists are in the order of `tables`.
pub(super) struct Context<'c, 'a> {
    pub(super) tables: &'c [&'a TableInfo],
    pub(super) structs: &'c [String],
    /// Without `r#`.
    pub(super) fields: &'c [Vec<String>],
    pub(super) types: &'c mut Names,
    pub(super) enums: &'c mut Enums,
    pub(super) kinds: &'c Kinds,
    /// Where foreign keys start and end: such a column's type is the other end's too.
    pub(super) linked: &'c BTreeSet<Place>,
    /// The comments above tables, by folded name.
    pub(super) above: &'c BTreeMap<String, Vec<String>>,
}

/// The table at this place; `None` where there is none.
pub(super) fn sketch(
    context: &mut Context<'_, '_>,
    at: usize,
    links: Vec<&Linked>,
    enums: bool,
) -> Option<Sketch> {
    let table = *context.tables.get(at)?;
    let (name, fields) = (context.structs.get(at)?, context.fields.get(at)?);
    let mut comments = of_table(table);
    if let Some(above) = context.above.get(&fold(&table.name)) {
        comments.table.splice(0..0, above.iter().cloned());
    }
    let columns = table.columns.iter().zip(fields).enumerate().zip(comments.columns);
    let columns = columns
        .map(|((place, (column, field)), comments)| Column {
            info: column,
            field,
            kind: context.kinds.get((at, place)),
            items: Vec::new(),
            calls: Vec::new(),
            notes: Vec::new(),
            comments,
            variants: Vec::new(),
        })
        .collect();
    let mut draft = Draft {
        table,
        name,
        columns,
        items: Vec::new(),
        notes: Vec::new(),
        comments: comments.table,
        left_out: Vec::new(),
        enums: Vec::new(),
    };
    let rename_all = draft.names();
    if enums {
        draft.make_enums(at, context);
    }
    let enum_checks: Vec<bool> = draft.enum_checks();
    draft.columns();
    draft.primary_key();
    draft.uniques();
    draft.checks(&enum_checks);
    draft.foreign_keys(context, &links);
    draft.indexes();
    if has_quoted_texts(table) {
        draft.items.push(Item::text("allow", "L510"));
    }
    Some(draft.print(rename_all))
}

struct Column<'a> {
    info: &'a ColumnInfo,
    field: &'a str,
    kind: Kind,
    /// Plain items, then lists: that is how they are printed.
    items: Vec<Item>,
    calls: Vec<Item>,
    notes: Vec<String>,
    /// Of people.
    comments: Vec<String>,
    /// Of its enum.
    variants: Variants,
}

struct Draft<'a> {
    table: &'a TableInfo,
    name: &'a str,
    columns: Vec<Column<'a>>,
    items: Vec<Item>,
    notes: Vec<String>,
    /// Of people.
    comments: Vec<String>,
    left_out: Vec<LeftOut>,
    enums: Vec<String>,
}

/// Something that the model does not say: where its comment stands, what it is, why.
struct Unsaid<'s> {
    /// The field that it is about, or the struct.
    column: Option<&'s str>,
    sql: String,
    reason: String,
    whole: bool,
}

impl<'a> Draft<'a> {
    fn note(&mut self, unsaid: Unsaid<'_>) {
        let sql = one_line(&unsaid.sql);
        let object = match unsaid.column {
            Some(column) => format!("column `{}`.`{}`: {sql}", one_line(&self.table.name), one_line(column)),
            None => format!("table `{}`: {sql}", one_line(&self.table.name)),
        };
        let rest = if unsaid.whole { "not in the model" } else { "in part" };
        let line = format!("`{}`, {rest}: {}.", sql.replace('`', "'"), one_line(&unsaid.reason));
        let place = unsaid
            .column
            .and_then(|name| self.columns.iter_mut().find(|column| eq_name(&column.info.name, name)));
        match place {
            Some(column) => column.notes.push(line),
            None => self.notes.push(line),
        }
        self.left_out.push(LeftOut { object, reason: unsaid.reason, whole: unsaid.whole });
    }

    fn column(&mut self, name: &str) -> Option<&mut Column<'a>> {
        self.columns.iter_mut().find(|column| eq_name(&column.info.name, name))
    }

    /// A column of this table, as a list names it.
    fn field(&self, name: &str) -> Item {
        let column = self.columns.iter().find(|column| eq_name(&column.info.name, name));
        Item::leaf(column.map_or(name, |column| column.field))
    }

    /// Says what each column is called, with `rename_all` where that saves words; returns its rule.
    fn names(&mut self) -> Option<&'static str> {
        let needed = |rule: Option<Case>, column: &Column<'_>| {
            let derived = rule.map_or_else(|| column.field.to_owned(), |rule| rule.apply(column.field));
            // Rust puts names that are not ASCII into a normal form, which need not be the column's.
            derived != column.info.name || !derived.is_ascii()
        };
        let count = |rule| self.columns.iter().filter(|column| needed(rule, column)).count();
        let plain = count(None);
        let best = Case::ALL.into_iter().min_by_key(|(_, rule)| count(Some(*rule)));
        let best = best.filter(|(_, rule)| count(Some(*rule)) + 1 < plain);
        for column in &mut self.columns {
            if needed(best.map(|(_, rule)| rule), column) {
                column.items.push(Item::text("name", &column.info.name));
            }
        }
        best.map(|(name, _)| name)
    }

    /// Makes an enum of each text column with a check of the form that the derive writes, and no foreign key.
    fn make_enums(&mut self, at: usize, context: &mut Context<'_, '_>) {
        let table = self.table;
        for (place, column) in self.columns.iter_mut().enumerate() {
            if column.kind != Kind::Text || context.linked.contains(&(at, place)) {
                continue;
            }
            let texts = table.checks.iter().find_map(|check| allowed_texts(check, column.info));
            let Some(texts) = texts else { continue };
            let Enum { name, variants, text } =
                context.enums.of(context.types, self.name, column.field, texts);
            column.variants = variants;
            column.kind = Kind::Enum(name);
            self.enums.extend(text);
        }
    }

    /// Which checks an enum stands for.
    fn enum_checks(&self) -> Vec<bool> {
        let mut done = Vec::new();
        self.table
            .checks
            .iter()
            .map(|check| {
                let of = |column: &&Column<'_>| {
                    !column.variants.is_empty() && allowed_texts(check, column.info).is_some()
                };
                match self.columns.iter().find(of) {
                    Some(column) if !done.contains(&column.field) => {
                        done.push(column.field);
                        true
                    }
                    _ => false,
                }
            })
            .collect()
    }

    fn columns(&mut self) {
        let table = self.table;
        let mut unsaid = Vec::new();
        for column in &mut self.columns {
            let info = column.info;
            if let Some(name) = type_attribute(table, info, &column.kind) {
                column.items.push(Item::text("type", name));
            }
            if let Some(rule) = &info.generated {
                let kind = rule.stored.then(|| Item::leaf("stored"));
                column.calls.push(Item::Call(
                    "generated",
                    std::iter::once(Item::leaf(literal(&rule.expr))).chain(kind).collect(),
                ));
            } else if let Some(text) = &info.default {
                let nullable = is_nullable(table, info);
                column.items.push(default_item(text, &column.kind, nullable, &column.variants));
            }
            if let Some(collation) = &info.collation {
                column.items.push(Item::text("collate", collation));
            }
            let Some(rule) = &info.not_null else { continue };
            let name = rule.name.as_ref().map(|name| format!("CONSTRAINT {name} ")).unwrap_or_default();
            let conflict = conflict_words(rule.conflict.as_deref());
            if !name.is_empty() || !conflict.is_empty() {
                unsaid.push((info.name.as_str(), format!("{name}NOT NULL{conflict}")));
            }
        }
        for (column, sql) in unsaid {
            let reason = "a model gives NOT NULL no name and no conflict clause".to_owned();
            self.note(Unsaid { column: Some(column), sql, reason, whole: false });
        }
    }

    fn primary_key(&mut self) {
        let Some(key) = &self.table.primary_key else { return };
        match key.terms.as_slice() {
            [term] => {
                if let Some(column) = self.column(&term.column) {
                    let place = usize::from(
                        matches!(column.items.first(), Some(Item::Leaf(text)) if text.starts_with("name = ")),
                    );
                    let flags =
                        ["primary_key"].into_iter().chain(key.autoincrement.then_some("autoincrement"));
                    for (at, flag) in flags.enumerate() {
                        column.items.insert(place + at, Item::leaf(flag));
                    }
                }
            }
            terms => {
                let columns = terms.iter().map(|term| self.field(&term.column)).collect();
                self.items.push(Item::Call("primary_key", columns));
            }
        }
        let unsaid = [
            (key.name.is_some(), "no name"),
            (key.terms.iter().any(|term| term.desc), "no direction"),
            (key.conflict.is_some(), "no conflict clause"),
        ];
        let unsaid: Vec<&str> =
            unsaid.into_iter().filter(|(there, _)| *there).map(|(_, what)| what).collect();
        if !unsaid.is_empty() {
            let name = key.name.as_ref().map(|name| format!("CONSTRAINT {name} ")).unwrap_or_default();
            let conflict = conflict_words(key.conflict.as_deref());
            let sql = format!("{name}PRIMARY KEY ({}){conflict}", terms_sql(&key.terms));
            let reason = format!("a model gives a key {}", unsaid.join(" and "));
            self.note(Unsaid { column: None, sql, reason, whole: false });
        }
    }

    fn uniques(&mut self) {
        let mut single: Vec<&str> = Vec::new();
        for unique in &self.table.uniques {
            let sql = unique_sql(unique);
            if let Some(reason) = unique_fault(unique) {
                self.note(Unsaid { column: None, sql, reason, whole: true });
                continue;
            }
            match (unique.terms.as_slice(), &unique.name) {
                ([term], None) if !single.contains(&term.column.as_str()) => {
                    single.push(&term.column);
                    if let Some(column) = self.column(&term.column) {
                        column.items.push(Item::leaf("unique"));
                    }
                }
                (terms, name) => {
                    let columns = terms.iter().map(|term| self.field(&term.column));
                    let items = columns.chain(name.as_ref().map(|name| Item::text("name", name))).collect();
                    self.items.push(Item::Call("unique", items));
                }
            }
            if unique.conflict.is_some() {
                let reason = "a model gives a constraint no conflict clause".to_owned();
                self.note(Unsaid { column: None, sql, reason, whole: false });
            }
        }
    }

    fn checks(&mut self, enums: &[bool]) {
        for (check, _) in self.table.checks.iter().zip(enums).filter(|(_, of_enum)| !**of_enum) {
            if let Some(reason) = check_fault(&check.expr) {
                let sql = format!("CHECK ({})", check.expr);
                self.note(Unsaid { column: None, sql, reason, whole: true });
                continue;
            }
            let text = literal(&check.expr);
            let name = check.name.as_ref().map(|name| Item::text("name", name));
            let list = |name| Item::Call("check", vec![Item::leaf(text.clone()), name]);
            match (self.only_column(check), name) {
                (Some(column), None) => column.items.push(Item::leaf(format!("check = {text}"))),
                (Some(column), Some(name)) => column.calls.push(list(name)),
                (None, None) => self.items.push(Item::Call("check", vec![Item::leaf(text)])),
                (None, Some(name)) => self.items.push(list(name)),
            }
        }
    }

    /// The one column that a check names.
    fn only_column(&mut self, check: &CheckInfo) -> Option<&mut Column<'a>> {
        let names = idents(&check.expr).ok()?;
        let mut named = self
            .columns
            .iter_mut()
            .filter(|column| names.iter().any(|name| eq_name(name, &column.info.name)));
        let first = named.next()?;
        named.next().is_none().then_some(first)
    }

    fn foreign_keys(&mut self, context: &Context<'_, '_>, links: &[&Linked]) {
        let mut referring: Vec<&str> = Vec::new();
        for linked in links {
            let Some(key) = self.table.foreign_keys.get(linked.key) else { continue };
            let pairs = match &linked.pairs {
                Ok(pairs) => pairs,
                Err(reason) => {
                    let (sql, reason) = (foreign_key_sql(key), reason.clone());
                    self.note(Unsaid { column: None, sql, reason, whole: true });
                    continue;
                }
            };
            let Some((parent, to)) = parent(context, pairs) else { continue };
            let actions = actions(key);
            match (key.columns.as_slice(), to.as_slice()) {
                ([column], [to]) if !referring.contains(&column.as_str()) => {
                    referring.push(column);
                    let path = Item::leaf(format!("{parent}::{}", constant(to)));
                    let items = std::iter::once(path).chain(actions).collect();
                    if let Some(column) = self.column(column) {
                        column.calls.push(Item::Call("references", items));
                    }
                }
                (columns, to) => {
                    let columns = columns.iter().map(|column| self.field(column)).collect();
                    let to = std::iter::once(Item::leaf(parent)).chain(to.iter().map(Item::leaf)).collect();
                    let ends = [Item::Call("columns", columns), Item::Call("references", to)];
                    self.items.push(Item::Call("foreign_key", ends.into_iter().chain(actions).collect()));
                }
            }
            if key.match_name.is_some() {
                let reason = "a model has no MATCH, which has no effect".to_owned();
                self.note(Unsaid { column: None, sql: foreign_key_sql(key), reason, whole: false });
            }
        }
    }

    fn indexes(&mut self) {
        for index in &self.table.indexes {
            if let Some(reason) = index_fault(index) {
                self.note(Unsaid { column: None, sql: index.sql.clone(), reason, whole: true });
                continue;
            }
            let mut options = Vec::new();
            if index.unique {
                options.push(Item::leaf("unique"));
            }
            options.extend(index.filter.as_ref().map(|filter| Item::text("where", filter)));
            if index.name != self.derived_index_name(index) {
                options.push(Item::text("name", &index.name));
            }
            match index.terms.as_slice() {
                [term] if !term.is_expr && term.collation.is_none() && !term.desc => {
                    let Some(column) = self.column(&term.term) else { continue };
                    match options.as_slice() {
                        [] => column.items.push(Item::leaf("index")),
                        _ => column.calls.push(Item::Call("index", options)),
                    }
                }
                terms => {
                    let terms = terms.iter().map(|term| {
                        let base = match (term.is_expr, self.field(&term.term)) {
                            (false, Item::Leaf(field)) => field,
                            _ => format!("expr = {}", literal(&term.term)),
                        };
                        let collation = term.collation.as_deref();
                        let collate = collation.map(|name| format!(" collate {}", literal(name)));
                        let desc = if term.desc { " desc" } else { "" };
                        Item::leaf(format!("{base}{}{desc}", collate.unwrap_or_default()))
                    });
                    let terms = Item::Call("columns", terms.collect());
                    self.items.push(Item::Call("index", std::iter::once(terms).chain(options).collect()));
                }
            }
        }
    }

    /// The name that the derive gives an index without one; none where it asks for one.
    fn derived_index_name(&self, index: &IndexInfo) -> String {
        if index.terms.iter().any(|term| term.is_expr) {
            return String::new();
        }
        let columns: Vec<&str> = index.terms.iter().map(|term| term.term.as_str()).collect();
        format!("idx_{}_{}", self.table.name, columns.join("_"))
    }

    fn print(self, rename_all: Option<&str>) -> Sketch {
        let table = self.table;
        let mut lines = documented(&self.comments, &self.notes);
        // The derive's own name for the table, of which the struct's name is made.
        let derived = Case::Snake.apply(self.name);
        let mut items = Vec::new();
        if derived != table.name || !derived.is_ascii() {
            items.push(Item::text("name", &table.name));
        }
        items.extend(rename_all.map(|rule| Item::text("rename_all", rule)));
        items.extend(table.strict.then(|| Item::leaf("strict")));
        items.extend(table.without_rowid.then(|| Item::leaf("without_rowid")));
        items.extend(self.items);
        lines.push("#[derive(Table)]".to_owned());
        lines.extend(attributes("table", items, 0));
        lines.push(format!("pub struct {} {{", self.name));
        let (mut uses_value, has_enums) = (false, !self.enums.is_empty());
        let mut has_docs = !self.comments.is_empty();
        for column in self.columns {
            uses_value |= column.kind == Kind::Any;
            has_docs |= !column.comments.is_empty();
            let docs = documented(&column.comments, &column.notes);
            lines.extend(docs.iter().map(|line| format!("    {line}")));
            let items = column.items.into_iter().chain(column.calls).collect();
            lines.extend(attributes("column", items, 4));
            let ty = column.kind.rust();
            let ty = if is_nullable(table, column.info) { format!("Option<{ty}>") } else { ty.to_owned() };
            lines.push(format!("    pub {}: {ty},", declared(column.field)));
        }
        lines.push("}".to_owned());
        let mut blocks = self.enums;
        blocks.push(lines.join("\n"));
        Sketch {
            name: self.name.to_owned(),
            table: table.name.clone(),
            text: blocks.join("\n\n"),
            left_out: self.left_out,
            has_enums,
            uses_value,
            has_docs,
        }
    }
}

/// The parent's struct, and its fields that the key refers to.
fn parent(context: &Context<'_, '_>, pairs: &Link) -> Option<(String, Vec<String>)> {
    let (_, (at, _)) = pairs.first()?;
    let fields = context.fields.get(*at)?;
    let to = pairs.iter().map(|(_, (_, column))| fields.get(*column).cloned()).collect::<Option<_>>()?;
    Some((context.structs.get(*at)?.clone(), to))
}

fn actions(key: &ForeignKeyInfo) -> Vec<Item> {
    let mut items = Vec::new();
    for (word, action) in [("on_delete", &key.on_delete), ("on_update", &key.on_update)] {
        if action != "NO ACTION" {
            items.push(Item::text(word, &action.to_lowercase()));
        }
    }
    items.extend(key.deferred.then(|| Item::leaf("deferrable")));
    items.extend(key.name.as_ref().map(|name| Item::text("name", name)));
    items
}

fn conflict_words(conflict: Option<&str>) -> String {
    conflict.map(|conflict| format!(" ON CONFLICT {conflict}")).unwrap_or_default()
}

fn terms_sql(terms: &[KeyTermInfo]) -> String {
    let term = |term: &KeyTermInfo| {
        let collation = term.collation.as_ref().map(|name| format!(" COLLATE {name}")).unwrap_or_default();
        format!("{}{collation}{}", term.column, if term.desc { " DESC" } else { "" })
    };
    terms.iter().map(term).collect::<Vec<_>>().join(", ")
}

fn unique_sql(unique: &UniqueInfo) -> String {
    let name = unique.name.as_ref().map(|name| format!("CONSTRAINT {name} ")).unwrap_or_default();
    format!("{name}UNIQUE ({}){}", terms_sql(&unique.terms), conflict_words(unique.conflict.as_deref()))
}

fn foreign_key_sql(key: &ForeignKeyInfo) -> String {
    let to = if key.to.is_empty() { String::new() } else { format!(" ({})", key.to.join(", ")) };
    let matched = key.match_name.as_ref().map(|name| format!(" MATCH {name}")).unwrap_or_default();
    format!("FOREIGN KEY ({}) REFERENCES {}{to}{matched}", key.columns.join(", "), key.table)
}
