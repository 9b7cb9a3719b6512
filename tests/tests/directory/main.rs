//! The directory's scripts in a real Redis, held against their reference: random calls, the same answers.
//!
//! Time and master are those of the reference: the scripts read them through `clock.lua`, which is exchanged here.

mod script;
mod text;

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use roomcast_core::cluster::directory::{
    Asserted, Claimed, Context, Directory, Era, Journaled, LeaseAnswer, Looked, Write,
};
use roomcast_core::cluster::{BootId, ClusterSettings, Life, Ownership};
use roomcast_core::time::Instant;
use roomcast_protocol::id::RoomId;
use roomcast_tests::redis::Redis;
use script::Scripts;

/// Nodes and rooms of a case.
const NODES: u64 = 3;
const ROOMS: usize = 2;

type Reference = Directory<u8, u8>;

#[derive(Debug, Clone)]
enum Op {
    Wait(u64),
    /// The clock is set back.
    Back(u64),
    /// Another master has the data.
    FailOver,
    Begin,
    Lease(BootId, u16, Vec<BootId>),
    Leave(BootId),
    Look(usize),
    /// Whether what stands is expected, or what this node knew last.
    Claim(usize, BootId, bool),
    Assert(usize, BootId),
    /// Whether it is whole, and its number.
    Journal(usize, BootId, (bool, u64), Vec<(u8, Option<u8>)>),
    Release(usize, BootId, bool),
}

fn op() -> impl Strategy<Value = Op> {
    let (room, boot) = (0..ROOMS, (1..=NODES).prop_map(BootId));
    let changes = prop::collection::btree_map(0..4_u8, prop::option::of(any::<u8>()), 0..3);
    prop_oneof![
        4 => (0..1500_u64).prop_map(Op::Wait),
        1 => (0..3000_u64).prop_map(Op::Back),
        1 => Just(Op::FailOver),
        3 => Just(Op::Begin),
        3 => (boot.clone(), 1..4_u16, prop::collection::vec(boot.clone(), 0..3))
            .prop_map(|(boot, version, peers)| Op::Lease(boot, version, peers)),
        1 => boot.clone().prop_map(Op::Leave),
        1 => room.clone().prop_map(Op::Look),
        5 => (room.clone(), boot.clone(), any::<bool>()).prop_map(|(room, boot, knows)| Op::Claim(room, boot, knows)),
        2 => (room.clone(), boot.clone()).prop_map(|(room, boot)| Op::Assert(room, boot)),
        4 => (room.clone(), boot.clone(), (any::<bool>(), 0..4_u64), changes)
            .prop_map(|(room, boot, whole, changes)| Op::Journal(room, boot, whole, changes.into_iter().collect())),
        1 => (room, boot, any::<bool>()).prop_map(|(room, boot, keep)| Op::Release(room, boot, keep)),
    ]
}

/// Both directories, and what each node believes to own.
struct Pair {
    reference: Reference,
    scripts: Scripts,
    context: Context,
    owned: BTreeMap<(usize, BootId), (Ownership, Era)>,
    random: u64,
}

fn room(index: usize) -> RoomId {
    RoomId::parse(&format!("room-{index}")).expect("a room")
}

impl Pair {
    async fn run(&mut self, op: &Op) {
        match op {
            Op::Wait(time) => self.context.now = self.context.now + Duration::from_millis(*time),
            Op::Back(time) => self.context.now = Instant(self.context.now.0 - time),
            Op::FailOver => self.context.master += 1,
            Op::Begin => {
                let era = self.reference.begin(self.context);
                assert_eq!(self.scripts.begin(self.context).await, era);
            }
            Op::Lease(boot, version, peers) => {
                let answer: LeaseAnswer = self.reference.lease(self.context, *boot, *version, peers);
                assert_eq!(self.scripts.lease(self.context, *boot, *version, peers).await, answer);
            }
            Op::Leave(boot) => {
                self.reference.leave(self.context, *boot);
                self.scripts.leave(self.context, *boot).await;
            }
            Op::Look(index) => {
                let looked: Looked = self.reference.look(self.context, &room(*index));
                assert_eq!(self.scripts.look(self.context, *index).await, looked);
            }
            Op::Claim(index, boot, knows) => self.claim(*index, *boot, *knows).await,
            Op::Assert(index, boot) => {
                let mine = self.mine(*index, *boot).0;
                let answer: Asserted = self.reference.assert(self.context, &room(*index), mine);
                assert_eq!(self.scripts.assert(self.context, *index, mine).await, answer);
            }
            Op::Journal(index, boot, (whole, number), changes) => {
                let (ownership, era) = self.mine(*index, *boot);
                let write =
                    Write { ownership, era: (!whole).then_some(era), number: *number, changes: changes.clone() };
                let answer: Journaled = self.reference.journal(self.context, &room(*index), &write);
                assert_eq!(self.scripts.journal(self.context, *index, &write).await, answer);
            }
            Op::Release(index, boot, keep) => {
                let mine = self.mine(*index, *boot).0;
                let fields = [(9, 1), (8, 2)];
                let keep = keep.then_some(fields.as_slice());
                self.reference.release(self.context, &room(*index), mine, keep);
                self.scripts.release(self.context, *index, mine, keep).await;
            }
        }
    }

    /// The ownership that a node believes to have, or one that nobody ever had.
    fn mine(&self, index: usize, boot: BootId) -> (Ownership, Era) {
        let invented = || {
            let life = Life { created: 20_000 + boot.0, random: boot.0 };
            let era = Era { master: self.context.master, began: Instant(0) };
            (Ownership { life, term: 20_000, owner: Some(boot) }, era)
        };
        self.owned.get(&(index, boot)).copied().unwrap_or_else(invented)
    }

    async fn claim(&mut self, index: usize, boot: BootId, knows: bool) {
        let standing = match self.reference.look(self.context, &room(index)) {
            Looked::Stands(standing) => Some(standing),
            Looked::Nothing | Looked::Wait(_) => None,
        };
        let expected = if knows { standing } else { self.owned.get(&(index, boot)).map(|(owned, _)| *owned) };
        self.random += 1;
        let fields = [(1, 10), (2, 20)];
        let answer = self.reference.claim(self.context, &room(index), expected, boot, (self.random, &fields));
        let other = self.scripts.claim(self.context, index, expected, boot, (self.random, &fields)).await;
        assert_eq!(other, answer);
        if let Claimed::Won { ownership, era, .. } = answer {
            self.owned.insert((index, boot), (ownership, era));
        }
    }
}

#[test]
fn scripts_answer_as_their_reference() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let redis = runtime.block_on(Redis::start());
    let config = ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() };
    let case = std::cell::Cell::new(0_u32);
    proptest!(config, |(ops in prop::collection::vec(op(), 1..60))| {
        case.set(case.get() + 1);
        runtime.block_on(async {
            let context = Context { now: Instant(100_000), master: 0xA };
            let scripts = Scripts::open(&redis, case.get()).await;
            let reference = Directory::new(ClusterSettings::default());
            let mut pair = Pair { reference, scripts, context, owned: BTreeMap::new(), random: 0 };
            for op in &ops {
                pair.run(op).await;
            }
        });
    });
    runtime.block_on(async move { drop(redis) });
}
