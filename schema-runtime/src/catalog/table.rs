//! One table or index: its split text, checked against what SQLite's pragmas found.

use schema_sql::{
    ColumnDef, Conflict, Constraint, ConstraintKind, CreateTable, ForeignKeyDef, IndexTerm, eq_name,
};

use super::print::{strip_parentheses, trim_expr};
use super::read::key_set;
use super::{
    CheckInfo, ColumnInfo, ForeignKeyInfo, GeneratedInfo, IndexInfo, IndexTermInfo, KeyTermInfo, NotNullInfo,
    PrimaryKeyInfo, TableInfo, UniqueInfo,
};

/// What the pragmas say of one table.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) columns: Vec<FoundColumn>,
    pub(super) indexes: Vec<FoundIndex>,
}

/// A row of `table_xinfo`.
#[derive(Debug)]
pub(super) struct FoundColumn {
    pub(super) name: String,
    pub(super) type_name: String,
    pub(super) not_null: bool,
    pub(super) default: Option<String>,
    pub(super) key_position: i64,
    pub(super) hidden: i64,
}

/// A row of `index_list`, with the columns of `index_info`; an expression has no name.
#[derive(Debug)]
pub(super) struct FoundIndex {
    pub(super) name: String,
    pub(super) of_constraint: bool,
    pub(super) columns: Vec<Option<String>>,
}

impl Found {
    pub(super) fn index(&self, name: &str) -> Option<&FoundIndex> {
        self.indexes.iter().find(|index| index.name == name)
    }
}

/// The table that `sql` creates, or the reason why it cannot be told with certainty.
pub(super) fn table_info(name: &str, sql: &str, found: &Found) -> Result<TableInfo, String> {
    let split = schema_sql::split_create_table(sql).map_err(|err| err.to_string())?;
    if !eq_name(&split.name, name) {
        return Err(format!("its text creates `{}`", split.name));
    }
    if split.columns.len() != found.columns.len() {
        return Err(format!(
            "its text has {} columns where SQLite finds {}",
            split.columns.len(),
            found.columns.len()
        ));
    }
    let mut builder = Builder {
        table: TableInfo {
            name: name.to_owned(),
            columns: Vec::with_capacity(split.columns.len()),
            primary_key: None,
            uniques: Vec::new(),
            checks: Vec::new(),
            foreign_keys: Vec::new(),
            strict: split.strict,
            without_rowid: split.without_rowid,
            indexes: Vec::new(),
            sql: sql.to_owned(),
        },
    };
    builder.fill(&split, found)?;
    builder.imply_not_null();
    let table = builder.table;
    for (column, found) in table.columns.iter().zip(&found.columns) {
        agree(&table, column, found)?;
    }
    agree_on_keys(&table, found)?;
    Ok(table)
}

struct Builder {
    table: TableInfo,
}

impl Builder {
    fn fill(&mut self, split: &CreateTable, found: &Found) -> Result<(), String> {
        // All columns first, since a column's constraint may name a later one.
        for (def, found) in split.columns.iter().zip(&found.columns) {
            if def.name != found.name {
                return Err(format!(
                    "its text has a column `{}` where SQLite finds `{}`",
                    def.name, found.name
                ));
            }
            if def.type_name != found.type_name && loose(&def.type_name) != loose(&found.type_name) {
                return Err(format!(
                    "its text gives column `{}` the type `{}` where SQLite finds `{}`",
                    def.name, def.type_name, found.type_name
                ));
            }
            self.table.columns.push(column_info(def, found));
        }
        for def in &split.columns {
            for constraint in &def.constraints {
                self.constraint(constraint, true)?;
            }
        }
        for constraint in &split.constraints {
            self.constraint(constraint, false)?;
        }
        Ok(())
    }

    fn constraint(&mut self, constraint: &Constraint, on_column: bool) -> Result<(), String> {
        let name = constraint.name.clone();
        match &constraint.kind {
            ConstraintKind::PrimaryKey { columns, conflict, autoincrement } => {
                let terms = self.key_terms(columns)?;
                let rowid_alias = self.is_rowid_alias(&terms, on_column);
                let (conflict, autoincrement) = (conflict.as_ref().map(conflict_words), *autoincrement);
                let key = PrimaryKeyInfo { name, terms, conflict, autoincrement, rowid_alias };
                if self.table.primary_key.replace(key).is_some() {
                    return Err("its text has two primary keys".to_owned());
                }
            }
            ConstraintKind::Unique { columns, conflict } => {
                let terms = self.key_terms(columns)?;
                let conflict = conflict.as_ref().map(conflict_words);
                self.table.uniques.push(UniqueInfo { name, terms, conflict });
            }
            ConstraintKind::Check { expr, .. } => {
                self.table.checks.push(CheckInfo { name, expr: trim_expr(expr).to_owned() });
            }
            ConstraintKind::ForeignKey(def) => {
                let key = self.foreign_key(name, def)?;
                self.table.foreign_keys.push(key);
            }
            _ => {}
        }
        Ok(())
    }

    /// SQLite: `sqlite3AddPrimaryKey` asks for the type `INTEGER` and, of the column-level form only, for no DESC.
    fn is_rowid_alias(&self, terms: &[KeyTermInfo], on_column: bool) -> bool {
        match terms {
            [term] => {
                let integer = self
                    .table
                    .column(&term.column)
                    .is_some_and(|column| column.type_name.eq_ignore_ascii_case("integer"));
                integer && !self.table.without_rowid && !(on_column && term.desc)
            }
            _ => false,
        }
    }

    fn key_terms(&self, terms: &[IndexTerm]) -> Result<Vec<KeyTermInfo>, String> {
        terms
            .iter()
            .map(|term| {
                let column = term
                    .column
                    .as_deref()
                    .and_then(|name| self.table.column(name))
                    .ok_or_else(|| format!("a key names `{}`, which is no column", term.expr))?;
                let own = column.collation.as_deref().unwrap_or("BINARY");
                let collation = term.collation.clone().filter(|collation| !eq_name(collation, own));
                Ok(KeyTermInfo { column: column.name.clone(), collation, desc: term.desc })
            })
            .collect()
    }

    fn foreign_key(&self, name: Option<String>, def: &ForeignKeyDef) -> Result<ForeignKeyInfo, String> {
        let columns = def
            .columns
            .iter()
            .map(|name| {
                let column = self.table.column(name).map(|column| column.name.clone());
                column.ok_or_else(|| format!("a foreign key names `{name}`, which is no column"))
            })
            .collect::<Result<_, _>>()?;
        Ok(ForeignKeyInfo {
            name,
            columns,
            table: def.table.clone(),
            to: def.to.clone(),
            on_delete: def.on_delete.sql().to_owned(),
            on_update: def.on_update.sql().to_owned(),
            match_name: def.match_name.clone(),
            deferred: def.initially_deferred && def.deferrable != Some(false),
        })
    }

    /// Key columns of STRICT and WITHOUT ROWID tables cannot be NULL, said or not; a rowid alias never is.
    fn imply_not_null(&mut self) {
        let Some(key) = self.table.primary_key.as_ref() else { return };
        if key.rowid_alias || !(self.table.strict || self.table.without_rowid) {
            return;
        }
        for column in &mut self.table.columns {
            if key.terms.iter().any(|term| eq_name(&term.column, &column.name)) {
                column.not_null.get_or_insert_with(NotNullInfo::default);
            }
        }
    }
}

/// Where a column says a thing twice, SQLite keeps the last.
fn column_info(def: &ColumnDef, found: &FoundColumn) -> ColumnInfo {
    let mut column = ColumnInfo {
        name: def.name.clone(),
        type_name: found.type_name.clone(),
        not_null: None,
        default: None,
        collation: None,
        generated: None,
    };
    for constraint in &def.constraints {
        match &constraint.kind {
            ConstraintKind::NotNull { conflict } => {
                let conflict = conflict.as_ref().map(conflict_words);
                column.not_null = Some(NotNullInfo { name: constraint.name.clone(), conflict });
            }
            ConstraintKind::Default { value } => column.default = Some(strip_parentheses(value).to_owned()),
            ConstraintKind::Collate { collation } => column.collation = Some(collation.clone()),
            ConstraintKind::Generated { expr, stored } => {
                column.generated = Some(GeneratedInfo { expr: trim_expr(expr).to_owned(), stored: *stored });
            }
            _ => {}
        }
    }
    column
}

fn conflict_words(conflict: &Conflict) -> String {
    conflict.sql().to_owned()
}

/// Types are compared without case, blanks and quotes; the pragma's spelling is the one that is kept.
fn loose(type_name: &str) -> String {
    type_name
        .chars()
        .filter(|c| !c.is_ascii_whitespace() && !matches!(c, '"' | '\'' | '`' | '[' | ']'))
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

fn agree(table: &TableInfo, column: &ColumnInfo, found: &FoundColumn) -> Result<(), String> {
    let differs =
        |what: &str| Err(format!("its text and SQLite differ in the {what} of column `{}`", column.name));
    let implied = table.in_primary_key(&column.name) && (table.strict || table.without_rowid);
    if column.not_null.is_some() != found.not_null && !implied {
        return differs("nullability");
    }
    let hidden = match &column.generated {
        None => 0,
        Some(GeneratedInfo { stored: false, .. }) => 2,
        Some(GeneratedInfo { stored: true, .. }) => 3,
    };
    if hidden != found.hidden {
        return differs("generation");
    }
    if column.generated.is_none()
        && column.default != found.default
        && tokens(column.default.as_deref()) != tokens(found.default.as_deref())
    {
        return differs("default");
    }
    if key_position(table, &column.name) != found.key_position {
        return differs("key position");
    }
    Ok(())
}

fn tokens(default: Option<&str>) -> Option<Vec<String>> {
    let text = strip_parentheses(default?);
    Some(match schema_sql::significant(text) {
        Ok(tokens) => tokens.iter().map(|token| token.text.to_owned()).collect(),
        Err(_) => vec![text.to_owned()],
    })
}

/// From 1, or 0 for a column outside of the key. WITHOUT ROWID drops repeated columns before it counts.
fn key_position(table: &TableInfo, column: &str) -> i64 {
    let Some(key) = &table.primary_key else { return 0 };
    let mut seen: Vec<&str> = Vec::new();
    for term in &key.terms {
        if table.without_rowid && seen.iter().any(|name| eq_name(name, &term.column)) {
            continue;
        }
        seen.push(&term.column);
    }
    seen.iter().position(|name| eq_name(name, column)).map_or(0, |at| at as i64 + 1)
}

fn agree_on_keys(table: &TableInfo, found: &Found) -> Result<(), String> {
    let key = table.primary_key.iter().filter(|key| !key.rowid_alias).map(|key| &key.terms);
    let terms = key.chain(table.uniques.iter().map(|unique| &unique.terms));
    let wanted = key_set(terms.map(|terms| terms.iter().map(|term| term.column.as_str()).collect()));
    let indexes = found.indexes.iter().filter(|index| index.of_constraint);
    let there = key_set(indexes.map(|index| index.columns.iter().flatten().map(String::as_str).collect()));
    if wanted == there { Ok(()) } else { Err("its text and SQLite differ in the keys".to_owned()) }
}

/// The index that `sql` creates on `table`, or the reason why it cannot be told with certainty.
pub(super) fn index_info(
    name: &str,
    sql: &str,
    table: &TableInfo,
    found: Option<&FoundIndex>,
) -> Result<IndexInfo, String> {
    let split = schema_sql::split_create_index(sql).map_err(|err| err.to_string())?;
    if !eq_name(&split.name, name) || !eq_name(&split.table, &table.name) {
        return Err(format!("its text creates `{}` on `{}`", split.name, split.table));
    }
    let terms: Vec<IndexTermInfo> = split.terms.iter().map(|term| index_term(term, table)).collect();
    let found = found.ok_or("SQLite does not list it")?;
    let same = terms.len() == found.columns.len()
        && terms.iter().zip(&found.columns).all(|(term, column)| match column {
            Some(column) => !term.is_expr && eq_name(&term.term, column),
            None => term.is_expr,
        });
    if !same {
        return Err("its text and SQLite differ in the terms".to_owned());
    }
    let filter = split.filter.as_deref().map(|filter| trim_expr(filter).to_owned());
    Ok(IndexInfo { name: name.to_owned(), unique: split.unique, terms, filter, sql: sql.to_owned() })
}

fn index_term(term: &IndexTerm, table: &TableInfo) -> IndexTermInfo {
    let column = term.column.as_deref().and_then(|name| table.column(name));
    IndexTermInfo {
        term: column.map_or_else(|| trim_expr(&term.expr).to_owned(), |column| column.name.clone()),
        is_expr: column.is_none(),
        collation: term.collation.clone(),
        desc: term.desc,
    }
}
