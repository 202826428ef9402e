//! An older program on a file that a newer one has changed: whether it can still read and write there.
//!
//! It never migrates: what the newer model added hurts nobody, what it took away or forbids does.

use schema_sql::eq_name;

use crate::catalog::{TableInfo, Texts};
use crate::found::Found;
use crate::prepare::Prepared;
use crate::snapshot::{RenameRecord, key, table_keys};

/// Why an older program cannot run on this file, where the newer model did more than add.
pub(crate) fn what_it_lacks(prepared: &Prepared) -> Vec<String> {
    let mut reasons: Vec<String> = prepared.plan.changes().map(ToString::to_string).collect();
    let Some((_, last)) = &prepared.found.last else { return reasons };
    reasons.extend(last.renames.iter().filter_map(|record| now_another(&prepared.found, record)));
    for table in &prepared.found.model.catalog.tables {
        let Some(live) = prepared.found.live.table(&table.name) else { continue };
        for column in &live.columns {
            let blocks = column.not_null.is_some() && column.default.is_none() && column.generated.is_none();
            if table.column(&column.name).is_none() && blocks {
                reasons
                    .push(format!("column `{}`.`{}` is NOT NULL and has no default", live.name, column.name));
            }
        }
        for key in unknown_rules(live, table) {
            if last.owners.is_managed(&key) {
                reasons.push(format!("`{}` has a rule that this version does not know: {key}", live.name));
            }
        }
    }
    reasons
}

/// The name that this model uses and that the newer one has given away: what is called so now, if anything, is another object.
fn now_another(found: &Found, record: &RenameRecord) -> Option<String> {
    let table =
        found.model.catalog.table(if record.column.is_some() { &record.table } else { &record.from })?;
    let live = found.live.table(&table.name)?;
    let to = record.column.as_deref().unwrap_or(&record.table);
    if eq_name(to, &record.from) {
        // Another spelling is the same name.
        return None;
    }
    let knows = |names: &[String]| names.iter().any(|name| eq_name(name, &record.from));
    match &record.column {
        Some(to) => {
            let hints = found.model.table_hints(&table.name);
            let uses = table.column(&record.from).is_some() && live.column(&record.from).is_some();
            (uses && !knows(&hints.column(to).renamed_from))
                .then(|| format!("column `{}`.`{}` was renamed to `{to}`", table.name, record.from))
        }
        None => {
            let hints = found.model.table_hints(&record.table);
            (!knows(&hints.renamed_from))
                .then(|| format!("table `{}` was renamed to `{}`", record.from, record.table))
        }
    }
}

/// The keys of the rules of `live` that `table` lacks and that its inserts and updates could break. A rule over new columns
/// alone breaks nothing: they hold their defaults, and a NULL is never a duplicate.
fn unknown_rules(live: &TableInfo, table: &TableInfo) -> Vec<String> {
    let name = live.name.as_str();
    let written = |column: &str| table.column(column).is_some();
    let set =
        |column: &str| written(column) || live.column(column).is_some_and(|found| found.default.is_some());
    let texts = Texts::of([live, table]);
    let checks = live.checks.iter().filter_map(|check| {
        let breaks =
            schema_sql::idents(&check.expr).map_or(true, |idents| idents.iter().any(|ident| written(ident)));
        breaks.then(|| key::check(name, &texts.norm_expr(&check.expr)))
    });
    let foreign_keys = live.foreign_keys.iter().filter_map(|foreign| {
        let columns = || foreign.columns.iter().map(String::as_str);
        columns().any(written).then(|| key::foreign_key(name, columns(), &foreign.table))
    });
    let uniques = live.uniques.iter().filter_map(|unique| {
        let columns = || unique.terms.iter().map(|term| term.column.as_str());
        columns().all(set).then(|| key::unique(name, &unique.terms))
    });
    let wanted = table_keys(table);
    let indexes = live.indexes.iter().filter_map(|index| {
        let breaks = index.unique && index.terms.iter().all(|term| term.is_expr || set(&term.term));
        breaks.then(|| key::index(&index.name))
    });
    checks.chain(foreign_keys).chain(uniques).chain(indexes).filter(|key| !wanted.contains(key)).collect()
}
