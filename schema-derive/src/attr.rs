//! Reads `#[table(…)]`, `#[column(…)]` and `#[column_type(…)]` into plain structs. What an attribute means is judged in `check`.

use proc_macro2::{Span, TokenTree};
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{Attribute, Ident, LitStr, Token, TypePath, parenthesized};

use crate::default::{DefaultAttr, default};
use crate::errors::{Errors, list};

/// A column as a list names it: a field, or a column's name in quotes.
pub(crate) struct ColumnRef {
    pub(crate) text: String,
    pub(crate) quoted: bool,
    pub(crate) span: Span,
}

/// A list of columns, with an optional name for the constraint.
pub(crate) struct KeyAttr {
    pub(crate) span: Span,
    pub(crate) columns: Vec<ColumnRef>,
    pub(crate) name: Option<LitStr>,
}

pub(crate) struct CheckAttr {
    pub(crate) expr: LitStr,
    pub(crate) name: Option<LitStr>,
}

pub(crate) enum Term {
    Column(ColumnRef),
    Expr(LitStr),
}

pub(crate) struct TermAttr {
    pub(crate) term: Term,
    pub(crate) collate: Option<LitStr>,
    pub(crate) desc: bool,
}

pub(crate) struct IndexAttr {
    pub(crate) span: Span,
    pub(crate) terms: Vec<TermAttr>,
    pub(crate) unique: bool,
    pub(crate) filter: Option<LitStr>,
    pub(crate) name: Option<LitStr>,
    pub(crate) allow: Vec<LitStr>,
}

/// What follows the columns of any foreign key.
#[derive(Default)]
pub(crate) struct ActionsAttr {
    pub(crate) on_delete: Option<LitStr>,
    pub(crate) on_update: Option<LitStr>,
    pub(crate) deferrable: Option<Span>,
    pub(crate) name: Option<LitStr>,
}

pub(crate) struct ReferencesAttr {
    pub(crate) column: TypePath,
    pub(crate) actions: ActionsAttr,
}

pub(crate) struct ForeignKeyAttr {
    pub(crate) span: Span,
    pub(crate) columns: Vec<ColumnRef>,
    pub(crate) table: TypePath,
    pub(crate) to: Vec<Ident>,
    pub(crate) actions: ActionsAttr,
}

pub(crate) struct GeneratedAttr {
    pub(crate) expr: LitStr,
    pub(crate) stored: bool,
}

#[derive(Default)]
pub(crate) struct TableAttrs {
    pub(crate) krate: Option<LitStr>,
    pub(crate) name: Option<LitStr>,
    pub(crate) rename_all: Option<LitStr>,
    pub(crate) strict: Option<Span>,
    pub(crate) without_rowid: Option<Span>,
    pub(crate) external: Option<Span>,
    pub(crate) column_order: Option<LitStr>,
    pub(crate) primary_key: Option<KeyAttr>,
    pub(crate) uniques: Vec<KeyAttr>,
    pub(crate) indexes: Vec<IndexAttr>,
    pub(crate) checks: Vec<CheckAttr>,
    pub(crate) foreign_keys: Vec<ForeignKeyAttr>,
    pub(crate) renamed_from: Vec<LitStr>,
    pub(crate) dropped: Vec<LitStr>,
    pub(crate) allow: Vec<LitStr>,
}

#[derive(Default)]
pub(crate) struct ColumnAttrs {
    pub(crate) name: Option<LitStr>,
    pub(crate) type_name: Option<LitStr>,
    pub(crate) primary_key: Option<Span>,
    pub(crate) autoincrement: Option<Span>,
    pub(crate) unique: Option<Span>,
    pub(crate) indexes: Vec<IndexAttr>,
    pub(crate) default: Option<DefaultAttr>,
    pub(crate) default_sql: Option<LitStr>,
    pub(crate) checks: Vec<CheckAttr>,
    pub(crate) references: Option<ReferencesAttr>,
    pub(crate) collate: Option<LitStr>,
    pub(crate) generated: Option<GeneratedAttr>,
    pub(crate) renamed_from: Vec<LitStr>,
    pub(crate) backfill: Option<LitStr>,
    pub(crate) convert: Option<LitStr>,
    pub(crate) json: Option<Span>,
    pub(crate) skip: Option<Span>,
    pub(crate) allow: Vec<LitStr>,
}

#[derive(Default)]
pub(crate) struct ColumnTypeAttrs {
    pub(crate) krate: Option<LitStr>,
    pub(crate) text: Option<Span>,
    pub(crate) integer: Option<Span>,
    pub(crate) rename_all: Option<LitStr>,
    pub(crate) rename: Option<LitStr>,
}

const TABLE: &[&str] = &[
    "name",
    "rename_all",
    "strict",
    "without_rowid",
    "primary_key",
    "unique",
    "index",
    "check",
    "foreign_key",
    "renamed_from",
    "dropped",
    "external",
    "column_order",
    "allow",
    "crate",
];
const COLUMN: &[&str] = &[
    "name",
    "type",
    "primary_key",
    "autoincrement",
    "unique",
    "index",
    "default",
    "default_sql",
    "check",
    "references",
    "collate",
    "generated",
    "renamed_from",
    "backfill",
    "convert",
    "json",
    "skip",
    "allow",
];
const COLUMN_TYPE: &[&str] = &["text", "integer", "rename_all", "rename", "crate"];

type Parse<T> = syn::Result<T>;

impl TableAttrs {
    pub(crate) fn read(attrs: &[Attribute], errors: &Errors) -> Self {
        let mut it = TableAttrs::default();
        read(attrs, "table", errors, |key, input| match key.to_string().as_str() {
            "crate" => once(&mut it.krate, key, text(input)?),
            "name" => once(&mut it.name, key, text(input)?),
            "rename_all" => once(&mut it.rename_all, key, text(input)?),
            "strict" => once(&mut it.strict, key, key.span()),
            "without_rowid" => once(&mut it.without_rowid, key, key.span()),
            "external" => once(&mut it.external, key, key.span()),
            "column_order" => once(&mut it.column_order, key, text(input)?),
            "primary_key" => {
                let list = key_list(key, input)?;
                match &list.name {
                    Some(name) => Err(syn::Error::new(name.span(), "a primary key has no name; remove it")),
                    None => once(&mut it.primary_key, key, list),
                }
            }
            "unique" => key_list(key, input).map(|list| it.uniques.push(list)),
            "index" => index(key, input, None, errors).map(|index| it.indexes.push(index)),
            "check" => check(input, errors).map(|check| it.checks.push(check)),
            "foreign_key" => foreign_key(key, input, errors).map(|list| it.foreign_keys.push(list)),
            "renamed_from" => text(input).map(|name| it.renamed_from.push(name)),
            "dropped" => {
                let content = parens(input)?;
                let names = content.parse_terminated(parse_text, Token![,])?;
                it.dropped.extend(names);
                Ok(())
            }
            "allow" => allow(input).map(|codes| it.allow.extend(codes)),
            _ => Err(unknown("table", key, TABLE)),
        });
        it
    }
}

impl ColumnAttrs {
    pub(crate) fn read(attrs: &[Attribute], field: &str, errors: &Errors) -> Self {
        let mut it = ColumnAttrs::default();
        read(attrs, "column", errors, |key, input| match key.to_string().as_str() {
            "name" => once(&mut it.name, key, text(input)?),
            "type" => once(&mut it.type_name, key, text(input)?),
            "primary_key" => once(&mut it.primary_key, key, key.span()),
            "autoincrement" => once(&mut it.autoincrement, key, key.span()),
            "unique" => once(&mut it.unique, key, key.span()),
            "index" => {
                if it.indexes.iter().any(|index| index.name.is_none()) {
                    return Err(repeated(key));
                }
                index(key, input, Some(field), errors).map(|index| it.indexes.push(index))
            }
            "default" => once(&mut it.default, key, default(input)?),
            "default_sql" => once(&mut it.default_sql, key, text(input)?),
            "check" => check(input, errors).map(|check| it.checks.push(check)),
            "references" => once(&mut it.references, key, references(input, errors)?),
            "collate" => once(&mut it.collate, key, text(input)?),
            "generated" => once(&mut it.generated, key, generated(input)?),
            "renamed_from" => text(input).map(|name| it.renamed_from.push(name)),
            "backfill" => once(&mut it.backfill, key, text(input)?),
            "convert" => once(&mut it.convert, key, text(input)?),
            "json" => once(&mut it.json, key, key.span()),
            "skip" => once(&mut it.skip, key, key.span()),
            "allow" => allow(input).map(|codes| it.allow.extend(codes)),
            _ => Err(unknown("column", key, COLUMN)),
        });
        it
    }
}

impl ColumnTypeAttrs {
    pub(crate) fn read(attrs: &[Attribute], errors: &Errors) -> Self {
        let mut it = ColumnTypeAttrs::default();
        read(attrs, "column_type", errors, |key, input| match key.to_string().as_str() {
            "crate" => once(&mut it.krate, key, text(input)?),
            "text" => once(&mut it.text, key, key.span()),
            "integer" => once(&mut it.integer, key, key.span()),
            "rename_all" => once(&mut it.rename_all, key, text(input)?),
            "rename" => once(&mut it.rename, key, text(input)?),
            _ => Err(unknown("column_type", key, COLUMN_TYPE)),
        });
        it
    }
}

/// Calls `each` for every item of every `#[kind(…)]`; after a mistake it goes on behind the next comma.
fn read(
    attrs: &[Attribute],
    kind: &str,
    errors: &Errors,
    mut each: impl FnMut(&Ident, ParseStream<'_>) -> Parse<()>,
) {
    for attr in attrs.iter().filter(|attr| attr.path().is_ident(kind)) {
        let parsed = attr.parse_args_with(|input: ParseStream<'_>| items(input, errors, &mut each));
        if let Err(error) = parsed {
            errors.push(error);
        }
    }
}

fn items(
    input: ParseStream<'_>,
    errors: &Errors,
    each: &mut dyn FnMut(&Ident, ParseStream<'_>) -> Parse<()>,
) -> Parse<()> {
    while !input.is_empty() {
        // An editor completes a keyword as `r#type`.
        let result = input.call(Ident::parse_any).and_then(|key| each(&key.unraw(), input));
        if let Err(error) = result {
            errors.push(error);
            skip_to_comma(input)?;
        }
        skip_item(input, errors)?;
    }
    Ok(())
}

/// Goes behind the comma that ends an item; what stands before it is a mistake.
pub(crate) fn skip_item(input: ParseStream<'_>, errors: &Errors) -> Parse<()> {
    if !input.is_empty() && !input.peek(Token![,]) {
        errors.push(input.error("expected `,`"));
        skip_to_comma(input)?;
    }
    if !input.is_empty() {
        input.parse::<Token![,]>()?;
    }
    Ok(())
}

pub(crate) fn skip_to_comma(input: ParseStream<'_>) -> Parse<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

fn once<T>(slot: &mut Option<T>, key: &Ident, value: T) -> Parse<()> {
    if slot.is_some() {
        return Err(repeated(key));
    }
    *slot = Some(value);
    Ok(())
}

fn repeated(key: &Ident) -> syn::Error {
    syn::Error::new(key.span(), format!("repeated attribute `{key}`; give it once"))
}

fn unknown(kind: &str, key: &Ident, known: &[&str]) -> syn::Error {
    let message =
        format!("unknown {kind} attribute `{key}`; expected one of {}", list(known.iter().copied()));
    syn::Error::new(key.span(), message)
}

/// `= "text"`.
fn text(input: ParseStream<'_>) -> Parse<LitStr> {
    input.parse::<Token![=]>()?;
    parse_text(input)
}

fn parse_text(input: ParseStream<'_>) -> Parse<LitStr> {
    input.parse().map_err(|error| syn::Error::new(error.span(), "expected a string literal"))
}

/// `= "L511"` or `("L511", "L512")`.
fn allow(input: ParseStream<'_>) -> Parse<Vec<LitStr>> {
    if input.peek(Token![=]) {
        return Ok(vec![text(input)?]);
    }
    Ok(parens(input)?.parse_terminated(parse_text, Token![,])?.into_iter().collect())
}

fn parens<'a>(input: ParseStream<'a>) -> Parse<syn::parse::ParseBuffer<'a>> {
    let content;
    parenthesized!(content in input);
    Ok(content)
}

fn column_ref(input: ParseStream<'_>) -> Parse<ColumnRef> {
    if input.peek(LitStr) {
        let name: LitStr = input.parse()?;
        return Ok(ColumnRef { text: name.value(), quoted: true, span: name.span() });
    }
    let field = input.call(Ident::parse_any)?;
    Ok(ColumnRef { text: field.unraw().to_string(), quoted: false, span: field.span() })
}

/// `(a, b, name = "…")`.
fn key_list(key: &Ident, input: ParseStream<'_>) -> Parse<KeyAttr> {
    let content = parens(input)?;
    let mut list = KeyAttr { span: key.span(), columns: Vec::new(), name: None };
    while !content.is_empty() {
        if content.peek2(Token![=]) {
            let word = content.call(Ident::parse_any)?;
            if word != "name" {
                return Err(syn::Error::new(word.span(), "expected a column or `name = \"…\"`"));
            }
            once(&mut list.name, &word, text(&content)?)?;
        } else {
            list.columns.push(column_ref(&content)?);
        }
        comma(&content)?;
    }
    Ok(list)
}

fn comma(input: ParseStream<'_>) -> Parse<()> {
    if !input.is_empty() {
        input.parse::<Token![,]>()?;
    }
    Ok(())
}

/// `(columns(a desc, b collate "nocase", expr = "lower(x)"), unique, where = "…", name = "…")`; on a column, whose only
/// term is the field, without `columns`.
fn index(key: &Ident, input: ParseStream<'_>, field: Option<&str>, errors: &Errors) -> Parse<IndexAttr> {
    let mut it = IndexAttr {
        span: key.span(),
        terms: Vec::new(),
        unique: false,
        filter: None,
        name: None,
        allow: Vec::new(),
    };
    if let Some(field) = field {
        let column = ColumnRef { text: field.to_owned(), quoted: false, span: key.span() };
        it.terms.push(TermAttr { term: Term::Column(column), collate: None, desc: false });
        if !input.peek(syn::token::Paren) {
            return Ok(it);
        }
    }
    let content = parens(input)?;
    let mut unique = None;
    items(&content, errors, &mut |word, input| match word.to_string().as_str() {
        "columns" if field.is_none() => {
            let content = parens(input)?;
            it.terms.extend(content.parse_terminated(term, Token![,])?);
            Ok(())
        }
        "unique" => once(&mut unique, word, ()),
        "where" => once(&mut it.filter, word, text(input)?),
        "name" => once(&mut it.name, word, text(input)?),
        "allow" => allow(input).map(|codes| it.allow.extend(codes)),
        _ if field.is_none() => Err(unknown("index", word, &["columns", "unique", "where", "name", "allow"])),
        _ => Err(unknown("index", word, &["unique", "where", "name", "allow"])),
    })?;
    it.unique = unique.is_some();
    Ok(it)
}

fn term(input: ParseStream<'_>) -> Parse<TermAttr> {
    let term = if input.peek2(Token![=]) {
        let word = input.call(Ident::parse_any)?;
        if word != "expr" {
            return Err(syn::Error::new(word.span(), "expected a column or `expr = \"…\"`"));
        }
        Term::Expr(text(input)?)
    } else {
        Term::Column(column_ref(input)?)
    };
    let mut it = TermAttr { term, collate: None, desc: false };
    while !input.is_empty() && !input.peek(Token![,]) {
        let word = input.call(Ident::parse_any)?;
        match word.to_string().as_str() {
            "desc" => it.desc = true,
            "asc" => it.desc = false,
            "collate" => once(&mut it.collate, &word, parse_text(input)?)?,
            _ => return Err(syn::Error::new(word.span(), "expected `asc`, `desc`, `collate \"…\"` or `,`")),
        }
    }
    Ok(it)
}

/// `("expr", name = "…")` or `= "expr"`.
fn check(input: ParseStream<'_>, errors: &Errors) -> Parse<CheckAttr> {
    if input.peek(Token![=]) {
        return Ok(CheckAttr { expr: text(input)?, name: None });
    }
    let content = parens(input)?;
    let mut it = CheckAttr { expr: parse_text(&content)?, name: None };
    comma(&content)?;
    items(&content, errors, &mut |word, input| match word.to_string().as_str() {
        "name" => once(&mut it.name, word, text(input)?),
        _ => Err(unknown("check", word, &["name"])),
    })?;
    Ok(it)
}

fn generated(input: ParseStream<'_>) -> Parse<GeneratedAttr> {
    let content = parens(input)?;
    let expr = parse_text(&content)?;
    comma(&content)?;
    let mut stored = false;
    if !content.is_empty() {
        let word = content.call(Ident::parse_any)?;
        stored = word == "stored";
        if !stored && word != "virtual" {
            return Err(syn::Error::new(word.span(), "expected `stored` or `virtual`"));
        }
        comma(&content)?;
    }
    Ok(GeneratedAttr { expr, stored })
}

fn actions(input: ParseStream<'_>, errors: &Errors) -> Parse<ActionsAttr> {
    let mut it = ActionsAttr::default();
    items(input, errors, &mut |word, input| match word.to_string().as_str() {
        "on_delete" => once(&mut it.on_delete, word, text(input)?),
        "on_update" => once(&mut it.on_update, word, text(input)?),
        "deferrable" => once(&mut it.deferrable, word, word.span()),
        "name" => once(&mut it.name, word, text(input)?),
        _ => Err(unknown("foreign key", word, &["on_delete", "on_update", "deferrable", "name"])),
    })?;
    Ok(it)
}

fn references(input: ParseStream<'_>, errors: &Errors) -> Parse<ReferencesAttr> {
    let content = parens(input)?;
    let column: TypePath = content.parse()?;
    if column.qself.is_none() && column.path.segments.len() < 2 {
        return Err(syn::Error::new_spanned(
            column,
            "expected a table's column, written `Table::COLUMN`: the column's name in upper case",
        ));
    }
    comma(&content)?;
    Ok(ReferencesAttr { column, actions: actions(&content, errors)? })
}

/// `(columns(a, b), references(Other, x, y), on_delete = "…", …)`.
fn foreign_key(key: &Ident, input: ParseStream<'_>, errors: &Errors) -> Parse<ForeignKeyAttr> {
    const SHAPE: &str = "expected `columns(…), references(Table, …)`";
    let content = parens(input)?;
    let word = content.call(Ident::parse_any)?;
    if word != "columns" {
        return Err(syn::Error::new(word.span(), SHAPE));
    }
    let columns = parens(&content)?.parse_terminated(column_ref, Token![,])?;
    content.parse::<Token![,]>()?;
    let word = content.call(Ident::parse_any)?;
    if word != "references" {
        return Err(syn::Error::new(word.span(), SHAPE));
    }
    let parent = parens(&content)?;
    let table: TypePath = parent.parse()?;
    comma(&parent)?;
    let to = parent.parse_terminated(Ident::parse_any, Token![,])?;
    comma(&content)?;
    Ok(ForeignKeyAttr {
        span: key.span(),
        columns: columns.into_iter().collect(),
        table,
        to: to.into_iter().collect(),
        actions: actions(&content, errors)?,
    })
}
