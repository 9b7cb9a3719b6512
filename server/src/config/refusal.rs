//! Refusals to run: a line on standard error, or help.

use std::fmt;
use std::process::ExitCode;

use clap::error::ErrorKind;

use super::groups::command_line;
use crate::terminal::{escaped, say};

/// Reasons not to carry out a command line.
#[derive(Debug)]
pub enum Refusal {
    /// Help or the version, as it was asked for.
    Asked(String),
    /// Help for somebody who gave too little.
    Help(String),
    /// A fault, in one line.
    Line(String),
    /// Faults, one per line.
    List(Vec<String>),
}

impl Refusal {
    /// Takes what clap says.
    pub fn from_clap(error: &clap::Error) -> Self {
        match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Self::Asked(error.to_string()),
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => Self::Help(error.to_string()),
            _ => Self::Line(one_line(error)),
        }
    }

    /// Faults of a subcommand's settings: in one line, except for a subcommand that lists them.
    pub fn of(subcommand: &str, faults: Vec<String>) -> Self {
        if subcommand.starts_with("check") { Self::List(faults) } else { Self::Line(faults.join("; ")) }
    }

    /// Returns the help of a subcommand, or of the program.
    pub fn help_of(subcommand: Option<&str>) -> Self {
        let mut command = command_line();
        command.build();
        let found = subcommand.and_then(|name| command.find_subcommand_mut(name).map(clap::Command::render_help));
        Self::Help(found.unwrap_or_else(|| command.render_help()).to_string())
    }

    /// Says it. The exit code is 2, or 0 for what was asked for.
    pub fn show(&self) -> ExitCode {
        use std::io::Write as _;
        match self {
            // Nobody need listen.
            Self::Asked(text) => drop(write!(std::io::stdout(), "{text}")),
            Self::Help(text) => drop(write!(std::io::stderr(), "{text}")),
            Self::Line(text) => say(text),
            Self::List(faults) => faults.iter().for_each(|fault| say(fault)),
        }
        if matches!(self, Self::Asked(_)) { ExitCode::SUCCESS } else { ExitCode::from(2) }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked(text) | Self::Help(text) => f.write_str(text),
            Self::Line(text) => f.write_str(&escaped(text)),
            Self::List(faults) => f.write_str(&escaped(&faults.join("; "))),
        }
    }
}

/// Returns all that clap says of an error, but for the usage, in one line.
pub fn one_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let said =
        text.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more"));
    let mut all = String::new();
    for line in said.filter(|line| !line.is_empty()) {
        let between = match all.chars().last() {
            None => "",
            Some(':') => " ",
            Some(_) if line.starts_with("tip:") => "; ",
            Some(_) => ", ",
        };
        all.push_str(between);
        all.push_str(line.trim_start_matches("error: "));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(line: &[&str]) -> String {
        one_line(&command_line().try_get_matches_from(line).expect_err("a refusal"))
    }

    #[test]
    fn everything_clap_says_is_kept_in_one_line() {
        let missing = said(&["roomcast", "publish", "--user", "ann"]);
        assert_eq!(missing, "the following required arguments were not provided: --room <ROOM>, <FILE>");
        let flag = said(&["roomcast", "serve", "--max-room", "5"]);
        assert!(
            flag.contains("unexpected argument '--max-room' found; tip: ") && flag.contains("'--max-rooms'"),
            "{flag}"
        );
        let command = said(&["roomcast", "server"]);
        assert!(command.contains("'server'; tip: a similar subcommand exists: 'serve'"), "{command}");
    }
}
