//! The connections to Redis: TLS and logins, calls under way, scripts that Redis forgot, slots that move.

use std::time::Duration;

use futures_util::FutureExt;
use nix::sys::signal::Signal;
use roomcast_core::cluster::directory::{Claimed, Looked};
use roomcast_core::room::owner::{Field, Value};
use roomcast_server::backplane::Urgency::{Awaited, Background};
use roomcast_server::backplane::{Failure, Partition, Reached, reach};

use super::directory::won;
use super::masters::Cluster;
use super::rooms::{Node, room, settings, until};
use super::server::{Redis, free_port};

/// A room of the partition that [`Cluster`] gives its first master.
fn room_of_the_first_master() -> roomcast_protocol::id::RoomId {
    let is_there = |room: &_| Partition::of(room).to_string() == "07";
    (0..).map(|number| room(&format!("room-{number}"))).find(is_there).expect("a room")
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_is_spoken_to_over_tls_with_a_login() {
    let key = rcgen::generate_simple_self_signed(vec!["127.0.0.1".into(), "localhost".into()]).expect("a certificate");
    let folder = std::env::temp_dir().join(format!("roomcast-tls-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let [certificate, secret] = ["cert.pem", "key.pem"].map(|name| folder.join(name));
    std::fs::write(&certificate, key.cert.pem()).expect("written");
    std::fs::write(&secret, key.signing_key.serialize_pem()).expect("written");
    let port = free_port();
    let [cert_file, key_file] = [&certificate, &secret].map(|file| file.to_str().expect("a path"));
    let tls = ["--tls-port", &port.to_string(), "--tls-cert-file", cert_file, "--tls-key-file", key_file];
    let user = ["--user", "room", "on", ">p@ss", "allkeys", "allchannels", "+@all"];
    let redis = Redis::start(&[&tls[..], &["--tls-auth-clients", "no"], &user[..]].concat());
    let mut settings = settings(&format!("rediss://room:p%40ss@localhost:{port}/3"));
    // No authority of the web has issued its certificate.
    let stranger = Node::of(settings.clone());
    settings.ca = Some(certificate);
    let node = Node::of(settings);
    node.wait_ready().await;
    let here = room("here");
    won(&node, &here, None).await;
    assert!(!stranger.transport.nodes().is_ready());
    assert_eq!(redis.ask(&["-n", "3", "EXISTS", &Partition::of(&here).key("room:here")]).trim(), "1");
    let _ = std::fs::remove_dir_all(folder);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_go_on_after_redis_forgot_its_scripts() {
    let redis = Redis::start(&[]);
    let node = Node::ready(&redis.url()).await;
    let here = room("here");
    let (owned, ..) = won(&node, &here, None).await;
    for _ in 0..3 {
        redis.ask(&["SCRIPT", "FLUSH"]);
        let looks = (0..50).map(|_| node.transport.directory().look(&here, Awaited));
        for looked in futures_util::future::join_all(looks).await {
            assert_eq!(looked, Some(Looked::Stands(owned)));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_calls_are_refused_at_once() {
    let redis = Redis::start(&[]);
    let mut settings = settings(&redis.url());
    (settings.max_calls, settings.max_call_bytes) = (10, 10_000);
    let node = Node::of(settings);
    node.wait_ready().await;
    let seven = Partition::all().nth(7).expect("a partition");
    let store = |size: usize| {
        Box::pin(node.transport.nodes().store(seven, "rc:{07}:m:x", &vec![0; size], Duration::from_secs(5)))
    };
    // The connection for media stands soon after the one for commands.
    let stored = async {
        while store(1).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), stored).await.expect("media are kept");
    redis.signal(Signal::SIGSTOP);
    // Held, so that they stay under way.
    let mut calls: Vec<_> = (0..20).map(|_| store(1)).collect();
    assert_eq!(refused(&mut calls), 10);
    drop(calls);
    let mut calls: Vec<_> = (0..2).map(|_| store(9_000)).collect();
    assert_eq!(refused(&mut calls), 1);
    redis.signal(Signal::SIGCONT);
}

/// Number of the given calls that fail before anything can have been answered.
fn refused(calls: &mut [impl Future<Output = Result<(), Failure>> + Unpin]) -> usize {
    let refusal = Some(Err(Failure::Unavailable));
    calls.iter_mut().map(FutureExt::now_or_never).filter(|answer| *answer == refusal).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_that_moves_is_found_again() {
    let cluster = Cluster::start().await;
    let reached = reach(&settings(&cluster.url())).await;
    assert_eq!(reached, Reached::default(), "every master does what a node needs");
    let node = Node::ready(&cluster.url()).await;
    let here = room_of_the_first_master();
    let (owned, ..) = won(&node, &here, None).await;
    let [from, to] = [&cluster.masters[0], &cluster.masters[1]];
    let slot = from.ask(&["CLUSTER", "KEYSLOT", "07"]);
    let [source, target] = [from, to].map(|node| node.ask(&["CLUSTER", "MYID"]));
    let (slot, source, target) = (slot.trim(), source.trim(), target.trim());
    to.ask(&["CLUSTER", "SETSLOT", slot, "IMPORTING", source]);
    from.ask(&["CLUSTER", "SETSLOT", slot, "MIGRATING", target]);
    for key in from.ask(&["CLUSTER", "GETKEYSINSLOT", slot, "100"]).lines() {
        from.ask(&["MIGRATE", "127.0.0.1", &to.port.to_string(), key, "0", "1000"]);
    }
    for server in [to, from, &cluster.masters[2]] {
        server.ask(&["CLUSTER", "SETSLOT", slot, "NODE", target]);
    }
    // The new master has an era of its own, which settles first.
    let directory = node.transport.directory();
    let looking = async {
        loop {
            match directory.look(&here, Background).await {
                Some(Looked::Stands(standing)) => return standing,
                Some(Looked::Wait(time)) => tokio::time::sleep(time).await,
                None => tokio::time::sleep(Duration::from_millis(20)).await,
                Some(Looked::Nothing) => panic!("the room was lost"),
            }
        }
    };
    assert_eq!(tokio::time::timeout(Duration::from_secs(20), looking).await, Ok(owned));
    let claimed = directory.claim::<Field, Value>(&here, None, node.boot(), (2, &[]), Awaited).await;
    assert_eq!(claimed, Some(Claimed::Stands(Some(owned))));
    until("ready", || node.transport.nodes().is_ready()).await;
}
