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
use crate::rename::Renames;
use crate::snapshot::ConvertRecord;

/// What is to come back into one table, by the names that it has in the target.
pub(super) enum Lost<'w> {
    Table(&'w TableInfo),
    Columns(LostColumns<'w>),
}

/// Columns of one table, with what tells its rows apart.
pub(super) struct LostColumns<'w> {
    pub(super) table: &'w TableInfo,
    /// Its name in between.
    pub(super) between: &'w str,
    pub(super) columns: Vec<LostColumn<'w>>,
    /// Plain columns that hold what they held then, unless somebody has changed it, with their names in between.
    pub(super) carried: Vec<(&'w ColumnInfo, String)>,
    /// What both catalogs keep unique; the best first.
    keys: Vec<Key<'w>>,
    /// The rowid, where no column is it and it is the same then and now.
    rowid: Option<&'static str>,
}

pub(super) struct LostColumn<'w> {
    pub(super) info: &'w ColumnInfo,
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
    /// The column's name there.
    pub(super) name: String,
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
    pub(super) fn table(&self) -> &TableInfo {
        match self {
            Lost::Table(table) => table,
            Lost::Columns(columns) => columns.table,
        }
    }
}

/// What the undo of `way` makes anew without its values.
///
/// # Errors
/// `Backup` for a virtual table, whose rows can only come back with the whole backup, and for a table whose rows nothing tells apart.
pub(super) fn lost<'w>(way: &'w Way<'_>) -> Result<Vec<Lost<'w>>> {
    let renames = way.renames();
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
            list.push(Lost::Table(table));
        } else if let Some(left) = way.left.table(renames.old_table(&table.name)) {
            let columns = Sides { way, renames: &renames, left, table }.lost();
            if !columns.columns.is_empty() {
                list.push(Lost::Columns(columns));
            }
        }
    }
    Ok(list)
}

/// One table, as the revision left it and as it was before.
struct Sides<'a, 'w> {
    way: &'w Way<'w>,
    renames: &'a Renames,
    left: &'w TableInfo,
    table: &'w TableInfo,
}

impl<'w> Sides<'_, 'w> {
    fn lost(&self) -> LostColumns<'w> {
        let mut lost = LostColumns {
            table: self.table,
            between: &self.left.name,
            columns: Vec::new(),
            carried: Vec::new(),
            keys: Vec::new(),
            rowid: self.rowid(),
        };
        for column in self.table.columns.iter().filter(|column| column.generated.is_none()) {
            match self.was(column) {
                Some(was) => lost.columns.push(LostColumn { info: column, was }),
                None => lost.carried.push((column, self.between(column).to_owned())),
            }
        }
        lost.keys = self.keys();
        lost
    }

    fn between(&self, column: &'w ColumnInfo) -> &str {
        self.renames.old_column(&self.table.name, &column.name)
    }

    fn changes(&self, column: &ColumnInfo) -> impl Iterator<Item = &'w Change> {
        let (table, column) = (self.table.name.clone(), column.name.clone());
        self.way.undo.changes().filter(move |change| match change {
            Change::AddColumn { table: of, column: name, .. }
            | Change::AlterColumn { table: of, column: name, .. } => {
                eq_name(of, &table) && eq_name(name, &column)
            }
            _ => false,
        })
    }

    /// `None` where the column is carried.
    fn was(&self, column: &'w ColumnInfo) -> Option<Was> {
        let added = self.changes(column).any(|change| matches!(change, Change::AddColumn { .. }));
        let found = self.left.column(self.between(column)).filter(|_| !added);
        let Some(found) = found else {
            let made_up = match self.table.is_rowid_alias(&column.name) {
                // The rowid is kept, and takes the column's name again.
                true => !self.keeps_rowids(),
                false => made_up_where_added(self.table, column),
            };
            return Some(Was::Absent { made_up });
        };
        if found.generated.is_some() {
            return Some(Was::Computed);
        }
        let there = affinity(&found.type_name, self.left.strict);
        let convert = self.convert(column, found);
        if there == affinity(&column.type_name, self.table.strict) && convert.is_none() {
            return None;
        }
        let is_cast = convert.as_deref().is_some_and(|convert| is_cast_of(convert, &found.name));
        Some(Was::Converted(Conversion { name: found.name.clone(), affinity: there, convert, is_cast }))
    }

    /// The expression by which this very revision has turned the column's values.
    fn convert(&self, column: &'w ColumnInfo, found: &ColumnInfo) -> Option<String> {
        let retyped = self
            .changes(column)
            .any(|change| matches!(change, Change::AlterColumn { property: ColumnProperty::Type, .. }));
        let of = |record: &&ConvertRecord| {
            eq_name(&record.table, &self.left.name) && eq_name(&record.column, &found.name)
        };
        let made = self.way.converts.iter().find(of).filter(|_| retyped);
        made.map(|record| record.convert.clone())
    }

    /// Whether a row has the same rowid on both sides, whatever it is called.
    fn keeps_rowids(&self) -> bool {
        let alias =
            |table: &'w TableInfo| table.columns.iter().find(|column| table.is_rowid_alias(&column.name));
        if self.left.without_rowid || self.table.without_rowid {
            return false;
        }
        match (alias(self.left), alias(self.table)) {
            (None, None) => true,
            (Some(there), None) => {
                !self.table.columns.iter().any(|column| eq_name(self.between(column), &there.name))
            }
            (None, Some(here)) => self.left.column(self.between(here)).is_none(),
            (Some(there), Some(here)) => eq_name(self.between(here), &there.name),
        }
    }

    fn rowid(&self) -> Option<&'static str> {
        rowid_name(self.table).filter(|_| self.keeps_rowids() && rowid_name(self.left).is_some())
    }

    /// The rules that keep the same columns unique on both sides: the primary key, then those without NULL.
    fn keys(&self) -> Vec<Key<'w>> {
        let there: Vec<Vec<String>> = unique_rules(self.left)
            .iter()
            .map(|key| folded(key.iter().map(|(column, _)| column.name.as_str())))
            .collect();
        let mut keys = unique_rules(self.table);
        keys.retain(|key| there.contains(&folded(key.iter().map(|(column, _)| self.between(column)))));
        keys.sort_by_key(|key| {
            !self.table.primary_key.as_ref().is_some_and(|primary| {
                primary.terms.len() == key.len()
                    && key.iter().all(|(column, _)| self.table.in_primary_key(&column.name))
            })
        });
        keys.sort_by_key(|key| can_be_null(self.table, key));
        keys
    }
}

fn folded<'n>(names: impl Iterator<Item = &'n str>) -> Vec<String> {
    let mut names: Vec<String> = names.map(fold).collect();
    names.sort();
    names
}

/// Whether a row may have a NULL in this key.
pub(super) fn can_be_null(table: &TableInfo, key: &Key<'_>) -> bool {
    key.iter()
        .any(|(column, _)| effective_not_null(table, column).is_none() && !table.is_rowid_alias(&column.name))
}

/// The primary key, the unique constraints and the unique indexes over whole rows, of plain columns each.
fn unique_rules(table: &TableInfo) -> Vec<Key<'_>> {
    let plain = |name: &str| table.column(name).filter(|column| column.generated.is_none());
    let keys = table
        .primary_key
        .iter()
        .map(|key| &key.terms)
        .chain(table.uniques.iter().map(|unique| &unique.terms));
    let constraints = keys.map(|terms| {
        terms
            .iter()
            .map(|term| plain(&term.column).map(|column| (column, term.collation.as_deref())))
            .collect::<Option<Key<'_>>>()
    });
    let indexes = table.indexes.iter().filter(|index| index.unique && index.filter.is_none()).map(|index| {
        let column = |term: &str, is_expr: bool| if is_expr { None } else { plain(term) };
        let terms = index
            .terms
            .iter()
            .map(|info| Some((column(&info.term, info.is_expr)?, info.collation.as_deref())));
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
        let carried = |column: &ColumnInfo| {
            self.carried.iter().any(|(carried, _)| eq_name(&carried.name, &column.name)) || steady(column)
        };
        let key = self.keys.iter().find(|key| key.iter().all(|(column, _)| carried(column)));
        let whole = key.is_some_and(|key| !can_be_null(self.table, key));
        let left = !self.carried.is_empty() || self.converted().next().is_some();
        let rowid = self.rowid.filter(|_| !whole && left);
        (key.is_some() || rowid.is_some()).then_some(Matching { key, rowid })
    }

    pub(super) fn converted(&self) -> impl Iterator<Item = (&LostColumn<'w>, &Conversion)> {
        self.columns.iter().filter_map(|column| match &column.was {
            Was::Converted(conversion) => Some((column, conversion)),
            _ => None,
        })
    }

    /// `t.a, t.b`.
    pub(super) fn names(&self) -> String {
        let names = self.columns.iter().map(|column| format!("{}.{}", self.table.name, column.info.name));
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
