//! `#[derive(ColumnType)]`: newtypes are stored as what they hold, unit enums as text or integers.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Data, DataEnum, DeriveInput, Fields, GenericParam, LitStr, Type, parse_quote};

use crate::ast::{Case, crate_path, lifetimes, make_static, option_of, refuse_wide_integers};
use crate::attr::ColumnTypeAttrs;
use crate::editor::of_type;
use crate::errors::Errors;

/// The impls for `input`, or the mistakes in it with stub impls.
pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let errors = Errors::default();
    let attrs = ColumnTypeAttrs::read(&input.attrs, &errors);
    let krate = crate_path(attrs.krate.as_ref(), &errors);
    if let Some(rename) = &attrs.rename {
        errors.at(rename.span(), "`rename` belongs on a variant; use `rename_all` here");
    }
    let tokens = match &input.data {
        Data::Enum(data) => unit_enum(input, data, &attrs, &krate, &errors),
        Data::Struct(data) => newtype(input, &data.fields, &attrs, &krate, &errors),
        Data::Union(_) => {
            errors.at(input.ident.span(), "a union cannot be a column; use a newtype or a unit enum");
            None
        }
    };
    let editor = of_type(&krate, input);
    match (errors.finish(), tokens) {
        (None, tokens) => quote!(#editor #tokens),
        (Some(errors), _) => {
            let stubs = stubs(input, &krate);
            quote!(#editor #stubs #errors)
        }
    }
}

fn stubs(input: &DeriveInput, krate: &TokenStream) -> TokenStream {
    let ident = &input.ident;
    let (generics, ty_generics, bounds) = input.generics.split_for_impl();
    quote! {
        #[automatically_derived]
        impl #generics #krate::ColumnType for #ident #ty_generics #bounds {
            type Base = Self;
            type Const = #krate::NoConst;
            const SQL_TYPE: #krate::SqlType = #krate::SqlType::Any;
            const LITERALS: #krate::Literals = #krate::Literals::Any;
        }
        #[automatically_derived]
        impl #generics #krate::rusqlite::types::ToSql for #ident #ty_generics #bounds {
            fn to_sql(&self) -> #krate::rusqlite::Result<#krate::rusqlite::types::ToSqlOutput<'_>> {
                ::core::unreachable!()
            }
        }
        #[automatically_derived]
        impl #generics #krate::rusqlite::types::FromSql for #ident #ty_generics #bounds {
            fn column_result(_: #krate::rusqlite::types::ValueRef<'_>) -> #krate::rusqlite::types::FromSqlResult<Self> {
                ::core::unreachable!()
            }
        }
    }
}

/// One variant: its ident, and its text where the enum is stored as text.
struct Variant<'a> {
    ident: &'a Ident,
    text: String,
}

fn variants<'a>(data: &'a DataEnum, attrs: &ColumnTypeAttrs, errors: &Errors) -> Vec<Variant<'a>> {
    let rule = match &attrs.rename_all {
        None => Case::Snake,
        rule => Case::read(rule.as_ref(), errors),
    };
    let mut seen: Vec<String> = Vec::new();
    let mut variants = Vec::new();
    for variant in &data.variants {
        if !matches!(variant.fields, Fields::Unit) {
            errors.at(variant.ident.span(), "an enum with data cannot be a column; store it as JSON with `#[column(json)]`, or remove the data");
        }
        let own = ColumnTypeAttrs::read(&variant.attrs, errors);
        if let Some(span) = own.text.or(own.integer).or(own.rename_all.as_ref().map(LitStr::span)) {
            errors.at(span, "this belongs on the enum; a variant takes `rename = \"…\"`");
        }
        if let (Some(rename), Some(_)) = (&own.rename, attrs.integer) {
            errors.at(rename.span(), "an enum that is stored as an integer has no texts; remove `rename`");
        }
        let text = match &own.rename {
            Some(rename) => rename.value(),
            None => rule.apply(&variant.ident.unraw().to_string()),
        };
        if seen.contains(&text) {
            let span = own.rename.as_ref().map_or(variant.ident.span(), LitStr::span);
            errors.at(span, format!("two variants are stored as `{text}`; give one of them another text with `#[column_type(rename = \"…\")]`"));
        }
        seen.push(text.clone());
        variants.push(Variant { ident: &variant.ident, text });
    }
    variants
}

fn unit_enum(
    input: &DeriveInput,
    data: &DataEnum,
    attrs: &ColumnTypeAttrs,
    krate: &TokenStream,
    errors: &Errors,
) -> Option<TokenStream> {
    if let (Some(_), Some(span)) = (attrs.text, attrs.integer) {
        errors.at(span, "an enum is stored either as `text` or as `integer`; remove one");
    }
    if let (Some(_), Some(rule)) = (attrs.integer, &attrs.rename_all) {
        errors.at(rule.span(), "an enum that is stored as an integer has no texts; remove `rename_all`");
    }
    if data.variants.is_empty() {
        errors.at(input.ident.span(), "an enum without variants has no value to store; add a variant");
    }
    if let Some(param) = input.generics.params.first() {
        errors.at(param.span(), "an enum that is a column has no parameters; remove them");
        return None;
    }
    let variants = variants(data, attrs, errors);
    let ident = &input.ident;
    let values: Vec<TokenStream> = variants
        .iter()
        .map(|Variant { ident: variant, text }| match attrs.integer {
            Some(_) => quote!(#krate::ConstValue::Integer(#ident::#variant as i64)),
            None => quote!(#krate::ConstValue::Text(#text)),
        })
        .collect();
    let sql_type = if attrs.integer.is_some() { quote!(Integer) } else { quote!(Text) };
    let idents: Vec<&Ident> = variants.iter().map(|variant| variant.ident).collect();
    let sql = enum_sql(ident, &variants, attrs.integer.is_some(), krate);
    Some(quote! {
        #[automatically_derived]
        impl #krate::ColumnType for #ident {
            type Base = #ident;
            type Const = #ident;
            const SQL_TYPE: #krate::SqlType = #krate::SqlType::#sql_type;
            const VALUES: &'static [#krate::ConstValue] = &[#(#values),*];
            const LITERALS: #krate::Literals = #krate::Literals::None;
        }
        #[automatically_derived]
        impl #ident {
            #[doc(hidden)]
            #[allow(dead_code, unreachable_pub)]
            pub const fn __schema_value(value: &#ident) -> #krate::ConstValue {
                match value { #(#ident::#idents => #values,)* }
            }
            #[doc(hidden)]
            #[allow(dead_code, unreachable_pub)]
            pub const fn __schema_field(value: &#ident) -> #krate::ConstValue {
                #ident::__schema_value(value)
            }
        }
        #sql
    })
}

fn enum_sql(ident: &Ident, variants: &[Variant<'_>], integer: bool, krate: &TokenStream) -> TokenStream {
    let name = ident.unraw().to_string();
    let idents: Vec<&Ident> = variants.iter().map(|variant| variant.ident).collect();
    let texts = variants.iter().map(|variant| &variant.text);
    let (output, found): (Vec<TokenStream>, TokenStream) = if integer {
        let output = idents.iter().map(|variant| quote!((#ident::#variant as i64))).collect();
        let found = quote! {
            if let #krate::rusqlite::types::ValueRef::Integer(number) = value {
                #(if number == #ident::#idents as i64 {
                    return ::core::result::Result::Ok(#ident::#idents);
                })*
            }
        };
        (output, found)
    } else {
        let found = quote! {
            if let #krate::rusqlite::types::ValueRef::Text(text) = value {
                #(if text == #texts.as_bytes() {
                    return ::core::result::Result::Ok(#ident::#idents);
                })*
            }
        };
        (variants.iter().map(|variant| variant.text.to_token_stream()).collect(), found)
    };
    quote! {
        #[automatically_derived]
        impl #krate::rusqlite::types::ToSql for #ident {
            fn to_sql(&self) -> #krate::rusqlite::Result<#krate::rusqlite::types::ToSqlOutput<'_>> {
                ::core::result::Result::Ok(match self {
                    #(#ident::#idents => #krate::rusqlite::types::ToSqlOutput::from(#output),)*
                })
            }
        }
        #[automatically_derived]
        impl #krate::rusqlite::types::FromSql for #ident {
            fn column_result(
                value: #krate::rusqlite::types::ValueRef<'_>,
            ) -> #krate::rusqlite::types::FromSqlResult<Self> {
                #found
                ::core::result::Result::Err(#krate::__private::unknown_value(#name, value))
            }
        }
    }
}

fn newtype(
    input: &DeriveInput,
    fields: &Fields,
    attrs: &ColumnTypeAttrs,
    krate: &TokenStream,
    errors: &Errors,
) -> Option<TokenStream> {
    if let Some(span) = attrs.text.or(attrs.integer).or(attrs.rename_all.as_ref().map(LitStr::span)) {
        errors.at(span, "this is for enums; a newtype is stored as the type that it holds: remove it");
    }
    let (markers, held): (Vec<_>, Vec<_>) =
        fields.iter().enumerate().partition(|(_, field)| is_marker(&field.ty));
    let [(at, field)] = held.as_slice() else {
        errors.at(input.ident.span(), "a newtype that is a column holds exactly one value; mark the field of the table `#[column(json)]` to store a whole struct as JSON");
        return None;
    };
    refuse_wide_integers(&field.ty, errors);
    if option_of(&field.ty).is_some() {
        errors.at(field.ty.span(), "a newtype holds a value, not an `Option`; hold the inner type, and put the `Option` around the newtype in the field of the table");
    }
    let ident = &input.ident;
    let inner = &field.ty;
    let member = |at: usize, name: &Option<Ident>| match name {
        Some(name) => name.to_token_stream(),
        None => syn::Index::from(at).to_token_stream(),
    };
    let held = member(*at, &field.ident);
    let markers = markers.iter().map(|(at, field)| member(*at, &field.ident));
    let mut generics = input.generics.clone();
    let is_generic = input.generics.type_params().next().is_some();
    if is_generic {
        generics.make_where_clause().predicates.push(parse_quote!(#inner: #krate::ColumnType));
    }
    let (impl_generics, ty_generics, bounds) = generics.split_for_impl();
    let (to_generics, from_generics) =
        (with_bound(&generics, inner, krate, "ToSql"), with_bound(&generics, inner, krate, "FromSql"));
    let ((_, _, to_bounds), (_, _, from_bounds)) =
        (to_generics.split_for_impl(), from_generics.split_for_impl());
    let (home, constant) = constant(input, inner, &held, krate);
    Some(quote! {
        #[automatically_derived]
        impl #impl_generics #krate::ColumnType for #ident #ty_generics #bounds {
            type Base = Self;
            type Const = #home;
            const SQL_TYPE: #krate::SqlType = <#inner as #krate::ColumnType>::SQL_TYPE;
            const NULLABLE: bool = <#inner as #krate::ColumnType>::NULLABLE;
            const VALUES: &'static [#krate::ConstValue] = <#inner as #krate::ColumnType>::VALUES;
            const LITERALS: #krate::Literals = <#inner as #krate::ColumnType>::LITERALS;
        }
        #constant
        #[automatically_derived]
        impl #impl_generics #krate::rusqlite::types::ToSql for #ident #ty_generics #to_bounds {
            fn to_sql(&self) -> #krate::rusqlite::Result<#krate::rusqlite::types::ToSqlOutput<'_>> {
                #krate::rusqlite::types::ToSql::to_sql(&self.#held)
            }
        }
        #[automatically_derived]
        impl #impl_generics #krate::rusqlite::types::FromSql for #ident #ty_generics #from_bounds {
            fn column_result(
                value: #krate::rusqlite::types::ValueRef<'_>,
            ) -> #krate::rusqlite::types::FromSqlResult<Self> {
                <#inner as #krate::rusqlite::types::FromSql>::column_result(value).map(|held| Self {
                    #held: held,
                    #(#markers: ::core::marker::PhantomData,)*
                })
            }
        }
    })
}

/// Adds `for<'x> Inner: Trait`: with a lifetime of its own the bound may be false for a concrete type, as it is for what
/// rusqlite writes but does not read; then the newtype simply does not have the impl.
fn with_bound(generics: &syn::Generics, inner: &Type, krate: &TokenStream, name: &str) -> syn::Generics {
    let (mut generics, name) = (generics.clone(), Ident::new(name, proc_macro2::Span::call_site()));
    let bound = parse_quote!(for<'__schema> #inner: #krate::rusqlite::types::#name);
    generics.make_where_clause().predicates.push(bound);
    generics
}

/// Where the newtype's constants are converted, and the functions that do it. A newtype with type parameters has none of its
/// own, since its inner type is not known here.
fn constant(
    input: &DeriveInput,
    inner: &Type,
    held: &TokenStream,
    krate: &TokenStream,
) -> (TokenStream, TokenStream) {
    let ident = &input.ident;
    if input.generics.params.iter().any(|param| !matches!(param, GenericParam::Lifetime(_))) {
        return (quote!(<#inner as #krate::ColumnType>::Const), TokenStream::new());
    }
    let statics = input.generics.lifetimes().map(|_| quote!('static));
    let inner = make_static(inner.to_token_stream(), &lifetimes(&input.generics));
    let this = quote!(#ident<#(#statics),*>);
    let constant = quote! {
        #[automatically_derived]
        impl #this {
            #[doc(hidden)]
            #[allow(dead_code, unreachable_pub)]
            pub const fn __schema_value(value: &'static #this) -> #krate::ConstValue {
                <<#inner as #krate::ColumnType>::Const>::__schema_field(&value.#held)
            }
            #[doc(hidden)]
            #[allow(dead_code, unreachable_pub)]
            pub const fn __schema_field(value: &'static #this) -> #krate::ConstValue {
                #ident::__schema_value(value)
            }
        }
    };
    (this, constant)
}

fn is_marker(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    path.path.segments.last().is_some_and(|segment| segment.ident == "PhantomData")
}
