//! The edges attached to an owner, and the sending of messages to them.

use std::collections::BTreeMap;

use super::OwnerEffect;
use crate::cluster::BootId;
use crate::room::message::{AttachmentId, ToEdge};

/// The attachment of an edge to this owner.
#[derive(Debug, Clone, Copy)]
struct Attachment {
    id: AttachmentId,
    /// Whether messages are ignored until the edge attaches again. The attachment is kept so that the edge is asked
    /// again.
    doubted: bool,
    /// Whether the edge has viewers that it admitted by itself.
    viewers: bool,
}

/// The attached edges, by their nodes.
#[derive(Debug, Default)]
pub(super) struct Edges(BTreeMap<BootId, Attachment>);

impl Edges {
    /// Begins an attachment. Returns `false` if a newer one of that node is known.
    pub fn attach(&mut self, id: AttachmentId, viewers: bool) -> bool {
        let is_older = self.0.get(&id.edge).is_some_and(|known| known.id.counter > id.counter);
        if !is_older {
            self.0.insert(id.edge, Attachment { id, doubted: false, viewers });
        }
        !is_older
    }

    /// Ends an attachment. Returns `false` if another one of that node is known.
    pub fn detach(&mut self, id: AttachmentId) -> bool {
        let is_known = self.0.get(&id.edge).is_none_or(|known| known.id == id);
        if is_known {
            self.0.remove(&id.edge);
        }
        is_known
    }

    /// Removes the attachment of a dead node.
    pub fn remove(&mut self, edge: BootId) {
        self.0.remove(&edge);
    }

    /// Ignores the messages of an edge until it attaches again; returns its attachment.
    pub fn doubt(&mut self, edge: BootId) -> Option<AttachmentId> {
        let attachment = self.0.get_mut(&edge)?;
        attachment.doubted = true;
        Some(attachment.id)
    }

    /// Notes whether an edge has viewers that it admitted by itself.
    pub fn note_viewers(&mut self, edge: BootId, any: bool) {
        self.0.get_mut(&edge).into_iter().for_each(|attachment| attachment.viewers = any);
    }

    /// Returns whether edges have viewers that the owner does not know.
    pub fn have_viewers(&self) -> bool {
        self.0.values().any(|attachment| attachment.viewers)
    }

    /// Returns the attachment of a node, unless it is in doubt.
    pub fn standing(&self, edge: BootId) -> Option<AttachmentId> {
        self.0.get(&edge).filter(|attachment| !attachment.doubted).map(|attachment| attachment.id)
    }

    /// Returns the nodes of all attachments.
    pub fn nodes(&self) -> impl Iterator<Item = BootId> + '_ {
        self.0.keys().copied()
    }

    /// Sends a message to an edge, unless its attachment is in doubt.
    pub fn send(&self, edge: BootId, message: ToEdge, out: &mut Vec<OwnerEffect>) {
        if let Some(attachment) = self.standing(edge) {
            out.push(OwnerEffect::Send(attachment, message));
        }
    }

    /// Sends a message to every edge, including those whose attachment is in doubt.
    pub fn send_to_all(&self, message: &ToEdge, out: &mut Vec<OwnerEffect>) {
        out.extend(self.0.values().map(|attachment| OwnerEffect::Send(attachment.id, message.clone())));
    }
}
