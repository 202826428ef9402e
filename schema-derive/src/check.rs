//! Judges a model: every mistake that one struct shows by itself, each on the smallest span and with its remedy.

use std::collections::{HashMap, HashSet};

use proc_macro2::Span;
use schema_sql::token::{eq_name, fold};
use schema_sql::{quoted_texts, unknown_columns};
use syn::LitStr;

use crate::ast::{Field, Model};
use crate::attr::{ActionsAttr, ColumnRef, Term};
use crate::default::DefaultValue;
use crate::errors::{Errors, list};

/// Adds every mistake of `model` to `errors`.
pub(crate) fn check(model: &Model, errors: &Errors) {
    let judge = Judge { model, errors };
    judge.names();
    judge.keys();
    judge.lists();
    judge.indexes();
    judge.table_options();
    for field in &model.fields {
        judge.column(field);
        judge.column_sql(field);
    }
    judge.table_sql();
    judge.allowed();
    judge.column_renames();
    judge.table_renames();
}

/// Whether the name belongs to SQLite or to us.
pub(crate) fn reserved(name: &str) -> bool {
    let name = fold(name);
    name.starts_with("sqlite_")
        || name.starts_with("__schema_")
        || name == "migration_history"
        || name == "migration_state"
}

pub(crate) const RESERVED: &str = "`sqlite_…`, `__schema_…`, `migration_history` and `migration_state` belong to SQLite and to this library";

/// The lint of expressions whose double-quoted words are no columns: what it allows is for the runtime to look at.
const UNKNOWN_COLUMN: &str = "L510";

struct Judge<'a> {
    model: &'a Model,
    errors: &'a Errors,
}

impl Judge<'_> {
    fn names(&self) {
        let model = self.model;
        if reserved(&model.name) {
            self.errors
                .at(model.name_span, format!("the table name `{}` is reserved: {RESERVED}", model.name));
        }
        if model.name.is_empty() || model.name.contains('\0') {
            self.errors.at(model.name_span, "a table's name must not be empty or hold a NUL character");
        }
        let mut seen: HashMap<String, &Field> = HashMap::new();
        for field in &model.fields {
            if field.name.is_empty() || field.name.contains('\0') {
                self.errors.at(field.name_span, "a column's name must not be empty or hold a NUL character");
            }
            if fold(&field.name).starts_with("__schema_") {
                self.errors
                    .at(field.name_span, format!("the column name `{}` is reserved: {RESERVED}", field.name));
            }
            if let Some(other) = seen.insert(fold(&field.name), field) {
                let message = format!(
                    "the columns `{}` and `{}` have the same name for SQLite, which compares without case; rename one with `#[column(name = \"…\")]`",
                    other.name, field.name
                );
                self.errors.at(field.name_span, message);
            }
        }
        if model.fields.is_empty() {
            self.errors
                .at(model.name_span, "a table has at least one column; add a field that is not skipped");
        } else if model.fields.iter().all(|field| field.attrs.generated.is_some()) {
            self.errors.at(
                model.name_span,
                "a table has at least one column that is not generated; add a plain field",
            );
        }
    }

    fn keys(&self) {
        let (model, errors) = (self.model, self.errors);
        let flags: Vec<Span> = model.fields.iter().filter_map(|field| field.attrs.primary_key).collect();
        let table_key = model.attrs.primary_key.is_some();
        for (at, span) in flags.iter().enumerate() {
            if table_key {
                errors.at(*span, "the table has a `primary_key(…)` already; remove this `primary_key`");
            } else if at > 0 {
                errors.at(*span, "a second `primary_key`; for a key of several columns write `#[table(primary_key(a, b))]`");
            }
        }
        if let (Some(span), true) = (model.attrs.without_rowid, flags.is_empty() && !table_key) {
            errors.at(span, "a `without_rowid` table needs a primary key; mark a field `#[column(primary_key)]` or write `primary_key(…)`");
        }
        for field in &model.fields {
            self.autoincrement(field);
        }
    }

    fn autoincrement(&self, field: &Field) {
        let Some(span) = field.attrs.autoincrement else { return };
        let key = self.model.key();
        if !matches!(key.as_slice(), [one] if one.field == field.field) {
            self.errors.at(span, "`autoincrement` is for a column that alone is the primary key; add `primary_key` to the column, or remove `autoincrement`");
        } else if self.model.attrs.without_rowid.is_some() {
            self.errors.at(span, "a `without_rowid` table has no `autoincrement`; remove one of the two");
        } else if field.attrs.type_name.as_ref().is_some_and(|name| !eq_name(&name.value(), "INTEGER")) {
            self.errors.at(span, "`autoincrement` needs a key of the SQL type `INTEGER`; remove `type`, or remove `autoincrement`");
        }
    }

    /// The columns of `columns` exist, once each.
    fn columns(&self, columns: &[ColumnRef], what: &str, span: Span) {
        if columns.is_empty() {
            self.errors
                .at(span, format!("{what} names at least one column; write the fields in parentheses"));
        }
        let mut seen = HashSet::new();
        for column in columns {
            match self.model.field(column) {
                None => {
                    let kind = if column.quoted { "column" } else { "field" };
                    let known =
                        list(self.model.fields.iter().map(|field| {
                            if column.quoted { field.name.as_str() } else { field.field.as_str() }
                        }));
                    self.errors.at(
                        column.span,
                        format!(
                            "{what} is on the {kind} `{}`, which does not exist; expected one of {known}",
                            column.text
                        ),
                    );
                }
                Some(field) if !seen.insert(&field.field) => {
                    self.errors.at(column.span, format!("{what} names `{}` twice; remove one", column.text));
                }
                Some(_) => {}
            }
        }
    }

    fn lists(&self) {
        let attrs = &self.model.attrs;
        if let Some(key) = &attrs.primary_key {
            self.columns(&key.columns, "the primary key", key.span);
            for column in &key.columns {
                if self.model.field(column).is_some_and(|field| field.attrs.generated.is_some()) {
                    self.errors.at(
                        column.span,
                        "a generated column cannot be part of the primary key; choose another column",
                    );
                }
            }
        }
        for unique in &attrs.uniques {
            self.columns(&unique.columns, "the unique constraint", unique.span);
        }
        for key in &attrs.foreign_keys {
            self.columns(&key.columns, "the foreign key", key.span);
            if key.columns.len() != key.to.len() {
                let message = format!(
                    "the foreign key has {} columns here and {} in the other table; write as many in `columns(…)` as behind the table in `references(…)`",
                    key.columns.len(),
                    key.to.len()
                );
                self.errors.at(key.span, message);
            }
            self.actions(&key.actions);
        }
    }

    fn indexes(&self) {
        let mut names: HashSet<String> = HashSet::new();
        for index in self.model.indexes() {
            let columns = index.terms.iter().filter(|term| matches!(term.term, Term::Column(_))).count();
            if index.terms.is_empty() {
                self.errors.at(index.span, "the index has no columns; write `index(columns(a, b))`");
            }
            for term in &index.terms {
                match &term.term {
                    Term::Column(column) => {
                        self.columns(std::slice::from_ref(column), "the index", index.span)
                    }
                    Term::Expr(expr) => self.own_expr(expr, &index.allow),
                }
            }
            if let Some(filter) = &index.filter {
                self.own_expr(filter, &index.allow);
            }
            let span = index.name.as_ref().map_or(index.span, LitStr::span);
            if columns != index.terms.len() && index.name.is_none() {
                self.errors.at(span, "an index on an expression has no name of its own; add `name = \"…\"`");
                continue;
            }
            let name = self.model.index_name(index);
            if reserved(&name) {
                self.errors.at(span, format!("the index name `{name}` is reserved: {RESERVED}"));
            }
            if eq_name(&name, &self.model.name) {
                self.errors.at(
                    span,
                    format!(
                        "the index `{name}` has the name of its table; give it another with `name = \"…\"`"
                    ),
                );
            }
            if !names.insert(fold(&name)) {
                self.errors.at(
                    span,
                    format!("a second index `{name}`; give one of them another name with `name = \"…\"`"),
                );
            }
        }
    }

    fn table_options(&self) {
        if let Some(order) = &self.model.attrs.column_order {
            if !matches!(order.value().as_str(), "exact" | "any") {
                self.errors.at(
                    order.span(),
                    format!("unknown column order `{}`; expected `exact` or `any`", order.value()),
                );
            }
        }
        let mut seen = HashSet::new();
        for name in &self.model.attrs.dropped {
            if self.model.fields.iter().any(|field| eq_name(&field.name, &name.value())) {
                self.errors.at(
                    name.span(),
                    format!(
                        "`{}` is still a column; remove the field, or remove it from `dropped`",
                        name.value()
                    ),
                );
            }
            if !seen.insert(fold(&name.value())) {
                self.errors.at(name.span(), format!("`{}` is dropped twice; remove one", name.value()));
            }
        }
    }

    fn actions(&self, actions: &ActionsAttr) {
        for action in actions.on_delete.iter().chain(&actions.on_update) {
            if reference_action(&action.value()).is_none() {
                let known = list(ACTIONS.iter().map(|(name, _)| *name));
                self.errors.at(
                    action.span(),
                    format!("unknown action `{}`; expected one of {known}", action.value()),
                );
            }
        }
    }

    fn column(&self, field: &Field) {
        let (attrs, errors) = (&field.attrs, self.errors);
        if let Some(references) = &attrs.references {
            self.actions(&references.actions);
        }
        if let (Some(default), Some(_)) = (&attrs.default, &attrs.default_sql) {
            errors.at(default.span, "a column has one default; remove `default` or `default_sql`");
        }
        if let Some(generated) = &attrs.generated {
            let default =
                attrs.default.as_ref().map(|it| it.span).or(attrs.default_sql.as_ref().map(LitStr::span));
            if let Some(span) = default {
                errors.at(span, "a generated column has no default; remove it, or remove `generated`");
            }
            if let Some(span) = attrs.primary_key {
                errors.at(span, "a generated column cannot be the primary key; remove `primary_key`, or remove `generated`");
            }
            for sql in attrs.backfill.iter().chain(&attrs.convert) {
                errors.at(
                    sql.span(),
                    "a generated column is computed, not filled; remove this, or remove `generated`",
                );
            }
            self.own_expr(&generated.expr, &attrs.allow);
        }
        let Some(name) = &attrs.type_name else { return };
        let sql = format!("CREATE TABLE t(c {})", name.value());
        let plain = schema_sql::split_create_table(&sql).is_ok_and(|table| {
            matches!(table.columns.as_slice(), [one] if one.constraints.is_empty() && !one.type_name.is_empty())
                && table.constraints.is_empty()
        });
        if !plain {
            errors.at(
                name.span(),
                format!(
                    "`{}` is no SQL type name; expected words such as `VARCHAR(20)`, without constraints",
                    name.value()
                ),
            );
        } else if self.model.attrs.strict.is_some()
            && !STRICT.iter().any(|known| eq_name(known, &name.value()))
        {
            let message = format!(
                "a STRICT table does not know the type `{}`; expected one of {}, or remove `strict`",
                name.value(),
                list(STRICT)
            );
            errors.at(name.span(), message);
        }
    }

    fn column_sql(&self, field: &Field) {
        let attrs = &field.attrs;
        for check in &attrs.checks {
            self.own_expr(&check.expr, &[]);
        }
        for sql in attrs.backfill.iter().chain(&attrs.convert) {
            self.expr(sql);
        }
        if let Some(sql) = &attrs.default_sql {
            self.expr(sql);
            let is_value = |name: &str| ["true", "false"].iter().any(|it| eq_name(it, name));
            for name in unknown_columns(&sql.value(), &is_value) {
                let message = format!(
                    "a default cannot name a column, and `{name}` is neither a value nor a call; a text has single quotes: `'{name}'`"
                );
                self.errors.at(sql.span(), message);
            }
        }
        if let Some(collation) = attrs.collate.as_ref().filter(|name| name.value().is_empty()) {
            self.errors.at(
                collation.span(),
                "a collation has a name, such as `nocase`; write it, or remove `collate`",
            );
        }
    }

    fn table_sql(&self) {
        for check in &self.model.attrs.checks {
            self.own_expr(&check.expr, &[]);
        }
    }

    /// Each code once at each place; whether it is one the compiler asks of the runtime.
    fn allowed(&self) {
        let attrs = &self.model.attrs;
        let columns = self.model.fields.iter().map(|field| &field.attrs.allow);
        let indexes = self.model.indexes().map(|index| &index.allow);
        for codes in columns.chain(indexes).chain([&attrs.allow]) {
            for (at, code) in codes.iter().enumerate() {
                if codes.iter().take(at).any(|other| other.value() == code.value()) {
                    self.errors.at(code.span(), format!("`{}` is allowed twice; remove one", code.value()));
                }
            }
        }
    }

    /// Whether the text is one SQL expression.
    fn expr(&self, sql: &LitStr) -> bool {
        let fault = schema_sql::check_expr(&sql.value()).err();
        if let Some(error) = &fault {
            self.errors.at(sql.span(), format!("this is no SQL expression: {error}"));
        }
        fault.is_none()
    }

    /// The text is one SQL expression, and names only columns of this table. `allowed` are the codes of its place.
    fn own_expr(&self, sql: &LitStr, allowed: &[LitStr]) {
        if !self.expr(sql) {
            return;
        }
        let is_field = |name: &str| {
            self.model.fields.iter().any(|field| eq_name(&field.name, name))
                || ["rowid", "oid", "_rowid_"].iter().any(|it| eq_name(it, name))
        };
        let is_column = |name: &str| is_field(name) || ["true", "false"].iter().any(|it| eq_name(it, name));
        let known = || list(self.model.fields.iter().map(|field| field.name.as_str()));
        for name in unknown_columns(&sql.value(), &is_column) {
            let message = format!(
                "the expression names the column `{name}`, which does not exist; expected one of {}",
                known()
            );
            self.errors.at(sql.span(), message);
        }
        if allowed.iter().chain(&self.model.attrs.allow).any(|code| eq_name(&code.value(), UNKNOWN_COLUMN)) {
            return;
        }
        for name in quoted_texts(&sql.value(), &is_field) {
            let message = format!(
                "the expression names the column `\"{name}\"`, which does not exist, so that SQLite takes it for a text; expected one of {}, or `{}` for a text",
                known(),
                schema_sql::quote_str(&name)
            );
            self.errors.at(sql.span(), message);
        }
    }

    fn column_renames(&self) {
        let mut taken: HashMap<String, &Field> = HashMap::new();
        for field in &self.model.fields {
            for old in &field.attrs.renamed_from {
                let name = old.value();
                if eq_name(&name, &field.name) {
                    self.errors.at(old.span(), format!("`{}` is renamed from its own name; remove it: a change of case alone needs no `renamed_from`", field.name));
                } else if let Some(other) = taken.insert(fold(&name), field) {
                    let message = if other.field == field.field {
                        format!("`{name}` is given twice; remove one")
                    } else {
                        format!(
                            "`{}` and `{}` are both renamed from `{name}`; only one column can be: remove the other",
                            other.name, field.name
                        )
                    };
                    self.errors.at(old.span(), message);
                }
            }
        }
        for field in &self.model.fields {
            for old in &field.attrs.renamed_from {
                let Some(current) = self.model.fields.iter().find(|it| eq_name(&it.name, &old.value()))
                else {
                    continue;
                };
                if current.field == field.field {
                    continue;
                }
                if self.leads_back(current, field) {
                    let message = format!(
                        "the renames of `{}` and `{}` form a cycle; rename one of them through a third name, over two versions",
                        current.name, field.name
                    );
                    self.errors.at(old.span(), message);
                } else if current.attrs.renamed_from.is_empty() {
                    let message = format!(
                        "`{}` is renamed from `{}`, which is still a column; remove `renamed_from`, or the field `{}`",
                        field.name, current.name, current.field
                    );
                    self.errors.at(old.span(), message);
                }
            }
        }
    }

    /// Whether the renames that start at `from` come to `to`.
    fn leads_back(&self, from: &Field, to: &Field) -> bool {
        let (mut seen, mut open) = (HashSet::new(), vec![from]);
        while let Some(field) = open.pop() {
            if field.field == to.field {
                return true;
            }
            if seen.insert(&field.field) {
                let olds = &field.attrs.renamed_from;
                let next = |it: &&Field| olds.iter().any(|old| eq_name(&old.value(), &it.name));
                open.extend(self.model.fields.iter().filter(next));
            }
        }
        false
    }

    fn table_renames(&self) {
        let mut seen = HashSet::new();
        for old in &self.model.attrs.renamed_from {
            if eq_name(&old.value(), &self.model.name) {
                self.errors.at(old.span(), format!("`{}` is renamed from its own name; remove it: a change of case alone needs no `renamed_from`", self.model.name));
            } else if !seen.insert(fold(&old.value())) {
                self.errors.at(old.span(), format!("`{}` is given twice; remove one", old.value()));
            }
        }
    }
}

const STRICT: [&str; 6] = ["INT", "INTEGER", "REAL", "TEXT", "BLOB", "ANY"];

const ACTIONS: [(&str, &str); 5] = [
    ("no action", "NoAction"),
    ("restrict", "Restrict"),
    ("set null", "SetNull"),
    ("set default", "SetDefault"),
    ("cascade", "Cascade"),
];

/// The variant of `ReferenceAction` that `name` means, in any case, with blanks or underscores.
pub(crate) fn reference_action(name: &str) -> Option<&'static str> {
    let name = fold(name).replace('_', " ");
    ACTIONS.iter().find(|(known, _)| *known == name).map(|(_, variant)| *variant)
}

/// Whether a default is worth a type check against literals.
pub(crate) fn is_literal(value: &DefaultValue) -> bool {
    !matches!(value, DefaultValue::Null | DefaultValue::Path(_))
}
