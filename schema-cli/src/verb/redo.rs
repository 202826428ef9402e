//! `redo`: the newest numbered migration, taken back and run again.

use serde_json::json;

use crate::args;
use crate::exit::Result;
use crate::output::{Answer, push_line};
use crate::target::Context;
use crate::view::{copies_text, list_text, report_json};

pub(crate) fn run(context: &Context, args: &args::Redo) -> Result<Answer> {
    let path = context.existing_database()?;
    let mut migrator = context.migrations_alone()?;
    for hazard in &args.allow {
        migrator = migrator.allow(hazard);
    }
    if let Some(reason) = &args.reason {
        migrator = migrator.reason(reason);
    }
    let report = migrator.redo(&path)?;
    let shown = path.display().to_string();
    let mut text = String::new();
    list_text(&mut text, "warning", &report.warnings);
    copies_text(&mut text, "backup", &report);
    for migration in &report.migrations {
        let line = format!("{shown}: migration {} {} was run again", migration.version, migration.name);
        push_line(&mut text, &line);
    }
    let mut fields = report_json(&report);
    if let Some(fields) = fields.as_object_mut() {
        fields.insert("database".to_owned(), json!(shown));
    }
    Ok(Answer::done(text, fields))
}
