//! The trait behind `#[derive(Table)]`, and what one table says to another.

use std::fmt;
use std::marker::PhantomData;

use crate::column_type::ColumnType;
use crate::descriptor::{ColumnDescriptor, TableDescriptor};
use crate::fingerprint::table_fingerprint;

/// A struct that declares a table; [`#[derive(Table)]`](derive@crate::Table) implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a table",
    label = "no `Table` for this type",
    note = "put `#[derive(Table)]` on the struct"
)]
pub trait Table {
    /// The table's name in the database.
    const NAME: &'static str;
    /// What the program wants of the table.
    const DESCRIPTOR: TableDescriptor;
    /// Where the descriptor is; lists of tables are made of these.
    #[doc(hidden)]
    const TABLE: &'static TableDescriptor = &Self::DESCRIPTOR;
    /// FNV-1a (128 bits) over the evaluated descriptor.
    const FINGERPRINT: u128 = table_fingerprint(Self::TABLE);
}

/// A column of the table `T`, whose values are of type `B` (without its `Option`, see [`ColumnType::Base`]).
///
/// The derive gives each field such a constant, in upper case: `Project::ID` for the field `id`.
pub struct Column<T: ?Sized, B: ?Sized> {
    name: &'static str,
    unique: bool,
    table: PhantomData<fn(*const T)>,
    base: PhantomData<fn(*const B)>,
}

impl<T: ?Sized, B: ?Sized> Column<T, B> {
    /// A column called `name` in the database; `unique` says that no two rows share a value.
    pub const fn new(name: &'static str, unique: bool) -> Self {
        Column { name, unique, table: PhantomData, base: PhantomData }
    }

    /// The column's name in the database.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Whether the column alone is a primary key, or is unique.
    pub const fn is_unique(&self) -> bool {
        self.unique
    }
}

impl<T: ?Sized, B: ?Sized> Clone for Column<T, B> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized, B: ?Sized> Copy for Column<T, B> {}

impl<T: ?Sized, B: ?Sized> fmt::Debug for Column<T, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Column").field(&self.name).finish()
    }
}

impl<T: ?Sized, B: ?Sized> fmt::Display for Column<T, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// A schema, known by a marker type of `schema!`, that holds the table `T`.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a table of this schema refers to `{T}`, which is not in the schema",
    label = "this table refers to `{T}`",
    note = "add `{T}` to `tables`; mark it `#[table(external)]` where another model owns it"
)]
pub trait Contains<T> {}

/// A table whose references all lead to tables of the schema `S`.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a table",
    label = "no `Table` for this type",
    note = "put `#[derive(Table)]` on the struct"
)]
pub trait TableIn<S> {}

/// A referenced column's type that equals the referring column's type `C`.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a column of type `{C}` cannot refer to a column of type `{Self}`",
    label = "this column is of type `{Self}`",
    note = "give both columns the same Rust type; an `Option` around either does not matter"
)]
pub trait BaseFor<C: ?Sized> {}

impl<C: ?Sized> BaseFor<C> for C {}

/// Compiles where a column of type `C` may refer to `_parent`.
///
/// The bound is on `B`, so that the compiler learns `B` from the argument and reports the bound, with its text.
#[doc(hidden)]
pub const fn same_base<C: ColumnType, P: ?Sized, B: ?Sized + BaseFor<C::Base>>(_parent: Column<P, B>) {}

/// Compiles where `S` holds every table that `T` refers to.
#[doc(hidden)]
pub const fn closed<S, T: TableIn<S>>() {}

/// [`ColumnDescriptor::of`] a type, from its [`ColumnType::COLUMN`]: a type that is no `ColumnType` is then reported once.
#[doc(hidden)]
pub const fn column(of_type: ColumnDescriptor, name: &'static str) -> ColumnDescriptor {
    ColumnDescriptor { name, ..of_type }
}
