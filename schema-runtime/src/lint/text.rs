//! What the text of a migration says, statement by statement.

use schema_sql::migration::Script;
use schema_sql::{CreateKind, Statement, Token, create_head, eq_name, fold, significant, split_create_index};

use crate::catalog::{Catalog, name_sql};
use crate::migration::{Body, Migration};
use crate::plan::HazardCode;

/// Something to be said, and where.
pub(super) struct Fault {
    pub(super) code: HazardCode,
    /// Offset and length in bytes.
    pub(super) at: usize,
    pub(super) len: usize,
    pub(super) object: String,
    pub(super) text: String,
}

impl Fault {
    /// Of the migration as a whole.
    pub(super) fn of_file(code: HazardCode, migration: &Migration, text: impl Into<String>) -> Fault {
        Fault { code, at: 0, len: 1, object: migration.title(), text: text.into() }
    }
}

/// Words that say of a change only that it is one.
const VAGUE: [&str; 36] = [
    "add",
    "adjust",
    "alter",
    "apply",
    "change",
    "changes",
    "cleanup",
    "columns",
    "database",
    "db",
    "edit",
    "final",
    "fix",
    "fixes",
    "hotfix",
    "migrate",
    "migration",
    "misc",
    "modify",
    "new",
    "next",
    "other",
    "patch",
    "schema",
    "script",
    "small",
    "stuff",
    "table",
    "tables",
    "temp",
    "test",
    "tmp",
    "todo",
    "update",
    "updates",
    "wip",
];

/// What its name, its head and its files say.
pub(super) fn of_migration(migration: &Migration, script: &Script<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut say = |code, text: &str| faults.push(Fault::of_file(code, migration, text));
    let is_vague = |word: &str| {
        let word = word.trim_start_matches(['v', 'V']);
        VAGUE.contains(&word.to_lowercase().as_str()) || word.chars().all(|c| c.is_ascii_digit())
    };
    let words = migration.name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    if migration.replaces.is_empty() && words.into_iter().all(is_vague) {
        say(HazardCode::VagueName, "its name does not say what it does");
    }
    let is_code = matches!(migration.up.body, Body::Code(_));
    if script.description.is_none() && !is_code {
        say(HazardCode::NoDescription, "no comment at its head says what it is for");
    }
    if migration.down.is_none() && migration.replaces.is_empty() {
        say(HazardCode::NoDown, "there is no way back");
    }
    faults
}

/// What its statements say; `before` is what they find.
pub(super) fn of_statements(script: &Script<'_>, before: &Catalog) -> Vec<Fault> {
    let mut reader = Reader {
        before,
        made: Vec::new(),
        gone: Vec::new(),
        filled: Vec::new(),
        added: Vec::new(),
        script,
        faults: Vec::new(),
    };
    let mut groups = Groups::default();
    for statement in &script.statements {
        let tokens = significant(statement.text).unwrap_or_default();
        reader.statement(statement, &tokens);
        groups.take(statement, &tokens);
    }
    if script.replaces.is_empty() && !before.is_empty() {
        reader.faults.extend(groups.unrelated(before));
    }
    reader.faults
}

struct Reader<'r> {
    before: &'r Catalog,
    /// Tables that the file makes: they have no rows of anybody.
    made: Vec<String>,
    /// Tables that it has dropped so far.
    gone: Vec<String>,
    /// Columns that it has written.
    filled: Vec<(String, String)>,
    /// Columns that the file adds: table and column.
    added: Vec<(String, String)>,
    script: &'r Script<'r>,
    faults: Vec<Fault>,
}

impl Reader<'_> {
    fn say(
        &mut self,
        statement: &Statement<'_>,
        token: Option<&Token<'_>>,
        code: HazardCode,
        object: String,
        text: String,
    ) {
        let (at, len) = token.map_or((0, 1), |token| (token.at, token.text.len()));
        self.faults.push(Fault { code, at: statement.at + at, len, object, text });
    }

    fn is_made(&self, table: &str) -> bool {
        self.made.iter().any(|made| eq_name(made, table))
    }

    fn statement(&mut self, statement: &Statement<'_>, tokens: &[Token<'_>]) {
        let word = |at: usize, word: &str| tokens.get(at).is_some_and(|token| token.is_word(word));
        if let Some(token) = exists_clause(tokens) {
            let text = "what is there already is passed over, whatever it is";
            self.say(statement, Some(token), HazardCode::HidesDrift, object_of(tokens), text.to_owned());
        }
        match () {
            () if word(0, "CREATE") => self.create(statement, tokens),
            () if word(0, "DROP") => self.drop(statement, tokens),
            () if word(0, "ALTER") && word(1, "TABLE") => self.alter(statement, tokens),
            () => self.rows(statement, tokens),
        }
    }

    fn create(&mut self, statement: &Statement<'_>, tokens: &[Token<'_>]) {
        let Ok(head) = create_head(statement.text) else { return };
        match head.kind {
            CreateKind::Table | CreateKind::VirtualTable => self.made.push(head.name),
            CreateKind::Index => {
                let Ok(index) = split_create_index(statement.text) else { return };
                if self.is_made(&index.table) {
                    return;
                }
                let unique =
                    tokens.iter().find(|token| token.is_word("UNIQUE")).filter(|token| token.at < 16);
                let (token, code, text) = match unique {
                    Some(token) => (
                        token,
                        HazardCode::Unique,
                        format!("rows of `{}` that agree stand in the way", index.table),
                    ),
                    None => match tokens.first() {
                        Some(token) => (
                            token,
                            HazardCode::BuildIndex,
                            format!("all rows of `{}` are read and sorted", index.table),
                        ),
                        None => return,
                    },
                };
                self.say(statement, Some(token), code, name_sql(&head.name), text);
            }
            _ => {}
        }
    }

    fn drop(&mut self, statement: &Statement<'_>, tokens: &[Token<'_>]) {
        let Some(name) = name_behind(tokens, 2) else { return };
        let token = tokens.first();
        let kind = tokens.get(1).map(|token| token.text.to_ascii_uppercase()).unwrap_or_default();
        match kind.as_str() {
            "TABLE" if self.is_made(&name) => {}
            "TABLE" => {
                self.gone.push(name.clone());
                if let Some(child) = self.child_that_follows(&name) {
                    let text =
                        format!("rows of `{child}` refer to it, and go or change with it by their ON DELETE");
                    self.say(statement, token, HazardCode::AllRows, name_sql(&child), text);
                }
                let (code, text) = if self.before.virtual_table(&name).is_some() {
                    (HazardCode::DropVirtualTable, "the table goes with its content")
                } else if self.comes_back(&name) {
                    (HazardCode::Rewrite, "all rows are copied into a table that takes its name")
                } else {
                    (HazardCode::DropTable, "the table is dropped with its rows")
                };
                self.say(statement, token, code, name_sql(&name), text.to_owned());
            }
            "VIEW" if !self.makes(CreateKind::View, &name) => {
                let text = "older programs may still read the view".to_owned();
                self.say(statement, token, HazardCode::Removal, name_sql(&name), text);
            }
            _ => {}
        }
    }

    /// A table whose rows an implicit delete of all rows takes along: foreign keys are enforced while a migration runs.
    fn child_that_follows(&self, parent: &str) -> Option<String> {
        let follows =
            |action: &str| ["CASCADE", "SET NULL", "SET DEFAULT"].iter().any(|word| eq_name(word, action));
        let children = self
            .before
            .tables
            .iter()
            .filter(|table| !self.gone.iter().any(|gone| eq_name(gone, &table.name)));
        let mut children = children.filter(|table| {
            table.foreign_keys.iter().any(|key| eq_name(&key.table, parent) && follows(&key.on_delete))
        });
        children.next().map(|table| table.name.clone())
    }

    fn comes_back(&self, name: &str) -> bool {
        self.script.statements.iter().any(|statement| {
            let tokens = significant(statement.text).unwrap_or_default();
            let word = |at: usize, word: &str| tokens.get(at).is_some_and(|token| token.is_word(word));
            let into = tokens.iter().position(|token| token.is_word("INTO")).filter(|_| word(0, "INSERT"));
            renamed_to(&tokens).is_some_and(|to| eq_name(&to, name))
                || (self.makes(CreateKind::Table, name)
                    && tokens.iter().any(|token| token.is_word("SELECT"))
                    && into.and_then(|at| name_behind(&tokens, at + 1)).is_some_and(|to| eq_name(&to, name)))
        })
    }

    fn makes(&self, kind: CreateKind, name: &str) -> bool {
        self.script.statements.iter().any(|statement| {
            create_head(statement.text).is_ok_and(|head| head.kind == kind && eq_name(&head.name, name))
        })
    }

    fn alter(&mut self, statement: &Statement<'_>, tokens: &[Token<'_>]) {
        let Some((table, at)) = name_at(tokens, 2) else { return };
        let rest = tokens.get(at + 1..).unwrap_or_default();
        let word = |at: usize, word: &str| rest.get(at).is_some_and(|token| token.is_word(word));
        let token = rest.first();
        let made = self.is_made(&table);
        if let Some(to) = renamed_to(tokens) {
            if made {
                self.made.push(to);
            } else {
                let text = format!("older programs still use the name, which becomes {}", name_sql(&to));
                self.say(statement, token, HazardCode::Rename, name_sql(&table), text);
            }
            return;
        }
        if made {
            return;
        }
        let named = |at: usize| rest.get(at).and_then(Token::ident);
        let behind = if word(1, "COLUMN") { 2 } else { 1 };
        let column = |name: &str| format!("{}.{}", name_sql(&table), name_sql(name));
        if word(0, "RENAME") {
            let Some(name) = named(behind) else { return };
            let text = "older programs still use the name".to_owned();
            self.say(statement, token, HazardCode::Rename, column(&name), text);
        } else if word(0, "DROP") && !word(1, "CONSTRAINT") {
            let Some(name) = named(behind) else { return };
            let text = "the column's values are deleted".to_owned();
            self.say(statement, token, HazardCode::DropColumn, column(&name), text);
        } else if word(0, "ADD") && (word(1, "CHECK") || word(1, "CONSTRAINT")) {
            let text = "rows that break the rule stand in the way".to_owned();
            self.say(statement, token, HazardCode::Check, name_sql(&table), text);
        } else if word(0, "ADD") {
            let Some(name) = named(behind) else { return };
            let has = |one: &str| rest.iter().any(|token| token.is_word(one));
            let pair = |one: &str, two: &str| {
                rest.windows(2).any(|pair| matches!(pair, [a, b] if a.is_word(one) && b.is_word(two)))
            };
            if pair("NOT", "NULL") && !has("DEFAULT") && !has("AS") {
                let text = "rows that are there would have no value".to_owned();
                self.say(statement, token, HazardCode::NotNull, column(&name), text);
            }
            self.added.push((fold(&table), fold(&name)));
        } else if word(0, "ALTER") && rest.iter().any(|token| token.is_word("SET")) {
            let Some(name) = named(behind) else { return };
            if self.filled.contains(&(fold(&table), fold(&name))) {
                return;
            }
            let text = "rows with NULL stand in the way".to_owned();
            self.say(statement, token, HazardCode::NotNull, column(&name), text);
        }
    }

    /// DELETE and UPDATE, behind a WITH too.
    fn rows(&mut self, statement: &Statement<'_>, tokens: &[Token<'_>]) {
        let mut depth = 0_i32;
        let top: Vec<&Token<'_>> = tokens
            .iter()
            .filter(|token| {
                let outer = depth == 0;
                depth += i32::from(token.is_op("(")) - i32::from(token.is_op(")"));
                outer
            })
            .collect();
        let Some(at) = top.iter().position(|token| token.is_word("DELETE") || token.is_word("UPDATE")) else {
            return;
        };
        // `ON CONFLICT DO UPDATE` of an INSERT is about the rows that it meets.
        let inserts = top.iter().take(at).any(|token| token.is_word("INSERT") || token.is_word("REPLACE"));
        let rest = top.get(at..).unwrap_or_default();
        let skip =
            ["DELETE", "UPDATE", "FROM", "OR", "ABORT", "FAIL", "IGNORE", "REPLACE", "ROLLBACK", "MAIN"];
        let names =
            rest.iter().filter(|token| !skip.iter().any(|word| token.is_word(word)) && !token.is_op("."));
        let Some(table) = names.into_iter().find_map(|token| token.ident()).filter(|_| !inserts) else {
            return;
        };
        let update = rest.first().is_some_and(|token| token.is_word("UPDATE"));
        let set = if update { set_columns(rest) } else { Vec::new() };
        self.filled.extend(set.iter().map(|name| (fold(&table), fold(name))));
        let limits: &[&str] = if update { &["WHERE", "LIMIT", "FROM"] } else { &["WHERE", "LIMIT"] };
        if rest.iter().any(|token| limits.iter().any(|word| token.is_word(word))) {
            return;
        }
        if self.is_made(&table) {
            return;
        }
        let token = rest.first().copied();
        if !update {
            let text = "all rows are deleted".to_owned();
            self.say(statement, token, HazardCode::AllRows, name_sql(&table), text);
        } else if self.are_added(&table, &set) {
            let text = "all rows are written".to_owned();
            self.say(statement, token, HazardCode::Update, name_sql(&table), text);
        } else {
            let text = "all rows are overwritten".to_owned();
            self.say(statement, token, HazardCode::AllRows, name_sql(&table), text);
        }
    }

    /// Whether all of these columns are new in this file.
    fn are_added(&self, table: &str, columns: &[String]) -> bool {
        !columns.is_empty() && columns.iter().all(|name| self.added.contains(&(fold(table), fold(name))))
    }
}

/// The columns that an UPDATE sets.
fn set_columns(tokens: &[&Token<'_>]) -> Vec<String> {
    let mut set = Vec::new();
    let from = tokens.iter().position(|token| token.is_word("SET")).unwrap_or(tokens.len());
    for three in tokens.get(from..).unwrap_or_default().windows(3) {
        let [before, name, equals] = three else { continue };
        if equals.is_op("=") && (before.is_word("SET") || before.is_op(",")) {
            set.extend(name.ident());
        }
    }
    set
}

/// `IF NOT EXISTS` of a CREATE or `IF EXISTS` of a DROP.
fn exists_clause<'t, 'a>(tokens: &'t [Token<'a>]) -> Option<&'t Token<'a>> {
    let head = tokens.first().filter(|token| token.is_word("CREATE") || token.is_word("DROP"))?;
    let at = tokens.iter().take(6).position(|token| token.is_word("IF"))?;
    let next = |by: usize, word: &str| tokens.get(at + by).is_some_and(|token| token.is_word(word));
    let said = if head.is_word("CREATE") { next(1, "NOT") && next(2, "EXISTS") } else { next(1, "EXISTS") };
    tokens.get(at).filter(|_| said)
}

fn object_of(tokens: &[Token<'_>]) -> String {
    let kinds = ["TABLE", "INDEX", "VIEW", "TRIGGER"];
    let at = tokens.iter().take(4).position(|token| kinds.iter().any(|kind| token.is_word(kind)));
    at.and_then(|at| name_behind(tokens, at + 1)).map(|name| name_sql(&name)).unwrap_or_default()
}

fn name_behind(tokens: &[Token<'_>], at: usize) -> Option<String> {
    name_at(tokens, at).map(|(name, _)| name)
}

/// The name that begins at `at`, without `IF [NOT] EXISTS` and `main.`, and where it stands.
fn name_at(tokens: &[Token<'_>], mut at: usize) -> Option<(String, usize)> {
    while tokens.get(at).is_some_and(|token| ["IF", "NOT", "EXISTS"].iter().any(|word| token.is_word(word))) {
        at += 1;
    }
    if tokens.get(at + 1).is_some_and(|token| token.is_op(".")) {
        at += 2;
    }
    Some((tokens.get(at)?.ident()?, at))
}

/// The new name in `ALTER TABLE t RENAME TO u`.
fn renamed_to(tokens: &[Token<'_>]) -> Option<String> {
    if !tokens.first()?.is_word("ALTER") || !tokens.get(1)?.is_word("TABLE") {
        return None;
    }
    let (_, at) = name_at(tokens, 2)?;
    let renames = tokens.get(at + 1)?.is_word("RENAME") && tokens.get(at + 2)?.is_word("TO");
    renames.then(|| tokens.get(at + 3)?.ident()).flatten()
}

/// Statements that change the schema, in groups of those that name a table in common.
#[derive(Default)]
struct Groups {
    /// Each with the tables that it names, the first of them its own, and where it begins.
    list: Vec<(Vec<String>, usize)>,
    /// Whether anything is changed that was there.
    alters: bool,
}

impl Groups {
    fn take(&mut self, statement: &Statement<'_>, tokens: &[Token<'_>]) {
        let word = |at: usize, word: &str| tokens.get(at).is_some_and(|token| token.is_word(word));
        let own = if word(0, "ALTER") || (word(0, "DROP") && word(1, "TABLE")) {
            self.alters = true;
            name_behind(tokens, 2)
        } else if word(0, "CREATE") {
            match create_head(statement.text) {
                Ok(head) if head.kind == CreateKind::Table => Some(head.name),
                Ok(head) if head.kind == CreateKind::Index => {
                    self.alters = true;
                    split_create_index(statement.text).ok().map(|index| index.table)
                }
                _ => None,
            }
        } else {
            None
        };
        let names = tokens.iter().filter_map(Token::ident).map(|name| fold(&name)).collect::<Vec<_>>();
        match own {
            Some(own) => {
                let mut all = vec![fold(&own)];
                all.extend(names);
                self.list.push((all, statement.at));
            }
            // What reads or writes several tables ties them together.
            None => self.list.push((std::iter::once(String::new()).chain(names).collect(), statement.at)),
        }
    }

    /// Several groups, where something is changed that was there.
    fn unrelated(mut self, before: &Catalog) -> Option<Fault> {
        // A foreign key ties its two tables.
        for table in &before.tables {
            let parents = table.foreign_keys.iter().map(|key| fold(&key.table));
            self.list.push(([String::new(), fold(&table.name)].into_iter().chain(parents).collect(), 0));
        }
        let mut tables: Vec<String> = Vec::new();
        for own in self.list.iter().filter_map(|(names, _)| names.first()).filter(|own| !own.is_empty()) {
            if !tables.contains(own) {
                tables.push(own.clone());
            }
        }
        let mut group: Vec<usize> = (0..tables.len()).collect();
        for (names, _) in &self.list {
            let mut tied =
                tables.iter().enumerate().filter(|(_, table)| names.contains(table)).map(|(at, _)| at);
            let Some(first) = tied.next() else { continue };
            for other in tied {
                let (from, to) = (group.get(other).copied(), group.get(first).copied());
                if let (Some(from), Some(to)) = (from, to) {
                    group.iter_mut().filter(|one| **one == from).for_each(|one| *one = to);
                }
            }
        }
        let mut heads = group.clone();
        heads.sort_unstable();
        heads.dedup();
        if heads.len() < 2 || !self.alters {
            return None;
        }
        let named: Vec<&str> =
            heads.iter().filter_map(|head| tables.get(*head)).map(String::as_str).collect();
        let at = heads.get(1).and_then(|head| tables.get(*head)).and_then(|second| {
            self.list.iter().find(|(names, _)| names.first() == Some(second)).map(|(_, at)| *at)
        });
        Some(Fault {
            code: HazardCode::Unrelated,
            at: at.unwrap_or_default(),
            len: 1,
            object: named.join(", "),
            text: format!("{} changes that have nothing to do with each other", heads.len()),
        })
    }
}
