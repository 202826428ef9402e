//! `completions`: what a shell has to know of the command line.

use clap::CommandFactory;
use serde_json::json;

use crate::args::{self, CommandLine};
use crate::exit::Result;
use crate::output::Answer;
use crate::target::Context;

pub(crate) fn run(context: &Context, args: &args::Completions) -> Result<Answer> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut CommandLine::command(), context.program.as_str(), &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    let fields = json!({ "shell": args.shell.to_string(), "text": script });
    Ok(Answer::done(script, fields))
}
