//! Cargo does not see by itself that a folder of migrations or snapshots has a new file. The pages of `docs` become texts for rustdoc, which `lib.rs` includes.

#[path = "book/blocks.rs"]
mod blocks;

use std::path::Path;
use std::{env, fs};

fn main() {
    for folder in ["dashboard/migrations", "dashboard/schema", "task_orchestrator/schema"] {
        println!("cargo::rerun-if-changed={folder}");
    }
    let out = env::var_os("OUT_DIR").expect("cargo says where");
    for page in [
        "README",
        "docs/command",
        "docs/cookbook",
        "docs/hazards",
        "docs/introduction",
        "docs/limits",
        "docs/moving",
        "docs/operations",
    ] {
        let file = format!("../{page}.md");
        println!("cargo::rerun-if-changed={file}");
        let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
        let to = Path::new(&out).join(format!("{}.md", page.trim_start_matches("docs/")));
        fs::write(to, blocks::whole(&file, &text)).expect("a text");
    }
}
