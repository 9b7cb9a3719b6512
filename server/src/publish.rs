//! `roomcast publish`: the command around the client's publisher.
//!
//! On a terminal one line of progress is kept up to date; elsewhere a line is written every ten seconds of media.

use std::fs;
use std::io::{IsTerminal as _, Write as _, stderr};
use std::time::{Duration, Instant};

use roomcast_client::access::subject;
use roomcast_client::publish::{self, Input, Progress};
use roomcast_client::{AccessToken, Trust};
use roomcast_protocol::client::State;
use roomcast_protocol::id::UserId;

use crate::config::{Publish, TokenSetting};
use crate::signals::StopSignals;
use crate::telemetry;

/// Time between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);
/// Time between two changes of the line on a terminal, unless the state changes.
const CHANGE_EVERY: Duration = Duration::from_secs(1);

/// Options of a publisher whose settings are valid.
#[derive(Debug)]
pub struct Prepared {
    settings: publish::Publish,
    log: String,
}

/// Reads what the settings name.
///
/// # Errors
/// A sentence that names the setting.
pub fn prepare(options: Publish) -> Result<Prepared, String> {
    let mut settings = publish::Publish::new(options.server, options.room, Input::from(options.source));
    if let Some(ca) = &options.ca {
        settings.trust = Trust::read(ca).map_err(|error| format!("{} {error}", options.names.of("ca")))?;
    }
    if let Some(token) = &options.token {
        settings.access_token = Some(access_token(token));
        settings.user = subject_of(token).map_err(|error| format!("{} {error}", options.names.of("token")))?;
    }
    settings.take_over = options.take_over;
    if let Some(user) = options.user {
        settings.user = user;
    }
    settings.playlist = options.playlist;
    settings.variant = options.variant;
    settings.segment_target = options.segment;
    settings.part_target = options.part;
    settings.target_duration = options.target_duration;
    settings.key_frame_wait = options.key_frame_wait;
    Ok(Prepared { settings, log: options.log })
}

fn access_token(token: &TokenSetting) -> AccessToken {
    match token {
        TokenSetting::Text(token) => AccessToken::text(token.expose()),
        TokenSetting::File(path) => AccessToken::file(path.clone()),
    }
}

/// Returns the subject of a token, which no server lets publish as anybody else.
fn subject_of(token: &TokenSetting) -> Result<UserId, String> {
    let text = match token {
        TokenSetting::Text(token) => token.expose().to_owned(),
        TokenSetting::File(path) => {
            fs::read_to_string(path).map_err(|error| format!("{}: cannot be read ({error})", path.display()))?
        }
    };
    let none = "is no access token: a JWT has three parts with points between them, the second with a `sub`";
    subject(text.trim()).ok_or_else(|| none.to_owned())
}

/// Runs the command to the end of its input, or until SIGINT (Ctrl-C), SIGTERM or SIGHUP.
///
/// # Errors
/// A sentence that says why nothing, or nothing more, is published.
pub fn run(prepared: Prepared) -> Result<(), String> {
    let _change_filter = telemetry::start(&prepared.log)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let mut line = ProgressLine::new(stderr().is_terminal());
    let published = runtime.block_on(async {
        let mut stop = StopSignals::listen().and_then(StopSignals::with_hangup).map_err(|error| error.to_string())?;
        let published = publish::run(prepared.settings, stop.next(), |progress| line.show(&progress, Instant::now()));
        published.await.map_err(|error| error.to_string())
    });
    line.end();
    let summary = published?;
    if summary.is_cut_off {
        return Err(format!("stopped; the server may not have been told ({})", summary.progress));
    }
    say(&format!("done: {}\n", summary.progress));
    Ok(())
}

/// The progress as it is shown: not more often than a person reads.
struct ProgressLine {
    terminal: bool,
    /// The media time of the next line where there is no terminal.
    next: Duration,
    /// Time when the line on the terminal changed, and what it said of the state.
    shown: Option<(Instant, State)>,
}

impl ProgressLine {
    const fn new(terminal: bool) -> Self {
        Self { terminal, next: Duration::ZERO, shown: None }
    }

    fn show(&mut self, progress: &Progress, now: Instant) {
        if self.terminal {
            if self.note_shown(progress, now) {
                say(&format!("\r{progress}\x1b[K"));
            }
        } else if progress.media_time >= self.next {
            self.next = progress.media_time + LINE_EVERY;
            say(&format!("{progress}\n"));
        }
    }

    /// Notes that the line is shown now, unless it is too early; returns whether it is shown.
    fn note_shown(&mut self, progress: &Progress, now: Instant) -> bool {
        let is_early = self.shown.is_some_and(|(at, state)| now < at + CHANGE_EVERY && state == progress.state);
        if !is_early {
            self.shown = Some((now, progress.state));
        }
        !is_early
    }

    fn end(&self) {
        if self.terminal {
            say("\n");
        }
    }
}

/// Writes a text to standard error, ignoring errors.
fn say(text: &str) {
    let _ = stderr().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_on_a_terminal_changes_once_a_second_or_with_the_state() {
        let start = Instant::now();
        let progress = |state| Progress { state, ..Progress::default() };
        let mut line = ProgressLine::new(true);
        let shown = [(0, State::Initializing), (1, State::Joined), (500, State::Joined), (1001, State::Joined)];
        let shown =
            shown.map(|(millis, state)| line.note_shown(&progress(state), start + Duration::from_millis(millis)));
        assert_eq!(shown, [true, true, false, true]);
    }
}
