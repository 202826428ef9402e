//! Attributes in the layout that rustfmt gives them, so that what is printed is formatted already.

/// One item of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    /// `unique`, `name = "x"`, a column, a literal.
    Leaf(String),
    /// `index(…)`.
    Call(&'static str, Vec<Item>),
}

impl Item {
    pub(super) fn leaf(text: impl Into<String>) -> Item {
        Item::Leaf(text.into())
    }

    /// `key = "value"`
    pub(super) fn text(key: &str, value: &str) -> Item {
        Item::Leaf(format!("{key} = {}", super::names::literal(value)))
    }

    fn one_line(&self) -> String {
        match self {
            Item::Leaf(text) => text.clone(),
            Item::Call(name, items) => format!("{name}({})", joined(items)),
        }
    }

    /// Whether no list of several items, here or inside, is too wide for one line.
    fn is_narrow(&self) -> bool {
        match self {
            Item::Leaf(_) => true,
            Item::Call(_, items) => {
                (items.len() < 2 || width(&joined(items)) <= LIST) && items.iter().all(Item::is_narrow)
            }
        }
    }

    /// At `indent` blanks, inside of `depth` lists that have nothing else, where `around` characters more stand on the line.
    fn print(&self, indent: usize, around: usize, depth: usize) -> String {
        let one_line = self.one_line();
        let Item::Call(name, items) = self else { return one_line };
        let kept_back = depth + usize::from(indent > 0);
        if self.is_narrow() && indent + around + width(&one_line) + kept_back <= LINE {
            return one_line;
        }
        match items.as_slice() {
            [only @ Item::Call(..)] => {
                let head = width(name) + 2;
                format!("{name}({})", only.print(indent, around + head, depth + 1))
            }
            items => {
                let inner = indent + 4;
                let lines: Vec<String> =
                    items.iter().map(|item| format!("{:inner$}{}", "", item.print(inner, 1, 0))).collect();
                format!("{name}(\n{}\n{:indent$})", lines.join(",\n"), "")
            }
        }
    }
}

/// rustfmt's `max_width`.
const LINE: usize = 100;
/// rustfmt's `attr_fn_like_width`.
const LIST: usize = 70;

fn joined(items: &[Item]) -> String {
    items.iter().map(Item::one_line).collect::<Vec<_>>().join(", ")
}

fn width(text: &str) -> usize {
    text.chars().count()
}

/// The attributes `#[name(…)]` that say `items`, one a line: a single one where it is short, else the plain items in one and
/// each list in one of its own.
pub(super) fn attributes(name: &'static str, items: Vec<Item>, indent: usize) -> Vec<String> {
    if items.is_empty() {
        return Vec::new();
    }
    let print =
        |items: Vec<Item>| format!("{:indent$}#[{}]", "", Item::Call(name, items).print(indent, 3, 0));
    let line = joined(&items);
    if items.len() == 1 || (width(&line) <= LIST && indent + width(name) + width(&line) + 6 <= LINE) {
        return vec![print(items)];
    }
    let (leaves, calls): (Vec<Item>, Vec<Item>) =
        items.into_iter().partition(|item| matches!(item, Item::Leaf(_)));
    let plain = (!leaves.is_empty()).then_some(leaves);
    plain.into_iter().chain(calls.into_iter().map(|call| vec![call])).map(print).collect()
}
