//! Who lives, who is dead, and who only seems to be.

use std::time::{Duration, Instant};

use roomcast_server::backplane::Reset;

use super::ear::{Told, heard, node, ready, settings, until};
use super::proxy::Proxy;
use super::server::Redis;
use super::*;

fn is_reaped(told: &Told, boot: &str) -> bool {
    matches!(told, Told::Reaped(dead) if dead.as_str() == boot)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_node_is_fenced_then_reaped_then_forgotten() {
    let redis = Redis::start(&[]);
    let (one, ear) = node(settings(&redis.url())).await;
    let (two, ear_two) = node(settings(&redis.url())).await;
    let (dead, _) = node(settings(&redis.url())).await;
    let boot = dead.boot();
    until("all know of all", || one.nodes().len() == 3 && two.nodes().len() == 3).await;
    // Whoever reaps first fails: it is repeated.
    for ear in [&ear, &ear_two] {
        ear.failing.lock().expect("a list").insert(boot.clone(), 1);
    }
    let began = Instant::now();
    drop(dead);
    until("it is forgotten", || !redis.ask(&["ZRANGE", "rc:{L}:lease", "0", "-1"]).contains(boot.as_str())).await;
    assert!(began.elapsed() > Duration::from_millis(1500), "not before its lease has ended");
    assert!(began.elapsed() < Duration::from_secs(6));
    let reaped = ear.told().into_iter().chain(ear_two.told()).filter(|told| is_reaped(told, boot.as_str())).count();
    assert!((2..=4).contains(&reaped), "{reaped} reapings");
    for partition in Partition::all() {
        assert_eq!(redis.ask(&["EXISTS", &partition.key(&format!("x:{boot}"))]).trim(), "1", "{partition}");
    }
    until("nobody counts on it", || !one.is_alive(boot.as_str()) && !two.is_alive(boot.as_str())).await;
    assert!(one.is_alive(two.boot().as_str()) && two.is_alive(one.boot().as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_leaves_is_gone_at_once_and_not_reaped() {
    let redis = Redis::start(&[]);
    let (one, ear) = node(settings(&redis.url())).await;
    let (two, _) = node(settings(&redis.url())).await;
    let boot = two.boot();
    until("known", || one.is_alive(boot.as_str())).await;
    two.leave().await;
    assert!(!two.is_ready());
    until("gone", || !one.is_alive(boot.as_str())).await;
    tokio::time::sleep(settings(&redis.url()).lease).await;
    assert!(!ear.told().iter().any(|told| matches!(told, Told::Reaped(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fenced_node_goes_on_under_another_name() {
    let redis = Redis::start(&[]);
    let (one, ear) = node(settings(&redis.url())).await;
    ear.forget();
    let former = one.boot();
    redis.ask(&["SET", &format!("rc:{{L}}:x:{former}"), "1"]);
    ear.wait_reset(Reset::Fenced).await;
    assert_ne!(one.boot(), former);
    tell(&one, &one, "Rnew").await.expect("told");
    heard(&ear, "Rnew").await;
    // By what a script of a room said.
    let second = one.boot();
    one.fenced(&former);
    assert_eq!(one.boot(), second, "it already has another name");
    ear.forget();
    one.fenced(&second);
    assert_ne!(one.boot(), second);
    ear.wait_reset(Reset::Fenced).await;
    ready(&one).await;
    until("in the lease", || one.nodes().contains(one.boot().as_str())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_reaped_because_redis_was_away() {
    let redis = Redis::start(&[]);
    let ways = [Proxy::start(redis.port).await, Proxy::start(redis.port).await];
    let (one, ear_one) = node(settings(&ways[0].url())).await;
    let (two, ear_two) = node(settings(&ways[1].url())).await;
    until("all know of all", || one.nodes().len() == 2 && two.nodes().len() == 2).await;
    let lease = settings(&redis.url()).lease;
    let boot = two.boot();
    ways.iter().for_each(Proxy::cut);
    // Times, not events: every lease ends while nobody reaches Redis.
    tokio::time::sleep(lease * 3 / 2).await;
    assert!(!one.is_ready() && one.is_alive("nobody knows"), "nothing was read lately");
    ways[0].mend();
    ready(&one).await;
    // The other one takes longer to find its way back.
    tokio::time::sleep(lease / 2).await;
    ways[1].mend();
    ready(&two).await;
    assert_eq!(two.boot(), boot);
    // Now one really dies: the first reaping there is.
    drop(two);
    ear_one.wait("the dead", |told| matches!(told, Told::Reaped(_))).await;
    let reaped: Vec<_> = ear_one.told().into_iter().filter(|told| matches!(told, Told::Reaped(_))).collect();
    assert_eq!(reaped, [Told::Reaped(boot)]);
    assert!(!ear_two.told().iter().any(|told| matches!(told, Told::Reaped(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_was_emptied_is_noticed_and_nobody_fenced() {
    let redis = Redis::start(&[]);
    let (one, ear_one) = node(settings(&redis.url())).await;
    let (two, ear_two) = node(settings(&redis.url())).await;
    until("all know of all", || one.nodes().len() == 2 && two.nodes().len() == 2).await;
    let boots = [one.boot(), two.boot()];
    ear_one.forget();
    ear_two.forget();
    redis.ask(&["FLUSHALL"]);
    ear_one.wait_reset(Reset::Gap).await;
    ear_two.wait_reset(Reset::Gap).await;
    assert_eq!([one.boot(), two.boot()], boots);
    until("all know of all", || one.nodes().len() == 2 && two.nodes().len() == 2).await;
}
