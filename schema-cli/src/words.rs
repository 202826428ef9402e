//! The words that flags and settings share: policies, times, sizes.

use std::time::Duration;

use clap::ValueEnum;
use schema_runtime::{BackupPolicy, DriftPolicy, RemovalPolicy};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Removed {
    /// Keep it with its data
    Retain,
    /// Delete it with its data
    Drop,
    /// Refuse the change
    Refuse,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Drift {
    /// Refuse the change
    Refuse,
    /// Put back what the target says
    Repair,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum BackupWhen {
    /// Before every change
    Always,
    /// Before changes that rewrite or delete rows
    Rewrites,
    /// Never
    Never,
}

impl From<Removed> for RemovalPolicy {
    fn from(word: Removed) -> Self {
        match word {
            Removed::Retain => RemovalPolicy::Retain,
            Removed::Drop => RemovalPolicy::Drop,
            Removed::Refuse => RemovalPolicy::Refuse,
        }
    }
}

impl From<Drift> for DriftPolicy {
    fn from(word: Drift) -> Self {
        match word {
            Drift::Refuse => DriftPolicy::Refuse,
            Drift::Repair => DriftPolicy::Repair,
        }
    }
}

impl From<BackupWhen> for BackupPolicy {
    fn from(word: BackupWhen) -> Self {
        match word {
            BackupWhen::Always => BackupPolicy::Always,
            BackupWhen::Rewrites => BackupPolicy::Rewrites,
            BackupWhen::Never => BackupPolicy::Never,
        }
    }
}

/// A number, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Number(pub(crate) Option<u64>);

/// A time limit, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limit(pub(crate) Option<Duration>);

/// Reads `500ms`, `15s`, `2m`, `1h`, `30d`, or a number of milliseconds.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let millis = match &text.get(digits.len()..).unwrap_or_default().to_ascii_lowercase()[..] {
        "" | "ms" => Some(1),
        "s" => Some(1_000),
        "m" => Some(60_000),
        "h" => Some(3_600_000),
        "d" => Some(86_400_000),
        _ => None,
    };
    let number = digits.trim_end().parse::<u64>().ok();
    match (number, millis) {
        (Some(number), Some(millis)) if number.checked_mul(millis).is_some() => {
            Ok(Duration::from_millis(number * millis))
        }
        _ => {
            Err("expected a time such as `500ms`, `15s`, `2m`, `1h`, or a number of milliseconds".to_owned())
        }
    }
}

/// As [`duration`]; `none` and 0 lift the limit.
pub(crate) fn limit(text: &str) -> Result<Limit, String> {
    if text.trim().eq_ignore_ascii_case("none") {
        return Ok(Limit(None));
    }
    let limit = duration(text).map_err(|error| format!("{error}, or `none`"))?;
    Ok(Limit(Some(limit).filter(|limit| !limit.is_zero())))
}

/// As [`duration`]; `none` is no age.
pub(crate) fn age(text: &str) -> Result<Limit, String> {
    if text.trim().eq_ignore_ascii_case("none") {
        return Ok(Limit(None));
    }
    let age = duration(text).map_err(|_| "expected an age such as `30d` or `12h`, or `none`".to_owned())?;
    Ok(Limit(Some(age)))
}

/// A number, or `none`.
pub(crate) fn number(text: &str) -> Result<Number, String> {
    if text.trim().eq_ignore_ascii_case("none") {
        return Ok(Number(None));
    }
    let number = text.trim().parse().map_err(|_| "expected a number, or `none`".to_owned())?;
    Ok(Number(Some(number)))
}

/// `500MiB`, `2GiB`, a number of bytes, or `none`.
pub(crate) fn size(text: &str) -> Result<Number, String> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("none") {
        return Ok(Number(None));
    }
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text.get(digits.len()..).unwrap_or_default().to_ascii_lowercase()[..] {
        "" | "b" => Some(1),
        "kib" | "k" => Some(1 << 10),
        "mib" | "m" => Some(1 << 20),
        "gib" | "g" => Some(1 << 30),
        "tib" | "t" => Some(1_u64 << 40),
        _ => None,
    };
    let bytes =
        digits.trim_end().parse::<u64>().ok().zip(unit).and_then(|(number, unit)| number.checked_mul(unit));
    match bytes {
        Some(bytes) => Ok(Number(Some(bytes))),
        None => Err("expected a size such as `500MiB`, `2GiB`, a number of bytes, or `none`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_and_without_a_unit() {
        let times =
            ["50", "50ms", "15s", " 2m ", "1 h"].map(|text| duration(text).map(|time| time.as_millis()));
        assert_eq!(times, [Ok(50), Ok(50), Ok(15_000), Ok(120_000), Ok(3_600_000)]);
        for wrong in ["", "s", "-1", "1.5s", "5 days", "99999999999999999h", "ß"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
        assert_eq!(limit("none"), Ok(Limit(None)));
        assert_eq!(limit("0"), Ok(Limit(None)));
        assert_eq!(limit("1s"), Ok(Limit(Some(Duration::from_secs(1)))));
    }

    #[test]
    fn ages_numbers_and_sizes_are_read() {
        assert_eq!(age("30d"), Ok(Limit(Some(Duration::from_secs(30 * 86_400)))));
        assert_eq!(age("0"), Ok(Limit(Some(Duration::ZERO))));
        assert_eq!([age("None"), age("month").or(Ok(Limit(None)))], [Ok(Limit(None)), Ok(Limit(None))]);
        assert_eq!([number("3"), number("none")], [Ok(Number(Some(3))), Ok(Number(None))]);
        assert!(number("-3").is_err());
        let sizes = ["7", "2 KiB", "500MiB", "1g", "none"].map(|text| size(text).map(|size| size.0));
        assert_eq!(sizes, [Ok(Some(7)), Ok(Some(2048)), Ok(Some(524_288_000)), Ok(Some(1 << 30)), Ok(None)]);
        for wrong in ["", "GiB", "1.5GiB", "1XiB", "99999999999TiB"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}
