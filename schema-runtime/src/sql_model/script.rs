//! A SQL text, split into statements that are each judged by how they begin.

use schema_sql::{
    CreateHead, CreateKind, CreateTable, Token, TokenKind, create_head, significant, split_create_table,
    split_statements, tokenize,
};

use super::fault::{Fault, Span};

/// A text and its statements.
pub(super) struct Script<'a> {
    pub(super) text: &'a str,
    /// White space and comments too.
    pub(super) tokens: Vec<Token<'a>>,
    pub(super) items: Vec<Item<'a>>,
}

/// A statement. Offsets in `head` and `table` are those in `sql`.
pub(super) struct Item<'a> {
    pub(super) sql: &'a str,
    /// Where it begins in the whole text.
    pub(super) at: usize,
    /// Where its `;` stands in the whole text; the end of that where it has none.
    pub(super) end: usize,
    /// `None` where the statement is refused, or SQLite must say what is wrong with its beginning.
    pub(super) head: Option<CreateHead>,
    /// Of an ordinary table whose text can be split.
    pub(super) table: Option<CreateTable>,
    /// The offsets of a table's parentheses in the whole text.
    pub(super) body: Option<(usize, usize)>,
    pub(super) state: State,
}

/// How far a statement has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Waiting,
    /// It is in the scratch database.
    Made,
    /// SQLite, or a virtual table, makes this object by itself.
    PassedOver,
    /// A fault says why, or it depends on a statement of which one does.
    Refused,
}

impl Item<'_> {
    /// The whole text's bytes of its object's name; of the first word where there is none.
    pub(super) fn name_span(&self) -> Span {
        match &self.head {
            Some(head) => Span::new(self.at + head.name_at, head.end - head.name_at),
            None => first_token(self.sql, self.at),
        }
    }

    pub(super) fn name(&self) -> &str {
        self.head.as_ref().map_or("", |head| head.name.as_str())
    }

    /// Whether it is a `CREATE` of something that cannot be told.
    pub(super) fn is_unnamed_create(&self) -> bool {
        self.head.is_none() && self.sql.get(..6).is_some_and(|word| word.eq_ignore_ascii_case("CREATE"))
    }

    pub(super) fn is(&self, kind: CreateKind) -> bool {
        self.head.as_ref().is_some_and(|head| head.kind == kind)
    }
}

fn first_token(sql: &str, at: usize) -> Span {
    let first = significant(sql).ok().and_then(|tokens| tokens.first().map(|token| token.text.len()));
    Span::new(at, first.unwrap_or(1))
}

/// Splits `text`. What is no `CREATE` statement, or is one that makes no part of a schema, is a fault.
///
/// # Errors
/// The one fault of a text that cannot be read as tokens.
pub(super) fn read<'a>(text: &'a str, faults: &mut Vec<Fault>) -> Result<Script<'a>, Fault> {
    let unreadable = |err: schema_sql::LexError| Fault::new(Span::new(err.at, 1), err.what);
    let tokens = tokenize(text).map_err(unreadable)?;
    if let Some(open) = tokens.iter().find(|token| is_open_comment(token)) {
        return Err(Fault::new(Span::new(open.at, 2), "`/*` without a closing `*/`")
            .help("SQLite would take all that follows for a comment: close it"));
    }
    let mut items = Vec::new();
    for statement in split_statements(text).map_err(unreadable)? {
        let (sql, at) = (statement.text, statement.at);
        let behind = |token: &&Token<'_>| token.is_op(";") && token.at >= at + sql.len();
        let from = tokens.partition_point(|token| token.at < at + sql.len());
        let rest = tokens.get(from..).unwrap_or_default();
        let end = rest.iter().find(behind).map_or(text.len(), |token| token.at);
        let mut item = Item { sql, at, end, head: None, table: None, body: None, state: State::Waiting };
        match judge(sql) {
            Ok(head) => item.head = head,
            Err(fault) => {
                faults.push(fault.placed(at));
                item.state = State::Refused;
            }
        }
        if item.is(CreateKind::Table) {
            item.table = split_create_table(sql).ok();
            item.body = body(&item);
        }
        items.push(item);
    }
    Ok(Script { text, tokens, items })
}

/// SQLite ends such a comment with the text.
fn is_open_comment(token: &Token<'_>) -> bool {
    token.kind == TokenKind::Comment
        && token.text.starts_with("/*")
        && (token.text.len() < 4 || !token.text.ends_with("*/"))
}

/// What the statement creates; `None` where it begins with `CREATE` and departs from the grammar before a name.
fn judge(sql: &str) -> Result<Option<CreateHead>, Fault> {
    let tokens = significant(sql).unwrap_or_default();
    let Some(first) = tokens.first() else { return Ok(None) };
    let first_span = Span::new(0, first.text.len());
    if !first.is_word("CREATE") {
        return Err(no_create(first, first_span));
    }
    let Ok(head) = create_head(sql) else { return Ok(None) };
    let span_of = |at: usize| {
        let token = tokens.iter().find(|token| token.at == at);
        Span::new(at, token.map_or(1, |token| token.text.len()))
    };
    if head.temp {
        let span = span_of(tokens.get(1).map_or(0, |token| token.at));
        return Err(Fault::new(span, "a temporary object is no part of a database file")
            .help("take the statement out, or its `TEMP`"));
    }
    if let Some(schema) = head.schema.as_deref().filter(|schema| !schema_sql::eq_name(schema, "main")) {
        let span = span_of(head.at);
        return Err(Fault::new(
            span,
            format!("`{schema}` is another database than the one that is described"),
        )
        .help("take the prefix off; only `main.` may stand before a name"));
    }
    let next = tokens.iter().find(|token| token.at >= head.end);
    if let Some(word) = next.filter(|next| head.kind == CreateKind::Table && next.is_word("AS")) {
        let span = span_of(word.at);
        return Err(Fault::new(span, "`CREATE TABLE … AS SELECT` does not say what the columns are")
            .help("write the table's columns out"));
    }
    Ok(Some(head))
}

/// The fault of a statement that begins with another word than `CREATE`.
fn no_create(first: &Token<'_>, span: Span) -> Fault {
    let word = first.text.to_ascii_uppercase();
    let help = match word.as_str() {
        "INSERT" | "REPLACE" | "UPDATE" | "DELETE" | "SELECT" | "VALUES" | "WITH" => {
            "rows are no part of a schema: take the statement out (`.schema` prints a database without rows)"
        }
        "PRAGMA" => "settings are no part of a schema: take the statement out",
        "BEGIN" | "COMMIT" | "END" | "ROLLBACK" | "SAVEPOINT" | "RELEASE" => {
            "take the statement out: a change is made in a transaction of its own"
        }
        "DROP" => {
            "leave out what shall be gone; `-- schema: dropped(name)` consents to the loss of a table's rows"
        }
        "ALTER" => {
            "write the table as it shall be; `-- schema: renamed_from(old)` at a table or column says what it was"
        }
        "ATTACH" | "DETACH" => "take the statement out: one database is described at a time",
        "ANALYZE" | "REINDEX" | "VACUUM" | "EXPLAIN" => "take the statement out",
        _ => {
            return Fault::new(span, format!("near \"{}\": syntax error", first.text))
                .help("the file shall hold CREATE statements and comments only");
        }
    };
    Fault::new(span, format!("`{word}` is no CREATE statement")).help(help)
}

/// The whole text's offsets of the parentheses that hold a table's columns; where the second one is missing, the end.
fn body(item: &Item<'_>) -> Option<(usize, usize)> {
    let from = item.head.as_ref()?.end;
    let tokens = significant(item.sql).ok()?;
    let mut tokens = tokens.iter().filter(|token| token.at >= from);
    let open = tokens.next().filter(|token| token.is_op("("))?;
    let mut depth = 1_usize;
    for token in tokens {
        if token.is_op("(") {
            depth += 1;
        } else if token.is_op(")") {
            depth -= 1;
        }
        if depth == 0 {
            return Some((item.at + open.at, item.at + token.at));
        }
    }
    Some((item.at + open.at, item.end))
}
