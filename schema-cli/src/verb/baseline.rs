//! `baseline`: the live schema, taken for the model's own.

use schema_runtime::{Migrator, Outcome};
use serde_json::json;

use crate::args;
use crate::exit::{Exit, Failure, Result};
use crate::output::{Answer, push_line};
use crate::target::Context;
use crate::view::{change_text, list_text, report_json};

pub(crate) fn run(context: &Context, args: &args::Baseline) -> Result<Answer> {
    let path = context.existing_database()?;
    let mut migrator: Migrator = match &args.target {
        Some(target) => context.migrator_for(Some(target))?,
        None => context.without_target(),
    };
    // The file is named by the caller, who says that it is the model's.
    migrator = migrator.adopt_any();
    if let Some(reason) = &args.reason {
        migrator = migrator.reason(reason);
    }
    let report = match &args.target {
        Some(_) => migrator.baseline_as_model(&path)?,
        None => migrator.baseline(&path)?,
    };
    let shown = path.display().to_string();
    let mut text = String::new();
    let mut fields = report_json(&report);
    if let Some(fields) = fields.as_object_mut() {
        fields.insert("database".to_owned(), json!(shown));
    }
    if report.outcome == Outcome::PlannedOnly {
        for change in report.plan.changes() {
            push_line(&mut text, &change_text(change));
        }
        let target = args.target.as_ref().map(|target| target.display().to_string()).unwrap_or_default();
        let failure = Failure::new("refused", format!("`{shown}` is not what `{target}` says"))
            .exit(Exit::Refused)
            .state("nothing was recorded")
            .help("correct the target by these changes, or leave `--as` out to record the schema as it is");
        return Ok(Answer::done(text, fields).but(failure));
    }
    list_text(&mut text, "foreign", &report.foreign);
    list_text(&mut text, "warning", &report.warnings);
    list_text(&mut text, "note", &report.notes);
    let revision = report.revision.unwrap_or_default();
    push_line(&mut text, &format!("{shown}: baseline recorded as revision {revision} of `{}`", report.model));
    Ok(Answer::done(text, fields))
}
