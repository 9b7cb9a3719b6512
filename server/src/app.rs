//! The commands, and how each of them ends.

mod check;
mod check_turn;
mod reread;
mod serve;

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use roomcast_protocol::schema;

use crate::config::{self, Command, Config};
use crate::signals::hold_hangup;
use crate::terminal::say;
use crate::{healthcheck, publish, token_commands};

/// Reasons why a command ended.
#[derive(Debug)]
enum Failure {
    /// Settings cannot work: exit code 2.
    Settings(Vec<String>),
    /// Something else failed: exit code 1.
    Other(String),
}

impl Failure {
    /// One setting cannot work.
    fn setting(reason: String) -> Self {
        Self::Settings(vec![reason])
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Other(error.to_string())
    }
}

impl From<String> for Failure {
    fn from(reason: String) -> Self {
        Self::Other(reason)
    }
}

/// Reads the command line and carries it out.
#[must_use]
pub fn run() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    // First of all: reading the settings may take a while.
    if arguments.get(1).is_some_and(|name| name == "serve" || name == "publish") {
        hold_hangup();
    }
    let cli = match config::read(&arguments) {
        Ok(cli) => cli,
        Err(refusal) => return refusal.show(),
    };
    warn_of_variables(&cli.command);
    let done = match cli.command {
        Command::Serve(settings) => serve::run(settings, arguments),
        Command::Config(options) => print(&options).map_err(Failure::from),
        Command::Check(settings) => check::run(&settings),
        Command::CheckTurn(settings) => check_turn::run(&settings),
        Command::Schema { folder, typescript } => write_schema(&folder, typescript.as_deref()).map_err(Failure::from),
        Command::Healthcheck(options) => healthcheck::run(&options).map_err(Failure::from),
        Command::Publish(options) => {
            publish::prepare(options).map_err(Failure::setting).and_then(|ready| Ok(publish::run(ready)?))
        }
        Command::Token(options) => token_commands::issue(&options).map_err(Failure::from),
        Command::TokenCheck(options) => token_commands::check(&options).map_err(Failure::from),
        Command::Key(options) => token_commands::make_key(&options).map_err(Failure::from),
    };
    let (reasons, code) = match done {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Failure::Settings(reasons)) => (reasons, ExitCode::from(2)),
        Err(Failure::Other(reason)) => (vec![reason], ExitCode::FAILURE),
    };
    reasons.iter().for_each(|reason| say(reason));
    code
}

/// Warns of unknown variables. `serve` does so in its log, and `schema` reads none.
fn warn_of_variables(command: &Command) {
    if !matches!(command, Command::Serve(_) | Command::Schema { .. }) {
        config::unknown_variables().iter().for_each(|warning| say(&format!("warning: {warning}")));
    }
}

fn print(options: &Config) -> Result<(), String> {
    let text = match options.json {
        true => serde_json::to_string_pretty(&config::effective(&options.serve)).map_err(|error| error.to_string())?,
        false => config::as_toml(&options.serve),
    };
    match writeln!(io::stdout(), "{}", text.trim_end()) {
        // The reader has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed.map_err(|error| error.to_string()),
    }
}

fn write_schema(folder: &Path, typescript: Option<&Path>) -> Result<(), String> {
    write_files(folder, schema::files())?;
    typescript.map_or(Ok(()), |folder| write_files(folder, schema::typescript::files()))
}

fn write_files(folder: &Path, files: Vec<schema::File>) -> Result<(), String> {
    let failed = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    for file in files {
        let path = folder.join(&file.path);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(|error| failed(parent, error))?;
        fs::write(&path, file.text).map_err(|error| failed(&path, error))?;
    }
    Ok(())
}
