//! `CREATE TABLE`, split into columns and constraints.
//!
//! The grammar is that of SQLite's `parse.y`, with its leniencies: keywords as names, missing commas between table constraints,
//! constraint names that name nothing. What the split gives should still be compared with `table_xinfo` (count, names, order).

mod constraint;

use std::borrow::Cow;

use self::constraint::{column_constraint, constraint_name, defer_last, table_constraints};
use crate::cursor::{Cursor, Split, SplitError};
use crate::keyword::is_type_word;
use crate::token::{Token, TokenKind, unquote};

/// The parts of a `CREATE TABLE` statement.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct CreateTable {
    /// The schema before the name; SQLite never stores it.
    pub schema: Option<String>,
    /// The table's name.
    pub name: String,
    /// `TEMP`; SQLite never stores it.
    pub temp: bool,
    /// The columns, in order.
    pub columns: Vec<ColumnDef>,
    /// The table's own constraints, in order; those of columns are in [`ColumnDef::constraints`].
    pub constraints: Vec<Constraint>,
    /// `STRICT`.
    pub strict: bool,
    /// `WITHOUT ROWID`.
    pub without_rowid: bool,
}

/// A column of a `CREATE TABLE` statement.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ColumnDef {
    /// Its name.
    pub name: String,
    /// Its type as `table_xinfo` reports it; empty if it has none.
    pub type_name: String,
    /// Its constraints, in order.
    pub constraints: Vec<Constraint>,
    /// The whole definition, verbatim.
    pub text: String,
    /// The byte offset of its name in the statement.
    pub at: usize,
}

/// A constraint of a column or a table.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Constraint {
    /// The name that `CONSTRAINT` gives it.
    pub name: Option<String>,
    /// What it demands.
    pub kind: ConstraintKind,
    /// The whole constraint, verbatim, with its `CONSTRAINT name`.
    pub text: String,
    /// The byte offset of its first token in the statement.
    pub at: usize,
}

/// What a constraint demands. Expressions are verbatim, without their outer parentheses.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ConstraintKind {
    /// `PRIMARY KEY`; of a column: with that column as its only term.
    PrimaryKey {
        /// The key's terms, in order.
        columns: Vec<IndexTerm>,
        /// `ON CONFLICT`.
        conflict: Option<Conflict>,
        /// `AUTOINCREMENT`.
        autoincrement: bool,
    },
    /// `NOT NULL`.
    NotNull {
        /// `ON CONFLICT`.
        conflict: Option<Conflict>,
    },
    /// `NULL`, which demands nothing.
    Null,
    /// `UNIQUE`; of a column: with that column as its only term.
    Unique {
        /// The terms, in order.
        columns: Vec<IndexTerm>,
        /// `ON CONFLICT`.
        conflict: Option<Conflict>,
    },
    /// `CHECK`.
    Check {
        /// The expression.
        expr: String,
        /// `ON CONFLICT`, which SQLite accepts and ignores.
        conflict: Option<Conflict>,
    },
    /// `DEFAULT`.
    Default {
        /// The value, verbatim, with its parentheses if it has them.
        value: String,
    },
    /// `COLLATE`.
    Collate {
        /// The collating sequence's name.
        collation: String,
    },
    /// `FOREIGN KEY` or `REFERENCES`.
    ForeignKey(ForeignKeyDef),
    /// `GENERATED ALWAYS AS`.
    Generated {
        /// The expression.
        expr: String,
        /// `STORED`; else virtual.
        stored: bool,
    },
}

/// A term of an index, a primary key or a `UNIQUE` constraint.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct IndexTerm {
    /// The term, verbatim, without its collation and order.
    pub expr: String,
    /// The name that the term consists of, unquoted, if it is a plain name.
    pub column: Option<String>,
    /// The collating sequence that the term names.
    pub collation: Option<String>,
    /// `DESC`.
    pub desc: bool,
}

/// What a statement does that would break a constraint.
///
/// SQLite: <https://www.sqlite.org/lang_conflict.html>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Conflict {
    /// `ROLLBACK`.
    Rollback,
    /// `ABORT`, SQLite's default.
    Abort,
    /// `FAIL`.
    Fail,
    /// `IGNORE`.
    Ignore,
    /// `REPLACE`.
    Replace,
}

impl Conflict {
    /// The keyword, upper case.
    pub const fn sql(self) -> &'static str {
        match self {
            Conflict::Rollback => "ROLLBACK",
            Conflict::Abort => "ABORT",
            Conflict::Fail => "FAIL",
            Conflict::Ignore => "IGNORE",
            Conflict::Replace => "REPLACE",
        }
    }
}

/// A foreign key.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ForeignKeyDef {
    /// The child's columns, in order.
    pub columns: Vec<String>,
    /// The parent table.
    pub table: String,
    /// The parent's columns, in the order of `columns`; empty: its primary key.
    pub to: Vec<String>,
    /// `ON DELETE`.
    pub on_delete: Action,
    /// `ON UPDATE`.
    pub on_update: Action,
    /// `MATCH`, which SQLite ignores.
    pub match_name: Option<String>,
    /// `DEFERRABLE` or `NOT DEFERRABLE`, where it is said.
    pub deferrable: Option<bool>,
    /// `INITIALLY DEFERRED`, which counts only together with `DEFERRABLE`.
    pub initially_deferred: bool,
}

/// What happens to child rows when their parent row is deleted or its key is updated.
///
/// SQLite: <https://www.sqlite.org/foreignkeys.html>, section 4.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// `NO ACTION`, SQLite's default.
    NoAction,
    /// `RESTRICT`.
    Restrict,
    /// `SET NULL`.
    SetNull,
    /// `SET DEFAULT`.
    SetDefault,
    /// `CASCADE`.
    Cascade,
}

impl Action {
    /// The keywords, upper case.
    pub const fn sql(self) -> &'static str {
        match self {
            Action::NoAction => "NO ACTION",
            Action::Restrict => "RESTRICT",
            Action::SetNull => "SET NULL",
            Action::SetDefault => "SET DEFAULT",
            Action::Cascade => "CASCADE",
        }
    }
}

/// Splits a `CREATE TABLE` statement into its columns and constraints.
///
/// # Errors
/// Where the text departs from SQLite's grammar, and for `CREATE TABLE … AS SELECT`, which SQLite never stores.
///
/// SQLite: <https://www.sqlite.org/lang_createtable.html>.
pub fn split_create_table(sql: &str) -> Result<CreateTable, SplitError> {
    let mut cursor = Cursor::new(sql)?;
    cursor.expect_word("CREATE")?;
    let temp = cursor.word("TEMP") || cursor.word("TEMPORARY");
    cursor.expect_word("TABLE")?;
    let object = cursor.object_name("a table name")?;
    if cursor.at_word("AS") {
        return Err(cursor.expected("a list of columns (`CREATE TABLE … AS SELECT` is never stored)"));
    }
    let mut table = CreateTable {
        schema: object.schema,
        name: object.name,
        temp,
        columns: Vec::new(),
        constraints: Vec::new(),
        strict: false,
        without_rowid: false,
    };
    cursor.expect_op("(")?;
    loop {
        let column = column(&mut cursor, &mut table)?;
        table.columns.push(column);
        if !cursor.op(",") {
            break;
        }
        if starts_table_constraint(&cursor) {
            table_constraints(&mut cursor, &mut table.constraints)?;
            break;
        }
    }
    cursor.expect_op(")")?;
    table_options(&mut cursor, &mut table)?;
    cursor.expect_end()?;
    Ok(table)
}

fn table_options(cursor: &mut Cursor<'_>, table: &mut CreateTable) -> Split<()> {
    if cursor.peek().is_none() || cursor.at_op(";") {
        return Ok(());
    }
    // The list may begin with its comma.
    cursor.op(",");
    loop {
        if cursor.words(&["WITHOUT", "ROWID"]) {
            table.without_rowid = true;
        } else if cursor.word("STRICT") {
            table.strict = true;
        } else {
            return Err(cursor.expected("`WITHOUT ROWID` or `STRICT`"));
        }
        if !cursor.op(",") {
            return Ok(());
        }
    }
}

fn starts_table_constraint(cursor: &Cursor<'_>) -> bool {
    ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"].iter().any(|word| cursor.at_word(word))
}

/// `name [type] [constraint …]`. `table` holds the columns before it.
fn column(cursor: &mut Cursor<'_>, table: &mut CreateTable) -> Split<ColumnDef> {
    let start = cursor.position();
    let token = cursor.name_token("a column name")?;
    let mut column = ColumnDef {
        name: token.ident().unwrap_or_default(),
        type_name: type_name(cursor)?,
        constraints: Vec::new(),
        text: String::new(),
        at: token.at,
    };
    while !(cursor.at_op(",") || cursor.at_op(")")) {
        if cursor.at_word("DEFERRABLE") || cursor.at_words(&["NOT", "DEFERRABLE"]) {
            defer_last(cursor, &mut column, table)?;
            continue;
        }
        let from = cursor.position();
        let name = constraint_name(cursor)?;
        if cursor.at_op(",") || cursor.at_op(")") {
            break;
        }
        if cursor.at_word("DEFERRABLE") || cursor.at_words(&["NOT", "DEFERRABLE"]) {
            continue;
        }
        let kind = column_constraint(cursor, token)?;
        let (at, text) = (cursor.offset_of(from), cursor.text_since(from).to_owned());
        column.constraints.push(Constraint { name, kind, text, at });
    }
    column.text = cursor.text_since(start).to_owned();
    Ok(column)
}

/// A type name is the text between its first and its last word, white space and comments included.
fn type_name(cursor: &mut Cursor<'_>) -> Split<String> {
    let start = cursor.position();
    while cursor.peek().is_some_and(|token| is_type_token(&token)) {
        cursor.advance();
    }
    if cursor.position() > start && cursor.at_op("(") {
        cursor.expect_op("(")?;
        signed_number(cursor)?;
        if cursor.op(",") {
            signed_number(cursor)?;
        }
        cursor.expect_op(")")?;
    }
    Ok(reported_type(cursor.text_since(start)))
}

fn is_type_token(token: &Token<'_>) -> bool {
    match token.kind {
        TokenKind::Word => is_type_word(token.text),
        TokenKind::QuotedId | TokenKind::Str => true,
        _ => false,
    }
}

fn signed_number(cursor: &mut Cursor<'_>) -> Split<()> {
    if !cursor.op("+") {
        cursor.op("-");
    }
    match cursor.peek() {
        Some(token) if token.kind == TokenKind::Number => {
            cursor.advance();
            Ok(())
        }
        _ => Err(cursor.expected("a number")),
    }
}

/// What `sqlite3AddColumn` makes of a type's text: without `GENERATED ALWAYS` at its end (both words can
/// be part of a type name, so the parser takes them for one), unquoted, standard names in upper case.
fn reported_type(text: &str) -> String {
    let mut text = text;
    let long = text.len() >= "generated always".len();
    if let Some(before) = strip_suffix_word(text, "always").filter(|_| long) {
        text = strip_suffix_word(before, "generated").unwrap_or(before);
    }
    let text = strip_quotes(text);
    match ["ANY", "BLOB", "INT", "INTEGER", "REAL", "TEXT"].iter().find(|std| std.eq_ignore_ascii_case(&text))
    {
        Some(standard) => (*standard).to_owned(),
        None => unquote(&text).into_owned(),
    }
}

/// The first and the last byte off, if the first is a quote and no other follows before the last: `sqlite3DequoteToken`, which
/// also meets type names of several words, where the last byte need be no quote and may even be half a character.
fn strip_quotes(text: &str) -> Cow<'_, str> {
    let is_quote = |byte: &u8| matches!(byte, b'"' | b'\'' | b'[' | b'`');
    match text.as_bytes() {
        [quote, inside @ .., _] if is_quote(quote) && !inside.is_empty() && !inside.iter().any(is_quote) => {
            String::from_utf8_lossy(inside)
        }
        _ => Cow::Borrowed(text),
    }
}

fn strip_suffix_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let at = text.len().checked_sub(word.len())?;
    let (before, last) = (text.get(..at)?, text.get(at..)?);
    last.eq_ignore_ascii_case(word).then(|| before.trim_end_matches(['\t', '\n', '\x0b', '\x0c', '\r', ' ']))
}
