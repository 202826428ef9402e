//! A column's default as an attribute: a value where the model writes exactly this one, else its SQL.

use schema_sql::{TokenKind, quote_str, significant};

use super::layout::Item;
use super::names::literal;
use super::types::Kind;

/// `default = …` or `default_sql = "…"` for the default `text` of a column of this type.
pub(super) fn default_item(text: &str, kind: &Kind, nullable: bool, variants: &[(String, String)]) -> Item {
    let sql = || Item::text("default_sql", text);
    let value = |value: &str| Item::leaf(format!("default = {value}"));
    if text.eq_ignore_ascii_case("NULL") {
        // The derive refuses NULL for what is no `Option`; in a database it is a default that no insert can use.
        return if nullable { value("NULL") } else { Item::text("default_sql", "(NULL)") };
    }
    if let Some(string) = string_of(text) {
        let variant = variants.iter().find(|(text, _)| *text == string);
        return match (kind, variant) {
            (Kind::Text | Kind::Any, _) => value(&literal(&string)),
            (Kind::Enum(name), Some((_, variant))) => value(&format!("{name}::{variant}")),
            _ => Item::text("default_sql", &quote_str(&string)),
        };
    }
    match kind {
        Kind::Bool if text == "0" => value("false"),
        Kind::Bool if text == "1" => value("true"),
        Kind::Integer | Kind::Any if is_integer(text) => value(text),
        Kind::Real if is_integer(text) && text.len() < 16 => value(text),
        Kind::Real | Kind::Any if is_real(text) => value(text),
        _ => sql(),
    }
}

fn is_integer(text: &str) -> bool {
    text.parse::<i64>().is_ok_and(|number| number.to_string() == text)
}

fn is_real(text: &str) -> bool {
    text.parse::<f64>().is_ok_and(|number| number.is_finite() && format!("{number:?}") == text)
        && text.contains('.')
        && !text.contains('e')
}

/// The string that a default is: in quotes of any kind, or a word that is no constant.
fn string_of(text: &str) -> Option<String> {
    const CONSTANTS: [&str; 6] =
        ["NULL", "TRUE", "FALSE", "CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP"];
    let tokens = significant(text).ok()?;
    let [token] = tokens.as_slice() else { return None };
    let is_string = match token.kind {
        TokenKind::Str | TokenKind::QuotedId => true,
        TokenKind::Word => !CONSTANTS.iter().any(|word| token.is_word(word)),
        _ => false,
    };
    if is_string { token.ident() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_is_a_value_only_where_the_model_writes_the_same() {
        let variants = [("on hold".to_owned(), "OnHold".to_owned())];
        let status = Kind::Enum("Status".to_owned());
        for (text, kind, nullable, attribute) in [
            ("5", Kind::Integer, false, "default = 5"),
            ("+5", Kind::Integer, false, "default_sql = \"+5\""),
            ("0x10", Kind::Integer, false, "default_sql = \"0x10\""),
            ("'5'", Kind::Integer, false, "default_sql = \"'5'\""),
            ("0", Kind::Real, false, "default = 0"),
            ("0.5", Kind::Real, false, "default = 0.5"),
            ("0.50", Kind::Real, false, "default_sql = \"0.50\""),
            ("1", Kind::Bool, false, "default = true"),
            ("TRUE", Kind::Bool, false, "default_sql = \"TRUE\""),
            ("'it''s'", Kind::Text, false, "default = \"it's\""),
            ("\"note\"", Kind::Text, false, "default = \"note\""),
            ("note", Kind::Integer, false, "default_sql = \"'note'\""),
            ("CURRENT_TIMESTAMP", Kind::Text, false, "default_sql = \"CURRENT_TIMESTAMP\""),
            ("null", Kind::Text, true, "default = NULL"),
            ("NULL", Kind::Text, false, "default_sql = \"(NULL)\""),
            ("'on hold'", status.clone(), false, "default = Status::OnHold"),
            ("'gone'", status, false, "default_sql = \"'gone'\""),
            ("x'00'", Kind::Blob, false, "default_sql = \"x'00'\""),
        ] {
            assert_eq!(default_item(text, &kind, nullable, &variants), Item::leaf(attribute), "{text}");
        }
    }
}
