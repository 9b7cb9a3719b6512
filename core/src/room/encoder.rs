//! Encoding of the messages to members.

use std::sync::Arc;

use serde_json::value::RawValue;

use roomcast_protocol::ack::{
    self, Gap, HeartbeatAck, HeartbeatTimes, HlsAddresses, IngestAddress, JoinAck, MessageLimits, Participant,
    PublishList, Resend, Role, RoomClosed,
};
use roomcast_protocol::code::AckCode;
use roomcast_protocol::id::{ObjectId, RoomId};
use roomcast_protocol::limits::HEARTBEAT_INTERVAL;
use roomcast_protocol::signal::{Body, Engine, RoomType, Signal, SignalKind};

use super::heartbeat::{HeartbeatResponder, SharedList};
use super::{JoinSignal, MessageText, OutboundMessage, Refusal, RoomSettings};
use crate::room::edge::{JoinAnswer, ToClient};
use crate::room::message::{List, Listed, SignalRefusal};

/// The encoder of a room's messages. The list of publishers is encoded once per version.
#[derive(Debug)]
pub(super) struct MessageEncoder {
    settings: Arc<RoomSettings>,
    room: RoomId,
    room_type: Option<RoomType>,
    newest: List,
    participants: Option<Arc<RawValue>>,
    change: Option<Arc<str>>,
    /// The encoded list, shared with connections that answer heartbeats without the room.
    shared: SharedList,
}

impl MessageEncoder {
    pub fn new(settings: Arc<RoomSettings>, room: RoomId) -> Self {
        Self {
            settings,
            room,
            room_type: None,
            newest: List::default(),
            participants: None,
            change: None,
            shared: SharedList::default(),
        }
    }

    /// Drops the encoded list change, which has been sent to all recipients.
    pub fn forget_change(&mut self) {
        self.change = None;
    }

    /// Clears the list shared with connections, if it does not have this version.
    pub fn note_list(&self, version: Option<(u64, u64)>) {
        if version.is_none_or(|version| version != self.newest.version) {
            self.shared.set(None);
        }
    }

    /// Returns the responder with which a connection answers further heartbeats like this one, if the message provides
    /// its state.
    pub fn responder(&self, message: &ToClient, signal: &Signal) -> Option<HeartbeatResponder> {
        let ToClient::Heartbeat(_, _, Some(heartbeat)) = message else { return None };
        Some(HeartbeatResponder::new(signal.head.session.key(), self.room_type?, heartbeat, self.shared.clone()))
    }

    /// Returns the text of a message, or `None` if no answer is due. `join` is the JOIN that it answers, `asked` the
    /// signal.
    pub fn encode(
        &mut self,
        message: ToClient,
        join: Option<&JoinSignal>,
        asked: Option<&Signal>,
    ) -> Option<OutboundMessage> {
        Some(match message {
            ToClient::Joined(answer) => OutboundMessage::plain(self.joined(&answer, join?)),
            ToClient::JoinRefused(_, refusal) => OutboundMessage::plain(self.refusal(&join?.signal, &refusal)),
            ToClient::Deliver(delivery, watermark) => {
                OutboundMessage::numbered(delivery.sq, MessageText::Own(delivery.text), watermark)
            }
            ToClient::List(list, sq, watermark) => {
                OutboundMessage::numbered(sq, MessageText::Shared(self.list_change(&list)), watermark)
            }
            ToClient::Gap(from, to) => {
                let gap = Gap { room_id: self.room.clone(), from, to };
                OutboundMessage::plain(ack::encode(ack::name::GAP, &gap))
            }
            ToClient::Kicked(sq, text) => OutboundMessage::plain(ack::numbered(sq, &text).into()),
            ToClient::Refused(refused) => OutboundMessage::plain(self.signal_refusal(&refused)),
            ToClient::NotMember => {
                let reason = "`ss` is no member that this connection joined".to_owned();
                OutboundMessage::plain(self.refusal(asked?, &Refusal { code: AckCode::NotRoomMember, reason }))
            }
            ToClient::Heartbeat(list, confirmed, _) => {
                OutboundMessage::plain(self.heartbeat(&list, confirmed, asked?)?)
            }
            ToClient::RoomClosed(reason) => {
                let closed = RoomClosed { room_id: self.room.clone(), reason };
                OutboundMessage::plain(ack::encode(ack::name::ROOM_CLOSED, &closed))
            }
            ToClient::Resend(confirmed) => {
                let resend = Resend { room_id: self.room.clone(), confirmed };
                OutboundMessage::plain(ack::encode(ack::name::RESEND, &resend))
            }
        })
    }

    /// Returns the encoded list that was sent last.
    #[cfg(test)]
    pub fn newest_text(&self) -> Option<Arc<RawValue>> {
        self.participants.clone()
    }

    /// Returns the error ack of a signal that the rules refused.
    fn signal_refusal(&self, refused: &SignalRefusal) -> Arc<str> {
        let SignalRefusal { code, kind, reason, message, .. } = refused;
        ack::encode_error(*code, Some(*kind), reason, Some(message), self.settings.max_message)
    }

    /// Returns the error ack of a signal.
    pub fn refusal(&self, signal: &Signal, refusal: &Refusal) -> Arc<str> {
        let (limit, message) = (self.settings.max_message, &signal.message);
        ack::encode_error(refusal.code, Some(signal.kind()), &refusal.reason, Some(message), limit)
    }

    fn joined(&mut self, answer: &JoinAnswer, join: &JoinSignal) -> Arc<str> {
        let room_type = join.signal.head.room_type;
        self.room_type = Some(room_type);
        let body = JoinAck {
            room_id: self.room.clone(),
            participants: self.participants(&answer.list),
            role: answer.role,
            engine: Engine::Native,
            resumed: answer.resumed,
            sequence: answer.sequence,
            resume_token: join.grant.resume_token.clone(),
            heartbeat: HeartbeatTimes {
                interval: millis(HEARTBEAT_INTERVAL),
                timeout: millis(self.settings.heartbeat_timeout),
            },
            engine_settings: join.grant.engine_settings.clone(),
            hls: (room_type == RoomType::P2m).then(|| self.addresses(answer, join)),
            limits: Some(MessageLimits {
                frame: self.settings.max_frame as u64,
                message: self.settings.max_message as u64,
            }),
            confirmed: answer.confirmed,
        };
        ack::encode(SignalKind::Join.name(), &body)
    }

    fn addresses(&self, answer: &JoinAnswer, join: &JoinSignal) -> HlsAddresses {
        let ingest = (answer.role != Role::Viewer).then(|| IngestAddress {
            url: format!("{}/rooms/{}/data", self.settings.public_url, self.room),
            token: join.grant.ingest_token.clone(),
            expires: join.grant.ingest_expires,
        });
        HlsAddresses { ingest, playlists: answer.list.playing.iter().map(|id| self.playlist(id)).collect() }
    }

    fn playlist(&self, id: &ObjectId) -> String {
        format!("{}/live/{}/{id}/playlist.m3u8", self.settings.public_url, self.room)
    }

    fn heartbeat(&mut self, list: &List, confirmed: Option<u64>, signal: &Signal) -> Option<Arc<str>> {
        let Body::Heartbeat(beat) = &signal.body else { return None };
        if !beat.send_ack {
            return None;
        }
        let participants = self.participants(list);
        self.shared.set(Some(Arc::clone(&participants)));
        let (room_id, beat_id) = (self.room.clone(), beat.beat_id.clone());
        let body = HeartbeatAck { participants, room_id, beat_id, confirmed };
        Some(ack::encode(SignalKind::Heartbeat.name(), &body))
    }

    fn list_change(&mut self, list: &List) -> Arc<str> {
        let participants = self.participants(list);
        let room_id = self.room.clone();
        let encode = || ack::encode(ack::name::PUBLISH_LIST_CHANGED, &PublishList { room_id, participants });
        Arc::clone(self.change.get_or_insert_with(encode))
    }

    /// Returns the encoded list, `pps`. All acks with this version of the list share the same text.
    fn participants(&mut self, list: &List) -> Arc<RawValue> {
        if self.newest.version != list.version {
            (self.newest, self.participants, self.change) = (list.clone(), None, None);
        }
        if let Some(encoded) = &self.participants {
            return Arc::clone(encoded);
        }
        let broadcasts = self.room_type == Some(RoomType::P2m);
        let hls = list.playing.last().filter(|_| broadcasts).map(|id| self.playlist(id));
        let publish = !broadcasts || hls.is_some();
        let entry = |(place, listed): (usize, &Listed)| participant(place == 0, listed, publish, hls.clone());
        let entries: Vec<Participant> = list.publishers.iter().enumerate().map(entry).collect();
        let encoded: Arc<RawValue> = serde_json::value::to_raw_value(&entries).expect("participants serialise").into();
        self.participants = Some(Arc::clone(&encoded));
        encoded
    }
}

fn participant(owner: bool, listed: &Listed, publish: bool, hls: Option<String>) -> Participant {
    let session = &listed.session;
    Participant {
        id: session.session_id.clone(),
        role: if owner { Role::Admin } else { Role::Publisher },
        video: listed.video,
        audio: listed.audio,
        publish,
        user_id: session.user_id.clone(),
        session_id: session.session_id.clone(),
        host: session.host,
        category: session.category,
        device_id: session.device_id.clone(),
        name: listed.name.clone(),
        hls,
    }
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
