//! The printer: from what was read back to SQL.
//!
//! Print, create, read gives the same table but for its text. The reader lists constraints in the order of the text, those
//! of columns first; so a constraint moves into its column's line only as far as that keeps the order.

use schema_sql::{TokenKind, eq_name, is_keyword, quote_ident, significant, tokenize};

use super::{
    CheckInfo, ColumnInfo, ForeignKeyInfo, IndexInfo, KeyTermInfo, PrimaryKeyInfo, TableInfo, UniqueInfo,
};

/// `name` as SQL: bare where it is a plain ASCII word and no keyword, else quoted.
pub(crate) fn name_sql(name: &str) -> String {
    let plain = name.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if plain && !is_keyword(name) { name.to_owned() } else { quote_ident(name) }
}

fn names_sql(names: &[String]) -> String {
    names.iter().map(|name| name_sql(name)).collect::<Vec<_>>().join(", ")
}

/// The `CREATE TABLE` statement of `table`, without its indexes.
///
/// ```sql
/// CREATE TABLE task (
///     id INTEGER PRIMARY KEY,
///     title TEXT NOT NULL DEFAULT '',
///     UNIQUE (title, id)
/// ) STRICT
/// ```
pub(crate) fn table_sql(table: &TableInfo) -> String {
    let inline = Inline::in_order(table);
    let mut lines: Vec<String> = table.columns.iter().map(|column| inline.column(table, column)).collect();
    if let Some(key) = table.primary_key.as_ref().filter(|key| key_column(table, key).is_none()) {
        lines.push(primary_key_sql(key));
    }
    lines.extend(table.uniques.iter().skip(inline.uniques.len()).map(unique_sql));
    lines.extend(table.checks.iter().skip(inline.checks.len()).map(check_sql));
    lines.extend(table.foreign_keys.iter().skip(inline.foreign_keys.len()).map(foreign_key_sql));
    let options = match (table.strict, table.without_rowid) {
        (false, false) => "",
        (true, false) => " STRICT",
        (false, true) => " WITHOUT ROWID",
        (true, true) => " STRICT, WITHOUT ROWID",
    };
    format!("CREATE TABLE {} (\n    {}\n){options}", name_sql(&table.name), lines.join(",\n    "))
}

/// The definition of `column` as `CREATE TABLE` and `ADD COLUMN` take it, with every constraint that concerns it alone.
///
/// `priority INTEGER NOT NULL DEFAULT 5 CHECK (priority BETWEEN 0 AND 9)`
pub(crate) fn column_sql(table: &TableInfo, column: &ColumnInfo) -> String {
    Inline::all(table).column(table, column)
}

/// The `CREATE INDEX` statement of `index` on `table`.
///
/// `CREATE INDEX task_by_title ON task (title COLLATE NOCASE DESC, lower(slug)) WHERE done = 0`
pub(crate) fn index_sql(index: &IndexInfo, table: &str) -> String {
    let terms: Vec<String> = index
        .terms
        .iter()
        .map(|term| {
            let text = if term.is_expr { trim_expr(&term.term).to_owned() } else { name_sql(&term.term) };
            format!("{text}{}{}", collate_sql(term.collation.as_deref()), desc_sql(term.desc))
        })
        .collect();
    let unique = if index.unique { "UNIQUE " } else { "" };
    let filter =
        index.filter.as_ref().map(|filter| format!(" WHERE {}", trim_expr(filter))).unwrap_or_default();
    format!(
        "CREATE {unique}INDEX {} ON {} ({}){filter}",
        name_sql(&index.name),
        name_sql(table),
        terms.join(", ")
    )
}

/// Which constraints are written with their column: for each, in order, the column's place or `None`.
struct Inline {
    uniques: Vec<Option<usize>>,
    checks: Vec<Option<usize>>,
    foreign_keys: Vec<Option<usize>>,
}

impl Inline {
    /// Every constraint that concerns one column.
    fn all(table: &TableInfo) -> Self {
        Inline {
            uniques: table.uniques.iter().map(|unique| unique_column(table, unique)).collect(),
            checks: table.checks.iter().map(|check| check_column(table, check)).collect(),
            foreign_keys: table.foreign_keys.iter().map(|key| foreign_key_column(table, key)).collect(),
        }
    }

    /// As many as can be read back in the same order; the rest are constraints of the table.
    fn in_order(table: &TableInfo) -> Self {
        let all = Inline::all(table);
        Inline {
            uniques: ascending(all.uniques),
            checks: ascending(all.checks),
            foreign_keys: ascending(all.foreign_keys),
        }
    }

    fn column(&self, table: &TableInfo, column: &ColumnInfo) -> String {
        let mut sql = name_sql(&column.name);
        if !column.type_name.is_empty() {
            sql.push(' ');
            sql.push_str(&type_sql(&column.type_name));
        }
        let Some(at) = table.columns.iter().position(|other| eq_name(&other.name, &column.name)) else {
            return sql;
        };
        let mut add = |part: String| {
            sql.push(' ');
            sql.push_str(&part);
        };
        if let Some(key) = table.primary_key.as_ref().filter(|key| key_column(table, key) == Some(at)) {
            add(column_key_sql(key));
        }
        // Said also where it is implied: SQLite's planner knows an index as unique and not null only if it was said.
        if let Some(not_null) = &column.not_null {
            let name = constraint_name(not_null.name.as_deref());
            add(format!("{name}NOT NULL{}", conflict_sql(not_null.conflict.as_deref())));
        }
        // Before UNIQUE: SQLite looks whether the column is a virtual one when it makes the index.
        if let Some(generated) = &column.generated {
            let kind = if generated.stored { "STORED" } else { "VIRTUAL" };
            add(format!("GENERATED ALWAYS AS ({}) {kind}", trim_expr(&generated.expr)));
        }
        for unique in chosen(&table.uniques, &self.uniques, at) {
            add(format!("UNIQUE{}", conflict_sql(unique.conflict.as_deref())));
        }
        if let Some(default) = &column.default {
            add(format!("DEFAULT {}", default_sql(default)));
        }
        if let Some(collation) = &column.collation {
            add(format!("COLLATE {}", name_sql(collation)));
        }
        for check in chosen(&table.checks, &self.checks, at) {
            add(check_sql(check));
        }
        for key in chosen(&table.foreign_keys, &self.foreign_keys, at) {
            add(format!("{}{}", constraint_name(key.name.as_deref()), references_sql(key)));
        }
        sql
    }
}

fn chosen<'a, T>(items: &'a [T], places: &'a [Option<usize>], at: usize) -> impl Iterator<Item = &'a T> {
    items.iter().zip(places).filter(move |(_, place)| **place == Some(at)).map(|(item, _)| item)
}

fn ascending(places: Vec<Option<usize>>) -> Vec<Option<usize>> {
    let mut last = 0;
    places
        .into_iter()
        .take_while(|place| {
            let goes_on = place.is_some_and(|at| at >= last);
            last = place.unwrap_or(last);
            goes_on
        })
        .collect()
}

fn place_of(table: &TableInfo, column: &str) -> Option<usize> {
    table.columns.iter().position(|other| eq_name(&other.name, column))
}

/// The column whose line holds the primary key. `INTEGER PRIMARY KEY DESC` there is no rowid alias, while
/// `PRIMARY KEY (id DESC)` is.
fn key_column(table: &TableInfo, key: &PrimaryKeyInfo) -> Option<usize> {
    match key.terms.as_slice() {
        [term] if term.collation.is_none() && !(key.rowid_alias && term.desc) => {
            place_of(table, &term.column)
        }
        _ => None,
    }
}

fn unique_column(table: &TableInfo, unique: &UniqueInfo) -> Option<usize> {
    match unique.terms.as_slice() {
        [term] if unique.name.is_none() && term.collation.is_none() && !term.desc => {
            place_of(table, &term.column)
        }
        _ => None,
    }
}

/// Any word counts as the column of that name, keywords too: a check that may name two columns is one of the table.
fn check_column(table: &TableInfo, check: &CheckInfo) -> Option<usize> {
    let tokens = significant(&check.expr).ok()?;
    let mut named = tokens
        .iter()
        .filter(|token| matches!(token.kind, TokenKind::Word | TokenKind::QuotedId))
        .filter_map(|token| place_of(table, &token.ident()?));
    let first = named.next()?;
    named.all(|at| at == first).then_some(first)
}

fn foreign_key_column(table: &TableInfo, key: &ForeignKeyInfo) -> Option<usize> {
    match key.columns.as_slice() {
        [column] if key.to.len() <= 1 => place_of(table, column),
        _ => None,
    }
}

fn column_key_sql(key: &PrimaryKeyInfo) -> String {
    format!(
        "{}PRIMARY KEY{}{}{}",
        constraint_name(key.name.as_deref()),
        desc_sql(key.terms.iter().any(|term| term.desc)),
        conflict_sql(key.conflict.as_deref()),
        if key.autoincrement { " AUTOINCREMENT" } else { "" }
    )
}

/// The key as a constraint of the table: `PRIMARY KEY (a, b DESC)`.
pub(crate) fn primary_key_sql(key: &PrimaryKeyInfo) -> String {
    format!(
        "{}PRIMARY KEY ({}{}){}",
        constraint_name(key.name.as_deref()),
        key_terms_sql(&key.terms),
        if key.autoincrement { " AUTOINCREMENT" } else { "" },
        conflict_sql(key.conflict.as_deref())
    )
}

/// `key` for people, told from `other` where both have the same text: `PRIMARY KEY (id), the rowid`.
pub(crate) fn primary_key_words(key: Option<&PrimaryKeyInfo>, other: Option<&PrimaryKeyInfo>) -> String {
    let Some(key) = key else { return "none".to_owned() };
    let text = primary_key_sql(key);
    let told =
        other.is_none_or(|other| other.rowid_alias == key.rowid_alias || primary_key_sql(other) != text);
    if told || !key.rowid_alias { text } else { format!("{text}, the rowid") }
}

/// The constraint as one of the table: `UNIQUE (a, b)`.
pub(crate) fn unique_sql(unique: &UniqueInfo) -> String {
    format!(
        "{}UNIQUE ({}){}",
        constraint_name(unique.name.as_deref()),
        key_terms_sql(&unique.terms),
        conflict_sql(unique.conflict.as_deref())
    )
}

/// The constraint as one of the table: `FOREIGN KEY (a) REFERENCES p (b)`.
pub(crate) fn foreign_key_sql(key: &ForeignKeyInfo) -> String {
    let name = constraint_name(key.name.as_deref());
    format!("{name}FOREIGN KEY ({}) {}", names_sql(&key.columns), references_sql(key))
}

/// The constraint: `CONSTRAINT positive CHECK (a > 0)`.
pub(crate) fn check_sql(check: &CheckInfo) -> String {
    format!("{}CHECK ({})", constraint_name(check.name.as_deref()), trim_expr(&check.expr))
}

fn references_sql(key: &ForeignKeyInfo) -> String {
    let mut sql = format!("REFERENCES {}", name_sql(&key.table));
    if !key.to.is_empty() {
        sql.push_str(&format!(" ({})", names_sql(&key.to)));
    }
    if let Some(name) = &key.match_name {
        sql.push_str(&format!(" MATCH {}", name_sql(name)));
    }
    for (event, action) in [("DELETE", &key.on_delete), ("UPDATE", &key.on_update)] {
        if action != "NO ACTION" {
            sql.push_str(&format!(" ON {event} {action}"));
        }
    }
    if key.deferred {
        sql.push_str(" DEFERRABLE INITIALLY DEFERRED");
    }
    sql
}

fn key_terms_sql(terms: &[KeyTermInfo]) -> String {
    let terms: Vec<String> = terms
        .iter()
        .map(|term| {
            let column = name_sql(&term.column);
            format!("{column}{}{}", collate_sql(term.collation.as_deref()), desc_sql(term.desc))
        })
        .collect();
    terms.join(", ")
}

fn constraint_name(name: Option<&str>) -> String {
    name.map(|name| format!("CONSTRAINT {} ", name_sql(name))).unwrap_or_default()
}

fn conflict_sql(conflict: Option<&str>) -> String {
    conflict.map(|conflict| format!(" ON CONFLICT {conflict}")).unwrap_or_default()
}

fn collate_sql(collation: Option<&str>) -> String {
    collation.map(|collation| format!(" COLLATE {}", name_sql(collation))).unwrap_or_default()
}

fn desc_sql(desc: bool) -> &'static str {
    if desc { " DESC" } else { "" }
}

/// A type's words may be quoted once (`"select"`, `"a)b"`) and are stored without the quotes; the splitter is the judge.
fn type_sql(type_name: &str) -> String {
    if type_name.bytes().all(|byte| byte.is_ascii_alphabetic()) && !is_keyword(type_name) {
        return type_name.to_owned();
    }
    let reads_back = |sql: &str| {
        schema_sql::split_create_table(&format!("CREATE TABLE t (c {sql})")).is_ok_and(|split| {
            matches!(split.columns.as_slice(), [column]
                if column.type_name == type_name && column.constraints.is_empty())
                && split.constraints.is_empty()
        })
    };
    if reads_back(type_name) { type_name.to_owned() } else { quote_ident(type_name) }
}

/// A default's value goes bare where SQLite's grammar takes it bare: one literal or word, or a signed number.
fn default_sql(value: &str) -> String {
    let bare = significant(value).is_ok_and(|tokens| match tokens.as_slice() {
        [token] => !matches!(token.kind, TokenKind::Op | TokenKind::Param),
        [sign, number] => (sign.is_op("-") || sign.is_op("+")) && number.kind == TokenKind::Number,
        _ => false,
    });
    if bare { trim_expr(value).to_owned() } else { format!("({})", trim_expr(value)) }
}

/// `expr` without the white space and comments around it: a comment to the end of the line would swallow what follows.
pub(super) fn trim_expr(expr: &str) -> &str {
    let bounds = significant(expr).ok().and_then(|tokens| {
        let (first, last) = (tokens.first()?, tokens.last()?);
        expr.get(first.at..last.end())
    });
    bounds.unwrap_or_else(|| expr.trim())
}

/// `expr` without white space and comments around it, and without parentheses that enclose all of it.
pub(super) fn strip_parentheses(expr: &str) -> &str {
    let mut expr = trim_expr(expr);
    while let Some(inner) = enclosed(expr) {
        expr = trim_expr(inner);
    }
    expr
}

/// What stands between the parentheses, if the first one closes at the very end.
fn enclosed(expr: &str) -> Option<&str> {
    let tokens = tokenize(expr).ok()?;
    let mut depth = 0usize;
    for token in &tokens {
        if token.is_op("(") {
            depth += 1;
        } else if token.is_op(")") {
            depth = depth.checked_sub(1)?;
        }
        if depth == 0 {
            return (token.is_op(")") && token.end() == expr.len()).then(|| expr.get(1..token.at)).flatten();
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    fn table(sql: &str) -> TableInfo {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(sql).unwrap();
        super::super::read(&conn, "main", &[]).unwrap().tables.remove(0)
    }

    #[test]
    fn a_name_is_bare_only_where_it_is_a_plain_word_and_no_keyword() {
        let names = ["task", "_x9", "9x", "order", "Key", "", "a b", "a\"b", "é"];
        let wanted =
            ["task", "_x9", "\"9x\"", "\"order\"", "\"Key\"", "\"\"", "\"a b\"", "\"a\"\"b\"", "\"é\""];
        assert_eq!(names.map(name_sql), wanted);
    }

    #[test]
    fn a_column_takes_along_every_constraint_that_concerns_it_alone() {
        let table = table(
            "CREATE TABLE t(a, b INT NOT NULL DEFAULT 5, CHECK(a < b), CONSTRAINT n CHECK(b > 0), UNIQUE(a, b),
             FOREIGN KEY(a, b) REFERENCES q, FOREIGN KEY(b) REFERENCES p(id) ON DELETE CASCADE)",
        );
        assert_eq!(
            column_sql(&table, &table.columns[1]),
            "b INT NOT NULL DEFAULT 5 CONSTRAINT n CHECK (b > 0) REFERENCES p (id) ON DELETE CASCADE"
        );
        assert!(
            table_sql(&table).contains("    b INT NOT NULL DEFAULT 5,\n"),
            "the order of the checks stays"
        );
    }

    #[test]
    fn a_comment_at_the_end_of_an_expression_does_not_swallow_what_follows() {
        let table = table("CREATE TABLE t(a DEFAULT (1 + 1 -- two\n), CHECK(a > 0 -- more\n))");
        assert_eq!(table_sql(&table), "CREATE TABLE t (\n    a DEFAULT (1 + 1) CHECK (a > 0)\n)");
    }

    #[test]
    fn only_parentheses_around_the_whole_are_stripped() {
        let cases = [
            ("((1))", "1"),
            ("(1) + (2)", "(1) + (2)"),
            ("( /* c */ (a) )", "a"),
            ("')('", "')('"),
            ("(", "("),
        ];
        for (expr, wanted) in cases {
            assert_eq!(strip_parentheses(expr), wanted);
        }
    }
}
