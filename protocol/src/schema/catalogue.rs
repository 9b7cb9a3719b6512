//! `codes.json` and `limits.json`: the registries as data.

use serde_json::{Value, json};

use super::VERSION;
use crate::access::{self, Reason};
use crate::code::{AckCode, CloseClass, CloseCode, close_class};
use crate::limits;
use crate::signal::{RoomType, SignalKind};

pub(super) fn codes() -> Value {
    let ack = |code: &AckCode| json!({ "code": code.number(), "name": code.name(), "http": code.http(), "meaning": code.meaning() });
    let close = |code: &CloseCode| {
        let client = match close_class(code.number()) {
            CloseClass::Reconnect => "reconnect",
            CloseClass::ClientFault => "fail",
            CloseClass::Final => "stop",
        };
        json!({ "code": code.number(), "reason": code.reason(), "meaning": code.meaning(), "client": client })
    };
    let refused = |reason: &Reason| json!({ "reason": reason.name(), "code": reason.code().number(), "meaning": reason.meaning() });
    let rooms = [RoomType::P2p, RoomType::M2m, RoomType::A2m, RoomType::P2m];
    let signal = |kind: &SignalKind| {
        let allowed: Vec<RoomType> = rooms.into_iter().filter(|room| kind.allowed_in(*room)).collect();
        json!({ "action": kind.action(), "s": kind.name(), "rooms": allowed, "forwarded": kind.is_forwarded() })
    };
    json!({
        "version": VERSION,
        "ack": AckCode::ALL.iter().map(ack).collect::<Vec<_>>(),
        "access": Reason::ALL.iter().map(refused).collect::<Vec<_>>(),
        "close": CloseCode::ALL.iter().map(close).collect::<Vec<_>>(),
        "signals": SignalKind::ALL.iter().map(signal).collect::<Vec<_>>(),
    })
}

pub(super) fn limits() -> Value {
    let entry = |name: &str, value: u64, unit: &str, setting: Option<&str>, text: &str| json!({ "name": name, "value": value, "unit": unit, "setting": setting, "meaning": text });
    let ms = |duration: std::time::Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    json!({
        "version": VERSION,
        "limits": [
            entry("maxFrame", limits::MAX_FRAME as u64, "bytes", Some("--max-frame"), "Payload of one WebSocket frame, either direction; over it: close 1009."),
            entry("maxMessage", limits::MAX_MESSAGE as u64, "bytes", Some("--max-message"), "A message over all its frames, either direction; over it: close 1009."),
            entry("maxId", limits::MAX_ID as u64, "characters", None, "An identifier."),
            entry("maxWords", limits::MAX_WORDS as u64, "characters", None, "Name of a device or of a heartbeat."),
            entry("maxList", limits::MAX_LIST as u64, "items", None, "A list of ICE servers or playlists in a message of the server."),
            entry("heartbeatInterval", ms(limits::HEARTBEAT_INTERVAL), "ms", None, "Time between two heartbeats of a client."),
            entry("heartbeatTimeout", ms(limits::HEARTBEAT_TIMEOUT), "ms", Some("--heartbeat-timeout"), "Silence after which a member is removed."),
            entry("roomLinger", ms(limits::ROOM_LINGER), "ms", Some("--room-linger"), "How long a room without publishers waits for one to come back."),
            entry("kickDuration", ms(limits::KICK_DURATION), "ms", Some("--kick-duration"), "How long a kicked user is refused."),
            entry("numbersBelow", limits::NUMBERS_BELOW, "number", None, "Bound of `sq` and `n`, which lie below it."),
            entry("unconfirmedSignals", limits::UNCONFIRMED_SIGNALS as u64, "signals", None, "Numbered signals that a client keeps until they are confirmed; over it, saying more fails."),
            entry("hurryingSignals", limits::HURRYING_SIGNALS as u64, "signals", None, "Unconfirmed signals from which on a client beats at once."),
            entry("hurryingInterval", ms(limits::HURRYING_INTERVAL), "ms", None, "Shortest time between two heartbeats of a client that does not wait for the interval."),
            entry("receivedMessages", limits::RECEIVED_MESSAGES as u64, "messages", None, "Numbered messages received after which a client beats at once."),
            entry("receivedBytes", limits::RECEIVED_BYTES as u64, "bytes", None, "Bytes of numbered messages received after which a client beats at once."),
            entry("rememberedSenders", limits::REMEMBERED_SENDERS as u64, "sessions", None, "Sessions of whose signals a client remembers the highest number."),
            entry("listChangeInterval", ms(limits::LIST_CHANGE_INTERVAL), "ms", None, "Shortest time between two PUBLISH_LIST_CHANGED of a room."),
            entry("p2pUsers", limits::P2P_USERS as u64, "users", None, "Users in a p2p room."),
            entry("p2mPublishers", limits::P2M_PUBLISHERS as u64, "users", None, "Publishing users in a p2m room."),
            entry("groupPublishers", limits::GROUP_PUBLISHERS as u64, "members", None, "Publishing members of an m2m or a2m room; over it: 4025."),
            entry("participants", limits::PARTICIPANTS as u64, "members", None, "Publishing members of any room; over it: 4025."),
            entry("kickedUsers", limits::KICKED_USERS as u64, "users", None, "Kicked users a room remembers; over it the oldest kick is forgotten."),
            entry("backlogSignals", limits::BACKLOG_SIGNALS as u64, "signals", None, "Signals kept for a member that may not have got them."),
            entry("backlogBytes", limits::BACKLOG_BYTES as u64, "bytes", None, "Bytes of signals kept for a member that may not have got them."),
            entry("outbox", limits::OUTBOX_BYTES as u64, "bytes", Some("--max-outbox"), "Queue towards a connection that does not read; over it: close 1013."),
            entry("roomsPerConnection", limits::ROOMS_PER_CONNECTION as u64, "rooms", Some("--max-rooms-per-connection"), "Rooms of one connection; over it: 4029."),
            entry("maxUpload", limits::MAX_UPLOAD as u64, "bytes", Some("--max-upload"), "Decoded media of one data signal; over it: HTTP 413."),
            entry("playlistsPerRoom", limits::PLAYLISTS_PER_ROOM as u64, "playlists", Some("--max-playlists"), "Multivariant playlists of one room; over it: 4025."),
            entry("hlsWindow", ms(limits::HLS_WINDOW), "ms", Some("--hls-window"), "Media that a playlist lists."),
            entry("partsBeforeGap", limits::PARTS_BEFORE_GAP as u64, "parts", Some("--hls-parts-before-gap"), "Parts that come behind a hole before it is listed as a gap."),
            entry("leastPart", limits::LEAST_PART.into(), "percent", Some("--hls-least-part"), "Least length of a part that another follows in its segment, unless it is independent or a gap: of the part target; under it: 2001."),
            entry("ingestTokenTtl", ms(limits::INGEST_TTL), "ms", Some("--ingest-token-ttl"), "How long an ingest token is good."),
            entry("maxToken", access::MAX_TOKEN as u64, "bytes", None, "An access token; over it: 401."),
            entry("maxTokenName", access::MAX_NAME as u64, "bytes", None, "`name` in an access token; over it: 401."),
            entry("maxTokenMeta", access::MAX_META as u64, "bytes", None, "`meta` in an access token, as JSON; over it: 401."),
            entry("maxTokenLife", 24 * 3_600_000, "ms", Some("--auth-max-ttl"), "From `iat` to `exp` of an access token; over it: 401."),
            entry("joinAckTimeout", ms(limits::JOIN_ACK_TIMEOUT), "ms", None, "How long a client waits for the ack of JOIN."),
            entry("joinAttempts", u64::from(limits::JOIN_ATTEMPTS), "times", None, "How often a client joins again before it fails."),
            entry("reconnectBase", ms(limits::RECONNECT_BASE), "ms", None, "First step of a client's reconnect delay."),
            entry("reconnectMax", ms(limits::RECONNECT_MAX), "ms", None, "Longest reconnect delay of a client."),
        ],
    })
}
