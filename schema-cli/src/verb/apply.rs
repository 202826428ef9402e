//! `apply`: the change itself.

use std::path::Path;

use schema_runtime::{Migrator, PlanFile};
use serde_json::json;

use crate::args;
use crate::exit::{Exit, Failure, Result};
use crate::output::{Answer, push_line};
use crate::target::Context;
use crate::view::{copies_text, list_text, plan_text, report_json};

pub(crate) fn run(context: &Context, args: &args::Apply) -> Result<Answer> {
    if args.dry_run {
        // A dry run is a plan, and refuses as a plan does.
        context.existing_database()?;
    }
    let path = context.database()?;
    let mut migrator = match &args.plan {
        // A person who applies means it, also what was rolled back.
        None => context.migrator()?.reapply(),
        Some(file) => {
            // A saved plan is of a database that exists.
            context.existing_database()?;
            context.configured(Migrator::for_plan(saved(file)?))
        }
    };
    if let Some(version) = &args.up_to {
        migrator = migrator.up_to(version);
    }
    if let Some(reason) = &args.reason {
        migrator = migrator.reason(reason);
    }
    if args.dry_run {
        migrator = migrator.dry_run(true);
        if let Some(refusal) = migrator.status(&path)?.refusal {
            return Err(refusal.into());
        }
    }
    let report = migrator.run(&path)?;
    let shown = path.display().to_string();
    let mut text = String::new();
    if args.dry_run && !report.plan.is_empty() {
        text.push_str(&plan_text(&report.plan));
    }
    for title in &report.pending {
        push_line(&mut text, &format!("migration {title} is due"));
    }
    for migration in &report.migrations {
        let held = if migration.contained { " (the model holds it already)" } else { "" };
        push_line(&mut text, &format!("migration {} {}{held}", migration.version, migration.name));
    }
    list_text(&mut text, "warning", &report.warnings);
    list_text(&mut text, "note", &report.notes);
    list_text(&mut text, "retired", &report.retired);
    copies_text(&mut text, "backup", &report);
    push_line(&mut text, &format!("{shown}: {}", report.headline()));
    let mut fields = report_json(&report);
    if let Some(fields) = fields.as_object_mut() {
        fields.insert("database".to_owned(), json!(shown));
        fields.insert("dry_run".to_owned(), json!(args.dry_run));
    }
    let answer = Answer::done(text, fields);
    let slow = args.dry_run.then(|| super::plan::refused_by_time(context, &report.plan)).flatten();
    Ok(match slow {
        Some(failure) => answer.but(failure),
        None => answer.exit(Exit::Done),
    })
}

fn saved(path: &Path) -> Result<PlanFile> {
    let text = std::fs::read_to_string(path).map_err(|err| {
        Failure::new("open", format!("cannot read the plan `{}`", path.display()))
            .cause(err.to_string())
            .state("nothing was changed")
            .help("correct the path of the plan")
    })?;
    Ok(PlanFile::from_json(&text)?)
}
