//! Random faults under load: clients join, leave, talk, move, kick and promote while nodes, Redis and the network fail,
//! and a pure checker holds what they saw against what must be true.
//!
//! `ROOMCAST_TEST_SEED` repeats the choices of a run (not its timing); `ROOMCAST_TEST_LONG=1` runs for two minutes.

mod broadcast;
mod client;
mod dice;
mod record;
mod weather;

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use roomcast_tests::checker::{self, What};
use roomcast_tests::member::{Member, Memory, State, Who};
use serde_json::json;

use broadcast::{Stream, Streamer};
use client::Client;
use dice::Dice;
use record::Record;
use weather::Weather;

const ROOMS: u64 = 3;
const CLIENTS: u64 = 12;

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text}")))
}

#[tokio::test]
async fn whatever_breaks_the_invariants_hold() {
    let seed = setting("ROOMCAST_TEST_SEED").unwrap_or_else(|| uuid::Uuid::new_v4().as_u128() as u64);
    let time = Duration::from_secs(if setting("ROOMCAST_TEST_LONG") == Some(1) { 120 } else { 20 });
    // Also when nothing goes wrong, which hides what a test prints.
    let _ = writeln!(std::io::stderr(), "ROOMCAST_TEST_SEED={seed}");
    let mut weather = Weather::start(Dice::new(seed)).await;
    let record = Arc::new(Record::start(Duration::from_secs(weather::KICK)));
    let clients = (0..CLIENTS).map(|number| {
        let who = Who::new(&format!("user{number}"), "m2m").in_room(&format!("room-{}", number % ROOMS));
        let peers = (0..CLIENTS).filter(|peer| peer % ROOMS == number % ROOMS && *peer != number);
        let peers = peers.map(|peer| format!("user{peer}")).collect();
        let dice = Dice::new(seed.wrapping_add(number + 1));
        tokio::spawn(Client::new(record.clone(), weather.addresses(), who, peers, dice).live())
    });
    let mut clients: Vec<_> = clients.collect();
    let (stream, turn) = (Stream::default(), Arc::new(tokio::sync::Mutex::new(())));
    let dice = |number| Dice::new(seed.wrapping_add(CLIENTS + number));
    let streamer = Streamer::new(record.clone(), weather.addresses(), stream.clone(), dice(1));
    clients.push(tokio::spawn(streamer.live(turn.clone())));
    clients.push(tokio::spawn(broadcast::watch(record.clone(), weather.addresses(), stream.clone(), dice(2))));

    weather.rage(&record, time).await;
    record.calm();
    // A node that was killed at last is cleared away, and all nodes agree.
    tokio::time::sleep(Duration::from_secs(11)).await;
    ask_all(&record, &weather).await;
    {
        let _stands = turn.lock().await;
        list_all(&record, &weather, &stream).await;
    }
    record.finish();
    for client in clients {
        roomcast_tests::soon("a client to end", client).await.expect("a client fails only with the server");
    }

    let log = record.log();
    let count = |is: fn(&What) -> bool| log.entries.iter().filter(|entry| is(&entry.what)).count();
    let joins = count(|what| matches!(what, What::Joined(..)));
    let came = count(|what| matches!(what, What::Got { .. }));
    let gaps = count(|what| matches!(what, What::Gap(_)));
    let fetched = count(|what| matches!(what, What::Fetched(_)));
    println!("{joins} joins, {came} signals came, {gaps} gaps, {fetched} fetched, {} faults", weather.faults);
    let wrong = checker::violations(&log);
    if !wrong.is_empty() {
        record.write(&format!("cluster-random-{seed}"));
    }
    assert!(wrong.is_empty(), "with ROOMCAST_TEST_SEED={seed}:\n{}", wrong.join("\n"));
    assert!(joins > 40 && came > 1000 && fetched > 100 && weather.faults > 2, "something happened");
}

/// Asks every node for the list of every room, as a viewer who comes in.
async fn ask_all(record: &Record, weather: &Weather) {
    let addresses = weather.addresses().lock().expect("nobody panics with it").clone();
    for room in 0..ROOMS {
        let room = format!("room-{room}");
        for (node, address) in addresses.iter().enumerate() {
            let who = Who::new(&format!("probe{node}"), "m2m").in_room(&room);
            let memory = Memory { who, state: State::default() };
            let asked =
                Member::attempt(address, memory, json!({"roomCreating": false}), roomcast_tests::PATIENCE).await;
            let list = match asked.expect("all nodes answer at the end") {
                Ok(probe) => {
                    probe.beat().await;
                    probe.look(|state| state.list().iter().map(|session| (*session).to_owned()).collect())
                }
                Err(ack) => vec![format!("refused with {}", ack["c"])],
            };
            record.note(What::Last(node, room.clone(), list));
        }
    }
}

/// Asks every node for the playlist with the newest part, and for all that it names.
async fn list_all(record: &Record, weather: &Weather, stream: &Stream) {
    let addresses = weather.addresses().lock().expect("nobody panics with it").clone();
    let (http, path, (segment, part)) = (reqwest::Client::new(), stream.path(), stream.last());
    for (node, address) in addresses.iter().enumerate() {
        let newest = format!("{path}?_HLS_msn={segment}&_HLS_part={part}");
        let (status, list) = broadcast::get(&http, address, &newest).await.expect("all nodes answer at the end");
        broadcast::fetch_all(record, &http, address, &path, &list).await;
        record.note(What::Playlist(node, if status == 200 { list } else { format!("status {status}") }));
    }
}
