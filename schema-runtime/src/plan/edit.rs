//! The way by another text in the catalog: whether all changes of a table have one, by the decision table of
//! [`method`](super::method), and what has to be done before and after it.
//!
//! What is stored must stay where it is: an edit that moves a stored column would silently show other values.

use schema_sql::{TokenKind, eq_name, quote_ident, quote_str, significant};

use super::rebuild::{default_expr, rowid_name};
use super::table::{TableChange, is_constant, names, strict_default};
use super::{CatalogEdit, Method, Needs, Step};
use crate::catalog::{
    Affinity, ColumnInfo, KeyTermInfo, TableInfo, affinity, same_collation, same_default, same_generated,
    same_key_terms, same_link, table_sql,
};
use crate::diff::{Change, ConstraintKind};

/// The steps of a table that is edited: those before all edits of the plan, the edit, those behind, and the drops.
pub(super) struct EditSteps {
    pub(super) before: Vec<Step>,
    pub(super) edit: Step,
    pub(super) after: Vec<Step>,
    pub(super) drops: Vec<Step>,
    /// Whether values are written: SQLite then holds their rows against the rules of the table.
    pub(super) writes: bool,
}

impl EditSteps {
    /// The heaviest method among them.
    pub(super) fn method(&self) -> Method {
        let all = self.before.iter().chain([&self.edit]).chain(&self.after).chain(&self.drops);
        all.map(|step| step.method).max().unwrap_or(Method::Catalog)
    }

    /// The estimate, milliseconds.
    fn ms(&self) -> u64 {
        let all = self.before.iter().chain([&self.edit]).chain(&self.after).chain(&self.drops);
        all.map(|step| step.cost.ms).sum()
    }

    pub(super) fn first(&mut self) -> &mut Step {
        self.before.first_mut().unwrap_or(&mut self.edit)
    }

    pub(super) fn all(&mut self) -> impl Iterator<Item = &mut Step> {
        self.before.iter_mut().chain([&mut self.edit]).chain(&mut self.after).chain(&mut self.drops)
    }
}

fn is_virtual(column: &ColumnInfo) -> bool {
    column.generated.as_ref().is_some_and(|rule| !rule.stored)
}

fn is_stored(column: &ColumnInfo) -> bool {
    column.generated.as_ref().is_some_and(|rule| rule.stored)
}

impl TableChange<'_> {
    /// The way by an edit, `None` where the table's pages would have to change. Where `many` tables change, the text of columns
    /// that go is taken away as well, instead of by `DROP COLUMN`.
    pub(super) fn edit(&self, many: bool) -> Option<EditSteps> {
        if self.facts.defensive || !self.keeps_storage() || self.fills_in_turn() {
            return None;
        }
        let has_rows = self.rows().rows > 0 || self.image.fill;
        let shortened = if many { self.shorten(has_rows) } else { None };
        let middle = self.with_dropped()?;
        let middle = if shortened.is_some() { self.image.to.clone() } else { middle };
        let mut drops = Vec::new();
        for change in self.changes.iter().filter(|_| shortened.is_none()) {
            let Change::DropColumn { column, .. } = change else { continue };
            let column = self.image.from.column(column)?;
            if !is_virtual(column) {
                drops.push(self.drop_column_of(&middle, column, change)?);
            }
        }
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for column in &self.image.to.columns {
            match self.image.from.column(&column.name) {
                Some(found) => before.extend(self.prepare(found, column, has_rows)),
                None => after.extend(self.fill(column, has_rows)?),
            }
        }
        after.extend(shortened.flatten());
        let writes = before.iter().chain(&after).any(|step| step.method == Method::Update);
        if let Some((first, last)) = self.sequence() {
            before.extend(first);
            after.push(last);
        }
        after.extend(self.reindex(has_rows));
        let dropped = |change: &Change| drops.iter().any(|step: &Step| step.changes.contains(change));
        let changes: Vec<Change> = self.changes.iter().filter(|change| !dropped(change)).cloned().collect();
        if changes.is_empty() {
            return None;
        }
        let edit = self.edit_step(changes, &middle, has_rows);
        let steps = EditSteps { before, edit, after, drops, writes };
        // Rows that are written several times are better copied once.
        let writes = steps.before.iter().chain(&steps.after).chain(&steps.drops);
        let writes = writes.filter(|step| step.method == Method::Update).count();
        (writes < 2 || steps.ms() <= self.rebuild_ms()).then_some(steps)
    }

    /// Whether everything that stays in the pages stays as and where it is.
    fn keeps_storage(&self) -> bool {
        let (from, to) = (self.image.from, self.image.to);
        let mut kept = to.columns.iter().filter(|column| !is_virtual(column)).peekable();
        for found in from.columns.iter().filter(|column| !is_virtual(column)) {
            match to.column(&found.name) {
                None => continue,
                Some(column) if kept.next().is_none_or(|next| next.name != column.name) => return false,
                Some(column) if !self.keeps_values(found, column) => return false,
                Some(_) => {}
            }
        }
        // What is left was added; a virtual column that becomes stored is among it, and is none.
        kept.all(|column| from.column(&column.name).is_none() && self.can_be_added(column))
            && to
                .columns
                .iter()
                .filter(|column| is_virtual(column))
                .all(|column| self.keeps_virtual(column))
            // What STORED columns hold was computed from the others as they were.
            && (!to.columns.iter().any(is_stored) || !to.columns.iter().any(|column| self.moves(column)))
            && self.keeps_keys()
    }

    /// Whether a virtual column was one before, if anything, and of the same affinity: its values are in indexes by it, and
    /// STRICT holds them against it.
    fn keeps_virtual(&self, column: &ColumnInfo) -> bool {
        self.image.from.column(&column.name).is_none_or(is_virtual) && !self.image.changes_type(column)
    }

    /// Whether the column compares otherwise than before, or is computed otherwise.
    fn moves(&self, column: &ColumnInfo) -> bool {
        self.image.from.column(&column.name).is_some_and(|found| {
            !same_collation(self.texts, found.collation.as_deref(), column.collation.as_deref())
                || (column.generated.is_some()
                    && !same_generated(self.texts, found.generated.as_ref(), column.generated.as_ref()))
        })
    }

    fn keeps_values(&self, found: &ColumnInfo, column: &ColumnInfo) -> bool {
        let (from, to) = (self.image.from, self.image.to);
        let stored = match (&found.generated, &column.generated) {
            (None, None) | (Some(_), None) => true,
            (None, Some(_)) => false,
            (Some(_), Some(_)) => {
                same_generated(self.texts, found.generated.as_ref(), column.generated.as_ref())
            }
        };
        stored
            && !self.image.changes_type(column)
            && affinity(&found.type_name, from.strict) == affinity(&column.type_name, to.strict)
            && from.is_rowid_alias(&found.name) == to.is_rowid_alias(&column.name)
    }

    fn can_be_added(&self, column: &ColumnInfo) -> bool {
        let to = self.image.to;
        let taken = ["rowid", "oid", "_rowid_"].iter().any(|rowid| eq_name(rowid, &column.name));
        !is_stored(column)
            && !in_key(to, &column.name)
            && (!taken || to.without_rowid)
            && (!to.strict || column.generated.is_some() || strict_default(column))
    }

    /// The keys, in their order: SQLite numbers the indexes that it makes for them by it.
    fn keeps_keys(&self) -> bool {
        let (from, to) = (self.image.from, self.image.to);
        let key = match (&from.primary_key, &to.primary_key) {
            (None, None) => true,
            (Some(a), Some(b)) => {
                let same_collations = b.terms.iter().all(|term| {
                    let of = |table: &TableInfo| {
                        table.column(&term.column).and_then(|column| column.collation.clone())
                    };
                    let (a, b) = (of(from), of(to));
                    !to.without_rowid || same_collation(self.texts, a.as_deref(), b.as_deref())
                });
                same_key_terms(self.texts, &a.terms, &b.terms)
                    && a.rowid_alias == b.rowid_alias
                    && same_collations
            }
            _ => false,
        };
        key && from.without_rowid == to.without_rowid
            && from.uniques.len() == to.uniques.len()
            && from
                .uniques
                .iter()
                .zip(&to.uniques)
                .all(|(a, b)| same_key_terms(self.texts, &a.terms, &b.terms))
            && self.keys_differ_by_columns()
    }

    /// Whether no two keys have the same columns and differ in collation or direction alone: nothing would show that their
    /// indexes have changed places.
    fn keys_differ_by_columns(&self) -> bool {
        let to = self.image.to;
        let mut keys: Vec<&[KeyTermInfo]> = to.uniques.iter().map(|unique| unique.terms.as_slice()).collect();
        keys.extend(to.primary_key.iter().map(|key| key.terms.as_slice()));
        let alike = |a: &[KeyTermInfo], b: &[KeyTermInfo]| {
            a.len() == b.len()
                && a.iter().zip(b).all(|(a, b)| eq_name(&a.column, &b.column))
                && !same_key_terms(self.texts, a, b)
        };
        keys.iter().enumerate().all(|(at, a)| !keys.iter().skip(at + 1).any(|b| alike(a, b)))
    }

    /// The table as the edit leaves it: as wanted, but with the stored columns that `DROP COLUMN` takes away afterwards.
    fn with_dropped(&self) -> Option<TableInfo> {
        let (from, to) = (self.image.from, self.image.to);
        let mut middle = to.clone();
        let mut place = 0;
        for found in from.columns.iter().filter(|column| !is_virtual(column)) {
            if let Some(at) = middle.columns.iter().position(|column| eq_name(&column.name, &found.name)) {
                place = at + 1;
                continue;
            }
            if in_key(from, &found.name) || found.generated.is_some() {
                return None;
            }
            // Bare: whatever names it elsewhere in the table is not wanted any more. Rows that lack it go on to read its default.
            let bare = ColumnInfo { not_null: None, collation: None, ..found.clone() };
            middle.columns.insert(place.min(middle.columns.len()), bare);
            place += 1;
        }
        Some(middle)
    }

    /// What takes the values of dropped columns out of the rows behind the edit: SQLite writes a row with the columns that the
    /// text has, so writing each row anew cuts off what stands behind them. Without it the next column that is added would show
    /// the old values. `None` where the columns are not the last, or others come in their place.
    #[allow(clippy::option_option, reason = "no way, nothing to write, or a step")]
    fn shorten(&self, has_rows: bool) -> Option<Option<Step>> {
        let (from, to) = (self.image.from, self.image.to);
        let dropped = |column: &&ColumnInfo| to.column(&column.name).is_none();
        let stored: Vec<&ColumnInfo> = from.columns.iter().filter(|column| !is_virtual(column)).collect();
        let kept = stored.iter().take_while(|column| !dropped(column)).count();
        let last = stored.iter().skip(kept).all(dropped) && kept < stored.len();
        let added =
            to.columns.iter().any(|column| !is_virtual(column) && from.column(&column.name).is_none());
        if from.without_rowid || !last || added {
            return None;
        }
        if !has_rows {
            return Some(None);
        }
        // Rather one that no index and no rule names: SQLite then looks at none of them.
        let plain = || {
            let columns = to.columns.iter().filter(|column| column.generated.is_none());
            columns.filter(|column| !to.is_rowid_alias(&column.name))
        };
        let is_free = |column: &&ColumnInfo| {
            let name = &column.name;
            !in_key(to, name)
                && !to.checks.iter().any(|check| names(&check.expr, name))
                && !to.indexes.iter().any(|index| names(&index.sql, name))
                && !to.columns.iter().any(|other| {
                    other.generated.as_ref().is_some_and(|rule| rule.stored && names(&rule.expr, name))
                })
        };
        let column = plain().min_by_key(|column| (!is_free(column), column.not_null.is_some()))?;
        let (table, name) = (quote_ident(&to.name), quote_ident(&column.name));
        Some(Some(self.update(format!("UPDATE main.{table} SET {name} = {name}"))))
    }

    /// What must be written before the text may change: NULLs under a new NOT NULL, and rows that are too short to hold the
    /// column, which read its default from the text.
    fn prepare(&self, found: &ColumnInfo, column: &ColumnInfo, has_rows: bool) -> Vec<Step> {
        let mut steps = Vec::new();
        if !has_rows || column.generated.is_some() || found.generated.is_some() {
            return steps;
        }
        let (table, name) = (quote_ident(&self.image.to.name), quote_ident(&column.name));
        let filled = self.image.value(column).filter(|value| self.image.tightens(column) && *value != name);
        if let Some(value) = &filled {
            steps.push(self.update(format!("UPDATE main.{table} SET {name} = {value} WHERE {name} IS NULL")));
        }
        if !same_default(self.texts, found.default.as_deref(), column.default.as_deref()) {
            let rows = match reads(found, affinity(&found.type_name, self.image.from.strict)) {
                // Every row that read NULL is written already.
                Some(read) if read == NULL && filled.is_some() => return steps,
                Some(read) => format!(" WHERE {name} IS {read}"),
                None => String::new(),
            };
            steps.push(self.update(format!("UPDATE main.{table} SET {name} = {name}{rows}")));
        }
        steps
    }

    /// What is written into a new column behind the edit; `None` where that cannot be done row by row.
    #[allow(clippy::option_option, reason = "no way, nothing to write, or a step")]
    fn fill(&self, column: &ColumnInfo, has_rows: bool) -> Option<Option<Step>> {
        if !has_rows || column.generated.is_some() {
            return Some(None);
        }
        let default = column.default.as_deref();
        let computed = default.filter(|default| !is_constant(default)).map(|default| format!("({default})"));
        let Some(value) = self.image.value(column).or(computed) else {
            let empty = default.is_none_or(|default| eq_name(default, "NULL"));
            // The check says that rows stand in the way; a rebuild would fail at them as well.
            return (column.not_null.is_none() || !empty).then_some(None);
        };
        let (table, name) = (quote_ident(&self.image.to.name), quote_ident(&column.name));
        Some(Some(self.update(format!("UPDATE main.{table} SET {name} = {value}"))))
    }

    /// What AUTOINCREMENT wants besides its word: `sqlite_sequence`, which SQLite makes with the first table that says it, and
    /// the table's high-water mark in there; an undo sets it to what it was, so that no id is given out twice.
    ///
    /// SQLite: <https://www.sqlite.org/autoinc.html>.
    fn sequence(&self) -> Option<(Option<Step>, Step)> {
        let (from, to) = (self.image.from, self.image.to);
        let name = quote_str(&to.name);
        let gone = format!("DELETE FROM main.sqlite_sequence WHERE name = {name}");
        let step =
            |sql: Vec<String>| Step { changes: Vec::new(), ..self.step_of(Vec::new(), sql, Method::Catalog) };
        match (from.autoincrement(), to.autoincrement()) {
            (true, false) => Some((None, step(vec![gone]))),
            (false, true) => {
                let made = [
                    "CREATE TABLE main.__schema_sequence (id INTEGER PRIMARY KEY AUTOINCREMENT)",
                    "DROP TABLE main.__schema_sequence",
                ];
                let there = self.live.tables.iter().any(TableInfo::autoincrement);
                let made = (!there).then(|| step(made.map(str::to_owned).to_vec()));
                let rowid = rowid_name(to).unwrap_or("rowid");
                let mark = if self.image.fill { self.rows().mark } else { 0 };
                let table = quote_ident(&to.name);
                let set = format!(
                    "INSERT INTO main.sqlite_sequence (name, seq) SELECT {name}, mark FROM \
                     (SELECT max(coalesce((SELECT max({rowid}) FROM main.{table}), 0), {mark}) AS mark) WHERE mark > 0"
                );
                Some((made, step(vec![gone, set])))
            }
            _ => None,
        }
    }

    /// Indexes whose order or content is another under the new text.
    fn reindex(&self, has_rows: bool) -> Option<Step> {
        let (from, to) = (self.image.from, self.image.to);
        let moved: Vec<&str> = to
            .columns
            .iter()
            .filter(|column| self.moves(column))
            .map(|column| column.name.as_str())
            .collect();
        let computed = to.columns.iter().any(|column| column.generated.is_some());
        // A generated column may follow one whose collation is another; so any index may.
        let holds = |text: &str| computed || moved.iter().any(|column| names(text, column));
        let keyed =
            to.columns.iter().filter(|column| in_key(to, &column.name) && !to.is_rowid_alias(&column.name));
        let keyed = keyed.filter(|column| computed || moved.contains(&column.name.as_str())).count() > 0;
        let held: Vec<&str> = to
            .indexes
            .iter()
            .filter(|index| {
                from.index(&index.name).is_some() && self.kept.index(&index.name) && holds(&index.sql)
            })
            .map(|index| index.name.as_str())
            .collect();
        if moved.is_empty() || (held.is_empty() && !keyed) {
            return None;
        }
        let method = if has_rows { Method::Scan } else { Method::Catalog };
        let sql = |name: &str| format!("REINDEX main.{}", quote_ident(name));
        let sql = if keyed { vec![sql(&to.name)] } else { held.into_iter().map(sql).collect() };
        Some(self.step_of(Vec::new(), sql, method))
    }

    fn update(&self, sql: String) -> Step {
        let mut step = self.step_of(Vec::new(), vec![sql], Method::Update);
        step.needs.triggers_off = true;
        step
    }

    fn edit_step(&self, changes: Vec<Change>, middle: &TableInfo, has_rows: bool) -> Step {
        let proves = has_rows && changes.iter().any(|change| self.tightens_rows(change));
        let method = if proves { Method::Scan } else { Method::Catalog };
        let mut step = self.step_of(changes, Vec::new(), method);
        let (name, sql) = (self.image.from.name.clone(), table_sql(middle));
        step.edits.push(CatalogEdit { name, sql, index: None });
        step.needs = Needs::default();
        step
    }

    /// Whether a change makes a rule that the rows must satisfy: then they are read, before and after.
    fn tightens_rows(&self, change: &Change) -> bool {
        use crate::diff::{ColumnProperty as C, TableProperty as T};
        match change {
            Change::AddColumn { column, .. } => self.image.to.column(column).is_some_and(|column| {
                column.generated.is_some() && (column.not_null.is_some() || self.image.to.strict)
            }),
            // No preflight goes before an undo: what a column that comes back holds is looked at when it is there.
            Change::AddConstraint { constraint, .. } => {
                self.image.fill || !self.concerns_added_alone(constraint)
            }
            Change::AlterColumn { property: C::NotNull, to, .. } => to != "NULL",
            Change::AlterColumn { property: C::Collation, .. } => true,
            Change::AlterColumn { column, property: C::Generated, .. } => {
                self.image.to.column(column).is_some_and(|column| column.generated.is_some())
            }
            Change::AlterTable { property: T::Strict, .. } => self.image.to.strict,
            Change::AlterConstraint { kind: ConstraintKind::ForeignKey, .. } => {
                let (from, to) = (&self.image.from.foreign_keys, &self.image.to.foreign_keys);
                to.iter().any(|key| from.iter().any(|found| same_link(found, key) && found.to != key.to))
            }
            _ => false,
        }
    }

    /// Whether a constraint names no column that is there already, and none whose rows are computed or read a default that
    /// the column converts: the check before knows what they hold.
    fn concerns_added_alone(&self, constraint: &str) -> bool {
        let from = self.image.from;
        !from.columns.iter().any(|column| names(constraint, &column.name))
            && self.image.to.columns.iter().all(|column| {
                !names(constraint, &column.name)
                    || (column.generated.is_none()
                        && self.image.value(column).is_none()
                        && (column.default.is_none() || strict_default(column)))
            })
    }
}

const NULL: &str = "NULL";

/// What a row that lacks the column reads in it, as an expression; `None` where only SQLite can tell.
fn reads(column: &ColumnInfo, affinity: Affinity) -> Option<String> {
    let Some(default) = column.default.as_deref() else { return Some(NULL.to_owned()) };
    let tokens = significant(default).unwrap_or_default();
    let now = ["CURRENT_TIME", "CURRENT_DATE", "CURRENT_TIMESTAMP", NULL];
    match tokens.as_slice() {
        // No row can lack a column with the time as its default, but by an edit from outside: then it reads NULL.
        [token] if now.iter().any(|word| token.is_word(word)) => Some(NULL.to_owned()),
        // As words they would be the columns of that name.
        [token] if token.is_word("TRUE") => Some("1".to_owned()),
        [token] if token.is_word("FALSE") => Some("0".to_owned()),
        // A row that lacks a TEXT column reads a number as it is spelt: `5.00`, which is no value that is ever written.
        [.., number] if number.kind == TokenKind::Number && affinity == Affinity::Text => None,
        _ => is_constant(default).then(|| default_expr(default)),
    }
}

/// Whether the primary key or a unique constraint holds the column.
fn in_key(table: &TableInfo, column: &str) -> bool {
    table.in_primary_key(column)
        || table.uniques.iter().any(|unique| unique.terms.iter().any(|term| eq_name(&term.column, column)))
}
