//! Tests that the traces are complete and correct, and that an interpreter of the table alone gives the same results.

use std::collections::HashSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::interpreter::Run;
use super::*;
use crate::client::close::LISTED;
use crate::client::state::MOVES;
use crate::client::table::describe;
use crate::client::wire::WIRE;

/// The first step that an interpreter of the JSON takes differently.
fn first_mismatch(table: &Value, trace: &Trace) -> Option<String> {
    let trace = serde_json::to_value(trace).unwrap();
    let mut run = Run::new(table, &trace);
    for step in trace["steps"].as_array().unwrap() {
        let done = run.step(step);
        if run.state != step["state"] || json!(done) != step["do"] || run.over != step["over"] {
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

fn end(name: &str) -> State {
    let trace = traces().into_iter().find(|trace| trace.name == name).expect(name);
    trace.steps.last().expect("it has steps").state
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
    assert_eq!(done("close 1012 in waitingNetwork"), [(500, WaitingNetwork, vec!["reconnect"])]);
    assert_eq!(done("close 4000 in waitingNetwork"), [(500, Failed, vec!["stop"])]);
    assert_eq!(done("heartbeat: fires in time and not before"), [(4000, WaitingNetwork, vec!["reconnect"])]);
    let redial = |at| (at, Initializing, vec!["redial"]);
    let unavailable = [redial(200), (600, Initializing, vec!["ignored"]), redial(900), again(10_000, Initializing)];
    assert_eq!(done("JOIN 503 redials, and the wait runs on in initializing"), unavailable);
    assert_eq!(done("HEARTBEAT 4002: joins again in joined"), [again(4000, Reinitializing)]);
    assert_eq!(end("KICK of my user puts me out"), Failed);
    assert_eq!(end("KICK of another session of mine does not"), Joined);
    assert_eq!(end("ROOM_CLOSED in joined"), Failed);
    assert_eq!(end("ROOM_CLOSED in reinitializing"), Reinitializing);
    assert_eq!(end("OFFER 500 in joined"), Failed);
    assert_eq!(done("the first dial fails in initializing, four are the end")[3], fail(2000));
    assert_eq!(end("who was joined dials on and on in waitingNetwork"), WaitingNetwork);
    assert_eq!(done("four JOIN whose connections end are the end in reinitializing").last(), Some(&fail(4000)));
    assert_eq!(done("upgrade refused with 403 in waitingNetwork"), [fail(500)]);
    assert_eq!(done("close 4001 with another token in joined"), [(500, WaitingNetwork, vec!["reconnect"])]);
    assert_eq!(done("the application leaves in joined"), [(500, State::Leaved, vec!["sendLeave"])]);
    let dropped = [(500, Initializing, vec!["sendLeave", "drop"])];
    assert_eq!(done("the application leaves in initializing"), dropped);
    assert_eq!(done("pt and pps tell the side"), [again(8000, Reinitializing), again(10_000, Reinitializing)]);
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

#[test]
fn together_the_traces_use_every_line_about_the_wire() {
    let session = me();
    let mut used = HashSet::new();
    for step in traces().iter().flat_map(|trace| &trace.steps) {
        let facts = match &step.message {
            Some(message) => Facts::of_message(message, &session, step.open),
            None if step.on == DIAL => Facts::of_dial(step.status),
            None => continue,
        };
        used.extend((0..WIRE.len()).filter(|row| WIRE[*row].when.holds(&facts)));
    }
    assert_eq!(used.len(), WIRE.len());
}

/// A table without any one of its lines about the wire, or about leaving, is found out.
#[test]
fn every_line_about_the_wire_counts() {
    let whole = serde_json::to_value(describe()).unwrap();
    let rules = whole["watchdog"].to_string();
    // An observation that no rule uses changes nothing.
    let is_idle = |line: &Value| line["observation"].as_str().is_some_and(|name| !rules.contains(&format!("{name:?}")));
    for part in ["wire", "leave"] {
        for line in 0..whole[part].as_array().unwrap().len() {
            let mut table = whole.clone();
            if is_idle(&whole[part][line]) {
                continue;
            }
            // A condition that nothing fulfils; a line that says nothing.
            match part {
                "wire" => table[part][line]["when"]["s"] = json!(["NOTHING"]),
                _ => table[part][line]["do"] = json!(["nothing"]),
            }
            let told = traces().iter().any(|trace| first_mismatch(&table, trace).is_some());
            assert!(told, "{part} {line}: {}", whole[part][line]);
        }
    }
}

/// A random input to a client.
#[derive(Debug, Clone)]
enum Happens {
    Event(Event),
    Seen(Observation),
    Close(u16, bool),
    Message(&'static str, Option<u16>, bool, bool, u64),
    Dial(Option<u16>),
    Leave,
}

fn any_message() -> impl Strategy<Value = Happens> {
    let names = vec!["JOIN", "HEARTBEAT", "KICK", "ROOM_CLOSED", "PUBLISH_LIST_CHANGED", "ANSWER", "OFFER"];
    let code = prop_oneof![4 => Just(Some(200)), 1 => Just(None), 1 => Just(Some(500)), 1 => Just(Some(503)), 1 => Just(Some(4002))];
    let parts = (prop::sample::select(names), code, any::<bool>(), any::<bool>(), 0_u64..2);
    parts.prop_map(|(name, code, me, other, open)| Happens::Message(name, code, me, other, open))
}

fn any_step() -> impl Strategy<Value = (u64, Happens)> {
    let code = prop::sample::select(vec![1000, 1006, 1008, 1012, 4001]);
    let happens = prop_oneof![
        30 => prop::sample::select(&Event::ALL[..6]).prop_map(Happens::Event),
        40 => prop::sample::select(Observation::ALL).prop_map(Happens::Seen),
        3 => (code, any::<bool>()).prop_map(|(code, renewed)| Happens::Close(code, renewed)),
        20 => any_message(),
        4 => prop::sample::select(vec![None, Some(401), Some(502)]).prop_map(Happens::Dial),
        1 => Just(Happens::Leave),
    ];
    (0_u64..4000, happens)
}

fn message(name: &str, code: Option<u16>, me: bool, other: bool) -> Value {
    let (ann, bob) = (json!({"userId": "ann", "sessionId": "a1"}), json!({"userId": "bob", "sessionId": "b1"}));
    let list: Vec<_> = me.then_some(&ann).into_iter().chain(other.then_some(&bob)).collect();
    match code {
        Some(code) => json!({"c": code, "s": name, "b": {"pps": list, "pt": if me { "admin" } else { "viewer" }}}),
        None => json!({"sq": 1, "s": name, "to": if other { json!("ann") } else if me { ann } else { bob }}),
    }
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
        for (passes, happens) in steps {
            now += passes;
            match happens {
                Happens::Event(event) => recorder.event(now, event),
                Happens::Seen(Observation::Tick) => recorder.tick(now),
                Happens::Seen(observation) => recorder.see(now, observation),
                Happens::Close(code, true) => recorder.close_renewed(now, code),
                Happens::Close(code, false) => recorder.close(now, code),
                Happens::Message(name, code, me, other, open) => {
                    recorder.message_with(now, message(name, code, me, other), open);
                }
                Happens::Dial(status) => recorder.dial(now, status),
                Happens::Leave => recorder.leave(now),
            }
        }
        let table = serde_json::to_value(describe()).unwrap();
        prop_assert_eq!(first_mismatch(&table, &recorder.trace), None);
    }
}
