//! Every number of the protocol, once.
//!
//! Sizes are in bytes, durations are [`Duration`]s. A number that an operator may change is the default of a
//! setting; the others are fixed by the protocol itself.

use std::num::NonZeroU64;
use std::time::Duration;

use crate::named::named;

named! {
    /// The side that enforces a limit.
    KeptBy {
        Client = "client", "The client alone: nobody else can tell.";
        Server = "server", "The server: a client need not know it, but meets what follows.";
        Both = "both", "Both: a client must not go beyond it, and the server refuses what does.";
    }
}

/// Largest payload of one WebSocket frame, either direction (default of `--max-frame`).
pub const MAX_FRAME: usize = 32 * 1024;
/// Largest message over all its continuation frames, either direction (default of `--max-message`).
pub const MAX_MESSAGE: usize = 128 * 1024;
/// Longest identifier of a room, user, session or media object, in characters.
pub const MAX_ID: usize = 128;
/// Longest name of a device (`deviceId`) and of a heartbeat (`bid`), in characters: the server repeats them.
pub const MAX_WORDS: usize = 256;
/// Header fields of a request over HTTP, kept by the library.
pub const REQUEST_HEADERS: usize = 96;
/// Longest head of a request over HTTP in bytes, kept by the library.
pub const REQUEST_HEAD: usize = 128 * 1024;
/// Longest path and query of a request in bytes, kept by the library.
pub const REQUEST_TARGET: usize = 65_534;
/// Longest `codecs` of a variant, in characters.
pub const CODECS: usize = 256;
/// Highest `frameRate` of a variant, in frames per second.
pub const FRAME_RATE: u32 = 1000;
/// Longest `language` of a rendition, in characters.
pub const LANGUAGE: usize = 35;
/// Longest `channels` of a rendition, in characters.
pub const CHANNELS: usize = 32;
/// Longest list in a message of the server other than that of the participants: ICE servers, playlists.
pub const MAX_LIST: usize = 256;
/// Interval of a client's `HEARTBEAT`s.
pub const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(3);
/// Silence after which a member is removed (default of `--heartbeat-timeout`).
pub const HEARTBEAT_TIMEOUT: Duration = Duration::from_secs(10);
/// Time for which a room without publishers waits for one to come back (default of `--room-linger`).
pub const ROOM_LINGER: Duration = Duration::from_secs(30);
/// Time for which a kicked user is refused (default of `--kick-duration`).
pub const KICK_DURATION: Duration = Duration::from_secs(60);
/// Bound of all numbers that count messages (`sq`, `n`): below it they stay exact in JSON readers that hold numbers as
/// doubles (RFC 8259, section 6).
pub const NUMBERS_BELOW: u64 = 1 << 53;
/// Numbered signals that a client keeps until they are confirmed; over it, saying more fails.
pub const UNCONFIRMED_SIGNALS: usize = 256;
/// Unconfirmed signals from which on a client beats at once, to learn what is confirmed.
pub const HURRYING_SIGNALS: usize = 128;
/// Shortest time between two heartbeats of a client that does not wait for the interval.
pub const HURRYING_INTERVAL: Duration = Duration::from_millis(200);
/// Numbered messages received after which a client beats at once.
pub const RECEIVED_MESSAGES: usize = 64;
/// Bytes of numbered messages received after which a client beats at once.
pub const RECEIVED_BYTES: usize = 128 * 1024;
/// Sessions of whose signals a client remembers the highest number; over it, the one not heard for longest is forgotten.
pub const REMEMBERED_SENDERS: usize = 4096;
/// Shortest time between two `PUBLISH_LIST_CHANGED` of one room.
pub const LIST_CHANGE_INTERVAL: Duration = Duration::from_millis(100);
/// Users in a `p2p` room.
pub const P2P_USERS: usize = 2;
/// Publishing users in a `p2m` room.
pub const P2M_PUBLISHERS: usize = 1;
/// Signals kept for a member that may not have got them yet.
pub const BACKLOG_SIGNALS: usize = 128;
/// Bytes of signals kept for a member that may not have got them yet.
pub const BACKLOG_BYTES: usize = 256 * 1024;
/// Bytes queued towards a connection before it counts as a slow consumer (default of `--max-outbox`).
pub const OUTBOX_BYTES: usize = 256 * 1024;
/// Rooms one connection may be in (default of `--max-rooms-per-connection`).
pub const ROOMS_PER_CONNECTION: usize = 16;
/// Decoded media bytes of one data signal (default of `--max-upload`).
pub const MAX_UPLOAD: usize = 16 * 1024 * 1024;
/// Duration of the media that a playlist lists (default of `--hls-window`).
pub const HLS_WINDOW: Duration = Duration::from_secs(60);
/// Parts that arrive behind a hole before the hole is listed as a gap.
pub const PARTS_BEFORE_GAP: usize = 3;
/// Minimum duration of a part that another part of its segment follows, in per cent of the part target; parts that are
/// independent or a gap may be shorter (rfc8216bis, 4.4.3.7).
pub const LEAST_PART: u8 = 85;
/// Time for which a client waits for the ack of its `JOIN` before it asks again.
pub const JOIN_ACK_TIMEOUT: Duration = Duration::from_secs(10);
/// Number of times that a client that was not answered, or that failed, joins again before it gives up.
pub const JOIN_ATTEMPTS: u32 = 3;
/// First step of a client's reconnect delay.
pub const RECONNECT_BASE: Duration = Duration::from_millis(250);
/// Longest reconnect delay of a client.
pub const RECONNECT_MAX: Duration = Duration::from_secs(5);
/// Validity of an ingest token (default of `--ingest-token-ttl`).
pub const INGEST_TTL: Duration = Duration::from_secs(4 * 3600);
/// Multivariant playlists one room may have (default of `--max-playlists`).
pub const PLAYLISTS_PER_ROOM: usize = 8;
/// Publishing members of an `m2m` or `a2m` room.
pub const GROUP_PUBLISHERS: usize = 9;
/// Publishing members of any room, and so the longest list of participants.
pub const PARTICIPANTS: usize = 32;
/// Kicked users a room remembers at once; over it the oldest kick is forgotten.
pub const KICKED_USERS: usize = 4096;
/// Time without a message in either direction after which a connection is closed (default of `--idle-timeout`).
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(600);
/// Age at which a connection is closed (default of `--max-connection-age`).
pub const CONNECTION_AGE: Duration = Duration::from_secs(2 * 3600);
/// Time without a message to a client after which it gets a `KEEPALIVE` (default of `--keepalive-interval`).
pub const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(240);
/// Time between two WebSocket pings; a peer silent for three of them is dropped (default of `--ping-interval`).
pub const PING_INTERVAL: Duration = Duration::from_secs(30);
/// Messages a second at which a connection is read (default of `--rate-limit`).
pub const RATE_MESSAGES: NonZeroU64 = NonZeroU64::new(200).expect("it is not 0");
/// Bytes a second at which a connection is read (default of `--rate-limit`).
pub const RATE_BYTES: NonZeroU64 = NonZeroU64::new(1024 * 1024).expect("it is not 0");
/// Time for which a connection may exceed its rate before it is closed (default of `--rate-limit-grace`).
pub const RATE_GRACE: Duration = Duration::from_secs(60);
/// Connections one address may have (default of `--max-connections-per-address`).
pub const CONNECTIONS_PER_ADDRESS: usize = 10_000;
/// Silence of a client that numbers, in heartbeats: how long one may stay unanswered before the line counts as dead.
/// The last heartbeat that was answered is then 2 intervals and a second old, and the seat is still held.
pub const HEARTBEAT_ANSWER: Duration = Duration::from_secs(4);
/// Time that a connection must last after the ack of `JOIN` before the next loss starts with the first delay again.
pub const RECONNECT_SETTLED: Duration = Duration::from_secs(5);
/// Signals that a client keeps while it is out of the room.
pub const OFFLINE_SIGNALS: usize = 256;
/// Bytes of signals that a client keeps while it is out of the room.
pub const OFFLINE_BYTES: usize = 256 * 1024;
/// Upload of a data signal that takes longer counts as slow.
pub const SLOW_UPLOAD: Duration = Duration::from_millis(700);
/// Size of a burst: as much as the rate gives in this time.
pub const RATE_BURST: Duration = Duration::from_secs(5);
/// WebSocket pings that a peer may leave unanswered.
pub const UNANSWERED_PINGS: u32 = 3;
/// Time that the peer of a closed connection may take to read the remaining data (default of `--close-timeout`).
pub const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
/// Time for which a client may accept none of the data that waits for it (default of `--stall-timeout`).
pub const STALL_TIMEOUT: Duration = Duration::from_secs(30);
/// Time for the head of a request (default of `--request-timeout`).
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// Time for which an HTTP connection without a request stays open (default of `--keep-alive`).
pub const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// Requests at a time on one HTTP/2 connection (default of `--max-streams`).
pub const STREAMS: u32 = 256;
/// Connections of one worker thread (default of `--max-connections`).
pub const CONNECTIONS: usize = 25_000;
/// Signals that wait for a room (default of `--max-room-queue`).
pub const ROOM_QUEUE: usize = 1024;
/// Rooms of one node (default of `--max-rooms`).
pub const ROOMS: usize = 100_000;
/// Signatures of unknown tokens checked by public keys in a second (default of `--auth-max-checks`).
pub const AUTH_CHECKS: u32 = 1000;
/// Revocations that are kept (default of `--auth-max-revocations`).
pub const AUTH_REVOCATIONS: usize = 100_000;
/// Difference allowed between clocks (default of `--auth-leeway`).
pub const AUTH_LEEWAY: Duration = Duration::from_secs(30);
/// Time by which a connection outlives its token (default of `--auth-grace`).
pub const AUTH_GRACE: Duration = Duration::from_secs(25);
/// Longest life of an access token (default of `--auth-max-ttl`).
pub const AUTH_TTL: Duration = Duration::from_secs(24 * 3600);
/// Validity of the credentials of TURN servers (default of `--turn-ttl`).
pub const TURN_TTL: Duration = Duration::from_secs(4 * 3600);
/// Validity of ICE servers that a service hands out (default of `--ice-ttl`).
pub const ICE_TTL: Duration = Duration::from_secs(4 * 3600);
/// Time for the body of a data signal (default of `--upload-timeout`).
pub const UPLOAD_TIMEOUT: Duration = Duration::from_secs(30);
/// Time for which an encoder that pushes may be silent within a request (default of `--ingest-silence`).
pub const INGEST_SILENCE: Duration = Duration::from_secs(30);
/// Time for an encoder that broke off to come back (default of `--ingest-linger`).
pub const INGEST_LINGER: Duration = Duration::from_secs(10);
/// Time for which a whole pushed file waits for a further one (default of `--ingest-end-wait`).
pub const INGEST_END_WAIT: Duration = Duration::from_secs(4);
/// Time for which pushed video waits for audio, and audio for video (default of `--ingest-opening`).
pub const INGEST_OPENING: Duration = Duration::from_secs(2);
/// Longest pushed video without a key frame (default of `--ingest-key-frame-wait`).
pub const INGEST_KEY_FRAME: Duration = Duration::from_secs(30);
/// Length of segments that pushed media is cut into (default of `--ingest-segment`).
pub const INGEST_SEGMENT: Duration = Duration::from_secs(1);
/// Longest part that pushed media is cut into (default of `--ingest-part`).
pub const INGEST_PART: Duration = Duration::from_millis(350);
/// Least target duration of pushed media (default of `--ingest-target-duration`).
pub const INGEST_TARGET: Duration = Duration::from_secs(2);
/// Shortest length that `segment`, `part` or `target` of a push may ask for.
pub const SHORTEST_PUSHED: Duration = Duration::from_millis(50);
/// Longest media that a part or segment may hold, and that a push may ask for.
pub const LONGEST_MEDIA: Duration = Duration::from_secs(3600);
/// Variants of one playlist.
pub const VARIANTS: usize = 16;
/// Renditions of one playlist, those of all groups together.
pub const RENDITIONS: usize = 16;
/// Parts of one segment.
pub const PARTS_PER_SEGMENT: u64 = 1000;
/// Distance by which an upload may be ahead of the list, in segments and in parts of a segment.
pub const UPLOADS_AHEAD: u64 = 100;
/// Distance beyond the last segment up to which `_HLS_msn` is accepted.
pub const RELOAD_AHEAD: u64 = 2;
/// Target durations that a request for a playlist or a hinted part waits at most.
pub const RELOAD_TARGETS: u32 = 3;
/// Values within values in a message.
pub const MAX_DEPTH: usize = 127;
