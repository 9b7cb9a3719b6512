//! What became of a proposal.

use std::collections::HashSet;
use std::sync::Arc;

use roomcast_protocol::ack::RoomClosedReason;
use roomcast_protocol::code::AckCode;
use roomcast_protocol::id::UserId;
use roomcast_protocol::signal::{MemberKey, Recipient};

use super::errand::Record;
use super::{AGAIN, Abandoned, Flight, MOST_WAITING, Waiting};
use crate::room::backlog::{counted, first_after};
use crate::room::effect::Effect;
use crate::room::stage::{Command, Outcome, Publisher, Stage};
use crate::room::submit::Then;
use crate::room::{Refusal, Room};
use crate::time::Instant;

/// The answer to a proposal.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// It holds for all.
    Committed {
        /// The version it made.
        version: u64,
        /// Users of its joins that have sessions on other nodes, too.
        spread: Vec<UserId>,
    },
    /// The document is another; nothing was done.
    Conflict {
        /// The version there is; 0: none.
        version: u64,
        /// The document; none when the room is over or never was.
        stage: Option<Box<Stage>>,
    },
    /// Some who want to join are members already. Nothing was done but to let them come here, if they may.
    Present {
        /// Who, and what it brings; nothing when it may not come.
        members: Vec<(MemberKey, Option<Arrival>)>,
        /// The version there is.
        version: u64,
        /// The document.
        stage: Option<Box<Stage>>,
    },
    /// These are on another node by now, and do not leave. Nothing was done.
    Moved(Vec<MemberKey>),
    /// Somebody who joins has been a member in this generation, and is to be one in a later. Nothing was done.
    Behind(u64),
    /// Nobody is there to be kicked. Nothing was done.
    Nobody(Vec<Recipient>),
    /// Nothing was done, or it is not known what.
    Unavailable {
        /// Whether it may have been done.
        maybe: bool,
    },
}

/// A member that comes from another node.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// As all know it, with its fresh token.
    pub record: Record,
    /// Which membership it is now.
    pub generation: u64,
    /// The generation in which it came in.
    pub birth: u64,
    /// How many signals from other nodes it was sent.
    pub count: u64,
    /// Up to which number it was written to when its connection was lost.
    pub had: u64,
    /// Those kept, with their numbers; an empty one stands for a number that was passed over.
    pub kept: Vec<(u64, Arc<str>)>,
    /// Whether it was on this node before, too.
    pub own: bool,
    /// The version whose list it was told, if what the node before kept was put where all find it.
    pub told: Option<u64>,
    /// Whether the node before is asked for what it keeps.
    pub waits: bool,
}

impl Arrival {
    /// Up to which number something behind `point` is kept no more.
    pub(super) fn lost_behind(&self, point: u64) -> u64 {
        let kept: HashSet<u64> = self.kept.iter().map(|(sequence, _)| counted(*sequence)).collect();
        // The last of them was passed over just now.
        let lost = (counted(point) + 1..self.count).rev().find(|count| !kept.contains(count));
        lost.map_or(0, first_after)
    }
}

impl Room {
    /// What became of the proposal.
    pub fn decided(&mut self, now: Instant, verdict: Verdict) -> Vec<Effect> {
        let mut out = Vec::new();
        let Some(flight) = self.shared.as_mut().and_then(|shared| shared.flight.take()) else { return out };
        let answered = matches!(verdict, Verdict::Committed { .. } | Verdict::Present { .. });
        match verdict {
            Verdict::Committed { version, spread } => self.commit(now, flight, version, spread, &mut out),
            // What is older than what this node knows, or is not there any more, was lost.
            Verdict::Conflict { version, stage } if version < self.version() && self.is_used() => {
                let _ = stage;
                self.put_back(flight);
                self.restore(version);
            }
            Verdict::Conflict { version, stage } => {
                self.put_back(flight);
                self.learn(version, stage);
            }
            Verdict::Present { members, version, stage } => {
                if version > self.version() && stage.is_some() {
                    self.learn(version, stage);
                }
                self.on_present(now, flight, members, &mut out);
            }
            Verdict::Moved(keys) => {
                let returns = |item: &Waiting| match &item.command {
                    Command::Return { member, .. } => Some(member.session.key()).filter(|key| keys.contains(key)),
                    _ => None,
                };
                let given: Vec<_> = flight.waiting.iter().filter_map(|(item, _)| returns(item)).collect();
                let stays = |item: &Waiting| match &item.command {
                    Command::Leave { key } => !keys.contains(key),
                    _ => returns(item).is_none(),
                };
                self.sort_out(now, flight, stays, None, &mut out);
                for key in given.iter().filter(|key| !self.is_arriving(key)).collect::<Vec<_>>() {
                    self.give_away(key, &mut out);
                }
            }
            Verdict::Behind(generation) => {
                self.put_back(flight);
                if let Some(shared) = &mut self.shared {
                    shared.generation = shared.generation.max(generation);
                }
            }
            Verdict::Nobody(whom) => {
                let meant = |item: &Waiting| matches!(&item.command, Command::Kick { to, .. } if whom.contains(to));
                let refusal =
                    Refusal { code: AckCode::NotRoomMember, reason: "`to` is no member of the room".to_owned() };
                self.sort_out(now, flight, |item| !meant(item), Some(&refusal), &mut out);
            }
            Verdict::Unavailable { maybe } => self.give_up(now, flight, maybe, &mut out),
        }
        if let Some(shared) = self.shared.as_mut().filter(|_| answered) {
            shared.strays.clear();
        }
        self.on_time(now, &mut out);
        out
    }

    fn commit(&mut self, now: Instant, flight: Flight, version: u64, spread: Vec<UserId>, out: &mut Vec<Effect>) {
        let Some(shared) = &mut self.shared else { return };
        shared.restore = None;
        // Another node may have gone on from here in the meantime.
        if version >= shared.version {
            shared.version = version;
            self.adopt(flight.stage);
        }
        spread.into_iter().for_each(|user| self.spread(user));
        let mut ended = false;
        for (item, result) in flight.waiting {
            let sender = item.then.sender();
            match result {
                Ok(outcome) => {
                    ended |= outcome == Outcome::Ended;
                    if let (Command::Over, Outcome::Done, Some(shared)) = (&item.command, outcome, &mut self.shared) {
                        // It was too early by the clock that all share.
                        shared.says_over = false;
                    }
                    self.finish(now, item.then, out);
                }
                Err(refusal) => {
                    self.refuse_then(now, &item.then, &refusal, out);
                    if let Command::Return { member, .. } = &item.command {
                        self.drop_member(&member.session.key(), out);
                    }
                }
            }
            if let Some(connection) = sender {
                self.release(now, connection, out);
            }
        }
        if ended {
            self.close(now, RoomClosedReason::Ended, out);
        }
    }

    /// Takes over a document that is newer, or another.
    pub(super) fn learn(&mut self, version: u64, stage: Option<Box<Stage>>) {
        let room_type = self.stage.room_type();
        let stage = stage.map_or_else(|| Stage::new(room_type), |stage| *stage);
        if let Some(shared) = &mut self.shared {
            shared.version = version;
            shared.restore = None;
        }
        let before = self.stage.clone();
        self.adopt(stage);
        if self.members.is_empty() {
            // Who joins is told with the ack.
            self.list.told();
        }
        let here = |publisher: &&Publisher| self.members.contains(&publisher.session.key());
        let lost: Vec<Publisher> = before.publishers().iter().filter(here).cloned().collect();
        for publisher in lost {
            if !self.stage.publishes(&publisher.session.key()) {
                self.bring_back(publisher, true);
            }
        }
    }

    pub(super) fn adopt(&mut self, stage: Stage) {
        if !self.stage.lists_like(&stage) {
            self.list.changed();
        }
        self.stage = stage;
        if let Some(shared) = &mut self.shared {
            shared.says_over &= self.stage.over_at(self.settings.linger).is_some();
        }
    }

    fn put_back(&mut self, flight: Flight) {
        let Some(shared) = &mut self.shared else { return };
        shared.dirty |= flight.dirty;
        for (item, _) in flight.waiting.into_iter().rev() {
            shared.queue.push_front(item);
        }
    }

    /// Puts back those that stay, and is done with the others.
    fn sort_out(
        &mut self,
        now: Instant,
        flight: Flight,
        stays: impl Fn(&Waiting) -> bool,
        refusal: Option<&Refusal>,
        out: &mut Vec<Effect>,
    ) {
        let (stay, go): (Vec<_>, Vec<_>) = flight.waiting.into_iter().partition(|(item, _)| stays(item));
        self.put_back(Flight { waiting: stay, ..flight });
        for (item, _) in go {
            if let Some(refusal) = refusal {
                self.refuse_then(now, &item.then, refusal, out);
            }
            if let Some(connection) = item.then.sender() {
                self.release(now, connection, out);
            }
        }
    }

    fn on_present(
        &mut self,
        now: Instant,
        flight: Flight,
        mut members: Vec<(MemberKey, Option<Arrival>)>,
        out: &mut Vec<Effect>,
    ) {
        let joins = |item: &Waiting, key: &MemberKey| matches!(&item.command, Command::Join { newcomer, .. } if newcomer.session.key() == *key);
        let met = |item: &Waiting| members.iter().any(|(key, _)| joins(item, key));
        let (go, stay): (Vec<_>, Vec<_>) = flight.waiting.into_iter().partition(|(item, _)| met(item));
        self.put_back(Flight { waiting: stay, ..flight });
        for (item, _) in go {
            let Then::Join(request) = item.then else { continue };
            let key = request.key();
            let place = members.iter().position(|(there, _)| *there == key);
            match place.map(|place| members.swap_remove(place)) {
                Some((_, Some(arrival))) if arrival.own && self.is_arriving(&key) => {
                    self.on_join(now, &request, out);
                    self.is_now(&key, arrival.generation);
                }
                Some((_, Some(arrival))) if arrival.own && self.is_of(&key, arrival.birth) => {
                    self.still_here(now, &request, &arrival, out);
                }
                Some((_, Some(arrival))) => self.on_arrival(now, &request, arrival, out),
                Some((_, None)) => {
                    let reason = "the session is taken over only with its resume token".to_owned();
                    let refusal = Refusal { code: AckCode::PermissionNotFound, reason };
                    self.refuse_join(now, &request, &refusal, out);
                }
                // The same session asked twice: the first has it.
                None => self.on_join(now, &request, out),
            }
            self.release(now, request.connection, out);
        }
    }

    /// What a client waits for is refused; what only has to be known is tried again.
    fn give_up(&mut self, now: Instant, flight: Flight, maybe: bool, out: &mut Vec<Effect>) {
        let refusal = Refusal {
            code: AckCode::Unavailable,
            reason: "the nodes cannot agree at the moment; try again".to_owned(),
        };
        let (go, stay): (Vec<_>, Vec<_>) = flight.waiting.into_iter().partition(|(item, _)| is_answered(item));
        self.put_back(Flight { waiting: stay, ..flight });
        if let Some(shared) = &mut self.shared {
            shared.again = Some(now + AGAIN);
            // What may have been written of this node counted those that are refused.
            shared.dirty = true;
        }
        for (item, _) in go {
            self.refuse_then(now, &item.then, &refusal, out);
            if let (true, Command::Join { newcomer, .. }) = (maybe, &item.command) {
                self.may_be_in(now, newcomer.session.key());
            }
            if let Some(connection) = item.then.sender() {
                self.release(now, connection, out);
            }
        }
    }
}

impl Room {
    /// Who was refused may be a member for all others; it leaves like one whose connection is lost, unless it comes
    /// back here or elsewhere.
    fn may_be_in(&mut self, now: Instant, key: MemberKey) {
        let due = now + self.settings.heartbeat_timeout;
        let here = self.members.contains(&key);
        let Some(shared) = self.shared.as_mut().filter(|_| !here) else { return };
        shared.abandoned.push_back(Abandoned { due, key, generation: shared.generation });
        let above = shared.abandoned.len().saturating_sub(MOST_WAITING);
        self.let_go_first(above);
    }

    /// Those that did not come back leave.
    pub(in crate::room) fn let_go_abandoned(&mut self, now: Instant) {
        let Some(shared) = &mut self.shared else { return };
        let over = shared.abandoned.partition_point(|gone| gone.due <= now);
        self.let_go_first(over);
    }

    fn let_go_first(&mut self, count: usize) {
        let Some(shared) = &mut self.shared else { return };
        for gone in shared.abandoned.drain(..count).collect::<Vec<_>>() {
            if !self.members.contains(&gone.key) {
                let then = Then::Gone { ends: false, generation: gone.generation };
                let _ = shared.enqueue(Command::Leave { key: gone.key }, then);
            }
        }
    }
}

/// Whether somebody waits for the answer.
fn is_answered(item: &Waiting) -> bool {
    !matches!(item.then, Then::Nothing | Then::Gone { .. } | Then::Welcome { .. })
}
