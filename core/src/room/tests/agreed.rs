//! A room whose document all nodes share, where this node's proposals are carried out at once.

use super::*;
use crate::room::{Arrival, News, Operation, Proposal, Record, Status, Synced, Verdict};

/// A group of which `ann` is the owner and `bob` a viewer, on a node whose clock is behind by so many milliseconds.
fn group(ahead: i64) -> World {
    let mut world = World::new(RoomType::M2m);
    world.room.share(world.now, ahead);
    for (connection, who) in [(1, "ann"), (2, "bob")] {
        assert_eq!(world.join(connection, who, connection == 1)["c"], 200);
    }
    world.wait(150);
    world.sent.clear();
    world
}

impl World {
    /// Carries out what the room proposes.
    pub(super) fn agree(&mut self) {
        while !self.proposes
            && let Some(proposal) = self.room.propose(self.now)
        {
            let effects = self.room.decided(self.now, committed(&proposal));
            self.take(effects);
        }
    }
}

fn committed(proposal: &Proposal) -> Verdict {
    let version = proposal.expected + u64::from(proposal.document.is_some());
    Verdict::Committed { version, spread: Vec::new() }
}

#[test]
fn a_room_ends_though_its_clock_was_set_back_as_the_end_was_proposed() {
    let mut world = group(500);
    world.say(1, "ann", "leave", &json!({}));
    let linger = Settings::default().linger;
    let due = world.now + linger;
    world.wait_with(due.0 - world.now.0 - 1, &[(2, "bob")]);
    world.now = due;
    // The room sees that it is time; then the clock that all share turns out to be behind.
    let effects = world.room.step(world.now, Input::Tick);
    world.take(effects);
    world.room.set_ahead(0);
    world.agree();
    assert!(!world.room.is_closed(), "it is too early by the clock that all share");
    world.wait(600);
    assert!(world.names(2).contains(&"ROOM_CLOSED".to_owned()));
    assert!(world.room.is_closed());
}

#[test]
fn a_join_of_which_nothing_is_known_leaves_unless_it_comes_back() {
    let mut world = group(0);
    for (connection, who) in [(3, "cat"), (4, "dan")] {
        world.proposes = true;
        world.say(connection, who, "join", &json!({"ve": true, "ae": true, "op": {"roomCreating": false}}));
        world.room.propose(world.now).unwrap();
        let answer = world.room.decided(world.now, Verdict::Unavailable { maybe: true });
        world.take(answer);
        assert_eq!(world.heard(connection)[0]["c"], 503);
        world.proposes = false;
        world.wait(500);
    }
    assert_eq!(world.join(5, "dan", false)["c"], 200);
    world.proposes = true;
    world
        .wait_with(Settings::default().heartbeat_timeout.as_millis() as u64 + 1, &[(1, "ann"), (2, "bob"), (5, "dan")]);
    let proposal = world.room.propose(world.now).unwrap();
    let left: Vec<_> = proposal
        .operations
        .iter()
        .filter_map(|one| match one {
            Operation::Leave { key, generation } => Some((key.user_id.as_str(), *generation > 0)),
            _ => None,
        })
        .collect();
    assert_eq!(left, [("cat", true)]);
}

#[test]
fn who_left_in_a_generation_to_come_joins_in_a_later_one() {
    let mut world = group(0);
    world.proposes = true;
    world.say(3, "cat", "join", &json!({"ve": true, "ae": true, "op": {"roomCreating": false}}));
    let generation = |proposal: &Proposal| match &proposal.operations[..] {
        [Operation::Join(record)] => record.generation,
        other => panic!("{other:?}"),
    };
    let first = generation(&world.room.propose(world.now).unwrap());
    let effects = world.room.decided(world.now, Verdict::Behind(first + 1000));
    world.take(effects);
    let again = world.room.propose(world.now).unwrap();
    assert!(generation(&again) > first + 1000);
    let effects = world.room.decided(world.now, committed(&again));
    world.take(effects);
    assert_eq!(world.heard(3)[0]["c"], 200);
}

/// As another node would tell it.
fn arrival(record: &Record, generation: u64, own: bool) -> Arrival {
    let (record, birth) = (record.clone(), record.birth);
    Arrival { record, generation, birth, count: 1, had: 0, kept: Vec::new(), own, told: None, waits: true }
}

/// `own`: the member was not elsewhere in between.
fn comes_again_while_its_former_node_is_asked(own: bool) {
    let mut world = group(0);
    world.proposes = true;
    let join = json!({"ve": true, "ae": true, "op": {"roomCreating": false}});
    world.say(3, "cat", "join", &join);
    let mut asked = world.room.propose(world.now);
    world.say(4, "cat", "join", &join);
    let (mut key, mut generation) = (None, 0);
    for (later, own) in [(10, false), (30, own)] {
        if later == 30 {
            world.say(3, "cat", "updateVideo", &json!({"ve": true, "ae": false}));
            assert!(world.heard(3).is_empty(), "it waits for the answer to its JOIN");
        }
        let proposal = asked.take().unwrap();
        let [Operation::Join(record)] = &proposal.operations[..] else { panic!("{:?}", proposal.operations) };
        generation = record.generation + later;
        let members = vec![(record.session.key(), Some(arrival(record, generation, own)))];
        key = Some(record.session.key());
        let met = Verdict::Present { members, version: proposal.expected, stage: None };
        let effects = world.room.decided(world.now, met);
        world.take(effects);
        asked = world.room.propose(world.now);
    }
    // What happened in between is told late.
    let key = key.unwrap();
    let taken =
        News::Taken { key: key.clone(), generation: generation - 1, node: Some("other".to_owned()), last: false };
    let effects = world.room.heard(world.now, taken);
    world.take(effects);
    let closed = world.effects.iter().filter_map(|effect| match effect {
        Effect::Close { connection, .. } => Some(connection.0),
        _ => None,
    });
    assert_eq!(closed.collect::<Vec<_>>(), [3]);
    let refused = world.heard(3);
    assert!(refused.iter().any(|heard| heard["c"] == 4002), "what waited is answered: {refused:?}");
    world.wait(1001);
    assert_eq!(world.heard(4)[0]["s"], "JOIN");
    let here = world.room.members_here();
    assert!(here.iter().any(|(here, there, _)| *here == key && *there == generation), "{here:?}");
}

#[test]
fn who_comes_again_while_its_former_node_is_asked_is_here_in_the_later_generation() {
    for own in [false, true] {
        comes_again_while_its_former_node_is_asked(own);
    }
}

#[test]
fn who_joins_again_while_it_is_brought_back_is_brought_back_by_its_join_alone() {
    let mut world = group(0);
    world.lose(1);
    world.proposes = true;
    // All that was shared is lost.
    let ann = world.room.members_here().into_iter().map(|(key, ..)| key).find(|key| key.user_id.as_str() == "ann");
    let members = vec![(ann.unwrap(), Status::Unknown)];
    let synced = Synced { version: 0, stage: None, closed: None, members, lost: true, orphans: Vec::new() };
    let effects = world.room.synced(world.now, synced);
    world.take(effects);
    world.say(3, "ann", "join", &json!({"ve": true, "ae": true, "op": {"roomCreating": false, "resumeFrom": 0}}));
    let proposal = world.room.propose(world.now).unwrap();
    let operations = proposal.operations.iter().filter(|one| match one {
        Operation::Join(record) | Operation::Return(record) => record.session.user_id.as_str() == "ann",
        _ => false,
    });
    let operations: Vec<_> = operations.collect();
    assert!(matches!(operations[..], [Operation::Join(_)]), "{operations:?}");
    assert!(proposal.restores);
    // Whoever sends something to the membership that all know sends it to the one that is here.
    let [Operation::Join(record)] = operations[..] else { return };
    let birth = record.birth;
    let effects = world.room.decided(world.now, committed(&proposal));
    world.take(effects);
    assert_eq!(world.heard(3)[0]["b"]["resumed"], true);
    let here = world.room.members_here();
    assert!(here.iter().any(|(key, _, mark)| key.user_id.as_str() == "ann" && mark.birth == birth), "{here:?}");
}
