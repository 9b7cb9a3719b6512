//! A member that comes from another node, and what it brings.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;

use roomcast_protocol::ack;
use roomcast_protocol::code::{AckCode, CloseCode};
use roomcast_protocol::signal::MemberKey;

use super::errand::{Errand, HandOver, Mark, Record};
use super::verdict::Arrival;
use crate::room::backlog::{Backlog, counted, first_after};
use crate::room::effect::{ConnectionId, Effect};
use crate::room::joining::JoinRequest;
use crate::room::member::Member;
use crate::room::{Refusal, Room, refuse};
use crate::time::Instant;

/// For how long after a loss somebody may be unknown only for that.
const LOST: Duration = Duration::from_secs(10);
/// How long the node before has to hand over what it keeps.
const PATIENCE: Duration = Duration::from_millis(1000);

/// What a member has of its own in a room that spans nodes.
#[derive(Debug, Default)]
pub struct Remote {
    /// Which membership, and where: a later one is higher.
    pub generation: u64,
    /// The generation in which it came in.
    pub birth: u64,
    /// How many signals from other nodes came, without a gap.
    pub seen: u64,
    /// Up to which it has been sent for certain, though they may not have come.
    pub awaited: u64,
    /// Those that came too early.
    pub early: BTreeMap<u64, Arc<str>>,
    pub arriving: Option<Box<Arriving>>,
}

impl Remote {
    /// Whether something that it was sent has not come.
    pub fn lacks_some(&self) -> bool {
        !self.early.is_empty() || self.awaited > self.seen
    }
}

/// A member whose former node is asked for what it keeps.
#[derive(Debug)]
pub struct Arriving {
    request: Arc<JoinRequest>,
    arrival: Arrival,
    /// For which generation the former node hands over; the member may be in a later one by now.
    handed_for: u64,
    pub until: Instant,
}

impl Member {
    pub fn begin_remote(&mut self, generation: u64, had: Option<u64>) {
        let seen = had.map_or(0, |had| counted(had) + 1);
        self.remote = Some(Box::new(Remote { generation, birth: generation, seen, ..Remote::default() }));
    }

    /// Whether it is connected and lacks nothing of what other nodes sent it.
    pub fn is_up_to_date(&self) -> bool {
        let waits = |remote: &Remote| remote.arriving.is_some() || remote.lacks_some();
        self.connection.is_some() && !self.remote.as_deref().is_some_and(waits)
    }

    /// Whether its former node is still asked for what it keeps.
    pub fn arrives(&self) -> bool {
        self.remote.as_ref().is_some_and(|remote| remote.arriving.is_some())
    }

    /// The connection whose signals wait until its former node has answered.
    pub fn waits_on(&self) -> Option<ConnectionId> {
        let arriving = self.remote.as_ref().and_then(|remote| remote.arriving.as_ref());
        arriving.map(|arriving| arriving.request.connection)
    }

    /// Whether its former node is asked for what it keeps by this.
    pub fn expects(&self, generation: u64) -> bool {
        let arriving = self.remote.as_ref().and_then(|remote| remote.arriving.as_ref());
        arriving.is_some_and(|arriving| arriving.handed_for == generation)
    }

    pub fn generation(&self) -> u64 {
        self.remote.as_ref().map_or(0, |remote| remote.generation)
    }

    /// As all nodes know it.
    pub fn record(&self) -> Record {
        Record {
            session: self.session.clone(),
            video: self.video,
            audio: self.audio,
            keeps_tokens: self.keeps_tokens,
            resume_token: self.resume_token.clone(),
            other_token: self.earlier_token.clone().unwrap_or_default(),
            generation: self.generation(),
            birth: self.remote.as_ref().map_or(0, |remote| remote.birth),
            had: None,
        }
    }

    /// The same, with what it was sent by other nodes.
    pub fn returning(&self) -> Record {
        let seen = self.remote.as_ref().map_or(0, |remote| remote.seen);
        Record { had: seen.checked_sub(1).map(first_after), ..self.record() }
    }

    /// What it has not got; without what came from other nodes, which is kept where all find it.
    pub fn hand_over(&self, remote: bool) -> HandOver {
        let backlog = &self.backlog;
        let kept = backlog.signals(remote).map(|(sequence, text)| super::Kept(sequence, text.into())).collect();
        let (had, last, lost) = (backlog.had(), backlog.last(), backlog.lost());
        HandOver { key: self.session.key(), generation: self.generation(), had, last, lost, list: backlog.list(), kept }
    }
}

impl Room {
    /// A `JOIN` met a member of another node.
    pub(super) fn on_arrival(
        &mut self,
        now: Instant,
        request: &Arc<JoinRequest>,
        arrival: Arrival,
        out: &mut Vec<Effect>,
    ) {
        let (connection, key) = (request.connection, request.key());
        if self.is_outdone(&key, arrival.generation, connection, out) {
            return;
        }
        // What this node had of it is of an earlier stay.
        self.replace(&key, out);
        let mut member = Member::new(arrival.record.session.clone(), connection, now);
        (member.video, member.audio) = (arrival.record.video, arrival.record.audio);
        member.resume_token.clone_from(&arrival.record.resume_token);
        member.keeps_tokens = arrival.record.keeps_tokens || request.join.options.resume_token.is_some();
        let (generation, birth, seen) = (arrival.generation, arrival.birth, arrival.count);
        let (waits, until) = (arrival.waits, now + PATIENCE);
        let arriving = Box::new(Arriving { request: Arc::clone(request), arrival, handed_for: generation, until });
        member.remote =
            Some(Box::new(Remote { generation, birth, seen, arriving: Some(arriving), ..Remote::default() }));
        self.members.insert(key.clone(), member);
        self.watch(self.expiry(now), key.clone());
        if let Some(shared) = &mut self.shared {
            *shared.busy.entry(connection).or_default() += 1;
            shared.dirty |= !self.stage.publishes(&key);
            if waits {
                shared.inbox_due = Some(shared.inbox_due.map_or(until, |due| due.min(until)));
            }
        }
        self.take_strays(now, &key, out);
        // Of an earlier one when that answer was lost, and nobody had it since.
        let early = self.take_early(&key, generation).filter(|over| over.generation == generation || !waits);
        if early.is_some() || !waits {
            self.complete_arrival(now, &key, early, out);
        }
    }

    /// Whether a member of this node came in in this generation.
    pub(super) fn is_of(&self, key: &MemberKey, birth: u64) -> bool {
        let remote = self.members.get(key).and_then(|member| member.remote.as_ref());
        remote.is_some_and(|remote| remote.birth == birth)
    }

    /// A member of this node is in a later generation.
    pub(super) fn is_now(&mut self, key: &MemberKey, generation: u64) {
        if let Some(remote) = self.members.get_mut(key).and_then(|member| member.remote.as_mut()) {
            remote.generation = generation;
        }
    }

    /// Whether a member of this node may have been on another since: what all share says.
    pub(in crate::room) fn may_have_moved(&self, key: &MemberKey, from: ConnectionId) -> bool {
        let here = self.members.get(key);
        self.shared.is_some() && here.is_some_and(|member| member.connection != Some(from) && !member.arrives())
    }

    /// A member of this node comes over another connection, and was nowhere else.
    pub(super) fn still_here(
        &mut self,
        now: Instant,
        request: &Arc<JoinRequest>,
        arrival: &Arrival,
        out: &mut Vec<Effect>,
    ) {
        let key = request.key();
        if self.is_outdone(&key, arrival.generation, request.connection, out) {
            return;
        }
        self.is_now(&key, arrival.generation);
        self.take_in(now, &key, Mark { birth: arrival.birth, count: arrival.count }, "".into(), out);
        if let Err(refusal) = self.resume_here(now, request, out) {
            self.refuse_join(now, request, &refusal, out);
        }
    }

    /// The same, when nobody else knew it any more.
    pub(in crate::room) fn forgotten_here(&mut self, now: Instant, request: &Arc<JoinRequest>, out: &mut Vec<Effect>) {
        let key = request.key();
        let Some(shared) = &self.shared else { return };
        let (generation, lost) = (shared.first_generation(), shared.lost.is_some_and(|lost| now.since(lost) < LOST));
        let Some(member) = self.members.get_mut(&key) else { return };
        if !lost || request.join.options.resume_from > Some(member.backlog.last()) {
            // It has left over another node in the meantime, or asked twice before it was here.
            self.give_away(&key, out);
            return self.admitted(now, request, out);
        }
        if let Some(remote) = &mut member.remote {
            (remote.generation, remote.birth) = (generation, generation);
        }
        if let Err(refusal) = self.resume_here(now, request, out) {
            self.refuse_join(now, request, &refusal, out);
        }
    }

    /// A member whose former node is still asked comes over yet another connection: that one gets the answer.
    pub(in crate::room) fn arrives_elsewhere(
        &mut self,
        now: Instant,
        request: &Arc<JoinRequest>,
        out: &mut Vec<Effect>,
    ) -> Result<bool, Refusal> {
        let (key, from) = (request.key(), request.connection);
        let Some(member) = self.members.get_mut(&key) else { return Ok(false) };
        let accepts = member.accepts(request.join.options.resume_token.as_ref());
        let Some(arriving) = member.remote.as_mut().and_then(|remote| remote.arriving.as_mut()) else {
            return Ok(false);
        };
        if arriving.request.connection != from && !accepts {
            return refuse(AckCode::PermissionNotFound, "the session is taken over only with its resume token");
        }
        let before = std::mem::replace(&mut arriving.request, Arc::clone(request)).connection;
        member.last_heard = now;
        if before == from {
            return Ok(true);
        }
        if let Some(old) = self.members.attach(&key, from) {
            out.push(Effect::Close { connection: old, code: CloseCode::SessionReplaced });
        }
        if let Some(shared) = &mut self.shared {
            *shared.busy.entry(from).or_default() += 1;
        }
        self.release(now, before, out);
        Ok(true)
    }

    /// What the node before kept is here, or will not come.
    pub(super) fn complete_arrival(
        &mut self,
        now: Instant,
        key: &MemberKey,
        handed: Option<HandOver>,
        out: &mut Vec<Effect>,
    ) {
        let version = self.version();
        let Some(member) = self.members.get_mut(key) else { return };
        let Some(arriving) = member.remote.as_mut().and_then(|remote| remote.arriving.take()) else { return };
        let Arriving { request, arrival, .. } = *arriving;
        let (connection, claimed) = (request.connection, request.join.options.resume_from);
        let had = handed.as_ref().map_or(arrival.had, |over| over.had.max(arrival.had));
        let last = first_after(arrival.count).max(handed.as_ref().map_or(0, |over| over.last));
        let point = claimed.unwrap_or(had).min(last);
        // What the node before knows of, it keeps or says that it is lost; what came behind is where all find it.
        let known = handed.as_ref().map_or(point, |over| point.max(over.last));
        let mut lost = handed.as_ref().map_or(0, |over| over.lost).max(arrival.lost_behind(known));
        let mut kept: BTreeMap<u64, ByteString> = BTreeMap::new();
        for (sequence, text) in arrival.kept {
            if !text.is_empty() {
                kept.insert(sequence, wire(sequence, &text));
            }
        }
        let changed = arrival.told.is_some_and(|told| told != version);
        let lists = changed || handed.as_ref().is_some_and(|over| over.list > point);
        for super::Kept(sequence, text) in handed.into_iter().flat_map(|over| over.kept) {
            kept.entry(sequence).or_insert_with(|| wire(sequence, &text));
        }
        if lost <= point {
            lost = 0;
        }
        kept.retain(|sequence, _| *sequence > point.max(lost));
        member.backlog = Backlog::moved(last, point, lost, kept);
        // Who comes without a connection any more is found by whoever it comes to next.
        if member.connection == Some(connection) {
            self.take_up(now, &request, Some(point), false, out);
        }
        self.drain(key, out);
        if lists {
            self.tell_list_to(key, out);
        }
        self.release(now, connection, out);
    }

    pub(super) fn is_arriving(&self, key: &MemberKey) -> bool {
        self.members.get(key).is_some_and(Member::arrives)
    }

    /// Keeps where all find it what a member without a connection has not got.
    pub(super) fn park(&mut self, key: &MemberKey, out: &mut Vec<Effect>) {
        if let Some(member) = self.members.get(key).filter(|member| !member.arrives()) {
            let over = member.hand_over(false);
            let told = if over.list > over.had || self.list.due().is_some() { 0 } else { self.version() };
            out.push(Effect::Elsewhere(Errand::Park { over, told }));
        }
    }
}

/// The text with its number; some have it already.
fn wire(sequence: u64, text: &str) -> ByteString {
    if text.starts_with("{\"sq\":") {
        return text.into();
    }
    ack::numbered(sequence, text).into()
}
