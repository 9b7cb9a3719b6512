//! Messages of the server.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::json;

use super::{category, client_message, host, room_id, session_id, user_id};
use crate::ack::{
    EngineSettings, ErrorAck, Gap, HeartbeatAck, HeartbeatTimes, HlsAddresses, IceConfig, IceServer, IngestAddress,
    JoinAck, KeepAlive, MessageLimits, Participant, Participants, PublishList, Renewed, Resend, Role, RoomClosed,
    RoomClosedReason, ServerMessage,
};
use crate::code::AckCode;
use crate::limits::NUMBERS_BELOW;
use crate::signal::{Engine, SignalKind, decode};

fn role() -> impl Strategy<Value = Role> + Clone {
    prop::sample::select(vec![Role::Admin, Role::Publisher, Role::Viewer])
}

fn participant() -> impl Strategy<Value = Participant> + Clone {
    let who = (role(), user_id(), session_id(), host(), category());
    let words = (".{0,20}", option::of(".{0,20}"));
    (who, any::<[bool; 3]>(), words, option::of("/live/[a-z]{1,9}")).prop_map(
        |((role, user_id, session_id, host, category), [video, audio, publish], (device_id, name), hls)| Participant {
            id: session_id.clone(),
            role,
            video,
            audio,
            publish,
            user_id,
            session_id,
            host,
            category,
            device_id,
            hls,
            name,
        },
    )
}

fn hls() -> impl Strategy<Value = HlsAddresses> {
    let ingest = ("/[a-z]{1,9}", ".{0,20}", 0_u64..1 << 53);
    let ingest = ingest.prop_map(|(url, token, expires)| IngestAddress { url, token, expires });
    (option::of(ingest), vec("/[a-z]{1,9}", 0..3)).prop_map(|(ingest, playlists)| HlsAddresses { ingest, playlists })
}

fn engine_settings() -> impl Strategy<Value = EngineSettings> {
    let server = (vec("turn:[a-z]{1,9}", 1..3), option::of(".{1,9}"), option::of(".{1,9}"));
    let server = server.prop_map(|(urls, username, credential)| IceServer { urls, username, credential });
    (vec("stun:[a-z]{1,9}", 0..3), vec(server, 0..3))
        .prop_map(|(is, ice_servers)| EngineSettings { ice: IceConfig { is, ice_servers } })
}

fn join_ack() -> impl Strategy<Value = JoinAck> {
    let numbers = (0..NUMBERS_BELOW, option::of(0..NUMBERS_BELOW));
    let limits = (0_u64..1 << 30, 0_u64..1 << 30).prop_map(|(frame, message)| MessageLimits { frame, message });
    let plain = (room_id(), participants(), role(), any::<bool>(), numbers, ".{0,30}");
    (plain, (0_u64..1 << 40, 0_u64..1 << 40), engine_settings(), option::of(hls()), option::of(limits)).prop_map(
        |(
            (room_id, participants, role, resumed, (sequence, confirmed), resume_token),
            (interval, timeout),
            engine_settings,
            hls,
            limits,
        )| {
            let (engine, heartbeat) = (Engine::Native, HeartbeatTimes { interval, timeout });
            JoinAck {
                room_id,
                participants,
                role,
                engine,
                resumed,
                sequence,
                resume_token,
                heartbeat,
                engine_settings,
                hls,
                limits,
                confirmed,
            }
        },
    )
}

fn participants() -> impl Strategy<Value = Participants> + Clone {
    vec(participant(), 0..4).prop_map(Participants)
}

fn error_ack() -> impl Strategy<Value = ErrorAck> {
    let codes: Vec<AckCode> = AckCode::ALL.iter().copied().filter(|code| *code != AckCode::Ok).collect();
    let request = ".{0,20}".prop_map(|text| json!({ "action": text, "data": { "n": 1 } }).to_string());
    let request: BoxedStrategy<Option<String>> = option::of(request).boxed();
    (prop::sample::select(codes), option::of(prop::sample::select(SignalKind::ALL)), ".{0,60}", request)
        .prop_map(|(code, signal, message, request)| ErrorAck { code, signal, message, request })
}

fn forwarded() -> impl Strategy<Value = ServerMessage> {
    let forwarded = client_message().prop_filter("not every signal is forwarded", |(kind, ..)| kind.is_forwarded());
    (1_u64..1 << 53, forwarded).prop_map(|(sequence, (kind, _, text))| {
        let signal = decode(text).expect("a generated message is legal");
        let alone = crate::signal::decode_data(kind, signal.raw()).expect("its data is legal alone");
        ServerMessage::Forwarded(sequence, Box::new(alone))
    })
}

/// Any message of the server.
pub fn server_message() -> impl Strategy<Value = ServerMessage> {
    let list = participants();
    let reasons =
        vec![RoomClosedReason::Ended, RoomClosedReason::Empty, RoomClosedReason::Admin, RoomClosedReason::Denied];
    prop_oneof![
        join_ack().prop_map(|ack| ServerMessage::Join(Box::new(ack))),
        (list.clone(), room_id(), ".{0,20}", option::of(0..NUMBERS_BELOW)).prop_map(
            |(participants, room_id, beat_id, confirmed)| ServerMessage::Heartbeat(HeartbeatAck {
                participants,
                room_id,
                beat_id,
                confirmed
            })
        ),
        (room_id(), 0..NUMBERS_BELOW)
            .prop_map(|(room_id, confirmed)| ServerMessage::Resend(Resend { room_id, confirmed })),
        (1_u64..1 << 53, room_id(), list).prop_map(|(sequence, room_id, participants)| {
            ServerMessage::PublishListChanged(sequence, PublishList { room_id, participants })
        }),
        (0_u64..1 << 53).prop_map(|ts| ServerMessage::KeepAlive(KeepAlive { ts })),
        (0_u64..1 << 53).prop_map(|exp| ServerMessage::Renewed(Renewed { exp })),
        (room_id(), prop::sample::select(reasons))
            .prop_map(|(room_id, reason)| ServerMessage::RoomClosed(RoomClosed { room_id, reason })),
        (room_id(), 0_u64..1 << 53, 0_u64..1 << 53).prop_map(|(room_id, from, to)| ServerMessage::Gap(Gap {
            room_id,
            from,
            to
        })),
        error_ack().prop_map(ServerMessage::Error),
        forwarded(),
    ]
}
