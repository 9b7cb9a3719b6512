use proptest::prelude::*;

use super::*;

const NOW: Instant = Instant(1000);

fn pair() -> (Peer, Peer) {
    (Peer::new(ClusterSettings::default()), Peer::new(ClusterSettings::default()))
}

/// Sends a packet from one side, and lets the other take and handle it unless it is lost.
fn pass(from: &mut Peer, to: &mut Peer, now: Instant, has_messages: bool, lost: bool) -> Option<Received> {
    let header = from.pack(now, has_messages);
    (!lost).then(|| {
        let received = to.receive(now, header, has_messages.then_some(100));
        received.ticket.into_iter().for_each(|ticket| to.handled(ticket));
        received
    })
}

#[test]
fn a_lost_packet_is_noticed_by_the_next_one_of_either_kind() {
    let (mut a, mut b) = pair();
    assert!(!pass(&mut a, &mut b, NOW, true, false).unwrap().doubt);
    pass(&mut a, &mut b, NOW, true, true);
    assert!(
        pass(&mut a, &mut b, NOW, false, false).unwrap().doubt,
        "a packet that only acknowledges repeats the counter"
    );
    assert!(!pass(&mut a, &mut b, NOW, true, false).unwrap().doubt, "doubt is taken once");
}

#[test]
fn a_lower_counter_is_doubt_too() {
    let (mut a, mut b) = pair();
    pass(&mut a, &mut b, NOW, true, false);
    pass(&mut a, &mut b, NOW, true, false);
    let mut forgotten = Peer::new(ClusterSettings::default());
    assert!(pass(&mut forgotten, &mut b, NOW, true, false).unwrap().doubt);
    assert!(!pass(&mut forgotten, &mut b, NOW, true, false).unwrap().doubt);
}

#[test]
fn an_acknowledgement_says_what_was_handled_in_order() {
    let (mut a, mut b) = pair();
    let tickets: Vec<_> = (0..3).map(|_| b.receive(NOW, a.pack(NOW, true), Some(1)).ticket.unwrap()).collect();
    assert_eq!(b.pack(NOW, false).had, 0);
    b.handled(tickets[1]);
    assert_eq!((b.pack(NOW, false).had, b.due()), (0, None), "the first one is not handled yet");
    b.handled(tickets[0]);
    assert_eq!(b.due(), Some(Instant(1250)));
    assert_eq!(b.pack(NOW, false).had, 2);
    b.handled(tickets[0]);
    b.handled(tickets[2]);
    assert_eq!(b.pack(NOW, false).had, 3, "twice is once");
}

#[test]
fn a_loss_is_acknowledged_only_once_the_doubt_was_handled() {
    let (mut a, mut b) = pair();
    pass(&mut a, &mut b, NOW, true, false);
    pass(&mut a, &mut b, NOW, true, true);
    let received = b.receive(NOW, a.pack(NOW, false), None);
    assert_eq!((received.doubt, b.pack(NOW, true).had), (true, 1));
    b.handled(received.ticket.expect("a doubt is to be handled, too"));
    assert_eq!(b.pack(NOW, true).had, 2);
}

#[test]
fn what_was_handled_under_a_former_count_is_not_acknowledged_under_the_next() {
    let (mut a, mut b) = pair();
    pass(&mut a, &mut b, NOW, true, false);
    let former = b.receive(NOW, a.pack(NOW, true), Some(1)).ticket.unwrap();
    let mut forgotten = Peer::new(ClusterSettings::default());
    let anew = b.receive(NOW, forgotten.pack(NOW, true), Some(1));
    assert!(anew.doubt);
    assert_eq!(b.pack(NOW, false).had, 0);
    b.handled(former);
    assert_eq!(b.pack(NOW, false).had, 0);
    b.handled(anew.ticket.unwrap());
    assert_eq!(b.pack(NOW, false).had, 1);
}

#[test]
fn an_acknowledgement_of_what_was_never_sent_is_doubt_and_acknowledges_nothing() {
    let (mut a, _) = pair();
    a.pack(NOW, true);
    let received = a.receive(NOW, Header { counter: 1, had: 50 }, Some(1));
    assert_eq!((received.doubt, received.acked), (true, None));
    assert!(a.due().is_some(), "the packet is still not acknowledged");
}

#[test]
fn silence_is_doubt_after_2_4_8_and_8_seconds_and_an_acknowledgement_begins_anew() {
    let (mut a, mut b) = pair();
    let header = a.pack(Instant(0), true);
    for due in [2000, 6000, 14_000, 22_000] {
        assert_eq!(a.due(), Some(Instant(due)));
        assert!(!a.on_time(Instant(due - 1)).doubt);
        assert!(a.on_time(Instant(due)).doubt);
    }
    let received = b.receive(Instant(22_000), header, Some(1));
    b.handled(received.ticket.unwrap());
    pass(&mut b, &mut a, Instant(22_000), false, false);
    assert_eq!(a.due(), None);
    a.pack(Instant(30_000), true);
    assert_eq!(a.due(), Some(Instant(32_000)));
}

#[test]
fn an_acknowledgement_goes_alone_after_a_quarter_second_64_packets_or_64_kib() {
    let (mut a, mut b) = pair();
    pass(&mut a, &mut b, NOW, true, false);
    assert!(!b.on_time(Instant(1249)).ack);
    assert!(b.on_time(Instant(1250)).ack);
    b.pack(Instant(1250), false);
    assert_eq!(b.due(), None, "it is said");
    (0..64).for_each(|_| _ = pass(&mut a, &mut b, Instant(1300), true, false));
    assert!(b.on_time(Instant(1300)).ack);
    b.pack(Instant(1300), false);
    let ticket = b.receive(Instant(1300), a.pack(Instant(1300), true), Some(ACK_BYTES)).ticket;
    assert!(!b.owes_ack(Instant(1300)), "it is not handled yet");
    b.handled(ticket.unwrap());
    assert!(b.owes_ack(Instant(1300)));
}

proptest! {
    /// Checks that a packet that was lost, whichever it is, is in doubt at one of both sides before the end, and no
    /// acknowledgement is believed that was not given.
    #[test]
    fn every_loss_comes_to_light(packets in prop::collection::vec((any::<bool>(), any::<bool>(), prop::bool::weighted(0.2)), 1..60)) {
        let (mut a, mut b) = pair();
        let (mut lost, mut doubts) = (false, 0);
        for (from_a, full, loses) in packets {
            let (from, to) = if from_a { (&mut a, &mut b) } else { (&mut b, &mut a) };
            let received = pass(from, to, NOW, full, loses);
            let doubt = received.is_some_and(|received| received.doubt);
            prop_assert!(!doubt || lost, "doubt without a loss");
            doubts += usize::from(doubt);
            lost |= loses && full;
        }
        let last = pass(&mut a, &mut b, NOW, false, false).into_iter().chain(pass(&mut b, &mut a, NOW, false, false));
        doubts += last.filter(|received| received.doubt).count();
        prop_assert_eq!(lost, doubts > 0);
    }
}
