//! One connection's signals are decided one after the other: what it says while one is being decided waits for it.

use std::collections::VecDeque;
use std::sync::Arc;

use roomcast_protocol::code::AckCode;
use roomcast_protocol::signal::{Body, Signal};

use super::errand::Errand;
use crate::room::effect::{ConnectionId, Effect};
use crate::room::joining::JoinRequest;
use crate::room::{Refusal, Room};
use crate::time::Instant;

/// Signals of one connection that wait behind one that is being decided.
const MOST_HELD: usize = 64;

/// What waits behind a connection's signal that is being decided.
#[derive(Debug)]
pub(super) enum Held {
    Join(Arc<JoinRequest>),
    Signal(Signal),
    /// Refused by a replica that may have been old.
    Again(Signal),
    /// The end of the connection, behind all that it said.
    Gone,
}

impl Room {
    /// Whether a signal has to wait behind one of its connection that is being decided; then it is kept.
    pub(in crate::room) fn held(&mut self, from: ConnectionId, signal: &Signal, out: &mut Vec<Effect>) -> bool {
        if self.confirms(from, signal, out) {
            return true;
        }
        let Some(shared) = &mut self.shared else { return false };
        let beats = matches!(signal.body, Body::Heartbeat(_)) && self.members.has_connection(from);
        if beats || !shared.busy.contains_key(&from) {
            return false;
        }
        let held = shared.held.entry(from).or_default();
        if held.len() < MOST_HELD {
            held.push_back(Held::Signal(signal.clone()));
        } else {
            let refusal = Refusal { code: AckCode::Unavailable, reason: "the room is busy; try again".to_owned() };
            self.send_refusal(from, signal, &refusal, out);
        }
        true
    }

    /// The first sign of life with a fresh token: the token before is to be good nowhere before it is answered.
    fn confirms(&mut self, from: ConnectionId, signal: &Signal, out: &mut Vec<Effect>) -> bool {
        let Some(shared) = &mut self.shared else { return false };
        let Some(member) = self.members.get_mut(&signal.head.session.key()) else { return false };
        let first = member.connection == Some(from) && member.keeps_tokens && member.earlier_token.is_some();
        if !first || shared.busy.contains_key(&from) {
            return false;
        }
        member.earlier_token = None;
        shared.held.entry(from).or_default().push_front(Held::Signal(signal.clone()));
        *shared.busy.entry(from).or_default() += 1;
        out.push(Effect::Elsewhere(Errand::Confirm { connection: from, record: member.record() }));
        true
    }

    /// Before a member is refused for what others are, the replica is made new: it may lag behind.
    pub(in crate::room) fn looks_again(
        &mut self,
        from: ConnectionId,
        signal: &Signal,
        refusal: &Refusal,
        out: &mut Vec<Effect>,
    ) -> bool {
        let of_others = matches!(
            refusal.code,
            AckCode::RecipientNotMember | AckCode::UserLeft | AckCode::PermissionNotFound | AckCode::NotRoomMember
        );
        let member = self.members.get(&signal.head.session.key());
        let joined = member.is_some_and(|member| member.connection == Some(from));
        let Some(shared) = self.shared.as_mut().filter(|_| of_others && joined) else { return false };
        shared.held.entry(from).or_default().push_front(Held::Again(signal.clone()));
        *shared.busy.entry(from).or_default() += 1;
        out.push(Effect::Elsewhere(Errand::Look { connection: from }));
        true
    }

    /// The same for a `JOIN`.
    pub(in crate::room) fn held_join(&mut self, request: &Arc<JoinRequest>) -> bool {
        let Some(shared) = &mut self.shared else { return false };
        if !shared.busy.contains_key(&request.connection) {
            return false;
        }
        let held = shared.held.entry(request.connection).or_default();
        // Who joins again and again gets the last of the answers it waits for.
        held.retain(|held| !matches!(held, Held::Join(_)));
        held.push_back(Held::Join(Arc::clone(request)));
        true
    }

    /// One of a connection's signals was decided; what waited behind it goes on.
    pub(super) fn release(&mut self, now: Instant, connection: ConnectionId, out: &mut Vec<Effect>) {
        let Some(shared) = &mut self.shared else { return };
        if let Some(count) = shared.busy.get_mut(&connection) {
            *count -= 1;
            if *count > 0 {
                return;
            }
            shared.busy.remove(&connection);
        }
        while let Some(shared) = &mut self.shared
            && !shared.busy.contains_key(&connection)
        {
            let Some(held) = shared.held.get_mut(&connection).and_then(VecDeque::pop_front) else {
                shared.held.remove(&connection);
                return;
            };
            match held {
                Held::Join(request) => self.on_join(now, &request, out),
                Held::Signal(signal) => self.on_signal(now, connection, &signal, out),
                Held::Gone => self.on_disconnected(connection, out),
                Held::Again(signal) => {
                    if let Err(refusal) = self.carry_out(now, connection, &signal, out) {
                        self.send_refusal(connection, &signal, &refusal, out);
                    }
                }
            }
        }
    }

    /// What waited for somebody who is gone goes on.
    pub(in crate::room) fn release_freed(&mut self, now: Instant, out: &mut Vec<Effect>) {
        while let Some(connection) = self.shared.as_mut().and_then(|shared| shared.freed.pop()) {
            self.release(now, connection, out);
        }
    }

    /// A connection is gone; a room that spans nodes keeps where all find it what its members have not got.
    pub(in crate::room) fn on_disconnected(&mut self, connection: ConnectionId, out: &mut Vec<Effect>) {
        if let Some(shared) = self.shared.as_mut().filter(|shared| shared.busy.contains_key(&connection)) {
            let held = shared.held.entry(connection).or_default();
            // Nobody waits to be let in any more; what else was said still holds.
            held.retain(|held| !matches!(held, Held::Join(_)));
            held.push_back(Held::Gone);
            return;
        }
        let gone = self.members.detach(connection);
        if self.shared.is_none() {
            return;
        }
        for key in gone {
            self.park(&key, out);
        }
    }
}
