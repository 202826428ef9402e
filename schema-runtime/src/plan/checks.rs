//! What the rows must satisfy before a step may run, as queries over the live database.
//!
//! Each check reads the table through a subquery that shows it under its new names with its new values, so that it can run
//! before anything is changed, and says how many rows fail and which.

use std::fmt;

use schema_sql::{eq_name, quote_ident};
use serde::{Deserialize, Serialize};

use super::hazard::HazardCode;
use super::rebuild::{Image, Parts, default_expr};
use super::table::is_constant;
use crate::catalog::{
    Affinity, ColumnInfo, ForeignKeyInfo, GeneratedInfo, IndexInfo, IndexTermInfo, KeyTermInfo, TableInfo,
    Texts, affinity, same_check, same_collation, same_generated, same_index, same_key_terms, same_link,
};

/// What a check is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CheckKind {
    /// No NULL.
    NotNull,
    /// No row at all: a value would have to be made up.
    Empty,
    /// No duplicates.
    Unique,
    /// The expression is not false.
    Check,
    /// Every child has its parent.
    ForeignKey,
    /// Every value survives the conversion and back.
    Conversion,
    /// Every value has the type that STRICT wants.
    Strict,
}

/// One check: rows that it finds forbid the step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Check {
    /// What it is about.
    pub kind: CheckKind,
    /// The hazard that a consent would have to name.
    pub code: HazardCode,
    /// `table` or `table.column`.
    pub object: String,
    /// What is wrong with a row that it finds: "NULL in `email`".
    pub fault: String,
    /// What to do about it.
    pub help: String,
    /// A query that returns the rows at fault: first column what identifies the row.
    pub query: String,
}

impl fmt::Display for CheckKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CheckKind::NotNull => "not null",
            CheckKind::Empty => "empty",
            CheckKind::Unique => "unique",
            CheckKind::Check => "check",
            CheckKind::ForeignKey => "foreign key",
            CheckKind::Conversion => "conversion",
            CheckKind::Strict => "strict",
        })
    }
}

/// What identifies a row in a message: its rowid, else its key.
fn identity(image: &Image<'_>) -> String {
    if let Some(rowid) = image.rowid() {
        return rowid.to_owned();
    }
    let terms = image.from.primary_key.as_ref().map(|key| key.terms.as_slice()).unwrap_or_default();
    let names: Vec<String> = terms.iter().map(|term| quote_ident(&term.column)).collect();
    if names.is_empty() { "NULL".to_owned() } else { names.join(" || ', ' || ") }
}

fn names(sql: &str, column: &str) -> bool {
    schema_sql::idents(sql).unwrap_or_default().iter().any(|name| eq_name(name, column))
}

/// Columns that hold or compare otherwise than before; a generated one may where any other does.
fn moved_columns<'i>(image: &Image<'i>, texts: &Texts<'_>) -> Vec<&'i str> {
    let to = image.to;
    let moves = |column: &ColumnInfo| match image.from.column(&column.name) {
        None => true,
        Some(found) => {
            image.changes_type(column)
                || image.tightens(column)
                || !same_collation(texts, found.collation.as_deref(), column.collation.as_deref())
                || !same_generated(texts, found.generated.as_ref(), column.generated.as_ref())
        }
    };
    let any = to.columns.iter().any(moves);
    let moved = to.columns.iter().filter(|column| moves(column) || (any && column.generated.is_some()));
    moved.map(|column| column.name.as_str()).collect()
}

/// The checks that the change of one table asks for, by a `rebuild` or natively; none where the table has no rows.
pub(super) fn table_checks(image: &Image<'_>, texts: &Texts<'_>, rebuild: bool) -> Vec<Check> {
    let mut checks = Vec::new();
    for column in &image.to.columns {
        column_checks(image, column, &mut checks);
    }
    for (terms, collations) in new_unique_rules(image, texts) {
        checks.push(unique_check(image, &terms, &collations));
    }
    let moved: Vec<&str> = moved_columns(image, texts);
    for index in image.to.indexes.iter().filter(|index| index.unique) {
        // One that is new or other than before is checked by the step that makes it.
        let kept = image.from.index(&index.name).is_some_and(|found| same_index(texts, found, index));
        let named: Vec<&str> =
            moved.iter().copied().filter(|column| kept && names(&index.sql, column)).collect();
        match named.as_slice() {
            [] => {}
            [column] if is_filled_alone(image, texts, column) => {
                checks.push(filled_index_check(image, index, column));
            }
            _ => checks.push(unique_index_check(image, index)),
        }
    }
    for check in &image.to.checks {
        let held = image.from.checks.iter().any(|found| same_check(texts, found, check));
        // A copy holds every row against every rule again: also those that were smuggled in past it.
        if rebuild || !held || moved.iter().any(|column| names(&check.expr, column)) {
            checks.push(Check {
                kind: CheckKind::Check,
                code: HazardCode::Check,
                object: image.to.name.clone(),
                fault: format!("rows of `{}` break CHECK ({})", image.to.name, check.expr),
                help: "mend or delete these rows, or give the column a `backfill` or `convert` that satisfies the rule"
                    .to_owned(),
                query: broken_query(image, &check.expr),
            });
        }
    }
    for foreign in &image.to.foreign_keys {
        if !image.from.foreign_keys.iter().any(|found| same_link(found, foreign) && found.to == foreign.to) {
            checks.extend(foreign_key_check(image, foreign, &moved));
        }
    }
    checks
}

/// The rows that a CHECK does not take. One query for each part: only there do the values compare as they will.
fn broken_query(image: &Image<'_>, expr: &str) -> String {
    let parts = constant_rows(image, expr).unwrap_or_else(|| image.rows_in_parts(expr));
    let identity = identity(image);
    let queries = parts.iter().map(|(rows, which)| {
        let which = which.as_ref().map(|which| format!("{which} AND ")).unwrap_or_default();
        format!("SELECT {identity} FROM {rows} WHERE {which}({expr}) IS FALSE")
    });
    queries.collect::<Vec<_>>().join(" UNION ALL ")
}

/// The rows for an expression over new columns alone that hold the same in all of them: SQLite then computes it once.
fn constant_rows(image: &Image<'_>, expr: &str) -> Option<Parts> {
    let named: Vec<&ColumnInfo> =
        image.to.columns.iter().filter(|column| names(expr, &column.name)).collect();
    let constant = |column: &&ColumnInfo| {
        image.from.column(&column.name).is_none()
            && column.generated.is_none()
            && image.value(column).is_none()
            && column.default.as_deref().is_none_or(is_constant)
    };
    let of_rowid = ["rowid", "oid", "_rowid_"].iter().any(|rowid| names(expr, rowid));
    (!named.is_empty() && !of_rowid && named.iter().all(constant)).then(|| image.constant_rows(expr, &named))
}

fn column_checks(image: &Image<'_>, column: &ColumnInfo, checks: &mut Vec<Check>) {
    let object = format!("{}.{}", image.to.name, column.name);
    let found = image.from.column(&column.name);
    if let Some(rule) = &column.generated {
        generated_checks(image, (found, column), rule, checks);
        return;
    }
    let alias = image.to.is_rowid_alias(&column.name);
    if image.fill {
        let moved = found.filter(|found| found.generated.is_none() && image.changes_type(column));
        checks.extend(moved.map(|found| survival_check(image, found, column)));
        if alias && image.tightens(column) {
            let code = HazardCode::NotNull.code();
            let help =
                format!("give these rows a number, or allow {code}={object}: SQLite then makes one up");
            checks.push(Check { help, ..not_null_check(image, column, "the rowid again") });
        }
        return;
    }
    let value = image.value(column);
    if found.is_none() && column.not_null.is_some() && !alias && value.is_none() {
        let default = column.default.as_deref().map(default_expr);
        if default.is_none_or(|text| eq_name(&text, "(NULL)")) {
            checks.push(Check {
                kind: CheckKind::Empty,
                code: HazardCode::NotNull,
                object: object.clone(),
                fault: format!(
                    "rows of `{}` would have no value for the new NOT NULL column `{}`",
                    image.to.name, column.name
                ),
                help: format!(
                    "give `{}` a `default`, or a `backfill` for the rows that are there",
                    column.name
                ),
                query: format!("SELECT {} FROM {}", identity(image), image.live_source()),
            });
        }
        return;
    }
    let becomes_rowid = alias
        && match found {
            Some(found) => !image.from.is_rowid_alias(&found.name),
            None => image.hints.column(&column.name).backfill.is_some(),
        };
    let fills = found.is_none() || image.tightens(column) || image.changes_type(column) || becomes_rowid;
    let forbids = if alias { becomes_rowid } else { column.not_null.is_some() };
    if forbids && fills && value.is_some() {
        let rule = if alias { "the rowid" } else { "NOT NULL" };
        checks.push(not_null_check(image, column, rule));
    }
    let converted = image.changes_type(column) && image.hints.column(&column.name).convert.is_some();
    match found {
        Some(found) if image.changes_type(column) && !converted => {
            checks.push(survival_check(image, found, column))
        }
        _ => {}
    }
    let strict = image.to.strict && (!image.from.strict || found.is_none() || image.changes_type(column));
    if becomes_rowid || strict {
        strict_check(image, column, checks);
    } else if converted {
        convert_check(image, column, checks);
    }
}

/// A generated column is computed anew for every row: it may be NULL where it must not, and takes the place of what a plain
/// column held.
fn generated_checks(
    image: &Image<'_>,
    (found, column): (Option<&ColumnInfo>, &ColumnInfo),
    rule: &GeneratedInfo,
    checks: &mut Vec<Check>,
) {
    let object = format!("{}.{}", image.to.name, column.name);
    let name = quote_ident(&column.name);
    let stays = image.stays_computed(column);
    let forbade = stays && found.is_some_and(|found| found.not_null.is_some());
    if !image.fill && column.not_null.is_some() && !forbade {
        checks.push(not_null_check(image, column, "NOT NULL"));
    }
    if found.is_some_and(|found| found.generated.is_none()) {
        checks.push(Check {
            kind: CheckKind::Conversion,
            code: HazardCode::ConvertValues,
            object: object.clone(),
            fault: format!("values of `{object}` would be lost, since they differ from {}", rule.expr),
            help: format!("mend these rows, or allow {}={object}", HazardCode::ConvertValues.code()),
            query: format!(
                "SELECT {} FROM {} WHERE __schema_before IS NOT {name} COLLATE BINARY",
                identity(image),
                image.new_rows_beside(&column.name),
            ),
        });
    }
    if !image.fill && image.to.strict && !(image.from.strict && stays) {
        strict_check(image, column, checks);
    }
}

fn survival_check(image: &Image<'_>, found: &ColumnInfo, column: &ColumnInfo) -> Check {
    let name = quote_ident(&column.name);
    let kept = survives(&name, affinity(&column.type_name, image.to.strict), image.to.strict);
    let (code, object) = (HazardCode::ConvertValues.code(), format!("{}.{}", image.to.name, column.name));
    Check {
        kind: CheckKind::Conversion,
        code: HazardCode::ConvertValues,
        fault: format!(
            "values of `{}`.`{}` would not survive the change from {} to {}",
            image.to.name,
            column.name,
            or_untyped(&found.type_name),
            or_untyped(&column.type_name)
        ),
        help: match image.fill {
            true => format!(
                "mend these values, or allow {code}={object}: they become what the old type makes of them"
            ),
            false => {
                format!(
                    "give `{}` a `convert` that says what becomes of them, or allow {code}={object}",
                    column.name
                )
            }
        },
        object,
        query: format!("SELECT {} FROM {} WHERE NOT ({kept})", identity(image), image.live_source()),
    }
}

/// What a `convert` gives must be of the new type: the column's affinity would keep anything else as it is.
fn convert_check(image: &Image<'_>, column: &ColumnInfo, checks: &mut Vec<Check>) {
    let fits = match affinity(&column.type_name, false) {
        Affinity::Integer => "'integer', 'null'",
        Affinity::Real => "'real', 'null'",
        Affinity::Text => "'text', 'null'",
        _ => return,
    };
    let object = format!("{}.{}", image.to.name, column.name);
    checks.push(Check {
        kind: CheckKind::Conversion,
        code: HazardCode::ConvertValues,
        fault: format!(
            "values of `{}`.`{}` are no {} after its `convert`",
            image.to.name, column.name, column.type_name
        ),
        help: format!(
            "let `convert` give a value of the new type, or allow {}={object}",
            HazardCode::ConvertValues.code()
        ),
        query: format!(
            "SELECT {} FROM {} WHERE typeof({}) NOT IN ({fits})",
            identity(image),
            image.stored_rows(),
            quote_ident(&column.name)
        ),
        object,
    });
}

/// Rows with NULL in a column that becomes `rule`: NOT NULL, or the rowid.
fn not_null_check(image: &Image<'_>, column: &ColumnInfo, rule: &str) -> Check {
    let help = match column.generated {
        None => format!("give `{}` a `backfill` for these rows, or mend them", column.name),
        Some(_) => format!("mend these rows, or let the expression of `{}` never be NULL", column.name),
    };
    let name = quote_ident(&column.name);
    // SQLite refuses a NULL, but makes a rowid up.
    let made_up = image.to.is_rowid_alias(&column.name);
    Check {
        kind: if made_up { CheckKind::Empty } else { CheckKind::NotNull },
        code: HazardCode::NotNull,
        object: format!("{}.{}", image.to.name, column.name),
        fault: format!("rows of `{}` have NULL in `{}`, which becomes {rule}", image.to.name, column.name),
        help,
        query: format!("SELECT {} FROM {} WHERE {name} IS NULL", identity(image), image.new_rows()),
    }
}

fn strict_check(image: &Image<'_>, column: &ColumnInfo, checks: &mut Vec<Check>) {
    let name = quote_ident(&column.name);
    // What STRICT accepts after applying the affinity. SQLite: <https://www.sqlite.org/stricttables.html>.
    let fits = match affinity(&column.type_name, true) {
        Affinity::Integer => "'integer', 'null'",
        Affinity::Real => "'real', 'null'",
        Affinity::Text => "'text', 'null'",
        Affinity::Blob => "'blob', 'null'",
        _ => return,
    };
    checks.push(Check {
        kind: CheckKind::Strict,
        code: HazardCode::Strict,
        object: format!("{}.{}", image.to.name, column.name),
        fault: format!(
            "rows of `{}` hold a value in `{}` that is no {}",
            image.to.name, column.name, column.type_name
        ),
        help: if image.to.is_rowid_alias(&column.name) && !image.to.strict {
            format!("mend these rows: `{}` becomes the rowid", column.name)
        } else {
            "mend these rows, or leave the table without `strict`".to_owned()
        },
        query: format!(
            "SELECT {} FROM {} WHERE typeof({name}) NOT IN ({fits})",
            identity(image),
            image.stored_rows()
        ),
    });
}

fn or_untyped(name: &str) -> &str {
    if name.is_empty() { "no type" } else { name }
}

/// An SQL condition: the value `c` of an old row means the same after a column of affinity `to` has stored it, and turns
/// back into itself. NULL always does.
fn survives(c: &str, to: Affinity, strict: bool) -> String {
    // A text with which arithmetic agrees is one that a numeric affinity would turn into a number.
    let looks_numeric = format!("{c} = CAST({c} AS NUMERIC)");
    match to {
        Affinity::Integer => format!(
            "CASE typeof({c}) WHEN 'null' THEN 1 WHEN 'integer' THEN 1 \
             WHEN 'real' THEN {c} = CAST({c} AS INTEGER) AND abs({c}) < 9007199254740992 \
             WHEN 'text' THEN CAST(CAST({c} AS INTEGER) AS TEXT) = {c} COLLATE BINARY ELSE 0 END"
        ),
        Affinity::Real => format!(
            "CASE typeof({c}) WHEN 'null' THEN 1 WHEN 'real' THEN 1 \
             WHEN 'integer' THEN CAST(CAST({c} AS REAL) AS INTEGER) = {c} AND {c} < 9223372036854775807 \
             WHEN 'text' THEN CAST(CAST({c} AS REAL) AS TEXT) = {c} COLLATE BINARY \
             OR CAST(CAST({c} AS INTEGER) AS TEXT) = {c} COLLATE BINARY AND CAST(CAST({c} AS REAL) AS INTEGER) = CAST({c} AS INTEGER) ELSE 0 END"
        ),
        Affinity::Text => format!(
            "CASE typeof({c}) WHEN 'null' THEN 1 WHEN 'text' THEN 1 WHEN 'integer' THEN 1 \
             WHEN 'real' THEN CAST(CAST({c} AS TEXT) AS REAL) = {c} ELSE 0 END"
        ),
        Affinity::Numeric => format!(
            "CASE typeof({c}) WHEN 'text' THEN NOT ({looks_numeric}) OR CAST(CAST({c} AS NUMERIC) AS TEXT) = {c} COLLATE BINARY ELSE 1 END"
        ),
        Affinity::Blob if strict => format!("typeof({c}) IN ('blob', 'null')"),
        Affinity::Blob | Affinity::Any => "1".to_owned(),
    }
}

/// Keys that the rows were not held to before: their columns, with the collation that each compares by.
fn new_unique_rules(image: &Image<'_>, texts: &Texts<'_>) -> Vec<(Vec<KeyTermInfo>, Vec<Option<String>>)> {
    let collation = |table: &TableInfo, term: &KeyTermInfo| {
        term.collation
            .clone()
            .or_else(|| table.column(&term.column).and_then(|column| column.collation.clone()))
    };
    let held = |terms: &[KeyTermInfo]| {
        let same = |found: &[KeyTermInfo]| {
            same_key_terms(texts, found, terms)
                && found.iter().zip(terms).all(|(a, b)| {
                    same_collation(
                        texts,
                        collation(image.from, a).as_deref(),
                        collation(image.to, b).as_deref(),
                    )
                })
        };
        image.from.uniques.iter().any(|unique| same(&unique.terms))
            || image.from.primary_key.as_ref().is_some_and(|key| same(&key.terms))
    };
    let columns = moved_columns(image, texts);
    let moved = |terms: &[KeyTermInfo]| {
        terms.iter().any(|term| columns.iter().any(|column| eq_name(column, &term.column)))
    };
    let mut rules: Vec<Vec<KeyTermInfo>> =
        image.to.uniques.iter().map(|unique| unique.terms.clone()).collect();
    rules.extend(image.to.primary_key.iter().map(|key| key.terms.clone()));
    rules.retain(|terms| !held(terms) || moved(terms));
    // A new rowid alias that takes the old rowid cannot clash.
    rules.retain(|terms| {
        terms.iter().all(|term| {
            image.from.column(&term.column).is_some()
                || image.to.column(&term.column).is_some_and(|column| {
                    image.hints.column(&column.name).backfill.is_some()
                        || column.default.is_some()
                        || column.generated.is_some()
                })
        })
    });
    rules
        .into_iter()
        .map(|terms| {
            let collations = terms.iter().map(|term| collation(image.to, term)).collect();
            (terms, collations)
        })
        .collect()
}

pub(super) fn unique_check(image: &Image<'_>, terms: &[KeyTermInfo], collations: &[Option<String>]) -> Check {
    let shown: Vec<String> = terms.iter().map(|term| format!("`{}`", term.column)).collect();
    let exprs: Vec<String> = terms
        .iter()
        .zip(collations)
        .map(|(term, collation)| match collation {
            None => quote_ident(&term.column),
            Some(collation) => format!("{} COLLATE {}", quote_ident(&term.column), quote_ident(collation)),
        })
        .collect();
    let exprs: Vec<(String, String)> = exprs.into_iter().map(|expr| (expr.clone(), expr)).collect();
    unique_query(image, &exprs, None, &shown.join(", "))
}

/// A check for duplicates: of each group of rows that agree in all terms, one row.
pub(super) fn unique_query(
    image: &Image<'_>,
    terms: &[(String, String)],
    filter: Option<&str>,
    shown: &str,
) -> Check {
    // NULLs are distinct from each other in a unique index. SQLite: <https://www.sqlite.org/lang_createindex.html>.
    let mut conditions: Vec<String> = terms.iter().map(|(expr, _)| format!("({expr}) IS NOT NULL")).collect();
    conditions.extend(filter.map(|filter| format!("({filter})")));
    let group: Vec<&str> = terms.iter().map(|(_, group)| group.as_str()).collect();
    Check {
        kind: CheckKind::Unique,
        code: HazardCode::Unique,
        object: image.to.name.clone(),
        fault: format!("groups of rows of `{}` have the same {shown}, which becomes unique", image.to.name),
        help: "delete or mend all but one row of each group".to_owned(),
        query: format!(
            "SELECT min({}) FROM {} WHERE {} GROUP BY {} HAVING count(*) > 1",
            identity(image),
            image.stored_rows(),
            conditions.join(" AND "),
            group.join(", ")
        ),
    }
}

/// A check for rows that a unique index of the new table would not take.
pub(super) fn unique_index_check(image: &Image<'_>, index: &IndexInfo) -> Check {
    let terms: Vec<(String, String)> = index.terms.iter().map(|term| index_term(image.to, term)).collect();
    let shown: Vec<&str> = index.terms.iter().map(|term| term.term.as_str()).collect();
    unique_query(image, &terms, index.filter.as_deref(), &format!("`{}`", shown.join("`, `")))
}

/// Whether nothing of the column moves but its NULLs, which are filled.
fn is_filled_alone(image: &Image<'_>, texts: &Texts<'_>, column: &str) -> bool {
    let (Some(found), Some(column)) = (image.from.column(column), image.to.column(column)) else {
        return false;
    };
    column.generated.is_none()
        && found.generated.is_none()
        && !image.changes_type(column)
        && same_collation(texts, found.collation.as_deref(), column.collation.as_deref())
}

/// The same where NULLs of one column are filled: what was there keeps to the index already, so that rows which agree count only with
/// one that is filled among them. As an expression a filled column compares without its affinity, and others might seem to agree.
fn filled_index_check(image: &Image<'_>, index: &IndexInfo, column: &str) -> Check {
    let check = unique_index_check(image, index);
    let rows = image.stored_rows();
    let beside = image.stored_rows_beside(column);
    let query = check.query.replacen(&rows, &beside, 1) + " AND max(__schema_before IS NULL)";
    Check { query, ..check }
}

/// A check that finds nothing, but fails where an expression of the index does: `json_extract` of a text that is no JSON.
pub(super) fn computed_index_check(image: &Image<'_>, index: &IndexInfo) -> Check {
    let computed = index.terms.iter().filter(|term| term.is_expr);
    let mut none: Vec<String> = computed.map(|term| format!("typeof({}) IS NULL", term.term)).collect();
    none.push("FALSE".to_owned());
    let none = none.join(" OR ");
    // CASE, since AND may compute its second side first.
    let none = match &index.filter {
        Some(filter) => format!("CASE WHEN ({filter}) THEN {none} ELSE FALSE END"),
        None => none,
    };
    Check {
        kind: CheckKind::Check,
        code: HazardCode::Check,
        object: image.to.name.clone(),
        fault: format!("rows of `{}` the index `{}` cannot hold", image.to.name, index.name),
        help: "mend or delete these rows".to_owned(),
        query: format!("SELECT {} FROM {} WHERE {none}", identity(image), image.stored_rows()),
    }
}

/// The term as an expression, and as it groups: with the collation that the index compares by.
fn index_term(table: &TableInfo, term: &IndexTermInfo) -> (String, String) {
    let expr = if term.is_expr { format!("({})", term.term) } else { quote_ident(&term.term) };
    let column = table.column(&term.term).filter(|_| !term.is_expr);
    let collation = term.collation.clone().or_else(|| column.and_then(|column| column.collation.clone()));
    let group = match collation {
        // The index compares by BINARY, where GROUP BY would take a collation from inside of the expression.
        None if term.is_expr => format!("{expr} COLLATE BINARY"),
        None => expr.clone(),
        Some(collation) => format!("{expr} COLLATE {}", quote_ident(&collation)),
    };
    (expr, group)
}

fn foreign_key_check(image: &Image<'_>, foreign: &ForeignKeyInfo, moved: &[&str]) -> Option<Check> {
    if foreign.to.len() != foreign.columns.len() || foreign.to.is_empty() {
        return None;
    }
    let child = quote_ident(&image.to.name);
    let columns: Vec<String> =
        foreign.columns.iter().map(|name| format!("{child}.{}", quote_ident(name))).collect();
    let parent_table = image.renames.old_table(&foreign.table);
    let matches: Vec<String> = foreign
        .to
        .iter()
        .zip(&columns)
        .map(|(to, column)| {
            let old = image.renames.old_column(&foreign.table, to);
            // The parent's affinity and collation decide, as in SQLite's own check.
            format!("__schema_parent.{} = {column}", quote_ident(old))
        })
        .collect();
    let present: Vec<String> = columns.iter().map(|column| format!("{column} IS NOT NULL")).collect();
    // A key that the parent gets only now, or that comes to hold something else in this very table, is for the verification after
    // the change.
    let moves = |to: &String| moved.iter().any(|column| eq_name(column, to));
    if (eq_name(&foreign.table, &image.to.name) && foreign.to.iter().any(moves))
        || image
            .live
            .table(&foreign.table)
            .is_some_and(|parent| foreign.to.iter().any(|to| parent.column(to).is_none()))
    {
        return None;
    }
    let orphan = if image.live.table(&foreign.table).is_some() {
        format!(
            " AND NOT EXISTS (SELECT 1 FROM main.{} AS __schema_parent WHERE {})",
            quote_ident(parent_table),
            matches.join(" AND ")
        )
    } else {
        String::new()
    };
    Some(Check {
        kind: CheckKind::ForeignKey,
        code: HazardCode::ForeignKey,
        object: format!("{}.{}", image.to.name, foreign.columns.join(", ")),
        fault: format!(
            "rows of `{}` refer by `{}` to a `{}` that does not exist",
            image.to.name,
            foreign.columns.join("`, `"),
            foreign.table
        ),
        help: "insert the parents that are missing, or mend or delete these rows".to_owned(),
        query: format!(
            "SELECT {} FROM {} WHERE {}{orphan}",
            identity(image),
            image.new_rows(),
            present.join(" AND "),
        ),
    })
}
