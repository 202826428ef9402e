//! `man`: the manual page, in roff.

use clap::CommandFactory;
use serde_json::json;

use crate::args::{self, CommandLine};
use crate::exit::{Failure, Result};
use crate::output::Answer;
use crate::target::Context;

pub(crate) fn run(context: &Context, args: &args::Man) -> Result<Answer> {
    let mut command = CommandLine::command().name(context.program.clone());
    command.build();
    let page = match &args.verb {
        None => command,
        Some(verb) => {
            let found = command.find_subcommand(verb).cloned();
            let page = found.ok_or_else(|| {
                let verbs = command.get_subcommands().map(|verb| format!("`{}`", verb.get_name()));
                Failure::usage(format!("`{}` is no verb", verb.escape_debug()))
                    .cause(format!("the verbs are {}", verbs.collect::<Vec<_>>().join(", ")))
                    .state("nothing was opened")
                    .help("name one of these, or none for the page of the whole command")
            })?;
            let name = format!("{}-{}", context.program, page.get_name());
            page.name(name)
        }
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(page)
        .render(&mut text)
        .map_err(|err| Failure::new("output", "cannot write the manual page").cause(err.to_string()))?;
    let text = String::from_utf8_lossy(&text).into_owned();
    Ok(Answer::done(text.clone(), json!({ "page": args.verb, "text": text })))
}
