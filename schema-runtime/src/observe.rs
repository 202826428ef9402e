//! Where events go besides a closure: to a command, and to `tracing`.

use std::ffi::OsString;
use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::report::Event;

/// Runs a command for each event that matters, with the event as one line of JSON on its standard input: for notifications.
///
/// Told are the begin, the plan, the complete backup, and how the run ended; not each page, step or number of rows. The run waits for the command, also while it
/// holds the database's lock, but never longer than [`time_limit`](Self::time_limit): then the command is killed. Whatever becomes of
/// it, the run goes on: a notification is no reason to leave a database unmigrated.
///
/// ```no_run
/// # use schema_runtime::{CommandObserver, Migrator, Schema, Table, schema};
/// # #[derive(Table)]
/// # struct Task { #[column(primary_key)] id: i64 }
/// # const SCHEMA: Schema = schema! { tables: [Task] };
/// let notify = CommandObserver::new("/usr/local/bin/notify").arg("--channel=deployments");
/// let report = Migrator::new(&SCHEMA).observer(notify.into_observer()).run("app.db")?;
/// # Ok::<(), schema_runtime::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct CommandObserver {
    program: OsString,
    args: Vec<OsString>,
    limit: Duration,
}

impl CommandObserver {
    /// The program, found as [`Command::new`] finds it. No shell is involved.
    pub fn new(program: impl Into<OsString>) -> Self {
        CommandObserver { program: program.into(), args: Vec::new(), limit: Duration::from_secs(2) }
    }

    /// One argument more.
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// How long the command may take for one event; 2 s by default.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// As what [`Migrator::observer`](crate::Migrator::observer) takes.
    pub fn into_observer(self) -> impl Fn(&Event) + Send + Sync + 'static {
        move |event| self.tell(event)
    }

    fn tell(&self, event: &Event) {
        if matches!(event, Event::BackingUp { .. } | Event::Step { .. } | Event::Progress { .. }) {
            return;
        }
        let Ok(mut line) = serde_json::to_string(event) else { return };
        line.push('\n');
        let mut command = Command::new(&self.program);
        command.args(&self.args).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let Ok(mut child) = command.spawn() else { return };
        // A command that does not read must not hold the run up: the pipe is filled beside it.
        let input = child.stdin.take();
        let writer = std::thread::spawn(move || {
            if let Some(mut input) = input {
                let _ = input.write_all(line.as_bytes());
            }
        });
        wait(&mut child, self.limit);
        let _ = writer.join();
    }
}

/// Waits for the end of `child`, and after `limit` ends it.
fn wait(child: &mut Child, limit: Duration) {
    let began = Instant::now();
    let mut pause = Duration::from_millis(1);
    while began.elapsed() < limit {
        match child.try_wait() {
            Ok(None) => std::thread::sleep(pause.min(limit.saturating_sub(began.elapsed()))),
            _ => return,
        }
        pause = (pause * 2).min(Duration::from_millis(50));
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// The event as one of `tracing`, with the target `schema_runtime`: failures as errors, a degraded start as a warning, pages of a backup and
/// the progress of a function as traces, all others as information.
#[cfg(feature = "tracing")]
pub(crate) fn trace(event: &Event) {
    match event {
        Event::Failed { .. } => tracing::error!(target: "schema_runtime", "{event}"),
        Event::Degraded { .. } => tracing::warn!(target: "schema_runtime", "{event}"),
        Event::BackingUp { page, pages } => {
            tracing::trace!(target: "schema_runtime", page, pages, "backing up");
        }
        Event::Progress { version, name, done, total } => {
            tracing::trace!(target: "schema_runtime", version, name, done, total, "migration at work");
        }
        Event::Step { number, of, method, estimate_ms, .. } => {
            let method = method.to_string();
            tracing::info!(target: "schema_runtime", number, of, method, estimate_ms, "{event}");
        }
        _ => tracing::info!(target: "schema_runtime", "{event}"),
    }
}
