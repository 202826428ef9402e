//! The programs of `docs/programs.md`: what the page shows, and the page of each, is what CI compiles and runs.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The folders of the programs, in order.
fn programs() -> Vec<String> {
    let folder = fs::read_dir(root().join("examples/programs")).expect("the programs");
    let entries = folder.map(|entry| entry.expect("an entry"));
    let mut names: Vec<String> = entries
        .filter(|entry| entry.path().join("main.rs").is_file())
        .map(|entry| entry.file_name().into_string().expect("a name"))
        .collect();
    names.sort();
    names
}

/// The sections of the page by heading, without its introduction.
fn sections(page: &str) -> Vec<(&str, &str)> {
    page.split("\n## ").skip(1).map(|text| text.split_once('\n').expect("a heading")).collect()
}

/// The fenced blocks of this language.
fn blocks<'t>(text: &'t str, language: &str) -> Vec<&'t str> {
    let fence = format!("```{language}\n");
    text.match_indices(&fence)
        .map(|(at, fence)| text[at + fence.len()..].split("```").next().unwrap_or_default())
        .collect()
}

/// The manifest of the program has each line of the blocks of dependencies in `text`, by version.
fn asks_for(folder: &str, text: &str) {
    let manifest = read(&format!("{folder}/Cargo.toml")).replace("path = \"../../../schema-runtime\", ", "");
    for line in blocks(text, "toml").iter().flat_map(|block| block.lines()) {
        assert!(manifest.lines().any(|other| other == line), "{folder}: the manifest has not\n{line}");
    }
}

#[test]
fn what_the_page_shows_is_in_the_programs() {
    let page = read("docs/programs.md");
    let mut shown = Vec::new();
    for (heading, text) in sections(&page) {
        let code = blocks(text, "rust");
        if code.is_empty() {
            continue;
        }
        let link = text.split("[The program](../").nth(1).expect("a link").split(')').next().expect("a path");
        let program = read(link);
        for block in code {
            assert!(program.contains(block), "{heading}: {link} has not\n{block}");
        }
        let folder = link.trim_end_matches("/main.rs");
        asks_for(folder, text);
        shown.push(folder.rsplit('/').next().expect("a folder").to_owned());
    }
    shown.sort();
    assert_eq!(shown, programs());
}

#[test]
fn the_programs_are_built_with_the_versions_of_the_page() {
    let page = read("docs/programs.md");
    let rows: Vec<Vec<&str>> = page
        .lines()
        .filter(|line| line.contains("Cargo.lock)"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    let mut built: Vec<String> = Vec::new();
    for row in rows {
        let [names, link, rusqlite, sys] = row[..] else { panic!("{row:?}") };
        let path = link.split("(../").nth(1).expect("a link").trim_end_matches(')');
        let lock = read(path);
        for (name, version) in [("rusqlite", rusqlite), ("libsqlite3-sys", sys)] {
            let locked = format!("name = \"{name}\"\nversion = \"{version}.");
            assert_eq!(lock.matches(&locked).count(), 1, "{path}: {name} {version}");
            assert_eq!(lock.matches(&format!("name = \"{name}\"\n")).count(), 1, "{path}");
        }
        for name in names.split(", ") {
            assert!(lock.contains(&format!("name = \"program-{name}\"\n")), "{path}: {name}");
            built.push(name.to_owned());
        }
    }
    built.sort();
    assert_eq!(built, programs());
}

#[test]
fn each_program_has_a_page_with_its_core_that_leads_to_its_section() {
    let (page, readme) = (read("docs/programs.md"), read("README.md"));
    for program in programs() {
        let own = read(&format!("examples/programs/{program}/README.md"));
        let title = own.lines().next().and_then(|line| line.strip_prefix("# ")).expect("a title");
        assert!(
            sections(&page).iter().any(|(heading, _)| heading == &title),
            "{program}: no section {title}"
        );
        assert!(own.contains(&format!("docs/programs.md#{title})")), "{program}");
        assert!(own.contains("\n    cargo run\n"), "{program}");
        let (folder, code) = (format!("examples/programs/{program}"), blocks(&own, "rust"));
        let main = read(&format!("{folder}/main.rs"));
        assert!(!code.is_empty(), "{program}: the page shows nothing of it");
        for block in code {
            assert!(main.contains(block), "{program}: main.rs has not\n{block}");
        }
        asks_for(&folder, &own);
        assert!(readme.contains(&format!("(examples/programs/{program}/README.md)")), "{program}");
    }
}
