//! A place in a text, shown to people: its line, and carets under it.

use std::fmt;

use crate::statements::line_column;

/// A place in a text. `Display` gives its line with a line of carets under the place, without a line end behind:
///
/// ```
/// let text = "CREATE TABLE a (x);\nCREATE TABEL b (y);";
/// let place = schema_sql::Snippet::new(text, 27, 5);
/// assert_eq!((place.line(), place.column()), (2, 8));
/// assert_eq!(place.to_string(), "  |\n2 | CREATE TABEL b (y);\n  |        ^^^^^");
/// ```
///
/// A tab is shown as four blanks, a character that would move the cursor as `�`; a line of more than 100 columns is cut
/// around the place. The carets end with the line, and there is one at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Snippet<'a> {
    line: usize,
    column: usize,
    /// The line without its end.
    text: &'a str,
    /// The place in it, bytes.
    from: usize,
    to: usize,
}

/// The widest line that is shown whole, in columns of a terminal.
const WIDEST: usize = 100;
/// The columns that are kept before the place in a line that is cut.
const BEFORE: usize = 40;

impl<'a> Snippet<'a> {
    /// The `len` bytes from the byte offset `at` on; what lies behind the end of `text` is taken for its end.
    pub fn new(text: &'a str, at: usize, len: usize) -> Self {
        let at = floor(text, at);
        let (line, column) = line_column(text, at);
        let (before, behind) = text.split_at(at);
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let end = behind.find('\n').map_or(text.len(), |end| at + end);
        let whole = text.get(start..end).unwrap_or_default();
        let shown = whole.trim_end_matches('\r');
        let from = (at - start).min(shown.len());
        let to = floor(shown, from.saturating_add(len));
        Snippet { line, column, text: shown, from, to }
    }

    /// The line, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// The column in characters, from 1.
    pub fn column(&self) -> usize {
        self.column
    }

    /// The bytes of the line that are shown.
    fn window(&self) -> (usize, usize) {
        if width(self.text) <= WIDEST {
            return (0, self.text.len());
        }
        let (before, behind) = self.text.split_at(self.from);
        let mut start = self.from;
        let mut left = BEFORE;
        for c in before.chars().rev() {
            let Some(rest) = left.checked_sub(char_width(c)) else { break };
            (left, start) = (rest, start - c.len_utf8());
        }
        let mut end = self.from;
        let mut left = WIDEST.saturating_sub(BEFORE - left);
        for c in behind.chars() {
            let Some(rest) = left.checked_sub(char_width(c)) else { break };
            (left, end) = (rest, end + c.len_utf8());
        }
        (start, end)
    }
}

impl fmt::Display for Snippet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        let (start, end) = self.window();
        let part = |from: usize, to: usize| self.text.get(from..to).unwrap_or_default();
        let (cut, more) = (if start > 0 { "…" } else { "" }, if end < self.text.len() { "…" } else { "" });
        let shown: String = part(start, end).chars().map(Shown).map(|c| c.to_string()).collect();
        let blanks = " ".repeat(width(cut) + width(part(start, self.from)));
        let carets = "^".repeat(width(part(self.from, self.to.min(end))).max(1));
        write!(f, "{margin} |\n{number} | {cut}{shown}{more}\n{margin} | {blanks}{carets}")
    }
}

/// The greatest offset not above `at` where a character of `text` begins, or its end.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// A character as it is shown.
struct Shown(char);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            '\t' => f.write_str("    "),
            c if moves_cursor(c) => f.write_str("\u{fffd}"),
            c => write!(f, "{c}"),
        }
    }
}

/// Controls, and what turns the direction of the text.
fn moves_cursor(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn width(text: &str) -> usize {
    text.chars().map(char_width).sum()
}

/// The columns that a terminal gives to a character. Unicode: UAX #11, classes W and F, and the marks that have no width.
fn char_width(c: char) -> usize {
    match c {
        '\t' => 4,
        _ if c.is_ascii() || moves_cursor(c) => 1,
        '\u{300}'..='\u{36f}'
        | '\u{483}'..='\u{489}'
        | '\u{591}'..='\u{5bd}'
        | '\u{610}'..='\u{61a}'
        | '\u{64b}'..='\u{65f}'
        | '\u{e31}'
        | '\u{e34}'..='\u{e3a}'
        | '\u{e47}'..='\u{e4e}'
        | '\u{1ab0}'..='\u{1aff}'
        | '\u{1dc0}'..='\u{1dff}'
        | '\u{200b}'..='\u{200d}'
        | '\u{20d0}'..='\u{20ff}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{fe20}'..='\u{fe2f}'
        | '\u{e0100}'..='\u{e01ef}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{231a}'..='\u{231b}'
        | '\u{23e9}'..='\u{23ec}'
        | '\u{2614}'..='\u{2615}'
        | '\u{2648}'..='\u{2653}'
        | '\u{26a1}'
        | '\u{2705}'
        | '\u{2728}'
        | '\u{274c}'
        | '\u{2753}'..='\u{2755}'
        | '\u{2757}'
        | '\u{2b50}'
        | '\u{2e80}'..='\u{303e}'
        | '\u{3041}'..='\u{a4cf}'
        | '\u{a960}'..='\u{a97f}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe10}'..='\u{fe19}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{16fe0}'..='\u{18cff}'
        | '\u{1b000}'..='\u{1b2ff}'
        | '\u{1f300}'..='\u{1f64f}'
        | '\u{1f680}'..='\u{1f6ff}'
        | '\u{1f7e0}'..='\u{1f7eb}'
        | '\u{1f900}'..='\u{1f9ff}'
        | '\u{1fa70}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Text with the place between `»` and `«`.
    fn shown(marked: &str) -> String {
        let at = marked.find('»').expect(marked);
        let len = marked.find('«').expect(marked) - at - '»'.len_utf8();
        Snippet::new(&marked.replace(['»', '«'], ""), at, len).to_string()
    }

    #[test]
    fn carets_stand_under_the_place() {
        let rows = [
            ("»a« b", "  |\n1 | a b\n  | ^"),
            ("a\r\nb »cd« e\r\nf", "  |\n2 | b cd e\n  |   ^^"),
            ("\t\ta»b«", "  |\n1 |         ab\n  |          ^"),
            ("'名前' »é́x« y", "  |\n1 | '名前' é́x y\n  |        ^^"),
            ("a »b\nc« d", "  |\n1 | a b\n  |   ^"),
            ("a»«", "  |\n1 | a\n  |  ^"),
            ("\u{1b}[31m »x«", "  |\n1 | \u{fffd}[31m x\n  |       ^"),
            ("»«", "  |\n1 | \n  | ^"),
        ];
        for (marked, expected) in rows {
            assert_eq!(shown(marked), expected, "{marked:?}");
        }
        let tenth = format!("{}»x«", "\n".repeat(9));
        assert_eq!(shown(&tenth), "   |\n10 | x\n   | ^");
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let line = format!("{}»here«{}", "a ".repeat(100), " b".repeat(100));
        let text = shown(&line);
        let lines: Vec<&str> = text.lines().collect();
        let before = "a ".repeat(20);
        assert_eq!(lines[1], format!("1 | …{before}here{}…", " b".repeat(28)));
        assert_eq!(lines[2], format!("  | {}^^^^", " ".repeat(41)));
        let long = format!("x »{}«", "y".repeat(500));
        assert!(shown(&long).ends_with(&format!("\n  |   {}", "^".repeat(98))), "{}", shown(&long));
    }

    #[test]
    fn no_place_is_too_far_or_inside_a_character() {
        let text = "é\n名前";
        for at in 0..12 {
            for len in 0..12 {
                let place = Snippet::new(text, at, len);
                assert!(place.to_string().contains('^'));
                assert!(place.line() <= 2 && place.column() <= 3);
            }
        }
    }
}
