//! The published media, uploaded as its description says, in both encodings, and played back.

use roomcast_protocol::schema::recorded::media::{MediaRange, MediaTrack};
use roomcast_tests::broadcast::{Encoding, Streamer, get};
use roomcast_tests::server::Server;
use serde_json::{Value, json};

use crate::file;
use crate::media::vectors;

const NOON: u64 = 1_732_287_600_000;

fn slice<'a>(bytes: &'a [u8], range: &MediaRange) -> &'a [u8] {
    &bytes[range.offset as usize..(range.offset + range.length) as usize]
}

/// The member and id by which a track is named in payloads, and what declares it.
pub fn declared(
    track: &MediaTrack,
    video: &MediaTrack,
    audio: &MediaTrack,
) -> (&'static str, &'static str, &'static str, Value) {
    let common = json!({ "targetDuration": track.target_duration, "targetPartDuration": track.target_part_duration });
    let with = |mut members: Value| {
        members.as_object_mut().expect("members").extend(common.as_object().expect("members").clone());
        members
    };
    if track.kind == "audio" {
        let members =
            with(json!({ "id": "a0", "type": "AUDIO", "groupId": "sound", "name": "Tone", "isDefault": true }));
        return ("rendition", "a0", "updateRendition", members);
    }
    let codecs = format!("{},{}", video.codecs, audio.codecs);
    let members =
        with(json!({ "id": "v0", "codecs": codecs, "bandwidth": video.bandwidth + audio.bandwidth, "audio": "sound",
        "resolution": track.resolution, "frameRate": track.frame_rate }));
    ("variant", "v0", "updateVariant", members)
}

async fn taken(streamer: &Streamer, encoding: Encoding, action: &str, payload: Value, media: &[u8]) {
    let (status, answer) = streamer.send(encoding, action, payload.clone(), media).await;
    assert_eq!(status, 200, "{action} {payload}: {answer}");
}

async fn upload(streamer: &Streamer, encoding: Encoding, tracks: &[MediaTrack]) {
    for track in tracks {
        let bytes = file(&track.file);
        let (member, _, action, declared) = declared(track, &tracks[0], &tracks[1]);
        let payload =
            json!({ "playlist": { "id": "main" }, member: declared, "segment": { "map": { "id": "init.mp4" } } });
        taken(streamer, encoding, action, payload, slice(&bytes, &track.map)).await;
    }
    for sequence in 0..tracks[0].segments.len() {
        for track in tracks {
            let bytes = file(&track.file);
            let (member, id, ..) = declared(track, &tracks[0], &tracks[1]);
            let segment = &track.segments[sequence];
            for part in &segment.parts {
                let payload = json!({ "playlist": { "id": "main" }, member: { "id": id },
                    "segment": { "id": format!("s{sequence}.m4s"), "sequence": sequence, "programDateTime": NOON + sequence as u64 * 1000 },
                    "part": { "id": format!("p{}.m4s", sequence * 3 + part.sequence as usize), "sequence": part.sequence,
                        "duration": part.duration, "independent": part.independent } });
                taken(streamer, encoding, "updatePart", payload, slice(&bytes, &part.bytes)).await;
            }
        }
    }
}

/// Returns the bytes that a player reads of a track: the map and each segment that the playlist lists, in order.
async fn played(server: &Server, id: &str) -> Vec<u8> {
    let playlist = server.text(&format!("/live/demo/main/{id}/playlist.m3u8")).await;
    let map = playlist.lines().find_map(|line| line.strip_prefix("#EXT-X-MAP:URI=\"")).expect("a map");
    let segments = playlist.lines().filter(|line| !line.starts_with('#'));
    let mut bytes = Vec::new();
    for name in std::iter::once(map.trim_end_matches('"')).chain(segments) {
        let response = get(&server.url(&format!("/live/demo/main/{id}/{name}"))).await;
        bytes.extend(response.bytes().await.expect("media"));
    }
    bytes
}

#[tokio::test]
async fn the_published_media_is_played_as_it_was_uploaded() {
    let tracks = vectors().tracks;
    for encoding in Encoding::ALL {
        let server = Server::start(&[]).await;
        let streamer = Streamer::start(&server).await;
        upload(&streamer, encoding, &tracks).await;
        assert_eq!(streamer.end().await.0, 200);
        for (track, id) in tracks.iter().zip(["v0", "a0"]) {
            assert!(played(&server, id).await == file(&track.file), "{encoding:?} {}", track.file);
        }
    }
}
