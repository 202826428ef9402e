//! `inspect`: the schema of a database, a script or a folder of migrations, in the form that is asked for.

use schema_runtime::{Catalog, Owners, RenameRecord};
use serde_json::json;

use crate::args;
use crate::exit::Result;
use crate::inspect::{self, RustOptions};
use crate::output::{Answer, count};
use crate::target::Context;

/// The format of a snapshot, which `inspect --json` is: `--to` takes it.
const SNAPSHOT_FORMAT: u32 = 1;

pub(crate) fn run(context: &Context, args: &args::Inspect) -> Result<Answer> {
    let path = context.existing_database()?;
    let (model, scripts) = context.shown(&path)?;
    let catalog = model.catalog();
    let shown = path.display().to_string();
    if args.rust {
        let name = context.settings.layer.model.clone();
        let options = RustOptions { name, scripts, ..RustOptions::default() };
        let module = inspect::rust(catalog, &options);
        let fields = json!({
            "database": shown,
            "form": "rust",
            "text": module.text,
            "left_out": module.left_out,
        });
        let aside = match module.left_out.len() as u64 {
            0 => None,
            number => {
                Some(format!("note: the module leaves out {}; its comments say why", count(number, "thing")))
            }
        };
        return Ok(Answer { aside, ..Answer::done(module.text, fields) });
    }
    if args.mermaid {
        return Ok(text_of(&shown, "mermaid", inspect::mermaid(catalog)));
    }
    if args.sql {
        return Ok(text_of(&shown, "sql", inspect::sql(catalog)));
    }
    Ok(Answer::done(inspect::sql(catalog), snapshot(&shown, model.name(), catalog)))
}

fn text_of(database: &str, form: &str, text: String) -> Answer {
    let fields = json!({ "database": database, "form": form, "text": text });
    Answer::done(text, fields)
}

fn snapshot(database: &str, model: &str, catalog: &Catalog) -> serde_json::Value {
    let renames: [RenameRecord; 0] = [];
    json!({
        "format": SNAPSHOT_FORMAT,
        "database": database,
        "form": "snapshot",
        "model": model,
        "version": "",
        "fingerprint": "",
        "catalog": catalog,
        "owners": Owners::default(),
        "renames": renames,
    })
}
