//! `lint`: what is to be said of a model, and of numbered migrations before anybody applies them.

use schema_runtime::{HazardCode, LintFinding, LintLevel, Migrator, ModelFinding, ModelLint};
use serde_json::json;

use crate::args::{self, Format};
use crate::exit::{Exit, Failure, Result};
use crate::github::{Annotation, Level};
use crate::output::{ADDED, Answer, CHANGED, REMOVED, count, painted, push_line};
use crate::target::Context;

pub(crate) fn run(context: &Context, args: &args::Lint) -> Result<Answer> {
    let model = context.model_alone()?;
    if model.is_none() && args.releases.is_some() {
        return Err(Failure::usage("`--releases` without a model")
            .state("nothing was opened")
            .help("name the model with `--to FILE`, or run this by a program that has one"));
    }
    let written = match &model {
        Some(_) => context.written_beside_a_model()?,
        None => Some(context.written()?),
    };
    let (of_model, of_migrations): (Vec<&str>, Vec<&str>) =
        args.allow.iter().map(String::as_str).partition(|allow| model.is_some() && !is_of_migrations(allow));
    let mut text = String::new();
    let said = match model {
        Some(model) => of_the_model(context, args, model, &of_model, &mut text)?,
        None => Vec::new(),
    };
    let mut findings = Vec::new();
    let folder = written.as_ref().map(|(shown, _)| shown.clone());
    if let Some((shown, migrations)) = written {
        let lint = match &args.start {
            Some(start) => context.lint().start(&context.compared(start)?),
            None => context.lint(),
        };
        findings = of_migrations.iter().fold(lint, |lint, allow| lint.allow(allow)).check(&migrations)?;
        for finding in &findings {
            let line = match args.format {
                Format::Text => line(finding.level, &finding.to_string()),
                Format::Github => annotation(finding),
            };
            push_line(&mut text, &line);
        }
        sum(args, &shown, findings.len(), &mut text);
    }
    let levels: Vec<LintLevel> =
        said.iter().map(|it| it.level).chain(findings.iter().map(|it| it.level)).collect();
    let answer = Answer::done(text, json!({ "model": said, "folder": folder, "findings": findings }));
    Ok(if levels.contains(&LintLevel::Error) {
        answer.exit(Exit::Refused)
    } else if levels.is_empty() {
        answer
    } else {
        answer.exit(Exit::Pending)
    })
}

/// Whether what is allowed is a code that only migrations have.
fn is_of_migrations(allow: &str) -> bool {
    let code = allow.split_once('=').map_or(allow, |(code, _)| code).trim();
    HazardCode::from_code(code).is_some_and(|code| !code.is_model_lint() && code != HazardCode::IdleAllow)
}

fn of_the_model(
    context: &Context,
    args: &args::Lint,
    model: Migrator,
    allow: &[&str],
    text: &mut String,
) -> Result<Vec<ModelFinding>> {
    let shown = format!("model `{}`", context.model_name());
    let target = super::check::target(context);
    let lint = match &args.releases {
        Some(folder) => ModelLint::new().releases(folder),
        None => ModelLint::new(),
    };
    let said = allow.iter().fold(lint, |lint, allow| lint.allow(allow)).check(model)?;
    for finding in &said {
        let line = match args.format {
            Format::Text => line(finding.level, &finding.to_string()),
            Format::Github => {
                let title = format!("{} {}", finding.code.code(), finding.object);
                let file = target.as_deref().map(|file| (file, None));
                command(finding.level, file, title, &finding.text, &finding.instead)
            }
        };
        push_line(text, &line);
    }
    sum(args, &shown, said.len(), text);
    Ok(said)
}

fn sum(args: &args::Lint, shown: &str, many: usize, text: &mut String) {
    if args.format == Format::Text {
        let line = match many {
            0 => painted(ADDED, &format!("{shown}: nothing to be said")),
            many => format!("{shown}: {}", count(many as u64, "finding")),
        };
        push_line(text, &line);
    }
}

fn line(level: LintLevel, said: &str) -> String {
    let style = if level == LintLevel::Error { REMOVED } else { CHANGED };
    match said.split_once('\n') {
        Some((first, instead)) => format!("{}\n{instead}", painted(style, first)),
        None => painted(style, said),
    }
}

fn annotation(finding: &LintFinding) -> String {
    let place = Some((finding.file.as_str(), Some((finding.line, finding.column))));
    let title = format!("{} {}", finding.code.code(), finding.object);
    command(finding.level, place, title, &finding.text, &finding.instead)
}

fn command(
    level: LintLevel,
    file: Option<(&str, Option<(usize, usize)>)>,
    title: String,
    text: &str,
    instead: &str,
) -> String {
    let level = if level == LintLevel::Error { Level::Error } else { Level::Warning };
    Annotation { level, file, title, text: format!("{text}\ninstead: {instead}") }.line()
}
