//! Reads the command line with everything that stands behind it, and judges all of it at once.
//!
//! clap ends at the first fault; here every setting is judged alone, then all against each other, and the refusal
//! names every fault in one line.

use std::error::Error as _;
use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{Arg, ArgMatches, Command as ClapCommand, FromArgMatches as _};

use roomcast_protocol::id::InvalidId;

use super::given::{Given, given, one_at_a_time, unjudged, without_environment};
use super::groups::command_line;
use super::refusal::{Refusal, one_line};
use super::{Cli, Command, Config, Names, Serve, bounds, publish, rules, settings_file, token};

/// Reads a command line (with the program's name), the environment and the file of settings.
///
/// # Errors
/// [`Refusal`] with every fault, or with the help that was asked for.
pub fn read(arguments: &[OsString]) -> Result<Cli, Refusal> {
    let command = command_line();
    let arguments = with_command_of_two_words(with_negative_values(arguments));
    let matches = unjudged(command.clone()).try_get_matches_from(&arguments);
    let matches = matches.map_err(|error| help_or_line(&error, &arguments))?;
    let Some((name, matches)) = matches.subcommand() else { return Err(Refusal::help_of(None)) };
    let Some(subcommand) = command.find_subcommand(name) else { return Err(Refusal::help_of(None)) };
    let Everything { given, mut faults, faulty } = everything_given(&command, subcommand, matches);
    let mut cli = match judged(command.clone(), name, &given) {
        Ok(cli) => cli,
        // Refused settings are missing now.
        Err(_) if !faults.is_empty() => return Err(Refusal::of(name, faults)),
        Err(error) => return Err(Refusal::of(name, vec![one_line(&error)])),
    };
    match &mut cli.command {
        Command::Serve(serve)
        | Command::Check(serve)
        | Command::CheckTurn(serve)
        | Command::Config(Config { serve, .. }) => {
            serve.names = Names::new(&given);
        }
        Command::Publish(options) => options.names = Names::new(&given),
        _ => {}
    }
    faults.extend(match &cli.command {
        Command::Serve(serve)
        | Command::Check(serve)
        | Command::CheckTurn(serve)
        | Command::Config(Config { serve, .. }) => {
            let changed = defaults(command).map(|defaults| defaults.changed(serve)).unwrap_or_default();
            rules::contradictions(serve, &given, &changed, &faulty)
        }
        Command::Publish(options) => publish::contradictions(options, &given, &faulty),
        Command::Token(options) => token::contradictions(options, &given, &faulty),
        Command::TokenCheck(options) => token::contradictions_of_check(options, &given, &faulty),
        _ => Vec::new(),
    });
    if faults.is_empty() { Ok(cli) } else { Err(Refusal::of(name, faults)) }
}

/// Effective settings of command line, environment and file.
struct Everything {
    /// The settings that are good by themselves.
    given: Vec<Given>,
    /// The faults.
    faults: Vec<String>,
    /// The ids of the settings that are wrong by themselves.
    faulty: Vec<String>,
}

/// Reads line, environment and file, and judges each setting alone.
fn everything_given(command: &ClapCommand, subcommand: &ClapCommand, matches: &ArgMatches) -> Everything {
    let mut given = given(subcommand, matches);
    let mut wrong = Vec::new();
    let file = given.iter().find(|given| given.id == "config" && !given.is_empty()).cloned();
    if let Some((file, serve)) = file.zip(command.find_subcommand("serve")) {
        let (mut from_file, in_file) = settings_file::read(&file, subcommand, serve);
        from_file.retain(|one| given.iter().all(|other| other.id != one.id));
        wrong = in_file;
        given.extend(from_file);
    }
    let alone = one_at_a_time(subcommand);
    let (mut faults, mut faulty) = (Vec::new(), Vec::new());
    given.retain(|given| {
        let Some(fault) = fault(&alone, given) else { return true };
        faults.push(fault);
        faulty.push(given.id.clone());
        false
    });
    faults.extend(wrong);
    Everything { given, faults, faulty }
}

/// Joins a flag with a negative number after it, which clap takes for flags of one letter: `--workers -1`.
fn with_negative_values(arguments: &[OsString]) -> Vec<OsString> {
    let is_negative = |text: &OsString| matches!(text.as_encoded_bytes(), [b'-', b'0'..=b'9' | b'.', ..]);
    let is_flag = |text: &OsString| text.as_encoded_bytes().starts_with(b"--") && text.len() > 2;
    let mut joined: Vec<OsString> = Vec::with_capacity(arguments.len());
    for argument in arguments {
        match joined.last_mut().filter(|last| is_negative(argument) && is_flag(last)) {
            Some(flag) if !flag.as_encoded_bytes().contains(&b'=') => {
                flag.push("=");
                flag.push(argument);
            }
            _ => joined.push(argument.clone()),
        }
    }
    joined
}

/// Joins the words of `token check` and `check turn`, which are commands of their own.
fn with_command_of_two_words(mut arguments: Vec<OsString>) -> Vec<OsString> {
    for (first, second) in [("token", "check"), ("check", "turn")] {
        if arguments.get(1).is_some_and(|word| word == first) && arguments.get(2).is_some_and(|word| word == second) {
            arguments.splice(1..=2, [format!("{first} {second}").into()]);
        }
    }
    arguments
}

/// A subcommand that was given nothing although it needs something shows its help.
fn help_or_line(error: &clap::Error, arguments: &[OsString]) -> Refusal {
    match (error.kind(), arguments) {
        (ErrorKind::MissingRequiredArgument, [_, name]) => Refusal::help_of(name.to_str()),
        _ => Refusal::from_clap(error),
    }
}

/// Returns the fault of a setting by itself.
fn fault(alone: &ClapCommand, given: &Given) -> Option<String> {
    if given.is_empty_list() {
        return None;
    }
    let delimiter =
        alone.get_arguments().find(|arg| arg.get_id() == given.id.as_str()).and_then(Arg::get_value_delimiter);
    let items = delimiter.map(|delimiter| given.items(delimiter)).unwrap_or_default();
    let default = default_of(alone, &given.id).map(|default| format!(" (default {default})")).unwrap_or_default();
    if items.is_empty() {
        return Some(format!("{} {}{default}", given.with_value(), reason(alone, given)?));
    }
    let of_item = |(place, item): &(String, Given)| {
        Some(format!("{} ({place}) {}{default}", item.with_value(), reason(alone, item)?))
    };
    let faults: Vec<_> = items.iter().filter_map(of_item).collect();
    (!faults.is_empty()).then(|| faults.join("; "))
}

/// Returns why a value cannot be that of its setting, if it cannot.
fn reason(alone: &ClapCommand, given: &Given) -> Option<String> {
    let argument = given.argument();
    let line = if given.is_positional() { vec!["--".into(), argument] } else { vec![argument] };
    let reason = match alone.clone().try_get_matches_from(line) {
        Ok(_) => return bounds::shortfall(&given.id, given.text()?),
        Err(error) => match error.source() {
            Some(reason) if reason.is::<InvalidId>() => format!("is not a legal name: {reason}"),
            Some(reason) => reason.to_string(),
            None if given.is_empty() => "must not be empty".to_owned(),
            None => one_line(&error),
        },
    };
    Some(reason)
}

fn default_of(command: &ClapCommand, id: &str) -> Option<String> {
    let arg = command.get_arguments().find(|arg| arg.get_id() == id)?;
    let values = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect::<Vec<_>>().join(",");
    (!values.is_empty()).then_some(values)
}

/// Returns the settings of a server that was told nothing.
fn defaults(command: ClapCommand) -> Option<Serve> {
    match judged(command, "serve", &[]).ok()?.command {
        Command::Serve(serve) => Some(serve),
        _ => None,
    }
}

/// Reads what was found good one by one.
fn judged(command: ClapCommand, name: &str, given: &[Given]) -> Result<Cli, clap::Error> {
    let mut line: Vec<OsString> = vec!["roomcast".into(), name.into()];
    let has_argument = |given: &&Given| !given.is_positional() && !given.is_empty_list();
    line.extend(given.iter().filter(has_argument).map(Given::argument));
    let positional: Vec<OsString> = given.iter().filter(|given| given.is_positional()).map(Given::argument).collect();
    if !positional.is_empty() {
        line.push("--".into());
        line.extend(positional);
    }
    let is_empty = |arg: &Arg| given.iter().any(|given| given.is_empty_list() && arg.get_id() == given.id.as_str());
    let without_default = |arg: Arg| if is_empty(&arg) { arg.default_values([""; 0]) } else { arg };
    let command = without_environment(command).mut_subcommand(name, |command| command.mut_args(without_default));
    let matches = command.try_get_matches_from(line)?;
    Cli::from_arg_matches(&matches)
}
