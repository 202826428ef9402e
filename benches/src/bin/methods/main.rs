//! Each way to change a table beside its raw form, and each estimate beside the time that the change took.
//!
//! See `benches/README.md` for the command and for what the columns mean.

use std::fmt::Write as _;

use schema_benches::Result;
use schema_benches::cases::CASES;
use schema_benches::stage::{Run, Stage, many, ms};

struct Args {
    rows: u64,
    runs: usize,
    journal: String,
    filter: String,
    csv: Option<String>,
    tables: bool,
}

fn args() -> Result<Args> {
    let mut found = Args {
        rows: 1_000_000,
        runs: 3,
        journal: "wal".to_owned(),
        filter: String::new(),
        csv: None,
        tables: true,
    };
    let mut list = std::env::args().skip(1);
    while let Some(name) = list.next() {
        if name == "--no-tables" {
            found.tables = false;
            continue;
        }
        let value = list.next().ok_or_else(|| format!("{name} needs a value"))?;
        match name.as_str() {
            "--rows" => found.rows = value.parse()?,
            "--runs" => found.runs = value.parse()?,
            "--journal" => found.journal = value,
            "--filter" => found.filter = value,
            "--csv" => found.csv = Some(value),
            _ => return Err(format!("unknown option {name}").into()),
        }
    }
    Ok(found)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn middle(runs: &[Run], of: impl Fn(&Run) -> f64) -> f64 {
    median(runs.iter().map(of).collect())
}

fn main() -> Result<()> {
    let args = args()?;
    let folder = tempfile::tempdir()?;
    let stage = Stage { folder: folder.path().to_owned(), rows: args.rows, journal: args.journal.clone() };
    let mut csv = String::from(
        "case,shape,journal,rows,methods,raw_ms,raw_commit_ms,steps_ms,ratio,goal,preflight_ms,rehearse_ms,apply_ms,verify_ms,change_ms,whole_ms,estimate_ms,factor\n",
    );
    println!("{} rows, journal {}, SQLite {}", args.rows, args.journal, schema_runtime::rusqlite::version());
    println!(
        "{:44} {:>9} {:>9} {:>6} {:>5} {:>9} {:>9} {:>9} {:>7}  methods",
        "case", "raw", "steps", "ratio", "goal", "change", "whole", "estimate", "factor"
    );
    let mut missed = Vec::new();
    let mut factors = Vec::new();
    for case in CASES.iter().filter(|case| case.name.contains(&args.filter)) {
        let (mut raws, mut commits, mut runs) = (Vec::new(), Vec::new(), Vec::new());
        let mut methods = String::new();
        // One uncounted run each warms the file and the program.
        for turn in 0..=args.runs {
            if !case.raw.is_empty() {
                let (raw, commit) = stage.raw(case).map_err(|err| format!("{}, raw: {err}", case.name))?;
                if turn > 0 {
                    raws.push(raw);
                    commits.push(commit);
                }
            }
            let (run, found) = stage.engine(case).map_err(|err| format!("{}: {err}", case.name))?;
            methods = found;
            if turn > 0 {
                runs.push(run);
            }
        }
        let raw = median(raws);
        let steps = middle(&runs, |run| run.steps);
        let (change, estimate) = (middle(&runs, |run| run.change), middle(&runs, |run| run.estimate));
        let ratio = if case.raw.is_empty() { f64::NAN } else { steps / raw };
        let factor = estimate / change;
        let goal = case.class.goal().filter(|_| !case.raw.is_empty());
        factors.push(factor);
        if goal.is_some_and(|goal| ratio > goal) {
            missed.push(case.name);
        }
        let shown = |value: f64| if value.is_finite() { format!("{value:.2}") } else { "-".to_owned() };
        println!(
            "{:44} {:>9.1} {:>9.1} {:>6} {:>5} {:>9.1} {:>9.1} {:>9.0} {:>7.2}  {methods}",
            case.name,
            raw,
            steps,
            shown(ratio),
            goal.map_or("-".to_owned(), |goal| goal.to_string()),
            change,
            middle(&runs, |run| run.whole),
            estimate,
            factor
        );
        writeln!(
            csv,
            "\"{}\",{:?},{},{},{methods},{raw:.2},{:.2},{steps:.2},{},{},{:.2},{:.2},{:.2},{:.2},{change:.2},{:.2},{estimate},{factor:.2}",
            case.name,
            case.shape,
            args.journal,
            case.shape.rows(args.rows),
            median(commits),
            shown(ratio),
            goal.map_or(String::new(), |goal| goal.to_string()),
            middle(&runs, |run| ms(run.phases.preflight)),
            middle(&runs, |run| ms(run.phases.rehearse)),
            middle(&runs, |run| ms(run.phases.apply)),
            middle(&runs, |run| ms(run.phases.verify)),
            middle(&runs, |run| run.whole),
        )?;
    }
    let within = |pace: f64| factors.iter().filter(|factor| (0.5..=2.0).contains(&(*factor * pace))).count();
    // What the history would have taught: the median of time by estimate.
    let pace = 1.0 / median(factors.clone());
    println!(
        "estimates within a factor of two: {} of {}, and {} at the pace of this machine, {pace:.2}; goals missed: {}",
        within(1.0),
        factors.len(),
        within(pace),
        missed.join(", ")
    );
    if args.tables {
        for n in [10, 100, 1000] {
            let (raw, run) = many(&stage.folder, n)?;
            println!(
                "a column into each of {n} tables: raw {raw:.1} ms, steps {:.1} ms (ratio {:.3}), change {:.1} ms, whole {:.1} ms, estimate {:.0} ms",
                run.steps,
                run.steps / raw,
                run.change,
                run.whole,
                run.estimate
            );
            writeln!(
                csv,
                "\"a column into each of {n} tables\",,wal,{n},,{raw:.2},,{:.2},{:.3},,,,,,{:.2},{:.2},{:.0},{:.2}",
                run.steps,
                run.steps / raw,
                run.change,
                run.whole,
                run.estimate,
                run.estimate / run.change
            )?;
        }
    }
    if let Some(path) = args.csv {
        std::fs::write(path, csv)?;
    }
    Ok(())
}
