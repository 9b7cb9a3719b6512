//! Answers to messages for rooms that do not exist on this node.

use roomcast_core::room::message::{Body, ToEdge, ToOwner};

/// Returns the answer to a message for an owner or an edge that does not exist here; `None` if no answer is needed.
#[must_use]
pub const fn answer_for_missing(body: &Body) -> Option<Body> {
    match body {
        Body::ToOwner(ToOwner::Detach) | Body::ToEdge(ToEdge::NotOwner | ToEdge::Closed(_)) => None,
        Body::ToOwner(_) => Some(Body::ToEdge(ToEdge::NotOwner)),
        Body::ToEdge(_) => Some(Body::ToOwner(ToOwner::Detach)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use roomcast_protocol::ack::RoomClosedReason;

    #[test]
    fn what_ends_an_attachment_is_not_answered() {
        for body in [
            Body::ToOwner(ToOwner::Detach),
            Body::ToEdge(ToEdge::NotOwner),
            Body::ToEdge(ToEdge::Closed(RoomClosedReason::Empty)),
        ] {
            assert_eq!(answer_for_missing(&body), None);
        }
        let attach = Body::ToOwner(ToOwner::Attach(Box::default()));
        assert_eq!(answer_for_missing(&attach), Some(Body::ToEdge(ToEdge::NotOwner)));
        assert_eq!(answer_for_missing(&Body::ToEdge(ToEdge::Again)), Some(Body::ToOwner(ToOwner::Detach)));
    }
}
