//! SQLite's lexical rules: text to tokens, and names and literals to text.
//!
//! SQLite: <https://www.sqlite.org/lang.html>; the rules are those of `tokenize.c` in 3.54, which are older versions' but for
//! digit separators (3.46).

use std::borrow::Cow;
use std::fmt;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenKind {
    /// White space, or a byte order mark.
    Space,
    /// `-- …` to the end of the line, or `/* … */`.
    Comment,
    /// An unquoted name or keyword.
    Word,
    /// `"…"`, `[…]` or `` `…` ``; a double-quoted one may turn out to be a string.
    QuotedId,
    /// `'…'`.
    Str,
    /// `x'…'`.
    Blob,
    /// A number, without a sign.
    Number,
    /// `?`, `?1`, `:a`, `@a`, `$a::b(c)` or `#a`.
    Param,
    /// An operator or a punctuation mark.
    Op,
}

/// A token of some SQL text.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Token<'a> {
    /// What it is.
    pub kind: TokenKind,
    /// Its text, verbatim.
    pub text: &'a str,
    /// Its byte offset in the whole text.
    pub at: usize,
}

impl<'a> Token<'a> {
    /// Whether this is the unquoted word `upper_keyword`, in any case.
    pub fn is_word(&self, upper_keyword: &str) -> bool {
        self.kind == TokenKind::Word && self.text.eq_ignore_ascii_case(upper_keyword)
    }

    /// Whether this is the operator `op`.
    pub fn is_op(&self, op: &str) -> bool {
        self.kind == TokenKind::Op && self.text == op
    }

    /// The name that this token gives where SQLite wants one, without quotes; `None` if it cannot be a name.
    ///
    /// Keywords are names here; ask [`is_reserved`](crate::is_reserved). Strings are too, since SQLite accepts `'name'` as a name.
    pub fn ident(&self) -> Option<String> {
        match self.kind {
            TokenKind::Word => Some(self.text.to_owned()),
            TokenKind::QuotedId | TokenKind::Str => Some(unquote(self.text).into_owned()),
            _ => None,
        }
    }

    /// The byte offset just behind the token.
    pub fn end(&self) -> usize {
        self.at.saturating_add(self.text.len())
    }
}

/// Takes the quotes off and halves doubled ones, up to the closing quote, as `sqlite3Dequote` does.
pub(crate) fn unquote(text: &str) -> Cow<'_, str> {
    let mut chars = text.chars();
    let close = match chars.next() {
        Some('[') => ']',
        Some(open @ ('"' | '\'' | '`')) => open,
        _ => return Cow::Borrowed(text),
    };
    let mut name = String::with_capacity(text.len());
    while let Some(c) = chars.next() {
        if c == close {
            if !chars.as_str().starts_with(close) {
                break;
            }
            chars.next();
        }
        name.push(c);
    }
    Cow::Owned(name)
}

/// Text that SQLite cannot read as tokens, or that is no expression.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LexError {
    /// The byte offset of what is wrong.
    pub at: usize,
    /// What is wrong.
    pub what: String,
}

impl LexError {
    pub(crate) fn new(at: usize, what: impl Into<String>) -> Self {
        LexError { at, what: what.into() }
    }
}

impl fmt::Display for LexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.what, self.at)
    }
}

impl std::error::Error for LexError {}

fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | b' ')
}

fn is_ident(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || byte >= 0x80
}

/// Bytes of some SQL text. Reading beyond the end gives NUL, which no valid text holds.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn get(&self, at: usize) -> u8 {
        self.0.get(at).copied().unwrap_or(0)
    }

    /// The first offset from `at` on where `test` fails, or the end.
    fn skip(&self, mut at: usize, test: impl Fn(u8) -> bool) -> usize {
        while at < self.0.len() && test(self.get(at)) {
            at += 1;
        }
        at
    }

    /// The kind and the end of the token that begins at `at`.
    fn token(&self, at: usize) -> Result<(TokenKind, usize), LexError> {
        let (byte, next) = (self.get(at), self.get(at + 1));
        let operator = |len: usize| Ok((TokenKind::Op, at + len));
        match byte {
            // A vertical tab goes on with a run of white space but cannot begin one.
            b' ' | b'\t' | b'\n' | b'\x0c' | b'\r' => Ok((TokenKind::Space, self.skip(at + 1, is_space))),
            0xef if next == 0xbb && self.get(at + 2) == 0xbf => Ok((TokenKind::Space, at + 3)),
            b'-' if next == b'-' => Ok((TokenKind::Comment, self.skip(at + 2, |b| b != b'\n'))),
            b'/' if next == b'*' && at + 2 < self.0.len() => Ok((TokenKind::Comment, self.comment(at + 2))),
            b'-' if next == b'>' => operator(if self.get(at + 2) == b'>' { 3 } else { 2 }),
            b'<' if matches!(next, b'=' | b'>' | b'<') => operator(2),
            b'>' if matches!(next, b'=' | b'>') => operator(2),
            b'=' | b'!' if next == b'=' => operator(2),
            b'|' if next == b'|' => operator(2),
            b'.' if next.is_ascii_digit() => self.number(at),
            b'(' | b')' | b';' | b'+' | b'-' | b'*' | b'/' | b'%' | b'=' | b'<' | b'>' | b'|' | b','
            | b'&' | b'~' | b'.' => operator(1),
            b'\'' => self.quoted(at, byte).map(|end| (TokenKind::Str, end)),
            b'"' | b'`' => self.quoted(at, byte).map(|end| (TokenKind::QuotedId, end)),
            b'[' => match self.skip(at, |b| b != b']') {
                end if end < self.0.len() => Ok((TokenKind::QuotedId, end + 1)),
                _ => Err(LexError::new(at, "`[` without a closing `]`")),
            },
            b'0'..=b'9' => self.number(at),
            b'?' => Ok((TokenKind::Param, self.skip(at + 1, |b| b.is_ascii_digit()))),
            b'$' | b'@' | b':' | b'#' => self.param(at).map(|end| (TokenKind::Param, end)),
            b'x' | b'X' if next == b'\'' => self.blob(at).map(|end| (TokenKind::Blob, end)),
            _ if is_ident(byte) => Ok((TokenKind::Word, self.skip(at + 1, is_ident))),
            _ => Err(LexError::new(
                at,
                format!("unexpected character `{}`", char::from(byte).escape_default()),
            )),
        }
    }

    /// The end of a block comment whose inside begins at `at`; one that is never closed ends with the text.
    fn comment(&self, at: usize) -> usize {
        let inside = self.0.get(at..).unwrap_or_default();
        inside.windows(2).position(|pair| pair == b"*/").map_or(self.0.len(), |found| at + found + 2)
    }

    fn quoted(&self, at: usize, quote: u8) -> Result<usize, LexError> {
        let mut end = self.skip(at + 1, |b| b != quote);
        while end < self.0.len() {
            if self.get(end + 1) != quote {
                return Ok(end + 1);
            }
            end = self.skip(end + 2, |b| b != quote);
        }
        Err(LexError::new(at, format!("`{}` without a closing one", char::from(quote))))
    }

    /// A run of digits from `at` on, in which single `_` may stand between two digits.
    fn digits(&self, at: usize, digit: impl Fn(u8) -> bool) -> Result<usize, LexError> {
        let end = self.skip(at, |b| digit(b) || b == b'_');
        let text = self.0.get(at..end).unwrap_or_default();
        if text.first() == Some(&b'_')
            || text.last() == Some(&b'_')
            || text.windows(2).any(|pair| pair == b"__")
        {
            return Err(LexError::new(at, "`_` in a number must stand between two digits"));
        }
        Ok(end)
    }

    fn number(&self, at: usize) -> Result<(TokenKind, usize), LexError> {
        let decimal = |b: u8| b.is_ascii_digit();
        let hex = |b: u8| b.is_ascii_hexdigit();
        let mut end;
        if self.get(at) == b'0' && matches!(self.get(at + 1), b'x' | b'X') && hex(self.get(at + 2)) {
            end = self.digits(at + 2, hex)?;
        } else {
            end = self.digits(at, decimal)?;
            if self.get(end) == b'.' {
                end = self.digits(end + 1, decimal)?;
            }
            let signed = usize::from(matches!(self.get(end + 1), b'+' | b'-'));
            if matches!(self.get(end), b'e' | b'E') && decimal(self.get(end + 1 + signed)) {
                end = self.digits(end + 1 + signed, decimal)?;
            }
        }
        match is_ident(self.get(end)) {
            true => Err(LexError::new(at, "a number runs into a name")),
            false => Ok((TokenKind::Number, end)),
        }
    }

    fn param(&self, at: usize) -> Result<usize, LexError> {
        let (mut end, mut named) = (at + 1, false);
        loop {
            match self.get(end) {
                byte if is_ident(byte) => {
                    named = true;
                    end += 1;
                }
                b':' if self.get(end + 1) == b':' => end += 2,
                b'(' if named => {
                    end = self.skip(end + 1, |b| b != b')' && !is_space(b));
                    match self.get(end) {
                        b')' => return Ok(end + 1),
                        _ => return Err(LexError::new(at, "a parameter's `(` without a closing `)`")),
                    }
                }
                _ if named => return Ok(end),
                _ => return Err(LexError::new(at, "a parameter without a name")),
            }
        }
    }

    fn blob(&self, at: usize) -> Result<usize, LexError> {
        let end = self.skip(at + 2, |b| b.is_ascii_hexdigit());
        match self.get(end) == b'\'' && (end - at) % 2 == 0 {
            true => Ok(end + 1),
            false => Err(LexError::new(at, "a blob literal needs an even number of hexadecimal digits")),
        }
    }
}

/// All tokens of `sql`, white space and comments too: their texts in order are `sql` again.
///
/// # Errors
/// Where SQLite would find an unrecognised token, and at NUL bytes, which end SQL text for SQLite.
pub fn tokenize(sql: &str) -> Result<Vec<Token<'_>>, LexError> {
    if let Some(at) = sql.find('\0') {
        return Err(LexError::new(at, "a NUL byte"));
    }
    tokens(sql).collect()
}

/// The tokens one by one, up to the first that is none.
fn tokens(sql: &str) -> impl Iterator<Item = Result<Token<'_>, LexError>> {
    let bytes = Bytes(sql.as_bytes());
    let mut at = 0;
    std::iter::from_fn(move || {
        if at >= sql.len() {
            return None;
        }
        let token = bytes.token(at).and_then(|(kind, end)| {
            let text =
                sql.get(at..end).ok_or_else(|| LexError::new(at, "a token ends inside a character"))?;
            Ok(Token { kind, text, at })
        });
        at = token.as_ref().map_or(sql.len(), Token::end);
        Some(token)
    })
}

fn is_significant(token: &Token<'_>) -> bool {
    !matches!(token.kind, TokenKind::Space | TokenKind::Comment)
}

/// The tokens of `sql` without white space and comments.
///
/// # Errors
/// As [`tokenize`].
pub fn significant(sql: &str) -> Result<Vec<Token<'_>>, LexError> {
    let mut tokens = tokenize(sql)?;
    tokens.retain(is_significant);
    Ok(tokens)
}

/// The first tokens without white space and comments, `number` at most, whatever follows them.
pub(crate) fn first_significant(sql: &str, number: usize) -> Vec<Token<'_>> {
    tokens(sql).map_while(Result::ok).filter(is_significant).take(number).collect()
}

/// `name` as a double-quoted identifier.
pub fn quote_ident(name: &str) -> String {
    if name.bytes().all(|byte| byte != b'"') {
        return ["\"", name, "\""].concat();
    }
    ["\"", &name.replace('"', "\"\""), "\""].concat()
}

/// `text` as a string literal.
pub fn quote_str(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Whether SQLite takes `a` and `b` for the same name: equal but for the case of ASCII letters.
#[inline]
pub fn eq_name(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    // Most names differ in their length or in their last letter, which is where numbers are.
    a.len() == b.len()
        && match (a.last(), b.last()) {
            (Some(x), Some(y)) => x.eq_ignore_ascii_case(y) && a.eq_ignore_ascii_case(b),
            _ => true,
        }
}

/// `name` with ASCII letters in lower case: equal for equal names.
pub fn fold(name: &str) -> String {
    name.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::TokenKind::*;
    use super::*;

    fn kinds(sql: &str) -> Vec<(TokenKind, &str)> {
        significant(sql).expect(sql).iter().map(|token| (token.kind, token.text)).collect()
    }

    #[test]
    fn each_kind_of_token_is_told_apart() {
        assert_eq!(
            kinds("a$1 \"b\"\"c\" [d e] `f` 'g''h' x'0aFF' é"),
            [
                (Word, "a$1"),
                (QuotedId, "\"b\"\"c\""),
                (QuotedId, "[d e]"),
                (QuotedId, "`f`"),
                (Str, "'g''h'"),
                (Blob, "x'0aFF'"),
                (Word, "é")
            ]
        );
        assert_eq!(
            kinds("1 1.5e-3 .5 5. 0xFF 1_000 ?1 ? :a @b $c::d(e) a->>b->c")
                .iter()
                .map(|t| t.0)
                .collect::<Vec<_>>(),
            [
                Number, Number, Number, Number, Number, Number, Param, Param, Param, Param, Param, Word, Op,
                Word, Op, Word
            ]
        );
    }

    #[test]
    fn what_sqlite_calls_unrecognised_is_an_error_at_its_offset() {
        for (sql, at) in [
            ("a 'b", 2),
            ("\"", 0),
            ("[a", 0),
            ("x'0'", 0),
            ("x'0g'", 0),
            ("1a", 0),
            ("1__0", 0),
            ("0x1_", 2),
            ("a!", 1),
            ("@", 0),
            ("$a(b c)", 0),
            ("\\", 0),
            ("{", 0),
            ("a\0b", 1),
            ("\x0b", 0),
        ] {
            assert_eq!(tokenize(sql).map_err(|error| error.at), Err(at), "{sql:?}");
        }
    }
}
