//! The row of the history, and what may be said in it.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The algorithm of [`Revision::checksum`], as it stands beside it.
pub(crate) const ALGORITHM: &str = "sha256-1";

/// The format of the history that this version writes.
pub(crate) const FORMAT: i64 = 1;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$of])* $variant,)* }

        impl $name {
            /// The word that stands in the history.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word,)* }
            }

            pub(crate) fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some($name::$variant),)* _ => None }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

words! {
    /// What became of a revision.
    Status {
        /// It was applied.
        Completed = "completed",
        /// It failed, and was rolled back.
        Failed = "failed",
        /// It was applied, and undone later.
        RolledBack = "rolled_back",
        /// A numbered step outside a transaction is, or was when the program died, at work.
        Running = "running",
        /// A numbered step was recorded without being run.
        Skipped = "skipped",
        /// A word of another system, whose history was extended.
        Other = "other",
    }
}

words! {
    /// What kind of run a revision records.
    Kind {
        /// The model was applied.
        Automatic = "automatic",
        /// A hand-written numbered migration.
        Numbered = "numbered",
        /// The state that was found before the first run.
        Baseline = "baseline",
        /// An earlier revision was undone.
        Rollback = "rollback",
        /// A whole backup was put back.
        Restore = "restore",
    }
}

/// One row of the history: one run.
///
/// `plan`, `undo` and `snapshot` are versioned JSON of the stages that wrote them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Revision {
    /// The number of the row; 0 as long as it was not written.
    pub id: i64,
    /// The model's version, or a numbered migration's number.
    pub version: String,
    /// A summary, such as `add tasks.priority`, or a numbered migration's name.
    pub name: String,
    /// When it was applied: RFC 3339, UTC, with milliseconds.
    pub applied_at: String,
    /// The SHA-256, in hexadecimal, of everything else in the row but the status.
    pub checksum: String,
    /// What became of it.
    pub status: Status,
    /// How to go back, rendered for people; `undo` is what is run.
    pub rollback_sql: Option<String>,
    /// The name of the model.
    pub model: String,
    /// What kind of run it was.
    pub kind: Kind,
    /// The number of the run, for revisions that were applied together.
    pub batch: i64,
    /// How long it took, in milliseconds: the checks of the rows, the rehearsal, the steps and the proofs after them. The
    /// backup, waiting for the lock and the commit are not in it.
    pub duration_ms: i64,
    /// The plan that ran.
    pub plan: Option<String>,
    /// The plan that undoes it.
    pub undo: Option<String>,
    /// The whole catalog after it.
    pub snapshot: Option<String>,
    /// The model's fingerprint, or the checksum of a numbered migration's text.
    pub fingerprint: Option<String>,
    /// The path of the backup that was made before it.
    pub backup: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
    /// Where it ran: the value of `SCHEMA_ENV`, or what [`Migrator::environment`](crate::Migrator::environment) said.
    pub environment: Option<String>,
    /// Who ran it: user and process.
    pub actor: Option<String>,
    /// The program that ran it, with its version.
    pub program: Option<String>,
    /// Why it ran, as the caller said; else what a numbered migration says it is for.
    pub reason: Option<String>,
    /// The algorithm of `checksum`; empty in rows of another system.
    pub checksum_algorithm: String,
    /// The checksum of the row before it.
    pub previous_checksum: Option<String>,
    /// The format of the row; 0 in rows of another system.
    pub format: i64,
}

impl Revision {
    /// A completed revision of now by this process; the caller fills in what else it knows.
    pub(crate) fn new(model: &str, kind: Kind, version: &str, name: &str, applied_at: String) -> Self {
        Revision {
            id: 0,
            version: version.to_owned(),
            name: name.to_owned(),
            applied_at,
            checksum: String::new(),
            status: Status::Completed,
            rollback_sql: None,
            model: model.to_owned(),
            kind,
            batch: 0,
            duration_ms: 0,
            plan: None,
            undo: None,
            snapshot: None,
            fingerprint: None,
            backup: None,
            error: None,
            environment: None,
            actor: Some(actor()),
            program: None,
            reason: None,
            checksum_algorithm: ALGORITHM.to_owned(),
            previous_checksum: None,
            format: FORMAT,
        }
    }

    /// The checksum that the row should have: over every column but `checksum` and `status`, each by its length and its bytes.
    /// Whether a row of ours that was read is not as it was written; rows of another system, or of no table yet, are not judged.
    pub(crate) fn is_edited(&self) -> bool {
        self.id != 0 && self.checksum_algorithm == ALGORITHM && self.computed_checksum() != self.checksum
    }

    /// Whether a rollback can go back over the row: a change, or steps of one that were undone alone.
    pub(crate) fn is_change(&self) -> bool {
        self.kind == Kind::Automatic || (self.kind == Kind::Rollback && self.undo.is_some())
    }

    pub(crate) fn computed_checksum(&self) -> String {
        let numbers = [self.id, self.batch, self.duration_ms, self.format].map(|number| number.to_string());
        let needed = [&self.version, &self.name, &self.applied_at, &self.model, &self.checksum_algorithm];
        let optional = [
            &self.rollback_sql,
            &self.plan,
            &self.undo,
            &self.snapshot,
            &self.fingerprint,
            &self.backup,
            &self.error,
            &self.environment,
            &self.actor,
            &self.program,
            &self.reason,
            &self.previous_checksum,
        ];
        let mut hash = Sha256::new();
        let mut add = |text: Option<&str>| {
            // NULL is no length that a text can have.
            hash.update(text.map_or(u64::MAX, |text| text.len() as u64).to_le_bytes());
            hash.update(text.unwrap_or_default().as_bytes());
        };
        numbers.iter().for_each(|text| add(Some(text)));
        needed.iter().for_each(|text| add(Some(text)));
        add(Some(self.kind.as_str()));
        optional.iter().for_each(|text| add(text.as_deref()));
        hex(&hash.finalize())
    }
}

/// Bytes in lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(DIGITS[usize::from(byte >> 4)]);
        text.push(DIGITS[usize::from(byte & 15)]);
    }
    text
}

/// The user by the environment, and the process: `ada (pid 17)`.
pub(crate) fn actor() -> String {
    let user = ["USER", "LOGNAME", "USERNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|user| !user.is_empty()))
        .unwrap_or_else(|| "unknown user".to_owned());
    format!("{user} (pid {})", std::process::id())
}
