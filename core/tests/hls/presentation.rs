//! All tracks of a stream, and what must be true of them together (rfc8216bis, 6.2.4).

use std::collections::{BTreeMap, HashSet};

use roomcast_core::hls::Change;

use crate::audience::Audience;
use crate::reader::{Playlist, Report};

#[derive(Default)]
pub struct Presentation {
    pub tracks: BTreeMap<String, Audience>,
    pub multivariant: String,
}

impl Presentation {
    pub fn watch(&mut self, changes: &[Change]) {
        for change in changes {
            match change {
                Change::Store { track, .. } | Change::Remove { track, .. } => self.track(track.as_str()).take(change),
                Change::MediaPlaylist { track, .. } => {
                    self.track(track.as_str()).take(change);
                    self.check_reports(track.as_str());
                }
                Change::Multivariant(text) => {
                    assert_ne!(self.multivariant, **text, "nothing changed");
                    self.multivariant = text.to_string();
                    self.check_multivariant();
                }
            }
        }
        self.check_alike();
    }

    /// The newest text of each media playlist.
    pub fn texts(&self) -> BTreeMap<&str, String> {
        let snapshots = self.tracks.iter().filter_map(|(id, track)| Some((&id[..], track.snapshot.as_ref()?)));
        snapshots.map(|(id, newest)| (id, String::from_utf8(newest.playlist.to_vec()).unwrap())).collect()
    }

    /// The same segment is behind as many discontinuities in all tracks.
    pub fn check_discontinuities(&self) {
        for (one, other) in self.playlists().flat_map(|(_, one)| self.playlists().map(move |(_, other)| (one, other))) {
            let first = one.media_sequence.max(other.media_sequence);
            for msn in first..=one.last_msn().min(other.last_msn()) {
                assert_eq!(one.discontinuity_sequence_of(msn), other.discontinuity_sequence_of(msn), "{msn}");
            }
        }
    }

    fn track(&mut self, id: &str) -> &mut Audience {
        self.tracks.entry(id.to_owned()).or_default()
    }

    fn playlists(&self) -> impl Iterator<Item = (&str, &Playlist)> {
        self.tracks.iter().filter_map(|(id, track)| Some((&id[..], track.playlist.as_ref()?)))
    }

    /// Every other playlist is reported on as it is.
    fn check_reports(&self, of: &str) {
        let list = self.tracks[of].playlist.as_ref().unwrap();
        let others = self.playlists().filter(|(id, _)| *id != of && !list.ended);
        let mut expected: Vec<Report> = others.map(|(id, other)| report(id, other)).collect();
        let mut given = list.reports.clone();
        expected.sort_by(|one, other| one.uri.cmp(&other.uri));
        given.sort_by(|one, other| one.uri.cmp(&other.uri));
        assert_eq!(given, expected);
    }

    /// Checks the lines that the playlists of one presentation must have in common.
    fn check_alike(&self) {
        let common = |list: &Playlist| -> Vec<String> {
            list.fixed.iter().filter(|line| !line.starts_with("#EXT-X-PART-INF")).cloned().collect()
        };
        let different: HashSet<_> = self.playlists().map(|(_, list)| common(list)).collect();
        assert!(different.len() <= 1, "{different:?}");
        let promised = self.multivariant.contains("\n#EXT-X-INDEPENDENT-SEGMENTS\n");
        let alike = self.playlists().all(|(_, list)| list.independent_segments == promised);
        assert!(alike || self.multivariant.is_empty(), "{}", self.multivariant);
    }

    /// Checks that listed tracks play, and that every audio group that is named exists.
    fn check_multivariant(&self) {
        let text = &self.multivariant;
        let quoted = |line: &str, name: &str| {
            let (_, rest) = line.split_once(&format!("{name}=\""))?;
            Some(rest.split_once('"').unwrap().0.to_owned())
        };
        let media: Vec<&str> = text.lines().filter(|line| line.starts_with("#EXT-X-MEDIA:")).collect();
        let addresses = media.iter().filter_map(|line| quoted(line, ",URI"));
        let variants = text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned);
        for address in addresses.chain(variants.clone()) {
            let track = address.strip_suffix("/playlist.m3u8").unwrap();
            assert!(self.tracks[track].snapshot.is_some(), "{track} does not play\n{text}");
        }
        assert!(variants.count() > 0, "{text}");
        let groups: HashSet<_> = media.iter().filter(|line| line.contains("TYPE=AUDIO")).collect();
        let groups: HashSet<_> = groups.iter().filter_map(|line| quoted(line, "GROUP-ID")).collect();
        let named = text.lines().filter_map(|line| quoted(line, ",AUDIO"));
        named.for_each(|group| assert!(groups.contains(&group), "no group {group}\n{text}"));
    }
}

fn report(id: &str, list: &Playlist) -> Report {
    let with_parts = (list.media_sequence..=list.last_msn()).rev().find(|msn| parts(list, *msn) > 0);
    let msn = with_parts.unwrap_or(list.last_msn());
    Report { uri: format!("../{id}/playlist.m3u8"), msn, part: parts(list, msn).checked_sub(1) }
}

fn parts(list: &Playlist, msn: u64) -> u64 {
    list.segment(msn).map_or(0, |segment| segment.parts.len() as u64)
}
