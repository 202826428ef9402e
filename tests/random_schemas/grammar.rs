//! A schema as data: columns and tables are known by number, so that what names them follows a rename and goes with a drop.

use std::fmt::Write as _;

use schema_sql::{is_keyword, quote_ident};

use crate::support::carry::Hints;

/// A table's or column's number; it is the same before and after the change.
pub type Id = usize;

/// An expression: `#` stands for a column each, in turn.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    pub text: &'static str,
    pub columns: Vec<Id>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    pub id: Id,
    pub name: String,
    pub type_name: &'static str,
    pub not_null: Option<&'static str>,
    pub default: Option<&'static str>,
    pub collate: Option<&'static str>,
    pub check: Option<Expr>,
    pub generated: Option<(Expr, bool)>,
    /// Fills the rows that are there.
    pub backfill: Option<&'static str>,
    /// Added by ALTER TABLE after the first rows, which stay short.
    pub late: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Constraint {
    /// The rowid under another name, with AUTOINCREMENT or not.
    RowidKey(Id, bool),
    Key(Vec<Id>),
    Unique(Option<&'static str>, Vec<Id>, &'static str),
    Check(Option<&'static str>, Expr),
    Foreign {
        columns: Vec<Id>,
        table: Id,
        to: Vec<Id>,
        actions: &'static str,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    pub expr: Expr,
    pub suffix: &'static str,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Index {
    pub name: String,
    pub unique: bool,
    pub terms: Vec<Term>,
    pub filter: Option<Expr>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    pub id: Id,
    pub name: String,
    pub columns: Vec<Column>,
    pub constraints: Vec<Constraint>,
    pub indexes: Vec<Index>,
    pub strict: bool,
    pub without_rowid: bool,
}

/// A view, trigger or virtual table: `@` stands for a table each, `#` for a column each, `%` for another object.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    pub name: String,
    pub text: &'static str,
    pub tables: Vec<Id>,
    pub columns: Vec<Id>,
    pub objects: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Default)]
pub struct Schema {
    pub tables: Vec<Table>,
    pub objects: Vec<Object>,
}

/// The name, in quotes where it needs them.
pub fn quoted(name: &str) -> String {
    let plain = !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !is_keyword(name);
    if plain { name.to_owned() } else { quote_ident(name) }
}

impl Table {
    pub fn column(&self, id: Id) -> Option<&Column> {
        self.columns.iter().find(|column| column.id == id)
    }

    fn names(&self, ids: &[Id]) -> String {
        let names: Vec<String> =
            ids.iter().filter_map(|id| self.column(*id)).map(|column| quoted(&column.name)).collect();
        names.join(", ")
    }

    /// The key's columns.
    pub fn key(&self) -> Vec<Id> {
        let key = self.constraints.iter().find_map(|constraint| match constraint {
            Constraint::RowidKey(id, _) => Some(vec![*id]),
            Constraint::Key(ids) => Some(ids.clone()),
            _ => None,
        });
        key.unwrap_or_default()
    }

    fn expr(&self, expr: &Expr) -> String {
        fill(expr.text, '#', &mut expr.columns.iter().cycle().map(|id| self.names(&[*id])))
    }

    fn column_sql(&self, column: &Column) -> String {
        let mut sql = quoted(&column.name);
        if !column.type_name.is_empty() {
            write!(sql, " {}", column.type_name).expect("a string");
        }
        let mut put = |text: String| write!(sql, " {text}").expect("a string");
        if let Some(conflict) = column.not_null {
            put(format!("NOT NULL{conflict}"));
        }
        if let Some(default) = column.default.filter(|_| column.generated.is_none()) {
            put(format!("DEFAULT {default}"));
        }
        if let Some(collation) = column.collate {
            put(format!("COLLATE {collation}"));
        }
        if let Some(check) = &column.check {
            put(format!("CHECK ({})", self.expr(check)));
        }
        if let Some((expr, stored)) = &column.generated {
            put(format!("AS ({}) {}", self.expr(expr), if *stored { "STORED" } else { "VIRTUAL" }));
        }
        if let Some(auto) = self.constraints.iter().find_map(|constraint| match constraint {
            Constraint::RowidKey(id, auto) if *id == column.id => Some(*auto),
            _ => None,
        }) {
            put(format!("PRIMARY KEY{}", if auto { " AUTOINCREMENT" } else { "" }));
        }
        sql
    }

    fn constraint_sql(&self, schema: &Schema, constraint: &Constraint) -> Option<String> {
        let named = |name: &Option<&str>| name.map(|name| format!("CONSTRAINT {name} ")).unwrap_or_default();
        Some(match constraint {
            Constraint::RowidKey(..) => return None,
            Constraint::Key(ids) => format!("PRIMARY KEY ({})", self.names(ids)),
            Constraint::Unique(name, ids, conflict) => {
                format!("{}UNIQUE ({}){conflict}", named(name), self.names(ids))
            }
            Constraint::Check(name, expr) => format!("{}CHECK ({})", named(name), self.expr(expr)),
            Constraint::Foreign { columns, table, to, actions } => {
                let parent = schema.table(*table)?;
                let to = if to.is_empty() { String::new() } else { format!(" ({})", parent.names(to)) };
                format!(
                    "FOREIGN KEY ({}) REFERENCES {}{to}{actions}",
                    self.names(columns),
                    quoted(&parent.name)
                )
            }
        })
    }

    fn create(&self, schema: &Schema, old: Option<&Table>, late: bool) -> String {
        let mut lines = Vec::new();
        for column in self.columns.iter().filter(|column| late || !column.late) {
            let was = old.and_then(|old| old.column(column.id)).filter(|was| was.name != column.name);
            let mut said = String::new();
            if let Some(was) = was {
                writeln!(said, "  -- schema: renamed_from({})", quote_ident(&was.name)).expect("a string");
            }
            if let Some(backfill) = column.backfill.filter(|_| column.generated.is_none()) {
                writeln!(said, "  -- schema: backfill({backfill})").expect("a string");
            }
            lines.push(format!("{said}  {}", self.column_sql(column)));
        }
        let constraints =
            self.constraints.iter().filter_map(|constraint| self.constraint_sql(schema, constraint));
        lines.extend(constraints.map(|sql| format!("  {sql}")));
        let mut options = Vec::new();
        if self.strict {
            options.push("STRICT");
        }
        if self.without_rowid {
            options.push("WITHOUT ROWID");
        }
        let said = match old.filter(|old| old.name != self.name) {
            Some(old) => format!("-- schema: renamed_from({})\n", quote_ident(&old.name)),
            None => String::new(),
        };
        format!(
            "{said}CREATE TABLE {} (\n{}\n) {};\n",
            quoted(&self.name),
            lines.join(",\n"),
            options.join(", ")
        )
    }

    fn index_sql(&self, index: &Index) -> String {
        let terms: Vec<String> =
            index.terms.iter().map(|term| format!("{}{}", self.expr(&term.expr), term.suffix)).collect();
        let filter =
            index.filter.as_ref().map(|expr| format!(" WHERE {}", self.expr(expr))).unwrap_or_default();
        format!(
            "CREATE {}INDEX {} ON {} ({}){filter};\n",
            if index.unique { "UNIQUE " } else { "" },
            quoted(&index.name),
            quoted(&self.name),
            terms.join(", ")
        )
    }
}

/// `text` with the marks replaced, in turn.
fn fill(text: &str, mark: char, values: &mut dyn Iterator<Item = String>) -> String {
    let mut made = String::new();
    for c in text.chars() {
        if c == mark {
            made.push_str(&values.next().expect("a value for each mark"));
        } else {
            made.push(c);
        }
    }
    made
}

impl Schema {
    pub fn table(&self, id: Id) -> Option<&Table> {
        self.tables.iter().find(|table| table.id == id)
    }

    /// The schema as SQL; with directives for what is called otherwise in `old`.
    pub fn sql(&self, old: Option<&Schema>) -> String {
        let mut sql = String::new();
        for table in &self.tables {
            sql.push_str(&table.create(self, old.and_then(|old| old.table(table.id)), true));
        }
        sql.push_str(&self.rest());
        sql
    }

    fn rest(&self) -> String {
        let mut sql = String::new();
        for table in &self.tables {
            for index in &table.indexes {
                sql.push_str(&table.index_sql(index));
            }
        }
        for object in &self.objects {
            sql.push_str(&self.object_sql(object));
        }
        sql
    }

    /// In three parts: tables without their late columns; then those columns; then the rest, which may name them.
    pub fn parts(&self) -> [String; 3] {
        let tables = self.tables.iter().map(|table| table.create(self, None, false)).collect();
        let mut late = String::new();
        for table in &self.tables {
            for column in table.columns.iter().filter(|column| column.late) {
                let sql = table.column_sql(column);
                writeln!(late, "ALTER TABLE {} ADD COLUMN {sql};", quoted(&table.name)).expect("a string");
            }
        }
        [tables, late, self.rest()]
    }

    fn object_sql(&self, object: &Object) -> String {
        let table = |id: &Id| self.table(*id).map_or(String::new(), |table| quoted(&table.name));
        let column = |id: &Id| {
            let found = self.tables.iter().find_map(|table| table.column(*id));
            found.map_or(String::new(), |column| quoted(&column.name))
        };
        let text = fill(object.text, '@', &mut object.tables.iter().cycle().map(table));
        let text = fill(&text, '#', &mut object.columns.iter().cycle().map(column));
        let text = fill(&text, '%', &mut object.objects.iter().map(|name| quoted(name)));
        format!("{};\n", text.replace('$', &quoted(&object.name)))
    }

    /// Takes away what names something that is not there any more, until nothing does.
    pub fn tidy(&mut self) {
        loop {
            let before = self.clone();
            let tables = self.clone();
            for table in &mut self.tables {
                tidy_table(table, &tables);
            }
            self.tables.retain(|table| table.columns.iter().any(|column| column.generated.is_none()));
            let there = self.clone();
            self.objects.retain(|object| {
                let columns = |id: &Id| {
                    there
                        .tables
                        .iter()
                        .any(|table| object.tables.contains(&table.id) && table.column(*id).is_some())
                };
                object.tables.iter().all(|id| there.table(*id).is_some())
                    && object.columns.iter().all(columns)
                    && object.objects.iter().all(|name| there.objects.iter().any(|other| other.name == *name))
            });
            if *self == before {
                return;
            }
        }
    }

    /// What was called otherwise in `old`, and what is filled.
    pub fn hints(&self, old: &Schema) -> Hints {
        let mut hints = Hints::default();
        for table in &self.tables {
            let was = old.table(table.id);
            if let Some(was) = was.filter(|was| was.name != table.name) {
                hints.tables.push((was.name.clone(), table.name.clone()));
            }
            for column in &table.columns {
                let was = was.and_then(|was| was.column(column.id)).filter(|was| was.name != column.name);
                if let Some(was) = was {
                    hints.columns.push((table.name.clone(), was.name.clone(), column.name.clone()));
                }
                if let Some(backfill) = column.backfill.filter(|_| column.generated.is_none()) {
                    hints.backfills.push((table.name.clone(), column.name.clone(), backfill.to_owned()));
                }
            }
        }
        hints
    }
}

fn tidy_table(table: &mut Table, all: &Schema) {
    let there: Vec<Id> = table.columns.iter().map(|column| column.id).collect();
    let plain: Vec<Id> =
        table.columns.iter().filter(|column| column.generated.is_none()).map(|column| column.id).collect();
    let has = |ids: &[Id]| ids.iter().all(|id| there.contains(id));
    let own = |ids: &[Id]| ids.iter().all(|id| plain.contains(id));
    table.columns.retain(|column| column.generated.as_ref().is_none_or(|(expr, _)| own(&expr.columns)));
    for column in &mut table.columns {
        column.check = column.check.take().filter(|expr| has(&expr.columns));
    }
    table.constraints.retain(|constraint| match constraint {
        Constraint::RowidKey(id, _) => {
            !table.without_rowid
                && table.columns.iter().any(|column| {
                    column.id == *id && column.type_name == "INTEGER" && column.generated.is_none()
                })
        }
        Constraint::Key(ids) => !ids.is_empty() && own(ids),
        Constraint::Unique(_, ids, _) => !ids.is_empty() && has(ids),
        Constraint::Check(_, expr) => has(&expr.columns),
        Constraint::Foreign { columns, table: parent, to, .. } => {
            let parent = if *parent == table.id { all.table(table.id) } else { all.table(*parent) };
            own(columns)
                && parent.is_some_and(|parent| {
                    is_key(parent, to) && (!to.is_empty() || parent.key().len() == columns.len())
                })
        }
    });
    if table.without_rowid && table.key().is_empty() {
        table.without_rowid = false;
    }
    table.indexes.retain(|index| {
        index.terms.iter().all(|term| has(&term.expr.columns))
            && index.filter.as_ref().is_none_or(|expr| has(&expr.columns))
    });
}

/// Whether a foreign key can refer to these columns.
fn is_key(table: &Table, to: &[Id]) -> bool {
    if to.is_empty() {
        return !table.key().is_empty();
    }
    let same = |ids: &[Id]| ids.len() == to.len() && to.iter().all(|id| ids.contains(id));
    same(&table.key())
        || table
            .constraints
            .iter()
            .any(|constraint| matches!(constraint, Constraint::Unique(_, ids, _) if same(ids)))
}
