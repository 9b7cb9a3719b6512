//! What other nodes say.

use std::sync::Arc;

use roomcast_protocol::ack::RoomClosedReason;
use roomcast_protocol::code::CloseCode;
use roomcast_protocol::id::UserId;
use roomcast_protocol::signal::MemberKey;

use super::errand::{Errand, HandOver, Mark};
use super::{MOST_EARLY, MOST_TAKEN};
use crate::room::Room;
use crate::room::effect::Effect;
use crate::room::stage::Stage;
use crate::time::Instant;

/// Something another node did.
#[derive(Debug, Clone)]
pub enum News {
    /// The document has changed.
    Stage {
        /// Its version.
        version: u64,
        /// What it is.
        stage: Box<Stage>,
    },
    /// The room is over.
    Closed {
        /// The last version.
        version: u64,
        /// Why.
        reason: RoomClosedReason,
    },
    /// A signal for a member here.
    Relay {
        /// Whom.
        to: MemberKey,
        /// Which of those from other nodes.
        mark: Mark,
        /// The sender's text.
        text: Arc<str>,
    },
    /// A member has gone on to another node.
    Taken {
        /// Who.
        key: MemberKey,
        /// Which membership it is there.
        generation: u64,
        /// Where what it has not got is to go; nothing when all of it was put where all find it.
        node: Option<String>,
        /// Whether it was the last that all others knew of on this node.
        last: bool,
    },
    /// What a member that came from another node has not got.
    Handed(HandOver),
    /// Members are put out.
    Kicked {
        /// Who.
        key: MemberKey,
        /// What they are told.
        text: Arc<str>,
    },
    /// A user with sessions here has others elsewhere.
    Spread(UserId),
}

impl Room {
    /// Takes what another node says.
    pub fn heard(&mut self, now: Instant, news: News) -> Vec<Effect> {
        let mut out = Vec::new();
        match news {
            News::Stage { version, stage } => {
                if version > self.version() {
                    self.learn(version, Some(stage));
                }
            }
            News::Closed { version, reason } => {
                if version >= self.version() && !self.closed {
                    self.close(now, reason, &mut out);
                }
            }
            News::Relay { to, mark, text } => self.take_in(now, &to, mark, text, &mut out),
            News::Taken { key, generation, node, last } => {
                self.on_taken(&key, generation, node, &mut out);
                self.is_done_with(last);
            }
            News::Handed(over) => self.on_handed(now, over, &mut out),
            News::Kicked { key, text } => self.put_out(&key, &text, &mut out),
            News::Spread(user) => self.spread(user),
        }
        self.on_time(now, &mut out);
        out
    }

    /// The newer connection wins; what the member has not got goes after it.
    fn on_taken(&mut self, key: &MemberKey, generation: u64, node: Option<String>, out: &mut Vec<Effect>) {
        let here = self.members.get(key);
        if here.is_some_and(|member| member.generation() >= generation) {
            return;
        }
        let here = here.map(|member| member.hand_over(true));
        // It may have been to come here, too, and its client went on before it knew.
        let passed = || self.take_early(key, generation);
        let nothing = || HandOver { key: key.clone(), generation, had: 0, last: 0, lost: 0, list: 0, kept: Vec::new() };
        let over = HandOver { generation, ..here.or_else(passed).unwrap_or_else(nothing) };
        if let Some(shared) = &mut self.shared {
            shared.taken.push_back((key.clone(), generation));
            if shared.taken.len() > MOST_TAKEN {
                shared.taken.pop_front();
            }
        }
        self.give_away(key, out);
        out.extend(node.map(|node| Effect::Elsewhere(Errand::Hand { node, over })));
    }

    /// All others know already that nobody of this node is in the room any more.
    fn is_done_with(&mut self, last: bool) {
        let gone = last && self.members.is_empty();
        if let Some(shared) = self.shared.as_mut().filter(|shared| gone && !shared.observed) {
            shared.dirty = false;
        }
    }

    /// A member is another node's now.
    pub(super) fn give_away(&mut self, key: &MemberKey, out: &mut Vec<Effect>) {
        self.replace(key, out);
        // Viewers are counted by node, and a node without members is not told of changes.
        let counts = !self.stage.publishes(key) || self.members.is_empty();
        if let Some(shared) = &mut self.shared {
            shared.dirty |= counts;
        }
    }

    /// A member has a newer connection; this one and all that was known of it go.
    pub(super) fn replace(&mut self, key: &MemberKey, out: &mut Vec<Effect>) {
        let connection = self.members.get(key).and_then(|member| member.connection);
        if let Some(connection) = connection {
            out.push(Effect::Close { connection, code: CloseCode::SessionReplaced });
        }
        self.drop_member(key, out);
    }

    fn on_handed(&mut self, now: Instant, over: HandOver, out: &mut Vec<Effect>) {
        let here = self.members.get(&over.key);
        if here.is_some_and(|member| member.expects(over.generation)) {
            let key = over.key.clone();
            return self.complete_arrival(now, &key, Some(over), out);
        }
        // Too late: it was not waited for any longer, or the member has been elsewhere since.
        let late = here.is_some_and(|member| member.generation() >= over.generation);
        if let Some(shared) = self.shared.as_mut().filter(|_| !late) {
            // The answer by which it is here is still to come, or was lost.
            shared.early.retain(|other| other.key != over.key);
            shared.early.push_back(over);
            if shared.early.len() > MOST_EARLY {
                shared.early.pop_front();
            }
        }
    }

    /// What was handed over for a member that was not here yet.
    pub(super) fn take_early(&mut self, key: &MemberKey, generation: u64) -> Option<HandOver> {
        let early = &mut self.shared.as_mut()?.early;
        let place = early.iter().position(|over| over.key == *key && over.generation <= generation)?;
        early.remove(place)
    }
}
