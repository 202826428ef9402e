//! What is proved of each table after a plan has run, and what needs no proof because no step can have changed it.
//!
//! | what a plan does to a table | rows counted, foreign keys checked, before and after | pages checked |
//! | --- | --- | --- |
//! | rows are written or copied, the table or a column is renamed or dropped | yes, and of the tables that refer to it | where rows were written |
//! | its text alone changes: a column is added, a rule comes or goes, a default, a name of a type | foreign keys, where they are others | where the text is edited and rows must satisfy more |
//! | NOT NULL or CHECK by SQLite's own ALTER | | no: the statement reads every row itself |
//! | foreign keys alone, by an edit | foreign keys | no: nothing that the check of pages looks at is another |
//! | an index is made | | no: no page of the table is written |
//!
//! Rows that refer to nothing are counted in small tables even so, for the report.
//!
//! Whatever it is, the catalog is read again and must be the target. `IntegrityCheck::Full` checks pages wherever rows were read.

use std::collections::BTreeMap;

use schema_sql::{eq_name, fold};

use super::{Method, Step};
use crate::catalog::{Catalog, TableInfo};
use crate::diff::{Change, ColumnProperty, ConstraintKind, TableProperty};

/// What is proved of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TableProof {
    /// The table, by its new name.
    pub(crate) table: String,
    /// Its rows are as many as before.
    pub(crate) count: bool,
    /// No more of its rows than before refer to a parent that does not exist.
    pub(crate) references: bool,
    /// Nothing can have changed that, but people are told of such rows where it costs little.
    pub(crate) report: bool,
    /// `quick_check`, or `integrity_check`, finds nothing.
    pub(crate) pages: bool,
}

/// What is proved after `steps`, which lead to `target`; tables without a proof are left out. `before` is a table as it was, by
/// its new name. `full` asks for the check of pages wherever rows were read.
pub(crate) fn proofs<'t>(
    steps: &[Step],
    before: &dyn Fn(&str) -> Option<&'t TableInfo>,
    target: &Catalog,
    full: bool,
) -> Vec<TableProof> {
    let works = Works::of(steps);
    let disturbed = |table: &str| works.on(table).disturbed;
    let mut proofs = Vec::new();
    for table in &target.tables {
        let work = works.on(&table.name);
        let before = before(&table.name);
        let near = table.foreign_keys.iter().any(|foreign| disturbed(&foreign.table));
        let moved = before.is_some() && (work.disturbed || near);
        let proof = TableProof {
            table: table.name.clone(),
            count: moved,
            references: moved || before.is_some_and(|before| work.altered && refers_otherwise(before, table)),
            report: work.altered && !moved && before.is_some_and(|before| !before.foreign_keys.is_empty()),
            pages: work.reads && (full || !work.proved),
        };
        if proof.count || proof.references || proof.report || proof.pages {
            proofs.push(proof);
        }
    }
    proofs
}

/// What the steps of a plan do to one table.
#[derive(Debug, Clone, Copy)]
struct Work {
    /// Its definition changes, or its name, or it goes.
    altered: bool,
    /// And more than its text may have changed.
    disturbed: bool,
    /// Its rows are read or written.
    reads: bool,
    /// By statements that prove themselves, all of them.
    proved: bool,
}

/// What is done, by the folded name of the table.
struct Works(BTreeMap<String, Work>);

impl Works {
    fn of(steps: &[Step]) -> Works {
        let mut works = Works(BTreeMap::new());
        for step in steps {
            let harmless =
                is_text(step) && step.changes.iter().all(|change| is_harmless(change, step.method));
            let altered = step.changes.iter().any(is_heavy);
            let changed = step.changes.iter().map(Change::table);
            for name in changed.filter(|name| altered && !eq_name(name, &step.object)) {
                let work = works.entry(name);
                work.altered = true;
                work.disturbed |= !harmless;
            }
            let work = works.entry(&step.object);
            work.altered |= altered;
            work.disturbed |= !harmless && (altered || step.method == Method::Update);
            if step.method != Method::Catalog {
                work.reads = true;
                work.proved &= proves_itself(step);
            }
        }
        works
    }

    fn entry(&mut self, table: &str) -> &mut Work {
        let none = Work { altered: false, disturbed: false, reads: false, proved: true };
        self.0.entry(fold(table)).or_insert(none)
    }

    fn on(&self, table: &str) -> Work {
        let none = Work { altered: false, disturbed: false, reads: false, proved: true };
        self.0.get(&fold(table)).copied().unwrap_or(none)
    }
}

/// Changes that give a table, or its column, another definition or name.
fn is_heavy(change: &Change) -> bool {
    change.alters_table()
        || matches!(
            change,
            Change::DropTable { .. } | Change::RenameTable { .. } | Change::RenameColumn { .. }
        )
}

/// Whether a step writes nothing but the catalog: edits, and forms of ALTER TABLE that write no row.
fn is_text(step: &Step) -> bool {
    step.method <= Method::Scan && step.sql.iter().all(|sql| sql.starts_with("ALTER TABLE main."))
}

/// Whether a change, made in the text alone, leaves every value as it is and compares it as before.
fn is_harmless(change: &Change, method: Method) -> bool {
    match change {
        Change::AddColumn { .. }
        | Change::AddConstraint { .. }
        | Change::AlterConstraint { .. }
        | Change::DropConstraint { .. } => true,
        Change::AlterColumn { property, .. } => match property {
            ColumnProperty::NotNull | ColumnProperty::Default => true,
            // In the text alone a type changes its name only.
            ColumnProperty::Type => method == Method::Catalog,
            _ => false,
        },
        Change::AlterTable { property, .. } => *property == TableProperty::Strict,
        _ => false,
    }
}

/// Whether the step leaves nothing for a check of pages to find: see the head of the file.
fn proves_itself(step: &Step) -> bool {
    let all = |of: &dyn Fn(&Change) -> bool| !step.changes.is_empty() && step.changes.iter().all(of);
    if step.method != Method::Scan {
        return false;
    }
    let foreign = |change: &Change| {
        matches!(
            change,
            Change::AddConstraint { kind: ConstraintKind::ForeignKey, .. }
                | Change::AlterConstraint { kind: ConstraintKind::ForeignKey, .. }
                | Change::DropConstraint { kind: ConstraintKind::ForeignKey, .. }
        )
    };
    let scanned = |change: &Change| {
        matches!(
            change,
            Change::AlterColumn { property: ColumnProperty::NotNull, .. }
                | Change::AddConstraint { kind: ConstraintKind::Check, .. }
        )
    };
    if !step.edits.is_empty() {
        return step.sql.is_empty() && all(&foreign);
    }
    all(&|change| matches!(change, Change::CreateIndex { .. })) || (is_text(step) && all(&scanned))
}

/// Whether the table has a foreign key that it did not have before.
fn refers_otherwise(before: &TableInfo, after: &TableInfo) -> bool {
    after.foreign_keys.iter().any(|key| !before.foreign_keys.contains(key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{CatalogEdit, order::catalog_step};

    fn catalog(sql: &str) -> Catalog {
        let conn = rusqlite::Connection::open_in_memory().expect("memory");
        conn.execute_batch(sql).expect("a schema");
        crate::catalog::read(&conn, "main", &[]).expect("a catalog")
    }

    const PARENT: &str = "CREATE TABLE p (id INTEGER PRIMARY KEY);";
    const BEFORE: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER);
        CREATE TABLE c (id INTEGER PRIMARY KEY, t INTEGER REFERENCES t (id));";

    fn step(change: Change, sql: &str, method: Method) -> Step {
        let sql: Vec<String> = Some(sql.to_owned()).filter(|sql| !sql.is_empty()).into_iter().collect();
        let edits = if sql.is_empty() {
            vec![CatalogEdit { name: "t".to_owned(), sql: String::new(), index: None }]
        } else {
            Vec::new()
        };
        Step { method, edits, ..catalog_step(vec![change], "t", sql) }
    }

    /// For each table what is proved of it: `n` its count, `r` its references, `p` its pages, `w` a report.
    fn proved(steps: &[Step], after: &str, full: bool) -> String {
        let (before, after) = (catalog(&format!("{PARENT}{BEFORE}")), catalog(&format!("{PARENT}{after}")));
        let proofs = proofs(steps, &|name| before.table(name), &after, full);
        let letters = |proof: &TableProof| {
            let all = [(proof.count, 'n'), (proof.references, 'r'), (proof.pages, 'p'), (proof.report, 'w')];
            all.into_iter().filter(|(is, _)| *is).map(|(_, letter)| letter).collect::<String>()
        };
        proofs.iter().map(|proof| format!("{}:{}", proof.table, letters(proof))).collect::<Vec<_>>().join(" ")
    }

    fn table() -> String {
        "t".to_owned()
    }

    fn column(property: ColumnProperty) -> Change {
        let (from, to) = (String::new(), String::new());
        Change::AlterColumn { table: table(), column: "a".to_owned(), property, from, to }
    }

    fn constraint(kind: ConstraintKind) -> Change {
        Change::AddConstraint { table: table(), kind, constraint: String::new() }
    }

    #[test]
    fn what_changes_the_text_alone_leaves_nothing_to_count() {
        let added = Change::AddColumn { table: table(), column: "c".to_owned(), definition: String::new() };
        let alter = "ALTER TABLE main.\"t\" ADD COLUMN c";
        assert_eq!(proved(&[step(added.clone(), alter, Method::Catalog)], BEFORE, true), "");
        assert_eq!(proved(&[step(added, "", Method::Catalog)], BEFORE, true), "");
        assert_eq!(proved(&[step(column(ColumnProperty::Type), "", Method::Catalog)], BEFORE, true), "");
    }

    #[test]
    fn what_sqlite_reads_itself_is_read_again_only_on_demand() {
        let set = "ALTER TABLE main.\"t\" ALTER COLUMN a SET NOT NULL";
        let steps = [step(column(ColumnProperty::NotNull), set, Method::Scan)];
        assert_eq!(proved(&steps, BEFORE, false), "");
        assert_eq!(proved(&steps, BEFORE, true), "t:p");
        // By an edit nobody has read them but the check before.
        assert_eq!(proved(&[step(column(ColumnProperty::NotNull), "", Method::Scan)], BEFORE, false), "t:p");
    }

    #[test]
    fn a_new_foreign_key_is_proved_by_its_own_check() {
        let after = BEFORE.replacen("b INTEGER", "b INTEGER REFERENCES p (id)", 1);
        let steps = [step(constraint(ConstraintKind::ForeignKey), "", Method::Scan)];
        assert_eq!(proved(&steps, &after, false), "t:r");
        assert_eq!(proved(&steps, &after, true), "t:rp");
    }

    #[test]
    fn rows_that_are_written_or_compare_otherwise_are_proved_with_those_that_refer_to_them() {
        let fill = step(column(ColumnProperty::Default), "UPDATE main.\"t\" SET a = a", Method::Update);
        assert_eq!(proved(&[fill], BEFORE, false), "t:nrp c:nr");
        let collation = step(column(ColumnProperty::Collation), "", Method::Scan);
        assert_eq!(proved(&[collation], BEFORE, false), "t:nrp c:nr");
        let renamed = Change::RenameColumn { table: table(), from: "a".to_owned(), to: "x".to_owned() };
        let rename = step(renamed, "ALTER TABLE main.\"t\" RENAME COLUMN a TO x", Method::Catalog);
        assert_eq!(proved(&[rename], BEFORE, false), "t:nr c:nr");
        let dropped = step(Change::DropTable { table: table() }, "DROP TABLE main.\"t\"", Method::Catalog);
        let alone = "CREATE TABLE c (id INTEGER PRIMARY KEY, t INTEGER REFERENCES t (id));";
        assert_eq!(proved(&[dropped], alone, false), "c:nr");
    }
}
