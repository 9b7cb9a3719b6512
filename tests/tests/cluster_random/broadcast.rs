//! A streamer that uploads through any node, and a viewer that reads playlists of any node and fetches all they name.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use roomcast_checker::Event;
use roomcast_tests::broadcast::{data_signal, part_payload, variant_payload};
use roomcast_tests::member::{Memory, State, TestMember, Who};
use serde_json::{Value, json};

use super::fault_injector::Addresses;
use super::record::Record;
use super::rng::Rng;

const ROOM: &str = "live";
/// Timeout of an answer.
const ANSWER: Duration = Duration::from_secs(5);
/// Between uploads.
const PACE: Duration = Duration::from_millis(100);
/// Uploads refused one after the other, behind which the streamer asks for its place again.
const PATIENT: u32 = 20;

/// The playlist that is streamed to at present, and how many parts it has.
#[derive(Debug, Clone, Default)]
pub struct Stream(Arc<Mutex<(u32, u64)>>);

impl Stream {
    /// Its playlist.
    pub fn path(&self) -> String {
        format!("/live/{ROOM}/{}/v0/playlist.m3u8", self.name())
    }

    fn name(&self) -> String {
        format!("main{}", self.lock().0)
    }

    /// The segment and the part that came last.
    pub fn last(&self) -> (u64, u64) {
        let parts = self.lock().1;
        (parts.saturating_sub(1) / 2, parts.saturating_sub(1) % 2)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, (u32, u64)> {
        self.0.lock().expect("nobody panics with it")
    }
}

/// Asks for a resource, and gives the status and the text; nothing when no answer comes.
pub async fn get(http: &reqwest::Client, address: &str, path: &str) -> Option<(u16, String)> {
    let answer = http.get(format!("http://{address}{path}")).timeout(ANSWER).send().await.ok()?;
    let status = answer.status().as_u16();
    Some((status, answer.text().await.ok()?))
}

/// Addresses that a playlist names, relative to it; not those that are hinted, nor gaps.
pub fn named(playlist: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut gap = false;
    for line in playlist.lines() {
        let quoted = || line.split_once("URI=\"").and_then(|(_, rest)| rest.split('"').next());
        match line {
            "#EXT-X-GAP" => gap = true,
            _ if line.starts_with("#EXT-X-MAP") => names.extend(quoted().map(str::to_owned)),
            _ if line.starts_with("#EXT-X-PART:") && !line.contains("GAP=YES") => {
                names.extend(quoted().map(str::to_owned));
            }
            _ if line.starts_with('#') || line.is_empty() => {}
            _ if std::mem::take(&mut gap) => {}
            segment => _ = names.insert(segment.to_owned()),
        }
    }
    names
}

/// The segments of a playlist, by their number.
fn segments(playlist: &str) -> Vec<(u64, String)> {
    let first = playlist.lines().find_map(|line| line.strip_prefix("#EXT-X-MEDIA-SEQUENCE:")?.parse().ok());
    let names = playlist.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    (first.unwrap_or(0)..).zip(names.map(str::to_owned)).collect()
}

pub struct Streamer {
    record: Arc<Record>,
    addresses: Addresses,
    rng: Rng,
    stream: Stream,
    http: reqwest::Client,
    memory: Memory,
    member: Option<TestMember>,
    token: String,
    /// The variant is to be declared before anything else.
    fresh: bool,
    refused: u32,
}

impl Streamer {
    pub fn new(record: Arc<Record>, addresses: Addresses, stream: Stream, rng: Rng) -> Self {
        let memory = Memory { who: Who::new("streamer", "p2m").in_room(ROOM), state: State::default() };
        let http = reqwest::Client::new();
        let (token, fresh) = (String::new(), true);
        Self { record, addresses, rng, stream, http, memory, member: None, token, fresh, refused: 0 }
    }

    /// Until the end of the run. The holder of `turn` may look at a stream that stands still.
    pub async fn live(mut self, turn: Arc<tokio::sync::Mutex<()>>) {
        while !self.record.is_over() {
            let turn = turn.lock().await;
            if self.member.as_ref().is_none_or(|member| !member.is_open()) || self.refused > PATIENT {
                self.join().await;
            } else {
                self.upload().await;
            }
            drop(turn);
            tokio::time::sleep(PACE).await;
        }
    }

    async fn join(&mut self) {
        if let Some(member) = self.member.take() {
            self.memory = member.lose();
        }
        let address = any(&self.addresses, &mut self.rng);
        let from = self.memory.state.last_number();
        let mut asked = TestMember::attempt(&address, self.memory.clone(), join(false, from), ANSWER).await;
        if matches!(&asked, Ok(Err(ack)) if ack["c"] == 4001) {
            // It is another room now, with another stream.
            asked = TestMember::attempt(&address, self.memory.clone(), join(true, from), ANSWER).await;
            if matches!(&asked, Ok(Ok(_))) {
                let mut stream = self.stream.lock();
                *stream = (stream.0 + 1, 0);
                self.fresh = true;
            }
        }
        let Ok(Ok(member)) = asked else { return };
        let token = member.look(|state| {
            let ack = state.named("JOIN").next_back()?;
            Some(ack["b"]["hls"]["ingest"]["token"].as_str()?.to_owned())
        });
        self.refused = 0;
        match token {
            Some(token) => {
                self.token = token;
                self.member = Some(member);
            }
            // It has lost its place, which nobody else has: the room ends without it.
            None => member.say("leave", "LEAVE", json!({})),
        }
    }

    async fn upload(&mut self) {
        let (name, parts) = (self.stream.name(), self.stream.lock().1);
        let (action, (numbytes, payload)) = match self.fresh {
            true => ("updateVariant", variant_payload(&name)),
            false => ("updatePart", part_payload(&name, parts / 2, parts % 2)),
        };
        let address = any(&self.addresses, &mut self.rng);
        let signal = data_signal(action, numbytes, payload).to_string();
        let post = self.http.post(format!("http://{address}/rooms/{ROOM}/data")).bearer_auth(&self.token);
        let post = post.header("content-type", "application/json").body(signal).timeout(ANSWER);
        match post.send().await {
            Ok(answer) if answer.status() == 200 => {
                self.refused = 0;
                if !std::mem::take(&mut self.fresh) {
                    self.stream.lock().1 += 1;
                }
            }
            _ => self.refused += 1,
        }
    }
}

fn join(creating: bool, from: u64) -> Value {
    json!({"roomCreating": creating, "resumeFrom": from})
}

fn any(addresses: &Addresses, rng: &mut Rng) -> String {
    let addresses = addresses.lock().expect("nobody panics with it");
    addresses[rng.within(0..addresses.len() as u64) as usize].clone()
}

/// Reads playlists until the end of the run, and fetches all that they name.
pub async fn watch(record: Arc<Record>, addresses: Addresses, stream: Stream, mut rng: Rng) {
    let http = reqwest::Client::new();
    let mut listed = BTreeSet::new();
    while !record.is_over() {
        let (address, path) = (any(&addresses, &mut rng), stream.path());
        if let Some((200, playlist)) = get(&http, &address, &path).await {
            for (number, name) in segments(&playlist) {
                if listed.insert((path.clone(), number, name.clone())) {
                    record.note(Event::Listed { playlist: path.clone(), number, name });
                }
            }
            fetch_all(&record, &http, &address, &path, &playlist).await;
        }
        let pause = rng.time(50..150);
        tokio::time::sleep(pause).await;
    }
}

/// Fetches all that a playlist names, from the same node, and notes what is not there though it is still named.
pub async fn fetch_all(record: &Record, http: &reqwest::Client, address: &str, path: &str, playlist: &str) {
    let folder = path.strip_suffix("playlist.m3u8").unwrap_or_default();
    for name in named(playlist) {
        if record.is_over() {
            return;
        }
        match get(http, address, &format!("{folder}{name}")).await {
            Some((200, body)) if !body.is_empty() => record.count_fetched(),
            Some((404 | 410, _)) => {
                let again = get(http, address, path).await.filter(|(status, _)| *status == 200);
                let named = again.is_some_and(|(_, playlist)| named(&playlist).contains(&name));
                let missing = get(http, address, &format!("{folder}{name}")).await;
                if named && missing.is_some_and(|(status, _)| status == 404 || status == 410) {
                    record.note(Event::Unfetchable { name: format!("{folder}{name}") });
                }
            }
            // Redis or the node may be away.
            _ => {}
        }
    }
}
