//! The machine in its usual and unusual hours.

use super::*;
use crate::signal::SignalKind;

/// The machine with its clock, and what it did last.
pub(super) struct Run {
    pub machine: Machine,
    pub now: u64,
}

impl Run {
    pub fn new() -> Self {
        Self { machine: Machine::new(RoomType::P2p, Role::Publisher, Queue::new(4, 1000)), now: 0 }
    }

    pub fn joined() -> Self {
        let mut run = Self::new();
        run.all([Input::Join, Input::Opened, ack(200)]);
        run
    }

    pub fn input(&mut self, input: Input<'_>) -> Vec<Output> {
        self.machine.handle(self.now, 1.0, input)
    }

    fn all<const N: usize>(&mut self, inputs: [Input<'_>; N]) -> Vec<Output> {
        inputs.into_iter().flat_map(|input| self.input(input)).collect()
    }

    /// Ticks once per second for `count` seconds; returns the outputs, each with its second.
    fn seconds(&mut self, count: u64) -> Vec<(u64, Output)> {
        let mut done = Vec::new();
        for _ in 0..count {
            self.now += 1000;
            let at = self.now / 1000;
            done.extend(self.input(Input::Tick).into_iter().map(|output| (at, output)));
        }
        done
    }
}

fn ack(code: u16) -> Input<'static> {
    Input::Message(Facts::of_ack("JOIN", code))
}

fn beaten(code: u16) -> Input<'static> {
    Input::Message(Facts::of_ack("HEARTBEAT", code))
}

fn closed(code: u16) -> Input<'static> {
    Input::Closed { code, renewed: false }
}

fn said(text: &str) -> Outgoing {
    Outgoing { kind: SignalKind::Ice, text: text.to_owned() }
}

fn signal(text: &str) -> Input<'static> {
    Input::Signal(said(text))
}

#[test]
fn signals_wait_for_the_room_and_go_out_in_order() {
    let mut run = Run::new();
    assert_eq!(run.all([Input::Join, signal("a"), Input::Opened, signal("b")]).last(), Some(&Output::SendJoin));
    let done = run.input(ack(200));
    let (a, b) = (Output::Send(said("a")), Output::Send(said("b")));
    assert_eq!(done, [Output::StateChanged(State::Joined), a, b]);
    assert_eq!(run.input(signal("c")), [Output::Send(said("c"))]);
}

#[test]
fn a_lost_connection_is_tried_again_with_growing_delays() {
    let mut run = Run::joined();
    let lost = [Output::StateChanged(State::WaitingNetwork), Output::Connect { delay: 250 }];
    assert_eq!(run.input(closed(1012)), lost);
    assert_eq!(run.input(closed(1006)), [Output::Connect { delay: 500 }]);
    assert_eq!(run.input(Input::Opened), [Output::StateChanged(State::Reinitializing), Output::SendJoin]);
    // The server went down again before it answered.
    assert_eq!(run.input(closed(1006)), [Output::Connect { delay: 1000 }]);
    assert_eq!(run.all([Input::Opened, ack(200)]), [Output::SendJoin, Output::StateChanged(State::Joined)]);
    // It held for a moment only: a server that takes everybody in and falls over is spared.
    assert_eq!(run.input(closed(1006))[1], Output::Connect { delay: 2000 });
    run.all([Input::Opened, ack(200)]);
    run.now += 5000;
    assert_eq!(run.input(closed(1006))[1], Output::Connect { delay: 250 });
}

#[test]
fn an_upgrade_that_is_refused_for_a_token_is_the_end_and_any_other_is_tried_again() {
    for status in [401, 403] {
        let mut run = Run::joined();
        run.input(closed(1006));
        let states = [State::Reinitializing, State::Failed].map(Output::StateChanged);
        assert_eq!(run.input(Input::NotOpened { status: Some(status) }), states, "{status}");
    }
    for status in [None, Some(429), Some(502), Some(503)] {
        let mut run = Run::joined();
        run.input(closed(1006));
        for delay in [500, 1000, 2000, 4000, 5000, 5000] {
            assert_eq!(run.input(Input::NotOpened { status }), [Output::Connect { delay }], "{status:?}");
        }
    }
}

#[test]
fn a_server_that_is_not_there_is_given_up_after_four_attempts() {
    let mut run = Run::new();
    run.input(Input::Join);
    let done = run.all([closed(1006), closed(1006), closed(1006)]);
    assert_eq!(done.len(), 3);
    assert_eq!(run.input(closed(1006)), [Output::StateChanged(State::Failed)]);
}

#[test]
fn who_comes_back_online_does_not_ask_more_often_than_anybody_else() {
    let mut run = Run::new();
    run.all([Input::Join, Input::Opened, closed(1006), Input::Opened, closed(1006), Input::Opened, closed(1006)]);
    assert_eq!(run.input(Input::Opened), [Output::SendJoin]);
    assert_eq!(run.input(Input::Offline), [Output::Close, Output::StateChanged(State::Failed)]);
    assert_eq!(run.input(Input::Online), []);
}

#[test]
fn an_unanswered_join_goes_out_over_a_new_connection_and_then_fails() {
    let mut run = Run::new();
    run.all([Input::Join, Input::Opened]);
    for second in [10, 20, 30] {
        let done = run.seconds(10);
        assert_eq!(done[0], (second, Output::Close));
        assert!(matches!(done[1..], [(_, Output::Connect { .. })]));
        assert_eq!(run.input(Input::Opened), [Output::SendJoin]);
    }
    assert_eq!(run.seconds(10), [(40, Output::StateChanged(State::Failed)), (40, Output::Close)]);
}

#[test]
fn service_unavailable_is_no_answer_and_any_other_refusal_is_the_end() {
    let mut run = Run::new();
    run.all([Input::Join, Input::Opened]);
    // Another node may answer.
    assert_eq!(run.input(ack(503)), [Output::Close, Output::Connect { delay: 250 }]);
    assert_eq!(run.input(ack(503)), [], "nobody asked over a connection that is not there");
    assert_eq!(run.input(Input::Opened), [Output::SendJoin]);
    run.input(signal("a"));
    let lost = Output::Dropped { signal: said("a"), because: Lost::Ended };
    assert_eq!(run.input(ack(4001)), [Output::StateChanged(State::Failed), Output::Close, lost.clone()]);
    assert_eq!(run.input(signal("a")), [lost]);
}

#[test]
fn service_that_stays_unavailable_is_given_up_after_as_long_as_no_answer() {
    let mut run = Run::new();
    run.all([Input::Join, Input::Opened]);
    let (mut asked, mut ended) = (0, None);
    while ended.is_none() && run.now < 100_000 {
        run.now += 1000;
        let done = run.all([ack(503), Input::Opened, Input::Tick]);
        asked += done.iter().filter(|output| **output == Output::SendJoin).count();
        ended = done.contains(&Output::StateChanged(State::Failed)).then_some(run.now);
    }
    assert_eq!(ended, Some(40_000));
    assert!(asked > 30, "{asked}");
}

#[test]
fn close_codes_decide_who_comes_back() {
    for code in [1000, 1002, 1008, 4000, 4001] {
        assert_eq!(Run::joined().input(closed(code)), [Output::StateChanged(State::Failed)], "{code}");
    }
    let mut run = Run::joined();
    run.input(closed(1013));
    let done = run.input(closed(4001));
    let states = [State::Reinitializing, State::Failed].map(Output::StateChanged);
    assert_eq!(done, states);
}

#[test]
fn no_connection_is_tried_while_the_device_is_offline() {
    let mut run = Run::joined();
    assert_eq!(run.input(Input::Offline), [Output::Close, Output::StateChanged(State::WaitingNetwork)]);
    assert_eq!(run.seconds(120), []);
    assert_eq!(run.input(Input::Online), [Output::Connect { delay: 250 }]);
    let mut run = Run::new();
    assert_eq!(run.all([Input::Offline, Input::Join]), [Output::StateChanged(State::Initializing)]);
    assert_eq!(run.seconds(120), []);
}

#[test]
fn heartbeats_go_out_every_three_seconds_until_one_has_no_answer_for_four() {
    let mut run = Run::joined();
    let beats: Vec<_> = [3, 6].map(|at| (at, Output::SendHeartbeat)).into();
    assert_eq!(run.seconds(6), beats);
    let lost = [Output::Close, Output::StateChanged(State::WaitingNetwork), Output::Connect { delay: 250 }];
    assert_eq!(run.seconds(1), lost.map(|done| (7, done)));
    let mut run = Run::joined();
    run.seconds(6);
    run.input(beaten(200));
    run.seconds(6);
    run.input(beaten(200));
    assert_eq!(run.seconds(3), [(15, Output::SendHeartbeat)]);
}

#[test]
fn a_member_the_server_forgot_joins_again_over_the_same_connection() {
    for code in [4001, 4002] {
        let mut run = Run::joined();
        run.input(beaten(code));
        assert_eq!(run.seconds(1), [(1, Output::StateChanged(State::Reinitializing)), (1, Output::SendJoin)], "{code}");
    }
    let mut run = Run::joined();
    let end = [Output::StateChanged(State::Failed), Output::Close];
    assert_eq!(run.input(beaten(500)), end);
}

#[test]
fn leaving_is_said_and_joining_again_begins_anew() {
    let mut run = Run::joined();
    let done = run.input(Input::Leave);
    assert_eq!(done, [Output::SendLeave, Output::StateChanged(State::Leaved), Output::Close]);
    assert_eq!(run.input(Input::Leave), [Output::Ignored(Event::LeaveSent)]);
    let again = [Output::StateChanged(State::Initializing), Output::Connect { delay: 0 }];
    assert_eq!(run.input(Input::Join), again);
}

#[test]
fn who_leaves_before_the_ack_tells_the_server_where_it_can_and_is_done() {
    let lost = || Output::Dropped { signal: said("a"), because: Lost::Ended };
    let mut run = Run::new();
    run.all([Input::Join, signal("a"), Input::Opened]);
    assert_eq!(run.input(Input::Leave), [Output::SendLeave, Output::Close, lost(), Output::Finished]);
    assert_eq!(run.all([ack(200), closed(1006), Input::Opened, Input::Join, Input::Tick]), []);
    assert_eq!(run.input(signal("a")), [lost()]);
    let mut run = Run::new();
    run.input(Input::Join);
    assert_eq!(run.input(Input::Leave), [Output::Close, Output::Finished], "nothing was asked yet");
    let mut run = Run::joined();
    run.all([closed(1006), signal("a")]);
    assert_eq!(run.input(Input::Leave), [Output::Close, lost(), Output::Finished]);
}

#[test]
fn what_does_not_fit_the_queue_is_told() {
    let mut run = Run::new();
    run.input(Input::Join);
    (0..4).for_each(|n| assert_eq!(run.input(signal(&n.to_string())), []));
    assert_eq!(run.input(signal("4")), [Output::Dropped { signal: said("0"), because: Lost::Overflow }]);
}

#[test]
fn no_more_goes_out_than_the_window_lets_through_and_the_rest_waits_in_order() {
    let mut run = Run::joined();
    run.input(Input::Window(1));
    let sent = |text| Output::Send(said(text));
    assert_eq!(run.all([signal("a"), signal("b"), signal("c")]), [sent("a")]);
    assert_eq!(run.input(Input::Window(1)), [sent("b")]);
    assert_eq!(run.all([signal("d"), Input::Window(9), signal("e")]), ["c", "d", "e"].map(sent));
}

#[test]
fn another_token_excuses_one_close_until_a_connection_has_held() {
    let renewed = || Input::Closed { code: 4001, renewed: true };
    let mut run = Run::joined();
    assert_eq!(run.input(renewed())[0], Output::StateChanged(State::WaitingNetwork));
    run.all([Input::Opened, ack(200)]);
    run.now += 5000;
    assert_eq!(run.input(renewed())[0], Output::StateChanged(State::WaitingNetwork));
    run.all([Input::Opened, ack(200)]);
    run.now += 4999;
    assert_eq!(run.input(renewed()), [Output::StateChanged(State::Failed)]);
    let end = Run::joined().input(Input::Closed { code: 1008, renewed: true });
    assert_eq!(end, [Output::StateChanged(State::Failed)]);
}

#[test]
fn heartbeats_follow_the_interval_of_the_server_and_come_early_when_wanted() {
    let mut run = Run::new();
    run.machine.set_heartbeat(5000);
    run.all([Input::Join, Input::Opened, ack(200)]);
    assert_eq!(run.machine.next_beat(), Some(5000));
    let lost = [Output::Close, Output::StateChanged(State::WaitingNetwork), Output::Connect { delay: 250 }];
    let done = [vec![(5, Output::SendHeartbeat), (10, Output::SendHeartbeat)], lost.map(|done| (11, done)).into()];
    assert_eq!(run.seconds(11), done.concat());
    let mut run = Run::joined();
    run.now = 100;
    assert_eq!(run.all([Input::Hurry, Input::Tick]), [Output::SendHeartbeat]);
    run.input(Input::Hurry);
    assert_eq!(run.machine.next_beat(), Some(300), "five times a second at most");
}

#[test]
fn a_member_asks_for_fresh_tokens_over_the_connection_that_it_has() {
    let mut run = Run::joined();
    assert_eq!(run.input(Input::Rejoin), [Output::StateChanged(State::Reinitializing), Output::SendJoin]);
    assert_eq!(run.input(Input::Rejoin), [], "it is under way");
    assert_eq!(run.input(ack(200)), [Output::StateChanged(State::Joined)]);
}
