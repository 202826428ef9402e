//! The derives and macros of `schema-runtime`; use them through that crate.

mod ast;
mod attr;
mod check;
mod errors;
mod expand;
mod schema;
mod values;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// x
#[proc_macro_derive(Table, attributes(table, column))]
pub fn derive_table(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    let errors = errors::Errors::default();
    let model = ast::Model::read(&input, &errors);
    if let Some(model) = &model {
        check::check(model, &errors);
    }
    match (errors.finish(), &model) {
        (None, Some(model)) => expand::table(model, &input),
        (errors, model) => {
            let stubs = expand::stubs(model.as_ref(), &input);
            quote::quote!(#errors #stubs)
        }
    }
    .into()
}

/// x
#[proc_macro_derive(ColumnType, attributes(column_type))]
pub fn derive_column_type(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    values::derive(&input).into()
}

/// x
#[proc_macro]
pub fn schema(input: TokenStream) -> TokenStream {
    schema::expand(input.into()).into()
}
