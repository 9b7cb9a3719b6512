//! Dials that fail, connections that end before the ack of `JOIN`, renewed tokens, and leaving.

use super::Recorder;
use crate::client::state::{Event, State};
use crate::client::watchdog::Role;
use crate::signal::RoomType;

fn in_state(name: &str, state: State) -> Recorder {
    Recorder::new(format!("{name} in {}", state.name()), RoomType::M2m, Role::Viewer).lead(state)
}

fn first_dials() -> Recorder {
    let mut recorder =
        Recorder::new("the first dial fails in initializing, four are the end", RoomType::P2p, Role::Publisher);
    recorder.event(0, Event::JoinSent);
    for (at, status) in [(50, None), (300, Some(502)), (900, Some(429)), (2000, None), (4000, None)] {
        recorder.dial(at, status);
    }
    recorder
}

fn dials(state: State) -> Recorder {
    let mut recorder = in_state("who was joined dials on and on", state);
    (1..=8).for_each(|n| recorder.dial(n * 5000, None));
    recorder
}

fn dial_refused(status: u16, state: State) -> Recorder {
    let mut recorder = in_state(&format!("upgrade refused with {status}"), state);
    recorder.dial(500, Some(status));
    recorder
}

fn joins_in_vain() -> Recorder {
    let mut recorder = in_state("four JOIN whose connections end are the end", State::Reinitializing);
    for at in [1000, 2000, 3000] {
        recorder.close(at, 1006);
        recorder.dial(at + 100, None);
        recorder.event(at + 500, Event::JoinResent);
    }
    recorder.close(4000, 1012);
    recorder
}

fn first_joins_in_vain() -> Recorder {
    let mut recorder = in_state("four JOIN whose connections end are the end", State::Initializing);
    for at in [1000, 2000, 3000] {
        recorder.close(at, 1006);
        recorder.event(at + 500, Event::JoinResent);
    }
    recorder.close(4000, 1012);
    recorder
}

fn mixed(state: State) -> Recorder {
    let mut recorder = in_state("closes and silence count together", state);
    recorder.close(1000, 1006);
    recorder.event(1500, Event::JoinResent);
    recorder.close(2000, 1006);
    recorder.event(2500, Event::JoinResent);
    recorder.tick(12_500);
    recorder.event(13_000, Event::JoinResent);
    recorder.tick(22_500);
    recorder
}

fn acks_begin_the_count_anew() -> Recorder {
    let mut recorder = in_state("an ack begins the count anew", State::Reinitializing);
    for at in [0, 20_000] {
        for n in 1..4 {
            recorder.close(at + n * 1000, 1006);
            recorder.event(at + n * 1000 + 500, Event::JoinResent);
        }
        recorder.event(at + 5000, Event::JoinAccepted);
        recorder.close(at + 6000, 1006);
        recorder.event(at + 6500, Event::JoinResent);
    }
    recorder
}

fn joining_begins_the_count_anew() -> Recorder {
    let mut recorder = in_state("joining after leaving begins the count anew", State::Initializing);
    (1..4).for_each(|n| recorder.dial(n * 100, None));
    recorder.event(500, Event::JoinAccepted);
    recorder.leave(600);
    recorder.close(650, 1000);
    recorder.event(700, Event::JoinSent);
    (8..11).for_each(|n| recorder.dial(n * 100, None));
    recorder
}

fn renewed(code: u16, state: State) -> Recorder {
    let mut recorder = in_state(&format!("close {code} with another token"), state);
    recorder.close_renewed(500, code);
    recorder
}

fn leaves(state: &State) -> Recorder {
    let mut recorder = in_state("the application leaves", *state);
    recorder.leave(500);
    recorder
}

pub(super) fn all() -> impl Iterator<Item = Recorder> {
    use State::{Initializing, Joined, Leaved, Reinitializing, WaitingNetwork};
    let named = [
        first_dials(),
        dials(WaitingNetwork),
        dials(Reinitializing),
        dial_refused(401, Initializing),
        dial_refused(403, WaitingNetwork),
        dial_refused(401, Reinitializing),
        dial_refused(401, Leaved),
        joins_in_vain(),
        first_joins_in_vain(),
        mixed(Initializing),
        mixed(Reinitializing),
        acks_begin_the_count_anew(),
        joining_begins_the_count_anew(),
        renewed(4001, Joined),
        renewed(4001, Reinitializing),
        renewed(4001, Leaved),
        renewed(1008, Joined),
    ];
    named.into_iter().chain(State::ALL.iter().map(leaves))
}
