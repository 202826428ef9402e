//! `doctor`: how a database is, and what to do about it.

use schema_runtime::{HealthCheck, IntegrityCheck};
use serde_json::json;

use crate::args;
use crate::exit::{Failure, Result};
use crate::output::{Answer, push_line};
use crate::target::Context;

pub(crate) fn run(context: &Context, args: &args::Doctor) -> Result<Answer> {
    let path = context.existing_database()?;
    let mut check = if context.has_target() {
        HealthCheck::with_model(&context.migrator()?)
    } else {
        context.health_check()
    };
    if args.full {
        check = check.integrity(IntegrityCheck::Full).verify_backups(true);
    }
    let health = check.look_at_file(&path)?;
    let mut text = String::new();
    push_line(&mut text, &health.to_string());
    let answer = Answer::done(text, json!(health));
    Ok(match args.fail_under.filter(|wanted| health.score < *wanted) {
        None => answer,
        Some(wanted) => answer.but(
            Failure::new(
                "health",
                format!("the score of `{}` is {}, less than {wanted}", path.display(), health.score),
            )
            .state("nothing was changed")
            .help("do what the findings recommend, the heaviest first"),
        ),
    })
}
