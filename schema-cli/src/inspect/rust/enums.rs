//! Enums of the columns whose check lists the texts that they may have.

use super::layout::{Item, attributes};
use super::names::{Case, Names, words};

/// The variants of an enum: their texts and their names.
pub(super) type Variants = Vec<(String, String)>;

/// The enums of a module. Two columns have the same one where their lists are equal and their names end in the same word, as those of
/// `status` and `old_status` do: lists such as `'yes', 'no'` are equal by chance as well.
#[derive(Debug, Default)]
pub(super) struct Enums {
    made: Vec<Made>,
}

#[derive(Debug)]
struct Made {
    word: String,
    name: String,
    variants: Variants,
}

/// What a column gets.
pub(super) struct Enum {
    pub(super) name: String,
    pub(super) variants: Variants,
    /// Its source, where no column before has it.
    pub(super) text: Option<String>,
}

impl Enums {
    /// The enum of the field of the struct `owner` that may have these texts.
    pub(super) fn of(&mut self, types: &mut Names, owner: &str, field: &str, texts: Vec<String>) -> Enum {
        let word = words(field).pop().unwrap_or_default();
        let is_same = |made: &&Made| {
            made.word == word
                && texts.len() > 1
                && texts.iter().eq(made.variants.iter().map(|(text, _)| text))
        };
        if let Some(made) = self.made.iter().find(is_same) {
            return Enum { name: made.name.clone(), variants: made.variants.clone(), text: None };
        }
        let name = types.ty(&format!("{owner}_{field}"), "Enum", "Kind");
        let mut names = Names::default();
        let variants: Variants = texts
            .into_iter()
            .map(|text| {
                let wordless = !text.chars().any(char::is_alphanumeric);
                let variant = names.ty(if wordless { "empty" } else { &text }, "Value", "Value");
                (text, variant)
            })
            .collect();
        let text = Some(enum_text(&name, &variants));
        self.made.push(Made { word, name: name.clone(), variants: variants.clone() });
        Enum { name, variants, text }
    }
}

/// ```text
/// #[derive(ColumnType)]
/// #[column_type(rename_all = "SCREAMING_SNAKE_CASE")]
/// pub enum TaskSize {
///     Small,
///     VeryLarge,
/// }
/// ```
fn enum_text(name: &str, variants: &[(String, String)]) -> String {
    let fits = |rule: Case| variants.iter().all(|(text, variant)| rule.apply(variant) == *text);
    let rule = Case::ALL.into_iter().find(|(_, rule)| fits(*rule));
    let mut lines = vec!["#[derive(ColumnType)]".to_owned()];
    if let Some((rule, _)) = rule.filter(|(_, rule)| *rule != Case::Snake) {
        lines.extend(attributes("column_type", vec![Item::text("rename_all", rule)], 0));
    }
    lines.push(format!("pub enum {name} {{"));
    for (text, variant) in variants {
        if rule.is_none() && Case::Snake.apply(variant) != *text {
            lines.extend(attributes("column_type", vec![Item::text("rename", text)], 4));
        }
        lines.push(format!("    {variant},"));
    }
    lines.push("}".to_owned());
    lines.join("\n")
}
