//! Cargo does not see by itself that a folder of migrations has a new file.

fn main() {
    println!("cargo::rerun-if-changed=dashboard/migrations");
}
