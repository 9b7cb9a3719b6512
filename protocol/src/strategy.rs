//! Strategies for property tests (feature `proptest`): every legal message, and messages that break one rule.
//!
//! For the tests of this crate and of others that build on the protocol. The legal messages satisfy the published
//! schema.

mod data;
mod server;
#[cfg(test)]
mod tests;

use proptest::option;
use proptest::prelude::*;
use serde_json::{Value, json};

pub use data::data_signal;
pub use server::server_message;

use crate::id::{ObjectId, RoomId, SessionId, UserId};
use crate::limits::NUMBERS_BELOW;
use crate::signal::{
    Answer, Category, Engine, Head, Heartbeat, Host, IceCandidate, Join, JoinOptions, MemberKey, Offer, OfferOptions,
    PublishRequest, Recipient, RoomType, Session, SignalKind, Update, encode, with_number,
};

/// Any room id.
pub fn room_id() -> impl Strategy<Value = RoomId> + Clone {
    "[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,127}".prop_map(|text| RoomId::parse(&text).expect("the pattern is the rule"))
}

/// Any user id.
pub fn user_id() -> impl Strategy<Value = UserId> + Clone {
    "[ -~]{1,128}".prop_map(|text| UserId::parse(&text).expect("the pattern is the rule"))
}

/// Any session id.
pub fn session_id() -> impl Strategy<Value = SessionId> + Clone {
    "[ -~]{1,128}".prop_map(|text| SessionId::parse(&text).expect("the pattern is the rule"))
}

/// Any object id.
pub fn object_id() -> impl Strategy<Value = ObjectId> + Clone {
    "[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}".prop_map(|text| ObjectId::parse(&text).expect("the pattern is the rule"))
}

/// Any type of room.
pub fn room_type() -> impl Strategy<Value = RoomType> + Clone {
    prop::sample::select(vec![RoomType::P2p, RoomType::M2m, RoomType::A2m, RoomType::P2m])
}

/// Any host.
pub fn host() -> impl Strategy<Value = Host> + Clone {
    let hosts = [Host::Ios, Host::IosExtension, Host::Android, Host::Web, Host::WebStudio, Host::Server];
    prop::sample::select(hosts.to_vec())
}

/// Any category.
pub fn category() -> impl Strategy<Value = Category> + Clone {
    prop::sample::select(vec![Category::Stream, Category::Screenshare])
}

/// Any session.
pub fn session() -> impl Strategy<Value = Session> + Clone {
    let parts = (user_id(), session_id(), category(), host(), ".{0,20}");
    parts.prop_map(|(user_id, session_id, category, host, device_id)| Session {
        user_id,
        session_id,
        category,
        host,
        device_id,
    })
}

/// Any recipient, in both forms.
pub fn recipient() -> impl Strategy<Value = Recipient> + Clone {
    let member = (user_id(), session_id()).prop_map(|(user_id, session_id)| MemberKey { user_id, session_id });
    prop_oneof![user_id().prop_map(Recipient::User), member.prop_map(Recipient::Session)]
}

/// The common members of a signal, with `to` where it must or may stand, in a type of room that has the signal.
pub fn head(kind: SignalKind) -> impl Strategy<Value = Head> {
    let addressed = kind.is_forwarded() && kind != SignalKind::PublishRequest;
    let there = room_type().prop_filter("the room has no such signal", move |room| kind.allowed_in(*room));
    (there, room_id(), session(), recipient(), any::<bool>()).prop_map(
        move |(room_type, room_id, session, recipient, named)| {
            let recipient = (addressed && (named || kind.needs_recipient(room_type))).then_some(recipient);
            Head { room_type, room_id, session, recipient }
        },
    )
}

/// The members of any `JOIN`.
pub fn join() -> impl Strategy<Value = Join> {
    let engines = vec![Engine::Native, Engine::Agora, Engine::Hundredms, Engine::Livekit];
    let numbers = (option::of(0..NUMBERS_BELOW), option::of(0..NUMBERS_BELOW));
    let options = (any::<bool>(), any::<bool>(), numbers, option::of(".{0,30}")).prop_map(
        |(room_creating, user_faking, (resume_from, numbers_above), resume_token)| JoinOptions {
            room_creating,
            user_faking,
            resume_from,
            resume_token,
            numbers_above,
        },
    );
    (any::<bool>(), any::<bool>(), prop::sample::select(engines), options)
        .prop_map(|(video, audio, engine, options)| Join { video, audio, engine, options })
}

fn own_members(kind: SignalKind) -> BoxedStrategy<Value> {
    fn value<T: serde::Serialize>(members: T) -> Value {
        serde_json::to_value(members).expect("members serialise")
    }
    let bools = (any::<bool>(), any::<bool>());
    let candidate = prop_oneof![".{0,60}".prop_map(Value::from), ".{0,60}".prop_map(|c| json!({ "candidate": c }))];
    match kind {
        SignalKind::Join => join().prop_map(value).boxed(),
        SignalKind::Heartbeat => (".{0,20}", any::<bool>(), option::of(0_u64..1 << 53))
            .prop_map(|(beat_id, send_ack, received)| value(Heartbeat { beat_id, send_ack, received }))
            .boxed(),
        SignalKind::Update => bools.prop_map(|(video, audio)| value(Update { video, audio })).boxed(),
        SignalKind::PublishRequest => (bools, option::of(".{0,40}"))
            .prop_map(|((video, audio), message)| value(PublishRequest { video, audio, message }))
            .boxed(),
        SignalKind::Offer => (".{0,200}", bools)
            .prop_map(|(sdp, (restarting, hls_forwarding))| {
                value(Offer { sdp, options: OfferOptions { restarting, hls_forwarding } })
            })
            .boxed(),
        SignalKind::Answer => ".{0,200}".prop_map(|sdp| value(Answer { sdp })).boxed(),
        SignalKind::Ice => candidate.prop_map(|candidate| value(IceCandidate { candidate })).boxed(),
        SignalKind::Leave
        | SignalKind::Kick
        | SignalKind::PublishAccept
        | SignalKind::PublishReject
        | SignalKind::Watch
        | SignalKind::Renew => Just(json!({})).boxed(),
    }
}

/// Any message of a client, with its kind and common members.
pub fn client_message() -> impl Strategy<Value = (SignalKind, Head, String)> {
    prop::sample::select(SignalKind::OF_ROOMS).prop_flat_map(|kind| {
        let number = option::of(1..NUMBERS_BELOW).prop_map(move |number| number.filter(|_| kind.is_numbered()));
        (head(kind), own_members(kind), number).prop_map(move |(head, own, number)| {
            let text = encode(kind, &head, &own);
            let text = number.map_or_else(|| text.clone(), |number| with_number(&text, number));
            (kind, head, text)
        })
    })
}

/// The text of any message of a client.
#[cfg(test)]
pub(crate) fn client_text() -> impl Strategy<Value = String> {
    client_message().prop_map(|(_, _, text)| text)
}

/// Any message of a client that breaks one rule, and which.
pub fn broken_client_message() -> impl Strategy<Value = (String, Value)> {
    const REQUIRED: &[&str] =
        &["/action", "/data", "/data/s", "/data/ch", "/data/rid", "/data/ss", "/data/ss/userId", "/data/ss/host"];
    let wrong = prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from), (-9..9).prop_map(Value::from)];
    let wrong = prop_oneof![wrong, Just(json!([])), Just(json!("\u{e9}"))];
    (client_message(), prop::sample::select(REQUIRED), option::of(wrong)).prop_map(|((_, _, text), path, wrong)| {
        let mut message: Value = serde_json::from_str(&text).expect("a message is JSON");
        let (parent, member) = path.rsplit_once('/').expect("a path starts with a slash");
        let parent = message.pointer_mut(parent).and_then(Value::as_object_mut).expect("the parent is an object");
        let rule = match wrong {
            None => format!("{path} is missing after {:?}", parent.shift_remove(member)),
            Some(wrong) => format!("{path} was {:?}", parent.insert(member.to_owned(), wrong)),
        };
        (rule, message)
    })
}
