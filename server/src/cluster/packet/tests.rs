use std::sync::Arc;
use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use roomcast_core::cluster::Life;
use roomcast_core::hls::UploadEntry;
use roomcast_core::room::Refusal;
use roomcast_core::room::message::{
    Action, Attach, Attached, AttachedMember, Delivery, JoinId, JoinRequest, Joined, List, Listed, NumberedSignal,
    Signal, SignalRefusal, SignalText, StayEnd, StayRef, ToEdge, ToOwner,
};
use roomcast_core::room::streams::{KnownStream, StreamPosition, StreamState, StreamUpdate, Upload, Uploader};
use roomcast_core::time::{Instant, UnixTime};
use roomcast_protocol::ack::RoomClosedReason;
use roomcast_protocol::code::AckCode;
use roomcast_protocol::id::{ObjectId, SessionId, UserId};
use roomcast_protocol::signal::{Category, Host, MemberKey, Recipient, RoomType, Session, SignalKind};
use roomcast_protocol::strategy::data_signal;

use super::*;

fn member() -> impl Strategy<Value = MemberKey> {
    ("[a-z0-9]{1,12}", "[a-z0-9]{1,12}").prop_map(|(user, session)| MemberKey {
        user_id: UserId::parse(&user).expect("a user"),
        session_id: SessionId::parse(&session).expect("a session"),
    })
}

fn stay() -> impl Strategy<Value = StayRef> {
    (member(), any::<u64>()).prop_map(|(member, stay)| StayRef { member, stay })
}

fn session() -> impl Strategy<Value = Session> {
    let category = prop::sample::select(vec![Category::Stream, Category::Screenshare]);
    let hosts = vec![Host::Ios, Host::IosExtension, Host::Android, Host::Web, Host::WebStudio, Host::Server];
    (member(), category, prop::sample::select(hosts), "[ -~]{1,20}").prop_map(|(key, category, host, device_id)| {
        Session { user_id: key.user_id, session_id: key.session_id, category, host, device_id }
    })
}

fn join_id() -> impl Strategy<Value = JoinId> {
    (any::<u64>(), any::<u64>()).prop_map(|(edge, counter)| JoinId { edge: BootId(edge), counter })
}

fn room_type() -> impl Strategy<Value = RoomType> {
    prop::sample::select(vec![RoomType::P2p, RoomType::M2m, RoomType::A2m, RoomType::P2m])
}

fn join() -> impl Strategy<Value = JoinRequest> {
    let numbers = (option::of(any::<u64>()), option::of(any::<u64>()), option::of(any::<u64>()));
    let tokens = (option::of("[a-z]{0,9}"), "[a-z]{0,9}", option::of(("[a-z]{0,9}", any::<u64>().prop_map(Instant))));
    (join_id(), session(), room_type(), any::<bool>(), any::<(bool, bool)>(), numbers, tokens).prop_map(
        |(id, session, room_type, creating, media, (numbers_above, resume_from, holds), (brought, given, ingest))| {
            JoinRequest {
                id,
                session,
                room_type,
                creating,
                media,
                numbers_above,
                resume_from,
                brought,
                given,
                ingest,
                holds,
                credentials: None,
            }
        },
    )
}

fn age() -> impl Strategy<Value = Duration> {
    any::<u64>().prop_map(Duration::from_millis)
}

fn recipient() -> impl Strategy<Value = Recipient> {
    prop_oneof![member().prop_map(|key| Recipient::User(key.user_id)), member().prop_map(Recipient::Session)]
}

fn signal() -> impl Strategy<Value = Signal> {
    let action = prop_oneof![
        Just(Action::Relay(SignalKind::Offer)),
        Just(Action::Watch),
        Just(Action::Kick),
        Just(Action::KickAndRevoke),
        Just(Action::PublishAccept),
        any::<(bool, bool)>().prop_map(|(video, audio)| Action::PublishRequest(video, audio)),
        any::<(bool, bool)>().prop_map(|(video, audio)| Action::Update(video, audio)),
        Just(Action::Leave),
        Just(Action::Refused(SignalKind::Ice)),
    ];
    (action, option::of(recipient()), ".{0,40}").prop_map(|(action, to, text)| {
        let text = SignalText { data: 0..text.len(), message: text.into() };
        Signal { action, to, text }
    })
}

fn attached_member() -> impl Strategy<Value = AttachedMember> {
    (stay(), any::<(u64, u64, u64)>(), any::<(bool, bool, bool)>(), option::of(age())).prop_map(
        |(stay, (written, had, n), (confirms, numbers, leaving), absent)| AttachedMember {
            stay,
            written,
            had,
            confirms,
            numbers,
            n,
            leaving,
            absent,
            renewed: None,
        },
    )
}

fn life() -> impl Strategy<Value = Life> {
    any::<(u64, u64)>().prop_map(|(created, random)| Life { created, random })
}

fn list() -> impl Strategy<Value = List> {
    let listed = (session(), any::<(bool, bool)>());
    let listed = listed.prop_map(|(session, (video, audio))| Listed { session, video, audio, name: None });
    let playing = "[a-z]{1,9}".prop_map(|id| ObjectId::parse(&id).expect("an id"));
    (any::<(u64, u64)>(), vec(listed, 0..4), vec(playing, 0..2)).prop_map(|(version, publishers, playing)| List {
        version,
        publishers: Arc::new(publishers),
        playing: Arc::new(playing),
    })
}

fn playlist() -> impl Strategy<Value = ObjectId> {
    "[a-z]{1,9}".prop_map(|id| ObjectId::parse(&id).expect("an id"))
}

fn position() -> impl Strategy<Value = StreamPosition> {
    any::<(u64, u64)>().prop_map(|(term, revision)| StreamPosition { term, revision })
}

fn entry() -> impl Strategy<Value = UploadEntry> {
    (data_signal(), any::<i64>()).prop_map(|(signal, received)| {
        let mut entry = UploadEntry::new(signal.payload, UnixTime(received));
        entry.media = entry.media.reference().into();
        entry
    })
}

fn update() -> impl Strategy<Value = StreamUpdate> {
    let state =
        prop_oneof![".{0,20}".prop_map(StreamState::Checkpoint), vec(entry(), 0..3).prop_map(StreamState::Entries)];
    (playlist(), position(), state).prop_map(|(playlist, position, state)| StreamUpdate { playlist, position, state })
}

// Boxed, as that to edges: both side by side would take more of the stack than a test has, unoptimised.
fn to_owner() -> BoxedStrategy<ToOwner> {
    let shown = (playlist(), position(), option::of(".{0,20}"));
    let shown = shown.prop_map(|(playlist, position, checkpoint)| KnownStream { playlist, position, checkpoint });
    let attach = (option::of(life()), any::<(u64, u64)>(), vec(attached_member(), 0..4), vec(shown, 0..3));
    let by = prop_oneof!["[a-z]{0,9}".prop_map(Uploader::Token), member().prop_map(Uploader::Member)];
    let upload = (any::<u64>(), by, option::of(entry()));
    prop_oneof![
        (attach, any::<bool>()).prop_map(|((life, list, members, streams), viewers)| {
            ToOwner::Attach(Box::new(Attach { life, list, members, streams, viewers }))
        }),
        any::<bool>().prop_map(ToOwner::Viewers),
        upload.prop_map(|(id, by, entry)| ToOwner::Upload(Box::new(Upload { id, by, entry }))),
        Just(ToOwner::Detach),
        join().prop_map(|request| ToOwner::Join(Box::new(request))),
        (stay(), any::<u64>(), signal())
            .prop_map(|(stay, n, signal)| ToOwner::Signal(stay, NumberedSignal { n, signal })),
        stay().prop_map(ToOwner::Alive),
        (stay(), any::<u64>()).prop_map(|(stay, sq)| ToOwner::Had(stay, sq)),
        (stay(), any::<u64>()).prop_map(|(stay, sq)| ToOwner::Written(stay, sq)),
        (stay(), age()).prop_map(|(stay, age)| ToOwner::Absent(stay, age)),
    ]
    .boxed()
}

fn delivery() -> impl Strategy<Value = Delivery> {
    (any::<u64>(), stay(), any::<bool>(), any::<u64>(), ".{0,40}").prop_map(|(sq, from, numbered, n, text)| Delivery {
        sq,
        from,
        numbered,
        n,
        text: text.into(),
    })
}

fn to_edge() -> BoxedStrategy<ToEdge> {
    let code = || prop::sample::select(AckCode::ALL.to_vec());
    let kicked = StayEnd::Kicked(9, "{}".into());
    let stay_end = prop::sample::select(vec![StayEnd::TakenOver, StayEnd::Unknown, kicked]);
    let attached = (any::<u64>(), life(), room_type(), list(), vec(update(), 0..3));
    let attached = (attached, vec((member().prop_map(|key| key.user_id), age()), 0..3)).prop_map(
        |((term, life, room_type, list, streams), kicks)| Attached { term, life, room_type, list, streams, kicks },
    );
    let joined = (join_id(), stay(), any::<bool>(), any::<(u64, u64, u64)>(), list()).prop_map(
        |(id, stay, resumed, (sequence, last, confirmed), list)| Joined {
            id,
            stay,
            resumed,
            sequence,
            last,
            confirmed,
            list,
        },
    );
    let refusal = || (code(), ".{0,20}").prop_map(|(code, reason)| Refusal { code, reason });
    let refused = (any::<u64>(), code(), ".{0,20}", ".{0,20}").prop_map(|(n, code, reason, message)| {
        Box::new(SignalRefusal { n, kind: SignalKind::Kick, code, reason, message: message.into() })
    });
    prop_oneof![
        attached.prop_map(|attached| ToEdge::Attached(Box::new(attached))),
        Just(ToEdge::NotOwner),
        (recipient(), age(), ".{0,9}").prop_map(|(to, left, text)| ToEdge::Kicked(to, left, text.into())),
        Just(ToEdge::Closed(RoomClosedReason::Ended)),
        Just(ToEdge::Again),
        joined.prop_map(|joined| ToEdge::Joined(Box::new(joined))),
        (join_id(), refusal()).prop_map(|(id, refusal)| ToEdge::JoinRefused(id, refusal)),
        join_id().prop_map(ToEdge::JoinSuperseded),
        (stay(), delivery()).prop_map(|(stay, delivery)| ToEdge::Deliver(stay, delivery)),
        (stay(), any::<(u64, u64)>()).prop_map(|(stay, (from, to))| ToEdge::Gap(stay, from, to)),
        (list(), vec(any::<(u64, u64)>(), 0..4)).prop_map(|(list, stays)| ToEdge::List(list, stays)),
        (stay(), any::<u64>()).prop_map(|(stay, n)| ToEdge::Confirmed(stay, n)),
        (stay(), refused).prop_map(|(stay, refused)| ToEdge::Refused(stay, refused)),
        update().prop_map(|update| ToEdge::Stream(Box::new(update))),
        (any::<u64>(), option::of(refusal()))
            .prop_map(|(id, refusal)| ToEdge::Uploaded(id, refusal.map_or(Ok(()), Err))),
        (stay(), stay_end).prop_map(|(stay, stay_end)| ToEdge::EndStay(stay, stay_end)),
    ]
    .boxed()
}

fn message() -> impl Strategy<Value = Message> {
    let body = prop_oneof![to_owner().prop_map(Body::ToOwner), to_edge().prop_map(Body::ToEdge)];
    ("[a-z0-9-]{1,20}", any::<(u64, u64)>(), body).prop_map(|(room, (edge, counter), body)| Message {
        room: RoomId::parse(&room).expect("a room"),
        attachment: AttachmentId { edge: BootId(edge), counter },
        body,
    })
}

fn packet_of(messages: &[Message]) -> (Vec<u8>, Header) {
    let header = Header { counter: 300, had: 7 };
    let content: Vec<u8> = messages.iter().flat_map(encode_message).collect();
    (encode(BootId(u64::MAX), header, &content), header)
}

proptest! {
    #[test]
    fn messages_come_back_as_they_went(messages in vec(message(), 0..5)) {
        let (bytes, header) = packet_of(&messages);
        let packet = Packet::decode(&bytes).expect("it is readable");
        prop_assert_eq!((packet.from, packet.header), (BootId(u64::MAX), header));
        prop_assert_eq!(packet.messages, messages.into_iter().map(Decoded::Message).collect::<Vec<_>>());
    }

    #[test]
    fn any_bytes_are_decoded_or_refused(bytes in vec(any::<u8>(), 0..300), versioned in any::<bool>()) {
        let mut bytes = bytes;
        if versioned && let Some(first) = bytes.first_mut() {
            *first = VERSION;
        }
        let _ = Packet::decode(&bytes);
    }

    /// A packet of which one byte was changed, or the end is missing, is decoded or refused.
    #[test]
    fn damaged_packets_are_decoded_or_refused(
        messages in vec(message(), 1..4), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>(),
    ) {
        let (mut bytes, _) = packet_of(&messages);
        let at = at.index(bytes.len());
        if cut { bytes.truncate(at) } else { bytes[at] = byte }
        if let Ok(packet) = Packet::decode(&bytes) {
            prop_assert!(packet.bytes < bytes.len());
        }
    }

    #[test]
    fn a_message_with_unknown_content_is_unreadable_alone(one in message(), other in message()) {
        let envelope = Envelope { room: one.room.clone(), attachment: one.attachment };
        let mut unknown = postcard::to_stdvec(&envelope).expect("encoded");
        unknown.extend([200, 1, 2, 3]);
        let mut content = vec![u8::try_from(unknown.len()).expect("short")];
        content.extend(unknown);
        content.extend(encode_message(&other));
        let packet = Packet::decode(&encode(BootId(1), Header { counter: 1, had: 0 }, &content)).expect("it is readable");
        let expected = vec![Decoded::Unreadable(one.room, one.attachment), Decoded::Message(other)];
        prop_assert_eq!(packet.messages, expected);
    }
}

#[test]
fn an_unreadable_packet_tells_its_sender_where_it_can() {
    let header = Header { counter: 1, had: 0 };
    let torn = encode(BootId(5), header, &[90, 1]);
    assert_eq!(Packet::decode(&torn), Err(Unreadable::Messages(BootId(5), header)));
    for bytes in [&[][..], &[VERSION], &[VERSION + 1, 5, 1, 0], b"b12"] {
        assert_eq!(Packet::decode(bytes), Err(Unreadable::Header), "{bytes:?}");
    }
}

#[test]
fn a_relay_costs_few_bytes_beside_its_text() {
    let stay = StayRef {
        member: MemberKey {
            user_id: UserId::parse("user-0001").expect("a user"),
            session_id: SessionId::parse("session-0001").expect("a session"),
        },
        stay: 1,
    };
    let text = SignalText { message: "x".repeat(1000).into(), data: 0..1000 };
    let to = Some(Recipient::Session(stay.member.clone()));
    let signal = Signal { action: Action::Relay(SignalKind::Offer), to, text };
    let message = Message {
        room: RoomId::parse("room-0001").expect("a room"),
        attachment: AttachmentId { edge: BootId(u64::MAX), counter: 5 },
        body: Body::ToOwner(ToOwner::Signal(stay, NumberedSignal { n: 1, signal })),
    };
    assert!(encode_message(&message).len() < 1100);
}
