//! Senders that are held back.

use proptest::prelude::*;

use super::*;
use roomcast_protocol::code::CloseCode;

const BOUND: usize = 1000;

/// An edge with one member, which keeps at most 1,000 bytes of it and 2,000 of all.
fn desk(attached: bool) -> (Fixture, Tallies) {
    let mut desk = Fixture::joined(None);
    let settings = ClusterSettings { max_unseen: BOUND, max_unseen_of_all: 2 * BOUND, ..ClusterSettings::default() };
    desk.edge.settings = settings.into();
    let tallies = Tallies::default();
    desk.edge.set_tallies(tallies.clone());
    if !attached {
        desk.edge.seek(&mut Vec::new());
    }
    desk.out.clear();
    (desk, tallies)
}

impl Fixture {
    fn say_bytes(&mut self, bytes: usize) {
        let text = SignalText { message: "x".repeat(bytes).into(), data: 0..1 };
        self.say(Signal { text, ..relay() });
    }

    fn seen(&mut self, counter: u64) {
        self.ack(counter);
        self.edge.read_again(&mut self.out);
    }

    /// Takes the starts and stops of reading the socket since the last call.
    fn reads(&mut self) -> Vec<bool> {
        let reads = |effect: &EdgeEffect| match effect {
            EdgeEffect::Read(SOCKET, reads) => Some(*reads),
            _ => None,
        };
        std::mem::take(&mut self.out).iter().filter_map(reads).collect()
    }

    fn closed(&self) -> Vec<ConnectionId> {
        let closed = |effect: &EdgeEffect| match effect {
            EdgeEffect::Close(connection, CloseCode::SlowConsumer) => Some(*connection),
            _ => None,
        };
        self.out.iter().filter_map(closed).collect()
    }
}

#[test]
fn an_attached_edge_reads_on_once_half_of_the_bound_is_seen() {
    let (mut desk, tallies) = desk(true);
    desk.say_bytes(600);
    desk.edge.on_packed(1);
    assert!(desk.reads().is_empty());
    desk.say_bytes(401);
    desk.say_bytes(10);
    desk.edge.on_packed(2);
    assert_eq!(desk.closed(), []);
    assert_eq!(desk.reads(), [false], "once, though more was read already");
    desk.seen(1);
    assert_eq!((desk.reads(), tallies.held()), (vec![true], 411));
    desk.seen(2);
    assert_eq!((desk.reads(), tallies.held()), (vec![], 0));
}

#[test]
fn an_edge_that_knows_no_owner_closes_and_one_that_attaches_holds_back() {
    let (mut seeking, _) = desk(false);
    seeking.say_bytes(BOUND + 1);
    assert_eq!(seeking.closed(), [SOCKET]);
    seeking.out.clear();
    seeking.attach(2);
    seeking.say_bytes(1);
    assert_eq!(seeking.closed(), []);
    assert_eq!(seeking.reads(), [false], "`Attach` is answered soon");
}

#[test]
fn who_is_held_back_stays_so_without_an_owner_and_is_read_again_behind_the_next() {
    let (mut desk, tallies) = desk(true);
    desk.say_bytes(BOUND + 1);
    assert_eq!(desk.reads(), [false]);
    desk.edge.seek(&mut desk.out);
    desk.edge.read_again(&mut desk.out);
    assert_eq!(desk.closed(), []);
    assert!(desk.reads().is_empty());
    desk.attach(2);
    desk.attached(2);
    assert_eq!(desk.take_signal(), [1]);
    desk.edge.on_packed(9);
    desk.seen(9);
    assert_eq!((desk.reads(), tallies.held()), (vec![true], 0));
}

#[test]
fn signals_behind_a_join_hold_back_until_it_is_answered() {
    let mut desk = Fixture::new();
    desk.edge.settings = ClusterSettings { max_unseen: BOUND, ..ClusterSettings::default() }.into();
    desk.attach(1);
    desk.attached(1);
    desk.join(None);
    desk.out.clear();
    desk.say_bytes(BOUND + 1);
    assert_eq!(desk.reads(), [false]);
    let id = JoinId { edge: EDGE, counter: 1 };
    let refusal = Refusal { code: AckCode::RoomNotFound, reason: String::new() };
    desk.hear(1, ToEdge::JoinRefused(id, refusal));
    let last = desk.out.iter().map(|effect| matches!(effect, EdgeEffect::Read(SOCKET, true))).collect::<Vec<_>>();
    assert_eq!(last, [false, true, false], "before its connection is forgotten");
}

#[test]
fn a_member_that_is_let_go_leaves_its_connection_readable() {
    let (mut desk, _) = desk(true);
    desk.say_bytes(BOUND + 1);
    assert_eq!(desk.reads(), [false]);
    desk.hear(1, ToEdge::EndStay(stay(1), StayEnd::Kicked(1, "x".into())));
    assert_eq!(desk.reads(), [true]);
}

#[test]
fn over_the_bound_of_the_node_a_seeking_edge_closes_the_fullest_of_its_connections() {
    let (mut desk, tallies) = desk(false);
    let elsewhere = tallies.hold(2 * BOUND - 50);
    desk.say_bytes(40);
    assert_eq!(desk.closed(), []);
    desk.say_bytes(20);
    assert_eq!(desk.closed(), [SOCKET]);
    drop(elsewhere);
}

/// Something that happens to a member that talks.
#[derive(Debug, Clone, Copy)]
enum Event {
    Say(usize),
    Pack,
    Ack,
    Doubt,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (1..600_usize).prop_map(Event::Say),
        3 => Just(Event::Pack),
        3 => Just(Event::Ack),
        1 => Just(Event::Doubt),
    ]
}

proptest! {
    /// While an owner is known nobody is closed, a socket is stopped once more than the bound is kept, it is read again
    /// in the end, and all that was said goes to the owner in order.
    #[test]
    fn nobody_is_closed_and_everybody_is_read_again(events in prop::collection::vec(event(), 0..80)) {
        let (mut desk, tallies) = desk(true);
        let (mut reads, mut packet, mut attachment, mut said) = (true, 0, 1, 0);
        for event in events {
            match event {
                // A socket that is not read delivers no signals.
                Event::Say(_) if !reads => {}
                Event::Say(bytes) => {
                    said += 1;
                    desk.say_bytes(bytes);
                }
                Event::Pack => {
                    packet += 1;
                    desk.edge.on_packed(packet);
                }
                Event::Ack => desk.seen(packet),
                Event::Doubt => {
                    attachment += 1;
                    desk.attach(attachment);
                    desk.attached(attachment);
                }
            }
            prop_assert_eq!(desk.closed(), []);
            desk.edge.read_again(&mut desk.out);
            reads = desk.reads().into_iter().next_back().unwrap_or(reads);
            prop_assert!(!reads || tallies.held() <= BOUND);
            prop_assert!(reads || tallies.held() > BOUND / 2);
        }
        attachment += 1;
        desk.attach(attachment);
        desk.attached(attachment);
        let unseen = desk.take_signal();
        prop_assert!(unseen.is_sorted() && unseen.last().is_none_or(|last| *last == said));
        desk.edge.on_packed(packet + 1);
        desk.seen(packet + 1);
        reads = desk.reads().into_iter().next_back().unwrap_or(reads);
        prop_assert!(reads && tallies.held() == 0);
    }
}
