//! Plans, revisions and reports as a person reads them and as `--json` gives them. `docs/command.md` lists every field.

use std::time::Duration;

use schema_runtime::{BackupInfo, Change, Cost, Plan, Report, Revision, Step};
use serde_json::{Value, json};

use crate::output::{ADDED, CHANGED, FAINT, HEADING, REMOVED, bytes, count, painted, push_line, time};

/// Each step with its changes, cost, hazards and SQL, then the sum.
pub(crate) fn plan_text(plan: &Plan) -> String {
    let mut text = String::new();
    for (at, step) in plan.steps.iter().enumerate() {
        step_text(&mut text, at + 1, step);
    }
    let steps = count(plan.steps.len() as u64, "step");
    let changes = count(plan.changes().count() as u64, "change");
    let complexity = json!(plan.complexity());
    let complexity = complexity.as_str().unwrap_or_default();
    push_line(&mut text, &format!("total: {changes} in {steps} ({complexity}): {}", cost_text(plan.cost())));
    text
}

fn step_text(text: &mut String, number: usize, step: &Step) {
    push_line(text, &painted(HEADING, &format!("{number}. {} ({})", step.object, step.method)));
    if step.changes.is_empty() {
        push_line(text, &format!("   {}", step.summary()));
    }
    for change in &step.changes {
        push_line(text, &format!("   {}", change_text(change)));
    }
    push_line(text, &format!("   cost: {}", cost_text(step.cost)));
    for hazard in &step.hazards {
        push_line(text, &format!("   {}", painted(CHANGED, &hazard.to_string())));
    }
    for sql in &step.statements() {
        for line in format!("{sql};").lines() {
            push_line(text, &format!("       {}", painted(FAINT, line)));
        }
    }
    text.push('\n');
}

/// `+ add column t.c`, `- drop table t`, `~ rename table a to b`.
pub(crate) fn change_text(change: &Change) -> String {
    let line = change_line(change);
    let style = match line.chars().next() {
        Some('+') => ADDED,
        Some('-') => REMOVED,
        _ => CHANGED,
    };
    painted(style, &line)
}

/// The same in no colour.
pub(crate) fn change_line(change: &Change) -> String {
    let said = change.to_string();
    let mark = match said.split(' ').next() {
        Some("create" | "add") => '+',
        Some("drop") => '-',
        _ => '~',
    };
    format!("{mark} {said}")
}

fn cost_text(cost: Cost) -> String {
    let mut text = match cost.rows {
        0 => "no rows".to_owned(),
        rows => format!("{}, {}", count(rows, "row"), bytes(cost.bytes)),
    };
    if cost.ms > 0 {
        text.push_str(&format!(", about {}", time(Duration::from_millis(cost.ms))));
    }
    if cost.disk > 0 {
        text.push_str(&format!(", {} of disk until the next checkpoint", bytes(cost.disk)));
    }
    text
}

/// `title: item`, a line an item.
pub(crate) fn list_text(text: &mut String, title: &str, items: &[String]) {
    for item in items {
        push_line(text, &format!("{title}: {item}"));
    }
}

/// The backup that a run made, under this title, or why it made none; and the old ones that it deleted.
pub(crate) fn copies_text(text: &mut String, title: &str, report: &Report) {
    if let Some(backup) = &report.backup {
        push_line(text, &format!("{title}: {}", backup.path.display()));
    } else if let Some(reason) = &report.no_backup {
        push_line(text, &format!("no backup: {reason}"));
    }
    for path in &report.pruned {
        push_line(text, &format!("old backup deleted: {}", path.display()));
    }
}

pub(crate) fn revision_line(revision: &Revision) -> String {
    format!("{} {} ({}, {})", revision.id, revision.name, revision.version, revision.applied_at)
}

pub(crate) fn plan_json(plan: &Plan) -> Value {
    json!({
        "model": plan.model,
        "version": plan.version,
        "complexity": plan.complexity(),
        "cost": plan.cost(),
        "steps": plan.steps.iter().enumerate().map(|(at, step)| step_json(at + 1, step)).collect::<Vec<_>>(),
    })
}

fn step_json(number: usize, step: &Step) -> Value {
    let changes = step.changes.iter().map(|change| {
        let mut value = json!(change);
        if let Value::Object(fields) = &mut value {
            fields.insert("text".to_owned(), change.to_string().into());
        }
        value
    });
    let checks = step.checks.iter().map(|check| {
        json!({
            "kind": check.kind,
            "code": check.code,
            "object": check.object,
            "fault": check.fault,
            "help": check.help,
            "query": check.query,
        })
    });
    json!({
        "number": number,
        "summary": step.summary(),
        "object": step.object,
        "method": step.method,
        "changes": changes.collect::<Vec<_>>(),
        "cost": step.cost,
        "hazards": step.hazards,
        "checks": checks.collect::<Vec<_>>(),
        "sql": step.statements(),
    })
}

pub(crate) fn revision_json(revision: &Revision) -> Value {
    json!({
        "id": revision.id,
        "model": revision.model,
        "version": revision.version,
        "name": revision.name,
        "kind": revision.kind,
        "status": revision.status,
        "applied_at": revision.applied_at,
        "duration_ms": revision.duration_ms,
        "batch": revision.batch,
        "backup": revision.backup,
        "error": revision.error,
        "reason": revision.reason,
        "environment": revision.environment,
        "actor": revision.actor,
        "program": revision.program,
        "checksum": revision.checksum,
        "rollback_sql": revision.rollback_sql,
    })
}

pub(crate) fn backup_json(backup: &BackupInfo) -> Value {
    json!({
        "path": backup.path.display().to_string(),
        "source": backup.source.display().to_string(),
        "created_at": backup.created_at,
        "bytes": backup.bytes,
        "pages": backup.pages,
        "sha256": backup.sha256,
        "model": backup.model,
        "version": backup.version,
        "reason": backup.reason,
        "verified_at": backup.verified_at,
    })
}

pub(crate) fn report_json(report: &Report) -> Value {
    let millis = |time: Duration| time.as_secs_f64() * 1_000.0;
    json!({
        "outcome": report.outcome,
        "model": report.model,
        "from_version": report.from_version,
        "version": report.version,
        "plan": plan_json(&report.plan),
        "migrations": report.migrations,
        "pending_migrations": report.pending,
        "steps": report.steps.iter().map(|step| json!({
            "summary": step.summary,
            "method": step.method,
            "ms": step.ms,
        })).collect::<Vec<_>>(),
        "duration_ms": millis(report.duration),
        "backup": report.backup.as_ref().map(backup_json),
        "no_backup": report.no_backup,
        "pruned": report.pruned.iter().map(|path| path.display().to_string()).collect::<Vec<_>>(),
        "revision": report.revision,
        "retired": report.retired,
        "foreign": report.foreign,
        "warnings": report.warnings,
        "notes": report.notes,
    })
}
