//! `tasks` is a table of tasks, and a struct is one `Task`.
//!
//! Only endings of English that have one singular are taken off: a plural that stays is a matter of taste, a word that is none (`Statu`) is
//! a mistake.

/// Words that end as a plural does and are none, or whose singular no rule here finds.
const AS_THEY_ARE: [&str; 34] = [
    "alias",
    "always",
    "atlas",
    "aws",
    "bias",
    "birdies",
    "calories",
    "canvas",
    "chaos",
    "cookies",
    "cosmos",
    "diabetes",
    "does",
    "gas",
    "goods",
    "headquarters",
    "hoodies",
    "kudos",
    "lens",
    "means",
    "movies",
    "news",
    "pants",
    "perhaps",
    "premises",
    "rookies",
    "selfies",
    "series",
    "species",
    "thanks",
    "towards",
    "windows",
    "yes",
    "zombies",
];

/// The singular of a word in lower case, where it is certain; `None` where it may be one already.
pub(super) fn singular(word: &str) -> Option<String> {
    if word.chars().count() < 4 || !word.is_ascii() || AS_THEY_ARE.contains(&word) {
        return None;
    }
    let ends = |endings: &[&str]| endings.iter().any(|ending| word.ends_with(ending));
    let without = |count: usize| word.get(..word.len() - count).map(str::to_owned);
    if ends(&["ies"]) {
        return if word.len() < 5 { None } else { without(3).map(|stem| format!("{stem}y")) };
    }
    if ends(&["sses", "shes", "tches", "nches", "rches"]) || (ends(&["xes"]) && !ends(&["axes"])) {
        return without(2);
    }
    let uncertain = ["ss", "us", "is", "ics", "ses", "xes", "zzes", "hes", "oes", "ves", "'s"];
    if !ends(&["s"]) || ends(&uncertain) {
        return None;
    }
    // Without a vowel it is an abbreviation.
    without(1).filter(|stem| stem.contains(['a', 'e', 'i', 'o', 'u', 'y']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_certain_plural_becomes_a_singular() {
        for (plural, one) in [
            ("tasks", "task"),
            ("categories", "category"),
            ("addresses", "address"),
            ("branches", "branch"),
            ("matches", "match"),
            ("hashes", "hash"),
            ("boxes", "box"),
            ("indexes", "index"),
            ("messages", "message"),
            ("types", "type"),
            ("sizes", "size"),
            ("schemas", "schema"),
            ("photos", "photo"),
            ("keys", "key"),
            ("views", "view"),
            ("statistics", ""),
            ("status", ""),
            ("statuses", ""),
            ("analysis", ""),
            ("process", ""),
            ("series", ""),
            ("movies", ""),
            ("ties", ""),
            ("caches", ""),
            ("axes", ""),
            ("heroes", ""),
            ("leaves", ""),
            ("databases", ""),
            ("news", ""),
            ("sms", ""),
            ("https", ""),
            ("größen", ""),
            ("people", ""),
            ("data", ""),
            ("", ""),
        ] {
            assert_eq!(singular(plural).as_deref(), Some(one).filter(|one| !one.is_empty()), "{plural}");
        }
    }
}
