//! The list of publishers: encoded once per version, told to everyone at most once per 100 ms.

use std::sync::Arc;

use serde_json::value::RawValue;

use roomcast_protocol::ack::{Participant, PublishList as PublishListBody, Role, encode, name};
use roomcast_protocol::limits::LIST_CHANGE_INTERVAL;
use roomcast_protocol::signal::MemberKey;

use super::Room;
use super::effect::Effect;
use super::stage::Publisher;
use crate::time::Instant;

/// The encoded list and when it is due to be told.
#[derive(Debug, Default)]
pub(super) struct PublishList {
    encoded: Option<Arc<RawValue>>,
    told: Option<Instant>,
    pending: bool,
}

impl PublishList {
    pub fn changed(&mut self) {
        self.encoded = None;
        self.pending = true;
    }

    /// There is nobody to tell.
    pub const fn told(&mut self) {
        self.pending = false;
    }

    /// When the last change is to be told; nothing when it was.
    pub fn due(&self) -> Option<Instant> {
        self.pending.then(|| self.told.map_or(Instant(0), |told| told + LIST_CHANGE_INTERVAL))
    }
}

impl Room {
    /// The encoded list, `pps`: the same text for all who are told this version, in whatever ack.
    pub(super) fn participants(&mut self) -> Arc<RawValue> {
        if let Some(encoded) = &self.list.encoded {
            return Arc::clone(encoded);
        }
        let (publish, hls) = self.publishing();
        let entry = |(place, publisher): (usize, &Publisher)| participant(place == 0, publisher, publish, hls.clone());
        let list: Vec<Participant> = self.stage.publishers().iter().enumerate().map(entry).collect();
        let encoded: Arc<RawValue> = serde_json::value::to_raw_value(&list).expect("participants serialise").into();
        self.list.encoded = Some(Arc::clone(&encoded));
        encoded
    }

    fn list_change(&mut self) -> Arc<str> {
        let participants = self.participants();
        let body = PublishListBody { room_id: self.id.clone(), participants };
        encode(name::PUBLISH_LIST_CHANGED, &body)
    }

    /// Tells one member the list as it is.
    pub(super) fn tell_list_to(&mut self, key: &MemberKey, out: &mut Vec<Effect>) {
        let object = self.list_change();
        if let Some(member) = self.members.get_mut(key) {
            member.tell_list(object, out);
        }
    }

    /// Tells everyone the list, if it changed and the last time is long enough ago.
    pub(super) fn publish_list(&mut self, now: Instant, out: &mut Vec<Effect>) {
        if self.list.due().is_none_or(|due| due > now) {
            return;
        }
        let object = self.list_change();
        // Who is still to get its join ack gets the list with it.
        for member in self.members.values_mut().filter(|member| !member.arrives()) {
            member.tell_list(Arc::clone(&object), out);
        }
        self.list.told = Some(now);
        self.list.pending = false;
    }
}

fn participant(owner: bool, publisher: &Publisher, publish: bool, hls: Option<String>) -> Participant {
    let session = &publisher.session;
    Participant {
        id: session.session_id.clone(),
        role: if owner { Role::Admin } else { Role::Publisher },
        video: publisher.video,
        audio: publisher.audio,
        publish,
        user_id: session.user_id.clone(),
        session_id: session.session_id.clone(),
        host: session.host,
        category: session.category,
        device_id: session.device_id.clone(),
        hls,
    }
}
