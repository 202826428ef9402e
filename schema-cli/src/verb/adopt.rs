//! `adopt`: what another tool has applied, recorded so that nothing of it runs again.

use schema_runtime::{Outcome, Tracking};
use serde_json::json;

use crate::args;
use crate::exit::Result;
use crate::output::{Answer, count, push_line};
use crate::target::Context;
use crate::view::{copies_text, list_text, report_json};

pub(crate) fn run(context: &Context, args: &args::Adopt) -> Result<Answer> {
    let path = context.existing_database()?;
    let mut migrator = context.migrations_alone()?.dry_run(args.dry_run);
    if let Some(reason) = &args.reason {
        migrator = migrator.reason(reason);
    }
    let from = args.from.as_deref().map(Tracking::named);
    let adoption = migrator.adopt(&path, from.as_ref())?;
    let report = &adoption.report;
    let shown = path.display().to_string();
    let mut text = String::new();
    for one in &adoption.recorded {
        let at = one.applied_at.as_ref().map(|at| format!(", applied at {at}")).unwrap_or_default();
        push_line(&mut text, &format!("{} {}{at}", one.version, one.name));
    }
    list_text(&mut text, "recorded already", &adoption.known);
    list_text(&mut text, "warning", &report.warnings);
    copies_text(&mut text, "backup", report);
    let number = count(adoption.recorded.len() as u64, "migration");
    push_line(
        &mut text,
        &match report.outcome {
            Outcome::Adopted => format!("{shown}: {number} of {} recorded as applied", adoption.from),
            Outcome::PlannedOnly => {
                format!("{shown}: dry run: {number} of {} would be recorded as applied", adoption.from)
            }
            _ => format!("{shown}: everything of {} is recorded already", adoption.from),
        },
    );
    let mut fields = report_json(report);
    if let Some(fields) = fields.as_object_mut() {
        fields.insert("database".to_owned(), json!(shown));
        fields.insert("dry_run".to_owned(), json!(args.dry_run));
        fields.insert("from".to_owned(), json!(adoption.from.to_string()));
        fields.insert("recorded".to_owned(), json!(adoption.recorded));
        fields.insert("known".to_owned(), json!(adoption.known));
    }
    Ok(Answer::done(text, fields))
}
