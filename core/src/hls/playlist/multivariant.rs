//! The multivariant playlist (rfc8216bis, 4.4.6).
//!
//! `EXT-X-INDEPENDENT-SEGMENTS` holds for all tracks, so it is there if all variants were declared with it: the first part
//! of a segment would not have been accepted otherwise. Variants name the audio group they were declared with. As a
//! streamer cannot say which subtitles go with a variant, the first group of them goes with all.

use std::fmt::{self, Write as _};

use roomcast_protocol::data::{Rendition, RenditionType, Variant};
use roomcast_protocol::id::ObjectId;

use crate::hls::codecs;
use crate::hls::rate::Rates;
use crate::hls::role::Role;

/// The text of the multivariant playlist.
pub(in crate::hls) struct Multivariant<'a> {
    /// The listed tracks, in order: renditions before variants.
    pub tracks: &'a [(&'a Role, Rates)],
    pub independent_segments: bool,
}

impl Multivariant<'_> {
    /// Writes the playlist.
    pub fn render(&self) -> String {
        let mut text = "#EXTM3U\n#EXT-X-VERSION:6\n".to_owned();
        if self.independent_segments {
            text.push_str("#EXT-X-INDEPENDENT-SEGMENTS\n");
        }
        self.write(&mut text).expect("a string takes all text");
        text
    }

    fn write(&self, text: &mut String) -> fmt::Result {
        let renditions = self.tracks.iter().filter_map(|(role, _)| match role {
            Role::Rendition(rendition) => Some(rendition),
            Role::Variant(_) => None,
        });
        renditions.clone().try_for_each(|rendition| media(text, rendition))?;
        let mut subtitles = renditions.filter(|rendition| rendition.kind == RenditionType::Subtitles);
        let subtitles = subtitles.next().map(|rendition| &rendition.group_id);
        self.tracks.iter().try_for_each(|(role, rates)| match role {
            Role::Variant(variant) => stream_inf(text, variant, *rates, subtitles),
            Role::Rendition(_) => Ok(()),
        })
    }
}

fn media(text: &mut String, rendition: &Rendition) -> fmt::Result {
    let kind = match rendition.kind {
        RenditionType::Audio => "AUDIO",
        RenditionType::Video => "VIDEO",
        RenditionType::Subtitles => "SUBTITLES",
    };
    write!(text, "#EXT-X-MEDIA:TYPE={kind},GROUP-ID=\"{}\",NAME=\"{}\"", rendition.group_id, rendition.name)?;
    if let Some(language) = &rendition.language {
        write!(text, ",LANGUAGE=\"{language}\"")?;
    }
    let default = rendition.is_default == Some(true);
    if default {
        write!(text, ",DEFAULT=YES")?;
    }
    // A rendition that plays by default gets AUTOSELECT=YES: the standard allows nothing else.
    if default || rendition.auto_select == Some(true) {
        write!(text, ",AUTOSELECT=YES")?;
    }
    if let Some(channels) = &rendition.channels {
        write!(text, ",CHANNELS=\"{channels}\"")?;
    }
    writeln!(text, ",URI=\"{}/playlist.m3u8\"", rendition.id)
}

fn stream_inf(text: &mut String, variant: &Variant, rates: Rates, subtitles: Option<&ObjectId>) -> fmt::Result {
    let peak = variant.bandwidth.max(rates.peak);
    write!(text, "#EXT-X-STREAM-INF:BANDWIDTH={peak}")?;
    if rates.average > 0 {
        write!(text, ",AVERAGE-BANDWIDTH={}", rates.average.min(peak))?;
    }
    write!(text, ",CODECS=\"{}\"", codecs::complete(variant))?;
    if let Some(resolution) = &variant.resolution {
        write!(text, ",RESOLUTION={resolution}")?;
    }
    if let Some(rate) = variant.frame_rate {
        write!(text, ",FRAME-RATE={rate:.3}")?;
    }
    if let Some(group) = &variant.audio {
        write!(text, ",AUDIO=\"{group}\"")?;
    }
    if let Some(group) = subtitles {
        write!(text, ",SUBTITLES=\"{group}\"")?;
    }
    writeln!(text, "\n{}/playlist.m3u8", variant.id)
}
