//! Data signals: HLS media uploaded over HTTP, one resource a signal.
//!
//! The JSON form carries media as base64 in `data` members. Decoding checks the form of everything that later
//! stands in a playlist, and that `numbytes` tells the truth; whether a signal fits the stream is not its job.

pub mod answer;
pub mod media;
pub mod payload;
pub mod rendition;
pub mod signal;

pub use answer::{DataAck, DataAckBody};
pub use media::{Media, ProgramDateTime, Seconds};
pub use payload::{
    EndStream, InitSection, MapRef, PartData, PlaylistRef, SegmentData, SegmentHead, TrackRef, UpdatePart,
    UpdateSegment, UpdateVariant, Variant, WithMap,
};
pub use rendition::{Rendition, RenditionType, UpdateRendition};
pub use signal::{DataSignal, Payload, Refusal, decode, decode_multipart};
