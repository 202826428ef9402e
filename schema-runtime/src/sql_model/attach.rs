//! Directives at the tables and columns that they belong to, and what cannot be true of them.

use std::collections::BTreeMap;

use schema_sql::{ColumnDef, ConstraintKind, CreateKind, eq_name, fold};

use super::directive::{Directive, Name, Word, nearest};
use super::fault::{Fault, Span};
use super::place::{self, Place};
use super::script::{Item, Script, State};
use crate::allow::{self, Allow};
use crate::model::{ColumnHints, TableHints};
use crate::plan::HazardCode;

/// What the directives of a script say.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// By folded name.
    pub(super) tables: BTreeMap<String, TableHints>,
    /// Tables that may be dropped.
    pub(super) dropped: Vec<String>,
    /// Tables of another model.
    pub(super) external: Vec<String>,
    /// Empty where none is said.
    pub(super) version: String,
    /// Lints that are allowed.
    pub(super) allow: Vec<Allow>,
    /// Every `backfill` and `convert`, and where it stands.
    pub(super) exprs: Vec<(String, Span)>,
}

/// An earlier name, of a column or of a whole table.
struct Earlier {
    item: usize,
    column: Option<usize>,
    name: String,
    span: Span,
}

/// A column that may be dropped.
struct Gone {
    item: usize,
    name: String,
}

struct Attacher<'a, 'f> {
    script: &'a Script<'a>,
    faults: &'f mut Vec<Fault>,
    said: Said,
    earlier: Vec<Earlier>,
    gone: Vec<Gone>,
    version: Option<String>,
}

const AT_COLUMN: &str =
    "put it behind a column's definition in the same line, or on a line of its own before the column";

/// Attaches `directives` to the statements of `script`; what attaches to nothing, or contradicts itself or a table, is a fault.
pub(super) fn attach(script: &Script<'_>, directives: Vec<Directive>, faults: &mut Vec<Fault>) -> Said {
    let mut attacher = Attacher {
        script,
        faults,
        said: Said::default(),
        earlier: Vec::new(),
        gone: Vec::new(),
        version: None,
    };
    for directive in &directives {
        attacher.one(directive);
    }
    attacher.column_renames();
    attacher.table_renames();
    attacher.external();
    let mut said = attacher.said;
    said.version = attacher.version.unwrap_or_default();
    said
}

impl<'a> Attacher<'a, '_> {
    fn one(&mut self, directive: &Directive) {
        let place = place::of(self.script, directive.comment);
        let item = match place {
            Place::Column(item, _) | Place::Inside(item, _) | Place::Table(item) => {
                self.script.items.get(item)
            }
            Place::Outside(_) => None,
            Place::Unknown => return,
        };
        let of_nobody = item.is_some_and(|item| item.state == State::PassedOver);
        let of_table = !matches!(directive.word, Word::Dropped | Word::Version);
        if of_nobody && of_table {
            let help = "take it out: the table is none of the model's";
            self.refuse(directive, "stands at a table that SQLite makes by itself", help);
            return;
        }
        match (directive.word, place) {
            (Word::Allow, Place::Column(item, _) | Place::Inside(item, _) | Place::Table(item)) => {
                let column = if let Place::Column(_, number) = place { Some(number) } else { None };
                self.allow(item, column, directive);
            }
            (Word::Allow, Place::Outside(why)) => {
                let help = "put it at a column, or on a line of its own before a CREATE TABLE; for an index, before its table";
                self.refuse(directive, &format!("belongs to no table: {why}"), help);
            }
            (Word::Dropped, Place::Column(item, _) | Place::Inside(item, _)) => {
                self.dropped_columns(item, directive);
            }
            (Word::Dropped, _) => self.dropped_tables(directive),
            (Word::Version, Place::Column(..) | Place::Inside(..)) => {
                let help = "put it outside of the table's parentheses";
                self.refuse(directive, "belongs to the model, not to a table", help);
            }
            (Word::Version, _) => self.version(directive),
            (Word::RenamedFrom | Word::Backfill | Word::Convert, Place::Column(item, column)) => {
                self.column(item, column, directive);
            }
            (Word::RenamedFrom | Word::ExactOrder | Word::External, Place::Table(item)) => {
                self.table(item, directive);
            }
            (Word::ExactOrder | Word::External, Place::Column(..) | Place::Inside(..)) => {
                let help = "put it on a line of its own before the CREATE TABLE";
                self.refuse(directive, "belongs to a table, not to a column", help);
            }
            (_, Place::Inside(_, why)) => {
                self.refuse(directive, &format!("belongs to no column: {why}"), AT_COLUMN);
            }
            (Word::RenamedFrom | Word::ExactOrder | Word::External, Place::Outside(why)) => {
                let help = "put it on a line of its own before a CREATE TABLE";
                self.refuse(directive, &format!("belongs to no table: {why}"), help);
            }
            (Word::Backfill | Word::Convert, Place::Table(_) | Place::Outside(_)) => {
                self.refuse(directive, "belongs to a column, and stands at none", AT_COLUMN);
            }
            (_, Place::Unknown) => {}
        }
    }

    fn allow(&mut self, at: usize, column: Option<usize>, directive: &Directive) {
        let codes = self.plain(&directive.names);
        for (code, name) in codes.iter().zip(&directive.names) {
            if !HazardCode::from_code(code).is_some_and(HazardCode::is_model_lint) {
                let fault = Fault::new(name.span, format!("there is no lint of a model `{code}`"));
                self.faults.push(fault.help("docs/hazards.md lists them, from L508 on"));
            }
        }
        let Some(item) = self.script.items.get(at) else { return };
        let table = item.name().to_owned();
        let place = match column.and_then(|number| self.column_of(at, number)) {
            Some((_, column)) => allow::Place::Column(table, column.name.clone()),
            None => allow::Place::Table(table),
        };
        self.said.allow.extend(codes.into_iter().map(|code| Allow { code, place: place.clone() }));
    }

    fn refuse(&mut self, directive: &Directive, what: &str, help: &str) {
        let text = format!("`{}` {what}", directive.word.text());
        self.faults.push(Fault::new(directive.span, text).help(help));
    }

    fn twice(&mut self, directive: &Directive, of: &str) {
        let text = format!("a second `{}` for {of}, which says something else", directive.word.text());
        self.faults.push(Fault::new(directive.span, text).help("take one of the two out"));
    }

    fn version(&mut self, directive: &Directive) {
        match &self.version {
            Some(version) if *version != directive.sql => self.twice(directive, "the model"),
            _ => self.version = Some(directive.sql.clone()),
        }
    }

    /// Names without what must not stand before them.
    fn plain(&mut self, names: &[Name]) -> Vec<String> {
        for name in names.iter().filter(|name| name.owner.is_some()) {
            let fault = Fault::new(name.span, "a name with a dot where a name stands alone");
            self.faults.push(fault.help("write the name alone: the directive stands where it belongs to"));
        }
        names.iter().map(|name| name.name.clone()).collect()
    }

    fn table(&mut self, at: usize, directive: &Directive) {
        let Some(item) = self.script.items.get(at) else { return };
        let names = self.plain(&directive.names);
        let hints = self.said.tables.entry(fold(item.name())).or_default();
        match directive.word {
            Word::ExactOrder => hints.exact_order = true,
            Word::External => self.said.external.push(item.name().to_owned()),
            _ if hints.renamed_from.is_empty() => {
                hints.renamed_from = names;
                self.earlier(at, None, directive);
            }
            _ if hints.renamed_from == names => {}
            _ => self.twice(directive, &format!("table `{}`", item.name())),
        }
    }

    fn earlier(&mut self, item: usize, column: Option<usize>, directive: &Directive) {
        let of = |name: &Name| Earlier { item, column, name: name.name.clone(), span: name.span };
        self.earlier.extend(directive.names.iter().map(of));
    }

    fn column(&mut self, at: usize, number: usize, directive: &Directive) {
        let names = self.plain(&directive.names);
        let Some((item, column)) = self.column_of(at, number) else { return };
        let fills = matches!(directive.word, Word::Backfill | Word::Convert);
        if fills && is_generated(column) {
            let help = "take it out: SQLite computes the values of a generated column";
            self.refuse(directive, "fills no generated column", help);
            return;
        }
        let hints = self.said.tables.entry(fold(item.name())).or_default();
        let hints: &mut ColumnHints = hints.columns.entry(fold(&column.name)).or_default();
        let first = directive.word == Word::RenamedFrom && hints.renamed_from.is_empty();
        let clash = match directive.word {
            Word::RenamedFrom if first => {
                hints.renamed_from = names;
                false
            }
            Word::RenamedFrom => hints.renamed_from != names,
            Word::Convert => put(&mut hints.convert, &directive.sql),
            _ => put(&mut hints.backfill, &directive.sql),
        };
        if first {
            self.earlier(at, Some(number), directive);
        }
        if clash {
            self.twice(directive, &format!("column `{}`.`{}`", item.name(), column.name));
        } else if fills {
            self.said.exprs.push((directive.sql.clone(), directive.sql_span));
        }
    }

    fn column_of(&self, item: usize, number: usize) -> Option<(&'a Item<'a>, &'a ColumnDef)> {
        let item = self.script.items.get(item)?;
        item.table.as_ref()?.columns.get(number).map(|column| (item, column))
    }

    /// The column of this name, and its number.
    fn find_column(&self, item: usize, name: &str) -> Option<usize> {
        let table = self.script.items.get(item)?.table.as_ref()?;
        table.columns.iter().position(|column| eq_name(&column.name, name))
    }

    fn dropped_columns(&mut self, item: usize, directive: &Directive) {
        self.plain(&directive.names);
        for name in &directive.names {
            self.dropped_column(item, name);
        }
    }

    fn dropped_column(&mut self, at: usize, name: &Name) {
        let Some(item) = self.script.items.get(at) else { return };
        if self.find_column(at, &name.name).is_some() {
            let text = format!("`{}` is still a column of `{}`", name.name, item.name());
            self.faults.push(Fault::new(name.span, text).help("take the column out, or `dropped`"));
            return;
        }
        let dropped = &mut self.said.tables.entry(fold(item.name())).or_default().dropped;
        if !dropped.iter().any(|known| eq_name(known, &name.name)) {
            dropped.push(name.name.clone());
            self.gone.push(Gone { item: at, name: name.name.clone() });
        }
    }

    fn dropped_tables(&mut self, directive: &Directive) {
        for name in &directive.names {
            if let Some(table) = &name.owner {
                match self.find_table(table) {
                    Some(item) => self.dropped_column(item, name),
                    None => self.no_table(table, name.span),
                }
            } else if self.find_relation(&name.name).is_some() {
                let text = format!("`{}` is still in the file", name.name);
                self.faults
                    .push(Fault::new(name.span, text).help("take its CREATE statement out, or `dropped`"));
            } else if !self.said.dropped.iter().any(|known| eq_name(known, &name.name)) {
                self.said.dropped.push(name.name.clone());
            }
        }
    }

    fn no_table(&mut self, name: &str, span: Span) {
        // A table that cannot be read has a fault of its own.
        if self.find_relation(name).is_some() {
            return;
        }
        let fault = Fault::new(span, format!("the file has no table `{name}`"));
        let tables = self.script.items.iter().filter(|item| item.is(CreateKind::Table)).map(Item::name);
        self.faults.push(match nearest(name, tables) {
            Some(table) => fault.help(format!("did you mean `{table}`?")),
            None => fault.help("name a column by the present name of its table; a whole table without a dot"),
        });
    }

    fn find_table(&self, name: &str) -> Option<usize> {
        self.script.items.iter().position(|item| item.table.is_some() && eq_name(item.name(), name))
    }

    /// A table, view or virtual table.
    fn find_relation(&self, name: &str) -> Option<&Item<'_>> {
        let kinds = [CreateKind::Table, CreateKind::View, CreateKind::VirtualTable];
        self.script.items.iter().find(|item| {
            kinds.iter().any(|kind| item.is(*kind))
                && item.state != State::PassedOver
                && eq_name(item.name(), name)
        })
    }

    /// The rules are those of the derive.
    fn column_renames(&mut self) {
        let mut found = Vec::new();
        for (at, earlier) in self.earlier.iter().enumerate() {
            let Some(number) = earlier.column else { continue };
            let Some((item, column)) = self.column_of(earlier.item, number) else { continue };
            let others = || self.earlier.iter().filter(|other| other.item == earlier.item);
            let before = self.earlier.iter().take(at);
            let claimed = before
                .filter(|other| other.item == earlier.item && other.column.is_some())
                .find(|other| eq_name(&other.name, &earlier.name));
            let dropped =
                self.gone.iter().any(|gone| gone.item == earlier.item && eq_name(&gone.name, &earlier.name));
            let current = self.find_column(earlier.item, &earlier.name);
            let (to, from) = (&column.name, &earlier.name);
            let fault = if current == Some(number) {
                own_name(earlier)
            } else if claimed.is_some() {
                claimed_twice(earlier)
            } else if dropped {
                renamed_and_dropped(earlier)
            } else if let Some(current) = current {
                let help = "take `renamed_from` out, or the column of that name";
                if self.leads_back(earlier.item, current, number) {
                    let what =
                        format!("`{to}` and `{from}` cannot have changed names with each other at once");
                    Fault::new(earlier.span, what)
                        .help("rename one of them by a third name first, and apply that")
                } else if others().all(|other| other.column != Some(current)) {
                    Fault::new(earlier.span, format!("`{from}` is still a column of `{}`", item.name()))
                        .help(help)
                } else {
                    continue;
                }
            } else {
                continue;
            };
            found.push(fault);
        }
        self.faults.append(&mut found);
    }

    /// Whether the earlier names that start at the column `from` come to the column `to`.
    fn leads_back(&self, item: usize, from: usize, to: usize) -> bool {
        let (mut seen, mut open) = (Vec::new(), vec![from]);
        while let Some(column) = open.pop() {
            if column == to {
                return true;
            }
            if seen.contains(&column) {
                continue;
            }
            seen.push(column);
            let earlier = self.earlier.iter().filter(|e| e.item == item && e.column == Some(column));
            open.extend(earlier.filter_map(|earlier| self.find_column(item, &earlier.name)));
        }
        false
    }

    /// Whether the table of this name had another one itself, and so on, without coming back to the table `to`.
    fn moves_on(&self, to: usize, name: &str) -> bool {
        let mut seen = vec![to];
        let mut open: Vec<usize> = self.find_table(name).into_iter().collect();
        if open.is_empty() {
            return false;
        }
        while let Some(table) = open.pop() {
            if seen.contains(&table) {
                return false;
            }
            seen.push(table);
            let mut earlier =
                self.earlier.iter().filter(|e| e.item == table && e.column.is_none()).peekable();
            if earlier.peek().is_none() {
                return false;
            }
            open.extend(earlier.filter_map(|earlier| self.find_table(&earlier.name)));
        }
        true
    }

    fn table_renames(&mut self) {
        let mut found = Vec::new();
        let of_tables = || self.earlier.iter().filter(|earlier| earlier.column.is_none());
        for (at, earlier) in of_tables().enumerate() {
            let own = self.script.items.get(earlier.item).map_or("", Item::name);
            if eq_name(own, &earlier.name) {
                found.push(own_name(earlier));
            } else if of_tables().take(at).any(|other| eq_name(&other.name, &earlier.name)) {
                found.push(claimed_twice(earlier));
            } else if self.said.dropped.iter().any(|name| eq_name(name, &earlier.name)) {
                found.push(renamed_and_dropped(earlier));
            } else if self.moves_on(earlier.item, &earlier.name) {
                continue;
            } else if self.find_relation(&earlier.name).is_some() {
                let what = format!("`{}` is still in the file", earlier.name);
                let help = "take `renamed_from` out, or the statement that makes what has that name";
                found.push(Fault::new(earlier.span, what).help(help));
            }
        }
        self.faults.append(&mut found);
    }

    /// Of another model's table only the shape counts, and that model says the rest.
    fn external(&mut self) {
        for name in &self.said.external {
            let Some(hints) = self.said.tables.remove(&fold(name)) else { continue };
            if hints == TableHints::default() {
                continue;
            }
            let Some(item) = self.script.items.iter().find(|item| eq_name(item.name(), name)) else {
                continue;
            };
            let what = format!("`{name}` is another model's, and has directives beside `external`");
            self.faults
                .push(Fault::new(item.name_span(), what).help("take those out: the other model has them"));
        }
    }
}

/// Whether another text is there already.
fn put(place: &mut Option<String>, sql: &str) -> bool {
    place.get_or_insert_with(|| sql.to_owned()) != sql
}

fn is_generated(column: &ColumnDef) -> bool {
    column.constraints.iter().any(|constraint| matches!(constraint.kind, ConstraintKind::Generated { .. }))
}

fn own_name(earlier: &Earlier) -> Fault {
    Fault::new(earlier.span, format!("`{}` is the present name", earlier.name))
        .help("take it out: another spelling in capitals and small letters needs no `renamed_from`")
}

fn claimed_twice(earlier: &Earlier) -> Fault {
    Fault::new(earlier.span, format!("`{}` is said twice to be the earlier name", earlier.name))
        .help("only one can have had it: take the other out")
}

fn renamed_and_dropped(earlier: &Earlier) -> Fault {
    Fault::new(earlier.span, format!("`{}` is renamed and dropped", earlier.name))
        .help("take one of the two directives out")
}
