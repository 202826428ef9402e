//! What the derive and the runtime both need to know about SQL text.
//!
//! A tokenizer with SQLite's lexical rules, splitters of `CREATE` statements into their parts, a normaliser for what
//! SQLite stores verbatim, a splitter of scripts into statements, a place
//! in a text shown with its line, and the text that checksums are made of. Nothing
//! here knows a database: SQL goes in, parts of that SQL come out. Text that cannot be read with
//! certainty is an error with an offset, never a guess and never a panic.
//!
//! ```
//! let table = schema_sql::split_create_table("CREATE TABLE t(a INT /* , */, [b c] TEXT COLLATE nocase, CHECK (a > 0))")?;
//! let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
//! assert_eq!(names, ["a", "b c"]);
//! assert!(schema_sql::same("a>0 -- positive", "\"A\"  > 0", &|name| schema_sql::eq_name(name, "a")));
//! # Ok::<(), schema_sql::SplitError>(())
//! ```
//!
//! It is a part of `schema-runtime` and `schema-derive`, published because both need it; programs depend on `schema-runtime`. It has no
//! features and no dependencies.
//!
//! | for | begin with |
//! | --- | --- |
//! | tokens | [`tokenize`], [`significant`] |
//! | a `CREATE` statement and its parts | [`create_head`], [`split_create_table`], [`split_create_index`] and the like |
//! | expressions that mean the same | [`same`], [`normalise`] |
//! | what an expression names | [`idents`], [`unknown_columns`], [`quoted_texts`] |
//! | a script | [`split_statements`], [`line_column`], [`Snippet`] |
//! | names and texts in SQL | [`quote_ident`], [`quote_str`], [`eq_name`] |

pub mod checksum;
pub mod create;
mod cursor;
mod keyword;
pub mod migration;
pub mod normal;
pub mod object;
pub mod snippet;
pub mod statements;
pub mod token;
pub mod words;

pub use checksum::checksum_text;
pub use create::{
    Action, ColumnDef, Conflict, Constraint, ConstraintKind, CreateTable, ForeignKeyDef, IndexTerm,
    split_create_table,
};
pub use cursor::SplitError;
pub use keyword::{is_keyword, is_reserved};
pub use normal::{check_expr, idents, normalise, normalise_default, same};
pub use object::{
    CreateHead, CreateIndex, CreateKind, CreateTrigger, CreateView, CreateVirtualTable, TriggerEvent,
    create_head, create_kind, qualify, replace_name, split_create_index, split_create_trigger,
    split_create_view, split_create_virtual_table,
};
pub use snippet::Snippet;
pub use statements::{Statement, line_column, split_statements};
pub use token::{LexError, Token, TokenKind, eq_name, fold, quote_ident, quote_str, significant, tokenize};
pub use words::{quoted_texts, unknown_columns};
