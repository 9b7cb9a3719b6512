//! The same over a Redis Cluster, and with Sentinels.

use roomcast_core::cluster::directory::{Claimed, Looked};
use roomcast_core::room::owner::{Field, Value};
use roomcast_server::backplane::Partition;
use roomcast_server::backplane::Urgency::Awaited;

use super::masters::Cluster;
use super::rooms::{Node, Told, room, until};
use super::server::Redis;

/// A room in each partition.
fn rooms() -> Vec<roomcast_protocol::id::RoomId> {
    let mut rooms = std::collections::BTreeMap::new();
    for index in 0..2000 {
        let room = room(&format!("room-{index}"));
        rooms.entry(Partition::of(&room)).or_insert(room);
    }
    assert_eq!(rooms.len(), 64);
    rooms.into_values().collect()
}

/// Sends numbers until one arrives: the first ones may be lost.
async fn reaches(one: &Node, two: &Node) {
    let here = room("here");
    for number in 0..1000 {
        one.send(two, &here, number);
        let arrived = two.rooms.wait_number(number);
        if tokio::time::timeout(std::time::Duration::from_millis(100), arrived).await.is_ok() {
            return;
        }
    }
    panic!("nothing arrives");
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_share_a_cluster_and_lose_one_of_its_masters() {
    let mut cluster = Cluster::start().await;
    let (one, two) = (Node::ready(&cluster.url()).await, Node::ready(&cluster.url()).await);
    let third = Node::ready(&cluster.url()).await;
    for (from, to) in [(&one, &two), (&two, &one), (&one, &third), (&third, &two)] {
        from.send(to, &room("here"), 0);
    }
    for node in [&one, &two, &third] {
        node.rooms.wait_number(0).await;
    }
    let mut owned = Vec::new();
    for name in rooms() {
        let claimed = one.transport.directory().claim::<Field, Value>(&name, None, one.boot(), (1, &[]), Awaited).await;
        let Some(Claimed::Won { ownership, .. }) = claimed else { panic!("{claimed:?}") };
        assert_eq!(two.transport.directory().look(&name, Awaited).await, Some(Looked::Stands(ownership)));
        owned.push((name, ownership));
    }
    assert!(!one.rooms.told().iter().any(|told| matches!(told, Told::Era(..) | Told::Dead(..))));

    cluster.masters[0].kill();
    until("noticed", || !one.transport.nodes().is_ready()).await;
    for node in [&one, &two, &third] {
        node.rooms.wait("another era of what it had", |told| matches!(told, Told::Era(..))).await;
        node.wait_ready().await;
    }
    let lost = Partition::all().find(|partition| partition.to_string() == "07").expect("a partition");
    one.rooms.wait("its era", |told| matches!(told, Told::Era(partition, _) if *partition == lost)).await;
    let eras = |told: &[Told]| told.iter().filter(|told| matches!(told, Told::Era(..))).count();
    one.rooms.wait_all("the eras of a third", |told| (eras(told) >= 10).then_some(())).await;
    assert!(eras(&one.rooms.told()) < 60, "two masters go on");
    for (name, mine) in &owned {
        let look = async {
            loop {
                match two.transport.directory().look(name, Awaited).await {
                    Some(Looked::Stands(standing)) => return standing,
                    Some(Looked::Wait(time)) => tokio::time::sleep(time).await,
                    None => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
                    other => panic!("{other:?}"),
                }
            }
        };
        let standing = tokio::time::timeout(std::time::Duration::from_secs(10), look).await.expect("it settles");
        assert_eq!(standing, *mine);
    }
    let (name, _) = owned.iter().find(|(name, _)| Partition::of(name) == lost).expect("a room of that partition");
    assert_eq!(cluster.replica.ask(&["EXISTS", &lost.key(&format!("room:{name}"))]).trim(), "1");
    reaches(&one, &two).await;
    reaches(&two, &third).await;
    reaches(&third, &one).await;
    assert!(!one.rooms.told().iter().any(|told| matches!(told, Told::Deposed(_))));
}

/// A master, its replica, and a Sentinel that watches both.
async fn watched() -> (Redis, Redis, Redis) {
    let master = Redis::start(&[]);
    let port = master.port.to_string();
    let replica = Redis::start(&["--replicaof", "127.0.0.1", &port, "--repl-diskless-sync-delay", "0"]);
    until("replicated", || replica.ask(&["INFO", "replication"]).contains("master_link_status:up")).await;
    let sentinel = Redis::sentinel(master.port);
    let replicas = || sentinel.ask(&["SENTINEL", "REPLICAS", "rooms"]);
    until("seen", || replicas().contains(&replica.port.to_string())).await;
    (master, replica, sentinel)
}

/// Holds that two nodes have followed to another master, as who they were.
async fn assert_followed(one: &Node, two: &Node, boots: [roomcast_core::cluster::BootId; 2]) {
    for node in [one, two] {
        node.rooms.wait("another era", |told| matches!(told, Told::Era(..))).await;
        node.wait_ready().await;
    }
    reaches(one, two).await;
    reaches(two, one).await;
    assert_eq!([one.boot(), two.boot()], boots);
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_follow_the_sentinels_to_another_master_and_its_era() {
    let (mut master, _replica, sentinel) = watched().await;
    let url = format!("redis+sentinel://127.0.0.1:{}/rooms", sentinel.port);
    let (one, two) = (Node::ready(&url).await, Node::ready(&url).await);
    let boots = [one.boot(), two.boot()];
    master.kill();
    assert_followed(&one, &two, boots).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_leave_a_master_that_was_demoted_while_it_runs() {
    let (master, replica, sentinel) = watched().await;
    let url = format!("redis+sentinel://127.0.0.1:{}/rooms", sentinel.port);
    let (one, two) = (Node::ready(&url).await, Node::ready(&url).await);
    let boots = [one.boot(), two.boot()];
    let is_good = || sentinel.ask(&["SENTINEL", "FAILOVER", "rooms"]).trim() == "OK";
    until("it is failed over", is_good).await;
    assert_followed(&one, &two, boots).await;
    until("demoted", || master.ask(&["ROLE"]).starts_with("slave")).await;
    assert!(replica.ask(&["ROLE"]).starts_with("master"));
    let clients = replica.ask(&["CLIENT", "LIST", "TYPE", "pubsub"]);
    assert_eq!(clients.lines().filter(|line| line.contains("resp=3")).count(), 2, "{clients}");
}
