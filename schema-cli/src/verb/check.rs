//! `check`: the state of a database as an exit code, for CI.

use schema_runtime::DriftPolicy;
use serde_json::json;

use crate::exit::{Exit, Failure, Result};
use crate::output::{Answer, count, push_line};
use crate::target::Context;
use crate::view::{change_text, list_text, plan_json};

pub(crate) fn run(context: &Context) -> Result<Answer> {
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
    let mut text = String::new();
    for migration in &status.migrations {
        push_line(&mut text, &format!("migration {migration}"));
    }
    for change in status.pending.changes() {
        push_line(&mut text, &change_text(change));
    }
    list_text(&mut text, "warning", &status.warnings);
    list_text(&mut text, "note", &status.notes);
    let pending = !status.pending.is_empty() || !status.migrations.is_empty();
    push_line(
        &mut text,
        &match (&status.newer, pending) {
            (Some(newer), _) => format!("{shown}: version {newer} is newer, and is used as it is"),
            (None, true) => {
                let due = status.migrations.len() + status.pending.steps.len();
                format!("{shown}: {} pending", count(due as u64, "step"))
            }
            (None, false) => format!("{shown}: up to date"),
        },
    );
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
        Some(failure) => answer.but(failure),
        None if pending => answer.exit(Exit::Pending),
        None => answer,
    })
}
