//! The stock command, which has no model of its own: every target is a file.

use std::process::ExitCode;

fn main() -> ExitCode {
    schema_cli::Command::without_model().run()
}
