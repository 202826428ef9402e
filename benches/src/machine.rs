//! What a run was made on, so that its figures can be read.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use schema_runtime::rusqlite::Connection;

use crate::Result;

/// The date, as SQLite tells it.
pub fn date() -> Result<String> {
    Ok(Connection::open_in_memory()?.query_row("SELECT date('now')", [], |row| row.get(0))?)
}

/// Processor, cores, memory, file system of `folder`, kernel, compiler: one line each.
pub fn lines(folder: &Path) -> Vec<String> {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let processor = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned());
    let memory = field("/proc/meminfo", "MemTotal").unwrap_or_default();
    let gib = memory.split(' ').next().and_then(|it| it.parse::<f64>().ok()).unwrap_or_default() / 1048576.0;
    let system = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    vec![
        format!("machine: {processor}, {cores} cores, {gib:.0} GiB, {}", file_system(folder)),
        format!("system: {} {}", std::env::consts::OS, system.trim()),
        format!("compiler: {}", said("rustc", &["--version"])),
    ]
}

/// How many processes want a core, over the last minute; a quiet machine has less than one besides this program.
pub fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or("unknown").to_owned()
}

/// The commit that is measured, with a word if it was changed.
pub fn commit() -> String {
    said("git", &["-C", env!("CARGO_MANIFEST_DIR"), "describe", "--always", "--dirty", "--abbrev=10"])
}

/// The peak of this process's memory in KiB.
pub fn peak_kib() -> u64 {
    let text = field("/proc/self/status", "VmHWM").unwrap_or_default();
    text.split(' ').next().and_then(|it| it.parse().ok()).unwrap_or_default()
}

/// The processor's time of all children that have ended, and of theirs. Linux counts it in hundredths of a second.
pub fn children_cpu() -> Duration {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name, which may hold blanks, ends with the last bracket; then come the state and the fields from the fourth.
    let fields = text.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: u64 = fields.skip(13).take(2).filter_map(|it| it.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn file_system(folder: &Path) -> String {
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let fields = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let holds = fields.filter(|it| it.len() > 2 && folder.starts_with(it[1]));
    holds.max_by_key(|it| it[1].len()).map_or("unknown file system".to_owned(), |it| it[2].to_owned())
}

fn said(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output();
    output.map_or("unknown".to_owned(), |it| String::from_utf8_lossy(&it.stdout).trim().to_owned())
}
