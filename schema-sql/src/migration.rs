//! Files of numbered migrations: what their names say, and what may stand in them.

use crate::statements::{Statement, split_statements};
use crate::token::{Token, TokenKind, significant, tokenize};

/// What the name of a file says: `034_split_names.sql`, or `034_split_names.down.sql` for the way back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileName<'a> {
    /// The number as it is written, three digits or more: `034`, or a time such as `20260131093000`.
    pub digits: &'a str,
    /// Its value: migrations run in this order.
    pub number: u64,
    /// What stands behind it: `split_names`.
    pub name: &'a str,
    /// Whether the file leads back.
    pub down: bool,
}

/// Reads the name of a file; `None` if it does not end with `.sql`.
///
/// # Errors
/// What is wrong with the name of a file that ends with `.sql`.
///
/// ```
/// let file = schema_sql::migration::file_name("034_split_names.down.sql").unwrap().unwrap();
/// assert_eq!((file.number, file.name, file.down), (34, "split_names", true));
/// assert!(schema_sql::migration::file_name("README.md").unwrap().is_none());
/// assert!(schema_sql::migration::file_name("34-names.sql").is_err());
/// ```
pub fn file_name(file: &str) -> Result<Option<FileName<'_>>, String> {
    let Some(stem) = file.strip_suffix(".sql") else {
        let sql = file.len().checked_sub(4).and_then(|at| file.get(at..));
        return match sql.filter(|end| end.eq_ignore_ascii_case(".sql")) {
            Some(end) => Err(format!("its name ends with `{end}`; write `.sql`")),
            None => Ok(None),
        };
    };
    let (stem, down) = match stem.strip_suffix(".down") {
        Some(stem) => (stem, true),
        None => (stem, false),
    };
    let digits = stem.len() - stem.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (digits, rest) = stem.split_at(digits);
    if digits.len() < 3 {
        return Err("its name does not begin with a number of three digits or more".to_owned());
    }
    let number: u64 = digits.parse().map_err(|_| format!("its number {digits} is too large"))?;
    let name = rest.strip_prefix('_').filter(|name| !name.is_empty());
    let Some(name) = name else {
        return Err(format!("`_` and a name shall follow its number {digits}"));
    };
    if let Some(other) = name.chars().find(|c| !(c.is_alphanumeric() || matches!(c, '_' | '-'))) {
        return Err(format!("its name has a {other:?}; letters, digits, `_` and `-` are fine"));
    }
    Ok(Some(FileName { digits, number, name, down }))
}

/// What is wrong with the files of a folder together, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameError {
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub help: String,
}

/// Reads the names of all files of a folder; what does not end with `.sql` is left out.
///
/// # Errors
/// The first name that says nothing, number that two migrations have, or way back that leads back from nothing.
pub fn file_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Vec<FileName<'a>>, NameError> {
    let mut files: Vec<FileName<'a>> = Vec::new();
    for name in names {
        let file = file_name(name).map_err(|reason| NameError {
            what: format!("`{name}`: {reason}"),
            help: "name it as `034_what_it_does.sql`, or `034_what_it_does.down.sql` for the way back"
                .to_owned(),
        })?;
        files.extend(file);
    }
    files.sort_by_key(|file| (file.number, file.down));
    for (at, file) in files.iter().enumerate() {
        let mut others = files.iter().take(at).filter(|other| other.number == file.number);
        let (stem, FileName { digits, name, .. }) = (format!("{}_{}", file.digits, file.name), file);
        let up = others.clone().find(|other| !other.down && other.digits == *digits && other.name == *name);
        if file.down && up.is_none() {
            return Err(NameError {
                what: format!("`{stem}.down.sql` leads back, and nothing leads there"),
                help: format!("write `{stem}.sql`, or take the file away"),
            });
        }
        if let Some(other) = others.find(|other| other.down == file.down) {
            return Err(NameError {
                what: format!("`{}_{}.sql` and `{stem}.sql` have the same number", other.digits, other.name),
                help: "give the one that nobody has applied yet the next number".to_owned(),
            });
        }
    }
    Ok(files)
}

/// When a migration runs, where the same start changes the schema by itself too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum When {
    /// Before that change.
    #[default]
    Before,
    /// After it.
    After,
}

/// The text of a migration.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Script<'a> {
    /// The first line of comment that is no directive.
    pub description: Option<&'a str>,
    /// `-- schema: before` or `-- schema: after`.
    pub when: When,
    /// Whether it runs in a transaction: not with `-- schema: no-transaction`.
    pub transaction: bool,
    /// `-- schema: replaces 001, 003-034`: first and last number of each part, in growing order. It is a baseline then; where there are
    /// several such lines, each is a way in which a database can have all of it.
    pub replaces: Vec<Vec<(u64, u64)>>,
    /// `-- schema: allow L303, L504`: the codes of findings that are meant, each with the offset of its comment.
    pub allow: Vec<(usize, &'a str)>,
    /// Its statements, one at least.
    pub statements: Vec<Statement<'a>>,
}

/// What is wrong with a text, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptError {
    /// The offset in bytes.
    pub at: usize,
    /// How many bytes.
    pub len: usize,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub help: Option<String>,
}

impl ScriptError {
    fn new(at: usize, len: usize, what: impl Into<String>) -> Self {
        ScriptError { at, len, what: what.into(), help: None }
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Reads a text. Whether SQLite takes its statements only a database can say.
///
/// # Errors
/// A text without statements or that cannot be read as tokens, a directive that nobody knows, and statements that a migration may not
/// have: it runs in a transaction that is not its own, in one database, with settings that others rely on.
pub fn script(text: &str) -> Result<Script<'_>, ScriptError> {
    let unreadable = |err: crate::token::LexError| ScriptError::new(err.at, 1, err.what);
    let tokens = tokenize(text).map_err(unreadable)?;
    if let Some(open) = tokens.iter().find(|token| is_open_comment(token)) {
        return Err(ScriptError::new(open.at, 2, "`/*` without a closing `*/`"));
    }
    let statements = split_statements(text).map_err(unreadable)?;
    let Some(first) = statements.first() else {
        return Err(ScriptError::new(0, 1, "it has no statement").help("write one, or take the file away"));
    };
    let mut script = Script { transaction: true, ..Script::default() };
    let mut said = false;
    for token in tokens.iter().filter(|token| token.kind == TokenKind::Comment) {
        let Some(directive) = directive(token.text) else {
            if token.at < first.at && script.description.is_none() {
                script.description = described(token.text);
            }
            continue;
        };
        let wrong = |what: String| ScriptError::new(token.at, token.text.trim_end().len(), what);
        if token.at > first.at {
            return Err(wrong("a directive stands behind the first statement".to_owned())
                .help("put it above all statements"));
        }
        if directive == "no-transaction" {
            script.transaction = false;
            continue;
        }
        if let Some(codes) = word(directive, "allow") {
            script.allow.extend(parts(codes).map(|code| (token.at, code)));
            continue;
        }
        if let Some(numbers) = word(directive, "replaces") {
            script.replaces.push(ranges(numbers).ok_or_else(|| {
                wrong(format!("`{numbers}` names no migrations"))
                    .help("list the numbers that the file replaces, in their order: `replaces 001, 003-034`")
            })?);
            continue;
        }
        if said {
            return Err(wrong("a second directive".to_owned()).help("say `before` or `after` once"));
        }
        said = true;
        script.when = match directive {
            "before" => When::Before,
            "after" => When::After,
            other => {
                return Err(wrong(format!("`{other}` is no directive")).help(
                    "`-- schema: before` and `-- schema: after` say when the migration runs, `-- schema: no-transaction` lets it run outside of one; others are `replaces` and `allow`",
                ));
            }
        };
    }
    for statement in &statements {
        refuse(statement, script.transaction)?;
    }
    script.statements = statements;
    Ok(script)
}

/// SQLite ends such a comment with the text.
fn is_open_comment(token: &Token<'_>) -> bool {
    token.kind == TokenKind::Comment
        && token.text.starts_with("/*")
        && (token.text.len() < 4 || !token.text.ends_with("*/"))
}

/// What stands behind `-- schema:`.
fn directive(comment: &str) -> Option<&str> {
    comment.strip_prefix("--")?.trim_start().strip_prefix("schema:").map(str::trim)
}

/// What stands behind the word with which a directive begins.
fn word<'d>(directive: &'d str, word: &str) -> Option<&'d str> {
    directive.strip_prefix(word).filter(|rest| rest.starts_with([' ', '\t'])).map(str::trim)
}

fn parts(list: &str) -> impl Iterator<Item = &str> {
    list.split([',', ' ', '\t']).filter(|part| !part.is_empty())
}

/// Reads `001, 003-034`. A part that stands for more than a hundred thousand numbers is a slip of the pen.
fn ranges(list: &str) -> Option<Vec<(u64, u64)>> {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for part in parts(list) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
        let behind = ranges.last().is_none_or(|(_, before)| *before < first);
        if !behind || last < first || last - first >= 100_000 {
            return None;
        }
        ranges.push((first, last));
    }
    Some(ranges).filter(|ranges| !ranges.is_empty())
}

/// The first line of a comment that says something.
fn described(comment: &str) -> Option<&str> {
    let text = comment.strip_prefix("--").or_else(|| comment.strip_prefix("/*")?.strip_suffix("*/"))?;
    text.lines().map(|line| line.trim_matches(['*', '-', '=', ' ', '\t', '\r'])).find(|line| !line.is_empty())
}

/// Pragmas that change nothing beyond the transaction, or that the run sets back behind each migration.
const PRAGMAS: [&str; 7] = [
    "DEFER_FOREIGN_KEYS",
    "LEGACY_ALTER_TABLE",
    "USER_VERSION",
    "APPLICATION_ID",
    "OPTIMIZE",
    "FOREIGN_KEY_CHECK",
    "INTEGRITY_CHECK",
];

/// What a file keeps, and a transaction does not allow.
const OUTSIDE: [&str; 5] =
    ["JOURNAL_MODE", "PAGE_SIZE", "AUTO_VACUUM", "INCREMENTAL_VACUUM", "WAL_CHECKPOINT"];

fn refuse(statement: &Statement<'_>, transaction: bool) -> Result<(), ScriptError> {
    let tokens = significant(statement.text).unwrap_or_default();
    let Some(first) = tokens.first() else { return Ok(()) };
    let wrong =
        |token: &Token<'_>, what: String| ScriptError::new(statement.at + token.at, token.text.len(), what);
    if let Some(param) = tokens.iter().find(|token| token.kind == TokenKind::Param) {
        return Err(wrong(param, format!("the parameter `{}`", param.text))
            .help("write the value itself: nobody gives one to a migration, and it would be NULL"));
    }
    let word = first.text.to_ascii_uppercase();
    match word.as_str() {
        "BEGIN" | "COMMIT" | "END" | "ROLLBACK" | "SAVEPOINT" | "RELEASE" | "VACUUM" if !transaction => Ok(()),
        "BEGIN" | "COMMIT" | "END" | "ROLLBACK" | "SAVEPOINT" | "RELEASE" => Err(wrong(
            first,
            format!("`{word}` in a migration"),
        )
        .help(
            "take it out: all pending migrations run in one transaction, which ends with all of them or none; `-- schema: no-transaction` lets one run outside of it",
        )),
        "ATTACH" | "DETACH" => Err(wrong(first, format!("`{word}` in a migration"))
            .help("take it out: a migration changes one database")),
        "VACUUM" => Err(wrong(first, "`VACUUM` in a migration".to_owned())
            .help("SQLite refuses it in a transaction: run it by hand at a quiet time, or say `-- schema: no-transaction` above the first statement")),
        "PRAGMA" => {
            let name = tokens
                .iter()
                .skip(1)
                .filter(|token| !token.is_op(".") && !token.is_word("MAIN"))
                .find_map(Token::ident);
            let name = name.unwrap_or_default();
            let is_in = |list: &[&str]| list.iter().any(|known| known.eq_ignore_ascii_case(&name));
            // A journal that a crash would make a ruin of the file.
            let unsafe_journal = tokens.iter().any(|token| token.is_word("OFF") || token.is_word("MEMORY"));
            if is_in(&PRAGMAS) || (!transaction && is_in(&OUTSIDE) && !unsafe_journal) {
                return Ok(());
            }
            let why = match name.to_ascii_lowercase().as_str() {
                "foreign_keys" => {
                    "foreign keys are enforced while a migration runs, but a table that is dropped takes no rows of others with it; `PRAGMA defer_foreign_keys = ON` puts the check off to its end"
                }
                _ => {
                    "the settings of the connection are the program's: set them in the hook of `Migrator::connection`"
                }
            };
            Err(wrong(first, format!("`PRAGMA {name}` in a migration")).help(format!("take it out: {why}")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files() {
        let read = |name| {
            file_name(name).map(|file| file.map(|file| (file.number, file.name.to_owned(), file.down)))
        };
        assert_eq!(read("001_a.sql"), Ok(Some((1, "a".to_owned(), false))));
        assert_eq!(
            read("20260131093000_über-uns.down.sql"),
            Ok(Some((20_260_131_093_000, "über-uns".to_owned(), true)))
        );
        assert_eq!(read("001_a.sql.bak"), Ok(None));
        for (name, part) in [
            ("1_a.sql", "three digits"),
            ("a.sql", "three digits"),
            ("001.sql", "a name shall follow"),
            ("001_.sql", "a name shall follow"),
            ("001-a.sql", "a name shall follow"),
            ("001_a b.sql", "' '"),
            ("001_a.up.sql", "'.'"),
            ("001_a.SQL", "ends with `.SQL`"),
            ("99999999999999999999_a.sql", "too large"),
        ] {
            let error = read(name).expect_err(name);
            assert!(error.contains(part), "{name}: {error}");
        }
    }

    #[test]
    fn what_a_text_says_of_itself() {
        let text = "-- Names are split.\n-- schema: after\n-- more\nUPDATE t SET a = 1; -- schema is fine\nDELETE FROM t;";
        let script = script(text).expect("a script");
        assert_eq!(
            (script.description, script.when, script.statements.len()),
            (Some("Names are split."), When::After, 2)
        );
        let script = super::script("/*\n * Title\n */ SELECT 1").expect("a script");
        assert_eq!((script.description, script.when), (Some("Title"), When::Before));
        assert_eq!(super::script("SELECT 1 -- no title").expect("a script").description, None);
    }

    #[test]
    fn what_a_text_replaces_and_allows() {
        let text = "-- Baseline\n-- schema: replaces 001, 003-034\n-- schema: allow L303, L504\n-- schema: after\nSELECT 1";
        let script = script(text).expect("a script");
        assert_eq!((script.replaces.as_slice(), script.when), (&[vec![(1, 1), (3, 34)]][..], When::After));
        assert_eq!(script.allow.iter().map(|(_, code)| *code).collect::<Vec<_>>(), ["L303", "L504"]);
    }

    #[test]
    fn what_may_not_stand_in_a_text() {
        for (text, place, part) in [
            ("", "", "no statement"),
            ("-- only this", "-", "no statement"),
            ("SELECT 1; COMMIT", "COMMIT", "`COMMIT` in a migration"),
            ("begin; SELECT 1", "begin", "`BEGIN`"),
            ("ATTACH 'x' AS y", "ATTACH", "`ATTACH`"),
            ("VACUUM", "VACUUM", "`VACUUM`"),
            ("PRAGMA foreign_keys = OFF", "PRAGMA", "`PRAGMA foreign_keys`"),
            ("PRAGMA main.journal_mode = WAL", "PRAGMA", "`PRAGMA journal_mode`"),
            ("-- schema: sometimes\nSELECT 1", "-- schema: sometimes", "is no directive"),
            ("SELECT 1;\n-- schema: after\nSELECT 2", "-- schema: after", "behind the first statement"),
            ("-- schema: after\n-- schema: after\nSELECT 2", "-- schema: after", "a second directive"),
            ("UPDATE t SET a = :a", ":a", "the parameter `:a`"),
            ("SELECT 1; DELETE FROM t WHERE a = ?", "?", "the parameter `?`"),
            ("-- schema: replaces 003-001\nSELECT 2", "-- schema: replaces", "names no migrations"),
            ("-- schema: replaces a\nSELECT 2", "-- schema: replaces", "names no migrations"),
            ("SELECT 'x", "'", "without a closing"),
            ("/* SELECT 1", "/*", "without a closing"),
        ] {
            let error = script(text).expect_err(text);
            assert!(
                error.what.contains(part) || error.what.contains("without a closing"),
                "{text}: {error:?}"
            );
            assert!(text.get(error.at..).unwrap_or_default().starts_with(place), "{text}: {error:?}");
        }
        assert!(script("PRAGMA defer_foreign_keys = ON; PRAGMA main.user_version = 3").is_ok());
        let trigger = "CREATE TRIGGER r AFTER INSERT ON t BEGIN UPDATE t SET a = 1; END; SELECT 1";
        assert_eq!(script(trigger).expect("a script").statements.len(), 2);
    }
}
