//! A broadcast against a server that records it.

mod uplink;

use std::time::Duration;

use roomcast_client::{Error, Input, Publish, Summary, publish};
use roomcast_protocol::id::RoomId;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::media::MediaFile;
use crate::server::{Peer, Request, Server, with_timeout};

const INGEST: &str = "/rooms/demo/data";

fn options(server: &Server, media: &MediaFile) -> Publish {
    let mut options = Publish::new(&server.url, RoomId::parse("demo").unwrap(), Input::from(media.0.clone()));
    options.segment_target = Duration::from_millis(300);
    options.part_target = Duration::from_millis(100);
    options.target_duration = Some(Duration::from_secs(1));
    options
}

/// A running broadcast, seen from the server.
struct OnAir {
    server: Server,
    peer: Peer,
    run: JoinHandle<Result<Summary, Error>>,
    stop: Option<oneshot::Sender<()>>,
}

impl OnAir {
    /// Joins; the room holds this playlist from earlier.
    async fn start(media: &MediaFile, earlier: Option<&str>) -> Self {
        let mut air = Self::join(media, publisher("t1")).await;
        air.answer_playlist("main", earlier).await;
        air
    }

    async fn join(media: &MediaFile, ack: Value) -> Self {
        let mut server = Server::start().await;
        let options = options(&server, media);
        let (stop, stopped) = oneshot::channel();
        let stopped = async { stopped.await.unwrap_or_default() };
        let run = tokio::spawn(async { publish::run(options, stopped, |_| {}).await });
        let mut peer = server.socket().await;
        let join = &peer.signal().await["data"];
        assert_eq!((&join["ch"], &join["ve"], &join["ae"]), (&json!("p2m"), &json!(true), &json!(false)));
        peer.welcome(ack).await;
        Self { server, peer, run, stop: Some(stop) }
    }

    async fn answer_playlist(&mut self, id: &str, playlist: Option<&str>) {
        let request = self.server.request().await;
        assert_eq!(request.path, format!("/live/demo/{id}/v0/playlist.m3u8"));
        request.answer(if playlist.is_some() { 200 } else { 404 }, playlist.unwrap_or_default());
    }

    async fn upload(&mut self) -> Request {
        let request = self.server.request().await;
        assert_eq!(request.path, INGEST);
        request
    }

    /// Accepts the next data signal.
    async fn accepted(&mut self) -> Value {
        let request = self.upload().await;
        let signal = request.json();
        request.acknowledge(200, 200);
        signal
    }

    /// Accepts everything up to the end of the stream.
    async fn accept_all(&mut self) -> Vec<Value> {
        let mut signals = Vec::new();
        while signals.last().is_none_or(|signal: &Value| signal["action"] != "endStream") {
            signals.push(self.accepted().await);
        }
        signals
    }

    async fn end(self) -> Result<Summary, Error> {
        with_timeout(self.run).await.unwrap()
    }
}

fn publisher(token: &str) -> Value {
    json!({"hls": {"ingest": {"url": INGEST, "token": token, "expires": 0}, "playlists": []}})
}

fn actions(signals: &[Value]) -> String {
    let letter = |signal: &Value| match signal["action"].as_str() {
        Some("updateVariant") => 'V',
        Some("updatePart") => 'p',
        Some("updateSegment") => 'S',
        _ => 'E',
    };
    let map = |signal: &Value| signal["payload"]["segment"]["map"]["id"].clone();
    // A repeated declaration with the same map corrects measured values; it is no new variant.
    let corrects =
        |place: usize| place > 0 && letter(&signals[place]) == 'V' && map(&signals[place]) == map(&signals[place - 1]);
    (0..signals.len()).filter(|place| !corrects(*place)).map(|place| letter(&signals[place])).collect()
}

fn parts(signals: &[Value]) -> Vec<&Value> {
    signals.iter().filter(|signal| signal["action"] == "updatePart").map(|signal| &signal["payload"]).collect()
}

#[tokio::test]
async fn a_server_that_takes_no_multipart_gets_json_from_then_on() {
    let media = MediaFile::new(1);
    let mut air = OnAir::start(&media, None).await;
    let first = air.upload().await;
    assert!(first.content_type.starts_with("multipart/form-data; boundary="), "{}", first.content_type);
    first
        .answer(400, json!({"c": 2001, "s": "UNKNOWN", "b": {"msg": "a data signal is application/json"}}).to_string());
    let mut accepted = Vec::new();
    while actions(&accepted) != "VpppSE" {
        let request = air.upload().await;
        assert_eq!(request.content_type, "application/json");
        accepted.push(request.json());
        request.acknowledge(200, 200);
    }
    let map = accepted[0]["payload"]["segment"]["map"]["data"].as_str().unwrap();
    assert!(!map.is_empty());
    assert_eq!(air.peer.busy_signal().await["action"], "leave");
    air.end().await.unwrap();
}

#[tokio::test]
async fn a_file_becomes_parts_and_segments_and_an_end() {
    let media = MediaFile::new(3);
    let mut air = OnAir::start(&media, None).await;
    let signals = air.accept_all().await;
    assert_eq!(actions(&signals), "VpppSpppSpppSE");
    let variant = &signals[0]["payload"]["variant"];
    assert_eq!((&variant["resolution"], &variant["frameRate"]), (&json!("64x36"), &json!(30.0)));
    assert_eq!((&variant["targetDuration"], &variant["targetPartDuration"]), (&json!(1.0), &json!(0.1)));
    let ids: Vec<_> = parts(&signals).iter().map(|part| part["part"]["id"].as_str().unwrap_or_default()).collect();
    assert_eq!(ids[..4], ["p0.m4s", "p1.m4s", "p2.m4s", "p3.m4s"]);
    assert!(parts(&signals).iter().all(|part| part["segment"].get("discontinuity").is_none()));
    assert_eq!(air.peer.busy_signal().await["action"], "leave");
    let summary = air.end().await.unwrap();
    assert_eq!((summary.progress.parts, summary.progress.segments, summary.stopped), (9, 3, false));
    assert_eq!(summary.progress.media_time, Duration::from_millis(900));
}

#[tokio::test]
async fn an_earlier_run_is_continued_behind_a_discontinuity() {
    let earlier = "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:41\n#EXT-X-MAP:URI=\"init-3.mp4\"\n#EXTINF:1,\ns41.m4s\n\
                   #EXT-X-PART:DURATION=0.1,URI=\"p7.m4s\"\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"p8.m4s\"\n";
    let media = MediaFile::new(2);
    let mut air = OnAir::start(&media, Some(earlier)).await;
    let signals = air.accept_all().await;
    assert_eq!(signals[0]["payload"]["segment"]["map"]["id"], "init-4.mp4");
    let parts = parts(&signals);
    let first = &parts[0]["segment"];
    assert_eq!((&first["sequence"], &first["discontinuity"]), (&json!(43), &json!(true)));
    assert_eq!((&parts[0]["part"]["id"], &first["map"]["id"]), (&json!("p8.m4s"), &json!("init-4.mp4")));
    assert_eq!(parts[3]["segment"].get("discontinuity"), None);
}

#[tokio::test]
async fn a_jump_of_timestamps_is_a_discontinuity_with_numbers_that_go_on() {
    let media = MediaFile::with([0, 500]);
    let mut air = OnAir::start(&media, None).await;
    let signals = air.accept_all().await;
    assert_eq!(actions(&signals), "VpppSpppSE");
    let second = &parts(&signals)[3];
    assert_eq!((&second["segment"]["sequence"], &second["segment"]["discontinuity"]), (&json!(1), &json!(true)));
    assert_eq!(second["part"]["id"], "p3.m4s");
}

#[tokio::test]
async fn a_refused_token_is_replaced_by_joining_again() {
    let media = MediaFile::new(1);
    let mut air = OnAir::start(&media, None).await;
    let variant = air.upload().await;
    let id = variant.json()["id"].clone();
    assert_eq!(variant.bearer, "t1");
    variant.acknowledge(4041, 401);
    assert_eq!(air.peer.busy_signal().await["action"], "join");
    let mut ack = publisher("t2");
    ack["resumed"] = json!(true);
    air.peer.welcome(ack).await;
    let again = air.upload().await;
    assert_eq!((&again.bearer[..], &again.json()["id"]), ("t2", &id));
    again.acknowledge(200, 200);
    air.accept_all().await;
    assert!(air.end().await.is_ok());
}

#[tokio::test]
async fn a_track_that_the_server_lost_is_made_again() {
    let media = MediaFile::new(1);
    let mut air = OnAir::start(&media, None).await;
    air.accepted().await;
    air.upload().await.acknowledge(4005, 404);
    assert_eq!(actions(&air.accept_all().await), "VpppSE");
}

#[tokio::test]
async fn a_server_that_fails_for_a_moment_gets_the_signal_again() {
    let media = MediaFile::new(1);
    let mut air = OnAir::start(&media, None).await;
    air.upload().await.answer(502, "<html>");
    air.upload().await.acknowledge(4026, 409);
    assert_eq!(actions(&air.accept_all().await), "pppSE");
    assert!(air.end().await.is_ok());
}

#[tokio::test]
async fn a_refused_signal_ends_the_broadcast_with_the_servers_sentence() {
    let media = MediaFile::new(1);
    let mut air = OnAir::start(&media, None).await;
    air.upload().await.acknowledge(2001, 400);
    assert_eq!(air.peer.busy_signal().await["action"], "leave");
    let error = air.end().await.unwrap_err();
    assert!(error.to_string().contains("said the server"), "{error}");
}

#[tokio::test]
async fn whoever_is_no_publisher_is_told_so() {
    let media = MediaFile::new(1);
    let air = OnAir::join(&media, json!({"pt": "viewer", "hls": {"playlists": []}})).await;
    assert!(matches!(air.end().await, Err(Error::AnotherPublisher(_))));
}

#[tokio::test]
async fn a_closed_room_ends_the_broadcast() {
    let media = MediaFile::new(100);
    let mut air = OnAir::start(&media, None).await;
    air.accepted().await;
    air.peer.say(json!({"c": 200, "s": "ROOM_CLOSED", "b": {"rid": "demo", "reason": "admin"}})).await;
    let server = async {
        loop {
            air.server.request().await.acknowledge(200, 200)
        }
    };
    let error =
        tokio::select! { ended = with_timeout(air.run) => ended.unwrap().unwrap_err(), () = server => unreachable!() };
    assert!(matches!(error, Error::RoomClosed(_)));
}

#[tokio::test]
async fn whoever_stops_flushes_the_open_segment_and_ends_the_stream() {
    let media = MediaFile::new(1000);
    let mut air = OnAir::start(&media, None).await;
    air.accepted().await;
    air.accepted().await;
    air.stop.take().unwrap().send(()).unwrap();
    let signals = air.accept_all().await;
    assert!(actions(&signals).ends_with("SE"));
    assert_eq!(air.peer.busy_signal().await["action"], "leave");
    assert!(air.end().await.unwrap().stopped);
}
