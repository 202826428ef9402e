//! The const checks between the tables and other objects of a schema: names, kinds and keys.
//!
//! All of it runs in the compiler, for `schema!` and the derives; nothing of it is part of the public interface.

use rusqlite::types::{FromSqlError, ValueRef};

use crate::descriptor::TableDescriptor;

/// Everything of a schema that has a name in the database.
#[derive(Clone, Copy)]
pub struct Objects {
    /// The tables, whose indexes have names too.
    pub tables: &'static [&'static TableDescriptor],
    /// `CREATE VIEW` statements.
    pub views: &'static [&'static str],
    /// `CREATE VIRTUAL TABLE` statements.
    pub virtual_tables: &'static [&'static str],
    /// `CREATE TRIGGER` statements.
    pub triggers: &'static [&'static str],
    /// Names of dropped tables.
    pub dropped: &'static [&'static str],
}

/// A name that an object must not have; objects are counted in the order of the fields of [`Objects`].
#[derive(Clone, Copy)]
pub struct Clash {
    owner: usize,
    message: Text,
}

impl Clash {
    /// Says what is wrong, at the place of the call, where the object number `owner` is the one whose name is taken.
    #[track_caller]
    pub const fn refuse(clash: &Option<Clash>, owner: usize) {
        if let Some(clash) = clash {
            if clash.owner == owner {
                panic!("{}", clash.message.as_str())
            }
        }
    }
}

/// One name and what it is the name of.
#[derive(Clone, Copy)]
struct Named {
    name: &'static str,
    what: &'static str,
    owner: usize,
    space: u8,
}

impl Named {
    /// Equal for names that SQLite takes for the same in one name space.
    const fn hash(&self) -> u64 {
        let (bytes, mut hash) = (self.name.as_bytes(), 0xcbf2_9ce4_8422_2325u64 ^ self.space as u64);
        let quote = closing_quote(bytes);
        let (mut i, end) = if quote == 0 { (0, bytes.len()) } else { (1, bytes.len() - 1) };
        while i < end {
            hash = (hash ^ bytes[i].to_ascii_lowercase() as u64).wrapping_mul(0x0000_0100_0000_01b3);
            // A doubled quote stands for one.
            i += if quote != 0 && bytes[i] == quote && i + 1 < end && bytes[i + 1] == quote { 2 } else { 1 };
        }
        hash
    }
}

/// SQLite keeps the names of triggers apart from those of tables, views and indexes.
const MAIN: u8 = 0;
const TRIGGERS: u8 = 1;
/// Names that tables had in earlier models; each belongs to one table.
const EARLIER: u8 = 2;

/// The names met so far, by hash, with open addressing.
struct Seen<const SLOTS: usize> {
    slots: [Option<(u64, Named)>; SLOTS],
    clash: Option<Clash>,
}

impl<const SLOTS: usize> Seen<SLOTS> {
    /// The object that has the name of `new` in its name space.
    const fn find(&self, new: &Named) -> Option<Named> {
        let hash = new.hash();
        let mut at = (hash % SLOTS as u64) as usize;
        while let Some((other_hash, other)) = self.slots[at] {
            if other_hash == hash {
                return Some(other);
            }
            at = (at + 1) % SLOTS;
        }
        None
    }

    /// The earlier names of a table; so far only the tables themselves have been added.
    const fn add_earlier(&mut self, table: &TableDescriptor, owner: usize) {
        let mut i = 0;
        while i < table.renamed_from.len() && self.clash.is_none() {
            let earlier = table.renamed_from[i];
            let name = Named { name: earlier, what: "table", owner, space: EARLIER };
            let mut message = Text::new();
            message.push("the table `").push(table.name).push("` is renamed from `").push(earlier);
            if self.find(&Named { space: MAIN, ..name }).is_some() {
                message.push("`, which is still a table of this schema; remove `renamed_from`, or rename through a third name, over two versions");
                self.clash = Some(Clash { owner, message });
            } else if self.find(&name).is_some() {
                message.push("`, as another table of this schema is; only one table can be: remove the other `renamed_from`");
                self.clash = Some(Clash { owner, message });
            }
            self.add(name);
            i += 1;
        }
    }

    const fn add(&mut self, new: Named) {
        if self.clash.is_some() {
            return;
        }
        let hash = new.hash();
        let mut at = (hash % SLOTS as u64) as usize;
        while let Some((other_hash, other)) = self.slots[at] {
            if other_hash == hash {
                let mut message = Text::new();
                message.push("the ").push(new.what).push(" `").push(new.name);
                message.push("` has the same name as the ").push(other.what).push(" `").push(other.name);
                message.push("`; SQLite compares names without case: rename one of them");
                self.clash = Some(Clash { owner: new.owner, message });
                return;
            }
            at = (at + 1) % SLOTS;
        }
        self.slots[at] = Some((hash, new));
    }

    const fn add_statements(&mut self, statements: &[&'static str], what: &'static str, from: usize) {
        let space = if matches!(what.as_bytes(), b"trigger") { TRIGGERS } else { MAIN };
        let mut i = 0;
        while i < statements.len() {
            let name = Statement::read(statements[i]).name;
            if is_reserved(name) && self.clash.is_none() {
                let mut message = Text::new();
                message.push("the ").push(what).push(" `").push(name);
                message.push("` has a reserved name; `sqlite_…`, `__schema_…`, `migration_history` and `migration_state` belong to SQLite and to this library");
                self.clash = Some(Clash { owner: from + i, message });
            }
            if !name.is_empty() {
                self.add(Named { name, what, owner: from + i, space });
            }
            i += 1;
        }
    }
}

impl Objects {
    /// More slots than there are names.
    pub const fn slots(&self) -> usize {
        let mut count =
            self.views.len() + self.virtual_tables.len() + self.triggers.len() + self.dropped.len();
        let mut i = 0;
        while i < self.tables.len() {
            count += 1 + self.tables[i].indexes.len() + self.tables[i].renamed_from.len();
            i += 1;
        }
        2 * count + 1
    }

    /// The first name that is taken or reserved; `SLOTS` is [`Objects::slots`].
    pub const fn clash<const SLOTS: usize>(&self) -> Option<Clash> {
        let mut seen = Seen::<SLOTS> { slots: [None; SLOTS], clash: None };
        let (mut owner, mut i) = (0, 0);
        while i < self.tables.len() {
            seen.add(Named { name: self.tables[i].name, what: "table", owner: i, space: MAIN });
            i += 1;
        }
        i = 0;
        while i < self.tables.len() {
            seen.add_earlier(self.tables[i], i);
            i += 1;
        }
        while owner < self.tables.len() {
            let indexes = self.tables[owner].indexes;
            i = 0;
            while i < indexes.len() {
                seen.add(Named { name: indexes[i].name, what: "index", owner, space: MAIN });
                i += 1;
            }
            owner += 1;
        }
        seen.add_statements(self.views, "view", owner);
        owner += self.views.len();
        seen.add_statements(self.virtual_tables, "virtual table", owner);
        owner += self.virtual_tables.len();
        seen.add_statements(self.triggers, "trigger", owner);
        owner += self.triggers.len();
        i = 0;
        while i < self.dropped.len() {
            seen.add(Named { name: self.dropped[i], what: "dropped table", owner: owner + i, space: MAIN });
            i += 1;
        }
        seen.clash
    }
}

/// The head of a `CREATE` statement.
struct Statement {
    kind: &'static str,
    name: &'static str,
}

impl Statement {
    /// Both parts are empty where the text does not begin like a `CREATE` statement.
    const fn read(sql: &'static str) -> Statement {
        Statement::read_bytes(sql.as_bytes())
    }

    const fn read_bytes(sql: &'static [u8]) -> Statement {
        let nothing = Statement { kind: "", name: "" };
        let (word, mut rest) = token(sql);
        if !eq_bytes(word, b"CREATE") {
            return nothing;
        }
        let mut kind = "";
        while kind.is_empty() {
            let (word, behind) = token(rest);
            rest = behind;
            kind = if eq_bytes(word, b"TEMP") || eq_bytes(word, b"TEMPORARY") {
                continue;
            } else if eq_bytes(word, b"VIRTUAL") {
                rest = token(rest).1;
                "VIRTUAL TABLE"
            } else if eq_bytes(word, b"VIEW") {
                "VIEW"
            } else if eq_bytes(word, b"TRIGGER") {
                "TRIGGER"
            } else {
                return nothing;
            };
        }
        let (mut name, mut behind) = token(rest);
        if eq_bytes(name, b"IF") && eq_bytes(token(behind).0, b"NOT") {
            (name, behind) = token(token(token(behind).1).1);
        }
        let (dot, after) = token(behind);
        if eq_bytes(dot, b".") {
            name = token(after).0;
        }
        let name = match std::str::from_utf8(name) {
            Ok(name) => name,
            Err(_) => "",
        };
        Statement { kind, name }
    }
}

/// Whether `sql` creates a `kind`: `VIEW`, `TRIGGER` or `VIRTUAL TABLE`.
pub const fn expect_kind(sql: &'static str, kind: &str) -> bool {
    let statement = Statement::read(sql);
    eq_name(statement.kind, kind) && !statement.name.is_empty()
}

/// The first token of `sql`, which is empty at its end, and what is behind it.
const fn token(bytes: &'static [u8]) -> (&'static [u8], &'static [u8]) {
    let mut start = 0;
    loop {
        if start < bytes.len() && bytes[start].is_ascii_whitespace() {
            start += 1;
        } else if starts(bytes, start, b"--") {
            while start < bytes.len() && bytes[start] != b'\n' {
                start += 1;
            }
        } else if starts(bytes, start, b"/*") {
            start += 2;
            while start < bytes.len() && !starts(bytes, start, b"*/") {
                start += 1;
            }
            start = if start + 2 < bytes.len() { start + 2 } else { bytes.len() };
        } else {
            break;
        }
    }
    let rest = bytes.split_at(start).1;
    rest.split_at(token_length(rest))
}

const fn token_length(bytes: &[u8]) -> usize {
    if bytes.is_empty() {
        return 0;
    }
    let quote = closing_quote(bytes);
    let mut end = 1;
    if quote == 0 {
        while is_word_byte(bytes[0]) && end < bytes.len() && is_word_byte(bytes[end]) {
            end += 1;
        }
        return end;
    }
    while end < bytes.len() {
        if bytes[end] == quote && !(quote != b']' && end + 1 < bytes.len() && bytes[end + 1] == quote) {
            return end + 1;
        }
        end += if bytes[end] == quote { 2 } else { 1 };
    }
    bytes.len()
}

/// The quote that ends a quoted name of at least two bytes; 0 for any other text.
const fn closing_quote(bytes: &[u8]) -> u8 {
    if bytes.len() < 2 {
        return 0;
    }
    match bytes[0] {
        b'[' => b']',
        quote @ (b'"' | b'`' | b'\'') => quote,
        _ => 0,
    }
}

const fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

const fn starts(bytes: &[u8], at: usize, with: &[u8; 2]) -> bool {
    at + 1 < bytes.len() && bytes[at] == with[0] && bytes[at + 1] == with[1]
}

const fn starts_folded(text: &[u8], prefix: &[u8]) -> bool {
    let mut i = 0;
    while i < prefix.len() {
        if i >= text.len() || text[i].to_ascii_lowercase() != prefix[i] {
            return false;
        }
        i += 1;
    }
    true
}

const fn is_reserved(name: &str) -> bool {
    let bytes = name.as_bytes();
    let bytes = match bytes {
        [b'[' | b'"' | b'`' | b'\'', inner @ .., _] => inner,
        _ => bytes,
    };
    starts_folded(bytes, b"sqlite_")
        || starts_folded(bytes, b"__schema_")
        || (bytes.len() == 17 && starts_folded(bytes, b"migration_history"))
        || (bytes.len() == 15 && starts_folded(bytes, b"migration_state"))
}

const fn eq_name(a: &str, b: &str) -> bool {
    eq_bytes(a.as_bytes(), b.as_bytes())
}

const fn eq_bytes(a: &[u8], b: &[u8]) -> bool {
    let mut i = 0;
    while i < a.len() && i < b.len() {
        if !a[i].eq_ignore_ascii_case(&b[i]) {
            return false;
        }
        i += 1;
    }
    a.len() == b.len()
}

/// Whether `columns` together are the primary key of `table`, or are unique.
pub const fn has_key(table: &TableDescriptor, columns: &[&str]) -> bool {
    if let Some(key) = &table.primary_key {
        if same_set(key.columns, columns) {
            return true;
        }
    }
    let mut i = 0;
    while i < table.uniques.len() {
        if same_set(table.uniques[i].columns, columns) {
            return true;
        }
        i += 1;
    }
    i = 0;
    while i < table.indexes.len() {
        let index = &table.indexes[i];
        if index.unique && index.filter.is_none() && index.terms.len() == columns.len() {
            let (mut found, mut j) = (0, 0);
            while j < index.terms.len() {
                found += (!index.terms[j].is_expr && holds(columns, index.terms[j].term)) as usize;
                j += 1;
            }
            if found == columns.len() {
                return true;
            }
        }
        i += 1;
    }
    false
}

const fn same_set(a: &[&str], b: &[&str]) -> bool {
    let mut i = 0;
    while i < a.len() {
        if !holds(b, a[i]) {
            return false;
        }
        i += 1;
    }
    a.len() == b.len()
}

const fn holds(names: &[&str], name: &str) -> bool {
    let mut i = 0;
    while i < names.len() {
        if eq_name(names[i], name) {
            return true;
        }
        i += 1;
    }
    false
}

/// The error of an enum's `FromSql` for a value that is none of its variants.
pub fn unknown_value(ty: &str, value: ValueRef<'_>) -> FromSqlError {
    let value = match value {
        ValueRef::Integer(value) => value.to_string(),
        ValueRef::Text(text) => format!("`{}`", String::from_utf8_lossy(text)),
        other => return wrong_storage(ty, other),
    };
    FromSqlError::Other(format!("{value} is no variant of `{ty}`").into())
}

fn wrong_storage(ty: &str, value: ValueRef<'_>) -> FromSqlError {
    FromSqlError::Other(format!("a {} value is no variant of `{ty}`", value.data_type()).into())
}

/// A short text that is built at compile time; what does not fit is cut off.
#[derive(Clone, Copy)]
struct Text {
    bytes: [u8; 512],
    length: usize,
}

impl Text {
    const fn new() -> Self {
        Text { bytes: [0; 512], length: 0 }
    }

    const fn push(&mut self, text: &str) -> &mut Self {
        let (text, mut i) = (text.as_bytes(), 0);
        while i < text.len() && self.length < self.bytes.len() {
            self.bytes[self.length] = text[i];
            self.length += 1;
            i += 1;
        }
        self
    }

    const fn as_str(&self) -> &str {
        match std::str::from_utf8(self.bytes.split_at(self.length).0) {
            Ok(text) => text,
            Err(_) => "two objects have the same name",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_an_object_is_read_from_its_statement() {
        for (sql, kind, name) in [
            ("CREATE VIEW a AS SELECT 1", "VIEW", "a"),
            ("/* x */ create -- y\n temp view if not exists main.[a b] AS SELECT 1", "VIEW", "[a b]"),
            ("CREATE TRIGGER \"a\"\"b\" AFTER INSERT", "TRIGGER", "\"a\"\"b\""),
            ("CREATE VIRTUAL TABLE é USING fts5(x)", "VIRTUAL TABLE", "é"),
            ("CREATE TABLE t(a)", "", ""),
            ("CREATE VIEW \"", "VIEW", "\""),
            ("CREATE", "", ""),
            ("", "", ""),
        ] {
            let statement = Statement::read(sql);
            assert_eq!((statement.kind, statement.name), (kind, name), "{sql}");
        }
    }

    #[test]
    fn quoted_and_plain_names_are_one_name() {
        let hash = |name| Named { name, what: "view", owner: 0, space: MAIN }.hash();
        assert_eq!(hash("Tasks"), hash("[tasks]"));
        assert_eq!(hash("\"a\"\"b\""), hash("a\"b"));
        assert_ne!(hash("a"), hash("b"));
    }
}
