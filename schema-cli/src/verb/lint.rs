//! `lint`: what is to be said of numbered migrations before anybody applies them.

use schema_runtime::{LintFinding, LintLevel};
use serde_json::json;

use crate::args::{self, Format};
use crate::exit::{Exit, Result};
use crate::github::{Annotation, Level};
use crate::output::{ADDED, Answer, CHANGED, REMOVED, count, painted, push_line};
use crate::target::Context;

pub(crate) fn run(context: &Context, args: &args::Lint) -> Result<Answer> {
    let (shown, migrations) = context.written()?;
    let lint = match &args.start {
        Some(start) => context.lint().start(&context.compared(start)?),
        None => context.lint(),
    };
    let lint = args.allow.iter().fold(lint, |lint, allow| lint.allow(allow));
    let findings = lint.check(&migrations)?;
    let mut text = String::new();
    for finding in &findings {
        push_line(
            &mut text,
            &match args.format {
                Format::Text => line(finding),
                Format::Github => annotation(finding),
            },
        );
    }
    if args.format == Format::Text {
        push_line(
            &mut text,
            &match findings.len() {
                0 => painted(ADDED, &format!("{shown}: nothing to be said")),
                many => format!("{shown}: {}", count(many as u64, "finding")),
            },
        );
    }
    let answer = Answer::done(text, json!({ "folder": shown, "findings": findings }));
    Ok(if findings.iter().any(|finding| finding.level == LintLevel::Error) {
        answer.exit(Exit::Refused)
    } else if findings.is_empty() {
        answer
    } else {
        answer.exit(Exit::Pending)
    })
}

fn line(finding: &LintFinding) -> String {
    let style = if finding.level == LintLevel::Error { REMOVED } else { CHANGED };
    let said = finding.to_string();
    match said.split_once('\n') {
        Some((first, instead)) => format!("{}\n{instead}", painted(style, first)),
        None => painted(style, &said),
    }
}

fn annotation(finding: &LintFinding) -> String {
    let level = if finding.level == LintLevel::Error { Level::Error } else { Level::Warning };
    Annotation {
        level,
        file: Some((&finding.file, Some((finding.line, finding.column)))),
        title: format!("{} {}", finding.code.code(), finding.object),
        text: format!("{}\ninstead: {}", finding.text, finding.instead),
    }
    .line()
}
