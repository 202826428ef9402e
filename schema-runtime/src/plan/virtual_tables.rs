//! Virtual tables that are created, made anew or dropped.

use schema_sql::{eq_name, quote_ident};

use super::order::{catalog_step, in_main};
use super::rebuild::held_name;
use super::{Hazard, HazardCode, Method, Step};
use crate::catalog::{Catalog, VirtualTableInfo, name_sql};
use crate::diff::Change;

impl VirtualTableInfo {
    fn is_fts(&self) -> bool {
        ["fts3", "fts4", "fts5"].iter().any(|module| eq_name(module, &self.module))
    }

    /// The value of an option such as `content=…`, unquoted.
    fn option(&self, name: &str) -> Option<String> {
        self.args.iter().find_map(|arg| {
            let (key, value) = arg.split_once('=')?;
            eq_name(key.trim(), name)
                .then(|| value.trim().trim_matches(['\'', '"', '`', '[', ']']).to_owned())
        })
    }

    /// The table that holds the content of a full-text index.
    pub(crate) fn content(&self) -> Option<String> {
        self.option("content").filter(|table| self.is_fts() && !table.is_empty())
    }

    /// Whether everything in it can be made again from another table.
    pub(crate) fn is_derived(&self) -> bool {
        self.content().is_some()
    }

    /// The columns that can be copied from one incarnation to the next; `None` where content cannot be read back.
    fn columns(&self) -> Option<Vec<String>> {
        let contentless = self.option("content").is_some_and(|table| table.is_empty());
        if contentless {
            return None;
        }
        let plain = |arg: &&String| !(self.is_fts() && arg.contains('='));
        let first_word = |arg: &String| {
            // An auxiliary column of an R-tree is written `+name`. SQLite: <https://www.sqlite.org/rtree.html>, section 4.
            let tokens = schema_sql::significant(arg.trim_start_matches('+')).unwrap_or_default();
            tokens.first().and_then(schema_sql::Token::ident).filter(|_| !tokens.is_empty())
        };
        if self.is_fts() || eq_name(&self.module, "rtree") || eq_name(&self.module, "rtree_i32") {
            Some(self.args.iter().filter(plain).filter_map(first_word).collect())
        } else {
            None
        }
    }
}

fn step(change: Change, table: &VirtualTableInfo, sql: Vec<String>, method: Method) -> Step {
    Step { method, ..catalog_step(vec![change], &table.name, sql) }
}

/// Fills a full-text index with external content. SQLite: <https://www.sqlite.org/fts5.html>, section 6.12.
fn fill(table: &VirtualTableInfo) -> Option<String> {
    let name = quote_ident(&table.name);
    table.content().map(|_| format!("INSERT INTO main.{name} ({name}) VALUES ('rebuild')"))
}

pub(super) fn create(change: Change, table: &VirtualTableInfo) -> Step {
    let mut sql = vec![in_main(&table.sql)];
    let method = if table.is_derived() { Method::Scan } else { Method::Catalog };
    sql.extend(fill(table));
    step(change, table, sql, method)
}

pub(super) fn drop(change: Change, table: &VirtualTableInfo) -> Step {
    let sql = format!("DROP TABLE main.{}", quote_ident(&table.name));
    let mut step = step(change, table, vec![sql], Method::Catalog);
    if !table.is_derived() {
        let hazard =
            Hazard::new(HazardCode::DropVirtualTable, name_sql(&table.name), "its content is deleted");
        step.hazards.push(hazard);
    }
    step
}

/// Makes the table anew: from its content table where it has one, else with a copy of the columns that stay.
pub(super) fn alter(change: Change, from: &VirtualTableInfo, to: &VirtualTableInfo, live: &Catalog) -> Step {
    let name = quote_ident(&to.name);
    if to.is_derived() {
        let mut sql = vec![format!("DROP TABLE main.{}", quote_ident(&from.name)), in_main(&to.sql)];
        sql.extend(fill(to));
        let mut step = step(change, to, sql, Method::Scan);
        if !from.is_derived() {
            let text = "its own content is deleted";
            step.hazards.push(Hazard::new(HazardCode::DropVirtualTable, name_sql(&to.name), text));
        }
        return step;
    }
    let copied = eq_name(&from.module, &to.module).then(|| from.columns().zip(to.columns())).flatten();
    let Some((before, after)) = copied else {
        let sql = vec![format!("DROP TABLE main.{}", quote_ident(&from.name)), in_main(&to.sql)];
        let mut step = step(change, to, sql, Method::Rebuild);
        let text = "its content cannot be read back and is lost";
        step.hazards.push(Hazard::new(HazardCode::DropVirtualTable, name_sql(&to.name), text));
        return step;
    };
    let both: Vec<&String> =
        after.iter().filter(|name| before.iter().any(|old| eq_name(old, name))).collect();
    let mut names: Vec<String> = both.iter().map(|name| quote_ident(name)).collect();
    if to.is_fts() {
        names.insert(0, "rowid".to_owned());
    }
    let old = quote_ident(&held_name(live, &to.name));
    let names = names.join(", ");
    let sql = vec![
        format!("ALTER TABLE main.{} RENAME TO {old}", quote_ident(&from.name)),
        in_main(&to.sql),
        format!("INSERT INTO main.{name} ({names}) SELECT {names} FROM main.{old}"),
        format!("DROP TABLE main.{old}"),
    ];
    let mut step = step(change, to, sql, Method::Rebuild);
    // Else SQLite rewrites the triggers that feed it to the name that it has meanwhile.
    step.needs.legacy_alter = true;
    for lost in before.iter().filter(|old| !both.iter().any(|name| eq_name(name, old))) {
        let object = format!("{}.{}", name_sql(&to.name), name_sql(lost));
        step.hazards.push(Hazard::new(HazardCode::DropColumn, object, "the column's values are deleted"));
    }
    step
}

/// Fills an index anew whose content table was changed under it.
pub(super) fn refill(table: &VirtualTableInfo) -> Option<String> {
    fill(table)
}
