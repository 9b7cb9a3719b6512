//! From a command to what follows from it.
//!
//! A lone room decides at once. A room that spans nodes waits until the document has been changed for all; what is
//! to be done then is kept beside the command, and the sender's further signals are held back until then.

use std::sync::Arc;

use roomcast_protocol::code::AckCode;
use roomcast_protocol::signal::{MemberKey, Signal};

use super::effect::{ConnectionId, Effect};
use super::joining::JoinRequest;
use super::relay::Said;
use super::stage::Command;
use super::{Refusal, Room};
use crate::time::Instant;

/// What is to be done when a command has been decided.
#[derive(Debug, Clone)]
pub(super) enum Then {
    /// Nothing more.
    Nothing,
    /// The streams end, if the streamer left of its own accord.
    Gone {
        ends: bool,
        /// Of which membership; 0: of whichever there is.
        generation: u64,
    },
    /// A newcomer is let in.
    Join(Arc<JoinRequest>),
    /// A member that is back is told so, and what it lacks.
    Welcome {
        request: Arc<JoinRequest>,
        from: Option<u64>,
        /// Whether other nodes are to know its new tokens.
        describe: bool,
    },
    /// Only a refusal is answered.
    Answer { connection: ConnectionId, signal: Signal },
    /// The kicked are put out.
    Kick { connection: ConnectionId, signal: Signal },
    /// The new publishers are told.
    Accept { connection: ConnectionId, signal: Signal, accepted: Vec<MemberKey> },
}

impl Then {
    /// Whose further signals wait for it.
    pub fn sender(&self) -> Option<ConnectionId> {
        match self {
            Self::Nothing | Self::Gone { .. } => None,
            Self::Join(request) | Self::Welcome { request, .. } => Some(request.connection),
            Self::Answer { connection, .. } | Self::Kick { connection, .. } | Self::Accept { connection, .. } => {
                Some(*connection)
            }
        }
    }
}

impl Room {
    /// Decides on a command, or has it decided by all.
    pub(super) fn submit(
        &mut self,
        now: Instant,
        command: Command,
        then: Then,
        out: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        if let Some(shared) = &mut self.shared {
            return shared.enqueue(command, then);
        }
        let rules = self.rules();
        let decided = self.stage.decide(now, rules, &command)?;
        if decided.listed {
            self.list.changed();
        }
        self.finish(now, then, out);
        Ok(())
    }

    /// A command was carried out.
    pub(super) fn finish(&mut self, now: Instant, then: Then, out: &mut Vec<Effect>) {
        match then {
            Then::Nothing | Then::Answer { .. } => {}
            Then::Gone { ends, .. } => {
                if ends && self.shared.is_some() && self.stage.publishers().is_empty() {
                    self.end_streams(now, out);
                }
            }
            // The same session may have asked twice, over two connections: the later one takes it over.
            Then::Join(request) if self.members.contains(&request.key()) => self.forgotten_here(now, &request, out),
            Then::Join(request) => self.admitted(now, &request, out),
            Then::Welcome { request, from, describe } => {
                let key = request.key();
                self.welcome(&request, true, out);
                self.replay(&key, from, out);
                if describe {
                    self.describe(&key, out);
                }
            }
            Then::Kick { signal, .. } => {
                let Some(to) = &signal.head.recipient else { return };
                for key in self.members.meant(to) {
                    self.put_out(&key, signal.raw(), out);
                }
            }
            Then::Accept { connection, signal, accepted } => self.tell_accepted(connection, &signal, accepted, out),
        }
    }

    /// A command was refused.
    pub(super) fn refuse_then(&mut self, now: Instant, then: &Then, refusal: &Refusal, out: &mut Vec<Effect>) {
        match then {
            Then::Nothing | Then::Gone { .. } => {}
            Then::Join(request) => self.refuse_join(now, request, refusal, out),
            Then::Welcome { request, .. } => self.send_refusal(request.connection, &request.signal, refusal, out),
            Then::Answer { connection, signal }
            | Then::Kick { connection, signal }
            | Then::Accept { connection, signal, .. } => self.send_refusal(*connection, signal, refusal, out),
        }
    }

    fn tell_accepted(
        &mut self,
        connection: ConnectionId,
        signal: &Signal,
        accepted: Vec<MemberKey>,
        out: &mut Vec<Effect>,
    ) {
        // Those of other nodes were told as it was decided.
        let here: Vec<_> = accepted.into_iter().filter(|key| self.members.contains(key)).collect();
        if here.is_empty() {
            return;
        }
        let by = signal.head.session.key();
        let missing = (AckCode::NotRoomMember, "`to` is no other member of the room");
        let aim = super::shared::Aim::Sessions(here);
        let said = Said { by: &by, connection, signal };
        if let Err(refusal) = self.pass_on(said, aim, missing, out) {
            self.send_refusal(connection, signal, &refusal, out);
        }
    }
}
