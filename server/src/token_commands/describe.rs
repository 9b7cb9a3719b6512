//! A token in words: for whom it is, until when, and what it allows where.

use std::time::{Duration, SystemTime};

use roomcast_client::access::TokenInfo;
use roomcast_protocol::access::{Grant, RoomNames, RoomTypes};

/// Describes a token in lines.
pub fn in_words(info: &TokenInfo, now: SystemTime) -> String {
    let shown = info.name.as_ref().map(|name| format!(", shown as {name}")).unwrap_or_default();
    let end = super::time(info.expires);
    let left = match end.duration_since(now) {
        Ok(left) => format!("{} from now", humantime::format_duration(Duration::from_secs(left.as_secs()))),
        Err(_) => "over, and good only for the difference that clocks may have".to_owned(),
    };
    let end = humantime::format_rfc3339_seconds(end);
    let (rooms, may) = match &info.grant {
        Some(grant) => (rooms(grant), may(grant)),
        None => ("none".to_owned(), "nothing: it has no grant object".to_owned()),
    };
    let lines = format!("user: {}{shown}\nuntil: {end} ({left})\nrooms: {rooms}\nmay: {may}", info.subject);
    lines.split('\n').map(crate::terminal::escaped).collect::<Vec<_>>().join("\n")
}

fn rooms(grant: &Grant) -> String {
    match &grant.id {
        None => "every room".to_owned(),
        Some(RoomNames::One(one)) => one.to_string(),
        Some(RoomNames::Several(several)) if several.is_empty() => "none".to_owned(),
        Some(RoomNames::Several(several)) => several.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}

fn may(grant: &Grant) -> String {
    let create = match &grant.create {
        RoomTypes::All(all) => all.then(|| "create rooms".to_owned()),
        RoomTypes::Some(types) if types.is_empty() => None,
        RoomTypes::Some(types) => {
            let names = types.iter().filter_map(|one| Some(serde_json::to_value(one).ok()?.as_str()?.to_owned()));
            Some(format!("create rooms of type {}", names.collect::<Vec<_>>().join(" and ")))
        }
    };
    let flag = |granted: bool, name: &str| granted.then(|| name.to_owned());
    let granted = [
        flag(grant.join, "join"),
        create,
        flag(grant.publish, "publish"),
        flag(grant.play.unwrap_or(grant.join), "play"),
        flag(grant.moderate, "moderate"),
        flag(grant.admin, "administer"),
        flag(grant.fake, "join as another user"),
    ];
    let granted: Vec<_> = granted.into_iter().flatten().collect();
    if granted.is_empty() { "nothing".to_owned() } else { granted.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(grant: &str, name: Option<&str>, now: u64) -> String {
        let grant = serde_json::from_str(grant).unwrap();
        let info = TokenInfo { subject: "ann".into(), name: name.map(Into::into), expires: 1_000_000_000, grant };
        in_words(&info, super::super::time(now))
    }

    #[test]
    fn a_token_is_told_in_four_lines() {
        let grant = r#"{"id":["demo-*","lobby"],"join":true,"create":["p2p"],"publish":true}"#;
        assert_eq!(
            told(grant, Some("Ann"), 999_992_800),
            "user: ann, shown as Ann\nuntil: 2001-09-09T01:46:40Z (2h from now)\nrooms: demo-*, lobby\n\
             may: join, create rooms of type p2p, publish, play"
        );
        let grant = r#"{"join":true,"play":false,"create":true,"moderate":true,"admin":true,"fake":true}"#;
        assert!(
            told(grant, None, 0)
                .ends_with("rooms: every room\nmay: join, create rooms, moderate, administer, join as another user")
        );
        assert!(told("{}", None, 0).ends_with("may: nothing"));
        assert!(told("null", None, 0).ends_with("rooms: none\nmay: nothing: it has no grant object"));
        assert!(told("null", None, 1_000_000_010).contains("(over, and good only"));
    }

    #[test]
    fn what_a_server_says_steers_no_terminal() {
        assert_eq!(told("{}", Some("a\u{1b}[31m\r"), 0).matches(['\u{1b}', '\r']).count(), 0);
    }
}
