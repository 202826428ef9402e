//! Every text of an error, in one file to read as a user would: `messages.txt`.
//!
//! The file lists what the sources of the runtime pass to `Error::new`, `cause`, `state` and `help`. After a change read the
//! difference, then accept it with `UPDATE_MESSAGES=1 cargo test -p schema-tests messages`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The string literal that begins within the next few tokens after `at`, with line continuations joined.
fn literal(source: &str, at: usize) -> Option<String> {
    let rest = &source[at..];
    let quote = rest.find('"')?;
    // Only wrappers and an error kind may stand between: `ErrorKind::Open, format!(`.
    let between = &rest[..quote];
    if between.contains([';', '{', '}', '|', '?', ')']) || between.matches('(').count() > 1 {
        return None;
    }
    let mut text = String::new();
    let mut chars = rest[quote + 1..].chars();
    loop {
        match chars.next()? {
            '"' => return Some(text),
            '\\' => match chars.next()? {
                '\n' => {
                    let left = chars.as_str().trim_start();
                    chars = left.chars();
                }
                'n' => text.push_str("\\n"),
                other => text.push(other),
            },
            other => text.push(other),
        }
    }
}

#[test]
fn every_message_is_in_the_list_that_people_read() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    sources(&root.join("schema-runtime/src"), &mut files);
    let mut lines = BTreeSet::new();
    for file in files {
        let source = fs::read_to_string(&file).expect("a source");
        let source = source.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        for (call, word) in [
            ("Error::new(", "error"),
            ("Fault::new(", "error"),
            (".cause(", "caused by"),
            (".state(", "state"),
            (".help(", "help"),
        ] {
            for (at, _) in source.match_indices(call) {
                if let Some(text) = literal(source, at + call.len()) {
                    lines.insert(format!("{word}: {text}"));
                }
            }
        }
    }
    let list: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let path = root.join("tests/messages.txt");
    if std::env::var_os("UPDATE_MESSAGES").is_some() {
        fs::write(&path, &list).expect("messages.txt is written");
    }
    let known = fs::read_to_string(&path).unwrap_or_default();
    let known: BTreeSet<&str> = known.lines().collect();
    let found: BTreeSet<&str> = list.lines().collect();
    let new: Vec<_> = found.difference(&known).collect();
    let gone: Vec<_> = known.difference(&found).collect();
    assert!(
        new.is_empty() && gone.is_empty(),
        "messages.txt differs; read this, then accept it with UPDATE_MESSAGES=1\nnew: {new:#?}\ngone: {gone:#?}"
    );
    for line in found {
        let (word, text) = line.split_once(": ").expect("a word and a text");
        assert!(!text.ends_with('.'), "a full stop at the end of {line:?}");
        let vague = ["invalid input", "something went wrong", "may be corrupted"];
        assert!(!vague.iter().any(|vague| text.contains(vague)), "a vague text: {line:?}");
        let upper = text.chars().next().is_some_and(char::is_uppercase);
        let name = ["SQLite", "COMMIT", "SHA", "PRAGMA"].iter().any(|name| text.starts_with(name));
        assert!(word == "caused by" || !upper || name, "begins with a capital: {line:?}");
    }
}
