//! The pages of the book: what they show of commands is what these print.
//!
//! Each page runs in a folder of its own, which begins with the files that it shows: blocks whose first line is a comment with a name, such as
//! `-- schema.sql`. `TRYCMD=overwrite cargo test -p schema-cli --test command book` writes what is printed now into the pages.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{call, cases, program};

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

/// Name and text of each page.
fn pages() -> Vec<(String, String)> {
    let mut pages = Vec::new();
    for entry in fs::read_dir(docs()).expect("the pages") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "md") {
            let name = path.file_name().expect("a name").to_str().expect("text").to_owned();
            pages.push((name, fs::read_to_string(path).expect("a page")));
        }
    }
    pages.sort();
    pages
}

/// Language and text of each fenced block.
fn blocks(page: &str) -> Vec<(&str, &str)> {
    let mut blocks = Vec::new();
    let (mut at, mut open) = (0, None);
    for line in page.split_inclusive('\n') {
        if let Some(language) = line.strip_prefix("```") {
            match open.take() {
                None => open = Some((language.trim_end(), at + line.len())),
                Some((language, start)) => blocks.push((language, &page[start..at])),
            }
        }
        at += line.len();
    }
    assert!(open.is_none(), "a block has no end");
    blocks
}

/// The files that a page shows.
fn files(page: &str) -> Vec<(&str, &str)> {
    let named = |(language, text): (&str, _)| {
        let text: &str = text;
        let mark = match language {
            "sql" => "-- ",
            "toml" => "# ",
            _ => return None,
        };
        let name = text.lines().next()?.strip_prefix(mark)?;
        (name.ends_with(".sql") || name.ends_with(".toml")).then_some((name, text))
    };
    blocks(page).into_iter().filter_map(named).collect()
}

#[test]
fn every_command_prints_what_its_page_shows() {
    let place = tempfile::tempdir().expect("a folder");
    let mut names = Vec::new();
    for (name, page) in pages() {
        if !blocks(&page).iter().any(|(language, _)| *language == "console") {
            continue;
        }
        let copy = place.path().join(&name);
        fs::write(&copy, &page).expect("a copy");
        let folder = copy.with_extension("in");
        fs::create_dir(&folder).expect("a folder");
        fs::create_dir(copy.with_extension("out")).expect("a folder");
        for (file, text) in files(&page) {
            let file = folder.join(file);
            fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
            fs::write(file, format!("{}\n", text.trim_end())).expect("a file");
        }
        names.push(name);
    }
    assert!(names.contains(&"tutorial.md".to_owned()), "{names:?}");
    let cases = cases();
    cases.register_bin("todo", program("tutorial").as_path());
    cases.case(place.path().join("*.md"));
    cases.run();
    if std::env::var_os("TRYCMD").is_some_and(|mode| mode == "overwrite") {
        for name in names {
            fs::copy(place.path().join(&name), docs().join(&name)).expect("a copy");
        }
    }
}

/// What a shell would make of a line, without its comment.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for letter in line.chars() {
        match (quote, letter) {
            (Some(open), _) if open == letter => quote = None,
            (Some(_), _) => word.get_or_insert_default().push(letter),
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            (None, '#') if word.is_none() => break,
            (None, _) => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

#[test]
fn every_command_that_is_only_named_is_one() {
    let place = tempfile::tempdir().expect("a folder");
    let mut seen = 0;
    for (name, page) in pages() {
        for (language, text) in blocks(&page) {
            for line in text.lines().filter(|line| language == "sh" && line.starts_with("schema ")) {
                let mut arguments = words(line);
                arguments.push("--help".to_owned());
                let arguments: Vec<&str> = arguments[1..].iter().map(String::as_str).collect();
                // Flags that are not there are an error before the help is.
                let output = call("schema", place.path(), &arguments).output().expect("it runs");
                assert!(
                    output.status.success(),
                    "{name}: {line}\n{}",
                    String::from_utf8_lossy(&output.stderr)
                );
                seen += 1;
            }
        }
    }
    assert!(seen > 10, "{seen}");
}

#[test]
fn every_settings_file_of_the_pages_is_one() {
    for (name, page) in pages() {
        for (language, text) in blocks(&page) {
            if language != "toml" || text.contains("version = \"") || text.contains("[dependencies]") {
                continue;
            }
            let place = tempfile::tempdir().expect("a folder");
            fs::write(place.path().join("schema.toml"), text).expect("a file");
            let mut command = call("schema", place.path(), &["completions", "bash"]);
            if text.contains("[env.") {
                let section =
                    text.split("[env.").nth(1).and_then(|rest| rest.split(']').next()).expect("a name");
                command.env("SCHEMA_ENV", section);
            }
            let output = command.output().expect("it runs");
            assert!(output.status.success(), "{name}: {text}\n{}", String::from_utf8_lossy(&output.stderr));
        }
    }
}
