//! Missing permissions of this node's Redis user (ACL), as one sentence with the rules to add.

/// The kind of a refused permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Lack {
    Command,
    Keys,
    Channels,
}

impl Lack {
    /// Determines the kind from the error texts of Redis 6 and 7, inside and outside scripts.
    fn of(text: &str) -> Self {
        if text.contains(" channel") {
            Self::Channels
        } else if text.contains(" key") {
            Self::Keys
        } else {
            Self::Command
        }
    }
}

/// Returns whether an error, from a script or a command, reports a missing permission.
pub fn is_lacking(code: &str, text: &str) -> bool {
    code == "NOPERM" || text.contains("ACL failure") || text.contains("user executing the script")
}

/// Returns the sentence for a refusal outside a script.
pub fn refused(text: &str) -> String {
    let named = text.split_once("run the '").and_then(|(_, rest)| rest.split_once('\''));
    match named {
        None if Lack::of(text) == Lack::Command => {
            "does not let this user do all that is needed: roomcast check with the same settings lists it".to_owned()
        }
        named => sentence(&[(named.map_or("", |(command, _)| command).to_owned(), text.to_owned())]),
    }
}

/// The refused commands, each with the error text of Redis.
pub type Refused = Vec<(String, String)>;

/// Returns the sentence for refused commands.
pub fn sentence(refused: &[(String, String)]) -> String {
    let is = |lack| refused.iter().any(|(_, text)| Lack::of(text) == lack);
    let mut commands: Vec<&str> = Vec::new();
    for (command, _) in refused.iter().filter(|(_, text)| Lack::of(text) == Lack::Command) {
        if !commands.contains(&command.as_str()) {
            commands.push(command);
        }
    }
    let mut rules: Vec<_> = commands.iter().map(|command| format!("+{}", command.to_lowercase())).collect();
    rules.extend(is(Lack::Keys).then(|| "~rc:*".to_owned()));
    rules.extend(is(Lack::Channels).then(|| "&rc:*".to_owned()));
    let mut lacks: Vec<_> = commands.iter().map(|command| command.to_uppercase().replace('|', " ")).collect();
    lacks.extend(is(Lack::Keys).then(|| "the keys rc:*".to_owned()));
    lacks.extend(is(Lack::Channels).then(|| "the channels rc:*".to_owned()));
    format!("does not let this user use {}: add to its rules {}", lacks.join(", "), rules.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_redis_tell_what_is_lacking() {
        for (text, lack) in [
            ("User me has no permissions to run the 'hkeys' command", Lack::Command),
            ("this user has no permissions to run the 'keys' command or its subcommand", Lack::Command),
            ("No permissions to access a key", Lack::Keys),
            ("this user has no permissions to access one of the keys used as arguments", Lack::Keys),
            ("No permissions to access a channel", Lack::Channels),
            ("ERR ACL failure in script: No permissions to access a channel", Lack::Channels),
            ("The user executing the script can't run this command or subcommand", Lack::Command),
            ("The user executing the script can't access at least one of the keys mentioned", Lack::Keys),
            ("The user executing the script can't publish to the channel mentioned", Lack::Channels),
        ] {
            assert_eq!(Lack::of(text), lack, "{text}");
        }
    }

    #[test]
    fn one_sentence_has_all_rules_to_add() {
        let refused = [("ZADD", "no 'zadd' command"), ("SET", "access a key"), ("PUBLISH", "access a channel")];
        let refused = refused.map(|(command, text)| (command.to_owned(), text.to_owned()));
        assert_eq!(
            sentence(&refused),
            "does not let this user use ZADD, the keys rc:*, the channels rc:*: add to its rules +zadd ~rc:* &rc:*"
        );
        let in_script =
            "The user executing the script can't run this command or subcommand script: 0, on @user_script:3";
        assert!(is_lacking("ERR", in_script) && super::refused(in_script).contains("roomcast check"));
        assert!(!is_lacking("ERR", "unknown command"));
        let outside = super::refused("User me has no permissions to run the 'script|load' command");
        assert_eq!(outside, "does not let this user use SCRIPT LOAD: add to its rules +script|load");
    }
}
