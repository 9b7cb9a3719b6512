//! The way to other nodes, over real Redis servers.

#[path = "backplane/ear.rs"]
mod ear;
#[path = "backplane/server.rs"]
mod server;

use std::time::{Duration, Instant};

use bytes::Bytes;
use nix::sys::signal::Signal;
use roomcast_server::backplane::{Backplane, Failure, Partition, Reply, Reset, Script};

use ear::{Ear, Told, node, ready, settings, until};
use server::Redis;

static APPEND: Script = Script::new("return redis.call('RPUSH', KEYS[1], ARGV[1])");
static TELL: Script = Script::new("redis.call('INCR', KEYS[1]) return redis.call(ARGV[1], ARGV[2], ARGV[3])");
static READ: Script = Script::new("return redis.call('LRANGE', KEYS[1], 0, -1)");

fn partition(index: usize) -> Partition {
    Partition::all().nth(index).expect("a partition")
}

fn text(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

async fn append(backplane: &Backplane, value: &str) -> Result<Reply, Failure> {
    backplane.run(partition(7), &APPEND, vec![partition(7).key("list")], vec![text(value)]).await
}

async fn tell(from: &Backplane, to: &Backplane, payload: &str) -> Result<Reply, Failure> {
    let at = partition(7);
    let args = vec![text(from.publish_command()), text(&from.channel(at, to.boot().as_str())), text(payload)];
    from.run(at, &TELL, vec![at.key("told")], args).await
}

async fn heard(ear: &Ear, payload: &str) -> Instant {
    ear.wait(payload, |told| *told == Told::Message(partition(7), text(payload))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_run_in_the_order_of_the_calls_also_after_redis_forgot_them() {
    let redis = Redis::start(&[]);
    let (node, _) = node(settings(&redis.url())).await;
    for round in 0..2 {
        redis.ask(&["SCRIPT", "FLUSH"]);
        redis.ask(&["DEL", &partition(7).key("list")]);
        // The first one repeats what Redis forgot; the others are called before any of them is waited for.
        append(&node, "0").await.expect("appended");
        let calls: Vec<_> = (1..200)
            .map(|number| {
                node.run(partition(7), &APPEND, vec![partition(7).key("list")], vec![text(&number.to_string())])
            })
            .collect();
        for call in calls.into_iter().rev() {
            call.await.expect("appended");
        }
        let list = node.run(partition(7), &READ, vec![partition(7).key("list")], vec![]).await.expect("read");
        let wanted = (0..200).map(|number| Reply::Bytes(text(&number.to_string()))).collect();
        assert_eq!(list, Reply::Array(wanted), "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_tell_each_other_and_keep_media() {
    let redis = Redis::start(&[]);
    let (one, ear_one) = node(settings(&redis.url())).await;
    let (two, ear_two) = node(settings(&redis.url())).await;
    assert_eq!(ear_one.told().first(), Some(&Told::Reset(64, Reset::Connected)));
    assert_eq!(tell(&one, &two, "Rhello").await, Ok(Reply::Int(1)));
    heard(&ear_two, "Rhello").await;
    until("one knows two", || one.is_alive(two.boot().as_str())).await;
    assert!(!one.is_alive("nobody"));
    let here = i64::try_from(std::time::SystemTime::UNIX_EPOCH.elapsed().expect("a clock").as_micros()).expect("fits");
    assert!((one.now().0 - here).abs() < 1_000_000);

    let bytes = Bytes::from(vec![7_u8; 300_000]);
    let key = partition(3).key("media");
    until_ok(async || one.store(partition(3), key.clone(), bytes.clone(), Duration::from_secs(5)).await).await;
    assert_eq!(two.fetch(partition(3), key).await, Ok(Some(bytes)));
    assert_eq!(two.fetch(partition(3), "no such key".into()).await, Ok(None));
    assert_eq!(ear_one.told().len(), 1);
    assert_eq!(ear_two.told().len(), 2);
}

async fn until_ok<T>(call: impl AsyncFn() -> Result<T, Failure>) -> T {
    for _ in 0..500 {
        if let Ok(value) = call().await {
            return value;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never answered");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_was_killed_is_found_again() {
    let mut redis = Redis::start(&[]);
    let (node, ear) = node(settings(&redis.url())).await;
    append(&node, "before").await.expect("appended");
    ear.forget();
    redis.kill();
    until("away", || !node.is_ready()).await;
    let began = Instant::now();
    assert_eq!(append(&node, "meanwhile").await, Err(Failure::Unavailable));
    assert!(began.elapsed() < Duration::from_millis(100));
    redis.run();
    ear.wait_reset(Reset::Connected).await;
    // The script was loaded before anything was told.
    assert_eq!(append(&node, "after").await, Ok(Reply::Int(1)));
    ready(&node).await;
    assert_eq!(ear.told(), [Told::Reset(64, Reset::Connected)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_stands_still_is_left_and_found_again() {
    let redis = Redis::start(&[]);
    let (node, ear) = node(settings(&redis.url())).await;
    ear.forget();
    redis.signal(Signal::SIGSTOP);
    assert_eq!(append(&node, "x").await, Err(Failure::Unknown));
    until("away", || !node.is_ready()).await;
    until("given up", || {
        std::future::Future::poll(
            std::pin::pin!(append(&node, "y")),
            &mut std::task::Context::from_waker(std::task::Waker::noop()),
        ) == std::task::Poll::Ready(Err(Failure::Unavailable))
    })
    .await;
    redis.signal(Signal::SIGCONT);
    ear.wait_reset(Reset::Connected).await;
    ready(&node).await;
}
