//! Cargo does not see by itself that a folder of migrations or snapshots has a new file.

fn main() {
    for folder in ["dashboard/migrations", "dashboard/schema", "task_orchestrator/schema"] {
        println!("cargo::rerun-if-changed={folder}");
    }
}
