//! What an undo makes anew without its values, and how a row of then can be found among those of now. Looks at catalogs alone.
//!
//! A row is known by a key that both catalogs hold it to and whose columns nothing has touched; without one by its rowid, where all that
//! is left of its content is the same as well: rowids are given out again, and VACUUM gives others.

use schema_sql::{eq_name, fold, significant};

use super::Way;
use crate::catalog::{Affinity, ColumnInfo, TableInfo, affinity, effective_not_null};
use crate::diff::{Change, ColumnProperty};
use crate::error::{Error, ErrorKind, Result};
use crate::plan::{made_up_where_added, rowid_name};
use crate::snapshot::ConvertRecord;

/// What is to come back into one table.
pub(super) struct Lost<'w> {
    /// The table as the undo leaves it.
    pub(super) table: &'w TableInfo,
    /// Its name in the backup.
    pub(super) then: &'w str,
    /// What of it; `None` where all of its rows come back.
    pub(super) columns: Option<LostColumns<'w>>,
}

/// Columns of one table, with what tells its rows apart.
pub(super) struct LostColumns<'w> {
    pub(super) table: &'w TableInfo,
    /// Its name in between.
    pub(super) between: &'w str,
    pub(super) list: Vec<LostColumn<'w>>,
    /// Plain columns that hold what they held then, unless somebody has changed it.
    pub(super) carried: Vec<Column<'w>>,
    /// What both catalogs keep unique; the best first.
    keys: Vec<Key<'w>>,
    /// The rowid, where no column is it and it is the same then and now.
    rowid: Option<&'static str>,
}

/// A column that is there now and was there then.
#[derive(Clone, Copy)]
pub(super) struct Column<'w> {
    pub(super) info: &'w ColumnInfo,
    /// Its name in the backup.
    pub(super) then: &'w str,
    /// Its name in between, where it was there.
    pub(super) between: Option<&'w str>,
    /// Whether it could be NULL then and could not in between, so that the revision filled what was.
    pub(super) fills_null: bool,
}

pub(super) struct LostColumn<'w> {
    pub(super) column: Column<'w>,
    pub(super) was: Was,
}

/// What the column was in between.
pub(super) enum Was {
    /// Not there. `made_up`: what no value comes back to holds one that the undo had to invent.
    Absent { made_up: bool },
    /// Generated.
    Computed,
    /// Of another type.
    Converted(Conversion),
}

/// What became of a value in between.
pub(super) struct Conversion {
    /// As what it was stored there.
    pub(super) affinity: Affinity,
    /// The expression that turned it, over the row of then by the names of in between; without one it went over as it was.
    pub(super) convert: Option<String>,
    /// Whether the expression is a mere CAST, so that a value of since means in the old type what it means in the new one.
    pub(super) is_cast: bool,
}

impl Conversion {
    /// Whether nothing but the person who wrote the expression knows what a value of since would have been before.
    pub(super) fn is_one_way(&self) -> bool {
        self.convert.is_some() && !self.is_cast
    }
}

/// The columns of a unique rule, each with the collating sequence that it compares by.
pub(super) type Key<'w> = Vec<(&'w ColumnInfo, Option<&'w str>)>;

/// How a row is found.
pub(super) struct Matching<'l> {
    /// Rows with a NULL in it are not found by it.
    pub(super) key: Option<&'l Key<'l>>,
    /// The rowid, beside which all that is left of the row must be the same: it may have been given to another one.
    pub(super) rowid: Option<&'static str>,
}

impl Lost<'_> {
    /// `t`, or `t.a, t.b`.
    pub(super) fn names(&self) -> String {
        self.columns.as_ref().map_or_else(|| self.table.name.clone(), LostColumns::names)
    }
}

/// What the undo of `way` makes anew without its values.
///
/// # Errors
/// `Backup` for a virtual table, whose rows can only come back with the whole backup.
pub(super) fn lost<'w>(way: &'w Way<'_>) -> Result<Vec<Lost<'w>>> {
    let mut made = Vec::new();
    for change in way.undo.changes() {
        match change {
            Change::CreateTable { table } => made.push(fold(table)),
            Change::CreateVirtualTable { table }
                if way.target.virtual_table(table).is_some_and(|found| !found.is_derived()) =>
            {
                return Err(Error::new(
                    ErrorKind::Backup,
                    format!("the rows of virtual table `{table}` cannot be brought back by themselves"),
                )
                .help("restore the backup as a whole"));
            }
            _ => {}
        }
    }
    let mut list = Vec::new();
    for table in &way.target.tables {
        if made.contains(&fold(&table.name)) {
            list.push(Lost { table, then: &table.name, columns: None });
            continue;
        }
        let Some(left) = way.left.table(way.renames.old_table(&table.name)) else { continue };
        let Some(then) = way.then().table(way.renames_to_then().new_table(&left.name)) else { continue };
        let columns = Sides { way, left, then, table }.lost();
        if !columns.list.is_empty() {
            list.push(Lost { table, then: &then.name, columns: Some(columns) });
        }
    }
    Ok(list)
}

/// One table: in the backup, as the revision left it, and as the undo leaves it.
struct Sides<'w> {
    way: &'w Way<'w>,
    then: &'w TableInfo,
    left: &'w TableInfo,
    table: &'w TableInfo,
}

impl<'w> Sides<'w> {
    fn lost(&self) -> LostColumns<'w> {
        let mut lost = LostColumns {
            table: self.table,
            between: &self.left.name,
            list: Vec::new(),
            carried: Vec::new(),
            keys: self.keys(),
            rowid: self.rowid(),
        };
        for info in self.table.columns.iter().filter(|column| column.generated.is_none()) {
            let between = self.between(info);
            let name = between.map_or(info.name.as_str(), |name| {
                self.way.renames_to_then().new_column(&self.then.name, name)
            });
            // What the revision has added and keeps was never there.
            let Some(then) = self.then.column(name).filter(|then| then.generated.is_none()) else { continue };
            let found = between.and_then(|name| self.left.column(name));
            let fills_null = effective_not_null(self.then, then).is_none()
                && found.is_some_and(|found| effective_not_null(self.left, found).is_some());
            let column = Column { info, then: &then.name, between, fills_null };
            match self.was(column, then) {
                Fate::Lost(was) => lost.list.push(LostColumn { column, was }),
                Fate::Carried => lost.carried.push(column),
                Fate::Other => {}
            }
        }
        lost
    }

    /// The column's name in between, if it was there.
    fn between(&self, column: &'w ColumnInfo) -> Option<&'w str> {
        let added = self.changes(column).any(|change| matches!(change, Change::AddColumn { .. }));
        let name = self.way.renames.old_column(&self.table.name, &column.name);
        self.left.column(name).filter(|_| !added).map(|found| found.name.as_str())
    }

    fn changes(&self, column: &'w ColumnInfo) -> impl Iterator<Item = &'w Change> {
        let table = self.table;
        self.way.undo.changes().filter(move |change| match change {
            Change::AddColumn { table: of, column: name, .. }
            | Change::AlterColumn { table: of, column: name, .. } => {
                eq_name(of, &table.name) && eq_name(name, &column.name)
            }
            _ => false,
        })
    }

    fn was(&self, column: Column<'w>, then: &ColumnInfo) -> Fate {
        let Some(found) = column.between.and_then(|name| self.left.column(name)) else {
            let made_up = match self.table.is_rowid_alias(&column.info.name) {
                // The rowid is kept, and takes the column's name again.
                true => !self.keeps_rowids(),
                false => made_up_where_added(self.table, column.info),
            };
            return Fate::Lost(Was::Absent { made_up });
        };
        let of = |info: &ColumnInfo, table: &TableInfo| affinity(&info.type_name, table.strict);
        let (before, there) = (of(then, self.then), of(found, self.left));
        let convert = self.convert(column.info, found);
        if found.generated.is_some() {
            return Fate::Lost(Was::Computed);
        }
        if of(column.info, self.table) != before || (convert.is_none() && self.was_converted(found)) {
            // The conversion stands.
            return Fate::Other;
        }
        if there == before && convert.is_none() {
            return Fate::Carried;
        }
        let is_cast = convert.as_deref().is_some_and(|convert| is_cast_of(convert, &found.name));
        Fate::Lost(Was::Converted(Conversion { affinity: there, convert, is_cast }))
    }

    fn record(&self, found: &ColumnInfo) -> Option<&'w ConvertRecord> {
        self.way
            .converts
            .iter()
            .find(|record| eq_name(&record.table, &self.left.name) && eq_name(&record.column, &found.name))
    }

    /// The expression by which the revision has turned the column's values, where the undo takes that back.
    fn convert(&self, column: &'w ColumnInfo, found: &ColumnInfo) -> Option<String> {
        let retyped =
            |change: &Change| matches!(change, Change::AlterColumn { property: ColumnProperty::Type, .. });
        let made = self.record(found).filter(|_| self.changes(column).any(retyped));
        made.map(|record| record.convert.clone())
    }

    /// Whether the revision may have turned the column's values by an expression.
    fn was_converted(&self, found: &ColumnInfo) -> bool {
        self.way.alone.is_some() && self.record(found).is_some()
    }

    /// Whether a row has the same rowid in all three, whatever it is called.
    fn keeps_rowids(&self) -> bool {
        let alias = |table: &'w TableInfo| {
            table
                .columns
                .iter()
                .find(|column| table.is_rowid_alias(&column.name))
                .map(|column| column.name.as_str())
        };
        // The alias of one side is on the other either the alias too, or no column.
        let same = |one: &'w TableInfo, other: &'w TableInfo, name: &dyn Fn(&'w str) -> Option<&'w str>| {
            alias(one).is_none_or(|column| match name(column) {
                None => true,
                Some(name) => alias(other).is_some_and(|alias| eq_name(alias, name)),
            })
        };
        let here = |name: &'w str| self.table.column(name).and_then(|column| self.between(column));
        let back = |name: &'w str| {
            let mut columns = self.table.columns.iter();
            columns.find(|column| self.between(column) == Some(name)).map(|column| column.name.as_str())
        };
        let renames = self.way.renames_to_then();
        let before = |name: &'w str| {
            let name = renames.new_column(&self.then.name, name);
            self.then.column(name).map(|column| column.name.as_str())
        };
        let after = |name: &'w str| {
            let name = renames.old_column(&self.then.name, name);
            self.left.column(name).map(|column| column.name.as_str())
        };
        let rowids = [self.table, self.left, self.then].iter().all(|table| !table.without_rowid);
        rowids
            && same(self.table, self.left, &here)
            && same(self.left, self.table, &back)
            && same(self.left, self.then, &before)
            && same(self.then, self.left, &after)
    }

    fn rowid(&self) -> Option<&'static str> {
        // Of the same name in all: it is read from two of them, and a rebuild needs it in the third.
        let rowid = rowid_name(self.table).filter(|_| self.keeps_rowids())?;
        let named = |table: &TableInfo| table.column(rowid).is_none();
        (named(self.then) && rowid_name(self.left).is_some()).then_some(rowid)
    }

    /// The rules that keep the same columns unique on both sides: the primary key, then those without NULL.
    fn keys(&self) -> Vec<Key<'w>> {
        let there: Vec<Vec<String>> = unique_rules(self.left)
            .iter()
            .map(|key| folded(key.iter().map(|(column, _)| column.name.as_str())))
            .collect();
        let mut keys = unique_rules(self.table);
        keys.retain(|key| {
            let between: Option<Vec<&str>> = key.iter().map(|(column, _)| self.between(column)).collect();
            between.is_some_and(|names| there.contains(&folded(names.into_iter())))
        });
        // The primary key is the first rule; the sort is stable.
        keys.sort_by_key(|key| can_be_null(self.table, key));
        keys
    }
}

/// What has become of a column's values.
enum Fate {
    Carried,
    Lost(Was),
    /// They are what the revision made of them, and stay so.
    Other,
}

fn folded<'n>(names: impl Iterator<Item = &'n str>) -> Vec<String> {
    let mut names: Vec<String> = names.map(fold).collect();
    names.sort();
    names
}

/// Whether a row may have a NULL in this key.
fn can_be_null(table: &TableInfo, key: &Key<'_>) -> bool {
    key.iter()
        .any(|(column, _)| effective_not_null(table, column).is_none() && !table.is_rowid_alias(&column.name))
}

/// The primary key, the unique constraints and the unique indexes over whole rows, of plain columns each.
fn unique_rules(table: &TableInfo) -> Vec<Key<'_>> {
    let plain = |name: &str| table.column(name).filter(|column| column.generated.is_none());
    let primary = table.primary_key.iter().map(|key| &key.terms);
    let constraints = primary.chain(table.uniques.iter().map(|unique| &unique.terms)).map(|terms| {
        let terms = terms.iter().map(|term| Some((plain(&term.column)?, term.collation.as_deref())));
        terms.collect::<Option<Key<'_>>>()
    });
    let whole = table.indexes.iter().filter(|index| index.unique && index.filter.is_none());
    let indexes = whole.map(|index| {
        let column = |term: &str, is_expr: bool| if is_expr { None } else { plain(term) };
        let terms = index.terms.iter();
        let terms = terms.map(|term| Some((column(&term.term, term.is_expr)?, term.collation.as_deref())));
        terms.collect::<Option<Key<'_>>>()
    });
    constraints.chain(indexes).flatten().collect()
}

/// Whether `convert` is `CAST (column AS …)`.
fn is_cast_of(convert: &str, column: &str) -> bool {
    let tokens = significant(convert).unwrap_or_default();
    match tokens.as_slice() {
        [cast, open, name, r#as, .., close] => {
            cast.is_word("CAST")
                && open.text == "("
                && name.ident().is_some_and(|name| eq_name(&name, column))
                && r#as.is_word("AS")
                && close.text == ")"
                && tokens.iter().filter(|token| token.text == "(").count() == 1
        }
        _ => false,
    }
}

impl<'w> LostColumns<'w> {
    /// How a row of then is found now, where the columns that `steady` names hold what they held, though they were converted.
    pub(super) fn matching(&self, steady: &dyn Fn(&ColumnInfo) -> bool) -> Option<Matching<'_>> {
        let known = |column: &ColumnInfo| {
            let carried = self.carried.iter().any(|carried| eq_name(&carried.info.name, &column.name));
            carried || (steady(column) && self.then(column).is_some())
        };
        let key = self.keys.iter().find(|key| key.iter().all(|(column, _)| known(column)));
        let whole = key.is_some_and(|key| !can_be_null(self.table, key));
        let left = !self.carried.is_empty() || self.converted().next().is_some();
        let rowid = self.rowid.filter(|_| !whole && left);
        (key.is_some() || rowid.is_some()).then_some(Matching { key, rowid })
    }

    /// The columns that the backup has too.
    pub(super) fn all(&self) -> impl Iterator<Item = &Column<'w>> {
        self.carried.iter().chain(self.list.iter().map(|lost| &lost.column))
    }

    /// The name in the backup of a column of now.
    pub(super) fn then(&self, column: &ColumnInfo) -> Option<&'w str> {
        self.all().find(|known| eq_name(&known.info.name, &column.name)).map(|known| known.then)
    }

    pub(super) fn converted(&self) -> impl Iterator<Item = (&LostColumn<'w>, &Conversion)> {
        self.list.iter().filter_map(|lost| lost.conversion().map(|conversion| (lost, conversion)))
    }

    /// `t.a, t.b`.
    pub(super) fn names(&self) -> String {
        let names = self.list.iter().map(|lost| format!("{}.{}", self.table.name, lost.column.info.name));
        names.collect::<Vec<_>>().join(", ")
    }

    /// Where nothing tells the rows apart.
    pub(super) fn cannot_match(&self) -> Error {
        Error::new(ErrorKind::Backup, format!("the values of `{}` cannot be brought back", self.names()))
            .cause(format!(
                "no key of `{}` is the same before and after the revision, and its rowids tell nothing: nobody knows which row is which",
                self.table.name
            ))
            .help("restore the backup as a whole")
    }
}

impl LostColumn<'_> {
    pub(super) fn conversion(&self) -> Option<&Conversion> {
        match &self.was {
            Was::Converted(conversion) => Some(conversion),
            _ => None,
        }
    }
}
