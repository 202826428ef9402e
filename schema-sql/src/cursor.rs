//! A cursor over significant tokens, and what several `CREATE` statements share.

use std::fmt;

use crate::create::IndexTerm;
use crate::keyword::is_reserved;
use crate::token::{LexError, Token, TokenKind, first_significant, significant};

/// A `CREATE` statement that could not be split.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SplitError {
    /// The byte offset of what is wrong.
    pub at: usize,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for SplitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.what, self.at)
    }
}

impl std::error::Error for SplitError {}

impl From<LexError> for SplitError {
    fn from(error: LexError) -> Self {
        SplitError { at: error.at, what: error.what }
    }
}

pub(crate) type Split<T> = Result<T, SplitError>;

/// The tokens of a statement and a position among them. Nothing here recurses, so no nesting is too deep.
pub(crate) struct Cursor<'a> {
    sql: &'a str,
    tokens: Vec<Token<'a>>,
    next: usize,
}

/// An object's name in a `CREATE` statement: `schema.name`.
pub(crate) struct ObjectName<'a> {
    pub(crate) schema: Option<String>,
    pub(crate) name: String,
    /// The schema's token, or the name's.
    pub(crate) first: Token<'a>,
    pub(crate) token: Token<'a>,
}

impl<'a> Cursor<'a> {
    /// # Errors
    /// Where `sql` cannot be read as tokens.
    pub(crate) fn new(sql: &'a str) -> Split<Self> {
        Ok(Cursor { sql, tokens: significant(sql)?, next: 0 })
    }

    /// Over so many tokens at the beginning of `sql`, as far as they can be read.
    pub(crate) fn head(sql: &'a str, tokens: usize) -> Self {
        Cursor { sql, tokens: first_significant(sql, tokens), next: 0 }
    }

    pub(crate) fn peek(&self) -> Option<Token<'a>> {
        self.peek_at(0)
    }

    pub(crate) fn peek_at(&self, ahead: usize) -> Option<Token<'a>> {
        self.tokens.get(self.next.saturating_add(ahead)).copied()
    }

    pub(crate) fn advance(&mut self) -> Option<Token<'a>> {
        let token = self.peek()?;
        self.next += 1;
        Some(token)
    }

    /// The number of tokens that were read; for [`Cursor::text_since`].
    pub(crate) fn position(&self) -> usize {
        self.next
    }

    /// The verbatim text of the tokens from `start` up to here.
    pub(crate) fn text_since(&self, start: usize) -> &'a str {
        self.text(self.tokens.get(start..self.next).unwrap_or_default())
    }

    /// The byte offset of the token at `position`; the end of the statement where there is none.
    pub(crate) fn offset_of(&self, position: usize) -> usize {
        self.tokens.get(position).map_or(self.sql.len(), |token| token.at)
    }

    fn text(&self, tokens: &[Token<'_>]) -> &'a str {
        match (tokens.first(), tokens.last()) {
            (Some(first), Some(last)) => self.sql.get(first.at..last.end()).unwrap_or_default(),
            _ => "",
        }
    }

    /// An error at the next token that says what was expected there.
    pub(crate) fn expected(&self, what: &str) -> SplitError {
        match self.peek() {
            Some(token) => {
                SplitError { at: token.at, what: format!("expected {what}, found `{}`", token.text) }
            }
            None => SplitError { at: self.sql.len(), what: format!("expected {what}, found the end") },
        }
    }

    pub(crate) fn at_word(&self, keyword: &str) -> bool {
        self.peek().is_some_and(|token| token.is_word(keyword))
    }

    pub(crate) fn at_op(&self, op: &str) -> bool {
        self.peek().is_some_and(|token| token.is_op(op))
    }

    /// Reads `keyword` if it is next.
    pub(crate) fn word(&mut self, keyword: &str) -> bool {
        let found = self.at_word(keyword);
        self.next += usize::from(found);
        found
    }

    /// Reads all of `keywords` if they are next.
    pub(crate) fn words(&mut self, keywords: &[&str]) -> bool {
        let found = self.at_words(keywords);
        if found {
            self.next += keywords.len();
        }
        found
    }

    pub(crate) fn at_words(&self, keywords: &[&str]) -> bool {
        keywords
            .iter()
            .enumerate()
            .all(|(at, keyword)| self.peek_at(at).is_some_and(|token| token.is_word(keyword)))
    }

    pub(crate) fn op(&mut self, op: &str) -> bool {
        let found = self.at_op(op);
        self.next += usize::from(found);
        found
    }

    pub(crate) fn expect_word(&mut self, keyword: &str) -> Split<()> {
        if self.word(keyword) { Ok(()) } else { Err(self.expected(&format!("`{keyword}`"))) }
    }

    pub(crate) fn expect_op(&mut self, op: &str) -> Split<()> {
        if self.op(op) { Ok(()) } else { Err(self.expected(&format!("`{op}`"))) }
    }

    /// The token of a name, as the grammar's `nm`.
    pub(crate) fn name_token(&mut self, what: &str) -> Split<Token<'a>> {
        match self.peek() {
            Some(token) if is_name(&token) => {
                self.next += 1;
                Ok(token)
            }
            _ => Err(self.expected(what)),
        }
    }

    pub(crate) fn name(&mut self, what: &str) -> Split<String> {
        Ok(self.name_token(what)?.ident().unwrap_or_default())
    }

    /// `[IF NOT EXISTS] [schema.]name`.
    pub(crate) fn object_name(&mut self, what: &str) -> Split<ObjectName<'a>> {
        self.words(&["IF", "NOT", "EXISTS"]);
        let first = self.name_token(what)?;
        if !self.op(".") {
            let name = first.ident().unwrap_or_default();
            return Ok(ObjectName { schema: None, name, first, token: first });
        }
        let token = self.name_token(what)?;
        Ok(ObjectName { schema: first.ident(), name: token.ident().unwrap_or_default(), first, token })
    }

    /// The tokens between a `(` that is next and its `)`, both of which are read.
    pub(crate) fn parens(&mut self) -> Split<Vec<Token<'a>>> {
        let open = self.next;
        self.expect_op("(")?;
        let mut depth = 1_usize;
        while let Some(token) = self.advance() {
            if token.is_op("(") {
                depth += 1;
            } else if token.is_op(")") {
                depth -= 1;
            }
            if depth == 0 {
                let inside = self.tokens.get(open + 1..self.next - 1).unwrap_or_default();
                return Ok(inside.to_vec());
            }
        }
        let at = self.tokens.get(open).map_or(0, |token| token.at);
        Err(SplitError { at, what: "`(` without its `)`".to_owned() })
    }

    /// The verbatim text between a `(` that is next and its `)`.
    ///
    /// # Errors
    /// If nothing stands between them.
    pub(crate) fn paren_text(&mut self) -> Split<String> {
        let at = self.peek().map_or(self.sql.len(), |token| token.at);
        let inside = self.parens()?;
        match self.text(&inside) {
            "" => Err(SplitError { at, what: "expected an expression inside `()`".to_owned() }),
            text => Ok(text.to_owned()),
        }
    }

    /// `(name, …)`, where old schemas may also hold a collation and an order, which mean nothing.
    pub(crate) fn name_list(&mut self, what: &str) -> Split<Vec<String>> {
        self.expect_op("(")?;
        let mut names = Vec::new();
        loop {
            names.push(self.name(what)?);
            if self.word("COLLATE") {
                self.name("a collation")?;
            }
            if !self.word("ASC") {
                self.word("DESC");
            }
            if !self.op(",") {
                break;
            }
        }
        self.expect_op(")")?;
        Ok(names)
    }

    /// `(term, …)` of an index or a key.
    pub(crate) fn index_terms(&mut self) -> Split<Vec<IndexTerm>> {
        let at = self.peek().map_or(self.sql.len(), |token| token.at);
        let inside = self.parens()?;
        self.terms_of(&inside, at)
    }

    /// The terms in `tokens`, which are separated by commas; `at` is where an error is put if there are none.
    pub(crate) fn terms_of(&self, tokens: &[Token<'a>], at: usize) -> Split<Vec<IndexTerm>> {
        let terms = split_commas(tokens);
        if let Some(empty) = terms.iter().position(|term| term.is_empty()) {
            let at = terms.get(empty + 1).and_then(|next| next.first()).map_or(at, |token| token.at);
            return Err(SplitError { at, what: "expected a column or an expression".to_owned() });
        }
        terms.into_iter().map(|term| self.index_term(term)).collect()
    }

    fn index_term(&self, mut tokens: &[Token<'a>]) -> Split<IndexTerm> {
        let mut desc = false;
        if let [before @ .., last] = tokens {
            if !before.is_empty() && (last.is_word("ASC") || last.is_word("DESC")) {
                desc = last.is_word("DESC");
                tokens = before;
            }
        }
        let mut collation = None;
        let mut inner = tokens;
        loop {
            let (operand, found) = strip_collation(inner);
            if found.is_some() {
                // Of several collations the outermost counts.
                collation = collation.or(found);
                (inner, tokens) = (operand, operand);
            } else if is_wrapped(inner) {
                // SQLite's parser drops the parentheses, so they may hide a column and its collation.
                inner = inner.get(1..inner.len() - 1).unwrap_or_default();
            } else {
                break;
            }
        }
        let column = match inner {
            [name] if is_name(name) && !is_current(name) => name.ident(),
            _ => None,
        };
        Ok(IndexTerm { expr: self.text(tokens).to_owned(), column, collation, desc })
    }

    /// The rest of the statement: nothing, or a `;`.
    pub(crate) fn expect_end(&mut self) -> Split<()> {
        while self.op(";") {}
        if self.peek().is_none() { Ok(()) } else { Err(self.expected("the end of the statement")) }
    }

    /// The verbatim text of all tokens that are left, without `;` at the end.
    pub(crate) fn rest(&mut self) -> &'a str {
        let text = self.text(self.rest_tokens());
        self.next = self.tokens.len();
        text
    }

    fn rest_tokens(&self) -> &[Token<'a>] {
        let mut tokens = self.tokens.get(self.next..).unwrap_or_default();
        while let [before @ .., last] = tokens {
            if !last.is_op(";") {
                break;
            }
            tokens = before;
        }
        tokens
    }

    /// The verbatim text of all tokens that are left but for the `END` that must be the last.
    pub(crate) fn rest_before_end(&mut self) -> Split<&'a str> {
        let body = match self.rest_tokens() {
            [body @ .., last] if last.is_word("END") && !body.is_empty() => self.text(body),
            _ => "",
        };
        self.next = self.tokens.len();
        if body.is_empty() { Err(self.expected("`END`")) } else { Ok(body) }
    }

    /// The verbatim text of `tokens`, which are tokens of this statement.
    pub(crate) fn text_of(&self, tokens: &[Token<'a>]) -> String {
        self.text(tokens).to_owned()
    }
}

/// Whether SQLite takes `token` for a name where it wants one.
pub(crate) fn is_name(token: &Token<'_>) -> bool {
    match token.kind {
        TokenKind::Word => !is_reserved(token.text),
        TokenKind::QuotedId | TokenKind::Str => true,
        _ => false,
    }
}

/// `tokens` cut at the commas that are in no parentheses; one empty part if there are no tokens.
pub(crate) fn split_commas<'t, 'a>(tokens: &'t [Token<'a>]) -> Vec<&'t [Token<'a>]> {
    let mut depth = 0_usize;
    tokens
        .split(|token| {
            if token.is_op("(") {
                depth += 1;
            } else if token.is_op(")") {
                depth = depth.saturating_sub(1);
            }
            depth == 0 && token.is_op(",")
        })
        .collect()
}

/// Whether the first token is a `(` and the last one its `)`.
pub(crate) fn is_wrapped(tokens: &[Token<'_>]) -> bool {
    if !tokens.first().is_some_and(|token| token.is_op("(")) {
        return false;
    }
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        if token.is_op("(") {
            depth += 1;
        } else if token.is_op(")") {
            depth = depth.saturating_sub(1);
        }
        if depth == 0 {
            return at + 1 == tokens.len();
        }
    }
    false
}

/// Takes `COLLATE name` off the end of `tokens` where it belongs to the whole of them. It binds tighter than any binary operator,
/// so what is before it must be a single operand: a name, a literal, a call, or something in parentheses.
fn strip_collation<'t, 'a>(tokens: &'t [Token<'a>]) -> (&'t [Token<'a>], Option<String>) {
    let (mut operand, mut outer) = (tokens, None);
    while let [before @ .., collate, name] = operand {
        if !collate.is_word("COLLATE") || !is_name(name) {
            break;
        }
        outer = outer.or_else(|| name.ident());
        operand = before;
    }
    let single = match operand {
        [_] => true,
        [name, call @ ..] if is_name(name) => is_wrapped(call),
        _ => is_wrapped(operand),
    };
    if outer.is_some() && single { (operand, outer) } else { (tokens, None) }
}

fn is_current(token: &Token<'_>) -> bool {
    ["CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP"].iter().any(|word| token.is_word(word))
}
