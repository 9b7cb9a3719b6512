//! That the traces are complete, that they say what they should, and that the table alone leads to the same.

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::interpreter::Run;
use super::*;
use crate::client::close::LISTED;
use crate::client::state::MOVES;
use crate::client::table::describe;

/// The first step that an interpreter of the JSON takes differently.
fn first_mismatch(table: &Value, trace: &Trace) -> Option<String> {
    let trace = serde_json::to_value(trace).unwrap();
    let state = table["initial"].as_str().unwrap().to_owned();
    let mut run = Run { table, trace: &trace, state, seen: HashMap::new(), rejoins: Vec::new() };
    for step in trace["steps"].as_array().unwrap() {
        let done = run.step(step);
        if run.state != step["state"] || json!(done) != step["do"] {
            return Some(format!("{}: {step} led to {} {done:?}", trace["name"], run.state));
        }
    }
    None
}

#[test]
fn the_table_alone_leads_to_the_same() {
    let table = serde_json::to_value(describe()).unwrap();
    let wrong: Vec<_> = traces().iter().filter_map(|trace| first_mismatch(&table, trace)).collect();
    assert_eq!(wrong, [""; 0]);
}

fn done(name: &str) -> Vec<(u64, State, Vec<&'static str>)> {
    let trace = traces().into_iter().find(|trace| trace.name == name).expect(name);
    let telling = trace.steps.into_iter().filter(|step| !step.done.is_empty());
    telling.map(|step| (step.at, step.state, step.done)).collect()
}

#[test]
fn the_important_traces_say_what_the_standard_says() {
    use State::{Failed, Initializing, Joined, Reinitializing, WaitingNetwork};
    let again = |at, state| (at, state, vec!["rejoin"]);
    let fail = |at| (at, Failed, vec!["fail"]);
    let first = [10_000, 20_000, 30_000].map(|at| again(at, Initializing));
    assert_eq!(done("joinAck: is bounded"), [&first[..], &[fail(40_000)]].concat());
    let repeated = [10_000, 20_000, 30_000].map(|at| again(at, Reinitializing));
    assert_eq!(done("rejoinAck: is bounded"), [&repeated[..], &[fail(40_000)]].concat());
    assert_eq!(done("lowFrameRate: fires in time and not before"), [again(5000, Reinitializing)]);
    assert_eq!(done("slowUpload: fires in time and not before"), [again(5000, Reinitializing)]);
    assert_eq!(done("answer: fires in time and not before"), [again(10_000, Reinitializing)]);
    assert_eq!(done("buffering: fires in time and not before"), [again(10_000, Reinitializing)]);
    assert_eq!(done("callee: fires in time and not before"), [fail(30_000)]);
    assert_eq!(done("criticalFailure: is bounded").last(), Some(&(16_000, Failed, vec!["ignored"])));
    assert_eq!(done("503 counts as no ack"), [again(10_000, Initializing)]);
    assert_eq!(done("close 1012 while joined"), [(500, WaitingNetwork, vec!["reconnect"])]);
    assert_eq!(done("close 4000 while joined"), [(500, Failed, vec!["stop"])]);
    assert_eq!(done("close 1008 in reinitializing"), [(500, Failed, vec!["fail"])]);
    assert_eq!(done("close 1012 in leaved"), [(500, State::Leaved, vec!["ignored"])]);
    assert_eq!(done("slowUpload: is reset"), []);
    assert_eq!(done("the rules share one bound").iter().filter(|step| step.2 == ["rejoin"]).count(), 3);
    assert_eq!(done("the rules share one bound")[3], fail(31_000));
    assert!(done("after a minute there is room again").iter().all(|step| step.1 != Failed));
    assert!(done("a publisher of a broadcast sees nothing of the other side's rules").is_empty());
    let trace = traces().into_iter().find(|trace| trace.name == "callee: is reset").unwrap();
    assert_eq!(trace.steps.last().map(|step| step.state), Some(Joined));
}

#[test]
fn together_the_traces_use_the_whole_table() {
    let (mut moves, mut ignored, mut codes, mut names) =
        (HashSet::new(), HashSet::new(), HashSet::new(), HashSet::new());
    for trace in traces() {
        assert!(names.insert(trace.name.clone()), "{}", trace.name);
        let mut state = State::INITIAL;
        for step in trace.steps {
            if let Some(event) = Event::from_name(step.on) {
                let set = if step.done == [IGNORED] { &mut ignored } else { &mut moves };
                set.insert((state, event));
            }
            codes.extend(step.code);
            state = step.state;
        }
    }
    assert!(MOVES.iter().all(|step| moves.contains(&(step.from, step.on))));
    assert_eq!(moves.len() + ignored.len(), State::ALL.len() * Event::ALL.len());
    assert!(LISTED.iter().all(|code| codes.contains(code)) && codes.len() > LISTED.len());
    assert!(names.len() >= 25);
}

fn any_step() -> impl Strategy<Value = (u64, Option<Event>, Observation, Option<u16>)> {
    let event = prop::option::weighted(0.4, prop::sample::select(&Event::ALL[..6]));
    let code = prop::option::weighted(0.03, prop::sample::select(vec![1000, 1006, 1008]));
    (0_u64..4000, event, prop::sample::select(Observation::ALL), code)
}

proptest! {
    #[test]
    fn whatever_happens_the_table_alone_leads_to_the_same(
        steps in prop::collection::vec(any_step(), 0..200),
        room in prop::sample::select(vec![RoomType::P2p, RoomType::M2m, RoomType::A2m, RoomType::P2m]),
        role in prop::sample::select(Role::ALL),
    ) {
        let mut recorder = Recorder::new("random", room, role).lead(State::Joined);
        let mut now = 0;
        for (passes, event, observation, code) in steps {
            now += passes;
            match (code, event) {
                (Some(code), _) => recorder.close(now, code),
                (None, Some(event)) => recorder.event(now, event),
                (None, None) if observation == Observation::Tick => recorder.tick(now),
                (None, None) => recorder.see(now, observation),
            }
        }
        let table = serde_json::to_value(describe()).unwrap();
        prop_assert_eq!(first_mismatch(&table, &recorder.trace), None);
    }
}
