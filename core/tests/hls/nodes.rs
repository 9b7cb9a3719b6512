//! A broadcast over three nodes: an owner, edges, and a directory in virtual time, with random faults.
//!
//! Every upload is repeated until it is taken, as an encoder does. However packets, answers, nodes and data of Redis are
//! lost meanwhile, in the end all nodes list the same without a gap, and no playlist has ever run back.

mod world;

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use roomcast_core::hls::Change;
use roomcast_protocol::data::Payload;

use crate::feed::{part, variant};
use world::{Fault, NODES, STEP, World};

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        3 => (0..NODES, 0..NODES).prop_map(|(from, to)| Fault::Packet(from, to)),
        2 => any::<bool>().prop_map(Fault::Answer),
        1 => Just(Fault::Failover),
        1 => any::<bool>().prop_map(Fault::Kill),
        2 => (1_u64..30).prop_map(|steps| Fault::Wait(steps * STEP)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_broadcast_survives_its_faults(
        uploads in vec((0..NODES, prop::option::weighted(0.3, fault())), 4..200),
        players in vec((0..NODES, any::<prop::sample::Index>()), 1..6),
    ) {
        let mut world = World::new();
        world.upload(0, &Payload::Variant(variant("v0", "init.mp4")));
        let plays: BTreeMap<usize, usize> = players.iter().map(|(node, at)| (at.index(uploads.len()), *node)).collect();
        for (at, (through, fault)) in uploads.iter().enumerate() {
            if let Some(node) = plays.get(&at) {
                world.site(*node, |site, context| site.play(context));
            }
            fault.iter().for_each(|fault| world.strike(fault));
            let at = at as u64;
            world.upload(*through, &Payload::Part(part(at / 4, at % 4)));
        }
        world.lost_packets.clear();
        for node in 0..NODES {
            world.site(node, |site, context| site.play(context));
        }
        world.wait(15_000);
        let owner = world.owner().expect("somebody owns the room");
        let first = &world.nodes[owner].as_ref().expect("it lives").served;
        for node in world.nodes.iter().flatten() {
            prop_assert_eq!(&node.served, first);
        }
        for change in first.playlists.values() {
            if let Change::MediaPlaylist { snapshot, .. } = change {
                let text = String::from_utf8_lossy(&snapshot.playlist);
                prop_assert!(!text.contains("GAP=YES"), "{}", text);
                let last = uploads.len() as u64 - 1;
                prop_assert_eq!(snapshot.position.msn, last / 4);
                prop_assert_eq!(snapshot.position.parts, last % 4 + 1);
            }
        }
    }
}

#[test]
fn a_journal_alone_brings_a_broadcast_back() {
    let mut world = World::new();
    world.upload(0, &Payload::Variant(variant("v0", "init.mp4")));
    world.parts(0, 0..151);
    (world.nodes[0], world.nodes[1]) = (None, None);
    world.wait(8000);
    world.join(2, "cy", false);
    world.wait(1000);
    assert_eq!(world.listed(2), ((37, 3), 0));
    world.parts(2, 151..154);
    assert_eq!(world.listed(2), ((38, 2), 0));
}

#[test]
fn what_was_accepted_since_a_takeover_comes_behind_what_an_edge_still_has() {
    let mut world = World::new();
    world.upload(0, &Payload::Variant(variant("v0", "init.mp4")));
    world.site(2, |site, context| site.play(context));
    world.parts(0, 0..8);
    world.wait(1000);
    world.silent = Some((0, 1));
    world.parts(0, 8..10);
    world.silent = Some((2, 1));
    world.strike(&Fault::Kill(true));
    world.parts(1, 10..11);
    assert_eq!(world.listed(1), ((1, 4), 0), "two parts before it are missing");
    world.silent = None;
    world.wait(5000);
    assert_eq!((world.listed(1), world.listed(2)), (((2, 3), 0), ((2, 3), 0)));
}
