//! Settings as they were given, before they are read: each with its place, so that a refusal can name it.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::builder::ValueParser;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};

use crate::terminal::without_login;

/// Variables in which nothing is a value of its own. Anywhere else an empty variable counts as unset: files of
/// variables and compose have many of those.
const EMPTY_IS_A_VALUE: [&str; 1] = ["public_url"];

/// Source of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingSource {
    CommandLine,
    Variable(String),
    File(PathBuf),
}

/// A setting that was given.
#[derive(Debug, Clone)]
pub struct Given {
    pub id: String,
    pub source: SettingSource,
    /// Its name on the command line: `--name`, or the name of a positional value.
    flag: String,
    positional: bool,
    takes_value: bool,
    value: Option<OsString>,
    secret: bool,
}

impl Given {
    /// Returns a value for an argument.
    pub fn new(arg: &Arg, source: SettingSource, value: Option<OsString>) -> Self {
        let flag = arg.get_long().map_or_else(|| format!("<{}>", value_name(arg)), |long| format!("--{long}"));
        let (positional, secret) = (arg.is_positional(), arg.is_hide_env_values_set());
        let takes_value = arg.get_action().takes_values();
        Self { id: arg.get_id().to_string(), source, flag, positional, takes_value, value, secret }
    }

    /// Its name at the place where it was given.
    pub fn name(&self) -> String {
        match &self.source {
            SettingSource::CommandLine => self.flag.clone(),
            SettingSource::Variable(name) => name.clone(),
            SettingSource::File(path) => format!("{} in {}", self.id, path.display()),
        }
    }

    /// Its name and, unless that is a secret, its value.
    pub fn with_value(&self) -> String {
        match &self.value {
            Some(value) if !self.secret => format!("{} {:?}", self.name(), without_login(&value.to_string_lossy())),
            _ => self.name(),
        }
    }

    /// Returns the items of a list of several, each with its place: `item 2 of 3`.
    pub fn items(&self, delimiter: char) -> Vec<(String, Self)> {
        let texts: Vec<&str> = self.text().unwrap_or_default().split(delimiter).collect();
        let count = texts.len();
        let item = |(index, text): (usize, &&str)| {
            (format!("item {} of {count}", index + 1), Self { value: Some((*text).into()), ..self.clone() })
        };
        if count > 1 { texts.iter().enumerate().map(item).collect() } else { Vec::new() }
    }

    /// Its value where that is the name of a file that holds a secret, or a list of these: the names are none.
    pub fn secret_file(&self) -> Option<&str> {
        let names_files = |text: &&str| text.split(',').all(|item| item.starts_with("file:"));
        self.text().filter(|text| self.secret && names_files(text))
    }

    /// Returns whether it is a list that was given without a value, in place of its default.
    pub fn is_empty_list(&self) -> bool {
        self.takes_value && self.value.is_none()
    }

    /// Its value as text.
    pub fn text(&self) -> Option<&str> {
        self.value.as_deref()?.to_str()
    }

    /// Its value as the path of a file.
    pub fn path(&self) -> Option<&Path> {
        self.value.as_deref().map(Path::new)
    }

    /// Returns whether its value is empty.
    pub fn is_empty(&self) -> bool {
        self.value.as_ref().is_some_and(|value| value.is_empty())
    }

    /// Returns whether it stands alone, without a name.
    pub fn is_positional(&self) -> bool {
        self.positional
    }

    /// Returns the same on the command line.
    pub fn argument(&self) -> OsString {
        let Some(value) = &self.value else { return self.flag.clone().into() };
        if self.positional {
            return value.clone();
        }
        let mut argument = OsString::from(&self.flag);
        argument.push("=");
        argument.push(value);
        argument
    }
}

fn value_name(arg: &Arg) -> String {
    arg.get_value_names().and_then(|names| names.first()).map_or_else(|| arg.get_id().to_string(), ToString::to_string)
}

/// Everything that was given to a command in its line and in the environment.
pub fn given(command: &Command, matches: &ArgMatches) -> Vec<Given> {
    let own = command.get_arguments().filter(|arg| matches.try_contains_id(arg.get_id().as_str()).unwrap_or(false));
    own.filter_map(|arg| {
        let id = arg.get_id().as_str();
        let source = match matches.value_source(id)? {
            ValueSource::CommandLine => SettingSource::CommandLine,
            ValueSource::EnvVariable => SettingSource::Variable(arg.get_env()?.to_string_lossy().into_owned()),
            _ => return None,
        };
        let takes_value = arg.get_action().takes_values();
        let value = takes_value.then(|| join(matches.get_raw(id).into_iter().flatten()));
        Some(Given::new(arg, source, value))
    })
    .collect()
}

/// Several values of one setting are one text, as in its variable.
fn join<'a>(values: impl Iterator<Item = &'a OsStr>) -> OsString {
    values.collect::<Vec<_>>().join(OsStr::new(","))
}

/// Returns the command line as written, without any judgement of the values, and with empty variables taken for unset.
pub fn unjudged(command: Command) -> Command {
    each_argument(command, |arg| {
        let arg = if is_left_empty(&arg) { arg.env(None::<&'static str>) } else { arg };
        if arg.get_action().takes_values() { arg.value_parser(ValueParser::os_string()) } else { arg }
    })
}

/// Returns the command line alone: the environment was looked at before.
pub fn without_environment(command: Command) -> Command {
    each_argument(command, |arg| arg.env(None::<&'static str>))
}

/// Returns the same for one setting at a time: none needs another.
pub fn one_at_a_time(command: &Command) -> Command {
    let alone = command.clone().no_binary_name(true);
    alone.mut_args(|arg| arg.required(false).env(None::<&'static str>))
}

fn each_argument(command: Command, change: impl Fn(Arg) -> Arg + Copy) -> Command {
    command.mut_subcommands(|sub| sub.mut_args(change))
}

fn is_left_empty(arg: &Arg) -> bool {
    let empty = arg.get_env().is_some_and(|name| std::env::var_os(name).is_some_and(|value| value.is_empty()));
    empty && !EMPTY_IS_A_VALUE.contains(&arg.get_id().as_str())
}
