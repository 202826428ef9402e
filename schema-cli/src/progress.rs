//! What is seen while a run goes on: a bar on a terminal, plain lines on stderr otherwise, nothing with `--quiet`.

use std::fmt::Write;
use std::io::{IsTerminal, Write as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use schema_runtime::{Event, Method};

/// Where a bar would be redrawn too often to be read, and lines would fill a log.
const TENTHS: u64 = 10;

/// A step that is over sooner has no time to be followed.
const WORTH_A_BAR: Duration = Duration::from_millis(500);

/// Characters of a step's bar.
const WIDTH: u32 = 30;

/// Databases of fewer pages are copied before a line about it is read.
const PAGES_WORTH_A_LINE: u64 = 5_000;

/// Hears what a run does.
#[derive(Clone)]
pub(crate) struct Progress(Arc<Mutex<State>>);

struct State {
    way: Way,
    /// Tenths of the backup, or of the migration at work, that were told.
    told: u64,
}

enum Way {
    Silent,
    Lines,
    Bar(ProgressBar),
}

impl Progress {
    pub(crate) fn new(quiet: bool) -> Progress {
        let way = if quiet {
            Way::Silent
        } else if std::io::stderr().is_terminal() {
            Way::Bar(ProgressBar::hidden())
        } else {
            Way::Lines
        };
        Progress(Arc::new(Mutex::new(State { way, told: 0 })))
    }

    pub(crate) fn hear(&self, event: &Event) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let State { way, told } = &mut *state;
        match way {
            Way::Silent => {}
            Way::Lines => {
                if let Some(line) = line(event, told) {
                    // Progress that nobody reads is no reason to stop.
                    let _ = writeln!(std::io::stderr(), "{line}");
                }
            }
            Way::Bar(bar) => draw(bar, event),
        }
    }
}

/// The line for an event, where it is worth one.
fn line(event: &Event, told: &mut u64) -> Option<String> {
    match event {
        Event::BackingUp { page, pages } => {
            let tenth = page.saturating_mul(TENTHS).checked_div(*pages).unwrap_or_default();
            let worth = *pages >= PAGES_WORTH_A_LINE && tenth > *told && tenth < TENTHS;
            *told = tenth;
            worth.then(|| event.to_string())
        }
        Event::Migration { .. } => {
            *told = 0;
            None
        }
        Event::Progress { done, total, .. } => {
            let tenth = done.saturating_mul(TENTHS).checked_div(*total).unwrap_or_default();
            let worth = tenth > *told && tenth < TENTHS;
            *told = tenth;
            worth.then(|| event.to_string())
        }
        Event::Step { .. } => Some(event.to_string()),
        Event::BackedUp { .. } => Some(event.to_string()),
        // The result of the run is printed as such.
        _ => None,
    }
}

fn draw(bar: &mut ProgressBar, event: &Event) {
    match event {
        Event::BackingUp { page, pages } => {
            if bar.length() != Some(*pages) {
                bar.finish_and_clear();
                *bar = ProgressBar::new(*pages);
                bar.set_style(style("backing up {wide_bar} {pos} of {len} pages, {eta} left"));
            }
            bar.set_position(*page);
        }
        Event::Step { method, estimate_ms, .. } => {
            bar.finish_and_clear();
            *bar = ProgressBar::new_spinner();
            let estimate = Duration::from_millis(*estimate_ms);
            bar.set_style(if *method > Method::Catalog && estimate >= WORTH_A_BAR {
                style("{share} {wide_msg} {elapsed}").with_key(
                    "share",
                    move |state: &ProgressState, out: &mut dyn Write| {
                        // SQLite tells of no rows while a statement is at work; the estimate is what there is.
                        let _ = out.write_str(&share(state.elapsed(), estimate));
                    },
                )
            } else {
                style("{spinner} {wide_msg} {elapsed}")
            });
            bar.set_message(event.to_string());
            bar.enable_steady_tick(Duration::from_millis(100));
        }
        Event::Migration { .. } => {
            bar.finish_and_clear();
            *bar = ProgressBar::new_spinner();
            bar.set_style(style("{spinner} {wide_msg} {elapsed}"));
            bar.set_message(event.to_string());
            bar.enable_steady_tick(Duration::from_millis(100));
        }
        Event::Progress { version, name, done, total } => {
            if bar.length() != Some(*total) {
                bar.finish_and_clear();
                *bar = ProgressBar::new(*total);
                bar.set_style(style("{msg} {wide_bar} {pos} of {len}, {eta} left"));
                bar.set_message(format!("migration {version} {name}"));
            }
            bar.set_position(*done);
        }
        Event::BackedUp { .. } | Event::Done { .. } | Event::Failed { .. } => bar.finish_and_clear(),
        _ => {}
    }
}

/// The part of an estimated time that is over, as a bar; never full, since the step says itself when it is done.
fn share(elapsed: Duration, estimate: Duration) -> String {
    let part = elapsed.as_secs_f64() / estimate.as_secs_f64().max(0.001);
    let filled = ((part * f64::from(WIDTH)) as u32).min(WIDTH - 1);
    (0..WIDTH).map(|at| if at < filled { '█' } else { '░' }).collect()
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_backup_is_told_in_tenths_and_a_small_one_not_at_all() {
        let lines = |pages: u64, step: u64| {
            let mut told = 0;
            let copied = (1..=pages / step).map(|at| Event::BackingUp { page: at * step, pages });
            copied.filter_map(|event| line(&event, &mut told)).collect::<Vec<_>>()
        };
        assert_eq!(lines(100, 10), Vec::<String>::new());
        let large = lines(100_000, 500);
        assert_eq!(large.len(), 9, "{large:?}");
        assert_eq!(large[0], "backing up: 10000 of 100000 pages");
    }

    #[test]
    fn a_migration_that_tells_how_far_it_is_is_told_in_tenths() {
        let (version, name) = ("034".to_owned(), "split names".to_owned());
        let begin = Event::Migration { version: version.clone(), name: name.clone(), back: false };
        let mut told = 9;
        assert_eq!(line(&begin, &mut told), None);
        let at = |done| Event::Progress { version: version.clone(), name: name.clone(), done, total: 1000 };
        let lines: Vec<String> = (0..=1000).filter_map(|done| line(&at(done), &mut told)).collect();
        assert_eq!((lines.len(), lines[0].as_str()), (9, "migration 034 split names: 100 of 1000"));
    }

    #[test]
    fn a_step_s_bar_follows_its_estimate_and_is_never_full() {
        let shown = |ms: u64| share(Duration::from_millis(ms), Duration::from_secs(1));
        assert_eq!(shown(0).chars().filter(|char| *char == '█').count(), 0);
        assert_eq!(shown(500).chars().filter(|char| *char == '█').count(), 15);
        assert_eq!(shown(5_000).chars().filter(|char| *char == '█').count(), 29);
        assert_eq!(shown(500).chars().count(), 30);
    }

    #[test]
    fn the_templates_are_right() {
        for template in [
            "backing up {wide_bar} {pos} of {len} pages, {eta} left",
            "{spinner} {wide_msg} {elapsed}",
            "{msg} {wide_bar} {pos} of {len}, {eta} left",
        ] {
            assert!(ProgressStyle::with_template(template).is_ok());
        }
    }
}
