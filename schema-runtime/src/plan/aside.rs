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
        let gone = gone_views(request, changes);
        let dropped = |is_trigger: bool, name: &str| {
            changes.iter().any(|change| match change {
                Change::DropView { view } => !is_trigger && eq_name(view, name),
                Change::DropTrigger { trigger, .. } => is_trigger && eq_name(trigger, name),
                _ => false,
            })
        };
        let views = target.views.iter().filter(|view| {
            (faults.object(&view.name).is_some() || is_among(&gone, &view.name))
                && !dropped(false, &view.name)
                && live.view(&view.name).is_some()
        });
        let triggers = target.triggers.iter().filter(|trigger| {
            (faults.trigger(&trigger.name).is_some() || reads(&trigger.sql, &gone, &trigger.name))
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

/// The views that are dropped on the way, and those that read one of them.
fn gone_views(request: &Request<'_>, changes: &[Change]) -> Vec<String> {
    let dropped = |change: &Change| match change {
        Change::DropView { view } => Some(view.clone()),
        _ => None,
    };
    let mut gone: Vec<String> = changes.iter().filter_map(dropped).collect();
    let mut views = request.target.views.iter();
    while let Some(view) =
        views.find(|view| !is_among(&gone, &view.name) && reads(&view.sql, &gone, &view.name))
    {
        gone.push(view.name.clone());
        views = request.target.views.iter();
    }
    gone
}

/// Whether the text of the object of this name speaks of one of `views`; its own name, which a trigger may share with one, is there once.
fn reads(sql: &str, views: &[String], name: &str) -> bool {
    let mut used = schema_sql::idents(sql).unwrap_or_default();
    if let Some(own) = used.iter().position(|used| eq_name(used, name)) {
        used.remove(own);
    }
    used.iter().any(|used| is_among(views, used))
}

fn is_among(names: &[String], name: &str) -> bool {
    names.iter().any(|known| eq_name(known, name))
}
