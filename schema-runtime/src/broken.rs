//! What of a catalog does not work: found by making it again in a scratch database.

use rusqlite::Connection;
use schema_sql::{TriggerEvent, quote_ident, split_create_trigger};

use crate::catalog::{self, Catalog, Faults, TriggerInfo};
use crate::connection;
use crate::error::Result;
use crate::reach;

impl Catalog {
    /// The views, triggers and virtual tables that cannot be used, with SQLite's reason: a table or column that they read is
    /// not there. What needs a function, collation or module that a program registers itself is not among them.
    ///
    /// # Errors
    /// `Rehearsal` if the catalog cannot be made again in a scratch database.
    pub fn broken(&self) -> Result<Faults> {
        let mut broken = find(&|| connection::scratch(None, None), self)?;
        broken.retain(|reason| !is_unregistered(reason));
        Ok(broken)
    }
}

/// Views, triggers and full-text indexes of `catalog` that do not work, with SQLite's reason.
pub(crate) fn find(scratch: &dyn Fn() -> Result<Connection>, catalog: &Catalog) -> Result<Faults> {
    let mut found = Faults::default();
    if catalog.views.is_empty() && catalog.triggers.is_empty() && catalog.virtual_tables.is_empty() {
        return Ok(found);
    }
    let named = reach::dependants(catalog).unwrap_or_else(|| catalog.clone());
    let quiet = Catalog { triggers: Vec::new(), ..named };
    let scratch = scratch()?;
    catalog::replay(&scratch, &quiet, &mut |_| Ok(()))?;
    for view in &catalog.views {
        let sql = format!("SELECT * FROM main.{}", quote_ident(&view.name));
        if let Err(err) = scratch.prepare(&sql) {
            found.views.insert(view.name.clone(), catalog::reason(&err, &sql));
        }
    }
    for table in &catalog.virtual_tables {
        let sql = format!("SELECT * FROM main.{} LIMIT 1", quote_ident(&table.name));
        if let Err(err) = scratch.execute_batch(&sql) {
            found.virtual_tables.insert(table.name.clone(), catalog::reason(&err, &sql));
        }
    }
    for trigger in &catalog.triggers {
        if let Some(reason) = trigger_fault(&scratch, catalog, trigger) {
            found.triggers.insert(trigger.name.clone(), reason);
        }
    }
    Ok(found)
}

/// SQLite compiles a trigger only with a statement that fires it; so each is created alone and such a statement prepared.
fn trigger_fault(scratch: &Connection, catalog: &Catalog, trigger: &TriggerInfo) -> Option<String> {
    let sql = match firing_statement(scratch, catalog, trigger) {
        Ok(sql) => sql?,
        Err(fault) => return Some(fault),
    };
    let text = |err: rusqlite::Error, sql: &str| catalog::reason(&err, sql);
    let made = scratch.execute_batch(&trigger.sql).map_err(|err| text(err, &trigger.sql));
    let fault = made.and_then(|()| scratch.prepare(&sql).map(|_| ()).map_err(|err| text(err, &sql))).err();
    let _ = scratch.execute_batch(&format!("DROP TRIGGER IF EXISTS main.{}", quote_ident(&trigger.name)));
    fault
}

/// A statement that fires the trigger, `None` where none can be told.
///
/// # Errors
/// Why the trigger can never fire.
pub(crate) fn firing_statement(
    conn: &Connection,
    catalog: &Catalog,
    trigger: &TriggerInfo,
) -> std::result::Result<Option<String>, String> {
    let parts = split_create_trigger(&trigger.sql).map_err(|err| err.to_string())?;
    let target = quote_ident(&trigger.table);
    let table = catalog.table(&trigger.table);
    Ok(Some(match &parts.event {
        TriggerEvent::Insert => format!("INSERT INTO main.{target} DEFAULT VALUES"),
        TriggerEvent::Delete => format!("DELETE FROM main.{target}"),
        TriggerEvent::Update(named) => {
            if let Some(table) = table {
                if let Some(lost) = named.iter().find(|name| table.column(name).is_none()) {
                    return Err(format!("UPDATE OF names no column of `{}`: {lost}", table.name));
                }
            }
            let mut plain =
                table.iter().flat_map(|table| &table.columns).filter(|column| column.generated.is_none());
            let column = named.first().cloned().or_else(|| plain.next().map(|column| column.name.clone()));
            let Some(column) = column.or_else(|| view_column(conn, &trigger.table)) else { return Ok(None) };
            format!("UPDATE main.{target} SET {0} = {0}", quote_ident(&column))
        }
        _ => return Ok(None),
    }))
}

fn view_column(scratch: &Connection, view: &str) -> Option<String> {
    let statement = scratch.prepare(&format!("SELECT * FROM main.{}", quote_ident(view))).ok()?;
    statement.column_name(0).ok().map(str::to_owned)
}

/// Whether SQLite's reason is that something was not registered on the connection, which says nothing of the database.
pub(crate) fn is_unregistered(reason: &str) -> bool {
    ["no such function", "unknown function", "no such collation", "no such module", "no such tokenizer"]
        .iter()
        .any(|text| reason.contains(text))
}
