//! The published sequences of messages, each as a membership of the driver.

use roomcast_protocol::client::sequence::{After, Happening, Kept, Options, Sequence, Step, Took, sequences};
use serde_json::{Value, json};

use super::tests::{Run, closed, offer, opened};
use super::*;
use crate::member::creation::Creating;

/// Leaving is the end of a driver: those sequences end there.
fn steps(sequence: &Sequence) -> impl Iterator<Item = &Step> {
    sequence.steps.iter().take_while(|step| step.on != Happening::Leave)
}

/// Returns the members of a message that the sequences compare.
fn told(text: &str) -> Value {
    let message: Value = serde_json::from_str(text).unwrap();
    let mut told = json!({});
    for name in ["s", "op", "n", "sdp", "sq", "send_ack"] {
        if let Some(value) = message["data"].get(name) {
            told[name] = value.clone();
        }
    }
    if let Some(options) = told.get_mut("op").and_then(Value::as_object_mut) {
        options.remove("roomCreating");
    }
    told
}

fn sent(run: &Run) -> Vec<Value> {
    let text = |action: &Action| if let Action::Send(text) = action { Some(told(text)) } else { None };
    run.done.iter().filter_map(text).collect()
}

fn after(driver: &Driver) -> After {
    let (above, count) = (driver.said.above(), driver.said.count() as u64);
    let join = Options {
        resume_from: driver.received.highest(),
        resume_token: Some(driver.resume_token.clone()),
        n: Some(driver.said.above()),
    };
    After {
        highest: driver.received.highest(),
        kept: (count > 0).then_some(Kept { first: above + 1, last: above + count }),
        waiting: driver.machine.waiting() as u64,
        hurry: driver.said.hurries(),
        join,
    }
}

/// Waits until something is sent.
fn until_sent(run: &mut Run) {
    run.wait();
    while sent(run).is_empty() {
        run.wait();
    }
}

fn open(run: &mut Run) {
    while run.driver.dial.is_some() {
        run.wait();
    }
    run.input(opened());
}

/// Returns the message as it comes for the n-th time.
fn message(step: &Step, more: u64) -> Input {
    let mut message = step.message.clone().unwrap();
    for name in ["sq", "n"] {
        if let Some(number) = message.get(name).and_then(Value::as_u64) {
            message[name] = json!(number + more);
        }
    }
    Input::Text(message.to_string())
}

fn happens(run: &mut Run, step: &Step, more: u64) {
    match step.on {
        Happening::Open => open(run),
        Happening::Again => _ = run.input(Input::Rejoin),
        Happening::Message => _ = run.input(message(step, more)),
        Happening::Beat => until_sent(run),
        Happening::Close => _ = run.input(closed(1006)),
        Happening::Leave => unreachable!("a sequence ends there"),
        Happening::Say => {
            let is_taken = run.driver.takes_signals();
            assert_eq!(is_taken, step.took != Some(Took::Fails), "{step:?}");
            run.done.clear();
            if is_taken {
                run.input(Input::Signal(offer(&step.signal.as_ref().unwrap().sdp)));
            }
        }
    }
}

fn delivered(run: &Run) -> bool {
    run.done.iter().any(|action| matches!(action, Action::Emit(MemberEvent::Forwarded(_))))
}

#[test]
fn every_sequence_leads_to_what_is_published() {
    for sequence in sequences("").sequences {
        let mut run = Run::new(Creating::Never);
        for step in steps(&sequence) {
            let mut sends = Vec::new();
            for more in 0..step.times.unwrap_or(1) {
                happens(&mut run, step, more);
                sends.extend(sent(&run));
                let is_signal = step.message.as_ref().is_some_and(|message| message.get("c").is_none());
                assert!(!is_signal || delivered(&run) == (step.took == Some(Took::Delivered)), "{}", sequence.name);
            }
            let expected = serde_json::to_value(&step.sends).unwrap();
            assert_eq!(Value::from(sends), expected, "{}: {:?}", sequence.name, step.on);
            assert_eq!(after(&run.driver), step.after, "{}: {:?}", sequence.name, step.on);
        }
    }
}
