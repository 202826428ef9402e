//! What a model can say, and why it cannot say the rest.
//!
//! The merge of a run leaves constraints and indexes alone that no model ever declared, and fills conflict clauses, directions and names
//! from the file. So those are left out one by one; what has no such mercy (a key, a type) leaves out the whole table.

use schema_runtime::{
    ColumnInfo, ForeignKeyInfo, IndexInfo, KeyTermInfo, PrimaryKeyInfo, TableInfo, TriggerInfo, UniqueInfo,
};
use schema_sql::{
    CreateKind, TokenKind, check_expr, create_kind, eq_name, fold, quoted_texts, significant,
    split_statements,
};

use super::types::Place;

/// Why, for people: a clause without a full stop.
pub(super) type Reason = String;

/// As the derive and `schema!` have it.
fn is_reserved(name: &str) -> bool {
    let name = fold(name);
    name.starts_with("sqlite_")
        || name.starts_with("__schema_")
        || name == "migration_history"
        || name == "migration_state"
}

/// Why no struct can be this table.
pub(super) fn table_fault(table: &TableInfo) -> Option<Reason> {
    if is_reserved(&table.name) || table.name.is_empty() {
        return Some("its name is empty or reserved".to_owned());
    }
    let of_columns = table.columns.iter().find_map(|column| {
        let fault = column_fault(table, column)?;
        Some(format!("column `{}`: {fault}", column.name))
    });
    of_columns.or_else(|| key_fault(table, table.primary_key.as_ref()?))
}

/// Whether an expression of the table has a text in double quotes, which the derive takes for a mistake that nobody allows.
pub(super) fn has_quoted_texts(table: &TableInfo) -> bool {
    let known = |name: &str| {
        table.column(name).is_some() || ["rowid", "oid", "_rowid_"].iter().any(|it| eq_name(it, name))
    };
    let checks = table.checks.iter().map(|check| &check.expr);
    let generated = table.columns.iter().filter_map(|column| Some(&column.generated.as_ref()?.expr));
    let terms = table.indexes.iter().flat_map(|index| &index.terms).filter(|term| term.is_expr);
    let filters = table.indexes.iter().filter_map(|index| index.filter.as_ref());
    let exprs = checks.chain(generated).chain(terms.map(|term| &term.term)).chain(filters);
    exprs.into_iter().any(|expr| !quoted_texts(expr, &known).is_empty())
}

fn column_fault(table: &TableInfo, column: &ColumnInfo) -> Option<Reason> {
    if column.name.is_empty() || fold(&column.name).starts_with("__schema_") {
        return Some("its name is empty or reserved".to_owned());
    }
    if !column.type_name.is_empty() && !is_type_name(&column.type_name) {
        return Some(format!("its type `{}` is not made of plain words", column.type_name));
    }
    if table.strict && fold(&column.type_name).is_empty() {
        return Some("it has no type in a STRICT table".to_owned());
    }
    if table.strict && column.default.as_deref().is_some_and(|text| is_of_other_type(text, &column.type_name))
    {
        return Some(
            "its default is of another type than its STRICT column, so that no insert can use it".to_owned(),
        );
    }
    let default = column.default.as_deref().filter(|_| column.generated.is_none());
    let texts = default.into_iter().chain(column.generated.as_ref().map(|rule| rule.expr.as_str()));
    texts.into_iter().find_map(unreadable)
}

/// Whether a default that is one literal is a value that a STRICT column of this type refuses. A numeric text becomes a number.
fn is_of_other_type(text: &str, type_name: &str) -> bool {
    let Ok(tokens) = significant(text) else { return false };
    let kind = match tokens.as_slice() {
        [token] => token.kind,
        [sign, number] if sign.is_op("-") || sign.is_op("+") => number.kind,
        _ => return false,
    };
    let number = || text.trim_matches(['\'', '"']).trim().parse::<f64>();
    match fold(type_name).as_str() {
        "blob" => matches!(kind, TokenKind::Number | TokenKind::Str),
        "text" => kind == TokenKind::Blob,
        "real" => kind == TokenKind::Blob || (kind == TokenKind::Str && number().is_err()),
        "int" | "integer" => {
            let whole = number().is_ok_and(|number| number.fract() == 0.0);
            kind == TokenKind::Blob || (matches!(kind, TokenKind::Str) && !whole)
        }
        _ => false,
    }
}

/// As the derive asks it of `type = "…"`.
fn is_type_name(name: &str) -> bool {
    schema_sql::split_create_table(&format!("CREATE TABLE t(c {name})")).is_ok_and(|table| {
        matches!(table.columns.as_slice(), [one] if one.constraints.is_empty() && !one.type_name.is_empty())
            && table.constraints.is_empty()
    })
}

fn unreadable(expr: &str) -> Option<Reason> {
    check_expr(expr).err().map(|err| format!("`{expr}` cannot be read as an expression: {err}"))
}

fn key_fault(table: &TableInfo, key: &PrimaryKeyInfo) -> Option<Reason> {
    if let Some(term) = key.terms.iter().find(|term| term.collation.is_some()) {
        return Some(format!("the primary key compares `{}` by a collation of its own", term.column));
    }
    if repeats(key.terms.iter().map(|term| term.column.as_str())) {
        return Some("the primary key names a column twice".to_owned());
    }
    let integer = |term: &KeyTermInfo| {
        table.column(&term.column).is_some_and(|column| eq_name(&column.type_name, "INTEGER"))
    };
    match key.terms.as_slice() {
        [term] if integer(term) && !key.rowid_alias && !table.without_rowid => {
            Some("`INTEGER PRIMARY KEY DESC` is no rowid, and a model's INTEGER key is one".to_owned())
        }
        _ => None,
    }
}

fn repeats<'a>(names: impl Iterator<Item = &'a str>) -> bool {
    let mut seen: Vec<String> = names.map(fold).collect();
    let count = seen.len();
    seen.sort_unstable();
    seen.dedup();
    seen.len() < count
}

/// Why the model cannot have this `UNIQUE` constraint.
pub(super) fn unique_fault(unique: &UniqueInfo) -> Option<Reason> {
    if unique.terms.iter().any(|term| term.desc || term.collation.is_some()) {
        return Some("a model's unique columns have no direction and no collation of their own".to_owned());
    }
    repeats(unique.terms.iter().map(|term| term.column.as_str()))
        .then(|| "it names a column twice".to_owned())
}

/// Why the model cannot have a `CHECK` of this expression.
pub(super) fn check_fault(expr: &str) -> Option<Reason> {
    unreadable(expr)
}

/// Why the model cannot have this index.
pub(super) fn index_fault(index: &IndexInfo) -> Option<Reason> {
    if is_reserved(&index.name) || index.name.is_empty() {
        return Some("its name is empty or reserved".to_owned());
    }
    let terms = index.terms.iter().filter(|term| term.is_expr).map(|term| term.term.as_str());
    terms.chain(index.filter.as_deref()).find_map(unreadable)
}

/// The parent of a foreign key, and the pairs of columns, child first; or why the model cannot have the key.
pub(super) fn link(
    tables: &[&TableInfo],
    at: usize,
    key: &ForeignKeyInfo,
) -> Result<Vec<(Place, Place)>, Reason> {
    let table = tables.get(at).copied().ok_or("its table is not in the model")?;
    let parent = tables.iter().position(|table| eq_name(&table.name, &key.table));
    let (parent, found) = parent
        .and_then(|at| Some((at, *tables.get(at)?)))
        .ok_or_else(|| format!("`{}` is no table of the model", key.table))?;
    if key.to.len() != key.columns.len() {
        return Err(format!(
            "it does not say which columns of `{}` it means, and these are not its key",
            key.table
        ));
    }
    if repeats(key.columns.iter().map(String::as_str)) || repeats(key.to.iter().map(String::as_str)) {
        return Err("it names a column twice".to_owned());
    }
    let place =
        |table: &TableInfo, name: &str| table.columns.iter().position(|column| eq_name(&column.name, name));
    let mut pairs = Vec::with_capacity(key.to.len());
    for (column, to) in key.columns.iter().zip(&key.to) {
        let child = place(table, column).ok_or_else(|| format!("`{column}` is no column"))?;
        let to = place(found, to).ok_or_else(|| format!("`{}` has no column `{to}`", key.table))?;
        pairs.push(((at, child), (parent, to)));
    }
    if !is_key(found, &key.to) {
        return Err(format!(
            "{} is no key of `{}` and not unique there, so that no write to either table would succeed",
            key.to.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
            key.table
        ));
    }
    let nulls = [&key.on_delete, &key.on_update].into_iter().any(|action| action == "SET NULL");
    if nulls && !key.columns.iter().all(|name| table.column(name).is_some_and(|it| is_nullable(table, it))) {
        return Err("SET NULL cannot work on a column that is NOT NULL".to_owned());
    }
    Ok(pairs)
}

/// Whether `columns` are a key of the model's table.
fn is_key(table: &TableInfo, columns: &[String]) -> bool {
    let same = |names: Vec<&str>| {
        names.len() == columns.len() && names.iter().all(|name| columns.iter().any(|it| eq_name(it, name)))
    };
    let names = |terms: &'_ [KeyTermInfo]| same(terms.iter().map(|term| term.column.as_str()).collect());
    let of_index = |index: &IndexInfo| {
        index.unique
            && index.filter.is_none()
            && index_fault(index).is_none()
            && index.terms.iter().all(|term| !term.is_expr)
            && same(index.terms.iter().map(|term| term.term.as_str()).collect())
    };
    table.primary_key.as_ref().is_some_and(|key| names(&key.terms))
        || table.uniques.iter().any(|unique| unique_fault(unique).is_none() && names(&unique.terms))
        || table.indexes.iter().any(of_index)
}

/// Whether the field is an `Option`. A rowid is never NULL, said or not.
pub(super) fn is_nullable(table: &TableInfo, column: &ColumnInfo) -> bool {
    column.not_null.is_none() && !table.is_rowid_alias(&column.name)
}

/// Why `schema!` cannot have a statement; `kind` is the one it must be.
pub(super) fn statement_fault(sql: &str, name: &str, kind: CreateKind) -> Option<Reason> {
    let split = match kind {
        CreateKind::View => schema_sql::split_create_view(sql).map(|it| it.name),
        CreateKind::Trigger => schema_sql::split_create_trigger(sql).map(|it| it.name),
        _ => schema_sql::split_create_virtual_table(sql).map(|it| it.name),
    };
    if is_reserved(name) || name.is_empty() {
        return Some("its name is empty or reserved".to_owned());
    }
    match split {
        Err(err) => return Some(format!("its text cannot be read: {err}")),
        Ok(split) if !eq_name(&split, name) => return Some(format!("its text creates `{split}`")),
        Ok(_) if create_kind(sql) != Some(kind) => return Some("its text creates something else".to_owned()),
        Ok(_) => {}
    }
    match split_statements(sql) {
        Ok(statements) if statements.len() == 1 => None,
        Ok(_) => Some("its text is more than one statement".to_owned()),
        Err(err) => Some(format!("its text cannot be read: {err}")),
    }
}

/// Why the model cannot have this trigger; `owners` are the names of what the model has rows or views of.
pub(super) fn trigger_fault(trigger: &TriggerInfo, owners: &[&str]) -> Option<Reason> {
    if !owners.iter().any(|owner| eq_name(owner, &trigger.table)) {
        return Some(format!("`{}` is not in the model", trigger.table));
    }
    statement_fault(&trigger.sql, &trigger.name, CreateKind::Trigger)
}
