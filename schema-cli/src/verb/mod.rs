//! The verbs, one a file: each takes what holds for this call and its own flags, and answers.

mod adopt;
mod apply;
mod backup;
mod baseline;
mod check;
mod completions;
mod diff;
mod doctor;
mod history;
mod import;
mod inspect;
mod lint;
mod man;
mod new;
mod pending;
mod plan;
mod redo;
mod resolve;
mod rollback;
mod script;
mod squash;
mod status;

use serde_json::Value;

use crate::args::{BackupAction, Format, Verb};
use crate::exit::Result;
use crate::github::Annotation;
use crate::output::Answer;
use crate::settings::{Layer, Settings};
use crate::target::Context;

pub(crate) fn run(context: &Context, verb: &Verb) -> Result<Answer> {
    let answer = answer(context, verb);
    let (format, file) = match verb {
        Verb::Check(args) => (args.format, check::target(context)),
        Verb::Diff(args) => (args.format, None),
        Verb::Lint(args) => (args.format, None),
        _ => (Format::Text, None),
    };
    match answer {
        // Beside what stderr has for people who read the log.
        Err(failure) if format == Format::Github => {
            let line = Annotation::of_failure(&failure, file.as_deref()).line();
            Ok(Answer::done(format!("{line}\n"), Value::Null).but(failure))
        }
        answer => answer,
    }
}

fn answer(context: &Context, verb: &Verb) -> Result<Answer> {
    match verb {
        Verb::Plan(args) => plan::run(context, args),
        Verb::Apply(args) => apply::run(context, args),
        Verb::Check(args) => check::run(context, args),
        Verb::Diff(args) => diff::run(context, args),
        Verb::Status(_) => status::run(context),
        Verb::Rollback(args) => rollback::run(context, args),
        Verb::Redo(args) => redo::run(context, args),
        Verb::New(args) => new::run(context, args),
        Verb::Lint(args) => lint::run(context, args),
        Verb::Squash(args) => squash::run(context, args),
        Verb::Script(args) => script::run(context, args),
        Verb::Pending(_) => pending::run(context),
        Verb::Import(args) => import::run(context, args),
        Verb::Adopt(args) => adopt::run(context, args),
        Verb::Resolve(args) => resolve::run(context, args),
        Verb::History(args) => history::run(context, args),
        Verb::Baseline(args) => baseline::run(context, args),
        Verb::Inspect(args) => inspect::run(context, args),
        Verb::Doctor(args) => doctor::run(context, args),
        Verb::Backup(args) => backup::run(context, args),
        Verb::Completions(args) => completions::run(context, args),
        Verb::Man(args) => man::run(context, args),
    }
}

/// Whether the verb writes a database or a backup, so that a signal has to wait until nothing half-done is left.
pub(crate) fn writes(verb: &Verb) -> bool {
    matches!(
        verb,
        Verb::Apply(_)
            | Verb::Baseline(_)
            | Verb::Backup(_)
            | Verb::Rollback(_)
            | Verb::Redo(_)
            | Verb::Adopt(_)
            | Verb::Resolve(_)
    )
}

/// What the flags of the verb say of the settings.
pub(crate) fn flags(verb: &Verb) -> Layer {
    let targeted = |database: &crate::args::Database, target: &crate::args::Target| Layer {
        db: database.db.clone(),
        to: target.to.clone(),
        model: target.model.clone(),
        rename: Some(target.rename.clone()).filter(|list| !list.is_empty()),
        migrations: target.migrations.clone(),
        out_of_order: target.out_of_order.then_some(true),
        ..Layer::default()
    };
    match verb {
        Verb::Plan(args) => targeted(&args.database, &args.target).with_policies(&args.policies),
        Verb::Apply(args) => {
            targeted(&args.database, &args.target).with_policies(&args.policies).with_backup(&args.backup)
        }
        Verb::Check(args) => targeted(&args.database, &args.target).with_policies(&args.policies),
        Verb::Status(args) => targeted(&args.database, &args.target).with_policies(&args.policies),
        Verb::Diff(args) => {
            Layer { rename: Some(args.rename.clone()).filter(|list| !list.is_empty()), ..Layer::default() }
        }
        Verb::Redo(args) => Layer {
            db: args.database.db.clone(),
            model: args.model.clone(),
            migrations: args.migrations.clone(),
            time_limit: args.time_limit,
            ..Layer::default()
        }
        .with_backup(&args.backup),
        Verb::Rollback(args) => Layer {
            db: args.database.db.clone(),
            model: args.model.clone(),
            migrations: args.migrations.clone(),
            time_limit: args.time_limit,
            ..Layer::default()
        }
        .with_backup(&args.backup),
        Verb::New(args) => targeted(&args.database, &args.target).with_policies(&args.policies),
        Verb::Lint(args) => {
            Layer { to: args.to.clone(), migrations: args.migrations.clone(), ..Layer::default() }
        }
        Verb::Squash(args) => Layer { migrations: args.migrations.clone(), ..Layer::default() },
        Verb::Script(args) => Layer {
            migrations: args.migrations.clone(),
            rename: Some(args.rename.clone()).filter(|list| !list.is_empty()),
            ..Layer::default()
        },
        Verb::Pending(args) => Layer {
            db: args.database.db.clone(),
            model: args.model.clone(),
            migrations: args.migrations.clone(),
            out_of_order: args.out_of_order.then_some(true),
            ..Layer::default()
        },
        Verb::Import(args) => Layer { migrations: args.migrations.clone(), ..Layer::default() },
        Verb::Adopt(args) => Layer {
            db: args.database.db.clone(),
            model: args.model.clone(),
            migrations: args.migrations.clone(),
            ..Layer::default()
        }
        .with_backup(&args.backup),
        Verb::Resolve(args) => Layer {
            db: args.database.db.clone(),
            model: args.model.clone(),
            migrations: args.migrations.clone(),
            ..Layer::default()
        }
        .with_backup(&args.backup),
        Verb::History(args) => Layer { db: args.database.db.clone(), ..Layer::default() },
        Verb::Baseline(args) => {
            Layer { db: args.database.db.clone(), model: args.model.clone(), ..Layer::default() }
        }
        Verb::Inspect(args) => Layer { db: args.db.clone(), model: args.model.clone(), ..Layer::default() },
        Verb::Doctor(args) => Layer {
            time_limit: args.time_limit,
            backup_dir: args.backup_dir.clone(),
            ..targeted(&args.database, &args.target)
        },
        Verb::Backup(args) => {
            let layer = Layer {
                db: args.database.db.clone(),
                backup_dir: args.backup_dir.clone(),
                ..Layer::default()
            };
            match &args.action {
                BackupAction::Prune { keep, .. } => layer.with_keep(keep),
                _ => layer,
            }
        }
        Verb::Completions(_) | Verb::Man(_) => Layer::default(),
    }
}

/// A saved plan brings its own target and policies, a comparison has its two targets: what is set for others does not count. Where backups
/// go and how long they stay is no policy of the plan.
pub(crate) fn own_settings(verb: &Verb, mut settings: Settings) -> Settings {
    let layer = &mut settings.layer;
    match verb {
        Verb::Apply(args) if args.plan.is_some() => {
            *layer = Layer {
                db: layer.db.take(),
                time_limit: layer.time_limit,
                lock_wait: layer.lock_wait,
                backup: layer.backup,
                backup_dir: layer.backup_dir.take(),
                keep_age: layer.keep_age,
                keep_count: layer.keep_count,
                keep_size: layer.keep_size,
                history_table: layer.history_table.take(),
                ..Layer::default()
            };
        }
        Verb::Diff(args) => {
            layer.to = None;
            layer.rename = Some(args.rename.clone());
        }
        Verb::Script(args) => {
            layer.to = None;
            layer.rename = Some(args.rename.clone());
        }
        _ => {}
    }
    settings
}
