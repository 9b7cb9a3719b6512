//! The permit of a token: its subject, its end, and what it grants.

use super::grant::Grant;
use super::pattern::RoomPattern;
use super::refused::NotGranted;
use crate::id::{RoomId, UserId};
use crate::signal::RoomType;

/// An action that needs a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Joining a room of this type.
    Join(RoomType),
    /// Creating a room of this type.
    Create(RoomType),
    /// Publishing: an encoder's push, a request to publish.
    Publish,
    /// Reading playlists and media.
    Play,
    /// Moderating.
    Moderate,
    /// Administering.
    Admin,
}

/// A verified token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permit {
    /// The subject.
    pub subject: UserId,
    /// The name to be shown to others.
    pub name: Option<String>,
    /// The end in seconds since 1970.
    pub expires: u64,
    /// The time of issue in seconds since 1970.
    pub issued: u64,
    /// The identifier of the token.
    pub id: Option<String>,
    /// The grants; none where the token has no grant object.
    pub grant: Option<Grant>,
}

impl Permit {
    /// Whether an action is granted in a room.
    #[must_use]
    pub fn allows(&self, action: Action, room: &RoomId) -> bool {
        self.check(action, room).is_ok()
    }

    /// Checks whether an action is granted in a room.
    ///
    /// # Errors
    /// A sentence that says what the token would need.
    pub fn check(&self, action: Action, room: &RoomId) -> Result<(), NotGranted> {
        let Some(grant) = &self.grant else {
            return Err(NotGranted("the token grants nothing: it has no grant object".to_owned()));
        };
        if grant.id.as_ref().is_some_and(|names| !names.matches(room)) {
            return Err(NotGranted("the token is for other rooms".to_owned()));
        }
        let lacks = lacking(grant, action);
        lacks.map_or(Ok(()), |needs| Err(NotGranted(format!("the token does not grant {needs} in this room"))))
    }

    /// Whether the token is for every room and grants `admin`, as `/metrics` wants it.
    #[must_use]
    pub fn administers_all(&self) -> bool {
        self.grant.as_ref().is_some_and(|grant| grant.admin && grant.id.is_none())
    }

    /// Whether the token grants `admin` for all rooms that a pattern names.
    #[must_use]
    pub fn administers(&self, rooms: &RoomPattern) -> bool {
        let names = |grant: &Grant| grant.id.as_ref().is_none_or(|id| id.cover(rooms));
        self.grant.as_ref().is_some_and(|grant| grant.admin && names(grant))
    }

    /// Checks whether the bearer may speak for a user.
    ///
    /// # Errors
    /// A sentence that says what the token would need.
    pub fn check_user(&self, user: &UserId, faking: bool) -> Result<(), NotGranted> {
        if self.subject == *user {
            return Ok(());
        }
        match (faking, self.grant.as_ref().is_some_and(|grant| grant.fake)) {
            (true, true) => Ok(()),
            (false, true) => {
                Err(NotGranted("`userId` is not the subject of the token; that needs `op.userFaking`".to_owned()))
            }
            (_, false) => {
                Err(NotGranted("`userId` is not the subject of the token, and it grants no `fake`".to_owned()))
            }
        }
    }
}

/// The grant that an action lacks.
fn lacking(grant: &Grant, action: Action) -> Option<&'static str> {
    let plays = grant.play.unwrap_or(grant.join);
    let granted = match action {
        Action::Create(room_type) if !grant.create.contain(room_type) => false,
        Action::Create(RoomType::P2p) => return (!grant.join).then_some("`join`"),
        Action::Create(_) => return (!grant.publish).then_some("`publish`"),
        // A streamer that comes back joins a broadcast that exists.
        Action::Join(RoomType::P2m) => plays || grant.publish,
        Action::Join(_) => grant.join,
        Action::Publish => grant.publish,
        Action::Play => plays,
        Action::Moderate => grant.moderate,
        Action::Admin => grant.admin,
    };
    (!granted).then_some(match action {
        Action::Create(_) => "`create` for this type of room",
        Action::Join(RoomType::P2m) | Action::Play => "`play`",
        Action::Join(_) => "`join`",
        Action::Publish => "`publish`",
        Action::Moderate => "`moderate`",
        Action::Admin => "`admin`",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::grant::{RoomNames, RoomTypes};
    use proptest::prelude::*;

    const TYPES: [RoomType; 4] = [RoomType::P2p, RoomType::M2m, RoomType::A2m, RoomType::P2m];

    fn permit(grant: Option<Grant>) -> Permit {
        let subject = UserId::parse("ann").unwrap();
        Permit { subject, name: None, expires: 2, issued: 1, id: None, grant }
    }

    fn actions() -> impl Iterator<Item = Action> {
        let typed = TYPES.into_iter().flat_map(|one| [Action::Join(one), Action::Create(one)]);
        typed.chain([Action::Publish, Action::Play, Action::Moderate, Action::Admin])
    }

    prop_compose! {
        fn grants()(
            named in prop_oneof![Just(None), Just(Some("demo")), Just(Some("demo-*")), Just(Some("*"))],
            (join, publish, moderate, admin, fake) in any::<(bool, bool, bool, bool, bool)>(),
            play in any::<Option<bool>>(),
            create in prop_oneof![
                any::<bool>().prop_map(RoomTypes::All),
                prop::sample::subsequence(TYPES.to_vec(), 0..=4).prop_map(RoomTypes::Some),
            ],
        ) -> Grant {
            let id = named.map(|name| RoomNames::One(name.parse().unwrap()));
            Grant { id, join, create, publish, play, moderate, admin, fake }
        }
    }

    #[test]
    fn nothing_is_granted_without_a_grant_object_or_by_an_empty_one() {
        let room = RoomId::parse("demo").unwrap();
        for permit in [permit(None), permit(Some(Grant::default()))] {
            assert!(actions().all(|action| !permit.allows(action, &room)));
            assert!(!permit.administers_all());
        }
    }

    #[test]
    fn creating_implies_nothing() {
        let room = RoomId::parse("demo").unwrap();
        let create = Grant { create: RoomTypes::All(true), ..Grant::default() };
        let with = |join, publish| permit(Some(Grant { join, publish, ..create.clone() }));
        let may = |permit: &Permit, one| permit.allows(Action::Create(one), &room);
        assert_eq!(TYPES.map(|one| may(&with(false, false), one)), [false, false, false, false]);
        assert_eq!(TYPES.map(|one| may(&with(true, false), one)), [true, false, false, false]);
        assert_eq!(TYPES.map(|one| may(&with(false, true), one)), [false, true, true, true]);
        let calls = RoomTypes::Some(vec![RoomType::P2p]);
        let limited = permit(Some(Grant { join: true, publish: true, create: calls, ..Grant::default() }));
        assert_eq!(TYPES.map(|one| may(&limited, one)), [true, false, false, false]);
    }

    #[test]
    fn another_user_needs_fake_and_the_option() {
        let (ann, bob) = (UserId::parse("ann").unwrap(), UserId::parse("bob").unwrap());
        let faker = permit(Some(Grant { fake: true, ..Grant::default() }));
        assert!(permit(None).check_user(&ann, false).is_ok());
        assert!(permit(None).check_user(&bob, true).is_err());
        assert!(faker.check_user(&bob, false).is_err());
        assert!(faker.check_user(&bob, true).is_ok());
    }

    proptest! {
        /// Told a second time, as a table over the members of the grant object.
        #[test]
        fn grants_hold_as_the_table_says(grant in grants(), room in "demo(-[a-z]{1,3})?|other") {
            let room_id = RoomId::parse(&room).unwrap();
            let here = match &grant.id {
                None => true,
                Some(RoomNames::One(one)) => match one.to_string().as_str() {
                    "demo" => room == "demo",
                    "demo-*" => room.starts_with("demo-"),
                    _ => true,
                },
                Some(RoomNames::Several(_)) => unreachable!("none is made here"),
            };
            let play = grant.play == Some(true) || (grant.play.is_none() && grant.join);
            let creates = |one| match &grant.create {
                RoomTypes::All(all) => *all,
                RoomTypes::Some(types) => types.contains(&one),
            };
            for action in actions() {
                let expected = here && match action {
                    Action::Join(RoomType::P2m) => play || grant.publish,
                    Action::Join(_) => grant.join,
                    Action::Create(RoomType::P2p) => creates(RoomType::P2p) && grant.join,
                    Action::Create(one) => creates(one) && grant.publish,
                    Action::Publish => grant.publish,
                    Action::Play => play,
                    Action::Moderate => grant.moderate,
                    Action::Admin => grant.admin,
                };
                prop_assert_eq!(permit(Some(grant.clone())).allows(action, &room_id), expected, "{:?}", action);
            }
        }

        #[test]
        fn fewer_grants_never_allow_more(grant in grants(), room in "demo(-[a-z]{1,3})?") {
            let room = RoomId::parse(&room).unwrap();
            let less = Grant { publish: false, moderate: false, create: RoomTypes::default(), ..grant.clone() };
            for action in actions().filter(|action| permit(Some(less.clone())).allows(*action, &room)) {
                prop_assert!(permit(Some(grant.clone())).allows(action, &room));
            }
        }

        #[test]
        fn a_grant_survives_its_json(grant in grants()) {
            let text = serde_json::to_string(&grant).unwrap();
            let again: Grant = serde_json::from_str(&text).unwrap();
            let room = RoomId::parse("demo-x").unwrap();
            for action in actions() {
                prop_assert_eq!(permit(Some(again.clone())).allows(action, &room), permit(Some(grant.clone())).allows(action, &room));
            }
        }
    }
}
