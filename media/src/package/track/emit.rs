//! The signals of a track once it has a role: its declaration, and all that has waited.

use roomcast_protocol::data::{
    InitSection, Payload, PlaylistRef, Rendition, RenditionType, TrackRef, UpdatePart, UpdateRendition, UpdateSegment,
    UpdateVariant, Variant, WithMap,
};

use roomcast_protocol::id::ObjectId;

use super::period::PendingSignal;
use super::{Config, Role, Track};
use crate::package::Signal;
use crate::package::roles::group_id;
use crate::{Handler, Targets};

/// Characters of `codecs`.
const MAX_CODECS: usize = 256;
/// Bandwidths are estimated in steps of so many bits per second.
const BANDWIDTH_STEP: u64 = 10_000;

impl Track {
    /// Emits what waits, once there is a role: the declarations in front of any media, or everything. `sound` are the
    /// codecs of the group, if there is one.
    pub fn emit(&mut self, config: &Config, sound: Option<&str>, everything: bool, out: &mut Vec<Signal>) {
        let Some(role) = self.role.clone() else { return };
        let is_declaration = |pending: &&PendingSignal| matches!(pending, PendingSignal::Declare(_));
        let count = match everything {
            true => self.pending.len(),
            false => self.pending.iter().take_while(is_declaration).count(),
        };
        self.pending_bytes = if everything { 0 } else { self.pending_bytes };
        let behind = self.pending.split_off(count);
        for pending in std::mem::replace(&mut self.pending, behind) {
            let (playlist, variant, rendition) = self.names(config, &role);
            out.push(match pending {
                PendingSignal::Declare(map) => {
                    out.extend(self.state(config, &role, sound, map));
                    continue;
                }
                PendingSignal::Part { head: segment, part, pace, .. } => {
                    let payload = Payload::Part(UpdatePart { playlist, variant, rendition, segment, part });
                    Signal { payload, end: Some(pace) }
                }
                PendingSignal::Segment { segment, pace, .. } => {
                    let payload = Payload::Segment(UpdateSegment { playlist, variant, rendition, segment });
                    Signal { payload, end: Some(pace) }
                }
            });
        }
    }

    /// Declares the track again, if its properties differ from the last declaration.
    pub fn declare_again(&mut self, config: &Config, sound: Option<&str>, out: &mut Vec<Signal>) {
        if let (Some(role), false) = (self.role.clone(), self.stated.is_empty()) {
            let map = self.newest_map(config);
            out.extend(self.state(config, &role, sound, map));
        }
    }

    /// Returns the declarations that differ from the last ones.
    fn state(&mut self, config: &Config, role: &Role, sound: Option<&str>, map: InitSection) -> Vec<Signal> {
        let stated = self.declare(config, role, sound, map);
        let known = std::mem::replace(&mut self.stated, stated);
        let news = self.stated.iter().filter(|payload| !known.contains(payload));
        news.map(|payload| Signal { payload: payload.clone(), end: None }).collect()
    }

    fn declare(&self, config: &Config, role: &Role, sound: Option<&str>, map: InitSection) -> Vec<Payload> {
        let playlist = PlaylistRef { id: config.playlist.clone(), version: None };
        let targets = self.targets.expect("a track is declared when it is cut");
        let segment = WithMap { map };
        let variant = |audio| {
            Payload::Variant(UpdateVariant {
                playlist: playlist.clone(),
                variant: self.variant(audio, sound, targets),
                segment: segment.clone(),
            })
        };
        let rendition = |default| {
            Payload::Rendition(UpdateRendition {
                playlist: playlist.clone(),
                rendition: self.rendition(default, targets),
                segment: segment.clone(),
            })
        };
        match role {
            Role::Variant { audio } => vec![variant(audio.clone())],
            Role::Choice { default } => vec![variant(Some(group_id())), rendition(*default)],
            Role::Rendition { default } => vec![rendition(*default)],
        }
    }

    fn variant(&self, audio: Option<ObjectId>, sound: Option<&str>, targets: Targets) -> Variant {
        let attributes = self.attributes.as_ref();
        let estimated = || attributes.and_then(|attributes| attributes.frame_rate);
        let frame_rate = self.measured.frame_rate().or_else(estimated);
        let sound = sound.filter(|_| audio.is_some()).unwrap_or_default();
        let resolution = attributes.and_then(|attributes| attributes.resolution);
        Variant {
            id: self.id.clone(),
            codecs: join_codecs(self.codecs().split(',').chain(sound.split(','))),
            bandwidth: self.measured.bandwidth.unwrap_or_else(|| estimate(self.peak)),
            audio,
            version: None,
            target_duration: targets.longest.into(),
            target_part_duration: targets.part.map(Into::into),
            resolution: resolution.map(|(width, height)| format!("{width}x{height}")),
            frame_rate: frame_rate.filter(|_| self.has(Handler::Video)),
            independent_segments: targets.independent,
        }
    }

    fn rendition(&self, default: bool, targets: Targets) -> Rendition {
        let leading = self.leading();
        Rendition {
            id: self.id.clone(),
            kind: RenditionType::Audio,
            group_id: group_id(),
            name: self.id.to_string(),
            language: leading.and_then(|track| track.language.clone()),
            is_default: Some(default),
            auto_select: Some(true),
            channels: leading.and_then(|track| track.channels).map(|channels| channels.to_string()),
            target_duration: targets.longest.into(),
            target_part_duration: targets.part.map(Into::into),
        }
    }

    fn names(&self, config: &Config, role: &Role) -> (PlaylistRef, Option<TrackRef>, Option<TrackRef>) {
        let track = Some(TrackRef { id: self.id.clone() });
        let playlist = PlaylistRef { id: config.playlist.clone(), version: None };
        match role {
            Role::Variant { .. } | Role::Choice { .. } => (playlist, track, None),
            Role::Rendition { .. } => (playlist, None, track),
        }
    }
}

/// First estimate of the bit rate in bits per second, from the first part: it has a key frame, and the rest is unknown.
fn estimate(peak: u64) -> u64 {
    (peak.saturating_mul(5) / 4).div_ceil(BANDWIDTH_STEP).max(1).saturating_mul(BANDWIDTH_STEP)
}

/// Each codec once, as many of them as a declaration has room for.
pub(crate) fn join_codecs<'a>(codecs: impl Iterator<Item = &'a str>) -> String {
    let mut joined = String::new();
    let mut known: Vec<&str> = Vec::new();
    for codec in codecs.filter(|codec| !codec.is_empty()) {
        if !known.contains(&codec) && joined.len() + 1 + codec.len() <= MAX_CODECS {
            joined.extend((!joined.is_empty()).then_some(','));
            joined.push_str(codec);
            known.push(codec);
        }
    }
    joined
}
