use proptest::prelude::*;

use super::*;
use crate::id::{SessionId, UserId};
use crate::limits::NUMBERS_BELOW;

const MESSAGE: &str = r#"{"action":"offer","data":{"s":"OFFER"}}"#;

fn numbers(messages: &[String]) -> Vec<u64> {
    let number = |text: &String| serde_json::from_str::<serde_json::Value>(text).unwrap()["data"]["n"].as_u64();
    messages.iter().map(|text| number(text).unwrap()).collect()
}

fn sender(name: &str) -> MemberKey {
    MemberKey { user_id: UserId::parse(name).unwrap(), session_id: SessionId::parse("s").unwrap() }
}

#[test]
fn what_is_not_confirmed_is_said_again_in_order() {
    let mut said = Unconfirmed::new(1000);
    assert_eq!(said.say(MESSAGE).unwrap(), r#"{"action":"offer","data":{"n":1001,"s":"OFFER"}}"#);
    (0..3).for_each(|_| drop(said.say(MESSAGE).unwrap()));
    assert_eq!((numbers(&said.resend(1002)), said.above()), (vec![1003, 1004], 1002));
    assert_eq!(numbers(&said.joined(Some(1001))), [1003, 1004], "a confirmation is never taken back");
    assert_eq!((said.joined(Some(1004)).len(), said.above()), (0, 1004));
}

#[test]
fn saying_more_than_may_be_kept_fails_until_something_is_confirmed() {
    let mut said = Unconfirmed::new(0);
    for count in 0..UNCONFIRMED_SIGNALS {
        assert_eq!(said.hurries(), count >= HURRYING_SIGNALS);
        said.say(MESSAGE).unwrap();
    }
    assert!(said.is_full());
    assert_eq!(said.say(MESSAGE), Err(TooManyUnconfirmed));
    said.confirm(1);
    assert_eq!(numbers(&[said.say(MESSAGE).unwrap()]), [UNCONFIRMED_SIGNALS as u64 + 1]);
}

#[test]
fn a_server_without_numbers_gets_none_and_nothing_is_kept_for_it() {
    let mut said = Unconfirmed::new(5);
    said.say(MESSAGE).unwrap();
    assert_eq!(numbers(&said.joined(None)), [6], "what an earlier connection may have lost is said once more");
    (0..1000).for_each(|_| assert_eq!(said.say(MESSAGE).unwrap(), MESSAGE));
    assert_eq!((said.above(), said.joined(Some(6))), (6, Vec::new()));
    assert_eq!(numbers(&[said.say(MESSAGE).unwrap()]), [7]);
}

#[test]
fn numbers_go_on_above_what_the_server_knows() {
    let mut said = Unconfirmed::new(5);
    said.joined(Some(NUMBERS_BELOW - 10));
    assert_eq!(numbers(&[said.say(MESSAGE).unwrap()]), [NUMBERS_BELOW - 9]);
}

#[test]
fn a_repetition_is_known_by_its_sender_and_number() {
    let mut heard = HeardNumbers::default();
    assert!(heard.note(sender("ann"), 7));
    assert!(heard.note(sender("bob"), 7));
    assert!(!heard.note(sender("ann"), 7) && !heard.note(sender("ann"), 6));
    assert!(heard.note(sender("ann"), 9));
}

#[test]
fn the_sender_not_heard_for_longest_is_forgotten() {
    let mut heard = HeardNumbers::default();
    let name = |number: usize| sender(&format!("u{number}"));
    (0..REMEMBERED_SENDERS).for_each(|number| assert!(heard.note(name(number), 1)));
    assert!(!heard.note(name(0), 1), "heard again, and so not the oldest");
    assert!(heard.note(name(REMEMBERED_SENDERS), 1));
    assert_eq!(heard.highest.len(), REMEMBERED_SENDERS);
    assert!(!heard.note(name(0), 1) && heard.note(name(1), 1));
}

/// A server that takes numbers in order and each once, confirms late, and loses what it has not confirmed when it dies.
#[derive(Debug, Default)]
struct Server {
    taken: u64,
    confirmed: u64,
}

proptest! {
    #[test]
    fn nothing_is_lost_and_nothing_had_twice(steps in prop::collection::vec(0_u8..6, 1..300)) {
        let (mut said, mut server, mut heard) = (Unconfirmed::new(0), Server::default(), HeardNumbers::default());
        let (mut had, mut alive, mut count) = (Vec::new(), true, 0);
        for step in steps.into_iter().chain([2, 3, 2]) {
            let mut written = Vec::new();
            match step {
                // Lines are dead for a while before that is noticed: what is written is lost.
                0 => alive = false,
                1 => server.confirmed = server.taken,
                2 => {
                    alive = true;
                    server.taken = server.taken.max(said.above());
                    server.confirmed = server.confirmed.max(said.above());
                    written = said.joined(Some(server.confirmed));
                }
                // Another node takes over and knows what was confirmed.
                3 => {
                    server.taken = server.confirmed;
                    if alive {
                        written = said.resend(server.confirmed);
                    }
                }
                _ => if let Ok(text) = said.say(MESSAGE) {
                    count += 1;
                    written.push(text);
                },
            }
            for number in numbers(&written).into_iter().filter(|_| alive) {
                if number == server.taken + 1 {
                    server.taken = number;
                    had.extend(heard.note(sender("ann"), number).then_some(number));
                }
            }
        }
        prop_assert_eq!(had, (1..=count).collect::<Vec<u64>>());
    }
}
