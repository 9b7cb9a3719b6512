//! What a track says once it has a role: what it is, and all that has waited.

use roomcast_protocol::data::{
    InitSection, Media, Payload, PlaylistRef, Rendition, RenditionType, TrackRef, UpdatePart, UpdateRendition,
    UpdateSegment, UpdateVariant, Variant, WithMap,
};

use super::run::Word;
use super::{Plan, Role, Track};
use crate::live::ingest::presentation::roles::group_id;

/// Bandwidths are stated in steps of so many bits per second.
const BANDWIDTH_STEP: u64 = 10_000;

impl Track {
    /// Says all that waits, once there is a role. `sound` are the codecs of the group, if there is one.
    pub fn say(&mut self, plan: &Plan, sound: Option<&str>, out: &mut Vec<Payload>) {
        let Some(role) = self.role.clone() else { return };
        self.held_bytes = 0;
        for word in std::mem::take(&mut self.held) {
            out.push(match word {
                Word::Declare(map) => self.declare(plan, &role, sound, map),
                Word::Part(segment, part) => {
                    let (playlist, variant, rendition) = self.names(plan, &role);
                    Payload::Part(UpdatePart { playlist, variant, rendition, segment, part })
                }
                Word::Segment(segment) => {
                    let (playlist, variant, rendition) = self.names(plan, &role);
                    Payload::Segment(UpdateSegment { playlist, variant, rendition, segment })
                }
            });
        }
    }

    /// Says anew what the track is, which has been declared before.
    pub fn declare_again(&self, plan: &Plan, sound: &str, out: &mut Vec<Payload>) {
        if let (Some(role), Some(newest)) = (&self.role, self.maps.checked_sub(1)) {
            let map = InitSection { id: self.map(plan, newest), data: Media(self.init.bytes.clone()) };
            out.push(self.declare(plan, role, Some(sound), map));
        }
    }

    fn declare(&self, plan: &Plan, role: &Role, sound: Option<&str>, map: InitSection) -> Payload {
        let playlist = PlaylistRef { id: plan.playlist.clone(), version: None };
        let (target_duration, target_part_duration) = (plan.target_duration.into(), Some(plan.targets.part.into()));
        let segment = WithMap { map };
        match role {
            Role::Variant { audio } => {
                let attributes = self.attributes.as_ref();
                let sound = sound.filter(|_| audio.is_some()).map(|codecs| format!(",{codecs}"));
                let variant = Variant {
                    id: self.id.clone(),
                    codecs: format!("{}{}", self.codecs(), sound.unwrap_or_default()),
                    bandwidth: (self.peak * 5 / 4).div_ceil(BANDWIDTH_STEP).max(1) * BANDWIDTH_STEP,
                    audio: audio.clone(),
                    version: None,
                    target_duration,
                    target_part_duration,
                    resolution: attributes
                        .and_then(|a| a.resolution)
                        .map(|(width, height)| format!("{width}x{height}")),
                    frame_rate: attributes.and_then(|attributes| attributes.frame_rate),
                    independent_segments: true,
                };
                Payload::Variant(UpdateVariant { playlist, variant, segment })
            }
            Role::Rendition { default } => {
                let rendition = Rendition {
                    id: self.id.clone(),
                    kind: RenditionType::Audio,
                    group_id: group_id(),
                    name: self.id.to_string(),
                    language: None,
                    is_default: Some(*default),
                    auto_select: Some(true),
                    channels: None,
                    target_duration,
                    target_part_duration,
                };
                Payload::Rendition(UpdateRendition { playlist, rendition, segment })
            }
        }
    }

    fn names(&self, plan: &Plan, role: &Role) -> (PlaylistRef, Option<TrackRef>, Option<TrackRef>) {
        let track = Some(TrackRef { id: self.id.clone() });
        let playlist = PlaylistRef { id: plan.playlist.clone(), version: None };
        match role {
            Role::Variant { .. } => (playlist, track, None),
            Role::Rendition { .. } => (playlist, None, track),
        }
    }
}
