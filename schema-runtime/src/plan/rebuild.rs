//! The table rebuild, and the expressions that turn an old row into a new one.
//!
//! Order "rename away": the old table moves to another name, the new one is created under its real name with exactly the
//! text that it shall have, rows are copied, the old table goes. With foreign keys off and `legacy_alter_table` on nothing
//! else in the schema is rewritten, and views or triggers that do not work are no obstacle.

use schema_sql::{TokenKind, eq_name, quote_ident, quote_str, significant};

use crate::catalog::{
    Affinity, Catalog, ColumnInfo, TableInfo, affinity, effective_not_null, name_sql, same_words, table_sql,
};
use crate::model::TableHints;
use crate::plan::cost::{Load, of_statements};
use crate::plan::table::Kept;
use crate::plan::{Hazard, HazardCode, Method, Needs, Step, TableFacts};
use crate::rename::Renames;

/// The name that a table has while its rows are copied: one that nothing in `catalog` has.
pub(crate) fn held_name(catalog: &Catalog, table: &str) -> String {
    let is_taken = |name: &str| {
        catalog.table(name).is_some()
            || catalog.index(name).is_some()
            || catalog.view(name).is_some()
            || catalog.virtual_table(name).is_some()
            || catalog.opaque.iter().any(|opaque| eq_name(&opaque.name, name))
    };
    let mut name = format!("__schema_old_{table}");
    while is_taken(&name) {
        name.push('_');
    }
    name
}

/// Subqueries that together hold each row once, each with what is asked of its rows.
pub(super) type Parts = Vec<(String, Option<String>)>;

/// How the rows of one table look after the change, as expressions over the rows before.
#[derive(Clone, Copy)]
pub(super) struct Image<'a> {
    /// The live catalog, by the new names.
    pub(super) live: &'a Catalog,
    /// The table as it is, by the new names.
    pub(super) from: &'a TableInfo,
    /// The table as it shall be.
    pub(super) to: &'a TableInfo,
    pub(super) hints: &'a TableHints,
    pub(super) renames: &'a Renames,
    /// Whether missing values are made up, because a backup will overwrite them: only for an undo.
    pub(super) fill: bool,
}

impl Image<'_> {
    fn found(&self, column: &ColumnInfo) -> Option<&ColumnInfo> {
        self.from.column(&column.name)
    }

    /// Whether the column's values go from one storage type to another.
    pub(super) fn changes_type(&self, column: &ColumnInfo) -> bool {
        self.found(column).is_some_and(|found| {
            affinity(&found.type_name, self.from.strict) != affinity(&column.type_name, self.to.strict)
                || (self.hints.column(&column.name).convert.is_some()
                    && !same_words(&found.type_name, &column.type_name))
        })
    }

    /// Whether the column may hold NULL now and may not later. SQLite would put a new rowid for a NULL in a column that
    /// becomes the rowid.
    pub(super) fn tightens(&self, column: &ColumnInfo) -> bool {
        let nullable =
            |found: &ColumnInfo| found.not_null.is_none() && !self.from.is_rowid_alias(&found.name);
        let forbids = effective_not_null(self.to, column).is_some() || self.to.is_rowid_alias(&column.name);
        forbids && self.found(column).is_some_and(nullable)
    }

    /// The expression that fills what would be NULL: the backfill, or else the default, which SQLite never takes for a rowid. An undo fills
    /// nothing: a NULL that came since is somebody's value, and no backup knows it.
    pub(super) fn filling(&self, column: &ColumnInfo) -> Option<String> {
        if self.fill {
            return None;
        }
        let default = column.default.as_deref().filter(|_| !self.to.is_rowid_alias(&column.name));
        let backfill = self.hints.column(&column.name).backfill.clone();
        backfill.or_else(|| default.map(default_expr).filter(|text| !is_null(text)))
    }

    /// The value of `column` in the new row as an expression over the old row; `None` leaves it to the default.
    pub(super) fn value(&self, column: &ColumnInfo) -> Option<String> {
        if column.generated.is_some() {
            return None;
        }
        let name = quote_ident(&column.name);
        let hints = self.hints.column(&column.name);
        let Some(_) = self.found(column) else {
            if let Some(backfill) = &hints.backfill {
                return Some(format!("({backfill})"));
            }
            if let Some(rowid) = self.becomes_rowid(column) {
                return Some(rowid);
            }
            return match self.fill {
                true if made_up_where_added(self.to, column) => Some(self.made_up(column)),
                // The same default in all rows would clash, or by a conflict clause delete all but one.
                true if column.default.is_some() && is_unique(self.to, column) => Some("NULL".to_owned()),
                _ => None,
            };
        };
        let mut value = match &hints.convert {
            Some(convert) if self.changes_type(column) => format!("({convert})"),
            // A value of between that STRICT does not take: the backup has the one of before, and what came since was asked for.
            None if self.fill && self.to.strict && self.changes_type(column) => {
                cast(affinity(&column.type_name, true), &name)
            }
            _ => name,
        };
        if self.tightens(column) {
            if let Some(filling) = self.filling(column) {
                value = format!("coalesce({value}, ({filling}))");
            }
        }
        Some(value)
    }

    /// A new `INTEGER PRIMARY KEY` takes the rowid that the row has.
    fn becomes_rowid(&self, column: &ColumnInfo) -> Option<String> {
        if self.to.is_rowid_alias(&column.name) { rowid_name(self.from).map(str::to_owned) } else { None }
    }

    /// A value for a column that the undo brings back empty: of the column's type, and the empty one of it. Where it must be unique it
    /// is one that no program writes: the true values take its place row by row.
    fn made_up(&self, column: &ColumnInfo) -> String {
        let of = affinity(&column.type_name, self.to.strict);
        if !is_unique(self.to, column) {
            let empty = match of {
                Affinity::Text => "''",
                Affinity::Blob => "x''",
                Affinity::Real => "0.0",
                _ => "0",
            };
            return empty.to_owned();
        }
        let row = rowid_name(self.from).unwrap_or("abs(random() % 4398046511104)");
        match of {
            Affinity::Text => format!("'__schema_' || {row}"),
            Affinity::Blob if self.to.strict => format!("CAST('__schema_' || {row} AS BLOB)"),
            Affinity::Real => format!("-4611686018427387904.0 - 1024.0 * {row}"),
            _ => format!("-4611686018427387904 + {row}"),
        }
    }

    /// The columns that are written, each with its value, in the order of the new table.
    pub(super) fn values(&self) -> Vec<(String, String)> {
        let mut values = Vec::new();
        if let Some((to, from)) = self.rowids() {
            values.push((to.to_owned(), from.to_owned()));
        }
        for column in &self.to.columns {
            if let Some(value) = self.value(column) {
                values.push((quote_ident(&column.name), value));
            }
        }
        // Rows of which nothing is kept are still as many: one column is written with what it would hold anyway.
        let first = self.to.columns.iter().find(|column| column.generated.is_none());
        if let (true, Some(column)) = (values.is_empty(), first) {
            values.push((quote_ident(&column.name), left_out(column)));
        }
        values
    }

    /// The names by which the rowid is written and read where it is no column: it must not change, since full-text
    /// indexes with external content and applications point to it.
    fn rowids(&self) -> Option<(&'static str, &'static str)> {
        let alias = |table: &TableInfo| table.primary_key.as_ref().is_some_and(|key| key.rowid_alias);
        if alias(self.to) {
            return None;
        }
        Some((rowid_name(self.to)?, rowid_name(self.from)?))
    }

    /// A name of the old rowid that is no column, neither before nor after.
    pub(super) fn rowid(&self) -> Option<&'static str> {
        let is_free = |name: &&str| self.from.column(name).is_none() && self.to.column(name).is_none();
        ROWID_NAMES.into_iter().find(is_free).filter(|_| !self.from.without_rowid)
    }

    /// Whether rows get another rowid, or lose it.
    pub(super) fn moves_rowids(&self) -> bool {
        let alias = |table: &TableInfo| {
            let key = table.primary_key.as_ref().filter(|key| key.rowid_alias);
            key.and_then(|key| key.terms.first()).map(|term| schema_sql::fold(&term.column))
        };
        let kept =
            |name: &String| self.from.column(name).is_some() || self.hints.column(name).backfill.is_some();
        !self.from.without_rowid
            && (self.to.without_rowid
                || (alias(self.from) != alias(self.to) && alias(self.to).as_ref().is_some_and(kept)))
    }

    /// The live table under its live names, shown with the new names; what preflight checks read.
    pub(super) fn live_source(&self) -> String {
        format!("({}) AS {}", self.shown(self.from), quote_ident(&self.to.name))
    }

    /// A query that shows a live table, which goes by its new names here, under these names before it has them.
    fn shown(&self, table: &TableInfo) -> String {
        let mut terms: Vec<String> = Vec::new();
        let rowid = rowid_name(table);
        terms.extend(rowid.map(|rowid| format!("{rowid} AS {rowid}")));
        let own = self.rowid().filter(|own| eq_name(&table.name, &self.from.name) && Some(*own) != rowid);
        terms.extend(own.map(|rowid| format!("{rowid} AS {rowid}")));
        for column in &table.columns {
            let old = self.renames.old_column(&table.name, &column.name);
            terms.push(format!("{} AS {}", quote_ident(old), quote_ident(&column.name)));
        }
        format!("SELECT {} FROM main.{}", terms.join(", "), quote_ident(self.renames.old_table(&table.name)))
    }

    /// Whether a `backfill` or `convert` names this table, in a subquery perhaps.
    pub(super) fn is_asked(&self, table: &str) -> bool {
        let hints = self.hints.columns.values();
        let exprs = hints.flat_map(|hints| hints.backfill.iter().chain(&hints.convert));
        exprs
            .into_iter()
            .any(|expr| schema_sql::idents(expr).unwrap_or_default().iter().any(|name| eq_name(name, table)))
    }

    /// What goes before a query so that subqueries in `backfill` and `convert` find renamed tables by their new names.
    fn renamed_tables(&self) -> String {
        let renamed = |table: &&TableInfo| {
            self.renames.list.iter().any(|rename| {
                let name = rename.table.as_ref().unwrap_or(&rename.to);
                eq_name(name, &table.name)
            })
        };
        let tables = self.live.tables.iter().filter(renamed).filter(|table| self.is_asked(&table.name));
        let list: Vec<String> =
            tables.map(|table| format!("{} AS ({})", quote_ident(&table.name), self.shown(table))).collect();
        if list.is_empty() { String::new() } else { format!("WITH {} ", list.join(", ")) }
    }

    /// The rows as they will be, as a subquery with every column of the new table and, where there is one, the rowid.
    /// Columns that change their type have the affinity of the new one, so that expressions compare as they will.
    ///
    /// Generated columns are computed over the new values, one layer each, so that one may name another:
    /// `(SELECT *, (a + 1) AS g FROM (SELECT rowid AS rowid, a AS a FROM …) AS t) AS t`.
    pub(super) fn new_rows(&self) -> String {
        self.rows_by(None, &[], &|column, value| self.cast_or_stored(column, value))
    }

    /// As [`new_rows`](Self::new_rows), with what the row holds now in the column `kept`, under the name `__schema_before`.
    pub(super) fn new_rows_beside(&self, kept: &str) -> String {
        self.rows_by(Some(kept), &[], &|column, value| self.cast_or_stored(column, value))
    }

    /// What a generated column computes or a filled one holds may be a blob, which no affinity turns into a text, and a cast would.
    fn cast_or_stored(&self, column: &ColumnInfo, value: &str) -> String {
        let plain = column.generated.is_none() && (self.changes_type(column) || self.found(column).is_none());
        if plain { self.cast(column, value) } else { self.stored(column, value) }
    }

    /// The same rows, each value exactly as it will be stored, also where the new type does not take it.
    pub(super) fn stored_rows(&self) -> String {
        self.rows_by(None, &[], &|column, value| self.stored(column, value))
    }

    /// As [`stored_rows`](Self::stored_rows), with what the row holds now in the column `kept`, under the name `__schema_before`.
    pub(super) fn stored_rows_beside(&self, kept: &str) -> String {
        self.rows_by(Some(kept), &[], &|column, value| self.stored(column, value))
    }

    /// The rows for an expression: it compares by the affinities of its columns, and a cast gives an affinity, but may change the
    /// value. So in two parts where need be: cast those that a cast leaves as they are stored, and the others as stored.
    pub(super) fn rows_in_parts(&self, expr: &str) -> Parts {
        let split = self.turned_columns(expr);
        let cast = |column: &ColumnInfo, value: &str| self.typed(column, value);
        let stored = |column: &ColumnInfo, value: &str| self.stored(column, value);
        let parts = [self.rows_by(None, &split, &cast), self.rows_by(None, &split, &stored)];
        in_parts(parts, &split)
    }

    /// The columns behind an expression whose values come to be what they are by an affinity.
    fn turned_columns(&self, expr: &str) -> Vec<&ColumnInfo> {
        let mut named = schema_sql::idents(expr).unwrap_or_default();
        let mut at = 0;
        while let Some(name) = named.get(at) {
            let rule = self.to.column(name).and_then(|column| column.generated.as_ref());
            let used = rule.map(|rule| schema_sql::idents(&rule.expr).unwrap_or_default());
            at += 1;
            for name in used.into_iter().flatten() {
                if !named.iter().any(|other| eq_name(other, &name)) {
                    named.push(name);
                }
            }
        }
        let of = |column: &ColumnInfo| affinity(&column.type_name, self.to.strict);
        self.to
            .columns
            .iter()
            .filter(|column| named.iter().any(|name| eq_name(name, &column.name)))
            .filter(|column| self.turns(column) && !matches!(of(column), Affinity::Blob | Affinity::Any))
            .collect()
    }

    /// Whether the column's values are not just those of the row before.
    fn turns(&self, column: &ColumnInfo) -> bool {
        match column.generated {
            Some(_) => !self.stays_computed(column),
            None => {
                self.changes_type(column)
                    || self.found(column).is_none()
                    || (self.tightens(column) && self.filling(column).is_some())
            }
        }
    }

    fn rows_by(
        &self,
        kept: Option<&str>,
        split: &[&ColumnInfo],
        turned: &dyn Fn(&ColumnInfo, &str) -> String,
    ) -> String {
        let rowid = self.rowid().map(|rowid| format!("{rowid} AS {rowid}"));
        let read = |column: &&ColumnInfo| column.generated.is_none() || self.stays_computed(column);
        let mut values: Vec<String> = rowid.iter().cloned().collect();
        let mut terms: Vec<String> = rowid.into_iter().collect();
        if let Some(kept) = kept {
            values.push(format!("{} AS __schema_before", quote_ident(kept)));
            terms.push("__schema_before".to_owned());
        }
        for column in self.to.columns.iter().filter(read) {
            let name = quote_ident(&column.name);
            let value = match &column.generated {
                None => self.value(column).unwrap_or_else(|| left_out(column)),
                Some(_) => name.clone(),
            };
            values.push(format!("{value} AS {name}"));
            let value = if self.turns(column) { turned(column, &name) } else { name.clone() };
            terms.push(format!("{value}{} AS {name}", self.new_collation(column)));
            terms.extend(self.same_cast(column, &name, split));
        }
        if values.is_empty() {
            values.push("NULL".to_owned());
            terms.push("NULL".to_owned());
        }
        let table = quote_ident(&self.to.name);
        let mut rows = format!(
            "(SELECT {} FROM ({}SELECT {} FROM {}) AS {table}) AS {table}",
            terms.join(", "),
            self.renamed_tables(),
            values.join(", "),
            self.live_source()
        );
        for (column, expr) in computed(self.to).into_iter().filter(|(column, _)| !read(column)) {
            // Its own collating sequence: that of the expression has no effect. SQLite: <https://www.sqlite.org/gencol.html>, 2.3.
            let collation = quote_ident(column.collation.as_deref().unwrap_or("BINARY"));
            let expr = format!("({expr})");
            let name = quote_ident(&column.name);
            let mut terms = vec![format!("{} COLLATE {collation} AS {name}", turned(column, &expr))];
            terms.extend(self.same_cast(column, &expr, split));
            rows = format!("(SELECT *, {} FROM {rows}) AS {table}", terms.join(", "));
        }
        rows
    }

    /// Whether a cast leaves the value as it is stored, as a column of its own; `None` for a column that is not among `split`.
    fn same_cast(&self, column: &ColumnInfo, value: &str, split: &[&ColumnInfo]) -> Option<String> {
        let at = split.iter().position(|other| eq_name(&other.name, &column.name))?;
        let (stored, cast) = (self.stored(column, value), self.typed(column, value));
        Some(format!("typeof({stored}) = typeof({cast}) AS __schema_same_{at}"))
    }

    /// Whether the generated column holds in the new row what it holds in the old one: then it is read there, just as it is stored.
    pub(super) fn stays_computed(&self, column: &ColumnInfo) -> bool {
        let rule = |column: &ColumnInfo| column.generated.as_ref().map(|rule| rule.expr.clone());
        let (Some(expr), Some(found)) = (rule(column), self.found(column)) else { return false };
        let used = schema_sql::idents(&expr).unwrap_or_default();
        let stays = |other: &ColumnInfo| {
            other.generated.is_none()
                && !self.changes_type(other)
                && !self.tightens(other)
                && self
                    .found(other)
                    .is_some_and(|found| found.generated.is_none() && found.collation == other.collation)
        };
        rule(found).as_ref() == Some(&expr)
            && !self.changes_type(column)
            && self
                .to
                .columns
                .iter()
                .filter(|other| used.iter().any(|name| eq_name(name, &other.name)))
                .all(stays)
    }

    /// As many rows as there are, each with what new columns hold in all of them, in parts as [`rows_in_parts`](Self::rows_in_parts):
    /// `(SELECT (7) AS b) AS t CROSS JOIN (SELECT rowid AS rowid, a AS a FROM main.t) AS __schema_rows`, the value as stored.
    /// A join in this order asks for what only the first knows before it reads the second.
    pub(super) fn constant_rows(&self, expr: &str, columns: &[&ColumnInfo]) -> Parts {
        let split = self.turned_columns(expr);
        let rows = |turned: &dyn Fn(&ColumnInfo, &str) -> String| {
            let mut terms = Vec::new();
            for column in columns {
                let value = left_out(column);
                let (collation, name) = (self.new_collation(column), quote_ident(&column.name));
                terms.push(format!("{}{collation} AS {name}", turned(column, &value)));
                terms.extend(self.same_cast(column, &value, &split));
            }
            format!(
                "(SELECT {}) AS {} CROSS JOIN ({}) AS __schema_rows",
                terms.join(", "),
                quote_ident(&self.to.name),
                self.shown(self.from)
            )
        };
        let parts = [
            rows(&|column, value| self.typed(column, value)),
            rows(&|column, value| self.stored(column, value)),
        ];
        in_parts(parts, &split)
    }

    /// ` COLLATE …` where the column compares by another collating sequence than before.
    fn new_collation(&self, column: &ColumnInfo) -> String {
        let of = |column: &ColumnInfo| column.collation.clone().unwrap_or_else(|| "BINARY".to_owned());
        let found = self.found(column).map_or_else(|| "BINARY".to_owned(), of);
        if eq_name(&found, &of(column)) {
            String::new()
        } else {
            format!(" COLLATE {}", quote_ident(&of(column)))
        }
    }

    /// `value` turned into the column's type; the same as stored for every value that the type takes.
    fn cast(&self, column: &ColumnInfo, value: &str) -> String {
        match affinity(&column.type_name, self.to.strict) {
            // A cast would turn a text into 0.
            Affinity::Numeric => self.stored(column, value),
            _ => self.typed(column, value),
        }
    }

    /// `value` turned into the column's type, whatever it is.
    fn typed(&self, column: &ColumnInfo, value: &str) -> String {
        match affinity(&column.type_name, self.to.strict) {
            Affinity::Blob | Affinity::Any => self.stored(column, value),
            of => cast(of, value),
        }
    }

    fn stored(&self, column: &ColumnInfo, value: &str) -> String {
        match affinity(&column.type_name, self.to.strict) {
            // Without the affinity of the column that it comes from.
            Affinity::Blob | Affinity::Any => format!("+{value}"),
            of => stored(of, value),
        }
    }

    /// The statements that rebuild the table: those of `after` re-create its indexes and triggers.
    pub(super) fn statements(&self, after: Vec<String>, mark: i64) -> Vec<String> {
        let name = quote_ident(&self.to.name);
        let old = quote_ident(&held_name(self.live, &self.to.name));
        let (columns, values): (Vec<String>, Vec<String>) = self.values().into_iter().unzip();
        let mut sql = vec![
            format!("ALTER TABLE main.{} RENAME TO {old}", quote_ident(&self.from.name)),
            crate::plan::order::in_main(&table_sql(self.to)),
        ];
        // A subquery over this very table means the old rows, not those that are copied already.
        let asked = if self.is_asked(&self.to.name) {
            let rowid =
                rowid_name(self.from).map(|rowid| format!("{rowid} AS {rowid}, ")).unwrap_or_default();
            format!("WITH {name} AS (SELECT {rowid}* FROM main.{old}) ")
        } else {
            String::new()
        };
        // By a conflict clause of the table a row would silently be left out, or take another's place.
        let or_abort = if has_conflict_clause(self.to) { " OR ABORT" } else { "" };
        sql.push(format!(
            "INSERT{or_abort} INTO main.{name} ({}) {asked}SELECT {} FROM main.{old} AS {name}",
            columns.join(", "),
            values.join(", ")
        ));
        if self.to.autoincrement() {
            sql.extend(self.sequence(mark));
        }
        sql.push(format!("DROP TABLE main.{old}"));
        sql.extend(after);
        sql
    }

    /// Carries the high-water mark of AUTOINCREMENT over: the copy alone would set it to the largest rowid. An undo that
    /// brings AUTOINCREMENT back sets it to `mark`, what it was, so that no id is given out twice.
    fn sequence(&self, mark: i64) -> Vec<String> {
        let name = quote_str(&self.to.name);
        if !self.from.autoincrement() {
            if !self.fill || mark <= 0 {
                return Vec::new();
            }
            return vec![
                format!(
                    "INSERT INTO main.sqlite_sequence (name, seq) SELECT {name}, {mark} \
                     WHERE NOT EXISTS (SELECT 1 FROM main.sqlite_sequence WHERE name = {name})"
                ),
                format!("UPDATE main.sqlite_sequence SET seq = max(seq, {mark}) WHERE name = {name}"),
            ];
        }
        let old = quote_str(&held_name(self.live, &self.to.name));
        vec![
            format!(
                "INSERT INTO main.sqlite_sequence (name, seq) SELECT {name}, seq FROM main.sqlite_sequence \
                 WHERE name = {old} AND NOT EXISTS (SELECT 1 FROM main.sqlite_sequence WHERE name = {name})"
            ),
            format!(
                "UPDATE main.sqlite_sequence SET seq = max(seq, coalesce((SELECT max(seq) FROM main.sqlite_sequence \
                 WHERE name = {old}), 0)) WHERE name = {name}"
            ),
        ]
    }

    /// The step: one rebuild, whatever the number of changes.
    pub(super) fn step(
        &self,
        changes: Vec<crate::diff::Change>,
        facts: TableFacts,
        after: Vec<String>,
    ) -> Step {
        let mut hazards = Vec::new();
        if facts.rows > 0 {
            hazards.push(Hazard::new(
                HazardCode::Rewrite,
                name_sql(&self.to.name),
                format!("copies {}", facts.shown()),
            ));
            if self.moves_rowids() {
                hazards.push(Hazard::new(
                    HazardCode::RowidsChange,
                    name_sql(&self.to.name),
                    "rowids change: what points to them from outside the schema must be mended",
                ));
            }
        }
        let sql = self.statements(after, facts.mark);
        let cost = of_statements(&sql, Method::Rebuild, Load { facts, table: Some(self.to), tables: 0 });
        Step {
            changes,
            object: self.to.name.clone(),
            sql,
            edits: Vec::new(),
            needs: Needs { legacy_alter: true, triggers_off: false, writable_schema: false },
            method: Method::Rebuild,
            hazards,
            checks: Vec::new(),
            cost,
            keeps_rows: true,
            restores: Vec::new(),
        }
    }
}

/// The rows that a cast leaves as they are stored, and the others; all of them where there is nothing to cast.
fn in_parts([cast, stored]: [String; 2], split: &[&ColumnInfo]) -> Parts {
    if split.is_empty() {
        return vec![(stored, None)];
    }
    let same: Vec<String> = (0..split.len()).map(|at| format!("__schema_same_{at}")).collect();
    let same = same.join(" AND ");
    vec![(cast, Some(same.clone())), (stored, Some(format!("NOT ({same})")))]
}

/// `value` turned into what a column of this affinity holds.
pub(crate) fn cast(affinity: Affinity, value: &str) -> String {
    let word = match affinity {
        Affinity::Integer => "INTEGER",
        Affinity::Real => "REAL",
        Affinity::Text => "TEXT",
        Affinity::Blob => "BLOB",
        Affinity::Numeric => "NUMERIC",
        Affinity::Any => return value.to_owned(),
    };
    format!("CAST({value} AS {word})")
}

/// `value` as a column of this affinity stores it. SQLite: <https://www.sqlite.org/datatype3.html>, section 3.
///
/// The comparison applies the numeric affinity to `value`, so it holds for numbers and for texts that are turned into one.
pub(crate) fn stored(affinity: Affinity, value: &str) -> String {
    let numeric = format!("CAST({value} AS NUMERIC) = {value}");
    match affinity {
        Affinity::Integer | Affinity::Numeric => format!(
            "CASE WHEN {numeric} AND typeof(CAST({value} AS NUMERIC)) = 'real' \
             AND CAST({value} AS REAL) = CAST(CAST({value} AS REAL) AS INTEGER) \
             AND abs(CAST({value} AS REAL)) < 9223372036854775807 THEN CAST(CAST({value} AS REAL) AS INTEGER) \
             WHEN {numeric} THEN CAST({value} AS NUMERIC) ELSE {value} END"
        ),
        Affinity::Real => format!("CASE WHEN {numeric} THEN CAST({value} AS REAL) ELSE {value} END"),
        Affinity::Text => {
            format!(
                "CASE WHEN typeof({value}) IN ('integer', 'real') THEN CAST({value} AS TEXT) ELSE {value} END"
            )
        }
        _ => value.to_owned(),
    }
}

/// What SQLite calls the rowid, unless a column has the name.
const ROWID_NAMES: [&str; 3] = ["rowid", "_rowid_", "oid"];

/// A name for the rowid that no column of the table takes away; `None` where there is no such name or no rowid.
pub(crate) fn rowid_name(table: &TableInfo) -> Option<&'static str> {
    if table.without_rowid {
        return None;
    }
    ROWID_NAMES.into_iter().find(|name| table.column(name).is_none())
}

/// What a column holds that an INSERT leaves out.
fn left_out(column: &ColumnInfo) -> String {
    column.default.as_deref().map_or_else(|| "NULL".to_owned(), default_expr)
}

/// A default as an expression: a bare word, which SQLite takes for a string there, becomes one.
pub(super) fn default_expr(default: &str) -> String {
    let tokens = significant(default).unwrap_or_default();
    if let [token] = tokens.as_slice() {
        let word = token.kind == TokenKind::Word
            && !["NULL", "TRUE", "FALSE", "CURRENT_TIME", "CURRENT_DATE", "CURRENT_TIMESTAMP"]
                .iter()
                .any(|keyword| eq_name(keyword, token.text));
        if word || token.kind == TokenKind::QuotedId {
            return quote_str(&token.ident().unwrap_or_default());
        }
    }
    format!("({default})")
}

/// The generated columns with their expressions, each after those that it names.
fn computed(table: &TableInfo) -> Vec<(&ColumnInfo, &str)> {
    let mut left: Vec<(&ColumnInfo, &str)> = table
        .columns
        .iter()
        .filter_map(|column| Some((column, column.generated.as_ref()?.expr.as_str())))
        .collect();
    let mut ordered = Vec::new();
    while !left.is_empty() {
        let free = left.iter().position(|(_, expr)| {
            let used = schema_sql::idents(expr).unwrap_or_default();
            let others = left.iter().filter(|(_, other)| other != expr);
            !others.into_iter().any(|(other, _)| used.iter().any(|name| eq_name(name, &other.name)))
        });
        // SQLite allows no circle; one that only seems to be is left in the order of the table.
        ordered.push(left.remove(free.unwrap_or(0)));
    }
    ordered
}

fn has_conflict_clause(table: &TableInfo) -> bool {
    table.primary_key.as_ref().is_some_and(|key| key.conflict.is_some())
        || table.uniques.iter().any(|unique| unique.conflict.is_some())
        || table
            .columns
            .iter()
            .any(|column| column.not_null.as_ref().is_some_and(|rule| rule.conflict.is_some()))
}

/// Whether a key or a unique index holds the column, or names it in an expression or its filter.
pub(super) fn is_unique(table: &TableInfo, column: &ColumnInfo) -> bool {
    let is = |name: &str| eq_name(name, &column.name);
    table.in_primary_key(&column.name)
        || table.uniques.iter().any(|unique| unique.terms.iter().any(|term| is(&term.column)))
        || table.indexes.iter().filter(|index| index.unique).any(|index| {
            let named = |sql: &str| schema_sql::idents(sql).unwrap_or_default().iter().any(|name| is(name));
            let terms = index.terms.iter();
            terms.into_iter().any(|term| if term.is_expr { named(&term.term) } else { is(&term.term) })
                || index.filter.as_deref().is_some_and(named)
        })
}

/// Whether an undo that adds the column has to make its values up.
pub(crate) fn made_up_where_added(table: &TableInfo, column: &ColumnInfo) -> bool {
    column.not_null.is_some() && (column.default.is_none() || is_unique(table, column))
}

fn is_null(expr: &str) -> bool {
    eq_name(expr.trim_matches(['(', ')', ' ']), "NULL")
}

/// The texts of the indexes and triggers that a rebuild of `table` takes away and that stay as they are.
pub(super) fn dependants(live: &Catalog, target: &Catalog, table: &str, kept: Kept<'_>) -> Vec<String> {
    let mut texts = Vec::new();
    if let (Some(from), Some(to)) = (live.table(table), target.table(table)) {
        let mut indexes: Vec<_> = to
            .indexes
            .iter()
            .filter(|index| from.index(&index.name).is_some() && kept.index(&index.name))
            .collect();
        // A unique index first: where rows clash it says so before the others are built.
        indexes.sort_by_key(|index| !index.unique);
        texts.extend(indexes.into_iter().map(|index| index.sql.clone()));
    }
    for trigger in target.triggers.iter().filter(|trigger| eq_name(&trigger.table, table)) {
        if live.trigger(&trigger.name).is_some() && kept.trigger(&trigger.name) {
            texts.push(trigger.sql.clone());
        }
    }
    texts.iter().map(|sql| crate::plan::order::in_main(sql)).collect()
}
