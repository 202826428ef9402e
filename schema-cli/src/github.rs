//! Annotations of GitHub Actions: lines of output that show beside the lines of a pull request.
//!
//! GitHub: <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>; what is escaped is in
//! `packages/core/src/command.ts` of its toolkit.

use crate::exit::Failure;

/// How much an annotation weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Error,
    Warning,
    Notice,
}

/// One annotation.
#[derive(Debug, Clone)]
pub(crate) struct Annotation<'a> {
    pub(crate) level: Level,
    /// The path of a file of the repository, and perhaps line and column in it, from 1.
    pub(crate) file: Option<(&'a str, Option<(usize, usize)>)>,
    pub(crate) title: String,
    pub(crate) text: String,
}

impl Annotation<'_> {
    /// `::error file=schema.sql,title=app.db%3A 1 step pending::+ add column user.email`
    pub(crate) fn line(&self) -> String {
        let level = match self.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Notice => "notice",
        };
        let mut properties = Vec::new();
        if let Some((file, place)) = self.file {
            properties.push(format!("file={}", property(file)));
            properties.extend(place.map(|(line, column)| format!("line={line},col={column}")));
        }
        properties.push(format!("title={}", property(&self.title)));
        format!("::{level} {}::{}", properties.join(","), data(&self.text))
    }

    /// Why a verb failed, as stderr has it.
    pub(crate) fn of_failure<'a>(failure: &Failure, file: Option<&'a str>) -> Annotation<'a> {
        let said = failure.to_string();
        let text = said.split_once('\n').map_or(said.as_str(), |(_, rest)| rest);
        Annotation {
            level: Level::Error,
            file: file.map(|file| (file, None)),
            title: failure.what.clone(),
            text: text.to_owned(),
        }
    }
}

/// Text that is no command, and ends none.
pub(crate) fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(value: &str) -> String {
    data(value).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_property_or_a_line_is_escaped() {
        let annotation = Annotation {
            level: Level::Warning,
            file: Some(("a,b:c%.sql", Some((2, 7)))),
            title: "50%: of\r\nall".to_owned(),
            text: "a, b: 50%\n::error::c".to_owned(),
        };
        assert_eq!(
            annotation.line(),
            "::warning file=a%2Cb%3Ac%25.sql,line=2,col=7,title=50%25%3A of%0D%0Aall::a, b: 50%25%0A::error::c"
        );
        let failure =
            Failure::new("open", "cannot open `a`").cause("it is\ngone").state("nothing was changed");
        assert_eq!(
            Annotation::of_failure(&failure, None).line(),
            "::error title=cannot open `a`::caused by: it is%0Agone%0Astate: nothing was changed"
        );
        let bare = Failure::new("open", "cannot open `a`");
        assert_eq!(
            Annotation::of_failure(&bare, None).line(),
            "::error title=cannot open `a`::error: cannot open `a`"
        );
    }
}
