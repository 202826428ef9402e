//! The engine, its peers and raw SQLite side by side, in one run: tables, CSV and plots.
//!
//! See `benches/README.md` for the command, the options and what is unlike between the programs.

mod page;
mod peers;

use std::path::{Path, PathBuf};

use schema_benches::samples::Board;
use schema_benches::{Result, large, machine};

use peers::{PYTHON, Program, RUST};

/// What is asked for.
pub struct Args {
    tables: Vec<usize>,
    samples: usize,
    rounds: usize,
    /// As a program of `peers` takes them; all if none.
    cases: Option<String>,
    /// Names of `RUST` and `PYTHON`; all if empty.
    peers: Vec<String>,
    /// No database of so many rows is made if zero.
    rows: u64,
    folder: PathBuf,
    note: String,
}

fn args() -> Result<Args> {
    let mut found = Args {
        tables: vec![10, 100, 1000],
        samples: 30,
        rounds: 3,
        cases: None,
        peers: Vec::new(),
        rows: 1_000_000,
        folder: peers::home().join("results"),
        note: String::new(),
    };
    let mut list = std::env::args().skip(1);
    while let Some(name) = list.next() {
        let value = list.next().ok_or_else(|| format!("{name} needs a value"))?;
        match name.as_str() {
            "--tables" => {
                found.tables = value.split(',').map(str::parse).collect::<std::result::Result<_, _>>()?;
            }
            "--samples" => found.samples = value.parse()?,
            "--rounds" => found.rounds = value.parse::<usize>()?.max(1),
            "--cases" => found.cases = Some(value),
            "--peers" => found.peers = value.split(',').map(str::to_owned).collect(),
            "--rows" => found.rows = value.parse()?,
            "--csv" => found.folder = PathBuf::from(value),
            "--note" => found.note = value,
            _ => return Err(format!("unknown option {name}").into()),
        }
    }
    let known = |name: &str| RUST.iter().any(|it| it.name == name) || PYTHON.iter().any(|it| it.0 == name);
    if let Some(name) = found.peers.iter().find(|name| !known(name)) {
        return Err(format!("unknown peer {name}").into());
    }
    Ok(found)
}

impl Args {
    fn wants(&self, peer: &str) -> bool {
        self.peers.is_empty() || self.peers.iter().any(|it| it == peer)
    }
}

fn main() -> Result<()> {
    let args = args()?;
    let mut board = Board::default();
    board.say("schema", "version", &format!("commit {}", machine::commit()));
    let python = if PYTHON.iter().any(|it| args.wants(it.0)) {
        peers::python().inspect_err(|why| eprintln!("skipped: the programs in Python: {why}")).ok()
    } else {
        None
    };
    let programs = programs(&args, python.as_deref(), &mut board)?;
    let folder = tempfile::tempdir()?;
    let before = machine::load();
    // In rounds, each of all programs one after another, so that what disturbs the machine for a while disturbs all of them.
    let each = args.samples.div_ceil(args.rounds);
    for round in 1..=args.rounds {
        for (n, program) in &programs {
            eprintln!("round {round} of {}: {n} tables, {}", args.rounds, program.label);
            let folder = folder.path().to_string_lossy().into_owned();
            let mut words = vec![n.to_string(), each.to_string(), folder];
            words.extend(args.cases.clone());
            program.run(&words, &mut board);
        }
    }
    if args.rows > 0 {
        rows(&args, python.as_deref(), folder.path(), &mut board)?;
    }
    // The complete check is a start too: in its table it stands beside what others look at.
    for found in board.list.clone().into_iter().filter(|it| it.case == "complete check" && it.who == "schema")
    {
        board.add("schema, complete check", found.n, "start", &found.ns);
    }
    page::write(&args, &board, folder.path(), &before)
}

/// What runs in each round, built.
fn programs(args: &Args, python: Option<&Path>, board: &mut Board) -> Result<Vec<(usize, Program)>> {
    let mut programs: Vec<(usize, Program)> = Vec::new();
    for &n in &args.tables {
        programs.push((n, peers::own("engine")?));
        for peer in RUST.iter().filter(|it| args.wants(it.name)) {
            match peer.program(n, board) {
                Ok(Some(program)) => programs.push((n, program)),
                Ok(None) => {
                    eprintln!("skipped: {} with {n} tables cannot be built in bearable time", peer.name)
                }
                Err(err) => eprintln!("skipped: {} with {n} tables: {err}", peer.name),
            }
        }
        if let Some(python) = python {
            for (_, file) in PYTHON.iter().filter(|it| args.wants(it.0)) {
                programs.push((n, peers::script(python, file)));
            }
        }
    }
    Ok(programs)
}

/// The changes of a large table, each on a fresh copy of one file, the programs in turns.
fn rows(args: &Args, python: Option<&Path>, folder: &Path, board: &mut Board) -> Result<()> {
    let own = peers::own("large")?;
    let (base, work) = (folder.join("base.db"), folder.join("work.db"));
    eprintln!("making {} rows", args.rows);
    large::make(&base, args.rows)?;
    let mut list: Vec<(&str, &str)> = Vec::new();
    for case in large::CHANGES {
        list.extend([("raw", case), ("schema", case)]);
        if case == "set NOT NULL" {
            list.push(("raw", "set NOT NULL by copying"));
        }
        let tools = [("sqlite-utils", "sqlite-utils"), ("Alembic", "alembic"), ("Django", "django")];
        list.extend(tools.iter().filter(|it| args.wants(it.1)).map(|it| (it.0, case)));
    }
    let large = python.map(|python| peers::script(python, "large.py"));
    for turn in 1..=args.rounds {
        for (who, case) in &list {
            let program = if matches!(*who, "raw" | "schema") { Some(&own) } else { large.as_ref() };
            let Some(program) = program else { continue };
            eprintln!("round {turn} of {}: {case}, {who}", args.rounds);
            schema_benches::large::copy(&base, &work)?;
            let words = [
                who.to_string(),
                case.to_string(),
                work.to_string_lossy().into_owned(),
                args.rows.to_string(),
            ];
            program.run(&words, board);
        }
    }
    // A raw form of the same change, so in its table.
    if let Some(found) = board.find("raw", args.rows, "set NOT NULL by copying").cloned() {
        board.add("raw, by copying", args.rows, "set NOT NULL", &found.ns);
        board.list.retain(|it| it.case != found.case);
    }
    Ok(())
}
