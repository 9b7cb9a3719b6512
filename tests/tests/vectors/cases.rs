//! The requests of `exchanges.json`, in order, and the status that each is about.

use std::collections::BTreeMap;

use roomcast_protocol::schema::recorded::exchanges::{Body, Media, Request};
use roomcast_protocol::schema::recorded::media::{MediaPart, MediaRange, MediaTrack};
use serde_json::{Value, json};

use crate::media::vectors;
use crate::playback::declared;

const DATA: &str = "/rooms/demo/data";
const MULTIVARIANT: &str = "/live/demo/main/playlist.m3u8";
const PLAYLIST: &str = "/live/demo/main/v0/playlist.m3u8";
const PART: &str = "/live/demo/main/v0/p0.m4s";
const PUSHED: &str = "/rooms/pushed/ingest/main/video";
const NOON: u64 = 1_732_287_600_000;
const PAGE: &str = "https://page.example";

/// The part of a response's body that is recorded.
#[derive(Debug)]
pub enum Tells {
    /// Nothing.
    Nothing,
    /// Its JSON.
    Json,
    /// Its text.
    Text,
    /// The fact that the body is this media.
    Media(Media),
}

/// A request, and what of the response is recorded.
#[derive(Debug)]
pub struct Case {
    pub name: &'static str,
    pub request: Request,
    pub status: u16,
    pub headers: &'static [&'static str],
    pub tells: Tells,
}

impl Case {
    fn new(name: &'static str, status: u16, method: &str, path: &str) -> Self {
        let request = Request { method: method.into(), path: path.into(), headers: BTreeMap::new(), body: None };
        Self { name, request, status, headers: &[], tells: Tells::Nothing }
    }

    fn get(name: &'static str, status: u16, path: &str) -> Self {
        Self::new(name, status, "GET", path)
    }

    fn with(mut self, header: &str, value: &str) -> Self {
        self.request.headers.insert(header.into(), value.into());
        self
    }

    fn body(mut self, body: Body) -> Self {
        self.request.body = Some(body);
        self
    }

    fn told(mut self, headers: &'static [&'static str], tells: Tells) -> Self {
        (self.headers, self.tells) = (headers, tells);
        self
    }

    /// A data signal with the token.
    fn upload(name: &'static str, status: u16, body: Body) -> Self {
        let json = body.part.is_none();
        let case = Self::new(name, status, "POST", DATA).with("authorization", "Bearer {ingestToken}").body(body);
        let case = if json { case.with("content-type", "application/json") } else { case };
        case.told(&["content-type"], Tells::Json)
    }
}

/// The files, and how they are uploaded.
struct Broadcast {
    tracks: Vec<MediaTrack>,
}

fn media(track: &MediaTrack, range: &MediaRange) -> Media {
    Media { file: track.file.clone(), offset: range.offset, length: range.length }
}

fn signal(action: &str, numbytes: u64, payload: &Value) -> Value {
    json!({ "action": action, "version": 1, "id": "67e55044-10b1-426f-9247-bb680e5fe0c8", "timestamp": NOON.to_string(),
        "numbytes": numbytes, "payload": payload })
}

/// As `application/json`.
fn in_json(mut body: Body, pointer: &str) -> Body {
    body.base64_at = Some(pointer.into());
    body
}

/// As `multipart/form-data`.
fn in_form(mut body: Body, part: &str) -> Body {
    body.part = Some(part.into());
    body
}

impl Broadcast {
    fn video(&self) -> &MediaTrack {
        &self.tracks[0]
    }

    fn declaring(&self, track: usize) -> Body {
        let (track, video, audio) = (&self.tracks[track], &self.tracks[0], &self.tracks[1]);
        let (member, _, action, declared) = declared(track, video, audio);
        let payload =
            json!({ "playlist": { "id": "main" }, member: declared, "segment": { "map": { "id": "init.mp4" } } });
        let map = media(track, &track.map);
        in_json(
            Body { json: Some(signal(action, map.length, &payload)), media: Some(map), ..Body::default() },
            "/payload/segment/map/data",
        )
    }

    fn part_of(&self, part: &MediaPart, segment: u64, index: u64) -> Body {
        let payload = json!({ "playlist": { "id": "main" }, "variant": { "id": "v0" },
            "segment": { "id": format!("s{segment}.m4s"), "sequence": segment, "programDateTime": NOON + segment * 1000 },
            "part": { "id": format!("p{}.m4s", segment * 3 + index), "sequence": index, "duration": part.duration,
                "independent": part.independent } });
        let bytes = media(self.video(), &part.bytes);
        Body { json: Some(signal("updatePart", bytes.length, &payload)), media: Some(bytes), ..Body::default() }
    }

    /// A segment of the rendition, whole.
    fn sound(&self, segment: usize) -> Body {
        let (track, found) = (&self.tracks[1], &self.tracks[1].segments[segment]);
        let payload = json!({ "playlist": { "id": "main" }, "rendition": { "id": "a0" }, "segment": { "id": format!("s{segment}.m4s"),
            "sequence": segment, "duration": found.duration, "programDateTime": NOON + segment as u64 * 1000 } });
        let bytes = media(track, &found.bytes);
        Body { json: Some(signal("updateSegment", bytes.length, &payload)), media: Some(bytes), ..Body::default() }
    }

    /// Part `index` of a segment, as it is.
    fn part(&self, segment: usize, index: usize) -> Body {
        self.part_of(&self.video().segments[segment].parts[index], segment as u64, index as u64)
    }
}

/// Every case.
pub fn all() -> Vec<Case> {
    let broadcast = Broadcast { tracks: vectors().tracks };
    let groups = [
        declaring(&broadcast),
        uploading(&broadcast),
        reloading(),
        reading(&broadcast),
        beside(),
        ending(&broadcast),
        pushing(&broadcast),
    ];
    groups.into_iter().flatten().collect()
}

fn declaring(broadcast: &Broadcast) -> Vec<Case> {
    let refused = |name, token: Option<&str>| {
        let case =
            Case::new(name, 401, "POST", DATA).with("content-type", "application/json").body(broadcast.declaring(0));
        let case = token.into_iter().fold(case, |case, token| case.with("authorization", token));
        case.told(&["content-type"], Tells::Json)
    };
    vec![
        refused("an upload without a token", None),
        refused("an upload with another token", Some("Bearer guess")),
        Case::upload("a rendition before any variant", 404, broadcast.declaring(1)),
        Case::upload("a part before any variant", 404, in_json(broadcast.part(0, 0), "/payload/part/data")),
        Case::upload("a variant, in JSON", 200, broadcast.declaring(0)),
        Case::upload("the same again changes nothing", 200, broadcast.declaring(0)),
        Case::upload("its rendition", 200, broadcast.declaring(1)),
    ]
}

fn uploading(broadcast: &Broadcast) -> Vec<Case> {
    let json = |body| in_json(body, "/payload/part/data");
    let form = |body| in_form(body, "data");
    let dependent = broadcast.part_of(&broadcast.video().segments[0].parts[1], 0, 0);
    let other = broadcast.part_of(&broadcast.video().segments[1].parts[0], 0, 0);
    let mut miscounted = broadcast.part(0, 1);
    if let Some(signal) = &mut miscounted.json {
        signal["numbytes"] = json!(7);
    }
    let huge = Body { zeros: Some(300 * 1024), ..Body::default() };
    vec![
        Case::upload("the first part of a segment is independent", 400, json(dependent)),
        Case::upload("a part, in JSON", 200, json(broadcast.part(0, 0))),
        Case::upload("a part, as a form", 200, form(broadcast.part(0, 1))),
        Case::upload("a part again, in the other encoding, changes nothing", 200, form(broadcast.part(0, 0))),
        Case::upload("other bytes for a part", 409, form(other)),
        Case::upload("`numbytes` that does not count the bytes", 400, form(miscounted)),
        Case::upload("no data signal", 400, Body { json: Some(json!({})), ..Body::default() }),
        Case::upload("an upload that is too large", 413, huge),
        Case::upload("the last part of the segment", 200, form(broadcast.part(0, 2))),
        Case::upload("the first part of the next segment", 200, json(broadcast.part(1, 0))),
        Case::get("the multivariant playlist, while its rendition has no media", 404, MULTIVARIANT),
        Case::upload("a whole segment of the rendition", 200, form(broadcast.sound(0))),
    ]
}

fn reloading() -> Vec<Case> {
    let text = |name, path: &str| Case::get(name, 200, path).told(&["content-type", "cache-control"], Tells::Text);
    let refused = |name, status, query: &str| {
        Case::get(name, status, &format!("{PLAYLIST}?{query}")).told(&["content-type"], Tells::Json)
    };
    vec![
        text("the media playlist", PLAYLIST),
        text("a reload for a part that is listed", &format!("{PLAYLIST}?_HLS_msn=1&_HLS_part=0")),
        refused("a reload too far ahead", 400, "_HLS_msn=9"),
        refused("a reload for a part of no segment", 400, "_HLS_part=1"),
        refused("a reload with a number that is none", 400, "_HLS_msn=x"),
        refused("a reload for a part that does not come within three target durations", 503, "_HLS_msn=1&_HLS_part=1"),
        Case::get("a playlist that is not there", 404, "/live/demo/other/playlist.m3u8")
            .told(&["content-type"], Tells::Nothing),
    ]
}

fn reading(broadcast: &Broadcast) -> Vec<Case> {
    let part = &broadcast.video().segments[0].parts[0].bytes;
    let whole = media(broadcast.video(), part);
    let range = Media { offset: whole.offset + 100, length: 100, ..whole.clone() };
    let length: &[&str] = &["content-type", "content-length", "accept-ranges", "cache-control"];
    vec![
        Case::get("a part", 200, PART).told(length, Tells::Media(whole)),
        Case::get("a part that did not change", 304, PART).with("if-none-match", "{etag}"),
        Case::get("some bytes of a part", 206, PART)
            .with("range", "bytes=100-199")
            .told(&["content-range", "content-length"], Tells::Media(range)),
        Case::get("bytes beyond a part", 416, PART)
            .with("range", "bytes=1000000-")
            .told(&["content-range"], Tells::Nothing),
        Case::new("the head of a part", 200, "HEAD", PART).told(length, Tells::Nothing),
        Case::get("a segment, whose bytes are those of its parts", 200, "/live/demo/main/v0/s0.m4s")
            .told(&["content-type"], Tells::Media(media(broadcast.video(), &broadcast.video().segments[0].bytes))),
        Case::get("the initialization section", 200, "/live/demo/main/v0/init.mp4")
            .told(&["content-type"], Tells::Media(media(broadcast.video(), &broadcast.video().map))),
        Case::get("media that is not there", 404, "/live/demo/main/v0/other.m4s"),
    ]
}

fn beside() -> Vec<Case> {
    let preflight = |name, path: &str, method: &str| {
        let case =
            Case::new(name, 204, "OPTIONS", path).with("origin", PAGE).with("access-control-request-method", method);
        case.told(&["access-control-allow-origin", "access-control-allow-methods"], Tells::Nothing)
    };
    vec![
        preflight("a page of another origin asks whether it may upload", DATA, "POST")
            .with("access-control-request-headers", "authorization,content-type"),
        preflight("and whether it may play", PLAYLIST, "GET"),
        Case::get("it plays", 200, PLAYLIST)
            .with("origin", PAGE)
            .told(&["access-control-allow-origin"], Tells::Nothing),
        Case::new("a method that an address has not", 405, "DELETE", PLAYLIST).told(&["allow"], Tells::Json),
        Case::get("a server without a key wants no token", 200, "/auth/check").told(&["content-type"], Tells::Json),
        Case::get("a file of the published schema", 200, "/schema/codes.json")
            .told(&["content-type", "cache-control"], Tells::Nothing),
        Case::get("no file of the published schema", 404, "/schema/other.json").told(&["content-type"], Tells::Nothing),
        Case::get("the same, for a browser", 404, "/schema/other.json")
            .with("accept", "text/html")
            .told(&["content-type"], Tells::Nothing),
        Case::get("the folder of the schema without its slash", 308, "/schema").told(&["location"], Tells::Nothing),
        Case::get("the WebSocket's address without a handshake", 426, "/ws")
            .told(&["upgrade", "sec-websocket-version"], Tells::Json),
    ]
}

fn ending(broadcast: &Broadcast) -> Vec<Case> {
    let end = Body { json: Some(signal("endStream", 0, &json!({ "playlist": { "id": "main" } }))), ..Body::default() };
    vec![
        Case::upload("the end", 200, end.clone()),
        Case::upload("the end again", 200, end),
        Case::upload("a part after the end", 409, in_form(broadcast.part(1, 1), "data")),
        Case::get("the media playlist after the end", 200, PLAYLIST)
            .told(&["content-type", "cache-control"], Tells::Text),
        Case::get("the multivariant playlist", 200, MULTIVARIANT).told(&["content-type", "cache-control"], Tells::Text),
    ]
}

fn pushing(broadcast: &Broadcast) -> Vec<Case> {
    let video = broadcast.video();
    let last = &video.segments[video.segments.len() - 1].bytes;
    let whole = Media { file: video.file.clone(), offset: 0, length: last.offset + last.length };
    let push =
        |name, status, body| Case::new(name, status, "PUT", PUSHED).body(body).told(&["content-type"], Tells::Json);
    let of = |media| Body { media: Some(media), ..Body::default() };
    vec![
        push("a push that begins without an initialization section", 412, of(media(video, &video.segments[0].bytes))),
        push("a push of what is no fragmented MP4", 415, Body { zeros: Some(64), ..Body::default() }),
        push("a push of a whole track", 200, of(whole)),
        Case::new("what a muxer tidies up", 200, "DELETE", PUSHED).told(&["content-type"], Tells::Json),
    ]
}
