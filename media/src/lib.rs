//! Fragmented MP4 in; the map, the parts and the segments of Low-Latency HLS out.
//!
//! Pure: no I/O, no clock, no async. The caller pushes bytes into a [`Reader`], takes an [`Init`]
//! and then [`Fragment`]s out of it, and hands the fragments to a [`Cutter`], which answers with
//! [`Part`]s and [`Segment`]s. Cutting goes by samples: where the encoder put its fragment borders
//! does not matter. After an error of the reader the stream is over; after a second [`Init`], finish the cutter and go
//! on with its [`Cutter::next_start`]. [`package::Packager`] does all of that, and puts what comes out into the data
//! signals of a broadcast.
//!
//! ISO/IEC 14496-12 (ISO base media file format), ISO/IEC 23000-19 (CMAF), rfc8216bis.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod boxes;
mod cut;
mod error;
#[cfg(test)]
mod fixture;
mod fragment;
mod init;
pub mod package;
mod reader;
mod timing;
mod variant;
mod write;

pub use boxes::FourCc;
pub use cut::{Cut, Cutter, Part, PartsEnd, Pushed, Segment, Start, Targets};
pub use error::Error;
pub use fragment::{Ends, Fragment, Sample};
pub use init::{Defaults, Handler, Ignored, Init, Track};
pub use reader::{DEFAULT_LIMIT, Item, Reader};
pub use variant::Variant;
pub use write::write_fragment;
