//! One session on several nodes: the newer connection wins, and nothing is lost on the way.

use roomcast_tests::member::{Memory, State, TestMember, all_know};
use serde_json::json;

use super::scene::{Group, LIST, Scene, lists_since, m2m};

#[tokio::test]
async fn a_session_moves_to_another_node_while_the_old_connection_lives() {
    let scene = Scene::start().await;
    let Group { ann, mut bob, carl, dave } = Group::gather(&scene.nodes).await;
    let then = std::time::Instant::now();
    let mut said = 0;
    for round in 0..9 {
        ann.relay(&bob.who, said..said + 30);
        let newer = bob.resume(&scene.nodes[round % 3]).await;
        ann.relay(&bob.who, said + 30..said + 60);
        assert_eq!(bob.closed().await, 4000, "round {round}");
        // The client also knows the messages that came to the old connection while the new one was asked for.
        bob = newer;
        said += 60;
        bob.until("the last", |state| state.numbers("ann-1").contains(&(said - 1))).await;
    }
    bob.hears(&ann, 0..said).await;
    assert_eq!(bob.state().named("GAP").count(), 0);
    for member in [&ann, &carl, &dave] {
        let told = member.look(|state| lists_since(state, then));
        assert_eq!(told, 0, "nobody else is told that anything happened: {member:?}");
    }
}

#[tokio::test]
async fn of_all_nodes_that_claim_a_session_at_once_one_keeps_it() {
    let scene = Scene::start().await;
    let group = Group::gather(&scene.nodes).await;
    for _ in 0..5 {
        let memory = Memory { who: m2m("eve"), state: State::default() };
        let claims = (0..6).map(|claim| {
            let address = &scene.nodes[claim % 3].address;
            TestMember::attempt(address, memory.clone(), json!({"roomCreating": false}), roomcast_tests::TIMEOUT)
        });
        let claims = futures_util::future::join_all(claims).await;
        // A claim may be outdone before it was answered.
        assert!(claims.iter().filter_map(|claim| claim.as_ref().err()).all(|reason| reason.ends_with("4000")));
        let claims: Vec<_> = claims.into_iter().flatten().map(|claim| claim.expect("all may join")).collect();
        let left = || claims.iter().filter(|claim| claim.is_open()).count();
        let settled = async {
            while left() != 1 {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        };
        let settled = tokio::time::timeout(roomcast_tests::TIMEOUT, settled).await;
        assert!(settled.is_ok(), "{} are left of {claims:#?}", left());
        let (open, closed): (Vec<_>, Vec<_>) = claims.into_iter().partition(TestMember::is_open);
        assert!(closed.iter().all(|member| member.look(|state| state.closed) == Some(4000)));
        group.ann.relay(&open[0].who, 0..10);
        open[0].hears(&group.ann, 0..10).await;
        open[0].say("leave", "LEAVE", json!({}));
        open[0].say("heartbeat", "HEARTBEAT", json!({"bid": "late"}));
        open[0].until("to be out", |state| state.errors().contains(&4002)).await;
    }
}

#[tokio::test]
async fn what_was_said_to_a_lost_connection_comes_on_another_node_in_order() {
    let scene = Scene::start().await;
    let Group { ann, bob, carl, dave } = Group::gather(&scene.nodes).await;
    let bob = bob.lose();
    ann.relay(&bob.who, 0..60);
    carl.relay(&bob.who, 0..60);
    dave.relay(&bob.who, 0..1);
    let bob = bob.resume(&scene.nodes[2]).await.expect("bob comes back");
    ann.relay(&bob.who, 60..80);
    bob.hears(&ann, 0..80).await;
    bob.hears(&carl, 0..60).await;
    bob.hears(&dave, 0..1).await;
    all_know(&[&bob], &LIST).await;
}

#[tokio::test]
async fn a_token_holds_on_every_node() {
    let scene = Scene::start().await;
    let memory = |name: &str| Memory { who: m2m(name), state: State::default() };
    let join = async |node: usize, name: &str, options: serde_json::Value| {
        let asked =
            TestMember::attempt(&scene.nodes[node].address, memory(name), options, roomcast_tests::TIMEOUT).await;
        asked.expect("an answer")
    };
    let ann = join(0, "ann", json!({"roomCreating": true, "resumeToken": ""})).await.expect("created");
    let token =
        |member: &TestMember| member.look(|state| state.named("JOIN").next_back().map(|ack| ack["b"]["rt"].clone()));
    for node in 0..3 {
        let thief = join(node, "ann", json!({"resumeToken": "guess"})).await.expect_err("refused");
        assert_eq!(thief["c"], 4051, "on node {node}");
    }
    let used = token(&ann);
    let newer = join(1, "ann", json!({"resumeToken": used})).await.expect("resumed");
    assert_eq!(ann.closed().await, 4000);
    // The token before is good until the new connection has said something.
    // A heartbeat is answered by its connection; what the owner refuses, the owner has heard.
    newer.say("iceCandidate", "ICE", json!({"sdp": "here", "to": "nobody"}));
    newer.until("the owner's refusal", |state| state.named("ICE").any(|ack| ack["c"] == 4003)).await;
    assert_eq!(join(2, "ann", json!({"resumeToken": used})).await.expect_err("the token was used")["c"], 4051);
    let newest = join(2, "ann", json!({"resumeToken": token(&newer)})).await.expect("resumed");
    assert_eq!(newer.closed().await, 4000);
    newest.beat().await;
}
