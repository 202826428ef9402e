//! `CREATE TABLE`, split into columns and constraints.
//!
//! The grammar is that of SQLite's `parse.y`, with its leniencies: keywords as names, missing commas between table constraints,
//! constraint names that name nothing. What the split gives should still be compared with `table_xinfo` (count, names, order).

use crate::cursor::{Cursor, Split, SplitError};
use crate::keyword::is_type_word;
use crate::token::{Token, TokenKind, unquote};

/// The parts of a `CREATE TABLE` statement.
#[derive(Debug, Clone, PartialEq)]
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
pub struct ColumnDef {
    /// Its name.
    pub name: String,
    /// Its type as `table_xinfo` reports it; empty if it has none.
    pub type_name: String,
    /// Its constraints, in order.
    pub constraints: Vec<Constraint>,
    /// The whole definition, verbatim.
    pub text: String,
}

/// A constraint of a column or a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Constraint {
    /// The name that `CONSTRAINT` gives it.
    pub name: Option<String>,
    /// What it demands.
    pub kind: ConstraintKind,
    /// The whole constraint, verbatim, with its `CONSTRAINT name`.
    pub text: String,
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
        column.constraints.push(Constraint { name, kind, text: cursor.text_since(from).to_owned() });
    }
    column.text = cursor.text_since(start).to_owned();
    Ok(column)
}

/// `CONSTRAINT name`, any number of times: the last one counts.
fn constraint_name(cursor: &mut Cursor<'_>) -> Split<Option<String>> {
    let mut name = None;
    while cursor.word("CONSTRAINT") {
        name = Some(cursor.name("a constraint name")?);
    }
    Ok(name)
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
    match ["ANY", "BLOB", "INT", "INTEGER", "REAL", "TEXT"].iter().find(|std| std.eq_ignore_ascii_case(text))
    {
        Some(standard) => (*standard).to_owned(),
        None => unquote(text).into_owned(),
    }
}

/// The first and the last character off, if the first is a quote and no other follows before the last: `sqlite3DequoteToken`,
/// which also meets type names of several words, where the last character need be no quote.
fn strip_quotes(text: &str) -> &str {
    const QUOTES: [char; 4] = ['"', '\'', '[', '`'];
    if text.len() < 3 || !text.starts_with(QUOTES) {
        return text;
    }
    match text.get(1..text.len() - 1) {
        Some(inside) if !inside.contains(QUOTES) => inside,
        _ => text,
    }
}

fn strip_suffix_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let at = text.len().checked_sub(word.len())?;
    let (before, last) = (text.get(..at)?, text.get(at..)?);
    last.eq_ignore_ascii_case(word).then(|| before.trim_end_matches(['\t', '\n', '\x0b', '\x0c', '\r', ' ']))
}

/// A constraint of the column that `column` names.
fn column_constraint(cursor: &mut Cursor<'_>, column: Token<'_>) -> Split<ConstraintKind> {
    let own = |desc| {
        vec![IndexTerm { expr: column.text.to_owned(), column: column.ident(), collation: None, desc }]
    };
    if cursor.word("DEFAULT") {
        return Ok(ConstraintKind::Default { value: default_value(cursor)? });
    }
    if cursor.words(&["NOT", "NULL"]) {
        return Ok(ConstraintKind::NotNull { conflict: conflict(cursor)? });
    }
    if cursor.word("NULL") {
        conflict(cursor)?;
        return Ok(ConstraintKind::Null);
    }
    if cursor.words(&["PRIMARY", "KEY"]) {
        let desc = !cursor.word("ASC") && cursor.word("DESC");
        let conflict = conflict(cursor)?;
        let autoincrement = cursor.word("AUTOINCREMENT");
        return Ok(ConstraintKind::PrimaryKey { columns: own(desc), conflict, autoincrement });
    }
    if cursor.word("UNIQUE") {
        return Ok(ConstraintKind::Unique { columns: own(false), conflict: conflict(cursor)? });
    }
    if cursor.word("CHECK") {
        return Ok(ConstraintKind::Check { expr: cursor.paren_text()?, conflict: conflict(cursor)? });
    }
    if cursor.at_word("REFERENCES") {
        return references(cursor, vec![column.ident().unwrap_or_default()]);
    }
    if cursor.word("COLLATE") {
        return Ok(ConstraintKind::Collate { collation: cursor.name("a collation")? });
    }
    if cursor.words(&["GENERATED", "ALWAYS", "AS"]) || cursor.word("AS") {
        let expr = cursor.paren_text()?;
        let stored = cursor.word("STORED");
        if !stored {
            cursor.word("VIRTUAL");
        }
        return Ok(ConstraintKind::Generated { expr, stored });
    }
    Err(cursor.expected("a column constraint, `,` or `)`"))
}

/// `(expr)`, a literal with or without a sign, or a name, which stands for the string of that text.
fn default_value(cursor: &mut Cursor<'_>) -> Split<String> {
    let start = cursor.position();
    if cursor.at_op("(") {
        cursor.paren_text()?;
        return Ok(cursor.text_since(start).to_owned());
    }
    let signed = cursor.op("+") || cursor.op("-");
    let value = cursor.peek().is_some_and(|token| match token.kind {
        TokenKind::Number | TokenKind::Str | TokenKind::Blob => true,
        TokenKind::QuotedId => !signed,
        TokenKind::Word => !crate::is_reserved(token.text) || token.is_word("NULL"),
        _ => false,
    });
    if !value {
        return Err(cursor.expected("a default value"));
    }
    cursor.advance();
    Ok(cursor.text_since(start).to_owned())
}

fn conflict(cursor: &mut Cursor<'_>) -> Split<Option<Conflict>> {
    if !cursor.words(&["ON", "CONFLICT"]) {
        return Ok(None);
    }
    for conflict in [Conflict::Rollback, Conflict::Abort, Conflict::Fail, Conflict::Ignore, Conflict::Replace]
    {
        if cursor.word(conflict.sql()) {
            return Ok(Some(conflict));
        }
    }
    Err(cursor.expected("`ROLLBACK`, `ABORT`, `FAIL`, `IGNORE` or `REPLACE`"))
}

/// `REFERENCES table [(column, …)] [MATCH name | ON DELETE action | ON UPDATE action …] [deferrable]`.
fn references(cursor: &mut Cursor<'_>, columns: Vec<String>) -> Split<ConstraintKind> {
    cursor.expect_word("REFERENCES")?;
    let mut key = ForeignKeyDef {
        columns,
        table: cursor.name("a table name")?,
        to: Vec::new(),
        on_delete: Action::NoAction,
        on_update: Action::NoAction,
        match_name: None,
        deferrable: None,
        initially_deferred: false,
    };
    if cursor.at_op("(") {
        key.to = cursor.name_list("a column name")?;
    }
    loop {
        if cursor.word("MATCH") {
            key.match_name = Some(cursor.name("a name")?);
        } else if cursor.words(&["ON", "DELETE"]) {
            key.on_delete = action(cursor)?;
        } else if cursor.words(&["ON", "UPDATE"]) {
            key.on_update = action(cursor)?;
        } else if cursor.words(&["ON", "INSERT"]) {
            // The grammar takes it; SQLite does nothing with it.
            action(cursor)?;
        } else {
            break;
        }
    }
    defer(cursor, &mut key)?;
    Ok(ConstraintKind::ForeignKey(key))
}

fn action(cursor: &mut Cursor<'_>) -> Split<Action> {
    if cursor.words(&["SET", "NULL"]) {
        Ok(Action::SetNull)
    } else if cursor.words(&["SET", "DEFAULT"]) {
        Ok(Action::SetDefault)
    } else if cursor.word("CASCADE") {
        Ok(Action::Cascade)
    } else if cursor.word("RESTRICT") {
        Ok(Action::Restrict)
    } else if cursor.words(&["NO", "ACTION"]) {
        Ok(Action::NoAction)
    } else {
        Err(cursor.expected("a foreign-key action"))
    }
}

/// `[NOT] DEFERRABLE [INITIALLY DEFERRED | INITIALLY IMMEDIATE]`, if it is next.
fn defer(cursor: &mut Cursor<'_>, key: &mut ForeignKeyDef) -> Split<()> {
    if cursor.words(&["NOT", "DEFERRABLE"]) {
        key.deferrable = Some(false);
    } else if cursor.word("DEFERRABLE") {
        key.deferrable = Some(true);
    } else {
        return Ok(());
    }
    key.initially_deferred = false;
    if cursor.word("INITIALLY") {
        key.initially_deferred = cursor.word("DEFERRED");
        if !key.initially_deferred && !cursor.word("IMMEDIATE") {
            return Err(cursor.expected("`DEFERRED` or `IMMEDIATE`"));
        }
    }
    Ok(())
}

/// A `DEFERRABLE` clause that follows no foreign key at once. In a column it is a constraint of its own, and means the
/// table's last foreign key, be it another column's; without one it means nothing.
fn defer_last(cursor: &mut Cursor<'_>, column: &mut ColumnDef, table: &mut CreateTable) -> Split<()> {
    let start = cursor.position();
    let mut nothing = ForeignKeyDef {
        columns: Vec::new(),
        table: String::new(),
        to: Vec::new(),
        on_delete: Action::NoAction,
        on_update: Action::NoAction,
        match_name: None,
        deferrable: None,
        initially_deferred: false,
    };
    let columns = std::iter::once(column).chain(table.columns.iter_mut().rev());
    for constraint in columns.flat_map(|column| column.constraints.iter_mut().rev()) {
        if let ConstraintKind::ForeignKey(key) = &mut constraint.kind {
            defer(cursor, key)?;
            constraint.text = format!("{} {}", constraint.text, cursor.text_since(start));
            return Ok(());
        }
    }
    defer(cursor, &mut nothing)
}

/// The table's constraints; the commas between them may be missing.
fn table_constraints(cursor: &mut Cursor<'_>, constraints: &mut Vec<Constraint>) -> Split<()> {
    loop {
        let start = cursor.position();
        let name = constraint_name(cursor)?;
        let bare = name.is_some() && (cursor.at_op(",") || cursor.at_op(")"));
        if !bare {
            let kind = table_constraint(cursor)?;
            constraints.push(Constraint { name, kind, text: cursor.text_since(start).to_owned() });
        }
        if !cursor.op(",") && cursor.at_op(")") {
            return Ok(());
        }
    }
}

fn table_constraint(cursor: &mut Cursor<'_>) -> Split<ConstraintKind> {
    if cursor.words(&["PRIMARY", "KEY"]) {
        let at = cursor.peek().map_or(0, |token| token.at);
        let mut inside = cursor.parens()?;
        let autoincrement = inside.last().is_some_and(|last| last.is_word("AUTOINCREMENT"));
        if autoincrement {
            inside.pop();
        }
        let columns = cursor.terms_of(&inside, at)?;
        return Ok(ConstraintKind::PrimaryKey { columns, conflict: conflict(cursor)?, autoincrement });
    }
    if cursor.word("UNIQUE") {
        return Ok(ConstraintKind::Unique { columns: cursor.index_terms()?, conflict: conflict(cursor)? });
    }
    if cursor.word("CHECK") {
        return Ok(ConstraintKind::Check { expr: cursor.paren_text()?, conflict: conflict(cursor)? });
    }
    if cursor.words(&["FOREIGN", "KEY"]) {
        let columns = cursor.name_list("a column name")?;
        return references(cursor, columns);
    }
    Err(cursor.expected("a table constraint, `,` or `)`"))
}
