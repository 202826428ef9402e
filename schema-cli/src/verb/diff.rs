//! `diff`: two targets compared, without a database of the user's being touched.

use serde_json::json;

use crate::args;
use crate::exit::{Exit, Result};
use crate::output::{Answer, count, push_line};
use crate::target::Context;
use crate::view::{change_text, plan_json};

pub(crate) fn run(context: &Context, args: &args::Diff) -> Result<Answer> {
    let from = context.compared(&args.from)?;
    let plan = context.migrator_for(Some(&args.to))?.diff(&from)?;
    let (a, b) = (args.from.display().to_string(), args.to.display().to_string());
    let mut text = String::new();
    if args.sql {
        text = super::plan::script(&plan);
    } else {
        for change in plan.changes() {
            push_line(&mut text, &change_text(change));
        }
        let changes = plan.changes().count() as u64;
        push_line(
            &mut text,
            &match changes {
                0 => format!("{a} and {b} are the same"),
                changes => format!("{} from {a} to {b}", count(changes, "change")),
            },
        );
    }
    let same = plan.is_empty();
    let answer = Answer::done(text, json!({ "from": a, "to": b, "same": same, "plan": plan_json(&plan) }));
    Ok(if same { answer } else { answer.exit(Exit::Pending) })
}
