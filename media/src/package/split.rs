//! Which tracks a pushed stream becomes: one video and one audio per variant, further audio as renditions, further
//! video as variants.

use roomcast_protocol::id::ObjectId;

use crate::{Handler, Init, Track};

/// Tracks of one kind that are taken of one stream.
const MOST: usize = 16;

/// A track of the broadcast, and what it is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Output {
    pub id: ObjectId,
    /// `track_ID`s of the init section.
    pub tracks: Vec<u32>,
    /// Further audio beside that of the variant, and how many of it there are before.
    pub further_audio: Option<usize>,
    /// Whether there is further audio beside it.
    pub has_further_audio: bool,
}

/// What a stream becomes, and what is left out of it.
pub(super) fn split(id: &ObjectId, init: &Init) -> (Vec<Output>, Vec<String>) {
    let of = |handler| init.tracks.iter().filter(move |track| track.handler == handler);
    let (videos, audios): (Vec<&Track>, Vec<&Track>) = (of(Handler::Video).collect(), of(Handler::Audio).collect());
    let mut left_out: Vec<String> =
        init.ignored.iter().map(|ignored| format!("track {} of {id}: {}", ignored.id, ignored.reason)).collect();
    let audio = audios.first().map(|track| track.id);
    let mut outputs = Vec::new();
    let mut add = |number: usize, kind: &str, tracks: Vec<u32>, further_audio: Option<usize>| {
        let name = if number == 1 { Some(id.clone()) } else { ObjectId::parse(&format!("{id}-{kind}{number}")).ok() };
        match name.filter(|_| number <= MOST) {
            Some(id) => outputs.push(Output { id, tracks, further_audio, has_further_audio: audios.len() > 1 }),
            None => left_out.push(format!("{kind}{number} of {id}: a stream has at most {MOST} of a kind")),
        }
    };
    for (number, video) in (1..).zip(&videos) {
        add(number, "v", std::iter::once(video.id).chain(audio).collect(), None);
    }
    if let Some(audio) = audio.filter(|_| videos.is_empty()) {
        add(1, "a", vec![audio], None);
    }
    for (number, audio) in (1..).zip(&audios).skip(1) {
        add(number, "a", vec![audio.id], Some(number - 2));
    }
    (outputs, left_out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    fn init(handlers: &[Handler]) -> Init {
        let track = |(id, handler): (u32, &Handler)| {
            let kind = if *handler == Handler::Video { fixture::VIDEO } else { fixture::AUDIO };
            Track { id, ..fixture::init(&[kind]).tracks[0].clone() }
        };
        Init { tracks: (1..).zip(handlers).map(track).collect(), ..fixture::init(&[fixture::VIDEO]) }
    }

    fn names(handlers: &[Handler]) -> Vec<(String, Vec<u32>)> {
        let (outputs, _) = split(&ObjectId::parse("v0").unwrap(), &init(handlers));
        outputs.into_iter().map(|output| (output.id.to_string(), output.tracks)).collect()
    }

    #[test]
    fn further_audio_and_video_have_names_of_their_own() {
        let [video, audio] = [Handler::Video, Handler::Audio];
        let expected = [("v0", vec![1, 2]), ("v0-v2", vec![4, 2]), ("v0-a2", vec![3]), ("v0-a3", vec![5])];
        let expected = expected.map(|(name, tracks)| (name.to_owned(), tracks));
        assert_eq!(names(&[video, audio, audio, video, audio]), expected);
        assert_eq!(names(&[audio, audio]), [("v0".to_owned(), vec![1]), ("v0-a2".to_owned(), vec![2])]);
    }

    #[test]
    fn beyond_sixteen_of_a_kind_are_left_out() {
        let (outputs, left_out) = split(&ObjectId::parse("v0").unwrap(), &init(&[Handler::Audio; 18]));
        assert_eq!((outputs.len(), left_out.len()), (16, 2));
    }
}
