//! Which Rust type a column gets, so that the model's column has the declared type's affinity, or its very name.

use std::collections::BTreeMap;

use schema_runtime::{CheckInfo, ColumnInfo, TableInfo};
use schema_sql::{Token, TokenKind, eq_name, fold, significant};

/// A Rust type that [`ColumnType`](schema_runtime::ColumnType) is implemented for, or an enum of the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Integer,
    Bool,
    Real,
    Text,
    Blob,
    Any,
    /// By its name.
    Enum(String),
}

impl Kind {
    pub(super) fn rust(&self) -> &str {
        match self {
            Kind::Integer => "i64",
            Kind::Bool => "bool",
            Kind::Real => "f64",
            Kind::Text => "String",
            Kind::Blob => "Vec<u8>",
            Kind::Any => "Value",
            Kind::Enum(name) => name,
        }
    }

    /// The type name that the model writes without `type = "…"`.
    fn canonical(&self, strict: bool) -> &'static str {
        match self {
            Kind::Integer | Kind::Bool => "INTEGER",
            Kind::Real => "REAL",
            Kind::Text | Kind::Enum(_) => "TEXT",
            Kind::Blob => "BLOB",
            Kind::Any if strict => "ANY",
            Kind::Any => "",
        }
    }
}

/// SQLite: <https://www.sqlite.org/datatype3.html>, section 3.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Affinity {
    Integer,
    Text,
    Blob,
    Real,
    Numeric,
}

fn affinity(type_name: &str) -> Affinity {
    let name = fold(type_name);
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if has(&["int"]) {
        Affinity::Integer
    } else if has(&["char", "clob", "text"]) {
        Affinity::Text
    } else if has(&["blob"]) || name.is_empty() {
        Affinity::Blob
    } else if has(&["real", "floa", "doub"]) {
        Affinity::Real
    } else {
        Affinity::Numeric
    }
}

/// The type that holds what such a column is meant to hold. NUMERIC says little, so its names are read: `BOOLEAN` is a `bool`;
/// dates, `JSON`, `STRING` and `UUID` are texts, but for dates that have a number as their default; all others are floats. An integer that
/// a check holds to 0 and 1, or whose default is TRUE or FALSE, is a `bool`.
pub(super) fn kind(table: &TableInfo, column: &ColumnInfo) -> Kind {
    let name = fold(&column.type_name);
    if name == "any" {
        return Kind::Any;
    }
    match affinity(&column.type_name) {
        Affinity::Integer if is_flag(table, column) => Kind::Bool,
        Affinity::Integer => Kind::Integer,
        Affinity::Text => Kind::Text,
        Affinity::Real => Kind::Real,
        Affinity::Blob if column.type_name.is_empty() && !table.strict => Kind::Any,
        Affinity::Blob => Kind::Blob,
        Affinity::Numeric if name.contains("bool") => Kind::Bool,
        Affinity::Numeric => {
            let number = |default: &String| default.parse::<i64>().is_ok();
            let is_date = name.contains("date") || name.contains("time");
            if is_date && column.default.as_ref().is_some_and(number) {
                Kind::Integer
            } else if is_date || ["json", "string", "uuid", "guid"].iter().any(|word| name.contains(word)) {
                Kind::Text
            } else {
                Kind::Real
            }
        }
    }
}

/// Whether a check is `column IN (0, 1)` or `column BETWEEN 0 AND 1`, or the default says that it is one of two.
fn is_flag(table: &TableInfo, column: &ColumnInfo) -> bool {
    let is_of_both = |check: &CheckInfo| {
        let Ok(tokens) = significant(&check.expr) else { return false };
        let Some((name, rule)) = tokens.split_first() else { return false };
        let rule: String = rule.iter().map(|token| format!("{} ", token.text.to_uppercase())).collect();
        is_name(name, column)
            && ["IN ( 0 , 1 ) ", "IN ( 1 , 0 ) ", "BETWEEN 0 AND 1 "].contains(&rule.as_str())
    };
    let is_truth = |text: &String| ["true", "false"].contains(&fold(text).as_str());
    !table.in_primary_key(&column.name)
        && (column.default.as_ref().is_some_and(is_truth) || table.checks.iter().any(is_of_both))
}

fn is_name(token: &Token<'_>, column: &ColumnInfo) -> bool {
    matches!(token.kind, TokenKind::Word | TokenKind::QuotedId)
        && token.ident().is_some_and(|name| eq_name(&name, &column.name))
}

/// What `type = "…"` says: the declared name where the canonical one would be another affinity, another word in a STRICT table, or
/// would make the key the rowid.
pub(super) fn type_attribute<'a>(table: &TableInfo, column: &'a ColumnInfo, kind: &Kind) -> Option<&'a str> {
    let canonical = kind.canonical(table.strict);
    let declared = column.type_name.as_str();
    let alone = table.primary_key.as_ref().is_some_and(|key| key.terms.len() == 1);
    let exact = table.strict || (alone && !table.without_rowid && table.in_primary_key(&column.name));
    let exact = exact && (table.strict || canonical == "INTEGER");
    let same = eq_name(declared, canonical) || (!exact && affinity(declared) == affinity(canonical));
    (!same && !declared.is_empty()).then_some(declared)
}

/// Whether a column without a type can have this Rust type: nothing can be said of its type then.
fn fits_untyped(kind: &Kind) -> bool {
    matches!(kind, Kind::Any | Kind::Blob)
}

/// A column, by the places of its table and of itself.
pub(super) type Place = (usize, usize);

/// One foreign key's pairs of columns, child first.
pub(super) type Link = Vec<(Place, Place)>;

/// The types of all columns, where those that a foreign key links have one type: that of the parent; `Value` where one of
/// them has no declared type.
#[derive(Debug)]
pub(super) struct Kinds {
    kinds: BTreeMap<Place, Kind>,
}

impl Kinds {
    /// Starts with each column's own type.
    pub(super) fn own(tables: &[&TableInfo]) -> Self {
        let each = |(at, table): (usize, &&TableInfo)| {
            let kinds: Vec<(Place, Kind)> = table
                .columns
                .iter()
                .enumerate()
                .map(|(place, column)| ((at, place), kind(table, column)))
                .collect();
            kinds
        };
        Kinds { kinds: tables.iter().enumerate().flat_map(each).collect() }
    }

    pub(super) fn get(&self, place: Place) -> Kind {
        self.kinds.get(&place).cloned().unwrap_or(Kind::Any)
    }

    pub(super) fn set(&mut self, place: Place, kind: Kind) {
        self.kinds.insert(place, kind);
    }

    /// Gives each group of linked columns one type. Returns the links, by place, whose ends cannot have one.
    pub(super) fn unite(&mut self, tables: &[&TableInfo], links: &[Link]) -> Vec<usize> {
        let mut refused = Vec::new();
        loop {
            let live = links.iter().enumerate().filter(|(at, _)| !refused.contains(at));
            let groups = groups(live.clone().flat_map(|(_, link)| link).copied());
            let Some(broken) = groups.iter().find(|group| !self.can_unite(tables, group)) else {
                for group in &groups {
                    self.unite_group(tables, group, links);
                }
                return refused;
            };
            // The keys of the columns without a type go, so that the rest of the group can stay.
            let loose = |place: &Place| broken.contains(place) && untyped(tables, *place);
            let touches = |link: &Link| link.iter().any(|(child, parent)| loose(child) || loose(parent));
            match live.filter(|(_, link)| touches(link)).map(|(at, _)| at).next() {
                Some(at) => refused.push(at),
                None => return refused,
            }
        }
    }

    fn can_unite(&self, tables: &[&TableInfo], group: &[Place]) -> bool {
        let counts = group.iter().any(|place| autoincrement(tables, *place));
        !(counts && group.iter().any(|place| untyped(tables, *place)))
    }

    fn unite_group(&mut self, tables: &[&TableInfo], group: &[Place], links: &[Link]) {
        let is_child = |place: &Place| links.iter().flatten().any(|(child, _)| child == place);
        let head = group.iter().find(|place| !is_child(place)).or(group.first());
        let Some(first) = head.map(|place| self.get(*place)) else { return };
        let loose = group.iter().any(|place| untyped(tables, *place));
        let kind = if group.iter().any(|place| autoincrement(tables, *place)) {
            Kind::Integer
        } else if loose && !fits_untyped(&first) {
            Kind::Any
        } else {
            first
        };
        for place in group {
            self.set(*place, kind.clone());
        }
    }
}

fn column<'a>(tables: &[&'a TableInfo], place: Place) -> Option<(&'a TableInfo, &'a ColumnInfo)> {
    let table = tables.get(place.0).copied()?;
    Some((table, table.columns.get(place.1)?))
}

fn untyped(tables: &[&TableInfo], place: Place) -> bool {
    column(tables, place).is_some_and(|(_, column)| column.type_name.is_empty())
}

fn autoincrement(tables: &[&TableInfo], place: Place) -> bool {
    column(tables, place)
        .is_some_and(|(table, column)| table.autoincrement() && table.in_primary_key(&column.name))
}

/// The sets of places that `pairs` connect, each in order.
fn groups(pairs: impl Iterator<Item = (Place, Place)>) -> Vec<Vec<Place>> {
    let mut groups: Vec<Vec<Place>> = Vec::new();
    for (a, b) in pairs {
        let (mut joined, others): (Vec<_>, Vec<_>) =
            groups.into_iter().partition(|group| group.contains(&a) || group.contains(&b));
        joined.push(vec![a, b]);
        let mut one: Vec<Place> = joined.concat();
        one.sort_unstable();
        one.dedup();
        groups = others;
        groups.push(one);
    }
    groups
}

/// The texts that `check` allows in `column`, where it is what the derive writes for an enum: `status IN ('a', 'b')`.
pub(super) fn allowed_texts(check: &CheckInfo, column: &ColumnInfo) -> Option<Vec<String>> {
    if check.name.is_some() {
        return None;
    }
    let tokens = significant(&check.expr).ok()?;
    let [name, word, open, values @ .., close] = tokens.as_slice() else { return None };
    if !(is_name(name, column) && word.is_word("IN") && open.is_op("(") && close.is_op(")")) {
        return None;
    }
    let mut texts: Vec<String> = Vec::new();
    for (at, token) in values.iter().enumerate() {
        if at % 2 == 1 {
            if !token.is_op(",") {
                return None;
            }
            continue;
        }
        let text = token.ident().filter(|_| token.kind == TokenKind::Str)?;
        if texts.contains(&text) {
            return None;
        }
        texts.push(text);
    }
    (values.len() % 2 == 1).then_some(texts)
}
