//! Renewal of a connection's token, and its effect on the members of the connection.

use roomcast_protocol::access::{Action as Grant, Permit};
use roomcast_protocol::ack::RoomClosedReason;
use roomcast_protocol::code::AckCode;

use super::sessions::Sessions;
use super::{EdgeEffect, ToClient};
use crate::cluster::Mutation;
use crate::room::message::{Action, Signal, SignalText, StayRef, ToOwner};
use crate::room::{ConnectionId, Credentials};

impl Sessions<'_> {
    /// Handles a new token for a connection. Members that it does not permit to join leave the room; the grants of the
    /// others are reported to the owner.
    pub fn renew(&mut self, connection: ConnectionId, permit: &Permit, out: &mut Vec<EdgeEffect>) {
        let credentials = Credentials::of(permit, &self.room.id);
        let lost = self.connections.joins.renew(connection, (permit, &self.room.id), &credentials);
        self.connections.refuse_joins(lost, (AckCode::PermissionNotFound, "the new token does not grant this"), out);
        let Some(room_type) = self.room.room_type else { return };
        let joins = permit.allows(Grant::Join(room_type), &self.room.id);
        for stay in self.connections.members.stays_on(connection) {
            let speaks = permit.check_user(&stay.member.user_id, true).is_ok();
            if joins && speaks || self.settings.breaks(Mutation::LeaveByToken) {
                self.renew_stay(&stay, &credentials, out);
                continue;
            }
            // As if it had left.
            out.push(EdgeEffect::Tell(connection, ToClient::RoomClosed(RoomClosedReason::Denied)));
            let leave = Signal { action: Action::Leave, to: None, text: SignalText::default() };
            match stay.is_of_viewer() {
                true => self.let_viewer_go(&stay, out),
                false => self.keep_and_send(&stay, leave, out),
            }
        }
    }

    /// Stores the credentials of a member's new token.
    pub fn renew_stay(&mut self, stay: &StayRef, credentials: &Credentials, out: &mut Vec<EdgeEffect>) {
        let Some(member) = self.connections.members.get_mut(stay) else { return };
        if let Some(viewer) = &mut member.viewer {
            return viewer.renew(credentials);
        }
        member.renewed = Some(Box::new(credentials.clone()));
        self.link.send(ToOwner::Renewed(stay.clone(), Box::new(credentials.clone())), out);
    }
}
