//! Messages of the server: every line of the table of the wire that is about one, where it counts and where it does not.

use serde_json::{Value, json};

use super::Recorder;
use crate::client::state::{Event, State};
use crate::client::watchdog::{Observation, Role};
use crate::code::AckCode;
use crate::signal::RoomType;

/// A list with the client itself, with another user, or with both.
fn list(me: bool, other: bool) -> Value {
    let entry = |user, session, role| json!({ "id": session, "role": role, "userId": user, "sessionId": session });
    let mine = me.then(|| entry("ann", "a1", "admin"));
    mine.into_iter().chain(other.then(|| entry("bob", "b1", "publisher"))).collect()
}

fn ack(s: &str, c: u16, b: &Value) -> Value {
    json!({ "c": c, "s": s, "b": b })
}

fn refused(s: &str, c: u16) -> Value {
    ack(s, c, &json!({ "msg": "because" }))
}

fn joined(pt: &str, pps: &Value) -> Value {
    ack("JOIN", 200, &json!({ "rid": "demo", "pps": pps, "pt": pt, "resumed": false, "sq": 0 }))
}

fn beaten(pps: &Value) -> Value {
    ack("HEARTBEAT", 200, &json!({ "rid": "demo", "pps": pps, "bid": "1" }))
}

fn changed(pps: &Value) -> Value {
    json!({ "sq": 1, "c": 200, "s": "PUBLISH_LIST_CHANGED", "b": { "rid": "demo", "pps": pps } })
}

fn closed() -> Value {
    ack("ROOM_CLOSED", 200, &json!({ "rid": "demo", "reason": "ended" }))
}

fn kick(to: Value) -> Value {
    let mut kick = json!({ "sq": 2, "s": "KICK", "ch": "m2m", "rid": "demo" });
    kick["to"] = to;
    kick
}

fn in_state(name: &str, state: State) -> Recorder {
    Recorder::new(format!("{name} in {}", state.name()), RoomType::P2p, Role::Publisher).lead(state)
}

fn call(name: &str) -> Recorder {
    let mut recorder = Recorder::new(name, RoomType::P2p, Role::Publisher);
    recorder.event(0, Event::JoinSent);
    recorder.message(100, joined("admin", &list(true, false)));
    recorder
}

fn callee_never_comes() -> Recorder {
    let mut recorder = call("JOIN 200 with nobody else in pps: the callee is waited for");
    recorder.message(5000, beaten(&list(true, false)));
    recorder.tick(30_099);
    recorder.tick(30_100);
    recorder
}

fn callee_comes_and_goes() -> Recorder {
    let mut recorder = call("PUBLISH_LIST_CHANGED and HEARTBEAT tell of the callee");
    recorder.message(20_000, changed(&list(true, true)));
    recorder.tick(31_000);
    recorder.message(40_000, beaten(&list(true, false)));
    recorder.message(50_000, changed(&list(true, false)));
    recorder.tick(69_999);
    recorder.tick(70_000);
    recorder
}

fn unavailable(state: State) -> Recorder {
    let mut recorder = in_state("JOIN 503 redials, and the wait runs on", state);
    recorder.message(200, refused("JOIN", 503));
    recorder.event(600, Event::JoinResent);
    recorder.message(900, refused("JOIN", 503));
    recorder.tick(9999);
    recorder.tick(10_000);
    recorder
}

fn join_refused(code: AckCode) -> Recorder {
    let mut recorder = in_state(&format!("JOIN {}", code.number()), State::Initializing);
    recorder.message(200, refused("JOIN", code.number()));
    recorder
}

fn late_answers() -> Recorder {
    let mut recorder = in_state("answers to JOIN that nobody waits for", State::Joined);
    recorder.message(200, joined("viewer", &list(false, true)));
    recorder.message(300, refused("JOIN", 503));
    recorder.message(400, refused("JOIN", 4001));
    recorder
}

fn seat_is_gone(code: u16) -> Recorder {
    let mut recorder = in_state(&format!("HEARTBEAT {code}: joins again"), State::Joined);
    recorder.message(3100, refused("HEARTBEAT", code));
    recorder.tick(4000);
    recorder.message(4100, refused("HEARTBEAT", code));
    recorder.message(4200, joined("publisher", &list(true, true)));
    recorder.tick(5000);
    recorder
}

fn line_is_dead() -> Recorder {
    let mut recorder = in_state("HEARTBEAT 200 is an answer, 503 is none", State::Joined);
    recorder.see(3000, Observation::HeartbeatSent);
    recorder.message(3100, beaten(&list(true, true)));
    recorder.see(6000, Observation::HeartbeatSent);
    recorder.message(6100, refused("HEARTBEAT", 503));
    recorder.see(9000, Observation::HeartbeatSent);
    recorder.tick(9999);
    recorder.tick(10_000);
    recorder
}

fn dead_line_comes_first() -> Recorder {
    let mut recorder = in_state("over a dead line nothing is asked", State::Joined);
    recorder.see(3000, Observation::HeartbeatSent);
    recorder.see(6500, Observation::CriticalFailure);
    recorder.tick(7000);
    recorder
}

fn failure(s: &str, state: State) -> Recorder {
    let mut recorder = in_state(&format!("{s} 500"), state);
    recorder.message(3000, refused(s, 500));
    recorder
}

fn put_out(name: &str, to: Value) -> Recorder {
    let mut recorder = Recorder::new(name, RoomType::M2m, Role::Viewer).lead(State::Joined);
    recorder.message(3000, kick(to));
    recorder
}

fn own_kick_is_refused() -> Recorder {
    let mut recorder = in_state("a refused KICK of one's own puts nobody out", State::Joined);
    let request = json!({ "action": "kick", "data": { "s": "KICK", "to": "ann" } });
    recorder.message(3000, ack("KICK", 4051, &json!({ "req": request, "msg": "because" })));
    recorder
}

fn room_closes(state: State) -> Recorder {
    let mut recorder = in_state("ROOM_CLOSED", state);
    recorder.message(3000, closed());
    recorder
}

fn answers(name: &str, open: u64) -> Recorder {
    let mut recorder = in_state(name, State::Joined);
    recorder.see(1000, Observation::OfferSent);
    recorder.see(1000, Observation::OfferSent);
    let answer = json!({ "sq": 2, "s": "ANSWER", "ch": "p2p", "rid": "demo", "sdp": "v=0", "to": "ann" });
    recorder.message_with(2000, answer, open);
    recorder.tick(11_000);
    recorder
}

fn ten_slow_uploads(recorder: &mut Recorder, at: u64) {
    (0..10).for_each(|n| recorder.see(at + n, Observation::SlowUpload));
    recorder.tick(at + 1000);
}

fn sides_change() -> Recorder {
    let mut recorder = Recorder::new("pt and pps tell the side", RoomType::P2m, Role::Publisher);
    recorder.event(0, Event::JoinSent);
    recorder.message(100, joined("viewer", &list(false, true)));
    ten_slow_uploads(&mut recorder, 1000);
    recorder.message(3000, changed(&list(true, false)));
    recorder.message(3500, beaten(&list(false, true)));
    ten_slow_uploads(&mut recorder, 4000);
    recorder.message(6000, beaten(&list(true, false)));
    ten_slow_uploads(&mut recorder, 7000);
    recorder.message(8050, beaten(&list(false, true)));
    recorder.message(8100, joined("admin", &list(true, false)));
    ten_slow_uploads(&mut recorder, 9000);
    recorder
}

fn joined_as_viewer() -> Recorder {
    let mut recorder = Recorder::new("pt viewer tells the side", RoomType::P2m, Role::Publisher);
    recorder.event(0, Event::JoinSent);
    recorder.message(100, joined("viewer", &list(true, true)));
    stands_still(&mut recorder, 1000);
    recorder
}

fn joined_as_publisher() -> Recorder {
    let mut recorder = Recorder::new("pt publisher tells the side", RoomType::P2m, Role::Viewer);
    recorder.event(0, Event::JoinSent);
    recorder.message(100, joined("publisher", &list(false, true)));
    ten_slow_uploads(&mut recorder, 1000);
    recorder
}

fn list_tells_the_side(role: Role) -> Recorder {
    let name = format!("PUBLISH_LIST_CHANGED makes a {}", role.name());
    let before = if role == Role::Viewer { Role::Publisher } else { Role::Viewer };
    let mut recorder = Recorder::new(name, RoomType::P2m, before).lead(State::Joined);
    recorder.message(500, changed(&list(role == Role::Publisher, true)));
    ten_slow_uploads(&mut recorder, 1000);
    stands_still(&mut recorder, 3000);
    recorder
}

/// Observations of the watchdog in a viewer alone.
fn stands_still(recorder: &mut Recorder, at: u64) {
    recorder.see(at, Observation::BufferingStarted);
    recorder.tick(at + 10_000);
}

fn callee_goes() -> Recorder {
    let mut recorder = in_state("PUBLISH_LIST_CHANGED with nobody else begins the wait", State::Joined);
    recorder.message(1000, changed(&list(true, false)));
    recorder.tick(30_999);
    recorder.tick(31_000);
    recorder
}

fn heartbeat_finds_the_callee() -> Recorder {
    let mut recorder = in_state("HEARTBEAT with another user ends the wait", State::Joined);
    recorder.message(1000, changed(&list(true, false)));
    recorder.message(20_000, beaten(&list(true, true)));
    recorder.tick(31_000);
    recorder
}

/// The time for which a heartbeat may stay unanswered follows the interval that the server wants.
fn slower_heartbeats() -> Recorder {
    let mut recorder = Recorder::new("hb.interval of the JOIN ack sets the wait", RoomType::P2p, Role::Publisher);
    recorder.event(0, Event::JoinSent);
    let mut ack = joined("publisher", &list(true, true));
    ack["b"]["hb"] = json!({ "interval": 5000, "timeout": 15_000 });
    recorder.message(100, ack);
    recorder.see(5100, Observation::HeartbeatSent);
    recorder.tick(11_099);
    recorder.tick(11_100);
    recorder
}

fn nothing_to_the_machine() -> Recorder {
    let mut recorder = in_state("messages that mean nothing to the machine", State::Joined);
    recorder.message(100, json!({ "sq": 1, "s": "OFFER", "ch": "p2p", "rid": "demo", "sdp": "v=0", "to": "ann" }));
    recorder.message(200, ack("KEEPALIVE", 200, &json!({ "ts": 1_732_287_600_000_u64 })));
    recorder.message(300, ack("GAP", 200, &json!({ "rid": "demo", "from": 2, "to": 5 })));
    recorder.message(400, ack("RESEND", 200, &json!({ "rid": "demo", "n": 7 })));
    recorder.message(500, refused("OFFER", 4003));
    recorder.message(600, refused("KICK", 503));
    recorder.message(700, ack("NEWS", 200, &json!({})));
    recorder.tick(1000);
    recorder
}

/// Members of a wrong type, which are as absent.
fn wrong_types() -> Recorder {
    let mut recorder = Recorder::new("a member of a wrong type is as absent", RoomType::P2p, Role::Publisher);
    recorder.event(0, Event::JoinSent);
    recorder.message(50, json!({ "c": "503", "s": "JOIN", "b": { "msg": "because" } }));
    recorder.message(60, json!({ "c": 503, "s": ["JOIN"], "b": { "msg": "because" } }));
    recorder.message(100, joined("publisher", &list(true, true)));
    recorder.message(200, json!({ "c": "500", "s": "OFFER", "b": { "msg": "because" } }));
    recorder.message(300, json!({ "c": 500, "s": 7, "b": { "msg": 7 } }));
    let bodies = [Value::Null, json!({ "pps": {} }), json!({ "pps": "none", "pt": 7, "hb": 3000 })];
    for (at, body) in (400..).zip(bodies) {
        recorder.message(at, json!({ "sq": at, "c": 200, "s": "PUBLISH_LIST_CHANGED", "b": body }));
    }
    for (at, to) in (500..).zip([json!(7), json!(["ann"]), json!({}), json!({ "userId": 7, "sessionId": "a1" })]) {
        recorder.message(at, kick(to));
    }
    recorder.tick(31_000);
    recorder
}

/// An entry of a list without a text as `userId` is nobody.
fn nobody_in_the_list() -> Recorder {
    let mut recorder = call("an entry of pps whose userId is no text is nobody");
    let mut nobody = list(true, true);
    nobody[1]["userId"] = json!(7);
    recorder.message(5000, changed(&nobody));
    recorder.tick(30_099);
    recorder.tick(30_100);
    recorder
}

pub(super) fn all() -> impl Iterator<Item = Recorder> {
    use State::{Initializing, Joined, Leaved, Reinitializing, WaitingNetwork};
    let answered = [AckCode::Ok, AckCode::Unavailable];
    let refusals = AckCode::ALL.iter().copied().filter(move |code| !answered.contains(code)).map(join_refused);
    let session = json!({ "userId": "ann", "sessionId": "a1" });
    let named = [
        callee_never_comes(),
        callee_comes_and_goes(),
        unavailable(Initializing),
        unavailable(Reinitializing),
        late_answers(),
        seat_is_gone(4001),
        seat_is_gone(4002),
        line_is_dead(),
        dead_line_comes_first(),
        failure("HEARTBEAT", Joined),
        failure("OFFER", Joined),
        failure("OFFER", Reinitializing),
        failure("JOIN", Reinitializing),
        put_out("KICK of my user puts me out", json!("ann")),
        put_out("KICK of my session puts me out", session),
        put_out("KICK of another session of mine does not", json!({ "userId": "ann", "sessionId": "a2" })),
        put_out("KICK of another does not", json!("bob")),
        own_kick_is_refused(),
        room_closes(Joined),
        room_closes(Reinitializing),
        room_closes(WaitingNetwork),
        room_closes(Leaved),
        answers("ANSWER while another offer is open", 1),
        answers("ANSWER to the last open offer", 0),
        sides_change(),
        joined_as_viewer(),
        joined_as_publisher(),
        list_tells_the_side(Role::Publisher),
        list_tells_the_side(Role::Viewer),
        callee_goes(),
        heartbeat_finds_the_callee(),
        slower_heartbeats(),
        nothing_to_the_machine(),
        wrong_types(),
        nobody_in_the_list(),
    ];
    refusals.chain(named)
}
