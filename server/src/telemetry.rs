//! Logging.

use std::fmt;
use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::{DefaultFields, Writer};

use crate::terminal::escaped;

/// Libraries that log only where the filter names them: the HTTP library reports malformed requests as errors, which
/// are counted here instead, and the WebSocket library of the client writes whole messages, tokens in them.
const QUIET: [&str; 2] = ["actix_http", "tungstenite"];

/// Changes the filter of a log that was started.
pub type ChangeFilter = Box<dyn Fn(&str) -> Result<(), String>>;

/// Starts logging to standard error. `filter` is in the syntax of `tracing`'s `EnvFilter`, such as `info`.
///
/// # Errors
/// A sentence when the filter is malformed.
pub fn start(filter: &str) -> Result<ChangeFilter, String> {
    let colour = std::io::stderr().is_terminal();
    // A line that nobody takes is lost; complaining about it to the same place would end the thread that logs.
    let log = tracing_subscriber::fmt().with_env_filter(read(filter)?).with_ansi(colour).log_internal_errors(false);
    let log = log.fmt_fields(SafeFields);
    let log = log.with_writer(std::io::stderr).with_filter_reloading();
    let handle = log.reload_handle();
    log.init();
    Ok(Box::new(move |filter| handle.reload(read(filter)?).map_err(|error| error.to_string())))
}

/// Fields of an event as usual, but in one line and without what steers a terminal: they quote what came from outside.
struct SafeFields;

impl<'writer> FormatFields<'writer> for SafeFields {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'writer>, fields: R) -> fmt::Result {
        let mut text = String::new();
        DefaultFields::new().format_fields(Writer::new(&mut text), fields)?;
        writer.write_str(&escaped(&text))
    }
}

fn read(filter: &str) -> Result<EnvFilter, String> {
    let quiet = QUIET.iter().filter(|library| !filter.contains(**library));
    let quiet: String = quiet.map(|library| format!("{library}=off,")).collect();
    EnvFilter::try_new(quiet + filter).map_err(|error| format!("--log: {error}"))
}
