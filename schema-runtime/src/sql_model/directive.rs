//! What stands in comments: `-- schema: word word(argument), …`, read without regard to where it stands.

use schema_sql::{Token, TokenKind, significant};

use super::fault::{Fault, Span};

/// What a directive says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    RenamedFrom,
    Backfill,
    Convert,
    Dropped,
    Allow,
    ExactOrder,
    External,
    Version,
}

/// What a directive takes in its parentheses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    Nothing,
    Names,
    Sql,
    Version,
}

const WORDS: [(&str, Word, Takes); 8] = [
    ("renamed_from", Word::RenamedFrom, Takes::Names),
    ("backfill", Word::Backfill, Takes::Sql),
    ("convert", Word::Convert, Takes::Sql),
    ("dropped", Word::Dropped, Takes::Names),
    ("allow", Word::Allow, Takes::Names),
    ("exact_order", Word::ExactOrder, Takes::Nothing),
    ("external", Word::External, Takes::Nothing),
    ("version", Word::Version, Takes::Version),
];

/// One directive; all spans are of the whole text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Directive {
    pub(super) word: Word,
    /// The word as it is written.
    pub(super) span: Span,
    /// The names of `renamed_from` and `dropped`.
    pub(super) names: Vec<Name>,
    /// The argument's text, without its parentheses.
    pub(super) sql: String,
    pub(super) sql_span: Span,
    /// The comment's bytes.
    pub(super) comment: Span,
}

/// A name in an argument, `column` or `table.column`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Name {
    /// What stands before the last dot.
    pub(super) owner: Option<String>,
    pub(super) name: String,
    pub(super) span: Span,
}

impl Word {
    pub(super) fn text(self) -> &'static str {
        WORDS.iter().find(|(_, word, _)| *word == self).map_or("", |(text, _, _)| text)
    }
}

/// All directives in the comments among `tokens`, in order.
pub(super) fn read(tokens: &[Token<'_>], faults: &mut Vec<Fault>) -> Vec<Directive> {
    let mut found = Vec::new();
    for token in tokens.iter().filter(|token| token.kind == TokenKind::Comment) {
        if let Some((body, at)) = body(token) {
            let comment = Span::new(token.at, token.text.len());
            match significant(body) {
                Ok(tokens) => Reader { body, at, comment, tokens, next: 0, faults }.all(&mut found),
                Err(err) => faults.push(Fault::new(Span::new(at + err.at, 1), err.what)),
            }
        }
    }
    found
}

/// What follows `schema:` in a comment that begins with it, and where. In other spellings (`Schema:`, `schema :`) the comment is
/// one for people, unless a directive follows.
fn body<'a>(token: &Token<'a>) -> Option<(&'a str, usize)> {
    let text = token.text;
    let inside = match text.strip_prefix("/*") {
        Some(inside) => inside.strip_suffix("*/").unwrap_or(inside),
        None => text,
    };
    let start = inside.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '-' | '*' | '!'));
    let rest = start.get("schema".len()..)?;
    let exact = start.starts_with("schema:");
    let spelt = start.get(.."schema".len()).is_some_and(|word| word.eq_ignore_ascii_case("schema"));
    let body = rest.trim_start().strip_prefix(':').filter(|_| spelt)?;
    if !exact {
        let first: &str = body.trim_start().split(|c: char| c != '_' && !c.is_ascii_alphanumeric()).next()?;
        WORDS.iter().find(|(word, _, _)| word.eq_ignore_ascii_case(first))?;
    }
    // All steps cut at the front, but for the end of the comment.
    let front = if text.starts_with("/*") { 2 } else { 0 };
    let offset = front + inside.len() - body.len();
    Some((body, token.at + offset))
}

struct Reader<'a, 'f> {
    body: &'a str,
    /// The body's offset in the whole text.
    at: usize,
    comment: Span,
    tokens: Vec<Token<'a>>,
    next: usize,
    faults: &'f mut Vec<Fault>,
}

impl<'a> Reader<'a, '_> {
    fn all(&mut self, found: &mut Vec<Directive>) {
        if self.tokens.is_empty() {
            let (at, len) = (self.comment.at, self.comment.len);
            self.faults.push(
                Fault::new(Span::new(at, len), "a comment `schema:` without a directive").help(known()),
            );
        }
        while let Some(token) = self.tokens.get(self.next).copied() {
            self.next += 1;
            if token.is_op(",") {
                continue;
            }
            let argument = self.argument();
            found.extend(self.directive(token, argument));
        }
    }

    /// The tokens inside the parentheses that may be next, with the offset just behind the first one. `Err` where the second one
    /// is missing.
    fn argument(&mut self) -> Result<Option<(Vec<Token<'a>>, usize)>, Token<'a>> {
        let Some(open) = self.tokens.get(self.next).copied().filter(|token| token.is_op("(")) else {
            return Ok(None);
        };
        let start = self.next + 1;
        let mut depth = 0_usize;
        while let Some(token) = self.tokens.get(self.next) {
            if token.is_op("(") {
                depth += 1;
            } else if token.is_op(")") {
                depth -= 1;
            }
            self.next += 1;
            if depth == 0 {
                let inside = self.tokens.get(start..self.next - 1).unwrap_or_default().to_vec();
                return Ok(Some((inside, open.end())));
            }
        }
        Err(open)
    }

    fn span(&self, token: &Token<'_>) -> Span {
        Span::new(self.at + token.at, token.text.len())
    }

    fn directive(
        &mut self,
        token: Token<'a>,
        argument: Result<Option<(Vec<Token<'a>>, usize)>, Token<'a>>,
    ) -> Option<Directive> {
        let span = self.span(&token);
        let known_word = WORDS.iter().find(|(word, _, _)| token.is_word(&word.to_ascii_uppercase()));
        let Some((text, word, takes)) = known_word else {
            self.faults.push(unknown(&token, span));
            return None;
        };
        let argument = match argument {
            Ok(argument) => argument,
            Err(open) => {
                let open = self.span(&open);
                self.faults.push(Fault::new(open, "`(` without its `)` in the same comment"));
                return None;
            }
        };
        let mut directive = Directive {
            word: *word,
            span,
            names: Vec::new(),
            sql: String::new(),
            sql_span: span,
            comment: self.comment,
        };
        match (takes, argument) {
            (Takes::Nothing, None) => Some(directive),
            (Takes::Nothing, Some(_)) => {
                self.faults.push(Fault::new(span, format!("`{text}` takes no argument")));
                None
            }
            (_, None) => {
                self.faults
                    .push(Fault::new(span, format!("`{text}` without its argument")).help(example(*word)));
                None
            }
            (_, Some((inside, behind))) => {
                let first = inside.first().map_or(behind, |token| token.at);
                let last = inside.last().map_or(behind, Token::end);
                directive.sql = self.body.get(first..last).unwrap_or_default().to_owned();
                directive.sql_span = Span::new(self.at + first, (last - first).max(1));
                let filled = self.fill(&mut directive, *takes, &inside);
                filled.then_some(directive)
            }
        }
    }

    /// Whether the argument is one that the directive takes.
    fn fill(&mut self, directive: &mut Directive, takes: Takes, inside: &[Token<'a>]) -> bool {
        let (word, span) = (directive.word, directive.sql_span);
        if inside.is_empty() {
            let text = format!("`{}` with nothing in its parentheses", word.text());
            self.faults.push(Fault::new(directive.span, text).help(example(word)));
            return false;
        }
        match takes {
            Takes::Names => match self.names(inside) {
                Some(names) => directive.names = names,
                None => return false,
            },
            Takes::Sql => {
                if let Err(err) = schema_sql::check_expr(&directive.sql) {
                    let at = Span::new(span.at + err.at, 1);
                    self.faults.push(Fault::new(at, err.what));
                    return false;
                }
            }
            Takes::Version if !is_version(&directive.sql) => {
                let text = format!("`{}` is no version", directive.sql);
                self.faults.push(Fault::new(span, text).help("write numbers with dots: `version(1.2.0)`"));
                return false;
            }
            Takes::Version | Takes::Nothing => {}
        }
        true
    }

    /// `name, owner.name, …`
    fn names(&mut self, inside: &[Token<'a>]) -> Option<Vec<Name>> {
        let mut names = Vec::new();
        for part in inside.split(|token| token.is_op(",")) {
            let name = match part {
                [name] => name.ident().map(|name| (None, name)),
                [owner, dot, name] if dot.is_op(".") => {
                    owner.ident().zip(name.ident()).map(|(owner, name)| (Some(owner), name))
                }
                _ => None,
            };
            let first = part.first().or(inside.last());
            let end = part.last().map_or(0, Token::end);
            let span = first.map_or(self.comment, |first| {
                Span::new(self.at + first.at, end.saturating_sub(first.at).max(1))
            });
            let Some((owner, name)) = name else {
                let help =
                    "write names with commas between them; a name of several words goes in double quotes";
                self.faults.push(Fault::new(span, "expected a name").help(help));
                return None;
            };
            names.push(Name { owner, name, span });
        }
        Some(names)
    }
}

fn is_version(text: &str) -> bool {
    text.split('.').all(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

fn example(word: Word) -> &'static str {
    match word {
        Word::RenamedFrom => "write `renamed_from(old)`",
        Word::Backfill => "write `backfill(0)`, or another expression that fills existing rows",
        Word::Convert => {
            "write `convert(CAST(a AS INTEGER))`, or another expression that gives the new value"
        }
        Word::Dropped => "write `dropped(name)`",
        Word::Allow => "write `allow(L511)`",
        Word::Version => "write `version(1.2.0)`",
        Word::ExactOrder | Word::External => "write the word alone",
    }
}

fn known() -> String {
    let words: Vec<String> = WORDS.iter().map(|(word, _, _)| format!("`{word}`")).collect();
    format!("the directives are {}", words.join(", "))
}

fn unknown(token: &Token<'_>, span: Span) -> Fault {
    if token.kind != TokenKind::Word {
        return Fault::new(span, format!("expected a directive, found `{}`", token.text)).help(known());
    }
    let fault = Fault::new(span, format!("unknown directive `{}`", token.text));
    if token.is_word("EXACT_TYPE") {
        return fault.help("take it out: in SQL the spelling of a type counts always");
    }
    match nearest(token.text, WORDS.iter().map(|(word, _, _)| *word)) {
        Some(word) => fault.help(format!("did you mean `{word}`?")),
        None => fault.help(known()),
    }
}

/// The one of `names` that is most like `name`, if a third of the letters at most are others.
pub(super) fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let far = |other: &&str| distance(&name.to_lowercase(), &other.to_lowercase());
    let best = names.min_by_key(far)?;
    (far(&best) <= name.chars().count().max(best.chars().count()) / 3).then_some(best)
}

/// How many letters must be put in, taken out or exchanged to make `b` of `a`.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (above, from) in a.chars().enumerate() {
        let mut left = above + 1;
        let mut next = vec![left];
        for (pair, to) in row.windows(2).zip(b.chars()) {
            let [corner, up] = pair else { continue };
            left = (corner + usize::from(from != to)).min(up + 1).min(left + 1);
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}
