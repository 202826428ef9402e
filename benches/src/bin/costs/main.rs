//! What is not in `engine`, `methods` and `compare`: a backup beside SQLite's own, the peak of memory, and what the library costs those
//! who build with it.
//!
//! `costs [--rows 1000000] [--samples 5] [--compile] [--build] [--size] [--out FOLDER]`: the last three take minutes each.

mod crates;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crates::{Kind, Made};
use schema_benches::samples::{Board, thousands};
use schema_benches::{Result, large, machine};

struct Args {
    rows: u64,
    samples: usize,
    compile: bool,
    build: bool,
    size: bool,
    folder: PathBuf,
}

fn args() -> Result<Args> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = home.join("results");
    let mut found = Args { rows: 1_000_000, samples: 5, compile: false, build: false, size: false, folder };
    let mut list = std::env::args().skip(1);
    while let Some(name) = list.next() {
        match name.as_str() {
            "--compile" => found.compile = true,
            "--build" => found.build = true,
            "--size" => found.size = true,
            _ => {
                let value = list.next().ok_or_else(|| format!("{name} needs a value"))?;
                match name.as_str() {
                    "--rows" => found.rows = value.parse()?,
                    "--samples" => found.samples = value.parse()?,
                    "--out" => found.folder = PathBuf::from(value),
                    _ => return Err(format!("unknown option {name}").into()),
                }
            }
        }
    }
    Ok(found)
}

fn main() -> Result<()> {
    let args = args()?;
    let folder = tempfile::tempdir()?;
    let load = machine::load();
    let date = machine::date()?;
    let mut page = format!("# Other costs, {date}\n\n");
    for line in machine::lines(folder.path()) {
        writeln!(page, "- {line}")?;
    }
    writeln!(page, "- SQLite {}, commit {}", schema_runtime::rusqlite::version(), machine::commit())?;
    // Each table when it is made, since all of them take half an hour.
    let mut body = String::new();
    if args.rows > 0 {
        show(&mut body, rows(&args, folder.path())?);
    }
    if args.compile {
        show(&mut body, compile(&args, folder.path())?);
    }
    if args.build {
        show(&mut body, build(folder.path())?);
    }
    if args.size {
        show(&mut body, size(folder.path())?);
    }
    writeln!(
        page,
        "- load: {load} before, {} after; medians of {} samples\n",
        machine::load(),
        args.samples
    )?;
    page += &body;
    std::fs::create_dir_all(&args.folder)?;
    std::fs::write(args.folder.join(format!("{date}-costs.md")), &page)?;
    Ok(())
}

fn show(body: &mut String, tables: String) {
    print!("{tables}");
    body.push_str(&tables);
}

/// The backup, and the peak of memory of each change; both with a tenth of the rows as well.
fn rows(args: &Args, folder: &Path) -> Result<String> {
    let mut body = String::new();
    let status = Command::new("cargo")
        .args(["build", "--release", "--locked", "--quiet", "--bin", "large"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()?;
    if !status.success() {
        return Err("large cannot be built".into());
    }
    let program = std::env::current_exe()?.with_file_name("large");
    let (base, work) = (folder.join("base.db"), folder.join("work.db"));
    let sizes = [args.rows / 10, args.rows];
    let mut board = Board::default();
    let mut peaks: Vec<(u64, &str, u64)> = Vec::new();
    for n in sizes {
        eprintln!("{n} rows");
        large::make(&base, n)?;
        let run = |who: &str, case: &str| -> Result<(String, u64)> {
            large::copy(&base, &work)?;
            let output = Command::new(&program).args([who, case]).arg(&work).arg(n.to_string()).output()?;
            let line = String::from_utf8(output.stdout)?;
            let peak = line.trim().rsplit('\t').next().and_then(|it| it.parse().ok());
            Ok((line, peak.ok_or_else(|| String::from_utf8_lossy(&output.stderr).into_owned())?))
        };
        for _ in 0..args.samples {
            board.take(&run("raw", "backup")?.0);
            board.take(&run("schema", "backup")?.0);
        }
        peaks.push((n, "open", run("raw", "open")?.1));
        for case in large::ALL {
            peaks.push((n, case, run("schema", case)?.1));
        }
    }
    writeln!(body, "## A backup with its verification, beside SQLite's backup API alone\n")?;
    writeln!(body, "{}", board.table("backup", "rows"))?;
    writeln!(body, "## The peak of memory above that of an open connection, in MiB\n")?;
    writeln!(
        body,
        "| | {} rows | {} rows |\n| --- | ---: | ---: |",
        thousands(sizes[0]),
        thousands(sizes[1])
    )?;
    let peak = |n: u64, case: &str| peaks.iter().find(|it| it.0 == n && it.1 == case).map_or(0, |it| it.2);
    for case in large::ALL {
        write!(body, "| {case} |")?;
        for n in sizes {
            write!(body, " {:.1} |", (peak(n, case) as f64 - peak(n, "open") as f64) / 1024.0)?;
        }
        writeln!(body)?;
    }
    writeln!(body, "\nThe bare connection: {:.1} MiB.\n", peak(args.rows, "open") as f64 / 1024.0)?;
    Ok(body)
}

fn median(mut list: Vec<f64>) -> f64 {
    list.sort_by(f64::total_cmp);
    list[list.len() / 2]
}

/// The crate with the structs alone, all it depends on being built.
fn compile(args: &Args, folder: &Path) -> Result<String> {
    let mut body = String::new();
    writeln!(body, "## Compile time of structs of 8 fields, unoptimised: seconds of the processor\n")?;
    writeln!(
        body,
        "| | 1 struct | 100 | 200 | per struct | touching 1 of 100 |\n| --- |{}",
        " ---: |".repeat(5)
    )?;
    for kind in Kind::ALL {
        eprintln!("compiling: {}", kind.name());
        let made = Made::new(folder, kind)?;
        made.build(false)?;
        let mut times = Vec::new();
        for count in [1, 100, 200] {
            let mut found = Vec::new();
            for _ in 0..args.samples {
                made.structs(count, None)?;
                found.push(made.build(false)?.cpu.as_secs_f64());
            }
            times.push(median(found));
        }
        made.structs(100, None)?;
        made.build(true)?;
        let mut touched = Vec::new();
        for turn in 0..args.samples {
            made.structs(100, (turn % 2 == 0).then_some(50))?;
            touched.push(made.build(true)?.cpu.as_secs_f64());
        }
        writeln!(
            body,
            "| {} | {:.2} s | {:.2} s | {:.2} s | {:.1} ms | {:.2} s |",
            kind.name(),
            times[0],
            times[1],
            times[2],
            (times[2] - times[0]) / 199.0 * 1000.0,
            median(touched)
        )?;
    }
    writeln!(body)?;
    Ok(body)
}

/// Once each: they take long.
fn build(folder: &Path) -> Result<String> {
    let mut body = String::new();
    writeln!(
        body,
        "## A clean build with one struct, SQLite included, unoptimised\n\n| | clock | processor | above the first |\n| --- | ---: | ---: | ---: |"
    )?;
    let mut first = None;
    for kind in Kind::ALL {
        eprintln!("building: {}", kind.name());
        let took = Made::new(folder, kind)?.clean_build()?;
        let (clock, cpu) = (took.clock.as_secs_f64(), took.cpu.as_secs_f64());
        let above = cpu - *first.get_or_insert(cpu);
        writeln!(body, "| {} | {clock:.1} s | {cpu:.1} s | {above:.1} s |", kind.name())?;
    }
    writeln!(body)?;
    Ok(body)
}

fn size(folder: &Path) -> Result<String> {
    let mut body = String::new();
    writeln!(
        body,
        "## A release with one struct, stripped\n\n| | | above the first |\n| --- | ---: | ---: |"
    )?;
    let mut first = None;
    for kind in Kind::ALL {
        eprintln!("release: {}", kind.name());
        let bytes = Made::new(folder, kind)?.size()?;
        let above = bytes - *first.get_or_insert(bytes);
        writeln!(
            body,
            "| {} | {} KB | {} KB |",
            kind.name(),
            thousands(bytes / 1000),
            thousands(above / 1000)
        )?;
    }
    writeln!(body)?;
    Ok(body)
}
