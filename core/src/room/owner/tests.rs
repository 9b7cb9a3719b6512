mod viewers;

use std::time::Duration;

use roomcast_protocol::code::AckCode;
use roomcast_protocol::signal::{Recipient, SignalKind};

use super::*;
use crate::room::fixtures::{EDGE, session};
use crate::room::message::*;

const OTHER: BootId = BootId(2);
const ERA: Era = Era { master: 1, began: Instant(0) };

fn request(name: &str, counter: u64, numbers_above: Option<u64>) -> JoinRequest {
    JoinRequest { numbers_above, ..crate::room::fixtures::request(name, counter, RoomType::M2m) }
}

fn stay(name: &str, stay: u64) -> StayRef {
    StayRef { member: session(name).key(), stay }
}

/// A room of `ann`, at the present time, with the messages it sent.
struct Fixture {
    owner: Owner,
    now: u64,
    fresh: bool,
    sent: Vec<ToEdge>,
    writes: Vec<Write>,
    others: Vec<OwnerEffect>,
}

impl Fixture {
    fn new() -> Self {
        Self::of(RoomType::M2m)
    }

    fn of(room_type: RoomType) -> Self {
        let turn = Turn { now: Instant(1000), shared: Instant(1000), fresh: true };
        let creator = JoinRequest { creating: true, room_type, ..request("ann", 1, Some(0)) };
        let fields = Owner::creation(ClusterSettings::default().into(), turn, &creator);
        let ownership = Ownership { life: Life { created: 1000, random: 1 }, term: 1000, owner: Some(EDGE) };
        let owner = Owner::load(ClusterSettings::default().into(), turn, (ownership, ERA), (fields, false));
        let mut desk = Self { owner, now: 1000, fresh: true, sent: vec![], writes: vec![], others: vec![] };
        desk.say(ToOwner::Attach(Box::default()));
        desk.say(ToOwner::Join(Box::new(creator)));
        desk.sent.clear();
        desk
    }

    fn run(&mut self, step: impl FnOnce(&mut Owner, Turn, &mut Vec<OwnerEffect>)) {
        let turn = Turn { now: Instant(self.now), shared: Instant(self.now), fresh: self.fresh };
        let mut out = Vec::new();
        step(&mut self.owner, turn, &mut out);
        self.owner.end_turn(turn, &mut out);
        for effect in out {
            match effect {
                OwnerEffect::Send(_, message) => self.sent.push(message),
                OwnerEffect::Write(write) => self.writes.push(write),
                other => self.others.push(other),
            }
        }
    }

    fn say_in(&mut self, counter: u64, message: ToOwner) {
        let from = AttachmentId { edge: EDGE, counter };
        self.run(|owner, turn, out| owner.on_message(turn, from, message, out));
    }

    fn say(&mut self, message: ToOwner) {
        self.say_in(1, message);
    }

    fn relay(&mut self, from: StayRef, n: u64, to: &str) {
        self.say(ToOwner::Signal(from, NumberedSignal { n, signal: relay_to(to) }));
    }

    fn journaled(&mut self) {
        for _ in std::mem::take(&mut self.writes) {
            self.run(|owner, turn, out| owner.on_journaled(turn, Some(&Journaled::Done), out));
        }
    }

    fn join(&mut self, name: &str, counter: u64, numbers_above: Option<u64>) {
        self.say(ToOwner::Join(Box::new(request(name, counter, numbers_above))));
        self.journaled();
    }

    fn delivered(&self) -> Vec<u64> {
        let delivery = |sent: &ToEdge| match sent {
            ToEdge::Deliver(_, delivery) => Some(delivery.n),
            _ => None,
        };
        self.sent.iter().filter_map(delivery).collect()
    }

    fn confirmed(&mut self, by: u64) -> Option<u64> {
        self.now += by;
        self.sent.clear();
        self.run(Owner::on_time);
        self.sent.iter().rev().find_map(|sent| match sent {
            ToEdge::Confirmed(_, n) => Some(*n),
            _ => None,
        })
    }

    fn members(&self) -> usize {
        self.owner.roster().count()
    }
}

#[test]
fn a_join_is_answered_once_it_is_journaled_and_again_with_the_same_stay() {
    let mut desk = Fixture::new();
    desk.say(ToOwner::Join(Box::new(request("bob", 2, None))));
    assert!(desk.sent.is_empty(), "{:?}", desk.sent);
    desk.journaled();
    desk.say(ToOwner::Join(Box::new(request("bob", 2, None))));
    let joined = |sent: &ToEdge| match sent {
        ToEdge::Joined(joined) => Some(joined.stay.stay),
        _ => None,
    };
    let stays: Vec<u64> = desk.sent.iter().filter_map(joined).collect();
    assert_eq!(stays, [2, 2]);
    desk.say(ToOwner::Join(Box::new(request("bob", 3, None))));
    desk.journaled();
    assert_eq!(desk.sent.last().and_then(joined), Some(3), "another JOIN of the session is a new stay");
    assert!(desk.sent.iter().any(|sent| matches!(sent, ToEdge::EndStay(old, StayEnd::TakenOver) if old.stay == 2)));
}

#[test]
fn without_a_fresh_lease_nobody_joins_and_nobody_is_removed() {
    let mut desk = Fixture::new();
    desk.join("bob", 2, None);
    desk.fresh = false;
    desk.say(ToOwner::Join(Box::new(request("cid", 3, None))));
    assert!(matches!(desk.sent.last(), Some(ToEdge::JoinRefused(_, Refusal { code: AckCode::Unavailable, .. }))));
    desk.say(ToOwner::Absent(stay("bob", 2), Duration::ZERO));
    desk.now += 60_000;
    desk.run(Owner::on_time);
    assert_eq!(desk.members(), 2);
    desk.fresh = true;
    desk.run(Owner::on_time);
    assert_eq!(desk.members(), 1);
}

#[test]
fn signals_are_taken_in_the_order_of_their_numbers_and_each_once() {
    let mut desk = Fixture::new();
    desk.join("bob", 2, Some(0));
    for n in [1, 3, 1, 2, 2, 3] {
        desk.relay(stay("ann", 1), n, "bob");
    }
    assert_eq!(desk.delivered(), [1, 2, 3]);
    desk.relay(stay("ann", 9), 4, "bob");
    assert_eq!(desk.delivered().len(), 3, "another stay says nothing");
}

#[test]
fn a_signal_is_confirmed_once_no_backlog_holds_it() {
    let mut desk = Fixture::new();
    desk.join("bob", 2, Some(0));
    desk.relay(stay("ann", 1), 1, "bob");
    desk.relay(stay("ann", 1), 2, "bob");
    assert_eq!(desk.confirmed(1000), None);
    desk.say(ToOwner::Had(stay("bob", 2), 1));
    assert_eq!(desk.confirmed(1000), Some(1));
    desk.say(ToOwner::Signal(stay("bob", 2), NumberedSignal { n: 1, signal: signal(Action::Leave, None) }));
    assert_eq!(desk.confirmed(1000), None, "the removal is not journaled yet");
    desk.journaled();
    assert_eq!(desk.confirmed(1000), Some(2));
}

#[test]
fn messages_of_an_unknown_attachment_are_answered_with_again() {
    let mut desk = Fixture::new();
    desk.run(|owner, _, out| owner.on_doubt(EDGE, out));
    desk.relay(stay("ann", 1), 1, "ann");
    assert_eq!(desk.sent, [ToEdge::Again, ToEdge::Again]);
    let attach = Attach { members: vec![attached("ann", 1, 0)], ..Attach::default() };
    desk.say_in(2, ToOwner::Attach(Box::new(attach)));
    desk.say(ToOwner::Detach);
    desk.say_in(2, ToOwner::Alive(stay("ann", 1)));
    assert_eq!(desk.sent.iter().filter(|sent| **sent == ToEdge::Again).count(), 2, "a former attachment ends nothing");
}

fn attached(name: &str, number: u64, written: u64) -> AttachedMember {
    let stay = stay(name, number);
    AttachedMember {
        stay,
        written,
        had: written,
        confirms: true,
        numbers: true,
        n: 0,
        leaving: false,
        absent: None,
        renewed: None,
    }
}

#[test]
fn an_attach_brings_members_back_and_says_goodbye_to_others() {
    let mut desk = Fixture::new();
    desk.join("bob", 2, Some(0));
    desk.relay(stay("ann", 1), 1, "bob");
    desk.relay(stay("ann", 1), 2, "bob");
    desk.sent.clear();
    let members = vec![attached("ann", 0, 0), attached("bob", 7, 1), attached("cid", 3, 0)];
    desk.say_in(2, ToOwner::Attach(Box::new(Attach { members, ..Attach::default() })));
    assert_eq!(desk.delivered(), [2], "what was not written comes again, under the greater stay");
    assert!(desk.sent.contains(&ToEdge::EndStay(stay("ann", 0), StayEnd::TakenOver)));
    assert!(desk.sent.contains(&ToEdge::EndStay(stay("cid", 3), StayEnd::Unknown)));
    assert_eq!(desk.owner.roster().filter(|(_, present)| *present).count(), 1, "ann is named with an old stay only");
}

#[test]
fn absences_begin_anew_when_redis_was_away_and_end_with_a_removal() {
    let mut desk = Fixture::new();
    desk.join("bob", 2, Some(0));
    desk.say(ToOwner::Absent(stay("bob", 2), Duration::from_secs(4)));
    desk.now += 5000;
    desk.run(|owner, turn, _| owner.forgive(turn.now));
    desk.now += 10_000;
    desk.run(Owner::on_time);
    assert_eq!(desk.members(), 2);
    desk.now += 1;
    desk.run(Owner::on_time);
    assert_eq!(desk.members(), 1);
}

#[test]
fn a_takeover_counts_in_a_range_of_its_own_and_announces_what_it_may_have_lost() {
    let mut desk = Fixture::new();
    desk.join("bob", 2, None);
    let fields = desk.owner.recorded().fields().collect();
    let ownership = Ownership { term: 1003, owner: Some(OTHER), ..desk.owner.ownership() };
    let turn = Turn { now: Instant(1000), shared: Instant(1000), fresh: true };
    desk.owner = Owner::load(ClusterSettings::default().into(), turn, (ownership, ERA), (fields, false));
    desk.sent.clear();
    let members = vec![attached("ann", 1, 4), attached("bob", 2, 0)];
    desk.say_in(2, ToOwner::Attach(Box::new(Attach { members, ..Attach::default() })));
    assert!(desk.sent.contains(&ToEdge::Gap(stay("ann", 1), 5, 3 << 10)), "{:?}", desk.sent);
    desk.say_in(2, ToOwner::Signal(stay("ann", 1), NumberedSignal { n: 1, signal: relay_to("bob") }));
    let sq = desk.sent.iter().find_map(|sent| match sent {
        ToEdge::Deliver(_, delivery) => Some(delivery.sq),
        _ => None,
    });
    assert_eq!(sq, Some((3 << 10) + 2), "behind the list");
}

fn signal(action: Action, to: Option<&str>) -> Signal {
    let text = SignalText { message: "x".into(), data: 0..1 };
    Signal { action, to: to.map(|name| Recipient::Session(session(name).key())), text }
}

fn relay_to(name: &str) -> Signal {
    signal(Action::Relay(SignalKind::Ice), Some(name))
}

#[test]
fn a_fenced_owner_sends_its_edges_away() {
    let mut desk = Fixture::new();
    desk.say(ToOwner::Join(Box::new(request("bob", 2, None))));
    let stands = Ownership { term: 2000, ..desk.owner.ownership() };
    desk.run(|owner, turn, out| owner.on_journaled(turn, Some(&Journaled::Fenced(stands)), out));
    assert_eq!(desk.sent.last(), Some(&ToEdge::NotOwner));
    assert!(matches!(desk.others.last(), Some(OwnerEffect::Fenced)));
}

#[test]
fn a_new_era_and_a_failed_write_are_followed_by_an_assertion_and_a_whole_write() {
    let mut desk = Fixture::new();
    desk.run(|owner, turn, out| owner.on_era(turn, Era { master: 2, ..ERA }, out));
    assert!(matches!(desk.others.pop(), Some(OwnerEffect::Assert(_))));
    assert_eq!(desk.sent.last(), Some(&ToEdge::Again), "an edge may have gone over to an owner that was forgotten");
    desk.say(ToOwner::Attach(Box::default()));
    desk.run(|owner, turn, out| owner.on_asserted(turn, Some(&Asserted::Done), out));
    assert!(desk.writes.last().is_some_and(|write| write.era.is_none() && write.changes.len() == 2));
    desk.say(ToOwner::Join(Box::new(request("bob", 2, None))));
    desk.writes.clear();
    desk.run(|owner, turn, out| owner.on_journaled(turn, None, out));
    desk.now += 250;
    desk.run(Owner::on_time);
    desk.run(|owner, turn, out| owner.on_asserted(turn, Some(&Asserted::Done), out));
    assert!(desk.writes.last().is_some_and(|write| write.era.is_none() && write.changes.len() == 3));
}

#[test]
fn the_last_to_leave_releases_the_room_and_a_drain_keeps_it() {
    let mut desk = Fixture::new();
    desk.say(ToOwner::Signal(stay("ann", 1), NumberedSignal { n: 1, signal: signal(Action::Leave, None) }));
    assert!(matches!(desk.others.last(), Some(OwnerEffect::Release(_, None))));
    let mut desk = Fixture::new();
    desk.join("bob", 2, Some(0));
    desk.relay(stay("ann", 1), 1, "bob");
    desk.run(|owner, _, out| owner.drain(out));
    let Some(OwnerEffect::Release(_, Some(fields))) = desk.others.last() else { panic!("{:?}", desk.others) };
    let kept = fields.iter().filter_map(|(_, value)| match value {
        Value::Undelivered(kept) => Some((kept.expected, kept.backlog.len())),
        _ => None,
    });
    assert_eq!(kept.collect::<Vec<_>>(), [(2, 0), (1, 1)]);
    desk.say(ToOwner::Alive(stay("ann", 1)));
    assert_eq!(desk.sent.last(), Some(&ToEdge::NotOwner));
}

#[test]
fn a_new_owner_is_stepped_again_for_those_who_do_not_come_back() {
    let mut desk = Fixture::new();
    desk.join("bob", 2, None);
    let fields = desk.owner.recorded().fields().collect();
    let ownership = Ownership { term: 1003, owner: Some(OTHER), ..desk.owner.ownership() };
    let turn = |now, fresh| Turn { now: Instant(now), shared: Instant(now), fresh };
    let mut owner = Owner::load(ClusterSettings::default().into(), turn(1000, true), (ownership, ERA), (fields, false));
    owner.on_time(turn(1000, true), &mut Vec::new());
    assert_eq!(owner.due(turn(1000, true)), Some(Instant(11_001)));
    assert_eq!(owner.due(turn(20_000, false)), Some(Instant(20_250)), "nothing is decided without a lease");
    owner.on_time(turn(11_001, true), &mut Vec::new());
    assert_eq!(owner.roster().count(), 0);
}
