//! The decision table: which method each kind of change takes.
//!
//! | change | by ALTER, from SQLite | by an edit of the stored text | what else |
//! | --- | --- | --- | --- |
//! | table renamed | 3.26 | | |
//! | column renamed | 3.26 | | |
//! | column added: no default, or a constant one | 3.37 | yes | |
//! | column added: with a backfill | 3.37 | yes | rows are written |
//! | column added: default computed for each row | empty table | yes | rows are written |
//! | column added: with a CHECK | 3.37, reads rows | yes | a CHECK on new constant columns alone is tested once |
//! | column added: with a foreign key | 3.37 | yes | |
//! | column added: to a STRICT table | 3.37, reads rows from 3.45.3 on | yes | a default of another type: refused |
//! | column added: VIRTUAL | 3.37 | yes | |
//! | column added: VIRTUAL and NOT NULL | 3.37, reads rows | yes | rows are read |
//! | column added: STORED, UNIQUE, in the primary key, or called like the rowid | | | rebuild |
//! | columns added or dropped in many tables | | yes | SQLite parses the schema anew for each ALTER, and once for all edits |
//! | column dropped | 3.35.5, writes rows | last columns of many tables | rows are written |
//! | column dropped: VIRTUAL | 3.35.5 | yes | |
//! | column dropped: a rule of the table names it | behind the edit | of the rule | rows are written |
//! | column dropped: in a key or UNIQUE | | | rebuild |
//! | NOT NULL added | 3.53, reads rows | yes | rows are read |
//! | NOT NULL added: with a value for the NULLs | 3.53 | yes | rows with NULL are written |
//! | NOT NULL dropped | 3.53 | yes | |
//! | conflict clause of NOT NULL or a key | | yes | |
//! | default | | yes | rows that lack the column are written first: they read the default from the text |
//! | type: of the same affinity | | yes | |
//! | type: of another affinity | | | rebuild |
//! | collation | | yes | rows are read |
//! | collation: of a table with indexes | | yes | indexes are built anew |
//! | collation: in the key of a WITHOUT ROWID table | | | rebuild |
//! | VIRTUAL: another expression | | yes | indexes are built anew |
//! | STORED becomes plain | | yes | |
//! | STORED: from plain, from or to VIRTUAL, another expression | | | rebuild |
//! | CHECK added | 3.53, reads rows | yes | rows are read |
//! | CHECK dropped: it has a name of its own | 3.53 | yes | |
//! | CHECK dropped: it has none | | yes | |
//! | constraint renamed | | yes | |
//! | foreign key added | | yes | rows are read |
//! | foreign key dropped: it has a name of its own | 3.54 | yes | |
//! | foreign key: actions, deferrable | | yes | |
//! | UNIQUE added or dropped | | | rebuild |
//! | primary key, WITHOUT ROWID | | | rebuild |
//! | AUTOINCREMENT added | | yes | its high-water mark is put into `sqlite_sequence` |
//! | AUTOINCREMENT dropped | | yes | its high-water mark goes |
//! | STRICT on | | yes | rows are read |
//! | STRICT off | | yes, without a column of type ANY | |
//! | order of columns | | | rebuild |
//! | index created | | | rows are read |
//! | index dropped | | | |
//! | index renamed, or UNIQUE or no longer | | yes | UNIQUE: rows are read |
//! | view, trigger | | | dropped and created |
//!
//! Changes of one table go together: by ALTER where it has a form for every one of them, by one edit where that is cheaper
//! or ALTER does not do, else by one rebuild. A connection in DEFENSIVE mode forbids edits; what ALTER cannot do is then a
//! rebuild. What the rehearsal refutes is planned anew by the next way of these three.
//!
//! An edit leaves every page as it is, so what is stored must stay where it is: one that moves a stored column would silently
//! show other values. The table is held true, row by row, by `tests/methods.rs`.
//!
//! SQLite: <https://www.sqlite.org/lang_altertable.html>, <https://www.sqlite.org/changes.html>.

use super::Step;
use super::edit::EditSteps;
use super::rebuild::Image;
use super::table::TableChange;

/// DROP COLUMN from the release that mended its last corruption.
pub(super) const DROP_COLUMN: i32 = 3_035_005;
/// `ALTER COLUMN … SET NOT NULL` and `DROP NOT NULL`, `ADD CHECK`, and `DROP CONSTRAINT` of a CHECK.
pub(super) const ALTER_NOT_NULL_AND_CHECK: i32 = 3_053_000;
/// `DROP CONSTRAINT` of a foreign key.
pub(super) const DROP_FOREIGN_KEY: i32 = 3_054_000;

/// So many ways there are: each that the rehearsal refutes leaves the next.
pub(crate) const WAYS: usize = 3;

/// How a table changes.
pub(super) enum Way {
    /// By these steps: native statements, or a rebuild.
    Steps(Vec<Step>),
    /// By an edit of its text, with what belongs before and behind it.
    Edit(Box<EditSteps>),
}

impl TableChange<'_> {
    /// The way that this table goes, after the rehearsal has `refuted` so many. Where `many` tables change, an edit is
    /// preferred: SQLite parses the whole schema anew for each ALTER, and once for all edits.
    pub(super) fn way(&self, refuted: usize, many: bool) -> Way {
        let native = if refuted < 2 { self.native() } else { None };
        let edit = if refuted < 2 { self.edit(many) } else { None };
        let heaviest = |steps: &[Step]| steps.iter().map(|step| step.method).max();
        let better = |native: &[Step], edit: &EditSteps| many || heaviest(native) > Some(edit.method());
        match (native, edit) {
            (Some(native), Some(edit)) if (refuted == 0) == better(&native, &edit) => self.by_edit(edit),
            (None, Some(edit)) if refuted == 0 => self.by_edit(edit),
            (Some(mut steps), _) if refuted == 0 => {
                self.describe(&self.image, steps.first_mut(), false);
                steps.iter_mut().for_each(|step| self.warn(step));
                Way::Steps(steps)
            }
            _ => {
                let image = Image { to: self.ordered, ..self.image };
                let mut step = self.rebuild(&image);
                self.describe(&image, Some(&mut step), true);
                self.warn(&mut step);
                Way::Steps(vec![step])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use crate::catalog::Catalog;
    use crate::model::Model;
    use crate::plan::{Facts, Method, PlanKey, Request, TableFacts, plan};
    use crate::rename::Renames;

    /// What the steps do, on this version.
    fn by(sqlite: i32, before: &str, after: &str) -> String {
        let read = |table: &str| {
            let conn = Connection::open_in_memory().expect("a database");
            conn.execute_batch(&format!("CREATE TABLE p (x INT PRIMARY KEY); {table}")).expect("a schema");
            Catalog::read(&conn).expect("a catalog")
        };
        let facts = TableFacts { rows: 9, bytes: 99, ..TableFacts::default() };
        let facts = Facts { sqlite, tables: [("t".to_owned(), facts)].into(), ..Facts::default() };
        let plan = plan(&Request {
            live: &read(before),
            target: &read(after),
            renames: &Renames::default(),
            model: &Model::empty("main"),
            facts: &facts,
            key: PlanKey::default(),
            refuted: &[],
            undo: false,
        });
        let steps = plan.steps.iter().map(|step| match (step.edits.is_empty(), step.method) {
            (_, Method::Rebuild) => "rebuild",
            (false, _) => "edit",
            (true, _) => "alter",
        });
        steps.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn a_form_of_alter_table_is_used_from_the_release_on_that_has_it() {
        let old = "CREATE TABLE t (a INT, b INT CONSTRAINT c CHECK (b > 0) CONSTRAINT f REFERENCES p (x), d INT NOT NULL)";
        let rows = [
            ("d INT NOT NULL", "d INT", 3_053_000),
            ("a INT", "a INT NOT NULL", 3_053_000),
            ("a INT", "a INT CHECK (a > 0)", 3_053_000),
            (" CONSTRAINT c CHECK (b > 0)", "", 3_053_000),
            (" CONSTRAINT f REFERENCES p (x)", "", 3_054_000),
        ];
        for (from, to, since) in rows {
            let new = old.replacen(from, to, 1);
            for sqlite in [3_037_000, 3_040_001, 3_052_000, 3_053_000, 3_053_004, 3_054_000, 3_054_001] {
                let expected = if sqlite < since { "edit" } else { "alter" };
                assert_eq!(by(sqlite, old, &new), expected, "{from} -> {to} by {sqlite}");
            }
        }
        for sqlite in [3_037_000, 3_054_001] {
            assert_eq!(by(sqlite, old, &old.replace("a INT, ", "")), "alter", "{sqlite}");
            assert_eq!(by(sqlite, old, &old.replace("a INT", "a INT UNIQUE")), "rebuild", "{sqlite}");
        }
    }
}
