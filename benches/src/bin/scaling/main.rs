//! How costs grow with the number of tables and of rows: what should be flat, linear or n log n, and whether it is.
//!
//! `scaling [--tables 10,100,…] [--rows 1000,10000,…] [--samples 5] [--out FOLDER]`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use schema_benches::common::{PRAGMAS, WAL, time, wipe};
use schema_benches::model::{More, migrator};
use schema_benches::samples::{Board, shown, thousands};
use schema_benches::{Result, large, machine, svg};
use schema_runtime::Outcome;
use schema_runtime::rusqlite::Connection;

/// What a cost should be at most.
#[derive(Clone, Copy)]
enum Should {
    Flat,
    Linear,
    Sorted,
}

impl Should {
    fn name(self) -> &'static str {
        match self {
            Should::Flat => "flat",
            Should::Linear => "linear",
            Should::Sorted => "n log n",
        }
    }

    /// The largest exponent that counts as this: n log n has 1.1 to 1.2 over these sizes, and a machine is noisy.
    fn most(self) -> f64 {
        match self {
            Should::Flat => 0.15,
            Should::Linear => 1.1,
            Should::Sorted => 1.25,
        }
    }
}

const TABLES: [(&str, Should); 4] = [
    ("start", Should::Flat),
    ("create", Should::Sorted),
    ("plan one change", Should::Sorted),
    // Of the case before: without opening the file, reading it and its history.
    ("plan and rehearse", Should::Sorted),
];
const ROWS: [(&str, Should); 4] = [
    ("add column", Should::Flat),
    ("set NOT NULL", Should::Linear),
    ("change type", Should::Sorted),
    ("backup", Should::Linear),
];

struct Args {
    tables: Vec<u64>,
    rows: Vec<u64>,
    samples: usize,
    folder: PathBuf,
}

fn args() -> Result<Args> {
    let mut found = Args {
        tables: vec![10, 100, 1_000, 10_000],
        rows: vec![1_000, 10_000, 100_000, 1_000_000],
        samples: 5,
        folder: Path::new(env!("CARGO_MANIFEST_DIR")).join("results"),
    };
    let numbers = |text: &str| text.split(',').map(str::parse).collect::<std::result::Result<Vec<u64>, _>>();
    let mut list = std::env::args().skip(1);
    while let Some(name) = list.next() {
        let value = list.next().ok_or_else(|| format!("{name} needs a value"))?;
        match name.as_str() {
            "--tables" => found.tables = numbers(&value)?,
            "--rows" => found.rows = numbers(&value)?,
            "--samples" => found.samples = value.parse()?,
            "--out" => found.folder = PathBuf::from(value),
            _ => return Err(format!("unknown option {name}").into()),
        }
    }
    Ok(found)
}

fn main() -> Result<()> {
    let args = args()?;
    let folder = tempfile::tempdir()?;
    let load = machine::load();
    let mut board = Board::default();
    for &n in &args.tables {
        eprintln!("{n} tables");
        tables(&mut board, folder.path(), n, args.samples)?;
    }
    for &n in &args.rows {
        eprintln!("{n} rows");
        rows(&mut board, folder.path(), n, args.samples)?;
    }
    let date = machine::date()?;
    let mut page = format!("# How costs grow, {date}\n\n");
    for line in machine::lines(folder.path()) {
        writeln!(page, "- {line}")?;
    }
    writeln!(page, "- SQLite {}, commit {}", schema_runtime::rusqlite::version(), machine::commit())?;
    writeln!(page, "- load: {load} before, {} after; medians of {} samples", machine::load(), args.samples)?;
    writeln!(page, "- exponent: of the curve n^e that fits the three largest sizes best\n")?;
    page.push_str(&table(&board, "tables", &args.tables, &TABLES));
    page.push_str(&table(&board, "rows", &args.rows, &ROWS));
    std::fs::create_dir_all(&args.folder)?;
    std::fs::write(args.folder.join(format!("{date}-scaling.md")), &page)?;
    std::fs::write(args.folder.join(format!("{date}-scaling.csv")), board.csv())?;
    for (across, cases) in [("tables", TABLES.as_slice()), ("rows", ROWS.as_slice())] {
        let line =
            |(case, _): &(&str, Should)| svg::Line { name: (*case).to_owned(), points: points(&board, case) };
        let list: Vec<svg::Line> = cases.iter().map(line).collect();
        let text = svg::lines(&format!("Costs by {across}"), across, &list);
        std::fs::write(args.folder.join(format!("{date}-scaling-{across}.svg")), text)?;
    }
    print!("{page}");
    Ok(())
}

fn tables(board: &mut Board, folder: &Path, n: u64, samples: usize) -> Result<()> {
    let path = folder.join("tables.db");
    let size = n as usize;
    let first = migrator(size, More::Nowhere);
    for _ in 0..samples {
        wipe(&path);
        let mut conn = Connection::open(&path)?;
        conn.execute_batch(WAL)?;
        conn.execute_batch(PRAGMAS)?;
        let took = time(|| first.run_on(&mut conn).expect("created"));
        board.add("schema", n, "create", &[took.as_nanos() as u64]);
    }
    let mut conn = Connection::open(&path)?;
    for turn in 0..samples * 20 {
        let took = time(|| assert_eq!(first.run_on(&mut conn).expect("checked").outcome, Outcome::UpToDate));
        // The first one opens the log and prepares.
        if turn > 0 {
            board.add("schema", n, "start", &[took.as_nanos() as u64]);
        }
    }
    drop(conn);
    let plan = migrator(size, More::InOne).dry_run(true);
    for _ in 0..samples {
        let began = Instant::now();
        let phases = plan.run(&path).expect("planned").phases;
        board.add("schema", n, "plan one change", &[began.elapsed().as_nanos() as u64]);
        let proving = phases.plan + phases.preflight + phases.rehearse;
        board.add("schema", n, "plan and rehearse", &[proving.as_nanos() as u64]);
    }
    wipe(&path);
    Ok(())
}

fn rows(board: &mut Board, folder: &Path, n: u64, samples: usize) -> Result<()> {
    let (base, work, backups) = (folder.join("base.db"), folder.join("work.db"), folder.join("backups"));
    large::make(&base, n)?;
    for _ in 0..samples {
        for (case, _) in ROWS {
            large::copy(&base, &work)?;
            let took = large::engine(&work, case, &backups)?;
            board.add("schema", n, case, &[took.as_nanos() as u64]);
        }
    }
    wipe(&work);
    Ok(())
}

fn points(board: &Board, case: &str) -> Vec<(u64, u64)> {
    let sizes = board.sizes(case).into_iter();
    sizes.filter_map(|n| Some((n, board.find("schema", n, case)?.median()))).collect()
}

fn table(board: &Board, across: &str, sizes: &[u64], cases: &[(&str, Should)]) -> String {
    let mut text = format!("| {across} |");
    for n in sizes {
        let _ = write!(text, " {} |", thousands(*n));
    }
    let _ = write!(
        text,
        " exponent | should be | is it |\n| --- |{} ---: | --- | --- |\n",
        " ---: |".repeat(sizes.len())
    );
    for (case, should) in cases {
        let points = points(board, case);
        let _ = write!(text, "| {case} |");
        for (_, ns) in &points {
            let _ = write!(text, " {} |", shown(*ns));
        }
        let exponent = exponent(&points[points.len().saturating_sub(3)..]);
        let is = if exponent <= should.most() { "yes" } else { "no" };
        let _ = writeln!(text, " {exponent:.2} | {} | {is} |", should.name());
    }
    text + "\n"
}

/// The slope of the line through the logarithms that has the least squares.
fn exponent(points: &[(u64, u64)]) -> f64 {
    let list: Vec<(f64, f64)> = points.iter().map(|(n, ns)| ((*n as f64).ln(), (*ns as f64).ln())).collect();
    let count = list.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| list.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|it| it.0), mean(|it| it.1));
    let above: f64 = list.iter().map(|it| (it.0 - x) * (it.1 - y)).sum();
    let below: f64 = list.iter().map(|it| (it.0 - x).powi(2)).sum();
    above / below
}
