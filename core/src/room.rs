//! One room on one node, as connections and other nodes see it: it turns inputs into effects.
//!
//! [`Room`] translates signals into requests to the rules, and the effects of the rules into messages. The rules are in
//! these types:
//!
//! - [`Owner`](owner::Owner) runs a room on one node: order, numbers, backlogs, membership and its journal.
//! - [`Edge`](edge::Edge) represents a room on each node that has sockets in it.
//! - [`Site`] is a room on one node: its edge, and its owner if this node owns the room.
//! - [`RoomState`](state::RoomState) is the part of a room that its members see; the messages in [`message`] carry it
//!   between nodes.

mod credentials;
pub mod edge;
mod effect;
mod encoder;
#[cfg(test)]
mod fixtures;
mod heartbeat;
pub mod message;
mod outbound_message;
pub mod owner;
mod request;
mod settings;
pub mod site;
pub mod state;
pub mod streams;
mod tallies;

use std::collections::BTreeMap;
use std::sync::Arc;

use roomcast_protocol::code::AckCode;
use roomcast_protocol::id::{RoomId, UserId};
use roomcast_protocol::signal::{RefusedNumber, Signal};

pub use credentials::Credentials;
pub use effect::{ConnectionId, Effect, Input, JoinGrant, OutboundMessage};
pub use heartbeat::{HeartbeatResponder, HeartbeatState};
pub use outbound_message::{DeliveryWatermark, MessageText};
pub use settings::RoomSettings;
pub use tallies::Tallies;

use crate::cluster::{BootId, ClusterSettings};
use crate::hls::UploadEntry;
use crate::time::Instant;
use encoder::MessageEncoder;
use message::{Action, JoinId, SignalText, token_hash};
use owner::StreamSettings;
pub(crate) use request::JoinSignal;
use site::{Context, Site, SiteEffect};
use streams::Uploader;

/// The reason why a signal or an upload is refused.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, thiserror::Error)]
#[error("{reason}")]
pub struct Refusal {
    /// The code of the answer.
    pub code: AckCode,
    /// The reason, in a sentence.
    pub reason: String,
}

pub(crate) fn refuse<T>(code: AckCode, reason: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { code, reason: reason.into() })
}

/// A room on one node.
#[derive(Debug)]
pub struct Room {
    site: Site,
    encoder: MessageEncoder,
    /// The JOINs that have not been answered yet.
    joins: BTreeMap<JoinId, Box<JoinSignal>>,
    closed: bool,
}

impl Room {
    /// Creates a room about which nothing is known yet. On a standalone node, its first JOIN must create it. `node` is
    /// the boot id of this node and a number that rises with each room of the node; attachments and JOINs are numbered
    /// above it.
    #[must_use]
    pub fn new(id: RoomId, settings: Arc<RoomSettings>, cluster: Arc<ClusterSettings>, node: (BootId, u64)) -> Self {
        let streams = StreamSettings { max_playlists: settings.max_playlists, hls: settings.hls };
        let site = Site::new(cluster, streams, node, id.clone());
        let encoder = MessageEncoder::new(settings, id);
        Self { site, encoder, joins: BTreeMap::new(), closed: false }
    }

    /// Sets the counters that all rooms of this node share.
    #[must_use]
    pub fn counted(mut self, tallies: Tallies) -> Self {
        self.site.set_tallies(tallies);
        self
    }

    /// Handles one input: an event of a connection, or the passing of time.
    pub fn step(&mut self, context: Context<'_>, input: Input) -> Vec<Effect> {
        match input {
            Input::Join { connection, signal, grant } => self.join(context, connection, JoinSignal { signal, grant }),
            Input::Signal { connection, signal } => self.signal(context, connection, &signal),
            Input::Refused { connection, kind, numbered: RefusedNumber { member, number, .. } } => {
                let refused = message::Signal { action: Action::Refused(kind), to: None, text: SignalText::default() };
                let effects = self.site.take_signal(context, (connection, &member), Some(number), refused);
                self.encode(effects, None)
            }
            Input::Renewed { connection, permit } => {
                let effects = self.site.renew(context, connection, &permit);
                self.encode(effects, None)
            }
            Input::Disconnected { connection } => {
                let effects = self.site.disconnected(context, connection);
                self.encode(effects, None)
            }
            Input::Tick => self.step_site(|site| site.on_time(context)),
        }
    }

    /// Executes a step of the site and returns its effects.
    pub fn step_site(&mut self, step: impl FnOnce(&mut Site) -> Vec<SiteEffect>) -> Vec<Effect> {
        let effects = step(&mut self.site);
        self.encode(effects, None)
    }

    /// Returns the site: the edge and the owner on this node.
    #[must_use]
    pub const fn site(&self) -> &Site {
        &self.site
    }

    /// Returns the time of the next [`Input::Tick`], if no other event occurs first; `None` once the room is closed.
    #[must_use]
    pub fn next_deadline(&self, context: Context<'_>) -> Option<Instant> {
        self.site.due(context).filter(|_| !self.closed)
    }

    /// Returns whether this node holds no state of the room any more.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.closed
    }

    /// Handles an upload whose media is already stored; returns the id under which it is answered.
    pub fn upload(&mut self, context: Context<'_>, by: Uploader, entry: Option<UploadEntry>) -> (u64, Vec<Effect>) {
        let by = match by {
            Uploader::Token(token) => Uploader::Token(token_hash(&token)),
            member @ Uploader::Member(_) => member,
        };
        let (id, effects) = self.site.upload(context, by, entry);
        (id, self.encode(effects, None))
    }

    /// Checks whether a JOIN of this user to a broadcast of this name would make the user a publisher.
    ///
    /// # Errors
    /// The code and reason of the answer.
    pub fn may_broadcast(&self, context: Context<'_>, user: &UserId) -> Result<(), Refusal> {
        self.site.may_broadcast(context, user)
    }

    fn join(&mut self, context: Context<'_>, connection: ConnectionId, join: JoinSignal) -> Vec<Effect> {
        let until = context.shared + join.grant.ingest_life;
        let Some(request) = join.request(until).filter(|_| !self.closed) else {
            let mut refused = self.refused(connection, &join.signal);
            refused.push(Effect::Forget { connection });
            return refused;
        };
        let (id, effects) = self.site.join(context, connection, request);
        self.joins.insert(id, Box::new(join));
        let waiting = self.site.edge();
        self.joins.retain(|other, _| *other == id || waiting.is_some_and(|edge| edge.waits_for(*other)));
        self.encode(effects, None)
    }

    fn signal(&mut self, context: Context<'_>, connection: ConnectionId, signal: &Signal) -> Vec<Effect> {
        if self.closed {
            return self.refused(connection, signal);
        }
        let effects = self.site.signal(context, connection, signal.number, signal);
        self.encode(effects, Some(signal))
    }

    /// Removes an answered JOIN. The memory of the map is released when it becomes empty.
    fn take_join(&mut self, id: JoinId) -> Option<Box<JoinSignal>> {
        let join = self.joins.remove(&id);
        if self.joins.is_empty() {
            self.joins = BTreeMap::new();
        }
        join
    }

    fn refused(&self, to: ConnectionId, signal: &Signal) -> Vec<Effect> {
        let refusal = Refusal { code: AckCode::RoomNotFound, reason: "there is no such room".to_owned() };
        vec![Effect::Send { to, message: OutboundMessage::plain(self.encoder.refusal(signal, &refusal)) }]
    }

    /// Encodes the messages to members; `asked` is the signal that caused them.
    fn encode(&mut self, effects: Vec<SiteEffect>, asked: Option<&Signal>) -> Vec<Effect> {
        self.encoder.note_list(self.site.list_version());
        let mut out = Vec::with_capacity(effects.len() + 1);
        for effect in effects {
            match effect {
                SiteEffect::Tell(to, message) => {
                    let responder = asked.and_then(|signal| self.encoder.responder(&message, signal));
                    out.extend(responder.map(|responder| Effect::AnswerHeartbeats { connection: to, responder }));
                    let join = message.join().and_then(|id| self.take_join(id));
                    let message = self.encoder.encode(message, join.as_deref(), asked);
                    out.extend(message.map(|message| Effect::Send { to, message }));
                }
                SiteEffect::Close(connection, code) => out.push(Effect::Close { connection, code }),
                SiteEffect::Read(connection, reads) => out.push(Effect::Read { connection, reads }),
                SiteEffect::Forget(connection) => out.push(Effect::Forget { connection }),
                SiteEffect::Live(playlist, change) => out.push(Effect::Live { playlist, change }),
                SiteEffect::Everything(playlist, all) => out.push(Effect::Everything { playlist, all }),
                SiteEffect::Revoke(revocation) => out.push(Effect::Revoke { revocation }),
                SiteEffect::Uploaded(id, answer) => out.push(Effect::Uploaded { id, answer }),
                SiteEffect::Send(to, message) => out.push(Effect::ToNode { to, message }),
                SiteEffect::DirectoryQuery(ask) => out.push(Effect::DirectoryQuery(ask)),
            }
        }
        self.encoder.forget_change();
        if self.site.is_gone() && !std::mem::replace(&mut self.closed, true) {
            out.push(Effect::Closed);
        }
        out
    }
}

#[cfg(test)]
mod tests;
