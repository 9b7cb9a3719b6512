//! The driver against the published messages of the server, valid and not.

use serde_json::Value;

use super::*;

fn published() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../schema/vectors/server-messages.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// A member that has joined; one that asks, where the message is an answer to that.
fn reader(message: &str) -> Run {
    if message != "JoinAck" {
        return Run::joined();
    }
    let mut run = Run::new(Creating::Never);
    run.input(opened());
    run
}

/// Whether the events are those that a message must lead to.
fn is_told(message: &str, value: &Value, events: &[&MemberEvent]) -> bool {
    // Said again, or an answer to a JOIN that nobody asked for.
    let is_own = value["c"] == 503 || value["s"] == "JOIN";
    match message {
        "JoinAck" => events.iter().any(|event| matches!(event, MemberEvent::Joined(_))),
        "HeartbeatAck" | "PublishListChangedAck" => {
            let told = events.iter().any(|event| matches!(event, MemberEvent::Participants(_)));
            told || value["b"]["pps"] == json!([])
        }
        "RoomClosedAck" => matches!(events, [MemberEvent::RoomClosed(_), MemberEvent::StateChanged(State::Failed)]),
        "GapAck" => matches!(events, [MemberEvent::Gap { .. }]),
        "ErrorAck" => is_own || matches!(events, [MemberEvent::Refused { .. }]),
        "RenewAck" | "KeepAliveAck" | "ResendAck" => events.is_empty(),
        forwarded => {
            assert!(forwarded.starts_with("Forwarded"), "{forwarded}");
            let [MemberEvent::Forwarded(signal), ..] = events else { return false };
            signal.as_object().unwrap().iter().all(|(name, member)| value[name] == *member)
        }
    }
}

#[test]
fn every_published_message_is_read() {
    let mut count = 0;
    for message in published()["vectors"].as_array().unwrap() {
        let name = message["message"].as_str().unwrap();
        for value in message["valid"].as_array().unwrap() {
            let mut run = reader(name);
            run.input(Input::Text(value.to_string()));
            assert!(is_told(name, value, &run.events()), "{name} {value}: {:?}", run.done);
            count += 1;
        }
    }
    assert!(count > 30, "{count}");
}

#[test]
fn no_message_that_is_none_joins_or_is_passed_on_or_ends_the_client() {
    for message in published()["vectors"].as_array().unwrap() {
        let name = message["message"].as_str().unwrap();
        for invalid in message["invalid"].as_array().unwrap() {
            let mut run = reader(name);
            run.input(Input::Text(invalid["value"].to_string()));
            let joins = |event: &&MemberEvent| matches!(event, MemberEvent::Joined(_));
            assert!(!run.events().iter().any(joins), "{invalid}");
            let unnumbered = invalid["reason"].as_str().unwrap().starts_with("/sq");
            assert!(
                !unnumbered || !name.starts_with("Forwarded") || run.events().is_empty(),
                "{invalid}: {:?}",
                run.done
            );
            let ends = run.done.contains(&Action::Finish);
            assert!(!ends || name == "RoomClosedAck", "{invalid}: {:?}", run.done);
        }
    }
}
