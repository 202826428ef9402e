//! What people wrote about their tables and columns, as doc comments.
//!
//! SQLite keeps the text of a `CREATE TABLE` from its first word on. A comment behind something on its line is about that, unless
//! the next column follows on the line; one on a line of its own is about what follows, or goes on with the one above that begins in the
//! same place.

use schema_runtime::TableInfo;
use schema_sql::{
    CreateKind, Token, TokenKind, create_head, fold, significant, split_create_table, split_statements,
    tokenize,
};

use super::names::seen;

/// The comments of one table, as lines.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Comments {
    /// About the table, its constraints or its indexes.
    pub(super) table: Vec<String>,
    /// About each column, in order.
    pub(super) columns: Vec<Vec<String>>,
}

/// What a comment is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    Table,
    Column(usize),
}

/// The comments in the text of `table` and of its indexes. None where the text cannot be read with certainty.
pub(super) fn of_table(table: &TableInfo) -> Comments {
    let mut comments = Comments { table: Vec::new(), columns: vec![Vec::new(); table.columns.len()] };
    if let Some(parts) = parts(table) {
        let tokens = tokenize(&table.sql).unwrap_or_default();
        for (about, lines) in placed(&table.sql, &tokens, &parts) {
            match about {
                About::Column(at) => {
                    comments.columns.get_mut(at).unwrap_or(&mut comments.table).extend(lines)
                }
                About::Table => comments.table.extend(lines),
            }
        }
    }
    for index in &table.indexes {
        let tokens = tokenize(&index.sql).unwrap_or_default();
        let lines = tokens.iter().filter(|token| token.kind == TokenKind::Comment).flat_map(lines);
        comments.table.extend(lines.map(|line| format!("{}: {line}", plain(&index.name))));
    }
    comments
}

/// Where each column and each constraint begins, and what a comment there is about; last the parenthesis that closes the list.
fn parts(table: &TableInfo) -> Option<Vec<(usize, About)>> {
    let split = split_create_table(&table.sql).ok()?;
    if split.columns.len() != table.columns.len() {
        return None;
    }
    let columns = split.columns.iter().enumerate().map(|(at, column)| (column.at, About::Column(at)));
    let constraints = split.constraints.iter().map(|constraint| (constraint.at, About::Table));
    let mut parts: Vec<(usize, About)> = columns.chain(constraints).collect();
    parts.sort_by_key(|(at, _)| *at);
    let tokens = significant(&table.sql).ok()?;
    let close = tokens.iter().rposition(|token| token.is_op(")"))?;
    parts.extend(tokens.get(close).map(|close| (close.at, About::Table)));
    Some(parts)
}

/// Each comment with what it is about, in order.
fn placed(sql: &str, tokens: &[Token<'_>], parts: &[(usize, About)]) -> Vec<(About, Vec<String>)> {
    let about = |at: usize| {
        let before = parts.iter().take_while(|(start, _)| *start <= at).last();
        before.map_or(About::Table, |(_, about)| *about)
    };
    let mut placed: Vec<(About, Vec<String>)> = Vec::new();
    // What is on the line so far, and the last comment: its line, the place where it begins there, what it is about.
    let (mut on_line, mut after_comma): (Option<usize>, bool) = (None, false);
    let mut last: Option<(usize, usize, About)> = None;
    for (place, token) in tokens.iter().enumerate() {
        match token.kind {
            TokenKind::Space => {
                if token.text.contains('\n') {
                    on_line = None;
                }
            }
            TokenKind::Comment => {
                let before = sql.get(..token.at).unwrap_or_default();
                let line = before.matches('\n').count();
                let column = before.rsplit('\n').next().unwrap_or_default().chars().count();
                let next = || {
                    let mut rest = tokens.iter().skip(place + 1);
                    rest.find(|token| !matches!(token.kind, TokenKind::Space | TokenKind::Comment))
                };
                // `a INT, /* of b */ b INT`
                let leads = after_comma
                    && next().is_some_and(|next| {
                        !sql.get(token.at..next.at).unwrap_or("\n").contains('\n') && !next.is_op(")")
                    });
                let goes_on = last.filter(|(above, start, _)| above + 1 == line && *start == column);
                let it = match (on_line, goes_on) {
                    (Some(at), _) if !leads => about(at),
                    (None, Some((_, _, it))) => it,
                    _ => next().map_or(About::Table, |token| about(token.at)),
                };
                last = Some((line + token.text.matches('\n').count(), column, it));
                placed.push((it, lines(token)));
                if token.text.contains('\n') {
                    on_line = None;
                }
            }
            // A comma belongs to what it ends.
            TokenKind::Op if token.text == "," => after_comma = true,
            _ => (on_line, after_comma) = (Some(token.at), false),
        }
    }
    placed
}

/// The comment right above each `CREATE TABLE` of a script, which SQLite does not keep, by the table's folded name.
pub(super) fn above_tables(script: &str) -> Vec<(String, Vec<String>)> {
    let (Ok(tokens), Ok(statements)) = (tokenize(script), split_statements(script)) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for statement in statements {
        let Some(head) = create_head(statement.text).ok().filter(|head| head.kind == CreateKind::Table)
        else {
            continue;
        };
        let before: Vec<&Token<'_>> = tokens.iter().take_while(|token| token.at < statement.at).collect();
        let is_alone = |token: &Token<'_>| {
            let before = script.get(..token.at).unwrap_or_default();
            before.rsplit('\n').next().unwrap_or_default().trim_matches(['\u{FEFF}', ' ', '\t']).is_empty()
        };
        let mut comments: Vec<Vec<String>> = Vec::new();
        for token in before.into_iter().rev() {
            match token.kind {
                TokenKind::Space if token.text.matches('\n').count() < 2 => {}
                TokenKind::Comment if is_alone(token) => comments.push(lines(token)),
                _ => break,
            }
        }
        comments.reverse();
        let lines = comments.concat();
        if !lines.is_empty() {
            found.push((fold(&head.name), lines));
        }
    }
    found
}

/// The lines of a comment, without its marks. A directive to us is no documentation.
fn lines(comment: &Token<'_>) -> Vec<String> {
    let text = match comment.text.strip_prefix("/*") {
        Some(text) => text.strip_suffix("*/").unwrap_or(text),
        None => comment.text,
    };
    let line = |line: &str| plain(line.trim().trim_start_matches(['-', '*']).trim());
    let mut lines: Vec<String> = text.lines().map(line).skip_while(String::is_empty).collect();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    if lines.first().is_some_and(|first| first.starts_with("schema:")) { Vec::new() } else { lines }
}

/// Text as Markdown that shows it: no links, no tags, no code that somebody would run, nothing that cannot be seen.
fn plain(text: &str) -> String {
    let text = seen(text).replace("```", "\'\'\'").replace("~~~", "---");
    let spans = text.matches('`').count() % 2 == 0;
    let mut in_span = false;
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '`' if spans => in_span = !in_span,
            '`' => out.push('\\'),
            '[' | '<' if !in_span => out.push('\\'),
            _ => {}
        }
        out.push(char);
    }
    out
}

/// `lines` as doc comments, with the reasons of what is not said below them. Lines that say nothing separate paragraphs.
pub(super) fn documented(lines: &[String], notes: &[String]) -> Vec<String> {
    let says = |line: &&String| line.contains(char::is_alphanumeric);
    let mut out: Vec<String> = Vec::new();
    for line in lines {
        if says(&line) {
            out.push(format!("/// {line}"));
        } else if out.last().is_some_and(|last| last != "///") {
            out.push("///".to_owned());
        }
    }
    if out.last().is_some_and(|last| last == "///") {
        out.pop();
    }
    if !out.is_empty() && !notes.is_empty() {
        out.push("///".to_owned());
    }
    out.extend(notes.iter().map(|note| format!("/// {}", seen(note))));
    out
}

#[cfg(test)]
mod tests {
    use schema_runtime::Catalog;
    use schema_runtime::rusqlite::Connection;

    use super::*;

    fn of(sql: &str) -> Comments {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(sql).unwrap();
        of_table(&Catalog::read(&conn).unwrap().tables[0])
    }

    #[test]
    fn a_comment_is_about_what_is_before_it_on_its_line_else_about_what_follows() {
        let comments = of("CREATE TABLE t ( -- the table
                -- first
                a INT, -- behind a
                       -- and on
                -- before b
                b TEXT /* inner */ NOT NULL
                    -- of b too
                    UNIQUE,
                c INT -- last
                , d, /* of e */ e, /* of e too */ -- still
                -- a rule
                CHECK (a > 0 -- the limit
                )
                -- the end
            ) -- strict?
            STRICT"
            .replace("d, /*", "d ANY, /*")
            .replace("e, /*", "e ANY, /*")
            .as_str());
        assert_eq!(comments.table, ["the table", "a rule", "the limit", "the end", "strict?"]);
        let wanted: [&[&str]; 5] = [
            &["first", "behind a", "and on"],
            &["before b", "inner", "of b too"],
            &["last"],
            &[],
            &["of e", "of e too", "still"],
        ];
        assert_eq!(comments.columns, wanted);
    }

    #[test]
    fn a_column_that_was_added_leaves_the_comment_before_it_where_it_was() {
        let comments = of(
            "CREATE TABLE t (a INT -- of a\n); ALTER TABLE t ADD COLUMN b INT /* of b */; CREATE INDEX i ON t (a /* why */)",
        );
        assert_eq!(comments.columns, [vec!["of a"], vec!["of b"]]);
        assert_eq!(comments.table, ["i: why"]);
    }

    #[test]
    fn the_comment_above_a_table_is_about_it_where_no_empty_line_is_between() {
        let script = "-- Copyright\n\n-- One.\n/*\n * Two.\n */\nCREATE TABLE a (x); -- behind\nCREATE TABLE b (x);\n\
                      -- schema: dropped(c)\n-- Three.\nCREATE TABLE IF NOT EXISTS \"C\" (x);\n-- four\nCREATE INDEX i ON a (x);";
        let wanted = [("a", vec!["One.", "Two."]), ("c", vec!["Three."])];
        let found = above_tables(script);
        assert_eq!(found.len(), wanted.len(), "{found:?}");
        for ((table, lines), (name, said)) in found.iter().zip(wanted) {
            assert_eq!((table.as_str(), lines.iter().map(String::as_str).collect::<Vec<_>>()), (name, said));
        }
    }

    #[test]
    fn nothing_of_a_comment_is_code_or_a_link_or_hidden() {
        for (comment, line) in [
            ("-- see [that] <b>", "see \\[that] \\<b>"),
            ("-- `a[1]` and [b]", "`a[1]` and \\[b]"),
            ("-- one ` only", "one \\` only"),
            ("-- ```", "\'\'\'"),
            ("--    code();", "code();"),
            ("--- \u{202E}x\ty", "x y"),
        ] {
            let tokens = tokenize(comment).unwrap();
            assert_eq!(lines(&tokens[0]), [line]);
        }
        let lines = ["", "a", "==", "", "b", "--"].map(str::to_owned);
        assert_eq!(documented(&lines, &["c".to_owned()]), ["/// a", "///", "/// b", "///", "/// c"]);
    }
}
