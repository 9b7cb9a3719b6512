//! `roomcast publish`: the command around the client's publisher.
//!
//! On a terminal one line of progress is kept up to date; elsewhere a line is written every ten seconds of media.

use std::io::{IsTerminal as _, Write as _, stderr};
use std::time::Duration;

use roomcast_client::publish::{self, Input, Progress};

use crate::config::Publish;
use crate::signals::StopSignals;
use crate::telemetry;

/// Time between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Runs the command to the end of its input, or until SIGINT (Ctrl-C), SIGTERM or SIGHUP.
///
/// # Errors
/// A sentence that says why nothing, or nothing more, is published.
pub fn run(options: Publish) -> Result<(), String> {
    let _change_filter = telemetry::start(&options.log)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let mut line = ProgressLine { terminal: stderr().is_terminal(), next: Duration::ZERO };
    let published = runtime.block_on(async {
        let mut stop = StopSignals::listen().and_then(StopSignals::with_hangup).map_err(|error| error.to_string())?;
        let published = publish::run(settings(options), stop.next(), |progress| line.show(&progress)).await;
        published.map_err(|error| error.to_string())
    });
    line.end();
    let summary = published?;
    say(&format!("done: {}\n", summary.progress));
    Ok(())
}

fn settings(options: Publish) -> publish::Publish {
    let mut settings = publish::Publish::new(options.server, options.room, Input::from(options.source));
    settings.user = options.user;
    settings.playlist = options.playlist;
    settings.variant = options.variant;
    settings.segment_target = options.segment;
    settings.part_target = options.part;
    settings.target_duration = options.target_duration;
    settings
}

struct ProgressLine {
    terminal: bool,
    next: Duration,
}

impl ProgressLine {
    fn show(&mut self, progress: &Progress) {
        if self.terminal {
            say(&format!("\r{progress}\x1b[K"));
        } else if progress.media_time >= self.next {
            self.next = progress.media_time + LINE_EVERY;
            say(&format!("{progress}\n"));
        }
    }

    fn end(&self) {
        if self.terminal {
            say("\n");
        }
    }
}

/// Nobody need listen.
fn say(text: &str) {
    let _ = stderr().write_all(text.as_bytes());
}
