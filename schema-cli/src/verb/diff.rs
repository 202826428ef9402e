//! `diff`: two targets compared, without a database of the user's being touched.

use serde_json::json;

use crate::args::{self, Format};
use crate::exit::{Exit, Result};
use crate::github::{Annotation, Level};
use crate::output::{Answer, count, push_line};
use crate::target::Context;
use crate::view::{change_line, change_text, plan_json};

pub(crate) fn run(context: &Context, args: &args::Diff) -> Result<Answer> {
    let from = context.compared(&args.from)?;
    let plan = context.migrator_for(Some(&args.to))?.diff(&from)?;
    let (a, b) = (args.from.display().to_string(), args.to.display().to_string());
    let sum = match plan.changes().count() as u64 {
        0 => format!("{a} and {b} are the same"),
        changes => format!("{} from {a} to {b}", count(changes, "change")),
    };
    let mut text = String::new();
    if args.sql {
        text = super::plan::script(&plan);
    } else if args.format == Format::Github {
        let lines: Vec<String> = plan.changes().map(change_line).collect();
        if !lines.is_empty() {
            let (title, file) = (sum, Some((b.as_str(), None)));
            push_line(
                &mut text,
                &Annotation { level: Level::Error, file, title, text: lines.join("\n") }.line(),
            );
        }
    } else {
        for change in plan.changes() {
            push_line(&mut text, &change_text(change));
        }
        push_line(&mut text, &sum);
    }
    let same = plan.is_empty();
    let answer = Answer::done(text, json!({ "from": a, "to": b, "same": same, "plan": plan_json(&plan) }));
    Ok(if same { answer } else { answer.exit(Exit::Pending) })
}
