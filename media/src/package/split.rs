//! Tracks that a pushed stream becomes: one video and one audio per variant, further video as variants.
//!
//! All audio becomes renditions where there is more than one beside video: players that get audio of their own choice
//! cannot play a variant that brings another one along. Without video, the first audio is the variant, and the further
//! ones are a choice to it.

use roomcast_protocol::id::ObjectId;

use crate::{Handler, Init, Track};

/// Tracks of one kind that are taken of one stream.
const MOST: usize = 16;

/// A track of the broadcast, and what it is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Output {
    pub id: ObjectId,
    /// The audio of the same stream to which this is another choice.
    pub beside: Option<ObjectId>,
    /// `track_ID`s of the init section.
    pub tracks: Vec<u32>,
}

/// Tracks made of a stream, and lines about those left out.
pub(super) fn split(id: &ObjectId, init: &Init) -> (Vec<Output>, Vec<String>) {
    let of = |handler| init.tracks.iter().filter(move |track| track.handler == handler);
    let (videos, audios): (Vec<&Track>, Vec<&Track>) = (of(Handler::Video).collect(), of(Handler::Audio).collect());
    let mut left_out: Vec<String> =
        init.ignored.iter().map(|ignored| format!("track {} of {id}: {}", ignored.id, ignored.reason)).collect();
    let is_apart = audios.len() > 1 && !videos.is_empty();
    let beside = audios.first().filter(|_| !is_apart).map(|track| track.id);
    let mut outputs = Vec::new();
    let is_choice = videos.is_empty();
    let mut add = |name: Option<ObjectId>, tracks: Vec<u32>| match name {
        Some(name) => {
            let beside = Some(id.clone()).filter(|first| is_choice && *first != name);
            outputs.push(Output { id: name, beside, tracks });
        }
        None => left_out.push(format!("track {} of {id}: a stream has at most {MOST} of a kind", tracks[0])),
    };
    let further =
        |kind: &str, number: usize| ObjectId::parse(&format!("{id}-{kind}{number}")).ok().filter(|_| number <= MOST);
    for (number, video) in (1..).zip(&videos) {
        let name = if number == 1 { Some(id.clone()) } else { further("v", number) };
        add(name, std::iter::once(video.id).chain(beside).collect());
    }
    let alone = if videos.is_empty() || is_apart { &audios[..] } else { &[] };
    for (number, audio) in (1..).zip(alone) {
        let name = if number == 1 && !is_apart { Some(id.clone()) } else { further("a", number) };
        add(name, vec![audio.id]);
    }
    (outputs, first_of(id, left_out))
}

/// Returns the first lines, and a count of the others: a stream may name thousands of tracks.
fn first_of(id: &ObjectId, mut lines: Vec<String>) -> Vec<String> {
    let further = lines.len().saturating_sub(MOST);
    lines.truncate(MOST);
    lines.extend((further > 0).then(|| format!("{further} further tracks of {id}")));
    lines
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
        let named = |expected: &[(&str, &[u32])]| {
            expected.iter().map(|(name, tracks)| ((*name).to_owned(), tracks.to_vec())).collect::<Vec<_>>()
        };
        assert_eq!(names(&[audio, video]), named(&[("v0", &[2, 1])]));
        assert_eq!(names(&[video, audio, video]), named(&[("v0", &[1, 2]), ("v0-v2", &[3, 2])]));
        let apart = [("v0", &[1][..]), ("v0-a1", &[2]), ("v0-a2", &[3])];
        assert_eq!(names(&[video, audio, audio]), named(&apart));
        assert_eq!(names(&[audio, audio]), named(&[("v0", &[1]), ("v0-a2", &[2])]));
    }

    #[test]
    fn beyond_sixteen_of_a_kind_are_left_out() {
        let (outputs, left_out) = split(&ObjectId::parse("v0").unwrap(), &init(&[Handler::Audio; 18]));
        assert_eq!((outputs.len(), left_out.len()), (16, 2));
        let (_, left_out) = split(&ObjectId::parse("v0").unwrap(), &init(&[Handler::Audio; 5016]));
        assert_eq!((left_out.len(), &*left_out[16]), (17, "4984 further tracks of v0"));
    }
}
