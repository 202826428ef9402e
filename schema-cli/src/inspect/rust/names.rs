//! Rust names and literals for what a database calls its things.

use std::collections::HashSet;

use unicode_normalization::UnicodeNormalization;

use super::singular::singular;

/// The words of a name, lower case: `HTTPServer2_id` has `http`, `server2` and `id`. This is how the derive reads a Rust name, so
/// that both agree on which names need no attribute.
pub(super) fn words(name: &str) -> Vec<String> {
    let chars: Vec<char> = name.chars().collect();
    let mut words = Vec::new();
    let mut word = String::new();
    for (at, char) in chars.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| chars.get(at));
        let starts = char.is_uppercase()
            && before.is_some_and(|before| {
                !before.is_uppercase() || chars.get(at + 1).is_some_and(|next| next.is_lowercase())
            });
        if (starts || *char == '_') && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if *char != '_' {
            word.extend(char.to_lowercase());
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// A rule of the derive's `rename_all`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    Lower,
    Upper,
    Pascal,
    Camel,
    Snake,
    ScreamingSnake,
    Kebab,
    ScreamingKebab,
}

impl Case {
    /// Every rule, with its name in an attribute.
    pub(super) const ALL: [(&'static str, Case); 8] = [
        ("snake_case", Case::Snake),
        ("camelCase", Case::Camel),
        ("PascalCase", Case::Pascal),
        ("SCREAMING_SNAKE_CASE", Case::ScreamingSnake),
        ("kebab-case", Case::Kebab),
        ("SCREAMING-KEBAB-CASE", Case::ScreamingKebab),
        ("UPPERCASE", Case::Upper),
        ("lowercase", Case::Lower),
    ];

    /// `name`, which is written in any case, in this one.
    pub(super) fn apply(self, name: &str) -> String {
        let words = words(name);
        match self {
            Case::Lower => words.concat(),
            Case::Upper => words.concat().to_uppercase(),
            Case::Pascal => words.iter().map(|word| capital(word)).collect(),
            Case::Camel => {
                let rest: String = words.iter().skip(1).map(|word| capital(word)).collect();
                words.first().map_or_else(String::new, |first| format!("{first}{rest}"))
            }
            Case::Snake => words.join("_"),
            Case::ScreamingSnake => words.join("_").to_uppercase(),
            Case::Kebab => words.join("-"),
            Case::ScreamingKebab => words.join("-").to_uppercase(),
        }
    }
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// `name` as Rust reads it, with `_` for everything that no Rust name holds: to the compiler `é` is one letter, however it is spelt, and
/// it warns of those that are only another form of one (`ﬁ`).
fn rusty(name: &str) -> String {
    let holds = |char: char| unicode_ident::is_xid_continue(char) && !is_hidden(char);
    name.nfkc().map(|char| if holds(char) { char } else { '_' }).collect()
}

fn begins_well(name: &str) -> bool {
    name.chars().next().is_some_and(unicode_ident::is_xid_start)
}

fn camel(name: &str) -> String {
    Case::Pascal.apply(&rusty(name))
}

/// The name with its last word in the singular, where that is certain.
fn one_of(table: &str) -> Option<String> {
    let mut words = words(&rusty(table));
    let one = singular(words.last()?)?;
    words.pop();
    words.push(one);
    Some(words.join("_"))
}

/// Names that are given out once each.
#[derive(Debug, Default)]
pub(super) struct Names {
    taken: HashSet<String>,
}

impl Names {
    /// `wanted`, or with the first number behind it that makes it new. Names that differ in case alone are one, since the derive
    /// turns fields into constants.
    fn take(&mut self, wanted: &str, separator: &str) -> String {
        let wanted: String = wanted.nfkc().collect();
        let mut name = wanted.clone();
        let mut number = 2;
        while !self.taken.insert(name.to_uppercase()) {
            name = format!("{wanted}{separator}{number}");
            number += 1;
        }
        name
    }

    /// A type for `name`, in `UpperCamelCase`; `prefix` goes before what cannot begin a name, `suffix` behind what is taken.
    pub(super) fn ty(&mut self, name: &str, prefix: &str, suffix: &str) -> String {
        let mut camel = camel(name);
        if !begins_well(&camel) {
            camel.insert_str(0, prefix);
        }
        if RESERVED.contains(&camel.as_str()) || self.taken.contains(&camel.to_uppercase()) {
            camel.push_str(suffix);
        }
        self.take(&camel, "")
    }

    /// A struct for each table, in order: one `Task` for `tasks`, where no other table is called so in either number.
    pub(super) fn structs(&mut self, tables: &[&str]) -> Vec<String> {
        let upper = |name: &str| camel(name).to_uppercase();
        let mut numbers: Vec<String> = Vec::new();
        for table in tables {
            numbers.push(upper(table));
            numbers.extend(one_of(table).map(|one| upper(&one)));
        }
        let mut name = |table: &str| {
            let one = one_of(table).filter(|one| {
                let one = camel(one);
                let of_others = numbers.iter().filter(|number| **number == one.to_uppercase()).count();
                of_others == 1 && !RESERVED.contains(&one.as_str())
            });
            self.ty(one.as_deref().unwrap_or(table), "Table", "Row")
        };
        tables.iter().map(|table| name(table)).collect()
    }

    /// A field for `name`, in `snake_case`, without `r#`.
    fn field(&mut self, name: &str) -> String {
        let mut snake = Case::Snake.apply(&rusty(name));
        if !begins_well(&snake) {
            snake = if snake.is_empty() { "column".to_owned() } else { format!("column_{snake}") };
        }
        if NEVER_RAW.contains(&snake.as_str()) {
            snake.push_str("_column");
        }
        self.take(&snake, "_")
    }
}

/// A field for each column, in order. A column that is called as a field would be keeps its name, whatever comes before it.
pub(super) fn fields(columns: &[&str]) -> Vec<String> {
    let mut names = Names::default();
    let mut fields: Vec<Option<String>> = columns
        .iter()
        .map(|name| (Names::default().field(name) == *name).then(|| names.field(name)))
        .collect();
    for (field, name) in fields.iter_mut().zip(columns) {
        field.get_or_insert_with(|| names.field(name));
    }
    fields.into_iter().flatten().collect()
}

/// What a module has in scope: the prelude, and what generated code or a field's type means. Whoever goes on writing in the
/// module means these by their names.
const RESERVED: [&str; 51] = [
    "AsMut",
    "AsRef",
    "AsyncFn",
    "AsyncFnMut",
    "AsyncFnOnce",
    "Box",
    "Clone",
    "ColumnType",
    "Copy",
    "Debug",
    "Default",
    "DoubleEndedIterator",
    "Drop",
    "Eq",
    "Err",
    "ExactSizeIterator",
    "Extend",
    "Fn",
    "FnMut",
    "FnOnce",
    "From",
    "FromIterator",
    "Future",
    "Hash",
    "Into",
    "IntoFuture",
    "IntoIterator",
    "Iterator",
    "None",
    "Ok",
    "Option",
    "Ord",
    "PartialEq",
    "PartialOrd",
    "Result",
    "Schema",
    "Self",
    "Send",
    "Sized",
    "Some",
    "String",
    "Sync",
    "Table",
    "ThisSchema",
    "ToOwned",
    "ToString",
    "TryFrom",
    "TryInto",
    "Unpin",
    "Value",
    "Vec",
];

const NEVER_RAW: [&str; 4] = ["crate", "self", "super", "_"];

const KEYWORDS: [&str; 47] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro",
    "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "static", "struct", "trait",
    "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while",
];

/// The field as it is declared: `r#type`.
pub(super) fn declared(field: &str) -> String {
    if KEYWORDS.contains(&field) || field == "yield" { format!("r#{field}") } else { field.to_owned() }
}

/// The constant that the derive makes of a field.
pub(super) fn constant(field: &str) -> String {
    Case::ScreamingSnake.apply(field)
}

/// Characters that a reader of the source would not see, or not as what they are.
fn is_hidden(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

/// `text` for a comment: what cannot be seen is a blank, since the compiler refuses it.
pub(super) fn visible(text: &str) -> String {
    text.chars().map(|char| if is_hidden(char) { ' ' } else { char }).collect()
}

/// The same without blanks around it.
pub(super) fn seen(text: &str) -> String {
    visible(text).trim().to_owned()
}

/// `text` as a literal on one line.
pub(super) fn literal(text: &str) -> String {
    if text.chars().any(is_hidden) { format!("\"{}\"", escaped(text)) } else { open(text) }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '"' | '\\' => {
                escaped.push('\\');
                escaped.push(char);
            }
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            _ if is_hidden(char) => escaped.push_str(&format!("\\u{{{:x}}}", u32::from(char))),
            _ => escaped.push(char),
        }
    }
    escaped
}

/// As it is: raw where it holds quotes or backslashes, with as many `#` as it needs.
fn open(text: &str) -> String {
    if !text.contains(['"', '\\']) {
        return format!("\"{text}\"");
    }
    let mut hashes = String::new();
    while text.contains(&format!("\"{hashes}")) {
        hashes.push('#');
    }
    format!("r{hashes}\"{text}\"{hashes}")
}

/// `text` as a literal of as many lines as it has. Where a line ends in white space, which formatters take away, or holds
/// what cannot be seen, it is escaped, and each line ends in a backslash behind the white space that begins the next.
pub(super) fn literal_lines(text: &str) -> String {
    let hidden = |char: char| is_hidden(char) && !matches!(char, '\n' | '\t');
    let trailing = text.split('\n').any(|line| line.ends_with([' ', '\t']));
    if !trailing && !text.contains(hidden) {
        return open(text);
    }
    let mut lines = text.split('\n');
    let mut literal = format!("\"{}", escaped(lines.next().unwrap_or_default()));
    for line in lines {
        let rest = line.trim_start_matches([' ', '\t']);
        let blank = line.get(..line.len() - rest.len()).unwrap_or_default();
        literal.push_str(&format!("\\n{}\\\n{}", escaped(blank), escaped(rest)));
    }
    literal.push('"');
    literal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_snake_case_and_differ_as_constants_too() {
        let wanted = [
            ("EmployeeID", "employee_id_2"),
            ("employee_id", "employee_id"),
            ("_id", "id"),
            ("Order Details", "order_details"),
            ("2nd", "column_2nd"),
            ("", "column"),
            ("--", "column_2"),
            ("self", "self_column"),
            ("type", "type"),
            ("größe", "größe"),
        ];
        assert_eq!(fields(&wanted.map(|(name, _)| name)), wanted.map(|(_, field)| field));
        assert_eq!(
            (declared("type"), declared("yield"), declared("types")),
            ("r#type".into(), "r#yield".into(), "types".into())
        );
    }

    #[test]
    fn types_are_upper_camel_and_leave_those_in_scope_alone() {
        let mut names = Names::default();
        for (name, ty) in [
            ("order details", "OrderDetails"),
            ("OrderDetails", "OrderDetailsRow"),
            ("option", "OptionRow"),
            ("2020", "Table2020"),
            ("", "TableRow"),
            ("日本", "日本"),
        ] {
            assert_eq!(names.ty(name, "Table", "Row"), ty, "{name}");
        }
    }

    #[test]
    fn a_struct_is_one_of_its_table_where_that_means_no_other() {
        let tables = [
            "tasks",
            "user",
            "Users",
            "OrderDetails",
            "options",
            "Option",
            "results",
            "order_detail",
            "LINES",
            "fts",
        ];
        assert_eq!(
            Names::default().structs(&tables),
            [
                "Task",
                "User",
                "Users",
                "OrderDetails",
                "Options",
                "OptionRow",
                "Results",
                "OrderDetail",
                "Line",
                "Fts"
            ]
        );
    }

    #[test]
    fn a_literal_is_the_text_again() {
        for (text, one, lines) in [
            ("a", "\"a\"", "\"a\""),
            ("a \"b\"", "r#\"a \"b\"\"#", "r#\"a \"b\"\"#"),
            ("a\\b", "r\"a\\b\"", "r\"a\\b\""),
            ("\"#", "r##\"\"#\"##", "r##\"\"#\"##"),
            ("a\nb", "\"a\\nb\"", "\"a\nb\""),
            ("a \n  b", "\"a \\n  b\"", "\"a \\n  \\\nb\""),
            ("a\r\n\u{202E}", "\"a\\r\\n\\u{202e}\"", "\"a\\r\\n\\\n\\u{202e}\""),
        ] {
            assert_eq!((literal(text).as_str(), literal_lines(text).as_str()), (one, lines));
        }
    }
}
