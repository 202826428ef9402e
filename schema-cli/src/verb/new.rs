//! `new`: the next file of a folder of migrations.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use schema_runtime::Migrations;
use serde_json::json;

use crate::args;
use crate::exit::{Failure, Result};
use crate::output::{Answer, push_line};
use crate::target::{Context, FOLDER};

pub(crate) fn run(context: &Context, args: &args::New) -> Result<Answer> {
    let folder = context.settings.layer.migrations.clone().unwrap_or_else(|| FOLDER.into());
    let name = spelt(&args.name)?;
    fs::create_dir_all(&folder).map_err(|err| unwritten(&folder, &err))?;
    let last = Migrations::last_in(&folder)?;
    let digits = match args.timestamp {
        true => context.now()?,
        false => next(last.as_deref())?,
    };
    let mut files = vec![folder.join(format!("{digits}_{name}.sql"))];
    write(&files[0], &format!("-- {}\n", args.name.trim()))?;
    if args.down {
        files.push(folder.join(format!("{digits}_{name}.down.sql")));
        write(&files[1], &format!("-- Takes back: {}\n", args.name.trim()))?;
    }
    let mut text = String::new();
    let shown: Vec<String> = files.iter().map(|path| path.display().to_string()).collect();
    for path in &shown {
        push_line(&mut text, &format!("created: {path}"));
    }
    push_line(
        &mut text,
        "write its statements; `-- schema: after` above them lets it run after the model's own change",
    );
    Ok(Answer::done(text, json!({ "version": digits, "name": name, "files": shown })))
}

/// A name as files have it: `add the index` becomes `add_the_index`.
fn spelt(text: &str) -> Result<String> {
    let words: Vec<String> = text
        .split(|c: char| !(c.is_alphanumeric() || c == '-'))
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    if words.is_empty() {
        return Err(Failure::usage("the migration has no name")
            .state("nothing was created")
            .help("say what it does: `new 'split names'`"));
    }
    Ok(words.join("_"))
}

/// The number behind `last`, as wide.
fn next(last: Option<&str>) -> Result<String> {
    let Some(last) = last else { return Ok("001".to_owned()) };
    let number = last.parse::<u64>().ok().and_then(|number| number.checked_add(1));
    number.map(|number| format!("{number:0width$}", width = last.len())).ok_or_else(|| {
        Failure::usage(format!("there is no number behind {last}"))
            .state("nothing was created")
            .help("give the file a number by hand")
    })
}

fn write(path: &Path, text: &str) -> Result<()> {
    let mut file =
        OpenOptions::new().write(true).create_new(true).open(path).map_err(|err| unwritten(path, &err))?;
    file.write_all(text.as_bytes()).map_err(|err| unwritten(path, &err))
}

fn unwritten(path: &Path, err: &std::io::Error) -> Failure {
    Failure::new("open", format!("cannot write `{}`", path.display()))
        .cause(err.to_string())
        .state("nothing was created")
        .help("correct the folder with `--migrations`, or its permissions")
}
