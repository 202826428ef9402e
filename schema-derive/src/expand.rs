//! Prints a judged model: the column consts, `Table`, and the checks that need types.
//!
//! For `#[derive(Table)] struct Task { #[column(references(Project::ID))] project_id: i64 }`:
//!
//! ```text
//! impl Task { const PROJECT_ID: Column<Task, <i64 as ColumnType>::Base> = Column::new("project_id", false); }
//! impl Table for Task { const NAME: &'static str = "task"; const DESCRIPTOR: TableDescriptor = { … }; }
//! impl<S: Contains<Project>> TableIn<S> for Task {}
//! const _: () = same_base::<i64, _, _>(Project::ID);
//! const _: () = assert!(Project::ID.is_unique(), "…");
//! const _: () = { fn touch(task: &Task) { let _ = &task.project_id; } };
//! ```

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{DeriveInput, LitStr, TypePath};

use crate::ast::{Field, Model, lifetimes, make_static};
use crate::attr::{ActionsAttr, ColumnRef, IndexAttr, Term};
use crate::check::{is_literal, reference_action};
use crate::default::DefaultValue;
use crate::editor::{of_table, unseen};

/// Everything that the derive adds to a correct struct.
pub(crate) fn table(model: &Model, input: &DeriveInput) -> TokenStream {
    let printer = Printer::new(model, input);
    let (consts, table, within) = (printer.consts(false), printer.table(), printer.within());
    let (checks, editor) = (unseen(&model.krate, &printer.checks()), of_table(&model.krate, input));
    quote!(#editor #consts #table #within #checks)
}

/// What the derive adds after its own errors, so that nothing else complains.
pub(crate) fn stubs(model: Option<&Model>, input: &DeriveInput) -> TokenStream {
    let consts = model.map(|model| Printer::new(model, input).consts(true));
    let krate = model.map_or_else(|| quote!(::schema_runtime), |model| model.krate.clone());
    let ident = &input.ident;
    let (generics, ty_generics, bounds) = input.generics.split_for_impl();
    let mut with_schema = input.generics.clone();
    with_schema.params.push(syn::parse_quote!(__S));
    let (schema_generics, _, _) = with_schema.split_for_impl();
    let editor = of_table(&krate, input);
    let name = model.map_or("", |model| model.name.as_str());
    quote! {
        #editor
        #consts
        #[automatically_derived]
        #[allow(single_use_lifetimes)]
        impl #generics #krate::Table for #ident #ty_generics #bounds {
            const NAME: &'static str = #name;
            const DESCRIPTOR: #krate::TableDescriptor = #krate::TableDescriptor::new(#name, &[]);
        }
        #[automatically_derived]
        #[allow(single_use_lifetimes)]
        impl #schema_generics #krate::__private::TableIn<__S> for #ident #ty_generics #bounds {}
    }
}

struct Printer<'a> {
    model: &'a Model,
    input: &'a DeriveInput,
    /// The struct with `'static` for each lifetime; also an expression path.
    this: TokenStream,
}

impl<'a> Printer<'a> {
    fn new(model: &'a Model, input: &'a DeriveInput) -> Self {
        let ident = &input.ident;
        let lifetimes = input.generics.lifetimes().map(|_| quote!('static));
        let this = match input.generics.lifetimes().next() {
            Some(_) => quote!(#ident::<#(#lifetimes),*>),
            None => quote!(#ident),
        };
        Printer { model, input, this }
    }

    /// `tokens` as they mean outside of the struct: without `Self` and its lifetimes.
    fn outside(&self, tokens: TokenStream) -> TokenStream {
        let tokens = make_static(tokens, &lifetimes(&self.input.generics));
        let replace = |token| match token {
            TokenTree::Ident(ident) if ident == "Self" => respan(self.this.clone(), ident.span()),
            other => TokenStream::from(other),
        };
        tokens.into_iter().map(replace).collect()
    }

    fn consts(&self, stub: bool) -> TokenStream {
        let (krate, this, vis, ident) = (&self.model.krate, &self.this, &self.input.vis, &self.input.ident);
        let generic =
            self.input.generics.params.iter().any(|param| !matches!(param, syn::GenericParam::Lifetime(_)));
        if generic {
            return TokenStream::new();
        }
        let (generics, ty_generics, bounds) = self.input.generics.split_for_impl();
        let consts = self.model.fields.iter().map(|field| {
            let Field { konst, ty, name, .. } = field;
            let unique = stub || self.model.is_unique(field);
            let (docs, doc) = (&field.docs, format!("The column `{name}` of `{}`.", self.model.name));
            let apart = (!docs.is_empty()).then(|| quote!(#[doc = ""]));
            // On the type's own tokens, so that a type that is no `ColumnType` is marked there.
            let span = ty.clone().into_iter().next().map_or(konst.span(), |token| token.span());
            let there = respan(krate.clone(), span);
            let base = match stub && crate::ast::is_wide_integer(ty) {
                true => quote!(#ty),
                false => quote_spanned!(span=> <#ty as #there::ColumnType>::Base),
            };
            let new = quote_spanned!(span=> #there::Column::new(#name, #unique));
            quote! {
                #(#[doc = #docs])* #apart
                #[doc = #doc]
                #vis const #konst: #krate::Column<#this, #base> = #new;
            }
        });
        quote! {
            #[automatically_derived]
            #[allow(dead_code, deprecated, non_upper_case_globals, private_interfaces, single_use_lifetimes, unreachable_pub)]
            impl #generics #ident #ty_generics #bounds {
                #(#consts)*
            }
        }
    }

    fn table(&self) -> TokenStream {
        let (model, krate, ident) = (self.model, &self.model.krate, &self.input.ident);
        let (generics, ty_generics, bounds) = self.input.generics.split_for_impl();
        let columns = model.fields.iter().map(|field| self.column(field));
        let key = self.primary_key();
        let (parents, foreign_keys) = self.foreign_keys();
        let lists = [
            ("uniques", "UniqueDescriptor", self.uniques()),
            ("checks", "CheckDescriptor", self.check_constraints()),
            ("foreign_keys", "ForeignKeyDescriptor", foreign_keys),
            ("indexes", "IndexDescriptor", self.indexes()),
        ];
        let lists: Vec<_> = lists.into_iter().filter(|(.., members)| !members.is_empty()).collect();
        let consts = lists.iter().map(|(method, ty, members)| {
            let (konst, ty) = (format_ident!("{}", method.to_uppercase()), format_ident!("{ty}"));
            quote!(const #konst: &[#krate::#ty] = &[#(#members),*];)
        });
        let calls = lists.iter().map(|(method, ..)| {
            let (konst, method) = (format_ident!("{}", method.to_uppercase()), format_ident!("{method}"));
            quote!(.#method(#konst))
        });
        let names = [
            list("renamed_from", &model.attrs.renamed_from),
            list("dropped", &model.attrs.dropped),
            list("allow", &model.attrs.allow),
        ];
        let strict = model.attrs.strict.map(|_| quote!(.strict()));
        let without_rowid = model.attrs.without_rowid.map(|_| quote!(.without_rowid()));
        let external = model.attrs.external.map(|_| quote!(.external()));
        let exact = model.attrs.column_order.as_ref().filter(|order| order.value() == "exact");
        let order = exact.map(|_| quote!(.column_order(#krate::ColumnOrder::Exact)));
        let (name, names) = (&model.name, names.iter().flatten());
        quote! {
            #[automatically_derived]
            #[allow(single_use_lifetimes)]
            impl #generics #krate::Table for #ident #ty_generics #bounds {
                const NAME: &'static str = #name;
                const DESCRIPTOR: #krate::TableDescriptor = {
                    const COLUMNS: &[#krate::ColumnDescriptor] = &[#(#columns),*];
                    #(#parents)*
                    #(#consts)*
                    #krate::TableDescriptor::new(#name, COLUMNS)
                        #key #(#calls)* #strict #without_rowid #external #order #(#names)*
                };
            }
        }
    }

    fn column(&self, field: &Field) -> TokenStream {
        let krate = &self.model.krate;
        let (name, ty, attrs) = (&field.name, &field.ty, &field.attrs);
        let type_name = attrs.type_name.as_ref().map(|it| quote!(.type_name(#it)));
        let sql = attrs.default_sql.as_ref().map(|it| quote!(#krate::ConstValue::Sql(#it)));
        let default = self.default_value(field).or(sql).map(|it| quote!(.default(#it)));
        let collate = attrs.collate.as_ref().map(|it| quote!(.collate(#it)));
        let generated = attrs.generated.as_ref().map(|it| {
            let (expr, stored) = (&it.expr, it.stored);
            quote!(.generated(#expr, #stored))
        });
        let backfill = attrs.backfill.as_ref().map(|it| quote!(.backfill(#it)));
        let convert = attrs.convert.as_ref().map(|it| quote!(.convert(#it)));
        let (renamed, allow) = (list("renamed_from", &attrs.renamed_from), list("allow", &attrs.allow));
        let span = ty.clone().into_iter().next().map_or_else(Span::call_site, |token| token.span());
        let there = respan(krate.clone(), span);
        let of_type = quote_spanned!(span=> <#ty as #there::ColumnType>::COLUMN);
        quote! {
            #krate::__private::column(#of_type, #name)
                #type_name #default #collate #generated #backfill #convert #renamed #allow
        }
    }

    fn default_value(&self, field: &Field) -> Option<TokenStream> {
        let (krate, ty) = (&self.model.krate, &field.ty);
        let default = field.attrs.default.as_ref()?;
        Some(match &default.value {
            DefaultValue::Null => quote!(#krate::ConstValue::Null),
            DefaultValue::Bool(value) => {
                let value = i64::from(*value);
                quote!(#krate::ConstValue::Integer(#value))
            }
            DefaultValue::Integer(value) => quote!(#krate::ConstValue::Integer(#value)),
            DefaultValue::Real(value) => quote!(#krate::ConstValue::Real(#value)),
            DefaultValue::Text(value) => quote!(#krate::ConstValue::Text(#value)),
            DefaultValue::Bytes(value) => quote!(#krate::ConstValue::Blob(#value)),
            DefaultValue::Path(path) => {
                let path = self.outside(path.to_token_stream());
                let value = quote_spanned! {default.span=>
                    <<#ty as #krate::ColumnType>::Const>::__schema_value(&#path)
                };
                quote!(#krate::__private::unseen_value!(#value))
            }
        })
    }

    fn primary_key(&self) -> Option<TokenStream> {
        let krate = &self.model.krate;
        let key = self.model.key();
        let names = key.iter().map(|field| &field.name);
        let autoincrement = key.iter().any(|field| field.attrs.autoincrement.is_some());
        let autoincrement = autoincrement.then(|| quote!(.autoincrement()));
        (!key.is_empty())
            .then(|| quote!(.primary_key(#krate::PrimaryKeyDescriptor::new(&[#(#names),*])#autoincrement)))
    }

    fn names(&self, columns: &[ColumnRef]) -> TokenStream {
        let names = columns.iter().map(|column| self.model.column_name(column));
        quote!(&[#(#names),*])
    }

    fn uniques(&self) -> Vec<TokenStream> {
        let krate = &self.model.krate;
        let of_columns = self.model.fields.iter().filter(|field| field.attrs.unique.is_some()).map(|field| {
            let name = &field.name;
            quote!(#krate::UniqueDescriptor::new(&[#name]))
        });
        let of_table = self.model.attrs.uniques.iter().map(|unique| {
            let (columns, name) = (self.names(&unique.columns), named(unique.name.as_ref()));
            quote!(#krate::UniqueDescriptor::new(#columns)#name)
        });
        of_columns.chain(of_table).collect()
    }

    fn check_constraints(&self) -> Vec<TokenStream> {
        let krate = &self.model.krate;
        let of_columns = self.model.fields.iter().flat_map(|field| &field.attrs.checks);
        let print = |check: &crate::attr::CheckAttr| {
            let (expr, name) = (&check.expr, named(check.name.as_ref()));
            quote!(#krate::CheckDescriptor::new(#expr)#name)
        };
        of_columns.chain(&self.model.attrs.checks).map(print).collect()
    }

    fn indexes(&self) -> Vec<TokenStream> {
        self.model.indexes().map(|index| self.index(index)).collect()
    }

    fn index(&self, index: &IndexAttr) -> TokenStream {
        let krate = &self.model.krate;
        let terms = index.terms.iter().map(|term| {
            let base = match &term.term {
                Term::Column(column) => {
                    let name = self.model.column_name(column);
                    quote!(#krate::IndexTermDescriptor::column(#name))
                }
                Term::Expr(expr) => quote!(#krate::IndexTermDescriptor::expr(#expr)),
            };
            let collate = term.collate.as_ref().map(|it| quote!(.collate(#it)));
            let desc = term.desc.then(|| quote!(.desc()));
            quote!(#base #collate #desc)
        });
        let name = self.model.index_name(index);
        let unique = index.unique.then(|| quote!(.unique()));
        let filter = index.filter.as_ref().map(|it| quote!(.filter(#it)));
        let allow = list("allow", &index.allow);
        quote! {{
            const TERMS: &[#krate::IndexTermDescriptor] = &[#(#terms),*];
            #krate::IndexDescriptor::new(#name, TERMS)#unique #filter #allow
        }}
    }

    /// The consts that hold the parents' column names, and the keys that use them.
    fn foreign_keys(&self) -> (Vec<TokenStream>, Vec<TokenStream>) {
        let krate = &self.model.krate;
        let keys = self.parents();
        let consts = keys.iter().enumerate().map(|(at, key)| {
            let (to, paths) = (format_ident!("TO_{at}"), &key.to);
            quote!(const #to: &[&str] = &[#(#paths.name()),*];)
        });
        let prints = keys.iter().enumerate().map(|(at, key)| {
            let (to, columns, table) =
                (format_ident!("TO_{at}"), key.columns.iter().map(|it| &it.name), &key.table);
            let name = named(key.actions.name.as_ref());
            let on_delete = self.action("on_delete", key.actions.on_delete.as_ref());
            let on_update = self.action("on_update", key.actions.on_update.as_ref());
            let deferrable = key.actions.deferrable.map(|_| quote!(.deferrable()));
            quote! {
                #krate::ForeignKeyDescriptor::new(&[#(#columns),*], <#table as #krate::Table>::NAME, #to)
                    #name #on_delete #on_update #deferrable
            }
        });
        (consts.collect(), prints.collect())
    }

    fn action(&self, method: &str, action: Option<&LitStr>) -> Option<TokenStream> {
        let krate = &self.model.krate;
        let variant = Ident::new(reference_action(&action?.value())?, Span::call_site());
        let method = Ident::new(method, Span::call_site());
        Some(quote!(.#method(#krate::ReferenceAction::#variant)))
    }

    /// The foreign keys of the columns, then those of the table.
    fn parents(&self) -> Vec<Parent<'_>> {
        let of_columns = self.model.fields.iter().filter_map(|field| {
            let references = field.attrs.references.as_ref()?;
            Some(Parent {
                span: last_span(&references.column),
                columns: vec![field],
                table: self.outside(table_of(&references.column)),
                to: vec![self.outside(references.column.to_token_stream())],
                actions: &references.actions,
            })
        });
        let of_table = self.model.attrs.foreign_keys.iter().map(|key| {
            let table = self.outside(key.table.to_token_stream());
            let to = key.to.iter().map(|column| {
                let upper =
                    crate::ast::Case::ScreamingSnake.apply(&syn::ext::IdentExt::unraw(column).to_string());
                let konst = Ident::new(&upper, column.span());
                quote!(<#table>::#konst)
            });
            Parent {
                span: last_span(&key.table),
                columns: key.columns.iter().filter_map(|column| self.model.field(column)).collect(),
                to: to.collect(),
                table: table.clone(),
                actions: &key.actions,
            }
        });
        of_columns.chain(of_table).collect()
    }

    /// `TableIn` for every schema that holds the parents.
    fn within(&self) -> TokenStream {
        let (krate, ident) = (&self.model.krate, &self.input.ident);
        let mut generics = self.input.generics.clone();
        generics.params.push(syn::parse_quote!(__S));
        let mut seen = std::collections::HashSet::new();
        for parent in self.parents() {
            let table = parent.table;
            if seen.insert(table.to_string()) {
                generics
                    .make_where_clause()
                    .predicates
                    .push(syn::parse_quote!(__S: #krate::__private::Contains<#table>));
            }
        }
        let (schema_generics, _, bounds) = generics.split_for_impl();
        let (_, ty_generics, _) = self.input.generics.split_for_impl();
        quote! {
            #[automatically_derived]
            #[allow(single_use_lifetimes)]
            impl #schema_generics #krate::__private::TableIn<__S> for #ident #ty_generics #bounds {}
        }
    }

    fn checks(&self) -> TokenStream {
        let mut checks = TokenStream::new();
        for field in &self.model.fields {
            checks.extend(self.default_check(field));
            checks.extend(self.autoincrement_check(field));
        }
        for parent in self.parents() {
            checks.extend(self.parent_checks(&parent));
        }
        let columns = self.model.fields.iter().flat_map(|field| &field.attrs.allow);
        let indexes = self.model.indexes().flat_map(|index| &index.allow);
        for code in columns.chain(indexes).chain(&self.model.attrs.allow) {
            checks.extend(allow_check(&self.model.krate, code));
        }
        checks
    }

    fn default_check(&self, field: &Field) -> Option<TokenStream> {
        let (krate, ty) = (&self.model.krate, &field.ty);
        let shown = show(ty);
        let null =
            field.attrs.default_sql.as_ref().filter(|sql| sql.value().trim().eq_ignore_ascii_case("NULL"));
        if let Some(sql) = null {
            let message = format!(
                "the default NULL does not fit the type `{shown}`, which is no `Option`; make it one, or choose another default"
            );
            return Some(must(sql.span(), &quote!(<#ty as #krate::ColumnType>::NULLABLE), &message));
        }
        let default = field.attrs.default.as_ref()?;
        let text = &default.text;
        if let DefaultValue::Null = default.value {
            let message = format!(
                "the default NULL does not fit the type `{shown}`, which is no `Option`; make it one, or choose another default"
            );
            return Some(must(default.span, &quote!(<#ty as #krate::ColumnType>::NULLABLE), &message));
        }
        if !is_literal(&default.value) {
            return None;
        }
        let message = match default.value {
            DefaultValue::Integer(_) => format!(
                "the default `{text}` is out of range for the type `{shown}`, or of another type; choose one that fits (an enum takes the path of a variant)"
            ),
            _ => format!(
                "the default `{text}` is of another type than `{shown}`; choose one that fits (an enum takes the path of a variant)"
            ),
        };
        let is_bool = matches!(default.value, DefaultValue::Bool(_));
        let value = self.default_value(field)?;
        let accepted = quote!(<#ty as #krate::ColumnType>::LITERALS.accept(#value, #is_bool));
        Some(must(default.span, &accepted, &message))
    }

    fn autoincrement_check(&self, field: &Field) -> Option<TokenStream> {
        let (krate, ty) = (&self.model.krate, &field.ty);
        let span = field.attrs.autoincrement?;
        let message = format!(
            "`autoincrement` needs a key that is stored as INTEGER, and `{}` is not; use an integer type such as `i64`",
            show(ty)
        );
        let integer =
            quote!(::core::matches!(<#ty as #krate::ColumnType>::SQL_TYPE, #krate::SqlType::Integer));
        Some(must(span, &integer, &message))
    }

    fn parent_checks(&self, parent: &Parent<'_>) -> TokenStream {
        let (krate, table) = (&self.model.krate, &parent.table);
        let mut checks = TokenStream::new();
        for (field, to) in parent.columns.iter().zip(&parent.to) {
            let ty = &field.ty;
            let same = quote_spanned!(parent.span=> #krate::__private::same_base::<#ty, _, _>(#to));
            checks.extend(quote!(const _: () = #same;));
            let set_null = [&parent.actions.on_delete, &parent.actions.on_update];
            for action in
                set_null.into_iter().flatten().filter(|it| reference_action(&it.value()) == Some("SetNull"))
            {
                let message = format!(
                    "`set null` cannot work on `{}`, whose type is no `Option`; make it one, or choose another action",
                    field.name
                );
                checks.extend(must(action.span(), &quote!(<#ty as #krate::ColumnType>::NULLABLE), &message));
            }
        }
        let to = &parent.to;
        checks.extend(match to.as_slice() {
            [only] => {
                let message = format!("`{}` is neither a primary key nor unique, so no foreign key can refer to it; add `primary_key` or `unique` to that column", show(only));
                must(parent.span, &quote!(#only.is_unique()), &message)
            }
            _ => {
                let message = format!("these columns of `{}` together are neither its primary key nor unique, so no foreign key can refer to them; add `unique(…)` of them to that table", show(table));
                let has_key = quote!(#krate::__private::has_key(&<#table as #krate::Table>::DESCRIPTOR, &[#(#to.name()),*]));
                must(parent.span, &has_key, &message)
            }
        });
        checks
    }
}

/// One foreign key with its columns resolved.
struct Parent<'a> {
    span: Span,
    columns: Vec<&'a Field>,
    table: TokenStream,
    to: Vec<TokenStream>,
    actions: &'a ActionsAttr,
}

/// `.method(&["a", "b"])`, where there is any.
fn list(method: &str, texts: &[LitStr]) -> Option<TokenStream> {
    let method = format_ident!("{method}");
    (!texts.is_empty()).then(|| quote!(.#method(&[#(#texts),*])))
}

/// The runtime knows the codes.
pub(crate) fn allow_check(krate: &TokenStream, code: &LitStr) -> TokenStream {
    let message = format!(
        "there is no lint of a model `{}`; `L508` and those that follow it are in docs/hazards.md",
        code.value()
    );
    must(code.span(), &quote!(#krate::__private::is_model_lint(#code)), &message)
}

/// A check of the compiler's whose message stands on `span`.
fn must(span: Span, condition: &TokenStream, message: &str) -> TokenStream {
    let assertion = quote_spanned!(span=> ::core::assert!(#condition, "{}", #message));
    quote!(const _: () = #assertion;)
}

fn named(name: Option<&LitStr>) -> Option<TokenStream> {
    name.map(|name| quote!(.name(#name)))
}

/// `Project` of `Project::ID`; also of `<Project>::ID`.
fn table_of(path: &TypePath) -> TokenStream {
    let mut table = path.clone();
    table.path.segments.pop();
    table.path.segments.pop_punct();
    match table.qself {
        Some(qself) if table.path.segments.is_empty() => qself.ty.into_token_stream(),
        _ => table.into_token_stream(),
    }
}

fn last_span(path: &TypePath) -> Span {
    path.path.segments.last().map_or_else(Span::call_site, |segment| segment.ident.span())
}

pub(crate) fn respan(tokens: TokenStream, span: Span) -> TokenStream {
    tokens
        .into_iter()
        .map(|mut token| {
            token.set_span(span);
            token
        })
        .collect()
}

/// Tokens as a person writes them: `Option<Vec<u8>>`.
pub(crate) fn show(tokens: &TokenStream) -> String {
    let text = tokens.to_string();
    let mut shown = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        let last = shown.chars().last().unwrap_or(' ');
        let next = chars.peek().copied().unwrap_or(' ');
        let word = |it: char| it.is_alphanumeric() || it == '_' || it == '\'';
        if char != ' ' || (word(last) && word(next)) || matches!(last, ',' | ';') {
            shown.push(char);
        }
    }
    shown
}
