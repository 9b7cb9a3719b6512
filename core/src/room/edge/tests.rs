mod reading;

use std::time::Duration;

use roomcast_protocol::signal::{Recipient, RoomType, SignalKind};

use super::*;
use crate::room::Refusal;
use crate::room::fixtures::{self, EDGE};
use crate::room::message::*;

const OWNER: BootId = BootId(9);
const SOCKET: ConnectionId = ConnectionId(5);

fn key() -> MemberKey {
    fixtures::session("ann").key()
}

fn attachment(counter: u64) -> AttachmentId {
    AttachmentId { edge: EDGE, counter }
}

fn stay(number: u64) -> StayRef {
    StayRef { member: key(), stay: number }
}

fn signal(action: Action) -> Signal {
    let text = SignalText { message: "x".into(), data: 0..1 };
    Signal { action, to: Some(Recipient::Session(key())), text }
}

fn relay() -> Signal {
    signal(Action::Relay(SignalKind::Ice))
}

struct Fixture {
    edge: Edge,
    out: Vec<EdgeEffect>,
}

impl Fixture {
    fn new() -> Self {
        let room = RoomId::parse("room").unwrap();
        Self { edge: Edge::new(ClusterSettings::default().into(), room), out: Vec::new() }
    }

    /// An edge with one member on stay 1, attached to the owner.
    fn joined(numbers_above: Option<u64>) -> Self {
        let mut desk = Self::new();
        desk.join(numbers_above);
        desk.attach(1);
        let life = Life { created: 1, random: 1 };
        desk.hear(
            1,
            ToEdge::Attached(Box::new(Attached {
                term: 1,
                life,
                room_type: RoomType::M2m,
                list: List::default(),
                streams: Vec::new(),
                kicks: Vec::new(),
            })),
        );
        let id = JoinId { edge: EDGE, counter: 1 };
        let (sequence, confirmed, list) = (0, 0, List::default());
        desk.hear(
            1,
            ToEdge::Joined(Box::new(Joined {
                id,
                stay: stay(1),
                resumed: false,
                sequence,
                last: sequence,
                confirmed,
                list,
            })),
        );
        desk.out.clear();
        desk
    }

    fn join(&mut self, numbers_above: Option<u64>) {
        let request = fixtures::request("ann", 1, RoomType::M2m);
        let request = JoinRequest { creating: true, numbers_above, ..request };
        self.edge.join((Instant(0), true), SOCKET, request, &mut self.out);
    }

    fn attach(&mut self, counter: u64) {
        self.edge.attach_to(Instant(0), OWNER, attachment(counter), &mut self.out);
    }

    fn attached(&mut self, counter: u64) {
        let (life, list) = (Life { created: 1, random: 1 }, List::default());
        self.hear(
            counter,
            ToEdge::Attached(Box::new(Attached {
                term: 1,
                life,
                room_type: RoomType::M2m,
                list,
                streams: Vec::new(),
                kicks: Vec::new(),
            })),
        );
    }

    fn hear(&mut self, counter: u64, message: ToEdge) {
        self.edge.on_message(Instant(0), (OWNER, attachment(counter)), message, &mut self.out);
    }

    fn say(&mut self, signal: Signal) {
        self.edge.take_signal(Instant(0), (SOCKET, &key()), None, signal, &mut self.out);
    }

    fn ack(&mut self, counter: u64) {
        self.edge.on_acked(OWNER, counter, &mut self.out);
    }

    /// The numbers that were sent to the owner since this was asked last.
    fn take_signal(&mut self) -> Vec<u64> {
        let said = |effect: &EdgeEffect| match effect {
            EdgeEffect::Send(.., ToOwner::Signal(_, said)) => Some(said.n),
            _ => None,
        };
        std::mem::take(&mut self.out).iter().filter_map(said).collect()
    }

    fn told(&self) -> Vec<&ToClient> {
        fn told(effect: &EdgeEffect) -> Option<&ToClient> {
            if let EdgeEffect::Tell(_, message) = effect { Some(message) } else { None }
        }
        self.out.iter().filter_map(told).collect()
    }
}

fn delivery(sq: u64, stay: u64, n: u64, numbered: bool) -> Delivery {
    Delivery { sq, from: StayRef { member: fixtures::session("bob").key(), stay }, numbered, n, text: "x".into() }
}

#[test]
fn a_join_without_an_owner_is_sought_sent_once_attached_and_refused_after_8_s() {
    let mut desk = Fixture::new();
    desk.join(None);
    assert!(matches!(desk.out[..], [EdgeEffect::Seek]));
    desk.attach(1);
    desk.attached(1);
    assert!(desk.out.iter().any(|effect| matches!(effect, EdgeEffect::Send(.., ToOwner::Join(_)))));
    desk.edge.on_time(Instant(7999), true, &mut desk.out);
    assert!(desk.told().is_empty());
    desk.edge.on_time(Instant(8000), true, &mut desk.out);
    assert!(matches!(desk.told()[..], [ToClient::JoinRefused(_, Refusal { code: AckCode::Unavailable, .. })]));
}

#[test]
fn what_no_owner_has_seen_is_said_again_after_an_attach() {
    let mut desk = Fixture::joined(None);
    (0..2).for_each(|_| desk.say(relay()));
    desk.edge.on_packed(4);
    desk.say(relay());
    desk.edge.on_packed(5);
    assert_eq!(desk.take_signal(), [1, 2, 3]);
    desk.ack(4);
    desk.attach(2);
    desk.ack(5);
    desk.attached(2);
    assert_eq!(desk.take_signal(), [3], "the acknowledgement came in another attachment than the signal");
}

#[test]
fn a_client_that_numbers_is_asked_to_repeat_and_nothing_of_it_is_kept() {
    let mut desk = Fixture::joined(Some(7));
    desk.edge.take_signal(Instant(0), (SOCKET, &key()), Some(8), relay(), &mut desk.out);
    assert_eq!(desk.take_signal(), [8]);
    desk.attach(2);
    desk.attached(2);
    assert_eq!(desk.told(), [&ToClient::Resend(7)]);
    assert!(desk.take_signal().is_empty());
}

#[test]
fn an_attach_that_is_acknowledged_without_an_answer_was_lost() {
    let mut desk = Fixture::joined(None);
    desk.attach(2);
    desk.edge.on_packed(6);
    desk.out.clear();
    desk.ack(5);
    assert!(desk.out.is_empty());
    desk.ack(7);
    assert!(matches!(desk.out[..], [EdgeEffect::Reattach(OWNER)]));
}

#[test]
fn what_happens_between_an_attach_and_its_answer_is_told_afterwards() {
    let mut desk = Fixture::joined(None);
    desk.attach(2);
    desk.say(signal(Action::Leave));
    assert!(desk.take_signal().is_empty());
    desk.attached(2);
    assert_eq!(desk.take_signal(), [1]);
    assert!(desk.edge.has_members());
    desk.edge.on_packed(8);
    desk.ack(8);
    assert!(!desk.edge.has_members(), "LEAVE was seen");
}

#[test]
fn a_leave_that_an_attach_named_is_seen_with_its_answer() {
    let mut desk = Fixture::joined(None);
    desk.edge.seek(&mut desk.out);
    desk.say(signal(Action::Leave));
    desk.attach(2);
    let named = desk.out.iter().find_map(|effect| match effect {
        EdgeEffect::Send(.., ToOwner::Attach(attach)) => Some(attach.members[0].leaving),
        _ => None,
    });
    assert_eq!(named, Some(true));
    desk.attached(2);
    assert!(!desk.edge.has_members());
}

#[test]
fn repetitions_are_dropped_here_unless_the_client_sees_the_numbers() {
    for (numbers, expected) in [(None, 2), (Some(0), 4)] {
        let mut desk = Fixture::joined(numbers);
        for (sq, n) in [(1, 1), (2, 2), (1025, 1), (1026, 2)] {
            desk.hear(1, ToEdge::Deliver(stay(1), delivery(sq, 1, n, true)));
        }
        assert_eq!(desk.told().len(), expected);
        desk.hear(1, ToEdge::Deliver(stay(1), delivery(1026, 1, 3, true)));
        assert_eq!(desk.told().len(), expected, "a sequence number comes once");
    }
}

#[test]
fn a_dropped_repetition_counts_as_had_once_all_below_it_is() {
    let mut desk = Fixture::joined(Some(0));
    for (sq, n) in [(1, 1), (2, 1), (3, 2)] {
        desk.hear(1, ToEdge::Deliver(stay(1), delivery(sq, 4, n, false)));
    }
    assert_eq!(desk.told().len(), 2);
    desk.out.clear();
    desk.edge.heartbeat(Instant(1), (SOCKET, &key()), Some(1), &mut desk.out);
    let had = desk.out.iter().find_map(|effect| match effect {
        EdgeEffect::Send(.., ToOwner::Had(_, sq)) => Some(*sq),
        _ => None,
    });
    assert_eq!(had, Some(2));
}

#[test]
fn an_answer_that_no_join_waits_for_is_answered_with_absent() {
    let mut desk = Fixture::joined(None);
    let id = JoinId { edge: EDGE, counter: 8 };
    let list = List::default();
    let joined = Joined { id, stay: stay(2), resumed: true, sequence: 0, last: 0, confirmed: 0, list };
    desk.hear(1, ToEdge::Joined(Box::new(joined)));
    assert!(matches!(&desk.out[..], [EdgeEffect::Send(.., ToOwner::Absent(told, Duration::ZERO))] if *told == stay(2)));
}

#[test]
fn an_edge_that_nobody_needs_lets_go_after_a_while() {
    let mut desk = Fixture::joined(None);
    desk.hear(1, ToEdge::EndStay(stay(1), StayEnd::Unknown));
    desk.out.clear();
    desk.edge.on_time(Instant(1000), true, &mut desk.out);
    desk.edge.on_time(Instant(30_999), true, &mut desk.out);
    assert!(desk.out.is_empty());
    desk.edge.on_time(Instant(31_000), true, &mut desk.out);
    assert!(matches!(desk.out[..], [EdgeEffect::Send(.., ToOwner::Detach), EdgeEffect::Release]));
}
