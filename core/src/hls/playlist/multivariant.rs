//! The multivariant playlist (rfc8216bis, 4.4.6).
//!
//! Every segment begins with a sync sample, or its first part would not have been accepted: so
//! `EXT-X-INDEPENDENT-SEGMENTS` holds for all variants. An audio group is not named, as there are no renditions.

use std::fmt::{self, Write as _};

use roomcast_protocol::data::Variant;

/// Writes the playlist of these variants, in this order.
pub(in crate::hls) fn render<'a>(variants: impl Iterator<Item = &'a Variant>) -> String {
    let mut text = "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-INDEPENDENT-SEGMENTS\n".to_owned();
    variants.for_each(|variant| stream_inf(&mut text, variant).expect("a string takes all text"));
    text
}

fn stream_inf(text: &mut String, variant: &Variant) -> fmt::Result {
    write!(text, "#EXT-X-STREAM-INF:BANDWIDTH={},CODECS=\"{}\"", variant.bandwidth, variant.codecs)?;
    if let Some(resolution) = &variant.resolution {
        write!(text, ",RESOLUTION={resolution}")?;
    }
    if let Some(rate) = variant.frame_rate.filter(|rate| rate.is_finite() && *rate > 0.0) {
        write!(text, ",FRAME-RATE={rate:.3}")?;
    }
    writeln!(text, "\n{}/playlist.m3u8", variant.id)
}
