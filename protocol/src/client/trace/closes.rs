//! Every close code of the table where the client is joined, and one code of each outcome everywhere else.

use super::Recorder;
use crate::client::close::LISTED;
use crate::client::state::State;
use crate::client::watchdog::Role;
use crate::signal::RoomType;

/// A code that the table does not list.
const UNLISTED: u16 = 4711;

fn while_joined(code: u16) -> Recorder {
    let name = format!("close {code} while joined");
    let mut recorder = Recorder::new(name, RoomType::P2p, Role::Publisher).lead(State::Joined);
    recorder.close(500, code);
    recorder
}

fn in_state(state: State) -> impl Iterator<Item = Recorder> {
    [1012, 1008, 4000].into_iter().map(move |code| {
        let name = format!("close {code} in {}", state.name());
        let mut recorder = Recorder::new(name, RoomType::P2p, Role::Publisher).lead(state);
        recorder.close(500, code);
        recorder
    })
}

pub(super) fn all() -> impl Iterator<Item = Recorder> {
    let others = State::ALL.iter().filter(|state| **state != State::Joined);
    LISTED.iter().copied().chain([UNLISTED]).map(while_joined).chain(others.flat_map(|state| in_state(*state)))
}
