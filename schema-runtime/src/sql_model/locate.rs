//! Which bytes of a statement a text of SQLite means.
//!
//! SQLite counts positions only in some versions, and only some versions of rusqlite pass them on; so they are found here.

use rusqlite::Connection;
use schema_sql::{CreateKind, Token, TokenKind, create_kind, eq_name, significant, split_create_table};

use super::fault::{Fault, Span};
use crate::catalog;

/// The fault of `sql`, of which SQLite says `reason`. Its span is one of `sql`.
pub(super) fn fault(conn: &Connection, sql: &str, reason: &str) -> Fault {
    let tokens = significant(sql).unwrap_or_default();
    let start = Span::new(0, tokens.first().map_or(1, |token| token.text.len()));
    if let Some(token) = syntax_error(conn, sql, &tokens, reason) {
        let fault = Fault::new(span(token), reason);
        return match token.is_word("CREATE") && create_kind(sql) == Some(CreateKind::Trigger) {
            true => fault.help("end the trigger before it with `END;`"),
            false if token.is_word("CREATE") => fault.help("end the statement before it with `;`"),
            false => fault,
        };
    }
    if reason == "incomplete input" {
        return match unclosed(&tokens) {
            Some(open) => Fault::new(span(open), "`(` without its `)`"),
            None => Fault::new(Span::new(tokens.last().map_or(0, Token::end), 1), reason),
        };
    }
    let found = repeated(sql, &tokens, reason).or_else(|| named(&tokens, reason));
    Fault::from_sqlite(found.unwrap_or(start), reason)
}

/// Whether the statement has what the reason names.
pub(super) fn names(sql: &str, reason: &str) -> bool {
    let tokens = significant(sql).unwrap_or_default();
    named(&tokens, reason).is_some()
}

fn span(token: &Token<'_>) -> Span {
    Span::new(token.at, token.text.len())
}

/// The token at which the parser stopped: the first one behind which the statement can be cut off without changing the error. A
/// text that is cut off before it is incomplete, or whole, so the token is found by halving.
fn syntax_error<'t, 'a>(
    conn: &Connection,
    sql: &str,
    tokens: &'t [Token<'a>],
    reason: &str,
) -> Option<&'t Token<'a>> {
    let word = reason.strip_prefix("near \"")?.strip_suffix("\": syntax error")?;
    let fails = |token: &Token<'_>| {
        let part = sql.get(..token.end()).unwrap_or_default();
        conn.prepare(part).is_err_and(|err| catalog::reason(&err, part) == reason)
    };
    let at = tokens.partition_point(|token| !fails(token));
    let is_it = |token: &&Token<'_>| token.text == word;
    tokens.get(at).filter(is_it).or_else(|| tokens.iter().find(is_it))
}

/// The innermost parenthesis that is still open at the end.
fn unclosed<'t, 'a>(tokens: &'t [Token<'a>]) -> Option<&'t Token<'a>> {
    let mut open = Vec::new();
    for token in tokens {
        if token.is_op("(") {
            open.push(token);
        } else if token.is_op(")") {
            open.pop();
        }
    }
    open.pop()
}

/// Where a thing is said for the second time.
fn repeated(sql: &str, tokens: &[Token<'_>], reason: &str) -> Option<Span> {
    if reason.ends_with("has more than one primary key") {
        return tokens.iter().filter(|token| token.is_word("PRIMARY")).nth(1).map(span);
    }
    let name = reason.strip_prefix("duplicate column name: ")?;
    let table = split_create_table(sql).ok()?;
    let second = table.columns.iter().filter(|column| eq_name(&column.name, name)).nth(1)?;
    tokens.iter().find(|token| token.at == second.at).map(span)
}

/// The token that the reason names.
fn named(tokens: &[Token<'_>], reason: &str) -> Option<Span> {
    let calls = ["function", "aggregate"].iter().any(|word| reason.contains(word));
    let found = candidates(reason).into_iter().find_map(|name| token_of(tokens, name, calls));
    found.or_else(|| keyword(tokens, reason)).map(span)
}

/// What may be a name in the reason, the likelier ones first.
fn candidates(reason: &str) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for (open, close) in [("\"", "\""), ("[", "]"), ("'", "'")] {
        let quoted = reason.split_once(open).and_then(|(_, rest)| rest.split_once(close));
        names.extend(quoted.map(|(name, _)| name));
    }
    names.extend(reason.rsplit_once(": ").map(|(_, name)| name));
    for word in ["named ", "column ", "function ", "modify ", "for ", "on ", "table ", "index ", "view "] {
        let behind = reason.split_once(word).map(|(_, rest)| rest);
        names.extend(behind.and_then(|rest| rest.split([' ', ':']).next()));
    }
    let plain = |name: &&str| name.trim_end_matches("()").len();
    names.iter().map(|name| name.get(..plain(name)).unwrap_or(name)).filter(|name| !name.is_empty()).collect()
}

/// The first token that is this name; of `a.b` the `b` behind an `a.`, or the first `b`.
fn token_of<'t, 'a>(tokens: &'t [Token<'a>], name: &str, calls: bool) -> Option<&'t Token<'a>> {
    let is = |token: &Token<'a>, name: &str| {
        token.kind != TokenKind::Str && token.ident().is_some_and(|ident| eq_name(&ident, name))
    };
    let is_call = |at: usize| tokens.get(at + 1).is_some_and(|next| next.is_op("("));
    let whole = |call: bool| {
        let fits = |(at, token): &(usize, &Token<'a>)| is(token, name) && is_call(*at) == call;
        tokens.iter().enumerate().find(fits).map(|(_, token)| token)
    };
    if let Some(found) = whole(calls).or_else(|| whole(!calls)) {
        return Some(found);
    }
    let (before, last) = name.rsplit_once('.')?;
    let behind = tokens.windows(3).find_map(|part| match part {
        [owner, dot, token] if dot.is_op(".") && is(owner, before) && is(token, last) => Some(token),
        _ => None,
    });
    behind.or_else(|| tokens.iter().find(|token| is(token, last)))
}

/// The first keyword of the statement that the reason has in capitals: `AUTOINCREMENT`, `CHECK`, `PRIMARY`.
fn keyword<'t, 'a>(tokens: &'t [Token<'a>], reason: &str) -> Option<&'t Token<'a>> {
    if reason.starts_with("subqueries prohibited") {
        return tokens.iter().find(|token| token.is_word("SELECT"));
    }
    let mut words = reason.split(' ').filter(|word| {
        word.len() > 3 && *word != "NULL" && word.bytes().all(|byte| byte.is_ascii_uppercase())
    });
    words.find_map(|word| tokens.iter().find(|token| token.is_word(word)))
}
