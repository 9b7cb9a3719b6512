//! The next step of a node after the directory's answer about a room that it neither owns nor is attached to.

use super::directory::{Looked, RETRY_DELAY};
use super::lease::Lease;
use super::{BootId, Ownership};
use crate::time::Instant;

/// The reason why a room is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interest {
    /// Whether a waiting JOIN may create the room.
    pub creates: bool,
    /// Whether the edge has members of the room.
    pub has_members: bool,
    /// Whether this node may claim the room, because it has members or waiting JOINs. Players and uploads only wait for
    /// an owner.
    pub takes: bool,
}

/// The next step of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextStep {
    /// Ask again later.
    Wait(std::time::Duration),
    /// Claim the room, expecting this entry.
    Claim(Option<Ownership>),
    /// Attach to its owner.
    Attach(BootId),
    /// Close the room for its members, and refuse waiting JOINs, because it does not exist.
    Missing,
}

/// Decides the next step. A room is claimed only with a fresh lease, and only if no living node owns it.
#[must_use]
pub fn next_step(now: Instant, lease: &Lease, looked: &Looked, interest: Interest) -> NextStep {
    let claim = |standing| {
        if lease.is_fresh(now) { NextStep::Claim(standing) } else { NextStep::Wait(RETRY_DELAY) }
    };
    match looked {
        Looked::Wait(time) => NextStep::Wait(*time),
        // Members of a room that a failover forgot while its owner died have no room any more, even where
        // somebody may create it anew.
        Looked::Nothing if interest.has_members || !interest.creates => NextStep::Missing,
        Looked::Nothing => claim(None),
        Looked::Stands(standing) => match standing.owner {
            Some(owner) if owner != lease.boot() && !lease.is_dead(owner) => NextStep::Attach(owner),
            // This node lost the room, or never heard that its claim won.
            Some(owner) if owner == lease.boot() => claim(Some(*standing)),
            // Nobody, or a dead node.
            _ if interest.takes => claim(Some(*standing)),
            _ => NextStep::Wait(RETRY_DELAY),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::directory::LeaseAnswer;
    use crate::cluster::{ClusterSettings, Life};
    use std::collections::{BTreeMap, BTreeSet};
    use std::time::Duration;

    fn lease() -> Lease {
        let mut lease = Lease::new(ClusterSettings::default(), BootId(1), Instant(0));
        let dead = BTreeMap::from([(BootId(9), Duration::from_secs(6))]);
        lease.on_answer(
            Instant(0),
            Instant(1),
            &LeaseAnswer { alive: BTreeSet::from([BootId(1), BootId(2)]), dead, version: 1, time: Instant(0) },
        );
        lease
    }

    fn owned_by(owner: Option<u64>) -> Ownership {
        Ownership { life: Life { created: 1, random: 2 }, term: 5, owner: owner.map(BootId) }
    }

    const CREATES: Interest = Interest { creates: true, has_members: false, takes: true };

    fn step(looked: &Looked, interest: Interest) -> NextStep {
        next_step(Instant(2), &lease(), looked, interest)
    }

    #[test]
    fn an_owner_that_lives_is_attached_to_and_all_others_are_replaced() {
        let stands = |owner| Looked::Stands(owned_by(owner));
        assert_eq!(step(&stands(Some(2)), CREATES), NextStep::Attach(BootId(2)));
        assert_eq!(step(&stands(Some(7)), CREATES), NextStep::Attach(BootId(7)), "only the lease table declares dead");
        for owner in [Some(9), Some(1), None] {
            assert_eq!(step(&stands(owner), CREATES), NextStep::Claim(Some(owned_by(owner))));
        }
    }

    #[test]
    fn an_unknown_room_is_created_by_a_creator_without_members_there() {
        assert_eq!(step(&Looked::Nothing, CREATES), NextStep::Claim(None));
        assert_eq!(
            step(&Looked::Nothing, Interest { creates: false, has_members: false, takes: false }),
            NextStep::Missing
        );
        assert_eq!(
            step(&Looked::Nothing, Interest { creates: true, has_members: true, takes: true }),
            NextStep::Missing
        );
    }

    #[test]
    fn who_only_watches_waits_for_another_owner() {
        let watches = Interest { creates: false, has_members: false, takes: false };
        for owner in [Some(9), None] {
            assert!(matches!(step(&Looked::Stands(owned_by(owner)), watches), NextStep::Wait(_)));
        }
        let own = Looked::Stands(owned_by(Some(1)));
        assert_eq!(step(&own, watches), NextStep::Claim(Some(owned_by(Some(1)))));
    }

    #[test]
    fn an_expired_lease_claims_nothing() {
        let late = next_step(Instant(5000), &lease(), &Looked::Nothing, CREATES);
        assert!(matches!(late, NextStep::Wait(_)));
    }
}
