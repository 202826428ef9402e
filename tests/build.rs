//! The models here are compiled as rust-analyzer reads them: what the derives make for editors alone has to compile too.

fn main() {
    println!("cargo::rustc-cfg=rust_analyzer");
    println!("cargo::rerun-if-changed=build.rs");
}
