//! The constraints of a `CREATE TABLE` statement, those of its columns and its own.

use super::{Action, ColumnDef, Conflict, Constraint, ConstraintKind, CreateTable, ForeignKeyDef, IndexTerm};
use crate::cursor::{Cursor, Split};
use crate::keyword::is_reserved;
use crate::token::{Token, TokenKind};

/// `CONSTRAINT name`, any number of times: the last one counts.
pub(super) fn constraint_name(cursor: &mut Cursor<'_>) -> Split<Option<String>> {
    let mut name = None;
    while cursor.word("CONSTRAINT") {
        name = Some(cursor.name("a constraint name")?);
    }
    Ok(name)
}

/// A constraint of the column that `column` names.
pub(super) fn column_constraint(cursor: &mut Cursor<'_>, column: Token<'_>) -> Split<ConstraintKind> {
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
        TokenKind::Word => !is_reserved(token.text) || token.is_word("NULL"),
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
    let mut key = foreign_key(columns, cursor.name("a table name")?);
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

fn foreign_key(columns: Vec<String>, table: String) -> ForeignKeyDef {
    ForeignKeyDef {
        columns,
        table,
        to: Vec::new(),
        on_delete: Action::NoAction,
        on_update: Action::NoAction,
        match_name: None,
        deferrable: None,
        initially_deferred: false,
    }
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
pub(super) fn defer_last(
    cursor: &mut Cursor<'_>,
    column: &mut ColumnDef,
    table: &mut CreateTable,
) -> Split<()> {
    let start = cursor.position();
    let columns = std::iter::once(column).chain(table.columns.iter_mut().rev());
    for constraint in columns.flat_map(|column| column.constraints.iter_mut().rev()) {
        if let ConstraintKind::ForeignKey(key) = &mut constraint.kind {
            defer(cursor, key)?;
            constraint.text = format!("{} {}", constraint.text, cursor.text_since(start));
            return Ok(());
        }
    }
    defer(cursor, &mut foreign_key(Vec::new(), String::new()))
}

/// The table's constraints; the commas between them may be missing.
pub(super) fn table_constraints(cursor: &mut Cursor<'_>, constraints: &mut Vec<Constraint>) -> Split<()> {
    loop {
        let start = cursor.position();
        let name = constraint_name(cursor)?;
        let bare = name.is_some() && (cursor.at_op(",") || cursor.at_op(")"));
        if !bare {
            let kind = table_constraint(cursor)?;
            let (at, text) = (cursor.offset_of(start), cursor.text_since(start).to_owned());
            constraints.push(Constraint { name, kind, text, at });
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
