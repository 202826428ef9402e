//! Which words of an SQL expression can only be columns.

use schema_sql::token::{TokenKind, significant};

/// The plain words of `sql` that can only be columns and are none. Quoted names may be strings, what stands
/// before `(` is a function, and an expression with a subquery has other names too.
pub(crate) fn unknown_columns(sql: &str, is_column: &dyn Fn(&str) -> bool) -> Vec<String> {
    let Ok(tokens) = significant(sql) else { return Vec::new() };
    if tokens.iter().any(|token| token.is_word("SELECT")) {
        return Vec::new();
    }
    let mut unknown: Vec<String> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| tokens.get(at));
        let next = tokens.get(at + 1);
        let other = schema_sql::is_keyword(token.text)
            || before.is_some_and(|it| it.is_word("COLLATE") || it.is_word("AS"))
            || before.is_some_and(|it| it.kind == TokenKind::Word && !schema_sql::is_keyword(it.text))
            || next.is_some_and(|it| it.is_op("(") || it.is_op("."));
        if token.kind == TokenKind::Word
            && !other
            && !is_column(token.text)
            && !unknown.iter().any(|it| it == token.text)
        {
            unknown.push(token.text.to_owned());
        }
    }
    unknown
}

#[cfg(test)]
mod tests {
    use schema_sql::eq_name;

    use super::*;

    #[test]
    fn only_words_that_must_be_columns_are_unknown() {
        let is_column = |name: &str| eq_name(name, "a");
        for (sql, unknown) in [
            ("a > b", &["b"][..]),
            ("lower(a) = 'b' AND A NOT NULL", &[]),
            ("CAST(a AS unsigned big int) > 0", &[]),
            ("a COLLATE mine = \"b\"", &[]),
            ("t.a > 1", &[]),
            ("a IN (SELECT b FROM c)", &[]),
        ] {
            assert_eq!(unknown_columns(sql, &is_column), unknown, "{sql}");
        }
    }
}
