//! Renames that no release needs any more.

use std::fs;
use std::path::Path;

use schema_sql::eq_name;

use super::Fault;
use crate::catalog::{Catalog, TableInfo};
use crate::error::{Error, ErrorKind, Result};
use crate::folder::{files, unread};
use crate::model::Model;
use crate::plan::HazardCode;
use crate::snapshot::Snapshot;
use crate::version::version_cmp;

/// The catalogs of the releases in `folder` that are older than the model, and of its name. Nothing where there is no folder.
///
/// # Errors
/// `Io` if a file cannot be read, `Model` if one is no snapshot.
pub(super) fn older(folder: &Path, model: &Model) -> Result<Vec<Catalog>> {
    let mut catalogs = Vec::new();
    for path in files(folder, "json")? {
        let text = fs::read_to_string(&path).map_err(|err| unread(&path, err))?;
        let snapshot = Snapshot::from_json(&text).map_err(|error| {
            let causes = error.causes().to_vec();
            let error = Error::new(ErrorKind::Model, format!("`{}` is no snapshot", path.display()));
            causes.into_iter().fold(error, Error::cause).help(
                "take the file as the main branch has it, or take it out of the folder where its release is no longer supported",
            )
        })?;
        if snapshot.model == model.name && version_cmp(&snapshot.version, &model.version).is_lt() {
            catalogs.push(snapshot.catalog);
        }
    }
    Ok(catalogs)
}

pub(super) fn of_table(table: &TableInfo, model: &Model, releases: &[Catalog], found: &mut Vec<Fault>) {
    if releases.is_empty() {
        return;
    }
    let hints = model.table_hints(&table.name);
    for old in &hints.renamed_from {
        if !releases.iter().any(|catalog| catalog.table(old).is_some()) {
            found.push(Fault::of_table(HazardCode::StaleRename, &table.name, unneeded(old)));
        }
    }
    // A release may have had the table by an earlier name.
    let names = || hints.renamed_from.iter().chain([&table.name]);
    let tables = || releases.iter().flat_map(|catalog| &catalog.tables);
    let earlier = || tables().filter(|it| names().any(|name| eq_name(name, &it.name)));
    for column in &table.columns {
        for old in &hints.column(&column.name).renamed_from {
            if !earlier().any(|it| it.column(old).is_some()) {
                let columns = vec![column.name.clone()];
                let text = unneeded(old);
                found.push(Fault::of_columns(HazardCode::StaleRename, &table.name, columns, text));
            }
        }
    }
}

fn unneeded(old: &str) -> String {
    format!("no release in the folder has `{old}`, from which it is renamed")
}
