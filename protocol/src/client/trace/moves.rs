//! Every move of the table, and in every state every event that does not move it.

use super::Recorder;
use crate::client::state::{Event, MOVES, Move, State};
use crate::client::watchdog::Role;
use crate::signal::RoomType;

fn moves(step: &Move) -> Recorder {
    let name = format!("{} moves {} to {}", step.on.name(), step.from.name(), step.to.name());
    let mut recorder = Recorder::new(name, RoomType::M2m, Role::Viewer).lead(step.from);
    recorder.event(500, step.on);
    recorder
}

fn ignores(state: &State) -> Recorder {
    let name = format!("{} ignores every other event", state.name());
    let mut recorder = Recorder::new(name, RoomType::M2m, Role::Viewer).lead(*state);
    let others = Event::ALL.iter().filter(|event| state.after(**event).is_none());
    others.for_each(|event| recorder.event(500, *event));
    recorder
}

pub(super) fn all() -> impl Iterator<Item = Recorder> {
    MOVES.iter().map(moves).chain(State::ALL.iter().map(ignores))
}
