//! Three nodes, their directory and its replica in virtual time.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use roomcast_core::cluster::directory::{Context as Redis, Directory};
use roomcast_core::cluster::lease::Lease;
use roomcast_core::cluster::{BootId, ClusterSettings};
use roomcast_core::hls::{Change, UploadEntry};
use roomcast_core::room::message::{JoinId, JoinRequest, Message};
use roomcast_core::room::owner::{Field, StreamSettings, Value};
use roomcast_core::room::site::{Context, DirectoryAnswer, DirectoryQuery, Site, SiteEffect};
use roomcast_core::room::streams::Uploader;
use roomcast_core::room::{ConnectionId, Refusal};
use roomcast_core::time::Instant;
use roomcast_protocol::code::AckCode;
use roomcast_protocol::data::Payload;
use roomcast_protocol::id::{RoomId, SessionId, UserId};
use roomcast_protocol::signal::{Category, Host, MemberKey, RoomType, Session};

use crate::feed::{RECEIVED, part};
use crate::properties::settings;
use crate::replicas::Served;

pub const NODES: usize = 3;
pub const STEP: u64 = 100;

#[derive(Debug, Clone)]
pub enum Fault {
    /// The next packet from one node to another is lost.
    Packet(usize, usize),
    /// The next answer of the directory is lost: the call may have run.
    Answer(bool),
    /// Redis fails over to a replica that lacks the last second.
    Failover,
    /// The node of the owner is killed, where two others live; if said so, in the moment of a failover.
    Kill(bool),
    /// Time passes.
    Wait(u64),
}

pub struct Node {
    pub lease: Lease,
    pub site: Site,
    pub served: Served,
    /// The last segment and part of each track that was listed.
    pub listed: BTreeMap<String, (u64, u64)>,
}

pub struct World {
    pub now: u64,
    pub master: u64,
    pub directory: Directory<Field, Value>,
    pub replica: Directory<Field, Value>,
    pub nodes: Vec<Option<Node>>,
    pub packets: VecDeque<(usize, BootId, Message)>,
    pub lost_packets: Vec<(usize, usize)>,
    /// Between these nothing arrives, and nobody notices for now.
    pub silent: Option<(usize, usize)>,
    pub lost_answer: Option<bool>,
    /// The end of the time in which uploads may be refused for now.
    pub excused_until: u64,
    pub answers: BTreeMap<u64, Result<(), Refusal>>,
}

pub fn room() -> RoomId {
    RoomId::parse("demo").unwrap()
}

pub fn session(user: &str) -> Session {
    let (user_id, session_id) = (UserId::parse(user).unwrap(), SessionId::parse("s").unwrap());
    Session { user_id, session_id, category: Category::Stream, host: Host::Web, device_id: "d".to_owned() }
}

pub fn cluster() -> ClusterSettings {
    ClusterSettings { heartbeat_timeout: Duration::from_secs(10_000), ..ClusterSettings::default() }
}

impl World {
    pub fn new() -> Self {
        let streams = StreamSettings { max_playlists: 4, hls: settings() };
        let node = |index| {
            let boot = BootId(index);
            let (served, listed) = (Served::default(), BTreeMap::new());
            let site = Site::new(cluster().into(), streams, (boot, index << 32), room());
            Some(Node { lease: Lease::new(cluster(), boot, Instant(0)), site, served, listed })
        };
        let directory = Directory::new(cluster());
        let mut world = Self {
            now: 1_000_000,
            master: 1,
            replica: directory.clone(),
            directory,
            nodes: (1..).take(NODES).map(node).collect(),
            packets: VecDeque::new(),
            lost_packets: Vec::new(),
            silent: None,
            lost_answer: None,
            excused_until: 0,
            answers: BTreeMap::new(),
        };
        world.wait(7000);
        world.join(0, "ann", true);
        world.join(1, "bob", false);
        // The replica has the room, too.
        world.wait(1500);
        world
    }

    pub fn redis(&self) -> Redis {
        Redis { now: Instant(self.now), master: self.master }
    }

    pub fn step<T>(
        &mut self,
        index: usize,
        step: impl FnOnce(&mut Site, Context<'_>) -> (T, Vec<SiteEffect>),
    ) -> Option<T> {
        let now = Instant(self.now);
        let Node { lease, site, .. } = self.nodes[index].as_mut()?;
        let (given, effects) = step(site, Context { now, shared: now, lease: Some(lease), draining: false });
        effects.into_iter().for_each(|effect| self.carry_out(index, effect));
        Some(given)
    }

    pub fn site(&mut self, index: usize, step: impl FnOnce(&mut Site, Context<'_>) -> Vec<SiteEffect>) {
        self.step(index, |site, context| ((), step(site, context)));
    }

    pub fn carry_out(&mut self, index: usize, effect: SiteEffect) {
        match effect {
            SiteEffect::Send(to, message) => self.packets.push_back((index, to, message)),
            SiteEffect::DirectoryQuery(ask) => self.ask(index, ask),
            SiteEffect::Live(_, change) => self.show(index, vec![change], false),
            SiteEffect::Everything(_, all) => self.show(index, all, true),
            SiteEffect::Uploaded(id, answer) => assert!(self.answers.insert(id, answer).is_none(), "answered twice"),
            SiteEffect::Tell(..)
            | SiteEffect::Close(..)
            | SiteEffect::Read(..)
            | SiteEffect::Forget(..)
            | SiteEffect::Revoke(..) => {}
        }
    }

    pub fn show(&mut self, index: usize, changes: Vec<Change>, all: bool) {
        let Some(node) = &mut self.nodes[index] else { return };
        if all {
            node.served = Served::default();
        }
        for change in &changes {
            if let Change::MediaPlaylist { track, snapshot } = change {
                let listed = (snapshot.position.msn, snapshot.position.parts);
                let before = node.listed.insert(track.to_string(), listed);
                assert!(before.is_none_or(|before| before <= listed), "node {index}: {before:?}, then {listed:?}");
            }
        }
        node.served.watch(changes);
    }

    pub fn ask(&mut self, index: usize, ask: DirectoryQuery) {
        let lost = self.lost_answer.take();
        let answer = if lost == Some(false) { DirectoryAnswer::Failed } else { self.call(&ask) };
        let answer = if lost.is_some() { DirectoryAnswer::Failed } else { answer };
        self.site(index, |site, context| site.on_answer(context, ask, answer));
    }

    pub fn call(&mut self, ask: &DirectoryQuery) -> DirectoryAnswer {
        let (redis, room) = (self.redis(), room());
        match ask {
            DirectoryQuery::Look => DirectoryAnswer::Looked(self.directory.look(redis, &room)),
            DirectoryQuery::Claim { expected, mine, random, fields } => {
                DirectoryAnswer::Claimed(self.directory.claim(redis, &room, *expected, *mine, (*random, fields)))
            }
            DirectoryQuery::Assert(mine) => DirectoryAnswer::Asserted(self.directory.assert(redis, &room, *mine)),
            DirectoryQuery::Write(write) => DirectoryAnswer::Journaled(self.directory.journal(redis, &room, write)),
            DirectoryQuery::Release(mine, keep) => {
                self.directory.release(redis, &room, *mine, keep.as_deref());
                DirectoryAnswer::Released
            }
        }
    }

    pub fn deliver(&mut self) {
        while let Some((from, to, message)) = self.packets.pop_front() {
            let index = usize::try_from(to.0 - 1).unwrap();
            if self.silent == Some((from, index)) {
                continue;
            }
            let lost = self.lost_packets.iter().position(|lost| *lost == (from, index));
            if let Some(lost) = lost {
                self.lost_packets.remove(lost);
                self.site(index, |site, context| site.on_doubt(context, BootId(from as u64 + 1)));
                self.site(from, |site, context| site.on_doubt(context, to));
                continue;
            }
            let from = BootId(from as u64 + 1);
            self.site(index, |site, context| site.on_message(context, from, (message.attachment, message.body)));
        }
    }

    pub fn wait(&mut self, millis: u64) {
        for _ in 0..millis / STEP {
            self.now += STEP;
            if self.now.is_multiple_of(1000) {
                self.replica = self.directory.clone();
                self.renew();
            }
            for index in 0..NODES {
                let due = self.nodes[index].as_ref().is_some_and(|node| {
                    let now = Instant(self.now);
                    let context = Context { now, shared: now, lease: Some(&node.lease), draining: false };
                    node.site.due(context).is_some_and(|due| due <= now)
                });
                if due {
                    self.site(index, Site::on_time);
                }
            }
            self.deliver();
        }
    }

    pub fn renew(&mut self) {
        let (now, redis) = (Instant(self.now), self.redis());
        let era = self.directory.begin(redis);
        for index in 0..NODES {
            let Some(node) = &mut self.nodes[index] else { continue };
            let peers: Vec<_> = node.site.peers().collect();
            let answer = self.directory.lease(redis, node.lease.boot(), 1, &peers);
            node.lease.on_answer(now, now, &answer);
            if node.lease.on_era(era) {
                self.site(index, |site, context| site.on_era(context, era));
            }
            self.site(index, Site::on_dead);
        }
    }

    pub fn join(&mut self, index: usize, user: &str, creating: bool) {
        let request = JoinRequest {
            id: JoinId { edge: BootId(0), counter: 0 },
            session: session(user),
            room_type: RoomType::P2m,
            creating,
            media: (true, true),
            numbers_above: None,
            resume_from: None,
            brought: None,
            given: String::new(),
            ingest: None,
            holds: None,
            credentials: None,
        };
        let connection = ConnectionId(index as u64);
        self.site(index, |site, context| site.join(context, connection, request).1);
        self.deliver();
    }

    pub fn owner(&self) -> Option<usize> {
        let owns = |node: &Option<Node>| node.as_ref().is_some_and(|node| node.site.owner().is_some());
        self.nodes.iter().position(owns)
    }

    pub fn strike(&mut self, fault: &Fault) {
        match fault {
            Fault::Packet(from, to) => self.lost_packets.push((*from, *to)),
            Fault::Answer(ran) => self.lost_answer = Some(*ran),
            Fault::Failover => self.fail_over(),
            // Node 1 has a member, so that its edge takes the room.
            Fault::Kill(fails_over) if self.nodes.iter().flatten().count() == NODES => {
                if let Some(owner) = self.owner().filter(|owner| *owner != 1) {
                    self.nodes[owner] = None;
                    self.excused_until = self.now + 30_000;
                    if *fails_over {
                        self.fail_over();
                    }
                }
            }
            Fault::Kill(_) => {}
            Fault::Wait(millis) => self.wait(*millis),
        }
    }

    pub fn fail_over(&mut self) {
        (self.directory, self.master) = (self.replica.clone(), self.master + 1);
        self.excused_until = self.now + 30_000;
    }

    /// Uploads through a node until it is taken. Lost packets alone are no reason to refuse it for now.
    pub fn upload(&mut self, through: usize, payload: &Payload) {
        let index = if self.nodes[through].is_some() { through } else { 1 };
        let mut entry = UploadEntry::new(payload.clone(), RECEIVED);
        entry.media = entry.media.reference().into();
        let session = session("ann");
        let key = MemberKey { user_id: session.user_id, session_id: session.session_id };
        for _ in 0..10 {
            let (by, entry) = (Uploader::Member(key.clone()), Some(entry.clone()));
            let id = self.step(index, |site, context| site.upload(context, by, entry)).expect("it lives");
            self.deliver();
            for _ in 0..200 {
                match self.answers.remove(&id) {
                    Some(Ok(())) => return,
                    Some(Err(refusal)) => {
                        assert_eq!(refusal.code, AckCode::Unavailable, "{refusal}");
                        assert!(self.now < self.excused_until, "{refusal}");
                        break;
                    }
                    None => self.wait(STEP),
                }
            }
        }
        panic!("an upload is never taken");
    }
}

impl World {
    pub fn parts(&mut self, through: usize, parts: std::ops::Range<u64>) {
        parts.for_each(|at| self.upload(through, &Payload::Part(part(at / 4, at % 4))));
    }

    /// The end of the playlist that a node serves, and the number of parts that its media lists as missing.
    pub fn listed(&self, index: usize) -> ((u64, u64), usize) {
        let node = self.nodes[index].as_ref().expect("it lives");
        let media = node.served.playlists.values().find_map(|change| match change {
            Change::MediaPlaylist { snapshot, .. } => Some(snapshot),
            _ => None,
        });
        let snapshot = media.expect("it plays");
        let text = String::from_utf8_lossy(&snapshot.playlist);
        ((snapshot.position.msn, snapshot.position.parts), text.matches("GAP=YES").count())
    }
}
