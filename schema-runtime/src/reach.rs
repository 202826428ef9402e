//! What of a catalog a plan can reach: the rest need not be made on a scratch copy to try the plan.
//!
//! A statement reaches the tables that it names, what names those from inside of views, triggers and virtual tables, and the parents of
//! their foreign keys. `DROP COLUMN` and renames make SQLite read the texts of all other tables once more, so that a table is left
//! out only where its rules use nothing but its columns and functions that SQLite itself brings.
//!
//! SQLite: <https://www.sqlite.org/lang_altertable.html>, section 2 and 5.

use std::collections::HashSet;

use rusqlite::Connection;
use schema_sql::{TokenKind, eq_name, fold, is_keyword};

use crate::catalog::{Catalog, KeyTermInfo, Lookup, TableInfo};
use crate::diff::Change;
use crate::plan::Plan;

/// The part of both ends that a plan can reach.
pub(crate) struct Part {
    pub(crate) start: Catalog,
    pub(crate) target: Catalog,
    /// The folded names of what is left out: tables and their indexes.
    beyond: HashSet<String>,
}

impl Part {
    /// `None` where all of it is within reach, or where that cannot be told. `scratch` says which functions there are.
    pub(crate) fn of(plan: &Plan, start: &Catalog, target: &Catalog, scratch: &Connection) -> Option<Part> {
        let mut words = words_of(plan)?;
        words.extend(named_by_dependants(start)?);
        words.extend(named_by_dependants(target)?);
        let mut functions = Functions { scratch, known: None };
        let mut beyond = Beyond(HashSet::new());
        let wanted = Lookup::of(target);
        for table in &start.tables {
            let same = wanted.table(&table.name).is_some_and(|other| other == table);
            let named = names(table).any(|name| words.contains(&name));
            if same && !named && functions.suffice(table) {
                beyond.0.insert(fold(&table.name));
            }
        }
        beyond.give_parents(start);
        beyond.give_parents(target);
        if beyond.0.is_empty() {
            return None;
        }
        Some(Part {
            beyond: start.tables.iter().filter(|table| beyond.holds(table)).flat_map(names).collect(),
            start: only(start, |table| !beyond.holds(table)),
            target: only(target, |table| !beyond.holds(table)),
        })
    }

    /// Whether a plan names nothing that is left out.
    pub(crate) fn holds(&self, plan: &Plan) -> bool {
        words_of(plan).is_some_and(|words| words.is_disjoint(&self.beyond))
    }

    /// The whole catalog that a plan leads to, where of its part `reached` is left.
    pub(crate) fn whole(&self, reached: &Catalog, target: &Catalog) -> Catalog {
        let left_out = |table: &&TableInfo| self.beyond.contains(&fold(&table.name));
        let mut tables: Vec<TableInfo> = target.tables.iter().filter(left_out).cloned().collect();
        tables.extend(reached.tables.iter().cloned());
        Catalog { tables, ..reached.clone() }
    }
}

/// The tables, of those that views, triggers, virtual tables and what could not be read name, with everything else.
pub(crate) fn dependants(catalog: &Catalog) -> Option<Catalog> {
    let words = named_by_dependants(catalog)?;
    Some(only(catalog, |table| names(table).any(|name| words.contains(&name))))
}

/// The catalog with only these of its tables.
fn only(catalog: &Catalog, stays: impl Fn(&TableInfo) -> bool) -> Catalog {
    Catalog {
        tables: catalog.tables.iter().filter(|table| stays(table)).cloned().collect(),
        virtual_tables: catalog.virtual_tables.clone(),
        views: catalog.views.clone(),
        triggers: catalog.triggers.clone(),
        opaque: catalog.opaque.clone(),
    }
}

/// The table's name and those of its indexes, folded, and the table that SQLite makes with it.
fn names(table: &TableInfo) -> impl Iterator<Item = String> + '_ {
    let sequence = table.autoincrement().then(|| "sqlite_sequence".to_owned());
    let indexes = table.indexes.iter().map(|index| &index.name);
    std::iter::once(&table.name).chain(indexes).map(|name| fold(name)).chain(sequence)
}

/// All that a plan's statements name, folded; `None` where they rename, for SQLite then looks for the name in every text.
fn words_of(plan: &Plan) -> Option<HashSet<String>> {
    let renames =
        |change: &Change| matches!(change, Change::RenameTable { .. } | Change::RenameColumn { .. });
    if plan.changes().any(renames) {
        return None;
    }
    let mut words = HashSet::new();
    for step in &plan.steps {
        words.insert(fold(&step.object));
        words.extend(step.changes.iter().map(|change| fold(change.table())));
        for sql in step.sql.iter().chain(step.edits.iter().map(|edit| &edit.sql)) {
            add_words(sql, &mut words)?;
        }
    }
    Some(words)
}

fn named_by_dependants(catalog: &Catalog) -> Option<HashSet<String>> {
    let mut words = HashSet::new();
    let texts = (catalog.views.iter().map(|view| &view.sql))
        .chain(catalog.triggers.iter().map(|trigger| &trigger.sql))
        .chain(catalog.virtual_tables.iter().map(|table| &table.sql))
        .chain(catalog.opaque.iter().map(|object| &object.sql));
    for sql in texts {
        add_words(sql, &mut words)?;
    }
    Some(words)
}

/// Every word of the text, quoted or not; of strings too, which may be names, or SQL that a module or a function runs. `None` where it
/// cannot be read.
fn add_words(sql: &str, words: &mut HashSet<String>) -> Option<()> {
    for token in schema_sql::significant(sql).ok()? {
        let Some(name) = token.ident() else { continue };
        if token.kind != TokenKind::Word {
            let parts = name.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
            words.extend(parts.filter(|part| !part.is_empty()).map(fold));
        }
        words.insert(fold(&name));
    }
    Some(())
}

/// The tables that may be left out, by folded name.
struct Beyond(HashSet<String>);

impl Beyond {
    fn holds(&self, table: &TableInfo) -> bool {
        self.0.contains(&fold(&table.name))
    }

    /// What stays needs its parents: a key without columns means those of the parent.
    fn give_parents(&mut self, catalog: &Catalog) {
        loop {
            let stay = catalog.tables.iter().filter(|table| !self.holds(table));
            let parents: Vec<String> =
                stay.flat_map(|table| &table.foreign_keys).map(|key| fold(&key.table)).collect();
            let before = self.0.len();
            for parent in parents {
                self.0.remove(&parent);
            }
            if self.0.len() == before {
                return;
            }
        }
    }
}

/// The functions that always give the same for the same arguments, as `DROP COLUMN` wants them in the rules of a table.
struct Functions<'c> {
    scratch: &'c Connection,
    known: Option<HashSet<String>>,
}

impl Functions<'_> {
    /// Whether the rules of the table need nothing else.
    fn suffice(&mut self, table: &TableInfo) -> bool {
        let own = |terms: &[KeyTermInfo]| terms.iter().all(|term| is_own(term.collation.as_deref()));
        let columns = table.columns.iter().all(|column| is_own(column.collation.as_deref()));
        let keys = table.primary_key.iter().all(|key| own(&key.terms))
            && table.uniques.iter().all(|unique| own(&unique.terms));
        let terms = || table.indexes.iter().flat_map(|index| &index.terms);
        let generated = table.columns.iter().filter_map(|column| column.generated.as_ref());
        let mut rules = (table.checks.iter().map(|check| &check.expr))
            .chain(generated.map(|generated| &generated.expr))
            .chain(terms().filter(|term| term.is_expr).map(|term| &term.term))
            .chain(table.indexes.iter().filter_map(|index| index.filter.as_ref()));
        columns
            && keys
            && terms().all(|term| is_own(term.collation.as_deref()))
            && rules.all(|rule| self.suffice_for(rule, table))
    }

    fn suffice_for(&mut self, rule: &str, table: &TableInfo) -> bool {
        let Ok(tokens) = schema_sql::significant(rule) else { return false };
        for (at, token) in tokens.iter().enumerate() {
            let of_cast =
                at.checked_sub(1).and_then(|at| tokens.get(at)).is_some_and(|word| word.is_word("AS"));
            let called = tokens.get(at + 1).is_some_and(|next| next.is_op("("));
            let fits = match token.kind {
                TokenKind::Word | TokenKind::QuotedId => {
                    let name = token.ident().unwrap_or_default();
                    let keyword = token.kind == TokenKind::Word && is_keyword(&name);
                    of_cast
                        || (keyword && !OTHERS.iter().any(|word| token.is_word(word)))
                        || (!called && table.column(&name).is_some())
                        || (called && self.knows(&name))
                }
                TokenKind::Param => false,
                _ => true,
            };
            if !fits {
                return false;
            }
        }
        true
    }

    fn knows(&mut self, name: &str) -> bool {
        let scratch = self.scratch;
        let known = self.known.get_or_insert_with(|| always_the_same(scratch).unwrap_or_default());
        known.contains(&fold(name))
    }
}

/// Keywords behind which a function or collation stands that nobody need have registered.
const OTHERS: [&str; 3] = ["COLLATE", "MATCH", "REGEXP"];

fn is_own(collation: Option<&str>) -> bool {
    collation.is_none_or(|name| ["BINARY", "NOCASE", "RTRIM"].iter().any(|own| eq_name(own, name)))
}

/// SQLite: <https://www.sqlite.org/pragma.html#pragma_function_list>; 2048 is `SQLITE_DETERMINISTIC`.
fn always_the_same(scratch: &Connection) -> rusqlite::Result<HashSet<String>> {
    let sql = "SELECT lower(name) FROM temp.pragma_function_list GROUP BY 1 HAVING min(flags & 2048) > 0";
    scratch.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog;
    use crate::plan::{PlanKey, catalog_step};

    fn read(conn: &Connection) -> Catalog {
        catalog::read(conn, "main", &[]).unwrap()
    }

    fn kept(sql: &str, statement: &str) -> Option<Vec<String>> {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(sql).unwrap();
        let start = read(&conn);
        let mut plan = Plan::empty("m", "1", PlanKey::default());
        plan.steps.push(catalog_step(Vec::new(), "t", vec![statement.to_owned()]));
        let part = Part::of(&plan, &start, &start, &conn)?;
        assert_eq!(part.whole(&part.target, &start).tables.len(), start.tables.len());
        assert!(part.holds(&plan));
        Some(part.start.tables.iter().map(|table| table.name.clone()).collect())
    }

    #[test]
    fn a_plan_reaches_what_it_names_its_parents_and_what_dependants_name() {
        let schema =
            "CREATE TABLE p(a PRIMARY KEY); CREATE TABLE q(a REFERENCES p); CREATE TABLE t(a REFERENCES q);
            CREATE TABLE u(a); CREATE INDEX ui ON u(a); CREATE TABLE w(a REFERENCES t);";
        let add = "ALTER TABLE main.t ADD COLUMN b";
        assert_eq!(kept(schema, add).unwrap(), ["p", "q", "t"]);
        assert_eq!(
            kept(schema, "UPDATE main.t SET a = (SELECT max(a) FROM [U])").unwrap(),
            ["p", "q", "t", "u"]
        );
        assert_eq!(kept(schema, "DROP INDEX main.ui").unwrap(), ["p", "q", "t", "u"]);
        let view = format!("{schema} CREATE VIEW v AS SELECT * FROM \"u\"");
        assert_eq!(kept(&view, add).unwrap(), ["p", "q", "t", "u"]);
        let trigger = format!("{schema} CREATE TRIGGER r AFTER INSERT ON u BEGIN DELETE FROM w; END");
        assert_eq!(kept(&trigger, add), None);
        let sequence = format!("{schema} CREATE TABLE s(a INTEGER PRIMARY KEY AUTOINCREMENT)");
        assert_eq!(kept(&sequence, add).unwrap(), ["p", "q", "t"]);
        assert_eq!(kept(&sequence, "DELETE FROM main.sqlite_sequence").unwrap(), ["p", "q", "t", "s"]);
        let text = format!("{schema} CREATE VIRTUAL TABLE f USING fts5(a, content='u')");
        assert_eq!(kept(&text, add).unwrap(), ["p", "q", "t", "u"]);
        let asked = "UPDATE main.t SET a = eval('SELECT max(a) FROM \"u\"')";
        assert_eq!(kept(schema, asked).unwrap(), ["p", "q", "t", "u"]);
    }

    #[test]
    fn a_table_whose_rules_sqlite_might_refuse_is_never_left_out() {
        for (rule, left_out) in [
            ("a CHECK(length(a) > 1 AND a IN (1, 2) AND CAST(a AS INT) NOT NULL)", true),
            ("a CHECK(a IS \"a\")", true),
            ("a, b AS (lower(a) || [a])", true),
            ("a COLLATE nocase DEFAULT (random())", true),
            ("a CHECK(a <> \"word\")", false),
            ("a CHECK(mine(a))", false),
            ("a CHECK(a <> random())", false),
            ("a CHECK(a MATCH 'x')", false),
            ("a COLLATE mine", false),
            ("a, UNIQUE(a COLLATE mine)", false),
            ("a CHECK(a = 1 COLLATE mine)", false),
        ] {
            let conn = Connection::open_in_memory().unwrap();
            let sql = format!("CREATE TABLE u({rule})");
            // What nobody registered stands in files all the same.
            let made = "CREATE TABLE t(a); CREATE TABLE u(a); PRAGMA writable_schema = ON";
            conn.execute_batch(made).unwrap();
            conn.execute("UPDATE sqlite_schema SET sql = ?1 WHERE name = 'u'", [&sql]).unwrap();
            conn.execute_batch("PRAGMA writable_schema = RESET").unwrap();
            let table = read(&conn).table("u").unwrap().clone();
            assert_eq!(Functions { scratch: &conn, known: None }.suffice(&table), left_out, "{rule}");
        }
    }
}
