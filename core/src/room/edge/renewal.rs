//! Another token of a connection, and what it means for the members that it has here.

use roomcast_protocol::access::{Action as Grant, Permit};
use roomcast_protocol::ack::RoomClosedReason;
use roomcast_protocol::code::AckCode;

use super::{Edge, EdgeEffect, ToClient};
use crate::cluster::Mutation;
use crate::room::Credentials;
use crate::room::message::{Action, JoinId, Signal, SignalText, StayRef, ToOwner};
use crate::room::{ConnectionId, Refusal};

impl Edge {
    /// Takes another token of a connection: its members leave where it does not let them join, and the owner is told of
    /// the others' grants.
    pub fn renew(&mut self, connection: ConnectionId, permit: &Permit, out: &mut Vec<EdgeEffect>) {
        let credentials = Credentials::of(permit, &self.room);
        self.renew_joins(connection, permit, &credentials, out);
        let Some(room_type) = self.room_type else { return };
        let joins = permit.allows(Grant::Join(room_type), &self.room);
        for stay in self.members.stays_on(connection) {
            let speaks = permit.check_user(&stay.member.user_id, true).is_ok();
            match joins && speaks || self.settings.breaks(Mutation::LeaveByToken) {
                true => self.renew_stay(&stay, &credentials, out),
                false => self.put_out(&stay, connection, out),
            }
        }
    }

    /// The JOINs that wait for an answer: one that went to the owner already is followed by the news once it is answered.
    fn renew_joins(
        &mut self,
        connection: ConnectionId,
        permit: &Permit,
        credentials: &Credentials,
        out: &mut Vec<EdgeEffect>,
    ) {
        let mut lost: Vec<JoinId> = Vec::new();
        for (id, join) in self.joins.iter_mut().filter(|(_, join)| join.connection == connection) {
            let (room_type, creating) = (join.request.room_type, join.request.creating);
            let grant = if creating { Grant::Create(room_type) } else { Grant::Join(room_type) };
            let speaks = permit.check_user(&join.request.session.user_id, true).is_ok();
            if !permit.allows(grant, &self.room) || !speaks {
                lost.push(*id);
            }
            (join.request.credentials, join.renewed) = (Some(Box::new(credentials.clone())), true);
        }
        let reason = "the new token does not grant this";
        for id in lost {
            self.refuse_join(id, Refusal { code: AckCode::PermissionNotFound, reason: reason.to_owned() }, out);
        }
    }

    /// Takes the credentials of a member's new token.
    pub(super) fn renew_stay(&mut self, stay: &StayRef, credentials: &Credentials, out: &mut Vec<EdgeEffect>) {
        let Some(member) = self.members.get_mut(stay) else { return };
        if let Some(viewer) = &mut member.viewer {
            return viewer.renew(credentials);
        }
        member.renewed = Some(Box::new(credentials.clone()));
        self.send(ToOwner::Renewed(stay.clone(), Box::new(credentials.clone())), out);
    }

    /// Takes a member out of the room that its token no longer grants, as if it had left.
    fn put_out(&mut self, stay: &StayRef, connection: ConnectionId, out: &mut Vec<EdgeEffect>) {
        out.push(EdgeEffect::Tell(connection, ToClient::RoomClosed(RoomClosedReason::Denied)));
        let leave = Signal { action: Action::Leave, to: None, text: SignalText::default() };
        match stay.is_of_viewer() {
            true => self.take_signal_of_viewer(stay, None, leave, out),
            false => self.keep_and_send(stay, leave, out),
        }
    }
}
