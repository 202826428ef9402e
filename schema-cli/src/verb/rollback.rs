//! `rollback`: the last revisions, taken back.

use schema_runtime::{Back, Outcome};
use serde_json::json;

use crate::args;
use crate::exit::Result;
use crate::output::{Answer, push_line};
use crate::target::Context;
use crate::view::{copies_text, list_text, plan_text, report_json};

pub(crate) fn run(context: &Context, args: &args::Rollback) -> Result<Answer> {
    let path = context.existing_database()?;
    let mut migrator = context.with_migrations(context.without_target())?.dry_run(args.dry_run);
    for hazard in &args.allow {
        migrator = migrator.allow(hazard);
    }
    if let Some(reason) = &args.reason {
        migrator = migrator.reason(reason);
    }
    let back = match &args.to {
        Some(version) => Back::ToVersion(version.clone()),
        None if !args.steps.is_empty() => {
            Back::Steps(args.steps.iter().map(|number| *number as usize).collect())
        }
        None => Back::Last(args.last as usize),
    };
    let report = migrator.rollback(&path, &back)?;
    let shown = path.display().to_string();
    let mut text = String::new();
    if report.outcome == Outcome::PlannedOnly && !report.plan.is_empty() {
        text.push_str(&plan_text(&report.plan));
    }
    for title in &report.pending {
        push_line(&mut text, &format!("back over migration {title}"));
    }
    list_text(&mut text, "warning", &report.warnings);
    list_text(&mut text, "note", &report.notes);
    for rows in &report.restored {
        push_line(&mut text, &format!("brought back: {rows}"));
    }
    copies_text(&mut text, "backup of the state that was left", &report);
    let (model, version) = (&report.model, &report.version);
    push_line(&mut text, &format!("{shown}: {}; model `{model}` is at version {version}", report.headline()));
    let mut fields = report_json(&report);
    if let Some(fields) = fields.as_object_mut() {
        fields.insert("database".to_owned(), json!(shown));
        fields.insert("dry_run".to_owned(), json!(args.dry_run));
        fields.insert("restored".to_owned(), json!(report.restored));
    }
    Ok(Answer::done(text, fields))
}
