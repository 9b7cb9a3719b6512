//! All nodes behind nginx are replaced one by one, and then Redis comes back empty: calls, groups and broadcasts go on.

use std::time::{Duration, Instant};

use roomcast_tests::broadcast::{data_signal, get, part_bytes, part_payload, variant_payload};
use roomcast_tests::member::{Memory, SentSignals, State, TestMember, Who, all_know};
use roomcast_tests::nginx::Nginx;
use roomcast_tests::with_timeout;
use serde_json::{Value, json};

use super::scene::{Scene, nobody_is_missing};

const CALL: [&str; 2] = ["ann-1", "bob-1"];
const GROUP: [&str; 5] = ["carl-1", "dave-1", "eve-1", "finn-1", "gus-1"];
const PLAYLIST: &str = "/live/tv/main/v0/playlist.m3u8";

/// A member that numbers what it says, wherever nginx leads it.
struct Guest(Option<TestMember>);

impl Guest {
    async fn join(nginx: &Nginx, name: &str, room_type: &'static str, room: &str, creating: bool) -> Self {
        let who = Who::new(name, room_type).in_room(room);
        let memory = Memory { who, state: State::of(Some(SentSignals::new())) };
        let mut guest = Self(None);
        guest.come(nginx, memory, json!({"roomCreating": creating})).await;
        guest
    }

    /// Joins as soon as a node lets it.
    async fn come(&mut self, nginx: &Nginx, memory: Memory, options: Value) {
        let come = async {
            loop {
                let (memory, options) = (memory.clone(), options.clone());
                let asked = TestMember::attempt(&nginx.address, memory, options, Duration::from_secs(10)).await;
                if let Ok(Ok(member)) = asked {
                    return member;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        self.0 = Some(with_timeout("a node to let it in", come).await);
    }

    fn member(&self) -> &TestMember {
        self.0.as_ref().expect("it is in")
    }

    /// Comes back as the member that it was, if its connection was closed.
    async fn come_back(&mut self, nginx: &Nginx) {
        if self.member().is_open() {
            return;
        }
        assert_eq!(self.member().look(|state| state.closed), Some(1012));
        let memory = self.0.take().expect("it is in").lose();
        let options = json!({"roomCreating": false, "resumeFrom": memory.state.last_number()});
        self.come(nginx, memory, options).await;
        let ack = self.member().look(|state| state.named("JOIN").next_back().cloned()).unwrap_or_default();
        assert_eq!(ack["b"]["resumed"], true, "{ack}");
    }
}

/// A call, a group and the streamer of a broadcast, all behind nginx.
struct Guests {
    all: Vec<Guest>,
    said: u64,
}

impl Guests {
    async fn gather(nginx: &Nginx) -> Self {
        let mut all = Vec::new();
        for (index, session) in CALL.into_iter().enumerate() {
            all.push(Guest::join(nginx, session.trim_end_matches("-1"), "p2p", "call", index == 0).await);
        }
        for (index, session) in GROUP.into_iter().enumerate() {
            let guest = Guest::join(nginx, session.trim_end_matches("-1"), "m2m", "group", index == 0).await;
            all.push(guest);
            if index > 0 {
                let to = json!({"to": session.trim_end_matches("-1")});
                all[2].member().say("publishAccept", "PUBLISH_ACCEPT", to);
                let known: Vec<&TestMember> = all[2..].iter().map(Guest::member).collect();
                all_know(&known, &GROUP[..=index]).await;
            }
        }
        all.push(Guest::join(nginx, "hal", "p2m", "tv", true).await);
        Self { all, said: 0 }
    }

    fn members(&self) -> Vec<&TestMember> {
        self.all.iter().map(Guest::member).collect()
    }

    fn streamer(&self) -> &TestMember {
        self.all[7].member()
    }

    /// Everybody says something to the next in its room, and hears it once.
    async fn talk(&mut self) {
        let (from, to) = (self.said, self.said + 5);
        self.said = to;
        let members = self.members();
        let pairs = [(0, 1), (1, 0), (2, 3), (3, 4), (4, 5), (5, 6), (6, 2)];
        for (speaker, hearer) in pairs {
            members[speaker].relay(&members[hearer].who, from..to);
        }
        let heard = pairs.map(|(speaker, hearer)| hears_once(members[hearer], members[speaker], to));
        futures_util::future::join_all(heard).await;
    }

    /// The members that were closed come back, all at once.
    async fn come_back(&mut self, nginx: &Nginx) {
        futures_util::future::join_all(self.all.iter_mut().map(|guest| guest.come_back(nginx))).await;
    }

    fn nobody_left_since(&self, then: Instant) {
        let members = self.members();
        members[..2].iter().for_each(|member| member.look(|state| nobody_is_missing(state, then, &CALL)));
        members[2..7].iter().for_each(|member| member.look(|state| nobody_is_missing(state, then, &GROUP)));
    }
}

/// Waits for all numbers below this one from a member, in order; what repeats a signal that was had counts not.
async fn hears_once(hearer: &TestMember, speaker: &TestMember, below: u64) {
    let session = &speaker.who.session;
    let numbers = |state: &State| {
        let new = state.heard.iter().filter(|heard| !heard.repeated && heard.value["ss"]["sessionId"] == **session);
        new.filter_map(|heard| heard.value["sdp"].as_str()?.parse().ok()).collect::<Vec<u64>>()
    };
    let state = hearer.until("all that was said", |state| numbers(state).contains(&(below - 1))).await;
    assert_eq!(numbers(&state), (0..below).collect::<Vec<_>>(), "{} of {session}", hearer.who.session);
}

/// Uploads through nginx, again for as long as it is answered with 503.
async fn upload(nginx: &Nginx, streamer: &TestMember, action: &str, (numbytes, payload): (usize, Value)) {
    let token = streamer.look(|state| {
        let ack = state.named("JOIN").next_back().cloned().unwrap_or_default();
        ack["b"]["hls"]["ingest"]["token"].as_str().expect("an ingest token").to_owned()
    });
    let body = data_signal(action, numbytes, payload).to_string();
    let taken = async {
        loop {
            let request = reqwest::Client::new().post(nginx.url("/rooms/tv/data")).bearer_auth(&token);
            let request = request.header("content-type", "application/json").body(body.clone());
            let answer = request.send().await.expect("nginx answers");
            match answer.status().as_u16() {
                200 => return,
                502 | 503 => tokio::time::sleep(Duration::from_millis(50)).await,
                other => panic!("{action}: {other} {}", answer.text().await.unwrap_or_default()),
            }
        }
    };
    with_timeout("the upload to be taken", taken).await;
}

/// Uploads a segment, and reads its parts and the initialization section by the playlist of everybody's address.
async fn broadcast(nginx: &Nginx, guests: &Guests, sequence: u64) {
    for index in 0..2 {
        upload(nginx, guests.streamer(), "updatePart", part_payload("main", sequence, index)).await;
    }
    let name = format!("p{}.m4s", sequence * 2 + 1);
    let listed = async {
        loop {
            let text = get(&nginx.url(PLAYLIST)).await.text().await.expect("text");
            if text.contains(&format!("{name}\"")) {
                return text;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let playlist = with_timeout("the part to be listed", listed).await;
    let map = playlist.split_once("#EXT-X-MAP:URI=\"").and_then(|(_, rest)| rest.split('"').next());
    let map = map.unwrap_or_else(|| panic!("{playlist}")).to_owned();
    for (name, content) in [(map, b"init".to_vec()), (name, part_bytes(sequence, 1))] {
        let response = get(&nginx.url(&format!("/live/tv/main/v0/{name}"))).await;
        assert_eq!(response.status(), 200, "{name}");
        assert_eq!(response.bytes().await.expect("a body"), content, "{name}");
    }
}

#[tokio::test]
async fn nobody_notices_that_all_nodes_are_replaced_and_redis_comes_back_empty() {
    let mut scene = Scene::start().await;
    let nginx = Nginx::start(&scene.nodes).await;
    let mut guests = Guests::gather(&nginx).await;
    for place in 0..scene.nodes.count() {
        assert!(scene.nodes[place].metric("roomcast_connections").await >= 2.0, "the members are on all nodes");
    }
    let then = Instant::now();
    upload(&nginx, guests.streamer(), "updateVariant", variant_payload("main")).await;
    broadcast(&nginx, &guests, 0).await;
    guests.talk().await;
    for place in 0..scene.nodes.count() {
        scene.nodes[place].terminate().await;
        assert!(scene.nodes[place].ended().await.success());
        guests.come_back(&nginx).await;
        guests.talk().await;
        let sequence = u64::try_from(place).expect("few") + 1;
        broadcast(&nginx, &guests, sequence).await;
        scene.nodes.restart(place).await;
        nginx.reread(&scene.nodes).await;
    }
    guests.nobody_left_since(then);

    scene.redis.restart().await;
    guests.talk().await;
    scene.nodes.become_ready(true).await;
    for sequence in 4..6 {
        broadcast(&nginx, &guests, sequence).await;
    }
    for node in 0..scene.nodes.count() {
        let init = get(&scene.nodes[node].url("/live/tv/main/v0/init.mp4")).await;
        assert_eq!(init.status(), 200, "at node {node}");
    }
    let late = Guest::join(&nginx, "ivy", "m2m", "group", false).await;
    late.member().until_list(&GROUP).await;
    guests.talk().await;
    guests.nobody_left_since(then);
    guests.members().iter().for_each(|member| assert!(member.is_open(), "{member:?}"));
}
