//! Transport between clients, nodes and Redis, with its delays.

use roomcast_core::cluster::BootId;
use roomcast_core::room::ConnectionId;
use roomcast_core::room::message::{JoinId, JoinRequest};
use roomcast_core::time::Instant;

use super::{FromClient, Happens, World};
use crate::command::{Answer, Command};
use crate::node::{Node, Out};
use crate::rng::Rng;
use crate::token::Token;
use roomcast_checker::Event;

/// The time after which a command without an answer is given up.
const TIMEOUT: u64 = 1000;
/// The longest time that an answer takes while Redis is slow.
const SLOW: u64 = 900;
/// The time by which the connection that was given up has brought its last command to Redis, at most.
pub(super) const LATE: u64 = 9000;

impl World {
    pub(super) fn with_node(&mut self, host: usize, act: impl FnOnce(&mut Node, Instant) -> Vec<Out>) {
        let now = Instant(self.now);
        let standing = &mut self.hosts[host];
        if standing.paused {
            return;
        }
        let Some(node) = &mut standing.node else { return };
        let out = act(node, now);
        for out in out {
            self.send(host, out);
        }
    }

    /// Delivers an event to a node: later, while the node is paused; never, if it was restarted.
    pub(super) fn at_host(&mut self, what: Happens) {
        let (Happens::Packet(host, run, ..) | Happens::Answer(host, run, ..) | Happens::FromClient(host, run, ..)) =
            &what
        else {
            return;
        };
        let (host, run) = (*host, *run);
        if self.hosts[host].run != run || self.hosts[host].node.is_none() {
            return;
        }
        if self.hosts[host].paused {
            self.hosts[host].waiting.push(what);
            return;
        }
        if let Happens::FromClient(_, _, connection, _) = &what
            && let Some(unread) = self.hosts[host].unread.get_mut(connection)
        {
            unread.push(what);
            return;
        }
        match what {
            Happens::Packet(host, _, from, to, packet) => {
                self.with_node(
                    host,
                    |node, now| {
                        if node.boot() == to { node.on_packet(now, from, packet) } else { Vec::new() }
                    },
                )
            }
            Happens::Answer(host, _, command, answer) => {
                let boot = self.next_boot();
                self.with_node(host, |node, now| node.on_answer(now, command, answer, boot));
            }
            Happens::FromClient(host, _, connection, said) => self.node_gets(host, connection, said),
            _ => {}
        }
    }

    fn join_request(&self, client: usize, creating: bool, token: Option<Token>) -> JoinRequest {
        let client = &self.clients[client];
        JoinRequest {
            id: JoinId { edge: BootId(0), counter: 0 },
            session: client.session.clone(),
            room_type: self.types[client.plan.room],
            creating,
            media: (true, true),
            numbers_above: client.numbers_above(),
            resume_from: client.resume_from(),
            brought: None,
            given: String::new(),
            ingest: None,
            holds: None,
            credentials: token.map(|token| token.credentials(&client.session.user_id)),
        }
    }

    fn node_gets(&mut self, host: usize, connection: ConnectionId, said: FromClient) {
        match said {
            FromClient::Join { creating, token } => {
                let Some(client) = self.owners.get(&connection).copied() else { return };
                let room = self.clients[client].room.clone();
                let request = self.join_request(client, creating, token);
                self.with_node(host, |node, now| node.join(now, connection, &room, (request, token)));
            }
            FromClient::Said(n, signal) => {
                self.with_node(host, |node, now| node.take_signal(now, connection, n, signal))
            }
            FromClient::Heartbeat(sq) => self.with_node(host, |node, now| node.heartbeat(now, connection, sq)),
            FromClient::Renew(token) => self.with_node(host, |node, now| node.renew(now, connection, token)),
            FromClient::Gone => self.with_node(host, |node, now| node.disconnected(now, connection)),
        }
    }

    /// Delivers the data that arrived over a socket while it was not read.
    pub(super) fn read_again(&mut self, host: usize, connection: ConnectionId) {
        let unread = self.hosts[host].unread.remove(&connection).unwrap_or_default();
        unread.into_iter().for_each(|what| self.at_host(what));
    }

    fn send(&mut self, host: usize, out: Out) {
        match out {
            Out::Publish(from, to, packet) => {
                let Some(target) =
                    self.hosts.iter().position(|host| host.node.as_ref().is_some_and(|node| node.boot() == to))
                else {
                    return;
                };
                if !self.carries(host, target) {
                    return;
                }
                let at = self.in_order(target, host as u64, 1, 6);
                let run = self.hosts[target].run;
                self.schedule(at, Happens::Packet(target, run, from, to, packet));
            }
            Out::Command(command) => {
                let lane = 100 + u64::from(command.is_lease());
                let at = self.in_order(host, lane, 1, 3);
                let run = self.hosts[host].run;
                self.schedule(at, Happens::Run(host, run, command));
            }
            Out::Tell(connection, message) => {
                if let Some(client) = self.owners.get(&connection).copied() {
                    let at = self.now + self.latency_of(connection);
                    self.schedule(at, Happens::ToClient(client, connection, message));
                }
            }
            Out::Read(connection, false) => _ = self.hosts[host].unread.entry(connection).or_default(),
            Out::Read(connection, true) => self.schedule(self.now, Happens::Read(host, connection)),
            Out::CutOff(connection) => {
                let client = self.owners.get(&connection).copied();
                client.into_iter().for_each(|client| self.note(Event::CutOff { client }));
            }
            Out::Renewed(connection, token) => {
                if let Some(client) = self.owners.get(&connection).copied() {
                    let at = self.now + self.latency_of(connection);
                    self.schedule(at, Happens::Renewed(client, connection, token));
                }
            }
            Out::Revoked(user, before) => {
                let client = self.clients.iter().position(|client| client.session.user_id == user);
                client.into_iter().for_each(|client| self.note(Event::Revoked { client, before }));
            }
            Out::Close(connection, code) => {
                self.hosts[host].unread.remove(&connection);
                if let Some(client) = self.owners.get(&connection).copied() {
                    let at = self.now + self.latency_of(connection);
                    self.schedule(at, Happens::Close(client, connection, code));
                }
            }
        }
    }

    /// The time that a message between a client and its node takes: always the same, so that order is kept.
    pub(super) const fn latency_of(&self, connection: ConnectionId) -> u64 {
        1 + Rng::new(connection.0).below(self.latency + 1)
    }

    /// Whether a packet between two nodes arrives.
    fn carries(&mut self, from: usize, to: usize) -> bool {
        let broken = self.away > 0 || self.hosts[from].cut > 0 || self.hosts[to].cut > 0 || self.hosts[to].deaf > 0;
        let lossy = self.hosts[to].lossy.iter().max().copied().unwrap_or(0);
        !broken && !self.rng.percent(u64::from(lossy))
    }

    /// A time of arrival that keeps the order of one connection.
    fn in_order(&mut self, host: usize, lane: u64, least: u64, spread: u64) -> u64 {
        let at = self.now + least + self.rng.below(spread);
        let last = self.hosts[host].order.entry(lane).or_default();
        *last = at.max(*last);
        *last
    }

    pub(super) fn run_command(&mut self, host: usize, run: u32, command: Command) {
        let reachable = self.away == 0 && self.hosts[host].cut == 0 && self.hosts[host].run == run;
        let late = self.now < self.late_until && reachable && self.rng.percent(50);
        let timing_out = late || self.timing_out > 0 && self.rng.percent(50);
        let runs = reachable && !(timing_out && self.rng.percent(50));
        if late && !runs {
            let at = self.now + self.rng.below(LATE);
            self.schedule(at, Happens::Late(command.clone()));
        }
        let answer = if runs { self.redis.run(Instant(self.now), &command) } else { Answer::Failed };
        let (answer, wait) = if reachable && !timing_out { (answer, 0) } else { (Answer::Failed, TIMEOUT) };
        let lane = 200 + u64::from(command.is_lease());
        let at = if wait == 0 {
            self.in_order(host, lane, 1, if self.slow > 0 { SLOW } else { 3 })
        } else {
            self.now + wait
        };
        self.schedule(at, Happens::Answer(host, run, command, answer));
    }
}
