//! The bodies of acks.
//!
//! Bodies with a list of participants are generic over it: the server puts in the list it encoded once
//! ([`RawValue`](serde_json::value::RawValue)), a client reads [`Participant`]s.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::MAX_NAME;
use crate::id::{RoomId, SessionId, UserId};
use crate::limits::{MAX_LIST, MAX_WORDS, NUMBERS_BELOW, PARTICIPANTS};
use crate::signal::{Category, Engine, Host};

/// The role of a member in its room, which decides what it may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The oldest publisher, who owns the room.
    Admin,
    /// Publishes.
    Publisher,
    /// Watches.
    Viewer,
}

/// A member that may publish, as everyone in the room sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Participant {
    /// The session id again, for clients that know members by one id.
    pub id: SessionId,
    /// Role of the member.
    pub role: Role,
    /// Video enabled.
    pub video: bool,
    /// Audio enabled.
    pub audio: bool,
    /// Whether media is flowing.
    pub publish: bool,
    /// The user.
    pub user_id: UserId,
    /// The session.
    pub session_id: SessionId,
    /// Kind of program that the member runs.
    pub host: Host,
    /// Kind of media that the session carries.
    pub category: Category,
    /// The device, in the client's own words.
    #[serde(deserialize_with = "crate::strict::words")]
    #[schemars(length(max = MAX_WORDS))]
    pub device_id: String,
    /// Address of the multivariant playlist, once it is playable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hls: Option<String>,
    /// The name in the access token, at a server that wants tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = MAX_NAME))]
    pub name: Option<String>,
}

/// The members that may publish, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Participants(
    #[serde(deserialize_with = "crate::strict::list::<_, _, PARTICIPANTS>")]
    #[schemars(length(max = PARTICIPANTS))]
    pub Vec<Participant>,
);

/// Body of the ack of `JOIN`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "JoinAckBody")]
pub struct JoinAck<P = Participants> {
    /// The room.
    #[serde(rename = "rid")]
    pub room_id: RoomId,
    /// The members that may publish, oldest first.
    #[serde(rename = "pps")]
    pub participants: P,
    /// Your role.
    #[serde(rename = "pt")]
    pub role: Role,
    /// The engine that carries the media.
    #[serde(rename = "eg")]
    pub engine: Engine,
    /// Whether the session was a member already and goes on.
    pub resumed: bool,
    /// The last sequence number given to this member.
    #[serde(rename = "sq")]
    pub sequence: u64,
    /// The token that the next takeover of this member must bring, if the client keeps tokens.
    #[serde(rename = "rt")]
    pub resume_token: String,
    /// Interval and timeout of heartbeats.
    #[serde(rename = "hb")]
    pub heartbeat: HeartbeatTimes,
    /// Settings for the client's media engine.
    #[serde(rename = "es")]
    pub engine_settings: EngineSettings,
    /// Addresses at which a broadcast is uploaded and played (`p2m` only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hls: Option<HlsAddresses>,
    /// The longest frame and message that the server takes.
    #[serde(rename = "lim", default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<MessageLimits>,
    /// The number up to which the client's signals cannot be lost any more, where it numbers them.
    #[serde(
        rename = "n",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "crate::strict::number"
    )]
    #[schemars(range(max = NUMBERS_BELOW - 1))]
    pub confirmed: Option<u64>,
}

/// The longest frame and message that the server takes, in bytes of UTF-8. A client whose WebSocket library cannot split
/// a message into frames says nothing longer than a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessageLimits {
    /// The payload of a frame.
    pub frame: u64,
    /// A message, of one frame or several.
    pub message: u64,
}

/// Interval and timeout of heartbeats, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HeartbeatTimes {
    /// Time between two heartbeats.
    pub interval: u64,
    /// Silence after which a member is removed.
    pub timeout: u64,
}

/// Settings for the client's media engine.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct EngineSettings {
    /// ICE servers.
    #[serde(rename = "icfg")]
    pub ice: IceConfig,
}

/// The ICE servers in both forms that clients read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IceConfig {
    /// Addresses only.
    #[serde(deserialize_with = "crate::strict::list::<_, _, MAX_LIST>")]
    #[schemars(length(max = MAX_LIST))]
    pub is: Vec<String>,
    /// `RTCIceServer` objects.
    #[serde(deserialize_with = "crate::strict::list::<_, _, MAX_LIST>")]
    #[schemars(length(max = MAX_LIST))]
    pub ice_servers: Vec<IceServer>,
}

/// An `RTCIceServer` object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IceServer {
    /// Addresses of one server.
    #[serde(deserialize_with = "crate::strict::list::<_, _, MAX_LIST>")]
    #[schemars(length(max = MAX_LIST))]
    pub urls: Vec<String>,
    /// User name for TURN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Password for TURN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}

/// Addresses at which a broadcast is uploaded and played.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HlsAddresses {
    /// For the publisher: where data signals go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ingest: Option<IngestAddress>,
    /// Addresses of the multivariant playlists that are playable.
    #[serde(deserialize_with = "crate::strict::list::<_, _, MAX_LIST>")]
    #[schemars(length(max = MAX_LIST))]
    pub playlists: Vec<String>,
}

/// Address and token of the uploads of data signals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IngestAddress {
    /// The address for `POST`.
    pub url: String,
    /// The bearer token.
    pub token: String,
    /// Time at which the token ends, in milliseconds since 1970.
    pub expires: u64,
}

/// Body of the ack of `RENEW`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "RenewAckBody")]
pub struct Renewed {
    /// The end of the new token, in seconds since 1970.
    pub exp: u64,
}

/// Body of the ack of `HEARTBEAT`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "HeartbeatAckBody")]
pub struct HeartbeatAck<P = Participants> {
    /// The members that may publish, oldest first.
    #[serde(rename = "pps")]
    pub participants: P,
    /// The room.
    #[serde(rename = "rid")]
    pub room_id: RoomId,
    /// The heartbeat's id.
    #[serde(rename = "bid", deserialize_with = "crate::strict::words")]
    #[schemars(length(max = MAX_WORDS))]
    pub beat_id: String,
    /// The number up to which the client's signals cannot be lost any more, where it numbers them.
    #[serde(
        rename = "n",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "crate::strict::number"
    )]
    #[schemars(range(max = NUMBERS_BELOW - 1))]
    pub confirmed: Option<u64>,
}

/// Body of `PUBLISH_LIST_CHANGED`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "PublishListBody")]
pub struct PublishList<P = Participants> {
    /// The room.
    #[serde(rename = "rid")]
    pub room_id: RoomId,
    /// The members that may publish, oldest first.
    #[serde(rename = "pps")]
    pub participants: P,
}

/// Body of `ROOM_CLOSED`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RoomClosed {
    /// The room.
    #[serde(rename = "rid")]
    pub room_id: RoomId,
    /// Reason for which the room closed.
    pub reason: RoomClosedReason,
}

/// Reason for which a room closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RoomClosedReason {
    /// The last publisher went and none came back.
    Ended,
    /// The last member went.
    Empty,
    /// An administrator closed it.
    Admin,
    /// It goes on; the member is out of it, whose access token grants it the room no longer.
    Denied,
}

/// Body of `KEEPALIVE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeepAlive {
    /// The server's time, in milliseconds since 1970.
    pub ts: u64,
}

/// Body of `GAP`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Gap {
    /// The room.
    #[serde(rename = "rid")]
    pub room_id: RoomId,
    /// The first number that is lost.
    pub from: u64,
    /// The last number that is lost.
    pub to: u64,
}

/// Body of `RESEND`: the client says its signals above this number again, in order and before anything new.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ResendBody")]
pub struct Resend {
    /// The room.
    #[serde(rename = "rid")]
    pub room_id: RoomId,
    /// The number up to which the client's signals cannot be lost any more.
    #[serde(rename = "n", deserialize_with = "crate::strict::required_number")]
    #[schemars(range(max = NUMBERS_BELOW - 1))]
    pub confirmed: u64,
}
