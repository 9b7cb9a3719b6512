//! Which track is a variant and which a rendition of the group `audio`.
//!
//! Video with sound is a variant. Video alone is one that finds its sound in the group, if there is any; sound alone
//! is a rendition of the group if there is video alone, and otherwise a variant of its own. What has been decided
//! stays so, but for video that finds a group later.

use roomcast_core::time::Instant;
use roomcast_media::Handler;
use roomcast_protocol::data::Payload;
use roomcast_protocol::id::ObjectId;

use super::Presentation;
use super::track::{Role, Track};

/// The group of renditions of sound.
const GROUP: &str = "audio";

impl Presentation {
    /// Decides what can be decided, and gives what tracks with a role have to say.
    pub fn settle(&mut self, now: Instant) -> Vec<Payload> {
        self.decide(now);
        let group = self.tracks.values().find(|track| matches!(track.role, Some(Role::Rendition { .. })));
        let sound = group.map(|track| track.codecs().to_owned());
        let mut payloads = Vec::new();
        // Variants first: the first of them makes the playlist.
        for rendition in [false, true] {
            for track in self.tracks.values_mut() {
                if matches!(track.role, Some(Role::Rendition { .. })) == rendition {
                    track.say(&self.plan, sound.as_deref(), &mut payloads);
                }
            }
        }
        if let Some(sound) = sound.filter(|_| self.group_plays()) {
            for track in self
                .tracks
                .values_mut()
                .filter(|track| is_mute(track) && track.role == Some(Role::Variant { audio: None }))
            {
                track.role = Some(Role::Variant { audio: Some(group_id()) });
                track.declare_again(&self.plan, &sound, &mut payloads);
            }
        }
        payloads
    }

    /// When something is decided, should nothing come.
    pub fn is_due(&self, now: Instant) -> bool {
        now >= self.opening_ends && self.tracks.values().any(|track| track.role.is_none())
    }

    fn group_plays(&self) -> bool {
        self.tracks.values().any(|track| matches!(track.role, Some(Role::Rendition { .. })) && track.is_heard())
    }

    fn decide(&mut self, now: Instant) {
        let over = now >= self.opening_ends || self.tracks.values().any(|track| track.held() > self.plan.held);
        let mute = self.tracks.values().any(|track| is_mute(track) && track.is_heard());
        let sound = self
            .tracks
            .values()
            .any(|track| is_sound(track) && track.is_heard() && !matches!(track.role, Some(Role::Variant { .. })));
        let mut first = !self.tracks.values().any(|track| matches!(track.role, Some(Role::Rendition { .. })));
        for track in self.tracks.values_mut().filter(|track| track.role.is_none() && track.is_heard()) {
            track.role = match (is_mute(track), is_sound(track)) {
                (true, _) if sound => Some(Role::Variant { audio: Some(group_id()) }),
                (_, true) if mute => Some(Role::Rendition { default: std::mem::take(&mut first) }),
                (true, _) | (_, true) if !over => None,
                _ => Some(Role::Variant { audio: None }),
            };
        }
    }
}

/// Whether a track has video and no sound.
fn is_mute(track: &Track) -> bool {
    track.has(Handler::Video) && !track.has(Handler::Audio)
}

fn is_sound(track: &Track) -> bool {
    !track.has(Handler::Video)
}

pub(super) fn group_id() -> ObjectId {
    ObjectId::parse(GROUP).expect("five letters")
}
