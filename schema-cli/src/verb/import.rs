//! `import`: the migrations of another tool, copied into files that are named as ours.

use schema_runtime::Migrations;
use serde_json::json;

use crate::args;
use crate::exit::Result;
use crate::output::{Answer, count, push_line};
use crate::target::{Context, FOLDER};

pub(crate) fn run(context: &Context, args: &args::Import) -> Result<Answer> {
    let folder = context.settings.layer.migrations.clone().unwrap_or_else(|| FOLDER.into());
    let imported = Migrations::import(&args.from, &folder)?;
    let mut text = String::new();
    for (from, to) in &imported.files {
        push_line(&mut text, &format!("{} -> {}", from.display(), to.display()));
    }
    for path in &imported.left_out {
        push_line(&mut text, &format!("left out: {} has no statement", path.display()));
    }
    let copied = count(imported.files.len() as u64, "file");
    push_line(
        &mut text,
        &format!(
            "{copied} in {}; `{} adopt` records what a database has of them",
            folder.display(),
            context.program
        ),
    );
    let files = imported
        .files
        .iter()
        .map(|(from, to)| json!({ "from": from.display().to_string(), "to": to.display().to_string() }));
    let left_out: Vec<String> = imported.left_out.iter().map(|path| path.display().to_string()).collect();
    Ok(Answer::done(text, json!({ "files": files.collect::<Vec<_>>(), "left_out": left_out })))
}
