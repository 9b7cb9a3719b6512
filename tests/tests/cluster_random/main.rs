//! Random faults under load: clients join, leave, talk, move, kick and promote while nodes, Redis and the network fail,
//! and a pure checker holds what they saw against what must be true.
//!
//! `ROOMCAST_TEST_SEED` repeats the choices of a run (not its timing); `ROOMCAST_TEST_LONG=1` runs for two minutes.

mod broadcast;
mod client;
mod fault_injector;
mod record;
mod rng;

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use roomcast_checker::{Event, Kind};
use roomcast_tests::member::{Memory, State, TestMember, Who};
use serde_json::json;

use broadcast::{Stream, Streamer};
use client::Client;
use fault_injector::FaultInjector;
use record::Record;
use rng::Rng;

const ROOMS: usize = 3;
const CLIENTS: usize = 12;
const NODES: usize = fault_injector::NODES as usize;
/// Publishers of a group at most.
const PLACES: usize = 9;
/// The time after the last fault in which everything comes in order: the twelve seconds of docs/several-nodes.md, and
/// what clients need to see it.
const CALM: Duration = Duration::from_secs(15);

/// Attempts of the clients that look into the rooms at the end.
const PROBES: usize = 10;

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text}")))
}

#[tokio::test]
async fn whatever_breaks_the_invariants_hold() {
    let seed = setting("ROOMCAST_TEST_SEED").unwrap_or_else(|| uuid::Uuid::new_v4().as_u128() as u64);
    let time = Duration::from_secs(if setting("ROOMCAST_TEST_LONG") == Some(1) { 120 } else { 20 });
    // Also when nothing goes wrong, which hides what a test prints.
    let _ = writeln!(std::io::stderr(), "ROOMCAST_TEST_SEED={seed}");
    let mut injector = FaultInjector::start(Rng::new(seed)).await;
    let record = Arc::new(Record::start(kinds(), Duration::from_secs(fault_injector::KICK)));
    let clients = (0..CLIENTS).map(|index| {
        let peers = (0..CLIENTS).filter(|peer| peer % ROOMS == index % ROOMS && *peer != index).collect();
        let client = Client::new(record.clone(), injector.addresses(), index, &room(index % ROOMS), peers);
        tokio::spawn(client.with(Rng::new(seed.wrapping_add(index as u64 + 1))).live())
    });
    let mut clients: Vec<_> = clients.collect();
    let (stream, turn) = (Stream::default(), Arc::new(tokio::sync::Mutex::new(())));
    let rng = |number| Rng::new(seed.wrapping_add(CLIENTS as u64 + number));
    let streamer = Streamer::new(record.clone(), injector.addresses(), stream.clone(), rng(1));
    clients.push(tokio::spawn(streamer.live(turn.clone())));
    clients.push(tokio::spawn(broadcast::watch(record.clone(), injector.addresses(), stream.clone(), rng(2))));

    injector.run(&record, time).await;
    record.calm();
    // A node that was killed at last is cleared away, and all nodes agree.
    tokio::time::sleep(CALM).await;
    ask_all(&record, &injector).await;
    {
        let _stands = turn.lock().await;
        list_all(&record, &injector, &stream).await;
    }
    record.finish();
    for client in clients {
        roomcast_tests::with_timeout("a client to end", client).await.expect("a client fails only with the server");
    }

    let log = record.log();
    let count = |is: fn(&Event) -> bool| log.events.iter().filter(|(_, event)| is(event)).count();
    let joins = count(|event| matches!(event, Event::Joined { .. }));
    let came = count(|event| matches!(event, Event::Got { .. }));
    let gaps = count(|event| matches!(event, Event::Gap { .. }));
    let fetched = record.fetched();
    println!("{joins} joins, {came} signals came, {gaps} gaps, {fetched} fetched, {} faults", injector.faults);
    let wrong = roomcast_checker::violations(&log);
    if !wrong.is_empty() {
        record.write(&format!("cluster-random-{seed}"));
    }
    assert!(wrong.is_empty(), "with ROOMCAST_TEST_SEED={seed}:\n{}", wrong.join("\n"));
    assert!(joins > 40 && came > 1000 && fetched > 100 && injector.faults > 2, "something happened");
}

fn room(number: usize) -> String {
    format!("room-{number}")
}

/// The clients of the log: those that live, and behind them one that looks into each room from each node at the end.
fn kinds() -> Vec<Kind> {
    let in_room =
        |room, numbers| Kind { room, numbers, confirms: true, remembers: true, places: PLACES, broadcast: false };
    let live = (0..CLIENTS).map(|index| in_room(index % ROOMS, client::numbers(index)));
    live.chain((0..ROOMS * NODES).map(|probe| in_room(probe / NODES, false))).collect()
}

/// Joins every room at every node, to see its list there.
async fn ask_all(record: &Record, injector: &FaultInjector) {
    let addresses = injector.addresses().lock().expect("nobody panics with it").clone();
    for number in 0..ROOMS {
        for (node, address) in addresses.iter().enumerate() {
            let client = CLIENTS + number * NODES + node;
            let who = Who::new(&format!("probe{node}"), "m2m").in_room(&room(number));
            let is_in = probe(record, address, who, (client, node)).await;
            record.note(Event::Last { client, wants: true, is_in });
        }
    }
}

/// Joins as clients do, again where the node is not ready, and writes down what it sees; returns whether it came in.
async fn probe(record: &Record, address: &str, who: Who, (client, node): (usize, usize)) -> bool {
    for _ in 0..PROBES {
        let memory = Memory { who: who.clone(), state: State::default() };
        record.note(Event::Asked { client });
        let asked = TestMember::attempt(address, memory, json!({"roomCreating": false}), roomcast_tests::TIMEOUT).await;
        match asked {
            Ok(Ok(probe)) => {
                record.note(Event::Joined { client, node, creating: false, resumed: false });
                probe.beat().await;
                record.heard(client, &probe.state().heard);
                return true;
            }
            Ok(Err(ack)) if ack["c"] != 503 => return false,
            _ => tokio::time::sleep(Duration::from_millis(500)).await,
        }
    }
    false
}

/// Asks every node for the playlist with the newest part, and for all that it names.
async fn list_all(record: &Record, injector: &FaultInjector, stream: &Stream) {
    let addresses = injector.addresses().lock().expect("nobody panics with it").clone();
    let (http, path, (segment, part)) = (reqwest::Client::new(), stream.path(), stream.last());
    for (node, address) in addresses.iter().enumerate() {
        let newest = format!("{path}?_HLS_msn={segment}&_HLS_part={part}");
        let (status, list) = broadcast::get(&http, address, &newest).await.expect("all nodes answer at the end");
        broadcast::fetch_all(record, &http, address, &path, &list).await;
        let text = if status == 200 { list } else { format!("status {status}") };
        record.note(Event::Playlist { node, text });
    }
}
