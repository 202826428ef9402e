//! The lines that programs print, put together, and what is told of them.

use std::fmt::Write as _;

/// Nanoseconds of one program, one size and one case.
#[derive(Clone, Debug)]
pub struct Samples {
    pub who: String,
    pub n: u64,
    pub case: String,
    pub ns: Vec<u64>,
}

/// All samples, and what programs said of themselves, in the order in which they came.
#[derive(Default)]
pub struct Board {
    pub list: Vec<Samples>,
    /// Who, what of (`version` or `SQLite`), and the text.
    pub said: Vec<(String, String, String)>,
}

impl Board {
    /// Takes what a program printed; lines that say the same as others are put to these.
    pub fn take(&mut self, printed: &str) {
        for line in printed.lines() {
            let fields: Vec<&str> = line.split('\t').collect();
            let &[who, n, case, values, ..] = fields.as_slice() else { continue };
            if matches!(case, "version" | "SQLite") {
                self.say(who, case, values);
                continue;
            }
            let Ok(n) = n.parse() else { continue };
            let values: Vec<u64> = values.split(',').filter_map(|it| it.parse().ok()).collect();
            self.add(who, n, case, &values);
        }
    }

    pub fn say(&mut self, who: &str, what: &str, text: &str) {
        if self.of(who, what).is_none() {
            self.said.push((who.to_owned(), what.to_owned(), text.to_owned()));
        }
    }

    pub fn of(&self, who: &str, what: &str) -> Option<&str> {
        self.said.iter().find(|it| it.0 == who && it.1 == what).map(|it| it.2.as_str())
    }

    pub fn add(&mut self, who: &str, n: u64, case: &str, ns: &[u64]) {
        match self.list.iter_mut().find(|it| it.who == who && it.n == n && it.case == case) {
            Some(found) => found.ns.extend(ns),
            None => {
                self.list.push(Samples { who: who.to_owned(), n, case: case.to_owned(), ns: ns.to_vec() })
            }
        }
    }

    pub fn find(&self, who: &str, n: u64, case: &str) -> Option<&Samples> {
        self.list.iter().find(|it| it.who == who && it.n == n && it.case == case)
    }

    /// Who took part in a case, in the order of the medians of its largest size.
    pub fn who(&self, case: &str) -> Vec<&str> {
        let mut found: Vec<&str> = Vec::new();
        for it in self.list.iter().filter(|it| it.case == case) {
            if !found.contains(&it.who.as_str()) {
                found.push(&it.who);
            }
        }
        let median = |who: &str| {
            let largest =
                self.list.iter().filter(|it| it.who == who && it.case == case).max_by_key(|it| it.n);
            largest.map_or((u64::MAX, 0), |it| (u64::MAX - it.n, it.median()))
        };
        found.sort_by_key(|who| median(who));
        found
    }

    /// The sizes of a case, ascending.
    pub fn sizes(&self, case: &str) -> Vec<u64> {
        let mut found: Vec<u64> = self.list.iter().filter(|it| it.case == case).map(|it| it.n).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// One case as a Markdown table: a row for each program; for each size the median, the range, and the ratios of the median to
    /// those of `raw` and `schema`.
    pub fn table(&self, case: &str, unit: &str) -> String {
        let sizes = self.sizes(case);
        let mut text = String::from("| |");
        for n in &sizes {
            let _ = write!(text, " {} {unit}: median (min..max) | by raw | by ours |", thousands(*n));
        }
        let _ = write!(text, "\n| --- |{}\n", " ---: | ---: | ---: |".repeat(sizes.len()));
        for who in self.who(case) {
            let _ = write!(text, "| {who} |");
            for &n in &sizes {
                match self.find(who, n, case) {
                    Some(found) => {
                        let by = |other: &str| {
                            self.find(other, n, case).map_or("-".to_owned(), |it| {
                                ratio(found.median() as f64 / it.median() as f64)
                            })
                        };
                        let (min, max) = found.range();
                        let _ = write!(
                            text,
                            " {} ({}..{}) | {} | {} |",
                            shown(found.median()),
                            shown(min),
                            shown(max),
                            by("raw"),
                            by("schema")
                        );
                    }
                    None => text.push_str(" - | - | - |"),
                }
            }
            text.push('\n');
        }
        text
    }

    /// Every median with its range and its number of samples.
    pub fn csv(&self) -> String {
        let mut text = String::from("who,size,case,samples,median_ns,min_ns,max_ns\n");
        for it in &self.list {
            let (min, max) = it.range();
            let _ = writeln!(
                text,
                "\"{}\",{},\"{}\",{},{},{min},{max}",
                it.who,
                it.n,
                it.case,
                it.ns.len(),
                it.median()
            );
        }
        text
    }
}

impl Samples {
    /// Of an even number, the mean of the two in the middle.
    pub fn median(&self) -> u64 {
        let mut sorted = self.ns.clone();
        sorted.sort_unstable();
        let at = |at: usize| sorted.get(at).copied().unwrap_or_default();
        let half = sorted.len() / 2;
        if sorted.len().is_multiple_of(2) { at(half.saturating_sub(1)).midpoint(at(half)) } else { at(half) }
    }

    /// The least and the greatest.
    pub fn range(&self) -> (u64, u64) {
        let least = self.ns.iter().min().copied().unwrap_or_default();
        (least, self.ns.iter().max().copied().unwrap_or_default())
    }
}

/// Nanoseconds with three digits and a unit.
pub fn shown(ns: u64) -> String {
    let ns = ns as f64;
    let (value, unit) = match ns {
        _ if ns < 1e6 => (ns / 1e3, "µs"),
        _ if ns < 1e9 => (ns / 1e6, "ms"),
        _ => (ns / 1e9, "s"),
    };
    format!("{} {unit}", digits(value))
}

/// A ratio with three digits.
pub fn ratio(value: f64) -> String {
    digits(value)
}

fn digits(value: f64) -> String {
    let places = if value >= 100.0 {
        0
    } else if value >= 10.0 {
        1
    } else {
        2
    };
    format!("{value:.places$}")
}

/// 1,000,000.
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
