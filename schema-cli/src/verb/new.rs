//! `new`: the next file of a folder of migrations, blank or with what a comparison finds.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use schema_runtime::Migrations;
use serde_json::json;

use crate::args;
use crate::exit::{Failure, Result};
use crate::output::{Answer, push_line};
use crate::target::{Context, FOLDER};
use crate::view::list_text;

pub(crate) fn run(context: &Context, args: &args::New) -> Result<Answer> {
    let folder = context.settings.layer.migrations.clone().unwrap_or_else(|| FOLDER.into());
    let name = spelt(&args.name)?;
    let texts = if args.from_diff { of_diff(context, args, &folder)? } else { blank(args)? };
    fs::create_dir_all(&folder).map_err(|err| unwritten(&folder, &err))?;
    let last = Migrations::last_in(&folder)?;
    let digits = match args.timestamp {
        true => context.now()?,
        false => next(last.as_deref())?,
    };
    let mut files = vec![folder.join(format!("{digits}_{name}.sql"))];
    write(&files[0], &texts.up)?;
    if let Some(down) = &texts.down {
        files.push(folder.join(format!("{digits}_{name}.down.sql")));
        write(&files[1], down).inspect_err(|_| {
            // One without the other is not what was asked for.
            let _ = fs::remove_file(&files[0]);
        })?;
    }
    let mut text = String::new();
    let mut shown: Vec<String> = files.iter().map(|path| path.display().to_string()).collect();
    for path in &shown {
        push_line(&mut text, &format!("created: {path}"));
    }
    list_text(&mut text, "note", &texts.notes);
    push_line(&mut text, texts.next);
    match build_script(&folder)? {
        BuildScript::Made(path) => {
            push_line(&mut text, &format!("created: {path}, so that cargo sees new files of `migrations!`"));
            shown.push(path);
        }
        BuildScript::Lacks(path, line) => {
            push_line(
                &mut text,
                &format!("for `migrations!` add to {path}, so that cargo sees new files: {line}"),
            );
        }
        BuildScript::Fine => {}
    }
    Ok(Answer::done(text, json!({ "version": digits, "name": name, "files": shown, "notes": texts.notes })))
}

/// What is written into the files, and said of it.
struct Texts {
    up: String,
    down: Option<String>,
    notes: Vec<String>,
    next: &'static str,
}

fn blank(args: &args::New) -> Result<Texts> {
    if args.database.db.is_some() {
        return Err(Failure::usage("a database is named, and nothing is compared with it")
            .state("nothing was created")
            .help("say `--from-diff` to write what would change it, or leave it out"));
    }
    Ok(Texts {
        up: format!("-- {}\n", args.name.trim()),
        down: args.down.then(|| format!("-- Takes back: {}\n", args.name.trim())),
        notes: Vec::new(),
        next: "write its statements; `-- schema: after` above them lets it run after the model's own change",
    })
}

/// The automatic change, proved.
fn of_diff(context: &Context, args: &args::New, folder: &Path) -> Result<Texts> {
    let path = context.existing_database()?;
    let authored = context.migrator_beside(folder)?.reapply().author(&path)?;
    if authored.up.is_empty() {
        return Err(Failure::new(
            "pending",
            format!("`{}` is up to date: there is nothing to write", path.display()),
        )
        .state("nothing was created")
        .help("change the target first"));
    }
    Ok(Texts {
        up: format!("-- {}\n\n{}", args.name.trim(), authored.up),
        down: authored.down.map(|down| format!("-- Takes back: {}\n\n{down}", args.name.trim())),
        notes: authored.notes,
        next: "both ways ran on a copy with rows; once it is applied the target plans nothing",
    })
}

/// What is to be said of the build script of the crate beside whose `Cargo.toml` the folder lies.
enum BuildScript {
    Made(String),
    /// The path of the script, and the line that it lacks.
    Lacks(String, String),
    Fine,
}

fn build_script(folder: &Path) -> Result<BuildScript> {
    let beside = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Ok(manifest) = fs::read_to_string(beside.join("Cargo.toml")) else { return Ok(BuildScript::Fine) };
    let lines = || manifest.lines().map(str::trim);
    if !lines().any(|line| line == "[package]") {
        return Ok(BuildScript::Fine);
    }
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let line = format!("println!(\"cargo::rerun-if-changed={name}\");");
    let own = lines()
        .find_map(|line| line.strip_prefix("build").map(str::trim_start)?.strip_prefix('=').map(str::trim));
    let path = beside.join(own.map_or("build.rs", |own| own.trim_matches('"')));
    if own == Some("false") {
        return Ok(BuildScript::Fine);
    }
    let shown = path.strip_prefix(".").unwrap_or(&path).display().to_string();
    match fs::read_to_string(&path) {
        Ok(text) if text.contains(&format!("rerun-if-changed={name}")) => Ok(BuildScript::Fine),
        Ok(_) => Ok(BuildScript::Lacks(shown, line)),
        Err(err) if err.kind() == std::io::ErrorKind::NotFound && own.is_none() => {
            write(&path, &format!("fn main() {{\n    {line}\n}}\n"))?;
            Ok(BuildScript::Made(shown))
        }
        Err(_) => Ok(BuildScript::Lacks(shown, line)),
    }
}

/// A name as files have it: `add the index` becomes `add_the_index`.
pub(super) fn spelt(text: &str) -> Result<String> {
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

pub(super) fn write(path: &Path, text: &str) -> Result<()> {
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
