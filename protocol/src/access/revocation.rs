//! Revocations: tokens that are refused before their end. Pure; times are in seconds since 1970.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::pattern::RoomPattern;
use super::permit::Permit;
use crate::id::{RoomId, UserId};

/// The tokens that a revocation names: those that fit all of its members, and were issued until now.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Revoke {
    /// The subject.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::strict::given")]
    #[schemars(with = "UserId")]
    pub sub: Option<UserId>,
    /// The identifier of one token.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::strict::given")]
    #[schemars(with = "String", length(min = 1, max = super::MAX_META))]
    pub jti: Option<String>,
    /// The room, or the beginning of names with `*` behind it: tokens go on to hold in others. Absent: everywhere.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::strict::given")]
    #[schemars(schema_with = "super::pattern::schema")]
    pub room: Option<RoomPattern>,
}

/// A revocation, as nodes keep and tell it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Revocation {
    /// The tokens.
    #[serde(flatten)]
    pub revoke: Revoke,
    /// The time up to which a token was issued that it refuses.
    pub at: u64,
    /// The time when every such token has ended by itself.
    pub until: u64,
}

impl Revoke {
    /// Whether it names no token in particular.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.sub.is_none() && self.jti.is_none() && self.room.is_none()
    }

    fn names(&self, permit: &Permit, room: Option<&RoomId>) -> bool {
        let in_room = |pattern: &RoomPattern| room.is_some_and(|room| pattern.matches(room));
        self.sub.as_ref().is_none_or(|sub| *sub == permit.subject)
            && self.jti.as_ref().is_none_or(|jti| permit.id.as_ref() == Some(jti))
            && self.room.as_ref().is_none_or(in_room)
    }
}

impl Revocation {
    /// Whether it refuses a token: in a room, or everywhere where none is given.
    #[must_use]
    pub fn refuses(&self, permit: &Permit, room: Option<&RoomId>) -> bool {
        permit.issued <= self.at && self.revoke.names(permit, room)
    }
}

/// The place of a revocation: those of one subject or one token are found without a look at all others.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Place {
    Subject(UserId),
    Token(String),
    Rooms,
}

impl Place {
    fn of(revoke: &Revoke) -> Self {
        match (&revoke.sub, &revoke.jti) {
            (Some(sub), _) => Self::Subject(sub.clone()),
            (None, Some(jti)) => Self::Token(jti.clone()),
            (None, None) => Self::Rooms,
        }
    }
}

/// The table is full: there are as many revocations as may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the server holds as many revocations as it may; they end with the tokens that they refuse")]
pub struct TooMany;

/// The revocations that are in force.
#[derive(Debug, Clone, Default)]
pub struct Revocations {
    /// One entry for the same tokens: the latest.
    places: HashMap<Place, HashMap<Revoke, (u64, u64)>>,
    count: usize,
}

impl Revocations {
    /// The number of revocations.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// All, in no order.
    pub fn iter(&self) -> impl Iterator<Item = Revocation> + '_ {
        let all = self.places.values().flatten();
        all.map(|(revoke, (at, until))| Revocation { revoke: revoke.clone(), at: *at, until: *until })
    }

    /// Takes a revocation; returns whether it says anything new. A later one of the same tokens takes the place of an
    /// earlier one, in whatever order they come.
    ///
    /// # Errors
    /// When there are `most` already, none of which has ended.
    pub fn insert(&mut self, now: u64, most: usize, new: Revocation) -> Result<bool, TooMany> {
        if new.until <= now {
            return Ok(false);
        }
        let place = Place::of(&new.revoke);
        if let Some((at, until)) = self.places.get_mut(&place).and_then(|place| place.get_mut(&new.revoke)) {
            let is_news = new.at > *at || new.until > *until;
            (*at, *until) = ((*at).max(new.at), (*until).max(new.until));
            return Ok(is_news);
        }
        if self.count >= most {
            self.clean(now);
        }
        if self.count >= most {
            return Err(TooMany);
        }
        self.places.entry(place).or_default().insert(new.revoke, (new.at, new.until));
        self.count += 1;
        Ok(true)
    }

    /// Forgets those whose tokens have all ended.
    pub fn clean(&mut self, now: u64) {
        for place in self.places.values_mut() {
            place.retain(|_, (_, until)| now < *until);
        }
        self.places.retain(|_, place| !place.is_empty());
        self.count = self.places.values().map(HashMap::len).sum();
    }

    /// Whether a token is refused: in a room, or everywhere where none is given.
    #[must_use]
    pub fn refuse(&self, now: u64, permit: &Permit, room: Option<&RoomId>) -> bool {
        if self.is_empty() {
            return false;
        }
        let token = permit.id.as_ref().map(|id| Place::Token(id.clone()));
        let places = [Some(Place::Subject(permit.subject.clone())), token, Some(Place::Rooms)];
        let found = places.into_iter().flatten().filter_map(|place| self.places.get(&place)).flatten();
        let mut live = found.filter(|(_, (_, until))| now < *until);
        live.any(|(revoke, (at, _))| permit.issued <= *at && revoke.names(permit, room))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn permit(subject: &str, id: Option<&str>, issued: u64) -> Permit {
        let subject = UserId::parse(subject).unwrap();
        Permit { subject, name: None, expires: issued + 100, issued, id: id.map(str::to_owned), grant: None }
    }

    fn revokes() -> impl Strategy<Value = Revoke> {
        let sub = prop::option::of("[ab]").prop_map(|sub| sub.map(|sub| UserId::parse(&sub).unwrap()));
        let room = prop::option::of("[xy]\\*?").prop_map(|room| room.map(|room| room.parse().unwrap()));
        (sub, prop::option::of("[12]"), room).prop_map(|(sub, jti, room)| Revoke { sub, jti, room })
    }

    fn revocations() -> impl Strategy<Value = Revocation> {
        (revokes(), 0_u64..20, 0_u64..30).prop_map(|(revoke, at, life)| Revocation { revoke, at, until: at + life })
    }

    proptest! {
        /// The table says what a list of all that came would say, whatever the order.
        #[test]
        fn a_token_is_refused_while_any_revocation_refuses_it(
            all in prop::collection::vec(revocations(), 0..12),
            (subject, id, issued) in ("[abc]", prop::option::of("[123]"), 0_u64..20),
            room in prop::option::of("[xyz]"),
        ) {
            let (permit, room) = (permit(&subject, id.as_deref(), issued), room.map(|room| RoomId::parse(&room).unwrap()));
            let mut table = Revocations::default();
            for one in &all {
                table.insert(0, 100, one.clone()).unwrap();
            }
            let mut backwards = Revocations::default();
            for one in all.iter().rev() {
                backwards.insert(0, 100, one.clone()).unwrap();
            }
            for now in [0, 5, 15, 25, 50] {
                // The latest of the same tokens counts for as long as any of them.
                let last = |revoke: &Revoke| all.iter().filter(|one| one.revoke == *revoke).map(|one| one.until).max().unwrap();
                let listed = all.iter().any(|one| one.refuses(&permit, room.as_ref()) && now < last(&one.revoke) && one.until > 0);
                prop_assert_eq!(table.refuse(now, &permit, room.as_ref()), listed);
                prop_assert_eq!(backwards.refuse(now, &permit, room.as_ref()), listed);
            }
            let mut again = Revocations::default();
            for one in table.iter() {
                again.insert(0, 100, one).unwrap();
            }
            prop_assert_eq!(again.len(), table.len());
            prop_assert_eq!(again.refuse(5, &permit, room.as_ref()), table.refuse(5, &permit, room.as_ref()));
        }

        #[test]
        fn there_are_never_more_than_may_be(all in prop::collection::vec(revocations(), 0..30)) {
            let mut table = Revocations::default();
            for (now, one) in all.into_iter().enumerate() {
                let refused = table.insert(now as u64, 3, one).is_err();
                prop_assert!(table.len() <= 3 && (!refused || table.iter().all(|one| one.until > now as u64)));
            }
            table.clean(1000);
            prop_assert!(table.is_empty());
        }

        #[test]
        fn a_revocation_survives_its_text(one in revocations()) {
            let text = serde_json::to_string(&one).unwrap();
            prop_assert_eq!(serde_json::from_str::<Revocation>(&text).unwrap(), one);
        }
    }

    #[test]
    fn what_was_issued_later_holds() {
        let revoke = Revoke { sub: Some(UserId::parse("ann").unwrap()), jti: None, room: None };
        let revocation = Revocation { revoke, at: 10, until: 100 };
        assert!(
            revocation.refuses(&permit("ann", None, 10), None) && !revocation.refuses(&permit("ann", None, 11), None)
        );
        assert!(!revocation.refuses(&permit("bob", None, 10), None));
    }
}
