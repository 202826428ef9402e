//! What of a catalog does not work, and why.

use std::collections::BTreeMap;

/// The objects that cannot be used, with SQLite's reason. A trigger may be called as a view is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    pub(crate) views: BTreeMap<String, String>,
    pub(crate) virtual_tables: BTreeMap<String, String>,
    pub(crate) triggers: BTreeMap<String, String>,
}

impl Faults {
    /// Kind, name and reason of each, in the order of kinds and names.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str, &str)> {
        let kinds =
            [("view", &self.views), ("virtual table", &self.virtual_tables), ("trigger", &self.triggers)];
        kinds.into_iter().flat_map(|(kind, all)| {
            all.iter().map(move |(name, reason)| (kind, name.as_str(), reason.as_str()))
        })
    }

    /// Whether everything works.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// Why a view or a virtual table does not work; these share their names.
    pub fn object(&self, name: &str) -> Option<&str> {
        self.views.get(name).or_else(|| self.virtual_tables.get(name)).map(String::as_str)
    }

    /// Why a trigger does not work.
    pub fn trigger(&self, name: &str) -> Option<&str> {
        self.triggers.get(name).map(String::as_str)
    }

    /// Whether the object of such a fault does not work here either, for whatever reason.
    pub fn has(&self, (kind, name, _): &(&str, &str, &str)) -> bool {
        if *kind == "trigger" { self.trigger(name).is_some() } else { self.object(name).is_some() }
    }

    /// Leaves those whose reason is such.
    pub(crate) fn retain(&mut self, is_such: impl Fn(&str) -> bool) {
        for all in [&mut self.views, &mut self.virtual_tables, &mut self.triggers] {
            all.retain(|_, reason| is_such(reason));
        }
    }
}
