//! A failing pair made small: without tables, columns, constraints, differences and rows that it does not need to fail.

use super::Trial;
use super::grammar::{Id, Schema};

/// The most attempts for one failure.
const ATTEMPTS: u32 = 400;

/// The smallest pair that still fails, as a case.
pub fn shrink(trial: &Trial, fault: String) -> String {
    let (mut best, mut fault) = (trial.clone(), fault);
    let mut attempts = 0;
    loop {
        let mut smaller = None;
        for candidate in candidates(&best) {
            attempts += 1;
            if attempts > ATTEMPTS {
                break;
            }
            if let Err(text) = candidate.tried() {
                smaller = Some((candidate, text));
                break;
            }
        }
        match smaller {
            Some((candidate, text)) => (best, fault) = (candidate, text),
            None => return best.case(&fault),
        }
    }
}

fn candidates(trial: &Trial) -> Vec<Trial> {
    let mut all = Vec::new();
    let both = |change: &dyn Fn(&mut Schema)| {
        let mut next = trial.clone();
        change(&mut next.from);
        change(&mut next.to);
        next.from.tidy();
        next.to.tidy();
        next
    };
    let (from, to) = (&trial.from, &trial.to);
    let mut tables: Vec<Id> = from.tables.iter().chain(&to.tables).map(|table| table.id).collect();
    tables.sort_unstable();
    tables.dedup();
    for id in &tables {
        all.push(both(&|schema| schema.tables.retain(|table| table.id != *id)));
        all.push(alike(trial, *id));
    }
    for object in from.objects.iter().chain(&to.objects) {
        all.push(both(&|schema| schema.objects.retain(|other| other.name != object.name)));
    }
    for id in &tables {
        for schema in [from, to] {
            let Some(table) = schema.table(*id) else { continue };
            for column in &table.columns {
                all.push(both(&|schema| {
                    of(schema, *id, |table| table.columns.retain(|other| other.id != column.id))
                }));
                all.push(alike_column(trial, *id, column.id));
                all.push(both(&|schema| simple_column(schema, *id, column.id)));
            }
            for constraint in &table.constraints {
                all.push(both(&|schema| {
                    of(schema, *id, |table| table.constraints.retain(|other| other != constraint))
                }));
            }
            for index in &table.indexes {
                all.push(both(&|schema| {
                    of(schema, *id, |table| table.indexes.retain(|other| other.name != index.name))
                }));
            }
        }
        all.push(both(&|schema| of(schema, *id, |table| table.strict = false)));
    }
    for rows in [0, 1, 2] {
        if rows < trial.rows {
            all.push(Trial { rows, ..trial.clone() });
        }
    }
    if trial.consent {
        all.push(Trial { consent: false, ..trial.clone() });
    }
    all.retain(|candidate| {
        candidate.from != trial.from
            || candidate.to != trial.to
            || candidate.rows != trial.rows
            || candidate.consent != trial.consent
    });
    all
}

fn of(schema: &mut Schema, id: Id, change: impl Fn(&mut super::grammar::Table)) {
    schema.tables.iter_mut().filter(|table| table.id == id).for_each(change);
}

/// The table does not change.
fn alike(trial: &Trial, id: Id) -> Trial {
    let mut next = trial.clone();
    if let Some(table) = trial.from.table(id) {
        of(&mut next.to, id, |other| *other = table.clone());
    }
    next.to.tidy();
    next
}

/// The column does not change.
fn alike_column(trial: &Trial, table: Id, column: Id) -> Trial {
    let mut next = trial.clone();
    if let Some(found) = trial.from.table(table).and_then(|table| table.column(column)) {
        of(&mut next.to, table, |other| {
            other
                .columns
                .iter_mut()
                .filter(|other| other.id == column)
                .for_each(|other| *other = found.clone());
        });
    }
    next.to.tidy();
    next
}

/// The column has a type at most.
fn simple_column(schema: &mut Schema, table: Id, column: Id) {
    of(schema, table, |table| {
        for column in table.columns.iter_mut().filter(|other| other.id == column) {
            column.check = None;
            column.collate = None;
            if !column.late {
                column.default = None;
                column.not_null = None;
            }
        }
    });
}
