//! The findings of a health report: their codes, points and advice, in one table.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How much a finding weighs for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Severity {
    /// Worth knowing; nothing is wrong.
    Info,
    /// Something is wrong, or will be.
    Warning,
    /// The database or the program cannot go on as it is.
    Critical,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Critical => "critical",
        })
    }
}

/// One row of the table: what a code says, what it costs, and what to do.
struct Row {
    code: &'static str,
    severity: Severity,
    points: u8,
    title: &'static str,
    help: &'static str,
}

macro_rules! findings {
    ($($name:ident = $code:literal $severity:ident $points:literal $title:literal, $help:literal;)*) => {
        /// The stable code of a finding. The hundreds are families: 1 rows and pages, 2 schema, 3 history and model, 4 backups and the
        /// way back, 5 engine and settings, 6 space and speed.
        ///
        /// The score of a database is 100 less the points of its findings, and never below 0. Each code is found at most once,
        /// however many objects it names.
        ///
        /// | code | points | severity | what | what to do |
        /// | --- | --- | --- | --- | --- |
        $(#[doc = concat!(
            "| `", $code, "` | ", $points, " | ", stringify!($severity), " | ", $title, " | ", $help, " |"
        )])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum FindingCode {
            $(
                #[doc = $title]
                #[serde(rename = $code)]
                $name,
            )*
        }

        impl FindingCode {
            /// Every code, in order.
            pub const ALL: &'static [FindingCode] = &[$(FindingCode::$name,)*];

            fn row(self) -> &'static Row {
                match self {
                    $(FindingCode::$name => &Row {
                        code: $code,
                        severity: Severity::$severity,
                        points: $points,
                        title: $title,
                        help: $help,
                    },)*
                }
            }
        }
    };
}

findings! {
    Damaged = "H101" Critical 100 "the file is damaged",
        "stop writing to it and restore a backup, or save what is left with `sqlite3 <file> .recover`";
    IndexFaults = "H102" Critical 60 "indexes do not agree with their tables",
        "back the file up, then rebuild them with `REINDEX`, a full-text index with its `rebuild` command; until then queries miss rows";
    RowFaults = "H103" Warning 15 "rows break the rules of their own table",
        "mend or delete them; SQLite checks a rule only when a row is written";
    Orphans = "H104" Warning 15 "rows refer to a parent that does not exist",
        "give them a parent, set the reference to NULL or delete them, and switch `foreign_keys` on in every program that writes";
    NoParent = "H105" Warning 10 "foreign keys have nothing to refer to",
        "create the parent with a PRIMARY KEY or UNIQUE over the columns, or drop the key; with `foreign_keys` on writes fail";
    Malformed = "H201" Critical 100 "SQLite cannot read the schema",
        "mend the text of the object that is named under `PRAGMA writable_schema = ON`, on a copy first, or restore a backup";
    Opaque = "H202" Warning 5 "objects cannot be read with certainty",
        "create them anew in plain SQL; a migration that concerns them is refused";
    Broken = "H203" Warning 10 "views, triggers or full-text tables do not work",
        "mend or drop them; writes that fire a broken trigger fail";
    QuotedStrings = "H204" Info 3 "double-quoted words that name no column are taken for strings",
        "correct the name if a column is meant, else put the string in single quotes";
    ChangedByHand = "H301" Warning 20 "the schema was changed by hand",
        "undo it, take it into the model, or repair it with `DriftPolicy::Repair`";
    Pending = "H302" Info 5 "the model has changes that were not applied",
        "start the program, or apply the plan";
    Refused = "H303" Critical 30 "a start-up with the model would be refused",
        "do as the error says before the program is started";
    Tampered = "H304" Critical 30 "the history is not as it was written",
        "find out who changed it; restore its rows from a backup";
    Failed = "H305" Warning 15 "the last run did not end well",
        "read its error, mend the cause and start again";
    HistoryUnreadable = "H306" Warning 20 "the history cannot be read",
        "do as the reason says, or keep the history under another name with `Migrator::history_table`";
    Retired = "H307" Info 1 "columns or tables that the model dropped are kept",
        "consent with `dropped(…)` or `RemovalPolicy::Drop` when nobody needs them any more";
    TrackedElsewhere = "H308" Info 1 "another tool keeps track of the migrations of this file",
        "to go on here, record what it has applied with `schema adopt`; no migration runs again then";
    NoWayBack = "H401" Warning 10 "the last change cannot be rolled back",
        "keep the backup that was made before it; restoring that is the only way back";
    NoBackup = "H402" Info 3 "the last change wrote rows and no backup was made before it",
        "make a backup now, and leave the backup policy at `Always` or `Rewrites`";
    BackupDiffers = "H403" Warning 20 "backups are not what was written",
        "do not rely on them: make a new one, and look for a failing disk";
    NoRoom = "H404" Warning 10 "there is no room for the next backup",
        "free disk space, prune old backups, or choose another folder with `Migrator::backup_dir`";
    Leftovers = "H405" Info 2 "unfinished or orphaned files lie in the backup folder",
        "delete them; no backup needs them";
    KnownDefect = "H501" Warning 10 "this version of SQLite has a known defect that concerns this file",
        "link a newer SQLite, for example with the feature `bundled`";
    NoSync = "H502" Warning 15 "the connection writes with `synchronous = OFF`",
        "set NORMAL in WAL mode, else FULL; after a power failure the file may be damaged";
    UnsafeJournal = "H503" Warning 20 "the connection writes with `journal_mode` OFF or MEMORY",
        "set WAL or DELETE; when the program dies while it writes the file is damaged";
    KeysIgnored = "H504" Info 5 "foreign keys are declared, and this connection does not enforce them",
        "run `PRAGMA foreign_keys = ON` on every connection that writes";
    LargeLog = "H505" Info 5 "the write-ahead log is larger than the database",
        "run `PRAGMA wal_checkpoint(TRUNCATE)`, and look for a reader that never ends";
    FreePages = "H601" Info 3 "much of the file is free pages",
        "run `VACUUM`, which needs as much free space as the database and shuts writers out";
    Statistics = "H602" Info 2 "statistics for the query planner are missing or old",
        "run `ANALYZE`, or `PRAGMA optimize` before connections close";
    RedundantIndexes = "H603" Info 2 "indexes are covered by another index or key",
        "drop them: each write pays for them, and the other one serves the same queries";
    KeyWithoutIndex = "H604" Info 2 "foreign keys of large tables have no index",
        "create an index on the columns: each delete in the parent reads the whole child";
    IdsEnd = "H605" Warning 10 "row numbers are near the largest one there is",
        "find what gives out such large numbers; above 9223372036854775807 there are none";
}

impl FindingCode {
    /// The code as it is written: `H101` and so on.
    pub fn code(self) -> &'static str {
        self.row().code
    }

    /// The finding with this code.
    pub fn from_code(code: &str) -> Option<FindingCode> {
        FindingCode::ALL.iter().copied().find(|found| found.code().eq_ignore_ascii_case(code))
    }

    /// What the finding takes off the score.
    pub fn points(self) -> u8 {
        self.row().points
    }

    /// How much it weighs.
    pub fn severity(self) -> Severity {
        self.row().severity
    }

    /// What is found, in one line without numbers.
    pub fn title(self) -> &'static str {
        self.row().title
    }

    /// What to do about it.
    pub fn recommendation(self) -> &'static str {
        self.row().help
    }
}

impl fmt::Display for FindingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

/// Something that a person who keeps the database should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Finding {
    /// Its code.
    pub code: FindingCode,
    /// How much it weighs.
    pub severity: Severity,
    /// What it takes off the score.
    pub points: u8,
    /// What it is, in one line.
    pub title: String,
    /// The objects, rows or files that show it, one a line; the first hundred, and how many more.
    pub details: Vec<String>,
    /// What to do about it.
    pub recommendation: String,
}

/// So many details are listed.
const DETAILS: usize = 100;

impl Finding {
    pub(super) fn new(code: FindingCode, mut details: Vec<String>) -> Finding {
        let more = details.len().saturating_sub(DETAILS);
        if more > 0 {
            details.truncate(DETAILS);
            details.push(format!("and {more} more"));
        }
        Finding {
            code,
            severity: code.severity(),
            points: code.points(),
            title: code.title().to_owned(),
            details,
            recommendation: code.recommendation().to_owned(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {} (-{}): {}", self.code, self.severity, self.points, self.title)?;
        for detail in &self.details {
            writeln!(f, "  {}", detail.replace('\n', "\n  "))?;
        }
        write!(f, "  help: {}", self.recommendation)
    }
}

/// 100 less the points, and never below 0.
pub(super) fn score(findings: &[Finding]) -> u8 {
    let points = findings.iter().fold(0u8, |sum, finding| sum.saturating_add(finding.points));
    100u8.saturating_sub(points)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_ordered_and_found_again() {
        for pair in FindingCode::ALL.windows(2) {
            assert!(pair[0].code() < pair[1].code() && pair[0] < pair[1], "{}", pair[1]);
        }
        for found in FindingCode::ALL {
            assert_eq!(FindingCode::from_code(&found.code().to_lowercase()), Some(*found));
            assert_eq!(serde_json::to_string(found).expect("json"), format!("\"{found}\""));
        }
        assert_eq!(FindingCode::from_code("H999"), None);
    }

    #[test]
    fn what_weighs_more_costs_more() {
        for found in FindingCode::ALL {
            let range = match found.severity() {
                Severity::Info => 1..=5,
                Severity::Warning => 5..=20,
                Severity::Critical => 30..=100,
            };
            assert!(range.contains(&found.points()), "{found}");
            assert!(!found.recommendation().ends_with('.') && !found.title().ends_with('.'), "{found}");
        }
    }

    #[test]
    fn the_score_never_goes_below_zero_and_long_lists_are_cut() {
        let finding = |code, count: usize| Finding::new(code, vec!["x".to_owned(); count]);
        assert_eq!(score(&[]), 100);
        assert_eq!(score(&[finding(FindingCode::Orphans, 1), finding(FindingCode::Retired, 1)]), 84);
        assert_eq!(score(&[finding(FindingCode::Damaged, 1), finding(FindingCode::Malformed, 1)]), 0);
        let long = finding(FindingCode::Orphans, 130);
        assert_eq!((long.details.len(), long.details[100].as_str()), (101, "and 30 more"));
    }
}
