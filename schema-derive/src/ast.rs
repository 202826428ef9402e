//! The struct as a model: its fields with their column names, and the lists of the table resolved to them.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Fields, GenericArgument, GenericParam, Generics, LitStr, PathArguments, Type};

use crate::attr::{ColumnAttrs, ColumnRef, IndexAttr, TableAttrs, Term};
use crate::editor::first_paragraph;
use crate::errors::Errors;

/// A field that is a column.
pub(crate) struct Field {
    /// The field's name without `r#`.
    pub(crate) field: String,
    /// The column's name in the database.
    pub(crate) name: String,
    /// Where that name was written.
    pub(crate) name_span: Span,
    /// The name of the column's const.
    pub(crate) konst: Ident,
    /// The type that is stored, every lifetime `'static`.
    pub(crate) ty: TokenStream,
    /// The first paragraph of its documentation.
    pub(crate) docs: Vec<LitStr>,
    pub(crate) attrs: ColumnAttrs,
}

/// A struct that declares a table.
pub(crate) struct Model {
    pub(crate) krate: TokenStream,
    pub(crate) name: String,
    pub(crate) name_span: Span,
    pub(crate) attrs: TableAttrs,
    pub(crate) fields: Vec<Field>,
}

impl Model {
    /// `None` if the item cannot be a table at all.
    pub(crate) fn read(input: &DeriveInput, errors: &Errors) -> Option<Model> {
        let attrs = TableAttrs::read(&input.attrs, errors);
        let krate = crate_path(attrs.krate.as_ref(), errors);
        refuse_parameters(&input.generics, errors);
        let Data::Struct(data) = &input.data else {
            errors.at(
                input.ident.span(),
                "a table is a struct; an enum can be a column with `#[derive(ColumnType)]`",
            );
            return None;
        };
        let Fields::Named(named) = &data.fields else {
            errors.at(input.ident.span(), "a table is a struct with named fields, one for each column");
            return None;
        };
        let rule = Case::read(attrs.rename_all.as_ref(), errors);
        let lifetimes = lifetimes(&input.generics);
        let mut fields = Vec::new();
        for field in &named.named {
            let ident = field.ident.clone()?;
            let raw = ident.unraw().to_string();
            let attrs = ColumnAttrs::read(&field.attrs, &raw, errors);
            let (name, name_span) = match &attrs.name {
                Some(name) => (name.value(), name.span()),
                None => (rule.apply(&raw), ident.span()),
            };
            if attrs.json.is_none() && attrs.skip.is_none() {
                refuse_wide_integers(&field.ty, errors);
            }
            fields.push(Field {
                konst: format_ident!("{}", Case::ScreamingSnake.apply(&raw), span = ident.span()),
                field: raw,
                name,
                name_span,
                docs: first_paragraph(&field.attrs),
                ty: stored_type(&field.ty, attrs.json.is_some(), &krate, &lifetimes),
                attrs,
            });
        }
        refuse_attributes_of_skipped(&fields, errors);
        fields.retain(|field| field.attrs.skip.is_none());
        let (name, name_span) = match &attrs.name {
            Some(name) => (name.value(), name.span()),
            None => (Case::Snake.apply(&input.ident.unraw().to_string()), input.ident.span()),
        };
        Some(Model { krate, name, name_span, attrs, fields })
    }

    /// The field that a list means.
    pub(crate) fn field(&self, column: &ColumnRef) -> Option<&Field> {
        self.fields.iter().find(|field| {
            if column.quoted {
                schema_sql::token::eq_name(&field.name, &column.text)
            } else {
                field.field == column.text
            }
        })
    }

    /// The name that `column` has in the database; itself where there is no such column.
    pub(crate) fn column_name<'a>(&'a self, column: &'a ColumnRef) -> &'a str {
        self.field(column).map_or(&column.text, |field| &field.name)
    }

    /// The indexes of the fields, then those of the table.
    pub(crate) fn indexes(&self) -> impl Iterator<Item = &IndexAttr> {
        self.fields.iter().flat_map(|field| &field.attrs.indexes).chain(&self.attrs.indexes)
    }

    /// The index's own name, or `idx_<table>_<columns>`.
    pub(crate) fn index_name(&self, index: &IndexAttr) -> String {
        if let Some(name) = &index.name {
            return name.value();
        }
        let mut name = format!("idx_{}", self.name);
        for term in &index.terms {
            if let Term::Column(column) = &term.term {
                name.push('_');
                name.push_str(self.column_name(column));
            }
        }
        name
    }

    /// The columns of the primary key, by field.
    pub(crate) fn key(&self) -> Vec<&Field> {
        match &self.attrs.primary_key {
            Some(key) => key.columns.iter().filter_map(|column| self.field(column)).collect(),
            None => self.fields.iter().filter(|field| field.attrs.primary_key.is_some()).collect(),
        }
    }

    /// Whether `field` alone is a key or unique.
    pub(crate) fn is_unique(&self, field: &Field) -> bool {
        let alone = |columns: &[ColumnRef]| matches!(columns, [one] if self.field(one).is_some_and(|it| it.field == field.field));
        let by_index = |index: &IndexAttr| {
            let [term] = index.terms.as_slice() else { return false };
            let Term::Column(column) = &term.term else { return false };
            index.unique && index.filter.is_none() && alone(std::slice::from_ref(column))
        };
        field.attrs.unique.is_some()
            || matches!(self.key().as_slice(), [one] if one.field == field.field)
            || self.attrs.uniques.iter().any(|unique| alone(&unique.columns))
            || self.indexes().any(by_index)
    }
}

/// `crate = "path"`, else the crate's own name.
pub(crate) fn crate_path(attr: Option<&LitStr>, errors: &Errors) -> TokenStream {
    match attr.map(LitStr::parse::<syn::Path>) {
        Some(Ok(path)) => path.to_token_stream(),
        Some(Err(_)) => {
            errors.at(
                attr.map_or_else(Span::call_site, LitStr::span),
                "expected the path of the crate `schema_runtime`",
            );
            quote!(::schema_runtime)
        }
        None => quote!(::schema_runtime),
    }
}

fn refuse_parameters(generics: &Generics, errors: &Errors) {
    for param in &generics.params {
        let ident = match param {
            GenericParam::Type(param) => &param.ident,
            GenericParam::Const(param) => &param.ident,
            GenericParam::Lifetime(_) => continue,
        };
        errors.at(
            ident.span(),
            format!("a table has no parameter `{ident}`, since its columns are constants; write the concrete type, or one struct for each"),
        );
    }
}

const WIDE: [&str; 4] = ["u64", "usize", "i128", "u128"];

/// Whether the stored type is, or is an `Option` of, one that was refused by name.
pub(crate) fn is_wide_integer(ty: &TokenStream) -> bool {
    let Ok(ty) = syn::parse2::<Type>(ty.clone()) else { return false };
    let Type::Path(path) = option_of(&ty).unwrap_or(&ty) else { return false };
    WIDE.iter().any(|name| path.path.is_ident(name))
}

/// The integers that SQLite cannot hold, where they are written by name; behind an alias the trait refuses them.
pub(crate) fn refuse_wide_integers(ty: &Type, errors: &Errors) {
    let ty = option_of(ty).unwrap_or(ty);
    let Type::Path(path) = ty else { return };
    let wide = WIDE.into_iter().find(|name| path.path.is_ident(name));
    if let Some(name) = wide {
        let message = format!(
            "`{name}` does not fit SQLite's integers, which are signed and have 64 bits; store it as `i64` or as text, or convert it in a newtype of one of these"
        );
        errors.at(path.path.segments.first().map_or_else(Span::call_site, |it| it.ident.span()), message);
    }
}

fn refuse_attributes_of_skipped(fields: &[Field], errors: &Errors) {
    for field in fields {
        let a = &field.attrs;
        let others = a.name.is_some()
            || a.type_name.is_some()
            || a.primary_key.is_some()
            || a.unique.is_some()
            || a.default.is_some()
            || a.default_sql.is_some()
            || a.references.is_some()
            || a.generated.is_some()
            || !(a.allow.is_empty()
                && a.indexes.is_empty()
                && a.checks.is_empty()
                && a.renamed_from.is_empty());
        if let (Some(skip), true) = (a.skip, others) {
            errors.at(
                skip,
                format!("`{}` is skipped, so it is no column; remove its other attributes", field.field),
            );
        }
    }
}

/// The names of the lifetimes that `generics` declare.
pub(crate) fn lifetimes(generics: &Generics) -> Vec<String> {
    generics.lifetimes().map(|param| param.lifetime.ident.to_string()).collect()
}

/// `tokens` with each of `lifetimes`, and `'_`, replaced by `'static`.
pub(crate) fn make_static(tokens: TokenStream, lifetimes: &[String]) -> TokenStream {
    let mut quote = false;
    let replace = |token| {
        let after_quote = std::mem::replace(&mut quote, false);
        match token {
            TokenTree::Group(group) => {
                let mut inner =
                    proc_macro2::Group::new(group.delimiter(), make_static(group.stream(), lifetimes));
                inner.set_span(group.span());
                TokenTree::Group(inner)
            }
            TokenTree::Punct(punct) => {
                quote = punct.as_char() == '\'';
                TokenTree::Punct(punct)
            }
            TokenTree::Ident(ident)
                if after_quote && (ident == "_" || lifetimes.iter().any(|it| ident == it)) =>
            {
                TokenTree::Ident(Ident::new("static", ident.span()))
            }
            other => other,
        }
    };
    tokens.into_iter().map(replace).collect()
}

/// The field's type, or its `Json<…>` inside its `Option`.
fn stored_type(ty: &Type, json: bool, krate: &TokenStream, lifetimes: &[String]) -> TokenStream {
    let tokens = match (json, option_of(ty)) {
        (false, _) => ty.to_token_stream(),
        (true, Some(inner)) => quote!(::core::option::Option<#krate::Json<#inner>>),
        (true, None) => quote!(#krate::Json<#ty>),
    };
    let tokens = make_static(tokens, lifetimes);
    // On one span, so that the compiler says once of a type that it is no `ColumnType`.
    let first = tokens.clone().into_iter().next().map(|token| token.span());
    match first {
        Some(span) => on_span(tokens, span),
        None => tokens,
    }
}

/// `tokens`, those in groups too, on `span`.
fn on_span(tokens: TokenStream, span: Span) -> TokenStream {
    let put = |mut token: TokenTree| {
        if let TokenTree::Group(group) = &token {
            token =
                TokenTree::Group(proc_macro2::Group::new(group.delimiter(), on_span(group.stream(), span)));
        }
        token.set_span(span);
        token
    };
    tokens.into_iter().map(put).collect()
}

/// The `T` of a type that is written `Option<T>`.
pub(crate) fn option_of(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|segment| segment.ident == "Option")?;
    match &last.arguments {
        PathArguments::AngleBracketed(arguments) => {
            arguments.args.iter().find_map(|argument| match argument {
                GenericArgument::Type(ty) => Some(ty),
                _ => None,
            })
        }
        _ => None,
    }
}

/// A rule of `rename_all`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    AsIs,
    Lower,
    Upper,
    Pascal,
    Camel,
    Snake,
    ScreamingSnake,
    Kebab,
    ScreamingKebab,
}

impl Case {
    const ALL: [(&'static str, Case); 8] = [
        ("lowercase", Case::Lower),
        ("UPPERCASE", Case::Upper),
        ("PascalCase", Case::Pascal),
        ("camelCase", Case::Camel),
        ("snake_case", Case::Snake),
        ("SCREAMING_SNAKE_CASE", Case::ScreamingSnake),
        ("kebab-case", Case::Kebab),
        ("SCREAMING-KEBAB-CASE", Case::ScreamingKebab),
    ];

    /// The rule that `rename_all` names; names stay as they are without it.
    pub(crate) fn read(attr: Option<&LitStr>, errors: &Errors) -> Case {
        let Some(attr) = attr else { return Case::AsIs };
        let found = Case::ALL.iter().find(|(name, _)| *name == attr.value());
        if found.is_none() {
            let names = crate::errors::list(Case::ALL.map(|(name, _)| name));
            errors.at(attr.span(), format!("unknown case `{}`; expected one of {names}", attr.value()));
        }
        found.map_or(Case::AsIs, |(_, case)| *case)
    }

    /// `name`, which is written in any case, in this one.
    pub(crate) fn apply(self, name: &str) -> String {
        let words = words(name);
        let join = |separator: &str| words.join(separator);
        let capital = |word: &String| {
            let mut chars = word.chars();
            chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
        };
        match self {
            Case::AsIs => name.to_owned(),
            Case::Lower => join(""),
            Case::Upper => join("").to_uppercase(),
            Case::Pascal => words.iter().map(capital).collect(),
            Case::Camel => {
                let rest = words.iter().skip(1).map(capital).collect::<String>();
                words.first().map_or_else(String::new, |first| format!("{first}{rest}"))
            }
            Case::Snake => join("_"),
            Case::ScreamingSnake => join("_").to_uppercase(),
            Case::Kebab => join("-"),
            Case::ScreamingKebab => join("-").to_uppercase(),
        }
    }
}

/// The words of a name, lower case: `HTTPServer2_id` has `http`, `server2` and `id`.
fn words(name: &str) -> Vec<String> {
    let chars: Vec<char> = name.chars().collect();
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    for (at, char) in chars.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| chars.get(at));
        let starts = char.is_uppercase()
            && before.is_some_and(|before| {
                !before.is_uppercase() || chars.get(at + 1).is_some_and(|next| next.is_lowercase())
            });
        if (starts || *char == '_') && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if *char != '_' {
            word.extend(char.to_lowercase());
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_put_into_every_case() {
        let cases: Vec<String> = Case::ALL.iter().map(|(_, case)| case.apply("AlbumId")).collect();
        assert_eq!(
            cases,
            ["albumid", "ALBUMID", "AlbumId", "albumId", "album_id", "ALBUM_ID", "album-id", "ALBUM-ID"]
        );
        assert_eq!(Case::Snake.apply("HTTPServer2_id"), "http_server2_id");
        assert_eq!(Case::ScreamingSnake.apply("created_at"), "CREATED_AT");
    }
}
