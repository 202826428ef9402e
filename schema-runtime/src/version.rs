//! The order of version numbers.

use std::cmp::Ordering;

/// Compares versions as dotted numbers: `1.10` is above `1.9`, `1.0` equals `1` and `v1.0.0`, a pre-release (`2.0-rc.1`) is below
/// its release, what follows a `+` does not count. Numbers may be of any length. Other text compares as pre-release text.
pub(crate) fn version_cmp(a: &str, b: &str) -> Ordering {
    let (a, b) = (split(a), split(b));
    let len = a.numbers.len().max(b.numbers.len());
    for at in 0..len {
        let order = number_cmp(a.numbers.get(at).copied(), b.numbers.get(at).copied());
        if order != Ordering::Equal {
            return order;
        }
    }
    match (a.pre.is_empty(), b.pre.is_empty()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => pre_cmp(a.pre, b.pre),
    }
}

struct Version<'a> {
    numbers: Vec<&'a str>,
    pre: &'a str,
}

/// `v1.2.3-rc.1+build` as 1, 2, 3 and `rc.1`; `1.2b3` as 1, 2 and `b3`.
fn split(text: &str) -> Version<'_> {
    let text = text.trim();
    let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
    let text = text.split('+').next().unwrap_or(text);
    let mut numbers = Vec::new();
    let mut rest = text;
    loop {
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (digits, tail) = rest.split_at(end);
        if digits.is_empty() {
            break;
        }
        numbers.push(digits);
        rest = tail;
        match tail.strip_prefix('.') {
            Some(after) => rest = after,
            None => break,
        }
    }
    Version { numbers, pre: rest.trim_start_matches(['-', '.']) }
}

/// Compares digits of any length; a missing number is zero.
fn number_cmp(a: Option<&str>, b: Option<&str>) -> Ordering {
    let a = a.unwrap_or("").trim_start_matches('0');
    let b = b.unwrap_or("").trim_start_matches('0');
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// Numbers below text, numbers by value, fewer parts below more: semver.org, section 11.
fn pre_cmp(a: &str, b: &str) -> Ordering {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(a), Some(b)) => match (is_number(a), is_number(b)) {
                (true, true) => number_cmp(Some(a), Some(b)),
                (true, false) => Ordering::Less,
                (false, true) => Ordering::Greater,
                (false, false) => a.cmp(b),
            },
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_in_order_as_dotted_numbers() {
        let rising = [
            "",
            "0.1",
            "1.9-beta",
            "1.9",
            "1.10",
            "1.10.1",
            "2.0.0-1",
            "2.0.0-alpha",
            "2.0.0-alpha.2",
            "2.0.0-alpha.10",
            "2.0.0-rc.1",
            "2.0.0",
            "2.0.0.1",
            "10",
            "2026.11",
            "99999999999999999999999999",
        ];
        for (at, a) in rising.iter().enumerate() {
            for (other, b) in rising.iter().enumerate() {
                assert_eq!(version_cmp(a, b), at.cmp(&other), "{a} {b}");
            }
        }
        for (a, b) in [("1", "1.0.0"), ("v1.2", "1.02"), ("1.0+a", "1.0+b"), (" 1.0", "1.0")] {
            assert_eq!(version_cmp(a, b), Ordering::Equal, "{a} {b}");
        }
    }
}
