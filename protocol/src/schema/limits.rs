//! `limits.json` and its schema: every number that a client meets, who keeps it and what happens beyond it.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::VERSION;
use super::compose::Document;
use crate::limits::KeptBy;
use crate::{access, limits};

/// A number of the protocol.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
struct Limit {
    /// Its name.
    name: &'static str,
    /// The number; where there is a setting, its default.
    value: u64,
    /// The unit, or the things that are counted.
    unit: &'static str,
    /// The server's setting, where its operator may change it.
    setting: Option<&'static str>,
    /// The side that enforces it.
    kept_by: KeptBy,
    /// The quantity that is bounded, and the consequence of exceeding the bound.
    meaning: &'static str,
}

/// Every number.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Limits {
    /// The version of the schema.
    version: &'static str,
    /// The numbers.
    limits: Vec<Limit>,
}

pub(super) fn limits() -> Value {
    let limits = Limits { version: VERSION, limits: rows() };
    serde_json::to_value(limits).expect("the limits serialise")
}

/// The schema of `limits.json`.
pub(super) fn schema() -> Value {
    Document::written().of::<Limits>("limits", "Limits", "The numbers of the protocol, as data.")
}

fn ms(time: Duration) -> u64 {
    count(time.as_millis())
}

fn count(number: impl TryInto<u64>) -> u64 {
    number.try_into().unwrap_or(u64::MAX)
}

macro_rules! table {
    ($($name:literal = $value:expr, $unit:literal, $kept_by:ident $(by $setting:literal)?, $meaning:literal;)*) => {
        fn rows() -> Vec<Limit> {
            vec![$(Limit {
                name: $name,
                value: $value,
                unit: $unit,
                setting: [$(Some($setting),)? None][0],
                kept_by: KeptBy::$kept_by,
                meaning: $meaning,
            }),*]
        }
    };
}

table! {
    // Messages.
    "maxFrame" = count(limits::MAX_FRAME), "bytes", Both by "--max-frame",
        "Payload of one WebSocket frame, either direction; over it: close 1009.";
    "maxMessage" = count(limits::MAX_MESSAGE), "bytes", Both by "--max-message",
        "A message over all its frames, either direction; over it: close 1009.";
    "maxDepth" = count(limits::MAX_DEPTH), "values", Both, "Values within values in a message; over it: 2001.";
    "maxId" = count(limits::MAX_ID), "characters", Both, "An identifier; over it: 2001.";
    "maxWords" = count(limits::MAX_WORDS), "characters", Both, "Name of a device or of a heartbeat; over it: 2001.";
    "maxList" = count(limits::MAX_LIST), "items", Server,
        "A list of ICE servers or playlists in a message of the server.";
    "requestHeaders" = count(limits::REQUEST_HEADERS), "fields", Server,
        "Header fields of a request of HTTP/1.1; over it: 431, without a body.";
    "requestHead" = count(limits::REQUEST_HEAD), "bytes", Server,
        "Head of a request of HTTP/1.1; over it: 431, without a body.";
    "requestTarget" = count(limits::REQUEST_TARGET), "bytes", Server,
        "Path and query of a request of HTTP/1.1; over it: 400, without a body.";
    // Members and rooms.
    "heartbeatInterval" = ms(limits::HEARTBEAT_INTERVAL), "ms", Client,
        "Time between two heartbeats of a client; `hb.interval` of the JOIN ack counts.";
    "heartbeatTimeout" = ms(limits::HEARTBEAT_TIMEOUT), "ms", Server by "--heartbeat-timeout",
        "Silence after which a member is removed; `hb.timeout` of the JOIN ack tells it.";
    "heartbeatAnswer" = ms(limits::HEARTBEAT_ANSWER), "ms", Client,
        "Time for which a heartbeat may stay unanswered before the client connects anew: `hb.interval` and a second.";
    "roomLinger" = ms(limits::ROOM_LINGER), "ms", Server by "--room-linger",
        "Time for which a room with viewers and without publishers waits for one to come back; then: ROOM_CLOSED.";
    "kickDuration" = ms(limits::KICK_DURATION), "ms", Server by "--kick-duration",
        "Time for which a kicked user is refused (4051).";
    "listChangeInterval" = ms(limits::LIST_CHANGE_INTERVAL), "ms", Server,
        "Shortest time between two PUBLISH_LIST_CHANGED of a room.";
    "p2pUsers" = count(limits::P2P_USERS), "users", Server, "Users in a p2p room; over it: 4025.";
    "p2mPublishers" = count(limits::P2M_PUBLISHERS), "users", Server,
        "Publishing users in a p2m room; others are viewers.";
    "groupPublishers" = count(limits::GROUP_PUBLISHERS), "members", Server,
        "Publishing members of an m2m or a2m room; over it: 4025.";
    "participants" = count(limits::PARTICIPANTS), "members", Server, "Publishing members of any room; over it: 4025.";
    "kickedUsers" = count(limits::KICKED_USERS), "users", Server,
        "Kicked users a room remembers; over it the oldest kick is forgotten.";
    "roomQueue" = count(limits::ROOM_QUEUE), "signals", Server by "--max-room-queue",
        "Signals that wait for a room; over it: 503, and close 1013 for a signal with `n`.";
    "rooms" = count(limits::ROOMS), "rooms", Server by "--max-rooms",
        "Rooms of one node; over it a JOIN that creates one gets 503.";
    // Numbers of signals.
    "numbersBelow" = count(limits::NUMBERS_BELOW), "number", Both,
        "Bound of `sq` and `n`, which lie below it. From it on the server refuses `op.n` of JOIN (2001) and `n` of a \
        signal, but not `op.resumeFrom` of JOIN, which is as absent from 2^52 on, nor `sq` of HEARTBEAT.";
    "unconfirmedSignals" = count(limits::UNCONFIRMED_SIGNALS), "signals", Client,
        "Signals with `n` that a client keeps until they are confirmed; over it, saying more fails.";
    "hurryingSignals" = count(limits::HURRYING_SIGNALS), "signals", Client,
        "Unconfirmed signals from which on a client beats at once.";
    "hurryingInterval" = ms(limits::HURRYING_INTERVAL), "ms", Client,
        "Shortest time between two heartbeats that a client sends at once because of `hurryingSignals`.";
    "receivedMessages" = count(limits::RECEIVED_MESSAGES), "messages", Client,
        "Messages with `sq` received after which a client beats at once.";
    "receivedBytes" = count(limits::RECEIVED_BYTES), "bytes", Client,
        "Bytes of messages with `sq`, as UTF-8, received after which a client beats at once.";
    "rememberedSenders" = count(limits::REMEMBERED_SENDERS), "sessions", Client,
        "Sessions of whose signals a client remembers the highest `n`; over it, the one not heard for longest is \
        forgotten.";
    "offlineSignals" = count(limits::OFFLINE_SIGNALS), "signals", Client,
        "Signals without `n` yet that a client keeps while it is out of the room; over it the least precious is \
        dropped, and the application is told.";
    "offlineBytes" = count(limits::OFFLINE_BYTES), "bytes", Client, "Bytes of those signals, as whole messages in UTF-8; over it the same.";
    "backlogSignals" = count(limits::BACKLOG_SIGNALS), "signals", Server,
        "Signals kept for a member that may not have got them; over it: GAP.";
    "backlogBytes" = count(limits::BACKLOG_BYTES), "bytes", Server,
        "Bytes of signals kept for a member that may not have got them; over it: GAP.";
    // Connections.
    "roomsPerConnection" = count(limits::ROOMS_PER_CONNECTION), "rooms", Both by "--max-rooms-per-connection",
        "Rooms of one connection; over it a JOIN gets 4029.";
    "connectionsPerAddress" = count(limits::CONNECTIONS_PER_ADDRESS), "connections", Server by "--max-connections-per-address",
        "Connections of one address; over it: HTTP 429 and 4029.";
    "connections" = count(limits::CONNECTIONS), "connections", Server by "--max-connections",
        "Connections of one worker thread; over it new ones wait.";
    "rateMessages" = count(limits::RATE_MESSAGES), "messages per second", Server by "--rate-limit",
        "Messages at which a connection is read; over it: read more slowly, and nothing is lost.";
    "rateBytes" = count(limits::RATE_BYTES), "bytes per second", Server by "--rate-limit",
        "Bytes at which a connection is read; over it: read more slowly, and nothing is lost.";
    "rateBurst" = ms(limits::RATE_BURST), "ms", Server,
        "Size of a burst: as much as the rate gives in this time.";
    "rateGrace" = ms(limits::RATE_GRACE), "ms", Both by "--rate-limit-grace",
        "Time for which a connection may be over its rate; then: close 1008.";
    "outbox" = count(limits::OUTBOX_BYTES), "bytes", Server by "--max-outbox",
        "Queue towards a connection that does not read; over it: close 1013.";
    "idleTimeout" = ms(limits::IDLE_TIMEOUT), "ms", Server by "--idle-timeout",
        "Time without a message in either direction; then: close 1001. A KEEPALIVE counts as none.";
    "connectionAge" = ms(limits::CONNECTION_AGE), "ms", Server by "--max-connection-age",
        "Age of a connection; then: close 1001.";
    "keepaliveInterval" = ms(limits::KEEPALIVE_INTERVAL), "ms", Server by "--keepalive-interval",
        "Time without a message to a client; then: KEEPALIVE.";
    "pingInterval" = ms(limits::PING_INTERVAL), "ms", Server by "--ping-interval",
        "Time between two WebSocket pings of the server.";
    "unansweredPings" = count(limits::UNANSWERED_PINGS), "pings", Both,
        "WebSocket pings that may stay unanswered; then the connection is dropped.";
    "closeTimeout" = ms(limits::CLOSE_TIMEOUT), "ms", Server by "--close-timeout",
        "Time that the peer of a closed connection may take to read the remaining data; then it is cut.";
    "stallTimeout" = ms(limits::STALL_TIMEOUT), "ms", Server by "--stall-timeout",
        "Time for which a client may accept none of the data that waits for it; then the connection is cut.";
    "requestTimeout" = ms(limits::REQUEST_TIMEOUT), "ms", Server by "--request-timeout",
        "Time for the head of a request; then: HTTP 408. A connection over which nothing comes at all is closed after it \
        without an answer. Kept by a clock of half a second: it may be over up to 500 ms early.";
    "keepAlive" = ms(limits::KEEP_ALIVE), "ms", Server by "--keep-alive",
        "Time for which an HTTP connection stays open between two requests, after an answer. Kept by the same clock as \
        `requestTimeout`: it may be over up to 500 ms early.";
    "streams" = count(limits::STREAMS), "requests", Both by "--max-streams",
        "Requests at a time on one HTTP/2 connection; over it: refused for later.";
    // Tokens.
    "maxToken" = count(access::MAX_TOKEN), "bytes", Both, "An access token; over it: 401, in `RENEW` 2001.";
    "maxTokenName" = count(access::MAX_NAME), "bytes", Both, "`name` in an access token; over it: 401.";
    "maxTokenMeta" = count(access::MAX_META), "bytes", Both, "`meta` in an access token, as JSON, and its `jti`; over it: 401.";
    "maxTokenLife" = ms(limits::AUTH_TTL), "ms", Both by "--auth-max-ttl",
        "From `iat` to `exp` of an access token; over it: 401.";
    "tokenLeeway" = ms(limits::AUTH_LEEWAY), "ms", Server by "--auth-leeway",
        "Difference allowed between the clock of who signs tokens and the server's.";
    "tokenGrace" = ms(limits::AUTH_GRACE), "ms", Server by "--auth-grace",
        "Time by which a connection outlives its access token; then: close 4001.";
    "tokenChecks" = count(limits::AUTH_CHECKS), "signatures per second", Server by "--auth-max-checks",
        "Signatures of unknown tokens that a worker thread checks by public keys; over it: 503.";
    "tokenRevocations" = count(limits::AUTH_REVOCATIONS), "revocations", Server by "--auth-max-revocations",
        "Revocations that are kept; over it: HTTP 429 and 4029.";
    "turnTtl" = ms(limits::TURN_TTL), "ms", Both by "--turn-ttl",
        "Validity of the credentials of TURN servers in a JOIN ack; then a relay needs those of a newer JOIN \
        ack.";
    "iceTtl" = ms(limits::ICE_TTL), "ms", Both by "--ice-ttl",
        "Validity of ICE servers of a service in a JOIN ack, of which half may have passed at the JOIN.";
    "ingestTokenTtl" = ms(limits::INGEST_TTL), "ms", Both by "--ingest-token-ttl",
        "Validity of an ingest token, at most as long as the access token; then: 401, and another JOIN brings \
        one.";
    // Uploads.
    "maxUpload" = count(limits::MAX_UPLOAD), "bytes", Both by "--max-upload",
        "Decoded media of one data signal; over it: HTTP 413.";
    "uploadTimeout" = ms(limits::UPLOAD_TIMEOUT), "ms", Server by "--upload-timeout",
        "Time for the body of one data signal; then: HTTP 408.";
    "slowUpload" = ms(limits::SLOW_UPLOAD), "ms", Client,
        "Upload of a data signal that takes longer counts as slow (`slowUpload` in `state-machine.json`).";
    "playlistsPerRoom" = count(limits::PLAYLISTS_PER_ROOM), "playlists", Both by "--max-playlists",
        "Multivariant playlists of one room; over it: 4025.";
    "variants" = count(limits::VARIANTS), "variants", Both, "Variants of one playlist; over it: 2001.";
    "renditions" = count(limits::RENDITIONS), "renditions", Both,
        "Renditions of one playlist, of all groups together; over it: 2001.";
    "codecs" = count(limits::CODECS), "characters", Both, "`codecs` of a variant; over it: 2001.";
    "frameRate" = count(limits::FRAME_RATE), "frames per second", Both, "`frameRate` of a variant; over it: 2001.";
    "language" = count(limits::LANGUAGE), "characters", Both, "`language` of a rendition; over it: 2001.";
    "channels" = count(limits::CHANNELS), "characters", Both, "`channels` of a rendition; over it: 2001.";
    "partsPerSegment" = count(limits::PARTS_PER_SEGMENT), "parts", Both, "Parts of one segment; over it: 2001.";
    "uploadsAhead" = count(limits::UPLOADS_AHEAD), "numbers", Both,
        "Distance that `sequence` may be ahead of the next to be listed; over it: 2001. For a segment that is the one \
        whose parts are being listed, else the one behind the last that is complete: while 5 is open 105 is taken, once 5 \
        is complete 106. While the track lists none, the lowest segment that waits, either way. For a part that is the \
        number of listed parts of its segment: while only part 0 is listed, 101 is taken.";
    "longestMedia" = ms(limits::LONGEST_MEDIA), "ms", Both,
        "Duration of a part or segment, and what `segment`, `part` and `target` of a push may ask for; over it: \
        2001.";
    "shortestPushed" = ms(limits::SHORTEST_PUSHED), "ms", Both,
        "Least that `segment`, `part` and `target` of a push may ask for; under it: HTTP 400.";
    "partsBeforeGap" = count(limits::PARTS_BEFORE_GAP), "parts", Server by "--hls-parts-before-gap",
        "Parts or segments that come behind a hole before it is listed as a gap.";
    "leastPart" = count(u64::from(limits::LEAST_PART)), "percent", Both by "--hls-least-part",
        "Least length of a part that another follows in its segment, unless it is independent or a gap: of the part \
        target; under it: 2001.";
    "ingestSilence" = ms(limits::INGEST_SILENCE), "ms", Both by "--ingest-silence",
        "Time for which an encoder that pushes may be silent within a request; then: HTTP 408.";
    "ingestLinger" = ms(limits::INGEST_LINGER), "ms", Server by "--ingest-linger",
        "Time for an encoder that broke off to come back; then its broadcast ends.";
    "ingestEndWait" = ms(limits::INGEST_END_WAIT), "ms", Server by "--ingest-end-wait",
        "Longest time for which a pushed track waits for a further body after one that is a whole file.";
    "ingestOpening" = ms(limits::INGEST_OPENING), "ms", Server by "--ingest-opening",
        "Time for which pushed video waits for audio of its own request, and audio for video.";
    "ingestKeyFrame" = ms(limits::INGEST_KEY_FRAME), "ms", Both by "--ingest-key-frame-wait",
        "Longest pushed video without any key frame; then: HTTP 415.";
    "ingestSegment" = ms(limits::INGEST_SEGMENT), "ms", Server by "--ingest-segment",
        "Length of segments that pushed media is cut into.";
    "ingestPart" = ms(limits::INGEST_PART), "ms", Server by "--ingest-part",
        "Longest part that pushed media is cut into.";
    "ingestTarget" = ms(limits::INGEST_TARGET), "ms", Server by "--ingest-target-duration",
        "Least target duration of pushed media.";
    // Playback.
    "hlsWindow" = ms(limits::HLS_WINDOW), "ms", Server by "--hls-window",
        "Media that a playlist lists; what is older is removed.";
    "reloadAhead" = count(limits::RELOAD_AHEAD), "segments", Both,
        "Distance beyond the last segment up to which `_HLS_msn` is accepted; over it: HTTP 400.";
    "reloadTargets" = count(limits::RELOAD_TARGETS), "target durations", Server,
        "Time for which a request for a playlist or a hinted part waits; then: HTTP 503.";
    // Coming back.
    "joinAckTimeout" = ms(limits::JOIN_ACK_TIMEOUT), "ms", Client,
        "Time for which a client waits for the ack of JOIN, and for a connection to be made.";
    "joinAttempts" = count(limits::JOIN_ATTEMPTS + 1), "times", Client,
        "Maximum number of JOINs in a row without an ack; `joinAck.attempts` of `state-machine.json`.";
    "rejoins" = count(limits::JOIN_ATTEMPTS), "times", Client,
        "Number of times within a minute that the watchdog joins again before it fails; `watchdog.maxRejoins` of \
        `state-machine.json`.";
    "reconnectBase" = ms(limits::RECONNECT_BASE), "ms", Client,
        "Bound of a client's first reconnect delay, which is a random part of it; it doubles.";
    "reconnectMax" = ms(limits::RECONNECT_MAX), "ms", Client, "Bound of every later reconnect delay.";
    "reconnectSettled" = ms(limits::RECONNECT_SETTLED), "ms", Client,
        "Time that a connection must last after the ack of JOIN before delays begin at `reconnectBase` again.";
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_name_stands_for_one_number() {
        let rows = rows();
        let names: HashSet<_> = rows.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), rows.len());
    }

    #[test]
    fn what_a_client_and_the_state_machine_call_by_two_names_is_one_number() {
        let value = |name: &str| rows().iter().find(|row| row.name == name).map(|row| row.value);
        let table = serde_json::to_value(crate::client::describe()).unwrap();
        let same = [
            ("joinAttempts", "/joinAck/attempts"),
            ("joinAckTimeout", "/joinAck/timeout"),
            ("rejoins", "/watchdog/maxRejoins"),
            ("reconnectBase", "/reconnect/base"),
            ("reconnectMax", "/reconnect/max"),
        ];
        for (name, pointer) in same {
            assert_eq!(value(name), table.pointer(pointer).and_then(Value::as_u64), "{name}");
        }
    }
}
