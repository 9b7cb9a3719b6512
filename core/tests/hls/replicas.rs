//! The same stream on several nodes: replicas that hear of uploads without their bytes, and some that come late.
//!
//! All of them say the same, whatever is uploaded and in whatever order: the same refusals, and the same changes with the same
//! playlists, byte for byte.

use std::collections::{BTreeMap, HashMap};

use bytes::{Bytes, BytesMut};
use proptest::collection::vec;
use proptest::prelude::*;
use roomcast_core::hls::{Change, Digest, HlsSettings, MediaRef, Object, Stream, UploadEntry};
use roomcast_core::time::UnixTime;
use roomcast_protocol::data::Payload;

use crate::feed::{RECEIVED, end, live, rendition, segment, variant};
use crate::properties::{naming, plan, settings, uploads};
use crate::wild::wild;

/// The bytes that nodes share.
#[derive(Default)]
struct Bytestore(HashMap<Digest, Bytes>);

impl Bytestore {
    fn keep(&mut self, media: &MediaRef) {
        if let Some(bytes) = media.bytes() {
            self.0.insert(Digest::of(bytes), bytes.clone());
        }
    }

    /// A change with all bytes in it.
    fn whole(&self, change: &Change) -> Change {
        let mut change = change.clone();
        if let Change::Store { media: Object { pieces, .. }, .. } = &mut change {
            let mut joined = BytesMut::new();
            for piece in pieces.iter() {
                let bytes = piece.bytes().cloned().unwrap_or_else(|| self.0[&piece.reference().digest].clone());
                assert_eq!(bytes.len() as u64, piece.length());
                joined.extend_from_slice(&bytes);
            }
            *pieces = vec![joined.freeze().into()];
        }
        change
    }

    fn all_whole(&self, changes: &[Change]) -> Vec<Change> {
        changes.iter().map(|change| self.whole(change)).collect()
    }
}

/// Objects and playlists that are served after all these changes.
#[derive(Default, Debug, PartialEq)]
pub struct Served {
    pub objects: BTreeMap<(String, String), Object>,
    pub playlists: BTreeMap<String, Change>,
}

impl Served {
    pub fn watch(&mut self, changes: Vec<Change>) {
        for change in changes {
            match change {
                Change::Store { track, object, media } => {
                    self.objects.insert((track.to_string(), object.to_string()), media);
                }
                Change::Remove { track, object } => {
                    self.objects.remove(&(track.to_string(), object.to_string())).unwrap();
                }
                Change::MediaPlaylist { ref track, .. } => drop(self.playlists.insert(track.to_string(), change)),
                Change::Multivariant(_) => drop(self.playlists.insert(String::new(), change)),
            }
        }
    }
}

/// Returns an entry as another node reads it.
fn told(entry: &UploadEntry) -> Option<UploadEntry> {
    UploadEntry::decode(entry.encode().as_bytes()).ok()
}

fn replicate(uploads: Vec<Payload>, lots: &[u8]) {
    let mut lots = lots.iter().copied().cycle();
    let mut bytes = Bytestore::default();
    let (mut here, mut elsewhere, mut mixed) =
        (Stream::new(settings()), Stream::new(settings()), Stream::new(settings()));
    let (mut served, mut late) = (Served::default(), Served::default());
    for (at, upload) in uploads.into_iter().enumerate() {
        let (lot, received) = (lots.next().unwrap(), UnixTime(RECEIVED.0 + 1000 * i64::try_from(at).unwrap()));
        let entry = UploadEntry::new(upload, received);
        // An entry that cannot be written is not appended.
        let Some(read) = told(&entry).filter(|read| *read == entry) else { continue };
        bytes.keep(&entry.media);
        let before = (here.revision(), here.checkpoint());
        let first = here.replay(entry.clone());
        let second = elsewhere.replay(read.clone());
        let third = mixed.replay(if lot & 1 == 0 { entry } else { read });
        assert_eq!(here.revision() == before.0, here.checkpoint() == before.1, "only what is counted changes anything");
        match (first, second, third) {
            (Ok(first), Ok(second), Ok(third)) => {
                let first = bytes.all_whole(&first);
                assert_eq!(first, bytes.all_whole(&second));
                assert_eq!(first, bytes.all_whole(&third));
                served.watch(first);
            }
            (first, second, third) => {
                assert_eq!(first.as_ref().unwrap_err(), &second.unwrap_err());
                assert_eq!(first.unwrap_err(), third.unwrap_err());
            }
        }
        if lot & 6 == 0 {
            let written = [&here, &elsewhere, &mixed].map(Stream::checkpoint);
            assert!(written[0] == written[1] && written[1] == written[2]);
            elsewhere = Stream::restore(written[0].as_bytes()).unwrap();
            assert_eq!(elsewhere.checkpoint(), written[0]);
            late = Served::default();
            late.watch(bytes.all_whole(&elsewhere.everything()));
            assert_eq!(late, served, "who comes late serves the same");
        }
        if lot & 24 == 0 {
            mixed = Stream::restore(mixed.checkpoint().as_bytes()).unwrap();
        }
    }
    drop(late);
    assert_eq!(bytes.all_whole(&here.end()), bytes.all_whole(&elsewhere.end()));
    mixed.end();
    assert_eq!(here.checkpoint(), mixed.checkpoint());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn late_repeated_and_lost_uploads_are_listed_alike_by_all_replicas(
        plans in vec(plan(), 1..30),
        name in naming(),
        luck in vec((0_usize..5, prop::bool::weighted(0.05), prop::bool::weighted(0.2)), 200),
        lots in vec(any::<u8>(), 50),
    ) {
        let all = uploads(&plans, name).into_iter().zip(luck).enumerate();
        let mut late: Vec<_> = all.filter(|(at, (_, (_, lost, _)))| *at == 0 || !lost).collect();
        late.sort_by_key(|(at, (_, (delay, ..)))| if *at == 0 { 0 } else { at + delay });
        let twice = |upload: Payload, again: bool| std::iter::repeat_n(upload, 1 + usize::from(again));
        replicate(late.into_iter().flat_map(|(_, (upload, (_, _, again)))| twice(upload, again)).collect(), &lots);
    }

    #[test]
    fn wild_uploads_of_several_tracks_are_listed_alike_by_all_replicas(
        uploads in vec(wild(&["v0", "v1", "en", "de"]), 1..200),
        lots in vec(any::<u8>(), 50),
    ) {
        let first = Payload::Variant(variant("v0", "init.mp4"));
        replicate(std::iter::once(first).chain(uploads).collect(), &lots);
    }

    #[test]
    fn what_is_restored_is_a_stream_or_an_error(
        uploads in vec(wild(&["v0", "en"]), 1..60),
        damage in vec((any::<prop::sample::Index>(), prop::sample::select(b"0123456789,]}\"ft".to_vec())), 0..4),
        more in vec(wild(&["v0", "en"]), 1..20),
    ) {
        let mut stream = Stream::new(settings());
        for upload in uploads {
            let _ = stream.apply(upload, RECEIVED);
        }
        let mut written = stream.checkpoint().into_bytes();
        for (at, byte) in damage {
            let at = at.index(written.len());
            written[at] = byte;
        }
        if let Ok(mut stream) = Stream::restore(&written) {
            let _ = stream.everything();
            for upload in more {
                let _ = stream.apply(upload, RECEIVED);
            }
        }
    }
}

#[test]
fn a_frame_rate_reads_back_as_it_was_declared() {
    for rate in [30_000.0 / 1001.0, 1.0 / 3.0, 23.976_023_976_023_98, 0.000_01, 999.999_9] {
        let mut stream = Stream::new(HlsSettings::default());
        let mut declared = variant("v0", "init.mp4");
        declared.variant.frame_rate = Some(rate);
        stream.apply(Payload::Variant(declared.clone()), RECEIVED).unwrap();
        let mut restored = Stream::restore(stream.checkpoint().as_bytes()).unwrap();
        let revision = restored.revision();
        assert_eq!(restored.apply(Payload::Variant(declared), RECEIVED).unwrap(), vec![]);
        assert_eq!(restored.revision(), revision, "a repetition");
    }
}

#[test]
fn a_checkpoint_has_no_bytes_and_grows_with_the_window_only() {
    let mut stream = Stream::new(settings());
    stream.apply(Payload::Variant(variant("v0", "init.mp4")), RECEIVED).unwrap();
    stream.apply(Payload::Rendition(rendition("en", "init.mp4")), RECEIVED).unwrap();
    let mut sizes = Vec::new();
    for msn in 0..100 {
        let mut whole = segment(msn);
        whole.segment.data.0 = Bytes::from(vec![7; 100_000]);
        stream.apply(Payload::Segment(whole), live(msn)).unwrap();
        sizes.push(stream.checkpoint().len());
    }
    assert!(sizes[99] < sizes[50] + 100 && sizes[99] < 10_000, "{sizes:?}");
    assert!(Stream::restore(stream.checkpoint().replace("\"format\":4", "\"format\":1").as_bytes()).is_err());
    stream.apply(end(), RECEIVED).unwrap();
    assert!(Stream::restore(stream.checkpoint().as_bytes()).unwrap().has_ended());
}
