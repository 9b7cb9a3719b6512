//! Effects of a site, and its queries to the directory with their answers.

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
    /// Forget a connection, which has no members here any more.
    Forget(ConnectionId),
    /// Send a message to another node.
    Send(BootId, Message),
    /// Query the directory; the answer is passed to [`Site::on_answer`](super::Site::on_answer).
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

/// A query to the directory about this room.
#[derive(Debug, Clone)]
pub enum DirectoryQuery {
    /// Looks up the entry of the room.
    Look,
    /// Claims the ownership, if the entry is the expected one.
    Claim {
        /// The present entry, as far as this node knows.
        expected: Option<Ownership>,
        /// The boot id that claims.
        mine: BootId,
        /// A random number that makes a new life unique.
        random: u64,
        /// The journal of a new room.
        fields: Vec<(Field, Value)>,
    },
    /// Asserts the ownership.
    Assert(Ownership),
    /// Writes to the journal of the room.
    Write(Write),
    /// Releases the ownership, and stores the journal fields of a drained room.
    Release(Ownership, Option<Vec<(Field, Value)>>),
}

/// The answer of the directory. After a failure, the query may or may not have been executed.
#[derive(Debug, Clone)]
pub enum DirectoryAnswer {
    /// The answer to [`DirectoryQuery::Look`].
    Looked(Looked),
    /// The answer to [`DirectoryQuery::Claim`].
    Claimed(Claimed<Field, Value>),
    /// The answer to [`DirectoryQuery::Assert`].
    Asserted(Asserted),
    /// The answer to [`DirectoryQuery::Write`].
    Journaled(Journaled),
    /// The answer to [`DirectoryQuery::Release`].
    Released,
    /// No answer arrived.
    Failed,
}
