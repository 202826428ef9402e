//! Texts that SQLite stores verbatim, made comparable: expressions, defaults, views, triggers.
//!
//! What may differ between equal texts: white space, comments, the case of words, the quotes around names, two spellings of
//! operators, parentheses around the whole. All else counts, so unequal texts may still mean the same; equal ones always do.

use crate::cursor::is_wrapped;
use crate::keyword::{is_keyword, is_reserved};
use crate::token::{LexError, Token, TokenKind, fold, quote_ident, quote_str, significant};

/// Whether a name is one of the columns that an expression can see.
type IsColumn<'a> = &'a dyn Fn(&str) -> bool;

/// `sql`, an expression, view or trigger text, as canonical tokens with one space between them.
///
/// `is_column` says whether an unquoted name is a column that `sql` can see: SQLite reads `"x"` as a string if there is no column
/// `x`, so such a token stays as it is, while `"x"`, `[x]`, `` `x` `` and `X` are equal where they can only be names.
/// Use [`normalise_default`] for the value of a `DEFAULT`, where a word is a string.
///
/// # Errors
/// Where the text cannot be read as tokens.
pub fn normalise(sql: &str, is_column: &dyn Fn(&str) -> bool) -> Result<String, LexError> {
    let tokens = significant(sql)?;
    Ok(join(unwrapped(&tokens), is_column))
}

/// The value of a `DEFAULT`, as canonical tokens: as [`normalise`], but a lone word or quoted name is the string of that text.
///
/// # Errors
/// Where the text cannot be read as tokens.
///
/// SQLite: `parse.y`, `ccons ::= DEFAULT id`.
pub fn normalise_default(sql: &str) -> Result<String, LexError> {
    let tokens = significant(sql)?;
    if let [token] = tokens.as_slice() {
        let word = token.kind == TokenKind::Word;
        if token.kind == TokenKind::QuotedId || word && !is_constant(token.text) {
            return Ok(quote_str(&token.ident().unwrap_or_default()));
        }
    }
    Ok(join(unwrapped(&tokens), &|_| false))
}

/// Whether `a` and `b` normalise equally; texts that cannot be read as tokens are the same only if they are identical.
pub fn same(a: &str, b: &str, is_column: &dyn Fn(&str) -> bool) -> bool {
    match (normalise(a, is_column), normalise(b, is_column)) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    }
}

fn is_constant(word: &str) -> bool {
    ["NULL", "TRUE", "FALSE", "CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP"]
        .iter()
        .any(|constant| constant.eq_ignore_ascii_case(word))
}

/// `tokens` without `;` at the end and without parentheses around the whole, unless those hold a list or a query.
fn unwrapped<'t, 'a>(mut tokens: &'t [Token<'a>]) -> &'t [Token<'a>] {
    while let [before @ .., last] = tokens {
        if !last.is_op(";") {
            break;
        }
        tokens = before;
    }
    while let [_, inside @ .., _] = tokens {
        if !is_wrapped(tokens) || !is_expression(inside) {
            break;
        }
        tokens = inside;
    }
    tokens
}

fn is_expression(tokens: &[Token<'_>]) -> bool {
    let query = ["SELECT", "VALUES", "WITH"];
    tokens.first().is_some_and(|first| !query.iter().any(|word| first.is_word(word)))
        && crate::cursor::split_commas(tokens).len() == 1
}

fn join(tokens: &[Token<'_>], is_column: IsColumn<'_>) -> String {
    let mut out = String::new();
    for (at, token) in tokens.iter().enumerate() {
        if at > 0 {
            out.push(' ');
        }
        let (before, behind) = tokens.split_at(at);
        let behind = behind.get(1..).unwrap_or_default();
        out.push_str(&canonical(token, before, behind, is_column));
    }
    out
}

fn canonical(
    token: &Token<'_>,
    before: &[Token<'_>],
    behind: &[Token<'_>],
    is_column: IsColumn<'_>,
) -> String {
    match token.kind {
        TokenKind::Word if token.is_word("ISNULL") && ends_operand(behind) => "is null".to_owned(),
        TokenKind::Word if token.is_word("NOTNULL") && ends_operand(behind) => "is not null".to_owned(),
        TokenKind::Word if token.is_word("NOT") && is_not_null(before, behind) => "is not".to_owned(),
        TokenKind::Word | TokenKind::Number | TokenKind::Blob => fold(token.text),
        TokenKind::QuotedId => {
            let name = token.ident().unwrap_or_default();
            match !token.text.starts_with('"') || is_column(&name) || is_name_place(before, behind) {
                true => plain_name(&name),
                false => token.text.to_owned(),
            }
        }
        TokenKind::Op if token.text == "<>" => "!=".to_owned(),
        TokenKind::Op if token.text == "==" => "=".to_owned(),
        _ => token.text.to_owned(),
    }
}

/// Whether nothing that binds tighter than `IS` can follow: then `x ISNULL` is `x IS NULL`.
fn ends_operand(behind: &[Token<'_>]) -> bool {
    behind.first().is_none_or(|next| {
        ["AND", "OR", "THEN", "ELSE", "END", "WHEN"].iter().any(|word| next.is_word(word))
            || [")", ",", ";"].iter().any(|op| next.is_op(op))
    })
}

/// Whether a `NOT` between `before` and `behind` is that of `x NOT NULL`, which is `x IS NOT NULL`.
fn is_not_null(before: &[Token<'_>], behind: &[Token<'_>]) -> bool {
    let operand = before.last().is_some_and(|last| match last.kind {
        TokenKind::Word => !is_reserved(last.text) || last.is_word("NULL") || last.is_word("END"),
        TokenKind::Op => last.is_op(")"),
        _ => true,
    });
    let [null, rest @ ..] = behind else { return false };
    operand && null.is_word("NULL") && ends_operand(rest)
}

/// Whether a token between `before` and `behind` can only be a name: a part of a dotted name, a function, a table.
fn is_name_place(before: &[Token<'_>], behind: &[Token<'_>]) -> bool {
    if behind.first().is_some_and(|next| next.is_op(".") || next.is_op("(")) {
        return true;
    }
    if before.first().is_some_and(|first| first.is_word("CREATE")) && is_header_name(before) {
        return true;
    }
    match before {
        // `a IS DISTINCT FROM "b"` may hold a string.
        [.., distinct, from] if from.is_word("FROM") => !distinct.is_word("DISTINCT"),
        [.., last] => {
            last.is_op(".")
                || ["FROM", "JOIN", "INTO", "UPDATE", "TABLE", "REFERENCES", "COLLATE"]
                    .iter()
                    .any(|word| last.is_word(word))
        }
        [] => false,
    }
}

/// Whether what follows `before`, which begins with `CREATE`, is the object's name, or the table of an index or trigger.
fn is_header_name(before: &[Token<'_>]) -> bool {
    let Some((last, head)) = before.split_last() else { return false };
    let object = ["VIEW", "TRIGGER", "INDEX", "EXISTS"].iter().any(|word| last.is_word(word));
    // `CREATE TEMP TRIGGER IF NOT EXISTS` are the most words that stand before a name.
    object && before.len() <= 6 || last.is_word("ON") && !head.iter().any(|token| token.is_word("ON"))
}

/// `name` in lower case, with quotes only where SQLite needs them.
fn plain_name(name: &str) -> String {
    let folded = fold(name);
    let plain = folded.chars().enumerate().all(|(at, c)| match c {
        'a'..='z' | '_' => true,
        '0'..='9' | '$' => at > 0,
        // At the beginning of a token this is a byte order mark, which is white space.
        '\u{feff}' => at > 0,
        _ => !c.is_ascii(),
    });
    match plain && !folded.is_empty() && !is_keyword(&folded) && !is_constant(&folded) {
        true => folded,
        false => quote_ident(&folded),
    }
}

/// The names that `sql` mentions, in lower case, in order, with repetitions: what it may depend on.
///
/// All words are names but for those that the grammar reserves, so that a column called `key` or `end` is found; and all
/// quoted identifiers; and strings where only a name can stand.
///
/// # Errors
/// Where the text cannot be read as tokens.
pub fn idents(sql: &str) -> Result<Vec<String>, LexError> {
    let tokens = significant(sql)?;
    let mut names = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let (before, behind) = tokens.split_at(at);
        let is_name = match token.kind {
            TokenKind::Word => !is_reserved(token.text),
            TokenKind::QuotedId => true,
            TokenKind::Str => is_name_place(before, behind.get(1..).unwrap_or_default()),
            _ => false,
        };
        if is_name {
            names.extend(token.ident().as_deref().map(fold));
        }
    }
    Ok(names)
}

/// Checks what can be said about an SQL expression without a database: it can be read as tokens, is not empty, is one
/// expression (no `;`) without parameters, its parentheses and `CASE … END` are balanced, and every operator has its operands.
///
/// # Errors
/// The first of these that does not hold, where it does not hold.
pub fn check_expr(sql: &str) -> Result<(), LexError> {
    let tokens = significant(sql)?;
    let mut open: Vec<Token<'_>> = Vec::new();
    let mut last = Role::Start;
    for token in &tokens {
        let role = match role(token, last) {
            // `*` stands for columns only inside parentheses: `count(*)`, `(SELECT *)`.
            Role::Operand if token.is_op("*") && open.is_empty() => Role::Infix,
            role => role,
        };
        let fits = match role {
            Role::Close => last == Role::Operand,
            Role::Infix => !matches!(last, Role::Infix | Role::Prefix | Role::Start),
            _ => true,
        };
        // `f()` and `x IN ()` hold nothing.
        let empty = role == Role::Close && last == Role::Start && open.last().is_some_and(|o| o.is_op("("));
        if !fits && !empty {
            return Err(LexError::new(token.at, format!("`{}` without an operand before it", token.text)));
        }
        if token.is_op(";") {
            return Err(LexError::new(token.at, "`;` inside an expression"));
        }
        if token.kind == TokenKind::Param {
            return Err(LexError::new(
                token.at,
                format!("`{}` is a parameter, and nothing gives it a value", token.text),
            ));
        }
        last = nest(token, role, &mut open)?;
    }
    if let Some(token) = open.last() {
        let end = if token.is_op("(") { ")" } else { "END" };
        return Err(LexError::new(token.at, format!("`{}` without its `{end}`", token.text)));
    }
    match tokens.last() {
        None => Err(LexError::new(sql.len(), "an empty expression")),
        Some(token) if last != Role::Operand => {
            Err(LexError::new(token.at, format!("`{}` without an operand behind it", token.text)))
        }
        Some(_) => Ok(()),
    }
}

/// What a token does in an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// The beginning of the expression or of something in parentheses.
    Start,
    /// A value, or the end of something that is one.
    Operand,
    /// An operator that may follow an operator, or a keyword that is neither value nor operator.
    Prefix,
    /// `NOT` behind an operand: the operator's other half follows.
    Not,
    /// An operator that needs an operand before it.
    Infix,
    /// `)`, or the `END` of a `CASE`.
    Close,
}

/// The role of `token` behind one of role `last`.
fn role(token: &Token<'_>, last: Role) -> Role {
    let value = matches!(last, Role::Operand | Role::Not);
    match token.kind {
        TokenKind::Op => match token.text {
            ")" => Role::Close,
            // `count(*)`, `SELECT *`, `t.*`.
            "*" if !value => Role::Operand,
            "(" | "+" | "-" | "~" => Role::Prefix,
            _ => Role::Infix,
        },
        TokenKind::Word
            if ["AND", "OR", "IS", "IN", "BETWEEN", "ESCAPE", "COLLATE", "AS"]
                .iter()
                .any(|w| token.is_word(w)) =>
        {
            Role::Infix
        }
        TokenKind::Word if ["ISNULL", "NOTNULL", "NULL"].iter().any(|w| token.is_word(w)) => Role::Operand,
        TokenKind::Word if value && ["LIKE", "GLOB", "MATCH", "REGEXP"].iter().any(|w| token.is_word(w)) => {
            Role::Infix
        }
        TokenKind::Word if value && token.is_word("END") => Role::Close,
        TokenKind::Word if value && token.is_word("NOT") => Role::Not,
        TokenKind::Word if is_reserved(token.text) => Role::Prefix,
        _ => Role::Operand,
    }
}

/// Opens and closes parentheses and `CASE`s; returns what the next token follows.
fn nest<'a>(token: &Token<'a>, role: Role, open: &mut Vec<Token<'a>>) -> Result<Role, LexError> {
    if token.is_op("(") || token.is_word("CASE") {
        open.push(*token);
        return Ok(if token.is_op("(") { Role::Start } else { Role::Prefix });
    }
    if role != Role::Close {
        return Ok(role);
    }
    let opens = if token.is_op(")") { "(" } else { "CASE" };
    match open.last() {
        Some(top) if top.text.eq_ignore_ascii_case(opens) => {
            open.pop();
            Ok(Role::Operand)
        }
        // `end` behind a value and in no `CASE`: an alias in a subquery, as good as any other.
        _ if opens == "CASE" && !open.iter().any(|token| token.is_word("CASE")) => Ok(Role::Operand),
        _ => Err(LexError::new(token.at, format!("`{}` without its `{opens}`", token.text))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_column(name: &str) -> bool {
        ["a", "b", "order"].iter().any(|column| column.eq_ignore_ascii_case(name))
    }

    #[test]
    fn texts_that_sqlite_takes_for_the_same_normalise_equally() {
        for (a, b) in [
            ("a > 0", "( \"A\">/* c */0 ) -- d"),
            ("a<>1 AND b==2", "[a]!=1 and `B` = 2"),
            ("\"order\" > lower(b)", "[ORDER] > \"LOWER\"(B)"),
            ("x'AB'", "X'ab'"),
            ("1E5 + 0XFF", "1e5+0xff"),
            ("a ISNULL OR b NOTNULL", "a IS NULL or b is not null"),
            ("a NOTNULL AND lower(b) IS NOT NULL", "a NOT NULL and lower(b) not null"),
            ("CASE WHEN a THEN 1 END", "case when A then 1 end"),
            ("((a))", "a"),
            ("SELECT \"t\".a FROM \"t\" JOIN [u]", "select T.A from t join U;"),
            ("a COLLATE \"NoCase\"", "a collate nocase"),
            ("a IN (1, 2)", "a IN(1,2)"),
            (
                "CREATE TRIGGER \"X\" AFTER INSERT ON \"U\" BEGIN INSERT INTO \"V\" SELECT 1; END",
                "create trigger x after insert on u begin insert into v select 1; end;",
            ),
            ("CREATE VIEW \"X y\" AS SELECT 1", "CREATE VIEW [x Y] AS SELECT 1"),
        ] {
            assert!(same(a, b, &is_column), "{a} | {b}: {:?}", normalise(a, &is_column));
        }
    }

    #[test]
    fn texts_that_may_differ_in_meaning_stay_apart() {
        for (a, b) in [
            ("a = 'x'", "a = 'X'"),
            ("a = \"x\"", "a = x"),
            ("a = \"x\"", "a = \"X\""),
            ("a IS DISTINCT FROM \"x\"", "a IS DISTINCT FROM x"),
            ("1", "1.0"),
            ("a > 0 AND b", "b AND a > 0"),
            ("+a", "a"),
            ("CAST(a AS INT)", "CAST(a AS INTEGER)"),
            ("a IN (1,2)", "a IN (2,1)"),
            ("(a) + (b)", "a) + (b"),
            ("(a, b)", "a, b"),
            ("(SELECT 1)", "SELECT 1"),
            ("a ISNULL + 1", "a IS NULL + 1"),
            ("a AND NOT NULL", "a AND NULL IS NOT NULL"),
            (":a", ":A"),
            ("a - -1", "a - 1"),
            ("[true]", "true"),
            ("SELECT 1 FROM t JOIN u ON \"x\"", "SELECT 1 FROM t JOIN u ON x"),
            ("'a' 'b'", "'a'' ''b'"),
        ] {
            assert!(!same(a, b, &is_column), "{a} | {b}");
        }
        assert!(same("'", "'", &is_column) && !same("'", "\"", &is_column));
    }

    #[test]
    fn quotes_stay_where_a_name_needs_them() {
        for (sql, normal) in [
            ("[Order]", "\"order\""),
            ("`a b`", "\"a b\""),
            ("[a\"b]", "\"a\"\"b\""),
            ("[É1$]", "É1$"),
            ("[1a]", "\"1a\""),
            ("``", "\"\""),
        ] {
            assert_eq!(normalise(sql, &is_column).as_deref(), Ok(normal));
        }
    }

    #[test]
    fn a_word_as_a_default_is_a_string_with_its_case() {
        for (sql, normal) in [
            ("Pending", "'Pending'"),
            ("\"it's\"", "'it''s'"),
            ("TRUE", "true"),
            ("Current_Timestamp", "current_timestamp"),
            ("( ( 1 + 1 ) )", "1 + 1"),
            ("- 5", "- 5"),
            ("X'00'", "x'00'"),
            ("(\"x\")", "\"x\""),
        ] {
            assert_eq!(normalise_default(sql).as_deref(), Ok(normal));
        }
    }

    #[test]
    fn names_that_an_expression_may_depend_on_are_listed() {
        let names = idents("SELECT Key, \"Order\", 'text' FROM 'T' WHERE end > 1").expect("lexes");
        assert_eq!(names, ["key", "order", "t", "end"]);
    }

    #[test]
    fn sound_expressions_pass_the_check() {
        for sql in [
            "a > 0",
            "end > start",
            "CASE end WHEN 1 THEN CASE WHEN b THEN end END ELSE 2 END = 1",
            "a NOT IN (1, 2) AND b NOT NULL AND a IS NOT NULL",
            "a NOT LIKE 'x' ESCAPE '!' OR a NOT BETWEEN 1 AND -2",
            "f() + count(*) - -a",
            "(SELECT t.*, * FROM t WHERE a IS NOT DISTINCT FROM b ORDER BY 1 DESC)",
            "CAST(a AS DECIMAL(10, 2)) || \"b\" COLLATE nocase",
            "NOT EXISTS (SELECT 1)",
            "a ->> '$.x' ISNULL",
            "like('a', b) AND b LIKE glob",
            "(a, b) = (1, ~2)",
        ] {
            assert_eq!(check_expr(sql), Ok(()), "{sql}");
        }
    }

    #[test]
    fn unsound_expressions_fail_the_check_where_they_are_unsound() {
        for (sql, at) in [
            ("", 0),
            ("-- a", 4),
            ("(a", 0),
            ("a)", 1),
            ("a; b", 1),
            ("a +", 2),
            ("a AND", 2),
            ("a NOT", 2),
            ("* 2", 0),
            ("a = * 2", 4),
            ("AND a", 0),
            ("a = = b", 4),
            ("(a, )", 4),
            ("CASE WHEN a THEN 1", 0),
            ("CASE WHEN (a THEN 1 END)", 20),
            ("a > 'x", 4),
            ("a > ?1", 4),
        ] {
            assert_eq!(check_expr(sql).map_err(|error| error.at), Err(at), "{sql}");
        }
    }
}
