//! `schema! { … }`: the tables and other objects of a model, checked against each other.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use schema_sql::CreateKind;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Ident, LitStr, Path, Token, Type, bracketed};

use crate::attr::{skip_item, skip_to_comma};
use crate::check::{RESERVED, reserved};
use crate::errors::{Errors, list};

/// A statement: a literal, which is read here, or a const, which only the compiler can read.
enum Sql {
    Literal(LitStr),
    Const(Path),
}

impl Parse for Sql {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(LitStr) {
            return input.parse().map(Sql::Literal);
        }
        let error = "expected a string literal, or the path of a const `&str`";
        input.parse().map(Sql::Const).map_err(|it| syn::Error::new(it.span(), error))
    }
}

impl ToTokens for Sql {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Sql::Literal(literal) => literal.to_tokens(tokens),
            Sql::Const(path) => path.to_tokens(tokens),
        }
    }
}

#[derive(Default)]
struct Input {
    krate: Option<Path>,
    name: Option<Sql>,
    version: Option<Sql>,
    tables: Option<Vec<Type>>,
    views: Option<Vec<Sql>>,
    triggers: Option<Vec<Sql>>,
    virtual_tables: Option<Vec<Sql>>,
    dropped: Option<Vec<LitStr>>,
    allow: Option<Vec<LitStr>>,
}

const KEYS: &[&str] =
    &["name", "version", "tables", "views", "triggers", "virtual_tables", "dropped", "allow", "crate"];

impl Input {
    fn read(input: ParseStream<'_>, errors: &Errors) -> syn::Result<Self> {
        let mut it = Input::default();
        while !input.is_empty() {
            let key = input.call(<Ident as syn::ext::IdentExt>::parse_any)?;
            if let Err(error) = it.entry(&key, input) {
                errors.push(error);
                skip_to_comma(input)?;
            }
            skip_item(input, errors)?;
        }
        Ok(it)
    }

    fn entry(&mut self, key: &Ident, input: ParseStream<'_>) -> syn::Result<()> {
        let known = key.to_string();
        if !KEYS.contains(&known.as_str()) {
            let message = format!("unknown entry `{key}`; expected one of {}", list(KEYS.iter().copied()));
            return Err(syn::Error::new(key.span(), message));
        }
        input.parse::<Token![:]>()?;
        let repeated = match known.as_str() {
            "crate" => self.krate.replace(input.parse()?).is_some(),
            "name" => self.name.replace(input.parse()?).is_some(),
            "version" => self.version.replace(input.parse()?).is_some(),
            "tables" => self.tables.replace(bracketed(input)?).is_some(),
            "views" => self.views.replace(bracketed(input)?).is_some(),
            "triggers" => self.triggers.replace(bracketed(input)?).is_some(),
            "virtual_tables" => self.virtual_tables.replace(bracketed(input)?).is_some(),
            "allow" => self.allow.replace(bracketed(input)?).is_some(),
            _ => self.dropped.replace(bracketed(input)?).is_some(),
        };
        if repeated {
            return Err(syn::Error::new(key.span(), format!("repeated entry `{key}`; give it once")));
        }
        Ok(())
    }
}

fn bracketed<T: Parse>(input: ParseStream<'_>) -> syn::Result<Vec<T>> {
    let content;
    bracketed!(content in input);
    Ok(Punctuated::<T, Token![,]>::parse_terminated(&content)?.into_iter().collect())
}

/// The expression of type `Schema`, or the mistakes.
pub(crate) fn expand(tokens: TokenStream) -> TokenStream {
    let errors = Errors::default();
    let parser = |input: ParseStream<'_>| Input::read(input, &errors);
    let input = syn::parse::Parser::parse2(parser, tokens).unwrap_or_else(|error| {
        errors.push(error);
        Input::default()
    });
    input.check(&errors);
    let krate = input.krate.as_ref().map_or_else(|| quote!(::schema_runtime), |path| quote!(#path));
    match errors.finish() {
        Some(errors) => quote!({ #errors #krate::Schema::new("", "0", &[]) }),
        None => input.print(&krate),
    }
}

impl Input {
    fn check(&self, errors: &Errors) {
        if self.tables.is_none() {
            errors.at(
                Span::call_site(),
                "a schema needs `tables: [A, B]`: the structs with `#[derive(Table)]`",
            );
        }
        let mut seen: Vec<String> = Vec::new();
        for table in self.tables.iter().flatten() {
            let text = table.to_token_stream().to_string();
            if seen.contains(&text) {
                errors.at(
                    table.span(),
                    format!(
                        "`{}` is listed twice; remove one",
                        crate::expand::show(&table.to_token_stream())
                    ),
                );
            }
            seen.push(text);
        }
        if let Some(Sql::Literal(name)) =
            self.name.as_ref().filter(|name| matches!(name, Sql::Literal(it) if it.value().is_empty()))
        {
            errors.at(name.span(), "a schema's name must not be empty; leave it out for `main`");
        }
        if let Some(Sql::Literal(version)) = &self.version {
            let text = version.value();
            let number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            let core = text.split(['-', '+']).next().unwrap_or_default();
            if !core.split('.').all(number) {
                errors.at(
                    version.span(),
                    format!("`{text}` is no version; expected dotted numbers such as `1.2.0`"),
                );
            }
        }
        for (statements, kind, words) in self.kinds() {
            for statement in statements {
                if let Sql::Literal(literal) = statement {
                    check_statement(literal, kind, words, errors);
                }
            }
        }
        let mut seen: Vec<String> = Vec::new();
        for name in self.dropped.iter().flatten() {
            let folded = schema_sql::token::fold(&name.value());
            if seen.contains(&folded) {
                errors.at(name.span(), format!("`{}` is dropped twice; remove one", name.value()));
            }
            if reserved(&name.value()) {
                errors.at(name.span(), format!("the table `{}` cannot be dropped: {RESERVED}", name.value()));
            }
            seen.push(folded);
        }
    }

    fn kinds(&self) -> [(&[Sql], CreateKind, &'static str); 3] {
        [
            (self.views.as_deref().unwrap_or_default(), CreateKind::View, "VIEW"),
            (self.virtual_tables.as_deref().unwrap_or_default(), CreateKind::VirtualTable, "VIRTUAL TABLE"),
            (self.triggers.as_deref().unwrap_or_default(), CreateKind::Trigger, "TRIGGER"),
        ]
    }

    /// ```text
    /// {
    ///     struct ThisSchema;
    ///     impl Contains<Task> for ThisSchema {}                  // for each table
    ///     const _: () = { closed::<ThisSchema, Task>(); … };     // its references stay inside
    ///     const OBJECTS: Objects = …; const CLASH: &Option<Clash> = &OBJECTS.clash::<{ OBJECTS.slots() }>();
    ///     const _: () = { Clash::refuse(CLASH, 0); … };          // for each object, on its own tokens
    ///     Schema::of_tables("main", env!("CARGO_PKG_VERSION"), TABLES, &[…]).views(VIEWS)…
    /// }
    /// ```
    fn print(&self, krate: &TokenStream) -> TokenStream {
        let tables = self.tables.as_deref().unwrap_or_default();
        let closed = tables
            .iter()
            .map(|table| quote_spanned!(table.span()=> #krate::__private::closed::<ThisSchema, #table>();));
        let [(views, ..), (virtual_tables, ..), (triggers, ..)] = self.kinds();
        let dropped = self.dropped.as_deref().unwrap_or_default();
        let name = self.name.as_ref().map_or_else(|| quote!("main"), |name| quote!(#name));
        let version =
            self.version.as_ref().map_or_else(|| quote!(::core::env!("CARGO_PKG_VERSION")), |it| quote!(#it));
        let (kinds, clashes) = (self.kind_checks(krate), self.clash_checks(krate));
        let allow = self.allow.as_deref().unwrap_or_default();
        let codes = allow.iter().map(|code| crate::expand::allow_check(krate, code));
        quote! {{
            struct ThisSchema;
            #(impl #krate::__private::Contains<#tables> for ThisSchema {})*
            const _: () = { #(#closed)* };
            #kinds
            #(#codes)*
            const TABLES: &[&#krate::TableDescriptor] = &[#(<#tables as #krate::Table>::TABLE),*];
            const VIEWS: &[&str] = &[#(#views),*];
            const VIRTUAL_TABLES: &[&str] = &[#(#virtual_tables),*];
            const TRIGGERS: &[&str] = &[#(#triggers),*];
            const DROPPED: &[&str] = &[#(#dropped),*];
            const OBJECTS: #krate::__private::Objects = #krate::__private::Objects {
                tables: TABLES,
                views: VIEWS,
                virtual_tables: VIRTUAL_TABLES,
                triggers: TRIGGERS,
                dropped: DROPPED,
            };
            #[allow(long_running_const_eval)]
            const CLASH: &::core::option::Option<#krate::__private::Clash> = &OBJECTS.clash::<{ OBJECTS.slots() }>();
            const _: () = { #clashes };
            #[allow(long_running_const_eval)]
            const SCHEMA: #krate::Schema = #krate::Schema::of_tables(#name, #version, TABLES, &[#(<#tables as #krate::Table>::FINGERPRINT),*])
                .views(VIEWS)
                .triggers(TRIGGERS)
                .virtual_tables(VIRTUAL_TABLES)
                .dropped(DROPPED)
                .allow(&[#(#allow),*]);
            SCHEMA
        }}
    }

    /// The kinds of the statements that only consts know.
    fn kind_checks(&self, krate: &TokenStream) -> TokenStream {
        let mut checks = TokenStream::new();
        for (statements, _, words) in self.kinds() {
            for path in statements.iter().filter_map(|it| match it {
                Sql::Const(path) => Some(path),
                Sql::Literal(_) => None,
            }) {
                let message = format!(
                    "this const is no `CREATE {words}` statement; write one, or move it to the entry of its kind"
                );
                checks.extend(quote_spanned! {path.span()=>
                    const _: () = ::core::assert!(#krate::__private::expect_kind(#path, #words), #message);
                });
            }
        }
        checks
    }

    /// One question for each object, in the order in which `Objects` counts them.
    fn clash_checks(&self, krate: &TokenStream) -> TokenStream {
        let tables = self.tables.iter().flatten().map(Spanned::span);
        let others = self.kinds().into_iter().flat_map(|(statements, ..)| statements).map(Spanned::span);
        let dropped = self.dropped.iter().flatten().map(LitStr::span);
        tables
            .chain(others)
            .chain(dropped)
            .enumerate()
            .map(|(at, span)| {
                // The compiler marks the whole call.
                let there = crate::expand::respan(krate.clone(), span);
                quote_spanned!(span=> #there::__private::Clash::refuse(CLASH, #at);)
            })
            .collect()
    }
}

fn check_statement(literal: &LitStr, kind: CreateKind, words: &str, errors: &Errors) {
    let sql = literal.value();
    if let Err(error) = schema_sql::token::tokenize(&sql) {
        errors.at(literal.span(), format!("this is no SQL: {error}"));
        return;
    }
    if schema_sql::create_kind(&sql) != Some(kind) {
        errors.at(
            literal.span(),
            format!("expected a `CREATE {words}` statement; write one, or move it to the entry of its kind"),
        );
        return;
    }
    match schema_sql::statements::split_statements(&sql).as_deref() {
        Ok([_]) => {}
        Ok(_) => errors.at(literal.span(), "expected one statement; give each its own string"),
        Err(error) => errors.at(literal.span(), format!("this is no SQL: {error}")),
    }
    let name = match kind {
        CreateKind::View => schema_sql::split_create_view(&sql).map(|it| it.name),
        CreateKind::Trigger => schema_sql::split_create_trigger(&sql).map(|it| it.name),
        _ => schema_sql::split_create_virtual_table(&sql).map(|it| it.name),
    };
    match name {
        Ok(name) if reserved(&name) => {
            errors.at(literal.span(), format!("the name `{name}` is reserved: {RESERVED}"))
        }
        Ok(_) => {}
        Err(error) => errors.at(literal.span(), format!("this is no `CREATE {words}` statement: {error}")),
    }
}
