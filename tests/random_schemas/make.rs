//! Schemas made up by dice, and others made of them.

use schema_runtime::testing::Dice;

use super::grammar::{Column, Constraint, Expr, Id, Index, Object, Schema, Table, Term};
use crate::support::case::BUNDLED;

const TYPES: [&str; 14] = [
    "INTEGER",
    "TEXT",
    "REAL",
    "BLOB",
    "",
    "NUMERIC",
    "INTEGER",
    "TEXT",
    "BIGINT",
    "VARCHAR(9)",
    "unsigned  big int",
    "BOOLEAN",
    "DATETIME",
    "INT",
];
const STRICT_TYPES: [&str; 6] = ["INTEGER", "TEXT", "REAL", "BLOB", "ANY", "INT"];
const NAMES: [&str; 24] = [
    "a", "b", "c", "d", "Name", "value", "we \"ird", "order", "select", "é", "😀", "x y", "group", "key",
    "rowid", "oid", "user_id", "it's", "count", "a.b", "Index", "default", "[z]", "_",
];
const CHECKS: [&str; 6] = [
    "# <> 'x'",
    "# IS NOT 5",
    "length(#) < 40",
    "typeof(#) <> 'real' OR # < 1e9",
    "# IS NULL OR # <> ''",
    "# <> 'é'';--'",
];
const TWO: [&str; 2] = ["# IS NOT # OR # IS NULL", "coalesce(#, 1) <> coalesce(#, 2) COLLATE NOCASE OR 1"];
const COMPUTED: [&str; 6] = ["# || '!'", "length(#)", "coalesce(#, 0)", "upper(#)", "# IS NULL", "(#)"];
const TERMS: [&str; 4] = ["lower(#)", "length(#)", "# || '-'", "(# IS NULL)"];
const FILTERS: [&str; 4] = ["# IS NOT NULL", "# > 5", "# = 'x'", "typeof(#) = 'text'"];
const SUFFIXES: [&str; 5] = ["", "", " DESC", " COLLATE NOCASE", " COLLATE RTRIM DESC"];
const ACTIONS: [&str; 7] = [
    "",
    "",
    " ON DELETE CASCADE",
    " ON DELETE SET NULL ON UPDATE CASCADE",
    " DEFERRABLE INITIALLY DEFERRED",
    " ON DELETE RESTRICT",
    " ON UPDATE SET DEFAULT",
];
const CONFLICTS: [&str; 5] = ["", "", "", " ON CONFLICT REPLACE", " ON CONFLICT IGNORE"];
const VIEWS: [&str; 3] = [
    "CREATE VIEW $ AS SELECT # AS v FROM @",
    "CREATE VIEW $ (n) AS SELECT count(*) FROM @",
    "CREATE VIEW $ AS SELECT * FROM %",
];
const TRIGGERS: [&str; 4] = [
    "CREATE TRIGGER $ AFTER UPDATE OF # ON @ WHEN new.# IS NOT old.# BEGIN SELECT CASE WHEN new.# = 'boom' THEN RAISE(ABORT, 'no; end') END; END",
    "CREATE TRIGGER $ AFTER DELETE ON @ BEGIN DELETE FROM @ WHERE 0; END",
    "CREATE TRIGGER $ BEFORE INSERT ON @ WHEN new.# = ';end' BEGIN SELECT RAISE(IGNORE); END",
    "CREATE TRIGGER $ AFTER INSERT ON @ BEGIN UPDATE @ SET # = # WHERE 0; END",
];

/// Makes schemas; names and numbers are never given twice.
pub struct Maker<'d> {
    pub dice: &'d mut Dice,
    next: Id,
}

impl Maker<'_> {
    pub fn new(dice: &mut Dice) -> Maker<'_> {
        Maker { dice, next: 1 }
    }

    fn id(&mut self) -> Id {
        self.next += 1;
        self.next
    }

    /// One of the odd names, or a number's, that is not taken.
    fn name(&mut self, taken: &[String]) -> String {
        let name = self.dice.pick(&NAMES);
        if taken.iter().any(|other| other.to_lowercase() == name.to_lowercase()) {
            format!("n{}", self.id())
        } else {
            name.to_owned()
        }
    }

    fn default(&mut self, type_name: &str, strict: bool) -> &'static str {
        // SQLite of old reads TRUE as a number in a TEXT column that a row lacks, and as a text once it is written.
        let truth = if rusqlite::version_number() < BUNDLED { "'TRUE'" } else { "TRUE" };
        let any = [
            "7",
            "99",
            "'seven'",
            "''",
            "NULL",
            "7.5",
            "x'07'",
            "-5",
            "(1 + 1)",
            "CURRENT_DATE",
            "(lower('Q'))",
            truth,
        ];
        let fits: &[&'static str] = match type_name {
            _ if !strict => &any,
            "INTEGER" | "INT" => &["7", "99", "-5", "(1 + 1)", "NULL"],
            "TEXT" => &["'seven'", "''", "CURRENT_DATE", "(lower('Q'))"],
            "REAL" => &["7.5", "-0.25"],
            "BLOB" => &["x'07'", "NULL"],
            _ => &["7", "'seven'", "x'07'"],
        };
        fits[self.dice.at(fits.len())]
    }

    fn column(&mut self, strict: bool, others: &[Column]) -> Column {
        let taken: Vec<String> = others.iter().map(|column| column.name.clone()).collect();
        let type_name = if strict { self.dice.pick(&STRICT_TYPES) } else { self.dice.pick(&TYPES) };
        let mut column = Column {
            id: self.id(),
            name: self.name(&taken),
            type_name,
            not_null: None,
            default: None,
            collate: None,
            check: None,
            generated: None,
            backfill: None,
            late: false,
        };
        let plain: Vec<Id> =
            others.iter().filter(|other| other.generated.is_none()).map(|other| other.id).collect();
        if !plain.is_empty() && self.dice.one_in(7) {
            let of = plain[self.dice.at(plain.len())];
            column.generated = Some((self.expr(&COMPUTED, vec![of]), self.dice.one_in(2)));
            column.type_name = if strict { "ANY" } else { *self.dice.pick(&[&"", &"TEXT"]) };
            return column;
        }
        if self.dice.one_in(3) {
            column.default = Some(self.default(type_name, strict));
        }
        if self.dice.one_in(4) {
            column.not_null = Some(self.dice.pick(&CONFLICTS));
        }
        if self.dice.one_in(6) {
            column.collate = Some(*self.dice.pick(&[&"NOCASE", &"RTRIM", &"BINARY"]));
        }
        if self.dice.one_in(7) {
            column.check = Some(self.expr(&CHECKS, vec![column.id]));
        }
        column
    }

    fn expr(&mut self, texts: &[&'static str], columns: Vec<Id>) -> Expr {
        Expr { text: texts[self.dice.at(texts.len())], columns }
    }

    fn some(&mut self, ids: &[Id], most: usize) -> Vec<Id> {
        let mut left = ids.to_vec();
        let mut some = Vec::new();
        for _ in 0..self.dice.at(most) + 1 {
            if !left.is_empty() {
                some.push(left.remove(self.dice.at(left.len())));
            }
        }
        some
    }

    pub fn table(&mut self, schema: &Schema) -> Table {
        let taken: Vec<String> = schema
            .tables
            .iter()
            .map(|table| table.name.clone())
            .chain(schema.objects.iter().map(|object| object.name.clone()))
            .collect();
        let strict = self.dice.one_in(4);
        let mut table = Table {
            id: self.id(),
            name: self.name(&taken),
            columns: Vec::new(),
            constraints: Vec::new(),
            indexes: Vec::new(),
            strict,
            without_rowid: self.dice.one_in(5),
        };
        for _ in 0..self.dice.roll(5) + 1 {
            let column = self.column(strict, &table.columns);
            table.columns.push(column);
        }
        self.key(&mut table);
        for _ in 0..self.dice.roll(3) {
            self.constraint(schema, &mut table);
        }
        for _ in 0..self.dice.roll(3) {
            self.index(schema, &mut table);
        }
        table
    }

    pub fn key(&mut self, table: &mut Table) {
        table
            .constraints
            .retain(|constraint| !matches!(constraint, Constraint::Key(_) | Constraint::RowidKey(..)));
        let plain: Vec<Id> = table
            .columns
            .iter()
            .filter(|column| column.generated.is_none())
            .map(|column| column.id)
            .collect();
        // A table may be left with generated columns alone, which SQLite will refuse.
        if plain.is_empty() {
            return;
        }
        match self.dice.roll(5) {
            0 if !table.without_rowid => {}
            1 | 2 if !table.without_rowid => {
                let id = plain[self.dice.at(plain.len())];
                if let Some(column) = table.columns.iter_mut().find(|column| column.id == id) {
                    column.type_name = "INTEGER";
                    column.default = None;
                    column.late = false;
                }
                table.constraints.insert(0, Constraint::RowidKey(id, self.dice.one_in(3)));
            }
            _ => {
                let ids = self.some(&plain, 2);
                table.constraints.insert(0, Constraint::Key(ids));
            }
        }
    }

    pub fn constraint(&mut self, schema: &Schema, table: &mut Table) {
        let ids: Vec<Id> = table.columns.iter().map(|column| column.id).collect();
        let made = match self.dice.roll(5) {
            0 => Constraint::Unique(None, self.some(&ids, 2), self.dice.pick(&CONFLICTS)),
            1 => Constraint::Unique(Some("u_named"), self.some(&ids, 2), ""),
            2 => {
                let columns = self.some(&ids, 1);
                Constraint::Check(Some("c_named"), self.expr(&CHECKS, columns))
            }
            3 if ids.len() > 1 => {
                let mut columns = self.some(&ids, 2);
                columns.resize(2, ids[0]);
                Constraint::Check(None, self.expr(&TWO, columns))
            }
            _ => match self.foreign(schema, table) {
                Some(made) => made,
                None => return,
            },
        };
        table.constraints.push(made);
    }

    /// A foreign key to a key of any table, its own too.
    fn foreign(&mut self, schema: &Schema, table: &Table) -> Option<Constraint> {
        let parents: Vec<&Table> =
            schema.tables.iter().filter(|other| other.id != table.id).chain([table]).collect();
        let parent = parents[self.dice.at(parents.len())];
        let mut keys = vec![parent.key()];
        keys.extend(parent.constraints.iter().filter_map(|constraint| match constraint {
            Constraint::Unique(_, ids, _) => Some(ids.clone()),
            _ => None,
        }));
        let at = self.dice.at(keys.len());
        let to = keys.swap_remove(at);
        let own: Vec<Id> = table
            .columns
            .iter()
            .filter(|column| column.generated.is_none())
            .map(|column| column.id)
            .collect();
        let columns = self.some(&own, to.len().max(1));
        if to.is_empty() || columns.len() != to.len() {
            return None;
        }
        let to = if at == 0 && self.dice.one_in(2) { Vec::new() } else { to };
        Some(Constraint::Foreign { columns, table: parent.id, to, actions: self.dice.pick(&ACTIONS) })
    }

    pub fn index(&mut self, schema: &Schema, table: &mut Table) {
        let ids: Vec<Id> = table.columns.iter().map(|column| column.id).collect();
        let mut terms = Vec::new();
        for id in self.some(&ids, 2) {
            let expr = if self.dice.one_in(4) {
                self.expr(&TERMS, vec![id])
            } else {
                Expr { text: "#", columns: vec![id] }
            };
            terms.push(Term { expr, suffix: self.dice.pick(&SUFFIXES) });
        }
        let filter = if self.dice.one_in(4) {
            let columns = self.some(&ids, 1);
            Some(self.expr(&FILTERS, columns))
        } else {
            None
        };
        let odd = ["i \"x", "index", "i_é"];
        let name = match self.dice.roll(8) {
            0 => format!("{} {}", odd[self.dice.at(odd.len())], schema.tables.len()),
            _ => "i".to_owned(),
        };
        let name = format!("{name}{}", self.id());
        table.indexes.push(Index { name, unique: self.dice.one_in(4), terms, filter });
    }

    pub fn object(&mut self, schema: &mut Schema) {
        let Some(table) = schema.tables.get(self.dice.at(schema.tables.len().max(1))) else { return };
        let other = &schema.tables[self.dice.at(schema.tables.len())];
        let plain: Vec<Id> = table
            .columns
            .iter()
            .filter(|column| column.generated.is_none())
            .map(|column| column.id)
            .collect();
        // A table may be left with generated columns alone, which SQLite will refuse.
        if plain.is_empty() {
            return;
        }
        let columns = vec![plain[self.dice.at(plain.len())]];
        let views: Vec<String> = schema
            .objects
            .iter()
            .filter(|object| object.text.starts_with("CREATE VIEW"))
            .map(|object| object.name.clone())
            .collect();
        let mut made = Object {
            name: String::new(),
            text: "",
            tables: vec![table.id],
            columns: Vec::new(),
            objects: Vec::new(),
        };
        match self.dice.roll(8) {
            0..=2 => {
                made.text = VIEWS[self.dice.at(VIEWS.len())];
                if made.text.contains('%') {
                    if views.is_empty() {
                        return;
                    }
                    made.objects = vec![views[self.dice.at(views.len())].clone()];
                    made.tables = Vec::new();
                } else if made.text.contains('#') {
                    made.columns = columns;
                }
            }
            3..=5 => {
                made.text = TRIGGERS[self.dice.at(TRIGGERS.len())];
                if made.text.contains("DELETE FROM") {
                    made.tables.push(other.id);
                } else if made.text.contains('#') {
                    made.columns = columns;
                }
            }
            6 => {
                made.text = "CREATE VIRTUAL TABLE $ USING fts5(body, tag UNINDEXED)";
                made.tables = Vec::new();
            }
            _ => {
                made.text = "CREATE VIRTUAL TABLE $ USING rtree(id, x0, x1)";
                made.tables = Vec::new();
            }
        }
        made.name = match self.shared_name(schema) {
            Some(name) if made.text.starts_with("CREATE TRIGGER") => name,
            _ => format!("o{}", self.id()),
        };
        schema.objects.push(made);
    }

    /// Sometimes the name of something else, for a trigger: triggers have a space of names of their own.
    fn shared_name(&mut self, schema: &Schema) -> Option<String> {
        let indexes = schema.tables.iter().flat_map(|table| &table.indexes).map(|index| &index.name);
        let tables = schema.tables.iter().map(|table| &table.name);
        let objects = schema.objects.iter().map(|object| &object.name);
        let names: Vec<&String> = indexes.chain(tables).chain(objects).collect();
        let name = names[self.dice.at(names.len())];
        let is_trigger = |object: &Object| object.text.starts_with("CREATE TRIGGER");
        let taken =
            schema.objects.iter().any(|object| is_trigger(object) && object.name.eq_ignore_ascii_case(name));
        (self.dice.one_in(2) && !taken).then(|| name.clone())
    }

    pub fn schema(&mut self) -> Schema {
        let mut schema = Schema::default();
        for _ in 0..self.dice.roll(3) + 1 {
            let table = self.table(&schema);
            schema.tables.push(table);
        }
        // The first tables may refer to later ones too.
        for at in 0..schema.tables.len() {
            if self.dice.one_in(3) {
                let mut table = schema.tables[at].clone();
                if let Some(key) = self.foreign(&schema, &table) {
                    table.constraints.push(key);
                    schema.tables[at] = table;
                }
            }
        }
        for _ in 0..self.dice.roll(4) {
            self.object(&mut schema);
        }
        for table in &mut schema.tables {
            self.late(table);
        }
        schema.tidy();
        schema
    }

    /// Makes the last column one that comes when there are rows.
    fn late(&mut self, table: &mut Table) {
        if table.columns.len() < 2 || !self.dice.one_in(3) {
            return;
        }
        let Some(column) = table.columns.last() else { return };
        let id = column.id;
        let constant = column.default.is_some_and(|text| !text.starts_with(['(', 'C']) && text != "NULL");
        let named = table.constraints.iter().any(|constraint| match constraint {
            Constraint::RowidKey(other, _) => *other == id,
            Constraint::Key(ids) | Constraint::Unique(_, ids, _) => ids.contains(&id),
            Constraint::Check(_, expr) => expr.columns.contains(&id),
            Constraint::Foreign { columns, .. } => columns.contains(&id),
        });
        let odd = ["rowid", "oid"].contains(&column.name.as_str());
        let late = constant && !named && column.generated.is_none() && column.check.is_none() && !odd;
        if let Some(column) = table.columns.last_mut().filter(|_| late) {
            column.late = true;
        }
    }

    /// Another schema that has most things in common with `old`.
    pub fn evolve(&mut self, old: &Schema) -> Schema {
        let mut new = old.clone();
        for table in &mut new.tables {
            for column in &mut table.columns {
                column.late = false;
            }
        }
        for _ in 0..self.dice.roll(4) + 1 {
            self.mutate(old, &mut new);
        }
        new.tidy();
        new
    }

    fn mutate(&mut self, old: &Schema, new: &mut Schema) {
        match self.dice.roll(12) {
            0 => {
                let table = self.table(new);
                if old.tables.iter().all(|other| other.name.to_lowercase() != table.name.to_lowercase()) {
                    new.tables.push(table);
                }
            }
            1 if new.tables.len() > 1 => {
                new.tables.remove(self.dice.at(new.tables.len()));
            }
            2 => self.object(new),
            3 if !new.objects.is_empty() => {
                new.objects.remove(self.dice.at(new.objects.len()));
            }
            _ if !new.tables.is_empty() => {
                let at = self.dice.at(new.tables.len());
                let mut table = new.tables[at].clone();
                self.mutate_table(old, new, &mut table);
                new.tables[at] = table;
            }
            _ => {}
        }
    }

    fn mutate_table(&mut self, old: &Schema, new: &Schema, table: &mut Table) {
        match self.dice.roll(20) {
            0 => table.name = format!("renamed{}", self.id()),
            1 => self.key(table),
            2 => {
                table.strict = !table.strict;
                for column in &mut table.columns {
                    let known = STRICT_TYPES.contains(&column.type_name);
                    if table.strict && !known {
                        column.type_name = "ANY";
                    }
                    if table.strict {
                        column.default = None;
                    }
                }
            }
            3 => table.without_rowid = !table.without_rowid && !table.key().is_empty(),
            4 => self.constraint(new, table),
            5 if !table.constraints.is_empty() => {
                table.constraints.remove(self.dice.at(table.constraints.len()));
            }
            6 => self.index(new, table),
            7 if !table.indexes.is_empty() => {
                table.indexes.remove(self.dice.at(table.indexes.len()));
            }
            8 | 9 => {
                let mut column = self.column(table.strict, &table.columns);
                let was = old.table(table.id).is_some_and(|old| {
                    old.columns.iter().any(|other| other.name.to_lowercase() == column.name.to_lowercase())
                });
                if was {
                    column.name = format!("n{}", self.id());
                }
                if column.generated.is_none() && self.dice.one_in(3) && !table.strict {
                    column.backfill = Some(*self.dice.pick(&[&"42", &"'bf'", &"length('abc')"]));
                }
                let at = if self.dice.one_in(3) {
                    self.dice.at(table.columns.len() + 1)
                } else {
                    table.columns.len()
                };
                table.columns.insert(at, column);
            }
            10 if table.columns.len() > 1 => {
                table.columns.remove(self.dice.at(table.columns.len()));
            }
            11 if table.columns.len() > 1 => {
                let (a, b) = (self.dice.at(table.columns.len()), self.dice.at(table.columns.len()));
                table.columns.swap(a, b);
            }
            _ => self.mutate_column(table),
        }
    }

    fn mutate_column(&mut self, table: &mut Table) {
        let at = self.dice.at(table.columns.len());
        let fresh = self.column(table.strict, &[]);
        let others: Vec<Id> = table
            .columns
            .iter()
            .enumerate()
            .filter(|(place, column)| *place != at && column.generated.is_none())
            .map(|(_, column)| column.id)
            .collect();
        let is_key = table.key().contains(&table.columns[at].id);
        let strict = table.strict;
        let column = &mut table.columns[at];
        match self.dice.roll(9) {
            0 => column.name = format!("renamed{}", self.id()),
            1 if !is_key => {
                column.type_name = fresh.type_name;
                if strict {
                    column.default = None;
                }
            }
            2 => column.not_null = if column.not_null.is_some() { None } else { Some("") },
            3 | 4 if column.generated.is_none() => {
                column.default =
                    if self.dice.one_in(4) { None } else { Some(self.default(column.type_name, strict)) };
            }
            5 => column.collate = if column.collate.is_some() { None } else { Some("NOCASE") },
            6 => {
                column.check =
                    if column.check.is_some() { None } else { Some(self.expr(&CHECKS, vec![column.id])) }
            }
            7 if column.generated.is_some() => {
                if self.dice.one_in(2) {
                    column.generated = None;
                } else if let Some((_, stored)) = &mut column.generated {
                    *stored = !*stored;
                }
            }
            7 if !is_key && !others.is_empty() => {
                let of = others[self.dice.at(others.len())];
                column.generated = Some((self.expr(&COMPUTED, vec![of]), self.dice.one_in(2)));
                column.default = None;
            }
            _ => column.not_null = column.not_null.map(|_| self.dice.pick(&CONFLICTS)),
        }
    }
}
