//! Property tests: invariants of the machine under any sequence of inputs.

use proptest::prelude::*;

use super::tests::Run;
use super::*;
use crate::client::Watched;
use crate::client::state::MOVES;
use crate::code::AckCode;
use crate::signal::SignalKind;

fn any_input() -> impl Strategy<Value = Input<'static>> {
    let ack = || prop_oneof![Just(200), prop::sample::select(AckCode::ALL).prop_map(AckCode::number)];
    prop_oneof![
        2 => Just(Input::Join),
        1 => Just(Input::Leave),
        6 => prop::sample::select(SignalKind::OF_ROOMS)
            .prop_map(|kind| Input::Signal(Outgoing { kind, text: String::new() })),
        4 => Just(Input::Opened),
        3 => prop::sample::select(vec![1000, 1001, 1006, 1008, 1012, 4000]).prop_map(|code| Input::Closed { code, renewed: false }),
        2 => prop::sample::select(vec![None, Some(401), Some(503)]).prop_map(|status| Input::NotOpened { status }),
        1 => Just(Input::Offline),
        2 => Just(Input::Online),
        4 => ack().prop_map(|code| Input::Message(Facts::of_ack(JOIN, code))),
        1 => ack().prop_map(|code| Input::Message(Facts::of_ack("HEARTBEAT", code))),
        3 => prop::sample::select(Observation::ALL).prop_map(Input::Seen),
        1 => (0_usize..4).prop_map(Input::Window),
        1 => Just(Input::Hurry),
        1 => Just(Input::Rejoin),
        4 => Just(Input::Tick),
    ]
}

const JOIN: &str = "JOIN";

/// The code of an ack of `JOIN`.
fn join_ack(input: &Input<'_>) -> Option<u16> {
    if let Input::Message(facts) = input { facts.c.filter(|_| facts.s == Some(JOIN)) } else { None }
}

/// State that an observer of the machine keeps, from its inputs and outputs.
#[derive(Default)]
struct Record {
    said: Vec<Outgoing>,
    sent: Vec<Outgoing>,
    dropped: Vec<Outgoing>,
    unanswered: u32,
    opening: bool,
    connected: bool,
    /// `JOIN` was sent over this connection and has no ack.
    asked: bool,
}

impl Record {
    /// Numbers a signal, so that each is unlike all others.
    fn number<'a>(&mut self, input: Input<'a>) -> Input<'a> {
        let Input::Signal(mut signal) = input else { return input };
        signal.text = format!("{:04}", self.said.len());
        self.said.push(signal.clone());
        Input::Signal(signal)
    }

    fn note(&mut self, state: &mut State, input: &Input<'_>, output: Output) -> Result<(), TestCaseError> {
        match output {
            Output::StateChanged(next) => {
                prop_assert!(MOVES.iter().any(|step| step.from == *state && step.to == next));
                let accepted = join_ack(input) == Some(200);
                prop_assert!(next != State::Joined || accepted);
                *state = next;
                self.unanswered = if next == State::Joined { 0 } else { self.unanswered };
            }
            Output::Send(signal) => {
                prop_assert_eq!(*state, State::Joined);
                self.sent.push(signal);
            }
            Output::SendHeartbeat => prop_assert_eq!(*state, State::Joined),
            Output::SendLeave => prop_assert!(self.connected),
            Output::SendJoin => {
                self.asked = true;
                self.unanswered += 1;
                prop_assert!(self.connected && self.unanswered <= MAX_JOINS);
            }
            Output::Dropped { signal, .. } => self.dropped.push(signal),
            Output::Connect { .. } => {
                prop_assert!(!self.connected && !self.opening);
                self.opening = true;
            }
            Output::Close => (self.opening, self.connected, self.asked) = (false, false, false),
            Output::Finished => prop_assert!(!self.connected && !self.opening),
            Output::Ignored(event) => {
                prop_assert_eq!(state.after(event).filter(|to| *to != State::Joined && *to != State::Failed), None)
            }
        }
        Ok(())
    }
}

proptest! {
    #[test]
    fn it_keeps_to_the_table_and_loses_no_signal_in_silence(
        inputs in prop::collection::vec((any_input(), 0_u64..4000), 0..120),
    ) {
        let (mut run, mut record, mut state) = (Run::new(), Record::default(), State::INITIAL);
        for (input, passes) in inputs {
            run.now += passes;
            let input = record.number(input);
            // While it joins already, it does not begin anew.
            let begins = input == Input::Join && state.after(Event::JoinSent).is_some();
            record.unanswered = if begins { 0 } else { record.unanswered };
            match input {
                Input::Opened if record.opening => (record.opening, record.connected) = (false, true),
                Input::NotOpened { .. } => record.opening = false,
                Input::Closed { .. } => (record.opening, record.connected, record.asked) = (false, false, false),
                // No answer, but none that the server owes.
                _ if record.asked && join_ack(&input) == Some(503) => record.unanswered -= 1,
                _ => {}
            }
            record.asked &= join_ack(&input).is_none();
            for output in run.input(input.clone()) {
                record.note(&mut state, &input, output)?;
            }
            prop_assert_eq!(state, run.machine.state());
            let told = record.sent.len() + record.dropped.len() + run.machine.waiting();
            prop_assert_eq!(told, record.said.len());
        }
        prop_assert!(record.sent.is_sorted_by(|a, b| a.text < b.text));
        prop_assert!(record.dropped.iter().all(|signal| !record.sent.contains(signal)));
    }

    #[test]
    fn the_watchdog_joins_again_three_times_a_minute_at_most(
        steps in prop::collection::vec((any_seen(), 0_u64..3000), 0..300),
        room in prop::sample::select(vec![RoomType::P2p, RoomType::P2m]),
        role in prop::sample::select(Role::ALL),
    ) {
        let (mut watched, mut now, mut rejoins) = (Watched::new(room, role), 0, Vec::new());
        for (seen, passes) in steps {
            now += passes;
            watched.event(now, Event::JoinSent);
            match seen {
                Ok(event) => { watched.event(now, event); }
                Err(observation) => watched.see(now, observation),
            }
            if watched.tick(now) == Some(Outcome::Rejoin) {
                rejoins.push(now);
            }
            let minute = rejoins.iter().filter(|time| now - **time < crate::client::watchdog::WINDOW).count();
            prop_assert!(minute <= MAX_REJOINS as usize);
        }
    }
}

fn any_seen() -> impl Strategy<Value = Result<Event, Observation>> {
    let event = prop::sample::select(vec![Event::JoinAccepted, Event::JoinResent, Event::NetworkDown]);
    prop_oneof![2 => event.prop_map(Ok), 3 => prop::sample::select(Observation::ALL).prop_map(Err)]
}
