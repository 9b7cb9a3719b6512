//! Broadcasts with viewers whom only their edges know.

use super::*;

/// The edge on another node.
const FAR: AttachmentId = AttachmentId { edge: OTHER, counter: 1 };

impl Fixture {
    /// A broadcast of `ann`, to which another node is attached.
    fn broadcast() -> Self {
        let mut desk = Self::of(RoomType::P2m);
        desk.far(ToOwner::Attach(Box::default()));
        desk.sent.clear();
        desk
    }

    fn far(&mut self, message: ToOwner) {
        self.run(|owner, turn, out| owner.on_message(turn, FAR, message, out));
    }

    fn ann_says(&mut self, n: u64, action: Action, to: Option<&str>) {
        let to = to.map(|user| Recipient::User(UserId::parse(user).unwrap()));
        let signal = Signal { action, to, text: SignalText::default() };
        let stay = self.owner.members.get(&session("ann").key()).unwrap().stay_ref();
        self.say(ToOwner::Signal(stay, NumberedSignal { n, signal }));
    }

    fn is_released(&self) -> bool {
        self.others.iter().any(|effect| matches!(effect, OwnerEffect::Release(..)))
    }
}

#[test]
fn a_broadcast_goes_on_for_viewers_of_edges_and_ends_behind_the_last() {
    let mut desk = Fixture::broadcast();
    desk.far(ToOwner::Viewers(true));
    desk.ann_says(1, Action::Leave, None);
    assert!(!desk.is_released() && desk.members() == 0);
    desk.far(ToOwner::Viewers(false));
    assert!(desk.is_released());
    for gone in [ToOwner::Detach, ToOwner::Attach(Box::default())] {
        let mut desk = Fixture::broadcast();
        desk.far(ToOwner::Viewers(true));
        desk.ann_says(1, Action::Leave, None);
        desk.far(gone);
        assert!(desk.is_released());
    }
}

#[test]
fn a_kick_is_told_to_all_edges_once_it_is_journaled_and_with_later_attachments() {
    let mut desk = Fixture::broadcast();
    desk.ann_says(1, Action::Kick, Some("bob"));
    assert!(matches!(&desk.sent[..], [ToEdge::Refused(..)]), "nobody of this name is there");
    desk.far(ToOwner::Viewers(true));
    desk.sent.clear();
    desk.ann_says(2, Action::Kick, Some("bob"));
    assert!(desk.sent.is_empty());
    desk.journaled();
    let told = desk.sent.iter().filter(|sent| matches!(sent, ToEdge::Kicked(to, ..) if to.user_id().as_str() == "bob"));
    assert_eq!(told.count(), 2, "this edge and the other");
    desk.sent.clear();
    desk.far(ToOwner::Attach(Box::new(Attach { viewers: true, ..Attach::default() })));
    let kicks =
        desk.sent.iter().find_map(|sent| if let ToEdge::Attached(told) = sent { Some(&told.kicks) } else { None });
    assert_eq!(kicks.map(|kicks| kicks.len()), Some(1));
}

#[test]
fn after_a_takeover_edges_with_viewers_are_waited_for() {
    let fields = || {
        let desk = Fixture::broadcast();
        desk.owner.recorded().fields().filter(|(field, _)| *field == Field::Room).collect::<Vec<_>>()
    };
    for comes in [true, false] {
        let turn = Turn { now: Instant(9000), shared: Instant(9000), fresh: true };
        let ownership = Ownership { life: Life { created: 1000, random: 1 }, term: 9000, owner: Some(EDGE) };
        let owner = Owner::load(ClusterSettings::default().into(), turn, (ownership, ERA), (fields(), false));
        let mut desk = Fixture { owner, now: 9000, fresh: true, sent: vec![], writes: vec![], others: vec![] };
        desk.run(Owner::on_time);
        assert!(!desk.is_released());
        desk.far(ToOwner::Attach(Box::new(Attach { viewers: comes, ..Attach::default() })));
        desk.now = desk.owner.due(turn).expect("the wait ends").0;
        assert_eq!(desk.now, 13_000);
        desk.run(Owner::on_time);
        assert_eq!(desk.is_released(), !comes);
    }
}
