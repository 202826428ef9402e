//! Which differences mean nothing: white space, comments, quoting, the case of names, types of one affinity.
//!
//! Every function compares one thing that was found with one that is wanted. Names of constraints are compared by
//! [`same_name`] alone, so that a renamed constraint can be told from a changed one.

use std::borrow::Cow;
use std::collections::HashSet;

use schema_sql::{TokenKind, eq_name, fold, quote_str, significant};

use super::{
    Catalog, CheckInfo, ColumnInfo, ForeignKeyInfo, GeneratedInfo, IndexInfo, IndexTermInfo, KeyTermInfo,
    NotNullInfo, PrimaryKeyInfo, TableInfo, TriggerInfo, UniqueInfo, ViewInfo, VirtualTableInfo,
};

/// What a column tends to turn its values into.
///
/// SQLite: <https://www.sqlite.org/datatype3.html>, section 3.1; for STRICT tables <https://www.sqlite.org/stricttables.html>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Affinity {
    Integer,
    Text,
    Blob,
    Real,
    Numeric,
    /// `ANY` of a STRICT table: values stay as they are.
    Any,
}

/// The affinity of a column declared as `type_name`.
pub(crate) fn affinity(type_name: &str, strict: bool) -> Affinity {
    let name = fold(type_name);
    if strict && name == "any" {
        return Affinity::Any;
    }
    if name.contains("int") {
        Affinity::Integer
    } else if ["char", "clob", "text"].iter().any(|word| name.contains(word)) {
        Affinity::Text
    } else if name.contains("blob") || name.is_empty() {
        Affinity::Blob
    } else if ["real", "floa", "doub"].iter().any(|word| name.contains(word)) {
        Affinity::Real
    } else {
        Affinity::Numeric
    }
}

/// Whether two type names of tables that are not STRICT mean the same; `exact` (and any STRICT table) asks for the
/// same words, without case and blanks.
pub(crate) fn same_type(a: &str, b: &str, exact: bool) -> bool {
    same_words(a, b) || (!exact && affinity(a, false) == affinity(b, false))
}

/// Whether two type names are the same words, without case and blanks.
pub(crate) fn same_words(a: &str, b: &str) -> bool {
    let words = |name: &str| name.split_ascii_whitespace().collect::<String>().to_ascii_lowercase();
    words(a) == words(b)
}

/// Compares SQL texts, knowing which words can be columns: `"x"` is a string where there is no column `x`.
#[derive(Debug, Default)]
pub(crate) struct Texts<'a> {
    columns: HashSet<Cow<'a, str>>,
}

impl<'a> Texts<'a> {
    /// For texts that can see any table of `catalogs`: views and triggers.
    pub(crate) fn new(catalogs: &[&'a Catalog]) -> Self {
        Texts::of(catalogs.iter().flat_map(|catalog| &catalog.tables))
    }

    /// For texts inside of `tables`, the states of one table: a column of another table is no column there.
    pub(crate) fn of(tables: impl IntoIterator<Item = &'a TableInfo>) -> Self {
        let columns = tables.into_iter().flat_map(|table| &table.columns);
        Texts { columns: columns.map(|column| folded(&column.name)).collect() }
    }

    /// `sql` as canonical tokens; verbatim where it cannot be read as tokens.
    pub(crate) fn norm(&self, sql: &str) -> String {
        let is_column = |name: &str| self.columns.contains(folded(name).as_ref());
        schema_sql::normalise(sql, &is_column).unwrap_or_else(|_| sql.to_owned())
    }

    /// Whether two texts differ in nothing that has a meaning.
    pub(crate) fn same(&self, a: &str, b: &str) -> bool {
        a == b || self.norm(a) == self.norm(b)
    }

    /// As [`norm`](Texts::norm), for expressions inside of a table or index: nothing but a string can be meant there by a
    /// double-quoted word that is no column. `DROP COLUMN` and `RENAME COLUMN` rewrite `"x"` to `'x'` in the whole schema.
    pub(crate) fn norm_expr(&self, sql: &str) -> String {
        let norm = self.norm(sql);
        let Ok(tokens) = significant(&norm) else { return norm };
        let texts: Vec<Cow<'_, str>> = tokens
            .iter()
            .map(|token| match token.ident() {
                Some(name)
                    if token.kind == TokenKind::QuotedId
                        && !self.columns.contains(folded(&name).as_ref()) =>
                {
                    Cow::Owned(quote_str(&name))
                }
                _ => Cow::Borrowed(token.text),
            })
            .collect();
        texts.join(" ")
    }

    /// Whether two expressions inside of a table or index mean the same.
    pub(crate) fn same_expr(&self, a: &str, b: &str) -> bool {
        a == b || self.norm_expr(a) == self.norm_expr(b)
    }
}

fn folded(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|b| b.is_ascii_uppercase()) { Cow::Owned(fold(name)) } else { Cow::Borrowed(name) }
}

fn both<T: ?Sized>(a: Option<&T>, b: Option<&T>, same: impl FnOnce(&T, &T) -> bool) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => same(a, b),
        _ => false,
    }
}

fn all<T>(a: &[T], b: &[T], same: impl Fn(&T, &T) -> bool) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
}

fn same_names(a: &[String], b: &[String]) -> bool {
    all(a, b, |a, b| eq_name(a, b))
}

/// No `ON CONFLICT` is `ABORT`.
fn same_conflict(a: Option<&str>, b: Option<&str>) -> bool {
    a.unwrap_or("ABORT").eq_ignore_ascii_case(b.unwrap_or("ABORT"))
}

/// Names of constraints, without case.
pub(crate) fn same_name(a: Option<&str>, b: Option<&str>) -> bool {
    both(a, b, eq_name)
}

/// Defaults: the same tokens; a word alone, quoted or not, is the string of that text.
pub(crate) fn same_default(_: &Texts<'_>, a: Option<&str>, b: Option<&str>) -> bool {
    let norm = |sql: &str| schema_sql::normalise_default(sql).unwrap_or_else(|_| sql.to_owned());
    both(a, b, |a, b| a == b || norm(a) == norm(b))
}

/// A column's collating sequences; none is `BINARY`.
pub(crate) fn same_collation(_: &Texts<'_>, a: Option<&str>, b: Option<&str>) -> bool {
    eq_name(a.unwrap_or("BINARY"), b.unwrap_or("BINARY"))
}

/// Presence and `ON CONFLICT`. Ask it about [`effective_not_null`].
pub(crate) fn same_not_null(_: &Texts<'_>, a: Option<&NotNullInfo>, b: Option<&NotNullInfo>) -> bool {
    both(a, b, |a, b| same_conflict(a.conflict.as_deref(), b.conflict.as_deref()))
}

/// The column's NOT NULL, but for a rowid alias, where it means nothing: NULL asks for the next rowid there.
pub(crate) fn effective_not_null<'a>(table: &TableInfo, column: &'a ColumnInfo) -> Option<&'a NotNullInfo> {
    if table.is_rowid_alias(&column.name) { None } else { column.not_null.as_ref() }
}

/// The expression, and STORED or VIRTUAL.
pub(crate) fn same_generated(
    texts: &Texts<'_>,
    a: Option<&GeneratedInfo>,
    b: Option<&GeneratedInfo>,
) -> bool {
    both(a, b, |a, b| a.stored == b.stored && texts.same_expr(&a.expr, &b.expr))
}

/// The terms of a key: columns, collations, directions, in order.
pub(crate) fn same_key_terms(_: &Texts<'_>, a: &[KeyTermInfo], b: &[KeyTermInfo]) -> bool {
    all(a, b, |a, b| {
        eq_name(&a.column, &b.column)
            && both(a.collation.as_deref(), b.collation.as_deref(), eq_name)
            && a.desc == b.desc
    })
}

/// Everything of a primary key but its name.
pub(crate) fn same_primary_key(texts: &Texts<'_>, a: &PrimaryKeyInfo, b: &PrimaryKeyInfo) -> bool {
    // The one column of a rowid alias has no order and no collation.
    let terms = if a.rowid_alias && b.rowid_alias {
        all(&a.terms, &b.terms, |a, b| eq_name(&a.column, &b.column))
    } else {
        same_key_terms(texts, &a.terms, &b.terms)
    };
    terms
        && a.autoincrement == b.autoincrement
        && a.rowid_alias == b.rowid_alias
        && same_conflict(a.conflict.as_deref(), b.conflict.as_deref())
}

/// Everything of a `UNIQUE` constraint but its name.
pub(crate) fn same_unique(texts: &Texts<'_>, a: &UniqueInfo, b: &UniqueInfo) -> bool {
    same_key_terms(texts, &a.terms, &b.terms) && same_conflict(a.conflict.as_deref(), b.conflict.as_deref())
}

/// Everything of a `CHECK` constraint but its name.
pub(crate) fn same_check(texts: &Texts<'_>, a: &CheckInfo, b: &CheckInfo) -> bool {
    texts.same_expr(&a.expr, &b.expr)
}

/// Everything of a foreign key but its name and `MATCH`, which SQLite ignores.
pub(crate) fn same_foreign_key(_: &Texts<'_>, a: &ForeignKeyInfo, b: &ForeignKeyInfo) -> bool {
    same_names(&a.columns, &b.columns)
        && eq_name(&a.table, &b.table)
        && same_names(&a.to, &b.to)
        && a.on_delete.eq_ignore_ascii_case(&b.on_delete)
        && a.on_update.eq_ignore_ascii_case(&b.on_update)
        && a.deferred == b.deferred
}

/// Whether two foreign keys go from the same columns to the same table: then one is a changed form of the other.
pub(crate) fn same_link(a: &ForeignKeyInfo, b: &ForeignKeyInfo) -> bool {
    same_names(&a.columns, &b.columns) && eq_name(&a.table, &b.table)
}

/// Everything of an index but its name.
pub(crate) fn same_index(texts: &Texts<'_>, a: &IndexInfo, b: &IndexInfo) -> bool {
    let same_term = |a: &IndexTermInfo, b: &IndexTermInfo| {
        let same = if a.is_expr { texts.same_expr(&a.term, &b.term) } else { eq_name(&a.term, &b.term) };
        a.is_expr == b.is_expr
            && same
            && both(a.collation.as_deref(), b.collation.as_deref(), eq_name)
            && a.desc == b.desc
    };
    a.unique == b.unique
        && all(&a.terms, &b.terms, same_term)
        && both(a.filter.as_deref(), b.filter.as_deref(), |a, b| texts.same_expr(a, b))
}

/// The whole text of a view.
pub(crate) fn same_view(texts: &Texts<'_>, a: &ViewInfo, b: &ViewInfo) -> bool {
    texts.same(&a.sql, &b.sql)
}

/// The whole text of a trigger.
pub(crate) fn same_trigger(texts: &Texts<'_>, a: &TriggerInfo, b: &TriggerInfo) -> bool {
    texts.same(&a.sql, &b.sql)
}

/// Module and arguments. Arguments are the module's business: only white space and comments between tokens are ignored.
pub(crate) fn same_virtual_table(_: &Texts<'_>, a: &VirtualTableInfo, b: &VirtualTableInfo) -> bool {
    let tokens = |arg: &str| match significant(arg) {
        Ok(tokens) => tokens.iter().map(|token| token.text.to_owned()).collect(),
        Err(_) => vec![arg.to_owned()],
    };
    eq_name(&a.module, &b.module) && all(&a.args, &b.args, |a, b| tokens(a) == tokens(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn affinity_follows_the_order_of_sqlite_s_rules() {
        let cases = [
            ("FLOATING POINT", Affinity::Integer),
            ("CHARINT", Affinity::Integer),
            ("VARCHAR(9)", Affinity::Text),
            ("", Affinity::Blob),
            ("DOUBLE PRECISION", Affinity::Real),
            ("ANY", Affinity::Numeric),
            ("BOOLEAN", Affinity::Numeric),
        ];
        for (name, wanted) in cases {
            assert_eq!(affinity(name, false), wanted, "{name}");
        }
        assert_eq!(affinity("any", true), Affinity::Any);
    }

    #[test]
    fn types_are_compared_by_affinity_unless_their_words_count() {
        assert!(same_type("INT", "bigint", false));
        assert!(!same_type("INT", "BIGINT", true));
        assert!(same_type("varchar ( 10 )", "VARCHAR(10)", true));
        assert!(!same_type("REAL", "TEXT", false));
    }

    #[test]
    fn a_double_quoted_string_equals_the_single_quoted_one_that_sqlite_rewrites_it_to() {
        let texts = Texts { columns: HashSet::from([Cow::Borrowed("b")]) };
        assert!(texts.same_expr("b=\"x\"", "\"B\" = 'x'"));
        assert!(!texts.same_expr("b = \"x\"", "b = \"X\""));
        assert!(!texts.same("b = \"x\"", "b = 'x'"), "in a view it may be an alias");
    }

    #[test]
    fn defaults_are_compared_as_text_but_for_a_word_alone() {
        let texts = Texts::default();
        let same = |a, b| same_default(&texts, Some(a), Some(b));
        assert!(same("Foo", "'Foo'"));
        assert!(same("\"Foo\"", "'Foo'"));
        assert!(!same("Foo", "foo"));
        assert!(!same("1", "1.0"));
        assert!(same("current_timestamp", "CURRENT_TIMESTAMP"));
        assert!(same("datetime( 'now' )", "datetime('now')"));
    }

    #[test]
    fn an_unsaid_conflict_is_abort_and_an_unsaid_collation_is_binary() {
        let texts = Texts::default();
        let said = NotNullInfo { name: None, conflict: Some("ABORT".to_owned()) };
        assert!(same_not_null(&texts, Some(&said), Some(&NotNullInfo::default())));
        assert!(!same_not_null(&texts, Some(&said), None));
        assert!(same_collation(&texts, None, Some("binary")));
        assert!(!same_collation(&texts, None, Some("NOCASE")));
    }
}
