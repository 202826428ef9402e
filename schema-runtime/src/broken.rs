//! What a catalog holds that does not work: found by making it again in a scratch database.

use std::collections::BTreeMap;

use crate::catalog::Catalog;
use crate::connection;
use crate::error::Result;
use crate::rehearse;

impl Catalog {
    /// The views, triggers and virtual tables that cannot be used, by name, with SQLite's reason: a table or column that they read is
    /// not there. What needs a function, collation or module that a program registers itself is not among them.
    ///
    /// # Errors
    /// `Rehearsal` if the catalog cannot be made again in a scratch database.
    pub fn broken(&self) -> Result<BTreeMap<String, String>> {
        let mut broken = rehearse::broken(&|| connection::scratch(None, None), self)?;
        broken.retain(|_, reason| !is_unregistered(reason));
        Ok(broken)
    }
}

/// Whether SQLite's reason is that something was not registered on the connection, which says nothing of the database.
pub(crate) fn is_unregistered(reason: &str) -> bool {
    ["no such function", "unknown function", "no such collation", "no such module", "no such tokenizer"]
        .iter()
        .any(|text| reason.contains(text))
}
