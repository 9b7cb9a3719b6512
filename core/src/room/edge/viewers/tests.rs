use std::sync::Arc;

use roomcast_protocol::ack::{Role, RoomClosedReason};
use roomcast_protocol::id::RoomId;
use roomcast_protocol::signal::SignalKind;

use super::super::local_member::LocalMember;
use super::super::{Edge, JoinAnswer};
use super::*;
use crate::cluster::{BootId, ClusterSettings, Life};
use crate::room::ConnectionId;
use crate::room::fixtures::{self, EDGE, session};
use crate::room::message::{Attached, AttachmentId, JoinId, List, Listed, SignalText, ToEdge, token_hash};
use crate::time::Instant;

const OWNER: BootId = BootId(9);
const LIFE: Life = Life { created: 1, random: 1 };

fn key(name: &str) -> MemberKey {
    session(name).key()
}

fn list(version: u64, publishers: &[&str]) -> List {
    let listed = publishers.iter().map(|name| Listed { session: session(name), video: true, audio: true, name: None });
    List { version: (1, version), publishers: listed.collect::<Vec<_>>().into(), playing: Arc::default() }
}

fn request(name: &str) -> JoinRequest {
    JoinRequest { media: (false, false), ..fixtures::request(name, 0, RoomType::P2m) }
}

/// An edge, attached to the owner of a broadcast of `ann`.
struct Fixture {
    edge: Edge,
    out: Vec<EdgeEffect>,
    now: Instant,
    attachments: u64,
    joins: u64,
}

impl Fixture {
    fn new() -> Self {
        Self::attached_to(OWNER)
    }

    fn attached_to(owner: BootId) -> Self {
        let edge = Edge::new(ClusterSettings::default().into(), RoomId::parse("room").unwrap());
        let mut desk = Self { edge, out: Vec::new(), now: Instant(0), attachments: 0, joins: 0 };
        desk.attach(owner, LIFE, &[]);
        desk.out.clear();
        desk
    }

    /// Attaches; returns whether the owner is told of viewers.
    fn attach(&mut self, owner: BootId, life: Life, kicked: &[&str]) -> bool {
        self.begin_attach(owner);
        let told = self.out.iter().rev().find_map(|effect| match effect {
            EdgeEffect::Send(.., ToOwner::Attach(attach)) => Some((attach.viewers, attach.members.len())),
            _ => None,
        });
        let kicks = kicked.iter().map(|user| (UserId::parse(user).unwrap(), Duration::from_secs(60))).collect();
        let (room_type, list, streams) = (RoomType::P2m, list(1, &["ann"]), Vec::new());
        self.hear(owner, ToEdge::Attached(Box::new(Attached { term: 1, life, room_type, list, streams, kicks })));
        assert_eq!(told.map(|(_, members)| members), Some(0), "viewers are not named");
        told.is_some_and(|(viewers, _)| viewers)
    }

    fn begin_attach(&mut self, owner: BootId) {
        self.attachments += 1;
        let id = AttachmentId { edge: EDGE, counter: self.attachments };
        self.edge.attach_to(self.now, owner, id, &mut self.out);
    }

    fn hear(&mut self, owner: BootId, message: ToEdge) {
        let id = AttachmentId { edge: EDGE, counter: self.attachments };
        self.edge.on_message(self.now, (owner, id), message, &mut self.out);
    }

    fn join(&mut self, connection: u64, request: JoinRequest) {
        self.joins += 1;
        let id = JoinId { edge: EDGE, counter: self.joins };
        self.edge.join((self.now, true), ConnectionId(connection), JoinRequest { id, ..request }, &mut self.out);
    }

    fn admit(&mut self, connection: u64, request: JoinRequest) -> Box<JoinAnswer> {
        self.join(connection, request);
        self.joined(connection).expect("it is admitted")
    }

    /// The last answer to a JOIN on a connection.
    fn joined(&self, connection: u64) -> Option<Box<JoinAnswer>> {
        self.told(connection).into_iter().rev().find_map(|told| match told {
            ToClient::Joined(answer) => Some(answer),
            _ => None,
        })
    }

    fn told(&self, connection: u64) -> Vec<ToClient> {
        let own = |effect: &EdgeEffect| match effect {
            EdgeEffect::Tell(to, message) if *to == ConnectionId(connection) => Some(message.clone()),
            _ => None,
        };
        self.out.iter().filter_map(own).collect()
    }

    fn lists(&self, connection: u64) -> Vec<u64> {
        let number = |told: ToClient| if let ToClient::List(_, sq, _) = told { Some(sq) } else { None };
        self.told(connection).into_iter().filter_map(number).collect()
    }

    /// The news for the owner since this was asked last.
    fn sent(&mut self) -> Vec<ToOwner> {
        let sent = |effect| if let EdgeEffect::Send(.., message) = effect { Some(message) } else { None };
        std::mem::take(&mut self.out).into_iter().filter_map(sent).collect()
    }

    fn asks_owner(&mut self, connection: u64, request: JoinRequest) -> bool {
        self.out.clear();
        self.join(connection, request);
        self.sent().iter().any(|sent| matches!(sent, ToOwner::Join(_)))
    }

    fn beat(&mut self, connection: u64, name: &str, sq: Option<u64>) -> Vec<ToClient> {
        self.out.clear();
        self.edge.heartbeat(self.now, (ConnectionId(connection), &key(name)), sq, &mut self.out);
        self.told(connection)
    }

    fn say(&mut self, connection: u64, name: &str, n: Option<u64>, action: Action) -> Vec<ToClient> {
        self.out.clear();
        let said = Signal { action, to: None, text: SignalText::default() };
        self.edge.take_signal(self.now, (ConnectionId(connection), &key(name)), n, said, &mut self.out);
        self.told(connection)
    }

    fn kick(&mut self, to: Recipient) {
        self.out.clear();
        self.hear(OWNER, ToEdge::Kicked(to, Duration::from_secs(60), "{}".into()));
    }
}

#[test]
fn viewers_are_admitted_here_and_the_owner_is_told_of_the_first_alone() {
    let mut desk = Fixture::new();
    let answer = desk.admit(1, request("bob"));
    assert_eq!((answer.resumed, answer.sequence, answer.confirmed, answer.role), (false, 0, None, Role::Viewer));
    assert_eq!(answer.list, list(1, &["ann"]));
    assert_eq!(desk.sent(), [ToOwner::Viewers(true)]);
    desk.admit(2, request("cid"));
    let first = desk.beat(2, "cid", None);
    assert!(matches!(&first[..], [ToClient::Heartbeat(_, None, Some(_))]), "with what answers the next");
    assert!(matches!(&desk.beat(2, "cid", Some(0))[..], [ToClient::Heartbeat(_, None, None)]));
    desk.edge.disconnected(desk.now, ConnectionId(2), &mut desk.out);
    assert_eq!(desk.sent(), []);
}

#[test]
fn what_an_edge_may_not_decide_goes_to_the_owner() {
    let mut desk = Fixture::new();
    assert!(desk.asks_owner(1, JoinRequest { creating: true, ..request("bob") }), "creates");
    assert!(desk.asks_owner(2, JoinRequest { room_type: RoomType::M2m, ..request("cid") }), "another type");
    assert!(desk.asks_owner(3, request("ann/2")), "the streamer's user");
    assert!(desk.asks_owner(4, request("ann")), "listed");
    desk.kick(Recipient::User(UserId::parse("dan").unwrap()));
    assert!(desk.asks_owner(5, request("dan")), "kicked");
    desk.hear(OWNER, ToEdge::List(list(2, &[]), Vec::new()));
    assert!(desk.asks_owner(6, request("eve")), "nobody publishes: the room may wait for this user");
    assert!(Fixture::attached_to(EDGE).asks_owner(1, request("bob")), "the owner is beside");
}

#[test]
fn a_join_waits_for_the_attachment_and_for_a_fresh_lease() {
    let mut desk = Fixture::new();
    desk.begin_attach(OWNER);
    desk.join(1, request("bob"));
    assert_eq!(desk.joined(1), None);
    desk.sent();
    desk.begin_attach(OWNER);
    assert!(matches!(desk.sent()[..], [ToOwner::Attach(_)]), "the JOIN does not travel to the owner");
    desk.attach(OWNER, LIFE, &[]);
    assert!(desk.joined(1).is_some());
    desk.edge.join((desk.now, false), ConnectionId(2), request("cid"), &mut desk.out);
    assert!(matches!(&desk.told(2)[..], [ToClient::JoinRefused(_, refusal)] if refusal.code == AckCode::Unavailable));
}

#[test]
fn a_kick_reaches_the_viewers_that_it_names_and_their_user_stays_out() {
    let mut desk = Fixture::new();
    for (connection, name) in [(1, "bob"), (2, "bob/2"), (3, "cid")] {
        desk.admit(connection, request(name));
    }
    desk.kick(Recipient::Session(key("bob")));
    assert_eq!(desk.told(1), [ToClient::Kicked(1, "{}".into())]);
    assert!(desk.told(2).is_empty() && desk.told(3).is_empty());
    assert!(desk.asks_owner(1, request("bob")));
    assert!(!desk.asks_owner(4, request("bob/2")), "sessions that it does not name stay");
    desk.kick(Recipient::User(UserId::parse("cid").unwrap()));
    assert_eq!(desk.told(3), [ToClient::Kicked(1, "{}".into())]);
    desk.now = desk.now + Duration::from_secs(60);
    desk.admit(5, request("cid"));
}

#[test]
fn a_kick_that_was_lost_is_told_with_the_next_attachment() {
    let mut desk = Fixture::new();
    desk.admit(1, request("bob"));
    desk.admit(2, request("cid"));
    desk.attach(OWNER, LIFE, &["bob"]);
    let closed = |desk: &Fixture| {
        desk.out
            .iter()
            .filter_map(|effect| if let EdgeEffect::Close(who, code) = effect { Some((who.0, *code)) } else { None })
            .collect::<Vec<_>>()
    };
    assert_eq!(closed(&desk), [(1, CloseCode::ServiceRestart)]);
    assert!(desk.asks_owner(1, request("bob")));
    desk.attach(OWNER, LIFE, &["bob"]);
    assert_eq!(closed(&desk), []);
    desk.attach(OWNER, Life { created: 2, random: 2 }, &[]);
    assert_eq!(closed(&desk), [(2, CloseCode::ServiceRestart)], "of another life");
    assert_eq!(desk.edge.connections.members.newest_of(&key("cid")), None);
    assert!(desk.sent().contains(&ToOwner::Viewers(false)));
}

#[test]
fn lists_are_numbered_here_and_the_newest_comes_again_to_who_resumes() {
    let mut desk = Fixture::new();
    desk.admit(1, JoinRequest { numbers_above: Some(0), ..request("bob") });
    for version in 2..4 {
        desk.hear(OWNER, ToEdge::List(list(version, &["ann", "ann/2"]), Vec::new()));
    }
    assert_eq!(desk.lists(1), [1, 2]);
    desk.edge.disconnected(desk.now, ConnectionId(1), &mut desk.out);
    desk.hear(OWNER, ToEdge::List(list(4, &["ann"]), Vec::new()));
    let resumes = |sq| JoinRequest { resume_from: Some(sq), numbers_above: Some(0), ..request("bob") };
    let answer = desk.admit(2, resumes(1));
    assert_eq!((answer.resumed, answer.sequence, desk.lists(2)), (true, 3, vec![3]));
    let answer = desk.admit(3, resumes(3));
    assert_eq!((answer.resumed, answer.sequence, desk.lists(3)), (true, 3, vec![]));
    assert!(
        desk.out.iter().any(|effect| matches!(effect, EdgeEffect::Close(ConnectionId(2), CloseCode::SessionReplaced)))
    );
    desk.hear(OWNER, ToEdge::List(list(5, &["ann"]), Vec::new()));
    assert_eq!(desk.lists(3), [4]);
    assert!(matches!(&desk.beat(2, "bob", None)[..], [ToClient::NotMember]));
}

#[test]
fn a_session_from_elsewhere_begins_above_its_numbers() {
    let mut desk = Fixture::new();
    let answer = desk.admit(1, JoinRequest { resume_from: Some(40), ..request("bob") });
    assert_eq!((answer.resumed, answer.sequence), (false, 41));
    desk.hear(OWNER, ToEdge::List(list(2, &["ann"]), Vec::new()));
    assert_eq!(desk.lists(1), [42]);
    let answer = desk.admit(2, JoinRequest { resume_from: Some(60), ..request("bob") });
    assert_eq!((answer.resumed, answer.sequence), (true, 60), "it was elsewhere meanwhile");
}

#[test]
fn a_viewer_resumes_without_a_number_once_it_was_heard() {
    let mut desk = Fixture::new();
    desk.admit(1, request("bob"));
    assert!(!desk.admit(2, request("bob")).resumed, "the first answer may be lost");
    desk.beat(2, "bob", None);
    assert!(desk.admit(3, request("bob")).resumed);
    assert!(desk.admit(3, request("bob")).resumed, "on its own connection");
    assert!(!desk.out.iter().any(|effect| matches!(effect, EdgeEffect::Close(ConnectionId(3), _))));
}

#[test]
fn a_session_that_keeps_tokens_is_resumed_only_with_one() {
    let mut desk = Fixture::new();
    let joins = |brought: &str, given: &str| JoinRequest {
        brought: Some(token_hash(brought)),
        given: token_hash(given),
        ..request("bob")
    };
    desk.admit(1, joins("", "first"));
    desk.join(2, joins("other", "second"));
    assert!(
        matches!(&desk.told(2)[..], [ToClient::JoinRefused(_, refusal)] if refusal.code == AckCode::PermissionNotFound)
    );
    assert!(desk.admit(3, joins("first", "second")).resumed);
    assert!(desk.admit(4, joins("first", "third")).resumed, "the answer with the second may be lost");
    desk.beat(4, "bob", None);
    desk.join(5, joins("first", "fourth"));
    assert!(matches!(&desk.told(5)[..], [ToClient::JoinRefused(..)]), "the third has come");
}

#[test]
fn signals_of_viewers_are_refused_here_each_once() {
    let mut desk = Fixture::new();
    desk.admit(1, JoinRequest { numbers_above: Some(4), ..request("bob") });
    let refused = |told: &[ToClient]| match told {
        [ToClient::Refused(refused)] => Some((refused.n, refused.code)),
        _ => None,
    };
    assert_eq!(refused(&desk.say(1, "bob", Some(5), Action::Kick)), Some((5, AckCode::PermissionNotFound)));
    assert!(desk.say(1, "bob", Some(5), Action::Kick).is_empty(), "a repetition");
    assert!(desk.say(1, "bob", Some(7), Action::Kick).is_empty(), "out of order");
    assert!(desk.say(1, "bob", Some(6), Action::Refused(SignalKind::Offer)).is_empty(), "it was told");
    assert_eq!(refused(&desk.say(1, "bob", None, Action::Kick)), Some((0, AckCode::InvalidSignal)));
    assert!(matches!(&desk.beat(1, "bob", None)[..], [ToClient::Heartbeat(_, Some(6), _)]));
    desk.admit(2, request("cid"));
    assert_eq!(refused(&desk.say(2, "cid", None, Action::Update(true, true))), Some((0, AckCode::PermissionNotFound)));
    assert_eq!(desk.sent(), []);
}

#[test]
fn the_owner_is_told_when_the_last_viewer_has_left_or_is_silent() {
    let mut desk = Fixture::new();
    desk.admit(1, request("bob"));
    desk.admit(2, request("cid"));
    desk.say(1, "bob", None, Action::Leave);
    assert!(desk.out.iter().any(|effect| matches!(effect, EdgeEffect::Forget(ConnectionId(1)))));
    assert_eq!(desk.sent(), []);
    desk.edge.disconnected(desk.now, ConnectionId(2), &mut desk.out);
    desk.now = Instant(10_000);
    desk.edge.on_time(desk.now, true, &mut desk.out);
    assert!(desk.edge.has_members(), "it may come back");
    desk.now = desk.edge.due().expect("its time ends");
    desk.edge.on_time(desk.now, true, &mut desk.out);
    assert_eq!((desk.now, desk.sent()), (Instant(10_001), vec![ToOwner::Viewers(false)]));
    assert!(!desk.edge.has_members());
}

#[test]
fn viewers_stay_when_the_owner_dies_and_the_next_learns_of_them() {
    let mut desk = Fixture::new();
    desk.admit(1, request("bob"));
    desk.edge.seek(&mut desk.out);
    assert!(desk.edge.has_members(), "so that this edge takes the room");
    assert!(matches!(&desk.beat(1, "bob", None)[..], [ToClient::Heartbeat(..)]));
    assert!(desk.attach(EDGE, LIFE, &[]), "the owner may be beside it now");
    assert!(desk.told(1).iter().all(|told| matches!(told, ToClient::Heartbeat(..))));
    desk.hear(EDGE, ToEdge::List(list(2, &["ann", "ann/2"]), Vec::new()));
    assert_eq!(desk.lists(1), [1]);
    assert!(desk.admit(2, request("bob")).resumed);
}

#[test]
fn the_end_of_the_room_is_told_to_viewers() {
    let mut desk = Fixture::new();
    desk.admit(1, request("bob"));
    desk.hear(OWNER, ToEdge::Closed(RoomClosedReason::Ended));
    assert!(desk.told(1).contains(&ToClient::RoomClosed(RoomClosedReason::Ended)));
    assert!(!desk.edge.has_members());
}

#[test]
fn a_viewer_that_the_owner_makes_a_member_is_none_any_more() {
    let mut desk = Fixture::new();
    desk.join(1, JoinRequest { creating: true, ..request("bob") });
    desk.admit(2, request("cid"));
    let list = list(2, &["ann", "bob"]);
    let stay = StayRef { member: key("bob"), stay: 7 };
    // The owner's answer to a JOIN comes when the session is a viewer already.
    let viewer = Fixture::new().admit(1, request("bob"));
    desk.edge
        .connections
        .members
        .insert(StayRef::of_viewer(key("bob")), LocalMember::new(ConnectionId(9), desk.now, viewer.sequence));
    desk.out.clear();
    let id = JoinId { edge: EDGE, counter: 1 };
    let joined = Joined { id, stay, resumed: false, sequence: 0, last: 0, confirmed: 0, list };
    desk.hear(OWNER, ToEdge::Joined(Box::new(joined)));
    assert!(
        desk.out.iter().any(|effect| matches!(effect, EdgeEffect::Close(ConnectionId(9), CloseCode::SessionReplaced)))
    );
    assert_eq!(desk.joined(1).map(|answer| answer.role), Some(Role::Publisher));
    assert_eq!(desk.edge.connections.members.viewers().count(), 1);
    assert_eq!(desk.lists(2), [1], "a list that comes with an answer is shown to viewers");
}
