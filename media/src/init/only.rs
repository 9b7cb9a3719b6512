//! An initialization section of some of the tracks.
//!
//! Boxes are copied as they came; what speaks of tracks that are left out goes with them.

use bytes::{BufMut, BytesMut};

use super::{Init, read_tkhd};
use crate::boxes::{Fields, Header, put_box};

impl Init {
    /// Returns the init section with only these tracks; unchanged if these are all of its tracks.
    #[must_use]
    pub fn only(&self, tracks: &[u32]) -> Self {
        if self.ignored.is_empty() && self.tracks.iter().all(|track| tracks.contains(&track.id)) {
            return self.clone();
        }
        let mut out = BytesMut::with_capacity(self.bytes.len());
        for (kind, whole) in boxes(&self.bytes) {
            match &kind {
                b"moov" => put_moov(&mut out, payload(whole), tracks),
                _ => out.put_slice(whole),
            }
        }
        let kept = self.tracks.iter().filter(|track| tracks.contains(&track.id));
        Self { bytes: out.freeze(), tracks: kept.cloned().collect(), ignored: Vec::new() }
    }
}

fn put_moov(out: &mut BytesMut, moov: &[u8], tracks: &[u32]) {
    put_box(out, b"moov", |out| {
        for (kind, whole) in boxes(moov) {
            match &kind {
                b"trak" if has_id(whole, tracks) => put_without(out, &kind, payload(whole), b"tref"),
                b"mvex" => put_mvex(out, payload(whole), tracks),
                // User data may name tracks, and players have no use for it.
                b"trak" | b"udta" | b"meta" => {}
                _ => out.put_slice(whole),
            }
        }
    });
}

fn put_mvex(out: &mut BytesMut, mvex: &[u8], tracks: &[u32]) {
    put_box(out, b"mvex", |out| {
        for (kind, whole) in boxes(mvex) {
            let id = payload(whole).get(4..8).and_then(|id| id.try_into().ok()).map(u32::from_be_bytes);
            if kind != *b"trex" || id.is_some_and(|id| tracks.contains(&id)) {
                out.put_slice(whole);
            }
        }
    });
}

/// A box without its children of one type.
fn put_without(out: &mut BytesMut, kind: &[u8; 4], children: &[u8], without: &[u8; 4]) {
    put_box(out, kind, |out| {
        boxes(children).filter(|(kind, _)| kind != without).for_each(|(_, whole)| out.put_slice(whole));
    });
}

fn has_id(trak: &[u8], tracks: &[u32]) -> bool {
    let tkhd = Fields::new(b"trak", payload(trak)).require(b"tkhd");
    tkhd.and_then(read_tkhd).is_ok_and(|(id, _)| tracks.contains(&id))
}

/// Returns the consecutive boxes, each with its type.
fn boxes(bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let header = Header::read(rest).ok()??;
        let (whole, behind) = rest.split_at_checked(usize::try_from(header.size).ok()?)?;
        rest = behind;
        Some((header.kind.0, whole))
    })
}

fn payload(whole: &[u8]) -> &[u8] {
    match Header::read(whole) {
        Ok(Some(header)) => whole.get(header.length..).unwrap_or_default(),
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use crate::fixture::{self, AUDIO, VIDEO};
    use crate::{Item, Reader};

    #[test]
    fn the_tracks_that_are_left_are_read_as_before() {
        let init = fixture::init(&[VIDEO, AUDIO]);
        let only = init.only(&[2]);
        let mut reader = Reader::new(1 << 20);
        reader.push(&only.bytes).unwrap();
        assert_eq!(reader.next(), Ok(Some(Item::Init(only.clone()))));
        assert_eq!(only.tracks, init.tracks[1..]);
        assert!(!only.bytes.windows(4).any(|kind| kind == b"vide"));
    }

    #[test]
    fn all_tracks_are_the_init_section_as_it_came() {
        let init = fixture::init(&[VIDEO, AUDIO]);
        assert_eq!(init.only(&[1, 2]), init);
    }
}
