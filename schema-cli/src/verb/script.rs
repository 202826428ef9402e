//! `script`: SQL that leads from one state to another, without a database.

use serde_json::json;

use crate::args;
use crate::exit::{Failure, Result};
use crate::output::{Answer, push_line};
use crate::target::Context;

pub(crate) fn run(context: &Context, args: &args::Script) -> Result<Answer> {
    match &args.to {
        Some(to) => of_models(context, args, to),
        None => of_migrations(context, args),
    }
}

fn of_models(context: &Context, args: &args::Script, to: &std::path::Path) -> Result<Answer> {
    let from = args.from.clone().unwrap_or_default();
    let plan = context.migrator_for(Some(to))?.diff(&context.compared(&from)?)?;
    let (a, b) = (from.display().to_string(), to.display().to_string());
    let mut text = String::new();
    push_line(&mut text, &format!("-- From {a} to {b}."));
    if plan.is_empty() {
        push_line(&mut text, "-- Nothing is to do.");
    } else {
        push_line(
            &mut text,
            "-- For the sqlite3 shell. It makes no backup, asks no row and records nothing; the next run",
        );
        push_line(&mut text, "-- with this schema finds the changes done and takes them over.");
        text.push_str(&super::plan::script(&plan));
    }
    Ok(Answer::done(
        text.clone(),
        json!({ "from": a, "to": b, "versions": null, "back": false, "sql": text }),
    ))
}

fn of_migrations(context: &Context, args: &args::Script) -> Result<Answer> {
    let from = args.from.as_ref().map(|from| from.display().to_string());
    if let Some(file) = from.as_ref().filter(|from| !from.chars().all(|c| c.is_ascii_digit())) {
        return Err(Failure::usage(format!("`{file}` is no number of a migration"))
            .state("nothing was written")
            .help("give a number, or name the schema to which it shall lead with `--to FILE`"));
    }
    let (_, migrations) = context.written()?;
    let script = migrations.script(from.as_deref(), args.upto.as_deref())?;
    let last = migrations.iter().last().map(|migration| migration.version().to_owned());
    let upto = args.upto.clone().or(last).unwrap_or_default();
    let a = from.unwrap_or_else(|| "000".to_owned());
    let mut text = String::new();
    push_line(&mut text, &format!("-- From migration {a} to {upto}."));
    if script.versions.is_empty() {
        push_line(&mut text, "-- Nothing is to do.");
    } else {
        let versions = script.versions.join(", ");
        push_line(
            &mut text,
            "-- For the sqlite3 shell. It makes no backup and records nothing. So that the history agrees, then say",
        );
        let next = match script.back {
            false => format!("`{} resolve DB --applied NUMBER` for {versions}.", context.program),
            true => format!(
                "`{0} resolve DB --undone NUMBER` for {versions}. Where the database is at hand, `{0} rollback` does both.",
                context.program
            ),
        };
        push_line(&mut text, &format!("-- {next}"));
        push_line(&mut text, ".bail on");
        text.push_str(&script.sql);
    }
    Ok(Answer::done(
        text.clone(),
        json!({ "from": a, "to": upto, "versions": script.versions, "back": script.back, "sql": text }),
    ))
}
