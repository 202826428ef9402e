//! What was measured as a page, as CSV and as plots.

use std::fmt::Write as _;
use std::path::Path;

use schema_benches::samples::{Board, thousands};
use schema_benches::{Result, large, machine, svg};

use crate::Args;
use crate::peers::CHECKS;

/// The cases over numbers of tables: name, title, file.
const CASES: [(&str, &str, &str); 6] = [
    ("start", "A start when nothing changed, on an open connection", "start"),
    ("complete check", "The complete check beside a raw loop that reads and compares every text", "complete"),
    ("open, start, first query", "Open, start, first query", "open"),
    ("create", "First creation of the whole schema", "create"),
    ("add columns", "A column into each table", "columns"),
    ("plan and rehearse one change", "One change planned and rehearsed", "plan"),
];

/// Writes `<date>.md`, `<date>.csv` and a plot for each case, and prints the page.
pub fn write(args: &Args, board: &Board, temporary: &Path, load: &str) -> Result<()> {
    let date = machine::date()?;
    std::fs::create_dir_all(&args.folder)?;
    let file = |suffix: &str| args.folder.join(format!("{date}{suffix}"));
    let mut page = format!("# Compared on {date}\n\n");
    for line in machine::lines(temporary) {
        writeln!(page, "- {line}")?;
    }
    writeln!(page, "- load: {load} before, {} after", machine::load())?;
    writeln!(
        page,
        "- at least {} samples in {} rounds, each of all programs one after another; fewer where one takes long (the CSV has the numbers)",
        args.samples, args.rounds
    )?;
    if !args.note.is_empty() {
        writeln!(page, "- {}", args.note)?;
    }
    writeln!(page, "- who a ratio is by: `raw` is SQLite itself, `schema` this project\n")?;
    for (case, title, name) in CASES.iter().filter(|it| !board.sizes(it.0).is_empty()) {
        writeln!(page, "## {title}\n\n{}", board.table(case, "tables"))?;
        // One size makes no line.
        if board.sizes(case).len() > 1 {
            std::fs::write(file(&format!("-{name}.svg")), svg::of_case(board, case, title, "tables"))?;
            writeln!(page, "![{title}]({date}-{name}.svg)\n")?;
        }
    }
    for case in large::CHANGES.iter().filter(|case| !board.sizes(case).is_empty()) {
        let rows = thousands(args.rows);
        writeln!(
            page,
            "## {rows} rows: {case}\n\nThe whole run, closing included.\n\n{}",
            board.table(case, "rows")
        )?;
    }
    page.push_str(&versions(board));
    std::fs::write(file(".csv"), board.csv())?;
    std::fs::write(file(".md"), &page)?;
    print!("{page}");
    eprintln!("written to {}", file(".md").display());
    Ok(())
}

/// What each looks at, and on what.
fn versions(board: &Board) -> String {
    let mut text =
        String::from("## Who\n\n| | version | SQLite | what a start looks at |\n| --- | --- | --- | --- |\n");
    let all = |case: &str| board.who(case).into_iter().map(str::to_owned).collect::<Vec<_>>();
    let mut list = all("start");
    list.extend(all("open, start, first query").into_iter().filter(|it| !all("start").contains(it)));
    for who in list {
        // The folder's name is the beginning of the program's, or like it.
        let folder = who.replace('-', "").replace("_migrations", "");
        let version = board.of(&who, "version").or_else(|| board.of(&folder, "version")).unwrap_or("");
        let base = if who == "raw" || who.starts_with("schema") { "schema" } else { &who };
        let sqlite = board.of(base, "SQLite").unwrap_or("");
        let version = if who == "schema, complete check" { "as above" } else { version };
        let checks = CHECKS.iter().find(|it| it.0 == who).map_or("names in a table", |it| it.1);
        let _ = writeln!(text, "| {who} | {version} | {sqlite} | {checks} |");
    }
    text
}
