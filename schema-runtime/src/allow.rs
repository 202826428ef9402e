//! Where a model allows a finding of a lint, by its code: in itself, at a table, a column or an index.

use schema_sql::eq_name;

/// One code that is allowed at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Allow {
    /// As it is written: `L511`.
    pub(crate) code: String,
    pub(crate) place: Place,
}

/// What a code is allowed for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Model,
    Table(String),
    /// A table and its column.
    Column(String, String),
    /// A table and its index.
    Index(String, String),
}

impl Allow {
    /// Each of `codes` at `place`.
    pub(crate) fn all(codes: &[&str], place: &Place) -> impl Iterator<Item = Allow> {
        codes.iter().map(|code| Allow { code: (*code).to_owned(), place: place.clone() })
    }

    /// Whether it is for a finding with this code, on `columns` or on the `index` of `table`.
    pub(crate) fn covers(&self, code: &str, table: &str, columns: &[String], index: Option<&str>) -> bool {
        self.code.eq_ignore_ascii_case(code)
            && match &self.place {
                Place::Model => true,
                Place::Table(of) => eq_name(of, table),
                Place::Column(of, column) => {
                    eq_name(of, table) && columns.iter().any(|name| eq_name(name, column))
                }
                Place::Index(of, name) => {
                    eq_name(of, table) && index.is_some_and(|index| eq_name(index, name))
                }
            }
    }
}
