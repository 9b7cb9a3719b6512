//! The end of a track's body, and what may still come after it.
//!
//! Some encoders send one whole file per request. So the end that a body states is taken for the end of the track only
//! when no further request has come for a while.

use std::time::Duration;

use roomcast_core::time::Instant;
use roomcast_media::{Init, Item, Track};

use super::{IngestError, IngestSession, PushTarget, State, upload};

/// The least time in which a further body may come.
const LEAST_WAIT: Duration = Duration::from_secs(1);

/// Duration of the leading track in a body.
#[derive(Debug, Default)]
pub struct BodyMedia {
    leading: Option<Track>,
    length: Duration,
}

impl BodyMedia {
    /// A body that may begin without an init section.
    pub fn new(init: Option<&Init>) -> Self {
        Self { leading: init.and_then(Init::leading).cloned(), length: Duration::ZERO }
    }

    /// Counts an item.
    pub fn note(&mut self, item: &Item) {
        match (item, &self.leading) {
            (Item::Init(init), _) => self.leading = init.leading().cloned(),
            (Item::Fragment(fragment), Some(leading)) => {
                let own = fragment.samples.iter().filter(|sample| sample.track == leading.id);
                self.length += own.map(|sample| leading.time(sample.duration.into())).sum::<Duration>();
            }
            (Item::Fragment(_), None) => {}
        }
    }

    /// Wait for a further body: 1.5 times the duration of this one.
    fn wait(&self, most: Duration) -> Duration {
        (self.length * 3 / 2).max(LEAST_WAIT).min(most)
    }
}

impl IngestSession {
    /// A body says that its track has ended, which it has unless another comes in time.
    pub async fn end(&self, target: &PushTarget, media: &BodyMedia) -> Result<(), IngestError> {
        let wait = media.wait(self.ingest.settings.end_wait);
        let mut state = self.state.lock().await;
        if wait.is_zero() {
            return self.end_now(&mut state, target).await;
        }
        let due = self.ingest.rooms.clock.now() + wait;
        state.ends.retain(|(ending, _)| !ending.is_same_track(target));
        state.ends.push((target.clone(), due));
        Ok(())
    }

    async fn end_now(&self, state: &mut State, target: &PushTarget) -> Result<(), IngestError> {
        let moment = self.moment();
        let packager = state.playlists.get_mut(&target.playlist);
        let signals = packager.map(|packager| packager.end(&target.track, moment)).unwrap_or_default();
        upload(state, signals).await.map_err(IngestError::Refused)
    }

    /// Ends the tracks for which nothing has come in time.
    pub(super) async fn end_due(&self, state: &mut State, now: Instant) {
        let due: Vec<PushTarget> =
            state.ends.extract_if(.., |(_, due)| *due <= now).map(|(target, _)| target).collect();
        for target in due {
            if let Err(IngestError::Refused(refusal)) = self.end_now(state, &target).await {
                tracing::warn!(room = %self.room, %refusal, "the last upload was rejected");
            }
        }
    }
}

impl State {
    /// Something came for a track: it has not ended.
    pub(super) fn go_on(&mut self, target: &PushTarget) {
        self.ends.retain(|(ending, _)| !ending.is_same_track(target));
    }
}

impl PushTarget {
    fn is_same_track(&self, other: &Self) -> bool {
        (&self.playlist, &self.track) == (&other.playlist, &other.track)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_further_body_is_waited_for_by_the_length_of_the_last() {
        let wait = |millis, most| {
            let media = BodyMedia { leading: None, length: Duration::from_millis(millis) };
            media.wait(Duration::from_millis(most)).as_millis()
        };
        assert_eq!([wait(100, 4000), wait(2000, 4000), wait(60_000, 4000), wait(2000, 0)], [1000, 3000, 4000, 0]);
    }
}
