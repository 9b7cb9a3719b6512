//! Publication of changes that the journal has acknowledged.

use std::time::Duration;

use super::OwnerEffect;
use super::edges::Edges;
use super::journal::OnCommit;
use super::list::AnnouncedList;
use super::members::Members;
use super::streams::OwnedStreams;
use crate::room::message::{Joined, List, StayRef, ToEdge};

/// Sends the messages of journaled changes, in order.
pub(super) fn show(
    shown: impl IntoIterator<Item = OnCommit>,
    (members, edges): (&mut Members, &Edges),
    (list, streams): (&mut AnnouncedList, &OwnedStreams),
    kick_duration: Duration,
    out: &mut Vec<OwnerEffect>,
) {
    for shown in shown {
        match shown {
            OnCommit::Joined { stay, resumed, from } => {
                show_joined((members, edges), &stay, (resumed, from), list.newest(), out);
            }
            OnCommit::StayEnd(edge, stay, stay_end) => edges.send(edge, ToEdge::EndStay(stay, stay_end), out),
            OnCommit::Superseded(edge, id) => edges.send(edge, ToEdge::JoinSuperseded(id), out),
            OnCommit::List(publishers, playing) => list.replace(list.version(), publishers, playing),
            OnCommit::Stream { changes, update } => streams.show(changes, update, edges, out),
            OnCommit::Uploaded(edge, id) => edges.send(edge, ToEdge::Uploaded(id, Ok(())), out),
            OnCommit::Kicked(to, text) => {
                for edge in edges.nodes() {
                    edges.send(edge, ToEdge::Kicked(to.clone(), kick_duration, text.clone()), out);
                }
            }
            OnCommit::Revoked(revocation) => out.push(OwnerEffect::Revoke(revocation)),
            OnCommit::Released(held) => members.release(&held),
        }
    }
}

/// Answers a JOIN and sends the messages that the member may have missed.
fn show_joined(
    (members, edges): (&mut Members, &Edges),
    stay: &StayRef,
    (resumed, from): (bool, Option<u64>),
    list: &List,
    out: &mut Vec<OwnerEffect>,
) {
    let Some(member) = members.of_stay(stay) else { return };
    let from = from.unwrap_or_else(|| member.backlog.had());
    member.committed = true;
    let (id, sequence, confirmed) = (member.join, from, member.confirmed());
    member.told = confirmed;
    let edge = member.edge;
    let last = if resumed { member.backlog.last() } else { sequence };
    let joined = Joined { id, stay: stay.clone(), resumed, sequence, last, confirmed, list: list.clone() };
    edges.send(edge, ToEdge::Joined(Box::new(joined)), out);
    members.replay(&stay.member, from, (list, edges), out);
}
