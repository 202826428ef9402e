//! What a comment belongs to, by where it stands.

use schema_sql::{CreateKind, TokenKind};

use super::fault::Span;
use super::script::{Item, Script};

/// What a comment belongs to; numbers are those of the statements, and of a table's columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Column(usize, usize),
    /// Inside of a table's parentheses, but at no column, for this reason.
    Inside(usize, &'static str),
    Table(usize),
    /// At no table, for this reason.
    Outside(&'static str),
    /// In a table whose text cannot be read, as another fault says.
    Unknown,
}

/// A column or constraint of a table: its bytes in the whole text, and the column's number.
struct Element {
    from: usize,
    to: usize,
    column: Option<usize>,
}

/// Where the comment stands.
pub(super) fn of(script: &Script<'_>, comment: Span) -> Place {
    let number = script.items.partition_point(|item| item.end <= comment.at);
    let Some(item) = script.items.get(number) else {
        return Place::Outside("no statement follows");
    };
    if comment.at < item.at {
        return if !item.is(CreateKind::Table) {
            Place::Outside("the statement that follows makes no table")
        } else if has_code_before(script, comment.at) {
            Place::Outside("another statement ends in the same line")
        } else {
            Place::Table(number)
        };
    }
    if !item.is(CreateKind::Table) {
        return Place::Outside("it stands inside of a statement that makes no table");
    }
    match item.body {
        Some((open, close)) if open < comment.at && comment.at < close => {
            if item.table.is_none() {
                Place::Unknown
            } else {
                inside(script, number, item, comment.at)
            }
        }
        _ => Place::Table(number),
    }
}

fn line_start(text: &str, at: usize) -> usize {
    text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1)
}

/// Whether anything but comments stands before the offset in its line.
fn has_code_before(script: &Script<'_>, at: usize) -> bool {
    let start = line_start(script.text, at);
    let before = script.tokens.partition_point(|token| token.at < at);
    let mut tokens = script.tokens.get(..before).unwrap_or_default().iter().rev();
    tokens
        .find(|token| token.end() <= start || !matches!(token.kind, TokenKind::Space | TokenKind::Comment))
        .is_some_and(|token| token.end() > start)
}

fn inside(script: &Script<'_>, number: usize, item: &Item<'_>, at: usize) -> Place {
    let elements = elements(item);
    let start = line_start(script.text, at);
    let before = elements.iter().rev().find(|element| element.from < at);
    let next = elements.iter().find(|element| element.from > at);
    let in_the_midst = before.is_some_and(|element| at < element.to);
    if !in_the_midst && !has_code_before(script, at) {
        return match next {
            Some(Element { column: Some(column), .. }) => Place::Column(number, *column),
            Some(_) => Place::Inside(number, "what follows in the table is no column"),
            None => Place::Inside(number, "no column follows in the table"),
        };
    }
    let Some(before) = before.filter(|element| element.to > start) else {
        return Place::Inside(
            number,
            "it stands neither behind a column nor on a line of its own before one",
        );
    };
    let between = |from: usize, to: usize| script.text.get(from..to).unwrap_or_default();
    let has_comma = script
        .tokens
        .iter()
        .skip(script.tokens.partition_point(|token| token.at < before.to))
        .take_while(|token| token.at < at)
        .any(|token| token.is_op(","));
    if has_comma && next.is_some_and(|next| !between(at, next.from).contains('\n')) {
        return Place::Inside(number, "it stands between two parts of the table in one line");
    }
    match before.column {
        Some(column) => Place::Column(number, column),
        None => Place::Inside(number, "it stands behind a constraint of the table"),
    }
}

/// The table's columns and constraints in the order of the text.
fn elements(item: &Item<'_>) -> Vec<Element> {
    let Some(table) = &item.table else { return Vec::new() };
    let element = |at: usize, text: &str, column: Option<usize>| {
        let from = item.at + at;
        Element { from, to: from + text.len(), column }
    };
    let columns = table.columns.iter().enumerate();
    let columns = columns.map(|(number, column)| element(column.at, &column.text, Some(number)));
    let constraints =
        table.constraints.iter().map(|constraint| element(constraint.at, &constraint.text, None));
    columns.chain(constraints).collect()
}
