//! What a person should know before a plan runs, by stable code.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The stable code of a hazard. The hundreds are families: 1 loss, 2 depends on data, 3 cost, 4 compatibility with
/// older programs, 5 hygiene of written migrations ([`Lint`](crate::Lint)) and of models ([`ModelLint`](crate::ModelLint)), 6 engine. `docs/hazards.md` has a section on each: what it means,
/// the safe way instead, and how to allow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub enum HazardCode {
    /// A table is dropped with its rows.
    #[serde(rename = "L101")]
    DropTable,
    /// A column is dropped with its values.
    #[serde(rename = "L102")]
    DropColumn,
    /// Values are converted. Allowed, those that do not survive the round trip are stored as SQLite's affinity makes them: a text
    /// that is no number stays a text, outside of STRICT tables.
    #[serde(rename = "L103")]
    ConvertValues,
    /// A virtual table with content of its own is dropped or made anew.
    #[serde(rename = "L104")]
    DropVirtualTable,
    /// A rowid changes, because another column becomes the rowid or the table loses it.
    #[serde(rename = "L105")]
    RowidsChange,
    /// A statement of a written migration deletes or overwrites all rows of a table, or of one that refers to it.
    #[serde(rename = "L106")]
    AllRows,
    /// NULLs stand in the way of a new `NOT NULL`.
    #[serde(rename = "L201")]
    NotNull,
    /// Duplicates stand in the way of a new unique rule.
    #[serde(rename = "L202")]
    Unique,
    /// Rows stand in the way of a new `CHECK`.
    #[serde(rename = "L203")]
    Check,
    /// Rows without a parent stand in the way of a new foreign key.
    #[serde(rename = "L204")]
    ForeignKey,
    /// Values of another type stand in the way of `STRICT`.
    #[serde(rename = "L205")]
    Strict,
    /// A written migration fails where the tables have rows, and runs where they have none.
    #[serde(rename = "L206")]
    FailsWithRows,
    /// All rows of a table are copied.
    #[serde(rename = "L301")]
    Rewrite,
    /// All rows of a table are read.
    #[serde(rename = "L302")]
    Scan,
    /// An index is built.
    #[serde(rename = "L303")]
    BuildIndex,
    /// All rows of a table are written in place.
    #[serde(rename = "L304")]
    Update,
    /// Other programs cannot write for a second or more.
    #[serde(rename = "L305")]
    LongLock,
    /// Programs of an older version use the old name.
    #[serde(rename = "L401")]
    Rename,
    /// Programs of an older version read or write what is gone.
    #[serde(rename = "L402")]
    Removal,
    /// Inserts of older programs may break the new rule.
    #[serde(rename = "L403")]
    Tightened,
    /// The way back of a numbered migration leaves another catalog than was there before it.
    #[serde(rename = "L501")]
    InexactDown,
    /// The name of a migration does not say what it does.
    #[serde(rename = "L502")]
    VagueName,
    /// A migration has no comment at its head that says what it is for.
    #[serde(rename = "L503")]
    NoDescription,
    /// A migration makes several changes that have nothing to do with each other.
    #[serde(rename = "L504")]
    Unrelated,
    /// A migration has no way back.
    #[serde(rename = "L505")]
    NoDown,
    /// A statement passes over an object that is there, or is not, whatever it is.
    #[serde(rename = "L506")]
    HidesDrift,
    /// A migration does not run on an empty database, so that it could not be tried.
    #[serde(rename = "L507")]
    Untried,
    /// No index begins with the columns of a foreign key.
    #[serde(rename = "L508")]
    UnindexedReference,
    /// Another index begins with the same columns.
    #[serde(rename = "L509")]
    DuplicateIndex,
    /// A double-quoted word in an expression is no column of the table, so that SQLite takes it for a text.
    #[serde(rename = "L510")]
    UnknownColumn,
    /// A unique rule is on a column that may be NULL, of which it takes any number.
    #[serde(rename = "L511")]
    NullableUnique,
    /// A key is `AUTOINCREMENT`, which costs a write more for each insert.
    #[serde(rename = "L512")]
    Autoincrement,
    /// Tables that could be STRICT are not.
    #[serde(rename = "L513")]
    NotStrict,
    /// A table or column is called as a word of SQL, and has to be quoted everywhere.
    #[serde(rename = "L514")]
    ReservedName,
    /// The affinity of a column's type changes values that are stored in it.
    #[serde(rename = "L515")]
    Affinity,
    /// No release that is supported still has the name that something is renamed from.
    #[serde(rename = "L516")]
    StaleRename,
    /// A lint is allowed where it finds nothing.
    #[serde(rename = "L517")]
    IdleAllow,
    /// A view or trigger that did not work before is set aside and put back as it is.
    #[serde(rename = "L601")]
    Broken,
    /// The SQLite that is linked has a known defect that a step which writes rows may meet.
    #[serde(rename = "L602")]
    Engine,
}

impl HazardCode {
    /// Every hazard, in the order of the codes.
    pub fn all() -> impl Iterator<Item = HazardCode> {
        use HazardCode as H;
        [
            H::DropTable,
            H::DropColumn,
            H::ConvertValues,
            H::DropVirtualTable,
            H::RowidsChange,
            H::AllRows,
            H::NotNull,
            H::Unique,
            H::Check,
            H::ForeignKey,
            H::Strict,
            H::FailsWithRows,
            H::Rewrite,
            H::Scan,
            H::BuildIndex,
            H::Update,
            H::LongLock,
            H::Rename,
            H::Removal,
            H::Tightened,
            H::InexactDown,
            H::VagueName,
            H::NoDescription,
            H::Unrelated,
            H::NoDown,
            H::HidesDrift,
            H::Untried,
            H::UnindexedReference,
            H::DuplicateIndex,
            H::UnknownColumn,
            H::NullableUnique,
            H::Autoincrement,
            H::NotStrict,
            H::ReservedName,
            H::Affinity,
            H::StaleRename,
            H::IdleAllow,
            H::Broken,
            H::Engine,
        ]
        .into_iter()
    }

    /// The code as it is written: `L101` and so on.
    pub const fn code(self) -> &'static str {
        match self {
            HazardCode::DropTable => "L101",
            HazardCode::DropColumn => "L102",
            HazardCode::ConvertValues => "L103",
            HazardCode::DropVirtualTable => "L104",
            HazardCode::RowidsChange => "L105",
            HazardCode::AllRows => "L106",
            HazardCode::NotNull => "L201",
            HazardCode::Unique => "L202",
            HazardCode::Check => "L203",
            HazardCode::ForeignKey => "L204",
            HazardCode::Strict => "L205",
            HazardCode::FailsWithRows => "L206",
            HazardCode::Rewrite => "L301",
            HazardCode::Scan => "L302",
            HazardCode::BuildIndex => "L303",
            HazardCode::Update => "L304",
            HazardCode::LongLock => "L305",
            HazardCode::Rename => "L401",
            HazardCode::Removal => "L402",
            HazardCode::Tightened => "L403",
            HazardCode::InexactDown => "L501",
            HazardCode::VagueName => "L502",
            HazardCode::NoDescription => "L503",
            HazardCode::Unrelated => "L504",
            HazardCode::NoDown => "L505",
            HazardCode::HidesDrift => "L506",
            HazardCode::Untried => "L507",
            HazardCode::UnindexedReference => "L508",
            HazardCode::DuplicateIndex => "L509",
            HazardCode::UnknownColumn => "L510",
            HazardCode::NullableUnique => "L511",
            HazardCode::Autoincrement => "L512",
            HazardCode::NotStrict => "L513",
            HazardCode::ReservedName => "L514",
            HazardCode::Affinity => "L515",
            HazardCode::StaleRename => "L516",
            HazardCode::IdleAllow => "L517",
            HazardCode::Broken => "L601",
            HazardCode::Engine => "L602",
        }
    }

    /// The hazard with this code.
    pub fn from_code(code: &str) -> Option<HazardCode> {
        HazardCode::all().find(|hazard| hazard.code().eq_ignore_ascii_case(code))
    }

    /// Whether a model may allow this finding of [`ModelLint`](crate::ModelLint) in place.
    pub const fn is_model_lint(self) -> bool {
        is_model_lint(self.code())
    }

    /// Whether the hazard is about data that would be lost or changed.
    pub fn is_loss(self) -> bool {
        self.code().starts_with("L1")
    }
}

const MODEL_LINTS: [HazardCode; 9] = [
    HazardCode::UnindexedReference,
    HazardCode::DuplicateIndex,
    HazardCode::UnknownColumn,
    HazardCode::NullableUnique,
    HazardCode::Autoincrement,
    HazardCode::NotStrict,
    HazardCode::ReservedName,
    HazardCode::Affinity,
    HazardCode::StaleRename,
];

/// Whether `code` is that of a lint which a model may allow, in the spelling of the documentation; for generated code, at compile time.
#[doc(hidden)]
pub const fn is_model_lint(code: &str) -> bool {
    let mut i = 0;
    while i < MODEL_LINTS.len() {
        if same(MODEL_LINTS[i].code().as_bytes(), code.as_bytes()) {
            return true;
        }
        i += 1;
    }
    false
}

const fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}

/// A hazard of a step, on an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Hazard {
    /// Its code.
    pub code: HazardCode,
    /// `table`, or `table.column`.
    pub object: String,
    /// What it means here, in one line.
    pub text: String,
}

impl Hazard {
    pub(crate) fn new(code: HazardCode, object: impl Into<String>, text: impl Into<String>) -> Self {
        Hazard { code, object: object.into(), text: text.into() }
    }
}

impl fmt::Display for Hazard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.code.code(), self.object, self.text)
    }
}
