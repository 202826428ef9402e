//! `status`: where a database stands. It reports, and exits with 0 whatever there is to report; `check` judges.

use schema_runtime::{Candidate, RevisionStatus, Status};
use serde_json::{Value, json};

use crate::exit::{Failure, Result};
use crate::output::{Answer, count, push_line};
use crate::target::Context;
use crate::view::{change_text, list_text, plan_json, revision_json, revision_line};

/// So many candidates for a rollback are shown as text.
const SHOWN: usize = 5;

pub(crate) fn run(context: &Context) -> Result<Answer> {
    let path = context.existing_database()?;
    let shown = path.display().to_string();
    if !context.has_target() {
        return recorded(context, &path, &shown);
    }
    // Read once: a target may come through a pipe.
    let migrator = context.migrator()?.dry_run(true);
    let status = migrator.status(&path)?;
    let candidates = migrator.rollback_candidates(&path)?;
    let up_to_date = status.is_up_to_date() && status.newer.is_none();
    let refused = status.refusal.clone().map(Failure::from);
    Ok(Answer::done(
        text(&shown, &status) + &candidates_text(&candidates),
        json!({
            "database": shown,
            "model": status.model,
            "version": status.version,
            "up_to_date": up_to_date,
            "migrations": status.migrations,
            "plan": plan_json(&status.pending),
            "refused": refused.map(|failure| json!({
                "kind": failure.kind,
                "what": failure.what,
                "causes": failure.causes,
                "state": failure.state,
                "help": failure.help,
                "exit": failure.exit.code(),
            })),
            "newer": status.newer,
            "last": status.last.as_ref().map(revision_json),
            "last_migration": status.last_migration.as_ref().map(revision_json),
            "drift": status.drift,
            "repaired": status.repaired,
            "tampered": status.tampered,
            "retired": status.retired,
            "foreign": status.foreign,
            "warnings": status.warnings,
            "notes": status.notes,
            "rollback": candidates,
        }),
    ))
}

fn text(shown: &str, status: &Status) -> String {
    let mut text = String::new();
    let refused = status.refusal.clone().map(Failure::from);
    match (&refused, &status.newer) {
        (Some(failure), _) => {
            push_line(&mut text, &format!("{shown}: a run would be refused"));
            for line in failure.to_string().lines() {
                push_line(&mut text, &format!("  {line}"));
            }
        }
        (None, Some(newer)) => push_line(
            &mut text,
            &format!("{shown}: version {newer} is newer; version {} runs on it as it is", status.version),
        ),
        (None, None) if status.is_up_to_date() => push_line(&mut text, &format!("{shown}: up to date")),
        (None, None) => {
            let due = match status.pending.steps.len() {
                0 => count(status.migrations.len() as u64, "migration"),
                steps => count((steps + status.migrations.len()) as u64, "step"),
            };
            push_line(&mut text, &format!("{shown}: {due} pending"));
            for change in status.pending.changes() {
                push_line(&mut text, &format!("  {}", change_text(change)));
            }
        }
    }
    for migration in &status.migrations {
        push_line(&mut text, &format!("  migration {migration}"));
    }
    push_line(&mut text, &format!("model: {} {}", status.model, status.version));
    match &status.last {
        Some(last) => push_line(&mut text, &format!("last revision: {}", revision_line(last))),
        None if status.last_migration.is_some() => {}
        None => push_line(&mut text, "last revision: none"),
    }
    if let Some(last) = &status.last_migration {
        push_line(&mut text, &format!("last migration: {}", revision_line(last)));
    }
    list_text(&mut text, "retired", &status.retired);
    list_text(&mut text, "foreign", &status.foreign);
    list_text(&mut text, "warning", &status.warnings);
    list_text(&mut text, "note", &status.notes);
    text
}

/// What could be rolled back, and what that would do.
fn candidates_text(candidates: &[Candidate]) -> String {
    let mut text = String::new();
    for one in candidates.iter().take(SHOWN) {
        if let (Some(why), true) = (&one.refused, one.to_version.is_empty()) {
            push_line(&mut text, &format!("rollback of revision {}: not possible: {why}", one.revision));
            return text;
        }
        let refused = one.refused.as_ref().map(|why| format!("; not possible: {why}")).unwrap_or_default();
        let changes = if one.changes.is_empty() { "no change".to_owned() } else { one.changes.join("; ") };
        let data = if one.backup.is_some() { ", with values from its backup" } else { "" };
        push_line(
            &mut text,
            &format!(
                "rollback of revision {} to version {}: {changes}{data}{refused}",
                one.revision, one.to_version
            ),
        );
        // What is below it cannot be reached either.
        if one.refused.is_some() {
            return text;
        }
    }
    if candidates.len() > SHOWN {
        let more = count((candidates.len() - SHOWN) as u64, "revision");
        push_line(&mut text, &format!("rollback of {more} more: see `--json`"));
    }
    text
}

/// Without a target: the last completed revision of each model.
fn recorded(context: &Context, path: &std::path::Path, shown: &str) -> Result<Answer> {
    let history = context.without_target().history(path)?;
    let mut models: Vec<&str> = Vec::new();
    for revision in &history {
        if !models.contains(&revision.model.as_str()) {
            models.push(&revision.model);
        }
    }
    let mut text = String::new();
    let mut list = Vec::new();
    for model in models {
        let last = history
            .iter()
            .rfind(|revision| revision.model == model && revision.status == RevisionStatus::Completed);
        let line = last.map_or_else(|| "none".to_owned(), revision_line);
        push_line(&mut text, &format!("{shown}: last revision of `{model}`: {line}"));
        let candidates = context.of_model(model).rollback_candidates(path)?;
        text.push_str(&candidates_text(&candidates));
        list.push(json!({ "model": model, "last": last.map(revision_json), "rollback": candidates }));
    }
    if list.is_empty() {
        push_line(&mut text, &format!("{shown}: no revision is recorded"));
        for tracking in context.without_target().trackings(path)? {
            push_line(
                &mut text,
                &format!("note: {tracking} has recorded migrations here: `adopt` takes them over"),
            );
        }
    }
    push_line(&mut text, "no target is named: say `--to FILE` to see what is pending");
    Ok(Answer::done(text, json!({ "database": shown, "model": Value::Null, "models": list })))
}
