//! What is wrong with a SQL text, and where: faults are collected and told all at once.

use schema_sql::Snippet;

use crate::error::{Error, ErrorKind};

/// Some bytes of the whole text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) at: usize,
    pub(super) len: usize,
}

impl Span {
    pub(super) fn new(at: usize, len: usize) -> Span {
        Span { at, len }
    }
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    span: Span,
    what: String,
    help: Option<String>,
    kind: ErrorKind,
}

impl Fault {
    /// A mistake of the text, at `span`.
    pub(super) fn new(span: Span, what: impl Into<String>) -> Fault {
        Fault { span, what: what.into(), help: None, kind: ErrorKind::Model }
    }

    /// The fault of a statement as one of the whole text, where the statement begins at `at`.
    pub(super) fn placed(mut self, at: usize) -> Fault {
        self.span.at = self.span.at.saturating_add(at);
        self
    }

    /// Says what to do.
    pub(super) fn help(mut self, help: impl Into<String>) -> Fault {
        self.help = Some(help.into());
        self
    }

    /// The fault of a text in which the bytes of `whole` begin at `start`, as one of the whole text.
    pub(super) fn moved(mut self, start: usize, whole: Span) -> Fault {
        let last = whole.len.saturating_sub(1);
        self.span.at = whole.at + self.span.at.saturating_sub(start).min(last);
        self
    }

    /// Offset and length.
    pub(super) fn place(&self) -> (usize, usize) {
        (self.span.at, self.span.len)
    }

    pub(super) fn what(&self) -> &str {
        &self.what
    }

    /// A reason that SQLite gave; a function, collation or module that is not registered is `Missing`.
    pub(super) fn from_sqlite(span: Span, reason: &str) -> Fault {
        let fault = Fault::new(span, reason);
        match crate::sqlite_error::unregistered(reason) {
            Some(help) => Fault { kind: ErrorKind::Missing, ..fault.help(help) },
            None => fault,
        }
    }
}

/// How many mistakes are shown.
const SHOWN: usize = 10;

/// One error for all `faults`, of which there is one at least, in the order of the text. With one it is:
///
/// ```text
/// error: cannot read `schema.sql`: near "TABEL": syntax error
/// caused by: schema.sql:3:8
///   |
/// 3 | CREATE TABEL x (id INTEGER);
///   |        ^^^^^
/// state: no database was touched
/// ```
///
/// The kind is `Missing` if all that is wrong is that something is not registered, else `Model`.
pub(super) fn error(text: &str, origin: &str, mut faults: Vec<Fault>) -> Error {
    faults.sort_by_key(|fault| (fault.span.at, fault.span.len));
    faults.dedup();
    let missing = faults.iter().all(|fault| fault.kind == ErrorKind::Missing);
    let kind = if missing { ErrorKind::Missing } else { ErrorKind::Model };
    let place = |fault: &Fault| {
        let snippet = Snippet::new(text, fault.span.at, fault.span.len);
        (format!("{origin}:{}:{}", snippet.line(), snippet.column()), snippet)
    };
    let mut error = match faults.as_slice() {
        [only] => {
            let (at, snippet) = place(only);
            let error = Error::new(kind, format!("cannot read `{origin}`: {}", only.what));
            let error = error.cause(format!("{at}\n{snippet}"));
            match &only.help {
                Some(help) => error.help(help.clone()),
                None => error,
            }
        }
        _ => Error::new(kind, format!("cannot read `{origin}`: {} mistakes", faults.len())),
    };
    if faults.len() > 1 {
        for fault in faults.iter().take(SHOWN) {
            let (at, snippet) = place(fault);
            let help = fault.help.as_ref().map(|help| format!("\n  = help: {help}")).unwrap_or_default();
            error = error.cause(format!("{at}: {}\n{snippet}{help}", fault.what));
        }
        if faults.len() > SHOWN {
            error = error.cause(format!("{} more, which are not shown", faults.len() - SHOWN));
        }
    }
    error.state("no database was touched")
}
