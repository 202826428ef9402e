//! `plan`: what would change, before it does.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::time::Duration;

use schema_runtime::{Plan, PlanFile, Status};
use serde_json::json;

use crate::args;
use crate::exit::{Exit, Failure, Result};
use crate::output::{Answer, count, push_line, time, typed};
use crate::target::Context;
use crate::view::{list_text, plan_json, plan_text};

/// The limit that holds where nothing is said.
const TIME_LIMIT: Duration = Duration::from_secs(15);

pub(crate) fn run(context: &Context, args: &args::Plan) -> Result<Answer> {
    let path = context.existing_database()?;
    let migrator = context.migrator()?.reapply();
    let status = migrator.clone().dry_run(true).status(&path)?;
    if let Some(refusal) = status.refusal {
        return Err(refusal.into());
    }
    // Another program may write between the two looks; what is shown is then what is saved.
    let plan = match &args.out {
        None => status.pending.clone(),
        Some(out) => {
            let file = migrator.plan_file(&path)?;
            save(out, &file)?;
            file.plan().clone()
        }
    };
    let shown = path.display().to_string();
    let text =
        if args.sql { script(&plan) } else { text(context, &shown, &plan, &status, args.out.as_deref()) };
    let answer = Answer::done(
        text,
        json!({
            "database": shown,
            "pending": !plan.is_empty() || !status.migrations.is_empty(),
            "migrations": status.migrations,
            "plan": plan_json(&plan),
            "saved": args.out.as_ref().map(|out| out.display().to_string()),
            "newer": status.newer,
            "retired": status.retired,
            "foreign": status.foreign,
            "warnings": status.warnings,
            "notes": status.notes,
        }),
    );
    Ok(match refused_by_time(context, &plan) {
        Some(failure) => answer.but(failure),
        None if args.exit_code && !(plan.is_empty() && status.migrations.is_empty()) => {
            answer.exit(Exit::Pending)
        }
        None => answer,
    })
}

fn text(context: &Context, path: &str, plan: &Plan, status: &Status, out: Option<&Path>) -> String {
    let mut text = String::new();
    if let Some(newer) = &status.newer {
        push_line(&mut text, &format!("{path}: version {newer} is newer, and is used as it is"));
    } else if plan.is_empty() && status.migrations.is_empty() {
        push_line(&mut text, &format!("{path}: nothing to do"));
    } else if plan.is_empty() {
        push_line(&mut text, &format!("{path}: numbered migrations alone"));
    } else {
        let versions = match &status.last {
            Some(last) if last.version != plan.version => {
                format!("version {} to {}", last.version, plan.version)
            }
            Some(_) => format!("version {}", plan.version),
            None => format!("version {}, nothing recorded yet", plan.version),
        };
        let steps = count(plan.steps.len() as u64, "step");
        push_line(&mut text, &format!("{path}: {steps} for model `{}`, {versions}\n", plan.model));
        text.push_str(&plan_text(plan));
    }
    for migration in &status.migrations {
        push_line(&mut text, &format!("migration {migration} is due"));
    }
    list_text(&mut text, "retired", &status.retired);
    list_text(&mut text, "foreign", &status.foreign);
    list_text(&mut text, "warning", &status.warnings);
    list_text(&mut text, "note", &status.notes);
    match out {
        Some(out) => {
            push_line(&mut text, &format!("saved: {}", out.display()));
            if !plan.is_empty() {
                let command = format!("{} apply {} --plan {}", context.program, typed(path), typed_path(out));
                push_line(&mut text, &format!("next: `{command}` applies exactly this"));
            }
        }
        None if !plan.is_empty() => {
            let to = context.settings.layer.to.as_ref();
            let to = to.map_or_else(String::new, |to| format!(" --to {}", typed_path(to)));
            push_line(
                &mut text,
                &format!(
                    "next: `{} apply {}{to}` with the same flags, or save it with `--out FILE`",
                    context.program,
                    typed(path)
                ),
            );
        }
        None => {}
    }
    text
}

fn typed_path(path: &Path) -> String {
    typed(&path.display().to_string())
}

/// The statements, in one transaction with foreign keys off, as the sqlite3 shell takes them. Without `.bail` the shell would go on after
/// a statement that fails, and drop what was to be copied.
pub(crate) fn script(plan: &Plan) -> String {
    let mut text = String::new();
    if plan.is_empty() {
        return text;
    }
    text.push_str(".bail on\nPRAGMA foreign_keys = OFF;\nBEGIN IMMEDIATE;\n");
    for (at, step) in plan.steps.iter().enumerate() {
        let needs = step.needs;
        let around = [
            (needs.legacy_alter, "PRAGMA legacy_alter_table = ON;", "PRAGMA legacy_alter_table = OFF;"),
            (needs.writable_schema, "PRAGMA writable_schema = ON;", "PRAGMA writable_schema = OFF;"),
            // No pragma can say this.
            (needs.triggers_off, ".dbconfig enable_trigger off", ".dbconfig enable_trigger on"),
        ];
        for (_, on, _) in around.iter().filter(|(needed, ..)| *needed) {
            push_line(&mut text, on);
        }
        if let Some(edits) = plan.edit_script(at) {
            // The shell opens databases so that they are safe from this.
            push_line(&mut text, ".dbconfig defensive off");
            text.push_str(&edits);
        }
        for sql in &step.sql {
            push_line(&mut text, &format!("{sql};"));
        }
        for (_, _, off) in around.iter().filter(|(needed, ..)| *needed) {
            push_line(&mut text, off);
        }
    }
    text.push_str("COMMIT;\n");
    text
}

/// What a run would refuse although the rows are in order.
pub(crate) fn refused_by_time(context: &Context, plan: &Plan) -> Option<Failure> {
    let limit = match context.settings.layer.time_limit {
        None => TIME_LIMIT,
        Some(limit) => limit.0?,
    };
    let estimate = Duration::from_millis(plan.cost().ms);
    (estimate > limit).then(|| {
        Failure::new(
            "time_limit",
            format!("the change is estimated to take {}, the limit is {}", time(estimate), time(limit)),
        )
        .exit(Exit::Refused)
        .state("nothing was changed")
        .help("raise the limit with `--time-limit`, or migrate at a quiet time")
    })
}

/// Writes the plan under a name of its own and then gives it the one that was asked for, so that a reader never sees half of
/// one; a file that is there is left alone.
fn save(path: &Path, file: &PlanFile) -> Result<()> {
    let fault = |cause: String| {
        Failure::new("output", format!("cannot save the plan as `{}`", path.display()))
            .cause(cause)
            .state("no database was changed")
            .help("name another file with `--out`, or remove this one")
    };
    let text = file.to_json()?;
    let mut name =
        path.file_name().ok_or_else(|| fault("it is no name of a file".to_owned()))?.to_os_string();
    name.push(format!(".{}.tmp", std::process::id()));
    let part = path.with_file_name(name);
    let written = OpenOptions::new().write(true).create_new(true).open(&part).and_then(|mut file| {
        let linked = file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).and_then(|()| {
            match fs::hard_link(&part, path) {
                // A file system without links: the window between the look and the rename is accepted there.
                Err(err) if err.kind() != ErrorKind::AlreadyExists && path.symlink_metadata().is_err() => {
                    fs::rename(&part, path)
                }
                linked => linked,
            }
        });
        // Only what was made here is removed.
        let _ = fs::remove_file(&part);
        linked
    });
    written.map_err(|err| match err.kind() {
        ErrorKind::AlreadyExists => fault("it exists already".to_owned()),
        _ => fault(err.to_string()),
    })
}
