//! The Rust blocks of a page of the book, made whole: rustdoc compiles and runs what this gives back, readers see the page.
//!
//! A block of a page is one of these:
//! - a recipe: a model before and after, each behind a comment that says so. It becomes a call of `book::recipe`;
//! - a fragment: attributes of a table or a field, a `schema!` or a call of `Migrator`. It gets what stands around it in a program;
//! - a program, which stays as it is.
//!
//! Comments of HTML above a recipe say what readers need not see: `<!-- rows: SQL -->` what is in the tables before, `<!-- allow: CODE=OBJECT -->`
//! what is consented to once the refusal was seen, `<!-- gives: SQL => VALUE -->` what a query finds at the end.

/// What is known of the section that a block stands in.
#[derive(Default)]
struct Section {
    heading: String,
    rows: String,
    allow: Vec<String>,
    gives: Vec<(String, String)>,
    /// Number, name and text of the migration that the section shows.
    migration: Option<(String, String, String)>,
}

/// The Rust blocks of `page`, each below its heading, as rustdoc shall run them. `name` is the page's, for messages.
pub(crate) fn whole(name: &str, page: &str) -> String {
    let mut out = String::new();
    for part in sections(page) {
        let section = read(part);
        for (info, code) in fenced(part) {
            let Some(flags) = info.strip_prefix("rust") else { continue };
            let flags = flags.replace(",ignore", ",no_run");
            let code = complete(name, &section, &code);
            out += &format!("\n## {}\n\n```rust{flags}\n{code}```\n", section.heading.replace('`', ""));
        }
    }
    out
}

/// The page cut before each heading that is not in a block.
fn sections(page: &str) -> Vec<&str> {
    let mut cuts = vec![0];
    let (mut at, mut inside) = (0, false);
    for line in page.split_inclusive('\n') {
        inside ^= line.starts_with("```");
        if !inside && line.starts_with('#') && at > 0 {
            cuts.push(at);
        }
        at += line.len();
    }
    cuts.push(page.len());
    cuts.windows(2).map(|pair| &page[pair[0]..pair[1]]).collect()
}

/// The info string and the text of each fenced block.
fn fenced(text: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(info) = line.strip_prefix("```") {
            let code: String =
                lines.by_ref().take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect();
            blocks.push((info.to_owned(), code));
        }
    }
    blocks
}

fn read(part: &str) -> Section {
    let mut section = Section {
        heading: part.lines().next().unwrap_or_default().trim_start_matches('#').trim().to_owned(),
        ..Section::default()
    };
    for line in part.lines() {
        let Some(said) = line.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->")) else {
            continue;
        };
        match said.split_once(": ").expect("a comment says `key: value`") {
            ("rows", sql) => section.rows += sql,
            ("allow", consent) => section.allow.push(consent.to_owned()),
            ("gives", check) => {
                let (query, value) = check.split_once(" => ").expect("`gives: SQL => VALUE`");
                section.gives.push((query.to_owned(), value.to_owned()));
            }
            (other, _) => panic!("`{other}` in `{line}`"),
        }
    }
    for (info, text) in fenced(part) {
        let file =
            text.lines().next().and_then(|line| line.strip_prefix("-- migrations/")?.strip_suffix(".sql"));
        if let (true, Some((number, name))) = (info == "sql", file.and_then(|file| file.split_once('_'))) {
            section.migration = Some((number.to_owned(), name.to_owned(), text.clone()));
        }
    }
    section
}

fn complete(page: &str, section: &Section, code: &str) -> String {
    const HEAD: &str = "#![allow(dead_code, unused)]\nuse schema_examples::book::*;\n";
    if let Some((before, after)) = code.split_once("// After") {
        let function = after
            .lines()
            .find_map(|line| line.strip_prefix("fn ")?.split_once("(context: &MigrationContext"));
        let migration = match (&section.migration, function) {
            (Some((number, name, text)), _) => {
                format!("Some(Migration::sql({}, {name:?}, {text:?}))", number.trim_start_matches('0'))
            }
            (None, Some((name, _))) => {
                format!(
                    "Some(Ok(Migration::code(2, {name:?}, after::{name}, None::<fn(&MigrationContext<'_>) -> MigrationResult>)))"
                )
            }
            (None, None) => "None".to_owned(),
        };
        return format!(
            "#![allow(dead_code)]\nuse schema_runtime::*;\nmod before {{ use schema_examples::book::*;\n{}}}\nmod after {{ use schema_examples::book::*;\n{}}}\n\
             schema_examples::book::recipe(&schema_examples::book::Recipe {{ page: {page:?}, heading: {:?}, before: &before::SCHEMA, \
             after: &after::SCHEMA, rows: {:?}, allow: &{:?}, gives: &{:?}, migration: {migration} }});\n",
            model(before, "1.0.0"),
            model(after, "1.1.0"),
            section.heading,
            section.rows,
            section.allow,
            section.gives,
        );
    }
    let first = code.lines().next().unwrap_or_default();
    if code.contains("fn main()") && !code.contains("derive(Table)") {
        return format!("use schema_runtime::{{Schema, Table, schema}};\n{}{code}", task(""));
    }
    if first.starts_with("#[column(") || first == "created_at: String," {
        let key = if code.contains("primary_key") { "" } else { "#[column(primary_key)] key: i64,\n" };
        return format!("{HEAD}{PROJECT}#[derive(Table)]\nstruct Task {{\n{key}{code}}}\n");
    }
    if first.starts_with("#[table(")
        || first.starts_with("schema! {")
        || first.starts_with("Migrator::new")
        || first.starts_with("let report = Migrator")
    {
        let of = |start: &str| -> Vec<&str> { code.lines().filter(|line| line.starts_with(start)).collect() };
        let attributes = of("#[table(").join("\n");
        let schemas: String =
            of("schema! {").iter().map(|line| format!("const _: Schema = {line};\n")).collect();
        let calls =
            code.split_once("Migrator::new").map(|(_, rest)| format!("let _ = Migrator::new{rest};\n"));
        return format!(
            "{HEAD}use std::time::Duration;\nfn register(_: &rusqlite::Connection) -> rusqlite::Result<()> {{ Ok(()) }}\n{}{schemas}\
             const SCHEMA: Schema = schema! {{ tables: [Task] }};\nfn run() -> Result<()> {{\n{}Ok(())\n}}\nlet _ = run;\n",
            task(&attributes),
            calls.unwrap_or_default(),
        );
    }
    // A program runs in a folder of its own.
    let main = "fn main() -> Result<(), Box<dyn std::error::Error>> {\n";
    code.replacen(
        main,
        &format!("{main}let folder = tempfile::tempdir()?;\nstd::env::set_current_dir(folder.path())?;\n"),
        1,
    )
}

const PROJECT: &str = "#[derive(Table)]\nstruct Project { #[column(primary_key)] id: i64 }\n";

/// A table for fragments to be about, with the columns that the pages speak of.
fn task(attributes: &str) -> String {
    format!(
        "#[derive(Table)]\n{attributes}\nstruct Task {{ #[column(primary_key)] id: i64, status: String, started_at: Option<String>, \
         created_at: String, email: String }}\n"
    )
}

/// One side of a recipe with its schema, which holds all of its tables where it does not say so itself.
fn model(code: &str, version: &str) -> String {
    let code = code.replace("// Before\n", "").replace("\nfn ", "\npub fn ");
    if code.contains("const SCHEMA: ") {
        return code.replace("const SCHEMA: ", "pub const SCHEMA: ");
    }
    let tables: Vec<&str> = code
        .split("#[derive(Table)]")
        .skip(1)
        .filter_map(|rest| rest.split_once("struct ")?.1.split([' ', ';', '{']).next())
        .collect();
    format!(
        "{code}pub const SCHEMA: Schema = schema! {{ version: {version:?}, tables: [{}] }};\n",
        tables.join(", ")
    )
}
