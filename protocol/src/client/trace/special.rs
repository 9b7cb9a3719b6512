//! Traces of cases that the tables do not show by themselves: shared bounds, memory that ends, rules that do not hold.

use super::Recorder;
use crate::client::state::{Event, State};
use crate::client::watchdog::{Observation, Role};
use crate::signal::RoomType;

fn joined(name: &str, room: RoomType, role: Role) -> Recorder {
    Recorder::new(name, room, role).lead(State::Joined)
}

/// A failure and the way back from it, at a time.
fn fail_and_return(recorder: &mut Recorder, at: u64) {
    recorder.see(at, Observation::CriticalFailure);
    recorder.tick(at + 1000);
    recorder.event(at + 1100, Event::JoinAccepted);
}

fn unavailable_counts_as_no_ack() -> Recorder {
    let mut recorder = Recorder::new("503 counts as no ack", RoomType::P2p, Role::Publisher);
    recorder.event(0, Event::JoinSent);
    recorder.see(200, Observation::JoinUnavailable);
    recorder.tick(10_000);
    recorder.event(10_200, Event::JoinAccepted);
    recorder
}

fn bound_is_shared() -> Recorder {
    let mut recorder = joined("the rules share one bound", RoomType::P2p, Role::Publisher);
    fail_and_return(&mut recorder, 1000);
    recorder.see(3000, Observation::OfferSent);
    recorder.tick(13_000);
    recorder.tick(23_000);
    recorder.event(23_100, Event::JoinAccepted);
    fail_and_return(&mut recorder, 30_000);
    recorder
}

fn bound_is_per_minute() -> Recorder {
    let mut recorder = joined("after a minute there is room again", RoomType::M2m, Role::Viewer);
    [1000, 5000, 9000, 61_000].into_iter().for_each(|at| fail_and_return(&mut recorder, at));
    recorder
}

fn counts_end_after_a_minute() -> Recorder {
    let mut recorder = joined("what is older than a minute is forgotten", RoomType::P2m, Role::Viewer);
    recorder.see(1000, Observation::LowFrameRate);
    (1..30).for_each(|n| recorder.see(30_000 + n, Observation::LowFrameRate));
    recorder.tick(61_000);
    recorder.see(61_500, Observation::LowFrameRate);
    recorder.tick(62_000);
    recorder
}

fn waiting_is_not_forgotten() -> Recorder {
    let mut recorder = Recorder::new("a client that slept an hour still waits", RoomType::A2m, Role::Viewer);
    recorder.event(0, Event::JoinSent);
    recorder.tick(3_600_000);
    recorder
}

fn first_offer_counts() -> Recorder {
    let mut recorder = joined("a second offer does not lengthen the wait", RoomType::A2m, Role::Publisher);
    recorder.see(1000, Observation::OfferSent);
    recorder.see(9000, Observation::OfferSent);
    recorder.tick(11_000);
    recorder
}

fn others_are_quiet(role: Role) -> Recorder {
    let name = format!("a {} of a broadcast sees nothing of the other side's rules", role.name());
    let mut recorder = joined(&name, RoomType::P2m, role);
    recorder.see(0, Observation::OfferSent);
    recorder.see(0, Observation::CalleeAbsent);
    if role == Role::Publisher {
        recorder.see(0, Observation::BufferingStarted);
    } else {
        (0..10).for_each(|n| recorder.see(n, Observation::SlowUpload));
    }
    recorder.tick(40_000);
    recorder
}

fn new_connection_waits_anew() -> Recorder {
    let mut recorder =
        Recorder::new("a lost connection ends the wait, the next JOIN begins it", RoomType::P2p, Role::Viewer);
    recorder.event(0, Event::JoinSent);
    recorder.close(9000, 1006);
    recorder.tick(30_000);
    recorder.event(31_000, Event::JoinResent);
    recorder.tick(40_000);
    recorder.tick(41_000);
    recorder
}

fn memory_ends_with_the_state() -> Recorder {
    let mut recorder = joined("an offer before a re-join is not waited for", RoomType::P2p, Role::Publisher);
    recorder.see(0, Observation::OfferSent);
    fail_and_return(&mut recorder, 1000);
    recorder.tick(12_000);
    recorder
}

fn first_rule_decides() -> Recorder {
    let mut recorder = joined("of two rules the first decides", RoomType::P2p, Role::Publisher);
    recorder.see(0, Observation::CalleeAbsent);
    recorder.see(29_000, Observation::CriticalFailure);
    recorder.tick(30_000);
    recorder
}

pub(super) fn all() -> impl Iterator<Item = Recorder> {
    let named = [
        unavailable_counts_as_no_ack(),
        bound_is_shared(),
        bound_is_per_minute(),
        counts_end_after_a_minute(),
        waiting_is_not_forgotten(),
        first_offer_counts(),
        new_connection_waits_anew(),
        memory_ends_with_the_state(),
        first_rule_decides(),
    ];
    named.into_iter().chain(Role::ALL.iter().map(|role| others_are_quiet(*role)))
}
