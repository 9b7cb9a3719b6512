// Made by `make schema` from the published protocol. Do not edit.

/** Payload of one WebSocket frame, either direction; over it: close 1009. In bytes. */
export const MAX_FRAME = 32768;

/** A message over all its frames, either direction; over it: close 1009. In bytes. */
export const MAX_MESSAGE = 131072;

/** Values within values in a message; over it: 2001. In values. */
export const MAX_DEPTH = 127;

/** An identifier; over it: 2001. In characters. */
export const MAX_ID = 128;

/** Name of a device or of a heartbeat; over it: 2001. In characters. */
export const MAX_WORDS = 256;

/** A list of ICE servers or playlists in a message of the server. In items. */
export const MAX_LIST = 256;

/** Header fields of a request of HTTP/1.1; over it: 431, without a body. In fields. */
export const REQUEST_HEADERS = 96;

/** Head of a request of HTTP/1.1; over it: 431, without a body. In bytes. */
export const REQUEST_HEAD = 131072;

/** Path and query of a request of HTTP/1.1; over it: 400, without a body. In bytes. */
export const REQUEST_TARGET = 65534;

/** Time between two heartbeats of a client; `hb.interval` of the JOIN ack counts. In ms. */
export const HEARTBEAT_INTERVAL = 3000;

/** Silence after which a member is removed; `hb.timeout` of the JOIN ack tells it. In ms. */
export const HEARTBEAT_TIMEOUT = 10000;

/**
 * Time for which a heartbeat may stay unanswered before the client connects anew: `hb.interval` and a second. In ms.
 */
export const HEARTBEAT_ANSWER = 4000;

/** Time for which a room with viewers and without publishers waits for one to come back; then: ROOM_CLOSED. In ms. */
export const ROOM_LINGER = 30000;

/** Time for which a kicked user is refused (4051). In ms. */
export const KICK_DURATION = 60000;

/** Shortest time between two PUBLISH_LIST_CHANGED of a room. In ms. */
export const LIST_CHANGE_INTERVAL = 100;

/** Users in a p2p room; over it: 4025. In users. */
export const P2P_USERS = 2;

/** Publishing users in a p2m room; others are viewers. In users. */
export const P2M_PUBLISHERS = 1;

/** Publishing members of an m2m or a2m room; over it: 4025. In members. */
export const GROUP_PUBLISHERS = 9;

/** Publishing members of any room; over it: 4025. In members. */
export const PARTICIPANTS = 32;

/** Kicked users a room remembers; over it the oldest kick is forgotten. In users. */
export const KICKED_USERS = 4096;

/** Signals that wait for a room; over it: 503, and close 1013 for a signal with `n`. In signals. */
export const ROOM_QUEUE = 1024;

/** Rooms of one node; over it a JOIN that creates one gets 503. In rooms. */
export const ROOMS = 100000;

/**
 * Bound of `sq` and `n`, which lie below it. From it on the server refuses `op.n` of JOIN (2001) and `n` of a signal,
 * but not `op.resumeFrom` of JOIN, which is as absent from 2^52 on, nor `sq` of HEARTBEAT. In number.
 */
export const NUMBERS_BELOW = 9007199254740992;

/** Signals with `n` that a client keeps until they are confirmed; over it, saying more fails. In signals. */
export const UNCONFIRMED_SIGNALS = 256;

/** Unconfirmed signals from which on a client beats at once. In signals. */
export const HURRYING_SIGNALS = 128;

/** Shortest time between two heartbeats that a client sends at once because of `hurryingSignals`. In ms. */
export const HURRYING_INTERVAL = 200;

/** Messages with `sq` received after which a client beats at once. In messages. */
export const RECEIVED_MESSAGES = 64;

/** Bytes of messages with `sq`, as UTF-8, received after which a client beats at once. In bytes. */
export const RECEIVED_BYTES = 131072;

/**
 * Sessions of whose signals a client remembers the highest `n`; over it, the one not heard for longest is forgotten. In
 * sessions.
 */
export const REMEMBERED_SENDERS = 4096;

/**
 * Signals without `n` yet that a client keeps while it is out of the room; over it the least precious is dropped, and
 * the application is told. In signals.
 */
export const OFFLINE_SIGNALS = 256;

/** Bytes of those signals, as whole messages in UTF-8; over it the same. In bytes. */
export const OFFLINE_BYTES = 262144;

/** Signals kept for a member that may not have got them; over it: GAP. In signals. */
export const BACKLOG_SIGNALS = 128;

/** Bytes of signals kept for a member that may not have got them; over it: GAP. In bytes. */
export const BACKLOG_BYTES = 262144;

/** Rooms of one connection; over it a JOIN gets 4029. In rooms. */
export const ROOMS_PER_CONNECTION = 16;

/** Connections of one address; over it: HTTP 429 and 4029. In connections. */
export const CONNECTIONS_PER_ADDRESS = 10000;

/** Connections of one worker thread; over it new ones wait. In connections. */
export const CONNECTIONS = 25000;

/** Messages at which a connection is read; over it: read more slowly, and nothing is lost. In messages per second. */
export const RATE_MESSAGES = 200;

/** Bytes at which a connection is read; over it: read more slowly, and nothing is lost. In bytes per second. */
export const RATE_BYTES = 1048576;

/** Size of a burst: as much as the rate gives in this time. In ms. */
export const RATE_BURST = 5000;

/** Time for which a connection may be over its rate; then: close 1008. In ms. */
export const RATE_GRACE = 60000;

/** Queue towards a connection that does not read; over it: close 1013. In bytes. */
export const OUTBOX = 262144;

/** Time without a message in either direction; then: close 1001. A KEEPALIVE counts as none. In ms. */
export const IDLE_TIMEOUT = 600000;

/** Age of a connection; then: close 1001. In ms. */
export const CONNECTION_AGE = 7200000;

/** Time without a message to a client; then: KEEPALIVE. In ms. */
export const KEEPALIVE_INTERVAL = 240000;

/** Time between two WebSocket pings of the server. In ms. */
export const PING_INTERVAL = 30000;

/** WebSocket pings that may stay unanswered; then the connection is dropped. In pings. */
export const UNANSWERED_PINGS = 3;

/** Time that the peer of a closed connection may take to read the remaining data; then it is cut. In ms. */
export const CLOSE_TIMEOUT = 5000;

/** Time for which a client may accept none of the data that waits for it; then the connection is cut. In ms. */
export const STALL_TIMEOUT = 30000;

/**
 * Time for the head of a request; then: HTTP 408. A connection over which nothing comes at all is closed after it
 * without an answer. Kept by a clock of half a second: it may be over up to 500 ms early. In ms.
 */
export const REQUEST_TIMEOUT = 5000;

/**
 * Time for which an HTTP connection stays open between two requests, after an answer. Kept by the same clock as
 * `requestTimeout`: it may be over up to 500 ms early. In ms.
 */
export const KEEP_ALIVE = 30000;

/** Requests at a time on one HTTP/2 connection; over it: refused for later. In requests. */
export const STREAMS = 256;

/** An access token; over it: 401, in `RENEW` 2001. In bytes. */
export const MAX_TOKEN = 8192;

/** `name` in an access token; over it: 401. In bytes. */
export const MAX_TOKEN_NAME = 128;

/** `meta` in an access token, as JSON, and its `jti`; over it: 401. In bytes. */
export const MAX_TOKEN_META = 1024;

/** From `iat` to `exp` of an access token; over it: 401. In ms. */
export const MAX_TOKEN_LIFE = 86400000;

/** Difference allowed between the clock of who signs tokens and the server's. In ms. */
export const TOKEN_LEEWAY = 30000;

/** Time by which a connection outlives its access token; then: close 4001. In ms. */
export const TOKEN_GRACE = 25000;

/** Signatures of unknown tokens that a worker thread checks by public keys; over it: 503. In signatures per second. */
export const TOKEN_CHECKS = 1000;

/** Revocations that are kept; over it: HTTP 429 and 4029. In revocations. */
export const TOKEN_REVOCATIONS = 100000;

/** Validity of the credentials of TURN servers in a JOIN ack; then a relay needs those of a newer JOIN ack. In ms. */
export const TURN_TTL = 14400000;

/** Validity of ICE servers of a service in a JOIN ack, of which half may have passed at the JOIN. In ms. */
export const ICE_TTL = 14400000;

/** Validity of an ingest token, at most as long as the access token; then: 401, and another JOIN brings one. In ms. */
export const INGEST_TOKEN_TTL = 14400000;

/** Decoded media of one data signal; over it: HTTP 413. In bytes. */
export const MAX_UPLOAD = 16777216;

/** Time for the body of one data signal; then: HTTP 408. In ms. */
export const UPLOAD_TIMEOUT = 30000;

/** Upload of a data signal that takes longer counts as slow (`slowUpload` in `state-machine.json`). In ms. */
export const SLOW_UPLOAD = 700;

/** Multivariant playlists of one room; over it: 4025. In playlists. */
export const PLAYLISTS_PER_ROOM = 8;

/** Variants of one playlist; over it: 2001. In variants. */
export const VARIANTS = 16;

/** Renditions of one playlist, of all groups together; over it: 2001. In renditions. */
export const RENDITIONS = 16;

/** `codecs` of a variant; over it: 2001. In characters. */
export const CODECS = 256;

/** `frameRate` of a variant; over it: 2001. In frames per second. */
export const FRAME_RATE = 1000;

/** `language` of a rendition; over it: 2001. In characters. */
export const LANGUAGE = 35;

/** `channels` of a rendition; over it: 2001. In characters. */
export const CHANNELS = 32;

/** Parts of one segment; over it: 2001. In parts. */
export const PARTS_PER_SEGMENT = 1000;

/**
 * Distance that `sequence` may be ahead of the next to be listed; over it: 2001. For a segment that is the one whose
 * parts are being listed, else the one behind the last that is complete: while 5 is open 105 is taken, once 5 is
 * complete 106. While the track lists none, the lowest segment that waits, either way. For a part that is the number of
 * listed parts of its segment: while only part 0 is listed, 101 is taken. In numbers.
 */
export const UPLOADS_AHEAD = 100;

/**
 * Duration of a part or segment, and what `segment`, `part` and `target` of a push may ask for; over it: 2001. In ms.
 */
export const LONGEST_MEDIA = 3600000;

/** Least that `segment`, `part` and `target` of a push may ask for; under it: HTTP 400. In ms. */
export const SHORTEST_PUSHED = 50;

/** Parts or segments that come behind a hole before it is listed as a gap. In parts. */
export const PARTS_BEFORE_GAP = 3;

/**
 * Least length of a part that another follows in its segment, unless it is independent or a gap: of the part target;
 * under it: 2001. In percent.
 */
export const LEAST_PART = 85;

/** Time for which an encoder that pushes may be silent within a request; then: HTTP 408. In ms. */
export const INGEST_SILENCE = 30000;

/** Time for an encoder that broke off to come back; then its broadcast ends. In ms. */
export const INGEST_LINGER = 10000;

/** Longest time for which a pushed track waits for a further body after one that is a whole file. In ms. */
export const INGEST_END_WAIT = 4000;

/** Time for which pushed video waits for audio of its own request, and audio for video. In ms. */
export const INGEST_OPENING = 2000;

/** Longest pushed video without any key frame; then: HTTP 415. In ms. */
export const INGEST_KEY_FRAME = 30000;

/** Length of segments that pushed media is cut into. In ms. */
export const INGEST_SEGMENT = 1000;

/** Longest part that pushed media is cut into. In ms. */
export const INGEST_PART = 350;

/** Least target duration of pushed media. In ms. */
export const INGEST_TARGET = 2000;

/** Media that a playlist lists; what is older is removed. In ms. */
export const HLS_WINDOW = 60000;

/** Distance beyond the last segment up to which `_HLS_msn` is accepted; over it: HTTP 400. In segments. */
export const RELOAD_AHEAD = 2;

/** Time for which a request for a playlist or a hinted part waits; then: HTTP 503. In target durations. */
export const RELOAD_TARGETS = 3;

/** Time for which a client waits for the ack of JOIN, and for a connection to be made. In ms. */
export const JOIN_ACK_TIMEOUT = 10000;

/** Maximum number of JOINs in a row without an ack; `joinAck.attempts` of `state-machine.json`. In times. */
export const JOIN_ATTEMPTS = 4;

/**
 * Number of times within a minute that the watchdog joins again before it fails; `watchdog.maxRejoins` of
 * `state-machine.json`. In times.
 */
export const REJOINS = 3;

/** Bound of a client's first reconnect delay, which is a random part of it; it doubles. In ms. */
export const RECONNECT_BASE = 250;

/** Bound of every later reconnect delay. In ms. */
export const RECONNECT_MAX = 5000;

/** Time that a connection must last after the ack of JOIN before delays begin at `reconnectBase` again. In ms. */
export const RECONNECT_SETTLED = 5000;
