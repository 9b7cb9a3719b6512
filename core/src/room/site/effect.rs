//! Effects of a site, its questions to the directory and their answers.

use roomcast_protocol::code::CloseCode;
use roomcast_protocol::id::ObjectId;

use crate::cluster::directory::{Asserted, Claimed, Journaled, Looked};
use crate::cluster::{BootId, Ownership};
use crate::hls::Change;
use crate::room::edge::ToClient;
use crate::room::message::Message;
use crate::room::owner::{Field, KickRevocation, Value, Write};
use crate::room::{ConnectionId, Refusal};

/// An effect of a step. Effects are executed in order.
#[derive(Debug)]
pub enum SiteEffect {
    /// Send a message to a connection.
    Tell(ConnectionId, ToClient),
    /// Close a connection.
    Close(ConnectionId, CloseCode),
    /// Pause or resume reading from a connection.
    Read(ConnectionId, bool),
    /// Forget a connection: it has no member here any more.
    Forget(ConnectionId),
    /// Send a message to another node.
    Send(BootId, Message),
    /// Ask the directory; the answer comes by [`Site::on_answer`](super::Site::on_answer).
    DirectoryQuery(DirectoryQuery),
    /// Report a change of a broadcast or its media.
    Live(ObjectId, Change),
    /// Replace everything that is served of a broadcast.
    Everything(ObjectId, Vec<Change>),
    /// Revoke the tokens of a user in this room; a failure is reported to
    /// [`Site::not_revoked`](super::Site::not_revoked).
    Revoke(Box<KickRevocation>),
    /// Answer an upload.
    Uploaded(u64, Result<(), Refusal>),
}

/// A question to the directory about this room.
#[derive(Debug, Clone)]
pub enum DirectoryQuery {
    /// Its owner.
    Look,
    /// To own it, where this stands.
    Claim {
        /// The entry that stands, as far as this node knows.
        expected: Option<Ownership>,
        /// The boot id that claims.
        mine: BootId,
        /// Makes a new life unique.
        random: u64,
        /// The journal of a new room.
        fields: Vec<(Field, Value)>,
    },
    /// To own it still.
    Assert(Ownership),
    /// To write to its journal.
    Write(Write),
    /// To own it no longer, and what is kept.
    Release(Ownership, Option<Vec<(Field, Value)>>),
}

/// The answer of the directory; failed, a question may have been carried out or not.
#[derive(Debug, Clone)]
pub enum DirectoryAnswer {
    /// To [`DirectoryQuery::Look`].
    Looked(Looked),
    /// To [`DirectoryQuery::Claim`].
    Claimed(Claimed<Field, Value>),
    /// To [`DirectoryQuery::Assert`].
    Asserted(Asserted),
    /// To [`DirectoryQuery::Write`].
    Journaled(Journaled),
    /// To [`DirectoryQuery::Release`].
    Released,
    /// No answer came.
    Failed,
}
