//! The merge of views, triggers and virtual tables.

use schema_sql::eq_name;

use super::{Merge, NoteKind, RemovalPolicy, Sides, Three};
use crate::catalog::{self, Catalog, Texts, TriggerInfo, ViewInfo, VirtualTableInfo};
use crate::snapshot::{State, key};

/// For texts that can see any table: views and triggers.
fn texts_of<'s>(sides: &'s Sides<'_>) -> Texts<'s> {
    if sides.live.has_no_dependants() {
        // There is nothing to compare with.
        return Texts::default();
    }
    let mut catalogs = vec![&sides.live, &sides.model.catalog];
    catalogs.extend(sides.last.as_ref().map(|last| &last.catalog));
    Texts::new(&catalogs)
}

impl Merge<'_> {
    pub(super) fn views(&mut self, catalog: &mut Catalog) {
        let sides = self.sides;
        let texts = texts_of(sides);
        for live in &sides.live.views {
            let key = key::view(&live.name);
            match sides.model.catalog.view(&live.name) {
                None if self.managed_last(&key) => {}
                None => {
                    self.carry(key);
                    catalog.views.push(live.clone());
                }
                Some(wanted) => {
                    self.present(&format!("view `{}`", live.name), &key);
                    let last = sides.last.as_ref().filter(|last| last.owners.is_managed(&key));
                    let base = last.and_then(|last| last.catalog.view(&live.name));
                    let three = Three { live, base, wanted };
                    let same = |a: &ViewInfo, b: &ViewInfo| catalog::same_view(&texts, a, b);
                    let take = self
                        .decide(&format!("view `{}`", live.name), &three, &same, &|view| view.sql.clone());
                    self.owners.set(key, State::Managed);
                    catalog.views.push(if take { wanted.clone() } else { live.clone() });
                }
            }
        }
        for wanted in sides.model.catalog.views.iter().filter(|view| sides.live.view(&view.name).is_none()) {
            let key = key::view(&wanted.name);
            self.missing(&format!("view `{}`", wanted.name), &key);
            self.owners.set(key, State::Managed);
            catalog.views.push(wanted.clone());
        }
    }

    pub(super) fn triggers(&mut self, catalog: &mut Catalog) {
        let sides = self.sides;
        let texts = texts_of(sides);
        for live in &sides.live.triggers {
            let key = key::trigger(&live.name);
            match sides.model.catalog.trigger(&live.name) {
                None if self.managed_last(&key) => {}
                None => {
                    // A trigger goes with its table or view.
                    let stays = catalog.table(&live.table).is_some() || catalog.view(&live.table).is_some();
                    let opaque = catalog.opaque.iter().any(|opaque| eq_name(&opaque.name, &live.table));
                    if stays || opaque {
                        self.carry(key);
                        catalog.triggers.push(live.clone());
                    }
                }
                Some(wanted) => {
                    self.present(&format!("trigger `{}`", live.name), &key);
                    let last = sides.last.as_ref().filter(|last| last.owners.is_managed(&key));
                    let base = last.and_then(|last| last.catalog.trigger(&live.name));
                    let three = Three { live, base, wanted };
                    let same = |a: &TriggerInfo, b: &TriggerInfo| catalog::same_trigger(&texts, a, b);
                    let what = format!("trigger `{}`", live.name);
                    let take = self.decide(&what, &three, &same, &|trigger| trigger.sql.clone());
                    self.owners.set(key, State::Managed);
                    catalog.triggers.push(if take { wanted.clone() } else { live.clone() });
                }
            }
        }
        for wanted in
            sides.model.catalog.triggers.iter().filter(|wanted| sides.live.trigger(&wanted.name).is_none())
        {
            let key = key::trigger(&wanted.name);
            self.missing(&format!("trigger `{}`", wanted.name), &key);
            self.owners.set(key, State::Managed);
            catalog.triggers.push(wanted.clone());
        }
    }

    pub(super) fn virtual_tables(&mut self, catalog: &mut Catalog) {
        let sides = self.sides;
        let texts = texts_of(sides);
        for live in &sides.live.virtual_tables {
            match sides.model.catalog.virtual_table(&live.name) {
                None => {
                    if self.keeps_virtual_table(live) {
                        catalog.virtual_tables.push(live.clone());
                    }
                }
                Some(wanted) => {
                    let key = key::virtual_table(&live.name);
                    self.present(&format!("virtual table `{}`", live.name), &key);
                    let last = sides.last.as_ref().filter(|last| last.owners.is_managed(&key));
                    let base = last.and_then(|last| last.catalog.virtual_table(&live.name));
                    let three = Three { live, base, wanted };
                    let same = |a: &VirtualTableInfo, b: &VirtualTableInfo| {
                        catalog::same_virtual_table(&texts, a, b)
                    };
                    let what = format!("virtual table `{}`", live.name);
                    let take = self.decide(&what, &three, &same, &|table| table.sql.clone());
                    self.owners.set(key, State::Managed);
                    catalog.virtual_tables.push(if take { wanted.clone() } else { live.clone() });
                }
            }
        }
        for wanted in &sides.model.catalog.virtual_tables {
            if sides.live.virtual_table(&wanted.name).is_none() {
                let key = key::virtual_table(&wanted.name);
                self.missing(&format!("virtual table `{}`", wanted.name), &key);
                self.owners.set(key, State::Managed);
                catalog.virtual_tables.push(wanted.clone());
            }
        }
    }

    /// Whether a virtual table that the model does not declare stays. One that keeps no data of its own is like an index
    /// and goes under every policy; one with content is removed like a table.
    fn keeps_virtual_table(&mut self, live: &VirtualTableInfo) -> bool {
        let key = key::virtual_table(&live.name);
        if self.sides.others.is_managed(&key) {
            self.owners.set(key, State::Foreign);
            return true;
        }
        let managed = self.managed_last(&key);
        // One that this model gave up may have become another model's since.
        let theirs = self.sides.others.is_managed(&key);
        if !managed && (theirs || !self.retired_last(&key)) {
            self.carry(key);
            return true;
        }
        let what = format!("virtual table `{}`", live.name);
        let consented = self.sides.model.dropped.iter().any(|name| eq_name(name, &live.name));
        if managed && live.is_derived() {
            return false;
        }
        if consented || (managed && self.policies.removal == RemovalPolicy::Drop) {
            return false;
        }
        if managed && self.policies.removal == RemovalPolicy::Refuse {
            let remedy = format!("dropped: [\"{}\"]", live.name);
            self.refused.push((format!("the model no longer declares {what}"), remedy));
        }
        if managed {
            self.note(NoteKind::Retired, format!("{what} is no longer in the model and is kept"));
        }
        self.retire(key);
        true
    }
}
