//! Wrong models and what the compiler says about them: pairs of `.rs` and `.stderr` under `ui/<kind>/`.
//!
//! The texts around ours change with the compiler, so the pairs are compared on the toolchain that they were written with, and
//! skipped on any other. `TRYBUILD=overwrite` writes them anew.

const TOOLCHAIN: &str = "rustc 1.95.";

#[test]
fn mistakes_are_compile_errors_that_name_the_remedy() {
    let version = std::process::Command::new("rustc").arg("--version").output();
    let version =
        version.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    if !version.starts_with(TOOLCHAIN) {
        println!("skipped: the expected texts are those of {TOOLCHAIN}x, this is {version}");
        return;
    }
    let cases = trybuild::TestCases::new();
    cases.compile_fail("ui/*/*.rs");
}
