//! Property tests: invariants of the driver under any sequence of inputs.

use std::time::Duration;

use proptest::prelude::*;
use roomcast_protocol::ack::encode as ack;
use roomcast_protocol::client::Observation;
use roomcast_protocol::code::AckCode;
use serde_json::json;

use super::tests::token::lasting;
use super::tests::{Run, accepted, closed, offer, opened, refused};
use super::*;
use crate::access::Token;
use crate::member::creation::Creating;

fn any_token() -> impl Strategy<Value = Result<Option<Token>, String>> {
    prop_oneof![Just(Err("no".to_owned())), Just(Ok(None)), (0_u64..100).prop_map(|life| Ok(Some(lasting(life))))]
}

fn any_input() -> impl Strategy<Value = Input> {
    let reason = String::new();
    prop_oneof![
        Just(opened()),
        (0_u64..100).prop_map(|life| Input::Opened { token: Some(lasting(life)) }),
        any_token().prop_map(Input::Fetched),
        (0_u64..2000).prop_map(|exp| Input::Text(ack("RENEW", &json!({ "exp": exp })).to_string())),
        prop::option::of(Just(503)).prop_map(move |status| Input::NotOpened { status, reason: reason.clone() }),
        any::<bool>().prop_map(|resumed| accepted(resumed, "t")),
        prop::sample::select(AckCode::ALL).prop_map(refused),
        prop::sample::select(vec![1000, 1006, 1009, 1012, 4000, 4001]).prop_map(closed),
        ".{0,20}".prop_map(Input::Text),
        Just(Input::Signal(offer("x"))),
        prop::sample::select(Observation::ALL).prop_map(Input::Seen),
        Just(Input::Rejoin),
        Just(Input::Tick),
    ]
}

/// The connection, as its executor has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wire {
    Down,
    Opening,
    Open,
}

impl Wire {
    /// Returns whether a socket can hand this in: never an opening that was not asked for, nothing from a connection
    /// that is down.
    fn brings(self, input: &Input) -> bool {
        match input {
            Input::Opened { .. } | Input::NotOpened { .. } => self == Self::Opening,
            Input::Text(_) | Input::Closed { .. } => self == Self::Open,
            _ => true,
        }
    }

    fn after(self, input: &Input) -> Self {
        match input {
            Input::Opened { .. } => Self::Open,
            Input::NotOpened { .. } | Input::Closed { .. } => Self::Down,
            _ => self,
        }
    }
}

proptest! {
    #[test]
    fn the_driver_never_stands_still_and_connects_only_when_down(
        steps in prop::collection::vec((any_input(), 0_u64..12_000), 0..60),
        creating in prop::sample::select(vec![Creating::Never, Creating::IfAbsent, Creating::Always]),
        renews: bool,
    ) {
        let mut run = Run::with_token(creating, renews);
        let mut wire = Wire::Opening;
        for (input, passes) in steps {
            if !wire.brings(&input) || run.done.contains(&Action::Finish) {
                continue;
            }
            run.now += Duration::from_millis(passes);
            wire = wire.after(&input);
            run.input(input);
            let connects = run.done.iter().filter(|action| **action == Action::Connect).count();
            prop_assert!(connects <= 1);
            let dropped = run.done.contains(&Action::Abandon);
            wire = if dropped { Wire::Down } else { wire };
            prop_assert!(connects == 0 || wire == Wire::Down);
            wire = if connects > 0 { Wire::Opening } else { wire };
            let fetches = run.done.iter().filter(|action| **action == Action::Fetch).count();
            prop_assert!(fetches <= usize::from(renews));
            let finished = run.done.contains(&Action::Finish);
            prop_assert_eq!(finished, run.driver.machine.state() == State::Failed);
            prop_assert!(finished || run.driver.deadline() <= run.now + Duration::from_secs(1));
        }
    }

    #[test]
    fn a_server_that_never_answers_is_given_up(opens in any::<[bool; 8]>()) {
        let mut run = Run::new(Creating::IfAbsent);
        for opens in opens {
            if run.failed() {
                break;
            }
            let reason = String::new();
            run.input(if opens { opened() } else { Input::NotOpened { status: None, reason } });
            while !run.failed() && !run.done.contains(&Action::Connect) {
                run.wait();
            }
        }
        prop_assert!(run.failed());
    }
}
