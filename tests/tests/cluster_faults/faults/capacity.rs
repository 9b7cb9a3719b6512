//! Rooms that are created and filled on all nodes at once.

use std::time::Duration;

use futures_util::future::join_all;
use roomcast_tests::member::{TestMember, Who, all_know};
use serde_json::json;

use super::scene::{Scene, m2m};

#[tokio::test]
async fn of_all_nodes_that_create_a_room_at_once_one_does() {
    let scene = Scene::start().await;
    for round in 0..10 {
        let room = format!("room-{round}");
        let asked = (0..12).map(|user| {
            let who = m2m(&format!("user{user}")).in_room(&room);
            TestMember::try_join(&scene.nodes[user % 3], who, true)
        });
        let (created, refused): (Vec<_>, Vec<_>) = join_all(asked).await.into_iter().partition(Result::is_ok);
        assert_eq!(created.len(), 1, "round {round}");
        assert!(refused.into_iter().all(|refused| refused.is_err_and(|ack| ack["c"] == 4022)));
    }
}

#[tokio::test]
async fn a_group_has_nine_publishers_over_all_nodes() {
    let scene = Scene::start().await;
    let ann = TestMember::create(&scene.nodes[0], m2m("ann")).await;
    let names: Vec<String> = (0..12).map(|user| format!("user{user}")).collect();
    let joins = names.iter().enumerate().map(|(place, name)| TestMember::join(&scene.nodes[place % 3], m2m(name)));
    let viewers = join_all(joins).await;
    for name in &names {
        ann.say("publishAccept", "PUBLISH_ACCEPT", json!({"to": name}));
    }
    ann.until("four to be refused", |state| state.errors().iter().filter(|code| **code == 4025).count() == 4).await;
    let list = ann.until("nine publishers", |state| state.list().len() == 9).await;
    let list = list.list();
    all_know(&viewers.iter().collect::<Vec<_>>(), &list).await;
    let screens =
        (0..9).map(|number| TestMember::try_join(&scene.nodes[number % 3], m2m(&format!("ann/s{number}")), false));
    for refused in join_all(screens).await {
        assert_eq!(refused.expect_err("there is no place")["c"], 4025);
    }
    for member in viewers.iter().chain([&ann]) {
        for heard in &member.state().heard {
            assert!(heard.value["b"]["pps"].as_array().is_none_or(|list| list.len() <= 9));
        }
    }
}

#[tokio::test]
async fn further_sessions_of_a_publisher_fill_the_places_once() {
    let scene = Scene::start().await;
    let _ann = TestMember::create(&scene.nodes[0], m2m("ann")).await;
    let asked =
        (2..18).map(|session| TestMember::try_join(&scene.nodes[session % 3], m2m(&format!("ann/{session}")), false));
    let (inside, refused): (Vec<_>, Vec<_>) = join_all(asked).await.into_iter().partition(Result::is_ok);
    assert_eq!((inside.len(), refused.len()), (8, 8));
    assert!(refused.into_iter().all(|refused| refused.is_err_and(|ack| ack["c"] == 4025)));
}

#[tokio::test]
async fn a_call_has_two_users_over_all_nodes() {
    let scene = Scene::start().await;
    for round in 0..5 {
        let who = |name: &str| Who::new(name, "p2p").in_room(&format!("call-{round}"));
        let _ann = TestMember::create(&scene.nodes[round % 3], who("ann")).await;
        let asked = (0..9).map(|user| TestMember::try_join(&scene.nodes[user % 3], who(&format!("user{user}")), false));
        let (inside, refused): (Vec<_>, Vec<_>) = join_all(asked).await.into_iter().partition(Result::is_ok);
        assert_eq!(inside.len(), 1, "round {round}");
        assert!(refused.into_iter().all(|refused| refused.is_err_and(|ack| ack["c"] == 4025)));
    }
}

#[tokio::test]
async fn every_change_of_the_list_is_known_everywhere() {
    let scene = Scene::start().await;
    let ann = TestMember::create(&scene.nodes[0], m2m("ann")).await;
    let mut members = Vec::new();
    for (place, name) in ["bob", "carl", "dave"].into_iter().enumerate() {
        members.push(TestMember::join(&scene.nodes[place], m2m(name)).await);
        ann.say("publishAccept", "PUBLISH_ACCEPT", json!({"to": name}));
    }
    let all = ["ann-1", "bob-1", "carl-1", "dave-1"];
    all_know(&[&ann, &members[0], &members[1], &members[2]], &all).await;
    members[1].say("updateVideo", "UPDATE", json!({"ve": false, "ae": false}));
    for member in members.iter().chain([&ann]) {
        let muted = |state: &roomcast_tests::member::State| {
            let carl = state.entries().iter().find(|entry| entry["id"] == "carl-1");
            carl.is_some_and(|carl| carl["video"] == false && carl["audio"] == false)
        };
        member.until("carl to be muted", muted).await;
    }
    ann.say("leave", "LEAVE", json!({}));
    all_know(&members.iter().collect::<Vec<_>>(), &all[1..]).await;
    for member in &members {
        assert!(member.look(|state| state.entries()[0]["role"] == "admin"));
        let numbers: Vec<_> =
            member.look(|state| state.named("PUBLISH_LIST_CHANGED").filter_map(|list| list["sq"].as_u64()).collect());
        assert!(numbers.is_sorted_by(|one, next| one < next), "{numbers:?}");
    }
}

#[tokio::test]
async fn who_comes_in_as_the_last_one_goes_is_in_for_all_nodes_or_not_at_all() {
    let scene = Scene::start().await;
    let mut came = 0;
    for round in 0..40 {
        let room = format!("room-{round}");
        let ann = TestMember::create(&scene.nodes[0], m2m("ann").in_room(&room)).await;
        let joins = TestMember::try_join(&scene.nodes[0], m2m("bob").in_room(&room), false);
        let leaves = async {
            // Sometimes before the other, sometimes behind it.
            tokio::time::sleep(Duration::from_micros(round % 8 * 250)).await;
            ann.say("leave", "LEAVE", json!({}));
        };
        let (bob, ()) = tokio::join!(joins, leaves);
        match bob {
            Ok(_bob) => {
                came += 1;
                let carl = TestMember::try_join(&scene.nodes[1], m2m("carl").in_room(&room), false).await;
                assert!(carl.is_ok(), "round {round}: bob is in, and carl finds no room: {carl:?}");
            }
            Err(ack) => assert_eq!(ack["c"], 4001, "{ack}"),
        }
    }
    assert!(came > 0, "somebody was in time");
}
