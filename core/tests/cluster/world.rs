//! The loop of a case: events in virtual time.

mod clients;
mod faults;
mod former;
mod network;
mod tokens;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use roomcast_core::cluster::{BootId, ClusterSettings};
use roomcast_core::room::ConnectionId;
use roomcast_core::room::edge::ToClient;
use roomcast_core::room::message::Signal;
use roomcast_core::time::Instant;
use roomcast_protocol::code::CloseCode;
use roomcast_protocol::limits::{GROUP_PUBLISHERS, P2P_USERS, PARTICIPANTS};
use roomcast_protocol::signal::RoomType;

use crate::client::{Client, State};
use crate::command::{Answer, Command};
use crate::node::{Node, Packet};
use crate::plan::{NODES, Op, Plan, ROOMS};
use crate::redis::Redis;
use crate::rng::Rng;
use crate::token::Token;
use former::Former;
use roomcast_checker::{Event, Fault, Kind, Log};

/// Interval of the ticks of nodes and clients, in milliseconds.
const TICK: u64 = 100;
/// The time after the last fault until everything has to be in order.
const CALM: u64 = 45_000;
/// The time after all have left until nothing may remain.
const EMPTY: u64 = 15_000;

/// A scheduled event.
#[derive(Debug)]
enum Happens {
    Step(usize),
    Heal(Op),
    Restart(usize),
    Tick,
    Packet(usize, u32, BootId, BootId, Packet),
    Run(usize, u32, Command),
    Answer(usize, u32, Command, Answer),
    /// A command that its node has given up runs after all.
    Late(Command),
    FromClient(usize, u32, ConnectionId, FromClient),
    ToClient(usize, ConnectionId, ToClient),
    Close(usize, ConnectionId, CloseCode),
    Read(usize, ConnectionId),
    Renewed(usize, ConnectionId, Token),
}

/// A message or action of a client.
#[derive(Debug, Clone)]
enum FromClient {
    Join { creating: bool, token: Option<Token> },
    Said(Option<u64>, Signal),
    Heartbeat(Option<u64>),
    Renew(Token),
    Gone,
}

/// A node and what is broken about it.
struct Host {
    node: Option<Node>,
    /// Rises with each start: what was sent to the run before is lost.
    run: u32,
    paused: bool,
    /// Events that wait for a paused node.
    waiting: Vec<Happens>,
    cut: u32,
    deaf: u32,
    lossy: Vec<u8>,
    drained_at: Option<u64>,
    /// The latest arrival of each kind of message, for order.
    order: BTreeMap<u64, u64>,
    /// The sockets that are not read, with what came over them.
    unread: BTreeMap<ConnectionId, Vec<Happens>>,
}

pub struct World {
    settings: ClusterSettings,
    now: u64,
    order: u64,
    queue: BinaryHeap<Reverse<(u64, u64)>>,
    happens: BTreeMap<u64, Happens>,
    hosts: Vec<Host>,
    redis: Redis,
    away: u32,
    timing_out: u32,
    slow: u32,
    /// Until then commands run late.
    late_until: u64,
    clients: Vec<Client>,
    owners: BTreeMap<ConnectionId, usize>,
    formers: Vec<Former>,
    connections: u64,
    types: Vec<RoomType>,
    latency: u64,
    wants_tokens: bool,
    boots: u64,
    ids: u64,
    rng: Rng,
    log: Log,
}

/// Runs a case, and gives what was seen.
pub fn run(settings: ClusterSettings, plan: &Plan) -> Log {
    finish(settings, plan).log
}

/// Runs a case, and gives what was seen and the state of the nodes at the end.
pub fn inspect(settings: ClusterSettings, plan: &Plan) -> (Log, String) {
    let world = finish(settings, plan);
    let nodes = world.hosts.iter().filter_map(|host| host.node.as_ref());
    let state = nodes.map(|node| format!("{:?}\n{:#?}\n", node.boot(), node.sites)).collect();
    (world.log, state)
}

fn finish(settings: ClusterSettings, plan: &Plan) -> World {
    let mut world = World::new(settings, plan);
    world.prepare(plan);
    world.run_until(u64::MAX, plan);
    world.heal_all();
    world.log.calm = world.now;
    let end = world.now + CALM;
    world.run_until(end, plan);
    world.note_end();
    world.leave_all();
    let end = world.now + EMPTY;
    world.run_until(end, plan);
    world.note_remains();
    world
}

const fn places(room_type: RoomType) -> usize {
    match room_type {
        RoomType::P2p => P2P_USERS,
        RoomType::P2m => PARTICIPANTS,
        RoomType::M2m | RoomType::A2m => GROUP_PUBLISHERS,
    }
}

impl World {
    fn new(settings: ClusterSettings, plan: &Plan) -> Self {
        let keeps_copies = plan.steps.iter().any(|step| matches!(step.op, Op::FailOver { .. }));
        let kinds = plan.clients.iter().map(|client| Kind {
            room: client.room,
            numbers: client.numbers,
            confirms: client.numbers || client.confirms,
            remembers: false,
            places: places(plan.room_type(client.room)),
            broadcast: plan.room_type(client.room) == RoomType::P2m,
        });
        let kick = u64::try_from(settings.kick_duration.as_millis()).unwrap();
        let log = Log::new(kinds.collect(), kick, 0);
        let clients = plan.clients.iter().enumerate().map(|(index, plan)| Client::new(index, *plan)).collect();
        let mut world = Self {
            settings,
            now: 0,
            order: 0,
            queue: BinaryHeap::new(),
            happens: BTreeMap::new(),
            hosts: Vec::new(),
            redis: Redis::new(settings, keeps_copies),
            away: 0,
            timing_out: 0,
            slow: 0,
            late_until: 0,
            clients,
            owners: BTreeMap::new(),
            formers: Vec::new(),
            connections: 0,
            types: (0..ROOMS).map(|room| plan.room_type(room)).collect(),
            latency: u64::from(plan.latency),
            wants_tokens: plan.tokens,
            boots: 0,
            ids: 0,
            rng: Rng::new(plan.seed),
            log,
        };
        world.start_nodes();
        world
    }

    fn start_nodes(&mut self) {
        for _ in 0..NODES {
            let boot = self.next_boot();
            let node = Some(Node::new(self.settings, boot, Instant(0)));
            let (lossy, order, waiting) = (Vec::new(), BTreeMap::new(), Vec::new());
            self.hosts.push(Host {
                node,
                run: 0,
                paused: false,
                waiting,
                cut: 0,
                deaf: 0,
                lossy,
                drained_at: None,
                order,
                unread: BTreeMap::new(),
            });
        }
    }

    /// Everybody joins once the first era has settled; then the steps follow.
    fn prepare(&mut self, plan: &Plan) {
        let mut creators = BTreeSet::new();
        for index in 0..plan.clients.len() {
            let creating = creators.insert(plan.clients[index].room);
            let at = if creating { 0 } else { 7000 + self.rng.below(300) };
            self.clients[index].node = usize::try_from(self.rng.below(3)).unwrap();
            self.clients[index].state = State::Waiting { at, creating };
            self.clients[index].moderates = creating;
        }
        let mut at = 9000;
        for (index, step) in plan.steps.iter().enumerate() {
            at += u64::from(step.wait);
            self.schedule(at, Happens::Step(index));
        }
        self.schedule(0, Happens::Tick);
    }

    fn schedule(&mut self, at: u64, what: Happens) {
        self.order += 1;
        self.queue.push(Reverse((at.max(self.now), self.order)));
        self.happens.insert(self.order, what);
    }

    /// Runs up to a time, or until no step is left.
    fn run_until(&mut self, end: u64, plan: &Plan) {
        let mut steps = plan.steps.len();
        loop {
            let Some(Reverse((at, order))) = self.queue.peek().copied() else { return };
            if at > end || (end == u64::MAX && steps == 0) {
                self.now = if end == u64::MAX { self.now } else { end };
                return;
            }
            self.queue.pop();
            let what = self.happens.remove(&order).unwrap();
            self.now = at;
            steps -= usize::from(matches!(what, Happens::Step(_)));
            self.happen(what, plan);
        }
    }

    fn happen(&mut self, what: Happens, plan: &Plan) {
        match what {
            Happens::Step(index) => self.step(plan.steps[index].op),
            Happens::Heal(op) => self.heal(op),
            Happens::Restart(host) => self.restart(host),
            Happens::Tick => self.tick(),
            Happens::ToClient(client, connection, message) => self.client_gets(client, connection, message),
            Happens::Close(client, connection, code) => self.closed(client, connection, code),
            Happens::Renewed(client, connection, token) => self.renewed(client, connection, token),
            Happens::Read(host, connection) => self.read_again(host, connection),
            Happens::Run(host, run, command) => self.run_command(host, run, command),
            Happens::Late(command) => _ = self.redis.run(Instant(self.now), &command),
            other => self.at_host(other),
        }
    }

    fn tick(&mut self) {
        self.schedule(self.now + TICK, Happens::Tick);
        self.redis.copy(Instant(self.now));
        for host in 0..self.hosts.len() {
            self.with_node(host, |node, now| node.tick(now));
            self.end_drain(host);
        }
        for client in 0..self.clients.len() {
            self.tick_client(client);
            self.tick_token(client);
        }
        self.tick_formers();
    }

    const fn next_boot(&mut self) -> BootId {
        self.boots += 1;
        BootId(self.boots)
    }

    fn note(&mut self, event: Event) {
        self.log.events.push((self.now, event));
    }

    fn begin_fault(&mut self, fault: Fault) {
        self.note(Event::Begins(fault));
    }

    fn note_end(&mut self) {
        for client in 0..self.clients.len() {
            let (wants, is_in) = (self.clients[client].wants_in(), self.clients[client].state == State::In);
            let is_in = is_in && !self.clients[client].gone;
            self.note(Event::Last { client, wants, is_in });
        }
    }

    fn leave_all(&mut self) {
        for client in 0..self.clients.len() {
            self.leave(client);
        }
    }

    /// Notes rooms that a node still runs although nobody is in. An entry of the directory that no node renews, as
    /// after a failover that lost the release, expires.
    fn note_remains(&mut self) {
        let nodes = self.hosts.iter().filter_map(|host| host.node.as_ref());
        let owned: Vec<String> = nodes.flat_map(|node| node.owned().map(|(room, _)| room.to_string())).collect();
        for room in owned {
            self.note(Event::Remains(format!("a node owns {room}")));
        }
    }
}
