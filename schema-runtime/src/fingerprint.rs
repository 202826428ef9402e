//! The const fingerprint of descriptors: 128-bit FNV-1a over every field, each value preceded by a tag or its length so that
//! no two models feed the same bytes.
//!
//! The compiler evaluates this once a table by interpreting it, at a microsecond or more for each call. So a text is one flat
//! loop, and the zeros that most columns are made of are one multiplication by a power of the prime.
//!
//! FNV: <http://www.isthe.com/chongo/tech/comp/fnv/>, with the 128-bit offset basis and prime given there.

use crate::descriptor::*;

const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
/// The multiplication of a word whose other seven bytes are zero.
const ONE_BYTE: u128 = zeros(8);

/// What `count` bytes of zero multiply a hash by.
const fn zeros(count: u32) -> u128 {
    PRIME.wrapping_pow(count)
}

/// A running hash; each method returns the hash after its argument.
#[derive(Clone, Copy)]
struct Fnv(u128);

impl Fnv {
    const fn new() -> Self {
        Fnv(OFFSET)
    }

    const fn byte(self, byte: u8) -> Self {
        Fnv((self.0 ^ byte as u128).wrapping_mul(PRIME))
    }

    const fn flag(self, flag: bool) -> Self {
        self.byte(flag as u8)
    }

    const fn word(self, word: u64) -> Self {
        if word < 0x100 {
            return Fnv((self.0 ^ word as u128).wrapping_mul(ONE_BYTE));
        }
        let (mut hash, mut shift) = (self, 0);
        while shift < u64::BITS {
            hash = hash.byte((word >> shift) as u8);
            shift += 8;
        }
        hash
    }

    const fn bytes(self, bytes: &[u8]) -> Self {
        let length = bytes.len() as u64;
        let mut hash = if length < 0x100 {
            (self.0 ^ length as u128).wrapping_mul(ONE_BYTE)
        } else {
            self.word(length).0
        };
        let mut rest = bytes;
        while let [byte, behind @ ..] = rest {
            hash = (hash ^ *byte as u128).wrapping_mul(PRIME);
            rest = behind;
        }
        Fnv(hash)
    }

    const fn text(self, text: &str) -> Self {
        self.bytes(text.as_bytes())
    }

    const fn optional(self, text: Option<&str>) -> Self {
        match text {
            None => self.byte(0),
            Some(text) => self.byte(1).text(text),
        }
    }

    const fn texts(self, texts: &[&str]) -> Self {
        let (mut hash, mut i) = (self.word(texts.len() as u64), 0);
        while i < texts.len() {
            hash = hash.text(texts[i]);
            i += 1;
        }
        hash
    }

    const fn value(self, value: &ConstValue) -> Self {
        match value {
            ConstValue::Null => self.byte(0),
            ConstValue::Integer(value) => self.byte(1).word(*value as u64),
            ConstValue::Real(value) => self.byte(2).word(value.to_bits()),
            ConstValue::Text(value) => self.byte(3).text(value),
            ConstValue::Blob(value) => self.byte(4).bytes(value),
            ConstValue::Sql(value) => self.byte(5).text(value),
        }
    }

    const fn column(self, column: &ColumnDescriptor) -> Self {
        /// What follows `not_null` and its own multiplication: five things that are not there, and two empty lists.
        const PLAIN: u128 = zeros(1 + 5 + 2 * 8);
        let hash = self.bytes(column.name.as_bytes()).bytes(column.sql_type.name().as_bytes());
        if let ColumnDescriptor {
            type_name: None,
            collation: None,
            renamed_from: [],
            backfill: None,
            convert: None,
            default: None,
            generated: None,
            values: [],
            ..
        } = column
        {
            let hash = hash.0.wrapping_mul(PRIME) ^ column.not_null as u128;
            return Fnv(hash.wrapping_mul(PLAIN));
        }
        hash.described(column)
    }

    /// What a column has besides its name and its type.
    const fn described(self, column: &ColumnDescriptor) -> Self {
        let mut hash = self
            .optional(column.type_name)
            .flag(column.not_null)
            .optional(column.collation)
            .texts(column.renamed_from)
            .optional(column.backfill)
            .optional(column.convert);
        hash = match &column.default {
            None => hash.byte(0),
            Some(value) => hash.byte(1).value(value),
        };
        hash = match &column.generated {
            None => hash.byte(0),
            Some(generated) => hash.byte(1).text(generated.expr).flag(generated.stored),
        };
        hash = hash.word(column.values.len() as u64);
        let mut i = 0;
        while i < column.values.len() {
            hash = hash.value(&column.values[i]);
            i += 1;
        }
        hash
    }

    const fn foreign_key(self, key: &ForeignKeyDescriptor) -> Self {
        self.optional(key.name)
            .texts(key.columns)
            .text(key.table)
            .texts(key.to)
            .text(key.on_delete.sql())
            .text(key.on_update.sql())
            .flag(key.deferrable)
    }

    const fn index(self, index: &IndexDescriptor) -> Self {
        let mut hash =
            self.text(index.name).flag(index.unique).optional(index.filter).word(index.terms.len() as u64);
        let mut i = 0;
        while i < index.terms.len() {
            let term = &index.terms[i];
            hash = hash.text(term.term).flag(term.is_expr).optional(term.collation).flag(term.desc);
            i += 1;
        }
        hash
    }
}

/// The fingerprint of one table: every field of its evaluated descriptor counts, in order, but for the lints that it allows.
pub const fn table_fingerprint(table: &TableDescriptor) -> u128 {
    let mut hash = Fnv::new()
        .text(table.name)
        .flag(table.strict)
        .flag(table.without_rowid)
        .flag(table.external)
        .flag(matches!(table.column_order, ColumnOrder::Exact))
        .texts(table.renamed_from)
        .texts(table.dropped);
    hash = match &table.primary_key {
        None => hash.byte(0),
        Some(key) => hash.byte(1).texts(key.columns).flag(key.autoincrement),
    };
    let mut i = 0;
    hash = hash.word(table.columns.len() as u64);
    while i < table.columns.len() {
        hash = hash.column(&table.columns[i]);
        i += 1;
    }
    i = 0;
    hash = hash.word(table.uniques.len() as u64);
    while i < table.uniques.len() {
        hash = hash.optional(table.uniques[i].name).texts(table.uniques[i].columns);
        i += 1;
    }
    i = 0;
    hash = hash.word(table.checks.len() as u64);
    while i < table.checks.len() {
        hash = hash.optional(table.checks[i].name).text(table.checks[i].expr);
        i += 1;
    }
    i = 0;
    hash = hash.word(table.foreign_keys.len() as u64);
    while i < table.foreign_keys.len() {
        hash = hash.foreign_key(&table.foreign_keys[i]);
        i += 1;
    }
    i = 0;
    hash = hash.word(table.indexes.len() as u64);
    while i < table.indexes.len() {
        hash = hash.index(&table.indexes[i]);
        i += 1;
    }
    hash.0
}

/// The fingerprint of one SQL text.
pub const fn text_fingerprint(text: &str) -> u128 {
    Fnv::new().text(text).0
}

/// One part of a schema, from the fingerprints of its members in order; parts are added up in any order.
pub(crate) const fn part_fingerprint(part: &str, members: &[u128]) -> u128 {
    let (mut hash, mut i) = (Fnv::new().text(part), 0);
    while i < members.len() {
        hash = hash.word(members[i] as u64).word((members[i] >> 64) as u64);
        i += 1;
    }
    hash.0
}

/// As [`part_fingerprint`], of a list of texts.
pub(crate) const fn texts_fingerprint(part: &str, texts: &[&str]) -> u128 {
    let (mut hash, mut i) = (Fnv::new().text(part), 0);
    while i < texts.len() {
        let member = text_fingerprint(texts[i]);
        hash = hash.word(member as u64).word((member >> 64) as u64);
        i += 1;
    }
    hash.0
}

/// As [`part_fingerprint`], of a list of tables.
pub(crate) const fn tables_fingerprint(tables: &[&TableDescriptor]) -> u128 {
    let (mut hash, mut i) = (Fnv::new().text("tables"), 0);
    while i < tables.len() {
        let member = table_fingerprint(tables[i]);
        hash = hash.word(member as u64).word((member >> 64) as u64);
        i += 1;
    }
    hash.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_at_once_are_zeros_one_by_one() {
        let plain = ColumnDescriptor::new("name", SqlType::Text);
        for column in [plain, plain.not_null()] {
            let hash = Fnv::new();
            assert_eq!(hash.column(&column).0, hash.text("name").text("TEXT").described(&column).0);
        }
        for word in [0, 1, 0xff, 0x100, 0x0102_0304_0506_0708, u64::MAX] {
            let bytes = word.to_le_bytes().into_iter().fold(Fnv::new(), Fnv::byte);
            assert_eq!(Fnv::new().word(word).0, bytes.0);
        }
    }
}
