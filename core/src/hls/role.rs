//! Role of a track in the multivariant playlist: a variant stream, or a rendition beside the variants.
//!
//! Knows what streamers declare and which declarations go together. Never looks at media.
//!
//! rfc8216bis, 4.4.6.1 (EXT-X-MEDIA) and 4.4.6.2 (EXT-X-STREAM-INF).

use roomcast_protocol::data::{Rendition, RenditionType, Seconds, Variant};
use roomcast_protocol::id::ObjectId;
use roomcast_protocol::limits;
use serde::{Deserialize, Serialize};

use super::refusal::Refusal;

/// The maximum number of variants of one stream.
const MAX_VARIANTS: usize = limits::VARIANTS;
/// The maximum number of renditions of one stream, in all groups.
const MAX_RENDITIONS: usize = limits::RENDITIONS;

/// Declaration of a track by its streamer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Role {
    Variant(Variant),
    Rendition(Rendition),
}

impl Role {
    pub fn id(&self) -> &ObjectId {
        match self {
            Self::Variant(variant) => &variant.id,
            Self::Rendition(rendition) => &rendition.id,
        }
    }

    /// Returns the target duration, a whole number of seconds in microseconds.
    pub fn target(&self) -> u64 {
        let declared = match self {
            Self::Variant(variant) => variant.target_duration,
            Self::Rendition(rendition) => rendition.target_duration,
        };
        declared.micros().div_ceil(1_000_000).saturating_mul(1_000_000)
    }

    /// Returns the part target in microseconds; `None` where the stream has no parts.
    pub fn part_target(&self) -> Option<u64> {
        let declared = match self {
            Self::Variant(variant) => variant.target_part_duration,
            Self::Rendition(rendition) => rendition.target_part_duration,
        };
        declared.map(Seconds::micros)
    }

    /// Returns whether every segment of the track begins with a sync sample.
    pub fn independent_segments(&self) -> bool {
        match self {
            Self::Variant(variant) => variant.independent_segments,
            Self::Rendition(_) => true,
        }
    }

    /// Keeps the known size and frame rate of the same media if a repeated declaration of a variant omits them.
    pub fn keep_known(&mut self, known: &Self) {
        if let (Self::Variant(came), Self::Variant(known)) = (self, known) {
            came.resolution = came.resolution.take().or_else(|| known.resolution.clone());
            came.frame_rate = came.frame_rate.or(known.frame_rate);
        }
    }

    /// Returns whether this is an earlier declaration of the same track than another. Renditions do not say.
    pub fn older_than(&self, known: &Self) -> bool {
        match (self, known) {
            (Self::Variant(came), Self::Variant(known)) => came.version.zip(known.version).is_some_and(|(a, b)| a < b),
            _ => false,
        }
    }

    /// Returns the media type of the track's objects. Sound alone has no resolution and only codecs of sound.
    pub fn content_type(&self) -> &'static str {
        match self {
            Self::Variant(_) if self.is_audio_alone() => "audio/mp4",
            Self::Rendition(rendition) if rendition.kind == RenditionType::Audio => "audio/mp4",
            Self::Rendition(rendition) if rendition.kind == RenditionType::Subtitles => "application/mp4",
            Self::Variant(_) | Self::Rendition(_) => "video/mp4",
        }
    }

    /// Returns whether this is a rendition of a group of sound.
    pub fn is_audio_of(&self, group: &ObjectId) -> bool {
        matches!(self, Self::Rendition(r) if r.kind == RenditionType::Audio && r.group_id == *group)
    }

    /// Returns whether this is a variant of audio alone.
    pub fn is_audio_alone(&self) -> bool {
        matches!(self, Self::Variant(variant) if variant.resolution.is_none() && is_sound(&variant.codecs))
    }

    /// Returns whether this rendition makes a variant of audio alone a member of its own group.
    pub fn is_member_of(&self, of: &Self) -> bool {
        let Self::Variant(variant) = of else { return false };
        let in_group = variant.audio.as_ref().is_some_and(|group| self.is_audio_of(group));
        in_group && of.is_audio_alone() && self.id() == of.id()
    }

    /// Returns whether this is a rendition of subtitles.
    pub fn is_subtitles(&self) -> bool {
        matches!(self, Self::Rendition(r) if r.kind == RenditionType::Subtitles)
    }

    /// Refuses a declaration that conflicts with the other tracks of the stream or with the earlier declaration of the
    /// track.
    pub fn check<'a>(&self, others: impl Iterator<Item = &'a Self> + Clone) -> Result<(), Refusal> {
        let alike = others.clone().filter(|other| std::mem::discriminant(*other) == std::mem::discriminant(self));
        let (most, what) = match self {
            Self::Variant(_) => (MAX_VARIANTS, "variants"),
            Self::Rendition(_) => (MAX_RENDITIONS, "renditions"),
        };
        if alike.count() >= most {
            return Err(Refusal::invalid(format!("a stream may have {most} {what}")));
        }
        match self {
            Self::Variant(_) => Ok(()),
            Self::Rendition(rendition) => check_rendition(rendition, others),
        }
    }

    /// Refuses a change of a known track to another kind.
    pub fn check_change(&self, known: &Self) -> Result<(), Refusal> {
        if (self.target(), self.part_target()) != (known.target(), known.part_target()) {
            return Err(Refusal::invalid("the target durations of a track are fixed when it is made"));
        }
        match (self, known) {
            (Self::Variant(_), Self::Variant(_)) => Ok(()),
            (Self::Rendition(came), Self::Rendition(known)) => {
                let same = came.kind == known.kind && came.group_id == known.group_id;
                let fixed = || Refusal::invalid("the type and group of a rendition are fixed when it is made");
                same.then_some(()).ok_or_else(fixed)
            }
            (_, Self::Variant(_)) => Err(Refusal::invalid(format!("{} is a variant", self.id()))),
            (_, Self::Rendition(_)) => Err(Refusal::invalid(format!("{} is a rendition", self.id()))),
        }
    }

    /// Returns the same rendition in another group of its type.
    fn twin(&self, of: &Rendition) -> Option<&Rendition> {
        match self {
            Self::Rendition(other) if other.kind == of.kind && other.group_id != of.group_id => {
                Some(other).filter(|other| other.name == of.name)
            }
            _ => None,
        }
    }

    fn in_group(&self, of: &Rendition) -> Option<&Rendition> {
        match self {
            Self::Rendition(other) if other.kind == of.kind && other.group_id == of.group_id => Some(other),
            _ => None,
        }
    }
}

fn check_rendition<'a>(rendition: &Rendition, others: impl Iterator<Item = &'a Role> + Clone) -> Result<(), Refusal> {
    // A playlist has no control characters (rfc8216bis, 4.1).
    if rendition.name.contains(char::is_control) {
        return Err(Refusal::invalid("the name of a rendition has no control characters"));
    }
    let default = rendition.is_default == Some(true);
    if default && rendition.auto_select == Some(false) {
        return Err(Refusal::invalid("a default rendition must be one that players may select"));
    }
    // Groups are encodings of the same: their members differ in channels at most (rfc8216bis, 4.4.6.1.1).
    let told = |of: &Rendition| (of.language.clone(), of.is_default == Some(true), of.auto_select == Some(true));
    if let Some(twin) =
        others.clone().filter_map(|other| other.twin(rendition)).find(|twin| told(twin) != told(rendition))
    {
        let reason = format!("{} of group {} has the same name and other attributes", twin.id, twin.group_id);
        return Err(Refusal::invalid(reason));
    }
    for other in others.filter_map(|other| other.in_group(rendition)) {
        if other.name == rendition.name {
            return Err(Refusal::invalid(format!("{} has the same name in group {}", other.id, other.group_id)));
        }
        if default && other.is_default == Some(true) {
            return Err(Refusal::invalid(format!("{} is the default of group {}", other.id, other.group_id)));
        }
    }
    Ok(())
}

fn is_sound(codecs: &str) -> bool {
    let sound = ["mp4a.", "opus", "flac", "ac-3", "ec-3", "alac", "ac-4"];
    codecs
        .split(',')
        .map(|codec| codec.trim().to_ascii_lowercase())
        .all(|codec| sound.iter().any(|name| codec.starts_with(name)))
}
