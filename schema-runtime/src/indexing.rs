//! Which foreign keys no index helps, and which indexes help nobody: what a plan and a look at the model both say of a table.

use schema_sql::{TokenKind, eq_name, fold, significant};

use crate::catalog::{ForeignKeyInfo, IndexInfo, IndexTermInfo, KeyTermInfo, TableInfo, name_sql};

/// Whether an index or a key of the table begins with a column of the foreign key, so that SQLite finds the children of a parent by it.
///
/// SQLite: <https://www.sqlite.org/foreignkeys.html>, section 3.
pub(crate) fn is_indexed(key: &ForeignKeyInfo, table: &TableInfo) -> bool {
    let of_key = |column: &str| key.columns.iter().any(|name| eq_name(name, column));
    let as_column = |term: &Term<'_>| of_key(term.text) && term.collation == collation(term.text, table);
    let indexes =
        table.indexes.iter().filter(|index| index.filter.as_ref().is_none_or(|it| is_present(it, key)));
    let indexes = indexes.filter_map(|index| index.terms.first()).filter(|term| !term.is_expr);
    let mut indexes = indexes.map(|term| Term::of_index(term, table));
    let rules = table.uniques.iter().map(|unique| &unique.terms);
    let rules = rules.chain(table.primary_key.iter().map(|key| &key.terms));
    let mut rules = rules.filter_map(|terms| terms.first()).map(|term| Term::of_key(term, table));
    indexes.any(|term| as_column(&term)) || rules.any(|term| as_column(&term))
}

/// `project_id IS NOT NULL`, which each search for a parent's children implies.
fn is_present(filter: &str, key: &ForeignKeyInfo) -> bool {
    let Ok(tokens) = significant(filter) else { return false };
    let (Some(column), rest) = (tokens.first(), tokens.get(1..).unwrap_or_default()) else { return false };
    let words: Vec<String> =
        rest.iter().filter(|it| it.kind == TokenKind::Word).map(|it| fold(it.text)).collect();
    let not_null = matches!(
        words.iter().map(String::as_str).collect::<Vec<_>>().as_slice(),
        ["is", "not", "null"] | ["not", "null"] | ["notnull"]
    );
    not_null
        && words.len() == rest.len()
        && column.ident().is_some_and(|column| key.columns.iter().any(|name| eq_name(name, &column)))
}

/// What is said of a foreign key without an index: its object and the text.
pub(crate) fn unindexed(key: &ForeignKeyInfo, table: &TableInfo) -> (String, String) {
    let (child, parent) = (name_sql(&table.name), name_sql(&key.table));
    let columns: Vec<String> = key.columns.iter().map(|column| name_sql(column)).collect();
    let text = format!("no index begins with it, so that each delete in {parent} reads all of {child}");
    (format!("{child}.{}", columns.join(", ")), text)
}

/// What finds all that this index does, if anything: another index, a `UNIQUE` or the primary key.
pub(crate) fn repeated(index: &IndexInfo, table: &TableInfo) -> Option<String> {
    let terms: Vec<Term<'_>> = index.terms.iter().map(|term| Term::of_index(term, table)).collect();
    // A unique index also forbids: only one that forbids the same stands for it.
    let within =
        |other: &[Term<'_>]| other.starts_with(&terms) && (!index.unique || other.len() == terms.len());
    let same = |other: &&IndexInfo| {
        let others: Vec<Term<'_>> = other.terms.iter().map(|term| Term::of_index(term, table)).collect();
        // Of two that are the same, the later one is told.
        let later = others.len() == terms.len()
            && other.unique == index.unique
            && fold(&other.name) > fold(&index.name);
        !eq_name(&other.name, &index.name)
            && !later
            && other.filter == index.filter
            && (other.unique || !index.unique)
            && within(&others)
    };
    if let Some(other) = table.indexes.iter().find(same) {
        return Some(name_sql(&other.name));
    }
    if index.filter.is_some() {
        return None;
    }
    let of_key = |terms: &[KeyTermInfo]| {
        within(&terms.iter().map(|term| Term::of_key(term, table)).collect::<Vec<_>>())
    };
    if table.primary_key.as_ref().is_some_and(|key| of_key(&key.terms)) {
        return Some("the primary key".to_owned());
    }
    let unique = table.uniques.iter().find(|unique| of_key(&unique.terms))?;
    let columns: Vec<String> = unique.terms.iter().map(|term| name_sql(&term.column)).collect();
    Some(format!("UNIQUE ({})", columns.join(", ")))
}

/// What is said of an index that `other` stands for: its text.
pub(crate) fn repeats(other: &str) -> String {
    format!("{other} begins with the same columns and finds all that it does")
}

/// A term as indexes compare it.
struct Term<'a> {
    text: &'a str,
    is_expr: bool,
    desc: bool,
    collation: String,
}

impl PartialEq for Term<'_> {
    fn eq(&self, other: &Self) -> bool {
        eq_name(self.text, other.text)
            && (self.is_expr, self.desc) == (other.is_expr, other.desc)
            && self.collation == other.collation
    }
}

impl<'a> Term<'a> {
    fn of_index(term: &'a IndexTermInfo, table: &TableInfo) -> Self {
        let own = term.collation.as_deref().map(fold);
        let collation = own.unwrap_or_else(|| collation(&term.term, table));
        Term { text: &term.term, is_expr: term.is_expr, desc: term.desc, collation }
    }

    fn of_key(term: &'a KeyTermInfo, table: &TableInfo) -> Self {
        let own = term.collation.as_deref().map(fold);
        let collation = own.unwrap_or_else(|| collation(&term.column, table));
        Term { text: &term.column, is_expr: false, desc: term.desc, collation }
    }
}

/// The collating sequence of a column, folded; `binary` where it says none.
fn collation(column: &str, table: &TableInfo) -> String {
    let declared = table.column(column).and_then(|column| column.collation.as_deref());
    fold(declared.unwrap_or("binary"))
}
