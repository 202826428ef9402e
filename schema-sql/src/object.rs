//! `CREATE INDEX`, `VIEW`, `TRIGGER` and `VIRTUAL TABLE`, split into their parts.
//!
//! `TEMP`, `IF NOT EXISTS` and schema prefixes are accepted, though SQLite never stores them.

use crate::create::IndexTerm;
use crate::cursor::{Cursor, ObjectName, Split, SplitError, split_commas};
use crate::token::quote_ident;

/// What a `CREATE` statement makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CreateKind {
    /// `CREATE TABLE`.
    Table,
    /// `CREATE INDEX`.
    Index,
    /// `CREATE VIEW`.
    View,
    /// `CREATE TRIGGER`.
    Trigger,
    /// `CREATE VIRTUAL TABLE`.
    VirtualTable,
}

/// The parts of a `CREATE INDEX` statement.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct CreateIndex {
    /// `UNIQUE`.
    pub unique: bool,
    /// The index's name.
    pub name: String,
    /// The table that is indexed.
    pub table: String,
    /// The terms, in order.
    pub terms: Vec<IndexTerm>,
    /// The condition of a partial index, verbatim.
    pub filter: Option<String>,
}

/// The parts of a `CREATE VIEW` statement.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct CreateView {
    /// `TEMP`.
    pub temp: bool,
    /// The view's name.
    pub name: String,
    /// The names that the view gives its columns; empty if it gives none.
    pub columns: Vec<String>,
    /// The `SELECT`, verbatim.
    pub select: String,
}

/// What fires a trigger.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum TriggerEvent {
    /// `DELETE`.
    Delete,
    /// `INSERT`.
    Insert,
    /// `UPDATE`, or `UPDATE OF` the listed columns.
    Update(Vec<String>),
}

/// The parts of a `CREATE TRIGGER` statement.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct CreateTrigger {
    /// `TEMP`.
    pub temp: bool,
    /// The trigger's name.
    pub name: String,
    /// `BEFORE` (which is what no word means), `AFTER` or `INSTEAD OF`.
    pub timing: String,
    /// What fires it.
    pub event: TriggerEvent,
    /// The table or view that it watches.
    pub table: String,
    /// The condition, verbatim.
    pub when: Option<String>,
    /// The statements between `BEGIN` and `END`, verbatim.
    pub body: String,
}

/// The parts of a `CREATE VIRTUAL TABLE` statement.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct CreateVirtualTable {
    /// The table's name.
    pub name: String,
    /// The module's name.
    pub module: String,
    /// The module's arguments, verbatim; empty ones are left out, as SQLite does.
    pub args: Vec<String>,
}

/// What a `CREATE` statement says up to the name of its object, with byte offsets in the statement.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct CreateHead {
    /// What it makes.
    pub kind: CreateKind,
    /// `TEMP`.
    pub temp: bool,
    /// The schema before the name.
    pub schema: Option<String>,
    /// The object's name.
    pub name: String,
    /// Where the schema begins, or the name where there is none.
    pub at: usize,
    /// Where the name begins.
    pub name_at: usize,
    /// Just behind the name.
    pub end: usize,
}

/// What stands before the name in a `CREATE` statement, and the name.
struct Head<'a> {
    kind: CreateKind,
    temp: bool,
    unique: bool,
    object: ObjectName<'a>,
}

fn kind(cursor: &mut Cursor<'_>) -> Split<(CreateKind, bool, bool)> {
    cursor.expect_word("CREATE")?;
    if cursor.words(&["VIRTUAL", "TABLE"]) {
        return Ok((CreateKind::VirtualTable, false, false));
    }
    if cursor.words(&["UNIQUE", "INDEX"]) {
        return Ok((CreateKind::Index, false, true));
    }
    if cursor.word("INDEX") {
        return Ok((CreateKind::Index, false, false));
    }
    let temp = cursor.word("TEMP") || cursor.word("TEMPORARY");
    let kind = if cursor.word("TABLE") {
        CreateKind::Table
    } else if cursor.word("VIEW") {
        CreateKind::View
    } else if cursor.word("TRIGGER") {
        CreateKind::Trigger
    } else {
        return Err(cursor.expected("`TABLE`, `INDEX`, `VIEW`, `TRIGGER` or `VIRTUAL TABLE`"));
    };
    Ok((kind, temp, false))
}

fn head<'a>(cursor: &mut Cursor<'a>) -> Split<Head<'a>> {
    let (kind, temp, unique) = kind(cursor)?;
    Ok(Head { kind, temp, unique, object: cursor.object_name("a name")? })
}

fn head_of<'a>(cursor: &mut Cursor<'a>, wanted: CreateKind, what: &str) -> Split<Head<'a>> {
    let head = head(cursor)?;
    if head.kind == wanted {
        return Ok(head);
    }
    Err(SplitError { at: 0, what: format!("expected `{what}`") })
}

/// What the statement creates; `None` if it is no `CREATE` statement. What follows that may be anything.
pub fn create_kind(sql: &str) -> Option<CreateKind> {
    // `CREATE TEMPORARY TRIGGER`.
    let mut cursor = Cursor::head(sql, 3);
    kind(&mut cursor).ok().map(|(kind, _, _)| kind)
}

/// Reads a `CREATE` statement of any kind up to the name of its object; what follows may be anything.
///
/// # Errors
/// If `sql` does not begin like such a statement.
pub fn create_head(sql: &str) -> Result<CreateHead, SplitError> {
    let mut cursor = Cursor::new(sql)?;
    let Head { kind, temp, object, .. } = head(&mut cursor)?;
    Ok(CreateHead {
        kind,
        temp,
        schema: object.schema,
        name: object.name,
        at: object.first.at,
        name_at: object.token.at,
        end: object.token.end(),
    })
}

/// `sql`, which is a `CREATE` statement of any kind, with `new_name`, quoted, as the name of its object. All else is verbatim.
///
/// # Errors
/// If `sql` does not begin like such a statement.
pub fn replace_name(sql: &str, new_name: &str) -> Result<String, SplitError> {
    let mut cursor = Cursor::new(sql)?;
    let token = head(&mut cursor)?.object.token;
    let mut text = sql.to_owned();
    text.replace_range(token.at..token.end(), &quote_ident(new_name));
    Ok(text)
}

/// `sql`, which is a `CREATE` statement of any kind, with its object placed in the database `schema`. All else is verbatim;
/// a statement that names a database already is left as it is.
///
/// # Errors
/// If `sql` does not begin like such a statement.
pub fn qualify(sql: &str, schema: &str) -> Result<String, SplitError> {
    let mut cursor = Cursor::new(sql)?;
    let object = head(&mut cursor)?.object;
    let mut text = sql.to_owned();
    if object.schema.is_none() {
        text.insert_str(object.token.at, &format!("{schema}."));
    }
    Ok(text)
}

/// Splits a `CREATE INDEX` statement.
///
/// # Errors
/// Where the text departs from SQLite's grammar.
///
/// SQLite: <https://www.sqlite.org/lang_createindex.html>.
pub fn split_create_index(sql: &str) -> Result<CreateIndex, SplitError> {
    let mut cursor = Cursor::new(sql)?;
    let head = head_of(&mut cursor, CreateKind::Index, "CREATE INDEX")?;
    cursor.expect_word("ON")?;
    let table = cursor.name("a table name")?;
    let terms = cursor.index_terms()?;
    let mut filter = None;
    if cursor.word("WHERE") {
        let expr = cursor.rest();
        if expr.is_empty() {
            return Err(cursor.expected("an expression"));
        }
        filter = Some(expr.to_owned());
    }
    cursor.expect_end()?;
    Ok(CreateIndex { unique: head.unique, name: head.object.name, table, terms, filter })
}

/// Splits a `CREATE VIEW` statement.
///
/// # Errors
/// Where the text before the `SELECT` departs from SQLite's grammar.
///
/// SQLite: <https://www.sqlite.org/lang_createview.html>.
pub fn split_create_view(sql: &str) -> Result<CreateView, SplitError> {
    let mut cursor = Cursor::new(sql)?;
    let head = head_of(&mut cursor, CreateKind::View, "CREATE VIEW")?;
    let columns = if cursor.at_op("(") { cursor.name_list("a column name")? } else { Vec::new() };
    cursor.expect_word("AS")?;
    let select = cursor.rest().to_owned();
    if select.is_empty() {
        return Err(cursor.expected("a `SELECT`"));
    }
    Ok(CreateView { temp: head.temp, name: head.object.name, columns, select })
}

/// Splits a `CREATE TRIGGER` statement.
///
/// # Errors
/// Where the text before the body departs from SQLite's grammar, or the body does not end with `END`.
///
/// SQLite: <https://www.sqlite.org/lang_createtrigger.html>.
pub fn split_create_trigger(sql: &str) -> Result<CreateTrigger, SplitError> {
    let mut cursor = Cursor::new(sql)?;
    let head = head_of(&mut cursor, CreateKind::Trigger, "CREATE TRIGGER")?;
    let timing = timing(&mut cursor).to_owned();
    let event = event(&mut cursor)?;
    cursor.expect_word("ON")?;
    let table = cursor.object_name("a table name")?.name;
    cursor.words(&["FOR", "EACH", "ROW"]);
    let when = when(&mut cursor)?;
    cursor.expect_word("BEGIN")?;
    let body = cursor.rest_before_end()?.to_owned();
    Ok(CreateTrigger { temp: head.temp, name: head.object.name, timing, event, table, when, body })
}

fn timing(cursor: &mut Cursor<'_>) -> &'static str {
    if cursor.word("AFTER") {
        return "AFTER";
    }
    if cursor.words(&["INSTEAD", "OF"]) {
        return "INSTEAD OF";
    }
    cursor.word("BEFORE");
    "BEFORE"
}

fn event(cursor: &mut Cursor<'_>) -> Split<TriggerEvent> {
    if cursor.word("DELETE") {
        return Ok(TriggerEvent::Delete);
    }
    if cursor.word("INSERT") {
        return Ok(TriggerEvent::Insert);
    }
    if !cursor.word("UPDATE") {
        return Err(cursor.expected("`DELETE`, `INSERT` or `UPDATE`"));
    }
    let mut columns = Vec::new();
    if cursor.word("OF") {
        columns.push(cursor.name("a column name")?);
        while cursor.op(",") {
            columns.push(cursor.name("a column name")?);
        }
    }
    Ok(TriggerEvent::Update(columns))
}

/// `WHEN expr`. It ends at the `BEGIN` that a statement follows: `begin` may also be a column's name.
fn when(cursor: &mut Cursor<'_>) -> Split<Option<String>> {
    if !cursor.word("WHEN") {
        return Ok(None);
    }
    let start = cursor.position();
    let mut depth = 0_usize;
    while let Some(token) = cursor.peek() {
        if token.is_op("(") {
            depth += 1;
        } else if token.is_op(")") {
            depth = depth.saturating_sub(1);
        } else if depth == 0
            && cursor.position() > start
            && token.is_word("BEGIN")
            && statement_follows(cursor)
        {
            return Ok(Some(cursor.text_since(start).to_owned()));
        }
        cursor.advance();
    }
    Err(cursor.expected("`BEGIN`"))
}

fn statement_follows(cursor: &Cursor<'_>) -> bool {
    let words = ["SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "WITH", "VALUES"];
    cursor.peek_at(1).is_some_and(|next| words.iter().any(|word| next.is_word(word)))
}

/// Splits a `CREATE VIRTUAL TABLE` statement.
///
/// # Errors
/// Where the text departs from SQLite's grammar.
///
/// SQLite: <https://www.sqlite.org/lang_createvtab.html>.
pub fn split_create_virtual_table(sql: &str) -> Result<CreateVirtualTable, SplitError> {
    let mut cursor = Cursor::new(sql)?;
    let head = head_of(&mut cursor, CreateKind::VirtualTable, "CREATE VIRTUAL TABLE")?;
    cursor.expect_word("USING")?;
    let module = cursor.name("a module name")?;
    let mut args = Vec::new();
    if cursor.at_op("(") {
        let inside = cursor.parens()?;
        let parts = split_commas(&inside);
        args.extend(parts.into_iter().filter(|part| !part.is_empty()).map(|part| cursor.text_of(part)));
    }
    cursor.expect_end()?;
    Ok(CreateVirtualTable { name: head.object.name, module, args })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_tells_where_the_name_stands() {
        let sql = "CREATE TEMP VIEW IF NOT EXISTS [a b] . \"c\" AS";
        let head = create_head(sql).expect(sql);
        assert_eq!((head.kind, head.temp, head.name.as_str()), (CreateKind::View, true, "c"));
        assert_eq!(head.schema.as_deref(), Some("a b"));
        assert_eq!((&sql[head.at..head.at + 5], &sql[head.name_at..head.end]), ("[a b]", "\"c\""));
        let head = create_head("CREATE UNIQUE INDEX i garbage (").expect("a head");
        assert_eq!((head.kind, head.at, head.name_at, head.end), (CreateKind::Index, 20, 20, 21));
        assert_eq!(create_head("CREATE TABLE (x)").map_err(|err| err.at), Err(13));
    }
}
