//! A script, split into its statements.

use crate::token::{LexError, Token, significant};

/// One statement of a script.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Statement<'a> {
    /// Its text from the first token to the last, without the `;` and without white space and comments around it.
    pub text: &'a str,
    /// Its byte offset in the script.
    pub at: usize,
    /// The line of its first token, from 1.
    pub line: usize,
    /// The column of its first token in characters, from 1.
    pub column: usize,
}

/// Splits `sql` at each `;` that ends a statement. `CREATE TRIGGER … BEGIN … END` is one statement; empty ones are left out.
///
/// # Errors
/// Where the text cannot be read as tokens.
///
/// SQLite: <https://www.sqlite.org/c3ref/complete.html>: a trigger ends at `END` right behind a `;`.
pub fn split_statements(sql: &str) -> Result<Vec<Statement<'_>>, LexError> {
    let tokens = significant(sql)?;
    let mut statements = Vec::new();
    let mut lines = Lines::new(sql);
    let mut rest = tokens.as_slice();
    while !rest.is_empty() {
        let len = statement_len(rest);
        let (tokens, behind) = rest.split_at(len.min(rest.len()));
        rest = behind.get(1..).unwrap_or_default();
        let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else { continue };
        let (line, column) = lines.of(first.at);
        let text = sql.get(first.at..last.end()).unwrap_or_default();
        statements.push(Statement { text, at: first.at, line, column });
    }
    Ok(statements)
}

/// The number of tokens before the `;` that ends the first statement of `tokens`.
fn statement_len(tokens: &[Token<'_>]) -> usize {
    let trigger = is_trigger(tokens);
    let mut body = false;
    for (at, token) in tokens.iter().enumerate() {
        if trigger && token.is_word("BEGIN") {
            body = true;
        }
        if token.is_op(";") && (!body || ends_trigger(tokens.get(..at).unwrap_or_default())) {
            return at;
        }
    }
    tokens.len()
}

fn ends_trigger(before: &[Token<'_>]) -> bool {
    matches!(before, [.., semicolon, end] if semicolon.is_op(";") && end.is_word("END"))
}

fn is_trigger(tokens: &[Token<'_>]) -> bool {
    let mut words = tokens.iter().peekable();
    if words.next_if(|token| token.is_word("EXPLAIN")).is_some()
        && words.next_if(|token| token.is_word("QUERY")).is_some()
    {
        words.next_if(|token| token.is_word("PLAN"));
    }
    if words.next_if(|token| token.is_word("CREATE")).is_none() {
        return false;
    }
    words.next_if(|token| token.is_word("TEMP") || token.is_word("TEMPORARY"));
    words.next().is_some_and(|token| token.is_word("TRIGGER"))
}

/// Counts lines and columns of growing offsets without starting over.
struct Lines<'a> {
    sql: &'a str,
    at: usize,
    line: usize,
    column: usize,
}

impl<'a> Lines<'a> {
    fn new(sql: &'a str) -> Self {
        Lines { sql, at: 0, line: 1, column: 1 }
    }

    fn of(&mut self, at: usize) -> (usize, usize) {
        let between = self.sql.get(self.at..).unwrap_or_default();
        for c in between.chars() {
            if self.at + c.len_utf8() > at {
                break;
            }
            self.at += c.len_utf8();
            if c == '\n' {
                self.line += 1;
                self.column = 1;
            } else {
                self.column += 1;
            }
        }
        (self.line, self.column)
    }
}

/// Line and column (in characters), both from 1, of the byte offset `at`; of the end, if `at` lies behind it.
pub fn line_column(sql: &str, at: usize) -> (usize, usize) {
    Lines::new(sql).of(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(sql: &str) -> Vec<&str> {
        split_statements(sql).expect(sql).iter().map(|statement| statement.text).collect()
    }

    #[test]
    fn a_trigger_with_a_body_is_one_statement() {
        let trigger = "CREATE TEMP TRIGGER x AFTER UPDATE ON t WHEN new.a BEGIN\n\
                       SELECT CASE WHEN a THEN ';end' ELSE 2 END; DELETE FROM t; -- end;\n END";
        let script = format!("{trigger} ; ;SELECT 1;; EXPLAIN QUERY PLAN {trigger};BEGIN; SELECT 2; END;");
        let explained = format!("EXPLAIN QUERY PLAN {trigger}");
        assert_eq!(texts(&script), [trigger, "SELECT 1", &explained, "BEGIN", "SELECT 2", "END"]);
        assert_eq!(texts("CREATE TRIGGER x; SELECT 1"), ["CREATE TRIGGER x", "SELECT 1"]);
        assert_eq!(texts(" -- nothing\n ;;"), [""; 0]);
    }

    #[test]
    fn a_statement_knows_its_line_and_column() {
        let script = "/* é */ SELECT 'é'; b\n;\n\n  -- c\n  D ;";
        let found: Vec<_> =
            split_statements(script).expect(script).iter().map(|s| (s.text, s.line, s.column)).collect();
        assert_eq!(found, [("SELECT 'é'", 1, 9), ("b", 1, 21), ("D", 5, 3)]);
        assert_eq!(line_column("é\nb", 3), (2, 1));
        assert_eq!(line_column("é\nb", 1), (1, 1));
        assert_eq!(line_column("é\nb", 99), (2, 2));
    }
}
