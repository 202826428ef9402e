//! Times as notes have them: RFC 3339, UTC, with milliseconds. Counted in milliseconds since 1970.

use std::time::{SystemTime, UNIX_EPOCH};

const DAY: i64 = 86_400_000;

/// The present time; 0 for a clock that stands before 1970.
pub(crate) fn now() -> i64 {
    millis(SystemTime::now()).unwrap_or(0)
}

/// A file's time; `None` before 1970.
pub(super) fn millis(time: SystemTime) -> Option<i64> {
    i64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok()
}

/// Reads `2026-01-02T03:04:05.678Z`; `None` for a text of another shape.
pub(super) fn parse(text: &str) -> Option<i64> {
    let shape: String = text.chars().map(|char| if char.is_ascii_digit() { '0' } else { char }).collect();
    if shape != "0000-00-00T00:00:00.000Z" {
        return None;
    }
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second, milli) = (number(11, 13)?, number(14, 16)?, number(17, 19)?, number(20, 23)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let in_day = ((hour * 60 + minute) * 60 + second) * 1_000 + milli;
    Some(days(year, month, day) * DAY + in_day)
}

/// The reverse of [`parse`], for the years that four digits can say.
pub(super) fn text(millis: i64) -> String {
    let (year, month, day) = date(millis.div_euclid(DAY));
    let rest = millis.rem_euclid(DAY);
    let (hour, minute) = (rest / 3_600_000, rest / 60_000 % 60);
    let (second, milli) = (rest / 1_000 % 60, rest % 1_000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

/// Days since 1970-01-01 in the Gregorian calendar. The year begins in March here, so that the leap day is its last; 146,097 days
/// are 400 years, and 719,468 lie between 0000-03-01 and 1970-01-01.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let of_year = (153 * month + 2) / 5 + day - 1;
    let of_era = year.rem_euclid(400);
    year.div_euclid(400) * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The reverse of [`days`].
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let year = days.div_euclid(146_097) * 400 + year;
    if month < 10 { (year, month + 3, day) } else { (year + 1, month - 9, day) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_written_as_sqlite_writes_them() {
        let conn = rusqlite::Connection::open_in_memory().expect("memory");
        for seconds in
            [0, 951_782_399, 951_782_400, 1_709_251_199, 1_798_761_600, 4_107_542_400, 32_503_680_000_i64]
        {
            let sql = "SELECT strftime('%Y-%m-%dT%H:%M:%fZ', ?1, 'unixepoch')";
            let written: String = conn.query_row(sql, [seconds], |row| row.get(0)).expect("a time");
            assert_eq!(text(seconds * 1_000), written);
            assert_eq!(parse(&written), Some(seconds * 1_000));
        }
        assert_eq!(parse("2026-01-02T03:04:05.678Z"), Some(1_767_323_045_678));
        for wrong in
            ["", "yesterday", "2026-01-02 03:04:05", "2026-13-02T03:04:05.678Z", "2026-01-02T25:04:05.678Z"]
        {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
