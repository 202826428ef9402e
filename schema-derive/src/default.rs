//! `default = …`: a literal, or a path to a variant or a const.

use proc_macro2::Span;
use syn::parse::ParseStream;
use syn::{Lit, LitStr, Path, Token};

pub(crate) enum DefaultValue {
    Null,
    Bool(bool),
    Integer(i64),
    Real(f64),
    Text(LitStr),
    Bytes(syn::LitByteStr),
    Path(Path),
}

pub(crate) struct DefaultAttr {
    pub(crate) span: Span,
    pub(crate) text: String,
    pub(crate) value: DefaultValue,
}

/// `= 5` and so on.
pub(crate) fn default(input: ParseStream<'_>) -> syn::Result<DefaultAttr> {
    input.parse::<Token![=]>()?;
    let minus = input.parse::<Option<Token![-]>>()?;
    if minus.is_none() && !input.peek(Lit) {
        let path: Path = input.parse().map_err(|error| {
            syn::Error::new(
                error.span(),
                "expected a literal, or a path to a variant or a const; write SQL with `default_sql = \"…\"`",
            )
        })?;
        let span = path.segments.last().map_or_else(Span::call_site, |segment| segment.ident.span());
        let null = path.is_ident("NULL") || path.is_ident("None") || path.is_ident("null");
        let value = if null { DefaultValue::Null } else { DefaultValue::Path(path) };
        return Ok(DefaultAttr { span, text: "NULL".to_owned(), value });
    }
    let literal: Lit = input.parse()?;
    let sign = if minus.is_some() { "-" } else { "" };
    let text = format!("{sign}{}", quote::quote!(#literal));
    let value = match &literal {
        Lit::Int(number) if number.suffix().starts_with('f') => real(sign, number.base10_digits()),
        Lit::Int(number) => {
            format!("{sign}{}", number.base10_digits()).parse().ok().map(DefaultValue::Integer)
        }
        Lit::Float(number) => real(sign, number.base10_digits()),
        Lit::Bool(it) if minus.is_none() => Some(DefaultValue::Bool(it.value)),
        Lit::Str(it) if minus.is_none() => Some(DefaultValue::Text(it.clone())),
        Lit::ByteStr(it) if minus.is_none() => Some(DefaultValue::Bytes(it.clone())),
        _ => {
            let message = format!("`{text}` is no default; expected a number, a string, bytes or a bool");
            return Err(syn::Error::new(literal.span(), message));
        }
    };
    match value {
        Some(value) => Ok(DefaultAttr { span: literal.span(), text, value }),
        None => Err(syn::Error::new(
            literal.span(),
            format!("the default `{text}` is out of range: SQLite's numbers have 64 bits, with a sign"),
        )),
    }
}

fn real(sign: &str, digits: &str) -> Option<DefaultValue> {
    let value: f64 = format!("{sign}{digits}").parse().ok()?;
    value.is_finite().then_some(DefaultValue::Real(value))
}
