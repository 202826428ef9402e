//! What the code of the book needs around it, and the proof of its recipes.
//!
//! `book/blocks.rs` makes a call of [`recipe`] of each model that a page shows before and after. `UPDATE_BOOK=1 cargo test -p schema-examples
//! --doc -- --test-threads=1` writes the plans that it finds into the pages.

use std::fs;
use std::path::Path;

pub use schema_runtime::*;

use schema_runtime::rusqlite::Connection;

/// A change that a page shows: the model before and after it.
pub struct Recipe {
    /// The page, as a path from this crate.
    pub page: &'static str,
    /// The heading under which it stands.
    pub heading: &'static str,
    /// The model of the release before.
    pub before: &'static Schema,
    /// The model that is started.
    pub after: &'static Schema,
    /// SQL for what is in the tables before.
    pub rows: &'static str,
    /// What is consented to, once it was seen that it is refused without.
    pub allow: &'static [&'static str],
    /// Queries, and what each finds after the change: a value.
    pub gives: &'static [(&'static str, &'static str)],
    /// The migration beside the model.
    pub migration: Option<Result<Migration>>,
}

/// Makes the change on a database with rows: the plan is what the page shows, and a second start plans nothing. A new database comes to the same
/// model.
pub fn recipe(recipe: &Recipe) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("app.db");
    let mut migrator = Migrator::new(recipe.after);
    if let Some(migration) = &recipe.migration {
        let migration = migration.as_ref().unwrap_or_else(|error| panic!("{error}")).clone();
        migrator =
            migrator.migrations(Migrations::new([migration]).unwrap_or_else(|error| panic!("{error}")));
    }
    Migrator::new(recipe.before).run(&path).unwrap_or_else(|error| panic!("before: {error}"));
    Connection::open(&path).expect("a database").execute_batch(recipe.rows).expect("the rows");

    shown(recipe, &plan(&migrator.clone().dry_run(true), &path));
    if !recipe.allow.is_empty() {
        migrator.run(&path).expect_err("it is refused");
    }
    for consent in recipe.allow {
        migrator = migrator.allow(consent);
    }
    let report = match migrator.run(&path) {
        Ok(report) => report,
        Err(error) => {
            let page = section(recipe);
            assert!(page.contains(&error.to_string()), "{}: {error}", recipe.heading);
            return;
        }
    };
    let conn = Connection::open(&path).expect("a database");
    for (query, value) in recipe.gives {
        let found: String =
            conn.query_row(query, [], |row| row.get(0)).unwrap_or_else(|error| panic!("{query}: {error}"));
        assert_eq!(found, *value, "{query}");
    }
    let again = migrator.run(&path).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(again.outcome, Outcome::UpToDate, "after {report}: {again}");

    let path = folder.path().join("new.db");
    let report =
        migrator.run(&path).unwrap_or_else(|error| panic!("{}, on a new file: {error}", recipe.heading));
    assert_eq!(report.outcome, Outcome::Created);
    let again = migrator.run(&path).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(again.outcome, Outcome::UpToDate, "{}: {again}", recipe.heading);
}

/// What a run would do, or why it would not, as the pages show it.
fn plan(migrator: &Migrator, path: &Path) -> String {
    match migrator.run(path) {
        Ok(report) => {
            let mut lines: Vec<String> = report.pending.iter().map(|name| format!("first: {name}")).collect();
            lines.push(report.plan.to_string());
            lines.extend(report.notes.iter().map(|note| format!("note: {note}")));
            lines.extend(report.warnings.iter().map(|warning| format!("warning: {warning}")));
            lines.join("\n")
        }
        Err(error) => error.to_string(),
    }
}

fn file(recipe: &Recipe) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(recipe.page).to_str().expect("a path").to_owned()
}

/// The section of the page, up to the next heading of any level.
fn section(recipe: &Recipe) -> String {
    let page = fs::read_to_string(file(recipe)).expect("the page");
    let start = page.find(&format!("# {}\n", recipe.heading)).expect("the heading");
    let rest = &page[start..];
    let end = ["\n## ", "\n### "].iter().filter_map(|mark| rest.find(mark)).min();
    rest[..end.unwrap_or(rest.len())].to_owned()
}

/// Compares with the first plain block of the section, or writes it there.
fn shown(recipe: &Recipe, found: &str) {
    const FENCE: &str = "```text\n";
    let section = section(recipe);
    let start =
        section.find(FENCE).unwrap_or_else(|| panic!("{}: no plan is shown", recipe.heading)) + FENCE.len();
    let end = start + section[start..].find("```").expect("the end of the block");
    if std::env::var_os("UPDATE_BOOK").is_some() {
        let new = format!("{}{found}\n{}", &section[..start], &section[end..]);
        let page = fs::read_to_string(file(recipe)).expect("the page");
        fs::write(file(recipe), page.replacen(&section, &new, 1)).expect("the page");
        return;
    }
    assert_eq!(&section[start..end], format!("{found}\n"), "{}: the page shows another plan", recipe.heading);
}
