//! `backup`: copies of a database, made, listed, proved and thinned out by hand.

use std::path::Path;

use schema_runtime::{BackupInfo, BackupPolicy, Migrator};
use serde_json::json;

use crate::args::{self, BackupAction};
use crate::exit::{Failure, Result};
use crate::output::{Answer, bytes, count, push_line};
use crate::target::Context;
use crate::view::{backup_json, copies_text, list_text};

pub(crate) fn run(context: &Context, args: &args::BackupVerb) -> Result<Answer> {
    let migrator = context.without_target();
    match &args.action {
        BackupAction::Create { reason } => {
            let migrator = match reason {
                Some(reason) => migrator.reason(reason),
                None => migrator,
            };
            create(&context.existing_database()?, &migrator)
        }
        // A database that is gone is when its backups matter most.
        BackupAction::List => list(&context.database()?, &migrator),
        BackupAction::Verify { file } => {
            let path = context.database()?;
            if file.is_none() && migrator.backups(&path)?.is_empty() {
                // Nothing was proved of a mistyped path.
                context.existing_database()?;
            }
            verify(&path, &migrator, file.as_deref())
        }
        // A database that is gone is made again.
        BackupAction::Restore { name, no_backup, reason } => {
            let migrator = match reason {
                Some(reason) => migrator.reason(reason),
                None => migrator,
            };
            let policy = if *no_backup { BackupPolicy::Never } else { BackupPolicy::Always };
            restore(&context.database()?, &migrator.backup(policy), name)
        }
        BackupAction::Prune { dry_run, .. } => {
            prune(&context.existing_database()?, &migrator.dry_run(*dry_run), *dry_run)
        }
    }
}

fn create(path: &Path, migrator: &Migrator) -> Result<Answer> {
    let info = migrator.back_up(path)?;
    let shown = path.display().to_string();
    let text = format!("{shown}: backed up to {} ({})\n", info.path.display(), bytes(info.bytes));
    Ok(Answer::done(text, json!({ "database": shown, "action": "create", "backup": backup_json(&info) })))
}

fn restore(path: &Path, migrator: &Migrator, name: &Path) -> Result<Answer> {
    let report = migrator.restore(path, name)?;
    let shown = path.display().to_string();
    let mut text = String::new();
    list_text(&mut text, "warning", &report.warnings);
    list_text(&mut text, "note", &report.notes);
    copies_text(&mut text, "backup of the state that was left", &report);
    push_line(&mut text, &format!("{shown}: {} from {}", report.headline(), name.display()));
    let saved = report.backup.as_ref().map(backup_json);
    let fields = json!({
        "database": shown,
        "action": "restore",
        "version": report.version,
        "from_version": report.from_version,
        "saved": saved,
        "revision": report.revision,
        "warnings": report.warnings,
        "notes": report.notes,
    });
    Ok(Answer::done(text, fields))
}

fn list(path: &Path, migrator: &Migrator) -> Result<Answer> {
    let found = migrator.backup_folder(path)?;
    let shown = path.display().to_string();
    let mut text = String::new();
    for info in &found.backups {
        push_line(&mut text, &line(info));
    }
    for stray in &found.stray {
        let kind = json!(stray.kind);
        let kind = kind.as_str().unwrap_or_default().replace('_', " ");
        push_line(&mut text, &format!("stray: {} ({kind}, {})", stray.path.display(), bytes(stray.bytes)));
    }
    let size: u64 = found.backups.iter().map(|info| info.bytes).sum();
    let number = count(found.backups.len() as u64, "backup");
    push_line(&mut text, &format!("{shown}: {number}, {} in {}", bytes(size), found.folder.display()));
    if !found.others.is_empty() {
        let others = count(found.others.len() as u64, "backup");
        push_line(&mut text, &format!("of other databases in the same folder: {others}"));
    }
    let list = |infos: &[BackupInfo]| infos.iter().map(backup_json).collect::<Vec<_>>();
    Ok(Answer::done(
        text,
        json!({
            "database": shown,
            "action": "list",
            "folder": found.folder.display().to_string(),
            "backups": list(&found.backups),
            "stray": found.stray,
            "others": list(&found.others),
        }),
    ))
}

fn line(info: &BackupInfo) -> String {
    let version =
        info.version.as_ref().map_or_else(|| "no version".to_owned(), |version| format!("version {version}"));
    let verified = if info.verified_at.is_some() { "verified" } else { "NOT verified" };
    let size = bytes(info.bytes);
    format!("{} {} ({version}, {size}, {verified}): {}", info.created_at, info.path.display(), info.reason)
}

fn verify(path: &Path, migrator: &Migrator, file: Option<&Path>) -> Result<Answer> {
    let shown = path.display().to_string();
    let found = migrator.backup_folder(path)?;
    let wanted = |info: &&BackupInfo| file.is_none_or(|file| same_file(file, &info.path));
    let backups: Vec<&BackupInfo> = found.backups.iter().chain(&found.others).filter(wanted).collect();
    // Without a name only this database's own are meant.
    let own = if file.is_none() { found.backups.len() } else { backups.len() };
    if let (Some(file), true) = (file, backups.is_empty()) {
        return Err(Failure::new("backup", format!("`{}` is no backup with a note", file.display()))
            .cause(format!("the folder of the backups is `{}`", found.folder.display()))
            .state("nothing was changed")
            .help("name one that `backup list` shows, or its folder with `--backup-dir`"));
    }
    let mut text = String::new();
    let mut results = Vec::new();
    let mut causes = Vec::new();
    for info in backups.into_iter().take(own) {
        let result = migrator.verify_backup(info).map_err(Failure::from);
        let failure = result.as_ref().err();
        push_line(
            &mut text,
            &format!(
                "{}: {}",
                info.path.display(),
                if failure.is_some() { "NOT as its note says" } else { "verified" }
            ),
        );
        if let Some(failure) = failure {
            causes.push(failure.what.clone());
            causes.extend(failure.causes.iter().cloned());
        }
        let info = result.as_ref().unwrap_or(info);
        results.push(json!({ "backup": backup_json(info), "fault": failure.map(ToString::to_string) }));
    }
    let faults = results.iter().filter(|result| !result["fault"].is_null()).count() as u64;
    let number = count(results.len() as u64, "backup");
    push_line(&mut text, &format!("{shown}: {number} looked at, {faults} not in order"));
    let answer = Answer::done(text, json!({ "database": shown, "action": "verify", "results": results }));
    if faults == 0 {
        return Ok(answer);
    }
    let failure = Failure::new("backup", format!("{} cannot be relied on", count(faults, "backup")));
    let failure = causes.into_iter().fold(failure, Failure::cause);
    Ok(answer.but(
        failure
            .state("the database was not touched")
            .help("make another with `backup create`, and delete the faulty"),
    ))
}

fn same_file(a: &Path, b: &Path) -> bool {
    match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    }
}

fn prune(path: &Path, migrator: &Migrator, dry_run: bool) -> Result<Answer> {
    let shown = path.display().to_string();
    let pruned = migrator.prune_backups(path)?;
    let mut text = String::new();
    let verb = if dry_run { "would delete" } else { "deleted" };
    for path in pruned.files() {
        push_line(&mut text, &format!("{verb}: {}", path.display()));
    }
    for kept in &pruned.kept {
        push_line(&mut text, &format!("kept: {}: {}", kept.path.display(), kept.because));
    }
    let files = count(pruned.files().count() as u64, "file");
    push_line(&mut text, &format!("{shown}: {verb} {files} of {}", bytes(pruned.freed)));
    let mut fields = json!(pruned);
    if let Some(fields) = fields.as_object_mut() {
        fields.insert("database".to_owned(), json!(shown));
        fields.insert("action".to_owned(), json!("prune"));
        fields.insert("dry_run".to_owned(), json!(dry_run));
    }
    Ok(Answer::done(text, fields))
}
