//! `squash`: one baseline from many migrations.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::new::{spelt, write};
use crate::args;
use crate::exit::{Failure, Result};
use crate::output::{Answer, count, push_line};
use crate::target::Context;

pub(crate) fn run(context: &Context, args: &args::Squash) -> Result<Answer> {
    let (folder, migrations) = context.folder()?;
    let name = spelt(&args.name)?;
    let baseline = migrations.squash(args.upto.as_deref(), args.with_data, &context.scratch_options())?;
    let last = baseline.replaces.last().cloned().unwrap_or_default();
    let goes = args.delete || args.move_to.is_some();
    let number = match &baseline.number {
        Some(number) => number.clone(),
        None if goes => last.clone(),
        None => {
            return Err(Failure::usage(format!("there is no number between {last} and the next file's"))
                .state("nothing was written")
                .help("the baseline takes the number of the last file, which must go: `--move-to FOLDER` or `--delete`"));
        }
    };
    let files = replaced_files(&folder, &baseline.replaces)?;
    if let Some(to) = &args.move_to {
        refuse_taken(to, &files)?;
        fs::create_dir_all(to).map_err(|err| not_moved(to, &err))?;
    }
    let file = folder.join(format!("{number}_{name}.sql"));
    write(&file, &baseline.text)?;
    for path in &files {
        if let Some(to) = &args.move_to {
            let target = to.join(path.file_name().unwrap_or_default());
            fs::rename(path, target).map_err(|err| not_moved(path, &err))?;
        } else if args.delete {
            fs::remove_file(path).map_err(|err| not_moved(path, &err))?;
        }
    }
    let shown = |path: &PathBuf| path.display().to_string();
    let mut text = String::new();
    push_line(&mut text, &format!("created: {}", file.display()));
    push_line(
        &mut text,
        &format!(
            "it replaces {}, {} to {last}",
            count(baseline.replaces.len() as u64, "migration"),
            baseline.replaces[0]
        ),
    );
    for (table, rows) in baseline.rows.iter().filter(|_| args.with_data) {
        push_line(&mut text, &format!("with {} of {table}", count(*rows, "row")));
    }
    let what = match (&args.move_to, args.delete) {
        (Some(to), _) => format!("{} moved to {}", count(files.len() as u64, "file"), to.display()),
        (None, true) => format!("{} deleted", count(files.len() as u64, "file")),
        (None, false) => {
            "the replaced files stay: take them away once every database has applied them all; until then one that lacks some runs those"
                .to_owned()
        }
    };
    push_line(&mut text, &what);
    Ok(Answer::done(
        text,
        json!({
            "file": shown(&file),
            "version": number,
            "replaces": baseline.replaces,
            "files": files.iter().map(shown).collect::<Vec<_>>(),
            "moved_to": args.move_to.as_ref().map(shown),
            "deleted": args.delete,
        }),
    ))
}

/// The files of these numbers, their ways back too.
fn replaced_files(folder: &Path, numbers: &[String]) -> Result<Vec<PathBuf>> {
    let fault = |err: std::io::Error| not_moved(folder, &err);
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(fault)? {
        let path = entry.map_err(fault)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_replaced = name.ends_with(".sql")
            && name.split_once('_').is_some_and(|(digits, _)| numbers.iter().any(|number| number == digits));
        if is_replaced {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn refuse_taken(to: &Path, files: &[PathBuf]) -> Result<()> {
    let taken = files
        .iter()
        .map(|path| to.join(path.file_name().unwrap_or_default()))
        .find(|path| path.symlink_metadata().is_ok());
    match taken {
        None => Ok(()),
        Some(path) => Err(Failure::new("open", format!("`{}` exists already", path.display()))
            .state("nothing was written")
            .help("move the replaced files to another folder")),
    }
}

fn not_moved(path: &Path, err: &std::io::Error) -> Failure {
    Failure::new("open", format!("cannot take `{}` away", path.display()))
        .cause(err.to_string())
        .state("the baseline may be written; what is left of the replaced files stands beside it, which does no harm")
        .help("see what is in both folders, and move the rest by hand")
}
