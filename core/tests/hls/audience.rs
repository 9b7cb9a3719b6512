//! An audience that stores, serves and plays what a stream says of a track, and holds it to its promises.

use std::collections::BTreeMap;
use std::sync::Arc;

use roomcast_core::hls::{Change, Object, ObjectKind, Snapshot};

use crate::reader::{Playlist, Segment};
use crate::retention::Retention;

/// The objects and the media playlist of one track.
#[derive(Default)]
pub struct Audience {
    pub objects: BTreeMap<String, Object>,
    pub playlist: Option<Playlist>,
    pub snapshot: Option<Arc<Snapshot>>,
    pub multivariant: Option<Arc<str>>,
    retention: Retention,
}

impl Audience {
    pub fn watch(&mut self, changes: &[Change]) {
        changes.iter().for_each(|change| self.take(change));
    }

    pub fn take(&mut self, change: &Change) {
        match change {
            Change::Store { object, media, .. } => {
                let known = self.objects.insert(object.to_string(), media.clone());
                assert!(known.is_none(), "{object} is stored twice");
            }
            Change::Remove { object, .. } => {
                assert!(self.objects.remove(object.as_str()).is_some(), "{object} was never stored");
                let listed = self.playlist.as_ref().is_some_and(|list| list.uris().any(|uri| uri == object.as_str()));
                assert!(!listed, "{object} is listed");
                self.retention.removed(object.as_str());
            }
            Change::MediaPlaylist { snapshot, .. } => self.publish(snapshot),
            Change::Multivariant(text) => {
                assert!(self.snapshot.is_some(), "the media playlist must be there first");
                self.multivariant = Some(text.clone());
            }
        }
    }

    fn publish(&mut self, snapshot: &Arc<Snapshot>) {
        let text = std::str::from_utf8(&snapshot.playlist).unwrap();
        let new = Playlist::read(text);
        agree(snapshot, &new);
        new.uris().for_each(|uri| assert!(self.objects.contains_key(uri), "{uri} is not stored\n{text}"));
        for segment in &new.segments {
            assert_eq!(self.objects[&segment.map].kind, ObjectKind::Init);
            let parts = segment.parts.iter().filter(|part| !part.gap);
            parts.for_each(|part| assert_eq!(self.objects[&part.uri].kind, ObjectKind::Part));
            let whole = segment.uri.as_ref().filter(|_| !segment.gap);
            whole.into_iter().for_each(|uri| assert_eq!(self.objects[uri].kind, ObjectKind::Segment));
        }
        if let Some(delta) = &snapshot.delta {
            let text = std::str::from_utf8(delta).unwrap();
            assert!(!new.ended && Playlist::merge(Some(&new), text).as_ref() == Some(&new), "{text}");
        }
        if let Some(old) = &self.playlist {
            assert!(old != &new && !(old.ended && new.ended), "nothing changed\n{text}");
            goes_on(old, &new);
        }
        self.retention.published(self.playlist.as_ref(), &new);
        (self.playlist, self.snapshot) = (Some(new), Some(snapshot.clone()));
    }
}

/// The snapshot says of the text what is true.
fn agree(snapshot: &Snapshot, list: &Playlist) {
    let last = list.segments.last().unwrap();
    assert_eq!(snapshot.position.msn, list.last_msn());
    assert_eq!(snapshot.position.finished, last.uri.is_some());
    assert_eq!(snapshot.position.parts, last.parts.len() as u64);
    assert_eq!(snapshot.hint.as_ref().map(|hint| hint.as_str()), list.hint.as_deref());
    assert_eq!(snapshot.has_parts, list.segments.iter().any(|segment| !segment.parts.is_empty()));
    assert_eq!(snapshot.ended, list.ended);
}

/// Checks that listed content stays, that the sequences do not run back, and that the hint comes true.
fn goes_on(old: &Playlist, new: &Playlist) {
    assert_eq!(old.fixed, new.fixed);
    assert!(new.media_sequence >= old.media_sequence && new.last_msn() >= old.last_msn());
    let left = old.segments.iter().take((new.media_sequence - old.media_sequence) as usize);
    let discontinuities = left.filter(|segment| segment.discontinuity).count() as u64;
    let (counted, least) = (new.discontinuity_sequence, old.discontinuity_sequence + discontinuities);
    // After a leap some may have come and gone at once.
    assert!(counted == least || (counted > least && new.media_sequence > old.last_msn() + 1));
    for msn in new.media_sequence..=old.last_msn() {
        stays(old.segment(msn).unwrap(), new.segment(msn).unwrap());
    }
    let Some(hint) = &old.hint else { return };
    // After a leap the part may have come and lost its tag again at once.
    if new.length_behind(old.last_msn()) >= 3 * new.target {
        return;
    }
    let open = old.segments.last().filter(|segment| segment.uri.is_none()).map_or(0, |segment| segment.parts.len());
    let known = new.segment(old.last_msn()).into_iter().flat_map(|segment| segment.parts.iter().skip(open));
    let next = (old.last_msn() + 1..=new.last_msn()).filter_map(|msn| new.segment(msn));
    // Behind a finished segment there are no more parts of it.
    let grown = known.filter(|_| old.segments.last().unwrap().uri.is_none());
    match grown.chain(next.flat_map(|segment| &segment.parts)).next() {
        Some(part) => assert_eq!(part.uri, *hint),
        None => assert!(new.ended || new.hint.as_ref().is_none_or(|new| new == hint)),
    }
}

fn stays(old: &Segment, new: &Segment) {
    assert_eq!((old.discontinuity, &old.map, &old.date), (new.discontinuity, &new.map, &new.date));
    assert!(new.parts.is_empty() || new.parts.starts_with(&old.parts), "{old:?}\n{new:?}");
    if old.uri.is_some() {
        assert_eq!((&old.uri, old.duration, old.gap), (&new.uri, new.duration, new.gap));
        assert!(new.parts.len() <= old.parts.len());
    }
}
