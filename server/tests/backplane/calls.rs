//! What nodes call and tell each other, and what holds when Redis goes away.

use std::time::{Duration, Instant};

use futures_util::FutureExt;
use nix::sys::signal::Signal;
use roomcast_server::backplane::{Failure, Reply, Reset};

use super::ear::{Told, heard, node, ready, settings, until, until_ok};
use super::proxy::Proxy;
use super::server::Redis;
use super::*;

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

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_subscription_is_built_anew_and_its_gap_told() {
    let redis = Redis::start(&[]);
    let (one, ear) = node(settings(&redis.url())).await;
    ear.forget();
    redis.ask(&["CLIENT", "KILL", "TYPE", "pubsub"]);
    ear.wait_reset(Reset::Gap).await;
    // It stands when the gap is told.
    assert_eq!(tell(&one, &one, "Rback").await, Ok(Reply::Int(1)));
    heard(&ear, "Rback").await;
    assert_eq!(ear.told()[0], Told::Reset(64, Reset::Gap));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_subscription_is_noticed_by_its_missing_beat() {
    let redis = Redis::start(&[]);
    let proxy = Proxy::start(redis.port).await;
    let (one, ear) = node(settings(&proxy.url())).await;
    ear.forget();
    proxy.mute_subscriptions();
    assert_eq!(tell(&one, &one, "Rlost").await, Ok(Reply::Int(1)), "commands work");
    ear.wait_reset(Reset::Gap).await;
    tell(&one, &one, "Rback").await.expect("told");
    heard(&ear, "Rback").await;
    assert!(!ear.told().contains(&Told::Message(partition(7), text("Rlost"))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_too_slow_is_told_of_the_gap() {
    let redis = Redis::start(&[]);
    let (one, ear) = node(settings(&redis.url())).await;
    ear.forget();
    let large = "R".repeat(100_000);
    {
        let _slow = ear.gate.lock().await;
        for _ in 0..20 {
            tell(&one, &one, &large).await.expect("told");
        }
        // Beats do not wait behind messages.
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(one.is_ready());
    }
    ear.wait_reset(Reset::Gap).await;
    tell(&one, &one, "Rafter").await.expect("told");
    heard(&ear, "Rafter").await;
    let told = ear.told();
    let before = told.iter().position(|told| matches!(told, Told::Reset(..))).expect("a gap");
    assert!((5..=12).contains(&before) && told.len() == before + 2, "{before} of {}", told.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_calls_are_refused_at_once() {
    let redis = Redis::start(&[]);
    let mut settings = settings(&redis.url());
    settings.max_calls = 10;
    settings.max_call_bytes = 10_000;
    let (one, _) = node(settings).await;
    redis.signal(Signal::SIGSTOP);
    // Held, so that they stay under way.
    let mut calls: Vec<_> = (0..20).map(|_| Box::pin(append(&one, "x"))).collect();
    let refused = refused(&mut calls);
    // The lease may have a place, too.
    assert!((10..=11).contains(&refused), "{refused} of 20");
    drop(calls);
    let mut calls: Vec<_> = (0..2).map(|_| Box::pin(append_bytes(&one, 9_000))).collect();
    assert_eq!(self::refused(&mut calls), 1);
    redis.signal(Signal::SIGCONT);
}

/// How many of some calls fail before anything can have been answered.
fn refused(calls: &mut [impl Future<Output = Result<Reply, Failure>> + Unpin]) -> usize {
    let refusal = Some(Err(Failure::Unavailable));
    calls.iter_mut().map(FutureExt::now_or_never).filter(|answer| *answer == refusal).count()
}
