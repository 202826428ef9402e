//! What an editor needs to show, complete and follow what stands in attributes: paths to documented items and to fields, made of the
//! attributes' own tokens, and the words that describe a field. None of it does anything in a program.
//!
//! The tokens are read here once more, without judging them: an attribute that somebody is typing is not right yet. What is made of them is
//! for editors alone, by a `cfg` that rust-analyzer sets; the compiler drops it unread.

use proc_macro2::{Delimiter, Ident, Literal, TokenStream, TokenTree};
use quote::{format_ident, quote};
use syn::ext::IdentExt;
use syn::{Attribute, Data, DeriveInput, LitStr, Meta, Path};

use crate::ast::Case;

/// What an editor needs of `#[derive(Table)]`, and a function that reads every field, since a model is read by SQL, which the compiler does
/// not see.
///
/// ```text
/// const _: () = {
///     #[cfg(rust_analyzer)]
///     fn words(it: &Task) { let _ = attributes::table::strict; let _ = attributes::index::columns; let _ = &it.slug; }
///     fn touch(it: &Task) { let _ = &it.id; let _ = &it.slug; }
/// };
/// ```
///
/// It goes before all else that a derive makes. rust-analyzer completes a word by a second expansion with another word in its place, and looks
/// in the first one for what stands before it, at the same offset.
pub(crate) fn of_table(krate: &TokenStream, input: &DeriveInput) -> TokenStream {
    let Data::Struct(data) = &input.data else { return TokenStream::new() };
    let fields: Vec<&Ident> = data.fields.iter().filter_map(|field| field.ident.as_ref()).collect();
    let mut words =
        Words { krate, ident: &input.ident, any_field: fields.first().copied(), lines: TokenStream::new() };
    words.read(&input.attrs, "table", Place::Table);
    for field in &data.fields {
        words.read(&field.attrs, "column", Place::Column);
    }
    let (generics, ty_generics, bounds) = input.generics.split_for_impl();
    let (ident, words) = (&input.ident, words.print(input));
    quote! {
        #[allow(unexpected_cfgs)]
        const _: () = {
            #words
            #[allow(dead_code, deprecated, single_use_lifetimes)]
            fn touch #generics (it: &#ident #ty_generics) #bounds {
                #(let _ = &it.#fields;)*
            }
        };
    }
}

/// The same of `#[derive(ColumnType)]`, which reads no field.
pub(crate) fn of_type(krate: &TokenStream, input: &DeriveInput) -> TokenStream {
    let mut words = Words { krate, ident: &input.ident, any_field: None, lines: TokenStream::new() };
    words.read(&input.attrs, "column_type", Place::ColumnType);
    if let Data::Enum(data) = &input.data {
        for variant in &data.variants {
            words.read(&variant.attrs, "column_type", Place::ColumnType);
        }
    }
    let words = words.print(input);
    quote! {
        #[allow(unexpected_cfgs)]
        const _: () = { #words };
    }
}

/// What only the compiler looks at: an editor would show what checks call at the tokens on which their messages stand.
pub(crate) fn unseen(krate: &TokenStream, checks: &TokenStream) -> Option<TokenStream> {
    (!checks.is_empty()).then(|| quote!(#krate::__private::unseen! { #checks }))
}

/// Where a word stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Table,
    Column,
    ColumnType,
    Index,
    /// `index(…)` of a column.
    ColumnIndex,
    /// `columns(…)` of an index.
    Terms,
    /// Other lists of columns.
    Key,
    Check,
    ForeignKey,
    References,
    /// `references(…)` of a foreign key of the table.
    Parent,
    Generated,
}

impl Place {
    /// The module that documents its words, and one of these.
    fn module(self) -> (&'static str, &'static str) {
        match self {
            Place::Table => ("table", "name"),
            Place::Column => ("column", "name"),
            Place::ColumnType => ("column_type", "text"),
            Place::Index => ("index", "name"),
            Place::ColumnIndex => ("column_index", "name"),
            Place::Terms => ("term", "asc"),
            Place::Key => ("key", "name"),
            Place::Check => ("check", "name"),
            Place::ForeignKey => ("foreign_key", "name"),
            Place::References | Place::Parent => ("references", "name"),
            Place::Generated => ("generated", "stored"),
        }
    }

    /// Whether the value of `word` is an action of a foreign key.
    fn is_action(self, word: &Ident) -> bool {
        matches!(self, Place::ForeignKey | Place::References) && (word == "on_delete" || word == "on_update")
    }

    /// What stands in the parentheses behind `word`.
    fn inside(self, word: &Ident) -> Option<Place> {
        Some(match (self, word.to_string().as_str()) {
            (Place::Table, "index") => Place::Index,
            (Place::Column, "index") => Place::ColumnIndex,
            (Place::Table | Place::Column, "check") => Place::Check,
            (Place::Table, "primary_key" | "unique") | (Place::ForeignKey, "columns") => Place::Key,
            (Place::Table, "foreign_key") => Place::ForeignKey,
            (Place::Column, "references") => Place::References,
            (Place::Column, "generated") => Place::Generated,
            (Place::Index, "columns") => Place::Terms,
            (Place::ForeignKey, "references") => Place::Parent,
            _ => return None,
        })
    }
}

/// Makes a line of each word of an attribute.
struct Words<'a> {
    krate: &'a TokenStream,
    ident: &'a Ident,
    any_field: Option<&'a Ident>,
    lines: TokenStream,
}

impl Words<'_> {
    fn read(&mut self, attrs: &[Attribute], kind: &str, place: Place) {
        for attr in attrs.iter().filter(|attr| attr.path().is_ident(kind)) {
            if let Meta::List(list) = &attr.meta {
                self.items(place, list.tokens.clone());
            }
        }
    }

    /// Each part between commas, and what is in its parentheses.
    fn items(&mut self, place: Place, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut table = None;
        for (at, item) in tokens.split(|token| is_punct(token, ',')).enumerate() {
            let [TokenTree::Ident(first), rest @ ..] = item else { continue };
            let assigned = rest.first().is_some_and(|token| is_punct(token, '='));
            match place {
                Place::References | Place::Parent if at == 0 => {
                    table = self.path(item);
                    // Of a table alone nothing is known that would be a value.
                    if place == Place::References {
                        self.lines.extend(table.as_ref().map(|path| quote!(let _ = #path;)));
                    }
                    continue;
                }
                Place::Parent => {
                    if let Some(table) = &table {
                        let name = Case::ScreamingSnake.apply(&first.unraw().to_string());
                        let konst = Ident::new(&name, first.span());
                        self.lines.extend(quote!(let _ = <#table>::#konst;));
                    }
                    continue;
                }
                Place::Key | Place::Terms if !assigned => self.field(Some(first)),
                _ => self.word(place, first),
            }
            match rest {
                [TokenTree::Group(group), ..] if group.delimiter() == Delimiter::Parenthesis => {
                    if let Some(inside) = place.inside(first) {
                        self.items(inside, group.stream());
                    }
                }
                [_, TokenTree::Literal(text)] if place.is_action(first) => self.action(text),
                [_, value @ ..] if assigned && first == "default" => {
                    let null = |path: &Path| ["NULL", "None", "null"].iter().any(|null| path.is_ident(null));
                    let path = self.path(value).filter(|path| !null(path));
                    self.lines.extend(path.map(|path| quote!(let _ = #path;)));
                }
                _ if place == Place::Terms => {
                    for token in rest {
                        if let TokenTree::Ident(ident) = token {
                            self.word(place, ident);
                        }
                    }
                }
                _ => {}
            }
        }
        // Where the next word would stand.
        match place {
            Place::Key | Place::Terms => self.field(self.any_field),
            Place::Parent => {}
            _ => self.word(place, &format_ident!("{}", place.module().1)),
        }
    }

    fn word(&mut self, place: Place, ident: &Ident) {
        let (krate, module) = (self.krate, format_ident!("{}", place.module().0));
        if let Some(word) = word(ident) {
            self.lines.extend(quote!(let _ = #krate::__private::attributes::#module::#word;));
        }
    }

    /// `"set null"` as a path to what documents it.
    fn action(&mut self, text: &Literal) {
        let name = text.to_string().trim_matches('"').replace(' ', "_").to_ascii_lowercase();
        if let Ok(mut action) = syn::parse_str::<Ident>(&name) {
            action.set_span(text.span());
            let krate = self.krate;
            self.lines.extend(quote!(let _ = #krate::__private::attributes::action::#action;));
        }
    }

    fn field(&mut self, ident: Option<&Ident>) {
        if let Some(word) = ident.and_then(word) {
            self.lines.extend(quote!(let _ = &it.#word;));
        }
    }

    /// `tokens` where they are a path, or the beginning of one, as it means outside of the struct.
    fn path(&self, tokens: &[TokenTree]) -> Option<Path> {
        let begun = match tokens {
            [begun @ .., one, other] if is_punct(one, ':') && is_punct(other, ':') => begun,
            _ => tokens,
        };
        let [TokenTree::Ident(_), ..] = begun else { return None };
        let mut path: Path = syn::parse2(begun.iter().cloned().collect()).ok()?;
        if let Some(first) = path.segments.first_mut().filter(|first| first.ident == "Self") {
            let span = first.ident.span();
            first.ident = self.ident.clone();
            first.ident.set_span(span);
        }
        Some(path)
    }

    fn print(&self, input: &DeriveInput) -> TokenStream {
        let (ident, lines) = (&input.ident, &self.lines);
        let (generics, ty_generics, bounds) = input.generics.split_for_impl();
        quote! {
            #[cfg(rust_analyzer)]
            #[allow(dead_code, deprecated, single_use_lifetimes, unused_variables)]
            fn words #generics (it: &#ident #ty_generics) #bounds { #lines }
        }
    }
}

fn is_punct(token: &TokenTree, char: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == char)
}

/// `ident`, raw where it is a keyword of Rust; `None` for the few words that cannot be.
fn word(ident: &Ident) -> Option<Ident> {
    let text = ident.to_string();
    if syn::parse_str::<Ident>(&text).is_ok() {
        return Some(ident.clone());
    }
    let mut raw = syn::parse_str::<Ident>(&format!("r#{text}")).ok()?;
    raw.set_span(ident.span());
    Some(raw)
}

/// The lines of the documentation up to the first blank one. What follows may be code, which would be tested twice.
pub(crate) fn first_paragraph(attrs: &[Attribute]) -> Vec<LitStr> {
    let text = |attr: &Attribute| match &attr.meta {
        Meta::NameValue(doc) if doc.path.is_ident("doc") => match &doc.value {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The paths and fields that the struct's attributes lead to, in order.
    fn lines(input: &str) -> Vec<String> {
        let input: DeriveInput = syn::parse_str(input).expect("a struct");
        let tokens = of_table(&quote!(it), &input).to_string();
        let body = tokens.split("& Task)").nth(1).expect("words").split('}').next().expect("a body");
        let words =
            body.trim_start_matches(" {").split(';').filter_map(|line| line.trim().strip_prefix("let _ = "));
        words.map(|line| line.replace(' ', "").replace("it::__private::attributes::", "")).collect()
    }

    #[test]
    fn each_word_leads_to_what_documents_it() {
        let task = "#[table(index(columns(a desc, expr = \"b\"), unique, where = \"a\"), check(\"a\", name = \"c\"))]
            struct Task {
                #[column(references(Project::ID, on_delete = \"set null\"), default = Status::Open)] a: i64,
                #[column(index(unique), generated(\"a\", stored), type = \"INT\")] b: i64,
            }";
        assert_eq!(
            lines(task),
            [
                "table::index",
                "index::columns",
                "&it.a",
                "term::desc",
                "term::expr",
                "&it.a",
                "index::unique",
                "index::r#where",
                "index::name",
                "table::check",
                "check::name",
                "check::name",
                "table::name",
                "column::references",
                "Project::ID",
                "references::on_delete",
                "action::set_null",
                "references::name",
                "column::default",
                "Status::Open",
                "column::name",
                "column::index",
                "column_index::unique",
                "column_index::name",
                "column::generated",
                "generated::stored",
                "generated::stored",
                "column::r#type",
                "column::name",
            ]
        );
    }

    #[test]
    fn a_half_typed_attribute_has_its_words_all_the_same() {
        for (attribute, leads) in [
            ("table(wit)", &["table::wit", "table::name"][..]),
            ("table(strict, )", &["table::strict", "table::name"]),
            (
                "table(index(columns(slu)))",
                &["table::index", "index::columns", "&it.slu", "&it.a", "index::name", "table::name"],
            ),
            ("table(unique(a, ))", &["table::unique", "&it.a", "&it.a", "table::name"]),
            (
                "table(foreign_key(col))",
                &["table::foreign_key", "foreign_key::col", "foreign_key::name", "table::name"],
            ),
            (
                "table(foreign_key(columns(a), references(Self, to_id)))",
                &[
                    "table::foreign_key",
                    "foreign_key::columns",
                    "&it.a",
                    "&it.a",
                    "foreign_key::references",
                    "<Task>::TO_ID",
                    "foreign_key::name",
                    "table::name",
                ],
            ),
        ] {
            assert_eq!(lines(&format!("#[{attribute}] struct Task {{ a: i64 }}")), leads, "{attribute}");
        }
        for (attribute, leads) in [
            (
                "column(references(Pro))",
                &["column::references", "Pro", "references::name", "column::name"][..],
            ),
            (
                "column(references(Self::, on))",
                &["column::references", "Task", "references::on", "references::name", "column::name"],
            ),
            ("column(default = Status::)", &["column::default", "Status", "column::name"]),
            ("column(default = NULL, crate, 5)", &["column::default", "column::name"]),
        ] {
            assert_eq!(lines(&format!("struct Task {{ #[{attribute}] a: i64 }}")), leads, "{attribute}");
        }
    }
}
