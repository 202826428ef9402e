//! The book in `docs`: every page is a chapter, every link of every page leads somewhere, and all code in it is looked at by some test.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Path from the root, and text, of every page of the repository.
fn pages() -> BTreeMap<PathBuf, String> {
    let mut pages = BTreeMap::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(&folder)).expect("a folder") {
            let entry = entry.expect("an entry");
            let name = entry.file_name().into_string().expect("a name");
            let path = folder.join(&name);
            if entry.path().is_dir() {
                if name != "target" && !name.starts_with('.') {
                    folders.push(path);
                }
            } else if name.ends_with(".md") {
                pages.insert(path, fs::read_to_string(entry.path()).expect("a page"));
            }
        }
    }
    pages
}

/// The lines of a page that are not in a fenced block.
fn prose(page: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    page.lines().filter(move |line| {
        let fence = line.starts_with("```");
        inside ^= fence;
        !inside && !fence
    })
}

/// Language and text of each fenced block.
fn blocks(page: &str) -> Vec<(&str, String)> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            blocks.push((
                language,
                lines.by_ref().take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect(),
            ));
        }
    }
    blocks
}

/// The line without what stands in backticks.
fn without_code(line: &str) -> String {
    line.split('`').enumerate().filter(|(at, _)| at % 2 == 0).map(|(_, part)| part).collect()
}

/// Where the links of a page lead.
fn links(page: &str) -> Vec<String> {
    let mut links = Vec::new();
    for line in prose(page) {
        let line = without_code(line);
        links.extend(
            line.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link.to_owned()),
        );
    }
    links
}

/// The anchors of a page's headings, as GitHub and mdBook make them.
fn anchors(page: &str) -> BTreeSet<String> {
    let heading = |line: &str| {
        let text = line.trim_start_matches('#');
        let plain = text.starts_with(' ') && text.len() < line.len();
        plain.then(|| {
            text.trim()
                .to_lowercase()
                .chars()
                .filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'))
                .map(|letter| if letter == ' ' { '-' } else { letter })
                .collect()
        })
    };
    prose(page).filter_map(heading).collect()
}

/// The path without `..`.
fn plain(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut plain, part| {
        match part {
            Component::ParentDir => assert!(plain.pop(), "{} leads out of the repository", path.display()),
            Component::CurDir => {}
            other => plain.push(other),
        }
        plain
    })
}

#[test]
fn every_link_leads_to_a_file_and_to_a_heading() {
    let pages = pages();
    let mut seen = 0;
    for (path, text) in &pages {
        for link in links(text) {
            if link.contains("://") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = if file.is_empty() {
                path.clone()
            } else {
                plain(&path.parent().expect("a folder").join(file))
            };
            assert!(
                root().join(&target).exists(),
                "{} links to `{link}`, which is not there",
                path.display()
            );
            if !anchor.is_empty() {
                let page =
                    pages.get(&target).unwrap_or_else(|| panic!("{}: `{link}` is no page", path.display()));
                assert!(anchors(page).contains(anchor), "{}: `{link}` is no heading there", path.display());
            }
            seen += 1;
        }
    }
    assert!(seen > 100, "{seen}");
}

#[test]
fn every_page_of_the_folder_is_a_chapter() {
    let pages = pages();
    let summary = &pages[Path::new("docs/SUMMARY.md")];
    let chapters: Vec<PathBuf> = links(summary).iter().map(|link| Path::new("docs").join(link)).collect();
    let of_the_folder: BTreeSet<&PathBuf> =
        pages.keys().filter(|path| path.starts_with("docs") && !path.ends_with("SUMMARY.md")).collect();
    assert_eq!(chapters.iter().collect::<BTreeSet<_>>(), of_the_folder);
    assert_eq!(chapters.len(), of_the_folder.len(), "a page is there twice");
}

#[test]
fn the_book_links_to_pages_of_its_own_and_to_files_that_lie_beside_it() {
    // What mdBook makes of a page outside of the book is a link to nothing.
    for (path, text) in pages().iter().filter(|(path, _)| path.starts_with("docs")) {
        for link in links(text) {
            assert!(!link.starts_with("../") || !link.contains(".md"), "{}: {link}", path.display());
            assert!(
                !link.starts_with("../") || link.starts_with("../examples/"),
                "{}: `.ci/book` does not copy {link}",
                path.display()
            );
        }
    }
}

#[test]
fn every_block_has_a_language_that_some_test_looks_at() {
    // Pages whose Rust is a part of something that other tests compile, and of which these hold the text against it.
    let elsewhere = ["docs/programs.md", "docs/tutorial.md", "docs/models.md", "benches/README.md"];
    // Those that rustdoc runs: in `schema-runtime/src/lib.rs`, `schema-cli/src/lib.rs` and `examples/lib.rs`.
    let mut run = String::new();
    for file in ["schema-runtime/src/lib.rs", "schema-cli/src/lib.rs", "examples/build.rs"] {
        run += &fs::read_to_string(root().join(file)).expect("a file");
    }
    for (path, text) in pages() {
        let name = path.to_str().expect("a path");
        for (language, _) in blocks(&text) {
            let known =
                ["rust", "rust,no_run", "rust,ignore", "sh", "console", "sql", "toml", "text", "json"];
            assert!(known.contains(&language), "{name}: a block of `{language}`");
            let of_program = path.starts_with("examples/programs");
            if language.starts_with("rust") && !elsewhere.contains(&name) && !of_program {
                let stem = name.trim_end_matches(".md");
                assert!(
                    run.contains(&format!("\"{stem}\"")) || run.contains(&format!("/{stem}.md")),
                    "{name}: nobody runs its code"
                );
            }
        }
    }
}

#[test]
fn the_tutorial_shows_what_its_releases_are() {
    let folder = root().join("examples/tutorial");
    let releases: Vec<String> = fs::read_dir(folder)
        .expect("the releases")
        .map(|entry| fs::read_to_string(entry.expect("an entry").path()).expect("a release"))
        .collect();
    for (language, code) in blocks(&pages()[Path::new("docs/tutorial.md")]) {
        assert!(
            language != "rust" || releases.iter().any(|release| release.contains(&code)),
            "no release has\n{code}"
        );
    }
}

#[test]
fn sqlite_reads_every_statement_of_the_pages() {
    let conn = rusqlite::Connection::open_in_memory().expect("a connection");
    let mut seen = 0;
    for (path, text) in pages() {
        for (_, sql) in blocks(&text).iter().filter(|(language, _)| *language == "sql") {
            let statements = schema_sql::split_statements(sql)
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            for statement in statements {
                if let Err(error) = conn.prepare(statement.text) {
                    // Tables of other blocks are not there.
                    let said = error.to_string();
                    assert!(said.contains("no such"), "{}: {said}\n{}", path.display(), statement.text);
                }
                seen += 1;
            }
        }
    }
    assert!(seen > 20, "{seen}");
}
