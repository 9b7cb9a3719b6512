//! The sequences are what they are published as: many, of messages that the protocol knows, about everything there is.

use std::collections::HashSet;

use super::*;
use crate::ack;

#[test]
fn names_are_unique_and_there_are_enough() {
    let all = cases::all();
    let names: HashSet<&str> = all.iter().map(|sequence| sequence.name).collect();
    assert_eq!(names.len(), all.len());
    assert!(all.len() >= 25, "{}", all.len());
}

#[test]
fn everything_happens_and_has_every_end() {
    let all = cases::all();
    let steps = || all.iter().flat_map(|sequence| &sequence.steps);
    for happening in Happening::ALL {
        assert!(steps().any(|step| step.on == *happening), "{happening:?}");
    }
    for took in Took::ALL {
        assert!(steps().any(|step| step.took == Some(*took)), "{took:?}");
    }
}

#[test]
fn messages_are_refused_where_the_protocol_knows_none() {
    for step in cases::all().into_iter().flat_map(|sequence| sequence.steps) {
        let Some(message) = step.message else { continue };
        let decoded = ack::decode(&message.to_string());
        // These are of a newer server, and no errors to a client.
        let unknown = ["is never forwarded", "there is no ack NEWS", "is no ack code"];
        let is_wrong = decoded.as_ref().is_err_and(|reason| !unknown.iter().any(|words| reason.contains(words)));
        assert_eq!(is_wrong, step.took == Some(Took::Refused), "{message}: {decoded:?}");
    }
}

#[test]
fn a_number_that_goes_down_is_never_told() {
    for sequence in cases::all() {
        for (before, step) in sequence.steps.iter().zip(&sequence.steps[1..]) {
            let [had, has] = [before, step].map(|step| step.after.join.n);
            assert!(had <= has, "{}: {had:?} {has:?}", sequence.name);
        }
    }
}
