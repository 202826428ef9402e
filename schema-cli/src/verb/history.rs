//! `history`: every run that the database records.

use schema_runtime::{Group, Revision, Runs, Statistics};
use serde_json::json;

use crate::args;
use crate::exit::Result;
use crate::output::{Answer, count, push_line};
use crate::target::Context;
use crate::view::revision_json;

pub(crate) fn run(context: &Context, args: &args::History) -> Result<Answer> {
    let path = context.existing_database()?;
    let all = context.without_target().history(&path)?;
    let wanted = |revision: &&Revision| args.model.as_ref().is_none_or(|model| *model == revision.model);
    let mut revisions: Vec<&Revision> = all.iter().filter(wanted).collect();
    if let Some(limit) = args.limit {
        revisions.drain(..revisions.len().saturating_sub(limit));
    }
    let shown = path.display().to_string();
    let mut text = String::new();
    if revisions.is_empty() {
        let none = match &args.model {
            _ if args.limit == Some(0) && !all.is_empty() => "no revision is shown".to_owned(),
            Some(model) if !all.is_empty() => format!("no revision of the model `{model}` is recorded"),
            _ => "no revision is recorded".to_owned(),
        };
        push_line(&mut text, &format!("{shown}: {none}"));
    }
    if args.stats {
        let rows: Vec<Revision> = revisions.into_iter().cloned().collect();
        let statistics = Statistics::of(&rows);
        statistics_text(&mut text, &statistics);
        return Ok(Answer::done(text, json!({ "database": shown, "statistics": statistics })));
    }
    for revision in &revisions {
        revision_text(&mut text, revision);
    }
    let list: Vec<_> = revisions.iter().map(|revision| revision_json(revision)).collect();
    Ok(Answer::done(text, json!({ "database": shown, "revisions": list })))
}

fn statistics_text(text: &mut String, statistics: &Statistics) {
    push_line(text, &format!("all: {}", runs_text(&statistics.all)));
    let groups: [(&str, &[Group]); 5] = [
        ("version", &statistics.versions),
        ("batch", &statistics.batches),
        ("program", &statistics.programs),
        ("by", &statistics.people),
        ("failure", &statistics.failures),
    ];
    for (title, list) in groups {
        for group in list {
            let model = group.model.as_ref().map(|model| format!("{model} ")).unwrap_or_default();
            push_line(text, &format!("{title} {model}{}: {}", group.name, runs_text(&group.runs)));
        }
    }
}

/// `4 runs: 2 completed, 1 failed, 1 rolled back; 75 % came to their end, in 30 ms on average, 50 ms at most`
fn runs_text(runs: &Runs) -> String {
    format!(
        "{}: {} completed, {} failed, {} rolled back; {} % came to their end, in {} ms on average, {} ms at most",
        count(runs.runs, "run"),
        runs.completed,
        runs.failed,
        runs.rolled_back,
        runs.success_rate,
        runs.mean_ms,
        runs.longest_ms
    )
}

fn revision_text(text: &mut String, revision: &Revision) {
    push_line(
        text,
        &format!(
            "{} {} {} {} {}: {} ({} ms)",
            revision.id,
            revision.applied_at,
            revision.model,
            revision.version,
            revision.status,
            revision.name,
            revision.duration_ms
        ),
    );
    for (title, value) in [
        ("reason", &revision.reason),
        ("by", &revision.actor),
        ("environment", &revision.environment),
        ("backup", &revision.backup),
        ("error", &revision.error),
    ] {
        for (at, line) in value.iter().flat_map(|value| value.lines()).enumerate() {
            push_line(
                text,
                &if at == 0 { format!("    {title}: {line}") } else { format!("        {line}") },
            );
        }
    }
}
