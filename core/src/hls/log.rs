//! The log entry of an upload in a replicated stream: its content, its time of arrival, and a reference to its media.
//!
//! Written as compact JSON without the bytes. Reading gives an entry or an error, never a panic; an entry that was
//! written reads back as what it was, and the code that appends one makes sure of that first.

use bytes::Bytes;
use roomcast_protocol::data::{
    EndStream, Media as Data, Payload, UpdatePart, UpdateRendition, UpdateSegment, UpdateVariant,
};
use roomcast_protocol::id::ObjectId;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::media::MediaRef;
use super::sync::SyncFlags;
use crate::time::UnixTime;

/// An upload.
#[derive(Debug, Clone, PartialEq)]
pub struct UploadEntry {
    /// The time of arrival.
    pub received: UnixTime,
    /// The content of the upload, without media.
    pub payload: Payload,
    /// The media; empty if the upload has none.
    pub media: MediaRef,
    /// The sync samples that its media states: the defaults of an init section, or the first samples of a segment.
    pub sync: SyncFlags,
}

// The only numbers that need not equal themselves are frame rates, which are finite in entries.
impl Eq for UploadEntry {}

/// As the text of [`encode`](UploadEntry::encode): the format of packets is not self-describing, as payloads need it to
/// be.
impl Serialize for UploadEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.encode())
    }
}

impl<'de> Deserialize<'de> for UploadEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::decode(text.as_bytes()).map_err(serde::de::Error::custom)
    }
}

/// Error: the bytes are no entry of a log, for this reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no entry of a stream's log: {0}")]
pub struct BadEntry(String);

/// The payloads by their names in the log.
#[derive(Serialize, Deserialize)]
enum EntryPayload<V, R, S, P, E> {
    #[serde(rename = "v")]
    Variant(V),
    #[serde(rename = "r")]
    Rendition(R),
    #[serde(rename = "s")]
    Segment(S),
    #[serde(rename = "p")]
    Part(P),
    #[serde(rename = "e")]
    End(E),
}

#[derive(Serialize, Deserialize)]
struct EntryRecord<T> {
    #[serde(rename = "t")]
    received: UnixTime,
    #[serde(rename = "u")]
    payload: T,
    #[serde(rename = "m", default, skip_serializing_if = "MediaRef::is_empty")]
    media: MediaRef,
    #[serde(rename = "f", default, skip_serializing_if = "SyncFlags::is_empty")]
    sync: SyncFlags,
}

impl UploadEntry {
    /// An upload with the bytes it brought. A frame rate is kept as it is listed, with three decimals: so it reads
    /// back as it was written.
    #[must_use]
    pub fn new(mut payload: Payload, received: UnixTime) -> Self {
        if let Payload::Variant(update) = &mut payload {
            let rate = update.variant.frame_rate.filter(|rate| rate.is_finite() && *rate > 0.0);
            update.variant.frame_rate = rate.map(|rate| (rate * 1000.0).round().max(1.0) / 1000.0);
        }
        let bytes = data(&mut payload).map_or_else(Bytes::new, |data| std::mem::take(&mut data.0));
        let sync = match &payload {
            Payload::Variant(_) | Payload::Rendition(_) => SyncFlags::of_map(&bytes),
            Payload::Part(update) if update.part.sequence > 0 || update.part.gap => SyncFlags::default(),
            Payload::Segment(_) | Payload::Part(_) => SyncFlags::of_segment(&bytes),
            Payload::End(_) => SyncFlags::default(),
        };
        Self { received, payload, media: bytes.into(), sync }
    }

    /// Returns the playlist to which the upload belongs.
    #[must_use]
    pub const fn playlist(&self) -> &ObjectId {
        match &self.payload {
            Payload::Variant(update) => &update.playlist.id,
            Payload::Rendition(update) => &update.playlist.id,
            Payload::Segment(update) => &update.playlist.id,
            Payload::Part(update) => &update.playlist.id,
            Payload::End(end) => &end.playlist.id,
        }
    }

    /// Serializes the entry, with a reference in place of bytes.
    ///
    /// # Panics
    /// Never: every member serialises.
    #[must_use]
    pub fn encode(&self) -> String {
        let payload: EntryPayload<&UpdateVariant, &UpdateRendition, &UpdateSegment, &UpdatePart, &EndStream> =
            match &self.payload {
                Payload::Variant(update) => EntryPayload::Variant(update),
                Payload::Rendition(update) => EntryPayload::Rendition(update),
                Payload::Segment(update) => EntryPayload::Segment(update),
                Payload::Part(update) => EntryPayload::Part(update),
                Payload::End(end) => EntryPayload::End(end),
            };
        let written =
            EntryRecord { received: self.received, payload, media: self.media.clone(), sync: self.sync.clone() };
        serde_json::to_string(&written).expect("entries serialise")
    }

    /// Parses a serialized entry.
    ///
    /// # Errors
    /// [`BadEntry`] if the text is not a valid entry.
    pub fn decode(json: &[u8]) -> Result<Self, BadEntry> {
        type Owned = EntryPayload<UpdateVariant, UpdateRendition, UpdateSegment, UpdatePart, EndStream>;
        let read: Result<EntryRecord<Owned>, _> = serde_json::from_slice(json);
        let EntryRecord { received, payload, media, sync } = read.map_err(|error| BadEntry(error.to_string()))?;
        let mut payload = match payload {
            EntryPayload::Variant(update) => Payload::Variant(update),
            EntryPayload::Rendition(update) => Payload::Rendition(update),
            EntryPayload::Segment(update) => Payload::Segment(update),
            EntryPayload::Part(update) => Payload::Part(update),
            EntryPayload::End(end) => Payload::End(end),
        };
        if data(&mut payload).is_some_and(|data| !data.0.is_empty()) {
            return Err(BadEntry("it has bytes of its own".to_owned()));
        }
        Ok(Self { received, payload, media, sync })
    }
}

fn data(payload: &mut Payload) -> Option<&mut Data> {
    match payload {
        Payload::Variant(update) => Some(&mut update.segment.map.data),
        Payload::Rendition(update) => Some(&mut update.segment.map.data),
        Payload::Segment(update) => Some(&mut update.segment.data),
        Payload::Part(update) => Some(&mut update.part.data),
        Payload::End(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use roomcast_protocol::strategy::data_signal;

    proptest! {
        #[test]
        fn an_entry_reads_back_without_its_bytes(signal in data_signal(), received in any::<i64>()) {
            let entry = UploadEntry::new(signal.payload, UnixTime(received));
            let written = entry.encode();
            let read = UploadEntry::decode(written.as_bytes()).unwrap();
            prop_assert!(read.media.is_empty() || read.media.bytes().is_none());
            prop_assert_eq!(&read.encode(), &written);
            prop_assert_eq!(read, entry);
        }

        #[test]
        fn whatever_is_read_is_an_entry_or_an_error(
            signal in data_signal(),
            at in any::<prop::sample::Index>(),
            byte in any::<u8>(),
        ) {
            let mut written = UploadEntry::new(signal.payload, UnixTime(0)).encode().into_bytes();
            let at = at.index(written.len());
            written[at] = byte;
            let _ = UploadEntry::decode(&written);
            prop_assert!(UploadEntry::decode(&written[..at]).is_err());
        }
    }
}
