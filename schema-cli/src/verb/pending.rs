//! `pending`: the numbered migrations that are due.

use serde_json::json;

use crate::exit::Result;
use crate::output::{Answer, push_line};
use crate::target::Context;
use crate::view::list_text;

pub(crate) fn run(context: &Context) -> Result<Answer> {
    let path = context.existing_database()?;
    let status = context.migrations_alone()?.status(&path)?;
    if let Some(refusal) = status.refusal {
        return Err(refusal.into());
    }
    let shown = path.display().to_string();
    let mut text = String::new();
    for migration in &status.migrations {
        push_line(&mut text, migration);
    }
    list_text(&mut text, "warning", &status.warnings);
    if status.migrations.is_empty() {
        push_line(&mut text, &format!("{shown}: no migration is due"));
    }
    Ok(Answer::done(
        text,
        json!({ "database": shown, "migrations": status.migrations, "warnings": status.warnings }),
    ))
}
