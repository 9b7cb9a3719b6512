//! Revocations reach every node: one that was away, one that comes later, and after a Redis that lost them.

use std::time::Duration;

use roomcast_tests::client::Client;
use roomcast_tests::server::Server;
use roomcast_tests::token::{SECRET, token};
use roomcast_tests::with_timeout;
use serde_json::{Value, json};

use super::scene::Scene;

const FLAGS: [&str; 2] = ["--auth-secret", SECRET];

async fn check(node: &Server, token: &str) -> (u16, Value) {
    let answer = reqwest::Client::new().get(node.url("/auth/check")).bearer_auth(token).send();
    let answer = answer.await.expect("the node answers");
    (answer.status().as_u16(), answer.json::<Value>().await.expect("it is JSON")["b"]["reason"].clone())
}

async fn revoke(node: &Server, subject: &str) -> u16 {
    let request = reqwest::Client::new().post(node.url("/api/revoke"));
    let request = request.bearer_auth(token("operator", json!({ "admin": true })));
    let answer = request.body(json!({ "sub": subject }).to_string()).send().await.expect("the node answers");
    answer.status().as_u16()
}

async fn refuses(node: &Server, token: &str) {
    let refused = async {
        while check(node, token).await != (401, json!("revoked")) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    with_timeout("the node to refuse the token", refused).await;
}

fn of(subject: &str) -> String {
    token(subject, json!({ "join": true, "create": true, "publish": true }))
}

#[tokio::test]
async fn a_node_that_was_away_learns_of_a_revocation() {
    let mut scene = Scene::start_with(&FLAGS).await;
    let ann = of("ann");
    let mut there = Client::connect_with_token(&scene.nodes[2], "ann", "m2m", &ann).await;
    assert_eq!(there.ask_to_join(true).await["c"], 200);
    scene.nodes[2].process().pause().await;
    assert_eq!(revoke(&scene.nodes[0], "ann").await, 200);
    refuses(&scene.nodes[1], &ann).await;
    scene.nodes[2].process().resume().await;
    refuses(&scene.nodes[2], &ann).await;
    let (code, _) = there.closed().await;
    // A node that stood still for long lets its members go by itself.
    assert!([4001, 1012].contains(&code), "{code}");
}

#[tokio::test]
async fn a_redis_that_comes_back_empty_is_told_again_and_new_nodes_know() {
    let mut scene = Scene::start_with(&FLAGS).await;
    let (ann, bob, carl) = (of("ann"), of("bob"), of("carl"));
    assert_eq!(revoke(&scene.nodes[0], "ann").await, 200);
    refuses(&scene.nodes[1], &ann).await;
    scene.redis.process().kill().await;
    scene.nodes.become_ready(false).await;
    // It holds where it was asked for, and is told to the others later.
    assert_eq!(revoke(&scene.nodes[1], "bob").await, 503);
    assert_eq!(check(&scene.nodes[1], &bob).await.0, 401);
    scene.redis.restart().await;
    scene.nodes.become_ready(true).await;
    for node in [0, 2] {
        refuses(&scene.nodes[node], &bob).await;
    }
    for node in 0..3 {
        // Each in turn is new, and knows before it is ready.
        scene.nodes.restart(node).await;
        for token in [&ann, &bob] {
            assert_eq!(check(&scene.nodes[node], token).await, (401, json!("revoked")), "node {node}");
        }
    }
    scene.redis.flush().await;
    assert_eq!(revoke(&scene.nodes[2], "carl").await, 200);
    scene.nodes.restart(1).await;
    for token in [&ann, &bob, &carl] {
        refuses(&scene.nodes[1], token).await;
    }
}
