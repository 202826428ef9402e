//! What is printed, and how: colours, numbers in words, and the one JSON document of `--json`.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::Duration;

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use serde_json::{Map, Value};

use crate::args::Color;
use crate::exit::{Exit, Failure};

/// The format of the JSON documents; raised when a field changes its meaning.
const FORMAT: u32 = 1;

pub(crate) const ADDED: Style = AnsiColor::Green.on_default();
pub(crate) const REMOVED: Style = AnsiColor::Red.on_default();
pub(crate) const CHANGED: Style = AnsiColor::Yellow.on_default();
pub(crate) const HEADING: Style = Style::new().bold();
pub(crate) const FAINT: Style = Style::new().dimmed();
const FAULT: Style = AnsiColor::Red.on_default().bold();
const ADVICE: Style = AnsiColor::Cyan.on_default().bold();

/// What a verb has to say.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) exit: Exit,
    /// For people, with colours that [`Output`] takes away where nobody sees them.
    pub(crate) text: String,
    /// For machines: the verb's own fields.
    pub(crate) json: Map<String, Value>,
    /// Why the exit code is what it is, where the answer is complete and still no good.
    pub(crate) failure: Option<Failure>,
    /// A line for stderr.
    pub(crate) aside: Option<String>,
}

impl Answer {
    pub(crate) fn done(text: impl Into<String>, json: Value) -> Answer {
        let json = match json {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        Answer { exit: Exit::Done, text: text.into(), json, failure: None, aside: None }
    }

    pub(crate) fn exit(mut self, exit: Exit) -> Answer {
        self.exit = exit;
        self
    }

    pub(crate) fn but(mut self, failure: Failure) -> Answer {
        self.exit = failure.exit;
        self.failure = Some(failure);
        self
    }
}

/// Where it goes.
pub(crate) struct Output {
    pub(crate) json: bool,
    pub(crate) color: Color,
}

impl Output {
    fn choice(&self) -> ColorChoice {
        match self.color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        }
    }

    /// Prints what the verb has to say, and gives the exit code.
    pub(crate) fn answer(&self, verb: &str, answer: Answer) -> Exit {
        let Answer { exit, text, json, failure, aside } = answer;
        let printed =
            if self.json { self.document(verb, exit, json, failure.as_ref()) } else { self.stdout(&text) };
        if let Some(line) = aside {
            // Where nobody hears it, the result stands all the same.
            let _ = writeln!(io::stderr(), "{line}");
        }
        if let Some(failure) = &failure {
            self.complain(failure);
        }
        self.judge(printed, exit)
    }

    /// Prints why the verb has failed, and gives the exit code.
    pub(crate) fn failure(&self, verb: Option<&str>, failure: &Failure) -> Exit {
        let printed = if self.json {
            self.document(verb.unwrap_or_default(), failure.exit, Map::new(), Some(failure))
        } else {
            Ok(())
        };
        self.complain(failure);
        self.judge(printed, failure.exit)
    }

    fn document(
        &self,
        verb: &str,
        exit: Exit,
        fields: Map<String, Value>,
        failure: Option<&Failure>,
    ) -> io::Result<()> {
        let mut document = Map::new();
        document.insert("format".to_owned(), FORMAT.into());
        document.insert("verb".to_owned(), verb.into());
        document.insert("exit".to_owned(), exit.code().into());
        document.extend(fields);
        if let Some(failure) = failure {
            document.insert("error".to_owned(), error_json(failure));
        }
        let mut text = serde_json::to_string_pretty(&document).map_err(io::Error::other)?;
        text.push('\n');
        self.stdout(&text)
    }

    fn stdout(&self, text: &str) -> io::Result<()> {
        let mut stream = AutoStream::new(io::stdout().lock(), self.choice());
        stream.write_all(text.as_bytes())?;
        stream.flush()
    }

    fn complain(&self, failure: &Failure) {
        let mut text = String::new();
        for line in failure.to_string().lines() {
            let style = match line.split_once(": ").map(|(word, _)| word) {
                Some("error") => FAULT,
                Some("help") => ADVICE,
                Some("caused by" | "state") => HEADING,
                _ => Style::new(),
            };
            match line.split_once(':').filter(|_| style != Style::new()) {
                Some((word, rest)) => push_line(&mut text, &format!("{}:{rest}", painted(style, word))),
                None => push_line(&mut text, line),
            }
        }
        let mut stream = AutoStream::new(io::stderr().lock(), self.choice());
        // Where the complaint cannot be made there is nobody to hear that either.
        let _ = stream.write_all(text.as_bytes());
    }

    /// A reader that has heard enough (`| head`) is no failure; a full disk is.
    fn judge(&self, printed: io::Result<()>, exit: Exit) -> Exit {
        match printed {
            Err(err) if err.kind() != io::ErrorKind::BrokenPipe => {
                self.complain(&Failure::new("output", "cannot write the result").cause(err.to_string()));
                Exit::Error
            }
            _ => exit,
        }
    }
}

fn error_json(failure: &Failure) -> Value {
    serde_json::json!({
        "kind": failure.kind,
        "what": failure.what,
        "causes": failure.causes,
        "state": failure.state,
        "help": failure.help,
        "exit": failure.exit.code(),
    })
}

pub(crate) fn push_line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

/// `text` in this style.
pub(crate) fn painted(style: Style, text: &str) -> String {
    let mut out = String::new();
    // Writing into a `String` cannot fail.
    let _ = write!(out, "{style}{text}{style:#}");
    out
}

/// A path as it is typed: in quotes where a shell would take it for more than one word, and so that it is no flag.
pub(crate) fn typed(path: &str) -> String {
    let path = if path.starts_with('-') { format!("./{path}") } else { path.to_owned() };
    let plain = |c: char| c.is_alphanumeric() || "/._-+:@%,=".contains(c) || (cfg!(windows) && c == '\\');
    if !path.is_empty() && path.chars().all(plain) {
        return path;
    }
    if cfg!(windows) { format!("\"{path}\"") } else { format!("'{}'", path.replace('\'', "'\\''")) }
}

/// `1 step`, `2 steps`, `1,204 rows`.
pub(crate) fn count(number: u64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{} {what}s", grouped(number)) }
}

/// `1,204,000`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `512 bytes`, `96.0 KiB`, `1.5 GiB`.
pub(crate) fn bytes(number: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if number < 1024 {
        return count(number, "byte");
    }
    // Three digits are shown, far fewer than a float keeps.
    #[allow(clippy::cast_precision_loss)]
    let mut size = number as f64 / 1024.0;
    let mut unit = UNITS[0];
    for larger in UNITS.iter().skip(1) {
        if size < 1024.0 {
            break;
        }
        size /= 1024.0;
        unit = larger;
    }
    format!("{size:.1} {unit}")
}

/// `12 ms`, `1.4 s`, `3 min 20 s`.
pub(crate) fn time(time: Duration) -> String {
    let millis = time.as_millis();
    match time.as_secs() {
        0 => format!("{millis} ms"),
        1..=99 => format!("{:.1} s", time.as_secs_f64()),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_path_is_one_word_and_no_flag() {
        let words = ["a/b-1.db", "my db.db", "it's.db", "-x.db", "ü.db", "$HOME.db"].map(typed);
        assert_eq!(words, ["a/b-1.db", "'my db.db'", "'it'\\''s.db'", "./-x.db", "ü.db", "'$HOME.db'"]);
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!([0, 7, 999, 1_000, 1_204_000].map(grouped), ["0", "7", "999", "1,000", "1,204,000"]);
        assert_eq!(
            [0, 1, 1_023, 1_024, 98_304, 1_610_612_736].map(bytes),
            ["0 bytes", "1 byte", "1,023 bytes", "1.0 KiB", "96.0 KiB", "1.5 GiB"]
        );
        assert_eq!(
            [12, 1_440, 200_000].map(|millis| time(Duration::from_millis(millis))),
            ["12 ms", "1.4 s", "3 min 20 s"]
        );
    }
}
