//! `check`: the state of a database as an exit code, for CI.

use schema_runtime::{DriftPolicy, Status};
use serde_json::json;

use crate::args::{self, Format};
use crate::exit::{Exit, Failure, Result};
use crate::github::{self, Annotation, Level};
use crate::output::{Answer, count, push_line};
use crate::target::Context;
use crate::view::{change_line, change_text, list_text, plan_json};

pub(crate) fn run(context: &Context, args: &args::Check) -> Result<Answer> {
    let path = context.existing_database()?;
    let status = context.migrator()?.dry_run(true).status(&path)?;
    let shown = path.display().to_string();
    // What was done behind the tool's back comes first: whatever else is wrong may follow from it.
    if !status.tampered.is_empty() {
        let failure = Failure::new("history", format!("the history of `{shown}` is not as it was written"))
            .exit(Exit::Drift)
            .state("nothing was changed")
            .help("find out who did it, and restore the database from a backup if the history cannot be trusted");
        return Err(status.tampered.into_iter().fold(failure, Failure::cause));
    }
    if let Some(refusal) = status.refusal {
        return Err(refusal.into());
    }
    if !status.repaired.is_empty() && context.settings.layer.drift != Some(DriftPolicy::Repair) {
        let failure = Failure::new("drift", format!("`{shown}` was changed by hand"))
            .exit(Exit::Drift)
            .state("nothing was changed")
            .help(
                "put it right with `apply`, or take the change into the target; `--drift repair` accepts it",
            );
        return Err(status.repaired.into_iter().fold(failure, Failure::cause));
    }
    let pending = !status.pending.is_empty() || !status.migrations.is_empty();
    let sum = match (&status.newer, pending) {
        (Some(newer), _) => format!("{shown}: version {newer} is newer, and is used as it is"),
        (None, true) => {
            let due = status.migrations.len() + status.pending.steps.len();
            format!("{shown}: {} pending", count(due as u64, "step"))
        }
        (None, false) => format!("{shown}: up to date"),
    };
    let text = match args.format {
        Format::Text => text(&status, &sum),
        Format::Github => annotations(&status, pending, &sum, target(context).as_deref()),
    };
    let answer = Answer::done(
        text,
        json!({
            "database": shown,
            "pending": pending,
            "migrations": status.migrations,
            "plan": plan_json(&status.pending),
            "newer": status.newer,
            "retired": status.retired,
            "foreign": status.foreign,
            "warnings": status.warnings,
            "notes": status.notes,
        }),
    );
    Ok(match super::plan::refused_by_time(context, &status.pending) {
        Some(failure) if args.format == Format::Github => {
            let line = Annotation::of_failure(&failure, target(context).as_deref()).line();
            Answer { text: format!("{}{line}\n", answer.text), ..answer }.but(failure)
        }
        Some(failure) => answer.but(failure),
        None if pending => answer.exit(Exit::Pending),
        None => answer,
    })
}

/// The file that says what is wanted, where the command line names one.
pub(crate) fn target(context: &Context) -> Option<String> {
    context.settings.layer.to.as_ref().map(|path| path.display().to_string())
}

fn text(status: &Status, sum: &str) -> String {
    let mut text = String::new();
    for migration in &status.migrations {
        push_line(&mut text, &format!("migration {migration}"));
    }
    for change in status.pending.changes() {
        push_line(&mut text, &change_text(change));
    }
    list_text(&mut text, "warning", &status.warnings);
    list_text(&mut text, "note", &status.notes);
    push_line(&mut text, sum);
    text
}

/// One annotation of each level at most: GitHub shows ten of a step, and keeps silent about the others.
fn annotations(status: &Status, pending: bool, sum: &str, file: Option<&str>) -> String {
    let due = status.migrations.iter().map(|migration| format!("migration {migration}"));
    let due: Vec<String> = due.chain(status.pending.changes().map(change_line)).collect();
    let mut text = String::new();
    for (level, lines) in
        [(Level::Error, &due), (Level::Warning, &status.warnings), (Level::Notice, &status.notes)]
    {
        if !lines.is_empty() {
            let file = file.map(|file| (file, None));
            let annotation = Annotation { level, file, title: sum.to_owned(), text: lines.join("\n") };
            push_line(&mut text, &annotation.line());
        }
    }
    if !pending {
        // No command: a path may be called as one.
        push_line(&mut text, &format!("checked {}", github::data(sum)));
    }
    text
}
