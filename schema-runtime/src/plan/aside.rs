//! What is out of the way while a plan runs, and put back at its end.
//!
//! A broken view or trigger anywhere makes SQLite refuse RENAME and DROP COLUMN. Those that somebody else left broken, and those that
//! read a view which the plan drops and makes again, are dropped first and put back as they were.

use schema_sql::{eq_name, quote_ident};

use super::hazard::{Hazard, HazardCode};
use super::order::{Request, catalog_step, in_main};
use super::{Facts, Step};
use crate::catalog::name_sql;
use crate::diff::Change;

/// A view or a trigger; a trigger may be called as a view or an index is.
struct Object {
    is_trigger: bool,
    name: String,
    sql: String,
}

/// What is set aside, in the order in which it is put back.
#[derive(Default)]
pub(super) struct Aside(Vec<Object>);

impl Aside {
    pub(super) fn of(request: &Request<'_>, changes: &[Change]) -> Aside {
        let hindered = !request.renames.is_empty()
            || changes.iter().any(|change| matches!(change, Change::DropColumn { .. }));
        if !hindered {
            return Aside::default();
        }
        let (live, target, faults) = (request.live, request.target, &request.facts.broken);
        let hidden = without_their_views(request, changes);
        let is_hidden = |name: &str| hidden.iter().any(|hidden| eq_name(hidden, name));
        let dropped = |is_trigger: bool, name: &str| {
            changes.iter().any(|change| match change {
                Change::DropView { view } => !is_trigger && eq_name(view, name),
                Change::DropTrigger { trigger, .. } => is_trigger && eq_name(trigger, name),
                _ => false,
            })
        };
        let views = target.views.iter().filter(|view| {
            (faults.object(&view.name).is_some() || is_hidden(&view.name))
                && !dropped(false, &view.name)
                && live.view(&view.name).is_some()
        });
        let triggers = target.triggers.iter().filter(|trigger| {
            (faults.trigger(&trigger.name).is_some() || is_hidden(&trigger.name))
                && !dropped(true, &trigger.name)
                && live.trigger(&trigger.name).is_some()
        });
        let object = |is_trigger, name: &String, sql: &String| Object {
            is_trigger,
            name: name.clone(),
            sql: sql.clone(),
        };
        Aside(
            views
                .map(|view| object(false, &view.name, &view.sql))
                .chain(triggers.map(|trigger| object(true, &trigger.name, &trigger.sql)))
                .collect(),
        )
    }

    pub(super) fn has_trigger(&self, name: &str) -> bool {
        self.0.iter().any(|object| object.is_trigger && eq_name(&object.name, name))
    }

    /// The steps that take it out of the way.
    pub(super) fn drops(&self, facts: &Facts) -> impl Iterator<Item = Step> {
        self.0.iter().rev().map(|object| {
            let name = &object.name;
            let (kind, reason) = match object.is_trigger {
                true => ("trigger", facts.broken.trigger(name)),
                false => ("view", facts.broken.object(name)),
            };
            let sql = format!("DROP {} main.{}", kind.to_uppercase(), quote_ident(name));
            let mut step = catalog_step(Vec::new(), name, vec![sql]);
            let hazard = reason.map(|reason| {
                let text = format!("{kind} does not work ({reason}): set aside and put back as it is");
                Hazard::new(HazardCode::Broken, name_sql(name), text)
            });
            step.hazards.extend(hazard);
            step
        })
    }

    /// The steps that put it back.
    pub(super) fn returns(&self) -> impl Iterator<Item = Step> {
        self.0.iter().map(|object| catalog_step(Vec::new(), &object.name, vec![in_main(&object.sql)]))
    }
}

/// Views and triggers that name a view which is dropped on the way, or one that names such a view.
fn without_their_views(request: &Request<'_>, changes: &[Change]) -> Vec<String> {
    let dropped = |change: &Change| match change {
        Change::DropView { view } => Some(view.clone()),
        _ => None,
    };
    let mut gone: Vec<String> = changes.iter().filter_map(dropped).collect();
    let (target, first) = (request.target, gone.len());
    let views = target.views.iter().map(|view| (&view.name, &view.sql));
    let all: Vec<(&String, &String)> =
        views.chain(target.triggers.iter().map(|trigger| (&trigger.name, &trigger.sql))).collect();
    while let Some((name, _)) = all.iter().find(|(name, sql)| {
        let used = schema_sql::idents(sql).unwrap_or_default();
        let is_gone = |name: &str| gone.iter().any(|gone| eq_name(gone, name));
        !is_gone(name) && used.iter().any(|used| is_gone(used))
    }) {
        gone.push((*name).clone());
    }
    gone.split_off(first)
}
