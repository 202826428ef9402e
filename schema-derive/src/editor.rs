//! What an editor needs to show, complete and follow what stands in attributes: paths to documented items and to fields, made of the
//! attributes' own tokens, and the words that describe a field. None of it does anything in a program.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::{DeriveInput, LitStr};

use crate::ast::Model;
use crate::attr::Term;

/// A function that reads every field: a model is read by SQL, which the compiler does not see. Where a list names a field it does so by the
/// list's own token, so that an editor knows what that means.
pub(crate) fn touch(input: &DeriveInput, model: Option<&Model>) -> TokenStream {
    let syn::Data::Struct(data) = &input.data else { return TokenStream::new() };
    let fields = data.fields.iter().filter_map(|field| field.ident.as_ref());
    let listed = model.map(listed).unwrap_or_default();
    let ident = &input.ident;
    let (generics, ty_generics, bounds) = input.generics.split_for_impl();
    quote! {
        const _: () = {
            #[allow(dead_code, deprecated, single_use_lifetimes)]
            fn touch #generics (it: &#ident #ty_generics) #bounds {
                #(let _ = &it.#fields;)*
                #(let _ = &it.#listed;)*
            }
        };
    }
}

/// The fields that lists name, by the tokens there.
fn listed(model: &Model) -> Vec<Ident> {
    let attrs = &model.attrs;
    let keys = attrs.primary_key.iter().chain(&attrs.uniques).flat_map(|key| &key.columns);
    let foreign_keys = attrs.foreign_keys.iter().flat_map(|key| &key.columns);
    let terms = attrs.indexes.iter().flat_map(|index| &index.terms);
    let terms = terms.filter_map(|term| match &term.term {
        Term::Column(column) => Some(column),
        Term::Expr(_) => None,
    });
    let columns = keys.chain(foreign_keys).chain(terms);
    let fields = columns.filter(|column| !column.quoted && model.field(column).is_some());
    fields.filter_map(|column| word(&column.text, column.span)).collect()
}

/// `text` as an identifier, raw where it is a keyword of Rust; `None` for the few words that cannot be.
fn word(text: &str, span: Span) -> Option<Ident> {
    if let Ok(mut ident) = syn::parse_str::<Ident>(text) {
        ident.set_span(span);
        return Some(ident);
    }
    let raw = syn::parse_str::<Ident>(&format!("r#{text}")).ok();
    raw.map(|mut ident| {
        ident.set_span(span);
        ident
    })
}

/// The attributes as paths to documented items, on their own tokens: what an editor shows of them, and where it goes.
///
/// ```text
/// const _: &[()] = &[attributes::table::strict, attributes::column::primary_key];
/// ```
pub(crate) fn keys(model: &Model) -> TokenStream {
    let columns = paths(&model.krate, "column", &model.keys);
    let table = paths(&model.krate, "table", &model.attrs.keys);
    quote!(const _: &[()] = &[#(#table,)* #(#columns,)*];)
}

/// The paths of the items that document `keys` of `#[kind(…)]`.
pub(crate) fn paths<'k>(
    krate: &TokenStream,
    kind: &str,
    keys: impl IntoIterator<Item = &'k Ident>,
) -> Vec<TokenStream> {
    let kind = format_ident!("{kind}");
    let keys = keys.into_iter().filter_map(|key| word(&key.to_string(), key.span()));
    keys.map(|key| quote!(#krate::__private::attributes::#kind::#key)).collect()
}

/// The lines of the documentation up to the first blank one. What follows may be code, which would be tested twice.
pub(crate) fn first_paragraph(attrs: &[syn::Attribute]) -> Vec<LitStr> {
    let text = |attr: &syn::Attribute| match &attr.meta {
        syn::Meta::NameValue(doc) if doc.path.is_ident("doc") => match &doc.value {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.clone()),
            _ => None,
        },
        _ => None,
    };
    let ends = |line: &LitStr| {
        let line = line.value();
        line.trim().is_empty() || line.contains("```") || line.contains("~~~") || line.starts_with("     ")
    };
    attrs
        .iter()
        .filter_map(text)
        .take_while(|line| !ends(line))
        .filter(|line| !line.value().contains('\n'))
        .collect()
}
