//! A Redis with which a node cannot work: `roomcast check` and the log of `serve` say so in one sentence.

use roomcast_tests::redis::Redis;
use roomcast_tests::redis::port;
use roomcast_tests::redis::sentinel::Sentinels;
use roomcast_tests::server::{Server, program};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::process::Command;

use crate::certificate::Files;
use crate::settings::run;

/// Runs `roomcast check` and gives its exit code and what it says.
async fn check(url: &str, flags: &[&str]) -> (Option<i32>, String) {
    let output = run(&[&["check", "--max-connections=100", "--redis-url", url], flags].concat(), &[]).await;
    (output.status.code(), String::from_utf8(output.stderr).expect("text"))
}

/// Holds that `roomcast check` refuses an address in one line that ends like this.
async fn refuses(url: &str, flags: &[&str], says: &str) {
    let (code, said) = check(url, flags).await;
    assert_eq!((code, said.lines().count()), (Some(2), 1), "{url}: {said}");
    assert!(said.starts_with("roomcast: --redis-url \"") && said.contains(says), "{url}: {said}");
    assert!(!said.contains("geheim"), "{said}");
}

/// A user of Redis with these rules, as `user:password@`.
async fn user(redis: &Redis, name: &str, rules: &str) -> String {
    let rules: Vec<_> = rules.split(' ').collect();
    redis.call(&[&["ACL", "SETUSER", name, "on", ">geheim", "resetchannels"], &rules[..]].concat()).await;
    format!("redis://{name}:geheim@{}", redis.address())
}

#[tokio::test]
async fn permissions_that_a_node_needs_are_named_with_the_rules_to_add() {
    let redis = Redis::start().await;
    for (name, rules, says) in [
        (
            "nothing",
            "+@connection",
            "use SCRIPT LOAD, EVALSHA, SUBSCRIBE: add to its rules +script|load +evalsha +subscribe",
        ),
        (
            "zadd",
            "~rc:* &rc:* +@all -zadd -time",
            "does not let this user use TIME, ZADD: add to its rules +time +zadd",
        ),
        ("publish", "~rc:* &rc:* +@all -publish", "use PUBLISH: add to its rules +publish"),
        ("subscribe", "~rc:* &rc:* +@all -subscribe", "use SUBSCRIBE: add to its rules +subscribe"),
        ("keys", "~other:* &rc:* +@all", "use the keys rc:*: add to its rules ~rc:*"),
        ("reads", "%R~rc:* &rc:* +@all", "use the keys rc:*: add to its rules ~rc:*"),
        ("channels", "~rc:* &other:* +@all", "use the channels rc:*: add to its rules &rc:*"),
    ] {
        let url = user(&redis, name, rules).await;
        refuses(&url, &[], says).await;
    }
    let documented = "~rc:* &rc:* +@read +@write +@pubsub +@scripting +@connection +time -@dangerous";
    let (code, said) = check(&user(&redis, "documented", &format!("{documented} +info")).await, &[]).await;
    assert_eq!((code, said.as_str()), (Some(0), ""));
    refuses(&user(&redis, "discreet", documented).await, &[], "use INFO: add to its rules +info").await;
    assert_eq!(redis.call(&["KEYS", "*"]).await, redis.call(&["KEYS", "nothing-is-left-behind"]).await);
}

#[tokio::test]
async fn a_server_that_cannot_hold_rooms_is_named_with_the_reason() {
    let master = Redis::start().await;
    let (host, port) = ("127.0.0.1", master.port().to_string());
    for (flags, says) in [
        (&["--maxmemory-policy", "allkeys-lru"][..], "set maxmemory-policy noeviction there, in place of allkeys-lru"),
        (&["--maxmemory-policy", "volatile-ttl"], "in place of volatile-ttl"),
        (&["--replicaof", host, &port], "is a replica, which takes no writes: name the master in --redis-url"),
        (&["--maxmemory", "1"], "has no memory left: raise its maxmemory"),
        (&["--min-replicas-to-write", "1"], "has too few replicas to take writes"),
    ] {
        let redis = Redis::start_with(flags).await;
        refuses(&redis.url(), &[], says).await;
    }
    refuses(&format!("{}/99", master.url()), &[], "has no database 99").await;
    master.call(&["CONFIG", "SET", "requirepass", "secret"]).await;
    refuses(&master.url(), &[], "asks for a password: write it into --redis-url").await;
    let wrong = format!("redis://:geheim@{}", master.address());
    refuses(&wrong, &[], "refuses the user or the password of --redis-url: correct it there").await;
}

#[tokio::test]
async fn an_address_of_another_form_is_told_with_the_right_one() {
    let redis = Redis::start().await;
    let cluster = Redis::start_with(&["--cluster-enabled", "yes", "--cluster-port", &port::free().to_string()]).await;
    let address = redis.address();
    for (url, says) in [
        (cluster.url(), "belongs to a cluster: write redis+cluster:// in --redis-url"),
        (format!("redis+cluster://{}", cluster.address()), "is a cluster without slots"),
        (format!("redis+cluster://{address}"), "is not a cluster: write redis:// in place of redis+cluster://"),
        (format!("redis+sentinel://{address}/rooms"), "is not a Sentinel: name one in --redis-url"),
        (other("HTTP/1.1 400 Bad Request\r\n\r\n").await, "does not answer like Redis"),
        ("redis://127.0.0.1:1".to_owned(), "refuses connections: start Redis there"),
        ("redis://nowhere.invalid".to_owned(), "is a name without an address"),
    ] {
        refuses(&url, &[], says).await;
    }
    let sentinels = Sentinels::start().await;
    let (code, said) = check(&sentinels.url(), &[]).await;
    assert_eq!((code, said.as_str()), (Some(0), ""));
    let sentinel = sentinels.url().split([',', '/']).nth(2).expect("an address").to_owned();
    refuses(&format!("redis://{sentinel}"), &[], "for a Sentinel, write redis+sentinel:// in --redis-url").await;
    refuses(&format!("redis+sentinel://{sentinel}/nobody"), &[], "does not know the service nobody").await;
}

#[tokio::test]
async fn what_is_wrong_with_tls_is_told_with_the_setting_to_change() {
    let (files, other) = (Files::new("redis-tls"), Files::new("redis-tls-other"));
    let port = port::free().to_string();
    let secured = ["--tls-port", &port, "--tls-cert-file", &files.certificate, "--tls-key-file", &files.key];
    let redis = Redis::start_with(&[&secured[..], &["--tls-auth-clients", "no"]].concat()).await;
    let url = format!("rediss://127.0.0.1:{port}");
    let trusting = ["--redis-ca", &files.certificate];
    let (code, said) = check(&url, &trusting).await;
    assert_eq!((code, said.as_str()), (Some(0), ""));
    refuses(&url, &[], "unknown authority: name the authority's certificate in --redis-ca").await;
    let none_of = format!("that none of --redis-ca {:?} has issued", other.certificate);
    refuses(&url, &["--redis-ca", &other.certificate], &none_of).await;
    let another = "has a certificate for another name than \"localhost\"";
    refuses(&format!("rediss://localhost:{port}"), &trusting, another).await;
    refuses(&format!("redis://127.0.0.1:{port}"), &[], "with TLS it is rediss:// in --redis-url").await;
    let flags = ["--redis-connect-timeout", "300ms"];
    refuses(&format!("rediss://{}", redis.address()), &flags, "300ms: if it speaks no TLS, write redis://").await;
    let (code, said) = check(&url, &["--redis-ca", &files.key]).await;
    let expected = format!("roomcast: --redis-ca {:?}: there is no certificate in it\n", files.key);
    assert_eq!((code, said), (Some(2), expected));
}

#[tokio::test]
async fn settings_of_redis_are_named_where_they_were_given() {
    let url = ("ROOMCAST_REDIS_URL", "redis://127.0.0.1:1");
    let output = run(&["check", "--max-connections=100"], &[url]).await;
    let said = String::from_utf8(output.stderr).expect("text");
    assert!(said.starts_with("roomcast: ROOMCAST_REDIS_URL \"redis://127.0.0.1:1/0\": 127.0.0.1:1 refuses"), "{said}");
    assert!(said.ends_with("name another address in ROOMCAST_REDIS_URL\n"), "{said}");
}

#[tokio::test]
async fn the_log_of_a_server_that_cannot_become_ready_says_why() {
    let redis = Redis::start().await;
    for (name, rules, says) in [
        // Leases are fields of a hash.
        ("hset", "~rc:* &rc:* +@all -hset", "this node is not ready: redis refused: it does not let this user do all"),
        ("channels", "~rc:* &other:* +@all", "does not let this user use the channels rc:*: add to its rules &rc:*"),
        ("keys", "~other:* &rc:* +@all", "does not let this user use the keys rc:*: add to its rules ~rc:*"),
    ] {
        let mut command = Command::new(program());
        command.args(["serve", "--listen", "127.0.0.1:0", "--workers", "1", "--redis-url"]);
        command.arg(user(&redis, name, rules).await);
        let said = Server::run(command).await.logged(says).await;
        assert!(said.contains("WARN") && !said.contains("geheim"), "{said}");
    }
}

/// The address of a server that answers anything like this.
async fn other(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("it listens");
    tokio::spawn(async move {
        while let Ok((mut peer, _)) = listener.accept().await {
            let _ = peer.read(&mut [0; 4096]).await;
            let _ = peer.write_all(answer.as_bytes()).await;
        }
    });
    format!("redis://{address}")
}
