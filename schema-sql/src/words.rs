//! Which words of an SQL expression are columns, or were meant to be.

use crate::keyword::is_keyword;
use crate::token::{Token, TokenKind, significant};

/// The words of `sql` that can only be columns and are none: plain ones, and those in brackets or backticks. What stands before `(` is a
/// function, and an expression with a subquery has other names too.
///
/// SQLite refuses such an expression.
pub fn unknown_columns(sql: &str, is_column: &dyn Fn(&str) -> bool) -> Vec<String> {
    found(sql, is_column, &|token, before| match token.kind {
        TokenKind::Word => {
            let of_type = before.is_some_and(|it| it.kind == TokenKind::Word && !is_keyword(it.text));
            !is_keyword(token.text) && !of_type
        }
        TokenKind::QuotedId => !token.text.starts_with('"'),
        _ => false,
    })
}

/// The words of `sql` in double quotes that are no columns, without the quotes: SQLite takes each for a text.
///
/// SQLite: <https://www.sqlite.org/quirks.html>, section 8.
pub fn quoted_texts(sql: &str, is_column: &dyn Fn(&str) -> bool) -> Vec<String> {
    found(sql, is_column, &|token, _| token.kind == TokenKind::QuotedId && token.text.starts_with('"'))
}

/// The words of this kind, each once, that stand where a column may, and are none.
fn found(
    sql: &str,
    is_column: &dyn Fn(&str) -> bool,
    is_kind: &dyn Fn(&Token<'_>, Option<&Token<'_>>) -> bool,
) -> Vec<String> {
    let Ok(tokens) = significant(sql) else { return Vec::new() };
    if tokens.iter().any(|token| token.is_word("SELECT")) {
        return Vec::new();
    }
    let mut words: Vec<String> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| tokens.get(at));
        let next = tokens.get(at + 1);
        // A collation, a type, a function, a table.
        let other = before.is_some_and(|it| it.is_word("COLLATE") || it.is_word("AS"))
            || next.is_some_and(|it| it.is_op("(") || it.is_op("."));
        let Some(word) = Some(token).filter(|token| !other && is_kind(token, before)).and_then(Token::ident)
        else {
            continue;
        };
        if !is_column(&word) && !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::eq_name;

    #[test]
    fn only_words_that_must_be_columns_are_unknown() {
        let is_column = |name: &str| eq_name(name, "a");
        for (sql, unknown, texts) in [
            ("a > b", &["b"][..], &[][..]),
            ("a > b OR c > b", &["b", "c"], &[]),
            ("lower(a) = 'b' AND A NOT NULL", &[], &[]),
            ("CAST(a AS unsigned big int) > 0", &[], &[]),
            ("a COLLATE mine = \"b\"", &[], &["b"]),
            ("t.a > 1 AND t.b > 1", &["b"], &[]),
            ("a IN (SELECT b FROM c)", &[], &[]),
            ("[a] > [b] AND `A` > `c d`", &["b", "c d"], &[]),
            ("\"a\" = \"say \"\"b\"\"\" AND \"t\".a <> \"c\"", &[], &["say \"b\"", "c"]),
            ("a COLLATE \"mine\" > CAST(a AS \"my type\") AND \"abs\"(a) > 0", &[], &[]),
            ("a > CURRENT_TIMESTAMP AND a IS NOT NULL AND a BETWEEN 1 AND x'00'", &[], &[]),
            ("a > 'x", &[], &[]),
        ] {
            assert_eq!(unknown_columns(sql, &is_column), unknown, "{sql}");
            assert_eq!(quoted_texts(sql, &is_column), texts, "{sql}");
        }
    }
}
