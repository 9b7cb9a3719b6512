//! Steps of a plan: what clients are made to do, and what breaks and heals.

use roomcast_core::room::message::Action;
use roomcast_core::time::Instant;
use roomcast_protocol::code::CloseCode;
use roomcast_protocol::signal::RoomType;

use super::network::LATE;
use super::{Fault, Happens, World};
use crate::client::{State, relay, room_id, signal};
use crate::node::Node;
use crate::plan::Op;
use roomcast_checker::{Event, Outcome};

/// The longest time that a drained node waits for its rooms.
const DRAIN: u64 = 8000;

impl World {
    pub(super) fn step(&mut self, op: Op) {
        match op {
            Op::Join { client, node, creating } => {
                let state = &self.clients[client];
                if state.state == State::Idle && !state.gone {
                    self.clients[client].state = State::Waiting { at: self.now, creating };
                    self.clients[client].node = node;
                }
            }
            Op::Leave(client) => self.leave(client),
            Op::Say { from, to, count } => {
                for _ in 0..count {
                    self.ids += 1;
                    let id = self.ids;
                    if from != to && self.clients[from].room == self.clients[to].room && !self.is_broadcast(from) {
                        self.say(from, relay(to, id), id);
                    }
                }
            }
            Op::Kick { by, of } => self.decide(by, of, Action::Kick),
            Op::Accept { by, .. } if self.is_broadcast(by) => {}
            Op::Accept { by, of } => self.decide(by, of, Action::PublishAccept),
            Op::Drop(client) => {
                if self.clients[client].state == State::In && !self.clients[client].gone {
                    self.lose(client, Outcome::Lost);
                }
            }
            Op::Vanish(client) => {
                if self.clients[client].state == State::In {
                    self.note(Event::Ended { client, outcome: Outcome::Lost });
                }
                self.clients[client].gone = true;
                self.silence_formers(client);
            }
            Op::Renew { client, publishes } => self.renew(client, publishes),
            Op::Lapse(client) => self.lapse(client),
            Op::Revoke { client, node } => self.revoke(client, node),
            Op::Banish { by, of } => self.banish(by, of),
            Op::Move { client, node } => self.move_to(client, node),
            Op::Double { client, node } => self.double(client, node),
            _ => self.break_something(op),
        }
    }

    /// Whether nothing but KICK goes from one client of the room to another.
    fn is_broadcast(&self, client: usize) -> bool {
        self.types[self.clients[client].plan.room] == RoomType::P2m
    }

    fn decide(&mut self, by: usize, of: usize, action: Action) {
        if by != of && self.clients[by].room == self.clients[of].room {
            self.ids += 1;
            let id = self.ids;
            if action == Action::Kick {
                self.note(Event::KickAsked { of });
            }
            self.say(by, signal(action, Some(of), id), id);
        }
    }

    /// Another connection takes the session over, while the first is only given up without a word.
    fn move_to(&mut self, client: usize, node: usize) {
        if self.clients[client].state != State::In || self.clients[client].gone {
            return;
        }
        self.note(Event::Ended { client, outcome: Outcome::Lost });
        // The node still has the first connection; its close reaches nobody.
        self.clients[client].connection = None;
        self.connect(client, node, false);
    }

    fn break_something(&mut self, op: Op) {
        let now = self.now;
        match op {
            Op::Kill { node, restart_after } => self.kill(node, u64::from(restart_after)),
            Op::KillOwner { room, .. }
            | Op::PauseOwner { room, .. }
            | Op::CutOwner { room, .. }
            | Op::DeafenOwner { room, .. } => {
                if let Some(node) = self.owner_of(room) {
                    self.break_something(op.at(node));
                }
            }
            Op::Pause { node, time } if !self.hosts[node].paused => {
                self.hosts[node].paused = true;
                self.begin_fault(Fault::Apart(node));
                self.schedule(now + u64::from(time), Happens::Heal(op));
            }
            Op::Cut { node, time } => {
                self.hosts[node].cut += 1;
                self.begin_fault(Fault::Apart(node));
                self.schedule(now + u64::from(time), Happens::Heal(op));
            }
            Op::Deafen { node, time } => {
                self.hosts[node].deaf += 1;
                self.begin_fault(Fault::Lossy);
                self.schedule(now + u64::from(time), Happens::Heal(op));
            }
            Op::Lose { node, time, percent } => {
                self.hosts[node].lossy.push(percent);
                self.begin_fault(Fault::Lossy);
                self.schedule(now + u64::from(time), Happens::Heal(op));
            }
            Op::Drain { node, restart_after } => self.drain(node, u64::from(restart_after)),
            _ => self.break_redis(op),
        }
    }

    fn break_redis(&mut self, op: Op) {
        let now = self.now;
        match op {
            Op::TimeOut { time } => {
                self.timing_out += 1;
                self.begin_fault(Fault::Lossy);
                self.schedule(now + u64::from(time), Happens::Heal(op));
            }
            Op::Slow { time } => {
                self.slow += 1;
                self.begin_fault(Fault::Lossy);
                self.schedule(now + u64::from(time), Happens::Heal(op));
            }
            Op::Late { time } => {
                self.late_until = self.late_until.max(now + u64::from(time));
                self.begin_fault(Fault::Lossy);
                // It is over when the last of them has run.
                self.schedule(now + u64::from(time) + LATE, Happens::Heal(op));
            }
            Op::Away { time } => {
                self.away += 1;
                self.begin_fault(Fault::Away);
                self.schedule(now + u64::from(time), Happens::Heal(op));
            }
            Op::Empty => {
                self.begin_fault(Fault::Data);
                self.redis.empty();
            }
            Op::FailOver { lost } => {
                self.begin_fault(Fault::Data);
                self.redis.fail_over(Instant(now), u64::from(lost));
            }
            Op::Clock { back, by } => {
                self.begin_fault(Fault::Lossy);
                self.redis.set_clock(back, u64::from(by));
                self.note(Event::Ends(Fault::Lossy));
            }
            _ => {}
        }
    }

    /// The node that runs the rules of a room, the newest where there are two.
    fn owner_of(&self, room: usize) -> Option<usize> {
        let owned = |host: &super::Host| {
            let site = host.node.as_ref().and_then(|node| node.sites.get(&room_id(room)));
            site.and_then(|site| site.owner()).map(|owner| owner.ownership().term)
        };
        let owned = self.hosts.iter().enumerate().filter_map(|(node, host)| Some((owned(host)?, node)));
        owned.max().map(|(_, node)| node)
    }

    fn kill(&mut self, host: usize, restart_after: u64) {
        if self.hosts[host].node.is_none() {
            return;
        }
        self.begin_fault(Fault::Killed(host));
        if self.hosts[host].drained_at.is_some() {
            self.note(Event::Ends(Fault::Drained(host)));
        }
        self.stop(host);
        self.schedule(self.now + restart_after, Happens::Restart(host));
    }

    /// A node ends: its sockets break.
    fn stop(&mut self, host: usize) {
        let standing = &mut self.hosts[host];
        standing.node = None;
        standing.run += 1;
        standing.waiting.clear();
        standing.unread.clear();
        standing.drained_at = None;
        self.formers.retain(|former| former.node != host);
        for client in 0..self.clients.len() {
            if self.clients[client].connection.is_some() && self.clients[client].node == host {
                if self.clients[client].gone {
                    self.clients[client].connection = None;
                } else {
                    self.lose(client, Outcome::Lost);
                }
            }
        }
    }

    pub(super) fn restart(&mut self, host: usize) {
        if self.hosts[host].node.is_none() {
            let boot = self.next_boot();
            self.hosts[host].node = Some(Node::new(self.settings, boot, Instant(self.now)));
        }
    }

    fn drain(&mut self, host: usize, restart_after: u64) {
        let open = self.hosts[host].node.as_ref().is_some_and(|node| !node.draining);
        let others = self
            .hosts
            .iter()
            .enumerate()
            .any(|(other, standing)| other != host && standing.node.as_ref().is_some_and(|node| !node.draining));
        if open && others && !self.hosts[host].paused {
            self.begin_fault(Fault::Drained(host));
            self.hosts[host].drained_at = Some(self.now);
            self.with_node(host, |node, now| node.drain(now));
            self.schedule(self.now + DRAIN + restart_after, Happens::Restart(host));
        }
    }

    /// Closes the sockets of a drained node, and stops it.
    pub(super) fn end_drain(&mut self, host: usize) {
        let Some(since) = self.hosts[host].drained_at else { return };
        let Some(node) = self.hosts[host].node.as_ref() else { return };
        if self.hosts[host].paused || (node.owned().next().is_some() && self.now < since + DRAIN) {
            return;
        }
        let boot = node.boot();
        let own = |client: usize, connection| {
            let client = &self.clients[client];
            client.node == host && client.connection == Some(connection)
        };
        let closing = self.owners.iter().filter(|(connection, client)| own(**client, **connection));
        let closing: Vec<_> = closing.map(|(connection, client)| (*connection, *client)).collect();
        for (connection, client) in closing {
            self.closed(client, connection, CloseCode::ServiceRestart);
        }
        if self.hosts[host].cut == 0 && self.away == 0 {
            self.redis.run(Instant(self.now), &crate::command::Command::Leave(boot));
        }
        self.note(Event::Ends(Fault::Drained(host)));
        self.stop(host);
    }

    pub(super) fn heal(&mut self, op: Op) {
        let fault = match op {
            Op::Pause { node, .. } => {
                if !self.hosts[node].paused {
                    return;
                }
                self.hosts[node].paused = false;
                self.resume(node);
                Fault::Apart(node)
            }
            Op::Cut { node, .. } => {
                self.hosts[node].cut -= 1;
                self.with_node(node, Node::resubscribed);
                Fault::Apart(node)
            }
            Op::Deafen { node, .. } => {
                self.hosts[node].deaf -= 1;
                self.with_node(node, Node::resubscribed);
                Fault::Lossy
            }
            Op::Late { .. } => Fault::Lossy,
            Op::Lose { node, .. } => {
                self.hosts[node].lossy.pop();
                Fault::Lossy
            }
            Op::TimeOut { .. } => {
                self.timing_out -= 1;
                Fault::Lossy
            }
            Op::Slow { .. } => {
                self.slow -= 1;
                Fault::Lossy
            }
            Op::Away { .. } => {
                self.away -= 1;
                Fault::Away
            }
            _ => return,
        };
        self.note(Event::Ends(fault));
    }

    /// A node that stood still looks at the time first, then at what has come meanwhile.
    fn resume(&mut self, host: usize) {
        self.with_node(host, |node, now| node.tick(now));
        let waiting = std::mem::take(&mut self.hosts[host].waiting);
        for what in waiting {
            self.at_host(what);
        }
    }

    /// Runs the commands that are still on their way to Redis.
    fn run_late(&mut self) {
        let late = self.happens.iter().filter(|(_, what)| matches!(what, Happens::Late(_)));
        let late: Vec<u64> = late.map(|(order, _)| *order).collect();
        for order in late {
            if let Some(Happens::Late(command)) = self.happens.insert(order, Happens::Heal(Op::Empty)) {
                self.redis.run(Instant(self.now), &command);
            }
        }
    }

    /// Everything that is still broken is mended, in time.
    pub(super) fn heal_all(&mut self) {
        self.late_until = self.now;
        self.run_late();
        let open: Vec<u64> =
            self.happens.iter().filter(|(_, what)| matches!(what, Happens::Heal(_))).map(|(order, _)| *order).collect();
        let mut healed = Vec::new();
        for order in open {
            if let Some(Happens::Heal(op)) = self.happens.insert(order, Happens::Heal(Op::Empty)) {
                healed.push(op);
            }
        }
        healed.into_iter().for_each(|op| self.heal(op));
    }
}
