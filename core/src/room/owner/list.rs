//! The list of publishers as members are told it: that of the last journaled state, and no more often than it may be.

use std::collections::BTreeMap;
use std::sync::Arc;

use roomcast_protocol::id::ObjectId;
use roomcast_protocol::limits::LIST_CHANGE_INTERVAL;

use super::OwnerEffect;
use super::edges::Edges;
use super::member::Presence;
use super::members::Members;
use crate::cluster::BootId;
use crate::room::message::{List, Listed, ToEdge};
use crate::room::state::RoomState;
use crate::time::Instant;

/// The list that members may be told, and when.
#[derive(Debug, Default)]
pub(super) struct AnnouncedList {
    list: List,
    /// The time at which a change is to be shown, and the last time at which one was.
    due: Option<Instant>,
    shown_at: Option<Instant>,
}

/// The publishers and the broadcasts that play, as the state of a room has them.
pub(super) fn listed(state: &RoomState) -> (Arc<Vec<Listed>>, Arc<Vec<ObjectId>>) {
    let publishers = state.publishers().iter().map(|publisher| Listed {
        session: publisher.session.clone(),
        video: publisher.video,
        audio: publisher.audio,
        name: publisher.name.clone(),
    });
    (Arc::new(publishers.collect()), Arc::new(state.playing().cloned().collect()))
}

impl AnnouncedList {
    /// Begins with the list of a state that edges know already or are told with their attachment.
    pub fn begin(&mut self, term: u64, state: &RoomState) {
        let (publishers, playing) = listed(state);
        self.list = List { version: (term, 0), publishers, playing };
    }

    /// The newest list.
    pub const fn newest(&self) -> &List {
        &self.list
    }

    pub const fn version(&self) -> (u64, u64) {
        self.list.version
    }

    /// Returns when a change is to be shown.
    pub const fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Takes a list as the one behind a version; it is still to be shown.
    pub fn replace(&mut self, (term, version): (u64, u64), publishers: Arc<Vec<Listed>>, playing: Arc<Vec<ObjectId>>) {
        self.list = List { version: (term, version + 1), publishers, playing };
        self.due.get_or_insert(self.shown_at.map_or(Instant(0), |at| at + LIST_CHANGE_INTERVAL));
    }

    /// Counts on above a version of an owner that a failover forgot: members must not take these lists for older ones.
    pub fn count_on_above(&mut self, version: (u64, u64)) {
        if version > self.list.version {
            let (publishers, playing) = (Arc::clone(&self.list.publishers), Arc::clone(&self.list.playing));
            self.replace(version, publishers, playing);
        }
    }

    /// Shows the list to all members, if it has changed and the last change was shown long enough ago.
    pub fn show(&mut self, now: Instant, members: &mut Members, edges: &Edges, out: &mut Vec<OwnerEffect>) {
        if self.due.is_none_or(|due| due > now) {
            return;
        }
        (self.due, self.shown_at) = (None, Some(now));
        let mut stays: BTreeMap<BootId, Vec<(u64, u64)>> = edges.nodes().map(|edge| (edge, Vec::new())).collect();
        // A member whose JOIN is still to be answered gets the list with the answer.
        for member in members.values_mut().filter(|member| member.committed) {
            let sq = member.backlog.push_list();
            let edge = stays.get_mut(&member.edge).filter(|_| member.presence == Presence::Present);
            edge.into_iter().for_each(|edge| edge.push((member.stay, sq)));
        }
        for (edge, stays) in stays {
            edges.send(edge, ToEdge::List(self.list.clone(), stays), out);
        }
    }

    /// Shows the list to the members of one edge, which was shown another.
    pub fn show_at(&self, edge: BootId, members: &mut Members, edges: &Edges, out: &mut Vec<OwnerEffect>) {
        let there = members.values_mut().filter(|member| member.edge == edge && member.committed);
        let stays = there.map(|member| (member.stay, member.backlog.push_list())).collect();
        edges.send(edge, ToEdge::List(self.list.clone(), stays), out);
    }
}
