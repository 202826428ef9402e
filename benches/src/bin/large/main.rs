//! One change of a large table in a process of its own, so that its peak of memory can be told.
//!
//! `large make FILE ROWS` makes the database; `large raw|schema CASE FILE ROWS` changes it, and prints who, rows, case, nanoseconds
//! and the peak in KiB, by tabs.

use std::path::PathBuf;

use schema_benches::{Result, large, machine};

fn main() -> Result<()> {
    let mut list = std::env::args().skip(1);
    let mut next = || list.next().ok_or("usage: large make FILE ROWS, or large raw|schema CASE FILE ROWS");
    let who = next()?;
    if who == "make" {
        return large::make(&PathBuf::from(next()?), next()?.parse()?);
    }
    let (case, path, rows) = (next()?, PathBuf::from(next()?), next()?);
    let backups = path.with_extension("backups");
    let took = match who.as_str() {
        "raw" => large::raw(&path, &case, &backups)?,
        "schema" => large::engine(&path, &case, &backups)?,
        other => return Err(format!("unknown program {other}").into()),
    };
    println!("{who}\t{rows}\t{case}\t{}\t{}", took.as_nanos(), machine::peak_kib());
    Ok(())
}
