//! `resolve`: a person says what holds where the history and something else disagree.

use schema_runtime::Resolve;
use serde_json::json;

use crate::args;
use crate::exit::Result;
use crate::output::{Answer, push_line};
use crate::target::Context;
use crate::view::{copies_text, list_text, report_json};

pub(crate) fn run(context: &Context, args: &args::Resolve) -> Result<Answer> {
    let path = context.existing_database()?;
    let one = [
        args.applied.clone().map(Resolve::Applied),
        args.skip.clone().map(Resolve::Skip),
        args.rehash.clone().map(Resolve::Rehash),
        args.undone.clone().map(Resolve::Undone),
    ];
    let resolve = one.into_iter().flatten().next().unwrap_or(Resolve::AdoptDrift);
    let migrator = match resolve {
        // Neither needs a file.
        Resolve::Undone(_) | Resolve::AdoptDrift => context.of_model(context.model_name()),
        _ => context.migrations_alone()?,
    };
    let report = migrator.dry_run(args.dry_run).resolve(&path, &resolve, &args.reason)?;
    let shown = path.display().to_string();
    let mut text = String::new();
    list_text(&mut text, "note", &report.notes);
    list_text(&mut text, "warning", &report.warnings);
    copies_text(&mut text, "backup", &report);
    let revision =
        report.revision.map(|id| format!("{shown}: recorded as revision {id} of `{}`", report.model));
    push_line(
        &mut text,
        &revision.unwrap_or_else(|| match args.dry_run {
            true => format!("{shown}: dry run: nothing is recorded"),
            false => format!("{shown}: nothing to record"),
        }),
    );
    let mut fields = report_json(&report);
    if let Some(fields) = fields.as_object_mut() {
        fields.insert("database".to_owned(), json!(shown));
        fields.insert("dry_run".to_owned(), json!(args.dry_run));
    }
    Ok(Answer::done(text, fields))
}
