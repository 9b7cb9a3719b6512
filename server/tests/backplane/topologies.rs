//! Redis behind TLS, watched by Sentinels, and as a cluster.

use std::time::Duration;

use roomcast_server::backplane::{Backplane, Reached, Reset, reach};

use super::ear::{Ear, Told, heard, node, ready, settings, until, until_ok};
use super::server::{Redis, free_port};
use super::*;

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
    // Nobody on the web vouches for it.
    let ear = std::sync::Arc::new(Ear::default());
    let stranger = Backplane::start(settings.clone(), ear).await.expect("it starts");
    settings.ca = Some(certificate);
    let (one, ear) = node(settings).await;
    tell(&one, &one, "Rsecret").await.expect("told");
    heard(&ear, "Rsecret").await;
    assert!(!stranger.is_ready());
    assert_eq!(redis.ask(&["-n", "3", "EXISTS", &partition(7).key("told")]).trim(), "1");
    let _ = std::fs::remove_dir_all(folder);
}

#[tokio::test(flavor = "multi_thread")]
async fn sentinels_lead_to_the_new_master() {
    let mut master = Redis::start(&[]);
    let replica =
        Redis::start(&["--replicaof", "127.0.0.1", &master.port.to_string(), "--repl-diskless-sync-delay", "0"]);
    until("replicated", || replica.ask(&["INFO", "replication"]).contains("master_link_status:up")).await;
    let sentinel = Redis::sentinel(master.port);
    until("seen", || sentinel.ask(&["SENTINEL", "REPLICAS", "rooms"]).contains(&replica.port.to_string())).await;
    // The first sentinel is not there.
    let url = format!("redis+sentinel://127.0.0.1:{},127.0.0.1:{}/rooms", free_port(), sentinel.port);
    let (one, ear) = node(settings(&url)).await;
    append(&one, "before").await.expect("appended");
    ear.forget();
    master.kill();
    ear.wait_reset(Reset::Connected).await;
    until_ok(async || append(&one, "after").await).await;
    tell(&one, &one, "Rback").await.expect("told");
    heard(&ear, "Rback").await;
    assert!(replica.ask(&["LRANGE", &partition(7).key("list"), "0", "-1"]).contains("after"));
    ready(&one).await;
}

struct Cluster {
    masters: Vec<Redis>,
    replica: Redis,
}

impl Cluster {
    /// Three masters, and a replica of the one that has partition 7.
    async fn start() -> Self {
        let mut nodes: Vec<_> = (0..4).map(|_| Redis::cluster_node()).collect();
        let ranges = [("0", "5460"), ("5461", "10922"), ("10923", "16383")];
        for (node, (first, last)) in nodes.iter().zip(ranges) {
            node.ask(&["CLUSTER", "ADDSLOTSRANGE", first, last]);
        }
        for node in &nodes[1..] {
            let [port, bus] = [node.port, node.bus()].map(|port| port.to_string());
            nodes[0].ask(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus]);
        }
        until("met", || nodes.iter().all(|node| node.ask(&["CLUSTER", "INFO"]).contains("cluster_known_nodes:4")))
            .await;
        let slot: u16 = nodes[0].ask(&["CLUSTER", "KEYSLOT", "07"]).trim().parse().expect("a slot");
        let master = usize::from(slot / 5461);
        let id = nodes[master].ask(&["CLUSTER", "MYID"]);
        until("replicates", || nodes[3].ask(&["CLUSTER", "REPLICATE", id.trim()]).trim() == "OK").await;
        until("stands", || {
            let info = |node: &Redis| node.ask(&["CLUSTER", "INFO"]).contains("cluster_state:ok");
            nodes.iter().all(info) && nodes[3].ask(&["INFO", "replication"]).contains("master_link_status:up")
        })
        .await;
        let replica = nodes.pop().expect("a replica");
        nodes.swap(0, master);
        Self { masters: nodes, replica }
    }

    fn url(&self) -> String {
        format!("redis+cluster://127.0.0.1:{},127.0.0.1:{}", free_port(), self.masters[1].port)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_is_followed_when_a_master_dies() {
    let mut cluster = Cluster::start().await;
    let reached = reach(&settings(&cluster.url())).await;
    assert_eq!(reached, Reached::default(), "every master does what a node needs");
    let (one, ear_one) = node(settings(&cluster.url())).await;
    let (two, ear_two) = node(settings(&cluster.url())).await;
    until("all know of all", || one.nodes().len() == 2 && two.nodes().len() == 2).await;
    assert_eq!(one.publish_command(), "SPUBLISH");
    // Every partition has its master, and its channel.
    for at in Partition::all() {
        let args = vec![text(one.publish_command()), text(&one.channel(at, two.boot().as_str())), text("Reach")];
        assert_eq!(one.run(at, &TELL, vec![at.key("told")], args).await, Ok(Reply::Int(1)), "{at}");
    }
    for at in Partition::all() {
        ear_two.wait("each", |told| *told == Told::Message(at, text("Reach"))).await;
    }
    until_ok(async || one.store(partition(7), partition(7).key("m"), text("bytes"), Duration::from_secs(9)).await)
        .await;
    let resets = |ear: &Ear| {
        ear.told().iter().map(|told| if let Told::Reset(count, _) = told { *count } else { 0 }).sum::<usize>()
    };
    assert_eq!([resets(&ear_one), resets(&ear_two)], [64, 64], "{:?}", ear_two.told());

    ear_two.forget();
    cluster.masters[0].kill();
    until("noticed", || !one.is_ready()).await;
    // The other masters go on meanwhile.
    let mut answers = 0;
    for at in Partition::all() {
        answers += usize::from(one.run(at, &READ, vec![at.key("list")], vec![]).await.is_ok());
    }
    assert!((20..64).contains(&answers), "{answers} partitions");
    ready(&one).await;
    ready(&two).await;
    ear_two.wait_reset(Reset::Connected).await;
    until_ok(async || append(&one, "after").await).await;
    tell(&one, &two, "Rback").await.expect("told");
    heard(&ear_two, "Rback").await;
    assert!(cluster.replica.ask(&["LRANGE", &partition(7).key("list"), "0", "-1"]).contains("after"));
    assert!(!ear_one.told().iter().chain(&ear_two.told()).any(|told| matches!(told, Told::Reaped(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_that_moves_is_found_again() {
    let cluster = Cluster::start().await;
    let (one, ear) = node(settings(&cluster.url())).await;
    append(&one, "before").await.expect("appended");
    ear.forget();
    let [from, to] = [&cluster.masters[0], &cluster.masters[1]];
    let slot = from.ask(&["CLUSTER", "KEYSLOT", "07"]);
    let [source, target] = [from, to].map(|node| node.ask(&["CLUSTER", "MYID"]));
    let (slot, source, target) = (slot.trim(), source.trim(), target.trim());
    to.ask(&["CLUSTER", "SETSLOT", slot, "IMPORTING", source]);
    from.ask(&["CLUSTER", "SETSLOT", slot, "MIGRATING", target]);
    for key in from.ask(&["CLUSTER", "GETKEYSINSLOT", slot, "100"]).lines() {
        from.ask(&["MIGRATE", "127.0.0.1", &to.port.to_string(), key, "0", "1000"]);
    }
    for node in [to, from, &cluster.masters[2]] {
        node.ask(&["CLUSTER", "SETSLOT", slot, "NODE", target]);
    }
    assert_eq!(append(&one, "after").await, Ok(Reply::Int(2)));
    ear.wait_reset(Reset::Connected).await;
    // Until it stands there, too, which is told by a second reset.
    until_ok(async || match tell(&one, &one, "Rmoved").await {
        Ok(Reply::Int(1)) => Ok(()),
        _ => Err(Failure::Unavailable),
    })
    .await;
    heard(&ear, "Rmoved").await;
    ready(&one).await;
}
