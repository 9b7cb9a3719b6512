//! The driver and numbers: against a server that takes them in order, over lines that die unnoticed.

use std::time::Duration;

use proptest::prelude::*;
use roomcast_protocol::ack::encode as ack;
use roomcast_protocol::client::Outgoing;
use roomcast_protocol::limits::{HURRYING_SIGNALS, RECEIVED_MESSAGES, UNCONFIRMED_SIGNALS};
use serde_json::{Value, json};

use super::tests::{Run, accepted, closed, offer, opened};
use super::*;
use crate::member::creation::Creating;

fn accepted_up_to(n: u64) -> Input {
    let Input::Text(text) = accepted(true, "t") else { unreachable!("an ack is text") };
    let mut accepted: Value = serde_json::from_str(&text).unwrap();
    accepted["b"]["n"] = json!(n);
    Input::Text(accepted.to_string())
}

fn resend(n: u64) -> Input {
    Input::Text(ack("RESEND", &json!({"rid": "demo", "n": n})).to_string())
}

fn beaten(n: u64) -> Input {
    Input::Text(ack("HEARTBEAT", &json!({"rid": "demo", "pps": [], "bid": "1", "n": n})).to_string())
}

fn joined() -> Run {
    let mut run = Run::new(Creating::IfAbsent);
    run.input(opened());
    run.input(accepted_up_to(1000));
    run
}

/// Returns the messages that were sent last.
fn sent(run: &Run) -> Vec<Value> {
    let text = |action: &Action| if let Action::Send(text) = action { serde_json::from_str(text).ok() } else { None };
    run.done.iter().filter_map(text).collect()
}

/// Returns the numbers of the signals that were sent last.
fn numbers(run: &Run) -> Vec<u64> {
    sent(run).iter().filter_map(|message| message["data"]["n"].as_u64()).collect()
}

fn say(run: &mut Run, count: usize) {
    for _ in 0..count {
        run.input(Input::Signal(offer("x")));
    }
}

#[test]
fn what_was_said_into_a_dead_line_is_said_again_before_anything_new() {
    let mut run = joined();
    say(&mut run, 3);
    run.input(closed(1006));
    run.input(Input::Signal(offer("new")));
    run.wait();
    run.input(opened());
    assert_eq!(sent(&run)[0]["data"]["op"]["n"], 1000);
    run.input(accepted_up_to(1001));
    assert_eq!(numbers(&run), [1002, 1003, 1004]);
    run.input(resend(1002));
    assert_eq!(numbers(&run), [1003, 1004]);
    run.input(beaten(1004));
    run.input(Input::Rejoin);
    assert_eq!(sent(&run)[0]["data"]["op"]["n"], 1004);
}

#[test]
fn a_server_without_numbers_gets_none() {
    let mut run = Run::joined();
    for _ in 0..2 * UNCONFIRMED_SIGNALS {
        assert!(run.driver.takes_signals());
        run.input(Input::Signal(offer("x")));
        assert_eq!((sent(&run).len(), numbers(&run).len()), (1, 0));
    }
}

#[test]
fn saying_more_than_is_kept_fails_until_the_server_confirms() {
    let mut run = joined();
    say(&mut run, UNCONFIRMED_SIGNALS);
    assert!(!run.driver.takes_signals());
    run.input(Input::Signal(offer("waits")));
    assert_eq!(sent(&run), [] as [Value; 0]);
    run.input(beaten(1002));
    assert!(run.driver.takes_signals());
    assert_eq!(numbers(&run), [1001 + UNCONFIRMED_SIGNALS as u64]);
}

#[test]
fn much_that_is_unconfirmed_is_asked_for_five_times_a_second() {
    let mut run = joined();
    say(&mut run, HURRYING_SIGNALS - 1);
    assert!(run.driver.deadline() > run.now);
    say(&mut run, 1);
    let begin = run.now;
    for _ in 0..5 {
        assert_eq!(sent_after(&mut run), "HEARTBEAT");
    }
    assert_eq!(run.now - begin, Duration::from_millis(800));
    let n = 1000 + HURRYING_SIGNALS as u64;
    run.input(beaten(n));
    run.input(Input::Tick);
    assert!(run.done.is_empty());
}

/// Returns the name of the first message that is sent as time passes.
fn sent_after(run: &mut Run) -> String {
    run.wait();
    sent(run)[0]["data"]["s"].as_str().unwrap().to_owned()
}

#[test]
fn much_that_was_received_is_acknowledged_at_once() {
    let mut run = joined();
    for sq in 1..=RECEIVED_MESSAGES {
        assert_eq!(sent(&run).len(), 0);
        run.input(Input::Text(format!(r#"{{"sq":{sq},"s":"OFFER"}}"#)));
    }
    let beat = &sent(&run)[0]["data"];
    assert_eq!((&beat["s"], &beat["sq"], &beat["send_ack"]), (&json!("HEARTBEAT"), &json!(64), &json!(false)));
}

#[test]
fn a_repetition_of_another_server_is_dropped() {
    let mut run = joined();
    let text = |sq: u64, user: &str, n: u64| {
        Input::Text(json!({"sq": sq, "s": "OFFER", "n": n, "ss": {"userId": user, "sessionId": "s"}}).to_string())
    };
    assert_eq!(run.input(text(1, "ann", 7)).len(), 1);
    assert_eq!(run.input(text(2, "bob", 7)).len(), 1);
    assert_eq!(run.input(text(1024, "ann", 7)).len(), 0);
    assert_eq!(run.input(text(1025, "ann", 8)).len(), 1);
    assert_eq!(run.driver.received.highest(), Some(1025));
}

/// A server that takes numbers in order and each once, and confirms late. One that takes its place knows only what was
/// confirmed.
#[derive(Debug)]
struct Server {
    taken: u64,
    confirmed: u64,
    /// The signals that recipients got, without repetitions.
    had: Vec<String>,
    highest: u64,
}

impl Server {
    fn take(&mut self, message: &Value) {
        let Some(n) = message["data"]["n"].as_u64().filter(|n| *n == self.taken + 1) else { return };
        self.taken = n;
        if n > self.highest {
            self.highest = n;
            self.had.push(message["data"]["sdp"].as_str().unwrap().to_owned());
        }
    }

    fn join(&mut self, message: &Value) -> Input {
        let above = message["data"]["op"]["n"].as_u64().unwrap();
        self.taken = self.taken.max(above);
        self.confirmed = self.confirmed.max(above);
        accepted_up_to(self.confirmed)
    }
}

/// Carries what the driver sent to the server, if the line lives.
fn carry(run: &mut Run, server: &mut Server, alive: bool) {
    for message in sent(run).into_iter().filter(|_| alive) {
        server.take(&message);
        if message["data"]["s"] == "JOIN" {
            let answer = server.join(&message);
            run.input(answer);
            carry(run, server, alive);
        }
    }
}

/// Loses the connection, waits and joins again.
fn come_back(run: &mut Run, server: &mut Server) {
    run.input(closed(1006));
    while !run.done.contains(&Action::Connect) {
        run.wait();
    }
    run.input(opened());
    carry(run, server, true);
}

proptest! {
    #[test]
    fn nothing_is_lost_and_nothing_had_twice(steps in prop::collection::vec(0_u8..8, 1..200)) {
        let mut run = joined();
        let mut server = Server { taken: 1000, confirmed: 1000, had: Vec::new(), highest: 0 };
        let (mut alive, mut said) = (true, Vec::new());
        for step in steps.into_iter().chain([1]) {
            match step {
                0 => alive = false,
                1 => {
                    alive = true;
                    come_back(&mut run, &mut server);
                }
                2 => server.confirmed = server.taken,
                3 if alive => {
                    run.input(beaten(server.confirmed));
                    carry(&mut run, &mut server, true);
                }
                4 => {
                    server.taken = server.confirmed;
                    if alive {
                        run.input(resend(server.confirmed));
                        carry(&mut run, &mut server, true);
                    } else {
                        alive = true;
                        come_back(&mut run, &mut server);
                    }
                }
                _ if run.driver.takes_signals() => {
                    let Outgoing { kind, text } = offer(&said.len().to_string());
                    said.push(said.len().to_string());
                    run.input(Input::Signal(Outgoing { kind, text }));
                    carry(&mut run, &mut server, alive);
                }
                _ => {}
            }
        }
        prop_assert_eq!(server.had, said);
    }
}
